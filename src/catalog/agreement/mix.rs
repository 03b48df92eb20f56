//! Hashes of rows and of entries of indexes, with a key of one run that nobody can know who edits a catalog.
//!
//! They are made inside of SQLite: what comes out is one value for a row, and one for a whole index. To fetch
//! each column of each took more time than to find them.

use std::{
    cmp::Ordering,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{
    Connection,
    functions::{Aggregate, Context, FunctionFlags},
    types::ValueRef,
};

use crate::types::error::Error;

/// So many columns can be hashed.
const COLUMNS_MAX: usize = 16;

/// In SQL: the hash of its arguments.
const ROW: &str = "hash_of_row";
/// In SQL, of how many columns must rise and all columns: how many entries there are, and the sum of their hashes; null where one does not
/// rise above the one before.
pub(super) const ENTRIES: &str = "sum_in_order";
/// The same; the numbers in the first column are kept, too.
const NUMBERED: &str = "sum_and_numbers";

/// How many entries there are, and the sum of their hashes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) n: u64,
    hashes: u64,
}

impl Sum {
    pub(super) fn add(&mut self, hash: u64) {
        self.n += 1;
        self.hashes = self.hashes.wrapping_add(hash);
    }
}

/// An index, or a table in the order of its key.
pub(super) struct Ordered {
    /// As it stands behind FROM.
    pub(super) from: &'static str,
    /// All that it has of each entry, those of the key first.
    pub(super) columns: &'static str,
    /// How many columns the key has: no two entries have the same.
    pub(super) n_key: usize,
}

impl Ordered {
    /// It is read in its own order, which the question need not ask for: any other shows.
    pub(super) fn question(&self, function: &str) -> String {
        let Self { from, columns, n_key } = self;
        format!("SELECT {function}({n_key}, {columns}) FROM main.{from}")
    }
}

/// Hashes values, with a key for each column.
#[derive(Clone)]
pub(super) struct Mix {
    first: u64,
    columns: [u64; COLUMNS_MAX],
    null: u64,
    random: RandomState,
}

impl Mix {
    pub(super) fn new() -> Self {
        let random = RandomState::new();
        let key = |n: usize| random.hash_one(n);
        let columns = std::array::from_fn(|n| key(n) | 1);
        Self { first: key(COLUMNS_MAX), columns, null: key(COLUMNS_MAX + 1), random }
    }

    /// The hash of these values; any beyond the last column that has a key count for nothing.
    pub(super) fn of<'v>(&self, values: impl IntoIterator<Item = ValueRef<'v>>) -> u64 {
        self.fold(values.into_iter().map(|value| match value {
            ValueRef::Integer(number) => number as u64,
            ValueRef::Null => self.null,
            ValueRef::Text(bytes) => self.random.hash_one((0_u8, bytes)),
            ValueRef::Blob(bytes) => self.random.hash_one((1_u8, bytes)),
            ValueRef::Real(number) => self.random.hash_one((2_u8, number.to_bits())),
        }))
    }

    /// The same of integers.
    pub(super) fn of_integers<const N: usize>(&self, numbers: [i64; N]) -> u64 {
        self.fold(numbers.into_iter().map(|number| number as u64))
    }

    /// The same of integers of which some may be null.
    pub(super) fn of_numbers<const N: usize>(&self, numbers: [Option<i64>; N]) -> u64 {
        self.fold(numbers.into_iter().map(|number| number.map_or(self.null, |it| it as u64)))
    }

    fn fold(&self, values: impl Iterator<Item = u64>) -> u64 {
        values.zip(self.columns).fold(self.first, |hash, (value, key)| {
            let product = u128::from(hash ^ value) * u128::from(key);
            (product as u64) ^ (product >> 64) as u64
        })
    }
}

/// A connection that has the functions.
pub(super) struct Hashing<'c> {
    db: &'c Connection,
    numbers: Arc<Mutex<Vec<i64>>>,
}

impl<'c> Hashing<'c> {
    pub(super) fn new(db: &'c Connection, mix: &Mix) -> Result<Self, Error> {
        // No view or trigger can call them.
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
        let of_row = mix.clone();
        let hash_of_row = move |row: &mut Context| Ok(of_row.of(arguments(row, 0)) as i64);
        db.create_scalar_function(ROW, -1, flags, hash_of_row)?;
        let numbers = Arc::default();
        for (name, kept) in [(ENTRIES, None), (NUMBERED, Some(Arc::clone(&numbers)))] {
            let entries = Entries { mix: mix.clone(), kept };
            db.create_aggregate_function(name, -1, flags, entries)?;
        }
        Ok(Self { db, numbers })
    }

