//! Alignments: the words of a passage beside each other, and which of them are the same.
//!
//! A scanned word looks like what it was, and is no word that others use. Where a report from the same
//! form has another name or number, nothing looks alike.

use std::ops::Range;

use super::{
    frequency::Frequencies,
    params::{
        PASSAGE_DRIFT_WORDS_MAX, PASSAGE_GAP_WORDS_MAX, RUN_WEIGHT_MIN, RUN_WORDS_MIN,
        RUN_WORDS_MIN_OTHER_NUMBERS, SEED_WORDS, WORD_ALIKE_SHARE_MIN,
    },
    passages::{Passage, pair_hash},
};

/// A text as its words and their hashes.
#[derive(Debug, Clone, Copy)]
pub struct HashedWords<'a> {
    /// The words, one after the other.
    pub text: &'a str,
    /// Where each of them ends.
    pub ends: &'a [usize],
    /// A hash of each.
    pub hashes: &'a [u64],
}

impl<'a> HashedWords<'a> {
    /// One of the words, counted from 0.
    pub fn word(&self, at: usize) -> &'a str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start..self.ends[at]]
    }
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
    /// Places at which the texts have different numbers.
    pub n_other_numbers: usize,
    /// Stretches in which each word is the same or looks alike.
    pub runs: Vec<Passage>,
}

impl Alignment {
    /// Lays the words of a passage beside each other.
    pub fn of(a: HashedWords, b: HashedWords, passage: &Passage, known: &Frequencies) -> Self {
        let n_words = passage.a.len().max(passage.b.len());
        let mut alignment = Self { n_words, ..Self::default() };
        let (mut at, mut other) = (passage.a.start, passage.b.start);
        let mut run = (at, other);
        while at < passage.a.end && other < passage.b.end {
            let (n_a, n_b) =
                until_same(&a.hashes[at..passage.a.end], &b.hashes[other..passage.b.end]);
            let is_alike = |n: &usize| {
                let (x, y) = (at + n, other + n);
                let are_known = known.knows(a.hashes[x]) && known.knows(b.hashes[y]);
                !are_known && looks_like(a.word(x), b.word(y))
            };
            let n_alike = (0..n_a.min(n_b)).filter(is_alike).count();
            alignment.n_alike += n_alike;
            alignment.n_other_numbers +=
                n_numbers(&a, at..at + n_a).min(n_numbers(&b, other..other + n_b));
            if n_alike < n_a.max(n_b) {
                alignment.end_run(a, (run.0..at, run.1..other), known);
                run = (at + n_a, other + n_b);
            }
            (at, other) = (at + n_a, other + n_b);
            if at < passage.a.end && other < passage.b.end {
                alignment.n_same += 1;
                (at, other) = (at + 1, other + 1);
            }
        }
        alignment.end_run(a, (run.0..at, run.1..other), known);
        alignment
    }

    /// The words that differ altogether.
    pub fn n_other(&self) -> usize {
        self.n_words.saturating_sub(self.n_same + self.n_alike)
    }

    /// The runs that clean texts share since one was copied: long enough, and not of common words.
    pub fn telling_runs(self) -> impl Iterator<Item = Passage> {
        let n_words_min = match self.n_other_numbers {
            0 => RUN_WORDS_MIN,
            _ => RUN_WORDS_MIN_OTHER_NUMBERS,
        };
        let is_telling =
            move |run: &Passage| run.a.len() >= n_words_min && run.weight >= RUN_WEIGHT_MIN;
        self.runs.into_iter().filter(is_telling)
    }

    fn end_run(
        &mut self,
        text: HashedWords,
        (a, b): (Range<usize>, Range<usize>),
        known: &Frequencies,
    ) {
        if a.len() >= RUN_WORDS_MIN {
            let pairs = text.hashes[a.clone()].windows(SEED_WORDS);
            let weight = pairs.map(|pair| known.weight(pair_hash(pair), 1)).sum();
            self.runs.push(Passage { a, b, weight });
        }
    }
}

/// How many words of a stretch are numbers, or have digits in them.
fn n_numbers(text: &HashedWords, stretch: Range<usize>) -> usize {
    stretch.filter(|at| text.word(*at).chars().any(char::is_numeric)).count()
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

/// Whether at least half of two words, beginnings and ends together, is the same; numbers are either
/// the same or others.
pub fn looks_like(a: &str, b: &str) -> bool {
    let n_max = a.chars().count().max(b.chars().count());
    let same = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| {
        a.zip(b).take_while(|(a, b)| a == b).count()
    };
    let n_head = same(&mut a.chars(), &mut b.chars());
    let n_tail = same(&mut a.chars().rev(), &mut b.chars().rev());
    (n_head + n_tail) as f64 >= n_max as f64 * WORD_ALIKE_SHARE_MIN
        && !a.chars().chain(b.chars()).any(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::passages::{self, Seeds};

    fn aligned(a: &str, b: &str) -> (usize, usize, usize) {
        let hash = |word: &&str| word.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte));
        let words = |text: &str| -> (String, Vec<usize>, Vec<u64>) {
            let words: Vec<&str> = text.split_whitespace().collect();
            let end = |end: &mut usize, word: &&str| {
                *end += word.len();
                Some(*end)
            };
            (words.concat(), words.iter().scan(0, end).collect(), words.iter().map(hash).collect())
        };
        let ((a, a_ends, x), (b, b_ends, y)) = (words(a), words(b));
        let found = passages::shared(&Seeds::of(&x), &Seeds::of(&y), |_, _| 1.0, 0.0);
        let a = HashedWords { text: &a, ends: &a_ends, hashes: &x };
        let b = HashedWords { text: &b, ends: &b_ends, hashes: &y };
        let all = found.iter().map(|it| Alignment::of(a, b, it, &Frequencies::default()));
        all.fold((0, 0, 0), |sum, it| (sum.0 + it.n_same, sum.1 + it.n_alike, sum.2 + it.n_other()))
    }

    #[test]
    fn scanned_words_look_alike_and_other_words_do_not() {
        let story = "the old ferry to the island left harbour at noon and came back late";
        assert_eq!(aligned(story, story), (14, 0, 0));
        let scanned = "the old ferry fo the islnad lcft harbour at noon aud came back late";
        assert_eq!(aligned(story, scanned), (10, 4, 0));
        let template = "the old ferry to the mainland or 17 harbour at noon and went back late";
        assert_eq!(aligned(story, template), (11, 1, 3));
        let (year, other) = ("net 27 mln vs 35 mln a year", "net 29 mln vs 35 mln a year");
        assert_eq!(aligned(year, other), (6, 0, 0));
        assert_eq!(aligned(story, "nothing of this sort"), (0, 0, 0));
    }
}
