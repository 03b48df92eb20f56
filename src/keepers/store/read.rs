//! Reading: from a digest to bytes that have that digest.

use std::{
    cell::RefCell,
    io::{self, Read},
    rc::Rc,
    sync::Arc,
};

use crate::{
    crafts::{
        backend::Backend,
        chunk::{self, Chunk},
        frame::{self, FrameError, Header, Kind},
    },
    words::{
        digest::{Digest, Hasher, Key},
        error::Error,
        limits,
        place::{Place, Places},
    },
};

use super::{
    base::Step,
    cache::{Cache, Decoded},
    pack_name,
};

/// Decoded frames a reader keeps at hand.
const CACHE_BYTES: usize = 24 << 20;
/// The header of every frame with a single blob fits into this, and of most others.
const HEAD_BYTES: usize = 256;

/// Where frames come from: sealed packs, or the pack that is being written.
pub trait Frames {
    /// Every known place of a key, the likeliest first.
    fn places(&self, key: Key) -> Result<Vec<Place>, Error>;
    /// The bytes of the frame at a place.
    fn frame(&self, place: &Place) -> Result<Vec<u8>, Error>;
}

/// The frames of packs that are sealed.
pub struct Sealed {
    backend: Arc<dyn Backend>,
    places: Rc<dyn Places>,
}

impl Sealed {
    /// Frames read from `backend`, found through `places`.
    pub fn new(backend: Arc<dyn Backend>, places: Rc<dyn Places>) -> Self {
        Self { backend, places }
    }

    /// The header of the frame at a place: enough to know how it lies, and not verified.
    pub fn header(&self, place: &Place) -> Result<Header, Error> {
        let n_frame = place.n_bytes as usize;
        let n_head = n_frame.min(HEAD_BYTES);
        let name = pack_name(&place.pack);
        let head = self.backend.read_range(&name, u64::from(place.offset), n_head)?;
        let peeked = match frame::peek(&head) {
            Err(FrameError::Short) if n_head < n_frame => frame::peek(&self.frame(place)?),
            peeked => peeked,
        };
        match peeked {
            Ok((header, n_bytes)) if n_bytes == n_frame => Ok(header),
            Ok(_) => Err(Error::damaged(describe(place), "its header states another length")),
            Err(why) => Err(Error::damaged(describe(place), why.to_string())),
        }
    }
}

impl Frames for Sealed {
    fn places(&self, key: Key) -> Result<Vec<Place>, Error> {
        self.places.places(key)
    }

    fn frame(&self, place: &Place) -> Result<Vec<u8>, Error> {
        let name = pack_name(&place.pack);
        self.backend.read_range(&name, u64::from(place.offset), place.n_bytes as usize)
    }
}

/// Reads blobs and contents, and hands out only what has the right SHA-256.
pub struct Reader<F> {
    frames: F,
    cache: RefCell<Cache>,
}

impl<F: Frames> Reader<F> {
    /// Starts with an empty cache.
    pub fn new(frames: F) -> Self {
        Self { frames, cache: RefCell::new(Cache::new(CACHE_BYTES)) }
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
    }

    /// The blob with this digest. One that is missing or whose bytes are wrong is `Damaged`.
    pub fn blob(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        let places = self.frames.places(digest.key())?;
        let mut why = "it is in no pack".to_owned();
        for place in &places {
            match self.decode(place).map(|frame| frame.blob(place.turn).map(<[u8]>::to_vec)) {
                Ok(Some(bytes)) if Digest::of(&bytes) == *digest => return Ok(bytes),
                Ok(_) => why = format!("its bytes in pack {} are wrong", place.pack),
                Err(error) => why = error.to_string(),
            }
        }
        // A base may have several places too; the straight way takes the first of each.
        for place in &places {
            if let Ok(bytes) = self.decode_patiently(place, limits::DEPTH_MAX)
                && Digest::of(&bytes) == *digest
            {
                return Ok(bytes);
            }
        }
        Err(Error::damaged(format!("blob {digest}"), why))
    }

