//! What an audit is asked, and what it answers.

use crate::{
    archive::{inspect::history::HistoryCheck, maintain::keys::SigningKey},
    types::{digest::DocId, document::Withdrawn, pack_id::PackId, time::Timestamp},
};

use super::{
    part::{AuditPart, PacksInTurn},
    times::ProvedTimes,
};

/// How much is checked.
#[derive(Debug, Clone, Default)]
pub struct AuditScope {
    /// The journal, the directories of packs, and of the catalog what answers are read from, but not
    /// the bytes of contents and what is made of them.
    pub is_quick: bool,
    /// Only the contents of these documents; all when empty. The journal is always checked as a
    /// whole.
    pub documents: Vec<DocId>,
    /// Which contents are read, where no documents are named.
    pub part: AuditPart,
    /// What time it is, so that times which have not come yet are noticed.
    pub now: Option<Timestamp>,
    /// Threads that analyse contents; one when 0.
    pub n_threads: usize,
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
    /// A change of keys does not go on from the key before, or the identity is not what events state of it.
    KeyChange,
    /// A commit event does not fit the batch it closes.
    CommitBatch,
    /// The bytes of an event are not an event.
    EventMalformed,
    /// An event does not name its document's previous event.
    EventPrev,
    /// An event gives a document a name that another one has.
    NameTaken,
    /// An event states a time at which it was not recorded, as time tokens prove.
    TimeOutside,
    /// An event states an earlier time than the one before, or one that has not come yet.
    TimeOrder,
    /// A time token is not about the journal as it was.
    AnchorMismatch,
    /// The bytes of a content are wrong.
    BlobDamaged,
    /// A content is in no pack.
    BlobMissing,
    /// The bytes of a content are there, though they were withdrawn.
    BlobResurrected,
    /// A stored blob belongs to no content. It costs space and affects no revision.
    BlobUnreferenced,
    /// A pack has another digest than its name, or is no pack.
    PackDamaged,
    /// A detail is missing or not the one its event means.
    DetailMissing,
    /// A detail is there, though it was withdrawn.
    DetailResurrected,
    /// The catalog does not follow from the facts, so that an answer from it may be wrong.
    CatalogDrift,
    /// What only serves finding did not follow from the facts, and was made anew.
    CatalogRemade,
}

/// What the audit did, found, and left out.
#[derive(Debug, Clone)]
pub struct AuditReport {
    /// The archive's name in its log.
    pub origin: String,
    /// The public key that all rests on, as a vkey line.
    pub vkey: String,
    /// All keys that signed, the one that signs now as the last.
    pub keys: Vec<SigningKey>,
    /// How the journal stands to what was remembered.
    pub history_check: HistoryCheck,
    /// What time tokens prove.
    pub when: ProvedTimes,
    /// Events checked.
    pub n_events: u64,
    /// Revisions among them.
    pub n_revisions: u64,
    /// Packs compared with their names, or in a quick audit read by their directories.
    pub n_packs: u64,
    /// Contents read to their end that have the SHA-256 recorded.
    pub n_contents: u64,
    /// Their bytes.
    pub n_bytes: u64,
    /// Contents that were to be read, and are not there or not whole.
    pub n_broken: u64,
    /// Packs that were read with all that lies in them, where packs are read in turn.
    pub packs_read: Vec<PackId>,
    /// Contents not read because the scope left them out.
    pub n_unread: u64,
    /// Tables of the catalog compared with what follows from the facts.
    pub n_tables: u64,
    /// Their rows, and the entries of indexes.
    pub n_rows: u64,
    /// The tables that were not compared, because the scope or damage left out what they follow from.
    pub uncompared: Vec<&'static str>,
    /// A full-text index lies there, which is not compared with the texts.
    pub has_search_index: bool,
    /// What was withdrawn of the documents in scope, by the events that did so.
    pub withdrawals: Vec<FoundWithdrawal>,
    /// What is wrong, in the order it was found.
    pub findings: Vec<Finding>,
}

/// What an event withdrew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundWithdrawal {
    /// The event.
    pub by: Withdrawn,
    /// The revisions whose contents went, as `name@number`.
    pub contents: Vec<String>,
    /// The revisions whose words went, and other events as `event 7 (rename of name@number)`.
    pub words: Vec<String>,
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

impl AuditScope {
    /// Whether packs are looked at by their directories first, and not all are read.
    pub(super) fn is_partial(&self) -> bool {
        self.is_quick || !matches!(self.part, AuditPart::All)
    }

    /// The turns that packs take, where those are read for which there is time.
    pub(super) fn turn(&self) -> Option<&PacksInTurn> {
        match &self.part {
            AuditPart::InTurn(turn) if self.documents.is_empty() && !self.is_quick => Some(turn),
            _ => None,
        }
    }

    /// Whether every content is read.
    pub(super) fn is_whole(&self) -> bool {
        !self.is_partial() && self.documents.is_empty()
    }
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
            Self::KeyChange => "KEY-CHANGE",
            Self::CommitBatch => "COMMIT-BATCH",
            Self::EventMalformed => "EVENT-MALFORMED",
            Self::EventPrev => "EVENT-PREV",
            Self::NameTaken => "NAME-TAKEN",
            Self::TimeOutside => "TIME-OUTSIDE",
            Self::TimeOrder => "TIME-ORDER",
            Self::AnchorMismatch => "ANCHOR-MISMATCH",
            Self::BlobDamaged => "BLOB-DAMAGED",
            Self::BlobMissing => "BLOB-MISSING",
            Self::BlobResurrected => "BLOB-RESURRECTED",
            Self::BlobUnreferenced => "BLOB-UNREFERENCED",
            Self::PackDamaged => "PACK-DAMAGED",
            Self::DetailMissing => "DETAIL-MISSING",
            Self::DetailResurrected => "DETAIL-RESURRECTED",
            Self::CatalogDrift => "CATALOG-DRIFT",
            Self::CatalogRemade => "CATALOG-REMADE",
        }
    }

    /// Whether it means that fixity or history is broken; the others are for information.
    pub fn is_grave(self) -> bool {
        !matches!(self, Self::BlobUnreferenced | Self::CatalogRemade | Self::TimeOrder)
    }
}

impl AuditReport {
    pub(super) fn new(origin: String, keys: Vec<SigningKey>, history_check: HistoryCheck) -> Self {
        Self {
            origin,
            vkey: keys.last().map_or_else(String::new, |key| key.vkey.clone()),
            keys,
            history_check,
            when: ProvedTimes::default(),
            n_events: 0,
            n_revisions: 0,
            n_packs: 0,
            n_contents: 0,
            n_bytes: 0,
            n_broken: 0,
            packs_read: Vec::new(),
            n_unread: 0,
            n_tables: 0,
            n_rows: 0,
            uncompared: Vec::new(),
            has_search_index: false,
            withdrawals: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The report on an archive that cannot be opened because its checkpoint is not to be trusted:
    /// there is nothing to check the rest against.
    pub fn unsigned(why: String) -> Self {
        let mut report = Self::new(String::new(), Vec::new(), HistoryCheck::NotRemembered);
        let (code, about) = (Code::CpSignature, "the newest commit".to_owned());
        report.findings.push(Finding { code, about, why, revisions: Vec::new() });
        report
    }

    /// How many findings are grave.
    pub fn n_grave(&self) -> u64 {
        self.findings.iter().filter(|finding| finding.code.is_grave()).count() as u64
    }

    /// Whether nothing grave was found.
    pub fn is_sound(&self) -> bool {
        self.n_grave() == 0
    }
}
