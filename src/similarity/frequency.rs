//! Frequencies: how common words and pairs of words are, learnt from a sample of the archive.
//!
//! What is common says little about who copied whom: `of the` stands everywhere, and so does the form of
//! a report. The sample is a fact of the archive, so what was added first does not matter.

use crate::text::Normal;

use super::{
    params::{
        FREQUENCY_PRIOR_TEXTS, FREQUENCY_TEXT_WORDS_MAX, KNOWN_WORD_TEXTS_DIVISOR,
        KNOWN_WORD_TEXTS_MIN, LOW_WORD_TEXTS_MIN, LOW_WORDS_BYTES_MAX, PAIR_TEXTS_OWN,
        PAIR_WEIGHT_LESS, SEED_WORDS,
    },
    passages::pair_hash,
    shingles,
    words::words,
};

/// In how many texts of a sample words and pairs stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frequencies {
    /// Texts in the sample.
    n_texts: u32,
    /// Pairs that more texts have than two copies would explain, rising, and in how many others.
    pairs: Vec<u32>,
    pair_texts: Vec<u16>,
    /// Words that several texts have, rising.
    words: Vec<u32>,
    /// Words that several texts write in lower case, though they have capitals, rising.
    low: Vec<u32>,
    /// Of each first so many bits, where the pairs begin that have them: hashes are spread evenly.
    starts: Vec<u32>,
    /// What a pair weighs that so many texts have.
    weights: Vec<f64>,
}

/// Bits of a pair by which it is found.
const START_BITS: u32 = 14;
/// Texts that have a pair, of which what it weighs is at hand.
const WEIGHTS_KEPT: usize = 256;

