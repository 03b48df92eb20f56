//! What was is not what is: older revisions, sketches of other versions, a catalog made anew.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use docarchive::internals::{
    archive::{
        Archive,
        ingest::{IngestEvent, IngestItem, IngestOptions},
        maintain::compact::Policy,
        similar::{ReadAs, Threshold},
    },
    backend::{Storage, memory::Memory},
    similarity::params::NEW_TEXTS_COMPARED_MAX,
};
use rusqlite::Connection;

use super::{
    Text, add_on, boilerplate::page, grouped, holding, names, near_document, near_to, set, story,
};
use crate::common::{check, context, init, init_in, intake, open_in, signer};

#[test]
fn a_new_revision_replaces_the_old_one() {
    let texts = [("a", story(1, 12)), ("copy", story(1, 10)), ("other", story(2, 12))];
    let texts = texts.map(|(name, text)| (name.to_owned(), text));
    let mut archive = holding(&texts);
    assert_eq!(grouped(&archive), BTreeSet::from([set(["a", "copy"])]));
    add_on(&mut archive, 2, &[("a".into(), story(3, 12))], 1);
    assert_eq!(grouped(&archive), BTreeSet::new());
    assert_eq!(names(&near_document(&archive, "copy", false)), BTreeSet::new());
    assert_eq!(names(&near_to(&archive, &story(1, 12))), set(["copy"]));
    assert_eq!(names(&near_to(&archive, &story(3, 11))), set(["a"]));
    let near = near_document(&archive, "copy", true);
    assert_eq!(names(&near), set(["a"]));
    assert_eq!(near[0].revision.number, 1);
    // And back again.
    add_on(&mut archive, 3, &[("a".into(), story(1, 12))], 1);
    assert_eq!(grouped(&archive), BTreeSet::from([set(["a", "copy"])]));
    assert_eq!(names(&near_to(&archive, &story(3, 11))), BTreeSet::new());
}

/// What adding these texts says of each and earlier documents.
fn said_of(archive: &mut Archive, n: u64, texts: &[(&str, String)]) -> Vec<(String, String)> {
    let options = IngestOptions { near: Some(Threshold::Copied), ..IngestOptions::default() };
    let items = texts
        .iter()
        .map(|(name, text)| IngestItem::Document(intake(name.as_bytes(), text.as_bytes()), ()));
    let mut said = Vec::new();
    let report = |event: IngestEvent<()>| {
        if let IngestEvent::Near { name, near, .. } = event {
            said.push((name.text().into_owned(), near.document.name.text().into_owned()));
        }
        Ok(())
    };
    archive.ingest(&signer(), context(n), "test", items, &options, report).unwrap();
    said
}

#[test]
fn an_add_says_what_is_near_once_and_the_same_bytes_too() {
    let mut archive = holding(&[("wire".into(), story(1, 12))]);
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    let said = said_of(&mut archive, 2, &[("copy", story(1, 10))]);
    assert_eq!(said, [pair("copy", "wire")]);
    let corrected = story(1, 10) + "This was corrected.\n";
    assert_eq!(said_of(&mut archive, 3, &[("copy", corrected.clone())]), []);
    assert_eq!(said_of(&mut archive, 4, &[("copy", corrected)]), []);
    // What was something else meanwhile is news again.
    assert_eq!(said_of(&mut archive, 5, &[("copy", story(2, 12))]), []);
    assert_eq!(said_of(&mut archive, 6, &[("copy", story(1, 11))]), [pair("copy", "wire")]);
    let moved = said_of(&mut archive, 7, &[("moved", story(1, 12)), ("empty", String::new())]);
    assert_eq!(moved, [pair("moved", "wire")]);
    assert_eq!(said_of(&mut archive, 8, &[("empty too", String::new())]), []);
}

