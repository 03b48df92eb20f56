//! Where the bytes of an archive are: layer by layer, and which documents save most.
//!
//! Packs are read from end to end, but only the headers of their frames are parsed. In memory are one
//! pack, one number for each solid frame and each chunk of large contents, and the best ten documents.

use std::collections::HashSet;

use crate::{
    archive::Archive,
    catalog::{RevisionContent, Totals},
    store::{
        place::Places as _,
        usage::{Shares, StorageStats},
    },
    types::{
        digest::{Digest, Key},
        document::Document,
        error::Error,
        limits,
    },
};

pub use crate::store::usage::StorageClass;

use super::audit::WorkDone;

/// Of the documents that save most, so many are named.
const SAVERS_MAX: usize = 10;

/// Where the bytes are.
#[derive(Debug, Clone)]
pub struct Sizes {
    /// Sums over the catalog.
    pub totals: Totals,
    /// Revisions whose content was there already, from whatever document.
    pub again: StorageClass,
    /// What the packs consist of.
    pub storage_stats: StorageStats,
    /// Chunks of large contents that were there already.
    pub chunks_again: StorageClass,
    /// Bytes of the journal.
    pub journal: JournalSizes,
    /// Bytes of the catalog, which is made from the others.
    pub n_catalog: u64,
    /// The documents that save most, the first most.
    pub savers: Vec<Saver>,
}

/// Bytes of the journal, part by part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JournalSizes {
    /// Of the bundles of events, as they lie on disk.
    pub n_entries: u64,
    /// Of the bundles of details, as they lie on disk.
    pub n_details: u64,
    /// Of the signed checkpoint.
    pub n_checkpoint: u64,
}

/// A document and what keeping it costs.
#[derive(Debug, Clone)]
pub struct Saver {
    /// As it is now, with all its revisions.
    pub document: Document,
    /// Bytes of its revisions, each counted.
    pub n_raw: u64,
    /// What its distinct contents take; what other documents hold too counts for each of them.
    pub n_stored: u64,
}

/// The sums of one document while its revisions pass by.
#[derive(Default)]
struct DocumentSums {
    document: i64,
    n_raw: u64,
    n_stored: u64,
    contents: HashSet<Digest>,
    chunks: HashSet<Key>,
}

/// Chunks met so far, over all large contents, each of those once.
#[derive(Default)]
struct Chunks {
    contents: HashSet<Digest>,
    met: HashSet<Key>,
    again: StorageClass,
}

/// A row of a document with its sums, before it is known to be among the best.
struct SavingDocument {
    document: i64,
    n_raw: u64,
    n_stored: u64,
}

impl Archive {
    /// Sums over the whole archive, and the bytes of its journal.
    pub fn totals(&self) -> Result<(Totals, u64), Error> {
        Ok((self.catalog.totals()?, self.journal_sizes()?.n_bytes()))
    }

    /// Where the bytes are; `progress` is called with each pack and revision.
    pub fn sizes(&self, progress: &mut dyn FnMut(WorkDone)) -> Result<Sizes, Error> {
        let _snapshot = self.catalog.snapshot()?;
        self.sizes_in_view(progress)
    }

    fn sizes_in_view(&self, progress: &mut dyn FnMut(WorkDone)) -> Result<Sizes, Error> {
        let (mut storage_stats, mut shares) = (StorageStats::default(), Shares::default());
        for (n, pack) in self.catalog.packs()?.keys().enumerate() {
            progress(WorkDone::Packs(n as u64));
            storage_stats.count(&*self.home.backend, pack, &mut shares)?;
        }
        let (chunks_again, best) = self.tally(&shares, progress)?;
        let totals = self.catalog.totals()?;
        let again = StorageClass {
            n_blobs: totals.n_revisions - totals.n_contents,
            n_raw: totals.n_raw - totals.n_distinct,
            n_stored: 0,
        };
        let saver = |best: &SavingDocument| {
            let document = self.catalog.document_at(best.document)?;
            Ok(Saver { document, n_raw: best.n_raw, n_stored: best.n_stored })
        };
        let savers = best.iter().map(saver).collect::<Result<_, Error>>()?;
        let n_catalog = self.catalog.n_own_bytes()?;
        let journal = self.journal_sizes()?;
        Ok(Sizes { totals, again, storage_stats, chunks_again, journal, n_catalog, savers })
    }

