//! Before something is written on the word of a catalog that others may have changed, or it is given on, it is compared
//! with the facts.

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
        let Some(why) = self.catalog_drift()? else { return Ok(()) };
        let _lock = self.take_lock(who)?;
        self.renew_misled(&why).map(drop)
    }

    /// How the catalog differs from what follows from journal and packs, as far as a quick audit compares them; none
    /// if it does not.
    pub(in crate::archive) fn catalog_drift(&self) -> Result<Option<String>, Error> {
        let scope = AuditScope { is_quick: true, ..AuditScope::default() };
        let itself = HistoryCheck::Extends { size: self.journal.size() };
        let report = self.audit(&scope, itself, &mut |_| {})?;
        let drift = report.findings.into_iter().find(|it| it.code == Code::CatalogDrift);
        Ok(drift.map(|drift| drift.why))
    }
}
