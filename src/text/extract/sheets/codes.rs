//! Codes of formats, such as `#,##0.00;[Red]-0` and `d-mmm-yy`.

use super::plain::general;

/// A part shows no more digits.
const DIGITS_MAX: usize = 30;
/// From the end of 1899 to the end of the year 9999, and to the beginning of 1904.
const DAYS_MAX: i64 = 2_958_466;
const DAYS_TO_1904: i64 = 1462;

/// A code: a section for what is above 0, perhaps others for what is below, and for 0.
pub(super) struct NumberCode {
    /// Those of numbers.
    sections: Vec<Section>,
    /// That of texts.
    of_text: Option<Section>,
}

/// A part of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CodePart {
    Literal(String),
    /// A digit: `0` is there always, `#` and `?` where it counts.
    Digit(char),
    Point,
    Comma,
    Percent,
    /// The power of ten, with its sign always or if it is below 0.
    Exponent(char),
    /// A fraction, which is shown as a decimal.
    Slash,
    General,
    /// A text.
    Text,
    /// A part of a date or a time: its letter, how often it stands there.
    Date(char, usize),
    /// All hours, minutes or seconds.
    Elapsed(char),
    /// Parts of a second: so many digits.
    Fraction(usize),
    /// The half of the day, in one letter or two.
    Half(usize),
}

struct Section {
    parts: Vec<CodePart>,
    is_date: bool,
}

impl NumberCode {
    /// Reads a code.
    pub(super) fn parse(code: &str) -> Self {
        let mut sections: Vec<_> = sections(code).iter().map(|it| Section::parse(it)).collect();
        let of_text = sections.pop_if(|it| it.parts.contains(&CodePart::Text));
        Self { sections, of_text }
    }

    /// A text as the code shows it, if it has more than the text.
    pub(super) fn shown_text(&self, text: &str) -> Option<String> {
        let parts = &self.of_text.as_ref()?.parts;
        let shown = parts.iter().map(|part| match part {
            CodePart::Literal(literal) => literal,
            CodePart::Text => text,
            _ => "",
        });
        (parts.len() > 1).then(|| shown.collect())
    }

    /// A number as the code shows it.
    pub(super) fn shown(&self, number: f64, is_from_1904: bool) -> String {
        let (at, is_signed) = match self.sections.as_slice() {
            [] => {
                let shown = general(number);
                return self.shown_text(&shown).unwrap_or(shown);
            }
            [only] if only.parts.is_empty() => return general(number),
            [_] => (0, number < 0.0),
            [_, _] => (usize::from(number < 0.0), false),
            _ if number == 0.0 => (2, false),
            _ => (usize::from(number < 0.0), false),
        };
        let Some(section) = self.sections.get(at) else { return general(number) };
        if section.is_date {
            return section.moment(number, is_signed, is_from_1904);
        }
        let shown = section.number(number.abs());
        match is_signed && shown.chars().any(|it| it.is_ascii_digit() && it != '0') {
            true => format!("-{shown}"),
            false => shown,
        }
    }
}

/// The sections of a code.
fn sections(code: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    let mut chars = code.chars();
    let (mut is_quoted, mut is_bracket) = (false, false);
    while let Some(c) = chars.next() {
        match c {
            ';' if !is_quoted && !is_bracket => {
                sections.push(String::new());
                continue;
            }
            '"' => is_quoted = !is_quoted,
            '[' if !is_quoted => is_bracket = true,
            ']' if !is_quoted => is_bracket = false,
            _ => {}
        }
        if let Some(section) = sections.last_mut() {
            section.push(c);
            if c == '\\' && !is_quoted {
                section.extend(chars.next());
            }
        }
    }
    sections
}

impl Section {
    fn parse(code: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = code;
        while let Some(c) = rest.chars().next() {
            let (part, n) = part(c, rest);
            parts.extend(part);
            rest = rest.get(n..).unwrap_or_default();
        }
        let is_date = parts
            .iter()
            .any(|it| matches!(it, CodePart::Date(..) | CodePart::Elapsed(_) | CodePart::Half(_)));
        if is_date {
            name_minutes(&mut parts);
        }
        Self { parts, is_date }
    }

    /// How many digits of a second are shown.
    fn smallest_second(&self) -> usize {
        let digits = self.parts.iter().filter_map(|it| match it {
            CodePart::Fraction(n) => Some(*n),
            _ => None,
        });
        digits.max().unwrap_or(0)
    }

