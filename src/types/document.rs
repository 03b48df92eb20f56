//! What an archive holds, as people see it: documents, their revisions, and the entries of its log.

use super::{
    digest::{Digest, DocId},
    name::DocName,
    time::Timestamp,
};

/// What goes on under one name, or first under one and then under another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Drawn at random when the document was first added; it never changes.
    pub id: DocId,
    /// As given with the first revision or by the last rename; of a past day, as it was then.
    pub name: DocName,
    /// The index in the journal of the event that recorded the latest revision.
    pub latest: u64,
    /// At least 1.
    pub n_revisions: u64,
    /// The index of the event by which it is no longer where it was found; none of one that is there.
    pub gone: Option<u64>,
}

/// One state of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The index in the journal of the event that recorded it; no other revision has the same.
    pub event: u64,
    /// The document it is a revision of.
    pub doc: DocId,
    /// Counted within the document, from 1.
    pub number: u64,
    /// The SHA-256 of its content.
    pub digest: Digest,
    /// The size of its content.
    pub n_bytes: u64,
    /// Of the content, as its bytes and its name show it: `text/html`.
    pub media_type: String,
    /// When it was added, by the clock of whoever added it.
    pub at: Timestamp,
    /// When it was captured, as the person who added it states, else `at`.
    pub captured: Timestamp,
    /// The modification time of the file it came from.
    pub mtime: Option<Timestamp>,
    /// Where it came from, as that person states: usually an address.
    pub source: Option<String>,
    /// What that person wrote about it.
    pub note: Option<String>,
    /// Who added it, by their own account.
    pub author: Option<String>,
    /// The encoding of its text, as that person named it.
    pub encoding: Option<String>,
    /// What took its content away.
    pub withdrawn: Option<Withdrawn>,
    /// What took away what people wrote about it: name, source, note.
    pub words_withdrawn: Option<Withdrawn>,
}

/// The event that withdrew something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// Its index in the journal.
    pub event: u64,
    /// When, by the clock of whoever did it.
    pub at: Timestamp,
    /// Why, as a code: `legal`, `error`.
    pub reason: String,
}

/// What happened to a document beside a new revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentEntry {
    /// Its index in the journal.
    pub event: u64,
    /// As the journal spells it: `gone`, `rename`, `seen`, `describe`.
    pub change: String,
    /// The number of the revision that it is about.
    pub number: u64,
    /// When it was recorded, by the clock of whoever did it.
    pub at: Timestamp,
    /// When it was so, as that person states, else `at`; of `describe` when the revision was captured, if that is
    /// corrected.
    pub captured: Option<Timestamp>,
    /// The modification time of the file that was seen.
    pub mtime: Option<Timestamp>,
    /// Of a rename: the names before and after it.
    pub names: Option<(DocName, DocName)>,
    /// Where it was seen, or the right source of the revision, empty for none.
    pub source: Option<String>,
    /// What that person wrote about it, or the right note of the revision, empty for none.
    pub note: Option<String>,
    /// Tags put on and taken off: `+wire -draft`.
    pub tags: Option<String>,
    /// Who recorded it, by their own account.
    pub author: Option<String>,
}

/// An event that is about no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherEvent {
    /// Its index in the journal.
    pub event: u64,
    /// As the journal spells it: `commit`, `audit`, `withdraw`.
    pub event_type: String,
    /// When, by the clock of whoever did it.
    pub at: Timestamp,
    /// What that person wrote about it.
    pub note: Option<String>,
    /// Who did it, by their own account.
    pub author: Option<String>,
    /// Of a withdrawal: why, as a code.
    pub reason: Option<String>,
}

/// One event of the journal as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEntry {
    /// A revision of a document.
    Revision(Box<(Document, Revision)>),
    /// Something else that happened to a document.
    Document(Box<(Document, DocumentEntry)>),
    /// Anything else.
    Other(OtherEvent),
}
