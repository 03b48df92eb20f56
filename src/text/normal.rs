//! Normal form: a text without case, punctuation and layout, as words to make shingles of.
//!
//! The text is composed (NFKC, Unicode Standard Annex 15) and its case folded. Runs of letters,
//! digits and the marks on them are words; everything else separates, so quotes, dashes and white
//! space of any sort count for nothing. Invisible characters (soft hyphens, joiners, direction marks)
//! vanish without separating, and so do Arabic harakat, tatweel and Hebrew points. Variants of Arabic letters, and the
//! digits of all scripts, are written in one way; Greek has no accents and Turkish no `ı`, as in capitals. Scripts that are written without spaces (Han, Kana, Thai, Lao, Khmer,
//! Myanmar) are cut into overlapping pairs of characters.

use std::{ops::Range, sync::OnceLock};

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use super::spellings::spelled;

/// The version of the normal form; sketches of different versions do not compare.
///
/// It rises with every change of the rules above, a newer Unicode version among them, and of what is
/// read as text.
pub const NORMAL_VERSION: u32 = 5;

/// The words of a text in normal form, packed into one buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Normal {
    bytes: Vec<u8>,
    /// Where each word ends; it starts where the one before ends.
    ends: Vec<usize>,
}

impl Normal {
    /// The normal form of one text.
    pub fn of(text: &str) -> Self {
        // Room for most texts from the start: growing copies everything.
        let bytes = Vec::with_capacity(text.len() + LEAP);
        let ends = Vec::with_capacity(text.len() / 5 + STRIDE / 2);
        let mut normal = Self { bytes, ends };
        normal.push(text);
        normal
    }

    /// Adds the words of a further piece of text; no word goes on from one piece into the next.
    pub fn push(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let (plain, more) = rest.split_at(ascii_prefix(rest.as_bytes()));
            self.push_ascii(plain.as_bytes());
            rest = more;
            if !more.as_bytes().first().is_none_or(u8::is_ascii) {
                let from = text.len() - more.len() - self.take_open();
                let n_bytes = text[from..].bytes().position(is_separator);
                let to = n_bytes.map_or(text.len(), |n| from + n);
                self.push_token(&text[from..to]);
                rest = &text[to..];
            }
        }
        self.end_word();
    }

    /// The words in order, as UTF-8.
    pub fn words(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| &self.bytes[std::mem::replace(&mut start, *end)..*end])
    }

    /// All words, one after the other.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where each word ends in [`Normal::bytes`], strictly rising.
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// Takes up to [`STRIDE`] ASCII bytes; the last word stays open.
    ///
    /// Both buffers grow by all that may come, are overwritten, and are cut to what came.
    fn push_ascii(&mut self, text: &[u8]) {
        let Some(last_byte) = text.last() else { return };
        let mut is_open = self.bytes.len() > self.last_end();
        // A word ends with its block, until the next one goes on with it and takes the end back.
        self.end_word();
        let (mut n_bytes, mut n_ends) = (self.bytes.len(), self.ends.len());
        self.bytes.resize(n_bytes + text.len() + LEAP, 0);
        self.ends.resize(n_ends + text.len() / 2 + 1, 0);
        let (blocks, rest) = text.as_chunks();
        let last = (!rest.is_empty()).then(|| filled_up(rest));
        for block in blocks.iter().chain(&last) {
            let block = AsciiBlock::of(block);
            n_ends -= usize::from(is_open && block.is_word & 1 == 1);
            is_open = block.is_word >> (BLOCK - 1) == 1;
            for (start, end) in block.runs() {
                block.copy(start..end, &mut self.bytes[n_bytes..]);
                n_bytes += end - start;
                self.ends[n_ends] = n_bytes;
                n_ends += 1;
            }
        }
        n_ends -= usize::from(last_byte.is_ascii_alphanumeric());
        self.bytes.truncate(n_bytes);
        self.ends.truncate(n_ends);
    }

    /// Takes a stretch without ASCII separators; the last word stays open.
    fn push_token(&mut self, token: &str) {
        let plain = PLAIN.get_or_init(plain_table);
        let n_before = (self.bytes.len(), self.ends.len());
        let mut cutter = Cutter::of(self);
        if !token.chars().all(|c| cutter.put_plain(c, plain)) {
            cutter.last = None;
            cutter.normal.bytes.truncate(n_before.0);
            cutter.normal.ends.truncate(n_before.1);
            composed(token).for_each(|c| cutter.put(c));
        }
        cutter.end_run();
    }

    fn last_end(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Takes the open word back and returns its length, which is that of its ASCII source.
    fn take_open(&mut self) -> usize {
        let n_open = self.bytes.len() - self.last_end();
        self.bytes.truncate(self.last_end());
        n_open
    }

    fn end_word(&mut self) {
        if self.bytes.len() > self.last_end() {
            self.ends.push(self.bytes.len());
        }
    }

    fn push_char(&mut self, c: char) {
        self.bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// How many ASCII bytes are taken at once.
const STRIDE: usize = 512;
/// How many bytes are classified at once: as many as a mask has bits.
const BLOCK: usize = 64;
/// How many bytes are copied at once; most words have fewer.
const LEAP: usize = 16;

/// Up to [`BLOCK`] bytes of ASCII, folded, and which of them stand in words.
///
/// Where words begin and end is read off a mask of bits and not tested byte by byte (as in Langdale
/// and Lemire, "Parsing gigabytes of JSON per second", 2019).
struct AsciiBlock {
    /// Lower case where it is a letter; zeros follow.
    folded: [u8; BLOCK + LEAP],
    /// The lowest bit is that of the first byte.
    is_word: u64,
}

impl AsciiBlock {
    fn of(text: &[u8; BLOCK]) -> Self {
        let mut folded = [0; BLOCK + LEAP];
        let mut flags = [0; BLOCK];
        for ((byte, folded), flag) in text.iter().zip(&mut folded).zip(&mut flags) {
            *flag = u8::from(byte.is_ascii_alphanumeric());
            // Digits have this bit, and what else it changes stands in no word.
            *folded = byte | 0x20;
        }
        let eights = flags.as_chunks().0.iter();
        let is_word = eights.rev().fold(0, |mask, flags| mask << 8 | eight_bits(*flags));
        Self { folded, is_word }
    }

    /// Where runs of word bytes start and end.
    fn runs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let mut rest = self.is_word;
        std::iter::from_fn(move || {
            let start = rest.trailing_zeros();
            // Adding the lowest bit of a run carries through it.
            let after = rest.wrapping_add(rest & rest.wrapping_neg());
            rest &= after;
            (start < u64::BITS).then_some((start as usize, after.trailing_zeros() as usize))
        })
    }

    /// Copies a run, and up to [`LEAP`] bytes more, to the start of `to`.
    fn copy(&self, run: Range<usize>, to: &mut [u8]) {
        let n_leaps = run.len().div_ceil(LEAP);
        for at in (0..n_leaps).map(|n| n * LEAP) {
            to[at..at + LEAP].copy_from_slice(&self.folded[run.start + at..][..LEAP]);
        }
    }
}

/// A block that ends in zeros.
fn filled_up(text: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..text.len()].copy_from_slice(text);
    block
}

