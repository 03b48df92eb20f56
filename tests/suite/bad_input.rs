//! Bad input and bad luck: each ends with the exit code and the sentence that the manual promises,
//! and leaves the archive sound.

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader, Read, Write},
    os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
    process::{Command, Stdio},
};

use crate::common::sandbox::{self, Ran, Sandbox, is_slow, os, signal, skip, start, until};

const LS_EMPTY: &str = "";

// ---- words

#[test]
fn words_of_other_programs_are_shown_the_way() {
    let sandbox = Sandbox::new();
    for (word, way) in [
        ("restore", "'archive export' writes documents back"),
        ("check", "'archive audit' checks every byte"),
        ("verify", "'archive audit'"),
        ("history", "'archive log'"),
        ("list", "'archive ls'"),
        ("commit", "'archive add'"),
        ("status", "'archive add --dry-run' shows what would be added"),
        ("find", "'archive ls' finds names"),
        ("rm", "takes contents or words away for good"),
        ("delete", "'archive withdraw'"),
        ("mv", "'archive rename' gives"),
        ("cp", "'archive add --as'"),
    ] {
        let ran = sandbox.run([word, "x"]).expect(2);
        ran.says(&format!("unrecognized subcommand '{word}'")).says(way).answers("");
    }
    let ran = sandbox.run(["--json", "verify"]).expect(2);
    ran.says(r#""hint":"archive audit --help""#);
    sandbox.run(["frobnicate"]).expect(2).says("unrecognized subcommand");
}

// ---- names and sizes

#[test]
fn an_empty_file_and_one_byte_are_documents() {
    let sandbox = Sandbox::new();
    sandbox.write("empty", "");
    sandbox.write("one", "x");
    sandbox.run(["add", "empty", "one"]).expect(0).answers("").says("2 new documents");
    sandbox.run(["cat", "empty"]).expect(0).answers("").expect_quiet();
    sandbox.run(["cat", "one"]).expect(0).answers("x").expect_quiet();
    sandbox.run(["diff", "empty", "one"]).expect(0);
    let ran = sandbox.run(["similar", "empty"]).expect(1).answers("");
    ran.says("empty@1 has no text to compare");
    sandbox.write("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".repeat(900_000));
    for words in [&["similar", "picture.png"][..], &["similar", "one", "empty"]] {
        sandbox.run(words).expect(1).says(" has no text to compare").answers("");
    }
    let summary = sandbox.json(["similar", "picture.png"]).remove(0);
    assert_eq!(summary["reason"], "picture.png has no text to compare");
    sandbox.run(["audit"]).expect(0);
    sandbox.run(["export", "-o", "out"]).expect(0);
    assert_eq!(
        Sandbox::tree(&sandbox.at("out")),
        [("empty".into(), vec![]), ("one".into(), b"x".to_vec())]
    );
}

#[test]
fn a_path_in_any_spelling_gives_the_plain_name() {
    let sandbox = Sandbox::new();
    for path in ["a/b", "x", "../beside"] {
        sandbox.write(path, path);
    }
    let absolute = sandbox.at("a/b");
    let absolute = absolute.to_str().unwrap();
    for (path, name) in [
        ("a//b", "a/b"),
        ("./a/./b", "a/b"),
        ("a/../x", "x"),
        ("../beside", "beside"),
        ("a/", "a/b"),
        (absolute, absolute.trim_start_matches('/')),
    ] {
        let sandbox_of_its_own = Sandbox::new();
        let store = sandbox_of_its_own.store();
        let mut add = sandbox.command(["add", "-q", path]);
        let ran = Ran::of(add.env("ARCHIVE_STORE", &store).env("HOME", sandbox_of_its_own.home()));
        ran.expect(0).expect_quiet();
        sandbox_of_its_own.run(["ls"]).expect(0).answers(format!("{name}\n"));
    }
}

#[test]
fn what_is_no_name_is_refused_before_anything_is_touched() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    let long = "n".repeat(5000);
    for bad in ["", ".", "..", "/", "a/../..", &long] {
        for flag in ["--as", "--prefix"] {
            sandbox.run(["add", "x", flag, bad]).expect(2).says("name");
        }
    }
    sandbox.run(["ls"]).expect(0).answers(LS_EMPTY);
}

#[test]
fn a_note_or_source_that_is_too_long_is_refused_before_anything_is_stored() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    let before = Sandbox::tree(&sandbox.store());
    let controls = "\u{1}".repeat(16 << 10);
    for (word, text) in [
        ("--note", "n".repeat((16 << 10) + 1)),
        ("--source", "s".repeat((8 << 10) + 1)),
        ("--note", controls),
    ] {
        for dry in [&["-n"][..], &[]] {
            sandbox.run([&["add", "x", word, &text], dry].concat()).expect(2).says("at most ");
        }
    }
    let after = Sandbox::tree(&sandbox.store());
    let packs = |tree: &[(std::path::PathBuf, Vec<u8>)]| {
        tree.iter().filter(|(path, _)| path.starts_with("packs")).count()
    };
    assert_eq!((packs(&before), packs(&after)), (0, 0));
}

