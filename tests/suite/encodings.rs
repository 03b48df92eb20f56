//! Texts in many languages and encodings, as Python's codecs write them, are read as what they are, or are shown as a guess.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use docarchive::internals::text::{Charset, Decoded, Rule, decode};
use unicode_normalization::UnicodeNormalization as _;

/// Language and text.
const TEXTS: &str = include_str!("../encodings/texts.txt");
/// Language, length, encoding, and the bytes in base64: a text or its first words, and a line end.
const BYTES: &str = include_str!("../encodings/bytes.txt");

/// What is read as something else: others write the same bytes.
const UNDECIDED: &[&str] = &[
    "fr long iso8859-15",
    "es short mac-roman",
    "fi short mac-roman",
    "is short cp861",
    "hr short cp1250",
    "hr short cp852",
    "lt short cp1257",
    "lt short iso8859-13",
    "sr short mac-cyrillic",
    "ar long cp720",
    "ar short cp720",
];

/// Berber in UTF-16 is ASCII with a hyphen between any two signs.
const ASCII: &str = "tfng";

/// One line of the table.
struct Sample {
    language: &'static str,
    encoding: &'static str,
    /// The line without the bytes, with spaces.
    title: String,
    bytes: Vec<u8>,
}

fn samples() -> impl Iterator<Item = Sample> {
    BYTES.lines().map(|line| {
        let [language, length, encoding, base64] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let title = format!("{language} {length} {encoding}");
        Sample { language, encoding, title, bytes: STANDARD.decode(base64).unwrap() }
    })
}

/// The same bytes with a line that ends as on Windows.
fn with_crlf(bytes: &[u8], encoding: &str) -> Vec<u8> {
    let (cr, n_end): (&[u8], usize) = match encoding {
        "utf-16-le" => (b"\r\0", 2),
        "utf-16-be" => (b"\0\r", 2),
        "utf-32-le" => (b"\r\0\0\0", 4),
        "utf-32-be" => (b"\0\0\0\r", 4),
        _ => (b"\r", 1),
    };
    let (line, end) = bytes.split_at(bytes.len() - n_end);
    [line, cr, end].concat()
}

fn read(bytes: &[u8], named: Option<Charset>) -> Option<Decoded<'_>> {
    decode(bytes, "text/plain", named)
}

/// Whether it is this text or its beginning, its letters composed.
fn is_of(found: &Decoded<'_>, text: &str) -> bool {
    let (found, text): (String, String) =
        (found.text.trim_end().nfc().collect(), text.nfc().collect());
    found.len() > 3 && text.starts_with(&found)
}

#[test]
fn texts_are_read_in_the_encoding_they_are_in_or_shown_as_a_guess() {
    let texts: HashMap<_, _> = TEXTS.lines().filter_map(|line| line.split_once('\t')).collect();
    let mut n_samples = 0;
    for Sample { language, encoding, title, bytes } in samples() {
        for bytes in [bytes.clone(), with_crlf(&bytes, encoding)] {
            let found = read(&bytes, None);
            let is_right = found.as_ref().is_some_and(|it| is_of(it, texts[language]));
            let is_undecided = UNDECIDED.contains(&&*title);
            n_samples += 1;
            if language == ASCII && encoding.starts_with("utf-16") {
                assert_eq!(found.unwrap().rule, Rule::Valid);
            } else if is_undecided {
                assert!(found.is_some_and(|it| it.rule == Rule::Guessed), "{title}");
            } else {
                assert!(is_right, "{title}: {found:?}");
            }
        }
    }
    assert!(n_samples > 1000);
}

#[test]
fn any_encoding_of_the_table_can_be_named() {
    let texts: HashMap<_, _> = TEXTS.lines().filter_map(|line| line.split_once('\t')).collect();
    for Sample { language, encoding, title, bytes } in samples() {
        let named = Charset::for_label(encoding).unwrap_or_else(|| panic!("{encoding}"));
        let found = read(&bytes, Some(named));
        assert!(found.as_ref().is_some_and(|it| is_of(it, texts[language])), "{title}: {found:?}");
    }
}
