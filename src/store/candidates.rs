//! Which blob a new one most likely resembles.
//!
//! Candidates are the previous revision, blobs of earlier transactions that share features, and
//! those of this one. The fewer of the new blob's marks a candidate lacks, the less there will be to
//! write down. Of blobs of this transaction that number is known; of others it is estimated from the
//! features that match, and of equals the previous revision is taken, then the one nearest in size.

use std::{
    cmp::Reverse,
    collections::{HashMap, VecDeque},
};

use crate::types::{digest::Key, error::Error};

use super::features::{Features, Fingerprint, N_FEATURES};

/// Of blobs that share one feature, as many are looked at, the latest.
const SHARING_MAX: usize = 64;
/// Candidates that are compared closely.
const CLOSE_MAX: usize = 8;
/// Marks of blobs of this transaction that are kept at hand.
const TRAITS_BYTES_MAX: usize = 16 << 20;
/// Blobs of this transaction that can be found; older ones are found again after the commit.
const BLOBS_MAX: usize = 1 << 17;

/// A stored blob that shares features with another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseCandidate {
    /// Its key: where it may lie.
    pub key: Key,
    /// Its size, where it is a whole content; a chunk's size is not on record.
    pub n_bytes: Option<u64>,
    /// How many of the features asked for it was found by.
    pub n_matching: u32,
}

/// Says which stored blobs share features with another one.
pub trait BaseCandidates {
    /// The few blobs that share most of the features, of equals the latest first; and the blob
    /// `also`, last, if it was found too.
    fn base_candidates(
        &self,
        features: &Features,
        also: Option<Key>,
    ) -> Result<Vec<BaseCandidate>, Error>;
}

/// A blob that a new one may be compressed against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankedCandidate {
    /// Its key.
    pub key: Key,
    /// How many features it shares.
    pub n_matching: u32,
    /// How many of the new blob's marks it lacks, known or estimated.
    pub n_missing: usize,
    is_previous: bool,
    /// By how much the lengths differ; the most where that is not known.
    n_apart: u64,
    /// Rises with the order of arrival.
    turn: u32,
}

/// The blobs of the open transaction, by their features.
#[derive(Default)]
pub struct RecentBlobs {
    blobs: VecDeque<Known>,
    /// The turn of the first in `blobs`.
    first: u32,
    turns: HashMap<Key, u32>,
    sharing: HashMap<u32, VecDeque<u32>>,
    /// The turn of the first blob whose traits are still at hand.
    first_traits: u32,
    n_traits: usize,
}

struct Known {
    key: Key,
    n_bytes: u64,
    features: Features,
    fingerprint: Option<Fingerprint>,
}

impl RecentBlobs {
    /// Candidates for a blob with these traits, the best first; a few of them at most.
    pub fn candidates(
        &self,
        stored: &dyn BaseCandidates,
        fingerprint: &Fingerprint,
        n_bytes: u64,
        previous: Option<Key>,
    ) -> Result<Vec<RankedCandidate>, Error> {
        let mut found = Vec::new();
        if let Some(features) = fingerprint.features() {
            let base_candidates = stored.base_candidates(features, previous)?;
            found.extend(
                base_candidates.into_iter().map(|it| of_relative(&it, fingerprint, n_bytes)),
            );
            found.extend(self.own(features, fingerprint, n_bytes, previous));
        }
        if let Some(key) = previous {
            match found.iter_mut().find(|candidate| candidate.key == key) {
                Some(candidate) => candidate.is_previous = true,
                None => found.push(RankedCandidate {
                    key,
                    n_matching: 0,
                    n_missing: fingerprint.n_marks(),
                    is_previous: true,
                    n_apart: u64::MAX,
                    turn: 0,
                }),
            }
        }
        // Two orders: matching features are known of all and say who is worth a look; what is missing
        // says who is best, and of blobs stored before it is only estimated.
        found.sort_by_key(|it| {
            (Reverse(it.is_previous), Reverse(it.n_matching), it.n_apart, it.turn)
        });
        found.truncate(CLOSE_MAX);
        // Of equals the earliest: what came later is most likely attached to it, and chains stay short.
        found.sort_by_key(|it| (it.n_missing, Reverse(it.is_previous), it.n_apart, it.turn));
        Ok(found)
    }

