//! Writing: details first, then the commit, which is the creation of its object.
//!
//! The object of a number is made once. Whoever loses the race for a number reads what won it, and tries
//! the next one; whoever gets no clear answer looks before believing anything. So two writers without a
//! common lock lose nothing.

use crate::{
    backend::Backend,
    types::{digest::Digest, error::Error, limits, pack_id::PackId, time::Timestamp},
};

use super::{
    CHECKPOINT, Journal, SaltSeed,
    event::{ActDetail, Commit, Condemn, Detail, Event, PACKS_MAX, Packs},
    merkle::{Frontier, leaf_hash},
    note::Signer,
    object::{self, CommitId, commit_name, details_name},
    sign,
};

/// How often a number is tried while no answer about it is clear.
const TRIES_MAX: usize = 5;

/// An event and its detail on their way in, as the bytes that will be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    line: Vec<u8>,
    detail: Vec<u8>,
}

/// What the commit event holds that closes a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// By the writer's clock.
    pub at: Timestamp,
    /// Drawn at random, anew for each attempt.
    pub id: CommitId,
    /// What the salts of the details follow from, each by its place in the commit.
    pub salts: SaltSeed,
    /// Who commits.
    pub detail: ActDetail,
}

/// A batch whose details are durable, and which waits for its commit.
#[derive(Debug)]
#[must_use = "a staged batch does not exist until it is committed"]
pub struct Staged {
    number: u64,
    id: CommitId,
    first: u64,
    lines: Vec<Vec<u8>>,
    leaves: Vec<Digest>,
    frontier: Frontier,
}

/// What became of an attempt to commit.
#[derive(Debug)]
pub enum Settled {
    /// The batch is in the journal; this is the frontier for the next one.
    Committed(Frontier),
    /// Another writer has the number. Nothing of the batch is in the journal.
    Overtaken,
}

impl Draft {
    /// Writes down a detail, and the event that holds its digest.
    ///
    /// Refused when either is longer than it may be, or a number too large.
    pub fn new(detail: &Detail, event: impl FnOnce(Digest) -> Event) -> Result<Self, Error> {
        let detail = detail.bytes().map_err(|e| Error::usage(e.to_string()))?;
        let line = event(Digest::of(&detail)).line().map_err(|e| Error::usage(e.to_string()))?;
        Ok(Self { line, detail })
    }

    /// The events that say which packs came.
    pub fn packs(at: Timestamp, packs: &[PackId]) -> Result<Vec<Self>, Error> {
        let events = packs.chunks(PACKS_MAX);
        events.map(|some| Self::bare(Event::Packs(Packs { at, packs: some.to_vec() }))).collect()
    }

    /// The events that say which packs go.
    pub fn condemn(at: Timestamp, packs: &[PackId]) -> Result<Vec<Self>, Error> {
        let events = packs.chunks(PACKS_MAX);
        events
            .map(|some| Self::bare(Event::Condemn(Condemn { at, packs: some.to_vec() })))
            .collect()
    }

    fn bare(event: Event) -> Result<Self, Error> {
        let line = event.line().map_err(|e| Error::usage(e.to_string()))?;
        Ok(Self { line, detail: Vec::new() })
    }

    /// The event's bytes.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// The detail's bytes.
    pub fn detail(&self) -> &[u8] {
        &self.detail
    }
}

impl Staged {
    /// The index of the batch's first event.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// What makes the commit unlike any other.
    pub fn id(&self) -> CommitId {
        self.id
    }

    /// The lines of the batch, the commit event last.
    pub fn lines(&self) -> &[Vec<u8>] {
        &self.lines
    }

    /// The leaf hashes of the batch, of the commit event too: what the tiles grow by.
    pub fn leaves(&self) -> &[Digest] {
        &self.leaves
    }

    /// The tree as it will be.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }
}

