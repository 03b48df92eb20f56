//! Which document and which revision words mean: the same for every verb.

use std::fs;

use crate::common::sandbox::Sandbox;

/// A document of that name and content, captured then if a time is given.
fn add(sandbox: &Sandbox, name: &str, text: &str, captured: Option<&str>) {
    sandbox.write("input", text);
    let mut words = vec!["add", "-q", "input", "--as", name];
    words.extend(captured.iter().flat_map(|captured| ["--captured", captured]));
    sandbox.run(words).expect(0);
}

/// A text captured in 2022, in 2020 and in 2021, and added in this order.
fn backfilled() -> Sandbox {
    let sandbox = Sandbox::new();
    for year in ["2022", "2020", "2021"] {
        add(&sandbox, "page", &format!("as of {year}\n"), Some(&format!("{year}-06-01")));
    }
    sandbox
}

#[test]
fn a_file_is_compared_with_what_was_captured_last_whatever_was_recorded_after_it() {
    // It was compared with what was recorded last: a file that had gone back to what was backfilled was called
    // unchanged and restored as something else, and one that had not changed got a new revision.
    let sandbox = Sandbox::new();
    let add = |text: &str, captured: Option<&str>, said: &str| {
        sandbox.write("f", text);
        let words =
            ["add", "f"].into_iter().chain(captured.iter().flat_map(|it| ["--captured", it]));
        let words: Vec<&str> = words.collect();
        sandbox.run(["add", "-n", "f"].into_iter().chain(words[2..].iter().copied())).expect(0);
        sandbox.run(words).expect(0).says(said);
    };
    add("new\n", None, "1 new document");
    add("old\n", Some("2020-01-01"), "1 new revision");
    add("new\n", None, "1 unchanged");
    add("old\n", None, "1 new revision");
    sandbox.run(["cat", "f"]).expect(0).answers("old\n");
    sandbox.run(["export", "-q", "-o", "out"]).expect(0);
    assert_eq!(fs::read(sandbox.at("out/f")).unwrap(), b"old\n");
    add("older\n", Some("2019-01-01"), "1 new revision");
    add("older\n", Some("2021-01-01"), "1 new revision");
    add("old\n", None, "1 unchanged");
    sandbox.run(["rebuild", "-q"]).expect(0);
    add("old\n", None, "1 unchanged");
    // Within one run, too.
    sandbox.write(
        "list.jsonl",
        concat!(
            "{\"path\":\"a\",\"name\":\"g\",\"captured\":\"2022-01-01\"}\n",
            "{\"path\":\"b\",\"name\":\"g\",\"captured\":\"2021-01-01\"}\n",
            "{\"path\":\"b\",\"name\":\"g\",\"captured\":\"2023-01-01\"}\n",
        ),
    );
    sandbox.write("a", "a\n");
    sandbox.write("b", "b\n");
    for words in
        [&["add", "-n", "--manifest", "list.jsonl"][..], &["add", "--manifest", "list.jsonl"]]
    {
        sandbox.run(words).expect(0).says("2 new revisions");
    }
    sandbox.run(["cat", "g"]).expect(0).answers("b\n");
    sandbox.run(["audit", "-q"]).expect(0);
}

#[test]
fn i16_latest_is_the_latest_capture_for_every_verb_whenever_it_was_recorded() {
    let sandbox = backfilled();
    for selector in ["page", "page@latest", "page@today", "page@2022-12", "page@1"] {
        sandbox.run(["cat", selector]).expect(0).answers("as of 2022\n");
    }
    for (selector, year) in [
        ("page@2020-12", "2020"),
        ("page@2021-12", "2021"),
        ("page@prev", "2021"),
        ("page@latest-2", "2020"),
        ("page@first", "2020"),
        ("page@3", "2021"),
    ] {
        sandbox.run(["cat", selector]).expect(0).answers(format!("as of {year}\n"));
    }
    for (folder, more) in [("plain", None), ("today", Some("today")), ("then", Some("2022-12-31"))]
    {
        let at = more.iter().flat_map(|at| ["--at", at]);
        sandbox.run(["export", "-q", "-o", folder].into_iter().chain(at)).expect(0);
        assert_eq!(fs::read(sandbox.at(folder).join("page")).unwrap(), b"as of 2022\n", "{folder}");
    }
    let log = sandbox.run(["log", "page"]).expect(0).text();
    let numbers: Vec<_> = log.lines().skip(1).map(|line| &line[..2]).collect();
    assert_eq!(numbers, ["@1", "@3", "@2"], "latest first:\n{log}");
    let ls = sandbox.run(["ls", "-l"]).expect(0).text();
    assert!(ls.contains(" @1 ") && ls.contains("2022-06-01"), "{ls}");
    let diff = sandbox.run(["diff", "page"]).expect(0).text();
    assert!(diff.starts_with("page@3 → page@1\n"), "{diff}");
    sandbox.run(["diff", "--exit-code", "page@1", "@latest"]).expect(0);
    sandbox.run(["diff", "--exit-code", "page@today", "@latest"]).expect(0);
    sandbox.run(["diff", "page@first"]).expect(4).says("page@2 is the first revision");
    let line = sandbox.json(["ls"]).swap_remove(0);
    assert_eq!((&line["revision"], &line["revisions"]), (&1.into(), &3.into()));
    sandbox.run(["rebuild", "-q"]).expect(0);
    sandbox.run(["cat", "page"]).expect(0).answers("as of 2022\n");
    sandbox.run(["audit", "-q"]).expect(0);
}

