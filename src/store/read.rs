//! Reading: from a digest to bytes that have that digest.

use std::{cell::RefCell, collections::HashMap, ops::Range, rc::Rc};

use crate::types::{
    digest::{Digest, Key},
    error::Error,
    limits,
    pack_id::PackId,
};

use super::{
    cache::{Cache, DecodedFrame},
    chain::ChainLink,
    frame::{self, Base, Header},
    order,
    payload::Unpacker,
    place::Place,
};

/// Bytes of decoded frames that a reader keeps,
const CACHE_BYTES: usize = 24 << 20;
/// and of those that are damaged: most of a solid frame's blobs are asked for one after the other.
const REMAINS_BYTES: usize = 4 * limits::SOLID_BYTES_MAX;
/// So many blobs that share a key are distinguished.
const VARIANTS_MAX: usize = 16;

/// Where frames come from: sealed packs, or the pack that is being written.
pub trait Frames {
    /// Every known place of a key, the likeliest first.
    fn places(&self, key: Key) -> Result<Vec<Place>, Error>;
    /// From now on, places are those of now. An error says what else could not be looked into.
    fn refresh(&self) -> Result<(), Error> {
        Ok(())
    }
    /// The bytes of the frame at a place.
    fn frame(&self, place: &Place) -> Result<Vec<u8>, Error>;
    /// Its header alone: enough to know how it lies, and not verified.
    fn header(&self, place: &Place) -> Result<Header, Error>;
}

/// Reads blobs and contents, and hands out only what has the right SHA-256.
pub struct Reader<F> {
    pub(super) frames: F,
    pub(super) cache: RefCell<Cache<(PackId, u32), Rc<DecodedFrame>>>,
    /// What can be decoded of frames without a base whose checksum does not fit.
    remains: RefCell<Cache<(PackId, u32), Rc<DecodedFrame>>>,
    pub(super) unpacker: RefCell<Unpacker>,
    /// Solid frames whose header was read: what counts of each of their blobs, but for the key.
    pub(super) roots: RefCell<HashMap<(PackId, u32), ChainLink>>,
}

/// One blob of a chain, as its frame lies in a pack.
#[derive(Debug, Clone)]
pub struct ChainStep {
    /// Of the blob itself, whichever others share its frame.
    pub key: Key,
    /// Where it lies.
    pub place: Place,
    /// Its frame's header.
    pub header: Header,
}

impl ChainStep {
    /// What counts of it for a blob that is to be attached to it.
    pub fn link(&self) -> ChainLink {
        ChainLink::of(self.key, &self.header)
    }
}

/// A frame as it lies in a pack.
pub(super) struct EncodedFrame {
    pub place: Place,
    pub bytes: Vec<u8>,
    pub header: Header,
    pub payload: Range<usize>,
}

/// A frame that was found.
pub(super) enum FoundFrame {
    Decoded(Place, Rc<DecodedFrame>),
    Encoded(EncodedFrame),
}

impl FoundFrame {
    fn header(&self) -> &Header {
        match self {
            Self::Decoded(_, frame) => &frame.header,
            Self::Encoded(encoded) => &encoded.header,
        }
    }

    fn step(&self, key: Key) -> ChainStep {
        let place = match self {
            Self::Decoded(place, _) => *place,
            Self::Encoded(encoded) => encoded.place,
        };
        ChainStep { key, place, header: self.header().clone() }
    }
}

impl<F: Frames> Reader<F> {
    /// Starts with an empty cache.
    pub fn new(frames: F) -> Self {
        Self {
            frames,
            cache: RefCell::new(Cache::new(CACHE_BYTES)),
            remains: RefCell::new(Cache::new(REMAINS_BYTES)),
            unpacker: RefCell::default(),
            roots: RefCell::default(),
        }
    }

    /// The frames read from.
    pub fn frames(&self) -> &F {
        &self.frames
    }

    /// The frames read from, to be changed.
    pub fn frames_mut(&mut self) -> &mut F {
        &mut self.frames
    }

