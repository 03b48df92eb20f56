//! Events: what happened, each as one strict line of JSON, and their erasable details.
//!
//! An event is ASCII, at most [`EVENT_BYTES_MAX`] bytes, with fixed fields in fixed order and one
//! spelling: a line is accepted if writing it again gives the same bytes. What a person wrote is
//! not in the event but in its [`Detail`], of which the event holds the SHA-256.

mod anchor;
mod commit;
mod detail;
mod document;
mod json;
mod keys;
mod packs;
mod plain;
mod withdraw;

use serde::Deserialize;

pub use self::anchor::{Anchor, AnchorDetail};
pub use self::commit::Commit;
pub use self::detail::{ActDetail, Detail, ReviseDetail, Salt};
pub use self::document::{DocumentDetail, DocumentEvent, DocumentEventKind};
pub use self::keys::{Adopt, Keys, PublicKey};
pub use self::packs::{Condemn, PACKS_MAX, Packs};
pub use self::withdraw::{ReasonCode, WITHDRAWN_MAX, Withdraw};
use crate::types::{
    digest::{Digest, DocId, hex},
    limits::EVENT_BYTES_MAX,
    time::Timestamp,
};

/// Integers in events are below 2^53, so that every reader of JSON reads them exactly.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;

/// The version of the event types that are written here.
const VERSION: u64 = 1;
const MEDIA_TYPE_BYTES_MAX: usize = 127;
const EVENT_TYPE_BYTES_MAX: usize = 32;

/// One thing that happened; a leaf of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A document has a new revision.
    Revise(Revise),
    /// Something else happened to a document.
    Document(DocumentEvent),
    /// The archive was checked against itself.
    Audit(Audit),
    /// Packs that count from here on.
    Packs(Packs),
    /// Objects that count no longer and may be removed.
    Condemn(Condemn),
    /// Another key signs from the next commit on.
    Keys(Keys),
    /// The archive goes on under another origin and key from this commit on.
    Adopt(Adopt),
    /// What is not to be had any more of earlier events.
    Withdraw(Withdraw),
    /// An authority saw the journal at a time.
    Anchor(Anchor),
    /// A batch of events ends here.
    Commit(Commit),
    /// An event type or version that a newer program wrote.
    Other(Other),
}

// Deserializing alone ignores unknown fields; `Event::parse` refuses them by writing the event again.

/// A first or later revision of a document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Revise {
    /// By the writer's clock.
    #[serde(deserialize_with = "json::spelled")]
    pub at: Timestamp,
    /// Of the document, drawn at random with its first revision.
    #[serde(deserialize_with = "json::spelled")]
    pub doc: DocId,
    /// The index of the document's previous event, none at first.
    pub prev: Option<u64>,
    /// Of the whole content, also where it is stored in chunks.
    #[serde(deserialize_with = "json::spelled")]
    pub sha256: Digest,
    /// The content's size in bytes.
    pub size: u64,
    /// The content's media type.
    #[serde(rename = "type", deserialize_with = "json::spelled")]
    pub media: MediaType,
    /// The digest of the detail's bytes.
    #[serde(deserialize_with = "json::spelled")]
    pub detail: Digest,
}

/// The result of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Audit {
    /// By the writer's clock.
    #[serde(deserialize_with = "json::spelled")]
    pub at: Timestamp,
    /// The number of findings; none means that all was well.
    #[serde(rename = "findings")]
    pub n_findings: u64,
    /// Blobs read and checked.
    #[serde(rename = "blobs")]
    pub n_blobs: u64,
    /// Events read and checked.
    #[serde(rename = "events")]
    pub n_events: u64,
    /// The digest of the detail's bytes.
    #[serde(deserialize_with = "json::spelled")]
    pub detail: Digest,
}

/// A strict event of a type or version not known here, with its bytes as they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    line: Vec<u8>,
    event_type: String,
    at: Timestamp,
    detail: Option<Digest>,
}

/// A media type without parameters, in lower case: `text/html`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaType(String);

/// Bytes that are not an event or a detail, or values that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

impl Event {
    /// Reads a line in its one spelling.
    pub fn parse(line: &[u8]) -> Result<Self, Malformed> {
        check_line(line)?;
        if let Some(revise) = plain::revise(line) {
            return Ok(Self::Revise(revise));
        }
        Self::parse_json(line)
    }

