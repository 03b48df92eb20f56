//! Timestamps: UTC, to the nanosecond, from year 0001 to 9999, one spelling each.

use std::{fmt, ops::Range};

use jiff::{
    SignedDuration,
    civil::{self, Date, DateTime},
};

/// A point in time; prints as RFC 3339 with `Z`, with a fraction only when it has one.
// The library's own timestamps end a day before the year 9999 does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime);

/// The forms [`Timestamp::read`] takes, for messages.
pub const FORMS: &str = "2026-11-23T08:06:55Z, 2026-11-23, 2026-11, today, yesterday or \
                         '3 days ago', in the years 0001 to 9999";

const FIRST: DateTime = civil::date(1, 1, 1).at(0, 0, 0, 0);
const LAST: DateTime = DateTime::MAX;
const UNIX_EPOCH: DateTime = civil::date(1970, 1, 1).at(0, 0, 0, 0);

impl Timestamp {
    /// The beginning of year 0001.
    pub const FIRST: Self = Self(FIRST);
    /// The end of year 9999.
    pub const LAST: Self = Self(LAST);

    /// Seconds and nanoseconds since 1970, as clocks give them.
    ///
    /// A clock that stands outside the years 0001 to 9999 is drawn to the nearest bound.
    pub fn from_unix(seconds: i64, nanoseconds: u32) -> Self {
        let bound = if seconds < 0 { FIRST } else { LAST };
        Self::of_unix(seconds, nanoseconds).unwrap_or(Self(bound))
    }

    /// Seconds and nanoseconds since 1970, as file systems give them; `None` outside the years 0001 to
    /// 9999.
    pub fn of_unix(seconds: i64, nanoseconds: u32) -> Option<Self> {
        let nanoseconds = i32::try_from(nanoseconds.min(999_999_999)).ok()?;
        let since = SignedDuration::from_secs(seconds)
            .checked_add(SignedDuration::from_nanos(i64::from(nanoseconds)))?;
        Self::within(UNIX_EPOCH.checked_add(since).ok()?)
    }

    /// Whole seconds since 1970 (rounded down) and the nanoseconds above them.
    pub fn to_unix(self) -> (i64, u32) {
        let since = self.0.duration_since(UNIX_EPOCH);
        let (seconds, rest) = (since.as_secs(), since.subsec_nanos());
        match u32::try_from(rest) {
            Ok(rest) => (seconds, rest),
            // Both are negative before 1970.
            Err(_) => (seconds - 1, (rest + 1_000_000_000).unsigned_abs()),
        }
    }