    /// Forgets decoded frames, because places have changed.
    pub fn forget(&self) {
        self.cache.borrow_mut().clear();
        self.remains.borrow_mut().clear();
        self.roots.borrow_mut().clear();
    }

    /// The blob with this digest. One that is missing or whose bytes are wrong is `Damaged`.
    pub fn blob(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        self.with_blob(digest, <[u8]>::to_vec)
    }

    /// The length of the blob with this digest, once its bytes were compared: those at a place that is known, or
    /// where they are not there, those at any.
    pub fn verified_length(&self, digest: &Digest, place: Option<Place>) -> Result<usize, Error> {
        match place.map(|place| self.blob_at(digest, &place, <[u8]>::len)) {
            Some(Ok(Some(n_bytes))) => Ok(n_bytes),
            _ => self.with_blob(digest, <[u8]>::len),
        }
    }

    /// What `take` makes of the blob with this digest.
    fn with_blob<T>(&self, digest: &Digest, take: fn(&[u8]) -> T) -> Result<T, Error> {
        // What lay in a pack that was compacted away meanwhile lies elsewhere by now.
        self.blob_as_placed(digest, take).or_else(|_| {
            let looked = self.frames.refresh();
            self.blob_as_placed(digest, take).map_err(|why| looked.err().unwrap_or(why))
        })
    }

    /// A blob of which nothing beside it is asked for next: of a solid frame no more is decoded than leads
    /// to it.
    pub fn lone_blob(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        let place = self.frames.places(digest.key())?.into_iter().next();
        let found = place.and_then(|place| self.blob_beside_others(&place).ok().flatten());
        match found.filter(|bytes| Digest::of(bytes) == *digest) {
            Some(bytes) => Ok(bytes),
            None => self.blob(digest),
        }
    }

    /// A blob of a solid frame that has not been decoded.
    fn blob_beside_others(&self, place: &Place) -> Result<Option<Vec<u8>>, Error> {
        let FoundFrame::Encoded(EncodedFrame { header, payload, bytes, .. }) = self.find(place)?
        else {
            return Ok(None);
        };
        let is_apart = header.is_beginning_readable() && header.lengths.len() > 1;
        let Some(stretch) = header.stretch(place.index).filter(|_| is_apart) else {
            return Ok(None);
        };
        let (mut unpacker, payload) = (self.unpacker.borrow_mut(), &bytes[payload]);
        let unpacked = unpacker.unpack_beginning(payload, header.n_raw(), stretch.end);
        let raw = unpacked.map_err(|why| Error::damaged(describe(place), why.to_string()))?;
        Ok(raw.get(stretch).map(<[u8]>::to_vec))
    }

    /// What `take` makes of the blob at a place, if it has this digest.
    fn blob_at<T>(
        &self,
        digest: &Digest,
        place: &Place,
        take: fn(&[u8]) -> T,
    ) -> Result<Option<T>, Error> {
        let frame = self.decode(place)?;
        Ok(frame.blob(place.index).filter(|bytes| Digest::of(bytes) == *digest).map(take))
    }

    fn blob_as_placed<T>(&self, digest: &Digest, take: fn(&[u8]) -> T) -> Result<T, Error> {
        let places = self.frames.places(digest.key())?;
        let (mut why, mut denial) = ("it is in no pack".to_owned(), None);
        for place in &places {
            match self.blob_at(digest, place, take) {
                Ok(Some(taken)) => return Ok(taken),
                Ok(None) => why = format!("its bytes in pack {} are wrong", place.pack),
                Err(error) => {
                    denial = denial.or_else(|| error.denial());
                    why = error.to_string();
                }
            }
        }
        // A base may have several places too, and decoding took one of each; and of a frame whose checksum
        // does not fit, this blob may still be right.
        let mut tried = HashMap::new();
        for place in &places {
            let found = self.decode_patiently(place, &mut tried);
            if let Some(bytes) = found.into_iter().find(|bytes| Digest::of(bytes) == *digest) {
                return Ok(take(&bytes));
            }
        }
        // What may not be read may be right.
        Err(denial.unwrap_or_else(|| Error::damaged(format!("blob {digest}"), why)))
    }

