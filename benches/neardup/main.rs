//! Near-duplicates measured from within: candidate pairs of an archive, and speed at a million texts.
//!
//! `cargo bench --bench neardup -- candidates STORE` prints each pair of documents that would be
//! compared. `cargo bench --bench neardup -- scale [DOCUMENTS]` makes an archive of so many invented
//! wire stories, 30 in 100 of them copies of others, and measures it.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use docarchive::internals::{
    archive::{
        Archive, WriteContext,
        ingest::{IngestItem, IngestOptions, Intake},
        similar::{ReadAs, Threshold, groups::DupsScope, neighbours::SimilarQuery},
    },
    backend::local::Local,
    journal::note::Signer,
    types::{digest::Digest, name::DocName, time::Timestamp},
};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match &words[..] {
        ["candidates", store] => candidates(store),
        ["scale", rest @ ..] => {
            scale(rest.first().map_or(1_000_000, |n| n.parse().expect("a number of documents")));
        }
        _ => println!("candidates STORE, or scale [DOCUMENTS]"),
    }
}

fn candidates(store: &str) {
    let archive = open(Path::new(store));
    let mut out = io::BufWriter::new(io::stdout().lock());
    archive
        .each_candidate(Threshold::Copied, |a, b| {
            out.write_all(format!("{}\t{}\n", a.text(), b.text()).as_bytes()).unwrap();
            Ok(())
        })
        .unwrap();
}

fn open(folder: &Path) -> Archive {
    Archive::open(Arc::new(Local::open(folder).unwrap()), Some(folder)).unwrap()
}

/// Measures an archive of so many documents.
fn scale(n: u64) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let signer = Signer::from_seed("example.org/bench", &[7; 32]).unwrap();
    let backend = Arc::new(Local::create(folder.path()).unwrap());
    let mut archive = Archive::init(backend, Some(folder.path()), &signer).unwrap();
    let took = add(&mut archive, &signer, 0..n);
    println!("{n} documents: added in {took:.1?} ({:.1?} each)", took / n as u32);
    let catalog = folder.path().join("catalog.sqlite");
    println!("catalog: {} bytes each", std::fs::metadata(catalog).unwrap().len() / n);
    ask(&archive, n);
    let start = (Instant::now(), cpu());
    let (mut n_groups, mut n_members) = (0_u64, 0);
    let scope = DupsScope { prefix: None, across_sites: false, since: None };
    archive
        .near_groups(Threshold::Copied, scope, |group| {
            n_groups += 1;
            n_members += group.members.len();
            Ok(())
        })
        .unwrap();
    let (took, used) = (start.0.elapsed(), cpu() - start.1);
    println!("dups: {n_groups} groups of {n_members}, {took:.1?}, CPU {used:.1?}, {}", memory());
    let start = cpu();
    let one: Vec<Duration> =
        (n..n + 100).map(|one| add(&mut archive, &signer, one..one + 1)).collect();
    let used = (cpu() - start) / 100;
    println!("one more document, whole add and commit: {}, CPU {used:.2?} each", spread(one));
}

/// How long it takes to find the neighbours of documents, and of texts that are not in the archive.
fn ask(archive: &Archive, n: u64) {
    let mut found = 0;
    let query = SimilarQuery { threshold: Threshold::Copied, own: None, all_revisions: false };
    let mut ask = |text: String| {
        let start = Instant::now();
        found += archive
            .similar((text.as_bytes(), ReadAs::page("text/plain", None)), query)
            .unwrap()
            .unwrap()
            .len();
        start.elapsed()
    };
    let stored = (0..2000).map(|query| ask(story(mixed(query, 77) % n))).collect();
    println!("similar, stored texts: {}", spread(stored));
    let unrelated = (0..2000).map(|query| ask(story(2 * n + query))).collect();
    println!("similar, unrelated texts: {}", spread(unrelated));
    println!("{found} found, {}", memory());
}

fn add(archive: &mut Archive, signer: &Signer, range: std::ops::Range<u64>) -> Duration {
    let start = Instant::now();
    let context = WriteContext {
        now: Timestamp::from_unix(1_764_000_000 + range.start as i64, 0),
        began: (1_764_000_000 + range.start as i64) * 1_000_000_000,
        seed: *Digest::of(&range.start.to_be_bytes()).as_bytes(),
        by: None,
        tool: "bench".into(),
    };
    let options = IngestOptions { near: None, ..IngestOptions::default() };
    let items = range.map(|n| IngestItem::Document(intake(n), ()));
    archive.ingest(signer, context, "bench", items, &options, |_| Ok(())).unwrap();
    start.elapsed()
}

fn intake(n: u64) -> Intake {
    // Two hundred sites without boilerplate of their own.
    let name = DocName::new(format!("site{:03}/{n}.txt", mixed(n, 5) % 200)).unwrap();
    let bytes = story(n).into_bytes();
    let n_bytes = bytes.len() as u64;
    Intake { n_bytes, ..Intake::new(name, move || Ok(io::Cursor::new(bytes.clone()))) }
}

/// A story of 60 to 300 words; of every ten, three are copies of the first of them: abridged, with
/// other words here and there.
fn story(n: u64) -> String {
    let is_copy = n % 10 >= 7;
    let own = if is_copy { n - n % 10 } else { n };
    let n_words = 60 + mixed(own, 1) % 240;
    let n_kept = if is_copy { n_words * (50 + mixed(n, 2) % 50) / 100 } else { n_words };
    let mut text = String::new();
    for at in 0..n_kept {
        let is_edited = is_copy && mixed(n, 1000 + at).is_multiple_of(30);
        let source = if is_edited { n } else { own };
        // Common words are common, as Zipf has it: their rank is the power of an even number.
        let rank = (30_000_f64).powf((mixed(source, 10 + at) % 1_000_000) as f64 / 1e6) as u64;
        let _ = write!(text, "{}{}", word(rank), if at % 12 == 11 { ".\n" } else { " " });
    }
    text
}

/// An invented word for a rank: the rarer the longer.
fn word(mut rank: u64) -> String {
    const PARTS: [&str; 16] = [
        "ta", "ri", "no", "se", "lu", "mo", "ke", "ba", "vi", "so", "ne", "pa", "du", "li", "gor",
        "wen",
    ];
    let mut word = String::new();
    loop {
        word.push_str(PARTS[rank as usize % 16]);
        rank /= 16;
        if rank == 0 {
            return word;
        }
    }
}

fn mixed(n: u64, salt: u64) -> u64 {
    // The finaliser of SplitMix64.
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd134_2543_de82_ef95);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn spread(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    format!("median {:.2?}, 99 in 100 {:.2?}, worst {:.2?}", at(0.5), at(0.99), at(1.0))
}

/// Processor time of this process, from /proc.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

/// The most memory that was resident.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines: BTreeMap<&str, &str> = status.lines().filter_map(|l| l.split_once(':')).collect();
    format!("at most {} resident", lines.get("VmHWM").map_or("?", |it| it.trim()))
}