    /// The sum over all entries, if the key of each is above that of the one before it.
    pub(super) fn entries(&self, ordered: &Ordered) -> Result<Option<Sum>, Error> {
        self.sum(&ordered.question(ENTRIES))
    }

    /// The same, with the numbers in the first column.
    pub(super) fn numbered(&self, ordered: &Ordered) -> Result<Option<(Sum, Vec<i64>)>, Error> {
        let sum = self.sum(&ordered.question(NUMBERED))?;
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = std::mem::take(&mut *numbers);
        Ok(sum.map(|sum| (sum, numbers)))
    }

    fn sum(&self, sql: &str) -> Result<Option<Sum>, Error> {
        let found: Option<[u8; 16]> = self.db.query_row(sql, [], |row| row.get(0))?;
        Ok(found.map(Sum::of_bytes))
    }
}

/// The SQL that hashes these columns of a row.
pub(super) fn hash_of_row(columns: &str) -> String {
    format!("{ROW}({columns})")
}

impl Sum {
    fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.n) << 64 | u128::from(self.hashes)).to_be_bytes()
    }

    fn of_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_be_bytes(bytes);
        Self { n: (both >> 64) as u64, hashes: both as u64 }
    }
}

fn arguments<'a>(context: &'a Context, from: usize) -> impl Iterator<Item = ValueRef<'a>> {
    (from..context.len()).map(|at| context.get_raw(at))
}

/// Sums up entries that have to rise.
struct Entries {
    mix: Mix,
    kept: Option<Arc<Mutex<Vec<i64>>>>,
}

/// Where it stands.
struct EntriesSoFar {
    sum: Sum,
    /// The key of the last entry.
    last: Vec<Held>,
    is_in_order: bool,
    numbers: Vec<i64>,
}

