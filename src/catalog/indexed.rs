//! What the full-text index asks of the catalog: which contents belong into it, under which names, and whose they are.

use std::collections::HashMap;

use rusqlite::OptionalExtension;

use crate::types::{digest::DocId, error::Error, name::DocName};

use super::{Catalog, name_of};

/// A content that a revision brought, or named again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentSince {
    /// Its row.
    pub content: i64,
    /// A revision names an encoding: its text may be another one now.
    pub has_encoding: bool,
}

impl Catalog {
    /// The contents that are kept and that revisions have which were recorded from an event on, in order.
    pub fn contents_since(&self, event: u64) -> Result<Vec<ContentSince>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT r.content, max(r.encoding IS NOT NULL) FROM revision r
             JOIN content c ON c.id = r.content
             WHERE r.event >= ?1 AND c.withdrawn = 0 GROUP BY r.content ORDER BY r.content",
        )?;
        let rows = query.query_map([event as i64], |row| {
            Ok(ContentSince { content: row.get(0)?, has_encoding: row.get(1)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The name under which a content was recorded first.
    pub fn first_name(&self, content: i64) -> Result<Option<DocName>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT ifnull(
               (SELECT o.before FROM document_event o
                WHERE o.document = d.id AND o.change = 'rename' AND o.event > r.event ORDER BY o.event LIMIT 1),
               d.name)
             FROM revision r JOIN document d ON d.id = r.document
             WHERE r.content = ?1 ORDER BY r.event LIMIT 1",
        )?;
        Ok(query.query_row([content], |row| name_of(row.get(0)?)).optional()?)
    }

    /// How many withdrawals there were.
    pub fn n_withdrawals(&self) -> Result<u64, Error> {
        let mut query = self.db.prepare_cached("SELECT count(*) FROM withdrawal")?;
        Ok(query.query_row([], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Whose each content is, of all.
    pub fn documents_of_contents(&self) -> Result<HashMap<i64, Vec<DocId>>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT DISTINCT r.content, d.doc FROM revision r JOIN document d ON d.id = r.document",
        )?;
        let mut rows = query.query([])?;
        let mut found: HashMap<i64, Vec<DocId>> = HashMap::new();
        while let Some(row) = rows.next()? {
            found.entry(row.get(0)?).or_default().push(DocId(row.get::<_, i64>(1)? as u64));
        }
        Ok(found)
    }
}
