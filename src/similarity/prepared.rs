//! A text made ready to be compared with others: its own words, their hashes and shingles.

use std::ops::Range;

use crate::text::{Normal, ReadAs};

use super::{
    alignment::{Alignment, HashedWords, extended},
    boilerplate::Boilerplate,
    frequency::Frequencies,
    overlap::Overlap,
    params::{
        ALIKE_SHARE_MIN_CLEAN, ALIKE_SHARE_MIN_SCANNED, CLEAN_ALIKE_SHARE_MAX,
        MISREAD_WEIGHT_TIMES_MAX, OTHER_NUMBER_COST, OTHER_WORD_COST_CLEAN,
        OTHER_WORD_COST_SCANNED, PASSAGE_WEIGHT_MIN, RESEMBLANCE_SURE, SCANNED_ALIKE_SHARE_MIN,
        SEEDS_WEIGHT_MIN, SHORT_EQUAL_SHARE_MIN, SHORT_LINE_WORDS,
    },
    passages::{self, Passage, Seeds},
    shingles::{self, Shingles},
    short::{self, ShortWord},
    words::{placed_words, text_of, words},
};

/// A text made ready to be compared with others.
pub struct Prepared {
    /// The words, without boilerplate, one after the other, and where each of them ends.
    text: String,
    ends: Box<[u32]>,
    /// Of a short text, which words are written with a capital.
    capitals: Vec<bool>,
    /// A hash of each.
    hashes: Box<[u64]>,
    seeds: Seeds,
    /// The full set of shingles, for exact numbers.
    shingles: Shingles,
}

/// What two texts have in common, each without its boilerplate.
#[derive(Debug, Clone, Default)]
pub struct TextOverlap {
    /// Shingles in both and in each alone.
    pub overlap: Overlap,
    /// The share of the first text's words that lies in passages of both which count.
    pub a_in_b: f64,
    /// The same share of the second text's words.
    pub b_in_a: f64,
    /// The share of the shorter text's words.
    pub copied: f64,
}

/// Makes a text ready; none when the content is no text, or has no words.
pub fn prepare(bytes: &[u8], read_as: ReadAs, boilerplate: &Boilerplate) -> Option<Prepared> {
    let text = text_of(bytes, read_as)?;
    let own = match boilerplate.is_empty() {
        true => text,
        false => boilerplate.own_text(text),
    };
    let normal = Normal::of(&own);
    let words = words(&normal);
    if words.ends.is_empty() {
        return None;
    }
    let capitals = match words.ends.len() < SHORT_LINE_WORDS {
        true => capitals(&own),
        false => Vec::new(),
    };
    let hashes: Box<[u64]> = shingles::word_hashes(words).into();
    let shingles = Shingles::of(words);
    let text = String::from_utf8_lossy(words.bytes).into_owned();
    // A text that is compared is shorter than 4 GiB.
    let ends = words.ends.iter().map(|end| *end as u32).collect();
    let seeds = Seeds::of(&hashes);
    Some(Prepared { text, ends, capitals, hashes, seeds, shingles })
}

impl Prepared {
    /// Compares two texts; it does not matter which of them is asked.
    pub fn compared_to(&self, other: &Self, frequencies: &Frequencies) -> TextOverlap {
        let is_swapped = self.is_after(other);
        let (shorter, longer) = if is_swapped { (other, self) } else { (self, other) };
        let overlap = self.shingles.overlap(&other.shingles);
        let (of_shorter, of_longer) = match overlap.shared {
            0 => (0.0, 0.0),
            _ if self.hashes == other.hashes => (1.0, 1.0),
            _ => shorter.shares_with(longer, overlap.resemblance(), frequencies),
        };
        let (a_in_b, b_in_a) =
            if is_swapped { (of_longer, of_shorter) } else { (of_shorter, of_longer) };
        TextOverlap { overlap, a_in_b, b_in_a, copied: of_shorter }
    }

    /// The passages of two near-duplicates, in the order of the first text.
    pub fn passages_with(&self, other: &Self, frequencies: &Frequencies) -> Vec<Passage> {
        let is_swapped = self.is_after(other);
        let (shorter, longer) = if is_swapped { (other, self) } else { (self, other) };
        let are_lines = longer.hashes.len() < SHORT_LINE_WORDS;
        let resemblance = self.shingles.overlap(&other.shingles).resemblance();
        let mut passages = match shorter.shares_with(longer, resemblance, frequencies) {
            _ if self.hashes == other.hashes || are_lines => {
                passages::shared(&shorter.seeds, &longer.seeds, |_, _| 0.0, 0.0)
            }
            (0.0, _) => Vec::new(),
            _ => shorter.passages(longer, resemblance, frequencies),
        };
        if is_swapped {
            passages.iter_mut().for_each(|it| std::mem::swap(&mut it.a, &mut it.b));
        }
        passages.sort_by_key(|it| (it.a.start, it.b.start, it.a.end));
        passages
    }

    /// Whether the other text comes first: it must not matter which of them is asked about.
    fn is_after(&self, other: &Self) -> bool {
        (other.hashes.len(), &other.hashes) < (self.hashes.len(), &self.hashes)
    }

