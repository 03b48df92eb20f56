//! The letters beyond ASCII that languages are written with, and the encodings in which such texts are found although the
//! detector does not know them, or not for these languages.

use super::charset::Charset;

const GERMAN: &str = "äöüßé";
/// Finnish, too.
const SWEDISH: &str = "åäöéàü";
const FRENCH: &str = "àâæçéèêëîïôœùûüÿ";
/// Basque, Galician and Irish, too.
const SPANISH: &str = "áéíñóúüïç";
const ITALIAN: &str = "àèéìíîòóùú";
const CATALAN: &str = "àáçéèíïóòúü";
const DUTCH: &str = "áäèéêëïíóöüú";
const ALBANIAN: &str = "ëçâ";
const PORTUGUESE: &str = "áâãàçéêíóôõúü";
/// Norwegian, too.
const DANISH: &str = "æøåéèêóòôâäöü";
/// Faroese, too.
const ICELANDIC: &str = "áðéíóúýþæöø";
const ESTONIAN: &str = "äöõüšž";
const LITHUANIAN: &str = "ąčęėįšųūž";
const LATVIAN: &str = "āčēģīķļņōŗšūž";
/// Slovak, too.
const CZECH: &str = "áäčďéěíĺľňóôŕřšťúůýž";
const POLISH: &str = "ąćęłńóśźż";
const HUNGARIAN: &str = "áéíóöőúüű";
const ROMANIAN: &str = "ăâîşţșț";
/// Slovene and Serbian in Latin letters, too.
const CROATIAN: &str = "čćđšž";
const TURKISH: &str = "çğıöşüâîûİ";
/// Bulgarian, too.
const RUSSIAN: &str = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя";
const UKRAINIAN: &str = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя";
const BELARUSIAN: &str = "абвгдеёжзійклмнопрстуўфхцчшыьэюя";
/// Macedonian, too.
const SERBIAN: &str = "абвгдђѓежзѕијклљмнњопрстћќуфхцчџш";
const GREEK: &str = "αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ";
const HEBREW: &str = "אבגדהוזחטיךכלםמןנסעףפץצקרשת";

/// All of them, by their letters in small.
pub(super) const ALPHABETS: [&str; 26] = [
    GERMAN, SWEDISH, FRENCH, SPANISH, ITALIAN, CATALAN, DUTCH, ALBANIAN, PORTUGUESE, DANISH,
    ICELANDIC, ESTONIAN, LITHUANIAN, LATVIAN, CZECH, POLISH, HUNGARIAN, ROMANIAN, CROATIAN,
    TURKISH, RUSSIAN, UKRAINIAN, BELARUSIAN, SERBIAN, GREEK, HEBREW,
];

const WESTERN: &[&str] = &[
    GERMAN, SWEDISH, FRENCH, SPANISH, ITALIAN, CATALAN, DUTCH, ALBANIAN, PORTUGUESE, DANISH,
    ICELANDIC, ESTONIAN,
];
const CENTRAL: &[&str] = &[CZECH, POLISH, HUNGARIAN, ROMANIAN, CROATIAN];
const BALTIC: &[&str] = &[LITHUANIAN, LATVIAN, ESTONIAN];
const CYRILLIC: &[&str] = &[RUSSIAN, UKRAINIAN, BELARUSIAN, SERBIAN];
const OF_EASTERN_ASIA: &[&str] = &[RUSSIAN, GREEK];

