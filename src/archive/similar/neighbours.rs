//! Near-duplicates: neighbours of a text.
//!
//! Candidates share shingle hashes in the catalog; those whose sketches may be near enough are
//! confirmed on both texts, so every number shown is exact. Boilerplate of the sites counts on neither
//! side.

use std::{cmp::Reverse, collections::HashSet, rc::Rc};

use crate::{
    archive::Archive,
    catalog::{CandidateHit, NeighbourQuery},
    similarity::{
        boilerplate::Boilerplate,
        passages::{self, Passage, Seeds},
        prepared::{self, Common, Prepared},
        sketch::{self, Sketch},
        words::{placed_words, text_of},
    },
    types::{
        digest::Digest,
        document::{Document, Revision},
        error::Error,
        limits,
    },
};

use super::sites::BoilerplateCache;

/// What makes two texts near-duplicates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Much of one of them was copied, or nearly all of both is the same: [`COPIED_MIN`],
    /// [`RESEMBLANCE_SURE`].
    Copied,
    /// A resemblance from 0 to 1, and nothing else.
    Resemblance(f64),
}

/// Of one of two near-duplicates this share of the words lies in passages that the other has, counted
/// in proportion to how rare the hashes are that they share.
///
/// On labelled copies, scanned or with furniture around them, this finds more and confuses less than
/// any bar on resemblance: docs/benchmarks.md.
pub const COPIED_MIN: f64 = 0.35;
/// And this share of the shingles of one of them the other has, and so many rare ones: a few turns of
/// phrase are no copy.
pub const CONTAINED_MIN: f64 = 0.1;
/// See [`CONTAINED_MIN`].
pub const SHARED_MIN: f64 = 8.0;
/// Texts that resemble each other so much are near-duplicates however common their words are.
pub const RESEMBLANCE_SURE: f64 = 0.6;

/// What is taken for the share of rare hashes of a text that is the latest of no document: which
/// hashes are rare is known of latest texts alone.
const RARITY_OF_PAST: f64 = 1.0;

/// How far below the wanted resemblance an estimate may lie and still be confirmed.
const ESTIMATE_SLACK: f64 = 0.2;

/// Shorter passages are turns of phrase, and explain nothing.
const EXPLAINED_WORDS_MIN: usize = 5;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct SimilarQuery<'a> {
    /// What is near.
    pub threshold: Threshold,
    /// Left out: the document that the text belongs to.
    pub own: Option<&'a Document>,
    /// Older revisions are looked at, too.
    pub all_revisions: bool,
}

/// A document whose text resembles another.
#[derive(Debug, Clone)]
pub struct NearDocument {
    /// The document.
    pub document: Document,
    /// Its revision with that text; the latest of several.
    pub revision: Revision,
    /// How close they are; `a` is the text asked about, `b` this one.
    pub similarity: Similarity,
}

/// How close two texts are.
#[derive(Debug, Clone, Copy)]
pub struct Similarity {
    /// Shared shingles over all.
    pub resemblance: f64,
    /// The share of the first text's shingles that the second has.
    pub a_in_b: f64,
    /// The share of the second text's shingles that the first has.
    pub b_in_a: f64,
    /// The share of one text that was copied, as [`COPIED_MIN`] means it.
    pub copied: f64,
    /// About how many of the shingles in both are rare.
    n_rare: f64,
}

impl NearDocument {
    fn new((document, revision): (Document, Revision), similarity: Similarity) -> Self {
        Self { document, revision, similarity }
    }
}

impl Similarity {
    pub(in crate::archive) fn of(common: &Common, rarity: f64) -> Self {
        Self {
            resemblance: common.overlap.resemblance(),
            a_in_b: common.overlap.containment_of_a(),
            b_in_a: common.overlap.containment_of_b(),
            copied: common.covered * rarity,
            n_rare: common.overlap.shared as f64 * rarity,
        }
    }

