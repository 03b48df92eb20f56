//! Tiles, proofs, notes and checkpoints agree with crates that read and write them for others.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use docarchive::internals::{
    journal::{
        merkle::{
            Frontier, TreeHead, leaf_hash,
            tiles::{Edge, Tile, TileId, consistency_proof, inclusion_proof},
        },
        note::{Checkpoint, Signer, Verifier, open},
    },
    types::digest::Digest,
};
use proptest::prelude::*;
use signed_note::{StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{
    Hash, TileHashReader, TileReader, check_record, check_tree, prove_record, prove_tree,
};

const SIZE_MAX: u64 = 2000;
const NAME: &str = "example.org/archive";

/// A tree in tiles, and its head at every size.
struct Tiles {
    tiles: HashMap<TileId, Vec<Digest>>,
    heads: Vec<TreeHead>,
}

impl Tiles {
    fn of(size: u64) -> Self {
        let mut edge = Edge::default();
        let mut frontier = Frontier::default();
        let mut heads = vec![frontier.head()];
        for i in 0..size {
            edge.push(leaf(i));
            frontier.push(leaf(i));
            heads.push(frontier.head());
        }
        let tiles = edge.take().into_iter().map(|tile| (tile.id, tile.hashes)).collect();
        Self { tiles, heads }
    }

    fn read(&self, id: TileId) -> Result<Vec<Digest>, TileId> {
        self.tiles.get(&id).cloned().ok_or(id)
    }

    fn head(&self, size: u64) -> TreeHead {
        self.heads[size as usize]
    }
}

/// For tlog_tiles, which checks every tile against the root before it uses it.
impl TileReader for Tiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let bytes = |tile: &tlog_tiles::Tile| {
            let id = TileId { level: tile.level(), index: tile.level_index() };
            concat(&self.read(id).unwrap()[..tile.width() as usize])
        };
        Ok(tiles.iter().map(bytes).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

fn leaf(i: u64) -> Digest {
    leaf_hash(format!("leaf {i}").as_bytes())
}

fn concat(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

fn hash(digest: &Digest) -> Hash {
    Hash(*digest.as_bytes())
}

fn hashes(digests: &[Digest]) -> Vec<Hash> {
    digests.iter().map(hash).collect()
}

/// A size, an index in it, and a size not above it.
fn sizes() -> impl Strategy<Value = (u64, u64, u64)> {
    (1..=SIZE_MAX).prop_flat_map(|size| (Just(size), 0..size, 1..=size))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn tiles_and_proofs_are_those_of_go((size, index, old) in sizes()) {
        let tree = Tiles::of(size);
        let head = tree.head(size);
        let reader = TileHashReader::new(size, hash(&head.root), &tree);

        let theirs = prove_record(size, index, &reader).unwrap();
        let ours = hashes(&inclusion_proof(index, size, |id| tree.read(id)).unwrap());
        check_record(&ours, size, hash(&head.root), index, hash(&leaf(index))).unwrap();
        prop_assert_eq!(ours, theirs);

        let theirs = prove_tree(size, old, &reader).unwrap();
        let ours = hashes(&consistency_proof(old, size, |id| tree.read(id)).unwrap());
        check_tree(&ours, size, hash(&head.root), old, hash(&tree.head(old).root)).unwrap();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn growing_changes_the_tiles_that_go_says((size, _, old) in sizes()) {
        let tree = Tiles::of(old);
        let mut edge = Edge::read(old, |id| tree.read(id)).unwrap();
        (old..size).for_each(|i| edge.push(leaf(i)));
        let mut ours: Vec<String> = edge.take().iter().map(Tile::name).collect();
        let theirs = tlog_tiles::Tile::new_tiles(8, old, size);
        // Go's paths begin with the height, those of tlog-tiles do not.
        let mut theirs: Vec<String> =
            theirs.iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1)).collect();
        ours.sort();
        theirs.sort();
        prop_assert_eq!(ours, theirs);
    }
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: NAME.to_owned(), size: 1_234_567, root: leaf(0) }
}

#[test]
fn others_open_what_we_sign() {
    let signer = Signer::from_seed(NAME, &[3; 32]).unwrap();
    let note = signed_note::Note::from_bytes(&checkpoint().sign(&signer).unwrap()).unwrap();
    let verifier = StandardVerifier::new(&signer.verifier().to_string()).unwrap();
    let (held, unknown) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((held.len(), unknown.len()), (1, 0));
    let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((theirs.origin(), theirs.size()), (NAME, 1_234_567));
    assert_eq!((theirs.hash(), theirs.extension()), (&hash(&leaf(0)), ""));
}

#[test]
fn we_open_what_others_sign_and_skip_whom_we_do_not_know() {
    let ours = Signer::from_seed(NAME, &[3; 32]).unwrap();
    let witness = Signer::from_seed("witness.example", &[4; 32]).unwrap();
    let private =
        |signer: &Signer| String::from_utf8(signer.private_text().as_bytes().to_vec()).unwrap();
    let theirs = [&witness, &ours].map(|signer| StandardSigner::new(&private(signer)).unwrap());
    let text = checkpoint().to_string();
    let mut note = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
    note.add_sigs(&[&theirs[0], &theirs[1]]).unwrap();
    let note = note.to_bytes();
    for signer in [&ours, &witness] {
        let verifier = Verifier::parse(&signer.verifier().to_string()).unwrap();
        assert_eq!(open(&note, &verifier).unwrap().text(), text);
        assert_eq!(Checkpoint::open(&note, &verifier), Ok(checkpoint()));
    }
}

#[test]
fn texts_of_checkpoints_are_judged_like_tlog_tiles_does() {
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
        assert!(tlog_tiles::Checkpoint::from_bytes(bad.as_bytes()).is_err(), "{bad:?}");
    }
}