    fn number(&self, number: f64) -> String {
        let parts = &self.parts;
        let n_percent = parts.iter().filter(|it| **it == CodePart::Percent).count().min(3) as i32;
        let last =
            parts.iter().rposition(|it| matches!(it, CodePart::Digit(_))).map_or(0, |it| it + 1);
        let after = parts.get(last..).unwrap_or_default();
        let n_thousands =
            after.iter().take_while(|it| **it == CodePart::Comma).count().min(6) as i32;
        let value = number * 100_f64.powi(n_percent) / 1000_f64.powi(n_thousands);
        if parts.contains(&CodePart::Slash) {
            return general(number);
        }
        let point = parts.iter().position(|it| *it == CodePart::Point);
        if let Some(at) = parts.iter().position(|it| matches!(it, CodePart::Exponent(_))) {
            return self.power(value, point, at);
        }
        let is_grouped = parts.get(..last).is_some_and(|it| it.contains(&CodePart::Comma));
        let (left, right) = parts.split_at(point.unwrap_or(parts.len()));
        let n_decimals = right.iter().filter(|it| matches!(it, CodePart::Digit(_))).count();
        // A hair more: what is half for who reads decimals shall be rounded up.
        let text = format!("{:.*}", n_decimals.min(DIGITS_MAX), value * (1.0 + 4e-16));
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        let mut shown = whole_part(left, whole, is_grouped, number, point.is_some());
        put_decimals(right, decimals, &mut shown);
        shown.trim().to_owned()
    }

