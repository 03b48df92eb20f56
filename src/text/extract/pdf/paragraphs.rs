//! Columns to lines to paragraphs.

use std::borrow::Cow;

use super::blocks::{cells, leaves, median};
use super::lines::{Frame, LinePiece, is_square};

/// A line with a gap of this many sizes is a row of a table.
const ROW_GAP: f32 = 3.0;
/// The first line of a paragraph stands in, or its others do, by this many sizes.
const INDENT: f32 = 0.8;

/// Lines that belong together.
#[derive(Debug, Clone, Default)]
pub(super) struct PdfParagraph {
    pub text: String,
    /// The size of its first line.
    pub size: f32,
    pub n_lines: usize,
    /// Where its first baseline is.
    pub v: f32,
    /// Where its first line begins, and its others do.
    pub first: f32,
    pub rest: Option<f32>,
}

/// Pieces beside each other. Where text runs from right to left, it is measured from there.
#[derive(Debug, Default)]
struct Line {
    text: String,
    begin: f32,
    end: f32,
    v: f32,
    size: f32,
    n_pieces: usize,
    /// Where the last of them begins.
    last_begin: f32,
    /// The widest gap between two of them.
    gap: f32,
}

/// What most lines of a column have in common.
struct Column {
    /// How far each is below the one before, in sizes.
    leading: f32,
    left: f32,
    right: f32,
}

/// The paragraphs of a frame.
pub(super) fn paragraphs(frame: Frame) -> Vec<PdfParagraph> {
    let mut paragraphs: Vec<PdfParagraph> = Vec::new();
    for leaf in leaves(frame.pieces) {
        for paragraph in of_leaf(leaf) {
            match paragraphs.last_mut().filter(|it| goes_on(it, &paragraph)) {
                Some(last) => join(&mut last.text, &paragraph.text),
                None => paragraphs.push(paragraph),
            }
        }
    }
    paragraphs
}

/// Whether a word that is broken goes on in the next column.
fn goes_on(before: &PdfParagraph, after: &PdfParagraph) -> bool {
    let is_same_size = (before.size - after.size).abs() < 0.05 * after.size;
    is_same_size && breaks_word(&before.text) && after.text.starts_with(char::is_lowercase)
}

/// The paragraphs of a column.
fn of_leaf(pieces: Vec<LinePiece>) -> Vec<PdfParagraph> {
    let mut lines = lines(cells(pieces));
    let column = Column {
        leading: median(lines.windows(2).filter_map(|it| match it {
            [a, b] if b.v > a.v => Some((b.v - a.v) / b.size.max(0.01)),
            _ => None,
        })),
        left: median(lines.iter().map(|it| it.begin)),
        right: lines.iter().map(|it| it.end).fold(f32::MIN, f32::max),
    };
    for line in &mut lines {
        if let Cow::Owned(short) = without_leaders(&line.text) {
            line.text = short;
        }
    }
    let mut paragraphs: Vec<PdfParagraph> = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|n| lines.get(n));
        let last = paragraphs.last_mut().zip(before);
        match last.filter(|(it, before)| !begins(it, before, line, lines.get(n + 1), &column)) {
            Some((paragraph, _)) => {
                join(&mut paragraph.text, &line.text);
                paragraph.n_lines += 1;
                paragraph.rest.get_or_insert(line.begin);
            }
            None => paragraphs.push(PdfParagraph {
                text: line.text.clone(),
                size: line.size,
                n_lines: 1,
                v: line.v,
                first: line.begin,
                rest: None,
            }),
        }
    }
    paragraphs
}

/// Whether a line begins a paragraph.
fn begins(
    paragraph: &PdfParagraph,
    before: &Line,
    line: &Line,
    next: Option<&Line>,
    column: &Column,
) -> bool {
    let size = line.size.max(before.size);
    let down = (line.v - before.v) / line.size.max(0.01);
    let is_apart = down > (1.25 * column.leading).min(column.leading + 0.5) || down < -0.5;
    let is_other_size = (line.size - before.size).abs() > 0.12 * size;
    let is_entry = has_leader(&before.text) || has_leader(&line.text) && begins_anew(line);
    let is_next_item = is_numbered(&line.text) && is_numbered(&paragraph.text);
    if is_apart || is_other_size || is_bullet(&line.text) || is_entry || is_next_item {
        return true;
    }
    let is_cell_going_on = before.n_pieces > 1
        && line.n_pieces == 1
        && (line.begin - before.last_begin).abs() < 0.5 * size;
    if is_cell_going_on {
        return false;
    }
    let is_row =
        (line.n_pieces > 1 && before.n_pieces > 1) || line.gap.max(before.gap) > ROW_GAP * size;
    let width = column.right - column.left;
    let is_after_short = before.end < column.right - 0.3 * width && !before.text.ends_with('-');
    is_row
        || is_shifted(paragraph, before, line, next, size)
        || (is_after_short && begins_anew(line))
}

