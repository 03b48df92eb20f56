//! Exporting: where documents go whose names cannot be paths beside one another, as a path is a file or a folder.

use std::collections::HashMap;

use crate::types::{
    document::{Document, Revision},
    error::Error,
    name::DocName,
};

use super::{
    Archive,
    find::Selection,
    presence::{AsOf, NamesThen},
};

/// The type of a document that keeps its name whatever came later: what lies below it was attached to it.
const MAIL: &str = "message/rfc822";

/// Where documents of an export go.
///
/// Of a document and those below its name, whatever was captured later has the path. A mail always has it, and so
/// has a document that was recorded together with what lies below it. The loser is written beside.
pub struct ExportPaths<'a> {
    archive: &'a Archive,
    as_of: AsOf,
    names: NamesThen,
    /// What is exported; nothing is everything.
    selections: &'a [Selection],
    /// Of each document with others below it.
    decided: HashMap<DocName, Holder>,
    /// The folder that was looked at last, and where what is in it goes.
    folder: Option<(Vec<u8>, Option<FolderPlace>)>,
}

/// Another place than a document's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherPath {
    /// The path there.
    pub path: DocName,
    /// The document that has the path of its name.
    pub holder: DocName,
}

/// Who has a path that is a document's name and a folder's.
#[derive(Debug, Clone)]
enum Holder {
    /// The document; what is below goes into a folder called so.
    Document { folder: Vec<u8> },
    /// What is below, of which this came last; the document becomes a file called so.
    Folder { latest: DocName, file: Vec<u8> },
}

#[derive(Debug, Clone)]
struct FolderPlace {
    path: Vec<u8>,
    holder: DocName,
}

impl<'a> ExportPaths<'a> {
    /// Of these documents as they were then.
    pub fn new(
        archive: &'a Archive,
        as_of: AsOf,
        selections: &'a [Selection],
    ) -> Result<Self, Error> {
        let names = archive.names_then(as_of)?;
        Ok(Self { archive, as_of, names, selections, decided: HashMap::new(), folder: None })
    }

    /// Where a document goes, if it is not where its name says.
    pub fn of(&mut self, document: &Document) -> Result<Option<OtherPath>, Error> {
        let name = &document.name;
        let (mut tail, mut holder) = (name.tail().to_vec(), None);
        if let Some(Holder::Folder { latest, file }) = self.holder(name)? {
            (tail, holder) = (file, Some(latest));
        }
        let folder = self.folder_of(name)?;
        let Some(holder) = holder.or_else(|| folder.as_ref().map(|it| it.holder.clone())) else {
            return Ok(None);
        };
        let own = &name.as_bytes()[..name.as_bytes().len() - name.tail().len()];
        let folder = folder.map_or_else(|| own.to_vec(), |it| [&it.path[..], b"/"].concat());
        // One that is too long to be a name stays where it is, and is found to be in the way there.
        let path = DocName::new([folder, tail].concat());
        Ok(path.ok().map(|path| OtherPath { path, holder }))
    }

    /// Where a revision goes that is written under a name of its own, if it is not there: such a name is no
    /// document's, and what is below it keeps it as a folder.
    pub fn of_revision(&self, path: &DocName) -> Result<Option<OtherPath>, Error> {
        let mut holder = None;
        let each = &mut |below: &Document, _: &Revision| {
            holder = self.is_chosen(&below.name).then(|| below.name.clone());
            Ok(holder.is_none())
        };
        self.archive.each_while((Some(path), self.as_of), &self.names, each)?;
        let Some(holder) = holder else { return Ok(None) };
        let tail = self.free_beside(path, ("", "."))?;
        let own = &path.as_bytes()[..path.as_bytes().len() - path.tail().len()];
        let path = DocName::new([own, &tail].concat());
        Ok(path.ok().map(|path| OtherPath { path, holder }))
    }

