//! `archive adopt`

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{Archive, HistoryCheck},
    cli::{
        args::{help::examples, values},
        exit::ExitCode,
        print::json::typed,
        session::{Opened, Session, shown},
    },
    types::error::{Error, Refusal},
};

const EXAMPLES: &[&str] = &[
    "archive adopt --reason lost-the-newer-one",
    "archive adopt --store /mnt/disk/desk.archive --reason its-key-is-lost",
];

/// Go on from an older copy, from what is left of one, or from a copy whose key you do not have, as an archive of its own
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct AdoptArgs {
    /// Why, for the log
    #[arg(long, value_name = "TEXT", required = true, value_parser = values::words)]
    pub reason: String,
}

#[derive(Serialize)]
struct AdoptedLine<'a> {
    before: &'a str,
    events: u64,
    origin: &'a str,
    vkey: &'a str,
    key_file: String,
}

/// Begins another epoch.
pub fn run(session: &mut Session, args: &AdoptArgs) -> Result<ExitCode, Error> {
    let Opened { mut archive, history_check, .. } = session.open_unjudged()?;
    let why = match &history_check {
        HistoryCheck::Forked { .. } => "its history is not the one that is remembered",
        HistoryCheck::OtherKey { .. } => "it is signed by another key than the one remembered",
        _ => "",
    };
    if !why.is_empty() {
        let why = format!("it is not adopted: {why}; archive audit says more");
        return Err(Error::Untrusted { why });
    }
    let (before, events) = (archive.origin().to_owned(), archive.n_events());
    expect_need(session, &archive, &history_check)?;
    keep_evidence(session, &archive)?;
    let (signer, file) = session.new_signer(&session.free_origin(&archive)?)?;
    let (context, who) = (session.context()?, session.who("adopt"));
    archive.adopt(&signer, &args.reason, &context, &who)?;
    session.remember(&archive);
    let (origin, vkey) = (archive.origin(), archive.vkey());
    if session.globals.json {
        let key_file = file.display().to_string();
        let line = AdoptedLine { before: &before, events, origin, vkey: &vkey, key_file };
        session.out.json(&typed("adopted", line))?;
        return Ok(ExitCode::Done);
    }
    session
        .out
        .line(&format!("origin  {origin}, which goes on from {before} after {events} events"))?;
    session.out.line(&format!("vkey    {vkey}"))?;
    session.out.line(&format!("key     {}", shown(&file)))?;
    session.info("keep a copy of the key, and give the vkey line to those who audit");
    Ok(ExitCode::Done)
}

/// What shows that commits are gone is about to be written over: it stays in a report.
fn keep_evidence(session: &Session, archive: &Archive) -> Result<(), Error> {
    let Some(longer) = archive.longer_checkpoint()? else { return Ok(()) };
    let [longer, found] = [&longer[..], archive.checkpoint()].map(String::from_utf8_lossy);
    let text = format!(
        "{}: commits of {} are gone.\n\nThe checkpoint that lay beside those that were left:\n\n{longer}\n\
         The checkpoint of the last of these:\n\n{found}",
        session.now,
        archive.origin()
    );
    let report = session.keep_report("adopt", &text)?;
    session.info(&format!("the checkpoint of what is gone is kept in {}", shown(&report)));
    Ok(())
}

/// An archive that can be written as it is needs no other origin: those who know it would not know it again.
fn expect_need(
    session: &Session,
    archive: &Archive,
    history_check: &HistoryCheck,
) -> Result<(), Error> {
    let is_as_known =
        matches!(history_check, HistoryCheck::Extends { .. } | HistoryCheck::NotRemembered);
    if !is_as_known || archive.longer_checkpoint()?.is_some() {
        return Ok(());
    }
    match session.signer(archive) {
        Ok(_) => Err(Error::usage(format!(
            "{} is not adopted: it is no older copy and its key is here, so it can be written as it is; \
             archive key rotate makes another key for it",
            archive.origin()
        ))),
        Err(error @ Error::Refused(Refusal::OpenKey { .. })) => Err(error),
        Err(_) => Ok(()),
    }
}
