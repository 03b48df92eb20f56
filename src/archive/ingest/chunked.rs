//! Large contents: cut into chunks while they are read, never whole in memory.

use std::{
    collections::VecDeque,
    io::{self, Read},
    sync::Arc,
};

use crate::{
    pool::Task,
    store::{
        Blob, Presence,
        chunk::{self, Chunk},
        features::Fingerprint,
    },
    text,
    types::{
        digest::{Digest, Hasher},
        error::Error,
        limits,
    },
};

use super::{
    reader::{self, Expected, Input, Intake, LargeInput},
    transaction::{Content, Form, Transaction},
};

/// Bytes of chunks that are hashed ahead, for each thread beside the first.
const AHEAD_BYTES: usize = 8 << 20;

/// Why a content could not be stored.
pub(super) enum ContentError {
    /// Its source could not be read.
    Source(io::Error),
    /// The archive could not be read or written.
    Archive(Error),
}

impl From<io::Error> for ContentError {
    fn from(error: io::Error) -> Self {
        Self::Source(error)
    }
}

impl From<Error> for ContentError {
    fn from(error: Error) -> Self {
        Self::Archive(error)
    }
}

/// A large content that went to the store.
struct Cut {
    digest: Digest,
    n_bytes: u64,
    chunks: Vec<Chunk>,
    has_healed: bool,
    /// All of it, if it may be a text that is compared.
    text: Option<Vec<u8>>,
}

/// Chunks on their way to the store, in their order.
#[derive(Default)]
struct Pieces {
    underway: VecDeque<Piece>,
    n_underway: usize,
    /// Those that were put, in their order.
    chunks: Vec<Chunk>,
    /// Some were stored before, and damaged.
    has_healed: bool,
    last: Option<Arc<Vec<u8>>>,
}

/// A chunk that some thread hashes.
enum Piece {
    New(Arc<Vec<u8>>, Task<(Digest, Fingerprint)>),
    /// The very bytes of the piece before, as in the holes of a sparse file.
    Again,
}

impl Transaction<'_> {
    /// Reads the rest of a large content; from the start once more when it changed meanwhile.
    pub(super) fn read_large(
        &mut self,
        (intake, expected): (&Intake, &Expected),
        start: LargeInput,
    ) -> Result<Content, ContentError> {
        let (mut start, mut is_second) = (start, false);
        loop {
            let LargeInput { bytes, mut rest, media_type, named, file_stat } = start;
            let cut = self.put_chunks(bytes, &mut rest, media_type)?;
            let has_changed = file_stat.is_some() && file_stat != rest.file_stat().ok().flatten();
            if !has_changed || is_second {
                return Ok(Content {
                    digest: cut.digest,
                    n_bytes: cut.n_bytes,
                    media_type,
                    named,
                    form: Form::Chunks(cut.chunks, cut.text),
                    has_healed: cut.has_healed,
                    is_unsettled: has_changed,
                    file_stat: file_stat.filter(|_| !has_changed),
                });
            }
            is_second = true;
            start = match reader::read(intake, expected)? {
                Input::Large(start) => start,
                Input::Small(input) => return Ok(Content::from(input)),
            };
        }
    }

    fn put_chunks(
        &mut self,
        start: Vec<u8>,
        rest: &mut dyn Read,
        kind: &'static str,
    ) -> Result<Cut, ContentError> {
        let mut hasher = Hasher::default();
        let mut n_bytes = 0;
        let mut pieces = Pieces::default();
        let mut text = text::may_be_text(kind).then(Vec::new);
        let n_ahead = (self.pool.n_threads() - 1) * AHEAD_BYTES;
        let mut limited = start.chain(rest).take(limits::CONTENT_BYTES_MAX + 1);
        for piece in chunk::cut(&mut limited) {
            let piece = piece?;
            if (self.is_interrupted)() {
                return Err(Error::Interrupted.into());
            }
            hasher.update(&piece);
            n_bytes += piece.len() as u64;
            match &mut text {
                Some(text) if n_bytes <= limits::TEXT_BYTES_MAX as u64 => text.extend(&piece),
                _ => text = None,
            }
            pieces.push(self, piece);
            while pieces.n_underway > n_ahead {
                pieces.settle(self, kind)?;
            }
        }
        while !pieces.underway.is_empty() {
            pieces.settle(self, kind)?;
        }
        if n_bytes > limits::CONTENT_BYTES_MAX {
            let too_large = "it is larger than the 1 TiB that can be stored";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, too_large).into());
        }
        let Pieces { chunks, has_healed, .. } = pieces;
        Ok(Cut { digest: hasher.finish(), n_bytes, chunks, has_healed, text })
    }

    /// Puts a chunk unless it is stored, or was put a moment ago; whether what was stored was damaged.
    fn put_chunk(
        &mut self,
        digest: Digest,
        bytes: Arc<Vec<u8>>,
        fingerprint: Fingerprint,
        kind: &'static str,
    ) -> Result<bool, Error> {
        if self.pending.stored_chunks.contains(&digest) {
            return Ok(false);
        }
        if let Some(features) = fingerprint.sought() {
            self.pending.features.insert(digest.key(), *features);
        }
        let presence = self.writer().presence(&digest)?;
        if presence != Presence::Whole {
            // Without a base when it is put once more, as in `restore`.
            let fingerprint = (presence == Presence::Absent).then_some(fingerprint);
            self.writer().put(Blob { digest, bytes, fingerprint, media_type: kind }, None)?;
        }
        self.pending.stored_chunks.insert(digest);
        self.pending.has_healed |= presence == Presence::Damaged;
        Ok(presence == Presence::Damaged)
    }
}

impl Pieces {
    fn push(&mut self, transaction: &Transaction, piece: Vec<u8>) {
        self.n_underway += piece.len();
        if self.last.as_ref().is_some_and(|last| **last == piece) {
            return self.underway.push_back(Piece::Again);
        }
        let piece = Arc::new(piece);
        self.last = Some(Arc::clone(&piece));
        let bytes = Arc::clone(&piece);
        let hash = move || (Digest::of(&bytes), Fingerprint::of(&bytes));
        self.underway.push_back(Piece::New(piece, transaction.pool.submit(hash)));
    }

    /// Puts the first piece under way, and adds it to the list.
    fn settle(&mut self, transaction: &mut Transaction, kind: &'static str) -> Result<(), Error> {
        match self.underway.pop_front() {
            Some(Piece::New(bytes, task)) => {
                let (digest, fingerprint) = task.join();
                self.n_underway -= bytes.len();
                self.chunks.push(Chunk { digest, n_bytes: bytes.len() as u32 });
                self.has_healed |= transaction.put_chunk(digest, bytes, fingerprint, kind)?;
            }
            Some(Piece::Again) => {
                let last = self.chunks.last().copied();
                self.n_underway -= last.map_or(0, |chunk| chunk.n_bytes as usize);
                self.chunks.extend(last);
            }
            None => {}
        }
        Ok(())
    }
}
