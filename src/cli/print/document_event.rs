//! What happened to a document beside new revisions, in words and as JSON.

use serde::Serialize;

use crate::{
    archive::corrections::RevisionWords,
    types::document::{Document, DocumentEntry},
};

use super::{json::name_b64, terminal::shown_name};

/// Something that happened to a document.
#[derive(Serialize)]
pub struct DocumentEventLine {
    event: u64,
    change: String,
    id: String,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    at: String,
    captured: Option<String>,
    mtime: Option<String>,
    from: Option<String>,
    from_b64: Option<String>,
    to: Option<String>,
    to_b64: Option<String>,
    source: Option<String>,
    note: Option<String>,
    tags: Vec<String>,
    by: Option<String>,
    before: Option<WordsBeforeLine>,
}

/// What was written before.
#[derive(Serialize)]
struct WordsBeforeLine {
    source: Option<String>,
    captured: Option<String>,
    note: Option<String>,
}

impl DocumentEventLine {
    /// An event of a document; of `describe` with what was written before.
    pub fn of(document: &Document, entry: &DocumentEntry, before: Option<&RevisionWords>) -> Self {
        let names = entry.names.as_ref();
        let (from, to) = (names.map(|it| &it.0), names.map(|it| &it.1));
        let tags = entry.tags.iter().flat_map(|tags| tags.split(' '));
        Self {
            event: entry.event,
            change: entry.change.clone(),
            id: document.id.to_string(),
            name: document.name.text().into_owned(),
            name_b64: name_b64(&document.name),
            revision: entry.number,
            at: entry.at.to_string(),
            captured: entry.captured.map(|time| time.to_string()),
            mtime: entry.mtime.map(|time| time.to_string()),
            from: from.map(|name| name.text().into_owned()),
            from_b64: from.and_then(name_b64),
            to: to.map(|name| name.text().into_owned()),
            to_b64: to.and_then(name_b64),
            source: entry.source.clone(),
            note: entry.note.clone(),
            tags: tags.map(str::to_owned).collect(),
            by: entry.author.clone(),
            before: before.map(|words| WordsBeforeLine {
                source: words.source.clone(),
                captured: words.captured.map(|time| time.to_string()),
                note: words.note.clone(),
            }),
        }
    }
}

/// The event in a few words.
pub fn document_event_words(entry: &DocumentEntry, before: Option<&RevisionWords>) -> String {
    let shown = |text: &str| shown_name(text.as_bytes());
    let mut words = match (&entry.change[..], &entry.names) {
        ("rename", Some((from, to))) => {
            format!("renamed: {} → {}", shown_name(from.as_bytes()), shown_name(to.as_bytes()))
        }
        ("rename", None) => "renamed".to_owned(),
        ("seen", _) => "seen again".to_owned(),
        ("describe", _) => "described".to_owned(),
        (change, _) => shown(change),
    };
    let change = |old: Option<&String>, new: &String| {
        let none = || "none".to_owned();
        let new = if new.is_empty() { none() } else { shown(new) };
        match before.is_some() {
            true => format!("{} → {new}", old.map_or_else(none, |old| shown(old))),
            false => new,
        }
    };
    if let Some(source) = &entry.source {
        let old = before.and_then(|words| words.source.as_ref());
        words.push_str(&format!(", source {}", change(old, source)));
    }
    if let (Some(captured), Some(before)) = (entry.captured, before) {
        let old = before.captured.map_or_else(|| "none".to_owned(), |time| time.to_string());
        words.push_str(&format!(", captured {old} → {captured}"));
    }
    if let Some(note) = &entry.note {
        let old = before.and_then(|words| words.note.as_ref());
        words.push_str(&format!(", note {}", change(old, note)));
    }
    if let Some(tags) = &entry.tags {
        words.push_str(&format!(", tags {}", shown(tags)));
    }
    words
}
