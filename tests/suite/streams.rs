//! A standard output or standard error that is broken: every verb ends as it must, and none panics.

use std::{
    fs::File,
    io::{Read as _, pipe},
    process::{Command, Stdio},
};

use crate::common::sandbox::{Ran, Sandbox, is_slow, program};

/// What may be wrong with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    No,
    /// Every write fails: the disk is full.
    Full,
    /// There is none: `>&-`.
    Closed,
    /// A pipe whose reader is gone.
    Unread,
}

const KINDS: [Broken; 4] = [Broken::No, Broken::Full, Broken::Closed, Broken::Unread];

/// A command line of each verb, of help and of errors. `NEW` is a name that is not taken.
const LINES: [&[&str]; 36] = [
    &["init", "NEW"],
    &["add", "-v", "d", "missing"],
    &["add", "--force", "--json", "d"],
    &["ls"],
    &["ls", "--json"],
    &["log"],
    &["show", "a.txt"],
    &["cat", "a.txt"],
    &["cat", "--json", "a.txt"],
    &["diff", "a.txt"],
    &["diff", "-u", "--exit-code", "a.txt"],
    &["similar", "a.txt"],
    &["dups"],
    &["dups", "--near"],
    &["audit"],
    &["audit", "--json"],
    &["prove", "a.txt", "-o", "NEW"],
    &["prove", "a.txt", "--json", "-o", "NEW"],
    &["export", "-v", "-o", "NEW"],
    &["export", "--json", "-o", "NEW"],
    &["compact", "--all"],
    &["rebuild"],
    &["rebuild", "--json"],
    &["stats"],
    &["stats", "a.txt"],
    &["demo"],
    &["completions", "bash"],
    &["man"],
    &["--help"],
    &["help", "add"],
    &["--version"],
    &["cat"],
    &["cat", "--json"],
    &["frobnicate"],
    &["show", "nowhere"],
    &["ls", "--store", "nowhere", "--json"],
];

/// Runs a command with its streams broken like that; what it wrote to those that are whole.
fn run(sandbox: &Sandbox, words: &[String], out: Broken, err: Broken) -> Ran {
    // A shell closes streams; no call of the standard library does.
    let close = |broken, words| if broken == Broken::Closed { words } else { "" };
    let script = format!("exec \"$@\" {} {}", close(out, ">&-"), close(err, "2>&-"));
    let mut command: Command = sandbox.other("sh");
    command.args(["-c", &script, "sh", program()]).args(words).env("ARCHIVE_DEBUG", "all");
    let broken = |kind| match kind {
        Broken::Full => Stdio::from(File::options().write(true).open("/dev/full").unwrap()),
        Broken::Unread => Stdio::from(pipe().unwrap().1),
        Broken::No | Broken::Closed => Stdio::piped(),
    };
    let mut child = command.stdout(broken(out)).stderr(broken(err)).spawn().unwrap();
    drop(command);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let heard = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr.map(|mut stderr| stderr.read_to_end(&mut text).unwrap());
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut answers = Vec::new();
    stdout.map(|mut stdout| stdout.read_to_end(&mut answers).unwrap());
    let status = child.wait().unwrap();
    Ran { code: status.code(), out: answers, err: heard.join().unwrap() }
}

#[test]
fn i10_a_broken_stream_ends_no_verb_otherwise_than_it_must() {
    // `2>/dev/full` ended every verb that had something to say with an abort.
    let sandbox = Sandbox::with_two_revisions();
    let mut n_new = 0;
    for (l, line) in LINES.into_iter().enumerate() {
        let mut words = || -> Vec<String> {
            n_new += 1;
            line.iter().map(|word| word.replace("NEW", &format!("new-{n_new}"))).collect()
        };
        let plain = run(&sandbox, &words(), Broken::No, Broken::No);
        assert!(plain.code.is_some_and(|code| code != 101), "{line:?}: {plain:?}");
        for (o, out) in KINDS.into_iter().enumerate() {
            for (e, err) in KINDS.into_iter().enumerate() {
                // Every two of them with some line.
                if !is_slow() && (o + e + l) % (2 * KINDS.len()) != 0 {
                    continue;
                }
                let ran = run(&sandbox, &words(), out, err);
                let case = format!("{line:?}, {out:?} output, {err:?} messages: {ran:?}");
                let fails = out == Broken::Full && !plain.out.is_empty();
                let code = if fails { Some(5) } else { plain.code };
                assert_eq!(ran.code, code, "{case}");
                if fails && err == Broken::No {
                    assert!(ran.err.contains("cannot write standard output"), "{case}");
                }
                if out == Broken::No {
                    assert_eq!(ran.out.is_empty(), plain.out.is_empty(), "{case}");
                }
            }
        }
    }
    sandbox.run(["audit", "-q"]).expect(0).expect_quiet();
}

#[test]
fn a_warning_that_nobody_hears_changes_nothing() {
    // It was written otherwise than all other messages, and ended the program with an abort.
    for err in KINDS {
        let sandbox = Sandbox::with_two_revisions();
        std::fs::write(sandbox.store().join("catalog.sqlite"), "garbage").unwrap();
        sandbox.write("more.txt", "more");
        let words = ["add", "-q", "more.txt"].map(str::to_owned);
        let ran = run(&sandbox, &words, Broken::No, err);
        assert_eq!(ran.code, Some(0), "{err:?}: {ran:?}");
        sandbox.run(["cat", "more.txt"]).expect(0).answers("more");
    }
}

#[test]
fn what_is_written_is_written_though_nobody_reads_the_answers() {
    // `archive add -v . | head` stopped adding when head had seen enough, and ended with 0.
    let sandbox = Sandbox::new();
    (0..300).for_each(|n| sandbox.write(format!("d/{n}"), format!("text {n}")));
    let words = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let ran = run(&sandbox, &words(&["add", "-v", "d"]), Broken::Unread, Broken::No);
    ran.expect(0).says("300 new documents");
    let ran = run(&sandbox, &words(&["export", "-v", "-o", "out"]), Broken::Unread, Broken::No);
    ran.expect(0).says("300 documents written");
    assert_eq!(Sandbox::tree(&sandbox.at("out/d")).len(), 300);
}
