//! A keyed sum over the rows that follow from the bytes of contents, so that an audit need not make all of them
//! again to see that nobody changed any.
//!
//! Each row is hashed with a key that this machine's user alone has, and the hashes are added up: the sum does not
//! hang on the order of rows, and follows a change without reading the rest (an additive multiset hash; Clarke,
//! Devadas, van Dijk, Gassend, Suh, "Incremental Multiset Hash Functions and Their Application to Memory
//! Integrity Checking", ASIACRYPT 2003). It is stated for one checkpoint. While this program writes,
//! temporary triggers keep it up; whoever else edits the catalog cannot.

use std::{
    cell::RefCell,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};

use crate::types::{
    digest::{Digest, Hasher},
    error::Error,
};

use super::{
    Catalog, sketches_version,
    tables::{Need, TABLES},
};

/// The function that triggers call: whether the row came, which table it is in, and its columns.
const FUNCTION: &str = "count_row";

/// What makes sums that nobody else can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SumKey(pub [u8; 32]);

/// The sum over a catalog as it is at one checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyedSum {
    pub key: SumKey,
    /// The digest of the checkpoint and of what makes sketches.
    pub state: Digest,
    /// Of all rows, as an integer of 128 bits.
    pub sum: u128,
}

/// The sum of a catalog that is being written, if it is known.
#[derive(Default)]
pub(super) struct Followed(RefCell<Option<(SumKey, Arc<RunningSum>)>>);

/// Nobody counts from two threads, but SQLite's functions must be able to move.
#[derive(Default)]
struct RunningSum([AtomicU64; 2]);

impl RunningSum {
    fn get(&self) -> u128 {
        let [high, low] = self.0.each_ref().map(|half| half.load(Ordering::Relaxed));
        u128::from(high) << 64 | u128::from(low)
    }

    fn set(&self, sum: u128) {
        self.0[0].store((sum >> 64) as u64, Ordering::Relaxed);
        self.0[1].store(sum as u64, Ordering::Relaxed);
    }
}

impl SumKey {
    /// A new one.
    pub fn random() -> Self {
        let random = RandomState::new();
        let mut key = [0; 32];
        for (n, bytes) in key.chunks_exact_mut(8).enumerate() {
            bytes.copy_from_slice(&random.hash_one(n).to_le_bytes());
        }
        Self(key)
    }

    /// The hash of a row.
    fn of<'v>(
        &self,
        table: i64,
        columns: impl Iterator<Item = rusqlite::Result<ValueRef<'v>>>,
    ) -> rusqlite::Result<u128> {
        let mut hasher = Hasher::default();
        hasher.update(&self.0);
        hasher.update(&table.to_le_bytes());
        for column in columns {
            let (kind, number, bytes): (u8, u64, &[u8]) = match column? {
                ValueRef::Null => (0, 0, &[]),
                ValueRef::Integer(n) => (1, n as u64, &[]),
                ValueRef::Real(x) => (2, x.to_bits(), &[]),
                ValueRef::Text(text) => (3, text.len() as u64, text),
                ValueRef::Blob(bytes) => (4, bytes.len() as u64, bytes),
            };
            hasher.update(&[kind]);
            hasher.update(&number.to_le_bytes());
            hasher.update(bytes);
        }
        let digest = hasher.finish();
        let half = digest.as_bytes().first_chunk();
        Ok(half.map_or(0, |half| u128::from_le_bytes(*half)))
    }
}

impl Catalog {
    /// The sum over the rows that are there now, and how many these are.
    pub fn keyed_sum(&self, key: SumKey) -> Result<(KeyedSum, u64), Error> {
        let (mut sum, mut n_rows) = (0_u128, 0);
        for (table, name) in summed_tables() {
            let mut query = self.db.prepare(&format!("SELECT * FROM main.{name}"))?;
            let n_columns = query.column_count();
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let columns = (0..n_columns).map(|at| row.get_ref(at));
                sum = sum.wrapping_add(key.of(table, columns)?);
                n_rows += 1;
            }
        }
        Ok((KeyedSum { key, state: self.summed_state()?, sum }, n_rows))
    }

    /// Keeps a sum up from here on, if it is of the checkpoint that the catalog reflects.
    pub fn follow_sum(&self, known: &KeyedSum) -> Result<(), Error> {
        if known.state != self.summed_state()? {
            return Ok(());
        }
        let mut followed = self.followed.0.borrow_mut();
        match &*followed {
            Some((key, sum)) if *key == known.key => sum.set(known.sum),
            _ => {
                let sum = Arc::new(RunningSum::default());
                sum.set(known.sum);
                follow(&self.db, known.key, Arc::clone(&sum))?;
                *followed = Some((known.key, sum));
            }
        }
        Ok(())
    }

    /// Whether a sum is kept up.
    pub fn is_summed(&self) -> bool {
        self.followed.0.borrow().is_some()
    }

    /// The sum as it is by now; none where it is not known.
    pub fn followed_sum(&self) -> Result<Option<KeyedSum>, Error> {
        let followed = self.followed.0.borrow();
        let Some((key, sum)) = &*followed else { return Ok(None) };
        Ok(Some(KeyedSum { key: *key, state: self.summed_state()?, sum: sum.get() }))
    }

    /// The sum is no longer that of the rows: a change was taken back, or tables were dropped.
    pub(super) fn lose_sum(&self) {
        self.followed.0.replace(None);
    }

    fn summed_state(&self) -> Result<Digest, Error> {
        let state = format!("{}\n{}", sketches_version(), self.reflects()?);
        Ok(Digest::of(state.as_bytes()))
    }
}

