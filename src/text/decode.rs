//! Text of any encoding, or the finding that bytes are no text.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

use super::kinds::may_be_text;

/// The text that bytes stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Without a byte order mark.
    pub text: Cow<'a, str>,
    /// The encoding's name in the WHATWG Encoding Standard, or `UTF-32LE`, `UTF-32BE`.
    pub encoding: &'static str,
    /// Some bytes had no meaning in this encoding and became U+FFFD.
    pub lossy: bool,
}

/// Decodes bytes of the given media type; `None` when they are no text.
///
/// In this order: a byte order mark; UTF-16 by where its zero bytes stand; valid UTF-8; UTF-8 with few
/// mistakes; what HTML or XML declares; what the bytes resemble most. Text has next to no control
/// characters and next to no U+FFFD.
pub fn decode<'a>(bytes: &'a [u8], media_type: &str) -> Option<Decoded<'a>> {
    if !may_be_text(media_type) {
        return None;
    }
    // From what proves itself to what is guessed: bytes that are text in one encoding are some text or
    // other in most, so the first that must be right is taken.
    let decoded = if let Some(marked) = by_mark(bytes) {
        marked
    } else if bytes.contains(&0) {
        utf16(bytes)?
    } else if let Some(japanese) = iso_2022_jp(bytes) {
        japanese
    } else {
        utf8(bytes).or_else(|| declared(bytes)).unwrap_or_else(|| decode_as(guess(bytes), bytes))
    };
    is_text(&decoded.text).then_some(decoded)
}

fn decode_as<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Decoded<'a> {
    let (text, lossy) = encoding.decode_without_bom_handling(bytes);
    Decoded { text, encoding: encoding.name(), lossy }
}

fn by_mark(bytes: &[u8]) -> Option<Decoded<'_>> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe\0\0") {
        return Some(utf32(rest, "UTF-32LE", u32::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\0\0\xfe\xff") {
        return Some(utf32(rest, "UTF-32BE", u32::from_be_bytes));
    }
    let (encoding, n_mark) = Encoding::for_bom(bytes)?;
    Some(decode_as(encoding, &bytes[n_mark..]))
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
    Decoded { text: text.into(), encoding, lossy }
}

/// UTF-16 without a mark: the upper halves of ASCII characters are the zero bytes.
fn utf16(bytes: &[u8]) -> Option<Decoded<'_>> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let n_zeros = |parity: usize| pairs.iter().filter(|pair| pair[parity] == 0).count();
    let encoding = if n_zeros(1) > n_zeros(0) { UTF_16LE } else { UTF_16BE };
    let decoded = decode_as(encoding, bytes);
    // Nearly any even number of bytes decodes to characters of some script: numbers and samples do not
    // decode to letters and spaces.
    let (mut n_usual, mut n_all) = (0, 0);
    for c in decoded.text.chars() {
        n_all += 1;
        n_usual += usize::from(c.is_alphanumeric() || c.is_ascii_graphic() || c.is_whitespace());
    }
    (!decoded.lossy && !decoded.text.contains('\0') && n_usual * 4 >= n_all * 3).then_some(decoded)
}

/// Japanese mail and news: seven-bit bytes with escape sequences that change the character set.
fn iso_2022_jp(bytes: &[u8]) -> Option<Decoded<'_>> {
    let escapes = bytes.contains(&0x1b) && bytes.windows(2).any(|pair| pair == b"\x1b$");
    if !escapes || !bytes.is_ascii() {
        return None;
    }
    let decoded = decode_as(ISO_2022_JP, bytes);
    (!decoded.lossy).then_some(decoded)
}

/// UTF-8, if it is valid, or if it has one mistake at most for eight characters beyond ASCII.
fn utf8(bytes: &[u8]) -> Option<Decoded<'_>> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(Decoded { text: text.into(), encoding: UTF_8.name(), lossy: false });
    }
    // One torn character must not make all others those of a one-byte encoding; and in such an
    // encoding next to nothing is UTF-8 by chance.
    let (mut n_good, mut n_bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        n_good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        n_bad += usize::from(!chunk.invalid().is_empty());
    }
    (n_bad * 8 <= n_good).then(|| decode_as(UTF_8, bytes))
}

