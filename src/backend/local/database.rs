//! The files of an SQLite database in a folder, looked at before SQLite opens them by their paths: a link, a
//! pipe or a folder in the place of one is refused.

use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::types::error::Error;

use super::folder::{Belongs, OpenFolder};

/// The ends of the names: the database, its logs, and the memory that its users share.
const ENDS: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// A database that was looked at.
pub struct DatabaseFiles {
    folder: OpenFolder,
    name: &'static str,
    path: PathBuf,
    has_log: bool,
}

impl DatabaseFiles {
    /// Looks at the database called `name` in a folder, which has to exist; the database need not.
    pub fn examine(folder: &Path, name: &'static str) -> Result<Self, Error> {
        let io = |source| Error::io("open", folder.display().to_string(), source);
        // SQLite is told to follow no link; those on the way to the folder are followed here.
        let path = std::fs::canonicalize(folder).map_err(io)?;
        let missing = || io(std::io::ErrorKind::NotFound.into());
        let folder = OpenFolder::open(&path)?.ok_or_else(missing)?;
        let mut is_there = [false; ENDS.len()];
        for (end, is_there) in ENDS.iter().zip(&mut is_there) {
            *is_there = folder.examine(&format!("{name}{end}"), Belongs::Renewable)?.is_some();
        }
        if !is_there[0] && folder.has_other_owner() {
            // SQLite gives its other files to the owner of this one.
            let _ = folder.create(&folder.top(), name, OFlags::RDWR);
        }
        Ok(Self { folder, name, path: path.join(name), has_log: is_there[1] })
    }

    /// The database's path, without a link in it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a write-ahead log lies beside it.
    pub fn has_log(&self) -> bool {
        self.has_log
    }

    /// Removes the database with all that belongs to it.
    pub fn remove(&self) -> Result<(), Error> {
        ENDS.iter().try_for_each(|end| self.folder.remove(&format!("{}{end}", self.name)).map(drop))
    }
}
