//! The layout holds: each law of ARCHITECTURE.md that a reader of sources can check and clippy cannot;
//! what clippy can is in clippy.toml and Cargo.toml.
//!
//! Sources are read as tokens: comments and texts are skipped, and so is what is `cfg(test)`.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

const FILE_LINES_MAX: usize = 600;
/// `src/main.rs` only hands over.
const ENTRY_LINES_MAX: usize = 30;
/// What may use what, from the bottom up: a module, and the modules whose items it may name.
const MAY_USE: [(&str, &[&str]); 15] = [
    ("types", &[]),
    ("pool", &[]),
    ("backend", &["types"]),
    ("text", &["types"]),
    ("container", &["types"]),
    ("diff", &["types"]),
    ("search", &["text"]),
    ("similarity", &["types", "text"]),
    ("store", &["types", "pool", "backend"]),
    ("journal", &["types", "backend"]),
    ("catalog", &["types", "text", "similarity", "store", "journal"]),
    (
        "archive",
        &[
            "types",
            "pool",
            "backend",
            "text",
            "container",
            "diff",
            "search",
            "similarity",
            "store",
            "journal",
            "catalog",
        ],
    ),
    ("cli", &["types", "archive", "container"]),
    ("main", &["cli"]),
    // What it hands out, and all of it to the program, tests and benchmarks.
    (
        "lib",
        &[
            "archive",
            "types",
            "backend",
            "catalog",
            "cli",
            "container",
            "diff",
            "journal",
            "pool",
            "search",
            "similarity",
            "store",
            "text",
        ],
    ),
];

/// One law: what it says, and where a source breaks it, by line.
struct Law {
    says: &'static str,
    broken_at: fn(&Source) -> Vec<usize>,
}

const LAYERS_LAW: Law = Law {
    says: "a module names items of those modules only that the list gives it",
    broken_at: imports_upward,
};
const ASYNC_LAW: Law = Law { says: "the library blocks: no async", broken_at: is_async };
const UNFINISHED_LAW: Law =
    Law { says: "what is not finished is not committed", broken_at: is_unfinished };
const FILE_LENGTH_LAW: Law = Law {
    says: "a file has at most 600 lines without its tests, the entry 30",
    broken_at: file_too_long,
};
#[test]
fn modules_import_downward() {
    hold(&LAYERS_LAW);
}

#[test]
fn every_module_is_in_the_list() {
    for source in sources() {
        let module = source.module();
        let own = module.first().map_or("lib", |name| &name[..]);
        assert!(MAY_USE.iter().any(|(name, _)| *name == own), "{} is in no row", source.path);
    }
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let found = circles(&uses(&sources()));
    assert!(found.is_empty(), "circles: {found:?}");
}

#[test]
fn nothing_is_async() {
    hold(&ASYNC_LAW);
}

#[test]
fn nothing_is_left_unfinished() {
    hold(&UNFINISHED_LAW);
}

#[test]
fn files_are_short() {
    hold(&FILE_LENGTH_LAW);
}

/// Cargo with `--locked` refuses the others as soon as a dependency was added to this package only.
#[test]
fn the_locks_of_all_workspaces_are_in_step() {
    for file in ["interop/Cargo.lock", "benches/Cargo.lock"] {
        assert_eq!(locked_dependencies(file), normal_dependencies(), "{file}");
    }
}

/// The build server would find it out last.
#[test]
fn scripts_are_well_formed() {
    for script in [".ci/run", "check", "tests/axe/fetch"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
        let read = Command::new("bash").arg("-n").arg(path).output().unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }
}

/// What the lock file names as needed by this package.
fn locked_dependencies(file: &str) -> BTreeSet<String> {
    let text = read(file);
    let (_, package) = text.split_once("name = \"docarchive\"\n").unwrap();
    let package = package.split("[[package]]").next().unwrap();
    let quoted = package.lines().filter_map(|line| line.trim().strip_prefix('"'));
    quoted.map(|line| line.split(['"', ' ']).next().unwrap().to_owned()).collect()
}

