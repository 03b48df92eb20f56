//! New texts: what the texts that a commit brought in are near to.

use crate::{
    archive::{Archive, ingest::transaction::Committed},
    similarity::{
        params::{NEW_TEXT_NEIGHBOURS_MAX, NEW_TEXTS_COMPARED_MAX, NEW_TEXTS_SAMPLE},
        score::{Similarity, Threshold},
    },
    text::Scope,
    types::{
        document::{Document, Revision},
        error::Error,
        name::DocName,
    },
};

use super::{
    groups::Sketched,
    neighbours::{NearDocument, SimilarQuery},
    sites::BoilerplateCache,
};

/// What some events of a commit recorded.
type NewRevisions = Vec<(Document, Revision)>;

/// What is said of a bulk, of which nothing is named; none of what was named.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::archive) struct BulkCounts {
    /// About how many of the new texts are near to earlier ones.
    pub n_near_about: Option<u64>,
    /// How many documents have a content that another one had before.
    pub n_same: Option<u64>,
}

/// Calls `each` with the nearest ones, and with the last of them how many more there are.
fn nearest(
    own: &DocName,
    near: &[NearDocument],
    each: &mut impl FnMut(&DocName, &NearDocument, u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let n_named = near.len().min(NEW_TEXT_NEIGHBOURS_MAX);
    for (index, one) in near[..n_named].iter().enumerate() {
        let n_more = if index + 1 == n_named { near.len() - n_named } else { 0 };
        each(own, one, n_more as u64)?;
    }
    Ok(())
}

impl Archive {
    /// For each text that a commit brought in, the earlier documents that are nearest to it, and of
    /// other contents those that have the same; each as far as it was not so before.
    ///
    /// With the last that is named of one text comes how many more there are. Of a bulk only some are
    /// compared, and none is named: the answer says how many there are.
    pub(in crate::archive) fn resembling(
        &self,
        committed: &Committed,
        threshold: Threshold,
        is_interrupted: &dyn Fn() -> bool,
        mut each: impl FnMut(&DocName, &NearDocument, u64) -> Result<(), Error>,
    ) -> Result<BulkCounts, Error> {
        let n_same = self.same_contents(committed, threshold, is_interrupted, &mut each)?;
        let mut texts = committed.new_texts.clone();
        texts.extend(self.come_back(&committed.others)?);
        let n_near_about = self.near_texts(&texts, threshold, is_interrupted, &mut each)?;
        Ok(BulkCounts { n_near_about, n_same })
    }

    /// Those of the events whose content is text that had been here, and that no other document has now: it is
    /// compared like a new one.
    fn come_back(&self, events: &[u64]) -> Result<Vec<u64>, Error> {
        let _snapshot = self.catalog.snapshot()?;
        let mut come_back = Vec::new();
        for event in events {
            let Some((_, revision)) = self.catalog.revision_of_event(*event)? else { continue };
            let has_sketch = self.catalog.sketch(self.catalog.content_of(&revision)?)?.is_some();
            if has_sketch && !self.catalog.had_before(*event)? {
                come_back.push(*event);
            }
        }
        Ok(come_back)
    }

    /// Calls `each` with the earlier documents that are nearest to each text that these events recorded; of a
    /// bulk, about how many of all are near to earlier ones.
    fn near_texts(
        &self,
        texts: &[u64],
        threshold: Threshold,
        is_interrupted: &dyn Fn() -> bool,
        each: &mut impl FnMut(&DocName, &NearDocument, u64) -> Result<(), Error>,
    ) -> Result<Option<u64>, Error> {
        let n_texts = texts.len();
        let is_bulk = n_texts > NEW_TEXTS_COMPARED_MAX;
        let stride = if is_bulk { n_texts.div_ceil(NEW_TEXTS_SAMPLE) } else { 1 };
        let events: Vec<u64> = texts.iter().step_by(stride).copied().collect();
        let boilerplate_cache = BoilerplateCache::default();
        let mut n_near = 0;
        let _snapshot = self.catalog.snapshot()?;
        let (revisions, sketched) = self.sketched_by(&events, &boilerplate_cache)?;
        for (index, candidates) in
            self.candidates_of_many(&sketched, threshold, &boilerplate_cache)?
        {
            if is_interrupted() {
                return Ok(None);
            }
            let (own, revision) = &revisions[index];
            let content = sketched[index].content;
            let Some(text) =
                self.prepared((revision, Scope::default()), content, &boilerplate_cache)?
            else {
                continue;
            };
            let query = SimilarQuery { threshold, own: Some(own), all_revisions: false };
            let mut near =
                self.near_among((&text, Scope::default()), candidates, query, &boilerplate_cache)?;
            near.retain(|other| other.revision.event < revision.event);
            let near = self.news(revision, near, threshold, &boilerplate_cache)?;
            n_near += u64::from(!near.is_empty());
            if !is_bulk {
                nearest(&own.name, &near, each)?;
            }
        }
        let about = (n_near * n_texts as u64).checked_div(events.len() as u64).unwrap_or(0);
        Ok(is_bulk.then_some(about))
    }

    /// Calls `each` with every document that was revised to a content which another one had before; of a
    /// bulk, how many there are.
    fn same_contents(
        &self,
        committed: &Committed,
        threshold: Threshold,
        is_interrupted: &dyn Fn() -> bool,
        each: &mut impl FnMut(&DocName, &NearDocument, u64) -> Result<(), Error>,
    ) -> Result<Option<u64>, Error> {
        let boilerplate_cache = BoilerplateCache::default();
        let _snapshot = self.catalog.snapshot()?;
        if committed.others.len() > NEW_TEXTS_COMPARED_MAX {
            let mut n_same = 0;
            for event in &committed.others {
                n_same += u64::from(self.catalog.had_before(*event)?);
            }
            return Ok(Some(n_same));
        }
        for event in &committed.others {
            if is_interrupted() {
                return Ok(None);
            }
            let Some((own, revision)) = self.catalog.revision_of_event(*event)? else { continue };
            if revision.n_bytes == 0 {
                continue;
            }
            let mut holders = self.holders(self.catalog.content_of(&revision)?, false)?;
            holders.retain(|(other, had)| other.id != own.id && had.event < *event);
            let same = |holder| NearDocument::new(holder, Similarity::SAME);
            let near = holders.into_iter().map(same).collect();
            let near = self.news(&revision, near, threshold, &boilerplate_cache)?;
            nearest(&own.name, &near, each)?;
        }
        Ok(None)
    }

    /// Those to which the revision before this one was not near already.
    fn news(
        &self,
        revision: &Revision,
        near: Vec<NearDocument>,
        threshold: Threshold,
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<Vec<NearDocument>, Error> {
        if near.is_empty() {
            return Ok(near);
        }
        let Some(before) = self.catalog.revision_before(revision)? else { return Ok(near) };
        let content = self.catalog.content_of(&before)?;
        let Some(before) =
            self.prepared((&before, Scope::default()), content, boilerplate_cache)?
        else {
            return Ok(near);
        };
        let frequencies = boilerplate_cache.frequencies(&self.catalog)?;
        let mut news = Vec::new();
        for one in near {
            let content = self.catalog.content_of(&one.revision)?;
            let other =
                self.prepared((&one.revision, Scope::default()), content, boilerplate_cache)?;
            let was_near = other.is_some_and(|other| {
                Similarity::of_near(&before, &other, &frequencies, threshold).reaches(threshold)
            });
            if !was_near {
                news.push(one);
            }
        }
        Ok(news)
    }

    /// The revisions that these events recorded, with their documents, and the sketches of their contents.
    fn sketched_by(
        &self,
        events: &[u64],
        boilerplate_cache: &BoilerplateCache,
    ) -> Result<(NewRevisions, Vec<Sketched>), Error> {
        let (mut revisions, mut sketched) = (Vec::new(), Vec::new());
        for event in events {
            let Some(recorded) = self.catalog.revision_of_event(*event)? else { continue };
            let content = self.catalog.content_of(&recorded.1)?;
            let Some(sketch) = self.catalog.sketch(content)? else { continue };
            let sketch = boilerplate_cache.own(&self.catalog, content, sketch)?;
            // One that had been here has a row among those of earlier contents.
            let before = if self.catalog.was_recorded_before(*event)? { i64::MAX } else { content };
            sketched.push(Sketched { content, before, sketch });
            revisions.push(recorded);
        }
        Ok((revisions, sketched))
    }
}
