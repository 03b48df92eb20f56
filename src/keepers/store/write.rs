//! Writing: blobs go into frames, frames into packs, packs to the backend.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use crate::{
    crafts::{
        backend::Backend,
        chunk::{self, Chunk},
        frame::{self, Header, Kind},
    },
    words::{
        digest::{Digest, Key},
        error::Error,
        limits,
        place::{Place, Places},
    },
};

use super::{
    base::{self, Step},
    pack::{Builder, Packed, places},
    pack_name,
    read::{Frames, Reader, Sealed},
};

/// Content up to this size that has no base waits for company.
const LONELY_BYTES_MAX: usize = 16 << 10;
/// zstd level of frames. On dated states of terms of service, 3 costs as much time as 9 and gives
/// 14 % larger packs; 12 takes twice the time and saves 2 %.
pub(super) const LEVEL: i32 = 9;

/// Names the pack that is not sealed yet.
const OPEN_PACK: Digest = Digest::from_bytes([0; 32]);

/// A pack that was written: what the catalog needs to know of it.
pub struct Written {
    /// The pack's SHA-256.
    pub pack: Digest,
    /// Its size.
    pub n_bytes: u64,
    /// How many frames it has.
    pub n_frames: u64,
    /// What lies where.
    pub places: Vec<(Key, Place)>,
}

/// Puts blobs; one writer serves one transaction.
pub struct Writer {
    backend: Arc<dyn Backend>,
    reader: Reader<Open>,
    company: Vec<(Key, Vec<u8>)>,
    n_company: usize,
    written: Vec<Written>,
}

/// The frames of sealed packs and of the one being filled.
struct Open {
    sealed: Sealed,
    pack: Builder,
    places: HashMap<Key, Vec<Place>>,
}

impl Frames for Open {
    fn places(&self, key: Key) -> Result<Vec<Place>, Error> {
        match self.places.get(&key) {
            Some(places) => Ok(places.clone()),
            None => self.sealed.places(key),
        }
    }

    fn frame(&self, place: &Place) -> Result<Vec<u8>, Error> {
        if place.pack != OPEN_PACK {
            return self.sealed.frame(place);
        }
        let frame = self.pack.frame(place.offset, place.n_bytes);
        frame
            .map(<[u8]>::to_vec)
            .ok_or_else(|| Error::damaged("the open pack", "a frame is missing"))
    }
}

impl Writer {
    /// Starts a transaction; bases are found through `places`.
    pub fn new(backend: Arc<dyn Backend>, places: Rc<dyn Places>) -> Self {
        let sealed = Sealed::new(Arc::clone(&backend), places);
        let open = Open { sealed, pack: Builder::default(), places: HashMap::new() };
        Self {
            backend,
            reader: Reader::new(open),
            company: Vec::new(),
            n_company: 0,
            written: Vec::new(),
        }
    }

    /// Puts a blob of at most [`limits::BLOB_BYTES_MAX`] bytes that is not stored yet.
    ///
    /// `kin` is the blob it most likely resembles.
    pub fn put(
        &mut self,
        digest: &Digest,
        bytes: &[u8],
        kin: Option<&Digest>,
    ) -> Result<(), Error> {
        debug_assert!(bytes.len() <= limits::BLOB_BYTES_MAX);
        if let Some(kin) = kin
            && self.put_against(digest.key(), bytes, kin)?
        {
            return Ok(());
        }
        if bytes.len() <= LONELY_BYTES_MAX {
            return self.put_in_company(digest.key(), bytes);
        }
        let packed = frame::compress(bytes, None, LEVEL);
        self.add(Kind::Single, &[(digest.key(), bytes.len())], bytes, packed, None)
    }

    /// Puts a chunk unless the very same bytes are stored already.
    pub fn put_chunk(&mut self, bytes: &[u8]) -> Result<Chunk, Error> {
        let digest = Digest::of(bytes);
        let chunk = Chunk { digest, n_bytes: bytes.len() as u32 };
        // A key is only a hint, so the stored bytes are compared before the new ones are dropped.
        let known = !self.reader.frames().places(digest.key())?.is_empty()
            && self.reader.blob(&digest).is_ok();
        if !known {
            self.put(&digest, bytes, None)?;
        }
        Ok(chunk)
    }

    /// Puts the chunk list of a large content.
    pub fn put_list(&mut self, content: &Digest, chunks: &[Chunk]) -> Result<(), Error> {
        let list = chunk::encode_list(chunks);
        if list.len() > limits::LIST_BYTES_MAX {
            return Err(Error::usage("the content has too many chunks; at most 1 TiB can be kept"));
        }
        let packed = frame::compress(&list, None, LEVEL);
        self.add(Kind::List, &[(content.key(), list.len())], &list, packed, None)
    }

