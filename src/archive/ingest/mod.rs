//! Adding documents: read, put into the store, committed.
//!
//! [`Archive::ingest`] is the whole of it: a front end hands over an iterator of documents and hears of
//! each what became of it. What the arrival of one document does:
//!
//! 1. Its latest revision is looked up. A file whose stat is the one with which that revision was read
//!    stops here: it is unchanged and not opened (`run`, and the catalog's stat cache).
//! 2. Otherwise some thread reads it: SHA-256, media type and, of new bytes, fingerprint and sketch. The
//!    rest is done by one thread, in the order of the iterator, so that the same documents make the same
//!    archive (`reader`; `chunked` for what is too large for one blob).
//! 3. Bytes of the latest revision are unchanged. They are stored once more only if what is stored of them
//!    is damaged (`add`). That they were seen again is recorded where the document was gone, or something else
//!    is said of them (`see`); so is that a document goes on under another name, or is gone (`tracking`).
//! 4. Other bytes are a new revision. Unless the archive has them already they go to the store, which
//!    seeks a base for them, first of all the previous revision. The revision waits in the transaction.
//! 5. Once enough is waiting, or at the end, it is committed: packs, journal, checkpoint, catalog
//!    (`commit`). Only now is it in the archive, and only now is its stat remembered.
//! 6. New texts are compared with what was there before (`archive::similar`).
//!
//! What was captured again and has no bytes of its own goes by the content that it refers to (`recapture`).
//! [`Archive::rehearse`] goes through the same iterator and does none of it.
//!
//! [`Archive::ingest`]: crate::archive::Archive::ingest
//! [`Archive::rehearse`]: crate::archive::Archive::rehearse

mod add;
mod chunked;
mod commit;
mod outcome;
mod provenance;
pub(in crate::archive) mod reader;
mod recapture;
mod rehearsal;
mod run;
mod see;
mod tracking;
pub(in crate::archive) mod transaction;

pub use crate::catalog::FileStat;
pub use outcome::{NewRevision, Outcome, SeenAgain};
pub use provenance::{Captured, Provenance};
pub use reader::{Intake, Reading, RenderingTime, SYMLINK, Source, Steady};
pub use recapture::Recapture;
pub use run::{IngestEvent, IngestItem, IngestOptions, IngestSummary};
pub use tracking::Tracking;
pub use transaction::{Committed, Transaction};

#[cfg(test)]
mod tests;
