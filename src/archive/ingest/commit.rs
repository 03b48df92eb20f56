//! Committing: packs, details, sync, the commit, catalog, in this order.

use std::collections::{HashMap, HashSet};

use tracing::{Span, debug, debug_span};

use crate::{
    archive::{maintain::rebuild, similar::sites},
    catalog::{Batch, Latest, Pack},
    journal::{
        Closing, Draft, Settled,
        event::{ActDetail, Detail, Event, Revise},
    },
    store::Written,
    types::{
        error::Error,
        name::DocName,
        pack_id::{PackId, UploadIds},
    },
};

use super::transaction::{Committed, Pending, PendingRevision, Transaction, row};

/// How many races with other writers are lost before the user is told.
const RACES_MAX: usize = 64;

/// One step of a commit; how long it took shows when it ends.
fn step(name: &'static str) -> Span {
    debug_span!(target: "commit", "step", name)
}

impl Transaction<'_> {
    /// Commits; what fails before the commit is created leaves the archive as it was.
    pub(super) fn commit_pending(&mut self, mut pending: Pending) -> Result<Committed, Error> {
        let _commit =
            debug_span!(target: "commit", "commit", n = pending.revisions.len()).entered();
        let written = step("packs").in_scope(|| self.finish_packs())?;
        if pending.revisions.is_empty() && written.is_empty() {
            let next = self.archive.journal.size();
            return Ok(Committed { revisions: next..next, new_texts: Vec::new(), n_packed: 0 });
        }
        let before = self.archive.journal.note().to_vec();
        let mut reflected = before.clone();
        let mut n_races = 0;
        let first = loop {
            match self.try_commit(&pending.revisions, &written)? {
                Some(first) => break first,
                None if n_races == RACES_MAX => return Err(Error::Busy { who: OTHERS.into() }),
                None => n_races += 1,
            }
            debug!(target: "commit", n_races, "another writer was first");
            self.catch_up(&written)?;
            self.rebase(&mut pending)?;
            reflected = self.archive.journal.note().to_vec();
        };
        let revisions = first..first + pending.revisions.len() as u64;
        // If this fails the documents are in all the same: whoever opens the archive next brings
        // the catalog up.
        step("catalog")
            .in_scope(|| self.apply(&pending, &written, first, &reflected))
            .map_err(|error| self.archive.located(error))?;
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

    /// Writes the open pack, and makes all packs durable.
    fn finish_packs(&mut self) -> Result<Vec<Written>, Error> {
        let Some(writer) = self.writer.take() else { return Ok(Vec::new()) };
        let written = writer.finish()?;
        self.archive.home.backend.sync()?;
        Ok(written)
    }

    /// One attempt at the next number: the index of the first event, or none if another writer has it.
    fn try_commit(
        &mut self,
        revisions: &[PendingRevision],
        written: &[Written],
    ) -> Result<Option<u64>, Error> {
        let at = self.context.now;
        let mut drafts = self.drafts(revisions)?;
        let packs: Vec<PackId> = written.iter().map(|written| written.pack).collect();
        drafts.extend(Draft::packs(at, &packs)?);
        let detail = ActDetail {
            salt: self.draw(b"salt"),
            by: self.context.by.clone(),
            note: None,
            tool: self.context.tool.clone(),
        };
        let closing = Closing { at, id: self.draw(b"commit"), detail };
        let frontier = self.edge.frontier();
        let journal = &mut self.archive.journal;
        let staged = step("details").in_scope(|| journal.stage(&frontier, &drafts, closing))?;
        let (first, leaves) = (staged.first(), staged.leaves().to_vec());
        match step("create").in_scope(|| journal.commit(staged, self.signer))? {
            Settled::Overtaken => Ok(None),
            Settled::Committed(_) => {
                leaves.iter().for_each(|leaf| self.edge.push(*leaf));
                Ok(Some(first))
            }
        }
    }

    fn drafts(&self, revisions: &[PendingRevision]) -> Result<Vec<Draft>, Error> {
        let at = self.context.now;
        let draft = |revision: &PendingRevision| {
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
        };
        revisions.iter().map(draft).collect()
    }

    /// Takes in what other writers committed.
    fn catch_up(&mut self, written: &[Written]) -> Result<(), Error> {
        let archive = &mut *self.archive;
        let known = archive.journal.size();
        archive.journal.refresh()?;
        let changes = archive.journal.pack_changes(known..archive.journal.size())?;
        if written.iter().any(|written| changes.went.contains(&written.pack)) {
            // Somebody took packs that no commit spoke of yet for leftovers.
            return Err(Error::Busy { who: OTHERS.into() });
        }
        archive.bring_up()?;
        self.edge = archive.edge()?;
        Ok(())
    }

    /// Puts the revisions on top of what other writers committed: each follows the latest of its document,
    /// and is dropped where that has its content already.
    fn rebase(&mut self, pending: &mut Pending) -> Result<(), Error> {
        let mut latest: HashMap<DocName, Latest> = HashMap::new();
        let mut kept = Vec::new();
        for mut revision in std::mem::take(&mut pending.revisions) {
            let name = revision.detail.name.clone();
            let before = match latest.get(&name) {
                Some(before) => Some(*before),
                None => self.archive.catalog.latest(&name)?,
            };
            if before.is_some_and(|before| before.digest == revision.digest) {
                continue;
            }
            revision.doc = before.map_or(revision.doc, |before| before.doc);
            revision.prev = before.map(|before| before.event);
            let event = self.archive.journal.size() + kept.len() as u64;
            let number = before.map_or(1, |before| before.number + 1);
            latest
                .insert(name, Latest { doc: revision.doc, event, number, digest: revision.digest });
            kept.push(revision);
        }
        pending.revisions = kept;
        Ok(())
    }

    /// Brings the catalog up to the commit, from the journal's own bytes.
    fn apply(
        &mut self,
        pending: &Pending,
        written: &[Written],
        first: u64,
        before: &[u8],
    ) -> Result<(), Error> {
        let archive = &*self.archive;
        let packs: Vec<Pack> = written.iter().map(row).collect();
        let range = first..archive.journal.size();
        let entries = archive.journal.entries(range).collect::<Result<Vec<_>, _>>()?;
        let events = rebuild::recorded(&entries);
        let note = String::from_utf8_lossy(archive.journal.note());
        let tiles = self.edge.take();
        let batch = Batch {
            events: &events,
            packs: &packs,
            sketches: Some(&pending.sketches),
            features: Some(&pending.features),
            chunks: Some(&pending.chunks),
            tiles: &tiles,
            checkpoint: Some(&note),
        };
        // Whoever finds the catalog in step takes the boilerplate in it for known.
        archive.catalog.transaction(|_| {
            if archive.catalog.reflects()?.as_bytes() != before {
                // Another writer brought it up to some later commit, or could not.
                return rebuild::catch_up(
                    &archive.home.backend,
                    &archive.journal,
                    &archive.catalog,
                )
                .map(drop);
            }
            archive.catalog.apply(&batch)?;
            step("boilerplate").in_scope(|| sites::refresh(&archive.catalog, &archive.reader))
        })
    }

    /// Names for the packs of this transaction.
    pub(super) fn upload_ids(&mut self) -> UploadIds {
        UploadIds::new(self.draw(b"packs"))
    }
}

/// Whom a writer names that it cannot see.
pub(in crate::archive) const OTHERS: &str = "other writers, which were first each time";