    /// A number with a power of ten.
    fn power(&self, value: f64, point: Option<usize>, at: usize) -> String {
        let is_digit = |it: &&CodePart| matches!(it, CodePart::Digit(_));
        let decimals = point.and_then(|it| self.parts.get(it..at)).unwrap_or_default();
        let n_decimals = decimals.iter().filter(is_digit).count().min(DIGITS_MAX);
        let n_power = self.parts.iter().skip(at).filter(is_digit).count().min(DIGITS_MAX);
        let text = format!("{value:.n_decimals$e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        let is_always = self.parts.get(at) == Some(&CodePart::Exponent('+'));
        let (sign, power) = match power.strip_prefix('-') {
            Some(power) => ("-", power),
            None if is_always => ("+", power),
            None => ("", power),
        };
        format!("{digits}E{sign}{power:0>n_power$}")
    }

    /// A number of days as a date, or as the time that they take.
    fn moment(&self, number: f64, is_signed: bool, is_from_1904: bool) -> String {
        // Days from 1904 on have signs.
        let is_before = is_from_1904 && number < 0.0;
        let days = if is_before { -number } else { number };
        let first_day = if is_from_1904 { DAYS_TO_1904 } else { 0 };
        match Moment::of(days, first_day, self.smallest_second()) {
            Some(moment) if is_before && is_signed => format!("-{}", self.date(&moment)),
            Some(moment) => self.date(&moment),
            None => general(number),
        }
    }

    fn date(&self, moment: &Moment) -> String {
        let has_halves = self.parts.iter().any(|it| matches!(it, CodePart::Half(_)));
        let mut shown = String::new();
        for part in &self.parts {
            match part {
                CodePart::Literal(text) => shown.push_str(text),
                CodePart::Date(letter, n) => shown.push_str(&moment.part(*letter, *n, has_halves)),
                CodePart::Elapsed(letter) => shown.push_str(&moment.elapsed(*letter)),
                CodePart::Fraction(n) => {
                    let thousandths = format!("{:03}", moment.thousandths);
                    shown.push('.');
                    shown.push_str(thousandths.get(..(*n).min(3)).unwrap_or_default());
                }
                CodePart::Half(n) => {
                    let half = if moment.hour < 12 { "AM" } else { "PM" };
                    shown.push_str(half.get(..*n).unwrap_or(half));
                }
                CodePart::Slash => shown.push('/'),
                CodePart::Point => shown.push('.'),
                CodePart::Comma => shown.push(','),
                CodePart::Percent => shown.push('%'),
                CodePart::Digit(_) | CodePart::Exponent(_) | CodePart::General | CodePart::Text => {
                }
            }
        }
        shown.trim().to_owned()
    }
}

/// The digits before the point, with what stands between them.
fn whole_part(
    parts: &[CodePart],
    whole: &str,
    is_grouped: bool,
    number: f64,
    has_point: bool,
) -> String {
    let whole = whole.trim_start_matches('0');
    let mut digits = whole.chars().rev();
    let first = parts.iter().position(|it| matches!(it, CodePart::Digit(_)));
    // From right to left.
    let mut shown = Vec::new();
    let mut n_digits = 0;
    let mut push = |shown: &mut Vec<char>, digit: char| {
        if is_grouped && n_digits > 0 && n_digits % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
        n_digits += 1;
    };
    if first.is_none() && !parts.contains(&CodePart::General) {
        // Without a place of their own they stand before the point, if there is one.
        return literals(parts) + if has_point { whole } else { "" };
    }
    for (at, part) in parts.iter().enumerate().rev() {
        match part {
            CodePart::Digit(kind) => {
                let digit = digits.next().or((*kind == '0').then_some('0'));
                digit.into_iter().for_each(|it| push(&mut shown, it));
                if first == Some(at) {
                    digits.by_ref().for_each(|it| push(&mut shown, it));
                }
            }
            CodePart::Literal(text) => shown.extend(text.chars().rev()),
            CodePart::Percent => shown.push('%'),
            CodePart::General => shown.extend(general(number).chars().rev()),
            _ => {}
        }
    }
    shown.iter().rev().collect()
}

fn literals(parts: &[CodePart]) -> String {
    let text = parts.iter().filter_map(|it| match it {
        CodePart::Literal(text) => Some(text.as_str()),
        _ => None,
    });
    text.collect()
}

/// Puts the point and the digits behind it.
fn put_decimals(parts: &[CodePart], decimals: &str, shown: &mut String) {
    let mut rest = decimals;
    let mut has_point = false;
    for part in parts {
        match part {
            CodePart::Digit(kind) => {
                let digit = rest.get(..1).unwrap_or("0");
                if *kind == '0' || rest.bytes().any(|it| it != b'0') {
                    if !std::mem::replace(&mut has_point, true) {
                        shown.push('.');
                    }
                    shown.push_str(digit);
                }
                rest = rest.get(1..).unwrap_or_default();
            }
            CodePart::Literal(text) => shown.push_str(text),
            CodePart::Percent => shown.push('%'),
            _ => {}
        }
    }
}

/// The part that a text begins with, and its length.
fn part(c: char, text: &str) -> (Option<CodePart>, usize) {
    let literal = |text: &str, n: usize| (Some(CodePart::Literal(text.to_owned())), n);
    let after = text.get(c.len_utf8()..).unwrap_or_default();
    let next_len = after.chars().next().map_or(0, char::len_utf8);
    let n_same = text.chars().take_while(|it| it.eq_ignore_ascii_case(&c)).count();
    match c {
        '"' => {
            let quoted = after.split('"').next().unwrap_or_default();
            literal(quoted, quoted.len() + 2)
        }
        '\\' => literal(after.get(..next_len).unwrap_or_default(), 1 + next_len),
        // The width of a character, and one that fills the cell.
        '_' => (Some(CodePart::Literal(" ".to_owned())), 1 + next_len),
        '*' => (None, 1 + next_len),
        '[' => bracket(after),
        '0' | '#' | '?' => (Some(CodePart::Digit(c)), 1),
        '.' => (Some(CodePart::Point), 1),
        ',' => (Some(CodePart::Comma), 1),
        '%' => (Some(CodePart::Percent), 1),
        '/' => (Some(CodePart::Slash), 1),
        'E' | 'e' if after.starts_with(['+', '-']) => {
            (Some(CodePart::Exponent(after.chars().next().unwrap_or('+'))), 2)
        }
        'G' | 'g' if starts(text, "general") => (Some(CodePart::General), 7),
        'A' | 'a' if starts(text, "am/pm") => (Some(CodePart::Half(2)), 5),
        'A' | 'a' if starts(text, "a/p") => (Some(CodePart::Half(1)), 3),
        'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' => {
            (Some(CodePart::Date(c.to_ascii_lowercase(), n_same)), n_same)
        }
        'e' | 'E' => (Some(CodePart::Date('y', 4)), n_same),
        '@' => (Some(CodePart::Text), 1),
        _ => literal(text.get(..c.len_utf8()).unwrap_or_default(), c.len_utf8()),
    }
}

fn starts(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start))
}

