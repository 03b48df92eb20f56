//! Words that left one paragraph and came to another: sentences that moved.
//!
//! After all paragraphs are paired, what came is searched for rows of words that went. A row counts when it is long,
//! or a whole sentence.

use std::ops::Range;

use super::{
    Block, Sides, Span,
    overlap::{ROW_WORDS, holds_sentence},
    push_joined,
    reading::{ParsedText, Vocabulary},
    rows::{RowIndex, row_key, row_keys},
};

/// Rows are found by so many words and signs.
const KEY_WORDS: usize = 4;
/// What begins in more places than this is looked for in the first ones.
const PLACES_MAX: usize = 16;
/// So many words are compared at the most: long rows of signs, which move nothing, are the same in many places.
const COMPARED_WORDS_MAX: usize = 1 << 24;
/// To look at a place takes as long as so many words there.
const PLACE_WORDS: usize = 8;
/// Of more words that went and came none are looked for.
const EDITED_WORDS_MAX: usize = 1 << 22;

/// Words of both sides that are the same and stand elsewhere.
type Transfer = Sides<Range<usize>>;

/// Marks what moved between paragraphs, or inside of one; and whether that was looked for to the end.
pub fn mark(
    blocks: Vec<Block>,
    readings: &Sides<ParsedText<'_>>,
    vocabulary: &Vocabulary,
) -> (Vec<Block>, bool) {
    let edited = edited(&blocks, readings);
    let n_words: usize = edited.a.iter().chain(&edited.b).map(Range::len).sum();
    if n_words > EDITED_WORDS_MAX {
        return (blocks, false);
    }
    let mut finder = Finder::new(&edited, readings, vocabulary);
    let mut transfers = finder.find(&edited.b);
    let is_whole = finder.n_left > 0;
    if transfers.is_empty() {
        return (blocks, is_whole);
    }
    transfers.sort_by_key(|it| it.b.start);
    let by_b = transfers.clone();
    transfers.sort_by_key(|it| it.a.start);
    let marker = Marker { readings, by: Sides { a: transfers, b: by_b } };
    (blocks.into_iter().flat_map(|block| marker.mark(block)).collect(), is_whole)
}

/// The stretches of words that went, and those that came; none holds words of two paragraphs.
fn edited(blocks: &[Block], readings: &Sides<ParsedText<'_>>) -> Sides<Vec<Range<usize>>> {
    let mut edited = Sides { a: Vec::new(), b: Vec::new() };
    for block in blocks {
        match block {
            Block::Removed { a, .. } => {
                edited.a.extend(readings.a.by_paragraph(readings.a.word_range(a)));
            }
            Block::Added { b, .. } => {
                edited.b.extend(readings.b.by_paragraph(readings.b.word_range(b)));
            }
            Block::Changed { words, .. }
            | Block::Regrouped { words, .. }
            | Block::Moved { words, .. } => {
                for span in words {
                    match span {
                        Span::Removed { a } => {
                            edited.a.extend(readings.a.by_paragraph(readings.a.words_in(a)));
                        }
                        Span::Added { b } => {
                            edited.b.extend(readings.b.by_paragraph(readings.b.words_in(b)));
                        }
                        _ => {}
                    }
                }
            }
            Block::Same { .. } | Block::Rewrapped { .. } | Block::MovedAway { .. } => {}
        }
    }
    edited
}

/// Looks for what came among what went.
struct Finder<'r, 't> {
    readings: &'r Sides<ParsedText<'t>>,
    vocabulary: &'r Vocabulary,
    /// Where rows of [`KEY_WORDS`] begin in the first text, each with the end of its stretch.
    places: RowIndex<(usize, usize)>,
    /// For each word of the first text whether it was found.
    taken: Vec<bool>,
    /// Words that may still be compared.
    n_left: usize,
}

