//! What changed between two texts: for people as paragraphs and words, for `patch` as lines.
//!
//! [`compare`] takes decoded texts and finds paragraphs that stayed, changed, moved, came or went,
//! and in a changed one the words. [`unified`] takes bytes and writes a unified patch. Both do an
//! amount of work that is bounded by the size of the input; where a bound is met, the answer gets
//! coarser, never wrong, and the same input always gives the same answer.

mod align;
mod likeness;
mod links;
mod reading;
mod spans;
mod unified;

use std::ops::Range;

use align::Aligner;
use links::{Link, Links, link};
use reading::{Reading, Vocabulary};
pub use unified::unified;

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
    /// For each paragraph where its bytes are in its text, without the line end after it.
    pub paragraphs: Sides<Vec<Range<usize>>>,
    /// All paragraphs of both sides, each once, in an order that is rising on both sides.
    pub blocks: Vec<Block>,
    /// How much of each there is.
    pub stat: Stat,
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
    /// Gone, and nothing in its place that is alike.
    Removed {
        /// Before.
        a: Range<usize>,
    },
    /// New, and nothing alike was there before.
    Added {
        /// After.
        b: Range<usize>,
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
    /// Came from another place: stands where the paragraphs are now.
    Moved {
        /// Before.
        a: Range<usize>,
        /// After, as many.
        b: Range<usize>,
        /// Empty when the words are the same; else all of the one paragraph's text.
        words: Vec<Span>,
    },
    /// Went to another place: stands where the paragraphs were.
    MovedAway {
        /// Before.
        a: Range<usize>,
        /// After, as many; a `Moved` block holds them too.
        b: Range<usize>,
    },
}

/// A stretch of a paragraph, as bytes of the whole text; white space goes with the word before it.
///
/// In their order, the `a` of `Same` and `Removed` join to the paragraph before without a gap, and
/// the `b` of `Same` and `Added` to the one after.
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
    /// The same to the byte and in place.
    pub same: usize,
    /// The same words in place, white space otherwise.
    pub rewrapped: usize,
    /// Other words, in place.
    pub changed: usize,
    /// At another place, changed or not.
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
    /// Only after.
    pub added: usize,
    /// Only before.
    pub removed: usize,
}

/// Compares two texts with `\n` line ends.
///
/// Paragraphs are parted by blank lines; where those are rare (more than 16 lines to a stretch) or
/// lines too long to have been wrapped, every line is a paragraph, on both sides alike. Blank lines
/// themselves are not compared. A paragraph that stayed in its place is `Changed` when at least
/// 40 % of the words are shared, rare words counting more, and one at another place is `Moved` from
/// 70 % on.
pub fn compare(texts: Sides<&str>) -> Comparison {
    let (readings, vocabulary) = reading::read(texts);
    let links = link(&readings, &vocabulary);
    let aligner = Aligner::new(vocabulary.counts.len(), vocabulary.n_items);
    let blocks = Weaver { readings: &readings, links: &links, aligner, blocks: Vec::new() }.weave();
    let stat = stat(&blocks, &readings, &vocabulary);
    let places = |reading: &Reading<'_>| -> Vec<Range<usize>> {
        reading.paragraphs.iter().map(|paragraph| paragraph.bytes.clone()).collect()
    };
    let paragraphs = Sides { a: places(&readings.a), b: places(&readings.b) };
    Comparison { paragraphs, blocks, stat }
}

impl Comparison {
    /// Whether both texts have the same words in the same paragraphs and order.
    ///
    /// White space may still differ: see [`ParagraphStat::rewrapped`].
    pub fn is_same(&self) -> bool {
        let same = |block: &Block| matches!(block, Block::Same { .. } | Block::Rewrapped { .. });
        self.blocks.iter().all(same)
    }
}

impl<T> Sides<T> {
    /// Does the same to both sides.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Sides<U> {
        Sides { a: f(self.a), b: f(self.b) }
    }
}

/// Turns links into blocks.
struct Weaver<'r, 't> {
    readings: &'r Sides<Reading<'t>>,
    links: &'r Links,
    aligner: Aligner,
    blocks: Vec<Block>,
}

