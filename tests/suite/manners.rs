//! Manners: quiet when all is well, exact about what was left out, harmless on a terminal.

use std::{
    fs::{self, File, FileTimes},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, UNIX_EPOCH},
};

use docarchive::internals::{
    archive::ingest::{FileStat, IngestOptions, Intake, Outcome, Reading, Source},
    types::name::DocName,
};

use crate::common;
use crate::common::sandbox::{self, Ran, Sandbox, skip};

/// Two revisions of one text, another text, and the same bytes twice.
fn example() -> Sandbox {
    let sandbox = Sandbox::new();
    let text = "The quick brown fox jumps over the lazy dog again and again.\n".repeat(3);
    sandbox.write("d/a.txt", &text);
    sandbox.write("d/.hidden", "hidden");
    sandbox.write("d/sub/b.txt", "hidden");
    sandbox.run(["add", "-q", "d"]).expect(0).expect_quiet().answers("");
    sandbox.write("d/a.txt", text + "One more line.\n");
    sandbox.run(["add", "-q", "d"]).expect(0).expect_quiet().answers("");
    sandbox
}

// ---- who says what, and where

#[test]
fn debug_says_why_on_stderr_and_only_when_asked() {
    let sandbox = example();
    sandbox.write(
        "d/a.txt",
        "The quick brown fox jumps over the lazy dog again and again.\n".repeat(9),
    );
    let add = |topics: &str| {
        let mut add = sandbox.command(["add", "-q", "--force", "d"]);
        Ran::of(add.env("ARCHIVE_DEBUG", topics))
    };
    add("store,commit")
        .expect(0)
        .answers("")
        .says("store: to be stored blob=")
        .says("store: a base is sought")
        .says("step{name=\"create\"}");
    add("").expect(0).expect_quiet();
    fs::remove_file(sandbox.store().join("catalog.sqlite")).unwrap();
    add("catalog").expect(0).says("catalog: made: there was none");
    add("shop").expect(2).says("no topic 'shop'; there are: store, similar, commit, catalog, all");
}

#[test]
fn quiet_verbs_say_nothing_when_all_is_well() {
    let sandbox = example();
    sandbox.write("new", "new");
    for (words, code) in [
        (&["init", "another"][..], 0),
        (&["add", "new"], 0),
        (&["add", "-n", "d"], 0),
        (&["audit"], 0),
        (&["prove", "d/a.txt", "-o", "proof"], 0),
        (&["verify-proof", "proof"], 0),
        (&["export", "-o", "out"], 0),
        (&["export", "--log", "tree"], 0),
        (&["rebuild"], 0),
        (&["similar", "d/a.txt"], 1),
        (&["dups", "new"], 1),
    ] {
        let ran = Ran::of(sandbox.command(words).arg("-q"));
        assert_eq!(
            (ran.code, ran.err.as_str(), ran.text().as_str()),
            (Some(code), "", ""),
            "{words:?}"
        );
    }
    sandbox
        .run(["ls", "-q"])
        .expect(0)
        .expect_quiet()
        .answers("d/.hidden\nd/a.txt\nd/sub/b.txt\nnew\n");
    sandbox.run(["add", "-q", "gone"]).expect(3).says("cannot read gone");
}

#[test]
fn verbose_is_one_line_for_each_document() {
    let sandbox = example();
    sandbox.write("d/new", "new");
    sandbox.write("d/sub/b.txt", "changed");
    let ran = sandbox.run(["add", "-v", "d"]).expect(0);
    let answer =
        "unchanged  d/.hidden\nunchanged  d/a.txt\nnew        d/new@1\nrevised    d/sub/b.txt@2\n";
    ran.answers(answer).says("1 new document, 1 new revision, 2 unchanged");
    let out = sandbox.run(["export", "-v", "-o", "out"]).expect(0);
    out.answers(
        "written   d/.hidden@1\nwritten   d/a.txt@2\nwritten   d/new@1\nwritten   d/sub/b.txt@2\n",
    );
}

#[test]
fn answers_go_to_stdout_and_talk_to_stderr() {
    let sandbox = example();
    sandbox.run(["add", "d"]).expect(0).answers("").says("3 unchanged");
    sandbox.run(["export", "-o", "out"]).expect(0).answers("").says("3 documents written to out");
    for words in [
        &["ls"][..],
        &["ls", "-l"],
        &["log"],
        &["show", "d/a.txt"],
        &["stats"],
        &["diff", "d/a.txt"],
    ] {
        let ran = sandbox.run(words).expect(0).expect_quiet();
        assert!(!ran.out.is_empty(), "{words:?}");
    }
    sandbox.run(["cat", "gone"]).expect(4).answers("").says("error: ");
}

