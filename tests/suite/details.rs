//! Details that are damaged or missing cost names and notes, and nothing else; a catalog that is made
//! anew says so.

use std::{fs, path::PathBuf};

use rusqlite::Connection;

use crate::common::sandbox::{Ran, Sandbox};

/// Two documents with names, in one commit each.
fn example() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["first", "second"] {
        sandbox.write(name, format!("the {name} text"));
        sandbox.run(["add", "-q", name, "--note", "n"]).expect(0);
    }
    sandbox
}

fn details(sandbox: &Sandbox) -> Vec<PathBuf> {
    let log = sandbox.store().join("details");
    Sandbox::tree(&log).into_iter().map(|(path, _)| log.join(path)).collect()
}

fn catalog(sandbox: &Sandbox) -> PathBuf {
    sandbox.store().join("catalog.sqlite")
}

fn forget_catalog(sandbox: &Sandbox) {
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(sandbox.store().join(format!("catalog.sqlite{end}")));
    }
}

fn damage(sandbox: &Sandbox) {
    for file in details(sandbox) {
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&file, bytes).unwrap();
    }
}

fn remove(sandbox: &Sandbox) {
    details(sandbox).into_iter().for_each(|file| fs::remove_file(file).unwrap());
}

/// What every verb must do without any detail, by the ids of the documents.
fn check_reading(sandbox: &Sandbox) {
    let mut listed = sandbox.json(["ls"]);
    listed.retain(|line| line["type"] == "document");
    assert_eq!(listed.len(), 2, "{listed:?}");
    let mut texts = Vec::new();
    for line in &listed {
        let id = line["id"].as_str().unwrap();
        assert_eq!(line["name"], id);
        texts.push(sandbox.run(["cat", id]).expect(0).text());
        for verb in ["show", "log"] {
            sandbox.run([verb, id]).expect(0).expect_quiet();
        }
    }
    texts.sort();
    assert_eq!(texts, ["the first text", "the second text"]);
    sandbox.run(["export", "-q", "-o", "out"]).expect(0);
    sandbox.run(["stats"]).expect(0);
    sandbox.run(["dups"]).expect(1);
    sandbox.write("third", "the third text");
    sandbox.run(["add", "-q", "third"]).expect(0);
    sandbox.run(["cat", "third"]).expect(0).answers("the third text");
}

#[test]
fn contents_are_read_without_details_and_without_a_catalog() {
    let damaged = (damage as fn(&Sandbox), &["events 0–2", "events 3–5"][..]);
    for (harm, events) in [damaged, (remove, &["events 0–5"])] {
        let sandbox = example();
        harm(&sandbox);
        forget_catalog(&sandbox);
        let ran = sandbox.run(["ls"]).expect(0);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        assert!(ran.err.contains("the details of 4 events are damaged or missing"), "{}", ran.err);
        let audit = &sandbox.json(["audit"])[0];
        let findings = audit["findings"].as_array().unwrap();
        assert!(findings.iter().all(|finding| finding["code"] == "DETAIL-MISSING"), "{audit}");
        let about: Vec<&str> =
            findings.iter().map(|finding| finding["about"].as_str().unwrap()).collect();
        assert_eq!(about, events);
        check_reading(&sandbox);
    }
}

#[test]
fn names_are_known_as_long_as_the_catalog_has_them() {
    let sandbox = example();
    damage(&sandbox);
    sandbox.run(["ls"]).expect(0).answers("first\nsecond\n").expect_quiet();
    sandbox.run(["cat", "first"]).expect(0).answers("the first text");
    sandbox.run(["audit"]).expect(6);
}

fn kept(sandbox: &Sandbox) -> Vec<String> {
    let names = fs::read_dir(sandbox.store()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.contains(".before-"));
    names.sort();
    names
}

#[test]
fn a_rebuild_that_would_lose_the_last_names_keeps_the_old_catalog() {
    let sandbox = example();
    sandbox.run(["rebuild", "-q"]).expect(0).expect_quiet();
    assert_eq!(kept(&sandbox), [""; 0]);
    damage(&sandbox);
    let ran = sandbox.run(["rebuild", "-q"]).expect(0);
    let file = sandbox.store().join("catalog.sqlite.before-1");
    assert_eq!(ran.err.lines().count(), 2, "{}", ran.err);
    let ran = ran.says(
        "the old catalog has the last copy of 4 details that are damaged or missing; it is kept: ",
    );
    ran.says(file.to_str().unwrap()).says("the details of 4 events are damaged or missing");
    let db = Connection::open(&file).unwrap();
    let names = |db: &Connection| {
        let mut query = db.prepare("SELECT name FROM documents ORDER BY name").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<Vec<String>, _>>().unwrap()
    };
    assert_eq!(names(&db), ["first", "second"]);
    // The catalog has none to lose now.
    sandbox.run(["rebuild", "-q"]).expect(0);
    assert_eq!(kept(&sandbox), ["catalog.sqlite.before-1"]);
    check_reading(&sandbox);
}

#[test]
fn a_torn_catalog_is_kept_too_when_details_are_lost() {
    let sandbox = example();
    damage(&sandbox);
    let torn = b"no database at all".repeat(500);
    forget_catalog(&sandbox);
    fs::write(catalog(&sandbox), &torn).unwrap();
    sandbox.run(["ls"]).expect(0).says("it is kept: ");
    assert_eq!(fs::read(sandbox.store().join("catalog.sqlite.before-1")).unwrap(), torn);
    check_reading(&sandbox);
}

#[test]
fn a_catalog_that_is_healed_is_said() {
    let one_line = |ran: Ran| {
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        assert!(ran.err.starts_with("warning: the catalog is made anew: "), "{}", ran.err);
    };
    // Falsified: its rows name another content.
    let sandbox = example();
    let db = Connection::open(catalog(&sandbox)).unwrap();
    db.execute("UPDATE revision SET content = 3 - content", []).unwrap();
    drop(db);
    let ran = sandbox.run(["cat", "first"]).expect(0).answers("the first text");
    one_line(ran);
    sandbox.run(["cat", "first"]).expect(0).expect_quiet();
    // Torn, of another version, of another archive; in JSON too.
    for harm in ["torn", "version", "checkpoint"] {
        if harm == "torn" {
            forget_catalog(&sandbox);
            fs::write(catalog(&sandbox), b"torn".repeat(2000)).unwrap();
        } else {
            let db = Connection::open(catalog(&sandbox)).unwrap();
            let name = if harm == "version" { "schema" } else { harm };
            db.execute("UPDATE meta SET value = 'x' WHERE name = ?1", [name]).unwrap();
        }
        one_line(sandbox.run(["cat", "-q", "first"]).expect(0).answers("the first text"));
        sandbox.run(["cat", "first"]).expect(0).expect_quiet();
    }
    let db = Connection::open(catalog(&sandbox)).unwrap();
    db.execute("UPDATE meta SET value = 'x' WHERE name = 'schema'", []).unwrap();
    drop(db);
    let ran = sandbox.run(["ls", "--json"]).expect(0);
    assert!(
        ran.err.starts_with(r#"{"type":"warning","message":"the catalog is made anew"#),
        "{}",
        ran.err
    );
    // One that is only gone is no news.
    forget_catalog(&sandbox);
    sandbox.run(["ls"]).expect(0).expect_quiet();
}
