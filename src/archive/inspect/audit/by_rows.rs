//! The audit of an archive in order: its catalog's rows are compared with the facts as these go by.
//! What a whole one would have to make again of the bytes of contents is told by its keyed sum.
//!
//! What is checked is the same as with a catalog of the audit's own, which takes many times as long to make.
//! As soon as anything is not as it should be, that one is made all the same, to find out and name what it is.

use std::rc::Rc;

use tracing::debug;

use crate::{
    archive::{Archive, HistoryCheck},
    catalog::{Agreement, Batch, Need, Pack, TABLES, Table},
    journal::{PackChanges, Withdrawals},
    store::pack,
    types::error::Error,
};

use super::{AuditReport, AuditScope, Auditor, Examined, UnreadableFacts, WorkDone};

/// Of more events too much would have to be kept in memory: some 60 bytes each.
const EVENTS_MAX: u64 = 1 << 22;

/// The rows of the archive's catalog beside the facts so far.
pub(super) struct ByRows<'a> {
    pub(super) agreement: Agreement<'a>,
    /// What the events did to the set of packs.
    changes: PackChanges,
    /// Whether all is as it should be.
    agrees: bool,
}

impl ByRows<'_> {
    /// Goes on by a stretch of events.
    pub(super) fn take(&mut self, stretch: &[Examined], batch: &Batch) -> Result<(), Error> {
        stretch.iter().flat_map(|it| &it.event).for_each(|event| self.changes.take(event));
        self.agrees = self.agrees && self.agreement.take(batch)?;
        Ok(())
    }
}

