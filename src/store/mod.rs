//! The store keeps blobs in packs: it puts them, chooses bases, seals, reads and verifies.
//!
//! A blob is asked for by its SHA-256. [`Places`], which the catalog implements, names where it may
//! lie. Keys and places are hints: what is read is only handed out once its SHA-256 is the one asked
//! for.

mod base_queue;
mod cache;
pub mod candidates;
mod chain;
pub mod chunk;
mod compressor;
mod content;
pub mod features;
pub mod frame;
mod order;
pub mod pack;
pub mod payload;
pub mod place;
mod read;
mod repack;
mod sealed;
mod solid;
mod together;
pub mod usage;
mod write;

pub use cache::DecodedFrame;
pub use chain::ChainLink;
pub use compressor::CompressionLevels;
pub use content::ContentReader;
pub use read::{ChainStep, Frames, Reader};
pub use repack::Repacker;
pub use sealed::Sealed;
pub use solid::SMALL_BYTES_MAX;
pub use write::{Blob, Presence, StoredBlobs, Writer, Written};

use crate::types::{digest::Key, error::Error};

use self::{
    candidates::{BaseCandidate, BaseCandidates},
    features::Features,
    place::{Place, Places},
};

/// No blobs at all: for a writer that starts from nothing.
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
