//! A comparison as a reader goes through it: each change with its place and what it is made of.

use std::{borrow::Cow, ops::Range};

use crate::archive::compare::{
    Block, Comparison, Heading, Locator, Locators, MetadataChange, MetadataField, Sides, Span,
    without_case,
};

use super::{
    terminal::{counted, shown_text, shown_words, truncate},
    wrap::{BREAK, LINE_BREAK},
};

/// A heading takes at most so many columns where it only says where something is.
const HEADING_COLUMNS: usize = 48;

/// So many unchanged words are shown before and after a change.
const CONTEXT_WORDS: usize = 12;
/// Fewer words than this are not passed over.
const PASSED_WORDS_MIN: usize = 12;

/// So much text of all changes together is shown to people, in bytes; the changes after it are counted.
pub const SHOWN_BYTES_MAX: usize = 16 << 20;
/// A change counts as so many bytes at least, for its place.
const PLACE_BYTES: usize = 100;

/// How much more text is shown.
#[derive(Debug, Clone, Copy)]
pub struct ShownBytes {
    n_left: usize,
    /// How many changes are not shown.
    pub n_hidden: usize,
}

impl ShownBytes {
    /// All that is shown of a comparison.
    pub fn all() -> Self {
        Self { n_left: SHOWN_BYTES_MAX, n_hidden: 0 }
    }

    /// How many bytes of the next change are shown; `None` if it is none of those that are.
    pub fn next(&mut self) -> Option<usize> {
        self.n_hidden += usize::from(self.n_left == 0);
        (self.n_left > 0).then_some(self.n_left)
    }

    /// Counts what was shown of it.
    pub fn take(&mut self, pieces: &[MarkedText]) {
        let n_bytes: usize = pieces.iter().map(|piece| piece.text.len()).sum();
        self.n_left = self.n_left.saturating_sub(n_bytes + PLACE_BYTES);
    }

    /// That there are more changes, if there are.
    pub fn sentence(&self) -> Option<String> {
        let changes = || counted(self.n_hidden as u64, "more change is", "more changes are");
        (self.n_hidden > 0).then(|| format!("{} not shown; --json has all of them", changes()))
    }
}

/// What became of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkedFate {
    /// It is on both sides.
    Same,
    /// Only before.
    Removed,
    /// Only after.
    Added,
    /// Before, and after at another place.
    MovedAway,
    /// After, and before at another place.
    Moved,
    /// Words on both sides that are passed over: how many they are.
    Passed,
}

/// A piece of a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedText {
    /// What became of it.
    pub fate: MarkedFate,
    /// Its text as it is after, or was; [`BREAK`] where another paragraph begins.
    pub text: String,
}

/// Both texts, and how they differ.
pub struct ChangedTexts<'a> {
    /// The texts.
    pub texts: &'a Sides<String>,
    /// How they differ.
    pub comparison: &'a Comparison,
    /// For each paragraph the line on which it begins, from 1.
    lines: Sides<Vec<usize>>,
    /// The titles of pages that are told to be others, above.
    pub titles: Sides<Option<String>>,
    /// Where in documents of other formats the texts stand.
    locators: Option<&'a Sides<Locators>>,
}

impl<'a> ChangedTexts<'a> {
    /// Gathers what places are told by.
    pub fn new(texts: &'a Sides<String>, comparison: &'a Comparison) -> Self {
        let paragraphs = &comparison.paragraphs;
        let lines = Sides { a: lines(&texts.a, &paragraphs.a), b: lines(&texts.b, &paragraphs.b) };
        Self { texts, comparison, lines, titles: Sides::default(), locators: None }
    }

    /// The same with where in documents of other formats the texts stand.
    pub fn with_locators(self, locators: &'a Sides<Locators>) -> Self {
        Self { locators: Some(locators), ..self }
    }

    /// The same with what is told above of pages, which need not be told again.
    pub fn with_metadata(mut self, changes: &[MetadataChange]) -> Self {
        let title = changes.iter().find(|it| it.field == MetadataField::Title);
        self.titles = title.map(|it| it.values.clone()).unwrap_or_default();
        self
    }

