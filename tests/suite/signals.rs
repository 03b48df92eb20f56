//! A signal ends every verb, wherever it is, with the exit code for it; what it leaves is whole.

use std::{
    fs::{self, File},
    io::{Write as _, pipe},
    process::{Child, Stdio},
};

use crate::common::sandbox::{Ran, Sandbox, signal, start, until};

/// As many bytes as a pipe holds.
const PIPE_BYTES: usize = 64 << 10;
/// A file of this size takes seconds to read, and no room.
const SPARSE_BYTES: u64 = 600 << 20;

/// Waits until the program listens for signals.
fn until_listening(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    until("it listens", || {
        let status = fs::read_to_string(&status).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t"));
        // SIGTERM is 15.
        caught.is_some_and(|mask| u64::from_str_radix(mask, 16).unwrap() & (1 << 14) != 0)
    });
}

#[test]
fn every_verb_ends_at_a_signal_even_while_it_waits_for_its_reader() {
    // Nobody reads the pipe, and it is full: whatever a verb does, it cannot end by itself.
    let sandbox = Sandbox::with_two_revisions();
    for line in [
        &["ls"][..],
        &["log"],
        &["show", "a.txt"],
        &["cat", "a.txt"],
        &["diff", "a.txt"],
        &["similar", "a.txt"],
        &["dups", "--near"],
        &["audit"],
        &["compact", "--all"],
        &["rebuild"],
        &["stats"],
        &["completions", "bash"],
        &["man"],
    ] {
        for name in ["INT", "TERM", "HUP"] {
            let (_reader, mut full) = pipe().unwrap();
            full.write_all(&[0; PIPE_BYTES]).unwrap();
            let mut command = sandbox.command(line);
            let child = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
            drop(command);
            until_listening(&child);
            signal(&child, name);
            let ran = Ran::at_end(child);
            assert_eq!(ran.code, Some(130), "{line:?} at {name}: {ran:?}");
            assert_eq!(ran.err, "error: interrupted\n", "{line:?} at {name}");
        }
    }
    sandbox.run(["audit", "-q"]).expect(0).expect_quiet();
    let said = sandbox.run(["cat", "a.txt"]).expect(0).out;
    assert_eq!(said, fs::read(sandbox.at("d/a.txt")).unwrap());
}

#[test]
fn with_json_an_interruption_is_a_line_of_json() {
    let sandbox = Sandbox::with_two_revisions();
    let (_reader, mut full) = pipe().unwrap();
    full.write_all(&[0; PIPE_BYTES]).unwrap();
    let mut command = sandbox.command(["ls", "--json"]);
    let child = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    until_listening(&child);
    signal(&child, "TERM");
    let ran = Ran::at_end(child).expect(130);
    let line: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((&line["code"], &line["kind"]), (&130.into(), &"interrupted".into()));
}

#[test]
fn an_add_of_one_huge_file_ends_and_keeps_what_came_before() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "a text");
    // So large that nobody waits for its end.
    File::create(sandbox.at("huge")).unwrap().set_len(64 << 30).unwrap();
    let add = start(&mut sandbox.command(["add", "a.txt", "huge"]));
    let io = format!("/proc/{}/io", add.id());
    until("it reads the file", || {
        let text = fs::read_to_string(&io).unwrap();
        let n_read = text.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap();
        n_read.parse::<u64>().unwrap() > 64 << 20
    });
    signal(&add, "TERM");
    Ran::at_end(add).expect(130).says("interrupted; what was added is safe: 1 new document");
    sandbox.run(["ls"]).expect(0).answers("a.txt\n");
    sandbox.run(["audit", "-q"]).expect(0);
    // Alone it leaves nothing at all.
    let before = Sandbox::tree(&sandbox.store().join("packs"));
    let dry = start(&mut sandbox.command(["add", "-n", "huge"]));
    until_listening(&dry);
    signal(&dry, "INT");
    Ran::at_end(dry).expect(130);
    let add = start(&mut sandbox.command(["add", "huge"]));
    until_listening(&add);
    signal(&add, "INT");
    Ran::at_end(add).expect(130);
    assert_eq!(Sandbox::tree(&sandbox.store().join("packs")), before);
}

#[test]
fn reading_one_huge_content_ends_and_leaves_no_half_file() {
    let sandbox = Sandbox::new();
    File::create(sandbox.at("huge")).unwrap().set_len(SPARSE_BYTES).unwrap();
    sandbox.run(["add", "-q", "huge"]).expect(0);
    for words in [
        &["export", "-o", "out"][..],
        &["prove", "huge", "-o", "out"],
        &["cat", "huge"],
        &["audit"],
        &["show", "huge"],
    ] {
        // On a machine that stops the test for long it may be done before the signal comes.
        until("it is interrupted", || {
            let mut command = sandbox.command(words);
            let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            until_listening(&child);
            signal(&child, "TERM");
            let ran = Ran::at_end(child);
            let is_interrupted = ran.code == Some(130);
            assert!(is_interrupted || ran.code == Some(0), "{words:?}: {ran:?}");
            let left = fs::read_dir(sandbox.at("out")).map_or(0, Iterator::count);
            let n_files = match words[0] {
                "export" => 1,
                "prove" => 7,
                _ => 0,
            };
            let n_whole = if is_interrupted { 0 } else { n_files };
            assert_eq!(left, n_whole, "{words:?} leaves files");
            let _ = fs::remove_dir_all(sandbox.at("out"));
            let aside = fs::read_dir(sandbox.at("")).unwrap().count();
            assert_eq!(aside, 1, "{words:?} leaves something beside");
            is_interrupted
        });
    }
}
