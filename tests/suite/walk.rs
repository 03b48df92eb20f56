//! What `add` takes in: what the paths named lead to, and nothing that a swapped folder, a link, a key or
//! an archive would bring along.

use std::{
    fs,
    io::Write,
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use crate::common::sandbox::{self, Ran, Sandbox, is_slow};

/// So long a folder is one, and so long a link.
const STATE: Duration = Duration::from_micros(200);

#[test]
fn i14_a_folder_swapped_for_a_link_in_mid_walk_is_not_followed() {
    let sandbox = Sandbox::new();
    for n in 0..20 {
        sandbox.write(format!("outside/{n}"), "from outside");
        sandbox.write(format!("d/{n}/{n}"), "inside");
        sandbox.write(format!("d/sub/{n}"), "inside");
    }
    let (sub, aside) = (sandbox.at("d/sub"), sandbox.at("aside"));
    let file = sandbox.at("d/0/0");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Relaxed) {
                fs::rename(&sub, &aside).unwrap();
                symlink("../outside", &sub).unwrap();
                fs::remove_file(&file).unwrap();
                symlink("../../outside/0", &file).unwrap();
                // Each state lasts as long as a step of the walk, or the walk would hardly meet both.
                std::thread::sleep(STATE);
                fs::remove_file(&sub).unwrap();
                fs::rename(&aside, &sub).unwrap();
                fs::remove_file(&file).unwrap();
                fs::write(&file, "inside").unwrap();
                std::thread::sleep(STATE);
            }
        });
        for _ in 0..if is_slow() { 200 } else { 20 } {
            let ran = sandbox.run(["add", "-q", "--force", "--gitignore", "d"]);
            assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
        }
        is_over.store(true, Relaxed);
    });
    let contents: std::collections::BTreeSet<_> = sandbox
        .json(["log"])
        .iter()
        .filter(|line| line["media_type"] == "text/plain")
        .map(|line| line["bytes"].as_u64().unwrap())
        .collect();
    assert!(
        contents.iter().all(|n_bytes| *n_bytes == 6),
        "{contents:?}: 12 bytes are from outside"
    );
    assert!(!contents.is_empty());
}

#[test]
fn i14_this_programs_own_files_and_archives_are_no_documents() {
    let sandbox = Sandbox::new();
    let home = sandbox.home();
    fs::write(home.join("letter"), "text").unwrap();
    sandbox.run(["init", "-q", "other.archive"]).expect(0);
    sandbox.write("x", "x");
    fs::create_dir_all(home.join(".cache/archive")).unwrap();
    fs::write(home.join(".cache/archive/y"), "y").unwrap();
    let ran = sandbox.run([Path::new("add"), &home, &sandbox.at("")]).expect(0);
    for said in [
        ".config/archive (this program's keys and configuration)",
        ".local/state/archive (what this program remembers)",
        ".cache/archive (this program's cache)",
        "other.archive (an archive)",
    ] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    let ran = ran.says("2 new documents");
    assert_eq!(ran.err.matches("not added: ").count(), 4, "{}", ran.err);
    let keys = fs::read_dir(home.join(".config/archive/keys")).unwrap();
    let signs_here =
        |key: &std::path::PathBuf| fs::read_to_string(key).unwrap().contains("/store-");
    let key = keys.map(|key| key.unwrap().path()).find(signs_here).unwrap();
    fs::copy(&key, sandbox.at("copy.key")).unwrap();
    for (named, what) in [
        (home.join(".config/archive"), "this program's keys and configuration"),
        (key.clone(), "a signing key"),
        (home.join(".local/state/archive"), "what this program remembers"),
        (sandbox.at("copy.key"), "a signing key"),
        (sandbox.at("other.archive"), "an archive"),
        (sandbox.at("other.archive/log"), "an archive"),
        (sandbox.store(), "the archive itself"),
    ] {
        let ran = sandbox.run([Path::new("add"), &named]).expect(2).says(what).answers("");
        ran.says(" is not added: ");
    }
    let list = format!("x\ncopy.key\n{}\nother.archive/identity\nother.archive\n", key.display());
    let ran = sandbox.feed(["add", "-v", "--files-from", "-"], list.as_bytes()).expect(0);
    let out = ran.says("1 new document").text();
    assert_eq!(out.matches("skipped ").count(), 4, "{out}");
    let elsewhere = sandbox.at("my key");
    fs::rename(&key, &elsewhere).unwrap();
    let add = |path: &str| {
        let mut add = sandbox.command(["add", path]);
        Ran::of(add.env("ARCHIVE_KEY", &elsewhere))
    };
    add("my key").expect(2).says("a signing key");
    add(".").expect(0).says("not added: ./my key (a signing key)");
    let ls = sandbox.run(["ls"]).expect(0).text();
    assert!(!ls.contains("key") && !ls.contains("identity"), "{ls}");
}

