//! Catalogs that lead astray: whatever rows were taken out or changed, no fact is lost by who writes next.

use std::{
    fs,
    path::{Path, PathBuf},
};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        inspect::audit::{AuditScope, Code},
        maintain::compact::{CompressionLevels, Policy},
    },
    types::{digest::Digest, error::Error},
};
use rusqlite::Connection;

use crate::common::{add, compact, everything, init_in, is_slow, noise, open_in, sandbox::Sandbox};

/// Every document's name with the bytes of its revisions.
type Truth = Vec<(Vec<u8>, Vec<Vec<u8>>)>;

/// What is done to a catalog that is in step.
const EDITS: [&str; 25] = [
    "DELETE FROM revision WHERE event = 0",
    "DELETE FROM revision WHERE number > 1",
    "DELETE FROM revision",
    "DELETE FROM content WHERE id = 1",
    "DELETE FROM content WHERE id = (SELECT max(id) FROM content)",
    "DELETE FROM content",
    "DELETE FROM document WHERE id = 1",
    "DELETE FROM document WHERE id = (SELECT max(id) FROM document)",
    "DELETE FROM document",
    "DELETE FROM document; DELETE FROM revision; DELETE FROM content",
    "DELETE FROM pack WHERE key = (SELECT min(key) FROM pack)",
    "DELETE FROM pack",
    "DELETE FROM place WHERE pack = (SELECT min(key) FROM pack)",
    "DELETE FROM place",
    "DELETE FROM pack; DELETE FROM place",
    "DELETE FROM chunk",
    "DELETE FROM tile",
    "DELETE FROM feature; DELETE FROM sketch; DELETE FROM posting",
    "UPDATE revision SET content = 1",
    "UPDATE content SET digest = zeroblob(32), key = 0 WHERE id = 1",
    "UPDATE pack SET name = zeroblob(35), key = 0 WHERE key = (SELECT min(key) FROM pack)",
    "UPDATE place SET offset = offset + 1, bytes = bytes - 1",
    "UPDATE place SET pack = (SELECT max(key) FROM pack)",
    "UPDATE document SET revisions = 1",
    "INSERT INTO pack VALUES (1, zeroblob(35), 9, 9)",
];

/// What comes next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Tidy,
    Rewrite,
    Add,
}

const ALL_NEXT: [Next; 3] = [Next::Tidy, Next::Rewrite, Next::Add];

/// What is added afterwards: a next revision of each document but one, and a new document.
fn later() -> Vec<(&'static str, Vec<u8>)> {
    let names = ["a.txt", "b.txt", "big.bin", "new.txt"];
    names.into_iter().map(|name| (name, [name.as_bytes(), &noise(77, 3000)].concat())).collect()
}

/// An archive with chains over several packs, a pack that is dead and a large content.
fn build(path: &Path) -> Truth {
    let mut archive = init_in(path);
    let (one, other) = (noise(1, 6000), noise(2, 6000));
    // A large one, cut into chunks, only where there is time.
    let big = noise(3, if is_slow() { (4 << 20) + 1000 } else { 1000 });
    add(&mut archive, 1, &[("a.txt", &one), ("b.txt", &other), ("big.bin", &big)]).unwrap();
    add(&mut archive, 2, &[("a.txt", &[&one[..], b"more"].concat())]).unwrap();
    add(&mut archive, 3, &[("a.txt", &[&one[..], b"and more"].concat()), ("c", b"c")]).unwrap();
    add(&mut archive, 4, &[("b.txt", &[&other[..], &one].concat()), ("d.txt", &one)]).unwrap();
    everything(&archive)
}

/// A copy of an archive, its catalog edited.
fn edited(of: &Path, edit: &str) -> tempfile::TempDir {
    let folder = copy(of);
    let db = Connection::open(folder.path().join("catalog.sqlite")).unwrap();
    db.execute_batch(edit).unwrap();
    db.close().unwrap();
    folder
}

fn copy(of: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in Sandbox::tree(of) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn go_on(archive: &mut Archive, next: Next) -> Result<(), Error> {
    let all = Policy::Rewrite(CompressionLevels::all(1), 1);
    match next {
        Next::Tidy => compact(archive, Policy::Tidy).map(drop),
        Next::Rewrite => compact(archive, all).map(drop),
        Next::Add => {
            let later = later();
            let later: Vec<(&str, &[u8])> =
                later.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
            add(archive, 9, &later)
        }
    }
}

/// That an archive holds what it held, and what was added.
fn judge(path: &Path, truth: &Truth, next: Next, what: &str) {
    let mut expected = truth.clone();
    for (name, bytes) in matches!(next, Next::Add).then(later).into_iter().flatten() {
        match expected.iter_mut().find(|(known, _)| known == name.as_bytes()) {
            Some((_, revisions)) => revisions.push(bytes),
            None => expected.push((name.as_bytes().to_vec(), vec![bytes])),
        }
    }
    expected.sort();
    let mut archive = open_in(path);
    let audit = |archive: &Archive| {
        archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {}).unwrap()
    };
    // What was edited may still be so; everything else is whole.
    let findings = audit(&archive).findings;
    let is_drift = |code: Code| matches!(code, Code::CatalogDrift | Code::CatalogRemade);
    assert!(findings.iter().all(|finding| is_drift(finding.code)), "{what}: {findings:#?}");
    archive.rebuild("test").unwrap();
    assert!(everything(&archive) == expected, "{what}: not what was recorded");
    let report = audit(&archive);
    assert!(report.is_sound() && report.findings.is_empty(), "{what}: {:#?}", report.findings);
}

