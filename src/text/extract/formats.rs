//! Which formats are rendered, by which file of this folder, and of which media types they are.

use super::{
    mail,
    page::{NoText, Page},
    rtf,
};

/// A format that is rendered as a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Rich Text Format.
    Rtf,
    /// A mail.
    Mail,
    /// Mails in one file.
    Mailbox,
}

/// Renders the bytes of a document as a page of at most so many bytes.
pub(super) type Reader = fn(&[u8], usize) -> Result<Page, NoText>;

/// What there is to know of a format.
struct Entry {
    format: Format,
    code: &'static str,
    name: &'static str,
    /// What reads it.
    reader: Reader,
    /// The library behind that, if any.
    library: Option<&'static str>,
    media_types: &'static [&'static str],
}

const ENTRIES: &[Entry] = &[
    Entry {
        format: Format::Rtf,
        code: "rtf",
        name: "Rich Text Format",
        reader: rtf::page,
        library: None,
        media_types: &["application/rtf"],
    },
    Entry {
        format: Format::Mail,
        code: "mail",
        name: "Mail",
        reader: mail::page,
        library: Some("mail-parser"),
        media_types: &["message/rfc822"],
    },
    Entry {
        format: Format::Mailbox,
        code: "mbox",
        name: "Mailbox (mbox)",
        reader: mail::mailbox_page,
        library: Some("mail-parser"),
        media_types: &["application/mbox"],
    },
];

impl Format {
    /// The format of a media type, if that is one that is rendered.
    pub fn of(media_type: &str) -> Option<Self> {
        let found = ENTRIES.iter().find(|it| it.media_types.contains(&media_type));
        found.map(|it| it.format)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        ENTRIES.iter().map(|it| it.format)
    }

    /// The format of a code.
    pub fn of_code(code: &str) -> Option<Self> {
        ENTRIES.iter().find(|it| it.code == code).map(|it| it.format)
    }

    /// Its code, as JSON has it.
    pub fn code(self) -> &'static str {
        self.entry().code
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The library that reads it, if it is not read here.
    pub fn library(self) -> Option<&'static str> {
        self.entry().library
    }

    /// The media types that it has.
    pub fn media_types(self) -> &'static [&'static str] {
        self.entry().media_types
    }

    pub(super) fn reader(self) -> Reader {
        self.entry().reader
    }

    fn entry(self) -> &'static Entry {
        &ENTRIES[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_its_own_entry_and_its_own_media_types() {
        for (n, entry) in ENTRIES.iter().enumerate() {
            assert_eq!(entry.format as usize, n, "{}", entry.code);
            assert_eq!(Format::of_code(entry.code), Some(entry.format));
            for media_type in entry.media_types {
                assert_eq!(Format::of(media_type), Some(entry.format), "{media_type}");
            }
        }
    }
}
