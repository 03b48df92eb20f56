//! Shingles and sketches: how much two texts have in common.
//!
//! A shingle is three neighbouring words. A text of fewer than 50 words also has its word pairs as
//! shingles, so that a few changed words leave something to share; a single word is a shingle of its
//! own. Pairs count only between two short texts.
//!
//! A [`Sketch`] keeps the smallest of a text's shingle hashes (bottom-k: Broder, "On the resemblance
//! and containment of documents", 1997). [`Shingles`] keeps all of them and gives exact numbers.
//!
//! The hash is fixed for ever by the tests below. A word is read as little-endian 128-bit numbers, the
//! last one filled up with zeros, both halves of each mixed into the state; a shingle mixes the hash of
//! its last word with those before. Two numbers are mixed by one multiplication, the halves of its
//! result laid over one another (Wang Yi, "wyhash", 2019, after Makarov's "mum-hash", 2016).

/// The version of shingles and sketches; sketches of different versions do not compare.
pub const SKETCH_VERSION: u32 = 2;

/// How many of a sketch's hashes are indexed. Of labelled copies of news scanned with 5 % of the
/// characters wrong, 98 in 100 share two of the 48 smallest, 95 two of the 32 smallest
/// (docs/benchmarks.md).
pub const INDEXED: usize = 48;
/// How many hashes the sketch of an ordinary text keeps.
pub const KEPT: usize = 64;
/// How many hashes the sketch of a text of more than 20,000 words keeps.
pub const KEPT_LONG: usize = 128;

/// Texts of fewer words have word pairs as shingles, too.
const SHORT_WORDS: usize = 50;
/// Texts of more words have the larger sketch.
const LONG_WORDS: usize = 20_000;
/// Up to this many distinct shingles are counted exactly.
const COUNTED: usize = 2048;

/// The words of a text, packed one after the other, and where each of them ends.
///
/// Reading neighbours in one buffer is what makes hashing fast.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// All words.
    pub bytes: &'a [u8],
    /// Rising, within `bytes`; words for which they do not rise are empty.
    pub ends: &'a [usize],
}

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
    pub fn of(words: Words) -> Self {
        let n_words = words.ends.len();
        let mut sample = Sample::new(n_words + SHORT_WORDS);
        each_shingle(words, |hash| sample.insert(high(hash)));
        sample.sketch(if n_words > LONG_WORDS { KEPT_LONG } else { KEPT })
    }

    /// The number of distinct shingles: exact up to 2048, above that within a few per cent.
    pub fn n_shingles(&self) -> u32 {
        self.n_shingles
    }

    /// The numbers to index: texts that share two of them are candidates.
    ///
    /// Each is the upper half of a hash in [`Shingles::hashes`].
    pub fn index_hashes(&self) -> &[u32] {
        &self.hashes[..self.n_indexed]
    }

    /// What is left of it without these hashes, which rise: a sketch of the text without furniture.
    pub fn without(mut self, boilerplate: &[u32]) -> Self {
        let is_own = |hash: &u32| boilerplate.binary_search(hash).is_err();
        // No others move up: those were never indexed.
        self.n_indexed = self.index_hashes().iter().filter(|hash| is_own(hash)).count();
        self.hashes.retain(is_own);
        self
    }

    fn new(hashes: Vec<u32>, n_shingles: u32) -> Self {
        let horizon = match hashes.last() {
            Some(last) if hashes.len() < n_shingles as usize => *last,
            _ => u32::MAX,
        };
        let n_indexed = hashes.len().min(INDEXED);
        Self { hashes, n_shingles, horizon, n_indexed }
    }

    /// How many of the first sketch's indexed hashes are among those of the second.
    pub fn n_shared(&self, other: &Self) -> usize {
        let shared = merge(self.index_hashes().iter(), other.index_hashes().iter()).shared;
        shared as usize
    }

    /// One byte version, one byte count, four bytes `n_shingles`, four bytes for each hash.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + 4 * self.hashes.len());
        bytes.extend([SKETCH_VERSION as u8, self.hashes.len() as u8]);
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
        let n_hashes = usize::from(head[1]);
        if n_hashes > KEPT_LONG || body.len() != 4 * n_hashes {
            return Err("a sketch has another length than it says");
        }
        let n_shingles = u32::from_le_bytes([head[2], head[3], head[4], head[5]]);
        let hashes: Vec<u32> =
            body.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if hashes.first() == Some(&0) || !hashes.is_sorted_by(|a, b| a < b) {
            return Err("a sketch's hashes do not rise");
        }
        let whole = n_shingles as usize == n_hashes;
        let cut = n_shingles as usize > n_hashes && matches!(n_hashes, KEPT | KEPT_LONG);
        if !whole && !cut {
            return Err("a sketch keeps another number of hashes than its text has");
        }
        Ok(Self::new(hashes, n_shingles))
    }
}