#[test]
fn near_duplicates_are_sought_among_the_latest_captures() {
    let sandbox = Sandbox::new();
    let text = |seed: usize| -> String {
        (0..200).map(|n| format!("w{seed}x{} ", n * 7919 % 9973)).collect()
    };
    add(&sandbox, "page", &text(1), Some("2022-01-01"));
    add(&sandbox, "page", &text(2), Some("2020-01-01"));
    add(&sandbox, "of-now", &text(1), None);
    add(&sandbox, "of-then", &text(2), None);
    let now = sandbox.run(["similar", "of-now"]).expect(0).text();
    assert!(now.contains("page@1"), "{now}");
    sandbox.run(["similar", "of-then"]).expect(1);
    sandbox.run(["rebuild", "-q"]).expect(0);
    sandbox.run(["similar", "of-then"]).expect(1);
}

#[test]
fn nothing_is_captured_ahead_of_time() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    sandbox.run(["add", "x", "--captured", "2999-01-01"]).expect(2).says("lies ahead");
    let ahead = std::time::SystemTime::now() + std::time::Duration::from_secs(100_000_000);
    let file = fs::File::options().write(true).open(sandbox.at("x")).unwrap();
    file.set_times(fs::FileTimes::new().set_modified(ahead)).unwrap();
    sandbox.run(["add", "-q", "x", "--captured", "mtime"]).expect(3).says("lies ahead");
    sandbox.run(["cat", "x@today"]).expect(0).answers("x");
}

