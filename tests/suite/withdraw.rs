//! `archive withdraw`: what went is gone wherever it was, the record stays, and everything else reads as before.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        ingest::Provenance,
        inspect::audit::{AuditReport, AuditScope, Code},
        maintain::{
            compact::Policy,
            withdraw::{ReasonCode, WithdrawalDone, WithdrawalRequest},
        },
        presence::AsOf,
    },
    backend::{
        Backend as _, Storage,
        faulty::{Call, Fault, Faulty},
        memory::Memory,
    },
    store::{CompressionLevels, pack},
    types::{digest::Digest, document::Document, error::Error, pack_id::PackId, time::Timestamp},
};

use crate::common::{
    add, add_one, check, compact, context, everything, init, is_slow, noise,
    sandbox::{Ran, Sandbox, lines_of},
    signer,
};

fn now() -> Timestamp {
    Timestamp::from_unix(1_900_000_000, 0)
}

/// What is asked for by selectors, of which one without `@` means all revisions.
fn request(archive: &Archive, selectors: &[&str], words: &[u64]) -> WithdrawalRequest {
    let mut contents = Vec::new();
    for selector in selectors {
        match selector.contains('@') {
            true => contents.push(archive.select(selector.as_bytes(), now()).unwrap()),
            false => {
                let document = archive.document(selector.as_bytes()).unwrap();
                let all = archive.catalog().revisions(&document).unwrap();
                contents.extend(all.into_iter().map(|revision| (document.clone(), revision)));
            }
        }
    }
    WithdrawalRequest {
        contents,
        words: words.iter().copied().collect(),
        reason: ReasonCode::new("legal").unwrap(),
        note: None,
        everywhere: false,
    }
}

fn withdraw(archive: &mut Archive, request: &WithdrawalRequest) -> Result<WithdrawalDone, Error> {
    let context = context(200_000 + archive.n_events());
    archive.withdraw(request, (&signer(), &context), "test", &mut |_| Ok(()))
}

fn resume(archive: &mut Archive) -> Result<WithdrawalDone, Error> {
    let context = context(300_000 + archive.n_events());
    archive.resume_withdrawals((&signer(), &context), "test", &mut |_| Ok(()))
}

/// What an audit finds, but for the order of times: the clocks here go as they are told.
fn audit(archive: &Archive) -> AuditReport {
    let mut report =
        archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
    report.findings.retain(|finding| finding.code != Code::TimeOrder);
    report
}

fn open(memory: &Memory) -> Archive {
    Archive::open(Arc::new(memory.clone()), None).unwrap()
}

/// Whether a pack has a blob with this digest's key, by the packs' own directories.
fn is_listed(memory: &Memory, digest: &Digest) -> bool {
    let packs = memory.list("packs").unwrap();
    packs.iter().filter_map(|object| PackId::of_object(&object.name)).any(|id| {
        let listed = pack::directory(memory, &id).unwrap();
        listed.iter().flat_map(|frame| &frame.keys).any(|key| *key == digest.key())
    })
}

/// Every revision that was not withdrawn, by name and number, with its bytes.
fn numbered(archive: &Archive) -> BTreeMap<(Vec<u8>, u64), Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut each = |document: &Document| -> Result<(), Error> {
        for revision in archive.catalog().revisions(document)? {
            if revision.withdrawn.is_none() {
                let bytes = archive.read_whole(document, &revision)?;
                all.insert((document.name.as_bytes().to_vec(), revision.number), bytes);
            }
        }
        Ok(())
    };
    archive.each_document(AsOf::Now, |document, _| each(document)).unwrap();
    all
}

/// Withdraws, and looks at all that must be so afterwards.
fn withdrawn(memory: &Memory, selectors: &[&str]) -> WithdrawalDone {
    let mut archive = open(memory);
    let before = numbered(&archive);
    let request = request(&archive, selectors, &[]);
    let done = withdraw(&mut archive, &request).unwrap();
    assert_eq!(done.remnants, []);
    let archive = open(memory);
    let asked: BTreeSet<(Vec<u8>, u64)> = request
        .contents
        .iter()
        .map(|(document, revision)| (document.name.as_bytes().to_vec(), revision.number))
        .collect();
    for ((name, number), bytes) in before {
        let document = archive.document(&name).unwrap();
        let revision = archive.catalog().revision(document.id, number).unwrap().unwrap();
        let read = archive.read_whole(&document, &revision);
        if asked.contains(&(name, number)) {
            assert!(matches!(read, Err(Error::Withdrawn { .. })), "{number}");
            assert!(!is_listed(memory, &revision.digest), "{number}");
        } else {
            assert!(read.unwrap() == bytes, "{number}");
        }
    }
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    check(&archive, &storage);
    assert_eq!(audit(&archive).findings, []);
    done
}

/// A text of its own, which has some lines in common with others.
fn text(seed: u64, n_lines: usize) -> Vec<u8> {
    let mut lines = String::new();
    for (n, eight) in noise(seed, n_lines * 24).chunks(24).enumerate() {
        let words: Vec<String> =
            eight.chunks(3).map(|it| format!("w{}", it[0] as u32 * 7 + it[1] as u32 % 5)).collect();
        lines += &format!("{n} {}\n", words.join(" "));
    }
    lines.into_bytes()
}

/// The same with one line that is another.
fn edited(text: &[u8], at: usize, with: u64) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[at] = format!("edited {with} {}", with * with);
    (lines.join("\n") + "\n").into_bytes()
}

