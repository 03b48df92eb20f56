//! Which encoding bytes are in that neither prove nor declare it.
//!
//! `chardetng` knows what the web is written in. DOS and old Macs are not among that: their code pages are
//! tried here, and taken where the letters are those of one language and stand as letters do, and in what was guessed do not. Nor
//! does it look at what a sign stands beside: what is an amount or a measure in windows-1252 is taken for one.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::WINDOWS_1252;

use super::{
    alphabets::{self, is_letter},
    charset::Charset,
    signs::{Around, is_in_place},
};

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
    let best = better_fitting(window, guessed).unwrap_or(guessed);
    if are_western_signs(window, best) { WESTERN } else { best }
}

/// An encoding that the detector does not know, or not for such a language, if the text fits that clearly better.
fn better_fitting(window: &[u8], guessed: Charset) -> Option<Charset> {
    let n_upper = n_beyond_ascii(window);
    let known = [guessed, WESTERN].map(|charset| (charset, KnownFit::of(window, charset)));
    let floor = known[0].1.fit - known[0].1.n_rare;
    // Nothing fits better than this.
    let is_perfect = floor >= 2 * n_upper;
    if is_perfect && guessed.is_single_byte() {
        return None;
    }
    let mut best: Option<(i64, Charset)> = None;
    for (label, languages) in alphabets::CANDIDATES {
        let charset = Charset::for_label(label);
        let Some(charset) = charset.filter(|it| !is_perfect || !it.is_single_byte()) else {
            continue;
        };
        let letters = alphabets::letters(window, charset);
        let Some(n_foreign) = n_foreign_in(languages, &letters) else { continue };
        // Of two that fit as well, the first is taken.
        let to_beat = best.map_or(i64::MIN, |(fit, _)| fit);
        let to_beat = if charset.is_single_byte() { to_beat.max(floor) } else { to_beat };
        if 2 * n_upper - FOREIGN * n_foreign > to_beat {
            let fit = placed_fit(window, charset) - FOREIGN * n_foreign;
            best = if fit > to_beat { Some((fit, charset)) } else { best };
        }
    }
    let (fit, charset) = best?;
    // Half of what letters among letters get.
    if fit < n_upper || charset == guessed {
        return None;
    }
    if !charset.is_single_byte() {
        // Pairs that are letters of one alphabet are that, whatever Han they may be elsewhere.
        return (2 * fit >= 3 * n_upper).then_some(charset);
    }
    // And clearly more than in the encoding guessed, or in the likeliest.
    let n_rare = match charset == WESTERN {
        // The detector weighs its letters itself.
        true => i64::MAX,
        false => alphabets::n_rare(&alphabets::letters(window, charset)),
    };
    let is_worse = |(other, known): &(Charset, KnownFit)| {
        let n_rarer = (known.n_rare - n_rare).max(0);
        fit > known.fit - n_rarer + margin(n_differing(window, charset, *other), n_upper)
    };
    known.iter().filter(|it| it.0 != charset).all(is_worse).then_some(charset)
}

/// How well a text fits an encoding that the detector knows, in whichever language it fits best.
struct KnownFit {
    fit: i64,
    /// Letters that are more often a wrong guess.
    n_rare: i64,
}

impl KnownFit {
    fn of(window: &[u8], charset: Charset) -> Self {
        let letters = alphabets::letters(window, charset);
        let fit = placed_fit(window, charset) - FOREIGN * alphabets::n_foreign_least(&letters);
        Self { fit, n_rare: alphabets::n_rare(&letters) }
    }
}

/// How many letters are foreign in that of these languages in which fewest are; `None` if it is in none of them.
fn n_foreign_in(languages: &[&str], letters: &[(char, i64)]) -> Option<i64> {
    let fitting = languages.iter().filter(|it| alphabets::covers(it, letters));
    fitting.map(|it| alphabets::n_foreign(it, letters)).min()
}

/// By how much more than what is known a text has to fit: by a part of what is different, by more if most is not.
fn margin(n_differing: i64, n_upper: i64) -> i64 {
    if 2 * n_differing < n_upper { n_differing / 2 } else { n_differing / 4 }
}