    /// The chunk list of a large content, if that is how it is stored.
    ///
    /// A list carries its content's key and is proved only by the chunks it leads to.
    pub fn chunks(&self, content: &Digest) -> Result<Option<Vec<Chunk>>, Error> {
        let mut listed = false;
        for place in self.frames.places(content.key())? {
            let Ok(frame) = self.decode(&place) else {
                listed = true;
                continue;
            };
            if frame.header.kind != Kind::List {
                continue;
            }
            listed = true;
            if let Some(chunks) = chunk::parse_list(&frame.raw) {
                return Ok(Some(chunks));
            }
        }
        if listed {
            return Err(Error::damaged(format!("chunk list {content}"), "it cannot be read"));
        }
        Ok(None)
    }

    /// Streams a content; each piece has been verified before it is handed out.
    ///
    /// A content in chunks is verified chunk by chunk, and its own digest at the end: a reader that
    /// ends without an error has given exactly the content.
    pub fn content(&self, digest: &Digest, n_bytes: u64) -> Result<Content<'_, F>, Error> {
        if n_bytes <= limits::BLOB_BYTES_MAX as u64 {
            let bytes = self.blob(digest)?;
            return Ok(Content {
                reader: self,
                piece: bytes,
                at: 0,
                chunks: Vec::new().into_iter(),
                whole: None,
            });
        }
        let chunks = self.chunks(digest)?.ok_or_else(|| {
            Error::damaged(format!("content {digest}"), "its chunk list is in no pack")
        })?;
        let whole = Some((Hasher::default(), *digest));
        Ok(Content { reader: self, piece: Vec::new(), at: 0, chunks: chunks.into_iter(), whole })
    }

    /// A content of any size as bytes; for callers that know it to be small.
    pub fn content_bytes(&self, digest: &Digest, n_bytes: u64) -> Result<Vec<u8>, Error> {
        let mut content = self.content(digest, n_bytes)?;
        let mut bytes = Vec::new();
        while let Some(piece) = content.next_piece()? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// The frame headers from a blob down to the root of its chain.
    pub fn chain(&self, key: Key) -> Result<Vec<Step>, Error> {
        let mut steps: Vec<Step> = Vec::new();
        let mut next = Some(key);
        while let Some(key) = next {
            let place = self.first_place(key)?;
            let header = match self.cache.borrow_mut().get(&place) {
                Some(frame) => frame.header.clone(),
                None => parse_header(&self.frames.frame(&place)?, &place)?,
            };
            next = header.base.map(|base| base.key);
            if steps.len() > usize::from(limits::DEPTH_MAX) {
                return Err(Error::damaged(format!("blob {key}"), "its chain of bases has no end"));
            }
            steps.push(Step { key, place, header });
        }
        Ok(steps)
    }

    /// The decoded bytes of the blob at a step of a chain, not verified.
    ///
    /// Good enough for a base: what is compressed against it is verified when it is read.
    pub fn decode_step(&self, step: &Step) -> Result<Vec<u8>, Error> {
        let frame = self.decode(&step.place)?;
        let blob = frame.blob(step.place.turn).ok_or_else(|| bad_turn(&step.place))?;
        Ok(blob.to_vec())
    }

    /// The decoded frame at a place, not verified: for whoever wants to know what it holds.
    pub fn frame(&self, place: &Place) -> Result<Rc<Decoded>, Error> {
        self.decode(place)
    }

    fn first_place(&self, key: Key) -> Result<Place, Error> {
        let places = self.frames.places(key)?;
        places
            .first()
            .copied()
            .ok_or_else(|| Error::damaged(format!("blob {key}"), "it is in no pack"))
    }

    /// Decodes a frame by way of its bases, taking the first place of each.
    fn decode(&self, place: &Place) -> Result<Rc<Decoded>, Error> {
        let mut above: Vec<(Place, Vec<u8>)> = Vec::new();
        let mut at = *place;
        let mut below: Option<(Rc<Decoded>, Place)> = None;
        loop {
            if let Some(frame) = self.cache.borrow_mut().get(&at) {
                below = Some((frame, at));
                break;
            }
            let bytes = self.frames.frame(&at)?;
            let base = parse_header(&bytes, &at)?.base;
            above.push((at, bytes));
            let Some(base) = base else { break };
            if above.len() > usize::from(limits::DEPTH_MAX) {
                return Err(Error::damaged(describe(place), "its chain of bases has no end"));
            }
            at = self.first_place(base.key)?;
        }
        while let Some((place, bytes)) = above.pop() {
            let base = match &below {
                Some((frame, at)) => Some(frame.blob(at.turn).ok_or_else(|| bad_turn(at))?),
                None => None,
            };
            let frame = Rc::new(unpack(&bytes, base, &place)?);
            self.cache.borrow_mut().put(&place, &frame);
            below = Some((frame, place));
        }
        below.map(|(frame, _)| frame).ok_or_else(|| bad_turn(place))
    }

    /// Decodes one blob trying every place of every base, each checked against its key.
    fn decode_patiently(&self, place: &Place, depth: u8) -> Result<Vec<u8>, Error> {
        let bytes = self.frames.frame(place)?;
        let header = parse_header(&bytes, place)?;
        let blob = |base: Option<&[u8]>| {
            let frame = unpack(&bytes, base, place)?;
            frame.blob(place.turn).map(<[u8]>::to_vec).ok_or_else(|| bad_turn(place))
        };
        let Some(base) = header.base else { return blob(None) };
        let below = depth.checked_sub(1).ok_or_else(|| bad_turn(place))?;
        for candidate in self.frames.places(base.key)? {
            match self.decode_patiently(&candidate, below) {
                Ok(found) if Digest::of(&found).key() == base.key => return blob(Some(&found)),
                _ => {}
            }
        }
        Err(Error::damaged(describe(place), format!("its base {} cannot be read", base.key)))
    }
}

