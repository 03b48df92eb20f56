//! Whatever is done to a file of an archive: an audit names it, no other byte and no other history than what was
//! recorded is handed out, or it does not matter.
//!
//! The archive has every kind of file that docs/format.md knows. docs/tamper.md publishes what came of each
//! edit of each; by default some edits of each are tried, with ARCHIVE_SLOW all.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        inspect::audit::{AuditScope, Code},
        presence::AsOf,
    },
    backend::local::Local,
    journal::{Journal, note::Signer},
    store::place::Places,
    types::{
        digest::Digest,
        error::{Error, Refusal},
    },
};

use crate::{
    common::{
        add, init_in, is_slow, open_in,
        sandbox::{Ran, Sandbox},
    },
    tamper::published,
    tamper_archives::{Files, STORY, add_told, codes, files, grow, lay},
};

/// What an archive says of a revision, and hands out of it.
#[derive(PartialEq)]
struct Told {
    /// What follows from the event alone.
    fact: String,
    /// What people wrote.
    words: String,
    /// The bytes; none of what is withdrawn.
    bytes: Option<Vec<u8>>,
}

/// Every revision by the index of its event, and how many cannot be read.
fn told(archive: &Archive) -> Result<(BTreeMap<u64, Told>, usize), Error> {
    let (mut all, mut n_refused) = (BTreeMap::new(), 0);
    archive.each_document(AsOf::Ever, |document, _| {
        for revision in archive.catalog().revisions(document)? {
            let bytes = match archive.read_whole(document, &revision) {
                Ok(bytes) => Some(bytes),
                Err(Error::Withdrawn { .. }) => None,
                Err(Error::Damaged { .. } | Error::Catalog { .. }) => {
                    n_refused += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let it = &revision;
            let fact = format!(
                "{:?} {} {} {} {} {:?} {}",
                document.id,
                it.number,
                it.digest,
                it.n_bytes,
                it.media_type,
                it.at,
                it.withdrawn.is_some()
            );
            let words = format!(
                "{} {:?} {:?} {:?} {:?}",
                document.name.text(),
                it.source,
                it.note,
                (it.captured, it.mtime),
                it.author,
            );
            all.insert(it.event, Told { fact, words, bytes });
        }
        Ok(())
    })?;
    Ok((all, n_refused))
}

fn open(path: &Path, has_catalog: bool) -> Result<Archive, Error> {
    Archive::open(Arc::new(Local::open(path)?), has_catalog.then_some(path))
}

/// How an error is called in the matrix.
fn refusal(error: &Error) -> &'static str {
    match error {
        Error::Damaged { .. } | Error::Untrusted { .. } => "refused",
        Error::Refused(Refusal::NewerFormat { .. }) => "a later program's",
        Error::NoArchive { .. } => "no archive",
        Error::Catalog { .. } => "refused: its catalog is torn",
        error => panic!("{error:?}"),
    }
}

/// What the audit says, in codes, and how it ends.
fn audited(path: &Path, is_quick: bool) -> (BTreeSet<&'static str>, u8) {
    let scope = AuditScope { is_quick, ..AuditScope::default() };
    let report = open(path, true)
        .and_then(|archive| archive.audit(&scope, HistoryCheck::NotRemembered, &mut |_| {}));
    match &report {
        Ok(report) => (codes(report), if report.is_sound() { 0 } else { 6 }),
        // Without a checkpoint that is to be trusted there is a report, too.
        Err(Error::Untrusted { .. }) => (BTreeSet::from([Code::CpSignature.as_str()]), 6),
        Err(error) => {
            let exit = match refusal(error) {
                "refused" => 6,
                "no archive" => 10,
                _ => 5,
            };
            (BTreeSet::from([refusal(error)]), exit)
        }
    }
}

/// What is done to a file.
#[derive(Clone)]
enum Edit {
    Flip(usize, u8),
    Cut(usize),
    Gone,
    Put(Vec<u8>),
}

impl Edit {
    fn made_to(&self, files: &mut Files, path: &str) {
        match self {
            Self::Gone => {
                files.remove(path);
            }
            Self::Put(bytes) => {
                files.insert(path.to_owned(), bytes.clone());
            }
            Self::Flip(at, bits) => files.get_mut(path).unwrap()[*at] ^= bits,
            Self::Cut(end) => files.get_mut(path).unwrap().truncate(*end),
        }
    }
}

/// Files of a kind.
struct Kind {
    name: &'static str,
    paths: Vec<String>,
    /// So many bytes lie between two that are tried, where all are.
    stride: usize,
}

/// A row of the matrix: edits of a kind that are alike.
struct Row {
    kind: &'static str,
    edit: &'static str,
    cases: Vec<(String, Edit)>,
}

/// The archive as it is, as it was, and what it tells.
struct Example {
    now: Files,
    states: Vec<Files>,
    /// Another archive of the same origin.
    other: Files,
    truth: BTreeMap<u64, Told>,
    path: PathBuf,
    sandbox: Sandbox,
    /// What must not be.
    defects: RefCell<Vec<String>>,
    _folder: tempfile::TempDir,
}

impl Example {
    fn new(grow: impl FnOnce(&Path) -> Vec<Files>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        let states = grow(&path);
        let (truth, n_refused) = told(&open_in(&path)).unwrap();
        assert_eq!(n_refused, 0);
        let other = folder.path().join("other");
        let theirs = Signer::from_seed("example.org/test", &[8; 32]).unwrap();
        let local = Arc::new(Local::create(&other).unwrap());
        let mut archive = Archive::init(local, Some(&other), &theirs).unwrap();
        add_told(&mut archive, 1, "a.txt", "nothing of the kind\n", &theirs);
        drop(archive);
        let (other, now) = (files(&other), files(&path));
        let (sandbox, defects) = (Sandbox::bare(), RefCell::default());
        Self { now, states, other, truth, path, sandbox, defects, _folder: folder }
    }

    /// One with a large content alone, which takes long to read.
    fn large() -> Self {
        Self::new(|path| {
            let mut archive = init_in(path);
            add(&mut archive, 1, &[("large", &vec![b'z'; (4 << 20) + 1])]).unwrap();
            drop(archive);
            vec![files(path)]
        })
    }

    fn packs_of_chunks(&self) -> Vec<Row> {
        let paths: Vec<String> =
            self.now.keys().filter(|path| path.starts_with("packs/")).cloned().collect();
        assert!(!paths.is_empty());
        self.rows_of(&Kind { name: "a pack of chunks and their list", paths, stride: 7 })
    }

    /// The packs in which blobs lie that others rest on, and the rest.
    fn packs(&self) -> (Vec<String>, Vec<String>) {
        let archive = open_in(&self.path);
        let base = |text: &str| {
            let key = Digest::of(text.as_bytes()).key();
            archive.catalog().places(key).unwrap()[0].pack.object_name()
        };
        let document = archive.document(b"a.txt").unwrap();
        let revisions = archive.catalog().revisions(&document).unwrap();
        assert_eq!(archive.chain(&revisions[0]).unwrap().depth, 2, "the story has a chain");
        let all = self.now.keys().filter(|path| path.starts_with("packs/")).cloned();
        let bases = [base(STORY)];
        all.partition(|path| bases.contains(path))
    }

    fn kinds(&self) -> Vec<Kind> {
        let (bases, packs) = self.packs();
        let journal = Journal::open(Arc::new(Local::open(&self.path).unwrap())).unwrap();
        // The number of the newest commit that holds such an event.
        let number = |event_type: &str| {
            let holds = |number: &u64| {
                let (events, _) = journal.commit_bounds(*number).unwrap();
                let mut entries = journal.entries(events).map(Result::unwrap);
                entries.any(|entry| entry.event.event_type() == event_type)
            };
            (1..journal.number()).rev().find(holds).unwrap()
        };
        let commit = |number: u64| vec![Journal::commit_object(number)];
        let details = |number: u64| vec![journal.details_object(number).unwrap().unwrap()];
        let one = |path: &str| vec![path.to_owned()];
        let kind = |name, paths| Kind { name, paths, stride: 1 };
        vec![
            kind("identity, of two keys", one("identity")),
            kind("the first commit", commit(0)),
            kind("a commit of documents", commit(1)),
            kind("the commit of a time token", commit(number("anchor"))),
            kind("the commit of a new key", commit(number("keys"))),
            kind("the commit of a withdrawal", commit(number("withdraw"))),
            kind("the newest commit", commit(journal.number())),
            kind("the copy of the checkpoint", one("log/checkpoint")),
            kind("details of which some are withdrawn", details(1)),
            kind("details of documents", details(number("revise"))),
            kind("details with a time token", details(number("anchor"))),
            kind("a pack that others rest on", bases),
            kind("the other packs", packs),
            kind("the lock", one("lock")),
            Kind { name: "the catalog", paths: one("catalog.sqlite"), stride: 509 },
        ]
    }

    /// Every edit of every kind.
    fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.kinds().iter().flat_map(|kind| self.rows_of(kind)).collect();
        let newest = self.now.keys().rfind(|path| path.starts_with("log/0")).unwrap().clone();
        let next = format!("log/000/000/{:03}", newest[12..].parse::<u64>().unwrap() + 1);
        let (bases, _) = self.packs();
        let mut add = |kind, edit, path: String, bytes: &[u8]| {
            rows.push(Row { kind, edit, cases: vec![(path, Edit::Put(bytes.to_vec()))] });
        };
        add("a commit", "added: the newest once more", next.clone(), &self.now[&newest]);
        add("a commit", "added: of another key", next.clone(), &self.other["log/000/000/001"]);
        add("a commit", "added: nothing in it", next, b"");
        let twin = format!("{}000000", &bases[0][..bases[0].len() - 6]);
        add("a pack", "added: one once more", twin, &self.now[&bases[0]]);
        let gone = self
            .states
            .iter()
            .flatten()
            .find(|(path, _)| path.starts_with("packs/") && !self.now.contains_key(*path));
        let (path, bytes) = gone.expect("a pack went with the withdrawal");
        add("a pack", "put back after a withdrawal", path.clone(), bytes);
        add("a temporary file", "added", ".tmp-0123456789abcdef".into(), b"half a pack");
        add("a strange file", "added", "log/notes.txt".into(), b"what is this");
        rows
    }

    fn rows_of(&self, kind: &Kind) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let mut put = |edit, path: &str, what: Edit| {
            let found = rows.iter_mut().position(|row| row.edit == edit);
            let at = found.unwrap_or_else(|| {
                rows.push(Row { kind: kind.name, edit, cases: Vec::new() });
                rows.len() - 1
            });
            rows[at].cases.push((path.to_owned(), what));
        };
        for path in &kind.paths {
            let bytes = &self.now[path];
            for at in (0..bytes.len()).step_by(kind.stride) {
                // Of each byte one bit, of some all.
                let all = if at % 64 == 0 { 0..8 } else { at % 8..at % 8 + 1 };
                all.for_each(|bit| put("bits flipped", path, Edit::Flip(at, 1 << bit)));
                if at > 0 && (at % 16 == 0 || at + 8 > bytes.len()) {
                    put("cut short", path, Edit::Cut(at));
                }
            }
            if !bytes.is_empty() {
                put("emptied", path, Edit::Put(Vec::new()));
            }
            put("gone", path, Edit::Gone);
            for other in self.others(kind, path) {
                put("another of its kind in its place", path, Edit::Put(other));
            }
            for earlier in self.states.iter().filter_map(|state| state.get(path)) {
                if earlier != bytes {
                    put("as it was earlier", path, Edit::Put(earlier.clone()));
                }
            }
            for more in [&b"\n"[..], &[0], b"something more", &bytes[..]] {
                put("grown at its end", path, Edit::Put([bytes, more].concat()));
            }
        }
        rows
    }

    /// What else could stand in a file's place.
    fn others(&self, kind: &Kind, path: &str) -> Vec<Vec<u8>> {
        let folder = path.split_once('/').map_or(path, |(folder, _)| folder);
        let is_alike = |other: &&String| match path {
            "log/checkpoint" | "identity" | "lock" | "catalog.sqlite" => *other == path,
            _ => other.starts_with(&format!("{folder}/")) && *other != "log/checkpoint",
        };
        let mine = self.now.iter().filter(|(other, _)| is_alike(other));
        let theirs = self.other.iter().filter(|(other, _)| is_alike(other));
        let mut all: Vec<Vec<u8>> = mine.chain(theirs).map(|(_, bytes)| bytes.clone()).collect();
        all.retain(|bytes| *bytes != self.now[path]);
        if kind.name == "the lock" {
            all.push(b"somebody else".to_vec());
        }
        all
    }

    /// How reading goes, by an archive as it lies there.
    fn reading(&self, has_catalog: bool, case: &str) -> &'static str {
        let (told, n_refused) = match open(&self.path, has_catalog).and_then(|it| told(&it)) {
            Ok(told) => told,
            Err(error) => return refusal(&error),
        };
        for (event, it) in &told {
            // Whatever a catalog says, no other bytes are handed out under a digest.
            let bytes_are_right =
                it.bytes.is_none() || self.truth.values().any(|truth| it.bytes == truth.bytes);
            assert!(bytes_are_right, "{case}: event {event} has other bytes");
        }
        let agrees = |(event, it): (&u64, &Told)| {
            self.truth
                .get(event)
                .is_some_and(|truth| it.fact == truth.fact && it.bytes == truth.bytes)
        };
        let same_words = |(event, it): (&u64, &Told)| self.truth[event].words == it.words;
        match (told.iter().all(agrees), told.len() + n_refused == self.truth.len(), n_refused) {
            (true, true, 0) if told.iter().all(same_words) => "right",
            (true, true, 0) => "without some words",
            (true, true, _) => "right, but for contents that it refuses",
            (true, false, 0) if told.keys().eq(self.truth.keys().take(told.len())) => {
                "right, of an earlier state"
            }
            _ => "wrong answers",
        }
    }

    /// Makes one edit; the codes, the exits and the readings.
    fn play(&self, kind: &str, (path, edit): &(String, Edit), case: &str) -> Outcome {
        let mut edited = self.now.clone();
        edit.made_to(&mut edited, path);
        let mut without = edited.clone();
        without.remove("catalog.sqlite");
        let laid = |files: &Files| lay(&self.path, files);
        laid(&edited);
        let (codes, exit) = audited(&self.path, false);
        laid(&edited);
        let (quick, quick_exit) = audited(&self.path, true);
        laid(&edited);
        let reading = self.reading(true, case);
        laid(&without);
        let alone = self.reading(false, case);
        let is_silent = |codes: &BTreeSet<&str>| codes.contains("nothing");
        let of_contents = ["PACK-DAMAGED", "BLOB-DAMAGED", "CATALOG-REMADE", "BLOB-MISSING"];
        let may_be_missed = codes.iter().all(|code| of_contents.contains(code));
        for (is_fine, what) in [
            (!is_silent(&codes) || (reading, alone) == ("right", "right"), "nobody noticed"),
            (kind == "the catalog" || reading != "wrong answers", "an answer is wrong"),
            (alone != "wrong answers", "an answer is wrong without a catalog"),
            (!is_silent(&quick) || is_silent(&codes) || may_be_missed, "a quick audit is silent"),
        ] {
            if !is_fine {
                let codes = (&codes, &quick);
                self.defects
                    .borrow_mut()
                    .push(format!("{case}: {what}: {codes:?}, {reading}, {alone}"));
            }
        }
        Outcome {
            codes,
            exits: BTreeSet::from([exit]),
            quick,
            quick_exits: BTreeSet::from([quick_exit]),
            readings: BTreeSet::from([reading]),
            alone: BTreeSet::from([alone]),
        }
    }

    /// The program itself ends as the audit does.
    fn run(&self, kind: &str, (path, edit): &(String, Edit), case: &str) {
        let outcome = self.play(kind, &(path.clone(), edit.clone()), case);
        let mut edited = self.now.clone();
        edit.made_to(&mut edited, path);
        for (words, exits) in [
            (&["audit", "-q"][..], &outcome.exits),
            (&["audit", "-q", "--quick"], &outcome.quick_exits),
        ] {
            lay(&self.path, &edited);
            let mut command = self.sandbox.command(words);
            let forgets = tempfile::tempdir().unwrap();
            command.arg("--store").arg(&self.path).env("XDG_STATE_HOME", forgets.path());
            let ran = Ran::of(&mut command);
            let code = ran.code.and_then(|code| u8::try_from(code).ok());
            assert!(code.is_some_and(|code| exits.contains(&code)), "{case}: {words:?}: {ran:?}");
        }
    }
}

