//! The heads of WARC records (ISO 28500).

use std::io;

use super::{damaged, record::Record};

/// Whether a record begins like this.
pub fn is_start(start: &[u8]) -> bool {
    start.starts_with(b"WARC/") && start.get(5).is_some_and(u8::is_ascii_digit)
}

/// A record by the lines of its head, the first of which says which version it is of.
pub fn record(lines: &[String]) -> io::Result<Record> {
    let Some((first, lines)) = lines.split_first() else { return Err(damaged("it has no head")) };
    if !is_start(first.as_bytes()) {
        return Err(damaged("it does not begin as a record"));
    }
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in lines {
        match (line.split_once(':'), fields.last_mut()) {
            (_, Some((_, value))) if line.starts_with([' ', '\t']) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (Some((name, value)), _) => {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            (None, _) => return Err(damaged("its head is damaged")),
        }
    }
    let length = fields.iter().find(|(name, _)| name == "content-length");
    let n_bytes = length.and_then(|(_, value)| value.parse().ok());
    let n_bytes = n_bytes.ok_or_else(|| damaged("it does not say how long it is"))?;
    Ok(Record::new(fields, n_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_fields_and_a_length() {
        let lines = ["WARC/1.0", "WARC-Type: response", "X: a", "  b", "content-length: 7"];
        let record = record(&lines.map(str::to_owned)).unwrap();
        assert_eq!(record.field("warc-type"), Some("response"));
        assert_eq!((record.field("x"), record.n_bytes), (Some("a b"), 7));
        for bad in [&["HTTP/1.1 200"][..], &["WARC/1.0", "X: y"], &["WARC/1.0", "words"], &[]] {
            let lines: Vec<_> = bad.iter().map(|it| (*it).to_owned()).collect();
            assert!(super::record(&lines).is_err(), "{bad:?}");
        }
    }
}