/// A content on its way out.
pub struct Content<'a, F> {
    reader: &'a Reader<F>,
    piece: Vec<u8>,
    at: usize,
    chunks: std::vec::IntoIter<Chunk>,
    whole: Option<(Hasher, Digest)>,
}

impl<F: Frames> Content<'_, F> {
    /// The next verified piece; `None` at the end of a content that is right as a whole.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if !self.piece.is_empty() {
            self.at = 0;
            return Ok(Some(std::mem::take(&mut self.piece)));
        }
        if let Some(chunk) = self.chunks.next() {
            let bytes = self.reader.blob(&chunk.digest)?;
            if let Some((hasher, _)) = &mut self.whole {
                hasher.update(&bytes);
            }
            return Ok(Some(bytes));
        }
        match self.whole.take() {
            Some((hasher, digest)) if hasher.clone().finish() != digest => Err(Error::damaged(
                format!("content {digest}"),
                "its chunks are intact but do not make up this content",
            )),
            _ => Ok(None),
        }
    }
}

impl<F: Frames> Read for Content<'_, F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            self.piece.clear();
            self.at = 0;
            match self.next_piece().map_err(io::Error::other)? {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let n_bytes = out.len().min(self.piece.len() - self.at);
        out[..n_bytes].copy_from_slice(&self.piece[self.at..self.at + n_bytes]);
        self.at += n_bytes;
        Ok(n_bytes)
    }
}

fn parse_header(bytes: &[u8], place: &Place) -> Result<Header, Error> {
    let parsed = frame::parse(bytes);
    parsed
        .map(|(header, _, _)| header)
        .map_err(|why| Error::damaged(describe(place), why.to_string()))
}

fn unpack(bytes: &[u8], base: Option<&[u8]>, place: &Place) -> Result<Decoded, Error> {
    let explain = |why: frame::FrameError| Error::damaged(describe(place), why.to_string());
    let (header, payload, _) = frame::parse(bytes).map_err(explain)?;
    let raw = match header.packed {
        true => frame::decompress(payload, base, header.n_raw()).map_err(explain)?,
        false => payload.to_vec(),
    };
    Ok(Decoded { header, raw })
}

fn describe(place: &Place) -> String {
    format!("the frame at byte {} of {}", place.offset, pack_name(&place.pack))
}

fn bad_turn(place: &Place) -> Error {
    Error::damaged(describe(place), format!("it has no blob {}", place.turn))
}
