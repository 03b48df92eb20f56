//! Sorted sets of numbers in blocks: what the parts of both indexes are, of `posting` and of `feature`.
//!
//! A row for each number would cost 14 bytes instead of 5, and the work of inserting a row. A block
//! holds about a hundred neighbours; as hashes fall everywhere a large batch touches most blocks, and
//! goes through the part once, in order.
//!
//! A block covers the numbers from its own first to the next block's first; the lowest one also
//! covers what lies before it. The parts of an index lie in one table, one after the other: the column
//! `first` has the part in its upper 3 bits, then the 32 bits of the hash and 29 of who has it.

use std::ops::Range;

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

/// Who has a hash, in so many bits of a column; the largest is no value.
const VALUE_BITS: u32 = 29;
const VALUE_MAX: u32 = (1 << VALUE_BITS) - 1;
const PART_SHIFT: u32 = 61;
const SIGN: u64 = 1 << 63;

/// A number of the set: what is looked up, and who has it.
pub fn entry(hash: u32, value: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(value)
}

/// A row's number as the lower half of an entry.
pub fn value(row: i64) -> Result<u32, Error> {
    // The largest is left free, so that every value has a limit above it.
    let value = u32::try_from(row).ok().filter(|value| *value < VALUE_MAX);
    value.ok_or_else(|| Error::Catalog { why: format!("row {row} is beyond what is indexed") })
}

/// The hash of a number.
pub fn hash_of(number: u64) -> u32 {
    (number >> 32) as u32
}

/// One part of an index as a set.
#[derive(Clone, Copy)]
pub struct Blocks<'a> {
    db: &'a Connection,
    table: &'static BlockTable,
    part: u8,
}

/// A table of blocks, with the statements that go to it.
pub struct BlockTable {
    /// Its name.
    pub name: &'static str,
    walk: &'static str,
    down: &'static str,
    after: &'static str,
    insert: &'static str,
    update: &'static str,
    delete: &'static str,
}

macro_rules! block_table {
    ($table:literal) => {
        BlockTable {
            name: $table,
            walk: concat!(
                "SELECT first, data FROM ",
                $table,
                " WHERE first >= ifnull((SELECT max(first) FROM ",
                $table,
                " WHERE first >= ?2 AND first <= ?1), ?1) AND first <= ?3 ORDER BY first"
            ),
            down: concat!(
                "SELECT first, data FROM ",
                $table,
                " WHERE first >= ?2 AND first <= ?1 ORDER BY first DESC"
            ),
            after: concat!(
                "SELECT first FROM ",
                $table,
                " WHERE first > ?1 AND first <= ?2 ORDER BY first LIMIT 1 OFFSET ?3"
            ),
            insert: concat!("INSERT OR REPLACE INTO ", $table, " VALUES (?1, ?2)"),
            update: concat!("UPDATE ", $table, " SET data = ?2 WHERE first = ?1"),
            delete: concat!("DELETE FROM ", $table, " WHERE first = ?1"),
        }
    };
}

