//! What the catalog's two indexes cost, in bytes and in time, on made-up contents.
//!
//! `cargo bench --bench index` for 100,000 contents; `INDEX_CONTENTS=1000000` for more.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeSet, HashMap},
    hint::black_box,
    ops::Range,
    path::PathBuf,
    time::{Duration, Instant},
};

use docarchive::internals::{
    catalog::{Batch, Catalog, InterpretedContent, NeighbourQuery, Recorded},
    journal::event::{Event, MediaType, Revise},
    similarity::sketch::{SKETCH_VERSION, Sketch},
    store::{candidates::BaseCandidates as _, features::N_FEATURES},
    text::Interpretation,
    types::{
        digest::{Digest, DocId, Key},
        time::Timestamp,
    },
};

/// What one commit brings at most.
const BATCH: u64 = 8192;
const N_TRIES: u64 = 2000;

fn main() {
    let n: u64 = std::env::var("INDEX_CONTENTS").map_or(100_000, |n| n.parse().unwrap());
    println!("{n} contents");
    Made::new("no index", n).fill();
    let mut base_candidates = Made::new("feature", n);
    base_candidates.features = true;
    base_candidates.fill();
    base_candidates.weigh();
    base_candidates.ask_base_candidates();
    drop(base_candidates);
    let mut posting = Made::new("posting", n);
    posting.sketches = true;
    posting.fill();
    posting.weigh();
    posting.ask_neighbours();
}

