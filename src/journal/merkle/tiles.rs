//! Hash tiles, as C2SP tlog-tiles lays them out: 256 hashes of one level to a tile.
//!
//! A tile at level L holds the roots of complete subtrees of 256^L leaves. Where tiles are kept is
//! not known here: whoever asks for a proof passes a function that reads them.

use std::collections::HashMap;
use std::fmt;

use crate::types::{digest::Digest, error::Error};

use super::{Frontier, fold_peaks};

/// Hashes in a full tile, and leaves in a full entry bundle.
pub const TILE_WIDTH: u64 = 256;
const TILE_HEIGHT: u32 = 8;

/// Which tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for leaf hashes; one more for every eight levels of the tree.
    pub level: u8,
    /// Counted from the left of the level.
    pub index: u64,
}

/// A tile and its hashes, at most 256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Which tile.
    pub id: TileId,
    /// What it holds, from the left.
    pub hashes: Vec<Digest>,
}

/// The path of a tile or bundle below its level: `067`, `x001/x234/067` or `067.p/17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TilePath {
    index: u64,
    width: u64,
}

/// The tiles on the right edge of a growing tree, and those filled since they were last taken.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    size: u64,
    /// The unfilled tile of each level.
    open: Vec<Vec<Digest>>,
    filled: Vec<Tile>,
    /// Levels whose open tile grew since the last [`Edge::take`].
    n_touched: usize,
}

/// Why a tree could not be read from tiles.
#[derive(Debug, thiserror::Error)]
pub enum TreeError<E> {
    /// The reader's own error.
    #[error("{0}")]
    Read(E),
    /// A tile holds fewer hashes than the tree of that size needs.
    #[error("tile {}/{} holds {found} hashes, {needed} are needed", id.level, id.index)]
    Short {
        /// Which tile.
        id: TileId,
        /// Hashes in it.
        found: usize,
        /// Hashes needed.
        needed: usize,
    },
    /// A leaf or an old size beyond the tree.
    #[error("{asked} lies beyond a tree of {size} leaves")]
    Beyond {
        /// The index or size asked for.
        asked: u64,
        /// The tree's size.
        size: u64,
    },
}