#[test]
fn a_name_comes_before_a_folder_an_end_and_an_id() {
    let sandbox = Sandbox::new();
    for name in
        ["report", "report/a", "old/report", "old/letters", "letters/b", "old/notes", "x/notes@2"]
    {
        add(&sandbox, name, name, None);
    }
    let id = sandbox.json(["ls", "old/notes"])[0]["id"].as_str().unwrap().to_owned();
    add(&sandbox, &format!("{}/c", &id[..4]), "in a folder called like an id", None);
    for (words, text) in [
        ("report", "report"),
        ("./report", "report"),
        ("old/report", "old/report"),
        ("notes", "old/notes"),
        (&id, "old/notes"),
        ("x/notes@2", "x/notes@2"),
    ] {
        sandbox.run(["cat", words]).expect(0).answers(text);
    }
    for folder in ["report/", "letters", "letters/", &id[..4]] {
        for verb in ["cat", "log", "show", "diff", "stats"] {
            let ran = sandbox.run([verb, folder]).expect(4).answers("");
            ran.says(&format!("{folder} is a folder; name a document in it"));
        }
    }
    sandbox.run(["cat", "old/notes/"]).expect(4).says("there is no document old/notes/");
    let exported = |words: &str| {
        let out = sandbox.at("out");
        let _ = fs::remove_dir_all(&out);
        sandbox.run(["export", "-q", "-o", "out", words]).expect(0);
        let tree = Sandbox::tree(&out);
        tree.into_iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(exported("report"), "report");
    assert_eq!(exported("report/"), "report/a");
    assert_eq!(exported("letters"), "letters/b");
    assert_eq!(exported(&id[..4]), format!("{}/c", &id[..4]));
    assert_eq!(exported(&id), "old/notes");
    assert_eq!(exported("notes"), "old/notes");
}

#[test]
fn a_name_with_the_signs_of_a_glob_is_a_name() {
    let sandbox = Sandbox::new();
    for name in ["notes [2024]/a", "notes [2024]/b", "notes 2/c", "what?", "whatx"] {
        add(&sandbox, name, name, None);
    }
    let folder = "notes [2024]/a\nnotes [2024]/b\n";
    sandbox.run(["ls", "notes [2024]"]).expect(0).answers(folder);
    sandbox.run(["ls", "notes [2024]/"]).expect(0).answers(folder);
    sandbox.run(["ls", "what?"]).expect(0).answers("what?\n");
    sandbox.run(["ls", "wha??"]).expect(0).answers("what?\nwhatx\n");
    sandbox.run(["ls", "notes [0-9]/*"]).expect(0).answers("notes 2/c\n");
    sandbox.run(["ls", "no*such"]).expect(4);
    let id = sandbox.json(["ls", "whatx"])[0]["id"].as_str().unwrap().to_owned();
    sandbox.run(["ls", &id]).expect(0).answers("whatx\n");
}

#[test]
fn a_day_before_it_was_there_is_not_found() {
    let sandbox = backfilled();
    add(&sandbox, "letters/a", "a", Some("2021-01-01"));
    let export = |words: &[&str]| {
        sandbox.run(["export", "-o", "out"].iter().chain(words)).expect(4).answers("").err
    };
    let said = export(&["page", "--at", "1999-01-01"]);
    assert!(said.contains("page has no revision captured by 1999-01-01"), "{said}");
    let said = export(&["letters", "--at", "2020-07-01"]);
    assert!(said.contains("no document in letters was captured by 2020-07-01"), "{said}");
    let said = export(&["--at", "1999-01-01"]);
    assert!(said.contains("no document was captured by 1999-01-01"), "{said}");
    assert!(!sandbox.at("out").exists());
    let empty = Sandbox::new();
    empty.run(["export", "-o", "out", "--at", "1999-01-01"]).expect(0);
}

#[test]
fn an_export_takes_revisions_by_their_selectors() {
    let sandbox = backfilled();
    for (selector, year) in [("page@2", "2020"), ("page@2021-12", "2021"), ("page", "2022")] {
        sandbox.run(["export", "-q", "--overwrite", "-o", "out", selector]).expect(0);
        let text = fs::read_to_string(sandbox.at("out/page")).unwrap();
        assert_eq!(text, format!("as of {year}\n"), "{selector}");
    }
    sandbox.run(["export", "-o", "out", "page@1", "page@2"]).expect(2).says("would be one file");
    sandbox.run(["export", "-o", "out", "page@1", "page"]).expect(0);
    let ran = sandbox.run(["export", "-o", "out", "page@1", "--at", "today"]).expect(2);
    ran.says("page@1 names a revision, and so does the time");
    sandbox.run(["export", "-o", "out", "page@9"]).expect(4).says("page@9 does not exist");
}

#[test]
fn of_two_commits_of_one_second_the_second_came_later() {
    let sandbox = Sandbox::new();
    let captured = Some("2020-01-01");
    add(&sandbox, "a", "file", captured);
    add(&sandbox, "a/b", "below", captured);
    let ran = sandbox.run(["export", "-o", "out"]).expect(0);
    ran.says("a is written as a.1: a/b has the path");
}

#[test]
fn a_file_that_became_a_folder_is_exported_as_what_came_later() {
    let sandbox = Sandbox::new();
    add(&sandbox, "a", "file", Some("2020-01-01"));
    add(&sandbox, "a/b", "below", Some("2021-01-01"));
    add(&sandbox, "a/c/d", "below", Some("2019-01-01"));
    add(&sandbox, "a-x", "beside", Some("2019-01-01"));
    let export =
        |out: &str, more: &[&str]| sandbox.run(["export", "-o", out].iter().chain(more)).expect(0);
    let ran = export("now", &[]).says("a is written as a.1: a/b has the path");
    ran.says("4 documents written to now, 1 under another name");
    let paths = |out: &str| {
        let tree = Sandbox::tree(&sandbox.at(out)).into_iter();
        tree.map(|(path, _)| path.display().to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(paths("now"), "a/b a/c/d a-x a.1");
    export("now", &[]).says("4 there already, 1 under another name");
    let ran = export("then", &["--at", "2020-12-31"]);
    ran.says("a/c/d is written as a.parts/c/d: a has the path").says("3 documents written");
    assert_eq!(paths("then"), "a a-x a.parts/c/d");
    add(&sandbox, "a", "a file again", Some("2022-01-01"));
    let ran = export("later", &[]).says("a/b is written as a.parts/b");
    ran.says("a/c/d is written as a.parts/c/d: a has the path");
    assert_eq!(paths("later"), "a a-x a.parts/b a.parts/c/d");
    // What is not asked for stands in nobody's way.
    sandbox.run(["export", "-q", "-o", "asked-for", "a/b"]).expect(0);
    assert_eq!(paths("asked-for"), "a/b");
    sandbox.run(["export", "-q", "-o", "both", "a/b", "a"]).expect(0);
    assert_eq!(paths("both"), "a a.parts/b");
    sandbox.run(["export", "-q", "-o", "folder", "a/"]).expect(0);
    assert_eq!(paths("folder"), "a/b a/c/d");
    let lines = sandbox.json(["export", "-o", "json"]);
    assert_eq!(lines.last().unwrap()["elsewhere"], 2);
    let moved = lines.iter().find(|line| line["type"] == "elsewhere").unwrap();
    assert_eq!((&moved["name"], &moved["path"]), (&"a/b".into(), &"a.parts/b".into()));
    // A name that is taken is nobody else's.
    add(&sandbox, "a.parts", "taken", Some("2019-01-01"));
    export("free", &[]).says("a/b is written as a.parts-2/b");
    assert_eq!(paths("free"), "a a-x a.parts a.parts-2/b a.parts-2/c/d");
}
