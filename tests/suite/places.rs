//! Where the catalog and the stat cache lie, and that an archive in somebody else's folder, or in one that
//! cannot be written, is as good as one's own.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
};

use crate::common::sandbox::{Ran, Sandbox, skip};

const NOBODY: u32 = 65534;

fn example() -> Sandbox {
    let sandbox = Sandbox::new();
    for text in ["Ferries sail at noon.", "Ferries sail at one."] {
        sandbox.write("notice.txt", text);
        sandbox.run(["add", "-q", "notice.txt"]).expect(0);
    }
    sandbox
}

fn catalog_of(sandbox: &Sandbox, words: &[&str]) -> (PathBuf, String) {
    let line = &sandbox.json([words, &["stats"]].concat())[0];
    let text = |name: &str| line[name].as_str().unwrap().to_owned();
    (text("catalog_path").into(), text("catalog_in"))
}

fn is_root() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !is_root {
        skip("only root can work in somebody else's folder");
    }
    is_root
}

fn every_path(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut all) = (vec![folder.to_owned()], vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            all.push(path);
        }
    }
    all
}

#[test]
fn the_catalog_lies_with_the_archive_or_where_it_is_told() {
    let sandbox = example();
    let store = sandbox.store().canonicalize().unwrap();
    let (path, word) = catalog_of(&sandbox, &[]);
    assert_eq!((path, &*word), (store.join("catalog.sqlite"), "archive"));
    let (path, word) = catalog_of(&sandbox, &["--catalog", "elsewhere"]);
    assert!(path.starts_with(sandbox.at("elsewhere").canonicalize().unwrap()), "{path:?}");
    assert!(path.is_file() && word == "named");
    let mut ls = sandbox.command(["ls"]);
    Ran::of(ls.env("ARCHIVE_CATALOG", sandbox.at("by-variable"))).expect(0).answers("notice.txt\n");
    assert_eq!(fs::read_dir(sandbox.at("by-variable")).unwrap().count(), 1);
    let text = sandbox.run(["--catalog", "elsewhere", "stats"]).text();
    assert!(text.contains("\ncatalog    "), "{text}");
    let taken = Ran::of(sandbox.command(["ls", "--catalog", "notice.txt"]).arg("-q"));
    taken.expect(2).says("notice.txt is not a folder");
}

/// Two users of an archive, or two machines, have a catalog each. One of them compacts, and the packs that
/// the other's catalog speaks of are gone while the journal is the same.
#[test]
fn a_catalog_elsewhere_follows_what_others_do() {
    let sandbox = example();
    let there = ["--catalog", "there"];
    let elsewhere = |words: &[&str]| sandbox.run([&there, words].concat());
    elsewhere(&["cat", "notice.txt@1"]).expect(0).answers("Ferries sail at noon.");
    sandbox.run(["compact", "-q", "--all"]).expect(0);
    elsewhere(&["cat", "notice.txt@1"]).expect(0).answers("Ferries sail at noon.");
    elsewhere(&["audit", "-q"]).expect(0);
    sandbox.write("notice.txt", "Ferries do not sail.");
    elsewhere(&["add", "-q", "notice.txt"]).expect(0);
    sandbox.run(["cat", "notice.txt"]).expect(0).answers("Ferries do not sail.");
    elsewhere(&["compact", "-q", "--all"]).expect(0);
    // Its catalog still names the packs that went.
    sandbox.write("notice.txt", "Ferries sail again.");
    elsewhere(&["add", "-q", "notice.txt"]).expect(0);
    for revision in ["1", "2", "3", "4"] {
        let words = ["cat".to_owned(), format!("notice.txt@{revision}")];
        let one = sandbox.run(&words).expect(0);
        elsewhere(&[&*words[0], &*words[1]]).expect(0).answers(one.out);
    }
    sandbox.run(["audit", "-q"]).expect(0);
    elsewhere(&["audit", "-q"]).expect(0);
}

#[test]
fn an_archive_that_cannot_be_written_has_its_catalog_in_the_cache() {
    let sandbox = example();
    let store = sandbox.store();
    let lines = format!(
        "mount --bind {store:?} {store:?}
         mount -o remount,bind,ro {store:?}
         archive ls
         archive cat notice.txt@1
         archive stats
         rm -r ~/.cache
         XDG_CACHE_HOME=/proc/none archive cat notice.txt@1
         umount {store:?}"
    );
    let Some(output) = sandbox.in_namespace(&lines) else { return };
    assert!(output.contains("notice.txt\n[ls: 0]\n"), "{output}");
    assert_eq!(output.matches("Ferries sail at noon.[cat: 0]\n").count(), 2, "{output}");
    assert!(output.contains(".cache/archive/"), "{output}");
    assert!(output.contains(", since the archive cannot be written\n"), "{output}");
}

