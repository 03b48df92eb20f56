//! Where paragraphs begin and end: by blank lines, indents, the lengths of lines, and marks of lists, tables,
//! headings, quotes and code.
//!
//! Whether a paragraph begins with a line is decided from that line, its block's first line and a few lines
//! around it. So a line more or less changes nothing in how the lines further off are read, and nobody has to
//! say in which way a text is laid out.

use std::ops::Range;

use super::{
    fences::{self, is_fence},
    lines::{LineKind, RawLine},
    words::Spaces,
    wrapping,
};

/// Scatters the letters that decide where lines taken together end.
const GROUP_FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// How a text is laid out, which its media type says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TextLayout {
    /// In paragraphs, in which nothing depends on where lines end.
    #[default]
    Prose,
    /// The same with tables, in which a tab ends a cell, empty or not.
    Tables,
    /// In lines each of which stands for itself, as those of code and of data do.
    Lines,
}

impl TextLayout {
    /// What white space means there.
    pub(super) fn spaces(self) -> Spaces {
        match self {
            Self::Tables => Spaces::Cells,
            Self::Prose | Self::Lines => Spaces::Equal,
        }
    }

    /// The paragraphs of a text with `\n` line ends, in order.
    pub(super) fn paragraphs(self, text: &str) -> Vec<LaidOut> {
        match self {
            Self::Prose | Self::Tables => paragraphs(text),
            Self::Lines => lines(text),
        }
    }
}

/// Where a paragraph is in its text, without the line end after it, and what it is to a reader.
pub type LaidOut = (Range<usize>, ParagraphKind);

/// What a paragraph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParagraphKind {
    /// Sentences, or anything else.
    Prose,
    /// A marked heading, of this level from 1, with the rule below it.
    Heading(u8),
    /// An item of a list, with the lines that go on with it.
    Item,
    /// A row of a table.
    Row,
    /// Lines that begin with `>`.
    Quote,
    /// A line of code or data, or a fence around code.
    Code,
    /// A line of signs.
    Rule,
}

/// A title with a rule below it is at most so long, in characters.
const TITLE_MAX: usize = 100;

/// After so many lines without a blank one a paragraph ends, which bounds memory.
const STRETCH_LINES_MAX: usize = 1 << 16;

/// The lines that are not blank.
fn lines(text: &str) -> Vec<LaidOut> {
    let mut start = 0;
    let mut lines = Vec::new();
    for raw in text.split_inclusive('\n') {
        let line = raw.strip_suffix('\n').unwrap_or(raw);
        if !line.trim().is_empty() {
            lines.push((start..start + line.len(), ParagraphKind::Code));
        }
        start += raw.len();
    }
    lines
}

/// The paragraphs of prose, in order.
pub fn paragraphs(text: &str) -> Vec<LaidOut> {
    let mut paragraphs = Vec::new();
    let mut lines = Vec::new();
    let mut code = fences::code(text).into_iter().peekable();
    let mut start = 0;
    for raw in text.split_inclusive('\n') {
        let bytes = start..start + raw.trim_end_matches('\n').len();
        start += raw.len();
        let trimmed = raw.trim();
        while code.next_if(|stretch| stretch.end < bytes.end).is_some() {}
        let is_code = code.peek().is_some_and(|stretch| stretch.start <= bytes.start);
        if trimmed.is_empty() {
            push_stretch(&mut lines, &mut paragraphs);
        } else if is_code || is_fence(trimmed) {
            push_stretch(&mut lines, &mut paragraphs);
            paragraphs.push((bytes, ParagraphKind::Code));
        } else {
            if lines.len() == STRETCH_LINES_MAX {
                push_stretch(&mut lines, &mut paragraphs);
            }
            lines.push(RawLine::of(bytes, &text[start - raw.len()..start]));
        }
    }
    push_stretch(&mut lines, &mut paragraphs);
    paragraphs
}

