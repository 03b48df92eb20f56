//! The files of an SQLite database in a folder, looked at before SQLite opens them by their paths: a link, a
//! pipe or a folder in the place of one is refused, and one that has other names is copied first.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use rustix::fs::{OFlags, Stat};

use crate::types::{error::Error, file_stat::FileStat};

use super::{
    TEMPORARY,
    folder::{ArchiveFolder, Belongs},
    hard_links,
};

/// The ends of the names: the database, its logs, and the memory that its users share.
const ENDS: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// So many bytes of the head end with what `PRAGMA application_id` sets.
const APPLICATION_ID_END: usize = 72;

/// A database that was looked at.
pub struct DatabaseFiles {
    folder: ArchiveFolder,
    name: &'static str,
    path: PathBuf,
    exists: bool,
    has_log: bool,
}

impl DatabaseFiles {
    /// Looks at the database called `name` in a folder, which has to exist; the database need not.
    pub fn examine(folder: &Path, name: &'static str) -> Result<Self, Error> {
        let io = |source| Error::io("open", folder.display().to_string(), source);
        // SQLite is told to follow no link; those on the way to the folder are followed here.
        let path = std::fs::canonicalize(folder).map_err(io)?;
        let missing = || io(std::io::ErrorKind::NotFound.into());
        let folder = ArchiveFolder::open(&path)?.ok_or_else(missing)?;
        let mut is_there = [false; ENDS.len()];
        for (end, is_there) in ENDS.iter().zip(&mut is_there) {
            *is_there = folder.examine(&format!("{name}{end}"), Belongs::Renewable)?.is_some();
        }
        hard_links::part(&folder, name)?;
        if !is_there[0] && folder.has_other_owner() {
            // SQLite gives its other files to the owner of this one.
            let _ = folder.create(&folder.top(), name, OFlags::RDWR);
        }
        Ok(Self { folder, name, path: path.join(name), exists: is_there[0], has_log: is_there[1] })
    }

    /// The database's path, without a link in it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it was there when it was looked at.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// Whether a write-ahead log lies beside it.
    pub fn has_log(&self) -> bool {
        self.has_log
    }

    /// The stat of the database's own file by now; none where there is none, or where changes wait in its log.
    pub fn stat(&self) -> Result<Option<FileStat>, Error> {
        let log = self.folder.examine(&format!("{}-wal", self.name), Belongs::Renewable)?;
        match log {
            None | Some(0) => Ok(self.folder.stat(self.name)?.map(|stat| stat_of(&stat))),
            Some(_) => Ok(None),
        }
    }

    /// Sets the file's time of change back by the least there is, so that whatever is written to it later has another
    /// one: the clock of a file system may stand still for milliseconds.
    pub fn stamp(&self) -> Result<(), Error> {
        match self.folder.stat(self.name)? {
            Some(stat) => self.folder.set_mtime(self.name, stat_of(&stat).mtime.saturating_sub(1)),
            None => Ok(()),
        }
    }

    /// The mark that its users set in the head of the database; none where only SQLite knows, because a log lies
    /// beside it, or it is no database.
    pub fn application_id(&self) -> Option<u32> {
        let (mut file, _) = self.folder.open_file(self.name).ok().flatten()?;
        let mut head = [0; APPLICATION_ID_END];
        file.read_exact(&mut head).ok().filter(|()| !self.has_log)?;
        let bytes = head[APPLICATION_ID_END - 4..].try_into().ok()?;
        head.starts_with(b"SQLite format 3\0").then(|| u32::from_be_bytes(bytes))
    }

    /// Where a copy can be kept: `catalog.sqlite.before-1` or, where there is one, the next that is free.
    pub fn free_path(&self) -> Result<PathBuf, Error> {
        self.free_name().map(|name| self.path.with_file_name(name))
    }