#[test]
fn a_base_of_a_hundred_dependents_goes_and_they_read_as_before() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let base = text(1, 50);
    add(&mut archive, 1, &[("base.txt", &base)]).unwrap();
    let dependents: Vec<(String, Vec<u8>)> = (0..100)
        .map(|n| (format!("d/{n:03}.txt"), edited(&base, n as usize % 50, 1000 + n)))
        .collect();
    let documents: Vec<(&str, &[u8])> =
        dependents.iter().map(|(name, bytes)| (&name[..], &bytes[..])).collect();
    add(&mut archive, 2, &documents).unwrap();
    let n_packed = |memory: &Memory| -> u64 {
        memory.list("packs").unwrap().iter().map(|object| object.bytes).sum()
    };
    let before = n_packed(&memory);
    let done = withdrawn(&memory, &["base.txt@1"]);
    assert_eq!((done.compacted.n_rewritten, done.events.len()), (2, 1));
    // They rest on one of themselves, and not each on nothing.
    assert!(n_packed(&memory) < before * 3 / 2, "{before} {}", n_packed(&memory));
    let report = audit(&open(&memory));
    assert_eq!(report.withdrawals.len(), 1);
    assert_eq!(report.withdrawals[0].contents, ["base.txt@1"]);
}

#[test]
fn links_in_the_middle_of_chains_go() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let mut now = text(2, 72);
    for n in 0..24 {
        add(&mut archive, n + 1, &[("a.txt", &now)]).unwrap();
        now = edited(&now, n as usize * 3, n);
        if n % 5 == 0 {
            now.extend(text(100 + n, 12));
        }
    }
    crate::common::compact(&mut archive, Policy::Rewrite(CompressionLevels::all(1), 1)).unwrap();
    drop(archive);
    withdrawn(&memory, &["a.txt@6", "a.txt@7", "a.txt@8"]);
    withdrawn(&memory, &["a.txt@1", "a.txt@24"]);
    withdrawn(&memory, &["a.txt"]);
    assert!(memory.list("packs").unwrap().is_empty());
}

#[test]
fn solid_frames_are_made_without_what_went() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let stories: Vec<(String, Vec<u8>)> =
        (0..40).map(|n| (format!("{n}.txt"), text(500 + n, 4))).collect();
    let documents: Vec<(&str, &[u8])> =
        stories.iter().map(|(name, bytes)| (&name[..], &bytes[..])).collect();
    add(&mut archive, 1, &documents).unwrap();
    drop(archive);
    withdrawn(&memory, &["3.txt", "17.txt", "39.txt"]);
}

#[test]
fn chunks_that_no_other_content_has_go_and_the_others_stay() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let mut large = noise(7, (4 << 20) + 500_000);
    add(&mut archive, 1, &[("large", &large)]).unwrap();
    large.splice(1_000_000..1_000_100, noise(8, 200_000));
    add(&mut archive, 2, &[("large", &large), ("small", b"small")]).unwrap();
    large.truncate((4 << 20) + 20_000);
    add(&mut archive, 3, &[("large", &large)]).unwrap();
    drop(archive);
    withdrawn(&memory, &["large@2"]);
    // That its list of chunks is gone leaves nothing unread.
    assert_eq!(audit(&open(&memory)).uncompared, Vec::<&str>::new());
    if is_slow() {
        withdrawn(&memory, &["large@1"]);
        assert_eq!(audit(&open(&memory)).uncompared, Vec::<&str>::new());
    }
}

/// Its list of chunks still lies there, and the catalog, which was right, was called an edited one.
#[test]
fn an_interrupted_withdrawal_of_chunks_is_no_edited_catalog() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("large", &noise(7, (4 << 20) + 500_000)), ("b", b"two")]).unwrap();
    drop(archive);
    let whole = Faulty::none(Arc::new(Memory::of(memory.contents())));
    let run = |storage: Arc<dyn Storage>| {
        let mut archive = Archive::open(storage, None).unwrap();
        let asked = request(&archive, &["large"], &[]);
        withdraw(&mut archive, &asked)
    };
    run(Arc::new(whole.clone())).unwrap();
    let is_pack = |call: &Call| call.verb == "put" && call.name.starts_with("packs/");
    let n = whole.calls().iter().position(is_pack).unwrap();
    run(Arc::new(Faulty::at(Arc::new(memory.clone()), n, Fault::Death))).unwrap_err();
    let mut archive = open(&memory);
    let codes = |report: &AuditReport| -> Vec<Code> {
        report.findings.iter().map(|it| it.code).filter(|code| code.is_grave()).collect()
    };
    assert_eq!(codes(&audit(&archive)), [Code::BlobResurrected]);
    let quick = AuditScope { is_quick: true, ..AuditScope::default() };
    let quick = archive.audit(&quick, HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
    assert_eq!(codes(&quick), [Code::BlobResurrected]);
    resume(&mut archive).unwrap();
    assert_eq!(audit(&archive).findings, []);
}

#[test]
fn the_same_bytes_are_recorded_again() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let (one, two) = (text(1, 60), text(2, 60));
    add(&mut archive, 1, &[("a.txt", &one), ("b.txt", &two)]).unwrap();
    drop(archive);
    withdrawn(&memory, &["a.txt"]);
    let mut archive = open(&memory);
    add(&mut archive, 3, &[("a.txt", &one), ("c.txt", &edited(&one, 5, 5))]).unwrap();
    let (document, revision) = archive.select(b"a.txt", now()).unwrap();
    assert_eq!(revision.number, 2);
    assert_eq!(archive.read_whole(&document, &revision).unwrap(), one);
    let first = archive.select(b"a.txt@1", now()).unwrap();
    assert!(matches!(archive.read_whole(&first.0, &first.1), Err(Error::Withdrawn { .. })));
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    check(&archive, &storage);
    // And go again, which takes the rest of them along.
    drop(archive);
    let done = withdrawn(&memory, &["a.txt@2"]);
    assert_eq!(done.plan.contents.len(), 1);
    let mut archive = open(&memory);
    let again = request(&archive, &["a.txt"], &[]);
    let done = withdraw(&mut archive, &again).unwrap();
    assert_eq!((done.plan.contents.len(), done.events.len()), (0, 0));
}