    /// The line on which the first of these paragraphs begins, on both sides.
    pub fn line(&self, a: Option<usize>, b: Option<usize>) -> Sides<Option<usize>> {
        Sides { a: a.map(|a| self.lines.a[a]), b: b.map(|b| self.lines.b[b]) }
    }

    /// Where in its document a block stands, or stood if it is only there; of a row of a sheet in which one cell alone
    /// changed, that cell.
    pub fn locator(&self, block: &Block) -> Option<Locator> {
        let before = |a: &Range<usize>| {
            let locators = &self.locators?.a;
            located(locators, &self.texts.a, &self.lines.a, &self.comparison.paragraphs.a, a)
        };
        let after = |b: &Range<usize>| {
            let locators = &self.locators?.b;
            located(locators, &self.texts.b, &self.lines.b, &self.comparison.paragraphs.b, b)
        };
        match block {
            Block::Removed { a, .. } | Block::MovedAway { a, .. } => before(a),
            Block::Same { b, .. }
            | Block::Rewrapped { b, .. }
            | Block::Added { b, .. }
            | Block::Moved { b, .. }
            | Block::Regrouped { b, .. } => after(b),
            Block::Changed { b, words, .. } => {
                let locator = after(&(*b..*b + 1))?;
                let cell = locator.rows.and_then(|_| self.changed_cell(*b, words));
                Some(Locator { cell, ..locator })
            }
        }
    }

    /// The one cell in which all words of a paragraph changed.
    fn changed_cell(&self, b: usize, words: &[Span]) -> Option<String> {
        let start = self.comparison.paragraphs.b[b].start;
        let mut at = start;
        let mut cells = Vec::new();
        for span in words {
            match span {
                Span::Same { b, .. } => at = b.end,
                Span::Added { b } | Span::Moved { b, .. } => {
                    cells.push(b.start);
                    at = b.end;
                }
                Span::Removed { .. } | Span::MovedAway { .. } => cells.push(at),
            }
        }
        let cell = |byte: usize| {
            let locators = &self.locators?.b;
            locators.in_line(&self.texts.b, self.lines.b[b], start, byte)?.cell
        };
        let mut cells = cells.into_iter().map(cell);
        let first = cells.next()??;
        cells.all(|it| it.as_ref() == Some(&first)).then_some(first)
    }

    /// The headings that hold a paragraph of the second text, or of the first.
    pub fn headings(&self, a: Option<usize>, b: Option<usize>) -> Vec<String> {
        let Comparison { paragraphs, headings, .. } = self.comparison;
        match (a, b) {
            (_, Some(b)) => path(&self.texts.b, &paragraphs.b, &headings.b, b),
            (Some(a), None) => path(&self.texts.a, &paragraphs.a, &headings.a, a),
            (None, None) => Vec::new(),
        }
    }

    /// What a block that shows words is made of; none of one that only says what became of paragraphs.
    ///
    /// Of more text than `n_bytes_max` only the beginning, and a last piece says so.
    pub fn pieces(&self, block: &Block, n_bytes_max: usize) -> Vec<MarkedText> {
        let (mut pieces, mut n_left) = (Vec::new(), n_bytes_max);
        let spans = self.spans(block);
        for (n, span) in spans.iter().enumerate() {
            if self.begins_paragraph(span, block) {
                pieces.push(MarkedText { fate: MarkedFate::Same, text: BREAK.to_string() });
            }
            let rest = &spans[n + 1..];
            let (bytes, text) = match span {
                Span::Same { b, .. } | Span::Added { b } | Span::Moved { b, .. } => {
                    (b, &self.texts.b)
                }
                Span::Removed { a } | Span::MovedAway { a, .. } => (a, &self.texts.a),
            };
            if bytes.len() > n_left {
                let end = text.floor_char_boundary(bytes.start + n_left);
                pieces.push(self.piece(&beginning(span, bytes.start..end), rest));
                let text = "(… and more than is shown …)".to_owned();
                pieces.push(MarkedText { fate: MarkedFate::Passed, text });
                break;
            }
            n_left -= bytes.len();
            pieces.push(self.piece(span, rest));
        }
        pieces
    }

