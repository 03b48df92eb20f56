//! Timestamps: UTC, to the nanosecond, one spelling each.

use std::{fmt, ops::Range};

use jiff::{SignedDuration, civil, tz::TimeZone};

/// A point in time; prints as RFC 3339 with `Z`, with a fraction only when it has one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

/// The forms [`Timestamp::read`] takes, for messages.
pub const FORMS: &str =
    "2026-11-23T08:06:55Z, 2026-11-23, 2026-11, today, yesterday or '3 days ago'";

impl Timestamp {
    /// Seconds and nanoseconds since 1970, as file systems and clocks give them.
    ///
    /// Times outside the years -9999 to 9999 are drawn to the nearest bound.
    pub fn from_unix(seconds: i64, nanoseconds: u32) -> Self {
        let nanoseconds = i32::try_from(nanoseconds.min(999_999_999)).unwrap_or(0);
        let bound = if seconds < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        Self(jiff::Timestamp::new(seconds, nanoseconds).unwrap_or(bound))
    }

    /// Whole seconds since 1970 (rounded down) and the nanoseconds above them.
    pub fn to_unix(self) -> (i64, u32) {
        let nanoseconds = self.0.as_nanosecond();
        let seconds = nanoseconds.div_euclid(1_000_000_000);
        let rest = nanoseconds.rem_euclid(1_000_000_000);
        (i64::try_from(seconds).unwrap_or(0), u32::try_from(rest).unwrap_or(0))
    }

    /// Parses the one spelling that [`Timestamp`] prints; any other is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let timestamp = Self(text.parse().ok()?);
        (timestamp.to_string() == text).then_some(timestamp)
    }

    /// Reads what a person wrote; dates without a time mean the **end** of that day or month.
    ///
    /// So that "as of 2026-03-01" includes that day. Accepted: RFC 3339, `YYYY-MM-DD`, `YYYY-MM`,
    /// `today`, `yesterday`, `N days ago`, all in UTC; anything else is `None`.
    pub fn read(text: &str, now: Timestamp) -> Option<Self> {
        if let Some(exact) = rfc3339(text) {
            return Some(exact);
        }
        let last = days(text, now)?.end;
        let next = midnight(last.tomorrow().ok()?)?;
        Some(Self(next.0.checked_sub(SignedDuration::from_nanos(1)).ok()?))
    }

    /// Like [`Timestamp::read`], but dates without a time mean the **start** of that day or month:
    /// when something that happened then is taken to have happened.
    pub fn read_start(text: &str, now: Timestamp) -> Option<Self> {
        rfc3339(text).or_else(|| midnight(days(text, now)?.start))
    }

    /// `2026-11-23 08:06`, for tables.
    pub fn minute(self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

/// RFC 3339 with an offset; the parser alone would also take dates with spaces and short forms.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    (bytes.len() >= 20 && matches!(bytes[10], b'T' | b't')).then_some(())?;
    Some(Timestamp(text.parse().ok()?))
}

/// The first and the last day meant.
fn days(text: &str, now: Timestamp) -> Option<Range<civil::Date>> {
    let today = now.0.to_zoned_datetime(TimeZone::UTC).date();
    let one = match text {
        "today" => Some(today),
        "yesterday" => Some(today.yesterday().ok()?),
        _ => days_ago(text, today).or_else(|| day(text)),
    };
    one.map(|day| day..day).or_else(|| month(text))
}

fn midnight(day: civil::Date) -> Option<Timestamp> {
    Some(Timestamp(day.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp()))
}

fn days_ago(text: &str, today: civil::Date) -> Option<civil::Date> {
    let n = text.strip_suffix(" days ago").or_else(|| text.strip_suffix(" day ago"))?;
    let n: i64 = digits(n)?.parse().ok()?;
    today.checked_sub(SignedDuration::from_hours(n.checked_mul(24)?)).ok()
}

fn day(text: &str) -> Option<civil::Date> {
    let [y, m, d] = text.split('-').collect::<Vec<_>>().try_into().ok()?;
    civil::Date::new(number(y, 4)?, number(m, 2)?.try_into().ok()?, number(d, 2)?.try_into().ok()?)
        .ok()
}

fn month(text: &str) -> Option<Range<civil::Date>> {
    let [y, m] = text.split('-').collect::<Vec<_>>().try_into().ok()?;
    let first = civil::Date::new(number(y, 4)?, number(m, 2)?.try_into().ok()?, 1).ok()?;
    Some(first..first.last_of_month())
}

fn number(text: &str, n_digits: usize) -> Option<i16> {
    (text.len() == n_digits).then_some(())?;
    digits(text)?.parse().ok()
}

fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-03-15T08:06:55Z").unwrap()
    }

    #[test]
    fn a_timestamp_has_one_spelling() {
        for text in ["2026-11-23T08:06:55Z", "1969-12-31T23:59:59.5Z", "2026-01-01T00:00:00Z"] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        for text in ["2026-11-23T08:06:55+00:00", "2026-11-23T08:06:55.0Z", "2026-11-23"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn unix_times_go_round() {
        for pair in [(0, 0), (-1, 500_000_000), (1_764_000_000, 1)] {
            assert_eq!(Timestamp::from_unix(pair.0, pair.1).to_unix(), pair);
        }
    }

    #[test]
    fn people_write_dates_in_a_few_ways() {
        for (text, meant) in [
            ("2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00Z"),
            ("2026-03-01", "2026-03-01T23:59:59.999999999Z"),
            ("2026-02", "2026-02-28T23:59:59.999999999Z"),
            ("today", "2026-03-15T23:59:59.999999999Z"),
            ("yesterday", "2026-03-14T23:59:59.999999999Z"),
            ("15 days ago", "2026-02-28T23:59:59.999999999Z"),
            ("1 day ago", "2026-03-14T23:59:59.999999999Z"),
        ] {
            assert_eq!(Timestamp::read(text, now()), Timestamp::parse(meant), "{text}");
        }
    }

    #[test]
    fn a_date_begins_at_midnight() {
        for (text, meant) in [
            ("2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00Z"),
            ("2026-03-01", "2026-03-01T00:00:00Z"),
            ("2026-02", "2026-02-01T00:00:00Z"),
            ("yesterday", "2026-03-14T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::read_start(text, now()), Timestamp::parse(meant), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            "3",
            "2026",
            "2026-3-1",
            "2026-02-30",
            "2026-13",
            "tomorrow",
            "-1 days ago",
            "2026-03-01 10:00:00Z",
            "20260301",
            "+026-01-01",
            "2026-03-01T10:00:00",
        ] {
            assert_eq!(Timestamp::read(text, now()), None, "{text}");
        }
    }
}
