//! Agreement: whether a catalog follows from the facts, without a second one made from them.
//!
//! The facts go by once, and each says which rows follow from it. These are compared with the rows that are
//! there: revisions, contents and other events in step, the rest at the end. Which document and which content an event
//! is about is taken from its row, and then has to be right. Indexes and places are read in
//! their own order, and compared by a sum over all entries of a hash with a key of this run, which nobody can know
//! who edits a catalog. So a few numbers for each document and content are all that is kept.
//!
//! The answer is yes or no. Where it is no, what differs is found and named by [`super::Drift`], which needs a
//! catalog made from the facts, and more than five times the work.

mod eventful;
mod expected;
mod mix;
mod rows;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Range,
};

use rusqlite::{Connection, types::ValueRef};

use crate::{
    journal::{
        event::{Detail, Event, Revise, ReviseDetail},
        merkle::tiles::TileId,
    },
    store::place::Place,
    text::Interpretation,
    types::{
        digest::{Digest, DocId, Key},
        error::Error,
        limits,
        pack_id::PackId,
        time::Timestamp,
    },
};

use super::{Batch, Catalog, Pack, Recorded, interpretation, sites::site_of};
use eventful::{Eventful, EventfulShare};
use mix::{Hashing, Mix, Sum};

/// Rows of `meta`.
const N_META: u64 = 4;

/// What follows from the facts so far, as far as rows to come depend on it.
pub struct Agreement<'a> {
    catalog: &'a Catalog,
    hashing: Hashing<'a>,
    mix: Mix,
    n_events: u64,
    n_revisions: u64,
    n_others: u64,
    /// In the order of their rows, like the documents, each with the number of its interpretation.
    contents: Vec<(Digest, u32)>,
    interpretations: HashMap<Interpretation, u32>,
    documents: Vec<ExpectedDocument>,
    /// The documents to which more happened than new revisions; none where there are none.
    eventful: Option<Box<Eventful>>,
    /// Contents that are stored in chunks.
    large: HashSet<Digest>,
    phrases: Texts,
    sites: Texts,
    chunks: Vec<Key>,
    are_chunks: HashSet<Key>,
    packs: BTreeMap<i64, (PackId, u64, u64)>,
    places: Sum,
    /// The tiles that may still grow.
    open_tiles: BTreeMap<(u8, u64), Vec<u8>>,
    n_tiles: u64,
    /// Entries of the two indexes of revisions, and of the one of contents.
    by_document: Sum,
    by_content: Sum,
    by_key: Sum,
}

/// What was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// Rows of all tables, but those that only contents show.
    pub n_rows: u64,
    /// Distinct contents.
    pub n_contents: u64,
}

/// A document as its row will be in the end.
struct ExpectedDocument {
    doc: DocId,
    /// The hash of the name that its first event states, or the last one that renames it; none where that states none.
    name: Option<u64>,
    /// The event that was recorded last.
    last: u64,
    latest: u64,
    captured: Timestamp,
    n_revisions: i64,
    site: Option<i64>,
    /// What else its row has is compared at the end.
    is_eventful: bool,
}

/// Texts that are numbered in order of first appearance.
#[derive(Default)]
struct Texts {
    rows: HashMap<u64, i64>,
    sum: Sum,
    /// Those that came up last, of which most come up again at once.
    recent: Vec<(String, i64)>,
}

/// So many are kept.
const RECENT_MAX: usize = 4;

impl Texts {
    fn row(&mut self, mix: &Mix, text: &str) -> i64 {
        if let Some((_, row)) = self.recent.iter().find(|(recent, _)| recent == text) {
            return *row;
        }
        let next = self.rows.len() as i64 + 1;
        let value = ValueRef::Text(text.as_bytes());
        let row = *self.rows.entry(mix.of([value])).or_insert(next);
        if row == next {
            self.sum.add(mix.of([value, ValueRef::Integer(row)]));
        }
        if self.recent.len() == RECENT_MAX {
            self.recent.remove(0);
        }
        self.recent.push((text.to_owned(), row));
        row
    }
}

impl Catalog {
    /// Begins to compare this catalog with facts, of which there are none yet; none where more happened to most
    /// documents than new revisions.
    pub fn agreement(&self) -> Result<Option<Agreement<'_>>, Error> {
        let eventful = match Eventful::of(self)? {
            EventfulShare::None => None,
            EventfulShare::Some(eventful) => Some(eventful),
            EventfulShare::Most => return Ok(None),
        };
        let mix = Mix::new();
        Ok(Some(Agreement {
            catalog: self,
            hashing: Hashing::new(&self.db, &mix)?,
            mix,
            n_events: 0,
            n_revisions: 0,
            n_others: 0,
            contents: Vec::new(),
            interpretations: HashMap::new(),
            documents: Vec::new(),
            eventful,
            large: HashSet::new(),
            phrases: Texts::default(),
            sites: Texts::default(),
            chunks: Vec::new(),
            are_chunks: HashSet::new(),
            packs: BTreeMap::new(),
            places: Sum::default(),
            open_tiles: BTreeMap::new(),
            n_tiles: 0,
            by_document: Sum::default(),
            by_content: Sum::default(),
            by_key: Sum::default(),
        }))
    }
}

impl Agreement<'_> {
    /// Goes on by events and tiles, in the order of the journal; whether the rows are those that follow, and each
    /// event of a document names the one before it. Nothing may have been withdrawn: what follows from that is not
    /// known here.
    pub fn take(&mut self, batch: &Batch) -> Result<bool, Error> {
        let events = self.n_events..self.n_events + batch.events.len() as u64;
        self.n_events = events.end;
        Ok(self.have_events(batch, &events)? && self.have_tiles(batch)?)
    }

    /// Goes on by a pack that counts, and all that lies in it.
    pub fn pack(&mut self, pack: &Pack) {
        let key = pack.pack.key().0 as i64;
        self.packs.insert(key, (pack.pack, pack.n_bytes, pack.n_frames));
        for (blob, place) in pack.places {
            let Place { offset, n_bytes, index, .. } = place;
            let entry = [blob.0 as i64, key, *offset as i64, i64::from(*index), *n_bytes as i64];
            self.places.add(self.mix.of_integers(entry));
        }
    }

    /// Whether a content that is stored in chunks has come up.
    pub fn has_large(&self, digest: &Digest) -> bool {
        self.large.contains(digest)
    }

    fn db(&self) -> &Connection {
        &self.catalog.db
    }
}
