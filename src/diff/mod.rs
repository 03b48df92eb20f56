//! What changed between two texts: for people as paragraphs and words, for `patch` as lines.
//!
//! [`compare`] takes decoded texts and finds paragraphs that stayed, changed, moved, came or went,
//! and in a changed one the words. [`unified`] takes bytes and writes a unified patch. Both do an
//! amount of work that is bounded by the size of the input; where a bound is met, the answer gets
//! coarser, never wrong, and the same input always gives the same answer.

mod align;
mod byte_lines;
mod fences;
mod fold;
mod headings;
mod ids;
mod keys;
mod layout;
mod likeness;
mod line_ends;
mod lines;
mod links;
mod noise;
mod overlap;
mod pieces;
mod reading;
mod regroup;
mod rows;
mod spans;
mod ties;
mod transfers;
mod unified;
mod words;
mod wrapping;

use std::ops::Range;

use align::Aligner;
pub use fold::without_case;
pub use headings::{Heading, KnownHeading};
pub use layout::TextLayout;
use links::{Link, Links, link};
pub use noise::{TextNoise, noise};
use reading::{ParsedText, Vocabulary};
pub use unified::unified;
pub use words::n_words;

/// The two sides of a comparison: `a` before, `b` after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sides<T> {
    /// Before.
    pub a: T,
    /// After.
    pub b: T,
}

/// Two texts compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Paragraphs are lines each of which stands for itself.
    pub are_lines: bool,
    /// For each paragraph where its bytes are in its text, without the line end after it.
    pub paragraphs: Sides<Vec<Range<usize>>>,
    /// Which of them are headings.
    pub headings: Sides<Vec<Heading>>,
    /// All paragraphs of both sides, each once, in an order that is rising on both sides.
    pub blocks: Vec<Block>,
    /// How much of each there is.
    pub stat: Stat,
    /// The texts are too long to be taken apart word by word, or too much differs to have paired all paragraphs word by word, to
    /// have looked for all that moved, or to have marked as few words as could be: some of it may be said to have gone and come.
    pub is_coarse: bool,
}

/// A stretch of paragraphs that share a fate. Paragraphs are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// The same to the byte.
    Same {
        /// Before.
        a: Range<usize>,
        /// After, as many.
        b: Range<usize>,
    },
    /// The same words with white space placed otherwise, one paragraph each for one.
    Rewrapped {
        /// Before.
        a: Range<usize>,
        /// After, as many.
        b: Range<usize>,
    },
    /// Split, joined, or wrapped at other words: where paragraphs begin and end changed.
    Regrouped {
        /// Before.
        a: Range<usize>,
        /// After; on one side at least two.
        b: Range<usize>,
        /// Empty when the words are the same; else all of these paragraphs' text.
        words: Vec<Span>,
    },
    /// Gone, and nothing came for it that is alike.
    Removed {
        /// Before.
        a: Range<usize>,
        /// Empty unless words of the one paragraph moved to others; else all of its text.
        words: Vec<Span>,
    },
    /// New, and nothing alike was there before.
    Added {
        /// After.
        b: Range<usize>,
        /// Empty unless words of the one paragraph came from others; else all of its text.
        words: Vec<Span>,
    },
    /// One paragraph with other words.
    Changed {
        /// Before.
        a: usize,
        /// After.
        b: usize,
        /// All of the paragraph's text, before and after.
        words: Vec<Span>,
    },
    /// Came from elsewhere: stands where the paragraphs are now.
    Moved {
        /// Before.
        a: Range<usize>,
        /// After, as many.
        b: Range<usize>,
        /// Empty when the words are the same; else all of these paragraphs' text.
        words: Vec<Span>,
    },
    /// Went elsewhere: stands where the paragraphs were.
    MovedAway {
        /// Before.
        a: Range<usize>,
        /// After, as many; a `Moved` block holds them too.
        b: Range<usize>,
    },
}

