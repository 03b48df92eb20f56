//! The one way in which rows change: a stretch of the journal and its packs are applied.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    journal::{
        event::{Detail, Event, Revise},
        merkle::tiles::Tile,
    },
    similarity::sketch::Sketch,
    store::{features::Features, place::Place},
    text::{Charset, Interpretation},
    types::{
        digest::{Digest, DocId, Key},
        error::Error,
        pack_id::PackId,
        time::Timestamp,
    },
};

use super::{
    Catalog, document_events, find,
    index::{
        blocks,
        features::index_features,
        postings::{sketch_in, sketch_of},
        tiers::Index,
    },
    interpreted::{self, InterpretedContent},
    name_of, name_value,
    rows::{is_taken, n_tail, phrase},
    sites::Sampling,
    withdrawals,
};

/// So many hashes of sketches made again are posted together: a pass over the index, and 32 MB.
const POSTED_TOGETHER: usize = 1 << 22;

/// An event and its index in the journal; no detail when that was taken away.
pub struct Recorded<'a> {
    /// Counted from 0.
    pub index: u64,
    /// As it was read, or as it is about to be written.
    pub event: &'a Event,
    /// None gives the document its id as a name, and the revision no source and no note.
    pub detail: Option<&'a Detail>,
}

/// A pack and what lies in it.
pub struct Pack<'a> {
    /// Which pack.
    pub pack: PackId,
    /// The bytes of the whole object, directory and footer included.
    pub n_bytes: u64,
    /// How many frames are known of it.
    pub n_frames: u64,
    /// Every known blob of it by key, and where it lies.
    pub places: &'a [(Key, Place)],
}

/// A stretch of facts, in the order of the journal.
#[derive(Clone, Copy, Default)]
pub struct Batch<'a> {
    /// In the order of the journal; those before them are applied.
    pub events: &'a [Recorded<'a>],
    /// Packs that were not known before.
    pub packs: &'a [Pack<'a>],
    /// Sketches, as stored, of contents that appear here for the first time, or are read as here for the first time.
    pub sketches: Option<&'a HashMap<InterpretedContent, Vec<u8>>>,
    /// Features of contents and chunks that appear here for the first time; one without is found by nobody.
    pub features: Option<&'a HashMap<Key, Features>>,
    /// The chunks, in order, of large contents that appear here for the first time.
    pub chunks: Option<&'a HashMap<Digest, Vec<Key>>>,
    /// Hash tiles that the events changed.
    pub tiles: &'a [Tile],
    /// The signed checkpoint that covers exactly the events up to here; `None` in the middle of
    /// making the catalog anew.
    pub checkpoint: Option<&'a str>,
}

impl Catalog {
    /// Applies a stretch of facts, all of it or nothing.
    pub fn apply(&self, batch: &Batch) -> Result<(), Error> {
        self.transaction(|transaction| {
            for pack in batch.packs {
                insert_pack(transaction, pack)?;
            }
            let mut indexing = Indexing::default();
            for recorded in batch.events {
                apply_event(transaction, recorded, batch, &mut indexing)?;
            }
            Index::posting(transaction).change(&[], &rising(indexing.unposted))?;
            post(transaction, indexing.touched.iter().copied())?;
            indexing.sampling.write(transaction)?;
            let base_candidates = rising(indexing.base_candidates);
            self.feature_filter.insert(&Index::feature(transaction), &base_candidates)?;
            for tile in batch.tiles {
                insert_tile(transaction, tile)?;
            }
            count_revisions(transaction, batch.events)?;
            if let Some(checkpoint) = batch.checkpoint {
                let replace = "INSERT OR REPLACE INTO meta VALUES ('checkpoint', ?1)";
                transaction.execute(replace, [checkpoint])?;
            }
            Ok(())
        })
    }

    /// Has both indexes in one tier each, as they are asked fastest and are smallest.
    pub fn merge_indexes(&self) -> Result<(), Error> {
        self.transaction(|transaction| {
            Index::posting(transaction).merge()?;
            Index::feature(transaction).merge()
        })
    }