/// A catalog in a file, of contents of which every eighth is of one family.
struct Made {
    what: &'static str,
    n: u64,
    features: bool,
    sketches: bool,
    catalog: Catalog,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Made {
    fn new(what: &'static str, n: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.sqlite");
        let catalog = Catalog::open(&path).unwrap();
        Self { what, n, features: false, sketches: false, catalog, path, _folder: folder }
    }

    /// Fills it, and prints how long that took, and then how long further ones take.
    fn fill(&self) {
        let n = self.n;
        let batches = (0..n).step_by(BATCH as usize).map(|from| from..n.min(from + BATCH));
        self.print("all of them, 8,192 at a time", batches.map(|batch| self.apply(batch)).sum());
        let more = (0..5).map(|index| self.apply(n + index * BATCH..n + (index + 1) * BATCH));
        self.print("8,192 more", median(more.collect()));
        let from = n + 5 * BATCH;
        let one = (from..from + 200).map(|one| self.apply(one..one + 1));
        self.print("one more", median(one.collect()));
    }

    /// Applies new contents; what they are is made up before the clock starts.
    fn apply(&self, range: Range<u64>) -> Duration {
        let events: Vec<Event> = range.clone().map(event).collect();
        let recorded: Vec<Recorded> = range
            .clone()
            .zip(&events)
            .map(|(index, event)| Recorded { index, event, detail: None })
            .collect();
        let read_as = Interpretation::of("text/plain", None);
        let sketches: HashMap<InterpretedContent, Vec<u8>> = match self.sketches {
            true => range.clone().map(|n| ((digest(n), read_as.clone()), self.sketch(n))).collect(),
            false => HashMap::new(),
        };
        let features: HashMap<Key, [u32; N_FEATURES]> = match self.features {
            true => range.map(|n| (digest(n).key(), self.features(n))).collect(),
            false => HashMap::new(),
        };
        let start = Instant::now();
        let batch = Batch {
            events: &recorded,
            sketches: Some(&sketches),
            features: Some(&features),
            ..Batch::default()
        };
        self.catalog.apply(&batch).unwrap();
        start.elapsed()
    }

    /// Two of three features are the family's.
    fn features(&self, n: u64) -> [u32; N_FEATURES] {
        let family = mixed(n, 1) % (self.n / 8).max(1);
        std::array::from_fn(|index| match mixed(n, 100 + index as u64) % 3 {
            0 => mixed(n, 200 + index as u64) as u32,
            _ => mixed(family, 300 + index as u64) as u32,
        })
    }

    /// The sketch of a text of 70 to 1,100 shingles; every fourth text shares some with its family.
    fn sketch(&self, n: u64) -> Vec<u8> {
        let family = mixed(n, 1) % (self.n / 8).max(1);
        let whole = if n.is_multiple_of(4) { family } else { n };
        let n_shingles = 70 + mixed(whole, 2) % 1000;
        // The 64 smallest of so many.
        let limit = (64 << 32) / n_shingles;
        let mut hashes = BTreeSet::new();
        for index in 1000.. {
            let owner = if mixed(n, index).is_multiple_of(3) { n } else { whole };
            hashes.insert((2 + mixed(owner, index + 1000) % (limit - 2)) as u32);
            if hashes.len() == 64 {
                break;
            }
        }
        let mut bytes = vec![SKETCH_VERSION as u8, 64, 0];
        bytes.extend((n_shingles as u32).to_le_bytes());
        bytes.extend(hashes.iter().flat_map(|hash| hash.to_le_bytes()));
        bytes
    }

    /// The index in the file, pages and all.
    fn weigh(&self) {
        let shell = rusqlite::Connection::open(&self.path).unwrap();
        let sql = "SELECT pgsize, ncell, unused FROM dbstat WHERE name = ?1 AND aggregate = TRUE";
        let row = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let (n_bytes, n_cells, n_unused): (f64, i64, f64) =
            shell.query_row(sql, [self.what], row).unwrap();
        let n = (self.n + 5 * BATCH + 200) as f64;
        let each = n_bytes / n;
        let share = 100.0 * n_unused / n_bytes;
        println!("{:10} {each:6.1} bytes each, {share:.0} % unused, {n_cells} rows", self.what);
    }

    fn ask_base_candidates(&self) {
        let ask = |features: [u32; N_FEATURES]| {
            let start = Instant::now();
            black_box(self.catalog.base_candidates(&features, None).unwrap());
            start.elapsed()
        };
        let from = 2 * self.n + 1_000_000;
        let base_candidates = (from..from + N_TRIES).map(|n| ask(self.features(n)));
        self.print("base candidates of one of a family", median(base_candidates.collect()));
        let unrelated = |n| std::array::from_fn(|index| mixed(n, 400 + index as u64) as u32);
        let unrelated = (from..from + N_TRIES).map(|n| ask(unrelated(n)));
        self.print("base candidates of an unrelated blob", median(unrelated.collect()));
    }

    fn ask_neighbours(&self) {
        let ask = |sketch: Sketch| {
            let start = Instant::now();
            black_box(self.catalog.neighbours(sketch.index_hashes(), i64::MAX, 4).unwrap());
            start.elapsed()
        };
        let sketch = |n| Sketch::parse(&self.sketch(n)).unwrap();
        let from = 2 * self.n + 1_000_000;
        let took = (from..from + N_TRIES).map(|n| ask(sketch(n)));
        self.print("neighbours of one", median(took.collect()));
        for n_asked in [512, 4096] {
            let sketches: Vec<Sketch> = (from..from + n_asked).map(sketch).collect();
            let asked: Vec<NeighbourQuery> = sketches
                .iter()
                .map(Sketch::index_hashes)
                .map(|hashes| NeighbourQuery { before: i64::MAX, hashes, n_shared_min: 4 })
                .collect();
            let start = Instant::now();
            black_box(self.catalog.neighbours_of_many(&asked).unwrap());
            let took = start.elapsed() / n_asked as u32;
            self.print(&format!("neighbours of one, asked for {n_asked} at once"), took);
        }
    }

    fn print(&self, act: &str, took: Duration) {
        println!("{:10} {took:10.1?} {act}", self.what);
    }
}

fn event(n: u64) -> Event {
    Event::Revise(Revise {
        at: Timestamp::from_unix(1_764_000_000 + n as i64, 0),
        doc: DocId(mixed(n, 3)),
        prev: None,
        sha256: digest(n),
        size: 1000,
        media: MediaType::new("text/plain").unwrap(),
        detail: digest(n),
    })
}

fn digest(n: u64) -> Digest {
    Digest::of(&n.to_be_bytes())
}

fn mixed(n: u64, salt: u64) -> u64 {
    // The finaliser of SplitMix64.
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(salt << 40 | salt);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}