/// What came of the cases of a row: each cell of the matrix is a set.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    codes: BTreeSet<&'static str>,
    exits: BTreeSet<u8>,
    quick: BTreeSet<&'static str>,
    quick_exits: BTreeSet<u8>,
    readings: BTreeSet<&'static str>,
    alone: BTreeSet<&'static str>,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.codes.extend(other.codes);
        self.exits.extend(other.exits);
        self.quick.extend(other.quick);
        self.quick_exits.extend(other.quick_exits);
        self.readings.extend(other.readings);
        self.alone.extend(other.alone);
    }

    fn cells(&self) -> [BTreeSet<String>; 6] {
        let words = |set: &BTreeSet<&str>| set.iter().map(|word| (*word).to_owned()).collect();
        let numbers = |set: &BTreeSet<u8>| set.iter().map(u8::to_string).collect();
        let Self { codes, exits, quick, quick_exits, readings, alone } = self;
        [
            words(codes),
            numbers(exits),
            words(quick),
            numbers(quick_exits),
            words(readings),
            words(alone),
        ]
    }
}

fn row_of(what: &str, edit: &str, cells: &[BTreeSet<String>]) -> String {
    let cells = cells.iter().map(|set| set.iter().cloned().collect::<Vec<_>>().join("; "));
    format!("| {what} | {edit} | {} |", cells.collect::<Vec<_>>().join(" | "))
}

