//! The audit of packs: each against its name, and every stored blob against the contents.

use std::collections::{BTreeSet, HashSet};

use crate::{
    catalog::Need,
    journal::{Journal, event::Event},
    store::pack::{self, Listed},
    types::{
        digest::{Digest, Key},
        error::Error,
        limits,
        pack_id::PackId,
    },
};

use super::{Auditor, Code, WorkDone};

/// What came of reading a pack, or its directory.
enum PackRead {
    /// Its frames.
    Frames(Vec<Listed>),
    /// It is not what its name says.
    Damaged,
    /// It is not there, or cannot be read.
    NotRead,
}

/// What was committed since the audit began.
pub(super) struct Meanwhile {
    journal: Journal,
    /// The number of events that are read of it.
    n_read: u64,
    /// The packs that they condemned.
    went: BTreeSet<PackId>,
}

impl Auditor<'_> {
    pub(super) fn packs(&mut self, is_quick: bool) -> Result<(), Error> {
        let found = self.counted.clone();
        let mut idle = Vec::new();
        for (n, name) in found.iter().enumerate() {
            let read = match is_quick {
                true => self.directory(name)?,
                false => self.pack(name)?,
            };
            self.report.n_packs += u64::from(!matches!(read, PackRead::NotRead));
            if let PackRead::Frames(frames) = read
                && self.n_idle(&frames, &HashSet::new())? > 0
            {
                idle.push(*name);
            }
            (self.progress)(WorkDone::Packs(n as u64));
        }
        self.leftovers()?;
        // Where a list cannot be read, any blob may be a chunk of it.
        if !idle.is_empty() && !self.unreadable.needs.contains(&Need::Lists) {
            self.idle(&idle)?;
        }
        Ok(())
    }

    /// Reads a pack as a whole, and compares it with its name; whether it was there to be read.
    pub(super) fn read_pack(&mut self, name: &PackId) -> Result<bool, Error> {
        Ok(!matches!(self.pack(name)?, PackRead::NotRead))
    }

    /// Reads a pack as a whole; it may be gone by now.
    fn pack(&mut self, name: &PackId) -> Result<PackRead, Error> {
        let object = name.object_name();
        let bytes = match self.archive.home.backend.read(&object, limits::PACK_BYTES_MAX as usize) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.missing(name)?;
                return Ok(PackRead::NotRead);
            }
            Err(error) => {
                error.denial().map_or(Ok(()), Err)?;
                self.damaged(name, error.to_string());
                return Ok(PackRead::NotRead);
            }
        };
        let found = Digest::of(&bytes);
        if found != name.digest {
            self.damaged(name, format!("its SHA-256 is {found}"));
        }
        match pack::check(&bytes) {
            Ok(frames) => Ok(PackRead::Frames(frames)),
            Err(why) => {
                if found == name.digest {
                    self.damaged(name, why.to_string());
                }
                Ok(PackRead::Damaged)
            }
        }
    }

    /// Reads the directory of a pack alone; it may be gone by now.
    fn directory(&mut self, name: &PackId) -> Result<PackRead, Error> {
        match pack::directory(&*self.archive.home.backend, name) {
            Ok(frames) => Ok(PackRead::Frames(frames)),
            Err(error @ (Error::Damaged { .. } | Error::Io { .. })) => {
                error.denial().map_or(Ok(()), Err)?;
                if matches!(self.archive.home.backend.size(&name.object_name()), Ok(None)) {
                    self.missing(name)?;
                    return Ok(PackRead::NotRead);
                }
                let (why, read) = match error {
                    Error::Damaged { why, .. } => (why, PackRead::Damaged),
                    error => (error.to_string(), PackRead::NotRead),
                };
                self.damaged(name, why);
                Ok(read)
            }
            Err(error) => Err(error),
        }
    }

    /// Packs that do not count and are there all the same.
    pub(super) fn leftovers(&mut self) -> Result<(), Error> {
        let now = self.archive.home.journal()?;
        let newer = now.pack_changes(self.archive.journal.size()..now.size())?;
        let mut left: Vec<PackId> = self.archive.stored_packs()?.into_keys().collect();
        left.retain(|pack| !self.counted.contains(pack) && !newer.came.contains(pack));
        if left.is_empty() {
            return Ok(());
        }
        let condemned = self.archive.journal.readable_pack_changes().went;
        for pack in left {
            self.resurrected_in(&pack)?;
            let why = match condemned.contains(&pack) || newer.went.contains(&pack) {
                true => "it was condemned, and is still there",
                false => "no commit speaks of it",
            };
            self.find(Code::BlobUnreferenced, pack.object_name(), why);
        }
        Ok(())
    }

    /// A pack that counts and is not there; one that was condemned meanwhile is not missed.
    fn missing(&mut self, name: &PackId) -> Result<(), Error> {
        if self.was_condemned_meanwhile(name)? {
            self.unreadable.add_pack(name);
            return Ok(());
        }
        self.damaged(name, "it is missing".into());
        Ok(())
    }

    /// Whether a commit after those audited condemned a pack. Each is read once, however many are missing.
    fn was_condemned_meanwhile(&mut self, name: &PackId) -> Result<bool, Error> {
        let now = match &mut self.now {
            Some(now) => now,
            none => none.insert(Meanwhile {
                journal: self.archive.home.journal()?,
                n_read: self.archive.journal.size(),
                went: BTreeSet::new(),
            }),
        };
        now.journal.refresh()?;
        if now.journal.size() > now.n_read {
            now.went.extend(now.journal.pack_changes(now.n_read..now.journal.size())?.went);
            now.n_read = now.journal.size();
        }
        Ok(now.went.contains(name))
    }

    fn damaged(&mut self, name: &PackId, why: String) {
        self.unreadable.add_pack(name);
        self.find(Code::PackDamaged, name.object_name(), why);
    }

    /// How many blobs of a pack belong to no content that the journal speaks of, nor to one of `newer`.
    fn n_idle(&self, frames: &[Listed], newer: &HashSet<Key>) -> Result<u64, Error> {
        let mut n_idle = 0;
        for key in frames.iter().flat_map(|frame| &frame.keys) {
            n_idle += u64::from(!newer.contains(key) && !self.projection.is_live(*key)?);
        }
        Ok(n_idle)
    }

    /// Names packs with blobs that are of no use, unless to what was committed since the audit began.
    fn idle(&mut self, packs: &[PackId]) -> Result<(), Error> {
        let Some(newer) = self.newer_keys()? else { return Ok(()) };
        for name in packs {
            let PackRead::Frames(frames) = self.directory(name)? else { continue };
            let n_idle = self.n_idle(&frames, &newer)?;
            if n_idle > 0 {
                let blobs = if n_idle == 1 { "blob that belongs" } else { "blobs that belong" };
                let why = format!("it holds {n_idle} {blobs} to no content");
                self.find(Code::BlobUnreferenced, name.object_name(), why);
            }
        }
        Ok(())
    }

    /// The keys of the blobs that events after those audited speak of; none when not all can be known.
    fn newer_keys(&self) -> Result<Option<HashSet<Key>>, Error> {
        let (mut keys, start) = (HashSet::new(), self.archive.journal.size());
        let Ok(journal) = self.archive.home.journal() else { return Ok(Some(keys)) };
        if journal.size() <= start {
            return Ok(Some(keys));
        }
        let reader = self.archive.reader_by(&self.look_again()?);
        for bundle in journal.examine(start..journal.size()) {
            for examined in bundle? {
                let Some(Event::Revise(revise)) = examined.event else { continue };
                keys.insert(revise.sha256.key());
                if revise.size > limits::BLOB_BYTES_MAX as u64 {
                    let Ok(Some(chunks)) = reader.chunks(&revise.sha256) else { return Ok(None) };
                    keys.extend(chunks.iter().map(|chunk| chunk.digest.key()));
                }
            }
        }
        Ok(Some(keys))
    }
}
