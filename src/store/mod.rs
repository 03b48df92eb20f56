//! The store keeps blobs in packs: it puts them, chooses bases, seals, reads and verifies.
//!
//! A blob is asked for by its SHA-256. Where it may lie is told by a [`Places`],
//! which the house takes from the catalog; keys and places are hints, and what is read is only handed out once
//! its SHA-256 is the one asked for.

mod cache;
pub mod candidates;
mod chain;
pub mod chunk;
mod compressor;
pub mod features;
pub mod frame;
pub mod pack;
pub mod place;
mod read;
mod repack;
mod solid;
pub mod usage;
mod write;

pub use cache::Decoded;
pub use compressor::CompressionLevels;
pub use read::{Content, Frames, Reader, Sealed, Step};
pub use repack::Repacker;
pub use write::{Blob, Stored, Writer, Written};

use crate::types::{
    digest::{Digest, Key},
    error::Error,
};

use self::{
    candidates::{BaseCandidate, BaseCandidates},
    features::Features,
    place::{Place, Places},
};

/// Knows no blobs: a writer that starts from nothing asks this.
pub struct Nothing;

impl Places for Nothing {
    fn places(&self, _: Key) -> Result<Vec<Place>, Error> {
        Ok(Vec::new())
    }
}

impl BaseCandidates for Nothing {
    fn base_candidates(&self, _: &Features, _: Option<Key>) -> Result<Vec<BaseCandidate>, Error> {
        Ok(Vec::new())
    }
}

/// The name of the object that holds a pack.
pub fn pack_name(pack: &Digest) -> String {
    let hex = pack.to_string();
    format!("packs/{}/{hex}", &hex[..2])
}
