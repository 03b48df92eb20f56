//! `archive log`

use std::{ffi::OsString, os::unix::ffi::OsStrExt as _};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::Archive,
    cli::{
        args::{help::examples, values},
        exit::ExitCode,
        operand::whole_document,
        print::{
            json::{RevisionLine, typed},
            output::Output,
            terminal::{Style, pad_left, shown_name, size, truncate},
        },
        session::Session,
    },
    types::{
        document::{Document, LogEntry, OtherEvent, Revision},
        error::Error,
    },
};

const EXAMPLES: &[&str] = &[
    "archive log report.txt                 # the revisions of one document",
    "archive log -n 20                      # the latest events of all",
];

/// Show what happened, to one document or to all
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct LogArgs {
    /// A document; without it the whole archive
    #[arg(value_name = "DOC")]
    pub doc: Option<OsString>,

    /// Only the latest N
    #[arg(short = 'n', long, value_name = "N", value_parser = values::count::<u64>)]
    pub limit: Option<u64>,
}

/// Events fetched from the catalog at a time.
const STRIDE: u64 = 512;
/// Source and note of a revision are cut here; `archive show` has all of it.
const REMARK_COLUMNS: usize = 80;

#[derive(Serialize)]
struct EventLine {
    event: u64,
    event_type: String,
    at: String,
    note: Option<String>,
    by: Option<String>,
}

#[derive(Serialize)]
struct LogSummary {
    events: u64,
}

/// Shows what happened, latest first.
pub fn run(session: &mut Session, args: &LogArgs) -> Result<ExitCode, Error> {
    session.out.end_with_reader();
    let archive = session.open()?;
    let limit = args.limit.unwrap_or(u64::MAX);
    let is_json = session.globals.json;
    let events = match &args.doc {
        Some(doc) => {
            let document = whole_document(&archive, "log", doc.as_bytes(), session.now)?;
            of_document(&mut session.out, &archive, &document, limit, is_json)?
        }
        None => of_all(&mut session.out, &archive, limit, is_json)?,
    };
    if is_json {
        session.out.json(&typed("summary", LogSummary { events }))?;
    } else if events == 0 && limit > 0 {
        session.info("nothing has happened yet");
    }
    Ok(ExitCode::Done)
}

fn of_document(
    out: &mut Output,
    archive: &Archive,
    document: &Document,
    limit: u64,
    is_json: bool,
) -> Result<u64, Error> {
    let mut revisions = archive.catalog().revisions(document)?;
    revisions.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    if !is_json {
        let name = out.paint(Style::Heading, &shown_name(document.name.as_bytes()));
        let id = out.paint(Style::Dim, &document.id.to_string());
        out.line(&format!("{name}  {id}"))?;
    }
    for revision in &revisions {
        match is_json {
            true => out.json(&typed("revision", RevisionLine::of(document, revision)))?,
            false => out.line(&revision_row(out, document, revision))?,
        }
    }
    Ok(revisions.len() as u64)
}

fn revision_row(out: &Output, document: &Document, revision: &Revision) -> String {
    let n_columns = document.n_revisions.to_string().len() + 1;
    let number = pad_left(&format!("@{}", revision.number), n_columns);
    let captured = revision.captured.minute();
    let size = pad_left(&size(revision.n_bytes), 6);
    let digest = out.paint(Style::Dim, &revision.digest.to_string()[..12]);
    let remarks = [&revision.source, &revision.note].into_iter().flatten();
    let remarks = remarks.map(|text| shown_name(text.as_bytes())).collect::<Vec<_>>().join(" · ");
    let row = format!("{number}  {captured}  {size}  {digest}");
    if remarks.is_empty() { row } else { format!("{row}  {}", truncate(&remarks, REMARK_COLUMNS)) }
}

fn of_all(out: &mut Output, archive: &Archive, limit: u64, is_json: bool) -> Result<u64, Error> {
    let n_columns = archive.n_events().to_string().len();
    let (mut before, mut n_printed) = (archive.n_events(), 0);
    while n_printed < limit {
        let stride = STRIDE.min(limit - n_printed);
        let stretch = archive.log_entries(before, stride as usize)?;
        let Some(last) = stretch.last() else { break };
        before = event_of(last);
        n_printed += stretch.len() as u64;
        for entry in stretch {
            match is_json {
                true => print_entry(out, entry)?,
                false => out.line(&entry_row(out, &entry, n_columns))?,
            }
        }
    }
    Ok(n_printed)
}

fn event_of(entry: &LogEntry) -> u64 {
    match entry {
        LogEntry::Revision(pair) => pair.1.event,
        LogEntry::Other(other) => other.event,
    }
}

fn print_entry(out: &mut Output, entry: LogEntry) -> Result<(), Error> {
    match entry {
        LogEntry::Revision(pair) => {
            out.json(&typed("revision", RevisionLine::of(&pair.0, &pair.1)))
        }
        LogEntry::Other(OtherEvent { event, event_type, at, note, author }) => {
            let at = at.to_string();
            out.json(&typed("event", EventLine { event, event_type, at, note, by: author }))
        }
    }
}

fn entry_row(out: &Output, entry: &LogEntry, n_columns: usize) -> String {
    let index = |event: u64| pad_left(&event.to_string(), n_columns);
    match entry {
        LogEntry::Revision(pair) => {
            let (document, revision) = &**pair;
            let name = shown_name(document.name.as_bytes());
            let (index, at) = (index(revision.event), revision.at.minute());
            format!("{index}  {at}  {name}@{}", revision.number)
        }
        LogEntry::Other(other) => {
            let event_type = shown_name(other.event_type.as_bytes());
            let by = other.author.as_ref().map(|by| format!(" by {}", shown_name(by.as_bytes())));
            let (index, at) = (index(other.event), other.at.minute());
            out.paint(Style::Dim, &format!("{index}  {at}  {event_type}{}", by.unwrap_or_default()))
        }
    }
}
