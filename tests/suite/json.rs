//! docs/json.md is the schema: every line of every verb has exactly the fields it names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use crate::common::{
    authority::{self, Stated},
    sandbox::{self, Ran, Sandbox, lines_of},
};

/// For each verb and type of line, the type of each field.
type Tables = BTreeMap<(String, String), BTreeMap<String, String>>;

/// Where errors stand in the page.
const ERRORS: &str = "Errors";

fn tables() -> Tables {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md"));
    let (mut verb, mut kind) = (String::new(), String::new());
    let mut tables = Tables::new();
    for line in page.unwrap().lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            (verb, kind) = (heading.to_owned(), String::new());
        } else if let Some(heading) = line.strip_prefix("### ") {
            kind = heading.to_owned();
            tables.entry((verb.clone(), kind.clone())).or_default();
        } else if line.starts_with("| ") && !kind.is_empty() {
            let line = line.replace(r"\|", "\0");
            let cells: Vec<_> =
                line.split('|').map(|cell| cell.trim().replace('\0', "|")).collect();
            if !["field", "---"].contains(&cells[1].as_str()) {
                let table = tables.get_mut(&(verb.clone(), kind.clone())).unwrap();
                assert!(table.insert(cells[1].clone(), cells[2].clone()).is_none(), "{line} twice");
            }
        }
    }
    tables
}

fn is_of(value: &Value, kinds: &str) -> bool {
    kinds.split('|').any(|kind| match kind {
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("no such type: {other}"),
    })
}

/// Holds a line to its table; returns its type.
#[track_caller]
fn hold(tables: &Tables, verb: &str, line: &Value) -> String {
    let kind = line["type"].as_str().unwrap().to_owned();
    let table = tables.get(&(verb.to_owned(), kind.clone()));
    let table = table.unwrap_or_else(|| panic!("{verb} has no {kind} in docs/json.md: {line}"));
    let fields: BTreeSet<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
    let named: BTreeSet<_> = table.keys().map(String::as_str).chain(["type"]).collect();
    assert_eq!(fields, named, "{verb} {kind}");
    for (field, kinds) in table {
        assert!(is_of(&line[field], kinds), "{verb} {kind}: {field} is no {kinds}: {line}");
    }
    kind
}

/// A small archive with revisions, near-duplicates, duplicates, a link, a large file and an odd name.
fn example() -> Sandbox {
    let sandbox = Sandbox::new();
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (seed, name) in [
        ("wire/harbour-1.txt", "wire/harbour.txt"),
        ("wire/harbour-2.txt", "wire/harbour.txt"),
        ("harbour/notice-7.html", "notice.html"),
        ("letters/sister.ru.txt", "letter"),
        ("letters/sister.ru.txt", "again"),
        ("sites/skerl-courier.txt", "skerl.txt"),
    ] {
        let seed = seeds.join(seed);
        let words = ["add", "-q", seed.to_str().unwrap(), "--as", name, "--source", "s"];
        sandbox.run(words).expect(0);
    }
    sandbox.write(sandbox.at("odd").join(sandbox::os(b"caf\xe9")), [0, 159, 146, 150]);
    sandbox.write("odd/large", vec![b'x'; 5 << 20]);
    std::os::unix::fs::symlink("nowhere", sandbox.at("odd/link")).unwrap();
    sandbox.run(["add", "-q", "odd"]).expect(0);
    sandbox.write("box", "From a@e.example\nSubject: One\n\nWords.\n");
    sandbox
}

/// Runs a verb and holds each line to the page; returns the types of its lines.
#[track_caller]
fn answers(sandbox: &Sandbox, tables: &Tables, code: i32, words: &[&str]) -> Vec<String> {
    let verb = words[0];
    let ran = Ran::of(sandbox.command(words).arg("--json")).expect(code).expect_quiet();
    assert!(ran.out.ends_with(b"\n"), "{words:?}");
    let text = String::from_utf8(ran.out.clone()).unwrap();
    assert!(text.lines().all(|line| line.starts_with("{\"type\":\"")), "{words:?}");
    lines_of(&ran.out).iter().map(|line| hold(tables, verb, line)).collect()
}

