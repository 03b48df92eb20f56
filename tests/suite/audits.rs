//! Audits of a part: samples, what is new, pack after pack; and what is kept of an audit.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        inspect::audit::{AuditPart, AuditReport, AuditScope, Code, PacksInTurn, Sample},
    },
    backend::{Backend as _, Storage, memory::Memory},
    types::time::Timestamp,
};

use crate::common::{
    add, init, noise,
    sandbox::{Ran, Sandbox, program},
};

/// Eight packs of one content each.
fn eight_packs() -> (Memory, Archive) {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    for n in 0..8 {
        add(&mut archive, n, &[(&format!("d{n}"), &noise(n, 3000))]).unwrap();
    }
    (memory, archive)
}

fn audit(archive: &Archive, part: AuditPart) -> AuditReport {
    let scope = AuditScope { part, ..AuditScope::default() };
    archive.audit(&scope, HistoryCheck::NotRemembered, &mut |_| {}).unwrap()
}

#[test]
fn packs_are_read_in_turn_until_all_were() {
    let (memory, archive) = eight_packs();
    let damaged = memory.list("packs").unwrap()[5].name.clone();
    let mut bytes = memory.read(&damaged, 1 << 20).unwrap().unwrap();
    bytes[100] ^= 1;
    memory.swap(&damaged, &bytes).unwrap();
    let archive = {
        drop(archive);
        Archive::open(Arc::new(memory) as Arc<dyn Storage>, None).unwrap()
    };
    let mut last_checked = BTreeMap::new();
    let (mut n_found, rounds) = (0, Cell::new(0));
    while last_checked.len() < 8 {
        rounds.set(rounds.get() + 1);
        let n_left = Arc::new(AtomicUsize::new(3));
        let is_over = Arc::new(move || {
            n_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_err()
        });
        let turn = PacksInTurn { last_checked: last_checked.clone(), is_over };
        let report = audit(&archive, AuditPart::InTurn(turn));
        let is_new = |pack: &&_| !last_checked.contains_key(*pack);
        let n_new = report.packs_read.iter().filter(is_new).count();
        assert_eq!(n_new, 3.min(8 - last_checked.len()));
        assert_eq!(report.n_contents + report.n_broken + report.n_unread, 8);
        n_found += report.findings.iter().filter(|one| one.code == Code::PackDamaged).count();
        let now = Timestamp::from_unix(1_800_000_000 + rounds.get(), 0);
        last_checked.extend(report.packs_read.iter().map(|pack| (*pack, now)));
    }
    assert_eq!((rounds.get(), n_found), (3, 1));
    // What was read longest ago comes first again.
    let is_over = Arc::new(|| false);
    let oldest = *last_checked.iter().min_by_key(|(pack, time)| (**time, **pack)).unwrap().0;
    let report = audit(&archive, AuditPart::InTurn(PacksInTurn { last_checked, is_over }));
    assert_eq!((report.packs_read[0], report.packs_read.len(), report.n_unread), (oldest, 8, 0));
}

#[test]
fn a_sample_and_what_is_new_are_parts() {
    let (_, archive) = eight_packs();
    let sample =
        |per_million| audit(&archive, AuditPart::Sample(Sample { per_million, seed: [3; 32] }));
    assert_eq!(sample(1_000_000).n_contents, 8);
    let some = sample(500_000);
    assert!((1..8).contains(&some.n_contents), "{}", some.n_contents);
    assert_eq!(some.n_contents + some.n_unread, 8);
    assert!(some.is_sound() && !some.uncompared.is_empty());
    let all: Vec<_> = archive.log_entries(u64::MAX, 100).unwrap();
    assert!(!all.is_empty());
    let never = Timestamp::parse("2999-01-01T00:00:00Z").unwrap();
    assert_eq!(audit(&archive, AuditPart::Since(never)).n_contents, 0);
    let ever = Timestamp::parse("0001-01-01T00:00:00Z").unwrap();
    assert_eq!(audit(&archive, AuditPart::Since(ever)).n_contents, 8);
}

fn example() -> Sandbox {
    let sandbox = Sandbox::new();
    for n in 0..5 {
        sandbox.write(format!("d{n}"), format!("text {n}"));
        sandbox.run(["add", "-q", &format!("d{n}"), "--source", "desk"]).expect(0);
    }
    sandbox
}