    /// Parses the one spelling that [`Timestamp`] prints; any other is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(timestamp) = text.as_bytes().try_into().ok().and_then(Self::of_whole_second) {
            return Some(timestamp);
        }
        let timestamp = rfc3339(text)?;
        (timestamp.to_string() == text).then_some(timestamp)
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`, as nearly all times are spelled; any other is `None`.
    pub fn of_whole_second(text: &[u8; 20]) -> Option<Self> {
        let are_marks = [text[4], text[7], text[10], text[13], text[16], text[19]] == *b"--T::Z";
        let two = |at: usize| -> Option<i8> {
            let [tens, ones] = [text[at], text[at + 1]].map(|digit| digit.wrapping_sub(b'0'));
            (tens < 10 && ones < 10).then(|| (tens * 10 + ones) as i8)
        };
        let year = i16::from(two(0)?) * 100 + i16::from(two(2)?);
        let date = Date::new(year, two(5)?, two(8)?).ok().filter(|_| are_marks)?;
        let time = civil::Time::new(two(11)?, two(14)?, two(17)?, 0).ok()?;
        Self::within(date.to_datetime(time))
    }

    /// Reads what a person wrote; dates without a time mean the **end** of that day or month.
    ///
    /// So that "as of 2026-03-01" includes that day. Accepted: RFC 3339, `YYYY-MM-DD`, `YYYY-MM`,
    /// `today`, `yesterday`, `N days ago`, all in UTC; anything else is `None`.
    pub fn read(text: &str, now: Timestamp) -> Option<Self> {
        rfc3339(text).or_else(|| {
            let last = days(text, now)?.end;
            Self::within(last.to_datetime(civil::Time::MAX))
        })
    }

    /// Like [`Timestamp::read`], but dates without a time mean the **start** of that day or month:
    /// when something that happened then is taken to have happened.
    pub fn read_start(text: &str, now: Timestamp) -> Option<Self> {
        rfc3339(text).or_else(|| Self::within(days(text, now)?.start.at(0, 0, 0, 0)))
    }

    /// The last moment before it; of the first there is, itself.
    pub fn just_before(self) -> Self {
        self.0
            .checked_sub(SignedDuration::from_nanos(1))
            .ok()
            .and_then(Self::within)
            .unwrap_or(self)
    }

    /// The first moment after it; of the last there is, itself.
    pub fn just_after(self) -> Self {
        self.0
            .checked_add(SignedDuration::from_nanos(1))
            .ok()
            .and_then(Self::within)
            .unwrap_or(self)
    }

    /// `2026-11-23 08:06`, for tables.
    pub fn minute(self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M").to_string()
    }

    fn within(datetime: DateTime) -> Option<Self> {
        (FIRST..=LAST).contains(&datetime).then_some(Self(datetime))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.0.date(), self.0.time());
        if time.subsec_nanosecond() != 0 {
            return write!(f, "{}Z", self.0);
        }
        let mut text = *b"0000-00-00T00:00:00Z";
        let mut put = |at: usize, number: i16| {
            let number = number.unsigned_abs() as u8;
            (text[at], text[at + 1]) = (b'0' + number / 10, b'0' + number % 10);
        };
        put(0, date.year() / 100);
        put(2, date.year() % 100);
        let rest = [date.month(), date.day(), time.hour(), time.minute(), time.second()];
        rest.into_iter().zip([5, 8, 11, 14, 17]).for_each(|(n, at)| put(at, n.into()));
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

/// `YYYY-MM-DDTHH:MM:SS`, perhaps a fraction, then `Z` or an offset.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let (time, ahead) = match rest.strip_suffix(['Z', 'z']) {
        Some(time) => (time, SignedDuration::ZERO),
        None => {
            let (time, offset) = rest.split_at_checked(rest.len().checked_sub(6)?)?;
            (time, offset_of(offset)?)
        }
    };
    let local = day(date)?.to_datetime(time_of_day(time)?);
    Timestamp::within(local.checked_sub(ahead).ok()?)
}

/// `HH:MM:SS`, perhaps with up to nine digits of a fraction; a leap second is the second before it.
fn time_of_day(text: &str) -> Option<civil::Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let [h, m, s] = whole.split(':').collect::<Vec<_>>().try_into().ok()?;
    let power = 9_u32.checked_sub(u32::try_from(digits(fraction)?.len()).ok()?)?;
    let nanoseconds = fraction.parse::<i32>().ok()?.checked_mul(10_i32.pow(power))?;
    civil::Time::new(two_digits(h)?, two_digits(m)?, two_digits(s)?.min(59), nanoseconds)
        .ok()
        .filter(|_| s <= "60")
}

/// `+HH:MM` or `-HH:MM`: how far a clock is ahead of UTC.
fn offset_of(text: &str) -> Option<SignedDuration> {
    let (sign, [h, m]) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest.split(':').collect::<Vec<_>>().try_into().ok()?),
        ("-", rest) => (-1, rest.split(':').collect::<Vec<_>>().try_into().ok()?),
        _ => return None,
    };
    let (h, m) = (two_digits(h)?, two_digits(m)?);
    (h < 24 && m < 60).then(|| SignedDuration::from_mins(sign * (i64::from(h) * 60 + i64::from(m))))
}

fn two_digits(text: &str) -> Option<i8> {
    number(text, 2)?.try_into().ok()
}

/// The first and the last day meant.
fn days(text: &str, now: Timestamp) -> Option<Range<Date>> {
    let today = now.0.date();
    let one = match text {
        "today" => Some(today),
        "yesterday" => Some(today.yesterday().ok()?),
        _ => days_ago(text, today).or_else(|| day(text)),
    };
    one.map(|day| day..day).or_else(|| month(text))
}

fn days_ago(text: &str, today: Date) -> Option<Date> {
    let n = text.strip_suffix(" days ago").or_else(|| text.strip_suffix(" day ago"))?;
    let n: i64 = digits(n)?.parse().ok()?;
    today.checked_sub(SignedDuration::from_hours(n.checked_mul(24)?)).ok()
}

fn day(text: &str) -> Option<Date> {
    let [y, m, d] = text.split('-').collect::<Vec<_>>().try_into().ok()?;
    Date::new(number(y, 4)?, two_digits(m)?, two_digits(d)?).ok()
}

fn month(text: &str) -> Option<Range<Date>> {
    let [y, m] = text.split('-').collect::<Vec<_>>().try_into().ok()?;
    let first = Date::new(number(y, 4)?, two_digits(m)?, 1).ok()?;
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

    fn whole_second(text: &str) -> Option<Timestamp> {
        Timestamp::of_whole_second(text.as_bytes().try_into().unwrap())
    }

    #[test]
    fn whole_seconds_are_read_and_printed_as_all_others_are() {
        for seconds in (-62_135_596_800..253_402_300_799).step_by(86_400 * 997 + 3_607) {
            let time = Timestamp::from_unix(seconds, 0);
            let text = time.to_string();
            assert_eq!(text, format!("{}Z", time.0));
            assert_eq!((whole_second(&text), rfc3339(&text)), (Some(time), Some(time)));
        }
        for text in ["2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "0000-01-01T00:00:00Z"] {
            assert_eq!(whole_second(text), None, "{text}");
        }
        for text in ["2026-01-01T00:00:60Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:0aZ"] {
            assert_eq!(whole_second(text), None, "{text}");
        }
    }

    #[test]
    fn unix_times_go_round() {
        for pair in [
            (0, 0),
            (-1, 500_000_000),
            (1_764_000_000, 1),
            (13_569_465_600, 123_456_789),
            (-62_135_596_800, 0),
            (253_402_300_799, 999_999_999),
        ] {
            assert_eq!(Timestamp::from_unix(pair.0, pair.1).to_unix(), pair);
        }
    }

    #[test]
    fn the_years_0001_to_9999_are_all_there_is() {
        let (first, last) = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z");
        assert_eq!(Timestamp::of_unix(-62_135_596_800, 0), Timestamp::parse(first));
        assert_eq!(Timestamp::of_unix(253_402_300_799, 999_999_999), Timestamp::parse(last));
        for seconds in [-62_135_596_801, 253_402_300_800, i64::MIN, i64::MAX] {
            assert_eq!(Timestamp::of_unix(seconds, 0), None, "{seconds}");
            let bound = if seconds < 0 { first } else { last };
            assert_eq!(Some(Timestamp::from_unix(seconds, 0)), Timestamp::parse(bound));
        }
        for (text, meant) in [
            ("0001-01", "0001-01-31T23:59:59.999999999Z"),
            ("1215-06-15", "1215-06-15T23:59:59.999999999Z"),
            ("9999-12", last),
            ("9999-12-31T23:59:59.999999999Z", last),
            ("0001-01-01T02:00:00+02:00", first),
        ] {
            assert_eq!(Timestamp::read(text, now()), Timestamp::parse(meant), "{text}");
        }
        for text in [
            "0000-12-31",
            "0000-12",
            "0001-01-01T01:59:59+02:00",
            "9999-12-31T23:59:59-00:01",
            "10000-01-01",
            "-0001-01-01",
            "999999 days ago",
        ] {
            assert_eq!(Timestamp::read(text, now()), None, "{text}");
            assert_eq!(Timestamp::read_start(text, now()), None, "{text}");
        }
        let mut times = [last, "1969-12-31T23:59:59.5Z", first, "1215-06-15T00:00:00Z"];
        times.sort_by_key(|text| Timestamp::parse(text));
        assert_eq!([times[0], times[3]], [first, last]);
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
            "2026-03-01T24:00:00Z",
            "2026-03-01T10:00:61Z",
            "2026-03-01T10:00:00.Z",
            "2026-03-01T10:00:00.1234567890Z",
            "2026-03-01T10:00:00+0200",
            "2026-03-01T10:00:00+24:00",
            "2026-03-01T+10:00:00Z",
            "2026-03-01T10:00:00\u{b1}02:00",
        ] {
            assert_eq!(Timestamp::read(text, now()), None, "{text}");
        }
    }
}
