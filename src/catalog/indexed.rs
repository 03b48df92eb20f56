//! What the full-text index asks of the catalog: which contents belong into it, how they are read, and whose they are.

use std::collections::{HashMap, HashSet};

use rusqlite::OptionalExtension;

use crate::{
    text::Charset,
    types::{
        digest::{Digest, DocId},
        error::Error,
        name::DocName,
    },
};

use super::{Catalog, digest, find::READ_AS_FIRST, name_of};

/// A content that a revision brought, or named again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentSince {
    /// Its row.
    pub content: i64,
    /// A revision names an encoding: its text may be another one now.
    pub has_encoding: bool,
}

/// What is to be known of a content to read its text.
#[derive(Debug, Clone)]
pub struct IndexedContent {
    /// Its row.
    pub content: i64,
    /// Its SHA-256.
    pub digest: Digest,
    /// Its size.
    pub n_bytes: u64,
    /// Its media type.
    pub media_type: String,
    /// The encoding that whoever added it named.
    pub encoding: Option<Charset>,
}

impl Catalog {
    /// A content as its text is read: by the last revision that names its encoding, else by the first.
    pub fn indexed_content(&self, content: i64) -> Result<Option<IndexedContent>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT c.digest, c.bytes, t.text, e.text FROM revision r
             JOIN content c ON c.id = r.content JOIN phrase t ON t.id = r.type
             LEFT JOIN phrase e ON e.id = r.encoding
             WHERE r.content = ?1 {READ_AS_FIRST}"
        ))?;
        let found = query.query_row([content], |row| {
            let encoding: Option<String> = row.get(3)?;
            Ok(IndexedContent {
                content,
                digest: digest(row.get_ref(0)?.as_blob()?),
                n_bytes: row.get::<_, i64>(1)? as u64,
                media_type: row.get(2)?,
                encoding: encoding.and_then(|name| Charset::for_label(&name)),
            })
        });
        Ok(found.optional()?)
    }

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

    /// How many documents there are, whose rows are counted without a gap.
    pub fn n_document_rows(&self) -> Result<u64, Error> {
        let mut query = self.db.prepare_cached("SELECT ifnull(max(id), 0) FROM document")?;
        Ok(query.query_row([], |row| row.get::<_, i64>(0))? as u64)
    }

    /// The contents of all revisions of the documents whose names fit; none where more than `n_max` documents do.
    pub fn contents_named(
        &self,
        fits: &dyn Fn(DocId, &DocName) -> bool,
        n_max: usize,
    ) -> Result<Option<HashSet<i64>>, Error> {
        let mut query = self.db.prepare_cached("SELECT id, doc, name FROM document")?;
        let mut rows = query.query([])?;
        let mut documents: Vec<i64> = Vec::new();
        while let Some(row) = rows.next()? {
            if fits(DocId(row.get::<_, i64>(1)? as u64), &name_of(row.get(2)?)?) {
                documents.push(row.get(0)?);
            }
            if documents.len() > n_max {
                return Ok(None);
            }
        }
        let sql = "SELECT content FROM revision WHERE document = ?1";
        let (mut query, mut contents) = (self.db.prepare_cached(sql)?, HashSet::new());
        for document in documents {
            let found = query.query_map([document], |row| row.get::<_, i64>(0))?;
            for content in found {
                contents.insert(content?);
            }
        }
        Ok(Some(contents))
    }
}
