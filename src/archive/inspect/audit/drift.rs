//! The audit of the catalog: compared with the one that the facts gave; what only serves finding is made
//! anew where it differs.

use std::collections::HashSet;

use tracing::debug;

use crate::{
    catalog::{Drift, DriftScope, FILE, Need, Serves, TABLES, Table},
    types::{digest::Key, error::Error, pack_id::PackId},
};

use super::{Auditor, Code};

/// Shown to those who find the lock taken.
const WHO: &str = "an audit that makes the catalog anew";

impl Auditor<'_> {
    pub(super) fn catalog(&mut self) -> Result<(), Error> {
        if let Some(why) = self.archive.catalog.renewal() {
            let why = format!("{why}; it was made anew when it was opened");
            self.find(Code::CatalogRemade, FILE, why);
        }
        let is_summed =
            |table: &&Table| self.n_summed.is_some() && table.needs.contains(&Need::Contents);
        let (summed, others): (Vec<&Table>, Vec<&Table>) = TABLES.iter().partition(is_summed);
        let lacks = |need: &Need| self.unreadable.needs.contains(need);
        let (left_out, compared): (Vec<&Table>, Vec<&Table>) =
            others.into_iter().partition(|table| table.needs.iter().any(lacks));
        self.report.uncompared = left_out.iter().map(|table| table.name).collect();
        self.report.n_tables = (compared.len() + summed.len()) as u64;
        let (mut drifts, packs_aside) = match self.packs_apart() {
            Err(Error::Catalog { why }) => {
                let why = format!("it cannot be read: {why}");
                (vec![pack_drift(why)], HashSet::new())
            }
            apart => apart?,
        };
        let scope = DriftScope { tables: &compared, summed: &summed, packs_aside: &packs_aside };
        let (others, n_rows) = self.archive.catalog.drifts(&self.projection, &scope)?;
        self.report.n_rows = n_rows + self.n_summed.unwrap_or(0);
        drifts.extend(others);
        if drifts.is_empty() && left_out.is_empty() && summed.is_empty() {
            self.archive.home.sum_anew(&self.archive.catalog);
        }
        let only_finding = drifts.iter().all(|drift| drift.serves == Serves::Finding);
        let is_remade = !drifts.is_empty() && only_finding && self.remake();
        for Drift { about, why, .. } in drifts {
            match is_remade {
                true => self.find(Code::CatalogRemade, about, format!("{why}; it was made anew")),
                false => self.find(Code::CatalogDrift, about, why),
            }
        }
        Ok(())
    }

    /// Makes the catalog anew; `false` where that cannot be done now.
    fn remake(&self) -> bool {
        let remade = self.archive.renew_catalog(WHO);
        if let Err(error) = &remade {
            debug!(target: "catalog", "not made anew by the audit: {error}");
        }
        remade.is_ok()
    }

    /// What is wrong with the packs that the catalog knows as such, and those whose rows tell nothing:
    /// they are damaged, or came or went while the audit ran.
    fn packs_apart(&self) -> Result<(Vec<Drift>, HashSet<Key>), Error> {
        let catalog = &self.archive.catalog;
        let known: HashSet<PackId> = catalog.packs()?.into_keys().collect();
        let there: HashSet<PackId> = self.projection.packs()?.into_keys().collect();
        let mut aside = self.unreadable.packs.clone();
        let mut drifts = Vec::new();
        let mut apart: Vec<&PackId> = known.symmetric_difference(&there).collect();
        apart.sort_unstable();
        for pack in apart.into_iter().filter(|pack| !self.unreadable.packs.contains(&pack.key())) {
            aside.insert(pack.key());
            let name = pack.object_name();
            drifts.push(pack_drift(match known.contains(pack) {
                true => format!("it names {name}, which does not count"),
                false => format!("{name} is missing in it, and counts"),
            }));
        }
        Ok((drifts, aside))
    }
}

fn pack_drift(why: String) -> Drift {
    Drift { about: format!("{FILE}, table pack"), why, serves: Serves::Answers }
}
