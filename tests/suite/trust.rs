//! What is remembered of archives outside of them, and what comes of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use docarchive::Signer;
use serde_json::Value;

use crate::common::sandbox::{Ran, Sandbox, lines_of};

/// An archive of two documents, added one after the other.
fn example() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["a", "b"] {
        sandbox.write(name, name);
        sandbox.run(["add", "-q", name]).expect(0);
    }
    sandbox
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    for (path, bytes) in Sandbox::tree(from) {
        let path = to.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The same user, who has forgotten everything: another state folder.
fn forgetful(sandbox: &Sandbox, words: &[&str]) -> Command {
    let mut command = sandbox.command(words);
    command.env("XDG_STATE_HOME", sandbox.at("other-state"));
    command
}

fn checkpoint(store: &Path) -> String {
    fs::read_to_string(store.join("log/checkpoint")).unwrap()
}

fn vkey(sandbox: &Sandbox) -> String {
    sandbox.json(["audit"])[0]["vkey"].as_str().unwrap().to_owned()
}

fn state(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".local/state/archive")
}

/// The one file that remembers an origin.
fn origin_file(sandbox: &Sandbox) -> PathBuf {
    let mut files = fs::read_dir(state(sandbox).join("origins")).unwrap();
    files.next().unwrap().unwrap().path()
}

#[test]
fn an_audit_says_since_when_and_by_which_verb_an_archive_is_known() {
    let sandbox = example();
    let audit = |state: &str, words: &[&str]| {
        Ran::of(sandbox.command(words).env("XDG_STATE_HOME", sandbox.at(state))).expect(0)
    };
    let text = audit("fresh", &["audit"]).text();
    assert!(text.contains("history        not remembered"), "{text}");
    assert!(text.contains("this folder, for nothing was remembered"), "{text}");
    audit("met", &["ls"]);
    let text = audit("met", &["audit"]).text();
    assert!(text.contains("extends what is remembered (6 events; first seen 20"), "{text}");
    assert!(text.contains(" by ls)") && text.contains(", when ls first saw it"), "{text}");
    let line = &lines_of(&audit("met", &["audit", "--json"]).out)[0];
    assert_eq!(line["remembered"]["first_seen_by"], "ls");
    assert_eq!(line["remembered"]["events"], 6);
    // Whoever made it saw all of it.
    let text = sandbox.run(["audit"]).expect(0).text();
    assert!(text.contains(" by init)") && !text.contains("first saw it"), "{text}");
    assert_eq!(sandbox.json(["audit"])[0]["remembered"]["newest_seen_by"], "add");
}

#[test]
fn an_older_copy_is_read_and_not_written() {
    let sandbox = example();
    copy(&sandbox.store(), &sandbox.at("copy"));
    sandbox.write("c", "c");
    sandbox.run(["add", "-q", "c"]).expect(0);
    let in_copy = |words: &[&str]| Ran::of(sandbox.command(words).args(["--store", "copy"]));
    for words in [&["ls"][..], &["cat", "a"], &["log"], &["add", "-n", "c"], &["rebuild", "-q"]] {
        let ran = in_copy(words)
            .expect(0)
            .says("this is an older copy: it has 6 of 9 events, as seen 20");
        assert_eq!(ran.err.matches("warning:").count(), 1, "{}", ran.err);
    }
    let ran = in_copy(&["ls", "--json"]).expect(0);
    assert_eq!(lines_of(ran.err.as_bytes())[0]["type"], "warning");
    let before = Sandbox::tree(&sandbox.at("copy/log"));
    for words in [&["add", "c"][..], &["compact"]] {
        let ran = in_copy(words).expect(6).says("put the newer one here, or name it with --store");
        assert!(
            ran.err.contains("older copy") && ran.err.contains("checkpoint found:"),
            "{}",
            ran.err
        );
    }
    assert_eq!(Sandbox::tree(&sandbox.at("copy/log")), before);
    let ran = in_copy(&["audit"]).expect(6);
    assert!(
        ran.text().contains("LOG-ROLLED-BACK  the journal: this is an older copy"),
        "{}",
        ran.text()
    );
    assert_eq!(lines_of(&in_copy(&["audit", "--json"]).out)[0]["history_check"], "older");
    // The newer one put there is written again.
    copy(&sandbox.store(), &sandbox.at("copy"));
    sandbox.write("d", "d");
    in_copy(&["add", "-q", "d"]).expect(0).expect_quiet();
}