#[test]
fn a_dry_run_writes_nothing() {
    let sandbox = example();
    sandbox.write("d/new", "new");
    sandbox.write("d/a.txt", "changed");
    sandbox.run(["ls"]).expect(0);
    let before = (Sandbox::tree(&sandbox.store()), Sandbox::tree(&sandbox.home()));
    let ran = sandbox.run(["add", "-n", "d"]).expect(0).answers("");
    ran.says("nothing was done; this would be: 1 new document, 1 new revision, 2 unchanged");
    sandbox
        .run(["export", "-n", "-o", "out"])
        .expect(0)
        .says("3 documents would be written to out");
    assert!(!sandbox.at("out").exists());
    let after = (Sandbox::tree(&sandbox.store()), Sandbox::tree(&sandbox.home()));
    let paths = |tree: &[(std::path::PathBuf, Vec<u8>)]| -> Vec<_> {
        tree.iter().map(|(path, _)| path.clone()).collect()
    };
    assert_eq!(paths(&before.0), paths(&after.0));
    assert!(before == after);
}

// ---- what is left out

#[test]
fn filters_leave_out_what_they_name_and_every_skip_is_counted() {
    let sandbox = Sandbox::bare();
    for path in ["d/a.txt", "d/b.tmp", "d/.hidden", "d/sub/c.tmp", "d/sub/d.txt", "d/build/x"] {
        sandbox.write(path, path);
    }
    sandbox.write("d/large", vec![b'x'; 5000]);
    sandbox.write("rules", "*.tmp\n# no rule\n/build\n");
    let all = "d/.hidden d/a.txt d/b.tmp d/build/x d/large d/sub/c.tmp d/sub/d.txt";
    for (words, names, said) in [
        (&[][..], all, "7 new documents"),
        (
            &["-e", "*.tmp", "-e", "large"],
            "d/.hidden d/a.txt d/build/x d/sub/d.txt",
            "3 skipped: excluded by a rule",
        ),
        (
            &["--exclude-from", "rules"],
            "d/.hidden d/a.txt d/large d/sub/d.txt",
            "3 skipped: excluded by a rule",
        ),
        (
            &["--max-size", "4k", "-e", "*.tmp"],
            "d/.hidden d/a.txt d/build/x d/sub/d.txt",
            "2 skipped: excluded by a rule, 1 skipped: larger than --max-size",
        ),
        (
            &["--prefix", "p"],
            "p/d/.hidden p/d/a.txt p/d/b.tmp p/d/build/x p/d/large p/d/sub/c.tmp p/d/sub/d.txt",
            "7 new",
        ),
        (
            &["--as", "top/of"],
            "top/of/.hidden top/of/a.txt top/of/b.tmp top/of/build/x top/of/large top/of/sub/c.tmp top/of/sub/d.txt",
            "7 new",
        ),
    ] {
        let _ = fs::remove_dir_all(sandbox.store());
        sandbox.run(["init", "-q"]).expect(0);
        Ran::of(sandbox.command(["add", "d"]).args(words)).expect(0).says(said);
        let ls = sandbox.run(["ls"]).expect(0).text();
        assert_eq!(ls.lines().collect::<Vec<_>>().join(" "), names, "{words:?}");
    }
}

#[test]
fn rule_files_hold_where_they_lie() {
    let sandbox = Sandbox::new();
    for path in ["d/keep", "d/x.log", "d/sub/y.log", "d/sub/z", "d/.git/config"] {
        sandbox.write(path, path);
    }
    sandbox.write("d/.archiveignore", "*.log\n");
    sandbox.write("d/sub/.archiveignore", "!y.log\n");
    sandbox.write("d/.gitignore", "keep\n");
    sandbox.run(["add", "d"]).expect(0).says("1 skipped: excluded by a rule");
    let ls = sandbox.run(["ls"]).expect(0).text();
    assert!(ls.contains("d/keep\n") && ls.contains("d/.git/config\n"), "{ls}");
    assert!(ls.contains("d/sub/y.log\n") && !ls.contains("x.log"), "{ls}");
    let ran = sandbox.run(["add", "-n", "-v", "--gitignore", "d"]).expect(0);
    let out = ran.text();
    for skipped in ["d/keep", "d/.git", "d/x.log"] {
        assert!(out.contains(&format!("skipped    {skipped} (excluded by a rule)\n")), "{out}");
    }
}

