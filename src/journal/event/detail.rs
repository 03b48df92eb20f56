//! Details: the erasable half of an event, where names and all that people wrote live.
//!
//! A detail is one line of JSON in UTF-8, with fixed fields in fixed order, null where nothing was
//! given. Its salt keeps the digest in the event from betraying what an erased detail held.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::types::{
    digest::{Digest, hex, parse_hex},
    limits::{DETAIL_BYTES_MAX, ENCODING_NAME_BYTES_MAX, NOTE_TEXT_BYTES_MAX, SOURCE_BYTES_MAX},
    name::DocName,
    time::Timestamp,
};

use super::{AnchorDetail, DocumentDetail, Event, Malformed, plain, same_again};

/// Random bytes, drawn anew for every detail.
pub type Salt = [u8; 16];

/// The erasable half of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// Of a `revise` event.
    Revise(ReviseDetail),
    /// Of an `audit`, `keys`, `adopt`, `withdraw` or `commit` event.
    Act(ActDetail),
    /// Of an `anchor` event.
    Anchor(AnchorDetail),
    /// Of a `gone`, `rename`, `seen` or `describe` event.
    Document(DocumentDetail),
    /// Of an event of a type or version not known here: its bytes.
    Other(Vec<u8>),
}

/// The detail of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviseDetail {
    /// Random bytes.
    pub salt: Salt,
    /// The document's name.
    pub name: DocName,
    /// Where it came from, usually an address.
    pub source: Option<String>,
    /// When it was captured there.
    pub captured: Option<Timestamp>,
    /// The file's modification time.
    pub mtime: Option<Timestamp>,
    /// What a person wants remembered.
    pub note: Option<String>,
    /// The encoding that a person named, for a text that does not prove another.
    pub encoding: Option<String>,
    /// Who recorded it.
    pub by: Option<String>,
    /// The program that recorded it.
    pub tool: String,
}

/// The detail of an act upon the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActDetail {
    /// Random bytes.
    pub salt: Salt,
    /// Who did it.
    pub by: Option<String>,
    /// What a person wants remembered.
    pub note: Option<String>,
    /// The program that did it.
    pub tool: String,
}

impl Detail {
    /// Reads the detail of an event in its one spelling; whether it is the one that the event means is
    /// decided by its digest.
    pub fn parse(event: &Event, bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > DETAIL_BYTES_MAX {
            return Err(Malformed::new("a detail has at most 65536 bytes"));
        }
        if matches!(event, Event::Revise(_))
            && let Some(detail) = plain::revise_detail(bytes)
        {
            detail.check()?;
            return Ok(Self::Revise(detail));
        }
        Self::parse_json(event, bytes)
    }

    fn parse_json(event: &Event, bytes: &[u8]) -> Result<Self, Malformed> {
        let detail = match event {
            Event::Revise(_) => Self::Revise(serde_json::from_slice::<ReviseLine>(bytes)?.read()?),
            Event::Audit(_)
            | Event::Keys(_)
            | Event::Adopt(_)
            | Event::Withdraw(_)
            | Event::Commit(_) => Self::Act(serde_json::from_slice::<ActLine>(bytes)?.read()?),
            Event::Anchor(_) => Self::Anchor(AnchorDetail::parse(bytes)?),
            Event::Document(event) => Self::Document(DocumentDetail::parse(event.kind, bytes)?),
            Event::Packs(_) | Event::Condemn(_) | Event::Other(_) => Self::Other(bytes.to_vec()),
        };
        same_again(bytes, &detail.bytes()?)?;
        Ok(detail)
    }

    /// The detail's bytes: what is stored, and what the event holds the digest of.
    ///
    /// A note, a source or a whole that is too long makes it malformed.
    pub fn bytes(&self) -> Result<Vec<u8>, Malformed> {
        let bytes = match self {
            Self::Revise(detail) => serde_json::to_vec(&ReviseLine::of(detail)?)?,
            Self::Act(detail) => serde_json::to_vec(&ActLine::of(detail)?)?,
            Self::Anchor(detail) => detail.bytes()?,
            Self::Document(detail) => detail.bytes()?,
            Self::Other(bytes) => bytes.clone(),
        };
        if bytes.len() > DETAIL_BYTES_MAX {
            return Err(Malformed::new(
                "name, source and note have at most 65536 bytes together, each as JSON spells it",
            ));
        }
        Ok(bytes)
    }

