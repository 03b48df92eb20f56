//! The journal: every event in order, and the signed checkpoint that states how far it goes.
//!
//! It owns `identity` and everything under `log/` and `details/`. A commit is the creation of the next
//! numbered object, which holds the checkpoint and the events that it adds; it never changes after that.
//! Byte layout: docs/format.md.

mod anchors;
mod bundle;
mod der;
pub mod event;
mod identity;
pub mod keys;
pub mod mail;
pub mod merkle;
pub mod note;
pub mod object;
pub mod proof;
mod read;
mod salts;
pub mod time_token;
mod withdrawals;
mod write;

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    ops::Range,
    sync::Arc,
};

pub use self::{
    anchors::ProvedTime,
    identity::{Identity, KeyChange},
    read::{Entry, Examined, PackChanges, Problem},
    salts::SaltSeed,
    withdrawals::Withdrawals,
    write::{Closing, Draft, Settled, Staged},
};
use crate::{
    backend::Backend,
    types::{
        digest::Digest,
        error::{Error, Refusal},
        limits,
    },
};

use self::{
    merkle::{Frontier, TreeHead},
    note::{Checkpoint, NoteError, Signer},
    object::{FOLDER_COMMITS, commit_name, commit_number, details_name, read_commit_head},
};

/// A copy of the newest checkpoint, for other programs. It says no more than the commits do, unless some are gone.
const CHECKPOINT: &str = "log/checkpoint";

/// An archive's journal as its newest commit stood when it was opened or last committed.
pub struct Journal {
    backend: Arc<dyn Backend>,
    identity: Identity,
    /// Of the newest commit.
    number: u64,
    checkpoint: Checkpoint,
    note: Vec<u8>,
    /// By number, the SHA-256 of checkpoints whose signature was verified, and what they state.
    verified: RefCell<HashMap<u64, (Digest, TreeHead)>>,
}

/// The origin of an archive, as its identity states it.
pub fn origin_of(backend: &dyn Backend) -> Result<String, Error> {
    Ok(read_identity(backend)?.origin().to_owned())
}

fn read_identity(backend: &dyn Backend) -> Result<Identity, Error> {
    match backend.read(identity::NAME, limits::IDENTITY_BYTES_MAX)? {
        Some(identity) => Identity::parse(&identity),
        None => Err(Error::NoArchive { location: backend.location() }),
    }
}

impl Journal {
    /// The object with the public key.
    pub const IDENTITY: &str = identity::NAME;
    /// The copy of the newest checkpoint.
    pub const CHECKPOINT: &str = CHECKPOINT;

    /// The object of a commit.
    pub fn commit_object(number: u64) -> String {
        commit_name(number)
    }

    /// The number of the commit that an object of the log or of details belongs to; none where it is neither.
    pub fn number_of(object: &str) -> Option<u64> {
        object::number_of(object)
    }

    /// The object with a commit's details; none for the first commit, which has no events.
    pub fn details_object(&self, number: u64) -> Result<Option<String>, Error> {
        let head = self.commit_at(number)?.commit.body.head.clone();
        Ok((number > 0).then(|| details_name(number, &head.id)))
    }

    /// The tree of so many events, as a commit that ends there states it; none where no commit does.
    pub fn head_at(&self, size: u64) -> Result<Option<TreeHead>, Error> {
        let Some(last) = size.checked_sub(1).filter(|_| size <= self.size()) else {
            return Ok(None);
        };
        let at = self.commit_of(last)?;
        Ok((at.size == size).then_some(TreeHead { size, root: at.root }))
    }

    /// The events of a commit, and the tree at its end as its checkpoint states it.
    pub fn commit_bounds(&self, number: u64) -> Result<(Range<u64>, TreeHead), Error> {
        let at = self.commit_at(number)?;
        let head = TreeHead { size: at.size, root: at.root };
        Ok((at.commit.body.head.first..at.size, head))
    }