#[test]
fn a_path_that_is_not_there_is_partial_and_the_rest_is_safe() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    for missing in ["gone", "x/", "x/y"] {
        let ran = sandbox.run(["add", missing, "x"]).expect(3);
        ran.says("cannot read").says("1 not read").answers("");
    }
    sandbox.run(["ls"]).expect(0).answers("x\n");
    sandbox.run(["add", ""]).expect(2);
    sandbox.run(["add", "--files-from", "no-list"]).expect(5).says("cannot read no-list");
}

#[test]
fn odd_names_are_kept_exactly_and_shown_harmlessly() {
    let sandbox = Sandbox::new();
    let long = [b'n'; 255];
    let names: [&[u8]; 8] = [
        b" blank ",
        b"-dash",
        b"caf\xe9",
        &long,
        b"two\nlines",
        b"\x1b[31mred",
        "\u{202e}gpj.exe".as_bytes(),
        b"quote'\"\\",
    ];
    for name in names {
        sandbox.write(sandbox.at("d").join(os(name)), name);
    }
    sandbox.run(["add", "d"]).expect(0).says("8 new documents");
    let ls = sandbox.run(["ls"]).expect(0).text();
    assert_eq!(ls.lines().count(), 8, "{ls}");
    for shown in [r"d/caf\xe9", r"d/two\nlines", r"d/\x1b[31mred", r"d/\u{202e}gpj.exe"] {
        assert!(ls.lines().any(|line| line == shown), "{shown} in\n{ls}");
    }
    let lines = sandbox.json(["ls"]);
    let raw = lines.iter().find(|line| line["name"] == "d/caf\u{fffd}").unwrap();
    assert_eq!(raw["name_b64"], "ZC9jYWbp");
    assert_eq!(lines.iter().filter(|line| line["name_b64"].is_string()).count(), 1);
    for name in names {
        let selector = [b"d/", name].concat();
        sandbox.run([os(b"cat"), os(&selector)]).expect(0).answers(name);
        sandbox.run([os(b"log"), os(&selector)]).expect(0).expect_quiet();
    }
    sandbox.run(["export", "--output", "out"]).expect(0);
    assert_eq!(Sandbox::tree(&sandbox.at("out/d")), Sandbox::tree(&sandbox.at("d")));
    sandbox.run(["add", "d"]).expect(0).says("8 unchanged");
    sandbox.run(["audit"]).expect(0);
}

#[test]
fn a_folder_of_very_many_files_comes_in() {
    let sandbox = Sandbox::new();
    let n: usize = if is_slow() { 30_000 } else { 1000 };
    fs::create_dir(sandbox.at("d")).unwrap();
    for i in 0..n {
        fs::write(sandbox.at(format!("d/{i}")), i.to_string()).unwrap();
    }
    let thousands = format!("{},{:03}", n / 1000, n % 1000);
    sandbox.run(["add", "d"]).expect(0).says(&format!("{thousands} new documents"));
    assert_eq!(sandbox.run(["ls"]).expect(0).text().lines().count(), n);
    sandbox.run(["cat", &format!("d/{}", n - 1)]).expect(0).answers((n - 1).to_string());
    let again = sandbox.run(["add", "d"]).expect(0);
    again.says("0 new documents, 0 new revisions").answers("");
    sandbox.run(["audit", "--quick"]).expect(0);
}

// ---- what is no plain file

#[test]
fn links_are_kept_as_links_and_never_followed() {
    let sandbox = Sandbox::new();
    sandbox.write("outside/secret", "secret");
    sandbox.write("d/real/file", "text");
    let links =
        [("loop", "loop"), ("up", ".."), ("dangling", "nowhere"), ("abroad", "../outside/secret")];
    for (link, target) in links {
        symlink(target, sandbox.at("d").join(link)).unwrap();
    }
    symlink("../real", sandbox.at("d/real/again")).unwrap();
    sandbox.run(["add", "d"]).expect(0).says("6 new documents");
    let ls = sandbox.run(["ls"]).expect(0).text();
    assert_eq!(ls, "d/abroad\nd/dangling\nd/loop\nd/real/again\nd/real/file\nd/up\n");
    sandbox.run(["cat", "d/abroad"]).expect(0).answers("../outside/secret");
    sandbox.run(["export", "-o", "out"]).expect(0);
    assert_eq!(Sandbox::tree(&sandbox.at("out/d")), Sandbox::tree(&sandbox.at("d")));
    sandbox.run(["export", "-o", "out"]).expect(0).says("6 there already");
    sandbox.run(["add", "d"]).expect(0).says("6 unchanged");
}

