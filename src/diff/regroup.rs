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

/// Paragraphs that became others, and what they became.
pub type Regrouping = Sides<Range<usize>>;

/// What was regrouped between paragraphs that stayed, in order. Never one paragraph that became one.
pub fn groups(
    readings: &Sides<ParsedText<'_>>,
    vocabulary: &Vocabulary,
    stayed: &[EqualRun],
) -> Vec<Regrouping> {
    let mut aligner = Aligner::new(vocabulary.counts.len(), vocabulary.n_items);
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
    groups
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
        let mut found = Vec::new();
        for run in runs {
            let run = EqualRun { a: words.a.start + run.a, b: words.b.start + run.b, ..run };
            self.witnessed(run, &mut found);
        }
        found.sort_by_key(|group| (group.a.start, group.b.start));
        joined(found)
    }

    /// The ends of paragraphs inside a run that only one side has.
    fn witnessed(&self, run: EqualRun, found: &mut Vec<Regrouping>) {
        let (a, b) = (&self.readings.a, &self.readings.b);
        for (end, first) in ends_inside(a, run.a..run.a_end()) {
            let other = run.b + (end - run.a);
            if !is_end(b, other) {
                let there = paragraph_of(b, other);
                found.push(Sides { a: first..first + 2, b: there..there + 1 });
            }
        }
        for (end, first) in ends_inside(b, run.b..run.b_end()) {
            let other = run.a + (end - run.b);
            if !is_end(a, other) {
                let there = paragraph_of(a, other);
                found.push(Sides { a: there..there + 1, b: first..first + 2 });
            }
        }
    }
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
    reading.paragraphs[paragraph_of(reading, word)].words.start == word
}

/// The paragraph that holds a word.
fn paragraph_of(reading: &ParsedText<'_>, word: usize) -> usize {
    reading.paragraphs.partition_point(|paragraph| paragraph.words.end <= word)
}
