//! One word, one meaning: docs/glossary.md gives each word once and speaks of names that the code has,
//! and no two types have one name.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

/// The rows of the glossary's tables: word, meaning, names in the code.
fn rows() -> Vec<[String; 3]> {
    let text = fs::read_to_string(in_repository("docs/glossary.md")).unwrap();
    let cells = |line: &str| -> Option<[String; 3]> {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        cells.try_into().ok()
    };
    let rows = text.lines().filter_map(cells);
    rows.filter(|row| row[0] != "word" && row[0] != "---").collect()
}

fn in_repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The lines of all sources that are not comments.
fn code() -> Vec<String> {
    let mut folders = vec![in_repository("src")];
    let mut lines = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            lines.extend(code.map(str::to_owned));
        }
    }
    lines
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[test]
fn the_glossary_gives_each_word_once() {
    let rows = rows();
    assert!(rows.len() > 50, "{} rows", rows.len());
    let mut met = BTreeSet::new();
    for word in rows.iter().flat_map(|row| row[0].split(", ")) {
        assert!(met.insert(word), "{word}");
    }
}

#[test]
fn the_glossary_names_what_the_code_has() {
    let code = code();
    let known: BTreeSet<&str> = code.iter().flat_map(|line| words(line)).collect();
    for [word, _, names] in rows() {
        // Every second piece stands between backticks.
        for name in names.split('`').skip(1).step_by(2) {
            let parts: Vec<&str> = words(name).collect();
            assert!(parts.iter().all(|part| known.contains(part)), "{word}: {name}");
        }
    }
}

#[test]
fn no_two_types_have_one_name() {
    let mut met = BTreeSet::new();
    for line in code() {
        let mut rest = words(&line).skip_while(|word| {
            matches!(*word, "pub" | "crate" | "super" | "self" | "in") || *word == "archive"
        });
        let keyword = rest.next();
        let is_type = matches!(keyword, Some("struct" | "enum" | "trait" | "type"));
        // An associated type has the name that another's trait gives it.
        let is_given =
            |name: &str| keyword == Some("type") && matches!(name, "Item" | "Output" | "Handle");
        if let Some(name) = rest.next().filter(|name| is_type && !is_given(name)) {
            assert!(name == "Target" || met.insert(name.to_owned()), "{name}");
        }
    }
}