    /// What became of the words of a block; of one that came, went or moved as a whole that.
    pub fn spans<'b>(&self, block: &'b Block) -> Cow<'b, [Span]> {
        let (words, whole) = match block {
            Block::Changed { words, .. } | Block::Regrouped { words, .. } => (words, None),
            Block::Moved { a, b, words } => {
                let (a, b) = (self.bytes_before(a), self.bytes_after(b));
                (words, Some(Span::Same { a, b }))
            }
            Block::Removed { a, words } => (words, Some(Span::Removed { a: self.bytes_before(a) })),
            Block::Added { b, words } => (words, Some(Span::Added { b: self.bytes_after(b) })),
            Block::Same { .. } | Block::Rewrapped { .. } | Block::MovedAway { .. } => {
                return Cow::Borrowed(&[]);
            }
        };
        match whole.filter(|_| words.is_empty()) {
            Some(whole) => Cow::Owned(vec![whole]),
            None => Cow::Borrowed(words),
        }
    }

    /// Whether one of a block's paragraphs, but not its first one, begins in the second text where a span does.
    fn begins_paragraph(&self, span: &Span, block: &Block) -> bool {
        let (Block::Regrouped { b: all, .. } | Block::Moved { b: all, .. }) = block else {
            return false;
        };
        let (Span::Same { b, .. } | Span::Added { b } | Span::Moved { b, .. }) = span else {
            return false;
        };
        let paragraphs = &self.comparison.paragraphs.b[all.clone()];
        let found = paragraphs.binary_search_by_key(&b.start, |paragraph| paragraph.start);
        found.is_ok_and(|n| n > 0)
    }

    /// Unchanged paragraphs.
    pub fn unchanged(&self, b: &Range<usize>) -> MarkedText {
        MarkedText { fate: MarkedFate::Same, text: self.after(&self.bytes_after(b)) }
    }

    /// A piece, given what comes after it.
    fn piece(&self, span: &Span, rest: &[Span]) -> MarkedText {
        let (fate, text) = match span {
            Span::Same { a, b } => {
                let was_parted = self.texts.a[a.clone()].ends_with(char::is_whitespace);
                let text = parted(self.after(b), was_parted, self.first_edit(rest));
                (MarkedFate::Same, text)
            }
            Span::Removed { a } => (MarkedFate::Removed, self.before(a)),
            Span::Added { b } => (MarkedFate::Added, self.after(b)),
            Span::MovedAway { a, .. } => (MarkedFate::MovedAway, self.before(a)),
            Span::Moved { b, .. } => (MarkedFate::Moved, self.after(b)),
        };
        MarkedText { fate, text }
    }

    fn first_edit(&self, spans: &[Span]) -> Edit {
        let has_space_behind = |text: &str, bytes: &Range<usize>| {
            let text = &text[bytes.clone()];
            text.ends_with(char::is_whitespace) && !text.trim().is_empty()
        };
        match spans {
            [] | [Span::Same { .. }, ..] => Edit::None,
            [
                Span::Removed { .. } | Span::MovedAway { .. },
                Span::Added { .. } | Span::Moved { .. },
                ..,
            ] => Edit::Other,
            [Span::Removed { a } | Span::MovedAway { a, .. }, ..]
                if has_space_behind(&self.texts.a, a) =>
            {
                Edit::SpacedRemoval
            }
            [Span::Added { b } | Span::Moved { b, .. }, ..]
                if has_space_behind(&self.texts.b, b) =>
            {
                Edit::SpacedAddition
            }
            _ => Edit::Other,
        }
    }

    fn before(&self, bytes: &Range<usize>) -> String {
        in_paragraphs(&self.texts.a, &self.comparison.paragraphs.a, bytes)
    }

    fn after(&self, bytes: &Range<usize>) -> String {
        in_paragraphs(&self.texts.b, &self.comparison.paragraphs.b, bytes)
    }

    /// The bytes of paragraphs of the first text.
    pub fn bytes_before(&self, paragraphs: &Range<usize>) -> Range<usize> {
        bytes_of(&self.comparison.paragraphs.a, paragraphs)
    }

    /// The bytes of paragraphs of the second text.
    pub fn bytes_after(&self, paragraphs: &Range<usize>) -> Range<usize> {
        bytes_of(&self.comparison.paragraphs.b, paragraphs)
    }

    /// `paragraph 4, line 11`, or `line 11`.
    fn place(&self, paragraphs: &Range<usize>, lines: &[usize]) -> String {
        let numbers = self.numbers(paragraphs, lines);
        match self.comparison.are_lines {
            true => numbers,
            false => format!("{numbers}, line {}", lines[paragraphs.start]),
        }
    }

    /// `paragraph 4`, `paragraphs 4–6`, or the same of lines.
    fn numbers(&self, paragraphs: &Range<usize>, lines: &[usize]) -> String {
        let Range { start, end } = *paragraphs;
        let (first, last) = match self.comparison.are_lines {
            true => (lines[start], lines[end - 1]),
            false => (start + 1, end),
        };
        let (one, many) = unit(self.comparison.are_lines);
        match end - start {
            1 => format!("{one} {first}"),
            _ => format!("{many} {first}–{last}"),
        }
    }

    /// Where a block is, and what became of its paragraphs if that is not to be seen: `paragraph 6, line 11 · Terms`.
    pub fn title(&self, block: &Block) -> String {
        let locator = self.locator(block);
        let before = |a: &Range<usize>| {
            let place = self.place(a, &self.lines.a);
            placed(place, locator.as_ref(), self.headings(Some(a.start), None))
        };
        let after = |b: &Range<usize>| {
            let place = self.place(b, &self.lines.b);
            placed(place, locator.as_ref(), self.headings(None, Some(b.start)))
        };
        match block {
            Block::Same { b, .. } | Block::Added { b, .. } => after(b),
            Block::Changed { b, .. } => after(&(*b..*b + 1)),
            Block::Removed { a, .. } => format!("before: {}", before(a)),
            Block::MovedAway { a, b } => {
                format!("before: {}: moved to {}", before(a), self.numbers(b, &self.lines.b))
            }
            Block::Moved { a, b, words } => {
                let changed = if words.is_empty() { "" } else { ", and changed" };
                format!("{}: moved here from {}{changed}", after(b), self.numbers(a, &self.lines.a))
            }
            Block::Rewrapped { b, .. } => format!("{}: the words are the same", after(b)),
            Block::Regrouped { a, b, words } => {
                let end =
                    if words.is_empty() { ", the words are the same" } else { ", and changed" };
                let texts = Sides { a: &*self.texts.a, b: &*self.texts.b };
                let is_wrap = self.comparison.is_wrapped_otherwise(texts, (a, b));
                let between = self.comparison.n_between(words);
                let n = Sides { a: a.len() - between.a, b: b.len() - between.b };
                let what = regrouped(n, is_wrap, unit(self.comparison.are_lines));
                format!("{}: {what}{end}", after(b))
            }
        }
    }
}

