//! `archive rebuild`

use serde::Serialize;

use crate::{
    cli::{exit::ExitCode, lines::typed, session::Session, terminal::counted},
    words::error::Error,
};

#[derive(Serialize)]
struct Line {
    events: u64,
    documents: u64,
    revisions: u64,
    contents: u64,
}

/// Makes the catalog anew from the facts.
pub fn run(session: &mut Session) -> Result<ExitCode, Error> {
    let mut archive = session.open()?;
    archive.rebuild(&session.who("rebuild"))?;
    let (totals, _) = archive.totals()?;
    let line = Line {
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
    Ok(ExitCode::Done)
}
