//! What happens to documents beside new revisions: they are gone, renamed, seen again, described.

use rusqlite::{Connection, OptionalExtension, Row, params, types::Value};

use crate::{
    journal::event::{Detail, DocumentDetail, DocumentEvent, DocumentEventKind},
    text::Charset,
    types::{
        digest::{Digest, DocId},
        document::{Document, DocumentEntry},
        error::Error,
        name::DocName,
        tag::{Tag, TagChange},
        time::Timestamp,
    },
};

use super::{
    Catalog,
    find::{self, timestamp},
    name_of, name_value,
    rows::{is_taken, n_tail, phrase},
};

const ENTRY: &str = "
    SELECT o.event, o.change, ifnull(r.number, 0), o.at, o.at_ns, o.captured, o.captured_ns, o.mtime, o.mtime_ns,
           o.before, o.name, s.text, n.text, t.text, a.text,
           d.doc, d.name, d.latest, d.revisions, d.gone
    FROM document_event o
    JOIN document d ON d.id = o.document
    LEFT JOIN revision r ON r.event = o.revision
    LEFT JOIN phrase s ON s.id = o.source
    LEFT JOIN phrase n ON n.id = o.note
    LEFT JOIN phrase t ON t.id = o.tags
    LEFT JOIN phrase a ON a.id = o.author";

/// What is stated of bytes that were found, as far as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Observation<'a> {
    /// Where.
    pub source: Option<&'a str>,
    /// When.
    pub captured: Option<Timestamp>,
    /// What a person wrote about it.
    pub note: Option<&'a str>,
}

/// A name that a document has or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// When it got the name.
    pub since: Timestamp,
    /// The event.
    pub event: u64,
    /// The name before.
    pub before: DocName,
    /// The name after.
    pub name: DocName,
}

/// The last that was found of a document by some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastFound {
    /// Whether it was found to be gone.
    pub is_gone: bool,
    /// When.
    pub since: Timestamp,
    /// The event that says so.
    pub event: u64,
    /// The event of the revision that was found, or was the last one.
    pub revision: u64,
}

impl Catalog {
    /// Whether anything happened to documents beside new revisions.
    pub fn has_document_events(&self) -> Result<bool, Error> {
        Ok(self.db.prepare_cached("SELECT 1 FROM document_event")?.exists([])?)
    }

