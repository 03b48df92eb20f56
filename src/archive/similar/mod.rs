//! Near-duplicates in the archive: neighbours of a text, groups, and what new texts resemble.
//!
//! Here catalog and store are asked; what is computed of texts is `similarity`, and every number of it
//! is in `similarity/params.rs`, with a picture of the steps.

pub mod groups;
pub mod neighbours;
pub mod new_texts;
pub mod sites;
mod wanted;

use crate::text::{Normal, readable};

pub use crate::text::{ReadAs, Scope};

pub use crate::similarity::{
    explanation::{Explanation, SharedPassage},
    prepared::Containment,
    score::{Similarity, Threshold},
};

/// Whether these bytes are a text with something to compare in it.
pub fn has_words(bytes: &[u8], read_as: ReadAs) -> bool {
    readable(bytes, read_as).is_some_and(|it| !Normal::of(&it.text).ends().is_empty())
}