    /// The head that a signed checkpoint of this archive states; none where it is not signed by its key.
    pub fn head_of(&self, note: &[u8]) -> Option<TreeHead> {
        let size = Checkpoint::unverified(note)?.size;
        Checkpoint::open(note, self.identity.verifier_for(size)).ok().map(|it| it.head())
    }

    /// The head in the copy of the newest checkpoint that lies there for other programs.
    pub fn published(&self) -> Result<TreeHead, Error> {
        let note = self.backend.read(CHECKPOINT, limits::NOTE_BYTES_MAX)?;
        let note = note.ok_or_else(|| Error::missing(CHECKPOINT))?;
        let unsigned = || Error::damaged(CHECKPOINT, "the archive's key has not signed it");
        self.head_of(&note).ok_or_else(unsigned)
    }

    /// The signed copy of a checkpoint that states more events than the commits hold, which shows that the last of them
    /// are gone; none where nothing does. One that cannot be read shows nothing.
    pub fn longer_checkpoint(&self) -> Result<Option<Vec<u8>>, Error> {
        let Ok(Some(note)) = self.backend.read(CHECKPOINT, limits::NOTE_BYTES_MAX) else {
            return Ok(None);
        };
        let stated = match note == self.note {
            true => return Ok(None),
            false => self.head_of(&note).map_or(0, |head| head.size),
        };
        // Later commits may have come since this journal was read.
        let is_longer = stated > self.size() && stated > self.newest_size()?;
        Ok(is_longer.then_some(note))
    }

    /// The same journal as it was at an earlier checkpoint; none where that is not one of its own.
    pub fn as_of(&self, note: &[u8]) -> Option<Self> {
        let head = self.head_of(note)?;
        let number = match head.size {
            0 => 0,
            size if size == self.size() => self.number,
            size if size < self.size() => self.commit_of(size - 1).ok()?.number,
            _ => return None,
        };
        let found = read_commit_head(&*self.backend, number).ok()??;
        let is_same = self.head_of(&found.note) == Some(head);
        let backend = Arc::clone(&self.backend);
        let earlier = Self::at(backend, self.identity.clone(), number, note.to_vec()).ok()?;
        is_same.then_some(earlier)
    }

    /// Makes an empty journal that `signer` signs for.
    ///
    /// The identity comes last: without it there is no archive. Refused where there is one, or a log
    /// that holds more than an unfinished `create` leaves.
    pub fn create(backend: Arc<dyn Backend>, signer: &Signer) -> Result<Self, Error> {
        let identity = Identity::new(signer.verifier().clone());
        let (_, note) = sign(&identity, &Frontier::default().head(), signer)?;
        let has_identity = backend.size(identity::NAME)?.is_some();
        let names = backend.list("log")?;
        let is_leftover = |name: &str| name == CHECKPOINT || name == commit_name(0);
        if has_identity || !names.iter().all(|object| is_leftover(&object.name)) {
            return Err(Error::usage(format!(
                "there is an archive at {} already",
                backend.location()
            )));
        }
        // What another key left unfinished is no archive.
        backend.remove(&commit_name(0))?;
        let first = object::encode_commit(&note, [0; 8], 0, &[])?;
        if !write::settle(&*backend, &commit_name(0), &first)? {
            return Err(Error::usage(format!(
                "another program is making an archive at {}",
                backend.location()
            )));
        }
        backend.swap(CHECKPOINT, &note)?;
        backend.swap(identity::NAME, identity.to_string().as_bytes())?;
        Self::at(backend, identity, 0, note)
    }

    /// Opens a journal: its newest checkpoint must be signed by the key in its identity.
    pub fn open(backend: Arc<dyn Backend>) -> Result<Self, Error> {
        let identity = read_identity(&*backend)?;
        let number = newest(&*backend)?;
        Self::newest_of(backend, identity, number)
    }