/// A stretch of a paragraph, as bytes of the whole text; white space goes with the word before it.
///
/// In their order, the `a` of `Same`, `Removed` and `MovedAway` join to the paragraph before without a gap, and
/// the `b` of `Same`, `Added` and `Moved` to the one after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// The same words; white space may differ.
    Same {
        /// Before.
        a: Range<usize>,
        /// After.
        b: Range<usize>,
    },
    /// Words that went; what came for them follows as `Added`.
    Removed {
        /// Before.
        a: Range<usize>,
    },
    /// Words that came.
    Added {
        /// After.
        b: Range<usize>,
    },
    /// Words that went to another place in the text.
    MovedAway {
        /// Before.
        a: Range<usize>,
        /// Where they are now.
        b: Range<usize>,
    },
    /// Words that came from another place in the text.
    Moved {
        /// Where they were.
        a: Range<usize>,
        /// After.
        b: Range<usize>,
    },
}

/// How much stayed and how much did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stat {
    /// Paragraphs by fate; each is counted once.
    pub paragraphs: ParagraphStat,
    /// Words; punctuation is not counted.
    pub words: WordStat,
}

/// Paragraphs by fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ParagraphStat {
    /// The same to the byte, in the same order.
    pub same: usize,
    /// The same words in the same order, white space otherwise.
    pub rewrapped: usize,
    /// Split, joined, or wrapped at other words, on the side where they are more.
    pub regrouped: usize,
    /// Other words, in the same order.
    pub changed: usize,
    /// Moved, changed or not.
    pub moved: usize,
    /// Only after.
    pub added: usize,
    /// Only before.
    pub removed: usize,
}

/// Words by fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WordStat {
    /// Words that stayed, in paragraphs that moved too.
    pub same: usize,
    /// Words that moved between paragraphs, or inside of one.
    pub moved: usize,
    /// Words that stayed, but for upper and lower case.
    pub recased: usize,
    /// Only after.
    pub added: usize,
    /// Only before.
    pub removed: usize,
}

/// Compares two texts with `\n` line ends.
///
/// Paragraphs are parted by blank lines, indents, the lengths of lines and the marks of lists, tables, headings
/// and quotes. Blank lines themselves are not compared. A paragraph that kept its order is `Changed` when it shares
/// a third of the words in order, eight in a row or a sentence, and one elsewhere is `Moved` when it shares more
/// than half of them; rare words count more. Upper and lower case are the same for that.
pub fn compare(texts: Sides<&str>) -> Comparison {
    compare_laid_out(texts, TextLayout::Prose, Sides::default())
}

/// The same for texts that are laid out otherwise. The headings of pages are known; `None` of a text that is no page.
pub fn compare_laid_out(
    texts: Sides<&str>,
    layout: TextLayout,
    known: Sides<Option<&[KnownHeading]>>,
) -> Comparison {
    compare_parsed(reading::read(texts, layout), layout, known)
}

fn compare_parsed(
    (readings, vocabulary): (Sides<ParsedText<'_>>, Vocabulary),
    layout: TextLayout,
    known: Sides<Option<&[KnownHeading]>>,
) -> Comparison {
    let links = link(&readings, &vocabulary);
    let aligner = Aligner::new(vocabulary.items.len(), vocabulary.n_items);
    let weaver = Weaver {
        readings: &readings,
        vocabulary: &vocabulary,
        links: &links,
        aligner,
        blocks: Vec::new(),
    };
    let (blocks, is_late) = weaver.weave();
    let (blocks, is_whole) = transfers::mark(blocks, &readings, &vocabulary);
    let ranges = |reading: &ParsedText<'_>| -> Vec<Range<usize>> {
        reading.paragraphs.iter().map(|paragraph| paragraph.bytes.clone()).collect()
    };
    let paragraphs = Sides { a: ranges(&readings.a), b: ranges(&readings.b) };
    let stat = stat(&blocks, &paragraphs, &readings, &vocabulary);
    let headings = |reading, known: Option<&[KnownHeading]>| match known {
        Some(known) => headings::known(reading, known),
        None => headings::headings(reading),
    };
    let headings = Sides { a: headings(&readings.a, known.a), b: headings(&readings.b, known.b) };
    let is_coarse = vocabulary.has_pieces || links.is_coarse || is_late || !is_whole;
    let are_lines = layout == TextLayout::Lines && !vocabulary.has_pieces;
    Comparison { are_lines, paragraphs, headings, blocks, stat, is_coarse }
}

