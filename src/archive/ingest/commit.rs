//! Committing: packs, sync, journal, sync, checkpoint, catalog, in this order.

use std::collections::HashSet;

use tracing::{Span, debug_span};

use crate::{
    archive::{maintain::rebuild::recorded, similar::sites},
    catalog::{Batch, Pack},
    journal::{
        Closing, Draft, Staged,
        event::{ActDetail, Detail, Event, Revise},
    },
    store::Written,
    types::error::Error,
};

use super::transaction::{Committed, Pending, PendingRevision, Transaction, row};

/// One step of a commit; how long it took shows when it ends.
fn step(name: &'static str) -> Span {
    debug_span!(target: "commit", "step", name)
}

impl Transaction<'_> {
    /// Commits; what fails before the checkpoint is swapped leaves the archive as it was.
    pub(super) fn commit_pending(&mut self, pending: Pending) -> Result<Committed, Error> {
        let _commit =
            debug_span!(target: "commit", "commit", n = pending.revisions.len()).entered();
        let written = step("packs").in_scope(|| self.finish_packs())?;
        let staged = step("bundles").in_scope(|| self.stage(&pending.revisions))?;
        let revisions = staged.first()..staged.first() + pending.revisions.len() as u64;
        for leaf in staged.leaves() {
            self.edge.push(*leaf);
        }
        // Swapping the checkpoint is the commit: what precedes it may be lost, what follows may not
        // undo it.
        step("checkpoint").in_scope(|| self.archive.journal.commit(staged, self.signer))?;
        // If this fails the documents are in all the same: whoever opens the archive next brings
        // the catalog up.
        step("catalog")
            .in_scope(|| self.apply(&pending, &written, revisions.clone()))
            .map_err(|error| self.archive.located(error))?;
        // Superseded bundles cost space only; the next writer sweeps what is left.
        let _ = step("sweep").in_scope(|| self.archive.journal.sweep());
        let mut listed = HashSet::new();
        let is_new_text = |revision: &PendingRevision| {
            pending.sketches.contains_key(&revision.digest) && listed.insert(revision.digest)
        };
        let is_new_text = pending.revisions.iter().map(is_new_text);
        let new_texts = revisions.clone().zip(is_new_text).filter(|(_, is)| *is);
        let new_texts = new_texts.map(|(event, _)| event).collect();
        let n_packed = written.iter().map(|pack| pack.n_bytes).sum();
        Ok(Committed { revisions, new_texts, n_packed })
    }

    /// Commits what was put again for events of long ago; there is nothing new to sign.
    pub(super) fn commit_healed(&mut self) -> Result<(), Error> {
        let written = self.finish_packs()?;
        let packs: Vec<Pack> = written.iter().map(row).collect();
        self.archive.catalog.apply(&Batch { packs: &packs, ..Batch::default() })
    }

    /// Writes the open pack, and makes all packs durable.
    fn finish_packs(&mut self) -> Result<Vec<Written>, Error> {
        let Some(writer) = self.writer.take() else { return Ok(Vec::new()) };
        let written = writer.finish()?;
        self.archive.home.backend.sync()?;
        Ok(written)
    }

    fn stage(&mut self, revisions: &[PendingRevision]) -> Result<Staged, Error> {
        let at = self.context.now;
        let drafts = revisions
            .iter()
            .map(|revision| {
                let detail = Detail::Revise(revision.detail.clone());
                Draft::new(&detail, |detail| {
                    Event::Revise(Revise {
                        at,
                        doc: revision.doc,
                        prev: revision.prev,
                        sha256: revision.digest,
                        size: revision.n_bytes,
                        media: revision.media.clone(),
                        detail,
                    })
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let detail = ActDetail {
            salt: self.draw(b"salt"),
            by: self.context.by.clone(),
            note: None,
            tool: self.context.tool.clone(),
        };
        let frontier = self.edge.frontier();
        self.archive.journal.stage(&frontier, &drafts, Closing { at, detail })
    }

    /// Brings the catalog up to the commit, from the journal's own bytes.
    fn apply(
        &mut self,
        pending: &Pending,
        written: &[Written],
        revisions: std::ops::Range<u64>,
    ) -> Result<(), Error> {
        let archive = &*self.archive;
        let packs: Vec<Pack> = written.iter().map(row).collect();
        let range = revisions.start..archive.journal.size();
        let entries = archive.journal.entries(range).collect::<Result<Vec<_>, _>>()?;
        let events = recorded(&entries);
        let note = String::from_utf8_lossy(archive.journal.note());
        let batch = Batch {
            events: &events,
            packs: &packs,
            sketches: Some(&pending.sketches),
            features: Some(&pending.features),
            chunks: Some(&pending.chunks),
            tiles: &self.edge.take(),
            checkpoint: Some(&note),
        };
        // Whoever finds the catalog in step takes the boilerplate in it for known.
        archive.catalog.transaction(|_| {
            archive.catalog.apply(&batch)?;
            step("boilerplate").in_scope(|| sites::refresh(&archive.catalog, &archive.reader))
        })
    }
}