#[test]
fn lists_of_paths_are_taken_line_by_line_or_zero_by_zero() {
    let sandbox = Sandbox::new();
    for path in ["a b", "two\nlines", "c"] {
        sandbox.write(path, path);
    }
    sandbox.write("list", "a b\n\nc\n");
    sandbox.run(["add", "--files-from", "list"]).expect(0).says("2 new documents");
    sandbox.feed(["add", "--files-from", "-"], b"c\n").expect(0).says("1 unchanged");
    let ran = sandbox.feed(["add", "-0", "--files-from", "-"], b"two\nlines\0gone\0").expect(3);
    ran.says("1 new document").says("cannot read gone");
    sandbox.run(["ls"]).expect(0).answers("a b\nc\ntwo\\nlines\n");
}

#[test]
fn one_file_system_stays_on_it() {
    let sandbox = Sandbox::new();
    let said = sandbox.in_namespace(
        "mkdir -p d/mounted && mount -t tmpfs none d/mounted
         echo here > d/here; echo there > d/mounted/there
         archive add -x d
         archive ls",
    );
    let Some(said) = said else { return };
    assert!(said.contains("1 skipped: on another file system"), "{said}");
    assert!(said.ends_with("d/here\n[ls: 0]\n"), "{said}");
}

#[test]
fn the_archive_itself_is_left_out() {
    let sandbox = Sandbox::bare();
    sandbox.write("x", "x");
    sandbox.run(["init", "-q", "inside"]).expect(0);
    let ran = sandbox.run(["--store", "inside", "add", "."]).expect(0);
    ran.says("1 new document").says("1 skipped: the archive itself");
}

// ---- what is recorded

#[test]
fn what_was_said_is_shown() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    let time = UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    let set = |path: &str| {
        let file = File::options().write(true).open(sandbox.at(path)).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    };
    set("x");
    let said = ["--source", "https://example.org/x", "--note", "from the wire"];
    Ran::of(sandbox.command(["add", "-q", "x", "--captured", "mtime"]).args(said)).expect(0);
    let line = sandbox.json(["show", "x"]).swap_remove(0);
    assert_eq!(line["captured"], "2001-09-09T01:46:40.123456789Z");
    assert_eq!(line["mtime"], line["captured"]);
    assert_eq!((&line["source"], &line["note"]), (&said[1].into(), &said[3].into()));
    assert_eq!(line["by"], "tester");
    let card = sandbox.run(["show", "x"]).expect(0).text();
    assert!(card.contains(said[1]) && card.contains(said[3]), "{card}");
    sandbox.write("x", "y");
    sandbox.run(["add", "-q", "x", "--captured", "2026-03-01T10:00:00+02:00"]).expect(0);
    sandbox.write("x", "z");
    sandbox.run(["add", "-q", "x", "--captured", "2026-04"]).expect(0);
    for (selector, text) in [
        ("x@2001-09-09", "x"),
        ("x@2026-02", "x"),
        ("x@2026-03-01T08:00:00Z", "y"),
        ("x@2026-03", "y"),
        ("x@yesterday", "z"),
        ("x@first", "x"),
        ("x@prev", "y"),
        ("x@latest-2", "x"),
    ] {
        sandbox.run(["cat", selector]).expect(0).answers(text);
    }
}

#[test]
fn an_export_is_the_tree_that_came_in() {
    let sandbox = Sandbox::new();
    let time = UNIX_EPOCH + Duration::new(1_234_567_890, 987_654_321);
    for path in ["d/a", "d/sub/b", "d/.c", "d/sub/deep/er/e"] {
        sandbox.write(path, path.repeat(1000));
        let file = File::options().write(true).open(sandbox.at(path)).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    }
    sandbox.write("d/large", common::noise(1, 6 << 20));
    std::os::unix::fs::symlink("sub/b", sandbox.at("d/link")).unwrap();
    sandbox.run(["add", "-q", "--captured", "2026-01-01", "d"]).expect(0);
    sandbox.run(["export", "-q", "-o", "out"]).expect(0).expect_quiet();
    let (from, to) = (sandbox.at("d"), sandbox.at("out/d"));
    let diff = Command::new("diff").args(["-r", "--no-dereference"]).args([&from, &to]).status();
    assert!(diff.unwrap().success());
    for path in ["a", "sub/b", ".c", "large"] {
        let times = |folder: &std::path::Path| {
            let metadata = fs::metadata(folder.join(path)).unwrap();
            (metadata.mtime(), metadata.mtime_nsec())
        };
        assert_eq!(times(&from), times(&to), "{path}");
    }
    sandbox.write("d/a", "changed");
    sandbox.run(["add", "-q", "--captured", "2026-02-01", "d"]).expect(0);
    let ran = sandbox.run(["export", "-o", "out"]).expect(3);
    ran.says("d/a is there with other content").says("5 there already, 1 kept");
    sandbox.run(["export", "-q", "-o", "out", "--overwrite"]).expect(0);
    assert_eq!(fs::read(sandbox.at("out/d/a")).unwrap(), b"changed");
    sandbox.run(["export", "-q", "-o", "then", "--at", "2026-01-15", "d"]).expect(0);
    assert_eq!(fs::read(sandbox.at("then/d/a")).unwrap(), "d/a".repeat(1000).as_bytes());
    sandbox.run(["export", "-q", "-o", "before", "--at", "2025-12-31"]).expect(4);
    assert!(!sandbox.at("before").exists());
    sandbox.run(["export", "-q", "-o", "one", "sub/b"]).expect(0);
    assert_eq!(Sandbox::tree(&sandbox.at("one")).len(), 1);
}