    /// Makes a blob known to those that come after it.
    pub fn introduce(&mut self, key: Key, n_bytes: u64, fingerprint: Fingerprint) {
        let Some(features) = fingerprint.features().copied() else { return };
        let turn = self.first + self.blobs.len() as u32;
        for feature in features {
            let sharing = self.sharing.entry(feature).or_default();
            // Of a feature that all have the oldest go: a new version is nearest to the latest ones.
            if sharing.len() == SHARING_MAX {
                sharing.pop_front();
            }
            sharing.push_back(turn);
        }
        self.n_traits += fingerprint.n_bytes();
        self.turns.insert(key, turn);
        self.blobs.push_back(Known { key, n_bytes, features, fingerprint: Some(fingerprint) });
        self.make_room();
    }

    /// Candidates among the blobs of this transaction.
    fn own(
        &self,
        features: &Features,
        fingerprint: &Fingerprint,
        n_bytes: u64,
        previous: Option<Key>,
    ) -> Vec<RankedCandidate> {
        let mut met: Vec<u32> =
            features.iter().filter_map(|it| self.sharing.get(it)).flatten().copied().collect();
        let previous = previous.and_then(|key| self.turns.get(&key)).copied();
        if let Some(turn) = previous {
            // It may not be among the latest; and as the likeliest base it must be counted in full.
            met.retain(|other| *other != turn);
            let pairs = features.iter().zip(self.known(turn).features);
            met.extend(pairs.filter(|(mine, its)| *mine == its).map(|_| turn));
        }
        met.sort_unstable();
        let runs = met.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32));
        let mut close: Vec<(u32, u32)> = runs.collect();
        close.sort_by_key(|(turn, n_matching)| {
            let n_apart = self.known(*turn).n_bytes.abs_diff(n_bytes);
            (Some(*turn) != previous, Reverse(*n_matching), n_apart, *turn)
        });
        // Before fingerprints are compared, which costs more than all the rest.
        close.truncate(CLOSE_MAX);
        let candidate = |(turn, n_matching): (u32, u32)| {
            let known = self.known(turn);
            let n_missing = match &known.fingerprint {
                Some(other) => fingerprint.n_missing_in(other),
                None => estimated(fingerprint, n_matching),
            };
            let n_apart = known.n_bytes.abs_diff(n_bytes);
            let (key, turn) = (known.key, turn + 1);
            RankedCandidate { key, n_matching, n_missing, is_previous: false, n_apart, turn }
        };
        close.into_iter().map(candidate).collect()
    }

    fn known(&self, turn: u32) -> &Known {
        &self.blobs[(turn - self.first) as usize]
    }

    fn make_room(&mut self) {
        // Fingerprints go first: a blob is still found by its features, and what it lacks is estimated.
        while self.n_traits > TRAITS_BYTES_MAX {
            let at = (self.first_traits - self.first) as usize;
            let Some(oldest) = self.blobs.get_mut(at) else { break };
            self.n_traits -=
                oldest.fingerprint.take().map_or(0, |fingerprint| fingerprint.n_bytes());
            self.first_traits += 1;
        }
        if self.blobs.len() > BLOBS_MAX
            && let Some(oldest) = self.blobs.pop_front()
        {
            self.n_traits -= oldest.fingerprint.map_or(0, |fingerprint| fingerprint.n_bytes());
            for feature in oldest.features {
                if let Some(sharing) = self.sharing.get_mut(&feature) {
                    sharing.retain(|turn| *turn != self.first);
                }
                if self.sharing.get(&feature).is_some_and(VecDeque::is_empty) {
                    self.sharing.remove(&feature);
                }
            }
            if self.turns.get(&oldest.key) == Some(&self.first) {
                self.turns.remove(&oldest.key);
            }
            self.first += 1;
            self.first_traits = self.first_traits.max(self.first);
        }
    }
}

fn of_relative(
    relative: &BaseCandidate,
    fingerprint: &Fingerprint,
    n_bytes: u64,
) -> RankedCandidate {
    RankedCandidate {
        key: relative.key,
        n_matching: relative.n_matching,
        n_missing: estimated(fingerprint, relative.n_matching),
        is_previous: false,
        n_apart: relative.n_bytes.map_or(u64::MAX, |other| other.abs_diff(n_bytes)),
        turn: 0,
    }
}

