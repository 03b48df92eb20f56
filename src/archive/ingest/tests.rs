//! The front door: order, interruption, errors, and files that are not read.

use std::{
    cell::Cell,
    io::{self, Read},
    sync::Arc,
    time::Duration,
};

use super::{
    FileStat, IngestEvent, IngestItem, IngestOptions, IngestSummary, Intake, Outcome, Reading,
    Source, run::WAITING_MAX,
};
use crate::{
    archive::{Archive, WriteContext},
    backend::{
        Storage,
        faulty::{Fault, Faulty},
        memory::Memory,
    },
    journal::note::Signer,
    types::{error::Error, name::DocName, time::Timestamp},
};

fn signer() -> Signer {
    Signer::from_seed("example.org/test", &[7; 32]).unwrap()
}

fn context(n: u8) -> WriteContext {
    WriteContext::new(Duration::from_secs(1_764_000_000 + 60 * u64::from(n)), [n; 32], "test")
}

fn archive() -> Archive {
    Archive::init(Arc::new(Memory::default()), None, &signer()).unwrap()
}

/// A document of a few bytes; of none when it cannot be read.
fn document(name: &str, bytes: &'static [u8]) -> Intake {
    let open = move || if bytes.is_empty() { Err(io::Error::other("no")) } else { Ok(bytes) };
    Intake::new(DocName::new(name).unwrap(), open)
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::New(_) => "new",
        Outcome::Revised(_) => "revised",
        Outcome::Unchanged => "unchanged",
        Outcome::Healed => "healed",
        Outcome::Seen(_) => "seen",
        Outcome::Renamed(_) => "renamed",
        Outcome::Unreadable(_) => "unreadable",
    }
}

/// What is heard of items, but for the drawing; ends with an error or an interruption at these tags.
fn ingested(
    archive: &mut Archive,
    n: u8,
    items: Vec<IngestItem<&'static str>>,
    (fails_at, stops_at): (&str, &str),
) -> (Vec<String>, Result<IngestSummary, Error>) {
    let (mut heard, is_stopped) = (Vec::new(), Cell::new(false));
    let is_interrupted = || is_stopped.get();
    let options = IngestOptions { is_interrupted: &is_interrupted, ..IngestOptions::default() };
    let result = archive.ingest(&signer(), context(n), "test", items, &options, |event| {
        let (tag, what) = match event {
            IngestEvent::Next { tag, .. } => {
                is_stopped.set(*tag == stops_at);
                return Ok(());
            }
            IngestEvent::Document { tag, outcome, .. } => (tag, word(&outcome)),
            IngestEvent::Other(tag) => (tag, "other"),
            IngestEvent::Committed(_) => ("all", "committed"),
            IngestEvent::Gone(_) => ("one", "gone"),
            IngestEvent::Duplicates(_) => ("some", "duplicates"),
            IngestEvent::Near { .. } => ("some", "near"),
        };
        heard.push(format!("{tag} {what}"));
        if tag == fails_at { Err(Error::Interrupted) } else { Ok(()) }
    });
    (heard, result)
}

fn five() -> Vec<IngestItem<&'static str>> {
    vec![
        IngestItem::Document(document("a", b"a"), "1"),
        IngestItem::Other("2"),
        IngestItem::Document(document("b", b""), "3"),
        IngestItem::Document(document("a", b"b"), "4"),
        IngestItem::Other("5"),
    ]
}

#[test]
fn new_revisions_come_with_their_commit_and_all_else_at_once() {
    let mut archive = archive();
    let (heard, summary) = ingested(&mut archive, 1, five(), ("", ""));
    assert_eq!(
        heard,
        ["2 other", "3 unreadable", "5 other", "1 new", "4 revised", "all committed"]
    );
    let summary = summary.unwrap();
    let wanted = IngestSummary {
        n_new: 1,
        n_revised: 1,
        n_unreadable: 1,
        n_bytes: 2,
        ..IngestSummary::default()
    };
    assert_eq!(summary, wanted);
    let (heard, _) = ingested(&mut archive, 2, five(), ("", ""));
    assert_eq!(heard[3..], ["1 revised", "4 revised", "all committed"]);
}

#[test]
fn what_was_added_before_an_error_is_committed() {
    let mut archive = archive();
    let (heard, result) = ingested(&mut archive, 1, five(), ("3", ""));
    assert!(matches!(result, Err(Error::Interrupted)));
    assert_eq!(heard, ["2 other", "3 unreadable", "1 new", "all committed"]);
    assert_eq!(archive.n_events(), 3);
}

#[test]
fn an_interruption_keeps_what_was_added_and_drops_what_was_only_read() {
    let mut archive = archive();
    let many = (0..999).map(|_| IngestItem::Document(document("many", b"many"), "many"));
    let items = many.chain([IngestItem::Document(document("last", b"last"), "last")]);
    let items = items.chain([IngestItem::Document(document("never", b"never"), "never")]);
    let (heard, summary) = ingested(&mut archive, 1, items.collect(), ("", "last"));
    assert!(summary.unwrap().is_interrupted);
    assert_eq!((&heard[0][..], &heard[heard.len() - 1][..]), ("many new", "all committed"));
    assert!(!heard.iter().any(|heard| heard.starts_with("never")));
    assert_eq!(archive.n_events(), 3);
}

