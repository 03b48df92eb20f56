//! What changed inside a paragraph, as phrases to read rather than as few words as possible.
//!
//! After the alignment, an edit that could stand at several words is put where a sentence, a line
//! or a word begins, and a word or two left standing between two larger edits goes with them.

use std::ops::Range;

use super::{
    Sides, Span,
    align::{Aligner, EqualRun},
    fold::is_apostrophe,
    reading::{ParsedText, Vocabulary},
};

/// An edit is moved at most this many words to begin or end better.
const SLIDE_MAX: usize = 64;
/// No more words and signs than this are given up for the sake of the edits around them.
const ISLAND_MAX: usize = 3;
/// Only edits of so many words and signs, on one side at least, have words given up for their sake.
const SHORE_MIN: usize = 4;
/// One word alone also where the smaller edit is of so many and the larger of so many.
const SMALLER_SHORE_MIN: usize = 3;
const LARGER_SHORE_MIN: usize = 8;

/// Paragraphs of a text in a row, mostly one.
struct ParagraphSide<'r, 't> {
    reading: &'r ParsedText<'t>,
    bytes: Range<usize>,
    words: Range<usize>,
}

/// The texts of two paragraphs, or of two stretches of them, as what stayed and what was edited; together that is all of both.
pub fn spans(
    readings: &Sides<ParsedText<'_>>,
    vocabulary: &Vocabulary,
    paragraphs: Sides<Range<usize>>,
    aligner: &mut Aligner,
) -> Vec<Span> {
    let sides = Sides {
        a: ParagraphSide::of(&readings.a, paragraphs.a),
        b: ParagraphSide::of(&readings.b, paragraphs.b),
    };
    let mut runs = aligner.align(Sides { a: sides.a.ids(), b: sides.b.ids() });
    runs.push(EqualRun { a: sides.a.ids().len(), b: sides.b.ids().len(), len: 0 });
    for i in 1..runs.len() {
        slide(&sides, &mut runs, i);
    }
    let mut kept = Vec::new();
    for run in runs {
        keep(&sides, &mut kept, run);
    }
    cover(&sides, &kept, |gap, spans| edit(&sides, gap, vocabulary, aligner, spans))
}

impl<'r, 't> ParagraphSide<'r, 't> {
    fn of(reading: &'r ParsedText<'t>, paragraphs: Range<usize>) -> Self {
        let (first, last) =
            (&reading.paragraphs[paragraphs.start], &reading.paragraphs[paragraphs.end - 1]);
        Self {
            reading,
            bytes: first.bytes.start..last.bytes.end,
            words: reading.word_range(&paragraphs),
        }
    }

    fn ids(&self) -> &[usize] {
        &self.reading.ids[self.words.clone()]
    }

    /// Where in the text the `i`-th word starts; what is left goes to the outer words.
    fn edge(&self, i: usize) -> usize {
        match i {
            0 => self.bytes.start,
            _ if i == self.words.len() => self.bytes.end,
            _ => self.reading.starts[self.words.start + i],
        }
    }

    fn bytes_of(&self, words: Range<usize>) -> Range<usize> {
        self.edge(words.start)..self.edge(words.end)
    }

    /// How well an edit begins or ends at the start of the `i`-th word.
    fn merit(&self, i: usize) -> u32 {
        if i == 0 || i == self.ids().len() {
            return 5;
        }
        let before = &self.reading.text[self.bytes.start..self.edge(i)];
        let words = before.trim_end();
        let space = &before[words.len()..];
        match words.chars().next_back() {
            Some('。' | '！' | '？') => 4,
            Some('.' | '!' | '?' | '…') if !space.is_empty() => 4,
            _ if space.contains('\n') => 3,
            _ if !space.is_empty() => 2,
            _ => 0,
        }
    }
}

