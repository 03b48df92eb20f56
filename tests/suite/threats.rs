//! docs/threats.md is true: each row of its table names the tests that show it, these are there, and what
//! no other module shows is shown here.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use docarchive::internals::{
    archive::{Archive, HistoryCheck, inspect::audit::AuditScope},
    backend::memory::{Contents, Memory},
    journal::{
        Closing, Draft, Journal, SaltSeed, Settled,
        event::{
            ActDetail, Detail, DocumentDetail, DocumentEvent, DocumentEventKind, Event, Revise,
        },
        merkle::{Frontier, leaf_hash},
        note::Checkpoint,
        object,
    },
    types::{
        digest::{Digest, DocId},
        error::Error,
        name::DocName,
        time::Timestamp,
    },
};
use rusqlite::Connection;

use crate::{
    common::{
        add, init, noise,
        sandbox::{Ran, Sandbox},
        signer,
    },
    second_reader::{self, bundled, checkpoint, hex, sha256, tree_hash},
};

fn page() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join("docs/threats.md")).unwrap()
}

/// The tests that a text names, `module::name` each.
fn named(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter(|words| words.contains("::")).collect()
}

/// Whether there is such a test: in a module of this suite, a transcript, or beside the code.
fn is_there(test: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (module, name) = test.rsplit_once("::").unwrap();
    if module == "cli" {
        return root.join(format!("tests/cli/{name}.md")).exists();
    }
    let module = module.replace("::", "/");
    let files = ["tests/suite", "src"]
        .map(|folder| [format!("{folder}/{module}.rs"), format!("{folder}/{module}/tests.rs")]);
    files.concat().iter().any(|file| {
        let source = fs::read_to_string(root.join(file)).unwrap_or_default();
        let tests = source.split("#[test]\n").skip(1);
        tests.map(str::trim_start).any(|test| test.starts_with(&format!("fn {name}(")))
    })
}

#[test]
fn every_row_names_the_tests_that_show_it_and_they_are_there() {
    let page = page();
    let missing: Vec<_> = named(&page).into_iter().filter(|test| !is_there(test)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
    assert!(!is_there("threats::nothing_of_the_kind"));
    let (_, table) = page.split_once("## The table").unwrap();
    let (table, _) = table.split_once("## ").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(2);
    let mut n_rows = 0;
    for row in rows.filter(|row| !row.starts_with("| **")) {
        let shown_by = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let is_excused = shown_by.trim() == "nothing can";
        assert!(is_excused || !named(shown_by).is_empty(), "no test shows: {row}");
        n_rows += 1;
    }
    assert!(n_rows > 40, "{n_rows}");
}

#[test]
fn every_code_of_the_page_is_one_and_every_one_is_on_the_page() {
    let page = page();
    let (_, table) = page.split_once("4. Then act by the code:").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let explained: BTreeSet<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/archive/inspect/audit/report.rs");
    let source = fs::read_to_string(source).unwrap();
    let (_, source) = source.split_once("pub fn as_str(self)").unwrap();
    let (source, _) = source.split_once("\n    }\n").unwrap();
    assert_eq!(explained, source.split('"').skip(1).step_by(2).collect());
}

/// An archive of three commits behind the first: `a` twice, then `b`.
fn example() -> Contents {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("a", b"one")]).unwrap();
    add(&mut archive, 2, &[("a", b"two")]).unwrap();
    add(&mut archive, 3, &[("b", b"three")]).unwrap();
    memory.contents()
}

/// The codes of an audit by the folder alone; none where no verb opens it.
fn codes(contents: &Contents) -> Option<BTreeSet<&'static str>> {
    let archive = match Archive::open(Arc::new(Memory::of(contents.clone())), None) {
        Err(Error::Damaged { .. } | Error::Untrusted { .. }) => return None,
        opened => opened.unwrap(),
    };
    let history = HistoryCheck::NotRemembered;
    let report = archive.audit(&AuditScope::default(), history, &mut |_| {}).unwrap();
    Some(report.findings.iter().map(|finding| finding.code.as_str()).collect())
}