/// The half of a hash that is kept.
fn kept(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl Frequencies {
    /// Learns from texts.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut n_texts = 0;
        let (mut pairs, mut known, mut low) =
            (TextCounts::default(), TextCounts::default(), TextCounts::default());
        for text in texts {
            n_texts += 1;
            let normal = Normal::of(beginning(text, FREQUENCY_TEXT_WORDS_MAX * 16));
            let hashes = shingles::word_hashes(words(&normal));
            let hashes = &hashes[..hashes.len().min(FREQUENCY_TEXT_WORDS_MAX)];
            known.add(hashes.iter().copied());
            pairs.add(hashes.windows(SEED_WORDS).map(pair_hash));
            let in_low = low_words(beginning(text, LOW_WORDS_BYTES_MAX));
            low.add(shingles::word_hashes(words(&Normal::of(&in_low))).into_iter());
        }
        let in_texts = |counts: TextCounts, min: u16| {
            counts.from(min).into_iter().map(|(word, _)| word).collect()
        };
        let known_min = (n_texts / KNOWN_WORD_TEXTS_DIVISOR) as u16;
        let words = in_texts(known, known_min.max(KNOWN_WORD_TEXTS_MIN));
        let low = in_texts(low, LOW_WORD_TEXTS_MIN);
        let pairs = pairs.from(PAIR_TEXTS_OWN + 1).into_iter();
        let (pairs, pair_texts) = pairs.map(|(pair, n)| (pair, n - PAIR_TEXTS_OWN)).unzip();
        Self { n_texts, pairs, pair_texts, words, low, ..Self::default() }.ready()
    }

    /// With what makes look-ups fast.
    fn ready(mut self) -> Self {
        let n_starts = 1_u32 << START_BITS;
        let mut at = 0;
        self.starts = (0..=n_starts)
            .map(|start| {
                let is_before = |pair: &u32| pair >> (u32::BITS - START_BITS) < start;
                at += self.pairs[at..].iter().take_while(|pair| is_before(pair)).count();
                at as u32
            })
            .collect();
        self.weights = (0..WEIGHTS_KEPT).map(|n_having| self.weight_of(n_having)).collect();
        self
    }

    /// What a pair weighs that so many texts have.
    fn weight_of(&self, n_having: usize) -> f64 {
        let n_all = self.n_texts as usize + FREQUENCY_PRIOR_TEXTS;
        ((n_all as f64 / n_having.max(1) as f64).ln() - PAIR_WEIGHT_LESS).max(0.0)
    }

    /// How many texts besides two have a pair.
    fn n_others(&self, pair: u32) -> usize {
        let start = (pair >> (u32::BITS - START_BITS)) as usize;
        let Some([from, to]) = self.starts.get(start..start + 2) else { return 0 };
        let (from, to) = (*from as usize, *to as usize);
        let found = self.pairs[from..to].iter().position(|one| *one == pair);
        found.map_or(0, |at| usize::from(self.pair_texts[from + at]))
    }

    /// What it says of two texts that both have a pair of words, `n_both` times at least: in nats, less
    /// [`PAIR_WEIGHT_LESS`].
    pub fn weight(&self, pair: u64, n_both: usize) -> f64 {
        let n_having = self.n_others(kept(pair)) + n_both.max(1);
        self.weights.get(n_having).copied().unwrap_or_else(|| self.weight_of(n_having))
    }

    /// Whether several texts of the sample have a word, given as its hash.
    pub fn knows(&self, word: u64) -> bool {
        self.words.binary_search(&kept(word)).is_ok()
    }

    /// Whether several texts of the sample that have capitals write a word, given as its hash, without one.
    pub fn writes_low(&self, word: u64) -> bool {
        self.low.binary_search(&kept(word)).is_ok()
    }

    /// Its bytes: four numbers of four bytes, how many texts, pairs, words and words in lower case there are; the
    /// pairs, how many others have each, two bytes, the words and those in lower case.
    pub fn encode(&self) -> Vec<u8> {
        let lengths = [self.pairs.len(), self.words.len(), self.low.len()].map(|n| n as u32);
        let counts = [&[self.n_texts], &lengths[..]].concat();
        let numbers = |all: &[u32]| all.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
        let mut bytes = numbers(&counts);
        bytes.extend(numbers(&self.pairs));
        bytes.extend(self.pair_texts.iter().flat_map(|n| n.to_le_bytes()));
        bytes.extend(numbers(&self.words));
        bytes.extend(numbers(&self.low));
        bytes
    }

    /// Reads what [`Frequencies::encode`] wrote; none for anything else.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, body) = bytes.split_at_checked(16)?;
        let numbers = |bytes: &[u8]| -> Vec<u32> {
            bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
        };
        let [n_texts, n_pairs, n_words, n_low] = numbers(head)[..] else { return None };
        let (pairs, rest) = body.split_at_checked((n_pairs as usize).checked_mul(4)?)?;
        let (pair_texts, rest) = rest.split_at_checked(n_pairs as usize * 2)?;
        let (words, low) = rest.split_at_checked((n_words as usize).checked_mul(4)?)?;
        let found = Self {
            n_texts,
            pairs: numbers(pairs),
            pair_texts: pair_texts
                .chunks_exact(2)
                .map(|b| u16::from_le_bytes([b[0], b[1]]))
                .collect(),
            words: numbers(words),
            low: numbers(low),
            ..Self::default()
        };
        let rises = |all: &[u32]| all.is_sorted_by(|a, b| a < b);
        let is_whole = low.len() == (n_low as usize).checked_mul(4)?;
        let all_rise = [&found.pairs, &found.words, &found.low].into_iter().all(|all| rises(all));
        (is_whole && all_rise).then(|| found.ready())
    }
}

/// The words of a text that are written in lower case, if any has a capital.
fn low_words(text: &str) -> String {
    let mut low = String::new();
    let mut has_capital = false;
    for token in text.split_whitespace() {
        match token.chars().any(char::is_uppercase) {
            true => has_capital = true,
            false => low.extend([token, " "]),
        }
    }
    if has_capital { low } else { String::new() }
}

/// So much of a text at its beginning.
fn beginning(text: &str, n_bytes_max: usize) -> &str {
    let mut end = text.len().min(n_bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// In how many texts hashes stand.
#[derive(Default)]
struct TextCounts {
    /// Those of one text after the other, none twice in one: sorting them all is faster than a map.
    hashes: Vec<u32>,
}

impl TextCounts {
    /// Adds the hashes of a text.
    fn add(&mut self, hashes: impl Iterator<Item = u64>) {
        let mut of_text: Vec<u32> = hashes.map(kept).collect();
        of_text.sort_unstable();
        of_text.dedup();
        self.hashes.append(&mut of_text);
    }

    /// The hashes that so many texts have, rising, and how many have each.
    fn from(mut self, n_texts_min: u16) -> Vec<(u32, u16)> {
        self.hashes.sort_unstable();
        let runs = self.hashes.chunk_by(|a, b| a == b);
        let counted = runs.map(|run| (run[0], u16::try_from(run.len()).unwrap_or(u16::MAX)));
        counted.filter(|(_, n)| *n >= n_texts_min).collect()
    }
}
