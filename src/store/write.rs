//! Writing: blobs go into frames, frames into packs, packs to the backend.
//!
//! What becomes of a blob is decided when it is put, from the blobs put before it and from nothing
//! that depends on how far the compression has come.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use tracing::debug;

use crate::{
    backend::Backend,
    pool::Pool,
    types::{
        digest::{Digest, Key},
        error::Error,
        limits,
        pack_id::{PackId, UploadIds},
    },
};

use super::{
    base_queue::{BaseBytes, BaseQueue, ChosenBase},
    cache::Cache,
    candidates::{BaseCandidates, RankedCandidate, RecentBlobs},
    chain::{self, ChainLink},
    chunk::{self, Chunk},
    compressor::{Based, CompressedFrame, CompressionLevels, Compressor, FrameJob},
    features::{Fingerprint, SOUGHT_BYTES_MIN},
    frame::{self, FrameKind, Header},
    pack::{Builder, Packed, places},
    place::{Place, Places},
    read::{Frames, Reader},
    sealed::Sealed,
    solid::{SMALL_BYTES_MAX, SolidMember, SolidWindow},
};

/// Bytes of blobs that are kept in memory as bases.
const RECENT_BYTES: usize = 48 << 20;
/// Of so many candidates one must be readable and have room.
const TRIES_MAX: usize = 3;
/// A small blob shares at least so many features with a base that is not its previous revision;
/// otherwise a solid frame serves it better.
const SMALL_MATCHING_MIN: u32 = 2;
/// A blob up to this size is compressed against its previous revision whether they are alike or not: that may have been
/// too small to be compared.
const TRUSTING_BYTES_MAX: usize = 2 * SOUGHT_BYTES_MIN;
/// A blob up to this size shares a solid frame with a similar one rather than be attached to it.
const TINY_BYTES_MAX: usize = 4 << 10;

/// Names the pack that is not sealed yet.
const OPEN_PACK: PackId = PackId { digest: Digest::from_bytes([0; 32]), upload: [0; 3] };

/// A blob on its way in.
pub struct Blob {
    /// Its SHA-256.
    pub digest: Digest,
    /// Its bytes, at most [`limits::BLOB_BYTES_MAX`].
    pub bytes: Arc<Vec<u8>>,
    /// None when it is to be stored without a base.
    pub fingerprint: Option<Fingerprint>,
    /// Of the document it comes from, at least by its main groups: blobs of one lie side by side in
    /// solid frames.
    pub media_type: &'static str,
}

/// What is there of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Nothing.
    Absent,
    /// Frames that should hold it, and it cannot be read from them, or not without guessing.
    Damaged,
    /// All of it.
    Whole,
}

/// A pack that was written: what the catalog needs to know of it.
pub struct Written {
    /// Which pack.
    pub pack: PackId,
    /// The bytes of the whole object, directory and footer included.
    pub n_bytes: u64,
    /// As many as its directory lists.
    pub n_frames: u64,
    /// Every blob of it by key, and where it lies.
    pub places: Vec<(Key, Place)>,
}

/// What a writer asks about blobs of earlier transactions.
pub trait StoredBlobs: Places + BaseCandidates {}

impl<T: Places + BaseCandidates> StoredBlobs for T {}

/// Puts blobs; one writer serves one transaction.
pub struct Writer {
    stored: Rc<dyn StoredBlobs>,
    recent_blobs: RecentBlobs,
    /// What blobs of this transaction will at most be as bases.
    links: HashMap<Key, ChainLink>,
    recent_bytes: Cache<Key, Arc<Vec<u8>>>,
    solid: SolidWindow,
    base_queue: BaseQueue,
    compressor: Compressor,
    packs: PackSeries,
}

