//! From bytes to the sketch that near-duplicates are found by.

use crate::{
    crafts::{
        sketch::{Shingles, Sketch, Words},
        text::{self, Normal},
    },
    words::limits,
};

/// The sketch of a content that is text; none for anything else, or when it has no words.
pub fn sketch(bytes: &[u8], media_type: &str) -> Option<Sketch> {
    Some(Sketch::of(words(&normal(bytes, media_type)?)))
}

/// The sketch and the full set of shingles of a text, for exact numbers.
pub fn sketch_and_shingles(bytes: &[u8], media_type: &str) -> Option<(Sketch, Shingles)> {
    let normal = normal(bytes, media_type)?;
    Some((Sketch::of(words(&normal)), Shingles::of(words(&normal))))
}

/// The full set of shingles of a text, for exact numbers.
pub fn shingles(bytes: &[u8], media_type: &str) -> Option<Shingles> {
    Some(Shingles::of(words(&normal(bytes, media_type)?)))
}

fn words(normal: &Normal) -> Words<'_> {
    Words { bytes: normal.bytes(), ends: normal.ends() }
}

fn normal(bytes: &[u8], media_type: &str) -> Option<Normal> {
    if bytes.len() > limits::TEXT_BYTES_MAX {
        return None;
    }
    let normal = Normal::of(&text::readable(bytes, media_type)?.text);
    (!normal.ends().is_empty()).then_some(normal)
}
