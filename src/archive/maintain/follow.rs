//! Before something that cannot be undone is done on the catalog's word, the catalog is compared with the facts.

use crate::{
    archive::{
        Archive,
        inspect::{
            audit::{AuditScope, Code},
            history::HistoryCheck,
        },
    },
    types::error::Error,
};

impl Archive {
    /// Compares the catalog with journal and packs, as a quick audit does, and makes it anew where it does not follow
    /// from them. What was looked up before is to be looked up again.
    pub fn ensure_catalog_follows(&mut self, who: &str) -> Result<(), Error> {
        let scope = AuditScope { is_quick: true, ..AuditScope::default() };
        let itself = HistoryCheck::Extends { size: self.journal.size() };
        let report = self.audit(&scope, itself, &mut |_| {})?;
        let drift = report.findings.iter().find(|finding| finding.code == Code::CatalogDrift);
        let Some(drift) = drift else { return Ok(()) };
        let _lock = self.take_lock(who)?;
        self.renew_misled(&drift.why).map(drop)
    }
}
