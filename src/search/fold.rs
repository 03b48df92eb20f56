//! Folding: what is written differently and read alike becomes one, in texts before they are indexed and in what is
//! asked.
//!
//! `letter` is the table, a character at a time: width and ligatures (NFKD), diacritics, case, `ß` and its like, the
//! Turkish `i`, Arabic harakat, alef, yeh, kaf and tatweel, Hebrew points, digits of other scripts. [`tokens`] makes
//! of a text words and, where a script is written without spaces, pairs of characters. Quotes of every sort, dashes
//! and white space only separate, those within a number like all others: of `1,234`, `192.168.0.1` and `7.125` every part
//! is a word. Letters at such a number are one with the digits beside them, and stand apart as well: `1,200km` has `200`,
//! `km` and `200km`. Small numbers belong to the word before them or stand apart by the rules of [`raised`]: `m²` is
//! `m2`, and the number of a note no part of its word.

use std::ops::Range;

use crate::text::{
    is_cut,
    raised::{self, HIGH, LOW},
    spellings::{arabic_letter, digit, is_pointing},
};

use unicode_normalization::char::{compose, decompose_compatible, is_combining_mark};

/// The version of what is in this file and of the text that it is given: an index of another one is made anew.
pub const FOLDING_VERSION: u32 = 6;

/// What stands among the words for a run of characters that are paired elsewhere. No word is it: its sign separates.
pub const RUN: &str = "_";
/// A longer word is cut into words of so many bytes.
const WORD_BYTES_MAX: usize = 64;
/// So many signs directly after a word belong to it, as in `C++`.
const SIGNS_MAX: usize = 8;

/// Takes the tokens of a text, in their order.
pub trait TokenSink {
    /// A word, or [`RUN`] where pairs follow, and the bytes of the text that it stands for.
    fn word(&mut self, word: &str, bytes: Range<usize>);

    /// A pair of characters that follow each other; the last character of a run is alone.
    fn pair(&mut self, first: &RunLetter, second: Option<&RunLetter>);
}

/// A character of a run, with the marks that it is composed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLetter {
    /// The character, folded.
    pub letter: char,
    /// The bytes of the text that it stands for.
    pub bytes: Range<usize>,
}

/// What a character becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FoldedLetter {
    /// Stands in a word.
    Letter(char),
    /// Stands in a run that is cut into pairs.
    Cut(char),
    /// Is a word of its own.
    Symbol(char),
    /// Vanishes, and separates nothing.
    Nothing,
    /// Ends what is before it.
    Separator,
}

/// Hands over the tokens of a text.
pub fn tokens(text: &str, to: &mut impl TokenSink) {
    let bytes = text.as_bytes();
    let mut folder = TextFolder::new(text, to);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii() {
            at = folder.ascii(at);
            continue;
        }
        let Some(c) = text[at..].chars().next() else { break };
        let range = at..at + c.len_utf8();
        at = range.end;
        folder.other(c, range);
    }
    folder.end_word();
    folder.end_run();
}

struct TextFolder<'t, T> {
    text: &'t str,
    to: &'t mut T,
    word: String,
    word_bytes: Range<usize>,
    run: Option<OpenRun>,
}

/// The end of a run. Its last pair waits, since a mark may follow that changes the last character.
struct OpenRun {
    before: Option<RunLetter>,
    last: RunLetter,
    /// Only white space came after it.
    has_space: bool,
}

impl<'t, T: TokenSink> TextFolder<'t, T> {
    fn new(text: &'t str, to: &'t mut T) -> Self {
        Self { text, to, word: String::with_capacity(WORD_BYTES_MAX), word_bytes: 0..0, run: None }
    }

