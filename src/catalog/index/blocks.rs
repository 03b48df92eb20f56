//! Sorted sets of numbers in a table of blocks: what both indexes consist of, `posting` and `feature`.
//!
//! A row for each number would cost 14 bytes instead of 5, and the work of inserting a row. A block
//! holds about a hundred neighbours; as hashes fall everywhere a large batch touches most blocks, and
//! goes through the table once, in order.
//!
//! A block covers the numbers from its own first to the next block's first; the lowest one also
//! covers what lies before it.

use rusqlite::{Connection, Row};

use crate::types::error::Error;

use super::block::{self, Numbers};

/// A block of more bytes is cut. At this size a look-up decodes little, and whole blocks leave little
/// of a page of 4,096 unused; smaller ones save nothing more.
const BLOCK_BYTES_MAX: usize = 512;
/// How full the pieces of a block that is cut are at most.
const PIECE_BYTES_MAX: usize = BLOCK_BYTES_MAX * 3 / 4;
/// So many blocks that nobody wants are stepped over before the next one wanted is looked up, which
/// costs about as much.
const IDLE_MAX: usize = 4;
/// Changed blocks are collected up to so many bytes: nothing is written while a query runs.
const UNWRITTEN_BYTES_MAX: usize = 1 << 20;

/// A number of the set: what is looked up, and who has it.
pub fn entry(hash: u32, value: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(value)
}

/// A row's number as the lower half of an entry.
pub fn value(row: i64) -> Result<u32, Error> {
    // The largest is left free, so that every value has a limit above it.
    let value = u32::try_from(row).ok().filter(|value| *value < u32::MAX);
    value.ok_or_else(|| Error::Catalog { why: format!("row {row} is beyond what is indexed") })
}

/// The hash of a number.
pub fn hash_of(number: u64) -> u32 {
    (number >> 32) as u32
}

/// One table as a set.
#[derive(Clone, Copy)]
pub struct Blocks<'a> {
    db: &'a Connection,
    sql: &'static Sql,
}

struct Sql {
    table: &'static str,
    walk: &'static str,
    down: &'static str,
    put: &'static str,
    delete: &'static str,
}

macro_rules! sql {
    ($table:literal) => {
        Sql {
            table: $table,
            walk: concat!(
                "SELECT first, data FROM ",
                $table,
                " WHERE first >= ifnull((SELECT max(first) FROM ",
                $table,
                " WHERE first <= ?1), ?1) ORDER BY first"
            ),
            down: concat!(
                "SELECT first, data FROM ",
                $table,
                " WHERE first <= ?1 ORDER BY first DESC"
            ),
            put: concat!("INSERT OR REPLACE INTO ", $table, " VALUES (?1, ?2)"),
            delete: concat!("DELETE FROM ", $table, " WHERE first = ?1"),
        }
    };
}

static POSTING: Sql = sql!("posting");
static FEATURE: Sql = sql!("feature");

/// One row: a block as it lies in the table.
pub struct BlockRow<'a> {
    first: u64,
    /// The first number that it does not cover; none for the last block.
    pub end: Option<u64>,
    data: &'a [u8],
}

impl BlockRow<'_> {
    /// Its numbers, rising.
    pub fn numbers(&self) -> Numbers<'_> {
        block::numbers(self.first, self.data)
    }

    /// How many of these numbers, which rise and are not below what it covers, it covers.
    fn n_covered(&self, numbers: &[u64]) -> usize {
        match self.end {
            Some(end) => numbers.iter().take_while(|number| **number < end).count(),
            None => numbers.len(),
        }
    }
}

impl<'a> Blocks<'a> {
    /// Shingle hashes and the contents that have them.
    pub fn posting(db: &'a Connection) -> Self {
        Self { db, sql: &POSTING }
    }

    /// Features and the blobs that have them.
    pub fn feature(db: &'a Connection) -> Self {
        Self { db, sql: &FEATURE }
    }

