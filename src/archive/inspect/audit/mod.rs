//! The audit: the archive checked against itself, and against what is remembered outside it.
//!
//! Every event is read, hashed and compared with the signed root; every commit's batch, every link
//! from an event to its document's previous one and every detail is checked; every pack is compared with
//! its name, and every content is read and hashed. From these facts the audit makes a catalog of its own,
//! by which it finds its way and names what it finds. Only at the end the archive's catalog is
//! looked at, and compared with that one: an edited catalog can make the audit accuse nothing else.
//!
//! Nothing is trusted that was not computed here from stored bytes, apart from the public key.

mod analyses;
mod by_rows;
mod contents;
mod drift;
mod events;
mod names;
mod packs;
mod part;
mod record;
mod report;
mod times;
mod withdrawals;

use std::{
    collections::{BTreeSet, HashSet},
    rc::Rc,
    sync::Arc,
};

use crate::{
    archive::{Archive, maintain::rebuild},
    catalog::{self, Catalog, Need, Snapshot},
    journal::{Examined, Withdrawals},
    store::{Reader, Sealed},
    types::{
        digest::{Digest, Key},
        error::Error,
        pack_id::PackId,
        time::Timestamp,
    },
};

use self::{by_rows::ByRows, packs::Meanwhile};
use super::history::HistoryCheck;

pub use part::{AuditPart, PacksInTurn, Sample};
pub use record::AuditRecord;
pub use report::{AuditReport, AuditScope, Code, Finding, FoundWithdrawal, WorkDone};
pub use times::ProvedTimes;

/// An audit under way.
struct Auditor<'a> {
    /// The rows of the archive's catalog, where they are compared as the facts go by; then there is no other
    /// projection.
    rows: Option<ByRows<'a>>,
    /// The packs that count by the journal.
    counted: BTreeSet<PackId>,
    archive: &'a Archive,
    /// The catalog that follows from the facts.
    projection: Rc<Catalog>,
    /// Reads contents where that one says that they lie.
    reader: Reader<Sealed>,
    report: AuditReport,
    unreadable: UnreadableFacts,
    /// How many rows the keyed sum vouches for, so that they need not be made again; none where it is not known.
    n_summed: Option<u64>,
    /// What the events that can be read withdrew.
    withdrawals: Withdrawals,
    /// The contents that are not to be had any more, once that is asked.
    withdrawn_contents: Option<HashSet<Digest>>,
    /// Read once a pack is missing.
    now: Option<Meanwhile>,
    /// What time it is; not everybody says.
    clock: Option<Timestamp>,
    progress: &'a mut dyn FnMut(WorkDone),
}

/// Facts that could not be read, so that nothing can be said of what follows from them.
#[derive(Default)]
struct UnreadableFacts {
    /// Runs of events.
    events: Vec<std::ops::Range<u64>>,
    needs: Vec<Need>,
    /// Packs that are not as their names say.
    packs: HashSet<Key>,
}

impl Archive {
    /// Checks the archive. `history_check` is the result of a comparison with what is remembered, made
    /// before; `progress` is called now and then.
    ///
    /// Where only what serves finding differs in the catalog, it is made anew.
    pub fn audit(
        &self,
        scope: &AuditScope,
        history_check: HistoryCheck,
        progress: &mut dyn FnMut(WorkDone),
    ) -> Result<AuditReport, Error> {
        // What is compared at the end is the catalog of one time.
        let held = self.snapshot.take();
        let is_reading = held.is_some();
        let snapshot = held.map_or_else(|| Snapshot::of(Rc::clone(&self.catalog)), Ok)?;
        self.snapshot.set(Some(snapshot));
        let report = self.audit_snapshot(scope, history_check, progress);
        if !is_reading {
            self.snapshot.take();
        }
        report
    }

    fn audit_snapshot(
        &self,
        scope: &AuditScope,
        history_check: HistoryCheck,
        progress: &mut dyn FnMut(WorkDone),
    ) -> Result<AuditReport, Error> {
        let of = (scope, self.rows_with_their_sum(scope)?);
        let report = match self.audited_by_rows(of, &history_check, progress)? {
            Some(report) => report,
            None => self.audited_by_projection(of, history_check, progress)?,
        };
        Ok(AuditReport { has_search_index: self.has_search_index(), ..report })
    }

    /// The audit that can name what is wrong.
    fn audited_by_projection(
        &self,
        (scope, n_summed): (&AuditScope, Option<u64>),
        history_check: HistoryCheck,
        progress: &mut dyn FnMut(WorkDone),
    ) -> Result<AuditReport, Error> {
        let report = AuditReport::new(self.origin().to_owned(), self.keys(), history_check.clone());
        let projection = Rc::new(Catalog::temporary()?);
        let reader = self.reader_by(&projection);
        let unreadable = UnreadableFacts::default();
        let mut audit = Auditor {
            rows: None,
            archive: self,
            counted: BTreeSet::new(),
            projection,
            reader,
            report,
            unreadable,
            n_summed,
            withdrawals: self.journal.readable_withdrawals(),
            withdrawn_contents: None,
            now: None,
            clock: scope.now,
            progress,
        };
        audit.judge(&history_check);
        audit.published()?;
        let from_facts = audit
            .project()
            .and_then(|()| audit.packs(scope.is_partial()))
            .and_then(|()| audit.contents(scope))
            .and_then(|()| audit.withdrawn(scope));
        from_facts.map_err(named_temporary)?;
        audit.catalog()?;
        audit.notice_damaged_packs();
        Ok(audit.report)
    }

