//! Finding one thing: a document by name or id, a revision by number or time, a content by digest.

use rusqlite::{OptionalExtension, Row, params};

use crate::{
    text::Charset,
    types::{
        digest::{Digest, DocId},
        document::{Document, Revision, Withdrawn},
        error::Error,
        name::DocName,
        time::Timestamp,
    },
};

use super::{
    Catalog, digest,
    look_ahead::{LookAhead, NamedRows, SortedName},
    name_of, name_value,
};

/// The revision of a document that was captured last, of several the one that was recorded last, as far as the next one
/// depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Latest {
    pub doc: DocId,
    /// The index in the journal of the event that recorded it.
    pub event: u64,
    /// When it was captured.
    pub captured: Timestamp,
    /// The index of the document's last event, which the next one names.
    pub last: u64,
    /// Whether the document is recorded as no longer there.
    pub is_gone: bool,
    /// Its number within the document, from 1.
    pub number: u64,
    /// How many revisions the document has, which is the number of the one that was recorded last.
    pub n_revisions: u64,
    /// The SHA-256 of its content.
    pub digest: Digest,
    /// The encoding that whoever added it named.
    pub encoding: Option<Charset>,
    /// Whether its content was withdrawn: the same bytes are a new revision then.
    pub is_withdrawn: bool,
}

/// What [`Catalog::latest_ahead`] read ahead.
pub type LatestAhead = LookAhead<Result<Latest, String>>;

impl Latest {
    /// What a document has last once this revision is recorded.
    pub fn after(self, before: Option<Self>) -> Self {
        match before {
            Some(before) if before.captured > self.captured => Self {
                last: self.last,
                is_gone: self.is_gone,
                n_revisions: self.n_revisions,
                ..before
            },
            _ => self,
        }
    }

    /// Whether it has this content, and is recorded with the encoding that is named, if one is.
    pub fn is_same(&self, digest: Digest, named: Option<Charset>) -> bool {
        !self.is_withdrawn && self.digest == digest && (named.is_none() || self.encoding == named)
    }
}

pub(super) const DOCUMENT: &str = "SELECT doc, name, latest, revisions, gone FROM document";
/// The order of a document's revisions: as they were captured, and not as they were recorded.
pub(super) const LATEST_FIRST: &str =
    "ifnull(r.captured, r.at) DESC, ifnull(r.captured_ns, r.at_ns) DESC, r.number DESC";
pub(super) const REVISION: &str = "
    SELECT r.event, d.doc, r.number, c.digest, c.bytes, t.text, r.at,
           ifnull(r.captured, r.at), r.mtime, s.text, n.text, a.text,
           d.name, d.latest, d.revisions,
           r.at_ns, ifnull(r.captured_ns, r.at_ns), r.mtime_ns, e.text,
           w.withdrawn_by, we.at, we.at_ns, wr.text, x.withdrawn_by, xe.at, xe.at_ns, xr.text, d.gone
    FROM revision r
    JOIN document d ON d.id = r.document
    JOIN content c ON c.id = r.content
    JOIN phrase t ON t.id = r.type
    LEFT JOIN phrase s ON s.id = r.source
    LEFT JOIN phrase n ON n.id = r.note
    LEFT JOIN phrase a ON a.id = r.author
    LEFT JOIN phrase e ON e.id = r.encoding
    LEFT JOIN withdrawal w ON w.event = r.event AND w.part = 0
    LEFT JOIN event we ON we.event = w.withdrawn_by LEFT JOIN phrase wr ON wr.id = w.reason
    LEFT JOIN withdrawal x ON x.event = r.event AND x.part = 1
    LEFT JOIN event xe ON xe.event = x.withdrawn_by LEFT JOIN phrase xr ON xr.id = x.reason";

impl Catalog {
    /// The document with exactly this name.
    pub fn document_named(&self, name: &DocName) -> Result<Option<Document>, Error> {
        let mut query = self.db.prepare_cached(&format!("{DOCUMENT} WHERE name = ?1"))?;
        Ok(query.query_row([name_value(name.as_bytes())], document).optional()?)
    }

    /// The revision captured last of the document with exactly this name, whenever it was recorded.
    ///
    /// `Catalog` when there is the document, and not this revision or not the one that was recorded last: what is
    /// recorded next would follow none.
    pub fn latest(&self, name: &DocName) -> Result<Option<Latest>, Error> {
        let mut rows = self.latest_from(name, 1)?.into_iter();
        let found = rows.next().filter(|(found, _)| *found == SortedName::from(name));
        found.map(|(_, latest)| latest.map_err(|why| Error::Catalog { why })).transpose()
    }

