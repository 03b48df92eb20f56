//! Proofs: what `prove` makes holds without the archive, and nothing else passes for it.

use std::{fs, path::Path, sync::Arc};

use docarchive::internals::{
    archive::{
        Archive,
        inspect::proof::{
            claims::ProofReport,
            folder::{
                DETAIL, EVENT, FIRST_DETAIL, FIRST_EVENT, FIRST_PROOF, POLICY, PROOF, ProofFolder,
                SeenContent,
            },
            growth::check_growth,
        },
    },
    backend::memory::Memory,
    journal::{
        note::Signer,
        proof::{ConsistencyProof, TlogProof},
    },
    types::{digest::Digest, error::Error},
};
use rusqlite::Connection;

use crate::common::{
    add, init, init_in, is_slow, noise, open_in,
    sandbox::{Ran, Sandbox, skip},
    signer,
};

/// An archive with documents of one and of several revisions.
fn example() -> Archive {
    let mut archive = init(Arc::new(Memory::default()));
    for n in 0..3_u64 {
        let text = format!("Ferries sail at {n}.");
        add(&mut archive, n, &[("a.txt", text.as_bytes()), ("b.txt", b"Nothing new.")]).unwrap();
    }
    archive
}

/// The whole proof folder of a revision, as it is written.
fn proof_of(archive: &Archive, selector: &str, has_details: bool) -> ProofFolder {
    let (document, revision) = archive.select(selector.as_bytes(), at()).unwrap();
    let content = archive.read_whole(&document, &revision).unwrap();
    let proof = archive.prove(&document, &revision, has_details).unwrap();
    proof.with_content(SeenContent::of(&content[..]).unwrap())
}

fn at() -> docarchive::Timestamp {
    docarchive::Timestamp::from_unix(0, 0)
}

fn vkey() -> String {
    signer().verifier().to_string()
}

fn check(folder: &ProofFolder) -> ProofReport {
    folder.check(Some(&vkey()))
}

#[test]
fn a_proof_of_any_revision_holds_by_the_key_alone() {
    let archive = example();
    for (selector, n_files) in [("a.txt@1", 6), ("a.txt@2", 9), ("a.txt@3", 9), ("b.txt", 6)] {
        let folder = proof_of(&archive, selector, true);
        assert_eq!(folder.files.len(), n_files, "{selector}");
        let report = check(&folder);
        assert!(report.is_accepted() && report.unchecked.is_empty(), "{report:?}");
        let claims = report.claims.unwrap();
        let words = claims.words.unwrap();
        assert_eq!(words.first.parts().0.unwrap().name.as_bytes(), &selector.as_bytes()[..5]);
        assert_eq!((claims.head.size, claims.head.root), archive.head());
        let short = proof_of(&archive, selector, false);
        assert_eq!(short.files.len(), 5);
        let report = check(&short);
        assert!(report.is_accepted() && report.claims.unwrap().words.is_none());
        // No word of anybody is in it.
        let all: Vec<u8> = short.files.values().flatten().copied().collect();
        assert!(!String::from_utf8(all).unwrap().contains("tester"));
    }
}

#[test]
fn nothing_is_accepted_under_a_key_that_nobody_trusts() {
    let folder = proof_of(&example(), "a.txt", true);
    let untrusted = folder.check(None);
    assert!(untrusted.claims.is_some() && !untrusted.is_accepted());
    let other = Signer::from_seed("example.org/test", &[8; 32]).unwrap();
    let report = folder.check(Some(&other.verifier().to_string()));
    assert_eq!(report.flaws[0].file, POLICY);
    assert!(!report.is_accepted() && report.claims.is_none());
}

/// Whether a changed folder is refused, or the report says that what was changed was not checked.
fn is_noticed(folder: &ProofFolder) -> bool {
    let report = check(folder);
    !report.is_accepted() || !report.unchecked.is_empty()
}

