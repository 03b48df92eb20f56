//! Files opened, read and written without surprises: no link is followed, no pipe is waited for,
//! no half-written file is ever seen under its name.

use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt as _, fchown};
use std::path::Path;

use rustix::fs::{Mode, OFlags, Stat};
use rustix::io::Errno;
use tempfile::{Builder, NamedTempFile};

use crate::types::time::Timestamp;

/// What files under way to their names are called, and what an interrupted export leaves.
pub const TEMPORARY_PREFIX: &str = ".archive-export-";

/// No link is followed and no pipe is waited for.
pub(super) const INPUT: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

const NOT_REGULAR: &str = "it is not a regular file";

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    File,
    Folder,
    Symlink,
    Socket,
    Device,
    Fifo,
}

/// What the file system says about a file; equal stats mean that nobody touched it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathStat {
    /// Bytes, or the length of a symlink's target.
    pub size: u64,
    /// When the content last changed, as far as the file system admits: whole seconds since 1970, and
    /// the nanoseconds above them.
    pub mtime: (i64, u32),
    /// When content or attributes last changed, in nanoseconds since 1970.
    pub ctime: i64,
    /// The file's number on its device.
    pub inode: u64,
    /// The device's number.
    pub device: u64,
    /// What it is.
    pub kind: FileKind,
}

impl FileKind {
    /// What it is, as the end of a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Symlink => "a symlink",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Fifo => "a named pipe",
        }
    }
}

impl PathStat {
    /// The parts of `metadata` that matter here.
    pub fn of(metadata: &Metadata) -> Self {
        let nanoseconds = u32::try_from(metadata.mtime_nsec()).unwrap_or(0);
        Self {
            size: metadata.size(),
            mtime: (metadata.mtime(), nanoseconds),
            ctime: metadata
                .ctime()
                .saturating_mul(1_000_000_000)
                .saturating_add(metadata.ctime_nsec()),
            inode: metadata.ino(),
            device: metadata.dev(),
            kind: kind_of(metadata.mode()),
        }
    }

    /// The same of what the system call gives.
    #[allow(clippy::unnecessary_cast, reason = "how wide the fields are differs between systems")]
    pub(super) fn of_raw(stat: &Stat) -> Self {
        let nanoseconds = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
        Self {
            size: stat.st_size as u64,
            mtime: (stat.st_mtime as i64, nanoseconds),
            ctime: (stat.st_ctime as i64)
                .saturating_mul(1_000_000_000)
                .saturating_add(stat.st_ctime_nsec as i64),
            inode: stat.st_ino as u64,
            device: stat.st_dev as u64,
            kind: kind_of(stat.st_mode),
        }
    }

    /// The same as a timestamp; `None` outside the years 0001 to 9999.
    pub fn modified(&self) -> Option<Timestamp> {
        Timestamp::of_unix(self.mtime.0, self.mtime.1)
    }

    /// Device and inode: which file this is, whatever it is called.
    pub fn identity(&self) -> (u64, u64) {
        (self.device, self.inode)
    }
}

/// What was opened, if it is a regular file.
pub(super) fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() { Ok(file) } else { Err(invalid(NOT_REGULAR)) }
}

/// Says of a link that was not followed what it is; the system speaks of too many levels.
pub(super) fn no_link(error: Errno) -> io::Error {
    if error == Errno::LOOP {
        invalid("it is a symlink, which is not followed")
    } else {
        error.into()
    }
}

fn kind_of(mode: u32) -> FileKind {
    match rustix::fs::FileType::from_raw_mode(mode) {
        it if it.is_file() => FileKind::File,
        it if it.is_dir() => FileKind::Folder,
        it if it.is_symlink() => FileKind::Symlink,
        it if it.is_socket() => FileKind::Socket,
        it if it.is_fifo() => FileKind::Fifo,
        _ => FileKind::Device,
    }
}

/// Opens a regular file for reading; a symlink, pipe, socket, device or folder is an error.
pub fn open_input(path: &Path) -> io::Result<File> {
    let opened = rustix::fs::open(path, INPUT, Mode::empty());
    regular(File::from(opened.map_err(no_link)?))
}

/// Reads a small regular file whole; `None` when there is none, an error when it is too large.
pub fn read_small(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    read_opened(rustix::fs::open(path, INPUT - OFlags::NOFOLLOW, Mode::empty()), bytes_max)
}

/// The same of a file that this program wrote itself, where a symlink is an error.
pub fn read_own(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    read_opened(rustix::fs::open(path, INPUT, Mode::empty()), bytes_max)
}

fn read_opened(opened: Result<OwnedFd, Errno>, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    match opened {
        Ok(file) => read_all_of(File::from(file), bytes_max).map(Some),
        Err(Errno::NOENT) => Ok(None),
        // A socket cannot be opened.
        Err(Errno::NXIO) => Err(invalid(NOT_REGULAR)),
        Err(error) => Err(no_link(error)),
    }
}

/// Reads a small regular file to its end.
pub fn read_all_of(file: File, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular(file)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(invalid(format!("it has more than {bytes_max} bytes")));
    }
    Ok(bytes)
}

