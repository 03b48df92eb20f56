//! The run: documents come from an iterator, are read ahead, added in their order and committed in
//! batches; whoever listens hears of each.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use crate::{
    archive::{
        Archive, WriteContext,
        similar::{
            Threshold,
            neighbours::NearDocument,
            new_texts::{NewDuplicate, TextNews},
        },
    },
    catalog::Latest,
    journal::note::Signer,
    text::extract::ExtractionStatus,
    types::{error::Error, limits, name::DocName},
};

use super::{
    outcome::Outcome,
    provenance::Provenance,
    reader::{Intake, ReadAhead, RenderingTime},
    recapture::Recapture,
    tracking::Tracking,
    transaction::{Committed, Transaction},
};

/// So many items wait for the one before them at most; it is a bound for memory and changes no result.
pub(super) const WAITING_MAX: usize = 4096;

/// One item of the iterator. `T` is the front end's: it comes back with the item's event.
pub enum IngestItem<T> {
    /// A document to add.
    Document(Intake, T),
    /// A document that had the bytes of an earlier capture.
    Again(Recapture, T),
    /// Nothing to add; it is reported in its place among the documents.
    Other(T),
}

/// What there is to hear. New revisions come with the commit that holds them, in the order of their items;
/// of other items it is heard at once, in the order of those.
#[derive(Debug)]
pub enum IngestEvent<'a, T> {
    /// An item was drawn from the iterator. What became of it may come much later.
    Next {
        /// The item's tag.
        tag: &'a T,
        /// How many documents are done.
        n_done: u64,
    },
    /// What became of a document. A new revision is in the archive.
    Document {
        /// The item's tag.
        tag: T,
        /// The document's name.
        name: DocName,
        /// What became of it.
        outcome: Outcome,
    },
    /// The place of an item that is no document.
    Other(T),
    /// A document is no longer in a folder that is tracked, and that is in the archive.
    Gone(DocName),
    /// All new revisions so far are in the archive.
    Committed(&'a Committed),
    /// Documents of the last commit with the same bytes, which earlier ones had.
    Duplicates(&'a [NewDuplicate]),
    /// A text of the last commit that is near to earlier documents.
    Near {
        /// The name of the new text's document.
        name: &'a DocName,
        /// The nearest of the earlier ones; in their figures the new text is `a`, each of these `b`.
        near: &'a [NearDocument],
        /// How many more there are.
        n_more: u64,
    },
}

/// How documents are added.
#[derive(Clone)]
pub struct IngestOptions<'a> {
    /// What is recorded of each of them.
    pub provenance: Provenance,
    /// So many threads read, hash, sketch and compress. The archive is the same for any number.
    pub n_threads: usize,
    /// Read also files that are unchanged, and what is stored of unchanged documents to its end.
    pub verifies_unchanged: bool,
    /// When documents of formats that are rendered are.
    pub rendering_time: RenderingTime,
    /// From where on near-duplicates of what was committed are reported; `None` looks for none.
    pub near: Option<Threshold>,
    /// What was found in folders of which what is no longer there is recorded, too.
    pub tracking: Option<Tracking>,
    /// Asked before each item, the first included, and while a large one is read. Once it says yes nothing more is added; what was added
    /// is committed.
    pub is_interrupted: &'a dyn Fn() -> bool,
}