/// The tables whose rows are summed, with their numbers among all.
fn summed_tables() -> impl Iterator<Item = (i64, &'static str)> {
    let needs_contents = |(number, table): (i64, &'static super::Table)| {
        table.needs.contains(&Need::Contents).then_some((number, table.name))
    };
    (0..).zip(&TABLES).filter_map(needs_contents)
}

/// Has every change of a row counted.
fn follow(db: &Connection, key: SumKey, sum: Arc<RunningSum>) -> Result<(), Error> {
    let count = move |row: &mut Context| {
        let columns = (2..row.len()).map(|at| Ok(row.get_raw(at)));
        let hash = key.of(row.get(1)?, columns)?;
        sum.set(match row.get(0)? {
            true => sum.get().wrapping_add(hash),
            false => sum.get().wrapping_sub(hash),
        });
        Ok(None::<i64>)
    };
    db.create_scalar_function(FUNCTION, -1, FunctionFlags::SQLITE_UTF8, count)?;
    // A row that takes another's place is one that goes and one that comes.
    db.pragma_update(None, "recursive_triggers", true)?;
    for (number, table) in summed_tables() {
        let columns = |row: &str| -> Result<String, Error> {
            let query = db.prepare(&format!("SELECT * FROM main.{table}"))?;
            Ok(query.column_names().map(|name| format!(", {row}.{name}")).collect())
        };
        let came = format!("{FUNCTION}(1, {number}{})", columns("NEW")?);
        let went = format!("{FUNCTION}(0, {number}{})", columns("OLD")?);
        let changes =
            [("INSERT", &came), ("DELETE", &went), ("UPDATE", &format!("{went}, {came}"))];
        for (change, counted) in changes {
            let name = format!("{table}_{change}");
            db.execute_batch(&format!(
                "DROP TRIGGER IF EXISTS temp.{name};
                 CREATE TEMP TRIGGER {name} AFTER {change} ON main.{table}
                 BEGIN SELECT {counted}; END"
            ))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_is_followed_is_that_of_the_rows() {
        let catalog = Catalog::in_memory().unwrap();
        let key = SumKey::random();
        let counted = || catalog.keyed_sum(key).unwrap();
        let (empty, n_rows) = counted();
        assert_eq!((empty.sum, n_rows), (0, 0));
        catalog.follow_sum(&empty).unwrap();
        let changes = [
            "INSERT INTO sketch VALUES (1, 0, x'01'), (2, 1, x'02'), (3, 1, x'')",
            "INSERT OR REPLACE INTO sketch VALUES (2, 1, x'0203'), (4, 0, x'04')",
            "UPDATE sketch SET posted = 1 WHERE content < 3",
            "INSERT INTO boilerplate VALUES (0, NULL), (1, x'00')",
            "INSERT INTO sampled VALUES (0, 5, 1), (0, 6, 2), (1, 5, 1)",
            "DELETE FROM sampled WHERE site = 0",
            "INSERT INTO phrase VALUES (1, 'is not summed')",
            "INSERT OR IGNORE INTO sampled VALUES (1, 5, 9)",
            "DELETE FROM sketch",
        ];
        let mut before = 0;
        for (n, change) in changes.into_iter().enumerate() {
            catalog.db.execute_batch(change).unwrap();
            let followed = catalog.followed_sum().unwrap().unwrap();
            assert_eq!(followed, counted().0, "{change}");
            assert_eq!(followed.sum != before, ![6, 7].contains(&n), "{change}");
            before = followed.sum;
        }
    }

    #[test]
    fn what_others_change_is_not_in_the_sum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("c");
        let catalog = Catalog::open(&path).unwrap();
        let (known, _) = catalog.keyed_sum(SumKey::random()).unwrap();
        catalog.follow_sum(&known).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute("INSERT INTO sketch VALUES (1, 0, x'01')", []).unwrap();
        catalog.db.execute("INSERT INTO sketch VALUES (2, 0, x'02')", []).unwrap();
        let (counted, n_rows) = catalog.keyed_sum(known.key).unwrap();
        assert_eq!(n_rows, 2);
        assert_ne!(catalog.followed_sum().unwrap().unwrap(), counted);
    }

    #[test]
    fn a_sum_is_lost_where_a_change_is_taken_back_and_not_taken_for_another_checkpoint() {
        let catalog = Catalog::in_memory().unwrap();
        let (known, _) = catalog.keyed_sum(SumKey::random()).unwrap();
        catalog.follow_sum(&known).unwrap();
        let change = |sql| move |db: &Connection| Ok(db.execute_batch(sql)?);
        catalog.transaction(change("INSERT INTO sketch VALUES (1, 0, x'01')")).unwrap();
        assert!(catalog.followed_sum().unwrap().is_some());
        catalog.transaction(change("DELETE FROM sketch; no sql")).unwrap_err();
        assert!(catalog.followed_sum().unwrap().is_none());
        let (known, _) = catalog.keyed_sum(known.key).unwrap();
        let checkpoint = "INSERT INTO meta VALUES ('checkpoint', 'of later')";
        catalog.transaction(change(checkpoint)).unwrap();
        catalog.follow_sum(&known).unwrap();
        assert!(catalog.followed_sum().unwrap().is_none());
        catalog.empty().unwrap();
    }
}
