//! The rows that are there, compared with those that follow.

use rusqlite::{Row, Rows, types::ValueRef};

use super::*;
use crate::catalog::{
    SCHEMA_VERSION,
    drift::{definitions_apart, torn},
    rows::n_tail,
    sketches_version,
    tables::{Need, TABLES},
};

/// Tables so large that their indexes are read in their own order; of the others SQLite looks each row up.
const LARGE: [&str; 3] = ["revision", "content", "place"];

const REVISIONS: &str = "
    SELECT event, document, number, content, type, at, at_ns, captured, captured_ns, mtime, mtime_ns,
           source, note, author, encoding
    FROM revision WHERE event >= ?1 AND event < ?2 ORDER BY event";
const OTHERS: &str = "
    SELECT event, at, at_ns, note, author, event_type
    FROM event WHERE event >= ?1 AND event < ?2 ORDER BY event";
const CONTENTS: &str = "
    SELECT id, key, digest, bytes, withdrawn FROM content WHERE id > ?1 AND id <= ?2 ORDER BY id";

/// Whether these contents lie behind the first `n`.
fn have_contents(db: &Connection, n: usize, wanted: &[(Digest, u64)]) -> Result<bool, Error> {
    let mut query = db.prepare_cached(CONTENTS)?;
    let n = n as i64;
    let mut rows = query.query([n, n + wanted.len() as i64])?;
    for (id, (digest, n_bytes)) in (n + 1..).zip(wanted) {
        let key = digest.key().0 as i64;
        let digest = ValueRef::Blob(digest.as_bytes());
        let [id, key, n_bytes] = [id, key, *n_bytes as i64].map(ValueRef::Integer);
        if !has_next(&mut rows, &[id, key, digest, n_bytes, ValueRef::Integer(0)])? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn have_tile(
    db: &Connection,
    (level, n): (u8, u64),
    hashes: &[u8],
) -> Result<bool, Error> {
    let mut query = db.prepare_cached("SELECT hashes FROM tile WHERE level = ?1 AND n = ?2")?;
    let mut rows = query.query([i64::from(level), n as i64])?;
    has_next(&mut rows, &[ValueRef::Blob(hashes)])
}

fn value_of(value: Option<i64>) -> ValueRef<'static> {
    value.map_or(ValueRef::Null, ValueRef::Integer)
}

/// Whether there is another row, and it has these values.
fn has_next(rows: &mut Rows, wanted: &[ValueRef]) -> Result<bool, Error> {
    let Some(row) = rows.next()? else { return Ok(false) };
    for (at, value) in wanted.iter().enumerate() {
        if row.get_ref(at)? != *value {
            return Ok(false);
        }
    }
    Ok(true)
}

fn integers<const N: usize>(row: &Row) -> Result<Option<[i64; N]>, Error> {
    let mut all = [0; N];
    for (at, value) in all.iter_mut().enumerate() {
        let ValueRef::Integer(found) = row.get_ref(at)? else { return Ok(None) };
        *value = found;
    }
    Ok(Some(all))
}

/// Entries that have to rise.
struct Rising<const N: usize> {
    last: Option<[i64; N]>,
}

impl<const N: usize> Rising<N> {
    /// Whether an entry goes on behind the last.
    fn takes(&mut self, entry: [i64; N]) -> bool {
        let goes_on = self.last.is_none_or(|last| last < entry);
        self.last = Some(entry);
        goes_on
    }
}

impl Agreement<'_> {
    pub(super) fn have_revisions(
        &mut self,
        batch: &Batch,
        events: &Range<u64>,
    ) -> Result<bool, Error> {
        let (catalog, n_contents) = (self.catalog, self.contents.len());
        let mut new_contents = Vec::new();
        let mut query = catalog.db.prepare_cached(REVISIONS)?;
        let mut rows = query.query([events.start as i64, events.end as i64])?;
        for recorded in batch.events {
            let Event::Revise(revise) = recorded.event else { continue };
            let Some(row) = rows.next()? else { return Ok(false) };
            let [ValueRef::Integer(document), ValueRef::Integer(content)] =
                [row.get_ref(1)?, row.get_ref(3)?]
            else {
                return Ok(false);
            };
            let n_known = self.contents.len();
            let claimed = [document, content];
            let Some(wanted) = self.revise(recorded, revise, claimed, batch.chunks) else {
                return Ok(false);
            };
            if self.contents.len() > n_known {
                new_contents.push((revise.sha256, revise.size));
            }
            for (at, value) in wanted.into_iter().enumerate() {
                if row.get_ref(at)? != value_of(value) {
                    return Ok(false);
                }
            }
        }
        Ok(rows.next()?.is_none() && have_contents(&catalog.db, n_contents, &new_contents)?)
    }

    pub(super) fn have_others(
        &mut self,
        batch: &Batch,
        events: &Range<u64>,
    ) -> Result<bool, Error> {
        let catalog = self.catalog;
        let mut query = catalog.db.prepare_cached(OTHERS)?;
        let mut rows = query.query([events.start as i64, events.end as i64])?;
        for recorded in batch.events {
            match recorded.event {
                Event::Revise(_) | Event::Packs(_) => continue,
                Event::Withdraw(_) | Event::Document(_) => return Ok(false),
                _ => {}
            }
            let [index, at, at_ns, note, author] = self.other(recorded).map(value_of);
            let event_type = ValueRef::Text(recorded.event.event_type().as_bytes());
            if !has_next(&mut rows, &[index, at, at_ns, note, author, event_type])? {
                return Ok(false);
            }
        }
        Ok(rows.next()?.is_none())
    }

    /// After all facts and packs: what was compared, if the catalog is what follows from them, every content lies in
    /// some pack, and every blob in packs belongs to one; else none.
    pub fn finish(self, checkpoint: &str) -> Result<Option<Agreed>, Error> {
        let blank = Catalog::in_memory()?;
        let agrees = definitions_apart(self.db(), &blank.db)?.is_empty()
            && self.has_no_other_rows()?
            && self.has_meta(checkpoint)?
            && self.has_packs()?
            && self.has_documents()?
            && self.has_texts("phrase", &self.phrases)?
            && self.has_texts("site", &self.sites)?
            && self.has_chunks()?
            && self.has_open_tiles()?
            && self.has_indexes_of_revisions()?
            && self.has_places_for_contents()?
            && self.is_whole()?;
        let n_contents = self.contents.len() as u64;
        let n_rows = N_META
            + self.packs.len() as u64
            + self.places.n
            + self.phrases.sum.n
            + n_contents
            + self.chunks.len() as u64
            + self.documents.len() as u64
            + self.n_revisions
            + self.n_others
            + self.n_tiles
            + self.open_tiles.len() as u64
            + self.sites.sum.n;
        Ok(agrees.then_some(Agreed { n_rows, n_contents }))
    }

    /// That no rows lie where no events are.
    fn has_no_other_rows(&self) -> Result<bool, Error> {
        let n_events = self.n_events as i64;
        let n_contents = self.contents.len() as i64;
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM withdrawal)
                      AND NOT EXISTS (SELECT 1 FROM document_event)
                      AND NOT EXISTS (SELECT 1 FROM tag)
                      AND NOT EXISTS (SELECT 1 FROM revision WHERE event < 0)
                      AND NOT EXISTS (SELECT 1 FROM revision WHERE event >= ?1)
                      AND NOT EXISTS (SELECT 1 FROM event WHERE event < 0)
                      AND NOT EXISTS (SELECT 1 FROM event WHERE event >= ?1)
                      AND NOT EXISTS (SELECT 1 FROM content WHERE id < 1)
                      AND NOT EXISTS (SELECT 1 FROM content WHERE id > ?2)";
        Ok(self.db().query_row(sql, [n_events, n_contents], |row| row.get(0))?)
    }

    fn has_meta(&self, checkpoint: &str) -> Result<bool, Error> {
        let (n, sketches) = (self.n_revisions.to_string(), sketches_version());
        let wanted: [(&str, &str); N_META as usize] = [
            ("checkpoint", checkpoint),
            ("revisions", &n),
            ("schema", SCHEMA_VERSION),
            ("sketches", &sketches),
        ];
        let mut query = self.db().prepare("SELECT name, value FROM meta ORDER BY name")?;
        let mut rows = query.query([])?;
        for (name, value) in wanted {
            if !has_next(&mut rows, &[name, value].map(ValueRef::from))? {
                return Ok(false);
            }
        }
        Ok(rows.next()?.is_none())
    }

    fn has_packs(&self) -> Result<bool, Error> {
        let mut query =
            self.db().prepare("SELECT key, name, bytes, frames FROM pack ORDER BY key")?;
        let mut rows = query.query([])?;
        for (key, (pack, n_bytes, n_frames)) in &self.packs {
            let name = pack.to_bytes();
            let [key, n_bytes, n_frames] =
                [*key, *n_bytes as i64, *n_frames as i64].map(ValueRef::Integer);
            if !has_next(&mut rows, &[key, ValueRef::Blob(&name), n_bytes, n_frames])? {
                return Ok(false);
            }
        }
        Ok(rows.next()?.is_none())
    }

    fn has_documents(&self) -> Result<bool, Error> {
        let mut query = self.db().prepare(
            "SELECT id, doc, latest, revisions, site, name, tail, last, gone FROM document ORDER BY id",
        )?;
        let mut rows = query.query([])?;
        for (id, wanted) in (1..).zip(&self.documents) {
            let Some(row) = rows.next()? else { return Ok(false) };
            let (name, is_text) = match row.get_ref(5)? {
                ValueRef::Text(name) => (name, true),
                ValueRef::Blob(name) => (name, false),
                _ => return Ok(false),
            };
            let is_named = wanted.name == Some(self.hash_of_name(name))
                && std::str::from_utf8(name).is_ok() == is_text;
            let numbers = [
                Some(id),
                Some(wanted.doc.0 as i64),
                Some(wanted.latest as i64),
                Some(wanted.n_revisions),
                wanted.site,
            ];
            let others = [Some(n_tail(name)), Some(wanted.last as i64), None];
            for (at, value) in (0..5).zip(numbers).chain((6..).zip(others)) {
                if row.get_ref(at)? != value_of(value) {
                    return Ok(false);
                }
            }
            if !is_named {
                return Ok(false);
            }
        }
        Ok(rows.next()?.is_none())
    }

    fn has_texts(&self, table: &str, wanted: &Texts) -> Result<bool, Error> {
        let mut query = self.db().prepare(&format!("SELECT id, text FROM {table}"))?;
        let mut rows = query.query([])?;
        let mut found = Sum::default();
        while let Some(row) = rows.next()? {
            let (ValueRef::Integer(id), ValueRef::Text(text)) = (row.get_ref(0)?, row.get_ref(1)?)
            else {
                return Ok(false);
            };
            let Ok(text) = std::str::from_utf8(text) else { return Ok(false) };
            found.add(self.random.hash_one((id, text)));
        }
        Ok(found == wanted.sum)
    }

    fn has_chunks(&self) -> Result<bool, Error> {
        let mut query = self.db().prepare("SELECT id, key FROM chunk ORDER BY id")?;
        let mut rows = query.query([])?;
        for (id, key) in (1..).zip(&self.chunks) {
            if !has_next(&mut rows, &[id, key.0 as i64].map(ValueRef::Integer))? {
                return Ok(false);
            }
        }
        Ok(rows.next()?.is_none())
    }

    fn has_open_tiles(&self) -> Result<bool, Error> {
        for (id, hashes) in &self.open_tiles {
            if !have_tile(self.db(), *id, hashes)? {
                return Ok(false);
            }
        }
        let n: i64 = self.db().query_row("SELECT count(*) FROM tile", [], |row| row.get(0))?;
        Ok(n as u64 == self.n_tiles + self.open_tiles.len() as u64)
    }

    fn has_indexes_of_revisions(&self) -> Result<bool, Error> {
        let by_document = "SELECT document, number, event FROM revision
                           INDEXED BY revision_by_document ORDER BY document, number";
        let by_content = "SELECT content, event FROM revision
                          INDEXED BY revision_by_content ORDER BY content, event";
        Ok(self.has_entries::<3>(by_document, self.by_document)?
            && self.has_entries::<2>(by_content, self.by_content)?)
    }

    /// That an index has these entries, each once, in its order.
    fn has_entries<const N: usize>(&self, sql: &str, wanted: Sum) -> Result<bool, Error> {
        let mut query = self.db().prepare(sql)?;
        let mut rows = query.query([])?;
        let (mut found, mut rising) = (Sum::default(), Rising::<N> { last: None });
        while let Some(row) = rows.next()? {
            match integers::<N>(row)?.filter(|entry| rising.takes(*entry)) {
                Some(entry) => found.add(self.mix.of(entry)),
                None => return Ok(false),
            }
        }
        Ok(found == wanted)
    }

    /// That places are those that packs list, the index of contents by key is right and no two contents share a key,
    /// every content has a place, and
    /// every place a content or a chunk. Both are read in the order of their keys.
    fn has_places_for_contents(&self) -> Result<bool, Error> {
        let mut contents = self
            .db()
            .prepare("SELECT key, id FROM content INDEXED BY content_by_key ORDER BY key, id")?;
        let mut places = self.db().prepare(
            "SELECT key, pack, offset, blob, bytes FROM place ORDER BY key, pack, offset, blob",
        )?;
        let (mut contents, mut places) = (contents.query([])?, places.query([])?);
        let (mut found, mut by_key) = (Sum::default(), Sum::default());
        let (mut rising, mut rising_keys) =
            (Rising::<4> { last: None }, Rising::<1> { last: None });
        // The content at hand, if any, and whether a place with its key has come up.
        let mut next_content = || -> Result<Option<Option<i64>>, Error> {
            let Some(row) = contents.next()? else { return Ok(Some(None)) };
            let entry = integers::<2>(row)?.filter(|entry| rising_keys.takes([entry[0]]));
            Ok(entry.map(|entry| {
                by_key.add(self.mix.of(entry));
                Some(entry[0])
            }))
        };
        let Some(mut content) = next_content()? else { return Ok(false) };
        let mut is_placed = false;
        while let Some(row) = places.next()? {
            let Some([key, pack, offset, blob, n_bytes]) = integers::<5>(row)? else {
                return Ok(false);
            };
            if !rising.takes([key, pack, offset, blob]) {
                return Ok(false);
            }
            found.add(self.mix.of([key, pack, offset, n_bytes, blob]));
            while is_placed && content.is_some_and(|content| content < key) {
                let Some(next) = next_content()? else { return Ok(false) };
                (content, is_placed) = (next, false);
            }
            match content == Some(key) {
                true => is_placed = true,
                // A content before it that has no place makes this one wrong, too.
                false if self.are_chunks.contains(&Key(key as u64)) => {}
                false => return Ok(false),
            }
        }
        if content.is_some() && (!is_placed || next_content()? != Some(None)) {
            return Ok(false);
        }
        Ok((found, by_key) == (self.places, self.by_key))
    }

    /// That pages are in order, and of smaller tables indexes too.
    fn is_whole(&self) -> Result<bool, Error> {
        for table in TABLES.iter().filter(|table| !table.needs.contains(&Need::Contents)) {
            let is_whole = match LARGE.contains(&table.name) {
                true => {
                    let sql = format!("PRAGMA main.quick_check({})", table.name);
                    self.db().query_row(&sql, [], |row| row.get::<_, String>(0))? == "ok"
                }
                false => torn(self.db(), table)?.is_none(),
            };
            if !is_whole {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
