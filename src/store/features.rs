//! Features and samples: which blobs are alike in their bytes, so that one can be compressed against
//! the other.
//!
//! A gear hash rolls over the bytes; where some of its bits are zero, its value is a *sample*. Equal
//! stretches of two blobs have equal samples wherever they stand. A *feature* is the largest of the
//! samples under one of 12 linear maps, so that two blobs share it with the probability of their
//! samples' resemblance. Sampling by content and linear maps are Odess (Zou et al., "Odess: Speeding
//! up Resemblance Detection for Redundancy Elimination by Fast Content-Defined Sampling", ICDE 2021),
//! the gear hash is that of FastCDC; here each feature is indexed alone and the number that match
//! decides, which finds more than super-features do (docs/benchmarks.md).
//!
//! Features are stored in the catalog; whatever changes them changes its schema version.

/// How many features a blob has.
pub const N_FEATURES: usize = 12;

/// The features of a blob: two blobs that share many of them are alike in their bytes.
pub type Features = [u32; N_FEATURES];

/// For a smaller blob no base is sought but its previous revision, nor is it found by others: a solid frame serves it
/// nearly as well, and to find and decode a base costs more than all else that is done for it.
pub const SOUGHT_BYTES_MIN: usize = 1 << 10;
/// Blobs shorter than this are sampled more densely.
const SHORT_BYTES: usize = 4 << 10;
/// One position in 16 of a short blob gives a sample,
const SHORT_MASK: u64 = 0xf << MASK_SHIFT;
/// and one in 128 of any other.
const MASK: u64 = 0x7f << MASK_SHIFT;
/// The bits tested depend on the last 49 to 55 bytes.
const MASK_SHIFT: u32 = 49;
/// So many samples are kept of a blob, the smallest.
const SAMPLES_MAX: usize = 1024;

/// A blob's samples and features: what its bytes are compared by without reading them again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    features: Option<Features>,
    /// The smallest ones, strictly rising.
    samples: Vec<u32>,
    /// There were more samples than are kept.
    is_cut: bool,
    is_sought: bool,
}

impl Fingerprint {
    /// Reads a blob once, at about the speed of memory.
    pub fn of(blob: &[u8]) -> Self {
        let mask = if blob.len() < SHORT_BYTES { SHORT_MASK } else { MASK };
        let mut samples = Vec::with_capacity(blob.len() / 100 + 16);
        let mut largest = [0; N_FEATURES];
        let mut hash = 0_u64;
        for byte in blob {
            hash = (hash << 1).wrapping_add(GEAR[usize::from(*byte)]);
            if hash & mask == 0 {
                let sample = (hash >> 17) as u32;
                for (feature, (factor, term)) in largest.iter_mut().zip(&MAPS) {
                    *feature = (*feature).max(sample.wrapping_mul(*factor).wrapping_add(*term));
                }
                samples.push(sample);
            }
        }
        let features = (!samples.is_empty()).then(|| salted(largest));
        samples.sort_unstable();
        samples.dedup();
        let is_cut = samples.len() > SAMPLES_MAX;
        samples.truncate(SAMPLES_MAX);
        samples.shrink_to_fit();
        Self { features, samples, is_cut, is_sought: blob.len() >= SOUGHT_BYTES_MIN }
    }

    /// The features; none for a blob so short or so even that it gives no sample.
    pub fn features(&self) -> Option<&Features> {
        self.features.as_ref()
    }

    /// The features by which others find it; none of a blob that is too small to be a base of others.
    pub fn sought(&self) -> Option<&Features> {
        self.features().filter(|_| self.is_sought)
    }

    /// How many samples there are: about one for 128 bytes, up to a limit.
    pub fn n_samples(&self) -> usize {
        self.samples.len()
    }

    /// Memory that this takes, about.
    pub fn n_bytes(&self) -> usize {
        size_of::<Self>() + self.samples.len() * size_of::<u32>()
    }

    /// How many of this blob's samples the other lacks: what would have to be written down of this
    /// one if the other were its base.
    pub fn n_missing_in(&self, other: &Self) -> usize {
        let horizon = match other.samples.last() {
            Some(last) if other.is_cut => *last,
            _ => u32::MAX,
        };
        let mut others = other.samples.iter().peekable();
        let mine = self.samples.iter().take_while(|sample| **sample <= horizon);
        mine.filter(|sample| {
            while others.next_if(|other| other < sample).is_some() {}
            others.next_if_eq(sample).is_none()
        })
        .count()
    }
}