/// Which of the cases run: each edit with one thing that comes next, in full with each.
fn nexts(n: usize) -> Vec<Next> {
    if is_slow() { ALL_NEXT.to_vec() } else { vec![ALL_NEXT[n % 3]] }
}

#[test]
fn i5_no_row_that_is_missing_or_wrong_loses_a_fact() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("archive");
    let truth = build(&path);
    for (n, edit) in EDITS.into_iter().enumerate() {
        for next in nexts(n) {
            let what = format!("{edit}, then {next:?}");
            let folder = edited(&path, edit);
            let mut archive = open_in(folder.path());
            go_on(&mut archive, next).unwrap_or_else(|error| panic!("{what}: {error}"));
            drop(archive);
            judge(folder.path(), &truth, next, &what);
        }
    }
}

/// The catalog of an earlier day, alone and beside the log of a later one.
#[test]
fn i5_no_catalog_of_an_earlier_day_loses_a_fact() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let truth = build(&path);
    let early = copy(&path);
    let catalog = |folder: &Path| folder.join("catalog.sqlite");
    let early_bytes = fs::read(catalog(early.path())).unwrap();
    // As long as somebody has it open, its log stays.
    let reader = Connection::open(catalog(&path)).unwrap();
    let _: i64 = reader.query_row("SELECT count(*) FROM pack", [], |row| row.get(0)).unwrap();
    let mut archive = open_in(&path);
    add(&mut archive, 5, &[("e.txt", b"e"), ("a.txt", b"another a")]).unwrap();
    drop(archive);
    let log = fs::read(path.join("catalog.sqlite-wal")).unwrap();
    assert!(!log.is_empty());
    drop(reader);
    let mut truth = truth;
    truth.push((b"e.txt".to_vec(), vec![b"e".to_vec()]));
    truth.iter_mut().find(|(name, _)| name == b"a.txt").unwrap().1.push(b"another a".to_vec());
    for has_log in [false, true] {
        for next in ALL_NEXT {
            let folder = copy(&path);
            for end in ["-wal", "-shm"] {
                let _ = fs::remove_file(folder.path().join(format!("catalog.sqlite{end}")));
            }
            fs::write(catalog(folder.path()), &early_bytes).unwrap();
            if has_log {
                fs::write(folder.path().join("catalog.sqlite-wal"), &log).unwrap();
            }
            let mut archive = open_in(folder.path());
            go_on(&mut archive, next).unwrap();
            drop(archive);
            judge(folder.path(), &truth, next, &format!("log: {has_log}, then {next:?}"));
        }
    }
}

#[test]
fn i5_commands_on_a_catalog_without_rows_say_nothing_wrong() {
    let cases = [
        ("DELETE FROM revision WHERE number = 2", "compact"),
        ("DELETE FROM content WHERE id = 1", "add"),
        ("DELETE FROM content WHERE id = 2", "compact"),
        ("DELETE FROM revision WHERE number = 1", "add"),
    ];
    for (edit, verb) in cases.into_iter().take(if is_slow() { 4 } else { 2 }) {
        let sandbox = Sandbox::with_two_revisions();
        let before = sandbox.run(["cat", "d/a.txt@1"]).expect(0).out;
        edit_catalog(&sandbox, edit);
        sandbox.write("d/a.txt", "third\n");
        match verb {
            "add" => sandbox.run(["add", "d"]).expect(0).says("1 new revision"),
            _ => sandbox.run(["compact", "--all"]).expect(0).says("written anew"),
        };
        sandbox.run(["add", "-q", "d"]).expect(0).expect_quiet();
        sandbox.run(["cat", "d/a.txt@1"]).expect(0).answers(&before);
        sandbox.run(["cat", "d/a.txt@3"]).expect(0).answers("third\n");
        sandbox.run(["audit", "-q"]).expect(0);
    }
}

/// Exchanges the names of two documents.
const SWAP: &str = "UPDATE document SET name = 'tmp' WHERE name = 'd/b.txt';
    UPDATE document SET name = 'd/b.txt' WHERE name = 'd/c.txt';
    UPDATE document SET name = 'd/c.txt' WHERE name = 'tmp'";

