//! Text of any encoding, or the finding that bytes are no text.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

use super::charset::Charset;
use super::kinds::are_bytes_text;
use super::{declared, guess};

/// The text that bytes stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Without a byte order mark.
    pub text: Cow<'a, str>,
    /// The encoding's name in the WHATWG Encoding Standard, or of a code page of DOS, or `UTF-32LE`, `UTF-32BE`.
    pub encoding: &'static str,
    /// How the encoding was found.
    pub rule: Rule,
    /// Some bytes had no meaning in this encoding and became U+FFFD.
    pub lossy: bool,
}

/// How an encoding was found, from what proves itself to what is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A byte order mark.
    Mark,
    /// Zero bytes stand at every other place, as in UTF-16.
    Zeros,
    /// The bytes are valid.
    Valid,
    /// The escape sequences of ISO-2022-JP.
    Escapes,
    /// It is a page that was made of another format.
    Rendered,
    /// Somebody who asked named it.
    Named,
    /// UTF-8 with few mistakes.
    FewMistakes,
    /// The document declares it.
    Declared,
    /// It is UTF-16 of a script that has next to no zero bytes.
    Script,
    /// The bytes resemble text in it most.
    Guessed,
}

impl Rule {
    const ALL: [Self; 10] = [
        Self::Mark,
        Self::Zeros,
        Self::Valid,
        Self::Escapes,
        Self::Rendered,
        Self::Named,
        Self::FewMistakes,
        Self::Declared,
        Self::Script,
        Self::Guessed,
    ];

    /// The rule of a code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }

    /// The rule's code, as JSON has it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Zeros => "zeros",
            Self::Valid => "valid",
            Self::Escapes => "escapes",
            Self::Rendered => "rendered",
            Self::Named => "named",
            Self::FewMistakes => "few-mistakes",
            Self::Declared => "declared",
            Self::Script => "script",
            Self::Guessed => "guessed",
        }
    }

    /// The rule in words, as they follow the encoding's name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Mark => "by its byte order mark",
            Self::Zeros => "by where its zero bytes stand",
            Self::Valid => "valid",
            Self::Escapes => "by its escape sequences",
            Self::Rendered => "rendered",
            Self::Named => "as named",
            Self::FewMistakes => "with a few mistakes",
            Self::Declared => "as declared",
            Self::Script => "by its script",
            Self::Guessed => "guessed",
        }
    }
}

/// Decodes bytes of the given media type; `None` when they are no text.
///
/// In this order: a byte order mark; UTF-16 by where its zero bytes stand; valid UTF-8; UTF-8 with few
/// mistakes; what HTML or XML declares; what the bytes resemble most. Text has few control characters,
/// and where the encoding is not proved, few that stand for nothing; zero bytes may stand between its words. An
/// encoding that is `named` comes before all but a mark and valid UTF-8 beyond ASCII, since texts in it may
/// stand among others; bytes that are no text in it are read as if it were not named.
pub fn decode<'a>(
    bytes: &'a [u8],
    media_type: &str,
    named: Option<Charset>,
) -> Option<Decoded<'a>> {
    if !are_bytes_text(media_type) {
        return None;
    }
    // From what proves itself to what is guessed: bytes that are text in one encoding are some text or
    // other in most, so the first that must be right is taken.
    if let Some(marked) = by_mark(bytes) {
        return is_text(&marked).then_some(marked);
    }
    if let Some(charset) = named {
        let proved = valid_utf8(bytes).filter(|_| !bytes.is_ascii());
        let decoded = proved.unwrap_or_else(|| decode_as(charset, bytes, Rule::Named));
        if is_text(&decoded) {
            return Some(decoded);
        }
    }
    by_zeros(bytes)
        .or_else(|| iso_2022_jp(bytes))
        .or_else(|| valid_utf8(bytes))
        .or_else(|| few_mistakes(bytes))
        .or_else(|| declared(bytes))
        .filter(is_text)
        .or_else(|| guessed(bytes))
}

fn decode_as(charset: Charset, bytes: &[u8], rule: Rule) -> Decoded<'_> {
    let (text, lossy) = charset.chars(bytes);
    Decoded { text, encoding: charset.name(), rule, lossy }
}

fn by_mark(bytes: &[u8]) -> Option<Decoded<'_>> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe\0\0") {
        return Some(utf32(rest, "UTF-32LE", u32::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\0\0\xfe\xff") {
        return Some(utf32(rest, "UTF-32BE", u32::from_be_bytes));
    }
    let (encoding, n_mark) = Encoding::for_bom(bytes)?;
    Some(decode_as(Charset::Standard(encoding), &bytes[n_mark..], Rule::Mark))
}

