//! An index in tiers: one sorted set, of which each commit writes a small part.
//!
//! Hashes fall everywhere, so a batch touches nearly all blocks of a set, however large that is. So what
//! changes goes into the newest tier, or where it is much into the middle one. What is too much in the newest sinks
//! into the middle tier, which is four times as large, and from there into the oldest, which is six times as large
//! again and has nearly everything. A tier that is not the oldest is two sets: what came, and what went although an
//! older tier may have it. The newest tier that names a number says whether it is in the index.
//!
//! Blocks sink a few at a time, from where the last ones did and round again: what sinks has gathered for a
//! whole round, and no commit pays for all of it.

use rusqlite::Connection;

use crate::types::error::Error;

use super::{
    blocks::{BlockTable, Blocks, FEATURE, POSTING, hash_of},
    tier_reader::{IndexReader, NewerSet},
};

/// Tiers that are not the oldest, counted from the newest.
const N_NEWER: usize = 2;
/// Their two sets each, and the oldest.
const N_SETS: usize = 2 * N_NEWER + 1;
/// Where the oldest tier lies among the parts of the table; the others lie behind it.
const OLDEST: u8 = 0;
/// Where the state lies.
const STATE: u8 = 7;
/// So many numbers go into a block, about.
const BLOCK_NUMBERS: usize = 90;
/// So many blocks sink together at most: it is a bound for memory.
const SINKING_MAX: u64 = 2048;
/// The limits of both indexes.
const LIMITS: TierLimits = TierLimits {
    alone_max: 2048,
    newest_min: 128,
    newest_share: 4,
    middle_min: 4096,
    middle_share: 6,
};

/// How many blocks a tier has before some sink.
#[derive(Debug, Clone, Copy)]
pub struct TierLimits {
    /// An index of so few blocks has the oldest tier alone: what a commit would write of newer ones and of what sinks
    /// is more than all of it.
    alone_max: u64,
    /// A commit of a thousand documents writes all of the newest tier. It has so many blocks at least,
    newest_min: u64,
    /// and else this share of the middle one.
    newest_share: u64,
    /// A large commit writes all of the middle tier, and so much of the oldest as has to be merged with what
    /// sinks: about as much again when the middle one is a sixth of the oldest, and a commit a thirtieth. It has
    /// so many at least,
    middle_min: u64,
    /// and else this share of the oldest.
    middle_share: u64,
}

/// One of the indexes.
#[derive(Clone, Copy)]
pub struct Index<'a> {
    db: &'a Connection,
    table: &'static BlockTable,
    limits: TierLimits,
}

impl<'a> Index<'a> {
    /// Shingle hashes and the contents that have them.
    pub fn posting(db: &'a Connection) -> Self {
        Self { db, table: &POSTING, limits: LIMITS }
    }

    /// Features and the blobs that have them.
    pub fn feature(db: &'a Connection) -> Self {
        Self { db, table: &FEATURE, limits: LIMITS }
    }

