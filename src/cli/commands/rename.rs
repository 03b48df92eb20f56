//! `archive rename`

use std::{ffi::OsString, os::unix::ffi::OsStrExt as _};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{Archive, find::Meaning, maintain::describe::RenameRequest, presence::AsOf},
    cli::{
        args::{
            help::examples,
            values::{self, When},
        },
        exit::ExitCode,
        operand::whole_document,
        print::{
            json::{name_b64, typed},
            terminal::{counted, shown_name},
        },
        session::Session,
    },
    types::{document::Document, error::Error, name::DocName},
};

use super::add_items::past;

const EXAMPLES: &[&str] = &[
    "archive rename draft.txt report.txt",
    "archive rename letters archive/letters # all that lies below that folder",
    "archive rename a.txt b.txt --captured 2026-03-04",
];

/// Give a document or a folder another name; its revisions go on under it, and what was attached to a mail goes along
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct RenameArgs {
    /// The document, or a folder of documents
    #[arg(value_name = "DOC")]
    pub doc: OsString,

    /// The name that it gets
    #[arg(value_name = "NAME", value_parser = values::doc_name())]
    pub name: DocName,

    /// Since when it has had it [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::when)]
    pub captured: Option<When>,

    /// Why, for the log
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

#[derive(Serialize)]
struct RenamedLine {
    id: String,
    from: String,
    from_b64: Option<String>,
    to: String,
    to_b64: Option<String>,
    event: u64,
}

/// Renames documents.
pub fn run(session: &mut Session, args: &RenameArgs) -> Result<ExitCode, Error> {
    let mut archive = session.open_to_write()?;
    let captured = match &args.captured {
        Some(when) => Some(past(when.start(session.now)?, session)?),
        None => None,
    };
    let names = names(session, &archive, args)?;
    let request = RenameRequest { names, captured, note: args.note.clone() };
    let signer = session.signer(&archive)?;
    let (context, who) = (session.context()?, session.who("rename"));
    let first = archive.rename(&request, (&signer, &context), &who)?;
    if !session.globals.json {
        let documents = counted(request.names.len() as u64, "document", "documents");
        let name = shown_name(args.name.as_bytes());
        session.info(&match &request.names[..] {
            [(document, name), rest @ ..] if rest.is_empty() || *name == args.name => {
                let attached = counted(rest.len() as u64, "document", "documents");
                let with = match rest {
                    [] => String::new(),
                    _ => format!(", and with it what was attached to it ({attached})"),
                };
                let [before, after] = [&document.name, name].map(|it| shown_name(it.as_bytes()));
                format!("{before} is {after} now{with}")
            }
            _ => format!("{documents} are in {name} now"),
        });
        return Ok(ExitCode::Done);
    }
    for (event, (document, name)) in (first..).zip(&request.names) {
        let line = RenamedLine {
            id: document.id.to_string(),
            from: document.name.text().into_owned(),
            from_b64: name_b64(&document.name),
            to: name.text().into_owned(),
            to_b64: name_b64(name),
            event,
        };
        session.out.json(&typed("renamed", line))?;
    }
    Ok(ExitCode::Done)
}

/// The documents that are meant, and the name that each gets.
fn names(
    session: &Session,
    archive: &Archive,
    args: &RenameArgs,
) -> Result<Vec<(Document, DocName)>, Error> {
    let Meaning::Folder(folder) = archive.meaning(args.doc.as_bytes(), 1)? else {
        let document = whole_document(archive, "rename", args.doc.as_bytes(), session.now)?;
        let mut names = vec![(document.clone(), args.name.clone())];
        for (attached, rest) in archive.attached_below(&document)? {
            names.push((attached, rest.under(&args.name).map_err(Error::usage)?));
        }
        return Ok(names);
    };
    let mut names = Vec::new();
    archive.each_document_in(Some(&folder), AsOf::Ever, |document, _| {
        let below = &document.name.as_bytes()[folder.as_bytes().len() + 1..];
        let name = DocName::new(below).and_then(|name| name.under(&args.name));
        names.push((document.clone(), name.map_err(Error::usage)?));
        Ok(())
    })?;
    Ok(names)
}
