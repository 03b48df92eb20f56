//! Ties: where equal paragraphs repeat, more than one of them can be the one that stayed.
//!
//! An alignment takes any. Here it is the one beside which the rest was only split, joined or wrapped otherwise, or
//! came from elsewhere as a whole.

use std::{collections::HashSet, ops::Range};

use super::{
    Sides,
    align::{EqualRun, push},
    reading::ParsedText,
};

/// What one side has alone is put elsewhere by so many paragraphs at most,
const SLIDE_MAX: usize = 16;
/// and only if it is so many.
const ALONE_MAX: usize = 64;

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

/// Where only one side has paragraphs between two runs and they could as well begin a few earlier or later, has them be
/// paragraphs that stand in a row on the other side, alone, too: a text and the line below it that moved.
pub fn slide(runs: &mut Vec<EqualRun>, numbers: &Sides<Vec<usize>>) {
    let alone = alone(runs, numbers);
    for i in 1..runs.len() {
        let (before, after) = (runs[i - 1], runs[i]);
        let gap = Sides { a: before.a_end()..after.a, b: before.b_end()..after.b };
        let (side, others, gap) = match (gap.a.len(), gap.b.len()) {
            (1..=ALONE_MAX, 0) => (&numbers.a, &alone.b, gap.a),
            (0, 1..=ALONE_MAX) => (&numbers.b, &alone.a, gap.b),
            _ => continue,
        };
        let n_left = (1..=before.len.min(SLIDE_MAX))
            .take_while(|n| side[gap.start - n] == side[gap.end - n])
            .count();
        let n_right = (0..after.len.min(SLIDE_MAX))
            .take_while(|n| side[gap.start + n] == side[gap.end + n])
            .count();
        let mut starts = gap.start - n_left..=gap.start + n_right;
        let is_there = |start: usize| others.contains(&side[start..start + gap.len()]);
        let place = match is_there(gap.start) {
            true => None,
            false => starts.find(|start| is_there(*start)),
        };
        if let Some(start) = place {
            let by = |at: usize| at + start - gap.start;
            runs[i - 1].len = by(before.len);
            (runs[i].a, runs[i].b) = (by(after.a), by(after.b));
            runs[i].len = after.len + gap.start - start;
        }
    }
    let slid = std::mem::take(runs);
    slid.into_iter().for_each(|run| push(runs, run));
}

/// What each side has alone between runs, as the numbers of its paragraphs.
fn alone<'n>(runs: &[EqualRun], numbers: &'n Sides<Vec<usize>>) -> Sides<HashSet<&'n [usize]>> {
    let mut alone = Sides { a: HashSet::new(), b: HashSet::new() };
    let (mut a, mut b) = (0, 0);
    let end = EqualRun { a: numbers.a.len(), b: numbers.b.len(), len: 0 };
    for run in runs.iter().chain([&end]) {
        alone.a.insert(&numbers.a[a..run.a]);
        alone.b.insert(&numbers.b[b..run.b]);
        (a, b) = (run.a_end(), run.b_end());
    }
    alone
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