    /// Removes numbers and inserts numbers, both strictly rising; one that is in both stays.
    ///
    /// Blocks left empty go; small ones stay, as they fill again.
    pub fn change(&self, mut insert: &[u64], mut remove: &[u64]) -> Result<(), Error> {
        while let Some(start) = block::lowest(insert, remove) {
            let mut changed = Changed::default();
            let mut is_empty = true;
            self.walk(start, |block| {
                is_empty = false;
                let (here, later) = insert.split_at(block.n_covered(insert));
                insert = later;
                let (gone, later) = remove.split_at(block.n_covered(remove));
                remove = later;
                self.revise(&block, here, gone, &mut changed)?;
                let is_full = changed.n_bytes >= UNWRITTEN_BYTES_MAX;
                Ok(block::lowest(insert, remove).filter(|_| !is_full))
            })?;
            if is_empty {
                let all = block::encode(insert);
                all.map_or(Ok(()), |all| changed.put(all)).map_err(|why| self.malformed(why))?;
                (insert, remove) = (&[], &[]);
            }
            self.write(&changed)?;
        }
        Ok(())
    }

    /// Up to `n_max` of the values below `limit` that the hash has, rising.
    pub fn below(&self, hash: u32, limit: u32, n_max: usize) -> Result<Vec<u32>, Error> {
        let (from, to) = (entry(hash, 0), entry(hash, limit));
        let mut values = Vec::new();
        self.walk(from, |block| {
            for number in block.numbers() {
                let number = number.map_err(|why| self.malformed(why))?;
                if number >= to || values.len() == n_max {
                    return Ok(None);
                }
                if number >= from {
                    values.push(number as u32);
                }
            }
            Ok(block.end.filter(|end| *end < to))
        })?;
        Ok(values)
    }

    /// Up to `n_max` of the values that each of the hashes has, falling from the largest, one hash
    /// after the other.
    pub fn latest(&self, hashes: &[u32], n_max: usize) -> Result<Vec<u32>, Error> {
        let mut values = Vec::with_capacity(128);
        let mut query = self.db.prepare_cached(self.sql.down)?;
        for hash in hashes {
            let (from, to) = (entry(*hash, 0), entry(*hash, u32::MAX));
            let n_wanted = values.len() + n_max;
            let mut rows = query.query([column(to)])?;
            let mut before = None;
            while let Some(row) = rows.next()? {
                let (first, data) = columns(row)?;
                self.expect_rise(Some(first), before)?;
                let start = values.len();
                for number in block::numbers(first, data) {
                    let number = number.map_err(|why| self.malformed(why))?;
                    if number > to {
                        break;
                    }
                    if number >= from {
                        values.push(number as u32);
                    }
                }
                values[start..].reverse();
                values.truncate(n_wanted);
                if first <= from || values.len() == n_wanted {
                    break;
                }
                before = Some(first);
            }
        }
        Ok(values)
    }

    /// Calls `each` with every number, rising.
    pub fn each(&self, mut each: impl FnMut(u64)) -> Result<(), Error> {
        self.walk(0, |block| {
            for number in block.numbers() {
                each(number.map_err(|why| self.malformed(why))?);
            }
            Ok(block.end)
        })
    }

    /// Calls `each` with the block that covers `from`, and then with each that covers the number it
    /// asked for by its last answer; or, if that one is behind, with the next.
    ///
    /// Nothing may be written to the table meanwhile.
    pub fn walk(
        &self,
        from: u64,
        mut each: impl FnMut(BlockRow) -> Result<Option<u64>, Error>,
    ) -> Result<(), Error> {
        let mut query = self.db.prepare_cached(self.sql.walk)?;
        let mut data: Vec<u8> = Vec::new();
        let mut wanted = from;
        loop {
            let mut rows = query.query([column(wanted)])?;
            let Some(mut row) = rows.next()? else { return Ok(()) };
            let mut is_found = false;
            let mut n_idle = 0;
            while n_idle <= IDLE_MAX {
                let first = columns(row)?.0;
                data.clear();
                data.extend_from_slice(columns(row)?.1);
                let next = rows.next()?;
                let end = next.map(|row| columns(row).map(|(first, _)| first)).transpose()?;
                self.expect_rise(Some(first), end)?;
                if end.is_none_or(|end| wanted < end) {
                    let Some(number) = each(BlockRow { first, end, data: &data })? else {
                        return Ok(());
                    };
                    (wanted, n_idle, is_found) = (number, 0, true);
                } else if is_found {
                    n_idle += 1;
                } else {
                    return Err(self.malformed("it does not lie where it is sought"));
                }
                let Some(next) = next else { return Ok(()) };
                row = next;
            }
        }
    }

