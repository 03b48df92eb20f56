//! Folders over time: what is gone, what moved, and the folder of any day.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use docarchive::internals::types::time::Timestamp;

use crate::{
    common::{
        draw::Draw,
        is_slow, open_in,
        sandbox::{Sandbox, os},
    },
    patterns,
};

/// What a folder holds: bytes by path.
type Files = BTreeMap<Vec<u8>, Vec<u8>>;

const NAMES: [&[u8]; 12] = [
    b"a.txt",
    b"b.txt",
    b"c",
    b"d/a.txt",
    b"d/b.txt",
    b"d/e/f",
    b"g/h",
    b"g",
    b"caf\xe9",
    b"x y",
    b"z/caf\xe9/1",
    b"z/2",
];

/// A name that is free, and neither a folder of another nor in one that is a file.
fn free_name(draw: &mut Draw, files: &Files) -> Option<Vec<u8>> {
    let name = NAMES[draw.below(NAMES.len())].to_vec();
    let is_in = |a: &[u8], b: &[u8]| a.strip_prefix(b).is_some_and(|rest| rest.starts_with(b"/"));
    let is_free = |other: &Vec<u8>| *other != name && !is_in(other, &name) && !is_in(&name, other);
    files.keys().all(is_free).then_some(name)
}

fn text(draw: &mut Draw) -> Vec<u8> {
    match draw.below(8) {
        0 => Vec::new(),
        // Some have the same bytes.
        n @ 1..=2 => format!("one of two, {n}\n").into_bytes(),
        _ => format!("a text of its own, {}\n", draw.next()).into_bytes(),
    }
}

/// The next state of a folder: some files are added, changed, removed, moved.
fn next(draw: &mut Draw, files: &Files) -> Files {
    let mut files = files.clone();
    for _ in 0..=draw.below(4) {
        let some = files.keys().nth(draw.below(files.len().max(1))).cloned();
        match (draw.below(5), some) {
            (0, Some(name)) if files.len() > 1 => {
                files.remove(&name);
            }
            (1, Some(name)) => {
                let text = text(draw);
                files.insert(name, text);
            }
            (2, Some(name)) => {
                let bytes = files.remove(&name).unwrap();
                let name = free_name(draw, &files).unwrap_or(name);
                files.insert(name, bytes);
            }
            _ => {
                if let Some(name) = free_name(draw, &files) {
                    let text = text(draw);
                    files.insert(name, text);
                }
            }
        }
    }
    if files.is_empty() { [(b"a.txt".to_vec(), b"first\n".to_vec())].into() } else { files }
}