fn normal_dependencies() -> BTreeSet<String> {
    let text = read("Cargo.toml");
    let (_, table) = text.split_once("[dependencies]\n").unwrap();
    let lines = table.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Fails with the file and line of every breach.
#[track_caller]
fn hold(law: &Law) {
    let sources = sources();
    assert!(sources.len() > 20, "only {} sources were found", sources.len());
    let breaches: Vec<String> = sources
        .iter()
        .flat_map(|source| {
            (law.broken_at)(source).into_iter().map(|line| format!("{}:{line}", source.path))
        })
        .collect();
    assert!(breaches.is_empty(), "{}:\n  {}", law.says, breaches.join("\n  "));
}

// The laws.

fn imports_upward(source: &Source) -> Vec<usize> {
    let here = source.module();
    let breaks = |path: &&Mention| path.target(&here).is_some_and(|there| !may_know(&here, &there));
    source.mentions().iter().filter(breaks).map(|path| path.line).collect()
}

/// Which file names items of which; a folder's `mod.rs` naming its own files is what it is for.
fn uses(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let files: BTreeSet<String> = sources.iter().map(|it| it.module().join("::")).collect();
    let mut uses = BTreeMap::new();
    for source in sources {
        let here = source.module();
        let own = here.join("::");
        let mut used = BTreeSet::new();
        for mut there in source.mentions().iter().filter_map(|path| path.target(&here)) {
            while !there.is_empty() && !files.contains(&there.join("::")) {
                there.pop();
            }
            let is_own = there.is_empty() || there.starts_with(&here);
            used.extend((!is_own).then(|| there.join("::")));
        }
        uses.insert(own, used);
    }
    uses
}

/// Every file from which uses lead back to itself.
fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let leads_back = |start: &String| {
        let (mut met, mut next) = (BTreeSet::new(), vec![start]);
        while let Some(file) = next.pop() {
            for used in uses.get(file).into_iter().flatten() {
                if used == start {
                    return true;
                }
                if met.insert(used) {
                    next.push(used);
                }
            }
        }
        false
    };
    uses.keys().filter(|file| leads_back(file)).cloned().collect()
}

/// Whether code in module `here` may name something in `there`; both start at the crate.
fn may_know(here: &[String], there: &[String]) -> bool {
    let own = here.first().map_or("lib", |name| &name[..]);
    let Some(name) = there.first() else { return false };
    let row = MAY_USE.iter().find(|(module, _)| *module == own);
    own == name || row.is_some_and(|(_, used)| used.contains(&&name[..]))
}

fn is_async(source: &Source) -> Vec<usize> {
    source.lines_with(|t| matches!(t, ["async" | "await", ..]))
}

fn is_unfinished(source: &Source) -> Vec<usize> {
    let marked = |line: &str| ["TODO", "FIXME"].iter().any(|mark| line.contains(mark));
    (1..).zip(source.text.lines()).filter(|(_, line)| marked(line)).map(|(n, _)| n).collect()
}

fn file_too_long(source: &Source) -> Vec<usize> {
    let n_lines = source.text.lines().count() - source.n_test_lines;
    let most = if source.path == "src/main.rs" { ENTRY_LINES_MAX } else { FILE_LINES_MAX };
    if n_lines > most { vec![n_lines] } else { Vec::new() }
}

// Sources, read as tokens.

struct Source {
    /// From the root of the package, with `/`.
    path: String,
    text: String,
    /// Without comments and `cfg(test)` items; every literal text is `""`.
    tokens: Vec<Token>,
    n_test_lines: usize,
}

#[derive(Debug, Clone, PartialEq)]
struct Token {
    text: String,
    line: usize,
}

