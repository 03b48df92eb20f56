//! Which encoding bytes are in that neither prove nor declare it.
//!
//! `chardetng` knows what the web is written in. DOS and old Macs are not among that: their code pages are
//! tried here, and taken where the letters stand as letters do and in what was guessed do not.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{IBM866, MACINTOSH};

use super::charset::{CP437, CP850, Charset};

/// The encoding in which bytes resemble text most.
///
/// It is told from a window that begins shortly before the first byte beyond ASCII: what lies before
/// says nothing about the encoding, and the detector's time grows with what it is fed.
pub(super) fn charset(bytes: &[u8]) -> Charset {
    let first = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
    let from = first.saturating_sub(64);
    let window = &bytes[from..bytes.len().min(from + GUESS_BYTES)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(window, from + window.len() == bytes.len());
    let guessed = Charset::Standard(detector.guess(None, Utf8Detection::Deny));
    let window = &window[..window.len().min(FIT_BYTES)];
    let n_upper = window.iter().filter(|byte| !byte.is_ascii()).count() as i64;
    let fit_of = |charset: Charset| fit(&charset.chars(window).0);
    let best = OLD.into_iter().map(|charset| (fit_of(charset), charset)).reduce(better);
    match best {
        // Half of what letters among letters get, and clearly more than in the encoding guessed.
        Some((fit, old)) if fit >= n_upper && fit > fit_of(guessed) + n_upper / 4 => old,
        _ => guessed,
    }
}

const GUESS_BYTES: usize = 128 << 10;
/// So many bytes show which of the old encodings fits.
const FIT_BYTES: usize = 16 << 10;

/// Encodings of DOS and of Macs before 2001. Of two that fit as well, the first is taken.
const OLD: [Charset; 4] = [CP850, CP437, Charset::Standard(IBM866), Charset::Standard(MACINTOSH)];

fn better(a: (i64, Charset), b: (i64, Charset)) -> (i64, Charset) {
    if b.0 > a.0 { b } else { a }
}

/// How well the characters beyond ASCII stand where such characters stand: at most 2 for each.
fn fit(text: &str) -> i64 {
    let mut sum = 0;
    let mut last = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_ascii() {
            sum += fit_between(last, c, chars.peek().copied().unwrap_or(' '));
        }
        last = c;
    }
    sum
}

fn fit_between(last: char, c: char, next: char) -> i64 {
    let is_letter = |c: char| c.is_alphabetic();
    match c {
        // Of signs only the apostrophe stands between letters.
        '’' if is_letter(last) && is_letter(next) => 2,
        '\u{a0}' => 1,
        '‘' | '’' | '“' | '”' | '«' | '»' | '„' | '–' | '—' | '…' | '•' | '§' | '°' => {
            match (is_letter(last), is_letter(next)) {
                (true, true) => -2,
                _ => 2,
            }
        }
        // Lines and blocks stand beside each other.
        '\u{2500}'..='\u{259f}' => {
            let is_drawn = |c: char| matches!(c, ' ' | '\n' | '\r' | '\u{2500}'..='\u{259f}');
            if is_drawn(last) && is_drawn(next) { 2 } else { -2 }
        }
        _ if is_letter(c) && !matches!(c, 'º' | 'ª') => letter_fit(last, c, next),
        _ if is_letter(last) && is_letter(next) => -3,
        _ => -1,
    }
}

fn letter_fit(last: char, c: char, next: char) -> i64 {
    let is_letter = |c: char| c.is_alphabetic();
    match c {
        // The same letter in a row is a line, drawn in another encoding.
        _ if c == last && c == next => -2,
        _ if is_foreign(c, last) || is_foreign(c, next) => -3,
        _ if c.is_uppercase() => match () {
            // A capital in a word of small letters.
            () if last.is_lowercase() => -4,
            () if is_letter(last) || is_letter(next) => 1,
            () => -1,
        },
        _ if next.is_uppercase() => -3,
        _ if is_letter(last) || is_letter(next) => {
            if is_usual(c) {
                2
            } else {
                1
            }
        }
        _ if "àèéêòóúíyоаивксу".contains(c) => 0,
        _ => -1,
    }
}

/// Whether both are letters, of scripts that do not mix in a word.
fn is_foreign(c: char, other: char) -> bool {
    let script = |c: char| match c {
        'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}' => 1,
        '\u{370}'..='\u{3ff}' => 2,
        '\u{400}'..='\u{52f}' => 3,
        _ => 0,
    };
    let (c, other) = (script(c), script(other));
    c != 0 && other != 0 && c != other
}

/// Letters that much is written with; others are more often a wrong guess.
fn is_usual(c: char) -> bool {
    "äöüßéèêëàâáíîïóôòúùûçñåæøœãõìаеёиоуыэюябвгдйжзклмнпрстфхцчшщъь".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(bytes: &[u8]) -> (String, &'static str) {
        let charset = charset(bytes);
        (charset.chars(bytes).0.into_owned(), charset.name())
    }

    #[test]
    fn texts_of_dos_and_old_macs_are_told_by_where_letters_stand() {
        for (bytes, name, text) in [
            (
                &b"Der K\x81nstler h\x84tte gr\x94\xe1ere R\x84ume gew\x81nscht."[..],
                "cp850",
                "Der Künstler hätte größere Räume gewünscht.",
            ),
            (b"d\x82j\x85 vu \x85 la for\x88t", "cp850", "déjà vu à la forêt"),
            (b"Stra\xe1en\x81bergang", "cp850", "Straßenübergang"),
            (b"\xda\xc4\xc4\xc4\xbf\r\n\xb3 A \xb3\r\n\xc0\xc4\xc4\xc4\xd9\r\n", "cp850", "┌───┐\r\n│ A │\r\n└───┘\r\n"),
            (b"\xd5\xcd\xcd\xcd\xb8\r\n\xb3 A \xb3\r\n\xd4\xcd\xcd\xcd\xbe\r\n", "cp437", "╒═══╕\r\n│ A │\r\n╘═══╛\r\n"),
            (
                b"\x8a \xa2\xa5\xe7\xa5\xe0\xe3 \xa2\xe1\xa5 \xa2\xa5\xe0\xad\xe3\xab\xa8\xe1\xec \xa4\xae\xac\xae\xa9.",
                "IBM866",
                "К вечеру все вернулись домой.",
            ),
            (b"Le ch\x89teau fut b\x89ti apr\x8fs l\xd5\x8et\x8e.", "macintosh", "Le château fut bâti après l’été."),
            (b"M\x9fnchen, K\x9aln und Stra\xa7burg", "macintosh", "München, Köln und Straßburg"),
        ] {
            assert_eq!(guessed(bytes), (text.to_owned(), name));
        }
    }

    #[test]
    fn texts_of_windows_stay_what_they_are() {
        for text in [
            "Der Künstler hätte größere Räume gewünscht.",
            "Garçon, l’addition s’il vous plaît – déjà l’été…",
            "El niño comió «piñas» y bebió café aquí.",
            "ÜBER ALLEN GIPFELN IST RUH",
            "He said “it’s fine” – 20 €, 30 °C, § 5.",
            "Señor",
            "Straße",
            "á la carte",
        ] {
            let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(text);
            assert_eq!(guessed(&bytes).0, text);
        }
    }
}
