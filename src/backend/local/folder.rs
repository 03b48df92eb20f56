//! A folder and all below it, by handles: a name is opened from the handle of the folder that it lies in, and
//! a link is never followed, so nothing outside is reached whatever is put in its place.
//!
//! Only the folder itself may be named by way of links: where an archive is, its owner decides.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use rustix::fs::ResolveFlags;
use rustix::fs::{
    self, AtFlags, Dir, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_OMIT, Uid,
};
use rustix::io::Errno;

use crate::backend::is_component;
use crate::types::error::Error;

pub(super) const AS_FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(NO_SURPRISES);
/// No link is followed, no pipe is waited for.
pub(super) const NO_SURPRISES: OFlags =
    OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// An open folder.
pub(super) struct ArchiveFolder {
    handle: OwnedFd,
    path: PathBuf,
    /// Whom the superuser gives what it makes here, so that the folder's owner can write it too.
    owner: Option<(Uid, Gid)>,
}

/// What belongs under a name, and what to do when something else is there.
#[derive(Clone, Copy)]
pub(super) enum Belongs {
    /// A file that holds facts.
    Fact,
    /// A folder.
    Folder,
    /// A file that is made anew when it is missing.
    Renewable,
}

/// The folder itself, or one below it.
pub(super) enum Handle<'a> {
    Top(BorrowedFd<'a>),
    Below(OwnedFd),
}

/// What a walk meets: anything but a folder.
pub(super) struct Found<'a> {
    /// The name from the walked folder's top on.
    pub(super) name: &'a str,
    pub(super) kind: FileType,
    folder: &'a Handle<'a>,
    own_name: &'a str,
}

