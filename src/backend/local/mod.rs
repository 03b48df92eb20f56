//! A folder: the one module below the command line that touches files.
//!
//! An object is written under a temporary name, synced, and only then given its own name, so that
//! a name never stands for half an object. Nothing in the folder leads out of it: what is neither a file
//! nor a folder is refused (`folder.rs`).

mod database;
mod file_system;
mod files;
mod folder;
mod hard_links;
mod lock_file;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{self as handles, AtFlags, FileType, OFlags};
use rustix::io::Errno;

use crate::types::error::Error;

use super::{
    Backend, FileVisitor, Guard, Lock, Object, check_limit, check_name, check_range, missing, taken,
};
use folder::{ArchiveFolder, Belongs, Found, Handle, split};

pub use database::DatabaseFiles;
pub use file_system::{Unsuited, unsuited};
use lock_file::lock;
pub use lock_file::lock_in;

/// Files whose names start like this are leftovers of interrupted writes, or writes under way.
const TEMPORARY: &str = ".tmp-";
/// So often a writer writes again what another one took for a leftover.
const CLEARED_MAX: usize = 16;
const LOCK: &str = "lock";
const IDENTITY: &str = "identity";
const FIRST_COMMIT: &str = "log/000/000/000";
/// Made before the identity; the journal refuses one that holds events.
const LOG: &str = "log";
/// What lies beside the identity, looked at whenever an archive is opened.
const TOP: [(&str, Belongs); 4] = [
    (LOCK, Belongs::Renewable),
    (LOG, Belongs::Folder),
    ("packs", Belongs::Folder),
    ("details", Belongs::Folder),
];
/// What lies in the log and is not a commit.
const CHECKPOINT_COPY: &str = "log/checkpoint";
/// What an interrupted copy leaves.
const PARTS_OF_A_COPY: [&str; 4] = [LOCK, LOG, "packs", "details"];
/// Kept open between reads of ranges.
const OPEN_FILES_MAX: usize = 32;

/// An archive in a folder.
pub struct Local {
    folder: ArchiveFolder,
    /// Folders that changed since the last sync, by their names in the archive.
    changed: Mutex<BTreeSet<String>>,
    open_files: Mutex<OpenFiles>,
}

