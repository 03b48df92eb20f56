//! Patterns: words that mean any number of documents, as `ls` takes them.
//!
//! What is meant is found by the index of names; only of a glob all names below its folder are looked at.

use std::{
    collections::HashSet,
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use globset::{GlobBuilder, GlobMatcher};

use crate::types::{
    digest::DocId,
    document::{Document, Revision},
    error::Error,
    name::DocName,
};

use super::{
    Archive,
    filter::{Fits, media_type_by_ending},
    find::Meaning,
    presence::{AsOf, NameScope},
};

/// Which documents are meant.
#[derive(Clone)]
pub enum Pattern {
    /// All.
    Everything,
    /// The name, and what lies below it.
    Name(DocName),
    /// Those whose names end so, or whose ids begin so.
    These(HashSet<DocId>, Vec<Document>),
    /// Those whose names fit.
    Glob(Glob),
}

/// What fits the whole name or its last component.
#[derive(Clone)]
pub struct Glob {
    matcher: GlobMatcher,
    /// The folder that everything lies in that can fit.
    folder: Option<DocName>,
}

impl Pattern {
    /// A name is a name, whatever signs are in it; what means nothing else is a glob if it has the signs.
    pub fn of(words: Option<&OsStr>, archive: &Archive) -> Result<Self, Error> {
        let Some(words) = words else { return Ok(Self::Everything) };
        let bytes = words.as_bytes();
        if matches!(bytes, b"." | b"./") {
            return Ok(Self::Everything);
        }
        let is_glob = bytes.iter().any(|b| b"*?[{".contains(b));
        match archive.meaning(bytes, usize::MAX)? {
            Meaning::Exactly(document) => Ok(Self::Name(document.name)),
            Meaning::Folder(folder) => Ok(Self::Name(folder)),
            Meaning::Some(found) if found.is_empty() && is_glob => Self::glob(words),
            Meaning::Some(found) => match DocName::of_path(bytes) {
                Ok(_) => Ok(Self::These(found.iter().map(|it| it.id).collect(), found)),
                Err(why) => {
                    let shown = words.to_string_lossy();
                    Err(Error::usage(format!("{shown} cannot be a name: {why}")))
                }
            },
        }
    }

    /// Calls `each` with the documents that are meant, in order of name; what cannot fit is not looked at.
    pub fn each(
        &self,
        archive: &Archive,
        as_of: AsOf,
        each: impl FnMut(&Document, &Revision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self {
            Self::Everything => archive.each_document(as_of, each),
            Self::Name(name) => archive.each_document_at(name, as_of, each),
            Self::These(_, documents) => archive.each_of_these(documents, as_of, each),
            Self::Glob(glob) => {
                let scope =
                    NameScope { folder: glob.folder.as_ref(), fits: &|name| glob.fits(name) };
                archive.each_document_fitting(scope, as_of, each)
            }
        }
    }

    /// The same among the documents that a filter has found; all of them where that is none.
    pub fn among(&self, ids: Option<&HashSet<DocId>>, archive: &Archive) -> Result<Self, Error> {
        let (Self::Everything, Some(ids)) = (self, ids) else { return Ok(self.clone()) };
        let mut found = Vec::new();
        for id in ids {
            found.extend(archive.catalog.documents_between(*id, *id, 1)?);
        }
        Ok(Self::These(ids.clone(), found))
    }

    /// Whether any document is meant.
    pub fn fits_any(&self, archive: &Archive) -> Result<bool, Error> {
        let mut any = false;
        self.each(archive, AsOf::Ever, |_, _| {
            any = true;
            Ok(())
        })?;
        Ok(any)
    }

    fn glob(words: &OsStr) -> Result<Self, Error> {
        let text = words.to_str().ok_or_else(|| Error::usage("a glob must be UTF-8"))?;
        let text = text.strip_prefix("./").unwrap_or(text);
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let glob =
            glob.map_err(|why| Error::usage(format!("{text} is no glob: {}", why.kind())))?;
        Ok(Self::Glob(Glob { matcher: glob.compile_matcher(), folder: folder_of(text) }))
    }

    /// Whether a document is meant.
    pub fn fits(&self, document: &Document) -> bool {
        self.fits_name(document.id, &document.name)
    }

    /// Whether the document of this id and name is meant.
    pub fn fits_name(&self, id: DocId, name: &DocName) -> bool {
        match self {
            Self::Everything => true,
            Self::Name(folder) => name.is_under(folder),
            Self::These(ids, _) => ids.contains(&id),
            Self::Glob(glob) => glob.fits(name),
        }
    }
}

impl Glob {
    fn fits(&self, name: &DocName) -> bool {
        self.matcher.is_match(path(name.as_bytes())) || self.matcher.is_match(path(name.tail()))
    }
}

/// The folder that a glob names before its first sign.
fn folder_of(glob: &str) -> Option<DocName> {
    let plain = glob.split(['*', '?', '[', '{', '\\']).next()?;
    let (folder, _) = plain.rsplit_once('/')?;
    DocName::new(folder).ok()
}

/// Whether a media type fits a glob, or one without its first part: `html` is `*/html`; or an ending: `docx` is what
/// documents are whose names end so.
pub fn media_type_fits(glob: &str) -> Result<Fits, Error> {
    let glob = glob.to_ascii_lowercase();
    if glob.contains('/') {
        return text_fits(&glob);
    }
    let by_ending = media_type_by_ending(&glob);
    let fits = text_fits(&format!("*/{glob}"))?;
    Ok(Box::new(move |it| by_ending == Some(it) || fits(it)))
}

/// Whether a text fits a glob, in which `*` stands for any letters, `/` among them.
pub fn text_fits(glob: &str) -> Result<Fits, Error> {
    let built = GlobBuilder::new(glob).literal_separator(false).build();
    let built = built.map_err(|why| Error::usage(format!("{glob} is no glob: {}", why.kind())))?;
    let matcher = built.compile_matcher();
    Ok(Box::new(move |text| matcher.is_match(text)))
}

/// Says that nothing is named so.
pub fn no_document(words: &OsStr) -> Error {
    let what = format!("no document fits {}", words.to_string_lossy());
    Error::NotFound { what, candidates: Vec::new() }
}

fn path(bytes: &[u8]) -> PathBuf {
    Path::new(OsStr::from_bytes(bytes)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(glob: &str, name: &[u8]) -> bool {
        let name = DocName::new(name).unwrap();
        let document = Document { id: DocId(1), name, latest: 0, n_revisions: 1, gone: None };
        Pattern::glob(OsStr::new(glob)).unwrap().fits(&document)
    }

    #[test]
    fn a_glob_fits_whole_names_and_last_components() {
        for (glob, name, expected) in [
            ("*.txt", "a/b.txt", true),
            ("./a/*.txt", "a/b.txt", true),
            ("a/*.txt", "a/x/b.txt", false),
            ("a/**/*.txt", "a/x/b.txt", true),
            ("[ab].{txt,md}", "x/b.md", true),
            ("?", "ab", false),
        ] {
            assert_eq!(fits(glob, name.as_bytes()), expected, "{glob} {name}");
        }
        assert!(fits("*.txt", b"caf\xe9.txt"), "a name that is not UTF-8");
    }

    #[test]
    fn a_glob_is_sought_in_the_folder_that_it_names() {
        for (glob, folder) in [
            ("a/b/*.txt", Some("a/b")),
            ("a/b?/c", Some("a")),
            ("a/{b,c/d}/e", Some("a")),
            ("a/\\[b/*", Some("a")),
            ("*/a/b", None),
            ("{a/b,c}/d*", None),
            ("/*", None),
        ] {
            let folder = folder.map(|folder| DocName::new(folder).unwrap());
            assert_eq!(folder_of(glob), folder, "{glob}");
        }
    }

    #[test]
    fn what_is_no_glob_is_refused() {
        for bad in ["[a", "a{b"] {
            assert!(Pattern::glob(OsStr::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_media_type_is_named_by_itself_its_second_part_or_an_ending() {
        const DOCX: &str =
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        for (glob, media_type, expected) in [
            ("text/*", "text/html", true),
            ("HTML", "text/html", true),
            ("htm", "text/html", true),
            ("docx", DOCX, true),
            ("*.document", DOCX, true),
            ("doc", "application/msword", true),
            ("doc", DOCX, false),
            ("txt", "text/plain", true),
            ("pdf", "application/pdf", true),
            ("eml", "message/rfc822", true),
            ("jpg", "image/jpeg", true),
            ("rtf", "application/rtf", true),
            ("fb2", "application/x-fictionbook+xml", true),
            ("word", DOCX, false),
        ] {
            assert_eq!(media_type_fits(glob).unwrap()(media_type), expected, "{glob} {media_type}");
        }
    }
}