#[test]
fn no_verb_that_commits_writes_to_an_older_copy() {
    let sandbox = example();
    copy(&sandbox.store(), &sandbox.at("copy"));
    sandbox.write("c", "c");
    sandbox.run(["add", "-q", "c"]).expect(0);
    sandbox.write("lines.jsonl", "{\"path\": \"c\"}\n");
    sandbox.run(["anchor", "request", "asked", "--store", "copy"]).expect(0);
    let before =
        (Sandbox::tree(&sandbox.at("copy")), Sandbox::tree(&sandbox.home().join(".config")));
    for words in [
        &["add", "c"][..],
        &["add", "a", "--record-unchanged"],
        &["add", "--manifest", "lines.jsonl"],
        &["add", "--track", "."],
        &["rename", "a", "x"],
        &["note", "a", "--note", "x"],
        &["note", "a", "+tag"],
        &["key", "rotate"],
        &["audit", "--record"],
        &["audit", "--quick", "--record"],
        &["withdraw", "a", "--reason", "legal"],
        &["withdraw", "--words", "0", "--reason", "legal"],
        &["withdraw", "--resume"],
        &["compact"],
        &["compact", "--all"],
    ] {
        let ran = Ran::of(sandbox.command(words).args(["--store", "copy"])).expect(6);
        assert!((ran.err + &String::from_utf8_lossy(&ran.out)).contains("older copy"), "{words:?}");
        let now =
            (Sandbox::tree(&sandbox.at("copy")), Sandbox::tree(&sandbox.home().join(".config")));
        assert!(now == before, "{words:?}");
    }
}

/// What a verb committed is remembered when it ends, and so is not taken back unseen.
#[test]
fn what_any_verb_committed_is_remembered_at_once() {
    let sandbox = example();
    sandbox.write("c", "c");
    sandbox.write("lines.jsonl", "{\"path\": \"c\"}\n");
    let remembered = || fs::read_to_string(origin_file(&sandbox)).unwrap();
    for words in [
        &["add", "c"][..],
        &["add", "--manifest", "lines.jsonl", "--record-unchanged"],
        &["rename", "a", "x"],
        &["note", "b", "--note", "x"],
        &["compact", "--all"],
        &["audit", "--record"],
        &["withdraw", "x", "--reason", "legal"],
        &["withdraw", "--words", "0", "--reason", "legal"],
        &["key", "rotate"],
        &["add", "x", "a"],
    ] {
        let before = checkpoint(&sandbox.store());
        sandbox.run(words);
        let now = checkpoint(&sandbox.store());
        assert_ne!(now, before, "{words:?}");
        assert!(remembered().ends_with(&now), "{words:?}: {}", remembered());
    }
}

/// What two people with one key make of one archive: the sandbox's own has `n` more documents, the
/// folder `fork` one other.
fn forked(n: usize) -> Sandbox {
    let sandbox = example();
    copy(&sandbox.store(), &sandbox.at("fork"));
    sandbox.write("mine", "mine");
    for _ in 0..n {
        sandbox.run(["add", "-q", "mine", "--force", "--as", &format!("mine-{n}")]).expect(0);
        sandbox.write("mine", format!("mine {n}"));
    }
    sandbox.write("theirs", "theirs");
    Ran::of(&mut forgetful(&sandbox, &["add", "-q", "theirs", "--store", "fork"])).expect(0);
    sandbox
}

