//! Compacting: packs are written anew, smaller, and the old ones removed.
//!
//! Tidying moves the frames of packs that are mostly dead or small into new packs, as they are. A
//! whole rewriting compresses every blob again, in `recompress.rs`. Both follow one order: new
//! packs, sync; the catalog, in one durable transaction; old packs removed, sync. A crash before the
//! catalog leaves packs that the next writer finds to hold nothing new; a crash after it leaves old
//! packs of which the same is true.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use crate::{
    archive::{Archive, ingest::transaction::row},
    catalog::{Pack, PackUsage},
    store::{
        Frames as _, Repacker, Written, pack, pack_name,
        place::{Place, Places as _},
    },
    types::{
        digest::{Digest, Key},
        error::Error,
        limits,
    },
};

pub use crate::store::CompressionLevels;

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
}

/// What compacting did, or would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Packs before.
    pub n_packs_before: u64,
    /// Their bytes.
    pub n_bytes_before: u64,
    /// How many of them were written anew.
    pub n_rewritten: u64,
    /// The bytes of those.
    pub n_bytes_rewritten: u64,
    /// Packs afterwards.
    pub n_packs_after: u64,
    /// Their bytes.
    pub n_bytes_after: u64,
}

impl Archive {
    /// Writes packs anew and removes the old ones. `progress` is called with the number of blobs done.
    ///
    /// `Damaged` when something cannot be read; then everything is as before.
    pub fn compact(
        &mut self,
        policy: Policy,
        who: &str,
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<Compacted, Error> {
        let _guard = self.take_lock(who)?;
        let all = self.catalog.pack_usages()?;
        let old = chosen(&all, policy);
        let mut done = Compacted::of(&all, &old);
        if old.is_empty() {
            return Ok(done);
        }
        let written = match policy {
            Policy::Tidy => self.moved(&old, progress)?,
            Policy::Rewrite(levels, n_threads) => self.rewritten(levels, n_threads, progress)?,
        };
        if written.iter().all(|pack| old.contains(&pack.pack)) && written.len() == old.len() {
            // They came out as they were: there is nothing to gain.
            return Ok(Compacted::of(&all, &[]));
        }
        // What an error leaves behind holds nothing that is not elsewhere: the next writer sweeps it.
        self.home.backend.sync()?;
        self.replace(&old, &written)?;
        done.n_packs_after += written.len() as u64;
        done.n_bytes_after += written.iter().map(|pack| pack.n_bytes).sum::<u64>();
        Ok(done)
    }

    /// What a policy would write anew.
    pub fn compactable(&self, policy: Policy) -> Result<Compacted, Error> {
        let all = self.catalog.pack_usages()?;
        Ok(Compacted::of(&all, &chosen(&all, policy)))
    }

    /// From here on the new packs count; only then are the old ones removed.
    fn replace(&mut self, old: &[Digest], written: &[Written]) -> Result<(), Error> {
        self.check_written(written)?;
        // A pack may come out as it was.
        let is_new = |pack: &Digest| !written.iter().any(|new| new.pack == *pack);
        let went: Vec<Digest> = old.iter().copied().filter(is_new).collect();
        let came: Vec<Pack> = written.iter().map(row).collect();
        self.catalog.replace_packs(&came, &went).map_err(|error| self.located(error))?;
        self.reader.forget();
        self.home.remove_other_catalog()?;
        for pack in &went {
            self.home.backend.remove(&pack_name(pack))?;
        }
        self.home.backend.sync()
    }

    /// Reads the new packs back: nothing is removed because of what is only in memory.
    fn check_written(&self, written: &[Written]) -> Result<(), Error> {
        for new in written {
            let name = pack_name(&new.pack);
            let bytes = self.home.backend.read(&name, limits::PACK_BYTES_MAX as usize)?;
            let bytes = bytes.ok_or_else(|| Error::damaged(&*name, "it is missing"))?;
            if Digest::of(&bytes) != new.pack {
                return Err(Error::damaged(&*name, "it does not read back as it was written"));
            }
            pack::check(&bytes).map_err(|why| Error::damaged(&*name, why.to_string()))?;
        }
        Ok(())
    }

    /// Moves what is alive in packs into new ones.
    fn moved(
        &self,
        old: &[Digest],
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<Vec<Written>, Error> {
        let chosen: HashSet<Digest> = old.iter().copied().collect();
        let (moved, needed) = (HashSet::new(), HashSet::new());
        let mut moving = Moving { archive: self, chosen, moved, needed };
        let frames = moving.frames(old)?;
        let mut repacker = Repacker::new(Arc::clone(&self.home.backend));
        let mut n_blobs = 0;
        for ((depth, place), keys) in frames {
            n_blobs += keys.len() as u64;
            progress(n_blobs)?;
            moving.take(&mut repacker, (depth, place), keys)?;
        }
        repacker.finish()
    }
}

/// What is known while frames move.
struct Moving<'a> {
    archive: &'a Archive,
    chosen: HashSet<Digest>,
    /// Of the blobs whose key has several places, those that lie in a new pack.
    moved: HashSet<Digest>,
    /// Bases of frames that move.
    needed: HashSet<Key>,
}

impl Moving<'_> {
    /// The frames of the old packs, those that lie least deep first: where a blob has several, the one
    /// that moves serves all that are attached to it.
    fn frames(&mut self, old: &[Digest]) -> Result<BTreeMap<(u8, Place), Vec<Key>>, Error> {
        let mut frames = BTreeMap::new();
        for pack in old {
            let listed = pack::directory(&*self.archive.home.backend, pack)?;
            let mut placed = pack::places(*pack, &listed);
            for frame in &listed {
                let Some((_, place)) = placed.nth(frame.keys.len() - 1) else { break };
                let place = Place { index: 0, ..place };
                let header = self.archive.reader.frames().header(&place)?;
                if self.is_wanted(&frame.keys)? {
                    self.needed.extend(header.base.map(|base| base.key));
                }
                frames.insert((header.depth(), place), frame.keys.clone());
            }
        }
        Ok(frames)
    }