#[test]
fn bytes_that_others_have_go_only_everywhere() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("a.txt", b"the same"), ("b.txt", b"the same")]).unwrap();
    add(&mut archive, 2, &[("b.txt", b"other")]).unwrap();
    let mut asked = request(&archive, &["a.txt"], &[]);
    let n_events = archive.n_events();
    let refused = withdraw(&mut archive, &asked).unwrap_err().to_string();
    assert_eq!(refused, "the same bytes are those of b.txt@1, too; --everywhere withdraws all");
    assert_eq!(archive.n_events(), n_events);
    asked.everywhere = true;
    let done = withdraw(&mut archive, &asked).unwrap();
    assert_eq!((done.plan.contents.len(), done.remnants.len()), (2, 0));
    assert_eq!(audit(&archive).findings, []);
    let other = archive.select(b"b.txt", now()).unwrap();
    assert_eq!(archive.read_whole(&other.0, &other.1).unwrap(), b"other");
}

#[test]
fn words_go_and_bytes_stay() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("a-name-that-tells-much.txt", b"one"), ("b.txt", b"two")]).unwrap();
    let asked = request(&archive, &[], &[0]);
    let done = withdraw(&mut archive, &asked).unwrap();
    assert_eq!((done.n_details, done.compacted.n_rewritten, done.remnants.len()), (1, 0, 0));
    let names: Vec<Vec<u8>> = everything(&archive).into_iter().map(|(name, _)| name).collect();
    assert!(names.iter().all(|name| !name.starts_with(b"a-name")), "{names:?}");
    assert_eq!(everything(&archive).len(), 2);
    let report = audit(&archive);
    assert_eq!(report.findings, []);
    assert_eq!(report.withdrawals[0].words.len(), 1);
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    check(&archive, &storage);
    for (words, what) in [(99, "there is no event 99"), (2, "event 2 has no words")] {
        let asked = request(&archive, &[], &[words]);
        assert_eq!(withdraw(&mut archive, &asked).unwrap_err().to_string(), what);
    }
}

#[test]
fn i15_what_comes_back_is_resurrected_and_goes_again() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("a.txt", &text(1, 60)), ("b.txt", &text(2, 60))]).unwrap();
    let old = memory.contents();
    let asked = request(&archive, &["a.txt"], &[0]);
    withdraw(&mut archive, &asked).unwrap();
    assert_eq!(archive.withdrawal_left().unwrap(), None);
    // Somebody copies an older folder over this one.
    for (name, bytes) in old.iter().filter(|(name, _)| name.starts_with("packs/")) {
        memory.put(name, bytes).unwrap();
    }
    for (name, bytes) in old.iter().filter(|(name, _)| name.starts_with("details/")) {
        memory.swap(name, bytes).unwrap();
    }
    let mut archive = open(&memory);
    let grave = |report: AuditReport| -> Vec<Code> {
        report.findings.iter().map(|it| it.code).filter(|code| code.is_grave()).collect()
    };
    assert_eq!(grave(audit(&archive)), [Code::DetailResurrected, Code::BlobResurrected]);
    // What details tell is not told all the same.
    assert!(archive.document(b"a.txt").is_err());
    // Who puts packs together takes it away as well, and says so.
    let (again, policy) = (Memory::of(memory.contents()), Policy::Tidy);
    let would = open(&again).compactable(policy).unwrap();
    let done = compact(&mut open(&again), policy).unwrap();
    assert_eq!((would.n_removed, done.n_removed, done.n_rewritten, done.n_details), (1, 1, 0, 1));
    assert!(done.n_bytes_removed > 0 && done.n_bytes_removed == would.n_bytes_removed);
    assert_eq!(audit(&open(&again)).findings, []);
    let done = resume(&mut archive).unwrap();
    assert_eq!((done.n_details, done.compacted.n_removed, done.remnants.len()), (1, 1, 0));
    assert_eq!(audit(&archive).findings, []);
}

#[test]
fn a_damaged_pack_is_in_the_way_and_the_work_goes_on() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let base = text(1, 200);
    add(&mut archive, 1, &[("a.txt", &base), ("b.txt", &edited(&base, 9, 9))]).unwrap();
    let name = memory.list("packs").unwrap()[0].name.clone();
    let whole = memory.read(&name, 1 << 20).unwrap().unwrap();
    let mut damaged = whole.clone();
    damaged[40] ^= 1;
    memory.swap(&name, &damaged).unwrap();
    let mut archive = open(&memory);
    let asked = request(&archive, &["a.txt"], &[]);
    let error = withdraw(&mut archive, &asked).unwrap_err();
    assert!(matches!(error.cause(), Error::Damaged { .. }), "{error}");
    assert!(matches!(error, Error::Unfinished { .. }), "{error}");
    let archive = open(&memory);
    assert!(archive.withdrawal_left().unwrap().is_some());
    let gone = archive.select(b"a.txt", now()).unwrap();
    assert!(matches!(archive.read_whole(&gone.0, &gone.1), Err(Error::Withdrawn { .. })));
    drop(archive);
    memory.swap(&name, &whole).unwrap();
    let mut archive = open(&memory);
    assert_eq!(resume(&mut archive).unwrap().remnants, []);
    assert_eq!(audit(&archive).findings, []);
}

/// An archive before a withdrawal that takes a base, a blob of a solid frame, a large content and words.
fn before() -> Memory {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let base = text(1, 60);
    let (b, c) = (edited(&base, 3, 3), edited(&base, 4, 4));
    add(&mut archive, 1, &[("a.txt", &base), ("s", b"solid"), ("t", b"another")]).unwrap();
    add(&mut archive, 2, &[("b.txt", &b), ("c.txt", &c)]).unwrap();
    Memory::of(memory.contents())
}

