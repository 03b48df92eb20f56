//! What copies do about withdrawals: they carry them, and can be asked whether they hold what went.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use crate::{
    archive::Archive,
    backend::{Backend, Storage, local::DatabaseFiles},
    catalog::{self, Catalog},
    journal::{Journal, Withdrawals},
    store::pack,
    types::{digest::Key, document::Revision, error::Error, pack_id::PackId},
};

use super::search::Remnant;

impl Archive {
    /// What this archive's events withdrew; nothing is read where the catalog knows of none.
    pub(super) fn withdrawals(&self) -> Result<Withdrawals, Error> {
        match self.catalog.has_withdrawals()? {
            true => self.journal.withdrawals(0..self.journal.size()),
            false => Ok(Withdrawals::default()),
        }
    }

    /// Erases in a copy, whose commits are in, the details that are withdrawn; how many objects it swapped.
    pub(super) fn erase_in_copy(
        &self,
        to: &Arc<dyn Backend>,
        withdrawals: &Withdrawals,
    ) -> Result<u64, Error> {
        if withdrawals.details.is_empty() {
            return Ok(0);
        }
        let theirs = Journal::open(Arc::clone(to))?;
        let left: BTreeSet<u64> =
            theirs.details_left(withdrawals.details.keys())?.into_keys().collect();
        Ok(theirs.erase_details(&left)?.len() as u64)
    }

    /// Puts this archive's catalog in the place of a copy's that was made before something was withdrawn, and leaves
    /// nothing of that one in its file.
    ///
    /// Where another process reads it nothing is done: whoever opens it next makes it anew.
    pub(super) fn replace_catalog(&self, files: &DatabaseFiles) -> Result<(), Error> {
        files.remove_kept()?;
        if !files.exists() {
            return Ok(());
        }
        match self.catalog.copy_over(files.path()) {
            Err(Error::Busy { .. }) => Ok(()),
            // One that is torn is worth nothing.
            Err(Error::Catalog { .. }) => files.remove(),
            replaced => replaced,
        }
    }

    /// Whether a copy still holds what was withdrawn here, and where. Nothing is written.
    ///
    /// `catalog` is the folder of the copy's catalog. `OtherHistory` cannot be said here: only that it is
    /// another archive is refused.
    pub fn withdrawn_in_copy(
        &self,
        to: Arc<dyn Storage>,
        catalog: Option<&Path>,
    ) -> Result<Vec<Remnant>, Error> {
        let backend: Arc<dyn Backend> = to;
        let theirs = Journal::open(Arc::clone(&backend))?;
        let (ours, other) = (self.journal.identity(), theirs.identity());
        if !ours.goes_on_from(other) && !other.goes_on_from(ours) {
            let (location, origin) = (backend.location(), theirs.identity().origin());
            return Err(Error::usage(format!(
                "{location} is no copy of this archive: it is {origin}"
            )));
        }
        let mut found = self.blobs_in_copy(&*backend)?;
        found.extend(self.strays_in_copy(&*backend)?);
        let withdrawals = self.withdrawals()?;
        for event in theirs.details_left(withdrawals.details.keys())?.into_keys() {
            let (place, what) =
                (theirs.details_object_of(event)?, format!("the words of event {event}"));
            found.push(Remnant::at(&place, &what));
        }
        if let (Some(folder), Some(by)) = (catalog, withdrawals.last()) {
            found.extend(older_catalogs(folder, &theirs, by)?);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The packs of a copy, whether they count there or not, that list what was withdrawn.
    fn blobs_in_copy(&self, to: &dyn Backend) -> Result<Vec<Remnant>, Error> {
        let withdrawn = self.catalog.withdrawn_revisions()?;
        let kept = |key: Key| self.catalog.is_live(key);
        let mut found = Vec::new();
        if withdrawn.is_empty() {
            return Ok(found);
        }
        for object in to.list("packs")? {
            let Some(pack) = PackId::of_object(&object.name) else { continue };
            let listed = pack::directory(to, &pack)?;
            let keys: BTreeSet<Key> = listed.into_iter().flat_map(|frame| frame.keys).collect();
            let is_held = |it: &Revision| it.withdrawn.is_some() && keys.contains(&it.digest.key());
            for (document, revision) in withdrawn.iter().filter(|(_, it)| is_held(it)) {
                if !kept(revision.digest.key())? {
                    let name = document.name.text();
                    let what = format!("the content of {name}@{}", revision.number);
                    found.push(Remnant::at(&object.name, &what));
                }
            }
        }
        Ok(found)
    }
}

/// The catalog of a copy, where it was made before the last withdrawal, and copies that are kept of older ones.
fn older_catalogs(folder: &Path, theirs: &Journal, by: u64) -> Result<Vec<Remnant>, Error> {
    let mut found = Vec::new();
    let files = DatabaseFiles::examine(folder, catalog::FILE)?;
    let remnant = |place: &str| {
        let what = format!("a catalog from before event {by}, which withdrew something");
        Remnant::at(place, &what)
    };
    found.extend(files.kept_names()?.iter().map(|name| remnant(name)));
    // A log beside it is passed over, so that nothing is written: then it may be newer than it looks.
    if files.exists()
        && let Ok(reflected) =
            Catalog::open_read_only(files.path(), false).and_then(|it| it.reflects())
        && theirs.head_of(reflected.as_bytes()).is_none_or(|head| head.size <= by)
    {
        found.push(remnant(catalog::FILE));
    }
    Ok(found)
}
