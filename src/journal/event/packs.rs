//! Events that tell of packs: those that came with a commit, and those on which nobody relies any longer.

use serde::Deserialize;

use crate::types::{pack_id::PackId, time::Timestamp};

use super::{VERSION, json};

/// As many packs as an event has room for.
pub const PACKS_MAX: usize = 50;

/// Packs that a commit brought.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Packs {
    /// By the writer's clock.
    #[serde(deserialize_with = "json::spelled")]
    pub at: Timestamp,
    /// Which; at most [`PACKS_MAX`].
    #[serde(deserialize_with = "json::spelled_list")]
    pub packs: Vec<PackId>,
}

/// What whoever has read the journal up to here no longer relies on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Condemn {
    /// By the writer's clock.
    #[serde(deserialize_with = "json::spelled")]
    pub at: Timestamp,
    /// Packs; at most [`PACKS_MAX`].
    #[serde(deserialize_with = "json::spelled_list")]
    pub packs: Vec<PackId>,
}

impl Packs {
    pub(super) fn spell(&self) -> String {
        spell("packs", self.at, &self.packs)
    }
}

impl Condemn {
    pub(super) fn spell(&self) -> String {
        spell("condemn", self.at, &self.packs)
    }
}

fn spell(event_type: &str, at: Timestamp, packs: &[PackId]) -> String {
    let packs: Vec<String> = packs.iter().map(|pack| format!("\"{pack}\"")).collect();
    format!(r#"{{"t":"{event_type}","v":{VERSION},"at":"{at}","packs":[{}]}}"#, packs.join(","))
}