/// Whether what was found is what is published, or where only some cases were tried, a part of that: of the catalog,
/// too, whose pages lie where SQLite puts them and of which not every byte is tried. Whether some bit of a compressed
/// object stands for nothing, and all is right, hangs on its random salts: a row without such a bit fits one that has some.
fn fits(found: &str, published: &str) -> bool {
    let is_whole = is_slow() && !found.starts_with("| the catalog |");
    let cells = |row: &str| -> Vec<BTreeSet<String>> {
        let cells = row.trim_matches('|').split(" | ");
        cells.map(|cell| cell.trim().split("; ").map(str::to_owned).collect()).collect()
    };
    let (found, published) = (cells(found), cells(published));
    found.len() == published.len()
        && found.iter().zip(&published).all(|(found, published)| {
            let is_due =
                |cell: &String| is_whole && !["nothing", "0", "right"].contains(&&cell[..]);
            found.is_subset(published) && !published.difference(found).any(is_due)
        })
}

/// Plays some cases of a row, or all; what the matrix says of it.
fn played(example: &Example, Row { kind, edit, cases }: &Row, n_sampled: usize) -> String {
    let stride = if is_slow() { 1 } else { cases.len().div_ceil(n_sampled) | 1 };
    let mut outcome = Outcome::default();
    for (n, at) in cases.iter().step_by(stride).enumerate() {
        let what = match &at.1 {
            Edit::Flip(byte, bits) => format!("byte {byte} ^ {bits}"),
            Edit::Cut(end) => format!("{end} bytes"),
            Edit::Gone | Edit::Put(_) => format!("case {n}"),
        };
        let case = format!("{kind}, {edit}: {}, {what}", at.0);
        outcome.add(example.play(kind, at, &case));
        if n == 0 && is_slow() {
            example.run(kind, at, &case);
        }
    }
    row_of(kind, edit, &outcome.cells())
}

