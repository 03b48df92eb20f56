//! The rows that are there, compared with those that follow.

use rusqlite::{Rows, params};

use super::{
    mix::{Ordered, hash_of_row},
    *,
};
use crate::catalog::{
    SCHEMA_VERSION,
    drift::{definitions_apart, torn},
    rows::{n_tail, tail},
    sketches_version,
    tables::{Need, TABLES, Table},
};

/// Tables that may be so large that their indexes are read in their own order; of the others SQLite looks each row up.
const LARGE: [&str; 7] = ["revision", "content", "place", "document", "phrase", "site", "chunk"];

const BY_DOCUMENT: Ordered = Ordered {
    from: "revision INDEXED BY revision_by_document",
    columns: "document, number, event",
    n_key: 2,
};
const BY_CONTENT: Ordered = Ordered {
    from: "revision INDEXED BY revision_by_content",
    columns: "content, event",
    n_key: 2,
};
const CONTENT_BY_KEY: Ordered =
    Ordered { from: "content INDEXED BY content_by_key", columns: "key, id", n_key: 2 };
const PLACES: Ordered =
    Ordered { from: "place", columns: "key, pack, offset, blob, bytes", n_key: 4 };
const BY_DOC: Ordered = Ordered {
    from: "document INDEXED BY sqlite_autoindex_document_1",
    columns: "doc, id",
    n_key: 1,
};
const BY_NAME: Ordered = Ordered {
    from: "document INDEXED BY sqlite_autoindex_document_2",
    columns: "name, id",
    n_key: 1,
};
const BY_TAIL: Ordered = Ordered {
    from: "document INDEXED BY document_by_tail",
    columns: "substr(name, -tail), id",
    n_key: 2,
};
const CHUNK_BY_KEY: Ordered =
    Ordered { from: "chunk INDEXED BY sqlite_autoindex_chunk_1", columns: "key, id", n_key: 1 };
const PHRASES: Ordered =
    Ordered { from: "phrase INDEXED BY sqlite_autoindex_phrase_1", columns: "text, id", n_key: 1 };
const SITES: Ordered =
    Ordered { from: "site INDEXED BY sqlite_autoindex_site_1", columns: "text, id", n_key: 1 };

/// The columns of a revision beside those that say which document and content it is of.
pub(super) const REVISION: &str =
    "event, number, type, at, at_ns, captured, captured_ns, mtime, mtime_ns,
    source, note, author, encoding";
const OTHERS: &str = "
    SELECT event, at, at_ns, note, author, event_type
    FROM event WHERE event >= ?1 AND event < ?2 ORDER BY event";