    /// Bytes of the journal.
    pub fn journal_sizes(&self) -> Result<JournalSizes, Error> {
        let mut sizes = JournalSizes::default();
        for object in self.home.backend.list("log")? {
            match object.name.split('/').nth(1) {
                Some("checkpoint") => sizes.n_checkpoint += object.bytes,
                _ => sizes.n_entries += object.bytes,
            }
        }
        let details = self.home.backend.list("details")?;
        sizes.n_details = details.iter().map(|object| object.bytes).sum();
        Ok(sizes)
    }

    /// Goes through what every document holds: chunks met again, and the documents that save most.
    fn tally(
        &self,
        shares: &Shares,
        progress: &mut dyn FnMut(WorkDone),
    ) -> Result<(StorageClass, Vec<SavingDocument>), Error> {
        let mut best = Vec::new();
        let mut chunks = Chunks::default();
        let mut tally = DocumentSums::default();
        let mut n_visited = 0;
        self.catalog.each_revision_content(|content| {
            n_visited += 1;
            progress(WorkDone::Contents(n_visited));
            if tally.document != content.document {
                keep(&mut best, &tally);
                tally = DocumentSums { document: content.document, ..DocumentSums::default() };
            }
            tally.n_raw += content.n_bytes;
            if !tally.contents.insert(content.digest) {
                return Ok(());
            }
            tally.n_stored += content.place.map_or(0, |place| shares.of(place, content.n_bytes));
            if content.n_bytes > limits::BLOB_BYTES_MAX as u64 {
                self.tally_chunks(&content, shares, &mut tally, &mut chunks)?;
            }
            Ok(())
        })?;
        keep(&mut best, &tally);
        Ok((chunks.again, best))
    }

    /// Adds the chunks of a large content; those of a list that cannot be read are left out.
    fn tally_chunks(
        &self,
        content: &RevisionContent,
        shares: &Shares,
        tally: &mut DocumentSums,
        all: &mut Chunks,
    ) -> Result<(), Error> {
        let chunks = match self.reader.chunks(&content.digest) {
            Ok(chunks) => chunks.unwrap_or_default(),
            Err(Error::Damaged { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let is_first = all.contents.insert(content.digest);
        for chunk in chunks {
            let (key, n_bytes) = (chunk.digest.key(), u64::from(chunk.n_bytes));
            if is_first && !all.met.insert(key) {
                all.again.n_blobs += 1;
                all.again.n_raw += n_bytes;
            }
            if tally.chunks.insert(key)
                && let Some(place) = self.catalog.places(key)?.first()
            {
                let place = (place.pack.key(), place.offset, place.n_bytes);
                tally.n_stored += shares.of(place, n_bytes);
            }
        }
        Ok(())
    }
}

impl JournalSizes {
    /// All parts together.
    pub fn n_bytes(&self) -> u64 {
        self.n_entries + self.n_details + self.n_checkpoint
    }
}

impl Saver {
    /// Bytes that are not stored thanks to compression and to what is the same.
    pub fn n_saved(&self) -> u64 {
        n_saved(self.n_raw, self.n_stored)
    }
}

fn n_saved(n_raw: u64, n_stored: u64) -> u64 {
    n_raw.saturating_sub(n_stored)
}

/// Keeps a document if it is among those that save most; of equals, the one that came first.
fn keep(best: &mut Vec<SavingDocument>, tally: &DocumentSums) {
    let saved = n_saved(tally.n_raw, tally.n_stored);
    if saved == 0 {
        return;
    }
    let at = best.partition_point(|other| n_saved(other.n_raw, other.n_stored) >= saved);
    if at < SAVERS_MAX {
        best.truncate(SAVERS_MAX - 1);
        let DocumentSums { document, n_raw, n_stored, .. } = *tally;
        best.insert(at, SavingDocument { document, n_raw, n_stored });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_ten_are_kept_in_order() {
        let mut best = Vec::new();
        for document in 0..100 {
            let n_raw = 100 + (document as u64 * 37) % 50;
            keep(
                &mut best,
                &DocumentSums { document, n_raw, n_stored: 100, ..DocumentSums::default() },
            );
        }
        let saved: Vec<u64> = best.iter().map(|kept| kept.n_raw - 100).collect();
        assert_eq!(saved, [49, 49, 48, 48, 47, 47, 46, 46, 45, 45]);
        assert!(best[0].document < best[1].document);
        keep(&mut best, &DocumentSums { n_raw: 5, n_stored: 9, ..DocumentSums::default() });
        assert_eq!(best.len(), 10);
    }
}
