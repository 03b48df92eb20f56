//! Sweeping: packs that an interrupted transaction or compaction left behind, and nothing else.
//!
//! The catalog alone cannot condemn a pack: it is an opinion, and a pack may hold facts. A pack that
//! the catalog does not know is looked up in the journal itself, and removed only when no content
//! of any event, no chunk of a large content and no base lies in it, or all of them lie elsewhere too.

use std::collections::HashSet;

use crate::{
    archive::Archive,
    journal::event::Event,
    store::{
        frame::FrameKind,
        pack, pack_name,
        place::{Place, Places as _},
    },
    types::{
        digest::{Digest, Key},
        error::Error,
        limits,
    },
};

use super::{rebuild, salvage};

impl Archive {
    /// Removes packs of transactions that were never committed.
    pub(in crate::archive) fn sweep(&self) -> Result<(), Error> {
        let known: HashSet<Digest> = self.catalog.packs()?.into_iter().collect();
        let found = rebuild::packs(&*self.home.backend)?;
        for unknown in found.into_iter().filter(|pack| !known.contains(pack)) {
            // A pack that cannot be read may still matter; the audit names it.
            let Ok(frames) = pack::directory(&*self.home.backend, &unknown) else { continue };
            let keys: HashSet<Key> = frames.iter().flat_map(|frame| &frame.keys).copied().collect();
            if !self.is_held(&keys)? && self.is_wanted(&keys)? {
                rebuild::apply_pack(&*self.home.backend, &self.catalog, unknown, &frames)?;
            } else {
                self.home.backend.remove(&pack_name(&unknown))?;
            }
        }
        self.home.backend.sync()
    }

    /// Whether all of this can be read from known packs: then the pack is what an interrupted
    /// compaction left, the new one or the old. Everything is decoded and hashed, since a pack may be
    /// gone for good after this.
    fn is_held(&self, keys: &HashSet<Key>) -> Result<bool, Error> {
        for key in keys {
            let places = self.catalog.places(*key)?;
            if !places.iter().any(|place| self.is_at(*key, place)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the bytes at a place are those of a blob with this key.
    pub(in crate::archive) fn is_at(&self, key: Key, place: &Place) -> bool {
        let Ok(frame) = self.reader.frame(place) else { return false };
        let found = match frame.header.kind {
            FrameKind::List => salvage::content_of(&self.reader, &frame.raw),
            _ => frame.blob(place.index).map(Digest::of),
        };
        found.is_some_and(|digest| digest.key() == key)
    }

    /// Whether the journal speaks of any of these keys, or a content that it speaks of is made of
    /// them.
    fn is_wanted(&self, keys: &HashSet<Key>) -> Result<bool, Error> {
        for entry in self.journal.entries(0..self.journal.size()) {
            let Event::Revise(revise) = entry?.event else { continue };
            if keys.contains(&revise.sha256.key()) {
                return Ok(true);
            }
            if revise.size <= limits::BLOB_BYTES_MAX as u64 {
                continue;
            }
            // Where a list cannot be read, any pack may hold its chunks.
            let Ok(Some(chunks)) = self.reader.chunks(&revise.sha256) else { return Ok(true) };
            if chunks.iter().any(|chunk| keys.contains(&chunk.digest.key())) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
