//! Near-duplicates: which contents share shingle hashes with a sketch.

use rusqlite::{OptionalExtension, params};

use crate::words::error::Error;

use super::Catalog;

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
        let mut query = self.db.prepare_cached(
            "SELECT content FROM posting WHERE hash = ?1 AND content < ?2 LIMIT ?3",
        )?;
        let mut met: Vec<i64> = Vec::new();
        let mut n_common = 0;
        for hash in hashes {
            let n_before = met.len();
            let mut rows = query.query(params![*hash, before, POSTINGS_MAX as i64 + 1])?;
            while let Some(row) = rows.next()? {
                met.push(row.get(0)?);
            }
            if met.len() - n_before > POSTINGS_MAX {
                met.truncate(n_before);
                n_common += 1;
            }
        }
        met.sort_unstable();
        let n_shared_min = n_shared_min.saturating_sub(n_common).max(2);
        let runs = met.chunk_by(|a, b| a == b).filter(|run| run.len() >= n_shared_min);
        Ok(runs.map(|run| run[0]).collect())
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