fn sandbox_of_three() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.write(format!("d/{name}.txt"), format!("the words of {name}\n"));
    }
    sandbox.run(["add", "-q", "d"]).expect(0);
    sandbox
}

fn edit_catalog(sandbox: &Sandbox, edit: &str) {
    let db = Connection::open(sandbox.store().join("catalog.sqlite")).unwrap();
    db.execute_batch(edit).unwrap();
    db.close().unwrap();
}

#[test]
fn a_withdrawal_takes_what_was_meant_whatever_the_catalog_says() {
    let all = |of: &str| {
        format!("{of} WHERE document = (SELECT id FROM document WHERE name = 'd/b.txt')")
    };
    for edit in [SWAP, &all("DELETE FROM revision"), &all("UPDATE revision SET content = 1")] {
        let sandbox = sandbox_of_three();
        edit_catalog(&sandbox, edit);
        let ran = sandbox.run(["withdraw", "d/b.txt", "--reason", "legal"]).expect(0);
        assert!(ran.err.contains("the catalog is made anew"), "{edit}: {}", ran.err);
        sandbox.run(["cat", "d/b.txt"]).expect(4);
        sandbox.run(["cat", "d/a.txt"]).expect(0).answers("the words of a\n");
        sandbox.run(["cat", "d/c.txt"]).expect(0).answers("the words of c\n");
        sandbox.run(["audit", "-q"]).expect(0);
    }
}

/// Two names that were exchanged; new bytes that are claimed to be there; a document of which nothing is left.
#[test]
fn what_is_added_goes_where_it_belongs_whatever_the_catalog_says() {
    let digest = Digest::of(b"new words of b\n");
    let hex: String = digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let key = i64::from_be_bytes(*digest.as_bytes().first_chunk().unwrap());
    let claimed = format!(
        "UPDATE content SET digest = x'{hex}', key = {key} WHERE id = (SELECT content FROM revision
         JOIN document ON document.id = revision.document WHERE name = 'd/b.txt')"
    );
    let forgotten = "DELETE FROM content WHERE id = 3; DELETE FROM revision WHERE document = 3;
        DELETE FROM document WHERE id = 3; UPDATE meta SET value = 2 WHERE name = 'revisions'";
    let verbs: [&[&str]; 4] = [
        &["add", "-q", "d"],
        &["add", "-q", "d", "--force"],
        &["note", "d/b.txt", "--source", "the post"],
        &["rename", "d/b.txt", "d/e.txt"],
    ];
    for edit in [SWAP, &claimed, forgotten] {
        for verb in verbs {
            let sandbox = sandbox_of_three();
            edit_catalog(&sandbox, edit);
            sandbox.write("d/b.txt", "new words of b\n");
            let ran = sandbox.run(verb);
            if ran.code == Some(4) {
                // It was asked for a document that the catalog had under another name.
                sandbox.run(verb).expect(0);
            }
            let (name, now) = match verb[0] {
                "add" => ("d/b.txt", "new words of b\n"),
                "rename" => ("d/e.txt", "the words of b\n"),
                _ => ("d/b.txt", "the words of b\n"),
            };
            sandbox.run(["cat", name]).expect(0).answers(now);
            sandbox.run(["cat", &format!("{name}@1")]).expect(0).answers("the words of b\n");
            sandbox.run(["cat", "d/c.txt"]).expect(0).answers("the words of c\n");
            let ran = sandbox.run(["audit"]).expect(0);
            assert!(!ran.err.contains("CATALOG"), "{edit}, then {verb:?}: {}", ran.err);
            assert_eq!(
                sandbox.run(["ls"]).expect(0).out.iter().filter(|&&b| b == b'\n').count(),
                3,
                "{edit}, {verb:?}"
            );
        }
    }
}

/// Readers blamed the packs for what the catalog had lost.
#[test]
fn who_reads_finds_what_the_catalog_has_lost() {
    for edit in [
        "DELETE FROM place",
        "UPDATE place SET offset = offset + 1",
        "DELETE FROM revision WHERE number = 2",
        "DELETE FROM revision; DELETE FROM content",
    ] {
        let sandbox = Sandbox::with_two_revisions();
        let second = sandbox.run(["cat", "d/a.txt"]).expect(0).out;
        edit_catalog(&sandbox, edit);
        sandbox.run(["cat", "d/a.txt"]).expect(0).answers(&second);
        edit_catalog(&sandbox, edit);
        sandbox.run(["ls", "d/a.txt"]).expect(0).answers("d/a.txt\n");
        edit_catalog(&sandbox, edit);
        sandbox.run(["export", "-q", "-o", "out"]).expect(0);
        assert_eq!(std::fs::read(sandbox.at("out/d/a.txt")).unwrap(), second, "{edit}");
    }
}