/// Moves the edit before the `i`-th run to where it reads best, if it is one-sided.
fn slide(sides: &Sides<ParagraphSide<'_, '_>>, runs: &mut [EqualRun], i: usize) {
    let (before, after) = (runs[i - 1], runs[i]);
    let (side, gap) = if before.b_end() == after.b {
        (&sides.a, before.a_end()..after.a)
    } else if before.a_end() == after.a {
        (&sides.b, before.b_end()..after.b)
    } else {
        return;
    };
    let ids = side.ids();
    // The word that leaves the edit at one end must be the one that enters it at the other.
    // A run at an end of both sides may be used up, any other keeps a word to part two edits.
    let at_start = before.a == 0 && before.b == 0;
    let at_end = after.a_end() == sides.a.ids().len() && after.b_end() == sides.b.ids().len();
    let (n_before, n_after) = (
        before.len.saturating_sub(usize::from(!at_start)),
        after.len.saturating_sub(usize::from(!at_end)),
    );
    let n_left = (1..=n_before.min(SLIDE_MAX))
        .take_while(|n| ids[gap.start - n] == ids[gap.end - n])
        .count();
    let n_right =
        (0..n_after.min(SLIDE_MAX)).take_while(|n| ids[gap.start + n] == ids[gap.end + n]).count();
    let merit = |to: usize| side.merit(to) + side.merit(to + gap.len());
    let best = (gap.start - n_left..=gap.start + n_right).max_by_key(|to| (merit(*to), *to));
    let to = best.unwrap_or(gap.start);
    runs[i - 1].len = before.len + to - gap.start;
    runs[i].len = after.len + gap.start - to;
    runs[i].a = after.a + to - gap.start;
    runs[i].b = after.b + to - gap.start;
}

/// Adds a run, and gives up those before it that are islands between larger edits.
fn keep(sides: &Sides<ParagraphSide<'_, '_>>, kept: &mut Vec<EqualRun>, run: EqualRun) {
    while let Some(island) = kept.last() {
        let end = kept.len().checked_sub(2).map_or((0, 0), |i| (kept[i].a_end(), kept[i].b_end()));
        if !is_island(sides, *island, end, run) {
            break;
        }
        kept.pop();
    }
    kept.push(run);
}

fn is_island(
    sides: &Sides<ParagraphSide<'_, '_>>,
    island: EqualRun,
    (a_end, b_end): (usize, usize),
    next: EqualRun,
) -> bool {
    let before = Sides {
        a: sides.a.bytes_of(a_end..island.a).len(),
        b: sides.b.bytes_of(b_end..island.b).len(),
    };
    let after = Sides {
        a: sides.a.bytes_of(island.a_end()..next.a).len(),
        b: sides.b.bytes_of(island.b_end()..next.b).len(),
    };
    let n_before = (island.a - a_end).max(island.b - b_end);
    let n_after = (next.a - island.a_end()).max(next.b - island.b_end());
    let replaces = before.a + after.a > 0 && before.b + after.b > 0;
    let (smaller, larger) = (n_before.min(n_after), n_before.max(n_after));
    let is_alone = island.len == 1 && smaller >= SMALLER_SHORE_MIN && larger >= LARGER_SHORE_MIN;
    let is_long = smaller >= SHORE_MIN || is_alone;
    let smaller_edit = before.a.max(before.b).min(after.a.max(after.b));
    let island_bytes = sides.a.bytes_of(island.a..island.a_end()).len();
    replaces && is_long && island.len <= ISLAND_MAX && 2 * island_bytes <= smaller_edit
}

/// Spans for the runs, and what `edit` makes of all that lies between them.
fn cover(
    sides: &Sides<ParagraphSide<'_, '_>>,
    runs: &[EqualRun],
    mut edit: impl FnMut(Sides<Range<usize>>, &mut Vec<Span>),
) -> Vec<Span> {
    let mut spans = Vec::new();
    let (mut a, mut b) = (0, 0);
    for run in runs {
        edit(Sides { a: a..run.a, b: b..run.b }, &mut spans);
        (a, b) = (run.a_end(), run.b_end());
        if run.len > 0 {
            let (a, b) = (sides.a.bytes_of(run.a..a), sides.b.bytes_of(run.b..b));
            spans.push(Span::Same { a, b });
        }
    }
    spans
}

