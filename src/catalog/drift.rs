//! Drift: a catalog compared with one that was made from the facts, row by row and definition by definition.
//!
//! Both are gone through in the order of their keys, so that no more than a row of each is in memory.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashSet},
};

use rusqlite::{
    Connection, Row,
    types::{Value, ValueRef},
};

use crate::types::{
    digest::{Digest, Hasher, Key, hex},
    error::Error,
};

use super::{
    Catalog, ENCODING, FILE,
    index::tiers::Index,
    tables::{Serves, Table},
};

/// Texts and bytes are shown up to so many characters.
const SHOWN_MAX: usize = 64;

/// What is compared.
pub struct DriftScope<'a> {
    /// The tables whose rows are.
    pub tables: &'a [&'static Table],
    /// The tables whose rows are known to be right: only whether their pages and indexes are whole is looked at.
    pub summed: &'a [&'static Table],
    /// Packs whose rows are passed over in `pack` and `place`.
    pub packs_aside: &'a HashSet<Key>,
}

/// One thing that does not follow from the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The table, index or view, or the file.
    pub about: String,
    /// What is there, and what follows from the facts.
    pub why: String,
    /// What it is for.
    pub serves: Serves,
}

impl Catalog {
    /// Everything in this catalog that is not as `facts`, made from the facts, has it; and how many rows
    /// were compared.
    ///
    /// Only what the machine refuses is an error: a catalog that cannot be read is drift.
    pub fn drifts(&self, facts: &Self, scope: &DriftScope) -> Result<(Vec<Drift>, u64), Error> {
        let mut drifts = Vec::new();
        let mut n_rows = 0;
        let definitions = definitions_apart(&self.db, &facts.db);
        drifts.extend(or_unreadable(definitions, FILE, Serves::Answers)?);
        for table in scope.tables {
            let about = format!("{FILE}, table {}", table.name);
            let compared = match table.is_index {
                true => entries_apart(&self.db, &facts.db, table),
                false => rows_apart(&self.db, &facts.db, table, scope.packs_aside),
            };
            let compared = compared.map(|(n, apart)| {
                n_rows += n;
                let torn = || torn(&self.db, table);
                let apart = apart.map_or_else(torn, |why| Ok(Some(why)));
                Ok(apart?.map(|why| Drift { about: about.clone(), why, serves: table.serves }))
            });
            let compared = compared.and_then(|drift| drift).map(Vec::from_iter);
            drifts.extend(or_unreadable(compared, &about, table.serves)?);
        }
        for table in scope.summed {
            let about = format!("{FILE}, table {}", table.name);
            let drift = |why| Drift { about: about.clone(), why, serves: table.serves };
            let torn = torn(&self.db, table).map(|why| why.map(drift).into_iter().collect());
            drifts.extend(or_unreadable(torn, &about, table.serves)?);
        }
        Ok((drifts, n_rows))
    }
}

fn or_unreadable(
    compared: Result<Vec<Drift>, Error>,
    about: &str,
    serves: Serves,
) -> Result<Vec<Drift>, Error> {
    match compared {
        Err(Error::Catalog { why }) => {
            let why = format!("it cannot be read: {why}");
            Ok(vec![Drift { about: about.to_owned(), why, serves }])
        }
        compared => compared,
    }
}

/// Whether the pages and indexes of a table are as its rows demand; what is wrong if not.
pub(super) fn torn(db: &Connection, table: &Table) -> Result<Option<String>, Error> {
    let sql = format!("PRAGMA main.integrity_check({})", table.name);
    let state: String = db.query_row(&sql, [], |row| row.get(0))?;
    if state != "ok" {
        let first = state.lines().next().unwrap_or_default();
        return Ok(Some(format!("its pages or indexes are torn: {first}")));
    }
    let Some((index, condition)) = table.partial else { return Ok(None) };
    // SQLite looks whether each row has its entry, but does not count the entries of such an index.
    let count =
        |by: &str| format!("SELECT count(*) FROM main.{} {by} WHERE {condition}", table.name);
    let (entries, rows) = (count(&format!("INDEXED BY {index}")), count("NOT INDEXED"));
    let sql = format!("SELECT ({entries}) = ({rows})");
    let is_right: bool = db.query_row(&sql, [], |row| row.get(0))?;
    let why = || format!("its index {index} has other entries than its rows");
    Ok((!is_right).then(why))
}