#[test]
fn no_document_holds_up_more_than_so_many_items() {
    // One changed file before a million unchanged ones kept all their paths in memory to the end.
    let (mut n_drawn, mut n_waiting_max, mut n_heard) = (0, 0, 0);
    let others = (0..2 * WAITING_MAX).map(|_| IngestItem::Other("other"));
    let items = [IngestItem::Document(document("a", b"a"), "first")].into_iter().chain(others);
    let options = IngestOptions::default();
    archive()
        .ingest(&signer(), context(1), "test", items, &options, |event| {
            match event {
                IngestEvent::Next { .. } => n_drawn += 1,
                IngestEvent::Document { .. } | IngestEvent::Other(_) => n_heard += 1,
                _ => {}
            }
            n_waiting_max = n_waiting_max.max(n_drawn - n_heard);
            Ok(())
        })
        .unwrap();
    assert_eq!((n_drawn, n_heard), (2 * WAITING_MAX + 1, 2 * WAITING_MAX + 1));
    assert!(n_waiting_max <= WAITING_MAX, "{n_waiting_max}");
}

/// A source with a stat.
struct Fixed(FileStat, &'static [u8]);

impl Source for Fixed {
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        Ok(Box::new(Fixed(self.0, self.1)))
    }
}

impl Read for Fixed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.1.read(out)
    }
}

impl Reading for Fixed {
    fn file_stat(&self) -> io::Result<Option<FileStat>> {
        Ok(Some(self.0))
    }
}

/// A file that was changed at `mtime` and has these bytes.
fn file(mtime: i64, bytes: &'static [u8]) -> IngestItem<&'static str> {
    let stat = FileStat { n_bytes: 4, mtime, ctime: mtime, inode: 1, device: 1 };
    let name = DocName::new("file").unwrap();
    let intake = Intake { file_stat: Some(stat), ..Intake::new(name, Fixed(stat, bytes)) };
    IngestItem::Document(intake, "file")
}

#[test]
fn a_stat_says_nothing_while_another_state_of_the_document_is_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::in_folder(&folder.path().join("archive"), &signer()).unwrap();
    archive.keep_stats_in(folder.path());
    let mut add = |n: u8, files: Vec<IngestItem<&'static str>>| {
        let (mut heard, result) = ingested(&mut archive, n, files, ("", ""));
        result.unwrap();
        heard.retain(|heard| heard.starts_with("file"));
        heard
    };
    assert_eq!(add(1, vec![file(1, b"one")]), ["file new"]);
    // The bytes would be others, but nobody reads them.
    assert_eq!(add(2, vec![file(1, b"never read")]), ["file unchanged"]);
    let back_and_forth = vec![file(2, b"two"), file(1, b"one"), file(1, b"one")];
    assert_eq!(add(3, back_and_forth), ["file revised", "file revised", "file unchanged"]);
    let then_two = vec![file(1, b"never read"), file(2, b"two")];
    assert_eq!(add(4, then_two), ["file unchanged", "file revised"]);
}

#[test]
fn a_rehearsal_reads_no_file_that_is_unchanged() {
    // It read them all: it asked within a snapshot of the catalog, where SQLite refuses to set up a second
    // file, and an empty memory took its place without a word.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let opened = || {
        let mut archive = Archive::in_folder(&path, &signer()).unwrap();
        archive.keep_stats_in(folder.path());
        archive
    };
    ingested(&mut opened(), 1, vec![file(1, b"one")], ("", "")).1.unwrap();
    let archive = opened();
    let rehearsed = |file: IngestItem<&'static str>, verifies_unchanged: bool| {
        let mut outcomes = Vec::new();
        let options = IngestOptions { verifies_unchanged, ..IngestOptions::default() };
        let summary = archive.rehearse([file], &options, Timestamp::LAST, |event| {
            if let IngestEvent::Document { outcome, .. } = event {
                outcomes.push(word(&outcome));
            }
            Ok(())
        });
        (outcomes[0], summary.unwrap().n_bytes)
    };
    assert_eq!(rehearsed(file(1, b"never read"), false), ("unchanged", 0));
    assert_eq!(rehearsed(file(1, b"read by force"), true), ("revised", 13));
    assert_eq!(rehearsed(file(2, b"two"), false), ("revised", 3));
    assert_eq!(rehearsed(file(2, b"one"), false), ("unchanged", 0));
}

#[test]
fn i2_a_revision_is_reported_after_the_commit_that_holds_it_and_never_if_that_fails() {
    let (mut n_reported, mut n_silent) = (0, 0);
    for fault in [Fault::NotDone, Fault::Death, Fault::Full] {
        for number in 0.. {
            let memory: Arc<dyn Storage> = Arc::new(Memory::default());
            Archive::init(Arc::clone(&memory), None, &signer()).unwrap();
            let faulty = Faulty::at(Arc::clone(&memory), number, fault);
            let Ok(mut archive) = Archive::open(Arc::new(faulty.clone()), None) else { continue };
            let (heard, _) = ingested(&mut archive, 1, five(), ("", ""));
            let is_reported = heard.iter().any(|it| it.ends_with("new") || it.ends_with("revised"));
            let n_events = Archive::open(memory, None).unwrap().n_events();
            assert!(!is_reported || n_events == 4, "{fault:?} {number}: {heard:?}");
            *if is_reported { &mut n_reported } else { &mut n_silent } += 1;
            if !faulty.has_struck() {
                break;
            }
        }
    }
    assert!(n_reported > 0 && n_silent > 0, "{n_reported} {n_silent}");
}
