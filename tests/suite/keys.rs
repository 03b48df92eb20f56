//! Keys that change: one that signs to the next, and one that begins an epoch of its own.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use docarchive::{
    Signer,
    internals::{
        archive::{Archive, ingest::Provenance},
        backend::{
            Storage,
            faulty::{Fault, Faulty},
            memory::Memory,
        },
        types::error::Error,
    },
};

use crate::common::{
    add, add_one, check, context, everything, init,
    sandbox::{Ran, Sandbox},
    signer,
};

fn next(n: u8) -> Signer {
    Signer::from_seed(signer().verifier().name(), &[n; 32]).unwrap()
}

fn rotate(archive: &mut Archive, from: &Signer, to: &Signer, n: u64) -> Result<u64, Error> {
    archive.rotate_key(from, to, Some("lost"), &context(n), "test")
}

fn open(storage: &Arc<dyn Storage>) -> Archive {
    Archive::open(Arc::clone(storage), None).unwrap()
}

fn put_tree(from: &Path, to: &Path) {
    for (path, bytes) in Sandbox::tree(from) {
        let path = to.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_new_key_signs_from_the_next_commit_on_and_the_old_one_no_longer() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.write(name, name);
    }
    sandbox.run(["add", "-q", "a"]).expect(0);
    let old = sandbox.run(["key", "export-public"]).expect(0).text();
    let old_file = fs::read_dir(sandbox.home().join(".config/archive/keys")).unwrap().next();
    let old_file = old_file.unwrap().unwrap().path();
    sandbox.run(["key", "rotate", "--note", "the laptop was lost"]).expect(0);
    sandbox.run(["add", "-q", "b"]).expect(0);
    let new = sandbox.run(["key", "export-public"]).expect(0).text();
    assert_ne!(old, new);
    let shown = &sandbox.json(["key", "show"])[0];
    assert_eq!(shown["keys"][0]["vkey"], old.trim());
    assert_eq!(shown["keys"][1]["vkey"], new.trim());
    assert_eq!(shown["keys"][1]["after"], 5, "{shown}");
    // Whoever has the old key only can write nothing, and whoever kept it can still check.
    let mut with_old = sandbox.command(["add", "c"]);
    with_old.env("ARCHIVE_KEY", &old_file);
    Ran::of(&mut with_old).expect(5).says("it holds the key");
    for vkey in [&old, &new] {
        let ran = sandbox.run(["audit", "--vkey", vkey.trim()]).expect(0);
        let both = format!("5 events under {}, then 3 events under {}", old.trim(), new.trim());
        assert!(ran.text().contains(&both), "{}", ran.text());
    }
    assert!(sandbox.run(["log"]).expect(0).text().contains("the laptop was lost"));
    let mut forgetful = sandbox.command(["audit", "--vkey", new.trim()]);
    Ran::of(forgetful.env("XDG_STATE_HOME", sandbox.at("other"))).expect(0);
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    sandbox.run(["key", "rotate"]).expect(0);
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    sandbox.run(["audit", "--store", "copy", "--vkey", old.trim()]).expect(0);
}

#[test]
fn a_key_that_was_not_signed_to_is_another_key() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "a");
    sandbox.run(["add", "-q", "a"]).expect(0);
    let old = sandbox.run(["key", "export-public"]).expect(0).text();
    let copy = sandbox.at("before");
    put_tree(&sandbox.store(), &copy);
    sandbox.run(["key", "rotate"]).expect(0);
    sandbox.run(["add", "-q", "--force", "a"]).expect(0);
    let identity = fs::read_to_string(sandbox.store().join("identity")).unwrap();
    // An identity with a key that no commit states, beside an archive that was never handed on.
    let forged = identity.replace("next 5 ", "next 3 ");
    fs::write(copy.join("identity"), &forged).unwrap();
    let ran = sandbox.run(["audit", "--store", "before"]).expect(6);
    assert!(ran.text().contains("KEY-CHANGE"), "{}", ran.text());
    // Without the line the newest commits are signed by nobody known; a vkey of somebody else stays that.
    let first = identity.lines().take(3).map(|line| format!("{line}\n")).collect::<String>();
    fs::write(sandbox.store().join("identity"), first).unwrap();
    sandbox.run(["ls"]).expect(0);
    sandbox.run(["add", "-q", "--force", "a"]).expect(0);
    assert_eq!(fs::read_to_string(sandbox.store().join("identity")).unwrap(), identity);
    let other = old.replace("+A", "+B");
    sandbox.run(["audit", "--vkey", other.trim()]).expect(2);
}