    /// The shares of the words of each that lie in passages which count; `self` is the shorter.
    fn shares_with(&self, other: &Self, resemblance: f64, frequencies: &Frequencies) -> (f64, f64) {
        let (n_a, n_b) = (self.hashes.len() as f64, other.hashes.len() as f64);
        if other.hashes.len() < SHORT_LINE_WORDS {
            let n_common = short::n_in_common(&self.short_words(), &other.short_words());
            let n_common = n_common.unwrap_or(0) as f64;
            return (n_common / n_a, n_common / n_b);
        }
        let passages = self.passages(other, resemblance, frequencies);
        let share = |stretch: fn(&Passage) -> Range<usize>, n_words: f64| {
            let covered = passages::union(passages.iter().map(stretch));
            covered.iter().map(Range::len).sum::<usize>() as f64 / n_words
        };
        let (of_self, of_other) = (share(|it| it.a.clone(), n_a), share(|it| it.b.clone(), n_b));
        let is_short = self.hashes.len() < SHORT_LINE_WORDS;
        match is_short && of_self < SHORT_EQUAL_SHARE_MIN {
            true => (0.0, 0.0),
            false => (of_self, of_other),
        }
    }

    /// The passages that count: of texts that are nearly all the same, all of them.
    fn passages(&self, other: &Self, resemblance: f64, frequencies: &Frequencies) -> Vec<Passage> {
        let weigh = |pair, n_both| frequencies.weight(pair, n_both);
        let is_sure = resemblance >= RESEMBLANCE_SURE;
        let weight_min = if is_sure { 0.0 } else { SEEDS_WEIGHT_MIN };
        let passages = passages::shared(&self.seeds, &other.seeds, weigh, weight_min);
        if is_sure || passages.is_empty() {
            return passages;
        }
        let (a, b) = (self.hashed_words(), other.hashed_words());
        let aligned: Vec<(Passage, Alignment)> = passages
            .into_iter()
            .map(|passage| {
                let alignment = Alignment::of(a, b, &passage, frequencies);
                (passage, alignment)
            })
            .collect();
        let strictness = Strictness::of(aligned.iter().map(|(_, alignment)| alignment));
        let is_short = self.hashes.len() < SHORT_LINE_WORDS;
        let mut counted = Vec::new();
        for (passage, alignment) in aligned {
            if !strictness.admits(&passage, &alignment) || is_short && alignment.n_other() > 0 {
                continue;
            }
            match strictness.is_clean() {
                true => counted.extend(alignment.telling_runs()),
                false => counted.push(extended(a, b, &passage, frequencies)),
            }
        }
        counted
    }

    fn short_words(&self) -> Vec<ShortWord<'_>> {
        let words = self.hashed_words();
        let short = |(at, is_capital): (usize, &bool)| ShortWord {
            word: words.word(at),
            is_capital: *is_capital,
        };
        self.capitals.iter().take(self.ends.len()).enumerate().map(short).collect()
    }

    fn hashed_words(&self) -> HashedWords<'_> {
        HashedWords { text: &self.text, ends: &self.ends, hashes: &self.hashes }
    }

    /// About the bytes it takes.
    pub fn n_bytes(&self) -> usize {
        self.text.len() + 24 * self.ends.len() + 8 * self.shingles.hashes().len() + 256
    }
}

/// Which words of a text are written with a capital.
fn capitals(text: &str) -> Vec<bool> {
    let is_capital = |place: Range<usize>| {
        text[place].chars().find(|one| one.is_alphanumeric()).is_some_and(char::is_uppercase)
    };
    placed_words(text).1.into_iter().map(is_capital).collect()
}

/// How much of a passage must be the same in both texts: less in scans than in clean texts.
///
/// A scan shows by what differs: a word that was read wrongly looks like what it was, and is none that
/// others use.
struct Strictness {
    /// Of the words that are not the same, the share that looks alike.
    alike_share: f64,
}

impl Strictness {
    fn of<'a>(alignments: impl Iterator<Item = &'a Alignment>) -> Self {
        let (mut n_alike, mut n_differ) = (0, 0);
        for alignment in alignments {
            n_alike += alignment.n_alike;
            n_differ += alignment.n_words.saturating_sub(alignment.n_same);
        }
        Self { alike_share: n_alike as f64 / n_differ.max(1) as f64 }
    }

    fn is_clean(&self) -> bool {
        self.alike_share < CLEAN_ALIKE_SHARE_MAX
    }

    /// Whether enough of a passage is the same.
    fn admits(&self, passage: &Passage, alignment: &Alignment) -> bool {
        // 1 for clean texts, 0 for scans.
        let cleanness = (1.0 - self.alike_share / SCANNED_ALIKE_SHARE_MIN).max(0.0);
        let between = |clean: f64, scanned: f64| scanned + (clean - scanned) * cleanness;
        let cost = between(OTHER_WORD_COST_CLEAN, OTHER_WORD_COST_SCANNED);
        let share_min = between(ALIKE_SHARE_MIN_CLEAN, ALIKE_SHARE_MIN_SCANNED);
        let n_alike = (alignment.n_same + alignment.n_alike) as f64;
        // Of a pair both words must have been read rightly: so many more there were.
        let times = match self.is_clean() {
            true => 1.0,
            false => (n_alike / alignment.n_same.max(1) as f64).powi(2),
        };
        let weight = passage.weight * times.min(MISREAD_WEIGHT_TIMES_MAX);
        let cost = cost * alignment.n_other() as f64
            + OTHER_NUMBER_COST * alignment.n_other_numbers as f64;
        weight - cost >= PASSAGE_WEIGHT_MIN && n_alike >= alignment.n_words as f64 * share_min
    }
}
