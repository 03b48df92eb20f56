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
///
/// White space ends every word, so each stretch between is normalised by itself.
pub fn placed_words(text: &str) -> (Vec<u64>, Vec<Range<usize>>) {
    let (mut hashes, mut places) = (Vec::new(), Vec::new());
    for token in text.split_ascii_whitespace() {
        let start = token.as_ptr() as usize - text.as_ptr() as usize;
        let normal = Normal::of(token);
        let found = shingles::word_hashes(words(&normal));
        let parts = parts(token, found.len()).into_iter();
        places.extend(parts.map(|part| start + part.start..start + part.end));
        hashes.extend(found);
    }
    (hashes, places)
}

/// The places of the words in a token, the signs behind each with it; all of it for each where they cannot be
/// told apart.
fn parts(token: &str, n_words: usize) -> Vec<Range<usize>> {
    let whole = vec![0..token.len(); n_words];
    if n_words < 2 {
        return whole;
    }
    let mut starts = Vec::new();
    let mut is_within = false;
    for (at, c) in token.char_indices() {
        if c.is_alphanumeric() && !is_within {
            starts.push(at);
        }
        is_within = c.is_alphanumeric();
    }
    if starts.len() != n_words {
        return whole;
    }
    starts[0] = 0;
    let ends = starts[1..].iter().copied().chain([token.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}