    fn parse_json(line: &[u8]) -> Result<Self, Malformed> {
        let event = match serde_json::from_slice::<EventHead>(line)? {
            EventHead { t, v: VERSION } if t == "revise" => {
                Self::Revise(serde_json::from_slice(line)?)
            }
            EventHead { t, v: VERSION }
                if matches!(&t[..], "gone" | "rename" | "seen" | "describe") =>
            {
                Self::Document(serde_json::from_slice(line)?)
            }
            EventHead { t, v: VERSION } if t == "audit" => {
                Self::Audit(serde_json::from_slice(line)?)
            }
            EventHead { t, v: VERSION } if t == "packs" => {
                Self::Packs(serde_json::from_slice(line)?)
            }
            EventHead { t, v: VERSION } if t == "condemn" => {
                Self::Condemn(serde_json::from_slice(line)?)
            }
            EventHead { t, v: VERSION } if t == "keys" => Self::Keys(serde_json::from_slice(line)?),
            EventHead { t, v: VERSION } if t == "adopt" => {
                Self::Adopt(serde_json::from_slice(line)?)
            }
            EventHead { t, v: VERSION } if t == "withdraw" => {
                let event: Withdraw = serde_json::from_slice(line)?;
                event.check()?;
                Self::Withdraw(event)
            }
            EventHead { t, v: VERSION } if t == "anchor" => {
                Self::Anchor(serde_json::from_slice(line)?)
            }
            EventHead { t, v: VERSION } if t == "commit" => {
                Self::Commit(serde_json::from_slice(line)?)
            }
            EventHead { .. } => Self::Other(Other::parse(line)?),
        };
        same_again(line, &event.line()?)?;
        Ok(event)
    }

    /// The event's bytes: what is stored and hashed.
    ///
    /// Numbers above [`NUMBER_MAX`] make it malformed.
    pub fn line(&self) -> Result<Vec<u8>, Malformed> {
        let numbers = match self {
            Self::Revise(e) => [e.size, e.prev.unwrap_or(0), 0],
            Self::Document(e) => [e.prev, e.of, 0],
            Self::Audit(e) => [e.n_findings, e.n_blobs, e.n_events],
            Self::Withdraw(e) => [e.largest(), 0, 0],
            Self::Commit(e) => [e.number, e.base, e.n_events],
            Self::Adopt(e) => [e.epoch, e.size, 0],
            Self::Anchor(e) => [e.size, 0, 0],
            Self::Packs(_) | Self::Condemn(_) | Self::Keys(_) | Self::Other(_) => [0; 3],
        };
        if numbers.iter().any(|n| *n > NUMBER_MAX) {
            return Err(Malformed::new("a number is 2^53 or more"));
        }
        Ok(match self {
            Self::Revise(e) => e.spell().into_bytes(),
            Self::Document(e) => e.spell().into_bytes(),
            Self::Audit(e) => e.spell().into_bytes(),
            Self::Packs(e) => e.spell().into_bytes(),
            Self::Condemn(e) => e.spell().into_bytes(),
            Self::Keys(e) => e.spell().into_bytes(),
            Self::Adopt(e) => e.spell().into_bytes(),
            Self::Withdraw(e) => e.spell().into_bytes(),
            Self::Anchor(e) => e.spell().into_bytes(),
            Self::Commit(e) => e.spell().into_bytes(),
            Self::Other(e) => e.line.clone(),
        })
    }

    /// The event type as it stands in the line: `revise`, `commit`.
    pub fn event_type(&self) -> &str {
        match self {
            Self::Revise(_) => "revise",
            Self::Document(e) => e.kind.as_str(),
            Self::Audit(_) => "audit",
            Self::Packs(_) => "packs",
            Self::Condemn(_) => "condemn",
            Self::Keys(_) => "keys",
            Self::Adopt(_) => "adopt",
            Self::Withdraw(_) => "withdraw",
            Self::Anchor(_) => "anchor",
            Self::Commit(_) => "commit",
            Self::Other(e) => &e.event_type,
        }
    }