impl Local {
    /// Makes the folder for a new archive.
    ///
    /// An existing folder must hold nothing but what an interrupted beginning leaves: a lock,
    /// temporary files and an unfinished log.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::make(root.into(), &[LOCK, LOG])
    }

    fn make(root: PathBuf, may_be_there: &[&str]) -> Result<Self, Error> {
        if root.exists() && !root.is_dir() {
            return Err(Error::usage(format!("{} is not a folder", root.display())));
        }
        let holders = holders(&root);
        fs::create_dir_all(&root).map_err(|e| io("make", &root, e))?;
        refuse_other_files(&root, may_be_there)?;
        for holder in holders {
            if let Some(folder) = ArchiveFolder::open(holder)? {
                folder.sync("")?;
            }
        }
        let gone = || Error::NoArchive { location: root.display().to_string() };
        Self::at(ArchiveFolder::open(&root)?.ok_or_else(gone)?)
    }

    /// Opens the folder of a copy, or makes one.
    ///
    /// A folder without an identity must hold a log that begins, or nothing but what an interrupted copy leaves.
    pub fn for_copy(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let root = root.into();
        match Self::open(root.clone()) {
            Err(Error::NoArchive { .. }) if Self::has_log(&root)? => {
                let gone = || Error::NoArchive { location: root.display().to_string() };
                Self::at(ArchiveFolder::open(&root)?.ok_or_else(gone)?)
            }
            Err(Error::NoArchive { .. }) => Self::make(root, &PARTS_OF_A_COPY),
            opened => opened,
        }
    }

    /// Whether a folder holds an archive's first commit: then it is an archive, or was to be one.
    pub fn has_log(root: &Path) -> Result<bool, Error> {
        match ArchiveFolder::open(root)? {
            Some(folder) => Ok(folder.examine(FIRST_COMMIT, Belongs::Fact)?.is_some()),
            None => Ok(false),
        }
    }

    /// Removes the folders that nothing lies in, and the lock where nothing else is there: what a copy leaves that
    /// was refused.
    pub fn sweep(root: &Path) -> Result<(), Error> {
        let Some(folder) = ArchiveFolder::open(root)? else { return Ok(()) };
        let guard = lock(&folder, "archive copy")?;
        for part in PARTS_OF_A_COPY.into_iter().filter(|part| *part != LOCK) {
            remove_empty_folders(&folder, part)?;
        }
        let mut is_left = false;
        let folders = folder.each_in("", |found| {
            is_left |= found.name != LOCK;
            Ok(())
        })?;
        if folders.is_empty() && !is_left {
            folder.remove(LOCK)?;
        }
        drop(guard);
        Ok(())
    }

    /// Opens the folder of an archive; without an identity in it there is `NoArchive`.
    ///
    /// What lies at its top must be what belongs there: otherwise it is `Damaged`.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let root = root.into();
        let none = || Error::NoArchive { location: root.display().to_string() };
        let folder = ArchiveFolder::open(&root)?.ok_or_else(none)?;
        folder.examine(IDENTITY, Belongs::Fact)?.ok_or_else(none)?;
        Self::at(folder)
    }

    /// `Damaged` when something else lies at the top than belongs there.
    fn at(folder: ArchiveFolder) -> Result<Self, Error> {
        for (name, belongs) in TOP {
            folder.examine(name, belongs)?;
        }
        Ok(Self { folder, changed: Mutex::default(), open_files: Mutex::default() })
    }

    // All folders above are noted, not only new ones: an earlier writer may have made one of them
    // and died before it could sync.
    fn note_change(&self, name: &str) {
        locked(&self.changed).extend(folders(name).map(str::to_owned));
    }

    fn opened(&self, name: &str) -> Result<Arc<File>, Error> {
        check_name(name)?;
        // Opening under the mutex keeps a file that is just being removed out of the cache.
        let mut open_files = locked(&self.open_files);
        if let Some(file) = open_files.touch(name) {
            return Ok(file);
        }
        let file = Arc::new(self.folder.open_file(name)?.ok_or_else(|| missing(name))?.0);
        open_files.keep(name, file.clone());
        Ok(file)
    }

    /// A stretch of a file, which `stretch` chooses by its size, and that size; the file is opened for it
    /// alone.
    fn read_once(
        &self,
        name: &str,
        stretch: impl FnOnce(u64) -> (u64, u64),
    ) -> Result<Option<(Vec<u8>, u64)>, Error> {
        check_name(name)?;
        let Some((file, n_file)) = self.folder.open_file(name)? else { return Ok(None) };
        let (offset, n_bytes) = stretch(n_file);
        let mut bytes = vec![0; n_bytes as usize];
        file.read_exact_at(&mut bytes, offset).map_err(|e| self.io("read", name, e))?;
        Ok(Some((bytes, n_file)))
    }

    /// Whether the object is there; with other bytes than these it is an error.
    fn holds(&self, name: &str, bytes: &[u8]) -> Result<bool, Error> {
        let Some((mut file, n_bytes)) = self.folder.open_file(name)? else { return Ok(false) };
        if n_bytes != bytes.len() as u64 {
            return Err(taken(name));
        }
        let mut there = Vec::with_capacity(bytes.len());
        let read = (&mut file).take(n_bytes).read_to_end(&mut there);
        read.map_err(|e| self.io("read", name, e))?;
        if there != bytes {
            return Err(taken(name));
        }
        // A copy made by other means may not have reached the disk yet.
        file.sync_all().map_err(|e| self.io("sync", name, e))?;
        Ok(true)
    }

    /// Writes bytes under a temporary name and gives them their own. Another writer, who holds another lock, may
    /// take them for a leftover and clear them away before they have it; then they are written again.
    fn write(
        &self,
        name: &str,
        bytes: &[u8],
        give_name: impl Fn(&TemporaryObject) -> Result<(), Errno>,
    ) -> Result<Result<(), Errno>, Error> {
        let mut n_cleared = 0;
        loop {
            match give_name(&TemporaryObject::write(&self.folder, name, bytes)?) {
                Err(Errno::NOENT) if n_cleared < CLEARED_MAX => n_cleared += 1,
                named => return Ok(named),
            }
        }
    }

    fn io(&self, operation: &'static str, name: &str, source: std::io::Error) -> Error {
        io(operation, &self.folder.path().join(name), source)
    }
}

