//! Text of any encoding, or the finding that bytes are no text.

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8};

use super::charset::{Charset, KOREAN_ESCAPE};
use super::decoding::{Decoded, Rule, decode_as};
use super::kinds::are_bytes_text;
use super::odd::{self, has_few_controls, is_text};
use super::scripts::ScriptFit;
use super::{declared, guess, wide};

/// Decodes bytes of the given media type; `None` when they are no text.
///
/// In this order: a byte order mark, unless the bytes contradict it; UTF-16 and UTF-32 by where their zero bytes stand; valid
/// UTF-8; UTF-16 by its script; UTF-8 with few mistakes; what HTML or XML declares; what the bytes resemble most. Text has few
/// control characters, and where the encoding is not proved, few that stand for nothing; zero bytes may stand between its
/// words. An encoding that is `named` comes before all but a mark and valid UTF-8 beyond ASCII, since texts in it may
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
    let Some((marked, n_mark)) = mark(bytes) else { return without_mark(bytes, named) };
    let rest = &bytes[n_mark..];
    let decoded = decode_as(marked, rest, Rule::Mark);
    let holds = match decoded.lossy {
        true if marked == UTF8 => Mistakes::of(rest).are_outweighed() && is_text(&decoded),
        true => is_text(&decoded),
        // Any bytes are UTF-16, but of one script are only those that are meant.
        false => {
            let is_utf8 =
                !marked.is_ascii_based() && valid_utf8(rest).is_some_and(|it| is_text(&it));
            is_valid_text(&decoded) && (!is_utf8 || ScriptFit::of(&decoded.text).is_good())
        }
    };
    match holds {
        true => Some(decoded),
        // A program that knew of bytes only put it before a text of another encoding.
        false => without_mark(rest, named),
    }
}

const UTF8: Charset = Charset::Standard(UTF_8);

fn without_mark(bytes: &[u8], named: Option<Charset>) -> Option<Decoded<'_>> {
    let valid = valid_utf8(bytes);
    if let Some(charset) = named {
        let proved = valid.clone().filter(|_| !bytes.is_ascii()).filter(is_valid_text);
        let decoded =
            proved.or_else(|| Some(decode_as(charset, bytes, Rule::Named)).filter(is_text));
        if decoded.is_some() {
            return decoded;
        }
    }
    wide::by_zeros(bytes)
        .filter(is_text)
        .or_else(|| escaped(bytes).filter(is_text))
        .or_else(|| valid.clone().filter(is_text))
        .or_else(|| wide::by_small_script(bytes))
        .or_else(|| valid.filter(is_valid_text))
        .or_else(|| few_mistakes(bytes))
        .or_else(|| declared(bytes))
        .or_else(|| guessed(bytes))
}

/// Whether bytes begin with a byte order mark.
pub(super) fn has_mark(bytes: &[u8]) -> bool {
    mark(bytes).is_some()
}

/// The encoding that a byte order mark announces, and how long the mark is.
fn mark(bytes: &[u8]) -> Option<(Charset, usize)> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => Some((Charset::Utf32Le, 4)),
        [0, 0, 0xfe, 0xff, ..] => Some((Charset::Utf32Be, 4)),
        _ => {
            let (encoding, n_mark) = Encoding::for_bom(bytes)?;
            Some((Charset::Standard(encoding), n_mark))
        }
    }
}

/// Japanese and Korean mail and news: seven-bit bytes with escape sequences that change the character set.
fn escaped(bytes: &[u8]) -> Option<Decoded<'_>> {
    let has = |escape: &[u8]| bytes.windows(escape.len()).any(|it| it == escape);
    if !bytes.contains(&0x1b) || !bytes.is_ascii() || !has(b"\x1b$") {
        return None;
    }
    let charset = match has(KOREAN_ESCAPE) {
        true => Charset::Iso2022Kr,
        false => Charset::Standard(ISO_2022_JP),
    };
    Some(decode_as(charset, bytes, Rule::Escapes)).filter(|it| !it.lossy)
}