#[test]
fn nothing_but_an_audit_works_on_a_fork() {
    for (n, words_of_it, finding) in [
        (1, "the journal is forked: its first 9 events", "LOG-FORKED"),
        // It is shorter, and what it extends is remembered: both or neither may be true.
        (2, "another or an older history: it has 9 events", "LOG-ROLLED-BACK"),
    ] {
        let sandbox = forked(n);
        if n == 2 {
            // The state at which both had nine events was never seen.
            let file = origin_file(&sandbox);
            let kept = fs::read_to_string(&file).unwrap();
            let kept: String =
                kept.split_inclusive('\n').filter(|line| !line.starts_with("met 9 ")).collect();
            fs::write(file, kept).unwrap();
        }
        let (mine, theirs) = (checkpoint(&sandbox.store()), checkpoint(&sandbox.at("fork")));
        for words in
            [&["ls"][..], &["cat", "a"], &["add", "b"], &["export", "-o", "out"], &["rebuild"]]
        {
            let ran = Ran::of(sandbox.command(words).args(["--store", "fork"])).expect(6);
            for note in [&mine, &theirs] {
                note.lines()
                    .for_each(|line| assert!(ran.err.contains(line), "{line}\n{}", ran.err));
            }
            assert!(ran.err.contains(words_of_it), "{}", ran.err);
        }
        let ran = sandbox.run(["ls", "--json", "--store", "fork"]).expect(6);
        let line = &lines_of(ran.err.as_bytes())[0];
        assert_eq!(line["kind"], "other-history");
        assert_eq!(line["checkpoints"]["remembered"], mine);
        assert_eq!(line["checkpoints"]["found"], theirs);
        let text = sandbox.run(["audit", "--store", "fork"]).expect(6).text();
        assert!(text.contains(finding) && text.contains("checkpoint remembered:"), "{text}");
        let line = &sandbox.json(["audit", "--store", "fork"])[0];
        assert_eq!(line["checkpoints"]["found"], theirs);
        sandbox.run(["ls"]).expect(0).expect_quiet();
    }
}

#[test]
fn a_shorter_fork_is_told_by_what_was_met_before() {
    let sandbox = forked(2);
    let ran = sandbox.run(["ls", "--store", "fork"]).expect(6);
    ran.says("the journal is forked: its first 9 events are not those remembered");
}

#[test]
fn another_key_is_refused_with_both_notes() {
    let sandbox = Sandbox::bare();
    sandbox.run(["init", "-q", "one", "--origin", "example.com/a"]).expect(0);
    let init = ["init", "-q", "two", "--origin", "example.com/a"];
    Ran::of(forgetful(&sandbox, &init).env("XDG_CONFIG_HOME", sandbox.at("other-config")))
        .expect(0);
    for verb in ["ls", "add"] {
        let ran = sandbox.run([verb, "--store", "two", "."].into_iter().take(if verb == "ls" {
            3
        } else {
            4
        }));
        let ran = ran.expect(6).says("signed by another key than example.com/a+");
        assert_eq!(ran.err.matches("— example.com/a ").count(), 2, "{}", ran.err);
    }
    let text = sandbox.run(["audit", "--store", "two"]).expect(6).text();
    assert!(text.contains("CP-UNKNOWN-KEY"), "{text}");
}

#[test]
fn a_state_folder_that_cannot_be_written_is_said_each_time() {
    let sandbox = example();
    sandbox.write("file", "");
    let run = |words: &[&str]| {
        Ran::of(sandbox.command(words).env("XDG_STATE_HOME", sandbox.at("file"))).expect(0)
    };
    for words in [&["ls"][..], &["ls"], &["cat", "-q", "a"], &["add", "-q", "a"]] {
        let ran = run(words);
        assert_eq!(ran.err.lines().count(), 1, "{words:?}: {}", ran.err);
        assert!(ran.err.contains("nothing is remembered about this archive: "), "{}", ran.err);
    }
    let ran = run(&["ls", "--json"]);
    assert_eq!(lines_of(ran.err.as_bytes())[0]["type"], "warning");
    // Nothing at all to write to.
    let ran = Ran::of(sandbox.command(["ls"]).env_remove("HOME")).expect(0);
    ran.says("neither HOME nor XDG_STATE_HOME names a folder");
}