// ---- terminals

#[test]
fn nothing_from_a_document_acts_on_a_terminal() {
    let sandbox = Sandbox::new();
    let evil = "\u{1b}]0;title\u{7}\u{202e}\u{9b}31m\u{8}";
    let name = format!("n-{evil}");
    sandbox.write(&name, format!("text {evil} one\n"));
    sandbox.run(["add", "-q", &name, "--note", evil, "--source", evil]).expect(0);
    sandbox.write(&name, format!("text {evil} two\n"));
    sandbox.run(["add", "-q", &name, "--note", evil]).expect(0);
    if sandbox.other("script").arg("--version").output().is_err() {
        return skip("there is no script(1) to play a terminal");
    }
    let id = sandbox.json(["ls"])[0]["id"].as_str().unwrap().to_owned();
    for words in [
        "ls",
        "ls -l",
        "log",
        "show ID",
        "cat ID",
        "diff ID",
        "diff ID -u",
        "stats ID",
        "add -v .",
        "log ID",
        "ls --json",
        "log --json",
        "show ID --json",
        "diff ID --json",
        "export -v -o out",
        "cat ID@9",
        "audit",
    ] {
        let command = format!("{} {} --color never", sandbox::program(), words.replace("ID", &id));
        let ran = Ran::of(sandbox.other("script").args(["-qec", &command, "/dev/null"]));
        let out = String::from_utf8(ran.out).unwrap();
        assert!(!out.is_empty(), "{words}");
        let acts = |c: char| (c.is_control() && !"\r\n\t".contains(c)) || c == '\u{202e}';
        assert!(!out.contains(acts), "{words}: {out:?}");
    }
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let sandbox = example();
    let words = ["diff", "d/a.txt"];
    let has_colour = |ran: Ran| ran.expect(0).text().contains("\x1b[");
    assert!(!has_colour(sandbox.run(words)));
    let with = |flag: &str| sandbox.run([words[0], words[1], "--color", flag]);
    assert!(has_colour(with("always")) && !has_colour(with("never")));
    let mut always = sandbox.command(["diff", "d/a.txt", "--color", "always"]);
    assert!(has_colour(Ran::of(always.env("NO_COLOR", "1"))));
    if sandbox.other("script").arg("--version").output().is_err() {
        return skip("there is no script(1) to play a terminal");
    }
    let command = format!("{} diff d/a.txt", sandbox::program());
    let on_terminal = |variable: &str| {
        let mut script = sandbox.other("script");
        Ran::of(
            script.args(["-qec", &command, "/dev/null"]).env("TERM", "xterm").env(variable, "1"),
        )
    };
    assert!(has_colour(on_terminal("SOMETHING")));
    assert!(!has_colour(on_terminal("NO_COLOR")));
}

// ---- the library without the command line

#[test]
fn the_example_adds_a_folder_and_prints_what_changed() {
    let example = Path::new(sandbox::program()).with_file_name("examples/add_folder");
    if !example.exists() {
        return skip("the example is not built: cargo build --examples");
    }
    let sandbox = Sandbox::bare();
    sandbox.write("d/a.txt", "first");
    sandbox.write("d/sub/b.txt", "text");
    let add = || Ran::of(sandbox.other(&example).args(["d", "made.archive"])).expect(0);
    add().answers("new: d/a.txt\nnew: d/sub/b.txt\n0 unchanged\n");
    sandbox.write("d/a.txt", "second");
    add().answers("revision 2: d/a.txt\n1 unchanged\n");
    // It is an archive like any other.
    let ls = sandbox.run(["--store", "made.archive", "ls"]).expect(0);
    ls.answers("d/a.txt\nd/sub/b.txt\n");
    sandbox.run(["--store", "made.archive", "audit", "-q"]).expect(0);
}

