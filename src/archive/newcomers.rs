//! Newcomers: whom the texts resemble that a commit brought in.

use crate::{
    crafts::sketch::Sketch,
    keepers::catalog::Revision,
    words::{error::Error, name::DocName},
};

use super::{
    Archive,
    commit::Committed,
    furniture::Shelf,
    groups::{STRIDE, Sketched},
    similar::{Bar, Candidate, Near, Question},
};

/// Up to so many new texts are compared one by one; of more it is estimated how many resemble others.
const ONE_BY_ONE_MAX: usize = 1024;
/// So many neighbours of one text are told.
const TOLD_MAX: usize = 3;

impl Archive {
    /// For each text that a commit brought in, the earlier documents that are nearest to it.
    ///
    /// Of a bulk the answer is about how many texts are near to others, by their sketches; `each` is
    /// not called.
    pub fn resembling(
        &self,
        committed: &Committed,
        bar: Bar,
        mut each: impl FnMut(&DocName, &Near) -> Result<(), Error>,
    ) -> Result<Option<u64>, Error> {
        let is_bulk = committed.new_texts.len() > ONE_BY_ONE_MAX;
        let shelf = Shelf::default();
        let mut n_near = 0;
        self.catalog.hold()?;
        for events in committed.new_texts.chunks(STRIDE) {
            let (revisions, sketched) = self.sketched_by(events, &shelf)?;
            let found = self.candidates_of_many(&sketched, bar, &shelf)?;
            n_near += found.len() as u64;
            if !is_bulk {
                for (turn, candidates) in found {
                    self.each_near(&revisions[turn], candidates, (bar, &shelf), &mut each)?;
                }
            }
        }
        self.catalog.let_go()?;
        Ok(is_bulk.then_some(n_near))
    }

    /// The revisions that these events recorded, and the sketches of their contents.
    fn sketched_by(
        &self,
        events: &[u64],
        shelf: &Shelf,
    ) -> Result<(Vec<Revision>, Vec<Sketched>), Error> {
        let (mut revisions, mut sketched) = (Vec::new(), Vec::new());
        for event in events {
            let Some(revision) = self.catalog.revision_of_event(*event)? else { continue };
            let content = revision.content;
            let data = self.catalog.sketch(content)?.unwrap_or_default();
            let Ok(sketch) = Sketch::parse(&data) else { continue };
            let sketch = sketch.without(shelf.of(&self.catalog, content)?.shingles());
            sketched.push(Sketched { content, sketch });
            revisions.push(revision);
        }
        Ok((revisions, sketched))
    }

    /// Calls `each` with the nearest of other documents among the candidates of a new text.
    fn each_near(
        &self,
        revision: &Revision,
        candidates: Vec<Candidate>,
        (bar, shelf): (Bar, &Shelf),
        each: &mut impl FnMut(&DocName, &Near) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(text) = self.prepared(revision, shelf)? else { return Ok(()) };
        let own = self.catalog.document_at(revision.document)?;
        let question = Question { bar, own: Some(&own), all_revisions: false };
        let near = self.near_among(&text, candidates, question, shelf)?;
        near.iter().take(TOLD_MAX).try_for_each(|near| each(&own.name, near))
    }
}
