//! A folder: the one module below the command line that touches files.
//!
//! An object is written under a temporary name, synced, and only then given its own name, so that
//! a name never stands for half an object.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::types::error::{Error, Refusal};

use super::{Backend, Guard, Lock, Object, check_limit, check_name, check_range, missing, taken};

/// Files whose names start like this are leftovers of interrupted writes, or writes under way.
const TEMPORARY: &str = ".tmp-";
const LOCK: &str = "lock";
const IDENTITY: &str = "identity";
/// Made before the identity; the journal refuses one that holds events.
const LOG: &str = "log";
/// Kept open between reads of ranges.
const OPEN_FILES_MAX: usize = 32;
/// So much is read of what the holder wrote into the lock.
const WHO_BYTES_MAX: u64 = 1024;

/// An archive in a folder.
pub struct Local {
    root: PathBuf,
    /// Folders that changed since the last sync.
    changed: Mutex<BTreeSet<PathBuf>>,
    open_files: Mutex<OpenFiles>,
}

impl Local {
    /// Makes the folder for a new archive.
    ///
    /// An existing folder must hold nothing but what an interrupted beginning leaves: a lock,
    /// temporary files and an unfinished log.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let root = root.into();
        let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let new: Vec<PathBuf> = root.ancestors().take_while(is_new).map(Path::to_owned).collect();
        if root.exists() && !root.is_dir() {
            return Err(Error::usage(format!("{} is not a folder", root.display())));
        }
        fs::create_dir_all(&root).map_err(|e| io("make", &root, e))?;
        refuse_other_files(&root)?;
        for folder in &new {
            sync_folder(parent(folder))?;
        }
        Ok(Self::at(root))
    }

    /// Opens the folder of an archive; without an identity in it there is `NoArchive`.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let root = root.into();
        match stat(&root.join(IDENTITY))? {
            Some(_) => Ok(Self::at(root)),
            None => Err(Error::NoArchive { location: root.display().to_string() }),
        }
    }

    fn at(root: PathBuf) -> Self {
        Self { root, changed: Mutex::default(), open_files: Mutex::default() }
    }

    fn path(&self, name: &str) -> Result<PathBuf, Error> {
        check_name(name)?;
        Ok(self.root.join(name))
    }

    /// The folders from the object's own up to the archive's.
    fn folders<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = &'a Path> {
        path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root))
    }

    // All folders above are noted, not only new ones: an earlier writer may have made one of them
    // and died before it could sync.
    fn note_change(&self, path: &Path) {
        locked(&self.changed).extend(self.folders(path).map(Path::to_owned));
    }

    fn opened(&self, name: &str) -> Result<Arc<File>, Error> {
        let path = self.path(name)?;
        // Opening under the mutex keeps a file that is just being removed out of the cache.
        let mut open_files = locked(&self.open_files);
        if let Some(file) = open_files.touch(name) {
            return Ok(file);
        }
        let file = Arc::new(open(name, &path)?.ok_or_else(|| missing(name))?.0);
        open_files.keep(name, file.clone());
        Ok(file)
    }
}