fn utf32(bytes: &[u8], encoding: &'static str, number: fn([u8; 4]) -> u32) -> Decoded<'static> {
    let (fours, rest) = bytes.as_chunks::<4>();
    let mut lossy = !rest.is_empty();
    let char_of = |four: &[u8; 4]| {
        char::from_u32(number(*four)).unwrap_or_else(|| {
            lossy = true;
            char::REPLACEMENT_CHARACTER
        })
    };
    let text: String = fours.iter().map(char_of).collect();
    Decoded { text: text.into(), encoding, rule: Rule::Mark, lossy }
}

/// UTF-16 without a mark: the upper halves of ASCII characters are its zero bytes, so they stand on one
/// side, and are many; some other text may hold a zero byte or two.
fn by_zeros(bytes: &[u8]) -> Option<Decoded<'_>> {
    if !bytes.contains(&0) {
        return None;
    }
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
    let decoded = whole_pairs(encoding, bytes, Rule::Zeros)?;
    // Numbers and samples have their zeros on one side, too, but do not decode to letters and spaces.
    is_mostly(&decoded.text, 3, is_usual).then_some(decoded)
}

/// Whether bytes are UTF-8, or most are ASCII's letters and spaces: with zeros between its words such a text has Han in it
/// when it is taken for UTF-16.
fn may_be_words(bytes: &[u8]) -> bool {
    let n_letters = bytes.iter().filter(|it| it.is_ascii_alphabetic() || **it == b' ').count();
    4 * n_letters >= 3 * bytes.len() || std::str::from_utf8(bytes).is_ok()
}

/// Whether nearly all belong to ASCII and one more script, as in a text that is not of Han.
fn are_upper_halves(bytes: impl Iterator<Item = u8>) -> bool {
    let mut counts = [0_usize; 256];
    bytes.for_each(|byte| counts[usize::from(byte)] += 1);
    // Alphabets are below, kana in one of the next.
    let scripts = counts[1..0x20].iter().chain([&counts[0x30]]);
    4 * (counts[0] + scripts.max().unwrap_or(&0)) >= 3 * counts.iter().sum::<usize>()
}

/// UTF-16 without any mistake but a half character at its end, as a line feed leaves it that was added by
/// a program that knew of bytes only.
fn whole_pairs<'a>(
    encoding: &'static Encoding,
    bytes: &'a [u8],
    rule: Rule,
) -> Option<Decoded<'a>> {
    let (pairs, half) = bytes.split_at(bytes.len() & !1);
    let mut decoded = decode_as(Charset::Standard(encoding), pairs, rule);
    if decoded.lossy {
        return None;
    }
    if !half.is_empty() {
        decoded.text.to_mut().push(char::REPLACEMENT_CHARACTER);
        decoded.lossy = true;
    }
    Some(decoded)
}

/// One in so many pairs has a zero byte: words of any script have spaces or line ends between them.
const ZEROS_IN_PAIRS_MIN: usize = 12;

fn is_usual(c: char) -> bool {
    c.is_alphanumeric() || c.is_ascii_graphic() || c.is_whitespace()
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

/// UTF-16 of Han, kana or Hangul without a mark, which may have no zero byte at all.
///
/// Of bytes that mean something else, half of all pairs at most fall into these scripts.
fn by_script(bytes: &[u8]) -> Option<Decoded<'_>> {
    if bytes.len() < 16 {
        return None;
    }
    let in_either = [UTF_16LE, UTF_16BE].into_iter();
    in_either.filter_map(|encoding| whole_pairs(encoding, bytes, Rule::Script)).find(|it| {
        let text = it.text.strip_suffix(char::REPLACEMENT_CHARACTER).unwrap_or(&it.text);
        !text.chars().any(is_odd) && is_mostly(text, 15, is_east_asian)
    })
}

fn is_east_asian(c: char) -> bool {
    matches!(c,
        '\u{3000}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{ff00}'..='\u{ffee}' | ' '..='~' | '\n' | '\r' | '\t' | '\u{2010}'..='\u{2026}')
}

/// Japanese mail and news: seven-bit bytes with escape sequences that change the character set.
fn iso_2022_jp(bytes: &[u8]) -> Option<Decoded<'_>> {
    let escapes = bytes.contains(&0x1b) && bytes.windows(2).any(|pair| pair == b"\x1b$");
    if !escapes || !bytes.is_ascii() {
        return None;
    }
    let decoded = decode_as(Charset::Standard(ISO_2022_JP), bytes, Rule::Escapes);
    (!decoded.lossy).then_some(decoded)
}