/// A path as written, groups taken apart: `std::{fs, io}` is `std::fs` and `std::io`.
struct Mention {
    parts: Vec<String>,
    line: usize,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let (tokens, n_test_lines) = without_tests(tokens(text));
        Self { path: path.to_owned(), text: text.to_owned(), tokens, n_test_lines }
    }

    /// `src/store/pack.rs` is `[store, pack]`; `src/lib.rs` is the crate itself.
    fn module(&self) -> Vec<String> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let parts = inner.split('/').filter(|part| !matches!(*part, "mod" | "lib"));
        parts.map(str::to_owned).collect()
    }

    /// Lines on which a run of up to three tokens fits.
    fn lines_with(&self, fits: impl Fn(&[&str]) -> bool) -> Vec<usize> {
        let starts = (0..self.tokens.len()).filter(|at| {
            let run: Vec<&str> = self.tokens[*at..].iter().take(3).map(|t| &t.text[..]).collect();
            fits(&run)
        });
        starts.map(|at| self.tokens[at].line).collect()
    }

    fn mentions(&self) -> Vec<Mention> {
        let mut found = Vec::new();
        for (at, pair) in self.tokens.windows(2).enumerate() {
            let is_first = at == 0 || self.tokens[at - 1].text != "::";
            if is_first && is_word(&pair[0].text) && pair[1].text == "::" {
                branch(&self.tokens, at, &mut Vec::new(), &mut found);
            }
        }
        found
    }
}

impl Mention {
    /// The path from the crate on, if it leads into this crate.
    fn target(&self, here: &[String]) -> Option<Vec<String>> {
        let n_climbs = self.parts.iter().take_while(|part| *part == "super").count();
        let (base, rest) = match &self.parts[0][..] {
            "crate" | "docarchive" => (&here[..0], &self.parts[1..]),
            "self" => (here, &self.parts[1..]),
            "super" => (&here[..here.len().saturating_sub(n_climbs)], &self.parts[n_climbs..]),
            _ => return None,
        };
        // Behind this name the crate shows its modules to tests.
        let rest = if base.is_empty() && rest.first().is_some_and(|it| it == "internals") {
            &rest[1..]
        } else {
            rest
        };
        Some([base, rest].concat())
    }
}

/// Follows a path from its token `at`; returns the first token after it.
fn branch(
    tokens: &[Token],
    mut at: usize,
    path: &mut Vec<String>,
    found: &mut Vec<Mention>,
) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| &token.text);
    if text(at) == "{" {
        at += 1;
        while !matches!(text(at), "}" | "") {
            let n_parts = path.len();
            at = branch(tokens, at, path, found);
            path.truncate(n_parts);
            while !matches!(text(at), "," | "}" | "") {
                at += 1;
            }
            at += usize::from(text(at) == ",");
        }
        return at + 1;
    }
    path.push(text(at).to_owned());
    let goes_on =
        text(at + 1) == "::" && (is_word(text(at + 2)) || matches!(text(at + 2), "{" | "*"));
    if goes_on {
        return branch(tokens, at + 2, path, found);
    }
    found.push(Mention { parts: path.clone(), line: tokens[at.min(tokens.len() - 1)].line });
    at + 1
}

/// Takes every `#[cfg(test)]` item out and counts its lines.
fn without_tests(tokens: Vec<Token>) -> (Vec<Token>, usize) {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut n_lines, mut at) = (Vec::new(), 0, 0);
    while at < tokens.len() {
        let is_test = tokens[at..].len() > MARK.len()
            && tokens[at..].iter().zip(MARK).all(|(token, mark)| token.text == mark);
        if is_test {
            let end = item_end(&tokens, at + MARK.len());
            n_lines += tokens[end].line - tokens[at].line + 1;
            at = end;
        } else {
            kept.push(tokens[at].clone());
        }
        at += 1;
    }
    (kept, n_lines)
}

