//! Alignments: the words of a passage beside each other, and which of them are the same.
//!
//! A scanned word looks like what it was, and is no word that others use. Where a report from the same
//! form has another name or number, nothing looks alike.

use std::ops::Range;

use super::{
    frequency::Frequencies,
    misread::{is_ending, is_misread, is_number, is_within_edits},
    params::{
        EXTENSION_OTHER_WORDS, EXTENSION_WORDS_MAX, MELTED_EDITS_MAX, MISREAD_GAP_EDITS_MAX,
        OTHER_WORD_COST_CLEAN, PASSAGE_DRIFT_WORDS_MAX, PASSAGE_GAP_WORDS_MAX, RUN_WEIGHT_MIN,
        RUN_WORDS_MIN, RUN_WORDS_MIN_OTHER_NUMBERS, SEED_WORDS, WHOLE_NUMBER_COST,
        WHOLE_SAME_SHARE_MIN, WHOLE_WEIGHT_MIN,
    },
    passages::{Passage, pair_hash},
    scripts::weight_share,
};

/// A text as its words and their hashes.
#[derive(Debug, Clone, Copy)]
pub struct HashedWords<'a> {
    /// The words, one after the other.
    pub text: &'a str,
    /// Where each of them ends.
    pub ends: &'a [u32],
    /// A hash of each.
    pub hashes: &'a [u64],
}

impl<'a> HashedWords<'a> {
    /// One of the words, counted from 0.
    pub fn word(&self, at: usize) -> &'a str {
        &self.text[self.start(at)..self.ends[at] as usize]
    }

    fn start(&self, at: usize) -> usize {
        if at == 0 { 0 } else { self.ends[at - 1] as usize }
    }

    /// Some of the words in a row, without what stands between them.
    fn words(&self, stretch: Range<usize>) -> &'a str {
        match stretch.end.checked_sub(1) {
            Some(last) if stretch.start <= last => {
                &self.text[self.start(stretch.start)..self.ends[last] as usize]
            }
            _ => "",
        }
    }
}

/// Words that are the same in both texts, one after the other, from a place on in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SameWords {
    /// Where they begin in the first text.
    pub a: usize,
    /// Where they begin in the second text.
    pub b: usize,
    /// How many they are.
    pub n: usize,
}

impl SameWords {
    /// Words given by their places, rising in both texts.
    pub fn joined(places: &[(usize, usize)]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (a, b) in places.iter().copied() {
            match all.last_mut() {
                Some(last) if (last.in_a().end, last.in_b().end) == (a, b) => last.n += 1,
                _ => all.push(Self { a, b, n: 1 }),
            }
        }
        all
    }

    /// Where they stand in the first text.
    pub fn in_a(&self) -> Range<usize> {
        self.a..self.a + self.n
    }

    /// Where they stand in the second text.
    pub fn in_b(&self) -> Range<usize> {
        self.b..self.b + self.n
    }
}

/// The words of a passage that are the same: its seeds, given by their places, and what is the same between
/// them.
pub fn same_words(
    a: &[u64],
    b: &[u64],
    passage: &Passage,
    seeds: &[(usize, usize)],
) -> Vec<SameWords> {
    SameWords::joined(&same_places(a, b, (passage.a.start, passage.b.start), seeds))
}

/// The same, with the single words at both ends, which no seed has.
pub fn same_words_to_the_ends(
    a: &[u64],
    b: &[u64],
    passage: &Passage,
    seeds: &[(usize, usize)],
) -> Vec<SameWords> {
    let (start, end) = ((passage.a.start, passage.b.start), (passage.a.end, passage.b.end));
    let back = words_on(start, |x, y| a[start.0 - 1 - x] == b[start.1 - 1 - y]);
    let left = (a.len() - end.0, b.len() - end.1);
    let on = words_on(left, |x, y| a[end.0 + x] == b[end.1 + y]);
    let mut places: Vec<(usize, usize)> =
        back.into_iter().rev().map(|(x, y)| (start.0 - 1 - x, start.1 - 1 - y)).collect();
    places.extend(same_places(a, b, start, seeds));
    places.extend(on.into_iter().map(|(x, y)| (end.0 + x, end.1 + y)));
    SameWords::joined(&places)
}