impl Archive {
    /// The report of an audit, of a whole one only if the sum is known; none where something is not as it should be, or
    /// something was withdrawn, which the other way knows how to judge.
    pub(super) fn audited_by_rows(
        &self,
        (scope, n_summed): (&AuditScope, Option<u64>),
        history_check: &HistoryCheck,
        progress: &mut dyn FnMut(WorkDone),
    ) -> Result<Option<AuditReport>, Error> {
        let is_for_this = (!scope.is_whole() || n_summed.is_some())
            && self.journal.size() <= EVENTS_MAX
            && self.catalog.renewal().is_none();
        if !is_for_this {
            return Ok(None);
        }
        let agreement = match self.catalog.agreement() {
            Ok(Some(agreement)) => agreement,
            Ok(None) | Err(Error::Catalog { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let audit = Auditor {
            rows: Some(ByRows { agreement, changes: PackChanges::default(), agrees: true }),
            counted: Default::default(),
            archive: self,
            projection: Rc::clone(&self.catalog),
            reader: self.reader_by(&self.catalog),
            report: AuditReport::new(self.origin().to_owned(), self.keys(), history_check.clone()),
            unreadable: UnreadableFacts::default(),
            n_summed,
            withdrawals: Withdrawals::default(),
            withdrawn_contents: None,
            now: None,
            clock: scope.now,
            progress,
        };
        match audit.by_rows(scope, history_check) {
            Err(error @ (Error::Catalog { .. } | Error::Damaged { .. })) => {
                debug!(target: "catalog", "audited with a catalog of its own: {error}");
                Ok(None)
            }
            report => report,
        }
    }

    /// In a whole audit, how many rows follow from the bytes of contents, where they are those that this user's
    /// program made or compared; none where that is not known.
    pub(super) fn rows_with_their_sum(&self, scope: &AuditScope) -> Result<Option<u64>, Error> {
        if !scope.is_whole() {
            return Ok(None);
        }
        let Some(known) = self.home.remembered_sum()? else { return Ok(None) };
        match self.catalog.keyed_sum(known.key) {
            Ok((sum, n_rows)) => Ok((sum == known).then_some(n_rows)),
            Err(Error::Catalog { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Auditor<'_> {
    fn by_rows(
        mut self,
        scope: &AuditScope,
        history_check: &HistoryCheck,
    ) -> Result<Option<AuditReport>, Error> {
        self.judge(history_check);
        self.published()?;
        let n_findings = self.report.findings.len();
        self.events()?;
        let Some(mut rows) = self.rows.take().filter(|rows| rows.agrees) else { return Ok(None) };
        self.counted = std::mem::take(&mut rows.changes.came);
        self.packs_by_rows(scope, &mut rows.agreement)?;
        self.leftovers()?;
        let note = String::from_utf8_lossy(self.archive.journal.note());
        let agreed = rows.agreement.finish(&note, scope.is_whole())?;
        let Some(agreed) = agreed.filter(|_| self.report.findings.len() == n_findings) else {
            return Ok(None);
        };
        if !scope.is_whole() {
            let left_out = |table: &&Table| table.needs.contains(&Need::Contents);
            self.report.uncompared =
                TABLES.iter().filter(left_out).map(|table| table.name).collect();
        }
        self.report.n_tables = (TABLES.len() - self.report.uncompared.len()) as u64;
        self.report.n_rows = agreed.n_rows + self.n_summed.unwrap_or(0);
        match scope.turn() {
            _ if scope.is_quick => self.report.n_unread = agreed.n_contents,
            // The catalog is as a second one would be, and there would be no time left to read all that again.
            Some(turn) => {
                self.packs_in_turn(turn)?;
                self.notice_damaged_packs();
                return Ok(Some(self.report));
            }
            None => self.read_all(scope, None)?,
        }
        Ok(Some(self.report).filter(|report| report.findings.len() == n_findings))
    }

    /// Compares the rows of packs with their directories; an audit of all contents, or of documents, reads all of each pack.
    fn packs_by_rows(
        &mut self,
        scope: &AuditScope,
        agreement: &mut Agreement,
    ) -> Result<(), Error> {
        for (n, name) in self.counted.clone().into_iter().enumerate() {
            let (frames, n_bytes) = pack::directory_and_size(&*self.archive.home.backend, &name)?;
            if !scope.is_partial() {
                self.read_pack(&name)?;
            }
            let places: Vec<_> = pack::places(name, &frames).collect();
            let n_frames = frames.len() as u64;
            agreement.pack(&Pack { pack: name, n_bytes, n_frames, places: &places });
            self.report.n_packs += 1;
            (self.progress)(WorkDone::Packs(n as u64));
        }
        Ok(())
    }

    /// Whether the rows do not agree, so that it is of no use to go on with them.
    pub(super) fn has_given_up(&self) -> bool {
        self.rows.as_ref().is_some_and(|rows| !rows.agrees)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

    use super::*;
    use crate::{
        archive::{
            WriteContext,
            ingest::{Captured, Intake, Provenance},
            inspect::audit::{AuditPart, PacksInTurn, Sample},
            maintain::describe::{Description, RenameRequest},
        },
        catalog::{KeyedSum, SumKey},
        journal::note::Signer,
        text::Charset,
        types::{digest::Digest, name::DocName, tag::TagChange, time::Timestamp},
    };

    fn add(archive: &mut Archive, n: u8, provenance: Provenance, documents: &[(&[u8], &[u8])]) {
        let signer = Signer::from_seed("example.org/test", &[7; 32]).unwrap();
        let now = Duration::from_secs(1_764_000_000 + 60 * u64::from(n));
        let context = WriteContext::new(now, [n; 32], "test");
        let mut adding = archive.transaction(&signer, context, provenance, "test").unwrap();
        for (name, bytes) in documents {
            let bytes = bytes.to_vec();
            let open = move || Ok::<_, io::Error>(io::Cursor::new(bytes.clone()));
            adding.add(Intake::new(DocName::new(*name).unwrap(), open)).unwrap();
        }
        adding.commit().unwrap();
    }

    /// Audits that read some contents.
    fn parts(archive: &Archive) -> Vec<AuditScope> {
        let part = |part| AuditScope { part, ..AuditScope::default() };
        let in_turn = |is_over: bool| {
            let is_over = Arc::new(move || is_over);
            AuditPart::InTurn(PacksInTurn { last_checked: BTreeMap::new(), is_over })
        };
        let sample = Sample { per_million: 500_000, seed: [3; 32] };
        let mut scopes = vec![
            part(AuditPart::Sample(sample)),
            part(AuditPart::Since(Timestamp::from_unix(1_764_000_090, 0))),
            part(in_turn(false)),
            part(in_turn(true)),
        ];
        if let Ok(document) = archive.document(b"a/b") {
            scopes.push(AuditScope { documents: vec![document.id], ..AuditScope::default() });
        }
        scopes
    }

    /// Compares what both ways say.
    fn same(archive: &Archive) {
        // Before the first commit nothing is summed.
        for is_quick in [true, false].into_iter().take(1 + archive.n_events().min(1) as usize) {
            let scope = AuditScope { is_quick, ..AuditScope::default() };
            let history = HistoryCheck::NotRemembered;
            let summed = || archive.rows_with_their_sum(&scope).unwrap();
            let by_rows = (&scope, summed());
            let rows = archive.audited_by_rows(by_rows, &history, &mut |_| {});
            let rows = rows.unwrap().unwrap();
            let by_projection = |history| {
                archive.audited_by_projection((&scope, summed()), history, &mut |_| {}).unwrap()
            };
            let mut others = vec![by_projection(history.clone())];
            if !is_quick {
                let known = archive.home.remembered_sum().unwrap().unwrap();
                let stat_cache = archive.home.stat_cache().unwrap();
                for wrong in [
                    KeyedSum { key: SumKey([1; 32]), ..known },
                    KeyedSum { state: Digest::of(b"another"), ..known },
                    KeyedSum { sum: known.sum ^ 1, ..known },
                ] {
                    stat_cache.remember_sum(&wrong);
                    assert_eq!(summed(), None);
                }
                // What finds texts is made again, and summed.
                others.push(by_projection(history));
                assert_eq!(archive.home.remembered_sum().unwrap(), Some(known));
            }
            let is_read = (rows.n_unread > 0) == is_quick && (rows.n_contents == 0) == is_quick;
            assert!(rows.findings.is_empty() && is_read || rows.n_events == 0);
            for other in others {
                assert_eq!(format!("{rows:?}"), format!("{other:?}"));
            }
        }
        for scope in parts(archive) {
            let history = HistoryCheck::NotRemembered;
            let rows = archive.audited_by_rows((&scope, None), &history, &mut |_| {});
            let rows = rows.unwrap().unwrap();
            let other = archive.audited_by_projection((&scope, None), history, &mut |_| {});
            assert_eq!(format!("{rows:?}"), format!("{:?}", other.unwrap()));
            assert!(rows.findings.is_empty() && !rows.uncompared.is_empty());
        }
    }

    #[test]
    fn both_ways_say_the_same_of_an_archive_in_order() {
        let signer = Signer::from_seed("example.org/test", &[7; 32]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut archive = Archive::in_folder(&folder.path().join("archive"), &signer).unwrap();
        archive.keep_stats_in(folder.path());
        same(&archive);
        let large = vec![b'z'; (4 << 20) + 1];
        let first: [(&[u8], &[u8]); 4] =
            [(b"a/b", b"one"), (b"\xff", b"two"), (b"copy", b"one"), (b"large", &large)];
        add(&mut archive, 1, Provenance::default(), &first);
        same(&archive);
        let told = Provenance {
            source: Some("https://example.org/x".into()),
            note: Some("a note".into()),
            captured: Captured::At(Timestamp::from_unix(1_000_000_000, 5)),
            ..Provenance::default()
        };
        // Captured before, recorded later: it is not the latest, and the next one follows it.
        add(&mut archive, 2, told, &[(b"a/b", b"three"), (b"new", b"four")]);
        let document = archive.document(b"a/b").unwrap();
        let last = archive.catalog.last_event(document.id).unwrap();
        assert!(last > Some(archive.catalog.revisions(&document).unwrap()[0].event));
        add(&mut archive, 3, Provenance::default(), &[(b"a/b", b"one"), (b"new", b"five")]);
        same(&archive);
        // The same bytes, read as something else.
        let letter = b"Gr\xfc\xdfe aus K\xf6ln f\xfcr J\xfcrgen, sch\xf6ne Stra\xdfe.";
        let again: [(&[u8], &[u8]); 2] = [(b"guessed", letter), (b"large.csv", &large)];
        add(&mut archive, 4, Provenance::default(), &again);
        same(&archive);
        let named = Charset::for_label("macintosh");
        let named = Provenance { encoding: named, ..Provenance::default() };
        add(&mut archive, 5, named, &[(b"named", letter)]);
        same(&archive);
        let rows = |bytes: &[u8]| archive.catalog.contents(&Digest::of(bytes)).unwrap().len();
        assert_eq!([rows(b"one"), rows(&large), rows(letter)], [1, 2, 2]);
    }

    #[test]
    fn both_ways_say_the_same_where_more_happened_to_some_documents() {
        let signer = Signer::from_seed("example.org/test", &[7; 32]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut archive = Archive::in_folder(&folder.path().join("archive"), &signer).unwrap();
        archive.keep_stats_in(folder.path());
        let documents: [(&[u8], &[u8]); 3] =
            [(b"a/b", b"one"), (b"\xff", b"two"), (b"copy", b"one")];
        add(&mut archive, 1, Provenance::default(), &documents);
        add(&mut archive, 2, Provenance::default(), &[(b"a/b", b"three"), (b"new", b"four")]);
        let by = |n: u8| {
            let now = Duration::from_secs(1_764_000_000 + 60 * u64::from(n));
            WriteContext::new(now, [n; 32], "test")
        };
        let found = archive.document(b"a/b").unwrap();
        let revision = archive.catalog.revision(found.id, 2).unwrap().unwrap();
        let description = Description {
            source: Some("https://example.org/y".into()),
            captured: Some(Timestamp::from_unix(1_900_000_000, 0)),
            note: Some(String::new()),
            tags: vec![TagChange::parse("+one").unwrap(), TagChange::parse("+two").unwrap()],
        };
        archive.describe((&found, &revision), &description, (&signer, &by(4)), "test").unwrap();
        same(&archive);
        let names = vec![(found.clone(), DocName::new("c/d").unwrap())];
        let request = RenameRequest { names, ..RenameRequest::default() };
        archive.rename(&request, (&signer, &by(5)), "test").unwrap();
        same(&archive);
        // Its name is free for another.
        add(&mut archive, 6, Provenance::default(), &[(b"a/b", b"six"), (b"c/d", b"seven")]);
        let description =
            Description { tags: vec![TagChange::parse("-one").unwrap()], ..Description::default() };
        let found = archive.document(b"c/d").unwrap();
        archive.describe((&found, &revision), &description, (&signer, &by(7)), "test").unwrap();
        same(&archive);
    }
}
