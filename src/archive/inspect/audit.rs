//! The audit: the archive checked against itself, and against what is remembered outside it.
//!
//! Every event is read, hashed and compared with the signed root; every commit's batch, every link
//! from an event to its document's previous one and every detail is checked; the catalog is compared
//! with the facts; every pack is compared with its name, and every content is read and hashed.
//! Nothing is trusted that was not computed here from stored bytes, apart from the public key.

use std::collections::{BTreeMap, HashSet};

use crate::{
    archive::{Archive, maintain::rebuild},
    journal::{
        Examined, Problem,
        event::{Commit, Detail, Event, Revise},
        merkle::{Frontier, leaf_hash},
    },
    store::{pack, pack_name, place::Places},
    types::{
        digest::{Digest, DocId, Key},
        document::{Document, Revision},
        error::Error,
        limits,
    },
};

use super::history::HistoryCheck;

/// How much is checked.
#[derive(Debug, Clone, Default)]
pub struct AuditScope {
    /// The journal and the structure of packs, but not the bytes of contents.
    pub is_quick: bool,
    /// Only the contents of these documents; all when empty. The journal is always checked as a
    /// whole.
    pub documents: Vec<DocId>,
}

/// One thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable code.
    pub code: Code,
    /// What it is about: an event, a blob, a pack.
    pub about: String,
    /// What was expected and what was found.
    pub why: String,
    /// The revisions it affects, as `name@number`.
    pub revisions: Vec<String>,
}

/// The stable codes of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The journal is shorter than a remembered checkpoint states.
    LogRolledBack,
    /// The journal is not a continuation of a remembered checkpoint.
    LogForked,
    /// Events are missing or do not have the signed root.
    LogEntry,
    /// The checkpoint is not signed by the archive's key, or is another archive's.
    CpSignature,
    /// Another key signs than the one remembered.
    CpUnknownKey,
    /// A commit event does not fit the batch it closes.
    CommitBatch,
    /// The bytes of an event are not an event.
    EventMalformed,
    /// An event does not name its document's previous event.
    EventPrev,
    /// The bytes of a content are wrong.
    BlobDamaged,
    /// A content is in no pack.
    BlobMissing,
    /// A stored blob belongs to no content. It costs space and affects no revision.
    BlobUnreferenced,
    /// A pack has another digest than its name, or is no pack.
    PackDamaged,
    /// A detail is missing or not the one its event means.
    DetailMissing,
    /// The catalog does not agree with the facts.
    CatalogDrift,
}

/// What the audit did, found, and left out.
#[derive(Debug, Clone)]
pub struct AuditReport {
    /// The archive's name in its log.
    pub origin: String,
    /// The public key that all rests on, as a vkey line.
    pub vkey: String,
    /// How the journal stands to what was remembered.
    pub history_check: HistoryCheck,
    /// Events checked.
    pub n_events: u64,
    /// Revisions among them.
    pub n_revisions: u64,
    /// Packs compared with their names.
    pub n_packs: u64,
    /// Contents read and hashed.
    pub n_contents: u64,
    /// Their bytes.
    pub n_bytes: u64,
    /// Contents not read because the scope left them out.
    pub n_unread: u64,
    /// What is wrong, in the order it was found.
    pub findings: Vec<Finding>,
}

/// How much was read so far, for whoever waits.
#[derive(Debug, Clone, Copy)]
pub enum WorkDone {
    /// So many events.
    Events(u64),
    /// So many packs.
    Packs(u64),
    /// So many contents; in sums over revisions, so many of those.
    Contents(u64),
}

impl Code {
    /// The code as it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogRolledBack => "LOG-ROLLED-BACK",
            Self::LogForked => "LOG-FORKED",
            Self::LogEntry => "LOG-ENTRY",
            Self::CpSignature => "CP-SIGNATURE",
            Self::CpUnknownKey => "CP-UNKNOWN-KEY",
            Self::CommitBatch => "COMMIT-BATCH",
            Self::EventMalformed => "EVENT-MALFORMED",
            Self::EventPrev => "EVENT-PREV",
            Self::BlobDamaged => "BLOB-DAMAGED",
            Self::BlobMissing => "BLOB-MISSING",
            Self::BlobUnreferenced => "BLOB-UNREFERENCED",
            Self::PackDamaged => "PACK-DAMAGED",
            Self::DetailMissing => "DETAIL-MISSING",
            Self::CatalogDrift => "CATALOG-DRIFT",
        }
    }

    /// Whether it means that fixity or history is broken; the others are for information.
    pub fn is_grave(self) -> bool {
        self != Self::BlobUnreferenced
    }
}

impl AuditReport {
    fn new(origin: String, vkey: String, history_check: HistoryCheck) -> Self {
        Self {
            origin,
            vkey,
            history_check,
            n_events: 0,
            n_revisions: 0,
            n_packs: 0,
            n_contents: 0,
            n_bytes: 0,
            n_unread: 0,
            findings: Vec::new(),
        }
    }

