//! The lines that part the mails of a mailbox (RFC 4155).
//!
//! Any paragraph may begin with `From`. So a mail begins behind a line only that names a date and a time at its end, as
//! programs write it, and on which follows what a mail begins with; everything else is part of a mail.

/// How such lines look in a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeparatorForm {
    /// Each has the time at which the mail came.
    Dated,
    /// They may have an address alone, as the first one has.
    Addressed,
}

impl SeparatorForm {
    /// The form of the line with which a mailbox begins; none if it is no such line.
    pub fn of(line: &[u8]) -> Option<Self> {
        match (is_dated(line), is_address(line)) {
            (true, _) => Some(Self::Dated),
            (false, true) => Some(Self::Addressed),
            (false, false) => None,
        }
    }

    /// Whether a mail begins behind a line, before which one is empty and on which the next one follows, which is empty at
    /// the end of the mailbox.
    pub fn parts(self, line: &[u8], next: &[u8]) -> bool {
        let is_start = begins_mail(next);
        // Of a mail without a head, or an empty one, the date alone shows it.
        let is_free = next.trim_ascii().is_empty();
        match self {
            _ if !line.starts_with(MARK) => false,
            _ if is_dated(line) => is_start || is_free || is_dated(next),
            Self::Dated => false,
            Self::Addressed => is_address(line) && is_start,
        }
    }
}

/// Whether a mail may begin with this line. One that was in a mailbox before may have its line, quoted.
pub fn begins_mail(line: &[u8]) -> bool {
    is_field(line) || line.starts_with(b">From ")
}

/// Whether a line is a field of the head of a mail.
fn is_field(line: &[u8]) -> bool {
    let n_name = line.iter().position(|byte| *byte == b':').unwrap_or_default();
    n_name > 0 && line[..n_name].iter().all(u8::is_ascii_graphic)
}

/// What the lines begin with.
pub const MARK: &[u8] = b"From ";
/// A sender is written with so many words at most, if it has no address.
const SENDER_WORDS_MAX: usize = 3;
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn words(line: &[u8]) -> Option<Vec<&str>> {
    let line = str::from_utf8(line.strip_prefix(MARK)?).ok()?;
    Some(line.split_whitespace().collect())
}

fn is_address(line: &[u8]) -> bool {
    words(line).is_some_and(|it| matches!(it[..], [one] if one.contains('@')))
}

/// Whether a line ends with a date and a time, behind a sender.
fn is_dated(line: &[u8]) -> bool {
    // Senders may be of any bytes; dates are of ASCII.
    let line = String::from_utf8_lossy(line);
    let Some(mut words) = words(line.as_bytes()) else { return false };
    // As UUCP wrote it.
    if let [.., "remote", "from", _] = words[..] {
        words.truncate(words.len() - 3);
    }
    let n_sender = words.iter().rposition(|it| DatePart::of(it).is_none()).map_or(0, |at| at + 1);
    let (sender, date) = words.split_at(n_sender);
    let has = |part: DatePart| date.iter().any(|it| DatePart::of(it) == Some(part));
    let is_date = has(DatePart::Date)
        || has(DatePart::Month) && has(DatePart::Day) && has(DatePart::Year) && has(DatePart::Time);
    let is_sender = |it: &[&str]| {
        it.len() <= SENDER_WORDS_MAX || it.iter().any(|it| it.contains('@') || *it == "at")
    };
    is_date && is_sender(sender)
}

/// What a date consists of, as asctime, RFC 5322 and ISO 8601 have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DatePart {
    Weekday,
    Month,
    Day,
    Year,
    Time,
    /// All in one word, or the day alone before the time.
    Date,
    Zone,
}

