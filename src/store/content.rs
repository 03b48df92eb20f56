//! Contents: one blob, or the chunks that a list names, as a stream of verified pieces.
//!
//! A chunk list carries its content's key and is verified only by the chunks it leads to. So a content in chunks
//! is read twice: once to see that its chunks make it up, and once to hand them out, each compared with the
//! digest that was verified by then. Small ones are kept in memory between the two.

use std::{
    cell::Cell,
    collections::{HashSet, VecDeque},
    io::{self, Read},
};

use crate::types::{
    digest::{Digest, Hasher},
    error::Error,
    limits,
};

use super::{
    chunk::{self, Chunk},
    frame::FrameKind,
    place::Place,
    read::{Frames, Reader},
    solid::SMALL_BYTES_MAX,
};

/// A content up to this size is decoded once and kept until it is verified; a larger one is decoded twice.
const KEPT_BYTES_MAX: u64 = 32 << 20;
/// A content this many times as large as its distinct chunks is verified before any of it is handed out: to
/// decode it costs little, and to write it down may cost much.
const REPEATS_MANY: u64 = 8;

impl<F: Frames> Reader<F> {
    /// The chunk list of a large content, if that is how it is stored.
    pub fn chunks(&self, content: &Digest) -> Result<Option<Vec<Chunk>>, Error> {
        match self.chunks_as_placed(content) {
            Ok(Some(chunks)) => Ok(Some(chunks)),
            _ => {
                let looked = self.frames().refresh();
                match self.chunks_as_placed(content) {
                    Ok(Some(chunks)) => Ok(Some(chunks)),
                    found => looked.and(found),
                }
            }
        }
    }

    fn chunks_as_placed(&self, content: &Digest) -> Result<Option<Vec<Chunk>>, Error> {
        let mut why = None;
        for place in self.frames().places(content.key())? {
            match self.list_at(&place) {
                Ok(Some(chunks)) => return Ok(Some(chunks)),
                Ok(None) => {}
                Err(error) => why = Some(error),
            }
        }
        why.map_or(Ok(None), |why| Err(unreadable_list(content, &why)))
    }

    /// The chunk list at a place; none where another blob lies.
    fn list_at(&self, place: &Place) -> Result<Option<Vec<Chunk>>, Error> {
        let frame = self.frame(place)?;
        if frame.header.kind != FrameKind::List {
            return Ok(None);
        }
        let malformed = || Error::damaged("a chunk list", "it is no list of chunks");
        chunk::parse_list(&frame.raw).map(Some).ok_or_else(malformed)
    }

    /// Whether a content has this chunk list, at any of its places.
    pub fn has_list(&self, content: &Digest, chunks: &[Chunk]) -> Result<bool, Error> {
        let places = self.frames().places(content.key())?;
        let is_there = |place| matches!(self.list_at(place), Ok(Some(found)) if found == chunks);
        Ok(places.iter().any(is_there))
    }

    /// The chunk list of a content that is known to have one; `Damaged` where it is in no pack.
    pub fn chunks_of_large(&self, content: &Digest) -> Result<Vec<Chunk>, Error> {
        self.chunks(content)?.ok_or_else(|| no_list(content))
    }

    /// Streams a content; all of it has been verified before its first piece is handed out.
    ///
    /// What does not fit into memory is decoded twice for that.
    pub fn content(&self, digest: &Digest, n_bytes: u64) -> Result<ContentReader<'_, F>, Error> {
        if n_bytes <= KEPT_BYTES_MAX {
            let mut content = self.content_verified_at_end(digest, n_bytes, &|| false)?;
            let mut kept = VecDeque::new();
            while let Some(piece) = content.next_piece()? {
                kept.push_back(piece);
            }
            return Ok(ContentReader { kept, ..content });
        }
        let chunks = self.list(digest, n_bytes, |chunks| self.verify(digest, chunks, &|| false))?;
        Ok(ContentReader::of_chunks(self, chunks, None))
    }

    /// The same, decoded once: each piece is verified before it is handed out, and that they make up the
    /// content only at the end. For whoever throws away what was given when an error ends it.
    ///
    /// What repeats a few chunks many times, or has several lists, is verified before, like by [`Reader::content`]; while it is,
    /// whoever asks is asked whether to go on.
    pub fn content_verified_at_end(
        &self,
        digest: &Digest,
        n_bytes: u64,
        is_interrupted: &dyn Fn() -> bool,
    ) -> Result<ContentReader<'_, F>, Error> {
        if n_bytes <= limits::BLOB_BYTES_MAX as u64 {
            let kept = VecDeque::from([self.blob(digest)?]);
            let content = ContentReader::of_chunks(self, Vec::new(), None);
            return Ok(ContentReader { kept, ..content });
        }
        let is_verified = Cell::new(false);
        let has_several = self.frames().places(digest.key())?.len() > 1;
        let chunks = self.list(digest, n_bytes, |chunks| {
            is_verified.set(has_several || repeats_itself(chunks, n_bytes));
            match is_verified.get() {
                true => self.verify(digest, chunks, is_interrupted),
                false => Ok(()),
            }
        })?;
        let whole = (!is_verified.get()).then(|| (Hasher::default(), *digest));
        Ok(ContentReader::of_chunks(self, chunks, whole))
    }

    /// A content of any size as bytes; for callers that know it to be small.
    pub fn content_bytes(&self, digest: &Digest, n_bytes: u64) -> Result<Vec<u8>, Error> {
        let mut content = self.content_verified_at_end(digest, n_bytes, &|| false)?;
        let mut bytes = Vec::new();
        while let Some(piece) = content.next_piece()? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// The same of one of which nothing beside it will be asked for next.
    pub fn lone_content_bytes(&self, digest: &Digest, n_bytes: u64) -> Result<Vec<u8>, Error> {
        match n_bytes <= SMALL_BYTES_MAX as u64 {
            true => self.lone_blob(digest),
            false => self.content_bytes(digest, n_bytes),
        }
    }

    /// The first chunk list of a content that states its size and is accepted.
    fn list(
        &self,
        content: &Digest,
        n_bytes: u64,
        accept: impl Fn(&[Chunk]) -> Result<(), Error>,
    ) -> Result<Vec<Chunk>, Error> {
        let was_tried = Cell::new(false);
        let find = || {
            let mut why = no_list(content);
            for place in self.frames().places(content.key())? {
                match self.list_at(&place) {
                    Ok(None) => {}
                    Err(error) => why = unreadable_list(content, &error),
                    Ok(Some(chunks)) => match check_size(content, &chunks, n_bytes) {
                        Err(error) => why = error,
                        Ok(()) => {
                            was_tried.set(true);
                            match accept(&chunks) {
                                Ok(()) => return Ok(chunks),
                                Err(error) => why = error,
                            }
                        }
                    },
                }
            }
            Err(why)
        };
        let found = find();
        if found.is_ok() || was_tried.get() {
            return found;
        }
        // What lay in a pack that was compacted away meanwhile lies elsewhere by now.
        let looked = self.frames().refresh();
        find().map_err(|why| looked.err().unwrap_or(why))
    }

    /// Reads the chunks of a list, and compares what they make up with the content.
    fn verify(
        &self,
        content: &Digest,
        chunks: &[Chunk],
        is_interrupted: &dyn Fn() -> bool,
    ) -> Result<(), Error> {
        let mut hasher = Hasher::default();
        for chunk in chunks {
            if is_interrupted() {
                return Err(Error::Interrupted);
            }
            hasher.update(&self.chunk(chunk)?);
        }
        if hasher.finish() == *content { Ok(()) } else { Err(other_content(content)) }
    }

    fn chunk(&self, chunk: &Chunk) -> Result<Vec<u8>, Error> {
        let bytes = self.blob(&chunk.digest)?;
        if bytes.len() == chunk.n_bytes as usize {
            return Ok(bytes);
        }
        let why = format!("it has {} bytes, its chunk list states {}", bytes.len(), chunk.n_bytes);
        Err(Error::damaged(format!("chunk {}", chunk.digest), why))
    }
}