/// Version, count of hashes, number of shingles.
const HEAD_BYTES: usize = 6;

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
    let counts = |hash: &u32| *hash <= horizon && (pairs || !is_pair(*hash));
    merge(a.hashes.iter().filter(|h| counts(h)), b.hashes.iter().filter(|h| counts(h)))
}

/// All distinct shingles of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shingles(Vec<u64>);

impl Shingles {
    /// The shingles of a text.
    pub fn of(words: Words) -> Self {
        let mut hashes = Vec::new();
        each_shingle(words, |hash| hashes.push(hash));
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes)
    }

    /// The hashes, strictly rising.
    pub fn hashes(&self) -> &[u64] {
        &self.0
    }

    /// What sketches keep of those hashes that the other set lacks.
    pub fn kept_without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u32> + 'a {
        let is_alone = |hash: &&u64| other.0.binary_search(hash).is_err();
        self.0.iter().filter(is_alone).map(|hash| high(*hash))
    }

    /// What two texts share and what each has alone, exactly.
    pub fn overlap(&self, other: &Self) -> Overlap {
        let has_pairs = |hashes: &[u64]| hashes.iter().any(|hash| is_pair(high(*hash)));
        let pairs = has_pairs(&self.0) && has_pairs(&other.0);
        let counts = |hash: &u64| pairs || !is_pair(high(*hash));
        merge(self.0.iter().filter(|h| counts(h)), other.0.iter().filter(|h| counts(h)))
    }
}

/// How many shingles two texts share, and how many each has alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overlap {
    /// In both.
    pub shared: u64,
    /// In the first text only.
    pub only_a: u64,
    /// In the second text only.
    pub only_b: u64,
}

impl Overlap {
    /// Shared shingles over all; 0 when there are none.
    pub fn resemblance(&self) -> f64 {
        ratio(self.shared, self.shared + self.only_a + self.only_b)
    }

    /// The part of the first text that the second has; 0 when there is nothing to have.
    pub fn containment_of_a(&self) -> f64 {
        ratio(self.shared, self.shared + self.only_a)
    }