/// PackSeries, sealed and open.
struct PackSeries {
    backend: Arc<dyn Backend>,
    reader: Reader<Open>,
    /// Depth and decoded bytes of the blobs in the frames written.
    depths: HashMap<Key, (u8, u64)>,
    written: Vec<Written>,
    uploads: UploadIds,
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
        self.unsealed(place).map(<[u8]>::to_vec)
    }

    fn header(&self, place: &Place) -> Result<Header, Error> {
        if place.pack != OPEN_PACK {
            return self.sealed.header(place);
        }
        let peeked = frame::peek(self.unsealed(place)?);
        let (header, _) = peeked.map_err(|why| Error::damaged("the open pack", why.to_string()))?;
        Ok(header)
    }
}

impl Open {
    fn unsealed(&self, place: &Place) -> Result<&[u8], Error> {
        let frame = self.pack.frame(place.offset, place.n_bytes);
        frame.ok_or_else(|| Error::damaged("the open pack", "a frame is missing"))
    }
}

impl Writer {
    /// Starts a transaction; bases are found through `stored`, and `pool` compresses. PackSeries are named by
    /// `uploads`.
    pub fn new<S: StoredBlobs + 'static>(
        backend: Arc<dyn Backend>,
        stored: Rc<S>,
        pool: Rc<Pool>,
        levels: CompressionLevels,
        uploads: UploadIds,
    ) -> Self {
        let sealed = Sealed::new(Arc::clone(&backend), Rc::clone(&stored) as Rc<dyn Places>);
        let open = Open { sealed, pack: Builder::default(), places: HashMap::new() };
        let (reader, depths, written) = (Reader::new(open), HashMap::new(), Vec::new());
        Self {
            stored,
            recent_blobs: RecentBlobs::default(),
            links: HashMap::new(),
            recent_bytes: Cache::new(RECENT_BYTES),
            solid: SolidWindow::default(),
            base_queue: BaseQueue::default(),
            compressor: Compressor::new(pool, levels),
            packs: PackSeries { backend, reader, depths, written, uploads },
        }
    }

    /// Puts a blob that is not stored yet; `previous` is the one it most likely resembles.
    pub fn put(&mut self, blob: Blob, previous: Option<Key>) -> Result<(), Error> {
        debug_assert!(blob.bytes.len() <= limits::BLOB_BYTES_MAX);
        let Blob { digest, bytes, fingerprint, media_type } = blob;
        let key = digest.key();
        debug!(target: "store", blob = %key, n_bytes = bytes.len(), "to be stored");
        let is_small = bytes.len() <= SMALL_BYTES_MAX;
        let base = match &fingerprint {
            Some(fingerprint) if fingerprint.sought().is_some() || previous.is_some() => {
                self.base(fingerprint, &bytes, previous)?
            }
            _ => None,
        };
        match base {
            None if is_small => {
                let features =
                    fingerprint.as_ref().and_then(|fingerprint| fingerprint.features().copied());
                let bytes = Arc::clone(&bytes);
                self.solid.add(SolidMember { key, bytes, media_type, features });
                if self.solid.is_full() {
                    self.close_window()?;
                }
            }
            base => {
                let described = base.as_ref().map(|base| (&base.link, base.skip));
                self.links.insert(key, link(key, &bytes, described));
                self.put_single(key, Arc::clone(&bytes), base)?;
            }
        }
        if let Some(fingerprint) = fingerprint.filter(|it| it.sought().is_some()) {
            self.recent_blobs.add(key, bytes.len() as u64, fingerprint);
        }
        let n_bytes = bytes.len();
        self.recent_bytes.put(key, bytes, n_bytes);
        Ok(())
    }

    /// Has a blob compressed against its base, at once where the bytes of that are at hand.
    fn put_single(
        &mut self,
        key: Key,
        raw: Arc<Vec<u8>>,
        base: Option<ChosenBase>,
    ) -> Result<(), Error> {
        let base = match base {
            Some(base) if self.base_queue.is_due(&base) => {
                self.base_queue.add(key, raw, base);
                return if self.base_queue.is_full() { self.read_bases() } else { Ok(()) };
            }
            Some(ChosenBase { link, bytes: BaseBytes::Known(bytes), skip }) => {
                Some(Based { link, bytes, skip })
            }
            _ => None,
        };
        let blobs = vec![(key, raw.len() as u32)];
        self.push(FrameJob { kind: FrameKind::Single, blobs, raw, base })
    }

    /// Has what waits for its base compressed.
    fn read_bases(&mut self) -> Result<(), Error> {
        let reader = &self.packs.reader;
        for job in self.base_queue.empty(|places| reader.unverified_together(places)) {
            self.push(job)?;
        }
        Ok(())
    }

    /// Whether these very bytes are stored already, or were put into this writer.
    ///
    /// A key is only a hint, so stored bytes are read before new ones are dropped.
    pub fn presence(&mut self, digest: &Digest) -> Result<Presence, Error> {
        let key = digest.key();
        if let Some(bytes) = self.underway(key) {
            let is_same = Digest::of(&bytes) == *digest;
            return Ok(if is_same { Presence::Whole } else { Presence::Absent });
        }
        let places = self.packs.reader.frames().places(key)?;
        if places.is_empty() {
            return Ok(Presence::Absent);
        }
        let is_whole = self.packs.reader.blob(digest).is_ok()
            && self.packs.reader.has_whole_chain(key, &places);
        Ok(if is_whole { Presence::Whole } else { Presence::Damaged })
    }

    /// Puts the chunk list of a large content, against that of `previous` if that has one.
    pub fn put_list(
        &mut self,
        content: &Digest,
        chunks: &[Chunk],
        previous: Option<Key>,
    ) -> Result<(), Error> {
        let list = chunk::encode_list(chunks);
        if list.len() > limits::LIST_BYTES_MAX {
            return Err(Error::usage("the content has too many chunks; at most 1 TiB can be kept"));
        }
        let key = content.key();
        // Like any other base, one that cannot be read costs space only.
        let base =
            previous.and_then(|previous| self.list_base(previous, list.len()).ok().flatten());
        let described = base.as_ref().map(|base| (&base.link, base.skip));
        let link = ChainLink { is_list: true, ..link(key, &list, described) };
        self.links.insert(key, link);
        let blobs = vec![(key, list.len() as u32)];
        self.push(FrameJob { kind: FrameKind::List, blobs, raw: Arc::new(list), base })
    }

    fn list_base(&mut self, previous: Key, n_raw: usize) -> Result<Option<Based>, Error> {
        if !self.link(previous)?.0.is_list {
            return Ok(None);
        }
        let Some(AttachPoint { link, skip, .. }) = self.attach(previous, n_raw)? else {
            return Ok(None);
        };
        let bytes = self.bytes(link.key)?;
        Ok(Some(Based { link, bytes, skip }))
    }

    /// Seals what is open and hands over every pack written since the start.
    ///
    /// The packs are durable only after the backend's next `sync`.
    pub fn finish(mut self) -> Result<Vec<Written>, Error> {
        self.read_bases()?;
        self.close_window()?;
        while let Some(frame) = self.compressor.pop() {
            self.packs.add(frame)?;
        }
        self.packs.seal()?;
        Ok(self.packs.written)
    }

    /// The base for a blob, from the candidates in their order; none when it is better off without.
    fn base(
        &mut self,
        fingerprint: &Fingerprint,
        bytes: &[u8],
        previous: Option<Key>,
    ) -> Result<Option<ChosenBase>, Error> {
        let stored = &*self.stored;
        let n_bytes = bytes.len() as u64;
        let candidates = self.recent_blobs.candidates(stored, fingerprint, n_bytes, previous)?;
        debug!(target: "store", ?previous, n_candidates = candidates.len(), "a base is sought");
        for candidate in candidates.into_iter().take(TRIES_MAX) {
            let RankedCandidate { key, n_matching, n_missing, .. } = candidate;
            let is_small = bytes.len() <= SMALL_BYTES_MAX;
            let n_matching_min = match previous == Some(key) {
                true => u32::from(bytes.len() > TRUSTING_BYTES_MAX),
                false => SMALL_MATCHING_MIN,
            };
            if is_small && n_matching < n_matching_min {
                debug!(target: "store", %key, n_matching, n_matching_min, "refused: too little in common");
                continue;
            }
            if self.solid.get(key).is_some() {
                // A solid frame serves a very small one as well; a larger one is attached to a frame
                // that is closed for it.
                if bytes.len() <= TINY_BYTES_MAX {
                    debug!(target: "store", %key, "refused: both go into the open solid frame");
                    return Ok(None);
                }
                self.close_window()?;
            }
            match self.based(key, bytes.len()) {
                Ok(based) => {
                    let (base, skip) = (based.link.key, based.skip);
                    debug!(target: "store", %key, n_matching, n_missing, %base, skip, "chosen");
                    return Ok(Some(based));
                }
                Err(why) => debug!(target: "store", %key, n_matching, "refused: {why}"),
            }
        }
        Ok(None)
    }

    /// A candidate as the base of a blob of `n_raw` bytes, or why it cannot be that.
    ///
    /// A base that cannot be read costs space, not the new document.
    fn based(&mut self, key: Key, n_raw: usize) -> Result<ChosenBase, &'static str> {
        let attached = self.attach(key, n_raw).map_err(|_| "its chain cannot be read")?;
        let AttachPoint { link, skip, place } = attached.ok_or("its chain has no room")?;
        if link.is_list {
            return Err("it is a chunk list");
        }
        let bytes = match place.filter(|_| n_raw <= SMALL_BYTES_MAX) {
            Some(place) => match self.underway(link.key) {
                Some(bytes) => BaseBytes::Known(bytes),
                None => BaseBytes::Stored(place),
            },
            None => BaseBytes::Known(self.bytes(link.key).map_err(|_| "it cannot be read")?),
        };
        Ok(ChosenBase { link, bytes, skip })
    }

    fn attach(&self, key: Key, n_raw: usize) -> Result<Option<AttachPoint>, Error> {
        let mut next = Some(key);
        let mut place = None;
        // Depth falls from each blob to its base; the bound is for headers that lie.
        let chain = std::iter::from_fn(|| {
            let link = self.link(next?).map(|(link, its)| {
                place = its;
                link
            });
            next = link.as_ref().map_or(None, |link| link.base);
            Some(link)
        });
        // The last one that was looked at is the one that is attached to.
        let attached = chain::attach(chain.take(usize::from(limits::DEPTH_MAX) + 1), n_raw)?;
        Ok(attached.map(|(link, skip)| AttachPoint { link, skip, place }))
    }

    /// How a blob lies; and where, if it is small and of an earlier transaction.
    fn link(&self, key: Key) -> Result<(ChainLink, Option<Place>), Error> {
        if let Some(link) = self.links.get(&key) {
            return Ok((*link, None));
        }
        self.packs.reader.first_link(key)
    }

    /// The bytes of a blob that is to be a base.
    fn bytes(&mut self, key: Key) -> Result<Arc<Vec<u8>>, Error> {
        if let Some(bytes) = self.underway(key) {
            return Ok(bytes);
        }
        let bytes = Arc::new(self.packs.reader.unverified(key)?);
        self.recent_bytes.put(key, Arc::clone(&bytes), bytes.len());
        Ok(bytes)
    }

    /// The bytes of a blob that need not be read from a pack.
    fn underway(&mut self, key: Key) -> Option<Arc<Vec<u8>>> {
        let known = self.recent_bytes.get(&key).or_else(|| self.solid.get(key).cloned());
        // What left the window, or never was in it, has a link.
        if known.is_some() || !self.links.contains_key(&key) {
            return known;
        }
        self.base_queue.get(key).cloned().or_else(|| self.compressor.get(key))
    }

    /// Makes frames of the blobs that wait.
    fn close_window(&mut self) -> Result<(), Error> {
        for members in self.solid.close() {
            let kind = if members.len() == 1 { FrameKind::Single } else { FrameKind::Solid };
            let blobs: Vec<(Key, u32)> =
                members.iter().map(|member| (member.key, member.bytes.len() as u32)).collect();
            let mut raw = Vec::with_capacity(limits::SOLID_BYTES_MAX);
            members.iter().for_each(|member| raw.extend_from_slice(&member.bytes));
            for (key, _) in &blobs {
                self.links.insert(*key, link(*key, &raw, None));
            }
            self.push(FrameJob { kind, blobs, raw: Arc::new(raw), base: None })?;
        }
        Ok(())
    }

    fn push(&mut self, job: FrameJob) -> Result<(), Error> {
        self.compressor.push(job);
        while self.compressor.is_full() {
            let Some(frame) = self.compressor.pop() else { break };
            self.packs.add(frame)?;
        }
        Ok(())
    }
}

