//! Where a stored blob lies.

use crate::types::{digest::Key, error::Error, pack_id::PackId};

/// Where one blob lies: a frame in a pack, and the blob's index in that frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The pack.
    pub pack: PackId,
    /// The first byte of the frame in the pack.
    pub offset: u32,
    /// The length of the frame, header included.
    pub n_bytes: u32,
    /// Which of the frame's blobs it is, from 0.
    pub index: u16,
}

/// Where blobs with a key may lie, the likeliest place first.
pub trait Places {
    /// Every known place of that key; none when the key is unknown.
    fn places(&self, key: Key) -> Result<Vec<Place>, Error>;

    /// From now on, places are those of now: packs may have been compacted away since.
    fn refresh(&self) {}
}