    /// The same, for whoever asks for names in their order within one snapshot.
    pub fn latest_ahead(
        &self,
        name: &DocName,
        ahead: &mut LatestAhead,
    ) -> Result<Option<Latest>, Error> {
        let found = ahead.get(name, |from, n| self.latest_from(from, n))?;
        found.map(|latest| latest.map_err(|why| Error::Catalog { why })).transpose()
    }

    /// The revisions captured last of so many documents, the first of those whose names are not before one; or what
    /// the catalog lacks of one.
    fn latest_from(
        &self,
        name: &DocName,
        n: usize,
    ) -> Result<NamedRows<Result<Latest, String>>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT d.doc, r.event, d.revisions, c.digest, e.text,
                    EXISTS (SELECT 1 FROM withdrawal w WHERE w.event = r.event AND w.part = 0),
                    d.last, d.gone IS NOT NULL, d.last = n.event OR EXISTS (
                      SELECT 1 FROM document_event o WHERE o.event = d.last AND o.document = d.id),
                    n.event, ifnull(r.captured, r.at), ifnull(r.captured_ns, r.at_ns), r.number, d.name
             FROM document d
             LEFT JOIN revision n ON n.document = d.id AND n.number = d.revisions
               AND n.number = (SELECT max(number) FROM revision WHERE document = d.id)
             LEFT JOIN revision r ON r.event = d.latest AND r.document = d.id
             LEFT JOIN content c ON c.id = r.content
             LEFT JOIN phrase e ON e.id = r.encoding
             WHERE d.name >= ?1 ORDER BY d.name LIMIT ?2",
        )?;
        let mut rows = query.query(params![name_value(name.as_bytes()), n as i64])?;
        let mut found = Vec::with_capacity(n);
        while let Some(row) = rows.next()? {
            let name = SortedName::in_column(row.get_ref(13)?);
            let name = name.ok_or_else(|| Error::Catalog { why: "a name is a number".into() })?;
            found.push((name, latest_in(row)?));
        }
        Ok(found)
    }

    /// Whether rows of revisions, documents or contents were taken out. How many revisions there are is stated,
    /// and they name the last document and content; both are counted without a gap.
    pub fn has_gaps(&self) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT (SELECT count(*) FROM revision)
                    != ifnull((SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'revisions'), 0)
                 OR (SELECT count(*) FROM document) != (SELECT ifnull(max(document), 0) FROM revision)
                 OR (SELECT count(*) FROM content) != (SELECT ifnull(max(content), 0) FROM revision)",
        )?;
        Ok(query.query_row([], |row| row.get(0))?)
    }

    /// The last event of a document.
    pub fn last_event(&self, doc: DocId) -> Result<Option<u64>, Error> {
        let mut query = self.db.prepare_cached("SELECT last FROM document WHERE doc = ?1")?;
        let last = query.query_row([doc.0 as i64], |row| row.get::<_, i64>(0)).optional()?;
        Ok(last.map(|event| event as u64))
    }

    /// The document in this row.
    pub fn document_at(&self, row: i64) -> Result<Document, Error> {
        let mut query = self.db.prepare_cached(&format!("{DOCUMENT} WHERE id = ?1"))?;
        Ok(query.query_row([row], document)?)
    }

    /// Up to `limit` documents whose name ends in the components of `suffix`, in order of name.
    pub fn documents_ending(&self, suffix: &DocName, limit: usize) -> Result<Vec<Document>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{DOCUMENT} WHERE substr(name, -tail) IN (?1, ?2) ORDER BY name"
        ))?;
        // A name that is not UTF-8 as a whole may well end in a component that is.
        let tail = suffix.tail();
        let rows = query.query_map(params![name_value(tail), tail], document)?;
        let whole = suffix.as_bytes();
        let fits = |name: &DocName| {
            let rest = name.as_bytes().strip_suffix(whole);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/"))
        };
        let kept = rows.filter(|found| found.as_ref().map_or(true, |found| fits(&found.name)));
        Ok(kept.take(limit).collect::<Result<_, _>>()?)
    }

    /// Up to `limit` documents whose id lies in the range, in order of id.
    pub fn documents_between(
        &self,
        first: DocId,
        last: DocId,
        limit: usize,
    ) -> Result<Vec<Document>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{DOCUMENT} WHERE doc BETWEEN ?1 AND ?2 ORDER BY doc LIMIT ?3"
        ))?;
        let rows =
            query.query_map(params![first.0 as i64, last.0 as i64, limit as i64], document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The revision of a document with this number.
    pub fn revision(&self, doc: DocId, number: u64) -> Result<Option<Revision>, Error> {
        let sql = format!("{REVISION} WHERE d.doc = ?1 AND r.number = ?2");
        let mut query = self.db.prepare_cached(&sql)?;
        Ok(query.query_row(params![doc.0 as i64, number as i64], revision).optional()?)
    }

    /// The revision that this event recorded, and its document.
    pub fn revision_of_event(&self, event: u64) -> Result<Option<(Document, Revision)>, Error> {
        let mut query = self.db.prepare_cached(&format!("{REVISION} WHERE r.event = ?1"))?;
        Ok(query.query_row([event as i64], revision_of_document).optional()?)
    }

    /// The last revision captured at or before that time; of several captured together, the latest.
    pub fn revision_as_of(
        &self,
        document: &Document,
        timestamp: Timestamp,
    ) -> Result<Option<Revision>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{REVISION} WHERE d.doc = ?1
             AND (ifnull(r.captured, r.at), ifnull(r.captured_ns, r.at_ns)) <= (?2, ?3)
             ORDER BY {LATEST_FIRST} LIMIT 1"
        ))?;
        let (seconds, nanoseconds) = timestamp.to_unix();
        let params = params![document.id.0 as i64, seconds, nanoseconds];
        Ok(query.query_row(params, revision).optional()?)
    }

    /// So many revisions of a document back from the latest, as they were captured; of several captured
    /// together, the one recorded last comes first.
    pub fn revision_back(&self, doc: DocId, n_back: u64) -> Result<Option<Revision>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{REVISION} WHERE d.doc = ?1 ORDER BY {LATEST_FIRST} LIMIT 1 OFFSET ?2"
        ))?;
        let n_back = n_back.min(i64::MAX as u64) as i64;
        Ok(query.query_row(params![doc.0 as i64, n_back], revision).optional()?)
    }

    /// The revision captured before one, by the same order.
    pub fn revision_before(&self, one: &Revision) -> Result<Option<Revision>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{REVISION} WHERE d.doc = ?1
             AND (ifnull(r.captured, r.at), ifnull(r.captured_ns, r.at_ns), r.number) < (?2, ?3, ?4)
             ORDER BY {LATEST_FIRST} LIMIT 1"
        ))?;
        let (seconds, nanoseconds) = one.captured.to_unix();
        let values = params![one.doc.0 as i64, seconds, nanoseconds, one.number as i64];
        Ok(query.query_row(values, revision).optional()?)
    }

    /// The row of a revision's content.
    pub fn content_of(&self, revision: &Revision) -> Result<i64, Error> {
        let mut query = self.db.prepare_cached("SELECT content FROM revision WHERE event = ?1")?;
        Ok(query.query_row([revision.event as i64], |row| row.get(0))?)
    }

    /// Whether the content that this event recorded is not empty, and was another document's latest before, read so.
    pub fn had_before(&self, event: u64) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM revision r JOIN content c ON c.id = r.content AND c.bytes > 0
             JOIN revision o ON o.content = r.content AND o.document != r.document AND o.event < r.event
             JOIN document d ON d.id = o.document AND d.latest = o.event
             WHERE r.event = ?1 LIMIT 1",
        )?;
        Ok(query.exists([event as i64])?)
    }

    /// Whether the content that this event recorded is text with words.
    pub fn recorded_text(&self, event: u64) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM revision r JOIN sketch s ON s.content = r.content WHERE r.event = ?1",
        )?;
        Ok(query.exists([event as i64])?)
    }

    /// Whether the document of a revision had its content before.
    pub fn had_it_before(&self, one: &Revision) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM revision r JOIN revision o ON o.document = r.document AND o.content = r.content
               AND o.event < r.event
             WHERE r.event = ?1 LIMIT 1",
        )?;
        Ok(query.exists([one.event as i64])?)
    }

    /// Whether the document of a revision had its content before, while that of another one had that one's.
    pub fn were_together(&self, one: &Revision, other: &Revision) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM revision a
             JOIN revision b ON b.event = ?2
             JOIN revision x ON x.document = a.document AND x.content = a.content AND x.event < a.event
             JOIN revision x_after ON x_after.document = x.document AND x_after.number = x.number + 1
             JOIN revision y ON y.document = b.document AND y.content = b.content
               AND y.event < x_after.event
             LEFT JOIN revision y_after
               ON y_after.document = y.document AND y_after.number = y.number + 1
             WHERE a.event = ?1 AND ifnull(y_after.event > x.event, 1) LIMIT 1",
        )?;
        Ok(query.exists([one.event as i64, other.event as i64])?)
    }

    /// Whether the content that this event recorded was recorded before and read so, of whatever document.
    pub fn was_recorded_before(&self, event: u64) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM revision r JOIN revision o ON o.content = r.content AND o.event < r.event
             WHERE r.event = ?1 LIMIT 1",
        )?;
        Ok(query.exists([event as i64])?)
    }

    /// Whether a content is kept; one that is withdrawn has to be put again.
    pub fn has_content(&self, wanted: &Digest) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM content WHERE key = ?1 AND digest = ?2 AND withdrawn = 0",
        )?;
        Ok(query.exists(params![wanted.key().0 as i64, wanted.as_bytes()])?)
    }
}

