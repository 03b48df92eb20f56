//! Compacting: packs are written anew, smaller, and the old ones removed.
//!
//! Tidying moves the frames of packs that are mostly dead or small into new packs, as they are. A
//! whole rewriting compresses every blob again, in `recompress.rs`. Both follow one order: new packs,
//! sync; a commit that brings them and condemns the old ones; old packs removed, sync. Whoever commits has
//! read every commit before its own, so nobody relies on what is condemned. A crash leaves packs that no
//! commit speaks of, or condemned ones; the next compaction removes both.
//!
//! What must be kept is read from the journal: the catalog only says where it lies. If it leads astray, no
//! pack goes.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use tracing::debug;

use crate::{
    archive::{
        Archive, WriteContext,
        commit::{NewBatch, OTHERS},
    },
    catalog::{Batch, PackUsage},
    journal::{Draft, event::Event, merkle::tiles::Edge, note::Signer},
    store::{
        Frames as _, Repacker, Written,
        frame::{Base, FrameError, FrameKind, Header},
        pack,
        place::{Place, Places as _},
    },
    types::{
        digest::{Digest, Key},
        error::Error,
        limits,
        pack_id::{PackId, UploadIds},
    },
};

use super::{
    detach::{GoneBlobs, StandIns},
    keep, salvage,
};

pub use super::compacted::Compacted;
pub use crate::store::CompressionLevels;

/// So often another writer may be faster.
const TRIES_MAX: u64 = 5;
/// Finishing a withdrawal draws its names from these seeds on.
const WITHDRAWN_SEEDS: u64 = 1000;
/// A pack is mostly dead when less than this share of it is of use.
const LIVE_SHARE_MIN: f64 = 0.5;
/// A pack below this size is small,
const SMALL_PACK_BYTES: u64 = limits::PACK_BYTES_TARGET as u64 / 4;
/// and so many small ones are put together.
const SMALL_PACKS_MIN: usize = 8;

/// Which packs are written anew, and how.
#[derive(Debug, Clone, Copy)]
pub enum Policy {
    /// Those that are mostly dead, and small ones if there are many; frames move as they are.
    Tidy,
    /// All; every blob is compressed again, on so many threads.
    Rewrite(CompressionLevels, usize),
    /// Those that hold what was withdrawn, and those with frames that rest on it.
    Withdrawn,
}