/// The lowest bits of eight bytes side by side: each term of the multiplication shifts by seven.
fn eight_bits(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// The characters of up to two UTF-8 bytes.
const PLAIN_CHARS: usize = 0x800;

/// What each character of two UTF-8 bytes becomes by itself: its folded form, 0 for a separator, or
/// [`ASK`]. It is computed from the rules on first use.
static PLAIN: OnceLock<[u16; PLAIN_CHARS]> = OnceLock::new();

/// Composition or folding may take more than this one character.
const ASK: u16 = u16::MAX;

fn plain_table() -> [u16; PLAIN_CHARS] {
    std::array::from_fn(|code| {
        let Some(c) = char::from_u32(code as u32) else { return ASK };
        let low = c.to_lowercase().next().unwrap_or(c);
        let is_simple = is_nfkc_quick(std::iter::once(c)) == IsNormalized::Yes
            && (low as usize) < PLAIN_CHARS
            && !is_invisible(c)
            && !matches!(c, 'ß' | 'ς' | 'İ');
        match class(c) {
            Class::Letter if is_simple => spelled(low).map_or(ASK, |it| it as u16),
            Class::Separator if is_simple => 0,
            _ => ASK,
        }
    })
}

fn is_separator(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric()
}

/// The length of the ASCII text at the start, at most [`STRIDE`].
fn ascii_prefix(text: &[u8]) -> usize {
    let text = &text[..text.len().min(STRIDE)];
    let n_whole = text.chunks_exact(16).take_while(|chunk| chunk.is_ascii()).count() * 16;
    let n_more = text[n_whole..].iter().take_while(|byte| byte.is_ascii()).count();
    n_whole + n_more
}

/// The visible characters, composed. Case is folded before, since some letters have a composed form
/// in lower case only, and after by [`Cutter::put`], since composition makes letters out of signs. What is written
/// in several ways becomes one after it, since some of the marks that are left out make other letters.
pub(super) fn composed(token: &str) -> impl Iterator<Item = char> {
    token.chars().filter(|c| !is_invisible(*c)).flat_map(folded).nfkc().filter_map(spelled)
}

/// Lower case, with the few letters whose full folding (Unicode's CaseFolding) differs from it.
fn folded(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ß' | 'ẞ' => ('s', Some('s')),
        'ς' => ('σ', None),
        'İ' => ('i', None),
        c => (c.to_lowercase().next().unwrap_or(c), None),
    };
    std::iter::once(first).chain(second)
}