#[test]
fn who_reads_of_a_full_disk_reads_what_is_recorded_and_what_goes_on() {
    let memory = before();
    let run = |storage: Arc<dyn Storage>| -> Result<WithdrawalDone, Error> {
        let mut archive = Archive::open(storage, None)?;
        let asked = request(&archive, &["a.txt", "s"], &[1]);
        withdraw(&mut archive, &asked)
    };
    let whole = Faulty::none(Arc::new(Memory::of(memory.contents())));
    run(Arc::new(whole.clone())).unwrap();
    let is_put = |call: &Call| matches!(call.verb, "put" | "swap");
    let mut n_unfinished = 0;
    for (n, call) in whole.calls().iter().enumerate().filter(|(_, call)| is_put(call)) {
        let left = Memory::of(memory.contents());
        let ended = run(Arc::new(Faulty::at(Arc::new(left.clone()), n, Fault::Full)));
        // The copy of the checkpoint is nobody's loss.
        let Err(error) = ended else { continue };
        let said = error.to_string();
        match open(&left).catalog().has_withdrawals().unwrap() {
            false => assert!(matches!(error, Error::Io { .. }), "{call}: {said}"),
            true => {
                n_unfinished += 1;
                assert!(matches!(error, Error::Unfinished { .. }), "{call}: {said}");
                assert!(said.starts_with("the withdrawal is recorded by event "), "{said}");
                assert!(said.contains(", and not finished: cannot "), "{said}");
            }
        }
    }
    assert!(n_unfinished > 2, "{n_unfinished}");
}

#[test]
fn a_withdrawal_that_ends_anywhere_goes_on() {
    let memory = before();
    let run = |storage: Arc<dyn Storage>| -> Result<WithdrawalDone, Error> {
        let mut archive = Archive::open(storage, None)?;
        let asked = request(&archive, &["a.txt", "s"], &[1]);
        withdraw(&mut archive, &asked)
    };
    let faulty = Faulty::none(Arc::new(Memory::of(memory.contents())));
    run(Arc::new(faulty.clone())).unwrap();
    let calls = faulty.calls();
    let old = everything(&open(&memory));
    let changes = ["put", "swap", "remove", "sync"];
    let mut n_finished = 0;
    for (n, call) in calls.iter().enumerate() {
        let is_change = changes.contains(&call.verb);
        let stride = match (is_slow(), is_change) {
            (true, true) => 1,
            (true, false) => 29,
            (false, true) => 3,
            (false, false) => 41,
        };
        if n % stride != 0 {
            continue;
        }
        let faults = [Fault::Death, Fault::Unreported, Fault::NotDone, Fault::Half, Fault::Full];
        for fault in &faults[..if is_slow() { 5 } else { 1 }] {
            let case = format!("call {n}, {call:?}, {fault:?}");
            let left = Memory::of(memory.contents());
            let _ = run(Arc::new(Faulty::at(Arc::new(left.clone()), n, *fault)));
            let storage: Arc<dyn Storage> = Arc::new(left.clone());
            let mut archive = open(&left);
            let is_recorded = archive.catalog().has_withdrawals().unwrap();
            let all = everything(&archive);
            match is_recorded {
                false => assert!(all == old, "{case}"),
                true => assert_eq!(all.len(), old.len(), "{case}"),
            }
            if is_recorded {
                n_finished += 1;
                let is_left = archive.withdrawal_left().unwrap().is_some();
                let is_sound = audit(&archive).is_sound();
                assert_eq!(is_sound, !is_left, "{case}");
                // A compaction finishes it as well.
                match n % 2 {
                    0 => drop(crate::common::compact(&mut archive, Policy::Tidy).unwrap()),
                    _ => assert_eq!(resume(&mut archive).unwrap().remnants, [], "{case}"),
                }
                assert_eq!(archive.withdrawal_left().unwrap(), None, "{case}");
                let report = audit(&archive);
                assert!(report.is_sound(), "{case}: {:?}", report.findings);
                check(&archive, &storage);
            }
        }
    }
    assert!(n_finished > 5, "{n_finished}");
}

/// Whether some file below a folder has these bytes.
fn is_anywhere(sandbox: &Sandbox, words: &str) -> bool {
    let has = |bytes: &[u8]| bytes.windows(words.len()).any(|it| it == words.as_bytes());
    Sandbox::tree(&sandbox.store()).iter().any(|(_, bytes)| has(bytes))
}

#[test]
fn nothing_is_left_in_the_files_of_the_catalog() {
    let sandbox = Sandbox::new();
    let secret = "told in confidence by somebody";
    sandbox.write("a.txt", text(1, 80));
    sandbox.write("b.txt", text(2, 80));
    sandbox.run(["add", "-q", "a.txt", "--note", secret]).expect(0);
    sandbox.run(["add", "-q", "b.txt"]).expect(0);
    assert!(is_anywhere(&sandbox, secret));
    fs::copy(
        sandbox.store().join("catalog.sqlite"),
        sandbox.store().join("catalog.sqlite.before-1"),
    )
    .unwrap();
    sandbox.run(["withdraw", "--words", "0", "--reason", "personal"]).expect(0);
    assert!(!is_anywhere(&sandbox, secret));
    assert!(!sandbox.store().join("catalog.sqlite.before-1").exists());
    sandbox.run(["audit", "-q"]).expect(0);
    sandbox.run(["rebuild", "-q"]).expect(0);
    sandbox.run(["audit", "-q"]).expect(0);
}

#[test]
fn a_catalog_that_lies_elsewhere_is_purged_and_none_stays_with_the_facts() {
    let sandbox = Sandbox::new();
    let secret = "told in confidence by somebody";
    sandbox.write("a.txt", text(1, 80));
    sandbox.run(["add", "-q", "a.txt", "--note", secret]).expect(0);
    let elsewhere = ["--catalog", "elsewhere"];
    sandbox.run([&["ls"], &elsewhere[..]].concat()).expect(0);
    let has = |bytes: &[u8]| bytes.windows(secret.len()).any(|it| it == secret.as_bytes());
    let is_elsewhere =
        || Sandbox::tree(&sandbox.at("elsewhere")).iter().any(|(_, bytes)| has(bytes));
    assert!(is_elsewhere() && is_anywhere(&sandbox, secret));
    let words = ["withdraw", "--words", "0", "--reason", "personal"];
    sandbox.run([&words, &elsewhere[..]].concat()).expect(0);
    assert!(!is_elsewhere() && !is_anywhere(&sandbox, secret));
    assert!(!sandbox.store().join("catalog.sqlite").exists());
    sandbox.run([&["audit", "-q"], &elsewhere[..]].concat()).expect(0);
    sandbox.run(["audit", "-q"]).expect(0);
}

