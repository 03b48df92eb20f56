//! What adding prints: lines of JSON, and the last sentence.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde::Serialize;

use crate::{
    archive::{
        extract::ExtractionStatus,
        ingest::{NewRevision, Outcome},
        similar::{Similarity, neighbours::NearDocument, new_texts::NewDuplicate},
    },
    types::{
        document::{Document, Revision},
        name::DocName,
        time::Timestamp,
    },
};

use super::{
    json::{SimilarityLine, WithdrawnLine, b64_unless_utf8, name_b64},
    output::Output,
    revision::{gone_mark, withdrawn_mark},
    similarity::shares,
    terminal::{count, counted, shown_name, size},
};

/// Near-duplicates are named one by one up to this many, and counted beyond.
const RESEMBLING_SHOWN_MAX: u64 = 20;
/// So many lines name documents that have the same bytes as earlier ones.
const DUPLICATES_SHOWN_MAX: u64 = 10;

/// What people were told, line by line.
#[derive(Debug, Default)]
pub struct ToldInLines {
    /// Lines about near-duplicates, those beyond what is shown included.
    n_near: u64,
    n_duplicate_lines: u64,
    /// The new documents that these are about.
    n_duplicates: u64,
    /// All that have the bytes of earlier ones; whether a line begins with them.
    duplicates: HashMap<DocName, bool>,
}

impl ToldInLines {
    /// A line about new documents of the same bytes, if there is to be one; the first stands for all.
    pub fn same_bytes(&mut self, out: &Output, duplicates: &[NewDuplicate]) -> Option<String> {
        let is_shown = self.n_duplicate_lines < DUPLICATES_SHOWN_MAX;
        for (index, duplicate) in duplicates.iter().enumerate() {
            self.duplicates.insert(duplicate.name.clone(), is_shown && index == 0);
        }
        if !is_shown {
            return None;
        }
        self.n_duplicate_lines += 1;
        self.n_duplicates += duplicates.len() as u64;
        same_bytes(out, duplicates)
    }

    /// Lines about what a new text is near to; of a duplicate only how many, as its bytes are no news.
    pub fn near(
        &mut self,
        out: &Output,
        name: &DocName,
        (near, n_more): (&[NearDocument], u64),
    ) -> Vec<String> {
        let shown = shown_name(name.as_bytes());
        let and_more = |n: u64| {
            let others = counted(n, "more document is", "more documents are");
            format!("{others} near to {shown} (archive similar)")
        };
        match self.duplicates.get(name) {
            Some(true) => return vec![and_more(near.len() as u64 + n_more)],
            Some(false) => return Vec::new(),
            None => {}
        }
        let n_before = self.n_near;
        self.n_near += near.len() as u64;
        let n_shown = RESEMBLING_SHOWN_MAX.saturating_sub(n_before).min(near.len() as u64);
        let line = |it: &NearDocument| {
            let earlier = shown_name(it.document.name.as_bytes());
            let marks = gone_mark(out, it.gone) + &withdrawn_mark(out, &it.revision);
            format!("{}{marks}", shares(&it.similarity, &shown, &earlier))
        };
        let mut lines: Vec<String> = near[..n_shown as usize].iter().map(line).collect();
        let n_more = n_more + near.len() as u64 - n_shown;
        if n_shown > 0 && n_more > 0 {
            lines.push(and_more(n_more));
        }
        lines
    }
}

/// What became of one document.
#[derive(Serialize)]
pub struct AddedLine {
    pub status: &'static str,
    pub path: Option<String>,
    pub path_b64: Option<String>,
    pub name: Option<String>,
    pub name_b64: Option<String>,
    pub revision: Option<u64>,
    pub sha256: Option<String>,
    pub bytes: Option<u64>,
    pub healed: bool,
    pub text: Option<&'static str>,
    pub from: Option<String>,
    pub from_b64: Option<String>,
    pub reason: Option<String>,
}

/// What would be added, where its bytes are already.
#[derive(Serialize)]
pub struct AlreadyThereLine {
    name: String,
    name_b64: Option<String>,
    there: String,
    there_b64: Option<String>,
    there_gone: Option<String>,
    id: String,
    revision: u64,
}

impl AlreadyThereLine {
    /// Of a name, the revision that has the same bytes, and since when its document is gone.
    pub fn of(
        name: &DocName,
        (document, revision): (&Document, &Revision),
        gone: Option<Timestamp>,
    ) -> Self {
        Self {
            name: name.text().into_owned(),
            name_b64: name_b64(name),
            there: document.name.text().into_owned(),
            there_b64: name_b64(&document.name),
            there_gone: gone.map(|time| time.to_string()),
            id: document.id.to_string(),
            revision: revision.number,
        }
    }
}