    /// What happened to a document beside new revisions, in the order in which it was recorded.
    pub fn document_entries(&self, document: &Document) -> Result<Vec<DocumentEntry>, Error> {
        let mut query =
            self.db.prepare_cached(&format!("{ENTRY} WHERE d.doc = ?1 ORDER BY o.event"))?;
        let rows = query.query_map([document.id.0 as i64], entry)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Up to `limit` such events of all documents before the event `before`, latest first.
    pub fn document_entries_before(
        &self,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(Document, DocumentEntry)>, Error> {
        let sql = format!("{ENTRY} WHERE o.event < ?1 ORDER BY o.event DESC LIMIT ?2");
        let mut query = self.db.prepare_cached(&sql)?;
        let before = before.min(i64::MAX as u64) as i64;
        let rows = query.query_map(params![before, limit as i64], |row| {
            let document = Document {
                id: DocId(row.get::<_, i64>(15)? as u64),
                name: name_of(row.get(16)?)?,
                latest: row.get::<_, i64>(17)? as u64,
                n_revisions: row.get::<_, i64>(18)? as u64,
                gone: row.get::<_, Option<i64>>(19)?.map(|event| event as u64),
            };
            Ok((document, entry(row)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The documents that were ever renamed, each with its renames in the order in which they were recorded.
    pub fn renames(&self) -> Result<Vec<(Document, Vec<Rename>)>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{} WHERE id IN (SELECT document FROM document_event WHERE change = 'rename') ORDER BY id",
            find::DOCUMENT
        ))?;
        let documents = query.query_map([], find::document)?.collect::<Result<Vec<_>, _>>()?;
        documents
            .into_iter()
            .map(|document| {
                let entries = self.document_entries(&document)?.into_iter();
                let renames = entries.filter_map(|entry| {
                    let (before, name) = entry.names?;
                    let since = entry.captured.unwrap_or(entry.at);
                    Some(Rename { since, event: entry.event, before, name })
                });
                Ok((document, renames.collect()))
            })
            .collect()
    }

    /// The events that gave a document the name by which it is known here.
    pub fn renames_to(&self, document: &Document) -> Result<Vec<(u64, DocName)>, Error> {
        let entries = self.document_entries(document)?.into_iter();
        let renames = entries.filter_map(|entry| Some((entry.event, entry.names?.1)));
        Ok(renames.filter(|(_, name)| *name == document.name).collect())
    }

    /// The documents that had this name and have another one now.
    pub fn formerly_named(&self, name: &DocName) -> Result<Vec<Document>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{} WHERE id IN (SELECT document FROM document_event WHERE before = ?1) ORDER BY name",
            find::DOCUMENT
        ))?;
        let rows = query.query_map([name_value(name.as_bytes())], find::document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was last found of a document by then, as far as it is no new revision.
    pub fn presence_as_of(
        &self,
        document: &Document,
        time: Timestamp,
    ) -> Result<Option<LastFound>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT o.change = 'gone', ifnull(o.captured, o.at), ifnull(o.captured_ns, o.at_ns), o.event, o.revision
             FROM document_event o JOIN document d ON d.id = o.document
             WHERE d.doc = ?1 AND o.change IN ('gone', 'seen')
             AND (ifnull(o.captured, o.at), ifnull(o.captured_ns, o.at_ns)) <= (?2, ?3)
             ORDER BY 2 DESC, 3 DESC, o.event DESC LIMIT 1",
        )?;
        let (seconds, nanoseconds) = time.to_unix();
        let presence =
            query.query_row(params![document.id.0 as i64, seconds, nanoseconds], |row| {
                Ok(LastFound {
                    is_gone: row.get(0)?,
                    since: timestamp(row, 1, 2)?,
                    event: row.get::<_, i64>(3)? as u64,
                    revision: row.get::<_, i64>(4)? as u64,
                })
            });
        Ok(presence.optional()?)
    }

    /// Whether it is recorded that the bytes of a revision were found so: with the revision, or later.
    pub fn is_observed(&self, revision: u64, observation: Observation) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM (
               SELECT source, note, ifnull(captured, at) AS c, ifnull(captured_ns, at_ns) AS n
               FROM revision WHERE event = ?1
               UNION ALL
               SELECT source, note, ifnull(captured, at), ifnull(captured_ns, at_ns)
               FROM document_event WHERE revision = ?1 AND change = 'seen' AND document =
                 (SELECT document FROM revision WHERE event = ?1)
             )
             WHERE (?2 IS NULL OR source IN (SELECT id FROM phrase WHERE text = ?2))
             AND (?3 IS NULL OR note IN (SELECT id FROM phrase WHERE text = ?3))
             AND (?4 IS NULL OR (c, n) = (?4, ?5))",
        )?;
        let (seconds, nanoseconds) = observation.captured.map(Timestamp::to_unix).unzip();
        let Observation { source, note, .. } = observation;
        Ok(query.exists(params![revision as i64, source, note, seconds, nanoseconds])?)
    }

    /// The revisions of a document with this content that were captured then, recorded with the encoding that is
    /// named, if one is.
    pub fn captures(
        &self,
        doc: DocId,
        (content, named): (&Digest, Option<Charset>),
        captured: Timestamp,
    ) -> Result<Vec<u64>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT r.event FROM content c JOIN revision r ON r.content = c.id
             JOIN document d ON d.id = r.document
             WHERE c.key = ?1 AND c.digest = ?2 AND c.withdrawn = 0 AND d.doc = ?3
             AND (ifnull(r.captured, r.at), ifnull(r.captured_ns, r.at_ns)) = (?4, ?5)
             AND (?6 IS NULL OR r.encoding IN (SELECT id FROM phrase WHERE text = ?6))
             AND NOT EXISTS (SELECT 1 FROM withdrawal w WHERE w.event = r.event AND w.part = 0)",
        )?;
        let (seconds, nanoseconds) = captured.to_unix();
        let key = content.key().0 as i64;
        let named = named.map(Charset::name);
        let values = params![key, content.as_bytes(), doc.0 as i64, seconds, nanoseconds, named];
        let rows = query.query_map(values, |row| Ok(row.get::<_, i64>(0)? as u64))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The tags of a document, in order.
    pub fn tags(&self, document: &Document) -> Result<Vec<String>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT p.text FROM tag t JOIN document d ON d.id = t.document
             JOIN phrase p ON p.id = t.tag WHERE d.doc = ?1 ORDER BY p.text",
        )?;
        let rows = query.query_map([document.id.0 as i64], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When a document was found to be gone; none of one that is there.
    pub fn gone_since(&self, document: &Document) -> Result<Option<Timestamp>, Error> {
        let Some(event) = document.gone else { return Ok(None) };
        let mut query = self.db.prepare_cached(
            "SELECT ifnull(captured, at), ifnull(captured_ns, at_ns) FROM document_event WHERE event = ?1",
        )?;
        Ok(query.query_row([event as i64], |row| timestamp(row, 0, 1)).optional()?)
    }

    /// The documents that go by their ids, each with its first event.
    pub fn documents_named_by_id(&self) -> Result<Vec<(DocId, u64)>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT d.doc, r.event FROM document d JOIN revision r ON r.document = d.id AND r.number = 1
             WHERE length(d.name) = 16 AND d.name = printf('%016x', d.doc)",
        )?;
        let rows = query.query_map([], |row| {
            Ok((DocId(row.get::<_, i64>(0)? as u64), row.get::<_, i64>(1)? as u64))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The events that renamed a document.
    pub fn renames_of(&self, doc: DocId) -> Result<Vec<u64>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT event FROM document_event
             WHERE document = (SELECT id FROM document WHERE doc = ?1) AND change = 'rename'",
        )?;
        let rows = query.query_map([doc.0 as i64], |row| Ok(row.get::<_, i64>(0)? as u64))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether the document of this name has a tag.
    pub fn has_tag(&self, name: &DocName, tag: &Tag) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM tag t JOIN document d ON d.id = t.document
             JOIN phrase p ON p.id = t.tag WHERE d.name = ?1 AND p.text = ?2",
        )?;
        Ok(query.exists(params![name_value(name.as_bytes()), tag.as_str()])?)
    }
}