/// The paragraphs of one text, by their bytes, and its headings; those of a page may be known.
pub fn outline(
    text: &str,
    layout: TextLayout,
    known: Option<&[KnownHeading]>,
) -> (Vec<Range<usize>>, Vec<Heading>) {
    let (readings, _) = reading::read_words(Sides { a: "", b: text }, layout);
    let headings = match known {
        Some(known) => headings::known(&readings.b, known),
        None => headings::headings(&readings.b),
    };
    (readings.b.paragraphs.into_iter().map(|it| it.bytes).collect(), headings)
}

impl Comparison {
    /// The headings that hold a paragraph, or that it is, from the highest to the nearest.
    pub fn headings_above(headings: &[Heading], paragraph: usize) -> Vec<usize> {
        headings::path(headings, paragraph)
    }

    /// Whether paragraphs that were regrouped are one on one side, whose lines only end elsewhere on the other.
    pub fn is_wrapped_otherwise(
        &self,
        texts: Sides<&str>,
        (a, b): (&Range<usize>, &Range<usize>),
    ) -> bool {
        let Sides { a: of_a, b: of_b } = &self.paragraphs;
        let (whole, text, parts) = match (a.len(), b.len()) {
            (1, _) => (&texts.a[of_a[a.start].clone()], texts.b, &of_b[b.clone()]),
            (_, 1) => (&texts.b[of_b[b.start].clone()], texts.a, &of_a[a.clone()]),
            _ => return true,
        };
        line_ends::is_wrapped_otherwise(whole, text, parts)
    }

    /// How many paragraphs of a block's words went and came as a whole: of a paragraph that was split what stands
    /// between its parts.
    pub fn n_between(&self, words: &[Span]) -> Sides<usize> {
        n_between(words, &self.paragraphs)
    }

    /// Whether both texts have the same words in the same order.
    ///
    /// White space may still differ, and where paragraphs begin: see [`ParagraphStat::rewrapped`] and
    /// [`ParagraphStat::regrouped`].
    pub fn is_same(&self) -> bool {
        let same = |block: &Block| match block {
            Block::Same { .. } | Block::Rewrapped { .. } => true,
            Block::Regrouped { words, .. } => words.is_empty(),
            _ => false,
        };
        self.blocks.iter().all(same)
    }
}

impl Stat {
    /// Whether no paragraph has other words, or another place.
    pub fn is_same(&self) -> bool {
        let ParagraphStat { regrouped, changed, moved, added, removed, .. } = self.paragraphs;
        regrouped + changed + moved + added + removed == 0
    }
}

impl<T> Sides<T> {
    /// Does the same to both sides.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Sides<U> {
        Sides { a: f(self.a), b: f(self.b) }
    }
}

/// Makes blocks of links.
struct Weaver<'r, 't> {
    readings: &'r Sides<ParsedText<'t>>,
    vocabulary: &'r Vocabulary,
    links: &'r Links,
    aligner: Aligner,
    blocks: Vec<Block>,
}

impl Weaver<'_, '_> {
    /// All blocks, and whether words were aligned in a hurry.
    fn weave(mut self) -> (Vec<Block>, bool) {
        let (mut a, mut b) = (0, 0);
        loop {
            // What went comes before what came, and both before the next paragraph that stayed.
            match (self.links.a(a), self.links.b(b)) {
                (Some(Link::Alone), _) => {
                    self.push(Block::Removed { a: a..a + 1, words: Vec::new() });
                    a += 1;
                }
                (Some(Link::Moved(to)), _) => {
                    self.push(Block::MovedAway { a: a..a + 1, b: to..to + 1 });
                    a += 1;
                }
                (_, Some(Link::Alone)) => {
                    self.push(Block::Added { b: b..b + 1, words: Vec::new() });
                    b += 1;
                }
                (_, Some(Link::Moved(from))) => {
                    // What moved together is one.
                    let follows = |n: &usize| self.links.b(b + n) == Some(Link::Moved(from + n));
                    let n = (1..).take_while(follows).count() + 1;
                    let (a, moved) = (from..from + n, b..b + n);
                    let words = self.words(&a, &moved);
                    self.push(Block::Moved { a, b: moved, words });
                    b += n;
                }
                (Some(Link::InPlace(to)), _) => {
                    let block = self.in_place(a, to);
                    self.push(block);
                    (a, b) = (a + 1, to + 1);
                }
                (Some(Link::Group(number)), _) => {
                    let group = self.links.group(number).clone();
                    (a, b) = (group.a.end, group.b.end);
                    let words = self.words(&group.a, &group.b);
                    self.push(Block::Regrouped { a: group.a, b: group.b, words });
                }
                // A group is passed as a whole.
                (Some(Link::InGroup) | None, _) => return (self.blocks, self.aligner.is_late()),
            }
        }
    }

