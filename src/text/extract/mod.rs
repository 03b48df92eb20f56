//! Documents that are no text in themselves, rendered as pages: one file a format.
//!
//! A parser of a strange format is given what strangers made. So a program [`install`]s an [`Extractor`] that
//! contains it, as the command line does with a child process; without one it runs in this process, with its own
//! limits alone. The same bytes give the same page, whoever renders it.

mod alternatives;
mod asides;
mod compound;
mod counting;
mod drawing;
mod epub;
mod fictionbook;
mod flow;
mod flowed;
mod formats;
mod hooked;
mod locked;
mod mail;
mod mail_encodings;
mod margin_lines;
mod message;
mod office;
mod opendocument;
mod package;
mod padding;
mod page;
mod pdf;
mod rtf;
mod salvage;
mod sheets;
mod slides;
mod word;
mod xml;

use std::sync::OnceLock;

pub use formats::{Format, Hook, install_hooks};
pub use hooked::{HookOutput, page_of};
pub use mail::{Attachment, Attachments, attachments};
pub use mail_encodings::{FoundCharset, encoding_of_page};
pub use page::{Lack, NoText, Page};

use crate::{
    text::Charset,
    types::{digest::Digest, limits::TEXT_BYTES_MAX},
};

/// The version of all that renders; another one means that sketches are made anew.
pub const EXTRACTION_VERSION: u32 = 7;

/// The media type of pages.
pub const RENDERED_TYPE: &str = "text/html";

/// What came of rendering a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExtractionStatus {
    /// All of it was read.
    Ok,
    /// It is broken somewhere, or breaks off: what was found is there.
    Broken,
    /// There was more than is read.
    Truncated,
    /// It took too long.
    Timeout,
    /// The parser gave up its ghost: a defect, or too much memory.
    Crashed,
    /// More would have to be unpacked than is allowed, or it is longer than is treated as text.
    TooLarge,
    /// It is locked by a password.
    Encrypted,
    /// It was read, and there are no words in it, as in a scan.
    NoText,
    /// It is not what it looks like, or broken so that nothing is found.
    Unsupported,
    /// Nothing reads such a format here.
    NoReader,
    /// Whoever added it wanted that left for later.
    NotRead,
}

/// A document as a page, if it could be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// What came of it.
    pub status: ExtractionStatus,
    /// The page: HTML.
    pub html: Option<String>,
}

/// A content of which no text came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithoutText {
    /// Its SHA-256.
    pub digest: Digest,
    /// The code of what it was read as.
    pub format: String,
    /// What came of it.
    pub status: ExtractionStatus,
}

/// Renders documents in a way that harms nobody.
pub trait Extractor: Send + Sync {
    /// Renders one. An encoding is named where a format has texts that may declare none.
    fn extract(&self, bytes: &[u8], format: Format, named: Option<Charset>) -> Extraction;

    /// Leaves one to be rendered later, unless it is known already.
    fn leave(&self, _bytes: &[u8], _format: Format) -> Extraction {
        Extraction { status: ExtractionStatus::NotRead, html: None }
    }

    /// The contents of which no text came, as far as that is remembered.
    fn without_text(&self) -> Vec<WithoutText> {
        Vec::new()
    }

    /// Forgets what came of a content that was withdrawn, if anything is remembered.
    fn forget(&self, _digest: &Digest) {}

    /// Forgets what came of contents in these ways, so that they are rendered again.
    fn forget_with(&self, _statuses: &[ExtractionStatus]) {}
}

static INSTALLED: OnceLock<Box<dyn Extractor>> = OnceLock::new();

/// Has all documents rendered by this one for as long as the process lives; whether it is the first.
pub fn install(extractor: Box<dyn Extractor>) -> bool {
    INSTALLED.set(extractor).is_ok()
}