fn same_places(
    a: &[u64],
    b: &[u64],
    (mut at, mut other): (usize, usize),
    seeds: &[(usize, usize)],
) -> Vec<(usize, usize)> {
    let mut places = Vec::with_capacity(SEED_WORDS * seeds.len());
    let words = seeds.iter().flat_map(|(x, y)| (0..SEED_WORDS).map(move |n| (x + n, y + n)));
    for (x, y) in words {
        // Of two seeds that follow each other the second one's first word is the first one's last.
        if x < at || y < other {
            continue;
        }
        while (at, other) != (x, y) {
            let (n_a, n_b) = until_same(&a[at..x], &b[other..y]);
            (at, other) = (at + n_a, other + n_b);
            if at < x && other < y {
                places.push((at, other));
                (at, other) = (at + 1, other + 1);
            }
        }
        places.push((x, y));
        (at, other) = (x + 1, y + 1);
    }
    places
}

/// The words of a passage beside each other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alignment {
    /// Words of the passage in that text in which it is longer.
    pub n_words: usize,
    /// Words that are the same in both.
    pub n_same: usize,
    /// Words that look alike in both, without being the same.
    pub n_alike: usize,
    /// Those among them that are no endings, and no words written as one: what only scanners do.
    pub n_misread: usize,
    /// Places at which the texts have different numbers.
    pub n_other_numbers: usize,
    /// How many words of a script with spaces each of these amounts to.
    words_per_unit: f64,
    /// The words that are the same, rising in both texts.
    same: Vec<SameWords>,
    /// Stretches of the first text in which each word is the same or looks alike; what their pairs of words weigh
    /// together, where they may be long enough.
    runs: Vec<(Range<usize>, f64)>,
}

impl Alignment {
    /// Lays the words of a passage beside each other, given those that are the same.
    pub fn of(
        a: HashedWords,
        b: HashedWords,
        passage: &Passage,
        same: Vec<SameWords>,
        (known, words_per_unit): (&Frequencies, f64),
    ) -> Self {
        let n_words = passage.a.len().max(passage.b.len());
        let n_same = same.iter().map(|same| same.n).sum();
        let mut alignment = Self { n_words, n_same, words_per_unit, ..Self::default() };
        let (mut at, mut other, mut run) = (passage.a.start, passage.b.start, passage.a.start);
        let end = SameWords { a: passage.a.end, b: passage.b.end, n: 0 };
        for next in same.iter().chain([&end]) {
            let (in_a, in_b) = (at..next.a, other..next.b);
            let n_other = in_a.len().max(in_b.len());
            let Alike { n_alike, n_misread } =
                Alike::of((a, in_a.clone()), (b, in_b.clone()), known);
            alignment.n_alike += n_alike;
            alignment.n_misread += n_misread;
            alignment.n_other_numbers += n_numbers(&a, in_a).min(n_numbers(&b, in_b));
            if n_alike < n_other {
                alignment.end_run(a, run..at, known);
                run = next.a;
            }
            (at, other) = (next.in_a().end, next.in_b().end);
        }
        alignment.end_run(a, run..at, known);
        Self { same, ..alignment }
    }

    /// The words that differ altogether.
    pub fn n_other(&self) -> f64 {
        let n_units = self.n_words.saturating_sub(self.n_same + self.n_alike);
        n_units as f64 * self.words_per_unit
    }

    /// Whether some words in normal form amount to so many of a script with spaces.
    fn are_words(&self, n_units: usize, n_words_min: usize) -> bool {
        n_units as f64 * self.words_per_unit >= n_words_min as f64
    }

    /// Which words of the first text say that one of two clean texts was copied: all that are the same, if these
    /// are nearly all of the passage; else those in runs that are long enough, and not of common words.
    pub fn telling_words(&self, passage: &Passage) -> impl Iterator<Item = Range<usize>> {
        let is_whole = self.is_whole(passage);
        let n_words_min = match self.n_other_numbers {
            0 => RUN_WORDS_MIN,
            _ => RUN_WORDS_MIN_OTHER_NUMBERS,
        };
        let is_telling = |(run, weight): &&(Range<usize>, f64)| {
            self.are_words(run.len(), n_words_min) && *weight >= RUN_WEIGHT_MIN
        };
        let telling: Vec<&Range<usize>> =
            self.runs.iter().filter(is_telling).map(|(run, _)| run).collect();
        let is_told = move |same: &&SameWords| {
            let next = telling.partition_point(|run| run.end <= same.a);
            is_whole || telling.get(next).is_some_and(|run| run.start <= same.a)
        };
        self.same.iter().filter(is_told).map(SameWords::in_a)
    }

    /// Which words of the first text are the same or look alike.
    pub fn alike_words(&self) -> impl Iterator<Item = Range<usize>> {
        self.runs.iter().map(|(run, _)| run.clone())
    }

