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

impl Archive {
    /// For each text that a commit brought in, the earlier documents that are nearest to it, and of
    /// other contents those that have the same; each as far as it was not so before.
    ///
    /// Of a bulk only some are compared, `each` is not called, and the answer is about how many of all
    /// are near to earlier ones.
    pub(in crate::archive) fn resembling(
        &self,
        committed: &Committed,
        threshold: Threshold,
        is_interrupted: &dyn Fn() -> bool,
        mut each: impl FnMut(&DocName, &NearDocument) -> Result<(), Error>,
    ) -> Result<Option<u64>, Error> {
        self.same_contents(committed, threshold, is_interrupted, &mut each)?;
        let n_texts = committed.new_texts.len();
        let is_bulk = n_texts > NEW_TEXTS_COMPARED_MAX;
        let stride = if is_bulk { n_texts.div_ceil(NEW_TEXTS_SAMPLE) } else { 1 };
        let events: Vec<u64> = committed.new_texts.iter().step_by(stride).copied().collect();
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
            let near =
                self.near_among((&text, Scope::default()), candidates, query, &boilerplate_cache)?;
            let near = self.news(revision, near, threshold, &boilerplate_cache)?;
            n_near += u64::from(!near.is_empty());
            if !is_bulk {
                near.iter()
                    .take(NEW_TEXT_NEIGHBOURS_MAX)
                    .try_for_each(|near| each(&own.name, near))?;
            }
        }
        let about = (n_near * n_texts as u64).checked_div(events.len() as u64).unwrap_or(0);
        Ok(is_bulk.then_some(about))
    }

    /// Calls `each` with every document that was revised to a content which another one had before.
    fn same_contents(
        &self,
        committed: &Committed,
        threshold: Threshold,
        is_interrupted: &dyn Fn() -> bool,
        each: &mut impl FnMut(&DocName, &NearDocument) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if committed.others.len() > NEW_TEXTS_COMPARED_MAX {
            return Ok(());
        }
        let boilerplate_cache = BoilerplateCache::default();
        let _snapshot = self.catalog.snapshot()?;
        for event in &committed.others {
            if is_interrupted() {
                return Ok(());
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
            near.iter().take(NEW_TEXT_NEIGHBOURS_MAX).try_for_each(|near| each(&own.name, near))?;
        }
        Ok(())
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
                Similarity::of(&before.compared_to(&other, &frequencies)).reaches(threshold)
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
            sketched.push(Sketched { content, sketch });
            revisions.push(recorded);
        }
        Ok((revisions, sketched))
    }
}
