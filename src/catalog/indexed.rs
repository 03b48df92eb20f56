//! What the full-text index asks of the catalog: which contents belong into it, how they are read, and whose they are.

use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension, params};

use crate::{
    text::Charset,
    types::{
        digest::{Digest, DocId},
        error::Error,
        name::DocName,
    },
};

use super::{Catalog, digest, name_of};

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
    /// A content as its text is read, by the first revision with it.
    pub fn indexed_content(&self, content: i64) -> Result<Option<IndexedContent>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT c.digest, c.bytes, t.text, e.text FROM revision r
             JOIN content c ON c.id = r.content JOIN phrase t ON t.id = r.type
             LEFT JOIN phrase e ON e.id = r.encoding
             WHERE r.content = ?1 ORDER BY r.event LIMIT 1",
        )?;
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
    pub fn contents_since(&self, event: u64) -> Result<Vec<i64>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT DISTINCT r.content FROM revision r JOIN content c ON c.id = r.content
             WHERE r.event >= ?1 AND c.withdrawn = 0 ORDER BY r.content",
        )?;
        let rows = query.query_map([event as i64], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a content up to this one is of a media type.
    pub fn has_content_of(&self, media_type: &str, last_content: i64) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM revision r JOIN phrase t ON t.id = r.type
             WHERE t.text = ?1 AND r.content <= ?2 LIMIT 1",
        )?;
        Ok(query.exists(params![media_type, last_content])?)
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
