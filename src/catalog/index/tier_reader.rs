//! Answers of an index in tiers: those of one sorted set.

use std::{cmp::Reverse, ops::Range};

use crate::types::error::Error;

use super::blocks::{self, Blocks};

/// So many blocks of a newer set are read together once it was gone through so far.
const READ_TOGETHER_MAX: usize = 64;

/// An index to be asked, as long as nothing changes it.
pub struct IndexReader<'a> {
    pub(super) oldest: Blocks<'a>,
    /// Of the other tiers what is not empty, those first that decide.
    pub(super) newer: Vec<NewerSet<'a>>,
}

/// What came or what went, in one of the newer tiers.
pub(super) struct NewerSet<'a> {
    pub blocks: Blocks<'a>,
    /// What is in it came.
    pub is_there: bool,
}

impl IndexReader<'_> {
    /// Up to `n_max` of the values below `limit` that the hash has, rising.
    pub fn below(&self, hash: u32, limit: u32, n_max: usize) -> Result<Vec<u32>, Error> {
        let mut values = Vec::new();
        if n_max == 0 {
            return Ok(values);
        }
        self.walk(blocks::entry(hash, 0)..blocks::entry(hash, limit), |number| {
            values.push(number as u32);
            Ok((values.len() < n_max).then_some(number + 1))
        })?;
        Ok(values)
    }

    /// Up to `n_max` of the values that each of the hashes has, falling from the largest, one hash
    /// after the other.
    pub fn latest(&self, hashes: &[u32], n_max: usize) -> Result<Vec<u32>, Error> {
        let mut values = Vec::with_capacity(128);
        for hash in hashes {
            match self.newer.is_empty() {
                true => self.oldest.latest(*hash, n_max, &mut values)?,
                false => self.latest_of_all(*hash, n_max, &mut values)?,
            }
        }
        Ok(values)
    }

    /// The same of one hash, where there are several tiers: only what went says how many of the older values
    /// are enough.
    fn latest_of_all(&self, hash: u32, n_max: usize, values: &mut Vec<u32>) -> Result<(), Error> {
        let mut named: Vec<(Reverse<u32>, usize)> = Vec::new();
        let mut name = |rank, blocks: &Blocks, n_max| -> Result<usize, Error> {
            let mut found = Vec::new();
            blocks.latest(hash, n_max, &mut found)?;
            named.extend(found.iter().map(|value| (Reverse(*value), rank)));
            Ok(found.len())
        };
        let mut n_enough = n_max;
        for (rank, set) in self.newer.iter().enumerate().filter(|(_, set)| !set.is_there) {
            n_enough += name(rank, &set.blocks, usize::MAX)?;
        }
        for (rank, set) in self.newer.iter().enumerate().filter(|(_, set)| set.is_there) {
            name(rank, &set.blocks, n_enough)?;
        }
        name(self.newer.len(), &self.oldest, n_enough)?;
        // The largest first; of equal ones the one in the newest tier, which decides.
        named.sort_unstable();
        named.dedup_by_key(|(value, _)| *value);
        let is_there = |rank: usize| self.newer.get(rank).is_none_or(|set| set.is_there);
        let there = named.iter().filter(|(_, rank)| is_there(*rank));
        values.extend(there.map(|(Reverse(value), _)| *value).take(n_max));
        Ok(())
    }

    /// Calls `each` with the first number in the range, and then with the first that is not below what it
    /// asked for by its last answer, until it asks for none.
    pub fn walk(
        &self,
        range: Range<u64>,
        mut each: impl FnMut(u64) -> Result<Option<u64>, Error>,
    ) -> Result<(), Error> {
        let mut walk = IndexWalk {
            oldest: self.oldest,
            newer: NewerSets::of(&self.newer, range.end),
            wanted: Some(range.start).filter(|start| *start < range.end),
            end: range.end,
        };
        let Some(start) = walk.wanted else { return Ok(()) };
        let mut is_met = false;
        self.oldest.walk(start, |block| {
            is_met = true;
            walk.pass(block.numbers(), block.end, &mut each)?;
            Ok(walk.wanted)
        })?;
        if is_met { Ok(()) } else { walk.pass(std::iter::empty(), None, &mut each) }
    }
}

/// How far a walk is.
struct IndexWalk<'r, 'a> {
    oldest: Blocks<'a>,
    newer: NewerSets<'r, 'a>,
    /// The lowest number that is still wanted.
    wanted: Option<u64>,
    /// None from here on is.
    end: u64,
}

