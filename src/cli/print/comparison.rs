//! How a comparison of texts looks: to people, and as JSON.
//!
//! Paragraphs that stayed the same are passed over with a count. Added and removed ones carry a `+`
//! or `-`; in a changed one the words that went stand in `[-…-]` and those that came in `{+…+}`, as
//! `git diff --word-diff` writes them, coloured where there are colours.

use std::ops::Range;

use serde::Serialize;

use crate::{
    archive::compare::{Block, Comparison, ParagraphStat, Sides, Span, WordStat, noise},
    cli::print::{
        output::Output,
        terminal::{Style, counted, shown_text},
    },
    types::error::Error,
};

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
    added: usize,
    removed: usize,
}

/// A stretch of paragraphs; they are counted from 1.
#[derive(Serialize)]
pub struct BlockLine {
    change: &'static str,
    a: Option<[usize; 2]>,
    b: Option<[usize; 2]>,
    text: Option<String>,
    spans: Option<Vec<SpanLine>>,
}

/// A stretch of words.
#[derive(Serialize)]
pub struct SpanLine {
    change: &'static str,
    text: String,
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
        let WordStat { same, added, removed } = *stat;
        Self { same, added, removed }
    }
}

/// All stretches that did not stay the same.
pub fn blocks(texts: &Sides<String>, comparison: &Comparison) -> Vec<BlockLine> {
    let printer = ComparisonPrinter { texts, comparison };
    comparison.blocks.iter().filter_map(|block| printer.line(block)).collect()
}

/// Shows a comparison, with up to `context` unchanged paragraphs around each change.
pub fn print(
    out: &mut Output,
    texts: &Sides<String>,
    comparison: &Comparison,
    context: usize,
) -> Result<(), Error> {
    let printer = ComparisonPrinter { texts, comparison };
    for (n, block) in comparison.blocks.iter().enumerate() {
        out.line("")?;
        match block {
            Block::Same { b, .. } => {
                let ends = Ends { is_first: n == 0, is_last: n + 1 == comparison.blocks.len() };
                printer.same(out, b.clone(), context, ends)?;
            }
            Block::Rewrapped { a, b } => {
                let n = counted(b.len() as u64, "paragraph", "paragraphs");
                let how = printer.rewritten(a, b);
                print_dim(out, &format!("  ({n} {how}, the words are the same)"))?;
            }
            Block::Regrouped { a, b, words } => printer.regrouped(out, a, b, words)?,
            Block::Removed { words, .. } if !words.is_empty() => printer.words(out, "- ", words)?,
            Block::Added { words, .. } if !words.is_empty() => printer.words(out, "+ ", words)?,
            Block::Removed { a, .. } => {
                printer.whole(out, Style::Removed, "- ", &comparison.paragraphs.a, a, &texts.a)?;
            }
            Block::Added { b, .. } => {
                printer.whole(out, Style::Added, "+ ", &comparison.paragraphs.b, b, &texts.b)?;
            }
            Block::Changed { words, .. } => printer.words(out, "~ ", words)?,
            Block::Moved { a, b, words } => printer.moved(out, a, b, words)?,
            Block::MovedAway { a, b } => {
                let to = numbers(b);
                print_dim(out, &format!("  (paragraph {} moved to {to})", numbers(a)))?;
            }
        }
    }
    out.line("")
}

/// A patch with everything that acts on a terminal made visible, in colours.
pub fn print_patch(out: &mut Output, patch: &[u8]) -> Result<(), Error> {
    for line in patch.split_inclusive(|b| *b == b'\n') {
        let text = shown_text(&String::from_utf8_lossy(line));
        let text = text.trim_end_matches('\n');
        let painted = match line.first() {
            Some(b'+') => out.paint(Style::Added, text),
            Some(b'-') => out.paint(Style::Removed, text),
            Some(b'@') => out.paint(Style::Heading, text),
            _ => text.to_owned(),
        };
        out.line(&painted)?;
    }
    Ok(())
}

struct Ends {
    is_first: bool,
    is_last: bool,
}

struct ComparisonPrinter<'a> {
    texts: &'a Sides<String>,
    comparison: &'a Comparison,
}