    /// The digest that stands in the event.
    pub fn digest(&self) -> Result<Digest, Malformed> {
        Ok(Digest::of(&self.bytes()?))
    }
}

impl ReviseDetail {
    /// That no text is longer than it may be, and the encoding has a name.
    fn check(&self) -> Result<(), Malformed> {
        check_length(self.note.as_deref(), NOTE_TEXT_BYTES_MAX, "a note has at most 16384 bytes")?;
        check_length(self.source.as_deref(), SOURCE_BYTES_MAX, "a source has at most 8192 bytes")?;
        if self.encoding.as_deref().is_some_and(|name| !is_encoding_name(name)) {
            return Err(Malformed::new(
                "the name of an encoding has 1 to 40 letters, digits, hyphens and underscores",
            ));
        }
        Ok(())
    }
}

/// A revision's detail as it stands in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviseLine<'a> {
    salt: Cow<'a, str>,
    name: Cow<'a, str>,
    /// The exact name when it is not UTF-8.
    name_b64: Option<Cow<'a, str>>,
    source: Option<Cow<'a, str>>,
    captured: Option<Cow<'a, str>>,
    mtime: Option<Cow<'a, str>>,
    note: Option<Cow<'a, str>>,
    encoding: Option<Cow<'a, str>>,
    by: Option<Cow<'a, str>>,
    tool: Cow<'a, str>,
}

/// An act's detail as it stands in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActLine<'a> {
    salt: Cow<'a, str>,
    by: Option<Cow<'a, str>>,
    note: Option<Cow<'a, str>>,
    tool: Cow<'a, str>,
}

impl<'a> ReviseLine<'a> {
    fn of(detail: &'a ReviseDetail) -> Result<Self, Malformed> {
        detail.check()?;
        let exact = detail.name.utf8().is_none().then(|| STANDARD.encode(detail.name.as_bytes()));
        Ok(Self {
            salt: hex(&detail.salt).into(),
            name: detail.name.text(),
            name_b64: exact.map(Cow::from),
            source: detail.source.as_deref().map(Cow::from),
            captured: detail.captured.map(|timestamp| timestamp.to_string().into()),
            mtime: detail.mtime.map(|timestamp| timestamp.to_string().into()),
            note: detail.note.as_deref().map(Cow::from),
            encoding: detail.encoding.as_deref().map(Cow::from),
            by: detail.by.as_deref().map(Cow::from),
            tool: detail.tool.as_str().into(),
        })
    }

    fn read(self) -> Result<ReviseDetail, Malformed> {
        let name = match self.name_b64 {
            Some(exact) => {
                STANDARD.decode(&*exact).map_err(|_| Malformed::new("name_b64 is not base64"))?
            }
            None => self.name.into_owned().into_bytes(),
        };
        Ok(ReviseDetail {
            salt: read_salt(&self.salt)?,
            name: DocName::new(name).map_err(Malformed::new)?,
            source: self.source.map(Cow::into_owned),
            captured: read_time(self.captured)?,
            mtime: read_time(self.mtime)?,
            note: self.note.map(Cow::into_owned),
            encoding: self.encoding.map(Cow::into_owned),
            by: self.by.map(Cow::into_owned),
            tool: self.tool.into_owned(),
        })
    }
}

impl<'a> ActLine<'a> {
    fn of(detail: &'a ActDetail) -> Result<Self, Malformed> {
        check_length(
            detail.note.as_deref(),
            NOTE_TEXT_BYTES_MAX,
            "a note has at most 16384 bytes",
        )?;
        Ok(Self {
            salt: hex(&detail.salt).into(),
            by: detail.by.as_deref().map(Cow::from),
            note: detail.note.as_deref().map(Cow::from),
            tool: detail.tool.as_str().into(),
        })
    }

