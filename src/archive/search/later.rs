//! What became of words after a revision that answers.

use crate::types::document::{Document, Revision};

use super::{FoundRevision, RevisionAnswer};

/// The revisions after one, taken from the latest on.
#[derive(Default)]
pub(super) struct LaterRevisions {
    has_words: bool,
    gone_since: Option<Revision>,
    unknown_since: Option<Revision>,
}

impl LaterRevisions {
    /// Takes the one before those that were taken.
    pub fn take(&mut self, revision: Revision, answer: &RevisionAnswer) {
        match answer {
            // Since which later one they are gone is known by now.
            _ if self.has_words => {}
            RevisionAnswer::Answers(_) | RevisionAnswer::HasWords => self.has_words = true,
            RevisionAnswer::LacksWords => self.gone_since = Some(revision),
            RevisionAnswer::Unknown => self.unknown_since = Some(revision),
        }
    }

    /// Whether one of them has the words.
    pub fn have_words(&self) -> bool {
        self.has_words
    }

    /// The revision before them, which answers.
    pub fn found(self, document: Document, revision: Revision, content: i64) -> FoundRevision {
        let Self { gone_since, unknown_since, .. } = self;
        // What is known of some counts.
        let unknown_since = unknown_since.filter(|_| gone_since.is_none());
        FoundRevision { document, revision, gone_since, unknown_since, content }
    }
}