    /// Whether so much of a passage is the same that what differs does not matter.
    fn is_whole(&self, passage: &Passage) -> bool {
        let cost = OTHER_WORD_COST_CLEAN * self.n_other()
            + WHOLE_NUMBER_COST * self.n_other_numbers as f64;
        let n_same_min = self.n_words as f64 * WHOLE_SAME_SHARE_MIN;
        passage.weight - cost >= WHOLE_WEIGHT_MIN && self.n_same as f64 >= n_same_min
    }

    fn end_run(&mut self, text: HashedWords, run: Range<usize>, known: &Frequencies) {
        let weight = match self.are_words(run.len(), RUN_WORDS_MIN) {
            true => {
                let pairs = text.hashes[run.clone()].windows(SEED_WORDS);
                let weight: f64 = pairs.map(|pair| known.weight(pair_hash(pair), 1)).sum();
                weight * weight_share(self.words_per_unit)
            }
            false => 0.0,
        };
        self.runs.push((run, weight));
    }
}

/// How many words of a stretch are numbers.
fn n_numbers(text: &HashedWords, stretch: Range<usize>) -> usize {
    stretch.filter(|at| is_number(text.word(*at))).count()
}

/// Whether a word of one text may have been read for one of the other: it looks like it, and not both are
/// words that others use.
fn is_read_for(
    (a, x): (HashedWords, usize),
    (b, y): (HashedWords, usize),
    known: &Frequencies,
) -> bool {
    let are_known = known.knows(a.hashes[x]) && known.knows(b.hashes[y]);
    !are_known && is_misread(a.word(x), b.word(y))
}

/// How many words of two stretches, which have none in common in its place, look alike.
#[derive(Debug, Clone, Copy)]
struct Alike {
    n_alike: usize,
    /// As people do not write them.
    n_misread: usize,
}

impl Alike {
    /// Each word beside the other, or all of them, where words melted together or fell apart.
    fn of(
        (a, in_a): (HashedWords, Range<usize>),
        (b, in_b): (HashedWords, Range<usize>),
        known: &Frequencies,
    ) -> Self {
        let (mut n_alike, mut n_misread) = (0, 0);
        for (x, y) in in_a.clone().zip(in_b.clone()) {
            if is_read_for((a, x), (b, y), known) {
                n_alike += 1;
                n_misread += usize::from(!is_ending(a.word(x), b.word(y)));
            }
        }
        let n_longer = in_a.len().max(in_b.len());
        if n_alike == n_longer || in_a.is_empty() || in_b.is_empty() {
            return Self { n_alike, n_misread };
        }
        let has_number = n_numbers(&a, in_a.clone()) + n_numbers(&b, in_b.clone()) > 0;
        let are_known = || {
            in_a.clone().all(|at| known.knows(a.hashes[at]))
                && in_b.clone().all(|at| known.knows(b.hashes[at]))
        };
        let (x, y) = (a.words(in_a.clone()), b.words(in_b.clone()));
        let are_one = || is_within_edits(x, y, MISREAD_GAP_EDITS_MAX);
        let is_melted = || x != y && is_within_edits(x, y, MELTED_EDITS_MAX);
        match !has_number && !are_known() && are_one() {
            true => Self { n_alike: n_longer, n_misread: n_misread.max(usize::from(is_melted())) },
            false => Self { n_alike, n_misread },
        }
    }
}

/// Where a scanned passage stands in the first text, given its places in both, with what goes on at both ends: where hardly a pair of
/// words was read rightly there are no seeds, yet words that look alike.
pub fn extended(
    a: HashedWords,
    b: HashedWords,
    (in_a, in_b): (Range<usize>, Range<usize>),
    known: &Frequencies,
) -> Range<usize> {
    let is_alike =
        |x: usize, y: usize| a.hashes[x] == b.hashes[y] || is_read_for((a, x), (b, y), known);
    let (start, end) = ((in_a.start, in_b.start), (in_a.end, in_b.end));
    let back = words_on(start, |x, y| is_alike(start.0 - 1 - x, start.1 - 1 - y));
    let left = (a.hashes.len() - end.0, b.hashes.len() - end.1);
    let on = words_on(left, |x, y| is_alike(end.0 + x, end.1 + y));
    let reach = |places: &[(usize, usize)]| places.last().map_or(0, |(x, _)| x + 1);
    start.0 - reach(&back)..end.0 + reach(&on)
}