/// The same, once all else was asked.
const AFTERWARDS: [(&[&str], i32, bool); 31] = [
    (&["formats"], 0, true),
    (&["rebuild", "--text"], 0, false),
    (&["compact", "-n"], 0, false),
    (&["compact"], 0, false),
    (&["compact", "--all"], 0, false),
    (&["copy", "copy", "--verify"], 0, false),
    (&["withdraw", "skerl.txt", "--reason", "error", "-n"], 0, true),
    (&["withdraw", "skerl.txt", "--words", "3", "--reason", "error"], 0, true),
    (&["copy", "--check-withdrawn", "copy"], 1, false),
    (&["show", "skerl.txt"], 0, false),
    (&["log", "skerl.txt"], 0, true),
    (&["audit"], 0, false),
    (&["key", "show"], 0, false),
    (&["key", "export-public"], 0, false),
    (&["anchor", "print"], 0, false),
    (&["anchor", "request", "asked"], 0, false),
    (&["anchor", "add", "answer"], 0, false),
    (&["anchor", "show"], 0, false),
    (&["anchor", "show", "-o", "token"], 0, false),
    (&["log", "letter"], 0, true),
    (&["log"], 0, true),
    (&["audit", "--quick"], 0, false),
    (&["adopt", "--store", "copy", "--reason", "split off"], 0, false),
    (&["rebuild"], 0, false),
    (&["rebuild", "--sketches"], 0, false),
    (&["stats"], 0, true),
    (&["stats", "wire/harbour.txt@2"], 0, true),
    (&["stats", "odd/large"], 0, true),
    (&["demo"], 0, false),
    (&["completions", "bash"], 0, false),
    (&["man"], 0, false),
];

