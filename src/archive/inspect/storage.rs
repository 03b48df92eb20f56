//! How one content is stored: its frame, the chain of bases below it, what it saves.

use std::collections::HashSet;

use crate::{
    archive::Archive,
    store::{ChainStep, chunk::Chunk, frame::Header, usage},
    types::{
        digest::{Digest, Key},
        document::{Document, Revision},
        error::Error,
        limits,
    },
};

pub use crate::store::{place::Place, usage::How};

/// How a stored content lies, and what it takes to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeltaChain {
    /// In what way it is stored.
    pub how: How,
    /// How many bases lie under it.
    pub depth: u64,
    /// Bytes decoded to read its frame.
    pub decoded_bytes: u64,
    /// The blob it was compressed against.
    pub base: Option<Key>,
    /// Bytes of the frame it lies in; of a content in chunks, of the frame of their list.
    pub n_frame: u64,
    /// What it takes of that frame, in proportion to its bytes; of a content in chunks, what list
    /// and chunks take, each chunk once.
    pub n_stored: u64,
    /// How many blobs share the frame.
    pub n_in_frame: u64,
    /// How many chunks it has; 0 when it is one blob.
    pub n_chunks: u64,
    /// How many bases lie under the deepest of them.
    pub chunk_depth: u64,
    /// Bytes decoded to read the costliest of them.
    pub chunk_decoded_bytes: u64,
    /// How many of them the revision before has too; none where that is not in chunks.
    pub n_chunks_before: Option<u64>,
}

#[cfg(test)]
impl DeltaChain {
    /// A small blob by itself, for tests of what is printed about chains.
    pub const ALONE: Self = Self {
        how: How::Alone,
        depth: 0,
        decoded_bytes: 900,
        base: None,
        n_frame: 300,
        n_stored: 300,
        n_in_frame: 1,
        n_chunks: 0,
        chunk_depth: 0,
        chunk_decoded_bytes: 0,
        n_chunks_before: None,
    };
}

/// One blob of a chain.
#[derive(Debug, Clone)]
pub struct DeltaLink {
    /// Of the blob itself, whichever others share its frame.
    pub key: Key,
    /// The document and revision that hold it; none for a chunk.
    pub holder: Option<(Document, Revision)>,
    /// How many bases lie under it.
    pub depth: u64,
    /// Of the blob, not compressed.
    pub n_bytes: u64,
    /// What it takes of its frame, in proportion to its bytes.
    pub n_stored: u64,
    /// Where its frame lies.
    pub place: Place,
}

/// All that is known of how a content is stored.
#[derive(Debug, Clone)]
pub struct StoredAs {
    /// How it lies.
    pub chain: DeltaChain,
    /// The blob and the bases below it; empty for a content in chunks.
    pub links: Vec<DeltaLink>,
    /// What it would take compressed alone; none when that is how it is stored, or cannot be found out.
    pub n_alone: Option<u64>,
}

impl Archive {
    /// How the content of a revision lies, from the headers of its frames.
    pub fn chain(&self, revision: &Revision) -> Result<DeltaChain, Error> {
        self.expect_readable(revision)?;
        let ChainStep { place, header, .. } = self.reader.first_step(revision.digest.key())?;
        let n_frame = u64::from(place.n_bytes);
        let chain = DeltaChain {
            how: usage::how(&header),
            depth: u64::from(header.depth()),
            decoded_bytes: header.decoded_bytes(),
            base: header.base.map(|base| base.key),
            n_frame,
            n_stored: usage::share(n_frame, n_blob(&header, &place), header.n_raw() as u64),
            n_in_frame: header.lengths.len() as u64,
            n_chunks: 0,
            chunk_depth: 0,
            chunk_decoded_bytes: 0,
            n_chunks_before: None,
        };
        if revision.n_bytes <= limits::BLOB_BYTES_MAX as u64 {
            return Ok(chain);
        }
        self.chain_of_chunks(revision, chain)
    }

    /// Everything about how the content of a revision lies; it is read to find out what that saves.
    pub fn explain(&self, document: &Document, revision: &Revision) -> Result<StoredAs, Error> {
        let chain = self.chain(revision)?;
        if chain.n_chunks > 0 {
            return Ok(StoredAs { chain, links: Vec::new(), n_alone: None });
        }
        let n_alone = match chain.how {
            How::Based | How::Solid => match self.read_whole(document, revision) {
                Ok(bytes) => Some(usage::alone(&bytes)),
                Err(Error::Damaged { .. }) => None,
                Err(error) => return Err(error),
            },
            _ => None,
        };
        let links = self.links(document, revision)?;
        Ok(StoredAs { chain, links, n_alone })
    }

    /// The blobs from a revision's content down to the root of its chain.
    fn links(&self, document: &Document, revision: &Revision) -> Result<Vec<DeltaLink>, Error> {
        let mut links: Vec<DeltaLink> = Vec::new();
        for step in self.reader.chain(revision.digest.key())? {
            let holder = match links.is_empty() {
                true => Some((document.clone(), revision.clone())),
                false => self.holder(step.key, revision)?,
            };
            let n_bytes = n_blob(&step.header, &step.place);
            let n_frame = u64::from(step.place.n_bytes);
            links.push(DeltaLink {
                key: step.key,
                holder,
                depth: u64::from(step.header.depth()),
                n_bytes,
                n_stored: usage::share(n_frame, n_bytes, step.header.n_raw() as u64),
                place: step.place,
            });
        }
        Ok(links)
    }

    /// The document and revision that hold a blob, as seen from a revision.
    pub fn holder(&self, key: Key, from: &Revision) -> Result<Option<(Document, Revision)>, Error> {
        self.catalog.holder(key, from)
    }

    fn chain_of_chunks(&self, revision: &Revision, list: DeltaChain) -> Result<DeltaChain, Error> {
        let chunks = self.reader.chunks_of_large(&revision.digest)?;
        let n_chunks_before = self.n_chunks_before(revision, &chunks)?;
        let n_chunks = chunks.len() as u64;
        let mut chain = DeltaChain { how: How::List, n_chunks, n_chunks_before, ..list };
        let mut met = HashSet::new();
        for chunk in chunks {
            let key = chunk.digest.key();
            if !met.insert(key) {
                continue;
            }
            let ChainStep { place, header, .. } = self.reader.first_step(key)?;
            let (n_frame, n_raw) = (u64::from(place.n_bytes), header.n_raw() as u64);
            chain.n_stored += usage::share(n_frame, u64::from(chunk.n_bytes), n_raw);
            chain.chunk_depth = chain.chunk_depth.max(u64::from(header.depth()));
            chain.chunk_decoded_bytes = chain.chunk_decoded_bytes.max(header.decoded_bytes());
        }
        Ok(chain)
    }

    /// How many of a revision's chunks are chunks of the one before it.
    fn n_chunks_before(&self, revision: &Revision, chunks: &[Chunk]) -> Result<Option<u64>, Error> {
        let before = self.catalog.revision(revision.doc, revision.number.saturating_sub(1))?;
        let Some(before) = before else { return Ok(None) };
        let Ok(Some(before)) = self.reader.chunks(&before.digest) else { return Ok(None) };
        let before: HashSet<Digest> = before.iter().map(|chunk| chunk.digest).collect();
        Ok(Some(chunks.iter().filter(|chunk| before.contains(&chunk.digest)).count() as u64))
    }
}

/// The size of the blob at a place; 0 when its frame has none with that index.
fn n_blob(header: &Header, place: &Place) -> u64 {
    header.lengths.get(usize::from(place.index)).map_or(0, |n_bytes| u64::from(*n_bytes))
}