impl Weaver<'_, '_> {
    fn weave(mut self) -> Vec<Block> {
        let (mut a, mut b) = (0, 0);
        loop {
            // What went comes before what came, and both before the next paragraph that stayed.
            match (self.links.a(a), self.links.b(b)) {
                (Some(Link::Alone), _) => {
                    self.push(Block::Removed { a: a..a + 1 });
                    a += 1;
                }
                (Some(Link::Moved(to)), _) => {
                    self.push(Block::MovedAway { a: a..a + 1, b: to..to + 1 });
                    a += 1;
                }
                (_, Some(Link::Alone)) => {
                    self.push(Block::Added { b: b..b + 1 });
                    b += 1;
                }
                (_, Some(Link::Moved(from))) => {
                    let words = self.words(from, b);
                    self.push(Block::Moved { a: from..from + 1, b: b..b + 1, words });
                    b += 1;
                }
                (Some(Link::InPlace(to)), _) => {
                    let block = self.in_place(a, to);
                    self.push(block);
                    (a, b) = (a + 1, to + 1);
                }
                (None, _) => return self.blocks,
            }
        }
    }

    fn in_place(&mut self, a: usize, b: usize) -> Block {
        let words = self.words(a, b);
        let texts = (self.readings.a.paragraph_text(a), self.readings.b.paragraph_text(b));
        if !words.is_empty() {
            Block::Changed { a, b, words }
        } else if texts.0 == texts.1 {
            Block::Same { a: a..a + 1, b: b..b + 1 }
        } else {
            Block::Rewrapped { a: a..a + 1, b: b..b + 1 }
        }
    }

    /// The spans of a pair of paragraphs, none when all words are the same.
    fn words(&mut self, a: usize, b: usize) -> Vec<Span> {
        if self.readings.a.words(a) == self.readings.b.words(b) {
            return Vec::new();
        }
        spans::spans(self.readings, Sides { a, b }, &mut self.aligner)
    }

    /// Adds a block, as part of the last one where they share a fate and touch.
    fn push(&mut self, block: Block) {
        let joined = self.blocks.last_mut().is_some_and(|last| last.join(&block));
        if !joined {
            self.blocks.push(block);
        }
    }
}

