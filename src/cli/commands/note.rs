//! `archive note`

use std::{ffi::OsString, os::unix::ffi::OsStrExt as _};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::maintain::describe::Description,
    cli::{
        args::{
            help::examples,
            values::{self, When},
        },
        exit::ExitCode,
        operand::label_of,
        print::json::{RevisionSummary, typed},
        session::Session,
    },
    types::{error::Error, tag::TagChange},
};

use super::add_items::past;

const EXAMPLES: &[&str] = &[
    "archive note report.txt --note misprint",
    "archive note report.txt@2 --source https://example.com/report",
    "archive note report.txt +wire -draft   # a tag put on, another taken off",
    "archive note report.txt -- -q          # a tag that is spelled like a flag",
];

/// Correct what is recorded of a revision, and tag its document; the log keeps the old words
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct NoteArgs {
    /// The document; with @N another revision than the latest
    #[arg(value_name = "DOC")]
    pub doc: OsString,

    /// Tags that are put on the document, and -TAG: taken off it
    #[arg(value_name = "+TAG", value_parser = TagChange::parse)]
    pub tags: Vec<TagChange>,

    /// Where the revision came from; empty for none
    #[arg(long, value_name = "URL")]
    pub source: Option<String>,

    /// When it was captured
    #[arg(long, value_name = "TIME", value_parser = values::when)]
    pub captured: Option<When>,

    /// What is to be remembered of it; empty for none
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,

    /// How a tag that is taken off reaches clap, which takes -TAG for flags
    #[arg(long, hide = true, require_equals = true, value_parser = TagChange::parse)]
    #[arg(allow_hyphen_values = true)]
    pub without: Vec<TagChange>,
}

#[derive(Serialize)]
struct NotedLine {
    #[serde(flatten)]
    revision: RevisionSummary,
    event: u64,
    tags: Vec<String>,
}

impl NoteArgs {
    /// What the grammar alone cannot say.
    pub fn check(&self) -> Result<(), &'static str> {
        let Self { tags, without, source, captured, note, .. } = self;
        let is_any = source.is_some() || captured.is_some() || note.is_some();
        match is_any || !tags.is_empty() || !without.is_empty() {
            true => Ok(()),
            false => Err("nothing is said: give --source, --captured, --note, +TAG or -TAG"),
        }
    }
}

/// Records what is right of a revision.
pub fn run(session: &mut Session, args: &NoteArgs) -> Result<ExitCode, Error> {
    let mut archive = session.open_to_write()?;
    let (document, revision) = archive.select(args.doc.as_bytes(), session.now)?;
    let captured = match &args.captured {
        Some(when) => Some(past(when.start(session.now)?, session)?),
        None => None,
    };
    let description = Description {
        source: args.source.clone(),
        captured,
        note: args.note.clone(),
        tags: args.tags.iter().chain(&args.without).cloned().collect(),
    };
    let signer = session.signer(&archive)?;
    let (context, who) = (session.context()?, session.who("note"));
    let about = (&document, &revision);
    let event = archive.describe(about, &description, (&signer, &context), &who)?;
    let tags = archive.catalog().tags(&document)?;
    if session.globals.json {
        let revision = RevisionSummary::of(&document, &revision);
        session.out.json(&typed("noted", NotedLine { revision, event, tags }))?;
        return Ok(ExitCode::Done);
    }
    let tagged =
        if tags.is_empty() { String::new() } else { format!("; tags: {}", tags.join(" ")) };
    session.info(&format!("noted of {}{tagged}", label_of(&document, &revision)));
    Ok(ExitCode::Done)
}
