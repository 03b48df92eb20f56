//! Files opened, read and written without surprises: no link is followed, no pipe is waited for,
//! no half-written file is ever seen under its name.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt as _, fchown};
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
    if file.metadata()?.is_file() { Ok(file) } else { Err(invalid("it is not a regular file")) }
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
    let file = match rustix::fs::open(path, INPUT - OFlags::NOFOLLOW, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    read_all_of(file, bytes_max).map(Some)
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

/// Opens a file for writing that only its owner can read; it is made if there is none.
pub fn open_private(path: &Path) -> io::Result<File> {
    let opened =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    give_to_owner(&File::open(folder_of(path)?)?, &opened)?;
    Ok(opened)
}

/// Writes a file that must not exist yet, readable by its owner alone, whole and durable.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    written_beside(folder, bytes)?.persist_noclobber(path)?;
    File::open(folder)?.sync_all()
}

/// Writes a file that must not exist yet, whole; readable by whom the process lets read its files.
pub fn write_new_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    let mut temporary = public_beside(folder)?;
    temporary.write_all(bytes)?;
    temporary.persist_noclobber(path)?;
    Ok(())
}

/// Replaces a file, or makes it, at once and durably; readable by its owner alone.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    written_beside(folder, bytes)?.persist(path)?;
    File::open(folder)?.sync_all()
}

/// Replaces a file, or makes it, at once; readable by whom the process lets read its files.
pub fn replace_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    let mut temporary = public_beside(folder)?;
    temporary.write_all(bytes)?;
    temporary.persist(path)?;
    Ok(())
}

/// An error about what a file holds rather than about reaching it.
pub fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// A temporary file that whom the process lets read its files can read.
fn public_beside(folder: &Path) -> io::Result<NamedTempFile> {
    let permissions = Permissions::from_mode(0o666);
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY_PREFIX).permissions(permissions).tempfile_in(folder).map_err(unnamed)
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

/// A temporary file has mode 0600 from its first moment.
fn written_beside(folder: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut temporary = NamedTempFile::new_in(folder).map_err(unnamed)?;
    give_to_owner(&File::open(folder)?, temporary.as_file())?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
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
