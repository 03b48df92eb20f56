//! How many bytes two contents share, where they are not compared as texts.
//!
//! Equal beginnings and ends are counted to the byte, and what lies between in pieces that the bytes themselves
//! cut, so that an insertion moves few borders. What is found is at least what they share. Contents that
//! are too large for that are compared by the chunks that they are stored in, and are not read.

use std::{collections::HashMap, hash::Hash};

use crate::{
    diff::Sides,
    store::chunk::{self, Chunk},
    types::{digest::Digest, error::Error, limits},
};

use super::{
    Archive,
    operand::{ContentBytes, KnownOperand},
};

/// Fewer equal bytes at a beginning or an end say nothing, unless they are all that one content has.
const STRETCH_BYTES_MIN: usize = 16;

impl Archive {
    /// How many bytes two contents share at least; `None` where one is from outside and too large.
    pub(super) fn shared_bytes(
        &self,
        a: KnownOperand,
        b: KnownOperand,
    ) -> Result<Option<u64>, Error> {
        let is_large = |it: &KnownOperand| it.facts.n_bytes > limits::TEXT_BYTES_MAX as u64;
        if is_large(&a) || is_large(&b) {
            let (Some(a), Some(b)) = (self.chunks_of(a)?, self.chunks_of(b)?) else {
                return Ok(None);
            };
            let sized = |chunks: Vec<Chunk>| -> Vec<(Digest, u64)> {
                chunks.iter().map(|it| (it.digest, u64::from(it.n_bytes))).collect()
            };
            return Ok(Some(in_both(sized(a), sized(b))));
        }
        let (Some(a), Some(b)) = (self.bytes_of(a)?, self.bytes_of(b)?) else { return Ok(None) };
        Ok(Some(shared_bytes(Sides { a: &a, b: &b })))
    }

    /// The chunks that a content is stored in, or would be.
    fn chunks_of(&self, known: KnownOperand) -> Result<Option<Vec<Chunk>>, Error> {
        let is_stored = matches!(known.bytes, ContentBytes::Stored);
        if is_stored && known.facts.n_bytes > limits::BLOB_BYTES_MAX as u64 {
            return self.reader.chunks_of_large(&known.facts.digest).map(Some);
        }
        let Some(bytes) = self.bytes_of(known)? else { return Ok(None) };
        let chunks = chunk::cut(&bytes[..]).map(|bytes| {
            let bytes = bytes.map_err(|source| Error::io("read", "a content", source))?;
            Ok(Chunk { digest: Digest::of(&bytes), n_bytes: bytes.len() as u32 })
        });
        chunks.collect::<Result<_, _>>().map(Some)
    }
}

/// How many bytes are found in both.
pub(super) fn shared_bytes(sides: Sides<&[u8]>) -> u64 {
    let Sides { a, b } = sides;
    let n_whole = a.len().min(b.len());
    let counts = |n: &usize| *n >= STRETCH_BYTES_MIN || *n == n_whole;
    let n_first = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let n_first = Some(n_first).filter(counts).unwrap_or(0);
    let (a, b) = (&a[n_first..], &b[n_first..]);
    let n_last = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let n_last = Some(n_last).filter(counts).unwrap_or(0);
    let (a, b) = (&a[..a.len() - n_last], &b[..b.len() - n_last]);
    let sized = |bytes| chunk::cut_finely(bytes).map(|piece| (piece, piece.len() as u64));
    (n_first + n_last) as u64 + in_both(sized(a), sized(b))
}

/// The size of the pieces that both have, of one that repeats as often as both have it.
fn in_both<T: Eq + Hash>(
    a: impl IntoIterator<Item = (T, u64)>,
    b: impl IntoIterator<Item = (T, u64)>,
) -> u64 {
    let mut counts: HashMap<T, usize> = HashMap::new();
    a.into_iter().for_each(|(piece, _)| *counts.entry(piece).or_default() += 1);
    let is_shared = |(piece, n_bytes)| {
        let n_left = counts.get_mut(&piece).filter(|n_left| **n_left > 0)?;
        *n_left -= 1;
        Some(n_bytes)
    };
    b.into_iter().filter_map(is_shared).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u8, n_bytes: usize) -> Vec<u8> {
        let blocks =
            (0..n_bytes / 32 + 1).map(|n| Digest::of(&[&[seed], &n.to_le_bytes()[..]].concat()));
        blocks.flat_map(|block| *block.as_bytes()).take(n_bytes).collect()
    }

    fn shared(a: &[u8], b: &[u8]) -> u64 {
        let found = shared_bytes(Sides { a, b });
        assert_eq!(found, shared_bytes(Sides { a: b, b: a }), "the same from both sides");
        found
    }

    #[test]
    fn beginnings_and_ends_count_to_the_byte() {
        for (a, b, expected) in [
            ("the same before it|the same after it", "the same before it, |the same after it", 36),
            ("the same before, at first|x", "the same before, at first|y", 26),
            ("abXdef\n", "abYdef\n", 0),
            ("abcdef", "abcdefg", 6),
            ("abcdef", "abcXdef", 0),
            ("aaaa", "aa", 2),
            ("abc", "", 0),
            ("abc", "xyz", 0),
            ("abc", "abc", 3),
        ] {
            assert_eq!(shared(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }

    #[test]
    fn what_moved_or_was_inserted_is_found() {
        let (x, y, z) = (noise(1, 40_000), noise(2, 40_000), noise(3, 500));
        let swapped = shared(&[&x[..], &y].concat(), &[&y[..], &x].concat());
        assert!((78_000..=80_000).contains(&swapped), "{swapped}");
        let edited = [&z[..], &x[..20_000], &z, &x[20_000..], &z].concat();
        let found = shared(&x, &edited);
        assert!((38_000..=40_000).contains(&found), "{found}");
        assert_eq!(shared(&x, &y), 0);
        // What repeats counts as often as both have it.
        let doubled = shared(&x, &[&x[..], &x].concat());
        assert_eq!(doubled, 40_000);
    }
}
