//! Containers: files that hold documents of their own. WARC and ARC hold what was captured from the web, a mailbox
//! holds mails, ZIP and TAR hold files.
//!
//! What is in one is given out piece by piece and in bounded memory: what is large goes to a temporary file, which the
//! caller makes. Everything that a container says of itself is taken for made by strangers; what is broken costs
//! what it touches, and is named.

mod allowance;
mod arc;
mod bytes;
mod digests;
mod http;
mod input;
mod kind;
mod mbox;
mod names;
mod record;
mod records;
mod survey;
mod tar;
mod warc;
mod web;
mod zip;

use std::io;

use crate::types::{digest::Digest, name::DocName, time::Timestamp};

pub use allowance::Allowance;
pub use bytes::{Body, BodyReader, BodyWriter, ReadAt, TemporaryFile};
pub use kind::{ContainerKind, HEAD_BYTES};
pub use names::{UniqueNames, file_name, url_name};

/// Bounds of what is taken out of one container, however deep it lies.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// One member has so many bytes at most.
    pub member_bytes: u64,
    /// So many times its own size may be unpacked of a container,
    pub ratio: u64,
    /// and this much more of small ones.
    pub bytes_more: u64,
    /// So many members are given out.
    pub members: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { member_bytes: 4 << 30, ratio: 250, bytes_more: 64 << 20, members: 2_000_000 }
    }
}

impl Limits {
    /// A member goes beyond its limit.
    fn too_large(&self) -> io::Error {
        beyond(format!("it has more than {} GiB", self.member_bytes >> 30))
    }
}

/// A container that is being read.
pub trait Container {
    /// What comes next; none at the end.
    fn next(&mut self) -> Option<Contained>;
}

/// What a container has.
pub enum Contained {
    /// A document.
    InnerDocument(InnerDocument),
    /// What was captured again, with bytes that were captured before.
    Again(Again),
    /// A record that is no document, such as a request.
    Without,
    /// Something that should have been a document and is none.
    Refused {
        /// Which one, as people find it.
        what: String,
        /// Why.
        why: io::Error,
    },
}

/// A document in a container.
pub struct InnerDocument {
    /// Its name in the container, or its own where it was captured from the web.
    pub name: MemberName,
    /// Its bytes.
    pub body: Body,
    /// What is known of it.
    pub about: MemberFacts,
    /// Something about it is not as it should be, and it is taken all the same.
    pub doubt: Option<String>,
}

/// How a document in a container is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberName {
    /// By what it was captured from.
    Own(DocName),
    /// By where it lies in the container.
    Inner(Vec<u8>),
}

/// What is known of a document in a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberFacts {
    /// When it was captured.
    pub captured: Option<Timestamp>,
    /// When it was changed.
    pub mtime: Option<Timestamp>,
    /// Where it comes from.
    pub source: Option<String>,
    /// The encoding that was sent with it.
    pub charset: Option<String>,
    /// What else there is to say.
    pub remarks: Vec<String>,
}

/// What was captured again and whose bytes are not in the container a second time.
pub struct Again {
    /// The name of the document.
    pub name: DocName,
    /// What is known of it.
    pub about: MemberFacts,
    /// Its content, if that was met before.
    pub content: Option<Digest>,
    /// The document and time of capture that it refers to.
    pub of: Option<(DocName, Option<Timestamp>)>,
}

/// Something in a container is damaged.
fn damaged(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// Something in a container goes beyond a limit.
fn beyond(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, why.into())
}

/// Whether nothing more of a container is to be read.
fn is_final(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput
    )
}
