//! Values on the command line: each has a few forms, which every refusal names.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::{
    archive::{
        compare::{Charset, Scope},
        extract::ExtractionStatus,
        filter::DigestHead,
        gaps::is_missing,
        maintain::withdraw::ReasonCode,
        pattern::text_fits,
    },
    cli::walk::check_glob,
    types::{
        error::Error,
        name::DocName,
        tag::Tag,
        time::{FORMS, Timestamp},
    },
};

const SIZE_FORMS: &str =
    "a number of bytes, or one with k, M, G, T (thousands) or KiB, MiB, GiB, TiB";
const DURATION_FORMS: &str = "30s, 10m or 2h";
const ENCODING_FORMS: &str = "the name of an encoding, such as utf-8, windows-1252, shift_jis, utf-16le, \
    cp437, cp850, cp852, cp866 or macintosh";
const SCOPE_FORMS: &str = "article, page or source";
const REASON_FORMS: &str =
    "a code of 1 to 32 lower-case letters, digits and hyphens, such as legal or personal";
const SHARE_FORMS: &str = "a share from 0 to 1, such as 0.8, or 80%";

/// More threads than the one that keeps the order can feed.
const THREADS_MAX: usize = 16;

/// A time as a person wrote it; it means something only once it is known when now is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When(String);

/// When documents were captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureTime {
    /// When each file was last changed.
    Mtime,
    /// At one time for all.
    At(When),
}

impl When {
    /// The moment meant, `now` being now; of a date, its last moment.
    pub fn timestamp(&self, now: Timestamp) -> Result<Timestamp, Error> {
        Timestamp::read(&self.0, now).ok_or_else(|| self.is_none())
    }

    /// The moment meant, `now` being now; of a date, its first moment.
    pub fn start(&self, now: Timestamp) -> Result<Timestamp, Error> {
        Timestamp::read_start(&self.0, now).ok_or_else(|| self.is_none())
    }

    fn is_none(&self) -> Error {
        Error::usage(format!("'{}' is no time; write {FORMS}", self.0))
    }
}

/// An encoding by its name.
pub fn encoding(text: &str) -> Result<Charset, String> {
    Charset::for_label(text).ok_or_else(|| format!("write {ENCODING_FORMS}"))
}

/// How much of a page.
pub fn scope(text: &str) -> Result<Scope, String> {
    match text {
        "article" => Ok(Scope::Article),
        "page" => Ok(Scope::Page),
        "source" => Ok(Scope::Source),
        _ => Err(format!("write {SCOPE_FORMS}")),
    }
}

/// The word for all statuses of texts that are missing, or not whole.
const MISSING: &str = "missing";

/// What may have come of reading a text, several with commas.
#[derive(Debug, Clone)]
pub struct TextStatuses(pub Vec<ExtractionStatus>);

/// Statuses of texts.
pub fn text_statuses(text: &str) -> Result<TextStatuses, String> {
    let mut statuses = Vec::new();
    for word in text.split(',') {
        if word == MISSING {
            statuses.extend(ExtractionStatus::ALL.into_iter().filter(|it| is_missing(*it)));
        } else {
            statuses.push(extraction_status(word).map_err(|why| format!("{why}, {MISSING}"))?);
        }
    }
    Ok(TextStatuses(statuses))
}

/// What may come of rendering a document.
pub fn extraction_status(text: &str) -> Result<ExtractionStatus, String> {
    let codes = || ExtractionStatus::ALL.map(ExtractionStatus::code).join(", ");
    ExtractionStatus::of_code(text).ok_or_else(|| format!("write one of {}", codes()))
}

pub fn when(text: &str) -> Result<When, String> {
    let when = When(text.to_owned());
    // What a form is does not depend on now.
    let is_form = Timestamp::read(text, Timestamp::from_unix(1_800_000_000, 0)).is_some();
    is_form.then_some(when).ok_or_else(|| format!("write {FORMS}"))
}

pub fn captured(text: &str) -> Result<CaptureTime, String> {
    match text {
        "mtime" => Ok(CaptureTime::Mtime),
        _ => when(text).map(CaptureTime::At).map_err(|forms| format!("{forms}, or mtime")),
    }
}

pub fn reason(text: &str) -> Result<ReasonCode, String> {
    ReasonCode::new(text).ok_or_else(|| format!("write {REASON_FORMS}"))
}

/// The first and the last of two times, of which one may be left out; one alone is both.
pub fn when_range(text: &str) -> Result<(Option<When>, Option<When>), String> {
    let end = |text: &str| if text.is_empty() { Ok(None) } else { when(text).map(Some) };
    match text.split_once("..") {
        Some(("", "")) => Err("name a time before or after the two dots".to_owned()),
        Some((first, last)) => Ok((end(first)?, end(last)?)),
        None => when(text).map(|time| (Some(time.clone()), Some(time))),
    }
}

pub fn hash(text: &str) -> Result<DigestHead, &'static str> {
    DigestHead::parse(text).ok_or("write a SHA-256, or its first 8 hex digits or more")
}

pub fn text_glob(text: &str) -> Result<String, String> {
    text_fits(text).map(|_| text.to_owned()).map_err(|why| why.to_string())
}

pub fn tag(text: &str) -> Result<Tag, &'static str> {
    Tag::new(text)
}

pub fn size(text: &str) -> Result<u64, String> {
    parse_size(text).ok_or_else(|| format!("write {SIZE_FORMS}"))
}

pub fn count<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "write a number, such as 20".to_owned())
}

pub fn threads(text: &str) -> Result<usize, String> {
    let n = text.parse().ok().filter(|n| (1..=256).contains(n));
    n.ok_or_else(|| "write a number from 1 to 256".to_owned())
}

