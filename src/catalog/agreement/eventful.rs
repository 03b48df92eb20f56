//! Documents to which more happened than new revisions: they were gone, renamed, seen again or described.
//!
//! What follows from that for the rows of such a document is found by applying its events, and those alone, to a
//! catalog of their own. Its rows have other numbers, so that both are compared by what these stand for. The others,
//! mostly nearly all, need no such detour.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use crate::{
    catalog::{Batch, Catalog, Recorded, document_events::tags_of, drift::are_equal},
    journal::event::{Detail, DocumentEvent, DocumentEventKind},
    types::{
        digest::{Digest, DocId, Key},
        error::Error,
    },
};

use super::{Agreement, expected::value_of_name};

/// With more of all documents among them than this share, a catalog of all events is as fast.
const SHARE_MAX: f64 = 0.5;

const DOCUMENTS: &str = "
    SELECT d.doc, d.name, d.tail, d.latest, d.revisions, d.last, d.gone
    FROM main.document d WHERE d.id IN (SELECT document FROM main.document_event) ORDER BY d.doc";
const REVISIONS: &str = "
    SELECT r.event, d.doc, r.number, c.digest, t.text, r.at, r.at_ns, r.captured, r.captured_ns, r.mtime, r.mtime_ns,
           s.text, n.text, a.text, e.text, r.source IS NULL, r.note IS NULL, r.author IS NULL, r.encoding IS NULL
    FROM main.revision r
    JOIN main.document d ON d.id = r.document
    JOIN main.content c ON c.id = r.content
    LEFT JOIN main.phrase t ON t.id = r.type
    LEFT JOIN main.phrase s ON s.id = r.source
    LEFT JOIN main.phrase n ON n.id = r.note
    LEFT JOIN main.phrase a ON a.id = r.author
    LEFT JOIN main.phrase e ON e.id = r.encoding
    WHERE r.document IN (SELECT document FROM main.document_event) ORDER BY r.event";
const EVENTS: &str = "
    SELECT o.event, d.doc, o.change, o.revision, o.at, o.at_ns, o.captured, o.captured_ns, o.mtime, o.mtime_ns,
           o.name, o.before, s.text, n.text, t.text, a.text,
           o.source IS NULL, o.note IS NULL, o.tags IS NULL, o.author IS NULL
    FROM main.document_event o
    LEFT JOIN main.document d ON d.id = o.document
    LEFT JOIN main.phrase s ON s.id = o.source
    LEFT JOIN main.phrase n ON n.id = o.note
    LEFT JOIN main.phrase t ON t.id = o.tags
    LEFT JOIN main.phrase a ON a.id = o.author
    ORDER BY o.event";
const TAGS: &str = "
    SELECT d.doc, p.text FROM main.tag t
    LEFT JOIN main.document d ON d.id = t.document
    LEFT JOIN main.phrase p ON p.id = t.tag ORDER BY d.doc, p.text, t.document, t.tag";

/// Such documents, as the catalog has them, and what follows for them.
pub(super) struct Eventful {
    ids: HashSet<DocId>,
    /// Where each stands among the documents of the agreement.
    places: HashMap<DocId, usize>,
    /// The hashes of the names that documents have, these and all others: none may be given to a second one.
    names: HashSet<u64>,
    /// The rows that follow from the events of these documents.
    facts: Catalog,
}

/// To how many documents of an archive more happened.
pub(super) enum EventfulShare {
    /// Documents have revisions alone.
    None,
    Some(Box<Eventful>),
    /// Most have had more.
    Most,
}