/// How many characters are not the same in both encodings; bytes beyond ASCII where more than one may be a character.
fn n_differing(window: &[u8], a: Charset, b: Charset) -> i64 {
    match a.is_single_byte() && b.is_single_byte() {
        true => {
            let (a, b) = (a.chars(window).0, b.chars(window).0);
            a.chars().zip(b.chars()).filter(|(a, b)| a != b).count() as i64
        }
        false => n_beyond_ascii(window),
    }
}

const WESTERN: Charset = Charset::Standard(WINDOWS_1252);

/// Whether what would be something else is signs in windows-1252, and these stand where such signs do.
fn are_western_signs(window: &[u8], other: Charset) -> bool {
    let is_letter_pair = |it: char, other: char| {
        it.is_alphabetic() && matches!(other, 'A'..='\u{24f}') && other.is_alphabetic()
    };
    let text: Vec<char> = WESTERN.chars(window).0.chars().collect();
    let others: Vec<char> = match other.is_single_byte() {
        true => other.chars(window).0.chars().collect(),
        false => vec!['\0'; text.len()],
    };
    let (mut n_right, mut n_wrong, mut n_other) = (0, 0, 0);
    for (at, (it, other)) in text.iter().zip(&others).enumerate() {
        if it.is_ascii() || it == other {
            continue;
        }
        match is_in_place(*it, Around::of(&text, at)) {
            Some(true) => n_right += 1,
            Some(false) => n_wrong += 1,
            // Letters speak for neither: the detector knows more of them.
            None if is_letter_pair(*it, *other) => {}
            None => n_other += 1,
        }
    }
    n_right > n_other && n_right >= WRONG_SIGNS * n_wrong
}

/// So many signs outweigh one that stands where none does.
const WRONG_SIGNS: usize = 8;

const GUESS_BYTES: usize = 128 << 10;
/// So many bytes show which of the old encodings fits.
const FIT_BYTES: usize = 16 << 10;

/// How well the characters beyond ASCII stand where such characters stand, whichever the language: at most 2 for each byte.
fn placed_fit(window: &[u8], charset: Charset) -> i64 {
    let chars: Vec<char> = charset.chars(window).0.chars().collect();
    let beyond_ascii = chars.iter().enumerate().filter(|(_, c)| !c.is_ascii());
    let fits = beyond_ascii.map(|(at, c)| fit_between(*c, Around::of(&chars, at)));
    let (fit, n) = fits.fold((0, 0), |(sum, n), fit| (sum + fit, n + 1));
    match charset.is_single_byte() {
        true => fit,
        false => fit * n_beyond_ascii(window) / n.max(1),
    }
}

fn n_beyond_ascii(window: &[u8]) -> i64 {
    window.iter().filter(|byte| !byte.is_ascii()).count() as i64
}

/// Chosen: what a letter of another language takes away.
const FOREIGN: i64 = 2;

fn fit_between(c: char, around: Around) -> i64 {
    let (last, next) = (around.last(), around.next());
    match c {
        // Of signs only the apostrophe stands between letters.
        '’' if is_letter(last) && is_letter(next) => 2,
        '\u{a0}' if last.is_whitespace() || next.is_whitespace() => 0,
        '\u{a0}' => 1,
        '‘' | '’' | '“' | '”' | '«' | '»' | '„' | '–' | '—' | '…' | '•' | '§' | '°' => {
            match (is_letter(last), is_letter(next)) {
                (true, true) => -2,
                _ => 2,
            }
        }
        '\u{2500}'..='\u{259f}' => drawn_fit(last, c, next),
        'º' | 'ª' if around.is_ordinal() => 2,
        _ => match is_in_place(c, around) {
            Some(true) => 2,
            _ if is_letter(c) => letter_fit(last, c, next),
            _ if is_letter(last) && is_letter(next) => -3,
            _ => -1,
        },
    }
}

/// Lines and blocks stand beside each other; straight lines may have text between them.
fn drawn_fit(last: char, c: char, next: char) -> i64 {
    let is_drawn = |c: char| matches!(c, '\u{2500}'..='\u{259f}');
    let is_free = |c: char| matches!(c, ' ' | '\n' | '\r');
    let is_line = matches!(c, '─' | '│' | '═' | '║');
    match (is_drawn(last) || is_free(last)) && (is_drawn(next) || is_free(next)) {
        true if is_line || is_drawn(last) || is_drawn(next) => 2,
        true => -1,
        false => -2,
    }
}

