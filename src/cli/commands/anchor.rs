//! `archive anchor`

use std::{
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        maintain::anchors::{Anchored, Answer, KeptAnchor},
    },
    cli::{
        anchor_requests::{self, PendingRequest},
        args::help::examples,
        exit::ExitCode,
        given::GivenText,
        keyring,
        new_folder::NewFolder,
        output_file::{Existing, OutputFile},
        print::{
            json::{b64_unless_utf8, typed},
            terminal::{counted, shell_word},
        },
        session::{Session, shown},
    },
    types::{digest::Digest, error::Error},
};

const EXAMPLES: &[&str] = &[
    "archive anchor print | mail -s checkpoint notary@example.org",
    "archive anchor request month.tsq             # send it to an authority (RFC 3161)",
    "archive anchor add month.tsr                 # and record the time in its answer",
    "archive anchor show -o token                 # for openssl ts -verify",
];

const NO_TOKENS: &str = "there are no time tokens; archive anchor request asks for one";

/// Have others keep or date what the log is now: by mail, on paper, or by time tokens (RFC 3161)
///
/// Nothing is sent: requests and answers are files, and you carry them. The signature of a token is not verified;
/// anchor show says how openssl does it.
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct AnchorArgs {
    #[command(subcommand)]
    act: AnchorAct,
}

