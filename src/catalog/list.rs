//! Going through many rows: documents, histories, contents; and sums over them.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params, types::Value};

use crate::journal::merkle::tiles::TileId;
use crate::store::place::Place;
use crate::types::{
    digest::{Digest, DocId, Key},
    document::{Document, OtherEvent, Revision},
    error::Error,
    name::DocName,
    pack_id::PackId,
};

use super::{
    Catalog, digest,
    find::{self, DOCUMENT, LATEST_FIRST, REVISION},
    pack_id,
};

/// A content that was not withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptContent {
    /// Its row in the catalog.
    pub row: i64,
    /// Its SHA-256.
    pub digest: Digest,
    /// Its length, as events state it.
    pub n_bytes: u64,
    /// One of the places where it lies; none where it lies nowhere.
    pub place: Option<Place>,
}

/// Sums over the whole archive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many documents.
    pub n_documents: u64,
    /// How many revisions that were not withdrawn.
    pub n_revisions: u64,
    /// Bytes of these, each counted.
    pub n_raw: u64,
    /// How many distinct contents.
    pub n_contents: u64,
    /// Bytes of the distinct contents.
    pub n_distinct: u64,
    /// How many packs.
    pub n_packs: u64,
    /// Bytes of the packs.
    pub n_packed: u64,
    /// How many frames.
    pub n_frames: u64,
    /// How many places blobs lie in.
    pub n_places: u64,
    /// How many contents have a sketch.
    pub n_sketches: u64,
}

/// How much of a pack is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackUsage {
    /// Which pack.
    pub pack: PackId,
    /// The bytes of the whole object.
    pub n_bytes: u64,
    /// The bytes of all frames, each once for every blob in it.
    pub n_weight: u64,
    /// The same for blobs that belong to a content and have no place in an earlier pack.
    pub n_live_weight: u64,
}

/// The first row of bytes that are kept.
const KEPT_BYTES: &str = "c.withdrawn = 0 AND NOT EXISTS (
    SELECT 1 FROM content o
    WHERE o.key = c.key AND o.id < c.id AND o.digest = c.digest AND o.withdrawn = 0)";

