//! Texts of too many words or lines to be taken apart word by word.
//!
//! What both texts have is taken in large pieces: whole paragraphs where the other text seems to have them, too, and else
//! stretches of some words. A stretch ends where the few letters before it say so, so equal text falls into equal
//! stretches wherever it stands (content-defined chunking: Muthitacharoen et al., "A low-bandwidth network file
//! system", 2001; the rolling hash is that of Xia et al., "Ddelta", 2014). Only what the other text does not seem
//! to have is cut into words.

use std::{borrow::Cow, ops::Range};

use super::{
    Sides,
    layout::{self, LaidOut},
    rows::{Filter, text_key},
    words::{Spaces, is_invisible, is_mark, is_unspaced},
};

/// Texts of no more words and signs, both together and counted quickly, are taken apart word by word.
const ITEMS_MAX: usize = 1 << 22;
/// Texts of no more lines, both together, have paragraphs; of longer ones, lines are taken together.
const LINES_MAX: usize = 3 << 18;
/// So many paragraphs both have then, about.
const GROUPS: usize = 1 << 18;
/// A piece has at least so many bytes, or up to twice as many where there would be more pieces than this in all.
const PIECE_BYTES_MIN: usize = 32;
const PIECES_MAX: usize = 1 << 21;
/// It ends with its word once it has so many, and in a word that is longer still once it has twice as many.
const PIECE_BYTES_MAX: usize = 256;
/// Pieces in a row that only one text has and that are not cut into words are taken together up to so many bytes.
const UNKNOWN_BYTES_MAX: usize = 4096;
/// Where these bits of the hash are zero a piece may end: they depend on some sixteen letters before.
const END_BITS: u64 = 3 << 14;
/// So many words of each text that the other does not seem to have are cut; the others stay in their pieces.
const WORDS_MAX: usize = 3 << 18;
/// Scatters what is hashed.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// How one of two long texts is to be taken apart.
pub struct PieceCutter<'f> {
    /// What the other text has.
    other: &'f KnownText,
    spaces: Spaces,
    n_bytes_min: usize,
    n_words_left: usize,
}

/// A stretch of a paragraph.
pub enum CutPiece<'t> {
    /// To be compared as it is: where it begins, and its key.
    Whole(usize, Cow<'t, str>),
    /// To be cut into words.
    Words(Range<usize>),
}

/// Whether two texts are too long to be taken apart word by word.
pub fn are_needed(texts: Sides<&str>) -> bool {
    let n_bytes = texts.a.len() + texts.b.len();
    n_lines(texts) > LINES_MAX
        || n_bytes > ITEMS_MAX && n_items(texts.a) + n_items(texts.b) > ITEMS_MAX
}

/// The paragraphs of both texts; of too many lines such as are made of lines in a row.
pub fn paragraphs(texts: Sides<&str>) -> Sides<Vec<LaidOut>> {
    match n_lines(texts) {
        ..=LINES_MAX => texts.map(layout::paragraphs),
        n => texts.map(|text| layout::groups(text, n / GROUPS)),
    }
}

fn n_lines(texts: Sides<&str>) -> usize {
    let count = |text: &str| text.bytes().filter(|byte| *byte == b'\n').count();
    match texts.a.len() + texts.b.len() {
        ..=LINES_MAX => 0,
        _ => count(texts.a) + count(texts.b),
    }
}

/// About how many words and signs a text has, no more than one above the limit.
fn n_items(text: &str) -> usize {
    let mut last = b' ';
    let begins = |byte: u8| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80;
        let begins = match byte {
            b' ' | b'\t' | b'\n' => false,
            // Most letters of scripts without spaces have three bytes, and two or three are a word.
            0xe0.. => true,
            byte if is_letter(byte) => !is_letter(last),
            byte => byte != last,
        };
        last = byte;
        begins
    };
    text.bytes().map(begins).filter(|begins| *begins).take(ITEMS_MAX + 1).count()
}

/// What of a text may be found in the other one.
pub struct KnownText {
    /// Its paragraphs.
    paragraphs: Filter,
    /// The pieces of those that the other one does not seem to have.
    pieces: Filter,
}

