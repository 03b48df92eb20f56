//! An archive is a map from names to revisions that keeps its past.
//!
//! Random commands go to an archive in a folder and to a `BTreeMap`; after each, both hold the same.
//! 32 stories are played, or 500 with ARCHIVE_SLOW.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use docarchive::internals::{
    archive::{
        Archive,
        find::Which,
        ingest::{Outcome, Provenance},
        maintain::compact::Policy,
    },
    backend::{Storage, local::Local},
    store::CompressionLevels,
    types::{error::Error, time::Timestamp},
};
use proptest::prelude::*;

use crate::common::{self, add_one, check, context, everything, is_slow, open_in, signer};

/// Names that are ends and beginnings of each other, one of them not UTF-8.
const NAMES: [&[u8]; 7] =
    [b"a", b"b/a", b"c/b/a", b"a.txt", b"a.txt@2", b"deep/er/na\xffme", b"e mail@example.org"];

/// What a document can become.
#[derive(Clone, Debug)]
enum Bytes {
    Empty,
    One(u8),
    /// A text of that many sentences, all of them about one number.
    Text {
        n_lines: usize,
        about: u8,
    },
    Noise {
        seed: u64,
        n_bytes: usize,
    },
    /// The same again.
    Latest,
    /// The revision before the latest: A, B, A.
    Before,
    /// What another document holds.
    Of(usize),
    /// The latest with a few bytes put in.
    Edited {
        at: usize,
        with: u8,
    },
}

#[derive(Clone, Debug)]
enum Command {
    /// Several documents in one transaction, perhaps one of them twice.
    Add(Vec<(usize, Bytes)>),
    Reopen,
    Rebuild,
    LoseCatalog,
    /// Small packs together, or everything anew.
    Compact(bool),
    /// Added, never committed.
    Abandon(usize, Bytes),
}

type Model = BTreeMap<Vec<u8>, Vec<Vec<u8>>>;

fn bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        1 => Just(Bytes::Empty),
        1 => any::<u8>().prop_map(Bytes::One),
        4 => (1..60usize, 0..4u8).prop_map(|(n_lines, about)| Bytes::Text { n_lines, about }),
        1 => (0..3u64, 1..40_000usize).prop_map(|(seed, n_bytes)| Bytes::Noise { seed, n_bytes }),
        1 => Just(Bytes::Latest),
        2 => Just(Bytes::Before),
        2 => (0..NAMES.len()).prop_map(Bytes::Of),
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, with)| Bytes::Edited { at, with }),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let one = || (0..NAMES.len(), bytes());
    prop_oneof![
        8 => prop::collection::vec(one(), 1..5).prop_map(Command::Add),
        1 => Just(Command::Reopen),
        1 => Just(Command::Rebuild),
        1 => Just(Command::LoseCatalog),
        1 => any::<bool>().prop_map(Command::Compact),
        1 => one().prop_map(|(name, bytes)| Command::Abandon(name, bytes)),
    ]
}

impl Bytes {
    fn of(&self, model: &Model, name: &[u8]) -> Vec<u8> {
        let all = model.get(name).map_or(&[][..], Vec::as_slice);
        let latest = all.last().cloned().unwrap_or_default();
        match self {
            Self::Empty => Vec::new(),
            Self::One(byte) => vec![*byte],
            Self::Text { n_lines, about } => (0..*n_lines)
                .flat_map(|n| {
                    format!("Line {n} of the story about {about} goes on.\n").into_bytes()
                })
                .collect(),
            Self::Noise { seed, n_bytes } => common::noise(*seed, *n_bytes),
            Self::Latest => latest,
            Self::Before => all.iter().rev().nth(1).cloned().unwrap_or_default(),
            Self::Of(other) => model
                .get(NAMES[*other])
                .and_then(|revisions| revisions.last().cloned())
                .unwrap_or_default(),
            Self::Edited { at, with } => {
                let mut edited = latest;
                let at = at % (edited.len() + 1);
                edited.splice(at..at, [*with; 3]);
                edited
            }
        }
    }
}

/// Lets the model do what the archive was asked to do; what the archive should have answered.
fn revise(model: &mut Model, name: &[u8], bytes: Vec<u8>) -> &'static str {
    let revisions = model.entry(name.to_vec()).or_default();
    if revisions.last() == Some(&bytes) {
        return "unchanged";
    }
    revisions.push(bytes);
    if revisions.len() == 1 { "new" } else { "revised" }
}

fn outcome(taken: &Outcome) -> &'static str {
    match taken {
        Outcome::New(_) => "new",
        Outcome::Revised(_) => "revised",
        Outcome::Unchanged => "unchanged",
        Outcome::Healed => "healed",
        Outcome::Seen(_) => "seen",
        Outcome::Renamed(_) => "renamed",
        Outcome::Unreadable(_) => "unreadable",
    }
}