fn holds(contents: &Contents, code: &str) -> bool {
    codes(contents).is_some_and(|codes| codes.contains(code))
}

/// What the key's owner makes of the newest commit: its lines are edited, then all is computed and signed
/// again, the closing event too if it is asked for.
fn signed_again(facts: &Contents, fits: bool, edit: impl Fn(&mut Vec<String>)) -> Contents {
    let mut leaves = Vec::new();
    for n in 1..3 {
        let (_, _, body) = checkpoint(&facts[&format!("log/000/000/00{n}")], facts);
        leaves.extend(bundled(body, 2).2.iter().map(|line| sha256(&[&[0], line])));
    }
    let newest = "log/000/000/003";
    let (_, _, body) = checkpoint(&facts[newest], facts);
    let (id, first, lines) = bundled(body, 2);
    let text = |line: Vec<u8>| String::from_utf8(line).unwrap();
    let mut lines: Vec<String> = lines.into_iter().map(text).collect();
    let root = |lines: &[String]| {
        let leaves: Vec<_> = lines.iter().map(|line| sha256(&[&[0], line.as_bytes()])).collect();
        hex(&tree_hash(&leaves))
    };
    let before = root(&lines[..lines.len() - 1]);
    edit(&mut lines);
    if fits {
        let now = root(&lines[..lines.len() - 1]);
        let closing = lines.last_mut().unwrap();
        *closing = closing.replace(&before, &now);
    }
    leaves.extend(lines.iter().map(|line| sha256(&[&[0], line.as_bytes()])));
    let root = Digest::from_slice(&tree_hash(&leaves)).unwrap();
    let checkpoint =
        Checkpoint { origin: "example.org/test".into(), size: leaves.len() as u64, root };
    let note = checkpoint.sign(&signer()).unwrap();
    let id = u64::from_str_radix(&id, 16).unwrap().to_be_bytes();
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    let mut forged = facts.clone();
    forged.insert(newest.into(), object::encode_commit(&note, id, first, &lines).unwrap().into());
    forged.insert("log/checkpoint".into(), note.into());
    forged
}

/// Records an event with its detail behind the example, as whoever holds the key could.
fn recorded(facts: &Contents, detail: &Detail, event: impl FnOnce(Digest) -> Event) -> Contents {
    let memory = Memory::of(facts.clone());
    let mut journal = Journal::open(Arc::new(memory.clone())).unwrap();
    let lines = journal.entries(0..journal.size()).map(|entry| leaf_hash(&entry.unwrap().line));
    let frontier = Frontier::of(&lines.collect::<Vec<_>>());
    let act = ActDetail { salt: [7; 16], by: None, note: None, tool: "t".into() };
    let at = Timestamp::from_unix(1_764_000_000, 0);
    let closing = Closing { at, id: [9; 8], salts: SaltSeed::new([6; 16]), detail: act };
    let draft = Draft::new(detail, event).unwrap();
    let staged = journal.stage(&frontier, &[draft], closing).unwrap();
    assert!(matches!(journal.commit(staged, &signer()).unwrap(), Settled::Committed(_)));
    memory.contents()
}

#[test]
fn a_name_belongs_to_one_document() {
    let facts = example();
    let archive = Archive::open(Arc::new(Memory::of(facts.clone())), None).unwrap();
    let a = archive.document(b"a").unwrap();
    let rename = |name: &str| {
        let (name, tool) = (Some(DocName::new(name).unwrap()), "t".to_owned());
        let detail = Detail::Document(DocumentDetail { name, tool, ..DocumentDetail::default() });
        let (at, doc, latest) = (Timestamp::from_unix(1_764_000_000, 0), a.id, a.latest);
        recorded(&facts, &detail, |detail| {
            let kind = DocumentEventKind::Rename;
            Event::Document(DocumentEvent { kind, at, doc, prev: latest, of: latest, detail })
        })
    };
    assert!(holds(&rename("b"), "NAME-TAKEN"), "{:?}", codes(&rename("b")));
    assert_eq!(codes(&rename("c")), Some(BTreeSet::new()));
    let first = archive.catalog().revision(a.id, 1).unwrap().unwrap().event;
    let journal = Journal::open(Arc::new(Memory::of(facts.clone()))).unwrap();
    let entry = journal.entries(first..first + 1).next().unwrap().unwrap();
    let Event::Revise(revise) = entry.event else { panic!() };
    // Another document that begins under the same name.
    let forged = recorded(&facts, &entry.detail.unwrap(), |detail| {
        Event::Revise(Revise { doc: DocId(7), detail, ..revise })
    });
    assert!(holds(&forged, "NAME-TAKEN"), "{:?}", codes(&forged));
}