impl DatePart {
    fn of(word: &str) -> Option<Self> {
        let word = word.trim_end_matches(',');
        let lower = word.to_ascii_lowercase();
        let are_digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
        let numbers: Vec<&str> = word.split(':').collect();
        match () {
            () if WEEKDAYS.contains(&&lower[..]) => Some(Self::Weekday),
            () if MONTHS.contains(&&lower[..]) => Some(Self::Month),
            () if are_digits(word) && word.len() == 4 => Some(Self::Year),
            () if are_digits(word) && word.len() <= 2 => Some(Self::Day),
            () if numbers.len() > 1 && numbers.iter().all(|it| are_digits(it) && it.len() <= 2) => {
                Some(Self::Time)
            }
            () if is_iso_date(word) => Some(Self::Date),
            () if is_zone(word) => Some(Self::Zone),
            () => None,
        }
    }
}

fn is_iso_date(word: &str) -> bool {
    let is_form = |(at, it): (usize, u8)| match at {
        4 | 7 => it == b'-',
        _ => it.is_ascii_digit(),
    };
    let Some((date, time)) = word.split_at_checked(10) else { return false };
    date.bytes().enumerate().all(is_form) && (time.is_empty() || time.starts_with('T'))
}

fn is_zone(word: &str) -> bool {
    let name = word.trim_start_matches('(').trim_end_matches(')');
    let is_name = (1..=5).contains(&name.len()) && name.bytes().all(|it| it.is_ascii_uppercase());
    let offset = word.strip_prefix(['+', '-']).map(|it| it.replace(':', ""));
    is_name || offset.is_some_and(|it| it.len() == 4 && it.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_write_a_date_at_the_end() {
        for line in [
            "From a@b.example Tue Mar  3 10:00:00 2026",
            "From - Tue Mar  3 10:00 2026\r\n",
            "From MAILER-DAEMON Tue Mar  3 10:00:00 2026",
            "From a@b Tue Mar 3 10:00:00 CET 2026",
            "From a@b Tue Mar 3 10:00:00 2026 +0100",
            "From 1789@xxx Tue Mar 03 09:00:00 +0000 2026",
            "From a@b Tue, 3 Mar 2026 10:00:00 +0100 (CET)",
            "From a at b.example  Tue Mar  3 10:00:00 2026",
            "From \"Ann van der Berg\" <a@b> Tue Mar  3 10:00:00 2026",
            "From ann Tue Mar  3 10:00:00 2026 remote from host",
            "From a@b 2026-03-03T10:00:00Z",
            "From a@b 2026-03-03 10:00:00",
            "From J\u{f8}rn@b Tue Mar  3 10:00:00 2026",
        ] {
            assert_eq!(SeparatorForm::of(line.as_bytes()), Some(SeparatorForm::Dated), "{line}");
            for next in ["Subject: x\n", ">From a\n", "\n", "", "From a Tue Mar 3 10:00:00 2026"] {
                assert!(SeparatorForm::Dated.parts(line.as_bytes(), next.as_bytes()), "{next}");
            }
            assert!(!SeparatorForm::Dated.parts(line.as_bytes(), b"then words follow\n"));
        }
    }

    #[test]
    fn people_begin_paragraphs_with_the_same_word() {
        for line in [
            "From October the rent is nine hundred.",
            "From Bo",
            "From Mon to Fri",
            "From Tue 3 Mar 2026 on",
            "From now on we meet at 10:00",
            "From what I was told by them it came Tue Mar 3 10:00:00 2026",
            "From 3 March 2026",
            ">From a@b Tue Mar  3 10:00:00 2026",
            "From ",
            "From",
            "",
        ] {
            let line = line.as_bytes();
            assert_eq!(SeparatorForm::of(line), None);
            assert!(!SeparatorForm::Dated.parts(line, b"Subject: x"));
            assert!(!SeparatorForm::Addressed.parts(line, b"Subject: x"));
        }
    }

    #[test]
    fn an_address_alone_counts_where_the_first_line_has_no_more() {
        let line = b"From a@b\n";
        assert_eq!(SeparatorForm::of(line), Some(SeparatorForm::Addressed));
        assert!(SeparatorForm::Addressed.parts(line, b"Subject: x\n"));
        assert!(!SeparatorForm::Addressed.parts(line, b"\n"));
        assert!(!SeparatorForm::Dated.parts(line, b"Subject: x\n"));
    }
}