    /// The report on an archive that cannot be opened because its checkpoint is not to be trusted:
    /// there is nothing to check the rest against.
    pub fn unsigned(why: String) -> Self {
        let mut report = Self::new(String::new(), String::new(), HistoryCheck::NotRemembered);
        let (code, about) = (Code::CpSignature, "log/checkpoint".to_owned());
        report.findings.push(Finding { code, about, why, revisions: Vec::new() });
        report
    }

    /// Whether nothing grave was found.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| !finding.code.is_grave())
    }
}

/// An audit under way.
struct Auditor<'a> {
    archive: &'a Archive,
    report: AuditReport,
    frontier: Frontier,
    /// The leaves since the last commit event.
    batch: Frontier,
    batch_base: u64,
    /// The last finding about events, which the next event may share.
    run: Option<FindingRun>,
    progress: &'a mut dyn FnMut(WorkDone),
}

/// Consecutive events with the same thing wrong.
struct FindingRun {
    events: std::ops::Range<u64>,
    why: String,
}

impl Archive {
    /// Checks the archive. `history_check` is the result of a comparison with what is remembered, made
    /// before; `progress` is called now and then.
    pub fn audit(
        &self,
        scope: &AuditScope,
        history_check: HistoryCheck,
        progress: &mut dyn FnMut(WorkDone),
    ) -> Result<AuditReport, Error> {
        let report = AuditReport::new(self.origin().to_owned(), self.vkey(), history_check.clone());
        let (frontier, batch) = (Frontier::default(), Frontier::default());
        let mut audit =
            Auditor { archive: self, report, frontier, batch, batch_base: 0, run: None, progress };
        audit.judge(&history_check);
        audit.events()?;
        audit.packs()?;
        audit.contents(scope)?;
        Ok(audit.report)
    }
}