#[test]
fn a_text_that_had_been_here_is_near_like_a_new_one() {
    let mut archive = holding(&[("a".into(), story(1, 12))]);
    add_on(&mut archive, 2, &[("a".into(), story(3, 12))], 1);
    add_on(&mut archive, 3, &[("b".into(), story(1, 11))], 1);
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    let again = [("c", story(1, 12)), ("d", story(1, 12)), ("e", story(1, 10))];
    let said: BTreeSet<_> = said_of(&mut archive, 4, &again).into_iter().collect();
    let expected = [pair("c", "b"), pair("d", "c"), pair("e", "b"), pair("e", "c"), pair("e", "d")];
    assert_eq!(said, BTreeSet::from(expected));
}

/// Pages of four sites, one of which has more than are sampled, letters, and second revisions.
fn commits() -> Vec<Vec<Text>> {
    let page = |n: usize| {
        let site = if n < 80 { 0 } else { 1 + n % 3 };
        (format!("site{site}/page{n}"), page(site, n, &story(n as u64 % 100, 12)))
    };
    let mut all: Vec<Text> = (0..120).map(page).collect();
    all.extend((0..12).map(|n| (format!("letter{n}"), story(10 * n, 9))));
    let mut again: Vec<Text> = all[75..90].to_vec();
    again.iter_mut().for_each(|(_, text)| *text += "A line was added to it later on.\n");
    again.push(all[3].clone());
    again[15].0 = "site3/late".into();
    all.rotate_left(57);
    let mut commits: Vec<Vec<Text>> = all.chunks(9).map(<[Text]>::to_vec).collect();
    commits.push(again);
    commits
}

fn grown(mut archive: Archive) -> Archive {
    for (n, texts) in commits().iter().enumerate() {
        add_on(&mut archive, n as u64 + 1, texts, 1 + n % 3);
    }
    archive
}

fn in_a_folder() -> (tempfile::TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    drop(grown(init_in(&path)));
    let wanted = open_in(&path).catalog().dump().unwrap();
    for table in ["sketch", "posting", "sampled", "boilerplate"] {
        assert!(wanted.contains(&format!("\n{table}|")), "no {table}");
    }
    (folder, path, wanted)
}

/// Another version's sketches, some of them torn.
fn spoil(path: &Path) {
    let shell = Connection::open(path.join("catalog.sqlite")).unwrap();
    let spoil = "UPDATE meta SET value = 'other' WHERE name = 'sketches';
        UPDATE sketch SET data = x'010203' WHERE content % 3 = 0;
        UPDATE sketch SET data = zeroblob(9), posted = 0 WHERE content % 7 = 1;
        DELETE FROM sketch WHERE content % 5 = 2;
        DELETE FROM posting WHERE rowid % 2 = 0;
        UPDATE boilerplate SET data = x'05' WHERE site % 2 = 0;
        DELETE FROM sampled WHERE rank % 2 = 0;";
    shell.execute_batch(spoil).unwrap();
}

#[test]
fn sketches_of_another_version_are_made_again_for_readers() {
    let (_folder, path, wanted) = in_a_folder();
    spoil(&path);
    assert!(open_in(&path).catalog().dump().unwrap() == wanted);
    assert!(open_in(&path).catalog().dump().unwrap() == wanted);
}

#[test]
fn sketches_of_another_version_are_made_again_for_writers() {
    let (_folder, path, wanted) = in_a_folder();
    let mut archive = open_in(&path);
    spoil(&path);
    crate::common::compact(&mut archive, Policy::Tidy).unwrap();
    let without_places = |dump: &str| -> String {
        // Compacting is a commit of its own.
        let of_commits = ["pack|", "place|", "meta|", "event|", "tile|"];
        let is_kept = |line: &&str| !of_commits.iter().any(|table| line.starts_with(table));
        dump.lines().filter(is_kept).collect::<Vec<_>>().join("\n")
    };
    let dump = archive.catalog().dump().unwrap();
    assert!(without_places(&dump) == without_places(&wanted));
    spoil(&path);
    add_on(&mut archive, 99, &[("new".into(), story(777, 12))], 1);
    let dump = archive.catalog().dump().unwrap();
    archive.rebuild("test").unwrap();
    assert!(archive.catalog().dump().unwrap() == dump);
}

