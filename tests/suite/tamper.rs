//! Whatever is edited in the catalog, the audit names it, or what only serves finding is made anew; and it
//! accuses nothing else.
//!
//! The edits come from the schema itself, so that no column can be forgotten. docs/tamper.md publishes
//! what came of each.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        ingest::{Captured, Intake, Provenance},
        inspect::audit::{AuditReport, AuditScope, Code},
        maintain::{
            describe::{Description, RenameRequest},
            withdraw::{ReasonCode, WithdrawalRequest},
        },
    },
    catalog::StatCache,
    types::{name::DocName, tag::TagChange, time::Timestamp},
};
use rusqlite::Connection;

use crate::common::{add, context, init_in, intake, is_slow, open_in, sandbox::Sandbox, signer};

const DOCUMENT: &str = "docs/tamper.md";

/// The rows of the matrix under a heading of the page.
pub fn published(heading: &str) -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT)).unwrap();
    let lines = page.lines().skip_while(|line| !line.starts_with(heading));
    let rows = lines.skip_while(|line| !line.starts_with("| ---")).skip(1);
    rows.take_while(|line| line.starts_with("| ")).map(str::to_owned).collect()
}

/// A closed archive in a folder, with rows in every table.
struct Grown {
    path: PathBuf,
    /// The file of its catalog, whole.
    catalog: Vec<u8>,
    /// What its user keeps of it, with the keyed sum of that catalog.
    stats: Vec<u8>,
    /// What the catalog holds, and how it is defined.
    wanted: (String, Vec<String>),
    folder: tempfile::TempDir,
}

fn page(n: usize) -> String {
    let menu = "Home, news, weather, tide tables and the harbour office hours on one page\n\n";
    let foot = "\n\nPrinted by the harbour office; write to us about anything that is wrong here\n";
    let words: Vec<String> =
        (0..120).map(|i| format!("word{}", i * (n + 3) % 97 + n * 50)).collect();
    format!("{menu}{}{foot}", words.join(" "))
}

/// Four pages, one of them in two revisions of which the second has everything told of it.
fn add_pages(archive: &mut Archive) {
    let pages: Vec<(String, String)> = (0..4).map(|n| (format!("site/{n}.txt"), page(n))).collect();
    let pages: Vec<(&str, &[u8])> =
        pages.iter().map(|(name, text)| (&name[..], text.as_bytes())).collect();
    add(archive, 1, &pages).unwrap();
    let provenance = Provenance {
        source: Some("https://example.org/a".into()),
        note: Some("a note".into()),
        captured: Captured::At(Timestamp::from_unix(1_700_000_000, 0)),
        ..Provenance::default()
    };
    let signer = signer();
    let mut transaction = archive.transaction(&signer, context(2), provenance, "test").unwrap();
    let mtime = Some(Timestamp::from_unix(1_600_000_000, 0));
    let second = Intake { mtime, ..intake(b"site/0.txt", page(9).as_bytes()) };
    transaction.add(second).unwrap();
    transaction.commit().unwrap();
}

fn add_strange_name(archive: &mut Archive) {
    let signer = signer();
    let mut transaction =
        archive.transaction(&signer, context(8), Provenance::default(), "test").unwrap();
    transaction.add(intake(b"site/\xff", b"of a name that is no text")).unwrap();
    transaction.commit().unwrap();
}

fn add_large(archive: &mut Archive) {
    add(archive, 5, &[("large", &vec![0; (4 << 20) + 1])]).unwrap();
}

/// A document is described and another one renamed.
fn describe_and_rename(archive: &mut Archive) {
    let signer = signer();
    let name = DocName::new("site/1.txt").unwrap();
    let found = archive.catalog().document_named(&name).unwrap().unwrap();
    let revision = archive.catalog().revision(found.id, 1).unwrap().unwrap();
    let description = Description {
        source: Some("https://example.org/b".into()),
        tags: vec![TagChange::parse("+tag").unwrap()],
        ..Description::default()
    };
    let by = (&signer, &context(3));
    archive.describe((&found, &revision), &description, by, "test").unwrap();
    let names = vec![(found, DocName::new("site/one.txt").unwrap())];
    let request = RenameRequest { names, ..RenameRequest::default() };
    archive.rename(&request, (&signer, &context(4)), "test").unwrap();
}

