//! What an export is of, file by file: the same for files, manifests and bags.

use serde::Serialize;

use crate::{
    archive::{
        Archive,
        export::{ExportPaths, OtherPath},
        find::Selection,
        presence::AsOf,
    },
    cli::{
        print::{
            json::{b64_unless_utf8, name_b64, typed},
            terminal::{Progress, shown_name},
        },
        session::Session,
        short_parts::shortened,
    },
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
    /// Other documents and it may both have a right to the path: its name is no name of a revision.
    is_contested: bool,
}

/// Where an item goes.
pub struct ItemPlace {
    pub path: DocName,
    /// Why it is not where its name says, where that is so.
    pub why: Option<String>,
}

/// What became of a document.
#[derive(Serialize)]
pub struct ExportedLine {
    status: &'static str,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    reason: Option<String>,
}

/// A document that is written under another name than its own.
#[derive(Serialize)]
struct ElsewhereLine<'a> {
    name: String,
    name_b64: Option<String>,
    revision: u64,
    path: String,
    path_b64: Option<String>,
    reason: &'a str,
}

/// Why what is too long is cut.
pub const TOO_LONG: &str = "one part of a path has at most 255 bytes";

impl Chosen<'_> {
    /// Calls `each` with everything that was chosen, in order.
    pub fn each(
        &self,
        mut each: impl FnMut(ExportItem<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (archive, as_of) = (self.archive, self.as_of);
        if self.selections.is_empty() {
            return archive.each_document(as_of, |document, revision| {
                self.one_of_many(document, revision, &mut each)
            });
        }
        for selection in &self.selections {
            match selection {
                Selection::Revision(found, false) if self.all_revisions => {
                    self.one_of_many(&found.0, &found.1, &mut each)?;
                }
                Selection::Revision(found, _) => {
                    let (document, revision) = &**found;
                    let name = &document.name;
                    let is_contested = !self.all_revisions;
                    each(ExportItem { name, document, revision, is_named: true, is_contested })?;
                }
                Selection::Folder(folder) => {
                    archive.each_document_in(Some(folder), as_of, |document, revision| {
                        self.one_of_many(document, revision, &mut each)
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
        each: &mut impl FnMut(ExportItem<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let is_named = false;
        if !self.all_revisions {
            let (name, is_contested) = (&document.name, true);
            return each(ExportItem { name, document, revision, is_named, is_contested });
        }
        for (name, revision) in each_revision(self.archive, document, self.as_of)? {
            let (name, revision, is_contested) = (&name, &revision, false);
            each(ExportItem { name, document, revision, is_named, is_contested })?;
        }
        Ok(())
    }
}

impl ExportItem<'_> {
    /// Whether it was withdrawn, and is left out. Who asked for it by its name is refused.
    pub fn is_withdrawn(&self, archive: &Archive) -> Result<bool, Error> {
        if self.is_named {
            archive.expect_kept(self.document, self.revision)?;
        }
        Ok(self.revision.withdrawn.is_some())
    }

    /// Where it goes: beside what stands in its way, and no part of the path too long.
    pub fn place(&self, places: &mut ExportPaths<'_>) -> Result<ItemPlace, Error> {
        let place = match self.is_contested {
            true => places.of(self.document)?,
            false => places.of_revision(self.name)?,
        };
        let (mut path, mut why) = match place {
            Some(OtherPath { path, holder }) => {
                (path, vec![format!("{} has the path", shown_name(holder.as_bytes()))])
            }
            None => (self.name.clone(), Vec::new()),
        };
        if let Some(short) = shortened(path.as_bytes()) {
            path = DocName::new(short).map_err(Error::usage)?;
            why.push(TOO_LONG.to_owned());
        }
        Ok(ItemPlace { path, why: (!why.is_empty()).then(|| why.join(", and ")) })
    }

    /// Says that it is written under another name.
    pub fn say_elsewhere(
        &self,
        session: &mut Session,
        progress: Option<&Progress>,
        (path, reason): (&[u8], &str),
    ) -> Result<(), Error> {
        if session.globals.json {
            let line = ElsewhereLine {
                name: self.document.name.text().into_owned(),
                name_b64: name_b64(&self.document.name),
                revision: self.revision.number,
                path: String::from_utf8_lossy(path).into_owned(),
                path_b64: b64_unless_utf8(path),
                reason,
            };
            return session.out.json(&typed("elsewhere", line));
        }
        let (name, path) = (shown_name(self.name.as_bytes()), shown_name(path));
        let line = format!("{name} is written as {path}: {reason}");
        match progress {
            Some(progress) if !session.globals.quiet => progress.print(&line),
            Some(_) => {}
            None => session.info(&line),
        }
        Ok(())
    }
}

impl ExportedLine {
    /// With why it is not written, if it is not.
    pub fn of(
        document: &Document,
        revision: &Revision,
        (status, reason): (&'static str, Option<String>),
    ) -> Self {
        Self {
            status,
            name: document.name.text().into_owned(),
            name_b64: name_b64(&document.name),
            revision: revision.number,
            reason,
        }
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