/// The last token of the item that starts at `at`: its closing brace, or its semicolon.
fn item_end(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0_usize;
    for (n, token) in tokens.iter().enumerate().skip(at) {
        match &token.text[..] {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "}" if depth <= 1 => return n,
            "}" => depth -= 1,
            ";" if depth == 0 => return n,
            _ => {}
        }
    }
    tokens.len() - 1
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while at < chars.len() {
        let n = length(&chars[at..]);
        let piece: String = chars[at..at + n].iter().collect();
        let shown = match &piece[..] {
            p if p.starts_with("//") || p.starts_with("/*") || p.trim().is_empty() => None,
            p if p.len() > 1 && p.ends_with(['"', '#']) => Some("\"\"".to_owned()),
            _ => Some(piece.clone()),
        };
        tokens.extend(shown.map(|text| Token { text, line }));
        line += piece.matches('\n').count();
        at += n;
    }
    tokens
}

/// How many characters the token, comment or blank at the start of `rest` takes.
fn length(rest: &[char]) -> usize {
    let next = rest.get(1).copied().unwrap_or(' ');
    match rest[0] {
        '/' if next == '/' => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
        '/' if next == '*' => comment_length(rest),
        '"' => text_length(rest),
        '\'' => character_length(rest),
        'r' | 'b' | 'c' if literal_length(rest) > 0 => literal_length(rest),
        c if c.is_alphanumeric() || c == '_' => {
            rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count()
        }
        ':' if next == ':' => 2,
        _ => 1,
    }
}