#[test]
fn what_is_found_afterwards_is_named() {
    let sandbox = Sandbox::new();
    let bytes = text(1, 80);
    sandbox.write("a.txt", &bytes);
    sandbox.run(["add", "-q", "a.txt"]).expect(0);
    // A file of another's making.
    let stray = sandbox.store().join("log/stray");
    fs::write(&stray, &bytes[100..400]).unwrap();
    let found = sandbox.run(["withdraw", "a.txt", "--reason", "error"]).expect(6);
    assert!(found.text().contains("still there: log/stray holds a stretch of a content"));
    fs::remove_file(&stray).unwrap();
    sandbox.run(["withdraw", "--resume"]).expect(0);
}

#[test]
fn i13_who_relies_on_what_goes_meanwhile_puts_it_again() {
    let memory = Memory::default();
    let (one, other) = (text(1, 60), text(2, 60));
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("a.txt", &one), ("b.txt", &other)]).unwrap();
    let beside = || Archive::open(Arc::new(memory.with_own_lock()), None).unwrap();
    let signer = signer();
    let (mut left, mut right) = (beside(), beside());
    let mut late = left.transaction(&signer, context(9), Provenance::default(), "test").unwrap();
    add_one(&mut late, b"copy.txt", &one).unwrap();
    add_one(&mut late, b"edited.txt", &edited(&one, 3, 3)).unwrap();
    let asked = request(&right, &["a.txt"], &[]);
    assert_eq!(withdraw(&mut right, &asked).unwrap().remnants, []);
    assert!(matches!(late.commit(), Err(Error::Busy { .. })));
    drop(late);
    add(&mut left, 10, &[("copy.txt", &one), ("edited.txt", &edited(&one, 3, 3))]).unwrap();
    let archive = open(&memory);
    let found = archive.select(b"copy.txt", now()).unwrap();
    assert_eq!(archive.read_whole(&found.0, &found.1).unwrap(), one);
    crate::common::compact(&mut right, Policy::Tidy).unwrap();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    check(&open(&memory), &storage);
    assert_eq!(audit(&open(&memory)).findings, []);
}

#[test]
fn a_copy_carries_what_went_and_says_whether_it_holds_it() {
    let sandbox = Sandbox::new();
    let secret = "told in confidence by somebody";
    sandbox.write("a.txt", text(1, 80));
    sandbox.write("b.txt", edited(&text(1, 80), 7, 7));
    sandbox.run(["add", "-q", "a.txt", "--note", secret]).expect(0);
    sandbox.run(["add", "-q", "b.txt"]).expect(0);
    for disk in ["disk", "other"] {
        sandbox.run(["copy", "-q", disk]).expect(0);
    }
    sandbox.run(["copy", "--check-withdrawn", "disk"]).expect(0);
    sandbox.run(["withdraw", "a.txt", "--words", "0", "--reason", "personal"]).expect(0);
    let before = Sandbox::tree(&sandbox.at("disk"));
    let left = sandbox.run(["copy", "--check-withdrawn", "disk"]).expect(1).text();
    assert_eq!(left.matches("still there: packs/").count(), 1, "{left}");
    assert_eq!(left.matches("still there: details/").count(), 1, "{left}");
    assert_eq!(left.matches("still there: catalog.sqlite").count(), 1, "{left}");
    assert_eq!(Sandbox::tree(&sandbox.at("disk")), before);
    sandbox.run(["copy", "-q", "disk"]).expect(0);
    sandbox.run(["copy", "-q", "--verify", "other"]).expect(0);
    for disk in ["disk", "other"] {
        sandbox.run(["copy", "--check-withdrawn", disk]).expect(0).answers("");
        let has = |bytes: &[u8]| bytes.windows(secret.len()).any(|it| it == secret.as_bytes());
        assert!(Sandbox::tree(&sandbox.at(disk)).iter().all(|(_, bytes)| !has(bytes)), "{disk}");
        sandbox.run(["audit", "-q", "--store", disk]).expect(0);
        sandbox.run(["cat", "--store", disk, "b.txt"]).expect(0);
        sandbox.run(["copy", "-q", "--verify", disk]).expect(0);
    }
    sandbox.run(["copy", "-q", "third"]).expect(0);
    sandbox.run(["audit", "-q", "--store", "third"]).expect(0);
    sandbox.run(["init", "-q", "--store", "stranger"]).expect(0);
    sandbox.run(["copy", "--check-withdrawn", "stranger"]).expect(2).says("is no copy");
    sandbox.run(["copy", "--check-withdrawn", "nowhere"]).expect(10);
}