    /// Takes a stretch of ASCII from there: a word, or what is between words. Returns where it ends.
    fn ascii(&mut self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let rest = &bytes[from..];
        let n_word =
            rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        if n_word == 0 {
            return self.ascii_separator(from);
        }
        self.end_run();
        let to = from + n_word;
        let next = bytes.get(to).copied().unwrap_or(b' ');
        let is_plain = next.is_ascii() && !matches!(next, b'+' | b'#');
        let is_lower = !rest[..n_word].iter().any(u8::is_ascii_uppercase);
        let is_whole = || self.number_border(&(from..to)).is_none();
        if self.word.is_empty() && is_plain && is_lower && n_word <= WORD_BYTES_MAX && is_whole() {
            self.to.word(&self.text[from..to], from..to);
            return to;
        }
        for (n, byte) in rest[..n_word].iter().enumerate() {
            self.letter(byte.to_ascii_lowercase().into(), from + n..from + n + 1);
        }
        to
    }

    /// Takes one sign of ASCII, or those that belong to the word before it.
    fn ascii_separator(&mut self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        if !self.word.is_empty() {
            let n_signs = bytes[at..].iter().take_while(|it| matches!(it, b'+' | b'#')).count();
            let next = bytes.get(at + n_signs).copied().unwrap_or(b' ');
            let ends = next.is_ascii() && !next.is_ascii_alphanumeric();
            self.end_word();
            if n_signs > 0 && n_signs <= SIGNS_MAX && ends {
                self.to.word(&self.text[at..at + n_signs], at..at + n_signs);
                return at + n_signs;
            }
        }
        match bytes[at].is_ascii_whitespace() {
            true => self.space(),
            false => self.end_run(),
        }
        at + 1
    }

    /// Takes a character that is not ASCII.
    fn other(&mut self, c: char, bytes: Range<usize>) {
        if let Some(plain) = plain_cut(c) {
            return self.cut(plain, bytes);
        }
        // In Persian it sets endings apart from their word, as others write a space (so does Lucene's
        // PersianCharFilter); elsewhere it only says how letters are drawn.
        if c == NON_JOINER && self.word.ends_with(is_arabic) {
            return self.end_word();
        }
        if c.is_whitespace() {
            self.end_word();
            return self.space();
        }
        if self.is_raised_apart(c, bytes.start) {
            self.end_word();
        }
        let mut parts = [None; DECOMPOSED_MAX];
        let mut n_parts = 0;
        decompose_compatible(c, |part| {
            if let Some(slot) = parts.get_mut(n_parts) {
                *slot = Some(part);
                n_parts += 1;
            }
        });
        let is_single = n_parts == 1;
        for part in parts.into_iter().flatten() {
            // Marks that are shown alone are a space with a mark on it.
            if part == ' ' && !is_single {
                continue;
            }
            self.part(part, bytes.clone());
        }
    }

    /// Whether a number that is set high or low begins there and is none of a word with what is before it.
    fn is_raised_apart(&self, c: char, at: usize) -> bool {
        let Some((sign, _)) = raised_digit(c).filter(|_| !self.word.is_empty()) else {
            return false;
        };
        let (before, from) = self.text.split_at(at);
        if before.chars().next_back().and_then(raised_digit).is_some() {
            return false;
        }
        let own = from.chars().take(WORD_BYTES_MAX).map_while(raised_digit);
        let own: String = own.map(|(_, digit)| digit).collect();
        !raised::joins(sign, before, &own)
    }

    fn part(&mut self, part: char, bytes: Range<usize>) {
        if part == '\u{306}' && self.word.ends_with('и') {
            self.word.pop();
            return self.letter('й', bytes);
        }
        match letter(part) {
            FoldedLetter::Letter(c) => {
                self.end_run();
                for low in c.to_lowercase() {
                    match low {
                        // The dot that the Turkish capital leaves behind.
                        '\u{307}' => {}
                        low => self.spelled(low, bytes.clone()),
                    }
                }
            }
            FoldedLetter::Cut(c) => self.cut(c, bytes),
            FoldedLetter::Symbol(c) => {
                self.end_word();
                self.end_run();
                self.to.word(c.encode_utf8(&mut [0; 4]), bytes);
            }
            // Marks belong to the letter that they stand on.
            FoldedLetter::Nothing if !self.word.is_empty() => self.word_bytes.end = bytes.end,
            FoldedLetter::Nothing => {}
            FoldedLetter::Separator => {
                self.end_word();
                self.end_run();
            }
        }
    }