    /// The same, seen from the other text.
    pub(in crate::archive) fn turned(self) -> Self {
        Self { a_in_b: self.b_in_a, b_in_a: self.a_in_b, ..self }
    }

    /// Whether it is over the bar.
    pub fn reaches(&self, threshold: Threshold) -> bool {
        match threshold {
            Threshold::Copied => {
                let is_copied = self.has_evidence() && self.copied >= COPIED_MIN;
                is_copied || self.resemblance >= RESEMBLANCE_SURE
            }
            Threshold::Resemblance(min) => self.resemblance >= min,
        }
    }

    /// What pairs are grouped by: the number that the bar is set on.
    pub fn score(&self, threshold: Threshold) -> f64 {
        match (threshold, self.reaches(threshold)) {
            (Threshold::Copied, true) => self.copied.max(self.resemblance),
            // What is no copy brings no groups together, and keeps none apart.
            (Threshold::Copied, false) => self.resemblance.min(COPIED_MIN / 2.0),
            (Threshold::Resemblance(_), _) => self.resemblance,
        }
    }

    /// Whether enough is shared to speak of a copy.
    fn has_evidence(&self) -> bool {
        self.a_in_b.max(self.b_in_a) >= CONTAINED_MIN && self.n_rare >= SHARED_MIN
    }
}

/// Which passages two texts share, as their lines and words stand.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// Passages that both have, longest first.
    pub shared: Vec<String>,
    /// What only the first has.
    pub only_a: Vec<String>,
    /// What only the second has.
    pub only_b: Vec<String>,
}

/// A candidate, before it is read.
#[derive(Debug, Clone, Copy)]
pub(in crate::archive) struct Candidate {
    pub content: i64,
    /// The share of the common hashes that are rare.
    pub rarity: f64,
    pub is_leader: bool,
}

impl Archive {
    /// Documents whose text is near to these bytes, the nearest first; `None` when they are no text.
    pub fn similar(
        &self,
        bytes: &[u8],
        media_type: &str,
        question: SimilarQuery,
    ) -> Result<Option<Vec<NearDocument>>, Error> {
        let boilerplate_cache = BoilerplateCache::default();
        let _snapshot = self.catalog.snapshot()?;
        let known = self.catalog.content(&Digest::of(bytes))?;
        let boilerplate = self.boilerplate_for(&boilerplate_cache, known)?;
        let Some(asked) = prepared::prepare(bytes, media_type, &boilerplate) else {
            return Ok(None);
        };
        let mut candidates = match question.all_revisions {
            false => self.candidates(&asked.sketch, question.threshold, &boilerplate_cache)?,
            true => {
                self.candidates_of_all_times(&asked.sketch, question.threshold, &boilerplate_cache)?
            }
        };
        // The same bytes are near, however few or common their hashes are.
        if let Some(content) = known
            && candidates.iter().all(|it| it.content != content)
        {
            candidates.push(Candidate { content, rarity: 1.0, is_leader: false });
        }
        self.near_among(&asked, candidates, question, &boilerplate_cache).map(Some)
    }