    /// Makes all sketches again, and what follows from them: `make` hands over each content that is
    /// text with its sketch.
    pub fn renew_sketches(
        &self,
        make: impl FnOnce(&mut dyn FnMut(i64, &[u8]) -> Result<(), Error>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.transaction(|transaction| {
            for table in ["sketch", "posting", "sampled", "boilerplate"] {
                transaction.execute(&format!("DELETE FROM {table}"), [])?;
            }
            let mut came = Vec::new();
            make(&mut |content, data| {
                let is_latest = is_latest(transaction, content)?;
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO sketch VALUES (?1, ?2, ?3)")?
                    .execute(params![content, is_latest, data])?;
                if is_latest {
                    came.extend(postings(content, &sketch_of(data)?)?);
                }
                if came.len() >= POSTED_TOGETHER {
                    let came = std::mem::take(&mut came);
                    Index::posting(transaction).change(&rising(came), &[])?;
                }
                Ok(())
            })?;
            let posting = Index::posting(transaction);
            posting.change(&rising(came), &[])?;
            posting.merge()?;
            sample_all(transaction)?;
            let replace = "INSERT OR REPLACE INTO meta VALUES ('sketches', ?1)";
            transaction.execute(replace, [super::sketches_version()])?;
            Ok(())
        })
    }
}

/// What the events of a batch mean for the two indexes.
#[derive(Default)]
struct Indexing {
    /// Contents made or unmade the latest of a document.
    touched: BTreeSet<i64>,
    /// What sketches that were replaced had in the index.
    unposted: Vec<u64>,
    /// What the index of base candidates gets.
    base_candidates: Vec<u64>,
    /// Which new documents show what their sites have in common.
    sampling: Sampling,
}

fn insert_pack(transaction: &Connection, pack: &Pack) -> Result<(), Error> {
    let key = pack.pack.key().0 as i64;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO pack VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![key, pack.pack.to_bytes(), pack.n_bytes as i64, pack.n_frames as i64])?;
    let mut insert =
        transaction.prepare_cached("INSERT OR REPLACE INTO place VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut sorted: Vec<&(Key, Place)> = pack.places.iter().collect();
    sorted.sort_unstable_by_key(|(blob, place)| (blob.0 as i64, *place));
    for (blob, place) in sorted {
        insert.execute(params![blob.0 as i64, key, place.offset, place.n_bytes, place.index])?;
    }
    Ok(())
}

fn delete_packs(transaction: &Connection, packs: &[PackId]) -> Result<(), Error> {
    let mut delete = transaction.prepare_cached("DELETE FROM pack WHERE key = ?1")?;
    for pack in packs {
        delete.execute([pack.key().0 as i64])?;
    }
    transaction.execute("DELETE FROM place WHERE pack NOT IN (SELECT key FROM pack)", [])?;
    Ok(())
}

/// States how many revisions there are, so that it shows when some are taken out.
fn count_revisions(transaction: &Connection, events: &[Recorded]) -> Result<(), Error> {
    let is_revision = |recorded: &&Recorded| matches!(recorded.event, Event::Revise(_));
    let n_revisions = events.iter().filter(is_revision).count();
    transaction
        .prepare_cached(
            "INSERT INTO meta VALUES ('revisions', ?1)
             ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        )?
        .execute([n_revisions as i64])?;
    Ok(())
}

/// Applies one event, but for the indexes.
fn apply_event(
    transaction: &Connection,
    recorded: &Recorded,
    batch: &Batch,
    indexing: &mut Indexing,
) -> Result<(), Error> {
    let revise = match recorded.event {
        Event::Revise(revise) => revise,
        // What it says is in the table of packs.
        Event::Packs(_) => return Ok(()),
        Event::Condemn(condemn) => {
            delete_packs(transaction, &condemn.packs)?;
            return insert_other_event(transaction, recorded);
        }
        Event::Document(event) => {
            let touched =
                document_events::apply(transaction, recorded.index, event, recorded.detail)?;
            indexing.touched.extend(touched);
            return Ok(());
        }
        Event::Withdraw(withdraw) => {
            let reason = phrase(transaction, Some(withdraw.reason.as_str()))?;
            withdrawals::insert(transaction, recorded.index, withdraw, reason)?;
            return insert_other_event(transaction, recorded);
        }
        _ => return insert_other_event(transaction, recorded),
    };
    let interpreted = (revise.sha256, interpretation(recorded.detail, revise));
    let ContentRow { content, novelty, bytes_of } = content(transaction, revise, &interpreted)?;
    let sketch = batch.sketches.and_then(|all| all.get(&interpreted));
    match (novelty, sketch) {
        (Novelty::New, Some(sketch)) => {
            transaction
                .prepare_cached("INSERT INTO sketch VALUES (?1, 0, ?2)")?
                .execute(params![content, sketch])?;
        }
        (Novelty::Again, Some(sketch)) => replace_sketch(transaction, content, sketch, indexing)?,
        _ => {}
    }
    if let Some(first) = bytes_of {
        let of = (first, &revise.sha256);
        index_features(transaction, batch, of, &mut indexing.base_candidates)?;
    }
    indexing.touched.insert(content);
    let (document, number, was_gone) =
        revise_document(transaction, recorded, (revise, content), indexing)?;
    insert_revision(transaction, recorded, revise, [document, number, content])?;
    if was_gone { document_events::settle_gone(transaction, document) } else { Ok(()) }
}

/// The row of an event's content.
struct ContentRow {
    content: i64,
    novelty: Novelty,
    /// The row that stands for the bytes, if these come with the event.
    bytes_of: Option<i64>,
}

/// Whether a content was there, read as here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Novelty {
    Known,
    New,
    /// It was withdrawn, and is recorded again.
    Again,
}

