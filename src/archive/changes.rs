//! What changed since a time: the documents of which another revision is the latest than stood then.

use crate::types::{
    document::{Document, Revision},
    error::Error,
    time::Timestamp,
};

use super::Archive;

/// A document of which a revision was captured since.
pub struct DocumentChange {
    /// Which.
    pub document: Document,
    /// The last revision captured by then; none of a new document.
    pub before: Option<Revision>,
    /// The latest.
    pub latest: Revision,
}

impl DocumentChange {
    /// Whether its bytes changed and are as they were.
    pub fn is_undone(&self) -> bool {
        self.before.as_ref().is_some_and(|before| before.digest == self.latest.digest)
    }
}

impl Archive {
    /// Calls `each` for what changed since of the documents that fit, in order of name.
    ///
    /// What was captured at that very time belongs to what stood then.
    pub fn changes_since(
        &self,
        since: Timestamp,
        fits: impl Fn(&Document) -> bool,
        mut each: impl FnMut(DocumentChange) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each_document(None, |document, latest| {
            if latest.captured <= since || !fits(document) {
                return Ok(());
            }
            let before = self.catalog.revision_as_of(document, since)?;
            each(DocumentChange { document: document.clone(), before, latest: latest.clone() })
        })
    }
}