fn valid_utf8(bytes: &[u8]) -> Option<Decoded<'_>> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(Decoded { text: text.into(), encoding: UTF_8.name(), rule: Rule::Valid, lossy: false })
}

/// Whether valid UTF-8, or what a mark announces, is text.
fn is_valid_text(valid: &Decoded<'_>) -> bool {
    is_text(valid) || has_few_controls(&valid.text)
}

/// What in bytes is UTF-8 beyond ASCII, and what is not.
#[derive(Debug, Default)]
struct Mistakes {
    /// Characters.
    n_good: usize,
    /// Bytes, or beginnings of characters.
    n_bad: usize,
    /// Runs of bytes beyond ASCII in which all is UTF-8.
    n_good_runs: usize,
    /// Other runs.
    n_bad_runs: usize,
    /// ASCII is around each mistake.
    are_alone: bool,
    /// There are zero bytes.
    has_zeros: bool,
}

impl Mistakes {
    fn of(bytes: &[u8]) -> Self {
        let mut counts = Self { are_alone: true, has_zeros: bytes.contains(&0), ..Self::default() };
        for run in bytes.split(u8::is_ascii).filter(|it| !it.is_empty()) {
            let n_bad = counts.n_bad;
            for chunk in run.utf8_chunks() {
                counts.n_good += chunk.valid().chars().count();
                counts.n_bad += usize::from(!chunk.invalid().is_empty());
                counts.are_alone &=
                    chunk.invalid().is_empty() || chunk.invalid().len() == run.len();
            }
            match counts.n_bad == n_bad {
                true => counts.n_good_runs += 1,
                false => counts.n_bad_runs += 1,
            }
        }
        counts
    }

    /// Whether there is one at most for eight characters, or for two if ASCII is around each; or for two runs without any.
    fn are_few(&self) -> bool {
        // One torn character must not make all others those of a one-byte encoding; and in such an
        // encoding next to nothing is UTF-8 by chance, nor in one of two bytes where letters stand alone.
        let n_for_one = if self.are_alone { 2 } else { 8 };
        self.n_bad * n_for_one <= self.n_good
            || !self.has_zeros && 2 * self.n_bad_runs <= self.n_good_runs
    }

    /// Whether there is one at most for each run without any.
    fn are_outweighed(&self) -> bool {
        self.n_bad_runs <= self.n_good_runs
    }
}

/// UTF-8 with few mistakes.
fn few_mistakes(bytes: &[u8]) -> Option<Decoded<'_>> {
    let decode = || decode_as(UTF8, bytes, Rule::FewMistakes);
    Mistakes::of(bytes).are_few().then(decode).filter(is_text)
}

/// What the document declares, if it works out nearly everywhere: declarations are copied from page to page, and are wrong.
fn declared(bytes: &[u8]) -> Option<Decoded<'_>> {
    let charset = declared::charset(bytes)?;
    let decoded = decode_as(charset, bytes, Rule::Declared);
    let fits = is_text(&decoded)
        || match charset == UTF8 {
            true => Mistakes::of(bytes).are_outweighed() && has_few_controls(&decoded.text),
            false => odd::are_few_beyond_ascii(&decoded.text),
        };
    fits.then_some(decoded)
}