/// The row of the event's content, which is made if need be.
fn content(
    transaction: &Connection,
    revise: &Revise,
    (digest, read_as): &InterpretedContent,
) -> Result<ContentRow, Error> {
    let known = interpreted::rows(transaction, digest)?;
    let is_kept = known.iter().any(|row| !row.is_withdrawn);
    let (content, novelty) = match known.iter().find(|row| row.interpretation == *read_as) {
        Some(row) if !row.is_withdrawn => (row.id, Novelty::Known),
        Some(row) => {
            transaction
                .prepare_cached("UPDATE content SET withdrawn = 0 WHERE id = ?1")?
                .execute([row.id])?;
            (row.id, Novelty::Again)
        }
        None => (insert_content(transaction, revise)?, Novelty::New),
    };
    let first = known.first().map_or(content, |row| row.id);
    Ok(ContentRow { content, novelty, bytes_of: (!is_kept).then_some(first) })
}

fn insert_content(transaction: &Connection, revise: &Revise) -> Result<i64, Error> {
    let digest = &revise.sha256;
    transaction
        .prepare_cached(
            "INSERT INTO content (key, digest, bytes, withdrawn) VALUES (?1, ?2, ?3, 0)",
        )?
        .execute(params![digest.key().0 as i64, digest.as_bytes(), revise.size as i64])?;
    Ok(transaction.last_insert_rowid())
}

/// Moves the event's document on to this revision, making it if need be; its row, the number, and whether it was
/// gone.
fn revise_document(
    transaction: &Connection,
    recorded: &Recorded,
    (revise, content): (&Revise, i64),
    indexing: &mut Indexing,
) -> Result<(i64, i64, bool), Error> {
    let doc = revise.doc.0 as i64;
    if let Some(known) = known_document(transaction, doc)? {
        // What was captured earlier and is recorded later does not become the latest.
        let is_latest = captured(recorded, revise) >= known.captured;
        let latest = if is_latest { recorded.index as i64 } else { known.latest };
        indexing.touched.extend(is_latest.then_some(known.content));
        transaction
            .prepare_cached(
                "UPDATE document SET latest = ?2, revisions = ?3, last = ?4 WHERE id = ?1",
            )?
            .execute(params![known.row, latest, known.n_revisions + 1, recorded.index as i64])?;
        return Ok((known.row, known.n_revisions + 1, known.is_gone));
    }
    let name = free_name(transaction, recorded, revise.doc)?;
    let site = site(transaction, recorded.detail, (content, &name), &mut indexing.sampling)?;
    transaction
        .prepare_cached(
            "INSERT INTO document (doc, name, tail, latest, revisions, last, site)
             VALUES (?1, ?2, ?3, ?4, 1, ?4, ?5)",
        )?
        .execute(params![doc, name_value(&name), n_tail(&name), recorded.index as i64, site])?;
    Ok((transaction.last_insert_rowid(), 1, false))
}

/// A document before one more revision, and its latest.
struct KnownDocument {
    row: i64,
    is_gone: bool,
    n_revisions: i64,
    latest: i64,
    captured: Timestamp,
    content: i64,
}

fn known_document(transaction: &Connection, doc: i64) -> Result<Option<KnownDocument>, Error> {
    let mut query = transaction.prepare_cached(
        "SELECT d.id, d.revisions, d.latest, ifnull(r.captured, r.at), r.content,
                ifnull(r.captured_ns, r.at_ns), d.gone IS NOT NULL
         FROM document d JOIN revision r ON r.event = d.latest WHERE d.doc = ?1",
    )?;
    let known = query.query_row([doc], |row| {
        Ok(KnownDocument {
            row: row.get(0)?,
            n_revisions: row.get(1)?,
            latest: row.get(2)?,
            captured: find::timestamp(row, 3, 5)?,
            content: row.get(4)?,
            is_gone: row.get(6)?,
        })
    });
    Ok(known.optional()?)
}

