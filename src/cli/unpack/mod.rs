//! Containers among what is added: their documents take their place, as far as that is asked for.

mod attached;
mod holders;
mod members;

use std::{fs::File, path::Path, rc::Rc, sync::Arc};

use clap::ValueEnum;

use crate::{
    archive::ingest::Provenance,
    container::{Body, ContainerKind, Limits},
    types::{name::DocName, time::Timestamp},
};

use super::{
    files::FileKind,
    walk::{FileAt, FoundFile, What},
};

pub use holders::{HeldContents, HoldingRevision};
pub use members::{MemberItem, Members};

/// Which containers give their documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Unpack {
    /// WARC, ARC and mailboxes; of a mail what is attached to it
    #[default]
    Auto,
    /// ZIP and TAR as well
    All,
    /// None: each file is one document
    None,
}

/// In a folder, what ends like this is not looked into: it is something else.
const NOT_LOOKED_INTO: &[&str] = &[
    "adoc", "atom", "avif", "bib", "bmp", "c", "cc", "cfg", "conf", "cpp", "css", "csv", "djvu",
    "doc", "docm", "docx", "epub", "fb2", "flac", "gif", "go", "h", "heic", "htm", "html", "ico",
    "ics", "ini", "jar", "java", "jpeg", "jpg", "js", "json", "jsonl", "log", "m4a", "markdown",
    "md", "mkv", "mov", "mp3", "mp4", "msg", "odp", "ods", "odt", "ogg", "org", "pdf", "php", "pl",
    "png", "ppt", "pptm", "pptx", "ps", "py", "rb", "rs", "rss", "rst", "rtf", "sh", "sql",
    "sqlite", "svg", "tex", "tif", "tiff", "toml", "ts", "tsv", "tsx", "txt", "vcf", "vtt", "wasm",
    "wav", "webm", "webp", "woff", "woff2", "xhtml", "xls", "xlsb", "xlsm", "xlsx", "xml", "yaml",
    "yml",
];

/// Unpacks what is added.
pub struct ContainerUnpacker {
    pub mode: Unpack,
    /// Nothing was captured later.
    pub now: Timestamp,
    /// What is recorded of everything.
    pub provenance: Arc<Provenance>,
    /// What larger members are left out by.
    pub size_max: Option<u64>,
    /// Goes before every name.
    pub prefix: Option<DocName>,
    pub limits: Limits,
}

/// A file that has documents in it.
pub struct OpenedFile {
    pub kind: OpenedKind,
    pub body: Body,
}

/// What has documents in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenedKind {
    /// A container, in place of which its documents stand.
    Container(ContainerKind),
    /// A mail, beside which stands what is attached to it.
    Mail,
}

impl OpenedKind {
    /// Whether it is unpacked in this mode.
    pub fn is_wanted(self, mode: Unpack) -> bool {
        match (mode, self) {
            (Unpack::None, _) => false,
            (Unpack::All, _) | (Unpack::Auto, Self::Mail) => true,
            (Unpack::Auto, Self::Container(kind)) => kind.is_plain_to_unpack(),
        }
    }

    /// Whether its documents stand in its place, and not beside it.
    pub fn is_container(self) -> bool {
        matches!(self, Self::Container(_))
    }

    /// Whether its documents have names of their own.
    pub fn is_web(self) -> bool {
        matches!(self, Self::Container(ContainerKind::Web { .. }))
    }
}

impl ContainerUnpacker {
    /// What a file has in it, if it is more than one document.
    pub fn look(&self, found: &FoundFile) -> Option<OpenedFile> {
        let What::File(file) = &found.what else { return None };
        let is_named = matches!(file, FileAt::Path(_));
        if found.stat.kind != FileKind::File
            || found.stat.size == 0
            || (!is_named && is_something_else(&found.path))
        {
            return None;
        }
        // What cannot be read is reported where it is added.
        opened(file.open().ok()?, &found.name)
    }

    /// The same, if that is to be unpacked.
    pub fn look_for_wanted(&self, found: &FoundFile) -> Option<OpenedFile> {
        if self.mode == Unpack::None {
            return None;
        }
        self.look(found).filter(|opened| opened.kind.is_wanted(self.mode))
    }

    /// The documents of a file.
    pub fn members(
        self: &Rc<Self>,
        found: &FoundFile,
        opened: OpenedFile,
        given: Option<(Arc<Provenance>, bool)>,
    ) -> Members {
        let by_itself = || (Arc::clone(&self.provenance), self.is_renamed(found));
        let (provenance, is_named) = given.unwrap_or_else(by_itself);
        let own_folder = match is_named {
            true => Some(found.name.clone()),
            false => self.prefix.clone(),
        };
        Members::new(Rc::clone(self), found, opened, (provenance, own_folder))
    }

    /// Whether a file has a name that it was given, by `--as`.
    fn is_renamed(&self, found: &FoundFile) -> bool {
        use std::os::unix::ffi::OsStrExt as _;
        let plain = DocName::of_path(found.path.as_os_str().as_bytes()).ok();
        let plain = match (plain, &self.prefix) {
            (Some(name), Some(prefix)) => name.under(prefix).ok(),
            (name, _) => name,
        };
        let is_root = matches!(found.what, What::File(FileAt::Path(_)));
        is_root && plain.as_ref() != Some(&found.name)
    }
}

fn opened(file: File, name: &DocName) -> Option<OpenedFile> {
    let n_bytes = file.metadata().ok()?.len();
    let body = Body::new(Arc::new(file), n_bytes);
    let kind = kind_of(&body, name.tail())?;
    Some(OpenedFile { kind, body })
}

/// What has documents in it, by its bytes; of mails by their names.
fn kind_of(body: &Body, tail: &[u8]) -> Option<OpenedKind> {
    match ContainerKind::of_body(body).ok()? {
        Some(kind) if kind.is_document(body) => None,
        // A mail may have the line before it that it had in its mailbox.
        Some(ContainerKind::Mailbox) if ends_with(tail, b".eml") => Some(OpenedKind::Mail),
        Some(kind) => Some(OpenedKind::Container(kind)),
        None if ends_with(tail, b".eml") => Some(OpenedKind::Mail),
        None => None,
    }
}

fn is_something_else(path: &Path) -> bool {
    let ending = path.extension().and_then(|it| it.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| NOT_LOOKED_INTO.binary_search(&&ending[..]).is_ok())
}

fn ends_with(name: &[u8], ending: &[u8]) -> bool {
    let start = name.len().saturating_sub(ending.len());
    name[start..].eq_ignore_ascii_case(ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endings_are_in_order() {
        assert!(NOT_LOOKED_INTO.is_sorted());
        assert!(is_something_else(Path::new("a/b.HTML")));
        for other in ["a/b.warc", "a/b", "a/b.eml", "a/b.txt.gz", "a/b.zip", "a.html/b"] {
            assert!(!is_something_else(Path::new(other)), "{other}");
        }
    }
}