#[test]
fn an_export_writes_through_no_link_in_its_folder() {
    let sandbox = Sandbox::new();
    sandbox.write("d/x", "ours");
    sandbox.write("y", "ours");
    sandbox.run(["add", "-q", "d", "y"]).expect(0);
    sandbox.write("elsewhere/y", "theirs");
    fs::create_dir(sandbox.at("out")).unwrap();
    symlink("../elsewhere", sandbox.at("out/d")).unwrap();
    symlink("../elsewhere/y", sandbox.at("out/y")).unwrap();
    let ran = sandbox.run(["export", "-o", "out"]).expect(3);
    let ran = ran.says("out/d is a symlink, so nothing can be written below it");
    ran.says("y is there with other content").says("2 kept from overwriting");
    let ran = sandbox.run(["export", "-o", "out", "--overwrite"]).expect(3);
    ran.says("1 document written").says("1 kept");
    assert_eq!(Sandbox::tree(&sandbox.at("elsewhere")), [("y".into(), b"theirs".to_vec())]);
    assert!(!fs::symlink_metadata(sandbox.at("out/y")).unwrap().is_symlink());
    assert_eq!(fs::read(sandbox.at("out/y")).unwrap(), b"ours");
}

#[test]
fn an_archived_link_leads_no_other_document_out() {
    let sandbox = Sandbox::new();
    sandbox.write("d/l/x", "ours");
    sandbox.run(["add", "-q", "d"]).expect(0);
    fs::remove_dir_all(sandbox.at("d/l")).unwrap();
    fs::create_dir(sandbox.at("elsewhere")).unwrap();
    symlink("../../elsewhere", sandbox.at("d/l")).unwrap();
    sandbox.run(["add", "-q", "d"]).expect(0);
    for _ in 0..2 {
        let ran = sandbox.run(["export", "-o", "out"]).expect(0);
        ran.says("d/l/x is written as d/l.parts/x: d/l has the path");
    }
    sandbox.run(["export", "-o", "out", "d/l/x"]).expect(3).says("d/l is a symlink");
    let link = ("d/l".into(), b"../../elsewhere".to_vec());
    let tree = Sandbox::tree(&sandbox.at("out"));
    assert_eq!(tree, [link, ("d/l.parts/x".into(), b"ours".to_vec())]);
    assert_eq!(Sandbox::tree(&sandbox.at("elsewhere")), []);
}

#[test]
fn pipes_sockets_and_devices_are_skipped_and_counted() {
    let sandbox = Sandbox::new();
    sandbox.write("d/file", "text");
    for pipe in ["d/pipe-1", "d/pipe-2"] {
        assert!(Command::new("mkfifo").arg(sandbox.at(pipe)).status().unwrap().success());
    }
    let _socket = UnixListener::bind(sandbox.at("d/socket")).unwrap();
    let ran = sandbox.run(["add", "d", "-v"]).expect(0);
    let out = ran.text();
    for line in ["skipped    d/pipe-1 (named pipe)", "skipped    d/socket (socket)"] {
        assert!(out.lines().any(|l| l == line), "{line} in\n{out}");
    }
    // What was named itself is missed if it is not taken.
    let ran = sandbox.run(["add", "d", "/dev/null"]).expect(3);
    let ran = ran.says("cannot read /dev/null: it is a device, which is no document");
    ran.says("2 skipped: named pipe, 1 skipped: socket, 1 not read");
    let lines = sandbox.json(["add", "d"]);
    let skipped = serde_json::json!({"named pipe": 2, "socket": 1});
    assert_eq!(lines.last().unwrap()["skipped"], skipped);
    sandbox.run(["ls"]).expect(0).answers("d/file\n");
}