#[test]
fn whatever_fails_while_the_key_changes_the_next_writer_goes_on() {
    let before = Memory::default();
    add(&mut init(Arc::new(before.clone())), 1, &[("a", b"one")]).unwrap();
    let faulty = Faulty::none(Arc::new(Memory::of(before.contents())));
    rotate(&mut open(&(Arc::new(faulty.clone()) as _)), &signer(), &next(9), 2).unwrap();
    for n in 0..faulty.calls().len() {
        for fault in [Fault::NotDone, Fault::Unreported, Fault::Half, Fault::Death, Fault::Full] {
            let memory = Memory::of(before.contents());
            let storage: Arc<dyn Storage> = Arc::new(memory.clone());
            let broken = Faulty::at(Arc::clone(&storage), n, fault);
            let _ = Archive::open(Arc::new(broken), None)
                .and_then(|mut archive| rotate(&mut archive, &signer(), &next(9), 2));
            let mut archive = open(&storage);
            let has_changed = archive.keys().len() == 2;
            let (by, not_by) = match has_changed {
                true => (next(9), signer()),
                false => (signer(), next(9)),
            };
            let refused = rotate(&mut archive, &not_by, &next(7), 3);
            assert!(matches!(refused, Err(Error::Refused(_))), "call {n}, {fault:?}");
            rotate(&mut open(&storage), &by, &next(8), 4).unwrap();
            let archive = open(&storage);
            assert_eq!(archive.keys().len(), 2 + usize::from(has_changed), "call {n}, {fault:?}");
            assert_eq!(everything(&archive).len(), 1);
            check(&archive, &storage);
        }
    }
}

#[test]
fn a_writer_that_began_before_the_key_changed_signs_no_more() {
    let memory = Memory::default();
    let mut slow = init(Arc::new(memory.clone()));
    add(&mut slow, 1, &[("a", b"one")]).unwrap();
    let other: Arc<dyn Storage> = Arc::new(memory.with_own_lock());
    let old = signer();
    let mut transaction =
        slow.transaction(&old, context(2), Provenance::default(), "slow").unwrap();
    add_one(&mut transaction, b"b", b"two").unwrap();
    rotate(&mut open(&other), &signer(), &next(9), 3).unwrap();
    assert!(matches!(transaction.commit(), Err(Error::Refused(_))));
    drop(transaction);
    let archive = open(&other);
    assert_eq!(everything(&archive).len(), 1);
    check(&archive, &other);
}