/// The spans of an edit. Where at least half of the words are the same but for their spelling, these are told apart from
/// those that came and went.
fn edit(
    sides: &Sides<ParagraphSide<'_, '_>>,
    gap: Sides<Range<usize>>,
    vocabulary: &Vocabulary,
    aligner: &mut Aligner,
    spans: &mut Vec<Span>,
) {
    let mut runs = Vec::new();
    if !gap.a.is_empty() && !gap.b.is_empty() {
        let folded = |side: &ParagraphSide<'_, '_>, words: &Range<usize>| -> Vec<usize> {
            side.ids()[words.clone()].iter().map(|id| vocabulary.items[*id].folded).collect()
        };
        let (a, b) = (folded(&sides.a, &gap.a), folded(&sides.b, &gap.b));
        runs = aligner.align(Sides { a: &a, b: &b });
        let n_same: usize = runs.iter().map(|run| run.len).sum();
        runs.retain(|_| 2 * n_same >= a.len().max(b.len()));
    }
    let (mut a, mut b) = (gap.a.start, gap.b.start);
    runs.push(EqualRun { a: gap.a.len(), b: gap.b.len(), len: 0 });
    for run in runs {
        let (next_a, next_b) = (gap.a.start + run.a, gap.b.start + run.b);
        replace(sides, Sides { a: a..next_a, b: b..next_b }, spans);
        (a, b) = (next_a + run.len, next_b + run.len);
        spelling(sides, Sides { a: next_a..a, b: next_b..b }, spans);
    }
}

/// Words that went, and those that came for them.
fn replace(
    sides: &Sides<ParagraphSide<'_, '_>>,
    words: Sides<Range<usize>>,
    spans: &mut Vec<Span>,
) {
    if !words.a.is_empty() {
        spans.push(Span::Removed { a: sides.a.bytes_of(words.a) });
    }
    if !words.b.is_empty() {
        spans.push(Span::Added { b: sides.b.bytes_of(words.b) });
    }
}

/// As many words on both sides that are the same but for their spelling: of those that differ in apostrophes alone these.
fn spelling(
    sides: &Sides<ParagraphSide<'_, '_>>,
    words: Sides<Range<usize>>,
    spans: &mut Vec<Span>,
) {
    let mut within = Vec::new();
    let is_told = words.a.clone().zip(words.b.clone()).all(|(i, j)| {
        let (a, b) = (sides.a.bytes_of(i..i + 1), sides.b.bytes_of(j..j + 1));
        apostrophes(sides.map_ref(|side| side.reading.text), Sides { a, b }, &mut within)
    });
    match is_told {
        true => spans.append(&mut within),
        false => replace(sides, words, spans),
    }
}

/// Adds the spans of a word that differs in apostrophes alone; `false` if it differs in more.
fn apostrophes(texts: Sides<&str>, word: Sides<Range<usize>>, spans: &mut Vec<Span>) -> bool {
    let (a, b) = (&texts.a[word.a.clone()], &texts.b[word.b.clone()]);
    let (trimmed_a, trimmed_b) = (a.trim_end(), b.trim_end());
    let mut at = Sides { a: word.a.start, b: word.b.start };
    let mut stayed = at;
    let mut others = trimmed_b.chars();
    for c in trimmed_a.chars() {
        let Some(d) = others.next().filter(|d| c == *d || is_apostrophe(c) && is_apostrophe(*d))
        else {
            return false;
        };
        let next = Sides { a: at.a + c.len_utf8(), b: at.b + d.len_utf8() };
        if c != d {
            push_same(spans, stayed, at);
            spans.push(Span::Removed { a: at.a..next.a });
            spans.push(Span::Added { b: at.b..next.b });
            stayed = next;
        }
        at = next;
    }
    push_same(spans, stayed, Sides { a: word.a.end, b: word.b.end });
    others.next().is_none()
}

/// Adds what stayed, to the last span if that stayed, too.
fn push_same(spans: &mut Vec<Span>, from: Sides<usize>, to: Sides<usize>) {
    match spans.last_mut() {
        _ if from == to => {}
        Some(Span::Same { a, b }) => (a.end, b.end) = (to.a, to.b),
        _ => spans.push(Span::Same { a: from.a..to.a, b: from.b..to.b }),
    }
}
