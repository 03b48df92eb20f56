//! Near-duplicates: neighbours of a text, and groups in the whole archive.
//!
//! Candidates share shingle hashes in the catalog; those whose sketches are near enough are
//! confirmed on the full sets of shingles of both texts, so every number shown is exact.

use std::collections::BTreeMap;

use crate::{
    crafts::sketch::{self, Overlap, Shingles, Sketch},
    keepers::catalog::{Asking, Document, Revision},
    words::{digest::Digest, error::Error, name::DocName},
};

use super::{Archive, commit::Committed, sketching};

/// Resemblance from which texts are called near-duplicates unless somebody says otherwise.
///
/// Labelled copies of wire stories with other furniture around them have a mean resemblance of 0.45.
pub const RESEMBLANCE_MIN: f64 = 0.4;

/// How far below the wanted resemblance an estimate may lie and still be confirmed.
const ESTIMATE_SLACK: f64 = 0.15;

/// So many sketches are looked up together, in one pass over the index.
const STRIDE: usize = 4096;

/// A document whose text resembles another.
#[derive(Debug, Clone)]
pub struct Near {
    /// The document.
    pub document: Document,
    /// Its revision with that text; the latest of several.
    pub revision: Revision,
    /// What both have in common; `a` is the text asked about, `b` this one.
    pub overlap: Overlap,
}

/// Documents that are one text, or nearly.
#[derive(Debug, Clone)]
pub struct Group {
    /// The first is the representative: the longest, of equals the earliest.
    pub members: Vec<(Document, Revision)>,
    /// Resemblance of each member with the representative; 1 for an exact copy.
    pub resemblance: Vec<f64>,
}

impl Archive {
    /// Documents whose latest text resembles these bytes at least so much, the nearest first.
    ///
    /// `own` is left out: the document that the bytes belong to. `None` when they are no text.
    pub fn similar(
        &self,
        bytes: &[u8],
        media_type: &str,
        own: Option<&Document>,
        resemblance_min: f64,
    ) -> Result<Option<Vec<Near>>, Error> {
        let Some((sketch, shingles)) = sketching::sketch_and_shingles(bytes, media_type) else {
            return Ok(None);
        };
        let mut near = Vec::new();
        let candidates = self.candidates(&sketch, resemblance_min)?;
        for (content, overlap) in self.confirmed(candidates, &shingles, resemblance_min)? {
            for (document, revision) in self.latest_with(content)? {
                if own.is_none_or(|own| own.row != document.row) {
                    near.push(Near { document, revision, overlap });
                }
            }
        }
        near.sort_by(|x, y| {
            let nearer = y.overlap.resemblance().total_cmp(&x.overlap.resemblance());
            nearer.then_with(|| x.document.name.cmp(&y.document.name))
        });
        Ok(Some(near))
    }

    /// For each text that a commit brought in, the documents of earlier contents it resembles.
    pub fn resembling(
        &self,
        committed: &Committed,
        resemblance_min: f64,
        mut each: impl FnMut(&DocName, &Near) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.catalog.hold()?;
        for events in committed.new_texts.chunks(STRIDE) {
            let mut revisions = Vec::new();
            let mut sketched = Vec::new();
            for event in events {
                let Some(revision) = self.catalog.revision_of_event(*event)? else { continue };
                let data = self.catalog.sketch(revision.content)?.unwrap_or_default();
                let Ok(sketch) = Sketch::parse(&data) else { continue };
                sketched.push(Sketched { content: revision.content, sketch });
                revisions.push(revision);
            }
            for (turn, candidates) in self.candidates_of_many(&sketched, resemblance_min)? {
                self.each_near(&revisions[turn], candidates, resemblance_min, &mut each)?;
            }
        }
        self.catalog.let_go()
    }

    /// Calls `each` with the other documents among the candidates that a new text resembles.
    fn each_near(
        &self,
        revision: &Revision,
        candidates: Vec<i64>,
        resemblance_min: f64,
        each: &mut impl FnMut(&DocName, &Near) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(shingles) = self.shingles_of(revision)? else { return Ok(()) };
        for (other, overlap) in self.confirmed(candidates, &shingles, resemblance_min)? {
            let document = self.catalog.document_at(revision.document)?;
            for (near, revision) in self.latest_with(other)? {
                if near.row != document.row {
                    each(&document.name, &Near { document: near, revision, overlap })?;
                }
            }
        }
        Ok(())
    }