#[test]
fn a_file_nobody_may_read_is_partial_and_the_rest_is_safe() {
    let sandbox = Sandbox::bare();
    sandbox.open_to_all();
    for path in ["d/a", "d/closed", "d/closed-folder/x", "d/z"] {
        sandbox.write(path, path);
    }
    for path in ["d/closed", "d/closed-folder"] {
        fs::set_permissions(sandbox.at(path), Permissions::from_mode(0o0)).unwrap();
    }
    let Some(mut init) = sandbox.as_nobody(["init", "-q"]) else { return };
    Ran::of(&mut init).expect(0);
    let ran = Ran::of(&mut sandbox.as_nobody(["add", "d"]).unwrap()).expect(3);
    let ran = ran.says("cannot read d/closed: permission denied");
    let ran = ran.says("cannot read d/closed-folder: permission denied");
    ran.says("2 new documents").says("2 not read");
    let ran =
        Ran::of(&mut sandbox.as_nobody(["add", "d", "--json"]).unwrap()).expect(3).expect_quiet();
    let lines = sandbox::lines_of(&ran.out);
    assert_eq!(lines.iter().filter(|line| line["status"] == "unreadable").count(), 2);
    let ran = Ran::of(&mut sandbox.as_nobody(["add", "-n", "d"]).unwrap()).expect(3);
    ran.says("2 not read");
    Ran::of(&mut sandbox.as_nobody(["ls"]).unwrap()).expect(0).answers("d/a\nd/z\n");
    Ran::of(&mut sandbox.as_nobody(["audit"]).unwrap()).expect(0);
    fs::set_permissions(sandbox.at("d/closed-folder"), Permissions::from_mode(0o700)).unwrap();
}

// ---- the disk

#[test]
fn a_full_disk_names_itself_and_the_same_add_succeeds_later() {
    let sandbox = Sandbox::bare();
    let Some(output) = sandbox.in_namespace(
        "mkdir disk && mount -t tmpfs -o size=3m none disk
         export ARCHIVE_STORE=$PWD/disk/a
         archive init -q
         echo first > first; archive add -q first
         head -c 6000000 /dev/urandom > large
         archive add large
         archive ls
         archive audit -q
         archive cat first
         mount -o remount,size=40m disk
         archive add large
         archive ls
         archive cat large | head -c 6000000 | cmp large && echo equal
         archive audit -q",
    ) else {
        return;
    };
    let parts: Vec<&str> = output.split("[add: ").collect();
    let [_, first, full, later] = &parts[..] else { panic!("{output}") };
    assert!(first.starts_with("0]\n"), "{output}");
    assert!(full.starts_with("5]\nerror: cannot write "), "{output}");
    assert!(full.contains("no space left on device") && full.contains("hint: df -h "), "{output}");
    assert!(full.contains("disk/a"), "{output}");
    assert!(full.contains("first\n[ls: 0]\n[audit: 0]\nfirst\n[cat: 0]\n"), "{output}");
    assert!(later.starts_with("0]\n1 new document"), "{output}");
    assert!(later.contains("first\nlarge\n[ls: 0]\nequal\n[audit: 0]"), "{output}");
}

#[test]
fn a_disk_that_fills_up_anywhere_leaves_the_old_state() {
    let sandbox = Sandbox::bare();
    let Some(output) = sandbox.in_namespace(
        "mkdir disk && mount -t tmpfs -o size=8m none disk
         export ARCHIVE_STORE=$PWD/disk/a
         archive init -q
         echo first > first; archive add -q first
         mkdir d; for i in 1 2 3 4 5 6 7 8 9; do head -c 30000 /dev/urandom > d/$i; done
         for room in 0 4 8 40 100 200 280 320 360 400; do
           free=$(df -k --output=avail disk | tail -1)
           head -c $(( (free - room) * 1024 )) /dev/zero > disk/ballast
           archive add -q d
           archive audit -q
           archive cat first
           rm disk/ballast
         done
         archive add -q d
         archive audit -q
         archive export -q --output out && diff -r d out/d && echo equal",
    ) else {
        return;
    };
    let codes: Vec<&str> =
        output.split("[add: ").skip(1).map(|rest| rest.split(']').next().unwrap()).collect();
    assert!(codes.iter().all(|code| ["0", "5"].contains(code)), "{output}");
    assert_eq!((codes[1], *codes.last().unwrap()), ("5", "0"), "{output}");
    assert_eq!(output.matches("[audit: 0]").count(), 11, "{output}");
    assert_eq!(output.matches("first\n[cat: 0]").count(), 10, "{output}");
    for full in output.lines().filter(|line| line.starts_with("error: ")) {
        assert!(full.contains("work/disk/a"), "{full}");
    }
    assert!(output.ends_with("[export: 0]\nequal\n"), "{output}");
}

/// An archive was made on a nearly full disk, and the command failed without saying its key.
#[test]
fn an_archive_on_a_full_disk_is_made_and_named_or_not_made() {
    let sandbox = Sandbox::bare();
    let Some(output) = sandbox.in_namespace(
        "mkdir disk
         for size in 4 8 12 16 24 32 40 48 64 80 96 128 192 256 400; do
           mount -t tmpfs -o size=${size}k none disk
           archive init disk/a
           test -e disk/a/identity && echo made || echo none
           umount disk
         done",
    ) else {
        return;
    };
    let mut n_without_catalog = 0;
    for line in output.split_inclusive("made\n").flat_map(|part| part.split_inclusive("none\n")) {
        match line.contains("[init: 0]") {
            true => assert!(line.contains("  vkey    ") && line.ends_with("made\n"), "{output}"),
            false => assert!(line.contains("[init: 5]") && line.ends_with("none\n"), "{output}"),
        }
        n_without_catalog += usize::from(line.contains("its catalog cannot be written yet"));
    }
    assert!(n_without_catalog > 0, "{output}");
}