    /// Keeps a copy of the files as they lie there, durably; returns the path of the database's.
    pub fn keep_copy(&self) -> Result<PathBuf, Error> {
        let kept = self.free_name()?;
        for end in ["", "-wal"] {
            let Some((mut file, _)) = self.folder.open_file(&format!("{}{end}", self.name))? else {
                continue;
            };
            let copy_name = format!("{kept}{end}");
            let copied = self.folder.create(&self.folder.top(), &copy_name, OFlags::WRONLY);
            let mut copy = copied.map_err(|errno| self.folder.io("make", &copy_name, errno))?;
            let written = std::io::copy(&mut file, &mut copy).and_then(|_| copy.sync_all());
            written.map_err(|source| Error::io("write", copy_name, source))?;
        }
        self.folder.sync("")?;
        Ok(self.path.with_file_name(kept))
    }

    /// Makes the database under another name, by `make`, and gives it its own when it is whole.
    pub fn place(&self, make: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
        let name = format!("{TEMPORARY}{}", self.name);
        let path = self.path.with_file_name(&name);
        self.folder.remove(&name)?;
        make(&path)?;
        std::fs::rename(&path, &self.path)
            .map_err(|source| Error::io("make", self.path.display().to_string(), source))
    }

    /// Hands over the files and the copies that are kept, piece by piece, with their names; a piece begins with up to
    /// `n_overlap` bytes of the one before.
    pub fn each_piece(
        &self,
        n_piece: usize,
        n_overlap: usize,
        mut each: impl FnMut(&str, &[u8]),
    ) -> Result<(), Error> {
        for name in self.names()? {
            let Some((mut file, _)) = self.folder.open_file(&name)? else { continue };
            let mut piece = Vec::new();
            loop {
                let n_before = piece.len();
                let read = file.by_ref().take(n_piece as u64).read_to_end(&mut piece);
                read.map_err(|source| Error::io("read", name.clone(), source))?;
                if piece.len() == n_before {
                    break;
                }
                each(&name, &piece);
                piece.drain(..piece.len().saturating_sub(n_overlap));
            }
        }
        Ok(())
    }

    /// The names of all that belongs to it, there or not.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let ends = ENDS.iter().map(|end| format!("{}{end}", self.name));
        Ok(ends.chain(self.kept_names()?).collect())
    }

    /// Removes the copies that are kept of earlier databases.
    pub fn remove_kept(&self) -> Result<(), Error> {
        for name in self.kept_names()? {
            self.folder.remove(&name)?;
        }
        self.folder.sync("")
    }

    /// The names of copies that are kept of earlier databases.
    pub fn kept_names(&self) -> Result<Vec<String>, Error> {
        let beginning = format!("{}.before-", self.name);
        let mut names = Vec::new();
        self.folder.each_in("", |found| {
            if found.name.starts_with(&beginning) {
                names.push(found.name.to_owned());
            }
            Ok(())
        })?;
        Ok(names)
    }

    fn free_name(&self) -> Result<String, Error> {
        let mut n = 1_u64;
        loop {
            let name = format!("{}.before-{n}", self.name);
            if self.folder.examine(&name, Belongs::Renewable)?.is_none() {
                return Ok(name);
            }
            n += 1;
        }
    }

    /// Removes the database with all that belongs to it.
    pub fn remove(&self) -> Result<(), Error> {
        ENDS.iter().try_for_each(|end| self.folder.remove(&format!("{}{end}", self.name)).map(drop))
    }
}

fn stat_of(stat: &Stat) -> FileStat {
    let nanoseconds =
        |seconds: i64, more: i64| seconds.saturating_mul(1_000_000_000).saturating_add(more);
    FileStat {
        n_bytes: u64::try_from(stat.st_size).unwrap_or(0),
        mtime: nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i64),
        ctime: nanoseconds(stat.st_ctime, stat.st_ctime_nsec as i64),
        inode: stat.st_ino,
        device: stat.st_dev,
    }
}
