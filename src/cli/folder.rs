//! Folders by their open handles: what a name means is asked of the folder that was opened, so that
//! nobody who swaps a folder for a link leads us elsewhere.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::files::{self, FileKind, INPUT, PathStat, invalid, no_link};

/// An identity begins like this, then come a number and a line end.
const IDENTITY_BEGINS: &[u8] = b"archive ";
const IDENTITY: &str = "identity";
const IDENTITY_BYTES_MAX: u64 = 64 << 10;

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder that is open. Names in it are single components of a path, and no link is followed.
#[derive(Debug)]
pub struct OpenFolder(OwnedFd);

impl OpenFolder {
    /// Opens the folder at a path; links on the way are followed, one at its end is not.
    pub fn at(path: &Path) -> io::Result<Self> {
        Ok(Self(fs::open(path, FOLDER, Mode::empty()).map_err(no_folder)?))
    }

    /// Opens the folder that a person named, by a link perhaps.
    pub fn named(path: &Path) -> io::Result<Self> {
        let opened = fs::open(path, FOLDER - OFlags::NOFOLLOW, Mode::empty());
        Ok(Self(opened.map_err(no_folder)?))
    }

    /// Opens a folder in it.
    pub fn folder(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self(fs::openat(&self.0, name, FOLDER, Mode::empty()).map_err(no_folder)?))
    }

    /// Opens a regular file in it for reading.
    pub fn file(&self, name: &OsStr) -> io::Result<File> {
        let opened = fs::openat(&self.0, name, INPUT, Mode::empty());
        files::regular(File::from(opened.map_err(no_link)?))
    }

    /// What a name in it stands for.
    pub fn look(&self, name: &OsStr) -> io::Result<PathStat> {
        Ok(PathStat::of_raw(&fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    /// The folder's own stat.
    pub fn stat(&self) -> io::Result<PathStat> {
        Ok(PathStat::of_raw(&fs::fstat(&self.0)?))
    }

    /// The target of a link in it.
    pub fn link_target(&self, name: &OsStr) -> io::Result<Vec<u8>> {
        Ok(fs::readlinkat(&self.0, name, Vec::new())?.into_bytes())
    }

    /// The names in it, in no order.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::Dir::read_from(&self.0)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if !matches!(&name[..], b"." | b"..") {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    /// Whether it is an archive's: by what its identity begins with, or by what lies beside one.
    pub fn is_archive(&self) -> bool {
        let name = OsStr::new(IDENTITY);
        let Ok(identity) = self.file(name) else { return false };
        let Ok(bytes) = files::read_all_of(identity, IDENTITY_BYTES_MAX) else { return false };
        let number = bytes.strip_prefix(IDENTITY_BEGINS);
        let is_folder = |name: &str| {
            self.look(OsStr::new(name)).is_ok_and(|stat| stat.kind == FileKind::Folder)
        };
        number.is_some_and(|number| number.first().is_some_and(u8::is_ascii_digit))
            || (is_folder("log") && is_folder("packs"))
    }
}

impl OpenFolder {
    /// Makes a folder in it; its mode is for the umask to say.
    pub fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o777))?)
    }

    /// Makes a new file under a temporary name.
    pub fn temporary(&self) -> io::Result<Temporary<'_>> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let make = |name: &OsStr| fs::openat(&self.0, name, flags, Mode::from_raw_mode(0o666));
        let (name, file) = self.unused(make)?;
        let file = File::from(file);
        // Whoever sweeps leftovers passes over a file that is locked.
        let _ = file.try_lock();
        Ok(Temporary { folder: self, name, file, is_named: false })
    }

    /// Makes a symlink; the name must be free.
    pub fn make_link(&self, name: &OsStr, target: &OsStr) -> io::Result<()> {
        Ok(fs::symlinkat(target, &self.0, name)?)
    }

    /// Makes a symlink in place of a file or link.
    pub fn replace_with_link(&self, name: &OsStr, target: &OsStr) -> io::Result<()> {
        let (temporary, ()) = self.unused(|name| fs::symlinkat(target, &self.0, name))?;
        fs::renameat(&self.0, &temporary, &self.0, name).map_err(|error| {
            let _ = self.remove(&temporary);
            error.into()
        })
    }

    /// Removes what an interrupted export left in it.
    pub fn sweep(&self, names: &[OsString]) {
        let prefix = files::TEMPORARY_PREFIX.as_bytes();
        for name in names.iter().filter(|name| name.as_bytes().starts_with(prefix)) {
            let is_left = match self.look(name).map(|stat| stat.kind) {
                Ok(FileKind::File) => self.file(name).is_ok_and(|it| it.try_lock().is_ok()),
                Ok(FileKind::Symlink) => true,
                _ => false,
            };
            if is_left {
                let _ = self.remove(name);
            }
        }
    }

    fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Makes something under the first temporary name that is free.
    fn unused<T>(
        &self,
        make: impl Fn(&OsStr) -> rustix::io::Result<T>,
    ) -> io::Result<(OsString, T)> {
        let mut n = 0_u64;
        loop {
            let name = format!("{}{}-{n}", files::TEMPORARY_PREFIX, std::process::id());
            match make(OsStr::new(&name)) {
                Ok(made) => return Ok((name.into(), made)),
                Err(Errno::EXIST) => n += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives a file its name, which must be free.
    fn rename_to_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        match fs::renameat_with(&self.0, from, &self.0, to, fs::RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            done => return Ok(done?),
        }
        fs::linkat(&self.0, from, &self.0, to, AtFlags::empty())?;
        self.remove(from)
    }
}

/// A file on its way to its name; without one it goes again.
pub struct Temporary<'a> {
    folder: &'a OpenFolder,
    name: OsString,
    file: File,
    is_named: bool,
}

impl Temporary<'_> {
    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives it a name that must be free.
    pub fn give_new_name(mut self, name: &OsStr) -> io::Result<()> {
        self.folder.rename_to_new(&self.name, name)?;
        self.is_named = true;
        Ok(())
    }

    /// Gives it the name of another file or link, which it replaces.
    pub fn replace(mut self, name: &OsStr) -> io::Result<()> {
        fs::renameat(&self.folder.0, &self.name, &self.folder.0, name)?;
        self.is_named = true;
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.is_named {
            let _ = self.folder.remove(&self.name);
        }
    }
}

/// A folder was asked for, and something else is there.
fn no_folder(error: Errno) -> io::Error {
    match error {
        Errno::LOOP | Errno::NOTDIR => invalid("it is no folder, or a symlink took its place"),
        error => error.into(),
    }
}
