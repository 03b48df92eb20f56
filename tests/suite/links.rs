//! Nothing outside an archive is written or read: what lies in the place of one of its files or folders and is
//! neither is refused by every verb, in a sentence that names it.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::Command,
};

use crate::common::sandbox::{Ran, Sandbox, is_slow, program};

/// Every verb that reads or writes, in an order in which the later ones have something to do.
const VERBS: [&[&str]; 12] = [
    &["ls"],
    &["cat", "notice.txt"],
    &["log"],
    &["show", "notice.txt"],
    &["diff", "notice.txt"],
    &["similar", "notice.txt"],
    &["stats"],
    &["export", "-o", "out"],
    &["add", "-q", "."],
    &["compact", "--all"],
    &["rebuild"],
    &["audit"],
];

/// What can lie where a file or folder belongs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Intruder {
    LinkToFile,
    LinkToFolder,
    LinkToNothing,
    Pipe,
    Socket,
    Folder,
}

use Intruder::{Folder, LinkToFile, LinkToFolder, LinkToNothing, Pipe, Socket};

const INTRUDERS: [Intruder; 6] = [LinkToFile, LinkToFolder, LinkToNothing, Pipe, Socket, Folder];

impl Intruder {
    /// Puts it in the place of `path`; links lead outside.
    fn take_the_place_of(self, path: &Path, outside: &Path) {
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
            fs::remove_dir_all(path).unwrap();
        } else {
            let _ = fs::remove_file(path);
        }
        match self {
            LinkToFile => symlink(outside.join("letter.txt"), path).unwrap(),
            LinkToFolder => symlink(outside, path).unwrap(),
            LinkToNothing => symlink(outside.join("made-by-nobody"), path).unwrap(),
            Pipe => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
            Socket => drop(UnixListener::bind(path).unwrap()),
            Folder => fs::create_dir(path).unwrap(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            LinkToFile | LinkToFolder | LinkToNothing => "it is a symbolic link",
            Pipe => "it is a named pipe",
            Socket => "it is a socket",
            Folder => "it is a folder",
        }
    }
}

/// An archive with two revisions, and a folder beside it that nobody may touch.
fn example() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    for text in ["Ferries sail at noon.", "Ferries sail at one."] {
        sandbox.write("notice.txt", text);
        sandbox.run(["add", "-q", "notice.txt"]).expect(0);
    }
    let outside = sandbox.home().join("outside");
    fs::create_dir_all(outside.join("000")).unwrap();
    for name in ["letter.txt", "000/000", "catalog.sqlite"] {
        fs::write(outside.join(name), "dear").unwrap();
    }
    (sandbox, outside)
}

/// Everything below a folder, and when it last changed.
fn state(folder: &Path) -> Vec<(PathBuf, Vec<u8>, i64, i64)> {
    let stamped = |(name, bytes): (PathBuf, Vec<u8>)| {
        let found = fs::symlink_metadata(folder.join(&name)).unwrap();
        (name, bytes, found.mtime(), found.mtime_nsec())
    };
    let mut all: Vec<_> = Sandbox::tree(folder).into_iter().map(stamped).collect();
    let own = fs::metadata(folder).unwrap();
    all.push((PathBuf::new(), Vec::new(), own.mtime(), own.mtime_nsec()));
    all
}

/// One object of each kind in the archive, and every folder.
fn objects(store: &Path) -> Vec<(String, bool)> {
    let (mut folders, mut found) = (vec![PathBuf::new()], Vec::new());
    while let Some(folder) = folders.pop() {
        let mut has_file = false;
        let mut names: Vec<_> =
            fs::read_dir(store.join(&folder)).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        for name in names {
            let path = folder.join(name);
            let is_folder = store.join(&path).is_dir();
            // Of files that lie together one stands for all, but for those at the top.
            if is_folder || !has_file || folder.as_os_str().is_empty() || folder.ends_with("log") {
                found.push((path.to_str().unwrap().to_owned(), is_folder));
            }
            has_file |= !is_folder;
            if is_folder {
                folders.push(path);
            }
        }
    }
    found
}

#[track_caller]
fn run_bounded(sandbox: &Sandbox, words: &[&str], which: &str) -> Ran {
    let mut command = sandbox.other("timeout");
    command.arg("60").arg(program()).args(words);
    let ran = Ran::of(&mut command);
    assert!(ran.code.is_some_and(|code| code != 124), "{which}: {words:?} waits for ever");
    ran
}