#[test]
fn every_changed_byte_of_every_file_is_noticed() {
    let archive = example();
    for (selector, has_details) in [("a.txt@3", true), ("b.txt", true), ("a.txt@2", false)] {
        let good = proof_of(&archive, selector, has_details);
        for (name, bytes) in &good.files {
            // The long ones are compared whole, the short ones byte by byte.
            let stride = match (is_slow() && selector == "a.txt@3", bytes.len()) {
                (true, _) => 1,
                (_, 0..1000) => 7,
                _ => 601,
            };
            for at in (0..bytes.len()).step_by(stride).chain([bytes.len() - 1]) {
                let mut bad = good.clone();
                bad.files.get_mut(name).unwrap()[at] ^= 1 << (at % 8);
                assert!(is_noticed(&bad), "{selector}, {name}: byte {at}");
            }
            for at in [0, bytes.len() / 2, bytes.len() - 1] {
                let mut bad = good.clone();
                bad.files.get_mut(name).unwrap().truncate(at);
                assert!(!check(&bad).is_accepted(), "{selector}, {name}: cut at {at}");
            }
            let mut bad = good.clone();
            bad.files.get_mut(name).unwrap().push(b'\n');
            assert!(!check(&bad).is_accepted(), "{selector}, {name}: longer");
            let mut bad = good.clone();
            bad.files.remove(name);
            assert!(!check(&bad).is_accepted(), "{selector}, {name}: gone");
        }
        let content = good.content.clone().unwrap().embedded.unwrap();
        for at in 0..content.len() {
            let mut bad = content.clone();
            bad[at] ^= 1;
            let content = Some(SeenContent::of(&bad[..]).unwrap());
            assert!(!check(&ProofFolder { content, ..good.clone() }).is_accepted());
        }
        assert!(!check(&ProofFolder { content: None, ..good.clone() }).is_accepted());
        let others = vec!["mine.txt".to_owned()];
        let report = check(&ProofFolder { others, ..good.clone() });
        assert!(report.is_accepted() && report.unchecked == ["mine.txt: no part of it"]);
    }
}

#[test]
fn parts_of_other_proofs_do_not_make_one() {
    let archive = example();
    let good = proof_of(&archive, "a.txt@3", true);
    let content = || good.content.clone().unwrap();
    // Another document's first event, and a later one of this document, would give it another name.
    for other in ["b.txt", "a.txt@2"] {
        let (mut mixed, other) = (good.clone(), proof_of(&archive, other, true));
        for (name, of) in [(FIRST_EVENT, EVENT), (FIRST_DETAIL, DETAIL), (FIRST_PROOF, PROOF)] {
            mixed.files.insert(name.to_owned(), other.files[of].clone());
        }
        let report = check(&mixed.with_content(content()));
        assert_eq!(report.flaws[0].file, FIRST_EVENT, "{report:?}");
    }
    // A leaf of the same journal under an older checkpoint.
    let mut archive = archive;
    add(&mut archive, 9, &[("c.txt", b"c")]).unwrap();
    let mut mixed = good.clone();
    let newer = proof_of(&archive, "a.txt@3", true).files[FIRST_PROOF].clone();
    mixed.files.insert(FIRST_PROOF.to_owned(), newer);
    assert_eq!(check(&mixed.with_content(content())).flaws[0].file, FIRST_PROOF);
    // What is left out is left out whole.
    for name in [DETAIL, FIRST_DETAIL, FIRST_EVENT, FIRST_PROOF] {
        let mut less = good.clone();
        less.files.remove(name);
        assert!(!check(&less.with_content(content())).is_accepted(), "{name}");
    }
}

#[test]
fn a_fork_of_what_is_remembered_is_refused() {
    let archive = example();
    let (size, root) = archive.head();
    let mut report = check(&proof_of(&archive, "a.txt", true));
    report.compare((size, root));
    report.compare((size - 1, Digest::of(b"older")));
    assert!(report.is_accepted());
    report.compare((size, Digest::of(b"another")));
    assert!(!report.is_accepted() && report.flaws[0].why.contains("forked"), "{report:?}");
}

#[test]
fn an_edited_catalog_makes_no_false_proof() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let mut archive = init_in(&path);
    let names: Vec<String> = (0..150).map(|n| format!("{n}.txt")).collect();
    let documents =
        |text: &'static [u8]| names.iter().map(|name| (&name[..], text)).collect::<Vec<_>>();
    add(&mut archive, 1, &documents(b"one")).unwrap();
    add(&mut archive, 2, &documents(b"two")).unwrap();
    drop(archive);
    for edit in [
        "UPDATE tile SET hashes = zeroblob(length(hashes)) WHERE level = 0",
        "DELETE FROM tile WHERE level = 0 AND n = 0",
    ] {
        let db = Connection::open(path.join("catalog.sqlite")).unwrap();
        db.execute_batch(edit).unwrap();
        drop(db);
        let archive = open_in(&path);
        let (document, revision) = archive.select(b"100.txt@2", at()).unwrap();
        match archive.prove(&document, &revision, true) {
            Err(Error::Catalog { .. }) => {}
            Ok(proof) => {
                let content = archive.read_whole(&document, &revision).unwrap();
                let whole = proof.with_content(SeenContent::of(&content[..]).unwrap());
                assert!(check(&whole).is_accepted(), "{edit}");
            }
            Err(error) => panic!("{edit}: {error}"),
        }
    }
}