fn valid_utf8(bytes: &[u8]) -> Option<Decoded<'_>> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(Decoded { text: text.into(), encoding: UTF_8.name(), rule: Rule::Valid, lossy: false })
}

/// UTF-8 with one mistake at most for eight characters beyond ASCII, or for two if ASCII is around each mistake.
fn few_mistakes(bytes: &[u8]) -> Option<Decoded<'_>> {
    // One torn character must not make all others those of a one-byte encoding; and in such an
    // encoding next to nothing is UTF-8 by chance, nor in one of two bytes where letters stand alone.
    let (mut n_good, mut n_bad) = (0, 0);
    let (mut are_alone, mut is_after_bad) = (true, false);
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid();
        n_good += valid.chars().filter(|c| !c.is_ascii()).count();
        are_alone &= !is_after_bad || valid.starts_with(|c: char| c.is_ascii());
        is_after_bad = !chunk.invalid().is_empty();
        if is_after_bad {
            n_bad += 1;
            are_alone &= valid.is_empty() || valid.ends_with(|c: char| c.is_ascii());
        }
    }
    let decode = || decode_as(Charset::Standard(UTF_8), bytes, Rule::FewMistakes);
    let n_for_one = if are_alone { 2 } else { 8 };
    (n_bad * n_for_one <= n_good).then(decode)
}

/// What the document declares, if it works out: declarations are copied from page to page, and are wrong.
fn declared(bytes: &[u8]) -> Option<Decoded<'_>> {
    let decoded = decode_as(declared::charset(bytes)?, bytes, Rule::Declared);
    is_text(&decoded).then_some(decoded)
}

/// What the bytes resemble most, if it is text without blemish; else UTF-16 of eastern Asia, if it is that.
fn guessed(bytes: &[u8]) -> Option<Decoded<'_>> {
    let guessed = decode_as(guess::charset(bytes), bytes, Rule::Guessed);
    match n_odd(&guessed.text, false) {
        0 => Some(guessed),
        // Of two bytes for a character many a one is a control.
        _ => by_script(bytes).or_else(|| Some(guessed).filter(is_text)),
    }
}

/// Whether at most one character in a hundred, or of a short text in sixteen, is one that texts do not
/// have: a captured text may hold a torn line or a stray control, and other bytes are full of them.
fn is_text(decoded: &Decoded<'_>) -> bool {
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
        n_odd <= (n_chars / 100).max((n_chars / 16).min(ODD_OF_SHORT_MAX))
    }
}

