//! Outcomes: what became of one document.

use std::io;

use crate::{
    catalog::Latest,
    text::extract::ExtractionStatus,
    types::{digest::Digest, name::DocName},
};

/// What became of a document.
#[derive(Debug)]
pub enum Outcome {
    /// It was not known: a first revision.
    New(NewRevision),
    /// Its content is another one: a next revision.
    Revised(NewRevision),
    /// Its content is that of its latest revision.
    Unchanged,
    /// The same, and that it was found again is recorded: it was gone, or something else is said of it.
    Seen(SeenAgain),
    /// Its content is that of a document that is no longer where it was: that goes on under this name.
    Renamed(Box<FormerName>),
    /// The same, and what was stored of it was damaged or missing: with the next commit it is whole.
    Healed,
    /// It could not be read; nothing was stored of it.
    Unreadable(io::Error),
}

impl Outcome {
    /// The same once it is committed: `recorded` is the new revision as it was recorded, none where another
    /// writer was first with the same content.
    pub(super) fn settled(self, recorded: Option<NewRevision>) -> Self {
        match (recorded, self.is_healed()) {
            (Some(revision), _) => Self::from(revision),
            (None, is_healed) => Self::found(is_healed),
        }
    }

    /// Of bytes that are known, of which there is nothing to record.
    pub(super) fn found(is_healed: bool) -> Self {
        if is_healed { Self::Healed } else { Self::Unchanged }
    }

    /// Whether the next commit is to record a new revision.
    pub(super) fn is_new_revision(&self) -> bool {
        matches!(self, Self::New(_) | Self::Revised(_))
    }

    /// Whether what was stored of its content was damaged or missing, and is stored once more.
    pub fn is_healed(&self) -> bool {
        match self {
            Self::New(revision) | Self::Revised(revision) => revision.is_healed,
            Self::Healed => true,
            Self::Seen(seen) => seen.is_healed,
            Self::Renamed(before) => before.is_healed,
            Self::Unchanged | Self::Unreadable(_) => false,
        }
    }
}

/// The name that a document had.
#[derive(Debug, Clone)]
pub struct FormerName {
    /// The name.
    pub name: DocName,
    /// What was stored of its bytes was damaged or missing; with the next commit it is whole.
    pub is_healed: bool,
}

/// What came of bytes that were found again.
#[derive(Debug, Clone, Copy)]
pub struct SeenAgain {
    /// The revision that has them.
    pub number: u64,
    /// The document was gone.
    pub was_gone: bool,
    /// What was stored of them was damaged or missing; with the next commit it is whole.
    pub is_healed: bool,
}

/// A revision that the next commit records. Another writer that commits first may change its number.
#[derive(Debug, Clone, Copy)]
pub struct NewRevision {
    /// The revision's number.
    pub number: u64,
    /// Its content.
    pub digest: Digest,
    /// The size of its content.
    pub n_bytes: u64,
    /// The content was not stored before.
    pub is_new_content: bool,
    /// The content was stored before, and damaged or missing; with the next commit it is whole.
    pub is_healed: bool,
    /// The source went on changing while it was read, twice over.
    pub is_unsettled: bool,
    /// What came of rendering its content, now or before, if that is of a format that is rendered; why it has no text, if
    /// it has none.
    pub rendered: Option<ExtractionStatus>,
}

impl NewRevision {
    /// The next one of a document, with a content that is stored and whole.
    pub(super) fn next(latest: Option<Latest>, digest: Digest, n_bytes: u64) -> Self {
        Self {
            number: latest.map_or(1, |latest| latest.n_revisions + 1),
            digest,
            n_bytes,
            is_new_content: false,
            is_healed: false,
            is_unsettled: false,
            rendered: None,
        }
    }
}

impl From<NewRevision> for Outcome {
    fn from(revision: NewRevision) -> Self {
        if revision.number == 1 { Self::New(revision) } else { Self::Revised(revision) }
    }
}