    /// The frame headers from a blob down to the root of its chain; empty when it is nowhere.
    ///
    /// The checksum of every frame has been compared when this returns.
    pub fn chain(&self, key: Key) -> Result<Vec<ChainStep>, Error> {
        match self.frames.places(key)?.first() {
            Some(place) => self.chain_at(key, place),
            None => Ok(Vec::new()),
        }
    }

    /// The same for the blob at one of its places.
    pub fn chain_at(&self, key: Key, place: &Place) -> Result<Vec<ChainStep>, Error> {
        let mut steps: Vec<ChainStep> = Vec::new();
        let mut next = Some(self.find(place)?.step(key));
        while let Some(step) = next {
            next = match step.header.base {
                Some(base) => Some(self.find_base(&step.place, &base)?.step(base.key)),
                None => None,
            };
            steps.push(step);
        }
        Ok(steps)
    }

    /// Whether a blob can be read from one of its places by frames that all have the right checksum.
    pub fn has_whole_chain(&self, key: Key, places: &[Place]) -> bool {
        places.iter().any(|place| self.chain_at(key, place).is_ok())
    }

    /// The bytes of the frame at a place, its checksum compared.
    pub fn encoded(&self, place: &Place) -> Result<Vec<u8>, Error> {
        Ok(self.load(place)?.bytes)
    }

    /// Where a blob is read from first, and the header there, not verified: enough to know how it lies.
    pub fn first_step(&self, key: Key) -> Result<ChainStep, Error> {
        let place = self.first_place(key)?;
        let cached = self.cache.borrow_mut().get(&(place.pack, place.offset));
        let header = match cached {
            Some(frame) => frame.header.clone(),
            None => self.frames.header(&place)?,
        };
        Ok(ChainStep { key, place, header })
    }

    /// The bytes of a blob, from its first place and not verified.
    ///
    /// Good enough for a base: what is compressed against it is verified when it is read.
    pub fn unverified(&self, key: Key) -> Result<Vec<u8>, Error> {
        let place = self.first_place(key)?;
        let frame = self.decode_by_way(&place, false)?;
        let blob = frame.blob(place.index).ok_or_else(|| no_blob_at(&place))?;
        Ok(blob.to_vec())
    }

    pub(super) fn first_place(&self, key: Key) -> Result<Place, Error> {
        self.frames.places(key)?.first().copied().ok_or_else(|| nowhere(key))
    }

    /// In which order these blobs are best read, as numbers of them: each frame is then decoded once.
    pub fn reading_order(&self, blobs: &[(Key, Place)]) -> Vec<usize> {
        order::reading_order(blobs, |place| self.frames.header(place).ok())
    }

    /// The decoded frame at a place, not verified: for whoever wants to know what it holds.
    pub fn frame(&self, place: &Place) -> Result<Rc<DecodedFrame>, Error> {
        self.decode(place)
    }

    /// The frame at a place, decoded if it was used lately.
    pub(super) fn find(&self, place: &Place) -> Result<FoundFrame, Error> {
        if let Some(decoded) = self.cache.borrow_mut().get(&(place.pack, place.offset)) {
            return Ok(FoundFrame::Decoded(*place, decoded));
        }
        self.load(place).map(FoundFrame::Encoded)
    }

    /// The frame at a place, its checksum compared.
    fn load(&self, place: &Place) -> Result<EncodedFrame, Error> {
        let bytes = self.frames.frame(place)?;
        let parsed = frame::parse(&bytes);
        let (header, payload, n_bytes) =
            parsed.map_err(|why| Error::damaged(describe(place), why.to_string()))?;
        let payload = n_bytes - payload.len()..n_bytes;
        Ok(EncodedFrame { place: *place, header, payload, bytes })
    }

