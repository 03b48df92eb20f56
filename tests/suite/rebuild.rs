//! Opinion follows from fact: a catalog made anew is the one that grew with the archive.

use std::sync::Arc;

use docarchive::internals::{
    archive::Archive,
    backend::{Backend, Storage, local::Local, memory::Memory},
};

use crate::common::{self, add, check, everything, init, init_in, open_in};

const STORY: &str = "The harbour was closed on Monday after the storm broke two of its piers.\n\n\
    Nobody was hurt, the harbour master said, and fishing may begin again next week.\n";

fn grown(mut archive: Archive) -> Archive {
    add(&mut archive, 1, &[("a.txt", STORY.as_bytes()), ("b/c.txt", b"other"), ("empty", b"")])
        .unwrap();
    let longer = STORY.repeat(3);
    add(&mut archive, 2, &[("a.txt", longer.as_bytes()), ("copy.txt", STORY.as_bytes())]).unwrap();
    add(&mut archive, 3, &[("a.txt", STORY.as_bytes())]).unwrap();
    archive
}

#[test]
fn i5_a_catalog_made_anew_is_byte_for_byte_the_old_one() {
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let archive = grown(init(Arc::clone(&backend)));
    check(&archive, &backend);
}

#[test]
fn a_b_a_is_three_revisions_of_two_contents() {
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let archive = grown(init(backend));
    let all = everything(&archive);
    let (_, revisions) = &all[0];
    assert_eq!(revisions.len(), 3);
    assert_eq!(revisions[0], revisions[2]);
    assert_eq!(archive.totals().unwrap().0.n_contents, 4);
}

#[test]
fn a_catalog_that_is_missing_torn_or_behind_is_brought_up_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let archive = grown(init_in(&path));
    let (wanted, all) = (archive.catalog().dump().unwrap(), everything(&archive));
    drop(archive);
    let catalog = path.join("catalog.sqlite");
    let good = std::fs::read(&catalog).unwrap();
    let torn: [&[u8]; 4] = [b"", b"not a database", &good[..good.len() / 2], &[0; 4096]];
    for torn in torn {
        std::fs::write(&catalog, torn).unwrap();
        let archive = open_in(&path);
        assert_eq!(archive.catalog().dump().unwrap(), wanted);
        assert_eq!(everything(&archive), all);
    }
    std::fs::remove_file(&catalog).unwrap();
    let mut archive = open_in(&path);
    assert_eq!(archive.catalog().dump().unwrap(), wanted);
    // Behind: the facts went on, and the catalog of before is put back.
    let before = std::fs::read(&catalog).unwrap();
    add(&mut archive, 4, &[("new.txt", b"new")]).unwrap();
    let wanted = archive.catalog().dump().unwrap();
    drop(archive);
    std::fs::write(&catalog, before).unwrap();
    let archive = open_in(&path);
    assert_eq!(archive.catalog().dump().unwrap(), wanted);
}

#[test]
fn a_catalog_of_an_older_version_is_made_anew_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let archive = grown(init_in(&path));
    let wanted = archive.catalog().dump().unwrap();
    assert!(wanted.contains("\nposting|"), "{wanted}");
    drop(archive);
    let shell = rusqlite::Connection::open(path.join("catalog.sqlite")).unwrap();
    let older = "UPDATE meta SET value = '1' WHERE name = 'schema';
        DROP TABLE posting; DROP TABLE feature; DROP TABLE chunk;
        CREATE TABLE posting (hash INTEGER NOT NULL, content INTEGER NOT NULL,
          PRIMARY KEY (hash, content)) STRICT, WITHOUT ROWID;
        INSERT INTO posting VALUES (1, 1);";
    shell.execute_batch(older).unwrap();
    drop(shell);
    let archive = open_in(&path);
    assert_eq!(archive.catalog().dump().unwrap(), wanted);
}

#[test]
fn a_pack_without_its_directory_gives_back_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let mut archive = grown(init_in(&path));
    let large = common::noise(5, 9 << 20);
    add(&mut archive, 4, &[("large", &large)]).unwrap();
    let all = everything(&archive);
    drop(archive);
    for pack in Local::open(&path).unwrap().list("packs").unwrap() {
        let file = path.join(&pack.name);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() - 30]).unwrap();
    }
    std::fs::remove_file(path.join("catalog.sqlite")).unwrap();
    let archive = open_in(&path);
    assert_eq!(everything(&archive), all);
}

#[test]
fn the_four_views_answer_in_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    drop(grown(init_in(&path)));
    let shell = rusqlite::Connection::open(path.join("catalog.sqlite")).unwrap();
    let row = |sql: &str| -> String {
        let row = |row: &rusqlite::Row| row.get(0);
        shell.query_row(sql, [], row).unwrap()
    };
    assert_eq!(
        row(
            "SELECT group_concat(name || ' ' || revisions, ', ') FROM (SELECT * FROM documents ORDER BY name)"
        ),
        "a.txt 3, b/c.txt 1, copy.txt 1, empty 1"
    );
    assert_eq!(
        row("SELECT sha256 || ' ' || captured FROM revisions WHERE name = 'b/c.txt'"),
        format!(
            "{} 2025-11-24T16:01:00Z",
            docarchive::internals::types::digest::Digest::of(b"other")
        )
    );
    assert_eq!(
        row("SELECT count(*) || ' ' || count(pack) || ' ' || sum(revisions) FROM contents"),
        "4 4 6"
    );
    assert_eq!(
        row(
            "SELECT group_concat(event_type || ' ' || ifnull(about, '-'), ', ') FROM (SELECT * FROM events ORDER BY event LIMIT 5)"
        ),
        "revise a.txt@1, revise b/c.txt@1, revise empty@1, commit -, revise a.txt@2"
    );
}

#[test]
fn facts_kept_elsewhere_have_their_catalog_in_the_folder_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    drop(grown(init(Arc::clone(&storage))));
    let open = || Archive::open(Arc::clone(&storage), Some(folder.path())).unwrap();
    check(&open(), &storage);
    let file = folder.path().join("catalog.sqlite");
    assert!(file.is_file());
    std::fs::write(&file, "torn").unwrap();
    check(&open(), &storage);
    assert!(std::fs::read(&file).unwrap().starts_with(b"SQLite format 3\0"));
    let before = std::fs::metadata(&file).unwrap().modified().unwrap();
    drop(open());
    assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), before);
}
