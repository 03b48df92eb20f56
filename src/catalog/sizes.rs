//! Sizes: which revision has which content, where that lies, and the bytes of the catalog itself.

use rusqlite::{OptionalExtension, params};

use crate::types::{
    digest::{Digest, Key},
    document::{Document, Revision},
    error::Error,
};

use super::{
    Catalog, digest,
    find::{self, REVISION},
};

/// A revision's content, and where it lies.
#[derive(Debug, Clone)]
pub struct RevisionContent {
    /// The row of the document.
    pub document: i64,
    /// The content's SHA-256.
    pub digest: Digest,
    /// Of the content, not compressed.
    pub n_bytes: u64,
    /// The first of its places: the pack's key, where the frame starts, and the frame's length.
    pub place: Option<(Key, u32, u32)>,
}

impl Catalog {
    /// Calls `each` with the content of every revision that was not withdrawn, one document after the other.
    ///
    /// The rows come as an index has them, so that none have to be sorted.
    pub fn each_revision_content(
        &self,
        mut each: impl FnMut(RevisionContent) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut query = self.db.prepare(
            "SELECT r.document, c.digest, c.bytes, p.pack, p.offset, p.bytes, r.number
             FROM revision r INDEXED BY revision_by_document
             JOIN content c ON c.id = r.content LEFT JOIN place p ON p.key = c.key
             WHERE NOT EXISTS (SELECT 1 FROM withdrawal w WHERE w.event = r.event AND w.part = 0)
             ORDER BY r.document, r.number",
        )?;
        let mut rows = query.query([])?;
        let mut last = None;
        while let Some(row) = rows.next()? {
            let document = row.get(0)?;
            let number: i64 = row.get(6)?;
            // A content with several places comes several times; the first is the one to be read.
            if last.replace((document, number)) == Some((document, number)) {
                continue;
            }
            let place = match row.get::<_, Option<i64>>(3)? {
                Some(pack) => Some((Key(pack as u64), row.get(4)?, row.get(5)?)),
                None => None,
            };
            let n_bytes: i64 = row.get(2)?;
            each(RevisionContent {
                document,
                digest: digest(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?),
                n_bytes: n_bytes as u64,
                place,
            })?;
        }
        Ok(())
    }

    /// The revision that has the content with this key, the nearest to `from`: the last one before it of
    /// the same document, else the first that was recorded.
    pub fn holder(&self, key: Key, from: &Revision) -> Result<Option<(Document, Revision)>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{REVISION} WHERE c.key = ?1
             ORDER BY d.doc = ?2 DESC, iif(d.doc = ?2 AND r.number < ?3, -r.number, 0),
                      r.event
             LIMIT 1"
        ))?;
        let values = params![key.0 as i64, from.doc.0 as i64, from.number as i64];
        Ok(query.query_row(values, find::revision_of_document).optional()?)
    }

    /// The bytes that the catalog takes.
    pub fn n_own_bytes(&self) -> Result<u64, Error> {
        let number = |name: &str| -> Result<u64, Error> {
            let n: i64 = self.db.pragma_query_value(None, name, |row| row.get(0))?;
            Ok(n as u64)
        };
        Ok(number("page_count")? * number("page_size")?)
    }
}