fn letter_fit(last: char, c: char, next: char) -> i64 {
    match c {
        // Of Latin letters with the width of Han none stands beside ASCII's.
        '\u{ff21}'..='\u{ff5a}' if last.is_ascii_alphabetic() || next.is_ascii_alphabetic() => -3,
        '\u{1100}'.. => {
            2 - [last, next].map(|c| i64::from(c.is_ascii_lowercase())).iter().sum::<i64>()
        }
        // The same letter in a row is a line, drawn in another encoding.
        _ if c == last && c == next => -2,
        _ if is_foreign(c, last) || is_foreign(c, next) => -3,
        _ if c.is_uppercase() => match () {
            // A capital in a word of small letters.
            () if last.is_lowercase() => -4,
            // It begins one, of a script of its own.
            () if c >= '\u{370}' && !is_letter(last) && next.is_lowercase() => 2,
            () if is_letter(last) || is_letter(next) => 1,
            () if "АВИКОСУЯ".contains(c) => 0,
            () => -1,
        },
        _ if next.is_uppercase() => -3,
        _ if is_letter(last) || is_letter(next) => 2,
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
        '\u{590}'..='\u{5ff}' => 4,
        _ => 0,
    };
    let (c, other) = (script(c), script(other));
    c != 0 && other != 0 && c != other
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
            (b"All\x99, le ch\x89teau fut b\x89ti", "macintosh", "Allô, le château fut bâti"),
            (b"V\x8eXJ\x99 OCH MALM\x99", "cp850", "VÄXJÖ OCH MALMÖ"),
            (b"Die F\x8ahre kostet 20 \xdb.", "macintosh", "Die Fähre kostet 20 €."),
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
            "The fare rose from £12 to £15. It’s “late”.",
            "He paid 12 £, she US£3.50, and both 50¢.",
            "It costs ¥500 or € 4.",
            "The gap is 12.3 ± 0.4 m wide.",
            "A box of 3 × 4 feet",
            "A fibre of 20 µm, 3 µg/l of lead, 5 µmol",
            "½ cup of sugar, 1½ of flour",
            "Windows™ is a trademark. The fare is £12.",
            "Acme™ Widgets",
            "The total is in £ only, not in dollars",
            "20° west of £",
            "a room of 20 m², 50 m³",
            "© 2024 Tern Wire",
            "¡Hola!",
            "Naïve cafés ask £3 for it.",
            "<p>£12 &amp; £15</p>",
        ] {
            let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(text);
            assert_eq!(guessed(&bytes).0, text);
        }
    }

    #[test]
    fn letters_of_other_encodings_are_no_signs() {
        use encoding_rs::{GBK, ISO_8859_2, KOI8_R, WINDOWS_874, WINDOWS_1250, WINDOWS_1251};
        use encoding_rs::{SHIFT_JIS, WINDOWS_1253, WINDOWS_1255, WINDOWS_1256};
        for (encoding, text) in [
            (WINDOWS_1250, "Zażółć gęślą jaźń. W Łodzi stał 12 lat, był tam 3 razy."),
            (WINDOWS_1250, "Wiersze napisał Ł. Kowalski, a Łódź leży dalej."),
            (ISO_8859_2, "Są już w domu, a żółty liść leży na ścieżce pod lipą."),
            (WINDOWS_1250, "Příliš žluťoučký kůň úpěl ďábelské ódy."),
            (KOI8_R, "Все вернулись домой в 5 часов, и 3 в 4."),
            (WINDOWS_1251, "К вечеру все 12 человек вернулись домой, чтобы спать."),
            (WINDOWS_874, "ท่าเรือปิดเมื่อ 5 ธันวาคม ฝนตก 12 ฐาน"),
            (WINDOWS_1253, "Το λιμάνι έκλεισε στις 5 Μαΐου για 12 μέρες."),
            (WINDOWS_1255, "הנמל נסגר ב־5 במאי למשך 12 ימים."),
            (WINDOWS_1256, "أغلق الميناء في 5 مايو لمدة 12 يوما."),
            (GBK, "港口于５月５日关闭１２天。"),
            (SHIFT_JIS, "港は５月５日から１２日間閉鎖された。"),
        ] {
            let (bytes, _, _) = encoding.encode(text);
            assert_eq!(guessed(&bytes).0, text);
        }
    }
}
