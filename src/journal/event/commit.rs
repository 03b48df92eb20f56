//! The event that ends a commit, and binds it to what came before.

use serde::Deserialize;

use crate::types::{
    digest::{Digest, hex},
    time::Timestamp,
};

use super::{super::object::CommitId, VERSION, json};

/// The end of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Commit {
    /// By the writer's clock.
    #[serde(deserialize_with = "json::spelled")]
    pub at: Timestamp,
    /// The number of the commit, from 0; the first has no events.
    pub number: u64,
    /// What makes it unlike any other attempt at the same number.
    #[serde(deserialize_with = "json::spelled")]
    pub id: CommitId,
    /// The index of the batch's first event.
    pub base: u64,
    /// The Merkle root over all events before that one.
    #[serde(deserialize_with = "json::spelled")]
    pub before: Digest,
    /// The number of events in the batch, this one not counted.
    #[serde(rename = "n")]
    pub n_events: u64,
    /// The Merkle root over the batch alone, without this event.
    #[serde(deserialize_with = "json::spelled")]
    pub root: Digest,
    /// The id of the signing key.
    #[serde(rename = "key", deserialize_with = "json::spelled")]
    pub key_id: [u8; 4],
    /// The digest of the detail's bytes.
    #[serde(deserialize_with = "json::spelled")]
    pub detail: Digest,
}

impl Commit {
    pub(super) fn spell(&self) -> String {
        let Self { at, number, id, base, before, n_events, root, key_id, detail } = self;
        let id = hex(id);
        format!(
            r#"{{"t":"commit","v":{VERSION},"at":"{at}","number":{number},"id":"{id}","base":{base},"before":"{before}","n":{n_events},"root":"{root}","key":"{}","detail":"{detail}"}}"#,
            hex(key_id)
        )
    }
}