    /// The part of the second text that the first has; 0 when there is nothing to have.
    pub fn containment_of_b(&self) -> f64 {
        ratio(self.shared, self.shared + self.only_b)
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Counts over two rising sequences.
fn merge<'a, T: Ord + 'a>(
    a: impl Iterator<Item = &'a T>,
    b: impl Iterator<Item = &'a T>,
) -> Overlap {
    let mut overlap = Overlap::default();
    let mut b = b.peekable();
    for hash in a {
        while b.next_if(|other| *other < hash).is_some() {
            overlap.only_b += 1;
        }
        match b.next_if_eq(&hash) {
            Some(_) => overlap.shared += 1,
            None => overlap.only_a += 1,
        }
    }
    overlap.only_b += b.count() as u64;
    overlap
}

/// A hash of each word, in order.
pub fn word_hashes(words: Words) -> Vec<u64> {
    each_word(words).collect()
}

/// A hash of all words in their order; `None` when there are none.
pub fn sequence_hash(words: Words) -> Option<u32> {
    let sum = |sum: u64, word: u64| fold(sum.rotate_left(TURN) ^ SALTS[1], word);
    each_word(words).reduce(sum).map(high)
}

fn each_word(words: Words<'_>) -> impl Iterator<Item = u64> + '_ {
    let starts = std::iter::once(&0).chain(words.ends);
    starts.zip(words.ends).map(move |(start, end)| word_hash(words.bytes, *start, *end))
}

/// Calls `take` with every shingle, repeated ones too.
fn each_shingle(words: Words, mut take: impl FnMut(u64)) {
    let mut hashes = each_word(words);
    let Some(mut before) = hashes.next() else { return };
    let Some(mut last) = hashes.next() else { return take(pair_hash(before, 0)) };
    let is_short = words.ends.len() < SHORT_WORDS;
    if is_short {
        take(pair_hash(before, last));
    }
    for hash in hashes {
        take(triple_hash(before, last, hash));
        if is_short {
            take(pair_hash(last, hash));
        }
        (before, last) = (last, hash);
    }
}

/// Marks the hashes of pairs: the lowest bit of the half that sketches keep.
const PAIR_BIT: u64 = 1 << 32;

fn is_pair(high: u32) -> bool {
    high & 1 == 1
}

/// The half of a hash that sketches keep; none is 0, which marks a free slot.
fn high(hash: u64) -> u32 {
    match (hash >> 32) as u32 {
        0 => 2,
        high => high,
    }
}

fn triple_hash(a: u64, b: u64, c: u64) -> u64 {
    fold(a.rotate_left(TURN).wrapping_add(b), c ^ SALTS[2]) & !PAIR_BIT
}

fn pair_hash(a: u64, b: u64) -> u64 {
    fold(a.rotate_left(TURN), b ^ SALTS[2]) | PAIR_BIT
}

fn word_hash(bytes: &[u8], start: usize, end: usize) -> u64 {
    let (mut state, mut at) = (SALTS[0], start);
    loop {
        let n_left = end.saturating_sub(at);
        let number = sixteen_bytes(bytes, at) & FIRST_BYTES[n_left.min(16)];
        state = fold(state ^ number as u64, SALTS[1] ^ (number >> 64) as u64);
        if n_left <= 16 {
            return state;
        }
        at += 16;
    }
}

/// The sixteen bytes from `at` as a number, zeros past the end.
fn sixteen_bytes(bytes: &[u8], at: usize) -> u128 {
    let rest = bytes.get(at..).unwrap_or(&[]);
    match rest.first_chunk() {
        Some(sixteen) => u128::from_le_bytes(*sixteen),
        None => rest.iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte)),
    }
}

/// Masks for the first 0 to 16 bytes of a little-endian number.
const FIRST_BYTES: [u128; 17] = {
    let mut masks = [!0; 17];
    let mut n_bytes = 0;
    while n_bytes < 16 {
        masks[n_bytes] = (1 << (8 * n_bytes)) - 1;
        n_bytes += 1;
    }
    masks
};

/// How far a word's hash is turned for each word that follows it: so that order counts.
const TURN: u32 = 23;
/// What the numbers are mixed with, so that few bits do not make small products: wyhash's constants.
const SALTS: [u64; 3] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3];

/// Both halves of the product, one over the other.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// A set of hashes that stays small by keeping only those below a falling limit.
///
/// Adaptive sampling (Flajolet, "On adaptive sampling", 1990): when the set outgrows [`COUNTED`], the
/// limit is halved and what lies above it goes. What is left depends on the set alone, not on order.
struct Sample {
    /// Unsorted and with repetitions until [`Sample::settle`].
    hashes: Vec<u32>,
    limit: u32,
}

impl Sample {
    fn new(n_expected: usize) -> Self {
        Self { hashes: Vec::with_capacity(n_expected.min(2 * COUNTED)), limit: u32::MAX }
    }

    fn insert(&mut self, hash: u32) {
        if hash <= self.limit {
            self.hashes.push(hash);
            if self.hashes.len() == 2 * COUNTED {
                self.settle();
            }
        }
    }

    /// Sorts, drops repetitions, and lowers the limit as far as it takes.
    fn settle(&mut self) {
        sort_even(&mut self.hashes, self.limit);
        self.hashes.dedup();
        while self.hashes.len() > COUNTED {
            self.limit >>= 1;
            self.hashes.truncate(self.hashes.partition_point(|hash| *hash <= self.limit));
        }
    }