impl Block {
    /// Takes in the block that follows if it shares this one's fate; `false` if it does not.
    fn join(&mut self, next: &Block) -> bool {
        match (self, next) {
            (Block::Removed { a }, Block::Removed { a: more }) => extend(&mut [a], &[more]),
            (Block::Added { b }, Block::Added { b: more }) => extend(&mut [b], &[more]),
            (Block::Same { a, b }, Block::Same { a: more_a, b: more_b })
            | (Block::Rewrapped { a, b }, Block::Rewrapped { a: more_a, b: more_b })
            | (Block::MovedAway { a, b }, Block::MovedAway { a: more_a, b: more_b }) => {
                extend(&mut [a, b], &[more_a, more_b])
            }
            (Block::Moved { a, b, words }, Block::Moved { a: more_a, b: more_b, words: more }) => {
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

fn stat(blocks: &[Block], readings: &Sides<Reading<'_>>, vocabulary: &Vocabulary) -> Stat {
    let counter = readings.map_ref(|reading| WordCounter::new(reading, vocabulary));
    let mut stat = Stat::default();
    let Stat { paragraphs, words } = &mut stat;
    for block in blocks {
        match block {
            Block::Same { a, .. } => paragraphs.same += a.len(),
            Block::Rewrapped { a, .. } => paragraphs.rewrapped += a.len(),
            Block::Changed { .. } => paragraphs.changed += 1,
            Block::Moved { a, .. } => paragraphs.moved += a.len(),
            Block::Added { b } => paragraphs.added += b.len(),
            Block::Removed { a } => paragraphs.removed += a.len(),
            Block::MovedAway { .. } => {}
        }
        match block {
            Block::Moved { words: spans, .. } if !spans.is_empty() => words.add(spans, &counter),
            Block::Changed { words: spans, .. } => words.add(spans, &counter),
            Block::Same { a, .. } | Block::Rewrapped { a, .. } | Block::Moved { a, .. } => {
                words.same += counter.a.in_paragraphs(a);
            }
            Block::Added { b } => words.added += counter.b.in_paragraphs(b),
            Block::Removed { a } => words.removed += counter.a.in_paragraphs(a),
            Block::MovedAway { .. } => {}
        }
    }
    stat
}

impl<T> Sides<T> {
    fn map_ref<'s, U>(&'s self, mut f: impl FnMut(&'s T) -> U) -> Sides<U> {
        Sides { a: f(&self.a), b: f(&self.b) }
    }
}

/// Counts words, without punctuation, in any stretch of a text.
struct WordCounter<'r, 't> {
    reading: &'r Reading<'t>,
    /// How many words there are before each word or sign, and in all.
    before: Vec<usize>,
}

impl<'r, 't> WordCounter<'r, 't> {
    fn new(reading: &'r Reading<'t>, vocabulary: &Vocabulary) -> Self {
        let mut before = vec![0];
        let mut n = 0;
        for id in &reading.ids {
            n += usize::from(vocabulary.is_word[*id]);
            before.push(n);
        }
        Self { reading, before }
    }

    fn in_paragraphs(&self, paragraphs: &Range<usize>) -> usize {
        let paragraphs = &self.reading.paragraphs[paragraphs.clone()];
        let (Some(first), Some(last)) = (paragraphs.first(), paragraphs.last()) else { return 0 };
        self.before[last.words.end] - self.before[first.words.start]
    }

    fn in_bytes(&self, bytes: &Range<usize>) -> usize {
        let place = |byte: usize| self.reading.starts.partition_point(|start| *start < byte);
        self.before[place(bytes.end)] - self.before[place(bytes.start)]
    }
}

impl WordStat {
    fn add(&mut self, spans: &[Span], counter: &Sides<WordCounter<'_, '_>>) {
        for span in spans {
            match span {
                Span::Same { a, .. } => self.same += counter.a.in_bytes(a),
                Span::Removed { a } => self.removed += counter.a.in_bytes(a),
                Span::Added { b } => self.added += counter.b.in_bytes(b),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &str = "The archive keeps every version of every document that it was given.";
    const TWO: &str = "Nobody may remove a revision without leaving a reason in the journal.";
    const THREE: &str = "Fixity means that the bytes are still those which were taken in once.";

    fn compared(a: &str, b: &str) -> Comparison {
        let comparison = compare(Sides { a, b });
        check(&comparison, a, b);
        comparison
    }

    fn text(paragraphs: &[&str]) -> String {
        paragraphs.join("\n\n")
    }

    /// Blocks in short: kind, paragraphs before, paragraphs after, counted from 0.
    fn sketch(a: &str, b: &str) -> String {
        let range = |r: &Range<usize>| match r.len() {
            1 => format!("{}", r.start),
            _ => format!("{}-{}", r.start, r.end - 1),
        };
        let block = |block: &Block| match block {
            Block::Same { a, b } => format!("same {} {}", range(a), range(b)),
            Block::Rewrapped { a, b } => format!("rewrapped {} {}", range(a), range(b)),
            Block::Removed { a } => format!("removed {}", range(a)),
            Block::Added { b } => format!("added {}", range(b)),
            Block::Changed { a, b, .. } => format!("changed {a} {b}"),
            Block::Moved { a, b, words } if words.is_empty() => {
                format!("moved {} {}", range(a), range(b))
            }
            Block::Moved { a, b, .. } => format!("edited {} {}", range(a), range(b)),
            Block::MovedAway { a, b } => format!("away {} {}", range(a), range(b)),
        };
        compared(a, b).blocks.iter().map(block).collect::<Vec<_>>().join(", ")
    }

    /// The changed words of the only changed paragraph: `same [-removed-] {+added+}`.
    fn marked(a: &str, b: &str) -> String {
        let comparison = compared(a, b);
        let spans = comparison.blocks.iter().find_map(|block| match block {
            Block::Changed { words, .. } => Some(words),
            _ => None,
        });
        let shown = |span: &Span| match span {
            Span::Same { b: range, .. } => b[range.clone()].to_string(),
            Span::Removed { a: range } => format!("[-{}-]", &a[range.clone()]),
            Span::Added { b: range } => format!("{{+{}+}}", &b[range.clone()]),
        };
        spans.unwrap().iter().map(shown).collect()
    }

    /// Every paragraph once and in order, every span in its place, both texts there to the byte.
    fn check(comparison: &Comparison, a: &str, b: &str) {
        let (mut next_a, mut next_b) = (0, 0);
        let step = |range: Option<&Range<usize>>, next: &mut usize| {
            if let Some(range) = range {
                assert!(range.start == *next && range.end > range.start, "{comparison:?}");
                *next = range.end;
            }
        };
        for block in &comparison.blocks {
            let single = |i: &usize| *i..*i + 1;
            let (ra, rb, words) = match block {
                Block::Same { a, b } | Block::Rewrapped { a, b } => {
                    (Some(a.clone()), Some(b.clone()), None)
                }
                Block::Removed { a } => (Some(a.clone()), None, None),
                Block::MovedAway { a, .. } => (Some(a.clone()), None, None),
                Block::Added { b } => (None, Some(b.clone()), None),
                Block::Changed { a, b, words } => {
                    (Some(single(a)), Some(single(b)), Some((*a, *b, words)))
                }
                Block::Moved { a, b, words } => {
                    (None, Some(b.clone()), Some((a.start, b.start, words)))
                }
            };
            step(ra.as_ref(), &mut next_a);
            step(rb.as_ref(), &mut next_b);
            if let Some((i, j, words)) = words.filter(|(_, _, words)| !words.is_empty()) {
                check_spans(comparison, (i, j), words, a, b);
            }
            check_sameness(comparison, block, a, b);
        }
        assert_eq!(
            (next_a, next_b),
            (comparison.paragraphs.a.len(), comparison.paragraphs.b.len())
        );
        check_moves(comparison);
        let seen: String = comparison.paragraphs.b.iter().map(|p| &b[p.clone()]).collect();
        assert_eq!(squeezed(&seen), squeezed(b));
    }

    fn check_sameness(comparison: &Comparison, block: &Block, a: &str, b: &str) {
        let texts = |ra: &Range<usize>, rb: &Range<usize>| {
            assert_eq!(ra.len(), rb.len());
            let before =
                comparison.paragraphs.a[ra.clone()].iter().map(|p| a[p.clone()].to_string());
            let after =
                comparison.paragraphs.b[rb.clone()].iter().map(|p| b[p.clone()].to_string());
            before.zip(after).collect::<Vec<_>>()
        };
        match block {
            Block::Same { a, b } => texts(a, b).iter().for_each(|(x, y)| assert_eq!(x, y)),
            Block::Rewrapped { a, b } => texts(a, b).iter().for_each(|(x, y)| {
                assert!(x != y);
                assert_eq!(squeezed(x), squeezed(y));
            }),
            Block::Moved { a, b, words } if words.is_empty() => {
                texts(a, b).iter().for_each(|(x, y)| assert_eq!(squeezed(x), squeezed(y)));
            }
            _ => {}
        }
    }

    fn check_spans(
        comparison: &Comparison,
        (i, j): (usize, usize),
        words: &[Span],
        a: &str,
        b: &str,
    ) {
        let (before, after) = (&comparison.paragraphs.a[i], &comparison.paragraphs.b[j]);
        let (mut x, mut y) = (before.start, after.start);
        for span in words {
            let (ra, rb) = match span {
                Span::Same { a: ra, b: rb } => {
                    assert_eq!(squeezed(&a[ra.clone()]), squeezed(&b[rb.clone()]));
                    (Some(ra), Some(rb))
                }
                Span::Removed { a } => (Some(a), None),
                Span::Added { b } => (None, Some(b)),
            };
            for (range, at) in [(ra, &mut x), (rb, &mut y)] {
                if let Some(range) = range {
                    assert!(range.start == *at && range.end > range.start, "{words:?}");
                    *at = range.end;
                }
            }
        }
        assert_eq!((x, y), (before.end, after.end));
        assert!(words.iter().any(|span| !matches!(span, Span::Same { .. })));
    }

    fn check_moves(comparison: &Comparison) {
        let pairs = |away: bool| {
            let mut pairs = Vec::new();
            for block in &comparison.blocks {
                match block {
                    Block::Moved { a, b, .. } if !away => pairs.extend(a.clone().zip(b.clone())),
                    Block::MovedAway { a, b } if away => pairs.extend(a.clone().zip(b.clone())),
                    _ => {}
                }
            }
            pairs.sort_unstable();
            pairs
        };
        assert_eq!(pairs(true), pairs(false));
    }

    fn squeezed(text: &str) -> String {
        text.split_whitespace().collect()
    }

    #[test]
    fn each_kind_of_block() {
        let [one, two, three] = [ONE, TWO, THREE];
        let wrapped = one.replacen(" of ", "\n   of ", 1);
        let changed = two.replace("Nobody", "Somebody");
        let edited = one.replace("given", "handed");
        for (a, b, blocks) in [
            (text(&[]), text(&[]), ""),
            (text(&[one, two]), text(&[one, two]), "same 0-1 0-1"),
            (text(&[]), text(&[one, two]), "added 0-1"),
            (text(&[one, two]), text(&[]), "removed 0-1"),
            (text(&[one, three]), text(&[one, two, three]), "same 0 0, added 1, same 1 2"),
            (text(&[one, two, three]), text(&[one, three]), "same 0 0, removed 1, same 2 1"),
            (text(&[one, two]), text(&[one, &changed]), "same 0 0, changed 1 1"),
            (text(&[one]), text(&[&wrapped]), "rewrapped 0 0"),
            (text(&[one]), text(&[two]), "removed 0, added 0"),
            (
                text(&[one, two, three]),
                text(&[two, three, one]),
                "away 0 2, same 1-2 0-1, moved 0 2",
            ),
            (
                text(&[one, two, three]),
                text(&[two, three, &edited]),
                "away 0 2, same 1-2 0-1, edited 0 2",
            ),
            (
                text(&[one, &changed, two]),
                text(&[three, one, two]),
                "added 0, same 0 1, removed 1, same 2 2",
            ),
        ] {
            assert_eq!(sketch(&a, &b), blocks, "{a}\n=>\n{b}");
        }
    }

    #[test]
    fn headings_move_but_braces_do_not() {
        let a = text(&["}", "Scope", ONE, TWO, THREE]);
        let b = text(&[ONE, TWO, THREE, "Scope", "}"]);
        assert_eq!(sketch(&a, &b), "removed 0, away 1 3, same 2-4 0-2, moved 1 3, added 4");
    }

    #[test]
    fn several_paragraphs_moved_together_are_one_block() {
        let a = text(&[ONE, TWO, THREE, "four", "five", "six"]);
        let b = text(&["four", "five", "six", "seven", ONE, TWO]);
        assert_eq!(sketch(&a, &b), "away 0-1 4-5, removed 2, same 3-5 0-2, added 3, moved 0-1 4-5");
    }

    #[test]
    fn short_paragraphs_are_paired_with_their_likes_in_order() {
        let a = "Version 2.1\n\nPrice: 10 euros\n\nunrelated words here";
        let b = "Version 2.2\n\nsomething else altogether\n\nPrice: 12 euros";
        assert_eq!(sketch(a, b), "changed 0 0, added 1, changed 1 2, removed 2");
    }

    #[test]
    fn changed_words_read_as_phrases() {
        for (a, b, marks) in [
            ("the cat sat down here", "the dog sat down here", "the [-cat -]{+dog +}sat down here"),
            ("we keep it all", "we keep\nit for all", "we keep\nit {+for +}all"),
            (
                "pay 1,000.50 now please",
                "pay 1,200 now please",
                "pay [-1,000.50 -]{+1,200 +}now please",
            ),
            // A lone word between two replaced phrases goes with them.
            (
                "kept: quick brown foxes of lazy northern dogs, every day and night",
                "kept: seventeen tired hens of three farmers abroad, every day and night",
                "kept: [-quick brown foxes of lazy northern dogs-]\
             {+seventeen tired hens of three farmers abroad+}, every day and night",
            ),
            // Between two additions nothing needs to be called removed.
            (
                "see the house there",
                "see all of the very old house there",
                "see {+all of +}the {+very old +}house there",
            ),
            // An added sentence begins where a sentence begins.
            (
                "It is so. We saw it. All is well.",
                "It is so. We did it. We saw it. All is well.",
                "It is so. {+We did it. +}We saw it. All is well.",
            ),
            (
                "Call (a) or (c) today or later",
                "Call (a) or (b) or (c) today or later",
                "Call (a) or {+(b) or +}(c) today or later",
            ),
            ("文書を保管する場所", "文書を公開する場所", "文書を[-保管-]{+公開+}する場所"),
            ("Wait, there is more.", "Wait: there is more.", "Wait[-, -]{+: +}there is more."),
        ] {
            assert_eq!(marked(a, b), marks);
        }
    }

    #[test]
    fn the_stat_counts_words_and_paragraphs_once() {
        let edited = ONE.replace("given", "kindly handed");
        let a = text(&[ONE, TWO, THREE, "gone now"]);
        let b = text(&[TWO, &THREE.replace(' ', "\n"), "is new here", &edited]);
        let stat = compared(&a, &b).stat;
        let paragraphs =
            ParagraphStat { same: 1, rewrapped: 1, changed: 0, moved: 1, added: 1, removed: 1 };
        assert_eq!(stat.paragraphs, paragraphs);
        assert_eq!(stat.words, WordStat { same: 36, added: 5, removed: 3 });
    }

    #[test]
    fn only_white_space_leaves_texts_the_same() {
        assert!(compared("a b\n\n\n\nc", "a\nb\n\nc\n").is_same());
        assert!(compared("", "\n").is_same());
        assert!(!compared("a b", "a c").is_same());
        let (a, b) = (text(&[ONE, TWO]), text(&[TWO, ONE]));
        assert!(!compared(&a, &b).is_same());
    }

    /// Paragraphs of few words and signs, so that everything collides with everything.
    fn prose() -> impl Strategy<Value = String> {
        let word = prop::sample::select(vec![
            "a", "the ", "seal ", "whale", "fox ", ". ", ", ", "\n", " ", "\n\n", "\n\n", "Ünde ",
            "文", "1.5", "--",
        ]);
        prop::collection::vec(word, 0..120).prop_map(|words| words.concat())
    }

    /// Texts of real paragraphs in any order, some of them edited.
    fn document() -> impl Strategy<Value = String> {
        let paragraph = (0usize..12, 0usize..12).prop_map(|(which, edit)| {
            let words = [ONE, TWO, THREE][which % 3].split(' ').cycle().skip(which).take(14);
            words
                .enumerate()
                .filter(|(i, _)| *i != edit)
                .map(|(_, word)| word)
                .collect::<Vec<_>>()
                .join(" ")
        });
        prop::collection::vec(paragraph, 0..25).prop_map(|paragraphs| paragraphs.join("\n\n"))
    }

    proptest! {
        #[test]
        fn blocks_and_spans_hold_both_texts(a in prose(), b in prose()) {
            compared(&a, &b);
        }

        #[test]
        fn moved_and_edited_paragraphs_hold_both_texts(a in document(), b in document()) {
            let comparison = compared(&a, &b);
            prop_assert_eq!(&comparison, &compare(Sides { a: &a, b: &b }));
            prop_assert!(compared(&a, &a).is_same());
        }

        #[test]
        fn any_text_can_be_compared(a in any::<String>(), b in any::<String>()) {
            compared(&a, &b);
        }
    }

    /// Numbers that look random and never change.
    fn noise(seed: u64) -> impl Iterator<Item = u64> {
        let mut state = seed;
        std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        })
    }

    /// Texts near the limit that are built to have no good alignment, or none that is easily found.
    fn hostile_pairs() -> Vec<(String, String)> {
        let words = |seed, n, of: u64, end: &str| -> String {
            noise(seed).take(n).map(|x| format!("{:x}{end}", x % of)).collect()
        };
        let numbered = |name: char, numbers: &[u64]| -> String {
            numbers.iter().map(|x| format!("{name}{x}\n")).collect()
        };
        let sorted: Vec<u64> = (0..500_000).collect();
        let mut shuffled = sorted[..100_000].to_vec();
        for (i, x) in noise(3).take(99_999).enumerate() {
            shuffled.swap(i, i + x as usize % (100_000 - i));
        }
        let [x, y] = ["x ", "y "].map(|word| word.repeat(1 << 20));
        let paragraphs = |seed| words(seed, 700_000, 900, " ").replace("0 ", "\n\n");
        vec![
            // Nothing in common.
            (numbered('p', &sorted), numbered('q', &sorted)),
            // The same lines in another order.
            (numbered('w', &sorted[..100_000]), numbered('w', &shuffled)),
            // One paragraph of a million words.
            (words(5, 1_000_000, 97, " "), words(6, 1_000_000, 97, " ")),
            // Two words, one to a line.
            (words(7, 2_000_000, 2, "\n"), words(8, 2_000_000, 2, "\n")),
            (format!("{x}{y}"), format!("{y}{x}")),
            // Every line half like every other.
            (words(9, 300_000, 50, " a b\n"), words(10, 300_000, 50, " a c\n")),
            // Many paragraphs of few distinct words.
            (paragraphs(11), paragraphs(12)),
        ]
    }

    #[test]
    fn hostile_texts_are_compared_in_bounded_work() {
        for (a, b) in hostile_pairs() {
            compared(&a, &b);
            let bytes = Sides { a: a.as_bytes(), b: b.as_bytes() };
            assert!(!unified(bytes, Sides { a: b"a", b: b"b" }, 3).is_empty());
        }
    }
}