/// What was written about the description is withdrawn.
fn withdraw_words(archive: &mut Archive) {
    let signer = signer();
    let request = WithdrawalRequest {
        contents: Vec::new(),
        words: BTreeSet::from([5]),
        reason: ReasonCode::new("error").unwrap(),
        note: None,
        everywhere: false,
    };
    archive.withdraw(&request, (&signer, &context(6)), "test", &mut |_| Ok(())).unwrap();
}

impl Grown {
    fn new() -> Self {
        Self::of(|archive| {
            add_pages(archive);
            describe_and_rename(archive);
            add_large(archive);
            withdraw_words(archive);
        })
    }

    /// One of revisions alone, whose rows an audit compares as the facts go by.
    fn plain() -> Self {
        Self::of(|archive| {
            add_pages(archive);
            add_large(archive);
            add_strange_name(archive);
        })
    }

    /// The same of one in which more happened to some documents.
    fn eventful() -> Self {
        Self::of(|archive| {
            add_pages(archive);
            describe_and_rename(archive);
            add_large(archive);
            add(archive, 7, &[("site/one.txt", page(11).as_bytes())]).unwrap();
            add_strange_name(archive);
        })
    }

    fn of(grow: impl FnOnce(&mut Archive)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        let mut archive = init_in(&path);
        grow(&mut archive);
        drop(archive);
        let wanted = state(&path);
        let catalog = fs::read(path.join("catalog.sqlite")).unwrap();
        let grown = Self { path, catalog, stats: Vec::new(), wanted, folder };
        // What is compared with a catalog made from the facts is summed.
        assert!(grown.audit_by_sum().findings.is_empty());
        let stats = fs::read(grown.stats_file()).unwrap();
        Self { stats, ..grown }
    }

    /// A whole audit by whoever remembers the keyed sum.
    fn audit_by_sum(&self) -> AuditReport {
        let mut archive = open_in(&self.path);
        archive.keep_stats_in(self.folder.path());
        let scope = AuditScope::default();
        archive.audit(&scope, HistoryCheck::NotRemembered, &mut |_| {}).unwrap()
    }

    fn stats_file(&self) -> PathBuf {
        self.folder.path().join("stats.sqlite")
    }

    fn catalog_file(&self) -> PathBuf {
        self.path.join("catalog.sqlite")
    }

    /// Lays this file in the catalog's place.
    fn lay(&self, catalog: &[u8]) {
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(self.path.join(format!("catalog.sqlite{end}")));
        }
        fs::write(self.catalog_file(), catalog).unwrap();
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(self.folder.path().join(format!("stats.sqlite{end}")));
        }
        fs::write(self.stats_file(), &self.stats).unwrap();
    }

    /// The file of the catalog after an edit; each batch is another session.
    fn edited(&self, batches: &[String]) -> Vec<u8> {
        self.lay(&self.catalog);
        for batch in batches {
            let db = Connection::open(self.catalog_file()).unwrap();
            db.execute_batch(batch).unwrap_or_else(|error| panic!("{batch}: {error}"));
            db.close().unwrap();
        }
        fs::read(self.catalog_file()).unwrap()
    }
}

/// What a catalog holds, how it is defined, and whether its indexes are whole.
fn state(path: &Path) -> (String, Vec<String>) {
    let rows = open_in(path).catalog().dump().unwrap();
    let db = Connection::open(path.join("catalog.sqlite")).unwrap();
    let mut query = db
        .prepare("SELECT concat(type, ' ', name, ' ', sql) FROM sqlite_schema ORDER BY 1")
        .unwrap();
    let mut definitions: Vec<String> =
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    definitions.extend(texts(&db, "PRAGMA integrity_check"));
    (rows, definitions)
}