/// When a revision was captured: as stated, else when it was added.
fn captured(recorded: &Recorded, revise: &Revise) -> Timestamp {
    let stated = match recorded.detail {
        Some(Detail::Revise(detail)) => detail.captured,
        _ => None,
    };
    stated.unwrap_or(revise.at)
}

/// The site of a new document, which may become part of its sample, and of the archive's.
fn site(
    transaction: &Connection,
    detail: Option<&Detail>,
    (content, name): (i64, &[u8]),
    sampling: &mut Sampling,
) -> Result<Option<i64>, Error> {
    let site = match detail {
        Some(Detail::Revise(detail)) => {
            sampling.site(transaction, detail.source.as_deref(), &detail.name)?
        }
        _ => None,
    };
    sampling.take_new(transaction, (site, content), name)?;
    Ok(site)
}

/// Samples the documents of all sites and of the archive again.
fn sample_all(transaction: &Connection) -> Result<(), Error> {
    let mut sampling = Sampling::default();
    let mut query = transaction.prepare(
        "SELECT d.site, r.content, ifnull(
           (SELECT before FROM document_event
            WHERE document = d.id AND change = 'rename' ORDER BY event LIMIT 1), d.name)
         FROM document d
         JOIN revision r ON r.document = d.id AND r.number = 1 ORDER BY d.id",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let name = name_of(row.get(2)?)?;
        sampling.take_new(transaction, (row.get(0)?, row.get(1)?), name.as_bytes())?;
    }
    sampling.write(transaction)
}

/// The name in the detail; the document's id where that is gone or taken.
fn free_name(transaction: &Connection, recorded: &Recorded, doc: DocId) -> Result<Vec<u8>, Error> {
    let placeholder = doc.to_string().into_bytes();
    let Some(name) = name(recorded.detail) else {
        return Ok(placeholder);
    };
    Ok(if is_taken(transaction, name)? { placeholder } else { name.to_vec() })
}

fn name(detail: Option<&Detail>) -> Option<&[u8]> {
    match detail {
        Some(Detail::Revise(detail)) => Some(detail.name.as_bytes()),
        _ => None,
    }
}

/// The encoding that whoever added a revision named.
fn encoding(detail: Option<&Detail>) -> Option<&str> {
    match detail {
        Some(Detail::Revise(detail)) => detail.encoding.as_deref(),
        _ => None,
    }
}

/// As what an event has its content read.
pub fn interpretation(detail: Option<&Detail>, revise: &Revise) -> Interpretation {
    Interpretation::of(revise.media.as_str(), encoding(detail).and_then(Charset::for_label))
}

/// Sketches a content anew that was withdrawn.
fn replace_sketch(
    transaction: &Connection,
    content: i64,
    sketch: &[u8],
    indexing: &mut Indexing,
) -> Result<(), Error> {
    let known: Option<(bool, Vec<u8>)> = transaction
        .prepare_cached("SELECT posted, data FROM sketch WHERE content = ?1")?
        .query_row([content], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match known {
        Some((_, data)) if data == sketch => return Ok(()),
        Some((true, data)) => {
            indexing.unposted.extend(postings(content, &sketch_of(&data)?)?);
        }
        _ => {}
    }
    transaction
        .prepare_cached("INSERT OR REPLACE INTO sketch VALUES (?1, 0, ?2)")?
        .execute(params![content, sketch])?;
    let mut query = transaction.prepare_cached(
        "SELECT d.site, ifnull(
           (SELECT before FROM document_event
            WHERE document = d.id AND change = 'rename' ORDER BY event LIMIT 1), d.name), d.id
         FROM revision r JOIN document d ON d.id = r.document
         WHERE r.content = ?1 AND r.number = 1 ORDER BY d.id",
    )?;
    let mut rows = query.query([content])?;
    while let Some(row) = rows.next()? {
        let name = name_of(row.get(1)?)?;
        let site = row.get(0)?;
        indexing.sampling.take_again(transaction, row.get(2)?, (site, content), name.as_bytes())?;
    }
    Ok(())
}

