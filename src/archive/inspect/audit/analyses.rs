//! What is made of contents while an audit reads them: sketches and features, computed on all threads and
//! put into the audit's own catalog in order.

use std::{
    collections::{HashSet, VecDeque},
    rc::Rc,
    sync::Arc,
};

use crate::{
    archive::{
        ingest::reader::TextAnalysis,
        operand::{encoding, may_be_compared, read_as},
    },
    catalog::{BlobNumber, Catalog},
    pool::{Pool, Task},
    similarity::words,
    store::features::{Features, Fingerprint},
    text::Scope,
    types::{digest::Digest, document::Revision, error::Error},
};

/// So many bytes of contents wait to be analysed, or are.
const UNDERWAY_BYTES_MAX: usize = 16 << 20;
/// So many blobs enter the index of base candidates together: a pass over it.
const INDEXED_TOGETHER: usize = 1 << 16;

/// Takes the row of a content, and its sketch as it is kept.
pub type PutSketch<'p> = dyn FnMut(i64, &[u8]) -> Result<(), Error> + 'p;

/// What was found of a row: of the bytes, if it stands for them, and of the text.
type Analysed = (Option<Fingerprint>, TextAnalysis);

/// Blobs that are being analysed.
pub struct Analyses<'p> {
    projection: Rc<Catalog>,
    put: &'p mut PutSketch<'p>,
    pool: Pool,
    underway: VecDeque<(BlobNumber, usize, Task<Analysed>)>,
    n_underway: usize,
    features: Vec<(BlobNumber, Features)>,
    chunks_met: HashSet<i64>,
}

impl<'p> Analyses<'p> {
    /// None so far; `put` gets each sketch.
    pub fn new(projection: &Rc<Catalog>, n_threads: usize, put: &'p mut PutSketch<'p>) -> Self {
        Self {
            projection: Rc::clone(projection),
            put,
            pool: Pool::new(n_threads),
            underway: VecDeque::new(),
            n_underway: 0,
            features: Vec::new(),
            chunks_met: HashSet::new(),
        }
    }

    /// Takes a content that is one blob: its first row stands for the bytes, and each for a text.
    pub fn content(&mut self, digest: &Digest, bytes: Vec<u8>) -> Result<(), Error> {
        let (n_bytes, bytes) = (bytes.len(), Arc::new(bytes));
        for (n, row) in self.projection.interpreted_rows(digest)?.into_iter().enumerate() {
            let revision = self.projection.first_with(row.id)?.filter(|_| !row.is_withdrawn);
            let bytes = Arc::clone(&bytes);
            let analyse = move || {
                let text =
                    revision.map(|it| TextAnalysis::of(&bytes, &it.media_type, encoding(&it)));
                ((n == 0).then(|| Fingerprint::of(&bytes)), text.unwrap_or_default())
            };
            let task = self.pool.submit(analyse);
            self.push(BlobNumber::Content(row.id), n_bytes, task)?;
        }
        Ok(())
    }

    /// Whether a large content may be a text that is compared.
    pub fn is_text(&self, digest: &Digest) -> Result<bool, Error> {
        Ok(!self.texts(digest)?.is_empty())
    }

    /// Takes the whole of such a content.
    pub fn large_text(&mut self, digest: &Digest, bytes: &[u8]) -> Result<(), Error> {
        for (row, revision) in self.texts(digest)? {
            if let Some(sketch) = words::sketch(bytes, read_as(&revision, Scope::Page)) {
                (self.put)(row, &sketch.encode())?;
            }
        }
        Ok(())
    }

    /// The rows of a content that are kept and may be texts, each with a revision that is read so.
    fn texts(&self, digest: &Digest) -> Result<Vec<(i64, Revision)>, Error> {
        let mut texts = Vec::new();
        for row in self.projection.contents(digest)? {
            let revision = self.projection.first_with(row)?;
            let text = revision.filter(|it| may_be_compared(it.n_bytes, &it.media_type));
            texts.extend(text.map(|revision| (row, revision)));
        }
        Ok(texts)
    }

    /// Takes a chunk of a large content, of which [`Analyses::large_text`] takes the whole.
    pub fn chunk(&mut self, digest: &Digest, bytes: Vec<u8>) -> Result<(), Error> {
        let Some(row) = self.projection.chunk(digest.key())? else { return Ok(()) };
        if !self.chunks_met.insert(row) {
            return Ok(());
        }
        let n_bytes = bytes.len();
        let compute = move || (Some(Fingerprint::of(&bytes)), TextAnalysis::default());
        let task = self.pool.submit(compute);
        self.push(BlobNumber::Chunk(row), n_bytes, task)
    }

    /// Waits for all of them.
    pub fn finish(mut self) -> Result<(), Error> {
        while self.join()? {}
        self.index()
    }

    fn push(
        &mut self,
        number: BlobNumber,
        n_bytes: usize,
        task: Task<Analysed>,
    ) -> Result<(), Error> {
        self.underway.push_back((number, n_bytes, task));
        self.n_underway += n_bytes;
        while self.n_underway > UNDERWAY_BYTES_MAX && self.join()? {}
        Ok(())
    }

    /// Takes in the first of them; `false` when there is none.
    fn join(&mut self) -> Result<bool, Error> {
        let Some((number, n_bytes, task)) = self.underway.pop_front() else { return Ok(false) };
        self.n_underway -= n_bytes;
        let (fingerprint, text) = task.join();
        if let (BlobNumber::Content(row), Some(sketch)) = (number, text.sketch) {
            (self.put)(row, &sketch)?;
        }
        let fingerprint = fingerprint.as_ref().and_then(Fingerprint::sought);
        self.features.extend(fingerprint.map(|features| (number, *features)));
        if self.features.len() >= INDEXED_TOGETHER {
            self.index()?;
        }
        Ok(true)
    }

    fn index(&mut self) -> Result<(), Error> {
        self.projection.add_features(&std::mem::take(&mut self.features))
    }
}
