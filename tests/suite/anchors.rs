//! Time tokens: what is asked for, what is accepted, and what they prove.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck, WriteContext,
        inspect::audit::{AuditReport, AuditScope, Code, ProvedTimes},
        maintain::anchors::Anchored,
    },
    backend::{
        Storage,
        faulty::{Fault, Faulty},
        memory::Memory,
    },
    journal::{
        Closing, Draft, Journal, SaltSeed, Settled,
        event::{ActDetail, Anchor, AnchorDetail, Detail, Event},
        merkle::{Frontier, leaf_hash},
    },
    types::{digest::Digest, error::Error, time::Timestamp},
};

use crate::common::{
    add, add_one,
    authority::{Stated, answer, answer_to, token},
    check, context, init, is_slow,
    sandbox::{Ran, Sandbox, program},
    signer,
};
use crate::foreign::without;

fn at(n: u64) -> Timestamp {
    context(n).now
}

/// Records a token of a time about the newest checkpoint, at another.
fn anchor(archive: &mut Archive, time: u64, recorded: u64) -> Result<Anchored, Error> {
    let given = answer(archive.checkpoint(), &Stated::at(at(time)));
    let given = archive.read_answer(&given, "it")?;
    archive.add_anchor(&given, Some("notary"), &signer(), &context(recorded), "test")
}

/// Adds a document that claims to be of another time.
fn add_claiming(archive: &mut Archive, n: u64, claimed: Timestamp, name: &str) {
    let context = WriteContext { now: claimed, ..context(n) };
    let (signer, provenance) = (signer(), Default::default());
    let mut transaction = archive.transaction(&signer, context, provenance, "test").unwrap();
    add_one(&mut transaction, name.as_bytes(), name.as_bytes()).unwrap();
    transaction.commit().unwrap();
}

fn audit(archive: &Archive) -> AuditReport {
    let scope = AuditScope { now: Some(at(100_000)), ..AuditScope::default() };
    archive.audit(&scope, HistoryCheck::NotRemembered, &mut |_| {}).unwrap()
}

fn findings(archive: &Archive) -> Vec<(Code, String)> {
    audit(archive).findings.into_iter().map(|it| (it.code, it.about)).collect()
}

#[test]
fn events_lie_between_the_token_before_them_and_the_one_after() {
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut archive = init(Arc::clone(&backend));
    assert_eq!(audit(&archive).when, ProvedTimes::default());
    add(&mut archive, 1, &[("a", b"one")]).unwrap();
    assert_eq!(archive.n_events(), 3);
    // Recorded after the checkpoint and before the token's time: of it nothing more is proved.
    let late = answer(archive.checkpoint(), &Stated::at(at(20)));
    add(&mut archive, 10, &[("b", b"two")]).unwrap();
    let late = archive.read_answer(&late, "it").unwrap();
    let added = archive.add_anchor(&late, None, &signer(), &context(21), "test").unwrap();
    assert_eq!(added, Anchored::New(6));
    let again = archive.add_anchor(&late, None, &signer(), &context(22), "test").unwrap();
    assert_eq!((again, archive.n_events()), (Anchored::Known(6), 8));
    add(&mut archive, 30, &[("c", b"three")]).unwrap();
    assert_eq!(anchor(&mut archive, 40, 41).unwrap(), Anchored::New(11));
    let report = audit(&archive);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let expected = ProvedTimes {
        n_tokens: 2,
        first: Some(at(20)),
        last: Some(at(40)),
        n_before: 6,
        n_between: 5,
    };
    assert_eq!(report.when, expected);
    let intervals = archive.intervals().unwrap();
    for (event, after, before) in [
        (2, None, Some(20)),
        (3, None, Some(40)),
        (6, Some(20), Some(40)),
        (10, Some(20), Some(40)),
        (11, Some(40), None),
    ] {
        let found = intervals.of_event(event);
        assert_eq!((found.after, found.before), (after.map(at), before.map(at)), "event {event}");
    }
    check(&archive, &backend);
}