/// Labels of encodings, and what is found in them; those that are likelier first.
pub(super) const CANDIDATES: [(&str, &[&str]); 27] = [
    ("windows-1252", WESTERN),
    ("cp850", WESTERN),
    ("cp437", WESTERN),
    ("ibm866", &[RUSSIAN, BELARUSIAN]),
    ("macintosh", WESTERN),
    ("windows-1250", CENTRAL),
    ("cp852", CENTRAL),
    ("windows-1257", BALTIC),
    ("cp775", BALTIC),
    ("x-mac-cyrillic", CYRILLIC),
    ("cp855", CYRILLIC),
    ("cp1125", &[UKRAINIAN]),
    ("cp865", &[DANISH]),
    ("cp860", &[PORTUGUESE]),
    ("cp861", &[ICELANDIC]),
    ("cp863", &[FRENCH]),
    ("mac-iceland", &[ICELANDIC]),
    ("mac-latin2", CENTRAL),
    ("cp857", &[TURKISH]),
    ("mac-turkish", &[TURKISH]),
    ("cp737", &[GREEK]),
    ("mac-greek", &[GREEK]),
    ("cp869", &[GREEK]),
    ("cp862", &[HEBREW]),
    ("gbk", OF_EASTERN_ASIA),
    ("euc-kr", OF_EASTERN_ASIA),
    ("shift_jis", OF_EASTERN_ASIA),
];

/// Whether it is written in words; ordinal signs are not.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !matches!(c, 'º' | 'ª')
}

/// How often each letter beyond ASCII is there, in small letters; one may be listed again.
pub(super) fn letters(window: &[u8], charset: Charset) -> Vec<(char, i64)> {
    let is_counted = |c: char| !c.is_ascii() && is_letter(c);
    if !charset.is_single_byte() {
        let sample = &window[..window.len().min(SAMPLE_BYTES)];
        let text = charset.chars(sample).0;
        return text.chars().filter(|c| is_counted(*c)).map(|c| (small(c), 1)).collect();
    }
    let mut counts = [0; 0x80];
    window
        .iter()
        .filter_map(|byte| byte.checked_sub(0x80))
        .for_each(|at| counts[usize::from(at)] += 1);
    let upper: Vec<u8> =
        (0x80..=0xff).filter(|byte| counts[usize::from(byte - 0x80)] > 0).collect();
    let chars = charset.chars(&upper).0;
    let counted = chars.chars().zip(counts.into_iter().filter(|n| *n > 0));
    counted.filter(|(c, _)| is_counted(*c)).map(|(c, n)| (small(c), n)).collect()
}

/// So many bytes show which letters there are where each has two.
const SAMPLE_BYTES: usize = 1 << 10;

/// A letter in small.
fn small(c: char) -> char {
    let mut small = c.to_lowercase();
    small.next().filter(|_| small.next().is_none()).unwrap_or(c)
}

/// How many letters are none of this alphabet. Of scripts that no alphabet here is for, none is foreign.
pub(super) fn n_foreign(alphabet: &str, letters: &[(char, i64)]) -> i64 {
    let foreign = letters.iter().filter(|(c, _)| !alphabet.contains(*c) && *c < '\u{600}');
    foreign.map(|(_, n)| n).sum()
}

/// The same of the alphabet of which fewest are foreign.
pub(super) fn n_foreign_least(letters: &[(char, i64)]) -> i64 {
    ALPHABETS.iter().map(|it| n_foreign(it, letters)).min().unwrap_or(0)
}

/// How many Latin letters are of few languages.
pub(super) fn n_rare(letters: &[(char, i64)]) -> i64 {
    let rare = letters.iter().filter(|(c, _)| ('\u{100}'..='\u{24f}').contains(c));
    rare.map(|(_, n)| n).sum()
}

/// Whether half of the letters beyond ASCII, at least, are those of the alphabet. What is drawn has none in any.
pub(super) fn covers(alphabet: &str, letters: &[(char, i64)]) -> bool {
    let n_of = |is_counted: &dyn Fn(char) -> bool| {
        letters.iter().filter(|(c, _)| is_counted(*c)).map(|(_, n)| n).sum::<i64>()
    };
    let n_own = n_of(&|c| alphabet.contains(c));
    2 * n_own >= n_of(&|_| true) && (n_own > 0 || alphabet == GERMAN)
}