// ---- reading no more than needed, and files that change meanwhile

/// A file whose stats are given one after the other, the last one for ever; counts its readings.
#[derive(Clone)]
struct Shifting(Arc<Stats>);

struct Stats {
    mtimes: Vec<i64>,
    n_stats: AtomicUsize,
    n_reads: AtomicUsize,
}

impl Shifting {
    fn new(mtimes: &[i64]) -> Self {
        let (n_stats, n_reads) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self(Arc::new(Stats { mtimes: mtimes.to_vec(), n_stats, n_reads }))
    }

    fn stat_at(mtime: i64) -> FileStat {
        FileStat { n_bytes: 4, mtime, ctime: mtime, inode: 1, device: 1 }
    }
}

impl Source for Shifting {
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        self.0.n_reads.fetch_add(1, Relaxed);
        Ok(Box::new(ShiftingText(self.clone(), b"text")))
    }
}

struct ShiftingText(Shifting, &'static [u8]);

impl Read for ShiftingText {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.1.read(out)
    }
}

impl Reading for ShiftingText {
    fn file_stat(&self) -> io::Result<Option<FileStat>> {
        let Stats { mtimes, n_stats, .. } = &*self.0.0;
        let n = n_stats.fetch_add(1, Relaxed);
        Ok(Some(Shifting::stat_at(mtimes[n.min(mtimes.len() - 1)])))
    }
}

#[test]
fn a_file_that_changes_is_read_twice_and_then_called_unsettled() {
    for (mtimes, n_reads, is_unsettled, is_known_after) in
        [(&[1][..], 1, false, true), (&[1, 2, 2], 2, false, true), (&[1, 2, 3, 4], 2, true, false)]
    {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = common::init_in(&folder.path().join("archive"));
        archive.keep_stats_in(folder.path());
        let mut add = |n: u64, source: Shifting, file_stat: Option<FileStat>| {
            let intake = Intake::new(DocName::new("x").unwrap(), source.clone());
            let intake = Intake { file_stat, ..intake };
            let outcomes =
                common::ingest(&mut archive, n, [intake], &IngestOptions::default()).unwrap();
            (outcomes.into_iter().next().unwrap(), source.0.n_reads.load(Relaxed))
        };
        let (outcome, n_read) = add(1, Shifting::new(mtimes), None);
        let Outcome::New(revision) = outcome else { panic!("{mtimes:?}") };
        assert_eq!((n_read, revision.is_unsettled), (n_reads, is_unsettled), "{mtimes:?}");
        for (mtime, is_known) in [(*mtimes.last().unwrap(), is_known_after), (99, false)] {
            let stat = Shifting::stat_at(mtime);
            let (outcome, n_read) = add(2, Shifting::new(&[mtime]), Some(stat));
            assert!(matches!(outcome, Outcome::Unchanged));
            assert_eq!(n_read == 0, is_known, "{mtimes:?}, then {mtime}");
        }
    }
}

#[test]
fn a_file_that_looks_the_same_is_not_read_again() {
    if !common::is_slow() {
        return skip("a file has to rest for 40 seconds before it is trusted");
    }
    let sandbox = Sandbox::new();
    // A file changed a moment ago is not trusted to look different when it changes again.
    let said = sandbox.in_namespace(
        "mkdir d && mount -t tmpfs -o strictatime none d
         echo text > d/x.txt
         while [ $(date +%s) -le $(( $(stat -c %Z d/x.txt) + 41 )) ]; do sleep 1; done
         archive add -q d
         first=$(stat -c %x d/x.txt)
         archive add -q d
         second=$(stat -c %x d/x.txt)
         archive add -q --force d
         third=$(stat -c %x d/x.txt)
         archive add -n d
         fourth=$(stat -c %x d/x.txt)
         [ \"$first\" = \"$second\" ] && echo not read
         [ \"$second\" = \"$third\" ] || echo read by force
         [ \"$third\" = \"$fourth\" ] && echo not read to rehearse",
    );
    let Some(said) = said else { return };
    let dry =
        "nothing was done; this would be: 0 new documents, 0 new revisions, 1 unchanged (0 B)\n";
    let added = "[add: 0]\n".repeat(4);
    let read = "not read\nread by force\nnot read to rehearse\n";
    assert_eq!(said, format!("{added}{dry}{read}"));
}
