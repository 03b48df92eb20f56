//! What two paragraphs share in order, and where paragraphs that share it are.

use std::ops::Range;

use super::{
    Sides,
    align::{Aligner, EqualRun},
    reading::{ParsedText, Vocabulary},
    rows::{RowIndex, row_key, row_keys},
};

/// So many words and signs in a row show that two paragraphs are one.
pub const ROW_WORDS: usize = 8;
/// So does a whole sentence of so many words.
pub const SENTENCE_WORDS: usize = 4;
/// What stands in more paragraphs than this shows nothing.
const HOMES_MAX: usize = 4;
/// To compare two paragraphs takes as long as so many words beside their own.
const PAIR_WORDS: usize = 32;
/// So many steps of a search take as long as one word.
const STEPS_PER_WORD: usize = 8;

/// What two paragraphs share, upper and lower case being the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct SharedWords {
    /// The words that are shared in order, of those of both, in thousandths.
    pub share: usize,
    /// How many they are.
    pub n_words: usize,
    /// Whether there are [`ROW_WORDS`] of them in a row, or a sentence.
    pub has_row: bool,
}

/// Compares paragraphs word by word, a limited number of them.
pub struct Comparer<'r, 't> {
    readings: &'r Sides<ParsedText<'t>>,
    vocabulary: &'r Vocabulary,
    aligner: Aligner,
    /// Words that may still be compared, or what takes as long.
    n_left: usize,
}

impl<'r, 't> Comparer<'r, 't> {
    /// Compares up to `n_words_max` words in all.
    pub fn new(
        readings: &'r Sides<ParsedText<'t>>,
        vocabulary: &'r Vocabulary,
        n_words_max: usize,
    ) -> Self {
        let aligner = Aligner::new(vocabulary.items.len(), vocabulary.n_items);
        Self { readings, vocabulary, aligner, n_left: n_words_max }
    }

    /// Whether there were more words to be compared than the limit, or too many steps to it.
    pub fn is_exhausted(&self) -> bool {
        self.n_left == 0 || self.aligner.is_late()
    }

    /// What two paragraphs share; `None` once too many were compared.
    pub fn overlap(&mut self, a: usize, b: usize) -> Option<SharedWords> {
        let fold = |words: &[usize]| -> Vec<usize> {
            words.iter().map(|id| self.vocabulary.items[*id].folded).collect()
        };
        let ids = Sides { a: self.readings.a.words(a), b: self.readings.b.words(b) };
        self.n_left = self.n_left.saturating_sub(ids.a.len() + ids.b.len() + PAIR_WORDS);
        if self.n_left == 0 {
            return None;
        }
        let (folded, n_steps) = (ids.map(fold), self.aligner.n_steps());
        let runs = self.aligner.align(Sides { a: &folded.a, b: &folded.b });
        let n_steps = self.aligner.n_steps() - n_steps;
        self.n_left = self.n_left.saturating_sub(n_steps / STEPS_PER_WORD);
        let n_words = |ids: &[usize]| ids.iter().filter(|id| self.vocabulary.is_word(**id)).count();
        let n_shared = runs.iter().map(|run| n_words(&ids.a[run.a..run.a_end()])).sum();
        let n_both = n_words(ids.a) + n_words(ids.b);
        let is_row = |run: &EqualRun| {
            run.len >= ROW_WORDS && n_words(&ids.a[run.a..run.a_end()]) >= ROW_WORDS
                || holds_sentence(ids.a, run.a..run.a_end(), self.vocabulary)
                    && holds_sentence(ids.b, run.b..run.b_end(), self.vocabulary)
        };
        Some(SharedWords {
            share: 2000 * n_shared / n_both.max(1),
            n_words: n_shared,
            has_row: runs.iter().any(is_row),
        })
    }
}

