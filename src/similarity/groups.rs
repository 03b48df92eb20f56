//! Groups of near-duplicates, made of the pairs that were confirmed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    clusters::{self, ClusterThreshold, Pair},
    disjoint_sets::DisjointSets,
    params::{GROUP_AVERAGE_SHARE, GROUP_CLOSE_SHARE},
    score::{Similarity, Threshold},
};

/// Pairs of contents that were compared, and how close they are.
pub type ComparedPairs = BTreeMap<(u32, u32), Similarity>;

/// Groups of more than one content: by average linkage, and where pairs are certain.
///
/// `contents` are all of them, in the order that decides between equally close pairs.
pub fn groups(
    contents: &[u32],
    compared: &ComparedPairs,
    certain: &[(u32, u32)],
    threshold: Threshold,
) -> Vec<Vec<u32>> {
    let numbers: HashMap<u32, u32> =
        (0..).zip(contents).map(|(number, content)| (*content, number)).collect();
    let number = |(a, b): (u32, u32)| {
        let (a, b) = (*numbers.get(&a)?, *numbers.get(&b)?);
        Some((a.min(b), a.max(b)))
    };
    let mut pairs: Vec<Pair> = Vec::with_capacity(compared.len());
    for (pair, similarity) in compared {
        let score = similarity.score(threshold);
        pairs.extend(number(*pair).map(|(a, b)| Pair { a, b, score }));
    }
    pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
    let closest = threshold.score_min();
    let average = GROUP_AVERAGE_SHARE * closest;
    let enough = ClusterThreshold { closest, average, close_share: GROUP_CLOSE_SHARE };
    let mut merged = DisjointSets::default();
    for cluster in clusters::clusters(contents.len(), &pairs, enough) {
        cluster.iter().for_each(|one| merged.join(cluster[0], *one));
    }
    // Texts from one template were compared with their leaders alone: on average they are far apart.
    for (a, b) in certain.iter().filter_map(|pair| number(*pair)) {
        merged.join(a, b);
    }
    let groups = merged.sets().into_iter().filter(|group| group.len() > 1);
    groups.map(|group| group.iter().map(|number| contents[*number as usize]).collect()).collect()
}

/// The pairs that were not compared though both are near to the same third: what two bad scans of a text
/// keep of its shingles need not be the same.
///
/// None where they are more than those that were compared: which of them come first says nothing.
pub fn unmet_friends(
    near: impl Iterator<Item = (u32, u32)>,
    compared: &ComparedPairs,
) -> BTreeSet<(u32, u32)> {
    let mut friends: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (a, b) in near {
        friends.entry(a).or_default().push(b);
        friends.entry(b).or_default().push(a);
    }
    let mut unmet = BTreeSet::new();
    for friends in friends.values() {
        for (n, one) in friends.iter().enumerate() {
            let pairs = friends[n + 1..].iter().map(|other| (*one.min(other), *one.max(other)));
            unmet.extend(pairs.filter(|pair| !compared.contains_key(pair)));
            if unmet.len() > compared.len() {
                return BTreeSet::new();
            }
        }
    }
    unmet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmet_friends_share_a_third_and_are_few() {
        let unmet = |near: &[(u32, u32)], far: &[(u32, u32)]| -> Vec<(u32, u32)> {
            let both = near.iter().chain(far);
            let compared = both.map(|pair| (*pair, Similarity::SAME)).collect();
            unmet_friends(near.iter().copied(), &compared).into_iter().collect()
        };
        assert_eq!(unmet(&[(1, 2), (2, 3)], &[]), [(1, 3)]);
        assert_eq!(unmet(&[(1, 2), (2, 3)], &[(1, 3)]), [], "those have met");
        assert_eq!(unmet(&[(1, 2), (3, 4)], &[(2, 3)]), [], "nobody is near to both");
        assert_eq!(unmet(&[(1, 5), (2, 5), (3, 5)], &[]), [(1, 2), (1, 3), (2, 3)]);
        assert_eq!(unmet(&[(1, 5), (2, 5), (3, 5), (4, 5)], &[]), [], "six for four");
    }
}
