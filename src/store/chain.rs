//! Chains: which blob of a chain a new one is attached to, so that no chain grows too deep to read.
//!
//! A blob is attached to the base that was chosen for it while the chain under that is within bounds.
//! At the bound it skips: it is attached to an ancestor, and the chain goes on from there. Blobs that
//! skipped, and the end of the chain, are its backbone. The deepest of the backbone that still has room
//! is taken, so that what follows is compressed against something recent rather than against the
//! oldest revision of all. Where the backbone itself is full, half of its depth is skipped.

use crate::types::{digest::Key, limits};

use super::frame::{Base, FrameKind, Header};

/// How deep a backbone goes. The other half of the depth is for what is attached to its deepest blob.
const BACKBONE_DEPTH_MAX: u8 = limits::DEPTH_MAX / 2;

/// What counts of a blob that another may be attached to.
///
/// Of a blob that is still being compressed, depth and decoded bytes are the most they can become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainLink {
    pub key: Key,
    /// How many bases lie under it.
    pub depth: u8,
    /// Bytes decoded to read it.
    pub decoded_bytes: u64,
    /// It is the end of its chain, or was attached to an ancestor because its chain had reached a limit.
    pub is_backbone: bool,
    /// The blob it is attached to.
    pub base: Option<Key>,
    /// It is a chunk list, and only lists are attached to it.
    pub is_list: bool,
}

impl ChainLink {
    /// What the header of a blob's frame says of it.
    pub fn of(key: Key, header: &Header) -> Self {
        let base = header.base;
        Self {
            key,
            depth: header.depth(),
            decoded_bytes: header.decoded_bytes(),
            is_backbone: base.is_none_or(|base| base.skip),
            base: base.map(|base| base.key),
            is_list: header.kind == FrameKind::List,
        }
    }

    /// Whether a blob of `n_raw` bytes may be attached to this one.
    pub fn has_room(&self, n_raw: usize) -> bool {
        self.depth < limits::DEPTH_MAX
            && self.decoded_bytes + n_raw as u64 <= limits::DECODED_BYTES_MAX
    }

    /// Whether a blob of `n_raw` bytes may skip to this one.
    ///
    /// Half of the decoded bytes, too, are for what is attached to that blob later: where skipping gave
    /// no room for more, each further one would have to skip as well.
    fn is_skip_target(&self, n_raw: usize, depth_max: u8) -> bool {
        self.is_backbone
            && self.depth < depth_max
            && self.decoded_bytes + n_raw as u64 <= limits::DECODED_BYTES_MAX / 2
    }

    /// What the header of a frame of `n_raw` bytes states about this blob as its base.
    pub fn describe(&self, n_raw: usize, skip: bool) -> Base {
        let decoded_bytes = (self.decoded_bytes + n_raw as u64) as u32;
        Base { key: self.key, depth: self.depth + 1, decoded_bytes, skip }
    }
}

/// The blob of a chain that a new one of `n_raw` bytes is attached to, and whether that skips others;
/// none when it had better start over. `chain` begins with the base that was chosen.
pub fn attach<E>(
    chain: impl Iterator<Item = Result<ChainLink, E>>,
    n_raw: usize,
) -> Result<Option<(ChainLink, bool)>, E> {
    // Going down the chain depth falls, so the first that fits is the deepest.
    let mut depth_max = BACKBONE_DEPTH_MAX;
    for (n, link) in chain.enumerate() {
        let link = link?;
        if n == 0 && link.has_room(n_raw) {
            return Ok(Some((link, false)));
        }
        // The backbone is full. The blob below its end would only get another end of the same depth, and
        // every later skip would lead back to it; from half way down the backbone grows anew.
        if link.is_backbone && link.depth == BACKBONE_DEPTH_MAX {
            depth_max = BACKBONE_DEPTH_MAX / 2;
        }
        if link.is_skip_target(n_raw, depth_max) {
            return Ok(Some((link, true)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Adds `n` revisions of `n_raw` bytes by the rules above; returns the chain of each.
    fn grow(n: u64, n_raw: usize) -> Vec<Vec<ChainLink>> {
        let decoded_bytes = n_raw as u64;
        let root = |key| ChainLink {
            key: Key(key),
            depth: 0,
            decoded_bytes,
            is_backbone: true,
            base: None,
            is_list: false,
        };
        let mut all = vec![vec![root(0)]];
        for key in 1..n {
            let base_candidates = all.last().unwrap().clone();
            let Ok(found) = attach(base_candidates.into_iter().map(Ok::<_, Infallible>), n_raw);
            let chain = match found {
                None => vec![root(key)],
                Some((target, skip)) => {
                    let base = target.describe(n_raw, skip);
                    let link = ChainLink {
                        key: Key(key),
                        depth: base.depth,
                        decoded_bytes: base.decoded_bytes.into(),
                        is_backbone: skip,
                        base: Some(base.key),
                        is_list: false,
                    };
                    [&[link][..], &all[target.key.0 as usize]].concat()
                }
            };
            all.push(chain);
        }
        all
    }

    #[test]
    fn chains_stay_within_their_bounds() {
        for n_raw in [100, 1 << 20, 4 << 20] {
            for chain in grow(2000, n_raw) {
                assert!(chain.len() <= usize::from(limits::DEPTH_MAX) + 1);
                assert!(chain.len() as u64 * n_raw as u64 <= limits::DECODED_BYTES_MAX);
                assert_eq!(chain[0].depth as usize, chain.len() - 1);
            }
        }
    }

    #[test]
    fn whole_copies_are_rare() {
        let whole = grow(2000, 40_000).iter().filter(|chain| chain.len() == 1).count();
        assert_eq!(whole, 1);
    }

    #[test]
    fn a_skip_leads_to_something_recent() {
        let skips = |n| -> Vec<u64> {
            let chains = grow(n, 100).into_iter();
            let skipped = chains.filter(|chain| chain.len() > 1 && chain[0].is_backbone);
            skipped.map(|chain| chain[0].key.0 - chain[1].key.0).collect()
        };
        assert_eq!(skips(100), [33, 32, 31]);
        let all = skips(10_000);
        let far = all.iter().filter(|distance| **distance > 64).count();
        assert!(far * 8 < all.len(), "{far} of {} are far from their base", all.len());
    }
}
