//! `archive ls`

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use clap::Args;
use globset::{GlobBuilder, GlobMatcher};
use serde::Serialize;

use crate::{
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

/// Which documents are meant.
enum Pattern {
    Everything,
    /// Fits the whole name or its last component; the text is for names that have such signs.
    Glob(GlobMatcher, Vec<u8>),
    /// The name, a folder above it, or its last components.
    Words(DocName),
}

/// Lists documents in order of name.
pub fn run(session: &mut Session, args: &LsArgs) -> Result<ExitCode, Error> {
    session.out.end_with_reader();
    let pattern = match &args.pattern {
        Some(words) => Pattern::parse(words)?,
        None => Pattern::Everything,
    };
    let archive = session.open()?;
    let is_json = session.globals.json;
    let out = &mut session.out;
    let mut sums = LsSummary::default();
    archive.each_document(None, |document, revision| {
        if !pattern.fits(&document.name) {
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
    let revisions = pad_left(&format!("@{}", document.n_revisions), 5);
    let size = pad_left(&size(revision.n_bytes), 6);
    let captured = revision.captured.minute();
    let name = shown_name(document.name.as_bytes());
    out.line(&format!("{id}  {revisions}  {size}  {captured}  {name}"))
}

impl Pattern {
    fn parse(words: &OsStr) -> Result<Self, Error> {
        let bytes = words.as_bytes();
        if matches!(bytes, b"." | b"./") {
            return Ok(Self::Everything);
        }
        if bytes.iter().any(|b| b"*?[{".contains(b)) {
            let text = words.to_str().ok_or_else(|| Error::usage("a glob must be UTF-8"))?;
            let text = text.strip_prefix("./").unwrap_or(text);
            let glob = GlobBuilder::new(text).literal_separator(true).build();
            let glob = glob.map_err(|why| Error::usage(why.to_string()))?;
            return Ok(Self::Glob(glob.compile_matcher(), text.as_bytes().to_vec()));
        }
        let name = DocName::of_path(bytes).map_err(|why| {
            Error::usage(format!("{} cannot be a name: {why}", words.to_string_lossy()))
        })?;
        Ok(Self::Words(name))
    }

    fn fits(&self, name: &DocName) -> bool {
        let whole = name.as_bytes();
        match self {
            Self::Everything => true,
            Self::Glob(glob, text) => {
                whole == text || glob.is_match(path(whole)) || glob.is_match(path(name.tail()))
            }
            Self::Words(words) => {
                let before = whole.strip_suffix(words.as_bytes());
                name.is_under(words)
                    || before.is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
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

    #[test]
    fn a_pattern_fits_names_folders_endings_and_globs() {
        for (pattern, name, fits) in [
            (".", "a/b.txt", true),
            ("a/b.txt", "a/b.txt", true),
            ("./a/", "a/b.txt", true),
            ("a", "ab/c", false),
            ("b.txt", "a/b.txt", true),
            ("a/b.txt", "x/a/b.txt", true),
            (".txt", "a/b.txt", false),
            ("*.txt", "a/b.txt", true),
            ("./a/*.txt", "a/b.txt", true),
            ("a/*.txt", "a/x/b.txt", false),
            ("a/**/*.txt", "a/x/b.txt", true),
            ("[ab].{txt,md}", "x/b.md", true),
            ("b[1].txt", "b[1].txt", true),
            ("?", "ab", false),
        ] {
            let found = Pattern::parse(OsStr::new(pattern)).unwrap();
            assert_eq!(found.fits(&DocName::new(name).unwrap()), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn a_name_that_is_not_utf8_fits_a_glob() {
        let name = DocName::new(&b"caf\xe9.txt"[..]).unwrap();
        assert!(Pattern::parse(OsStr::new("*.txt")).unwrap().fits(&name));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for bad in ["", "[a", "a{b"] {
            assert!(Pattern::parse(OsStr::new(bad)).is_err(), "{bad}");
        }
    }
}