// A key was known by its file's ending alone: `key.bak`, a member of a tar and standard input were taken in.
#[test]
fn i14_a_signing_key_is_none_whatever_it_is_called_and_wherever_it_comes_from() {
    let sandbox = Sandbox::new();
    let keys = fs::read_dir(sandbox.home().join(".config/archive/keys")).unwrap();
    let key = fs::read(keys.map(|key| key.unwrap().path()).next().unwrap()).unwrap();
    sandbox.write("d/key.bak", &key);
    sandbox.write("d/x", "x");
    sandbox.write("d/about keys", "PRIVATE+KEY is how one begins");
    for more in [&[][..], &["-n"], &["--unpack", "none"]] {
        let ran = sandbox.run([&["add", "d"][..], more].concat()).expect(0);
        ran.says("not added: d/key.bak (a signing key)").says("1 skipped: a signing key");
    }
    sandbox.run(["add", "d/key.bak"]).expect(2).says("d/key.bak is not added: it is a signing key");
    let ran = sandbox.feed(["add", "-", "--as", "y"], &key).expect(2);
    ran.says("standard input is not added: it is a signing key");
    let tar = Command::new("tar").args(["-cf", "d.tar", "d"]).current_dir(sandbox.at("")).status();
    assert!(tar.unwrap().success());
    let ran = sandbox.run(["add", "--unpack", "all", "d.tar"]).expect(0);
    ran.says("(a signing key)").says("1 skipped: a signing key");
    let ls = sandbox.run(["ls"]).expect(0).text();
    assert!(!ls.contains("key.bak") && ls.contains("about keys"), "{ls}");
    assert_eq!(sandbox.feed(["add", "-", "--as", "short"], b"P").expect(0).code, Some(0));
    sandbox.run(["cat", "short"]).answers("P");
}

#[test]
fn i14_the_catalog_that_is_open_is_no_document() {
    let sandbox = Sandbox::new();
    sandbox.write("d/x", "x");
    for _ in 0..2 {
        let ran = sandbox.run(["--catalog", "d", "add", "d"]).expect(0);
        ran.says("(a catalog of an archive)");
    }
    let ls = sandbox.run(["ls"]).expect(0).text();
    assert!(ls.contains("d/x") && !ls.contains("catalog"), "{ls}");
}

#[test]
fn what_is_named_and_not_taken_is_said_and_has_a_code() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    sandbox.write(".archive-export-12-3", "left");
    let _socket = std::os::unix::net::UnixListener::bind(sandbox.at("socket")).unwrap();
    for (name, why) in [("socket", "it is a socket"), (".archive-export-12-3", "rename it to add")]
    {
        sandbox.run(["add", "-q", name, "x"]).expect(3).says(name).says(why);
    }
    sandbox.run(["add", "."]).expect(0);
}

#[test]
fn a_stream_is_one_document_and_needs_a_name() {
    let sandbox = Sandbox::new();
    sandbox.feed(["add", "/dev/stdin", "--as", "from-stdin"], b"one").expect(0);
    sandbox.run(["cat", "from-stdin"]).expect(0).answers("one");
    let shell = |line: &str| {
        let line = line.replace("archive", sandbox::program());
        Ran::of(sandbox.other("bash").args(["-c", &line]))
    };
    shell("archive add <(echo two) --as from-shell").expect(0);
    sandbox.run(["cat", "from-shell"]).expect(0).answers("two\n");
    assert!(Command::new("mkfifo").arg(sandbox.at("pipe")).status().unwrap().success());
    let add = sandbox::start(&mut sandbox.command(["add", "pipe", "--as", "from-pipe"]));
    fs::File::options().write(true).open(sandbox.at("pipe")).unwrap().write_all(b"three").unwrap();
    Ran::at_end(add).expect(0);
    sandbox.run(["cat", "from-pipe"]).expect(0).answers("three");
    for line in ["archive add <(echo x)", "archive add pipe", "archive add /dev/stdin"] {
        shell(line).expect(2).says("is a stream and needs a name: --as NAME");
    }
    shell("archive add <(echo x) <(echo y) --prefix z").expect(2).says("stands alone");
    sandbox.feed(["add", "--files-from", "-"], b"/dev/fd/0\npipe\n").expect(3).says("--as");
    sandbox.run(["ls"]).expect(0).answers("from-pipe\nfrom-shell\nfrom-stdin\n");
}