/// How many marks a blob probably lacks that shares so many features.
///
/// Features match with the probability r of resemblance; of sets of one size, 2r/(1 + r) of each is
/// shared. A quarter is taken off what matches, since all may match where not all is equal.
fn estimated(fingerprint: &Fingerprint, n_matching: u32) -> usize {
    let resemblance = (f64::from(n_matching) - 0.25).max(0.0) / N_FEATURES as f64;
    let missing = (1.0 - resemblance) / (1.0 + resemblance);
    (fingerprint.n_marks() as f64 * missing).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Nothing;

    fn text(n_lines: usize, changed: &[usize]) -> Vec<u8> {
        let line = |n: usize| match changed.contains(&n) {
            true => format!("line {} was changed to something else\n", n * n),
            false => format!("{} is the square of line {n}\n", n * n),
        };
        (0..n_lines).flat_map(|n| line(n).into_bytes()).collect()
    }

    fn best(recent_blobs: &RecentBlobs, blob: &[u8], previous: Option<Key>) -> Option<Key> {
        let fingerprint = Fingerprint::of(blob);
        let found =
            recent_blobs.candidates(&Nothing, &fingerprint, blob.len() as u64, previous).unwrap();
        found.first().map(|candidate| candidate.key)
    }

    #[test]
    fn the_closest_is_found_among_many() {
        let mut recent_blobs = RecentBlobs::default();
        for n in 0..200_u64 {
            let changed: Vec<usize> = (0..=n as usize * 4).collect();
            let blob = text(1000, &changed);
            recent_blobs.introduce(Key(n), blob.len() as u64, Fingerprint::of(&blob));
        }
        for n in [3, 77, 150] {
            let changed: Vec<usize> = (0..=n as usize * 4 + 1).collect();
            let found = best(&recent_blobs, &text(1000, &changed), None).unwrap();
            assert!(found.0.abs_diff(n) <= 2, "{found:?} for {n}");
        }
        assert_eq!(best(&recent_blobs, b"something else entirely", None), None);
    }

    #[test]
    fn of_equals_the_previous_revision_is_taken() {
        let mut recent_blobs = RecentBlobs::default();
        let blob = text(500, &[]);
        for n in 0..100 {
            recent_blobs.introduce(Key(n), blob.len() as u64, Fingerprint::of(&blob));
        }
        assert_eq!(best(&recent_blobs, &blob, Some(Key(2))), Some(Key(2)));
        // Of a feature that many share, the latest 64 are looked at.
        assert_eq!(best(&recent_blobs, &blob, None), Some(Key(36)));
    }

    #[test]
    fn a_previous_revision_that_shares_nothing_is_tried_last() {
        let mut recent_blobs = RecentBlobs::default();
        assert_eq!(best(&recent_blobs, &text(500, &[]), Some(Key(7))), Some(Key(7)));
        let blob = text(500, &[]);
        recent_blobs.introduce(Key(1), blob.len() as u64, Fingerprint::of(&blob));
        assert_eq!(best(&recent_blobs, &text(500, &[3]), Some(Key(7))), Some(Key(1)));
    }

    #[test]
    fn memory_is_bounded() {
        let mut recent_blobs = RecentBlobs::default();
        let blob = text(40, &[]);
        let fingerprint = Fingerprint::of(&blob);
        for n in 0..BLOBS_MAX as u64 + 1000 {
            recent_blobs.introduce(Key(n), blob.len() as u64, fingerprint.clone());
        }
        assert_eq!(recent_blobs.blobs.len(), BLOBS_MAX);
        assert_eq!(recent_blobs.turns.len(), BLOBS_MAX);
        assert!(recent_blobs.n_traits <= TRAITS_BYTES_MAX);
        assert!(recent_blobs.sharing.values().all(|sharing| sharing.len() <= SHARING_MAX));
        assert_eq!(
            best(&recent_blobs, &blob, None),
            Some(Key(BLOBS_MAX as u64 + 1000 - SHARING_MAX as u64))
        );
    }
}