/// What the parts of texts are that are paired: paragraphs, or lines each of which stands for itself; one, and more.
pub fn unit(are_lines: bool) -> (&'static str, &'static str) {
    match are_lines {
        true => ("line", "lines"),
        false => ("paragraph", "paragraphs"),
    }
}

/// The beginning of a span: these bytes of the side that is shown.
fn beginning(span: &Span, bytes: Range<usize>) -> Span {
    match span {
        Span::Same { a, .. } => Span::Same { a: a.clone(), b: bytes },
        Span::Removed { .. } => Span::Removed { a: bytes },
        Span::Added { .. } => Span::Added { b: bytes },
        Span::MovedAway { b, .. } => Span::MovedAway { a: bytes, b: b.clone() },
        Span::Moved { a, .. } => Span::Moved { a: a.clone(), b: bytes },
    }
}

/// What comes after words that stayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    None,
    /// Something that only was before, and has white space behind it.
    SpacedRemoval,
    /// Something that is only after, and has white space behind it.
    SpacedAddition,
    Other,
}

/// Words that stayed, with white space behind them as it was before what was removed there, and as it is before what was
/// added: a sign that came or went stands at its word. Nothing else may stick to them that was or is parted from them.
fn parted(mut text: String, was_parted: bool, edit: Edit) -> String {
    match edit {
        Edit::SpacedRemoval if !was_parted => text.truncate(text.trim_end_matches(' ').len()),
        Edit::SpacedRemoval | Edit::Other if was_parted && !text.ends_with(char::is_whitespace) => {
            text.push(' ');
        }
        _ => {}
    }
    text
}

