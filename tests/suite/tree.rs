//! The tree and its proofs agree with another implementation; interop/ has more of them.

use std::collections::HashMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use docarchive::internals::{
    journal::{
        event::Event,
        merkle::{
            Frontier, TreeHead, leaf_hash,
            tiles::{Edge, TileId, TilePath, TreeError, consistency_proof, inclusion_proof, root},
        },
        note::{Checkpoint, Signer, Verifier, open},
    },
    types::digest::Digest,
};
use proptest::prelude::*;
use sha2::Sha256;

const SIZE_MAX: u64 = 2000;

/// A tree of ours in tiles, and the same leaves in ct-merkle's.
struct Pair {
    tiles: HashMap<TileId, Vec<Digest>>,
    heads: Vec<TreeHead>,
    theirs: MemoryBackedTree<Sha256, Vec<u8>>,
}

impl Pair {
    fn of(size: u64) -> Self {
        let mut edge = Edge::default();
        let mut frontier = Frontier::default();
        let mut theirs = MemoryBackedTree::new();
        let mut heads = vec![frontier.head()];
        for i in 0..size {
            edge.push(leaf(i));
            frontier.push(leaf(i));
            theirs.push(line(i));
            heads.push(frontier.head());
        }
        let tiles = edge.take().into_iter().map(|tile| (tile.id, tile.hashes)).collect();
        Self { tiles, heads, theirs }
    }

    fn read(&self, id: TileId) -> Result<Vec<Digest>, TileId> {
        self.tiles.get(&id).cloned().ok_or(id)
    }

    fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Digest>, TreeError<TileId>> {
        inclusion_proof(index, size, |id| self.read(id))
    }

    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, TreeError<TileId>> {
        consistency_proof(old, new, |id| self.read(id))
    }

    fn head(&self, size: u64) -> TreeHead {
        self.heads[size as usize]
    }
}

fn line(i: u64) -> Vec<u8> {
    format!("leaf {i}").into_bytes()
}

fn leaf(i: u64) -> Digest {
    leaf_hash(&line(i))
}