#[test]
fn every_object_in_every_disguise_is_refused_and_nothing_outside_is_touched() {
    let (sandbox, outside) = example();
    let store = sandbox.store();
    let whole = sandbox.home().join("whole");
    let copy = |from: &Path, to: &Path| {
        let _ = fs::remove_dir_all(to);
        assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
    };
    copy(&store, &whole);
    let before = state(&outside);
    for (o, (name, is_folder)) in objects(&store).into_iter().enumerate() {
        let is_at_top = !name.contains('/');
        for (i, intruder) in INTRUDERS.into_iter().enumerate() {
            // Each intruder in the place of some object, each object replaced by some.
            let n = if is_at_top { 3 } else { INTRUDERS.len() };
            let is_tried = is_slow() || (o + i) % n == 0;
            if !is_tried || is_folder && intruder == Folder {
                continue;
            }
            let which = format!("{intruder:?} for {name}");
            let (mut n_refused, verbs) = (0, VERBS.len());
            copy(&whole, &store);
            intruder.take_the_place_of(&store.join(&name), &outside);
            for words in VERBS {
                let ran = run_bounded(&sandbox, words, &which);
                let text = ran.text();
                assert!(state(&outside) == before, "{which}: {words:?} changed something outside");
                assert!(!text.contains("dear"), "{which}: {words:?} read something outside");
                assert!(!ran.err.contains("panic"), "{which}: {words:?}\n{}", ran.err);
                let says = ran.err.contains(intruder.words()) || text.contains(intruder.words());
                if says {
                    assert_eq!(ran.code, Some(6), "{which}: {words:?}\n{}{text}", ran.err);
                    n_refused += 1;
                }
            }
            // What no verb needs to look at for its answer is no reason to refuse it; at the top all look. The copy of
            // the checkpoint is the audit's business, if nobody wrote it anew before.
            let is_copy = name == "log/checkpoint";
            assert!(
                if is_at_top { n_refused == verbs } else { n_refused > 0 || is_copy },
                "{which}: refused by {n_refused} verbs"
            );
        }
    }
}

#[test]
fn files_of_the_catalog_that_are_not_there_yet_are_looked_at_too() {
    let (sandbox, outside) = example();
    let store = sandbox.store();
    let before = state(&outside);
    for name in ["catalog.sqlite-wal", "catalog.sqlite-shm", "catalog.sqlite-journal"] {
        for intruder in INTRUDERS {
            let path = store.join(name);
            intruder.take_the_place_of(&path, &outside);
            let which = format!("{intruder:?} for {name}");
            for words in VERBS {
                let ran = run_bounded(&sandbox, words, &which);
                assert_eq!(ran.code, Some(6), "{which}: {words:?}\n{}", ran.err);
                let sentence = format!("{name} is damaged: {}", intruder.words());
                let said = ran.says(&sentence);
                if name.starts_with("catalog") {
                    said.says("remove it, and it is made anew");
                }
                assert!(state(&outside) == before, "{which}: {words:?}");
            }
            match intruder {
                Folder => fs::remove_dir(&path).unwrap(),
                _ => fs::remove_file(&path).unwrap(),
            }
        }
    }
    sandbox.run(["audit", "-q"]).expect(0);
}

#[test]
fn a_link_to_the_archive_itself_may_be_followed() {
    let (sandbox, _) = example();
    symlink(sandbox.store(), sandbox.at("link.archive")).unwrap();
    sandbox.write("notice.txt", "Ferries do not sail.");
    sandbox.run(["--store", "link.archive", "add", "-q", "notice.txt"]).expect(0).expect_quiet();
    sandbox.run(["--store", "link.archive", "cat", "notice.txt"]).answers("Ferries do not sail.");
    sandbox.run(["audit", "-q"]).expect(0);
    let beside = sandbox.store().join("catalog.sqlite").canonicalize().unwrap();
    let stats = &sandbox.json(["--store", "link.archive", "stats"])[0];
    assert_eq!(stats["catalog_path"], beside.to_str().unwrap());
}