#[test]
fn every_verb_refuses_or_passes_over_what_went() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", text(1, 30));
    sandbox.run(["add", "-q", "a.txt"]).expect(0);
    sandbox.write("a.txt", edited(&text(1, 30), 3, 3));
    sandbox.run(["add", "-q", "a.txt"]).expect(0);
    sandbox.write("a.txt", edited(&text(1, 30), 4, 4));
    sandbox.run(["add", "-q", "a.txt"]).expect(0);
    sandbox.run(["withdraw", "-q", "a.txt@2", "--reason", "error"]).expect(0);
    for words in [
        &["cat", "a.txt@2"][..],
        &["diff", "a.txt@1..2"],
        &["diff", "a.txt@2", "a.txt"],
        &["diff", "a.txt@2", "a.txt@2"],
        &["similar", "a.txt@2"],
        &["similar", "a.txt", "a.txt@2"],
        &["similar", "a.txt@2", "a.txt", "--why"],
        &["export", "-o", "out", "a.txt@2"],
        &["blame", "a.txt@2"],
        &["stats", "a.txt@2"],
    ] {
        sandbox.run(words).expect(4).says("a.txt@2 was withdrawn on ");
    }
    sandbox.run(["blame", "a.txt"]).expect(0).says("1 revision was withdrawn and passed over");
    let ran = sandbox.run(["log", "a.txt", "--added", "edited"]).expect(0);
    ran.says("1 revision was withdrawn and could not be looked through");
    for words in [&["log"][..], &["log", "a.txt"], &["show", "a.txt@2"], &["stats"], &["dups"]] {
        sandbox.run(words);
    }
    assert!(sandbox.run(["log", "a.txt"]).expect(0).text().contains("withdrawn (error)"));
    sandbox.run(["stats"]).expect(0);
    sandbox.run(["compact", "-q", "--all"]).expect(0);
    sandbox.run(["rebuild", "-q", "--sketches"]).expect(0);
    sandbox.run(["audit", "-q"]).expect(0);
}

/// A note beside the packs, a file of somebody's, a pack that was kept: at once, and when only their digests are known.
#[test]
fn files_that_lie_in_the_archive_are_searched_too() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", text(1, 30));
    sandbox.write("b.txt", text(2, 30));
    sandbox.run(["add", "-q", "a.txt", "b.txt"]).expect(0);
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    let store = sandbox.store();
    let (pack, bytes) = Sandbox::tree(&store.join("packs")).remove(0);
    let strays = ["packs/b9/note.txt", "a note.txt", "old/kept", "old/.hidden"];
    for folder in [&store, &sandbox.at("copy")] {
        for (stray, bytes) in strays.iter().zip([&text(1, 30), &text(1, 30), &bytes, &bytes]) {
            fs::create_dir_all(folder.join(stray).parent().unwrap()).unwrap();
            fs::write(folder.join(stray), bytes).unwrap();
        }
        fs::write(folder.join("another.txt"), text(3, 30)).unwrap();
    }
    let places = |ran: &Ran| {
        let lines = lines_of(&ran.out);
        let left = lines.last().unwrap()["left"].as_array().unwrap().clone();
        let places = left.iter().map(|it| it["place"].as_str().unwrap().to_owned());
        places.collect::<BTreeSet<String>>()
    };
    let expected = BTreeSet::from(strays.map(str::to_owned));
    let ran = sandbox.run(["withdraw", "a.txt", "--reason", "legal", "--json"]).expect(6);
    assert_eq!(places(&ran), expected);
    assert_eq!(places(&sandbox.run(["withdraw", "--resume", "--json"]).expect(6)), expected);
    let check = ["copy", "--check-withdrawn", "copy", "--json"];
    let held = places(&sandbox.run(check).expect(1));
    assert!(held.is_superset(&expected), "{held:?}");
    assert!(held.contains(&format!("packs/{}", pack.display())), "{held:?}");
    for folder in [&store, &sandbox.at("copy")] {
        strays.iter().for_each(|stray| fs::remove_file(folder.join(stray)).unwrap());
    }
    sandbox.run(["withdraw", "--resume"]).expect(0).says("nothing is left that is all of it");
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    sandbox.run(check).expect(0);
    // What is no part of an archive no copy takes away.
    fs::create_dir_all(sandbox.at("copy/details/q")).unwrap();
    fs::write(sandbox.at("copy/details/q/g"), text(1, 30)).unwrap();
    let ran = sandbox.run(["copy", "--check-withdrawn", "copy"]).expect(1);
    ran.says("yours to remove");
}

#[test]
fn what_was_added_again_is_no_change_of_what_was_withdrawn() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", text(1, 30));
    sandbox.run(["add", "-q", "a.txt", "--captured", "2020-01-01"]).expect(0);
    sandbox.run(["withdraw", "-q", "a.txt", "--reason", "error"]).expect(0);
    sandbox.run(["add", "-q", "a.txt"]).expect(0);
    let ran = sandbox.run(["diff", "--since", "2020-06-01", "--stat"]).expect(0);
    assert!(ran.text().contains("withdrawn, and added again as it was"), "{}", ran.text());
}

#[test]
fn that_it_was_there_is_proved_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "what has to go");
    sandbox.run(["add", "-q", "a"]).expect(0);
    sandbox.run(["withdraw", "a", "--reason", "legal"]).expect(0);
    sandbox.run(["prove", "a", "-o", "proof"]).expect(0);
    assert!(!sandbox.at("proof/content").exists());
    let ran = sandbox.run(["verify-proof", "proof"]).expect(0);
    assert!(
        ran.text().contains("not in this folder; the prover says that it was withdrawn"),
        "{}",
        ran.text()
    );
    // A folder that had one and lost it is another thing.
    sandbox.write("b", "what stays");
    sandbox.run(["add", "-q", "b"]).expect(0);
    sandbox.run(["prove", "b", "-o", "whole"]).expect(0);
    fs::remove_file(sandbox.at("whole/content")).unwrap();
    sandbox.run(["verify-proof", "whole"]).expect(6);
    // Nor does a key that changed just now hinder it.
    sandbox.run(["key", "rotate"]).expect(0);
    sandbox.run(["prove", "b", "-o", "after"]).expect(0);
    sandbox.run(["verify-proof", "after"]).expect(0);
}

