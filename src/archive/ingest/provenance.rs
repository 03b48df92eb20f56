//! Provenance: what is recorded of documents beside their bytes.

use crate::{
    catalog::Latest,
    journal::event::{Detail, DocumentDetail, ReviseDetail},
    text::Charset,
    types::{
        error::Error,
        limits::{NAME_BYTES_MAX, TAGS_MAX},
        name::DocName,
        tag::{Tag, TagChange},
        time::Timestamp,
    },
};

/// So much fits into a detail beside the longest name, also if JSON spells each byte with six.
const PLAIN_BYTES_MAX: usize = 4096;

/// The event of a revision, and what is stated of its bytes: source, time of capture, note.
pub(in crate::archive) type ObservationKey =
    (u64, Option<String>, Option<Timestamp>, Option<String>);

/// What is recorded of everything that is added.
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// Where it came from.
    pub source: Option<String>,
    /// When it was captured.
    pub captured: Captured,
    /// A note.
    pub note: Option<String>,
    /// The encoding of texts that do not prove another. Without it that of a document's latest revision
    /// holds on.
    pub encoding: Option<Charset>,
    /// Tags that the document gets.
    pub tags: Vec<Tag>,
    /// Whether it is recorded, too, that the bytes of a latest revision were found again and nothing else is said
    /// of them.
    pub records_unchanged: bool,
}

impl Provenance {
    /// Refuses what no detail can hold beside the longest name, before anything is stored for it.
    pub fn check(&self) -> Result<(), Error> {
        let Self { source, note, tags, .. } = self;
        let words = source.iter().chain(note).map(String::len).sum::<usize>();
        if words <= PLAIN_BYTES_MAX && tags.len() <= TAGS_MAX {
            return Ok(());
        }
        let detail = ReviseDetail {
            salt: Default::default(),
            name: DocName::new([0xff; NAME_BYTES_MAX]).map_err(|e| Error::usage(e.to_string()))?,
            source: self.source.clone(),
            captured: None,
            mtime: None,
            note: self.note.clone(),
            encoding: self.encoding.map(|named| named.name().to_owned()),
            by: None,
            tool: String::new(),
        };
        let tags = self.tags.iter().cloned().map(TagChange::Added).collect();
        let tagging = DocumentDetail { tags, ..DocumentDetail::default() };
        for detail in [Detail::Revise(detail), Detail::Document(tagging)] {
            detail.bytes().map_err(|why| Error::usage(why.to_string()))?;
        }
        Ok(())
    }

    /// Whether it says nothing of bytes that are in the archive.
    pub(in crate::archive) fn says_nothing(&self) -> bool {
        let Self { source, captured, note, tags, .. } = self;
        source.is_none() && note.is_none() && tags.is_empty() && *captured == Captured::Now
    }

    /// What tells from others what it states of a revision's bytes, whose event is `event`.
    pub(in crate::archive) fn observed(
        &self,
        event: u64,
        captured: Option<Timestamp>,
    ) -> ObservationKey {
        (event, self.source.clone(), captured, self.note.clone())
    }

    /// When a document with this file time was captured, where that is not now.
    pub(in crate::archive) fn captured(
        &self,
        mtime: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        match self.captured {
            Captured::Now => None,
            Captured::At(timestamp) => Some(timestamp),
            // A time ahead says that some clock was wrong, and nothing of when it was captured.
            Captured::Mtime => mtime.filter(|mtime| *mtime <= now),
        }
    }

    /// Whether a document may be as it was: no other encoding is named than that of its latest revision.
    pub(in crate::archive) fn names_no_other(&self, latest: &Latest) -> bool {
        self.encoding.is_none() || self.encoding == latest.encoding
    }
}

/// When documents were captured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Captured {
    /// Not known: when they are added.
    #[default]
    Now,
    /// At a stated moment.
    At(Timestamp),
    /// When their files were last changed.
    Mtime,
}