/// What a new blob is attached to.
struct AttachPoint {
    link: ChainLink,
    /// It is an ancestor of the base that was chosen.
    skip: bool,
    /// Where it lies, if it is small and of an earlier transaction.
    place: Option<Place>,
}

/// The most that a blob of a frame with these bytes can be as a base: whether a base really saves
/// shows only later. A base is named with whether it is an ancestor of the one that was chosen.
fn link(key: Key, frame: &[u8], base: Option<(&ChainLink, bool)>) -> ChainLink {
    let described = base.map(|(link, skip)| link.describe(frame.len(), skip));
    ChainLink {
        key,
        depth: described.map_or(0, |base| base.depth),
        decoded_bytes: described.map_or(frame.len() as u64, |base| u64::from(base.decoded_bytes)),
        is_backbone: described.is_none_or(|base| base.skip),
        base: described.map(|base| base.key),
        is_list: false,
    }
}

impl PackSeries {
    fn add(&mut self, frame: CompressedFrame) -> Result<(), Error> {
        let CompressedFrame { kind, blobs, raw, packed, base } = frame;
        let base = base.map(|(link, skip)| self.settled(link).describe(raw.len(), skip));
        let lengths = blobs.iter().map(|(_, n_bytes)| *n_bytes).collect();
        let header = Header { kind, packed: packed.is_some(), lengths, base };
        for (key, _) in &blobs {
            self.depths.insert(*key, (header.depth(), header.decoded_bytes()));
        }
        let keys = blobs.iter().map(|(key, _)| *key).collect();
        let open = self.reader.frames_mut();
        let (offset, n_bytes) = open.pack.add(&header, packed.as_deref().unwrap_or(&raw), keys);
        for (index, (key, _)) in blobs.iter().enumerate() {
            let place = Place { pack: OPEN_PACK, offset, n_bytes, index: index as u16 };
            open.places.entry(*key).or_default().push(place);
        }
        if open.pack.n_bytes() >= limits::PACK_BYTES_TARGET {
            self.seal()?;
        }
        Ok(())
    }

