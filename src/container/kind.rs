//! Which containers there are, and how one is known by its first bytes.

use std::io::{self, Read as _};

use flate2::read::GzDecoder;

use super::{
    Container, Limits, arc,
    bytes::{Body, TemporaryFile},
    mbox,
    mbox::Mailbox,
    tar,
    tar::Tar,
    warc,
    web::WebArchive,
    zip,
    zip::Zip,
};

/// So much shows what it is.
pub const HEAD_BYTES: usize = 4 << 10;

/// A kind of container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerKind {
    /// What was captured from the web.
    Web {
        /// In the format before WARC.
        is_arc: bool,
        /// Compressed.
        is_gzip: bool,
    },
    /// Mails.
    Mailbox,
    /// A ZIP archive.
    Zip,
    /// A TAR archive.
    Tar {
        /// Compressed.
        is_gzip: bool,
    },
}

impl ContainerKind {
    /// What bytes are by their first ones.
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\x1f\x8b\x08") {
            let mut start = Vec::new();
            // It may be cut.
            let _ = GzDecoder::new(head).take(1024).read_to_end(&mut start);
            return match Self::of_plain(&start)? {
                Self::Web { is_arc, .. } => Some(Self::Web { is_arc, is_gzip: true }),
                Self::Tar { .. } => Some(Self::Tar { is_gzip: true }),
                _ => None,
            };
        }
        Self::of_plain(head)
    }

    fn of_plain(head: &[u8]) -> Option<Self> {
        match () {
            () if warc::is_start(head) => Some(Self::Web { is_arc: false, is_gzip: false }),
            () if arc::is_start(head) => Some(Self::Web { is_arc: true, is_gzip: false }),
            () if mbox::is_start(head) => Some(Self::Mailbox),
            () if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") => {
                Some(Self::Zip)
            }
            () if tar::is_start(head) => Some(Self::Tar { is_gzip: false }),
            () => None,
        }
    }

    /// Whether it is unpacked without being asked to.
    pub fn is_plain_to_unpack(self) -> bool {
        matches!(self, Self::Web { .. } | Self::Mailbox)
    }

    /// Whether it is a document that only happens to lie in such a container.
    pub fn is_document(self, body: &Body) -> bool {
        self == Self::Zip && zip::is_package(body)
    }

    /// Begins to read one.
    pub fn open(self, body: &Body, limits: Limits, temporary: TemporaryFile) -> Box<dyn Container> {
        match self {
            Self::Web { is_arc, is_gzip } => {
                Box::new(WebArchive::open(body, (is_arc, is_gzip), limits, temporary))
            }
            Self::Mailbox => Box::new(Mailbox::open(body, limits, temporary)),
            Self::Zip => Box::new(Zip::open(body, limits, temporary)),
            Self::Tar { is_gzip } => Box::new(Tar::open(body, is_gzip, limits, temporary)),
        }
    }

    /// The first bytes of something.
    pub fn of_body(body: &Body) -> io::Result<Option<Self>> {
        Ok(Self::of(&body.head(HEAD_BYTES)?))
    }
}
