//! Writing: a batch is staged under names that nobody reads, then committed by one swap.

use std::collections::BTreeMap;

use crate::types::{digest::Digest, error::Error, limits::BUNDLE_EVENTS, time::Timestamp};

use super::{
    CHECKPOINT, Journal,
    bundle::{self, Half},
    event::{ActDetail, Commit, Detail, Event},
    merkle::{Frontier, leaf_hash, tiles::TilePath},
    note::Signer,
    sign,
};

/// An event and its detail on their way in, as the bytes that will be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    line: Vec<u8>,
    detail: Vec<u8>,
}

/// What the commit event holds that closes a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// By the writer's clock.
    pub at: Timestamp,
    /// Who commits.
    pub detail: ActDetail,
}

/// A batch that lies on disk, read back and found whole, and waits for the checkpoint.
#[derive(Debug)]
#[must_use = "a staged batch does not exist until it is committed"]
pub struct Staged {
    first: u64,
    leaves: Vec<Digest>,
    frontier: Frontier,
}

impl Draft {
    /// Writes down a detail, and the event that holds its digest.
    ///
    /// Refused when either is longer than it may be, or a number too large.
    pub fn new(detail: &Detail, event: impl FnOnce(Digest) -> Event) -> Result<Self, Error> {
        let detail = detail.bytes().map_err(|e| Error::usage(e.to_string()))?;
        let line = event(Digest::of(&detail)).line().map_err(|e| Error::usage(e.to_string()))?;
        Ok(Self { line, detail })
    }

    /// The event's bytes.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// The detail's bytes.
    pub fn detail(&self) -> &[u8] {
        &self.detail
    }
}

impl Staged {
    /// The index of the batch's first event.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The leaf hashes of the batch, of the commit event too: what the tiles grow by.
    pub fn leaves(&self) -> &[Digest] {
        &self.leaves
    }

    /// The tree as it will be.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }
}

impl Journal {
    /// Writes a batch and the commit event that closes it, and reads both back.
    ///
    /// `frontier` is that of the signed tree. A writer sweeps before its first batch.
    pub fn stage(
        &self,
        frontier: &Frontier,
        drafts: &[Draft],
        closing: Closing,
    ) -> Result<Staged, Error> {
        self.check(frontier)?;
        let end = self.closing_draft(drafts, closing)?;
        let drafts = || drafts.iter().chain([&end]);
        let tail = self.tail(frontier)?;
        let lines = (tail.lines.iter()).chain(drafts().map(|draft| &draft.line));
        let details = (tail.details.iter()).chain(drafts().map(|draft| &draft.detail));
        let lines: Vec<&[u8]> = lines.map(Vec::as_slice).collect();
        let details: Vec<&[u8]> = details.map(Vec::as_slice).collect();
        self.put_bundles(Half::Details, &details)?;
        self.put_bundles(Half::Entries, &lines)?;
        self.backend.sync()?;

        self.read_back(Half::Details, &details)?;
        let mut leaves = self.read_back(Half::Entries, &lines)?;
        leaves.drain(..tail.lines.len());
        let mut grown = frontier.clone();
        leaves.iter().for_each(|leaf| grown.push(*leaf));
        Ok(Staged { first: self.size(), leaves, frontier: grown })
    }

    /// Signs the tree with the batch in it and swaps the checkpoint: from here on the batch exists.
    ///
    /// Returns the frontier for the next batch.
    pub fn commit(&mut self, staged: Staged, signer: &Signer) -> Result<Frontier, Error> {
        assert_eq!(staged.first, self.size(), "a batch is committed where it was staged");
        let (checkpoint, note) = sign(&self.identity, &staged.frontier.head(), signer)?;
        self.backend.swap(CHECKPOINT, &note)?;
        (self.checkpoint, self.note) = (checkpoint, note);
        Ok(staged.frontier)
    }

    /// Removes bundles beyond the checkpoint, and unfilled ones that a longer one has replaced.
    ///
    /// Only the writer calls this, before its first batch: what it leaves behind until then serves
    /// readers and copies that still go by an older checkpoint. What the checkpoint needs stays.
    pub fn sweep(&self) -> Result<(), Error> {
        for half in Half::ALL {
            for (index, paths) in self.found(half)? {
                self.sweep_bundle(half, index, &paths)?;
            }
        }
        self.backend.sync()
    }

