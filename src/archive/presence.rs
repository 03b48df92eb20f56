//! Presence: which documents were there at a time, under which names, and with which revision.

use std::collections::{BTreeMap, HashSet};

use crate::{
    catalog::Rename,
    types::{
        digest::DocId,
        document::{Document, Revision},
        error::Error,
        name::DocName,
        time::Timestamp,
    },
};

use super::Archive;

/// Documents fetched from the catalog at a time.
const STRIDE: usize = 512;

/// As of when documents are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// Those that are there, with their latest revisions.
    Now,
    /// Those that were there then, under their names of then, with the revisions captured last by then.
    At(Timestamp),
    /// All that ever were, with their latest revisions.
    Ever,
}

/// The documents that had other names then.
#[derive(Debug, Default)]
pub struct NamesThen {
    /// By the name of then; of several the last one is that of which something was captured last.
    by_name: BTreeMap<NameOrder, Document>,
    /// All of them.
    ids: HashSet<DocId>,
}

/// A name in the order in which the catalog has names: what is UTF-8 comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct NameOrder(bool, Vec<u8>);

impl NameOrder {
    fn of(name: &DocName) -> Self {
        Self(name.utf8().is_none(), name.as_bytes().to_vec())
    }
}

/// Documents by their names.
#[derive(Clone, Copy)]
pub struct NameScope<'a> {
    /// They lie below this one; without it anywhere.
    pub folder: Option<&'a DocName>,
    /// And these fit.
    pub fits: &'a dyn Fn(&DocName) -> bool,
}

impl<'a> NameScope<'a> {
    /// All below a name, or all.
    fn below(folder: Option<&'a DocName>) -> Self {
        Self { folder, fits: &|_| true }
    }
}

impl From<Option<Timestamp>> for AsOf {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Now, Self::At)
    }
}

impl NamesThen {
    /// The document that had this name then and has another one now.
    fn named(&self, name: &DocName) -> Option<&Document> {
        self.by_name.get(&NameOrder::of(name))
    }
}