    fn in_place(&mut self, a: usize, b: usize) -> Block {
        let words = self.words(&(a..a + 1), &(b..b + 1));
        let texts = (self.readings.a.paragraph_text(a), self.readings.b.paragraph_text(b));
        if !words.is_empty() {
            Block::Changed { a, b, words }
        } else if texts.0 == texts.1 {
            Block::Same { a: a..a + 1, b: b..b + 1 }
        } else {
            Block::Rewrapped { a: a..a + 1, b: b..b + 1 }
        }
    }

    /// The spans of paragraphs of both sides, none when all words are the same.
    fn words(&mut self, a: &Range<usize>, b: &Range<usize>) -> Vec<Span> {
        if self.readings.a.words_of(a) == self.readings.b.words_of(b) {
            return Vec::new();
        }
        let paragraphs = Sides { a: a.clone(), b: b.clone() };
        spans::spans(self.readings, self.vocabulary, paragraphs, &mut self.aligner)
    }

    fn push(&mut self, block: Block) {
        push_joined(&mut self.blocks, block);
    }
}

/// Adds a block, as part of the last one where they share a fate and touch.
fn push_joined(blocks: &mut Vec<Block>, block: Block) {
    let is_joined = blocks.last_mut().is_some_and(|last| last.join(&block));
    if !is_joined {
        blocks.push(block);
    }
}

impl Block {
    /// Adds the block that follows if it shares this one's fate; `false` if it does not.
    fn join(&mut self, next: &Block) -> bool {
        match (self, next) {
            (Block::Removed { a: it, words }, Block::Removed { a: more, words: others })
            | (Block::Added { b: it, words }, Block::Added { b: more, words: others }) => {
                words.is_empty() && others.is_empty() && extend(&mut [it], &[more])
            }
            (Block::Same { a, b }, Block::Same { a: more_a, b: more_b })
            | (Block::Rewrapped { a, b }, Block::Rewrapped { a: more_a, b: more_b })
            | (Block::MovedAway { a, b }, Block::MovedAway { a: more_a, b: more_b }) => {
                extend(&mut [a, b], &[more_a, more_b])
            }
            // Wrapped lines are one stretch of them; of paragraphs that were split each is told.
            (
                Block::Regrouped { a, b, words },
                Block::Regrouped { a: more_a, b: more_b, words: more },
            ) if [&*a, &*b, more_a, more_b].iter().all(|range| range.len() > 1) => {
                words.is_empty() && more.is_empty() && extend(&mut [a, b], &[more_a, more_b])
            }
            _ => false,
        }
    }
}

/// Extends all ranges, or none where one of them does not touch.
fn extend(ranges: &mut [&mut Range<usize>], more: &[&Range<usize>]) -> bool {
    let touch = ranges.iter().zip(more).all(|(range, more)| range.end == more.start);
    if touch {
        ranges.iter_mut().zip(more).for_each(|(range, more)| range.end = more.end);
    }
    touch
}

fn stat(
    blocks: &[Block],
    ranges: &Sides<Vec<Range<usize>>>,
    readings: &Sides<ParsedText<'_>>,
    vocabulary: &Vocabulary,
) -> Stat {
    let counter = readings.map_ref(|reading| WordCounter::new(reading, vocabulary));
    let mut stat = Stat::default();
    let Stat { paragraphs, words } = &mut stat;
    for block in blocks {
        match block {
            Block::Same { a, .. } => paragraphs.same += a.len(),
            Block::Rewrapped { a, .. } => paragraphs.rewrapped += a.len(),
            Block::Regrouped { a, b, words } => {
                let between = n_between(words, ranges);
                paragraphs.regrouped += (a.len() - between.a).max(b.len() - between.b);
                paragraphs.removed += between.a;
                paragraphs.added += between.b;
            }
            Block::Changed { .. } => paragraphs.changed += 1,
            Block::Moved { a, .. } => paragraphs.moved += a.len(),
            Block::Added { b, .. } => paragraphs.added += b.len(),
            Block::Removed { a, .. } => paragraphs.removed += a.len(),
            Block::MovedAway { .. } => {}
        }
        match block {
            Block::Moved { words: spans, .. }
            | Block::Regrouped { words: spans, .. }
            | Block::Removed { words: spans, .. }
            | Block::Added { words: spans, .. }
                if !spans.is_empty() =>
            {
                words.add(spans, &counter);
            }
            Block::Changed { words: spans, .. } => words.add(spans, &counter),
            Block::Same { a, .. }
            | Block::Rewrapped { a, .. }
            | Block::Regrouped { a, .. }
            | Block::Moved { a, .. } => {
                words.same += counter.a.in_paragraphs(a);
            }
            Block::Added { b, .. } => words.added += counter.b.in_paragraphs(b),
            Block::Removed { a, .. } => words.removed += counter.a.in_paragraphs(a),
            Block::MovedAway { .. } => {}
        }
    }
    stat
}