fn begins_anew(line: &Line) -> bool {
    line.text.chars().next().is_some_and(|c| !c.is_lowercase())
}

/// What dots lead from a heading to its page are written as.
const LEADER: &str = " ... ";

/// Whether dots lead to a number at the end.
fn has_leader(text: &str) -> bool {
    text.contains(LEADER) && text.ends_with(char::is_alphanumeric)
}

/// A text with each row of dots made short.
fn without_leaders(text: &str) -> Cow<'_, str> {
    if !text.contains("....") && !text.contains(". . .") {
        return Cow::Borrowed(text);
    }
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('.') {
        let (before, dots) = rest.split_at(at);
        let after = dots.trim_start_matches(['.', ' ']);
        let run = dots.strip_suffix(after).unwrap_or(dots);
        short.push_str(before);
        if run.matches('.').count() > 4 {
            short.truncate(short.trim_end().len());
            short.push_str(LEADER);
        } else {
            short.push_str(run);
        }
        rest = after;
    }
    short.push_str(rest);
    Cow::Owned(short.trim().to_owned())
}

/// Whether a line stands in as first lines of paragraphs do, or out as those of items do.
fn is_shifted(
    paragraph: &PdfParagraph,
    before: &Line,
    line: &Line,
    next: Option<&Line>,
    size: f32,
) -> bool {
    let is_first = paragraph.n_lines == 1;
    let shift = line.begin - before.begin;
    let middle = (line.begin + line.end - before.begin - before.end) / 2.0;
    if shift > INDENT * size && middle.abs() < 0.5 * size {
        return false;
    }
    if shift > INDENT * size {
        // The second line of an item stands in, and so do those after it.
        let stays = next.is_some_and(|it| (it.begin - line.begin).abs() < 0.3 * size);
        return !(is_first && (stays || is_item(&paragraph.text)));
    }
    if shift < -INDENT * size {
        // The second line of a paragraph stands out, but no further than an indent is.
        return !is_first || shift < -4.0 * size;
    }
    let stands_in = paragraph.rest.is_some_and(|it| it > paragraph.first + INDENT * size);
    stands_in && (line.begin - paragraph.first).abs() < 0.3 * size
}

/// Whether a line begins with a sign that items of lists have.
fn is_bullet(text: &str) -> bool {
    let is_sign = |c| {
        matches!(
            c,
            '•' | '▪'
                | '◦'
                | '●'
                | '■'
                | '–'
                | '‣'
                | '⁃'
                | '∙'
                | '·'
                | '\u{f0a8}'
                | '➢'
                | '✓'
        )
    };
    text.starts_with(is_sign)
}

/// Whether a text begins with a number that items of lists have.
fn is_numbered(text: &str) -> bool {
    let after = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let n_digits = text.len() - after.len();
    let sign = after.strip_prefix(['.', ')', '-']);
    (1..=3).contains(&n_digits) && sign.is_some_and(|it| it.starts_with(' '))
}

/// Whether a text begins as items of lists do.
fn is_item(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let is_number =
        first.len() <= 8 && (first.ends_with(['.', ')', ']']) || first.chars().all(is_digit));
    is_bullet(text) || is_number || matches!(first, "-" | "*" | "o" | "†" | "‡")
}

/// Cells as lines: what stands on one baseline is one.
fn lines(cells: Vec<Vec<LinePiece>>) -> Vec<Line> {
    let n_rtl = cells.iter().flatten().filter(|it| it.is_rtl).count();
    let is_rtl = n_rtl * 2 > cells.iter().flatten().count();
    let mut lines: Vec<Line> = Vec::new();
    for piece in cells.into_iter().flatten() {
        let (begin, end) = if is_rtl { (-piece.u1, -piece.u0) } else { (piece.u0, piece.u1) };
        match lines.last_mut().filter(|it| it.holds(&piece)) {
            Some(line) => {
                line.text.push(' ');
                line.text.push_str(&piece.text);
                line.gap = line.gap.max(begin - line.end).max(line.begin - end);
                line.begin = line.begin.min(begin);
                line.end = line.end.max(end);
                if piece.size > 1.1 * line.size {
                    (line.v, line.size) = (piece.v, piece.size);
                }
                line.last_begin = begin;
                line.n_pieces += 1;
            }
            None => lines.push(Line {
                text: piece.text,
                begin,
                end,
                v: piece.v,
                size: piece.size,
                n_pieces: 1,
                last_begin: begin,
                gap: 0.0,
            }),
        }
    }
    lines
}