/// What `<meta charset=…>`, `<meta … content="…; charset=…">` or `<?xml … encoding="…"?>` say, if it
/// works out.
fn declared(bytes: &[u8]) -> Option<Decoded<'_>> {
    let head = bytes[..bytes.len().min(DECLARATION_BYTES)].to_ascii_lowercase();
    let label = if head.starts_with(b"<?xml") {
        value_after(&head, b"encoding=").or_else(|| value_after(&head, b"charset="))
    } else if head.contains(&b'<') {
        value_after(&head, b"charset=")
    } else {
        None
    }?;
    // UTF-16 cannot be declared in bytes that read as ASCII.
    let encoding = Encoding::for_label(label).filter(|it| it.is_ascii_compatible())?;
    let decoded = decode_as(encoding, bytes);
    // Declarations are copied from page to page, and are wrong.
    is_text(&decoded.text).then_some(decoded)
}

/// Browsers seek a declaration in the first 1024 bytes; pages made by hand are later with it.
const DECLARATION_BYTES: usize = 4096;

fn value_after<'a>(head: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = head.windows(key.len()).position(|window| window == key)? + key.len();
    let value = head[at..].trim_ascii_start();
    let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
    let is_end = |b: &u8| !(b.is_ascii_alphanumeric() || b"-_:.+()".contains(b));
    Some(&value[..value.iter().position(is_end).unwrap_or(value.len())])
}

/// Guesses from a window that begins shortly before the first byte beyond ASCII: what lies before says
/// nothing about the encoding, and the detector's time grows with what it is fed.
fn guess(bytes: &[u8]) -> &'static Encoding {
    let first = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
    let from = first.saturating_sub(64);
    let window = &bytes[from..bytes.len().min(from + GUESS_BYTES)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(window, from + window.len() == bytes.len());
    detector.guess(None, Utf8Detection::Deny)
}

const GUESS_BYTES: usize = 128 << 10;

/// Whether at most one character in a hundred is one that texts do not have: a
/// captured text may hold a torn line or a stray control, and other bytes are full of them.
fn is_text(text: &str) -> bool {
    n_odd(text) * 100 <= text.len()
}

/// Looks closely only at stretches with a byte that an odd character may begin with.
fn n_odd(text: &str) -> usize {
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
        decode(bytes, "text/plain").map(|it| (it.text.into_owned(), it.encoding, it.lossy))
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
        let utf32: Vec<u8> = "\u{feff}né".chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
        assert_eq!(text_of(&utf32), Some(("né".to_owned(), "UTF-32LE", false)));
    }

    #[test]
    fn utf8_is_borrowed_and_survives_a_few_mistakes() {
        let plain = decode(GERMAN.as_bytes(), "text/plain").unwrap();
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
            ("<META content='text/html; charset=\"KOI8-R\"'>", "KOI8-R"),
            ("<?xml version='1.0' encoding='ISO-8859-5'?><a>", "ISO-8859-5"),
        ] {
            let bytes = [head.as_bytes(), b"\xc1\xc2 \xd0"].concat();
            assert_eq!(decode(&bytes, "text/html").unwrap().encoding, encoding);
        }
    }

    #[test]
    fn binary_bytes_are_no_text() {
        let counted: Vec<u8> = (0..=255).collect();
        let numbers: Vec<u8> = (0..200_u32).flat_map(u32::to_le_bytes).collect();
        let samples: Vec<u8> = (0..400_u16).flat_map(|n| (n * 163).to_le_bytes()).collect();
        let zero = b"a text with \0 one zero byte".to_vec();
        for bytes in
            [counted, numbers, samples, zero, vec![0; 64], vec![1], b"\x7fELF\x02".to_vec()]
        {
            assert_eq!(text_of(&bytes), None);
        }
        assert_eq!(decode(b"%PDF-1.4 all ASCII", "application/pdf"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_decode_panic_or_blow_up(
            mark in prop::sample::select(vec![&b""[..], b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"<meta charset=gbk>"]),
            rest in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let bytes = [mark, &rest].concat();
            if let Some(decoded) = decode(&bytes, "text/html") {
                prop_assert!(decoded.text.len() <= 3 * bytes.len() + 3);
            }
        }
    }

    #[test]
    fn odd_characters_are_found_by_the_bytes_they_begin_with() {
        for c in ('\0'..='\u{ffff}').filter(|c| is_odd(*c)) {
            let text = format!("{}{c}{}", "é".repeat(100), "a".repeat(100));
            assert_eq!(n_odd(&text), 1, "{c:?}");
        }
        assert_eq!(n_odd(&"Plain “text”, \u{a0} with 中文\r\n and é".repeat(20)), 0);
    }
}
