//! `archive rebuild`

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        extract::{self, ExtractionStatus},
    },
    cli::{
        args::{help::examples, values},
        exit::ExitCode,
        print::{json::typed, lost_packs::code_unless_lost, terminal::counted},
        session::Session,
    },
    types::error::Error,
};

const EXAMPLES: &[&str] = &[
    "archive rebuild                        # after the catalog was lost or is in doubt",
    "archive rebuild --text --status not-read  # what 'archive add --no-text' left for later",
];

/// Make the catalog anew from the facts
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct RebuildArgs {
    /// Only the sketches that near-duplicates are found by
    #[arg(long)]
    pub sketches: bool,

    /// Read PDF, Word and other formats again, and make the sketches anew
    #[arg(long, conflicts_with = "sketches")]
    pub text: bool,

    /// Only those of which this came: crashed, timeout; several with commas
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = values::extraction_status, requires = "text")]
    pub status: Vec<ExtractionStatus>,
}

#[derive(Serialize)]
struct RebuiltLine {
    events: u64,
    documents: u64,
    revisions: u64,
    contents: u64,
}

/// Makes the catalog anew from the facts, or the sketches in it.
pub fn run(session: &mut Session, args: &RebuildArgs) -> Result<ExitCode, Error> {
    let mut archive = session.open()?;
    if args.text {
        let statuses: &[_] =
            if args.status.is_empty() { &ExtractionStatus::ALL } else { &args.status };
        extract::forget_with(statuses);
    }
    if args.sketches || args.text {
        return sketches(session, &mut archive, args.text);
    }
    archive.rebuild(&session.who("rebuild"))?;
    let (totals, _) = archive.totals()?;
    let line = RebuiltLine {
        events: archive.n_events(),
        documents: totals.n_documents,
        revisions: totals.n_revisions,
        contents: totals.n_contents,
    };
    if session.globals.json {
        session.out.json(&typed("rebuilt", line))?;
    } else if !session.globals.quiet {
        session.out.line(&format!(
            "the catalog is new: {}, {}, {}, {}",
            counted(line.events, "event", "events"),
            counted(line.documents, "document", "documents"),
            counted(line.revisions, "revision", "revisions"),
            counted(line.contents, "content", "contents"),
        ))?;
    }
    // That commits are gone was said when the archive was opened.
    let code = if archive.expect_end().is_ok() { ExitCode::Done } else { ExitCode::Broken };
    code_unless_lost(session, &archive, code)
}

#[derive(Serialize)]
struct SketchedLine {
    sketches: u64,
}

fn sketches(
    session: &mut Session,
    archive: &mut Archive,
    reads_again: bool,
) -> Result<ExitCode, Error> {
    let who = session.who("rebuild");
    if reads_again {
        archive.rebuild_texts(&who)?
    } else {
        archive.rebuild_sketches(&who)?
    };
    let (totals, _) = archive.totals()?;
    let line = SketchedLine { sketches: totals.n_sketches };
    if session.globals.json {
        session.out.json(&typed("sketched", line))?;
    } else if !session.globals.quiet {
        let sketches = counted(line.sketches, "sketch", "sketches");
        session.out.line(&format!("the sketches are new: {sketches}"))?;
    }
    code_unless_lost(session, archive, ExitCode::Done)
}
