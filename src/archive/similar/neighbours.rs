//! Near-duplicates: neighbours of a text.
//!
//! Candidates share shingle hashes in the catalog; those whose sketches may be near enough are
//! confirmed on both texts, so every number shown is exact. Boilerplate of the sites counts on neither
//! side.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    rc::Rc,
};

use tracing::{Level, debug, enabled};

use crate::{
    archive::{Archive, operand},
    catalog::{CandidateHit, NeighbourQuery},
    similarity::{
        boilerplate::Boilerplate,
        candidates::{may_be_near, n_shared_min},
        explanation::{ExplainedText, Explanation},
        params::HASHES_SHARED_MIN,
        prepared::{self, CommonPassages, Prepared},
        score::{Similarity, Threshold},
        sketch::{self, Sketch},
        words::{self, text_of},
    },
    text::{Interpretation, ReadAs, Scope},
    types::{
        digest::Digest,
        document::{Document, Revision},
        error::Error,
        limits,
        time::Timestamp,
    },
};

use super::sites::BoilerplateCache;

/// Which neighbours of a text are wanted.
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
    /// Since when it is gone.
    pub gone: Option<Timestamp>,
}

/// A candidate, before it is read.
#[derive(Debug, Clone, Copy)]
pub(in crate::archive) struct Candidate {
    pub content: i64,
    /// See [`CandidateHit`].
    pub is_leader: bool,
}

/// Sketches by content that need not be looked up.
pub(in crate::archive) type KnownSketches<'a> = HashMap<i64, &'a Sketch>;

impl Archive {
    /// The documents that have these bytes, and read them as something else, each by its latest revision.
    pub fn same_bytes_otherwise(
        &self,
        bytes: &[u8],
        read_as: ReadAs,
    ) -> Result<Vec<(Document, Revision)>, Error> {
        let digest = Digest::of(bytes);
        let own = Interpretation::of(read_as.media_type, read_as.named);
        let own = self.catalog.content_as(&(digest, own))?;
        let mut others = Vec::new();
        for content in self.catalog.contents(&digest)? {
            if Some(content) != own {
                others.extend(self.holders(content, false)?);
            }
        }
        Ok(others)
    }

    /// Documents whose text is near to these bytes, the nearest first; `None` when they are no text.
    pub fn similar(
        &self,
        (bytes, read_as): (&[u8], ReadAs),
        query: SimilarQuery,
    ) -> Result<Option<Vec<NearDocument>>, Error> {
        let boilerplate_cache = BoilerplateCache::default();
        let _snapshot = self.catalog.snapshot()?;
        let known = self.catalog.contents(&Digest::of(bytes))?;
        let boilerplate = self.boilerplate_for(&boilerplate_cache, (bytes, read_as))?;
        let Some(asked) = prepared::prepare(bytes, read_as, &boilerplate) else {
            return Ok(None);
        };
        // What is indexed of stored texts is indexed of whole pages.
        let whole = words::sketch(bytes, ReadAs { scope: Scope::Page, ..read_as });
        let Some(sketch) = whole.map(|whole| whole.without(boilerplate.shingles())) else {
            return Ok(None);
        };
        let mut candidates = match query.all_revisions {
            false => self.candidates(&sketch, query.threshold, &boilerplate_cache)?,
            true => self.candidates_of_all_times(&sketch, query.threshold, &boilerplate_cache)?,
        };
        // The same bytes are looked at, however few or common their hashes are.
        for content in known {
            if candidates.iter().all(|it| it.content != content) {
                candidates.push(Candidate { content, is_leader: false });
            }
        }
        self.near_among((&asked, read_as.scope), candidates, query, &boilerplate_cache).map(Some)
    }

