//! Events by which another key signs: one that the key before signs to, and one that begins an epoch of its own.

use serde::Deserialize;

use crate::types::{digest::Digest, time::Timestamp};

use super::{super::note::Verifier, VERSION, json};

/// A change of the signing key, signed by the key before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Keys {
    /// By the writer's clock.
    #[serde(deserialize_with = "json::spelled")]
    pub at: Timestamp,
    /// The new key.
    #[serde(deserialize_with = "json::spelled")]
    pub key: PublicKey,
    /// The digest of the detail's bytes.
    #[serde(deserialize_with = "json::spelled")]
    pub detail: Digest,
}

/// The beginning of another epoch: the first event of a commit, which the new key signs under the new origin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Adopt {
    /// By the writer's clock.
    #[serde(deserialize_with = "json::spelled")]
    pub at: Timestamp,
    /// Its number; the archive begins with the first.
    pub epoch: u64,
    /// How many events the archive had that goes on.
    pub size: u64,
    /// The Merkle root over them.
    #[serde(deserialize_with = "json::spelled")]
    pub root: Digest,
    /// The new key.
    #[serde(deserialize_with = "json::spelled")]
    pub key: PublicKey,
    /// The digest of the detail's bytes.
    #[serde(deserialize_with = "json::spelled")]
    pub detail: Digest,
}

/// A public key without the name that it goes by: what follows the name in a vkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(String);

impl Keys {
    pub(super) fn spell(&self) -> String {
        let Self { at, key, detail } = self;
        format!(r#"{{"t":"keys","v":{VERSION},"at":"{at}","key":"{}","detail":"{detail}"}}"#, key.0)
    }
}

impl Adopt {
    pub(super) fn spell(&self) -> String {
        let Self { at, epoch, size, root, key, detail } = self;
        format!(
            r#"{{"t":"adopt","v":{VERSION},"at":"{at}","epoch":{epoch},"size":{size},"root":"{root}","key":"{}","detail":"{detail}"}}"#,
            key.0
        )
    }
}

impl PublicKey {
    /// The key of a verifier.
    pub fn of(verifier: &Verifier) -> Self {
        let vkey = verifier.to_string();
        Self(vkey[verifier.name().len() + 1..].to_owned())
    }

    /// The key under a name; none where they do not belong together, since a key's id goes by its name.
    pub fn under(&self, name: &str) -> Option<Verifier> {
        Verifier::parse(&format!("{name}+{}", self.0)).ok()
    }

    /// Reads the id and the base64 of the key.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (id, key) = text.split_once('+')?;
        let is_id = id.len() == 8 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        (is_id && key.len() == 44 && key.bytes().all(is_base64)).then(|| Self(text.to_owned()))
    }
}