    /// A base with the depth that it was written with. Until then the most it can become is known: its
    /// own base may not have helped. What is of an earlier transaction was known exactly.
    fn settled(&self, link: ChainLink) -> ChainLink {
        match self.depths.get(&link.key) {
            Some((depth, decoded_bytes)) => {
                ChainLink { depth: *depth, decoded_bytes: *decoded_bytes, ..link }
            }
            None => link,
        }
    }

    fn seal(&mut self) -> Result<(), Error> {
        let open = self.reader.frames_mut();
        if open.pack.is_empty() {
            return Ok(());
        }
        let pack = std::mem::take(&mut open.pack);
        let written = put_pack(&*self.backend, pack, &mut self.uploads)?;
        for place in open.places.values_mut().flatten().filter(|place| place.pack == OPEN_PACK) {
            place.pack = written.pack;
        }
        self.written.push(written);
        // Frames of the open pack were cached under a name that the next open pack has again.
        self.reader.forget();
        Ok(())
    }
}

/// Seals a pack and writes it; it is durable only after the backend's next `sync`.
pub(super) fn put_pack(
    backend: &dyn Backend,
    pack: Builder,
    uploads: &mut UploadIds,
) -> Result<Written, Error> {
    let Packed { digest, bytes, frames } = pack.seal();
    let pack = uploads.next_pack(digest);
    backend.put(&pack.object_name(), &bytes)?;
    let places = places(pack, &frames).collect();
    Ok(Written { pack, n_bytes: bytes.len() as u64, n_frames: frames.len() as u64, places })
}