/// What the bytes resemble most, if it is text without blemish; else UTF-16 of eastern Asia, if it is that.
fn guessed(bytes: &[u8]) -> Option<Decoded<'_>> {
    let guessed = decode_as(guess::charset(bytes), bytes, Rule::Guessed);
    match guessed.text.chars().any(odd::is_odd) {
        false => Some(guessed),
        // Of two bytes for a character many a one is a control.
        true => wide::by_large_script(bytes).or_else(|| Some(guessed).filter(is_text)),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

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

    #[test]
    fn controls_make_no_binary_of_ascii_and_utf8() {
        let lines = "Die Bürgermeisterin sprach über die Straße.\n".repeat(100);
        for text in [
            "text \u{7f} more words and more words\n".repeat(20),
            "abc\u{7f}\u{8}def".to_owned(),
            "Köln\u{1f}50667\u{1f}Am Hafen\u{1e}".repeat(30),
            format!("{lines}{}", "\u{1}\u{2}".repeat(1000)),
        ] {
            assert_eq!(text_of(text.as_bytes()), Some((text.clone(), "UTF-8", false)));
        }
        let records = "K\u{f6}ln\u{1f}50667\u{1f}Stra\u{df}e\u{1e}".repeat(30);
        assert_eq!(text_of(&encoded(&records, WINDOWS_1252)).unwrap().0, records);
        for bytes in [&b"\x01\x02\x03ab"[..], b"\x05\0\0\0hello\x07\0\0\0goodbye"] {
            assert_eq!(text_of(bytes), None);
        }
    }

    #[test]
    fn a_mark_that_the_bytes_contradict_decides_nothing() {
        for n_lines in [1, 200] {
            let text = format!("{GERMAN}\n").repeat(n_lines);
            let marked = [b"\xef\xbb\xbf", &*encoded(&text, WINDOWS_1252)].concat();
            assert_eq!(text_of(&marked), Some((text.clone(), "windows-1252", false)));
            let named = decode(&marked, "text/plain", Charset::for_label("cp1252")).unwrap();
            assert_eq!((&*named.text, named.rule), (&*text, Rule::Named));
        }
        let text = format!("{GERMAN}\n").repeat(20);
        let marked = [b"\xff\xfe", text.as_bytes()].concat();
        assert_eq!(text_of(&marked), Some((text.clone(), "UTF-8", false)));
        let torn = [b"\xef\xbb\xbf", text.as_bytes(), b"\xff"].concat();
        assert_eq!(text_of(&torn), Some((format!("{text}\u{fffd}"), "UTF-8", true)));
    }

    #[test]
    fn utf16_may_have_a_lone_surrogate() {
        for n_lines in [3, 200] {
            let text = format!("{GERMAN}\n").repeat(n_lines);
            let bytes = [utf16_bytes(&text, u16::to_le_bytes), b"\0\xd8".to_vec()].concat();
            assert_eq!(text_of(&bytes), Some((format!("{text}\u{fffd}"), "UTF-16LE", true)));
        }
    }

    #[test]
    fn lines_of_another_encoding_spoil_no_utf8() {
        let line = "Grüße aus Köln für Jürgen, schöne Straße.\n";
        for (head, n_good, n_bad, rule) in [
            ("", 40, 8, Rule::FewMistakes),
            ("<meta charset=utf-8>", 10, 2, Rule::FewMistakes),
            ("<meta charset=utf-8>", 3, 2, Rule::Declared),
        ] {
            let bad = encoded(&line.repeat(n_bad), WINDOWS_1252);
            let bytes = [head.as_bytes(), line.repeat(n_good).as_bytes(), &bad].concat();
            let found = decode(&bytes, "text/html", None).unwrap();
            assert_eq!((found.encoding, found.rule, found.lossy), ("UTF-8", rule, true));
            assert!(found.text.ends_with(
                "Gr\u{fffd}\u{fffd}e aus K\u{fffd}ln f\u{fffd}r J\u{fffd}rgen, \
                sch\u{fffd}ne Stra\u{fffd}e.\n"
            ));
        }
        // A declaration alone makes no UTF-8.
        let bad = encoded(&line.repeat(5), WINDOWS_1252);
        let found =
            decode(&[b"<meta charset=utf-8>", &*bad].concat(), "text/html", None).unwrap().encoding;
        assert_eq!(found, "windows-1252");
    }

    #[test]
    fn what_does_not_fit_a_declared_encoding_is_lost_and_the_rest_is_not() {
        let bytes =
            [b"<meta charset=shift_jis>", &*encoded(JAPANESE, SHIFT_JIS), b"\xff\xfd"].concat();
        let found = decode(&bytes, "text/html", None).unwrap();
        assert_eq!((found.encoding, found.rule), ("Shift_JIS", Rule::Declared));
        assert!(found.text.ends_with(&format!("{JAPANESE}\u{fffd}\u{fffd}")));
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
}
