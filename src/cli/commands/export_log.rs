//! `archive export --log`: the journal as files for a web server.

use std::{os::unix::ffi::OsStrExt as _, path::Path};

use serde::Serialize;

use crate::{
    cli::{
        exit::ExitCode,
        interrupt::is_interrupted,
        new_folder::NewFolder,
        print::{
            json::{HeadLine, b64_unless_utf8, typed},
            terminal::counted,
        },
        session::{Session, shown},
    },
    types::error::Error,
};

#[derive(Serialize)]
struct LogTreeLine<'a> {
    path: String,
    path_b64: Option<String>,
    vkey: &'a str,
    journal: HeadLine,
    files: u64,
}

/// Writes the journal as a tlog-tiles tree, whole or not at all.
pub fn run(session: &mut Session, folder: &Path) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let tree = NewFolder::begin(folder, &session.own_files())?;
    let mut progress = session.progress();
    let mut n_written = 0;
    let n_files = archive.each_log_file(|name, bytes| {
        if is_interrupted() {
            return Err(Error::Interrupted);
        }
        n_written += 1;
        progress.report(n_written, name);
        let fail = |error| Error::io("write", shown(&folder.join(name)), error);
        tree.write(name, |sink| sink.write_all(bytes).map_err(fail))
    })?;
    drop(progress);
    tree.finish()?;
    if session.globals.json {
        let vkey = archive.vkey();
        session.out.json(&typed(
            "log",
            LogTreeLine {
                path: folder.to_string_lossy().into_owned(),
                path_b64: b64_unless_utf8(folder.as_os_str().as_bytes()),
                vkey: &vkey,
                journal: HeadLine::of(&archive.tree_head()),
                files: n_files,
            },
        ))?;
    } else {
        session.info(&format!(
            "the journal of {} is written to {}: {}",
            counted(archive.n_events(), "event", "events"),
            shown(folder),
            counted(n_files, "file", "files")
        ));
    }
    Ok(ExitCode::Done)
}