#[test]
fn a_disk_full_at_export_leaves_no_half_file() {
    let sandbox = Sandbox::new();
    let Some(output) = sandbox.in_namespace(
        "head -c 3000000 /dev/urandom > large; echo small > small
         archive add -q large small
         mkdir disk && mount -t tmpfs -o size=1m none disk
         archive export --output disk
         ls -A disk
         mount -o remount,size=8m disk
         archive export --output disk
         cmp large disk/large && echo equal",
    ) else {
        return;
    };
    let (_, rest) = output.split_once("[export: ").unwrap();
    let (full, later) = rest.split_once("[export: ").unwrap();
    assert!(full.starts_with("5]\nerror: cannot write "), "{output}");
    assert!(full.contains("no space left on device") && full.contains("hint: df -h "), "{output}");
    assert!(full.ends_with("hint: df -h disk\n"), "nothing is left: {output}");
    assert!(later.starts_with("0]") && later.ends_with("equal\n"), "{output}");
}

#[test]
fn a_read_only_archive_is_read_and_not_written() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "text\n");
    sandbox.run(["add", "-q", "x"]).expect(0);
    for missing in ["nothing", "catalog.sqlite"] {
        let store = sandbox.store();
        let lines = format!(
            "mount --bind {store:?} {store:?}
             rm -f {store:?}/{missing}
             mount -o remount,bind,ro {store:?}
             archive cat x
             archive ls
             archive log -q
             archive show x | head -1
             archive audit -q
             archive stats -q | head -1
             archive dups
             archive export -q --output out-{missing}
             archive add x
             archive add -n x
             archive rebuild"
        );
        let Some(output) = sandbox.in_namespace(&lines) else { return };
        assert!(output.contains("text\n[cat: 0]\nx\n[ls: 0]\n"), "{missing}: {output}");
        for verb in ["log", "audit", "export"] {
            assert!(output.contains(&format!("[{verb}: 0]")), "{missing}: {output}");
        }
        assert!(output.contains("[dups: 1]"), "{missing}: {output}");
        let store = store.display().to_string();
        let refused = format!("error: {store} cannot be written\nhint: ls -ld {store}\n");
        assert!(output.contains(&format!("[add: 5]\n{refused}")), "{missing}: {output}");
        assert!(output.contains("[add: 0]\nnothing was done"), "{missing}: {output}");
        assert!(output.contains(&format!("[rebuild: 5]\n{refused}")), "{missing}: {output}");
    }
}

// ---- two at once, and ends that nobody planned

#[test]
fn a_second_writer_learns_who_is_first_and_readers_go_on() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    sandbox.run(["add", "-q", "x"]).expect(0);
    let mut first = start(sandbox.command(["add", "-", "--as", "slow"]).stdin(Stdio::piped()));
    let mut stdin = first.stdin.take().unwrap();
    stdin.write_all(b"slow").unwrap();
    let busy = || sandbox.run(["add", "x", "--force"]);
    let lock = sandbox.store().join("lock");
    until("the first writer has the lock", || fs::read(&lock).is_ok_and(|who| !who.is_empty()));
    let ran =
        busy().expect(11).says("another archive command is writing here: archive add of tester");
    let ran = ran.says(&format!("process {}, since 20", first.id()));
    ran.says("hint: archive add --wait 10m").answers("");
    let error = sandbox.run(["add", "x", "--json"]).expect(11).err;
    assert_eq!(sandbox::lines_of(error.as_bytes())[0]["kind"], "busy");
    sandbox.run(["add", "x", "--wait", "0s"]).expect(11);
    sandbox.run(["ls"]).expect(0).answers("x\n").expect_quiet();
    sandbox.run(["cat", "x"]).expect(0).answers("x").expect_quiet();
    sandbox.run(["audit", "-q"]).expect(0);
    sandbox.write("y", "y");
    let waiting = start(&mut sandbox.command(["add", "-q", "y", "--wait", "10m"]));
    drop(stdin);
    Ran::at_end(first).expect(0);
    Ran::at_end(waiting).expect(0).expect_quiet();
    sandbox.run(["ls"]).expect(0).answers("slow\nx\ny\n");
}

