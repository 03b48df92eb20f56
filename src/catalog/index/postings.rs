//! Near-duplicates: which contents share shingle hashes with a sketch.

use rusqlite::Row;

use crate::{
    catalog::Catalog,
    similarity::{
        params::{
            HASHES_SHARED_MIN, HITS_MAX, LEADERS_PER_HASH, POSTINGS_PER_HASH_MAX,
            TEMPLATE_COMMON_SHARE,
        },
        sketch::Sketch,
    },
    types::error::Error,
};

use super::{blocks, tiers::Index};

/// One sketch among many whose neighbours are wanted.
#[derive(Debug, Clone, Copy)]
pub struct NeighbourQuery<'a> {
    /// Wanted are contents before this row.
    pub before: i64,
    /// The hashes that are looked up, without repetition.
    pub hashes: &'a [u32],
    /// How many of them a neighbour shares at least.
    pub n_shared_min: usize,
}

/// A content that shares hashes with one that was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateHit {
    /// The row of the content.
    pub content: i64,
    /// Most hashes of the asked sketch are common, and this is one of the first that have them.
    pub is_leader: bool,
}

impl Catalog {
    /// Latest contents of documents before the row `before` that share at least `n_shared_min` of
    /// the hashes, in order of row.
    ///
    /// A hash that too many contents have counts as shared by all that share two others. Where most
    /// hashes are like that, the first contents that have them are neighbours, too.
    pub fn neighbours(
        &self,
        hashes: &[u32],
        before: i64,
        n_shared_min: usize,
    ) -> Result<Vec<CandidateHit>, Error> {
        let queries = [NeighbourQuery { before, hashes, n_shared_min }];
        let _snapshot = self.snapshot()?;
        let posting = Index::posting(&self.db).reader()?;
        let mut counter = HitCounter::new(&queries);
        for hash in hashes {
            let sharing = posting.below(*hash, u32::MAX, POSTINGS_PER_HASH_MAX + 1)?;
            counter.count(&[Lookup { hash: *hash, query: 0 }], &sharing);
        }
        Ok(counter.neighbours().pop().map_or(Vec::new(), |(_, near)| near))
    }

    /// The [`Catalog::neighbours`] of each content asked about that has any, after the index of its query.
    ///
    /// All hashes are looked up in one pass over the index; in several where they hit more contents than
    /// fit into memory.
    pub fn neighbours_of_many(
        &self,
        queries: &[NeighbourQuery],
    ) -> Result<Vec<(usize, Vec<CandidateHit>)>, Error> {
        let mut lookups: Vec<Lookup> = Vec::new();
        for (query, one) in (0..).zip(queries) {
            lookups.extend(one.hashes.iter().map(|hash| Lookup { hash: *hash, query }));
        }
        // In the order of the index: each of its blocks is read once, whoever asks.
        lookups.sort_unstable();
        let mut counter = HitCounter::new(queries);
        // How many hits there will be shows only while they are counted; one query is never too many.
        let may_split = queries.len() > 1;
        self.each_sharing(&lookups, |lookups, sharing| {
            counter.count(lookups, sharing);
            !may_split || counter.hits.len() < HITS_MAX
        })?;
        if !may_split || counter.hits.len() < HITS_MAX {
            return Ok(counter.neighbours());
        }
        drop((counter, lookups));
        let (first, second) = queries.split_at(queries.len() / 2);
        let mut all = self.neighbours_of_many(first)?;
        let second_half = self.neighbours_of_many(second)?.into_iter();
        all.extend(second_half.map(|(query, near)| (first.len() + query, near)));
        Ok(all)
    }

    /// Calls `each` with all look-ups of one hash, and the first of the contents that share it, as long
    /// as the answer is yes.
    ///
    /// They are one more than [`POSTINGS_PER_HASH_MAX`] at most: that many show that the hash is common.
    fn each_sharing(
        &self,
        lookups: &[Lookup],
        mut each: impl FnMut(&[Lookup], &[u32]) -> bool,
    ) -> Result<(), Error> {
        let _snapshot = self.snapshot()?;
        let posting = Index::posting(&self.db).reader()?;
        let mut runs = lookups.chunk_by(|a, b| a.hash == b.hash).peekable();
        let Some(start) = runs.peek().map(|run| run[0].hash) else { return Ok(()) };
        let mut sharing: Vec<u32> = Vec::with_capacity(POSTINGS_PER_HASH_MAX + 1);
        let mut is_stopped = false;
        posting.walk(blocks::entry(start, 0)..u64::MAX, |number| {
            let hash = blocks::hash_of(number);
            let is_done =
                |run: &&[Lookup]| run[0].hash < hash || sharing.len() > POSTINGS_PER_HASH_MAX;
            if let Some(run) = runs.next_if(is_done) {
                if !each(run, &sharing) {
                    is_stopped = true;
                    return Ok(None);
                }
                sharing.clear();
            }
            while runs.next_if(|run| run[0].hash < hash).is_some() {}
            Ok(runs.peek().map(|run| {
                if run[0].hash != hash {
                    return blocks::entry(run[0].hash, 0);
                }
                sharing.push(number as u32);
                number + 1
            }))
        })?;
        if let Some(run) = runs.next().filter(|_| !is_stopped) {
            each(run, &sharing);
        }
        Ok(())
    }