#[test]
fn known_archives_take_turns_at_one_place() {
    let sandbox = Sandbox::bare();
    for disk in ["disk-1", "disk-2"] {
        sandbox.write(disk, disk);
        sandbox.run(["init", "-q", "mount"]).expect(0);
        sandbox.run(["add", "-q", disk, "--store", "mount"]).expect(0);
        fs::rename(sandbox.at("mount"), sandbox.at(format!("away-{disk}"))).unwrap();
    }
    for _ in 0..2 {
        for disk in ["disk-1", "disk-2"] {
            fs::rename(sandbox.at(format!("away-{disk}")), sandbox.at("mount")).unwrap();
            sandbox.run(["cat", disk, "--store", "mount"]).expect(0).answers(disk).expect_quiet();
            sandbox.run(["add", "-q", disk, "--store", "mount"]).expect(0).expect_quiet();
            fs::rename(sandbox.at("mount"), sandbox.at(format!("away-{disk}"))).unwrap();
        }
    }
    // One that is known from elsewhere is said the first time.
    sandbox.run(["init", "-q", "third"]).expect(0);
    fs::rename(sandbox.at("third"), sandbox.at("mount")).unwrap();
    sandbox
        .run(["ls", "--store", "mount"])
        .expect(0)
        .says("lies here now; before, it was archive.local/mount-");
    sandbox.run(["ls", "-q", "--store", "mount"]).expect(0).expect_quiet();
}

#[test]
fn an_unknown_archive_at_a_known_place_is_refused_until_its_key_is_given() {
    let sandbox = example();
    fs::rename(sandbox.store(), sandbox.at("away")).unwrap();
    let init = ["init", "-q", "strange"];
    Ran::of(&mut forgetful(&sandbox, &init)).expect(0);
    fs::rename(sandbox.at("strange"), sandbox.store()).unwrap();
    let ran = sandbox.run(["ls"]).expect(6).says("another archive lies here than the remembered");
    let ran = ran.says("give it a place of its own").says("archive audit --vkey makes it known");
    assert!(ran.err.contains("checkpoint remembered:"), "{}", ran.err);
    let line = &sandbox.json(["audit"])[0];
    assert_eq!(
        (&line["history_check"], &line["remembered"]),
        (&"other-origin".into(), &Value::Null)
    );
    sandbox.run(["ls"]).expect(6);
    sandbox.run(["audit", "-q", "--vkey", line["vkey"].as_str().unwrap()]).expect(0);
    sandbox.run(["ls", "-q"]).expect(0).expect_quiet();
}

#[test]
fn an_origin_is_not_used_twice() {
    let sandbox = Sandbox::bare();
    let init = |folder: &str| sandbox.run(["init", folder, "--origin", "example.com/a"]);
    init("one").expect(0);
    let ran =
        init("two").expect(2).says("example.com/a is the origin of another archive (first seen 20");
    ran.says("choose another name with --origin");
    assert!(!sandbox.at("two").exists());
    // Its key says so, too, when all else is forgotten.
    fs::remove_dir_all(state(&sandbox)).unwrap();
    init("two").expect(2).says("(its key is ");
    assert!(!sandbox.at("two").exists());
    sandbox.run(["init", "two", "--origin", "example.com/b"]).expect(0);
}

#[test]
fn a_state_file_that_makes_no_sense_is_named_with_the_way_out() {
    let sandbox = example();
    let file = origin_file(&sandbox);
    for garbage in [&b""[..], b"\0\xff", b"vkey x\n"] {
        fs::write(&file, garbage).unwrap();
        let ran = sandbox.run(["ls"]).expect(6).says(file.to_str().unwrap());
        ran.says("compare it with a copy of the checkpoint kept elsewhere, then remove it");
        assert_eq!(fs::read(&file).unwrap(), garbage);
    }
    fs::remove_file(&file).unwrap();
    sandbox.run(["ls"]).expect(0).expect_quiet();
}