#[test]
fn a_claimed_time_that_tokens_contradict_is_a_finding() {
    let mut archive = init(Arc::new(Memory::default()));
    add(&mut archive, 1, &[("a", b"one")]).unwrap();
    anchor(&mut archive, 20, 20).unwrap();
    let first = archive.n_events();
    // Some minutes are clocks that differ.
    add_claiming(&mut archive, 21, at(16), "b");
    assert_eq!(findings(&archive), []);
    // A day is a day, whether or not something else was recorded between.
    add_claiming(&mut archive, 22, Timestamp::from_unix(1_763_900_000, 0), "backdated");
    let about = format!("events {}–{}", first + 3, first + 5);
    let order = format!("event {}", first + 3);
    let backdated = [(Code::TimeOutside, about), (Code::TimeOrder, order)];
    assert_eq!(findings(&archive), backdated);
    assert!(!audit(&archive).is_sound());
    let found = audit(&archive).findings.swap_remove(0);
    assert_eq!(found.revisions, ["backdated@1"]);
    let why = found.why;
    assert!(why.contains("2025-11-23T12:13:20Z; by time tokens it is after 2025-11-24"), "{why}");
    // And what claims to be of tomorrow is contradicted by the token that covers it today.
    add_claiming(&mut archive, 23, at(1500), "ahead");
    assert_eq!(findings(&archive), backdated);
    let size = archive.n_events();
    anchor(&mut archive, 1501 - 60, 1501).unwrap();
    let found = findings(&archive);
    assert_eq!(found[0], backdated[0]);
    assert_eq!(found[1], (Code::TimeOutside, format!("events {}–{}", size - 3, size - 1)));
}

/// Records an anchor as whoever holds the key could, whether or not it is one.
fn forge(backend: &Arc<dyn Storage>, forged: &dyn Fn(Digest) -> Event, token: Vec<u8>) -> Archive {
    let mut journal = Journal::open(Arc::clone(backend) as _).unwrap();
    let lines = journal.entries(0..journal.size()).map(|entry| leaf_hash(&entry.unwrap().line));
    let frontier = Frontier::of(&lines.collect::<Vec<_>>());
    let act = ActDetail { salt: [7; 16], by: None, note: None, tool: "t".into() };
    let detail = Detail::Anchor(AnchorDetail { token, act: act.clone() });
    let draft = Draft::new(&detail, forged).unwrap();
    let closing = Closing { at: at(9), id: [9; 8], salts: SaltSeed::new([6; 16]), detail: act };
    let staged = journal.stage(&frontier, &[draft], closing).unwrap();
    assert!(matches!(journal.commit(staged, &signer()).unwrap(), Settled::Committed(_)));
    Archive::open(Arc::clone(backend), None).unwrap()
}

