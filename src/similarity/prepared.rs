//! A text made ready to be compared with others: its own words, their hashes and shingles.

use std::{cmp::Reverse, collections::HashSet, ops::Range};

use crate::text::{Normal, ReadAs};

use super::{
    alignment::{Alignment, HashedWords, SameWords, extended, same_words, same_words_to_the_ends},
    boilerplate::Boilerplate,
    frequency::Frequencies,
    overlap::Overlap,
    params::{
        ALIKE_SHARE_MIN_CLEAN, ALIKE_SHARE_MIN_SCANNED, CLEAN_ALIKE_SHARE_MAX,
        COMMON_PASSAGE_SHARE_MIN, COMMON_PASSAGE_WORDS_MIN, MISREAD_WEIGHT_TIMES_MAX,
        OTHER_NUMBER_COST, OTHER_WORD_COST_CLEAN, OTHER_WORD_COST_SCANNED, PASSAGE_WEIGHT_MIN,
        RESEMBLANCE_SURE, SCAN_ALIKE_SHARE_SURE, SCAN_ALIKE_WORDS_MIN, SCAN_MISREAD_WORDS_MIN,
        SCANNED_ALIKE_SHARE_MIN, SEEDS_WEIGHT_MIN, SHORT_EQUAL_SHARE_MIN, SHORT_LINE_WORDS,
    },
    passages::{self, Passage, Seeds},
    scripts::{weight_share, words_per_unit},
    shingles::{self, Shingles},
    short::{self, Lettering, ShortWord, common_hashes},
    words::{text_of, words},
};

/// A text made ready to be compared with others.
pub struct Prepared {
    /// The words, without boilerplate, one after the other, and where each of them ends.
    text: String,
    ends: Box<[u32]>,
    /// How many words of a script with spaces each of these amounts to.
    words_per_unit: f64,
    /// Of a short text, how each word is written.
    letterings: Vec<Lettering>,
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
    /// The share of the shorter text's words that counts: see [`Prepared::compared_to`].
    pub counted: f64,
}

/// What of each of two texts stands in the other: the share of its words that are the same, one after the
/// other, in passages of both.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Containment {
    /// Of the first text.
    pub a_in_b: f64,
    /// Of the second text.
    pub b_in_a: f64,
    /// Of the shorter one.
    pub of_shorter: f64,
}

/// A passage of two texts of which a good part is the same. Positions count words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonPassage {
    /// In the first text.
    pub a: Range<usize>,
    /// In the second text.
    pub b: Range<usize>,
    /// The words that are the same, rising in both texts.
    pub same: Vec<SameWords>,
}

impl CommonPassage {
    /// From the first word that is the same to the last one.
    fn of(same: Vec<SameWords>) -> Option<Self> {
        let (first, last) = (same.first()?, same.last()?);
        let (a, b) = (first.a..last.in_a().end, first.b..last.in_b().end);
        Some(Self { a, b, same })
    }

    /// How many words are the same.
    pub fn n_same(&self) -> usize {
        self.same.iter().map(|same| same.n).sum()
    }

    fn is_the_same_for_a_good_part(&self, n_same_min: usize) -> bool {
        let n_words = self.a.len().max(self.b.len());
        let n_same = self.n_same();
        n_same >= n_same_min && n_same as f64 >= n_words as f64 * COMMON_PASSAGE_SHARE_MIN
    }

    /// Seen from the other text.
    fn swap(&mut self) {
        std::mem::swap(&mut self.a, &mut self.b);
        self.same.iter_mut().for_each(|same| std::mem::swap(&mut same.a, &mut same.b));
    }
}

/// The passages that two texts share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommonPassages {
    /// In the order of the first text. What one of the texts repeats stands in several of them.
    pub all: Vec<CommonPassage>,
    /// Words of each that are the same, at least.
    n_same_min: usize,
}

