//! Exporting: which of two documents stands at a path that cannot be both a file and a folder.

use std::collections::HashMap;

use crate::types::{
    document::{Document, Revision},
    error::Error,
    name::DocName,
};

use super::{
    Archive,
    presence::{AsOf, NamesThen},
};

/// Names that are both a document's and a folder's, as when a file became a folder: whichever was captured
/// later stands at the path, the document or what is in the folder.
pub struct PathContest<'a> {
    archive: &'a Archive,
    as_of: AsOf,
    names: NamesThen,
    /// Of each document with others below it: the one of them that came later, if one did.
    decided: HashMap<DocName, Option<DocName>>,
    /// A folder of which no document has the name, nor that of a folder around it.
    clear: Option<Vec<u8>>,
}

impl<'a> PathContest<'a> {
    /// Between documents as they were then.
    pub fn new(archive: &'a Archive, as_of: AsOf) -> Result<Self, Error> {
        let names = archive.names_then(as_of)?;
        Ok(Self { archive, as_of, names, decided: HashMap::new(), clear: None })
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
        for above in document.name.folders() {
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
        let Some(document) = self.archive.document_then(name, &self.names)? else {
            return Ok(None);
        };
        let Some(own) = self.archive.revision_then(&document, self.as_of)? else { return Ok(None) };
        let mut latest = (own.captured, own.event);
        let (mut later, mut has_below) = (None, false);
        let each = &mut |below: &Document, revision: &Revision| {
            has_below = true;
            if (revision.captured, revision.event) > latest {
                latest = (revision.captured, revision.event);
                later = Some(below.name.clone());
            }
            Ok(true)
        };
        self.archive.each_while((Some(name), self.as_of), &self.names, each)?;
        if !has_below {
            return Ok(None);
        }
        self.decided.insert(name.clone(), later.clone());
        Ok(Some(later))
    }
}
