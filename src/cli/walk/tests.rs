use super::*;
use crate::cli::location::Environment;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

/// A folder to walk; `lines` shows each candidate as one line with paths from there.
struct TestTree {
    folder: tempfile::TempDir,
}

impl TestTree {
    fn new(files: &[&str]) -> Self {
        let tree = Self { folder: tempfile::tempdir().unwrap() };
        files.iter().for_each(|path| tree.write(path, "text"));
        tree
    }

    fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Names come out below the prefix `d`, because `--as d` stands for the temporary folder.
    fn lines(&self, roots: &[&str], mut options: Options) -> Vec<String> {
        if options.naming.as_name.is_none() {
            options.naming.as_name = Some(name("d"));
        }
        let roots: Vec<_> = roots.iter().map(|root| Ok(self.at(root))).collect();
        Walk::new(roots.into_iter(), options).map(|candidate| self.line(candidate)).collect()
    }

    fn line(&self, candidate: WalkItem) -> String {
        let shown = |path: PathBuf| {
            path.strip_prefix(self.folder.path()).unwrap_or(&path).display().to_string()
        };
        match candidate {
            WalkItem::Found(FoundFile { name, what: What::File(_), .. }) => {
                name.text().into_owned()
            }
            WalkItem::Found(FoundFile { name, what: What::Symlink(target), .. }) => {
                format!("{} -> {}", name.text(), String::from_utf8_lossy(&target))
            }
            WalkItem::Skipped { path, reason } => format!("{}: {}", shown(path), reason.words()),
            WalkItem::Unreadable(Unreadable { path, error }) => {
                format!("{}! {error}", shown(path))
            }
        }
    }
}

fn name(text: &str) -> DocName {
    DocName::new(text).unwrap()
}

fn excluding(globs: &[&str]) -> Options {
    let globs: Vec<_> = globs.iter().map(|glob| (*glob).to_owned()).collect();
    Options { rules: CommandRules::new(&globs, &[]).unwrap(), ..Options::default() }
}

#[test]
fn everything_is_found_in_the_order_of_names() {
    let tree = TestTree::new(&["b", ".hidden", "a.txt", "a/z", "a/.x/y", ".git/config", "B"]);
    tree.write(".gitignore", "b\n");
    assert_eq!(
        tree.lines(&[""], Options::default()),
        [
            "d/.git/config",
            "d/.gitignore",
            "d/.hidden",
            "d/B",
            "d/a/.x/y",
            "d/a/z",
            "d/a.txt",
            "d/b"
        ]
    );
}

#[test]
fn odd_names_pass_through() {
    let tree = TestTree::new(&["two\nlines", "tab\there", &"x".repeat(255)]);
    let raw = std::ffi::OsStr::from_bytes(b"caf\xe9");
    tree.write(raw, "text");
    let roots = [Ok(tree.at(""))].into_iter();
    let naming = Naming { as_name: Some(name("d")), prefix: None };
    let names: Vec<_> = Walk::new(roots, Options { naming, ..Options::default() })
        .map(|candidate| match candidate {
            WalkItem::Found(found) => found.name.as_bytes()[2..].to_vec(),
            other => panic!("{other:?}"),
        })
        .collect();
    let long = "x".repeat(255).into_bytes();
    assert_eq!(names, [b"caf\xe9".to_vec(), b"tab\there".to_vec(), b"two\nlines".to_vec(), long]);
}

#[test]
fn a_stat_describes_the_file() {
    let tree = TestTree::new(&["a"]);
    let candidate = Walk::new([Ok(tree.at("a"))].into_iter(), Options::default()).next().unwrap();
    let WalkItem::Found(found) = candidate else { panic!("{candidate:?}") };
    let What::File(file) = &found.what else { panic!("{found:?}") };
    assert_eq!(found.stat, PathStat::of(&file.open().unwrap().metadata().unwrap()));
    assert_eq!((found.stat.size, found.stat.kind), (4, FileKind::File));
}

#[test]
fn links_are_recorded_and_never_followed() {
    let tree = TestTree::new(&["real/file"]);
    symlink("real", tree.at("to-folder")).unwrap();
    symlink("..", tree.at("real/up")).unwrap();
    symlink("loop", tree.at("loop")).unwrap();
    symlink("nowhere", tree.at("dangling")).unwrap();
    assert_eq!(
        tree.lines(&[""], Options::default()),
        [
            "d/dangling -> nowhere",
            "d/loop -> loop",
            "d/real/file",
            "d/real/up -> ..",
            "d/to-folder -> real"
        ]
    );
    assert_eq!(tree.lines(&["to-folder"], Options::default()), ["d -> real"]);
}