impl Archive {
    /// Writes packs anew and removes the old ones. `progress` is called with the number of blobs done.
    ///
    /// `Damaged` when something cannot be read; then everything is as before.
    pub fn compact(
        &mut self,
        policy: Policy,
        signer: &Signer,
        context: WriteContext,
        who: &str,
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<Compacted, Error> {
        let (_lock, mut edge) = self.begin(signer, who)?;
        let mut finished = None;
        if self.withdrawal_left()?.is_some() {
            let done = self.finish_withdrawals((signer, &context), &mut edge, progress);
            let done = done.map_err(|error| self.unfinished(error))?;
            if let Some(remnant) = done.remnants.first() {
                let why = format!("it holds {}, though it was withdrawn", remnant.what);
                return Err(Error::damaged(&*remnant.place, why));
            }
            finished = Some(Compacted { n_details: done.n_details, ..done.compacted });
        }
        // What is named here is drawn from other randomness than what finishing a withdrawal names.
        let done = self.compact_in_turn(policy, (signer, &context), &mut edge, progress)?;
        Ok(finished.map_or(done, |finished| finished.and(&done)))
    }

    /// The same for whoever holds the lock.
    pub(super) fn compact_in_turn(
        &mut self,
        policy: Policy,
        (signer, context): (&Signer, &WriteContext),
        edge: &mut Edge,
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<Compacted, Error> {
        let mut is_renewed = false;
        let first = match policy {
            Policy::Withdrawn => WITHDRAWN_SEEDS,
            Policy::Tidy | Policy::Rewrite(..) => 0,
        };
        for n_tries in 0..=TRIES_MAX {
            let mut writing = CompactRun {
                n_attempt: first + n_tries,
                uploads: UploadIds::new(context.seed_for(2 * (first + n_tries))),
                signer,
                context,
                edge,
            };
            match self.compact_once(policy, &mut writing, progress) {
                Ok(Some(done)) => return Ok(done),
                Ok(None) => {}
                // Another writer took away what was being read.
                Err(Error::Catalog { .. } | Error::Damaged { .. }) if self.is_behind(edge)? => {}
                // What the catalog says of the packs is not so; or of contents, which are not where it says. One that
                // would know less than this one is not made for that.
                Err(error)
                    if !is_renewed
                        && may_be_misled(&error, policy)
                        && !self.has_last_words()? =>
                {
                    debug!(target: "catalog", "made anew: {error}");
                    self.renew()?;
                    *edge = self.edge()?;
                    is_renewed = true;
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::Busy { who: OTHERS.into() })
    }

    /// Whether the catalog knows what details said that cannot be read.
    fn has_last_words(&self) -> Result<bool, Error> {
        match self.home.catalog_files()? {
            Some(_) => Ok(keep::has_last_words(&self.journal, &self.catalog)),
            None => Ok(false),
        }
    }

    /// Whether other writers committed meanwhile; that is taken in.
    fn is_behind(&mut self, edge: &mut Edge) -> Result<bool, Error> {
        let known = self.journal.size();
        self.take_in_others(edge)?;
        Ok(self.journal.size() > known)
    }

    /// One attempt; none when another writer was faster.
    fn compact_once(
        &mut self,
        policy: Policy,
        run: &mut CompactRun,
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<Option<Compacted>, Error> {
        let all = self.catalog.pack_usages()?;
        // Before anything new is written: what does not count now was left by others.
        let mut changes = self.journal.pack_changes(0..self.journal.size())?;
        let idle = self.idle_packs(&changes)?;
        let lost = self.dispensable_packs(&changes.came)?;
        changes.came.retain(|pack| !lost.contains(pack));
        let (condemned, left): (Vec<PackId>, Vec<PackId>) =
            idle.keys().copied().partition(|pack| changes.went.contains(pack));
        let gone = match policy {
            Policy::Withdrawn => self.gone_blobs(&changes.came)?,
            Policy::Tidy | Policy::Rewrite(..) => GoneBlobs::default(),
        };
        let old = match policy {
            Policy::Withdrawn => gone.packs.clone(),
            policy => chosen(&all, &lost, policy),
        };
        let mut done = Compacted::of(&all, &old);
        let uploads = run.uploads.clone();
        let mut written = match policy {
            _ if old.is_empty() => Vec::new(),
            Policy::Tidy | Policy::Withdrawn => {
                self.moved(&changes.came, (&old, &gone), uploads, progress)?
            }
            Policy::Rewrite(levels, n_threads) => {
                self.rewritten(levels, n_threads, uploads, progress)?
            }
        };
        self.home.backend.sync()?;
        let is_same = written.len() == old.len()
            && written.iter().all(|new| old.iter().any(|old| old.digest == new.pack.digest));
        let mut went = old;
        if is_same {
            // They came out as they were: there is nothing to gain.
            done = Compacted::of(&all, &[]);
            went = written.drain(..).map(|new| new.pack).collect();
        } else {
            let bases = self.check_written(&written)?;
            self.check_complete(&changes.came, &written, &went, &bases)?;
        }
        went.extend(left);
        went.extend(&lost);
        if !self.condemn(run, &written, &went)? {
            return Ok(None);
        }
        self.reader.forget();
        for pack in went.iter().chain(&condemned) {
            self.home.backend.remove(&pack.object_name())?;
        }
        self.home.backend.sync()?;
        done.take_away(&all, &idle, &lost);
        done.n_packs_after += written.len() as u64;
        done.n_bytes_after += written.iter().map(|pack| pack.n_bytes).sum::<u64>();
        Ok(Some(done))
    }

    /// What a policy would write anew.
    pub fn compactable(&self, policy: Policy) -> Result<Compacted, Error> {
        let all = self.catalog.pack_usages()?;
        let changes = self.journal.pack_changes(0..self.journal.size())?;
        let (idle, lost) = (self.idle_packs(&changes)?, self.dispensable_packs(&changes.came)?);
        let mut done = Compacted::of(&all, &chosen(&all, &lost, policy));
        done.take_away(&all, &idle, &lost);
        Ok(done)
    }

    /// Commits that the new packs count and the others do not; whether no other writer was faster.
    fn condemn(
        &mut self,
        run: &mut CompactRun,
        written: &[Written],
        went: &[PackId],
    ) -> Result<bool, Error> {
        if written.is_empty() && went.is_empty() {
            return Ok(true);
        }
        let at = run.context.now;
        let came: Vec<PackId> = written.iter().map(|new| new.pack).collect();
        let mut drafts = Draft::packs(at, &came)?;
        drafts.extend(Draft::condemn(at, went)?);
        let closing = run.context.closing(run.n_attempt, drafts.len());
        let analysed = Batch::default();
        let batch = NewBatch { drafts: &drafts, closing, packs: written, analysed };
        let is_first = self.commit_batch(batch, run.edge, run.signer)?.is_some();
        if !is_first {
            self.take_in_others(run.edge)?;
        }
        Ok(is_first)
    }

    /// That no blob goes which the journal speaks of: each that lies in a pack that goes lies in one that
    /// stays or came. What a blob is needed for is read from the journal and from chunk lists. Nor may one
    /// go that is a base in the new packs.
    fn check_complete(
        &self,
        counted: &BTreeSet<PackId>,
        written: &[Written],
        went: &[PackId],
        bases: &HashSet<Key>,
    ) -> Result<(), Error> {
        let needed = self.needed_keys()?;
        let mut kept: HashSet<Key> =
            written.iter().flat_map(|new| new.places.iter().map(|(key, _)| *key)).collect();
        for pack in counted.iter().filter(|pack| !went.contains(pack)) {
            let listed = pack::directory(&*self.home.backend, pack)?;
            kept.extend(listed.iter().flat_map(|frame| &frame.keys));
        }
        if let Some(key) = bases.iter().find(|key| !kept.contains(key)) {
            let why = format!("it does not know of the blob {key}, on which others rest");
            return Err(Error::Catalog { why });
        }
        for pack in went {
            let listed = pack::directory(&*self.home.backend, pack)?;
            let mut keys = listed.iter().flat_map(|frame| &frame.keys);
            if let Some(key) = keys.find(|key| needed.contains(key) && !kept.contains(key)) {
                let why = format!("it does not know of the blob {key}, which a revision needs");
                return Err(Error::Catalog { why });
            }
        }
        Ok(())
    }

    /// The keys of all contents that are not withdrawn, and of the chunks of the large ones, as the journal has
    /// them.
    pub(super) fn needed_keys(&self) -> Result<HashSet<Key>, Error> {
        let withdrawn = self.journal.withdrawals(0..self.journal.size())?.contents;
        let mut keys = HashSet::new();
        for entry in self.journal.entries(0..self.journal.size()) {
            let entry = entry?;
            let Event::Revise(revise) = entry.event else { continue };
            if withdrawn.contains_key(&entry.index) {
                continue;
            }
            let is_large = revise.size > limits::BLOB_BYTES_MAX as u64;
            if keys.insert(revise.sha256.key()) && is_large {
                let chunks = self.reader.chunks(&revise.sha256)?.unwrap_or_default();
                keys.extend(chunks.iter().map(|chunk| chunk.digest.key()));
            }
        }
        Ok(keys)
    }

    /// Reads the new packs back: nothing is removed because of what is only in memory. Returns the bases of
    /// their frames.
    fn check_written(&self, written: &[Written]) -> Result<HashSet<Key>, Error> {
        let mut bases = HashSet::new();
        for new in written {
            let name = new.pack.object_name();
            let bytes = self.home.backend.read(&name, limits::PACK_BYTES_MAX as usize)?;
            let bytes = bytes.ok_or_else(|| Error::missing(&*name))?;
            if Digest::of(&bytes) != new.pack.digest {
                return Err(Error::damaged(&*name, "it does not read back as it was written"));
            }
            let damaged = |why: FrameError| Error::damaged(&*name, why.to_string());
            pack::check(&bytes).map_err(damaged)?;
            let each = |_, _, header: Header| bases.extend(header.base.map(|base| base.key));
            pack::each_header(&bytes, each).map_err(damaged)?;
        }
        Ok(bases)
    }

    /// Calls `each` with place, header and keys of every frame of a pack, by its directory.
    pub(super) fn each_frame(
        &self,
        pack: &PackId,
        mut each: impl FnMut(Place, Header, Vec<Key>),
    ) -> Result<(), Error> {
        let listed = pack::directory(&*self.home.backend, pack)?;
        let places: Vec<Place> = pack::places(*pack, &listed).map(|(_, place)| place).collect();
        let firsts = places.into_iter().filter(|place| place.index == 0);
        for (frame, place) in listed.into_iter().zip(firsts) {
            each(place, self.reader.frames().header(&place)?, frame.keys);
        }
        Ok(())
    }

    /// Moves what is alive in packs into new ones.
    fn moved(
        &self,
        counted: &BTreeSet<PackId>,
        (old, gone): (&[PackId], &GoneBlobs),
        uploads: UploadIds,
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<Vec<Written>, Error> {
        let chosen: HashSet<PackId> = old.iter().copied().collect();
        let (moved, needed) = (HashSet::new(), HashSet::new());
        let standing_in = StandIns::default();
        let mut moving = Moving { archive: self, chosen, moved, needed, gone, standing_in };
        let frames = moving.frames(old)?;
        moving.find_needed(&frames, counted)?;
        let mut repacker = Repacker::new(Arc::clone(&self.home.backend), uploads);
        let mut n_blobs = 0;
        for ((depth, place), frame) in frames {
            n_blobs += frame.keys.len() as u64;
            progress(n_blobs)?;
            moving.take(&mut repacker, (depth, place), frame)?;
        }
        repacker.finish()
    }
}

/// What a compaction needs to commit.
struct CompactRun<'a> {
    n_attempt: u64,
    uploads: UploadIds,
    signer: &'a Signer,
    context: &'a WriteContext,
    edge: &'a mut Edge,
}

/// What is known while frames move.
struct Moving<'a> {
    archive: &'a Archive,
    chosen: HashSet<PackId>,
    /// Of the blobs whose key has several places, those that lie in a new pack.
    moved: HashSet<Digest>,
    /// Bases of frames that move, and of those that stay.
    needed: HashSet<Key>,
    /// Blobs that must not be there any more.
    gone: &'a GoneBlobs,
    standing_in: StandIns,
}

/// A frame of an old pack.
struct OldFrame {
    keys: Vec<Key>,
    base: Option<Base>,
}

impl Moving<'_> {
    /// The frames of the old packs, those that lie least deep first: where a blob has several, the one
    /// that moves serves all that are attached to it.
    fn frames(&self, old: &[PackId]) -> Result<BTreeMap<(u8, Place), OldFrame>, Error> {
        let mut frames = BTreeMap::new();
        for pack in old {
            self.archive.each_frame(pack, |place, header, keys| {
                frames.insert((header.depth(), place), OldFrame { keys, base: header.base });
            })?;
        }
        Ok(frames)
    }

    /// Finds the bases that must not go. Those that no content has, as chunks of a file that could not be read
    /// to its end, may be the bases of frames that stay, and have such bases themselves.
    fn find_needed(
        &mut self,
        frames: &BTreeMap<(u8, Place), OldFrame>,
        counted: &BTreeSet<PackId>,
    ) -> Result<(), Error> {
        let mut dead = HashSet::new();
        for key in frames.values().flat_map(|frame| &frame.keys) {
            if !self.archive.catalog.is_live(*key)? {
                dead.insert(*key);
            }
        }
        let mut needed = HashSet::new();
        let staying = counted.iter().filter(|pack| !self.chosen.contains(pack));
        for pack in staying.filter(|_| !dead.is_empty()) {
            self.archive.each_frame(pack, |_, header, _| {
                needed.extend(header.base.map(|base| base.key).filter(|key| dead.contains(key)));
            })?;
        }
        // The deepest first: what needs a base comes before what the base needs.
        for OldFrame { keys, base } in frames.values().rev() {
            if keys.iter().any(|key| !dead.contains(key) || needed.contains(key)) {
                needed.extend(base.map(|base| base.key));
            }
        }
        needed.retain(|key| !self.gone.keys.contains(key));
        self.needed = needed;
        Ok(())
    }

    fn take(
        &mut self,
        to: &mut Repacker,
        (depth, place): (u8, Place),
        OldFrame { keys, base }: OldFrame,
    ) -> Result<(), Error> {
        let mut kept = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let index = index as u16;
            if self.must_move(*key, depth, &Place { index, ..place })? {
                kept.push((*key, index));
            }
        }
        let reader = &self.archive.reader;
        if kept.is_empty() {
            return Ok(());
        }
        let is_detached = base.is_some_and(|base| self.gone.keys.contains(&base.key));
        if let (Some(base), [key]) = (base.filter(|_| is_detached), &keys[..]) {
            let mut standing_in = std::mem::take(&mut self.standing_in);
            let is_of_use = |key| self.is_of_use(key);
            let of = (self.archive, self.gone);
            let done = standing_in.detach(of, &is_of_use, to, (*key, place, base));
            self.standing_in = standing_in;
            return done;
        }
        if kept.len() == keys.len() && !is_detached {
            return to.take(&reader.encoded(&place)?, keys);
        }
        let frame = reader.frame(&place)?;
        let blobs: Vec<(Key, &[u8])> =
            kept.iter().filter_map(|(key, index)| Some((*key, frame.blob(*index)?))).collect();
        to.take_some(&blobs)
    }

    /// Whether the blob at a place is of use, and no other place serves as well.
    ///
    /// Two blobs may share a key, so another place counts only if its bytes are the same.
    fn must_move(&mut self, key: Key, depth: u8, place: &Place) -> Result<bool, Error> {
        if !self.is_of_use(key)? {
            return Ok(false);
        }
        let places = self.archive.catalog.places(key)?;
        if places.len() < 2 {
            return Ok(true);
        }
        // What is attached to this copy must find another one no deeper.
        let is_no_deeper = |other: &&Place| {
            let header = self.archive.reader.frames().header(other);
            *other != place && header.is_ok_and(|header| header.depth() <= depth)
        };
        let mut others = places.iter().filter(is_no_deeper);
        match self.digest_at(place) {
            Ok(own) => {
                let is_same = |other: &Place| self.digest_at(other).is_ok_and(|it| it == own);
                let stays = |other: &Place| !self.chosen.contains(&other.pack) && is_same(other);
                Ok(!others.any(stays) && self.moved.insert(own))
            }
            // A damaged copy is left behind where nothing else can be meant than what a whole one is.
            Err(error) => {
                let is_clear = self.archive.catalog.n_contents_with(key)? < 2;
                match is_clear && others.any(|other| self.is_at(key, other)) {
                    true => Ok(false),
                    false => Err(error),
                }
            }
        }
    }

    fn is_of_use(&self, key: Key) -> Result<bool, Error> {
        Ok(self.needed.contains(&key) || self.archive.catalog.is_live(key)?)
    }

    /// Whether the bytes at a place are those of a blob with this key.
    fn is_at(&self, key: Key, place: &Place) -> bool {
        let reader = &self.archive.reader;
        let Ok(frame) = reader.frame(place) else { return false };
        let found = match frame.header.kind {
            FrameKind::List => salvage::content_of(reader, &frame.raw),
            _ => frame.blob(place.index).map(Digest::of),
        };
        found.is_some_and(|digest| digest.key() == key)
    }

    /// The SHA-256 of what is read from a place.
    fn digest_at(&self, place: &Place) -> Result<Digest, Error> {
        let frame = self.archive.reader.frame(place)?;
        let bytes = frame.blob(place.index).unwrap_or_default();
        Ok(Digest::of(bytes))
    }
}

/// Whether an attempt may have failed because of what the catalog says. A rewriting finds contents by it,
/// and takes about as long as making it anew does.
fn may_be_misled(error: &Error, policy: Policy) -> bool {
    match error {
        Error::Catalog { .. } => true,
        Error::Damaged { .. } => matches!(policy, Policy::Rewrite(..)),
        _ => false,
    }
}

/// The packs that a policy writes anew.
fn chosen(all: &[PackUsage], lost: &[PackId], policy: Policy) -> Vec<PackId> {
    let is_dead = |it: &PackUsage| (it.n_live_weight as f64) < LIVE_SHARE_MIN * it.n_weight as f64;
    let is_small = |it: &PackUsage| it.n_bytes < SMALL_PACK_BYTES;
    let n_small = all.iter().filter(|it| is_small(it)).count();
    let is_chosen = |it: &&PackUsage| match policy {
        Policy::Rewrite(..) => true,
        Policy::Withdrawn => false,
        Policy::Tidy => is_dead(it) || (n_small >= SMALL_PACKS_MIN && is_small(it)),
    };
    let chosen = all.iter().filter(is_chosen).map(|it| it.pack);
    chosen.filter(|pack| !lost.contains(pack)).collect()
}