/// What stands in brackets: all hours, a currency, or a colour, a condition and the like.
fn bracket(after: &str) -> (Option<CodePart>, usize) {
    let inner = after.split(']').next().unwrap_or_default();
    let n = inner.len() + 2;
    let lower = inner.to_ascii_lowercase();
    let first = lower.chars().next();
    if let Some(letter @ ('h' | 'm' | 's')) = first
        && lower.chars().all(|it| it == letter)
    {
        return (Some(CodePart::Elapsed(letter)), n);
    }
    let sign = inner.strip_prefix('$').and_then(|it| it.split('-').next());
    (sign.map(|it| CodePart::Literal(it.to_owned())), n)
}

/// Months that stand by hours or seconds are minutes, and zeros after seconds are parts of them.
fn name_minutes(parts: &mut Vec<CodePart>) {
    let letter = |it: &CodePart| match it {
        CodePart::Date(letter, _) | CodePart::Elapsed(letter) => Some(*letter),
        _ => None,
    };
    let letters: Vec<_> = parts.iter().map(letter).collect();
    for (at, part) in parts.iter_mut().enumerate() {
        if let CodePart::Date(letter @ 'm', _) = part {
            let before = letters.iter().take(at).rev().find_map(|it| *it);
            let after = letters.iter().skip(at + 1).find_map(|it| *it);
            if before == Some('h') || after == Some('s') {
                *letter = 'n';
            }
        }
    }
    let mut merged: Vec<CodePart> = Vec::with_capacity(parts.len());
    for part in parts.drain(..) {
        match (&part, merged.last_mut()) {
            (CodePart::Digit('0'), Some(last @ CodePart::Point)) => *last = CodePart::Fraction(1),
            (CodePart::Digit('0'), Some(CodePart::Fraction(n))) => *n += 1,
            _ => merged.push(part),
        }
    }
    *parts = merged;
}

/// A moment, from the days that a workbook counts.
struct Moment {
    year: i64,
    month: usize,
    day: i64,
    /// 0 is Sunday.
    weekday: usize,
    hour: i64,
    minute: i64,
    second: i64,
    thousandths: i64,
    /// All seconds since the first day.
    n_seconds: i64,
}

impl Moment {
    /// The moment so many days after the first one, which is counted from the end of 1899, rounded to so many digits of a
    /// second.
    fn of(days: f64, first_day: i64, n_digits: usize) -> Option<Self> {
        if !(0.0..(DAYS_MAX - first_day) as f64).contains(&days) {
            return None;
        }
        let unit = 10_i64.pow(3 - n_digits.min(3) as u32);
        let thousandths = (days * 86_400_000.0 / unit as f64).round() as i64 * unit;
        let n_seconds = thousandths / 1000;
        let days = first_day + n_seconds / 86_400;
        let (year, month, day) = match days {
            // Workbooks have a day that never was.
            60 => (1900, 2, 29),
            days => date_of(days - 25_569 + i64::from(days < 60)),
        };
        Some(Self {
            year,
            month,
            day,
            weekday: (days + 6).rem_euclid(7) as usize,
            hour: n_seconds % 86_400 / 3600,
            minute: n_seconds % 3600 / 60,
            second: n_seconds % 60,
            thousandths: thousandths % 1000,
            n_seconds,
        })
    }

    fn part(&self, letter: char, n: usize, has_halves: bool) -> String {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        const DAYS: [&str; 7] =
            ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
        let hour = match has_halves {
            true => (self.hour + 11) % 12 + 1,
            false => self.hour,
        };
        let month = MONTHS.get(self.month.saturating_sub(1)).copied().unwrap_or_default();
        let weekday = DAYS.get(self.weekday).copied().unwrap_or_default();
        let number = |number: i64| match n {
            1 => number.to_string(),
            _ => format!("{number:02}"),
        };
        match (letter, n) {
            ('y', 1 | 2) => format!("{:02}", self.year % 100),
            ('y', _) => self.year.to_string(),
            ('m', 3) => month.get(..3).unwrap_or_default().to_owned(),
            ('m', 4) => month.to_owned(),
            ('m', 5) => month.get(..1).unwrap_or_default().to_owned(),
            ('m', _) => number(self.month as i64),
            ('d', 3) => weekday.get(..3).unwrap_or_default().to_owned(),
            ('d', 4..) => weekday.to_owned(),
            ('d', _) => number(self.day),
            ('h', _) => number(hour),
            ('n', _) => number(self.minute),
            _ => number(self.second),
        }
    }