#[test]
fn what_is_no_document_is_skipped_with_its_reason() {
    let tree = TestTree::new(&["small"]);
    tree.write("large", "more than four");
    assert!(Command::new("mkfifo").arg(tree.at("pipe")).status().unwrap().success());
    let _socket = UnixListener::bind(tree.at("socket")).unwrap();
    let options = Options { size_max: Some(4), ..Options::default() };
    assert_eq!(
        tree.lines(&["", "pipe", "/dev/null"], options),
        [
            "large: larger than --max-size",
            "pipe: named pipe",
            "d/small",
            "socket: socket",
            "pipe! it is a named pipe, which is no document",
            "/dev/null! it is a device, which is no document"
        ]
    );
}

#[test]
fn rules_exclude_and_take_back_in() {
    let tree = TestTree::new(&["a.tmp", "keep.tmp", "top/x", "sub/top/x", "sub/b.tmp", "sub/c"]);
    assert_eq!(
        tree.lines(&[""], excluding(&["*.tmp", "!keep.tmp", "/top"])),
        [
            "a.tmp: excluded by a rule",
            "d/keep.tmp",
            "sub/b.tmp: excluded by a rule",
            "d/sub/c",
            "d/sub/top/x",
            "top: excluded by a rule"
        ]
    );
}

#[test]
fn a_path_named_is_taken_whatever_the_rules_say() {
    let tree = TestTree::new(&["a.tmp", "t.tmp/b.tmp", "t.tmp/c"]);
    assert_eq!(tree.lines(&["a.tmp"], excluding(&["*.tmp"])), ["d"]);
    assert_eq!(
        tree.lines(&["t.tmp"], excluding(&["*.tmp"])),
        ["t.tmp/b.tmp: excluded by a rule", "d/c"]
    );
}

#[test]
fn the_deepest_rule_file_wins_and_the_command_line_over_all() {
    let tree = TestTree::new(&["a.log", "sub/a.log", "sub/b.log", "sub/deep/a.log"]);
    tree.write(".archiveignore", "*.log\n.archiveignore\n");
    tree.write("sub/.archiveignore", "!a.log\n/deep/\n");
    assert_eq!(
        tree.lines(&[""], Options::default()),
        [
            ".archiveignore: excluded by a rule",
            "a.log: excluded by a rule",
            "sub/.archiveignore: excluded by a rule",
            "d/sub/a.log",
            "sub/b.log: excluded by a rule",
            "sub/deep: excluded by a rule"
        ]
    );
    let lines = tree.lines(&[""], excluding(&["!b.log", "!deep", ".archiveignore"]));
    assert!(lines.contains(&"d/sub/b.log".to_owned()), "{lines:?}");
    assert!(lines.contains(&"d/sub/deep/a.log".to_owned()), "{lines:?}");
}

#[test]
fn git_rules_hold_only_when_asked_for() {
    let tree =
        TestTree::new(&[".git/config", "a.o", "docs/b.o", "docs/c", "docs/private", "docs/.git"]);
    tree.write(".gitignore", "*.o\n.gitignore\n");
    tree.write(".git/info/exclude", "private\n");
    let options = || Options { git: true, ..Options::default() };
    assert_eq!(
        tree.lines(&["docs"], options()),
        ["docs/.git: excluded by a rule", "d/b.o", "d/c", "d/private"],
        "docs has a .git of its own, so that nothing above counts"
    );
    fs::remove_file(tree.at("docs/.git")).unwrap();
    assert_eq!(
        tree.lines(&["docs"], options()),
        ["docs/b.o: excluded by a rule", "d/c", "docs/private: excluded by a rule"]
    );
    assert_eq!(tree.lines(&["docs"], Options::default()).len(), 3);
    assert_eq!(tree.lines(&["a.o"], options()), ["d"]);
}