#[test]
fn parts_and_exports_pass_over_what_went() {
    let sandbox = Sandbox::new();
    for text in ["what has to go", "what stays"] {
        sandbox.write("a", text);
        sandbox.run(["add", "-q", "a"]).expect(0);
    }
    sandbox.run(["withdraw", "a@1", "--reason", "legal"]).expect(0);
    for part in ["--max-time=1h", "--sample=100%", "--since=2001-01-01"] {
        sandbox.run(["audit", "-q", part]).expect(0).expect_quiet();
    }
    sandbox.run(["export", "-o", "out", "--all-revisions"]).expect(0);
    assert_eq!(Sandbox::tree(&sandbox.at("out")), [("a@2".into(), b"what stays".to_vec())]);
    let manifest = sandbox.run(["export", "--manifest", "--all-revisions"]).expect(0);
    assert_eq!(manifest.text().lines().count(), 1);
    manifest.says("1 revision is left out");
    sandbox.run(["export", "--bag", "bag", "--all-revisions"]).expect(0).says("bag of 1 file");
    // Who names it is told.
    sandbox.run(["export", "-o", "other", "a@1"]).expect(4).says("was withdrawn");
}

// `cat` named the withdrawal, and whoever asked for the text of a picture heard that it is none.
#[test]
fn what_was_withdrawn_is_called_that_whatever_is_asked_of_it() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", text(1, 80));
    sandbox.write("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    sandbox.run(["add", "-q", "a.txt", "picture.png"]).expect(0);
    for name in ["a.txt", "picture.png"] {
        sandbox.run(["withdraw", "-q", name, "--reason", "legal"]).expect(0);
        for words in [&["cat"][..], &["cat", "--text"], &["blame"], &["similar"], &["diff", "x"]] {
            sandbox.write("x", "something else");
            let ran = sandbox.run([words, &[name]].concat()).expect(4);
            ran.says("was withdrawn");
        }
    }
}

/// A media type, an address and a note of other records are in the catalog for their sake, whoever quotes them; it was
/// said that what went was still there, and then that nothing of it was left.
#[test]
fn words_of_other_records_are_none_of_what_went() {
    let sandbox = Sandbox::new();
    let media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let address = "https://wire.example/a-long-address/of-another-document/2026/03/04/4711";
    let note = "a note with \"quotes\" that somebody wrote of another document altogether";
    let schema =
        "CREATE TABLE phrase (\n  id   INTEGER PRIMARY KEY,\n  text TEXT NOT NULL UNIQUE\n)";
    let vkey = fs::read_to_string(sandbox.store().join("identity")).unwrap_or_default();
    sandbox.write("b.docx", crate::formats::word(&["Something else stands here."]));
    sandbox.run(["add", "-q", "b.docx", "--source", address, "--note", note]).expect(0);
    for (n, quoted) in [media_type, schema, &vkey].iter().enumerate() {
        let name = format!("{n}.txt");
        sandbox.write(&name, format!("Read this: {quoted}\n"));
        sandbox.run(["add", "-q", &name]).expect(0);
        let ran = sandbox.run(["withdraw", &name, "--reason", "legal"]).expect(0);
        assert!(!ran.err.contains("other events"), "{}", ran.err);
    }
    sandbox.write("q.txt", format!("{address} and {note}"));
    sandbox.run(["add", "-q", "q.txt"]).expect(0);
    let event = sandbox.json(["show", "b.docx"])[0]["event"].clone();
    let ran = sandbox.run(["withdraw", "q.txt", "--reason", "legal"]).expect(0);
    ran.says("nothing of it is left").says(&format!("archive withdraw --words: {event}"));
    // Its words went with it, and who looks again does not know them.
    let ran = sandbox.run(["withdraw", "--resume"]).expect(0);
    ran.says("nothing is left that is all of it; which words it had is no longer known");
    assert_eq!(sandbox.json(["withdraw", "--resume"]).pop().unwrap()["by_digest"], true);
    sandbox.run(["audit", "-q"]).expect(0);
    // What one detail says with signs that JSON spells otherwise stays where another one says it.
    sandbox.write("c.txt", "of which the same was noted");
    sandbox.run(["add", "-q", "c.txt", "--note", note]).expect(0);
    let event = sandbox.json(["show", "c.txt"])[0]["event"].to_string();
    sandbox.run(["withdraw", "--words", &event, "--reason", "error"]).expect(0);
}

/// A mail with something attached to it.
fn mail_with(cells: &str) -> String {
    format!(
        "From: a@e.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nRead it.\r\n\
        --B\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=plan.csv\r\n\r\n{cells}\r\n--B--\r\n"
    )
}

#[test]
fn what_came_out_is_named_whatever_it_and_the_mail_are_called() {
    let sandbox = Sandbox::new();
    sandbox.write("one.eml", mail_with("a;b"));
    sandbox.run(["add", "-q", "one.eml", "--note", "of March"]).expect(0);
    sandbox.run(["rename", "-q", "one.eml", "letter.eml"]).expect(0);
    // Another one gets the name.
    sandbox.write("one.eml", mail_with("c;d").replace("plan", "list"));
    sandbox.run(["add", "-q", "one.eml"]).expect(0);
    sandbox.run(["rename", "-q", "letter.eml/plan.csv", "table.csv"]).expect(0);
    sandbox.run(["note", "-q", "table.csv", "--note", "checked"]).expect(0);
    let dry = ["withdraw", "letter.eml", "--reason", "legal", "-n"];
    let stays = |ran: &[&str]| sandbox.json(ran).pop().unwrap()["stays"].clone();
    let names = |stays: serde_json::Value| -> Vec<String> {
        let names = stays.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().into());
        names.collect()
    };
    assert_eq!(names(stays(&dry)), ["table.csv"]);
    assert_eq!(
        names(stays(&["withdraw", "one.eml", "--reason", "legal", "-n"])),
        ["one.eml/list.csv"]
    );
    // What only lies below it by its name did not come out of it.
    for name in ["notes", "notes/one"] {
        sandbox.write("t", name);
        sandbox.run(["add", "-q", "t", "--as", name]).expect(0);
    }
    assert!(names(stays(&["withdraw", "notes", "--reason", "legal", "-n"])).is_empty());
}

