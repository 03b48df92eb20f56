//! Ties: where equal paragraphs repeat, more than one of them can be the one that stayed.
//!
//! An alignment takes any. Here it is the one beside which the rest was only split, joined or wrapped otherwise.

use std::ops::Range;

use super::{Sides, align::EqualRun, reading::ParsedText};

/// Moves runs of equal paragraphs to equal ones near them, where what the other side has alone beside the run then
/// stands across from the same words. `numbers` are the same for equal paragraphs.
pub fn settle(
    runs: &mut [EqualRun],
    numbers: &Sides<Vec<usize>>,
    readings: &Sides<ParsedText<'_>>,
) {
    for i in 0..runs.len() {
        let run = runs[i];
        let start = match i {
            0 => EqualRun { a: 0, b: 0, len: 0 },
            _ => runs[i - 1],
        };
        let end = runs.get(i + 1).copied();
        let end = end.unwrap_or(EqualRun { a: numbers.a.len(), b: numbers.b.len(), len: 0 });
        let a = Surroundings {
            numbers: &numbers.a,
            reading: &readings.a,
            before: start.a_end()..run.a,
            stayed: run.a..run.a_end(),
            after: run.a_end()..end.a,
        };
        let b = Surroundings {
            numbers: &numbers.b,
            reading: &readings.b,
            before: start.b_end()..run.b,
            stayed: run.b..run.b_end(),
            after: run.b_end()..end.b,
        };
        runs[i] = match (a.place_beside(&b), b.place_beside(&a)) {
            (Some(a), _) => EqualRun { a, ..run },
            (_, Some(b)) => EqualRun { b, ..run },
            (None, None) => run,
        };
    }
}

/// A run on one side, between the runs before and after.
struct Surroundings<'r, 't> {
    numbers: &'r [usize],
    reading: &'r ParsedText<'t>,
    before: Range<usize>,
    stayed: Range<usize>,
    after: Range<usize>,
}

impl Surroundings<'_, '_> {
    /// Where the run can begin instead, so that the words that the other side has alone beside it are here, too.
    fn place_beside(&self, other: &Self) -> Option<usize> {
        let n = self.stayed.len();
        let paragraphs = &self.reading.paragraphs;
        let place = if self.before.is_empty() && !other.before.is_empty() {
            let words = other.reading.words_of(&other.before);
            let start = paragraphs[self.stayed.start].words.start;
            self.has_words(start, words)?;
            let place = self.reading.paragraph_of(start + words.len());
            (paragraphs.get(place)?.words.start == start + words.len()).then_some(place)
        } else if self.after.is_empty() && !other.after.is_empty() {
            let words = other.reading.words_of(&other.after);
            let start = paragraphs[self.stayed.end - 1].words.end.checked_sub(words.len())?;
            self.has_words(start, words)?;
            let end = self.reading.paragraph_of(start);
            (paragraphs[end].words.start == start).then_some(end)?.checked_sub(n)
        } else {
            None
        }?;
        let is_free = self.before.start <= place && place + n <= self.after.end;
        let is_equal = || self.numbers[place..place + n] == self.numbers[self.stayed.clone()];
        (is_free && is_equal()).then_some(place)
    }

    fn has_words(&self, start: usize, words: &[usize]) -> Option<()> {
        let found = self.reading.ids.get(start..start + words.len())?;
        (!words.is_empty() && found == words).then_some(())
    }
}
