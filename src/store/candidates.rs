//! Which blob a new one most likely resembles.
//!
//! Candidates are the previous revision, blobs of earlier transactions that share features, and
//! those of this one. The fewer of the new blob's samples a candidate lacks, the less there will be to
//! write down. Of blobs of this transaction that number is known; of others it is estimated from the
//! features that match, and of equals the previous revision is taken, then the one nearest in size.

use std::{
    cmp::Reverse,
    collections::{HashMap, VecDeque},
};

use crate::types::{digest::Key, error::Error};

use super::features::{Features, Fingerprint, N_FEATURES};

/// Of blobs that share one feature, so many count, the latest.
const SHARING_MAX: usize = 64;
/// Candidates that are compared closely.
const CLOSE_MAX: usize = 8;
/// Bytes of fingerprints of this transaction's blobs that are kept.
const FINGERPRINTS_BYTES_MAX: usize = 16 << 20;
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

/// Which stored blobs share features with another one.
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
    /// Which blob, wherever it lies.
    pub key: Key,
    /// How many features it shares.
    pub n_matching: u32,
    /// How many of the new blob's samples it lacks, counted or estimated.
    pub n_missing: usize,
    is_previous: bool,
    /// By how much the lengths differ; the most where that is not known.
    n_apart: u64,
    /// Rises in the order in which blobs of this transaction came, from 1; 0 of others.
    arrival: u32,
}

/// The blobs of the open transaction, by their features.
#[derive(Default)]
pub struct RecentBlobs {
    blobs: VecDeque<RecentBlob>,
    /// The arrival of the first in `blobs`.
    first: u32,
    arrivals: HashMap<Key, u32>,
    /// The latest blob with a feature; from it on, each names the one before it.
    latest: HashMap<u32, u32>,
    /// The arrival of the first blob whose fingerprint is still kept.
    first_with_fingerprint: u32,
    n_fingerprint_bytes: usize,
}

struct RecentBlob {
    key: Key,
    n_bytes: u64,
    features: Features,
    /// For each feature, the arrival of the blob before it that has it, too; it may be gone by now.
    before: [Option<u32>; N_FEATURES],
    fingerprint: Option<Fingerprint>,
}

impl RecentBlobs {
    /// Candidates for a blob with this fingerprint, the best first; a few of them at most.
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
            found
                .extend(base_candidates.into_iter().map(|it| of_stored(&it, fingerprint, n_bytes)));
            found.extend(self.among_recent(features, fingerprint, n_bytes, previous));
        }
        if let Some(key) = previous {
            match found.iter_mut().find(|candidate| candidate.key == key) {
                Some(candidate) => candidate.is_previous = true,
                None => found.push(RankedCandidate {
                    key,
                    n_matching: 0,
                    n_missing: fingerprint.n_samples(),
                    is_previous: true,
                    n_apart: u64::MAX,
                    arrival: 0,
                }),
            }
        }
        // Two orders: matching features are known of all and decide which few are compared; what is
        // missing decides which is best, and of blobs stored before it is only estimated.
        found.sort_by_key(|it| {
            (Reverse(it.is_previous), Reverse(it.n_matching), it.n_apart, it.arrival)
        });
        found.truncate(CLOSE_MAX);
        // Of equals the earliest: what came later is most likely attached to it, and chains stay short.
        found.sort_by_key(|it| (it.n_missing, Reverse(it.is_previous), it.n_apart, it.arrival));
        Ok(found)
    }

    /// Makes a blob known to those that come after it.
    pub fn add(&mut self, key: Key, n_bytes: u64, fingerprint: Fingerprint) {
        let Some(features) = fingerprint.features().copied() else { return };
        let arrival = self.first + self.blobs.len() as u32;
        let before = features.map(|feature| self.latest.insert(feature, arrival));
        self.n_fingerprint_bytes += fingerprint.n_bytes();
        self.arrivals.insert(key, arrival);
        let fingerprint = Some(fingerprint);
        self.blobs.push_back(RecentBlob { key, n_bytes, features, before, fingerprint });
        self.make_room();
    }

    /// The blobs that have a feature, the latest first. Of one that all have the oldest do not count: a new version
    /// is nearest to the latest ones.
    fn sharing(&self, feature: u32) -> impl Iterator<Item = u32> {
        let latest = self.latest.get(&feature).copied();
        let before = move |arrival: &u32| {
            let blob = self.blob(*arrival);
            let at = blob.features.iter().position(|its| *its == feature)?;
            blob.before[at].filter(|before| *before >= self.first)
        };
        std::iter::successors(latest, before).take(SHARING_MAX)
    }

    /// Candidates among the blobs of this transaction.
    fn among_recent(
        &self,
        features: &Features,
        fingerprint: &Fingerprint,
        n_bytes: u64,
        previous: Option<Key>,
    ) -> Vec<RankedCandidate> {
        let mut found: Vec<u32> =
            features.iter().flat_map(|feature| self.sharing(*feature)).collect();
        let previous = previous.and_then(|key| self.arrivals.get(&key)).copied();
        if let Some(arrival) = previous {
            // It may not be among the latest; and as the likeliest base it must be counted in full.
            found.retain(|other| *other != arrival);
            let pairs = features.iter().zip(self.blob(arrival).features);
            found.extend(pairs.filter(|(mine, its)| *mine == its).map(|_| arrival));
        }
        found.sort_unstable();
        let runs = found.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32));
        let mut close: Vec<(u32, u32)> = runs.collect();
        close.sort_by_key(|(arrival, n_matching)| {
            let n_apart = self.blob(*arrival).n_bytes.abs_diff(n_bytes);
            (Some(*arrival) != previous, Reverse(*n_matching), n_apart, *arrival)
        });
        // Before fingerprints are compared, which costs more than all the rest.
        close.truncate(CLOSE_MAX);
        let candidate = |(arrival, n_matching): (u32, u32)| {
            let blob = self.blob(arrival);
            let n_missing = match &blob.fingerprint {
                Some(other) => fingerprint.n_missing_in(other),
                None => estimated(fingerprint, n_matching),
            };
            let n_apart = blob.n_bytes.abs_diff(n_bytes);
            let (key, arrival) = (blob.key, arrival + 1);
            RankedCandidate { key, n_matching, n_missing, is_previous: false, n_apart, arrival }
        };
        close.into_iter().map(candidate).collect()
    }

    fn blob(&self, arrival: u32) -> &RecentBlob {
        &self.blobs[(arrival - self.first) as usize]
    }

    fn make_room(&mut self) {
        // Fingerprints go first: a blob is still found by its features, and what it lacks is estimated.
        while self.n_fingerprint_bytes > FINGERPRINTS_BYTES_MAX {
            let at = (self.first_with_fingerprint - self.first) as usize;
            let Some(oldest) = self.blobs.get_mut(at) else { break };
            self.n_fingerprint_bytes -=
                oldest.fingerprint.take().map_or(0, |fingerprint| fingerprint.n_bytes());
            self.first_with_fingerprint += 1;
        }
        if self.blobs.len() > BLOBS_MAX
            && let Some(oldest) = self.blobs.pop_front()
        {
            self.n_fingerprint_bytes -=
                oldest.fingerprint.map_or(0, |fingerprint| fingerprint.n_bytes());
            for feature in oldest.features {
                if self.latest.get(&feature) == Some(&self.first) {
                    self.latest.remove(&feature);
                }
            }
            if self.arrivals.get(&oldest.key) == Some(&self.first) {
                self.arrivals.remove(&oldest.key);
            }
            self.first += 1;
            self.first_with_fingerprint = self.first_with_fingerprint.max(self.first);
        }
    }
}