impl Eventful {
    /// Those that the catalog says had such events.
    pub(super) fn of(catalog: &Catalog) -> Result<EventfulShare, Error> {
        let sql = "SELECT doc FROM main.document
                   WHERE id IN (SELECT document FROM main.document_event)";
        let mut query = catalog.db.prepare(sql)?;
        let ids = query.query_map([], |row| Ok(DocId(row.get::<_, i64>(0)? as u64)))?;
        let ids: HashSet<DocId> = ids.collect::<Result<_, _>>()?;
        if ids.is_empty() {
            return Ok(EventfulShare::None);
        }
        let sql = "SELECT count(*) FROM main.document";
        let n_documents: i64 = catalog.db.query_row(sql, [], |row| row.get(0))?;
        if ids.len() as f64 > n_documents as f64 * SHARE_MAX {
            return Ok(EventfulShare::Most);
        }
        let (places, names, facts) = (HashMap::new(), HashSet::new(), Catalog::temporary()?);
        Ok(EventfulShare::Some(Box::new(Self { ids, places, names, facts })))
    }

    pub(super) fn has(&self, doc: DocId) -> bool {
        self.ids.contains(&doc)
    }

    /// Takes a new document in, which stands there; whether its name was free.
    pub(super) fn begin(&mut self, doc: DocId, place: usize, name: Option<u64>) -> bool {
        if self.has(doc) {
            self.places.insert(doc, place);
        }
        name.is_some_and(|name| self.names.insert(name))
    }

    /// Goes on by events of these documents.
    pub(super) fn apply(
        &self,
        events: &[Recorded],
        chunks: Option<&HashMap<Digest, Vec<Key>>>,
    ) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        self.facts.apply(&Batch { events, chunks, ..Batch::default() })
    }

    /// After all events, whether these documents have the rows that follow from them; if so, how many other rows
    /// than documents and revisions these are.
    pub(super) fn agrees(&self, db: &Connection) -> Result<Option<u64>, Error> {
        let mut n_rows = 0;
        for (question, is_new) in
            [(DOCUMENTS, false), (REVISIONS, false), (EVENTS, true), (TAGS, true)]
        {
            match n_equal(db, &self.facts.db, question)? {
                None => return Ok(None),
                Some(n) if is_new => n_rows += n,
                Some(_) => {}
            }
        }
        Ok(Some(n_rows))
    }
}

impl Agreement<'_> {
    /// Whether something can have happened to a document, as far as that does not show at the end.
    pub(super) fn document_event(&mut self, recorded: &Recorded, event: &DocumentEvent) -> bool {
        let Some(Detail::Document(detail)) = recorded.detail else { return false };
        let place = self.eventful.as_ref().and_then(|it| it.places.get(&event.doc).copied());
        let Some(known) = place.map(|place| &mut self.documents[place]) else { return false };
        if event.prev != known.last {
            return false;
        }
        known.last = recorded.index;
        if event.kind == DocumentEventKind::Rename {
            let (Some(name), Some(before), Some(eventful)) =
                (&detail.name, known.name, &mut self.eventful)
            else {
                return false;
            };
            let name = self.mix.of([value_of_name(name.as_bytes())]);
            known.name = Some(name);
            eventful.names.remove(&before);
            if !eventful.names.insert(name) {
                return false;
            }
        }
        // Phrases are numbered in this order.
        self.phrase(detail.source.as_deref());
        self.phrase(detail.note.as_deref());
        self.phrase(tags_of(detail).as_deref());
        self.phrase(detail.by.as_deref());
        for change in &detail.tags {
            self.phrase(Some(change.tag().as_str()));
        }
        true
    }
}

/// How many rows answer a question in both, if they are equal.
fn n_equal(a: &Connection, b: &Connection, question: &str) -> Result<Option<u64>, Error> {
    let (mut a, mut b) = (a.prepare(question)?, b.prepare(question)?);
    let n_columns = a.column_count();
    let (mut a, mut b) = (a.query([])?, b.query([])?);
    let mut n = 0;
    loop {
        match (a.next()?, b.next()?) {
            (None, None) => return Ok(Some(n)),
            (Some(a), Some(b)) if are_equal(a, b, n_columns)? => n += 1,
            _ => return Ok(None),
        }
    }
}
