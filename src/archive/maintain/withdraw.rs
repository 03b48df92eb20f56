//! Withdrawing: contents of revisions, or what people wrote about them, are taken away, and the journal says so.
//!
//! The event comes first, in a commit like any other; from then on nobody hands the bytes out. Then go, in this
//! order, what the catalog has of them, the packs that hold them, and the details. Whatever ends this, packs or details
//! that are still there show that it is not finished; the next withdrawal or compaction goes on. At last everything
//! that the archive consists of is searched for what went.

use std::collections::BTreeSet;

use tracing::{debug, warn};

use crate::{
    archive::{Archive, WriteContext, commit::OTHERS},
    journal::{
        Draft,
        event::{Detail, Event, WITHDRAWN_MAX, Withdraw},
        merkle::tiles::Edge,
        note::Signer,
    },
    store::{pack, place::Places as _},
    text::extract,
    types::{
        document::{Document, Revision},
        error::Error,
    },
};

use super::{
    compact::{Compacted, Policy},
    search::Sought,
};

pub use super::search::Remnant;
pub use crate::journal::event::ReasonCode;

/// How often another writer may be faster.
const TRIES_MAX: u64 = 5;
/// A withdrawal draws its names from these seeds on.
const SEEDS: u64 = 3000;
/// Revisions with the same content that are named when one is refused.
const SHOWN_MAX: usize = 10;

/// What is to be withdrawn, and why.
#[derive(Debug, Clone)]
pub struct WithdrawalRequest {
    /// The revisions whose contents go.
    pub contents: Vec<(Document, Revision)>,
    /// The events whose details go.
    pub words: BTreeSet<u64>,
    /// As a code that is no secret.
    pub reason: ReasonCode,
    /// What a person wants remembered of it.
    pub note: Option<String>,
    /// Whether all other revisions with the same contents are withdrawn, too.
    pub everywhere: bool,
}

/// What a request comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WithdrawalPlan {
    /// The revisions whose contents go, in the order in which they were recorded.
    pub contents: Vec<(Document, Revision)>,
    /// The events whose details go.
    pub words: BTreeSet<u64>,
    /// Documents that came out of those whose contents go, such as what was attached to a mail: they stay.
    pub parts: Vec<Document>,
}

/// What a withdrawal did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WithdrawalDone {
    /// What it withdrew; nothing where all of it was withdrawn before, or only an earlier one was finished.
    pub plan: WithdrawalPlan,
    /// The events that say so.
    pub events: Vec<u64>,
    /// What was done to packs.
    pub compacted: Compacted,
    /// Objects with details that were swapped.
    pub n_details: u64,
    /// Bytes that were searched in the end, as they are when unpacked.
    pub n_bytes_searched: u64,
    /// Where something of what went was found all the same.
    pub remnants: Vec<Remnant>,
    /// The events whose words have a stretch of what went: they are other records, and stay.
    pub quoted_by: BTreeSet<u64>,
    /// Stretches of what went stand in contents that stay.
    pub is_shared: bool,
    /// Nothing of what went could be read any more: no stretch and no words of it were searched for, only all of it.
    pub is_by_digest: bool,
}

/// What was withdrawn and is still there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WithdrawalLeft {
    /// Whether a pack holds some of it.
    pub has_blobs: bool,
    /// The events whose details are there.
    pub details: BTreeSet<u64>,
}

impl Archive {
    /// What a request comes to. What is withdrawn already is left out.
    ///
    /// `Refused` where another revision has the same content, unless all of them are to go.
    pub fn withdrawal_plan(&self, request: &WithdrawalRequest) -> Result<WithdrawalPlan, Error> {
        let mut plan = WithdrawalPlan::default();
        let mut named = BTreeSet::new();
        let mut others = Vec::new();
        let asked: BTreeSet<u64> = request.contents.iter().map(|(_, it)| it.event).collect();
        for (_, revision) in &request.contents {
            for other in self.catalog.revisions_with_bytes(self.catalog.content_of(revision)?)? {
                if other.1.withdrawn.is_some() || !named.insert(other.1.event) {
                    continue;
                }
                let is_asked = request.everywhere || asked.contains(&other.1.event);
                if is_asked { plan.contents.push(other) } else { others.push(other) }
            }
        }
        if !others.is_empty() {
            return Err(Error::usage(shared(&others)));
        }
        plan.contents.sort_by_key(|(_, revision)| revision.event);
        plan.parts = self.parts_that_stay(&plan.contents)?;
        let withdrawn = self.journal.withdrawals(0..self.journal.size())?.details;
        for event in &request.words {
            let entry = self.journal.entries(*event..event.saturating_add(1)).next().transpose()?;
            match entry {
                None => {
                    let what = format!("there is no event {event}");
                    return Err(Error::NotFound { what, candidates: Vec::new() });
                }
                Some(entry) if entry.event.detail().is_none() => {
                    return Err(Error::usage(format!("event {event} has no words")));
                }
                Some(_) if withdrawn.contains_key(event) => {}
                Some(_) => {
                    plan.words.insert(*event);
                }
            }
        }
        Ok(plan)
    }

