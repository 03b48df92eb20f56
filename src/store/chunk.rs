//! Chunks: how large content is cut by content, and the list that puts it together again.
//!
//! The cut points are FastCDC's (Xia et al., USENIX ATC 2016 and IEEE TPDS 2020), normalisation
//! level 1, as in the `fastcdc` crate's `v2020`. The list's layout is docs/format.md, section 5.

use std::{
    cell::RefCell,
    io::{self, Read},
    rc::Rc,
};

use fastcdc::v2020::{Error as CutError, FastCDC, StreamCDC};

use crate::types::{digest::Digest, limits};

const VERSION: u8 = 1;

/// One chunk of a large content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// The SHA-256 of its bytes, under which it is stored as a blob.
    pub digest: Digest,
    /// Of the chunk, at most [`limits::BLOB_BYTES_MAX`].
    pub n_bytes: u32,
}

/// Cuts what `source` gives into chunks of [`limits::CHUNK_BYTES_AVG`] on average, and of
/// [`limits::CHUNK_COARSE_BYTES_AVG`] far behind.
pub fn cut(source: impl Read) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    cut_by(source, limits::CHUNK_FINE_BYTES)
}

fn cut_by(source: impl Read, n_fine: u64) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    let source = SharedReader(Rc::new(RefCell::new(source)));
    let fine = pieces(source.clone().take(n_fine), limits::CHUNK_BYTES_AVG);
    fine.chain(pieces(source, limits::CHUNK_COARSE_BYTES_AVG))
}

fn pieces(source: impl Read, n_avg: usize) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    StreamCDC::new(source, n_avg / 4, n_avg, 4 * n_avg).map(|chunk| match chunk {
        Ok(chunk) => Ok(chunk.data),
        Err(CutError::IoError(error)) => Err(error),
        Err(other) => Err(io::Error::other(other.to_string())),
    })
}

/// Cuts bytes by the same rule into pieces of 256 on average, none above 1,024, to be compared and not stored.
pub fn cut_finely(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    FastCDC::new(bytes, 64, 256, 1024).map(|cut| &bytes[cut.offset..cut.offset + cut.length])
}

/// One source that two cutters read one after the other.
struct SharedReader<R>(Rc<RefCell<R>>);

impl<R> Clone for SharedReader<R> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<R: Read> Read for SharedReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(out)
    }
}

/// Writes a chunk list: version, then length and digest of each chunk in order.
pub fn encode_list(chunks: &[Chunk]) -> Vec<u8> {
    let mut list = Vec::with_capacity(1 + chunks.len() * 36);
    list.push(VERSION);
    for chunk in chunks {
        list.extend_from_slice(&chunk.n_bytes.to_be_bytes());
        list.extend_from_slice(chunk.digest.as_bytes());
    }
    list
}

/// Reads a chunk list; `None` when the bytes are not one.
pub fn parse_list(list: &[u8]) -> Option<Vec<Chunk>> {
    let (version, rest) = list.split_first()?;
    if *version != VERSION || rest.is_empty() || rest.len() % 36 != 0 {
        return None;
    }
    rest.chunks_exact(36)
        .map(|entry| {
            let n_bytes = u32::from_be_bytes(entry[..4].try_into().ok()?);
            let fits = n_bytes > 0 && n_bytes as usize <= limits::BLOB_BYTES_MAX;
            fits.then_some(Chunk { digest: Digest::from_slice(&entry[4..])?, n_bytes })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n_bytes: usize) -> Vec<u8> {
        (0..n_bytes as u64 / 32 + 1)
            .flat_map(|n| *Digest::of(&n.to_le_bytes()).as_bytes())
            .take(n_bytes)
            .collect()
    }

    fn digests(bytes: &[u8]) -> Vec<Digest> {
        cut(bytes).map(|chunk| Digest::of(&chunk.unwrap())).collect()
    }

    #[test]
    fn chunks_put_together_are_the_content() {
        let content = noise(6 << 20);
        let chunks: Vec<Vec<u8>> = cut(&content[..]).map(Result::unwrap).collect();
        assert!(chunks.iter().all(|chunk| chunk.len() <= 4 * limits::CHUNK_BYTES_AVG));
        assert_eq!(chunks.concat(), content);
    }

    #[test]
    fn a_change_at_the_front_leaves_the_chunks_behind_it_alone() {
        let content = noise(8 << 20);
        let edited = [b"a few new bytes", &content[..]].concat();
        let (before, after) = (digests(&content), digests(&edited));
        let kept = before.iter().filter(|digest| after.contains(digest)).count();
        assert!(kept + 2 >= before.len(), "{kept} of {} kept", before.len());
    }

    #[test]
    fn far_behind_the_pieces_are_larger_and_nothing_is_lost() {
        let content = noise(12 << 20);
        let chunks: Vec<Vec<u8>> = cut_by(&content[..], 3 << 20).map(Result::unwrap).collect();
        assert_eq!(chunks.concat(), content);
        let mut start = 0;
        for chunk in &chunks[..chunks.len() - 1] {
            let is_fine = start < 3 << 20;
            let n_max = if is_fine { 512 << 10 } else { 4 << 20 };
            assert!(chunk.len() <= n_max && (is_fine || chunk.len() >= 256 << 10), "at {start}");
            start += chunk.len();
        }
        assert!(chunks.iter().any(|chunk| chunk.len() > 512 << 10));
    }

    #[test]
    fn a_list_goes_round_and_nothing_else_is_one() {
        let chunks = [
            Chunk { digest: Digest::of(b"a"), n_bytes: 1 },
            Chunk { digest: Digest::of(b"b"), n_bytes: limits::BLOB_BYTES_MAX as u32 },
        ];
        let list = encode_list(&chunks);
        assert_eq!(parse_list(&list), Some(chunks.to_vec()));
        for end in 0..list.len() {
            assert_ne!(parse_list(&list[..end]), Some(chunks.to_vec()));
        }
        assert_eq!(parse_list(&[VERSION; 37]), None, "a chunk longer than any chunk");
        assert_eq!(parse_list(&[]), None);
        assert_eq!(parse_list(&[VERSION]), None);
    }
}