/// The revision captured last of the document in this row, or what the catalog lacks of it.
fn latest_in(row: &Row) -> Result<Result<Latest, String>, Error> {
    let doc = DocId(row.get::<_, i64>(0)? as u64);
    let lacks = |which: &str| {
        Ok(Err(format!("it lacks the revision of the document {doc} that was {which} last")))
    };
    let Some(newest) = row.get::<_, Option<i64>>(9)? else { return lacks("recorded") };
    let (Some(event), Some(content)) = (
        row.get::<_, Option<i64>>(1)?,
        row.get_ref(3)?.as_blob_or_null().map_err(rusqlite::Error::from)?,
    ) else {
        return lacks("captured");
    };
    let (last, is_last_there): (i64, bool) = (row.get(6)?, row.get(8)?);
    if last < newest || !is_last_there {
        return Ok(Err(format!("it lacks the last event of the document {doc}")));
    }
    let encoding: Option<String> = row.get(4)?;
    Ok(Ok(Latest {
        doc,
        event: event as u64,
        last: last as u64,
        is_gone: row.get(7)?,
        captured: timestamp(row, 10, 11)?,
        number: row.get::<_, i64>(12)? as u64,
        n_revisions: row.get::<_, i64>(2)? as u64,
        digest: digest(content),
        encoding: encoding.and_then(|name| Charset::for_label(&name)),
        is_withdrawn: row.get(5)?,
    }))
}