/// What is to be said behind the title of a block of which only upper and lower case changed; else nothing.
pub fn case_note(pieces: &[MarkedText]) -> &'static str {
    if is_case_only(pieces) { ": only upper and lower case changed" } else { "" }
}

fn is_case_only(pieces: &[MarkedText]) -> bool {
    let side = |skipped: MarkedFate| {
        let texts = pieces.iter().filter(move |piece| piece.fate != skipped);
        let words = texts.flat_map(|piece| piece.text.split_whitespace());
        words.flat_map(|word| without_case(word).into_owned().into_bytes())
    };
    let is_edit =
        |piece: &MarkedText| matches!(piece.fate, MarkedFate::Removed | MarkedFate::Added);
    pieces.iter().any(is_edit)
        && pieces.iter().all(|piece| is_edit(piece) || piece.fate == MarkedFate::Same)
        && side(MarkedFate::Removed).eq(side(MarkedFate::Added))
}

/// The same pieces, but of long stretches that stayed only what stands beside a change.
pub fn shortened(pieces: Vec<MarkedText>) -> Vec<MarkedText> {
    let n_pieces = pieces.len();
    let mut shown = Vec::new();
    for (n, piece) in pieces.into_iter().enumerate() {
        let is_last = n + 1 == n_pieces;
        match piece.fate {
            MarkedFate::Same => shorten(&mut shown, piece, (n > 0 || is_last, !is_last)),
            _ => shown.push(piece),
        }
    }
    shown
}

fn shorten(shown: &mut Vec<MarkedText>, piece: MarkedText, (keeps_start, keeps_end): (bool, bool)) {
    let text = &piece.text;
    let starts = || text.split_whitespace().map(|word| word.as_ptr().addr() - text.as_ptr().addr());
    let kept = |keeps: bool| if keeps { CONTEXT_WORDS } else { 0 };
    let (n_words, n_start, n_end) = (starts().count(), kept(keeps_start), kept(keeps_end));
    if n_words < n_start + n_end + PASSED_WORDS_MIN {
        shown.push(piece);
        return;
    }
    let edge = |n: usize| starts().nth(n).unwrap_or(text.len());
    let n_passed = n_words - n_start - n_end;
    let passed = format!("(… {} …) ", counted(n_passed as u64, "word", "words"));
    let same = |text: &str| MarkedText { fate: MarkedFate::Same, text: text.to_owned() };
    shown.push(same(&text[..edge(n_start)]));
    shown.push(MarkedText { fate: MarkedFate::Passed, text: passed });
    shown.push(same(&text[edge(n_words - n_end)..]));
}

/// Text with a break where a paragraph begins inside of it.
fn in_paragraphs(text: &str, paragraphs: &[Range<usize>], bytes: &Range<usize>) -> String {
    let first = paragraphs.partition_point(|paragraph| paragraph.start <= bytes.start);
    let mut shown = String::with_capacity(bytes.len());
    let mut at = bytes.start;
    for paragraph in paragraphs[first..].iter().take_while(|paragraph| paragraph.start < bytes.end)
    {
        shown.push_str(&with_rules(text[at..paragraph.start].trim_end()));
        shown.push(BREAK);
        at = paragraph.start;
    }
    shown.push_str(&with_rules(&text[at..bytes.end]));
    shown
}