fn comment_length(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..rest.len().min(at + 2)] {
            ['/', '*'] => (depth, at) = (depth + 1, at + 2),
            ['*', '/'] if depth == 1 => return at + 2,
            ['*', '/'] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

fn text_length(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// A character such as `'{'`, or the quote alone that starts a lifetime.
fn character_length(rest: &[char]) -> usize {
    match rest {
        [_, '\\', _, tail @ ..] => {
            let n_tail = tail.iter().position(|c| *c == '\'').map_or(tail.len(), |n| n + 1);
            3 + n_tail
        }
        [_, _, '\'', ..] => 3,
        _ => 1,
    }
}

/// A literal with a prefix: `b"…"`, `r"…"`, `br#"…"#`, `b'…'`; 0 when it is no literal.
fn literal_length(rest: &[char]) -> usize {
    let n_prefix = rest.iter().take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
    let n_hashes = rest[n_prefix..].iter().take_while(|c| **c == '#').count();
    let start = n_prefix + n_hashes;
    match rest.get(start) {
        Some('\'') if rest[0] == 'b' && start == 1 => 1 + character_length(&rest[1..]),
        Some('"') if rest[..n_prefix].contains(&'r') => {
            let end: Vec<char> = std::iter::once('"').chain(vec!['#'; n_hashes]).collect();
            let body = &rest[start + 1..];
            let n_body = body.windows(end.len()).position(|w| w == end).unwrap_or(body.len());
            (start + 1 + n_body + end.len()).min(rest.len())
        }
        Some('"') if n_hashes == 0 => n_prefix + text_length(&rest[n_prefix..]),
        _ => 0,
    }
}

/// Every source of the package; `tests.rs` files hold unit tests moved out of their file.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut found) = (vec![root.join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.push(Source::new(name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

// The checker checked: each law finds what breaks it, and nothing else.

#[track_caller]
fn finds(law: &Law, path: &str, text: &str, lines: &[usize]) {
    assert_eq!((law.broken_at)(&Source::new(path, text)), lines, "{path}:\n{text}");
}

#[test]
fn imports_upward_are_found() {
    let frame = "src/store/frame.rs";
    for (path, text, lines) in [
        (frame, "use crate::types::digest::Digest;", &[][..]),
        (frame, "use crate::store::chunk::cut;", &[]),
        (frame, "use super::chunk;", &[]),
        (frame, "use super::super::journal;", &[1]),
        (frame, "\nuse crate::{types::error::Error, catalog::{find, list}};", &[2, 2]),
        (frame, "fn f() -> crate::archive::Archive { x() }", &[1]),
        (frame, "use crate::journal;", &[1]),
        (frame, "use crate::*;", &[1]),
        (frame, "// use crate::cli;\nconst T: &str = \"crate::cli::run\";", &[]),
        (frame, "#[cfg(test)]\nmod tests { use crate::catalog; }\nuse crate::cli::run;", &[3]),
        ("src/text/html.rs", "use super::normal; use crate::text::Text;", &[]),
        ("src/text/html.rs", "use super::super::diff::Hunk;", &[1]),
        ("src/store/mod.rs", "pub use self::chunk::cut;", &[]),
        ("src/store/mod.rs", "use crate::store::frame; use super::journal;", &[1]),
        ("src/types/name.rs", "use super::limits::NAME_BYTES_MAX;", &[]),
        ("src/types/name.rs", "use crate::store::frame;", &[1]),
        ("src/archive/add.rs", "use super::open; use crate::store::Reader;", &[]),
        ("src/archive/add.rs", "use crate::cli::output;", &[1]),
        ("src/cli/add.rs", "use crate::archive::Archive; use super::output;", &[]),
        ("src/cli/add.rs", "use crate::attic::Box;", &[1]),
        ("src/main.rs", "fn main() { docarchive::internals::cli::run() }", &[]),
    ] {
        finds(&LAYERS_LAW, path, text, lines);
    }
}

#[test]
fn circles_are_found() {
    let found = |sources: &[(&str, &str)]| {
        let sources: Vec<_> = sources.iter().map(|(path, text)| Source::new(path, text)).collect();
        circles(&uses(&sources))
    };
    let a = ("src/store/a.rs", "use super::b::B;");
    let b = ("src/store/b.rs", "use crate::store::c::C;");
    assert_eq!(found(&[a, b, ("src/store/c.rs", "use super::d;")]), [""; 0]);
    let c = ("src/store/c.rs", "fn f() { super::a::g() }");
    assert_eq!(found(&[a, b, c]), ["store::a", "store::b", "store::c"]);
    let index = ("src/store/mod.rs", "pub use self::a::A;");
    assert_eq!(found(&[index, ("src/store/a.rs", "use super::B;")]), [""; 0]);
}

#[test]
fn words_where_they_do_not_belong_are_found() {
    let file = "src/store/frame.rs";
    finds(&ASYNC_LAW, file, "async fn f() {\n    g().await\n}", &[1, 2]);
    finds(&ASYNC_LAW, file, "/* async */ fn asynchronous() {}", &[]);

    for mark in ["TODO", "FIXME"] {
        finds(&UNFINISHED_LAW, file, &format!("// {mark}: later"), &[1]);
    }
    finds(&UNFINISHED_LAW, file, "fn todo_list() {}", &[]);
}

#[test]
fn length_is_found() {
    let file = "src/store/frame.rs";
    let lines = |n: usize| "x;\n".repeat(n);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", lines(900));
    finds(&FILE_LENGTH_LAW, file, &(lines(600) + &tests), &[]);
    finds(&FILE_LENGTH_LAW, file, &(lines(601) + &tests), &[601]);

    finds(&FILE_LENGTH_LAW, "src/main.rs", &lines(30), &[]);
    finds(&FILE_LENGTH_LAW, "src/main.rs", &lines(31), &[31]);
}

#[test]
fn texts_comments_and_characters_are_no_code() {
    for text in [
        "/* a /* nested */ { */",
        "// {",
        "\"{ \\\" {\"",
        "r#\"{ \" {\"#",
        "br\"\\\"",
        "b\"{\\\\\"",
        "'{'",
        "'\\''",
        "b'{'",
        "'\\u{7b}'",
    ] {
        let found = tokens(&format!("{text}\nend"));
        let words: Vec<_> = found.iter().map(|t| &t.text[..]).collect();
        assert!(!words.contains(&"{"), "{text}: {words:?}");
        assert_eq!(words.last(), Some(&"end"), "{text}: {words:?}");
    }
    let lifetime: Vec<_> = tokens("fn f<'a>(x: &'a str)").into_iter().map(|t| t.text).collect();
    assert_eq!(lifetime.join(" "), "fn f < ' a > ( x : & ' a str )");
}