#[test]
fn sketches_made_again_are_the_same() {
    let (_folder, path, wanted) = in_a_folder();
    let mut archive = open_in(&path);
    archive.rebuild_sketches("test").unwrap();
    assert!(archive.catalog().dump().unwrap() == wanted);
    spoil(&path);
    archive.rebuild_sketches("test").unwrap();
    assert!(archive.catalog().dump().unwrap() == wanted);
    drop(archive);
    assert!(open_in(&path).catalog().dump().unwrap() == wanted);
}

#[test]
fn a_catalog_made_anew_has_the_same_sketches_samples_and_boilerplate() {
    let (_folder, path, wanted) = in_a_folder();
    let groups = grouped(&open_in(&path));
    assert!(groups.len() > 10, "{} groups", groups.len());
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(path.join(format!("catalog.sqlite{end}")));
    }
    let archive = open_in(&path);
    assert!(archive.catalog().dump().unwrap() == wanted);
    assert_eq!(grouped(&archive), groups);
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let archive = grown(init(Arc::clone(&backend)));
    assert!(archive.catalog().dump().unwrap() == wanted);
    check(&archive, &backend);
}

/// A refresh of boilerplate that failed after the events were applied left a catalog that was in step
/// with the journal and had no boilerplate, until the next commit: what was found of near-duplicates
/// depended on it. The batch is in by then, and the catalog is made anew.
#[test]
fn a_catalog_without_the_boilerplate_is_not_in_step() {
    let (_folder, path, _) = in_a_folder();
    let mut archive = open_in(&path);
    let shell = Connection::open(path.join("catalog.sqlite")).unwrap();
    let stop = "CREATE TRIGGER stop BEFORE INSERT ON boilerplate WHEN NEW.data IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'stopped'); END";
    shell.execute_batch(stop).unwrap();
    let late: Vec<Text> = (0..9)
        .map(|n| (format!("site2/late{n}"), page(2, n, &story(900 + n as u64, 12))))
        .collect();
    let (signer, provenance) = (crate::common::signer(), Default::default());
    let mut adding =
        archive.transaction(&signer, crate::common::context(99), provenance, "test").unwrap();
    for (name, text) in &late {
        crate::common::add_one(&mut adding, name.as_bytes(), text.as_bytes()).unwrap();
    }
    adding.commit().unwrap();
    drop(adding);
    drop(archive);
    shell.execute_batch("DROP TRIGGER IF EXISTS stop").unwrap();
    let dump = open_in(&path).catalog().dump().unwrap();
    let mut archive = open_in(&path);
    archive.rebuild("test").unwrap();
    assert!(archive.catalog().dump().unwrap() == dump);
}

/// What a reader holds in view names packs that were compacted away since: their texts were taken
/// for damaged, and the groups that they belong to were not found.
#[test]
fn groups_are_found_while_packs_are_compacted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let mut writer = init_in(&path);
    for n in 0..9 {
        let (text, copy) = (story(n, 12), story(n, 10));
        add_on(&mut writer, n + 1, &[(format!("text{n}"), text), (format!("copy{n}"), copy)], 1);
    }
    let reader = open_in(&path);
    let mut n_groups = 0;
    let each = |_| {
        if n_groups == 0 {
            let done = crate::common::compact(&mut writer, Policy::Tidy).unwrap();
            assert_eq!(done.n_packs_after, 1);
        }
        n_groups += 1;
        Ok(())
    };
    reader.near_groups(super::Threshold::Copied, super::EVERYTHING, each).unwrap();
    assert_eq!(n_groups, 9);
}

