//! The old catalog, kept where it has the last copy of what was in details that are lost.

use std::collections::BTreeMap;

use tracing::warn;

use crate::{
    backend::{Backend, local::DatabaseFiles},
    catalog::Catalog,
    journal::{Entry, Journal},
    types::{
        document::{Document, Revision},
        error::Error,
    },
};

/// Whether the detail that an event means is not there, and no event withdrew it.
pub fn is_lost(entry: &Entry, withdrawn: &BTreeMap<u64, u64>) -> bool {
    let is_gone = entry.event.detail().is_some() && entry.detail.is_none();
    is_gone && !withdrawn.contains_key(&entry.index)
}

/// Keeps a copy of the catalog in these files before it is made anew, if that would lose words.
///
/// `Damaged` where something lies in the way of details, which are then not lost.
pub fn old_catalog(
    backend: &dyn Backend,
    journal: &Journal,
    files: &DatabaseFiles,
) -> Result<(), Error> {
    if !files.exists() {
        return Ok(());
    }
    let lost = lost_details(journal);
    if lost.is_empty() {
        return Ok(());
    }
    backend.list("details")?;
    let kept = match Catalog::open(files.path()) {
        Ok(catalog) if !has_words(&catalog, &lost) => return Ok(()),
        Ok(catalog) => {
            let kept = files.free_path()?;
            catalog.copy_to(&kept)?;
            kept
        }
        // What cannot be opened here may be to somebody who looks closer.
        Err(_) => files.keep_copy()?,
    };
    warn!(
        target: "catalog",
        "the old catalog has the last copy of {} details that are damaged or missing; it is kept: {}",
        lost.len(),
        kept.display()
    );
    Ok(())
}

/// Whether a catalog has words that one made anew would not have.
pub fn has_last_words(journal: &Journal, catalog: &Catalog) -> bool {
    let lost = lost_details(journal);
    !lost.is_empty() && has_words(catalog, &lost)
}

/// The events whose details are lost; none where an event cannot be read, which whoever fills the new catalog says.
fn lost_details(journal: &Journal) -> Vec<u64> {
    // What is withdrawn is not kept.
    let withdrawn = journal.readable_withdrawals().details;
    let mut lost = Vec::new();
    for entry in journal.entries_under_root(0) {
        let Ok(entry) = entry else { return Vec::new() };
        if is_lost(&entry, &withdrawn) {
            lost.push(entry.index);
        }
    }
    lost
}

/// Whether the catalog has anything that only the detail of one of these events can have told it.
fn has_words(catalog: &Catalog, lost: &[u64]) -> bool {
    let is_told = |(document, revision): (Document, Revision)| {
        let is_named = document.name.as_bytes() != document.id.to_string().as_bytes();
        let words = [revision.source, revision.note, revision.author, revision.encoding];
        (revision.number == 1 && is_named)
            || words.iter().any(Option::is_some)
            || revision.mtime.is_some()
            || revision.captured != revision.at
    };
    lost.iter().any(|event| catalog.revision_of_event(*event).ok().flatten().is_some_and(is_told))
}
