//! Corrections: what was written about a revision before a `describe` event said otherwise.

use std::collections::BTreeMap;

use crate::{
    journal::event::Detail,
    types::{
        document::{Document, DocumentEntry},
        error::Error,
        time::Timestamp,
    },
};

use super::Archive;

/// What was written about a revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevisionWords {
    /// Where it came from.
    pub source: Option<String>,
    /// When it was captured.
    pub captured: Option<Timestamp>,
    /// A note.
    pub note: Option<String>,
}

impl Archive {
    /// What was written about the revisions of a document before each `describe` event of it, by the events.
    pub fn words_before(
        &self,
        document: &Document,
        entries: &[DocumentEntry],
    ) -> Result<BTreeMap<u64, RevisionWords>, Error> {
        let mut current: BTreeMap<u64, RevisionWords> = BTreeMap::new();
        let mut before = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.change == "describe") {
            let known = current.remove(&entry.number).map(Ok);
            let words = known.unwrap_or_else(|| self.first_words(document, entry.number))?;
            before.insert(entry.event, words.clone());
            let of = |new: &Option<String>, old: Option<String>| match new {
                Some(new) => Some(new.clone()).filter(|new| !new.is_empty()),
                None => old,
            };
            let source = of(&entry.source, words.source);
            let note = of(&entry.note, words.note);
            let captured = entry.captured.or(words.captured);
            current.insert(entry.number, RevisionWords { source, captured, note });
        }
        Ok(before)
    }

    /// What was written about a revision when it was added; nothing where that was taken away.
    pub(super) fn first_words(
        &self,
        document: &Document,
        number: u64,
    ) -> Result<RevisionWords, Error> {
        let Some(revision) = self.catalog.revision(document.id, number)? else {
            return Ok(RevisionWords::default());
        };
        let range = revision.event..revision.event + 1;
        let entry = self.journal.entries(range).next().transpose()?;
        Ok(match entry.and_then(|entry| Some((entry.event.at(), entry.detail?))) {
            Some((at, Detail::Revise(detail))) => RevisionWords {
                source: detail.source,
                captured: detail.captured.or(Some(at)),
                note: detail.note,
            },
            _ => RevisionWords::default(),
        })
    }
}