    fn read(self) -> Result<ActDetail, Malformed> {
        Ok(ActDetail {
            salt: read_salt(&self.salt)?,
            by: self.by.map(Cow::into_owned),
            note: self.note.map(Cow::into_owned),
            tool: self.tool.into_owned(),
        })
    }
}

pub(super) fn read_salt(text: &str) -> Result<Salt, Malformed> {
    let mut salt = Salt::default();
    parse_hex(text, &mut salt).ok_or_else(|| Malformed::new("a salt has 32 hex digits"))?;
    Ok(salt)
}

pub(super) fn read_time(text: Option<Cow<'_, str>>) -> Result<Option<Timestamp>, Malformed> {
    let read = |text: Cow<'_, str>| {
        Timestamp::parse(&text).ok_or_else(|| Malformed::new("a time is not one"))
    };
    text.map(read).transpose()
}

fn is_encoding_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=ENCODING_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain)
}

pub(super) fn check_length(
    text: Option<&str>,
    bytes_max: usize,
    why: &str,
) -> Result<(), Malformed> {
    if text.is_some_and(|text| text.len() > bytes_max) {
        return Err(Malformed::new(why));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::event::{Commit, MediaType, Revise},
        types::digest::DocId,
    };

    fn revise() -> Event {
        Event::Revise(Revise {
            at: Timestamp::from_unix(0, 0),
            doc: DocId(1),
            prev: None,
            sha256: Digest::of(b""),
            size: 0,
            media: MediaType::new("text/plain").unwrap(),
            detail: Digest::of(b""),
        })
    }

    fn commit() -> Event {
        let (root, detail) = (Digest::of(b""), Digest::of(b""));
        Event::Commit(Commit {
            number: 1,
            id: [1; 8],
            before: Digest::of(b""),
            at: Timestamp::from_unix(0, 0),
            base: 0,
            n_events: 0,
            root,
            key_id: [0; 4],
            detail,
        })
    }

    fn detail() -> ReviseDetail {
        ReviseDetail {
            salt: [0xab; 16],
            name: DocName::new("reports/ä\n\u{7f}.html").unwrap(),
            source: Some("https://example.org/?a=\"b\"".into()),
            captured: Some(Timestamp::from_unix(1, 0)),
            mtime: Some(Timestamp::from_unix(2, 500_000_000)),
            note: None,
            encoding: Some("cp850".into()),
            by: Some("desk".into()),
            tool: "archive 0.1.0".into(),
        }
    }

    const LINE: &str = concat!(
        r#"{"salt":"abababababababababababababababab","name":"reports/ä\n"#,
        "\u{7f}",
        r#".html","name_b64":null,"source":"https://example.org/?a=\"b\"","#,
        r#""captured":"1970-01-01T00:00:01Z","mtime":"1970-01-01T00:00:02.5Z","note":null,"encoding":"cp850","by":"desk","#,
        r#""tool":"archive 0.1.0"}"#
    );
    const ACT: &str = r#"{"salt":"abababababababababababababababab","by":null,"note":"ü","tool":"archive 0.1.0"}"#;

    #[test]
    fn details_go_round() {
        let detail = Detail::Revise(detail());
        assert_eq!(detail.bytes().unwrap(), LINE.as_bytes());
        assert_eq!(Detail::parse(&revise(), LINE.as_bytes()), Ok(detail));
        let act = Detail::parse(&commit(), ACT.as_bytes()).unwrap();
        assert_eq!(act.bytes().unwrap(), ACT.as_bytes());
        assert!(Detail::parse(&commit(), LINE.as_bytes()).is_err());
        assert!(Detail::parse(&revise(), ACT.as_bytes()).is_err());
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_kept_exactly() {
        let name = DocName::new(&b"a\xff/b"[..]).unwrap();
        let detail = Detail::Revise(ReviseDetail { name, ..detail() });
        let bytes = detail.bytes().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(r#""name":"a�/b","name_b64":"Yf8vYg==","#), "{text}");
        assert_eq!(Detail::parse(&revise(), &bytes), Ok(detail));
        for (from, to) in [
            ("a�/b", "a/b"),
            ("Yf8vYg==", "Yf8vYg"),
            ("Yf8vYg==", "Yf8vYh=="),
            ("Yf8vYg==", "YS9i"),
        ] {
            assert!(Detail::parse(&revise(), text.replace(from, to).as_bytes()).is_err(), "{to}");
        }
    }

    #[test]
    fn a_second_spelling_is_malformed() {
        let spellings = [
            ("abab", "ABab"),
            ("abab", "ab"),
            ("ä", r"\u00e4"),
            (r"\n", r"\u000a"),
            ("reports/", "/"),
            ("reports/", r"reports\/"),
            (r#""note":null,"#, ""),
            (r#""note":null,"#, r#""note":null,"note":null,"#),
            (r#""encoding":"cp850","by":"desk""#, r#""by":"desk","encoding":"cp850""#),
            (r#""encoding":"cp850","#, ""),
            ("cp850", ""),
            ("cp850", "cp 850"),
            ("cp850", "latin-1-and-forty-more-letters-that-are-in-no-name"),
            (r#""note":null"#, r#""note":null,"pack":1"#),
            (r#""note":null"#, r#""note": null"#),
            (r#""note":null"#, r#""note":1"#),
            ("00:00:01Z", "00:00:01.0Z"),
            (r#""archive 0.1.0""#, "null"),
            ("0\"}", "0\"}\n"),
        ];
        for (from, to) in spellings {
            let line = LINE.replacen(from, to, 1);
            assert_ne!(line, LINE);
            assert!(Detail::parse(&revise(), line.as_bytes()).is_err(), "{line}");
        }
        for line in [&b""[..], b"{}", b"null", b"\xff"] {
            assert!(Detail::parse(&revise(), line).is_err());
            assert!(Detail::parse(&commit(), line).is_err());
        }
    }

    #[test]
    fn what_is_read_without_a_json_parser_is_what_that_reads() {
        let usual = String::from_utf8(detail_bytes("a/b.txt")).unwrap();
        let mut n_usual = 0;
        for line in [usual.as_bytes(), LINE.as_bytes(), &detail_bytes("ä"), &detail_bytes("a\"b")]
        {
            for at in 0..line.len() {
                for byte in [b'"', b'0', b'9', b'a', b'A', b'\\', b'/', b' ', 0, 0x1f, 0x80, 0xff] {
                    let mut other = line.to_vec();
                    other[at] = byte;
                    let json = Detail::parse_json(&revise(), &other);
                    let found = Detail::parse(&revise(), &other);
                    assert_eq!(found.is_ok(), json.is_ok(), "{}", String::from_utf8_lossy(&other));
                    assert_eq!(found.ok(), json.ok());
                    n_usual += usize::from(plain::revise_detail(&other).is_some());
                }
            }
        }
        assert!(n_usual > 300, "{n_usual}");
    }

    fn detail_bytes(name: &str) -> Vec<u8> {
        let name = DocName::new(name).unwrap();
        let detail = ReviseDetail { name, source: None, encoding: None, ..detail() };
        Detail::Revise(detail).bytes().unwrap()
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let with = |note: usize, source: usize, by: usize| {
            let text = |n: usize| Some("\u{1}".repeat(n));
            Detail::Revise(ReviseDetail {
                note: text(note),
                source: text(source),
                by: text(by),
                ..detail()
            })
        };
        assert!(with(100, 100, 100).bytes().is_ok());
        assert!(with(NOTE_TEXT_BYTES_MAX + 1, 0, 0).bytes().is_err());
        assert!(with(0, SOURCE_BYTES_MAX + 1, 0).bytes().is_err());
        assert!(with(0, 0, DETAIL_BYTES_MAX).bytes().is_err());
        assert!(Detail::parse(&revise(), &[b' '; DETAIL_BYTES_MAX + 1]).is_err());
    }
}
