//! Which packs count, which are there, and which of them are lost.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    backend::Object,
    journal::{Journal, PackChanges},
    types::{error::Error, pack_id::PackId},
};

use super::Archive;

/// Packs with their sizes in bytes.
pub(super) type PackSizes = BTreeMap<PackId, u64>;

/// The packs that are not stored in the size that is known of them.
fn lost(known: &PackSizes, stored: &PackSizes) -> impl Iterator<Item = PackId> {
    let is_lost = move |(pack, n_bytes): &(&PackId, &u64)| stored.get(*pack) != Some(*n_bytes);
    known.iter().filter(is_lost).map(|(pack, _)| *pack)
}

/// Whether there are any.
pub(super) fn are_lost(known: &PackSizes, stored: &PackSizes) -> bool {
    lost(known, stored).next().is_some()
}

impl Archive {
    /// Whether a pack is there that counts, and that the catalog does not know; or the catalog knows one that
    /// does not count. The journal is asked only where the catalog and the storage do not agree.
    pub(super) fn counts_other_packs(
        &self,
        known: &PackSizes,
        stored: &PackSizes,
    ) -> Result<bool, Error> {
        if known.keys().eq(stored.keys()) {
            return Ok(false);
        }
        let counted = self.journal.pack_changes(0..self.journal.size())?.came;
        let is_forgotten = |pack: &PackId| counted.contains(pack) && !known.contains_key(pack);
        Ok(stored.keys().any(is_forgotten) || known.keys().any(|pack| !counted.contains(pack)))
    }

    /// Whether a pack is missing, or has another size than the catalog knows: then stored contents may be
    /// damaged, though nobody has read them.
    pub(super) fn has_lost_packs(&self) -> Result<bool, Error> {
        Ok(are_lost(&self.catalog.packs()?, &self.stored_packs()?))
    }

    /// How many packs count and are missing, or have another size than the catalog knows.
    pub fn n_lost_packs(&self) -> Result<u64, Error> {
        let stored = self.stored_packs()?;
        let mut lost_packs = self.counted_packs(&self.journal)?;
        lost_packs.retain(|pack| !stored.contains_key(pack));
        lost_packs.extend(lost(&self.catalog.packs()?, &stored));
        Ok(lost_packs.len() as u64)
    }

    /// The packs that count. Where a part of the journal cannot be read, all that are there and not
    /// condemned: it may have spoken of them.
    pub(super) fn counted_packs(&self, journal: &Journal) -> Result<BTreeSet<PackId>, Error> {
        match journal.pack_changes(0..journal.size()) {
            Ok(changes) => Ok(changes.came),
            Err(Error::Damaged { .. }) => {
                let went = journal.readable_pack_changes().went;
                Ok(self.stored_packs()?.into_keys().filter(|pack| !went.contains(pack)).collect())
            }
            Err(error) => Err(error),
        }
    }

    /// All packs that the storage holds, whether they count or not.
    pub(super) fn stored_packs(&self) -> Result<PackSizes, Error> {
        let objects = self.home.backend.list("packs")?;
        let sized = |object: &Object| Some((PackId::of_object(&object.name)?, object.bytes));
        Ok(objects.iter().filter_map(sized).collect())
    }

    /// The packs that are there and do not count.
    pub(super) fn idle_packs(&self, changes: &PackChanges) -> Result<PackSizes, Error> {
        let mut idle = self.stored_packs()?;
        idle.retain(|pack, _| !changes.came.contains(pack));
        Ok(idle)
    }
}
