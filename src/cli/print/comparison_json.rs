//! A comparison of texts as JSON.

use std::ops::Range;

use serde::{Serialize, Serializer};

use crate::archive::compare::{Block, Locator, ParagraphStat, Sides, Span, WordStat};

use super::changes::ChangedTexts;

/// Paragraphs by fate.
#[derive(Serialize)]
pub struct ParagraphCounts {
    same: usize,
    rewrapped: usize,
    regrouped: usize,
    changed: usize,
    moved: usize,
    added: usize,
    removed: usize,
}

/// Words by fate.
#[derive(Serialize)]
pub struct WordCounts {
    same: usize,
    moved: usize,
    recased: usize,
    added: usize,
    removed: usize,
}

/// A stretch of paragraphs; they are counted from 1.
#[derive(Serialize)]
struct BlockLine<'a> {
    change: &'static str,
    a: Option<[usize; 2]>,
    b: Option<[usize; 2]>,
    line_a: Option<usize>,
    line_b: Option<usize>,
    locator: Option<LocatorLine>,
    headings: Vec<String>,
    before: Option<&'a str>,
    after: Option<&'a str>,
    spans: Option<SpanLines<'a>>,
}

/// Where in its document something stands.
#[derive(Serialize)]
pub struct LocatorLine {
    name: String,
    last_name: Option<String>,
    rows: Option<[u32; 2]>,
    cell: Option<String>,
}

/// A stretch of words.
#[derive(Serialize)]
struct SpanLine<'a> {
    change: &'static str,
    text: &'a str,
    before: Option<&'a str>,
}

impl ParagraphCounts {
    /// The counts of a comparison.
    pub fn of(stat: &ParagraphStat) -> Self {
        let ParagraphStat { same, rewrapped, regrouped, changed, moved, added, removed } = *stat;
        Self { same, rewrapped, regrouped, changed, moved, added, removed }
    }
}

impl WordCounts {
    /// The counts of a comparison.
    pub fn of(stat: &WordStat) -> Self {
        let WordStat { same, moved, recased, added, removed } = *stat;
        Self { same, moved, recased, added, removed }
    }
}

impl LocatorLine {
    /// As JSON has it.
    pub fn of(locator: Locator) -> Self {
        let Locator { name, last_name, rows, cell } = locator;
        Self { name, last_name, rows: rows.map(|(first, last)| [first, last]), cell }
    }
}

/// All stretches of both texts, each made when it is written: what stands before joins to the first text, what stands
/// after to the second.
pub struct BlockLines<'a>(pub ChangedTexts<'a>);

impl Serialize for BlockLines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let blocks = &self.0.comparison.blocks;
        serializer.collect_seq(blocks.iter().map(|block| line(&self.0, block)))
    }
}

/// The words of a stretch.
struct SpanLines<'a> {
    texts: &'a Sides<String>,
    words: &'a [Span],
}

impl Serialize for SpanLines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.words.iter().map(|span| span_line(self.texts, span)))
    }
}

fn line<'a>(changed: &ChangedTexts<'a>, block: &'a Block) -> BlockLine<'a> {
    let (change, a, b, words): (_, Option<Range<usize>>, Option<Range<usize>>, &[Span]) =
        match block {
            Block::Same { a, b } => ("same", Some(a.clone()), Some(b.clone()), &[]),
            Block::Rewrapped { a, b } => ("rewrapped", Some(a.clone()), Some(b.clone()), &[]),
            Block::Regrouped { a, b, words } => {
                ("regrouped", Some(a.clone()), Some(b.clone()), words)
            }
            Block::Removed { a, words } => ("removed", Some(a.clone()), None, words),
            Block::Added { b, words } => ("added", None, Some(b.clone()), words),
            Block::Changed { a, b, words } => {
                ("changed", Some(*a..*a + 1), Some(*b..*b + 1), words)
            }
            Block::Moved { a, b, words } => ("moved", Some(a.clone()), Some(b.clone()), words),
            Block::MovedAway { a, b } => ("moved-away", Some(a.clone()), Some(b.clone()), &[]),
        };
    let ChangedTexts { texts, comparison, .. } = changed;
    let paragraphs = &comparison.paragraphs;
    // What moved stands before where it was, and after where it is.
    let text = |text: &'a str, ranges: &[Range<usize>], of: &Option<Range<usize>>| {
        of.as_ref().map(|of| &text[with_space_after(text, ranges, of)])
    };
    let (first_a, first_b) = (a.as_ref().map(|a| a.start), b.as_ref().map(|b| b.start));
    let lines = changed.line(first_a, first_b);
    BlockLine {
        change,
        line_a: lines.a,
        line_b: lines.b,
        locator: changed.locator(block).map(LocatorLine::of),
        headings: match change {
            "moved-away" => changed.headings(first_a, None),
            _ => changed.headings(first_a, first_b),
        },
        before: text(&texts.a, &paragraphs.a, &a).filter(|_| change != "moved"),
        after: text(&texts.b, &paragraphs.b, &b).filter(|_| change != "moved-away"),
        a: a.map(counted_from_1),
        b: b.map(counted_from_1),
        spans: (!words.is_empty()).then_some(SpanLines { texts, words }),
    }
}

/// The bytes of paragraphs up to the next one; the first ones have what stands before them, too.
fn with_space_after(text: &str, ranges: &[Range<usize>], of: &Range<usize>) -> Range<usize> {
    let start = if of.start == 0 { 0 } else { ranges[of.start].start };
    start..ranges.get(of.end).map_or(text.len(), |next| next.start)
}

fn span_line<'a>(texts: &'a Sides<String>, span: &Span) -> SpanLine<'a> {
    let line = |change, text| SpanLine { change, text, before: None };
    match span {
        Span::Same { a, b } => {
            let (before, text) = (&texts.a[a.clone()], &texts.b[b.clone()]);
            SpanLine { before: (before != text).then_some(before), ..line("same", text) }
        }
        Span::Removed { a } => line("removed", &texts.a[a.clone()]),
        Span::Added { b } => line("added", &texts.b[b.clone()]),
        Span::MovedAway { a, .. } => line("moved-away", &texts.a[a.clone()]),
        Span::Moved { b, .. } => line("moved", &texts.b[b.clone()]),
    }
}

fn counted_from_1(paragraphs: Range<usize>) -> [usize; 2] {
    [paragraphs.start + 1, paragraphs.end]
}
