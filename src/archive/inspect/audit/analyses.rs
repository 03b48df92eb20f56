//! What is made of contents while an audit reads them: sketches and features, computed on all threads and
//! put into the audit's own catalog in order.

use std::{
    collections::{HashSet, VecDeque},
    rc::Rc,
};

use crate::{
    archive::{
        ingest::reader::{Analysis, TextAnalysis},
        operand::{encoding, may_be_compared, read_as},
    },
    catalog::{BlobNumber, Catalog},
    pool::{Pool, Task},
    similarity::words,
    store::features::{Features, Fingerprint},
    text::Scope,
    types::{digest::Digest, error::Error},
};

/// So many bytes of contents wait to be analysed, or are.
const UNDERWAY_BYTES_MAX: usize = 16 << 20;
/// So many blobs enter the index of base candidates together: a pass over it.
const INDEXED_TOGETHER: usize = 1 << 16;

/// Takes the row of a content, and its sketch as it is kept.
pub type PutSketch<'p> = dyn FnMut(i64, &[u8]) -> Result<(), Error> + 'p;

/// Blobs that are being analysed.
pub struct Analyses<'p> {
    projection: Rc<Catalog>,
    put: &'p mut PutSketch<'p>,
    pool: Pool,
    underway: VecDeque<(BlobNumber, usize, Task<Analysis>)>,
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

    /// Takes a content that is one blob.
    pub fn content(&mut self, row: i64, bytes: Vec<u8>) -> Result<(), Error> {
        let Some(revision) = self.projection.sketched_by(row)? else { return Ok(()) };
        let n_bytes = bytes.len();
        let task = self
            .pool
            .submit(move || Analysis::of(&bytes, &revision.media_type, encoding(&revision)));
        self.push(BlobNumber::Content(row), n_bytes, task)
    }

    /// Whether a large content may be a text that is compared.
    pub fn is_text(&self, row: i64) -> Result<bool, Error> {
        let revision = self.projection.sketched_by(row)?;
        Ok(revision.is_some_and(|it| may_be_compared(it.n_bytes, &it.media_type)))
    }

    /// Takes the whole of such a content.
    pub fn large_text(&mut self, row: i64, bytes: &[u8]) -> Result<(), Error> {
        let Some(revision) = self.projection.sketched_by(row)? else { return Ok(()) };
        let sketch = words::sketch(bytes, read_as(&revision, Scope::Page));
        sketch.map_or(Ok(()), |sketch| (self.put)(row, &sketch.encode()))
    }

    /// Takes a chunk of a large content, of which [`Analyses::large_text`] takes the whole.
    pub fn chunk(&mut self, digest: &Digest, bytes: Vec<u8>) -> Result<(), Error> {
        let Some(row) = self.projection.chunk(digest.key())? else { return Ok(()) };
        if !self.chunks_met.insert(row) {
            return Ok(());
        }
        let n_bytes = bytes.len();
        let compute = move || Analysis {
            fingerprint: Fingerprint::of(&bytes),
            text: TextAnalysis::default(),
        };
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
        task: Task<Analysis>,
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
        let Analysis { fingerprint, text } = task.join();
        if let (BlobNumber::Content(row), Some(sketch)) = (number, text.sketch) {
            (self.put)(row, &sketch)?;
        }
        self.features.extend(fingerprint.features().map(|features| (number, *features)));
        if self.features.len() >= INDEXED_TOGETHER {
            self.index()?;
        }
        Ok(true)
    }

    fn index(&mut self) -> Result<(), Error> {
        self.projection.add_features(&std::mem::take(&mut self.features))
    }
}