#[test]
fn commands_at_once_forget_no_checkpoint() {
    let sandbox = Sandbox::new();
    let all: Vec<_> = (0..6)
        .map(|n| {
            let name = format!("doc-{n}");
            sandbox.write(&name, &name);
            sandbox.command(["add", "-q", &name, "--wait", "2m"]).spawn().unwrap()
        })
        .collect();
    for mut child in all {
        assert!(child.wait().unwrap().success());
    }
    let kept = fs::read_to_string(origin_file(&sandbox)).unwrap();
    assert!(kept.contains(&format!("\n\n{}", checkpoint(&sandbox.store()))), "{kept}");
    let met = kept.lines().filter_map(|line| line.strip_prefix("met "));
    let sizes: Vec<u64> =
        met.map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    assert!(sizes.is_sorted() && sizes[0] == 0, "{sizes:?}");
}

/// The ways in which a line or a note reaches somebody.
fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let marked =
        |mark: &str| -> String { text.lines().map(|line| format!("{mark}{line}\n")).collect() };
    let wide = text.encode_utf16().flat_map(u16::to_le_bytes);
    vec![
        ("as it is", text.into()),
        ("lines of Windows", text.replace('\n', "\r\n").into()),
        ("blank lines", format!("\n\n  \n{text}\n\n\n").into()),
        ("blanks at the ends", text.replace('\n', "   \n").into()),
        ("no end", text.trim_end().into()),
        ("quoted", marked("> ").into()),
        ("quoted thrice", marked("> >> ").into()),
        (
            "a mail",
            format!("From: ann\r\n\r\nDear Bob,\r\n\r\n{}\r\n-- \r\nAnn\r\n", marked("> ")).into(),
        ),
        ("a byte order mark", format!("\u{feff}{text}").into()),
        ("two bytes a letter", [0xff, 0xfe].into_iter().chain(wide).collect()),
    ]
}

#[test]
fn a_checkpoint_and_a_key_need_no_state_in_whatever_form_they_come() {
    let sandbox = example();
    let (note, vkey) = (checkpoint(&sandbox.store()), vkey(&sandbox));
    sandbox.write("c", "c");
    sandbox.run(["add", "-q", "c"]).expect(0);
    for (n, ((form, note), (_, key))) in forms(&note).into_iter().zip(forms(&vkey)).enumerate() {
        sandbox.write("note", &note);
        sandbox.write("key", &key);
        let state = sandbox.at(format!("state-{n}"));
        let mut command =
            sandbox.command(["audit", "--quick", "--vkey", "key", "--expect", "note"]);
        let ran = Ran::of(command.env("XDG_STATE_HOME", &state));
        assert_eq!(ran.code, Some(0), "{form}: {}", ran.err);
        let text = ran.text();
        assert!(text.contains("who            signed by the key given; 9 events under "), "{text}");
        assert!(
            text.contains("extends the checkpoint given (6 events); nothing is remembered"),
            "{text}"
        );
        let ran = sandbox.feed(["audit", "--quick", "--vkey", &vkey, "--expect", "-"], &note);
        assert_eq!(ran.code, Some(0), "{form}: {}", ran.err);
        let text = ran.text();
        assert!(
            text.contains("extends the checkpoint given and what is remembered (9 events;"),
            "{text}"
        );
        let line =
            &lines_of(&sandbox.feed(["audit", "--json", "--vkey", "-"], &key).expect(0).out)[0];
        assert_eq!((&line["key_given"], &line["checkpoint_given"]), (&true.into(), &false.into()));
    }
}