/// What of each text may be found in the other one.
pub fn known(
    texts: Sides<&str>,
    paragraphs: &Sides<Vec<LaidOut>>,
    spaces: Spaces,
) -> Sides<KnownText> {
    let n_bytes_min = piece_bytes_min(texts);
    let whole = |text: &str, paragraphs: &[LaidOut]| {
        let mut filter = Filter::new(paragraphs.len());
        paragraphs.iter().for_each(|it| filter.insert(text_key(text[it.0.clone()].trim())));
        filter
    };
    let (a, b) = (whole(texts.a, &paragraphs.a), whole(texts.b, &paragraphs.b));
    let pieces = |text: &str, paragraphs: &[LaidOut], other: &Filter| {
        let mut filter = Filter::new(text.len() / n_bytes_min);
        for (bytes, _) in paragraphs {
            if !other.may_hold(text_key(text[bytes.clone()].trim())) {
                let insert = |piece| filter.insert(text_key(&key(&text[piece], spaces)));
                cut(text, bytes, n_bytes_min, insert);
            }
        }
        filter
    };
    let pieces_a = pieces(texts.a, &paragraphs.a, &b);
    let pieces_b = pieces(texts.b, &paragraphs.b, &a);
    Sides {
        a: KnownText { paragraphs: a, pieces: pieces_a },
        b: KnownText { paragraphs: b, pieces: pieces_b },
    }
}

/// How many bytes a piece of one of these texts has at least.
pub fn piece_bytes_min(texts: Sides<&str>) -> usize {
    ((texts.a.len() + texts.b.len()) / PIECES_MAX).clamp(PIECE_BYTES_MIN, 2 * PIECE_BYTES_MIN)
}

impl<'f> PieceCutter<'f> {
    /// Of a text whose other one has this, in pieces of at least so many bytes.
    pub fn new(other: &'f KnownText, spaces: Spaces, n_bytes_min: usize) -> Self {
        Self { other, spaces, n_bytes_min, n_words_left: WORDS_MAX }
    }

    /// Calls `found` with all pieces of a paragraph, in order; it says how many words it made of one that is to be cut.
    pub fn of<'t>(
        &mut self,
        text: &'t str,
        paragraph: &Range<usize>,
        mut found: impl FnMut(CutPiece<'t>) -> usize,
    ) {
        let start = paragraph.start + paragraph.len() - text[paragraph.clone()].trim_start().len();
        let whole = text[start..paragraph.end].trim_end();
        if self.other.paragraphs.may_hold(text_key(whole)) {
            found(CutPiece::Whole(start, Cow::Borrowed(whole)));
            return;
        }
        // Where no more words are cut, pieces in a row that the other text does not have are one.
        let mut unknown: Option<Range<usize>> = None;
        let as_one = |bytes: Range<usize>| {
            CutPiece::Whole(bytes.start, key(&text[bytes.clone()], self.spaces))
        };
        cut(text, paragraph, self.n_bytes_min, |bytes| {
            let key = key(&text[bytes.clone()], self.spaces);
            let is_known = self.other.pieces.may_hold(text_key(&key));
            if !is_known && self.n_words_left == 0 {
                let start = unknown.take().map_or(bytes.start, |it| it.start);
                unknown = Some(start..bytes.end);
                if bytes.end - start >= UNKNOWN_BYTES_MAX {
                    unknown.take().map(as_one).map(&mut found);
                }
                return;
            }
            unknown.take().map(as_one).map(&mut found);
            let piece = match is_known {
                true => CutPiece::Whole(bytes.start, key),
                false => CutPiece::Words(bytes),
            };
            self.n_words_left = match (found(piece), is_known) {
                (_, true) => self.n_words_left,
                (n_words, false) => self.n_words_left.saturating_sub(n_words),
            };
        });
        unknown.map(as_one).map(found);
    }
}

/// Cuts a paragraph into pieces, each from its first visible letter to the one of the next.
fn cut(
    text: &str,
    paragraph: &Range<usize>,
    n_bytes_min: usize,
    mut found: impl FnMut(Range<usize>),
) {
    let (mut hash, mut start, mut is_gap, mut was_unspaced) = (0u64, None, true, false);
    // Bytes of the piece, any white space being one and what nobody sees none.
    let mut n_bytes = 0;
    for (at, c) in text[paragraph.clone()].char_indices() {
        if c.is_whitespace() || is_invisible(c) {
            is_gap |= !is_invisible(c);
            continue;
        }
        let at = paragraph.start + at;
        let (is_unspaced, is_part) = match c.is_ascii() {
            true => (false, false),
            false => (is_unspaced(c), is_mark(c)),
        };
        let may_end = is_gap || is_unspaced || was_unspaced;
        let is_end = hash & END_BITS == 0 || n_bytes >= PIECE_BYTES_MAX;
        let ends = n_bytes >= n_bytes_min && may_end && is_end;
        if (ends || n_bytes >= 2 * PIECE_BYTES_MAX) && !is_part {
            start.take().into_iter().for_each(|start| found(start..at));
            n_bytes = 0;
        }
        start.get_or_insert(at);
        n_bytes += c.len_utf8() + usize::from(is_gap);
        hash = (hash << 1).wrapping_add(u64::from(u32::from(c)).wrapping_mul(FACTOR) >> 32);
        (is_gap, was_unspaced) = (false, is_unspaced);
    }
    start.into_iter().for_each(|start| found(start..paragraph.end));
}