    /// The index as it is now, to ask it; nothing may be changed meanwhile.
    pub fn reader(&self) -> Result<IndexReader<'a>, Error> {
        let mut newer = Vec::new();
        for tier in 0..N_NEWER {
            for (blocks, is_there) in [(self.came(tier), true), (self.went(tier), false)] {
                if !blocks.is_empty()? {
                    newer.push(NewerSet { blocks, is_there });
                }
            }
        }
        Ok(IndexReader { oldest: self.oldest(), newer })
    }

    /// Removes numbers and inserts numbers, both strictly rising; one that is in both stays.
    pub fn change(&self, insert: &[u64], remove: &[u64]) -> Result<(), Error> {
        if insert.is_empty() && remove.is_empty() {
            return Ok(());
        }
        let mut state = self.state()?;
        let first = self.tier_for(insert.len() + remove.len(), &state);
        // What is in a newer tier was said before.
        for tier in 0..first {
            self.sink_all(tier, &mut state)?;
        }
        self.take(first, insert, &without(remove, insert), &mut state)?;
        state.history = history_of(state.history, insert, remove);
        for tier in first..N_NEWER {
            self.sink_what_is_too_much(tier, &mut state)?;
        }
        self.set_state(&state)
    }

    /// Has everything sink into the oldest tier, so that there is one.
    pub fn merge(&self) -> Result<(), Error> {
        let mut state = self.state()?;
        for tier in 0..N_NEWER {
            self.sink_all(tier, &mut state)?;
        }
        self.set_state(&state)
    }

    /// Calls `each` with every number, rising; rows that belong to no tier are an error.
    pub fn each(&self, mut each: impl FnMut(u64)) -> Result<(), Error> {
        for part in N_SETS as u8..STATE {
            if !self.part(part).is_empty()? {
                return Err(self.part(part).malformed("it belongs to no tier"));
            }
        }
        if self.part(STATE).first_after(0, 0)?.is_some() {
            return Err(self.part(STATE).malformed("it belongs to no tier"));
        }
        self.state()?;
        let mut is_empty = true;
        self.reader()?.walk(0..u64::MAX, |number| {
            is_empty = false;
            each(number);
            Ok(Some(number + 1))
        })?;
        match !is_empty && self.part(STATE).state()?.is_none() {
            true => Err(self.part(STATE).malformed("the state of its tiers is missing")),
            false => Ok(()),
        }
    }

    /// Calls `each` with the hash of every number, in no order and often more than once; hashes of numbers that went
    /// may be among them.
    pub fn each_hash(&self, mut each: impl FnMut(u32)) -> Result<(), Error> {
        for part in (0..N_NEWER).map(|tier| self.came(tier)).chain([self.oldest()]) {
            part.walk(0, |block| {
                for number in block.numbers() {
                    each(hash_of(number.map_err(|why| part.malformed(why))?));
                }
                Ok(block.end)
            })?;
        }
        Ok(())
    }

    /// Stands for all changes so far: where it is the same, so is the index.
    pub fn history(&self) -> Result<u64, Error> {
        Ok(self.state()?.history)
    }

    /// About how many numbers there are.
    pub fn n_entries_about(&self) -> Result<u64, Error> {
        Ok(self.state()?.n_in_all().saturating_mul(BLOCK_NUMBERS as u64))
    }

    fn oldest(&self) -> Blocks<'a> {
        self.part(OLDEST)
    }

    fn came(&self, tier: usize) -> Blocks<'a> {
        self.part(came_at(tier) as u8)
    }

    fn went(&self, tier: usize) -> Blocks<'a> {
        self.part(went_at(tier) as u8)
    }

    fn part(&self, part: u8) -> Blocks<'a> {
        Blocks::new(self.db, self.table, part)
    }

    /// The tier that so many numbers go to: the newest if it is not filled by them, and not the middle one if
    /// nearly all of them would sink at once, or are more than all that is there.
    fn tier_for(&self, n_numbers: usize, state: &TierState) -> usize {
        let n_blocks = (n_numbers / BLOCK_NUMBERS) as u64;
        if state.n_in_all() <= n_blocks.max(self.limits.alone_max) {
            return N_NEWER;
        }
        if n_blocks <= self.limit(0, state) / 2 {
            return 0;
        }
        (1..N_NEWER).find(|tier| n_blocks <= 4 * self.limit(*tier, state)).unwrap_or(N_NEWER)
    }

    fn limit(&self, tier: usize, state: &TierState) -> u64 {
        let TierLimits { newest_min, newest_share, middle_min, middle_share, .. } = self.limits;
        let middle = middle_min.max(state.n_blocks[usize::from(OLDEST)] / middle_share);
        match tier {
            0 => newest_min.max(middle / newest_share),
            _ => middle,
        }
    }

    /// Takes changes into a tier; no number is in both.
    fn take(
        &self,
        tier: usize,
        came: &[u64],
        went: &[u64],
        state: &mut TierState,
    ) -> Result<(), Error> {
        if tier == N_NEWER {
            return self.revise(OLDEST, came, went, state);
        }
        self.revise(came_at(tier) as u8, came, went, state)?;
        self.revise(went_at(tier) as u8, went, came, state)
    }

    /// Changes one set, and keeps count.
    fn revise(
        &self,
        part: u8,
        insert: &[u64],
        remove: &[u64],
        state: &mut TierState,
    ) -> Result<(), Error> {
        let n_more = self.part(part).change(insert, remove)?;
        let n_blocks = &mut state.n_blocks[usize::from(part)];
        *n_blocks = n_blocks.saturating_add_signed(n_more);
        Ok(())
    }

    fn sink_what_is_too_much(&self, tier: usize, state: &mut TierState) -> Result<(), Error> {
        loop {
            let n_over = state.n_in(tier).saturating_sub(self.limit(tier, state));
            if n_over == 0 {
                return Ok(());
            }
            let is_from_start = state.next[tier] == 0;
            let n_before = state.n_in(tier);
            self.sink(tier, n_over.min(SINKING_MAX), state)?;
            // A count can be wrong only where somebody edited it.
            if is_from_start && state.next[tier] == 0 && state.n_in(tier) == n_before {
                state.n_blocks[came_at(tier)] = 0;
                state.n_blocks[went_at(tier)] = 0;
            }
        }
    }

    fn sink_all(&self, tier: usize, state: &mut TierState) -> Result<(), Error> {
        state.next[tier] = 0;
        loop {
            self.sink(tier, SINKING_MAX, state)?;
            if state.next[tier] == 0 {
                return Ok(());
            }
        }
    }

    /// Has about so many blocks of a tier sink into the next older one.
    fn sink(&self, tier: usize, n_blocks: u64, state: &mut TierState) -> Result<(), Error> {
        let from = state.next[tier];
        let is_mostly_came = state.n_blocks[came_at(tier)] >= state.n_blocks[went_at(tier)];
        let larger = if is_mostly_came { self.came(tier) } else { self.went(tier) };
        let end = larger.first_after(from, n_blocks)?;
        let range = from..end.unwrap_or(u64::MAX);
        let (mut came, mut went) = (Vec::new(), Vec::new());
        for (blocks, numbers) in [(self.came(tier), &mut came), (self.went(tier), &mut went)] {
            blocks.read(range.clone(), usize::MAX, numbers)?;
        }
        self.take(tier + 1, &came, &went, state)?;
        self.revise(came_at(tier) as u8, &[], &came, state)?;
        self.revise(went_at(tier) as u8, &[], &went, state)?;
        state.next[tier] = end.unwrap_or(0);
        Ok(())
    }

    fn state(&self) -> Result<TierState, Error> {
        let part = self.part(STATE);
        let Some(bytes) = part.state()? else { return Ok(TierState::default()) };
        TierState::parse(&bytes).ok_or_else(|| part.malformed("the state of its tiers is no state"))
    }

    fn set_state(&self, state: &TierState) -> Result<(), Error> {
        self.part(STATE).set_state(&state.encode())
    }
}

