//! Whatever is damaged: nothing panics, no wrong byte is handed out, and the damage is named.
//!
//! Every file of a small archive is flipped byte by byte, cut and removed. Every 7th byte is tried,
//! or all with ARCHIVE_SLOW.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        inspect::audit::{AuditReport, AuditScope, Code},
        maintain::compact::{CompressionLevels, Policy},
        presence::AsOf,
    },
    backend::{
        Storage,
        local::Local,
        memory::{Contents, Memory},
    },
    journal::note::Signer,
    types::error::Error,
};

use crate::common::{
    self, add, check, context, everything, init, init_in, is_slow, sandbox::Sandbox, signer,
};

const STORY: &str = "The harbour was closed on Monday after the storm broke two of its piers.\n\n\
    Nobody was hurt, the harbour master said, and fishing may begin again next week.\n";

type Truth = BTreeMap<Vec<u8>, Vec<Vec<u8>>>;

fn grown(mut archive: Archive) -> Archive {
    let two = format!("{STORY}{}", STORY.replace("Monday", "Tuesday"));
    let three = two.replace("fishing", "sailing");
    add(&mut archive, 1, &[("a.txt", STORY.as_bytes()), ("b/c.txt", b"other"), ("empty", b"")])
        .unwrap();
    add(&mut archive, 2, &[("a.txt", two.as_bytes()), ("copy.txt", STORY.as_bytes())]).unwrap();
    add(&mut archive, 3, &[("a.txt", three.as_bytes())]).unwrap();
    archive
}

fn facts() -> (Contents, Truth) {
    let memory = Memory::default();
    let archive = grown(init(Arc::new(memory.clone())));
    (memory.contents(), everything(&archive).into_iter().collect())
}

/// What reading an archive showed.
struct Seen {
    /// Errors of reading, as people see them.
    errors: Vec<String>,
    n_read: usize,
    report: AuditReport,
}

/// Reads everything, and compares what can be read with the truth.
fn file_stat(archive: &Archive, truth: &Truth, case: &str) -> Result<Seen, Error> {
    let (mut errors, mut n_read) = (Vec::new(), 0);
    archive.each_document(AsOf::Now, |document, _| {
        let mut revisions = archive.catalog().revisions(document)?;
        revisions.reverse();
        for revision in revisions {
            match archive.read_whole(document, &revision) {
                Ok(bytes) => {
                    let of_document = truth.get(document.name.as_bytes());
                    let number = revision.number as usize - 1;
                    let right = of_document.and_then(|all| all.get(number));
                    // Without its detail a document has no name to find it by.
                    let is_right = match right {
                        Some(right) => bytes == *right,
                        None => truth.values().flatten().any(|right| bytes == *right),
                    };
                    assert!(is_right, "{case}: {}@{} is wrong", document.name.text(), number + 1);
                    n_read += 1;
                }
                Err(error) => errors.push(error.to_string()),
            }
        }
        Ok(())
    })?;
    let report = archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {})?;
    Ok(Seen { errors, n_read, report })
}

fn n_revisions(truth: &Truth) -> usize {
    truth.values().map(Vec::len).sum()
}

/// Opens damaged facts: either an error names the damage, or a finding does.
fn judge(contents: Contents, truth: &Truth, object: &str, case: &str) {
    let seen = Archive::open(Arc::new(Memory::of(contents)), None)
        .and_then(|archive| file_stat(&archive, truth, case));
    match seen {
        Ok(seen) => {
            // zstd has bits that mean nothing; then what people read is all there, and verified.
            let is_whole = seen.errors.is_empty() && seen.n_read == n_revisions(truth);
            let is_harmless = !object.starts_with("packs/") && is_whole;
            assert!(!seen.report.is_sound() || is_harmless, "{case}: nobody noticed");
        }
        Err(error) => {
            let names = object.rsplit_once("/entries/").map_or(object, |_| "log/entries");
            let text = error.to_string();
            let is_named = text.contains(names)
                || (object.starts_with("log/") && text.contains("event "))
                || matches!(error, Error::NoArchive { .. } | Error::Refused(_));
            assert!(is_named, "{case}: the error does not name it: {text}");
        }
    }
}

