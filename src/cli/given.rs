//! What an auditor gives to compare with: a public key, a checkpoint, from a file, standard input or
//! the line itself.

use std::{
    io::{self, Read as _},
    path::Path,
};

use crate::{archive::inspect::history::vkey_in, types::error::Error};

use super::{files::read_small, session::shown};

/// A mail with a checkpoint in it is smaller.
const GIVEN_BYTES_MAX: u64 = 1 << 20;

/// Bytes that were given, and what names them in messages.
pub struct GivenText {
    pub bytes: Vec<u8>,
    pub shown: String,
}

impl GivenText {
    /// Reads a small file, or standard input where it is called `-`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        if path.as_os_str() == "-" {
            let (mut bytes, shown) = (Vec::new(), "standard input".to_owned());
            io::stdin()
                .take(GIVEN_BYTES_MAX)
                .read_to_end(&mut bytes)
                .map_err(|source| Error::io("read", shown.clone(), source))?;
            return Ok(Self { bytes, shown });
        }
        let shown = shown(path);
        let bytes = read_small(path, GIVEN_BYTES_MAX)
            .map_err(|source| Error::io("read", shown.clone(), source))?;
        let missing = || io::Error::new(io::ErrorKind::NotFound, "there is no such file");
        let bytes = bytes.ok_or_else(|| Error::io("read", shown.clone(), missing()))?;
        Ok(Self { bytes, shown })
    }
}

/// Reads a public key: the line itself, or the first in a file.
pub fn vkey(given: &Path) -> Result<String, Error> {
    if let Some(vkey) = given.to_str().and_then(|line| vkey_in(line.as_bytes())) {
        return Ok(vkey);
    }
    let text = match GivenText::read(given) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            let given = shown(given);
            return Err(Error::usage(format!("{given} is neither a vkey line nor a file")));
        }
        text => text?,
    };
    vkey_in(&text.bytes)
        .ok_or_else(|| Error::usage(format!("{} holds no vkey line: name+id+key", text.shown)))
}