/// Whether a stretch of a paragraph holds a whole sentence of it, of enough words.
pub fn holds_sentence(ids: &[usize], stretch: Range<usize>, vocabulary: &Vocabulary) -> bool {
    let is_edge = |i: usize| i == 0 || i == ids.len() || vocabulary.items[ids[i - 1]].ends_sentence;
    let (mut has_begun, mut n_words) = (is_edge(stretch.start), 0);
    for i in stretch {
        n_words += usize::from(vocabulary.is_word(ids[i]));
        if is_edge(i + 1) {
            if has_begun && n_words >= SENTENCE_WORDS {
                return true;
            }
            (has_begun, n_words) = (true, 0);
        }
    }
    false
}

/// The sentences of a paragraph that have enough words.
fn sentences<'i>(
    ids: &'i [usize],
    vocabulary: &'i Vocabulary,
) -> impl Iterator<Item = Range<usize>> + 'i {
    let mut start = 0;
    let mut ends = (1..=ids.len())
        .filter(|end| *end == ids.len() || vocabulary.items[ids[end - 1]].ends_sentence);
    std::iter::from_fn(move || {
        let end = ends.next()?;
        Some(std::mem::replace(&mut start, end)..end)
    })
    .filter(|sentence| {
        let words = ids[sentence.clone()].iter().filter(|id| vocabulary.is_word(**id));
        words.count() >= SENTENCE_WORDS
    })
}

/// Pairs of these paragraphs that share a row of words or a sentence, as it is on both sides.
pub fn sharing_rows(
    paragraphs: Sides<&[usize]>,
    readings: &Sides<ParsedText<'_>>,
    vocabulary: &Vocabulary,
) -> Vec<(usize, usize)> {
    let keys = |reading: &'_ ParsedText<'_>, i: usize| rows(reading.words(i), vocabulary);
    let n_keys = paragraphs.b.iter().map(|b| readings.b.words(*b).len()).sum();
    let in_a =
        paragraphs.a.iter().flat_map(|a| keys(&readings.a, *a).into_iter().map(|row| (row, *a)));
    let in_b = paragraphs.b.iter().flat_map(|b| keys(&readings.b, *b));
    let index = RowIndex::new(in_a, in_b, n_keys, HOMES_MAX + 1);
    let mut pairs = Vec::new();
    for b in paragraphs.b {
        for row in keys(&readings.b, *b) {
            let homes = index.places(row);
            let is_rare = homes.len() <= HOMES_MAX;
            for a in homes.filter(|_| is_rare) {
                // Rows beside each other mostly stand in the same paragraph.
                if pairs.last() != Some(&(a, *b)) {
                    pairs.push((a, *b));
                }
            }
        }
    }
    pairs
}

/// The keys of all rows of words and all sentences of a paragraph.
fn rows(ids: &[usize], vocabulary: &Vocabulary) -> Vec<u64> {
    let sentences = sentences(ids, vocabulary).map(|it| row_key(&ids[it]));
    row_keys(ids, ROW_WORDS).chain(sentences).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{TextLayout, reading};

    #[test]
    fn a_search_that_takes_many_steps_counts_as_many_words() {
        // The same few words on both sides in another order: no anchors, and nearly nothing in common.
        let text =
            |step: usize| (0..200).map(|n| ["a ", "b ", "c "][n * n * step % 7 % 3]).collect();
        let (a, b): (String, String) = (text(1), text(3));
        let (readings, vocabulary) = reading::read(Sides { a: &a, b: &b }, TextLayout::Prose);
        let left = |n_words_max| {
            let mut comparer = Comparer::new(&readings, &vocabulary, n_words_max);
            assert!(comparer.overlap(0, 0).is_some());
            comparer.n_left
        };
        assert_eq!(left(400 + PAIR_WORDS + 1), 0);
        let n_used = 100_000 - left(100_000);
        assert!(n_used > 500 + PAIR_WORDS, "{n_used}");
        let mut comparer = Comparer::new(&readings, &vocabulary, 400 + PAIR_WORDS);
        assert!(comparer.overlap(0, 0).is_none() && comparer.is_exhausted());
    }
}