/// A new document that is near to an earlier one, or has the same bytes.
#[derive(Serialize)]
pub struct ResemblesLine {
    pub name: String,
    pub name_b64: Option<String>,
    pub near: String,
    pub near_b64: Option<String>,
    pub near_gone: Option<String>,
    pub near_withdrawn: Option<WithdrawnLine>,
    pub same: bool,
    #[serde(flatten)]
    pub similarity: SimilarityLine,
    pub more: u64,
}

/// A container that was unpacked.
#[derive(Serialize)]
pub struct UnpackedLine {
    pub path: String,
    pub path_b64: Option<String>,
    pub documents: u64,
    pub without_document: u64,
}

/// One commit.
#[derive(Serialize)]
pub struct CommittedLine {
    pub events: u64,
    pub packed_bytes: u64,
}

/// What came of all.
#[derive(Default, Serialize)]
pub struct AddSummary {
    pub new: u64,
    pub revised: u64,
    pub unchanged: u64,
    pub seen: u64,
    pub renamed: u64,
    pub gone: u64,
    pub healed: u64,
    pub skipped: BTreeMap<&'static str, u64>,
    pub without_text: BTreeMap<&'static str, u64>,
    pub unreadable: u64,
    pub doubtful: u64,
    pub resembling: u64,
    pub resembling_about: Option<u64>,
    pub same: u64,
    pub not_compared: u64,
    pub bytes: u64,
    pub interrupted: bool,
    pub dry_run: bool,
}

impl AddedLine {
    /// What became of what was found at a path.
    pub fn of(
        status: &'static str,
        path: &Path,
        name: Option<&DocName>,
        revision: Option<NewRevision>,
        reason: Option<String>,
    ) -> Self {
        let path = path.as_os_str().as_encoded_bytes();
        Self {
            status,
            path: Some(String::from_utf8_lossy(path).into_owned()),
            path_b64: b64_unless_utf8(path),
            name: name.map(|name| name.text().into_owned()),
            name_b64: name.and_then(name_b64),
            revision: revision.map(|revision| revision.number),
            sha256: revision.map(|revision| revision.digest.to_string()),
            bytes: revision.map(|revision| revision.n_bytes),
            healed: false,
            text: revision.and_then(|revision| revision.rendered).map(ExtractionStatus::code),
            from: None,
            from_b64: None,
            reason,
        }
    }

    /// A document that is no longer in a folder that is tracked.
    pub fn gone(name: &DocName) -> Self {
        let line = Self::of("gone", Path::new(""), Some(name), None, None);
        Self { path: None, path_b64: None, ..line }
    }

    /// The same with the name that a document had before.
    pub fn renamed(self, outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Renamed(from) => {
                let name = &from.name;
                Self { from: Some(name.text().into_owned()), from_b64: name_b64(name), ..self }
            }
            Outcome::Seen(seen) => Self { revision: Some(seen.number), ..self },
            _ => self,
        }
    }
}

impl UnpackedLine {
    /// How many documents were found in the container at a path, and how many records that are none.
    pub fn of(path: &Path, documents: u64, without_document: u64) -> Self {
        let path = path.as_os_str().as_encoded_bytes();
        Self {
            path: String::from_utf8_lossy(path).into_owned(),
            path_b64: b64_unless_utf8(path),
            documents,
            without_document,
        }
    }
}

impl ResemblesLine {
    /// A new text and the earlier one that it is near to.
    pub fn of(name: &DocName, near: &NearDocument, more: u64) -> Self {
        let earlier = (&near.document, &near.revision, near.gone);
        let similarity = SimilarityLine::of(&near.similarity);
        Self::about(name, earlier, (false, similarity), more)
    }

    /// A new document and an earlier one of the same bytes.
    pub fn of_duplicate(duplicate: &NewDuplicate) -> Self {
        let NewDuplicate { name, document, revision, gone, n_more, is_text } = duplicate;
        let similarity = match is_text {
            true => SimilarityLine::of(&Similarity::SAME),
            false => SimilarityLine::default(),
        };
        Self::about(name, (document, revision, *gone), (true, similarity), *n_more)
    }

    fn about(
        name: &DocName,
        (document, revision, gone): (&Document, &Revision, Option<Timestamp>),
        (same, similarity): (bool, SimilarityLine),
        more: u64,
    ) -> Self {
        Self {
            name: name.text().into_owned(),
            name_b64: name_b64(name),
            near: document.name.text().into_owned(),
            near_b64: name_b64(&document.name),
            near_gone: gone.map(|time| time.to_string()),
            near_withdrawn: revision.withdrawn.as_ref().map(WithdrawnLine::of),
            same,
            similarity,
            more,
        }
    }
}

