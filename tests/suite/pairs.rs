//! Pairs of texts in many languages and layouts, and what a careful editor would mark in them: tests/diff.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};

use crate::common::sandbox::Sandbox;

/// Kinds of pairs in which signs are what changed; in all others only words are compared.
const KINDS_OF_SIGNS: [&str; 2] = ["punctuation", "emoji"];

#[test]
fn pairs_are_marked_as_a_careful_editor_would() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diff");
    let expected = fs::read_to_string(folder.join("expected.jsonl")).unwrap();
    let found = found(&folder);
    let mut wrong = BTreeMap::new();
    for line in expected.lines() {
        let expected: Value = serde_json::from_str(line).unwrap();
        let name = expected["name"].as_str().unwrap().to_owned();
        let signs = KINDS_OF_SIGNS.contains(&expected["kind"].as_str().unwrap());
        let (wanted, got) = (wanted(&expected, signs), marked(&found[&name], signs));
        if wanted != got {
            wrong.insert(name, format!("wanted {wanted}\n   got {got}"));
        }
    }
    assert_eq!(expected.lines().count(), found.len());
    let shown: Vec<_> = wrong.iter().map(|(name, how)| format!("{name}\n{how}")).collect();
    assert!(wrong.is_empty(), "{}", shown.join("\n"));
}

/// The `diff` line of each pair, of one document each with a revision for either side.
fn found(folder: &Path) -> BTreeMap<String, Value> {
    let sandbox = Sandbox::new();
    for (side, captured) in [(".a.", "2026-01-01"), (".b.", "2026-01-03")] {
        for file in fs::read_dir(folder).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if name.contains(side) {
                let text = fs::read(folder.join(&name)).unwrap();
                sandbox.write(Path::new("d").join(name.replace(side, ".")), text);
            }
        }
        sandbox.run(["add", "-q", "--captured", captured, "d"]).expect(0);
    }
    let out = sandbox.run(["diff", "--json", "--since", "2026-01-02"]).expect(0).out;
    let mut found = BTreeMap::new();
    let mut name = String::new();
    for line in String::from_utf8(out).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        match line["type"].as_str().unwrap() {
            "change" => {
                name = Path::new(line["name"].as_str().unwrap())
                    .file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            }
            "diff" => {
                found.insert(name.clone(), line);
            }
            _ => {}
        }
    }
    found
}

fn wanted(expected: &Value, signs: bool) -> Value {
    let number = |field: &str| expected[field].as_u64().unwrap_or(0);
    let list = |field: &str| -> Vec<&str> {
        let list = expected[field].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|it| it.as_str().unwrap()).collect()
    };
    json!({
        "gone": words(&list("gone"), signs),
        "come": words(&list("come"), signs),
        "moved": number("moved"),
        "moved_words": number("moved_words"),
        "split": number("split"),
        "joined": number("joined"),
        "noise": expected.get("noise").map(|_| list("noise")),
        "unseen": list("unseen"),
        "outside": expected["outside"] == true,
    })
}

fn marked<'t>(diff: &'t Value, signs: bool) -> Value {
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    let (mut n_split, mut n_joined) = (0, 0);
    for block in diff["blocks"].as_array().unwrap() {
        if block["change"] == "regrouped" {
            let is_one = |side: &str| block[side][0] == block[side][1];
            n_split += u64::from(is_one("a"));
            n_joined += u64::from(is_one("b"));
        }
        let mut mark = |change: &Value, text: &'t Value| match change.as_str().unwrap() {
            "removed" => gone.push(text.as_str().unwrap()),
            "added" => come.push(text.as_str().unwrap()),
            _ => {}
        };
        match block["spans"].as_array() {
            Some(spans) => spans.iter().for_each(|span| mark(&span["change"], &span["text"])),
            // All of it has one fate.
            None => mark(
                &block["change"],
                block.get("before").filter(|it| it.is_string()).unwrap_or(&block["after"]),
            ),
        }
    }
    let true_of = |object: &Value| -> Option<Vec<String>> {
        let is_some = |value: &Value| value.is_array() || value == true || value.as_u64() > Some(0);
        let fields = object.as_object()?.iter().filter(|(_, value)| is_some(value));
        Some(fields.map(|(name, _)| name.clone()).collect())
    };
    json!({
        "gone": words(&gone, signs),
        "come": words(&come, signs),
        "moved": diff["paragraphs"]["moved"],
        "moved_words": diff["words"]["moved"],
        "split": n_split,
        "joined": n_joined,
        "noise": true_of(&diff["noise"]),
        "unseen": true_of(&diff["unseen"]).unwrap_or_default(),
        "outside": diff["outside"]["differs"] == true,
    })
}

/// The words of texts in alphabetical order, with the signs at them or without any.
fn words<'t>(texts: &[&'t str], signs: bool) -> Vec<&'t str> {
    let is_between = |c: char| c.is_whitespace() || !signs && !c.is_alphanumeric();
    let words = texts.iter().flat_map(|text| text.split(is_between));
    let mut words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words
}