#[test]
fn an_anchor_that_its_token_does_not_bear_out_is_named() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("a", b"one")]).unwrap();
    let (first, note) = (archive.tree_head(), archive.checkpoint().to_vec());
    add(&mut archive, 2, &[("b", b"two")]).unwrap();
    let token = token(&Digest::of(&note), &Stated::at(at(3)));
    let right = Anchor {
        at: at(9),
        size: first.size,
        root: first.root,
        time: at(3),
        token: Digest::of(&token),
        detail: Digest::of(b""),
    };
    let head = archive.tree_head();
    for (wrong, why) in [
        (right.clone(), None),
        (Anchor { time: at(4), ..right.clone() }, Some("not of 2025-11-24T16:04:00Z")),
        (Anchor { root: head.root, ..right.clone() }, Some("has another root")),
        (Anchor { size: head.size, root: head.root, ..right.clone() }, Some("not about the check")),
        (Anchor { size: 2, ..right.clone() }, Some("no commit before it ends")),
        (Anchor { size: 8, ..right.clone() }, Some("no commit before it ends")),
        (Anchor { size: 1 << 50, ..right.clone() }, Some("no commit before it ends")),
        (Anchor { token: Digest::of(b""), ..right.clone() }, Some("not the one whose SHA-256")),
    ] {
        let backend: Arc<dyn Storage> = Arc::new(Memory::of(memory.contents()));
        let forged = |detail| Event::Anchor(Anchor { detail, ..wrong.clone() });
        let archive = forge(&backend, &forged, token.clone());
        let report = audit(&archive);
        let found: Vec<_> = report.findings.iter().map(|it| (it.code, &it.about[..])).collect();
        assert_eq!(report.when.n_tokens, u64::from(why.is_none()));
        assert_eq!(archive.anchors().unwrap().len(), usize::from(why.is_none()));
        let Some(why) = why else {
            assert_eq!(found, []);
            continue;
        };
        assert_eq!(found, [(Code::AnchorMismatch, "event 6")], "{why}");
        assert!(report.findings[0].why.contains(why), "{}", report.findings[0].why);
    }
    let backend: Arc<dyn Storage> = Arc::new(Memory::of(memory.contents()));
    let rubbish = b"rubbish".to_vec();
    let digest = Digest::of(&rubbish);
    let forged = |detail| Event::Anchor(Anchor { detail, token: digest, ..right.clone() });
    let report = audit(&forge(&backend, &forged, rubbish));
    assert!(report.findings[0].why.contains("its token cannot be read"));
}

#[test]
fn whatever_fails_while_a_token_is_added_it_is_recorded_once_or_not() {
    let before = Memory::default();
    add(&mut init(Arc::new(before.clone())), 1, &[("a", b"one")]).unwrap();
    let faulty = Faulty::none(Arc::new(Memory::of(before.contents())));
    let add_to = |storage: Arc<dyn Storage>| {
        Archive::open(storage, None).and_then(|mut archive| {
            let given = answer(&first_note(&before), &Stated::at(at(2)));
            let given = archive.read_answer(&given, "it")?;
            archive.add_anchor(&given, None, &signer(), &context(3), "test")
        })
    };
    add_to(Arc::new(faulty.clone())).unwrap();
    for n in 0..faulty.calls().len() {
        let faults = [Fault::NotDone, Fault::Unreported, Fault::Half, Fault::Death, Fault::Full];
        for (k, fault) in faults.into_iter().enumerate() {
            if !is_slow() && (n + k) % 5 != 0 {
                continue;
            }
            let storage: Arc<dyn Storage> = Arc::new(Memory::of(before.contents()));
            let _ = add_to(Arc::new(Faulty::at(Arc::clone(&storage), n, fault)));
            add_to(Arc::clone(&storage)).unwrap();
            let archive = Archive::open(Arc::clone(&storage), None).unwrap();
            assert_eq!(archive.anchors().unwrap().len(), 1, "call {n}, {fault:?}");
            assert_eq!(archive.n_events(), 5, "call {n}, {fault:?}");
            if is_slow() {
                check(&archive, &storage);
            }
        }
    }
}

fn first_note(facts: &Memory) -> Vec<u8> {
    facts.contents()["log/checkpoint"].to_vec()
}

#[test]
fn times_out_of_order_are_information_without_a_token() {
    let mut archive = init(Arc::new(Memory::default()));
    add(&mut archive, 100, &[("a", b"one")]).unwrap();
    add(&mut archive, 50, &[("b", b"two")]).unwrap();
    add(&mut archive, 200_000, &[("c", b"three")]).unwrap();
    let report = audit(&archive);
    let found: Vec<_> = report.findings.iter().map(|it| (it.code, &it.about[..])).collect();
    assert_eq!(found, [(Code::TimeOrder, "event 3"), (Code::TimeOrder, "event 6")]);
    assert!(report.is_sound());
}