/// Makes values of different features different, so that all of them can share one index.
fn salted(largest: Features) -> Features {
    let mut features = largest;
    for (feature, (_, term)) in features.iter_mut().zip(MAPS) {
        *feature = mixed(*feature ^ term);
    }
    features
}

/// The finaliser of MurmurHash3 (Appleby): largest values crowd together, an index wants them spread.
fn mixed(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
    x ^ (x >> 16)
}

/// A random number for each byte.
static GEAR: [u64; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < table.len() {
        table[n] = random(n as u64);
        n += 1;
    }
    table
};

/// Factor, which is odd, and term of each linear map.
static MAPS: [(u32, u32); N_FEATURES] = {
    let mut maps = [(0, 0); N_FEATURES];
    let mut n = 0;
    while n < maps.len() {
        let bits = random(256 + n as u64);
        maps[n] = (bits as u32 | 1, (bits >> 32) as u32);
        n += 1;
    }
    maps
};

/// The n-th number of SplitMix64 from 0 (Steele, Lea and Flood, 2014).
const fn random(n: u64) -> u64 {
    let x = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes without any repetition.
    fn noise(seed: u64, n_bytes: usize) -> Vec<u8> {
        let numbers = (0..n_bytes as u64 / 8 + 1).map(|n| random(seed << 32 | n));
        numbers.flat_map(u64::to_le_bytes).take(n_bytes).collect()
    }

    fn n_matching(a: &[u8], b: &[u8]) -> usize {
        let (a, b) = (Fingerprint::of(a), Fingerprint::of(b));
        match (a.features(), b.features()) {
            (Some(a), Some(b)) => a.iter().zip(b).filter(|(a, b)| a == b).count(),
            _ => 0,
        }
    }

    #[test]
    fn features_are_fixed_while_the_schema_is() {
        let features = Fingerprint::of(&noise(7, 10_000)).features().copied().unwrap();
        assert_eq!(features[..3], GOLDEN);
    }

    const GOLDEN: [u32; 3] = [868016653, 5887474, 3461799753];

    #[test]
    fn similar_blobs_share_features_and_others_do_not() {
        for n_bytes in [1000, 5000, 50_000, 1 << 20] {
            let blob = noise(1, n_bytes);
            let mut edited = blob.clone();
            edited.splice(n_bytes / 2..n_bytes / 2 + 10, *b"a few words");
            let moved = [&blob[n_bytes / 3..], &blob[..n_bytes / 3]].concat();
            assert_eq!(n_matching(&blob, &blob), N_FEATURES, "{n_bytes}");
            assert!(n_matching(&blob, &edited) >= 8, "{n_bytes}");
            assert!(n_matching(&blob, &moved) >= 8, "{n_bytes}");
            assert_eq!(n_matching(&blob, &noise(2, n_bytes)), 0, "{n_bytes}");
        }
    }

    #[test]
    fn half_a_blob_shares_about_a_third() {
        let (mut sum, n_rounds) = (0, 60);
        for seed in 0..n_rounds {
            let blob = noise(seed, 40_000);
            let other = [&blob[..20_000], &noise(1000 + seed, 20_000)[..]].concat();
            sum += n_matching(&blob, &other);
        }
        let mean = sum as f64 / n_rounds as f64 / N_FEATURES as f64;
        assert!((0.25..0.42).contains(&mean), "{mean}");
    }

    #[test]
    fn what_is_missing_is_counted_from_one_side() {
        let (a, b) = (noise(1, 30_000), noise(2, 3000));
        let both = [&a[..], &b[..]].concat();
        let [a, both] = [Fingerprint::of(&a), Fingerprint::of(&both)];
        assert!(a.n_missing_in(&both) <= 1);
        assert!((10..50).contains(&both.n_missing_in(&a)), "{}", both.n_missing_in(&a));
        assert_eq!(a.n_missing_in(&a), 0);
    }

    #[test]
    fn samples_of_large_blobs_are_compared_as_far_as_both_are_known() {
        let large = noise(3, 1 << 20);
        let edited = [&large[..500_000], &noise(4, 50_000)[..], &large[500_000..]].concat();
        let [large, edited] = [Fingerprint::of(&large), Fingerprint::of(&edited)];
        assert_eq!(large.n_samples(), SAMPLES_MAX);
        assert!(large.n_missing_in(&edited) < 9);
        let missing = edited.n_missing_in(&large);
        assert!((20..100).contains(&missing), "{missing}");
    }

    #[test]
    fn what_is_too_even_or_too_short_has_none() {
        assert_eq!(Fingerprint::of(b"").features(), None);
        assert_eq!(
            Fingerprint::of(&[0; 100_000]).features(),
            Fingerprint::of(&[0; 200_000]).features()
        );
    }
}
