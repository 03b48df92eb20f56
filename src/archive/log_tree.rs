//! The journal as C2SP tlog-tiles serves it: files that any static web server can publish, and any client of
//! such logs can check.
//!
//! `checkpoint` · `tile/L/N` hashes · `tile/entries/N` events; partial ones `….p/W`, for every checkpoint that
//! needs one and whose full tile is not there yet.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    journal::{
        event::Event,
        merkle::{
            TreeHead, leaf_hash,
            tiles::{Edge, TILE_WIDTH, Tile, TilePath},
        },
    },
    types::{digest::Digest, error::Error},
};

use super::Archive;

const CHECKPOINT: &str = "checkpoint";

/// A tree on its way out; it holds the right edge and no more.
#[derive(Default)]
struct LogTree {
    edge: Edge,
    /// The unfilled tile of each level, as last seen.
    open: BTreeMap<u8, Tile>,
    /// The widths that these had when a checkpoint was signed.
    widths: BTreeMap<u8, BTreeSet<u64>>,
    /// The entry bundle that is not full yet, and where its entries end.
    bundle: Vec<u8>,
    ends: Vec<usize>,
}

/// A file that is complete: its name and its bytes.
type LogFile = (String, Vec<u8>);

impl Archive {
    /// Calls `each` with every file of the tree, the checkpoint last; how many there were.
    ///
    /// They are right when this returns: the events are hashed to the root that was signed. Before that
    /// nobody should be shown them.
    pub fn each_log_file(
        &self,
        mut each: impl FnMut(&str, &[u8]) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let mut tree = LogTree::default();
        let mut n_files = 1;
        let mut give = |files: Vec<LogFile>| {
            n_files += files.len() as u64;
            files.iter().try_for_each(|(name, bytes)| each(name, bytes))
        };
        for entry in self.journal.entries_under_root(0) {
            let entry = entry?;
            give(tree.push(&entry.line))?;
            if matches!(entry.event, Event::Commit(_)) {
                tree.note_checkpoint();
            }
        }
        let (found, signed) = (tree.edge.frontier().head(), self.journal.head());
        if found != signed {
            let shown =
                |head: TreeHead| format!("{} events with the root {}", head.size, head.root);
            let why = format!("it holds {}, the checkpoint states {}", shown(found), shown(signed));
            return Err(Error::damaged("log", why));
        }
        tree.note_checkpoint();
        give(tree.partial())?;
        each(CHECKPOINT, self.checkpoint())?;
        Ok(n_files)
    }
}

impl LogTree {
    /// Appends an event; the files that are full with it.
    fn push(&mut self, line: &[u8]) -> Vec<LogFile> {
        // An event has at most 4 KiB.
        self.bundle.extend_from_slice(&(line.len() as u16).to_be_bytes());
        self.bundle.extend_from_slice(line);
        self.ends.push(self.bundle.len());
        self.edge.push(leaf_hash(line));
        if !self.edge.size().is_multiple_of(TILE_WIDTH) {
            return Vec::new();
        }
        let path = TilePath::full(self.edge.size() / TILE_WIDTH - 1);
        let mut files = vec![(format!("tile/entries/{path}"), std::mem::take(&mut self.bundle))];
        self.ends.clear();
        for tile in self.edge.take() {
            if (tile.hashes.len() as u64) < TILE_WIDTH {
                self.open.insert(tile.id.level, tile);
                continue;
            }
            self.open.remove(&tile.id.level);
            self.widths.remove(&tile.id.level);
            files.push((tile.name(), bytes_of(&tile.hashes)));
        }
        files
    }

    /// Remembers how far each unfilled tile goes under a checkpoint of this size.
    fn note_checkpoint(&mut self) {
        let mut n_hashes = self.edge.size();
        for level in 0.. {
            if n_hashes == 0 {
                break;
            }
            let width = n_hashes % TILE_WIDTH;
            if width > 0 {
                self.widths.entry(level).or_default().insert(width);
            }
            n_hashes /= TILE_WIDTH;
        }
    }

