//! What happens to a document beside new bytes: it was seen again, goes on under another name, is gone, has tags.

use std::sync::Arc;

use crate::{
    archive::Archive,
    catalog::{Latest, Observation},
    journal::event::{DocumentDetail, DocumentEventKind},
    text::Charset,
    types::{
        digest::Digest,
        error::Error,
        name::DocName,
        tag::{Tag, TagChange},
        time::Timestamp,
    },
};

use super::{
    outcome::{Outcome, SeenAgain},
    provenance::{ObservationKey, Provenance},
    reader::Intake,
    tracking::Tracking,
    transaction::{Content, PendingDocumentEvent, PendingEvent, Transaction},
};

/// Bytes that were found again under the name of the document whose latest revision has them.
pub(super) struct FoundAgain<'a> {
    pub name: &'a DocName,
    pub latest: Latest,
    /// What is said of them.
    pub provenance: &'a Provenance,
    /// When they were captured, if that is said.
    pub captured: Option<Timestamp>,
}

impl FoundAgain<'_> {
    /// What tells it from others of the same transaction.
    fn key(&self) -> ObservationKey {
        self.provenance.observed(self.latest.event, self.captured)
    }
}

impl Archive {
    /// The tags that are new with what is said of bytes that were found again; none where nothing is to be recorded.
    ///
    /// Of a folder that is tracked it is known without a word that what was there before still is.
    pub(super) fn to_record(
        &self,
        again: &FoundAgain,
        (is_tracked, is_pending): (bool, bool),
    ) -> Result<Option<Vec<TagChange>>, Error> {
        let FoundAgain { name, latest, provenance, captured } = again;
        let is_asked = latest.is_gone || provenance.records_unchanged;
        if !is_asked && provenance.says_nothing() {
            return Ok(None);
        }
        let tags = self.new_tags(name, &provenance.tags)?;
        let captured = captured.filter(|_| !is_tracked);
        let (source, note) = (provenance.source.as_deref(), provenance.note.as_deref());
        let observation = Observation { source, captured, note };
        let is_known = || Ok::<_, Error>(is_pending || self.is_observed(latest, observation)?);
        let is_news = is_asked || !tags.is_empty() || !is_known()?;
        Ok(is_news.then_some(tags))
    }

