//! The rehearsal: what adding would do, and nothing done.

use crate::{
    archive::Archive,
    catalog::StatCache,
    types::{digest::Digest, error::Error},
};

use super::{
    add::{NewRevision, Outcome},
    reader::Intake,
    run::{IngestEvent, IngestItem, IngestOptions, IngestSummary},
};

impl Archive {
    /// What [`Archive::ingest`] would make of the same items, each by itself; nothing is written.
    pub fn rehearse<T>(
        &self,
        items: impl IntoIterator<Item = IngestItem<T>>,
        options: &IngestOptions,
        mut report: impl FnMut(IngestEvent<T>) -> Result<(), Error>,
    ) -> Result<IngestSummary, Error> {
        let stat_cache = self.home.existing_stat_cache()?;
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
                    let outcome = self.rehearsed(&intake, &stat_cache, options)?;
                    summary.count(&outcome);
                    IngestEvent::Document { tag, name: intake.name, outcome }
                }
            })?;
        }
    }

    fn rehearsed(
        &self,
        intake: &Intake,
        stat_cache: &StatCache,
        options: &IngestOptions,
    ) -> Result<Outcome, Error> {
        let latest = self.catalog.latest(&intake.name)?;
        if let (Some(file_stat), Some(latest)) = (&intake.file_stat, &latest)
            && !options.verifies_unchanged
            && stat_cache.is_unchanged(&intake.name, file_stat, latest)
        {
            return Ok(Outcome::Unchanged);
        }
        let (digest, n_bytes) = match intake.source.open().and_then(Digest::of_all) {
            Ok(read) => read,
            Err(error) => return Ok(Outcome::Unreadable(error)),
        };
        if latest.is_some_and(|latest| latest.digest == digest) {
            return Ok(Outcome::Unchanged);
        }
        let number = latest.map_or(1, |latest| latest.number + 1);
        let is_new_content = self.catalog.content(&digest)?.is_none();
        let revision = NewRevision { number, digest, n_bytes, is_new_content, is_unsettled: false };
        Ok(revision.into())
    }
}
