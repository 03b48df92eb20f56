//! The history check: the journal compared with a checkpoint that is remembered outside the archive.

use crate::{
    archive::Archive,
    journal::{
        merkle::{Frontier, TreeHead, leaf_hash, tiles::consistency_proof},
        note::{Checkpoint, NoteError, Verifier},
    },
    types::{digest::Digest, error::Error},
};

/// What came of comparing the journal with a remembered checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryCheck {
    /// It is the same, or grew from it.
    Extends {
        /// The size remembered.
        size: u64,
    },
    /// It is shorter than it was.
    RolledBack {
        /// The size remembered.
        remembered: u64,
        /// The size now.
        size: u64,
    },
    /// It is not a continuation of what was remembered.
    Forked {
        /// The size remembered.
        size: u64,
    },
    /// Another key signs here than the one that was remembered.
    OtherKey {
        /// The key remembered, as a vkey line.
        remembered: String,
    },
    /// Another archive was remembered at this location.
    OtherOrigin {
        /// The origin remembered.
        remembered: String,
    },
    /// Nothing is remembered.
    NotRemembered,
}

impl HistoryCheck {
    /// Whether the history is not what it was.
    pub fn is_bad(&self) -> bool {
        !matches!(self, Self::Extends { .. } | Self::NotRemembered)
    }
}

impl Archive {
    /// Compares the journal with a vkey line and a signed checkpoint that somebody kept.
    ///
    /// The comparison is a consistency proof (RFC 9162, 2.1.4) from the catalog's tiles, and the
    /// journal's own bytes where those do not give one, so it believes only the signature.
    pub fn history_check(&self, vkey: &str, note: &[u8]) -> Result<HistoryCheck, Error> {
        if vkey != self.vkey() {
            return Ok(HistoryCheck::OtherKey { remembered: vkey.to_owned() });
        }
        let unreadable = |why: String| Error::damaged("the remembered checkpoint", why);
        let verifier = Verifier::parse(vkey).map_err(|why| unreadable(why.to_string()))?;
        let remembered = Checkpoint::open(note, &verifier).map_err(|why| match why {
            NoteError::Malformed(why) => unreadable(why.to_owned()),
            why => unreadable(why.to_string()),
        })?;
        self.history_check_against(&TreeHead { size: remembered.size, root: remembered.root })
    }

    fn history_check_against(&self, old: &TreeHead) -> Result<HistoryCheck, Error> {
        let now = self.journal.head();
        if old.size > now.size {
            return Ok(HistoryCheck::RolledBack { remembered: old.size, size: now.size });
        }
        let proof = consistency_proof(old.size, now.size, |id| self.catalog.tile(id));
        let is_proved = proof.is_ok_and(|proof| now.extends(old, &proof));
        if is_proved || self.root_at(old.size)? == old.root {
            return Ok(HistoryCheck::Extends { size: old.size });
        }
        Ok(HistoryCheck::Forked { size: old.size })
    }

    /// The root that the journal had at an earlier size, from its events.
    fn root_at(&self, size: u64) -> Result<Digest, Error> {
        let mut frontier = Frontier::default();
        for entry in self.journal.entries(0..size) {
            frontier.push(leaf_hash(&entry?.line));
        }
        Ok(frontier.root())
    }
}