    /// The documents that hold those of the candidates that are near to a text, the nearest first.
    pub(in crate::archive) fn near_among(
        &self,
        text: &Prepared,
        candidates: Vec<Candidate>,
        question: SimilarQuery,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<NearDocument>, Error> {
        let mut near = Vec::new();
        for candidate in candidates {
            let Some(similarity) = self.confirmed(text, candidate, boilerplate_cache)? else {
                continue;
            };
            if similarity.reaches(question.threshold) {
                let holders = self.holders(candidate.content, question.all_revisions)?;
                near.extend(holders.into_iter().map(|it| NearDocument::new(it, similarity)));
            }
        }
        near.retain(|near| question.own.is_none_or(|own| own.id != near.document.id));
        sort(&mut near);
        Ok(near)
    }

    /// Compares a text with one revision; `None` when either is no text.
    pub fn similarity(
        &self,
        (bytes, media_type): (&[u8], &str),
        revision: &Revision,
    ) -> Result<Option<Similarity>, Error> {
        let boilerplate_cache = BoilerplateCache::default();
        let known = self.catalog.content(&Digest::of(bytes))?;
        let boilerplate = self.boilerplate_for(&boilerplate_cache, known)?;
        let asked = prepared::prepare(bytes, media_type, &boilerplate);
        let other = self.prepared(revision, &boilerplate_cache)?;
        let (Some(asked), Some(other)) = (asked, other) else { return Ok(None) };
        let found = self.catalog.neighbours(asked.sketch.index_hashes(), i64::MAX, 2)?;
        let content = self.catalog.content_of(revision)?;
        let met = found.into_iter().find(|it| it.content == content);
        let rarity = match met {
            Some(met) => rarity(&met.rare, &asked.sketch, &other.sketch),
            None if self.holders(content, false)?.is_empty() => RARITY_OF_PAST,
            None => 0.0,
        };
        Ok(Some(Similarity::of(&asked.common(&other, 0.0), rarity)))
    }

    /// What a text shares with a revision, and what each has alone.
    pub fn explain_similarity(
        &self,
        (bytes, media_type): (&[u8], &str),
        revision: &Revision,
    ) -> Result<Explanation, Error> {
        let boilerplate_cache = BoilerplateCache::default();
        let own = |bytes: &[u8], media_type: &str, boilerplate: &Boilerplate| {
            let text = text_of(bytes, media_type).unwrap_or_default();
            boilerplate.own_text(text).into_owned()
        };
        let known = self.catalog.content(&Digest::of(bytes))?;
        let asked = own(bytes, media_type, &*self.boilerplate_for(&boilerplate_cache, known)?);
        let other = self.reader.content_bytes(&revision.digest, revision.n_bytes)?;
        let boilerplate =
            boilerplate_cache.of(&self.catalog, self.catalog.content_of(revision)?)?;
        Ok(Explanation::of(&asked, &own(&other, &revision.media_type, &boilerplate)))
    }

    /// The furniture of a text, if it is a stored one.
    fn boilerplate_for(
        &self,
        boilerplate_cache: &BoilerplateCache,
        known: Option<i64>,
    ) -> Result<Rc<Boilerplate>, Error> {
        known.map_or_else(
            || Ok(Rc::default()),
            |content| boilerplate_cache.of(&self.catalog, content),
        )
    }

    /// Latest contents whose sketch may be near enough, in order of row.
    fn candidates(
        &self,
        sketch: &Sketch,
        threshold: Threshold,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<Candidate>, Error> {
        let hashes = sketch.index_hashes();
        let near =
            self.catalog.neighbours(hashes, i64::MAX, shared_min(hashes.len(), threshold))?;
        self.promising(sketch, near, threshold, boilerplate_cache)
    }

    /// Contents of any revision whose sketch may be near enough: all sketches that are not indexed are
    /// looked at.
    fn candidates_of_all_times(
        &self,
        sketch: &Sketch,
        threshold: Threshold,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<Candidate>, Error> {
        let mut all = self.candidates(sketch, threshold, boilerplate_cache)?;
        self.catalog.each_past(|content, other| {
            if sketch.n_shared(&other) >= 2 {
                all.push(Candidate { content, rarity: RARITY_OF_PAST, is_leader: false });
            }
        })?;
        Ok(all)
    }

    /// Those of the neighbours of a sketch that are worth reading.
    pub(in crate::archive) fn promising(
        &self,
        sketch: &Sketch,
        near: Vec<CandidateHit>,
        threshold: Threshold,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<Candidate>, Error> {
        let mut kept = Vec::new();
        for CandidateHit { content, rare, is_leader } in near {
            let Some(other) = self.catalog.sketch(content)? else { continue };
            let other = boilerplate_cache.own(&self.catalog, content, other)?;
            let candidate = Candidate { content, rarity: rarity(&rare, sketch, &other), is_leader };
            if is_promising(sketch, &other, &candidate, threshold) {
                kept.push(candidate);
            }
        }
        Ok(kept)
    }

    /// How close a candidate really is; `None` when it cannot be read.
    fn confirmed(
        &self,
        asked: &Prepared,
        candidate: Candidate,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Option<Similarity>, Error> {
        let other = self.prepared_content(candidate.content, boilerplate_cache)?;
        Ok(other.map(|other| Similarity::of(&asked.common(&other, 0.0), candidate.rarity)))
    }

    /// The text of a content made ready to be compared, as in [`Archive::prepared`].
    pub(in crate::archive) fn prepared_content(
        &self,
        content: i64,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Option<Prepared>, Error> {
        match self.catalog.revisions_with(content)?.pop() {
            Some(revision) => self.prepared(&revision, boilerplate_cache),
            None => Ok(None),
        }
    }

    /// A stored text made ready to be compared; none for what is no text or cannot be read.
    pub(in crate::archive) fn prepared(
        &self,
        revision: &Revision,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Option<Prepared>, Error> {
        if revision.n_bytes > limits::TEXT_BYTES_MAX as u64 {
            return Ok(None);
        }
        match self.reader.content_bytes(&revision.digest, revision.n_bytes) {
            Ok(bytes) => {
                let boilerplate =
                    boilerplate_cache.of(&self.catalog, self.catalog.content_of(revision)?)?;
                Ok(prepared::prepare(&bytes, &revision.media_type, &boilerplate))
            }
            Err(Error::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The documents whose latest revision has this content, in order of first appearance; or those
    /// with any revision that has it.
    pub(in crate::archive) fn holders(
        &self,
        content: i64,
        all_revisions: bool,
    ) -> Result<Vec<(Document, Revision)>, Error> {
        let mut all = Vec::new();
        let mut met = HashSet::new();
        for revision in self.catalog.revisions_with(content)?.into_iter().rev() {
            if !met.insert(revision.doc) {
                continue;
            }
            let document = self.catalog.document(revision.doc)?;
            if document.latest == revision.event || all_revisions {
                all.push((document, revision));
            }
        }
        all.reverse();
        Ok(all)
    }
}

impl Explanation {
    fn of(a: &str, b: &str) -> Self {
        let (a, b) = (Spoken::of(a), Spoken::of(b));
        let mut found = passages::shared(&Seeds::of(&a.hashes), &Seeds::of(&b.hashes));
        found.retain(|passage| passage.a.len() >= EXPLAINED_WORDS_MIN);
        found.sort_by_key(|passage| (passage.a.start, Reverse(passage.a.end)));
        // What ends no later than one that starts no later lies within that one.
        let (mut reach, mut shared) = (0, Vec::new());
        for passage in &found {
            if passage.a.end > reach {
                reach = passage.a.end;
                shared.push(passage);
            }
        }
        shared.sort_by_key(|passage: &&Passage| (Reverse(passage.a.len()), passage.a.start));
        Self {
            shared: shared.iter().map(|passage| a.said(passage.a.clone())).collect(),
            only_a: a.without(found.iter().map(|passage| passage.a.clone())),
            only_b: b.without(found.iter().map(|passage| passage.b.clone())),
        }
    }
}

/// A text and where its words stand.
struct Spoken<'a> {
    text: &'a str,
    hashes: Vec<u64>,
    places: Vec<std::ops::Range<usize>>,
}

impl<'a> Spoken<'a> {
    fn of(text: &'a str) -> Self {
        let (hashes, places) = placed_words(text);
        Self { text, hashes, places }
    }

    /// What is written from one word to another, on one line.
    fn said(&self, words: std::ops::Range<usize>) -> String {
        let (Some(first), Some(last)) =
            (self.places.get(words.start), self.places.get(words.end - 1))
        else {
            return String::new();
        };
        let stretch = self.text.get(first.start..last.end).unwrap_or_default();
        stretch.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What is written outside of these stretches.
    fn without(&self, taken: impl Iterator<Item = std::ops::Range<usize>>) -> Vec<String> {
        let mut from = 0;
        let mut rest = Vec::new();
        for stretch in passages::union(taken) {
            if from < stretch.start {
                rest.push(self.said(from..stretch.start));
            }
            from = stretch.end;
        }
        if from < self.hashes.len() {
            rest.push(self.said(from..self.hashes.len()));
        }
        rest
    }
}

/// The nearest first; of equals by name.
fn sort(near: &mut [NearDocument]) {
    near.sort_by(|x, y| {
        let nearer = y.similarity.resemblance.total_cmp(&x.similarity.resemblance);
        nearer.then_with(|| x.document.name.cmp(&y.document.name))
    });
}

/// The share of the indexed hashes common to two sketches that is rare.
///
/// A hash that is furniture on one side counts for neither: it must not matter which one is asked.
fn rarity(rare: &[u32], a: &Sketch, b: &Sketch) -> f64 {
    let has = |sketch: &Sketch, hash: &u32| sketch.index_hashes().binary_search(hash).is_ok();
    let n_rare = rare.iter().filter(|hash| has(a, hash) && has(b, hash)).count();
    match a.n_shared(b) {
        0 => 0.0,
        n_shared => n_rare as f64 / n_shared as f64,
    }
}

/// Whether two sketches leave it possible that the texts are over the bar.
fn is_promising(a: &Sketch, b: &Sketch, candidate: &Candidate, threshold: Threshold) -> bool {
    let overlap = sketch::estimate(a, b);
    let resemblance = overlap.resemblance();
    match threshold {
        Threshold::Resemblance(min) => resemblance >= min - ESTIMATE_SLACK,
        Threshold::Copied => {
            let a_in_b = overlap.containment_of_a().max(overlap.containment_of_b());
            let may_be_copied = candidate.rarity >= COPIED_MIN && a_in_b >= CONTAINED_MIN / 2.0;
            may_be_copied || resemblance >= RESEMBLANCE_SURE - ESTIMATE_SLACK
        }
    }
}

/// How many of `n_hashes` indexed hashes two texts must share to be looked at.
///
/// At a resemblance r they share about 2r/(1 + r) of them; half of r is asked for. One shared hash
/// is often chance.
fn shared_min(n_hashes: usize, threshold: Threshold) -> usize {
    let share = match threshold {
        Threshold::Copied => 0.0,
        Threshold::Resemblance(min) => (min - ESTIMATE_SLACK).max(0.0) / 2.0,
    };
    ((n_hashes as f64 * share) as usize).max(2)
}

/// What is asked of the index for a stored sketch.
pub(in crate::archive) fn neighbour_query(
    content: i64,
    sketch: &Sketch,
    threshold: Threshold,
) -> NeighbourQuery<'_> {
    let hashes = sketch.index_hashes();
    NeighbourQuery { content, hashes, n_shared_min: shared_min(hashes.len(), threshold) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_has_what_both_say_and_what_each_says_alone() {
        let a = "A headline.\nThe ferry to the island, delayed by a storm, arrived at noon.\nOnly here.";
        let b = "Another title\n\nThe ferry to the island (delayed by a storm) arrived at noon. And more of it.";
        let why = Explanation::of(a, b);
        assert_eq!(why.shared, ["The ferry to the island, delayed by a storm, arrived at noon."]);
        assert_eq!(why.only_a, ["A headline.", "Only here."]);
        assert_eq!(why.only_b, ["Another title", "And more of it."]);
        let nothing = Explanation::of("", b);
        assert_eq!((nothing.shared.len(), nothing.only_a.len(), nothing.only_b.len()), (0, 0, 1));
    }
}
