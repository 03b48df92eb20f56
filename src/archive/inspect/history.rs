//! The history check: the journal compared with a checkpoint that is remembered outside the archive.

use crate::{
    archive::Archive,
    journal::{
        mail,
        merkle::{Frontier, TreeHead, leaf_hash, tiles::consistency_proof},
        note::{Checkpoint, KeyId, NoteError, Verifier},
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
    /// It is as it was at an earlier time that is remembered too: an older copy.
    Older {
        /// The newest size remembered.
        remembered: u64,
        /// The size now.
        size: u64,
    },
    /// It is shorter than what is remembered, and not known to be a part of that: another or an older
    /// history.
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
    /// Another archive was remembered at this location, and nothing of this one.
    OtherOrigin {
        /// The origin remembered.
        remembered: String,
    },
    /// The checkpoint given to compare with is another archive's.
    OtherCheckpoint {
        /// Its origin and the key that signed it.
        of: String,
    },
    /// Nothing is remembered.
    NotRemembered,
}

impl HistoryCheck {
    /// Whether the archive is signed by the key that it was compared with.
    pub fn is_of_this_key(&self) -> bool {
        !matches!(self, Self::OtherKey { .. })
    }

    /// Whether the history is not what it was.
    pub fn is_bad(&self) -> bool {
        !matches!(self, Self::Extends { .. } | Self::NotRemembered)
    }
}

/// Size and root that a checkpoint states, signed by the key of a vkey line; else what is wrong.
pub fn signed_head(vkey: &str, note: &[u8]) -> Result<(u64, Digest), String> {
    let verifier = Verifier::parse(vkey).map_err(|why| format!("its vkey is none: {why}"))?;
    let checkpoint = Checkpoint::open(note, &verifier)
        .map_err(|why| format!("its checkpoint is not to be trusted: {why}"))?;
    Ok((checkpoint.size, checkpoint.root))
}

/// The first line of a text that is a public key, or ends in one.
pub fn vkey_in(text: &[u8]) -> Option<String> {
    mail::vkey(text)
}

impl Archive {
    /// Compares the journal with a vkey line and a signed checkpoint that somebody kept.
    ///
    /// The comparison is a consistency proof (RFC 9162, 2.1.4) from the catalog's tiles, and the
    /// journal's own bytes where those do not give one, so it believes only the signature.
    pub fn history_check(&self, vkey: &str, note: &[u8]) -> Result<HistoryCheck, Error> {
        let Some(verifier) = self.endorsed_key(vkey)? else {
            return Ok(HistoryCheck::OtherKey { remembered: vkey.to_owned() });
        };
        let unreadable = |why: String| Error::damaged("the remembered checkpoint", why);
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

    /// Compares the journal with a size and root that it is known to have had, signature or not.
    pub fn history_check_of(&self, size: u64, root: Digest) -> Result<HistoryCheck, Error> {
        self.history_check_against(&TreeHead { size, root })
    }

    /// Compares the journal with the checkpoints in a text, as mail or paper leave them; `shown` names
    /// the text.
    ///
    /// It has to extend all that are signed by this archive's key, and none may have been altered since. Where there
    /// is none, one of another archive is called that.
    pub fn history_check_of_text(&self, text: &[u8], shown: &str) -> Result<HistoryCheck, Error> {
        let (mut newest, mut forged, mut other) = (None, None, None);
        for found in mail::checkpoints(text) {
            let size = Checkpoint::unverified(&found.note).map_or(0, |stated| stated.size);
            match self.open_by_any_key(&found.note, size) {
                Ok((Checkpoint { size, root, .. }, out_of_turn)) => {
                    // Also one that an earlier key signed when its turn here was over: it speaks of another history.
                    let history_check = self.history_check_of(size, root)?;
                    if history_check.is_bad() {
                        return Ok(history_check);
                    }
                    match out_of_turn {
                        None => newest = newest.max(Some(size)),
                        Some(key) => {
                            forged = Some(format!(
                                "it is signed by the key {key} out of its turn: another key signs for {size} events"
                            ));
                        }
                    }
                }
                Err(why @ NoteError::Forged(_)) => {
                    forged = Some(format!("{why}, so it was altered after it was signed"));
                }
                Err(NoteError::Unsigned(_)) => {
                    let of = format!("{}, signed by the key {}", found.origin, found.signed_by);
                    other = Some(HistoryCheck::OtherCheckpoint { of });
                }
                Err(NoteError::Malformed(_)) => {}
            }
        }
        match (forged, newest, other) {
            (Some(why), None, _) => Err(Error::damaged(format!("the checkpoint in {shown}"), why)),
            // That another one holds takes nothing from what somebody did to this one.
            (Some(why), Some(_), _) => {
                Err(Error::damaged(format!("one of the checkpoints in {shown}"), why))
            }
            (None, Some(size), _) => Ok(HistoryCheck::Extends { size }),
            (None, None, Some(other)) => Ok(other),
            (None, None, None) => Err(Error::usage(format!(
                "{shown} holds no checkpoint: an origin, a size, a root and a signature, each on a line"
            ))),
        }
    }

    /// Opens a checkpoint by the key that signs for this size; the size may be what was altered, so one that another
    /// key of this archive has signed is not taken for somebody else's. With the key, where its turn it is not.
    fn open_by_any_key(
        &self,
        note: &[u8],
        size: u64,
    ) -> Result<(Checkpoint, Option<KeyId>), NoteError> {
        let identity = self.journal.identity();
        let unsigned = match Checkpoint::open(note, identity.verifier_for(size)) {
            Err(unsigned @ NoteError::Unsigned(_)) => unsigned,
            opened => return opened.map(|checkpoint| (checkpoint, None)),
        };
        for verifier in identity.verifiers() {
            match Checkpoint::open(note, verifier) {
                Err(NoteError::Unsigned(_)) => {}
                Err(why) => return Err(why),
                Ok(checkpoint) => return Ok((checkpoint, Some(verifier.id()))),
            }
        }
        Err(unsigned)
    }

    /// `Damaged` where the last commits are gone, as the signed checkpoint beside them shows.
    pub fn expect_end(&self) -> Result<(), Error> {
        self.journal.expect_end()
    }

    /// That checkpoint; none where nothing is gone.
    pub fn longer_checkpoint(&self) -> Result<Option<Vec<u8>>, Error> {
        self.journal.longer_checkpoint()
    }

    /// Size and Merkle root of the journal.
    pub fn head(&self) -> (u64, Digest) {
        (self.journal.size(), self.journal.root())
    }

    /// The root that the journal had at an earlier size, from its events.
    pub(in crate::archive) fn root_at(&self, size: u64) -> Result<Digest, Error> {
        Ok(self.frontier_at(size)?.root())
    }

    /// The frontier of the journal's tree at an earlier size, from its events.
    pub(in crate::archive) fn frontier_at(&self, size: u64) -> Result<Frontier, Error> {
        let mut frontier = Frontier::default();
        for entry in self.journal.entries(0..size) {
            frontier.push(leaf_hash(&entry?.line));
        }
        Ok(frontier)
    }
}