impl Backend for Local {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        check_name(name)?;
        if !self.holds(name, bytes)? {
            match self.write(name, bytes, |temporary| temporary.give_name())? {
                Err(Errno::EXIST) => drop(self.holds(name, bytes)?),
                named => named.map_err(|e| self.folder.io("write", name, e))?,
            }
        }
        self.note_change(name);
        Ok(())
    }

    fn sync(&self) -> Result<(), Error> {
        // Held throughout: a second thread must not return before its own changes are durable.
        let mut changed = locked(&self.changed);
        for folder in changed.iter().rev() {
            self.folder.sync(folder)?;
        }
        changed.clear();
        Ok(())
    }

    fn swap(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        check_name(name)?;
        let replaced = self.write(name, bytes, |temporary| temporary.replace())?;
        replaced.map_err(|e| self.folder.io("replace", name, e))?;
        locked(&self.open_files).forget(name);
        folders(name).try_for_each(|folder| self.folder.sync(folder))
    }

    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        check_name(name)?;
        let Some((file, n_bytes)) = self.folder.open_file(name)? else { return Ok(None) };
        check_limit(name, n_bytes, limit)?;
        let mut bytes = Vec::with_capacity(usize::try_from(n_bytes).unwrap_or(0));
        // One byte more than allowed shows a file that grew meanwhile.
        file.take((limit as u64).saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|e| self.io("read", name, e))?;
        check_limit(name, bytes.len() as u64, limit)?;
        Ok(Some(bytes))
    }

    fn read_range(&self, name: &str, offset: u64, n_bytes: usize) -> Result<Vec<u8>, Error> {
        let file = self.opened(name)?;
        let read = |e| self.io("read", name, e);
        check_range(name, file.metadata().map_err(read)?.len(), offset, n_bytes)?;
        let mut bytes = vec![0; n_bytes];
        file.read_exact_at(&mut bytes, offset).map_err(read)?;
        Ok(bytes)
    }

    fn read_first(&self, name: &str, n_max: usize) -> Result<Option<(Vec<u8>, u64)>, Error> {
        self.read_once(name, |n_bytes| (0, n_bytes.min(n_max as u64)))
    }

    fn read_last(&self, name: &str, n_max: usize) -> Result<Option<(Vec<u8>, u64)>, Error> {
        self.read_once(name, |n_bytes| {
            let n_last = n_bytes.min(n_max as u64);
            (n_bytes - n_last, n_last)
        })
    }

    fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        check_name(name)?;
        self.folder.examine(name, Belongs::Fact)
    }

    fn list(&self, folder: &str) -> Result<Vec<Object>, Error> {
        check_name(folder)?;
        let mut objects = Vec::new();
        self.folder.walk(folder, |found| {
            if check_name(found.name).is_err() {
                return Ok(());
            }
            if found.kind != FileType::RegularFile {
                // No reader goes by it; the audit looks at it by its name.
                if found.name == CHECKPOINT_COPY {
                    return Ok(());
                }
                return Err(self.folder.misplaced(found.name, belongs(found.name), found.kind));
            }
            let n_bytes = found.n_bytes().map_err(|e| self.io("examine", found.name, e))?;
            objects.extend(n_bytes.map(|bytes| Object { name: found.name.to_owned(), bytes }));
            Ok(())
        })?;
        objects.sort();
        Ok(objects)
    }

    fn each_file(&self, visit: &mut FileVisitor) -> Result<(), Error> {
        self.folder.each_file(visit)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        check_name(name)?;
        let has_folder = self.folder.remove(name)?;
        locked(&self.open_files).forget(name);
        // Gone already is noted too: whoever removed it may not have come to sync.
        if has_folder {
            self.note_change(name);
        }
        Ok(())
    }

    fn tidy(&self) -> Result<(), Error> {
        let clear = |found: &Found| match found.name.starts_with(TEMPORARY) {
            true => self.folder.remove(found.name).map(drop),
            false => Ok(()),
        };
        self.folder.each_in("", clear).map(drop)
    }

    fn location(&self) -> String {
        self.folder.path().display().to_string()
    }
}

