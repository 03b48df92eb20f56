//! UTF-16 and UTF-32 that no mark announces: by where zero bytes stand, and by the script that comes of it.

use encoding_rs::{UTF_16BE, UTF_16LE};
use unicode_normalization::char::is_combining_mark;

use super::{
    charset::Charset,
    decoding::{Decoded, Rule, decode_as},
    odd::{is_odd, may_be_words},
    scripts::ScriptFit,
};

/// UTF-16 or UTF-32 by zero bytes.
pub(super) fn by_zeros(bytes: &[u8]) -> Option<Decoded<'_>> {
    if !bytes.contains(&0) {
        return None;
    }
    utf32(bytes).or_else(|| utf16_by_zeros(bytes))
}

/// UTF-32: no character has a number of more than three bytes, and few of more than two.
fn utf32(bytes: &[u8]) -> Option<Decoded<'_>> {
    let (fours, _) = bytes.as_chunks::<4>();
    if fours.len() < FOURS_MIN {
        return None;
    }
    let n_zeros = |place: usize| fours.iter().filter(|four| four[place] == 0).count();
    let in_either = [(Charset::Utf32Le, [3, 2]), (Charset::Utf32Be, [0, 1])].into_iter();
    let fitting = in_either.filter(|(_, [highest, high])| {
        100 * n_zeros(*highest) >= 99 * fours.len() && 2 * n_zeros(*high) >= fours.len()
    });
    let decoded = fitting.map(|(charset, _)| decode_as(charset, bytes, Rule::Zeros));
    // Numbers have as many zeros, but are not characters of one script.
    decoded
        .into_iter()
        .find(|it| is_mostly(&it.text, 3, is_usual) && ScriptFit::of(&it.text).is_good())
}

/// The upper halves of ASCII characters are its zero bytes, so they stand on one side, and are many; some other text may hold a
/// zero byte or two.
fn utf16_by_zeros(bytes: &[u8]) -> Option<Decoded<'_>> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let n_zeros = |side: usize| pairs.iter().filter(|pair| pair[side] == 0).count();
    let (n_first, n_second) = (n_zeros(0), n_zeros(1));
    let n_many = n_first.max(n_second);
    if n_many <= 16 * n_first.min(n_second) || n_many * ZEROS_IN_PAIRS_MIN < pairs.len() {
        return None;
    }
    let (encoding, side) = if n_second > n_first { (UTF_16LE, 1) } else { (UTF_16BE, 0) };
    if may_be_words(bytes) && !are_upper_halves(pairs.iter().map(|pair| pair[side])) {
        return None;
    }
    let decoded = pairs_as(Charset::Standard(encoding), bytes, Rule::Zeros);
    // Numbers and samples have their zeros on one side, too, but do not decode to letters and spaces.
    is_mostly(&decoded.text, 3, is_usual).then_some(decoded)
}

/// Whether nearly all belong to ASCII and one more script, as in a text that is not of Han.
fn are_upper_halves(bytes: impl Iterator<Item = u8>) -> bool {
    let mut counts = [0_usize; 256];
    bytes.for_each(|byte| counts[usize::from(byte)] += 1);
    // Alphabets are below, kana in one of the next.
    let scripts = counts[1..0x20].iter().chain([&counts[0x30]]);
    4 * (counts[0] + scripts.max().unwrap_or(&0)) >= 3 * counts.iter().sum::<usize>()
}

/// UTF-16 with perhaps a half character at its end, as a line feed leaves it that was added by a program that knew of bytes
/// only.
fn pairs_as(charset: Charset, bytes: &[u8], rule: Rule) -> Decoded<'_> {
    let (pairs, half) = bytes.split_at(bytes.len() & !1);
    let mut decoded = decode_as(charset, pairs, rule);
    if !half.is_empty() {
        decoded.text.to_mut().push(char::REPLACEMENT_CHARACTER);
        decoded.lossy = true;
    }
    decoded
}

/// One in so many pairs has a zero byte: words of any script have spaces or line ends between them.
const ZEROS_IN_PAIRS_MIN: usize = 12;
/// Fewer characters may be of one script by chance.
const CHARS_MIN: usize = 8;
/// The same of characters with two zero bytes each.
const FOURS_MIN: usize = 4;
/// So many bytes show the script.
const SAMPLE_BYTES: usize = 1 << 10;

fn is_usual(c: char) -> bool {
    c.is_alphanumeric() || c.is_ascii_graphic() || c.is_whitespace() || is_combining_mark(c)
}

/// Whether all but one in `one_in + 1` characters are of this kind.
fn is_mostly(text: &str, one_in: usize, is_kind: impl Fn(char) -> bool) -> bool {
    let (mut n_kind, mut n_all) = (0, 0);
    for c in text.chars() {
        n_all += 1;
        n_kind += usize::from(is_kind(c));
    }
    n_kind * (one_in + 1) >= n_all * one_in
}

/// UTF-16 of an alphabet or a syllabary, which may have next to no zero byte: in the other order its characters are spread over
/// all scripts.
pub(super) fn by_small_script(bytes: &[u8]) -> Option<Decoded<'_>> {
    by_script(bytes, |fit| !fit.is_large && 4 * fit.n_own >= fit.n_chars)
}

/// UTF-16 of Han, kana or Hangul, which may have no zero byte at all.
///
/// Of bytes that mean something else, half of all pairs at most fall into these scripts.
pub(super) fn by_large_script(bytes: &[u8]) -> Option<Decoded<'_>> {
    by_script(bytes, |fit| fit.is_large)
}

fn by_script(bytes: &[u8], is_wanted: impl Fn(ScriptFit) -> bool) -> Option<Decoded<'_>> {
    if bytes.len() < 2 * CHARS_MIN {
        return None;
    }
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES) & !1];
    let in_either = [UTF_16LE, UTF_16BE].map(Charset::Standard).into_iter();
    let fits = in_either.map(|charset| (ScriptFit::of(&charset.chars(sample).0), charset));
    let good = fits.filter(|(fit, _)| fit.is_good() && is_wanted(*fit));
    let (_, charset) = good.max_by_key(|(fit, _)| fit.n_fitting)?;
    let decoded = pairs_as(charset, bytes, Rule::Script);
    let text = decoded.text.strip_suffix(char::REPLACEMENT_CHARACTER).unwrap_or(&decoded.text);
    let n_odd = text.chars().filter(|c| is_odd(*c)).count();
    (n_odd * 100 <= text.chars().count() && ScriptFit::of(text).is_good()).then_some(decoded)
}
