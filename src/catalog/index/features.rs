//! Base candidates: which stored blobs share features with another one, to be its base.
//!
//! Contents and chunks are numbered together: the content in row i has number 2i, the chunk in row c
//! has number 2c + 1.

use std::cmp::Reverse;

use rusqlite::{Connection, OptionalExtension};

use crate::{
    catalog::{Batch, Catalog},
    store::{
        candidates::{BaseCandidate, BaseCandidates},
        features::Features,
    },
    types::{
        digest::{Digest, Key},
        error::Error,
    },
};

use super::{blocks, tiers::Index};

/// Of the blobs with one feature so many count, the latest.
const LATEST: usize = 64;
/// So many candidates are named.
const CANDIDATES_MAX: usize = 4;

/// A blob's number, and how many of the features it was found by.
type BlobHit = (u32, u32);

/// Which blob, by the row of its content or chunk.
#[derive(Debug, Clone, Copy)]
pub enum BlobNumber {
    /// A content that is one blob.
    Content(i64),
    /// A chunk of a large content.
    Chunk(i64),
}

impl Catalog {
    fn sharing_most(
        &self,
        features: &Features,
        also: Option<Key>,
    ) -> Result<Vec<BaseCandidate>, Error> {
        let mut found = self.sharing(features)?;
        let by_rank = |(number, n): &BlobHit| Reverse((*n, *number));
        let n_named = CANDIDATES_MAX.min(found.len());
        if n_named < found.len() {
            found.select_nth_unstable_by_key(n_named, by_rank);
        }
        found[..n_named].sort_unstable_by_key(by_rank);
        let mut base_candidates: Vec<BaseCandidate> = Vec::with_capacity(n_named + 1);
        for (number, n_matching) in &found[..n_named] {
            if let Some((key, n_bytes)) = self.blob(*number)?
                && base_candidates.iter().all(|candidate| candidate.key != key)
            {
                base_candidates.push(BaseCandidate { key, n_bytes, n_matching: *n_matching });
            }
        }
        if let Some(key) = also
            && base_candidates.iter().all(|candidate| candidate.key != key)
        {
            let numbers = self.numbers_with(key)?;
            let others = found[n_named..].iter().filter(|(number, _)| numbers.contains(number));
            if let Some((number, n_matching)) = others.min_by_key(|found| by_rank(found))
                && let Some((key, n_bytes)) = self.blob(*number)?
            {
                base_candidates.push(BaseCandidate { key, n_bytes, n_matching: *n_matching });
            }
        }
        Ok(base_candidates)
    }

