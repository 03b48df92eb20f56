//! Committing, as every batch is committed: details, the commit, then the catalog, in this order.
//!
//! The packs that a batch speaks of are durable before. Where another writer has the number, what it
//! committed is taken in, and whoever wanted to commit looks again whether that still makes sense.

use tracing::{Span, debug_span};

use crate::{
    catalog::{Batch, Pack},
    journal::{Closing, Draft, PackChanges, Settled, merkle::tiles::Edge, note::Signer},
    store::Written,
    types::error::Error,
};

use super::{
    Archive,
    maintain::rebuild::{catch_up, recorded},
    similar::sites,
};

/// Whom a writer names that it cannot see.
pub(super) const OTHERS: &str = "other writers, which were first each time";

/// How often an act is tried while other writers are faster.
pub(super) const ACT_TRIES_MAX: u64 = 16;

/// What is to be committed together.
pub(super) struct NewBatch<'a> {
    pub drafts: &'a [Draft],
    pub closing: Closing,
    /// The packs that came.
    pub packs: &'a [Written],
    /// What is known of new contents; the rest of it is filled in from the journal.
    pub analysed: Batch<'a>,
}

/// One step of a commit; how long it took shows when it ends.
pub(super) fn step(name: &'static str) -> Span {
    debug_span!(target: "commit", "step", name)
}

impl Archive {
    /// One attempt at the next number, and the catalog brought up to it: the index of the batch's first event,
    /// or none if another writer has the number.
    pub(super) fn commit_batch(
        &mut self,
        batch: NewBatch,
        edge: &mut Edge,
        signer: &Signer,
    ) -> Result<Option<u64>, Error> {
        let n_before = self.journal.size();
        let committed = self.commit_and_apply(batch, edge, signer);
        if let Some(hook) = self.on_commit.clone().filter(|_| self.journal.size() > n_before) {
            hook(self);
        }
        committed
    }

    fn commit_and_apply(
        &mut self,
        batch: NewBatch,
        edge: &mut Edge,
        signer: &Signer,
    ) -> Result<Option<u64>, Error> {
        let NewBatch { drafts, closing, packs, analysed } = batch;
        let is_withdrawal = drafts.iter().any(Draft::is_withdrawal);
        let before = self.journal.note().to_vec();
        let stage = || self.journal.stage(&edge.frontier(), drafts, closing);
        let staged = step("details").in_scope(stage)?;
        let (first, leaves) = (staged.first(), staged.leaves().to_vec());
        match step("create").in_scope(|| self.journal.commit(staged, signer))? {
            Settled::Overtaken => return Ok(None),
            Settled::Committed(_) => leaves.iter().for_each(|leaf| edge.push(*leaf)),
        }
        if is_withdrawal {
            self.renew().map_err(|error| self.located(error))?;
            *edge = self.edge()?;
            return Ok(Some(first));
        }
        // If this fails the batch is in all the same: whoever opens the archive next brings the catalog up.
        let apply = || {
            self.home.follow_sum(&self.catalog)?;
            self.apply_committed(first, &before, packs, analysed, edge)?;
            self.home.remember_sum(&self.catalog)
        };
        match step("catalog").in_scope(apply) {
            Ok(()) => {}
            Err(Error::Catalog { why }) => *edge = self.renew_misled(&why)?,
            Err(error) => return Err(self.located(error)),
        }
        Ok(Some(first))
    }

    /// Brings the catalog from the checkpoint before up to the commit, from the journal's own bytes.
    fn apply_committed(
        &self,
        first: u64,
        before: &[u8],
        packs: &[Written],
        analysed: Batch,
        edge: &mut Edge,
    ) -> Result<(), Error> {
        let packs: Vec<Pack> = packs.iter().map(row).collect();
        let entries = self.journal.entries(first..self.journal.size());
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let (events, tiles) = (recorded(&entries), edge.take());
        let note = String::from_utf8_lossy(self.journal.note());
        let checkpoint = Some(&*note);
        let batch = Batch { events: &events, packs: &packs, tiles: &tiles, checkpoint, ..analysed };
        // Whoever finds the catalog in step takes the boilerplate in it for known.
        self.catalog.transaction(|_| {
            if self.catalog.reflects()?.as_bytes() != before {
                // Another writer brought it up to some later commit, or could not.
                return catch_up(&self.home.backend, &self.journal, &self.catalog).map(drop);
            }
            self.catalog.apply(&batch)?;
            step("boilerplate")
                .in_scope(|| sites::refresh(&self.catalog, &self.reader, &self.samples))
        })
    }

    /// One attempt to commit acts upon the archive, which bring no packs; the index of the first event, or none when
    /// another writer was faster, which is taken in.
    pub(super) fn commit_acts(
        &mut self,
        drafts: &[Draft],
        closing: Closing,
        edge: &mut Edge,
        signer: &Signer,
    ) -> Result<Option<u64>, Error> {
        let batch = NewBatch { drafts, closing, packs: &[], analysed: Batch::default() };
        let index = self.commit_batch(batch, edge, signer)?;
        if index.is_none() {
            self.take_in_others(edge)?;
        }
        Ok(index)
    }

    /// Takes in what other writers committed; which packs came and went with that.
    pub(super) fn take_in_others(&mut self, edge: &mut Edge) -> Result<PackChanges, Error> {
        let known = self.journal.size();
        self.bring_up()?;
        let changes = self.journal.pack_changes(known..self.journal.size())?;
        *edge = self.edge()?;
        Ok(changes)
    }
}

/// A pack as a row of the catalog.
fn row(written: &Written) -> Pack<'_> {
    Pack {
        pack: written.pack,
        n_bytes: written.n_bytes,
        n_frames: written.n_frames,
        places: &written.places,
    }
}
