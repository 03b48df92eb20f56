//! Numbers of a question: with signs between thousands and without they are one number, so both are looked for.
//!
//! Texts are indexed with every part of a number as a word, since `1.234` may be a number, a decimal or a part of an
//! address; what a question means is tried in turn.

use crate::text::spellings::digit;

use super::fold::{is_digit, is_number_sign, is_space_of_numbers};

/// Of a question with more numbers, all are looked for as they stand, and all otherwise.
const NUMBERS_MAX: usize = 3;
/// Shorter numbers have no thousands.
const GROUPED_DIGITS_MIN: usize = 4;
/// Longer ones are names of something.
const GROUPED_DIGITS_MAX: usize = 15;
/// So many digits stand between two signs.
const GROUP_DIGITS: usize = 3;

/// A number that is written in two ways.
struct OtherNumber {
    /// The bytes of its part before the decimals.
    start: usize,
    end: usize,
    /// The same with signs where it has none, or without.
    written: String,
}

/// What a part of a question may be written as: first as it stands, then with its numbers otherwise.
pub fn spellings(text: &str) -> Vec<String> {
    let numbers = numbers(text);
    let n = numbers.len();
    let choices: Vec<u32> = match n <= NUMBERS_MAX {
        true => (0..1 << n).collect(),
        false => vec![0, u32::MAX],
    };
    let written = |choice: u32| {
        let (mut written, mut at) = (String::with_capacity(text.len()), 0);
        for (n, number) in numbers.iter().enumerate() {
            // The first 32 numbers decide one by one, and all later ones with the last of them.
            if choice >> n.min(31) & 1 == 1 {
                written.push_str(&text[at..number.start]);
                written.push_str(&number.written);
                at = number.end;
            }
        }
        written.push_str(&text[at..]);
        written
    };
    choices.into_iter().map(written).collect()
}

/// Whether a space of a text stands within a number, and so parts no words.
pub fn is_inside(text: &str, at: usize) -> bool {
    let mut after = text[at..].chars();
    after.next().is_some_and(is_space_of_numbers)
        && text[..at].ends_with(is_digit)
        && after.next().is_some_and(is_digit)
}

fn numbers(text: &str) -> Vec<OtherNumber> {
    let mut numbers = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(is_digit) {
        let start = at + found;
        let runs = DigitRuns::at(text, start);
        at = runs.end;
        numbers.extend(runs.otherwise(text, start));
    }
    numbers
}

/// Runs of digits with one sign between each two.
struct DigitRuns {
    runs: Vec<String>,
    signs: Vec<char>,
    /// Where the first runs end that have the same sign between them.
    head_end: usize,
    end: usize,
}

impl DigitRuns {
    fn at(text: &str, start: usize) -> Self {
        let mut runs = Self { runs: Vec::new(), signs: Vec::new(), head_end: start, end: start };
        let mut is_head = true;
        loop {
            let rest = &text[runs.end..];
            let run = &rest[..rest.find(|c| !is_digit(c)).unwrap_or(rest.len())];
            runs.end += run.len();
            if is_head && (runs.signs.is_empty() || n_letters(run) == GROUP_DIGITS) {
                runs.head_end = runs.end;
            }
            runs.runs.push(run.to_owned());
            let mut after = text[runs.end..].chars();
            let Some(sign) = after.next().filter(|c| is_number_sign(*c) || *c == ' ') else {
                break;
            };
            // A space ends a number with other signs, and only some spaces say that they do not.
            let is_same = runs.signs.first().is_none_or(|first| *first == sign);
            let is_space = sign == ' ' || is_space_of_numbers(sign);
            if !after.next().is_some_and(is_digit) || (is_space && !is_same) {
                break;
            }
            is_head &= is_same;
            runs.signs.push(sign);
            runs.end += sign.len_utf8();
        }
        runs
    }