    /// Documents that came out of those of some revisions with a content which stays.
    fn parts_that_stay(&self, gone: &[(Document, Revision)]) -> Result<Vec<Document>, Error> {
        if gone.is_empty() {
            return Ok(Vec::new());
        }
        let events: BTreeSet<u64> = gone.iter().map(|(_, it)| it.event).collect();
        let stays = |it: &Revision| it.withdrawn.is_none() && !events.contains(&it.event);
        let attached =
            self.attached_revisions(gone.iter().map(|(document, _)| document.clone()))?;
        let staying = attached.into_iter().filter(|(_, revision)| stays(revision));
        let mut parts: Vec<Document> = staying.map(|(document, _)| document).collect();
        parts.dedup_by_key(|document| document.id);
        Ok(parts)
    }

    /// Withdraws contents and details, removes them, and searches the archive for what may be left of them.
    ///
    /// An earlier withdrawal that is not finished is finished, too. `Unfinished` is what ended it once the event was
    /// recorded; then the next withdrawal or compaction goes on. `progress` is called with the number of blobs done.
    pub fn withdraw(
        &mut self,
        request: &WithdrawalRequest,
        (signer, context): (&Signer, &WriteContext),
        who: &str,
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<WithdrawalDone, Error> {
        let (_lock, mut edge) = self.begin(signer, who)?;
        for n_tries in 0..=TRIES_MAX {
            let plan = self.withdrawal_plan(request)?;
            if plan == WithdrawalPlan::default() {
                let done = self.finish_withdrawals((signer, context), &mut edge, progress);
                return done.map_err(|error| self.unfinished(error));
            }
            // The files that have these contents are to be read by the next `add`, whatever they look like.
            plan.contents.iter().for_each(|(_, revision)| self.notice_damage(&revision.digest));
            let n_before = self.journal.size();
            let recorded = self.record(request, &plan, (signer, context), (&mut edge, n_tries));
            let recorded = recorded.map_err(|error| self.unfinished_since(n_before, error))?;
            let Some(events) = recorded else { continue };
            plan.contents.iter().for_each(|(_, revision)| extract::forget(&revision.digest));
            let done = self.finish_withdrawals((signer, context), &mut edge, progress);
            let done = done.map_err(|error| recorded_by(events.last().copied(), error))?;
            return Ok(WithdrawalDone { plan, events, ..done });
        }
        Err(Error::Busy { who: OTHERS.into() })
    }

    /// Finishes what an earlier withdrawal left, if one did, and searches the archive.
    pub fn resume_withdrawals(
        &mut self,
        (signer, context): (&Signer, &WriteContext),
        who: &str,
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<WithdrawalDone, Error> {
        let (_lock, mut edge) = self.begin(signer, who)?;
        let done = self.finish_withdrawals((signer, context), &mut edge, progress);
        done.map_err(|error| self.unfinished(error))
    }

    /// What ended a withdrawal whose event may be recorded, among the events from `first` on.
    fn unfinished_since(&self, first: u64, cause: Error) -> Error {
        let withdrawals = self.journal.withdrawals(first..self.journal.size());
        recorded_by(withdrawals.ok().and_then(|it| it.last()), cause)
    }

    /// What ended the rest of an earlier withdrawal.
    pub(super) fn unfinished(&self, cause: Error) -> Error {
        match self.catalog.has_withdrawals() {
            Ok(false) => cause,
            _ => {
                let what = "an earlier withdrawal is not finished".to_owned();
                Error::Unfinished { what, cause: Some(Box::new(cause)) }
            }
        }
    }

    /// `Unfinished` where something that was withdrawn is still there.
    pub(super) fn expect_withdrawals_finished(&self) -> Result<(), Error> {
        match self.withdrawal_left()? {
            None => Ok(()),
            Some(_) => {
                let what = "a withdrawal in this archive is not finished, so nothing is copied";
                Err(Error::Unfinished { what: what.to_owned(), cause: None })
            }
        }
    }

    /// Commits the events; which they are, or none if another writer was faster.
    fn record(
        &mut self,
        request: &WithdrawalRequest,
        plan: &WithdrawalPlan,
        (signer, context): (&Signer, &WriteContext),
        (edge, n_tries): (&mut Edge, u64),
    ) -> Result<Option<Vec<u64>>, Error> {
        let contents: Vec<u64> = plan.contents.iter().map(|(_, it)| it.event).collect();
        let words: Vec<u64> = plan.words.iter().copied().collect();
        let contents = contents.chunks(WITHDRAWN_MAX).map(|some| (some, &[][..]));
        let words = words.chunks(WITHDRAWN_MAX).map(|some| (&[][..], some));
        let (salts, mut drafts) = (context.salts(SEEDS + n_tries), Vec::new());
        for (n, (contents, details)) in contents.chain(words).enumerate() {
            let act = context.act_detail(salts.salt(n as u64), request.note.as_deref());
            let detail = Detail::Act(act);
            drafts.push(Draft::new(&detail, |detail| {
                Event::Withdraw(Withdraw {
                    at: context.now,
                    reason: request.reason.clone(),
                    contents: contents.to_vec(),
                    details: details.to_vec(),
                    detail,
                })
            })?);
        }
        let closing = context.closing(SEEDS + n_tries, drafts.len());
        let first = self.commit_acts(&drafts, closing, edge, signer)?;
        Ok(first.map(|first| (first..first + drafts.len() as u64).collect()))
    }

    /// What was withdrawn and is still there; none where nothing is.
    pub fn withdrawal_left(&self) -> Result<Option<WithdrawalLeft>, Error> {
        if !self.catalog.has_withdrawals()? {
            return Ok(None);
        }
        let details = self.journal.withdrawals(0..self.journal.size())?.details;
        let left = WithdrawalLeft {
            has_blobs: self.has_blobs_left()?,
            details: self.journal.details_left(details.keys())?.into_keys().collect(),
        };
        Ok((left != WithdrawalLeft::default()).then_some(left))
    }

    /// Whether a pack holds what was withdrawn, one that does not count too.
    fn has_blobs_left(&self) -> Result<bool, Error> {
        for (digest, _) in self.catalog.withdrawn_contents()? {
            let key = digest.key();
            if !self.catalog.places(key)?.is_empty() && !self.catalog.is_live(key)? {
                return Ok(true);
            }
        }
        let known = self.catalog.packs()?;
        for pack in self.stored_packs()?.into_keys().filter(|pack| !known.contains_key(pack)) {
            // What cannot be read is for the audit.
            let Ok(listed) = pack::directory(&*self.home.backend, &pack) else { continue };
            for key in listed.iter().flat_map(|frame| &frame.keys) {
                if self.catalog.is_withdrawn(*key)? && !self.catalog.is_live(*key)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Says so to whoever writes something else. Of details only the one is looked at that goes last.
    pub(in crate::archive) fn warn_of_withdrawal_left(&self) -> Result<(), Error> {
        if !self.catalog.has_withdrawals()? {
            return Ok(());
        }
        let last = self.catalog.last_words_withdrawn()?;
        if self.has_blobs_left()? || !self.journal.details_left(&last)?.is_empty() {
            warn!(
                target: "catalog",
                "a withdrawal is not finished: archive withdraw --resume takes away what is left"
            );
        }
        Ok(())
    }

    /// Removes what was withdrawn and is still there, and searches for it, for whoever holds the lock.
    pub(super) fn finish_withdrawals(
        &mut self,
        (signer, context): (&Signer, &WriteContext),
        edge: &mut Edge,
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<WithdrawalDone, Error> {
        let mut done = WithdrawalDone::default();
        if !self.catalog.has_withdrawals()? {
            return Ok(done);
        }
        let withdrawals = self.journal.withdrawals(0..self.journal.size())?;
        let details = self.journal.details_left(withdrawals.details.keys())?;
        let mut sought = Sought::of(self, &details)?;
        self.purge_catalog()?;
        done.compacted =
            self.compact_in_turn(Policy::Withdrawn, (signer, context), edge, progress)?;
        let events = details.into_keys().collect();
        done.n_details = self.journal.erase_details(&events)?.len() as u64;
        let n_packs = done.compacted.n_rewritten + done.compacted.n_removed;
        debug!(target: "store", n_packs, n_details = done.n_details, "withdrawn");
        (done.remnants, done.n_bytes_searched) = self.search_remnants(&mut sought)?;
        done.quoted_by = sought.quoting();
        done.is_shared = sought.is_shared();
        done.is_by_digest = sought.is_by_digest();
        Ok(done)
    }
}

/// What ended a withdrawal that an event records, or before one does.
fn recorded_by(event: Option<u64>, cause: Error) -> Error {
    let Some(event) = event else { return cause };
    let what = format!("the withdrawal is recorded by event {event}, and not finished");
    Error::Unfinished { what, cause: Some(Box::new(cause)) }
}

fn shared(others: &[(Document, Revision)]) -> String {
    let name = |(document, revision): &(Document, Revision)| {
        format!("{}@{}", document.name.text(), revision.number)
    };
    let mut shown: Vec<String> = others.iter().take(SHOWN_MAX).map(name).collect();
    let n_more = others.len().saturating_sub(SHOWN_MAX);
    shown.extend((n_more > 0).then(|| format!("{n_more} more")));
    format!("the same bytes are those of {}, too; --everywhere withdraws all", shown.join(", "))
}