    fn sweep_bundle(&self, half: Half, index: u64, paths: &[TilePath]) -> Result<(), Error> {
        let exact = TilePath::new(index, self.width(index));
        if let Some(exact) = exact.filter(|exact| paths != [*exact]) {
            // A copy made during a commit may hold the longer bundle alone.
            match self.load(half, index) {
                Ok(Some(items)) if !paths.contains(&exact) => {
                    let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
                    self.backend.put(&half.name(exact), &bundle::encode(half, &items)?)?;
                    self.backend.sync()?;
                }
                Ok(Some(_)) => {}
                // Where damage is, anything may still be of use.
                Ok(None) | Err(Error::Damaged { .. }) => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        let mut surplus = paths.iter().filter(|path| Some(**path) != exact);
        surplus.try_for_each(|path| self.backend.remove(&half.name(*path)))
    }

    /// All bundles there are, by index.
    fn found(&self, half: Half) -> Result<BTreeMap<u64, Vec<TilePath>>, Error> {
        let mut found: BTreeMap<u64, Vec<TilePath>> = BTreeMap::new();
        for path in
            self.backend.list(half.folder())?.iter().filter_map(|object| half.path(&object.name))
        {
            found.entry(path.index()).or_default().push(path);
        }
        Ok(found)
    }

    fn closing_draft(&self, drafts: &[Draft], closing: Closing) -> Result<Draft, Error> {
        let batch: Vec<Digest> = drafts.iter().map(|draft| leaf_hash(&draft.line)).collect();
        let batch = Frontier::of(&batch);
        Draft::new(&Detail::Act(closing.detail), |detail| {
            Event::Commit(Commit {
                at: closing.at,
                base: self.size(),
                n_events: batch.size(),
                root: batch.root(),
                key_id: self.identity.verifier().id().0,
                detail,
            })
        })
    }

    /// The unfilled bundle that the next batch goes on from, found to be the one that was signed.
    fn tail(&self, frontier: &Frontier) -> Result<Tail, Error> {
        let index = self.size() / BUNDLE_EVENTS;
        let load = |half: Half| {
            let missing =
                || Error::damaged(half.name(TilePath::full(index)), "its beginning is missing");
            self.load(half, index)?.ok_or_else(missing)
        };
        let tail = Tail { lines: load(Half::Entries)?, details: load(Half::Details)? };
        let leaves: Vec<Digest> = tail.lines.iter().map(|line| leaf_hash(line)).collect();
        if !frontier.ends_with(&Frontier::of(&leaves)) {
            let name = Half::Entries.name(TilePath::full(index));
            return Err(Error::damaged(name, "its events are not those that were signed"));
        }
        Ok(tail)
    }

    /// Writes items as bundles, from the first bundle that is not full.
    fn put_bundles(&self, half: Half, items: &[&[u8]]) -> Result<(), Error> {
        for (path, items) in self.cut(items) {
            self.backend.put(&half.name(path), &bundle::encode(half, items)?)?;
        }
        Ok(())
    }

    /// Reads bundles back and returns the leaf hash of every item found.
    fn read_back(&self, half: Half, items: &[&[u8]]) -> Result<Vec<Digest>, Error> {
        let mut leaves = Vec::with_capacity(items.len());
        for (path, items) in self.cut(items) {
            let found = self.load_file(half, path)?.unwrap_or_default();
            if found != items {
                return Err(Error::damaged(
                    half.name(path),
                    "it does not read back as it was written",
                ));
            }
            leaves.extend(found.iter().map(|item| leaf_hash(item)));
        }
        Ok(leaves)
    }

    /// Cuts items that begin where the last full bundle ends into bundles.
    fn cut<'a>(&self, items: &'a [&'a [u8]]) -> impl Iterator<Item = (TilePath, &'a [&'a [u8]])> {
        let index = self.size() / BUNDLE_EVENTS;
        (index..).zip(items.chunks(BUNDLE_EVENTS as usize)).map(|(index, items)| {
            let path = TilePath::new(index, items.len() as u64);
            (path.expect("a chunk holds 1 to 256 items"), items)
        })
    }
}

/// What an unfilled bundle holds.
struct Tail {
    lines: Vec<Vec<u8>>,
    details: Vec<Vec<u8>>,
}