    /// Where the folder of this name goes, if not where it says.
    fn folder_of(&mut self, name: &DocName) -> Result<Option<FolderPlace>, Error> {
        let bytes = name.as_bytes();
        let Some(end) = bytes.iter().rposition(|b| *b == b'/') else { return Ok(None) };
        if let Some((_, place)) = self.folder.as_ref().filter(|(it, _)| *it == bytes[..end]) {
            return Ok(place.clone());
        }
        let (mut path, mut holder) = (Vec::new(), None);
        for above in name.folders() {
            if !path.is_empty() {
                path.push(b'/');
            }
            let decided = if self.is_chosen(&above) { self.holder(&above)? } else { None };
            if let Some(Holder::Document { folder }) = decided {
                path.extend(folder);
                holder = Some(above);
            } else {
                path.extend(above.tail());
            }
        }
        let place = holder.map(|holder| FolderPlace { path, holder });
        self.folder = Some((bytes[..end].to_vec(), place.clone()));
        Ok(place)
    }

    /// Who has a document's path if others are below it; none of any other name.
    fn holder(&mut self, name: &DocName) -> Result<Option<Holder>, Error> {
        if let Some(holder) = self.decided.get(name) {
            return Ok(Some(holder.clone()));
        }
        let Some(document) = self.archive.document_then(name, &self.names)? else {
            return Ok(None);
        };
        let own = self.archive.revision_then(&document, self.as_of)?;
        let Some(own) = own.filter(|own| own.withdrawn.is_none()) else { return Ok(None) };
        let Some(latest) = self.latest_below(name, &own)? else { return Ok(None) };
        let holder = match latest.filter(|_| own.media_type != MAIL) {
            Some(latest) => Holder::Folder { latest, file: self.free_beside(name, ("", "."))? },
            None => Holder::Document { folder: self.free_beside(name, (".parts", "-"))? },
        };
        self.decided.insert(name.clone(), holder.clone());
        Ok(Some(holder))
    }

    /// Of the documents below a name the latest one, if one came later than the one of that name; none if there
    /// are none.
    fn latest_below(
        &self,
        name: &DocName,
        own: &Revision,
    ) -> Result<Option<Option<DocName>>, Error> {
        let mut latest = (own.captured, own.event);
        let (mut later, mut has_below) = (None, false);
        let each = &mut |below: &Document, revision: &Revision| {
            if revision.withdrawn.is_some() || !self.is_chosen(&below.name) {
                return Ok(true);
            }
            has_below = true;
            let is_together = revision.captured == own.captured
                && self.archive.catalog.are_of_one_commit([revision.event, own.event])?;
            if !is_together && (revision.captured, revision.event) > latest {
                latest = (revision.captured, revision.event);
                later = Some(below.name.clone());
            }
            Ok(true)
        };
        self.archive.each_while((Some(name), self.as_of), &self.names, each)?;
        Ok(has_below.then_some(later))
    }

    /// The last part of a name beside this one that is neither a document's nor a folder's.
    fn free_beside(&self, name: &DocName, (word, mark): (&str, &str)) -> Result<Vec<u8>, Error> {
        // No two documents get the same one: `.parts` and `.parts-2` are folders', `.1` is a file's.
        let plain = (!word.is_empty()).then(|| word.to_owned());
        let first = if plain.is_some() { 2 } else { 1 };
        let numbered = (first..u64::MAX).map(|n| format!("{word}{mark}{n}"));
        for ending in plain.into_iter().chain(numbered) {
            let Ok(beside) = DocName::new([name.as_bytes(), ending.as_bytes()].concat()) else {
                break;
            };
            if self.is_free(&beside)? {
                return Ok(beside.tail().to_vec());
            }
        }
        Ok(name.tail().to_vec())
    }

    fn is_free(&self, name: &DocName) -> Result<bool, Error> {
        let none_below = |_: &Document, _: &Revision| Ok(false);
        Ok(self.archive.document_then(name, &self.names)?.is_none()
            && self
                .archive
                .each_while((Some(name), self.as_of), &self.names, &mut { none_below })?)
    }

    fn is_chosen(&self, name: &DocName) -> bool {
        let has = |selection: &Selection| match selection {
            Selection::Revision(found, _) => found.0.name == *name,
            Selection::Folder(folder) => name != folder && name.is_under(folder),
        };
        self.selections.is_empty() || self.selections.iter().any(has)
    }
}