impl<'r, 't> Finder<'r, 't> {
    fn new(
        edited: &Sides<Vec<Range<usize>>>,
        readings: &'r Sides<ParsedText<'t>>,
        vocabulary: &'r Vocabulary,
    ) -> Self {
        let gone = edited.a.iter().flat_map(|stretch| {
            let keys = row_keys(&readings.a.ids[stretch.clone()], KEY_WORDS);
            keys.enumerate().map(|(i, key)| (key, (stretch.start + i, stretch.end)))
        });
        let come = edited.b.iter();
        let come = come.flat_map(|stretch| row_keys(&readings.b.ids[stretch.clone()], KEY_WORDS));
        let n_keys = edited.b.iter().map(Range::len).sum();
        let places = RowIndex::new(gone, come, n_keys, PLACES_MAX);
        let (taken, n_left) = (vec![false; readings.a.ids.len()], COMPARED_WORDS_MAX);
        Self { readings, vocabulary, places, taken, n_left }
    }

    fn find(&mut self, come: &[Range<usize>]) -> Vec<Transfer> {
        let mut found = Vec::new();
        if self.places.is_empty() {
            return found;
        }
        for stretch in come {
            let mut at = stretch.start;
            while at + KEY_WORDS <= stretch.end && self.n_left > 0 {
                match self.longest(at..stretch.end) {
                    Some(transfer) => {
                        at = transfer.b.end;
                        self.taken[transfer.a.clone()].fill(true);
                        found.push(transfer);
                    }
                    None => at += 1,
                }
            }
        }
        found
    }

    /// The longest row of words that `come` starts with, if it is long enough.
    fn longest(&mut self, come: Range<usize>) -> Option<Transfer> {
        let (a, b) = (&self.readings.a.ids, &self.readings.b.ids);
        let places = self.places.places(row_key(&b[come.start..come.start + KEY_WORDS]));
        let mut n_compared = 0;
        let free = places.take(PLACES_MAX).filter(|(start, _)| !self.taken[*start]);
        let lengths = free.map(|(start, end)| {
            let gone = a[start..end].iter().zip(&self.taken[start..end]);
            let same = gone.zip(&b[come.clone()]).take_while(|((x, taken), y)| x == y && !**taken);
            let n_same = same.count();
            n_compared += n_same + PLACE_WORDS;
            (n_same, start)
        });
        let longest = lengths.max_by_key(|(len, start)| (*len, std::cmp::Reverse(*start)));
        self.n_left = self.n_left.saturating_sub(n_compared);
        let (len, start) = longest?;
        let transfer = Sides { a: start..start + len, b: come.start..come.start + len };
        self.counts(&transfer.b).then_some(transfer)
    }

    /// Whether so many words, or these, are no accident.
    fn counts(&self, words: &Range<usize>) -> bool {
        let reading = &self.readings.b;
        let ids = &reading.ids[words.clone()];
        let n_words = ids.iter().filter(|id| self.vocabulary.is_word(**id)).count();
        let paragraph = &reading.paragraphs[reading.paragraph_of(words.start)].words;
        let stretch = words.start - paragraph.start..words.end - paragraph.start;
        n_words >= ROW_WORDS
            || holds_sentence(&reading.ids[paragraph.clone()], stretch, self.vocabulary)
    }
}

/// Puts what moved into blocks.
struct Marker<'r, 't> {
    readings: &'r Sides<ParsedText<'t>>,
    /// All of it, in the order of each side.
    by: Sides<Vec<Transfer>>,
}

impl Marker<'_, '_> {
    fn mark(&self, block: Block) -> Vec<Block> {
        match block {
            // Paragraphs of which something moved stand alone.
            Block::Removed { a, .. } => joined(a.map(|i| {
                let bytes = self.readings.a.paragraphs[i].bytes.clone();
                let words = self.moved_words(Span::Removed { a: bytes });
                Block::Removed { a: i..i + 1, words }
            })),
            Block::Added { b, .. } => joined(b.map(|i| {
                let bytes = self.readings.b.paragraphs[i].bytes.clone();
                let words = self.moved_words(Span::Added { b: bytes });
                Block::Added { b: i..i + 1, words }
            })),
            Block::Changed { a, b, words } => {
                vec![Block::Changed { a, b, words: self.spans(words) }]
            }
            Block::Regrouped { a, b, words } => {
                vec![Block::Regrouped { a, b, words: self.spans(words) }]
            }
            Block::Moved { a, b, words } => vec![Block::Moved { a, b, words: self.spans(words) }],
            block => vec![block],
        }
    }

