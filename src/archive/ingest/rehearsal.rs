//! The rehearsal: what adding would do, and nothing done.

use std::{
    collections::{HashMap, HashSet},
    io,
};

use crate::{
    archive::Archive,
    catalog::{Latest, StatCache},
    text::Charset,
    types::{
        digest::{Digest, DocId},
        error::Error,
        interrupt::Interruptible,
        name::DocName,
        time::Timestamp,
    },
};

use super::{
    outcome::{FormerName, NewRevision, Outcome, SeenAgain},
    provenance::Provenance,
    reader::{self, Expected, Input, Intake},
    recapture::Recapture,
    run::{IngestEvent, IngestItem, IngestOptions, IngestSummary},
    see::FoundAgain,
    tracking::Missing,
};

/// The encoding that would be recorded of a document.
fn named(intake: &Intake, expected: &Expected) -> io::Result<Option<Charset>> {
    Ok(match expected.named {
        None => None,
        Some(_) => match reader::read(intake, expected)? {
            Input::Small(input) => input.named,
            Input::Large(input) => input.named,
        },
    })
}

/// What the items before would have brought in.
#[derive(Default)]
struct Rehearsed {
    documents: HashMap<DocName, Latest>,
    contents: HashSet<Digest>,
}

impl Rehearsed {
    /// The same outcome, of which is known what it would have brought in.
    ///
    /// When it was captured is stated, or else after all that is recorded.
    fn noted(
        &mut self,
        name: &DocName,
        (latest, captured): (Option<Latest>, Option<Timestamp>),
        outcome: Outcome,
    ) -> Outcome {
        if let Outcome::New(revision) | Outcome::Revised(revision) = &outcome {
            self.contents.insert(revision.digest);
            let later = Latest {
                doc: latest.map_or(DocId(0), |latest| latest.doc),
                event: u64::MAX,
                captured: captured.unwrap_or(Timestamp::LAST),
                last: u64::MAX,
                is_gone: false,
                number: revision.number,
                n_revisions: revision.number,
                digest: revision.digest,
                encoding: None,
                is_withdrawn: false,
            };
            self.documents.insert(name.clone(), later.after(latest));
        }
        outcome
    }
}

impl Archive {
    /// What [`Archive::ingest`] would make of the same items, at this time; nothing is written.
    pub fn rehearse<T>(
        &self,
        items: impl IntoIterator<Item = IngestItem<T>>,
        options: &IngestOptions,
        now: Timestamp,
        mut report: impl FnMut(IngestEvent<T>) -> Result<(), Error>,
    ) -> Result<IngestSummary, Error> {
        options.provenance.check()?;
        let stat_cache = self.home.existing_stat_cache()?;
        let has_lost_packs = self.has_lost_packs()?;
        let tracking = options.tracking.as_ref();
        let mut missing = tracking.map(|tracking| self.missing(tracking)).transpose()?;
        let mut summary = IngestSummary::default();
        let mut items = items.into_iter();
        let mut rehearsed = Rehearsed::default();
        loop {
            summary.is_interrupted = (options.is_interrupted)();
            let item = if summary.is_interrupted { None } else { items.next() };
            let Some(item) = item else { break };
            report(IngestEvent::Next { tag: item.tag(), n_done: summary.n_done() })?;
            report(match item {
                IngestItem::Other(tag) => IngestEvent::Other(tag),
                IngestItem::Again(recapture, tag) => {
                    let name = recapture.name.clone();
                    let outcome =
                        self.rehearsed_again(recapture, &mut rehearsed, (options, now))?;
                    summary.count(&outcome);
                    IngestEvent::Document { tag, name, outcome }
                }
                IngestItem::Document(intake, tag) => {
                    let known = (&stat_cache, has_lost_packs);
                    let latest = self.latest_rehearsed(&intake.name, &rehearsed)?;
                    let outcome = match self.rehearsed(&intake, (latest, known), (options, now)) {
                        Err(Error::Interrupted) => {
                            summary.is_interrupted = true;
                            return Ok(summary);
                        }
                        outcome => renamed(outcome?, &intake.name, missing.as_mut()),
                    };
                    let provenance = intake.provenance.as_deref().unwrap_or(&options.provenance);
                    let captured = provenance.captured(intake.mtime, now);
                    let outcome = rehearsed.noted(&intake.name, (latest, captured), outcome);
                    summary.count(&outcome);
                    IngestEvent::Document { tag, name: intake.name, outcome }
                }
            })?;
        }
        if !summary.is_interrupted {
            for name in missing.map(Missing::into_names).unwrap_or_default() {
                summary.n_gone += 1;
                report(IngestEvent::Gone(name))?;
            }
        }
        Ok(summary)
    }