#[test]
fn what_is_given_and_does_not_fit_is_called_what_it_is() {
    let sandbox = forked(1);
    let note = checkpoint(&sandbox.store());
    let audit = |note: &str, code| {
        sandbox.write("note", note);
        let words = ["audit", "--quick", "--expect", "note", "--json"];
        Ran::of(sandbox.command(words).env("XDG_STATE_HOME", sandbox.at("no-state"))).expect(code)
    };
    let finding = |ran: &Ran| {
        let finding = &lines_of(&ran.out)[0]["findings"][0];
        (finding["code"].as_str().unwrap().to_owned(), finding["why"].as_str().unwrap().to_owned())
    };
    // A fork of this archive, and a state that it has lost.
    let ran = audit(&checkpoint(&sandbox.at("fork")), 6);
    assert_eq!(finding(&ran).0, "LOG-FORKED");
    // Another archive's, under another key or under this origin.
    let signer = Signer::from_seed("example.com/other", &[9; 32]).unwrap();
    let root = note.lines().nth(2).unwrap();
    let other = signer.sign(&format!("example.com/other\n3\n{root}\n")).unwrap();
    let ran = audit(&String::from_utf8(other).unwrap(), 6);
    let (code, why) = finding(&ran);
    assert_eq!(
        (&code[..], lines_of(&ran.out)[0]["history_check"].as_str()),
        ("CP-UNKNOWN-KEY", Some("other-checkpoint"))
    );
    assert!(
        why.contains(
            "it is another archive's: of example.com/other, signed by the key example.com/other+"
        ),
        "{why}"
    );
    assert!(!why.contains("damaged"), "{why}");
    // A signature that does not hold, and no checkpoint at all.
    let ran = audit(&note.replacen("\n9\n", "\n8\n", 1), 6);
    assert!(
        ran.err.contains("the checkpoint in note is damaged: its signature by the key"),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains("does not hold, so it was altered after it was signed"),
        "{}",
        ran.err
    );
    // Beside one that holds, too.
    let both = format!("{note}\n{}", note.replacen("\n9\n", "\n8\n", 1));
    let ran = audit(&both, 6);
    assert!(ran.err.contains("one of the checkpoints in note is damaged: "), "{}", ran.err);
    audit("Dear Ann,\n", 2)
        .says("note holds no checkpoint: an origin, a size, a root and a signature");
    let cut: Vec<&str> = note.lines().take(3).collect();
    audit(&cut.join("\n"), 2).says("note holds no checkpoint");
    for (words, code, says) in [
        (&["--expect", "nothing"][..], 5, "cannot read nothing: there is no such file"),
        (&["--vkey", "nothing"], 2, "nothing is neither a vkey line nor a file"),
        (&["--vkey", "note"], 2, "note holds no vkey line: name+id+key"),
        (&["--vkey", "-", "--expect", "-"], 2, "cannot both be read from standard input"),
    ] {
        let ran = Ran::of(sandbox.command(["audit"]).args(words)).expect(code);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    let other = signer.verifier().to_string();
    let ran = Ran::of(&mut forgetful(&sandbox, &["audit", "--quick", "--vkey", &other])).expect(6);
    assert!(ran.text().contains("CP-UNKNOWN-KEY"), "{}", ran.text());
}

#[test]
fn an_altered_checkpoint_of_before_a_rotation_is_called_altered() {
    let sandbox = example();
    let first = checkpoint(&sandbox.store());
    sandbox.run(["key", "rotate", "-q"]).expect(0);
    sandbox.write("c", "c");
    sandbox.run(["add", "-q", "c"]).expect(0);
    let last = checkpoint(&sandbox.store());
    for note in [first.replacen("\n6\n", "\n11\n", 1), last.replacen("\n11\n", "\n5\n", 1)] {
        assert!(note != first && note != last);
        sandbox.write("bad", &note);
        for words in [
            &["audit", "--quick", "--expect", "bad"][..],
            &["prove", "--consistency", "bad", "-o", "-"],
        ] {
            let ran = sandbox.run(words).expect(6);
            assert!(ran.err.contains("so it was altered after it was signed"), "{}", ran.err);
        }
    }
}
