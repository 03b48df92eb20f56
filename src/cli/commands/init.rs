//! `archive init`

use serde::Serialize;

use crate::{
    cli::{
        args::InitArgs,
        exit::ExitCode,
        lines::{b64_unless_utf8, typed},
        session::{Session, shown},
        terminal::Style,
    },
    types::error::Error,
};

#[derive(Serialize)]
struct Line {
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
        None => session.place()?.folder,
    };
    let (archive, key_file) = session.make(&folder, args.origin.as_deref())?;
    if session.globals.json {
        session.out.json(&typed(
            "archive",
            Line {
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
        let place = session.out.paint(Style::Strong, &shown(&folder));
        session.out.line(&format!("new archive at {place}"))?;
        session.out.line(&format!("  origin  {}", archive.origin()))?;
        session.out.line(&format!("  vkey    {}", archive.vkey()))?;
        session.out.line(&format!("  key     {}", shown(&key_file)))?;
        session.say("keep a copy of the key: without it nothing can be added");
        session.say("keep the vkey line apart from the archive: auditors check against it");
    }
    Ok(ExitCode::Done)
}