fn entry(row: &Row) -> rusqlite::Result<DocumentEntry> {
    let time = |seconds: usize| -> rusqlite::Result<Option<Timestamp>> {
        row.get::<_, Option<i64>>(seconds)?
            .map(|_| timestamp(row, seconds, seconds + 1))
            .transpose()
    };
    let (before, name): (Option<Value>, Option<Value>) = (row.get(9)?, row.get(10)?);
    Ok(DocumentEntry {
        event: row.get::<_, i64>(0)? as u64,
        change: row.get(1)?,
        number: row.get::<_, i64>(2)? as u64,
        at: timestamp(row, 3, 4)?,
        captured: time(5)?,
        mtime: time(7)?,
        names: match (before, name) {
            (Some(before), Some(name)) => Some((name_of(before)?, name_of(name)?)),
            _ => None,
        },
        source: row.get(11)?,
        note: row.get(12)?,
        tags: row.get(13)?,
        author: row.get(14)?,
    })
}

/// Applies one such event; the contents that became the latest of the document, or no longer are.
///
/// One about a document that there is not changes nothing; the audit names it.
pub(super) fn apply(
    transaction: &Connection,
    index: u64,
    event: &DocumentEvent,
    detail: Option<&Detail>,
) -> Result<Vec<i64>, Error> {
    let known: Option<(i64, Value)> = transaction
        .prepare_cached("SELECT id, name FROM document WHERE doc = ?1")?
        .query_row([event.doc.0 as i64], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((document, before)) = known else { return Ok(Vec::new()) };
    let lost = DocumentDetail {
        // Which name it got is not known any more; the one before it gave up.
        name: match event.kind {
            DocumentEventKind::Rename => DocName::new(event.doc.to_string()).ok(),
            _ => None,
        },
        ..DocumentDetail::default()
    };
    let detail = match detail {
        Some(Detail::Document(detail)) => detail,
        _ => &lost,
    };
    insert(transaction, index, event, (document, before, detail))?;
    transaction
        .prepare_cached("UPDATE document SET last = ?2 WHERE id = ?1")?
        .execute([document, index as i64])?;
    put_tags(transaction, document, &detail.tags)?;
    match (event.kind, &detail.name) {
        (DocumentEventKind::Rename, Some(name)) if !is_taken(transaction, name.as_bytes())? => {
            let (value, tail) = (name_value(name.as_bytes()), n_tail(name.as_bytes()));
            transaction
                .prepare_cached("UPDATE document SET name = ?2, tail = ?3 WHERE id = ?1")?
                .execute(params![document, value, tail])?;
        }
        (DocumentEventKind::Gone | DocumentEventKind::Seen, _) => {
            settle_gone(transaction, document)?
        }
        (DocumentEventKind::Describe, _) => {
            return describe(transaction, event, document, detail);
        }
        _ => {}
    }
    Ok(Vec::new())
}

fn insert(
    transaction: &Connection,
    index: u64,
    event: &DocumentEvent,
    (document, before, detail): (i64, Value, &DocumentDetail),
) -> Result<(), Error> {
    let (at, at_ns) = event.at.to_unix();
    let captured = detail
        .captured
        .filter(|time| *time != event.at || event.kind == DocumentEventKind::Describe);
    let (captured, captured_ns) = captured.map(Timestamp::to_unix).unzip();
    let (mtime, mtime_ns) = detail.mtime.map(Timestamp::to_unix).unzip();
    let name = detail.name.as_ref().map(|name| name_value(name.as_bytes()));
    let before = name.as_ref().map(|_| before);
    transaction
        .prepare_cached(
            "INSERT INTO document_event
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            index as i64,
            document,
            event.kind.as_str(),
            event.of as i64,
            at,
            at_ns,
            captured,
            captured_ns,
            mtime,
            mtime_ns,
            name,
            before,
            phrase(transaction, detail.source.as_deref())?,
            phrase(transaction, detail.note.as_deref())?,
            phrase(transaction, tags_of(detail).as_deref())?,
            phrase(transaction, detail.by.as_deref())?,
        ])?;
    Ok(())
}