    /// By the writer's clock.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Revise(e) => e.at,
            Self::Document(e) => e.at,
            Self::Audit(e) => e.at,
            Self::Packs(e) => e.at,
            Self::Condemn(e) => e.at,
            Self::Keys(e) => e.at,
            Self::Adopt(e) => e.at,
            Self::Withdraw(e) => e.at,
            Self::Anchor(e) => e.at,
            Self::Commit(e) => e.at,
            Self::Other(e) => e.at,
        }
    }

    /// The digest of the detail's bytes; an event of a type not known here may have no detail.
    pub fn detail(&self) -> Option<Digest> {
        match self {
            Self::Revise(e) => Some(e.detail),
            Self::Document(e) => Some(e.detail),
            Self::Audit(e) => Some(e.detail),
            Self::Packs(_) | Self::Condemn(_) => None,
            Self::Keys(e) => Some(e.detail),
            Self::Adopt(e) => Some(e.detail),
            Self::Withdraw(e) => Some(e.detail),
            Self::Anchor(e) => Some(e.detail),
            Self::Commit(e) => Some(e.detail),
            Self::Other(e) => e.detail,
        }
    }
}

// No value below can hold a character that JSON escapes.

impl Revise {
    // Nearly all events are these, so nothing is formatted that can be put together.
    fn spell(&self) -> String {
        let Self { at, doc, prev, sha256, size, media, detail } = self;
        let [at, doc, size] = [at.to_string(), doc.to_string(), size.to_string()];
        let prev = prev.map_or("null".to_owned(), |prev| prev.to_string());
        let [sha256, detail] = [sha256, detail].map(|digest| hex(digest.as_bytes()));
        [
            r#"{"t":"revise","v":1,"at":""#,
            &at,
            r#"","doc":""#,
            &doc,
            r#"","prev":"#,
            &prev,
            r#","sha256":""#,
            &sha256,
            r#"","size":"#,
            &size,
            r#","type":""#,
            &media.0,
            r#"","detail":""#,
            &detail,
            r#""}"#,
        ]
        .concat()
    }
}

impl Audit {
    fn spell(&self) -> String {
        let Self { at, n_findings, n_blobs, n_events, detail } = self;
        let result = if *n_findings == 0 { "ok" } else { "findings" };
        format!(
            r#"{{"t":"audit","v":{VERSION},"at":"{at}","result":"{result}","findings":{n_findings},"blobs":{n_blobs},"events":{n_events},"detail":"{detail}"}}"#
        )
    }
}

impl Other {
    /// The event's bytes.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// Takes any strict object that begins with `t`, `v` and `at`.
    fn parse(line: &[u8]) -> Result<Self, Malformed> {
        let object = json::Json::parse(line)?;
        let fields = object.fields().unwrap_or_default();
        let [(t, event_type), (v, version), (a, at), rest @ ..] = fields else {
            return Err(Malformed::new("an event begins with t, v and at"));
        };
        let at = at.text().and_then(Timestamp::parse);
        let (Some(event_type), true, Some(at)) = (event_type.text(), version.is_positive(), at)
        else {
            return Err(Malformed::new("the event's t, v or at is not one"));
        };
        if [t, v, a] != ["t", "v", "at"] || !is_event_type(event_type) {
            return Err(Malformed::new("an event begins with t, v and at"));
        }
        let detail = rest.iter().find(|(key, _)| key == "detail");
        let detail = detail.and_then(|(_, value)| Digest::parse(value.text()?));
        Ok(Self { line: line.to_vec(), event_type: event_type.to_owned(), at, detail })
    }
}

impl MediaType {
    /// Takes `type/subtype` in the characters of RFC 6838, lower case only.
    pub fn new(text: &str) -> Result<Self, Malformed> {
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && name
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9') || b"!#$&-^_.+".contains(&b))
        };
        match text.split_once('/') {
            Some((top, sub))
                if is_name(top) && is_name(sub) && text.len() <= MEDIA_TYPE_BYTES_MAX =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(Malformed::new("a media type has the form type/subtype, in lower case")),
        }
    }

    /// The type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Malformed {
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// What distinguishes event types and their versions.
#[derive(Deserialize)]
struct EventHead {
    t: String,
    v: u64,
}

fn check_line(line: &[u8]) -> Result<(), Malformed> {
    if line.len() > EVENT_BYTES_MAX {
        return Err(Malformed::new("an event has at most 4096 bytes"));
    }
    if !line.is_ascii() {
        return Err(Malformed::new("an event is ASCII"));
    }
    Ok(())
}

