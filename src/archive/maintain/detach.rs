//! Detaching: what rests on blobs that must go is compressed against others first.
//!
//! Of the blobs that rest on one that goes the first one stands in for it: it is compressed against the nearest
//! base below that stays, or alone, and the others against it. What rests on these again stays as it is, because
//! none of them comes to lie deeper than before.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    rc::Rc,
};

use crate::{
    archive::Archive,
    store::{ChainLink, DecodedFrame, Repacker, frame::Base, pack, place::Place},
    types::{digest::Key, error::Error, limits, pack_id::PackId},
};

/// Blobs that must not be there any more.
#[derive(Default)]
pub struct GoneBlobs {
    /// Their keys; no content that stays has one of them.
    pub keys: HashSet<Key>,
    /// The packs that hold one, or a frame that rests on one.
    pub packs: Vec<PackId>,
    /// All keys that some frame rests on.
    bases: HashSet<Key>,
}

/// By the blob that goes: the one that stands in for it, and its bytes.
#[derive(Default)]
pub struct StandIns(HashMap<Key, (ChainLink, Rc<DecodedFrame>)>);

impl Archive {
    /// What lies in the packs that count and was withdrawn; with a large content all that is of no use, because
    /// its chunks are known by nothing else once its list is gone.
    pub(super) fn gone_blobs(&self, counted: &BTreeSet<PackId>) -> Result<GoneBlobs, Error> {
        let mut gone = GoneBlobs::default();
        let withdrawn = self.catalog.withdrawn_contents()?;
        if withdrawn.is_empty() {
            return Ok(gone);
        }
        let has_large = withdrawn.iter().any(|(_, n)| *n > limits::BLOB_BYTES_MAX as u64);
        let keys: HashSet<Key> = withdrawn.iter().map(|(digest, _)| digest.key()).collect();
        let mut held: Vec<(PackId, Vec<Key>, HashSet<Key>)> = Vec::new();
        for pack in counted {
            let listed = pack::directory(&*self.home.backend, pack)?;
            let mut here = Vec::new();
            for key in listed.iter().flat_map(|frame| &frame.keys) {
                if (has_large || keys.contains(key)) && !self.catalog.is_live(*key)? {
                    here.push(*key);
                }
            }
            held.push((*pack, here, self.bases_in(pack)?));
        }
        gone.keys = held.iter().flat_map(|(_, keys, _)| keys).copied().collect();
        for (pack, keys, bases) in held {
            if !keys.is_empty() || bases.iter().any(|base| gone.keys.contains(base)) {
                gone.packs.push(pack);
            }
            gone.bases.extend(bases);
        }
        Ok(gone)
    }

    /// The keys that frames of a pack rest on.
    fn bases_in(&self, pack: &PackId) -> Result<HashSet<Key>, Error> {
        let name = pack.object_name();
        let bytes = self.home.backend.read(&name, limits::PACK_BYTES_MAX as usize)?;
        let bytes = bytes.ok_or_else(|| Error::missing(&*name))?;
        let mut bases = HashSet::new();
        pack::each_header(&bytes, |_, _, header| bases.extend(header.base.map(|base| base.key)))
            .map_err(|why| Error::damaged(name, why.to_string()))?;
        Ok(bases)
    }
}

impl StandIns {
    /// Takes over the one blob of a frame whose base goes; `is_of_use` says which blobs stay.
    pub fn detach(
        &mut self,
        (archive, gone): (&Archive, &GoneBlobs),
        is_of_use: &dyn Fn(Key) -> Result<bool, Error>,
        to: &mut Repacker,
        (key, place, old): (Key, Place, Base),
    ) -> Result<(), Error> {
        let frame = archive.reader.frame(&place)?;
        let (raw, kind) = (&frame.raw, frame.header.kind);
        let is_base = gone.bases.contains(&key);
        // What rests on this blob states how deep it lies, and what is decoded to read it.
        let fits = |link: &ChainLink| {
            let new = link.describe(raw.len(), false);
            let is_no_deeper = new.depth <= old.depth && new.decoded_bytes <= old.decoded_bytes;
            link.has_room(raw.len()) && (is_no_deeper || !is_base)
        };
        if let Some((link, bytes)) = self.0.get(&old.key)
            && fits(link)
        {
            to.take_anew((key, kind), raw, Some((*link, &bytes.raw)))?;
            return Ok(());
        }
        let below = base_below(archive, gone, is_of_use, (key, &place))?;
        let below = below.filter(|(link, _)| fits(link));
        let base = below.as_ref().map(|(link, bytes)| (*link, &bytes[..]));
        let link = to.take_anew((key, kind), raw, base)?;
        self.0.entry(old.key).or_insert((link, Rc::clone(&frame)));
        Ok(())
    }
}

/// The nearest base below a blob that stays, and its bytes.
fn base_below(
    archive: &Archive,
    gone: &GoneBlobs,
    is_of_use: &dyn Fn(Key) -> Result<bool, Error>,
    (key, place): (Key, &Place),
) -> Result<Option<(ChainLink, Vec<u8>)>, Error> {
    for step in archive.reader.chain_at(key, place)?.iter().skip(1) {
        if gone.keys.contains(&step.key) || !is_of_use(step.key)? {
            continue;
        }
        let frame = archive.reader.frame(&step.place)?;
        let bytes = frame.blob(step.place.index).map(<[u8]>::to_vec);
        return Ok(bytes.map(|bytes| (step.link(), bytes)));
    }
    Ok(None)
}