/// Shingle hashes and the contents that have them.
pub static POSTING: BlockTable = block_table!("posting");
/// Features and the blobs that have them.
pub static FEATURE: BlockTable = block_table!("feature");

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
    /// The part of a table with this number, of which there are 8.
    pub fn new(db: &'a Connection, table: &'static BlockTable, part: u8) -> Self {
        Self { db, table, part }
    }

    /// Removes numbers and inserts numbers, both strictly rising; one that is in both stays. By how many
    /// blocks there are more afterwards.
    ///
    /// Blocks left empty go; small ones stay, as they fill again.
    pub fn change(&self, mut insert: &[u64], mut remove: &[u64]) -> Result<i64, Error> {
        let mut n_more = 0;
        while let Some(start) = block::lowest(insert, remove) {
            let mut changed = Changed::default();
            let mut is_empty = true;
            self.walk(start, |block| {
                is_empty = false;
                changed.n_more -= 1;
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
            n_more += changed.n_more + changed.puts.len() as i64;
        }
        Ok(n_more)
    }

    /// Appends up to `n_max` of the values that a hash has, falling from the largest.
    pub fn latest(&self, hash: u32, n_max: usize, values: &mut Vec<u32>) -> Result<(), Error> {
        let (from, to) = (entry(hash, 0), entry(hash, VALUE_MAX));
        let n_wanted = values.len() + n_max;
        let mut query = self.db.prepare_cached(self.table.down)?;
        let mut rows = query.query([self.sought(to), self.sought(0)])?;
        let mut before = None;
        while let Some(row) = rows.next()? {
            let (first, data) = self.columns(row)?;
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
        Ok(())
    }

    /// Appends the numbers of up to `n_max` blocks from the one on that covers where the range begins, as
    /// far as they lie in it; where those that follow begin, if there are any in the range.
    pub fn read(
        &self,
        range: Range<u64>,
        n_max: usize,
        numbers: &mut Vec<u64>,
    ) -> Result<Option<u64>, Error> {
        let mut n_blocks = 0;
        let mut next = None;
        self.walk(range.start, |block| {
            for number in block.numbers() {
                let number = number.map_err(|why| self.malformed(why))?;
                if range.contains(&number) {
                    numbers.push(number);
                }
            }
            n_blocks += 1;
            next = block.end.filter(|end| *end < range.end);
            Ok(next.filter(|_| n_blocks < n_max))
        })?;
        Ok(next)
    }

    /// Where the block begins that is `n` blocks behind the first one that begins above a number; none when
    /// there are no more.
    pub fn first_after(&self, number: u64, n: u64) -> Result<Option<u64>, Error> {
        let mut query = self.db.prepare_cached(self.table.after)?;
        let mut rows = query.query([self.sought(number), self.sought(u64::MAX), n as i64])?;
        let first = rows.next()?.map(|row| row.get(0)).transpose()?;
        Ok(first.map(|first| self.number(first)))
    }

    /// Whether there is no block.
    pub fn is_empty(&self) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(self.table.down)?;
        Ok(!query.exists([self.sought(u64::MAX), self.sought(0)])?)
    }

    /// What lies alone in the part, under the number 0: other bytes than a block.
    pub fn state(&self) -> Result<Option<Vec<u8>>, Error> {
        let mut query = self.db.prepare_cached(self.table.walk)?;
        let mut rows = query.query([self.sought(0), self.sought(0), self.sought(0)])?;
        Ok(rows.next()?.map(|row| row.get(1)).transpose()?)
    }

    /// Puts in what lies alone in the part.
    pub fn set_state(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut insert = self.db.prepare_cached(self.table.insert)?;
        insert.execute((self.sought(0), bytes))?;
        Ok(())
    }

    /// Calls `each` with the block that covers `from`, and then with each that covers the number it
    /// asked for by its last answer; or, if that one is behind, with the next.
    ///
    /// Nothing may be written to the part meanwhile.
    pub fn walk(
        &self,
        from: u64,
        mut each: impl FnMut(BlockRow) -> Result<Option<u64>, Error>,
    ) -> Result<(), Error> {
        let mut query = self.db.prepare_cached(self.table.walk)?;
        let (lowest, highest) = (self.sought(0), self.sought(u64::MAX));
        let mut data: Vec<u8> = Vec::new();
        let mut wanted = from;
        loop {
            let mut rows = query.query([self.sought(wanted), lowest, highest])?;
            let Some(mut row) = rows.next()? else { return Ok(()) };
            let mut is_found = false;
            let mut n_idle = 0;
            while n_idle <= IDLE_MAX {
                let (first, bytes) = self.columns(row)?;
                data.clear();
                data.extend_from_slice(bytes);
                let next = rows.next()?;
                let end = next.map(|row| self.columns(row).map(|(first, _)| first)).transpose()?;
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
                changed.n_more += 1;
            }
            [(first, _), ..] if *first == block.first => changed.updates.push(n_before),
            _ => changed.deletes.push(block.first),
        }
        Ok(())
    }

    fn write(&self, changed: &Changed) -> Result<(), Error> {
        let mut delete = self.db.prepare_cached(self.table.delete)?;
        for first in &changed.deletes {
            delete.execute([self.sought(*first)])?;
        }
        let mut insert = self.db.prepare_cached(self.table.insert)?;
        let mut update = self.db.prepare_cached(self.table.update)?;
        let mut updates = changed.updates.iter().copied().peekable();
        for (at, (first, data)) in changed.puts.iter().enumerate() {
            if *first as u32 > VALUE_MAX {
                return Err(self.malformed("a value is too large"));
            }
            // To replace a row costs a second search.
            let is_there = updates.next_if_eq(&at).is_some();
            let put = if is_there { &mut update } else { &mut insert };
            put.execute((self.sought(*first), data))?;
        }
        Ok(())
    }

    /// A number of the part as a column: SQLite's integers are signed, and their order is to be the same. A
    /// value that is too large, as limits are, stands for the largest.
    fn sought(&self, number: u64) -> i64 {
        let value = (number as u32).min(VALUE_MAX);
        let number = u64::from(hash_of(number)) << VALUE_BITS | u64::from(value);
        ((u64::from(self.part) << PART_SHIFT | number) ^ SIGN) as i64
    }

    /// A column of the part as a number.
    fn number(&self, column: i64) -> u64 {
        let number = column as u64 ^ SIGN;
        entry((number >> VALUE_BITS) as u32, number as u32 & VALUE_MAX)
    }

    fn columns<'r>(&self, row: &'r Row) -> rusqlite::Result<(u64, &'r [u8])> {
        Ok((self.number(row.get(0)?), row.get_ref(1)?.as_blob()?))
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
        Error::Catalog { why: format!("a block of {} is malformed: {why}", self.table.name) }
    }
}