    fn is_wanted(&self, keys: &[Key]) -> Result<bool, Error> {
        for key in keys {
            if self.archive.catalog.is_live(*key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn take(
        &mut self,
        to: &mut Repacker,
        (depth, place): (u8, Place),
        keys: Vec<Key>,
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
        if kept.len() == keys.len() {
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
        let is_of_use = self.needed.contains(&key) || self.archive.catalog.is_live(key)?;
        if !is_of_use {
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
                match is_clear && others.any(|other| self.archive.is_at(key, other)) {
                    true => Ok(false),
                    false => Err(error),
                }
            }
        }
    }

    /// The SHA-256 of what is read from a place.
    fn digest_at(&self, place: &Place) -> Result<Digest, Error> {
        let frame = self.archive.reader.frame(place)?;
        let bytes = frame.blob(place.index).unwrap_or_default();
        Ok(Digest::of(bytes))
    }
}

impl Compacted {
    /// Before anything is written.
    fn of(all: &[PackUsage], old: &[Digest]) -> Self {
        let is_old = |usage: &&PackUsage| old.contains(&usage.pack);
        let n_bytes =
            |pack_usages: &[PackUsage]| pack_usages.iter().map(|it| it.n_bytes).sum::<u64>();
        let rewritten: Vec<PackUsage> = all.iter().filter(is_old).copied().collect();
        let (n_packs, n_rewritten) = (all.len() as u64, rewritten.len() as u64);
        Self {
            n_packs_before: n_packs,
            n_bytes_before: n_bytes(all),
            n_rewritten,
            n_bytes_rewritten: n_bytes(&rewritten),
            n_packs_after: n_packs - n_rewritten,
            n_bytes_after: n_bytes(all) - n_bytes(&rewritten),
        }
    }
}

/// The packs that a policy writes anew.
fn chosen(all: &[PackUsage], policy: Policy) -> Vec<Digest> {
    let is_dead = |it: &PackUsage| (it.n_live_weight as f64) < LIVE_SHARE_MIN * it.n_weight as f64;
    let is_small = |it: &PackUsage| it.n_bytes < SMALL_PACK_BYTES;
    let n_small = all.iter().filter(|it| is_small(it)).count();
    let is_chosen = |it: &&PackUsage| match policy {
        Policy::Rewrite(..) => true,
        Policy::Tidy => is_dead(it) || (n_small >= SMALL_PACKS_MIN && is_small(it)),
    };
    all.iter().filter(is_chosen).map(|it| it.pack).collect()
}
