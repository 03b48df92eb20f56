//! `gone`, `rename`, `seen` and `describe`: what happens to a document beside new bytes.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::types::{
    digest::{Digest, DocId, hex},
    limits::{NOTE_TEXT_BYTES_MAX, SOURCE_BYTES_MAX, TAGS_MAX},
    name::DocName,
    tag::TagChange,
    time::Timestamp,
};

use super::{
    Malformed, Salt, VERSION,
    detail::{check_length, read_salt, read_time},
    json,
};

/// What happens to a document beside new bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DocumentEvent {
    /// Which of the four it is.
    #[serde(rename = "t", deserialize_with = "json::spelled")]
    pub kind: DocumentEventKind,
    /// By the writer's clock.
    #[serde(deserialize_with = "json::spelled")]
    pub at: Timestamp,
    /// Of the document.
    #[serde(deserialize_with = "json::spelled")]
    pub doc: DocId,
    /// The index of the document's previous event.
    pub prev: u64,
    /// The index of the `revise` event that it is about.
    pub of: u64,
    /// The digest of the detail's bytes.
    #[serde(deserialize_with = "json::spelled")]
    pub detail: Digest,
}

/// What happens to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentEventKind {
    /// It is no longer where it was found.
    Gone,
    /// It has another name.
    Rename,
    /// The bytes of a revision were found again.
    Seen,
    /// What people wrote about a revision is corrected, or tags are put on the document.
    Describe,
}

/// The detail of such an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentDetail {
    /// Random bytes.
    pub salt: Salt,
    /// Of `rename`: the name from here on; of others none.
    pub name: Option<DocName>,
    /// Where it was found; of `describe` the right source, empty for none.
    pub source: Option<String>,
    /// When that was; of `describe` when the revision was captured.
    pub captured: Option<Timestamp>,
    /// The modification time of the file that was found.
    pub mtime: Option<Timestamp>,
    /// What a person wants remembered; of `describe` of the revision, empty for none.
    pub note: Option<String>,
    /// Tags that are put on the document or taken off it.
    pub tags: Vec<TagChange>,
    /// Who recorded it.
    pub by: Option<String>,
    /// The program that recorded it.
    pub tool: String,
}

impl DocumentEventKind {
    /// As the event spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Rename => "rename",
            Self::Seen => "seen",
            Self::Describe => "describe",
        }
    }
}

impl json::Spelled for DocumentEventKind {
    fn read(text: &str) -> Option<Self> {
        let all = [Self::Gone, Self::Rename, Self::Seen, Self::Describe];
        all.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl DocumentEvent {
    pub(super) fn spell(&self) -> String {
        let Self { kind, at, doc, prev, of, detail } = self;
        let kind = kind.as_str();
        format!(
            r#"{{"t":"{kind}","v":{VERSION},"at":"{at}","doc":"{doc}","prev":{prev},"of":{of},"detail":"{detail}"}}"#
        )
    }
}

/// The detail as it stands in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentDetailLine<'a> {
    salt: Cow<'a, str>,
    name: Option<Cow<'a, str>>,
    /// The exact name when it is not UTF-8.
    name_b64: Option<Cow<'a, str>>,
    source: Option<Cow<'a, str>>,
    captured: Option<Cow<'a, str>>,
    mtime: Option<Cow<'a, str>>,
    note: Option<Cow<'a, str>>,
    /// Null for none.
    tags: Option<Vec<Cow<'a, str>>>,
    by: Option<Cow<'a, str>>,
    tool: Cow<'a, str>,
}

impl DocumentDetail {
    /// Reads the detail of an event; other spellings may pass.
    pub(super) fn parse(kind: DocumentEventKind, bytes: &[u8]) -> Result<Self, Malformed> {
        let line: DocumentDetailLine = serde_json::from_slice(bytes)?;
        let name = match (line.name, line.name_b64) {
            (_, Some(exact)) => Some(
                STANDARD.decode(&*exact).map_err(|_| Malformed::new("name_b64 is not base64"))?,
            ),
            (name, None) => name.map(|name| name.into_owned().into_bytes()),
        };
        if name.is_some() != (kind == DocumentEventKind::Rename) {
            return Err(Malformed::new("a rename has a name, and nothing else has one"));
        }
        let tags = line.tags.unwrap_or_default();
        let tags = tags.iter().map(|tag| TagChange::parse(tag).map_err(Malformed::new));
        Ok(Self {
            salt: read_salt(&line.salt)?,
            name: name.map(DocName::new).transpose().map_err(Malformed::new)?,
            source: line.source.map(Cow::into_owned),
            captured: read_time(line.captured)?,
            mtime: read_time(line.mtime)?,
            note: line.note.map(Cow::into_owned),
            tags: tags.collect::<Result<_, _>>()?,
            by: line.by.map(Cow::into_owned),
            tool: line.tool.into_owned(),
        })
    }

