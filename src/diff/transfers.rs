//! Words that left one paragraph and came to another: sentences that moved.
//!
//! After all paragraphs are paired, what came is searched for rows of words that went. A row counts when it is long,
//! or a whole sentence.

use std::{collections::BTreeMap, ops::Range};

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

/// Words of both sides that are the same and stand elsewhere.
type Transfer = Sides<Range<usize>>;

/// Marks what moved between paragraphs, or inside of one.
pub fn mark(
    blocks: Vec<Block>,
    readings: &Sides<ParsedText<'_>>,
    vocabulary: &Vocabulary,
) -> Vec<Block> {
    let edited = edited(&blocks, readings);
    let mut transfers = Finder::new(&edited, readings, vocabulary).find(&edited.b);
    if transfers.is_empty() {
        return blocks;
    }
    transfers.sort_by_key(|it| it.b.start);
    let by_b = transfers.clone();
    transfers.sort_by_key(|it| it.a.start);
    let marker = Marker { readings, by: Sides { a: transfers, b: by_b } };
    blocks.into_iter().flat_map(|block| marker.mark(block)).collect()
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
    /// Words of the first text that were found: where each row begins and ends.
    taken: BTreeMap<usize, usize>,
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
        let places = RowIndex::new(gone, come, n_keys);
        Self { readings, vocabulary, places, taken: BTreeMap::new() }
    }

    fn find(mut self, come: &[Range<usize>]) -> Vec<Transfer> {
        let mut found = Vec::new();
        if self.places.is_empty() {
            return found;
        }
        for stretch in come {
            let mut at = stretch.start;
            while at + KEY_WORDS <= stretch.end {
                match self.longest(at..stretch.end) {
                    Some(transfer) => {
                        at = transfer.b.end;
                        self.taken.insert(transfer.a.start, transfer.a.end);
                        found.push(transfer);
                    }
                    None => at += 1,
                }
            }
        }
        found
    }

    /// The longest row of words that `come` starts with, if it is long enough.
    fn longest(&self, come: Range<usize>) -> Option<Transfer> {
        let (a, b) = (&self.readings.a.ids, &self.readings.b.ids);
        let places = self.places.places(row_key(&b[come.start..come.start + KEY_WORDS]));
        let free = places.take(PLACES_MAX).filter(|(start, _)| !self.is_taken(*start));
        let lengths = free.map(|(start, end)| {
            let next = self.taken.range(start..).next();
            let end = next.map_or(end, |(next, _)| end.min(*next));
            let same = a[start..end].iter().zip(&b[come.clone()]).take_while(|(x, y)| x == y);
            (same.count(), start)
        });
        let (len, start) = lengths.max_by_key(|(len, start)| (*len, std::cmp::Reverse(*start)))?;
        let transfer = Sides { a: start..start + len, b: come.start..come.start + len };
        self.counts(&transfer.b).then_some(transfer)
    }

    fn is_taken(&self, word: usize) -> bool {
        self.taken.range(..=word).next_back().is_some_and(|(_, end)| word < *end)
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
