//! Groups of duplicates in the whole archive: exact ones, and those that are nearly the same.
//!
//! Near groups are made in two steps, so that each text is read once and few are in memory: pairs of
//! sketches that may be near say which texts belong together at all; then one such family after the
//! other is read, its pairs are confirmed, and average linkage makes groups of it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

use crate::{
    archive::Archive,
    catalog::NeighbourQuery,
    similarity::{
        clusters::{self, Pair},
        prepared::Prepared,
        sketch::Sketch,
    },
    types::{
        document::{Document, Revision},
        error::Error,
        name::DocName,
        time::Timestamp,
    },
};

use super::{
    neighbours::{
        CONTAINED_MIN, COPIED_MIN, Candidate, RESEMBLANCE_SURE, Similarity, Threshold,
        neighbour_query,
    },
    sites::BoilerplateCache,
};

/// So many sketches are looked up together. Their hashes fall everywhere in the index, and a pass over
/// all of it costs less than so many look-ups.
const STRIDE: usize = 32 << 10;
/// Texts of one family are kept at hand up to so many bytes.
const PREPARED_BYTES_MAX: usize = 64 << 20;
/// Two groups become one while their pairs average this share of the bar. Abridgements of one story
/// may share little with each other, and pairs that were no candidates count as nothing.
const LINKAGE: f64 = 0.5;

/// Which groups are wanted.
#[derive(Debug, Clone, Copy)]
pub struct DupsScope<'a> {
    /// Only documents below this name.
    pub prefix: Option<&'a DocName>,
    /// Only groups with documents of several sites.
    pub across_sites: bool,
    /// Only groups with a revision taken in at or after this moment.
    pub since: Option<Timestamp>,
}

/// Documents that are one text, or nearly.
#[derive(Debug, Clone)]
pub struct Group {
    /// The first is the representative: the longest, of equals the earliest.
    pub members: Vec<(Document, Revision)>,
    /// The confirmed pairs, by their places among the members; of members with the same content the
    /// first stands for all.
    pub links: Vec<GroupMember>,
}

/// Two members of a group.
#[derive(Debug, Clone, Copy)]
pub struct GroupMember {
    /// The place of the first.
    pub a: usize,
    /// The place of the second, which is higher.
    pub b: usize,
    /// How close they are.
    pub similarity: Similarity,
}

/// Two contents that may be near.
#[derive(Debug, Clone, Copy)]
struct Edge {
    a: u32,
    b: u32,
    rarity: f64,
    is_leader: bool,
}

/// A content with its sketch.
pub(in crate::archive) struct Sketched {
    pub content: i64,
    pub sketch: Sketch,
}

impl Archive {
    /// Calls `each` with every group of documents whose latest revisions have the same content.
    pub fn exact_groups(
        &self,
        scope: DupsScope,
        mut each: impl FnMut(Group) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut after = 0;
        while let Some(content) = self.catalog.next_shared_content(after)? {
            after = content;
            let members = self.members(&[content], scope)?;
            if self.is_told(&members, scope)? {
                each(Group { members, links: Vec::new() })?;
            }
        }
        Ok(())
    }

    /// Calls `each` with every group of documents whose latest texts are nearly the same.
    ///
    /// Memory grows with the pairs, by 24 bytes each, and not with the texts.
    pub fn near_groups(
        &self,
        threshold: Threshold,
        scope: DupsScope,
        mut each: impl FnMut(Group) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let boilerplate_cache = BoilerplateCache::default();
        let _snapshot = self.catalog.snapshot()?;
        let mut edges = self.edges(threshold, scope, &boilerplate_cache)?;
        let mut families = Families::default();
        edges.iter().for_each(|edge| families.join(edge.a, edge.b));
        edges.sort_unstable_by_key(|edge| (families.root(edge.a), edge.a, edge.b));
        for family in edges.chunk_by(|x, y| families.root(x.a) == families.root(y.a)) {
            for (contents, links) in self.family_groups(family, threshold, &boilerplate_cache)? {
                let group = self.group(&contents, &links, scope)?;
                if self.is_told(&group.members, scope)? {
                    each(group)?;
                }
            }
        }
        Ok(())
    }

