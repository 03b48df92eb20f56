//! Paragraphs that were split, joined or wrapped at other words: where they begin and end changed, and hardly
//! a word of them.
//!
//! Between paragraphs that stayed, the words of both sides are aligned as if they were one paragraph each. An
//! end of a paragraph inside a run of equal words, where the other side has none, shows that the paragraphs
//! around it belong to one on the other side.

use std::ops::Range;

use super::{
    Sides,
    align::{Aligner, EqualRun},
    reading::{ParsedText, Vocabulary},
};

/// So many equal words must stand on each side of an end that went or came, or the whole paragraph.
const SIDE_WORDS: usize = 2;
/// And on both sides together.
const BOTH_WORDS: usize = 6;
/// A paragraph that was split can have so many between its parts that came then.
const BETWEEN_MAX: usize = 2;

/// Paragraphs that became others, and what they became.
pub type Regrouping = Sides<Range<usize>>;

/// What was regrouped between paragraphs that stayed, in order, and whether that was looked for in a hurry. Never one
/// paragraph that became one.
pub fn groups(
    readings: &Sides<ParsedText<'_>>,
    vocabulary: &Vocabulary,
    stayed: &[EqualRun],
) -> (Vec<Regrouping>, bool) {
    let mut aligner = Aligner::new(vocabulary.items.len(), vocabulary.n_items);
    let mut groups = Vec::new();
    let sizes = Sides { a: readings.a.paragraphs.len(), b: readings.b.paragraphs.len() };
    let (mut a, mut b) = (0, 0);
    let end = EqualRun { a: sizes.a, b: sizes.b, len: 0 };
    for run in stayed.iter().chain([&end]) {
        let gap = Sides { a: a..run.a, b: b..run.b };
        (a, b) = (run.a_end(), run.b_end());
        if gap.a.is_empty() || gap.b.is_empty() || gap.a.len() + gap.b.len() == 2 {
            continue;
        }
        groups.extend(Between { readings, gap }.groups(&mut aligner));
    }
    (groups, aligner.is_late())
}

/// Paragraphs of both sides between the same two that stayed.
struct Between<'r, 't> {
    readings: &'r Sides<ParsedText<'t>>,
    gap: Sides<Range<usize>>,
}

impl Between<'_, '_> {
    fn groups(&self, aligner: &mut Aligner) -> Vec<Regrouping> {
        let words = Sides {
            a: self.readings.a.word_range(&self.gap.a),
            b: self.readings.b.word_range(&self.gap.b),
        };
        let runs = aligner.align(Sides {
            a: &self.readings.a.ids[words.a.clone()],
            b: &self.readings.b.ids[words.b.clone()],
        });
        let runs: Vec<EqualRun> = runs
            .iter()
            .map(|run| EqualRun { a: words.a.start + run.a, b: words.b.start + run.b, ..*run })
            .collect();
        let mut found = Vec::new();
        runs.iter().for_each(|run| self.witnessed(*run, &mut found));
        self.shared(&runs, &mut found);
        found.sort_by_key(|group| (group.a.start, group.b.start));
        joined(found)
    }

    /// Paragraphs side by side of which most words are in the same paragraph of the other side.
    fn shared(&self, runs: &[EqualRun], found: &mut Vec<Regrouping>) {
        let (a, b) = (&self.readings.a, &self.readings.b);
        let of_a = homes(runs.iter().map(|run| (run.a, run.b, run.len)), a, b);
        for pair in of_a.windows(2).filter(|pair| belong_together(pair)) {
            found.push(Sides { a: pair[0].0..pair[1].0 + 1, b: pair[0].1..pair[0].1 + 1 });
        }
        let of_b = homes(runs.iter().map(|run| (run.b, run.a, run.len)), b, a);
        for pair in of_b.windows(2).filter(|pair| belong_together(pair)) {
            found.push(Sides { a: pair[0].1..pair[0].1 + 1, b: pair[0].0..pair[1].0 + 1 });
        }
    }

