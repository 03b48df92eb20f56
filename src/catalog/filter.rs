//! Documents by what is recorded of them.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Params, params};

use crate::types::{
    digest::{Digest, DocId},
    error::Error,
    tag::Tag,
    time::Timestamp,
};

use super::Catalog;

impl Catalog {
    /// The documents of which some revision came from a source that fits, or was seen there.
    pub fn documents_from(&self, fits: &dyn Fn(&str) -> bool) -> Result<HashSet<DocId>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT id, text FROM phrase WHERE id IN (
               SELECT source FROM revision UNION SELECT source FROM document_event)",
        )?;
        let mut rows = query.query([])?;
        let mut found = HashSet::new();
        while let Some(row) = rows.next()? {
            if fits(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?) {
                let id: i64 = row.get(0)?;
                found.extend(documents(
                    &self.db,
                    "SELECT d.doc FROM document d WHERE d.id IN (
                       SELECT document FROM revision WHERE source = ?1
                       UNION SELECT document FROM document_event WHERE source = ?1 AND change = 'seen')",
                    [id],
                )?);
            }
        }
        Ok(found)
    }

    /// The revisions that came from a source that fits, or were seen there, by their events.
    pub fn revisions_from(&self, fits: &dyn Fn(&str) -> bool) -> Result<HashSet<u64>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT s.source, p.text, s.event FROM (
               SELECT source, event FROM revision WHERE source IS NOT NULL
               UNION SELECT source, revision FROM document_event
               WHERE source IS NOT NULL AND change = 'seen') s
             JOIN phrase p ON p.id = s.source",
        )?;
        let mut rows = query.query([])?;
        let (mut known, mut found) = (HashMap::new(), HashSet::new());
        while let Some(row) = rows.next()? {
            let source: i64 = row.get(0)?;
            let is_it = match known.get(&source) {
                Some(is_it) => *is_it,
                None => fits(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?),
            };
            known.insert(source, is_it);
            if is_it {
                found.insert(row.get::<_, i64>(2)? as u64);
            }
        }
        Ok(found)
    }

    /// The events of the revisions whose notes have these words, and the notes.
    pub fn notes_with(&self, words: &str) -> Result<Vec<(u64, String)>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT r.event, n.text FROM revision r JOIN phrase n ON n.id = r.note
             WHERE instr(n.text, ?1) > 0 ORDER BY r.event",
        )?;
        let rows =
            query.query_map([words], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The events of the revisions that had another note before it was corrected.
    pub fn revisions_with_other_notes(&self) -> Result<HashSet<u64>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT revision FROM document_event WHERE change = 'describe' AND note IS NOT NULL",
        )?;
        let rows = query.query_map([], |row| Ok(row.get::<_, i64>(0)? as u64))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The documents that are gone.
    pub fn documents_gone(&self) -> Result<HashSet<DocId>, Error> {
        documents(&self.db, "SELECT doc FROM document WHERE gone IS NOT NULL", [])
    }

    /// The documents that have a tag.
    pub fn documents_tagged(&self, tag: &Tag) -> Result<HashSet<DocId>, Error> {
        let sql = "SELECT d.doc FROM tag t JOIN document d ON d.id = t.document
                   JOIN phrase p ON p.id = t.tag WHERE p.text = ?1";
        documents(&self.db, sql, [tag.as_str()])
    }

    /// The documents of which some revision has a content whose SHA-256 lies between these.
    pub fn documents_with_digests(
        &self,
        first: &Digest,
        last: &Digest,
    ) -> Result<HashSet<DocId>, Error> {
        let sql = "SELECT d.doc FROM document d WHERE d.id IN (
                     SELECT r.document FROM content c JOIN revision r ON r.content = c.id
                     WHERE c.key BETWEEN ?1 AND ?2 AND c.digest BETWEEN ?3 AND ?4)";
        // The keys are signed, so that those of a range may lie in two.
        let (a, b) = (first.key().0 as i64, last.key().0 as i64);
        let ranges = if a <= b { vec![(a, b)] } else { vec![(i64::MIN, b), (a, i64::MAX)] };
        let mut found = HashSet::new();
        for (a, b) in ranges {
            found.extend(documents(
                &self.db,
                sql,
                params![a, b, first.as_bytes(), last.as_bytes()],
            )?);
        }
        Ok(found)
    }

    /// The documents of which some revision was captured between these times, both included, or seen.
    pub fn documents_captured(
        &self,
        first: Timestamp,
        last: Timestamp,
    ) -> Result<HashSet<DocId>, Error> {
        let sql = "SELECT d.doc FROM document d WHERE d.id IN (
                     SELECT document FROM revision
                     WHERE (ifnull(captured, at), ifnull(captured_ns, at_ns)) BETWEEN (?1, ?2) AND (?3, ?4)
                     UNION SELECT document FROM document_event WHERE change = 'seen'
                     AND (ifnull(captured, at), ifnull(captured_ns, at_ns)) BETWEEN (?1, ?2) AND (?3, ?4))";
        let ((a, a_ns), (b, b_ns)) = (first.to_unix(), last.to_unix());
        documents(&self.db, sql, params![a, a_ns, b, b_ns])
    }

    /// The documents of which some revision was captured then or later, and those of which anything else was recorded
    /// at any time: nothing changed since of the others.
    pub fn documents_touched(&self, since: Timestamp) -> Result<HashSet<DocId>, Error> {
        let sql = "SELECT d.doc FROM document d WHERE d.id IN (
                     SELECT document FROM revision
                     WHERE (ifnull(captured, at), ifnull(captured_ns, at_ns)) >= (?1, ?2)
                     UNION SELECT document FROM document_event)";
        let (seconds, nanoseconds) = since.to_unix();
        documents(&self.db, sql, params![seconds, nanoseconds])
    }
}

fn documents(db: &Connection, sql: &str, values: impl Params) -> Result<HashSet<DocId>, Error> {
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map(values, |row| Ok(DocId(row.get::<_, i64>(0)? as u64)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