    /// The documents that hold those of the candidates that are near to a text, the nearest first; of pages
    /// as much is compared as the scope says.
    pub(in crate::archive) fn near_among(
        &self,
        (text, scope): (&Prepared, Scope),
        candidates: Vec<Candidate>,
        query: SimilarQuery,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<NearDocument>, Error> {
        let mut near = Vec::new();
        for candidate in candidates {
            let content = candidate.content;
            let wanted = (candidate, query.threshold);
            let Some(similarity) = self.confirmed((text, scope), wanted, boilerplate_cache)? else {
                debug!(target: "similar", text = %self.shown(content), "dropped: cannot be read");
                continue;
            };
            let is_near = similarity.reaches(query.threshold);
            debug!(target: "similar", text = %self.shown(content), is_near, ?similarity, "scored");
            if is_near {
                let holders = self.holders(candidate.content, query.all_revisions)?;
                for (document, revision) in holders {
                    let gone = self.catalog.gone_since(&document)?;
                    near.push(NearDocument { document, revision, similarity, gone });
                }
            }
        }
        near.retain(|near| query.own.is_none_or(|own| own.id != near.document.id));
        sort(&mut near, query.threshold);
        Ok(near)
    }

    /// Compares a text with one revision; `None` when either is no text.
    pub fn similarity(
        &self,
        (bytes, read_as): (&[u8], ReadAs),
        revision: &Revision,
    ) -> Result<Option<Similarity>, Error> {
        self.expect_readable(revision)?;
        let boilerplate_cache = BoilerplateCache::default();
        let boilerplate = self.boilerplate_for(&boilerplate_cache, (bytes, read_as))?;
        let asked = prepared::prepare(bytes, read_as, &boilerplate);
        let content = self.catalog.content_of(revision)?;
        let other = self.prepared((revision, read_as.scope), content, &boilerplate_cache)?;
        let (Some(asked), Some(other)) = (asked, other) else { return Ok(None) };
        let frequencies = boilerplate_cache.frequencies(&self.catalog)?;
        Ok(Some(Similarity::of(&asked, &other, &frequencies)))
    }

    /// What a text shares with a revision, and what each has alone.
    pub fn explain_similarity(
        &self,
        (bytes, read_as): (&[u8], ReadAs),
        revision: &Revision,
    ) -> Result<Explanation, Error> {
        self.expect_readable(revision)?;
        let boilerplate_cache = BoilerplateCache::default();
        let boilerplate = self.boilerplate_for(&boilerplate_cache, (bytes, read_as))?;
        let asked = (bytes, read_as, boilerplate);
        let other = self.reader.content_bytes(&revision.digest, revision.n_bytes)?;
        let boilerplate =
            boilerplate_cache.of(&self.catalog, self.catalog.content_of(revision)?)?;
        let other = (&other[..], operand::read_as(revision, read_as.scope), boilerplate);
        let own = |(bytes, read_as, boilerplate): &(&[u8], ReadAs, Rc<Boilerplate>)| {
            let text = text_of(bytes, *read_as).unwrap_or_default();
            boilerplate.own_text(text).into_owned()
        };
        // What lies outside of the main part is not only in the other text.
        let whole = |(bytes, read_as, _): &(&[u8], ReadAs, Rc<Boilerplate>)| {
            let scope = if read_as.scope == Scope::Article { Scope::Page } else { read_as.scope };
            text_of(bytes, ReadAs { scope, ..*read_as }).unwrap_or_default().into_owned()
        };
        let ready = |(bytes, read_as, boilerplate): &(&[u8], ReadAs, Rc<Boilerplate>)| {
            prepared::prepare(bytes, *read_as, boilerplate)
        };
        let passages = match (ready(&asked), ready(&other)) {
            (Some(asked), Some(other)) => asked.passages_with(&other),
            _ => CommonPassages::default(),
        };
        let texts = [&asked, &other].map(|text| (own(text), whole(text)));
        let [a, b] = texts.each_ref().map(|(own, whole)| ExplainedText { own, whole });
        Ok(Explanation::of(a, b, &passages))
    }

    /// The boilerplate of a text, if it is a stored one; of bytes that are not stored as they are read here, that of the
    /// first as what they are stored.
    fn boilerplate_for(
        &self,
        boilerplate_cache: &BoilerplateCache,
        (bytes, read_as): (&[u8], ReadAs),
    ) -> Result<Rc<Boilerplate>, Error> {
        let digest = Digest::of(bytes);
        let interpretation = Interpretation::of(read_as.media_type, read_as.named);
        let known = match self.catalog.content_as(&(digest, interpretation))? {
            None => self.catalog.contents(&digest)?.first().copied(),
            known => known,
        };
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
        let hits =
            self.catalog.neighbours(hashes, i64::MAX, n_shared_min(hashes.len(), threshold))?;
        self.promising(sketch, hits, threshold, (&KnownSketches::new(), boilerplate_cache))
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
        let n_shared_min = HASHES_SHARED_MIN.min(sketch.index_hashes().len());
        self.catalog.each_past(|content, other| {
            if sketch.n_shared(&other) >= n_shared_min {
                all.push(Candidate { content, is_leader: false });
            }
        })?;
        Ok(all)
    }

    /// Those of the contents that share hashes with a sketch that are worth reading; some of their
    /// sketches, without boilerplate, are known.
    pub(in crate::archive) fn promising(
        &self,
        sketch: &Sketch,
        hits: Vec<CandidateHit>,
        threshold: Threshold,
        (known, boilerplate_cache): (&KnownSketches, &BoilerplateCache),
    ) -> Result<Vec<Candidate>, Error> {
        let mut kept = Vec::new();
        for CandidateHit { content, is_leader } in hits {
            let other = match known.get(&content) {
                Some(known) => Cow::Borrowed(*known),
                None => {
                    let Some(other) = self.catalog.sketch(content)? else { continue };
                    Cow::Owned(boilerplate_cache.own(&self.catalog, content, other)?)
                }
            };
            if may_be_near(sketch, &other, threshold) {
                kept.push(Candidate { content, is_leader });
            } else if enabled!(target: "similar", Level::DEBUG) {
                let estimate = sketch::estimate(sketch, &other);
                let (resemblance, of_a) = (estimate.resemblance(), estimate.containment_of_a());
                let of_b = estimate.containment_of_b();
                let text = self.shown(content);
                debug!(target: "similar", text, resemblance, of_a, of_b, "dropped by its sketch");
            }
        }
        Ok(kept)
    }

    /// A content by the last revision that has it, for debugging.
    pub(super) fn shown(&self, content: i64) -> String {
        let last = self.catalog.revisions_with(content).ok().and_then(|mut all| all.pop());
        last.map_or_else(String::new, |(document, revision)| {
            format!("{}@{}", document.name.text(), revision.number)
        })
    }

    /// How close a candidate really is; `None` when it cannot be read.
    fn confirmed(
        &self,
        (asked, scope): (&Prepared, Scope),
        (candidate, threshold): (Candidate, Threshold),
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Option<Similarity>, Error> {
        let other = self.prepared_content((candidate.content, scope), boilerplate_cache)?;
        let frequencies = boilerplate_cache.frequencies(&self.catalog)?;
        Ok(other.map(|other| Similarity::of_near(asked, &other, &frequencies, threshold)))
    }

    /// The text of a content made ready to be compared, as in [`Archive::prepared`].
    pub(in crate::archive) fn prepared_content(
        &self,
        (content, scope): (i64, Scope),
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Option<Prepared>, Error> {
        match self.catalog.last_with(content)? {
            Some(revision) => self.prepared((&revision, scope), content, boilerplate_cache),
            None => Ok(None),
        }
    }

    /// A stored text made ready to be compared; none for what is no text or cannot be read.
    pub(in crate::archive) fn prepared(
        &self,
        (revision, scope): (&Revision, Scope),
        content: i64,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Option<Prepared>, Error> {
        if revision.n_bytes > limits::TEXT_BYTES_MAX as u64 {
            return Ok(None);
        }
        match self.reader.content_bytes(&revision.digest, revision.n_bytes) {
            Ok(bytes) => {
                let boilerplate = boilerplate_cache.of(&self.catalog, content)?;
                Ok(prepared::prepare(&bytes, operand::read_as(revision, scope), &boilerplate))
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
        let mut documents = HashSet::new();
        for (document, revision) in self.catalog.revisions_with(content)?.into_iter().rev() {
            if !documents.insert(document.id) {
                continue;
            }
            if document.latest == revision.event || all_revisions {
                all.push((document, revision));
            }
        }
        all.reverse();
        Ok(all)
    }
}

/// The nearest first, by what the threshold is set on; of equals by name.
fn sort(near: &mut [NearDocument], threshold: Threshold) {
    let rank = |near: &NearDocument| {
        let similarity = &near.similarity;
        (similarity.score(threshold), similarity.resemblance)
    };
    near.sort_by(|x, y| {
        let ((x_score, x_resemblance), (y_score, y_resemblance)) = (rank(x), rank(y));
        let nearer = y_score.total_cmp(&x_score);
        let nearer = nearer.then_with(|| y_resemblance.total_cmp(&x_resemblance));
        nearer.then_with(|| x.document.name.cmp(&y.document.name))
    });
}

/// What is asked of the index for a stored sketch: contents before that row.
pub(in crate::archive) fn neighbour_query(
    before: i64,
    sketch: &Sketch,
    threshold: Threshold,
) -> NeighbourQuery<'_> {
    let hashes = sketch.index_hashes();
    NeighbourQuery { before, hashes, n_shared_min: n_shared_min(hashes.len(), threshold) }
}