impl CommonPassages {
    /// The longest first, each word of either text in one of them alone; what is left of others are the parts
    /// that would be passages by themselves.
    pub fn each_once(&self) -> Vec<CommonPassage> {
        let mut longest_first: Vec<&CommonPassage> = self.all.iter().collect();
        longest_first.sort_by_key(|it| (Reverse(it.n_same()), it.a.start, it.b.start));
        let (mut taken_a, mut taken_b) = (HashSet::new(), HashSet::new());
        let mut parts = Vec::new();
        for passage in longest_first {
            let places: Vec<(usize, usize)> =
                passage.same.iter().flat_map(|same| same.in_a().zip(same.in_b())).collect();
            let is_free =
                |(at, other): &(usize, usize)| !taken_a.contains(at) && !taken_b.contains(other);
            let of_one = |x: &(usize, usize), y: &(usize, usize)| is_free(x) == is_free(y);
            let free = places.chunk_by(of_one).filter(|part| is_free(&part[0]));
            let left = free.filter_map(|part| CommonPassage::of(SameWords::joined(part)));
            let left: Vec<CommonPassage> =
                left.filter(|it| it.is_the_same_for_a_good_part(self.n_same_min)).collect();
            for (at, other) in left
                .iter()
                .flat_map(|it| it.same.iter())
                .flat_map(|same| same.in_a().zip(same.in_b()))
            {
                taken_a.insert(at);
                taken_b.insert(other);
            }
            parts.extend(left);
        }
        parts
    }
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
    let packed = String::from_utf8_lossy(words.bytes);
    let words_per_unit = words_per_unit(&packed, words.ends);
    let letterings = match is_short(words.ends.len(), words_per_unit) {
        true => short::letterings(&own),
        false => Vec::new(),
    };
    let hashes: Box<[u64]> = shingles::word_hashes(words).into();
    let shingles = Shingles::of(words);
    let text = packed.into_owned();
    // A text that is compared is shorter than 4 GiB.
    let ends = words.ends.iter().map(|end| *end as u32).collect();
    let seeds = Seeds::of(&hashes);
    Some(Prepared { text, ends, words_per_unit, letterings, hashes, seeds, shingles })
}

impl Prepared {
    /// Compares two texts; it does not matter which of them is asked.
    ///
    /// Of the shorter one those words count that are the same in passages which weigh enough; of a scan, all in
    /// such passages, as most that differ were misread.
    pub fn compared_to(&self, other: &Self, frequencies: &Frequencies) -> TextOverlap {
        let overlap = self.shingles.overlap(&other.shingles);
        let (shorter, longer, _) = self.in_order(other);
        let counted = match overlap.shared {
            0 => 0.0,
            _ if self.hashes == other.hashes => 1.0,
            _ => shorter.counted(longer, overlap.resemblance(), frequencies),
        };
        TextOverlap { overlap, counted }
    }

    /// What of each text stands in the other.
    pub fn containment(&self, other: &Self) -> Containment {
        let passages = self.passages_with(other).all;
        let share = |stretch: fn(&SameWords) -> Range<usize>, text: &Self| {
            n_words_in(passages.iter().flat_map(|it| it.same.iter().map(stretch)))
                / text.hashes.len() as f64
        };
        let (a_in_b, b_in_a) = (share(SameWords::in_a, self), share(SameWords::in_b, other));
        let of_shorter = if self.is_after(other) { b_in_a } else { a_in_b };
        Containment { a_in_b, b_in_a, of_shorter }
    }

    /// The passages that two texts share, in the order of the first one.
    ///
    /// They are facts of the two texts: how common their words are, or how many of them count, does not matter.
    pub fn passages_with(&self, other: &Self) -> CommonPassages {
        let (shorter, longer, is_swapped) = self.in_order(other);
        let mut all = shorter.common_passages(longer);
        if is_swapped {
            all.iter_mut().for_each(CommonPassage::swap);
        }
        all.sort_by_key(|it| (it.a.start, it.b.start, it.a.end));
        let are_whole = longer.is_short() || self.hashes == other.hashes;
        let n_same_min = if are_whole { 1 } else { shorter.n_units(COMMON_PASSAGE_WORDS_MIN) };
        CommonPassages { all, n_same_min }
    }