/// A piece as it is compared: without what nobody sees, and any white space as good as any other but for tabs that
/// end cells.
fn key(piece: &str, spaces: Spaces) -> Cow<'_, str> {
    let piece = piece.trim_end();
    if piece.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !piece.contains("  ") {
        return Cow::Borrowed(piece);
    }
    let is_kept = |c: char| match c {
        '\t' => spaces == Spaces::Cells,
        c if c.is_ascii() => !matches!(c, ' ' | '\t'..='\r'),
        c => !c.is_whitespace() && !is_invisible(c),
    };
    if !piece.is_ascii() && piece.chars().all(is_kept) {
        return Cow::Borrowed(piece);
    }
    let (mut key, mut is_gap) = (String::with_capacity(piece.len()), false);
    for c in piece.chars() {
        match c {
            c if is_kept(c) => {
                key.push(c);
                is_gap = false;
            }
            c if !c.is_ascii() && is_invisible(c) => {}
            _ => {
                key.extend((!is_gap).then_some(' '));
                is_gap = true;
            }
        }
    }
    Cow::Owned(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        let mut pieces = Vec::new();
        cut(text, &(0..text.len()), PIECE_BYTES_MIN, |piece| pieces.push(&text[piece]));
        pieces
    }

    fn text(n_words: usize) -> String {
        (0..n_words).map(|n| format!("w{} ", n * n % 1009)).collect()
    }

    #[test]
    fn pieces_are_all_of_a_text_and_the_same_wherever_it_stands() {
        let text = text(2000);
        let all = pieces(&text);
        assert_eq!(all.concat(), text);
        let lengths = PIECE_BYTES_MIN..=2 * PIECE_BYTES_MAX;
        assert!(all[..all.len() - 1].iter().all(|it| lengths.contains(&it.len())));
        let shifted = format!("And one more. {text}");
        let n_new = pieces(&shifted).iter().filter(|it| !all.contains(it)).count();
        assert!(n_new < 12, "{n_new}");
    }

    #[test]
    fn white_space_and_what_nobody_sees_make_no_other_pieces() {
        let keys = |text: &str| -> Vec<String> {
            pieces(text).iter().map(|it| key(it, Spaces::Equal).into_owned()).collect()
        };
        let text = text(500);
        let wrapped = text.replace("1 ", "1\n  ").replace("w4", "w\u{ad}4");
        assert_eq!(keys(&text), keys(&wrapped));
        assert_ne!(key("a\t\tb", Spaces::Cells), key("a\tb", Spaces::Cells));
        assert_eq!(key("a\t\tb", Spaces::Equal), "a b");
    }

    #[test]
    fn where_no_more_words_are_cut_what_only_one_text_has_is_one_piece() {
        let (a, b) = (text(500), format!("{} none of these", text(40)));
        let texts = Sides { a: &*a, b: &*b };
        let known = known(texts, &texts.map(layout::paragraphs), Spaces::Equal);
        let found = |n_words_left: usize| {
            let mut cutter = PieceCutter::new(&known.b, Spaces::Equal, PIECE_BYTES_MIN);
            cutter.n_words_left = n_words_left;
            let mut found = Vec::new();
            cutter.of(&a, &(0..a.len()), |piece| match piece {
                CutPiece::Whole(start, key) => {
                    found.push((start, key.len()));
                    0
                }
                CutPiece::Words(_) => 8,
            });
            found
        };
        let n_known = found(usize::MAX).len();
        assert!((2..12).contains(&n_known), "{n_known}");
        assert_eq!(found(0).len(), n_known + 1);
        let all: usize = found(0).iter().map(|it| it.1 + 1).sum();
        assert_eq!(all, a.len());
    }

    #[test]
    fn no_piece_begins_with_a_mark() {
        let text = "a\u{323}\u{301}".repeat(1000);
        assert!(pieces(&text).iter().all(|it| it.starts_with('a')));
        let han = "北京市政府星期一宣布".repeat(100);
        assert!(pieces(&han).len() > 50);
    }
}
