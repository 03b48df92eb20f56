//! Near-duplicates: which contents share shingle hashes with a sketch.

use rusqlite::OptionalExtension;

use crate::words::error::Error;

use super::{Catalog, blocks::Blocks};

/// A shingle hash that more contents share than this is furniture: it speaks for no pair.
const POSTINGS_MAX: usize = 64;

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
        for hash in hashes {
            let sharing = posting.below(*hash, limit, POSTINGS_MAX + 1)?;
            if sharing.len() > POSTINGS_MAX {
                n_common += 1;
            } else {
                met.extend(sharing);
            }
        }
        met.sort_unstable();
        let n_shared_min = enough(n_shared_min, n_common);
        let runs = met.chunk_by(|a, b| a == b).filter(|run| run.len() >= n_shared_min);
        Ok(runs.map(|run| i64::from(run[0])).collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keepers::catalog::blocks;

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
}
