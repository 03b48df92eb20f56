//! What an export is of, file by file: the same for files, manifests and bags.

use crate::{
    archive::{Archive, export::PathContest, find::Selection, presence::AsOf},
    types::{
        document::{Document, Revision},
        error::Error,
        name::DocName,
    },
};

/// What an export is of.
pub struct Chosen<'a> {
    pub archive: &'a Archive,
    /// As of when.
    pub as_of: AsOf,
    /// Nothing is everything.
    pub selections: Vec<Selection>,
    /// Each revision, under a name of its own.
    pub all_revisions: bool,
}

/// A revision that may become a file.
pub struct ExportItem<'a> {
    /// The name that the file gets.
    pub name: &'a DocName,
    pub document: &'a Document,
    pub revision: &'a Revision,
    /// It was asked for by its own name, not as one of many.
    pub is_named: bool,
    /// Where another document may stand in its way: below a folder, or anywhere.
    scope: Option<Option<&'a DocName>>,
}

impl Chosen<'_> {
    /// Calls `each` with everything that was chosen, in order.
    pub fn each(
        &self,
        mut each: impl FnMut(ExportItem<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (archive, as_of) = (self.archive, self.as_of);
        if self.selections.is_empty() {
            return archive.each_document(as_of, |document, revision| {
                self.one_of_many(document, revision, None, &mut each)
            });
        }
        for selection in &self.selections {
            match selection {
                Selection::Revision(found) => {
                    let (document, revision) = &**found;
                    let name = &document.name;
                    let scope = None;
                    each(ExportItem { name, document, revision, is_named: true, scope })?;
                }
                Selection::Folder(folder) => {
                    archive.each_document_in(Some(folder), as_of, |document, revision| {
                        self.one_of_many(document, revision, Some(folder), &mut each)
                    })?;
                }
            }
        }
        Ok(())
    }

    /// One document, or each of its revisions.
    fn one_of_many(
        &self,
        document: &Document,
        revision: &Revision,
        folder: Option<&DocName>,
        each: &mut impl FnMut(ExportItem<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let is_named = false;
        if !self.all_revisions {
            let (name, scope) = (&document.name, Some(folder));
            return each(ExportItem { name, document, revision, is_named, scope });
        }
        for (name, revision) in each_revision(self.archive, document, self.as_of)? {
            let (name, revision, scope) = (&name, &revision, None);
            each(ExportItem { name, document, revision, is_named, scope })?;
        }
        Ok(())
    }
}

impl ExportItem<'_> {
    /// Whether it was withdrawn, and nobody asked for it by its name.
    pub fn is_withdrawn(&self) -> bool {
        !self.is_named && self.revision.withdrawn.is_some()
    }

    /// The document that stands in its way and came later.
    pub fn successor(&self, contest: &mut PathContest<'_>) -> Result<Option<DocName>, Error> {
        self.scope.map_or(Ok(None), |scope| contest.successor(self.document, scope))
    }
}

/// A document's revisions captured by then, each under a name of its own.
fn each_revision(
    archive: &Archive,
    document: &Document,
    as_of: AsOf,
) -> Result<Vec<(DocName, Revision)>, Error> {
    let is_due = |revision: &Revision| match as_of {
        AsOf::At(time) => revision.captured <= time,
        AsOf::Now | AsOf::Ever => true,
    };
    let revisions = archive.revisions(document)?.into_iter().filter(is_due);
    let named = |revision: Revision| {
        let suffix = format!("@{}", revision.number);
        let name = DocName::new([document.name.as_bytes(), suffix.as_bytes()].concat());
        Ok((name.map_err(Error::usage)?, revision))
    };
    revisions.map(named).collect()
}