#[test]
fn a_new_archive_is_made_through_no_link() {
    let sandbox = Sandbox::bare();
    let outside = sandbox.home().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("letter.txt"), "dear").unwrap();
    let before = state(&outside);
    for (name, target) in [("lock", outside.join("letter.txt")), ("log", outside.clone())] {
        fs::create_dir_all(sandbox.store()).unwrap();
        symlink(target, sandbox.store().join(name)).unwrap();
        sandbox.run(["init", "-q"]).expect(6).says("is damaged: it is a symbolic link");
        assert!(state(&outside) == before, "{name}");
        fs::remove_dir_all(sandbox.store()).unwrap();
    }
}

// A lock and the catalog's files are written in place: a hard link in the place of one was emptied or overwritten.
#[test]
fn i14_what_a_hard_link_has_in_common_with_the_archive_stays_as_it_is() {
    let (sandbox, outside) = example();
    let thesis = outside.join("letter.txt");
    for name in ["lock", "catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
        for verb in [&["ls"][..], &["add", "-q", "notice.txt"], &["rebuild"], &["audit"]] {
            let path = sandbox.store().join(name);
            let _ = fs::remove_file(&path);
            fs::hard_link(&thesis, &path).unwrap();
            sandbox.write("notice.txt", format!("{name} {verb:?}"));
            run_bounded(&sandbox, verb, name).expect(0);
            assert_eq!(fs::read(&thesis).unwrap(), b"dear", "{name}: {verb:?}");
        }
    }
    run_bounded(&sandbox, &["audit", "-q"], "afterwards").expect(0);
}

#[test]
fn copies_made_of_hard_links_are_archives_of_their_own() {
    let (sandbox, _) = example();
    let copy = sandbox.at("copy");
    let linked = Command::new("cp").arg("-al").arg(sandbox.store()).arg(&copy).status().unwrap();
    assert!(linked.success());
    let facts = |folder: &Path| -> Vec<_> {
        let is_fact = |name: &Path| !name.to_str().unwrap().starts_with("catalog");
        Sandbox::tree(folder).into_iter().filter(|(name, _)| is_fact(name)).collect()
    };
    let before = facts(&copy);
    sandbox.write("new.txt", "only here");
    sandbox.run(["add", "-q", "new.txt"]).expect(0);
    sandbox.run(["compact", "-q", "--all"]).expect(0);
    assert!(facts(&copy) == before, "a file with two names was written");
    let there = |words: &[&str]| Ran::of(sandbox.command(words).env("ARCHIVE_STORE", &copy));
    there(&["ls"]).expect(0).answers("notice.txt\n");
    there(&["cat", "notice.txt"]).expect(0).answers("Ferries sail at one.");
    there(&["audit", "-q"]).expect(6);
    sandbox.run(["ls"]).expect(0).answers("new.txt\nnotice.txt\n");
    sandbox.run(["audit", "-q"]).expect(0);
    for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
        let links = fs::metadata(sandbox.store().join(name)).map_or(1, |found| found.nlink());
        assert_eq!(links, 1, "{name}");
    }
}

// A pipe in the place of a folder of details had the catalog made anew, which then knew no names.
#[test]
fn what_lies_in_the_way_of_details_costs_no_name() {
    let (sandbox, _) = example();
    let details = sandbox.store().join("details/000");
    fs::rename(&details, sandbox.at("aside")).unwrap();
    assert!(Command::new("mkfifo").arg(&details).status().unwrap().success());
    for verb in [&["compact", "--all"][..], &["rebuild"]] {
        let ran = run_bounded(&sandbox, verb, "details/000").expect(6);
        ran.says("details/000 is damaged: it is a named pipe, and a folder belongs there");
        sandbox.run(["ls"]).expect(0).answers("notice.txt\n");
    }
    fs::remove_file(&details).unwrap();
    fs::rename(sandbox.at("aside"), &details).unwrap();
    sandbox.run(["audit", "-q"]).expect(0);
}

// The copy of the checkpoint is nothing that a reader goes by.
#[test]
fn what_lies_in_the_place_of_the_copy_of_the_checkpoint_is_for_the_audit() {
    let (sandbox, _) = example();
    let copy = sandbox.store().join("log/checkpoint");
    fs::remove_file(&copy).unwrap();
    assert!(Command::new("mkfifo").arg(&copy).status().unwrap().success());
    run_bounded(&sandbox, &["stats", "-q"], "log/checkpoint").expect(0);
    run_bounded(&sandbox, &["audit", "-q"], "log/checkpoint").expect(6);
}
