//! Near-duplicates: which contents share shingle hashes with a sketch.

use rusqlite::OptionalExtension;

use crate::words::error::Error;

use super::{
    Catalog,
    blocks::{self, Blocks},
};

/// A shingle hash that more contents share than this is furniture: it speaks for no pair.
const POSTINGS_MAX: usize = 64;

/// One sketch among many whose neighbours are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The content it belongs to; wanted are contents before it.
    pub content: i64,
    /// The hashes that are looked up, without repetition.
    pub hashes: &'a [u32],
    /// How many of them a neighbour shares at least.
    pub n_shared_min: usize,
}

impl Catalog {
    /// Latest contents of documents before the row `before` that share at least `n_shared_min` of
    /// the hashes, in order of row.
    ///
    /// A hash that too many share counts as shared by all that share two others.
    pub fn neighbours(
        &self,
        hashes: &[u32],
        before: i64,
        n_shared_min: usize,
    ) -> Result<Vec<i64>, Error> {
        let posting = Blocks::posting(&self.db);
        let limit = u32::try_from(before.max(0)).unwrap_or(u32::MAX);
        let mut met: Vec<u32> = Vec::new();
        let mut n_common = 0;
        self.at_once(|| {
            for hash in hashes {
                let sharing = posting.below(*hash, limit, POSTINGS_MAX + 1)?;
                if sharing.len() > POSTINGS_MAX {
                    n_common += 1;
                } else {
                    met.extend(sharing);
                }
            }
            Ok(())
        })?;
        met.sort_unstable();
        let n_shared_min = enough(n_shared_min, n_common);
        let runs = met.chunk_by(|a, b| a == b).filter(|run| run.len() >= n_shared_min);
        Ok(runs.map(|run| i64::from(run[0])).collect())
    }

    /// The [`Catalog::neighbours`] of each content asked about that has any, after its place among
    /// those asked about.
    ///
    /// All hashes are looked up in one pass over the index. A few thousand sketches at a time are
    /// worth the pass and take some megabytes.
    pub fn neighbours_of_many(&self, asked: &[Asking]) -> Result<Vec<(usize, Vec<i64>)>, Error> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for (turn, asking) in (0..).zip(asked) {
            wanted.extend(asking.hashes.iter().map(|hash| Wanted { hash: *hash, turn }));
        }
        wanted.sort_unstable();
        let mut tally = Tally { asked, met: Vec::new(), n_common: vec![0; asked.len()] };
        self.each_sharing(&wanted, |wanted, sharing| tally.count(wanted, sharing))?;
        Ok(tally.neighbours())
    }

    /// Calls `each` with all that want one hash, and the first of the contents that share it: one
    /// more than count.
    fn each_sharing(
        &self,
        wanted: &[Wanted],
        mut each: impl FnMut(&[Wanted], &[u32]),
    ) -> Result<(), Error> {
        let posting = Blocks::posting(&self.db);
        let mut runs = wanted.chunk_by(|a, b| a.hash == b.hash).peekable();
        let Some(start) = runs.peek().map(|run| run[0].hash) else { return Ok(()) };
        let mut sharing: Vec<u32> = Vec::with_capacity(POSTINGS_MAX + 1);
        posting.walk(blocks::entry(start, 0), |block| {
            for number in block.numbers() {
                let number = number.map_err(|why| posting.malformed(why))?;
                let hash = blocks::hash_of(number);
                let is_done = |run: &&[Wanted]| run[0].hash < hash || sharing.len() > POSTINGS_MAX;
                if let Some(run) = runs.next_if(is_done) {
                    each(run, &sharing);
                    sharing.clear();
                }
                while runs.next_if(|run| run[0].hash < hash).is_some() {}
                match runs.peek() {
                    Some(run) if run[0].hash == hash => sharing.push(number as u32),
                    Some(_) => {}
                    None => return Ok(None),
                }
            }
            Ok(runs.peek().map(|run| blocks::entry(run[0].hash, 0)))
        })?;
        if let Some(run) = runs.next() {
            each(run, &sharing);
        }
        Ok(())
    }

    /// The stored sketch of a content; `None` when it is no text.
    pub fn sketch(&self, content: i64) -> Result<Option<Vec<u8>>, Error> {
        let mut query = self.db.prepare_cached("SELECT data FROM sketch WHERE content = ?1")?;
        Ok(query.query_row([content], |row| row.get(0)).optional()?)
    }

    /// The first content after `content` that is the latest of a document and has a sketch.
    pub fn next_sketch(&self, content: i64) -> Result<Option<(i64, Vec<u8>)>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT content, data FROM sketch WHERE posted = 1 AND content > ?1
             ORDER BY content LIMIT 1",
        )?;
        Ok(query.query_row([content], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }
}

