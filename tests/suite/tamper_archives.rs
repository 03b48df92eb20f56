//! Whatever is put in the place of a whole archive: what shows it is what lies outside of the folder.
//!
//! docs/tamper.md publishes what came of each. Here is also the archive with every kind of file, of which
//! `tamper_files.rs` edits each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use docarchive::internals::{
    archive::{
        Archive,
        ingest::{Captured, Provenance},
        inspect::audit::AuditReport,
        maintain::withdraw::{ReasonCode, WithdrawalRequest},
    },
    journal::note::Signer,
    types::time::Timestamp,
};

use crate::{
    common::{
        add, add_one,
        authority::{Stated, answer},
        context, init_in, open_in,
        sandbox::{Ran, Sandbox, lines_of},
        signer,
    },
    tamper::published,
};

pub const STORY: &str = "The harbour was closed on Monday after the storm broke two of its piers.\n\n\
    Nobody was hurt, the harbour master said, and fishing may begin again next week.\n";

/// The files of a folder: by their paths in it.
pub type Files = BTreeMap<String, Vec<u8>>;

pub fn files(folder: &Path) -> Files {
    let text = |path: PathBuf| path.into_os_string().into_string().unwrap();
    Sandbox::tree(folder).into_iter().map(|(path, bytes)| (text(path), bytes)).collect()
}

/// Makes a folder hold these files and no others.
pub fn lay(folder: &Path, wanted: &Files) {
    let found = files(folder);
    for path in found.keys().filter(|path| !wanted.contains_key(*path)) {
        fs::remove_file(folder.join(path)).unwrap();
    }
    for (path, bytes) in wanted.iter().filter(|(path, bytes)| found.get(*path) != Some(bytes)) {
        fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
        fs::write(folder.join(path), bytes).unwrap();
    }
}

/// The key that signs after the first one.
pub fn second_signer() -> Signer {
    Signer::from_seed("example.org/test", &[9; 32]).unwrap()
}

/// Adds one document with words about it, signed by a key.
pub fn add_told(archive: &mut Archive, n: u64, name: &str, text: &str, signer: &Signer) {
    let provenance = Provenance {
        source: Some("https://example.org/a".into()),
        note: Some(format!("a note of {name}")),
        captured: Captured::At(Timestamp::from_unix(1_700_000_000, 0)),
        ..Provenance::default()
    };
    let mut adding = archive.transaction(signer, context(n), provenance, "test").unwrap();
    add_one(&mut adding, name.as_bytes(), text.as_bytes()).unwrap();
    adding.commit().unwrap();
}

/// An archive with every kind of file, and its files after each act.
pub fn grow(path: &Path) -> Vec<Files> {
    let mut states = Vec::new();
    let mut archive = init_in(path);
    let mut keep = |archive: Archive| {
        drop(archive);
        states.push(files(path));
        open_in(path)
    };
    archive = keep(archive);
    let two = format!("{STORY}{}", STORY.replace("Monday", "Tuesday"));
    let three = two.replace("fishing", "sailing");
    let first = [("a.txt", STORY.as_bytes()), ("b/c.txt", b"other"), ("empty", b"")];
    add(&mut archive, 1, &first).unwrap();
    archive = keep(archive);
    add(&mut archive, 2, &[("a.txt", two.as_bytes())]).unwrap();
    add(&mut archive, 3, &[("a.txt", three.as_bytes()), ("copy.txt", STORY.as_bytes())]).unwrap();
    archive = keep(archive);
    let given = answer(archive.checkpoint(), &Stated::at(context(5).now));
    let given = archive.read_answer(&given, "it").unwrap();
    archive.add_anchor(&given, Some("notary"), &signer(), &context(6), "test").unwrap();
    archive = keep(archive);
    archive.rotate_key(&signer(), &second_signer(), Some("lost"), &context(7), "test").unwrap();
    archive = keep(archive);
    add_told(&mut archive, 8, "told.txt", "told by somebody\n", &second_signer());
    archive = keep(archive);
    let document = archive.document(b"b/c.txt").unwrap();
    let revision = archive.catalog().revision(document.id, 1).unwrap().unwrap();
    let request = WithdrawalRequest {
        contents: vec![(document, revision)],
        words: BTreeSet::from([1]),
        reason: ReasonCode::new("error").unwrap(),
        note: None,
        everywhere: false,
    };
    let (second, withdrawing) = (second_signer(), context(9));
    archive.withdraw(&request, (&second, &withdrawing), "test", &mut |_| Ok(())).unwrap();
    archive = keep(archive);
    add_told(&mut archive, 10, "e.txt", "the last one\n", &second_signer());
    drop(keep(archive));
    states
}

