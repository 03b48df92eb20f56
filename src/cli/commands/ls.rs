//! `archive ls`

use std::{
    collections::HashSet,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use clap::Args;
use globset::{GlobBuilder, GlobMatcher};
use serde::Serialize;

use crate::{
    archive::{Archive, find::Meaning},
    cli::{
        args::help::examples,
        exit::ExitCode,
        print::{
            json::{RevisionLine, typed},
            output::Output,
            terminal::{Style, pad_left, shown_name, size},
        },
        session::Session,
    },
    types::{
        digest::DocId,
        document::{Document, Revision},
        error::Error,
        name::DocName,
    },
};

const EXAMPLES: &[&str] = &[
    "archive ls                             # all names",
    "archive ls letters                     # what lies below that folder",
    "archive ls -l 'letters/*.txt'          # with revisions, sizes and times",
];

/// List documents
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct LsArgs {
    /// A name, a folder, the end of a name, or a glob; without it everything
    #[arg(value_name = "PATTERN")]
    pub pattern: Option<OsString>,

    /// Also revisions, sizes and times
    #[arg(short, long)]
    pub long: bool,
}

#[derive(Serialize, Default)]
struct LsSummary {
    documents: u64,
    revisions: u64,
    bytes: u64,
}

/// Which documents are listed.
enum Pattern {
    Everything,
    /// The name, and what lies below it.
    Name(DocName),
    /// Those whose names end so, or whose ids begin so.
    Ids(HashSet<DocId>),
    /// Fits the whole name or its last component.
    Glob(GlobMatcher),
}

/// Lists documents in order of name.
pub fn run(session: &mut Session, args: &LsArgs) -> Result<ExitCode, Error> {
    session.out.end_with_reader();
    let archive = session.open()?;
    let pattern = match &args.pattern {
        Some(words) => Pattern::of(words, &archive)?,
        None => Pattern::Everything,
    };
    let is_json = session.globals.json;
    let out = &mut session.out;
    let mut sums = LsSummary::default();
    archive.each_document(None, |document, revision| {
        if !pattern.fits(document) {
            return Ok(());
        }
        sums.documents += 1;
        sums.revisions += document.n_revisions;
        sums.bytes += revision.n_bytes;
        match (is_json, args.long) {
            (true, _) => out.json(&typed("document", RevisionLine::of(document, revision))),
            (false, true) => print_long(out, document, revision),
            (false, false) => out.line(&shown_name(document.name.as_bytes())),
        }
    })?;
    if let Some(words) = args.pattern.as_ref().filter(|_| sums.documents == 0) {
        let what = format!("no document fits {}", words.to_string_lossy());
        return Err(Error::NotFound { what, candidates: Vec::new() });
    }
    if is_json {
        session.out.json(&typed("summary", sums))?;
    } else if sums.documents == 0 {
        session.info("there are no documents yet");
    }
    Ok(ExitCode::Done)
}

/// The columns are as wide as they ever get, so that nothing has to be read twice.
fn print_long(out: &mut Output, document: &Document, revision: &Revision) -> Result<(), Error> {
    let id = out.paint(Style::Dim, &document.id.to_string()[..8]);
    let revisions = pad_left(&format!("@{}", revision.number), 5);
    let size = pad_left(&size(revision.n_bytes), 6);
    let captured = revision.captured.minute();
    let name = shown_name(document.name.as_bytes());
    out.line(&format!("{id}  {revisions}  {size}  {captured}  {name}"))
}

impl Pattern {
    /// A name is a name, whatever signs are in it; what means nothing else is a glob if it has the signs.
    fn of(words: &OsStr, archive: &Archive) -> Result<Self, Error> {
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
                Ok(_) => Ok(Self::Ids(found.iter().map(|document| document.id).collect())),
                Err(why) => {
                    let shown = words.to_string_lossy();
                    Err(Error::usage(format!("{shown} cannot be a name: {why}")))
                }
            },
        }
    }

    fn glob(words: &OsStr) -> Result<Self, Error> {
        let text = words.to_str().ok_or_else(|| Error::usage("a glob must be UTF-8"))?;
        let text = text.strip_prefix("./").unwrap_or(text);
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let glob =
            glob.map_err(|why| Error::usage(format!("{text} is no glob: {}", why.kind())))?;
        Ok(Self::Glob(glob.compile_matcher()))
    }

    fn fits(&self, document: &Document) -> bool {
        let name = &document.name;
        match self {
            Self::Everything => true,
            Self::Name(folder) => name.is_under(folder),
            Self::Ids(ids) => ids.contains(&document.id),
            Self::Glob(glob) => {
                glob.is_match(path(name.as_bytes())) || glob.is_match(path(name.tail()))
            }
        }
    }
}

fn path(bytes: &[u8]) -> PathBuf {
    Path::new(OsStr::from_bytes(bytes)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(glob: &str, name: &[u8]) -> bool {
        let name = DocName::new(name).unwrap();
        let document = Document { id: DocId(1), name, latest: 0, n_revisions: 1 };
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
    fn what_is_no_glob_is_refused() {
        for bad in ["[a", "a{b"] {
            assert!(Pattern::glob(OsStr::new(bad)).is_err(), "{bad}");
        }
    }
}