/// How a row has the tags that were put on and taken off.
pub(super) fn tags_of(detail: &DocumentDetail) -> Option<String> {
    let tags: Vec<String> = detail.tags.iter().map(TagChange::to_string).collect();
    (!tags.is_empty()).then(|| tags.join(" "))
}

fn put_tags(transaction: &Connection, document: i64, tags: &[TagChange]) -> Result<(), Error> {
    for change in tags {
        let tag = phrase(transaction, Some(change.tag().as_str()))?;
        let sql = match change {
            TagChange::Added(_) => "INSERT OR IGNORE INTO tag VALUES (?1, ?2)",
            TagChange::Removed(_) => "DELETE FROM tag WHERE document = ?1 AND tag = ?2",
        };
        transaction.prepare_cached(sql)?.execute(params![document, tag])?;
    }
    Ok(())
}

/// Corrects what was written about a revision, and what follows from when it was captured.
fn describe(
    transaction: &Connection,
    event: &DocumentEvent,
    document: i64,
    detail: &DocumentDetail,
) -> Result<Vec<i64>, Error> {
    let of = event.of as i64;
    for (column, text) in [("source", &detail.source), ("note", &detail.note)] {
        let Some(text) = text else { continue };
        let value = phrase(transaction, Some(text.as_str()).filter(|text| !text.is_empty()))?;
        let sql = format!("UPDATE revision SET {column} = ?3 WHERE event = ?1 AND document = ?2");
        transaction.prepare_cached(&sql)?.execute(params![of, document, value])?;
    }
    let Some(captured) = detail.captured else { return Ok(Vec::new()) };
    let (seconds, nanoseconds) = captured.to_unix();
    transaction
        .prepare_cached(
            "UPDATE revision SET captured = iif((?3, ?4) = (at, at_ns), NULL, ?3),
                                 captured_ns = iif((?3, ?4) = (at, at_ns), NULL, ?4)
             WHERE event = ?1 AND document = ?2",
        )?
        .execute(params![of, document, seconds, nanoseconds])?;
    let latest = |transaction: &Connection| -> Result<i64, Error> {
        Ok(transaction
            .prepare_cached(
                "SELECT r.content FROM revision r JOIN document d ON d.latest = r.event WHERE d.id = ?1",
            )?
            .query_row([document], |row| row.get(0))?)
    };
    let before = latest(transaction)?;
    transaction
        .prepare_cached(&format!(
            "UPDATE document SET latest = (
               SELECT r.event FROM revision r WHERE r.document = ?1 ORDER BY {} LIMIT 1)
             WHERE id = ?1",
            find::LATEST_FIRST
        ))?
        .execute([document])?;
    settle_gone(transaction, document)?;
    Ok(vec![before, latest(transaction)?])
}

/// Settles whether a document is gone: what was captured last counts, and of several at once what was recorded last.
pub(super) fn settle_gone(transaction: &Connection, document: i64) -> Result<(), Error> {
    transaction
        .prepare_cached(
            "UPDATE document SET gone = (
               SELECT iif(change = 'gone', event, NULL) FROM (
                 SELECT event, change, ifnull(captured, at) AS c, ifnull(captured_ns, at_ns) AS n
                 FROM document_event WHERE document = ?1 AND change IN ('gone', 'seen')
                 UNION ALL
                 SELECT event, 'revise', ifnull(captured, at), ifnull(captured_ns, at_ns)
                 FROM revision WHERE event = document.latest
               ) ORDER BY c DESC, n DESC, event DESC LIMIT 1)
             WHERE id = ?1",
        )?
        .execute([document])?;
    Ok(())
}