#[test]
fn a_fact_flipped_anywhere_is_noticed_and_never_misread() {
    let (contents, truth) = facts();
    let stride = if is_slow() { 3 } else { 13 };
    for (object, bytes) in &contents {
        for at in (0..bytes.len()).step_by(stride) {
            let flips = [1_u8 << (at % 8)];
            for flip in flips {
                let mut bad = bytes.to_vec();
                bad[at] ^= flip;
                let mut damaged = contents.clone();
                damaged.insert(object.clone(), bad.into());
                judge(damaged, &truth, object, &format!("{object}, byte {at} ^ {flip}"));
            }
        }
    }
}

#[test]
fn a_fact_cut_or_removed_is_noticed_and_never_misread() {
    let (contents, truth) = facts();
    for (object, bytes) in &contents {
        for end in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = contents.clone();
            damaged.insert(object.clone(), bytes[..end].into());
            judge(damaged, &truth, object, &format!("{object} cut at {end}"));
        }
        let mut damaged = contents.clone();
        damaged.remove(object);
        judge(damaged, &truth, object, &format!("{object} removed"));
        let mut longer = bytes.to_vec();
        longer.push(b'\n');
        let mut damaged = contents.clone();
        damaged.insert(object.clone(), longer.into());
        judge(damaged, &truth, object, &format!("{object} with a byte more"));
    }
}

#[test]
fn two_facts_swapped_are_noticed_and_never_misread() {
    let (contents, truth) = facts();
    let names: Vec<&String> = contents.keys().collect();
    for (a, b) in names.iter().zip(&names[1..]) {
        if a.starts_with("log/checkpoint") || b.starts_with("log/checkpoint") {
            continue;
        }
        let mut damaged = contents.clone();
        damaged.insert((*a).clone(), contents[*b].clone());
        damaged.insert((*b).clone(), contents[*a].clone());
        let seen = Archive::open(Arc::new(Memory::of(damaged)), None)
            .and_then(|archive| file_stat(&archive, &truth, &format!("{a} and {b}")));
        assert!(seen.is_err() || !seen.unwrap().report.is_sound(), "{a} and {b}");
    }
}

/// A folder with a grown archive in it, closed.
fn in_a_folder() -> (tempfile::TempDir, PathBuf, Truth) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let archive = grown(init_in(&path));
    let truth = everything(&archive).into_iter().collect();
    drop(archive);
    (folder, path, truth)
}

fn open(path: &Path) -> Result<Archive, Error> {
    Archive::open(Arc::new(Local::open(path)?), Some(path))
}

#[test]
fn a_damaged_catalog_never_loses_a_fact() {
    let (_folder, path, truth) = in_a_folder();
    let file = path.join("catalog.sqlite");
    let good = fs::read(&file).unwrap();
    let wanted = open(&path).unwrap().catalog().dump().unwrap();
    let stride = if is_slow() { 149 } else { 1999 };
    let mut n_drifted = 0;
    for at in (0..good.len()).step_by(stride) {
        let case = format!("byte {at} of the catalog");
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(path.join(format!("catalog.sqlite{end}")));
        }
        fs::write(&file, bad).unwrap();
        let seen = open(&path).and_then(|archive| file_stat(&archive, &truth, &case));
        let is_whole = |seen: &Seen| {
            seen.errors.is_empty() && seen.report.is_sound() && seen.n_read == n_revisions(&truth)
        };
        match seen {
            Ok(seen) if is_whole(&seen) => {}
            Ok(_) => n_drifted += 1,
            Err(Error::Catalog { .. }) => n_drifted += 1,
            Err(error) => panic!("{case}: {error}"),
        }
        // Whatever it was: made anew, it is what it was.
        let mut archive = match open(&path) {
            Ok(archive) => archive,
            Err(_) => {
                fs::remove_file(&file).unwrap();
                open(&path).unwrap()
            }
        };
        archive.rebuild("test").unwrap();
        assert_eq!(archive.catalog().dump().unwrap(), wanted, "{case}");
        assert!(file_stat(&archive, &truth, &case).unwrap().report.findings.is_empty());
    }
    assert!(n_drifted > 0, "no flip changed anything");
}