/// Makes a folder and those above it, readable by its owner alone; existing ones stay as they are. New ones
/// are durable when this returns.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_private_folder(above)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        made => made?,
    }
    let made = File::open(folder)?;
    let holder = File::open(folder_of(folder)?)?;
    give_to_owner(&holder, &made)?;
    holder.sync_all()
}

/// What the superuser makes in somebody's folder is that person's, who could not change it otherwise.
fn give_to_owner(folder: &File, made: &File) -> io::Result<()> {
    let (folder, made_by) = (folder.metadata()?, made.metadata()?.uid());
    if made_by == 0 && folder.uid() != 0 {
        fchown(made, Some(folder.uid()), Some(folder.gid()))?;
    }
    Ok(())
}

/// Opens a file to lock it, and makes it if there is none, readable by its owner alone. A link is not followed, and
/// what is no regular file is an error.
pub fn open_private(path: &Path) -> io::Result<File> {
    let flags = INPUT.union(OFlags::RDWR);
    loop {
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(opened) => return regular(File::from(opened)),
            // Nobody listens to it, or nobody can: a socket.
            Err(Errno::NXIO) => return Err(invalid(NOT_REGULAR)),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(no_link(error)),
        }
        let mode = Mode::from_raw_mode(0o600);
        match rustix::fs::open(path, flags | OFlags::CREATE | OFlags::EXCL, mode) {
            Ok(made) => {
                let made = File::from(made);
                give_to_owner(&File::open(folder_of(path)?)?, &made)?;
                return Ok(made);
            }
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes a file that must not exist yet, readable by its owner alone, whole and durable.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    let written = written_beside(folder, bytes, 0o600)?;
    written.as_file().sync_all()?;
    written.persist_noclobber(path)?;
    File::open(folder)?.sync_all()
}

/// Writes a file that must not exist yet, whole; readable by whom the process lets read its files.
pub fn write_new_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    written_beside(folder_of(path)?, bytes, 0o666)?.persist_noclobber(path)?;
    Ok(())
}

/// Replaces a file, or makes it, at once and durably; readable by its owner alone.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    let written = written_beside(folder, bytes, 0o600)?;
    written.as_file().sync_all()?;
    written.persist(path)?;
    File::open(folder)?.sync_all()
}

/// Replaces a file, or makes it, at once; readable by whom the process lets read its files.
pub fn replace_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    written_beside(folder_of(path)?, bytes, 0o666)?.persist(path)?;
    Ok(())
}

/// An error about what a file holds rather than about reaching it.
pub fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// A temporary file, which has its mode from its first moment.
fn written_beside(folder: &Path, bytes: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    let holder = File::open(folder)?;
    let permissions = Permissions::from_mode(mode);
    let mut builder = Builder::new();
    let made = builder.prefix(TEMPORARY_PREFIX).permissions(permissions).tempfile_in(folder);
    let mut temporary = made.map_err(unnamed)?;
    give_to_owner(&holder, temporary.as_file())?;
    temporary.as_file_mut().write_all(bytes)?;
    Ok(temporary)
}

/// The error without the name of a temporary file, which nobody asked for.
pub fn unnamed(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => Errno::NOENT.into(),
        io::ErrorKind::PermissionDenied => Errno::ACCESS.into(),
        io::ErrorKind::NotADirectory => Errno::NOTDIR.into(),
        io::ErrorKind::ReadOnlyFilesystem => Errno::ROFS.into(),
        io::ErrorKind::StorageFull => Errno::NOSPC.into(),
        _ => error,
    }
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().ok_or_else(|| invalid("it has no folder"))?;
    Ok(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    #[test]
    fn an_input_is_a_regular_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("plain"), "text").unwrap();
        symlink("plain", at("link")).unwrap();
        symlink("loop", at("loop")).unwrap();
        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());

        let mut input = open_input(&at("plain")).unwrap();
        assert_eq!(io::read_to_string(&mut input).unwrap(), "text");
        for other in ["link", "loop", "pipe", ".", "missing"] {
            assert!(open_input(&at(other)).is_err(), "{other}");
        }
    }

    // A pipe in the place of the state folder's lock was waited for without end, and a link followed.
    #[test]
    fn a_file_to_lock_is_a_regular_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("made by way of it", at("link")).unwrap();
        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for (name, why) in [
            ("link", "it is a symlink, which is not followed"),
            ("pipe", NOT_REGULAR),
            ("socket", NOT_REGULAR),
        ] {
            assert_eq!(open_private(&at(name)).unwrap_err().to_string(), why, "{name}");
            assert_eq!(read_own(&at(name), 9).unwrap_err().to_string(), why, "{name}");
        }
        assert!(open_private(folder.path()).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        for _ in 0..2 {
            open_private(&at("lock")).unwrap();
        }
        assert_eq!(fs::metadata(at("lock")).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn small_files_are_read_up_to_their_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert_eq!(read_small(&path, 4).unwrap(), None);
        fs::write(&path, "four").unwrap();
        assert_eq!(read_small(&path, 4).unwrap().as_deref(), Some(&b"four"[..]));
        assert!(read_small(&path, 3).is_err());
        assert!(read_small(folder.path(), 3).is_err());
    }

    #[test]
    fn a_new_file_is_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        write_new(&path, b"one").unwrap();
        let taken = write_new(&path, b"two").unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        replace(&path, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no leftovers");
    }
}
