//! The audit of withdrawals: what events took away is not there, and what is not there was taken away by an event.

use std::collections::{BTreeMap, HashSet};

use crate::{
    journal::{Examined, Problem, event::Event},
    store::{pack, place::Places as _},
    types::{
        digest::{Digest, DocId},
        document::{Document, Revision, Withdrawn},
        error::Error,
        limits,
        pack_id::PackId,
    },
};

use super::{AuditScope, Auditor, Code, Finding, report::FoundWithdrawal};

/// What to do about a withdrawal that is not finished.
const WAY_OUT: &str = "archive withdraw --resume takes it away";

impl Auditor<'_> {
    /// An empty detail is right where an event withdrew it, and another one there is not.
    pub(super) fn take_withdrawn(&mut self, examined: &mut Examined) {
        let Some(by) = self.withdrawals.details.get(&examined.index) else { return };
        if examined.problem == Some(Problem::DetailErased) {
            examined.problem = None;
        }
        if examined.detail.take().is_some() {
            let why = format!("its detail was withdrawn by event {by}, and is there; {WAY_OUT}");
            self.find(Code::DetailResurrected, format!("event {}", examined.index), why);
        }
    }

    /// That withdrawals name what can be withdrawn: earlier revisions, and earlier events.
    pub(super) fn check_withdrawals(&mut self, stretch: &[Examined]) -> Result<(), Error> {
        for examined in stretch {
            let Some(Event::Withdraw(event)) = &examined.event else { continue };
            let index = examined.index;
            for named in &event.contents {
                let is_revision = *named < index
                    && (self.unreadable.has_event(*named)
                        || self.projection.revision_of_event(*named)?.is_some());
                if !is_revision {
                    let why = format!("it withdraws the content of event {named}, which is none");
                    self.find(Code::EventMalformed, format!("event {index}"), why);
                }
            }
            for named in event.details.iter().filter(|named| **named >= index) {
                let why =
                    format!("it withdraws the words of event {named}, which is none before it");
                self.find(Code::EventMalformed, format!("event {index}"), why);
            }
        }
        Ok(())
    }

    /// Says what was withdrawn, and looks whether it is there all the same.
    pub(super) fn withdrawn(&mut self, scope: &AuditScope) -> Result<(), Error> {
        let all = self.projection.withdrawn_revisions()?;
        let mut withdrawals = found(&all, &scope.documents);
        self.add_words_of_events(&mut withdrawals, &all, &scope.documents)?;
        self.report.withdrawals = withdrawals.into_values().collect();
        for (digest, n_bytes) in self.projection.withdrawn_contents()? {
            let places = self.projection.places(digest.key())?;
            if places.is_empty() || !self.is_there(&digest, n_bytes, scope.is_quick)? {
                continue;
            }
            let affected: Vec<&(Document, Revision)> =
                all.iter().filter(|(_, revision)| revision.digest == digest).collect();
            let by = affected.iter().find_map(|(_, revision)| revision.withdrawn.as_ref());
            let by = by.map_or(String::new(), |by| format!(" by event {}", by.event));
            let why = format!(
                "it was withdrawn{by}, and lies in {}; {WAY_OUT}",
                places[0].pack.object_name()
            );
            let revisions = affected.into_iter().map(label).collect();
            let about = format!("content {digest}");
            let code = Code::BlobResurrected;
            self.report.findings.push(Finding { code, about, why, revisions });
        }
        Ok(())
    }

    /// Adds what was written about other events than revisions: names, notes, tags.
    fn add_words_of_events(
        &self,
        found: &mut BTreeMap<u64, FoundWithdrawal>,
        revisions: &[(Document, Revision)],
        documents: &[DocId],
    ) -> Result<(), Error> {
        let journal = &self.archive.journal;
        let event = |index: u64| match journal.entries(index..index + 1).next().transpose() {
            Ok(entry) => Ok(entry.map(|entry| entry.event)),
            // That it cannot be read is a finding of its own.
            Err(Error::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        };
        let mut known: HashSet<u64> = HashSet::new();
        known.extend(revisions.iter().map(|(_, revision)| revision.event));
        for (of, by) in self.withdrawals.details.iter().filter(|(of, _)| !known.contains(of)) {
            let (Some(named), Some(Event::Withdraw(withdraw))) = (event(*of)?, event(*by)?) else {
                continue;
            };
            let about = match &named {
                Event::Document(about) => self.projection.revision_of_event(about.of)?,
                _ => None,
            };
            let is_asked = about.as_ref().is_some_and(|(it, _)| documents.contains(&it.id));
            if !documents.is_empty() && !is_asked {
                continue;
            }
            let kind = named.event_type();
            let words = match &about {
                Some(about) => format!("event {of} ({kind} of {})", label(about)),
                None => format!("event {of} ({kind})"),
            };
            let reason = withdraw.reason.as_str().to_owned();
            let by = Withdrawn { event: *by, at: withdraw.at, reason };
            entry(found, &by).words.push(words);
        }
        Ok(())
    }

    /// Whether a withdrawn content can be read; by its places alone in a quick audit.
    fn is_there(&self, digest: &Digest, n_bytes: u64, is_quick: bool) -> Result<bool, Error> {
        if is_quick {
            return Ok(!self.projection.is_live(digest.key())?);
        }
        Ok(match n_bytes > limits::BLOB_BYTES_MAX as u64 {
            true => self.reader.chunks(digest).is_ok_and(|chunks| chunks.is_some()),
            false => self.reader.blob(digest).is_ok(),
        })
    }

    /// Looks into a pack that does not count for what was withdrawn.
    pub(super) fn resurrected_in(&mut self, pack: &PackId) -> Result<(), Error> {
        let Ok(frames) = pack::directory(&*self.archive.home.backend, pack) else { return Ok(()) };
        for key in frames.iter().flat_map(|frame| &frame.keys) {
            if self.projection.is_withdrawn(*key)? && !self.projection.is_live(*key)? {
                let why = format!("it holds the blob {key}, which was withdrawn; {WAY_OUT}");
                self.find(Code::BlobResurrected, pack.object_name(), why);
                return Ok(());
            }
        }
        Ok(())
    }
}

fn label((document, revision): &(Document, Revision)) -> String {
    format!("{}@{}", document.name.text(), revision.number)
}

/// What was withdrawn of some documents, or of all if none is named, by events.
fn found(all: &[(Document, Revision)], documents: &[DocId]) -> BTreeMap<u64, FoundWithdrawal> {
    let mut found: BTreeMap<u64, FoundWithdrawal> = BTreeMap::new();
    for one in all {
        let (document, revision) = one;
        if !documents.is_empty() && !documents.contains(&document.id) {
            continue;
        }
        if let Some(by) = &revision.withdrawn {
            entry(&mut found, by).contents.push(label(one));
        }
        if let Some(by) = &revision.words_withdrawn {
            entry(&mut found, by).words.push(label(one));
        }
    }
    found
}

fn entry<'a>(
    found: &'a mut BTreeMap<u64, FoundWithdrawal>,
    by: &Withdrawn,
) -> &'a mut FoundWithdrawal {
    let none = || FoundWithdrawal { by: by.clone(), contents: Vec::new(), words: Vec::new() };
    found.entry(by.event).or_insert_with(none)
}
