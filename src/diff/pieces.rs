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
    layout::{self, LaidOut, TextLayout},
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
/// A filter of pieces is made for four times as many, or so many at least: few seem to be in the other text that are not.
const FILTERED_MIN: usize = 1 << 10;
/// Where these bits of the hash are zero a piece may end: they depend on some sixteen letters before.
const END_BITS: u64 = 3 << 14;
/// So many words of each text that the other does not seem to have are cut; the others stay in their pieces.
const WORDS_MAX: usize = 1 << 19;
/// Scatters what is hashed.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stretch of a paragraph.
pub enum CutPiece<'t> {
    /// To be compared as it is: where it begins, and its key.
    Whole(usize, Cow<'t, str>),
    /// To be compared as it is, and nothing that the other text has.
    Unknown(Range<usize>),
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
pub fn paragraphs(texts: Sides<&str>, layout: TextLayout) -> Sides<Vec<LaidOut>> {
    match n_lines(texts) {
        ..=LINES_MAX => texts.map(|text| layout.paragraphs(text)),
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

/// One of two long texts in pieces.
pub struct TextInPieces {
    /// All of its paragraphs.
    paragraphs: Filter,
    /// The pieces of those that the other text does not seem to have.
    pieces: Filter,
    /// The same in their order.
    cut: Vec<KeyedPiece>,
}

/// Where a piece begins, and some bits of its key.
#[derive(Clone, Copy)]
struct KeyedPiece {
    start: u32,
    key: u32,
}

/// Cuts the paragraphs of two texts into pieces.
pub fn in_pieces(
    texts: Sides<&str>,
    paragraphs: &Sides<Vec<LaidOut>>,
    spaces: Spaces,
) -> Sides<TextInPieces> {
    let n_bytes_min = piece_bytes_min(texts);
    let whole = |text: &str, paragraphs: &[LaidOut]| {
        let mut filter = Filter::new(paragraphs.len());
        paragraphs.iter().for_each(|it| filter.insert(text_key(text[it.0.clone()].trim())));
        filter
    };
    let (a, b) = (whole(texts.a, &paragraphs.a), whole(texts.b, &paragraphs.b));
    let cut_a = keyed_pieces(texts.a, &paragraphs.a, &b, n_bytes_min, spaces);
    let cut_b = keyed_pieces(texts.b, &paragraphs.b, &a, n_bytes_min, spaces);
    let known = |paragraphs, cut: Vec<KeyedPiece>| {
        let mut pieces = Filter::new((4 * cut.len()).max(FILTERED_MIN));
        cut.iter().for_each(|piece| pieces.insert(u64::from(piece.key)));
        TextInPieces { paragraphs, pieces, cut }
    };
    Sides { a: known(a, cut_a), b: known(b, cut_b) }
}

/// The pieces of all paragraphs that the other text does not seem to have.
fn keyed_pieces(
    text: &str,
    paragraphs: &[LaidOut],
    other: &Filter,
    n_bytes_min: usize,
    spaces: Spaces,
) -> Vec<KeyedPiece> {
    let (mut pieces, mut normal) = (Vec::new(), String::new());
    for (bytes, _) in paragraphs {
        if other.may_hold(text_key(text[bytes.clone()].trim())) {
            continue;
        }
        cut(text, bytes, n_bytes_min, |piece| {
            // Texts are shorter than 32 bits count.
            let start = piece.start as u32;
            let piece = text[piece].trim_end();
            let key = match is_normal(piece, spaces) {
                true => text_key(piece),
                false => {
                    normal.clear();
                    normalize(piece, spaces, &mut normal);
                    text_key(&normal)
                }
            };
            pieces.push(KeyedPiece { start, key: (key >> 32) as u32 });
        });
    }
    pieces
}

/// How many bytes a piece of one of these texts has at least.
fn piece_bytes_min(texts: Sides<&str>) -> usize {
    ((texts.a.len() + texts.b.len()) / PIECES_MAX).clamp(PIECE_BYTES_MIN, 2 * PIECE_BYTES_MIN)
}

/// Says how one of two long texts is to be taken apart.
pub struct PieceCutter<'p> {
    /// The pieces of paragraphs to come.
    own: &'p [KeyedPiece],
    other: &'p TextInPieces,
    spaces: Spaces,
    n_words_left: usize,
}

impl<'p> PieceCutter<'p> {
    /// Of one text, given the other one, too.
    pub fn new(own: &'p TextInPieces, other: &'p TextInPieces, spaces: Spaces) -> Self {
        Self { own: &own.cut, other, spaces, n_words_left: WORDS_MAX }
    }

    /// Calls `found` with all pieces of the next paragraph, in order; it says how many words it made of one that is to
    /// be cut.
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
        let n = self.own.partition_point(|piece| (piece.start as usize) < paragraph.end);
        let (pieces, rest) = self.own.split_at(n);
        self.own = rest;
        let ends = pieces.iter().skip(1).map(|piece| piece.start as usize).chain([paragraph.end]);
        for (piece, end) in pieces.iter().zip(ends) {
            let bytes = piece.start as usize..end;
            let is_known = self.other.pieces.may_hold(u64::from(piece.key));
            if !is_known && self.n_words_left == 0 {
                let start = unknown.take().map_or(bytes.start, |it| it.start);
                unknown = Some(start..end);
                if end - start >= UNKNOWN_BYTES_MAX {
                    unknown.take().map(CutPiece::Unknown).map(&mut found);
                }
                continue;
            }
            unknown.take().map(CutPiece::Unknown).map(&mut found);
            if is_known {
                found(CutPiece::Whole(bytes.start, key(&text[bytes], self.spaces)));
            } else {
                let n_words = found(CutPiece::Words(bytes));
                self.n_words_left = self.n_words_left.saturating_sub(n_words);
            }
        }
        unknown.map(CutPiece::Unknown).map(found);
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
    let mut next = paragraph.start;
    while next < paragraph.end {
        let at = next;
        let (c, is_unspaced, is_part) = match text.as_bytes()[at] {
            b' ' | b'\t'..=b'\r' => {
                (is_gap, next) = (true, at + 1);
                continue;
            }
            byte @ 0..0x80 => (char::from(byte), false, false),
            _ => {
                let c = text[at..].chars().next().unwrap_or_default();
                if c.is_whitespace() || is_invisible(c) {
                    is_gap |= !is_invisible(c);
                    next = at + c.len_utf8();
                    continue;
                }
                (c, is_unspaced(c), is_mark(c))
            }
        };
        next = at + c.len_utf8();
        let may_end = is_gap || is_unspaced || was_unspaced;
        let is_end = hash & END_BITS == 0 || n_bytes >= PIECE_BYTES_MAX;
        let ends = n_bytes >= n_bytes_min && may_end && is_end;
        if (ends || n_bytes >= 2 * PIECE_BYTES_MAX) && !is_part {
            start.take().into_iter().for_each(|start| found(start..at));
            n_bytes = 0;
        }
        start.get_or_insert(at);
        n_bytes += next - at + usize::from(is_gap);
        hash = (hash << 1).wrapping_add(u64::from(u32::from(c)).wrapping_mul(FACTOR) >> 32);
        (is_gap, was_unspaced) = (false, is_unspaced);
    }
    start.into_iter().for_each(|start| found(start..paragraph.end));
}

/// A piece as it is compared: without what nobody sees, and any white space as good as any other but for tabs that
/// end cells.
fn key(piece: &str, spaces: Spaces) -> Cow<'_, str> {
    let piece = piece.trim_end();
    if is_normal(piece, spaces) {
        return Cow::Borrowed(piece);
    }
    let mut normal = String::with_capacity(piece.len());
    normalize(piece, spaces, &mut normal);
    Cow::Owned(normal)
}

/// Whether a piece is compared as it is.
fn is_normal(piece: &str, spaces: Spaces) -> bool {
    let bytes = piece.as_bytes();
    let is_visible = |all: bool, byte: &u8| all && matches!(byte, b' '..=b'~');
    if bytes.iter().fold(true, is_visible) {
        return !bytes.windows(2).any(|pair| pair == b"  ");
    }
    !piece.is_ascii() && piece.chars().all(|c| is_kept(c, spaces))
}

fn normalize(piece: &str, spaces: Spaces, normal: &mut String) {
    let mut is_gap = false;
    for c in piece.chars() {
        match c {
            '!'..='~' => {
                normal.push(c);
                is_gap = false;
            }
            c if is_kept(c, spaces) => {
                normal.push(c);
                is_gap = false;
            }
            c if !c.is_ascii() && is_invisible(c) => {}
            _ => {
                normal.extend((!is_gap).then_some(' '));
                is_gap = true;
            }
        }
    }
}

/// Whether a character is compared, and as it is.
fn is_kept(c: char, spaces: Spaces) -> bool {
    match c {
        '\t' => spaces == Spaces::Cells,
        c if c.is_ascii() => !matches!(c, ' ' | '\t'..='\r'),
        c => !c.is_whitespace() && !is_invisible(c),
    }
}

/// How many words a piece has, parted by white space.
pub fn n_words(piece: &str) -> usize {
    if !piece.is_ascii() {
        let words = piece.split_whitespace();
        return words.filter(|word| word.contains(char::is_alphanumeric)).count();
    }
    let (mut n, mut is_word) = (0, false);
    for byte in piece.bytes() {
        let is_space = matches!(byte, b' ' | b'\t'..=b'\r');
        n += usize::from(is_space && is_word);
        is_word = !is_space && (is_word || byte.is_ascii_alphanumeric());
    }
    n + usize::from(is_word)
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
        let known = in_pieces(texts, &texts.map(layout::paragraphs), Spaces::Equal);
        let found = |n_words_left: usize| {
            let mut cutter = PieceCutter::new(&known.a, &known.b, Spaces::Equal);
            cutter.n_words_left = n_words_left;
            let mut found = Vec::new();
            cutter.of(&a, &(0..a.len()), |piece| match piece {
                CutPiece::Whole(start, key) => {
                    found.push((start, key.len()));
                    0
                }
                CutPiece::Unknown(bytes) => {
                    found.push((bytes.start, a[bytes].trim_end().len()));
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
    fn words_of_a_piece_have_letters_or_digits() {
        for (piece, n) in [("", 0), ("a - b, c.\n", 3), ("é – 1", 2), ("x", 1), ("--- \t", 0)] {
            assert_eq!(n_words(piece), n, "{piece:?}");
        }
    }

    #[test]
    fn no_piece_begins_with_a_mark() {
        let text = "a\u{323}\u{301}".repeat(1000);
        assert!(pieces(&text).iter().all(|it| it.starts_with('a')));
        let han = "北京市政府星期一宣布".repeat(100);
        assert!(pieces(&han).len() > 50);
    }
}