pub fn level(text: &str) -> Result<i32, String> {
    let level = text.parse().ok().filter(|level| (1..=19).contains(level));
    level.ok_or_else(|| "write a number from 1 to 19".to_owned())
}

/// The threads asked for, or as many as the machine has, up to what one that keeps the order can feed.
pub fn n_threads(asked: Option<usize>) -> usize {
    let available = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.unwrap_or_else(|| available().min(THREADS_MAX))
}

fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let factor: u64 = match unit {
        "" | "B" => 1,
        "k" | "K" | "kB" | "KB" => 1000,
        "M" | "MB" => 1000_u64.pow(2),
        "G" | "GB" => 1000_u64.pow(3),
        "T" | "TB" => 1000_u64.pow(4),
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// A share as so many of a million, from `5%` or `0.1 %`.
pub fn percentage(text: &str) -> Result<u32, String> {
    let number = text.trim_end_matches('%').trim_end().parse::<f64>().ok();
    let number = number.filter(|percent| *percent > 0.0 && *percent <= 100.0);
    let per_million = number.map(|percent| (percent * 10_000.0).round() as u32);
    per_million.filter(|n| *n > 0).ok_or_else(|| "write a percentage, such as 5%".to_owned())
}

pub fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| format!("write {DURATION_FORMS}"))
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(text)?;
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

pub fn share(text: &str) -> Result<f64, String> {
    parse_share(text).ok_or_else(|| format!("write {SHARE_FORMS}"))
}

fn parse_share(text: &str) -> Option<f64> {
    let (number, whole) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let is_plain = number.starts_with(|c: char| c.is_ascii_digit())
        && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let share = number.parse::<f64>().ok()? / whole;
    (is_plain && share <= 1.0).then_some(share)
}

pub fn glob(text: &str) -> Result<String, String> {
    check_glob(text)
        .map(|()| text.to_owned())
        .map_err(|why| format!("{why}; write a glob as in gitignore(5), such as '*.tmp' or /build"))
}

/// Words that say something.
pub fn words(text: &str) -> Result<String, &'static str> {
    match text.trim().is_empty() {
        true => Err("it is empty; write some words"),
        false => Ok(text.to_owned()),
    }
}

pub fn doc_name() -> impl TypedValueParser<Value = DocName> {
    OsStringValueParser::new().try_map(name)
}

/// `.` and doubled slashes mean nothing; what leads elsewhere is not taken for the rest of it.
fn name(path: OsString) -> Result<DocName, &'static str> {
    let path = path.into_vec();
    if path.starts_with(b"/") || path.split(|b| *b == b'/').any(|part| part == b"..") {
        return Err("a name does not begin with / and has no .. in it");
    }
    DocName::of_path(&path)
}

/// As the signed-note text asks: no plus sign and no white space.
pub fn origin(text: &str) -> Result<String, &'static str> {
    let is_bad = |c: char| c == '+' || c.is_whitespace() || c.is_control();
    if text.is_empty() || text.len() > 255 || text.contains(is_bad) {
        return Err("write 1 to 255 bytes without blanks, controls or +, such as example.com/desk");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_number_and_perhaps_a_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("17B", 17),
            ("10M", 10_000_000),
            ("3kB", 3000),
            ("1GiB", 1 << 30),
            ("2T", 2_000_000_000_000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "M", "1.5G", "10 M", "-1", "+1", "10m", "10Mi", "99999999T", "0x10"] {
            assert!(size(bad).unwrap_err().contains("MiB"), "{bad}");
        }
    }

    #[test]
    fn durations_have_a_number_and_a_unit() {
        for (text, seconds) in [("0s", 0), ("30s", 30), ("10m", 600), ("2h", 7200)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "10", "m", "1.5h", "10 m", "1d", "-1s", "99999999999999999999h"] {
            assert!(duration(bad).unwrap_err().contains("10m"), "{bad}");
        }
    }

    #[test]
    fn shares_lie_between_nothing_and_all() {
        for (text, value) in [("0", 0.0), ("1", 1.0), ("0.8", 0.8), ("80%", 0.8), ("1.0", 1.0)] {
            assert_eq!(share(text), Ok(value), "{text}");
        }
        for bad in ["", "%", ".8", "80", "101%", "-0.1", "1.1", "nan", "inf", "1e-1", "0.8.1"] {
            assert!(share(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_checked_before_now_is_known() {
        let now = Timestamp::parse("2026-03-15T08:00:00Z").unwrap();
        let yesterday = when("yesterday").unwrap().timestamp(now).unwrap();
        assert_eq!(yesterday.to_string(), "2026-03-14T23:59:59.999999999Z");
        assert_eq!(captured("mtime"), Ok(CaptureTime::Mtime));
        assert!(captured("2026-03-01").is_ok());
        for bad in ["", "tomorrow", "01.03.2026", "Mtime"] {
            assert!(captured(bad).unwrap_err().ends_with(", or mtime"), "{bad}");
        }
    }

    #[test]
    fn names_origins_and_globs_are_checked() {
        assert_eq!(name("./a//b/".into()).unwrap().text(), "a/b");
        for bad in ["", "..", "../a", "a/../b", "/a", "/"] {
            assert!(name(bad.into()).is_err(), "{bad}");
        }
        assert!(origin("example.com/desk").is_ok());
        for bad in ["", "a b", "a+b", "a\nb", &"x".repeat(256)] {
            assert!(origin(bad).is_err(), "{bad:?}");
        }
        assert!(glob("*.{tmp,bak}").is_ok());
        assert!(glob("[").unwrap_err().contains("gitignore"));
    }
}