#[test]
fn what_the_keys_owner_signs_must_fit_together() {
    let facts = example();
    let same = signed_again(&facts, true, |_| {});
    assert!(same == facts, "an edit of nothing gives the same");
    // A batch that its closing event does not fit.
    let forged = signed_again(&facts, false, |lines| {
        lines[0] = lines[0].replace("\"size\":5", "\"size\":6");
    });
    assert!(holds(&forged, "COMMIT-BATCH"), "{:?}", codes(&forged));
    // An event of a document that the event before it does not know.
    let forged = signed_again(&facts, true, |lines| {
        lines[0] = lines[0].replace("\"prev\":null", "\"prev\":2");
    });
    assert!(holds(&forged, "EVENT-PREV"), "{:?}", codes(&forged));
    // Another spelling of the same event.
    let forged = signed_again(&facts, true, |lines| {
        lines[0] = lines[0].replace("\"v\":1", "\"v\": 1");
    });
    assert_eq!(codes(&forged), None);
    // A time that is not true.
    let forged = signed_again(&facts, true, |lines| {
        lines[0] = lines[0].replace("\"at\":\"2025", "\"at\":\"1995");
    });
    assert_eq!((forged == facts, codes(&forged)), (false, Some(BTreeSet::from(["TIME-ORDER"]))));
}

#[test]
fn a_commit_that_is_damaged_edited_or_missing_is_named() {
    let sandbox = Sandbox::with_two_revisions();
    let file = sandbox.store().join("log/000/000/001");
    let whole = fs::read(&file).unwrap();
    let facts: Contents = load(&sandbox);
    let (_, _, body) = checkpoint(&whole, &facts);
    let (id, first, lines) = bundled(body, 2);
    let id = u64::from_str_radix(&id, 16).unwrap().to_be_bytes();
    let edited: Vec<Vec<u8>> = lines
        .into_iter()
        .map(|line| String::from_utf8(line).unwrap().replace("\"size\":", "\"size\":1").into())
        .collect();
    let edited: Vec<&[u8]> = edited.iter().map(|line| &line[..]).collect();
    let note = &whole[..whole.len() - body.len() - 1];
    let edited = object::encode_commit(note, id, first, &edited).unwrap();
    let mut flipped = whole.clone();
    let n_bytes = whole.len();
    flipped[n_bytes - 99] ^= 1;
    for wrong in [Some(&edited), Some(&flipped), None] {
        match wrong {
            Some(wrong) => fs::write(&file, wrong).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        let ran = sandbox.run(["audit"]).expect(6);
        let names_it = match wrong {
            Some(_) => ran.text().contains("LOG-ENTRY"),
            None => ran.err.contains("log/000/000/001 is missing, and later commits are not"),
        };
        assert!(names_it, "{}{}", ran.text(), ran.err);
        // Where no catalog has read it before, no verb can answer.
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(sandbox.store().join(format!("catalog.sqlite{end}")));
        }
        for verb in ["ls", "compact"] {
            sandbox.run([verb]).expect(6).says("hint: archive audit\n");
        }
        sandbox.run(["audit"]).expect(6).says("hint: archive audit --store path/to/a/copy\n");
        fs::write(&file, &whole).unwrap();
        sandbox.run(["audit", "-q"]).expect(0);
    }
}

/// The facts of the sandbox's archive, and whatever lies beside them.
fn load(sandbox: &Sandbox) -> Contents {
    Sandbox::tree(&sandbox.store())
        .into_iter()
        .map(|(path, bytes)| (path.to_str().unwrap().to_owned(), bytes.into()))
        .collect()
}