/// Which of two threads plays each row, so that both have about as many cases.
fn turns(rows: &[Row]) -> Vec<usize> {
    let mut n_cases = [0, 0];
    let mut turn = |row: &Row| {
        let turn = usize::from(n_cases[1] < n_cases[0]);
        n_cases[turn] += row.cases.len();
        turn
    };
    rows.iter().map(&mut turn).collect()
}

/// Plays the rows whose turn it is, each with its number.
fn played_in_turn(turn: usize, turns: &[usize]) -> Vec<(usize, String)> {
    let (example, large) = (Example::new(grow), Example::large());
    assert_eq!(example.truth.len(), 8);
    let (own, of_chunks) = (example.rows(), large.packs_of_chunks());
    assert_eq!(own.len() + of_chunks.len(), turns.len());
    let own = own.iter().map(|row| (&example, row, 2));
    let rows = own.chain(of_chunks.iter().map(|row| (&large, row, 1)));
    let in_turn = rows.zip(turns).enumerate().filter(|(_, (_, its))| **its == turn);
    let found =
        in_turn.map(|(n, ((example, row, n_sampled), _))| (n, played(example, row, n_sampled)));
    let found = found.collect();
    for example in [&example, &large] {
        let defects = example.defects.take();
        assert!(defects.is_empty(), "{defects:#?}");
    }
    found
}

#[test]
fn i15_every_edit_of_every_file_is_named_or_does_not_matter() {
    let mut rows = Example::new(grow).rows();
    rows.extend(Example::large().packs_of_chunks());
    let turns = turns(&rows);
    let mut found = thread::scope(|scope| {
        let threads = [0, 1].map(|turn| {
            let turns = &turns;
            scope.spawn(move || played_in_turn(turn, turns))
        });
        threads.map(|thread| thread.join().unwrap()).concat()
    });
    found.sort();
    let found: Vec<String> = found.into_iter().map(|(_, row)| row).collect();
    let published = published("## Every file");
    let fit = published.len() == found.len()
        && found.iter().zip(&published).all(|(found, published)| fits(found, published));
    assert!(
        fit,
        "the matrix of files in docs/tamper.md is to be (all of it with ARCHIVE_SLOW=1):\n{}",
        found.join("\n")
    );
}