    /// The sketch of a content; `None` when it is no text.
    pub fn sketch(&self, content: i64) -> Result<Option<Sketch>, Error> {
        let mut query = self.db.prepare_cached("SELECT data FROM sketch WHERE content = ?1")?;
        let mut rows = query.query([content])?;
        rows.next()?.map(|row| sketch_in(row, 0)).transpose()
    }

    /// Calls `each` with up to `limit` contents after `content` that are the latest of a document and
    /// have a sketch, and with their sketches.
    pub fn each_posted(
        &self,
        content: i64,
        limit: usize,
        mut each: impl FnMut(i64, Sketch),
    ) -> Result<(), Error> {
        let mut query = self.db.prepare_cached(
            "SELECT content, data FROM sketch WHERE posted = 1 AND content > ?1
             ORDER BY content LIMIT ?2",
        )?;
        let mut rows = query.query([content, limit as i64])?;
        while let Some(row) = rows.next()? {
            each(row.get(0)?, sketch_in(row, 1)?);
        }
        Ok(())
    }

    /// Calls `each` with every content that has a sketch and is the latest of no document, and with
    /// its sketch.
    pub fn each_past(&self, mut each: impl FnMut(i64, Sketch)) -> Result<(), Error> {
        let mut query =
            self.db.prepare_cached("SELECT content, data FROM sketch WHERE posted = 0")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            each(row.get(0)?, sketch_in(row, 1)?);
        }
        Ok(())
    }
}

/// The sketch in a column; one that cannot be read is a torn catalog.
pub(in crate::catalog) fn sketch_in(row: &Row, column: usize) -> Result<Sketch, Error> {
    sketch_of(row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?)
}

/// The sketch in a column's bytes.
pub(in crate::catalog) fn sketch_of(data: &[u8]) -> Result<Sketch, Error> {
    Sketch::parse(data)
        .map_err(|why| Error::Catalog { why: format!("a sketch is malformed: {why}") })
}

/// How many shared hashes make neighbours when `n_common` of all that are asked for are common.
///
/// Nobody knows who has those: that each neighbour has them is taken for granted, so none is lost.
fn n_enough(n_shared_min: usize, n_common: usize) -> usize {
    n_shared_min.saturating_sub(n_common).max(HASHES_SHARED_MIN.min(n_shared_min))
}

/// A hash, and the index of the query that has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Lookup {
    hash: u32,
    query: u32,
}

/// A content that shares a hash with one that was asked about.
///
/// The order of the fields is the order in which hits are counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    query: u32,
    content: u32,
    /// More contents have the hash than are counted.
    is_common: bool,
}

/// Counts the hashes that queries share with contents.
///
/// Hits are collected in a list and sorted at the end: they come by hash, and a map from each pair of
/// query and content to its count would be many times as large and touched at random.
struct HitCounter<'a> {
    queries: &'a [NeighbourQuery<'a>],
    /// One for each hash shared.
    hits: Vec<Hit>,
    /// How many hashes of each query are common.
    n_common: Vec<usize>,
}