fn lay(folder: &Path, files: &Files) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        let path = folder.join(os(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn found(folder: &Path) -> Files {
    let files = Sandbox::tree(folder).into_iter();
    files.map(|(path, bytes)| (path.as_os_str().as_bytes().to_vec(), bytes)).collect()
}

fn day(n: usize) -> String {
    format!("2025-{:02}-{:02}", n / 28 + 1, n % 28 + 1)
}

#[test]
fn the_folder_of_every_day_comes_back_byte_by_byte() {
    let (n_seeds, n_states) = if is_slow() { (3, 37) } else { (2, 10) };
    for seed in 0..n_seeds {
        let (sandbox, mut draw) = (Sandbox::new(), Draw(seed));
        let mut states = vec![next(&mut draw, &Files::new())];
        while states.len() < n_states {
            let state = next(&mut draw, states.last().unwrap());
            states.push(state);
        }
        for (n, state) in states.iter().enumerate() {
            lay(&sandbox.at("docs"), state);
            // Half of them from within the folder.
            let words = ["add", "-q", "--track", "docs", "--as", "d", "--captured", &day(n)];
            sandbox.run(words).expect(0);
            sandbox.run(words).expect(0);
        }
        let exported = |at: &str, out: &str| {
            sandbox.run(["export", "-q", "-o", out, "--at", at]).expect(0);
            found(&sandbox.at(out).join("d"))
        };
        for round in ["first", "rebuilt"] {
            for (n, state) in states.iter().enumerate() {
                let out = format!("{round}-{n}");
                assert_eq!(exported(&day(n), &out), *state, "seed {seed}, state {n}, {round}");
                let ls = sandbox.run(["ls", "--at", &day(n)]).expect(0).text();
                assert_eq!(ls.lines().count(), state.len(), "seed {seed}, state {n}: {ls}");
                patterns::check(
                    &open_in(&sandbox.store()),
                    Timestamp::parse(&format!("{}T12:00:00Z", day(n))).unwrap(),
                );
            }
            sandbox.run(["export", "-q", "-o", round]).expect(0);
            assert_eq!(found(&sandbox.at(round).join("d")), *states.last().unwrap());
            sandbox.run(["audit", "-q"]).expect(0);
            sandbox.run(["rebuild", "-q"]).expect(0);
        }
        sandbox.run(["copy", "-q", "copy"]).expect(0);
        let copy = ["export", "-q", "--store", "copy", "-o", "copied", "--at", &day(0)];
        sandbox.run(copy).expect(0);
        assert_eq!(found(&sandbox.at("copied/d")), states[0]);
    }
}

#[test]
fn what_moved_goes_on_and_what_comes_back_goes_on() {
    let sandbox = Sandbox::new();
    let write = |path: &str, text: &str| sandbox.write(format!("docs/{path}"), text);
    let add =
        |n: usize| sandbox.run(["add", "-q", "--track", "docs", "--captured", &day(n)]).expect(0);
    let revisions = |name: &str| {
        let lines = sandbox.json(["log", name]);
        lines.iter().filter(|line| line["type"] == "revision").count()
    };
    write("a", "of a\n");
    write("b", "of b\n");
    write("empty", "");
    add(0);
    // The folder moves, one is changed beside, and an empty one is no other's continuation.
    fs::create_dir(sandbox.at("docs/in")).unwrap();
    for (from, to) in [("a", "in/a"), ("empty", "in/empty")] {
        fs::rename(sandbox.at("docs").join(from), sandbox.at("docs").join(to)).unwrap();
    }
    write("b", "of b, again\n");
    add(1);
    write("in/a", "of a, again\n");
    add(2);
    assert_eq!(
        (revisions("docs/in/a"), revisions("docs/b"), revisions("docs/in/empty")),
        (2, 2, 1)
    );
    let gone: Vec<_> =
        sandbox.run(["ls", "--gone"]).expect(0).text().lines().map(str::to_owned).collect();
    assert_eq!(gone, ["docs/empty"]);
    // A name that was left is free for another document.
    write("a", "quite another\n");
    add(3);
    assert_eq!(revisions("docs/a"), 1);
    assert_eq!(sandbox.json(["show", "docs/a"])[0]["revision"], 1);
    // What is gone comes back under its name, with other bytes or the same.
    fs::remove_file(sandbox.at("docs/b")).unwrap();
    fs::remove_file(sandbox.at("docs/a")).unwrap();
    add(4);
    write("b", "of b, a third time\n");
    write("a", "quite another\n");
    add(5);
    assert_eq!((revisions("docs/b"), revisions("docs/a")), (3, 1));
    assert!(sandbox.json(["show", "docs/b"])[0]["gone"].is_null());
    sandbox.run(["audit", "-q"]).expect(0);
}

#[test]
fn what_is_left_out_or_elsewhere_is_not_gone() {
    let sandbox = Sandbox::new();
    for path in ["docs/a", "docs/private/b", "docs/large", "other/c", "docs2/d"] {
        sandbox.write(path, format!("of {path}, {}", "x".repeat(path.len() * 10)));
    }
    sandbox.run(["add", "-q", "docs", "other", "docs2"]).expect(0);
    let rest = ["-e", "private", "--max-size", "100"];
    let words = ["add", "--json", "--track", "docs"].into_iter().chain(rest);
    let summary = |lines: Vec<serde_json::Value>| lines.last().unwrap().clone();
    assert_eq!(summary(sandbox.json(words))["gone"], 0);
    fs::remove_dir_all(sandbox.at("docs/private")).unwrap();
    assert_eq!(summary(sandbox.json(["add", "--track", "docs"]))["gone"], 1);
    assert_eq!(sandbox.run(["ls"]).expect(0).text().lines().count(), 4);
    // A folder that is not there says nothing of its documents, and a folder within it is only that.
    sandbox.run(["add", "--track", "nowhere"]).expect(3);
    fs::remove_file(sandbox.at("other/c")).unwrap();
    sandbox.run(["add", "--track", "other"]).expect(2).says("other is empty");
    // What a rule leaves out is there, and nothing is said of it; what else would be gone is.
    for rule in [["-e", "*"], ["--max-size", "1"]] {
        let words = ["add", "--json", "--track", "docs2"].into_iter().chain(rule);
        assert_eq!(summary(sandbox.json(words))["gone"], 0, "{rule:?}");
    }
    fs::rename(sandbox.at("docs2/d"), sandbox.at("docs2/e")).unwrap();
    let ran = sandbox.run(["add", "--track", "docs2", "-e", "*"]).expect(2);
    ran.says(
        "all that is in docs2 is left out or cannot be read, and 1 document that is not there",
    );
    fs::rename(sandbox.at("docs2/e"), sandbox.at("docs2/d")).unwrap();
    assert_eq!(sandbox.run(["ls"]).expect(0).text().lines().count(), 4);
    assert_eq!(summary(sandbox.json(["add", "--track", "."]))["gone"], 1);
}

#[test]
fn words_of_a_rename_are_withdrawn_and_bytes_of_a_renamed_document() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "one two three\n");
    sandbox.run(["add", "-q", "a"]).expect(0);
    sandbox.run(["rename", "-q", "a", "secret-name"]).expect(0);
    sandbox.run(["note", "-q", "secret-name", "--note", "a secret note", "+tag"]).expect(0);
    let lines = sandbox.json(["log", "secret-name"]);
    let event = |change: &str| {
        let line = lines.iter().find(|line| line["change"] == change).unwrap();
        line["event"].to_string()
    };
    for change in ["rename", "describe"] {
        let words = ["withdraw", "-q", "--words", &event(change), "--reason", "personal"];
        sandbox.run(words).expect(0);
    }
    // Which name it got is not known any more, and the one before may be another document's by now.
    let id = lines[0]["id"].as_str().unwrap();
    assert_eq!(sandbox.run(["ls"]).expect(0).text(), format!("{id}\n"));
    sandbox.run(["cat", id]).expect(0).answers("one two three\n");
    let line = sandbox.json(["show", id])[0].clone();
    assert_eq!(
        (&line["note"], line["tags"].as_array().unwrap().len()),
        (&serde_json::Value::Null, 0)
    );
    for (path, bytes) in Sandbox::tree(&sandbox.store()) {
        let is_there = bytes.windows(6).any(|window| window == b"secret");
        assert!(!is_there, "{}", path.display());
    }
    sandbox.run(["audit", "-q"]).expect(0);
    sandbox.run(["rename", "-q", id, "b"]).expect(0);
    sandbox.run(["withdraw", "-q", "b", "--reason", "legal"]).expect(0);
    sandbox.run(["cat", "b"]).expect(4);
    sandbox.run(["audit", "-q"]).expect(0);
}

