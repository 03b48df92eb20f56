//! What was is not what is: older revisions, sketches of other versions, a catalog made anew.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use docarchive::internals::{
    archive::{Archive, maintain::compact::Policy, similar::ReadAs},
    backend::{Storage, memory::Memory},
};
use rusqlite::Connection;

use super::{
    Text, add_on, boilerplate::page, grouped, holding, names, near_document, near_to, set, story,
};
use crate::common::{check, init, init_in, open_in};

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
