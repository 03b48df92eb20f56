//! Which formats are rendered, by which file of this folder, and of which media types they are.

use std::sync::{LazyLock, OnceLock};

use super::{
    epub, fictionbook, mail, message, office, opendocument,
    page::{NoText, Page},
    pdf, rtf, sheets, slides, word,
};
use crate::text::Charset;

/// A format that is rendered as a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Portable Document Format.
    Pdf,
    /// A document of Word, since 2007.
    Word,
    /// A workbook of Excel, since 2007.
    Sheets,
    /// A presentation of PowerPoint, since 2007.
    Slides,
    /// A text, a workbook or a presentation of OpenDocument.
    OpenDocument,
    /// An electronic book.
    Epub,
    /// A document of Word before 2007.
    OldWord,
    /// A workbook of Excel before 2007, or one in binary form.
    OldSheets,
    /// A presentation of PowerPoint before 2007.
    OldSlides,
    /// A book of FictionBook.
    FictionBook,
    /// Rich Text Format.
    Rtf,
    /// A message of Outlook.
    Message,
    /// A mail.
    Mail,
    /// Mails in one file.
    Mailbox,
    /// What a program of the user reads, by its number.
    Hooked(u8),
}

/// A program that reads documents of a media type in place of what is here.
#[derive(Debug)]
pub struct Hook {
    /// The media type.
    pub media_type: String,
    /// What tells it from the same program with other words, or of another version: found out when it is
    /// first asked, since that reads the program.
    pub code: LazyLock<String, Box<dyn FnOnce() -> String + Send>>,
    /// Its name.
    pub name: String,
}

static HOOKS: OnceLock<Vec<HookEntry>> = OnceLock::new();

/// A program that is used for as long as the process lives.
struct HookEntry {
    hook: Hook,
    media_types: [&'static str; 1],
}

/// Has documents read by these programs for as long as the process lives.
pub fn install_hooks(hooks: Vec<Hook>) {
    let entry = |hook: Hook| {
        // They are few, and live as long as the process.
        let media_type: &'static str = Box::leak(hook.media_type.clone().into_boxed_str());
        HookEntry { media_types: [media_type], hook }
    };
    let _ = HOOKS.set(hooks.into_iter().map(entry).collect());
}

fn hooks() -> &'static [HookEntry] {
    HOOKS.get().map(Vec::as_slice).unwrap_or_default()
}

/// Renders the bytes of a document as a page of at most so many bytes.
pub(super) type PageReader = fn(&[u8], usize) -> Result<Page, NoText>;

/// What there is to know of a format.
struct FormatEntry {
    format: Format,
    code: &'static str,
    name: &'static str,
    /// What reads it.
    reader: PageReader,
    /// The library behind that, if any.
    library: Option<&'static str>,
    media_types: &'static [&'static str],
}

const NOWHERE_READ: FormatEntry = FormatEntry {
    format: Format::Hooked(0),
    code: "hook",
    name: "hook",
    reader: |_, _| Err(NoText::Malformed),
    library: None,
    media_types: &[],
};