    /// A letter in lower case, by its spelling in others where it has one.
    fn spelled(&mut self, low: char, bytes: Range<usize>) {
        match spelling(low) {
            Some(letters) => {
                letters.chars().for_each(|letter| self.letter(letter, bytes.clone()));
            }
            None => self.letter(low, bytes),
        }
    }

    fn letter(&mut self, c: char, bytes: Range<usize>) {
        if self.word.len() + c.len_utf8() > WORD_BYTES_MAX {
            self.end_word();
        }
        if self.word.is_empty() {
            self.word_bytes.start = bytes.start;
        }
        self.word.push(c);
        self.word_bytes.end = bytes.end;
    }

    fn cut(&mut self, c: char, bytes: Range<usize>) {
        self.end_word();
        let Some(mut run) = self.run.take() else {
            self.to.word(RUN, bytes.clone());
            let last = RunLetter { letter: c, bytes };
            self.run = Some(OpenRun { before: None, last, has_space: false });
            return;
        };
        if !run.has_space
            && let Some(both) = compose(run.last.letter, c)
        {
            run.last.letter = both;
            run.last.bytes.end = bytes.end;
            self.run = Some(run);
            return;
        }
        // A line may end anywhere in these scripts, and a space means no more; Korean words end there.
        if run.has_space && (is_hangul(run.last.letter) || is_hangul(c)) {
            self.run = Some(run);
            self.end_run();
            return self.cut(c, bytes);
        }
        if let Some(before) = run.before {
            self.to.pair(&before, Some(&run.last));
        }
        let last = RunLetter { letter: c, bytes };
        self.run = Some(OpenRun { before: Some(run.last), last, has_space: false });
    }

    fn space(&mut self) {
        if let Some(run) = &mut self.run {
            run.has_space = true;
        }
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let (word, bytes) = (&self.word[..], self.word_bytes.clone());
        let border = self.number_border(&bytes);
        let parts = border.and_then(|border| Some((border, word_parts(word)?)));
        match parts {
            None => self.to.word(word, bytes),
            Some((border, (first, second))) => {
                let begins_with_letters = !first.starts_with(|c: char| c.is_ascii_digit());
                if begins_with_letters {
                    self.to.word(word, bytes.clone());
                }
                self.to.word(first, bytes.start..border);
                self.to.word(second, border..bytes.end);
                // The digits stand beside those that they are one number with.
                if !begins_with_letters {
                    self.to.word(word, bytes);
                }
            }
        }
        self.word.clear();
    }

    fn end_run(&mut self) {
        if let Some(OpenRun { before, last, .. }) = self.run.take() {
            if let Some(before) = before {
                self.to.pair(&before, Some(&last));
            }
            self.to.pair(&last, None);
        }
    }

    /// Where letters and digits meet in a word that is a part of a number with signs in it, as in `1,200km` and `v1.2`; none
    /// in other words.
    fn number_border(&self, bytes: &Range<usize>) -> Option<usize> {
        let word = &self.text[bytes.clone()];
        let (before, after) = (&self.text[..bytes.start], &self.text[bytes.end..]);
        let at = match (word.starts_with(is_digit), word.ends_with(is_digit)) {
            (true, false) if goes_on(before.chars().rev()) => word.find(|c| !is_digit(c))?,
            (false, true) if goes_on(after.chars()) => word.trim_end_matches(is_digit).len(),
            _ => return None,
        };
        let (first, second) = word.split_at(at);
        let letters = if word.starts_with(is_digit) { second } else { first };
        (!letters.contains(is_digit)).then_some(bytes.start + at)
    }
}