fn run(archive: &mut Archive, path: &Path, model: &mut Model, n: u64, command: &Command) {
    let signer = signer();
    match command {
        Command::Add(documents) => {
            let mut transaction =
                archive.transaction(&signer, context(n), Provenance::default(), "test").unwrap();
            for (name, bytes) in documents {
                let bytes = bytes.of(model, NAMES[*name]);
                let taken = add_one(&mut transaction, NAMES[*name], &bytes).unwrap();
                assert_eq!(outcome(&taken), revise(model, NAMES[*name], bytes));
            }
            transaction.commit().unwrap();
        }
        Command::Abandon(name, bytes) => {
            let mut transaction =
                archive.transaction(&signer, context(n), Provenance::default(), "test").unwrap();
            add_one(&mut transaction, NAMES[*name], &bytes.of(model, NAMES[*name])).unwrap();
        }
        Command::Rebuild => archive.rebuild("test").unwrap(),
        Command::Compact(is_all) => {
            let levels = CompressionLevels::all(1);
            let policy = if *is_all { Policy::Rewrite(levels, 1) } else { Policy::Tidy };
            crate::common::compact(archive, policy).unwrap();
        }
        Command::Reopen => *archive = open_in(path),
        Command::LoseCatalog => {
            let elsewhere = tempfile::tempdir().unwrap();
            // The open archive lets go of the file before it is taken away.
            *archive = common::init_in(&elsewhere.path().join("x"));
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(path.join(format!("catalog.sqlite{end}")));
            }
            *archive = open_in(path);
        }
    }
}

/// Every way to ask for every revision.
fn ask(archive: &Archive, model: &Model, now: Timestamp) {
    for (name, revisions) in model {
        let n = revisions.len();
        let selected = |end: String| {
            let selector = [&name[..], end.as_bytes()].concat();
            // Another document may have a name that is a selector, too.
            if model.contains_key(&selector) {
                return None;
            }
            Some(archive.select(&selector, now).map(|(document, revision)| {
                assert_eq!(document.name.as_bytes(), &name[..]);
                archive.read_whole(&document, &revision).unwrap()
            }))
        };
        let is = |end: String, wanted: &[u8]| {
            if let Some(found) = selected(end.clone()) {
                assert!(found.unwrap() == wanted, "{}{end}", String::from_utf8_lossy(name));
            }
        };
        for (i, bytes) in revisions.iter().enumerate() {
            is(format!("@{}", i + 1), bytes);
            is(format!("@latest-{}", n - 1 - i), bytes);
        }
        is("@first".into(), &revisions[0]);
        is("@latest".into(), &revisions[n - 1]);
        is("@2200-01-01".into(), &revisions[n - 1]);
        is("@today".into(), &revisions[n - 1]);
        if n > 1 {
            is("@prev".into(), &revisions[n - 2]);
        }
        for end in ["@0".into(), format!("@{}", n + 1), format!("@latest-{n}"), "@1999-12".into()] {
            let missing = selected(end.clone());
            let is_missing = matches!(missing, None | Some(Err(Error::NotFound { .. })));
            assert!(is_missing, "{}{end}", String::from_utf8_lossy(name));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if is_slow() { 200 } else { 12 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_archive_is_a_map_that_keeps_its_past(commands in prop::collection::vec(command(), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        let mut archive = common::init_in(&path);
        let backend: Arc<dyn Storage> = Arc::new(Local::open(&path).unwrap());
        let mut model = Model::new();
        for (n, command) in commands.iter().enumerate() {
            run(&mut archive, &path, &mut model, n as u64 + 1, command);
            let all: Model = everything(&archive).into_iter().collect();
            prop_assert!(all == model, "after {command:?}");
        }
        ask(&archive, &model, context(commands.len() as u64).now);
        check(&archive, &backend);
    }
}

#[test]
fn a_date_selects_what_was_there_then() {
    let backend: Arc<dyn Storage> =
        Arc::new(docarchive::internals::backend::memory::Memory::default());
    let mut archive = common::init(backend);
    // Write contexts are a minute apart.
    for n in 1..=3 {
        common::add(&mut archive, n, &[("a", format!("revision {n}").as_bytes())]).unwrap();
    }
    let now = context(9).now;
    let (document, _) = archive.select(b"a", now).unwrap();
    for n in 1..=3u64 {
        let at = format!("a@{}", context(n).now);
        assert_eq!(archive.select(at.as_bytes(), now).unwrap().1.number, n);
        let (seconds, _) = context(n).now.to_unix();
        let just_before = Which::AsOf(Timestamp::from_unix(seconds - 1, 999_999_999));
        let found = archive.revision(&document, just_before).map(|(_, revision)| revision.number);
        assert_eq!(found.ok(), n.checked_sub(1).filter(|n| *n > 0));
    }
}