    /// Whether the other text comes first: it must not matter which of them is asked about.
    fn is_after(&self, other: &Self) -> bool {
        (other.hashes.len(), &other.hashes) < (self.hashes.len(), &self.hashes)
    }

    /// The shorter and the longer of the two, and whether the other one is the shorter.
    fn in_order<'a>(&'a self, other: &'a Self) -> (&'a Self, &'a Self, bool) {
        match self.is_after(other) {
            true => (other, self, true),
            false => (self, other, false),
        }
    }

    /// The passages that it shares with a longer text.
    fn common_passages(&self, longer: &Self) -> Vec<CommonPassage> {
        let n = self.hashes.len();
        if self.hashes == longer.hashes {
            return vec![CommonPassage {
                a: 0..n,
                b: 0..n,
                same: vec![SameWords { a: 0, b: 0, n }],
            }];
        }
        if longer.is_short() {
            let common = common_hashes(&self.hashes, &longer.hashes);
            return CommonPassage::of(SameWords::joined(&common)).into_iter().collect();
        }
        let found = passages::shared(&self.seeds, &longer.seeds, |_, _| 0.0, 0.0);
        let all = found.all.iter().filter_map(|it| {
            let (a, b) = (&self.hashes, &longer.hashes);
            CommonPassage::of(same_words_to_the_ends(a, b, it, &found.seeds_of(it)))
        });
        let n_same_min = self.n_units(COMMON_PASSAGE_WORDS_MIN);
        all.filter(|it| it.is_the_same_for_a_good_part(n_same_min)).collect()
    }

    /// The share of its words that counts, as they stand in a longer text.
    fn counted(&self, longer: &Self, resemblance: f64, frequencies: &Frequencies) -> f64 {
        if longer.is_short() {
            let (mine, its) = (self.short_words(), longer.short_words());
            let is_low = |word: &ShortWord| frequencies.writes_low(word.hash);
            let n_common = short::n_in_common(&mine, &its, is_low).unwrap_or(0);
            return n_common as f64 / mine.len() as f64;
        }
        let n_words = self.hashes.len() as f64;
        let stretches = match resemblance >= RESEMBLANCE_SURE {
            true => {
                let all = self.common_passages(longer).into_iter().flat_map(|it| it.same);
                all.map(|same| same.in_a()).collect()
            }
            false => self.counted_stretches(longer, frequencies),
        };
        let counted = n_words_in(stretches.into_iter()) / n_words;
        if self.is_short() && counted < SHORT_EQUAL_SHARE_MIN { 0.0 } else { counted }
    }

    /// Which of its words count, as they stand in a longer text.
    fn counted_stretches(&self, longer: &Self, frequencies: &Frequencies) -> Vec<Range<usize>> {
        let per_unit = self.words_per_unit;
        let weigh = |pair, n_both| weight_share(per_unit) * frequencies.weight(pair, n_both);
        let found = passages::shared(&self.seeds, &longer.seeds, weigh, SEEDS_WEIGHT_MIN);
        let (a, b) = (self.hashed_words(), longer.hashed_words());
        let align = |passage: &Passage| {
            let same = same_words(a.hashes, b.hashes, passage, &found.seeds_of(passage));
            Alignment::of(a, b, passage, same, (frequencies, per_unit))
        };
        let aligned: Vec<Alignment> = found.all.iter().map(align).collect();
        let strictness = Strictness::of(&aligned);
        let mut counted = Vec::new();
        for (passage, alignment) in found.all.iter().zip(&aligned) {
            if !strictness.admits(passage, alignment) {
                continue;
            }
            match strictness.is_clean() {
                true => counted.extend(alignment.telling_words(passage)),
                // What differs in a line is most of what it says.
                false if self.is_short() && alignment.n_other() > 0.0 => {}
                false if strictness.n_misread < SCAN_MISREAD_WORDS_MIN => {
                    counted.extend(alignment.alike_words());
                }
                false => counted.push(extended(
                    a,
                    b,
                    (passage.a.clone(), passage.b.clone()),
                    frequencies,
                )),
            }
        }
        counted
    }

    fn is_short(&self) -> bool {
        is_short(self.hashes.len(), self.words_per_unit)
    }

    /// How many of its words in normal form amount to so many words of a script with spaces.
    fn n_units(&self, n_words: usize) -> usize {
        (n_words as f64 / self.words_per_unit).round() as usize
    }

    /// Its words; where they are overlapping pairs of characters, these.
    fn short_words(&self) -> Vec<ShortWord<'_>> {
        let words = self.hashed_words();
        let mut all: Vec<ShortWord> = Vec::with_capacity(self.ends.len());
        let mut last_in_pair = "";
        for (at, lettering) in self.letterings.iter().take(self.ends.len()).enumerate() {
            let (word, hash) = (words.word(at), self.hashes[at]);
            if *lettering != Lettering::Cut {
                last_in_pair = "";
                all.push(ShortWord { word, lettering: *lettering, hash });
                continue;
            }
            let n_first = word.chars().next().map_or(0, char::len_utf8);
            let (first, rest) = word.split_at(n_first);
            for word in [first, rest] {
                if word != last_in_pair && !word.is_empty() {
                    all.push(ShortWord { word, lettering: *lettering, hash });
                }
                last_in_pair = "";
            }
            last_in_pair = rest;
        }
        all
    }

    fn hashed_words(&self) -> HashedWords<'_> {
        HashedWords { text: &self.text, ends: &self.ends, hashes: &self.hashes }
    }

    /// About the bytes it takes.
    pub fn n_bytes(&self) -> usize {
        self.text.len() + 24 * self.ends.len() + 8 * self.shingles.hashes().len() + 256
    }
}