    /// Calls `each` with every group of documents whose latest revisions have the same content.
    pub fn exact_groups(
        &self,
        mut each: impl FnMut(Group) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut after = 0;
        while let Some(content) = self.catalog.next_shared_content(after)? {
            after = content;
            let members = self.latest_with(content)?;
            if members.len() > 1 {
                let resemblance = vec![1.0; members.len()];
                each(Group { members, resemblance })?;
            }
        }
        Ok(())
    }

    /// Calls `each` with every group of documents whose latest texts are nearly the same.
    ///
    /// A group is what is linked by confirmed pairs; exact copies count as one text.
    pub fn near_groups(
        &self,
        resemblance_min: f64,
        mut each: impl FnMut(Group) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut links = Links::default();
        let mut after = 0;
        loop {
            let sketched = self.sketched_after(after)?;
            let Some(last) = sketched.last() else { break };
            after = last.content;
            for (turn, near) in self.candidates_of_many(&sketched, resemblance_min)? {
                let content = sketched[turn].content;
                let Some((_, revision)) = self.latest_with(content)?.pop() else { continue };
                let Some(shingles) = self.shingles_of(&revision)? else { continue };
                for (other, _) in self.confirmed(near, &shingles, resemblance_min)? {
                    links.join(content, other);
                }
            }
        }
        for contents in links.groups() {
            each(self.group(&contents)?)?;
        }
        Ok(())
    }

    /// Those of the candidates that really resemble a text, with exact numbers.
    fn confirmed(
        &self,
        candidates: Vec<i64>,
        shingles: &Shingles,
        resemblance_min: f64,
    ) -> Result<Vec<(i64, Overlap)>, Error> {
        let mut near = Vec::new();
        for content in candidates {
            let Some(overlap) = self.overlap_with(shingles, content)? else { continue };
            if overlap.resemblance() >= resemblance_min {
                near.push((content, overlap));
            }
        }
        Ok(near)
    }

    /// Up to [`STRIDE`] sketches of latest contents of documents, from the one after `after`.
    fn sketched_after(&self, mut after: i64) -> Result<Vec<Sketched>, Error> {
        let mut sketched = Vec::new();
        while sketched.len() < STRIDE {
            let Some((content, data)) = self.catalog.next_sketch(after)? else { break };
            after = content;
            if let Ok(sketch) = Sketch::parse(&data) {
                sketched.push(Sketched { content, sketch });
            }
        }
        Ok(sketched)
    }

    /// The contents before each of these whose sketch is near enough to be confirmed, with the place of
    /// the one among these; those that have none are left out.
    fn candidates_of_many(
        &self,
        sketched: &[Sketched],
        resemblance_min: f64,
    ) -> Result<Vec<(usize, Vec<i64>)>, Error> {
        let asked: Vec<Asking> = sketched
            .iter()
            .map(|Sketched { content, sketch }| {
                let hashes = sketch.index_hashes();
                let n_shared_min = shared_min(hashes.len(), resemblance_min);
                Asking { content: *content, hashes, n_shared_min }
            })
            .collect();
        let mut all = Vec::new();
        for (turn, near) in self.catalog.neighbours_of_many(&asked)? {
            let near = self.near_enough(near, &sketched[turn].sketch, resemblance_min)?;
            if !near.is_empty() {
                all.push((turn, near));
            }
        }
        Ok(all)
    }

    /// Contents whose sketch is near enough to be confirmed.
    fn candidates(&self, sketch: &Sketch, resemblance_min: f64) -> Result<Vec<i64>, Error> {
        let hashes = sketch.index_hashes();
        let n_shared_min = shared_min(hashes.len(), resemblance_min);
        let near = self.catalog.neighbours(hashes, i64::MAX, n_shared_min)?;
        self.near_enough(near, sketch, resemblance_min)
    }

