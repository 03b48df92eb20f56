//! The old catalog, kept where it has the last copy of what was in details that are lost.

use std::path::{Path, PathBuf};

use tracing::warn;

use crate::{
    backend::local,
    catalog::{self, Catalog},
    journal::{Entry, Journal},
    types::{
        document::{Document, Revision},
        error::Error,
    },
};

/// Whether the detail that an event means is not there.
pub fn is_lost(entry: &Entry) -> bool {
    entry.event.detail().is_some() && entry.detail.is_none()
}

/// Keeps a copy of the catalog in the file `path` before it is made anew, if that would lose words.
pub fn old_catalog(journal: &Journal, path: &Path) -> Result<(), Error> {
    let mut lost = Vec::new();
    for entry in journal.entries(0..journal.size()) {
        // That an event cannot be read is for whoever fills the new catalog to say.
        let Ok(entry) = entry else { return Ok(()) };
        if is_lost(&entry) {
            lost.push(entry.index);
        }
    }
    if lost.is_empty() || !local::exists(path)? {
        return Ok(());
    }
    let kept = match Catalog::open(path) {
        Ok(catalog) if !has_words(&catalog, &lost) => return Ok(()),
        Ok(catalog) => {
            let kept = free_name(path)?;
            catalog.copy_to(&kept)?;
            kept
        }
        // What cannot be opened here may be to somebody who looks closer.
        Err(_) => {
            let kept = free_name(path)?;
            for end in ["", "-wal"] {
                local::copy_file(&with_end(path, end), &with_end(&kept, end))?;
            }
            kept
        }
    };
    warn!(
        target: "catalog",
        "the old catalog has the last copy of {} details that are damaged or missing; it is kept: {}",
        lost.len(),
        kept.display()
    );
    Ok(())
}

/// Whether the catalog has anything that only the detail of one of these events can have told it.
fn has_words(catalog: &Catalog, lost: &[u64]) -> bool {
    let is_told = |(document, revision): (Document, Revision)| {
        let is_named = document.name.as_bytes() != document.id.to_string().as_bytes();
        let words = [revision.source, revision.note, revision.author];
        (revision.number == 1 && is_named)
            || words.iter().any(Option::is_some)
            || revision.mtime.is_some()
            || revision.captured != revision.at
    };
    lost.iter().any(|event| catalog.revision_of_event(*event).ok().flatten().is_some_and(is_told))
}

/// `catalog.sqlite.before-1` or, where there is one, the next that is free.
fn free_name(path: &Path) -> Result<PathBuf, Error> {
    let mut n = 1_u64;
    loop {
        let name = path.with_file_name(format!("{}.before-{n}", catalog::FILE));
        if !local::exists(&name)? {
            return Ok(name);
        }
        n += 1;
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut whole = path.as_os_str().to_owned();
    whole.push(end);
    whole.into()
}