#[test]
fn an_interrupt_keeps_what_is_done_and_the_next_add_goes_on() {
    let sandbox = Sandbox::new();
    let paths = many_files(&sandbox);
    let words = ["add", "-v", "--files-from", "-"];
    let mut add = start(sandbox.command(words).stdin(Stdio::piped()));
    let mut stdin = add.stdin.take().unwrap();
    // It notices between two paths, so it gets paths for as long as it takes any.
    let endless = paths.clone();
    std::thread::spawn(move || while stdin.write_all(endless.as_bytes()).is_ok() {});
    let mut out = BufReader::new(add.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("new "), "{line}");
    signal(&add, "INT");
    std::io::copy(&mut out, &mut std::io::sink()).unwrap();
    let ran = Ran::at_end(add).expect(130);
    ran.says("interrupted; what was added is safe: ");
    sandbox.run(["audit"]).expect(0);
    let n_done = sandbox.run(["ls"]).expect(0).text().lines().count();
    assert!(n_done > 0);
    sandbox.feed(["add", "-q", "--files-from", "-"], paths.as_bytes()).expect(0);
    assert_eq!(sandbox.run(["ls"]).expect(0).text().lines().count(), N_MANY);
    sandbox.run(["audit"]).expect(0);
}

#[test]
fn a_killed_add_needs_no_human() {
    let sandbox = Sandbox::new();
    many_files(&sandbox);
    let has_packs = || fs::read_dir(sandbox.store().join("packs")).is_ok_and(|p| p.count() > 0);
    for when in ["at the first line", "when a pack appears", "when it ends"] {
        let mut add = start(&mut sandbox.command(["add", "-v", "d"]));
        match when {
            "at the first line" => {
                add.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
            }
            "when a pack appears" => {
                // Its lines are read, or it would wait for us.
                let mut out = add.stdout.take().unwrap();
                std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
                until("a pack", || has_packs() || add.try_wait().unwrap().is_some());
            }
            _ => {
                let mut out = add.stdout.take().unwrap();
                std::io::copy(&mut out, &mut std::io::sink()).unwrap();
            }
        }
        let _ = add.kill();
        add.wait().unwrap();
        sandbox.run(["ls", "-q"]).expect(0).expect_quiet();
        sandbox.run(["audit", "-q"]).expect(0).expect_quiet();
    }
    sandbox.run(["add", "-q", "d"]).expect(0).expect_quiet();
    assert_eq!(sandbox.run(["ls"]).expect(0).text().lines().count(), N_MANY);
    sandbox.run(["audit", "-q"]).expect(0).expect_quiet();
}

const N_MANY: usize = 700;

/// Files with names so long that messages about them soon leave the program; their paths.
fn many_files(sandbox: &Sandbox) -> String {
    let paths = (0..N_MANY).map(|i| format!("d/{i:04}-{}\n", "n".repeat(200)));
    let paths: String = paths.collect();
    fs::create_dir(sandbox.at("d")).unwrap();
    paths.lines().for_each(|path| fs::write(sandbox.at(path), path).unwrap());
    paths
}

#[test]
fn a_reader_of_our_output_may_go_away() {
    let sandbox = Sandbox::new();
    sandbox.write("large", b"0123456789abcde\n".repeat(200_000));
    many_files(&sandbox);
    sandbox.run(["add", "-q", "large", "d"]).expect(0);
    for words in [&["cat", "large"][..], &["ls"], &["log"], &["ls", "--json"]] {
        let mut child = start(&mut sandbox.command(words));
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut String::new()).unwrap();
        drop(out);
        Ran::at_end(child).expect(0).expect_quiet();
    }
}

// ---- where there is no archive, or none that we can use

#[test]
fn a_location_without_an_archive_is_named() {
    let sandbox = Sandbox::bare();
    sandbox.write("x", "x");
    sandbox.write("folder/x", "x");
    for (location, is_free) in [("folder", false), ("missing", true)] {
        for words in [&["ls"][..], &["add", "x"], &["cat", "x"], &["audit"], &["rebuild"]] {
            let ran = Ran::of(sandbox.command(words).args(["--store", location])).expect(10);
            let ran = ran.says(&format!("error: there is no archive at {location}\n"));
            let way_out = match is_free {
                true => format!("hint: archive init {location}\n"),
                false => format!("hint: archive --store path/to/the/archive {} …\n", words[0]),
            };
            ran.says(&way_out).answers("");
        }
        let error = sandbox.run(["ls", "--store", location, "--json"]).expect(10).err;
        assert_eq!(sandbox::lines_of(error.as_bytes())[0]["kind"], "no-archive");
    }
    assert!(!sandbox.at("missing").exists());
    sandbox.run(["init", "folder"]).expect(2).says("folder");
    sandbox.run(["init", "x"]).expect(2).says("x is not a folder");
}