/// Whether the rows behind the first `n` are those of these contents.
fn have_contents(
    db: &Connection,
    mix: &Mix,
    n: usize,
    wanted: &[(Digest, u64)],
) -> Result<bool, Error> {
    let row = hash_of_row("id, key, bytes, withdrawn");
    let sql = format!("SELECT digest, {row} FROM content WHERE id > ?1 AND id <= ?2 ORDER BY id");
    let mut query = db.prepare_cached(&sql)?;
    let n = n as i64;
    let mut rows = query.query([n, n + wanted.len() as i64])?;
    for (id, (digest, n_bytes)) in (n + 1..).zip(wanted) {
        let row = mix.of_integers([id, digest.key().0 as i64, *n_bytes as i64, 0]);
        if !has_next(
            &mut rows,
            &[ValueRef::Blob(digest.as_bytes()), ValueRef::Integer(row as i64)],
        )? {
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

impl Agreement<'_> {
    /// Whether revisions, contents and other events have the rows that follow.
    pub(super) fn have_events(
        &mut self,
        batch: &Batch,
        events: &Range<u64>,
    ) -> Result<bool, Error> {
        let (catalog, n_contents) = (self.catalog, self.contents.len());
        let row = hash_of_row(REVISION);
        let sql = format!(
            "SELECT document, content, {row}
             FROM revision WHERE event >= ?1 AND event < ?2 ORDER BY event"
        );
        let range = [events.start as i64, events.end as i64];
        let mut revisions = catalog.db.prepare_cached(&sql)?;
        let mut others = catalog.db.prepare_cached(OTHERS)?;
        let (mut revisions, mut others) = (revisions.query(range)?, others.query(range)?);
        let (mut new_contents, mut of_eventful) = (Vec::new(), Vec::new());
        for recorded in batch.events {
            let again = || Recorded { ..*recorded };
            let is_right = match recorded.event {
                Event::Revise(revise) => {
                    let n_known = self.contents.len();
                    let is_eventful = self.is_eventful(revise.doc);
                    of_eventful.extend(is_eventful.then(again));
                    let is_right =
                        self.has_revision(&mut revisions, (recorded, revise), batch.chunks)?;
                    let is_new = self.contents.len() > n_known;
                    new_contents.extend(is_new.then_some((revise.sha256, revise.size)));
                    is_right
                }
                Event::Document(event) => {
                    of_eventful.push(again());
                    self.document_event(recorded, event)
                }
                Event::Packs(_) => true,
                Event::Withdraw(_) => false,
                _ => self.has_other(&mut others, recorded)?,
            };
            if !is_right {
                return Ok(false);
            }
        }
        if let Some(eventful) = &self.eventful {
            eventful.apply(&of_eventful, batch.chunks)?;
        }
        let is_all = revisions.next()?.is_none() && others.next()?.is_none();
        Ok(is_all && have_contents(&catalog.db, &self.mix, n_contents, &new_contents)?)
    }

    /// Whether the next row is that of a revision; of one that may have been described later what can have changed
    /// since is compared at the end.
    fn has_revision(
        &mut self,
        rows: &mut Rows,
        (recorded, revise): (&Recorded, &Revise),
        chunks: Option<&HashMap<Digest, Vec<Key>>>,
    ) -> Result<bool, Error> {
        let Some(row) = rows.next()? else { return Ok(false) };
        let (ValueRef::Integer(document), ValueRef::Integer(content), ValueRef::Integer(found)) =
            (row.get_ref(0)?, row.get_ref(1)?, row.get_ref(2)?)
        else {
            return Ok(false);
        };
        let wanted = self.revise(recorded, revise, [document, content], chunks);
        let is_eventful = self.is_eventful(revise.doc);
        Ok(wanted.is_some_and(|wanted| is_eventful || wanted == found as u64))
    }

    fn has_other(&mut self, rows: &mut Rows, recorded: &Recorded) -> Result<bool, Error> {
        let [index, at, at_ns, note, author] = self.other(recorded).map(value_of);
        let event_type = ValueRef::Text(recorded.event.event_type().as_bytes());
        has_next(rows, &[index, at, at_ns, note, author, event_type])
    }

    /// After all facts and packs: what was compared, if the catalog is what follows from them, every content lies in
    /// some pack, and every blob in packs belongs to one; else none. `is_all`: the tables whose rows only contents show are
    /// to be whole, too.
    pub fn finish(self, checkpoint: &str, is_all: bool) -> Result<Option<Agreed>, Error> {
        let blank = Catalog::in_memory()?;
        let n_eventful = match &self.eventful {
            Some(eventful) => eventful.agrees(self.db())?,
            None => Some(0),
        };
        let Some(n_eventful) = n_eventful else { return Ok(None) };
        let agrees = definitions_apart(self.db(), &blank.db)?.is_empty()
            && self.has_no_other_rows()?
            && self.has_meta(checkpoint)?
            && self.has_packs()?
            && self.has_documents()?
            && self.has_texts("phrase", &PHRASES, &self.phrases)?
            && self.has_texts("site", &SITES, &self.sites)?
            && self.has_chunks()?
            && self.has_open_tiles()?
            && self.has_indexes_of_revisions()?
            && self.has_places_for_contents()?
            && self.is_whole(is_all)?;
        let n_of_contents = self.contents.len() as u64;
        let n_contents = self.n_distinct() as u64;
        let n_rows = N_META
            + self.packs.len() as u64
            + self.places.n
            + self.phrases.sum.n
            + n_of_contents
            + self.chunks.len() as u64
            + self.documents.len() as u64
            + self.n_revisions
            + self.n_others
            + self.n_tiles
            + self.open_tiles.len() as u64
            + self.sites.sum.n
            + n_eventful;
        Ok(agrees.then_some(Agreed { n_rows, n_contents }))
    }

    /// That no rows lie where no events are.
    fn has_no_other_rows(&self) -> Result<bool, Error> {
        let n_events = self.n_events as i64;
        let n_contents = self.contents.len() as i64;
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM withdrawal)
                      AND (?3 OR NOT EXISTS (SELECT 1 FROM document_event))
                      AND (?3 OR NOT EXISTS (SELECT 1 FROM tag))
                      AND NOT EXISTS (SELECT 1 FROM revision WHERE event < 0)
                      AND NOT EXISTS (SELECT 1 FROM revision WHERE event >= ?1)
                      AND NOT EXISTS (SELECT 1 FROM event WHERE event < 0)
                      AND NOT EXISTS (SELECT 1 FROM event WHERE event >= ?1)
                      AND NOT EXISTS (SELECT 1 FROM content WHERE id < 1)
                      AND NOT EXISTS (SELECT 1 FROM content WHERE id > ?2)";
        let values = params![n_events, n_contents, self.eventful.is_some()];
        Ok(self.db().query_row(sql, values, |row| row.get(0))?)
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
        let (mut by_doc, mut by_name, mut by_tail) =
            (Sum::default(), Sum::default(), Sum::default());
        for (id, wanted) in (1..).zip(&self.documents) {
            let Some(row) = rows.next()? else { return Ok(false) };
            let name = row.get_ref(5)?;
            let (bytes, last) = match name {
                ValueRef::Text(name) => (name, ValueRef::Text(tail(name))),
                ValueRef::Blob(name) => (name, ValueRef::Blob(tail(name))),
                _ => return Ok(false),
            };
            let numbers = [
                Some(id),
                Some(wanted.doc.0 as i64),
                Some(wanted.latest as i64),
                Some(wanted.n_revisions),
                wanted.site,
            ];
            let others = [Some(n_tail(bytes)), Some(wanted.last as i64), None];
            for (at, value) in (0..5).zip(numbers).chain((6..).zip(others)) {
                // The latest revision, and whether it is gone.
                let is_elsewhere = wanted.is_eventful && matches!(at, 2 | 8);
                if !is_elsewhere && row.get_ref(at)? != value_of(value) {
                    return Ok(false);
                }
            }
            if wanted.name != Some(self.mix.of([name])) {
                return Ok(false);
            }
            by_doc.add(self.mix.of_integers([wanted.doc.0 as i64, id]));
            by_name.add(self.mix.of([name, ValueRef::Integer(id)]));
            by_tail.add(self.mix.of([last, ValueRef::Integer(id)]));
        }
        Ok(rows.next()?.is_none()
            && self.has_entries(&BY_DOC, by_doc)?
            && self.has_entries(&BY_NAME, by_name)?
            && self.has_entries(&BY_TAIL, by_tail)?)
    }

    fn has_texts(&self, table: &str, by_text: &Ordered, wanted: &Texts) -> Result<bool, Error> {
        let rows = format!("SELECT {} FROM main.{table}", hash_of_row("text, id"));
        let mut query = self.db().prepare(&rows)?;
        let mut rows = query.query([])?;
        let mut found = Sum::default();
        while let Some(row) = rows.next()? {
            found.add(row.get::<_, i64>(0)? as u64);
        }
        Ok(found == wanted.sum && self.has_entries(by_text, wanted.sum)?)
    }

    fn has_chunks(&self) -> Result<bool, Error> {
        let mut query = self.db().prepare("SELECT id, key FROM chunk ORDER BY id")?;
        let mut rows = query.query([])?;
        let mut by_key = Sum::default();
        for (id, key) in (1..).zip(&self.chunks) {
            let key = key.0 as i64;
            if !has_next(&mut rows, &[id, key].map(ValueRef::Integer))? {
                return Ok(false);
            }
            by_key.add(self.mix.of_integers([key, id]));
        }
        Ok(rows.next()?.is_none() && self.has_entries(&CHUNK_BY_KEY, by_key)?)
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
        Ok(self.has_entries(&BY_DOCUMENT, self.by_document)?
            && self.has_entries(&BY_CONTENT, self.by_content)?)
    }

    /// That these are the entries, in order.
    fn has_entries(&self, ordered: &Ordered, wanted: Sum) -> Result<bool, Error> {
        Ok(self.hashing.entries(ordered)? == Some(wanted))
    }

    /// That places are those that packs list, the index of contents by key is right and only the same bytes share a key,
    /// each time read otherwise, every content has a place, and every place a content or a chunk.
    fn has_places_for_contents(&self) -> Result<bool, Error> {
        let Some((by_key, mut contents)) = self.hashing.numbered(&CONTENT_BY_KEY)? else {
            return Ok(false);
        };
        let Some((found, mut places)) = self.hashing.numbered(&PLACES)? else {
            return Ok(false);
        };
        if (found, by_key) != (self.places, self.by_key) {
            return Ok(false);
        }
        // Both rise.
        let several = contents.windows(2).filter(|both| both[0] == both[1]).map(|both| both[0]);
        if !self.are_read_otherwise(&several.collect()) {
            return Ok(false);
        }
        contents.dedup();
        places.dedup();
        let is_chunk = |key: &i64| self.are_chunks.contains(&Key(*key as u64));
        let mut unplaced = contents.iter().peekable();
        let belong = places.iter().all(|key| unplaced.next_if_eq(&key).is_some() || is_chunk(key));
        Ok(belong && unplaced.next().is_none())
    }

    /// Whether the contents of each of these keys are the same bytes in several interpretations.
    fn are_read_otherwise(&self, keys: &HashSet<i64>) -> bool {
        let of_keys = |it: &&(Digest, u32)| keys.contains(&(it.0.key().0 as i64));
        let (mut met, mut bytes) = (HashSet::new(), HashMap::new());
        keys.is_empty()
            || self
                .contents
                .iter()
                .filter(of_keys)
                .all(|it| met.insert(*it) && *bytes.entry(it.0.key()).or_insert(it.0) == it.0)
    }

    /// How many contents there are, however they are read.
    fn n_distinct(&self) -> usize {
        let mut keys: Vec<Key> = self.contents.iter().map(|(digest, _)| digest.key()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.len()
    }

    /// That pages are in order, and of smaller tables indexes too; `is_all`: also of those that only contents show.
    fn is_whole(&self, is_all: bool) -> Result<bool, Error> {
        let wanted = |table: &&Table| is_all || !table.needs.contains(&Need::Contents);
        for table in TABLES.iter().filter(wanted) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::agreement::mix::ENTRIES;

    #[test]
    fn every_index_is_read_itself_and_by_nothing_else() {
        let catalog = Catalog::in_memory().unwrap();
        let indexes = [
            BY_DOCUMENT,
            BY_CONTENT,
            CONTENT_BY_KEY,
            BY_DOC,
            BY_NAME,
            BY_TAIL,
            CHUNK_BY_KEY,
            PHRASES,
            SITES,
        ];
        let hashing = Hashing::new(&catalog.db, &Mix::new()).unwrap();
        for ordered in &indexes {
            assert_eq!(hashing.entries(ordered).unwrap(), Some(Sum::default()));
            let sql = format!("EXPLAIN QUERY PLAN {}", ordered.question(ENTRIES));
            let plan: String = catalog.db.query_row(&sql, [], |row| row.get("detail")).unwrap();
            let (table, index) = ordered.from.split_once(" INDEXED BY ").unwrap();
            assert_eq!(plan, format!("SCAN main.{table} USING COVERING INDEX {index}"));
        }
        // Every table that is not asked for whether its indexes fit its rows has all its indexes here.
        let tables = LARGE.join("', '");
        let sql = format!(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND tbl_name IN ('{tables}')
             AND name NOT LIKE 'sqlite_autoindex_place_1'"
        );
        let n: u32 = catalog.db.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(n as usize, indexes.len());
    }
}
