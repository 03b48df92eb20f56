//! `archive init`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::{
    cli::{
        args::{help::examples, values},
        exit::ExitCode,
        print::{
            json::{b64_unless_utf8, typed},
            terminal::Style,
        },
        session::{Session, shown},
    },
    types::error::Error,
};

const EXAMPLES: &[&str] = &[
    "archive init                           # where --store or the configuration says",
    "archive init /srv/desk.archive --origin example.com/desk",
];

/// Make a new archive; prints its origin name and public key
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct InitArgs {
    /// Where; without it the folder that --store or the configuration names
    #[arg(value_name = "DIR", conflicts_with = "store")]
    pub folder: Option<PathBuf>,

    /// The name that the log is signed under [default: archive.local/FOLDER-xxxxxxxx]
    #[arg(long, value_name = "NAME", value_parser = values::origin)]
    pub origin: Option<String>,
}

#[derive(Serialize)]
struct ArchiveLine {
    path: String,
    path_b64: Option<String>,
    origin: String,
    vkey: String,
    key_file: String,
}

/// Makes a new archive.
pub fn run(session: &mut Session, args: &InitArgs) -> Result<ExitCode, Error> {
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        None => session.location()?.folder,
    };
    let (archive, key_file) = session.make(&folder, args.origin.as_deref())?;
    if session.globals.json {
        session.out.json(&typed(
            "archive",
            ArchiveLine {
                path: folder.to_string_lossy().into_owned(),
                path_b64: b64_unless_utf8(folder.as_os_str().as_encoded_bytes()),
                origin: archive.origin().to_owned(),
                vkey: archive.vkey(),
                key_file: key_file.to_string_lossy().into_owned(),
            },
        ))?;
        return Ok(ExitCode::Done);
    }
    if !session.globals.quiet {
        let path = session.out.paint(Style::Strong, &shown(&folder));
        session.out.line(&format!("new archive at {path}"))?;
        session.out.line(&format!("  origin  {}", archive.origin()))?;
        session.out.line(&format!("  vkey    {}", archive.vkey()))?;
        session.out.line(&format!("  key     {}", shown(&key_file)))?;
        session.info("keep a copy of the key: without it nothing can be added");
        session.info("keep the vkey line apart from the archive: auditors check against it");
    }
    Ok(ExitCode::Done)
}