pub fn codes(report: &AuditReport) -> BTreeSet<&'static str> {
    let codes: BTreeSet<&str> = report.findings.iter().map(|it| it.code.as_str()).collect();
    if codes.is_empty() { BTreeSet::from(["nothing"]) } else { codes }
}

/// An archive that a person has used, its files at the end of each command, and what another can do to it.
struct Used {
    sandbox: Sandbox,
    states: Vec<Files>,
    /// The vkey line of its first key.
    vkey: String,
}

impl Used {
    fn new() -> Self {
        let sandbox = Sandbox::bare();
        sandbox.run(["init", "-q", "--origin", "example.org/test"]).expect(0);
        let vkey = sandbox.run(["key", "export-public"]).expect(0).text().trim().to_owned();
        let mut used = Self { sandbox, states: Vec::new(), vkey };
        for n in 0..4 {
            used.sandbox.write(format!("{n}.txt"), format!("text {n}\n"));
            used.mine(&["add", "-q", &format!("{n}.txt")]);
            used.states.push(files(&used.sandbox.store()));
        }
        used
    }

    fn now(&self) -> &Files {
        self.states.last().unwrap()
    }

    fn mine(&self, words: &[&str]) {
        self.sandbox.run(words).expect(0);
    }

    /// Lets somebody do something with a folder that is as the archive once was; its files then. Nothing is
    /// remembered of it.
    fn forged(&self, state: &Files, acts: &[&[&str]], owns_key: bool) -> Files {
        let folder = self.sandbox.at("forged");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        lay(&folder, state);
        let (config, mine) = (self.sandbox.at("their-config"), self.sandbox.home().join(".config"));
        let _ = fs::remove_dir_all(&config);
        if owns_key {
            // As it is: a key that others can read signs nothing.
            let copied = Command::new("cp").arg("-a").args([&mine, &config]).status().unwrap();
            assert!(copied.success());
        }
        for words in acts {
            let mut command = self.forgetful(words);
            command.arg("--store").arg(&folder).env("XDG_CONFIG_HOME", &config);
            Ran::of(&mut command).expect(0);
            let _ = fs::remove_dir_all(self.sandbox.at("their-state"));
        }
        files(&folder)
    }

    fn forgetful(&self, words: &[&str]) -> Command {
        let _ = fs::remove_dir_all(self.sandbox.at("their-state"));
        let mut command = self.sandbox.command(words);
        command.env("XDG_STATE_HOME", self.sandbox.at("their-state"));
        command
    }

    /// What an audit says: the codes of its findings.
    fn audited(mut command: Command) -> String {
        let ran = Ran::of(command.arg("--json"));
        let lines = lines_of(&ran.out);
        let Some(line) = lines.first() else {
            assert_eq!(ran.code, Some(6), "{ran:?}");
            return "refused".to_owned();
        };
        let findings = line["findings"].as_array().unwrap();
        let codes: BTreeSet<&str> =
            findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
        match ran.code {
            Some(0) if codes.is_empty() => "nothing".to_owned(),
            Some(0 | 6) if !codes.is_empty() => codes.into_iter().collect::<Vec<_>>().join("; "),
            _ => panic!("{ran:?}"),
        }
    }

    /// What comes of it when this lies in the archive's place: a row of the matrix.
    fn row(&self, what: &str, put: &Files) -> String {
        let store = self.sandbox.store();
        let laid = |words: &[&str]| {
            lay(&store, put);
            self.sandbox.command(words)
        };
        let forgetful = |words: &[&str]| {
            lay(&store, put);
            self.forgetful(words)
        };
        let remembers = self.sandbox.home().join(".local/state/archive");
        let kept = files(&remembers);
        let alone = Self::audited(forgetful(&["audit"]));
        let with_key = Self::audited(forgetful(&["audit", "--vkey", &self.vkey]));
        let remembered = Self::audited(laid(&["audit"]));
        let history = |codes: &str| -> Vec<String> {
            let is_history = |code: &&str| code.starts_with("LOG-") || code.starts_with("CP-");
            codes.split("; ").filter(is_history).map(str::to_owned).collect()
        };
        for (full, quick) in [
            (&alone, Self::audited(forgetful(&["audit", "--quick"]))),
            (&remembered, Self::audited(laid(&["audit", "--quick"]))),
        ] {
            assert_eq!(history(full), history(&quick), "{what}");
        }
        let reads = match Ran::of(&mut laid(&["ls", "-q"])) {
            Ran { code: Some(0), .. } => {
                match Ran::of(&mut laid(&["ls"])).err.contains("this is an older copy") {
                    true => "as of then, which is said",
                    false => "yes",
                }
            }
            Ran { code: Some(6), .. } => "refused",
            ran => panic!("{what}: {ran:?}"),
        };
        self.sandbox.write("more.txt", "more\n");
        let adds = match Ran::of(&mut laid(&["add", "-q", "more.txt"])).code {
            Some(0) => "yes",
            Some(5) => "no: the key is another",
            Some(6) => "refused",
            code => panic!("{what}: {code:?}"),
        };
        // What was remembered of it meanwhile is taken back.
        lay(&remembers, &kept);
        format!("| {what} | {alone} | {with_key} | {remembered} | {reads} | {adds} |")
    }
}