    /// What is stored.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Malformed> {
        let (note, source) = (self.note.as_deref(), self.source.as_deref());
        check_length(note, NOTE_TEXT_BYTES_MAX, "a note has at most 16384 bytes")?;
        check_length(source, SOURCE_BYTES_MAX, "a source has at most 8192 bytes")?;
        if self.tags.len() > TAGS_MAX {
            return Err(Malformed::new(
                "at most 64 tags are put on a document or taken off together",
            ));
        }
        let is_text = |name: &&DocName| name.utf8().is_none();
        let exact = self.name.as_ref().filter(is_text).map(|name| STANDARD.encode(name.as_bytes()));
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string().into());
        let tags = self.tags.iter().map(|tag| tag.to_string().into()).collect::<Vec<_>>();
        Ok(serde_json::to_vec(&DocumentDetailLine {
            salt: hex(&self.salt).into(),
            name: self.name.as_ref().map(DocName::text),
            name_b64: exact.map(Cow::from),
            source: source.map(Cow::from),
            captured: time(self.captured),
            mtime: time(self.mtime),
            note: note.map(Cow::from),
            tags: (!tags.is_empty()).then_some(tags),
            by: self.by.as_deref().map(Cow::from),
            tool: self.tool.as_str().into(),
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::event::{Detail, Event};

    const RENAME: &str = concat!(
        r#"{"t":"rename","v":1,"at":"2026-11-23T08:06:55Z","doc":"a562f1c63e7a659a","prev":7,"of":3,"#,
        r#""detail":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#
    );
    const DETAIL: &str = concat!(
        r#"{"salt":"f2e51ab6a2e22b5844687f18ce6c0616","name":"new.txt","name_b64":null,"source":null,"#,
        r#""captured":"2026-11-20T00:00:00Z","mtime":null,"note":null,"tags":["+wire","-draft"],"by":null,"tool":"archive 0.1.0"}"#
    );

    fn event(change: &str) -> Event {
        Event::parse(RENAME.replacen("rename", change, 1).as_bytes()).unwrap()
    }

    #[test]
    fn all_four_go_round() {
        for change in ["gone", "rename", "seen", "describe"] {
            let line = RENAME.replacen("rename", change, 1);
            let event = Event::parse(line.as_bytes()).unwrap();
            assert_eq!(event.line().unwrap(), line.as_bytes());
            assert_eq!(event.event_type(), change);
            let Event::Document(event) = event else { panic!() };
            assert_eq!((event.prev, event.of, event.kind.as_str()), (7, 3, change));
        }
        for (from, to) in [
            (r#""prev":7"#, r#""prev":null"#),
            (r#""of":3"#, r#""of":9007199254740992"#),
            (r#","of":3"#, ""),
            (r#""prev":7,"of":3"#, r#""of":3,"prev":7"#),
            ("a562", "A562"),
        ] {
            assert!(Event::parse(RENAME.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
        }
    }

    #[test]
    fn their_details_go_round_in_one_spelling() {
        let detail = Detail::parse(&event("rename"), DETAIL.as_bytes()).unwrap();
        assert_eq!(detail.bytes().unwrap(), DETAIL.as_bytes());
        let Detail::Document(read) = detail else { panic!() };
        assert_eq!(read.name, Some(DocName::new("new.txt").unwrap()));
        assert!(Detail::parse(&event("gone"), DETAIL.as_bytes()).is_err(), "it has a name");
        let nameless = DETAIL.replacen(r#""new.txt""#, "null", 1);
        assert!(Detail::parse(&event("seen"), nameless.as_bytes()).is_ok());
        assert!(Detail::parse(&event("rename"), nameless.as_bytes()).is_err());
        for (from, to) in [
            (r#"["+wire","-draft"]"#, "[]"),
            ("+wire", "wire"),
            ("+wire", "+wi re"),
            (r#""mtime":null,"#, ""),
            ("20T00:00:00Z", "20T00:00:00.0Z"),
            (r#""name_b64":null"#, r#""name_b64":"bmV3LnR4dA==""#),
        ] {
            let line = DETAIL.replacen(from, to, 1);
            assert_ne!(line, DETAIL);
            assert!(Detail::parse(&event("rename"), line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_kept_exactly() {
        let name = Some(DocName::new(&b"caf\xe9"[..]).unwrap());
        let detail = DocumentDetail { name, tool: "t".into(), ..DocumentDetail::default() };
        let bytes = Detail::Document(detail.clone()).bytes().unwrap();
        assert_eq!(Detail::parse(&event("rename"), &bytes), Ok(Detail::Document(detail)));
    }
}