fn audit(path: &Path, is_quick: bool) -> AuditReport {
    let scope = AuditScope { is_quick, ..AuditScope::default() };
    open_in(path).audit(&scope, HistoryCheck::NotRemembered, &mut |_| {}).unwrap()
}

/// One edit: what it is made to, what it is, and the SQL of it.
struct Edit {
    /// The table that it is about, if it is one.
    table: String,
    object: String,
    part: String,
    what: &'static str,
    batches: Vec<String>,
}

fn edit(object: &str, part: &str, what: &'static str, sql: impl Into<String>) -> Edit {
    let table = object.strip_prefix("table ").unwrap_or_default().to_owned();
    let (object, part) = (object.to_owned(), part.to_owned());
    Edit { table, object, part, what, batches: vec![sql.into()] }
}

/// A column as the schema has it.
struct Column {
    name: String,
    column_type: String,
    is_nullable: bool,
    is_key: bool,
}

impl Column {
    /// Another value than any that is there.
    fn other(&self, table: &str) -> String {
        let name = &self.name;
        match &self.column_type[..] {
            "INTEGER" => format!("(SELECT ifnull(max({name}), 0) + 1000 FROM {table})"),
            "BLOB" => format!("CAST(ifnull({name}, x'') || x'00' AS BLOB)"),
            "TEXT" | "ANY" => format!("ifnull({name}, '') || 'x'"),
            other => panic!("no edit for a column of type {other}"),
        }
    }
}