impl Line {
    /// Whether a piece stands on its baseline, or as little above it as marks of footnotes do.
    fn holds(&self, piece: &LinePiece) -> bool {
        let size = self.size.max(piece.size);
        let is_small = (self.size - piece.size).abs() > 0.15 * size;
        (self.v - piece.v).abs() < if is_small { 0.5 } else { 0.3 } * size
    }
}

/// Puts a line after another one of the same paragraph.
fn join(text: &mut String, line: &str) {
    let first = line.chars().next().unwrap_or(' ');
    let last = text.chars().next_back().unwrap_or(' ');
    if breaks_word(text) {
        if first.is_lowercase() && !has_hyphens(text) {
            text.pop();
        }
    } else if !(breaks_address(text) || is_square(first) && is_square(last)) {
        text.push(' ');
    }
    text.push_str(line);
}

/// Whether the word that a text ends within has more hyphens than that at its end.
fn has_hyphens(text: &str) -> bool {
    let word = text.char_indices().rev().take(40).take_while(|it| !it.1.is_whitespace());
    word.filter(|it| matches!(it.1, '-' | '\u{2010}')).count() > 1
}

/// Whether a text ends within a word.
fn breaks_word(text: &str) -> bool {
    let mut chars = text.chars().rev();
    matches!(chars.next(), Some('-' | '\u{2010}')) && chars.next().is_some_and(char::is_alphabetic)
}

/// Whether a text ends within an address of the web.
fn breaks_address(text: &str) -> bool {
    if !text.ends_with('/') {
        return false;
    }
    let last = text.rsplit(' ').next().unwrap_or_default();
    last.contains("://") || last.starts_with("www.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of equal size, each with where it begins and its text, as paragraphs.
    fn read(lines: &[(f32, &str)]) -> Vec<String> {
        let piece = |(n, (begin, text)): (usize, &(f32, &str))| LinePiece {
            u0: *begin,
            u1: begin + 5.0 * text.len() as f32,
            v: 12.0 * n as f32,
            size: 10.0,
            text: (*text).to_owned(),
            n_chars: text.len(),
            order: n,
            is_rtl: false,
        };
        let pieces = lines.iter().enumerate().map(piece).collect();
        of_leaf(pieces).into_iter().map(|it| it.text).collect()
    }

    fn joined(text: &str, line: &str) -> String {
        let mut text = text.to_owned();
        join(&mut text, line);
        text
    }

    #[test]
    fn lines_are_joined_as_they_were_broken() {
        assert_eq!(joined("one", "two"), "one two");
        assert_eq!(joined("para-", "graph"), "paragraph");
        assert_eq!(joined("North-", "South"), "North-South");
        assert_eq!(joined("day-to-", "day"), "day-to-day");
        assert_eq!(joined("1999 -", "2000"), "1999 - 2000");
        assert_eq!(joined("日本", "語"), "日本語");
        assert_eq!(joined("see https://a.example/b/", "c"), "see https://a.example/b/c");
    }

    #[test]
    fn a_line_that_stands_in_begins_a_paragraph() {
        let long = "words that fill the line to its end";
        let lines = [(0.0, long), (0.0, long), (15.0, "and more words in this line"), (0.0, long)];
        assert_eq!(read(&lines).len(), 2);
    }

    #[test]
    fn items_go_on_where_their_text_begins() {
        let long = "words that fill the line to its end";
        let lines = [
            (0.0, "1. words that fill the line to it"),
            (15.0, long),
            (15.0, long),
            (0.0, "2. words"),
        ];
        assert_eq!(read(&lines).len(), 2);
        assert_eq!(
            read(&[(0.0, "• one that goes on over"), (10.0, "two"), (0.0, "• other")]).len(),
            2
        );
    }

    #[test]
    fn each_number_of_a_list_begins_a_paragraph() {
        let lines = [
            (0.0, "1. words that fill the line"),
            (0.0, "2. words that fill the line"),
            (0.0, "3. w"),
        ];
        assert_eq!(read(&lines).len(), 3);
    }

    #[test]
    fn dots_that_lead_to_a_number_are_few() {
        assert_eq!(without_leaders("1.2 Part . . . . . . 7"), "1.2 Part ... 7");
        assert_eq!(without_leaders("Part.........7"), "Part ... 7");
        assert_eq!(without_leaders("and so on... it went. . . on"), "and so on... it went. . . on");
        assert_eq!(read(&[(0.0, "1 One ....... 1"), (0.0, "2 Two ....... 2")]).len(), 2);
    }
}