    /// Changes the numbers of one block.
    fn revise(
        &self,
        block: &BlockRow,
        insert: &[u64],
        remove: &[u64],
        changed: &mut Changed,
    ) -> Result<(), Error> {
        let revised = block::revise(block.first, block.data, insert, remove);
        let revised = revised.map_err(|why| self.malformed(why))?;
        let last = revised.as_ref().map(|revised| revised.last);
        if block.end.is_some_and(|end| last.is_some_and(|last| last >= end)) {
            return Err(self.malformed("it overlaps the next one"));
        }
        let n_before = changed.puts.len();
        if let Some(revised) = revised {
            changed.put(revised).map_err(|why| self.malformed(why))?;
        }
        match &changed.puts[n_before..] {
            [(first, data)] if *first == block.first && data == block.data => {
                changed.puts.truncate(n_before);
            }
            [(first, _), ..] if *first == block.first => {}
            _ => changed.deletes.push(block.first),
        }
        Ok(())
    }

    fn write(&self, changed: &Changed) -> Result<(), Error> {
        let mut delete = self.db.prepare_cached(self.sql.delete)?;
        for first in &changed.deletes {
            delete.execute([column(*first)])?;
        }
        let mut put = self.db.prepare_cached(self.sql.put)?;
        for (first, data) in &changed.puts {
            put.execute((column(*first), data))?;
        }
        Ok(())
    }

    /// Blocks that do not come in order are a torn table, and could be gone through for ever.
    fn expect_rise(&self, lower: Option<u64>, upper: Option<u64>) -> Result<(), Error> {
        match (lower, upper) {
            (Some(lower), Some(upper)) if lower >= upper => {
                Err(self.malformed("it is out of order"))
            }
            _ => Ok(()),
        }
    }

    /// The error for a malformed block.
    pub fn malformed(&self, why: &str) -> Error {
        Error::Catalog { why: format!("a block of {} is malformed: {why}", self.sql.table) }
    }
}

/// What a change does to rows.
#[derive(Default)]
struct Changed {
    deletes: Vec<u64>,
    puts: Vec<(u64, Vec<u8>)>,
    n_bytes: usize,
}

impl Changed {
    /// Adds a block; one that is too large in pieces.
    fn put(&mut self, block: block::EncodedBlock) -> Result<(), &'static str> {
        if block.bytes.len() <= BLOCK_BYTES_MAX {
            self.n_bytes += block.bytes.len();
            self.puts.push((block.first, block.bytes));
            return Ok(());
        }
        let numbers = block::parse(block.first, &block.bytes)?;
        let n_pieces = block.bytes.len().div_ceil(PIECE_BYTES_MAX);
        let mut pieces = numbers.chunks(numbers.len().div_ceil(n_pieces));
        pieces.try_for_each(|piece| block::encode(piece).map_or(Ok(()), |piece| self.put(piece)))
    }
}

/// A number as a column: SQLite's integers are signed, and their order is to be the same.
fn column(number: u64) -> i64 {
    (number ^ SIGN) as i64
}

const SIGN: u64 = 1 << 63;

