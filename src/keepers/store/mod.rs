//! The store keeps blobs in packs: it puts them, chooses bases, seals, reads and verifies.
//!
//! A blob is asked for by its SHA-256. Where it may lie is told by a [`Places`](crate::words::place::Places),
//! which the house takes from the catalog; keys and places are hints, and what is read is only handed out once
//! its SHA-256 is the one asked for.

mod base;
mod cache;
pub mod layers;
pub mod pack;
mod read;
mod write;

pub use cache::Decoded;
pub use read::{Content, Reader, Sealed};
pub use write::{Writer, Written};

use crate::words::digest::Digest;

/// The name of the object that holds a pack.
pub fn pack_name(pack: &Digest) -> String {
    let hex = pack.to_string();
    format!("packs/{}/{hex}", &hex[..2])
}