impl ComparisonPrinter<'_> {
    fn same(
        &self,
        out: &mut Output,
        paragraphs: Range<usize>,
        context: usize,
        ends: Ends,
    ) -> Result<(), Error> {
        let before = if ends.is_first { 0 } else { context.min(paragraphs.len()) };
        let after = if ends.is_last { 0 } else { context.min(paragraphs.len() - before) };
        let n_passed = paragraphs.len() - before - after;
        let (start, end) = (paragraphs.start, paragraphs.end);
        for paragraph in start..start + before {
            out.line(&indented("  ", &shown_text(self.after(paragraph))))?;
        }
        if n_passed > 0 {
            let n = counted(n_passed as u64, "paragraph", "paragraphs");
            print_dim(out, &format!("  ({n} unchanged)"))?;
        }
        for paragraph in end - after..end {
            out.line(&indented("  ", &shown_text(self.after(paragraph))))?;
        }
        Ok(())
    }

    fn whole(
        &self,
        out: &mut Output,
        style: Style,
        mark: &str,
        ranges: &[Range<usize>],
        paragraphs: &Range<usize>,
        text: &str,
    ) -> Result<(), Error> {
        for (n, range) in ranges[paragraphs.clone()].iter().enumerate() {
            if n > 0 {
                out.line("")?;
            }
            let paragraph = indented(mark, &shown_text(&text[range.clone()]));
            let painted = out.paint(style, &paragraph);
            out.line(&painted)?;
        }
        Ok(())
    }

    fn words(&self, out: &mut Output, mark: &str, words: &[Span]) -> Result<(), Error> {
        let mut line = String::new();
        for (n, span) in words.iter().enumerate() {
            let (text, style, open, close) = match span {
                Span::Same { b, .. } => {
                    line.push_str(&shown_text(&self.texts.b[b.clone()]));
                    continue;
                }
                Span::Removed { a } => (&self.texts.a[a.clone()], Style::Removed, "[-", "-]"),
                Span::Added { b } => (&self.texts.b[b.clone()], Style::Added, "{+", "+}"),
                Span::MovedAway { a, .. } => (&self.texts.a[a.clone()], Style::Dim, "[>", ">]"),
                Span::Moved { b, .. } => (&self.texts.b[b.clone()], Style::Dim, "{<", "<}"),
            };
            let shown = text.trim_end();
            let space = match (span, words.get(n + 1), &text[shown.len()..]) {
                _ if shown.is_empty() => "",
                // A line ends behind what came for its last word.
                (Span::Removed { .. }, Some(Span::Added { .. }), space) if space.contains('\n') => {
                    " "
                }
                (_, _, space) => space,
            };
            // Of empty cells there is nothing to see but where they end.
            let shown =
                if shown.is_empty() { text.replace('\t', "⇥") } else { shown_text(shown) };
            let marked = format!("{open}{shown}{close}");
            line.push_str(&out.paint(style, &marked));
            line.push_str(space);
        }
        out.line(&indented(mark, line.trim_end()))
    }

    fn moved(
        &self,
        out: &mut Output,
        a: &Range<usize>,
        b: &Range<usize>,
        words: &[Span],
    ) -> Result<(), Error> {
        let changed = if words.is_empty() { "" } else { ", and changed" };
        print_dim(out, &format!("  (moved here from paragraph {}{changed}:)", numbers(a)))?;
        if !words.is_empty() {
            return self.words(out, "> ", words);
        }
        for paragraph in b.clone() {
            out.line(&indented("> ", &shown_text(self.after(paragraph))))?;
        }
        Ok(())
    }

    fn regrouped(
        &self,
        out: &mut Output,
        a: &Range<usize>,
        b: &Range<usize>,
        words: &[Span],
    ) -> Result<(), Error> {
        let fate = match (a.len(), b.len()) {
            (1, n) => format!("1 paragraph split in {n}"),
            (n, 1) => format!("{n} paragraphs joined"),
            (n, m) if n == m => format!("{n} paragraphs wrapped otherwise"),
            (n, m) => format!("{n} paragraphs wrapped otherwise, now {m}"),
        };
        if words.is_empty() {
            return print_dim(out, &format!("  ({fate}, the words are the same)"));
        }
        print_dim(out, &format!("  ({fate}, and changed:)"))?;
        self.words(out, "~ ", words)
    }

    /// What became of paragraphs of the same words.
    fn rewritten(&self, a: &Range<usize>, b: &Range<usize>) -> &'static str {
        let paragraphs = &self.comparison.paragraphs;
        let before = stretch(&self.texts.a, &paragraphs.a[a.clone()]);
        let found = noise(&before, &stretch(&self.texts.b, &paragraphs.b[b.clone()]));
        match (found.white_space, found.invisible) {
            (true, _) => "re-wrapped",
            (false, true) => "with other invisible characters",
            (false, false) => "with letters composed otherwise",
        }
    }

    fn after(&self, paragraph: usize) -> &str {
        &self.texts.b[self.comparison.paragraphs.b[paragraph].clone()]
    }

    fn line(&self, block: &Block) -> Option<BlockLine> {
        let plain = |change, a: Option<&Range<usize>>, b: Option<&Range<usize>>| BlockLine {
            change,
            a: a.map(counted_from_1),
            b: b.map(counted_from_1),
            text: None,
            spans: None,
        };
        let paragraphs = &self.comparison.paragraphs;
        Some(match block {
            Block::Same { .. } => return None,
            Block::Rewrapped { a, b } => plain("rewrapped", Some(a), Some(b)),
            Block::Regrouped { a, b, words } => BlockLine {
                spans: (!words.is_empty()).then(|| self.spans(words)),
                ..plain("regrouped", Some(a), Some(b))
            },
            Block::Removed { a, words } => BlockLine {
                spans: (!words.is_empty()).then(|| self.spans(words)),
                text: Some(stretch(&self.texts.a, &paragraphs.a[a.clone()])),
                ..plain("removed", Some(a), None)
            },
            Block::Added { b, words } => BlockLine {
                spans: (!words.is_empty()).then(|| self.spans(words)),
                text: Some(stretch(&self.texts.b, &paragraphs.b[b.clone()])),
                ..plain("added", None, Some(b))
            },
            Block::Changed { a, b, words } => BlockLine {
                spans: Some(self.spans(words)),
                ..plain("changed", Some(&(*a..a + 1)), Some(&(*b..b + 1)))
            },
            Block::Moved { a, b, words } => BlockLine {
                spans: (!words.is_empty()).then(|| self.spans(words)),
                ..plain("moved", Some(a), Some(b))
            },
            Block::MovedAway { a, b } => plain("moved-away", Some(a), Some(b)),
        })
    }

    fn spans(&self, words: &[Span]) -> Vec<SpanLine> {
        let line = |change, text: &str| SpanLine { change, text: text.to_owned() };
        words
            .iter()
            .map(|span| match span {
                Span::Same { b, .. } => line("same", &self.texts.b[b.clone()]),
                Span::Removed { a } => line("removed", &self.texts.a[a.clone()]),
                Span::Added { b } => line("added", &self.texts.b[b.clone()]),
                Span::MovedAway { a, .. } => line("moved-away", &self.texts.a[a.clone()]),
                Span::Moved { b, .. } => line("moved", &self.texts.b[b.clone()]),
            })
            .collect()
    }
}

fn stretch(text: &str, ranges: &[Range<usize>]) -> String {
    match ranges {
        [first, .., last] => text[first.start..last.end].to_owned(),
        [only] => text[only.clone()].to_owned(),
        [] => String::new(),
    }
}

fn counted_from_1(paragraphs: &Range<usize>) -> [usize; 2] {
    [paragraphs.start + 1, paragraphs.end]
}

/// `4`, or `4–6`.
fn numbers(paragraphs: &Range<usize>) -> String {
    match paragraphs.len() {
        1 => (paragraphs.start + 1).to_string(),
        _ => format!("{}–{}", paragraphs.start + 1, paragraphs.end),
    }
}

/// Every line of a paragraph after a mark, or after as much space.
fn indented(mark: &str, text: &str) -> String {
    format!("{mark}{}", text.trim_end_matches('\n').replace('\n', "\n  "))
}

fn print_dim(out: &mut Output, line: &str) -> Result<(), Error> {
    let line = out.paint(Style::Dim, line);
    out.line(&line)
}