impl Catalog {
    /// Up to `limit` documents in order of name, from the one after `after`.
    pub fn documents_after(
        &self,
        after: Option<&Document>,
        limit: usize,
    ) -> Result<Vec<Document>, Error> {
        let from = match after {
            Some(document) => super::name_value(document.name.as_bytes()),
            // An empty text sorts before every name.
            None => rusqlite::types::Value::Text(String::new()),
        };
        let mut query = self
            .db
            .prepare_cached(&format!("{DOCUMENT} WHERE name > ?1 ORDER BY name LIMIT ?2"))?;
        let rows = query.query_map(params![from, limit as i64], find::document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Up to `limit` documents below a folder in order of name, from the one after `after`.
    pub fn documents_under(
        &self,
        folder: &DocName,
        after: Option<&Document>,
        limit: usize,
    ) -> Result<Vec<Document>, Error> {
        // The sign after / is 0.
        let (first, end) = ([folder.as_bytes(), b"/"].concat(), [folder.as_bytes(), b"0"].concat());
        // No name has a zero byte, so that nothing lies between a name and this.
        let next = after.map(|document| [document.name.as_bytes(), b"\0"].concat());
        let is_text = |name: &[u8]| std::str::from_utf8(name).is_ok();
        let mut query = self.db.prepare_cached(&format!(
            "{DOCUMENT} WHERE name >= ?1 AND name < ?2 ORDER BY name LIMIT ?3"
        ))?;
        let mut found: Vec<Document> = Vec::new();
        // Names that are UTF-8 come first; a name may be UTF-8 or not, whatever its folder is.
        for as_text in [true, false] {
            let from = match &next {
                Some(next) if is_text(next) == as_text => next,
                Some(_) if as_text => continue,
                _ => &first,
            };
            let value = match as_text {
                true => super::name_value,
                false => |name: &[u8]| Value::Blob(name.to_owned()),
            };
            if as_text && !is_text(folder.as_bytes()) {
                continue;
            }
            let n_wanted = (limit - found.len()) as i64;
            let rows =
                query.query_map(params![value(from), value(&end), n_wanted], find::document)?;
            for document in rows {
                found.push(document?);
            }
        }
        Ok(found)
    }

    /// All revisions of a document, latest first, as they were captured.
    pub fn revisions(&self, document: &Document) -> Result<Vec<Revision>, Error> {
        let mut query = self
            .db
            .prepare_cached(&format!("{REVISION} WHERE d.doc = ?1 ORDER BY {LATEST_FIRST}"))?;
        let rows = query.query_map([document.id.0 as i64], find::revision)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The revisions that have this content and are read as it is here, in the order they were recorded.
    pub fn revisions_with(&self, content: i64) -> Result<Vec<(Document, Revision)>, Error> {
        let mut query =
            self.db.prepare_cached(&format!("{REVISION} WHERE r.content = ?1 ORDER BY r.event"))?;
        let rows = query.query_map([content], find::revision_of_document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Documents whose latest revision has a content of more bytes that is kept, in the order of their recording.
    pub fn longer_than(&self, n_bytes: u64) -> Result<Vec<(Document, Revision)>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{REVISION} WHERE d.latest = r.event AND c.bytes > ?1 AND c.withdrawn = 0
             ORDER BY r.event"
        ))?;
        let n_bytes = n_bytes.min(i64::MAX as u64) as i64;
        let rows = query.query_map([n_bytes], find::revision_of_document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The first revision that had this content: any of them says as what it is read.
    pub fn first_with(&self, content: i64) -> Result<Option<Revision>, Error> {
        let sql = format!("{REVISION} WHERE r.content = ?1 ORDER BY r.event LIMIT 1");
        Ok(self.db.prepare_cached(&sql)?.query_row([content], find::revision).optional()?)
    }

    /// The last revision that had this content.
    pub fn last_with(&self, content: i64) -> Result<Option<Revision>, Error> {
        let sql = format!("{REVISION} WHERE r.content = ?1 ORDER BY r.event DESC LIMIT 1");
        Ok(self.db.prepare_cached(&sql)?.query_row([content], find::revision).optional()?)
    }

    /// The digest of the content in this row.
    pub fn digest_at(&self, content: i64) -> Result<Option<Digest>, Error> {
        let mut query = self.db.prepare_cached("SELECT digest FROM content WHERE id = ?1")?;
        let found = query.query_row([content], |row| Ok(digest(row.get_ref(0)?.as_blob()?)));
        Ok(found.optional()?)
    }

    /// Up to `limit` revisions recorded before the event `before`, latest first.
    pub fn revisions_before(
        &self,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(Document, Revision)>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{REVISION} WHERE r.event < ?1 ORDER BY r.event DESC LIMIT ?2"
        ))?;
        let before = before.min(i64::MAX as u64) as i64;
        let rows = query.query_map(params![before, limit as i64], find::revision_of_document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Up to `limit` other events before the event `before`, latest first.
    pub fn other_events_before(&self, before: u64, limit: usize) -> Result<Vec<OtherEvent>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT e.event, e.event_type, e.at, n.text, a.text, e.at_ns,
                    CASE e.event_type WHEN 'withdraw' THEN (
                      SELECT p.text FROM withdrawal w JOIN phrase p ON p.id = w.reason
                      WHERE w.withdrawn_by = e.event LIMIT 1) END
             FROM event e
             LEFT JOIN phrase n ON n.id = e.note LEFT JOIN phrase a ON a.id = e.author
             WHERE e.event < ?1 ORDER BY e.event DESC LIMIT ?2",
        )?;
        let before = before.min(i64::MAX as u64) as i64;
        let rows = query.query_map(params![before, limit as i64], |row| {
            Ok(OtherEvent {
                event: row.get::<_, i64>(0)? as u64,
                event_type: row.get(1)?,
                at: find::timestamp(row, 2, 5)?,
                note: row.get(3)?,
                author: row.get(4)?,
                reason: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The indices of all events of a type that records no revision, in order.
    pub fn events_of_type(&self, event_type: &str) -> Result<Vec<u64>, Error> {
        let words = "SELECT event FROM event WHERE event_type = ?1 ORDER BY event";
        let mut query = self.db.prepare_cached(words)?;
        let rows = query.query_map([event_type], |row| row.get::<_, i64>(0))?;
        rows.map(|event| Ok(event? as u64)).collect()
    }

    /// Whether two events were recorded by one commit: no closing event lies between them.
    pub fn are_of_one_commit(&self, events: [u64; 2]) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM event
               WHERE event BETWEEN min(?1, ?2) AND max(?1, ?2) AND event_type = 'commit')",
        )?;
        Ok(query.query_row(events.map(|event| event as i64), |row| row.get(0))?)
    }

    /// Every content that is kept, in each interpretation, in order of first appearance.
    pub fn kept_contents(&self) -> Result<Vec<KeptContent>, Error> {
        self.contents_where("c.withdrawn = 0")
    }

    /// Every content that is kept, once.
    pub fn kept_bytes(&self) -> Result<Vec<KeptContent>, Error> {
        self.contents_where(KEPT_BYTES)
    }

    fn contents_where(&self, condition: &str) -> Result<Vec<KeptContent>, Error> {
        let mut query = self.db.prepare(&format!(
            "SELECT c.id, c.digest, c.bytes, min(p.pack), k.name, p.offset, p.bytes, p.blob
             FROM content c LEFT JOIN place p ON p.key = c.key LEFT JOIN pack k ON k.key = p.pack
             WHERE {condition} GROUP BY c.id"
        ))?;
        let rows = query.query_map([], |row| {
            let place = match row.get_ref(4)?.as_blob_or_null()? {
                None => None,
                Some(name) => Some(Place {
                    pack: pack_id(name),
                    offset: row.get(5)?,
                    n_bytes: row.get(6)?,
                    index: row.get(7)?,
                }),
            };
            kept_content(row, place)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Those of them that lie nowhere.
    pub fn contents_nowhere(&self) -> Result<Vec<KeptContent>, Error> {
        let mut query = self.db.prepare(&format!(
            "SELECT id, digest, bytes FROM content c
             WHERE {KEPT_BYTES} AND NOT EXISTS (SELECT 1 FROM place p WHERE p.key = c.key)
             ORDER BY id"
        ))?;
        let rows = query.query_map([], |row| kept_content(row, None))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many contents there are with this key.
    pub fn n_contents_with(&self, key: Key) -> Result<u64, Error> {
        let sql = "SELECT count(DISTINCT digest) FROM content WHERE key = ?1";
        let mut query = self.db.prepare_cached(sql)?;
        Ok(query.query_row([key.0 as i64], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Contents of more than one revision, in order of first appearance, after the row `after`.
    pub fn next_shared_content(&self, after: i64) -> Result<Option<i64>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT content FROM revision WHERE content > ?1
             GROUP BY content HAVING count(DISTINCT document) > 1 ORDER BY content LIMIT 1",
        )?;
        Ok(query.query_row([after], |row| row.get(0)).optional()?)
    }

    /// All packs known here, with their sizes in bytes.
    pub fn packs(&self) -> Result<BTreeMap<PackId, u64>, Error> {
        let mut query = self.db.prepare_cached("SELECT name, bytes FROM pack")?;
        let rows = query.query_map([], |row| {
            Ok((pack_id(row.get_ref(0)?.as_blob()?), row.get::<_, i64>(1)? as u64))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How much of each pack is of use, in order of key.
    pub fn pack_usages(&self) -> Result<Vec<PackUsage>, Error> {
        // A blob of several places counts in one of them only.
        let mut query = self.db.prepare(
            "SELECT p.name, p.bytes, ifnull(sum(l.bytes), 0), ifnull(sum(l.bytes * (
               (EXISTS (SELECT 1 FROM content c WHERE c.key = l.key AND c.withdrawn = 0)
                OR EXISTS (SELECT 1 FROM chunk k WHERE k.key = l.key))
               AND NOT EXISTS (SELECT 1 FROM place o WHERE o.key = l.key
                               AND (o.pack, o.offset) < (l.pack, l.offset)))), 0)
             FROM pack p LEFT JOIN place l ON l.pack = p.key GROUP BY p.key ORDER BY p.key",
        )?;
        let rows = query.query_map([], |row| {
            let number = |column: usize| row.get::<_, i64>(column).map(|n| n as u64);
            let pack = pack_id(row.get_ref(0)?.as_blob()?);
            Ok(PackUsage {
                pack,
                n_bytes: number(1)?,
                n_weight: number(2)?,
                n_live_weight: number(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a blob with this key belongs to a content that is kept.
    pub fn is_live(&self, key: Key) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM content WHERE key = ?1 AND withdrawn = 0
             UNION ALL SELECT 1 FROM chunk WHERE key = ?1",
        )?;
        Ok(query.exists([key.0 as i64])?)
    }

    /// Some of the documents that have had a content with this key.
    pub fn documents_with(&self, key: Key, limit: usize) -> Result<Vec<DocId>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT DISTINCT d.doc FROM content c JOIN revision r ON r.content = c.id
             JOIN document d ON d.id = r.document
             WHERE c.key = ?1 ORDER BY r.document LIMIT ?2",
        )?;
        let id = |row: &Row| Ok(DocId(row.get::<_, i64>(0)? as u64));
        let rows = query.query_map([key.0 as i64, limit as i64], id)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Up to `limit` revisions of a document after the number `after`, in order.
    pub fn revisions_after(
        &self,
        document: DocId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Revision>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{REVISION} WHERE d.doc = ?1 AND r.number > ?2 ORDER BY r.number LIMIT ?3"
        ))?;
        let values = [document.0 as i64, after.min(i64::MAX as u64) as i64, limit as i64];
        let rows = query.query_map(values, find::revision)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The hashes of a tile of the journal's tree; none of one that is not there.
    pub fn tile(&self, id: TileId) -> Result<Vec<Digest>, Error> {
        let mut query =
            self.db.prepare_cached("SELECT hashes FROM tile WHERE level = ?1 AND n = ?2")?;
        let found = query.query_row(params![id.level, id.index as i64], |row| row.get(0));
        let bytes: Vec<u8> = found.optional()?.unwrap_or_default();
        Ok(bytes.chunks_exact(32).filter_map(Digest::from_slice).collect())
    }

    /// Sums over everything.
    pub fn totals(&self) -> Result<Totals, Error> {
        let two = |sql: &str| -> Result<(u64, u64), Error> {
            let row = self.db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
            Ok(row.map(|(a, b): (i64, i64)| (a as u64, b as u64))?)
        };
        let (n_documents, n_sketches) =
            two("SELECT (SELECT count(*) FROM document), (SELECT count(*) FROM sketch)")?;
        let (n_revisions, n_raw) = two(
            "SELECT count(*), ifnull(sum(c.bytes), 0)
             FROM revision r JOIN content c ON c.id = r.content
             WHERE NOT EXISTS (SELECT 1 FROM withdrawal w WHERE w.event = r.event AND w.part = 0)",
        )?;
        let (n_contents, n_distinct) = two(&format!(
            "SELECT count(*), ifnull(sum(bytes), 0) FROM content c WHERE {KEPT_BYTES}"
        ))?;
        let (n_packs, n_packed) = two("SELECT count(*), ifnull(sum(bytes), 0) FROM pack")?;
        let (n_frames, n_places) =
            two("SELECT ifnull(sum(frames), 0), (SELECT count(*) FROM place) FROM pack")?;
        Ok(Totals {
            n_documents,
            n_revisions,
            n_raw,
            n_contents,
            n_distinct,
            n_packs,
            n_packed,
            n_frames,
            n_places,
            n_sketches,
        })
    }
}

/// A content from its row, digest and length, and where it lies.
fn kept_content(row: &Row, place: Option<Place>) -> rusqlite::Result<KeptContent> {
    let digest = digest(row.get_ref(1)?.as_blob()?);
    let n_bytes = row.get::<_, i64>(2)? as u64;
    Ok(KeptContent { row: row.get(0)?, digest, n_bytes, place })
}
