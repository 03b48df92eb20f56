//! Committing a transaction: its packs, then its revisions, behind what other writers recorded meanwhile.

use std::collections::{HashMap, HashSet};

use tracing::{debug, debug_span};

use crate::{
    archive::commit::{NewBatch, OTHERS, step},
    catalog::{Batch, InterpretedContent, Latest},
    journal::{
        Closing, Draft, SaltSeed,
        event::{
            ActDetail, Detail, DocumentDetail, DocumentEvent, DocumentEventKind, Event, Revise,
            ReviseDetail,
        },
    },
    store::{Frames as _, Written, frame::Base},
    text::{Charset, Interpretation},
    types::{
        digest::Key,
        error::Error,
        name::DocName,
        pack_id::{PackId, UploadIds},
        time::Timestamp,
    },
};

use super::transaction::{
    Committed, Pending, PendingDocumentEvent, PendingEvent, PendingRevision, Transaction,
};

/// How many races with other writers are lost before the user is told.
const RACES_MAX: usize = 64;
/// Whom a writer names that must begin anew.
const COMPACTED: &str = "compact, which took away what this command was building on";

impl Transaction<'_> {
    /// Commits; what fails before the commit is created leaves the archive as it was.
    pub(super) fn commit_pending(&mut self, mut pending: Pending) -> Result<Committed, Error> {
        let n_added = pending.n_revisions;
        let _commit = debug_span!(target: "commit", "commit", n = n_added).entered();
        let written = step("packs").in_scope(|| self.finish_packs())?;
        if pending.events.is_empty() && written.is_empty() {
            return Ok(Committed::of(&pending, &written, self.archive.journal.size(), n_added));
        }
        let mut n_races = 0;
        let first = loop {
            match self.try_commit(&pending, &written)? {
                Some(first) => break first,
                None if n_races == RACES_MAX => return Err(Error::Busy { who: OTHERS.into() }),
                None => n_races += 1,
            }
            debug!(target: "commit", n_races, "another writer was first");
            self.catch_up(&pending, &written)?;
            self.rebase(&mut pending)?;
        };
        Ok(Committed::of(&pending, &written, first, n_added))
    }

    /// Writes the open pack, and makes all packs durable.
    fn finish_packs(&mut self) -> Result<Vec<Written>, Error> {
        let Some(writer) = self.writer.take() else { return Ok(Vec::new()) };
        let written = writer.finish()?;
        self.archive.home.backend.sync()?;
        Ok(written)
    }

    /// One attempt at the next number: the index of the first event, or none if another writer has it.
    fn try_commit(&mut self, pending: &Pending, written: &[Written]) -> Result<Option<u64>, Error> {
        let at = self.context.now;
        let salts = SaltSeed::new(self.draw(b"salts"));
        let mut drafts = self.drafts(&pending.events, salts)?;
        let packs: Vec<PackId> = written.iter().map(|written| written.pack).collect();
        drafts.extend(Draft::packs(at, &packs)?);
        let detail = ActDetail {
            salt: salts.salt(drafts.len() as u64),
            by: self.context.by.clone(),
            note: None,
            tool: self.context.tool.clone(),
        };
        let closing = Closing { at, id: self.draw(b"commit"), salts, detail };
        let analysed = Batch {
            sketches: Some(&pending.sketches),
            features: Some(&pending.features),
            chunks: Some(&pending.chunks),
            ..Batch::default()
        };
        let batch = NewBatch { drafts: &drafts, closing, packs: written, analysed };
        self.archive.commit_batch(batch, &mut self.edge, self.signer)
    }

    /// The first events of a commit, each detail with the salt of its place.
    fn drafts(&self, events: &[PendingEvent], salts: SaltSeed) -> Result<Vec<Draft>, Error> {
        let at = self.context.now;
        let draft = |(n, event): (u64, &PendingEvent)| match event {
            PendingEvent::Revision(revision) => {
                let detail = ReviseDetail { salt: salts.salt(n), ..revision.detail.clone() };
                let detail = Detail::Revise(detail);
                Draft::new(&detail, |detail| {
                    Event::Revise(Revise {
                        at,
                        doc: revision.doc,
                        prev: revision.prev,
                        sha256: revision.new.digest,
                        size: revision.new.n_bytes,
                        media: revision.media.clone(),
                        detail,
                    })
                })
            }
            PendingEvent::Document(PendingDocumentEvent { kind, latest, detail, .. }) => {
                let (kind, Latest { doc, last: prev, event: of, .. }) = (*kind, *latest);
                let detail = DocumentDetail { salt: salts.salt(n), ..detail.clone() };
                Draft::new(&Detail::Document(detail), |detail| {
                    Event::Document(DocumentEvent { kind, at, doc, prev, of, detail })
                })
            }
        };
        (0..).zip(events).map(draft).collect()
    }

    /// Takes in what other writers committed.
    ///
    /// `Busy` when one of them took away packs without which the new ones cannot be read: their blobs must be
    /// put again.
    fn catch_up(&mut self, pending: &Pending, written: &[Written]) -> Result<(), Error> {
        let went = self.archive.take_in_others(&mut self.edge)?.went;
        // Packs that no commit spoke of yet may have been taken for leftovers.
        let is_gone = written.iter().any(|written| went.contains(&written.pack));
        if is_gone || (!went.is_empty() && !self.stands(pending, written)?) {
            return Err(Error::Busy { who: COMPACTED.into() });
        }
        Ok(())
    }

    /// Whether all that new packs rest on is still there, and lies where a reader looks for it: the bases of
    /// their frames no deeper than the frames state, and the chunks of their lists.
    fn stands(&self, pending: &Pending, written: &[Written]) -> Result<bool, Error> {
        self.archive.reader.forget();
        let frames = self.archive.reader.frames();
        let places = || written.iter().flat_map(|written| &written.places);
        let own: HashSet<Key> = places().map(|(key, _)| *key).collect();
        let is_base_there = |base: &Base| -> Result<bool, Error> {
            let is_less_deep = |place| frames.header(place).is_ok_and(|it| it.depth() < base.depth);
            Ok(own.contains(&base.key) || frames.places(base.key)?.iter().any(is_less_deep))
        };
        for (_, place) in places().filter(|(_, place)| place.index == 0) {
            if let Some(base) = frames.header(place)?.base
                && !is_base_there(&base)?
            {
                return Ok(false);
            }
        }
        // What was stored already may have been withdrawn meanwhile.
        let contents = pending.revisions().map(|revision| revision.new.digest.key());
        let chunks = pending.chunks.values().flatten().copied();
        for key in contents.chain(chunks).filter(|key| !own.contains(key)) {
            if frames.places(key)?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts what is pending on top of what other writers committed: each event follows the last one of its
    /// document, and a revision is dropped where its document has that content already.
    ///
    /// `Busy` when what else happened to a document makes no sense any more: it has other bytes now, or its new
    /// name is taken.
    fn rebase(&mut self, pending: &mut Pending) -> Result<(), Error> {
        // None stands for a name that its document has no longer.
        let mut latest: HashMap<DocName, Option<Latest>> = HashMap::new();
        let mut kept = Vec::new();
        for event in std::mem::take(&mut pending.events) {
            let index = self.archive.journal.size() + kept.len() as u64;
            let name = event.name();
            let before = match latest.get(name) {
                Some(before) => *before,
                None => self.archive.catalog.latest(name)?,
            };
            match event {
                PendingEvent::Revision(mut revision) => {
                    if !self.rebase_revision(&mut revision, before, pending)? {
                        continue;
                    }
                    let name = revision.detail.name.clone();
                    let at = self.context.now;
                    latest.insert(name, Some(revision.latest(before, (index, at))));
                    kept.push(PendingEvent::Revision(revision));
                }
                PendingEvent::Document(mut event) => {
                    let is_taken = match &event.detail.name {
                        Some(name) => match latest.get(name) {
                            Some(other) => other.is_some(),
                            None => self.archive.catalog.document_named(name)?.is_some(),
                        },
                        None => false,
                    };
                    let same = before.filter(|it| it.digest == event.latest.digest && !is_taken);
                    let Some(before) = same else {
                        return Err(Error::Busy { who: OTHERS.into() });
                    };
                    event.latest = before;
                    latest.insert(event.name.clone(), None);
                    latest.insert(event.name_after().clone(), Some(event.latest_after(index)));
                    kept.push(PendingEvent::Document(event));
                }
            }
        }
        pending.events = kept;
        Ok(())
    }

    /// Has a revision follow the latest of its document; whether it is still one.
    fn rebase_revision(
        &self,
        revision: &mut PendingRevision,
        before: Option<Latest>,
        pending: &mut Pending,
    ) -> Result<bool, Error> {
        let digest = revision.new.digest;
        let encoding = revision.encoding();
        if before.is_some_and(|before| before.is_same(digest, encoding)) {
            return Ok(false);
        }
        revision.doc = before.map_or(revision.doc, |before| before.doc);
        revision.prev = before.map(|before| before.last);
        revision.new.number = before.map_or(1, |before| before.n_revisions + 1);
        let catalog = &self.archive.catalog;
        if catalog.has_content(&digest)? {
            revision.new.is_new_content = false;
            let interpreted = revision.interpreted();
            if catalog.content_as(&interpreted)?.is_some() {
                pending.sketches.remove(&interpreted);
            }
        }
        Ok(true)
    }

    /// Names for the packs of this transaction.
    pub(super) fn upload_ids(&mut self) -> UploadIds {
        UploadIds::new(self.draw(b"packs"))
    }
}

impl PendingEvent {
    /// The name of the document before it.
    fn name(&self) -> &DocName {
        match self {
            Self::Revision(revision) => &revision.detail.name,
            Self::Document(event) => &event.name,
        }
    }
}

impl PendingRevision {
    fn encoding(&self) -> Option<Charset> {
        self.detail.encoding.as_deref().and_then(Charset::for_label)
    }

    /// Its content with as what that is read.
    fn interpreted(&self) -> InterpretedContent {
        (self.new.digest, Interpretation::of(self.media.as_str(), self.encoding()))
    }

    /// The document once this is the event `index`, recorded at a time; `before` is what it was.
    pub(super) fn latest(&self, before: Option<Latest>, (index, at): (u64, Timestamp)) -> Latest {
        let own = Latest {
            doc: self.doc,
            event: index,
            captured: self.detail.captured.unwrap_or(at),
            last: index,
            is_gone: false,
            number: self.new.number,
            n_revisions: self.new.number,
            digest: self.new.digest,
            encoding: self.encoding(),
            is_withdrawn: false,
        };
        own.after(before)
    }
}

impl PendingDocumentEvent {
    /// The name of the document after it.
    pub(super) fn name_after(&self) -> &DocName {
        self.detail.name.as_ref().unwrap_or(&self.name)
    }

    /// The document once this is the event `index`.
    pub(super) fn latest_after(&self, index: u64) -> Latest {
        let is_gone = match self.kind {
            DocumentEventKind::Gone => true,
            DocumentEventKind::Seen => false,
            DocumentEventKind::Rename | DocumentEventKind::Describe => self.latest.is_gone,
        };
        Latest { last: index, is_gone, ..self.latest }
    }
}

impl Committed {
    /// What came of the `n_added` revisions of a transaction, of which those still pending were recorded
    /// from the event `first` on, with what else happened.
    fn of(pending: &Pending, written: &[Written], first: u64, n_added: usize) -> Self {
        let events = first..first + pending.events.len() as u64;
        let mut recorded = vec![None; n_added];
        let (mut new_texts, mut others) = (Vec::new(), Vec::new());
        let mut listed = HashSet::new();
        for (event, pending_event) in events.clone().zip(&pending.events) {
            let Some(revision) = pending_event.revision() else { continue };
            recorded[revision.order] = Some(revision.new);
            let interpreted = revision.interpreted();
            if pending.sketches.contains_key(&interpreted) && listed.insert(interpreted) {
                new_texts.push(event);
            } else {
                others.push(event);
            }
        }
        let n_packed = written.iter().map(|pack| pack.n_bytes).sum();
        Self { events, recorded, new_texts, others, n_packed }
    }
}