#[test]
fn the_program_proves_with_a_catalog_that_was_edited() {
    let sandbox = Sandbox::with_two_revisions();
    let db = Connection::open(sandbox.store().join("catalog.sqlite")).unwrap();
    db.execute_batch("UPDATE tile SET hashes = zeroblob(length(hashes))").unwrap();
    drop(db);
    sandbox.run(["prove", "d/a.txt", "-o", "proof"]).expect(0).says("the catalog is made anew");
    sandbox.run(["verify-proof", "proof"]).expect(0);
}

#[test]
fn a_folder_is_made_whole_or_not_at_all() {
    let sandbox = Sandbox::with_two_revisions();
    sandbox.write("large", noise(1, 5 << 20));
    sandbox.run(["add", "-q", "large"]).expect(0);
    sandbox.run(["prove", "large", "-o", "proofs/large"]).expect(0);
    assert_eq!(fs::read(sandbox.at("proofs/large/content")).unwrap(), noise(1, 5 << 20));
    sandbox.run(["verify-proof", "proofs/large"]).expect(0);
    for (pack, bytes) in Sandbox::tree(&sandbox.store().join("packs")) {
        fs::write(sandbox.store().join("packs").join(pack), vec![0; bytes.len()]).unwrap();
    }
    for document in ["large", "d/a.txt"] {
        sandbox.run(["prove", document, "-o", "proofs/damaged"]).expect(6);
    }
    assert_eq!(fs::read_dir(sandbox.at("proofs")).unwrap().count(), 1);
}

#[test]
fn a_lost_detail_is_named_with_the_way_out() {
    let sandbox = Sandbox::with_two_revisions();
    fs::remove_dir_all(sandbox.store().join("details")).unwrap();
    sandbox.run(["prove", "d/a.txt", "-o", "proof"]).expect(6).says("--no-detail proves the rest");
    assert!(!sandbox.at("proof").exists());
    sandbox.run(["prove", "d/a.txt", "-o", "proof", "--no-detail"]).expect(0);
    sandbox.run(["verify-proof", "proof"]).expect(0);
}

#[test]
fn trust_comes_from_outside_the_folder() {
    let sandbox = Sandbox::with_two_revisions();
    sandbox.run(["prove", "d/a.txt", "-o", "proof"]).expect(0);
    let vkey = fs::read_to_string(sandbox.store().join("identity")).unwrap();
    let vkey = vkey.lines().find_map(|line| line.strip_prefix("vkey ")).unwrap();
    sandbox.write("from-the-owner.txt", format!("> vkey {vkey}\r\n"));
    let elsewhere = |words: &[&str]| {
        let mut command = sandbox.command(words);
        Ran::of(command.env("HOME", sandbox.at("")).env("ARCHIVE_STORE", "nowhere"))
    };
    let ran = elsewhere(&["verify-proof", "proof"]).expect(6);
    assert!(ran.text().contains("not accepted: no key is trusted"), "{}", ran.text());
    for given in [vkey, "from-the-owner.txt"] {
        let ran = elsewhere(&["verify-proof", "proof", "--vkey", given]).expect(0);
        assert!(ran.text().ends_with("\naccepted\n"), "{}", ran.text());
        elsewhere(&["verify-proof", "proof", "--vkey", given, "-q"]).expect(0).answers("");
    }
    let other = signer().verifier().to_string();
    let ran = elsewhere(&["verify-proof", "proof", "--vkey", &other]).expect(6);
    assert!(ran.text().contains("policy  it names the key"), "{}", ran.text());
    assert!(!sandbox.at(".local").exists(), "nothing is remembered of a proof");
    // What the account has seen of the archive counts, too: of a fork both roots are known.
    sandbox.run(["verify-proof", "proof"]).expect(0);
}

