//! The Merkle tree over the journal: RFC 6962 hashes, RFC 9162 proofs, C2SP tlog-tiles.
//!
//! This file holds what needs no storage: hashes, the [`Frontier`] that grows a root, and the
//! checks of proofs. [`tiles`] holds what makes proofs: stored hashes, 256 to a tile.

pub mod tiles;

use crate::types::digest::{Digest, Hasher};

/// A tree's size and root: what a checkpoint signs and a proof is checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// The number of leaves.
    pub size: u64,
    /// The root hash over them.
    pub root: Digest,
}

/// Just enough of a tree to grow it and to know its root: one peak for every one-bit of its size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of complete subtrees, the largest and leftmost first.
    peaks: Vec<Digest>,
}

/// The hash of a leaf: SHA-256(0x00 ‖ line).
pub fn leaf_hash(line: &[u8]) -> Digest {
    hash_of(&[&[0], line])
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    hash_of(&[&[1], left.as_bytes(), right.as_bytes()])
}

impl Frontier {
    /// A frontier over leaf hashes, in order.
    pub fn of(leaves: &[Digest]) -> Self {
        let mut frontier = Self::default();
        leaves.iter().for_each(|leaf| frontier.push(*leaf));
        frontier
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Digest) {
        let n_kept = self.peaks.len() - self.size.trailing_ones() as usize;
        let peak =
            self.peaks.drain(n_kept..).rev().fold(leaf, |right, left| node_hash(&left, &right));
        self.peaks.push(peak);
        self.size += 1;
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root; of an empty tree, SHA-256 of nothing.
    pub fn root(&self) -> Digest {
        fold_peaks(&self.peaks)
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }

    /// Whether the leaves under `end` are the last ones here, beyond a multiple of 256.
    ///
    /// `end` must have fewer than 256 leaves; it is the part of an unfilled bundle.
    pub fn ends_with(&self, end: &Frontier) -> bool {
        self.size % tiles::TILE_WIDTH == end.size && self.peaks.ends_with(&end.peaks)
    }
}

impl TreeHead {
    /// Whether `proof` shows that the leaf with this hash stands at `index` (RFC 9162, 2.1.3.2).
    pub fn includes(&self, index: u64, leaf: &Digest, proof: &[Digest]) -> bool {
        if index >= self.size {
            return false;
        }
        let mut path = Path { node: index, last: self.size - 1 };
        let mut root = *leaf;
        for hash in proof {
            match path.ascend() {
                Some(Sibling::Left) => root = node_hash(hash, &root),
                Some(Sibling::Right) => root = node_hash(&root, hash),
                None => return false,
            }
        }
        path.last == 0 && root == self.root
    }