fn columns<'a>(row: &'a Row) -> rusqlite::Result<(u64, &'a [u8])> {
    let first = row.get::<_, i64>(0)? as u64 ^ SIGN;
    Ok((first, row.get_ref(1)?.as_blob()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::catalog::Catalog;

    fn all(blocks: &Blocks) -> Vec<u64> {
        let mut numbers = Vec::new();
        blocks.each(|number| numbers.push(number)).unwrap();
        numbers
    }

    /// Numbers of few hashes with many values each, and of many hashes.
    fn numbers(n_max: usize) -> impl Strategy<Value = BTreeSet<u64>> {
        let hash = prop_oneof![Just(0), Just(u32::MAX), 0..5_u32, any::<u32>()];
        let number = (hash, 0..3000_u32).prop_map(|(hash, value)| entry(hash, value));
        proptest::collection::btree_set(number, 0..n_max)
    }

    /// Inserts them, and removes every second one of those that are there.
    fn change(blocks: &Blocks, model: &mut BTreeSet<u64>, insert: &BTreeSet<u64>, salt: u64) {
        let remove: BTreeSet<u64> =
            model.iter().copied().filter(|n| (n ^ n >> 32 ^ salt).is_multiple_of(2)).collect();
        model.retain(|number| !remove.contains(number));
        model.extend(insert);
        let (insert, remove): (Vec<u64>, Vec<u64>) =
            (insert.iter().copied().collect(), remove.into_iter().collect());
        blocks.change(&insert, &remove).unwrap();
    }

    #[test]
    fn blocks_are_no_larger_than_said_and_none_is_empty() {
        let catalog = Catalog::in_memory().unwrap();
        let blocks = Blocks::feature(&catalog.db);
        let numbers: Vec<u64> = (0..50_000).map(|n| n * 0x1234_5678_9abc).collect();
        blocks.change(&numbers, &[]).unwrap();
        assert_eq!(all(&blocks), numbers);
        let max = "SELECT max(length(data)), count(*) FROM feature";
        let row = |row: &Row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        let (n_bytes_max, n_blocks) = catalog.db.query_row(max, [], row).unwrap();
        assert!(
            n_bytes_max <= BLOCK_BYTES_MAX as i64 && n_blocks > 100,
            "{n_bytes_max} {n_blocks}"
        );
        blocks.change(&[], &numbers).unwrap();
        assert_eq!(catalog.db.query_row("SELECT count(*) FROM feature", [], |r| r.get(0)), Ok(0));
    }

    #[test]
    fn a_torn_table_is_an_error() {
        let catalog = Catalog::in_memory().unwrap();
        let blocks = Blocks::feature(&catalog.db);
        let put = |first: u64, data: &[u8]| {
            catalog
                .db
                .execute("INSERT INTO feature VALUES (?1, ?2)", (column(first), data))
                .unwrap();
        };
        put(10, &[0, 4, 0, 4]);
        put(15, &[0]);
        assert!(blocks.change(&[12], &[]).is_err());
        assert!(blocks.below(0, 30, 9).is_err());
        assert!(blocks.latest(&[0], 9).is_err());
        assert!(blocks.each(|_| {}).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn a_table_of_blocks_is_a_sorted_set(
            batches in proptest::collection::vec((numbers(1500), any::<u64>()), 1..6),
            asked in proptest::collection::vec((0..6_u32, 0..3100_u32, 1..80_usize), 1..30),
        ) {
            let catalog = Catalog::in_memory().unwrap();
            let blocks = Blocks::posting(&catalog.db);
            let mut model = BTreeSet::new();
            for (insert, salt) in &batches {
                change(&blocks, &mut model, insert, *salt);
                prop_assert_eq!(all(&blocks), model.iter().copied().collect::<Vec<_>>());
            }
            for (hash, limit, n_max) in asked {
                let hash = if hash == 5 { u32::MAX } else { hash };
                let values = |from, to| model.range(from..to).map(|number| *number as u32);
                let below = values(entry(hash, 0), entry(hash, limit)).take(n_max);
                prop_assert_eq!(blocks.below(hash, limit, n_max).unwrap(), below.collect::<Vec<_>>());
                let all = values(entry(hash, 0), entry(hash, u32::MAX)).rev().take(n_max);
                let wanted: Vec<u32> = all.clone().chain(all).collect();
                let latest = blocks.latest(&[hash, hash], n_max).unwrap();
                prop_assert_eq!(latest, wanted);
            }
        }
    }
}