/// Tables, indexes, views and triggers that are defined otherwise, or here alone, or there alone.
pub(super) fn definitions_apart(db: &Connection, facts: &Connection) -> Result<Vec<Drift>, Error> {
    let (found, wanted) = (definitions(db)?, definitions(facts)?);
    let names: std::collections::BTreeSet<_> = found.keys().chain(wanted.keys()).collect();
    let mut drifts = Vec::new();
    for name in names {
        let why = match (found.get(name), wanted.get(name)) {
            (Some(found), Some(wanted)) if found == wanted => continue,
            (Some(_), Some(_)) => "it is not defined as this program defines it",
            (Some(_), None) => "it does not belong there",
            (None, _) => "it is missing",
        };
        let about = format!("{FILE}, {} {}", name.0, name.1);
        drifts.push(Drift { about, why: why.to_owned(), serves: Serves::Answers });
    }
    let encoding: String = db.pragma_query_value(None, "encoding", |row| row.get(0))?;
    if encoding != ENCODING {
        let why = format!("its texts are in {encoding}, not in {ENCODING}");
        drifts.push(Drift { about: FILE.to_owned(), why, serves: Serves::Answers });
    }
    Ok(drifts)
}

/// Table and statement of each definition, by its type and name.
type Definitions = BTreeMap<(String, String), (String, Option<String>)>;