impl Backend for Local {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path(name)?;
        if !holds(name, &path, bytes)? {
            let temporary = write_temporary(&path, bytes)?;
            let named = give_name(&temporary, &path);
            let _ = fs::remove_file(&temporary);
            match named {
                Err(e) if e.kind() == ErrorKind::AlreadyExists => drop(holds(name, &path, bytes)?),
                named => named.map_err(|e| io("write", &path, e))?,
            }
        }
        self.note_change(&path);
        Ok(())
    }

    fn sync(&self) -> Result<(), Error> {
        // Held throughout: a second thread must not return before its own changes are durable.
        let mut changed = locked(&self.changed);
        for folder in changed.iter().rev() {
            sync_folder(folder)?;
        }
        changed.clear();
        Ok(())
    }

    fn swap(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path(name)?;
        let temporary = write_temporary(&path, bytes)?;
        fs::rename(&temporary, &path).map_err(|e| {
            let _ = fs::remove_file(&temporary);
            io("replace", &path, e)
        })?;
        locked(&self.open_files).forget(name);
        self.folders(&path).try_for_each(sync_folder)
    }

    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(name)?;
        let Some((file, n_bytes)) = open(name, &path)? else { return Ok(None) };
        check_limit(name, n_bytes, limit)?;
        let mut bytes = Vec::with_capacity(usize::try_from(n_bytes).unwrap_or(0));
        // One byte more than allowed shows a file that grew meanwhile.
        file.take((limit as u64).saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|e| io("read", &path, e))?;
        check_limit(name, bytes.len() as u64, limit)?;
        Ok(Some(bytes))
    }

    fn read_range(&self, name: &str, offset: u64, n_bytes: usize) -> Result<Vec<u8>, Error> {
        let file = self.opened(name)?;
        let read = |e| io("read", &self.root.join(name), e);
        check_range(name, file.metadata().map_err(read)?.len(), offset, n_bytes)?;
        let mut bytes = vec![0; n_bytes];
        file.read_exact_at(&mut bytes, offset).map_err(read)?;
        Ok(bytes)
    }

    fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        let Some(found) = stat(&self.path(name)?)? else { return Ok(None) };
        plain(name, &found)?;
        Ok(Some(found.len()))
    }

    fn list(&self, folder: &str) -> Result<Vec<Object>, Error> {
        let mut objects = Vec::new();
        walk(&self.path(folder)?, |path| {
            let name = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
            let Some(name) = name.filter(|name| check_name(name).is_ok()) else { return Ok(()) };
            if let Some(found) = stat(path)?.filter(Metadata::is_file) {
                objects.push(Object { name: name.to_owned(), bytes: found.len() });
            }
            Ok(())
        })?;
        objects.sort();
        Ok(objects)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.path(name)?;
        remove_file(&path)?;
        locked(&self.open_files).forget(name);
        // Gone already is noted too: whoever removed it may not have come to sync.
        if parent(&path).is_dir() {
            self.note_change(&path);
        }
        Ok(())
    }

    fn tidy(&self) -> Result<(), Error> {
        walk(&self.root, |path| {
            if is_temporary(path) {
                remove_file(path)?;
            }
            Ok(())
        })
    }

    fn location(&self) -> String {
        self.root.display().to_string()
    }
}

impl Lock for Local {
    fn lock(&self, who: &str) -> Result<Box<dyn Guard>, Error> {
        let path = self.root.join(LOCK);
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| self.cannot_lock(e))?;
        match opened.try_lock() {
            Ok(()) => Ok(Box::new(LockFile::new(opened, who))),
            Err(TryLockError::WouldBlock) => Err(Error::Busy { who: holder(opened) }),
            Err(TryLockError::Error(e)) => Err(io("lock", &path, e)),
        }
    }
}

impl Local {
    fn cannot_lock(&self, e: io::Error) -> Error {
        match e.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Error::Refused(Refusal::ReadOnly { location: self.root.display().to_string() })
            }
            _ => io("lock", &self.root.join(LOCK), e),
        }
    }
}

/// The lock's open file: closing it, by whatever end the process takes, lets the next writer in.
struct LockFile(File);

impl LockFile {
    fn new(mut file: File, who: &str) -> Self {
        // The text is a courtesy: a full disk must not keep anyone from taking things away.
        let _ = file.set_len(0).and_then(|()| file.write_all(who.as_bytes()));
        Self(file)
    }
}

impl Guard for LockFile {}

impl Drop for LockFile {
    fn drop(&mut self) {
        let _ = self.0.set_len(0);
        // A child process that is just being started shares the open file until it is another program:
        // closed only here, it would stay locked until then.
        let _ = self.0.unlock();
    }
}

/// What the holder of the lock wrote into it.
fn holder(file: File) -> String {
    let mut bytes = Vec::new();
    let _ = file.take(WHO_BYTES_MAX).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    match text.lines().next() {
        Some(who) if !who.trim().is_empty() => who.trim().to_owned(),
        _ => "it has left no name".to_owned(),
    }
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

/// Removes a file; one that is gone already is fine.
pub fn remove_file(path: &Path) -> Result<(), Error> {
    present(fs::remove_file(path)).map(drop).map_err(|e| io("remove", path, e))
}

/// Copies a file, durably; none is copied where there is none.
pub fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    if present(fs::copy(from, to)).map_err(|e| io("copy", from, e))?.is_some() {
        File::open(to).and_then(|copy| copy.sync_all()).map_err(|e| io("sync", to, e))?;
    }
    Ok(())
}