#[test]
fn a_bad_rule_is_reported_and_the_good_ones_hold() {
    let tree = TestTree::new(&["a.tmp"]);
    fs::write(tree.at(".archiveignore"), b"[\n*.tmp\ncaf\xe9\n.archiveignore").unwrap();
    let lines = tree.lines(&[""], Options::default());
    assert!(lines[0].starts_with(".archiveignore! line 1: "), "{lines:?}");
    assert_eq!(lines[1], ".archiveignore! line 3: it is not UTF-8");
    assert!(lines[2..].iter().all(|line| line.ends_with("excluded by a rule")), "{lines:?}");
    assert!(CommandRules::new(&["[".to_owned()], &[]).is_err());
    let error = CommandRules::new(&[], &[tree.at(".archiveignore")]).unwrap_err().to_string();
    assert!(error.contains(".archiveignore, line 1: "), "{error}");
    assert!(CommandRules::new(&[], &[tree.at("missing")]).is_err());
}

#[test]
fn a_rule_file_that_is_a_pipe_is_reported_and_not_waited_for() {
    let tree = TestTree::new(&[]);
    assert!(Command::new("mkfifo").arg(tree.at(".archiveignore")).status().unwrap().success());
    assert_eq!(
        tree.lines(&[""], Options::default()),
        [".archiveignore! it is not a regular file", ".archiveignore: named pipe"]
    );
}

#[test]
fn what_is_missing_is_the_trouble_of_that_path_alone() {
    let tree = TestTree::new(&["a"]);
    let lines = tree.lines(&["missing", "a", "a/b"], Options::default());
    assert!(lines[0].starts_with("missing! No such file"), "{lines:?}");
    assert_eq!(lines[1], "d");
    assert!(lines[2].starts_with("a/b! Not a directory"), "{lines:?}");
}