/// A value that is kept, in SQLite's order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    Null,
    Integer(i64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Held {
    /// Takes the place of the value of an entry before; how the new one compares with it. None has this type.
    fn replaced_by(&mut self, value: ValueRef) -> Option<Ordering> {
        let order = match (&mut *self, value) {
            (Self::Integer(held), ValueRef::Integer(new)) => {
                let order = new.cmp(held);
                *held = new;
                order
            }
            (Self::Text(held), ValueRef::Text(new)) | (Self::Blob(held), ValueRef::Blob(new)) => {
                let order = new.cmp(held);
                held.clear();
                held.extend_from_slice(new);
                order
            }
            (held, value) => {
                let new = Self::of(value)?;
                let order = new.cmp(held);
                *held = new;
                order
            }
        };
        Some(order)
    }

    fn of(value: ValueRef) -> Option<Self> {
        match value {
            ValueRef::Null => Some(Self::Null),
            ValueRef::Integer(number) => Some(Self::Integer(number)),
            ValueRef::Text(text) => Some(Self::Text(text.to_vec())),
            ValueRef::Blob(bytes) => Some(Self::Blob(bytes.to_vec())),
            ValueRef::Real(_) => None,
        }
    }
}

impl EntriesSoFar {
    /// Whether an entry is above the last one; none where a value has no order here.
    fn rises(&mut self, entry: &Context) -> Option<bool> {
        if self.sum.n == 0 {
            let ValueRef::Integer(n_key) = entry.get_raw(0) else { return None };
            let key = arguments(entry, 1).take(usize::try_from(n_key).ok()?);
            self.last = key.map(Held::of).collect::<Option<_>>()?;
            return Some(true);
        }
        let mut order = Ordering::Equal;
        for (held, value) in self.last.iter_mut().zip(arguments(entry, 1)) {
            order = order.then(held.replaced_by(value)?);
        }
        Some(order.is_gt())
    }
}

impl Aggregate<EntriesSoFar, Option<[u8; 16]>> for Entries {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<EntriesSoFar> {
        let (last, numbers) = (Vec::new(), Vec::new());
        Ok(EntriesSoFar { sum: Sum::default(), last, is_in_order: true, numbers })
    }

    fn step(&self, entry: &mut Context<'_>, so_far: &mut EntriesSoFar) -> rusqlite::Result<()> {
        so_far.is_in_order &= so_far.rises(entry).unwrap_or(false);
        so_far.sum.add(self.mix.of(arguments(entry, 1)));
        if self.kept.is_some()
            && let ValueRef::Integer(number) = entry.get_raw(1)
        {
            so_far.numbers.push(number);
        }
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        so_far: Option<EntriesSoFar>,
    ) -> rusqlite::Result<Option<[u8; 16]>> {
        let Some(so_far) = so_far else { return Ok(Some(Sum::default().to_bytes())) };
        if let Some(kept) = &self.kept {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = so_far.numbers;
        }
        Ok(so_far.is_in_order.then(|| so_far.sum.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn db(rows: &str) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE t (a ANY, b ANY) STRICT; CREATE INDEX by_a ON t (a, b)")
            .unwrap();
        db.execute_batch(&format!("INSERT INTO t VALUES {rows}")).unwrap();
        db
    }

    #[test]
    fn entries_are_summed_where_each_rises_above_the_one_before() {
        let mix = Mix::new();
        let integers = |all: &[[i64; 2]]| {
            let mut sum = Sum::default();
            all.iter().for_each(|entry| sum.add(mix.of_integers(*entry)));
            Some(sum)
        };
        let db = db("(3, 1), (1, 2), (1, 1)");
        let hashing = Hashing::new(&db, &mix).unwrap();
        let right = integers(&[[1, 1], [1, 2], [3, 1]]);
        assert_eq!(
            hashing
                .entries(&Ordered { from: "t INDEXED BY by_a", columns: "a, b", n_key: 2 })
                .unwrap(),
            right
        );
        assert_ne!(right, integers(&[[1, 1], [1, 2], [1, 3]]));
        assert_ne!(right, integers(&[[1, 1], [1, 2]]));
        // Two have the same first column; the table is not in order.
        assert_eq!(
            hashing
                .entries(&Ordered { from: "t INDEXED BY by_a", columns: "a, b", n_key: 1 })
                .unwrap(),
            None
        );
        assert_eq!(
            hashing.entries(&Ordered { from: "t NOT INDEXED", columns: "a, b", n_key: 2 }).unwrap(),
            None
        );
        let (sum, numbers) = hashing
            .numbered(&Ordered { from: "t WHERE a = 3", columns: "b, a", n_key: 2 })
            .unwrap()
            .unwrap();
        assert_eq!((Some(sum), &numbers[..]), (integers(&[[1, 3]]), &[1][..]));
        db.execute_batch("DELETE FROM t").unwrap();
        assert_eq!(
            hashing
                .entries(&Ordered { from: "t INDEXED BY by_a", columns: "a, b", n_key: 2 })
                .unwrap(),
            integers(&[])
        );
    }

    #[test]
    fn values_of_every_type_are_told_apart() {
        let mix = Mix::new();
        let all = ["NULL", "0", "1", "0.0", "''", "'a'", "x''", "x'61'", "'b'"];
        let db = db("(0, 0)");
        Hashing::new(&db, &mix).unwrap();
        let hash = |columns: String| -> i64 {
            db.query_row(&format!("SELECT {}", hash_of_row(&columns)), [], |row| row.get(0))
                .unwrap()
        };
        let mut hashes: Vec<i64> =
            all.iter().flat_map(|a| all.map(|b| format!("{a}, {b}"))).map(hash).collect();
        assert_eq!(hash("NULL, 1".into()) as u64, mix.of_numbers([None, Some(1)]));
        assert_eq!(hash("0, 1".into()) as u64, mix.of_integers([0, 1]));
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), all.len() * all.len());
    }

    #[test]
    fn texts_and_bytes_rise_as_sqlite_sorts_them() {
        let db =
            db("(x'00', 1), ('b', 2), ('a', 3), ('', 4), (5, 5), (NULL, 6), (x'', 7), ('ä', 8)");
        let hashing = Hashing::new(&db, &Mix::new()).unwrap();
        assert!(
            hashing
                .entries(&Ordered { from: "t INDEXED BY by_a", columns: "a", n_key: 1 })
                .unwrap()
                .is_some()
        );
        db.execute_batch("INSERT INTO t VALUES ('b', 9)").unwrap();
        assert_eq!(
            hashing
                .entries(&Ordered { from: "t INDEXED BY by_a", columns: "a", n_key: 1 })
                .unwrap(),
            None
        );
        assert!(
            hashing
                .entries(&Ordered { from: "t INDEXED BY by_a", columns: "a, b", n_key: 2 })
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn no_view_or_trigger_can_call_them() {
        let db = db("(1, 1)");
        Hashing::new(&db, &Mix::new()).unwrap();
        db.execute_batch(&format!("CREATE VIEW v AS SELECT {} AS hash FROM t", hash_of_row("a")))
            .unwrap();
        assert!(db.query_row("SELECT hash FROM v", [], |row| row.get::<_, i64>(0)).is_err());
    }
}