#[test]
fn an_older_copy_goes_on_as_an_epoch_of_its_own() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.write(name, name);
    }
    sandbox.run(["add", "-q", "a"]).expect(0);
    let older = sandbox.at("older");
    put_tree(&sandbox.store(), &older);
    sandbox.run(["add", "-q", "b"]).expect(0);
    sandbox.run(["add", "--store", "older", "c"]).expect(6).says("archive adopt");
    sandbox.run(["adopt", "--store", "older"]).expect(2);
    let line = &sandbox.json(["adopt", "--store", "older", "--reason", "the newer one is lost"])[0];
    let (before, origin) = (line["before"].as_str().unwrap(), line["origin"].as_str().unwrap());
    assert_eq!(origin, format!("{before}~2"));
    sandbox.run(["add", "-q", "--store", "older", "c"]).expect(0).expect_quiet();
    let ran = sandbox.run(["audit", "--store", "older"]).expect(0).expect_quiet();
    assert!(ran.text().contains("which began an epoch of its own"), "{}", ran.text());
    assert!(
        sandbox.run(["log", "--store", "older"]).expect(0).text().contains("the newer one is lost")
    );
    // The one before goes on as well, and neither is taken for the other.
    sandbox.run(["audit"]).expect(0);
    sandbox.run(["add", "-q", "c"]).expect(0);
    sandbox.run(["copy", "--store", "older", sandbox.store().to_str().unwrap()]).expect(6);
    // Nothing leads from the old key to the new one, so who knows the old one has to be told.
    let old = sandbox.run(["key", "export-public"]).expect(0).text();
    sandbox.run(["audit", "--store", "older", "--vkey", old.trim()]).expect(6);
    let vkey = line["vkey"].as_str().unwrap();
    let mut told = sandbox.command(["audit", "--store", "older", "--vkey", vkey]);
    Ran::of(told.env("XDG_STATE_HOME", sandbox.at("other"))).expect(0);
    // A copy of an epoch is one of its archive, and a second epoch can follow.
    sandbox.run(["copy", "-q", "--store", "older", "copy"]).expect(0);
    sandbox.write("d", "d");
    sandbox.run(["add", "-q", "--store", "older", "d"]).expect(0);
    sandbox.run(["adopt", "--store", "copy", "--reason", "again"]).expect(0).text();
    sandbox.run(["audit", "-q", "--store", "copy"]).expect(0);
}

#[test]
fn two_copies_that_are_adopted_get_two_origins() {
    let sandbox = Sandbox::new();
    for name in ["a", "b"] {
        sandbox.write(name, name);
    }
    sandbox.run(["add", "-q", "a"]).expect(0);
    for copy in ["one", "two", "three"] {
        put_tree(&sandbox.store(), &sandbox.at(copy));
    }
    sandbox.run(["add", "-q", "b"]).expect(0);
    for (copy, mark) in [("one", "~2"), ("two", "~3"), ("three", "~4")] {
        let line = &sandbox.json(["adopt", "--store", copy, "--reason", copy])[0];
        assert!(line["origin"].as_str().unwrap().ends_with(mark), "{line}");
        sandbox.run(["ls", "-q", "--store", copy]).expect(0).expect_quiet();
        sandbox.run(["add", "-q", "b", "--store", copy]).expect(0).expect_quiet();
        sandbox.run(["audit", "--store", copy]).expect(0).expect_quiet();
        // What follows from the commits alone is the same.
        sandbox.run(["rebuild", "-q", "--store", copy]).expect(0);
        sandbox.run(["audit", "--store", copy]).expect(0).expect_quiet();
    }
}

#[test]
fn what_can_be_written_as_it_is_is_not_adopted() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "a");
    sandbox.run(["add", "-q", "a"]).expect(0);
    let keys = sandbox.home().join(".config/archive/keys");
    let before = (Sandbox::tree(&sandbox.store()), Sandbox::tree(&keys));
    let ran = sandbox.run(["adopt", "--reason", "why not"]).expect(2);
    ran.says("is no older copy and its key is here").says("archive key rotate");
    for empty in ["", "  "] {
        sandbox.run(["adopt", "--reason", empty]).expect(2).says("write some words");
    }
    assert!(before == (Sandbox::tree(&sandbox.store()), Sandbox::tree(&keys)));
    // Whoever has no key for it goes on under another one.
    fs::remove_dir_all(&keys).unwrap();
    sandbox.run(["adopt", "-q", "--reason", "the key is lost"]).expect(0);
    sandbox.run(["note", "-q", "a", "+tag"]).expect(0);
}

#[test]
fn an_older_copy_on_the_place_of_the_newer_one_is_adopted_there() {
    let sandbox = Sandbox::new();
    for name in ["a", "b"] {
        sandbox.write(name, name);
    }
    sandbox.run(["add", "-q", "a"]).expect(0);
    let older = sandbox.at("older");
    put_tree(&sandbox.store(), &older);
    sandbox.run(["add", "-q", "b"]).expect(0);
    fs::remove_dir_all(sandbox.store()).unwrap();
    put_tree(&older, &sandbox.store());
    sandbox.run(["add", "-q", "b"]).expect(6);
    sandbox.run(["adopt", "--reason", "restored"]).expect(0);
    sandbox.run(["add", "-q", "b"]).expect(0).expect_quiet();
    sandbox.run(["audit"]).expect(0).expect_quiet();
}

