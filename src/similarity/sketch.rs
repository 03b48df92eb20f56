//! Sketches: a few hashes that stand for a whole text.
//!
//! A [`Sketch`] keeps the smallest of a text's shingle hashes (bottom-k: Broder, "On the resemblance
//! and containment of documents", 1997), and of a long text all below a fixed limit, so that it has more
//! of them the longer it is. What two sketches share says about what their texts share.

use super::{
    overlap::{Overlap, merge},
    params::{
        HASHES_INDEXED, SAMPLED_HASH_MAX, SHINGLES_COUNTED_MAX, SHORT_TEXT_WORDS, SKETCH_HASHES,
    },
    shingles::{PackedWords, each_shingle, high, is_pair},
};

/// The version of shingles and sketches; sketches of different versions do not compare.
pub const SKETCH_VERSION: u32 = 3;

/// A summary of a text's shingles: the smallest hashes, 32 bits of each, and how many there were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// Strictly rising, none 0; all of them when there are `n_shingles`.
    hashes: Vec<u32>,
    n_shingles: u32,
    /// The largest hash up to which nothing is missing.
    horizon: u32,
    /// How many of the first hashes are indexed.
    n_indexed: usize,
}

impl Sketch {
    /// Sketches a text.
    pub fn of(words: PackedWords) -> Self {
        let n_words = words.ends.len();
        let mut sample = HashSample::new(n_words + SHORT_TEXT_WORDS);
        each_shingle(words, |hash| sample.insert(high(hash)));
        sample.sketch()
    }

    /// The number of distinct shingles: exact up to [`SHINGLES_COUNTED_MAX`], above that within a few per cent.
    pub fn n_shingles(&self) -> u32 {
        self.n_shingles
    }

    /// The numbers to index: texts that share two of them are candidates.
    ///
    /// Each is the upper half of a shingle's hash.
    pub fn index_hashes(&self) -> &[u32] {
        &self.hashes[..self.n_indexed]
    }

    /// What is left of it without these hashes, which rise: a sketch of the text without boilerplate.
    pub fn without(mut self, boilerplate: &[u32]) -> Self {
        let is_own = |hash: &u32| boilerplate.binary_search(hash).is_err();
        // No others move up: those were never indexed.
        self.n_indexed = self.index_hashes().iter().filter(|hash| is_own(hash)).count();
        self.hashes.retain(is_own);
        self
    }

    fn new(hashes: Vec<u32>, n_shingles: u32) -> Self {
        // A hash above it that is missing may have been cut off: it says nothing about the text.
        let horizon = match hashes.last() {
            Some(last) if hashes.len() < n_shingles as usize => *last,
            _ => u32::MAX,
        };
        let n_indexed = n_kept(&hashes, HASHES_INDEXED);
        Self { hashes, n_shingles, horizon, n_indexed }
    }

    /// How many of the first sketch's indexed hashes are among those of the second.
    pub fn n_shared(&self, other: &Self) -> usize {
        merge(self.index_hashes(), other.index_hashes(), |_| true).shared as usize
    }

    /// One byte version, two bytes count, four bytes `n_shingles`, four bytes for each hash.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + 4 * self.hashes.len());
        bytes.push(SKETCH_VERSION as u8);
        bytes.extend((self.hashes.len() as u16).to_le_bytes());
        bytes.extend(self.n_shingles.to_le_bytes());
        bytes.extend(self.hashes.iter().flat_map(|hash| hash.to_le_bytes()));
        bytes
    }

    /// Reads what [`Sketch::encode`] wrote; the error says what is wrong with anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let (head, body) = bytes.split_at_checked(HEAD_BYTES).ok_or("a sketch is cut short")?;
        if u32::from(head[0]) != SKETCH_VERSION {
            return Err("a sketch is of another version");
        }
        let n_hashes = usize::from(u16::from_le_bytes([head[1], head[2]]));
        if n_hashes > SHINGLES_COUNTED_MAX || body.len() != 4 * n_hashes {
            return Err("a sketch has another length than it says");
        }
        let n_shingles = u32::from_le_bytes([head[3], head[4], head[5], head[6]]);
        let hashes: Vec<u32> =
            body.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if hashes.first() == Some(&0) || !hashes.is_sorted_by(|a, b| a < b) {
            return Err("a sketch's hashes do not rise");
        }
        let whole = n_shingles as usize == n_hashes;
        let cut = n_shingles as usize > n_hashes && n_hashes >= SKETCH_HASHES;
        if !(whole || cut) || n_kept(&hashes, SKETCH_HASHES) < n_hashes {
            return Err("a sketch keeps another number of hashes than its text has");
        }
        Ok(Self::new(hashes, n_shingles))
    }
}