#[test]
fn how_many_times_are_out_of_order_is_said() {
    let mut archive = init(Arc::new(Memory::default()));
    for (at, name) in [(100, "a"), (90, "b"), (80, "c"), (70, "d")] {
        add(&mut archive, at, &[(name, name.as_bytes())]).unwrap();
        let why = audit(&archive).findings.first().map(|it| it.why.clone()).unwrap_or_default();
        let more = match name {
            "a" | "b" => "",
            "c" => "; so does one later one",
            _ => "; so do 2 later ones",
        };
        assert!(why.is_empty() == (name == "a") && why.ends_with(more), "{name}: {why}");
    }
}

#[test]
fn what_contradicts_another_token_or_the_clock_here_is_not_added() {
    let mut archive = init(Arc::new(Memory::default()));
    add(&mut archive, 1, &[("a", b"one")]).unwrap();
    anchor(&mut archive, 100, 100).unwrap();
    let size = archive.n_events();
    let why = anchor(&mut archive, 50, 101).unwrap_err().to_string();
    assert!(why.contains("it covers event 3 with a time token of"), "{why}");
    let why = anchor(&mut archive, 200, 101).unwrap_err().to_string();
    assert!(why.contains("one of the two clocks is wrong"), "{why}");
    assert_eq!(archive.n_events(), size);
}

#[test]
fn an_answer_with_any_byte_changed_is_refused_or_says_the_same_of_the_same() {
    let mut archive = init(Arc::new(Memory::default()));
    add(&mut archive, 1, &[("a", b"one")]).unwrap();
    let stated = Stated { nonce: vec![2, 2, 1, 7], ..Stated::at(at(2)) };
    let whole = answer(archive.checkpoint(), &stated);
    let read = archive.read_answer(&whole, "it").unwrap();
    assert_eq!((read.time, read.head), (at(2), archive.tree_head()));
    assert!(read.answers(0x107) && !read.answers(0x108));
    let mut n_accepted = 0;
    for (place, bit) in (0..whole.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
        let mut bad = whole.clone();
        bad[place] ^= 1 << bit;
        if let Ok(read) = archive.read_answer(&bad, "it") {
            assert_eq!(read.imprint, Digest::of(archive.checkpoint()), "byte {place}");
            n_accepted += 1;
        }
    }
    // The policy, the serial number, digits of the time, the accuracy, the nonce and the versions of what signs are
    // the authority's own: its signature holds them.
    assert!(n_accepted < 16 * 8, "{n_accepted}");
    for end in 0..whole.len() {
        assert!(archive.read_answer(&whole[..end], "it").is_err(), "cut after {end}");
    }
    let behind = [&whole[..], &[0]].concat();
    assert!(archive.read_answer(&behind, "it").unwrap_err().to_string().contains("more bytes"));
    let huge = [&[0x30, 0x83, 0xff, 0xff, 0xff][..], &whole].concat();
    assert!(archive.read_answer(&huge, "it").is_err());
    let vague = Stated { accuracy: 61, ..stated.clone() };
    let vague = archive.read_answer(&answer(archive.checkpoint(), &vague), "it");
    assert!(vague.unwrap_err().to_string().contains("may be off by 61 seconds"));
    let other = archive.read_answer(&answer(b"other", &stated), "it").unwrap_err();
    assert!(matches!(other, Error::Untrusted { .. }), "{other}");
    // The whole file is not what was signed.
    let bare = token(&Digest::of(archive.checkpoint()), &stated);
    assert!(archive.read_answer(&bare, "it").is_err());
}

pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix(since.as_secs() as i64, 0)
}

