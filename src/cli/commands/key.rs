//! `archive key`

use std::path::Path;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    archive::Archive,
    cli::{
        args::help::examples,
        exit::ExitCode,
        print::json::{KeyLine, typed},
        session::{Session, shown},
    },
    types::error::Error,
};

const EXAMPLES: &[&str] = &[
    "archive key show                             # who signs, and which file that needs",
    "archive key export-public > desk.vkey        # for those who audit",
    "archive key rotate --note stolen             # sign with a new key from now on",
];

/// Show the keys that sign for the archive, or let another one sign
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct KeyArgs {
    #[command(subcommand)]
    act: KeyAct,
}

#[derive(Debug, Subcommand)]
enum KeyAct {
    /// Print which keys signed, and where the private half of the present one is
    Show,
    /// Make a new key, which signs from the next commit on; the present one signs that it does
    Rotate {
        /// Why, for the log
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Print the public key that signs now, as a vkey line: what auditors compare with
    ExportPublic,
}

#[derive(Serialize)]
struct KeysLine<'a> {
    origin: &'a str,
    vkey: &'a str,
    key_file: Option<String>,
    keys: Vec<KeyLine<'a>>,
}

/// Does what was asked for.
pub fn run(session: &mut Session, args: &KeyArgs) -> Result<ExitCode, Error> {
    match &args.act {
        KeyAct::Show => show(session),
        KeyAct::Rotate { note } => rotate(session, note.as_deref()),
        KeyAct::ExportPublic => {
            let archive = session.open()?;
            session.print_text("vkey", format!("{}\n", archive.vkey()).as_bytes())?;
            session.say_key_to_come(&archive);
            Ok(ExitCode::Done)
        }
    }
}

fn show(session: &mut Session) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let file = session.key_file(&archive);
    if session.globals.json {
        print_json(session, &archive, file.as_deref().ok())?;
        return Ok(ExitCode::Done);
    }
    session.out.line(&format!("origin  {}", archive.origin()))?;
    for key in archive.keys() {
        let how = if key.is_adopted { ", as an epoch of its own" } else { "" };
        let since = match key.after {
            0 => "from the beginning".to_owned(),
            after => format!("from event {after} on{how}"),
        };
        session.out.line(&format!("vkey    {}  {since}", key.vkey))?;
    }
    let file = file.map_or_else(|error| error.to_string(), |file| shown(&file));
    session.out.line(&format!("key     {file}"))?;
    Ok(ExitCode::Done)
}

fn rotate(session: &mut Session, note: Option<&str>) -> Result<ExitCode, Error> {
    let mut archive = session.open_to_write()?;
    let signer = session.signer(&archive)?;
    let (next, file) = session.new_signer(archive.origin())?;
    let (context, who) = (session.context()?, session.who("key rotate"));
    archive.rotate_key(&signer, &next, note, &context, &who)?;
    if session.globals.json {
        print_json(session, &archive, Some(&file))?;
        return Ok(ExitCode::Done);
    }
    session.out.line(&format!("vkey    {}", archive.vkey()))?;
    session.out.line(&format!("key     {}", shown(&file)))?;
    session.info("keep a copy of the new key, and give the vkey line to those who audit");
    Ok(ExitCode::Done)
}

fn print_json(session: &mut Session, archive: &Archive, file: Option<&Path>) -> Result<(), Error> {
    let (keys, vkey) = (archive.keys(), archive.vkey());
    let line = KeysLine {
        origin: archive.origin(),
        vkey: &vkey,
        key_file: file.map(|file| file.display().to_string()),
        keys: keys.iter().map(KeyLine::of).collect(),
    };
    session.out.json(&typed("keys", line))
}
