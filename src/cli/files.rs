//! Files opened, read and written without surprises: no link is followed, no pipe is waited for,
//! no half-written file is ever seen under its name.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::types::time::Timestamp;

/// What the file system says about a file; equal stats mean that nobody touched it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathStat {
    /// Bytes, or the length of a symlink's target.
    pub size: u64,
    /// When the content last changed, as far as the file system admits.
    pub mtime: Timestamp,
    /// When content or attributes last changed, in nanoseconds since 1970.
    pub ctime: i64,
    /// The file's number on its device.
    pub inode: u64,
    /// The device's number.
    pub device: u64,
}

/// A regular file, open for reading, and its stat at that moment.
#[derive(Debug)]
pub struct InputFile {
    /// The open file, at its first byte.
    pub file: File,
    /// Taken from the open file, so that it describes the bytes that will be read.
    pub stat: PathStat,
}

impl PathStat {
    /// The parts of `metadata` that matter here.
    pub fn of(metadata: &Metadata) -> Self {
        let nanoseconds = u32::try_from(metadata.mtime_nsec()).unwrap_or(0);
        Self {
            size: metadata.size(),
            mtime: Timestamp::from_unix(metadata.mtime(), nanoseconds),
            ctime: metadata
                .ctime()
                .saturating_mul(1_000_000_000)
                .saturating_add(metadata.ctime_nsec()),
            inode: metadata.ino(),
            device: metadata.dev(),
        }
    }

    /// Device and inode: which file this is, whatever it is called.
    pub fn identity(&self) -> (u64, u64) {
        (self.device, self.inode)
    }
}

/// Opens a regular file for reading; a symlink, pipe, socket, device or folder is an error.
pub fn open_input(path: &Path) -> io::Result<InputFile> {
    let file = match NO_SURPRISES {
        0 => open_as_seen(path)?,
        flags => OpenOptions::new().read(true).custom_flags(flags).open(path)?,
    };
    let opened = file.metadata()?;
    must_be_regular(&opened)?;
    Ok(InputFile { file, stat: PathStat::of(&opened) })
}

/// Where the system has no word for it: what was looked at is what is opened.
fn open_as_seen(path: &Path) -> io::Result<File> {
    let seen = fs::symlink_metadata(path)?;
    must_be_regular(&seen)?;
    let file = File::open(path)?;
    if PathStat::of(&file.metadata()?).identity() != PathStat::of(&seen).identity() {
        return Err(io::Error::other("another file took its place while it was opened"));
    }
    Ok(file)
}

/// Reads a small regular file whole; `None` when there is none, an error when it is too large.
pub fn read_small(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::options().read(true).custom_flags(O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    must_be_regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(invalid(format!("it has more than {bytes_max} bytes")));
    }
    Ok(Some(bytes))
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

/// Writes a file that must not exist yet, readable by its owner alone, whole and durable.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    written_beside(folder, bytes)?.persist_noclobber(path)?;
    File::open(folder)?.sync_all()
}

/// Replaces a file, or makes it, at once and durably; readable by its owner alone.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    written_beside(folder, bytes)?.persist(path)?;
    File::open(folder)?.sync_all()
}

/// An error about what a file holds rather than about reaching it.
pub fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// A temporary file has mode 0600 from its first moment.
fn written_beside(folder: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut temporary = NamedTempFile::new_in(folder)?;
    give_to_owner(&File::open(folder)?, temporary.as_file())?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().ok_or_else(|| invalid("it has no folder"))?;
    Ok(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

fn must_be_regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() { Ok(()) } else { Err(invalid("it is not a regular file")) }
}

const NO_SURPRISES: i32 = O_NOFOLLOW | O_NONBLOCK;

// From each system's fcntl.h; the standard library has no names for them. Where they are not known
// they are 0, and files are compared before and after they are opened.

const IS_LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));
const IS_BSD: bool = cfg!(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd"
));

const O_NOFOLLOW: i32 = match (IS_LINUX, IS_BSD) {
    (true, _) if cfg!(any(target_arch = "aarch64", target_arch = "arm")) => 0o100_000,
    (true, _) if cfg!(any(target_arch = "powerpc", target_arch = "powerpc64")) => 0o100_000,
    (true, _) => 0o400_000,
    (_, true) => 0x100,
    _ => 0,
};

const O_NONBLOCK: i32 = match (IS_LINUX, IS_BSD) {
    (true, _) if cfg!(any(target_arch = "mips", target_arch = "mips64")) => 0x80,
    (true, _) if cfg!(target_arch = "sparc64") => 0x4000,
    (true, _) => 0o4_000,
    (_, true) => 0x4,
    _ => 0,
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
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
        assert_eq!(input.stat.size, 4);
        assert_eq!(io::read_to_string(&mut input.file).unwrap(), "text");
        for other in ["link", "loop", "pipe", ".", "missing"] {
            assert!(open_input(&at(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn the_open_flags_do_what_their_names_say() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        symlink("pipe", &link).unwrap();
        let open = |path: &Path| File::options().read(true).custom_flags(NO_SURPRISES).open(path);
        assert!(open(&pipe).is_ok(), "opening a pipe without a writer must not wait");
        assert!(open(&link).is_err(), "a link must not be followed");
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