#[test]
fn a_token_over_another_hash_is_called_that() {
    let archive = init(Arc::new(Memory::default()));
    let good = answer(archive.checkpoint(), &Stated::at(at(1)));
    let sha_256 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    let place = good.windows(9).position(|bytes| bytes == sha_256).unwrap() + 8;
    for (last, name) in [(2, "a SHA-384"), (3, "a SHA-512"), (4, "another hash")] {
        let mut other = good.clone();
        other[place] = last;
        let why = archive.read_answer(&other, "it").unwrap_err().to_string();
        assert!(why.contains(&format!("over {name}, and not over the SHA-256")), "{why}");
    }
}

#[test]
fn the_program_asks_and_takes_the_answer_to_what_it_asked() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "a");
    sandbox.run(["add", "-q", "a"]).expect(0);
    // What is printed is what audit takes.
    let printed = sandbox.run(["anchor", "print"]).expect(0);
    assert_eq!(printed.text().lines().count(), 5);
    sandbox.write("mail", &printed.out);
    sandbox.run(["audit", "-q", "--expect", "mail"]).expect(0);
    sandbox.run(["anchor", "request", "one"]).expect(0).says("application/timestamp-query");
    sandbox.run(["anchor", "request", "one"]).expect(2).says("is there already");
    let request = fs::read(sandbox.at("one")).unwrap();
    let piped = sandbox.run(["anchor", "request", "-"]).expect(0);
    assert_eq!(piped.out[2..56], request[2..56]);
    assert_ne!(piped.out, request, "the nonces differ");
    let stated = Stated::at(now());
    let note = fs::read(sandbox.store().join("log/checkpoint")).unwrap();
    let before = Sandbox::tree(&sandbox.store());
    for (bad, code, why) in [
        (answer(&note, &stated), 6, "answers another request"),
        (answer(&note, &Stated { nonce: vec![2, 1, 1], ..stated.clone() }), 6, "another request"),
        (answer(b"else", &stated), 6, "something else than a checkpoint"),
        (answer_to(&request, &Stated { status: 2, ..stated.clone() }), 2, "refused, with status 2"),
        ([answer_to(&request, &stated), b"\n".to_vec()].concat(), 2, "more bytes follow"),
        (b"<html>busy</html>".to_vec(), 2, "it is no answer"),
        (Vec::new(), 2, "it is no answer"),
        (request.clone(), 2, "it is no answer"),
    ] {
        sandbox.write("bad", bad);
        sandbox.run(["anchor", "add", "bad"]).expect(code).says(why);
    }
    sandbox.run(["anchor", "add", "gone"]).expect(5);
    sandbox.run(["anchor", "show", "-o", "none"]).expect(2).says("there are no time tokens");
    sandbox.run(["anchor", "show", "1"]).expect(2).says("event 1 is no time token");
    assert_eq!(Sandbox::tree(&sandbox.store()), before, "nothing was written");
    sandbox.write("answer", answer_to(&request, &stated));
    sandbox.run(["anchor", "add", "answer", "--note", "notary"]).expect(0).says("as event 3");
    sandbox.run(["anchor", "add", "answer"]).expect(0).says("recorded already, as event 3");
    sandbox.write("other", answer_to(&piped.out, &stated));
    sandbox.run(["anchor", "add", "other"]).expect(0).says("as event 5");
    let audit = sandbox.run(["audit"]).expect(0).text();
    assert!(audit.contains("for 3 events by 2 time tokens; claimed for the other 4"), "{audit}");
    assert!(
        audit.contains("signed by authorities you trust, which is not checked here"),
        "{audit}"
    );
    let logged = sandbox.json(["log"]);
    let revision = logged.iter().find(|line| line["type"] == "revision").unwrap();
    assert_eq!(revision["proved_before"], stated.time.to_string());
    assert!(revision["proved_after"].is_null());
    assert!(sandbox.run(["log"]).expect(0).text().contains(": notary"));
    sandbox.run(["anchor", "show", "3", "-o", "token"]).expect(0);
    assert_eq!(fs::read(sandbox.at("token/checkpoint")).unwrap(), note);
    // A copy has the tokens, too.
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    let copied = sandbox.run(["anchor", "show", "--store", "copy"]).expect(0).text();
    assert_eq!(copied, sandbox.run(["anchor", "show"]).expect(0).text());
    assert_eq!(copied.lines().count(), 2);
}