/// The list of neighbours at all times and the comparison with one of them said different things of
/// an older revision.
#[test]
fn an_older_revision_is_as_near_by_itself_as_among_others() {
    let mut archive = holding(&[("a".into(), story(1, 12))]);
    add_on(&mut archive, 2, &[("a".into(), story(2, 12))], 1);
    let asked = story(1, 9) + &story(3, 9);
    let query =
        super::SimilarQuery { threshold: super::Threshold::Copied, own: None, all_revisions: true };
    let near = archive
        .similar((asked.as_bytes(), ReadAs::page("text/plain", None)), query)
        .unwrap()
        .unwrap();
    assert_eq!((near.len(), near[0].revision.number), (1, 1));
    let alone =
        archive.similarity((asked.as_bytes(), ReadAs::page("text/plain", None)), &near[0].revision);
    assert_eq!(alone.unwrap().unwrap().counted, near[0].similarity.counted);
}

/// Two words have one shingle, and two must be shared: the same bytes under another name were not
/// found.
#[test]
fn the_same_bytes_are_near_however_short_they_are() {
    let texts = ["a", "b"].map(|name| (name.to_owned(), "hello world".to_owned()));
    let archive = holding(&texts);
    assert_eq!(names(&near_document(&archive, "a", false)), set(["b"]));
    assert_eq!(names(&near_to(&archive, "hello world")), set(["a", "b"]));
}

/// What is no longer the latest text of a document is not posted, and compaction brings nothing back.
#[test]
fn postings_are_those_of_latest_texts_and_compaction_leaves_them() {
    let mut archive = holding(&[("a".into(), story(1, 12)), ("b".into(), story(2, 12))]);
    add_on(&mut archive, 2, &[("a".into(), story(3, 12))], 1);
    let before = archive.catalog().dump().unwrap();
    let rewrite = Policy::Rewrite(docarchive::internals::store::CompressionLevels::all(12), 1);
    crate::common::compact(&mut archive, rewrite).unwrap();
    for dump in [before, archive.catalog().dump().unwrap()] {
        let rows = |table: &str| -> Vec<Vec<String>> {
            let lines = dump.lines().map(|line| line.split('|').map(str::to_owned).collect());
            lines.filter(|row: &Vec<String>| row[0] == table).collect()
        };
        let posted = rows("posting").into_iter().map(|row| row[2].clone());
        let sketched = rows("sketch").into_iter().filter(|row| row[2] == "1");
        let sketched: BTreeSet<String> = sketched.map(|row| row[1].clone()).collect();
        assert_eq!(posted.collect::<BTreeSet<_>>(), sketched);
        assert_eq!((sketched.len(), rows("sketch").len(), rows("content").len()), (2, 3, 3));
    }
}

#[test]
fn what_is_cut_is_said() {
    let mut archive = init(Arc::new(Memory::default()));
    let copies: Vec<Text> =
        (0..5).map(|n| (format!("copy-{n}"), format!("{}\n{n}", story(7, 12)))).collect();
    add_on(&mut archive, 1, &copies, 1);
    let mut more = Vec::new();
    let new = intake(b"new", story(7, 12).as_bytes());
    let items = [IngestItem::Document(new, ())];
    let options = IngestOptions::default();
    let report = |event: IngestEvent<()>| {
        if let IngestEvent::Near { n_more, .. } = event {
            more.push(n_more);
        }
        Ok(())
    };
    let summary = archive.ingest(&signer(), context(2), "test", items, &options, report).unwrap();
    assert_eq!((more, summary.n_near), (vec![0, 0, 2], 5), "those that are not named count, too");
    // The same contents under many names are counted, and not named.
    let n_documents = NEW_TEXTS_COMPARED_MAX + 2;
    let items = (0..n_documents)
        .map(|n| IngestItem::Document(intake(format!("{n}").as_bytes(), b"the same"), ()));
    let quiet = |event: IngestEvent<()>| match event {
        IngestEvent::Near { .. } => panic!("nothing is named of a bulk"),
        _ => Ok(()),
    };
    let summary = archive.ingest(&signer(), context(3), "test", items, &options, quiet).unwrap();
    assert_eq!((summary.n_same, summary.n_near), (Some(n_documents as u64 - 1), 0));
}