    /// The files that are not full.
    fn partial(&mut self) -> Vec<LogFile> {
        for tile in self.edge.take() {
            self.open.insert(tile.id.level, tile);
        }
        let mut files = Vec::new();
        for (level, widths) in &self.widths {
            for width in widths.iter().map(|width| *width as usize) {
                let Some(tile) = self.open.get(level) else { continue };
                let hashes = tile.hashes[..width].to_vec();
                let bytes = bytes_of(&hashes);
                files.push((Tile { id: tile.id, hashes }.name(), bytes));
                let path = TilePath::new(tile.id.index, width as u64).filter(|_| *level == 0);
                let entries = path.map(|path| {
                    let bytes = self.bundle[..self.ends[width - 1]].to_vec();
                    (format!("tile/entries/{path}"), bytes)
                });
                files.extend(entries);
            }
        }
        files
    }
}

fn bytes_of(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::merkle::tiles::{TileId, root};

    /// The files of a tree with checkpoints at some sizes, by name.
    fn files(size: u64, is_signed: impl Fn(u64) -> bool) -> BTreeMap<String, Vec<u8>> {
        let mut tree = LogTree::default();
        let mut files = BTreeMap::new();
        for n in 0..size {
            files.extend(tree.push(n.to_string().as_bytes()));
            if is_signed(n + 1) {
                tree.note_checkpoint();
            }
        }
        files.extend(tree.partial());
        files
    }

    #[test]
    fn a_tree_has_the_files_that_the_specification_names() {
        let of = |size| files(size, |n| n == size);
        let names = |size| of(size).into_keys().collect::<Vec<_>>();
        assert_eq!(names(0), [""; 0]);
        assert_eq!(names(1), ["tile/0/000.p/1", "tile/entries/000.p/1"]);
        assert_eq!(names(256), ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
        // The example of the specification: 273 full tiles, and partial ones of 112, 17 and 1.
        let files = of(70_000);
        let n_at = |start: &str| files.keys().filter(|name| name.starts_with(start)).count();
        assert_eq!([n_at("tile/0/"), n_at("tile/entries/")], [274, 274]);
        let partial: Vec<&String> = files.keys().filter(|name| name.contains(".p/")).collect();
        assert_eq!(
            partial,
            ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"]
        );
        assert!(files["tile/0/272"].len() == 8192 && files.contains_key("tile/1/000"));
    }

    #[test]
    fn every_checkpoint_whose_tiles_are_not_full_has_its_own() {
        let files = files(300, |n| [100, 256, 270, 299, 300].contains(&n));
        let partial: Vec<&String> = files.keys().filter(|name| name.contains(".p/")).collect();
        let at = |kind: &str| [14, 43, 44].map(|width| format!("tile/{kind}/001.p/{width}"));
        let expected = [&at("0")[..], &["tile/1/000.p/1".to_owned()], &at("entries")].concat();
        assert_eq!(partial, expected.iter().collect::<Vec<_>>());
        let (short, long) = (&files["tile/0/001.p/14"], &files["tile/0/001.p/44"]);
        assert!(long.starts_with(short) && short.len() == 14 * 32);
        let (short, long) = (&files["tile/entries/001.p/14"], &files["tile/entries/001.p/44"]);
        assert!(long.starts_with(short) && short.ends_with(b"\0\x03269"));
    }

    #[test]
    fn the_tiles_have_the_root_of_the_events() {
        let size = 700;
        let files = files(size, |n| n == size);
        let read = |id: TileId| {
            let hashes = id.width(size) as usize;
            let tile = Tile { id, hashes: vec![Digest::of(b""); hashes] };
            let bytes = files.get(&tile.name()).ok_or(())?;
            Ok::<_, ()>(bytes.chunks(32).filter_map(Digest::from_slice).collect())
        };
        let mut edge = Edge::default();
        (0..size).for_each(|n| edge.push(leaf_hash(n.to_string().as_bytes())));
        assert_eq!(root(size, read).unwrap(), edge.frontier().root());
    }
}