/// Verbs with their exit codes, and whether a summary ends the answer. `harbour` and `checkpoint` are files.
fn commands<'a>(harbour: &'a str, checkpoint: &'a str) -> Vec<(Vec<&'a str>, i32, bool)> {
    let commands: &[(&[&'a str], i32, bool)] = &[
        (&["init", "another"], 0, false),
        (&["add", "odd", "-v"], 0, true),
        (&["add", "box"], 0, true),
        (&["add", "-n", harbour, "--as", "new"], 0, true),
        (&["add", "-n", "odd/large", "--as", "other"], 0, true),
        (&["add", harbour, "--as", "new", "--similar-threshold", "0.1"], 0, true),
        (&["add", "/dev/null", "gone"], 3, true),
        (&["add", "odd", "--source", "elsewhere", "-v"], 0, true),
        (&["note", "letter", "+tag", "--source", "the post"], 0, false),
        (&["rename", "again", "once-more"], 0, false),
        (&["log", "letter"], 0, true),
        (&["ls", "--tag", "tag", "--hash", "00000000"], 1, true),
        (&["ls"], 0, true),
        (&["log"], 0, true),
        (&["log", "wire/harbour.txt"], 0, true),
        (&["log", "--added", "harbour"], 0, true),
        (&["log", "odd", "--touched", "harbour"], 1, true),
        (&["show", "wire/harbour.txt@1"], 0, false),
        (&["show", "odd/large"], 0, false),
        (&["show", "odd/link"], 0, false),
        (&["cat", "wire/harbour.txt"], 0, false),
        (&["cat", "odd/large"], 0, false),
        (&["cat", "--text", "notice.html"], 0, false),
        (&["diff", "wire/harbour.txt"], 0, false),
        (&["diff", "wire/harbour.txt", "--stat"], 0, false),
        (&["diff", "letter", "once-more"], 0, false),
        (&["diff", "odd/large", "letter"], 0, false),
        (&["diff", "--since", "2026-01-01"], 0, true),
        (&["blame", "wire/harbour.txt"], 0, true),
        (&["blame", "wire/harbour.txt", "--gone"], 1, true),
        (&["blame", "shorter", "--gone"], 0, true),
        (&["blame", "odd/link"], 1, true),
        (&["search", "ferry"], 0, true),
        (&["search", "nowhere", "%"], 1, true),
        (&["search", "--count", "ferry"], 0, true),
        (&["search", "--regex", "ferr(y|ies)"], 0, true),
        (&["similar", "wire/harbour.txt"], 0, true),
        (&["similar", "notice.html"], 1, true),
        (&["similar", "wire/harbour.txt", "skerl.txt", "--why"], 0, true),
        (&["dups"], 0, true),
        (&["dups", "odd"], 1, true),
        (&["audit"], 0, false),
        (&["audit", "--quick", "letter"], 0, false),
        (&["prove", "wire/harbour.txt", "-o", "proof"], 0, false),
        (&["prove", "--consistency", checkpoint, "-o", "grown"], 0, false),
        (&["verify-proof", "proof"], 0, false),
        (&["verify-proof", "grown"], 0, false),
        (&["verify-proof", harbour], 6, false),
        (&["export", "--manifest", "letter"], 0, false),
        (&["export", "--bag", "bag", "letter"], 0, false),
        (&["export", "-o", "out"], 0, true),
        (&["export", "-o", "out", "-n", "letter"], 0, true),
        (&["export", "--log", "tree"], 0, false),
    ];
    let commands = commands.iter().chain(&AFTERWARDS);
    commands.map(|(words, code, has_summary)| (words.to_vec(), *code, *has_summary)).collect()
}

#[test]
fn every_line_of_every_verb_is_as_the_page_says() {
    let (sandbox, tables) = (example(), tables());
    let harbour = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/wire/harbour-3.txt");
    let harbour = harbour.to_str().unwrap();
    let checkpoint = sandbox.store().join("log/checkpoint");
    let checkpoint = checkpoint.to_str().unwrap();
    for text in ["The ferry sails.\n\nTides.\n", "The ferry sails.\n"] {
        sandbox.write("shorter", text);
        sandbox.run(["add", "-q", "shorter"]).expect(0);
    }
    let note = fs::read(sandbox.store().join("log/checkpoint")).unwrap();
    let stated = Stated::at(crate::anchors::now());
    sandbox.write("answer", authority::answer(&note, &stated));
    let mut met = BTreeSet::new();
    for (words, code, has_summary) in commands(harbour, checkpoint) {
        let words = &words[..];
        let kinds = answers(&sandbox, &tables, code, words);
        assert_eq!(kinds.last().is_some_and(|kind| kind == "summary"), has_summary, "{words:?}");
        assert_eq!(
            kinds.iter().filter(|kind| *kind == "summary").count(),
            usize::from(has_summary)
        );
        assert!(has_summary || kinds.len() == 1, "{words:?}: {kinds:?}");
        met.extend(kinds.into_iter().map(|kind| (words[0].to_owned(), kind)));
    }
    for kind in ["error", "warning"] {
        met.insert((ERRORS.to_owned(), kind.to_owned()));
    }
    // It needs names that are in one another's way, which the test of it has.
    met.insert(("export".to_owned(), "elsewhere".to_owned()));
    let named: BTreeSet<_> = tables.into_keys().collect();
    assert_eq!(met, named, "left: what was met; right: what docs/json.md names");
}

#[test]
fn every_error_is_one_line_of_json_on_stderr() {
    let (sandbox, tables) = (example(), tables());
    sandbox.run(["withdraw", "-q", "skerl.txt", "--reason", "error"]).expect(0);
    for (words, code, kind) in [
        (&["frobnicate"][..], 2, "usage"),
        (&["cat", "gone"], 4, "not-found"),
        (&["cat", "letter@7"], 4, "not-found"),
        (&["cat", "skerl.txt"], 4, "withdrawn"),
        (&["ls", "--store", "gone"], 10, "no-archive"),
        (&["add", "--files-from", "gone"], 5, "io"),
        (&["export", "-o", "odd/large"], 2, "usage"),
    ] {
        let ran = Ran::of(sandbox.command(words).arg("--json")).expect(code);
        let lines = lines_of(ran.err.as_bytes());
        assert_eq!((lines.len(), ran.err.lines().count()), (1, 1), "{}", ran.err);
        assert_eq!(hold(&tables, ERRORS, &lines[0]), "error");
        assert_eq!(lines[0]["code"], code);
        assert_eq!(lines[0]["kind"], kind, "{words:?}");
    }
    let ran = sandbox.run(["cat", "harbour.txt", "--json"]).expect(0);
    assert_eq!(lines_of(&ran.out)[0]["name"], "wire/harbour.txt");
}

#[test]
fn damage_and_a_missing_key_are_errors_in_json_too() {
    let (sandbox, tables) = (example(), tables());
    let kind_of = |words: &[&str], code| {
        let ran = Ran::of(sandbox.command(words).arg("--json")).expect(code);
        let lines = lines_of(ran.err.as_bytes());
        hold(&tables, ERRORS, &lines[0]);
        lines[0]["kind"].as_str().unwrap().to_owned()
    };
    fs::remove_dir_all(sandbox.home().join(".config")).unwrap();
    sandbox.write("new", "new");
    assert_eq!(kind_of(&["add", "new"], 5), "no-key");
    for (pack, bytes) in Sandbox::tree(&sandbox.store().join("packs")) {
        fs::write(sandbox.store().join("packs").join(pack), vec![0; bytes.len()]).unwrap();
    }
    assert_eq!(kind_of(&["cat", "letter"], 6), "damaged");
    assert_eq!(kind_of(&["show", "letter"], 6), "damaged");
    let ran = sandbox.run(["show", "letter", "--json"]).expect(6);
    let line = &lines_of(&ran.out)[0];
    assert_eq!(hold(&tables, "show", line), "revision");
    assert!(line["frame_bytes"].is_null() && line["swhid"].is_null(), "{line}");
    let ran = sandbox.run(["audit", "--json"]).expect(6);
    let line = &lines_of(&ran.out)[0];
    hold(&tables, "audit", line);
    let findings = line["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    for finding in findings {
        let fields: Vec<_> = finding.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["about", "code", "revisions", "why"]);
    }
    let ran = sandbox.run(["export", "-o", "out", "--json"]).expect(6);
    let lines = lines_of(&ran.out);
    assert!(lines.iter().any(|line| line["status"] == "failed"));
    lines.iter().for_each(|line| drop(hold(&tables, "export", line)));
}

#[test]
fn what_is_written_under_another_name_has_a_line_as_the_page_says() {
    let (sandbox, tables) = (Sandbox::new(), tables());
    sandbox.write("text", "text");
    for name in ["a", "a/b"] {
        sandbox.run(["add", "-q", "text", "--as", name, "--captured", "2026-01-01"]).expect(0);
    }
    for words in [&["--manifest"][..], &["--bag", "bag"], &["-o", "out"]] {
        let lines = sandbox.json([&["export"], words].concat());
        let kinds: Vec<_> = lines.iter().map(|line| hold(&tables, "export", line)).collect();
        assert!(kinds.iter().any(|kind| kind == "elsewhere"), "{kinds:?}");
    }
}

fn fields(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn what_is_inside_a_diff_is_as_the_page_says() {
    let sandbox = example();
    let line = |words: &[&str]| sandbox.json(words).swap_remove(0);
    let diff = line(&["diff", "wire/harbour.txt"]);
    assert_eq!(fields(&diff["a"]), ["bytes", "label", "media_type", "sha256", "text"]);
    assert_eq!(
        fields(&diff["paragraphs"]),
        ["added", "changed", "moved", "regrouped", "removed", "rewrapped", "same"]
    );
    assert_eq!(fields(&diff["words"]), ["added", "moved", "recased", "removed", "same"]);
    sandbox.write("other.html", "<title>Other</title>");
    let title = &line(&["diff", "notice.html", "other.html"])["metadata"][0];
    assert_eq!(fields(title), ["after", "before", "field"]);
    let blocks = diff["blocks"].as_array().unwrap();
    assert!(!blocks.is_empty());
    for block in blocks {
        let names = [
            "a", "after", "b", "before", "change", "headings", "line_a", "line_b", "locator",
            "spans",
        ];
        assert_eq!(fields(block), names);
        for span in block["spans"].as_array().into_iter().flatten() {
            assert_eq!(fields(span), ["before", "change", "text"]);
        }
    }
    for (side, revision) in [("before", &diff["a"]["label"]), ("after", &diff["b"]["label"])] {
        let texts = blocks.iter().filter_map(|block| block[side].as_str());
        let stored = sandbox.run(["cat", revision.as_str().unwrap()]);
        assert_eq!(texts.collect::<String>().into_bytes(), stored.out, "{side}");
    }
}

#[test]
fn what_is_inside_a_field_is_as_the_page_says() {
    let sandbox = example();
    let line = |words: &[&str]| sandbox.json(words).swap_remove(0);
    let near = line(&["similar", "wire/harbour.txt", "--why"]);
    assert_eq!(fields(&near["why"]), ["only_asked", "only_near", "shared"]);
    let group = line(&["dups", "--near"]);
    assert_eq!(
        fields(&group["pairs"][0]),
        ["a", "a_in_b", "b", "b_in_a", "copied", "counted", "resemblance"]
    );
    assert_eq!(
        fields(&group["members"][0]),
        [
            "bytes",
            "captured",
            "gone",
            "id",
            "name",
            "name_b64",
            "resemblance",
            "revision",
            "sha256",
            "site",
            "withdrawn"
        ]
    );
    let audit = line(&["audit"]);
    assert_eq!(
        fields(&audit["checked"]),
        ["bytes", "contents", "events", "packs", "revisions", "rows", "tables"]
    );
    assert_eq!(fields(&audit["unchecked"]), ["contents", "search_index", "tables"]);
    let prove = ["prove", "wire/harbour.txt", "-o", "proof"];
    sandbox.run(prove).expect(0);
    let proof = line(&["verify-proof", "proof"]);
    assert_eq!(
        fields(&proof["claims"]),
        ["at", "bytes", "content", "document", "event", "journal", "media_type", "sha256", "words"]
    );
    assert_eq!(fields(&proof["claims"]["journal"]), ["events", "root"]);
    assert_eq!(
        fields(&proof["claims"]["words"]),
        [
            "by",
            "captured",
            "mtime",
            "name",
            "name_b64",
            "name_event",
            "name_withdrawn_by",
            "note",
            "source",
            "tool",
            "withdrawn_by"
        ]
    );
    fs::remove_file(sandbox.at("proof/policy")).unwrap();
    assert_eq!(fields(&line(&["verify-proof", "proof"])["flaws"][0]), ["file", "why"]);
    assert_eq!(fields(&line(&["demo"])["steps"][0]), ["command", "output"]);
}
