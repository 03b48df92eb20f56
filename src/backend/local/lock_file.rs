//! The lock: a file that one writer at a time holds.

use std::{
    fs::{File, TryLockError},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use crate::{
    backend::Guard,
    types::error::{Error, Refusal},
};

use super::{LOCK, folder::ArchiveFolder, io};

/// Of a holder of the lock that wrote nothing.
const NAMELESS: &str = "it has left no name";
/// So much is read of what the holder wrote into the lock.
const WHO_BYTES_MAX: u64 = 1024;

/// Takes a lock in a folder that holds no facts.
pub fn lock_in(folder: &Path, who: &str) -> Result<Box<dyn Guard>, Error> {
    let missing = || io("open", folder, ErrorKind::NotFound.into());
    lock(&ArchiveFolder::open(folder)?.ok_or_else(missing)?, who)
}

/// The same in the folder of an archive.
pub fn lock(folder: &ArchiveFolder, who: &str) -> Result<Box<dyn Guard>, Error> {
    let opened = folder.open_or_make(LOCK).map_err(|error| cannot_lock(folder, error))?;
    let is_ours = has_one_name(&opened);
    match opened.try_lock() {
        Ok(()) => Ok(Box::new(LockFile::new(opened, who, is_ours))),
        Err(TryLockError::WouldBlock) => {
            let who = if is_ours { holder(opened) } else { NAMELESS.to_owned() };
            Err(Error::Busy { who })
        }
        Err(TryLockError::Error(e)) => Err(io("lock", &folder.path().join(LOCK), e)),
    }
}

fn cannot_lock(folder: &ArchiveFolder, error: Error) -> Error {
    match error {
        Error::Io { source, .. }
            if matches!(
                source.kind(),
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            let location = folder.path().display().to_string();
            Error::Refused(Refusal::ReadOnly { location })
        }
        error => error,
    }
}

/// The lock's open file: closing it, by whatever end the process takes, lets the next writer in.
struct LockFile {
    file: File,
    is_ours: bool,
}

impl LockFile {
    /// A file with other names may be anything, and a copy made of links has one lock with its original: it locks as
    /// well, and is never written.
    fn new(mut file: File, who: &str, is_ours: bool) -> Self {
        if is_ours {
            // The text is a courtesy: a full disk must not keep anyone from taking things away.
            let _ = file.set_len(0).and_then(|()| file.write_all(who.as_bytes()));
        }
        Self { file, is_ours }
    }
}

impl Guard for LockFile {}

impl Drop for LockFile {
    fn drop(&mut self) {
        if self.is_ours {
            let _ = self.file.set_len(0);
        }
        // A child process that is just being started shares the open file until it is another program:
        // closed only here, it would stay locked until then.
        let _ = self.file.unlock();
    }
}

fn has_one_name(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.nlink() == 1)
}

/// What the holder of the lock wrote into it.
fn holder(file: File) -> String {
    let mut bytes = Vec::new();
    let _ = file.take(WHO_BYTES_MAX).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    match text.lines().next() {
        Some(who) if !who.trim().is_empty() => who.trim().to_owned(),
        _ => NAMELESS.to_owned(),
    }
}