/// The letters and the digits of a folded word that consists of both, in its order.
fn word_parts(word: &str) -> Option<(&str, &str)> {
    let is_digit = |c: char| c.is_ascii_digit();
    let at = match word.starts_with(is_digit) {
        true => word.find(|c| !is_digit(c))?,
        false => word.trim_end_matches(is_digit).len(),
    };
    let (first, second) = word.split_at(at);
    (!first.is_empty() && !second.is_empty()).then_some((first, second))
}

/// Whether a sign and then a digit come next.
fn goes_on(mut next: impl Iterator<Item = char>) -> bool {
    next.next().is_some_and(is_number_sign) && next.next().is_some_and(is_digit)
}

/// Whether it stands within numbers: between thousands, before decimals, between the parts of addresses and versions.
pub(super) fn is_number_sign(c: char) -> bool {
    matches!(c, ',' | '.' | '\'' | '’' | '٫' | '٬' | '，' | '．') || is_space_of_numbers(c)
}

/// Spaces at which no line ends, or that are too narrow to part words.
pub(super) fn is_space_of_numbers(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{2009}' | '\u{202f}')
}

/// Whether it is a digit, of any script and width.
pub(super) fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || ('０'..='９').contains(&c) || digit(c).is_some()
}

const NON_JOINER: char = '\u{200c}';

fn is_arabic(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{64a}' | '\u{66e}'..='\u{6d3}' | '\u{6d5}' | '\u{6fa}'..='\u{6ff}')
}

/// No character decomposes into more.
const DECOMPOSED_MAX: usize = 18;

/// The characters of which most texts in Chinese, Japanese and Korean consist, which fold to themselves.
fn plain_cut(c: char) -> Option<char> {
    matches!(c, '一'..='\u{9fff}' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | '가'..='힣').then_some(c)
}

/// The table: what a decomposed character becomes, but for its case and spelling.
fn letter(c: char) -> FoldedLetter {
    if let Some(other) = digit(c).or_else(|| arabic_letter(c)) {
        return FoldedLetter::Letter(other);
    }
    match c {
        c if is_invisible(c) || is_mark_of_no_meaning(c) => FoldedLetter::Nothing,
        // The tones of Bopomofo.
        '\u{2c7}' | '\u{2c9}'..='\u{2cb}' => FoldedLetter::Nothing,
        // Modifier letters that are set as apostrophes and quotes.
        '\u{2b9}'..='\u{2bf}' => FoldedLetter::Separator,
        'ς' => FoldedLetter::Letter('σ'),
        c if is_paired(c) && (c.is_alphanumeric() || is_combining_mark(c)) => FoldedLetter::Cut(c),
        c if c.is_alphanumeric() => FoldedLetter::Letter(c),
        c if is_combining_mark(c) => FoldedLetter::Letter(c),
        c if is_symbol(c) => FoldedLetter::Symbol(c),
        _ => FoldedLetter::Separator,
    }
}

/// How a letter in lower case that no decomposition touches is spelled in others.
fn spelling(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'ı' => "i",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ħ' => "h",
        'þ' => "th",
        _ => return None,
    })
}

/// The digit of a character that is set high or low, and the sign of that.
fn raised_digit(c: char) -> Option<(&'static str, char)> {
    let (sign, value) = match c {
        '¹' => (HIGH, 1),
        '²' | '³' => (HIGH, c as u32 - '²' as u32 + 2),
        '⁰' | '⁴'..='⁹' => (HIGH, c as u32 - '⁰' as u32),
        '₀'..='₉' => (LOW, c as u32 - '₀' as u32),
        _ => return None,
    };
    char::from_digit(value, 10).map(|digit| (sign, digit))
}