/// What a composed character does to the words.
enum Class {
    /// Stands in a word.
    Letter,
    /// Stands in a word that is open, and starts none.
    Mark,
    /// Stands in a run that is cut into pairs.
    Cut,
    /// Ends a word.
    Separator,
}

fn class(c: char) -> Class {
    match c {
        // Modifier letters that are set as apostrophes and quotes.
        '\u{2b9}'..='\u{2bf}' => Class::Separator,
        c if is_cut(c) && (c.is_alphanumeric() || is_combining_mark(c)) => Class::Cut,
        c if c.is_alphanumeric() => Class::Letter,
        c if is_combining_mark(c) => Class::Mark,
        _ => Class::Separator,
    }
}

/// Soft hyphens, joiners, direction marks, variation selectors, keycaps, and the Arabic tatweel: they vanish before
/// composition.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{640}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}'
        | '\u{20dd}'..='\u{20e0}' | '\u{20e2}'..='\u{20e4}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether the character is of a script that is written without spaces.
pub fn is_cut(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' // Thai, Lao
        | '\u{1000}'..='\u{109f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}' // Myanmar
        | '\u{1780}'..='\u{17ff}' // Khmer
        | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3038}'..='\u{303b}' // Han signs
        | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{1aff0}'..='\u{1b16f}' // Kana
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' // Han
        | '\u{20000}'..='\u{3ffff}')
}

/// Cuts composed characters into words.
pub(super) struct Cutter<'a> {
    normal: &'a mut Normal,
    /// The last character of the run being cut, and whether it is in a pair already.
    last: Option<(char, bool)>,
}

impl<'a> Cutter<'a> {
    /// Adds words to these.
    pub fn of(normal: &'a mut Normal) -> Self {
        Self { normal, last: None }
    }

    /// How many words have ended.
    pub fn n_words(&self) -> usize {
        self.normal.ends.len()
    }

    /// Whether a word has begun that may go on.
    pub fn is_in_word(&self) -> bool {
        self.normal.bytes.len() > self.normal.last_end()
    }

    /// Whether the last character stands in a run that is cut.
    pub fn is_in_run(&self) -> bool {
        self.last.is_some()
    }

