//! Where in a text a paragraph is: under which headings.
//!
//! A heading is known or marked as one, or it is a short line that ends no sentence and has longer text below it.

use std::ops::Range;

use super::{
    layout::ParagraphKind,
    reading::{Paragraph, ParsedText},
};

/// A line that is a heading without any mark has at most so many words and signs.
const WORDS_MAX: usize = 12;
/// The level of one without any mark.
const UNMARKED_LEVEL: u8 = 7;

/// A paragraph that is a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heading {
    /// The paragraph's number, from 0.
    pub paragraph: usize,
    /// 1 is the highest; a heading holds what follows it up to the next of its level or a higher one.
    pub level: u8,
    /// The heading that holds it, as a number among the headings.
    pub parent: Option<usize>,
}

/// A heading of which is known that it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownHeading {
    /// The line that it begins, from 1.
    pub line: usize,
    /// 1 is the highest.
    pub level: u8,
}

/// The headings that are known, in order.
pub fn known(reading: &ParsedText<'_>, known: &[KnownHeading]) -> Vec<Heading> {
    let (mut at, mut line) = (0, 1);
    let mut known = known.iter().peekable();
    let mut level = |bytes: &Range<usize>| {
        line += reading.text[at..bytes.start].matches('\n').count();
        at = bytes.start;
        while known.next_if(|it| it.line < line).is_some() {}
        known.next_if(|it| it.line == line).map(|it| it.level)
    };
    let paragraphs = reading.paragraphs.iter().enumerate();
    nested(paragraphs.filter_map(|(i, it)| level(&it.bytes).map(|level| (i, level))))
}

/// The headings of a text, in order.
pub fn headings(reading: &ParsedText<'_>) -> Vec<Heading> {
    let paragraphs = &reading.paragraphs;
    let level = |i: usize| match paragraphs[i].kind {
        ParagraphKind::Heading(level) => Some(level),
        _ => is_unmarked(reading, i).then(|| unmarked_level(reading.paragraph_text(i))),
    };
    nested((0..paragraphs.len()).filter_map(|i| level(i).map(|level| (i, level))))
}

/// Headings by their paragraphs and levels, each in the one that holds it.
fn nested(found: impl Iterator<Item = (usize, u8)>) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    for (paragraph, level) in found {
        let mut parent = headings.len().checked_sub(1);
        while let Some(above) = parent.filter(|above| headings[*above].level >= level) {
            parent = headings[above].parent;
        }
        headings.push(Heading { paragraph, level, parent });
    }
    headings
}

/// The headings that hold a paragraph, or that it is, from the highest to the nearest.
pub fn path(headings: &[Heading], paragraph: usize) -> Vec<usize> {
    let above = headings.partition_point(|heading| heading.paragraph <= paragraph);
    let nearest = above.checked_sub(1).map(|nearest| &headings[nearest]);
    let up = |heading: &&Heading| heading.parent.map(|parent| &headings[parent]);
    let mut path: Vec<usize> =
        std::iter::successors(nearest, up).map(|heading| heading.paragraph).collect();
    path.reverse();
    path
}

fn is_unmarked(reading: &ParsedText<'_>, i: usize) -> bool {
    let (this, next) = (&reading.paragraphs[i], reading.paragraphs.get(i + 1));
    let text = reading.paragraph_text(i).trim();
    let is_line = this.words.len() <= WORDS_MAX && !text.contains('\n');
    let is_kind = match this.kind {
        ParagraphKind::Prose => {
            text.starts_with(|c: char| !c.is_lowercase() && c.is_alphanumeric())
        }
        ParagraphKind::Item => text.starts_with(|c: char| c.is_ascii_digit()),
        _ => false,
    };
    let has_text = |next: &Paragraph| {
        let is_text = matches!(next.kind, ParagraphKind::Prose | ParagraphKind::Item);
        is_text && next.words.len() > WORDS_MAX
    };
    let ends = ['.', ',', ';', ':', '!', '?', '…', '。', '，', '、', '：', '"', '”', '»'];
    is_line
        && is_kind
        && !text.ends_with(ends)
        && !text.contains(['|', '·', '•'])
        && text.contains(char::is_alphabetic)
        && next.is_some_and(has_text)
}

/// `2.1` is below `2`, and both are above what has no number.
fn unmarked_level(text: &str) -> u8 {
    let number = text.split_whitespace().next().unwrap_or_default().trim_end_matches(['.', ')']);
    let parts = number.split('.');
    let is_number = parts.clone().all(|part| {
        !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit())
    });
    match u8::try_from(parts.count()) {
        Ok(n) if is_number => UNMARKED_LEVEL + n,
        _ => UNMARKED_LEVEL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Sides, TextLayout, reading::read};

    fn paths(text: &str) -> Vec<String> {
        let (readings, _) = read(Sides { a: text, b: "" }, TextLayout::Prose);
        let headings = headings(&readings.a);
        let shown = |i| {
            let path = path(&headings, i).into_iter().map(|i| readings.a.paragraph_text(i));
            path.collect::<Vec<_>>().join(" > ")
        };
        (0..readings.a.paragraphs.len()).map(shown).collect()
    }

    #[test]
    fn paragraphs_stand_under_their_headings() {
        let prose =
            "The harbour is closed, the board said, to all ships of more than twenty metres.";
        let text = format!(
            "Harbour news\n\n{prose}\n\n# One\n\n{prose}\n\n## Two\n\nYes.\n\n# Three\n\n{prose}"
        );
        let expected = [
            "Harbour news",
            "Harbour news",
            "# One",
            "# One",
            "# One > ## Two",
            "# One > ## Two",
            "# Three",
            "# Three",
        ];
        assert_eq!(paths(&text), expected);
        let numbered = format!("1. Scope\n\n{prose}\n\n1.1 Who\n\n{prose}\n\n2. Law\n\n{prose}");
        assert_eq!(paths(&numbered)[3], "1. Scope > 1.1 Who");
        assert_eq!(paths(&numbered)[5], "2. Law");
        assert_eq!(paths("red\n\ngreen\n\nblue"), ["", "", ""]);
    }

    #[test]
    fn known_headings_hold_what_follows_them() {
        let text = "Title\n\nOne\ngoes on\n\nUnder one.\n\nTwo, a heading with a full stop.\n\nUnder both.";
        let (readings, _) = read(Sides { a: text, b: "" }, TextLayout::Tables);
        let heading = |line, level| KnownHeading { line, level };
        let headings = known(&readings.a, &[heading(3, 1), heading(5, 2), heading(8, 3)]);
        let found: Vec<Vec<usize>> =
            (0..readings.a.paragraphs.len()).map(|i| path(&headings, i)).collect();
        assert_eq!(found, [vec![], vec![1], vec![1], vec![1], vec![1, 4], vec![1, 4]]);
    }
}