/// The same for a text of very many lines: some `n_lines` in a row are one, and what the letters before its end say
/// decides where that is, so that equal lines are taken together alike wherever they stand.
pub fn groups(text: &str, n_lines: usize) -> Vec<LaidOut> {
    let mask = (n_lines / 2).next_power_of_two() as u64 - 1;
    let mut groups = Vec::new();
    // Lines of a group, the first byte of its first one, and where its last one ends.
    let (mut n, mut first, mut last) = (0, 0, 0);
    let (mut hash, mut start, mut is_blank) = (0u64, 0, true);
    for (at, byte) in text.bytes().chain([b'\n']).enumerate() {
        match byte {
            b'\n' if is_blank => start = at + 1,
            b'\n' => {
                first = if n == 0 { start } else { first };
                (n, last, start, is_blank) = (n + 1, at, at + 1, true);
                if n >= n_lines / 2 && hash >> 40 & mask == 0 || n >= 4 * n_lines {
                    groups.push((first..last, ParagraphKind::Prose));
                    n = 0;
                }
            }
            b' ' | b'\t'..=b'\r' => {}
            // The hash of Xia et al., "Ddelta", 2014: what came more than some letters before is shifted out.
            _ => {
                hash = (hash << 1).wrapping_add(u64::from(byte).wrapping_mul(GROUP_FACTOR));
                is_blank = false;
            }
        }
    }
    if n > 0 {
        groups.push((first..last, ParagraphKind::Prose));
    }
    groups
}

/// Takes lines without a blank one between them apart.
fn push_stretch(lines: &mut Vec<RawLine<'_>>, paragraphs: &mut Vec<LaidOut>) {
    let breaks = wrapping::breaks(lines);
    let mut first = 0;
    for i in 1..lines.len() {
        if begins(&lines[first..], i - first, breaks[i - 1]) {
            paragraphs.push(joined(&lines[first..i]));
            first = i;
        }
    }
    if first < lines.len() {
        paragraphs.push(joined(&lines[first..]));
    }
    lines.clear();
}

