//! The heads of ARC records: one line each, of the Internet Archive's format before WARC.

use std::io;

use super::{damaged, record::Record};

/// Whether a file begins like this.
pub fn is_start(start: &[u8]) -> bool {
    start.starts_with(b"filedesc:")
}

/// Whether a record may begin like this: with an address, and with a time and a length at the end of the line.
pub fn is_record(start: &[u8]) -> bool {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    record(&String::from_utf8_lossy(line)).is_ok()
}

/// A record by its line, in the words of WARC.
pub fn record(line: &str) -> io::Result<Record> {
    let is_time =
        |it: &str| it.len() >= 12 && it.len() <= 14 && it.bytes().all(|b| b.is_ascii_digit());
    let words: Vec<&str> = line.trim_end().split(' ').collect();
    // Addresses may have spaces: what follows them is counted from the end.
    let time = words.iter().rposition(|it| is_time(it)).filter(|at| *at >= 2);
    let n_bytes = words.last().and_then(|it| it.parse().ok());
    let (Some(time), Some(n_bytes)) = (time.filter(|at| at + 1 < words.len()), n_bytes) else {
        return Err(damaged("it does not begin as a record"));
    };
    let url = words[..time - 1].join(" ");
    let Some((scheme, _)) = url.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
        return Err(damaged("it has no address"));
    };
    let kind = if scheme == "filedesc" { "warcinfo" } else { "response" };
    let media_type = words.get(time + 1).filter(|_| time + 2 < words.len()).copied();
    let mut fields = vec![("warc-type", kind.to_owned()), ("warc-date", date(words[time]))];
    fields.extend(media_type.map(|it| ("content-type", it.to_owned())));
    fields.push(("warc-target-uri", url));
    let named = |(name, value): (&str, String)| (name.to_owned(), value);
    Ok(Record::new(fields.into_iter().map(named).collect(), n_bytes))
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// `20260302101112` as `2026-03-02T10:11:12Z`; seconds may be missing.
fn date(digits: &str) -> String {
    let part = |start: usize| digits.get(start..start + 2).unwrap_or("00");
    let year = digits.get(..4).unwrap_or_default();
    format!("{year}-{}-{}T{}:{}:{}Z", part(4), part(6), part(8), part(10), part(12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_record() {
        let one = record("http://e.org/a b.html 10.0.0.1 20260302101112 text/html 123\n").unwrap();
        assert_eq!(one.field("warc-target-uri"), Some("http://e.org/a b.html"));
        assert_eq!(one.field("warc-date"), Some("2026-03-02T10:11:12Z"));
        assert_eq!((one.field("warc-type"), one.n_bytes), (Some("response"), 123));
        let two = record("dns:e.org 10.0.0.1 202603021011 text/dns 200 - - 5 x.arc 55").unwrap();
        assert_eq!((two.field("warc-date"), two.n_bytes), (Some("2026-03-02T10:11:00Z"), 55));
        let head = record("filedesc://x.arc 0.0.0.0 20260302101112 text/plain 76").unwrap();
        assert_eq!(head.field("warc-type"), Some("warcinfo"));
        for bad in ["", "words", "http://e.org/ 1 20260302101112", "x 1 20260302101112 text/html 1"]
        {
            assert!(record(bad).is_err(), "{bad}");
        }
    }
}
