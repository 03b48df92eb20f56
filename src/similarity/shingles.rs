//! Shingles: a text as the set of its neighbouring words.
//!
//! A shingle is three neighbouring words. A short text also has its word pairs as shingles, so that a
//! few changed words leave something to share; a single word is a shingle of its own. Pairs count only
//! between two short texts.
//!
//! The hash is fixed for ever by the tests below. A word is read as little-endian 128-bit numbers, the
//! last one filled up with zeros, both halves of each mixed into the state; a shingle mixes the hash of
//! its last word with those before. Two numbers are mixed by one multiplication, the halves of its
//! result laid over one another (Wang Yi, "wyhash", 2019, after Makarov's "mum-hash", 2016).

use super::{
    overlap::{Overlap, merge},
    params::SHORT_TEXT_WORDS,
};

/// The words of a text, packed one after the other, and where each of them ends.
///
/// Reading neighbours in one buffer is what makes hashing fast.
#[derive(Debug, Clone, Copy)]
pub struct PackedWords<'a> {
    /// All words.
    pub bytes: &'a [u8],
    /// Rising, within `bytes`; words for which they do not rise are empty.
    pub ends: &'a [usize],
}

/// All distinct shingles of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shingles {
    /// Strictly rising.
    hashes: Box<[u64]>,
    /// How many of them are of pairs, or of single words.
    n_pairs: u64,
}

impl Shingles {
    /// The shingles of a text.
    pub fn of(words: PackedWords) -> Self {
        let mut hashes = Vec::new();
        each_shingle(words, |hash| hashes.push(hash));
        hashes.sort_unstable();
        hashes.dedup();
        let n_pairs = hashes.iter().filter(|hash| is_pair(high(**hash))).count() as u64;
        Self { hashes: hashes.into(), n_pairs }
    }

    /// The hashes, strictly rising.
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// What sketches keep of those hashes that the other set lacks.
    pub fn kept_without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u32> + 'a {
        let is_alone = |hash: &&u64| other.hashes.binary_search(hash).is_err();
        self.hashes.iter().filter(is_alone).map(|hash| high(*hash))
    }

    /// What two texts share and what each has alone, exactly.
    pub fn overlap(&self, other: &Self) -> Overlap {
        let all = merge(&self.hashes, &other.hashes, |_| true);
        // Where one text alone has pairs they count in neither; the other has none that they could be the same as.
        match self.n_pairs > 0 && other.n_pairs > 0 {
            true => all,
            false => Overlap {
                only_a: all.only_a - self.n_pairs,
                only_b: all.only_b - other.n_pairs,
                ..all
            },
        }
    }
}

/// A hash of each word, in order.
pub fn word_hashes(words: PackedWords) -> Vec<u64> {
    each_word(words).collect()
}

/// A hash of all words in their order; `None` when there are none.
pub fn sequence_hash(words: PackedWords) -> Option<u32> {
    let sum = |sum: u64, word: u64| fold(sum.rotate_left(TURN) ^ SALTS[1], word);
    each_word(words).reduce(sum).map(high)
}

fn each_word(words: PackedWords<'_>) -> impl Iterator<Item = u64> + '_ {
    let starts = std::iter::once(&0).chain(words.ends);
    starts.zip(words.ends).map(move |(start, end)| word_hash(words.bytes, *start, *end))
}

/// Calls `take` with every shingle, repeated ones too.
pub fn each_shingle(words: PackedWords, mut take: impl FnMut(u64)) {
    let mut hashes = each_word(words);
    let Some(mut before) = hashes.next() else { return };
    let Some(mut last) = hashes.next() else { return take(pair_hash(before, 0)) };
    let is_short = words.ends.len() < SHORT_TEXT_WORDS;
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

/// Whether a hash, of which sketches keep this half, is that of a pair or of a single word.
pub fn is_pair(high: u32) -> bool {
    high & 1 == 1
}

/// The half of a hash that sketches keep; none is 0, which marks a free slot.
pub fn high(hash: u64) -> u32 {
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
static FIRST_BYTES: [u128; 17] = {
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Packs a text's words.
    pub struct PackedText(Vec<u8>, Vec<usize>);

    impl PackedText {
        pub fn of(text: &str) -> Self {
            let mut packed = Self(Vec::new(), Vec::new());
            for word in text.split_whitespace() {
                packed.0.extend(word.bytes());
                packed.1.push(packed.0.len());
            }
            packed
        }

        pub fn words(&self) -> PackedWords<'_> {
            PackedWords { bytes: &self.0, ends: &self.1 }
        }
    }

    pub fn shingles(text: &str) -> Shingles {
        Shingles::of(PackedText::of(text).words())
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
}
