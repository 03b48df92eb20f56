//! Odd characters, which texts have few of: controls, and what stands for nothing.

use super::decoding::{Decoded, Rule};

/// Whether at most one character in a hundred, or of a short text in sixteen, is one that texts do not
/// have: a captured text may hold a torn line or a stray control, and other bytes are full of them. Separators of records
/// may be more.
pub(super) fn is_text(decoded: &Decoded<'_>) -> bool {
    let text = &*decoded.text;
    let is_valid = decoded.rule == Rule::Valid;
    let is_proved = match decoded.rule {
        Rule::Mark => !decoded.lossy,
        // Its mistakes were counted.
        rule => is_valid || rule == Rule::FewMistakes,
    };
    let n_odd = n_odd(text, is_proved);
    // A character has one to four bytes, so most texts need not be counted.
    n_odd * 400 <= text.len() || {
        let is_of_words = is_valid || may_be_words(text.as_bytes());
        let n_zeros = if is_of_words { n_zeros_between_words(text) } else { 0 };
        let (n_odd, n_chars) = (n_odd - n_zeros, text.chars().count() - n_zeros);
        // Numbers that stand among words have zeros, too.
        let has_zeros = text.contains('\0');
        let n_separators = if has_zeros { 0 } else { n_of(text, is_separator) };
        let n_let_pass = (n_chars / 100).max((n_chars / 16).min(ODD_OF_SHORT_MAX));
        n_odd <= n_let_pass
            || n_odd <= n_let_pass + n_separators && CONTROLS_ONE_IN * n_separators <= n_chars
    }
}

/// Whether valid text has no more controls than may stand between its words, whichever they are. Zero bytes are few: those of
/// numbers, which stand among the words of other formats, are not.
pub(super) fn has_few_controls(text: &str) -> bool {
    let n_chars = text.chars().count();
    let n_zeros = n_of(text, |byte| byte == 0);
    100 * n_zeros <= n_chars && CONTROLS_ONE_IN * n_odd_ascii(text.as_bytes()) <= n_chars
}

/// Whether what stands for nothing is little of what is beyond ASCII, and the rest is as in other texts.
pub(super) fn are_few_beyond_ascii(text: &str) -> bool {
    let beyond_ascii = text.chars().filter(|c| !c.is_ascii());
    let (n_odd, n_beyond) = beyond_ascii
        .fold((0, 0), |(n_odd, n_beyond), c| (n_odd + usize::from(is_odd(c)), n_beyond + 1));
    MISFITS_ONE_IN * n_odd <= n_beyond && 100 * n_odd_ascii(text.as_bytes()) <= text.len()
}

/// Chosen: one character beyond ASCII in so many stands for nothing at most in the encoding that is declared.
const MISFITS_ONE_IN: usize = 8;

/// Chosen: one character in so many is a control at most.
const CONTROLS_ONE_IN: usize = 3;

/// The separators of files, groups, records and units, and what was rubbed out.
fn is_separator(byte: u8) -> bool {
    matches!(byte, 0x1c..=0x1f | 0x7f)
}

fn n_of(text: &str, is_kind: impl Fn(u8) -> bool) -> usize {
    text.bytes().filter(|byte| is_kind(*byte)).count()
}

/// Whether bytes are UTF-8, or most are ASCII's letters and spaces: with zeros between its words such a text has Han in it
/// when it is taken for UTF-16.
pub(super) fn may_be_words(bytes: &[u8]) -> bool {
    let n_letters = bytes.iter().filter(|it| it.is_ascii_alphabetic() || **it == b' ').count();
    4 * n_letters >= 3 * bytes.len() || std::str::from_utf8(bytes).is_ok()
}

/// The zero bytes of a text, if they end its words or fill it up: it does not begin with them.
fn n_zeros_between_words(text: &str) -> usize {
    if text.starts_with('\0') {
        return 0;
    }
    let n_words = text.split('\0').filter(|it| !it.is_empty()).count();
    let n_zeros = n_of(text, |byte| byte == 0);
    let n_others = text.chars().count() - n_zeros;
    if n_others >= WORD_CHARS_MIN * n_words.max(1) { n_zeros } else { 0 }
}

/// Chosen: words between zeros are so long at least, on average; numbers are shorter.
const WORD_CHARS_MIN: usize = 3;

/// So many odd characters are let pass in a text of a few lines.
const ODD_OF_SHORT_MAX: usize = 4;

/// Looks closely only at stretches with a byte that an odd character may begin with.
fn n_odd(text: &str, is_proved: bool) -> usize {
    if is_proved {
        // It may hold any other character: icons are private ones, and what somebody else could not
        // decode is U+FFFD.
        return n_odd_ascii(text.as_bytes());
    }
    let mut n_odd = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (stretch, more) = rest.split_at(rest.ceil_char_boundary(STRETCH_BYTES));
        if stretch.bytes().fold(false, |found, byte| found | may_begin_odd(byte)) {
            n_odd += stretch.chars().filter(|c| is_odd(*c)).count();
        }
        rest = more;
    }
    n_odd
}

const STRETCH_BYTES: usize = 64;

fn n_odd_ascii(bytes: &[u8]) -> usize {
    let is_rare = |byte: u8| (byte < 0x20) & (byte != b'\n') & (byte != b'\t') | (byte == 0x7f);
    let has_rare =
        |stretch: &&[u8]| stretch.iter().fold(false, |found, byte| found | is_rare(*byte));
    let stretches = bytes.chunks(STRETCH_BYTES).filter(has_rare);
    stretches.map(|it| it.iter().filter(|byte| is_odd_ascii(**byte)).count()).sum()
}

/// Besides ASCII, odd characters begin with c2 (controls), ee or ef.
fn may_begin_odd(byte: u8) -> bool {
    (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r'))
        | (byte == 0x7f)
        | (byte == 0xc2)
        | (byte >= 0xee)
}

/// Whether it is a control, a private character or one that stands for what could not be read.
pub(super) fn is_odd(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_odd_ascii(byte),
        // Controls of ISO 6429, next line apart; in a wrong guess they are many.
        Ok(byte) => matches!(byte, 0x80..=0x84 | 0x86..=0x9f),
        Err(_) => matches!(c, '\u{fffd}' | '\u{fffe}' | '\u{ffff}' | '\u{e000}'..='\u{f8ff}'),
    }
}

/// Not odd: backspace, white space, the end-of-file mark of DOS, escape.
fn is_odd_ascii(byte: u8) -> bool {
    matches!(byte, 0..=7 | 0x0e..=0x19 | 0x1c..=0x1f | 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_characters_are_found_by_the_bytes_they_begin_with() {
        for c in ('\0'..='\u{ffff}').filter(|c| is_odd(*c)) {
            let text = format!("{}{c}{}", "é".repeat(100), "a".repeat(100));
            assert_eq!(n_odd(&text, false), 1, "{c:?}");
        }
        assert_eq!(n_odd(&"Plain “text”, \u{a0} with 中文\r\n and é".repeat(20), false), 0);
    }
}