impl ArchiveFolder {
    /// Opens the folder at a path, which may lead over links; `None` when there is no folder.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = || {
            let Some(handle) = present(fs::open(path, flags, Mode::empty()))? else {
                return Ok(None);
            };
            let owner = owner(&fs::fstat(&handle)?);
            Ok(Some(Self { handle, path: path.to_owned(), owner }))
        };
        open().map_err(|errno: Errno| Error::io("open", path.display().to_string(), errno.into()))
    }

    /// The folder itself, to make files in.
    pub(super) fn top(&self) -> Handle<'_> {
        Handle::Top(self.handle.as_fd())
    }

    /// Whether what is made here is given to somebody else.
    pub(super) fn has_other_owner(&self) -> bool {
        self.owner.is_some()
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder below of this name, "" for this one; `None` when there is none.
    pub(super) fn enter(&self, folder: &str) -> Result<Option<Handle<'_>>, Error> {
        let mut handle = self.top();
        if let Some(below) = self.open_beneath(folder, AS_FOLDER) {
            return Ok(Some(Handle::Below(below)));
        }
        for (part, so_far) in parts(folder) {
            match fs::openat(&handle, part, AS_FOLDER, Mode::empty()) {
                Ok(below) => handle = Handle::Below(below),
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => match kind_of(&handle, part) {
                    // Below a file there is nothing.
                    Some(FileType::RegularFile) => return Ok(None),
                    kind => return Err(self.trouble(so_far, Belongs::Folder, kind, errno)),
                },
            }
        }
        Ok(Some(handle))
    }

    /// The folder below of this name, made with those above it where there are none.
    pub(super) fn make(&self, folder: &str) -> Result<Handle<'_>, Error> {
        let mut handle = self.top();
        for (part, so_far) in parts(folder) {
            let open = |from: &Handle| fs::openat(from, part, AS_FOLDER, Mode::empty());
            let opened = match open(&handle) {
                Err(Errno::NOENT) => self.make_one(&handle, part).and_then(|()| open(&handle)),
                opened => opened,
            };
            handle = match opened {
                Ok(below) => Handle::Below(below),
                Err(errno) => {
                    let kind = kind_of(&handle, part);
                    return Err(self.trouble(so_far, Belongs::Folder, kind, errno));
                }
            };
        }
        Ok(handle)
    }

    fn make_one(&self, handle: &Handle, part: &str) -> Result<(), Errno> {
        match fs::mkdirat(handle, part, Mode::from_raw_mode(0o777)) {
            Ok(()) => match self.owner {
                Some((user, group)) => {
                    let flags = AtFlags::SYMLINK_NOFOLLOW;
                    fs::chownat(handle, part, Some(user), Some(group), flags)
                }
                None => Ok(()),
            },
            Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// A file for reading, and its size; `None` when there is none.
    pub(super) fn open_file(&self, name: &str) -> Result<Option<(File, u64)>, Error> {
        if let Some(opened) = self.open_beneath(name, OFlags::RDONLY | NO_SURPRISES) {
            return self.examined(opened, name, Belongs::Fact).map(Some);
        }
        let (folder, own_name) = split(name);
        let Some(handle) = self.enter(folder)? else { return Ok(None) };
        self.open_in(&handle, name, own_name, OFlags::RDONLY, Belongs::Fact)
    }

    /// What lies below, in one call, where the system has one that follows no link and leaves the folder by none.
    /// What is wrong, if anything, is for those to say who go step by step.
    #[cfg(target_os = "linux")]
    fn open_beneath(&self, name: &str, access: OFlags) -> Option<OwnedFd> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        fs::openat2(self.top(), name, access, Mode::empty(), resolve).ok()
    }

    #[cfg(not(target_os = "linux"))]
    fn open_beneath(&self, _name: &str, _access: OFlags) -> Option<OwnedFd> {
        None
    }

    /// A file for reading and writing, made if there is none, and never emptied.
    pub(super) fn open_or_make(&self, name: &str) -> Result<File, Error> {
        let top = self.top();
        loop {
            let opened = self.open_in(&top, name, name, OFlags::RDWR, Belongs::Renewable)?;
            if let Some((file, _)) = opened {
                return Ok(file);
            }
            match self.create(&top, name, OFlags::RDWR) {
                Err(Errno::EXIST) => {}
                made => return made.map_err(|errno| self.io("make", name, errno)),
            }
        }
    }

    fn open_in(
        &self,
        handle: &Handle,
        name: &str,
        own_name: &str,
        access: OFlags,
        belongs: Belongs,
    ) -> Result<Option<(File, u64)>, Error> {
        match fs::openat(handle, own_name, access | NO_SURPRISES, Mode::empty()) {
            Ok(opened) => self.examined(opened, name, belongs).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.trouble(name, belongs, kind_of(handle, own_name), errno)),
        }
    }

    fn examined(
        &self,
        opened: OwnedFd,
        name: &str,
        belongs: Belongs,
    ) -> Result<(File, u64), Error> {
        let stat = fs::fstat(&opened).map_err(|errno| self.io("examine", name, errno))?;
        self.expect(name, belongs, &stat)?;
        Ok((File::from(opened), n_bytes(&stat)))
    }

    /// Makes a file that must not exist yet in a folder below.
    pub(super) fn create(
        &self,
        handle: &Handle,
        own_name: &str,
        access: OFlags,
    ) -> Result<File, Errno> {
        let flags = access | OFlags::CREATE | OFlags::EXCL | NO_SURPRISES;
        let made = fs::openat(handle, own_name, flags, Mode::from_raw_mode(0o666))?;
        if let Some((user, group)) = self.owner {
            fs::fchown(&made, Some(user), Some(group))?;
        }
        Ok(File::from(made))
    }

    /// The size of what lies under a name, which must be what belongs there; `None` when nothing does.
    pub(super) fn examine(&self, name: &str, belongs: Belongs) -> Result<Option<u64>, Error> {
        let (folder, own_name) = split(name);
        let Some(handle) = self.enter(folder)? else { return Ok(None) };
        let stat = present(fs::statat(&handle, own_name, AtFlags::SYMLINK_NOFOLLOW));
        let Some(stat) = stat.map_err(|errno| self.io("examine", name, errno))? else {
            return Ok(None);
        };
        self.expect(name, belongs, &stat)?;
        Ok(Some(n_bytes(&stat)))
    }

    /// The stat of a file at the top.
    pub(super) fn stat(&self, name: &str) -> Result<Option<Stat>, Error> {
        let stat = present(fs::statat(self.top(), name, AtFlags::SYMLINK_NOFOLLOW));
        stat.map_err(|errno| self.io("examine", name, errno))
    }

    /// Sets when a file at the top changed last, in nanoseconds since 1970. It is not opened: to close it would end
    /// the locks that SQLite has on it.
    pub(super) fn set_mtime(&self, name: &str, mtime: i64) -> Result<(), Error> {
        let tv_sec = mtime.div_euclid(1_000_000_000);
        let times = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            last_modification: Timespec { tv_sec, tv_nsec: mtime.rem_euclid(1_000_000_000) },
        };
        fs::utimensat(self.top(), name, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| self.io("set the time of", name, errno))
    }

    /// Removes a file or a link; `false` when the folder that it would lie in is not there either.
    pub(super) fn remove(&self, name: &str) -> Result<bool, Error> {
        let (folder, own_name) = split(name);
        let Some(handle) = self.enter(folder)? else { return Ok(false) };
        match fs::unlinkat(&handle, own_name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            Err(errno) => Err(self.io("remove", name, errno)),
        }
    }

    /// Removes a folder that is empty; whether it is gone.
    pub(super) fn remove_empty(&self, name: &str) -> Result<bool, Error> {
        let (folder, own_name) = split(name);
        let Some(handle) = self.enter(folder)? else { return Ok(true) };
        match fs::unlinkat(&handle, own_name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
            Err(errno) => Err(self.io("remove", name, errno)),
        }
    }

    /// Makes the names in a folder below durable.
    pub(super) fn sync(&self, folder: &str) -> Result<(), Error> {
        let Some(handle) = self.enter(folder)? else {
            return Err(self.io("sync", folder, Errno::NOENT));
        };
        match fs::fsync(&handle) {
            // Some network file systems cannot sync a folder and keep its names in order themselves.
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP) => Ok(()),
            Err(errno) => Err(self.io("sync", folder, errno)),
        }
    }

    /// Visits everything below a folder that is no folder itself. What has no name that an archive gives is
    /// passed over, and so is what lies in such folders; names that start with a dot are visited.
    pub(super) fn walk(
        &self,
        top: &str,
        mut visit: impl FnMut(&Found) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut folders = vec![top.to_owned()];
        while let Some(folder) = folders.pop() {
            folders.extend(self.each_in(&folder, &mut visit)?);
        }
        Ok(())
    }

    /// Visits what is no folder in one folder; the names of the folders in it.
    pub(super) fn each_in(
        &self,
        folder: &str,
        mut visit: impl FnMut(&Found) -> Result<(), Error>,
    ) -> Result<Vec<String>, Error> {
        let mut folders = Vec::new();
        let Some(handle) = self.enter(folder)? else { return Ok(folders) };
        let list = |errno| self.io("list", folder, errno);
        for entry in Dir::read_from(&handle).map_err(list)? {
            let entry = entry.map_err(list)?;
            let Ok(own_name) = entry.file_name().to_str() else { continue };
            let kind = match entry.file_type() {
                FileType::Unknown => kind_of(&handle, own_name).unwrap_or(FileType::Unknown),
                kind => kind,
            };
            let name = match folder {
                "" => own_name.to_owned(),
                folder => format!("{folder}/{own_name}"),
            };
            match kind {
                FileType::Directory if is_component(own_name) => folders.push(name),
                FileType::Directory => {}
                kind => visit(&Found { name: &name, kind, folder: &handle, own_name })?,
            }
        }
        Ok(folders)
    }

    /// Something else than belongs under a name is an error that says so.
    fn expect(&self, name: &str, belongs: Belongs, stat: &Stat) -> Result<(), Error> {
        let kind = FileType::from_raw_mode(stat.st_mode);
        match belongs.is(kind) {
            true => Ok(()),
            false => Err(self.misplaced(name, belongs, kind)),
        }
    }

    /// The error for what could not be opened.
    fn trouble(&self, name: &str, belongs: Belongs, kind: Option<FileType>, e: Errno) -> Error {
        match kind.filter(|kind| !belongs.is(*kind)) {
            Some(kind) => self.misplaced(name, belongs, kind),
            None => self.io("open", name, e),
        }
    }

    /// The error for something that lies where something else belongs.
    pub(super) fn misplaced(&self, name: &str, belongs: Belongs, kind: FileType) -> Error {
        let found = match kind {
            FileType::RegularFile => "a file",
            FileType::Directory => "a folder",
            FileType::Symlink => "a symbolic link",
            FileType::Fifo => "a named pipe",
            FileType::Socket => "a socket",
            _ => "a device",
        };
        let why = |belongs: &str, way_out: &str| {
            format!("it is {found}, and {belongs} belongs there; {way_out}")
        };
        match belongs {
            Belongs::Fact => Error::damaged(name, why("a file", "put the file itself there")),
            Belongs::Folder => Error::damaged(name, why("a folder", "put the folder itself there")),
            Belongs::Renewable => {
                let path = self.path.join(name);
                let path = std::path::absolute(&path).unwrap_or(path);
                let why = why("a file", "remove it, and it is made anew");
                Error::damaged(path.display().to_string(), why)
            }
        }
    }

    /// An operation that the machine refused.
    pub(super) fn io(&self, operation: &'static str, name: &str, errno: Errno) -> Error {
        // Joined with nothing, a path would end in a slash.
        let path = if name.is_empty() { self.path.clone() } else { self.path.join(name) };
        Error::io(operation, path.display().to_string(), errno.into())
    }
}