fn of_stored(
    candidate: &BaseCandidate,
    fingerprint: &Fingerprint,
    n_bytes: u64,
) -> RankedCandidate {
    RankedCandidate {
        key: candidate.key,
        n_matching: candidate.n_matching,
        n_missing: estimated(fingerprint, candidate.n_matching),
        is_previous: false,
        n_apart: candidate.n_bytes.map_or(u64::MAX, |other| other.abs_diff(n_bytes)),
        arrival: 0,
    }
}

/// How many samples a blob probably lacks that shares so many features.
///
/// Features match with the probability r of resemblance; of sets of one size, 2r/(1 + r) of each is
/// shared. A quarter is taken off what matches, since all may match where not all is equal.
fn estimated(fingerprint: &Fingerprint, n_matching: u32) -> usize {
    let resemblance = (f64::from(n_matching) - 0.25).max(0.0) / N_FEATURES as f64;
    let missing = (1.0 - resemblance) / (1.0 + resemblance);
    (fingerprint.n_samples() as f64 * missing).round() as usize
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
            recent_blobs.add(Key(n), blob.len() as u64, Fingerprint::of(&blob));
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
            recent_blobs.add(Key(n), blob.len() as u64, Fingerprint::of(&blob));
        }
        assert_eq!(best(&recent_blobs, &blob, Some(Key(2))), Some(Key(2)));
        // Of a feature that many share, the latest 64 count.
        assert_eq!(best(&recent_blobs, &blob, None), Some(Key(36)));
    }

    #[test]
    fn a_previous_revision_that_shares_nothing_is_tried_last() {
        let mut recent_blobs = RecentBlobs::default();
        assert_eq!(best(&recent_blobs, &text(500, &[]), Some(Key(7))), Some(Key(7)));
        let blob = text(500, &[]);
        recent_blobs.add(Key(1), blob.len() as u64, Fingerprint::of(&blob));
        assert_eq!(best(&recent_blobs, &text(500, &[3]), Some(Key(7))), Some(Key(1)));
    }

    #[test]
    fn memory_is_bounded() {
        let mut recent_blobs = RecentBlobs::default();
        let blob = text(40, &[]);
        let fingerprint = Fingerprint::of(&blob);
        for n in 0..BLOBS_MAX as u64 + 1000 {
            recent_blobs.add(Key(n), blob.len() as u64, fingerprint.clone());
        }
        assert_eq!(recent_blobs.blobs.len(), BLOBS_MAX);
        assert_eq!(recent_blobs.arrivals.len(), BLOBS_MAX);
        assert!(recent_blobs.n_fingerprint_bytes <= FINGERPRINTS_BYTES_MAX);
        assert!(fingerprint.features().unwrap().iter().all(|feature| {
            let sharing: Vec<u32> = recent_blobs.sharing(*feature).collect();
            sharing.len() == SHARING_MAX && sharing.is_sorted_by(|a, b| a > b)
        }));
        assert_eq!(
            best(&recent_blobs, &blob, None),
            Some(Key(BLOBS_MAX as u64 + 1000 - SHARING_MAX as u64))
        );
    }
}