/// The words of two stretches, so long, that belong to each other from their beginning on; one between may be
/// missing in the other.
fn words_on(n_words: (usize, usize), belong: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    let (n_a, n_b) = (n_words.0.min(EXTENSION_WORDS_MAX), n_words.1.min(EXTENSION_WORDS_MAX));
    let (mut at, mut other, mut n_differ, mut places) = (0, 0, 0, Vec::new());
    while n_differ < EXTENSION_OTHER_WORDS {
        let goes_on =
            |(x, y): &(usize, usize)| at + x < n_a && other + y < n_b && belong(at + x, other + y);
        if let Some((x, y)) = [(0, 0), (1, 0), (0, 1)].into_iter().find(goes_on) {
            places.push((at + x, other + y));
            (at, other, n_differ) = (at + x + 1, other + y + 1, 0);
        } else {
            (at, other, n_differ) = (at + 1, other + 1, n_differ + 1);
        }
    }
    places
}

/// How many words must be passed over in each of two stretches until both go on with the same word;
/// their lengths when that is not to be expected.
fn until_same(a: &[u64], b: &[u64]) -> (usize, usize) {
    for sum in 0..2 * (PASSAGE_GAP_WORDS_MAX + PASSAGE_DRIFT_WORDS_MAX) {
        for n_a in sum.saturating_sub(b.len())..=sum.min(a.len()) {
            let n_b = sum - n_a;
            if n_a.abs_diff(n_b) <= PASSAGE_DRIFT_WORDS_MAX
                && a.get(n_a).is_some_and(|word| b.get(n_b) == Some(word))
            {
                return (n_a, n_b);
            }
        }
    }
    (a.len(), b.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::passages::{self, Seeds};

    struct Hashed(String, Vec<u32>, Vec<u64>);

    impl Hashed {
        fn words(&self) -> HashedWords<'_> {
            HashedWords { text: &self.0, ends: &self.1, hashes: &self.2 }
        }
    }

    fn hashed(text: &str) -> Hashed {
        let words: Vec<&str> = text.split_whitespace().collect();
        let hash = |word: &&str| word.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte));
        let end = |end: &mut u32, word: &&str| {
            *end += word.len() as u32;
            Some(*end)
        };
        let ends = words.iter().scan(0, end).collect();
        Hashed(words.concat(), ends, words.iter().map(hash).collect())
    }

    fn aligned(a: &str, b: &str) -> (usize, usize, usize) {
        let (a, b) = (hashed(a), hashed(b));
        let found = passages::shared(&Seeds::of(&a.2), &Seeds::of(&b.2), |_, _| 1.0, 0.0);
        let align = |it| {
            let seeds = found.seeds_of(it);
            let same = same_words(&a.2, &b.2, it, &seeds);
            Alignment::of(a.words(), b.words(), it, same, (&Frequencies::default(), 1.0))
        };
        let all = found.all.iter().map(align);
        all.fold((0, 0, 0), |sum, it| {
            (sum.0 + it.n_same, sum.1 + it.n_alike, sum.2 + it.n_other() as usize)
        })
    }

    #[test]
    fn scanned_words_look_alike_and_other_words_do_not() {
        let story = "the old ferry to the island left harbour at noon and came back late";
        assert_eq!(aligned(story, story), (14, 0, 0));
        let scanned = "the old ferry to fhe islnad lcft harbour at noon aud came back late";
        assert_eq!(aligned(story, scanned), (10, 4, 0));
        assert_eq!(aligned(story, &scanned.replace(" at ", " af ")), (9, 4, 1), "two letters only");
        let template = "the old ferry to the mainland or 17 harbour at noon and went back late";
        assert_eq!(aligned(story, template), (11, 1, 3));
        let (year, other) = ("net 27 mln vs 35 mln a year", "net 29 mln vs 35 mln a year");
        assert_eq!(aligned(year, other), (6, 0, 0));
        assert_eq!(aligned(story, "nothing of this sort"), (0, 0, 0));
        let fallen_apart = "the old ferry to the is land left har bour at noon and came backlate";
        assert_eq!(aligned(story, fallen_apart), (10, 4, 0));
    }

    #[test]
    fn a_scanned_passage_goes_on_while_words_look_alike() {
        let story = "the old ferry to the island left harbour at noon and came back late at night";
        let on = |scan: &str, seed: Range<usize>| {
            let (a, b) = (hashed(story), hashed(scan));
            let passage = (seed.clone(), seed);
            extended(a.words(), b.words(), passage, &Frequencies::default())
        };
        let scan = "tbe o1d ferry to the islnad lcft harbonr at no0n aud came hack late at night";
        assert_eq!(on(scan, 2..5), 0..16);
        let lost = "tbe ferry to the islnad lcft at no0n aud came hack late at nigbt";
        assert_eq!(on(lost, 2..3), 0..16, "two words are lost");
        assert_eq!(on("the old ferry to the islnad sank with all men", 2..5), 0..6);
    }
}
