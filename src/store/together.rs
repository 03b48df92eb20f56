//! Reading bases of many small blobs together, so that each solid frame under them is decoded once.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use crate::types::{
    digest::{Digest, Key},
    error::Error,
    limits,
};

use super::{
    cache::DecodedFrame,
    chain::ChainLink,
    frame::Base,
    place::Place,
    read::{EncodedFrame, FoundFrame, Frames, Reader, describe, nowhere},
    solid::SMALL_BYTES_MAX,
};

/// So many solid frames are known by their headers.
const ROOTS_MAX: usize = 1 << 14;

/// How a blob is reached.
struct BlobPath {
    wanted: Place,
    /// Its frame and those under it that have a base, from above.
    above: Vec<EncodedFrame>,
    /// Where the blob lies that is decoded first.
    root: Place,
}

impl<F: Frames> Reader<F> {
    /// What counts of a blob that another may be attached to, as its header states it; and where it lies, if it
    /// is small.
    pub fn first_link(&self, key: Key) -> Result<(ChainLink, Option<Place>), Error> {
        let place = self.first_place(key)?;
        let (link, is_small) = self.link_at(key, &place)?;
        Ok((link, is_small.then_some(place)))
    }

    /// The same of a blob at a place.
    fn link_at(&self, key: Key, place: &Place) -> Result<(ChainLink, bool), Error> {
        let at = (place.pack, place.offset);
        if let Some(link) = self.roots.borrow().get(&at) {
            return Ok((ChainLink { key, ..*link }, true));
        }
        let cached = self.cache.borrow_mut().get(&at);
        let header = match cached {
            Some(frame) => frame.header.clone(),
            None => self.frames.header(place)?,
        };
        let link = ChainLink::of(key, &header);
        let is_shared = header.lengths.len() > 1;
        if is_shared && header.base.is_none() {
            let mut roots = self.roots.borrow_mut();
            if roots.len() >= ROOTS_MAX {
                roots.clear();
            }
            roots.insert(at, link);
        }
        Ok((link, is_shared || header.n_raw() <= SMALL_BYTES_MAX))
    }

    /// The blobs with these digests, as [`Self::unverified_together`] reads them, without those that are not what they
    /// should be.
    pub fn small_together(&self, digests: &[Digest]) -> HashMap<Digest, Arc<Vec<u8>>> {
        let mut places = HashMap::with_capacity(digests.len());
        for digest in digests {
            if let Ok(place) = self.first_place(digest.key()) {
                places.insert(*digest, place);
            }
        }
        let mut distinct: Vec<Place> = places.values().copied().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let found = self.unverified_together(&distinct);
        let read = places.into_iter().filter_map(|(digest, place)| {
            let bytes = found.get(&place).filter(|bytes| Digest::of(bytes) == digest)?;
            Some((digest, Arc::clone(bytes)))
        });
        read.collect()
    }

    /// The blobs at places, not verified: each solid frame that leads to some of them is decoded once, and no
    /// further than it has to be. What cannot be read is missing.
    pub fn unverified_together(&self, places: &[Place]) -> HashMap<Place, Arc<Vec<u8>>> {
        let mut paths: Vec<BlobPath> =
            places.iter().filter_map(|place| self.path_to(place).ok()).collect();
        paths.sort_unstable_by_key(|path| path.root);
        let mut found = HashMap::with_capacity(paths.len());
        let frame_at = |path: &BlobPath| (path.root.pack, path.root.offset);
        for paths in paths.chunk_by(|x, y| frame_at(x) == frame_at(y)) {
            let Some(root) = paths.last().and_then(|last| self.decode_up_to(&last.root).ok())
            else {
                continue;
            };
            let blobs =
                paths.iter().filter_map(|path| Some((path.wanted, self.follow(path, &root)?)));
            found.extend(blobs.map(|(wanted, blob)| (wanted, Arc::new(blob))));
        }
        found
    }

    /// The way to a blob, taking one place of each base.
    fn path_to(&self, wanted: &Place) -> Result<BlobPath, Error> {
        let mut path = BlobPath { wanted: *wanted, above: Vec::new(), root: *wanted };
        while !self.roots.borrow().contains_key(&(path.root.pack, path.root.offset))
            && let FoundFrame::Encoded(encoded) = self.find(&path.root)?
            && let Some(base) = encoded.header.base
        {
            // Depth falls with every base; the bound is for headers that lie.
            if path.above.len() > usize::from(limits::DEPTH_MAX) {
                return Err(Error::damaged(describe(wanted), "it lies deeper than stated"));
            }
            path.root = self.base_place(&path.root, &base)?;
            path.above.push(encoded);
        }
        Ok(path)
    }

    /// Where the base of the frame at `above` lies, by the headers there.
    fn base_place(&self, above: &Place, base: &Base) -> Result<Place, Error> {
        let is_less_deep = |place: &Place| {
            self.link_at(base.key, place).is_ok_and(|(link, _)| link.depth < base.depth)
        };
        self.base_places(above, base)?
            .into_iter()
            .find(is_less_deep)
            .ok_or_else(|| nowhere(base.key))
    }

    /// The blob at the end of a path whose root is decoded.
    fn follow(&self, path: &BlobPath, root: &DecodedFrame) -> Option<Vec<u8>> {
        let mut blob = root.blob(path.root.index)?.to_vec();
        for encoded in path.above.iter().rev() {
            let frame = self.unpack(encoded, Some(&blob)).ok()?;
            blob = frame.blob(encoded.place.index)?.to_vec();
        }
        Some(blob)
    }

    /// The frame at a place, as far as the blob there reaches; all of it where it is not packed or has a base.
    fn decode_up_to(&self, last: &Place) -> Result<Rc<DecodedFrame>, Error> {
        let encoded = match self.find(last)? {
            FoundFrame::Decoded(_, frame) => return Ok(frame),
            FoundFrame::Encoded(encoded) => encoded,
        };
        let EncodedFrame { header, payload, bytes, .. } = encoded;
        let Some(stretch) = header.stretch(last.index).filter(|_| header.is_beginning_readable())
        else {
            return self.decode_by_way(last, false);
        };
        let mut unpacker = self.unpacker.borrow_mut();
        let raw = unpacker.unpack_beginning(&bytes[payload], header.n_raw(), stretch.end);
        let raw = raw.map_err(|why| Error::damaged(describe(last), why.to_string()))?;
        Ok(Rc::new(DecodedFrame { header, raw }))
    }
}