/// Renders a document, and reads what it does not declare the encoding of in the one that is named.
pub fn extract(bytes: &[u8], format: Format, named: Option<Charset>) -> Extraction {
    let named = named.filter(|_| format.has_encodings());
    match INSTALLED.get() {
        Some(extractor) => extractor.extract(bytes, format, named),
        None => in_process(bytes, format, named),
    }
}

/// Leaves a document to be rendered later.
pub fn leave(bytes: &[u8], format: Format) -> Extraction {
    match INSTALLED.get() {
        Some(extractor) => extractor.leave(bytes, format),
        None => Extraction { status: ExtractionStatus::NotRead, html: None },
    }
}

/// The contents of which no text came, of this archive or another one, as far as that is remembered; those that have no
/// words are none of them.
pub fn without_text() -> Vec<WithoutText> {
    INSTALLED.get().map(|extractor| extractor.without_text()).unwrap_or_default()
}

/// Has nobody remember what came of a content.
pub fn forget(digest: &Digest) {
    if let Some(extractor) = INSTALLED.get() {
        extractor.forget(digest);
    }
}

/// Has contents rendered again of which this came.
pub fn forget_with(statuses: &[ExtractionStatus]) {
    if let Some(extractor) = INSTALLED.get() {
        extractor.forget_with(statuses);
    }
}

/// Renders a document in this process.
pub fn in_process(bytes: &[u8], format: Format, named: Option<Charset>) -> Extraction {
    match format.page(bytes, TEXT_BYTES_MAX, named) {
        Ok(page) => Extraction::from(page),
        Err(no_text) => Extraction { status: no_text.into(), html: None },
    }
}

/// What is to be said of the text of contents that are of no format here; none of texts, and of what has no words by its
/// nature.
pub fn status_unrendered(n_bytes: u64, media_type: &str) -> Option<ExtractionStatus> {
    let is_text = super::may_be_text(media_type);
    match (is_text, n_bytes > TEXT_BYTES_MAX as u64) {
        (true, true) => Some(ExtractionStatus::TooLarge),
        (false, _) if media_type.starts_with("application/") => Some(ExtractionStatus::NoReader),
        _ => None,
    }
}

impl ExtractionStatus {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Ok,
        Self::Broken,
        Self::Truncated,
        Self::Timeout,
        Self::Crashed,
        Self::TooLarge,
        Self::Encrypted,
        Self::NoText,
        Self::Unsupported,
        Self::NoReader,
        Self::NotRead,
    ];

    /// Its code, as the command line and JSON have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Broken => "broken",
            Self::Truncated => "truncated",
            Self::Timeout => "timeout",
            Self::Crashed => "crashed",
            Self::TooLarge => "too-large",
            Self::Encrypted => "encrypted",
            Self::NoText => "no-text",
            Self::Unsupported => "unsupported",
            Self::NoReader => "no-reader",
            Self::NotRead => "not-read",
        }
    }

    /// The status of a code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }

    /// Whether there is a text.
    pub fn has_text(self) -> bool {
        matches!(self, Self::Ok | Self::Broken | Self::Truncated)
    }

    /// Whether this can have come of a document, with a page or without one. Of what is locked there may be one: a mail
    /// has a head that anybody can read.
    pub fn fits(self, has_page: bool) -> bool {
        self == Self::Encrypted || self.has_text() == has_page
    }
}

impl From<Page> for Extraction {
    fn from(page: Page) -> Self {
        let status = match page.lack {
            Lack { is_encrypted: true, .. } => ExtractionStatus::Encrypted,
            Lack { is_broken: true, .. } => ExtractionStatus::Broken,
            Lack { is_truncated: true, .. } => ExtractionStatus::Truncated,
            Lack { .. } => ExtractionStatus::Ok,
        };
        Self { status, html: Some(page.html) }
    }
}

impl From<NoText> for ExtractionStatus {
    fn from(no_text: NoText) -> Self {
        match no_text {
            NoText::Encrypted => Self::Encrypted,
            NoText::Malformed => Self::Unsupported,
            NoText::Empty => Self::NoText,
            NoText::TooLarge => Self::TooLarge,
        }
    }
}