    /// Calls `each` with all pairs of documents whose latest texts would be compared.
    pub fn each_candidate(
        &self,
        threshold: Threshold,
        mut each: impl FnMut(&DocName, &DocName) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let scope = DupsScope { prefix: None, across_sites: false, since: None };
        let _snapshot = self.catalog.snapshot()?;
        for edge in self.edges(threshold, scope, &BoilerplateCache::default())? {
            let holders = |content: u32| self.holders(content.into(), false);
            let (a, b) = (holders(edge.a)?, holders(edge.b)?);
            for (a, _) in &a {
                b.iter().try_for_each(|(b, _)| each(&a.name, &b.name))?;
            }
        }
        Ok(())
    }

    /// All pairs of latest contents within the scope whose sketches may be near.
    ///
    /// What is not within it brings nothing together, but for leaders: those below a prefix may all be
    /// copies of one template that is not.
    fn edges(
        &self,
        threshold: Threshold,
        scope: DupsScope,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<Edge>, Error> {
        let mut edges = Vec::new();
        let mut known: HashMap<i64, bool> = HashMap::new();
        let mut is_within = |content: i64| -> Result<bool, Error> {
            if scope.prefix.is_none() {
                return Ok(true);
            }
            if let Some(is) = known.get(&content) {
                return Ok(*is);
            }
            let is = !self.members(&[content], scope)?.is_empty();
            known.insert(content, is);
            Ok(is)
        };
        let mut after = 0;
        loop {
            let sketched = self.sketched_after(after, boilerplate_cache)?;
            let Some(last) = sketched.last() else { return Ok(edges) };
            after = last.content;
            for (turn, near) in self.candidates_of_many(&sketched, threshold, boilerplate_cache)? {
                let content = sketched[turn].content;
                if !is_within(content)? {
                    continue;
                }
                for candidate in near {
                    if candidate.is_leader || is_within(candidate.content)? {
                        edges.push(Edge {
                            a: candidate.content as u32,
                            b: content as u32,
                            rarity: candidate.rarity,
                            is_leader: candidate.is_leader,
                        });
                    }
                }
            }
        }
    }

    /// The groups within one family: contents, and the confirmed pairs among them.
    fn family_groups(
        &self,
        family: &[Edge],
        threshold: Threshold,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<(Vec<i64>, Confirmed)>, Error> {
        let (confirmed, certain) = self.confirmed_pairs(family, threshold, boilerplate_cache)?;
        let numbered = self.numbered(family)?;
        let groups = grouped(&numbered, &confirmed, &certain, threshold);
        let mut places: HashMap<u32, usize> = HashMap::new();
        for (place, group) in groups.iter().enumerate() {
            places.extend(group.iter().map(|content| (*content, place)));
        }
        let contents = |group: Vec<u32>| group.into_iter().map(i64::from).collect();
        let mut all: Vec<(Vec<i64>, Confirmed)> =
            groups.into_iter().map(|group| (contents(group), Confirmed::new())).collect();
        for (pair, similarity) in confirmed {
            let (a, b) = (places.get(&pair.0), places.get(&pair.1));
            if let (Some(place), true) = (a, a == b && similarity.reaches(threshold)) {
                all[*place].1.insert(pair, similarity);
            }
        }
        Ok(all)
    }

    /// The contents of a family in the order of what they are, not of when they came: of equally
    /// close pairs the first wins.
    fn numbered(&self, family: &[Edge]) -> Result<Vec<u32>, Error> {
        let contents: BTreeSet<u32> = family.iter().flat_map(|edge| [edge.a, edge.b]).collect();
        let mut numbered = Vec::with_capacity(contents.len());
        for content in contents {
            let held = self.catalog.revisions_with(i64::from(content))?.pop();
            numbered.extend(held.map(|revision| (revision.digest, content)));
        }
        numbered.sort_unstable();
        Ok(numbered.into_iter().map(|(_, content)| content).collect())
    }

    /// How close the pairs of a family are, and which of them hold whatever the others say.
    fn confirmed_pairs(
        &self,
        family: &[Edge],
        threshold: Threshold,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<(Confirmed, Vec<(u32, u32)>), Error> {
        let mut texts =
            Texts { archive: self, boilerplate_cache, known: HashMap::new(), n_bytes: 0 };
        let (mut confirmed, mut certain) = (Confirmed::new(), Vec::new());
        for edge in family {
            let (a, b) = (texts.get(edge.a)?, texts.get(edge.b)?);
            let (Some(a), Some(b)) = (a, b) else { continue };
            let similarity = Similarity::of(&a.common(&b, CONTAINED_MIN), edge.rarity);
            confirmed.insert((edge.a, edge.b), similarity);
            let is_certain = edge.is_leader && similarity.resemblance >= RESEMBLANCE_SURE;
            if is_certain && similarity.reaches(threshold) {
                certain.push((edge.a, edge.b));
            }
        }
        Ok((confirmed, certain))
    }

    /// Up to [`STRIDE`] sketches of latest contents of documents, from the one after `after`.
    fn sketched_after(
        &self,
        after: i64,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<Sketched>, Error> {
        let mut posted = Vec::new();
        self.catalog
            .each_posted(after, STRIDE, |content, sketch| posted.push((content, sketch)))?;
        let own = |(content, sketch)| {
            Ok(Sketched { content, sketch: boilerplate_cache.own(&self.catalog, content, sketch)? })
        };
        posted.into_iter().map(own).collect()
    }

    /// The contents before each of these whose sketch may be near enough, with the place of the one
    /// among these; those that have none are left out.
    pub(in crate::archive) fn candidates_of_many(
        &self,
        sketched: &[Sketched],
        threshold: Threshold,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<(usize, Vec<Candidate>)>, Error> {
        let asked: Vec<NeighbourQuery> =
            sketched.iter().map(|it| neighbour_query(it.content, &it.sketch, threshold)).collect();
        let mut all = Vec::new();
        for (turn, near) in self.catalog.neighbours_of_many(&asked)? {
            let near =
                self.promising(&sketched[turn].sketch, near, threshold, boilerplate_cache)?;
            if !near.is_empty() {
                all.push((turn, near));
            }
        }
        Ok(all)
    }

    /// The documents that hold these contents now, as far as they are wanted.
    fn members(
        &self,
        contents: &[i64],
        scope: DupsScope,
    ) -> Result<Vec<(Document, Revision)>, Error> {
        let mut members = Vec::new();
        for content in contents {
            let holders = self.holders(*content, false)?.into_iter();
            members.extend(holders.filter(|(document, _)| {
                scope.prefix.is_none_or(|prefix| document.name.is_under(prefix))
            }));
        }
        members.sort_by_key(|(_, revision)| (Reverse(revision.n_bytes), revision.event));
        Ok(members)
    }

    fn is_told(&self, members: &[(Document, Revision)], scope: DupsScope) -> Result<bool, Error> {
        if members.len() < 2 {
            return Ok(false);
        }
        let is_new = |(_, revision): &(Document, Revision)| {
            scope.since.is_none_or(|since| revision.at >= since)
        };
        if !members.iter().any(is_new) {
            return Ok(false);
        }
        if !scope.across_sites {
            return Ok(true);
        }
        let mut sites = BTreeSet::new();
        for (document, _) in members {
            sites.insert(self.catalog.site_of(document.id)?);
        }
        Ok(sites.len() > 1)
    }

    fn group(&self, contents: &[i64], links: &Confirmed, scope: DupsScope) -> Result<Group, Error> {
        let members = self.members(contents, scope)?;
        let mut places: HashMap<i64, usize> = HashMap::new();
        for (place, (_, revision)) in members.iter().enumerate() {
            places.entry(self.catalog.content_of(revision)?).or_insert(place);
        }
        let place = |content: u32| places.get(&i64::from(content)).copied();
        let link = |((a, b), similarity): (&(u32, u32), &Similarity)| {
            let (a, b) = (place(*a)?, place(*b)?);
            let similarity = if a < b { *similarity } else { similarity.turned() };
            Some(GroupMember { a: a.min(b), b: a.max(b), similarity })
        };
        let mut links: Vec<GroupMember> = links.iter().filter_map(link).collect();
        links.sort_unstable_by_key(|link| (link.a, link.b));
        Ok(Group { members, links })
    }
}

/// Groups of more than one content: by average linkage, and where pairs are certain.
fn grouped(
    numbered: &[u32],
    confirmed: &Confirmed,
    certain: &[(u32, u32)],
    threshold: Threshold,
) -> Vec<Vec<u32>> {
    let numbers: HashMap<u32, u32> =
        (0..).zip(numbered).map(|(number, content)| (*content, number)).collect();
    let number = |(a, b): (u32, u32)| {
        let (a, b) = (*numbers.get(&a)?, *numbers.get(&b)?);
        Some((a.min(b), a.max(b)))
    };
    let mut pairs: Vec<Pair> = Vec::with_capacity(confirmed.len());
    for (pair, similarity) in confirmed {
        let score = similarity.score(threshold);
        pairs.extend(number(*pair).map(|(a, b)| Pair { a, b, score }));
    }
    pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
    let closest = match threshold {
        Threshold::Copied => COPIED_MIN,
        Threshold::Resemblance(min) => min,
    };
    let clusters = clusters::ClusterThreshold { closest, average: LINKAGE * closest };
    let mut merged = Families::default();
    for group in clusters::groups(numbered.len(), &pairs, clusters) {
        group.iter().for_each(|one| merged.join(group[0], *one));
    }
    for (a, b) in certain.iter().filter_map(|pair| number(*pair)) {
        merged.join(a, b);
    }
    let groups = merged.groups().into_iter().filter(|group| group.len() > 1);
    let contents = |group: Vec<u32>| group.iter().map(|it| numbered[*it as usize]).collect();
    groups.map(contents).collect()
}

/// Pairs of contents, and how close they are.
type Confirmed = BTreeMap<(u32, u32), Similarity>;

/// The texts of one family, as far as memory goes.
struct Texts<'a> {
    archive: &'a Archive,
    boilerplate_cache: &'a BoilerplateCache,
    known: HashMap<u32, Option<Rc<Prepared>>>,
    n_bytes: usize,
}

impl Texts<'_> {
    fn get(&mut self, content: u32) -> Result<Option<Rc<Prepared>>, Error> {
        if let Some(known) = self.known.get(&content) {
            return Ok(known.clone());
        }
        let found =
            self.archive.prepared_content(i64::from(content), self.boilerplate_cache)?.map(Rc::new);
        let n_bytes = found.as_ref().map_or(0, |text| text.n_bytes());
        if self.n_bytes + n_bytes > PREPARED_BYTES_MAX {
            self.known.clear();
            self.n_bytes = 0;
        }
        self.n_bytes += n_bytes;
        self.known.insert(content, found.clone());
        Ok(found)
    }
}

/// Numbers that belong together, as a forest of smallest members.
#[derive(Default)]
struct Families(HashMap<u32, u32>);

impl Families {
    fn root(&self, mut one: u32) -> u32 {
        while let Some(above) = self.0.get(&one).filter(|above| **above != one) {
            one = *above;
        }
        one
    }

    fn join(&mut self, a: u32, b: u32) {
        let (low, high) = (self.lifted(a), self.lifted(b));
        let (low, high) = (low.min(high), low.max(high));
        self.0.insert(high, low);
        self.0.entry(low).or_insert(low);
    }

    /// The root, with the way to it made shorter.
    fn lifted(&mut self, one: u32) -> u32 {
        let root = self.root(one);
        let mut at = one;
        while at != root {
            at = self.0.insert(at, root).unwrap_or(root);
        }
        root
    }

    fn groups(&self) -> Vec<Vec<u32>> {
        let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for one in self.0.keys() {
            groups.entry(self.root(*one)).or_default().push(*one);
        }
        let mut groups: Vec<Vec<u32>> = groups.into_values().collect();
        groups.iter_mut().for_each(|group| group.sort_unstable());
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_the_same_whatever_the_order() {
        let pairs = [(5, 1), (9, 8), (2, 5), (8, 7)];
        for turn in 0..pairs.len() {
            let mut families = Families::default();
            for n in 0..pairs.len() {
                let (a, b) = pairs[(n + turn) % pairs.len()];
                families.join(a, b);
            }
            assert_eq!(families.groups(), [vec![1, 2, 5], vec![7, 8, 9]]);
        }
    }
}