    /// Whether it is recorded that the bytes of a latest revision were found so, then or at an earlier revision that had
    /// them, too.
    fn is_observed(&self, latest: &Latest, observation: Observation) -> Result<bool, Error> {
        if self.catalog.is_observed(latest.event, observation)? {
            return Ok(true);
        }
        let Some(captured) = observation.captured else { return Ok(false) };
        let content = (&latest.digest, None);
        for event in self.catalog.captures(latest.doc, content, captured)? {
            if event != latest.event && self.catalog.is_observed(event, observation)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an earlier revision of a document that is there has this content, in the encoding that is named if one is,
    /// and states that it was captured then.
    pub(super) fn is_recorded(
        &self,
        latest: Option<Latest>,
        (content, named, captured): (&Digest, Option<Charset>, Option<Timestamp>),
    ) -> Result<bool, Error> {
        match (latest, captured) {
            (Some(latest), Some(captured)) if !latest.is_gone => {
                let captures = self.catalog.captures(latest.doc, (content, named), captured)?;
                Ok(!captures.is_empty())
            }
            _ => Ok(false),
        }
    }

    /// Those that a document does not have.
    fn new_tags(&self, name: &DocName, tags: &[Tag]) -> Result<Vec<TagChange>, Error> {
        let mut new = Vec::new();
        for tag in tags {
            if !self.catalog.has_tag(name, tag)? {
                new.push(TagChange::Added(tag.clone()));
            }
        }
        new.dedup();
        Ok(new)
    }
}

impl Transaction<'_> {
    /// Looks up which documents are no longer in the folders that are tracked.
    pub(super) fn track(&mut self, tracking: Option<&Tracking>) -> Result<(), Error> {
        self.missing = tracking.map(|tracking| self.archive.missing(tracking)).transpose()?;
        Ok(())
    }

    /// The documents that were found nowhere, in order of name.
    pub(super) fn take_missing(&mut self) -> Vec<DocName> {
        self.missing.take().map(|missing| missing.into_names()).unwrap_or_default()
    }

    /// Records that a document is gone.
    pub(super) fn leave(&mut self, name: &DocName) -> Result<(), Error> {
        let Some(latest) = self.latest_or_pending(name)? else { return Ok(()) };
        let provenance = Arc::clone(&self.provenance);
        let captured = provenance.captured(None, self.context.now);
        let detail =
            DocumentDetail { captured, note: provenance.note.clone(), ..self.document_detail() };
        self.push(name, (DocumentEventKind::Gone, latest), detail);
        Ok(())
    }

    /// Takes note of a document whose file looks as it did; `latest` is what was known of it.
    pub(super) fn see_unchanged(
        &mut self,
        intake: &Intake,
        latest: Latest,
    ) -> Result<Outcome, Error> {
        let provenance = self.provenance(intake);
        if !latest.is_gone && !provenance.records_unchanged && provenance.says_nothing() {
            return Ok(Outcome::Unchanged);
        }
        // An event about it may wait since, or have been committed.
        match self.latest_or_pending(&intake.name)? {
            Some(latest) => self.see(intake, latest, false),
            None => Ok(Outcome::Unchanged),
        }
    }

    /// Takes note of a document that has the bytes of its latest revision: that is recorded where it says
    /// something new.
    pub(super) fn see(
        &mut self,
        intake: &Intake,
        latest: Latest,
        is_healed: bool,
    ) -> Result<Outcome, Error> {
        let provenance = self.provenance(intake);
        let captured = provenance.captured(intake.mtime, self.context.now);
        let again = FoundAgain { name: &intake.name, latest, provenance: &provenance, captured };
        let is_pending = self.pending.observed.contains(&again.key());
        let news = self.archive.to_record(&again, (self.missing.is_some(), is_pending))?;
        let Some(tags) = news else { return Ok(Outcome::found(is_healed)) };
        self.pending.observed.insert(again.key());
        let Provenance { source, note, .. } = &*provenance;
        let detail = DocumentDetail {
            source: source.clone(),
            captured,
            mtime: intake.mtime,
            note: note.clone(),
            tags,
            ..self.document_detail()
        };
        self.push(&intake.name, (DocumentEventKind::Seen, latest), detail);
        let (number, was_gone) = (latest.number, latest.is_gone);
        Ok(Outcome::Seen(SeenAgain { number, was_gone, is_healed }))
    }

    /// Has a document that is no longer where it was go on under the name of one that is new and has its bytes:
    /// the name that it had.
    pub(super) fn go_on(
        &mut self,
        intake: &Intake,
        content: &Content,
    ) -> Result<Option<DocName>, Error> {
        let missing = self.missing.as_mut();
        let Some(before) = missing.and_then(|all| all.take(&content.digest, &intake.name)) else {
            return Ok(None);
        };
        let latest = self.latest_or_pending(&before)?;
        let is_same = |latest: &Latest| latest.is_same(content.digest, content.named);
        let Some(latest) = latest.filter(is_same) else { return Ok(None) };
        let captured = self.provenance(intake).captured(intake.mtime, self.context.now);
        // That the file has an old time says nothing of when it got its name.
        let captured = captured.filter(|captured| Some(*captured) != intake.mtime);
        let detail =
            DocumentDetail { name: Some(intake.name.clone()), captured, ..self.document_detail() };
        let latest = self.push(&before, (DocumentEventKind::Rename, latest), detail);
        self.see(intake, latest, false)?;
        Ok(Some(before))
    }

    /// Puts the tags on a document that is about to have a new revision.
    pub(super) fn tag(&mut self, intake: &Intake) -> Result<(), Error> {
        let tags = self.archive.new_tags(&intake.name, &self.provenance(intake).tags)?;
        let latest = self.pending.documents.get(&intake.name).copied().flatten();
        let Some(latest) = latest else { return Ok(()) };
        if !tags.is_empty() {
            let detail = DocumentDetail { tags, ..self.document_detail() };
            self.push(&intake.name, (DocumentEventKind::Describe, latest), detail);
        }
        Ok(())
    }

    /// Without its salt, as [`ReviseDetail`]s wait too.
    fn document_detail(&mut self) -> DocumentDetail {
        DocumentDetail {
            by: self.context.by.clone(),
            tool: self.context.tool.clone(),
            ..DocumentDetail::default()
        }
    }

    /// Has an event about a document wait for the commit; the document after it.
    fn push(
        &mut self,
        name: &DocName,
        (kind, latest): (DocumentEventKind, Latest),
        detail: DocumentDetail,
    ) -> Latest {
        let event = PendingDocumentEvent { name: name.clone(), kind, latest, detail };
        let after = event.latest_after(self.next_event());
        self.pending.documents.insert(name.clone(), None);
        self.pending.documents.insert(event.name_after().clone(), Some(after));
        self.pending.events.push(PendingEvent::Document(event));
        after
    }
}