/// What a change does to rows.
#[derive(Default)]
struct Changed {
    deletes: Vec<u64>,
    puts: Vec<(u64, Vec<u8>)>,
    /// Which of them are in the place of a row, rising.
    updates: Vec<usize>,
    n_bytes: usize,
    /// Blocks that are left as they are, less those that were looked at.
    n_more: i64,
}

impl Changed {
    /// Adds a block; one that is too large in pieces.
    fn put(&mut self, block: block::EncodedBlock) -> Result<(), &'static str> {
        if block.bytes.len() <= BLOCK_BYTES_MAX {
            self.n_bytes += block.bytes.len();
            self.puts.push((block.first, block.bytes));
            return Ok(());
        }
        let n_pieces = block.bytes.len().div_ceil(PIECE_BYTES_MAX);
        self.n_bytes += block.bytes.len();
        self.puts.extend(block::cut(&block, block.bytes.len().div_ceil(n_pieces))?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::catalog::Catalog;

    fn all(blocks: &Blocks) -> Vec<u64> {
        let mut numbers = Vec::new();
        assert_eq!(blocks.read(0..u64::MAX, usize::MAX, &mut numbers).unwrap(), None);
        numbers
    }

    #[test]
    fn blocks_are_no_larger_than_said_and_none_is_empty() {
        let catalog = Catalog::in_memory().unwrap();
        let blocks = Blocks::new(&catalog.db, &FEATURE, 3);
        let numbers: Vec<u64> = (0..50_000).map(|n| entry(n * 0x1234, n ^ 0x1fff_0000)).collect();
        let n_more = blocks.change(&numbers, &[]).unwrap();
        assert_eq!(all(&blocks), numbers);
        let max = "SELECT max(length(data)), count(*) FROM feature";
        let row = |row: &Row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        let (n_bytes_max, n_blocks) = catalog.db.query_row(max, [], row).unwrap();
        assert!(
            n_bytes_max <= BLOCK_BYTES_MAX as i64 && n_blocks > 100,
            "{n_bytes_max} {n_blocks}"
        );
        assert_eq!(n_more, n_blocks);
        assert_eq!(blocks.change(&[], &numbers).unwrap(), -n_blocks);
        assert_eq!(catalog.db.query_row("SELECT count(*) FROM feature", [], |r| r.get(0)), Ok(0));
    }

    #[test]
    fn a_column_is_part_hash_and_value() {
        let catalog = Catalog::in_memory().unwrap();
        let part = |part| Blocks::new(&catalog.db, &POSTING, part);
        assert_eq!(part(0).sought(0), i64::MIN);
        assert_eq!(part(4).sought(entry(2, 3)), 2 << 29 | 3);
        assert_eq!(part(7).sought(u64::MAX), i64::MAX);
        assert_eq!(part(7).sought(entry(u32::MAX, VALUE_MAX - 1)), i64::MAX - 1);
        assert_eq!(part(3).number(part(3).sought(entry(7, 8))), entry(7, 8));
        assert_eq!(value(i64::from(VALUE_MAX) - 1).unwrap(), VALUE_MAX - 1);
        assert!(value(VALUE_MAX.into()).is_err() && value(-1).is_err());
        assert!(part(1).change(&[entry(1, VALUE_MAX + 1)], &[]).is_err());
    }

    #[test]
    fn a_torn_table_is_an_error() {
        let catalog = Catalog::in_memory().unwrap();
        let blocks = Blocks::new(&catalog.db, &FEATURE, 2);
        let put = |first: u64, data: &[u8]| {
            catalog
                .db
                .execute("INSERT INTO feature VALUES (?1, ?2)", (blocks.sought(first), data))
                .unwrap();
        };
        put(10, &[0, 4, 0, 4]);
        put(15, &[0]);
        assert!(blocks.change(&[12], &[]).is_err());
        assert!(blocks.read(0..30, 9, &mut Vec::new()).is_err());
        assert!(blocks.latest(0, 9, &mut Vec::new()).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn parts_of_a_table_do_not_know_of_each_other(
            numbers in proptest::collection::vec(
                (0..8_u8, prop_oneof![Just(0), Just(u32::MAX), any::<u32>()], 0..3000_u32), 0..2000,
            ),
        ) {
            let catalog = Catalog::in_memory().unwrap();
            let of = |part| -> Vec<u64> {
                let own = numbers.iter().filter(|(own, ..)| *own == part);
                let own: BTreeSet<u64> = own.map(|(_, hash, value)| entry(*hash, *value)).collect();
                own.into_iter().collect()
            };
            let parts = (0..8).map(|part| (Blocks::new(&catalog.db, &FEATURE, part), of(part)));
            for (blocks, numbers) in parts.clone() {
                blocks.change(&numbers, &[]).unwrap();
            }
            for (blocks, numbers) in parts {
                prop_assert_eq!(all(&blocks), &numbers[..]);
                prop_assert_eq!(blocks.is_empty().unwrap(), numbers.is_empty());
            }
        }
    }
}