fn came_at(tier: usize) -> usize {
    2 * tier + 1
}

fn went_at(tier: usize) -> usize {
    2 * tier + 2
}

/// The numbers that are not among others; both rise.
fn without(numbers: &[u64], mut others: &[u64]) -> Vec<u64> {
    let mut rest = Vec::with_capacity(numbers.len());
    for number in numbers {
        let n_below = others.partition_point(|other| other < number);
        others = &others[n_below..];
        if others.first() != Some(number) {
            rest.push(*number);
        }
    }
    rest
}

/// A number for a history, with one change more.
fn history_of(before: u64, insert: &[u64], remove: &[u64]) -> u64 {
    let mixed = |n: u64| {
        let product = u128::from(n ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
        product as u64 ^ (product >> 64) as u64
    };
    let all = |history: u64, number: &u64| mixed(history ^ *number);
    remove.iter().fold(mixed(insert.iter().fold(before, all)), all)
}

/// What decides when and what sinks, and of which history the index is. No answer hangs on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct TierState {
    /// How many blocks each set has, by its part of the table.
    n_blocks: [u64; N_SETS],
    /// Where each tier goes on sinking.
    next: [u64; N_NEWER],
    history: u64,
}

impl TierState {
    fn n_in(&self, tier: usize) -> u64 {
        self.n_blocks[came_at(tier)].saturating_add(self.n_blocks[went_at(tier)])
    }

