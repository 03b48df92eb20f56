//! New texts: what the texts that a commit brought in are near to.

use crate::{
    archive::{Archive, ingest::transaction::Committed},
    similarity::{
        params::{NEW_TEXT_NEIGHBOURS_MAX, NEW_TEXTS_COMPARED_MAX, NEW_TEXTS_SAMPLE},
        score::Threshold,
    },
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
    /// For each text that a commit brought in, the earlier documents that are nearest to it.
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
            let Some(text) = self.prepared(revision, content, &boilerplate_cache)? else {
                continue;
            };
            let query = SimilarQuery { threshold, own: Some(own), all_revisions: false };
            let near = self.near_among(&text, candidates, query, &boilerplate_cache)?;
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
