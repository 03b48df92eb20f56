//! Exporting: documents on their way out, one by one, in order of name; and which of two stands at a path
//! that cannot be both a file and a folder.

use std::collections::HashMap;

use crate::types::{
    document::{Document, Revision},
    error::Error,
    name::DocName,
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
        each: impl FnMut(&Document, &Revision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each_document_in(None, as_of, each)
    }

    /// The same for the documents below a name alone.
    pub fn each_document_in(
        &self,
        folder: Option<&DocName>,
        as_of: Option<Timestamp>,
        mut each: impl FnMut(&Document, &Revision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut after: Option<Document> = None;
        loop {
            let documents = self.page(folder, after.as_ref())?;
            for document in &documents {
                if let Some(revision) = self.as_of(document, as_of)? {
                    each(document, &revision)?;
                }
            }
            match documents.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// Whether there is one below a name, or one at all, that was captured by then.
    pub fn has_document_in(
        &self,
        folder: Option<&DocName>,
        as_of: Option<Timestamp>,
    ) -> Result<bool, Error> {
        let mut after: Option<Document> = None;
        loop {
            let documents = self.page(folder, after.as_ref())?;
            for document in &documents {
                if self.as_of(document, as_of)?.is_some() {
                    return Ok(true);
                }
            }
            match documents.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => return Ok(false),
            }
        }
    }

    /// All revisions of a document, in order.
    pub fn revisions(&self, document: &Document) -> Result<Vec<Revision>, Error> {
        self.catalog.revisions(document)
    }

    /// Some of the documents, from the one after `after`.
    fn page(
        &self,
        folder: Option<&DocName>,
        after: Option<&Document>,
    ) -> Result<Vec<Document>, Error> {
        match folder {
            Some(folder) => self.catalog.documents_under(folder, after, STRIDE),
            None => self.catalog.documents_after(after, STRIDE),
        }
    }

    /// The document's last revision captured by then; without a time its latest.
    fn as_of(
        &self,
        document: &Document,
        as_of: Option<Timestamp>,
    ) -> Result<Option<Revision>, Error> {
        match as_of {
            Some(timestamp) => self.catalog.revision_as_of(document, timestamp),
            None => {
                let found = self.catalog.revision_of_event(document.latest)?;
                Ok(found.map(|(_, revision)| revision))
            }
        }
    }
}

/// Names that are both a document's and a folder's, as when a file became a folder: whichever was captured
/// later stands at the path, the document or what is in the folder.
pub struct PathContest<'a> {
    archive: &'a Archive,
    as_of: Option<Timestamp>,
    /// Of each document with others below it: the one of them that came later, if one did.
    decided: HashMap<DocName, Option<DocName>>,
    /// A folder of which no document has the name, nor that of a folder around it.
    clear: Option<Vec<u8>>,
}

impl<'a> PathContest<'a> {
    /// Between documents as they were by then.
    pub fn new(archive: &'a Archive, as_of: Option<Timestamp>) -> Self {
        Self { archive, as_of, decided: HashMap::new(), clear: None }
    }

    /// The document that stands in the way of this one and came later, if there is one below `scope`.
    pub fn successor(
        &mut self,
        document: &Document,
        scope: Option<&DocName>,
    ) -> Result<Option<DocName>, Error> {
        if let Some(later) = self.later_below(&document.name)?.flatten() {
            return Ok(Some(later));
        }
        let name = document.name.as_bytes();
        let Some(end) = name.iter().rposition(|b| *b == b'/') else { return Ok(None) };
        if self.clear.as_deref() == Some(&name[..end]) {
            return Ok(None);
        }
        let mut is_clear = true;
        for (at, _) in name.iter().enumerate().filter(|(_, b)| **b == b'/') {
            let Ok(above) = DocName::new(&name[..at]) else { continue };
            if scope.is_some_and(|scope| !above.is_under(scope) || above == *scope) {
                continue;
            }
            if let Some(later) = self.later_below(&above)? {
                is_clear = false;
                if later.is_none() {
                    return Ok(Some(above));
                }
            }
        }
        self.clear = is_clear.then(|| name[..end].to_vec());
        Ok(None)
    }

    /// Of a document with others below it the one of them that came later; `None` of any other name.
    fn later_below(&mut self, name: &DocName) -> Result<Option<Option<DocName>>, Error> {
        if let Some(decided) = self.decided.get(name) {
            return Ok(Some(decided.clone()));
        }
        let catalog = &self.archive.catalog;
        if catalog.documents_under(name, None, 1)?.is_empty() {
            return Ok(None);
        }
        let Some(document) = catalog.document_named(name)? else { return Ok(None) };
        let Some(own) = self.archive.as_of(&document, self.as_of)? else { return Ok(None) };
        let mut latest = (own.captured, own.event);
        let (mut later, mut has_below) = (None, false);
        self.archive.each_document_in(Some(name), self.as_of, |below, revision| {
            has_below = true;
            if (revision.captured, revision.event) > latest {
                latest = (revision.captured, revision.event);
                later = Some(below.name.clone());
            }
            Ok(())
        })?;
        if !has_below {
            return Ok(None);
        }
        self.decided.insert(name.clone(), later.clone());
        Ok(Some(later))
    }
}
