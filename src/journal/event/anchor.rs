//! Events that say when an authority saw the journal, and the tokens by which it says so.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::types::{
    digest::{Digest, hex},
    limits::{NOTE_TEXT_BYTES_MAX, TOKEN_BYTES_MAX},
    time::Timestamp,
};

use super::{
    ActDetail, Malformed, VERSION,
    detail::{check_length, read_salt},
    json,
};

/// A time token about the journal as it was at an earlier commit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Anchor {
    /// By the writer's clock.
    #[serde(deserialize_with = "json::spelled")]
    pub at: Timestamp,
    /// How many events the journal had that the token is about.
    pub size: u64,
    /// The Merkle root over them.
    #[serde(deserialize_with = "json::spelled")]
    pub root: Digest,
    /// The time in the token.
    #[serde(deserialize_with = "json::spelled")]
    pub time: Timestamp,
    /// Of the token's bytes.
    #[serde(deserialize_with = "json::spelled")]
    pub token: Digest,
    /// The digest of the detail's bytes.
    #[serde(deserialize_with = "json::spelled")]
    pub detail: Digest,
}

/// The detail of an anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorDetail {
    /// The token, in DER.
    pub token: Vec<u8>,
    /// Who recorded it, with which program.
    pub act: ActDetail,
}

/// The detail as it stands in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnchorLine<'a> {
    salt: Cow<'a, str>,
    token: Cow<'a, str>,
    by: Option<Cow<'a, str>>,
    note: Option<Cow<'a, str>>,
    tool: Cow<'a, str>,
}

impl Anchor {
    pub(super) fn spell(&self) -> String {
        let Self { at, size, root, time, token, detail } = self;
        format!(
            r#"{{"t":"anchor","v":{VERSION},"at":"{at}","size":{size},"root":"{root}","time":"{time}","token":"{token}","detail":"{detail}"}}"#
        )
    }
}

impl AnchorDetail {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let line: AnchorLine = serde_json::from_slice(bytes)?;
        let token = STANDARD.decode(&*line.token);
        let token = token.map_err(|_| Malformed::new("a token is not base64"))?;
        let act = ActDetail {
            salt: read_salt(&line.salt)?,
            by: line.by.map(Cow::into_owned),
            note: line.note.map(Cow::into_owned),
            tool: line.tool.into_owned(),
        };
        Ok(Self { token, act })
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>, Malformed> {
        let Self { token, act: ActDetail { salt, by, note, tool } } = self;
        check_length(note.as_deref(), NOTE_TEXT_BYTES_MAX, "a note has at most 16384 bytes")?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Malformed::new("a token has at most 32768 bytes"));
        }
        Ok(serde_json::to_vec(&AnchorLine {
            salt: hex(salt).into(),
            token: STANDARD.encode(token).into(),
            by: by.as_deref().map(Cow::from),
            note: note.as_deref().map(Cow::from),
            tool: tool.as_str().into(),
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Detail, Event};
    use super::*;

    const LINE: &str = concat!(
        r#"{"t":"anchor","v":1,"at":"2026-11-29T03:20:33Z","size":9,"#,
        r#""root":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","#,
        r#""time":"2026-11-29T03:20:31.5Z","#,
        r#""token":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","#,
        r#""detail":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#
    );
    const DETAIL: &str = r#"{"salt":"abababababababababababababababab","token":"YWJj","by":null,"note":null,"tool":"archive 0.1.0"}"#;

    #[test]
    fn an_anchor_and_its_detail_have_one_spelling() {
        let event = Event::parse(LINE.as_bytes()).unwrap();
        assert_eq!(event.line().unwrap(), LINE.as_bytes());
        let detail = Detail::parse(&event, DETAIL.as_bytes()).unwrap();
        let Detail::Anchor(anchor) = &detail else { panic!() };
        assert_eq!(anchor.token, b"abc");
        assert_eq!(detail.bytes().unwrap(), DETAIL.as_bytes());
        for (from, to) in [
            ("\"size\":9", "\"size\":09"),
            ("\"size\":9", "\"size\":9007199254740992"),
            ("31.5Z", "31.50Z"),
            ("\"root\"", "\"root\":null,\"root\""),
            ("ba78", "BA78"),
        ] {
            assert!(Event::parse(LINE.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
        }
        for (from, to) in [("YWJj", "YWJj="), ("YWJj", "YWJ"), ("\"by\":null,", ""), ("null", "1")]
        {
            assert!(
                Detail::parse(&event, DETAIL.replacen(from, to, 1).as_bytes()).is_err(),
                "{to}"
            );
        }
        let act = ActDetail { salt: [0; 16], by: None, note: None, tool: String::new() };
        let token = vec![0; TOKEN_BYTES_MAX + 1];
        assert!(Detail::Anchor(AnchorDetail { token, act }).bytes().is_err());
    }
}