/// The zero bytes of a text, if they end its words or fill it up: it does not begin with them.
fn n_zeros_between_words(text: &str) -> usize {
    if text.starts_with('\0') {
        return 0;
    }
    let n_words = text.split('\0').filter(|it| !it.is_empty()).count();
    let n_zeros = text.bytes().filter(|it| *it == 0).count();
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

fn is_odd(c: char) -> bool {
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
    use encoding_rs::{BIG5, EUC_KR, GB18030, KOI8_U, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252};
    use proptest::prelude::*;

    use super::*;

    fn text_of(bytes: &[u8]) -> Option<(String, &'static str, bool)> {
        decode(bytes, "text/plain", None).map(|it| (it.text.into_owned(), it.encoding, it.lossy))
    }

    fn encoded(text: &str, encoding: &'static Encoding) -> Vec<u8> {
        let (bytes, _, unmappable) = encoding.encode(text);
        assert!(!unmappable);
        bytes.into_owned()
    }

    fn utf16_bytes(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    const GERMAN: &str = "Die Bürger von Köln müssen größere Brücken über den Fluß bauen.";
    const RUSSIAN: &str =
        "Все счастливые семьи похожи друг на друга, каждая несчастлива по-своему.";
    const JAPANESE: &str = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。";
    const CHINESE: &str = "北京是中华人民共和国的首都，也是全国的政治和文化中心，历史悠久。";
    const KOREAN: &str = "모든 국민은 법 앞에 평등하다. 누구든지 차별을 받지 아니한다.";

    #[test]
    fn legacy_encodings_are_recognised() {
        let curly = "He said “it’s fine” – naïve café owners, Señor Muñoz, agreed with that.";
        let taiwanese = "臺灣是東亞的一個島嶼，人口約二千三百萬，首都為臺北市。";
        for (text, encoding) in [
            (GERMAN, WINDOWS_1252),
            (curly, WINDOWS_1252),
            (RUSSIAN, WINDOWS_1251),
            (RUSSIAN, KOI8_U),
            (JAPANESE, SHIFT_JIS),
            (JAPANESE, encoding_rs::EUC_JP),
            (JAPANESE, ISO_2022_JP),
            (CHINESE, encoding_rs::GBK),
            (taiwanese, BIG5),
            (KOREAN, EUC_KR),
        ] {
            let found = text_of(&encoded(text, encoding)).unwrap();
            assert_eq!(found, (text.to_owned(), encoding.name(), false));
        }
        assert_eq!(text_of(&encoded(CHINESE, GB18030)).unwrap().0, CHINESE);
        let latin1: Vec<u8> = GERMAN.chars().map(|c| u8::try_from(c).unwrap()).collect();
        assert_eq!(text_of(&latin1).unwrap().0, GERMAN);
    }

    #[test]
    fn utf16_is_text_with_and_without_its_mark() {
        for text in [GERMAN, "plain words\r\nand lines", "Кто там? 42", "東京 2020 and more text"]
        {
            for (bytes_of, encoding) in [
                (u16::to_le_bytes as fn(u16) -> [u8; 2], "UTF-16LE"),
                (u16::to_be_bytes, "UTF-16BE"),
            ] {
                let bare = utf16_bytes(text, bytes_of);
                let marked = utf16_bytes(&format!("\u{feff}{text}"), bytes_of);
                let expected = Some((text.to_owned(), encoding, false));
                assert_eq!(text_of(&bare), expected);
                assert_eq!(text_of(&marked), expected);
            }
        }
        let half = [utf16_bytes(GERMAN, u16::to_le_bytes), b"\n".to_vec()].concat();
        assert_eq!(text_of(&half), Some((format!("{GERMAN}\u{fffd}"), "UTF-16LE", true)));
        let utf32: Vec<u8> = "\u{feff}né".chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
        assert_eq!(text_of(&utf32), Some(("né".to_owned(), "UTF-32LE", false)));
    }

    #[test]
    fn utf8_is_borrowed_and_survives_a_few_mistakes() {
        let plain = decode(GERMAN.as_bytes(), "text/plain", None).unwrap();
        assert!(matches!(plain.text, Cow::Borrowed(_)));
        assert_eq!((plain.encoding, plain.lossy), ("UTF-8", false));
        assert_eq!(text_of(b"\xef\xbb\xbfx"), Some(("x".to_owned(), "UTF-8", false)));
        let broken = [RUSSIAN.as_bytes(), b" \xff ", RUSSIAN.repeat(2).as_bytes()].concat();
        let found = text_of(&broken).unwrap();
        assert_eq!((found.1, found.2), ("UTF-8", true));
        assert_eq!(text_of(b""), Some((String::new(), "UTF-8", false)));
    }

    #[test]
    fn a_declaration_decides_where_bytes_do_not() {
        for (head, encoding) in [
            ("<html><meta charset=windows-1251><p>", "windows-1251"),
            ("<?xml version='1.0' encoding='ISO-8859-5'?><a>", "ISO-8859-5"),
        ] {
            let bytes = [head.as_bytes(), b"\xc1\xc2 \xd0"].concat();
            let found = decode(&bytes, "text/html", None).unwrap();
            assert_eq!((found.encoding, found.rule), (encoding, Rule::Declared));
        }
    }

    #[test]
    fn an_encoding_that_is_named_is_taken_where_bytes_do_not_prove_theirs() {
        let named = |bytes: &[u8], label: &str| {
            let found = decode(bytes, "text/plain", Charset::for_label(label)).unwrap();
            (found.text.into_owned(), found.rule)
        };
        assert_eq!(named(b"\x9c100", "cp437"), ("£100".to_owned(), Rule::Named));
        assert_eq!(named("für".as_bytes(), "cp437"), ("für".to_owned(), Rule::Valid));
        assert_eq!(named(b"\xff\xfea\0", "cp437"), ("a".to_owned(), Rule::Mark));
        assert_eq!(named(b"a\0b\0", "utf-16le"), ("ab".to_owned(), Rule::Named));
    }

    #[test]
    fn a_zero_byte_is_one_odd_character() {
        for text in ["a text with \0 one zero byte", "Zwei \0\0 Nullen für größere Texte"] {
            assert_eq!(text_of(text.as_bytes()), Some((text.to_owned(), "UTF-8", false)));
            let latin1 = encoded(text, WINDOWS_1252);
            assert_eq!(text_of(&latin1).unwrap().0, text);
        }
        let page = "<style>a::after{content:'\0'}</style><p>Der Preis ist 10 Kronen.</p>";
        assert_eq!(text_of(page.as_bytes()).unwrap().0, page);
    }

    #[test]
    fn zero_bytes_may_end_words_and_fill_texts_up() {
        let records = ["Harrow Mills   ", "Port Essery    ", "Tern Wire Ltd  "];
        let records = records.map(|it| format!("{it}\0")).concat().repeat(3);
        let filled = format!("{}{}", "All ships are late. ".repeat(900), "\0".repeat(400));
        let short = format!("hello{}", "\0".repeat(507));
        let cases = [
            "Dear mother,\0 all is\0 well here.\n",
            "Dear mother,\0 all is\0\0 well here.\n",
            "name\0value\0",
            "one\0two\0",
            "abc\0",
            "Köln\0 und\0 Düsseldorf\0",
            &records,
            &filled,
            &short,
        ];
        for text in cases {
            assert_eq!(text_of(text.as_bytes()), Some((text.to_owned(), "UTF-8", false)));
        }
        for text in ["Größe in Metern\0", "Straße: Am Hafen 7\0 Ort: Port Essery\0"] {
            assert_eq!(text_of(&encoded(text, WINDOWS_1252)).unwrap().0, text);
        }
    }

    #[test]
    fn a_torn_character_does_not_spoil_a_short_text() {
        for (bytes, text) in [
            (&b"Gr\xc3\xbc\xc3\x9fe \xff aus K\xc3\xb6ln"[..], "Grüße \u{fffd} aus Köln"),
            (b"Gr\xc3 e aus K\xc3\xb6ln f\xc3\xbcr alle", "Gr\u{fffd} e aus Köln für alle"),
        ] {
            assert_eq!(text_of(bytes), Some((text.to_owned(), "UTF-8", true)));
        }
    }

    #[test]
    fn what_is_no_text_in_the_encoding_named_is_read_without_it() {
        let bytes = b"Der K\x81nstler h\x84tte gr\x94\xe1ere R\x84ume.";
        let found = decode(bytes, "text/plain", Charset::for_label("utf-8")).unwrap();
        assert_eq!((found.encoding, found.rule), ("cp850", Rule::Guessed));
        assert_eq!(found.text, "Der Künstler hätte größere Räume.");
    }

    #[test]
    fn valid_utf8_is_text_whatever_its_characters_stand_for() {
        for text in ["S\u{fffd}\u{fffd}e und Fl\u{fffd}sse", "\u{f09b} Start \u{e000}\u{e001}"] {
            assert_eq!(text_of(text.as_bytes()), Some((text.to_owned(), "UTF-8", false)));
        }
    }

    #[test]
    fn east_asian_utf16_is_text_without_any_zero_byte() {
        for text in [CHINESE, JAPANESE, "今日は\r\n良い天気ですね。", "대한민국은민주공화국이다"]
        {
            for (bytes_of, encoding) in [
                (u16::to_le_bytes as fn(u16) -> [u8; 2], "UTF-16LE"),
                (u16::to_be_bytes, "UTF-16BE"),
            ] {
                let found = text_of(&utf16_bytes(text, bytes_of));
                assert_eq!(found, Some((text.to_owned(), encoding, false)));
            }
        }
    }

    #[test]
    fn binary_bytes_are_no_text() {
        let counted: Vec<u8> = (0..=255).collect();
        let numbers: Vec<u8> = (0..200_u32).flat_map(u32::to_le_bytes).collect();
        let samples: Vec<u8> = (0..400_u16).flat_map(|n| (n * 163).to_le_bytes()).collect();
        let headed = [&[0; 64][..], &b"1 2 3 4 5 6 7 8 9\n".repeat(20)].concat();
        let short = [vec![0; 64], vec![1], b"\x7fELF\x02".to_vec()];
        for bytes in [counted, numbers, samples, headed].into_iter().chain(short) {
            assert_eq!(text_of(&bytes), None);
        }
        assert_eq!(decode(b"%PDF-1.4 all ASCII", "application/pdf", None), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_decode_panic_or_blow_up(
            mark in prop::sample::select(vec![&b""[..], b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"<meta charset=gbk>"]),
            rest in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let bytes = [mark, &rest].concat();
            if let Some(decoded) = decode(&bytes, "text/html", None) {
                prop_assert!(decoded.text.len() <= 3 * bytes.len() + 3);
            }
        }
    }

    #[test]
    fn odd_characters_are_found_by_the_bytes_they_begin_with() {
        for c in ('\0'..='\u{ffff}').filter(|c| is_odd(*c)) {
            let text = format!("{}{c}{}", "é".repeat(100), "a".repeat(100));
            assert_eq!(n_odd(&text, false), 1, "{c:?}");
        }
        assert_eq!(n_odd(&"Plain “text”, \u{a0} with 中文\r\n and é".repeat(20), false), 0);
    }
}