#[test]
fn an_edited_catalog_is_drift() {
    let edits = [
        "UPDATE revision SET note = (SELECT min(id) FROM phrase) WHERE event = 0",
        "UPDATE document SET name = 'elsewhere.txt', tail = 13 WHERE id = 1",
        "UPDATE content SET digest = zeroblob(32), key = 0 WHERE id = 1",
        "UPDATE revision SET content = 2 WHERE event = 0",
        "DELETE FROM revision WHERE event = 0",
    ];
    for edit in edits {
        let (_folder, path, truth) = in_a_folder();
        let db = rusqlite::Connection::open(path.join("catalog.sqlite")).unwrap();
        assert_eq!(db.execute(edit, []).unwrap(), 1);
        db.close().unwrap();
        let archive = open(&path).unwrap();
        let report =
            archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {});
        let report = report.unwrap();
        let codes: Vec<Code> = report.findings.iter().map(|finding| finding.code).collect();
        assert!(codes.contains(&Code::CatalogDrift), "{edit}: {codes:?}");
        let mut archive = archive;
        archive.rebuild("test").unwrap();
        let all: Truth = everything(&archive).into_iter().collect();
        assert_eq!(all, truth, "{edit}");
    }
}

#[test]
fn i4_a_catalog_that_names_other_bytes_is_not_trusted() {
    let (_folder, path, _) = in_a_folder();
    let db = rusqlite::Connection::open(path.join("catalog.sqlite")).unwrap();
    db.execute("UPDATE revision SET content = 2 WHERE event = 0", []).unwrap();
    db.close().unwrap();
    let archive = open(&path).unwrap();
    let document = archive.document(b"a.txt").unwrap();
    let revision = archive.catalog().revision(document.id, 1).unwrap().unwrap();
    assert!(matches!(archive.read_whole(&document, &revision), Err(Error::Catalog { .. })));
}

#[test]
fn a_catalog_that_forgot_its_packs_does_not_lose_them() {
    let (_folder, path, truth) = in_a_folder();
    let db = rusqlite::Connection::open(path.join("catalog.sqlite")).unwrap();
    db.execute_batch("DELETE FROM pack; DELETE FROM place;").unwrap();
    db.close().unwrap();
    let mut archive = open(&path).unwrap();
    add(&mut archive, 9, &[("later.txt", b"later")]).unwrap();
    let all: Truth = everything(&archive).into_iter().filter(|(n, _)| n != b"later.txt").collect();
    assert_eq!(all, truth);
    let backend: Arc<dyn Storage> = Arc::new(Local::open(&path).unwrap());
    check(&archive, &backend);
}

#[test]
fn damage_in_a_base_names_every_revision_that_rests_on_it() {
    let (mut contents, _) = facts();
    let archive = Archive::open(Arc::new(Memory::of(contents.clone())), None).unwrap();
    let document = archive.document(b"a.txt").unwrap();
    let revisions = archive.catalog().revisions(&document).unwrap();
    assert_eq!(archive.chain(&revisions[0]).unwrap().depth, 2, "the story has a chain");
    // The first pack holds the first revision, on which the others rest.
    let places = docarchive::internals::store::place::Places::places(
        archive.catalog(),
        revisions[2].digest.key(),
    );
    let place = places.unwrap()[0];
    let name = place.pack.object_name();
    let mut bad = contents[&name].to_vec();
    bad[(place.offset + place.n_bytes) as usize - 1] ^= 1;
    contents.insert(name.clone(), bad.into());
    let archive = Archive::open(Arc::new(Memory::of(contents)), None).unwrap();
    let report =
        archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
    let mut affected: Vec<&str> =
        report.findings.iter().flat_map(|f| &f.revisions).map(String::as_str).collect();
    affected.sort_unstable();
    let rest_on_it = ["a.txt@1", "a.txt@2", "a.txt@3", "copy.txt@1"];
    assert!(rest_on_it.iter().all(|name| affected.contains(name)), "{affected:?}");
    assert!(report.findings.iter().any(|f| f.code == Code::PackDamaged && f.about == name));
}