    /// The frame at a place, whether its checksum fits or not.
    fn load_anyhow(&self, place: &Place) -> Result<EncodedFrame, Error> {
        let bytes = self.frames.frame(place)?;
        let parsed = frame::parse(&bytes)
            .map(|(header, payload, _)| (header, payload))
            .or_else(|_| frame::parse_damaged(&bytes));
        let (header, payload) =
            parsed.map_err(|why| Error::damaged(describe(place), why.to_string()))?;
        let payload = bytes.len() - payload.len()..bytes.len();
        Ok(EncodedFrame { place: *place, header, payload, bytes })
    }

    /// The base of the frame at `above`.
    ///
    /// A base may have several places, at different depths. Only one less deep than the frame above
    /// counts, so that no chain leads in a circle; the same pack is preferred.
    fn find_base(&self, above: &Place, base: &Base) -> Result<FoundFrame, Error> {
        let (mut why, mut denial) = (nowhere(base.key), None);
        for place in self.base_places(above, base)? {
            match self.find(&place) {
                Ok(found) if found.header().depth() < base.depth => return Ok(found),
                Ok(_) => why = Error::damaged(describe(&place), "it lies deeper than stated"),
                Err(error) => {
                    denial = denial.or_else(|| error.denial());
                    why = error;
                }
            }
        }
        Err(denial.unwrap_or(why))
    }

    pub(super) fn base_places(&self, above: &Place, base: &Base) -> Result<Vec<Place>, Error> {
        let mut places = self.frames.places(base.key)?;
        places.sort_by_key(|place| place.pack != above.pack);
        Ok(places)
    }

    fn decode(&self, place: &Place) -> Result<Rc<DecodedFrame>, Error> {
        self.decode_by_way(place, true)
    }

    /// Decodes a frame by way of its bases, taking one place of each; whether these are kept in the
    /// cache is up to the caller.
    ///
    /// Down to the first base that is decoded already, or has none, and back up; a loop, since the
    /// chain's length comes from disk. Depth falls with every base, so the way down ends.
    pub(super) fn decode_by_way(
        &self,
        place: &Place,
        keeps_bases: bool,
    ) -> Result<Rc<DecodedFrame>, Error> {
        let mut above: Vec<EncodedFrame> = Vec::new();
        let mut next = self.find(place)?;
        let mut below: Option<(Place, Rc<DecodedFrame>)> = loop {
            match next {
                FoundFrame::Decoded(place, frame) => break Some((place, frame)),
                FoundFrame::Encoded(encoded) => {
                    let (place, base) = (encoded.place, encoded.header.base);
                    above.push(encoded);
                    let Some(base) = base else { break None };
                    next = self.find_base(&place, &base)?;
                }
            }
        };
        while let Some(encoded) = above.pop() {
            let place = encoded.place;
            let base = match &below {
                Some((at, frame)) => Some(frame.blob(at.index).ok_or_else(|| no_blob_at(at))?),
                None => None,
            };
            let frame = Rc::new(self.unpack(&encoded, base)?);
            if keeps_bases || above.is_empty() {
                let (at, n_bytes) = ((place.pack, place.offset), frame.raw.len());
                self.cache.borrow_mut().put(at, Rc::clone(&frame), n_bytes);
            }
            below = Some((place, frame));
        }
        below.map(|(_, frame)| frame).ok_or_else(|| no_blob_at(place))
    }

    pub(super) fn unpack(
        &self,
        encoded: &EncodedFrame,
        base: Option<&[u8]>,
    ) -> Result<DecodedFrame, Error> {
        let EncodedFrame { place, bytes, header, payload } = encoded;
        let payload = &bytes[payload.clone()];
        let raw = match header.packed {
            false => payload.to_vec(),
            true => {
                let unpacked = self.unpacker.borrow_mut().unpack(payload, base, header.n_raw());
                unpacked.map_err(|why| Error::damaged(describe(place), why.to_string()))?
            }
        };
        Ok(DecodedFrame { header: header.clone(), raw })
    }