    fn n_in_all(&self) -> u64 {
        self.n_blocks.iter().fold(0, |n, more| n.saturating_add(*more))
    }

    fn encode(&self) -> Vec<u8> {
        let numbers = self.n_blocks.iter().chain(&self.next).chain([&self.history]);
        numbers.flat_map(|number| number.to_be_bytes()).collect()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let numbers: Vec<u64> = numbers.iter().map(|bytes| u64::from_be_bytes(*bytes)).collect();
        let (n_blocks, numbers) = numbers.split_first_chunk()?;
        let (next, numbers) = numbers.split_first_chunk()?;
        let [history] = numbers else { return None };
        let state = Self { n_blocks: *n_blocks, next: *next, history: *history };
        rest.is_empty().then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{super::blocks::entry, *};
    use crate::catalog::Catalog;

    /// So small that a few changes go through all tiers.
    const SMALL: TierLimits = TierLimits {
        alone_max: 4,
        newest_min: 8,
        newest_share: 4,
        middle_min: 16,
        middle_share: 2,
    };

    fn all(index: &Index) -> Vec<u64> {
        let mut numbers = Vec::new();
        index.each(|number| numbers.push(number)).unwrap();
        numbers
    }

    /// Numbers of few hashes with many values each, and of many hashes.
    fn numbers(n_max: usize) -> impl Strategy<Value = BTreeSet<u64>> {
        let hash = prop_oneof![Just(0), Just(u32::MAX), 0..5_u32, any::<u32>()];
        let number = (hash, 0..3000_u32).prop_map(|(hash, value)| entry(hash, value));
        proptest::collection::btree_set(number, 0..n_max)
    }

    /// Batches of all sizes, and which of the numbers that are there, and that went before, are removed and
    /// inserted with them.
    fn batches() -> impl Strategy<Value = Vec<(BTreeSet<u64>, u64, u64)>> {
        let batch = prop_oneof![numbers(4), numbers(100), numbers(1500), numbers(6000)];
        let share = prop_oneof![Just(1), Just(2), Just(7), Just(100), Just(u64::MAX)];
        proptest::collection::vec((batch, any::<u64>(), share), 1..10)
    }

    fn some(numbers: &BTreeSet<u64>, salt: u64, share: u64) -> BTreeSet<u64> {
        let mixed = |n: u64| (n ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7;
        numbers.iter().copied().filter(|n| mixed(*n).is_multiple_of(share)).collect()
    }

    fn list(set: &BTreeSet<u64>) -> Vec<u64> {
        set.iter().copied().collect()
    }

    fn n_rows(catalog: &Catalog, part: u8) -> u64 {
        let bound = |part: u8| (u64::from(part) << 61 ^ 1 << 63) as i64;
        let sql = "SELECT count(*) FROM posting WHERE first >= ?1 AND first < ?2";
        let bounds = [bound(part), bound(part + 1)];
        catalog.db.query_row(sql, bounds, |row| row.get::<_, i64>(0)).unwrap() as u64
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn an_index_in_tiers_is_a_sorted_set(
            batches in batches(),
            merged_after in 0..20_usize,
            asked in proptest::collection::vec((0..6_u32, 0..3100_u32, 0..80_usize), 1..30),
        ) {
            let catalog = Catalog::in_memory().unwrap();
            let index = Index { db: &catalog.db, table: &POSTING, limits: SMALL };
            let (mut model, mut gone) = (BTreeSet::new(), BTreeSet::new());
            for (n, (new, salt, share)) in batches.iter().enumerate() {
                let remove = some(&model, *salt, *share);
                let again = some(&gone, *salt, *share);
                // Of what is removed a part is inserted, and stays.
                let stays = some(&remove, salt ^ 1, 9);
                let insert: BTreeSet<u64> = [new, &again, &stays].into_iter().flatten().copied().collect();
                model.retain(|number| !remove.contains(number));
                model.extend(&insert);
                gone.extend(&remove);
                index.change(&list(&insert), &list(&remove)).unwrap();
                if n == merged_after {
                    index.merge().unwrap();
                    prop_assert!(index.reader().unwrap().newer.is_empty());
                }
                prop_assert_eq!(all(&index), list(&model));
            }
            let reader = index.reader().unwrap();
            for (hash, limit, n_max) in asked {
                let hash = if hash == 5 { u32::MAX } else { hash };
                let values = |from, to| model.range(from..to).map(|number| *number as u32);
                let below = values(entry(hash, 0), entry(hash, limit)).take(n_max);
                prop_assert_eq!(reader.below(hash, limit, n_max).unwrap(), below.collect::<Vec<_>>());
                let all = values(entry(hash, 0), entry(hash, u32::MAX)).rev().take(n_max);
                let wanted: Vec<u32> = all.clone().chain(all).collect();
                prop_assert_eq!(reader.latest(&[hash, hash], n_max).unwrap(), wanted);
            }
        }

        #[test]
        fn a_walk_passes_over_what_is_not_wanted(
            batches in batches(),
            stops in proptest::collection::btree_set(any::<u64>(), 1..60),
        ) {
            let catalog = Catalog::in_memory().unwrap();
            let index = Index { db: &catalog.db, table: &POSTING, limits: SMALL };
            let mut model = BTreeSet::new();
            for (insert, salt, share) in &batches {
                let remove = some(&model, *salt, *share);
                model.retain(|number| !remove.contains(number));
                model.extend(insert);
                index.change(&list(insert), &list(&remove)).unwrap();
            }
            let next = |number: u64| stops.range(number + 1..).next().copied();
            let (mut wanted, mut at) = (Vec::new(), stops.first().copied());
            while let Some(number) = at.and_then(|at| model.range(at..).next()) {
                wanted.push(*number);
                at = next(*number);
            }
            let mut found = Vec::new();
            let start = *stops.first().unwrap();
            let walked = index.reader().unwrap().walk(start..u64::MAX, |number| {
                found.push(number);
                Ok(next(number))
            });
            walked.unwrap();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn what_is_too_much_sinks_and_is_counted() {
        let catalog = Catalog::in_memory().unwrap();
        let index = Index { db: &catalog.db, table: &POSTING, limits: SMALL };
        let mut n = 0_u32;
        let mut most = [0; N_SETS];
        for _ in 0..2000 {
            let some: BTreeSet<u64> =
                (0..40).map(|i| entry((n + i).wrapping_mul(0x9e37_79b9), n + i)).collect();
            let gone: BTreeSet<u64> = (n.saturating_sub(2000)..n.saturating_sub(1990))
                .map(|n| entry(n.wrapping_mul(0x9e37_79b9), n))
                .collect();
            index.change(&list(&some), &list(&gone)).unwrap();
            n += 40;
            let state = index.state().unwrap();
            assert_eq!(TierState::parse(&state.encode()), Some(state));
            let middle = 16.max(state.n_blocks[0] / 2);
            assert!(state.n_in(0) <= 8.max(middle / 4) && state.n_in(1) <= middle);
            most = std::array::from_fn(|part| state.n_blocks[part].max(most[part]));
        }
        assert!(most.iter().all(|n| *n > 0) && most[0] > 500, "{most:?}");
        let state = index.state().unwrap();
        let counted: Vec<u64> = (0..N_SETS as u8).map(|part| n_rows(&catalog, part)).collect();
        assert_eq!(state.n_blocks[..], counted);
        index.merge().unwrap();
        let counted: Vec<u64> = (1..STATE).map(|part| n_rows(&catalog, part)).collect();
        assert_eq!(counted, [0; 6]);
    }

    #[test]
    fn a_small_index_and_one_that_a_bulk_doubles_have_one_tier() {
        let catalog = Catalog::in_memory().unwrap();
        let newer = || (1..STATE).map(|part| n_rows(&catalog, part)).sum::<u64>();
        let change = |index: &Index, numbers: std::ops::Range<u32>| {
            let numbers = numbers.map(|n| entry(n.wrapping_mul(0x9e37_79b9), n));
            let numbers: BTreeSet<u64> = numbers.collect();
            index.change(&list(&numbers), &[]).unwrap();
        };
        let index = Index::posting(&catalog.db);
        for n in 0..40 {
            change(&index, n * 1000..(n + 1) * 1000);
        }
        assert_eq!(newer(), 0);
        let index = Index { db: &catalog.db, table: &POSTING, limits: SMALL };
        change(&index, 40_000..41_000);
        assert!(newer() > 0);
        change(&index, 41_000..120_000);
        assert_eq!(newer(), 0);
    }

    #[test]
    fn a_state_that_is_edited_changes_no_answer() {
        let catalog = Catalog::in_memory().unwrap();
        let index = Index { db: &catalog.db, table: &POSTING, limits: SMALL };
        let mut model = BTreeSet::new();
        for (n, lie) in [0, 1, u64::MAX, 7, u64::MAX - 3].into_iter().cycle().take(200).enumerate()
        {
            let insert: BTreeSet<u64> =
                (0..50).map(|i| entry(n as u32 * 77 + i * 9999, i)).collect();
            model.extend(&insert);
            let state = TierState { n_blocks: [lie; N_SETS], next: [lie; N_NEWER], history: lie };
            index.set_state(&state).unwrap();
            index.change(&list(&insert), &[]).unwrap();
        }
        assert_eq!(all(&index), list(&model));
        index.part(STATE).set_state(&[1, 2, 3]).unwrap();
        assert!(index.change(&[1], &[]).is_err() && index.each(|_| {}).is_err());
    }

    #[test]
    fn what_stands_behind_the_last_number_of_a_block_is_an_error() {
        let catalog = Catalog::in_memory().unwrap();
        let index = Index::posting(&catalog.db);
        let row = |numbers: &[u64]| {
            let block = crate::catalog::index::block::encode(numbers).unwrap();
            let put = "INSERT OR REPLACE INTO posting VALUES (?1, ?2)";
            // Of the hash 0 the number is the value; parts begin at the least integer.
            let column = (block.first ^ 1 << 63) as i64;
            catalog.db.execute(put, rusqlite::params![column, block.bytes]).unwrap();
        };
        index.change(&[3, 4], &[]).unwrap();
        row(&[3, 4]);
        row(&[5, 9]);
        assert_eq!(all(&index), [3, 4, 5, 9]);
        let more = "UPDATE posting SET data = CAST(data || x'00' AS BLOB)
                    WHERE first = (SELECT min(first) FROM posting)";
        catalog.db.execute(more, []).unwrap();
        assert!(index.each(|_| {}).is_err());
    }

    #[test]
    fn an_index_without_its_state_is_an_error() {
        let catalog = Catalog::in_memory().unwrap();
        let index = Index::posting(&catalog.db);
        index.each(|_| {}).unwrap();
        index.change(&[1, 2], &[]).unwrap();
        let delete = "DELETE FROM posting WHERE first = (SELECT max(first) FROM posting)";
        catalog.db.execute(delete, []).unwrap();
        assert!(index.each(|_| {}).is_err());
        // What changes it next gives it one.
        index.change(&[3], &[]).unwrap();
        assert_eq!(all(&index), [1, 2, 3]);
    }

    #[test]
    fn a_row_that_belongs_to_no_tier_is_an_error() {
        for row in [5_u64 << 61, 7 << 61 | 1000] {
            let catalog = Catalog::in_memory().unwrap();
            let index = Index::posting(&catalog.db);
            index.change(&[1, 2], &[]).unwrap();
            index.each(|_| {}).unwrap();
            let insert = "INSERT INTO posting VALUES (?1, x'')";
            catalog.db.execute(insert, [(row ^ 1 << 63) as i64]).unwrap();
            assert!(index.each(|_| {}).is_err(), "{row:x}");
        }
    }
}