#[test]
fn adding_the_same_bytes_again_heals_whatever_they_are_called() {
    let (contents, _) = facts();
    let backend: Arc<dyn Storage> = Arc::new(Memory::of(contents));
    let mut archive = Archive::open(Arc::clone(&backend), None).unwrap();
    add(&mut archive, 20, &[("large", &common::noise(3, 6 << 20))]).unwrap();
    let truth = everything(&archive);
    let mut spoilt = common::copy(&*backend).contents();
    for (_, pack) in spoilt.iter_mut().filter(|(name, _)| name.starts_with("packs/")) {
        let mut bad = pack.to_vec();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        *pack = bad.into();
    }
    let mut archive = Archive::open(Arc::new(Memory::of(spoilt)), None).unwrap();
    let n_bad = |archive: &Archive| {
        let report =
            archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {});
        report.unwrap().findings.iter().filter(|f| f.code == Code::BlobDamaged).count()
    };
    assert!(n_bad(&archive) > 0);
    for (n, bytes) in truth.iter().flat_map(|(_, revisions)| revisions).enumerate() {
        add(&mut archive, 30 + n as u64, &[(&format!("again/{n}"), bytes)]).unwrap();
    }
    assert_eq!(n_bad(&archive), 0);
}

#[test]
fn the_pack_that_comes_out_the_same_lies_beside_the_damaged_one() {
    // A document lies alone in a pack, and a byte of the pack flips. The same bytes, added under another
    // name, come out as the same pack; its name is its own all the same, so the damaged one is in nobody's
    // way, and goes with the next compaction.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    add(&mut init_in(&path), 1, &[("a.txt", STORY.as_bytes())]).unwrap();
    let backend: Arc<dyn Storage> = Arc::new(Local::open(&path).unwrap());
    let packs = backend.list("packs").unwrap();
    assert_eq!(packs.len(), 1, "the document lies alone");
    let pack = path.join(&packs[0].name);
    let good = fs::read(&pack).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    fs::write(&pack, bad).unwrap();
    let mut archive = open(&path).unwrap();
    let report =
        archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
    assert!(report.findings.iter().any(|finding| finding.code == Code::BlobDamaged));
    add(&mut archive, 2, &[("b.txt", STORY.as_bytes())]).unwrap();
    assert_eq!(backend.list("packs").unwrap().len(), 2);
    assert_eq!(everything(&archive).len(), 2);
    let rewrite = Policy::Rewrite(CompressionLevels::default(), 1);
    crate::common::compact(&mut archive, rewrite).unwrap();
    assert_eq!(backend.list("packs").unwrap().len(), 1);
    check(&archive, &backend);
}

#[test]
fn what_is_no_fact_affects_nothing() {
    let (_folder, path, truth) = in_a_folder();
    for name in ["lock", "log/stray"] {
        for bytes in [&b""[..], b"\xff\0nonsense\n"] {
            fs::write(path.join(name), bytes).unwrap();
            let mut archive = open(&path).unwrap();
            let seen = file_stat(&archive, &truth, name).unwrap();
            assert!(seen.report.findings.is_empty() && seen.errors.is_empty(), "{name}");
            add(&mut archive, 9, &[("a.txt", STORY.as_bytes())]).unwrap();
            add(&mut archive, 10, &[("a.txt", &truth[&b"a.txt"[..]][2])]).unwrap();
            drop(archive);
            // The next round starts from the story.
            let (_folder, fresh, _) = in_a_folder();
            fs::remove_dir_all(&path).unwrap();
            fs::rename(fresh, &path).unwrap();
        }
    }
}

