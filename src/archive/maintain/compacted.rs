//! What compacting comes to, in packs and bytes.

use crate::{archive::lost_packs::PackSizes, catalog::PackUsage, types::pack_id::PackId};

/// What compacting did, or would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Packs before.
    pub n_packs_before: u64,
    /// Their bytes.
    pub n_bytes_before: u64,
    /// How many of them were written anew.
    pub n_rewritten: u64,
    /// The bytes of those.
    pub n_bytes_rewritten: u64,
    /// Packs afterwards.
    pub n_packs_after: u64,
    /// Their bytes.
    pub n_bytes_after: u64,
    /// How many packs were there that did not count, and went.
    pub n_removed: u64,
    /// The bytes of those.
    pub n_bytes_removed: u64,
    /// How many packs counted, are lost, and no longer count: nothing of them is needed.
    pub n_given_up: u64,
    /// Objects with details that were swapped, where a withdrawal was finished.
    pub n_details: u64,
}

impl Compacted {
    /// Before anything is written.
    pub(super) fn of(all: &[PackUsage], old: &[PackId]) -> Self {
        let is_old = |usage: &&PackUsage| old.contains(&usage.pack);
        let n_bytes =
            |pack_usages: &[PackUsage]| pack_usages.iter().map(|it| it.n_bytes).sum::<u64>();
        let rewritten: Vec<PackUsage> = all.iter().filter(is_old).copied().collect();
        let (n_packs, n_rewritten) = (all.len() as u64, rewritten.len() as u64);
        Self {
            n_packs_before: n_packs,
            n_bytes_before: n_bytes(all),
            n_rewritten,
            n_bytes_rewritten: n_bytes(&rewritten),
            n_packs_after: n_packs - n_rewritten,
            n_bytes_after: n_bytes(all) - n_bytes(&rewritten),
            ..Self::default()
        }
    }

    /// Counts packs that did not count and go, and those that are lost and of which nothing is needed.
    pub(super) fn take_away(&mut self, all: &[PackUsage], idle: &PackSizes, lost: &[PackId]) {
        self.n_removed = idle.len() as u64;
        self.n_bytes_removed = idle.values().sum();
        self.n_given_up = lost.len() as u64;
        for usage in all.iter().filter(|usage| lost.contains(&usage.pack)) {
            self.n_packs_after -= 1;
            self.n_bytes_after -= usage.n_bytes;
        }
    }

    /// Both, one after the other.
    pub(super) fn and(&self, then: &Self) -> Self {
        Self {
            n_packs_before: self.n_packs_before,
            n_bytes_before: self.n_bytes_before,
            n_rewritten: self.n_rewritten + then.n_rewritten,
            n_bytes_rewritten: self.n_bytes_rewritten + then.n_bytes_rewritten,
            n_packs_after: then.n_packs_after,
            n_bytes_after: then.n_bytes_after,
            n_removed: self.n_removed + then.n_removed,
            n_bytes_removed: self.n_bytes_removed + then.n_bytes_removed,
            n_given_up: self.n_given_up + then.n_given_up,
            n_details: self.n_details + then.n_details,
        }
    }
}