fn insert_revision(
    transaction: &Connection,
    recorded: &Recorded,
    revise: &Revise,
    [document, number, content]: [i64; 3],
) -> Result<(), Error> {
    let detail = match recorded.detail {
        Some(Detail::Revise(detail)) => Some(detail),
        _ => None,
    };
    let (at, at_ns) = revise.at.to_unix();
    let captured = detail.and_then(|detail| detail.captured).filter(|time| *time != revise.at);
    let (captured, captured_ns) = captured.map(Timestamp::to_unix).unzip();
    let (mtime, mtime_ns) = detail.and_then(|detail| detail.mtime).map(Timestamp::to_unix).unzip();
    let media_type = phrase(transaction, Some(revise.media.as_str()))?;
    let source = phrase(transaction, detail.and_then(|detail| detail.source.as_deref()))?;
    let note = phrase(transaction, detail.and_then(|detail| detail.note.as_deref()))?;
    let author = phrase(transaction, detail.and_then(|detail| detail.by.as_deref()))?;
    let encoding = phrase(transaction, encoding(recorded.detail))?;
    transaction
        .prepare_cached(
            "INSERT INTO revision
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            recorded.index as i64,
            document,
            number,
            content,
            media_type,
            at,
            at_ns,
            captured,
            captured_ns,
            mtime,
            mtime_ns,
            source,
            note,
            author,
            encoding,
        ])?;
    Ok(())
}

fn insert_other_event(transaction: &Connection, recorded: &Recorded) -> Result<(), Error> {
    let detail = match recorded.detail {
        Some(Detail::Act(detail)) => Some(detail),
        Some(Detail::Anchor(detail)) => Some(&detail.act),
        _ => None,
    };
    let note = phrase(transaction, detail.and_then(|detail| detail.note.as_deref()))?;
    let author = phrase(transaction, detail.and_then(|detail| detail.by.as_deref()))?;
    let (at, at_ns) = recorded.event.at().to_unix();
    let (event, event_type) = (recorded.index as i64, recorded.event.event_type());
    transaction
        .prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![event, event_type, at, at_ns, note, author])?;
    Ok(())
}

/// Posts what became the latest content of a document, and takes back what no longer is one.
fn post(transaction: &Connection, touched: impl Iterator<Item = i64>) -> Result<(), Error> {
    let (mut came, mut went) = (Vec::new(), Vec::new());
    let mut query = transaction.prepare_cached(
        "SELECT posted, data, EXISTS (
           SELECT 1 FROM revision r JOIN document d ON d.id = r.document AND d.latest = r.event
           WHERE r.content = ?1)
         FROM sketch WHERE content = ?1",
    )?;
    let mut update =
        transaction.prepare_cached("UPDATE sketch SET posted = ?2 WHERE content = ?1")?;
    for content in touched {
        let mut rows = query.query([content])?;
        let Some(row) = rows.next()? else { continue };
        let (is_posted, is_latest): (bool, bool) = (row.get(0)?, row.get(2)?);
        if is_posted == is_latest {
            continue;
        }
        let postings = postings(content, &sketch_in(row, 1)?)?;
        if is_latest {
            came.extend(postings)
        } else {
            went.extend(postings)
        }
        update.execute(params![content, is_latest])?;
    }
    Index::posting(transaction).change(&rising(came), &rising(went))
}

/// What the index has of a content with this sketch.
fn postings(content: i64, sketch: &Sketch) -> Result<Vec<u64>, Error> {
    let value = blocks::value(content)?;
    Ok(sketch.index_hashes().iter().map(|hash| blocks::entry(*hash, value)).collect())
}

/// Whether a content is the latest of a document.
fn is_latest(transaction: &Connection, content: i64) -> Result<bool, Error> {
    let mut query = transaction.prepare_cached(
        "SELECT 1 FROM revision r JOIN document d ON d.id = r.document AND d.latest = r.event
         WHERE r.content = ?1",
    )?;
    Ok(query.exists([content])?)
}

/// Sorted, and without repetitions.
fn rising(mut numbers: Vec<u64>) -> Vec<u64> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn insert_tile(transaction: &Connection, tile: &Tile) -> Result<(), Error> {
    let hashes: Vec<u8> = tile.hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
    transaction
        .prepare_cached("INSERT OR REPLACE INTO tile VALUES (?1, ?2, ?3)")?
        .execute(params![tile.id.level, tile.id.index as i64, hashes])?;
    Ok(())
}