fn n_between(words: &[Span], paragraphs: &Sides<Vec<Range<usize>>>) -> Sides<usize> {
    let n_within = |paragraphs: &[Range<usize>], bytes: &Range<usize>| {
        let first = paragraphs.partition_point(|paragraph| paragraph.start < bytes.start);
        paragraphs[first..].iter().take_while(|paragraph| paragraph.end <= bytes.end).count()
    };
    let mut n = Sides { a: 0, b: 0 };
    for span in words {
        match span {
            Span::Removed { a } => n.a += n_within(&paragraphs.a, a),
            Span::Added { b } => n.b += n_within(&paragraphs.b, b),
            _ => {}
        }
    }
    n
}

impl<T> Sides<T> {
    fn map_ref<'s, U>(&'s self, mut f: impl FnMut(&'s T) -> U) -> Sides<U> {
        Sides { a: f(&self.a), b: f(&self.b) }
    }
}

/// Counts words, without punctuation, in any stretch of a text.
struct WordCounter<'r, 't> {
    reading: &'r ParsedText<'t>,
    vocabulary: &'r Vocabulary,
    /// How many words there are before each word or sign, and in all.
    before: Vec<usize>,
}

impl<'r, 't> WordCounter<'r, 't> {
    fn new(reading: &'r ParsedText<'t>, vocabulary: &'r Vocabulary) -> Self {
        let mut before = vec![0];
        let mut n = 0;
        for id in &reading.ids {
            n += vocabulary.n_words(*id);
            before.push(n);
        }
        Self { reading, vocabulary, before }
    }

    fn in_paragraphs(&self, paragraphs: &Range<usize>) -> usize {
        let paragraphs = &self.reading.paragraphs[paragraphs.clone()];
        let (Some(first), Some(last)) = (paragraphs.first(), paragraphs.last()) else { return 0 };
        self.before[last.words.end] - self.before[first.words.start]
    }

    fn in_bytes(&self, bytes: &Range<usize>) -> usize {
        let word = |byte: usize| self.reading.starts.partition_point(|start| *start < byte);
        self.before[word(bytes.end)] - self.before[word(bytes.start)]
    }

    /// The numbers of the words and signs in these bytes, upper and lower case being the same.
    fn folded(&self, bytes: &Range<usize>) -> impl Iterator<Item = usize> {
        let ids = &self.reading.ids[self.reading.words_in(bytes)];
        ids.iter().map(|id| self.vocabulary.items[*id].folded)
    }
}

impl WordStat {
    fn add(&mut self, mut spans: &[Span], counter: &Sides<WordCounter<'_, '_>>) {
        while let Some((span, rest)) = spans.split_first() {
            spans = rest;
            match (span, rest) {
                (Span::Removed { a }, [Span::Added { b }, rest @ ..])
                    if counter.a.folded(a).eq(counter.b.folded(b)) =>
                {
                    self.recased += counter.b.in_bytes(b);
                    spans = rest;
                }
                (Span::Same { a, .. }, _) => self.same += counter.a.in_bytes(a),
                (Span::Moved { b, .. }, _) => self.moved += counter.b.in_bytes(b),
                (Span::MovedAway { .. }, _) => {}
                (Span::Removed { a }, _) => self.removed += counter.a.in_bytes(a),
                (Span::Added { b }, _) => self.added += counter.b.in_bytes(b),
            }
        }
    }
}

#[cfg(test)]
mod layout_tests;
#[cfg(test)]
mod tests;