#[test]
fn a_stream_may_be_asked_about() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "one\n");
    sandbox.run(["add", "-q", "x"]).expect(0);
    let line = format!("{} diff --exit-code x <(echo two)", sandbox::program());
    let ran = Ran::of(sandbox.other("bash").args(["-c", &line])).expect(1);
    assert!(ran.text().contains("+ two"), "{}", ran.text());
}

#[test]
fn an_empty_stream_is_partial_unless_it_is_allowed() {
    let sandbox = Sandbox::new();
    for words in [&["add", "-", "--as", "x"][..], &["add", "/dev/stdin", "--as", "x"]] {
        let ran = sandbox.run(words).expect(3);
        ran.says("it is empty (--allow-empty adds it all the same)").says("1 not read");
        sandbox.run(["add", "-n"].iter().chain(&words[1..])).expect(3);
        sandbox.run(["ls"]).expect(0).answers("");
    }
    sandbox.run(["add", "-", "--as", "x", "--allow-empty"]).expect(0).says("1 new document");
    sandbox.run(["cat", "x"]).expect(0).answers("");
    sandbox.write("empty", "");
    sandbox.run(["add", "empty"]).expect(0).says("1 new document");
}

#[test]
fn two_files_of_one_name_are_refused_and_one_file_named_twice_is_not() {
    let sandbox = Sandbox::new();
    for path in ["x", "in/x", "in/d/y", "d/y", "d/only-here"] {
        sandbox.write(path, path);
    }
    let add = |words: &[&str]| {
        let mut add = sandbox.command(["add"]);
        Ran::of(add.args(words).current_dir(sandbox.at("in")))
    };
    let refused = |words: &[&str], a: &str, b: &str| {
        let ran = add(words).expect(2).says("would be one document").answers("");
        let both = [format!("error: {a} and {b} "), format!("error: {b} and {a} ")];
        assert!(both.iter().any(|both| ran.err.starts_with(both)), "{}", ran.err);
    };
    refused(&["../x", "x"], "../x", "x");
    refused(&["../d", "d/y"], "../d/y", "d/y");
    refused(&["d/y", "../d"], "../d/y", "d/y");
    refused(&["../d", "d"], "../d", "d");
    sandbox.run(["ls"]).expect(0).answers("");
    let whole = sandbox.at("in/x");
    add(&["x", "./x", "../in/x"]).expect(0).says("2 new documents");
    add(&["../d/only-here", "d"]).expect(0);
    add(&["../x", "d"]).expect(0);
    let list = format!("../x\nx\n{}\n", whole.display());
    let mut from_list = sandbox.command(["add", "--files-from", "-"]);
    let mut child =
        sandbox::start(from_list.current_dir(sandbox.at("in")).stdin(std::process::Stdio::piped()));
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    Ran::at_end(child).expect(3).says("cannot read x: it would be one document with ../x");
}

#[test]
fn i2_what_was_not_committed_is_not_reported_as_done() {
    let sandbox = Sandbox::new();
    sandbox.write("d/a", "a");
    sandbox.run(["add", "-q", "d"]).expect(0);
    sandbox.write("d/b", "b");
    for more in ["-v", "--json"] {
        let mut add = sandbox.command(["add", more, "--files-from", "-"]);
        let mut add = sandbox::start(add.stdin(std::process::Stdio::piped()));
        add.stdin.as_mut().unwrap().write_all(b"d/b\n").unwrap();
        let lock = sandbox.store().join("lock");
        sandbox::until("it writes", || fs::read(&lock).is_ok_and(|who| !who.is_empty()));
        // It waits for another path; what it has read so far is in no commit.
        std::thread::sleep(std::time::Duration::from_millis(300));
        sandbox::signal(&add, "KILL");
        let ran = Ran::at_end(add);
        assert_eq!(String::from_utf8_lossy(&ran.out), "", "{more}");
        sandbox.run(["ls"]).expect(0).answers("d/a\n");
    }
    sandbox.run(["add", "-v", "d"]).expect(0).answers("unchanged  d/a\nnew        d/b@1\n");
}