#[test]
fn what_was_left_out_is_said_with_its_odds() {
    let sandbox = example();
    let ran = sandbox.run(["audit", "--max-time", "0s"]).expect(0);
    assert!(ran.text().contains("the bytes of 5 contents: the time was up"), "{}", ran.text());
    assert!(ran.text().contains("what was checked is well"));
    let ran = sandbox.run(["audit", "--max-time", "1h"]).expect(0);
    assert!(ran.text().ends_with("what was checked is well\n"), "{}", ran.text());
    let line = &sandbox.json(["audit", "--sample", "1%"])[0];
    let (read, unread) = (&line["checked"]["contents"], &line["unchecked"]["contents"]);
    assert_eq!(read.as_u64().unwrap() + unread.as_u64().unwrap(), 5);
    // A share of few is one, and not none.
    let line = &sandbox.json(["audit", "--sample", "0.0001%"])[0];
    assert_eq!(line["checked"]["contents"], 1, "{line}");
    let line = &sandbox.json(["audit", "--sample", "1%"])[0];
    let read = &line["checked"]["contents"];
    let chance = line["chance"].as_f64().unwrap();
    assert!((chance - read.as_f64().unwrap() / 5.0).abs() < 1e-9, "{line}");
    assert_eq!(line["part"], "sample");
    for words in [
        &["--sample", "0%"][..],
        &["--sample", "101%"],
        &["--sample", "x"],
        &["--sample", "5%", "--quick"],
        &["--sample", "5%", "--since", "2026-01-01"],
        &["--max-time", "10m", "d0"],
    ] {
        sandbox.run([&["audit"], words].concat()).expect(2);
    }
}

#[test]
fn since_a_day_is_from_its_beginning_on() {
    let sandbox = example();
    let first = sandbox.json(["ls"])[0]["captured"].as_str().unwrap().to_owned();
    let since = |verb: &[&str], day: &str| {
        let words = [verb, &["--since", day]].concat();
        sandbox.run(words).text()
    };
    let day = &first[..10];
    assert!(since(&["audit"], day).contains("5 contents read"));
    assert!(since(&["audit"], "2999-01-01").contains("0 contents read"));
    assert!(since(&["diff", "--stat"], day).contains("5 new"));
    assert_eq!(since(&["ls"], day).lines().count(), 5);
}

#[test]
fn an_audit_can_be_recorded_and_printed() {
    let sandbox = example();
    sandbox.run(["audit", "-q", "--record", "--report", "report.html"]).expect(0);
    let log = sandbox.run(["log"]).expect(0).text();
    assert!(log.contains("audit by"), "{log}");
    assert!(log.contains("5 contents of 5 read"), "{log}");
    let page = fs::read_to_string(sandbox.at("report.html")).unwrap();
    assert!(page.contains("<p>all is well</p>") && !page.contains("<script"), "{page}");
    let pack = Sandbox::tree(&sandbox.store().join("packs")).pop().unwrap().0;
    let pack = sandbox.store().join("packs").join(pack);
    let mut bytes = fs::read(&pack).unwrap();
    bytes[20] ^= 1;
    fs::write(&pack, bytes).unwrap();
    sandbox.run(["audit", "-q", "--record", "--report", "report.html"]).expect(6);
    let page = fs::read_to_string(sandbox.at("report.html")).unwrap();
    assert!(page.contains("<strong>PACK-DAMAGED</strong>"), "{page}");
    // The record counts events by now; it is one of them.
    sandbox.run(["audit", "-q", "--quick"]).expect(0);
    let events = sandbox.json(["log"]);
    assert_eq!(events.iter().filter(|line| line["event_type"] == "audit").count(), 2);
}