/// These files, with those of another folder in the place of some.
fn with(files: &Files, others: &Files, is_taken: impl Fn(&str) -> bool) -> Files {
    let mut all: Files = files
        .iter()
        .filter(|(path, _)| !is_taken(path))
        .map(|(p, b)| (p.clone(), b.clone()))
        .collect();
    let taken = others.iter().filter(|(path, _)| is_taken(path));
    all.extend(taken.map(|(path, bytes)| (path.clone(), bytes.clone())));
    all
}

#[test]
fn what_is_put_in_the_place_of_an_archive_shows_by_what_lies_outside() {
    let used = Used::new();
    let (now, before, first) = (used.now(), &used.states[2], &used.states[0]);
    let is_catalog = |path: &str| path.starts_with("catalog.sqlite");
    let is_copy = |path: &str| path == "log/checkpoint";
    let is_newest = |path: &str| path.starts_with("log/000/000/004");
    let theirs: &[&[&str]] = &[&["add", "-q", "theirs.txt"]];
    for name in ["theirs.txt", "theirs-2.txt", "theirs-3.txt"] {
        used.sandbox.write(name, name);
    }
    let longer: &[&[&str]] =
        &[theirs[0], &["add", "-q", "theirs-2.txt"], &["add", "-q", "theirs-3.txt"]];
    let anew: &[&[&str]] = &[&["init", "-q", "--origin", "example.org/test"], longer[0], longer[1]];
    let strange: &[&[&str]] = &[&["init", "-q", "--origin", "example.org/other"], longer[0]];
    let made_anew = used.forged(&Files::new(), anew, false);
    let rotated: &[&[&str]] = &[&["key", "rotate"], theirs[0]];
    let adopted: &[&[&str]] = &[&["adopt", "--reason", "why not"], theirs[0]];
    let rows = [
        used.row("an earlier state", before),
        used.row("the first state, long ago", first),
        used.row("an earlier state, with the newer catalog", &with(before, now, is_catalog)),
        used.row("an earlier state, with the newer `log/checkpoint`", &with(before, now, is_copy)),
        used.row("all but the newest commit", &with(now, &Files::new(), is_newest)),
        used.row(
            "the same, and the `log/checkpoint` of before",
            &with(&with(now, &Files::new(), is_newest), before, is_copy),
        ),
        used.row("another history under the same key, as long", &used.forged(before, theirs, true)),
        used.row("the same, longer", &used.forged(before, longer, true)),
        used.row("the same, shorter", &used.forged(first, theirs, true)),
        used.row("another history, signed by another key that `identity` names", &made_anew),
        used.row(
            "the same, with the `identity` of before",
            &with(&made_anew, now, |path| path == "identity"),
        ),
        used.row(
            "an earlier state that another key goes on from, which the first key did not sign to",
            &used.forged(before, adopted, false),
        ),
        used.row(
            "an earlier state, handed on to another key by whoever stole the first",
            &used.forged(before, rotated, true),
        ),
        used.row(
            "the newest state, handed on to another key by whoever stole the first",
            &used.forged(now, rotated, true),
        ),
        used.row(
            "the newest state, with more that whoever stole the key recorded",
            &used.forged(now, theirs, true),
        ),
        used.row("an archive of another origin", &used.forged(&Files::new(), strange, false)),
    ];
    let published = published("## Whole archives");
    assert!(
        rows[..] == published[..],
        "the matrix of whole archives in docs/tamper.md is to be:\n{}",
        rows.join("\n")
    );
}
