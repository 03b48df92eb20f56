//! Exporting: documents on their way out, one by one, in order of name.

use crate::types::{
    document::{Document, Revision},
    error::Error,
    time::Timestamp,
};

use super::Archive;

/// Documents fetched from the catalog at a time.
const STRIDE: usize = 512;

impl Archive {
    /// Calls `each` with every document and its latest revision, or its last one captured at or
    /// before `as_of`; documents that have none by then are left out.
    pub fn each_document(
        &self,
        as_of: Option<Timestamp>,
        mut each: impl FnMut(&Document, &Revision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut after: Option<Document> = None;
        loop {
            let documents = self.catalog.documents_after(after.as_ref(), STRIDE)?;
            for document in &documents {
                let revision = match as_of {
                    Some(timestamp) => self.catalog.revision_as_of(document, timestamp)?,
                    None => self
                        .catalog
                        .revision_of_event(document.latest)?
                        .map(|(_, revision)| revision),
                };
                if let Some(revision) = revision {
                    each(document, &revision)?;
                }
            }
            match documents.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }
}
