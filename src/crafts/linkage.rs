//! Linkage: from pairs that are close to groups in which all are close on average.
//!
//! Average linkage (UPGMA: Sokal and Michener, "A statistical method for evaluating systematic
//! relationships", 1958): the two groups whose members are closest on average become one, until no
//! two are close enough. Single linkage would chain strangers through one text that quotes both.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

/// Two of the things to be grouped, and how close they are, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The lower number.
    pub a: u32,
    /// The higher number.
    pub b: u32,
    /// How close; pairs that are not given are as far apart as can be.
    pub score: f64,
}

/// Groups `n` things; two groups become one while their pairs average at least `score_min`.
///
/// Each group's members rise, and groups come in the order of their first members. Of equally close
/// groups those with the lowest members come first: the result depends on the numbering alone. Takes
/// time in proportion to the pairs times the logarithm of their number, for most inputs.
pub fn groups(n: usize, pairs: &[Pair], score_min: f64) -> Vec<Vec<u32>> {
    let mut linkage = Linkage::new(n, pairs);
    while let Some(next) = linkage.heap.pop() {
        let average = next.average();
        if linkage.average(next.a, next.b) != Some(average) {
            continue;
        }
        if average < score_min {
            break;
        }
        linkage.join(next.a, next.b);
    }
    linkage.groups()
}

/// Two groups that might become one; the closest is greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    /// An average that is not negative, whose bits have the same order.
    bits: u64,
    first: Reverse<(u32, u32)>,
    a: u32,
    b: u32,
}

impl Next {
    fn new(a: u32, b: u32, average: f64) -> Self {
        Self { bits: average.to_bits(), first: Reverse((a, b)), a, b }
    }

    fn average(&self) -> f64 {
        f64::from_bits(self.bits)
    }
}

/// Groups are known by their lowest member.
struct Linkage {
    members: Vec<Vec<u32>>,
    /// Sums of the scores between a group and each other that has some.
    sums: Vec<BTreeMap<u32, f64>>,
    heap: BinaryHeap<Next>,
}

impl Linkage {
    fn new(n: usize, pairs: &[Pair]) -> Self {
        let mut sums = vec![BTreeMap::new(); n];
        let mut heap = BinaryHeap::with_capacity(pairs.len());
        for Pair { a, b, score } in pairs {
            sums[*a as usize].insert(*b, *score);
            sums[*b as usize].insert(*a, *score);
            heap.push(Next::new(*a, *b, score.max(0.0)));
        }
        Self { members: (0..n as u32).map(|one| vec![one]).collect(), sums, heap }
    }

    fn average(&self, a: u32, b: u32) -> Option<f64> {
        let sum = self.sums[a as usize].get(&b)?;
        let n_pairs = self.members[a as usize].len() * self.members[b as usize].len();
        Some(sum.max(0.0) / n_pairs as f64)
    }

    /// Puts the second group into the first.
    fn join(&mut self, a: u32, b: u32) {
        let moved = std::mem::take(&mut self.members[b as usize]);
        self.members[a as usize].extend(moved);
        self.sums[a as usize].remove(&b);
        for (other, sum) in std::mem::take(&mut self.sums[b as usize]) {
            if other != a {
                *self.sums[a as usize].entry(other).or_default() += sum;
            }
            self.sums[other as usize].remove(&b);
        }
        let sums = std::mem::take(&mut self.sums[a as usize]);
        for (other, sum) in &sums {
            self.sums[*other as usize].insert(a, *sum);
        }
        self.sums[a as usize] = sums;
        for other in self.sums[a as usize].keys() {
            if let Some(average) = self.average(a, *other) {
                self.heap.push(Next::new(a.min(*other), a.max(*other), average));
            }
        }
    }

    fn groups(self) -> Vec<Vec<u32>> {
        let mut groups = self.members;
        groups.retain(|group| !group.is_empty());
        groups.iter_mut().for_each(|group| group.sort_unstable());
        groups
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(all: &[(u32, u32, f64)]) -> Vec<Pair> {
        all.iter().map(|(a, b, score)| Pair { a: *a, b: *b, score: *score }).collect()
    }

    #[test]
    fn a_link_between_two_groups_does_not_make_them_one() {
        let all = pairs(&[(0, 1, 0.9), (0, 2, 0.8), (1, 2, 0.9), (3, 4, 0.9), (2, 3, 0.7)]);
        assert_eq!(groups(6, &all, 0.3), [vec![0, 1, 2], vec![3, 4], vec![5]]);
        assert_eq!(groups(6, &all, 0.1), [vec![0, 1, 2, 3, 4], vec![5]]);
        assert_eq!(groups(6, &all, 0.95).len(), 6);
    }

    #[test]
    fn the_closest_come_first() {
        let all = pairs(&[(0, 1, 0.6), (1, 2, 0.8)]);
        assert_eq!(groups(3, &all, 0.5), [vec![0], vec![1, 2]]);
        assert_eq!(groups(0, &[], 0.5), Vec::<Vec<u32>>::new());
    }

    proptest! {
        #[test]
        fn the_order_of_pairs_does_not_matter(
            scores in proptest::collection::btree_map((0..12_u32, 0..12_u32), 0..=100_u32, 0..40),
            min in 0..100_u32,
        ) {
            let mut all: Vec<Pair> = scores
                .into_iter()
                .filter(|((a, b), _)| a < b)
                .map(|((a, b), score)| Pair { a, b, score: f64::from(score) / 100.0 })
                .collect();
            let one = groups(12, &all, f64::from(min) / 100.0);
            all.reverse();
            prop_assert_eq!(&groups(12, &all, f64::from(min) / 100.0), &one);
            prop_assert_eq!(one.iter().map(Vec::len).sum::<usize>(), 12);
        }
    }
}