#[test]
fn a_folder_that_vanishes_or_is_closed_is_unreadable() {
    let tree = TestTree::new(&["closed/a", "b"]);
    let closed = tree.at("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&closed).is_ok() {
        eprintln!("not tested: permissions do not bind this user");
    } else {
        let lines = tree.lines(&[""], Options::default());
        assert!(lines.iter().any(|line| line.starts_with("closed! Permission denied")));
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();

    let mut walk = Walk::new([Ok(tree.at(""))].into_iter(), Options::default());
    assert!(matches!(walk.next(), Some(WalkItem::Found(_))));
    fs::remove_dir_all(&closed).unwrap();
    assert!(matches!(walk.next(), Some(WalkItem::Unreadable(_))));
    assert!(walk.next().is_none());
}

#[test]
fn the_archive_is_never_added_to_itself() {
    let tree = TestTree::new(&["a", "my.archive/identity"]);
    symlink("my.archive", tree.at("link")).unwrap();
    let own = || OwnFiles::of(&Environment::default(), Some(&tree.at("link")));
    let options = || Options { own: own(), ..Options::default() };
    let itself = "my.archive: the archive itself";
    assert_eq!(tree.lines(&[""], options()), ["d/a", "d/link -> my.archive", itself]);
    assert_eq!(tree.lines(&["my.archive"], options()), [itself]);
}

#[test]
fn other_file_systems_are_left_out_on_request() {
    let tree = TestTree::new(&["a"]);
    let device =
        |path: &str| fs::metadata(path).map(|metadata| PathStat::of(&metadata).device).ok();
    if device("/") == device("/proc") || device("/proc").is_none() {
        eprintln!("not tested: /proc is no file system of its own here");
        return;
    }
    let rules = CommandRules::new(&["/*".to_owned(), "!/proc".to_owned()], &[]).unwrap();
    let options = Options { one_file_system: true, rules, ..Options::default() };
    let walk = Walk::new([Ok(PathBuf::from("/"))].into_iter(), options);
    let met: Vec<_> = walk.map(|candidate| tree.line(candidate)).collect();
    assert!(met.contains(&"/proc: on another file system".to_owned()), "{met:?}");
}

#[test]
fn other_archives_and_leftovers_are_no_documents() {
    let tree = TestTree::new(&["a", "d/.archive-export-x1", "e.key"]);
    tree.write("other/identity", "archive 1\norigin x\n");
    assert_eq!(
        tree.lines(&[""], Options::default()),
        [
            "d/a",
            "d/.archive-export-x1: left by an interrupted export",
            "d/e.key",
            "other: an archive"
        ]
    );
    assert_eq!(tree.lines(&["other/identity"], Options::default()), ["other/identity: an archive"]);
}

// `add /dev/null` counted it as skipped and ended with 0.
#[test]
fn what_is_named_and_is_no_document_is_an_error() {
    let tree = TestTree::new(&["a", ".archive-export-x1"]);
    let _socket = UnixListener::bind(tree.at("socket")).unwrap();
    for (name, why) in [("socket", "it is a socket"), (".archive-export-x1", "rename it to add")] {
        let mut walk = Walk::new([Ok(tree.at(name))].into_iter(), Options::default());
        let Some(WalkItem::Unreadable(met)) = walk.next() else { panic!("{name}") };
        assert!(met.error.to_string().contains(why), "{}", met.error);
    }
    let expected = [".archive-export-x1: left by an interrupted export", "d/a", "socket: socket"];
    assert_eq!(tree.lines(&[""], Options::default()), expected);
}

#[test]
fn what_is_swapped_for_a_link_between_listing_and_reading_is_not_followed() {
    let tree = TestTree::new(&["in/a", "in/b/x", "in/c", "out/x"]);
    tree.write("out/x", "from outside");
    let mut walk = Walk::new([Ok(tree.at("in"))].into_iter(), Options::default());
    let mut next = || walk.next();
    let Some(WalkItem::Found(a)) = next() else { panic!() };
    // The names of in/ are read, and nothing of b is.
    fs::rename(tree.at("in/b"), tree.at("moved")).unwrap();
    symlink("../out", tree.at("in/b")).unwrap();
    let Some(WalkItem::Found(b)) = next() else { panic!() };
    assert!(matches!(&b.what, What::Symlink(target) if target == b"../out"));
    let Some(WalkItem::Found(c)) = next() else { panic!() };
    // Found, and not read.
    fs::remove_file(tree.at("in/a")).unwrap();
    symlink("../out/x", tree.at("in/a")).unwrap();
    fs::remove_file(tree.at("in/c")).unwrap();
    assert!(Command::new("mkfifo").arg(tree.at("in/c")).status().unwrap().success());
    for found in [a, c] {
        let What::File(file) = found.what else { panic!() };
        assert!(file.open().is_err(), "{:?}", found.path);
    }
}

#[test]
fn a_tree_deeper_than_handles_are_kept_is_walked_to_its_end() {
    let tree = TestTree::new(&[]);
    let deep = "d/".repeat(300);
    tree.write(format!("{deep}x"), "deep");
    let mut walk = Walk::new([Ok(tree.at("d"))].into_iter(), Options::default());
    let Some(WalkItem::Found(found)) = walk.next() else { panic!() };
    let What::File(file) = found.what else { panic!() };
    assert_eq!(io::read_to_string(file.open().unwrap()).unwrap(), "deep");
}

#[test]
fn names_follow_the_path_as_given() {
    let naming = |as_name: Option<&str>, prefix: Option<&str>| Naming {
        as_name: as_name.map(name),
        prefix: prefix.map(name),
    };
    for (naming, root, below, expected) in [
        (naming(None, None), "./docs", "a", "docs/a"),
        (naming(None, None), ".", "a", "a"),
        (naming(None, None), "/srv/docs/", "a/b", "srv/docs/a/b"),
        (naming(None, None), "../docs/x", "", "docs/x"),
        (naming(Some("r.txt"), None), "x/y", "", "r.txt"),
        (naming(Some("new"), None), "x/y", "a/b", "new/a/b"),
        (naming(Some("new"), Some("p/q")), "x", "a", "p/q/new/a"),
        (naming(None, Some("p")), "x", "", "p/x"),
    ] {
        let named = naming.name(Path::new(root), Path::new(below)).unwrap();
        assert_eq!(named.text(), expected);
    }
    assert!(naming(None, None).name(Path::new("."), Path::new("")).is_err());
}

#[test]
fn a_list_of_paths_is_walked_like_arguments() {
    let tree = TestTree::new(&["a", "b/c"]);
    let list = format!("{0}/b\n{0}/missing\n{0}/a\n", tree.folder.path().display());
    let walk = Walk::new(PathList::of_lines(list.as_bytes(), "-".into()), Options::default());
    let found: Vec<_> = walk.map(|candidate| matches!(candidate, WalkItem::Found(_))).collect();
    assert_eq!(found, [true, false, true]);
}