#[test]
fn the_default_archive_is_made_by_the_first_add_and_by_nothing_else() {
    let sandbox = Sandbox::bare();
    sandbox.write("x", "x");
    let run = |words: &[&str]| Ran::of(sandbox.command(words).env_remove("ARCHIVE_STORE"));
    run(&["ls"]).expect(10).says("hint: archive init");
    run(&["add", "-n", "x"]).expect(10);
    assert_eq!(Sandbox::tree(&sandbox.home()), []);
    let location = sandbox.home().join(".local/share/archive/default");
    run(&["add", "x"]).expect(0).says(&format!("made a new archive at {}", location.display()));
    run(&["add", "x"]).expect(0).says("1 unchanged");
    run(&["cat", "x"]).expect(0).answers("x");
}

#[test]
fn an_archive_of_a_newer_format_is_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    sandbox.run(["add", "-q", "x"]).expect(0);
    let identity = sandbox.store().join("identity");
    let text = fs::read_to_string(&identity).unwrap();
    fs::write(&identity, text.replace("archive 1\n", "archive 2\n")).unwrap();
    let before = Sandbox::tree(&sandbox.store());
    for words in [&["ls"][..], &["cat", "x"], &["add", "x"], &["audit"], &["rebuild"]] {
        let ran = sandbox.run(words).expect(5);
        let ran = ran.says("error: identity has format 2; this program reads up to 1\n");
        ran.says("hint: archive --version").answers("");
    }
    assert!(Sandbox::tree(&sandbox.store()) == before);
}

#[test]
fn an_identity_that_makes_no_sense_is_damaged() {
    let sandbox = Sandbox::new();
    let identity = sandbox.store().join("identity");
    let whole = fs::read(&identity).unwrap();
    for torn in [&b""[..], b"archive 1\n", &whole[..whole.len() / 2], b"\xff\xfe"] {
        fs::write(&identity, torn).unwrap();
        let ran = sandbox.run(["ls"]).expect(6);
        ran.says("error: identity is damaged: ").says("hint: archive audit\n");
        sandbox.run(["audit"]).expect(6).says("identity is damaged");
    }
    fs::write(&identity, whole).unwrap();
    sandbox.run(["audit"]).expect(0);
}

#[test]
fn a_missing_key_is_named_and_reading_needs_none() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    sandbox.run(["add", "-q", "x"]).expect(0);
    sandbox.write("x", "changed");
    let keys = sandbox.home().join(".config/archive/keys");
    let key = fs::read_dir(&keys).unwrap().next().unwrap().unwrap().path();
    let id = key.file_stem().unwrap().to_str().unwrap().to_owned();
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let ran = sandbox.run(["add", "-q", "x"]).expect(5);
    ran.says(&key.display().to_string()).says("chmod 600");
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    sandbox.run(["add", "-q", "x"]).expect(0);
    sandbox.write("x", "changed again");
    fs::rename(&key, sandbox.at("elsewhere.key")).unwrap();
    let ran = sandbox.run(["add", "x"]).expect(5);
    let ran = ran.says(&format!("error: the key {id} that signs for "));
    ran.says(&format!("hint: ARCHIVE_KEY=path/to/{id}.key archive add …"));
    sandbox.run(["cat", "x"]).expect(0).answers("changed");
    sandbox.run(["audit", "-q"]).expect(0);
    let with = |key: &str| Ran::of(sandbox.command(["add", "x"]).env("ARCHIVE_KEY", key));
    with("nowhere.key").expect(5).says(&id);
    sandbox.write("bad.key", "no key");
    let ran = with("bad.key").expect(5).says("bad.key, which ARCHIVE_KEY names, is not the key ");
    ran.says("it does not hold one private key");
    with("elsewhere.key").expect(0).says("1 new revision");
}

// ---- words that make no sense

#[test]
fn words_that_make_no_sense_are_wrong_usage() {
    let sandbox = Sandbox::new();
    for words in [
        &[][..],
        &["frobnicate"],
        &["ls", "--no-such-flag"],
        &["ls", "a", "b"],
        &["cat"],
        &["add"],
        &["add", "-"],
        &["add", "-", "x", "--as", "y"],
        &["add", "a", "b", "--as", "c"],
        &["add", "a", "--files-from", "b"],
        &["add", "a", "-0"],
        &["add", "a", "--max-size", "10m"],
        &["add", "a", "--exclude", "["],
        &["prove"],
        &["prove", "a"],
        &["prove", "-o", "b"],
        &["prove", "a", "-o", "-"],
        &["prove", "a", "--consistency", "b", "-o", "c"],
        &["prove", "--no-detail", "--consistency", "b", "-o", "c"],
        &["verify-proof"],
        &["verify-proof", "a", "b"],
        &["export"],
        &["export", "--log", "-"],
        &["export", "--log", "a", "-o", "b"],
        &["export", "--log", "a", "b"],
        &["ls", "-q", "-v"],
        &["ls", "--wait", "soon"],
        &["ls", "--color", "pink"],
        &["dups", "--exact", "--near", "--min", "0.5"],
        &["similar", "x", "--min", "7"],
        &["init", "x", "--origin", "a b"],
    ] {
        let ran = sandbox.run(words);
        assert_eq!(ran.code, Some(2), "{words:?}: {}", ran.err);
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{words:?}");
        let ran = Ran::of(sandbox.command(["--json"]).args(words)).expect(2);
        let lines = sandbox::lines_of(ran.err.as_bytes());
        assert_eq!((lines.len(), lines[0]["kind"].as_str()), (1, Some("usage")), "{words:?}");
    }
}

