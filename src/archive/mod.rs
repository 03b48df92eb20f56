//! The operations: in which order things happen.
//!
//! An [`Archive`] is an open archive: its journal, checked against its signature, and a catalog
//! that reflects that journal. Opening repairs what can be repaired from the facts, without being
//! asked. Clock, key, randomness and paths come from outside, so that everything repeats to the byte.

pub mod attached;
pub mod blame;
pub mod changes;
mod commit;
pub mod compare;
mod contents;
pub mod corrections;
pub mod export;
pub mod filter;
pub mod find;
pub mod gaps;
pub mod ingest;
pub mod inspect;
mod log_tree;
mod lost_packs;
pub mod maintain;
mod open;
pub mod operand;
mod outside;
pub mod pattern;
pub mod phrase;
pub mod presence;
pub mod revision_text;
pub mod search;
mod shared_bytes;
pub mod similar;
mod watch;

use std::{cell::Cell, rc::Rc, time::Duration};

use crate::{
    catalog::{Catalog, Snapshot},
    journal::{
        Closing, Journal, SaltSeed,
        event::{ActDetail, Event, Salt, Withdraw},
        merkle::TreeHead,
    },
    store::{Reader, Sealed},
    types::{digest::Hasher, document::LogEntry, error::Error, time::Timestamp},
};

use open::Home;

pub use crate::{
    backend::local::{Local, Unsuited, unsuited},
    catalog::{FILE as CATALOG_FILE, PageCache},
    journal::note::Signer,
    text::{can_be_hooked, extract},
};
pub use inspect::{
    history::HistoryCheck,
    storage::{DeltaChain, DeltaLink, StoredAs},
};
pub use open::{existing_page_cache, origin_of, page_cache};
use similar::sites::SampleCache;
use watch::CatalogWatch;

/// An open archive.
pub struct Archive {
    home: Home,
    journal: Journal,
    catalog: Rc<Catalog>,
    reader: Reader<Sealed>,
    /// What everything is read from; none for whoever writes.
    snapshot: Cell<Option<Snapshot<Rc<Catalog>>>>,
    samples: SampleCache,
    on_commit: Option<CommitHook>,
    /// Goes last: what it remembers is there when the catalog is closed.
    watch: CatalogWatch,
}

/// What is called after each commit.
type CommitHook = Rc<dyn Fn(&Archive)>;

/// When something is done, by whom, with what program, and the randomness for it.
#[derive(Debug, Clone)]
pub struct WriteContext {
    /// The time by the clock of whoever does it.
    pub now: Timestamp,
    /// The same in nanoseconds since 1970: no document is read before.
    pub began: i64,
    /// Fresh random bytes; document ids and salts are drawn from them.
    pub seed: [u8; 32],
    /// Who does it, by their own account.
    pub by: Option<String>,
    /// The program and its version.
    pub tool: String,
}

/// What an event withdrew, by the indexes of the events that it was taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrew {
    /// Of revisions whose contents went.
    pub contents: Vec<u64>,
    /// Of events about which the words went.
    pub words: Vec<u64>,
}

impl WriteContext {
    /// Now, by a clock that counts from 1970, with fresh random bytes; nobody is named.
    pub fn new(since_1970: Duration, seed: [u8; 32], tool: &str) -> Self {
        let began = i64::try_from(since_1970.as_nanos()).unwrap_or(i64::MAX);
        let seconds = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
        let now = Timestamp::from_unix(seconds, 0);
        Self { now, began, seed, by: None, tool: tool.to_owned() }
    }
}

impl WriteContext {
    /// Randomness for one of several purposes.
    fn seed_for(&self, n: u64) -> [u8; 32] {
        let mut hasher = Hasher::default();
        hasher.update(&self.seed);
        hasher.update(b"attempt");
        hasher.update(&n.to_be_bytes());
        *hasher.finish().as_bytes()
    }

    /// What the salts of a commit follow from.
    fn salts(&self, n: u64) -> SaltSeed {
        let mut seed = [0; 16];
        seed.copy_from_slice(&self.seed_for(n)[..16]);
        SaltSeed::new(seed)
    }

    /// What closes a commit of so many other events.
    fn closing(&self, n: u64, n_events: usize) -> Closing {
        let mut id = [0; 8];
        id.copy_from_slice(&self.seed_for(n)[24..]);
        let salts = self.salts(n);
        let detail = self.act_detail(salts.salt(n_events as u64), None);
        Closing { at: self.now, id, salts, detail }
    }

    /// The detail of an act.
    fn act_detail(&self, salt: Salt, note: Option<&str>) -> ActDetail {
        let note = note.map(str::to_owned);
        ActDetail { salt, by: self.by.clone(), note, tool: self.tool.clone() }
    }
}

impl Archive {
    /// Calls this after each commit that is in, before anything else is done on its word.
    pub fn on_commit(&mut self, hook: impl Fn(&Self) + 'static) {
        self.on_commit = Some(Rc::new(hook));
    }

    /// The archive's name in its log.
    pub fn origin(&self) -> &str {
        self.journal.identity().origin()
    }

    /// The public key that signs for the archive, as a vkey line.
    pub fn vkey(&self) -> String {
        self.journal.identity().verifier().to_string()
    }

    /// The key that signed the checkpoint, as a vkey line: another one after a commit that states a new one.
    pub fn checkpoint_vkey(&self) -> String {
        self.journal.identity().verifier_for(self.journal.size()).to_string()
    }

    /// The id of the key that signs: eight hex digits.
    pub fn key_id(&self) -> String {
        self.journal.identity().verifier().id().to_string()
    }

    /// The signed checkpoint that this reading is based on.
    pub fn checkpoint(&self) -> &[u8] {
        self.journal.note()
    }

    /// How many events the journal holds.
    pub fn n_events(&self) -> u64 {
        self.journal.size()
    }

    /// Size and root of the journal's tree.
    pub fn tree_head(&self) -> TreeHead {
        self.journal.head()
    }

    /// The catalog, for questions that need no facts.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// What a `withdraw` event took; none where the event is no such one.
    pub fn withdrew(&self, event: u64) -> Result<Option<Withdrew>, Error> {
        let entry = self.journal.entries(event..event + 1).next().transpose()?;
        Ok(match entry.map(|entry| entry.event) {
            Some(Event::Withdraw(Withdraw { contents, details, .. })) => {
                Some(Withdrew { contents, words: details })
            }
            _ => None,
        })
    }

    /// Up to `limit` events before the event `before`, latest first.
    pub fn log_entries(&self, before: u64, limit: usize) -> Result<Vec<LogEntry>, Error> {
        let mut all: Vec<(u64, LogEntry)> = Vec::new();
        for recorded in self.catalog.revisions_before(before, limit)? {
            all.push((recorded.1.event, LogEntry::Revision(Box::new(recorded))));
        }
        for entry in self.catalog.document_entries_before(before, limit)? {
            all.push((entry.1.event, LogEntry::Document(Box::new(entry))));
        }
        for other in self.catalog.other_events_before(before, limit)? {
            all.push((other.event, LogEntry::Other(other)));
        }
        all.sort_by_key(|(event, _)| std::cmp::Reverse(*event));
        Ok(all.into_iter().map(|(_, entry)| entry).take(limit).collect())
    }
}