impl<'a> HitCounter<'a> {
    fn new(queries: &'a [NeighbourQuery<'a>]) -> Self {
        Self { queries, hits: Vec::new(), n_common: vec![0; queries.len()] }
    }

    /// Counts the contents that have a hash; see [`Catalog::each_sharing`].
    fn count(&mut self, lookups: &[Lookup], sharing: &[u32]) {
        let is_common = sharing.len() > POSTINGS_PER_HASH_MAX;
        let sharing = if is_common { &sharing[..LEADERS_PER_HASH] } else { sharing };
        for Lookup { query, .. } in lookups {
            self.n_common[*query as usize] += usize::from(is_common);
            let before = self.queries[*query as usize].before;
            let n_before = sharing.partition_point(|content| i64::from(*content) < before);
            let hit = |content: &u32| Hit { query: *query, content: *content, is_common };
            self.hits.extend(sharing[..n_before].iter().map(hit));
        }
    }

    fn neighbours(mut self) -> Vec<(usize, Vec<CandidateHit>)> {
        self.hits.sort_unstable();
        let mut all = Vec::new();
        for hits in self.hits.chunk_by(|a, b| a.query == b.query) {
            let query = hits[0].query as usize;
            let runs = hits.chunk_by(|a, b| a.content == b.content);
            let near: Vec<CandidateHit> =
                runs.filter_map(|run| self.neighbour(query, run)).collect();
            if !near.is_empty() {
                all.push((query, near));
            }
        }
        all
    }

    /// The content that these hits of one query are about, if it has enough of them.
    fn neighbour(&self, query: usize, run: &[Hit]) -> Option<CandidateHit> {
        let n_leading = run.iter().filter(|hit| hit.is_common).count();
        let (asked, n_common) = (&self.queries[query], self.n_common[query]);
        // A text from a template has few other hashes: its copies would never be compared.
        let is_template = n_common as f64 > asked.hashes.len() as f64 * TEMPLATE_COMMON_SHARE;
        let is_leader = is_template && n_leading >= HASHES_SHARED_MIN.min(asked.hashes.len());
        let is_near = run.len() - n_leading >= n_enough(asked.n_shared_min, n_common);
        let content = i64::from(run[0].content);
        (is_near || is_leader).then_some(CandidateHit { content, is_leader })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A catalog in which these hashes are posted for these contents.
    fn posted(postings: &[(u32, u32)]) -> Catalog {
        let catalog = Catalog::in_memory().unwrap();
        let mut entries: Vec<u64> = postings.iter().map(|(h, c)| blocks::entry(*h, *c)).collect();
        entries.sort_unstable();
        entries.dedup();
        Index::posting(&catalog.db).change(&entries, &[]).unwrap();
        catalog
    }

    #[test]
    fn a_hash_that_too_many_have_speaks_for_no_pair_but_lowers_what_is_asked() {
        let common = (1..=129).map(|content| (7, content));
        let few = [(8, 3), (9, 3), (8, 4)];
        let catalog = posted(&common.chain(few).collect::<Vec<_>>());
        let near = |hashes: &[u32], before, n_shared_min| -> Vec<i64> {
            let near = catalog.neighbours(hashes, before, n_shared_min).unwrap();
            near.iter().map(|it| it.content).collect()
        };
        assert_eq!(near(&[7, 8, 9], 200, 3), [3]);
        assert_eq!(near(&[7, 8, 9], 60, 3), [3]);
        assert_eq!(near(&[7, 8], 60, 2), Vec::<i64>::new());
        assert_eq!(near(&[7, 8, 9], 3, 2), Vec::<i64>::new());
    }

    #[test]
    fn where_most_hashes_are_common_the_first_that_have_them_are_neighbours() {
        let template = (1..=200).flat_map(|content| [(6, content), (7, content)]);
        let catalog = posted(&template.collect::<Vec<_>>());
        let near = |hashes: &[u32]| -> Vec<(i64, bool)> {
            let near = catalog.neighbours(hashes, 150, 2).unwrap();
            near.iter().map(|it| (it.content, it.is_leader)).collect()
        };
        assert_eq!(near(&[6, 7, 8]), [(1, true), (2, true)]);
        assert_eq!(near(&[6, 7, 8, 9]), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn asking_for_many_is_asking_for_each(
            rare in proptest::collection::vec((any::<u32>(), 0..200_u32), 0..400),
            common in proptest::collection::vec((0..40_u32, 0..200_u32), 0..4000),
            asked in proptest::collection::vec(
                (0..200_i64, proptest::collection::btree_set(0..45_u32, 0..20), 0..6_usize),
                0..20,
            ),
        ) {
            let catalog = posted(&[rare.clone(), common].concat());
            let mut asked: Vec<(i64, Vec<u32>, usize)> =
                asked.into_iter().map(|(c, hashes, n)| (c, hashes.into_iter().collect(), n)).collect();
            asked.extend(rare.chunks(9).map(|some| {
                let mut hashes: Vec<u32> = some.iter().map(|(hash, _)| *hash).collect();
                hashes.sort_unstable();
                hashes.dedup();
                (150, hashes, 2)
            }));
            let mut each = Vec::new();
            for (query, (content, hashes, n_shared_min)) in asked.iter().enumerate() {
                let near = catalog.neighbours(hashes, *content, *n_shared_min).unwrap();
                if !near.is_empty() {
                    each.push((query, near));
                }
            }
            let queries: Vec<NeighbourQuery> = asked
                .iter()
                .map(|(content, hashes, n_shared_min)| {
                    NeighbourQuery { before: *content, hashes, n_shared_min: *n_shared_min }
                })
                .collect();
            prop_assert_eq!(catalog.neighbours_of_many(&queries).unwrap(), each);
        }
    }
}