    /// Opens a journal that has lost some of its commits, or its identity, where that is known from elsewhere: its newest
    /// commit is the last one that is there.
    pub fn open_with_gaps(
        backend: Arc<dyn Backend>,
        identity: Option<Identity>,
    ) -> Result<Self, Error> {
        let identity = identity.map_or_else(|| read_identity(&*backend), Ok)?;
        let listed = backend.list("log")?;
        let number = listed.iter().filter_map(|object| commit_number(&object.name)).max();
        Self::newest_of(backend, identity, number.unwrap_or(0))
    }

    /// The journal whose newest commit has this number, with the change of keys that the identity does not have yet.
    fn newest_of(
        backend: Arc<dyn Backend>,
        identity: Identity,
        number: u64,
    ) -> Result<Self, Error> {
        let found = read_commit_head(&*backend, number)?;
        let found = found.ok_or_else(|| Error::missing(commit_name(number)))?;
        let identity = keys::completed(&*backend, identity, number, &found);
        let journal = Self::at(backend, identity, number, found.note)?;
        journal.expect_growth()?;
        Ok(journal)
    }

    /// `Damaged` where the commit before the newest one states as many events or more: then an older one lies in
    /// the newest one's place, or behind it, and what is signed there is not the newest state.
    fn expect_growth(&self) -> Result<(), Error> {
        let Some(mut before) = self.number.checked_sub(1) else { return Ok(()) };
        if self.backend.size(&commit_name(before))?.is_none() {
            let beside = numbers_beside(&*self.backend, before)?;
            let Some(last) = beside.range(..before).next_back() else { return Ok(()) };
            before = *last;
        }
        // What is wrong with that one itself is for whoever reads it.
        let Ok(Some(found)) = read_commit_head(&*self.backend, before) else { return Ok(()) };
        let is_longer =
            Checkpoint::unverified(&found.note).is_some_and(|it| it.size >= self.size());
        match self.head_of(&found.note).filter(|_| is_longer) {
            Some(head) => {
                let (size, why) = (self.size(), "the commit before it states");
                let why = format!("it states {size} events, {why} {}", head.size);
                Err(Error::damaged(commit_name(self.number), why))
            }
            None => Ok(()),
        }
    }

    /// `Damaged` where a commit is missing among those before the newest one: nobody writes on from there.
    pub fn expect_no_gap(&self) -> Result<(), Error> {
        let first = self.number / FOLDER_COMMITS * FOLDER_COMMITS;
        let beside = numbers_beside(&*self.backend, self.number)?;
        match (first..self.number).find(|number| !beside.contains(number)) {
            Some(missing) => Err(missing_before_others(missing)),
            None => Ok(()),
        }
    }

    /// `Damaged` where the last commits are gone, as the copy of the checkpoint shows: whoever wrote on from here would
    /// sign a second history.
    pub fn expect_end(&self) -> Result<(), Error> {
        let Some(longer) = self.longer_checkpoint()? else { return Ok(()) };
        let stated = self.head_of(&longer).map_or(0, |head| head.size);
        let why = format!(
            "it is missing, with all that came after it: {CHECKPOINT} states {stated} events, the commits hold {}; put \
             it back from a copy, or go on without it by archive adopt",
            self.size()
        );
        Err(Error::damaged(commit_name(self.number + 1), why))
    }

    /// Makes the identity as it lies there the one that the commits speak of. Only a writer does.
    pub fn complete_identity(&self) -> Result<(), Error> {
        if read_identity(&*self.backend)? != self.identity {
            self.backend.swap(identity::NAME, self.identity.to_string().as_bytes())?;
        }
        Ok(())
    }

    /// Goes on under another key, which the commit to come is signed by, or the one after it.
    pub fn change_key(&mut self, change: KeyChange) -> Result<(), Error> {
        let changed = self.identity.with(change);
        let wrong = || Error::usage("this key does not go on from the one before");
        self.identity = changed.ok_or_else(wrong)?;
        Ok(())
    }

    /// How many events the newest commit of now states.
    pub fn newest_size(&self) -> Result<u64, Error> {
        Self::open(Arc::clone(&self.backend)).map(|now| now.size())
    }