/// An older copy from before a rotation could be neither read nor adopted once the new key had signed: the key that
/// signed it was called an unknown one, though it was remembered as one of the archive's.
#[test]
fn an_older_copy_from_before_the_key_changed_is_one() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.write(name, name);
    }
    let older = [sandbox.at("one"), sandbox.at("two")];
    let add = |name: &str| sandbox.run(["add", "-q", name]).expect(0);
    add("a");
    put_tree(&sandbox.store(), &older[0]);
    sandbox.run(["key", "rotate"]).expect(0);
    add("b");
    put_tree(&sandbox.store(), &older[1]);
    sandbox.run(["key", "rotate"]).expect(0);
    add("c");
    for (copy, size) in [("one", 3), ("two", 8)] {
        let says = format!("this is an older copy: it has {size} of 13 events, as seen 20");
        for words in [&["ls"][..], &["cat", "a"], &["log"], &["rebuild", "-q"]] {
            sandbox.run([words, &["--store", copy]].concat()).expect(0).says(&says);
        }
        sandbox.run(["add", "c", "--store", copy]).expect(6).says("archive adopt");
        let ran = sandbox.run(["audit", "--store", copy]).expect(6);
        assert!(ran.text().contains("LOG-ROLLED-BACK") && !ran.text().contains("CP-UNKNOWN-KEY"));
    }
    // Whoever has the old key and writes on there makes no older copy.
    let key = fs::read_to_string(older[0].join("identity")).unwrap();
    let mut forgetful = sandbox.command(["add", "-q", "b", "--store", "one"]);
    Ran::of(forgetful.env("XDG_STATE_HOME", sandbox.at("other"))).expect(0);
    assert_eq!(fs::read_to_string(older[0].join("identity")).unwrap(), key);
    sandbox.run(["ls", "--store", "one"]).expect(6).says("is signed by another key than");
    // The newer one is lost.
    sandbox.run(["adopt", "-q", "--store", "two", "--reason", "restored"]).expect(0);
    sandbox.run(["add", "-q", "c", "--store", "two"]).expect(0).expect_quiet();
    sandbox.run(["audit", "--store", "two"]).expect(0);
}

#[test]
fn a_key_that_others_can_read_signs_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "a");
    let file = fs::read_dir(sandbox.home().join(".config/archive/keys")).unwrap().next();
    let file = file.unwrap().unwrap().path();
    for mode in [0o644, 0o660, 0o602] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        sandbox.run(["add", "a"]).expect(5).says("open to others").says("chmod 600 ");
    }
    sandbox.run(["ls"]).expect(0);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    sandbox.run(["add", "-q", "a"]).expect(0).expect_quiet();
}

/// A checkpoint that its owner kept is no damaged one because somebody went on from before it under another key.
#[test]
fn a_kept_checkpoint_tells_from_what_another_key_went_on_from() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "a");
    sandbox.run(["add", "-q", "a"]).expect(0);
    put_tree(&sandbox.store(), &sandbox.at("earlier"));
    sandbox.write("b", "b");
    sandbox.run(["add", "-q", "b"]).expect(0);
    fs::copy(sandbox.store().join("log/checkpoint"), sandbox.at("kept")).unwrap();
    fs::remove_dir_all(sandbox.store()).unwrap();
    put_tree(&sandbox.at("earlier"), &sandbox.store());
    sandbox.run(["adopt", "-q", "--reason", "x"]).expect(0);
    let mut codes = Vec::new();
    for name in ["c", "d", "e"] {
        let text = sandbox.run(["audit", "--expect", "kept"]).expect(6).text();
        assert!(!text.contains("damaged"), "{text}");
        codes.push(text.contains("LOG-FORKED"));
        sandbox.write(name, name);
        sandbox.run(["add", "-q", name]).expect(0);
    }
    assert!(codes.contains(&true), "{codes:?}");
}