#[test]
fn proofs_of_before_and_after_a_rotation_hold_for_whoever_knows_of_it() {
    let sandbox = Sandbox::with_two_revisions();
    let old = sandbox.run(["key", "export-public"]).expect(0).expect_quiet().text();
    let before = fs::read(sandbox.store().join("log/checkpoint")).unwrap();
    sandbox.write("d/b.txt", "other");
    sandbox.run(["add", "-q", "d"]).expect(0);
    sandbox.write("before", &before);
    sandbox.run(["prove", "--consistency", "before", "-o", "grown"]).expect(0);
    sandbox.run(["prove", "-q", "d/a.txt@1", "-o", "first"]).expect(0);
    sandbox.run(["key", "rotate", "-q"]).expect(0);
    // Until the next commit the key before signs, and that is said.
    let ran = sandbox.run(["key", "export-public"]).expect(0).says(old.trim());
    let new = ran.text();
    sandbox.run(["prove", "d/a.txt@1", "-o", "between"]).expect(0).says(new.trim());
    for vkey in [&old, &new] {
        sandbox.run(["verify-proof", "between", "--vkey", vkey.trim()]).expect(0);
    }
    sandbox.write("d/c.txt", "third");
    sandbox.run(["add", "-q", "d"]).expect(0);
    sandbox.run(["prove", "-q", "d/a.txt@1", "-o", "last"]).expect(0);
    for (proof, words) in [
        ("first", "signed by an earlier key of this archive, which signed its first"),
        ("between", "signed by an earlier key of this archive"),
        ("grown", "signed by an earlier key of this archive"),
        ("last", "signed by the key remembered of this archive"),
    ] {
        let text = sandbox.run(["verify-proof", proof]).expect(0).text();
        assert!(text.contains(words) && text.ends_with("accepted\n"), "{proof}: {text}");
    }
    let text = sandbox.run(["verify-proof", "last", "--vkey", old.trim()]).expect(0).text();
    assert!(text.contains("signed by a later key of this archive"), "{text}");
    let line = &sandbox.json(["verify-proof", "first", "--vkey", new.trim()])[0];
    assert_eq!((&line["accepted"], &line["trusted_by"]), (&true.into(), &"rotation".into()));
    // Whoever knows nothing of it is told what that means, and the way out.
    for (proof, vkey) in [("first", &new), ("last", &old)] {
        let mut command = sandbox.command(["verify-proof", proof, "--vkey", vkey.trim()]);
        let text = Ran::of(command.env("XDG_STATE_HOME", sandbox.at("no-state"))).expect(6).text();
        assert!(text.contains("policy  signed by another key of this origin"), "{text}");
        assert!(text.contains("archive audit --vkey"), "{text}");
    }
    let ran = sandbox.run(["prove", "--consistency", "before", "-o", "-"]).expect(2);
    ran.says("no one key speaks for both ends").says(old.trim());
    // The key of before, in other hands, speaks for no journal that is longer than its turn was.
    let key = old.trim().split('+').nth(1).unwrap();
    let key = sandbox.home().join(format!(".config/archive/keys/{key}.key"));
    let signer = Signer::parse(fs::read_to_string(key).unwrap().trim_end()).unwrap();
    let note = fs::read_to_string(sandbox.store().join("log/checkpoint")).unwrap();
    let text = note.split_inclusive('\n').take(3).collect::<String>();
    let note = signer.sign(&text).unwrap();
    sandbox.write("forged", ConsistencyProof { old: note.clone(), hashes: vec![], note }.bytes());
    let text = sandbox.run(["verify-proof", "forged"]).expect(6).text();
    assert!(text.contains("out of its turn"), "{text}");
}