    fn reader_by(&self, places: &Rc<Catalog>) -> Reader<Sealed> {
        Reader::new(Sealed::for_reading(Arc::clone(&self.home.backend), places.clone()))
    }
}

/// Both catalogs call their file the same; here it can only be the audit's own.
fn named_temporary(error: Error) -> Error {
    match error {
        Error::Io { operation, path, source } if path == catalog::FILE => {
            Error::io(operation, "the temporary catalog of the audit", source)
        }
        error => error,
    }
}

impl Auditor<'_> {
    /// Where a pack is damaged and not every content was read, any of them may be.
    fn notice_damaged_packs(&self) {
        let is_damaged = |finding: &Finding| finding.code == Code::PackDamaged;
        if self.report.n_unread > 0 && self.report.findings.iter().any(is_damaged) {
            self.archive.notice_damage_somewhere();
        }
    }

    fn find(&mut self, code: Code, about: impl Into<String>, why: impl Into<String>) {
        let (about, why) = (about.into(), why.into());
        self.report.findings.push(Finding { code, about, why, revisions: Vec::new() });
    }

    fn judge(&mut self, history_check: &HistoryCheck) {
        let (code, about, why) = match history_check {
            HistoryCheck::Extends { .. } | HistoryCheck::NotRemembered => return,
            HistoryCheck::Older { remembered, size } => (
                Code::LogRolledBack,
                "the journal",
                format!("this is an older copy: it has {size} of {remembered} remembered events"),
            ),
            HistoryCheck::RolledBack { remembered, size } => (
                Code::LogRolledBack,
                "the journal",
                format!(
                    "it has {size} events, {remembered} are remembered: \
                     this is another or an older history"
                ),
            ),
            HistoryCheck::Forked { size } => (
                Code::LogForked,
                "the journal",
                format!("its first {size} events are not those remembered"),
            ),
            HistoryCheck::OtherKey { remembered } => (
                Code::CpUnknownKey,
                "the checkpoint",
                format!("it is signed by another key than {remembered}"),
            ),
            HistoryCheck::OtherOrigin { remembered } => (
                Code::CpUnknownKey,
                "the archive",
                format!("another one is remembered at this location: {remembered}"),
            ),
            HistoryCheck::OtherCheckpoint { of } => (
                Code::CpUnknownKey,
                "the checkpoint given",
                format!(
                    "it is another archive's: of {of}; this one is {}",
                    self.archive.journal.identity().verifier()
                ),
            ),
        };
        self.find(code, about, why);
    }

    /// The copy of the newest checkpoint that lies there for other programs: a signed one that states more
    /// than the commits hold shows that the last of them are gone.
    fn published(&mut self) -> Result<(), Error> {
        let journal = &self.archive.journal;
        let copy = match journal.published() {
            Err(Error::Damaged { object, why }) => {
                let why = format!("{why}; archive rebuild writes this copy anew");
                self.find(Code::CpSignature, object, why);
                return Ok(());
            }
            copy => copy?,
        };
        if journal.longer_checkpoint()?.is_some() {
            let why =
                format!("it states {} events; the commits hold {}", copy.size, journal.size());
            self.find(Code::LogRolledBack, "log/checkpoint", why);
        }
        Ok(())
    }

    /// Makes the catalog that follows from packs and journal, checking the journal on the way.
    fn project(&mut self) -> Result<(), Error> {
        let projection = Rc::clone(&self.projection);
        projection.transaction(|_| {
            self.counted = self.archive.counted_packs(&self.archive.journal)?;
            rebuild::apply_packs(&self.archive.home.backend, &projection, &self.counted)?;
            self.events()
        })
    }

    /// The packs as they lie by now: some may have been compacted away since the audit began.
    fn look_again(&self) -> Result<Rc<Catalog>, Error> {
        let again = Rc::new(Catalog::temporary()?);
        let now = self.archive.home.journal()?;
        let counted = self.archive.counted_packs(&now)?;
        rebuild::apply_packs(&self.archive.home.backend, &again, &counted)?;
        Ok(again)
    }
}

impl UnreadableFacts {
    fn has_event(&self, index: u64) -> bool {
        self.events.iter().any(|run| run.contains(&index))
    }

    fn add_event(&mut self, index: u64) {
        match self.events.last_mut() {
            Some(run) if run.end == index => run.end += 1,
            _ => self.events.push(index..index + 1),
        }
        self.add(Need::Events);
    }

    fn add(&mut self, need: Need) {
        if !self.needs.contains(&need) {
            self.needs.push(need);
        }
    }

    fn add_pack(&mut self, pack: &PackId) {
        self.packs.insert(pack.key());
    }
}