impl Lock for Local {
    fn lock(&self, who: &str) -> Result<Box<dyn Guard>, Error> {
        lock(&self.folder, who)
    }

    fn lies_in(&self, folder: &Path) -> bool {
        is_same_folder(folder, self.folder.path())
    }
}

/// What belongs under a name: packs lie in one row of folders, commits and details in two.
fn belongs(name: &str) -> Belongs {
    let n_folders = match name.split_once('/') {
        Some(("packs", _)) => 2,
        Some((LOG | "details", _)) if name != CHECKPOINT_COPY => 3,
        _ => 0,
    };
    if name.matches('/').count() < n_folders { Belongs::Folder } else { Belongs::Fact }
}

/// Whether two paths lead to one folder.
fn is_same_folder(one: &Path, other: &Path) -> bool {
    let same = || Ok::<_, std::io::Error>(fs::canonicalize(one)? == fs::canonicalize(other)?);
    one == other || same().is_ok_and(|same| same)
}

/// Files in use, the least recently used first.
#[derive(Default)]
struct OpenFiles(Vec<(String, Arc<File>)>);

impl OpenFiles {
    fn touch(&mut self, name: &str) -> Option<Arc<File>> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        self.0[at..].rotate_left(1);
        self.0.last().map(|(_, file)| file.clone())
    }

    fn keep(&mut self, name: &str, file: Arc<File>) {
        if self.0.len() == OPEN_FILES_MAX {
            self.0.remove(0);
        }
        self.0.push((name.to_owned(), file));
    }

    fn forget(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }
}

/// Bytes on their way to a name, written and synced under a name that no listing shows; removed when dropped.
/// They lie in the archive's own folder, so that nobody has to look for leftovers among all objects.
struct TemporaryObject<'a> {
    top: Handle<'a>,
    temporary: String,
    folder: Handle<'a>,
    own_name: &'a str,
}

impl<'a> TemporaryObject<'a> {
    fn write(folder: &'a ArchiveFolder, name: &'a str, bytes: &[u8]) -> Result<Self, Error> {
        let (holder, own_name) = split(name);
        let (top, handle) = (folder.top(), folder.make(holder)?);
        let made = new_temporary(folder, &top, name);
        let (temporary, mut file) = made.map_err(|e| folder.io("write", name, e))?;
        let written = Self { top, temporary, folder: handle, own_name };
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(|e| io("write", &folder.path().join(name), e))?;
        Ok(written)
    }

    /// Shows the bytes under their own name, and never replaces another file.
    fn give_name(&self) -> Result<(), Errno> {
        let (folder, temporary, name) = (&self.folder, &*self.temporary, self.own_name);
        match handles::linkat(&self.top, temporary, folder, name, AtFlags::empty()) {
            // File systems without hard links answer with one of these; there the writer's lock must do.
            Err(Errno::PERM | Errno::ACCESS | Errno::NOTSUP | Errno::NOSYS) => {
                match handles::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(_) => Err(Errno::EXIST),
                    Err(Errno::NOENT) => handles::renameat(&self.top, temporary, folder, name),
                    Err(e) => Err(e),
                }
            }
            linked => linked,
        }
    }

    /// Shows the bytes under their own name, in the place of what was there.
    fn replace(&self) -> Result<(), Errno> {
        handles::renameat(&self.top, &*self.temporary, &self.folder, self.own_name)
    }
}