#[test]
fn words_that_were_withdrawn_are_named_and_the_others_shown() {
    let sandbox = Sandbox::new();
    for (name, text, source) in [("a", "1", "first"), ("a", "2", "second"), ("b", "b", "third")] {
        sandbox.write(name, text);
        sandbox.run(["add", "-q", name, "--source", source]).expect(0);
    }
    let ask = |selector: &str| {
        let _ = fs::remove_dir_all(sandbox.at("proof"));
        sandbox.run(["prove", "-q", selector, "-o", "proof"]).expect(0);
        sandbox.run(["verify-proof", "proof"]).expect(0).text()
    };
    let of = |selector: &str| sandbox.json(["show", selector])[0]["event"].to_string();
    let withdraw = |event: &str| {
        sandbox.run(["withdraw", "-q", "--words", event, "--reason", "legal"]).expect(0);
        let log = sandbox.json(["log"]);
        log.iter().find(|line| line["event_type"] == "withdraw").unwrap()["event"].to_string()
    };
    let (first, second, only) = (of("a@1"), of("a@2"), of("b"));
    // With the name goes what one asks by.
    let id = |name: &str| sandbox.json(["show", name])[0]["id"].as_str().unwrap().to_owned();
    let (a, b) = (format!("{}@2", id("a")), id("b"));
    let gone = |by: &str| format!("not in this folder; the prover says that event {by} withdrew");
    // The words of the first event, which gave the name; of the only one; and then of all.
    let by = withdraw(&first);
    let text = ask(&a);
    assert!(text.contains(&format!("name        {}", gone(&by))), "{text}");
    assert!(text.contains("source      second; asserted"), "{text}");
    let by_only = withdraw(&only);
    let text = ask(&b);
    assert!(text.contains(&format!("words       {}", gone(&by_only))), "{text}");
    let by_second = withdraw(&second);
    let text = ask(&a);
    assert!(text.contains(&gone(&by)) && text.contains(&gone(&by_second)), "{text}");
    let claims = sandbox.json(["verify-proof", "proof"])[0]["claims"].clone();
    assert_eq!(claims["words"]["withdrawn_by"].to_string(), by_second);
    assert_eq!(claims["words"]["name_withdrawn_by"].to_string(), by);
    assert!(claims["words"]["name"].is_null() && claims["words"]["source"].is_null(), "{claims}");
    // What is said of them is of one spelling, and leaves nothing out.
    let good = fs::read_to_string(sandbox.at("proof/withdrawn")).unwrap();
    let reversed: String = good.lines().rev().map(|line| format!("{line}\n")).collect();
    for bad in [
        "",
        "detail.json 5\n",
        &good[..good.len() - 1],
        &reversed,
        &good.replace(' ', " 0"),
        &good.replace(' ', " 9"),
    ] {
        sandbox.write("proof/withdrawn", bad);
        sandbox.run(["verify-proof", "proof"]).expect(6);
    }
}

#[test]
fn a_folder_that_is_none_is_called_that() {
    let sandbox = Sandbox::bare();
    sandbox.write("other/x", "");
    sandbox.run(["verify-proof", "other"]).expect(2).says("other holds no proof");
    sandbox.run(["verify-proof", "gone"]).expect(5).says("cannot read gone");
    let ran = sandbox.run(["verify-proof", "other/x"]).expect(6);
    assert!(ran.text().contains("it is no consistency proof"), "{}", ran.text());
    // Nobody is led elsewhere by a link, and nobody waits for a pipe.
    sandbox.write("proof/event.json", "{}");
    std::os::unix::fs::symlink("/etc/passwd", sandbox.at("proof/content")).unwrap();
    sandbox.run(["verify-proof", "proof"]).expect(5).says("symlink");
}

#[test]
fn a_checkpoint_as_mail_leaves_it_is_proved_to_be_a_beginning() {
    let sandbox = Sandbox::with_two_revisions();
    let old = fs::read_to_string(sandbox.store().join("log/checkpoint")).unwrap();
    sandbox.write("d/a.txt", "other");
    sandbox.run(["add", "-q", "d"]).expect(0);
    sandbox.write("mail", old.replace('\n', "\r\n> "));
    sandbox.run(["prove", "--consistency", "mail", "-o", "grown"]).expect(0);
    sandbox.run(["verify-proof", "grown"]).expect(0);
    let proof = fs::read(sandbox.at("grown")).unwrap();
    assert!(proof.starts_with(old.as_bytes()));
    let ran = sandbox.feed(["prove", "--consistency", "-", "-o", "-"], old.as_bytes()).expect(0);
    assert_eq!(ran.out, proof);
    sandbox
        .run(["prove", "--consistency", "mail", "-o", "grown"])
        .expect(2)
        .says("is there already");
    let identity = fs::read_to_string(sandbox.store().join("identity")).unwrap();
    let vkey = identity.lines().last().unwrap().strip_prefix("vkey ").unwrap();
    for at in 0..proof.len() {
        let mut bad = proof.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(check_growth(&bad, vkey).is_err(), "byte {at}");
    }
    let mut bad = proof.clone();
    bad[old.len() + 12] ^= 1;
    sandbox.write("bad", bad);
    sandbox.run(["verify-proof", "bad"]).expect(6);
}