impl Archive {
    /// Calls `each` with every document that is meant and its revision, in order of name.
    pub fn each_document(
        &self,
        as_of: AsOf,
        each: impl FnMut(&Document, &Revision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each_document_in(None, as_of, each)
    }

    /// The same for the documents below a name alone.
    pub fn each_document_in(
        &self,
        folder: Option<&DocName>,
        as_of: AsOf,
        each: impl FnMut(&Document, &Revision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each_document_fitting(NameScope::below(folder), as_of, each)
    }

    /// The same for those whose names fit.
    pub fn each_document_fitting(
        &self,
        scope: NameScope<'_>,
        as_of: AsOf,
        each: impl FnMut(&Document, &Revision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each_of_all((scope, as_of), &self.names_then(as_of)?, each)
    }

    /// The same for some documents, however they are called then.
    pub fn each_of_these(
        &self,
        documents: &[Document],
        as_of: AsOf,
        mut each: impl FnMut(&Document, &Revision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let names = self.names_then(as_of)?;
        let ids: HashSet<DocId> = documents.iter().map(|document| document.id).collect();
        let of_now = documents.iter().filter(|document| !names.ids.contains(&document.id));
        let of_then = names.by_name.values().filter(|document| ids.contains(&document.id));
        let mut meant: Vec<&Document> = of_now.chain(of_then).collect();
        meant.sort_unstable_by_key(|document| NameOrder::of(&document.name));
        for document in meant {
            if let Some((document, revision)) = self.named_then(&document.name, &names, as_of)?
                && ids.contains(&document.id)
            {
                each(&document, &revision)?;
            }
        }
        Ok(())
    }

    /// The same for the document of a name, and then those below it.
    pub fn each_document_at(
        &self,
        name: &DocName,
        as_of: AsOf,
        mut each: impl FnMut(&Document, &Revision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let names = self.names_then(as_of)?;
        if let Some((document, revision)) = self.named_then(name, &names, as_of)? {
            each(&document, &revision)?;
        }
        self.each_of_all((NameScope::below(Some(name)), as_of), &names, each)
    }

    /// The document that had this name, with its revision. Of two that claim it that one counts of which something
    /// was captured last.
    fn named_then(
        &self,
        name: &DocName,
        names: &NamesThen,
        as_of: AsOf,
    ) -> Result<Option<(Document, Revision)>, Error> {
        let now = self.catalog.document_named(name)?.filter(|it| !names.ids.contains(&it.id));
        let mut found = Vec::new();
        for document in now.into_iter().chain(names.named(name).cloned()) {
            let revision = self.revision_then(&document, as_of)?;
            found.extend(revision.map(|revision| (document, revision)));
        }
        Ok(found.into_iter().max_by_key(|(_, revision)| (revision.captured, revision.event)))
    }

    fn each_of_all(
        &self,
        meant: (NameScope<'_>, AsOf),
        names: &NamesThen,
        mut each: impl FnMut(&Document, &Revision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let each = &mut |document: &Document, revision: &Revision| {
            each(document, revision)?;
            Ok(true)
        };
        self.each_fitting_while(meant, names, each).map(drop)
    }

    /// Whether there is one below a name, or one at all.
    pub fn has_document_in(&self, folder: Option<&DocName>, as_of: AsOf) -> Result<bool, Error> {
        Ok(!self.each_while((folder, as_of), &self.names_then(as_of)?, &mut |_, _| Ok(false))?)
    }

    /// All revisions of a document, latest first.
    pub fn revisions(&self, document: &Document) -> Result<Vec<Revision>, Error> {
        self.catalog.revisions(document)
    }

    /// The revision that a document had; none if it was not there.
    pub fn revision_then(
        &self,
        document: &Document,
        as_of: AsOf,
    ) -> Result<Option<Revision>, Error> {
        match as_of {
            AsOf::Now if document.gone.is_some() => Ok(None),
            AsOf::Now | AsOf::Ever => {
                let found = self.catalog.revision_of_event(document.latest)?;
                let (_, revision) = found.ok_or_else(|| lacks_revision(document))?;
                Ok(Some(revision))
            }
            AsOf::At(timestamp) => {
                let (revision, is_gone) = self.last_found(document, timestamp)?;
                Ok(revision.filter(|_| !is_gone))
            }
        }
    }

    /// The revision of a document that was captured last by then, or seen again, and whether the document was
    /// gone after that.
    pub(super) fn last_found(
        &self,
        document: &Document,
        timestamp: Timestamp,
    ) -> Result<(Option<Revision>, bool), Error> {
        let revision = self.catalog.revision_as_of(document, timestamp)?;
        let Some(presence) = self.catalog.presence_as_of(document, timestamp)? else {
            return Ok((revision, false));
        };
        let found = revision.as_ref().map(|revision| (revision.captured, revision.event));
        if found > Some((presence.since, presence.event)) {
            return Ok((revision, false));
        }
        if presence.is_gone {
            return Ok((revision, true));
        }
        let seen = self.catalog.revision_of_event(presence.revision)?;
        Ok((seen.map(|(_, revision)| revision).or(revision), false))
    }

    /// The documents that had other names then.
    pub(super) fn names_then(&self, as_of: AsOf) -> Result<NamesThen, Error> {
        let mut names = NamesThen::default();
        let AsOf::At(timestamp) = as_of else { return Ok(names) };
        if !self.catalog.has_document_events()? {
            return Ok(names);
        }
        let mut since = BTreeMap::new();
        for (document, renames) in self.catalog.renames()? {
            let Some(name) = name_then(&renames, timestamp).filter(|it| **it != document.name)
            else {
                continue;
            };
            names.ids.insert(document.id);
            let document = Document { name: name.clone(), ..document };
            let Some(revision) = self.revision_then(&document, as_of)? else { continue };
            let key = NameOrder::of(&document.name);
            let found = (revision.captured, revision.event);
            if since.get(&key).is_none_or(|other| *other < found) {
                since.insert(key.clone(), found);
                names.by_name.insert(key, document);
            }
        }
        Ok(names)
    }

    /// The document that had this name then.
    pub(super) fn document_then(
        &self,
        name: &DocName,
        names: &NamesThen,
    ) -> Result<Option<Document>, Error> {
        if let Some(document) = names.named(name) {
            return Ok(Some(document.clone()));
        }
        let document = self.catalog.document_named(name)?;
        Ok(document.filter(|document| !names.ids.contains(&document.id)))
    }

    /// Calls `each` with every document below a name and the one that has that name, gone or not; without a name
    /// with all.
    pub(super) fn each_known(
        &self,
        folder: Option<&DocName>,
        each: &mut dyn FnMut(&Document) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let own = folder.map(|folder| self.catalog.document_named(folder)).transpose()?.flatten();
        own.iter().try_for_each(&mut *each)?;
        let mut after: Option<Document> = None;
        loop {
            let documents = self.page(folder, after.as_ref())?;
            documents.iter().try_for_each(&mut *each)?;
            match documents.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// Calls `each` in order of name for as long as it says so; whether it did to the end. `names` are those of then.
    pub(super) fn each_while(
        &self,
        (folder, as_of): (Option<&DocName>, AsOf),
        names: &NamesThen,
        each: &mut dyn FnMut(&Document, &Revision) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        self.each_fitting_while((NameScope::below(folder), as_of), names, each)
    }

    fn each_fitting_while(
        &self,
        (scope, as_of): (NameScope<'_>, AsOf),
        names: &NamesThen,
        each: &mut dyn FnMut(&Document, &Revision) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let NameScope { folder, fits } = scope;
        let is_below = |name: &DocName| match folder {
            Some(folder) => name.is_under(folder) && name != folder,
            None => true,
        };
        let is_meant = |document: &Document| is_below(&document.name) && fits(&document.name);
        let below = names.by_name.iter().filter(|(_, document)| is_meant(document));
        let mut others = below.peekable();
        let mut after: Option<Document> = None;
        loop {
            let documents = self.page(folder, after.as_ref())?;
            for document in &documents {
                if names.ids.contains(&document.id) || !fits(&document.name) {
                    continue;
                }
                let found = self.revision_then(document, as_of)?;
                let key = NameOrder::of(&document.name);
                let mut is_displaced = false;
                while let Some((name, other)) = others.next_if(|(name, _)| **name <= key) {
                    let then = self.revision_then(other, as_of)?;
                    let order =
                        |it: &Option<Revision>| it.as_ref().map(|it| (it.captured, it.event));
                    // Of two that claim one name that counts of which something was captured last.
                    if *name == key && order(&then) < order(&found) {
                        continue;
                    }
                    is_displaced |= *name == key;
                    if let Some(revision) = then
                        && !each(other, &revision)?
                    {
                        return Ok(false);
                    }
                }
                if let Some(revision) = found.filter(|_| !is_displaced)
                    && !each(document, &revision)?
                {
                    return Ok(false);
                }
            }
            match documents.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        for (_, other) in others {
            if let Some(revision) = self.revision_then(other, as_of)?
                && !each(other, &revision)?
            {
                return Ok(false);
            }
        }
        Ok(true)
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
}

/// The catalog names a document, and not a revision that it counts.
pub(super) fn lacks_revision(document: &Document) -> Error {
    Error::Catalog { why: format!("a revision of {} is missing", document.name.text()) }
}

/// The name that a document had, which was ever renamed.
fn name_then(renames: &[Rename], timestamp: Timestamp) -> Option<&DocName> {
    let by_then = renames.iter().filter(|rename| rename.since <= timestamp);
    match by_then.max_by_key(|rename| (rename.since, rename.event)) {
        Some(last) => Some(&last.name),
        None => renames.first().map(|first| &first.before),
    }
}