/// An audit said, and signed, that it had read what was not there.
#[test]
fn what_is_not_there_was_not_read() {
    let sandbox = example();
    let packs = Sandbox::tree(&sandbox.store().join("packs"));
    let pack = |n: usize| sandbox.store().join("packs").join(&packs[n].0);
    fs::remove_file(pack(0)).unwrap();
    let mut bytes = fs::read(pack(1)).unwrap();
    bytes[20] ^= 1;
    fs::write(pack(1), bytes).unwrap();
    let ran = sandbox.run(["audit", "--record", "--report", "report.html"]).expect(6);
    let said = "4 findings; 3 contents read, 18 B; 2 are missing or damaged";
    assert!(ran.text().contains(said), "{}", ran.text());
    assert!(ran.text().contains("4 packs, 3 contents, "), "{}", ran.text());
    assert!(fs::read_to_string(sandbox.at("report.html")).unwrap().contains(said));
    let line = &sandbox.json(["audit"])[0];
    let checked = &line["checked"];
    assert_eq!(
        (&checked["packs"], &checked["contents"], &checked["bytes"]),
        (&4.into(), &3.into(), &18.into())
    );
    assert_eq!(line["unchecked"]["contents"], 2);
    let line = &sandbox.json(["audit", "--quick"])[0];
    assert_eq!((&line["checked"]["packs"], &line["unchecked"]["contents"]), (&4.into(), &5.into()));
    let log = sandbox.json(["log"]);
    let record = log.iter().find(|line| line["event_type"] == "audit").unwrap();
    assert_eq!(record["note"], "3 contents of 5 read; 4 findings");
    sandbox.run(["export", "--log", "public"]).expect(0);
    let entries = Sandbox::tree(&sandbox.at("public/tile/entries"));
    let entries: String =
        entries.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    assert!(entries.contains(r#""result":"findings","findings":4,"blobs":3,"#), "{entries}");
}

#[test]
fn each_revision_of_a_named_document_comes_with_the_means_to_check_it() {
    let sandbox = example();
    sandbox.write("d0", "another text");
    sandbox.run(["add", "-q", "d0"]).expect(0);
    let line = &sandbox.json(["audit", "d0"])[0];
    let revisions = line["revisions"].as_array().unwrap();
    assert_eq!(revisions.len(), 2);
    assert_eq!((&revisions[0]["event"], &revisions[0]["source"]), (&0.into(), &"desk".into()));
    let text = sandbox.run(["audit", "d0"]).expect(0).text();
    let command = text.lines().find(|line| line.contains("cat d0@2")).unwrap().trim();
    let (command, sha256) = command.split_once('#').unwrap();
    let command = command.replacen("archive", program(), 1);
    let mut shell = sandbox.other("sh");
    let summed = Ran::of(shell.args(["-c", &command]).env("ARCHIVE_STORE", sandbox.store()));
    assert_eq!(summed.expect(0).text().split_whitespace().next(), Some(sha256.trim()));
}

/// What was withdrawn of other events than revisions is not there, either: an audit was silent about it, the log said
/// that something was withdrawn and not what, and the page had less than the terminal.
#[test]
fn what_was_withdrawn_is_said_of_every_event_and_on_the_page() {
    let sandbox = example();
    sandbox.run(["note", "-q", "d1", "--note", "told in confidence"]).expect(0);
    sandbox.run(["rename", "-q", "d2", "secret"]).expect(0);
    sandbox.run(["rename", "-q", "secret", "d2"]).expect(0);
    let log = sandbox.json(["log"]);
    let event = |change: &str, name: &str| {
        let is_it = |line: &&serde_json::Value| line["change"] == change && line["name"] == name;
        let found = log.iter().rfind(|line| is_it(line)).unwrap_or_else(|| panic!("{log:?}"));
        found["event"].to_string()
    };
    let (noted, renamed) = (event("describe", "d1"), event("rename", "d2"));
    for event in [&noted, &renamed] {
        sandbox.run(["withdraw", "-q", "--words", event, "--reason", "legal"]).expect(0);
    }
    let text = sandbox.run(["audit", "--report", "all.html"]).expect(0).text();
    let page = fs::read_to_string(sandbox.at("all.html")).unwrap();
    for words in [
        format!("words of event {noted} (describe of d1@1)"),
        format!("words of event {renamed} (rename of d2@1)"),
    ] {
        assert!(text.contains(&words) && page.contains(&words), "{words}: {text}");
    }
    let withdrawn = sandbox.json(["audit"])[0]["withdrawn"].clone();
    assert_eq!(withdrawn[0]["words"][0], format!("event {noted} (describe of d1@1)"));
    // Of a document that is named, what is about it.
    let one = sandbox.run(["audit", "d1", "--report", "one.html"]).expect(0).text();
    assert!(one.contains(&format!("event {noted}")) && !one.contains("rename of"), "{one}");
    let page = fs::read_to_string(sandbox.at("one.html")).unwrap();
    for words in [
        "d1@1  event ",
        " from desk",
        "archive cat d1@1 | sha256sum    # ",
        "archive prove d1@1 -o proof-",
    ] {
        assert!(one.contains(words) && page.contains(words), "{words}: {page}");
    }
    let log = sandbox.run(["log"]).expect(0).text();
    assert!(log.contains(&format!("withdraw (legal) by tester; words of event {noted}")), "{log}");
    let line = sandbox.json(["log"]).into_iter().find(|line| line["event_type"] == "withdraw");
    let line = line.unwrap();
    assert_eq!(
        (line["words"][0].to_string(), line["contents"].as_array().unwrap().len()),
        (renamed, 0)
    );
}

#[test]
fn commands_of_a_document_that_is_named_like_a_revision_are_about_it() {
    let sandbox = Sandbox::new();
    for (name, text) in [("x", "the first"), ("x@1", "the other"), ("-n", "a flag")] {
        sandbox.write("text", text);
        sandbox.run(["add", "-q", "text", &format!("--as={name}")]).expect(0);
    }
    for name in ["x", "x@1", "./-n"] {
        let text = sandbox.run(["audit", name]).expect(0).text();
        let command = text.lines().find(|line| line.contains("archive cat ")).unwrap().trim();
        let (command, sha256) = command.split_once('#').unwrap();
        let command = command.replacen("archive", program(), 1);
        let mut shell = sandbox.other("sh");
        let summed = Ran::of(shell.args(["-c", &command]).env("ARCHIVE_STORE", sandbox.store()));
        let summed = summed.expect(0).text();
        assert_eq!(summed.split_whitespace().next(), Some(sha256.trim()), "{name}: {command}");
    }
}
