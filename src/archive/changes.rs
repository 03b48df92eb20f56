//! What changed since a time: the documents of which another revision is the latest than stood then, or which are
//! gone.

use crate::types::{
    document::{Document, Revision},
    error::Error,
    time::Timestamp,
};

use super::{Archive, pattern::Pattern, presence::AsOf};

/// A document of which a revision was captured since, or which is gone since.
pub struct DocumentChange {
    /// Which.
    pub document: Document,
    /// The last revision captured by then; none of a new document.
    pub before: Option<Revision>,
    /// The latest; none of a document that is gone.
    pub latest: Option<Revision>,
}

impl DocumentChange {
    /// Whether its bytes changed and are as they were.
    pub fn is_undone(&self) -> bool {
        let digest = |revision: &Option<Revision>| revision.as_ref().map(|it| it.digest);
        self.before.is_some() && digest(&self.before) == digest(&self.latest)
    }
}

impl Archive {
    /// Calls `each` for what changed since of the documents that fit, in order of name.
    ///
    /// What was captured at that very time has changed since.
    pub fn changes_since(
        &self,
        since: Timestamp,
        pattern: &Pattern,
        mut each: impl FnMut(DocumentChange) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let touched = self.catalog.documents_touched(since)?;
        let pattern = pattern.among(Some(&touched), self)?;
        pattern.each(self, AsOf::Ever, |document, latest| {
            if !touched.contains(&document.id) {
                return Ok(());
            }
            let before = self.revision_then(document, AsOf::At(since.just_before()))?;
            let latest = Some(latest.clone()).filter(|_| document.gone.is_none());
            let event = |revision: &Option<Revision>| revision.as_ref().map(|it| it.event);
            match event(&before) == event(&latest) {
                true => Ok(()),
                false => each(DocumentChange { document: document.clone(), before, latest }),
            }
        })
    }
}