    /// As much of a frame as can be decoded.
    fn unpack_leading(&self, encoded: &EncodedFrame, base: Option<&[u8]>) -> DecodedFrame {
        let EncodedFrame { bytes, header, payload, .. } = encoded;
        let (header, payload) = (header.clone(), &bytes[payload.clone()]);
        let raw = match header.packed {
            false => payload.to_vec(),
            true => self.unpacker.borrow_mut().unpack_leading(payload, base, header.n_raw()),
        };
        DecodedFrame { header, raw }
    }

    /// What can be decoded of the frame at a place, whatever its checksum says; none of one with a base.
    ///
    /// Nothing of it is verified, and some may be missing.
    pub fn remains(&self, place: &Place) -> Option<Rc<DecodedFrame>> {
        if let Some(frame) = self.remains.borrow_mut().get(&(place.pack, place.offset)) {
            return Some(frame);
        }
        let encoded = self.load_anyhow(place).ok()?;
        encoded.header.base.is_none().then(|| self.keep_remains(&encoded))
    }

    fn keep_remains(&self, encoded: &EncodedFrame) -> Rc<DecodedFrame> {
        let frame = Rc::new(self.unpack_leading(encoded, None));
        let (at, n_bytes) = ((encoded.place.pack, encoded.place.offset), frame.raw.len());
        self.remains.borrow_mut().put(at, Rc::clone(&frame), n_bytes);
        frame
    }

    /// Everything that one blob may be, trying every place of every base, and what is left of frames whose
    /// checksum does not fit.
    ///
    /// Two blobs may share a key, and what was decoded against the wrong one shows only in the end.
    /// Each place is `tried` once, and depth falls with every base: damage costs no more than reading
    /// everything that is there.
    fn decode_patiently(
        &self,
        place: &Place,
        tried: &mut HashMap<Place, Vec<Rc<Vec<u8>>>>,
    ) -> Vec<Rc<Vec<u8>>> {
        if let Some(known) = tried.get(place) {
            return known.clone();
        }
        // What is in the cache may have been decoded against wrong bytes, so it is loaded anew.
        let remains = self.remains.borrow_mut().get(&(place.pack, place.offset));
        let found = match remains {
            Some(frame) => variant(&frame, place),
            None => match self.load_anyhow(place) {
                Ok(encoded) => self.decode_variants(&encoded, tried),
                Err(_) => Vec::new(),
            },
        };
        tried.insert(*place, found.clone());
        found
    }

    fn decode_variants(
        &self,
        encoded: &EncodedFrame,
        tried: &mut HashMap<Place, Vec<Rc<Vec<u8>>>>,
    ) -> Vec<Rc<Vec<u8>>> {
        let place = &encoded.place;
        let Some(base) = encoded.header.base else {
            return variant(&self.keep_remains(encoded), place);
        };
        let mut variants = Vec::new();
        for candidate in self.base_places(place, &base).unwrap_or_default() {
            if !self.load_anyhow(&candidate).is_ok_and(|it| it.header.depth() < base.depth) {
                continue;
            }
            for found in self.decode_patiently(&candidate, tried) {
                if Digest::of(&found).key() == base.key && variants.len() < VARIANTS_MAX {
                    variants.extend(variant(&self.unpack_leading(encoded, Some(&found)), place));
                }
            }
        }
        variants
    }
}

/// The blob at a place, if its frame was decoded that far.
fn variant(frame: &DecodedFrame, place: &Place) -> Vec<Rc<Vec<u8>>> {
    frame.blob(place.index).map(|blob| Rc::new(blob.to_vec())).into_iter().collect()
}

pub(super) fn nowhere(key: Key) -> Error {
    Error::damaged(format!("blob {key}"), "it is in no pack")
}

pub(super) fn describe(place: &Place) -> String {
    format!("the frame at byte {} of {}", place.offset, place.pack.object_name())
}

fn no_blob_at(place: &Place) -> Error {
    Error::damaged(describe(place), format!("it has no blob {}", place.index))
}
