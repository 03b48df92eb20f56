//! Which hashes an index certainly does not have: a bulk asks for many that nobody has, and each would be looked
//! up in vain in every tier.
//!
//! A bit for each hash, among so many that few are set by others (a Bloom filter of one function). It is made in one
//! pass over the index once that was asked often, and follows its changes by the history that the index keeps.

use std::cell::RefCell;

use crate::types::error::Error;

use super::{blocks, tiers::Index};

/// A question costs about as much as passing over so many entries: so often an index is asked before a filter
/// pays for the pass.
const ENTRIES_PER_QUESTION: u64 = 1 << 14;
/// And so often at least.
const ASKED_MIN: u64 = 64;
/// Bits for each entry, at least, when a filter is made.
const BITS_PER_ENTRY: u64 = 8;
/// The fewest and the most bits, as powers of two: 128 KiB and 16 MiB.
const BITS: std::ops::RangeInclusive<u32> = 20..=27;

/// A filter that is made when it is worth it.
#[derive(Default)]
pub struct HashFilter(RefCell<Filtering>);

#[derive(Default)]
struct Filtering {
    n_asked: u64,
    made: Option<HashBits>,
}

struct HashBits {
    /// Of the index that it is of.
    history: u64,
    bits: Vec<u64>,
    /// How far a hash is shifted to be the number of its bit; hashes fall everywhere.
    shift: u32,
    n_entries: u64,
}

impl HashFilter {
    /// Leaves out hashes that the index does not have.
    pub fn retain(&self, index: &Index, hashes: &mut Vec<u32>) -> Result<(), Error> {
        let mut filtering = self.0.borrow_mut();
        filtering.n_asked += 1;
        if filtering.made.is_none() {
            let n_asked_before = index.n_entries_about()? / ENTRIES_PER_QUESTION;
            if filtering.n_asked < n_asked_before.max(ASKED_MIN) {
                return Ok(());
            }
            filtering.made = Some(HashBits::of(index)?);
        }
        match &filtering.made {
            Some(bits) if bits.history == index.history()? => {
                hashes.retain(|hash| bits.has(*hash));
            }
            // Where others change the index, too, it pays only after as many questions again.
            _ => *filtering = Filtering::default(),
        }
        Ok(())
    }

    /// Changes an index by what came, and follows.
    pub fn insert(&self, index: &Index, came: &[u64]) -> Result<(), Error> {
        let before = index.history()?;
        index.change(came, &[])?;
        let mut filtering = self.0.borrow_mut();
        let Some(bits) = filtering.made.as_mut().filter(|bits| bits.history == before) else {
            return Ok(());
        };
        came.iter().for_each(|number| bits.set(blocks::hash_of(*number)));
        bits.history = index.history()?;
        if bits.is_full() {
            filtering.made = None;
        }
        Ok(())
    }
}

impl HashBits {
    fn of(index: &Index) -> Result<Self, Error> {
        let history = index.history()?;
        let n_bits = (BITS_PER_ENTRY * index.n_entries_about()?).max(1).ilog2() + 1;
        let n_bits = n_bits.clamp(*BITS.start(), *BITS.end());
        let bits = vec![0; 1 << (n_bits - u64::BITS.ilog2())];
        let mut made = Self { history, bits, shift: u32::BITS - n_bits, n_entries: 0 };
        index.each_hash(|hash| made.set(hash))?;
        Ok(made)
    }

    fn at(&self, hash: u32) -> (usize, u64) {
        let bit = hash >> self.shift;
        ((bit / u64::BITS) as usize, 1 << (bit % u64::BITS))
    }

    fn set(&mut self, hash: u32) {
        let (word, bit) = self.at(hash);
        self.bits[word] |= bit;
        self.n_entries += 1;
    }

    fn has(&self, hash: u32) -> bool {
        let (word, bit) = self.at(hash);
        self.bits[word] & bit != 0
    }

    /// Whether the index has become so large that a filter made now would be larger.
    fn is_full(&self) -> bool {
        let n_bits = u64::from(u64::BITS) * self.bits.len() as u64;
        self.shift > u32::BITS - BITS.end() && BITS_PER_ENTRY * self.n_entries > 2 * n_bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn hash(n: u32) -> u32 {
        n.wrapping_mul(0x9e37_79b1)
    }

    fn entries(numbers: std::ops::Range<u32>) -> Vec<u64> {
        let mut entries: Vec<u64> = numbers.map(|n| blocks::entry(hash(n), n)).collect();
        entries.sort_unstable();
        entries
    }

    /// How many of these hashes are retained when the index is asked often.
    fn n_retained(filter: &HashFilter, index: &Index, numbers: std::ops::Range<u32>) -> usize {
        let all: Vec<u32> = numbers.map(hash).collect();
        let mut kept = all.clone();
        for _ in 0..=ASKED_MIN {
            kept.clone_from(&all);
            filter.retain(index, &mut kept).unwrap();
        }
        kept.len()
    }

    #[test]
    fn what_is_in_the_index_is_retained_and_little_else() {
        let catalog = Catalog::in_memory().unwrap();
        let index = Index::feature(&catalog.db);
        let filter = HashFilter::default();
        filter.insert(&index, &entries(0..5000)).unwrap();
        let mut all: Vec<u32> = (0..9000).map(hash).collect();
        filter.retain(&index, &mut all).unwrap();
        assert_eq!(all.len(), 9000, "asked once, it is not worth a filter");
        assert_eq!(n_retained(&filter, &index, 0..5000), 5000);
        assert!(n_retained(&filter, &index, 5000..9000) < 400);
        // It follows what comes by way of it, and is made again after what comes otherwise.
        filter.insert(&index, &entries(5000..6000)).unwrap();
        assert_eq!(filter.0.borrow().made.as_ref().unwrap().n_entries, 6000);
        assert_eq!(n_retained(&filter, &index, 0..6000), 6000);
        index.change(&entries(6000..7000), &[]).unwrap();
        assert_eq!(n_retained(&filter, &index, 0..7000), 7000);
        assert!(n_retained(&filter, &index, 7000..9000) < 200);
        index.merge().unwrap();
        assert_eq!(n_retained(&filter, &index, 0..7000), 7000);
    }

    #[test]
    fn an_index_that_outgrows_its_filter_gets_a_larger_one() {
        let catalog = Catalog::in_memory().unwrap();
        let index = Index::feature(&catalog.db);
        let filter = HashFilter::default();
        assert_eq!(n_retained(&filter, &index, 0..100), 0);
        filter.insert(&index, &entries(0..300_000)).unwrap();
        assert!(filter.0.borrow().made.is_none());
        assert_eq!(n_retained(&filter, &index, 0..300_000), 300_000);
        assert!(n_retained(&filter, &index, 300_000..310_000) < 1300);
    }
}