/// How many words some stretches have, each counted once.
fn n_words_in(stretches: impl Iterator<Item = Range<usize>>) -> f64 {
    passages::union(stretches).iter().map(Range::len).sum::<usize>() as f64
}

/// Whether so many words in normal form, each of which amounts to so much of a word, are a line or two.
fn is_short(n_units: usize, words_per_unit: f64) -> bool {
    (n_units as f64 * words_per_unit) < SHORT_LINE_WORDS as f64
}

/// How much of a passage must be the same in both texts: less in scans than in clean texts.
///
/// A scan shows by what differs: a word that was read wrongly looks like what it was, and is none that
/// others use.
struct Strictness {
    /// Of the words that are not the same, the share that looks alike; none where hardly one was misread.
    alike_share: f64,
    n_misread: usize,
}

impl Strictness {
    fn of(alignments: &[Alignment]) -> Self {
        let (mut n_alike, mut n_misread, mut n_differ) = (0, 0, 0);
        for alignment in alignments {
            n_alike += alignment.n_alike;
            n_misread += alignment.n_misread;
            n_differ += alignment.n_words.saturating_sub(alignment.n_same);
        }
        let share = n_alike as f64 / n_differ.max(1) as f64;
        let is_scan = n_misread >= SCAN_MISREAD_WORDS_MIN
            || n_misread > 0 && (n_alike >= SCAN_ALIKE_WORDS_MIN || share >= SCAN_ALIKE_SHARE_SURE);
        Self { alike_share: if is_scan { share } else { 0.0 }, n_misread }
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
        let cost =
            cost * alignment.n_other() + OTHER_NUMBER_COST * alignment.n_other_numbers as f64;
        weight - cost >= PASSAGE_WEIGHT_MIN && n_alike >= alignment.n_words as f64 * share_min
    }
}