    /// Seals what is open and hands over every pack written since the start.
    ///
    /// The packs are durable only after the backend's next `sync`.
    pub fn finish(mut self) -> Result<Vec<Written>, Error> {
        self.close_company()?;
        self.seal()?;
        Ok(self.written)
    }

    /// Tries the blob against its kin; `false` when it is better off without.
    fn put_against(&mut self, key: Key, bytes: &[u8], kin: &Digest) -> Result<bool, Error> {
        if self.company.iter().any(|(key, _)| *key == kin.key()) {
            self.close_company()?;
        }
        // A base that cannot be read costs space, not the new document.
        let Ok(Some((step, landing))) = self.choose(kin.key(), bytes.len()) else {
            return Ok(false);
        };
        let Ok(base) = self.reader.decode_step(&step) else { return Ok(false) };
        let Some(packed) = frame::compress(bytes, Some(&base), LEVEL) else {
            return Ok(false);
        };
        if packed.len() > bytes.len() / 8 {
            let alone = frame::compress(bytes, None, LEVEL).map_or(bytes.len(), |a| a.len());
            if packed.len() >= alone - alone / 8 {
                return Ok(false);
            }
        }
        let described = base::describe(&step, bytes.len(), landing);
        self.add(Kind::Single, &[(key, bytes.len())], bytes, Some(packed), Some(described))?;
        Ok(true)
    }

    /// The step to hang a new blob on, and whether that took a climb.
    fn choose(&self, kin: Key, n_raw: usize) -> Result<Option<(Step, bool)>, Error> {
        let chain = self.reader.chain(kin)?;
        match chain.first() {
            Some(first) if first.header.kind == Kind::List => Ok(None),
            Some(first) if base::has_room(&first.header, n_raw) => Ok(Some((first.clone(), false))),
            _ => Ok(base::climb(&chain, n_raw).map(|step| (step.clone(), true))),
        }
    }

    fn put_in_company(&mut self, key: Key, bytes: &[u8]) -> Result<(), Error> {
        let full = self.n_company + bytes.len() > limits::SOLID_BYTES_MAX
            || self.company.len() == limits::FRAME_BLOBS_MAX;
        if full {
            self.close_company()?;
        }
        self.n_company += bytes.len();
        self.company.push((key, bytes.to_vec()));
        Ok(())
    }

    fn close_company(&mut self) -> Result<(), Error> {
        let company = std::mem::take(&mut self.company);
        self.n_company = 0;
        if company.is_empty() {
            return Ok(());
        }
        let kind = if company.len() == 1 { Kind::Single } else { Kind::Solid };
        let blobs: Vec<(Key, usize)> =
            company.iter().map(|(key, bytes)| (*key, bytes.len())).collect();
        let raw: Vec<u8> = company.into_iter().flat_map(|(_, bytes)| bytes).collect();
        let packed = frame::compress(&raw, None, LEVEL);
        self.add(kind, &blobs, &raw, packed, None)
    }

    fn add(
        &mut self,
        kind: Kind,
        blobs: &[(Key, usize)],
        raw: &[u8],
        packed: Option<Vec<u8>>,
        base: Option<frame::Base>,
    ) -> Result<(), Error> {
        let lengths = blobs.iter().map(|(_, n_bytes)| *n_bytes as u32).collect();
        let header = Header { kind, packed: packed.is_some(), lengths, base };
        let keys = blobs.iter().map(|(key, _)| *key).collect();
        let open = self.reader.frames_mut();
        let (offset, n_bytes) = open.pack.add(&header, packed.as_deref().unwrap_or(raw), keys);
        for (turn, (key, _)) in blobs.iter().enumerate() {
            let place = Place { pack: OPEN_PACK, offset, n_bytes, turn: turn as u16 };
            open.places.entry(*key).or_default().push(place);
        }
        if open.pack.n_bytes() >= limits::PACK_BYTES_TARGET {
            self.seal()?;
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), Error> {
        let open = self.reader.frames_mut();
        if open.pack.is_empty() {
            return Ok(());
        }
        let Packed { pack, bytes, frames } = std::mem::take(&mut open.pack).seal();
        for place in open.places.values_mut().flatten().filter(|place| place.pack == OPEN_PACK) {
            place.pack = pack;
        }
        self.backend.put(&pack_name(&pack), &bytes)?;
        let places = places(pack, &frames).collect();
        let n_frames = frames.len() as u64;
        self.written.push(Written { pack, n_bytes: bytes.len() as u64, n_frames, places });
        // Frames of the open pack were cached under a name that the next open pack has again.
        self.reader.forget();
        Ok(())
    }
}