/// Whether a paragraph begins with the `i`-th line after the first of the one before.
fn begins(lines: &[RawLine<'_>], i: usize, is_break: bool) -> bool {
    use LineKind::{Heading, Item, Quote, Row, Rule, Text};
    let (first, last, line) = (&lines[0], &lines[i - 1], &lines[i]);
    match (last.kind, line.kind) {
        // A title with its rule is one.
        (Text, Rule('=' | '-')) if i == 1 && line.width <= TITLE_MAX => false,
        (Rule(_) | Row | Heading(_), _) | (_, Rule(_) | Row | Heading(_) | Item) => true,
        (Quote, Quote) => is_break,
        (Quote, _) | (_, Quote) => true,
        // Lines below an item that are indented more go on with it.
        _ if first.kind == Item && line.indent > first.indent => match i {
            1 => is_break,
            _ => lines[1].indent <= first.indent || is_break && line.indent < lines[1].indent,
        },
        _ => is_indented_anew(lines, i) || is_break,
    }
}

/// Whether a line is indented as the first of a paragraph is, or no longer as its paragraph was.
fn is_indented_anew(lines: &[RawLine<'_>], i: usize) -> bool {
    let (first, last, line) = (&lines[0], &lines[i - 1], &lines[i]);
    // Lines below a first one that sticks out go on with it.
    let goes_on = wrapping::goes_on(last, line);
    match line.indent.cmp(&last.indent) {
        std::cmp::Ordering::Greater => !goes_on || i > 1 && lines[1].indent < first.indent,
        std::cmp::Ordering::Equal => {
            let next_is_less = lines.get(i + 1).is_some_and(|next| next.indent < line.indent);
            line.indent > 0 && next_is_less && first.indent >= line.indent && !goes_on
        }
        std::cmp::Ordering::Less => i > 1 && last.indent > 0 && line.indent < first.indent.max(1),
    }
}

fn joined(lines: &[RawLine<'_>]) -> LaidOut {
    let (first, last) = (&lines[0], &lines[lines.len() - 1]);
    let kind = match (first.kind, last.kind) {
        (LineKind::Text, LineKind::Rule('=')) => ParagraphKind::Heading(1),
        (LineKind::Text, LineKind::Rule('-')) => ParagraphKind::Heading(2),
        (LineKind::Text, _) => ParagraphKind::Prose,
        (LineKind::Heading(level), _) => ParagraphKind::Heading(level),
        (LineKind::Item, _) => ParagraphKind::Item,
        (LineKind::Row, _) => ParagraphKind::Row,
        (LineKind::Quote, _) => ParagraphKind::Quote,
        (LineKind::Rule(_), _) => ParagraphKind::Rule,
    };
    (first.bytes.start..last.bytes.end, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<&str> {
        paragraphs(text).into_iter().map(|paragraph| &text[paragraph.0]).collect()
    }

    #[test]
    fn blank_lines_part_paragraphs() {
        assert_eq!(shown("\n \none\n\t\n\nthree\n"), ["one", "three"]);
        assert_eq!(shown("\n \n"), [""; 0]);
        let wrapped = "a line that was wrapped where its end\ncame, as the next one shows to all\nreaders of it.";
        assert_eq!(shown(wrapped), [wrapped]);
    }

    #[test]
    fn lists_tables_headings_quotes_and_code_are_blocks_of_their_own() {
        let text = "What is needed:\n- apples, of which we have too few in\n  this house\n- pears\n1. one\n(a) two\n\
            # Head\nText below it.\nTitle\n=====\nname\tage\nAda\t36\n> said the chairman of the board on Monday\n> and nobody else did\nafter it\n***\n\
            ```\nlet x = 1;\n\n  y\n```\n";
        let expected = [
            "What is needed:",
            "- apples, of which we have too few in\n  this house",
            "- pears",
            "1. one",
            "(a) two",
            "# Head",
            "Text below it.",
            "Title\n=====",
            "name\tage",
            "Ada\t36",
            "> said the chairman of the board on Monday\n> and nobody else did",
            "after it",
            "***",
            "```",
            "let x = 1;",
            "  y",
            "```",
        ];
        assert_eq!(shown(text), expected);
        assert_eq!(paragraphs("Title\n=====\n")[0].1, ParagraphKind::Heading(1));
    }

    #[test]
    fn indents_part_paragraphs() {
        let wire = "    The company said on Monday that it will receive an opinion\n\
            from the auditors of its financial statement next year.\n    It did not say more.\n\
            \x20   The union called that a scandal, and asked the government to\nstep in.\n Reuter";
        assert_eq!(shown(wire).len(), 4, "{:?}", shown(wire));
        let hanging = "Adams, A. The archive as a place where one finds what one had\n    forgotten, and what \
            nobody looked for in it. 1987.\nBaker, B. On shelves, and on what of them is left when\n    all is said.";
        assert_eq!(shown(hanging).len(), 2, "{:?}", shown(hanging));
        let quoted = "He wrote this to the board of it:\n\n    one line that is indented as all of it is, as\n    \
            it is a quote of some length in the text\n    by somebody else.\nAnd so it ended for them.";
        assert_eq!(shown(quoted).len(), 3, "{:?}", shown(quoted));
    }

    #[test]
    fn an_item_does_not_hold_the_indented_paragraphs_below_it() {
        let text = "(E) damages in any manner relating to any content. This limit\napplies to all claims.\n    \
            To the extent permitted by law, the total liability for\nany claim is limited to this.\n    Some do not \
            allow it.";
        assert_eq!(shown(text).len(), 3, "{:?}", shown(text));
        let item = "- To the extent permitted by law, the total liability of us.\n  For any claim it is limited.";
        assert_eq!(shown(item).len(), 2, "{:?}", shown(item));
    }

    #[test]
    fn short_lines_end_paragraphs_where_the_next_word_had_room() {
        let text = "The company said on Monday that it will receive an opinion from its\nauditors.\n\
            The union called that a scandal, and asked the government to step in\nat once.\nDear Sir\nI am.";
        assert_eq!(shown(text).len(), 4, "{:?}", shown(text));
        assert_eq!(shown("red apples\ngreen pears\nblue plums").len(), 3);
        // Lines that go on are full, so this one had room for another word and ends its paragraph.
        let text = "The cost of the whole undertaking is now put at nine hundred\nmillion crowns, a third more than \
            parliament had approved.\nWork on the northern side was to begin in April but the ground\nturned out to be \
            softer than anybody had expected it to be there.";
        assert_eq!(shown(text).len(), 2, "{:?}", shown(text));
        let long = "word ".repeat(60);
        assert_eq!(shown(&format!("{long}\n{long}\nshort\n")).len(), 3);
    }
}
