//! Disjoint sets: which numbers belong together, by pairs that do (union-find).

use std::collections::{BTreeMap, HashMap};

/// Sets of numbers, as a forest whose roots are their smallest members.
#[derive(Default)]
pub struct DisjointSets(HashMap<u32, u32>);

impl DisjointSets {
    /// The smallest number of the set that this one is in; itself when it was never joined.
    pub fn root(&self, mut one: u32) -> u32 {
        while let Some(above) = self.0.get(&one).filter(|above| **above != one) {
            one = *above;
        }
        one
    }

    /// Makes the sets of two numbers one.
    pub fn join(&mut self, a: u32, b: u32) {
        let (low, high) = (self.compressed(a), self.compressed(b));
        let (low, high) = (low.min(high), low.max(high));
        self.0.insert(high, low);
        self.0.entry(low).or_insert(low);
    }

    /// The root, with the way to it made shorter.
    fn compressed(&mut self, one: u32) -> u32 {
        let root = self.root(one);
        let mut at = one;
        while at != root {
            at = self.0.insert(at, root).unwrap_or(root);
        }
        root
    }

    /// All sets, in the order of their smallest members, which rise in each.
    pub fn sets(&self) -> Vec<Vec<u32>> {
        let mut sets: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for one in self.0.keys() {
            sets.entry(self.root(*one)).or_default().push(*one);
        }
        let mut sets: Vec<Vec<u32>> = sets.into_values().collect();
        sets.iter_mut().for_each(|set| set.sort_unstable());
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_the_same_whatever_the_order() {
        let pairs = [(5, 1), (9, 8), (2, 5), (8, 7)];
        for start in 0..pairs.len() {
            let mut sets = DisjointSets::default();
            for n in 0..pairs.len() {
                let (a, b) = pairs[(n + start) % pairs.len()];
                sets.join(a, b);
            }
            assert_eq!(sets.sets(), [vec![1, 2, 5], vec![7, 8, 9]]);
        }
    }
}
