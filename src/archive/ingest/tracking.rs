//! Tracking: what is no longer in a folder is recorded as gone, or as renamed where its bytes are found there under
//! a name that is new.

use std::collections::{HashMap, HashSet};

use crate::{
    archive::{Archive, presence::AsOf},
    types::{digest::Digest, document::Document, error::Error, name::DocName},
};

/// What was found in the folders that are tracked.
#[derive(Debug, Clone, Default)]
pub struct Tracking {
    /// The names of the folders; none stands for all documents.
    pub folders: Vec<Option<DocName>>,
    /// The documents that were found there.
    pub found: HashSet<DocName>,
    /// Documents and folders that were left out or could not be read: nothing is said of them.
    pub aside: Vec<DocName>,
}

/// Documents that are in the archive and were not found where they were.
#[derive(Debug, Default)]
pub(in crate::archive) struct Missing {
    /// Those that may be found under another name.
    by_content: HashMap<Digest, Vec<DocName>>,
    /// Those without bytes to know them by: they are empty, or withdrawn.
    others: Vec<DocName>,
}

impl Tracking {
    /// Whether a document that was not found is known to be gone.
    fn is_missing(&self, name: &DocName) -> bool {
        let is_tracked = |folder: &Option<DocName>| match folder {
            Some(folder) => name.is_under(folder),
            None => true,
        };
        self.folders.iter().any(is_tracked)
            && !self.found.contains(name)
            && !self.aside.iter().any(|aside| name == aside || name.is_under(aside))
    }
}

impl Archive {
    /// How many documents of a folder would be recorded as gone, were nothing found there.
    pub fn n_gone_if_emptied(
        &self,
        folder: Option<&DocName>,
        aside: &[DocName],
    ) -> Result<u64, Error> {
        let mut n_gone = 0;
        self.each_document_in(folder, AsOf::Now, |document, _| {
            let is_aside = aside.iter().any(|aside| document.name.is_under(aside));
            n_gone += u64::from(!is_aside);
            Ok(())
        })?;
        Ok(n_gone)
    }
}

impl Missing {
    /// The document that goes on under a new name, which has its content: of several the one whose name has most of
    /// its end in common with the new one, then the first.
    pub(super) fn take(&mut self, content: &Digest, name: &DocName) -> Option<DocName> {
        let names = self.by_content.get_mut(content)?;
        let n_common =
            |other: &DocName| parts(other).zip(parts(name)).take_while(|(a, b)| a == b).count();
        let best = names.iter().enumerate().rev().max_by_key(|(_, other)| n_common(other))?.0;
        Some(names.remove(best))
    }

    /// The documents that remain, in order of name.
    pub(super) fn into_names(self) -> Vec<DocName> {
        let mut names = self.others;
        names.extend(self.by_content.into_values().flatten());
        names.sort_unstable();
        names
    }
}

/// The parts of a name, last first.
fn parts(name: &DocName) -> impl Iterator<Item = &[u8]> {
    name.as_bytes().rsplit(|b| *b == b'/')
}

impl Archive {
    /// The documents in tracked folders that were not found there, and are not known to be gone.
    pub(super) fn missing(&self, tracking: &Tracking) -> Result<Missing, Error> {
        let mut missing = Missing::default();
        let mut each = |document: &Document| -> Result<(), Error> {
            if document.gone.is_some() || !tracking.is_missing(&document.name) {
                return Ok(());
            }
            let Some(latest) = self.catalog.latest(&document.name)? else { return Ok(()) };
            let is_known_by_bytes = !latest.is_withdrawn && latest.digest != Digest::of(b"");
            let names = match is_known_by_bytes {
                true => missing.by_content.entry(latest.digest).or_default(),
                false => &mut missing.others,
            };
            names.push(document.name.clone());
            Ok(())
        };
        let mut folders: Vec<Option<&DocName>> =
            tracking.folders.iter().map(Option::as_ref).collect();
        if folders.contains(&None) {
            folders = vec![None];
        }
        folders.sort_unstable();
        folders.dedup_by(|next, kept| match (next, kept) {
            (Some(next), Some(kept)) => next == kept || next.is_under(kept),
            _ => false,
        });
        for folder in folders {
            self.each_known(folder, &mut each)?;
        }
        Ok(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DocName {
        DocName::new(text).unwrap()
    }

    #[test]
    fn the_document_whose_name_ends_alike_goes_on() {
        let names = ["old/a/x.txt", "old/b/y.txt", "old/c/x.txt"];
        let content = Digest::of(b"same");
        let missing = || Missing {
            by_content: [(content, names.map(name).to_vec())].into(),
            others: Vec::new(),
        };
        for (new, taken) in [
            ("new/c/x.txt", "old/c/x.txt"),
            ("new/b/y.txt", "old/b/y.txt"),
            ("x.txt", "old/a/x.txt"),
            ("z.txt", "old/a/x.txt"),
        ] {
            assert_eq!(missing().take(&content, &name(new)), Some(name(taken)), "{new}");
        }
        assert_eq!(missing().take(&Digest::of(b"other"), &name("x.txt")), None);
    }

    #[test]
    fn what_is_set_aside_or_lies_elsewhere_is_not_missing() {
        let tracking = Tracking {
            folders: vec![Some(name("docs"))],
            found: [name("docs/a")].into(),
            aside: vec![name("docs/private"), name("docs/b")],
        };
        for (there, is_missing) in [
            ("docs/a", false),
            ("docs/b", false),
            ("docs/b.txt", true),
            ("docs/private/x", false),
            ("docs/c/d", true),
            ("docs", true),
            ("docs2/x", false),
        ] {
            assert_eq!(tracking.is_missing(&name(there)), is_missing, "{there}");
        }
        let all = Tracking { folders: vec![None], ..Tracking::default() };
        assert!(all.is_missing(&name("anything")));
    }
}