fn texts(db: &Connection, sql: &str) -> Vec<String> {
    let mut query = db.prepare(sql).unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn columns(db: &Connection, table: &str) -> Vec<Column> {
    let mut query =
        db.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1)").unwrap();
    let rows = query.query_map([table], |row| {
        let is_key = row.get::<_, i64>(3)? > 0;
        let is_nullable = row.get::<_, i64>(2)? == 0 && !is_key;
        Ok(Column { name: row.get(0)?, column_type: row.get(1)?, is_nullable, is_key })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Every edit that this test makes.
fn edits(db: &Connection) -> Vec<Edit> {
    let mut edits = Vec::new();
    for table in texts(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") {
        edits.extend(edits_of_table(db, &table));
    }
    for index in texts(db, "SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY name") {
        edits.extend(edits_of_index(db, &index));
    }
    for view in texts(db, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name") {
        let sql = &texts(db, &format!("SELECT sql FROM sqlite_schema WHERE name = '{view}'"))[0];
        let object = format!("view {view}");
        edits.push(edit(&object, "", "gone", format!("DROP VIEW {view}")));
        edits.push(edit(
            &object,
            "",
            "defined otherwise",
            format!("DROP VIEW {view}; {sql} LIMIT 1"),
        ));
    }
    let trigger = "CREATE TRIGGER more AFTER INSERT ON revision BEGIN
                   UPDATE document SET latest = 0; END";
    edits.push(edit("a trigger", "", "added", trigger));
    edits.push(edit("a table", "", "added", "CREATE TABLE more (x)"));
    edits.push(edit("a view", "", "added", "CREATE VIEW more AS SELECT 1"));
    edits.push(edit("an index", "", "added", "CREATE INDEX more ON revision (at)"));
    edits.push(edit("statistics of SQLite", "", "added", "ANALYZE"));
    edits
}

fn edits_of_table(db: &Connection, table: &str) -> Vec<Edit> {
    let columns = columns(db, table);
    let key: Vec<&str> = columns.iter().filter(|it| it.is_key).map(|it| &it.name[..]).collect();
    let key = key.join(", ");
    let first = |condition: &str| {
        format!("({key}) = (SELECT {key} FROM {table} WHERE {condition} ORDER BY {key} LIMIT 1)")
    };
    let has = |condition: &str| {
        let sql = format!("SELECT count(*) > 0 FROM {table} WHERE {condition}");
        db.query_row(&sql, [], |row| row.get::<_, bool>(0)).unwrap()
    };
    let object = format!("table {table}");
    let mut edits = Vec::new();
    // In `meta` each row is a thing of its own.
    let rows = match table {
        "meta" => texts(db, "SELECT name FROM meta ORDER BY name"),
        _ => vec![String::new()],
    };
    for row in rows {
        let is_it = if row.is_empty() { "1".to_owned() } else { format!("name = '{row}'") };
        for column in &columns {
            let name = &column.name;
            let part = if row.is_empty() { name.clone() } else { format!("{name} of {row}") };
            let mut change = |condition: String, what, value: String| {
                if has(&condition) {
                    let sql =
                        format!("UPDATE {table} SET {name} = {value} WHERE {}", first(&condition));
                    edits.push(edit(&object, &part, what, sql));
                }
            };
            let other = || column.other(table);
            change(format!("{is_it} AND {name} IS NOT NULL"), "another value", other());
            if column.is_nullable {
                change(format!("{is_it} AND {name} IS NOT NULL"), "no value", "NULL".to_owned());
                change(format!("{is_it} AND {name} IS NULL"), "a value where none was", other());
            }
        }
    }
    let names: Vec<&str> = columns.iter().map(|column| &column.name[..]).collect();
    let others: Vec<String> = columns.iter().map(|column| column.other(table)).collect();
    let (names, others) = (names.join(", "), others.join(", "));
    let row = first("1");
    edits.push(edit(&object, "a row", "gone", format!("DELETE FROM {table} WHERE {row}")));
    let insert = format!("INSERT INTO {table} ({names}) SELECT {others} FROM {table} WHERE {row}");
    edits.push(edit(&object, "a row", "added", insert));
    let add = format!("ALTER TABLE {table} ADD COLUMN more INTEGER");
    edits.push(edit(&object, "a column", "added", add));
    edits.push(edit(&object, "", "gone", format!("DROP TABLE {table}")));
    edits
}

/// An index that is there and defined as it should be, and lacks an entry, comes about by a table that
/// claims its pages.
fn edits_of_index(db: &Connection, index: &str) -> Vec<Edit> {
    let object = format!("index {index}");
    let n: i64 = db
        .query_row("SELECT count(*) FROM pragma_index_xinfo(?1)", [index], |row| row.get(0))
        .unwrap();
    let columns: Vec<String> = (0..n).map(|n| format!("c{n}")).collect();
    let columns = columns.join(", ");
    let writable = "PRAGMA writable_schema = ON;";
    let claim = format!(
        "{writable} INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
         SELECT 'table', 'claim', 'claim', rootpage,
         'CREATE TABLE claim ({columns}, PRIMARY KEY ({columns})) WITHOUT ROWID'
         FROM sqlite_schema WHERE name = '{index}'"
    );
    let first = format!("SELECT {columns} FROM claim ORDER BY {columns} LIMIT 1");
    let leave = format!("{writable} DELETE FROM sqlite_schema WHERE name = 'claim'");
    let sql = format!("SELECT tbl_name FROM sqlite_schema WHERE name = '{index}'");
    let table = texts(db, &sql).remove(0);
    let one = format!("({columns}) = ({first})");
    let last = format!("c{}", n - 1);
    let rest = (0..n - 1).map(|n| format!("c{n}, ")).collect::<String>();
    let entry = |what, sql: String| Edit {
        table: table.clone(),
        object: object.clone(),
        part: "an entry".into(),
        what,
        batches: vec![claim.clone(), sql, leave.clone()],
    };
    let mut edits = vec![
        entry("gone", format!("DELETE FROM claim WHERE {one}")),
        entry("another", format!("UPDATE claim SET {last} = {last} + 1000 WHERE {one}")),
        entry(
            "added",
            format!("INSERT INTO claim SELECT {rest}{last} + 1000 FROM claim WHERE {one}"),
        ),
    ];
    if !index.starts_with("sqlite_") {
        let column = &texts(db, &format!("SELECT name FROM pragma_table_info('{table}')"))[0];
        let drop = format!("DROP INDEX {index}");
        let other = format!("{drop}; CREATE INDEX {index} ON {table} ({column} DESC)");
        edits.push(edit(&object, "", "gone", drop));
        edits.push(edit(&object, "", "defined otherwise", other));
    }
    edits
}

/// What an audit said, in a word; it may accuse nothing but the catalog.
fn said(report: &AuditReport, what: &str) -> Option<&'static str> {
    let about_catalog = |code: Code| matches!(code, Code::CatalogDrift | Code::CatalogRemade);
    let all = report.findings.iter().map(|finding| finding.code);
    assert!(all.clone().all(about_catalog), "{what}: {:#?}", report.findings);
    assert!(
        report.findings.iter().all(|finding| finding.about.starts_with("catalog.sqlite")),
        "{what}: {:#?}",
        report.findings
    );
    all.max_by_key(|code| code.is_grave()).map(Code::as_str)
}

/// Makes an edit and audits; the row of the matrix.
fn play(grown: &Grown, edit: &Edit) -> String {
    let Edit { table, object, part, what, batches } = edit;
    let case = format!("{object}, {part}, {what}");
    let edited = grown.edited(batches);
    let mut answers = Vec::new();
    for way in ["by sum", "whole", "quick"] {
        grown.lay(&edited);
        let report = match way {
            "by sum" => grown.audit_by_sum(),
            way => audit(&grown.path, way == "quick"),
        };
        let answer = said(&report, &case);
        let answer = match answer {
            Some(code) => code,
            None if report.uncompared.contains(&&table[..]) => "not compared",
            None => panic!("{case}: nobody noticed"),
        };
        assert_eq!(report.is_sound(), answer != "CATALOG-DRIFT", "{case}");
        if answer == "CATALOG-DRIFT" {
            open_in(&grown.path).rebuild("test").unwrap();
        }
        if answer != "not compared" {
            assert_eq!(state(&grown.path), grown.wanted, "{case}: {answer}, and not as it was");
        }
        answers.push(answer);
    }
    assert_eq!(answers.remove(0), answers[0], "{case}: the sum tells something else");
    assert_ne!(answers[0], "not compared", "{case}");
    let part = if part.is_empty() { String::new() } else { format!("`{part}`") };
    format!("| {object} | {part} | {what} | {} | {} |", answers[0], answers[1])
}

#[test]
fn i15_every_edit_of_the_catalog_is_named_or_made_good() {
    let grown = Grown::new();
    assert!(grown.audit_by_sum().findings.is_empty());
    for is_quick in [false, true] {
        let report = audit(&grown.path, is_quick);
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
    }
    let db = Connection::open(grown.catalog_file()).unwrap();
    for table in texts(&db, "SELECT name FROM sqlite_schema WHERE type = 'table'") {
        let sql = format!("SELECT count(*) FROM {table}");
        let n: i64 = db.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert!(n > 0, "{table} has no row to edit");
    }
    let edits = edits(&db);
    db.close().unwrap();
    let stride = if is_slow() { 1 } else { 8 };
    let found: Vec<String> = edits.iter().step_by(stride).map(|edit| play(&grown, edit)).collect();
    let matrix = published("## Every edit of the catalog");
    let expected: Vec<String> = matrix.iter().step_by(stride).cloned().collect();
    let advice = "ARCHIVE_SLOW=1 prints the whole matrix";
    assert!(
        matrix.len() == edits.len() && expected == found,
        "the matrix in {DOCUMENT} is to be ({advice}):\n{}",
        found.join("\n")
    );
}

/// Without withdrawals rows are compared otherwise, and the same is said.
#[test]
fn i15_every_edit_is_named_where_rows_are_compared_as_the_facts_go_by() {
    for grown in [Grown::plain(), Grown::eventful()] {
        every_edit_is_named_by_rows(&grown);
    }
}

fn every_edit_is_named_by_rows(grown: &Grown) {
    let db = Connection::open(grown.catalog_file()).unwrap();
    let has_rows = |edit: &Edit| {
        let sql = format!("SELECT count(*) FROM {}", edit.table);
        edit.table.is_empty() || db.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap() > 0
    };
    let edits: Vec<Edit> = edits(&db).into_iter().filter(has_rows).collect();
    assert!(edits.len() > 150, "{}", edits.len());
    db.close().unwrap();
    let matrix = published("## Every edit of the catalog");
    for edit in edits.iter().step_by(if is_slow() { 1 } else { 8 }) {
        let row = play(grown, edit);
        assert!(matrix.contains(&row), "{row}");
    }
}

#[test]
fn an_old_catalog_beside_a_newer_log_is_made_good_or_named() {
    let grown = Grown::new();
    let old = grown.catalog.clone();
    let file = |end: &str| grown.path.join(format!("catalog.sqlite{end}"));
    // Somebody reads all the while, so that the log stays when the writers end.
    let reader = open_in(&grown.path);
    let mut archive = open_in(&grown.path);
    add(&mut archive, 7, &[("site/0.txt", page(20).as_bytes())]).unwrap();
    let log = fs::read(file("-wal")).unwrap();
    add(&mut archive, 8, &[("site/1.txt", page(21).as_bytes()), ("b", b"new")]).unwrap();
    let newer_log = fs::read(file("-wal")).unwrap();
    drop((archive, reader));
    grown.lay(&fs::read(file("")).unwrap());
    let wanted = state(&grown.path);
    let middle = fs::read(file("")).unwrap();
    let half = newer_log[..newer_log.len() / 2].to_vec();
    for (name, catalog, log) in [
        ("old, whole log", &old, &newer_log),
        ("old, older log", &old, &log),
        ("old, half a log", &old, &half),
        ("new, older log", &middle, &log),
        ("torn, whole log", &old[..old.len() / 2].to_vec(), &newer_log),
    ] {
        for is_quick in [true, false] {
            grown.lay(catalog);
            fs::write(file("-wal"), log).unwrap();
            let report = audit(&grown.path, is_quick);
            if said(&report, name) == Some("CATALOG-DRIFT") {
                open_in(&grown.path).rebuild("test").unwrap();
            }
            assert_eq!(state(&grown.path), wanted, "{name}: {:#?}", report.findings);
        }
    }
}

#[test]
fn the_program_names_an_edit_and_its_way_out() {
    let sandbox = Sandbox::new();
    for n in 0..4 {
        sandbox.write(format!("site/{n}.txt"), page(n));
    }
    sandbox.run(["add", "-q", "site"]).expect(0);
    let edit = |sql: &str| {
        let db = Connection::open(sandbox.store().join("catalog.sqlite")).unwrap();
        db.execute_batch(sql).unwrap();
        db.close().unwrap();
    };
    edit("UPDATE revision SET at = at + 1000000000 WHERE event = 2");
    for words in [&["audit"][..], &["audit", "--quick"], &["audit", "site/0.txt"]] {
        let text = sandbox.run(words).expect(6).text();
        assert!(
            text.contains("CATALOG-DRIFT  catalog.sqlite, table revision: row 2: at is "),
            "{text}"
        );
        assert!(text.contains("archive rebuild makes it anew"), "{text}");
    }
    sandbox.run(["rebuild", "-q"]).expect(0);
    sandbox.run(["audit", "-q"]).expect(0).answers("");
    edit("UPDATE sketch SET data = CAST(data || x'00' AS BLOB)");
    sandbox.run(["audit", "--quick", "-q"]).expect(0).answers("");
    let text = sandbox.run(["audit"]).expect(0).text();
    assert!(text.starts_with("CATALOG-REMADE  catalog.sqlite, table sketch: row "), "{text}");
    assert!(text.ends_with("all is well\n"), "{text}");
    sandbox.run(["audit", "-q"]).expect(0).answers("");
}

#[test]
fn the_keyed_sum_is_believed_of_what_only_serves_finding() {
    let grown = Grown::new();
    let edited = grown.edited(&["UPDATE sketch SET data = x'00'".to_owned()]);
    grown.lay(&edited);
    // Whoever has the key can make the sum of edited rows.
    let stats = StatCache::open(Some(&grown.stats_file())).unwrap();
    let key = stats.sum().unwrap().key;
    stats.remember_sum(&open_in(&grown.path).catalog().keyed_sum(key).unwrap().0);
    drop(stats);
    assert!(grown.audit_by_sum().findings.is_empty(), "an edit of the cache hides one");
    let others = audit(&grown.path, false);
    assert_eq!(said(&others, "whoever has no sum"), Some("CATALOG-REMADE"));
}

#[test]
fn an_edit_is_not_hidden_by_what_is_added_after_it() {
    let grown = Grown::new();
    grown.lay(&grown.edited(&["UPDATE sketch SET data = x'00' WHERE content = 1".to_owned()]));
    let mut archive = open_in(&grown.path);
    archive.keep_stats_in(grown.folder.path());
    add(&mut archive, 7, &[("site/7.txt", page(7).as_bytes())]).unwrap();
    drop(archive);
    assert_eq!(said(&grown.audit_by_sum(), "then one more"), Some("CATALOG-REMADE"));
    assert!(grown.audit_by_sum().findings.is_empty());
}

// The audit read the old catalog while it made the new one, and so waited for itself until its patience ended.
#[test]
fn a_catalog_that_an_audit_made_anew_keeps_nothing_of_the_old_one() {
    let grown = Grown::new();
    grown.lay(&grown.edited(&["UPDATE sketch SET data = x'00' WHERE content = 1".to_owned()]));
    let archive = open_in(&grown.path);
    let report =
        archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
    assert_eq!(said(&report, "a withdrawal"), Some("CATALOG-REMADE"));
    let log = fs::metadata(grown.path.join("catalog.sqlite-wal")).unwrap();
    assert_eq!(log.len(), 0, "what was withdrawn may stand in it");
}

#[test]
fn what_finding_needs_and_cannot_be_made_anew_is_drift() {
    let grown = Grown::new();
    grown.lay(&grown.edited(&["DELETE FROM posting".to_owned()]));
    let archive = open_in(&grown.path);
    let mut writer = open_in(&grown.path);
    let signer = signer();
    let _writing = writer.transaction(&signer, context(9), Provenance::default(), "test").unwrap();
    let report =
        archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
    assert_eq!(said(&report, "while somebody writes"), Some("CATALOG-DRIFT"));
}

#[test]
fn a_pack_that_is_missing_is_named_by_what_it_held() {
    let grown = Grown::new();
    let folder = grown.path.join("packs");
    let mut n_packs = 0;
    for pack in Sandbox::tree(&folder) {
        fs::remove_file(folder.join(&pack.0)).unwrap();
        for is_quick in [true, false] {
            grown.lay(&grown.catalog);
            let report = audit(&grown.path, is_quick);
            let about = |code: Code| report.findings.iter().filter(move |it| it.code == code);
            assert_eq!(about(Code::PackDamaged).count(), 1, "{report:#?}");
            assert!(about(Code::BlobMissing).any(|it| !it.revisions.is_empty()), "{report:#?}");
            let others = [Code::PackDamaged, Code::BlobMissing, Code::BlobDamaged];
            assert!(report.findings.iter().all(|it| others.contains(&it.code)), "{report:#?}");
        }
        fs::write(folder.join(&pack.0), pack.1).unwrap();
        n_packs += 1;
    }
    assert!(n_packs > 2);
}