    /// Whether `proof` shows that this tree begins with all of `old` (RFC 9162, 2.1.4.2).
    ///
    /// Every tree extends the empty one and itself; the proof is then empty.
    pub fn extends(&self, old: &TreeHead, proof: &[Digest]) -> bool {
        if old.size == 0 {
            return proof.is_empty() && old.root == fold_peaks(&[]);
        }
        if old.size >= self.size {
            return proof.is_empty() && old == self;
        }
        let (seed, rest) = match proof {
            rest if old.size.is_power_of_two() => (old.root, rest),
            [seed, rest @ ..] => (*seed, rest),
            [] => return false,
        };
        let n_inside = (old.size - 1).trailing_ones();
        let mut path = Path { node: (old.size - 1) >> n_inside, last: (self.size - 1) >> n_inside };
        let (mut old_root, mut root) = (seed, seed);
        for hash in rest {
            match path.ascend() {
                Some(Sibling::Left) => {
                    old_root = node_hash(hash, &old_root);
                    root = node_hash(hash, &root);
                }
                Some(Sibling::Right) => root = node_hash(&root, hash),
                None => return false,
            }
        }
        path.last == 0 && old_root == old.root && root == self.root
    }
}

/// On which side of the path the next hash of a proof stands.
enum Sibling {
    Left,
    Right,
}

/// A walk from a node up to the root; `fn` and `sn` in the RFC.
struct Path {
    node: u64,
    last: u64,
}

impl Path {
    /// Goes up to the next node that has a sibling; `None` at the root.
    fn ascend(&mut self) -> Option<Sibling> {
        if self.last == 0 {
            return None;
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            // A last node without a sibling is its parent, however many levels up.
            let n_alone = self.node.trailing_zeros();
            self.node >>= n_alone;
            self.last >>= n_alone;
            Sibling::Left
        } else {
            Sibling::Right
        };
        self.node >>= 1;
        self.last >>= 1;
        Some(side)
    }
}

fn fold_peaks(peaks: &[Digest]) -> Digest {
    let root = peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
    root.unwrap_or_else(|| Digest::of(b""))
}

fn hash_of(parts: &[&[u8]]) -> Digest {
    let mut hasher = Hasher::default();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves of the test tree that RFC 6962 implementations share, with its root at each size.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn digest(hex: &str) -> Digest {
        Digest::parse(hex).unwrap()
    }

    fn head(size: usize) -> TreeHead {
        TreeHead { size: size as u64, root: digest(ROOTS[size]) }
    }

    #[test]
    fn roots_are_those_of_the_shared_test_tree() {
        let mut frontier = Frontier::default();
        assert_eq!(frontier.head(), head(0));
        for (i, line) in LEAVES.iter().enumerate() {
            frontier.push(leaf_hash(line));
            assert_eq!(frontier.head(), head(i + 1));
        }
    }

    /// The path to leaf 0 of 8, as published with the test tree.
    fn path_to_first() -> [Digest; 3] {
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
        .map(digest)
    }

    #[test]
    fn the_published_inclusion_proof_holds_and_nothing_near_it() {
        let leaf = leaf_hash(LEAVES[0]);
        let proof = path_to_first();
        assert!(head(8).includes(0, &leaf, &proof));
        assert!(!head(8).includes(1, &leaf, &proof));
        assert!(!head(8).includes(8, &leaf, &proof));
        assert!(!head(7).includes(0, &leaf, &proof));
        assert!(!head(8).includes(0, &leaf, &proof[..2]));
        assert!(!head(8).includes(0, &leaf, &[&proof[..], &proof[..1]].concat()));
        assert!(head(1).includes(0, &leaf, &[]));
    }

    #[test]
    fn the_published_consistency_proof_holds_and_nothing_near_it() {
        let proof = [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
        .map(digest);
        assert!(head(8).extends(&head(6), &proof));
        assert!(!head(8).extends(&head(5), &proof));
        assert!(!head(7).extends(&head(6), &proof));
        assert!(!head(8).extends(&head(6), &proof[..2]));
        assert!(!head(8).extends(&head(6), &[&proof[..], &proof[..1]].concat()));
        assert!(!head(6).extends(&head(8), &proof));
        assert!(!head(8).extends(&head(6), &[]));
    }

    #[test]
    fn the_empty_tree_and_the_tree_itself_need_no_proof() {
        for size in 0..=8 {
            assert!(head(size).extends(&head(0), &[]));
            assert!(head(size).extends(&head(size), &[]));
            assert!(!head(size).extends(&head(0), &path_to_first()));
            assert!(!head(size).extends(&head(size), &path_to_first()));
        }
        let false_empty = TreeHead { size: 0, root: head(1).root };
        assert!(!head(8).extends(&false_empty, &[]));
    }

    #[test]
    fn the_end_of_a_tree_is_recognised_by_its_peaks() {
        let leaves: Vec<Digest> = (0..300u32).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        let frontier = Frontier::of(&leaves);
        assert!(frontier.ends_with(&Frontier::of(&leaves[256..])));
        assert!(!frontier.ends_with(&Frontier::of(&leaves[255..299])));
        assert!(!frontier.ends_with(&Frontier::of(&leaves[257..])));
        assert!(Frontier::of(&leaves[..256]).ends_with(&Frontier::default()));
    }
}