#[test]
fn a_commit_that_is_cut_off_is_missed_by_the_copy_of_the_checkpoint() {
    let mut facts = example();
    let before = facts.clone();
    facts.remove("log/000/000/003");
    assert!(holds(&facts, "LOG-ROLLED-BACK"), "{:?}", codes(&facts));
    // With the copy of that time beside it, only what is remembered shows it.
    let (size, _, body) = checkpoint(&before["log/000/000/002"], &before);
    assert_eq!(size, 6);
    let note = &before["log/000/000/002"][..before["log/000/000/002"].len() - body.len() - 1];
    facts.insert("log/checkpoint".into(), note.into());
    facts.retain(|name, _| !name.starts_with("details/000/000/003"));
    assert_eq!(codes(&facts), Some(BTreeSet::from(["BLOB-UNREFERENCED"])));
}

/// Whoever met such an archive first wrote on from where it was cut off, under the same key, and over the checkpoint
/// that showed it.
#[test]
fn nobody_writes_on_where_the_last_commits_are_gone() {
    let sandbox = Sandbox::with_two_revisions();
    sandbox.write("n", "new");
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    let lost = sandbox.store().join("log/000/000/002");
    let commit = fs::read(&lost).unwrap();
    fs::remove_file(&lost).unwrap();
    let checkpoint = || fs::read(sandbox.store().join("log/checkpoint")).unwrap();
    let (before, facts) = (checkpoint(), load(&sandbox));
    let state = std::cell::Cell::new(0);
    // Each time somebody who remembers nothing.
    let run = |words: &[&str]| {
        state.set(state.get() + 1);
        let state = sandbox.at(format!("state-{}", state.get()));
        Ran::of(sandbox.command(words).env("XDG_STATE_HOME", state))
    };
    let says = "log/000/000/002 is missing, with all that came after it: log/checkpoint states 7 events, the commits \
                hold 4";
    for words in [
        &["add", "n"][..],
        &["note", "d/a.txt", "+tag"],
        &["key", "rotate"],
        &["compact"],
        &["withdraw", "d/a.txt", "--reason", "legal"],
        &["copy", "new"],
        &["copy", "copy"],
    ] {
        let ran = run(words).expect(6).says(says);
        assert!(ran.err.contains("archive adopt"), "{}", ran.err);
        assert_eq!(checkpoint(), before, "{words:?}");
    }
    assert!(!sandbox.at("new").exists());
    let is_fact =
        |(name, _): &(&String, &_)| name.starts_with("log/") || name.starts_with("packs/");
    let now = load(&sandbox);
    assert!(now.iter().filter(is_fact).eq(facts.iter().filter(is_fact)));
    run(&["ls"]).expect(0).says(says);
    run(&["rebuild"]).expect(6).says(says);
    assert_eq!(checkpoint(), before);
    // Either way out.
    fs::write(&lost, commit).unwrap();
    run(&["add", "-q", "n"]).expect(0).expect_quiet();
    run(&["audit", "-q"]).expect(0);
    fs::remove_file(sandbox.store().join("log/000/000/003")).unwrap();
    let report = run(&["adopt", "--reason", "no copy has them"]).expect(0);
    let report = report.err.split(" is kept in ").nth(1).unwrap().lines().next().unwrap();
    assert!(fs::read_to_string(report).unwrap().contains("\n10\n"));
    run(&["add", "-q", "n"]).expect(0).expect_quiet();
    run(&["audit", "-q"]).expect(0);
}

/// What a copy states of commits that it lost is part of its history.
#[test]
fn a_copy_that_lost_its_last_commits_is_not_written_over() {
    let sandbox = Sandbox::with_two_revisions();
    sandbox.run(["copy", "-q", "early"]).expect(0);
    sandbox.write("n", "new");
    sandbox.run(["add", "-q", "n"]).expect(0);
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    let (lost, checkpoint) =
        (sandbox.at("copy/log/000/000/003"), sandbox.at("copy/log/checkpoint"));
    fs::remove_file(&lost).unwrap();
    let before = fs::read(&checkpoint).unwrap();
    let mut forgetful = sandbox.command(["copy", "copy", "--store", "early"]);
    Ran::of(forgetful.env("XDG_STATE_HOME", sandbox.at("other"))).expect(6).says("rolled back");
    assert_eq!(fs::read(&checkpoint).unwrap(), before);
    sandbox.run(["copy", "copy"]).expect(6).says("1 object put anew");
    assert!(lost.exists());
    sandbox.run(["copy", "copy"]).expect(0).says("is up to date");
}