    fn latest_rehearsed(
        &self,
        name: &DocName,
        rehearsed: &Rehearsed,
    ) -> Result<Option<Latest>, Error> {
        match rehearsed.documents.get(name) {
            Some(latest) => Ok(Some(*latest)),
            None => self.catalog.latest(name),
        }
    }

    /// What would become of a document that had the bytes of an earlier capture.
    fn rehearsed_again(
        &self,
        recapture: Recapture,
        rehearsed: &mut Rehearsed,
        (options, now): (&IngestOptions, Timestamp),
    ) -> Result<Outcome, Error> {
        let before = recapture.content.filter(|content| rehearsed.contents.contains(content));
        let content = match before {
            Some(content) => Some(content),
            None => self.known_content(&recapture)?,
        };
        let Some(digest) = content else { return Ok(Recapture::unknown()) };
        let provenance = recapture.provenance.clone();
        let intake = recapture.intake();
        let latest = self.latest_rehearsed(&intake.name, rehearsed)?;
        if let Some(latest) = latest.filter(|latest| latest.is_same(digest, None)) {
            return self.found_again(&intake, &latest, false, (&provenance, options, now));
        }
        let captured = provenance.captured(None, now);
        if self.is_recorded(latest, (&digest, None, captured))? {
            return Ok(Outcome::found(false));
        }
        let revision = NewRevision::next(latest, digest, 0);
        Ok(rehearsed.noted(&intake.name, (latest, captured), revision.into()))
    }

    fn rehearsed(
        &self,
        intake: &Intake,
        (latest, (stat_cache, has_lost_packs)): (Option<Latest>, (&StatCache, bool)),
        (options, now): (&IngestOptions, Timestamp),
    ) -> Result<Outcome, Error> {
        let provenance = intake.provenance.as_deref().unwrap_or(&options.provenance);
        if let (Some(file_stat), Some(latest)) = (&intake.file_stat, &latest)
            && !options.verifies_unchanged
            && provenance.names_no_other(latest)
            && stat_cache.is_unchanged(&intake.name, file_stat, latest)
            && (!has_lost_packs || self.is_sound(latest, options.is_interrupted)?)
        {
            return self.found_again(intake, latest, false, (provenance, options, now));
        }
        let asked = options.is_interrupted;
        let read = |reading| Digest::of_all(Interruptible::new(reading, asked));
        let (digest, n_bytes) = match intake.source.open().and_then(read) {
            Ok(read) => read,
            Err(_) if asked() => return Err(Error::Interrupted),
            Err(error) => return Ok(Outcome::Unreadable(error)),
        };
        let is_known = self.catalog.has_content(&digest)?;
        let is_healed = is_known && self.damage(&digest, n_bytes, asked)?.is_some();
        let named = match named(intake, &Expected::of(provenance, latest, 0)) {
            Ok(named) => named,
            Err(error) => return Ok(Outcome::Unreadable(error)),
        };
        if let Some(latest) = latest.filter(|latest| latest.is_same(digest, named)) {
            return self.found_again(intake, &latest, is_healed, (provenance, options, now));
        }
        let captured = provenance.captured(intake.mtime, now);
        if self.is_recorded(latest, (&digest, named, captured))? {
            return Ok(Outcome::found(is_healed));
        }
        let is_new_content = !is_known;
        let next = NewRevision::next(latest, digest, n_bytes);
        let revision = NewRevision { is_new_content, is_healed, ..next };
        Ok(revision.into())
    }

    /// What becomes of bytes that are those of the latest revision.
    fn found_again(
        &self,
        intake: &Intake,
        latest: &Latest,
        is_healed: bool,
        (provenance, options, now): (&Provenance, &IngestOptions, Timestamp),
    ) -> Result<Outcome, Error> {
        let captured = provenance.captured(intake.mtime, now);
        let again = FoundAgain { name: &intake.name, latest: *latest, provenance, captured };
        let news = self.to_record(&again, (options.tracking.is_some(), false))?;
        let (number, was_gone) = (latest.number, latest.is_gone);
        Ok(match news {
            Some(_) => Outcome::Seen(SeenAgain { number, was_gone, is_healed }),
            None => Outcome::found(is_healed),
        })
    }
}

/// The same where a new document has the content of one that is no longer where it was.
fn renamed(outcome: Outcome, name: &DocName, missing: Option<&mut Missing>) -> Outcome {
    match (outcome, missing) {
        (Outcome::New(revision), Some(missing)) => match missing.take(&revision.digest, name) {
            Some(name) => {
                Outcome::Renamed(Box::new(FormerName { name, is_healed: revision.is_healed }))
            }
            None => Outcome::New(revision),
        },
        (outcome, _) => outcome,
    }
}
