//! The rehearsal: what adding would do, and nothing done.

use std::io;

use crate::{
    archive::Archive,
    catalog::StatCache,
    text::Charset,
    types::{digest::Digest, error::Error, interrupt::Interruptible},
};

use super::{
    outcome::{NewRevision, Outcome},
    reader::{self, Expected, Input, Intake},
    run::{IngestEvent, IngestItem, IngestOptions, IngestSummary},
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

impl Archive {
    /// What [`Archive::ingest`] would make of the same items, each by itself; nothing is written.
    pub fn rehearse<T>(
        &self,
        items: impl IntoIterator<Item = IngestItem<T>>,
        options: &IngestOptions,
        mut report: impl FnMut(IngestEvent<T>) -> Result<(), Error>,
    ) -> Result<IngestSummary, Error> {
        options.provenance.check()?;
        let stat_cache = self.home.existing_stat_cache()?;
        let has_lost_packs = self.has_lost_packs()?;
        let mut summary = IngestSummary::default();
        let mut items = items.into_iter();
        loop {
            summary.is_interrupted = (options.is_interrupted)();
            let item = if summary.is_interrupted { None } else { items.next() };
            let Some(item) = item else { return Ok(summary) };
            report(IngestEvent::Next { tag: item.tag(), n_done: summary.n_done() })?;
            report(match item {
                IngestItem::Other(tag) => IngestEvent::Other(tag),
                IngestItem::Document(intake, tag) => {
                    let known = (&stat_cache, has_lost_packs);
                    let outcome = match self.rehearsed(&intake, known, options) {
                        Err(Error::Interrupted) => {
                            summary.is_interrupted = true;
                            return Ok(summary);
                        }
                        outcome => outcome?,
                    };
                    summary.count(&outcome);
                    IngestEvent::Document { tag, name: intake.name, outcome }
                }
            })?;
        }
    }

    fn rehearsed(
        &self,
        intake: &Intake,
        (stat_cache, has_lost_packs): (&StatCache, bool),
        options: &IngestOptions,
    ) -> Result<Outcome, Error> {
        let latest = self.catalog.latest(&intake.name)?;
        if let (Some(file_stat), Some(latest)) = (&intake.file_stat, &latest)
            && !options.verifies_unchanged
            && options.provenance.names_no_other(latest)
            && stat_cache.is_unchanged(&intake.name, file_stat, latest)
            && (!has_lost_packs || self.is_sound(latest, options.is_interrupted)?)
        {
            return Ok(Outcome::Unchanged);
        }
        let asked = options.is_interrupted;
        let read = |reading| Digest::of_all(Interruptible::new(reading, asked));
        let (digest, n_bytes) = match intake.source.open().and_then(read) {
            Ok(read) => read,
            Err(_) if asked() => return Err(Error::Interrupted),
            Err(error) => return Ok(Outcome::Unreadable(error)),
        };
        let known = self.catalog.content(&digest)?;
        let is_healed = known.is_some() && self.damage(&digest, n_bytes, asked)?.is_some();
        let expected = options.provenance.expected(latest, 0);
        if latest.is_some_and(|latest| latest.is_same(digest, None))
            && named(intake, &expected).is_ok_and(|named| expected.is_latest(digest, named))
        {
            return Ok(if is_healed { Outcome::Healed } else { Outcome::Unchanged });
        }
        let number = latest.map_or(1, |latest| latest.number + 1);
        let (is_new_content, is_unsettled) = (known.is_none(), false);
        let revision =
            NewRevision { number, digest, n_bytes, is_new_content, is_healed, is_unsettled };
        Ok(revision.into())
    }
}