/// Version, count of hashes, number of shingles.
const HEAD_BYTES: usize = 7;

/// How many of rising hashes are kept: those up to [`SAMPLED_HASH_MAX`], or else the first `n_min`.
fn n_kept(hashes: &[u32], n_min: usize) -> usize {
    hashes.partition_point(|hash| *hash <= SAMPLED_HASH_MAX).max(n_min.min(hashes.len()))
}

/// Estimates what two texts share: the overlap of the part of the hash range that both sketches hold
/// whole.
///
/// The standard error of a resemblance is at most 1/16, and nothing when both sketches hold every
/// shingle. Where one text is a small part of the other, its containment rests on few hashes.
///
/// A threshold sample of the union in the sense of Dasgupta, Lang, Rhodes and Thaler, "A framework
/// for estimating stream expression cardinalities", 2016. It contains the bottom-k of the union.
pub fn estimate(a: &Sketch, b: &Sketch) -> Overlap {
    let horizon = a.horizon.min(b.horizon);
    let pairs = a.hashes.iter().any(|h| is_pair(*h)) && b.hashes.iter().any(|h| is_pair(*h));
    let held = |sketch: &'_ Sketch| sketch.hashes.partition_point(|hash| *hash <= horizon);
    merge(&a.hashes[..held(a)], &b.hashes[..held(b)], |hash| pairs || !is_pair(hash))
}

/// A set of hashes that stays small by keeping only those below a falling limit.
///
/// Adaptive sampling (Flajolet, "On adaptive sampling", 1990): when the set outgrows
/// [`SHINGLES_COUNTED_MAX`], the limit is halved and what lies above it goes. What is left depends on
/// the set alone, not on order. A heap would find the smallest as well; the limit also tells how many
/// distinct ones there were, and a hash above it costs one comparison.
struct HashSample {
    /// Unsorted and with repetitions until [`HashSample::settle`].
    hashes: Vec<u32>,
    limit: u32,
}

impl HashSample {
    fn new(n_expected: usize) -> Self {
        Self {
            hashes: Vec::with_capacity(n_expected.min(2 * SHINGLES_COUNTED_MAX)),
            limit: u32::MAX,
        }
    }

    fn insert(&mut self, hash: u32) {
        if hash <= self.limit {
            self.hashes.push(hash);
            if self.hashes.len() == 2 * SHINGLES_COUNTED_MAX {
                self.settle();
            }
        }
    }

    /// Sorts, drops repetitions, and lowers the limit as far as it takes.
    fn settle(&mut self) {
        sort_even(&mut self.hashes, self.limit);
        // First: a refrain must not push the limit down, and others out.
        self.hashes.dedup();
        while self.hashes.len() > SHINGLES_COUNTED_MAX {
            self.limit >>= 1;
            self.hashes.truncate(self.hashes.partition_point(|hash| *hash <= self.limit));
        }
    }

    fn sketch(mut self) -> Sketch {
        self.settle();
        let mut hashes = self.hashes;
        // Hashes are spread evenly: of a range halved so often so many times more lie in the whole.
        let n_halved = if hashes.len() > SKETCH_HASHES { self.limit.leading_zeros() } else { 0 };
        let n_shingles = (hashes.len() as u64) << n_halved;
        hashes.truncate(n_kept(&hashes, SKETCH_HASHES));
        hashes.shrink_to_fit();
        Sketch::new(hashes, u32::try_from(n_shingles).unwrap_or(u32::MAX))
    }
}

