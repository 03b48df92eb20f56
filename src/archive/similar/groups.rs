//! Groups of duplicates in the whole archive: exact ones, and those that are nearly the same.
//!
//! Near groups are made in two steps, so that each text is read once and few are in memory: pairs of
//! sketches that may be near say which contents are connected at all; then one such component after
//! the other is read, its pairs are compared, and average linkage makes groups of it.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use tracing::debug;

use crate::{
    archive::{Archive, operand::is_too_long},
    catalog::NeighbourQuery,
    similarity::{
        disjoint_sets::DisjointSets,
        groups::{self, ComparedPairs},
        params::{PREPARED_BYTES_MAX, RESEMBLANCE_SURE, SKETCHES_PER_PASS},
        prepared::Prepared,
        score::{Similarity, Threshold},
        sketch::Sketch,
    },
    text::Scope,
    types::{
        document::{Document, Revision},
        error::Error,
        limits,
        name::DocName,
    },
};

use super::{
    neighbours::{Candidate, KnownSketches, neighbour_query},
    sites::BoilerplateCache,
};

pub use super::wanted::{DupsScope, Group, MemberPair};

/// Two contents that may be near: `a` was there first.
///
/// Rows are 32 bits wide, as in the index: there may be millions of pairs.
#[derive(Debug, Clone, Copy)]
struct CandidatePair {
    a: u32,
    b: u32,
    is_leader: bool,
}

/// A document and its latest revision, with the row of its content.
type ContentHolder = (i64, (Document, Revision));

/// A content with its sketch, to be compared with those whose rows come before that one.
pub(in crate::archive) struct Sketched {
    pub content: i64,
    pub before: i64,
    pub sketch: Sketch,
}

impl Archive {
    /// Calls `each` with every group of documents whose latest revisions have the same content.
    pub fn exact_groups(
        &self,
        scope: DupsScope,
        mut each: impl FnMut(Group) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // The same bytes are duplicates, however they are read.
        let several = self.catalog.read_in_several_ways()?;
        let mut later: BTreeSet<i64> = several.values().flat_map(|it| &it[1..]).copied().collect();
        let mut after = 0;
        loop {
            let next = self.catalog.next_shared_content(after)?.into_iter();
            let first = several.range(after + 1..).next().map(|(first, _)| *first);
            let Some(content) = next.chain(first).min() else { return Ok(()) };
            after = content;
            if later.remove(&content) {
                continue;
            }
            let alone = [content];
            let contents = several.get(&content).map_or(&alone[..], Vec::as_slice);
            let members = self.members(contents, scope)?;
            let members = members.into_iter().map(|(_, member)| member).collect();
            if let Some(group) = self.sited(members, Vec::new())?.wanted(scope) {
                each(group)?;
            }
        }
    }

    /// Calls `each` with every group of documents whose latest texts are nearly the same.
    ///
    /// Memory grows with the pairs, by 12 bytes each and while they are sorted by 28, and not with the texts.
    pub fn near_groups(
        &self,
        threshold: Threshold,
        scope: DupsScope,
        mut each: impl FnMut(Group) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let boilerplate_cache = BoilerplateCache::default();
        let _snapshot = self.catalog.snapshot()?;
        let mut pairs = self.candidate_pairs(threshold, scope, &boilerplate_cache)?;
        let mut components = DisjointSets::default();
        pairs.iter().for_each(|pair| components.join(pair.a, pair.b));
        // One component after the other, as its texts alone need to be in memory.
        pairs.sort_by_cached_key(|pair| (components.root(pair.a), pair.a, pair.b));
        for component in pairs.chunk_by(|x, y| components.root(x.a) == components.root(y.a)) {
            let groups = self.component_groups(component, threshold, &boilerplate_cache)?;
            for (contents, near) in groups {
                let group = self.group(&contents, &near, scope)?;
                // What has the same bytes is told by these.
                let has_others =
                    group.members.windows(2).any(|it| it[0].1.digest != it[1].1.digest);
                if let Some(group) = group.wanted(scope).filter(|_| has_others) {
                    each(group)?;
                }
            }
        }
        Ok(())
    }