#[test]
fn a_log_says_between_which_times_an_event_was_recorded() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "a");
    sandbox.run(["add", "-q", "a"]).expect(0);
    let add_token = || {
        let request = sandbox.run(["anchor", "request", "-"]).expect(0).out;
        let stated = Stated::at(now());
        sandbox.write("answer", answer_to(&request, &stated));
        sandbox.run(["anchor", "add", "answer"]).expect(0);
        stated.time.to_string()[..16].replace('T', " ")
    };
    let logged = || sandbox.run(["log", "a"]).expect(0).text();
    assert!(!logged().contains("proved"));
    let minute = add_token();
    for words in [&["log"][..], &["log", "a"]] {
        let log = sandbox.run(words).expect(0).text();
        let first = log.lines().find(|line| line.contains("@1")).unwrap();
        assert!(first.ends_with(&format!("  proved before {minute}")), "{log}");
    }
    let log = sandbox.run(["log"]).expect(0).text();
    assert!(log.lines().next().unwrap().ends_with(&format!("  proved after {minute}")), "{log}");
    sandbox.write("a", "another");
    sandbox.run(["add", "-q", "a"]).expect(0);
    add_token();
    let (log, between) = (logged(), format!("  proved between {minute} and "));
    assert!(log.lines().nth(1).unwrap().contains(&between), "{log}");
}

/// A test authority of OpenSSL, whose certificate is valid for a day.
struct OpenSsl {
    folder: tempfile::TempDir,
}

const CONFIG: &str = "[tsa]
default_tsa = test
[test]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1, millisecs:500
ordering = yes
tsa_name = yes
ess_cert_id_alg = sha256
";

impl OpenSsl {
    fn new() -> Option<Self> {
        if !Command::new("openssl").arg("version").output().is_ok_and(|ran| ran.status.success()) {
            without("there is no openssl");
            return None;
        }
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(authority.at("config"), CONFIG).unwrap();
        let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out CA.pem \
                    -subj /CN=test -days 1 -addext extendedKeyUsage=critical,timeStamping";
        authority.run(make).expect(0);
        Some(authority)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, words: &str) -> Ran {
        let words = words.split_whitespace();
        Ran::of(Command::new("openssl").args(words).current_dir(self.folder.path()))
    }

    fn answer(&self, request: &Path) -> Vec<u8> {
        fs::copy(request, self.at("request")).unwrap();
        self.run(
            "ts -reply -queryfile request -signer CA.pem -inkey key -out answer -config config",
        )
        .expect(0);
        fs::read(self.at("answer")).unwrap()
    }
}

