//! Copying an archive: a second one with the same facts, each verified before it is put there.
//!
//! A copy only ever grows along one history. Before anything is written, its newest checkpoint is compared with the
//! journal to be copied: one that was rolled back, forked or signed by another key would put itself in the place of
//! the last good copy. Then, as for every write, come packs, details and commits, in this order: an interrupted
//! run leaves objects that no commit speaks of, and the next one finds them there. The packs are those that count in
//! the end, and those that are condemned go last: whichever commit is the newest in between, all that it speaks of lies in
//! some pack that is there, where a reader looks for what it does not find in those that count.

use std::{collections::BTreeMap, ops::RangeInclusive, path::Path, sync::Arc};

use tracing::warn;

use crate::{
    backend::{Backend, Storage, local::DatabaseFiles},
    catalog,
    journal::{
        Journal, PackChanges, Problem,
        merkle::{
            Frontier, TreeHead,
            tiles::{Edge, consistency_proof},
        },
    },
    types::{
        digest::Digest,
        error::{Error, TwoCheckpoints},
        limits,
        pack_id::PackId,
    },
};

use super::{
    super::{Archive, inspect::history::HistoryCheck},
    search::remove_catalog,
};

/// How a copy is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopyOptions {
    /// Whether all that the copy holds is read again in the end, and what is damaged there put anew.
    pub is_verified: bool,
    /// Whether a copy of an earlier epoch is brought up to a later one: whoever adopted it may be a stranger, whose key no
    /// earlier one signed to.
    pub crosses_epochs: bool,
}

/// What copying did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Whether there was no copy before.
    pub is_new: bool,
    /// Commits that came.
    pub n_commits: u64,
    /// Events in them.
    pub n_events: u64,
    /// Packs that came.
    pub n_packs: u64,
    /// Bytes of all that came.
    pub n_bytes: u64,
    /// Packs that went, as the journal says.
    pub n_packs_removed: u64,
    /// Bytes that were read again, if they were to be.
    pub n_bytes_verified: Option<u64>,
    /// Objects with details that were withdrawn, which were replaced in the copy.
    pub n_erased: u64,
    /// Objects that were damaged or missing in the copy and are put anew, by name.
    pub healed: Vec<String>,
}