impl Drop for TemporaryObject<'_> {
    fn drop(&mut self) {
        // A renamed one is gone already.
        let _ = handles::unlinkat(&self.top, &*self.temporary, AtFlags::empty());
    }
}

/// A file with a name that says what it will be: a process with our number on another machine, which sees
/// the same folder, writes nothing else under it.
fn new_temporary(
    folder: &ArchiveFolder,
    top: &Handle,
    name: &str,
) -> Result<(String, File), Errno> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let flat = name.replace('/', "-");
        let temporary = format!("{TEMPORARY}{flat}-{}-{number}", std::process::id());
        match folder.create(top, &temporary, OFlags::WRONLY) {
            // An earlier process had our number and died.
            Err(Errno::EXIST) => {}
            made => return made.map(|file| (temporary, file)),
        }
    }
}

/// Leaves bytes as a write that was interrupted does.
pub(super) fn leave_temporary(root: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    if let Some(folder) = ArchiveFolder::open(root)? {
        std::mem::forget(TemporaryObject::write(&folder, name, bytes)?);
    }
    Ok(())
}

/// The folders from the object's own up to the archive's, which is "".
fn folders(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(split(name).0), |folder| {
        (!folder.is_empty()).then(|| split(folder).0)
    })
}

/// The folders whose names change when `root` is made, and the one that holds it in any case: an earlier
/// beginning may have made it and died before it could sync.
fn holders(root: &Path) -> Vec<&Path> {
    let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let new = root.ancestors().take_while(is_new);
    let mut holders: Vec<&Path> = new.map(holder_of).collect();
    if holders.is_empty() {
        holders.push(holder_of(root));
    }
    holders
}

/// The folder of a path; a path without one lies in the working folder.
fn holder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Removes the folders in a folder, and itself, where nothing lies in them.
fn remove_empty_folders(all: &ArchiveFolder, folder: &str) -> Result<(), Error> {
    for below in all.each_in(folder, |_| Ok(()))? {
        remove_empty_folders(all, &below)?;
    }
    all.remove_empty(folder).map(drop)
}

fn refuse_other_files(root: &Path, may_be_there: &[&str]) -> Result<(), Error> {
    for entry in fs::read_dir(root).map_err(|e| io("list", root, e))? {
        let name = entry.map_err(|e| io("list", root, e))?.file_name();
        let is_temporary = name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
        if name == IDENTITY {
            return Err(Error::usage(format!("there is an archive at {} already", root.display())));
        }
        if !may_be_there.iter().any(|part| name == *part) && !is_temporary {
            return Err(Error::usage(format!("{} is not empty", root.display())));
        }
    }
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn io(operation: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::io(operation, path.display().to_string(), source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_that_gets_a_new_name_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let new = at("a/b/c.archive");
        assert_eq!(holders(&new), [at("a/b"), at("a"), folder.path().to_owned()]);
        fs::create_dir_all(at("a/b")).unwrap();
        assert_eq!(holders(&new), [at("a/b")]);
        fs::create_dir(&new).unwrap();
        assert_eq!(holders(&new), [at("a/b")], "an earlier beginning may not have come to sync");
        assert_eq!(holders(Path::new("no-such.archive")), [Path::new(".")]);
        assert_eq!(holders(Path::new("/")).len(), 1);
    }

    #[test]
    fn where_folders_belong_no_file_does() {
        for (name, is_folder) in [
            ("identity", false),
            ("packs/1c", true),
            ("packs/1c/1c22", false),
            ("details/000", true),
            ("details/000/000", true),
            ("details/000/000/001-0123", false),
            ("log/000", true),
            ("log/000/000/000", false),
            (CHECKPOINT_COPY, false),
        ] {
            assert_eq!(matches!(belongs(name), Belongs::Folder), is_folder, "{name}");
        }
    }

    #[test]
    fn an_object_is_durable_with_every_folder_above_it() {
        let all = |name| folders(name).collect::<Vec<_>>();
        assert_eq!(all("identity"), [""]);
        assert_eq!(all("log/000/000/012"), ["log/000/000", "log/000", "log", ""]);
    }
}