pub(super) fn document(row: &Row) -> rusqlite::Result<Document> {
    Ok(Document {
        id: DocId(row.get::<_, i64>(0)? as u64),
        name: name_of(row.get(1)?)?,
        latest: row.get::<_, i64>(2)? as u64,
        n_revisions: row.get::<_, i64>(3)? as u64,
        gone: row.get::<_, Option<i64>>(4)?.map(|event| event as u64),
    })
}

pub(super) fn revision(row: &Row) -> rusqlite::Result<Revision> {
    Ok(Revision {
        event: row.get::<_, i64>(0)? as u64,
        doc: DocId(row.get::<_, i64>(1)? as u64),
        number: row.get::<_, i64>(2)? as u64,
        digest: digest(row.get_ref(3)?.as_blob()?),
        n_bytes: row.get::<_, i64>(4)? as u64,
        media_type: row.get(5)?,
        at: timestamp(row, 6, 15)?,
        captured: timestamp(row, 7, 16)?,
        mtime: match row.get::<_, Option<i64>>(8)? {
            Some(_) => Some(timestamp(row, 8, 17)?),
            None => None,
        },
        source: row.get(9)?,
        note: row.get(10)?,
        author: row.get(11)?,
        encoding: row.get(18)?,
        withdrawn: withdrawn(row, 19)?,
        words_withdrawn: withdrawn(row, 23)?,
    })
}

/// The withdrawal in four columns: its event, its time in two, and the reason.
fn withdrawn(row: &Row, first: usize) -> rusqlite::Result<Option<Withdrawn>> {
    let Some(event) = row.get::<_, Option<i64>>(first)? else { return Ok(None) };
    let at = timestamp(row, first + 1, first + 2)?;
    Ok(Some(Withdrawn { event: event as u64, at, reason: row.get(first + 3)? }))
}

/// A revision together with its document.
pub(super) fn revision_of_document(row: &Row) -> rusqlite::Result<(Document, Revision)> {
    let revision = revision(row)?;
    let document = Document {
        id: revision.doc,
        name: name_of(row.get(12)?)?,
        latest: row.get::<_, i64>(13)? as u64,
        n_revisions: row.get::<_, i64>(14)? as u64,
        gone: row.get::<_, Option<i64>>(27)?.map(|event| event as u64),
    };
    Ok((document, revision))
}

/// The time in two columns: whole seconds since 1970, and the nanoseconds above them.
pub(super) fn timestamp(row: &Row, seconds: usize, fraction: usize) -> rusqlite::Result<Timestamp> {
    Ok(Timestamp::from_unix(row.get(seconds)?, row.get(fraction)?))
}