#[test]
fn an_ambiguous_name_lists_what_it_could_mean() {
    let sandbox = Sandbox::new();
    for path in ["a/r.txt", "b/r.txt", "c/s.txt"] {
        sandbox.write(path, path);
    }
    sandbox.run(["add", "-q", "a", "b", "c"]).expect(0);
    let ran = sandbox.run(["cat", "r.txt"]).expect(4).answers("");
    let ran = ran.says("error: r.txt fits several documents\n  a/r.txt\n  b/r.txt\n");
    ran.says("hint: archive show a/r.txt\n");
    sandbox.run(["cat", "s.txt"]).expect(0).answers("c/s.txt");
    sandbox.run(["cat", "nothing"]).expect(4).says("there is no document nothing");
    sandbox.run(["cat", "s.txt@2"]).expect(4).says("s.txt@2 does not exist; it has revision 1");
    sandbox.run(["cat", "s.txt@0"]).expect(4).says("s.txt@0 does not exist");
    sandbox.run(["cat", "s.txt@latest-1"]).expect(4);
    sandbox.run(["cat", "s.txt@prev"]).expect(4);
    sandbox.run(["cat", "s.txt@99999999999999999999"]).expect(4);
    sandbox.run(["cat", ""]).expect(2);
    sandbox.run(["cat", "@1"]).expect(2).says("a selector begins with a document");
    sandbox.run([os(b"cat"), os(b"\xff\n\x1b")]).expect(4).says("\\n\\x1b");
}

#[test]
fn a_bad_date_is_refused_with_the_accepted_forms() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    sandbox.run(["add", "-q", "x"]).expect(0);
    for bad in ["2026-13-01", "01.03.2026", "tomorrow", "2026-02-30", "last week"] {
        let ran = sandbox.run(["cat", &format!("x@{bad}")]).expect(4);
        ran.says("yesterday").says("3 days ago");
        for words in [&["export", "-o", "out", "--at", bad][..], &["add", "x", "--captured", bad]] {
            sandbox.run(words).expect(2).says("yesterday").says("3 days ago");
        }
    }
    let ran = sandbox.run(["cat", "x@1999-01-01"]).expect(4);
    ran.says("x has no revision captured by 1999-01-01 23:59;");
    sandbox.run(["cat", "x@today"]).expect(0).answers("x");
    assert!(!sandbox.at("out").exists());
}

#[test]
fn binary_content_is_handed_out_exactly_and_compared_as_a_whole() {
    let sandbox = Sandbox::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    sandbox.write("x.bin", &bytes);
    sandbox.run(["add", "-q", "x.bin"]).expect(0);
    let changed: Vec<u8> = bytes.iter().rev().copied().collect();
    sandbox.write("x.bin", &changed);
    sandbox.run(["add", "-q", "x.bin"]).expect(0);
    sandbox.run(["cat", "x.bin@1"]).expect(0).answers(&bytes).expect_quiet();
    sandbox.run(["cat", "x.bin"]).expect(0).answers(&changed).expect_quiet();
    let diff = sandbox.run(["diff", "x.bin@1", "@2"]).expect(0).text();
    assert_eq!(
        diff.matches("binary, application/octet-stream (text: no-reader), 10 kB, sha256 ").count(),
        2,
        "{diff}"
    );
    sandbox.run(["diff", "x.bin", "--exit-code"]).expect(1);
    sandbox.run(["diff", "x.bin@1", "x.bin@1", "--exit-code"]).expect(0);
    sandbox.run(["diff", "x.bin", "-u"]).expect(0);
    if sandbox.other("script").arg("--version").output().is_err() {
        return skip("there is no script(1) to play a terminal");
    }
    let command = format!("{} cat x.bin", sandbox::program());
    let ran = Ran::of(sandbox.other("script").args(["-qec", &command, "/dev/null"]));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.text().contains("is no text; --raw writes its bytes"), "{}", ran.text());
}