#[test]
fn damage_to_packs_has_the_codes_of_its_row() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let contents = [noise(1, 3000), noise(2, 3000)];
    add(&mut archive, 1, &[("a", &contents[0])]).unwrap();
    add(&mut archive, 2, &[("b", &contents[1])]).unwrap();
    let facts = memory.contents();
    let packs: Vec<&String> = facts.keys().filter(|name| name.starts_with("packs/")).collect();
    let with = |bytes: Option<&[u8]>| {
        let mut damaged = facts.clone();
        match bytes {
            Some(bytes) => damaged.insert(packs[0].clone(), bytes.into()),
            None => damaged.remove(packs[0]),
        };
        codes(&damaged).unwrap()
    };
    let whole = &facts[packs[0]];
    let mut flipped = whole.to_vec();
    flipped[1500] ^= 1;
    let (damaged, missing) =
        (["BLOB-DAMAGED", "PACK-DAMAGED"].into(), ["BLOB-MISSING", "PACK-DAMAGED"].into());
    assert_eq!(with(Some(&flipped)), damaged);
    assert_eq!(with(Some(&whole[..1500])), missing);
    assert_eq!(with(None), missing);
    assert_eq!(with(Some(&facts[packs[1]])), missing, "another one in its place");
    let mut more = facts.clone();
    let stray = format!("packs/ab/{}-000000", "ab".repeat(32));
    more.insert(stray, whole.clone());
    assert_eq!(codes(&more), Some(BTreeSet::from(["BLOB-UNREFERENCED"])));
}

#[test]
fn a_newest_checkpoint_that_does_not_hold_is_a_finding() {
    let sandbox = Sandbox::with_two_revisions();
    let file = sandbox.store().join("log/000/000/002");
    let mut bytes = fs::read(&file).unwrap();
    let size = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    bytes[size] ^= 1;
    fs::write(file, bytes).unwrap();
    for verb in ["ls", "compact"] {
        sandbox.run([verb]).expect(6).says("log/000/000/002 is not to be trusted");
    }
    let text = sandbox.run(["audit"]).expect(6).text();
    assert!(text.contains("CP-SIGNATURE"), "{text}");
}

#[test]
fn a_forgery_met_first_shows_by_the_key_alone() {
    let sandbox = Sandbox::with_two_revisions();
    let vkey = sandbox.json(["audit"])[0]["vkey"].as_str().unwrap().to_owned();
    let origin = vkey.split('+').next().unwrap();
    // The forger has another key of the same name, and whoever opens it has never seen the true one.
    let by_forger = |words: &[&str]| {
        let mut command = sandbox.command(words);
        command.env("XDG_CONFIG_HOME", sandbox.at("forger")).env("XDG_STATE_HOME", sandbox.at("s"));
        Ran::of(command.args(["--store", "forged"]))
    };
    sandbox.write("a", "nothing ever happened");
    let mut init = sandbox.command(["init", "-q", "forged", "--origin", origin]);
    init.env("XDG_CONFIG_HOME", sandbox.at("forger")).env("XDG_STATE_HOME", sandbox.at("s"));
    Ran::of(&mut init).expect(0);
    by_forger(&["add", "-q", "a"]).expect(0);
    let by_stranger = |words: &[&str]| {
        let mut command = sandbox.command(words);
        Ran::of(command.env("XDG_STATE_HOME", sandbox.at("t")).args(["--store", "forged"]))
    };
    by_stranger(&["audit", "-q"]).expect(0);
    let text = by_stranger(&["audit"]).expect(0).text();
    assert!(text.contains("extends what is remembered"), "{text}");
    let text = by_stranger(&["audit", "--vkey", &vkey]).expect(6).text();
    assert!(text.contains("CP-UNKNOWN-KEY"), "{text}");
}