/// Soft hyphens, joiners, direction marks, variation selectors, keycaps, and the Arabic tatweel.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{640}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{20d0}'..='\u{20f0}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0100}'..='\u{e01ef}')
}

/// Diacritics and pointing. Vowel signs of other scripts are letters.
fn is_mark_of_no_meaning(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{fe20}'..='\u{fe2f}')
        || is_pointing(c)
}

/// Whether the character is of a script whose words are not set apart, or too long to be looked for whole.
fn is_paired(c: char) -> bool {
    is_hangul(c) || is_cut(c) || is_rarely_met(c)
}

/// Other scripts without spaces between words, beyond those that near-duplicates are cut by.
fn is_rarely_met(c: char) -> bool {
    matches!(c,
        '\u{3105}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' // Bopomofo
        | '\u{a000}'..='\u{a48c}' // Yi
        | '\u{1950}'..='\u{19df}' | '\u{1a20}'..='\u{1aad}' | '\u{aa80}'..='\u{aadf}' // Tai
        | '\u{1b00}'..='\u{1b7f}' | '\u{a980}'..='\u{a9df}' // Balinese, Javanese
        | '\u{12000}'..='\u{1254f}' | '\u{13000}'..='\u{143ff}' // Cuneiform, hieroglyphs
        | '\u{17000}'..='\u{18d7f}' | '\u{1b170}'..='\u{1b2ff}') // Tangut, Khitan, Nüshu
}

fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}')
}

