//! What has to be known of a WARC file before its records are given out: which of them are to be brought into the order
//! of their times, and which others are referred to.

use std::collections::{HashMap, HashSet};

use crate::types::{digest::Digest, time::Timestamp};

use super::{digests, names, record::Record, records::Records};

/// What a record is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// What a server answered, or what was stored without one.
    Original,
    /// Made of such a one.
    Conversion,
    /// The same as an earlier one.
    Revisit,
    /// No document.
    Other,
}

/// What was found.
#[derive(Default)]
pub struct Survey {
    has_originals: bool,
    /// By name, the time of the last one.
    last: HashMap<u64, Option<Timestamp>>,
    unsorted: HashSet<u64>,
    /// Digests of payloads, and addresses with times.
    referred: HashSet<u64>,
    n_records: u64,
}

impl RecordKind {
    pub fn of(record: &Record) -> Self {
        match record.field("warc-type").unwrap_or_default() {
            "response" | "resource" => Self::Original,
            "conversion" => Self::Conversion,
            "revisit" => Self::Revisit,
            _ => Self::Other,
        }
    }
}

impl Survey {
    /// Goes through all records, of which so many are looked at.
    pub fn of(mut records: Records, n_records_max: u64) -> Self {
        let mut survey = Self::default();
        while survey.n_records < n_records_max
            && let Some(next) = records.next()
        {
            let Ok(record) = next else { continue };
            match records.finish() {
                Ok(()) => survey.note(&record),
                Err(why) => drop(records.lost(why)),
            }
        }
        survey.last = HashMap::new();
        survey
    }

    fn note(&mut self, record: &Record) {
        self.n_records += 1;
        let kind = RecordKind::of(record);
        self.has_originals |= kind == RecordKind::Original;
        if kind == RecordKind::Other {
            return;
        }
        let Some(name) = url(record).and_then(names::url_name) else { return };
        let (key, time) = (key(name.as_bytes()), time(record));
        match self.last.insert(key, time) {
            Some(last) if last > time => {
                self.unsorted.insert(key);
            }
            _ => {}
        }
        if kind == RecordKind::Revisit {
            self.referred.extend(record.field("warc-payload-digest").map(digest_key));
            self.referred.extend(referred_place(record).map(|(url, time)| place_key(url, time)));
        }
    }

    /// Whether records of this kind are given out. What others were made of stands beside them, or is the document
    /// where it stands alone.
    pub fn is_taken(&self, kind: RecordKind) -> bool {
        match kind {
            RecordKind::Original | RecordKind::Revisit => true,
            RecordKind::Conversion => !self.has_originals,
            RecordKind::Other => false,
        }
    }

    /// Whether the captures of a name do not stand in the order of their times.
    pub fn is_unsorted(&self, name: &[u8]) -> bool {
        self.unsorted.contains(&key(name))
    }

    /// Whether some record refers to this.
    pub fn is_referred(&self, key: u64) -> bool {
        self.referred.contains(&key)
    }
}

fn key(bytes: &[u8]) -> u64 {
    Digest::of(bytes).key().0
}

/// What stands for a digest of a payload.
pub fn digest_key(stated: &str) -> u64 {
    key(digests::plain(stated).as_bytes())
}

/// What stands for what was captured from an address at a time.
pub fn place_key(url: &str, time: Timestamp) -> u64 {
    key(format!("{time} {url}").as_bytes())
}

/// What a revisit says that it is the same as.
pub fn referred_place(record: &Record) -> Option<(&str, Timestamp)> {
    let time = record.field("warc-refers-to-date").and_then(read_time)?;
    Some((bare(record.field("warc-refers-to-target-uri")?), time))
}

/// The address that a record is about.
pub fn url(record: &Record) -> Option<&str> {
    record.field("warc-target-uri").map(bare)
}

/// Some programs write what the standard has in angle brackets with them.
fn bare(url: &str) -> &str {
    url.strip_prefix('<').and_then(|it| it.strip_suffix('>')).unwrap_or(url)
}

/// When a record was captured.
pub fn time(record: &Record) -> Option<Timestamp> {
    record.field("warc-date").and_then(read_time)
}

fn read_time(text: &str) -> Option<Timestamp> {
    let is_stamp = text.as_bytes().iter().take(4).all(u8::is_ascii_digit) && !text.contains(' ');
    Timestamp::read_start(text, Timestamp::LAST).filter(|_| is_stamp)
}