    /// The number that it is, if it is one; what stands before decimals written otherwise.
    fn otherwise(&self, text: &str, start: usize) -> Option<OtherNumber> {
        let first_sign = self.signs.first();
        let n_same = self.signs.iter().take_while(|sign| Some(*sign) == first_sign).count();
        let groups = &self.runs[1..=n_same];
        let is_group = |run: &String| n_letters(run) == GROUP_DIGITS;
        let n_first = n_letters(&self.runs[0]);
        let is_grouped = n_same > 0 && n_first <= GROUP_DIGITS && groups.iter().all(is_group);
        let has_zero = is_zero(&self.runs[0]);
        let n_decimals = self.signs.len() - if is_grouped { n_same } else { 0 };
        if has_zero || n_decimals > 1 {
            return None;
        }
        if is_grouped {
            // What has one point is a decimal at least as often.
            let is_decimal = n_same == 1 && n_decimals == 0 && matches!(self.signs[0], '.' | '．');
            let written = self.runs[..=n_same].concat();
            return (!is_decimal).then_some(OtherNumber { start, end: self.head_end, written });
        }
        let end = start + self.runs[0].len();
        let is_long = (GROUPED_DIGITS_MIN..=GROUPED_DIGITS_MAX).contains(&n_first);
        let is_apart =
            !text[..start].ends_with(is_joint) && !text[self.end..].starts_with(is_joint);
        (is_long && is_apart).then(|| OtherNumber { start, end, written: grouped(&self.runs[0]) })
    }
}

/// Signs at which numbers are parts of dates, times and names.
fn is_joint(c: char) -> bool {
    matches!(c, '-' | '–' | '/' | ':' | '_' | '\\')
}

fn is_zero(run: &str) -> bool {
    run.starts_with(|c: char| matches!(c, '0' | '０') || digit(c) == Some('0'))
}

fn n_letters(run: &str) -> usize {
    run.chars().count()
}

fn grouped(digits: &str) -> String {
    let n = n_letters(digits);
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (n - at).is_multiple_of(GROUP_DIGITS) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_written_with_signs_and_without() {
        for (text, others) in [
            ("1,200", &["1200"][..]),
            ("1’200 m", &["1200 m"]),
            ("1.200.300", &["1200300"]),
            ("1’200", &["1200"]),
            ("1\u{202f}200\u{a0}€", &["1200\u{a0}€"]),
            ("10 000 francs", &["10000 francs"]),
            ("1200", &["1,200"]),
            ("1234567.5", &["1,234,567.5"]),
            ("1,234,567.891", &["1234567.891"]),
            ("1.234,50 €", &["1234,50 €"]),
            ("EUR1,200bn", &["EUR1200bn"]),
            (
                "from 1,200 to 1500",
                &["from 1200 to 1500", "from 1,200 to 1,500", "from 1200 to 1,500"],
            ),
            ("۱٬۲۳۴", &["۱۲۳۴"]),
            // Addresses, versions, dates, decimals, numbers with zeros before them, names.
            ("192.168.0.1", &[]),
            ("1.200.3", &[]),
            ("1.200", &[]),
            ("1.200.300.4", &[]),
            ("2026-11-23", &[]),
            ("23.11.2026", &[]),
            ("1914–1918", &[]),
            ("0.125", &[]),
            ("007", &[]),
            ("012,345", &[]),
            ("12,34", &[]),
            ("1 2 3", &[]),
            ("x", &[]),
            ("", &[]),
        ] {
            let mut found = spellings(text);
            assert_eq!(found.remove(0), text);
            assert_eq!(found, others, "{text}");
        }
        assert_eq!(spellings("1,000 2,000 3,000 4,000").len(), 2);
        assert!(spellings(&"1,000 a ".repeat(99)).last().unwrap().starts_with("1000 a 1000"));
    }

    #[test]
    fn some_spaces_stand_within_numbers() {
        for (text, at, expected) in
            [("1\u{a0}200", 1, true), ("1 200", 1, false), ("1\u{a0}m", 1, false)]
        {
            assert_eq!(is_inside(text, at), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_text_has_spellings(text in "[0-9 ,.'’\u{a0}٣a中-]{0,40}") {
            prop_assert_eq!(&spellings(&text)[0], &text);
        }
    }
}