#[test]
fn the_stat_cache_is_no_part_of_the_archive_and_a_torn_one_is_made_anew() {
    let sandbox = example();
    let named = |folder: &Path| {
        let is_stats = |path: &PathBuf| path.to_string_lossy().contains("stats.sqlite");
        every_path(folder).into_iter().filter(is_stats).collect::<Vec<_>>()
    };
    // A file that has only just changed is not remembered.
    std::thread::sleep(std::time::Duration::from_millis(50));
    sandbox.run(["add", "-q", "notice.txt"]).expect(0);
    assert_eq!(named(&sandbox.store()), [""; 0].map(PathBuf::from));
    let files = named(&sandbox.home().join(".cache/archive"));
    assert!(!files.is_empty());
    for bytes in [&b""[..], b"nonsense", &[0; 9000], b"SQLite format 3\0 and no more"] {
        for file in &files {
            fs::write(file, bytes).unwrap();
        }
        sandbox.run(["add", "-n", "notice.txt"]).expect(0);
        sandbox.write("notice.txt", "changed");
        sandbox.run(["add", "-q", "notice.txt"]).expect(0).expect_quiet();
        sandbox.run(["cat", "notice.txt"]).answers("changed");
        sandbox.write("notice.txt", "Ferries sail at one.");
        sandbox.run(["add", "-q", "notice.txt"]).expect(0).expect_quiet();
        sandbox.run(["cat", "notice.txt"]).answers("Ferries sail at one.");
    }
}

/// A stat tells which content a file had, not as which event: events come anew when an older copy of the
/// archive is put back.
#[test]
fn a_stat_remembered_passes_over_nothing_in_an_archive_put_back() {
    let sandbox = Sandbox::new();
    let copy = sandbox.at("copy");
    let cp = |from: &Path, to: &Path| {
        let _ = fs::remove_dir_all(to);
        assert!(sandbox.other("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
    };
    cp(&sandbox.store(), &copy);
    sandbox.write("d/notice.txt", "the old text");
    std::thread::sleep(std::time::Duration::from_millis(50));
    sandbox.run(["add", "-q", "d"]).expect(0);
    cp(&copy, &sandbox.store());
    fs::remove_dir_all(sandbox.home().join(".local/state")).unwrap();
    sandbox.write("other", "another text");
    sandbox.run(["add", "-q", "other", "--as", "d/notice.txt"]).expect(0);
    sandbox.run(["add", "-q", "d"]).expect(0);
    sandbox.run(["cat", "d/notice.txt"]).answers("the old text");
}

#[test]
fn root_leaves_nothing_that_the_owner_cannot_write() {
    if !is_root() {
        return;
    }
    let sandbox = example();
    sandbox.open_to_all();
    for path in every_path(&sandbox.store()) {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let catalog = sandbox.store().join("catalog.sqlite");
    fs::remove_file(sandbox.store().join("lock")).unwrap();
    for verb in [&["ls"][..], &["cat", "notice.txt"], &["stats"], &["audit", "-q"]] {
        sandbox.run(verb).expect(0);
        assert!(!sandbox.store().join("lock").exists(), "{verb:?}: a reader makes nothing");
    }
    fs::remove_file(catalog).unwrap();
    sandbox.run(["ls"]).expect(0);
    assert_eq!(catalog_of(&sandbox, &[]).1, "cache");
    sandbox.write("notice.txt", "Ferries do not sail.");
    for verb in [&["add", "-q", "notice.txt"][..], &["compact", "-q", "--all"], &["rebuild", "-q"]]
    {
        sandbox.run(verb).expect(0);
    }
    for path in every_path(&sandbox.store()) {
        let found = fs::symlink_metadata(&path).unwrap();
        assert_eq!((found.uid(), found.gid()), (NOBODY, NOBODY), "{path:?}");
    }
    sandbox.write("notice.txt", "Ferries sail again.");
    for path in every_path(&sandbox.home()) {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    for words in [&["add", "-q", "notice.txt"][..], &["audit", "-q"], &["compact", "-q", "--all"]] {
        let Some(mut command) = sandbox.as_nobody(words) else { return };
        Ran::of(&mut command).expect(0).expect_quiet();
    }
}

/// `sudo` keeps the home of whoever calls it.
#[test]
fn root_in_somebodys_home_leaves_nothing_that_they_cannot_write() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::bare();
    chown(sandbox.home(), Some(NOBODY), Some(NOBODY)).unwrap();
    sandbox.run(["init", "-q"]).expect(0);
    sandbox.write("notice.txt", "Ferries sail at noon.");
    sandbox.run(["add", "-q", "notice.txt"]).expect(0);
    for path in every_path(&sandbox.home()) {
        assert_eq!(fs::symlink_metadata(&path).unwrap().uid(), NOBODY, "{path:?}");
    }
}

/// A withdrawal left the words in a catalog that lay below the archive's folder, and found nothing of them.
#[test]
fn neither_a_catalog_nor_an_archive_is_made_where_something_of_ours_lies() {
    let sandbox = example();
    sandbox.run(["init", "-q", "other"]).expect(0);
    let before = (Sandbox::tree(&sandbox.store()), Sandbox::tree(&sandbox.at("other")));
    let ours = sandbox.home().join(".config/archive/new");
    let store = sandbox.store();
    for folder in [&store, &store.join("packs"), &store.join("new/x"), &sandbox.at("other"), &ours]
    {
        let words = [Path::new("ls"), Path::new("--catalog"), folder];
        sandbox.run(words).expect(2).says("no catalog is kept in ");
    }
    sandbox.run(["init", "-q", "third", "--catalog", "third/catalogs"]).expect(2);
    assert!(!sandbox.at("third").exists());
    for folder in [".cache/archive/new", ".local/state/archive/new", ".config/archive/new"] {
        let folder = sandbox.home().join(folder);
        for verb in ["copy", "init"] {
            let ran = sandbox.run([Path::new(verb), &folder]).expect(2);
            ran.says("no archive is made at ").says("this program");
        }
        assert!(!folder.exists(), "{folder:?}");
    }
    assert!(before == (Sandbox::tree(&sandbox.store()), Sandbox::tree(&sandbox.at("other"))));
}