impl Archive {
    /// Makes a storage a copy of this archive, or brings one that is a copy up to it.
    ///
    /// `catalog` is the folder of the copy's catalog. `progress` is told how many bytes were put or read again.
    /// `OtherHistory` where this archive does not extend the copy, `Damaged` where an object of it is not what it must be
    /// or its last commits are gone, `Unfinished` where a withdrawal is not; the copy is then as it was. `Busy` when another command removed packs meanwhile.
    pub fn copy_to(
        &self,
        to: Arc<dyn Storage>,
        catalog: Option<&Path>,
        options: CopyOptions,
        who: &str,
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<Copied, Error> {
        self.journal.expect_end()?;
        self.expect_withdrawals_finished()?;
        let guard = to.lock(who)?;
        let backend: Arc<dyn Backend> = to.clone();
        let withdrawals = self.withdrawals()?;
        let mut run = CopyRun {
            from: self,
            erased: &withdrawals.details,
            to: &*backend,
            n_bytes_done: 0,
            progress,
            changes: self.journal.pack_changes(0..self.journal.size())?,
            options,
            n_events_stated: 0,
            done: Copied::default(),
        };
        let known = run.known(&backend)?;
        let before = known.as_ref().map_or(Frontier::default().head(), Journal::head);
        let next = known.as_ref().map_or(0, |journal| journal.number() + 1);
        run.verify_commits(next..=self.journal.number(), &before)?;
        let put_anew = known.as_ref().map_or(Ok(Vec::new()), |known| run.compare_earlier(known))?;
        run.packs(&before)?;
        put_anew.into_iter().try_for_each(|(name, bytes)| run.heal(name, &bytes))?;
        run.journal(next, known.is_some())?;
        run.done.is_new = known.is_none();
        run.done.n_events = self.journal.size() - before.size;
        run.done.n_erased = self.erase_in_copy(&backend, &withdrawals)?;
        if options.is_verified {
            run.verify()?;
        }
        backend.tidy()?;
        let mut done = run.done;
        let came = withdrawals.last().is_some_and(|by| by >= before.size);
        if came && catalog.is_none_or(|folder| !to.lies_in(folder)) {
            remove_catalog(&*backend)?;
        }
        if let Some(folder) = catalog {
            self.copy_catalog(folder, came || done.n_erased > 0)?;
        }
        drop(guard);
        let mut copy = Self::open(to, catalog)?;
        if options.is_verified && copy.catalog_drift()?.is_some() {
            copy.rebuild(who)?;
            done.healed.push(catalog::FILE.to_owned());
        }
        Ok(done)
    }

    /// Whether another command committed since this archive was opened.
    pub fn is_outdated(&self) -> Result<bool, Error> {
        Ok(self.journal.newest_size()? > self.journal.size())
    }

    /// What a signed checkpoint of this origin and the journal contradict each other in, with the proof that fails.
    pub fn contradiction(&self, note: &str) -> Result<String, Error> {
        let Some(stated) = self.journal.head_of(note.as_bytes()) else {
            return Ok("The first is not signed by the key of this archive.\n".to_owned());
        };
        let (n_known, now) = (stated.size, self.journal.head());
        if n_known > now.size {
            return Ok(format!("This archive has {} events, and once had {n_known}.\n", now.size));
        }
        let root = self.root_at(n_known)?;
        let proof = consistency_proof(n_known, now.size, |id| self.catalog.tile(id));
        let proof = proof.map_err(|error| Error::Catalog { why: error.to_string() })?;
        let hashes: String = proof.iter().map(|hash| format!("  {hash}\n")).collect();
        Ok(format!(
            "The first {n_known} events of this archive have the root {},\nthe checkpoint states {}. The consistency \
             proof of RFC 9162, section 2.1.4.2,\nfrom {n_known} to {} events does not lead from the one checkpoint to \
             the other:\n\n{hashes}",
            root, stated.root, now.size
        ))
    }

    /// Puts a copy of the catalog where there is none, or one that holds what was withdrawn: to make it anew takes as
    /// long as adding everything does. One that does not follow from the facts is given to nobody; whoever opens the
    /// copy makes its own.
    fn copy_catalog(&self, folder: &Path, is_outdated: bool) -> Result<(), Error> {
        let mut files = DatabaseFiles::examine(folder, catalog::FILE)?;
        if files.exists() && !is_outdated {
            return Ok(());
        }
        if let Some(why) = self.catalog_drift()? {
            warn!(
                target: "catalog",
                "the catalog is not copied, for it does not follow from journal and packs: {why}; archive rebuild makes it anew"
            );
            files.remove_kept()?;
            files.remove()?;
            return DatabaseFiles::examine(folder, catalog::FULL_TEXT_FILE)?.remove();
        }
        if is_outdated {
            self.replace_catalog(&files)?;
            DatabaseFiles::examine(folder, catalog::FULL_TEXT_FILE)?.remove()?;
            files = DatabaseFiles::examine(folder, catalog::FILE)?;
        }
        if files.exists() {
            return Ok(());
        }
        files.place(|path| self.catalog.copy_to(path))
    }
}

/// One run.
pub(super) struct CopyRun<'a> {
    pub(super) from: &'a Archive,
    /// The events whose details are withdrawn, and by which event.
    pub(super) erased: &'a BTreeMap<u64, u64>,
    pub(super) to: &'a dyn Backend,
    /// What the journal says of packs.
    changes: PackChanges,
    options: CopyOptions,
    /// How many events the copy stated, where the last of its commits are gone.
    n_events_stated: u64,
    n_bytes_done: u64,
    progress: &'a mut dyn FnMut(u64) -> Result<(), Error>,
    done: Copied,
}

/// A pack that is to be put.
struct MissingPack {
    pack: PackId,
    /// Whether the copy has something of its name.
    is_there: bool,
    /// Whether it counts by the commits that the copy has.
    is_known: bool,
}