#[test]
fn a_checkpoint_that_is_no_beginning_is_refused_with_both() {
    let sandbox = Sandbox::with_two_revisions();
    let foreign = |size, text: &[u8], seed| {
        let origin = String::from_utf8(text.to_vec()).unwrap();
        let key = Signer::from_seed(&origin, &[seed; 32]).unwrap();
        key.sign(&format!("{origin}\n{size}\nLCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=\n"))
            .unwrap()
    };
    sandbox.write("other", foreign(3, b"example.org/other", 1));
    let ran = sandbox.run(["prove", "--consistency", "other", "-o", "out"]).expect(6);
    ran.says("is another archive's");
    sandbox.write("none", "Dear Ann,\n");
    sandbox
        .run(["prove", "--consistency", "none", "-o", "out"])
        .expect(2)
        .says("holds no checkpoint");
    sandbox.run(["prove", "--consistency", "gone", "-o", "out"]).expect(5);
    assert!(!sandbox.at("out").exists());
    // The same key signed a history that is longer, and another one.
    let mut archive = init(Arc::new(Memory::default()));
    add(&mut archive, 1, &[("a", b"a")]).unwrap();
    for size in [2, 50] {
        let old = foreign(size, b"example.org/test", 7);
        match archive.prove_growth(&old, "mail") {
            Err(Error::OtherHistory { checkpoints, .. }) => {
                assert_eq!(checkpoints.remembered.as_bytes(), old);
                assert_eq!(checkpoints.found.as_bytes(), archive.checkpoint());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_proof_in_a_journal_of_a_hundred_thousand_revisions_is_short() {
    let origin = "archive.local/an-archive-of-a-long-name-0123456789-8eef3b62";
    let key = Signer::from_seed(origin, &[7; 32]).unwrap();
    let root = "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=";
    let note = key.sign(&format!("{origin}\n131072\n{root}\n")).unwrap();
    let hashes = vec![Digest::of(b"x"); 17];
    let bytes = TlogProof { index: 131_071, hashes, note }.bytes();
    assert!(bytes.len() < 1200, "{}", bytes.len());
}

/// The shell commands of a folder's README.
fn commands(folder: &Path) -> String {
    let readme = fs::read_to_string(folder.join("README")).unwrap();
    let blocks = readme.split("```sh\n").skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0).collect()
}

#[test]
fn the_commands_in_a_folder_run_there_as_they_stand() {
    let sandbox = Sandbox::with_two_revisions();
    let is_missing = |tool: &&str| sandbox.other(tool).arg("--version").output().is_err();
    if let Some(missing) = ["openssl", "node", "python3"].into_iter().find(is_missing) {
        return skip(&format!("there is no {missing}"));
    }
    sandbox.run(["prove", "d/a.txt", "-o", "two"]).expect(0);
    sandbox.run(["prove", "d/b.txt", "-o", "one", "--no-detail"]).expect(0);
    let ran = |folder: &str| {
        let script = commands(&sandbox.at(folder));
        let mut shell = sandbox.other("sh");
        Ran::of(shell.args(["-euc", &script]).current_dir(sandbox.at(folder)))
    };
    for folder in ["one", "two"] {
        let ran = ran(folder).expect(0);
        for words in ["content: OK", "Signature Verified Successfully", "event: in the journal"] {
            assert!(ran.text().contains(words), "{folder}: {}", ran.text());
        }
        assert!(ran.text().contains("all events are in the journal"), "{}", ran.text());
    }
    let policy = fs::read_to_string(sandbox.at("two/policy")).unwrap();
    let key = policy.lines().next().map(|line| &line[line.len() - 8..]).unwrap();
    // Each file that they look at, and a place in it where a change leaves no check the same.
    let good = Sandbox::tree(&sandbox.at("two"));
    for (name, from, to) in [
        ("content", "quick", "quack"),
        ("event.json", "\"size\":", "\"Size\":"),
        ("detail.json", "d/a.txt", "d/c.txt"),
        ("first-event.json", "\"prev\":null", "\"prev\":1   "),
        ("first-detail.json", "d/a.txt", "d/c.txt"),
        ("event.tlog-proof", "index ", "index 1"),
        ("first-event.tlog-proof", "index ", "index 1"),
        ("policy", key, "AAAAAAAA"),
    ]
    .into_iter()
    .step_by(if is_slow() { 1 } else { 4 })
    {
        let (_, bytes) = good.iter().find(|(path, _)| path == Path::new(name)).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(from), "{name}");
        let place = Path::new("two").join(name);
        sandbox.write(&place, text.replacen(from, to, 1));
        assert_ne!(ran("two").code, Some(0), "{name}");
        sandbox.write(&place, bytes);
    }
    ran("two").expect(0);
}
