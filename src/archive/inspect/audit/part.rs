//! Parts of an archive that an audit reads: a sample, what is new, or pack after pack for as long as there is time.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use crate::{
    catalog::KeptContent,
    types::{
        digest::{Digest, Hasher, Key},
        error::Error,
        pack_id::PackId,
        time::Timestamp,
    },
};

use super::Auditor;

/// Which contents are read; journal, structure and catalog are always checked as a whole.
#[derive(Debug, Clone, Default)]
pub enum AuditPart {
    /// All of them.
    #[default]
    All,
    /// Some of them, chosen at random.
    Sample(Sample),
    /// Those of revisions that were added at this time or later.
    Since(Timestamp),
    /// Those in packs, the least recently checked first, until the time is up.
    InTurn(PacksInTurn),
}

/// A choice by chance.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// How many of a million.
    pub per_million: u32,
    /// Random bytes: the same give the same sample.
    pub seed: [u8; 32],
}

/// When packs were checked, and for how long to go on.
#[derive(Clone)]
pub struct PacksInTurn {
    /// When each pack was checked last; one that is not there never was.
    pub last_checked: BTreeMap<PackId, Timestamp>,
    /// Whether the time is up.
    pub is_over: Arc<dyn Fn() -> bool>,
}

impl Sample {
    /// Whether a content is in it.
    pub(super) fn takes(&self, digest: &Digest) -> bool {
        u128::from(self.lot(digest)) * 1_000_000 < u128::from(self.per_million) << 64
    }

    /// The lot that a content draws; the smallest are taken.
    pub(super) fn lot(&self, digest: &Digest) -> u64 {
        let mut hasher = Hasher::default();
        hasher.update(&self.seed);
        hasher.update(digest.as_bytes());
        let Key(lot) = hasher.finish().key();
        lot
    }
}

impl fmt::Debug for PacksInTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} packs were checked before", self.last_checked.len())
    }
}

impl Auditor<'_> {
    /// Reads packs and what lies in them, one after the other, until the time is up.
    pub(super) fn packs_in_turn(&mut self, turn: &PacksInTurn) -> Result<(), Error> {
        let mut contents: HashMap<Option<PackId>, Vec<KeptContent>> = HashMap::new();
        let mut kept = self.projection.kept_bytes()?;
        kept.sort_unstable_by_key(|content| content.place);
        self.report.n_unread += kept.len() as u64;
        for content in kept {
            contents.entry(content.place.map(|place| place.pack)).or_default().push(content);
        }
        // Those in no pack are missing, whatever the time.
        let nowhere = contents.remove(&None).unwrap_or_default();
        self.report.n_unread -= nowhere.len() as u64;
        self.read_each(&nowhere)?;
        let mut packs: Vec<PackId> = self.counted.iter().copied().collect();
        packs.sort_by_key(|pack| (turn.last_checked.get(pack).copied(), *pack));
        for pack in packs {
            if (turn.is_over)() {
                break;
            }
            let is_read = self.read_pack(&pack)?;
            let there = contents.remove(&Some(pack)).unwrap_or_default();
            self.report.n_unread -= there.len() as u64;
            self.read_each(&there)?;
            if is_read {
                self.report.packs_read.push(pack);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_takes_its_share_and_another_seed_takes_others() {
        let digests: Vec<Digest> = (0..4000_u32).map(|n| Digest::of(&n.to_be_bytes())).collect();
        let taken = |per_million, seed| {
            let sample = Sample { per_million, seed: [seed; 32] };
            digests.iter().filter(|digest| sample.takes(digest)).collect::<Vec<_>>()
        };
        let n = taken(50_000, 1).len();
        assert!((120..280).contains(&n), "{n}");
        assert_ne!(taken(50_000, 1), taken(50_000, 2));
        assert_eq!((taken(0, 1).len(), taken(1_000_000, 1).len()), (0, 4000));
    }
}