#[test]
fn openssl_answers_our_requests_and_verifies_what_we_kept() {
    let Some(openssl) = OpenSsl::new() else { return };
    let sandbox = Sandbox::new();
    sandbox.write("a", "a");
    sandbox.run(["add", "-q", "a"]).expect(0);
    sandbox.run(["anchor", "request", "request"]).expect(0);
    let read = openssl.run(&format!("ts -query -text -in {}", sandbox.at("request").display()));
    let read = read.expect(0).text();
    for words in ["Version: 1", "Hash Algorithm: sha256", "Certificate required: yes"] {
        assert!(read.contains(words), "{read}");
    }
    sandbox.write("answer", openssl.answer(&sandbox.at("request")));
    sandbox.run(["anchor", "add", "answer"]).expect(0).says("the log had its first 3 events");
    sandbox.run(["audit", "-q"]).expect(0);
    let shown = sandbox.run(["anchor", "show", "-o", "kept"]).expect(0).text();
    let command = shown.lines().find_map(|line| line.strip_prefix("openssl ")).unwrap();
    let command = command.replace("kept/", &format!("{}/", sandbox.at("kept").display()));
    openssl.run(&command).expect(0);
    // Ten years on its certificate has expired; the command names the token's own time, and holds as it did.
    let words: Vec<&str> = command.split(' ').collect();
    let time = words[words.iter().position(|word| *word == "-attime").unwrap() + 1];
    let later = time.parse::<u64>().unwrap() + 10 * 365 * 86_400;
    assert_ne!(openssl.run(&command.replace(time, &later.to_string())).code, Some(0));
    // What was altered is refused by openssl, whether or not we notice.
    let kept = fs::read(sandbox.at("kept/token")).unwrap();
    let time = kept.windows(3).position(|bytes| bytes == [0x18, 15, b'2']).unwrap() + 2;
    let imprint = time - 30;
    for place in [imprint, time + 3, time + 13] {
        let mut bad = kept.clone();
        bad[place] ^= 1;
        fs::write(sandbox.at("kept/token"), bad).unwrap();
        assert_ne!(openssl.run(&command).code, Some(0), "byte {place}");
    }
    fs::write(sandbox.at("kept/token"), kept).unwrap();
    fs::write(sandbox.at("kept/checkpoint"), "other").unwrap();
    assert_ne!(openssl.run(&command).code, Some(0));
    let curl = format!(
        "#!/bin/sh\nwhile [ $# -gt 1 ]; do case $1 in --output) answer=$2;; --data-binary) request=${{2#@}};; esac; shift; done\n\
         cd {} && openssl ts -reply -queryfile \"$request\" -signer CA.pem -inkey key -config config -out \"$answer\" 2>&1\n",
        openssl.folder.path().display()
    );
    sandbox.write("bin/curl", curl);
    sandbox.write("monthly", crate::cron::script("anchor"));
    fs::set_permissions(sandbox.at("bin/curl"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut monthly = sandbox.other("sh");
    let programs = Path::new(program()).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{}:{path}", sandbox.at("bin").display(), programs.display());
    monthly.args(["monthly", "https://tsa.example"]).env("PATH", path);
    Ran::of(monthly.env("ARCHIVE_STORE", sandbox.store())).expect(0);
    assert!(sandbox.run(["log"]).expect(0).text().contains(": https://tsa.example"));
    // The answer to one request is none to another.
    sandbox.run(["anchor", "request", "second"]).expect(0);
    sandbox.run(["anchor", "request", "third"]).expect(0);
    let home = sandbox.home().join(".local/state/archive/requests");
    let file = fs::read_dir(&home).unwrap().next().unwrap().unwrap().path();
    let only_third: String = fs::read_to_string(&file).unwrap().lines().skip(1).collect();
    fs::write(&file, only_third + "\n").unwrap();
    sandbox.write("answer", openssl.answer(&sandbox.at("second")));
    sandbox.run(["anchor", "add", "answer"]).expect(6).says("answers another request");
    sandbox.write("answer", openssl.answer(&sandbox.at("third")));
    sandbox.run(["anchor", "add", "answer"]).expect(0);
}

#[test]
fn every_changed_byte_of_an_answer_of_openssl_does_no_harm() {
    let Some(openssl) = OpenSsl::new() else { return };
    let mut archive = init(Arc::new(Memory::default()));
    add(&mut archive, 1, &[("a", b"one")]).unwrap();
    let (request, imprint) = archive.anchor_request(u64::MAX);
    fs::write(openssl.at("ours"), request).unwrap();
    let whole = openssl.answer(&openssl.at("ours"));
    let read = archive.read_answer(&whole, "it").unwrap();
    assert!(read.answers(u64::MAX) && !read.answers(0));
    for place in 0..whole.len() {
        let mut bad = whole.clone();
        bad[place] ^= 1 << (place % 8);
        if let Ok(read) = archive.read_answer(&bad, "it") {
            assert_eq!(read.imprint, imprint, "byte {place}");
        }
    }
}
