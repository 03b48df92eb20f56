//! What words of the command line mean: what lies outside of the archive is opened for it, and a document
//! that is meant as a whole is no revision; and what people see of an operand.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

use crate::{
    archive::{
        Archive,
        operand::{Operand, Outside},
    },
    types::{
        document::{Document, Revision},
        error::Error,
        time::Timestamp,
    },
};

use super::{files::open_input, print::terminal::shown_name, walk::is_stream};

/// The files and the standard input of this process.
pub struct Here;

impl Outside for Here {
    fn file(&self, path: &[u8]) -> Result<Option<Box<dyn Read>>, Error> {
        let path = Path::new(OsStr::from_bytes(path));
        if !path.exists() {
            return Ok(None);
        }
        // What the shell makes of `<(…)` is read like standard input.
        let input = if is_stream(path) { File::open(path) } else { open_input(path) };
        let input = input.map_err(|e| Error::io("read", path.display().to_string(), e))?;
        Ok(Some(Box::new(input)))
    }

    fn standard_input(&self) -> Box<dyn Read> {
        Box::new(io::stdin().lock())
    }
}

/// `name@number`, or a file's path.
pub fn label(operand: &Operand) -> String {
    match operand {
        Operand::Stored(found) => label_of(&found.0, &found.1),
        Operand::File(_) | Operand::StandardInput(_) => shown_name(operand.path()),
    }
}

/// `name@number`.
pub fn label_of(document: &Document, revision: &Revision) -> String {
    format!("{}@{}", shown_name(document.name.as_bytes()), revision.number)
}

/// The words by which a revision is found again: its name, or its document's id where the name with a number would be
/// understood otherwise, as where another document is called that.
pub fn selector_of(
    archive: &Archive,
    document: &Document,
    revision: &Revision,
    now: Timestamp,
) -> Result<Vec<u8>, Error> {
    let number = format!("@{}", revision.number);
    let by_name = [document.name.as_bytes(), number.as_bytes()].concat();
    // What begins like a flag is none.
    let is_word = !by_name.starts_with(b"-");
    match archive.select(&by_name, now) {
        Ok((found, its)) if is_word && (found.id, its.event) == (document.id, revision.event) => {
            Ok(by_name)
        }
        Ok(_) | Err(Error::NotFound { .. } | Error::Refused(_)) => {
            Ok(format!("{}{number}", document.id).into_bytes())
        }
        Err(error) => Err(error),
    }
}

/// The document that words name, for a verb that takes no single revision.
pub fn whole_document(
    archive: &Archive,
    verb: &str,
    words: &[u8],
    now: Timestamp,
) -> Result<Document, Error> {
    let (name, which) = archive.split(words, now)?;
    let document = archive.document(name)?;
    match which {
        None => Ok(document),
        Some(_) => {
            let name = String::from_utf8_lossy(name);
            Err(Error::usage(format!("{verb} is about all revisions: archive {verb} {name}")))
        }
    }
}
