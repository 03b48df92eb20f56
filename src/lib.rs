//! `archive`: every version of every document, small, findable, comparable and provably unaltered.
//!
//! An [`Archive`] is opened in a folder. [`Archive::ingest`] adds documents, [`Archive::select`] finds a
//! revision, [`Archive::read`] streams its bytes, verified; [`Archive::compare`] says how two differ,
//! [`Archive::similar`] which texts are near, [`Archive::audit`] whether all is as it was recorded.
//! Clock, randomness and keys come from the caller, so that everything repeats to the byte.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use docarchive::{Archive, DocName, IngestItem, IngestOptions, Intake, Signer, Timestamp, WriteContext};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path().join("desk.archive");
//! // The key that signs; a real one is random, secret, and kept outside the archive.
//! let signer = Signer::from_seed("example.org/desk", &[7; 32])?;
//! let mut archive = Archive::in_folder(&folder, &signer)?;
//!
//! for words in ["Ferries sail at noon.", "Ferries sail at one."] {
//!     let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
//!     let mut seed = [0; 32];
//!     getrandom::fill(&mut seed)?;
//!     let context = WriteContext::new(now, seed, "example");
//!     let notice = Intake::new(DocName::new("notice.txt")?, move || Ok(words.as_bytes()));
//!     let items = [IngestItem::Document(notice, ())];
//!     archive.ingest(&signer, context, "example", items, &IngestOptions::default(), |_| Ok(()))?;
//! }
//!
//! let (notice, first) = archive.select(b"notice.txt@1", Timestamp::from_unix(0, 0))?;
//! assert_eq!(notice.n_revisions, 2);
//! assert_eq!(archive.read_whole(&notice, &first)?, b"Ferries sail at noon.");
//! # Ok(())
//! # }
//! ```
//!
//! Inside it is one module a subject, from the bottom up: `types` are the words that all speak in;
//! `backend` keeps bytes; `text` reads them and `diff` compares texts; `similarity` finds what two texts
//! share; `store` keeps contents in packs and `journal` what happened; `catalog` answers questions;
//! `archive` puts these in their order, and `cli` is the command line. ARCHITECTURE.md is the longer
//! tour. `tests/layers.rs` keeps the order; lints keep the machine around us out of all but the local
//! backend, the catalog and the command line.

#![cfg_attr(
    not(test),
    warn(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::print_stderr,
        clippy::print_stdout
    )
)]

mod archive;
#[allow(missing_docs)]
mod backend;
#[allow(missing_docs, clippy::disallowed_types, reason = "it alone speaks to SQLite")]
mod catalog;
#[allow(missing_docs, clippy::disallowed_methods, reason = "it alone knows the machine around us")]
mod cli;
#[allow(missing_docs)]
mod container;
#[allow(missing_docs)]
mod diff;
#[allow(missing_docs)]
mod journal;
#[allow(missing_docs)]
mod pool;
#[allow(missing_docs)]
mod search;
#[allow(missing_docs)]
mod similarity;
#[allow(missing_docs)]
mod store;
#[allow(missing_docs)]
mod text;
mod types;

pub use archive::{
    Archive, HistoryCheck, Local, Signer, WriteContext,
    compare::{Compared, Difference},
    ingest::{
        IngestEvent, IngestItem, IngestOptions, IngestSummary, Intake, NewRevision, Outcome,
        Provenance, SeenAgain, Tracking,
    },
    inspect::audit::{AuditReport, AuditScope},
    operand::Operand,
    similar::{
        Similarity, Threshold,
        neighbours::{NearDocument, SimilarQuery},
        new_texts::NewDuplicate,
    },
};
pub use types::{
    digest::{Digest, DocId},
    document::{Document, LogEntry, Revision},
    error::Error,
    name::DocName,
    time::Timestamp,
};

/// What the program, the tests and the benchmarks of this package see. It is no part of the library:
/// anything in it may change.
#[doc(hidden)]
pub mod internals {
    pub mod archive {
        pub use crate::archive::*;
    }
    pub mod backend {
        pub use crate::backend::*;
    }
    pub mod catalog {
        pub use crate::catalog::*;
    }
    pub mod cli {
        pub use crate::cli::*;
    }
    pub mod container {
        pub use crate::container::*;
    }
    pub mod diff {
        pub use crate::diff::*;
    }
    pub mod journal {
        pub use crate::journal::*;
    }
    pub mod pool {
        pub use crate::pool::*;
    }
    pub mod search {
        pub use crate::search::*;
    }
    pub mod similarity {
        pub use crate::similarity::*;
    }
    pub mod store {
        pub use crate::store::*;
    }
    pub mod text {
        pub use crate::text::*;
    }
    pub mod types {
        pub use crate::types::*;
    }
}