// Who can do what, and what shows it: docs/threats.md.

/// The vkey and checkpoint that somebody remembers.
fn remembered(archive: &Archive) -> (String, Vec<u8>) {
    (archive.vkey(), archive.checkpoint().to_vec())
}

fn history_check(contents: Contents, (vkey, note): &(String, Vec<u8>)) -> HistoryCheck {
    let archive = Archive::open(Arc::new(Memory::of(contents)), None).unwrap();
    archive.history_check(vkey, note).unwrap()
}

#[test]
fn an_honest_archive_extends_what_is_remembered() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let empty = remembered(&archive);
    add(&mut archive, 1, &[("a", b"one")]).unwrap();
    let earlier = remembered(&archive);
    add(&mut archive, 2, &[("a", b"two")]).unwrap();
    let now = remembered(&archive);
    for (remembered_checkpoint, size) in [(empty, 0), (earlier, 3), (now, 6)] {
        assert_eq!(
            history_check(memory.contents(), &remembered_checkpoint),
            HistoryCheck::Extends { size }
        );
    }
}

#[test]
fn an_old_folder_put_back_is_rolled_back() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("a", b"one")]).unwrap();
    let old = memory.contents();
    add(&mut archive, 2, &[("a", b"two")]).unwrap();
    let remembered_checkpoint = remembered(&archive);
    assert_eq!(
        history_check(old.clone(), &remembered_checkpoint),
        HistoryCheck::RolledBack { remembered: 6, size: 3 }
    );
    // Only the tail cut: the newest commit is gone, all else is there.
    let mut cut = memory.contents();
    cut.remove("log/000/000/002");
    assert_eq!(
        history_check(cut, &remembered_checkpoint),
        HistoryCheck::RolledBack { remembered: 6, size: 3 }
    );
    // The folder alone is sound: without what is remembered nobody can see it.
    let backend: Arc<dyn Storage> = Arc::new(Memory::of(old));
    check(&Archive::open(Arc::clone(&backend), None).unwrap(), &backend);
}

#[test]
fn another_history_by_the_same_key_is_forked() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("a", b"one")]).unwrap();
    let old = memory.contents();
    add(&mut archive, 2, &[("a", b"two")]).unwrap();
    let remembered_checkpoint = remembered(&archive);
    let other = Memory::of(old);
    let mut forked = Archive::open(Arc::new(other.clone()), None).unwrap();
    add(&mut forked, 2, &[("a", b"something else")]).unwrap();
    assert_eq!(
        history_check(other.contents(), &remembered_checkpoint),
        HistoryCheck::Forked { size: 6 }
    );
    add(&mut forked, 3, &[("a", b"and more")]).unwrap();
    assert_eq!(
        history_check(other.contents(), &remembered_checkpoint),
        HistoryCheck::Forked { size: 6 }
    );
    let report = forked
        .audit(
            &AuditScope::default(),
            history_check(other.contents(), &remembered_checkpoint),
            &mut |_| {},
        )
        .unwrap();
    assert!(report.findings.iter().any(|finding| finding.code == Code::LogForked));
}

#[test]
fn another_key_is_another_archive() {
    let archive = init(Arc::new(Memory::default()));
    let remembered_checkpoint = remembered(&archive);
    let other_signer = Signer::from_seed("example.org/test", &[8; 32]).unwrap();
    let memory = Memory::default();
    let other = Archive::init(Arc::new(memory.clone()), None, &other_signer).unwrap();
    let found = history_check(memory.contents(), &remembered_checkpoint);
    assert_eq!(found, HistoryCheck::OtherKey { remembered: remembered_checkpoint.0 });
    assert!(found.is_bad());
    drop(other);
    // Nobody but the key's holder writes.
    let mut archive = Archive::open(Arc::new(memory), None).unwrap();
    let mine = signer();
    assert!(matches!(
        archive.transaction(&mine, context(1), Default::default(), "test"),
        Err(Error::Refused(_))
    ));
}

