//! From bytes to words: what people read of a content, and hashes of its words.

use std::{borrow::Cow, ops::Range};

use crate::text::{self, Normal, ReadAs};

use super::{
    shingles::{self, PackedWords},
    sketch::Sketch,
};

/// The sketch of a content that is text; none for anything else, or when it has no words.
pub fn sketch(bytes: &[u8], read_as: ReadAs) -> Option<Sketch> {
    let text = text_of(bytes, read_as)?;
    let normal = Normal::of(&text);
    (!normal.ends().is_empty()).then(|| Sketch::of(words(&normal)))
}

/// A hash of the words of a line; none of a line without words.
pub fn line_hash(line: &Normal) -> Option<u32> {
    shingles::sequence_hash(words(line))
}

/// The words of a text in normal form as shingles are made of them.
pub fn words(normal: &Normal) -> PackedWords<'_> {
    PackedWords { bytes: normal.bytes(), ends: normal.ends() }
}

/// What people read of a content; none when it is no text.
pub fn text_of<'a>(bytes: &'a [u8], read_as: ReadAs) -> Option<Cow<'a, str>> {
    Some(text::readable(bytes, read_as)?.text)
}

/// A hash of each word of a text, and where the characters stand that it comes from.
pub fn placed_words(text: &str) -> (Vec<u64>, Vec<Range<usize>>) {
    let (normal, places) = text::placed(text);
    (hashed_words(&normal), places)
}

/// A hash of each word.
pub fn hashed_words(normal: &Normal) -> Vec<u64> {
    shingles::word_hashes(words(normal))
}