/// Whether there is a file at `path`.
pub fn exists(path: &Path) -> Result<bool, Error> {
    Ok(stat(path)?.is_some())
}

/// Writes and syncs `bytes` beside `path`, under a name that no listing shows.
pub(super) fn write_temporary(path: &Path, bytes: &[u8]) -> Result<PathBuf, Error> {
    make_parent(path)?;
    let (temporary, mut file) = new_temporary(parent(path)).map_err(|e| io("write", path, e))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| {
        let _ = fs::remove_file(&temporary);
        io("write", path, e)
    })?;
    Ok(temporary)
}

fn new_temporary(folder: &Path) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{TEMPORARY}{}-{number}", std::process::id()));
        match File::create_new(&path) {
            // An earlier process had our number and died.
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (path, file)),
        }
    }
}

/// Shows a written file under its own name, and never replaces another.
fn give_name(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        // File systems without hard links answer with one of these; there the writer's lock must do.
        Err(e) if matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported) => {
            if path.exists() {
                return Err(ErrorKind::AlreadyExists.into());
            }
            fs::rename(temporary, path)
        }
        linked => linked,
    }
}

/// Whether the object is there; with other bytes than these it is an error.
fn holds(name: &str, path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    let Some((mut file, n_bytes)) = open(name, path)? else { return Ok(false) };
    if n_bytes != bytes.len() as u64 {
        return Err(taken(name));
    }
    let mut there = Vec::with_capacity(bytes.len());
    (&mut file).take(n_bytes).read_to_end(&mut there).map_err(|e| io("read", path, e))?;
    if there != bytes {
        return Err(taken(name));
    }
    // A copy made by other means may not have reached the disk yet.
    file.sync_all().map_err(|e| io("sync", path, e))?;
    Ok(true)
}

/// An object opened for reading, and its size.
fn open(name: &str, path: &Path) -> Result<Option<(File, u64)>, Error> {
    // Not opened before it is known to be a file: opening a pipe would wait for ever.
    let Some(found) = stat(path)? else { return Ok(None) };
    plain(name, &found)?;
    let opened = present(File::open(path)).map_err(|e| io("open", path, e))?;
    Ok(opened.map(|file| (file, found.len())))
}

fn plain(name: &str, found: &Metadata) -> Result<(), Error> {
    if found.is_file() {
        return Ok(());
    }
    Err(Error::damaged(name, "it is not a plain file"))
}

fn stat(path: &Path) -> Result<Option<Metadata>, Error> {
    present(fs::metadata(path)).map_err(|e| io("examine", path, e))
}

/// Makes `None` of "there is none".
fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Visits everything below a folder that is not a folder itself; links to folders are not followed.
fn walk(top: &Path, mut visit: impl FnMut(&Path) -> Result<(), Error>) -> Result<(), Error> {
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let Some(entries) = present(fs::read_dir(&folder)).map_err(|e| io("list", &folder, e))?
        else {
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(|e| io("list", &folder, e))?;
            match entry.file_type().map_err(|e| io("list", &folder, e))? {
                kind if kind.is_dir() => folders.push(entry.path()),
                _ => visit(&entry.path())?,
            }
        }
    }
    Ok(())
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes()))
}

fn refuse_other_files(root: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(root).map_err(|e| io("list", root, e))? {
        let entry = entry.map_err(|e| io("list", root, e))?;
        let name = entry.file_name();
        if name != LOCK && name != LOG && !is_temporary(&entry.path()) {
            return Err(Error::usage(format!("{} is not empty", root.display())));
        }
    }
    Ok(())
}

fn make_parent(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(parent(path)).map_err(|e| io("make", parent(path), e))
}

/// The folder of a path; a path without one lies in the working folder.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    match File::open(folder).and_then(|file| file.sync_all()) {
        // Some network file systems cannot sync a folder and keep its names in order themselves.
        Err(e) if !matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Err(io("sync", folder, e))
        }
        _ => Ok(()),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn io(operation: &'static str, path: &Path, source: io::Error) -> Error {
    Error::io(operation, path.display().to_string(), source)
}