impl Found<'_> {
    /// Its size.
    pub(super) fn n_bytes(&self) -> io::Result<Option<u64>> {
        let stat = present(fs::statat(self.folder, self.own_name, AtFlags::SYMLINK_NOFOLLOW))?;
        Ok(stat.map(|stat| n_bytes(&stat)))
    }
}

impl Belongs {
    fn is(self, kind: FileType) -> bool {
        match self {
            Self::Fact | Self::Renewable => kind == FileType::RegularFile,
            Self::Folder => kind == FileType::Directory,
        }
    }
}

impl AsFd for Handle<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Top(handle) => *handle,
            Self::Below(handle) => handle.as_fd(),
        }
    }
}

/// A name as the folder that it lies in, and its own name there.
pub(super) fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

/// Each part of a folder's name, with the name up to its end.
fn parts(folder: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut end = 0;
    folder.split('/').filter(|part| !part.is_empty()).map(move |part| {
        end += part.len() + usize::from(end > 0);
        (part, &folder[..end])
    })
}

/// Whom the superuser makes files for here.
fn owner(stat: &Stat) -> Option<(Uid, Gid)> {
    let owner = Uid::from_raw(stat.st_uid);
    (rustix::process::geteuid().is_root() && !owner.is_root())
        .then(|| (owner, Gid::from_raw(stat.st_gid)))
}

fn kind_of(handle: &Handle, own_name: &str) -> Option<FileType> {
    let stat = fs::statat(handle, own_name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(FileType::from_raw_mode(stat.st_mode))
}

fn n_bytes(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// Makes `None` of "there is none".
pub(super) fn present<T>(result: Result<T, Errno>) -> Result<Option<T>, Errno> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folders_name_is_taken_apart_from_the_top() {
        let all = |folder| parts(folder).collect::<Vec<_>>();
        assert_eq!(all(""), []);
        assert_eq!(all("log"), [("log", "log")]);
        assert_eq!(all("a/bc/d"), [("a", "a"), ("bc", "a/bc"), ("d", "a/bc/d")]);
        assert_eq!(split("a/bc/d"), ("a/bc", "d"));
        assert_eq!(split("lock"), ("", "lock"));
    }
}