/// The hashes that show a leaf to be in the tree of `size` leaves, from the leaf upwards.
pub fn inclusion_proof<E>(
    index: u64,
    size: u64,
    read: impl FnMut(TileId) -> Result<Vec<Digest>, E>,
) -> Result<Vec<Digest>, TreeError<E>> {
    if index >= size {
        return Err(TreeError::Beyond { asked: index, size });
    }
    let mut nodes = Nodes::new(read);
    let (mut start, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            proof.push(nodes.root_of(middle, end)?);
            end = middle;
        } else {
            proof.push(nodes.root_of(start, middle)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that show the tree of `new_size` leaves to begin with that of `old_size` leaves.
pub fn consistency_proof<E>(
    old_size: u64,
    new_size: u64,
    read: impl FnMut(TileId) -> Result<Vec<Digest>, E>,
) -> Result<Vec<Digest>, TreeError<E>> {
    if old_size > new_size {
        return Err(TreeError::Beyond { asked: old_size, size: new_size });
    }
    let mut proof = Vec::new();
    if old_size == 0 {
        return Ok(proof);
    }
    let mut nodes = Nodes::new(read);
    let (mut start, mut end) = (0, new_size);
    while end != old_size {
        let middle = start + split(end - start);
        if old_size <= middle {
            proof.push(nodes.root_of(middle, end)?);
            end = middle;
        } else {
            proof.push(nodes.root_of(start, middle)?);
            start = middle;
        }
    }
    // A whole old tree is known to the verifier by its root; its right part alone is not.
    if start > 0 {
        proof.push(nodes.root_of(start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The root of the first `size` leaves.
pub fn root<E>(
    size: u64,
    read: impl FnMut(TileId) -> Result<Vec<Digest>, E>,
) -> Result<Digest, TreeError<E>> {
    Nodes::new(read).root_of(0, size)
}

impl TileId {
    /// How many hashes this tile holds in a tree of `size` leaves.
    pub fn width(&self, size: u64) -> u64 {
        let n_hashes = shift(size, u32::from(self.level) * TILE_HEIGHT);
        n_hashes.saturating_sub(self.index.saturating_mul(TILE_WIDTH)).min(TILE_WIDTH)
    }
}

impl Tile {
    /// The name that tlog-tiles gives this tile: `tile/0/x001/067.p/17`.
    pub fn name(&self) -> String {
        let path = TilePath { index: self.id.index, width: self.hashes.len() as u64 };
        format!("tile/{}/{path}", self.id.level)
    }
}

impl TilePath {
    /// The path of tile `index` with `width` hashes.
    ///
    /// An empty tile has none, nor has one of more than 256 hashes.
    pub fn new(index: u64, width: u64) -> Option<Self> {
        (1..=TILE_WIDTH).contains(&width).then_some(Self { index, width })
    }

    /// The path of a full tile.
    pub fn full(index: u64) -> Self {
        Self { index, width: TILE_WIDTH }
    }

    /// Reads the one spelling of a path.
    pub fn parse(text: &str) -> Option<Self> {
        let (index, width) = match text.split_once(".p/") {
            Some((index, width)) => (index, width.parse().ok()?),
            None => (text, TILE_WIDTH),
        };
        let mut number: u64 = 0;
        for part in index.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part);
            number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let path = Self::new(number, width)?;
        (path.to_string() == text).then_some(path)
    }

    /// Which tile.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes it holds, 1 to 256.
    pub fn width(&self) -> u64 {
        self.width
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            parts.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        parts.reverse();
        f.write_str(&parts.join("/"))?;
        if self.width < TILE_WIDTH {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl Edge {
    /// The right edge of a tree of `size` leaves that is in tiles already.
    pub fn read<E>(
        size: u64,
        mut read: impl FnMut(TileId) -> Result<Vec<Digest>, E>,
    ) -> Result<Self, TreeError<E>> {
        let mut open = Vec::new();
        for level in 0.. {
            let n_hashes = shift(size, u32::from(level) * TILE_HEIGHT);
            if n_hashes == 0 {
                break;
            }
            let id = TileId { level, index: n_hashes / TILE_WIDTH };
            let needed = (n_hashes % TILE_WIDTH) as usize;
            let mut hashes =
                if needed == 0 { Vec::new() } else { read(id).map_err(TreeError::Read)? };
            if hashes.len() < needed {
                return Err(TreeError::Short { id, found: hashes.len(), needed });
            }
            hashes.truncate(needed);
            open.push(hashes);
        }
        Ok(Self { size, open, filled: Vec::new(), n_touched: 0 })
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut hash = leaf;
        for level in 0.. {
            let index = self.index(level);
            if self.open.len() == level {
                self.open.push(Vec::new());
            }
            self.n_touched = self.n_touched.max(level + 1);
            let tile = &mut self.open[level];
            tile.push(hash);
            if (tile.len() as u64) < TILE_WIDTH {
                break;
            }
            let hashes = std::mem::take(tile);
            hash = Frontier::of(&hashes).root();
            self.filled.push(Tile { id: TileId { level: level as u8, index }, hashes });
        }
        self.size += 1;
    }

    /// The tiles that changed since this was last asked, each as it is now.
    pub fn take(&mut self) -> Vec<Tile> {
        let mut tiles = std::mem::take(&mut self.filled);
        for (level, hashes) in self.open.iter().enumerate().take(self.n_touched) {
            if !hashes.is_empty() {
                let id = TileId { level: level as u8, index: self.index(level) };
                tiles.push(Tile { id, hashes: hashes.clone() });
            }
        }
        self.n_touched = 0;
        tiles
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The tree's frontier: the complete subtrees that the open tiles make up, the largest first.
    pub fn frontier(&self) -> Frontier {
        let peaks = self.open.iter().rev().flat_map(|hashes| Frontier::of(hashes).peaks);
        Frontier { size: self.size, peaks: peaks.collect() }
    }

    /// The index of the open tile at a level.
    fn index(&self, level: usize) -> u64 {
        shift(self.size, (level as u32 + 1) * TILE_HEIGHT)
    }
}

impl From<TreeError<Error>> for Error {
    fn from(error: TreeError<Error>) -> Self {
        match error {
            TreeError::Read(error) => error,
            TreeError::Short { .. } => Self::damaged("the tree", error.to_string()),
            TreeError::Beyond { .. } => Self::usage(error.to_string()),
        }
    }
}

/// Nodes of a tree, read through its tiles; each tile is read once.
struct Nodes<R> {
    read: R,
    tiles: HashMap<TileId, Vec<Digest>>,
}

impl<E, R: FnMut(TileId) -> Result<Vec<Digest>, E>> Nodes<R> {
    fn new(read: R) -> Self {
        Self { read, tiles: HashMap::new() }
    }

    /// The root over leaves `start..end`; `start` is a multiple of a power of two ≥ the length.
    fn root_of(&mut self, start: u64, end: u64) -> Result<Digest, TreeError<E>> {
        Ok(fold_peaks(&self.peaks_of(start, end)?))
    }

    fn peaks_of(&mut self, start: u64, end: u64) -> Result<Vec<Digest>, TreeError<E>> {
        let mut peaks = Vec::new();
        let mut at = start;
        for height in (0..u64::BITS).rev().filter(|height| (end - start) >> height & 1 == 1) {
            peaks.push(self.node(height, at >> height)?);
            at += 1 << height;
        }
        Ok(peaks)
    }

    /// The root of the `index`-th complete subtree of `2^height` leaves.
    fn node(&mut self, height: u32, index: u64) -> Result<Digest, TreeError<E>> {
        let below = height % TILE_HEIGHT;
        let first = index << below;
        let id = TileId { level: (height / TILE_HEIGHT) as u8, index: first / TILE_WIDTH };
        let start = (first % TILE_WIDTH) as usize;
        let end = start + (1 << below);
        if !self.tiles.contains_key(&id) {
            let hashes = (self.read)(id).map_err(TreeError::Read)?;
            self.tiles.insert(id, hashes);
        }
        let hashes = &self.tiles[&id];
        let needed = hashes.get(start..end);
        let hashes = needed.ok_or(TreeError::Short { id, found: hashes.len(), needed: end })?;
        Ok(Frontier::of(hashes).root())
    }
}

/// The largest power of two below `n`, which is at least 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// `n >> bits`, zero once all bits are out.
fn shift(n: u64, bits: u32) -> u64 {
    n.checked_shr(bits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::merkle::leaf_hash;

    fn leaf(i: u64) -> Digest {
        leaf_hash(&i.to_be_bytes())
    }

    #[test]
    fn a_path_has_one_spelling() {
        for (index, width, text) in [
            (0, 256, "000"),
            (67, 17, "067.p/17"),
            (999, 1, "999.p/1"),
            (1000, 256, "x001/000"),
            (1_234_067, 256, "x001/x234/067"),
            (1_234_067, 255, "x001/x234/067.p/255"),
            (u64::MAX, 256, "x018/x446/x744/x073/x709/x551/615"),
        ] {
            let path = TilePath::new(index, width).unwrap();
            assert_eq!(path.to_string(), text);
            assert_eq!(TilePath::parse(text), Some(path));
        }
        for bad in [
            "",
            "0",
            "00",
            "0000",
            "x000/067",
            "067.p/0",
            "067.p/256",
            "067.p/017",
            "067.p/+1",
            "+67",
            "x001/67",
            "001/067",
            "x067",
            "067.p/",
            "067.p/1/",
            "067/",
            "x019/x000/x000/x000/x000/x000/000",
        ] {
            assert_eq!(TilePath::parse(bad), None, "{bad}");
        }
        assert_eq!((TilePath::new(0, 0), TilePath::new(0, 257)), (None, None));
    }

    #[test]
    fn growing_changes_the_right_edge_alone() {
        let mut edge = Edge::default();
        (0..255).for_each(|i| edge.push(leaf(i)));
        let names = |edge: &mut Edge| edge.take().iter().map(Tile::name).collect::<Vec<_>>();
        assert_eq!(names(&mut edge), ["tile/0/000.p/255"]);
        edge.push(leaf(255));
        assert_eq!(names(&mut edge), ["tile/0/000", "tile/1/000.p/1"]);
        edge.push(leaf(256));
        assert_eq!(names(&mut edge), ["tile/0/001.p/1"]);
        assert_eq!(names(&mut edge), [""; 0]);
    }

    #[test]
    fn an_edge_read_back_grows_like_the_one_that_wrote_it() {
        let mut stored = HashMap::new();
        let mut edge = Edge::default();
        for i in 0..65_537 + 300 {
            if i % 4099 == 0 {
                stored.extend(edge.take().into_iter().map(|tile| (tile.id, tile.hashes)));
                edge = Edge::read(i, |id| stored.get(&id).cloned().ok_or(id)).unwrap();
            }
            edge.push(leaf(i));
        }
        stored.extend(edge.take().into_iter().map(|tile| (tile.id, tile.hashes)));
        let leaves: Vec<Digest> = (0..edge.size()).map(leaf).collect();
        let read = Edge::read(edge.size(), |id| stored.get(&id).cloned().ok_or(id)).unwrap();
        assert_eq!(read.frontier(), Frontier::of(&leaves));
        for (id, hashes) in &stored {
            assert_eq!(hashes.len() as u64, id.width(edge.size()), "{id:?}");
        }
        assert!(stored.contains_key(&TileId { level: 2, index: 0 }));
    }

    #[test]
    fn a_tile_too_short_is_named_and_a_reader_error_passes_through() {
        let short = |_: TileId| Ok::<_, Error>(vec![leaf(0); 3]);
        assert!(matches!(root(4, short), Err(TreeError::Short { found: 3, needed: 4, .. })));
        assert!(matches!(Edge::read(4, short), Err(TreeError::Short { found: 3, needed: 4, .. })));
        let failing = |_: TileId| Err::<Vec<Digest>, _>("torn");
        assert!(matches!(inclusion_proof(0, 2, failing), Err(TreeError::Read("torn"))));
        assert!(matches!(inclusion_proof(2, 2, short), Err(TreeError::Beyond { .. })));
        assert!(matches!(consistency_proof(3, 2, short), Err(TreeError::Beyond { .. })));
    }
}