fn definitions(db: &Connection) -> Result<Definitions, Error> {
    let mut query = db.prepare("SELECT type, name, tbl_name, sql FROM main.sqlite_schema")?;
    let rows =
        query.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The columns of a table, and those of its key by their places among them.
struct Columns {
    names: Vec<String>,
    key: Vec<usize>,
}

impl Columns {
    fn of(db: &Connection, table: &str) -> Result<Self, Error> {
        let mut query =
            db.prepare("SELECT name, pk FROM pragma_table_info(?1, 'main') ORDER BY cid")?;
        let rows = query.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let all: Vec<(String, i64)> = rows.collect::<Result<_, _>>()?;
        let mut key: Vec<usize> = (0..all.len()).filter(|at| all[*at].1 > 0).collect();
        key.sort_unstable_by_key(|at| all[*at].1);
        Ok(Self { names: all.into_iter().map(|(name, _)| name).collect(), key })
    }

    fn question(&self, table: &str) -> String {
        let key: Vec<&str> = self.key.iter().map(|at| &self.names[*at][..]).collect();
        let (names, key) = (self.names.join(", "), key.join(", "));
        format!("SELECT {names} FROM main.{table} ORDER BY {key}")
    }

    fn values(&self, row: &Row) -> Result<Vec<Value>, Error> {
        let values = (0..self.names.len()).map(|at| row.get(at));
        Ok(values.collect::<Result<_, _>>()?)
    }

    fn are_equal(&self, a: &Row, b: &Row) -> Result<bool, Error> {
        are_equal(a, b, self.names.len())
    }

    fn by_key(&self, a: &[Value], b: &[Value]) -> Ordering {
        let orders = self.key.iter().map(|at| order(&a[*at], &b[*at]));
        orders.fold(Ordering::Equal, Ordering::then)
    }

    fn named(&self, row: &[Value]) -> String {
        let key: Vec<String> = self.key.iter().map(|at| shown((&row[*at]).into())).collect();
        format!("row {}", key.join(" "))
    }

    fn apart(&self, found: &[Value], wanted: &[Value]) -> Option<String> {
        let at = (0..self.names.len()).find(|at| found[*at] != wanted[*at])?;
        let [is, follows] = [&found[at], &wanted[at]].map(|value| shown(value.into()));
        let (row, column) = (self.named(wanted), &self.names[at]);
        Some(format!("{row}: {column} is {is}, by the facts it is {follows}"))
    }
}

/// Whether the first columns of two rows are equal.
pub(super) fn are_equal(a: &Row, b: &Row, n_columns: usize) -> Result<bool, Error> {
    for at in 0..n_columns {
        if a.get_ref(at)? != b.get_ref(at)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many rows were compared, and the first that differs, with how many more do.
fn rows_apart(
    db: &Connection,
    facts: &Connection,
    table: &Table,
    packs_aside: &HashSet<Key>,
) -> Result<(u64, Option<String>), Error> {
    let columns = Columns::of(facts, table.name)?;
    let pack_at = match table.name {
        "pack" => Some(0),
        "place" => Some(1),
        _ => None,
    };
    let is_aside = |row: &Vec<Value>| {
        let pack = pack_at.and_then(|at| match row[at] {
            Value::Integer(key) => Some(Key(key as u64)),
            _ => None,
        });
        pack.is_some_and(|pack| packs_aside.contains(&pack))
    };
    let is_plain = pack_at.is_none() || packs_aside.is_empty();
    let sql = columns.question(table.name);
    let (mut found, mut wanted) = (db.prepare(&sql)?, facts.prepare(&sql)?);
    let (mut found, mut wanted) = (found.query([])?, wanted.query([])?);
    let next = |rows: &mut rusqlite::Rows| -> Result<Option<Vec<Value>>, Error> {
        while let Some(row) = rows.next()? {
            let values = columns.values(row)?;
            if !is_aside(&values) {
                return Ok(Some(values));
            }
        }
        Ok(None)
    };
    let (mut n_rows, mut n_apart, mut first) = (0, 0, None);
    let (mut here, mut there) = (None, None);
    let (mut reads_here, mut reads_there) = (true, true);
    loop {
        if reads_here && reads_there && is_plain {
            (n_rows, here, there) = first_apart(&columns, &mut found, &mut wanted, n_rows)?;
        } else {
            here = if reads_here { next(&mut found)? } else { here };
            there = if reads_there { next(&mut wanted)? } else { there };
        }
        let order = match (&here, &there) {
            (None, None) => break,
            (Some(here), Some(there)) => columns.by_key(here, there),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
        };
        let why = match (order, &here, &there) {
            (Ordering::Less, Some(here), _) => {
                Some(format!("{} follows from no fact", columns.named(here)))
            }
            (Ordering::Greater, _, Some(there)) => {
                Some(format!("{} is missing", columns.named(there)))
            }
            (_, Some(here), Some(there)) => columns.apart(here, there),
            _ => None,
        };
        n_rows += 1;
        n_apart += u64::from(why.is_some());
        first = first.or(why);
        (reads_here, reads_there) = (order.is_le(), order.is_ge());
    }
    Ok((n_rows, first.map(|first| with_more(first, n_apart - 1))))
}

/// A row, copied.
type RowValues = Vec<Value>;

/// Passes over rows that are equal on both sides, and counts them on; the first two that are not.
///
/// Nearly all rows are equal, and nothing of these is copied.
fn first_apart(
    columns: &Columns,
    found: &mut rusqlite::Rows,
    wanted: &mut rusqlite::Rows,
    mut n_rows: u64,
) -> Result<(u64, Option<RowValues>, Option<RowValues>), Error> {
    loop {
        let (here, there) = (found.next()?, wanted.next()?);
        if let (Some(here), Some(there)) = (here, there)
            && columns.are_equal(here, there)?
        {
            n_rows += 1;
            continue;
        }
        let values = |row: Option<&Row>| row.map(|row| columns.values(row)).transpose();
        return Ok((n_rows, values(here)?, values(there)?));
    }
}

fn with_more(first: String, n_more: u64) -> String {
    match n_more {
        0 => first,
        1 => format!("{first}; and 1 more row"),
        n => format!("{first}; and {n} more rows"),
    }
}

/// The same of an index, whose rows are blocks: its entries in order are compared by their SHA-256.
fn entries_apart(
    db: &Connection,
    facts: &Connection,
    table: &Table,
) -> Result<(u64, Option<String>), Error> {
    let sum = |db| -> Result<(u64, Digest), Error> {
        let blocks = if table.name == "posting" { Index::posting(db) } else { Index::feature(db) };
        let (mut hasher, mut n) = (Hasher::default(), 0);
        blocks.each(|number| {
            hasher.update(&number.to_be_bytes());
            n += 1;
        })?;
        Ok((n, hasher.finish()))
    };
    let (found, wanted) = (sum(db)?, sum(facts)?);
    let why = match found.0 == wanted.0 {
        true => format!("its {} entries are not those that follow from the facts", found.0),
        false => format!("it has {} entries, by the facts it has {}", found.0, wanted.0),
    };
    let count = format!("SELECT count(*) FROM main.{}", table.name);
    let n_rows: i64 = db.query_row(&count, [], |row| row.get(0))?;
    Ok((n_rows as u64, (found != wanted).then_some(why)))
}

/// The order in which SQLite sorts values.
fn order(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    };
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn shown(value: ValueRef) -> String {
    let clipped = |text: String| match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Real(x) => x.to_string(),
        ValueRef::Text(text) => format!("\"{}\"", clipped(String::from_utf8_lossy(text).into())),
        ValueRef::Blob(bytes) if bytes.len() > SHOWN_MAX => format!("{} bytes", bytes.len()),
        ValueRef::Blob(bytes) => clipped(hex(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tables::TABLES;

    fn all() -> Vec<&'static Table> {
        TABLES.iter().collect()
    }

    fn drifts(edit: &str) -> Vec<String> {
        let (catalog, facts) = (Catalog::in_memory().unwrap(), Catalog::in_memory().unwrap());
        for one in [&catalog, &facts] {
            one.db.execute_batch("INSERT INTO phrase VALUES (1, 'a'), (2, 'b'), (3, 'c')").unwrap();
        }
        catalog.db.execute_batch(edit).unwrap();
        let aside = HashSet::new();
        let scope = DriftScope { tables: &all(), summed: &[], packs_aside: &aside };
        let (drifts, _) = catalog.drifts(&facts, &scope).unwrap();
        drifts.into_iter().map(|drift| format!("{}: {}", drift.about, drift.why)).collect()
    }

    #[test]
    fn every_partial_index_is_counted() {
        let catalog = Catalog::in_memory().unwrap();
        let sql = "SELECT name || ' ' || sql FROM sqlite_schema
                   WHERE type = 'index' AND sql LIKE '% WHERE %'";
        let mut query = catalog.db.prepare(sql).unwrap();
        let found = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let found: Vec<String> = found.map(Result::unwrap).collect();
        let listed = TABLES.iter().filter_map(|table| Some((table, table.partial?)));
        let listed: Vec<_> = listed.collect();
        assert_eq!(found.len(), listed.len());
        for (table, (index, condition)) in listed {
            assert!(found.iter().any(|it| it.starts_with(&format!("{index} "))
                && it.ends_with(&format!(" WHERE {condition}"))));
            let plan = format!(
                "EXPLAIN QUERY PLAN SELECT count(*) FROM main.{} INDEXED BY {index} WHERE {condition}",
                table.name
            );
            let plan: String = catalog.db.query_row(&plan, [], |row| row.get("detail")).unwrap();
            assert!(plan.contains("USING COVERING INDEX"), "{plan}");
        }
    }

    #[test]
    fn every_table_is_listed() {
        let catalog = Catalog::in_memory().unwrap();
        let mut query =
            catalog.db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        let rows = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let mut names: Vec<String> = rows.map(Result::unwrap).collect();
        let mut listed: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        names.sort_unstable();
        listed.sort_unstable();
        assert_eq!(names, listed);
    }

    #[test]
    fn what_differs_is_named() {
        let one = |edit: &str, said: &str| assert_eq!(drifts(edit), [said], "{edit}");
        assert!(drifts("").is_empty());
        let table = "catalog.sqlite, table phrase";
        one(
            "UPDATE phrase SET text = 'x' WHERE id = 2",
            &format!("{table}: row 2: text is \"x\", by the facts it is \"b\""),
        );
        one(
            "DELETE FROM phrase WHERE id < 3",
            &format!("{table}: row 1 is missing; and 1 more row"),
        );
        one("INSERT INTO phrase VALUES (9, 'z')", &format!("{table}: row 9 follows from no fact"));
        one("DROP VIEW events", "catalog.sqlite, view events: it is missing");
        one(
            "CREATE INDEX more ON phrase (id)",
            "catalog.sqlite, index more: it does not belong there",
        );
        one(
            "INSERT INTO posting VALUES (-9223372036854775807, x'')",
            "catalog.sqlite, table posting: it cannot be read: a block of posting is malformed: the state of its tiers is missing",
        );
    }
}