    /// Those of the contents whose sketch is near enough to be confirmed.
    fn near_enough(
        &self,
        contents: Vec<i64>,
        sketch: &Sketch,
        resemblance_min: f64,
    ) -> Result<Vec<i64>, Error> {
        let mut near = Vec::new();
        for content in contents {
            let data = self.catalog.sketch(content)?.unwrap_or_default();
            let Ok(other) = Sketch::parse(&data) else { continue };
            if sketch::resemblance(sketch, &other) >= resemblance_min - ESTIMATE_SLACK {
                near.push(content);
            }
        }
        Ok(near)
    }

    fn overlap_with(&self, shingles: &Shingles, content: i64) -> Result<Option<Overlap>, Error> {
        let Some(revision) = self.catalog.revisions_with(content)?.pop() else { return Ok(None) };
        let other = self.shingles_of(&revision)?;
        Ok(other.map(|other| shingles.overlap(&other)))
    }

    /// The shingles of a stored text; none for what cannot be read.
    fn shingles_of(&self, revision: &Revision) -> Result<Option<Shingles>, Error> {
        match self.reader.content_bytes(&revision.digest, revision.n_bytes) {
            Ok(bytes) => Ok(sketching::shingles(&bytes, &revision.media_type)),
            Err(Error::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The documents whose latest revision has this content, in order of first appearance.
    fn latest_with(&self, content: i64) -> Result<Vec<(Document, Revision)>, Error> {
        let mut all = Vec::new();
        for revision in self.catalog.revisions_with(content)? {
            let document = self.catalog.document_at(revision.document)?;
            if document.latest == revision.event {
                all.push((document, revision));
            }
        }
        Ok(all)
    }

    fn group(&self, contents: &[i64]) -> Result<Group, Error> {
        let mut members = Vec::new();
        for content in contents {
            members.extend(self.latest_with(*content)?);
        }
        members.sort_by_key(|(_, revision)| (std::cmp::Reverse(revision.n_bytes), revision.event));
        let mut resemblance = Vec::new();
        let mut known: BTreeMap<Digest, f64> = BTreeMap::new();
        let first = members.first().map(|(_, revision)| revision.clone());
        let own = match &first {
            Some(first) => self.shingles_of(first)?,
            None => None,
        };
        for (_, revision) in &members {
            let exact = match (known.get(&revision.digest), &own) {
                (Some(known), _) => *known,
                (None, Some(own)) => {
                    let overlap = self.overlap_with(own, revision.content)?;
                    overlap.map_or(0.0, |overlap| overlap.resemblance())
                }
                (None, None) => 0.0,
            };
            known.insert(revision.digest, exact);
            resemblance.push(exact);
        }
        Ok(Group { members, resemblance })
    }
}

/// A content with its sketch.
struct Sketched {
    content: i64,
    sketch: Sketch,
}

/// How many of `n_hashes` indexed hashes two texts must share to be looked at.
///
/// At a resemblance r they share about 2r/(1 + r) of them; half of r is asked for. One shared hash
/// is often chance.
fn shared_min(n_hashes: usize, resemblance_min: f64) -> usize {
    let share = (resemblance_min - ESTIMATE_SLACK).max(0.0) / 2.0;
    ((n_hashes as f64 * share) as usize).max(2)
}

/// Contents linked to each other, as a forest of smallest members.
#[derive(Default)]
struct Links(BTreeMap<i64, i64>);

impl Links {
    fn root(&self, mut content: i64) -> i64 {
        while let Some(above) = self.0.get(&content).filter(|above| **above != content) {
            content = *above;
        }
        content
    }

    fn join(&mut self, a: i64, b: i64) {
        for content in [a, b] {
            self.0.entry(content).or_insert(content);
        }
        let (a, b) = (self.root(a), self.root(b));
        self.0.insert(a.max(b), a.min(b));
    }

    fn groups(&self) -> Vec<Vec<i64>> {
        let mut groups: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for content in self.0.keys() {
            groups.entry(self.root(*content)).or_default().push(*content);
        }
        groups.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_make_groups_whatever_their_order() {
        let pairs = [(5, 1), (9, 8), (2, 5), (8, 7)];
        for turn in 0..pairs.len() {
            let mut links = Links::default();
            for n in 0..pairs.len() {
                let (a, b) = pairs[(n + turn) % pairs.len()];
                links.join(a, b);
            }
            assert_eq!(links.groups(), [vec![1, 2, 5], vec![7, 8, 9]]);
        }
    }
}
