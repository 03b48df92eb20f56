//! `archive copy`: a copy that grows along one history, verified as it arrives, whatever fails in between.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        inspect::audit::{AuditScope, Code},
        maintain::{
            compact::Policy,
            copy::CopyOptions,
            withdraw::{ReasonCode, WithdrawalRequest},
        },
    },
    backend::{
        Storage,
        faulty::{Fault, Faulty},
        memory::Memory,
    },
    types::{error::Error, time::Timestamp},
};

use crate::common::{
    add, context, everything, init, is_slow, noise,
    sandbox::{Ran, Sandbox, start},
    signer,
};

/// An archive of several commits, in a sandbox.
fn example() -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, text) in [("a.txt", "one\n"), ("b.txt", "two\n"), ("a.txt", "three\n")] {
        sandbox.write(name, text);
        sandbox.run(["add", "-q", name]).expect(0);
    }
    sandbox
}

/// All but what is no fact.
fn facts(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let is_fact = |path: &Path| {
        !path.to_string_lossy().starts_with("catalog.sqlite") && !path.ends_with("lock")
    };
    Sandbox::tree(folder).into_iter().filter(|(path, _)| is_fact(path)).collect()
}

fn put_tree(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    for (path, bytes) in Sandbox::tree(from) {
        let path = to.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = Sandbox::tree(folder);
    folder.join(files.pop().unwrap().0)
}

/// What happens to an archive in a folder.
type Damage = fn(&Path);

fn flip(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_copy_holds_what_the_archive_holds_and_goes_on_with_it() {
    let sandbox = example();
    let copy = sandbox.at("copy");
    let line = &sandbox.json(["copy", "copy"])[0];
    assert_eq!((line["new"].as_bool(), line["commits"].as_u64()), (Some(true), Some(4)));
    assert_eq!(facts(&copy), facts(&sandbox.store()));
    for words in [
        &["ls"][..],
        &["log", "a.txt"],
        &["cat", "a.txt@1"],
        &["diff", "a.txt"],
        &["stats"],
        &["audit"],
    ] {
        let there = sandbox.run([words, &["--store", "copy"]].concat()).expect(0);
        let here = sandbox.run(words).expect(0);
        let shown = |text: String| {
            text.replace(&copy.display().to_string(), &sandbox.store().display().to_string())
        };
        assert_eq!(shown(there.text()), shown(here.text()), "{words:?}");
    }
    let before = Sandbox::tree(&copy);
    sandbox.run(["copy", "copy"]).expect(0).says("copy is up to date");
    assert_eq!(Sandbox::tree(&copy), before);
    sandbox.write("c.txt", "four\n");
    sandbox.run(["add", "-q", "c.txt"]).expect(0);
    sandbox.run(["compact", "-q", "--all"]).expect(0);
    sandbox.run(["copy", "copy"]).expect(0);
    assert_eq!(facts(&copy), facts(&sandbox.store()));
    sandbox.run(["audit", "--store", "copy"]).expect(0);
}

#[test]
fn nothing_is_written_unless_the_archive_extends_the_copy() {
    let sandbox = example();
    let (store, copy, early) = (sandbox.store(), sandbox.at("copy"), sandbox.at("early"));
    put_tree(&store, &early);
    sandbox.write("d.txt", "five\n");
    sandbox.run(["add", "-q", "d.txt"]).expect(0);
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    let before = Sandbox::tree(&copy);
    // Another user, who remembers nothing, so that only the copy speaks against it.
    let refuse = |why: &str| {
        let mut command = sandbox.command(["copy", "copy"]);
        command.env("XDG_STATE_HOME", sandbox.at("forgetful"));
        let refused = crate::common::sandbox::Ran::of(&mut command).expect(6);
        assert!(
            refused.text().contains(why) || refused.err.contains(why),
            "{why}: {}",
            refused.err
        );
        assert_eq!(Sandbox::tree(&copy), before, "{why}");
        let _ = fs::remove_dir_all(sandbox.at("forgetful/archive/origins"));
        let _ = fs::remove_dir_all(sandbox.at("forgetful/archive/locations"));
    };
    let good = sandbox.at("good");
    put_tree(&store, &good);

    put_tree(&early, &store);
    refuse("it was rolled back");
    sandbox.write("e.txt", "another past\n");
    for n in 0..3 {
        let mut command = sandbox.command(["add", "-q", "e.txt"]);
        sandbox.write("e.txt", format!("another past {n}\n"));
        command.env("XDG_STATE_HOME", sandbox.at("other"));
        crate::common::sandbox::Ran::of(&mut command).expect(0);
    }
    refuse("one was forked");
    let reports = Sandbox::tree(&sandbox.at("forgetful/archive/reports"));
    assert_eq!(reports.len(), 2);
    let mut texts: Vec<String> =
        reports.into_iter().map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect();
    texts.sort_by_key(String::len);
    assert!(
        texts[1].contains("does not lead from the one checkpoint to the other"),
        "{}",
        texts[1]
    );
    let checkpoint = fs::read_to_string(copy.join("log/checkpoint")).unwrap();
    assert!(texts.iter().all(|text| text.contains(&checkpoint)));

    fs::remove_dir_all(&store).unwrap();
    sandbox.run(["init", "-q", "--origin", "example.org/other"]).expect(0);
    refuse("it is ");

    let damages: [(&str, Damage); 4] = [
        ("damaged", |store| flip(&only_file(&store.join("packs")))),
        ("missing", |store| fs::remove_file(only_file(&store.join("details"))).unwrap()),
        ("damaged", |store| flip(&only_file(&store.join("details")))),
        ("", |store| flip(&store.join("log/000/000/005"))),
    ];
    for (i, (why, damage)) in damages.into_iter().enumerate() {
        put_tree(&good, &store);
        sandbox.write("f.txt", format!("six {i}\n"));
        let mut command = sandbox.command(["add", "-q", "f.txt"]);
        command.env("XDG_STATE_HOME", sandbox.at(format!("state-{i}")));
        crate::common::sandbox::Ran::of(&mut command).expect(0);
        damage(&store);
        refuse(why);
    }
}

#[test]
fn a_damaged_copy_is_mended_by_one_who_reads_it_again() {
    let sandbox = example();
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    let copy = sandbox.at("copy");
    let before = facts(&copy);
    flip(&only_file(&copy.join("packs")));
    flip(&copy.join("log/000/000/002"));
    fs::remove_file(only_file(&copy.join("details"))).unwrap();
    // What is missing shows by its name.
    sandbox.run(["copy", "copy"]).expect(6).says("1 object put anew");
    sandbox.run(["copy", "copy"]).expect(0).says("is up to date");
    let mended = sandbox.run(["copy", "--json", "--verify", "copy"]).expect(6);
    let line: serde_json::Value = serde_json::from_slice(&mended.out).unwrap();
    assert_eq!(line["healed"].as_array().unwrap().len(), 2, "{line}");
    assert_eq!(facts(&copy), before);
    sandbox.run(["copy", "--verify", "copy"]).expect(0).says("read again");
    // A pack that is gone or shorter shows without reading it.
    fs::write(only_file(&copy.join("packs")), "short").unwrap();
    sandbox.run(["copy", "copy"]).expect(6);
    assert_eq!(facts(&copy), before);
}

/// A copy took over whatever the catalog said.
#[test]
fn a_copy_takes_over_no_catalog_that_was_edited() {
    let sandbox = example();
    let edit = |store: &str| {
        let db = rusqlite::Connection::open(sandbox.at(store).join("catalog.sqlite")).unwrap();
        let edit = "UPDATE document SET name = 'false.txt' WHERE name = 'a.txt'";
        assert_eq!(db.execute(edit, []), Ok(1));
    };
    let store = sandbox.store();
    let store = store.to_str().unwrap();
    edit(store);
    sandbox.run(["copy", "copy"]).expect(0).says("the catalog is not copied");
    let sound = |copy: &str| {
        let ls = sandbox.run(["ls", "--store", copy]).expect(0).text();
        assert_eq!(ls, "a.txt\nb.txt\n");
        sandbox.run(["audit", "--store", copy]).expect(0);
    };
    sound("copy");
    // One that was edited in the copy is found by who reads all of it.
    sandbox.run(["rebuild", "-q"]).expect(0);
    edit("copy");
    let ran = sandbox.run(["copy", "--verify", "copy"]).expect(6);
    ran.says("catalog.sqlite of the copy did not follow from its facts, and is made anew");
    sound("copy");
    sandbox.run(["copy", "--verify", "copy"]).expect(0);
}

/// The names of all facts below a folder that is one of an archive's.
fn names_in(folder: &Path, part: &str) -> Vec<PathBuf> {
    let files = Sandbox::tree(&folder.join(part)).into_iter();
    files.map(|(path, _)| folder.join(part).join(path)).collect()
}

#[test]
fn whatever_a_copy_lacks_is_put_back() {
    let sandbox = example();
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    let copy = sandbox.at("copy");
    let before = facts(&copy);
    let parts = ["log/000", "details", "packs"];
    let lost = parts.iter().flat_map(|part| names_in(&copy, part)).chain([copy.join("identity")]);
    for lost in lost.collect::<Vec<_>>() {
        let is_newest = lost.ends_with("log/000/000/003");
        let damages = [|path: &Path| fs::remove_file(path), |path: &Path| fs::write(path, "x")];
        // A newest commit that makes no sense is no copy's.
        for damage in damages.into_iter().take(2 - usize::from(is_newest)) {
            damage(&lost).unwrap();
            sandbox.run(["copy", "copy"]).expect(6).says("1 object put anew");
            assert_eq!(facts(&copy), before, "{}", lost.display());
            sandbox.run(["copy", "copy"]).expect(0).says("is up to date");
        }
    }
    // Of a copy without an identity the commits tell whose it is, and how new.
    fs::remove_file(copy.join("identity")).unwrap();
    sandbox.write("c.txt", "four\n");
    sandbox.run(["add", "-q", "c.txt"]).expect(0);
    sandbox.run(["copy", "copy"]).expect(6).says("brought up to date");
    assert_eq!(facts(&copy), facts(&sandbox.store()));
    let early = sandbox.at("early");
    put_tree(&sandbox.store(), &early);
    sandbox.write("d.txt", "five\n");
    sandbox.run(["add", "-q", "d.txt"]).expect(0);
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    fs::remove_file(copy.join("identity")).unwrap();
    let before = Sandbox::tree(&copy);
    let older = sandbox.run(["copy", "--store", "early", "copy"]).expect(6);
    older.says("it was rolled back; nothing was written");
    assert_eq!(Sandbox::tree(&copy), before);
}

#[test]
fn what_an_archive_lost_of_earlier_commits_is_lost_to_no_copy() {
    let sandbox = example();
    let (store, copy, good) = (sandbox.store(), sandbox.at("copy"), sandbox.at("good"));
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    for name in ["c.txt", "d.txt"] {
        sandbox.write(name, name);
        sandbox.run(["add", "-q", name]).expect(0);
    }
    put_tree(&store, &good);
    let before = Sandbox::tree(&copy);
    let damages: [(&str, Damage); 5] = [
        ("is missing", |store| fs::remove_file(&names_in(store, "details")[0]).unwrap()),
        ("damaged", |store| flip(&names_in(store, "details")[0])),
        ("nothing states that it was withdrawn", erase_first_detail),
        ("is missing", |store| fs::remove_file(&names_in(store, "packs")[0]).unwrap()),
        ("damaged", |store| fs::write(&names_in(store, "packs")[0], "short").unwrap()),
    ];
    for (why, damage) in damages {
        put_tree(&good, &store);
        damage(&store);
        let refused = sandbox.run(["copy", "copy"]).expect(6);
        assert!(refused.err.contains(why), "{why}: {}", refused.err);
        assert_eq!(Sandbox::tree(&copy), before, "{why}");
        assert_eq!(folders(&copy), folders_of(&before), "{why}");
        // A first copy that is refused leaves nothing at all.
        sandbox.run(["copy", "new/copy"]).expect(6);
        assert!(!sandbox.at("new").exists(), "{why}");
    }
    // With nothing new to copy, too, where it shows in names and sizes.
    put_tree(&good, &store);
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    fs::remove_file(&names_in(&store, "details")[0]).unwrap();
    sandbox.run(["copy", "copy"]).expect(6).says("is missing");
}

/// Erases the detail of the first event as docs/format.md, section 7, has it.
fn erase_first_detail(store: &Path) {
    let archive: Arc<dyn docarchive::internals::backend::Backend> =
        Arc::new(docarchive::internals::backend::local::Local::open(store).unwrap());
    let journal = docarchive::internals::journal::Journal::open(archive).unwrap();
    journal.erase_details(&BTreeSet::from([0])).unwrap();
}

/// All folders below one.
fn folders(folder: &Path) -> BTreeSet<PathBuf> {
    let mut all = BTreeSet::new();
    let mut next = vec![folder.to_owned()];
    while let Some(path) = next.pop() {
        for entry in fs::read_dir(&path).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                next.push(entry.path());
                all.insert(entry.path().strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    all
}

/// The folders that files lie in.
fn folders_of(tree: &[(PathBuf, Vec<u8>)]) -> BTreeSet<PathBuf> {
    let folders = tree.iter().flat_map(|(path, _)| path.ancestors().skip(1).map(Path::to_owned));
    folders.filter(|path| !path.as_os_str().is_empty()).collect()
}

#[test]
fn nothing_is_copied_while_a_withdrawal_is_not_finished() {
    let from = Memory::default();
    let mut archive = init(Arc::new(from.clone()));
    add(&mut archive, 1, &[("a", &noise(1, 9000)), ("b", b"two")]).unwrap();
    let to = Memory::default();
    copy(&archive, Arc::new(to.clone())).unwrap();
    let before = to.contents();
    let request = WithdrawalRequest {
        contents: vec![archive.select(b"a", Timestamp::from_unix(1_900_000_000, 0)).unwrap()],
        words: BTreeSet::new(),
        reason: ReasonCode::new("legal").unwrap(),
        note: None,
        everywhere: false,
    };
    // Packs are full of it when the disk is full.
    let whole = Faulty::none(Arc::new(Memory::of(from.contents())));
    let withdraw = |storage: Arc<dyn Storage>| {
        let mut archive = Archive::open(storage, None).unwrap();
        archive.withdraw(&request, (&signer(), &context(50)), "test", &mut |_| Ok(())).map(drop)
    };
    withdraw(Arc::new(whole.clone())).unwrap();
    let is_last = |call: &docarchive::internals::backend::faulty::Call| {
        call.verb == "put" && call.name.starts_with("packs/")
    };
    let n_pack = whole.calls().iter().position(is_last).unwrap();
    let full = Faulty::at(Arc::new(from.clone()), n_pack, Fault::Full);
    let error = withdraw(Arc::new(full)).unwrap_err();
    assert!(matches!(error, Error::Unfinished { .. }), "{error}");
    let mut archive = Archive::open(Arc::new(from.clone()), None).unwrap();
    for storage in [to.clone(), Memory::default()] {
        let before = storage.contents();
        let error = copy(&archive, Arc::new(storage.clone())).unwrap_err();
        assert!(error.to_string().contains("not finished"), "{error}");
        assert_eq!(storage.contents(), before);
    }
    assert_eq!(to.contents(), before);
    archive.resume_withdrawals((&signer(), &context(60)), "test", &mut |_| Ok(())).unwrap();
    copy(&archive, Arc::new(to.clone())).unwrap();
    let archive = Archive::open(Arc::new(to), None).unwrap();
    assert_eq!(archive.withdrawal_left().unwrap(), None);
}

#[test]
fn a_copy_that_is_gone_is_missed() {
    let sandbox = example();
    sandbox.run(["copy", "-q", "disk/copy"]).expect(0);
    fs::remove_dir_all(sandbox.at("disk/copy")).unwrap();
    sandbox.run(["copy", "disk/copy"]).expect(10).says("archive copy --new");
    assert!(!sandbox.at("disk/copy").exists());
    sandbox.run(["copy", "-q", "--new", "disk/copy"]).expect(0);
    sandbox.run(["copy", "-q", "--new", "disk/copy"]).expect(0);
}

/// Also where the archive went on as another epoch since, and where it was itself an older copy when it was copied.
#[test]
fn a_copy_of_an_older_or_adopted_archive_is_missed_too() {
    let sandbox = example();
    put_tree(&sandbox.store(), &sandbox.at("old"));
    sandbox.run(["add", "-q", "a.txt", "--force", "--record-unchanged"]).expect(0);
    sandbox.run(["copy", "-q", "--store", "old", "red/copy"]).expect(0);
    fs::remove_dir_all(sandbox.at("red/copy")).unwrap();
    sandbox.run(["copy", "red/copy"]).expect(10);
    sandbox.run(["copy", "-q", "blue/copy"]).expect(0);
    fs::remove_dir_all(sandbox.at("blue/copy")).unwrap();
    put_tree(&sandbox.at("old"), &sandbox.store());
    sandbox.run(["adopt", "-q", "--reason", "a loss"]).expect(0);
    sandbox.run(["copy", "blue/copy"]).expect(10);
    assert!(!sandbox.at("blue/copy").exists());
}

/// Whoever has the folder can adopt it under a key of their own, and withdraw what they like.
#[test]
fn an_epoch_is_copied_over_an_earlier_one_only_by_whoever_has_its_key() {
    let sandbox = example();
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    put_tree(&sandbox.store(), &sandbox.at("evil"));
    let stranger = |words: &[&str]| {
        Ran::of(sandbox.command(words).args(["--store", "evil"]).env("HOME", sandbox.at("other")))
    };
    fs::create_dir_all(sandbox.at("other")).unwrap();
    stranger(&["adopt", "-q", "--reason", "x"]).expect(0);
    stranger(&["withdraw", "-q", "a.txt", "--reason", "error"]).expect(0);
    sandbox.run(["ls", "--store", "evil"]).expect(0);
    let before = facts(&sandbox.at("copy"));
    let refused = sandbox.run(["copy", "--store", "evil", "copy"]).expect(6);
    assert!(refused.err.contains("its key is not here"), "{}", refused.err);
    assert_eq!(facts(&sandbox.at("copy")), before);
    sandbox.run(["copy", "-q", "copy"]).expect(0);
    // One that its owner adopts goes on in its copies.
    put_tree(&sandbox.store(), &sandbox.at("old"));
    sandbox.write("c.txt", "c");
    sandbox.run(["add", "-q", "c.txt"]).expect(0);
    sandbox.run(["adopt", "-q", "--store", "old", "--reason", "a loss"]).expect(0);
    sandbox.run(["copy", "-q", "--store", "old", "copy"]).expect(0);
}

#[test]
fn a_copy_lies_elsewhere_and_takes_nothing_away() {
    let sandbox = example();
    let store = sandbox.store();
    let inner = store.join("copy");
    let outer = store.parent().unwrap();
    for place in [&store, &inner, outer] {
        sandbox.run(["copy".as_ref(), place.as_os_str()]).expect(2);
    }
    sandbox.write("full/text", "x");
    sandbox.run(["copy", "full"]).expect(2).says("full is not empty");
    sandbox.run(["copy", "full/text"]).expect(2).says("is not a folder");
    sandbox.run(["copy"]).expect(2);
    assert_eq!(Sandbox::tree(&sandbox.at("full")).len(), 1);
    // Of a first copy that another archive began.
    sandbox.run(["init", "-q", "--store", "other"]).expect(0);
    put_tree(&sandbox.at("other/log"), &sandbox.at("begun/log"));
    sandbox.run(["copy", "begun"]).expect(2).says("the beginning of another archive");
}

/// Puts all packs anew.
fn rewrite(archive: &mut Archive) {
    let levels = docarchive::internals::store::CompressionLevels::all(1);
    crate::common::compact(archive, Policy::Rewrite(levels, 1)).unwrap();
}

/// A first copy, one that is brought up to date, and one of packs that were put together meanwhile.
fn stories() -> Vec<(Memory, Memory)> {
    let from = Memory::default();
    let mut archive = init(Arc::new(from.clone()));
    let mut stories = vec![];
    let copied = |archive: &Archive| {
        let to = Memory::default();
        copy(archive, Arc::new(to.clone())).unwrap();
        to
    };
    add(&mut archive, 1, &[("a", b"one"), ("b", &noise(1, 9000))]).unwrap();
    stories.push((Memory::of(from.contents()), Memory::default()));
    let old = copied(&Archive::open(Arc::new(from.clone()), None).unwrap());
    for n in 2..6 {
        let text = noise(n, 700);
        add(&mut archive, n, &[("a", &text)]).unwrap();
    }
    stories.push((Memory::of(from.contents()), Memory::of(old.contents())));
    rewrite(&mut archive);
    stories.push((Memory::of(from.contents()), Memory::of(old.contents())));
    // Packs between those of the copy and those of now came and went: some commits speak of packs that are nowhere.
    for n in 6..9 {
        let text = noise(n, 700);
        add(&mut archive, n, &[("c", &text), ("d", &noise(n, 300))]).unwrap();
        rewrite(&mut archive);
    }
    stories.push((Memory::of(from.contents()), Memory::of(old.contents())));
    // What was withdrawn goes from the copy.
    let request = WithdrawalRequest {
        contents: vec![archive.select(b"b", Timestamp::from_unix(1_900_000_000, 0)).unwrap()],
        words: BTreeSet::from([0]),
        reason: ReasonCode::new("legal").unwrap(),
        note: None,
        everywhere: false,
    };
    archive.withdraw(&request, (&signer(), &context(50)), "test", &mut |_| Ok(())).unwrap();
    stories.push((Memory::of(from.contents()), Memory::of(old.contents())));
    stories
}

/// The audit knows of no content that cannot be read.
fn expect_nothing_lost(archive: &Archive) {
    for is_quick in [true, false] {
        let scope = AuditScope { is_quick, ..AuditScope::default() };
        let report = archive.audit(&scope, HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
        let is_lost = |code| matches!(code, Code::BlobMissing | Code::BlobDamaged);
        assert!(!report.findings.iter().any(|it| is_lost(it.code)), "{:#?}", report.findings);
    }
}

fn copy(archive: &Archive, to: Arc<dyn Storage>) -> Result<(), Error> {
    archive.copy_to(to, None, CopyOptions::default(), "test", &mut |_| Ok(())).map(drop)
}

#[test]
fn a_copy_that_was_interrupted_anywhere_is_finished_by_the_next_run() {
    for (i, (from, to)) in stories().into_iter().enumerate() {
        let archive = Archive::open(Arc::new(from.clone()), None).unwrap();
        let whole = Memory::of(to.contents());
        let faulty = Faulty::none(Arc::new(whole.clone()));
        copy(&archive, Arc::new(faulty.clone())).unwrap();
        let n_calls = faulty.calls().len();
        let step = if is_slow() { 3 } else { 7 };
        for n in (i..n_calls).step_by(step) {
            for fault in [Fault::NotDone, Fault::Unreported, Fault::Half, Fault::Death, Fault::Full]
            {
                let there = Memory::of(to.contents());
                let storage = Faulty::at(Arc::new(there.clone()), n, fault);
                let _ = copy(&archive, Arc::new(storage));
                let left: Arc<dyn Storage> = Arc::new(there.clone());
                // What was a copy is some state of the archive, of which every revision can be read.
                if left.size("identity").unwrap().is_some() {
                    let left = Archive::open(Arc::clone(&left), None).unwrap();
                    everything(&left);
                    if fault == Fault::Death {
                        expect_nothing_lost(&left);
                    }
                }
                copy(&archive, left)
                    .unwrap_or_else(|e| panic!("story {i}, call {n}, {fault:?}: {e}"));
                let read = |memory: &Memory| {
                    everything(&Archive::open(Arc::new(memory.clone()), None).unwrap())
                };
                assert_eq!(read(&there), read(&from), "story {i}, call {n}, {fault:?}");
                assert_eq!(there.contents(), whole.contents(), "story {i}, call {n}, {fault:?}");
            }
        }
    }
}

#[test]
fn an_archive_in_use_can_be_copied_by_programs_that_know_nothing_of_it() {
    let sandbox = example();
    sandbox.write("many/0", "0");
    let script = "for i in 1 2 3 4 5; do echo $i > many/$i; \"$0\" add -q many || exit 1; done";
    let mut adding = sandbox.other("sh");
    adding.args(["-c", script, crate::common::sandbox::program()]);
    let mut child = start(&mut adding);
    let mut n = 0;
    loop {
        let known = sandbox.run(["ls", "--json"]).expect(0).text();
        let to = sandbox.at(format!("tar-{n}"));
        fs::create_dir(&to).unwrap();
        let pipe = format!(
            "tar -C {} -cf - . 2>tar.log | tar -C {} -xf -",
            sandbox.store().display(),
            to.display()
        );
        sandbox.other("sh").args(["-c", &pipe]).status().unwrap();
        for line in known.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let Some(name) = line["name"].as_str() else { continue };
            sandbox
                .run(["cat".as_ref(), "--store".as_ref(), to.as_os_str(), name.as_ref()])
                .expect(0);
        }
        n += 1;
        if child.try_wait().unwrap().is_some() {
            break;
        }
    }
    assert!(n > 1);
}
