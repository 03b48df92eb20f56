//! Which stored blobs look like another one.

use crate::types::{digest::Key, error::Error};

/// How many features a blob has.
pub const N_FEATURES: usize = 12;

/// The features of a blob: two blobs that share many of them are alike in their bytes.
pub type Features = [u32; N_FEATURES];

/// A stored blob that shares features with another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relative {
    /// Its key: where it may lie.
    pub key: Key,
    /// Its size, where it is a whole content; a chunk's size is not on record.
    pub n_bytes: Option<u64>,
    /// How many of the features asked for it was found by.
    pub n_matching: u32,
}

/// Says which stored blobs share features with another one.
pub trait Kin {
    /// The few blobs that share most of the features, of equals the latest first; and the blob
    /// `also`, last, if it was found too.
    fn kin(&self, features: &Features, also: Option<Key>) -> Result<Vec<Relative>, Error>;
}