/// Text in which a rule below a title stands on a line of its own.
fn with_rules(text: &str) -> Cow<'_, str> {
    let is_rule = |line: &str| {
        let line = line.trim();
        line.len() >= 3 && (line.bytes().all(|b| b == b'=') || line.bytes().all(|b| b == b'-'))
    };
    if !text.lines().skip(1).any(is_rule) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for (n, line) in text.split('\n').enumerate() {
        match n {
            0 => {}
            _ if is_rule(line) => shown.push(LINE_BREAK),
            _ => shown.push('\n'),
        }
        shown.push_str(line);
    }
    Cow::Owned(shown)
}

fn bytes_of(ranges: &[Range<usize>], paragraphs: &Range<usize>) -> Range<usize> {
    match &ranges[paragraphs.clone()] {
        [first, .., last] => first.start..last.end,
        [only] => only.clone(),
        [] => 0..0,
    }
}

/// A place with where that is in its document, and under which headings.
fn placed(place: String, locator: Option<&Locator>, mut headings: Vec<String>) -> String {
    let within = locator.map(|it| format!("{}, ", shown_text(&it.to_string()))).unwrap_or_default();
    // A sheet's name is its heading.
    headings.retain(|heading| locator.is_none_or(|it| it.name != format!("sheet {heading}")));
    let path = match headings.is_empty() {
        true => String::new(),
        false => format!(" · {}", headings.join(" › ")),
    };
    format!("{within}{place}{path}")
}

/// Where paragraphs stand in their document.
fn located(
    locators: &Locators,
    text: &str,
    lines: &[usize],
    ranges: &[Range<usize>],
    paragraphs: &Range<usize>,
) -> Option<Locator> {
    let last = paragraphs.end.checked_sub(1)?;
    let n_lines = text[ranges[last].clone()].matches('\n').count();
    locators.of_lines(lines[paragraphs.start], lines[last] + n_lines)
}

/// The headings that hold a paragraph, which is not its own place.
fn path(
    text: &str,
    ranges: &[Range<usize>],
    headings: &[Heading],
    paragraph: usize,
) -> Vec<String> {
    let above = Comparison::headings_above(headings, paragraph).into_iter();
    above
        .filter(|heading| *heading != paragraph)
        .map(|heading| heading_text(&text[ranges[heading].clone()]))
        .collect()
}

fn lines(text: &str, ranges: &[Range<usize>]) -> Vec<usize> {
    let (mut at, mut line) = (0, 1);
    let mut next = |start: usize| {
        line += text.as_bytes()[at..start].iter().filter(|byte| **byte == b'\n').count();
        at = start;
        line
    };
    ranges.iter().map(|range| next(range.start)).collect()
}

/// A heading's first line, without its marks.
fn heading_text(heading: &str) -> String {
    let line = heading.trim().lines().next().unwrap_or_default();
    let shown = shown_words(line.trim_start_matches(['#', ' ']).trim_end_matches(':'));
    truncate(&shown, HEADING_COLUMNS).replace(" …", "…")
}

/// What became of so many paragraphs that are so many now.
fn regrouped(n: Sides<usize>, is_wrap: bool, (one, many): (&str, &str)) -> String {
    let paragraphs = |n: usize| counted(n as u64, one, many);
    match (n.a, n.b) {
        (1, _) | (_, 1) if is_wrap => "wrapped otherwise".to_owned(),
        (1, n) => format!("split in {n}"),
        (n, 1) => format!("{} joined", paragraphs(n)),
        (n, m) if n == m => format!("{} wrapped otherwise", paragraphs(n)),
        (n, m) => format!("{} wrapped otherwise, now {m}", paragraphs(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A colon that came was shown as if there were a space before it, and one that went, too.
    #[test]
    fn a_sign_that_came_or_went_stands_at_its_word() {
        for (text, was_parted, edit, shown) in [
            ("opt-out", true, Edit::SpacedAddition, "opt-out"),
            ("us at ", false, Edit::SpacedRemoval, "us at"),
            ("the end", true, Edit::SpacedRemoval, "the end "),
            ("foo", true, Edit::Other, "foo "),
            ("foo ", false, Edit::Other, "foo "),
            ("a ", false, Edit::None, "a "),
            ("a", true, Edit::None, "a"),
        ] {
            assert_eq!(parted(text.to_owned(), was_parted, edit), shown, "{text:?} {edit:?}");
        }
    }
}