#[derive(Debug, Subcommand)]
enum AnchorAct {
    /// Print the newest checkpoint: five short lines that audit --expect reads again
    Print,
    /// Write a request for a time token about the newest checkpoint
    Request {
        /// A new file; - is standard output
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Record the authority's answer, if it is about a checkpoint of this archive
    Add {
        /// What the authority sent; - is standard input
        #[arg(value_name = "ANSWER")]
        answer: PathBuf,

        /// Which authority, or why, for the log
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// List the time tokens, or write one out with its checkpoint and say how openssl verifies it
    Show {
        /// The event that recorded it; without it all, with --output the newest
        #[arg(value_name = "EVENT")]
        event: Option<u64>,

        /// The folder to make, which must be empty or not there yet
        #[arg(short, long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
}

#[derive(Serialize)]
struct RequestLine {
    path: String,
    path_b64: Option<String>,
    events: u64,
    sha256: String,
    nonce: String,
}

#[derive(Serialize)]
struct TokenLine {
    event: u64,
    new: Option<bool>,
    time: String,
    events: u64,
    root: String,
    token: String,
    path: Option<String>,
    path_b64: Option<String>,
    command: Option<String>,
}

/// Does what was asked for.
pub fn run(session: &mut Session, args: &AnchorArgs) -> Result<ExitCode, Error> {
    match &args.act {
        AnchorAct::Print => {
            let archive = session.open()?;
            session.print_text("checkpoint", archive.checkpoint())?;
        }
        AnchorAct::Request { file } => request(session, file)?,
        AnchorAct::Add { answer, note } => add(session, answer, note.as_deref())?,
        AnchorAct::Show { event, output } => show(session, *event, output.as_deref())?,
    }
    Ok(ExitCode::Done)
}

fn request(session: &mut Session, file: &Path) -> Result<(), Error> {
    let archive = session.open()?;
    let is_stdout = file.as_os_str() == "-";
    let output = || OutputFile::begin(file, Existing::Kept, &session.own_files());
    let output = (!is_stdout).then(output).transpose()?;
    let mut nonce = [0; 8];
    nonce.copy_from_slice(&keyring::fresh_seed()?[..8]);
    let nonce = u64::from_be_bytes(nonce);
    let (request, imprint) = archive.anchor_request(nonce);
    match output {
        None => session.out.bytes(&request)?,
        Some(output) => output.write(&request)?,
    }
    let mut pending = anchor_requests::load(&session.environment, archive.origin());
    pending.push(PendingRequest { at: session.now, nonce, imprint });
    keep(session, &archive, &pending);
    if is_stdout {
        return Ok(());
    }
    if session.globals.json {
        return session.out.json(&typed(
            "request",
            RequestLine {
                path: file.to_string_lossy().into_owned(),
                path_b64: b64_unless_utf8(file.as_os_str().as_bytes()),
                events: archive.n_events(),
                sha256: imprint.to_string(),
                nonce: format!("{nonce:016x}"),
            },
        ));
    }
    let (events, file) = (counted(archive.n_events(), "event", "events"), shown(file));
    session.info(&format!(
        "request written to {file}, about the checkpoint of {events}; send it to an authority you trust:\n  \
         curl -H 'Content-Type: application/timestamp-query' --data-binary @{file} -o answer.tsr URL\n\
         and then: archive anchor add answer.tsr"
    ));
    Ok(())
}

fn add(session: &mut Session, file: &Path, note: Option<&str>) -> Result<(), Error> {
    let given = GivenText::read(file)?;
    let mut archive = session.open_to_write()?;
    let answer = archive.read_answer(&given.bytes, &given.shown)?;
    let mut pending = anchor_requests::load(&session.environment, archive.origin());
    let same = |request: &PendingRequest| request.imprint == answer.imprint;
    let answered = pending.iter().find(|it| same(it) && answer.answers(it.nonce)).cloned();
    let is_asked = pending.iter().any(same);
    let is_known = archive.anchors()?.iter().any(|kept| is_of(kept, &answer));
    if is_asked && answered.is_none() && !is_known {
        return Err(Error::Untrusted {
            why: format!(
                "{} is not added: it answers another request than the one that waits for an answer",
                given.shown
            ),
        });
    }
    let signer = session.signer(&archive)?;
    let (context, who) = (session.context()?, session.who("anchor add"));
    let anchored = archive.add_anchor(&answer, note, &signer, &context, &who)?;
    if answered.is_some() {
        pending.retain(|request| Some(request) != answered.as_ref());
        keep(session, &archive, &pending);
    }
    print_added(session, &answer, anchored, answered.is_some())
}

/// Remembers which requests wait; without that, answers are checked by what they are about alone.
fn keep(session: &Session, archive: &Archive, pending: &[PendingRequest]) {
    let kept = anchor_requests::keep(&session.environment, archive.origin(), pending);
    if let Err(error) = kept {
        session.warn(&format!("requests could not be remembered: {error}"));
    }
}

fn is_of(kept: &KeptAnchor, answer: &Answer) -> bool {
    Digest::of(&kept.token) == answer.token_digest()
}

fn print_added(
    session: &mut Session,
    answer: &Answer,
    anchored: Anchored,
    is_answer: bool,
) -> Result<(), Error> {
    let (event, new) = match anchored {
        Anchored::New(event) => (event, true),
        Anchored::Known(event) => (event, false),
    };
    if session.globals.json {
        let line = TokenLine {
            event,
            new: Some(new),
            time: answer.time.to_string(),
            events: answer.head.size,
            root: answer.head.root.to_string(),
            token: answer.token_digest().to_string(),
            path: None,
            path_b64: None,
            command: None,
        };
        return session.out.json(&typed("anchor", line));
    }
    let events = counted(answer.head.size, "event", "events");
    if !new {
        session.info(&format!("recorded already, as event {event}"));
        return Ok(());
    }
    session.info(&format!(
        "recorded as event {event}: at {} the log had its first {events}, says the token",
        answer.time
    ));
    if !is_answer {
        session.info("no request for it is remembered here: that it answers one was not checked");
    }
    session.info(
        "its signature was not verified: archive anchor show -o DIR says how openssl does it",
    );
    Ok(())
}

fn show(session: &mut Session, event: Option<u64>, output: Option<&Path>) -> Result<(), Error> {
    let archive = session.open()?;
    let mut anchors = archive.anchors()?;
    if let Some(event) = event {
        anchors.retain(|anchor| anchor.proved.event == event);
        if anchors.is_empty() {
            let why = format!(
                "event {event} is no time token that holds; archive anchor show lists them"
            );
            return Err(Error::usage(why));
        }
    }
    let Some(output) = output else {
        for anchor in &anchors {
            print_anchor(session, anchor, None)?;
        }
        if anchors.is_empty() {
            session.info(NO_TOKENS);
        }
        return Ok(());
    };
    let Some(anchor) = anchors.last() else {
        return Err(Error::usage(NO_TOKENS));
    };
    write_out(session, &archive, anchor, output)?;
    print_anchor(session, anchor, Some(output))
}

/// Writes a token and its checkpoint into a folder of their own.
fn write_out(
    session: &mut Session,
    archive: &Archive,
    anchor: &KeptAnchor,
    output: &Path,
) -> Result<(), Error> {
    let note = archive.anchored_note(anchor)?;
    let folder = NewFolder::begin(output, &session.own_files())?;
    for (name, bytes) in [("token", &anchor.token), ("checkpoint", &note)] {
        let fail = |error| Error::io("write", shown(&output.join(name)), error);
        folder.write(name, |sink| sink.write_all(bytes).map_err(fail))?;
    }
    folder.finish()
}

fn print_anchor(
    session: &mut Session,
    anchor: &KeptAnchor,
    output: Option<&Path>,
) -> Result<(), Error> {
    let KeptAnchor { proved, root, token } = anchor;
    let command = output.map(|folder| command(anchor, folder));
    if session.globals.json {
        let line = TokenLine {
            event: proved.event,
            new: None,
            time: proved.time.to_string(),
            events: proved.size,
            root: root.to_string(),
            token: Digest::of(token).to_string(),
            path: output.map(|folder| folder.to_string_lossy().into_owned()),
            path_b64: output.and_then(|folder| b64_unless_utf8(folder.as_os_str().as_bytes())),
            command,
        };
        return session.out.json(&typed("anchor", line));
    }
    let (event, time) = (proved.event, proved.time);
    let events = counted(proved.size, "event", "events");
    session.out.line(&format!("event {event}  {time}  the first {events}"))?;
    match command {
        Some(command) => session.out.line(&command),
        None => Ok(()),
    }
}

/// How openssl verifies a token at its own time: the authority's certificate may have expired since.
fn command(anchor: &KeptAnchor, folder: &Path) -> String {
    let (seconds, _) = anchor.proved.time.to_unix();
    let file = |name| shell_word(folder.join(name).as_os_str().as_bytes());
    format!(
        "openssl ts -verify -attime {seconds} -token_in -in {} -data {} -CAfile CA.pem",
        file("token"),
        file("checkpoint")
    )
}