    /// The ends of paragraphs inside a run that only one side has.
    fn witnessed(&self, run: EqualRun, found: &mut Vec<Regrouping>) {
        let (a, b) = (&self.readings.a, &self.readings.b);
        for (end, first) in ends_inside(a, run.a..run.a_end()) {
            let other = run.b + (end - run.a);
            if !is_end(b, other) {
                let there = b.paragraph_of(other);
                found.push(Sides { a: first..first + 2, b: there..there + 1 });
            }
        }
        for (end, first) in ends_inside(b, run.b..run.b_end()) {
            let other = run.a + (end - run.b);
            if !is_end(a, other) {
                let there = a.paragraph_of(other);
                found.push(Sides { a: there..there + 1, b: first..first + 2 });
            }
        }
    }
}

/// For each paragraph that has most of its words in one paragraph of the other side its number, and that one's.
///
/// Runs are where equal words begin on both sides, and how many they are.
fn homes(
    runs: impl Iterator<Item = (usize, usize, usize)>,
    reading: &ParsedText<'_>,
    other: &ParsedText<'_>,
) -> Vec<(usize, usize)> {
    let mut counts: Vec<(usize, usize, usize)> = Vec::new();
    for (start, there, len) in runs {
        let mut done = 0;
        while done < len {
            let (paragraph, home) =
                (reading.paragraph_of(start + done), other.paragraph_of(there + done));
            let ends = (
                reading.paragraphs[paragraph].words.end - start,
                other.paragraphs[home].words.end - there,
            );
            let next = len.min(ends.0).min(ends.1);
            match counts.last_mut() {
                Some((p, h, n)) if (*p, *h) == (paragraph, home) => *n += next - done,
                _ => counts.push((paragraph, home, next - done)),
            }
            done = next;
        }
    }
    let is_home = |(paragraph, _, n): &(usize, usize, usize)| {
        n * 2 > reading.paragraphs[*paragraph].words.len() && *n >= SIDE_WORDS
    };
    counts.into_iter().filter(is_home).map(|(paragraph, home, _)| (paragraph, home)).collect()
}

/// Whether two paragraphs have the same home, and follow each other but for a few that have none.
fn belong_together(pair: &[(usize, usize)]) -> bool {
    pair[1].0 - pair[0].0 <= 1 + BETWEEN_MAX && pair[0].1 == pair[1].1
}

/// Groups that share a paragraph are one.
fn joined(found: Vec<Regrouping>) -> Vec<Regrouping> {
    let mut groups: Vec<Regrouping> = Vec::new();
    for next in found {
        match groups.last_mut() {
            Some(last) if next.a.start < last.a.end || next.b.start < last.b.end => {
                last.a = last.a.start.min(next.a.start)..last.a.end.max(next.a.end);
                last.b = last.b.start.min(next.b.start)..last.b.end.max(next.b.end);
            }
            _ => groups.push(next),
        }
    }
    groups
}

/// The ends of paragraphs inside a stretch of words that has enough words around them, each with the
/// paragraph that ends there.
fn ends_inside<'r>(
    reading: &'r ParsedText<'_>,
    words: Range<usize>,
) -> impl Iterator<Item = (usize, usize)> + 'r {
    let paragraphs = &reading.paragraphs;
    let from = paragraphs.partition_point(|paragraph| paragraph.words.end <= words.start);
    (from..paragraphs.len().saturating_sub(1))
        .map(|first| (paragraphs[first].words.end, first))
        .take_while({
            let end = words.end;
            move |(at, _)| *at < end
        })
        .filter(move |(end, first)| {
            let n = Sides { a: end - words.start, b: words.end - end };
            let [before, after] = [0, 1].map(|i| paragraphs[first + i].words.len());
            n.a >= before.min(SIDE_WORDS)
                && n.b >= after.min(SIDE_WORDS)
                && n.a + n.b >= (before + after).min(BOTH_WORDS)
        })
}

/// Whether a paragraph ends before this word.
fn is_end(reading: &ParsedText<'_>, word: usize) -> bool {
    reading.paragraphs[reading.paragraph_of(word)].words.start == word
}