    /// How many latest contents in the scope are too long to be compared as text.
    pub fn n_too_long(&self, scope: DupsScope) -> Result<u64, Error> {
        let mut contents = BTreeSet::new();
        for (document, revision) in self.catalog.longer_than(limits::TEXT_BYTES_MAX as u64)? {
            let is_within = scope.prefix.is_none_or(|prefix| document.name.is_under(prefix));
            if is_within && is_too_long(revision.n_bytes, &revision.media_type) {
                contents.insert(revision.digest);
            }
        }
        Ok(contents.len() as u64)
    }

    /// Calls `each` with all pairs of documents whose latest texts would be compared.
    pub fn each_candidate(
        &self,
        threshold: Threshold,
        mut each: impl FnMut(&DocName, &DocName) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let scope = DupsScope { prefix: None, across_sites: false, since: None };
        let _snapshot = self.catalog.snapshot()?;
        for pair in self.candidate_pairs(threshold, scope, &BoilerplateCache::default())? {
            let holders = |content: u32| self.holders(content.into(), false);
            let (a, b) = (holders(pair.a)?, holders(pair.b)?);
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
    fn candidate_pairs(
        &self,
        threshold: Threshold,
        scope: DupsScope,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<CandidatePair>, Error> {
        let mut pairs = Vec::new();
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
            let Some(last) = sketched.last() else { return Ok(pairs) };
            after = last.content;
            for (index, near) in self.candidates_of_many(&sketched, threshold, boilerplate_cache)? {
                let content = sketched[index].content;
                if !is_within(content)? {
                    continue;
                }
                for candidate in near {
                    if candidate.is_leader || is_within(candidate.content)? {
                        pairs.push(CandidatePair {
                            a: candidate.content as u32,
                            b: content as u32,
                            is_leader: candidate.is_leader,
                        });
                    }
                }
            }
        }
    }

    /// The groups within one component: contents, and the pairs among them that are near.
    fn component_groups(
        &self,
        component: &[CandidatePair],
        threshold: Threshold,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<(Vec<i64>, ComparedPairs)>, Error> {
        let (compared, certain) = self.compared_pairs(component, threshold, boilerplate_cache)?;
        let contents = self.contents_by_digest(component)?;
        let groups = groups::groups(&contents, &compared, &certain, threshold);
        let mut group_of: HashMap<u32, usize> = HashMap::new();
        for (index, group) in groups.iter().enumerate() {
            group_of.extend(group.iter().map(|content| (*content, index)));
        }
        let rows = |group: Vec<u32>| group.into_iter().map(i64::from).collect();
        let mut all: Vec<(Vec<i64>, ComparedPairs)> =
            groups.into_iter().map(|group| (rows(group), ComparedPairs::new())).collect();
        for (pair, similarity) in compared {
            let (a, b) = (group_of.get(&pair.0), group_of.get(&pair.1));
            match (a, similarity.reaches(threshold)) {
                (Some(index), true) if a == b => {
                    all[*index].1.insert(pair, similarity);
                }
                // One text may hold many that are strangers to each other: each pair stands alone.
                (_, true) => all.push((
                    vec![i64::from(pair.0), i64::from(pair.1)],
                    ComparedPairs::from([(pair, similarity)]),
                )),
                _ => {}
            }
        }
        Ok(all)
    }

    /// The contents of a component in the order of what they are, not of when they came: of equally
    /// close pairs the first wins.
    fn contents_by_digest(&self, component: &[CandidatePair]) -> Result<Vec<u32>, Error> {
        let contents: BTreeSet<u32> = component.iter().flat_map(|pair| [pair.a, pair.b]).collect();
        let mut by_digest = Vec::with_capacity(contents.len());
        for content in contents {
            let digest = self.catalog.digest_at(i64::from(content))?;
            by_digest.extend(digest.map(|digest| (digest, content)));
        }
        by_digest.sort_unstable();
        Ok(by_digest.into_iter().map(|(_, content)| content).collect())
    }

    /// How close the pairs of a component are, and which of them hold whatever the others say.
    fn compared_pairs(
        &self,
        component: &[CandidatePair],
        threshold: Threshold,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<(ComparedPairs, Vec<(u32, u32)>), Error> {
        let mut texts = PreparedCache {
            archive: self,
            boilerplate_cache,
            known: HashMap::new(),
            older: HashMap::new(),
            n_bytes: 0,
        };
        let (mut compared, mut certain) = (ComparedPairs::new(), Vec::new());
        for pair in component {
            let Some(similarity) = self.pair_similarity((pair.a, pair.b), threshold, &mut texts)?
            else {
                continue;
            };
            // Those that are not near stay in: pairs left out count as nothing in common, and would
            // part what belongs together.
            compared.insert((pair.a, pair.b), similarity);
            let is_certain = pair.is_leader && similarity.resemblance >= RESEMBLANCE_SURE;
            if is_certain && similarity.reaches(threshold) {
                certain.push((pair.a, pair.b));
            }
        }
        for pair in unmet_friends(component, &compared, threshold) {
            let found = self.pair_similarity(pair, threshold, &mut texts)?;
            compared.extend(found.map(|similarity| (pair, similarity)));
        }
        Ok((compared, certain))
    }

    /// How close two contents are; `None` when one cannot be read.
    fn pair_similarity(
        &self,
        (a, b): (u32, u32),
        threshold: Threshold,
        texts: &mut PreparedCache<'_>,
    ) -> Result<Option<Similarity>, Error> {
        let frequencies = texts.boilerplate_cache.frequencies(&self.catalog)?;
        let (Some(one), Some(other)) = (texts.get(a)?, texts.get(b)?) else { return Ok(None) };
        let similarity = Similarity::of_near(&one, &other, &frequencies, threshold);
        debug!(
            target: "similar",
            a = %self.shown(i64::from(a)),
            b = %self.shown(i64::from(b)),
            is_near = similarity.reaches(threshold),
            ?similarity,
            "scored"
        );
        Ok(Some(similarity))
    }

    /// Up to [`SKETCHES_PER_PASS`] sketches of latest contents of documents, from the one after `after`.
    fn sketched_after(
        &self,
        after: i64,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<Sketched>, Error> {
        let mut posted = Vec::new();
        self.catalog.each_posted(after, SKETCHES_PER_PASS, |content, sketch| {
            posted.push((content, sketch))
        })?;
        let own = |(content, sketch)| {
            let sketch = boilerplate_cache.own(&self.catalog, content, sketch)?;
            // Before its own, as then each pair is found once.
            Ok(Sketched { content, before: content, sketch })
        };
        posted.into_iter().map(own).collect()
    }

    /// The contents before the row that each of these names whose sketch may be near enough, after its index among these;
    /// those that have none are left out.
    pub(in crate::archive) fn candidates_of_many<'a>(
        &self,
        sketched: &'a [Sketched],
        threshold: Threshold,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<(usize, Vec<Candidate>)>, Error> {
        let query = |it: &'a Sketched| neighbour_query(it.before, &it.sketch, threshold);
        let queries: Vec<NeighbourQuery> = sketched.iter().map(query).collect();
        let known: KnownSketches = sketched.iter().map(|it| (it.content, &it.sketch)).collect();
        let mut all = Vec::new();
        for (index, hits) in self.catalog.neighbours_of_many(&queries)? {
            let sketch = &sketched[index].sketch;
            let near = self.promising(sketch, hits, threshold, (&known, boilerplate_cache))?;
            if !near.is_empty() {
                all.push((index, near));
            }
        }
        Ok(all)
    }

    /// The documents that hold these contents now, as far as they are wanted, each with its content.
    fn members(&self, contents: &[i64], scope: DupsScope) -> Result<Vec<ContentHolder>, Error> {
        let mut members = Vec::new();
        for content in contents {
            let holders = self.holders(*content, false)?.into_iter();
            let wanted = holders.filter(|(document, _)| {
                scope.prefix.is_none_or(|prefix| document.name.is_under(prefix))
            });
            members.extend(wanted.map(|holder| (*content, holder)));
        }
        members.sort_by_key(|(_, (_, revision))| (Reverse(revision.n_bytes), revision.event));
        Ok(members)
    }

    fn group(
        &self,
        contents: &[i64],
        near: &ComparedPairs,
        scope: DupsScope,
    ) -> Result<Group, Error> {
        let members = self.members(contents, scope)?;
        let mut indices: HashMap<i64, usize> = HashMap::new();
        for (index, (content, _)) in members.iter().enumerate() {
            indices.entry(*content).or_insert(index);
        }
        let index = |content: u32| indices.get(&i64::from(content)).copied();
        let pair = |((a, b), similarity): (&(u32, u32), &Similarity)| {
            let (a, b) = (index(*a)?, index(*b)?);
            let similarity = if a < b { *similarity } else { similarity.swapped() };
            Some(MemberPair { a: a.min(b), b: a.max(b), similarity })
        };
        let mut pairs: Vec<MemberPair> = near.iter().filter_map(pair).collect();
        pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
        self.sited(members.into_iter().map(|(_, member)| member).collect(), pairs)
    }

    /// A group with the sites of its members.
    fn sited(
        &self,
        members: Vec<(Document, Revision)>,
        pairs: Vec<MemberPair>,
    ) -> Result<Group, Error> {
        let site = |(document, _): &(Document, Revision)| self.catalog.site_of(document.id);
        let sites = members.iter().map(site).collect::<Result<_, _>>()?;
        Ok(Group { members, sites, pairs })
    }
}

/// Pairs of a component that were no candidates, and are worth reading all the same. Not where a
/// resemblance is wanted, which sketches tell; and texts from one template have their leaders alone.
fn unmet_friends(
    component: &[CandidatePair],
    compared: &ComparedPairs,
    threshold: Threshold,
) -> BTreeSet<(u32, u32)> {
    if threshold != Threshold::Copied {
        return BTreeSet::new();
    }
    let pairs = component.iter().filter(|pair| !pair.is_leader).map(|pair| (pair.a, pair.b));
    let is_near = |pair: &(u32, u32)| compared.get(pair).is_some_and(|it| it.reaches(threshold));
    groups::unmet_friends(pairs.filter(is_near), compared)
}

/// The texts of one component, as far as memory goes: those asked for lately.
struct PreparedCache<'a> {
    archive: &'a Archive,
    boilerplate_cache: &'a BoilerplateCache,
    known: HashMap<u32, Option<Rc<Prepared>>>,
    /// What was known when half of the memory was used up the last time.
    older: HashMap<u32, Option<Rc<Prepared>>>,
    /// The bytes of the former.
    n_bytes: usize,
}

impl PreparedCache<'_> {
    fn get(&mut self, content: u32) -> Result<Option<Rc<Prepared>>, Error> {
        if let Some(known) = self.known.get(&content) {
            return Ok(known.clone());
        }
        let found = match self.older.remove(&content) {
            Some(known) => known,
            None => self
                .archive
                .prepared_content((i64::from(content), Scope::default()), self.boilerplate_cache)?
                .map(Rc::new),
        };
        let n_bytes = found.as_ref().map_or(0, |text| text.n_bytes());
        if self.n_bytes + n_bytes > PREPARED_BYTES_MAX / 2 {
            self.older = std::mem::take(&mut self.known);
            self.n_bytes = 0;
        }
        self.n_bytes += n_bytes;
        self.known.insert(content, found.clone());
        Ok(found)
    }
}