#[test]
fn a_journal_edited_and_recomputed_without_the_key_is_untrusted() {
    // The forger rewrites history with a key of the same name, and puts the true identity back.
    let (contents, truth) = facts();
    let other_signer = Signer::from_seed("example.org/test", &[8; 32]).unwrap();
    let memory = Memory::default();
    let mut forged = Archive::init(Arc::new(memory.clone()), None, &other_signer).unwrap();
    let mut adding =
        forged.transaction(&other_signer, context(1), Default::default(), "test").unwrap();
    common::add_one(&mut adding, b"a.txt", b"nothing ever happened").unwrap();
    adding.commit().unwrap();
    let mut forgery = memory.contents();
    forgery.insert("identity".into(), contents["identity"].clone());
    let opened = Archive::open(Arc::new(Memory::of(forgery.clone())), None);
    assert!(matches!(opened, Err(Error::Untrusted { .. })));
    // With the true checkpoint over the forged journal, the root shows it.
    forgery.insert("log/checkpoint".into(), contents["log/checkpoint"].clone());
    let seen = Archive::open(Arc::new(Memory::of(forgery)), None)
        .and_then(|archive| file_stat(&archive, &truth, "forged"));
    assert!(seen.is_err() || !seen.unwrap().report.is_sound());
}

#[test]
fn a_copy_of_a_living_archive_is_whole_if_the_journal_is_copied_first() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("a", b"one")]).unwrap();
    let before = memory.contents();
    add(&mut archive, 2, &[("a", b"two"), ("b", b"three")]).unwrap();
    let after = memory.contents();
    let copied = |journal: &Contents, others: &Contents| {
        let is_journal = |name: &str| name.starts_with("log/") || name == "identity";
        let journal = journal.iter().filter(|(name, _)| is_journal(name));
        let others = others.iter().filter(|(name, _)| !is_journal(name));
        let copy = Memory::of(journal.chain(others).map(|(n, b)| (n.clone(), b.clone())).collect());
        Archive::open(Arc::new(copy), None).unwrap()
    };
    let audit = |archive: &Archive| {
        let history = HistoryCheck::NotRemembered;
        archive.audit(&AuditScope::default(), history, &mut |_| {}).unwrap()
    };
    let first = copied(&before, &after);
    assert_eq!(everything(&first), [(b"a".to_vec(), vec![b"one".to_vec()])]);
    assert!(audit(&first).is_sound());
    // The other way round it says what is missing.
    let last = copied(&after, &before);
    let codes: Vec<Code> = audit(&last).findings.iter().map(|finding| finding.code).collect();
    assert!(
        codes.contains(&Code::DetailMissing) && codes.contains(&Code::BlobMissing),
        "{codes:?}"
    );
}

// With all packs gone, compact said "nothing to do", stats "0 packs", rebuild nothing, and search and dups "no".
#[test]
fn what_lies_in_missing_packs_is_not_known_and_no_answer_is_no() {
    let sandbox = Sandbox::new();
    for (name, text) in [("a", "ferries sail at noon today"), ("b", "the harbour is closed")] {
        sandbox.write(name, text);
    }
    sandbox.run(["add", "-q", "a", "b"]).expect(0);
    let whole = |words: &[&str], code| sandbox.run(words).expect(code).expect_quiet();
    whole(&["dups", "-q"], 1);
    whole(&["search", "-q", "nowhere"], 1);
    let packs = sandbox.store().join("packs");
    for folder in std::fs::read_dir(&packs).unwrap() {
        for pack in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let pack = pack.unwrap().path();
            std::fs::remove_file(&pack).unwrap();
            // A folder in its place is no pack either.
            std::fs::create_dir(&pack).unwrap();
        }
    }
    for words in [
        &["stats"][..],
        &["compact", "-n"],
        &["compact"],
        &["dups"],
        &["rebuild"],
        &["compact", "--all"],
        &["stats"],
        &["search", "ferries"],
        &["dups"],
        &["rebuild", "--sketches"],
    ] {
        sandbox.run(words).expect(6).says("archive audit");
    }
}
