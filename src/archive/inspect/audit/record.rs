//! The record of an audit: an event that says who checked how much, and what came of it.

use crate::{
    archive::{
        Archive, WriteContext,
        commit::{ACT_TRIES_MAX, OTHERS},
    },
    journal::{
        Draft,
        event::{Audit, Detail, Event},
        note::Signer,
    },
    types::error::Error,
};

use super::AuditReport;

/// What is recorded of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    n_findings: u64,
    n_blobs: u64,
    n_events: u64,
    /// How much was checked, in words.
    coverage: String,
}

impl AuditRecord {
    /// Of a report, with words about how much was checked.
    pub fn of(report: &AuditReport, coverage: String) -> Self {
        Self {
            n_findings: report.n_grave(),
            n_blobs: report.n_contents,
            n_events: report.n_events,
            coverage,
        }
    }
}

impl Archive {
    /// Commits the record of an audit; the index of its event.
    pub fn record_audit(
        &mut self,
        record: &AuditRecord,
        signer: &Signer,
        context: &WriteContext,
        who: &str,
    ) -> Result<u64, Error> {
        let (_lock, mut edge) = self.begin(signer, who)?;
        let AuditRecord { n_findings, n_blobs, n_events, coverage } = record.clone();
        for n_tries in 0..ACT_TRIES_MAX {
            let detail =
                Detail::Act(context.act_detail(context.salts(n_tries).salt(0), Some(&coverage)));
            let at = context.now;
            let draft = Draft::new(&detail, |detail| {
                Event::Audit(Audit { at, n_findings, n_blobs, n_events, detail })
            })?;
            let index =
                self.commit_acts(&[draft], context.closing(n_tries, 1), &mut edge, signer)?;
            if let Some(index) = index {
                return Ok(index);
            }
        }
        Err(Error::Busy { who: OTHERS.into() })
    }
}
