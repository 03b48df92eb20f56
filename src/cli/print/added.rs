//! What adding prints: lines of JSON, and the last sentence.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use crate::{
    archive::{
        extract::ExtractionStatus,
        ingest::{NewRevision, Outcome},
        similar::neighbours::NearDocument,
    },
    types::{
        document::{Document, Revision},
        name::DocName,
    },
};

use super::{
    json::{SimilarityLine, WithdrawnLine, b64_unless_utf8, name_b64},
    terminal::{counted, size},
};

/// Near-duplicates are named one by one up to this many, and counted beyond.
pub const RESEMBLING_SHOWN_MAX: u64 = 20;

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
    id: String,
    revision: u64,
}

impl AlreadyThereLine {
    /// Of a name, and the revision that has the same bytes.
    pub fn of(name: &DocName, document: &Document, revision: &Revision) -> Self {
        Self {
            name: name.text().into_owned(),
            name_b64: name_b64(name),
            there: document.name.text().into_owned(),
            there_b64: name_b64(&document.name),
            id: document.id.to_string(),
            revision: revision.number,
        }
    }
}

/// A new text that is near to an earlier one.
#[derive(Serialize)]
pub struct ResemblesLine {
    pub name: String,
    pub name_b64: Option<String>,
    pub near: String,
    pub near_b64: Option<String>,
    pub near_withdrawn: Option<WithdrawnLine>,
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
#[derive(Serialize)]
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
    pub same: Option<u64>,
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
        let earlier = &near.document.name;
        Self {
            name: name.text().into_owned(),
            name_b64: name_b64(name),
            near: earlier.text().into_owned(),
            near_b64: name_b64(earlier),
            near_withdrawn: near.revision.withdrawn.as_ref().map(WithdrawnLine::of),
            similarity: SimilarityLine::of(&near.similarity),
            more,
        }
    }
}

/// The summary as people read it, where so many near-duplicates were named, if not all.
pub fn sentence(summary: &AddSummary, n_named: u64) -> String {
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
    if n_named > RESEMBLING_SHOWN_MAX {
        let n_more = summary.resembling - RESEMBLING_SHOWN_MAX;
        parts.push(format!("{} near-duplicates, {n_more} more than shown", summary.resembling));
    }
    if let Some(about) = summary.resembling_about {
        let texts = counted(about, "near-duplicate", "near-duplicates");
        parts.push(format!("about {texts} of earlier texts (archive dups --near)"));
    }
    if let Some(same) = summary.same.filter(|same| *same > 0) {
        parts.push(format!("{same} the same as earlier ones (archive dups --exact)"));
    }
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