impl Auditor<'_> {
    fn find(&mut self, code: Code, about: impl Into<String>, why: impl Into<String>) {
        self.run = None;
        let (about, why) = (about.into(), why.into());
        self.report.findings.push(Finding { code, about, why, revisions: Vec::new() });
    }

    fn judge(&mut self, history_check: &HistoryCheck) {
        match history_check {
            HistoryCheck::Extends { .. } | HistoryCheck::NotRemembered => {}
            HistoryCheck::Older { remembered, size } => self.find(
                Code::LogRolledBack,
                "the journal",
                format!("this is an older copy: it has {size} of {remembered} remembered events"),
            ),
            HistoryCheck::RolledBack { remembered, size } => self.find(
                Code::LogRolledBack,
                "the journal",
                format!(
                    "it is another or an older history: it has {size} events, {remembered} are \
                     remembered"
                ),
            ),
            HistoryCheck::Forked { size } => self.find(
                Code::LogForked,
                "the journal",
                format!("its first {size} events are not those remembered"),
            ),
            HistoryCheck::OtherKey { remembered } => self.find(
                Code::CpUnknownKey,
                "the checkpoint",
                format!("it is signed by another key than {remembered}"),
            ),
            HistoryCheck::OtherOrigin { remembered } => self.find(
                Code::CpUnknownKey,
                "the archive",
                format!("another one is remembered at this location: {remembered}"),
            ),
            HistoryCheck::OtherCheckpoint { of } => self.find(
                Code::CpUnknownKey,
                "the checkpoint given",
                format!(
                    "it is another archive's: of {of}; this one is {}",
                    self.archive.journal.identity().verifier()
                ),
            ),
        }
    }

    fn events(&mut self) -> Result<(), Error> {
        let size = self.archive.journal.size();
        let mut n_rows = 0;
        for examined in self.archive.journal.examine(0..size) {
            let index = examined.index;
            self.problem(&examined);
            if let Some(line) = &examined.line {
                let leaf = leaf_hash(line);
                self.frontier.push(leaf);
                match &examined.event {
                    Some(Event::Commit(commit)) => self.close_batch(index, commit),
                    _ => self.batch.push(leaf),
                }
            }
            if let Some(Event::Revise(revise)) = &examined.event {
                self.report.n_revisions += 1;
                n_rows += u64::from(self.revision(&examined, revise)?);
            }
            self.report.n_events += 1;
            if index.is_multiple_of(4096) {
                (self.progress)(WorkDone::Events(index));
            }
        }
        let (found, signed) = (self.frontier.root(), self.archive.journal.root());
        if found != signed {
            let why = format!("its events have the root {found}, the checkpoint states {signed}");
            self.find(Code::LogEntry, "the journal", why);
        }
        let totals = self.archive.catalog.totals()?;
        if totals.n_revisions != n_rows {
            let why = format!("it has {} revisions, the journal {n_rows}", totals.n_revisions);
            self.find(Code::CatalogDrift, "the catalog", why);
        }
        Ok(())
    }

    fn problem(&mut self, examined: &Examined) {
        let Some(problem) = &examined.problem else { return };
        let code = match problem {
            Problem::EntryMissing | Problem::EntryDamaged(_) => Code::LogEntry,
            Problem::EventMalformed(_) => Code::EventMalformed,
            Problem::DetailMissing
            | Problem::DetailDamaged(_)
            | Problem::DetailErased
            | Problem::DetailMismatch
            | Problem::DetailMalformed(_) => Code::DetailMissing,
        };
        let (index, why) = (examined.index, problem.to_string());
        // What is wrong with a whole bundle is one finding.
        let run = self.run.take().filter(|run| run.events.end == index && run.why == why);
        let start = match run {
            Some(run) => {
                self.report.findings.pop();
                run.events.start
            }
            None => index,
        };
        let about = match start == index {
            true => format!("event {index}"),
            false => format!("events {start}–{index}"),
        };
        self.find(code, about, why.clone());
        self.run = Some(FindingRun { events: start..index + 1, why });
    }

    fn close_batch(&mut self, index: u64, commit: &Commit) {
        let n_events = index - self.batch_base;
        let fits = commit.base == self.batch_base
            && commit.n_events == n_events
            && commit.root == self.batch.root();
        if !fits {
            let why = format!(
                "it closes {} events from {} with root {}; before it lie {n_events} from {} with root {}",
                commit.n_events,
                commit.base,
                commit.root,
                self.batch_base,
                self.batch.root()
            );
            self.find(Code::CommitBatch, format!("event {index}"), why);
        }
        self.batch = Frontier::default();
        self.batch_base = index + 1;
    }

    /// Compares an event with its row and its document's previous row; whether it has a row.
    fn revision(&mut self, examined: &Examined, revise: &Revise) -> Result<bool, Error> {
        let index = examined.index;
        let about = format!("event {index}");
        let Some((document, row)) = self.archive.catalog.revision_of_event(index)? else {
            self.find(Code::CatalogDrift, about, "it has no row in the catalog");
            return Ok(false);
        };
        let is_right = document.id == revise.doc
            && row.digest == revise.sha256
            && row.n_bytes == revise.size
            && row.media_type == revise.media.as_str()
            && is_in_detail(&document, &row, examined.detail.as_ref());
        if !is_right {
            self.find(Code::CatalogDrift, about.clone(), "its row does not agree with it");
        }
        let before = match row.number.checked_sub(1) {
            Some(0) | None => None,
            Some(number) => self.archive.catalog.revision(row.doc, number)?,
        };
        if before.map(|row| row.event) != revise.prev {
            let why = match revise.prev {
                Some(prev) => format!("it names event {prev} as its document's previous one"),
                None => "it names no previous event of its document".to_owned(),
            };
            self.find(Code::EventPrev, about, why);
        }
        Ok(true)
    }

    /// Every pack against its name, and every stored blob against the contents.
    fn packs(&mut self) -> Result<(), Error> {
        let chunks = self.chunk_keys()?;
        let found = rebuild::packs(&*self.archive.home.backend)?;
        let stored: HashSet<Digest> = found.iter().copied().collect();
        let known: HashSet<Digest> = self.archive.catalog.packs()?.into_iter().collect();
        for known in &known {
            // One that came since the packs were listed is there.
            let name = pack_name(known);
            let is_gone =
                !stored.contains(known) && self.archive.home.backend.size(&name)?.is_none();
            // One that was compacted away meanwhile is not missed.
            if is_gone && self.archive.catalog.has_pack_now(known)? {
                self.find(Code::PackDamaged, name, "it is missing");
            }
        }
        for (n, name) in found.iter().enumerate() {
            // A pack that was committed meanwhile belongs to contents that are not looked at here.
            let catalog = &self.archive.catalog;
            let is_newer = !known.contains(name) && catalog.has_pack_now(name)?;
            self.pack(name, &chunks, is_newer)?;
            self.report.n_packs += 1;
            (self.progress)(WorkDone::Packs(n as u64));
        }
        Ok(())
    }

    fn pack(&mut self, name: &Digest, chunks: &HashSet<Key>, is_newer: bool) -> Result<(), Error> {
        let object = pack_name(name);
        let bytes = match self.archive.home.backend.read(&object, limits::PACK_BYTES_MAX as usize) {
            Ok(Some(bytes)) => bytes,
            // Compacted away since the packs were listed; the catalog has been asked for those it misses.
            Ok(None) => return Ok(()),
            Err(error) => {
                self.find(Code::PackDamaged, object, error.to_string());
                return Ok(());
            }
        };
        let found = Digest::of(&bytes);
        if found != *name {
            self.find(Code::PackDamaged, object.clone(), format!("its SHA-256 is {found}"));
        }
        let frames = match pack::check(&bytes) {
            Ok(frames) => frames,
            Err(why) => {
                if found == *name {
                    self.find(Code::PackDamaged, object, why.to_string());
                }
                return Ok(());
            }
        };
        let mut n_idle = 0;
        for key in frames.iter().flat_map(|frame| &frame.keys) {
            let is_used = self.archive.catalog.n_contents_with(*key)? > 0 || chunks.contains(key);
            n_idle += u64::from(!is_used);
        }
        if n_idle > 0 && !is_newer {
            let blobs = if n_idle == 1 { "blob that belongs" } else { "blobs that belong" };
            let why = format!("it holds {n_idle} {blobs} to no content");
            self.find(Code::BlobUnreferenced, object, why);
        }
        Ok(())
    }

    /// The keys of all chunks that large contents are made of.
    fn chunk_keys(&self) -> Result<HashSet<Key>, Error> {
        let mut keys = HashSet::new();
        self.archive.catalog.contents_by_place(|_, digest, n_bytes| {
            if n_bytes > limits::BLOB_BYTES_MAX as u64
                && let Ok(Some(chunks)) = self.archive.reader.chunks(&digest)
            {
                keys.extend(chunks.iter().map(|chunk| chunk.digest.key()));
            }
            Ok(())
        })?;
        Ok(keys)
    }

    /// Every content in scope is read to its end.
    fn contents(&mut self, scope: &AuditScope) -> Result<(), Error> {
        let archive = self.archive;
        let mut suspects: BTreeMap<i64, (Digest, u64)> = BTreeMap::new();
        let report = &mut self.report;
        let progress = &mut *self.progress;
        archive.catalog.contents_by_place(|content, digest, n_bytes| {
            if scope.is_quick || !archive.is_in(scope, content)? {
                report.n_unread += 1;
                return Ok(());
            }
            if archive.damage(&digest, n_bytes)?.is_some() {
                suspects.insert(content, (digest, n_bytes));
            }
            report.n_contents += 1;
            report.n_bytes += n_bytes;
            if report.n_contents.is_multiple_of(256) {
                progress(WorkDone::Contents(report.n_contents));
            }
            Ok(())
        })?;
        // Once more, with the catalog as it is by now: packs may have been compacted meanwhile.
        for (content, (digest, n_bytes)) in suspects {
            let Some(error) = archive.damage(&digest, n_bytes)? else { continue };
            let is_missing = archive.catalog.places(digest.key())?.is_empty();
            let code = if is_missing { Code::BlobMissing } else { Code::BlobDamaged };
            let (about, why) = (format!("content {digest}"), error.to_string());
            let revisions = archive.revisions_of(content)?;
            self.report.findings.push(Finding { code, about, why, revisions });
        }
        Ok(())
    }
}