impl CopyRun<'_> {
    /// The copy as it is, if there is one. Refused unless the archive extends it.
    fn known(&mut self, to: &Arc<dyn Backend>) -> Result<Option<Journal>, Error> {
        let ours = self.from.journal.identity();
        let known = match Journal::open(Arc::clone(to)) {
            Err(error) if lacks_identity(&error) => {
                self.expect_own_beginning()?;
                // A first run puts this one last, so where it is not there, that was interrupted.
                if self.to.size(Journal::CHECKPOINT)?.is_none() {
                    return Ok(None);
                }
                self.done.healed.push(Journal::IDENTITY.to_owned());
                Journal::open_with_gaps(Arc::clone(to), Some(ours.clone()))
            }
            // One before the newest is missing.
            Err(Error::Damaged { object, .. }) if Journal::number_of(&object).is_some() => {
                Journal::open_with_gaps(Arc::clone(to), None)
            }
            known => known,
        };
        let known = known.map_err(|error| self.there(error))?;
        self.expect_extended(&known, (known.head(), known.note()))?;
        // What its checkpoint states of commits that are gone is of its history, too.
        if let Some(longer) = known.longer_checkpoint()?
            && let Some(stated) = known.head_of(&longer)
        {
            self.expect_extended(&known, (stated, &longer))?;
            self.n_events_stated = stated.size;
        }
        Ok(Some(known))
    }

    fn expect_extended(
        &self,
        known: &Journal,
        (head, note): (TreeHead, &[u8]),
    ) -> Result<(), Error> {
        let ours = &self.from.journal;
        let (n_known, n_ours) = (head.size, ours.size());
        let (identity, other) = (ours.identity(), known.identity());
        let why = if !identity.goes_on_from(other) && !other.goes_on_from(identity) {
            format!("it is {}, signed by {}", other.origin(), other.verifier().id())
        } else if !self.options.crosses_epochs && identity.epoch() > other.epoch() {
            let (origin, before) = (identity.origin(), other.origin());
            format!(
                "{origin} goes on from {before} as an epoch of its own, and its key is not here, so anybody may have adopted \
                 it; if it is yours, copy it to a place of its own, or from where its key is"
            )
        } else if n_known > n_ours {
            format!("it has {n_known} events, and this archive only {n_ours}: it was rolled back")
        } else {
            match self.from.history_check_of(n_known, head.root)? {
                HistoryCheck::Extends { .. } => return Ok(()),
                _ => format!("their first {n_known} events are not the same: one was forked"),
            }
        };
        let text = |note: &[u8]| String::from_utf8_lossy(note).into_owned();
        let checkpoints =
            Box::new(TwoCheckpoints { remembered: text(note), found: text(ours.note()) });
        let why = format!("this archive does not extend what is at {}: {why}", self.to.location());
        Err(Error::OtherHistory { why, checkpoints })
    }

    /// Without an identity there is nothing, or what an interrupted first run left.
    fn expect_own_beginning(&self) -> Result<(), Error> {
        let name = Journal::commit_object(0);
        let limit = limits::COMMIT_OBJECT_BYTES_MAX;
        match self.to.read(&name, limit)? {
            Some(there) if Some(&there) != self.from.home.backend.read(&name, limit)?.as_ref() => {
                let location = self.to.location();
                Err(Error::usage(format!(
                    "{location} holds the beginning of another archive; give the copy a place of its own"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Reads commits, the first of which goes on from a tree, and compares each with its checkpoint and its details.
    pub(super) fn verify_commits(
        &self,
        numbers: RangeInclusive<u64>,
        before: &TreeHead,
    ) -> Result<(), Error> {
        let journal = &self.from.journal;
        let mut frontier = self.frontier(before)?;
        for number in numbers {
            let (events, stated) = journal.commit_bounds(number)?;
            for bundle in journal.examine(events) {
                for found in &bundle? {
                    let object = || format!("event {}", found.index);
                    let problem = found.problem.as_ref();
                    if let Some(problem) = problem.filter(|it| !self.is_right(found.index, it)) {
                        return Err(Error::damaged(object(), problem.to_string()));
                    }
                    frontier.push(found.leaf.ok_or_else(|| Error::missing(object()))?);
                }
            }
            if frontier.head() != stated {
                let why = "its events do not give the root that its checkpoint states";
                return Err(Error::damaged(Journal::commit_object(number), why));
            }
        }
        Ok(())
    }

    /// The frontier of the events that the copy has.
    fn frontier(&self, before: &TreeHead) -> Result<Frontier, Error> {
        if let Ok(edge) = Edge::read(before.size, |id| self.from.catalog.tile(id))
            && edge.frontier().head() == *before
        {
            return Ok(edge.frontier());
        }
        self.from.frontier_at(before.size)
    }

    /// Puts the packs that count; where one of them cannot be put, those put before go again.
    fn packs(&mut self, before: &TreeHead) -> Result<(), Error> {
        let mut put = Vec::new();
        let result = self.missing_packs(before).and_then(|missing| {
            missing.into_iter().try_for_each(|missing| self.pack(missing, &mut put))
        });
        if let Err(error) = result {
            for name in &put {
                self.to.remove(name)?;
            }
            self.to.sync()?;
            return Err(self.explained(error));
        }
        Ok(())
    }

    /// The packs that count and that the copy has not, or not in their size.
    fn missing_packs(&self, before: &TreeHead) -> Result<Vec<MissingPack>, Error> {
        let ours = self.from.stored_packs()?;
        let theirs = self.packs_there()?;
        let mut missing = Vec::new();
        for pack in &self.changes.came {
            let n_bytes = ours.get(pack).ok_or_else(|| Error::missing(pack.object_name()))?;
            if theirs.get(pack) != Some(n_bytes) {
                let is_there = theirs.contains_key(pack);
                missing.push(MissingPack { pack: *pack, is_there, is_known: false });
            }
        }
        if !missing.is_empty() {
            let known = self.from.journal.pack_changes(0..before.size)?.came;
            missing.iter_mut().for_each(|it| it.is_known = known.contains(&it.pack));
        }
        Ok(missing)
    }

    fn packs_there(&self) -> Result<BTreeMap<PackId, u64>, Error> {
        let objects = self.to.list("packs").map_err(|error| self.there(error))?;
        let sized = objects.iter().map(|it| (PackId::of_object(&it.name), it.bytes));
        Ok(sized.filter_map(|(pack, bytes)| Some((pack?, bytes))).collect())
    }

    fn pack(&mut self, missing: MissingPack, put: &mut Vec<String>) -> Result<(), Error> {
        let name = missing.pack.object_name();
        let bytes = self.read_pack(&missing.pack)?;
        match missing.is_there {
            true => self.to.swap(&name, &bytes)?,
            false => {
                self.to.put(&name, &bytes)?;
                put.push(name.clone());
            }
        }
        match missing.is_there || missing.is_known {
            true => self.done.healed.push(name),
            false => self.done.n_packs += 1,
        }
        self.count(bytes.len())
    }

    fn read_pack(&self, pack: &PackId) -> Result<Vec<u8>, Error> {
        let name = pack.object_name();
        let read = self.from.home.backend.read(&name, limits::PACK_BYTES_MAX as usize)?;
        let bytes = read.ok_or_else(|| Error::missing(&*name))?;
        if Digest::of(&bytes) != pack.digest {
            return Err(Error::damaged(name, "it is not the one that its name says"));
        }
        Ok(bytes)
    }

    /// Says that packs are missing because another command removed them, where that is so.
    fn explained(&self, error: Error) -> Error {
        let is_behind = || self.from.is_outdated().is_ok_and(|is_outdated| is_outdated);
        match error {
            Error::Damaged { .. } if is_behind() => {
                Error::Busy { who: "another command, which put packs together meanwhile".into() }
            }
            error => error,
        }
    }

    /// Puts details, then commits; at last what makes them an archive.
    fn journal(&mut self, next: u64, is_archive: bool) -> Result<(), Error> {
        let journal = &self.from.journal;
        for number in next..=journal.number() {
            if let Some(name) = journal.details_object(number)? {
                self.object(&name)?;
            }
        }
        self.to.sync()?;
        // Keys of commits to come do no harm; commits whose keys are not there would.
        if is_archive {
            self.identity()?;
        }
        for number in next..=journal.number() {
            let name = Journal::commit_object(number);
            self.object(&name)?;
            match (1..=self.n_events_stated).contains(&journal.commit_bounds(number)?.1.size) {
                true => self.done.healed.push(name),
                false => self.done.n_commits += 1,
            }
            // A copy that others may open has no gaps, whenever the power fails.
            if is_archive {
                self.to.sync()?;
            }
        }
        self.to.sync()?;
        self.identity()?;
        let published = self.to.read(Journal::CHECKPOINT, limits::NOTE_BYTES_MAX);
        if !published.is_ok_and(|note| note.as_deref() == Some(journal.note())) {
            self.to.swap(Journal::CHECKPOINT, journal.note())?;
        }
        self.remove_condemned()
    }

    /// Puts the identity, unless it is there.
    fn identity(&self) -> Result<(), Error> {
        let identity = self.from.journal.identity().to_string();
        let there = self.to.read(Journal::IDENTITY, limits::IDENTITY_BYTES_MAX);
        match there.is_ok_and(|there| there.as_deref() == Some(identity.as_bytes())) {
            true => Ok(()),
            false => self.to.swap(Journal::IDENTITY, identity.as_bytes()),
        }
    }

    fn object(&mut self, name: &str) -> Result<(), Error> {
        let bytes = self.read(name)?;
        self.to.put(name, &bytes).map_err(|error| self.there(error))?;
        self.count(bytes.len())
    }

    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        let bytes = self.from.home.backend.read(name, limits::COMMIT_OBJECT_BYTES_MAX)?;
        bytes.ok_or_else(|| Error::missing(name))
    }

    /// The object with the details of a commit, without those that are withdrawn and still here.
    pub(super) fn erased_object(&self, number: u64, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let journal = &self.from.journal;
        if self.erased.is_empty() || Journal::commit_object(number) == name {
            return Ok(None);
        }
        let (events, _) = journal.commit_bounds(number)?;
        let erased: Vec<u64> = self.erased.range(events).map(|(event, _)| *event).collect();
        match erased.is_empty() {
            true => Ok(None),
            false => journal.without_details(number, &erased).map(Some),
        }
    }

    /// Removes the packs that the commits, which are in by now, condemn.
    fn remove_condemned(&mut self) -> Result<(), Error> {
        let PackChanges { came, went } = &self.changes;
        let theirs = self.packs_there()?.into_keys();
        let condemned = theirs.filter(|pack| went.contains(pack) && !came.contains(pack));
        for pack in condemned {
            self.to.remove(&pack.object_name())?;
            self.done.n_packs_removed += 1;
        }
        self.to.sync()
    }

    /// Reads the copy again, and puts anew what is not as it is here.
    fn verify(&mut self) -> Result<(), Error> {
        self.done.n_bytes_verified = Some(0);
        let journal = &self.from.journal;
        for pack in self.changes.came.clone() {
            let name = pack.object_name();
            let theirs = self.read_there(&name, limits::PACK_BYTES_MAX as usize)?;
            if theirs.is_none_or(|bytes| Digest::of(&bytes) != pack.digest) {
                let bytes = self.read_pack(&pack)?;
                self.heal(name, &bytes)?;
            }
        }
        for number in 0..=journal.number() {
            let names = [Some(Journal::commit_object(number)), journal.details_object(number)?];
            for name in names.into_iter().flatten() {
                let ours = match self.erased_object(number, &name)? {
                    Some(erased) => erased,
                    None => self.read(&name)?,
                };
                let theirs = self.read_there(&name, limits::COMMIT_OBJECT_BYTES_MAX)?;
                if theirs.as_ref() != Some(&ours) {
                    self.verify_commit(number)?;
                    self.heal(name, &ours)?;
                }
            }
        }
        Ok(())
    }

    /// What the copy has under a name; none where it has nothing, or nothing that can be read.
    fn read_there(&mut self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        let read = match self.to.read(name, limit) {
            Err(Error::Damaged { .. }) => None,
            read => read?,
        };
        let n_bytes = read.as_ref().map_or(0, Vec::len);
        self.done.n_bytes_verified = self.done.n_bytes_verified.map(|n| n + n_bytes as u64);
        self.tell(n_bytes)?;
        Ok(read)
    }

    fn heal(&mut self, name: String, bytes: &[u8]) -> Result<(), Error> {
        self.to.swap(&name, bytes)?;
        self.done.healed.push(name);
        self.count(bytes.len())
    }

    /// Whether what looks wrong with an event is right: its detail was withdrawn.
    pub(super) fn is_right(&self, event: u64, problem: &Problem) -> bool {
        *problem == Problem::DetailErased && self.erased.contains_key(&event)
    }

    /// An error about an object of the copy.
    pub(super) fn there(&self, error: Error) -> Error {
        match error {
            Error::Damaged { object, why } => {
                Error::Damaged { object: format!("{}/{object}", self.to.location()), why }
            }
            error => error,
        }
    }

    fn count(&mut self, n_bytes: usize) -> Result<(), Error> {
        self.done.n_bytes += n_bytes as u64;
        self.tell(n_bytes)
    }

    fn tell(&mut self, n_bytes: usize) -> Result<(), Error> {
        self.n_bytes_done += n_bytes as u64;
        (self.progress)(self.n_bytes_done)
    }
}

/// Whether a copy cannot be opened because its identity is not there, or is none.
fn lacks_identity(error: &Error) -> bool {
    match error {
        Error::NoArchive { .. } => true,
        Error::Damaged { object, .. } => object == Journal::IDENTITY,
        _ => false,
    }
}
