//! Lines of a text, and what their beginnings say: items of lists, rows of tables, headings, quotes, rules.

use std::ops::Range;

/// What numbers an item has no more letters or digits than this.
const ITEM_NUMBER_MAX: usize = 4;

/// A line that is not blank.
#[derive(Debug)]
pub struct RawLine<'t> {
    pub bytes: Range<usize>,
    /// Without the space around it, in quotes without `>`.
    pub text: &'t str,
    /// Columns before it; a tab ends at the next eighth.
    pub indent: usize,
    /// Columns of all of it, with the indent.
    pub width: usize,
    pub kind: LineKind,
}

/// What the beginning of a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    Text,
    Heading(u8),
    Item,
    Row,
    Quote,
    /// A line of this sign.
    Rule(char),
}

impl<'t> RawLine<'t> {
    /// Reads a line; `raw` is all of it.
    pub fn of(bytes: Range<usize>, raw: &'t str) -> Self {
        let text = raw.trim();
        let mut indent = 0;
        for c in raw.chars().take_while(|c| c.is_whitespace()) {
            indent = if c == '\t' { indent / 8 * 8 + 8 } else { indent + 1 };
        }
        let kind = line_kind(text);
        let n_chars = if text.is_ascii() { text.len() } else { text.chars().count() };
        let text = match kind {
            LineKind::Quote => text.trim_start_matches(['>', ' ']),
            _ => text,
        };
        Self { bytes, text, indent, width: indent + n_chars, kind }
    }
}

fn line_kind(text: &str) -> LineKind {
    let mut chars = text.chars();
    let first = chars.next().unwrap_or(' ');
    let n_hashes = text.len() - text.trim_start_matches('#').len();
    match first {
        '#' if n_hashes <= 6 && text[n_hashes..].starts_with(' ') => {
            LineKind::Heading(u8::try_from(n_hashes).unwrap_or(u8::MAX))
        }
        '>' => LineKind::Quote,
        '|' => LineKind::Row,
        '=' | '-' | '_' | '*' | '~' | '+' | '.' if is_rule(text, first) => LineKind::Rule(first),
        _ if is_item(text, first) => LineKind::Item,
        _ if text.contains('\t') => LineKind::Row,
        _ => LineKind::Text,
    }
}

/// At least three of the same sign, with nothing but space between.
fn is_rule(text: &str, sign: char) -> bool {
    let n_signs = text.chars().filter(|c| *c == sign).count();
    n_signs >= 3 && text.chars().all(|c| c == sign || c == ' ')
}

/// Whether a line begins with `-`, `•`, `1.`, `(a)`, `iv)` or the like, and goes on after it.
fn is_item(text: &str, first: char) -> bool {
    let (mark, rest) = match text.find(char::is_whitespace) {
        Some(end) => (&text[..end], text[end..].trim_start()),
        None => return false,
    };
    if rest.is_empty() {
        return false;
    }
    match first {
        _ if is_bullet(first) => mark.len() == first.len_utf8(),
        '(' => mark.ends_with(')') && is_item_number(&mark[1..mark.len() - 1]),
        _ => match mark.strip_suffix(')') {
            Some(number) => is_item_number(number),
            None => mark.strip_suffix('.').is_some_and(|number| {
                number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit())
            }),
        },
    }
}

/// Whether an item of a list can begin with this sign.
pub fn is_bullet(c: char) -> bool {
    matches!(c, '-' | '*' | '+' | '•' | '◦' | '▪' | '‣' | '·' | '–' | '●' | '■')
}

/// Where the bullet is in a line that is an item of a list with one.
pub fn bullet(line: &str) -> Option<(usize, char)> {
    let text = line.trim();
    let first = text.chars().next().filter(|c| is_bullet(*c))?;
    let is_item = line_kind(text) == LineKind::Item;
    is_item.then(|| (line.len() - line.trim_start().len(), first))
}

fn is_item_number(number: &str) -> bool {
    let is_digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let is_letters = number.bytes().all(|byte| byte.is_ascii_alphabetic());
    (1..=ITEM_NUMBER_MAX).contains(&number.len()) && (is_digits || is_letters)
}
