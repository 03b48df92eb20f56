//! Packs that count and are lost, after all that they held was put again: they are condemned, so that nothing waits for
//! them any longer.
//!
//! Those are packs without which every content can be read. Each key that the journal speaks of lies in a pack that is
//! there, and so does what its frame rests on; what the catalog knows to have lain in the lost ones is read back before.

use std::collections::{BTreeSet, HashMap};

use crate::{
    archive::Archive,
    store::{
        frame::FrameKind,
        pack,
        place::{Place, Places as _},
    },
    types::{
        digest::{Digest, Key},
        error::Error,
        pack_id::PackId,
    },
};

/// A frame in a pack that is there.
struct PresentFrame {
    place: Place,
    keys: Vec<Key>,
    base: Option<Key>,
}

impl Archive {
    /// The packs that count and are missing, or cut off, and of which nothing is needed.
    pub(super) fn dispensable_packs(
        &self,
        counted: &BTreeSet<PackId>,
    ) -> Result<Vec<PackId>, Error> {
        let mut lost = Vec::new();
        for pack in counted {
            match pack::directory(&*self.home.backend, pack) {
                Err(Error::Damaged { .. }) => lost.push(*pack),
                listed => drop(listed?),
            }
        }
        if lost.is_empty() {
            return Ok(lost);
        }
        let mut frames = Vec::new();
        for pack in counted.iter().filter(|pack| !lost.contains(pack)) {
            self.each_frame(pack, |place, header, keys| {
                frames.push(PresentFrame { place, keys, base: header.base.map(|base| base.key) });
            })?;
        }
        match self.are_enough(&frames, &lost) {
            Ok(true) => Ok(lost),
            // What cannot be read is needed.
            Ok(false) | Err(Error::Damaged { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Whether these frames hold all that the journal speaks of.
    fn are_enough(&self, frames: &[PresentFrame], lost: &[PackId]) -> Result<bool, Error> {
        let needed = self.needed_keys()?;
        let readable = readable(frames);
        if !needed.iter().all(|key| readable.contains_key(key)) {
            return Ok(false);
        }
        for key in needed {
            let lay_there = self.catalog.places(key)?.iter().any(|it| lost.contains(&it.pack));
            let (place, index) = readable[&key];
            if lay_there && !self.reads_back(key, place, index)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn reads_back(&self, key: Key, place: &Place, index: usize) -> Result<bool, Error> {
        let frame = self.reader.frame(place)?;
        let blob = frame.blob(index as u16);
        // A list goes by the key of its content, and its frame has a checksum.
        let is_list = matches!(frame.header.kind, FrameKind::List);
        Ok(blob.is_some_and(|bytes| is_list || Digest::of(bytes).key() == key))
    }
}

/// Where each blob lies that these frames are enough to decode.
fn readable(frames: &[PresentFrame]) -> HashMap<Key, (&Place, usize)> {
    let mut readable = HashMap::new();
    let mut waiting: Vec<&PresentFrame> = frames.iter().collect();
    loop {
        let n_before = waiting.len();
        waiting.retain(|frame| {
            if frame.base.is_some_and(|base| !readable.contains_key(&base)) {
                return true;
            }
            for (index, key) in frame.keys.iter().enumerate() {
                readable.entry(*key).or_insert((&frame.place, index));
            }
            false
        });
        if waiting.len() == n_before {
            return readable;
        }
    }
}