fn concat(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// A size, an index in it, and a size not above it.
fn sizes() -> impl Strategy<Value = (u64, u64, u64)> {
    (1..=SIZE_MAX).prop_flat_map(|size| (Just(size), 0..size, 1..=size))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn roots_and_proofs_are_those_of_ct_merkle((size, index, old) in sizes()) {
        let pair = Pair::of(size);
        let head = pair.head(size);
        let theirs = pair.theirs.root();
        prop_assert_eq!(&head.root.as_bytes()[..], theirs.as_bytes().as_slice());
        prop_assert_eq!(root(size, |id| pair.read(id)).unwrap(), head.root);

        let proof = pair.inclusion(index, size).unwrap();
        let theirs = pair.theirs.prove_inclusion(index as usize);
        prop_assert_eq!(concat(&proof), theirs.as_bytes());
        prop_assert!(head.includes(index, &leaf(index), &proof));

        let proof = pair.consistency(old, size).unwrap();
        let theirs = pair.theirs.prove_consistency((size - old) as usize);
        prop_assert_eq!(concat(&proof), theirs.as_bytes());
        prop_assert!(head.extends(&pair.head(old), &proof));
    }

    #[test]
    fn a_tree_proves_its_past_from_the_tiles_of_today((size, index, old) in sizes()) {
        let pair = Pair::of(size);
        prop_assert_eq!(root(old, |id| pair.read(id)).unwrap(), pair.head(old).root);
        let frontier = Edge::read(old, |id| pair.read(id)).unwrap().frontier();
        prop_assert_eq!(frontier.head(), pair.head(old));
        if index < old {
            let proof = pair.inclusion(index, old).unwrap();
            prop_assert!(pair.head(old).includes(index, &leaf(index), &proof));
        } else {
            prop_assert!(pair.inclusion(index, old).is_err());
        }
    }

    #[test]
    fn a_proof_changed_anywhere_proves_nothing((size, index, old) in sizes(), at in any::<u16>()) {
        let pair = Pair::of(size);
        let head = pair.head(size);
        let at = usize::from(at);
        let proof = pair.inclusion(index, size).unwrap();
        for bad in bent(&proof, at) {
            prop_assert!(!head.includes(index, &leaf(index), &bad));
        }
        prop_assert!(!head.includes(index, &leaf(index + 1), &proof));
        let proof = pair.consistency(old, size).unwrap();
        for bad in bent(&proof, at) {
            prop_assert!(!head.extends(&pair.head(old), &bad));
        }
        let false_old = TreeHead { root: leaf(SIZE_MAX), ..pair.head(old) };
        prop_assert!(!head.extends(&false_old, &proof));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in any::<Vec<u8>>(), text in ".*", at in any::<usize>()) {
        let event = r#"{"t":"x","v":1,"at":"2026-01-01T00:00:00Z","a":[{"b":"\u0001"}]}"#;
        let event = bent_bytes(event.as_bytes(), at, &bytes);
        let parsed = Event::parse(&event);
        prop_assert!(parsed.is_err() || parsed.unwrap().line().unwrap() == event);
        let signer = Signer::from_seed(NAME, &[3; 32]).unwrap();
        let note = checkpoint().sign(&signer).unwrap();
        let bent = bent_bytes(&note, at, &bytes);
        prop_assert!(bent == note || open(&bent, signer.verifier()).is_err());
        let vkey = signer.verifier().to_string();
        let bent = String::from_utf8_lossy(&bent_bytes(vkey.as_bytes(), at, &bytes)).into_owned();
        prop_assert!(bent == vkey || Verifier::parse(&bent).is_err());
        prop_assert!(Checkpoint::parse(&text).is_none());
        prop_assert!(TilePath::parse(&text).is_none_or(|path| path.to_string() == text));
    }
}

/// Bytes with a stretch written over.
fn bent_bytes(bytes: &[u8], at: usize, over: &[u8]) -> Vec<u8> {
    let at = at % bytes.len();
    let end = (at + over.len()).min(bytes.len());
    [&bytes[..at], over, &bytes[end..]].concat()
}

/// A proof with one bit turned, one hash less, one more.
fn bent(proof: &[Digest], at: usize) -> Vec<Vec<Digest>> {
    let mut bent = vec![[proof, &[leaf(0)]].concat(), [&[leaf(0)], proof].concat()];
    if let Some(last) = proof.len().checked_sub(1) {
        let mut bytes = *proof[at % proof.len()].as_bytes();
        bytes[at % 32] ^= 1;
        let mut turned = proof.to_vec();
        turned[at % proof.len()] = Digest::from_bytes(bytes);
        bent.extend([turned, proof[1..].to_vec(), proof[..last].to_vec()]);
    }
    bent
}

#[test]
fn all_small_trees_prove_all_their_leaves_and_pasts() {
    let pair = Pair::of(70);
    for size in 0..=70 {
        for index in 0..size {
            let proof = pair.inclusion(index, size).unwrap();
            assert!(pair.head(size).includes(index, &leaf(index), &proof), "{index} in {size}");
            let elsewhere = (0..size).filter(|i| *i != index);
            let n_false = elsewhere.filter(|i| pair.head(size).includes(*i, &leaf(index), &proof));
            assert_eq!(n_false.count(), 0, "{index} in {size}");
        }
        for old in 0..=size {
            let proof = pair.consistency(old, size).unwrap();
            assert!(pair.head(size).extends(&pair.head(old), &proof), "{old} in {size}");
        }
    }
}

const NAME: &str = "example.org/archive";

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: NAME.to_owned(), size: 1_234_567, root: leaf(0) }
}

#[test]
fn a_checkpoint_has_one_spelling() {
    let text = checkpoint().to_string();
    for bad in [
        text.replace("1234567", "01234567"),
        text.replace("1234567", "-1"),
        text.replace("1234567", "1234567 "),
        text.replace(NAME, ""),
        text.replace("=\n", "\n"),
        text.trim_end().to_owned(),
    ] {
        assert_eq!(Checkpoint::parse(&bad), None, "{bad:?}");
    }
}