impl Archive {
    /// Reads a content to its end: what is wrong with it, `None` if nothing is.
    fn damage(&self, digest: &Digest, n_bytes: u64) -> Result<Option<Error>, Error> {
        let read = || {
            let mut content = self.reader.content(digest, n_bytes)?;
            let mut n_read = 0;
            while let Some(piece) = content.next_piece()? {
                n_read += piece.len() as u64;
            }
            if n_read != n_bytes {
                return Err(Error::damaged(
                    format!("content {digest}"),
                    format!("it has {n_read} bytes, its event states {n_bytes}"),
                ));
            }
            Ok(())
        };
        match read() {
            Ok(()) => Ok(None),
            Err(error @ (Error::Damaged { .. } | Error::Io { .. })) => Ok(Some(error)),
            Err(error) => Err(error),
        }
    }

    fn is_in(&self, scope: &AuditScope, content: i64) -> Result<bool, Error> {
        if scope.documents.is_empty() {
            return Ok(true);
        }
        let revisions = self.catalog.revisions_with(content)?;
        Ok(revisions.iter().any(|(document, _)| scope.documents.contains(&document.id)))
    }

    /// The revisions that have a content, as people name them.
    fn revisions_of(&self, content: i64) -> Result<Vec<String>, Error> {
        let revisions = self.catalog.revisions_with(content)?;
        let named = |(document, revision): &(Document, Revision)| {
            format!("{}@{}", document.name.text(), revision.number)
        };
        Ok(revisions.iter().map(named).collect())
    }
}

/// Whether a row agrees with the detail.
fn is_in_detail(document: &Document, row: &Revision, detail: Option<&Detail>) -> bool {
    let Some(Detail::Revise(detail)) = detail else { return true };
    (row.number > 1 || detail.name == document.name)
        && row.source == detail.source
        && row.note == detail.note
        && row.author == detail.by
        && detail.captured.is_none_or(|captured| captured == row.captured)
}