#[test]
fn a_renamed_document_is_proved_and_read_under_its_name() {
    let sandbox = Sandbox::with_two_revisions();
    let truth = sandbox.run(["cat", "d/a.txt"]).expect(0).out;
    sandbox.run(["rename", "-q", "d/a.txt", "new/name.txt"]).expect(0);
    for selector in ["new/name.txt", "new/name.txt@2", "name.txt"] {
        assert_eq!(sandbox.run(["cat", selector]).expect(0).out, truth);
    }
    sandbox.run(["cat", "d/a.txt"]).expect(4).says("it was renamed");
    sandbox.run(["prove", "-q", "new/name.txt", "-o", "proof"]).expect(0);
    sandbox.run(["verify-proof", "proof"]).expect(0);
    sandbox.run(["diff", "new/name.txt"]).expect(0);
    sandbox.run(["blame", "new/name.txt"]).expect(0);
    sandbox.run(["export", "-q", "-o", "out", "--all-revisions", "new"]).expect(0);
    let out: Vec<PathBuf> = Sandbox::tree(&sandbox.at("out")).into_iter().map(|it| it.0).collect();
    assert_eq!(out, [Path::new("new/name.txt@1"), Path::new("new/name.txt@2")]);
}

#[test]
fn a_manifest_takes_many_lines_and_names_the_wrong_one() {
    let sandbox = Sandbox::new();
    let n = if is_slow() { 20_001 } else { 300 };
    let mut lines = String::new();
    for i in 0..n {
        sandbox.write(format!("m/{i}.txt"), format!("the text of number {i}\n"));
        lines.push_str(&format!(
            "{{\"path\":\"{i}.txt\",\"name\":\"doc/{}\",\"source\":\"https://example.org/{i}\",\"captured\":\"{}\",\"tags\":[\"t{}\"]}}\n",
            i / 3,
            day(i % 300),
            i % 7
        ));
    }
    sandbox.write("m/list.jsonl", &lines);
    let summary = sandbox.json(["add", "--manifest", "m/list.jsonl"]).pop().unwrap();
    assert_eq!((&summary["new"], &summary["revised"]), (&(n / 3).into(), &(n - n / 3).into()));
    assert_eq!(sandbox.json(["show", "doc/1@2"])[0]["source"], "https://example.org/4");
    assert_eq!(sandbox.json(["ls", "--source", "*/4", "--tag", "t4"]).len(), 2);
    let again = sandbox.json(["add", "--manifest", "m/list.jsonl"]).pop().unwrap();
    assert_eq!(again["unchanged"], n, "what was captured then is recorded already");
    sandbox.write("m/list.jsonl", lines + "{\"path\":\"0.txt\",\"tags\":[\"a b\"]}\n");
    let wrong = sandbox.run(["add", "--manifest", "m/list.jsonl"]).expect(2);
    wrong.says(&format!("m/list.jsonl, line {}: tag \"a b\"", n + 1));
    sandbox.run(["audit", "-q"]).expect(0);
}