    /// Goes on to the newest commit.
    pub fn refresh(&mut self) -> Result<(), Error> {
        let mut number = self.number;
        while self.backend.size(&commit_name(number + 1))?.is_some() {
            number += 1;
        }
        if number == self.number {
            return Ok(());
        }
        let identity = read_identity(&*self.backend)?;
        *self = Self::newest_of(Arc::clone(&self.backend), identity, number)?;
        Ok(())
    }

    fn at(
        backend: Arc<dyn Backend>,
        identity: Identity,
        number: u64,
        note: Vec<u8>,
    ) -> Result<Self, Error> {
        let checkpoint = open_checkpoint(&commit_name(number), &note, &identity)?;
        Ok(Self { backend, identity, number, checkpoint, note, verified: RefCell::default() })
    }

    /// Which archive this is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The number of events.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The Merkle root over all events.
    pub fn root(&self) -> Digest {
        self.checkpoint.root
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size(), root: self.root() }
    }

    /// The number of the newest commit.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The signed checkpoint, as it is stored.
    pub fn note(&self) -> &[u8] {
        &self.note
    }
}

/// The number of the newest commit, found by doubling and halving.
///
/// Numbers have no gaps. Where one is missing all the same, those after it are looked for, so that nobody
/// writes on from there.
fn newest(backend: &dyn Backend) -> Result<u64, Error> {
    let is_there =
        |number: u64| -> Result<bool, Error> { Ok(backend.size(&commit_name(number))?.is_some()) };
    let (mut low, mut high) = (0, 1);
    while is_there(high)? {
        (low, high) = (high, high * 2);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match is_there(middle)? {
            true => low = middle,
            false => high = middle,
        }
    }
    for number in [low, low + FOLDER_COMMITS] {
        let last = numbers_beside(backend, number)?.last().copied();
        // A commit that came meanwhile is no gap.
        if last.is_some_and(|last| last > high) && !is_there(high)? {
            return Err(missing_before_others(high));
        }
    }
    Ok(low)
}

/// The numbers of the commits that lie in the folder of this one.
fn numbers_beside(backend: &dyn Backend, number: u64) -> Result<BTreeSet<u64>, Error> {
    let listed = backend.list(&commit_name(number)[..11])?;
    Ok(listed.iter().filter_map(|object| commit_number(&object.name)).collect())
}

fn missing_before_others(number: u64) -> Error {
    Error::damaged(commit_name(number), "it is missing, and later commits are not")
}

/// Reads a signed checkpoint of this archive.
fn open_checkpoint(name: &str, note: &[u8], identity: &Identity) -> Result<Checkpoint, Error> {
    let size = Checkpoint::unverified(note).map_or(0, |stated| stated.size);
    let verifier = identity.verifier_for(size);
    let checkpoint = Checkpoint::open(note, verifier).map_err(|e| match e {
        NoteError::Malformed(why) => Error::damaged(name, why),
        e => Error::Untrusted { why: format!("{name} is not to be trusted: {e}") },
    })?;
    if checkpoint.origin != verifier.name() {
        let why = format!("{name} is of {}, not of {}", checkpoint.origin, verifier.name());
        return Err(Error::Untrusted { why });
    }
    Ok(checkpoint)
}

/// Signs a head with the archive's own key.
fn sign(
    identity: &Identity,
    head: &TreeHead,
    signer: &Signer,
) -> Result<(Checkpoint, Vec<u8>), Error> {
    let verifier = identity.verifier_for(head.size);
    let origin = verifier.name().to_owned();
    if signer.verifier() != verifier {
        let key_id = verifier.id().to_string();
        return Err(Error::Refused(Refusal::NoSigningKey { origin, key_id }));
    }
    let checkpoint = Checkpoint { origin, size: head.size, root: head.root };
    let note = checkpoint.sign(signer).map_err(|e| Error::damaged(CHECKPOINT, e.to_string()))?;
    Ok((checkpoint, note))
}

#[cfg(test)]
mod tests;
