//! `archive ls`

use std::ffi::OsString;

use clap::Args;
use serde::Serialize;

use crate::{
    cli::{
        args::help::examples,
        exit::ExitCode,
        pattern::{self, Pattern},
        print::{
            json::{RevisionLine, typed},
            output::Output,
            revision::withdrawn_mark,
            terminal::{Style, pad_left, shown_name, size},
        },
        session::Session,
    },
    types::{
        document::{Document, Revision},
        error::Error,
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

/// Lists documents in order of name.
pub fn run(session: &mut Session, args: &LsArgs) -> Result<ExitCode, Error> {
    session.out.end_with_reader();
    let archive = session.open()?;
    let pattern = Pattern::of(args.pattern.as_deref(), &archive)?;
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
        return Err(pattern::no_document(words));
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
    let mark = withdrawn_mark(out, revision);
    out.line(&format!("{id}  {revisions}  {size}  {captured}  {name}{mark}"))
}