impl Journal {
    /// Closes a batch with its commit event, puts the details, and reads them back.
    ///
    /// `frontier` is that of the signed tree.
    pub fn stage(
        &self,
        frontier: &Frontier,
        drafts: &[Draft],
        closing: Closing,
    ) -> Result<Staged, Error> {
        self.check(frontier)?;
        let (number, id, first) = (self.number + 1, closing.id, self.size());
        let salts = closing.salts;
        let mut leaves: Vec<Digest> = drafts.iter().map(|draft| leaf_hash(&draft.line)).collect();
        let end = self.closing_draft(number, &leaves, closing)?;
        leaves.push(leaf_hash(&end.line));
        let drafts = || drafts.iter().chain([&end]);
        let details: Vec<&[u8]> = drafts().map(Draft::detail).collect();
        let name = details_name(number, &id);
        let stored = object::encode_details(id, first, Some(salts), &details)?;
        self.backend.put(&name, &stored)?;
        self.backend.sync()?;
        if self.backend.read(&name, stored.len())?.as_deref() != Some(&stored) {
            return Err(Error::damaged(name, "it does not read back as it was written"));
        }
        let lines: Vec<Vec<u8>> = drafts().map(|draft| draft.line.clone()).collect();
        let mut grown = frontier.clone();
        leaves.iter().for_each(|leaf| grown.push(*leaf));
        Ok(Staged { number, id, first, lines, leaves, frontier: grown })
    }

    /// Signs the tree with the batch in it and creates the commit: from here on the batch exists.
    ///
    /// After an error it may exist or not; whoever opens the archive next sees which.
    pub fn commit(&mut self, staged: Staged, signer: &Signer) -> Result<Settled, Error> {
        assert_eq!(staged.first, self.size(), "a batch is committed where it was staged");
        let (checkpoint, note) = sign(&self.identity, &staged.frontier.head(), signer)?;
        let lines: Vec<&[u8]> = staged.lines.iter().map(Vec::as_slice).collect();
        let stored = object::encode_commit(&note, staged.id, staged.first, &lines)?;
        if !settle(&*self.backend, &commit_name(staged.number), &stored)? {
            return Ok(Settled::Overtaken);
        }
        (self.number, self.checkpoint, self.note) = (staged.number, checkpoint, note);
        self.publish();
        Ok(Settled::Committed(staged.frontier))
    }

    /// Writes the copy of the newest checkpoint for other programs; the commit is what counts.
    pub fn publish(&self) {
        if let Err(error) = self.backend.swap(CHECKPOINT, &self.note) {
            tracing::debug!(target: "commit", "{CHECKPOINT} is as it was: {error}");
        }
    }

    fn closing_draft(
        &self,
        number: u64,
        leaves: &[Digest],
        closing: Closing,
    ) -> Result<Draft, Error> {
        let batch = Frontier::of(leaves);
        Draft::new(&Detail::Act(closing.detail), |detail| {
            Event::Commit(Commit {
                at: closing.at,
                number,
                id: closing.id,
                base: self.size(),
                before: self.root(),
                n_events: batch.size(),
                root: batch.root(),
                key_id: self.identity.verifier_for(self.size() + batch.size() + 1).id().0,
                detail,
            })
        })
    }
}

/// Creates an object that nobody else may have created; whether it is there, and ours.
///
/// Whatever the answer to the creation was, the object is read before anything is believed: an error may
/// come after the deed, and a name may be taken by the same bytes. Where nothing is there, the same bytes
/// go to the same name again.
pub(super) fn settle(backend: &dyn Backend, name: &str, bytes: &[u8]) -> Result<bool, Error> {
    let mut unclear = None;
    for _ in 0..TRIES_MAX {
        let put = backend.put(name, bytes).and_then(|()| backend.sync());
        match backend.read(name, limits::COMMIT_OBJECT_BYTES_MAX) {
            Ok(Some(found)) if found == bytes => {
                // It may be there and not be durable.
                if put.is_err() {
                    backend.sync()?;
                }
                return Ok(true);
            }
            // Larger than any commit is not ours either.
            Ok(Some(_)) | Err(Error::Damaged { .. }) => return Ok(false),
            Ok(None) => unclear = put.err().or(unclear),
            Err(error) => unclear = Some(error),
        }
    }
    Err(unclear.unwrap_or_else(|| Error::damaged(name, "it is gone as soon as it is written")))
}