#[test]
fn an_identity_that_makes_no_sense_opens_for_no_verb() {
    let sandbox = Sandbox::with_two_revisions();
    let file = sandbox.store().join("identity");
    let text = fs::read_to_string(&file).unwrap();
    let vkey = text.lines().last().unwrap();
    let changed = vkey.replace("vkey a", "vkey b");
    for (wrong, code) in [
        (text.replace("archive 1", "archivf 1"), 6),
        (text.replace("origin a", "origin b"), 6),
        (text.replace(vkey, &changed), 6),
        // It cannot be told from an archive of the future.
        (text.replace("archive 1", "archive 5"), 5),
    ] {
        assert_ne!(wrong, text);
        fs::write(&file, wrong).unwrap();
        for verb in ["ls", "audit"] {
            sandbox.run([verb]).expect(code);
        }
    }
}

#[test]
fn between_an_edit_and_the_next_audit_answers_may_be_wrong_and_bytes_are_not() {
    let sandbox = Sandbox::new();
    for (n, name) in ["a", "b"].into_iter().enumerate() {
        sandbox.write(name, noise(n as u64, 30_000));
        sandbox.run(["add", "-q", name]).expect(0);
    }
    sandbox.run(["audit", "-q"]).expect(0);
    let db = Connection::open(sandbox.store().join("catalog.sqlite")).unwrap();
    db.execute("UPDATE document SET name = 'c' WHERE name = 'b'", []).unwrap();
    drop(db);
    sandbox.run(["ls"]).expect(0).answers("a\nc\n").expect_quiet();
    let folder = sandbox.store().join("packs");
    let (pack, mut bytes) = Sandbox::tree(&folder).remove(0);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(folder.join(pack), bytes).unwrap();
    sandbox.run(["ls"]).expect(0).answers("a\nc\n").expect_quiet();
    let text = sandbox.run(["audit"]).expect(6).text();
    for code in ["CATALOG-DRIFT", "PACK-DAMAGED", "BLOB-DAMAGED"] {
        assert!(text.contains(code), "{text}");
    }
    // What is asked of a document meets its events, and what is read is compared with its SHA-256.
    let ran = sandbox.run(["show", "c"]).expect(4);
    ran.says("the catalog is made anew: event 3 is not as its row has it");
    let read = ["a", "b"].map(|name| sandbox.run(["cat", name]));
    assert!(read.iter().any(|ran| ran.code == Some(6) && ran.out.is_empty()));
    let whole = read.into_iter().find(|ran| ran.code == Some(0)).unwrap().out;
    assert!((0..2).any(|n| whole == noise(n, 30_000)));
}

#[test]
fn the_journal_alone_holds_no_word_of_anybody() {
    let sandbox = Sandbox::new();
    sandbox.write("letter.txt", "Dear Ann");
    let words = ["add", "-q", "letter.txt", "--note", "found in the attic", "--source"];
    sandbox.run([&words[..], &["https://example.com/ann"]].concat()).expect(0);
    let facts = load(&sandbox);
    let object = |name: &str| facts.iter().find(|(it, _)| it.starts_with(name)).unwrap().1;
    let body = checkpoint(object("log/000/000/001"), &facts).2;
    let journal = String::from_utf8(bundled(body, 2).2.concat()).unwrap();
    let details = second_reader::details(object("details/000/000/001")).concat();
    let details = String::from_utf8(details).unwrap();
    for word in ["letter.txt", "found in the attic", "https://example.com/ann"] {
        assert!(details.contains(word) && !journal.contains(word), "{word}");
    }
    assert!(journal.contains(&hex(&sha256(&[b"Dear Ann"]))) && journal.contains("\"size\":8"));
    // What is to be kept outside, beside the signature of whoever keeps it.
    let identity = String::from_utf8(facts["identity"].to_vec()).unwrap();
    let vkey = identity.lines().last().unwrap().trim_start_matches("vkey ").len();
    assert!((200..400).contains(&(vkey + facts["log/checkpoint"].len())));
}