/// Sorts numbers that are spread evenly up to `limit`: by buckets, several for each number, then by
/// insertion, which has next to nothing left to do.
fn sort_even(numbers: &mut Vec<u32>, limit: u32) {
    if numbers.len() < 2 {
        return;
    }
    let bits = numbers.len().ilog2() + 2;
    let shift = (u32::BITS - limit.leading_zeros()).saturating_sub(bits);
    let bucket = |number: u32| (number >> shift) as usize;
    let mut ends = vec![0_u32; (1 << bits) + 1];
    for number in &*numbers {
        ends[bucket(*number) + 1] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    let mut sorted = vec![0; numbers.len()];
    for number in &*numbers {
        let end = &mut ends[bucket(*number)];
        sorted[*end as usize] = *number;
        *end += 1;
    }
    for at in 1..sorted.len() {
        let number = sorted[at];
        let mut hole = at;
        while hole > 0 && sorted[hole - 1] > number {
            sorted[hole] = sorted[hole - 1];
            hole -= 1;
        }
        sorted[hole] = number;
    }
    *numbers = sorted;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::similarity::shingles::{
        Shingles,
        tests::{PackedText, shingles},
    };

    fn sketch(text: &str) -> Sketch {
        Sketch::of(PackedText::of(text).words())
    }

    /// Numbered words, none of them twice.
    fn prose(numbers: std::ops::Range<usize>) -> String {
        numbers.map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn short_texts_have_shingles_too() {
        for (text, n_shingles) in [
            ("", 0),
            ("one", 1),
            ("one two", 1),
            ("one two three", 3),
            (&prose(0..49), 47 + 48),
            (&prose(0..50), 48),
            ("a a a a a a", 2),
        ] {
            assert_eq!(sketch(text).n_shingles(), n_shingles, "{text}");
            assert_eq!(shingles(text).hashes().len(), n_shingles as usize, "{text}");
        }
    }

    #[test]
    fn equal_texts_resemble_wholly_and_strangers_not_at_all() {
        for n in [1, 2, 3, 40, 60, 500, 30_000] {
            let (one, other) = (sketch(&prose(0..n)), sketch(&prose(n..2 * n)));
            assert_eq!(estimate(&one, &one).resemblance(), 1.0, "{n}");
            assert_eq!(estimate(&one, &one).containment_of_a(), 1.0, "{n}");
            assert_eq!(estimate(&one, &other).resemblance(), 0.0, "{n}");
        }
        assert_eq!(estimate(&sketch(""), &sketch("")).resemblance(), 0.0);
    }

    #[test]
    fn an_abridgement_is_contained_but_does_not_contain() {
        let (long, short) = (prose(0..1000), prose(200..500));
        let exact = shingles(&short).overlap(&shingles(&long));
        assert_eq!(exact, Overlap { shared: 298, only_a: 0, only_b: 700 });
        assert_eq!(exact.containment_of_a(), 1.0);
        assert!((exact.containment_of_b() - 0.3).abs() < 0.01);
        let (short, long) = (sketch(&short), sketch(&long));
        assert_eq!(estimate(&short, &long).containment_of_a(), 1.0);
        assert!((estimate(&long, &short).containment_of_a() - 0.3).abs() < 0.15);
    }

    #[test]
    fn pairs_count_only_between_short_texts() {
        let (short, longer) = (prose(0..48), prose(0..52));
        assert_eq!(shingles(&short).overlap(&shingles(&longer)).shared, 46);
        assert_eq!(shingles(&short).overlap(&shingles(&longer)).only_a, 0);
        assert!(estimate(&sketch(&short), &sketch(&longer)).resemblance() > 0.85);
        let changed = "one two x three four y five six";
        let other = "one two z three four v five six";
        assert_eq!(shingles(changed).overlap(&shingles(other)).shared, 3);
    }

    #[test]
    fn estimates_come_close_to_exact_numbers() {
        let (mut worst, mut sum, mut n) = (0.0_f64, 0.0, 0.0);
        for round in 0..60 {
            for n_words in [300, 3000] {
                let at = round * 100_000;
                let (a, b) =
                    (prose(at..at + n_words), prose(at + n_words / 3..at + n_words * 4 / 3));
                let exact = shingles(&a).overlap(&shingles(&b)).resemblance();
                let off = (estimate(&sketch(&a), &sketch(&b)).resemblance() - exact).abs();
                worst = worst.max(off);
                sum += off;
                n += 1.0;
            }
        }
        assert!(sum / n < 0.05, "mean error {}", sum / n);
        assert!(worst < 0.25, "worst error {worst}");
    }

    #[test]
    fn large_counts_are_estimated_and_small_ones_exact() {
        for n_words in [100, 1000, 4098, 4099, 10_000, 200_000] {
            let n_shingles = n_words as f64 - 2.0;
            let off = f64::from(sketch(&prose(0..n_words)).n_shingles()) / n_shingles - 1.0;
            assert!(off.abs() < if n_words <= 4098 { 1e-9 } else { 0.1 }, "{n_words}: {off}");
        }
    }

    #[test]
    fn a_sketch_keeps_the_smallest_hashes_of_all() {
        for n_words in [40, 300, 600, 6000, 30_000, 100_000] {
            let text = prose(0..n_words);
            let mut all: Vec<u32> = shingles(&text).hashes().iter().map(|h| high(*h)).collect();
            all.dedup();
            let sketch = sketch(&text);
            let n_below = all.partition_point(|hash| *hash <= SAMPLED_HASH_MAX);
            let n_kept = n_below.max(SKETCH_HASHES).min(all.len()).min(sketch.hashes.len());
            assert_eq!(sketch.hashes, &all[..n_kept], "{n_words} words");
            assert!(n_kept >= n_below || n_kept >= SHINGLES_COUNTED_MAX / 4, "{n_words} words");
            let n_indexed = n_below.max(HASHES_INDEXED).min(n_kept);
            assert_eq!(sketch.index_hashes(), &all[..n_indexed]);
        }
    }

    #[test]
    fn a_sketch_goes_round_through_its_bytes() {
        for n_words in [0, 1, 2, 10, 49, 64, 66, 67, 1000, 30_000] {
            let sketch = sketch(&prose(0..n_words));
            let bytes = sketch.encode();
            assert!(n_words > 400 || bytes.len() <= 263);
            assert_eq!(Sketch::parse(&bytes), Ok(sketch), "{n_words}");
        }
    }

    #[test]
    fn what_is_no_sketch_is_refused() {
        let good = sketch(&prose(0..400)).encode();
        for end in 0..good.len() {
            assert!(Sketch::parse(&good[..end]).is_err(), "cut at {end}");
        }
        let changed = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            Sketch::parse(&bytes)
        };
        assert!(changed(0, 1).is_err(), "another version");
        assert!(changed(1, 63).is_err(), "another count");
        assert!(changed(2, 1).is_err(), "far too many");
        assert!(changed(4, 0).is_ok() && changed(3, 65).is_ok(), "another number of shingles");
        assert!(changed(10, 0xff).is_err(), "hashes that do not rise");
        assert!(Sketch::parse(&[3, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0]).is_err(), "a hash of 0");
        assert!(Sketch::parse(&[3, 1, 0, 2, 0, 0, 0, 5, 0, 0, 0]).is_err(), "one hash for two");
        assert!(Sketch::parse(&[3, 1, 0, 0, 0, 0, 0, 5, 0, 0, 0]).is_err(), "one hash for none");
        assert!(Sketch::parse(&[3, 1, 0, 1, 0, 0, 0, 5, 0, 0, 0]).is_ok(), "one hash for one");
    }

    #[test]
    fn crafted_hashes_still_make_a_sketch() {
        let mut sample = HashSample::new(0);
        (0..12_000).for_each(|n| sample.insert(u32::MAX - 2 * n));
        (1..20).for_each(|n| sample.insert(n));
        let sketch = sample.sketch();
        assert_eq!(Sketch::parse(&sketch.encode()), Ok(sketch));
    }

    proptest! {
        #[test]
        fn no_bytes_make_parse_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(sketch) = Sketch::parse(&bytes) {
                prop_assert_eq!(sketch.encode(), bytes);
            }
        }

        #[test]
        fn no_words_make_a_sketch_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..100),
            ends in prop::collection::vec(0..120_usize, 0..80),
        ) {
            let words = PackedWords { bytes: &bytes, ends: &ends };
            let whole = Sketch::of(words);
            prop_assert_eq!(Sketch::parse(&whole.encode()), Ok(whole));
            let _ = Shingles::of(words);
        }
    }
}