impl IndexWalk<'_, '_> {
    /// Goes through what a block of the oldest tier covers; nothing lies behind one without an end.
    fn pass(
        &mut self,
        mut numbers: impl Iterator<Item = Result<u64, &'static str>>,
        block_end: Option<u64>,
        each: &mut impl FnMut(u64) -> Result<Option<u64>, Error>,
    ) -> Result<(), Error> {
        let covered = block_end.map_or(self.end, |end| end.min(self.end));
        let mut older = None;
        while let Some(wanted) = self.wanted.filter(|wanted| *wanted < covered) {
            // What nobody wants is passed over here, where that costs least.
            while older.is_none_or(|number| number < wanted) {
                older = numbers.next().transpose().map_err(|why| self.oldest.malformed(why))?;
                if older.is_none() {
                    break;
                }
            }
            let newer = self.newer.first_from(wanted)?;
            let (number, is_there) = match (older, newer) {
                (Some(older), Some((newer, _))) if older < newer => (older, true),
                (_, Some(newer)) => newer,
                (Some(older), None) => (older, true),
                (None, None) => (covered, false),
            };
            if number >= covered {
                self.wanted = Some(covered);
            } else if is_there {
                self.wanted = each(number)?;
            } else {
                self.wanted = Some(number + 1);
            }
        }
        // Where the next block begins with the next number, nobody came to the end of this one.
        if self.wanted == Some(covered) {
            numbers.try_for_each(|it| it.map(drop)).map_err(|why| self.oldest.malformed(why))?;
        }
        self.wanted = self.wanted.filter(|wanted| *wanted < self.end);
        Ok(())
    }
}

/// What the newer tiers say, in the order of the numbers.
struct NewerSets<'r, 'a> {
    sets: Vec<SetAhead<'r, 'a>>,
    /// The lowest number that was found last, and whether it is there.
    first: Option<(u64, bool)>,
    is_done: bool,
}

impl<'r, 'a> NewerSets<'r, 'a> {
    fn of(sets: &'r [NewerSet<'a>], end: u64) -> Self {
        let sets: Vec<_> = sets.iter().map(|set| SetAhead::of(set, end)).collect();
        Self { is_done: sets.is_empty(), sets, first: None }
    }

    /// The lowest number that is not below this one, which never falls.
    fn first_from(&mut self, wanted: u64) -> Result<Option<(u64, bool)>, Error> {
        if self.is_done || self.first.is_some_and(|(number, _)| wanted <= number) {
            return Ok(self.first);
        }
        self.first = None;
        for set in &mut self.sets {
            let is_there = set.set.is_there;
            if let Some(number) = set.first_from(wanted)?
                && self.first.is_none_or(|(first, _)| number < first)
            {
                self.first = Some((number, is_there));
            }
        }
        self.is_done = self.first.is_none();
        Ok(self.first)
    }
}

/// A newer set that is read some blocks at a time.
struct SetAhead<'r, 'a> {
    set: &'r NewerSet<'a>,
    numbers: Vec<u64>,
    /// How many of them are done with.
    at: usize,
    /// Where to read on.
    next: Option<u64>,
    end: u64,
    n_together: usize,
}

impl<'r, 'a> SetAhead<'r, 'a> {
    fn of(set: &'r NewerSet<'a>, end: u64) -> Self {
        Self { set, numbers: Vec::new(), at: 0, next: Some(0), end, n_together: 1 }
    }

    fn first_from(&mut self, wanted: u64) -> Result<Option<u64>, Error> {
        loop {
            let rest = &self.numbers[self.at..];
            if rest.first().is_some_and(|number| *number < wanted) {
                self.at += rest.partition_point(|number| *number < wanted);
            }
            if let Some(number) = self.numbers.get(self.at) {
                return Ok(Some(*number));
            }
            let Some(next) = self.next.filter(|next| *next < self.end) else { return Ok(None) };
            // Whoever jumps wants little of what lies behind.
            let goes_on = wanted <= next;
            self.n_together = if goes_on { READ_TOGETHER_MAX.min(2 * self.n_together) } else { 1 };
            self.numbers.clear();
            self.at = 0;
            let range = next.max(wanted)..self.end;
            self.next = self.set.blocks.read(range, self.n_together, &mut self.numbers)?;
        }
    }
}
