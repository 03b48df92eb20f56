//! A folder on the way down. Its handle stays open while it is of use, but only so many do at a time:
//! others are opened again from the nearest open one above, and must then be the folder that was met.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cli::files::{self, PathStat};
use crate::cli::folder::OpenFolder;

/// So many handles of folders are kept by a walk.
const HANDLES_MAX: usize = 128;

/// How many handles a walk keeps.
pub(super) type HandleCount = Arc<AtomicUsize>;

/// A folder that the walk went into.
#[derive(Debug)]
pub struct WalkedFolder {
    kept: Option<KeptHandle>,
    above: FoundBy,
    identity: (u64, u64),
}

#[derive(Debug)]
struct KeptHandle {
    folder: OpenFolder,
    count: HandleCount,
}

/// What opens it again.
#[derive(Debug)]
enum FoundBy {
    Path(PathBuf),
    Folder(Arc<WalkedFolder>, OsString),
}

/// What opens a file when it is read.
#[derive(Debug)]
pub enum FileAt {
    /// The file that a person named.
    Path(PathBuf),
    /// A name in a folder that was walked.
    Folder(Arc<WalkedFolder>, OsString),
}

impl FileAt {
    /// Opens the file, which may be another one than was met, but is no link.
    pub fn open(&self) -> io::Result<File> {
        match self {
            Self::Path(path) => files::open_input(path),
            Self::Folder(folder, name) => folder.with(|folder| folder.file(name)),
        }
    }
}

impl WalkedFolder {
    /// Opens the folder that a person named.
    pub(super) fn named(path: &Path, count: &HandleCount) -> io::Result<Arc<Self>> {
        Self::new(OpenFolder::at(path)?, FoundBy::Path(path.to_owned()), count)
    }

    /// Opens the folder of this name in one.
    pub(super) fn inside(
        folder: &Arc<Self>,
        name: &OsStr,
        count: &HandleCount,
    ) -> io::Result<Arc<Self>> {
        let opened = folder.with(|folder| folder.folder(name))?;
        Self::new(opened, FoundBy::Folder(Arc::clone(folder), name.to_owned()), count)
    }

    fn new(folder: OpenFolder, above: FoundBy, count: &HandleCount) -> io::Result<Arc<Self>> {
        let identity = folder.stat()?.identity();
        let has_room = count.fetch_add(1, Ordering::Relaxed) < HANDLES_MAX;
        let kept = KeptHandle { folder, count: Arc::clone(count) };
        Ok(Arc::new(Self { kept: has_room.then_some(kept), above, identity }))
    }

    /// Device and inode of the folder that was met.
    pub(super) fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// Asks the folder something.
    pub(super) fn with<T>(&self, ask: impl FnOnce(&OpenFolder) -> io::Result<T>) -> io::Result<T> {
        match &self.kept {
            Some(kept) => ask(&kept.folder),
            None => ask(&self.opened_again()?),
        }
    }

    fn opened_again(&self) -> io::Result<OpenFolder> {
        let (mut down, mut at) = (Vec::new(), self);
        let mut folder = loop {
            match (&at.kept, &at.above) {
                (None, FoundBy::Path(path)) => break at.checked(OpenFolder::at(path)?)?,
                (None, FoundBy::Folder(above, name)) => {
                    down.push((at, name));
                    at = above;
                }
                (Some(kept), _) => {
                    let (next, name) = down.pop().ok_or_else(replaced)?;
                    break next.checked(kept.folder.folder(name)?)?;
                }
            }
        };
        while let Some((next, name)) = down.pop() {
            folder = next.checked(folder.folder(name)?)?;
        }
        Ok(folder)
    }

    fn checked(&self, folder: OpenFolder) -> io::Result<OpenFolder> {
        if folder.stat()?.identity() == self.identity { Ok(folder) } else { Err(replaced()) }
    }
}

impl Drop for KeptHandle {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a stat says must still hold of what was opened.
pub(super) fn must_be(stat: &PathStat, folder: &WalkedFolder) -> io::Result<()> {
    if stat.identity() == folder.identity() { Ok(()) } else { Err(replaced()) }
}

fn replaced() -> io::Error {
    files::invalid("another folder took its place")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn count(n: usize) -> HandleCount {
        Arc::new(AtomicUsize::new(n))
    }

    #[test]
    fn a_folder_swapped_for_a_link_before_it_is_opened_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("outside")).unwrap();
        fs::create_dir_all(at("d/sub")).unwrap();
        let top = WalkedFolder::named(&at("d"), &count(0)).unwrap();
        let met = top.with(|top| top.look(OsStr::new("sub"))).unwrap();
        assert_eq!(met.kind, files::FileKind::Folder);
        fs::remove_dir(at("d/sub")).unwrap();
        symlink(at("outside"), at("d/sub")).unwrap();
        let error = WalkedFolder::inside(&top, OsStr::new("sub"), &count(0)).unwrap_err();
        assert!(error.to_string().contains("symlink"), "{error}");
    }

    #[test]
    fn a_file_is_read_from_the_folder_that_was_met_wherever_that_went() {
        for n_kept in [0, HANDLES_MAX] {
            let folder = tempfile::tempdir().unwrap();
            let at = |path: &str| folder.path().join(path);
            for path in ["d/a/b", "outside/b"] {
                fs::create_dir_all(at(path)).unwrap();
                fs::write(at(path).join("x"), path).unwrap();
            }
            let count = count(n_kept);
            let top = WalkedFolder::named(&at("d"), &count).unwrap();
            let a = WalkedFolder::inside(&top, OsStr::new("a"), &count).unwrap();
            let b = WalkedFolder::inside(&a, OsStr::new("b"), &count).unwrap();
            let file = FileAt::Folder(b, "x".into());
            let text = |file: &FileAt| io::read_to_string(file.open()?);
            assert_eq!(text(&file).unwrap(), "d/a/b");
            fs::rename(at("d/a"), at("moved")).unwrap();
            symlink(at("outside"), at("d/a")).unwrap();
            match n_kept {
                0 => assert_eq!(text(&file).unwrap(), "d/a/b", "by the handle that is open"),
                _ => assert!(text(&file).is_err(), "opened again, and not by way of the link"),
            }
            fs::remove_file(at("d/a")).unwrap();
            fs::rename(at("outside"), at("d/a")).unwrap();
            assert_eq!(
                text(&file).is_ok(),
                n_kept == 0,
                "another folder is not the one that was met"
            );
        }
    }
}