/// Streams a content; see [`Reader::content`].
pub struct ContentReader<'a, F> {
    reader: &'a Reader<F>,
    /// Pieces that were decoded before.
    kept: VecDeque<Vec<u8>>,
    /// The piece that [`Read`] is in, and how far.
    piece: Vec<u8>,
    at: usize,
    chunks: std::vec::IntoIter<Chunk>,
    /// What the chunks so far make up, and what they must; none where that was compared before.
    whole: Option<(Hasher, Digest)>,
}

impl<'a, F: Frames> ContentReader<'a, F> {
    fn of_chunks(
        reader: &'a Reader<F>,
        chunks: Vec<Chunk>,
        whole: Option<(Hasher, Digest)>,
    ) -> Self {
        let (kept, piece, chunks) = (VecDeque::new(), Vec::new(), chunks.into_iter());
        Self { reader, kept, piece, at: 0, chunks, whole }
    }

    /// The chunk that the next piece is.
    pub fn next_chunk(&self) -> Option<Digest> {
        self.chunks.as_slice().first().map(|chunk| chunk.digest)
    }

    /// The next verified piece, never an empty one; `None` at the end of a content that is right as a
    /// whole.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if let Some(piece) = self.kept.pop_front() {
            return Ok((!piece.is_empty()).then_some(piece));
        }
        if let Some(chunk) = self.chunks.next() {
            let bytes = self.reader.chunk(&chunk)?;
            if let Some((hasher, _)) = &mut self.whole {
                hasher.update(&bytes);
            }
            return Ok(Some(bytes));
        }
        match self.whole.take() {
            Some((hasher, digest)) if hasher.clone().finish() != digest => {
                Err(other_content(&digest))
            }
            _ => Ok(None),
        }
    }
}

impl<F: Frames> Read for ContentReader<'_, F> {
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

/// Whether a content is many times as large as its distinct chunks.
fn repeats_itself(chunks: &[Chunk], n_bytes: u64) -> bool {
    let (mut met, mut n_distinct) = (HashSet::new(), 0);
    chunks.iter().all(|chunk| {
        if met.insert(chunk.digest) {
            n_distinct += u64::from(chunk.n_bytes);
        }
        // As soon as it is known not to, counting ends: there may be millions of chunks.
        n_distinct * REPEATS_MANY <= n_bytes
    })
}

fn check_size(content: &Digest, chunks: &[Chunk], n_bytes: u64) -> Result<(), Error> {
    let n_listed: u64 = chunks.iter().map(|chunk| u64::from(chunk.n_bytes)).sum();
    if n_listed == n_bytes {
        return Ok(());
    }
    let why = format!("it lists {n_listed} bytes, the content has {n_bytes}");
    Err(Error::damaged(format!("chunk list {content}"), why))
}

fn unreadable_list(content: &Digest, why: &Error) -> Error {
    let damaged = || Error::damaged(format!("chunk list {content}"), "it cannot be read");
    why.denial().unwrap_or_else(damaged)
}

fn no_list(content: &Digest) -> Error {
    Error::damaged(format!("content {content}"), "it is missing: its chunk list is in no pack")
}

fn other_content(content: &Digest) -> Error {
    let why = "its chunks are intact but do not make up this content";
    Error::damaged(format!("content {content}"), why)
}