/// Signs that people look for: of money, of paragraphs, arrows, mathematics, pictures. Lines and boxes are none.
fn is_symbol(c: char) -> bool {
    matches!(c,
        '¢'..='§' | '©' | '®' | '°' | '±' | '×' | '÷' | '\u{20a0}'..='\u{20cf}' | '\u{2190}'..='\u{23ff}'
        | '\u{2600}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Shown {
        words: Vec<String>,
        pairs: Vec<String>,
        bytes: Vec<Range<usize>>,
    }

    impl TokenSink for Shown {
        fn word(&mut self, word: &str, bytes: Range<usize>) {
            self.words.push(word.to_owned());
            self.bytes.push(bytes);
        }

        fn pair(&mut self, first: &RunLetter, second: Option<&RunLetter>) {
            let letters = std::iter::once(first).chain(second);
            self.pairs.push(letters.map(|it| it.letter).collect());
            self.bytes.push(first.bytes.start..second.unwrap_or(first).bytes.end);
        }
    }

    fn shown(text: &str) -> Shown {
        let mut shown = Shown::default();
        tokens(text, &mut shown);
        shown
    }

    fn words(text: &str) -> String {
        shown(text).words.join(" ")
    }

    fn pairs(text: &str) -> String {
        shown(text).pairs.join(" ")
    }

    /// The table, language by language: what stands in a line is read alike.
    #[test]
    fn what_is_read_alike_is_folded_alike() {
        for (language, folded, spellings) in [
            (
                "English",
                "don t stop",
                &["don't STOP", "don’t stop", "Donʼt\u{a0}stop", "don`t—stop"][..],
            ),
            ("English", "naive cafe", &["naïve café", "NAÏVE CAFE\u{301}", "nai\u{308}ve cafe"]),
            ("English", "cooperate fine", &["co\u{ad}operate ﬁne", "Cooperate\u{200b} fine"]),
            (
                "German",
                "strasse grosse uber",
                &["Straße Größe über", "STRASSE GRÖSSE ÜBER", "STRAẞE Gro\u{308}ße uber"],
            ),
            (
                "Turkish",
                "istanbul isik",
                &["İstanbul ışık", "ISTANBUL IŞIK", "istanbul isik", "I\u{307}stanbul ışık"],
            ),
            ("French", "coeur a l ete", &["Cœur à l’été", "COEUR À L'ÉTÉ", "cœur à l‘été"]),
            ("Polish", "lodz zolw", &["Łódź żółw", "LODZ ZOLW"]),
            ("Danish", "smorrebrod ael ar", &["Smørrebrød æl år", "SMORREBROD AEL AR"]),
            ("Vietnamese", "tieng viet duong", &["Tiếng Việt đường", "tieng viet duong"]),
            ("Greek", "οδυσσευσ", &["ΟΔΥΣΣΕΎΣ", "Ὀδυσσεύς", "οδυσσευς"]),
            ("Russian", "елка мой", &["Ёлка мой", "ЕЛКА МОЙ", "е\u{308}лка мои\u{306}"]),
            ("Arabic", "قال الرييس", &["قال الرَّئيسُ", "قَالَ الرئيس", "قال الرئـــيس"]),
            ("Arabic", "احمد الي", &["أحمد إلى", "احمد الى", "ٱحمد إلي", "آحمد الی"]),
            ("Persian", "كتاب 123", &["کتاب ۱۲۳", "كتاب ١٢٣", "كِتاب 123"]),
            (
                "Persian",
                "خانه هاي مي رود",
                &[
                    "خانه\u{200c}های می\u{200c}رود",
                    "خانه هاي می رود",
                    "خانهٔ های می رود",
                    "خانۀ های مي رود",
                ],
            ),
            ("Urdu", "يه لركي", &["یہ لرکے", "يه لركي"]),
            ("Hindi", "क्ष", &["क्\u{200c}ष", "क्\u{200d}ष", "क्ष"]),
            ("Tamil and Telugu", "1967 45", &["௧௯௬௭ ౪౫", "1967 45"]),
            ("Thai", "_ 2567 _", &["ปี ๒๕๖๗ นี้", "ปี 2567 นี้"]),
            ("Burmese and Khmer", "2024 17", &["၂၀၂၄ ១៧", "2024 17"]),
            ("German", "auflage", &["Auf\u{200c}lage", "Auflage"]),
            ("Hebrew", "שלום עולם", &["שָׁלוֹם עוֹלָם", "שלום עולם", "שלום־עולם"]),
            ("Hindi", "हिन्दी 26", &["हिन्दी २६", "हिन्दी 26"]),
            ("width", "abc 123", &["ＡＢＣ　１２３", "abc 123"]),
            ("powers", "m2 km2 10 6 h2o", &["m² km² 10⁶ H₂O", "m2 km2 10 6 H2O"]),
            (
                "notes",
                "harbour 12 closed 10 2",
                &["harbour¹² closed 10₂", "harbour 12 closed 10 2"],
            ),
            ("dates", "2026 11 23", &["2026-11-23", "2026/11/23", "2026.11.23"]),
            ("signs", "c ++ g ++ f #", &["C++, g++; F#", "c++ g++ f#"]),
            ("signs", "a b q 1", &["a+b q#1"]),
            ("symbols", "5 € § 7 👍 ok", &["5€ §7 👍 ok", "5 €, § 7 👍🏽 OK"]),
        ] {
            for spelling in spellings {
                assert_eq!(words(spelling), folded, "{language}: {spelling}");
            }
        }
    }

    #[test]
    fn the_parts_of_numbers_are_words() {
        for (folded, spellings) in [
            (
                "12 345 5",
                &["12,345.5", "12.345,5", "12’345 5", "12\u{202f}345\u{a0}5", "١٢٬٣٤٥٫٥"][..],
            ),
            (
                "v1 v 1 200 3 rc 3rc 4 ghz 4ghz",
                &["v1.200.3rc, 4 GHz 4GHz", "V1 v 1.200,3rc 4 ghz 4ghz"],
            ),
            ("a1b 2c 3d 4e5 6", &["a1b.2c 3d 4e5.6", "A1B 2C 3D 4E5 6"]),
        ] {
            for spelling in spellings {
                assert_eq!(words(spelling), folded, "{spelling}");
            }
        }
    }

    #[test]
    fn scripts_without_spaces_are_pairs_with_the_last_character_alone() {
        for (language, folded, spellings) in [
            ("Chinese", "中华 华人 人民 民", &["中华人民", "中华\n人民", "中华 人民"][..]),
            ("Chinese", "中华 华 人民 民", &["中华，人民", "中华。人民"]),
            ("Japanese", "東京 京へ へ行 行く く", &["東京へ行く", "東京へ\n行く"]),
            ("Japanese", "ガス スト ト パ", &["ガスト。パ", "ｶﾞｽﾄ｡ﾊﾟ", "カ\u{3099}スト、ハ\u{309a}"]),
            (
                "Japanese",
                "アル ルバ バイ イト ト デー ータ タベ ベ",
                &["アルバイト。データベ", "ｱﾙﾊﾞｲﾄ｡ﾃﾞｰﾀﾍﾞ", "アルハ\u{3099}イト、テ゛ータヘ゛"],
            ),
            (
                "Korean",
                "한국 국어 어 문장 장",
                &[
                    "한국어 문장",
                    "한국어\n문장",
                    "\u{1112}\u{1161}\u{11ab}국어 문장",
                    "한\u{1100}\u{116e}\u{11a8}어 문장",
                ],
            ),
            ("Thai", "ภา าษ ษา าไ ไท ทย ย", &["ภาษาไทย", "ภาษา ไทย", "ภาษา\u{200b}ไทย"]),
            ("Lao", "ລາ າວ ວ", &["ລາວ"]),
            ("Khmer", "ខ្ ្ម មែ ែរ រ", &["ខ្មែរ"]),
            ("Burmese", "မြ ြန န် ်မ မာ ာ", &["မြန်မာ"]),
            ("mixed", "第 章 と", &["第3章abcと", "第３章ABCと"]),
        ] {
            for spelling in spellings {
                assert_eq!(pairs(spelling), folded, "{language}: {spelling}");
            }
        }
        assert_eq!(words("Hello 世界, world 第3章"), "hello _ world _ 3 _");
    }

    #[test]
    fn a_token_knows_the_bytes_it_stands_for() {
        let text = "A Straße, v1,234km C++ 中华人ﾊﾞ";
        let shown = shown(text);
        let found: Vec<&str> = shown.bytes.iter().map(|range| &text[range.clone()]).collect();
        let numbers = ["v1", "v", "1", "234", "km", "234km"];
        let others = ["C", "++", "中", "中华", "华人", "人ﾊﾞ", "ﾊﾞ"];
        assert_eq!(found, [&["A", "Straße"][..], &numbers, &others].concat());
    }

    #[test]
    fn a_long_word_is_cut() {
        let long = "x".repeat(2 * WORD_BYTES_MAX + 5);
        let found = words(&long);
        assert_eq!(found.split(' ').map(str::len).collect::<Vec<_>>(), [64, 64, 5]);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let shown = shown(&text);
            for range in &shown.bytes {
                prop_assert!(text.get(range.clone()).is_some());
            }
            for word in &shown.words {
                prop_assert!(!word.is_empty() && word.len() <= WORD_BYTES_MAX);
                prop_assert!(!word.contains([' ', '"', '\0']), "{word:?}");
            }
        }

        #[test]
        fn what_is_folded_folds_to_itself(text in "[a-zA-ZßİıŁÆé 0-9,.'’+#Σς中한かﾊﾟया\u{301}\u{ad}-]{0,40}") {
            let once = shown(&text).words;
            let words: Vec<&str> = once.iter().filter(|it| *it != RUN).map(|it| &**it).collect();
            let again = shown(&words.join(" ")).words;
            // What stands alone belongs to no word before it.
            let kept: Vec<&str> = words.iter().filter(|it| !it.contains(['+', '#'])).copied().collect();
            prop_assert_eq!(again, kept);
        }
    }
}