impl Default for IngestOptions<'_> {
    fn default() -> Self {
        Self {
            provenance: Provenance::default(),
            n_threads: 1,
            verifies_unchanged: false,
            rendering_time: RenderingTime::Now,
            near: Some(Threshold::Copied),
            tracking: None,
            is_interrupted: &|| false,
        }
    }
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngestSummary {
    /// Documents that were not known.
    pub n_new: u64,
    /// Documents with a next revision.
    pub n_revised: u64,
    /// Documents whose content is that of their latest revision.
    pub n_unchanged: u64,
    /// The same, and that they were seen again is recorded.
    pub n_seen: u64,
    /// Documents that go on under another name.
    pub n_renamed: u64,
    /// Documents that are recorded as gone.
    pub n_gone: u64,
    /// Of all of these, documents of whose content what was stored was damaged or missing, and is whole now.
    pub n_healed: u64,
    /// Documents that could not be read.
    pub n_unreadable: u64,
    /// New revisions whose source went on changing while it was read.
    pub n_unsettled: u64,
    /// New contents of which not all could be read as text, by what came of it.
    pub n_without_text: BTreeMap<ExtractionStatus, u64>,
    /// Bytes of the new revisions.
    pub n_bytes: u64,
    /// How many near-duplicates were found: those of each [`IngestEvent::Near`], and those that it does not name.
    pub n_near: u64,
    /// How many texts are near to earlier ones, where all were compared.
    pub n_near_texts: u64,
    /// Of bulks, of which a sample was compared: about how many texts are near to earlier ones.
    pub n_near_about: Option<u64>,
    /// How many documents have the bytes of earlier ones: those of each [`IngestEvent::Duplicates`], and those of
    /// bulks, which have no such events.
    pub n_same: u64,
    /// How many new revisions were not compared with what was there, since it was interrupted.
    pub n_not_compared: u64,
    /// It was interrupted: some items were passed over, or some new revisions not compared.
    pub is_interrupted: bool,
}

impl<T> IngestItem<T> {
    pub(super) fn tag(&self) -> &T {
        let (Self::Document(_, tag) | Self::Again(_, tag) | Self::Other(tag)) = self;
        tag
    }
}

impl IngestSummary {
    /// How many documents are done.
    pub(super) fn n_done(&self) -> u64 {
        self.n_new + self.n_revised + self.n_unchanged + self.n_seen + self.n_renamed
    }

    pub(super) fn count(&mut self, outcome: &Outcome) {
        let n = match outcome {
            Outcome::New(_) => &mut self.n_new,
            Outcome::Revised(_) => &mut self.n_revised,
            Outcome::Unchanged | Outcome::Healed => &mut self.n_unchanged,
            Outcome::Seen(_) => &mut self.n_seen,
            Outcome::Renamed(_) => &mut self.n_renamed,
            Outcome::Unreadable(_) => &mut self.n_unreadable,
        };
        *n += 1;
        self.n_healed += u64::from(outcome.is_healed());
        if let Outcome::New(revision) | Outcome::Revised(revision) = outcome {
            self.n_bytes += revision.n_bytes;
            self.n_unsettled += u64::from(revision.is_unsettled);
            if let Some(status) = revision.rendered.filter(|it| *it != ExtractionStatus::Ok) {
                *self.n_without_text.entry(status).or_default() += 1;
            }
        }
    }
}

impl Archive {
    /// Adds documents, and reports what becomes of them.
    ///
    /// It holds the writer's lock all the while; `who` is shown to others who want to write. An error, of
    /// the archive, of the storage or of `report`, ends it; what was added before is committed all the
    /// same.
    pub fn ingest<T>(
        &mut self,
        signer: &Signer,
        context: WriteContext,
        who: &str,
        items: impl IntoIterator<Item = IngestItem<T>>,
        options: &IngestOptions,
        report: impl FnMut(IngestEvent<T>) -> Result<(), Error>,
    ) -> Result<IngestSummary, Error> {
        let mut transaction = self
            .transaction(signer, context, options.provenance.clone(), who)?
            .on_threads(options.n_threads)
            .verifying_unchanged(options.verifies_unchanged)
            .rendering_at(options.rendering_time)
            .interrupted_by(options.is_interrupted);
        transaction.track(options.tracking.as_ref())?;
        let read_ahead = ReadAhead::new(Rc::clone(&transaction.pool));
        let (waiting, summary) = (VecDeque::new(), IngestSummary::default());
        let (uncommitted, left) = (Vec::new(), Vec::new());
        let mut run =
            Run { transaction, read_ahead, options, waiting, uncommitted, left, summary, report };
        let result = run.add_all(items.into_iter()).and_then(|()| run.leave_behind());
        result.and(run.commit())?;
        Ok(run.summary)
    }
}