#[test]
fn a_manifest_that_is_none_is_answered_in_plain_words() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "a");
    let add = |text: &str| {
        sandbox.write("list", text);
        sandbox.run(["add", "-q", "--manifest", "list"])
    };
    for bad in ["null", "[\"a\",\"name\"]", "\"a\"", "1", "a.txt"] {
        let ran = add(&format!("{{\"path\":\"a\"}}\n{bad}\n")).expect(2);
        ran.says("list, line 2: a line is a JSON object with path");
    }
    add("{\"path\":\"a\",\"captured\":\"soon\"}\n").expect(2).says("is no time; write 2026-");
    sandbox.run(["ls", "-q"]).expect(0).answers("");
    add("\u{feff}{\"path\":\"a\"}\n").expect(0).expect_quiet();
    sandbox.run(["ls"]).expect(0).answers("a\n");
}

#[test]
fn a_name_that_leads_elsewhere_is_refused_and_a_tag_of_one_letter_is_taken_off() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "a");
    sandbox.run(["add", "-q", "a"]).expect(0);
    for bad in ["../b", "/b", "x/../b"] {
        sandbox.run(["rename", "a", bad]).expect(2).says("does not begin with / and has no ..");
        sandbox
            .run(["add", "a", "--as", bad])
            .expect(2)
            .says("does not begin with / and has no ..");
    }
    sandbox.run(["note", "-q", "a", "+s", "+q", "+w"]).expect(0);
    sandbox.run(["note", "a", "-s"]).expect(0).says("tags: q w");
    sandbox.run(["note", "a", "--", "-q"]).expect(0).says("tags: w");
    let ran = sandbox.run(["ls", "--captured", "2026-03..2026-01"]).expect(2);
    ran.says("of the two times of --captured the second is before the first");
}

#[test]
fn folders_that_overlap_are_tracked_as_one() {
    let sandbox = Sandbox::new();
    for name in ["f/a", "f/s/b"] {
        sandbox.write(name, name);
    }
    for (words, said) in [
        (&["f", "f"][..], "2 new documents"),
        (&["f", "f/s"], "0 new documents"),
        (&["f/s", "f", "f/s"], "0 new documents"),
    ] {
        sandbox.run([&["add", "--track"], words].concat()).expect(0).says(said);
    }
    fs::remove_file(sandbox.at("f/s/b")).unwrap();
    sandbox.run(["add", "--track", "f", "f/s"]).expect(2).says("f/s is empty");
    sandbox.run(["add", "--track", "f"]).expect(0).says("1 gone");
}

#[test]
fn what_is_named_twice_is_counted_once() {
    let sandbox = Sandbox::new();
    for name in ["f/a", "f/sub/b"] {
        sandbox.write(name, name);
    }
    for words in [&["add", "--track", "f", "./f", "f/sub"][..], &["add", "f/", "f"]] {
        let said = "2 new documents, 0 new revisions, 0 unchanged";
        sandbox.run([words, &["-n"]].concat()).expect(0).says(said);
    }
}
