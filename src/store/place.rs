//! Where a stored blob lies.

use crate::types::{
    digest::{Digest, Key},
    error::Error,
};

/// Where one blob lies: a frame in a pack, and its turn among the blobs of that frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The pack, by its own SHA-256.
    pub pack: Digest,
    /// The first byte of the frame in the pack.
    pub offset: u32,
    /// The length of the frame, header included.
    pub n_bytes: u32,
    /// The blob's turn in the frame, from 0.
    pub turn: u16,
}

/// Says where blobs with a key may lie, the likeliest place first.
pub trait Places {
    /// Every known place of that key; none when the key is unknown.
    fn places(&self, key: Key) -> Result<Vec<Place>, Error>;

    /// Has places told as they are now: packs may have been compacted away since.
    fn refresh(&self) {}
}
