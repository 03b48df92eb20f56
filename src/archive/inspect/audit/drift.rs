//! The audit of the catalog: compared with the one that the facts gave; what only serves finding is made
//! anew where it differs.

use std::collections::HashSet;

use tracing::debug;

use crate::{
    catalog::{Drift, DriftScope, FILE, Need, Serves, TABLES, Table},
    store::{
        pack, pack_name,
        place::{Place, Places as _},
    },
    types::{
        digest::{Digest, Key},
        error::Error,
    },
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
        let lacks = |need: &Need| self.unreadable.needs.contains(need);
        let (left_out, compared): (Vec<&Table>, Vec<&Table>) =
            TABLES.iter().partition(|table| table.needs.iter().any(lacks));
        self.report.uncompared = left_out.iter().map(|table| table.name).collect();
        self.report.n_tables = compared.len() as u64;
        let (mut drifts, packs_aside) = match self.packs_apart() {
            Err(Error::Catalog { why }) => {
                let why = format!("it cannot be read: {why}");
                (vec![pack_drift(why)], HashSet::new())
            }
            apart => apart?,
        };
        let scope = DriftScope { tables: &compared, packs_aside: &packs_aside };
        let (others, n_rows) = self.archive.catalog.drifts(&self.projection, &scope)?;
        self.report.n_rows = n_rows;
        drifts.extend(others);
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
        let known: HashSet<Digest> = catalog.packs()?.into_iter().collect();
        let there: HashSet<Digest> = self.projection.packs()?.into_iter().collect();
        let mut aside = self.unreadable.packs.clone();
        let mut drifts = Vec::new();
        let mut gone: Vec<&Digest> = known.difference(&there).collect();
        gone.sort_unstable();
        for gone in gone.into_iter().filter(|pack| !self.unreadable.packs.contains(&pack.key())) {
            aside.insert(gone.key());
            // One that was compacted away meanwhile is not known any more.
            let backend = &self.archive.home.backend;
            let is_there = backend.size(&pack_name(gone))?.is_some();
            if !is_there && catalog.has_pack_now(gone)? {
                drifts.push(pack_drift(format!("it names {}, which is missing", pack_name(gone))));
            }
        }
        let mut unknown: Vec<&Digest> = there.difference(&known).collect();
        unknown.sort_unstable();
        let unknown_keys: HashSet<Key> = unknown.iter().map(|pack| pack.key()).collect();
        for unknown in unknown {
            aside.insert(unknown.key());
            if self.is_needed(unknown, &unknown_keys)? && !catalog.has_pack_now(unknown)? {
                let name = pack_name(unknown);
                drifts.push(pack_drift(format!("{name} is missing in it, and contents lie there")));
            }
        }
        Ok((drifts, aside))
    }

    /// Whether a blob of some content lies in a pack, and in none beside those aside.
    fn is_needed(&self, pack: &Digest, aside: &HashSet<Key>) -> Result<bool, Error> {
        let Ok(frames) = pack::directory(&*self.archive.home.backend, pack) else {
            return Ok(false);
        };
        for key in frames.iter().flat_map(|frame| &frame.keys) {
            let is_elsewhere = |place: &Place| !aside.contains(&place.pack.key());
            if self.projection.is_live(*key)?
                && !self.projection.places(*key)?.iter().any(is_elsewhere)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn pack_drift(why: String) -> Drift {
    Drift { about: format!("{FILE}, table pack"), why, serves: Serves::Answers }
}