/// New documents of the same bytes, which an earlier one had; the first stands for all. None of no documents.
fn same_bytes(out: &Output, duplicates: &[NewDuplicate]) -> Option<String> {
    let (first, others) = duplicates.split_first()?;
    let and_more = |n: u64| if n > 0 { format!(" and {} more", count(n)) } else { String::new() };
    let name = shown_name(first.name.as_bytes());
    let earlier = shown_name(first.document.name.as_bytes());
    let have = if others.is_empty() { "has" } else { "have" };
    let n_others = and_more(others.len() as u64);
    let n_earlier = and_more(first.n_more);
    let marks = gone_mark(out, first.gone) + &withdrawn_mark(out, &first.revision);
    Some(format!("{name}{n_others} {have} the same bytes as {earlier}{n_earlier}{marks}"))
}

/// The summary as people read it, who were told of some documents line by line.
pub fn sentence(summary: &AddSummary, told: &ToldInLines) -> String {
    let mut parts = vec![
        counted(summary.new, "new document", "new documents"),
        counted(summary.revised, "new revision", "new revisions"),
        format!("{} unchanged", summary.unchanged),
    ];
    for (n, words) in
        [(summary.seen, "seen again"), (summary.renamed, "renamed"), (summary.gone, "gone")]
    {
        parts.extend((n > 0).then(|| format!("{n} {words}")));
    }
    if summary.healed > 0 {
        let what = if summary.dry_run { "to be healed" } else { "healed" };
        parts.push(format!("{} {what} in the archive", summary.healed));
    }
    parts.extend(resembling(summary, told));
    parts.extend(summary.skipped.iter().map(|(reason, n)| format!("{n} skipped: {reason}")));
    let n_without_text: u64 = summary.without_text.values().sum();
    if n_without_text > 0 {
        let kinds = summary.without_text.iter().map(|(status, n)| format!("{n} {status}"));
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        parts.push(format!("{n_without_text} without their whole text ({kinds})"));
    }
    if summary.unreadable > 0 {
        parts.push(format!("{} not read", summary.unreadable));
    }
    if summary.doubtful > 0 {
        parts.push(format!("{} doubtful", summary.doubtful));
    }
    let lead = match (summary.interrupted, summary.dry_run) {
        (true, _) => "interrupted; what was added is safe: ",
        (_, true) => "nothing was done; this would be: ",
        _ => "",
    };
    format!("{lead}{} ({})", parts.join(", "), size(summary.bytes))
}

/// What is near to earlier documents, or the same, as far as lines did not tell it all.
fn resembling(summary: &AddSummary, told: &ToldInLines) -> Vec<String> {
    let mut parts = Vec::new();
    if summary.same > told.n_duplicates {
        let n_same = count(summary.same);
        parts.push(format!("{n_same} with the bytes of earlier ones (archive dups --exact)"));
    }
    match summary.resembling_about {
        Some(0) => parts.push("no near-duplicates in a sample (archive dups --near)".to_owned()),
        Some(about) => {
            let texts = counted(about, "near-duplicate", "near-duplicates");
            parts.push(format!("about {texts} of earlier texts (archive dups --near)"));
        }
        None if told.n_near > RESEMBLING_SHOWN_MAX => {
            let n_more = count(summary.resembling - RESEMBLING_SHOWN_MAX);
            let n_near = count(summary.resembling);
            parts.push(format!("{n_near} near-duplicates, {n_more} more than shown"));
        }
        None => {}
    }
    if summary.not_compared > 0 {
        let n_left = count(summary.not_compared);
        parts.push(format!("{n_left} not compared with earlier ones (archive dups)"));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_line_told_is_counted() {
        let told = ToldInLines { n_near: 21, n_duplicates: 3, ..ToldInLines::default() };
        let said = |same, resembling_about, not_compared| {
            let summary = AddSummary {
                same,
                resembling: 29,
                resembling_about,
                not_compared,
                ..AddSummary::default()
            };
            resembling(&summary, &told).join(", ")
        };
        assert_eq!(said(3, None, 0), "29 near-duplicates, 9 more than shown");
        assert_eq!(
            said(4, Some(70), 0),
            "4 with the bytes of earlier ones (archive dups --exact), \
             about 70 near-duplicates of earlier texts (archive dups --near)"
        );
        assert_eq!(
            said(0, Some(0), 8),
            "no near-duplicates in a sample (archive dups --near), \
             8 not compared with earlier ones (archive dups)"
        );
    }
}