    fn elapsed(&self, letter: char) -> String {
        let n = match letter {
            'h' => self.n_seconds / 3600,
            'm' => self.n_seconds / 60,
            _ => self.n_seconds,
        };
        n.to_string()
    }
}

/// The date so many days after the first of 1970: year, month and day.
fn date_of(days: i64) -> (i64, usize, i64) {
    // Years that begin with March have their odd day at the end.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month as usize, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_shown(cases: &[(&str, f64, &str)]) {
        for (code, number, shown) in cases {
            assert_eq!(NumberCode::parse(code).shown(*number, false), *shown, "{code} of {number}");
        }
    }

    #[test]
    fn numbers_have_the_digits_of_their_code() {
        all_shown(&[
            ("0", 2.5, "3"),
            ("0.00", 1.005, "1.01"),
            ("#,##0.00", -1_234_567.891, "-1,234,567.89"),
            ("#,##0", 12.0, "12"),
            ("0.0#", 1.0, "1.0"),
            ("#.##", 0.5, ".5"),
            ("00000", 42.0, "00042"),
            ("000-00-0000", 123_456_789.0, "123-45-6789"),
            ("0,", 12_345.0, "12"),
            ("0%", 0.125, "13%"),
            ("0.00E+00", 12_345.0, "1.23E+04"),
            ("General", 0.1, "0.1"),
            ("@", 7.0, "7"),
            ("# ?/?", 0.5, "0.5"),
            ("", 1.5, "1.5"),
        ]);
    }

    #[test]
    fn sections_are_for_what_is_above_and_below_0() {
        all_shown(&[
            ("0;(0)", -5.0, "(5)"),
            ("0;[Red]-0;\"none\"", 0.0, "none"),
            ("0;;", -5.0, ""),
            ("[$€-407] #,##0.00", 3.5, "€ 3.50"),
            ("_-* #,##0.00\\ \"kr\"_-;", 1000.0, "1,000.00 kr"),
            ("\"a;b\"0", 1.0, "a;b1"),
            ("0\\;0", 12.0, "1;2"),
        ]);
    }

    #[test]
    fn dates_are_counted_in_days() {
        all_shown(&[
            ("yyyy-mm-dd", 43_831.0, "2020-01-01"),
            ("d-mmm-yy", 43_890.0, "29-Feb-20"),
            ("dddd, mmmm d, yyyy", 44_000.0, "Thursday, June 18, 2020"),
            ("yyyy-mm-dd", 60.0, "1900-02-29"),
            ("yyyy-mm-dd", 1.0, "1900-01-01"),
            ("h:mm AM/PM", 0.75, "6:00 PM"),
            ("h:mm AM/PM", 0.0, "12:00 AM"),
            ("m/d/yyyy h:mm", 43_831.520_833_33, "1/1/2020 12:30"),
            ("[h]:mm:ss", 1.5, "36:00:00"),
            ("mm:ss.0", 1.0 / 86_400.0 * 61.5, "01:01.5"),
            ("yyyy\"年\"m\"月\"", 43_831.0, "2020年1月"),
            ("yyyy", -1.0, "-1"),
            ("yyyy", 1e300, "1E+300"),
        ]);
    }

    #[test]
    fn days_from_1904_on_may_have_signs() {
        for (code, number, shown) in [
            ("yyyy-mm-dd", 0.0, "1904-01-01"),
            ("[h]:mm", 0.0625, "1:30"),
            ("[h]:mm:ss", 1.5, "36:00:00"),
            ("h:mm", 0.0625, "1:30"),
            ("[mm]", -0.0625, "-90"),
            ("[h]:mm;-[h]:mm", -0.0625, "-1:30"),
        ] {
            assert_eq!(NumberCode::parse(code).shown(number, true), shown, "{code} of {number}");
        }
    }

    #[test]
    fn texts_have_what_is_set_around_them() {
        for (code, shown) in [
            ("\"<\"@\">\"", Some("<a>")),
            ("0;-0;0;@\" m\"", Some("a m")),
            ("@", None),
            ("0.0", None),
            ("General", None),
        ] {
            assert_eq!(NumberCode::parse(code).shown_text("a").as_deref(), shown, "{code}");
        }
        all_shown(&[("\"<\"@\">\"", -5.0, "<-5>"), ("0.0;@", -5.0, "-5.0")]);
    }
}
