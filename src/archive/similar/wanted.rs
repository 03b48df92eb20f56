//! Which groups are wanted, and what of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    archive::operand::interpreted,
    catalog::InterpretedContent,
    similarity::score::Similarity,
    types::{
        document::{Document, Revision},
        name::DocName,
        time::Timestamp,
    },
};

/// Which groups are wanted.
#[derive(Debug, Clone, Copy)]
pub struct DupsScope<'a> {
    /// Only documents below this name.
    pub prefix: Option<&'a DocName>,
    /// Only pairs of documents of different sites, the one captured earlier first.
    pub across_sites: bool,
    /// Only groups with a revision added at or after this time; across sites, only such pairs.
    pub since: Option<Timestamp>,
}

/// Documents that are one text, or nearly.
#[derive(Debug, Clone)]
pub struct Group {
    /// The first is the representative: the longest, of equals the earliest. Across sites they come in the
    /// order in which they were captured.
    pub members: Vec<(Document, Revision)>,
    /// The site of each member.
    pub sites: Vec<Option<String>>,
    /// The pairs that are near, by their places among the members; of members with the same content
    /// the first stands for all, across sites the first of another site.
    pub pairs: Vec<MemberPair>,
}

/// Two members of a group.
#[derive(Debug, Clone, Copy)]
pub struct MemberPair {
    /// The place of the first.
    pub a: usize,
    /// The place of the second, which is higher.
    pub b: usize,
    /// How close they are.
    pub similarity: Similarity,
}

impl Group {
    /// What of the group is wanted, if anything is.
    pub(super) fn wanted(self, scope: DupsScope) -> Option<Self> {
        let wanted = if scope.across_sites { self.across_sites(scope) } else { self };
        let is_one = wanted.members.len() > 1
            && (0..wanted.members.len()).any(|index| wanted.is_new(index, scope));
        is_one.then_some(wanted)
    }

    fn is_new(&self, index: usize, scope: DupsScope) -> bool {
        scope.since.is_none_or(|since| self.members[index].1.at >= since)
    }

    /// The members of pairs across sites, in the order in which they were captured.
    fn across_sites(self, scope: DupsScope) -> Self {
        let mut by_time: Vec<usize> = (0..self.members.len()).collect();
        by_time.sort_by_key(|index| {
            let revision = &self.members[*index].1;
            (revision.captured, revision.event)
        });
        let is_exact = self.pairs.is_empty();
        let pairs = self.pairs_across_sites(&by_time, scope);
        let n_sites = self.sites.iter().collect::<BTreeSet<_>>().len();
        let kept: Vec<usize> = match is_exact {
            true => by_time.into_iter().filter(|_| n_sites > 1).collect(),
            false => {
                let in_pairs: BTreeSet<usize> = pairs.keys().flat_map(|(a, b)| [*a, *b]).collect();
                by_time.into_iter().filter(|index| in_pairs.contains(index)).collect()
            }
        };
        let place: HashMap<usize, usize> =
            kept.iter().enumerate().map(|(place, index)| (*index, place)).collect();
        let pair = |((a, b), similarity): ((usize, usize), Similarity)| {
            let (a, b) = (*place.get(&a)?, *place.get(&b)?);
            Some(MemberPair { a, b, similarity })
        };
        let mut pairs: Vec<MemberPair> = pairs.into_iter().filter_map(pair).collect();
        pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
        let members = kept.iter().map(|index| self.members[*index].clone()).collect();
        let sites = kept.iter().map(|index| self.sites[*index].clone()).collect();
        Self { members, sites, pairs }
    }

    /// Each member with the earliest of another site that has the other content of a pair, the earlier first.
    fn pairs_across_sites(
        &self,
        by_time: &[usize],
        scope: DupsScope,
    ) -> BTreeMap<(usize, usize), Similarity> {
        let mut holders: HashMap<InterpretedContent, Vec<usize>> = HashMap::new();
        let mut rank = vec![0; self.members.len()];
        for (n, index) in by_time.iter().enumerate() {
            rank[*index] = n;
            holders.entry(interpreted(&self.members[*index].1)).or_default().push(*index);
        }
        let mut across = BTreeMap::new();
        for MemberPair { a, b, similarity } in &self.pairs {
            let of = |index: usize| &holders[&interpreted(&self.members[index].1)];
            let earliest = |one: usize, others: &[usize]| {
                others.iter().copied().find(|other| self.sites[*other] != self.sites[one])
            };
            let from_a = of(*a).iter().map(|one| (Some(*one), earliest(*one, of(*b))));
            let from_b = of(*b).iter().map(|one| (earliest(*one, of(*a)), Some(*one)));
            for (one, other) in from_a.chain(from_b) {
                let (Some(one), Some(other)) = (one, other) else { continue };
                if !self.is_new(one, scope) && !self.is_new(other, scope) {
                    continue;
                }
                match rank[one] < rank[other] {
                    true => across.insert((one, other), *similarity),
                    false => across.insert((other, one), similarity.swapped()),
                };
            }
        }
        across
    }
}