    /// The spans of a paragraph that came or went; none if nothing of it moved.
    fn moved_words(&self, paragraph: Span) -> Vec<Span> {
        match &self.span(paragraph)[..] {
            [Span::Removed { .. } | Span::Added { .. }] => Vec::new(),
            words => words.to_vec(),
        }
    }

    fn spans(&self, spans: Vec<Span>) -> Vec<Span> {
        spans.into_iter().flat_map(|span| self.span(span)).collect()
    }

    /// A span cut where what moved begins and ends.
    fn span(&self, span: Span) -> Vec<Span> {
        let Sides { a, b } = self.readings;
        match span {
            Span::Removed { a: bytes } => {
                let moved = inside(&self.by.a, |it| &it.a, &a.words_in(&bytes));
                let moved =
                    moved.iter().map(|it| (a.bytes_of(&it.a, &bytes), b.bytes_in_paragraph(&it.b)));
                let moved = moved.map(|(a, b)| (a.clone(), Span::MovedAway { a, b }));
                cut(&bytes, moved, |a| Span::Removed { a })
            }
            Span::Added { b: bytes } => {
                let moved = inside(&self.by.b, |it| &it.b, &b.words_in(&bytes));
                let moved =
                    moved.iter().map(|it| (a.bytes_in_paragraph(&it.a), b.bytes_of(&it.b, &bytes)));
                let moved = moved.map(|(a, b)| (b.clone(), Span::Moved { a, b }));
                cut(&bytes, moved, |b| Span::Added { b })
            }
            span => vec![span],
        }
    }
}

/// What moved, and the spans between.
fn cut(
    bytes: &Range<usize>,
    moved: impl Iterator<Item = (Range<usize>, Span)>,
    rest: impl Fn(Range<usize>) -> Span,
) -> Vec<Span> {
    let (mut spans, mut at) = (Vec::new(), bytes.start);
    for (range, span) in moved {
        if at < range.start {
            spans.push(rest(at..range.start));
        }
        at = range.end;
        spans.push(span);
    }
    if at < bytes.end {
        spans.push(rest(at..bytes.end));
    }
    spans
}

/// Blocks in a row, as few as say the same.
fn joined(blocks: impl Iterator<Item = Block>) -> Vec<Block> {
    blocks.fold(Vec::new(), |mut joined, block| {
        push_joined(&mut joined, block);
        joined
    })
}

/// Those of sorted transfers that lie in these words.
fn inside<'s>(
    sorted: &'s [Transfer],
    side: impl Fn(&Transfer) -> &Range<usize>,
    words: &Range<usize>,
) -> &'s [Transfer] {
    let from = sorted.partition_point(|it| side(it).start < words.start);
    let to = sorted.partition_point(|it| side(it).start < words.end);
    &sorted[from..to.max(from)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{TextLayout, reading};

    #[test]
    fn rows_of_signs_that_move_nothing_are_compared_only_so_often() {
        let text = ".,".repeat(200);
        let (readings, vocabulary) = reading::read(Sides { a: &text, b: &text }, TextLayout::Prose);
        let all = || std::iter::once(0..400).collect::<Vec<_>>();
        let edited = Sides { a: all(), b: all() };
        let searched = |n_left: usize| {
            let mut finder = Finder::new(&edited, &readings, &vocabulary);
            finder.n_left = n_left;
            assert_eq!(finder.find(&edited.b), []);
            finder.n_left
        };
        assert_eq!(searched(100_000), 0);
        assert!(searched(2_000_000) > 0);
    }
}