/// Refuses a second spelling of what was read.
fn same_again(read: &[u8], written: &[u8]) -> Result<(), Malformed> {
    if read != written {
        return Err(Malformed::new("it is not in the one spelling of its values"));
    }
    Ok(())
}

fn is_event_type(event_type: &str) -> bool {
    let is_plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
    !event_type.is_empty()
        && event_type.len() <= EVENT_TYPE_BYTES_MAX
        && event_type.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVISE: &str = concat!(
        r#"{"t":"revise","v":1,"at":"2026-11-23T08:06:55Z","doc":"d7f1c0a2b94e61f0","prev":48211,"#,
        r#""sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","size":18234,"#,
        r#""type":"text/html","detail":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#
    );
    const AUDIT: &str = concat!(
        r#"{"t":"audit","v":1,"at":"2026-11-23T08:06:55Z","result":"findings","findings":2,"#,
        r#""blobs":10,"events":12,"#,
        r#""detail":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#
    );
    const COMMIT: &str = concat!(
        r#"{"t":"commit","v":1,"at":"2026-11-23T08:06:55Z","number":3,"id":"0123456789abcdef","base":256,"#,
        r#""before":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","n":17,"#,
        r#""root":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","key":"c74f20a3","#,
        r#""detail":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#
    );
    const PACKS: &str = concat!(
        r#"{"t":"packs","v":1,"at":"2026-11-23T08:06:55Z","packs":["#,
        r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad-a1b2c3"]}"#
    );
    const OTHER: &str = r#"{"t":"gilded","v":1,"at":"2026-11-23T08:06:55Z","list":[1,-2,{"a":null,"b":true}],"x":"\n"}"#;

    #[test]
    fn what_is_read_without_a_json_parser_is_what_that_reads() {
        let others =
            ["null", "0", "01", "9007199254740991", "9007199254740992", "99999999999999999"];
        let others = others.map(|prev| REVISE.replace("48211", prev));
        let mut n_usual = 0;
        for line in others.iter().map(String::as_str).chain([REVISE]) {
            for at in 0..line.len() {
                for byte in
                    [b'"', b'0', b'9', b'a', b'A', b'\\', b'/', b' ', b'}', b',', b'T', b'1']
                {
                    let mut other = line.as_bytes().to_vec();
                    other[at] = byte;
                    let (found, json) = (Event::parse(&other), Event::parse_json(&other));
                    assert_eq!(found.is_ok(), json.is_ok(), "{}", String::from_utf8_lossy(&other));
                    assert_eq!(found.ok(), json.ok());
                    n_usual += usize::from(plain::revise(&other).is_some());
                }
            }
        }
        assert!(n_usual > 1000, "{n_usual}");
    }

    #[test]
    fn every_event_type_goes_round() {
        let condemn = PACKS.replace("packs\",\"v", "condemn\",\"v");
        for line in
            [REVISE, AUDIT, COMMIT, PACKS, &condemn, OTHER, &REVISE.replace("48211", "null")]
        {
            let event = Event::parse(line.as_bytes()).unwrap();
            assert_eq!(event.line().unwrap(), line.as_bytes());
            assert_eq!(event.at().to_string(), "2026-11-23T08:06:55Z");
            assert!(line.contains(event.event_type()));
        }
        let Ok(Event::Revise(revise)) = Event::parse(REVISE.as_bytes()) else { panic!() };
        assert_eq!(
            (revise.prev, revise.size, revise.media.as_str()),
            (Some(48211), 18234, "text/html")
        );
        assert_eq!(revise.sha256, Digest::of(b"abc"));
        let Ok(Event::Commit(commit)) = Event::parse(COMMIT.as_bytes()) else { panic!() };
        assert_eq!(
            (commit.base, commit.n_events, commit.key_id),
            (256, 17, [0xc7, 0x4f, 0x20, 0xa3])
        );
    }

    #[test]
    fn a_newer_version_and_an_unknown_type_keep_their_bytes() {
        let newer = REVISE.replace(r#""v":1"#, r#""v":2"#);
        for line in [newer.as_str(), OTHER] {
            let event = Event::parse(line.as_bytes()).unwrap();
            assert!(matches!(&event, Event::Other(other) if other.line() == line.as_bytes()));
        }
        let event = Event::parse(newer.as_bytes()).unwrap();
        assert_eq!((event.event_type(), event.detail()), ("revise", Some(Digest::of(b""))));
        assert_eq!(Event::parse(OTHER.as_bytes()).unwrap().detail(), None);
    }

    #[test]
    fn a_second_spelling_is_malformed() {
        let spellings = [
            (r#""v":1"#, r#""v":1,"v":1"#),
            (r#""v":1"#, r#""v":0"#),
            (r#""v":1"#, r#""v":1.0"#),
            (r#""v":1"#, r#""v":"1""#),
            (r#""v":1,"#, ""),
            (r#""v":1"#, r#""v": 1"#),
            (r#""t":"revise","v":1"#, r#""v":1,"t":"revise""#),
            ("revise", r"revis\u0065"),
            ("revise", "Revise"),
            ("2026-11-23T08:06:55Z", "2026-11-23T08:06:55.0Z"),
            ("2026-11-23T08:06:55Z", "2026-11-23T09:06:55+01:00"),
            ("d7f1", "D7f1"),
            ("d7f1", "7f1"),
            ("48211", "048211"),
            ("48211", "-1"),
            ("48211", "4e4"),
            ("48211", "9007199254740992"),
            (r#""prev":48211,"#, ""),
            ("18234", "18234.0"),
            ("18234", "null"),
            ("text/html", "text/HTML"),
            ("text/html", "texthtml"),
            ("text/html", "text/h tml"),
            ("text/html", "text/html; charset=utf-8"),
            ("text/html", "text/é"),
            (r#""detail""#, r#""pack":"x","detail""#),
            ("855\"}", "855\",\"more\":null}"),
            ("855\"}", "855\"} "),
            ("855\"}", "855\"}\n"),
            ("855\"}", "855\""),
            ("855\"}", "85\"}"),
            ("{\"t\"", " {\"t\""),
        ];
        for (from, to) in spellings {
            let line = REVISE.replacen(from, to, 1);
            assert_ne!(line, REVISE);
            assert!(Event::parse(line.as_bytes()).is_err(), "{line}");
        }
        let contradicting = AUDIT.replace("\"findings\":2", "\"findings\":0");
        assert!(Event::parse(contradicting.as_bytes()).is_err());
    }

    #[test]
    fn an_unknown_type_is_parsed_as_strictly() {
        let spellings = [
            ("gilded", "Gilded"),
            ("gilded", ""),
            (r#""v":1,"#, ""),
            (r#""v":1"#, r#""v":0"#),
            (r#""at""#, r#""on""#),
            ("[1,", "[1.5,"),
            ("[1,", "[01,"),
            ("[1,", "[-0,"),
            ("[1,", "[1e3,"),
            ("[1,", "[9007199254740992,"),
            ("[1,", "[ 1,"),
            (r#""b":true"#, r#""a":true"#),
            (r#""x":"#, r#""list":"#),
            (r"\n", r"\u000a"),
            (r"\n", r"\/"),
            (r"\n", "é"),
            (r"\n", r"\u00e9"),
            (r"\n", r"\ud800"),
        ];
        for (from, to) in spellings {
            let line = OTHER.replacen(from, to, 1);
            assert_ne!(line, OTHER);
            assert!(Event::parse(line.as_bytes()).is_err(), "{line}");
        }
        for line in ["", "{}", "[]", "null", r#""t""#, "[[", &"[".repeat(4096)] {
            assert!(Event::parse(line.as_bytes()).is_err(), "{line}");
        }
        let fitting = OTHER.replace(r"\n", &"x".repeat(EVENT_BYTES_MAX - OTHER.len() + 2));
        assert!(Event::parse(fitting.as_bytes()).is_ok());
        assert!(Event::parse(fitting.replace('x', "xx").as_bytes()).is_err());
    }

    #[test]
    fn a_number_too_large_is_not_written() {
        let Ok(Event::Revise(mut revise)) = Event::parse(REVISE.as_bytes()) else { panic!() };
        revise.size = NUMBER_MAX;
        assert!(Event::Revise(revise.clone()).line().is_ok());
        revise.size += 1;
        assert!(Event::Revise(revise).line().is_err());
    }
}