const ENTRIES: &[FormatEntry] = &[
    FormatEntry {
        format: Format::Pdf,
        code: "pdf",
        name: "PDF",
        reader: pdf::page,
        library: Some("hayro-interpret"),
        media_types: &["application/pdf"],
    },
    FormatEntry {
        format: Format::Word,
        code: "docx",
        name: "Word (docx, docm)",
        reader: word::page,
        library: None,
        media_types: &[
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.ms-word.document.macroenabled.12",
        ],
    },
    FormatEntry {
        format: Format::Sheets,
        code: "xlsx",
        name: "Excel (xlsx, xlsm)",
        reader: sheets::page,
        library: None,
        media_types: &[
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.ms-excel.sheet.macroenabled.12",
        ],
    },
    FormatEntry {
        format: Format::Slides,
        code: "pptx",
        name: "PowerPoint (pptx, pptm)",
        reader: slides::page,
        library: None,
        media_types: &[
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "application/vnd.ms-powerpoint.presentation.macroenabled.12",
        ],
    },
    FormatEntry {
        format: Format::OpenDocument,
        code: "opendocument",
        name: "OpenDocument (odt, ods, odp)",
        reader: opendocument::page,
        library: None,
        media_types: &[
            "application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.presentation",
        ],
    },
    FormatEntry {
        format: Format::Epub,
        code: "epub",
        name: "EPUB",
        reader: epub::page,
        library: None,
        media_types: &["application/epub+zip"],
    },
    FormatEntry {
        format: Format::OldWord,
        code: "doc",
        name: "Word before 2007 (doc)",
        reader: office::word_page,
        library: Some("office_oxide"),
        media_types: &["application/msword"],
    },
    FormatEntry {
        format: Format::OldSheets,
        code: "xls",
        name: "Excel before 2007, and binary (xls, xlsb)",
        reader: office::sheets_page,
        library: Some("office_oxide"),
        media_types: &[
            "application/vnd.ms-excel",
            "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        ],
    },
    FormatEntry {
        format: Format::OldSlides,
        code: "ppt",
        name: "PowerPoint before 2007 (ppt)",
        reader: office::slides_page,
        library: Some("office_oxide"),
        media_types: &["application/vnd.ms-powerpoint"],
    },
    FormatEntry {
        format: Format::FictionBook,
        code: "fb2",
        name: "FictionBook (fb2)",
        reader: fictionbook::page,
        library: None,
        media_types: &["application/x-fictionbook+xml"],
    },
    FormatEntry {
        format: Format::Rtf,
        code: "rtf",
        name: "Rich Text Format",
        reader: rtf::page,
        library: None,
        media_types: &["application/rtf"],
    },
    FormatEntry {
        format: Format::Message,
        code: "msg",
        name: "Outlook (msg)",
        reader: message::page,
        library: Some("cfb"),
        media_types: &["application/vnd.ms-outlook"],
    },
    FormatEntry {
        format: Format::Mail,
        code: "mail",
        name: "Mail",
        reader: |bytes, n_bytes_max| mail::page(bytes, n_bytes_max, None),
        library: Some("mail-parser"),
        media_types: &["message/rfc822"],
    },
    FormatEntry {
        format: Format::Mailbox,
        code: "mbox",
        name: "Mailbox (mbox)",
        reader: |bytes, n_bytes_max| mail::mailbox_page(bytes, n_bytes_max, None),
        library: Some("mail-parser"),
        media_types: &["application/mbox"],
    },
];

impl Format {
    /// The format of a media type, if that is one that is rendered.
    pub fn of(media_type: &str) -> Option<Self> {
        let hooked = hooks().iter().position(|it| it.hook.media_type == media_type);
        if let Some(n) = hooked.and_then(|n| u8::try_from(n).ok()) {
            return Some(Self::Hooked(n));
        }
        let found = ENTRIES.iter().find(|it| it.media_types.contains(&media_type));
        found.map(|it| it.format)
    }

    /// Whether a media type is rendered here, whatever programs the user has.
    pub fn is_built_in(media_type: &str) -> bool {
        ENTRIES.iter().any(|it| it.media_types.contains(&media_type))
    }

    /// The program of the user that reads it.
    pub fn hook(self) -> Option<&'static Hook> {
        match self {
            Self::Hooked(n) => hooks().get(usize::from(n)).map(|it| &it.hook),
            _ => None,
        }
    }

    /// Those that programs of the user read.
    pub fn hooked() -> impl Iterator<Item = Self> {
        (0..hooks().len()).filter_map(|n| u8::try_from(n).ok()).map(Self::Hooked)
    }

    /// All that are read here, but for those of which programs of the user read all documents.
    pub fn all() -> impl Iterator<Item = Self> {
        let is_read = |it: &Self| it.read_media_types().next().is_some();
        ENTRIES.iter().map(|it| it.format).filter(is_read)
    }

    /// The media types that are read so, and not by a program of the user in place of that.
    pub fn read_media_types(self) -> impl Iterator<Item = &'static str> {
        let media_types = self.media_types().iter().copied();
        media_types.filter(move |it| Self::of(it) == Some(self))
    }

    /// The format of a code.
    pub fn of_code(code: &str) -> Option<Self> {
        ENTRIES.iter().find(|it| it.code == code).map(|it| it.format)
    }

    /// Its code, as JSON has it.
    pub fn code(self) -> &'static str {
        self.hook().map_or_else(|| self.entry().code, |hook| hook.code.as_str())
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        self.hook().map_or_else(|| self.entry().name, |hook| &hook.media_type)
    }

    /// The library that reads it, if it is not read here.
    pub fn library(self) -> Option<&'static str> {
        self.hook().map_or_else(|| self.entry().library, |hook| Some(&hook.name))
    }

    /// The media types that it has.
    pub fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Hooked(n) => {
                hooks().get(usize::from(n)).map_or(&[], |it| it.media_types.as_slice())
            }
            _ => self.entry().media_types,
        }
    }

    /// Whether it has texts that say in which encoding they are, or should.
    pub fn has_encodings(self) -> bool {
        matches!(self, Self::Mail | Self::Mailbox)
    }

    /// Renders a document as a page of at most so many bytes, in the encoding that is named for texts which declare none.
    pub(super) fn page(
        self,
        bytes: &[u8],
        n_bytes_max: usize,
        named: Option<Charset>,
    ) -> Result<Page, NoText> {
        match self {
            Self::Mail => mail::page(bytes, n_bytes_max, named),
            Self::Mailbox => mail::mailbox_page(bytes, n_bytes_max, named),
            _ => (self.entry().reader)(bytes, n_bytes_max),
        }
    }

    /// What is known of it; of one that a program reads, this is only asked where there is none.
    fn entry(self) -> &'static FormatEntry {
        ENTRIES.iter().find(|it| it.format == self).unwrap_or(&NOWHERE_READ)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_its_own_entry_and_its_own_media_types() {
        for (n, entry) in ENTRIES.iter().enumerate() {
            assert_eq!(ENTRIES.iter().position(|it| it.format == entry.format), Some(n));
            assert_eq!(Format::of_code(entry.code), Some(entry.format));
            for media_type in entry.media_types {
                assert_eq!(Format::of(media_type), Some(entry.format), "{media_type}");
            }
        }
    }
}