/// How many shared hashes make neighbours when `n_common` of all are furniture.
fn enough(n_shared_min: usize, n_common: usize) -> usize {
    n_shared_min.saturating_sub(n_common).max(2)
}

/// A hash, and whose it is among those asked about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    hash: u32,
    turn: u32,
}

/// A content that shares a hash with one that was asked about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Met {
    turn: u32,
    content: u32,
}

/// Who shares how much with whom.
struct Tally<'a> {
    asked: &'a [Asking<'a>],
    /// Once for each hash shared.
    met: Vec<Met>,
    n_common: Vec<usize>,
}

impl Tally<'_> {
    fn count(&mut self, wanted: &[Wanted], sharing: &[u32]) {
        for Wanted { turn, .. } in wanted {
            let before = self.asked[*turn as usize].content;
            let n_before = sharing.partition_point(|content| i64::from(*content) < before);
            if n_before > POSTINGS_MAX {
                self.n_common[*turn as usize] += 1;
            } else {
                let met = |content: &u32| Met { turn: *turn, content: *content };
                self.met.extend(sharing[..n_before].iter().map(met));
            }
        }
    }

    fn neighbours(mut self) -> Vec<(usize, Vec<i64>)> {
        self.met.sort_unstable();
        let mut all = Vec::new();
        for met in self.met.chunk_by(|a, b| a.turn == b.turn) {
            let turn = met[0].turn as usize;
            let n_shared_min = enough(self.asked[turn].n_shared_min, self.n_common[turn]);
            let runs = met.chunk_by(|a, b| a == b).filter(|run| run.len() >= n_shared_min);
            let near: Vec<i64> = runs.map(|run| i64::from(run[0].content)).collect();
            if !near.is_empty() {
                all.push((turn, near));
            }
        }
        all
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
        Blocks::posting(&catalog.db).change(&entries, &[]).unwrap();
        catalog
    }

    #[test]
    fn a_hash_that_too_many_share_speaks_for_no_pair_but_lowers_the_bar() {
        let furniture = (1..=65).map(|content| (7, content));
        let catalog = posted(&furniture.chain([(8, 3), (9, 3), (8, 4)]).collect::<Vec<_>>());
        assert_eq!(catalog.neighbours(&[7, 8, 9], 100, 3).unwrap(), [3]);
        assert_eq!(catalog.neighbours(&[7, 8, 9], 65, 3).unwrap(), [3]);
        assert_eq!(catalog.neighbours(&[7, 8], 65, 2).unwrap(), [3, 4]);
        assert_eq!(catalog.neighbours(&[7, 8], 66, 2).unwrap(), Vec::<i64>::new());
        assert_eq!(catalog.neighbours(&[7, 8, 9], 3, 2).unwrap(), Vec::<i64>::new());
    }

    proptest! {
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
            for (turn, (content, hashes, n_shared_min)) in asked.iter().enumerate() {
                let near = catalog.neighbours(hashes, *content, *n_shared_min).unwrap();
                if !near.is_empty() {
                    each.push((turn, near));
                }
            }
            let asked: Vec<Asking> = asked
                .iter()
                .map(|(content, hashes, n_shared_min)| {
                    Asking { content: *content, hashes, n_shared_min: *n_shared_min }
                })
                .collect();
            prop_assert_eq!(catalog.neighbours_of_many(&asked).unwrap(), each);
        }
    }
}
