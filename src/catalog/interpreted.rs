//! Contents in their interpretations: the same bytes have a row for each in which revisions have them, so that every
//! text is found, sketched and sampled as it is read.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use crate::{
    text::{Charset, Interpretation},
    types::{
        digest::Digest,
        document::{Document, Revision},
        error::Error,
    },
};

use super::{
    Catalog,
    find::{self, REVISION},
};

/// A content, and as what it is read.
pub type InterpretedContent = (Digest, Interpretation);

/// The row of a content in one of its interpretations.
pub struct InterpretedRow {
    /// Its number.
    pub id: i64,
    /// Every revision with it is withdrawn.
    pub is_withdrawn: bool,
    /// As what it is read.
    pub interpretation: Interpretation,
}

/// The rows that the same bytes have, in order of first appearance. All revisions with one have one interpretation, so the
/// first says which.
pub(super) fn rows(db: &Connection, content: &Digest) -> Result<Vec<InterpretedRow>, Error> {
    let mut query = db.prepare_cached(
        "SELECT c.id, c.withdrawn, t.text, e.text FROM content c
         JOIN revision r ON r.event = (SELECT min(event) FROM revision WHERE content = c.id)
         JOIN phrase t ON t.id = r.type LEFT JOIN phrase e ON e.id = r.encoding
         WHERE c.key = ?1 AND c.digest = ?2 ORDER BY c.id",
    )?;
    let rows = query.query_map(params![content.key().0 as i64, content.as_bytes()], |row| {
        let (media_type, encoding): (String, Option<String>) = (row.get(2)?, row.get(3)?);
        let named = encoding.and_then(|name| Charset::for_label(&name));
        Ok(InterpretedRow {
            id: row.get(0)?,
            is_withdrawn: row.get(1)?,
            interpretation: Interpretation::of(&media_type, named),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Catalog {
    /// All rows of a content, in order of first appearance.
    pub fn interpreted_rows(&self, content: &Digest) -> Result<Vec<InterpretedRow>, Error> {
        rows(&self.db, content)
    }

    /// The rows of a content that is kept, in order of first appearance.
    pub fn contents(&self, content: &Digest) -> Result<Vec<i64>, Error> {
        let rows = rows(&self.db, content)?.into_iter();
        Ok(rows.filter(|row| !row.is_withdrawn).map(|row| row.id).collect())
    }

    /// The row of a content that is kept and read so.
    pub fn content_as(
        &self,
        (content, read_as): &InterpretedContent,
    ) -> Result<Option<i64>, Error> {
        let mut rows = rows(&self.db, content)?.into_iter();
        let found = rows.find(|row| !row.is_withdrawn && row.interpretation == *read_as);
        Ok(found.map(|row| row.id))
    }

    /// The rows of the bytes that the content in this row has, itself among them, in order of first appearance.
    pub fn same_bytes(&self, content: i64) -> Result<Vec<i64>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT o.id FROM content c JOIN content o ON o.key = c.key AND o.digest = c.digest
             WHERE c.id = ?1 ORDER BY o.id",
        )?;
        let rows = query.query_map([content], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The revisions that have the bytes of the content in this row, however they are read, in the order they were recorded.
    pub fn revisions_with_bytes(&self, content: i64) -> Result<Vec<(Document, Revision)>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{REVISION} WHERE r.content IN (
               SELECT o.id FROM content w JOIN content o ON o.key = w.key AND o.digest = w.digest
               WHERE w.id = ?1) ORDER BY r.event"
        ))?;
        let rows = query.query_map([content], find::revision_of_document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The rows of all bytes that have several, by the first of them.
    pub fn read_in_several_ways(&self) -> Result<BTreeMap<i64, Vec<i64>>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT o.id FROM (SELECT key FROM content INDEXED BY content_by_key
                               GROUP BY key HAVING count(*) > 1) k
             JOIN content o ON o.key = k.key",
        )?;
        let ids = query.query_map([], |row| row.get::<_, i64>(0))?;
        let mut found = BTreeMap::new();
        for id in ids {
            let rows = self.same_bytes(id?)?;
            if let (Some(first), true) = (rows.first(), rows.len() > 1) {
                found.insert(*first, rows);
            }
        }
        Ok(found)
    }
}