    /// Puts a character of a source text if it needs no normalising, whatever stands beside it.
    fn put_plain(&mut self, c: char, plain: &[u16; PLAIN_CHARS]) -> bool {
        let folded = match plain.get(c as usize) {
            Some(folded) => *folded,
            None => match c {
                '一'..='\u{9fff}' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' => {
                    self.put_cut(c);
                    return true;
                }
                '\u{2010}'..='\u{201f}' | '…' | '、'..='〃' | '〈'..='】' => 0,
                // Full-width ASCII punctuation.
                '！'..='／' | '：'..='＠' => 0,
                _ => ASK,
            },
        };
        match folded {
            ASK => return false,
            0 => self.end_all(),
            low => {
                self.end_run();
                match u8::try_from(low) {
                    Ok(byte @ ..0x80) => self.normal.bytes.push(byte),
                    _ => self
                        .normal
                        .bytes
                        .extend([0xc0 | (low >> 6) as u8, 0x80 | (low & 0x3f) as u8]),
                }
            }
        }
        true
    }

    /// Ends what has begun.
    pub fn end_all(&mut self) {
        self.end_run();
        self.normal.end_word();
    }

    /// Puts a composed character.
    pub fn put(&mut self, c: char) {
        if c.is_ascii_alphanumeric() {
            self.end_run();
            return self.normal.bytes.push((c as u8).to_ascii_lowercase());
        }
        match class(c) {
            Class::Letter => {
                self.end_run();
                folded(c).for_each(|low| self.normal.push_char(low));
            }
            Class::Mark if self.is_in_word() => {
                self.normal.push_char(c);
            }
            Class::Cut => self.put_cut(c),
            Class::Mark => {}
            Class::Separator => self.end_all(),
        }
    }

    fn put_cut(&mut self, c: char) {
        match self.last.replace((c, false)) {
            None => self.normal.end_word(),
            Some((before, _)) => {
                self.normal.push_char(before);
                self.normal.push_char(c);
                self.normal.end_word();
                self.last = Some((c, true));
            }
        }
    }

    /// Ends a run of pairs; a run of one character is a word of its own.
    fn end_run(&mut self) {
        if let Some((alone, false)) = self.last.take() {
            self.normal.push_char(alone);
            self.normal.end_word();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> String {
        let normal = Normal::of(text);
        let words: Vec<_> = normal.words().map(|word| std::str::from_utf8(word).unwrap()).collect();
        words.join(" ")
    }

    #[test]
    fn case_punctuation_and_layout_do_not_matter() {
        for (text, normal) in [
            ("", ""),
            ("  --- !\n", ""),
            ("The Quick, brown FOX.", "the quick brown fox"),
            ("don't don’t don‘t donʼt", "don t don t don t don t"),
            ("“Yes”—he said–twice… A-B", "yes he said twice a b"),
            ("co\u{ad}operate zero\u{200b}width \u{feff}mark", "cooperate zerowidth mark"),
            ("a\u{a0}b\u{2003}c\u{3000}d", "a b c d"),
            ("1,234.5 km² № 7", "1 234 5 km2 no 7"),
            ("ﬁne ﬂow Ａｂｃ１", "fine flow abc1"),
            ("cafe\u{301} café CAFÉ", "café café café"),
            ("a\u{338}=\u{338}b", "a\u{338} b"),
            ("👍🏽 ok 👩‍👩‍👧 1️⃣", "ok 1"),
        ] {
            assert_eq!(words(text), normal, "{text:?}");
        }
    }

    #[test]
    fn every_script_has_words() {
        for (text, normal) in [
            ("Straße STRASSE Größe ẞ", "strasse strasse grösse ss"),
            ("ΟΔΥΣΣΕΎΣ ΟΔΥΣΣΕΥΣ Ὀδυσσεύς", "οδυσσευσ οδυσσευσ ὀδυσσευσ"),
            ("Προϊόν ΠΡΟΪΟΝ ρυΐας", "προϊον προϊον ρυϊασ"),
            ("İstanbul ISTANBUL kapısı KAPISI", "istanbul istanbul kapisi kapisi"),
            ("H\u{331} \u{1e96}", "\u{1e96} \u{1e96}"),
            ("Война и МИР: ёлка", "война и мир ёлка"),
            ("قال الرَّئيسُ، نعـــم؟", "قال الرئيس نعم"),
            ("كتابی کیست ۱۲ ٣٤ आ १", "كتابي كيست 12 34 आ 1"),
            ("آ ا\u{653} ا\u{64e}\u{653} أ ا", "آ آ آ أ ا"),
            ("שָׁלוֹם שלום \u{fb2a}ל", "שלום שלום של"),
            ("हिन्दी में", "हिन्दी में"),
            ("한국어 문장", "한국어 문장"),
            ("中华人民，共和国。", "中华 华人 人民 共和 和国"),
            ("東京へ行く", "東京 京へ へ行 行く"),
            ("ﾃｽﾄ ガ", "テス スト ガ"),
            ("第3章abcと", "第 3 章 abc と"),
            ("ภาษาไทย", "ภา าษ ษา าไ ไท ทย"),
            ("x東y", "x 東 y"),
        ] {
            let spaced = words(text);
            assert_eq!(spaced, normal, "{text:?}");
        }
    }

    #[test]
    fn words_go_on_across_strides_but_not_across_pieces() {
        let mut normal = Normal::of("one");
        normal.push("two");
        assert_eq!(normal.words().collect::<Vec<_>>(), [b"one", b"two"]);
        let long = "x".repeat(3 * STRIDE + 5);
        assert_eq!(words(&long), long);
        let late = format!("{long}é");
        assert_eq!(words(&format!("a {late} b")), format!("a {late} b"));
    }

    proptest! {
        #[test]
        fn plain_characters_need_no_normalising(
            token in "[a-zäßéЖёΣς’“…، العربя中国のガ゙ァ。！ㅎ한\u{301}\u{338}\u{80}-\u{7ff}]{0,12}"
        ) {
            let mut slow = Normal::default();
            let mut cutter = Cutter::of(&mut slow);
            composed(&token).for_each(|c| cutter.put(c));
            cutter.end_all();
            prop_assert_eq!(Normal::of(&token), slow);
        }

        #[test]
        fn normal_form_is_its_own_normal_form(text in "[a-zA-Z0-9 .,éßİΣ한ค中\u{301}\u{ad}]{0,40}") {
            // Pairs overlap, so only texts without cut scripts are fixed points.
            let once = words(&text.replace(['中', 'ค'], " "));
            prop_assert_eq!(words(&once), once);
        }

        #[test]
        fn ascii_words_are_those_of_the_slow_path(text in "([a-zA-Z0-9]{0,80}[\0-\x7f]{0,9}){0,40}") {
            let mut slow = Normal::default();
            for token in text.split(|c: char| !c.is_ascii_alphanumeric()) {
                slow.push_token(token);
                slow.end_word();
            }
            prop_assert_eq!(Normal::of(&text), slow);
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let normal = Normal::of(&text);
            prop_assert!(normal.words().all(|word| !word.is_empty()));
            prop_assert!(normal.bytes.len() <= 18 * text.len());
        }
    }
}