/// A run under way.
struct Run<'a, T, F> {
    transaction: Transaction<'a>,
    read_ahead: ReadAhead,
    options: &'a IngestOptions<'a>,
    /// The items drawn and not reported, in their order.
    waiting: VecDeque<Waiting<T>>,
    /// What became of documents by revisions that wait for the commit.
    uncommitted: Vec<(T, DocName, Outcome)>,
    /// Documents whose end waits for the commit.
    left: Vec<DocName>,
    summary: IngestSummary,
    report: F,
}

/// An item that waits for its place among the events.
enum Waiting<T> {
    /// A document that is being read ahead.
    Underway(T),
    /// A document whose file is as it was.
    Unchanged(T, Box<Intake>, Latest),
    /// A document whose bytes came before it.
    Again(T, Box<Recapture>),
    Other(T),
}

impl<T, F: FnMut(IngestEvent<T>) -> Result<(), Error>> Run<'_, T, F> {
    fn add_all(&mut self, mut items: impl Iterator<Item = IngestItem<T>>) -> Result<(), Error> {
        while !self.is_interrupted()
            && let Some(item) = items.next()
        {
            let n_done = self.summary.n_done() + self.uncommitted.len() as u64;
            (self.report)(IngestEvent::Next { tag: item.tag(), n_done })?;
            let waiting = match item {
                IngestItem::Document(intake, tag) => match self.begin(intake, tag) {
                    Err(Error::Interrupted) => {
                        self.summary.is_interrupted = true;
                        break;
                    }
                    begun => begun?,
                },
                IngestItem::Again(recapture, tag) => Waiting::Again(tag, Box::new(recapture)),
                IngestItem::Other(tag) => Waiting::Other(tag),
            };
            self.waiting.push_back(waiting);
            while self.is_next_due() {
                self.settle_next()?;
            }
        }
        // What was only read ahead is dropped by an interruption.
        while !self.summary.is_interrupted && !self.waiting.is_empty() {
            self.settle_next()?;
            self.is_interrupted();
        }
        Ok(())
    }

    /// Whether somebody asked to stop, now or before.
    fn is_interrupted(&mut self) -> bool {
        self.summary.is_interrupted |= (self.options.is_interrupted)();
        self.summary.is_interrupted
    }

    /// Has a document read, unless its file is as it was.
    fn begin(&mut self, intake: Intake, tag: T) -> Result<Waiting<T>, Error> {
        let expected = self.transaction.expected(&intake)?;
        // One of the same name that is on its way may be another revision.
        if let Some(latest) = expected.latest
            && !self.options.verifies_unchanged
            && !self.read_ahead.has(&intake.name)
            && self.transaction.is_unchanged(&intake, &latest)
            && self.is_stored_well(&latest)?
        {
            return Ok(Waiting::Unchanged(tag, Box::new(intake), latest));
        }
        self.read_ahead.push(intake, expected);
        Ok(Waiting::Underway(tag))
    }

    /// Whether nothing is known against what is stored of a document that looks unchanged.
    fn is_stored_well(&self, latest: &Latest) -> Result<bool, Error> {
        Ok(!self.transaction.lock.has_lost_packs
            || self.transaction.archive().is_sound(latest, self.options.is_interrupted)?)
    }

    /// Whether the first of the waiting items can be reported without slowing down those who read.
    fn is_next_due(&self) -> bool {
        match self.waiting.front() {
            Some(Waiting::Underway(_)) => {
                self.read_ahead.is_full() || self.waiting.len() >= WAITING_MAX
            }
            Some(_) => true,
            None => false,
        }
    }

    /// Adds the first of the waiting items if it is to be added, and reports it.
    fn settle_next(&mut self) -> Result<(), Error> {
        let (tag, name, outcome) = match self.waiting.pop_front() {
            None => return Ok(()),
            Some(Waiting::Other(tag)) => return (self.report)(IngestEvent::Other(tag)),
            Some(Waiting::Unchanged(tag, intake, latest)) => {
                let outcome = self.transaction.see_unchanged(&intake, latest)?;
                (tag, intake.name, outcome)
            }
            Some(Waiting::Again(tag, recapture)) => {
                let name = recapture.name.clone();
                (tag, name, self.transaction.add_again(*recapture)?)
            }
            Some(Waiting::Underway(tag)) => {
                let read = self.read_ahead.pop().expect("one is read for each that is under way");
                let name = read.intake.name.clone();
                match self.transaction.add_read(read) {
                    Err(Error::Interrupted) => {
                        self.summary.is_interrupted = true;
                        return Ok(());
                    }
                    added => (tag, name, added?),
                }
            }
        };
        match self.transaction.has_pending(&name) {
            true => self.uncommitted.push((tag, name, outcome)),
            false => self.report_document(tag, name, outcome)?,
        }
        let is_due =
            self.transaction.is_due() || self.uncommitted.len() >= limits::COMMIT_REVISIONS;
        if is_due { self.commit() } else { Ok(()) }
    }

    /// Records what is no longer in the folders that are tracked.
    fn leave_behind(&mut self) -> Result<(), Error> {
        if self.summary.is_interrupted {
            return Ok(());
        }
        for name in self.transaction.take_missing() {
            self.transaction.leave(&name)?;
            self.left.push(name);
            if self.transaction.is_due() {
                self.commit()?;
            }
        }
        Ok(())
    }

    fn report_document(&mut self, tag: T, name: DocName, outcome: Outcome) -> Result<(), Error> {
        self.summary.count(&outcome);
        (self.report)(IngestEvent::Document { tag, name, outcome })
    }

    /// Commits what is waiting for it, and reports it and which of it is near to what was there.
    fn commit(&mut self) -> Result<(), Error> {
        // Of what cannot be committed nothing is reported.
        let uncommitted = std::mem::take(&mut self.uncommitted);
        let committed = self.transaction.commit()?;
        let mut recorded = committed.iter().flat_map(|committed| &committed.recorded);
        for (tag, name, mut outcome) in uncommitted {
            if outcome.is_new_revision() {
                outcome = outcome.settled(recorded.next().copied().flatten());
            }
            self.report_document(tag, name, outcome)?;
        }
        for name in std::mem::take(&mut self.left) {
            self.summary.n_gone += 1;
            (self.report)(IngestEvent::Gone(name))?;
        }
        let Some(committed) = committed.filter(|it| !it.events.is_empty()) else {
            return Ok(());
        };
        (self.report)(IngestEvent::Committed(&committed))?;
        self.report_news(&committed)
    }

    /// Reports what of a commit was there before, and what it is near to.
    fn report_news(&mut self, committed: &Committed) -> Result<(), Error> {
        let Some(threshold) = self.options.near else { return Ok(()) };
        if self.summary.is_interrupted {
            // Whoever wants to stop does not want to wait for an answer.
            self.summary.n_not_compared += committed.n_revisions();
            return Ok(());
        }
        let archive = self.transaction.archive();
        let asked = self.options.is_interrupted;
        let counts = archive.resembling(committed, threshold, asked, |news| {
            (self.report)(match news {
                TextNews::Duplicates(duplicates) => IngestEvent::Duplicates(duplicates),
                TextNews::Near(name, near, n_more) => {
                    self.summary.n_near += near.len() as u64 + n_more;
                    IngestEvent::Near { name, near, n_more }
                }
            })
        })?;
        let summary = &mut self.summary;
        summary.n_same += counts.n_same;
        summary.n_near_texts += counts.n_near;
        if let Some(n_about) = counts.n_near_about {
            *summary.n_near_about.get_or_insert(0) += n_about;
        }
        summary.n_not_compared += counts.n_not_compared;
        summary.is_interrupted |= counts.n_not_compared > 0;
        Ok(())
    }
}