    /// The blobs that have some of the features, in order of number.
    fn sharing(&self, features: &Features) -> Result<Vec<BlobHit>, Error> {
        let mut wanted = features.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let index = Index::feature(&self.db);
        self.feature_filter.retain(&index, &mut wanted)?;
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut numbers = index.reader()?.latest(&wanted, LATEST)?;
        numbers.sort_unstable();
        Ok(numbers.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32)).collect())
    }

    /// Puts blobs into the index of base candidates by their numbers, of contents and of chunks.
    pub fn add_features(&self, blobs: &[(BlobNumber, Features)]) -> Result<(), Error> {
        let mut entries =
            Vec::with_capacity(blobs.len() * blobs.first().map_or(0, |(_, it)| it.len()));
        for (number, features) in blobs {
            let number = blocks::value(match number {
                BlobNumber::Content(row) => row.saturating_mul(2),
                BlobNumber::Chunk(row) => row.saturating_mul(2).saturating_add(1),
            })?;
            entries.extend(features.iter().map(|feature| blocks::entry(*feature, number)));
        }
        entries.sort_unstable();
        entries.dedup();
        self.feature_filter.insert(&Index::feature(&self.db), &entries)
    }

    /// The row of a chunk with this key.
    pub fn chunk(&self, key: Key) -> Result<Option<i64>, Error> {
        let mut query = self.db.prepare_cached("SELECT id FROM chunk WHERE key = ?1")?;
        Ok(query.query_row([key.0 as i64], |row| row.get(0)).optional()?)
    }

    /// Whether a chunk with this key is known.
    pub fn has_chunk(&self, key: Key) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached("SELECT 1 FROM chunk WHERE key = ?1")?;
        Ok(query.exists([key.0 as i64])?)
    }

    /// Key and, of contents, size of the blob with this number.
    fn blob(&self, number: u32) -> Result<Option<(Key, Option<u64>)>, Error> {
        let sql = match number % 2 {
            0 => "SELECT key, bytes FROM content WHERE id = ?1",
            _ => "SELECT key, NULL FROM chunk WHERE id = ?1",
        };
        let mut query = self.db.prepare_cached(sql)?;
        let found = query.query_row([number / 2], |row| {
            let n_bytes: Option<i64> = row.get(1)?;
            Ok((Key(row.get::<_, i64>(0)? as u64), n_bytes.map(|n| n as u64)))
        });
        Ok(found.optional()?)
    }

    /// The numbers of the blobs with this key.
    fn numbers_with(&self, key: Key) -> Result<Vec<u32>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 2 * id FROM content WHERE key = ?1
             UNION ALL SELECT 2 * id + 1 FROM chunk WHERE key = ?1",
        )?;
        let rows = query.query_map([key.0 as i64], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// A feature that many have finds only the latest of them. Blobs of one key count as one.
impl BaseCandidates for Catalog {
    fn base_candidates(
        &self,
        features: &Features,
        also: Option<Key>,
    ) -> Result<Vec<BaseCandidate>, Error> {
        let _snapshot = self.snapshot()?;
        self.sharing_most(features, also)
    }
}

/// Collects what the index gets for a content that is new, and numbers its chunks that are.
pub(in crate::catalog) fn index_features(
    transaction: &Connection,
    batch: &Batch,
    (content, digest): (i64, &Digest),
    base_candidates: &mut Vec<u64>,
) -> Result<(), Error> {
    let mut introduce = |key: &Key, number: i64| -> Result<(), Error> {
        let Some(features) = batch.features.and_then(|all| all.get(key)) else { return Ok(()) };
        let number = blocks::value(number)?;
        base_candidates.extend(features.iter().map(|feature| blocks::entry(*feature, number)));
        Ok(())
    };
    introduce(&digest.key(), content.saturating_mul(2))?;
    let chunks = batch.chunks.and_then(|all| all.get(digest));
    for key in chunks.into_iter().flatten() {
        let is_new = transaction
            .prepare_cached("INSERT OR IGNORE INTO chunk (key) VALUES (?1)")?
            .execute([key.0 as i64])?;
        if is_new > 0 {
            introduce(key, transaction.last_insert_rowid().saturating_mul(2).saturating_add(1))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{
        catalog::Recorded,
        journal::event::{Event, MediaType, Revise},
        store::features::N_FEATURES,
        types::{digest::DocId, time::Timestamp},
    };

    /// Contents 1 to `n`, added in one transaction, whose features `of` gives.
    fn indexed(n: u32, of: impl Fn(u32) -> Features) -> Catalog {
        let catalog = Catalog::in_memory().unwrap();
        let features = (1..=n).map(|n| (key(n), of(n))).collect();
        apply(&catalog, 1..=n, &features);
        catalog
    }

    fn apply(
        catalog: &Catalog,
        contents: std::ops::RangeInclusive<u32>,
        features: &HashMap<Key, Features>,
    ) {
        let start = catalog.totals().unwrap().n_revisions;
        let events: Vec<Event> = contents.map(event).collect();
        let recorded = |(index, event)| Recorded { index, event, detail: None };
        let events: Vec<Recorded> = (start..).zip(&events).map(recorded).collect();
        let batch = Batch { events: &events, features: Some(features), ..Batch::default() };
        catalog.apply(&batch).unwrap();
    }

    /// The first revision of a document of its own.
    fn event(n: u32) -> Event {
        Event::Revise(Revise {
            at: Timestamp::from_unix(0, 0),
            doc: DocId(n.into()),
            prev: None,
            sha256: Digest::of(&n.to_be_bytes()),
            size: n.into(),
            media: MediaType::new("text/plain").unwrap(),
            detail: Digest::of(b""),
        })
    }

    fn key(n: u32) -> Key {
        Digest::of(&n.to_be_bytes()).key()
    }

    /// The first `n` features are 1, 2, …, the others belong to `who` alone.
    fn sharing(n: u32, who: u32) -> Features {
        std::array::from_fn(|index| match index as u32 {
            index if index < n => index + 1,
            index => 1000 * who + index,
        })
    }

    fn named(base_candidates: &[BaseCandidate]) -> Vec<(Key, u32)> {
        base_candidates.iter().map(|candidate| (candidate.key, candidate.n_matching)).collect()
    }

    #[test]
    fn candidates_come_by_matches_then_the_latest_first() {
        let catalog = indexed(4, |n| sharing([3, 7, 3, 0][n as usize - 1], n));
        let found = catalog.base_candidates(&sharing(12, 9), None).unwrap();
        assert_eq!(named(&found), [(key(2), 7), (key(3), 3), (key(1), 3)]);
        assert_eq!(found[0].n_bytes, Some(2));
        assert_eq!(catalog.base_candidates(&sharing(0, 9), None).unwrap(), []);
    }

    #[test]
    fn four_are_named_and_the_one_asked_for_if_it_was_found() {
        let catalog = indexed(20, |n| sharing(if n == 20 { 0 } else { 3 }, n));
        let latest: Vec<(Key, u32)> = (16..20).rev().map(|n| (key(n), 3)).collect();
        let named = |also| named(&catalog.base_candidates(&sharing(12, 99), Some(also)).unwrap());
        assert_eq!(named(key(17)), latest);
        assert_eq!(named(key(4)), [&latest[..], &[(key(4), 3)]].concat());
        for not_found in [key(20), key(77)] {
            assert_eq!(named(not_found), latest);
        }
    }

    #[test]
    fn a_feature_that_many_have_finds_the_latest() {
        let catalog = indexed(500, |_| [5; N_FEATURES]);
        let found = catalog.base_candidates(&[5; N_FEATURES], Some(key(437))).unwrap();
        assert_eq!(found.len(), CANDIDATES_MAX + 1);
        assert_eq!(named(&found)[0], (key(500), 1));
        assert_eq!(named(&found)[CANDIDATES_MAX], (key(437), 1));
        assert_eq!(
            catalog.base_candidates(&[5; N_FEATURES], Some(key(436))).unwrap().len(),
            CANDIDATES_MAX
        );
    }

    #[test]
    fn a_content_that_was_there_before_gets_no_features() {
        let catalog = indexed(1, |_| sharing(2, 1));
        let features = HashMap::from([(key(1), sharing(9, 1)), (key(2), sharing(4, 2))]);
        apply(&catalog, 1..=3, &features);
        let found = catalog.base_candidates(&sharing(12, 9), None).unwrap();
        assert_eq!(named(&found), [(key(2), 4), (key(1), 2)]);
    }

    #[test]
    fn a_chunk_is_numbered_once_and_has_no_size() {
        let catalog = Catalog::in_memory().unwrap();
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let chunks = HashMap::from([(a, vec![key(8), key(9), key(8)]), (b, vec![key(9), key(10)])]);
        let features = HashMap::from([(key(8), sharing(4, 8)), (key(10), sharing(5, 10))]);
        let batch = Batch { features: Some(&features), chunks: Some(&chunks), ..Batch::default() };
        let mut base_candidates = Vec::new();
        for (content, digest) in [(1, &a), (2, &b)] {
            index_features(&catalog.db, &batch, (content, digest), &mut base_candidates).unwrap();
        }
        base_candidates.sort_unstable();
        Index::feature(&catalog.db).change(&base_candidates, &[]).unwrap();
        let found = catalog.base_candidates(&sharing(12, 0), None).unwrap();
        assert_eq!(named(&found), [(key(10), 5), (key(8), 4)]);
        assert_eq!(found[0].n_bytes, None);
        let keys: Vec<u32> = catalog.numbers_with(key(10)).unwrap();
        assert_eq!(keys, [7]);
    }

    #[test]
    fn a_row_beyond_what_is_indexed_is_refused() {
        let catalog = Catalog::in_memory().unwrap();
        let digest = Digest::of(b"a");
        let features = HashMap::from([(digest.key(), [1; N_FEATURES])]);
        let batch = Batch { features: Some(&features), ..Batch::default() };
        for row in [1 << 28, i64::MAX] {
            let done = index_features(&catalog.db, &batch, (row, &digest), &mut Vec::new());
            assert!(matches!(done, Err(Error::Catalog { .. })), "{row}");
        }
    }
}