    fn sketch(mut self, n_kept_max: usize) -> Sketch {
        self.settle();
        let mut hashes = self.hashes;
        let mut n_shingles = hashes.len() as u64;
        if hashes.len() > n_kept_max {
            n_shingles <<= self.limit.leading_zeros();
            hashes.truncate(n_kept_max);
        }
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
    let mut places = vec![0_u32; (1 << bits) + 1];
    for number in &*numbers {
        places[bucket(*number) + 1] += 1;
    }
    let mut sum = 0;
    for place in &mut places {
        sum += *place;
        *place = sum;
    }
    let mut sorted = vec![0; numbers.len()];
    for number in &*numbers {
        let place = &mut places[bucket(*number)];
        sorted[*place as usize] = *number;
        *place += 1;
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

    /// Packs a text's words.
    struct Packed(Vec<u8>, Vec<usize>);

    impl Packed {
        fn of(text: &str) -> Self {
            let mut packed = Self(Vec::new(), Vec::new());
            for word in text.split_whitespace() {
                packed.0.extend(word.bytes());
                packed.1.push(packed.0.len());
            }
            packed
        }

        fn words(&self) -> Words<'_> {
            Words { bytes: &self.0, ends: &self.1 }
        }
    }

    fn sketch(text: &str) -> Sketch {
        Sketch::of(Packed::of(text).words())
    }

    fn shingles(text: &str) -> Shingles {
        Shingles::of(Packed::of(text).words())
    }

    /// Numbered words, none of them twice.
    fn prose(numbers: std::ops::Range<usize>) -> String {
        numbers.map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_hash_is_fixed_for_ever() {
        let words = ["a", "seven77", "eight888", "a-word-of-twenty-bytes"];
        let hashes = words.map(|word| word_hash(word.as_bytes(), 0, word.len()));
        let golden =
            [1759119921667145615, 18238239372710174598, 1555159850746366737, 5658388696629057048];
        assert_eq!(hashes, golden);
        let golden = [324246622921421177, 3758314295309078347, 4810712078013502130];
        assert_eq!(shingles("one two three").hashes(), golden);
    }

    #[test]
    fn a_word_hashes_alike_wherever_it_stands() {
        for n_bytes in [1, 7, 8, 9, 15, 16, 17, 31, 32, 33] {
            let word = &"abcdefghijklmnopqrstuvwxyz0123456789"[..n_bytes];
            let alone = word_hash(word.as_bytes(), 0, word.len());
            let within = format!("before{word}afterwards");
            assert_eq!(word_hash(within.as_bytes(), 6, 6 + word.len()), alone, "{word}");
        }
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
        for n_words in [100, 1000, 2050, 2051, 10_000, 200_000] {
            let n_shingles = n_words as f64 - 2.0;
            let off = f64::from(sketch(&prose(0..n_words)).n_shingles()) / n_shingles - 1.0;
            assert!(off.abs() < if n_words <= 2050 { 1e-9 } else { 0.1 }, "{n_words}: {off}");
        }
    }

    #[test]
    fn a_sketch_keeps_the_smallest_hashes_of_all() {
        for (n_words, n_kept) in [(40, KEPT), (300, KEPT), (6000, KEPT), (30_000, KEPT_LONG)] {
            let text = prose(0..n_words);
            let mut all: Vec<u32> = shingles(&text).hashes().iter().map(|h| high(*h)).collect();
            all.dedup();
            all.truncate(n_kept);
            assert_eq!(sketch(&text).hashes, all, "{n_words} words");
            assert_eq!(sketch(&text).index_hashes(), &all[..all.len().min(INDEXED)]);
        }
    }

    #[test]
    fn a_sketch_goes_round_through_its_bytes() {
        for n_words in [0, 1, 2, 10, 49, 64, 66, 67, 1000, 30_000] {
            let sketch = sketch(&prose(0..n_words));
            let bytes = sketch.encode();
            assert!(n_words > LONG_WORDS || bytes.len() <= 262);
            assert_eq!(Sketch::parse(&bytes), Ok(sketch), "{n_words}");
        }
    }

    #[test]
    fn what_is_no_sketch_is_refused() {
        let good = sketch(&prose(0..1000)).encode();
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
        assert!(changed(3, 0).is_ok() && changed(2, 64).is_ok(), "another number of shingles");
        assert!(changed(9, 0xff).is_err(), "hashes that do not rise");
        assert!(Sketch::parse(&[2, 1, 1, 0, 0, 0, 0, 0, 0, 0]).is_err(), "a hash of 0");
        assert!(Sketch::parse(&[2, 1, 2, 0, 0, 0, 5, 0, 0, 0]).is_err(), "one hash for two");
        assert!(Sketch::parse(&[2, 1, 0, 0, 0, 0, 5, 0, 0, 0]).is_err(), "one hash for none");
    }

    #[test]
    fn crafted_hashes_still_make_a_sketch() {
        let mut sample = Sample::new(0);
        (0..6000).for_each(|n| sample.insert(u32::MAX - 2 * n));
        (1..20).for_each(|n| sample.insert(n));
        let sketch = sample.sketch(KEPT);
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
            let words = Words { bytes: &bytes, ends: &ends };
            let whole = Sketch::of(words);
            prop_assert_eq!(Sketch::parse(&whole.encode()), Ok(whole));
            let _ = Shingles::of(words);
        }
    }
}