#[test]
fn what_came_out_of_a_container_stays_and_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("m.eml", mail_with("a;b"));
    sandbox.run(["add", "-q", "m.eml"]).expect(0);
    let says = "what came out of it stays until it is withdrawn, too: m.eml/plan.csv";
    sandbox.run(["withdraw", "m.eml", "--reason", "legal", "-n"]).expect(0).says(says);
    let summary = sandbox.json(["withdraw", "m.eml", "--reason", "legal"]).pop().unwrap();
    assert_eq!(summary["stays"][0]["name"], "m.eml/plan.csv");
    let both = ["withdraw", "m.eml", "m.eml/plan.csv", "--reason", "legal"];
    let ran = sandbox.run(both).expect(0);
    assert!(!ran.err.contains("what came out"), "{}", ran.err);
}

/// What was attached to a mail went, and "nothing of it is left" was said, while the mail had it word for word.
#[test]
fn a_mail_or_container_that_holds_what_goes_is_named() {
    let sandbox = Sandbox::new();
    let plan = "the words of the plan that has to go from here, in full";
    let mail = mail_with(plan);
    sandbox.write("m.eml", &mail);
    sandbox.write("other.eml", mail_with("other cells"));
    sandbox.write("kept.tar", tar_of("inner/m.eml", mail.as_bytes()));
    sandbox.write("box.mbox", format!("From a@b Tue Mar  3 10:00:00 2026\n{mail}"));
    sandbox.write("copy.txt", format!("Quoted: {plan}"));
    sandbox.run(["add", "-q", "m.eml", "other.eml", "kept.tar", "copy.txt"]).expect(0);
    sandbox.run(["add", "-q", "--unpack", "none", "box.mbox"]).expect(0);
    let words = ["withdraw", "m.eml/plan.csv", "--reason", "legal"];
    let held = |it: &str| format!("{it}@1 holds m.eml/plan.csv@1 word for word");
    let dry = sandbox.run([&words[..], &["-n"]].concat()).expect(1);
    for name in ["m.eml", "kept.tar", "box.mbox"] {
        assert!(dry.text().contains(&format!("would stay: {}", held(name))), "{}", dry.text());
    }
    assert!(!dry.text().contains("other.eml"), "{}", dry.text());
    let ran = sandbox.run(words).expect(1).says("it stays in what holds it").says("see above");
    assert!(!ran.err.contains("nothing of it is left"), "{}", ran.err);
    assert!(ran.text().contains(&format!("still there: {}", held("m.eml"))), "{}", ran.text());
    let again = sandbox.run(["withdraw", "--resume", "--json"]).expect(1);
    let again = lines_of(&again.out).pop().unwrap();
    let names = again["held_by"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["box.mbox", "kept.tar", "m.eml"]);
    let all = ["withdraw", "m.eml", "kept.tar", "box.mbox", "--reason", "legal"];
    sandbox.run(all).expect(0).says("nothing of it is left but what stands in contents that stay");
    sandbox.run(["withdraw", "copy.txt", "--reason", "legal"]).expect(0);
    sandbox.run(["withdraw", "--resume"]).expect(0);
    sandbox.run(["audit", "-q"]).expect(0);
}

fn tar_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut head = [0; 512];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
    head[156] = b'0';
    head[148..156].fill(b' ');
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    [&head[..], bytes, &vec![0; bytes.len().wrapping_neg() % 512 + 1024]].concat()
}

/// What was attached stayed behind under the mail's old name, and nothing was said.
#[test]
fn what_is_attached_goes_along_when_a_mail_is_renamed() {
    let sandbox = Sandbox::new();
    sandbox.write("m.eml", mail_with("a;b"));
    sandbox.run(["add", "-q", "m.eml"]).expect(0);
    sandbox.write("t", "words");
    sandbox.run(["add", "-q", "t", "--as", "m.eml/other.txt"]).expect(0);
    let ran = sandbox.run(["rename", "m.eml", "n.eml"]).expect(0);
    ran.says("m.eml is n.eml now, and with it what was attached to it (1 document)");
    let listed = sandbox.run(["ls"]).expect(0).text();
    let names: Vec<_> = listed.split_whitespace().collect();
    assert_eq!(names, ["m.eml/other.txt", "n.eml", "n.eml/plan.csv"]);
    let summary = sandbox.json(["withdraw", "n.eml", "--reason", "legal", "-n"]).pop().unwrap();
    assert_eq!(summary["stays"][0]["name"], "n.eml/plan.csv");
    // The same mail under its new name brings nothing new.
    std::fs::rename(sandbox.at("m.eml"), sandbox.at("n.eml")).unwrap();
    sandbox.run(["add", "n.eml"]).expect(0).says("0 new documents, 0 new");
    sandbox.run(["audit", "-q"]).expect(0);
}

/// A rehearsal named the document itself, or one of which the bytes were withdrawn.
#[test]
fn a_rehearsal_says_where_bytes_are_and_not_where_they_were() {
    let sandbox = Sandbox::new();
    let there = |name: &str| -> Vec<String> {
        let lines = sandbox.json(["add", "-n", name]);
        let lines = lines.iter().filter(|it| it["type"] == "already_there");
        lines.map(|it| it["there"].as_str().unwrap().to_owned()).collect()
    };
    for name in ["z.txt", "zz.txt"] {
        sandbox.write(name, "what has to go");
    }
    sandbox.run(["add", "-q", "z.txt"]).expect(0);
    assert_eq!(there("zz.txt"), ["z.txt"]);
    sandbox.run(["withdraw", "-q", "z.txt", "--reason", "legal"]).expect(0);
    assert!(there("zz.txt").is_empty());
    sandbox.run(["add", "-q", "zz.txt"]).expect(0);
    assert_eq!(there("z.txt"), ["zz.txt"]);
    sandbox.write("zz.txt", "what came after it");
    sandbox.run(["add", "-q", "zz.txt"]).expect(0);
    sandbox.write("zz.txt", "what has to go");
    assert!(there("zz.txt").is_empty());
}
