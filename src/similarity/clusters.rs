//! Clusters: from pairs that are close to groups in which all are close on average.
//!
//! Average linkage (UPGMA: Sokal and Michener, "A statistical method for evaluating systematic
//! relationships", 1958): the two groups whose members are closest on average become one, until no
//! two are close enough. Single linkage would chain strangers through one text that quotes both; so
//! would the average, of few: most of the pairs between two groups must be close, too.

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

/// What it takes for two groups to become one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterThreshold {
    /// The score from which on a pair is close; one at least must be.
    pub closest: f64,
    /// The average of all their pairs.
    pub average: f64,
    /// The share of their pairs that must be as close as `closest`; more than this.
    pub close_share: f64,
}

/// Groups `n` things; two groups become one while they reach the threshold.
///
/// Each group's members rise, and groups come in the order of their first members. Of equally close
/// groups those with the lowest members come first: the result depends on the numbering alone. Takes
/// time in proportion to the pairs times the logarithm of their number, for most inputs.
pub fn clusters(n: usize, pairs: &[Pair], threshold: ClusterThreshold) -> Vec<Vec<u32>> {
    let mut clustering = Clustering::new(n, pairs, threshold.closest);
    while let Some(next) = clustering.heap.pop() {
        let average = next.average();
        if average < threshold.average {
            break;
        }
        // Groups that have grown since are in the heap again.
        let Some(between) = clustering.between(next.a, next.b) else { continue };
        let n_pairs = clustering.n_pairs(next.a, next.b) as f64;
        if between.sum / n_pairs == average
            && f64::from(between.n_close) > n_pairs * threshold.close_share
        {
            clustering.join(next.a, next.b);
        }
    }
    clustering.clusters()
}

/// Two groups that might become one; the closest is greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Merge {
    /// An average that is not negative, whose bits have the same order.
    bits: u64,
    first: Reverse<(u32, u32)>,
    a: u32,
    b: u32,
}

impl Merge {
    fn new(a: u32, b: u32, average: f64) -> Self {
        Self { bits: average.to_bits(), first: Reverse((a, b)), a, b }
    }

    fn average(&self) -> f64 {
        f64::from_bits(self.bits)
    }
}

/// Groups are known by their lowest member.
struct Clustering {
    members: Vec<Vec<u32>>,
    /// What lies between a group and each other that has pairs with it.
    between: Vec<BTreeMap<u32, PairSums>>,
    heap: BinaryHeap<Merge>,
}

/// The pairs between two groups.
#[derive(Debug, Clone, Copy, Default)]
struct PairSums {
    sum: f64,
    n_close: u32,
}

impl Clustering {
    fn new(n: usize, pairs: &[Pair], closest: f64) -> Self {
        let mut between = vec![BTreeMap::new(); n];
        let mut heap = BinaryHeap::with_capacity(pairs.len());
        for Pair { a, b, score } in pairs {
            let score = score.max(0.0);
            let one = PairSums { sum: score, n_close: u32::from(score >= closest) };
            between[*a as usize].insert(*b, one);
            between[*b as usize].insert(*a, one);
            heap.push(Merge::new(*a, *b, score));
        }
        Self { members: (0..n as u32).map(|one| vec![one]).collect(), between, heap }
    }

    fn between(&self, a: u32, b: u32) -> Option<PairSums> {
        self.between[a as usize].get(&b).copied()
    }

    fn n_pairs(&self, a: u32, b: u32) -> usize {
        self.members[a as usize].len() * self.members[b as usize].len()
    }

    /// Puts the second group into the first.
    fn join(&mut self, a: u32, b: u32) {
        let moved = std::mem::take(&mut self.members[b as usize]);
        self.members[a as usize].extend(moved);
        let mut mine = std::mem::take(&mut self.between[a as usize]);
        mine.remove(&b);
        for (other, more) in std::mem::take(&mut self.between[b as usize]) {
            self.between[other as usize].remove(&b);
            if other != a {
                let known = mine.entry(other).or_default();
                known.sum += more.sum;
                known.n_close += more.n_close;
            }
        }
        for (other, between) in &mine {
            self.between[*other as usize].insert(a, *between);
            let average = between.sum / self.n_pairs(a, *other) as f64;
            self.heap.push(Merge::new(a.min(*other), a.max(*other), average));
        }
        self.between[a as usize] = mine;
    }

    fn clusters(self) -> Vec<Vec<u32>> {
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

    fn threshold(closest: f64, average: f64) -> ClusterThreshold {
        ClusterThreshold { closest, average, close_share: 0.0 }
    }

    #[test]
    fn most_of_the_pairs_between_two_groups_must_be_close() {
        let most = ClusterThreshold { close_share: 0.5, ..threshold(0.3, 0.15) };
        // 0 holds 1 and 2, which are strangers.
        let held = pairs(&[(0, 1, 1.0), (0, 2, 0.9)]);
        assert_eq!(clusters(3, &held, most), [vec![0, 1], vec![2]]);
        let chain: Vec<Pair> =
            (0..9).map(|n| Pair { a: n, b: n + 1, score: 0.5 + f64::from(n) / 100.0 }).collect();
        assert!(clusters(10, &chain, most).iter().all(|group| group.len() <= 2));
        let whole = pairs(&[(0, 1, 0.9), (0, 2, 0.8), (1, 2, 0.4), (0, 3, 0.5), (1, 3, 0.5)]);
        assert_eq!(clusters(4, &whole, most), [[0, 1, 2, 3]]);
    }

    #[test]
    fn a_link_between_two_groups_does_not_make_them_one() {
        let all = pairs(&[(0, 1, 0.9), (0, 2, 0.8), (1, 2, 0.9), (3, 4, 0.9), (2, 3, 0.7)]);
        assert_eq!(clusters(6, &all, threshold(0.6, 0.3)), [vec![0, 1, 2], vec![3, 4], vec![5]]);
        assert_eq!(clusters(6, &all, threshold(0.6, 0.1)), [vec![0, 1, 2, 3, 4], vec![5]]);
        assert_eq!(clusters(6, &all, threshold(0.8, 0.1)), [vec![0, 1, 2], vec![3, 4], vec![5]]);
        assert_eq!(clusters(6, &all, threshold(0.6, 0.95)).len(), 6);
    }

    #[test]
    fn the_closest_come_first() {
        let all = pairs(&[(0, 1, 0.6), (1, 2, 0.8)]);
        assert_eq!(clusters(3, &all, threshold(0.5, 0.5)), [vec![0], vec![1, 2]]);
        assert_eq!(clusters(0, &[], threshold(0.5, 0.5)), Vec::<Vec<u32>>::new());
    }

    proptest! {
        #[test]
        fn the_order_of_pairs_does_not_matter(
            scores in proptest::collection::btree_map((0..12_u32, 0..12_u32), 0..=100_u32, 0..40),
            closest in 0..100_u32,
            average in 0..100_u32,
        ) {
            let mut all: Vec<Pair> = scores
                .into_iter()
                .filter(|((a, b), _)| a < b)
                .map(|((a, b), score)| Pair { a, b, score: f64::from(score) / 100.0 })
                .collect();
            let threshold = threshold(f64::from(closest) / 100.0, f64::from(average) / 100.0);
            let one = clusters(12, &all, threshold);
            all.reverse();
            prop_assert_eq!(&clusters(12, &all, threshold), &one);
            prop_assert_eq!(one.iter().map(Vec::len).sum::<usize>(), 12);
        }
    }
}
