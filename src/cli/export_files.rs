//! Documents as files again, inside one folder and never outside it.
//!
//! No symlink below the output folder is followed, neither one found there nor one just restored;
//! links come last, in a pass of their own.

use std::fs::{self, FileTimes, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::types::{digest::Digest, error::Error, name::DocName, time::Timestamp};

use super::{files, print::terminal::shown_name};

const TEMPORARY_PREFIX: &str = ".archive-export-";

/// Whether anything is written, and over what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only report what would happen.
    DryRun,
    /// Write what is missing.
    AddOnly,
    /// Also replace files and links that differ; folders stay.
    Overwrite,
}

/// A document on its way out.
#[derive(Debug, Clone)]
pub struct Outgoing<'a> {
    /// Its name, which becomes its path.
    pub name: &'a DocName,
    /// Of its content, so that a file that is there already need not be written.
    pub digest: Digest,
    /// Of its content, in bytes.
    pub size: u64,
    /// The time the file gets, if one is known.
    pub mtime: Option<Timestamp>,
}

/// What became of one document; in a dry run, what would become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteOutcome {
    /// A new file or link.
    Written,
    /// It was there already with the same content.
    Same,
    /// It replaced another file or link.
    Replaced,
    /// Nothing was written, because of what is there.
    Kept(String),
}

/// The pass that writes files.
#[derive(Debug)]
pub struct FileWriter {
    output: OutputFolder,
}

/// The pass that restores symlinks, after every file.
#[derive(Debug)]
pub struct LinkWriter {
    output: OutputFolder,
}

#[derive(Debug)]
struct OutputFolder {
    folder: PathBuf,
    mode: Mode,
}

/// What stands where a document should go.
enum PathState {
    Free,
    Taken(fs::Metadata),
    Blocked(String),
}

impl FileWriter {
    /// Opens the output folder, making it if need be.
    pub fn in_folder(folder: &Path, mode: Mode) -> Result<Self, Error> {
        if mode != Mode::DryRun {
            fs::create_dir_all(folder).map_err(io_at("make", folder))?;
        }
        Ok(Self { output: OutputFolder { folder: folder.to_owned(), mode } })
    }

    /// Writes one document; `content` is called only when its bytes are needed.
    ///
    /// An error from `content` leaves nothing behind.
    pub fn write(
        &self,
        document: &Outgoing<'_>,
        content: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
    ) -> Result<WriteOutcome, Error> {
        let path = self.output.path_of(document.name);
        let outcome = match self.output.state_at(document.name)? {
            PathState::Blocked(why) => WriteOutcome::Kept(why),
            PathState::Free => WriteOutcome::Written,
            PathState::Taken(there) if there.is_file() && same_file(&path, document)? => {
                WriteOutcome::Same
            }
            PathState::Taken(there) => self.output.over(&there, document.name),
        };
        if self.output.writes(&outcome) {
            self.output.make_folders(&path)?;
            let replace = outcome == WriteOutcome::Replaced;
            write_file(&path, document.mtime, replace, content)?;
        }
        Ok(outcome)
    }

    /// Ends the files and begins the links.
    pub fn then_links(self) -> LinkWriter {
        LinkWriter { output: self.output }
    }
}

impl LinkWriter {
    /// Restores one symlink with the target it had, wherever that leads.
    pub fn write(&self, name: &DocName, target: &[u8]) -> Result<WriteOutcome, Error> {
        let path = self.output.path_of(name);
        let target = PathBuf::from(std::ffi::OsString::from_vec(target.to_vec()));
        let outcome = match self.output.state_at(name)? {
            PathState::Blocked(why) => WriteOutcome::Kept(why),
            PathState::Free => WriteOutcome::Written,
            PathState::Taken(_) if fs::read_link(&path).is_ok_and(|there| there == target) => {
                WriteOutcome::Same
            }
            PathState::Taken(there) => self.output.over(&there, name),
        };
        if self.output.writes(&outcome) {
            self.output.make_folders(&path)?;
            write_link(&path, &target, outcome == WriteOutcome::Replaced)
                .map_err(io_at("write", &path))?;
        }
        Ok(outcome)
    }
}

impl OutputFolder {
    fn path_of(&self, name: &DocName) -> PathBuf {
        self.folder.join(std::ffi::OsStr::from_bytes(name.as_bytes()))
    }

    fn writes(&self, outcome: &WriteOutcome) -> bool {
        self.mode != Mode::DryRun
            && matches!(outcome, WriteOutcome::Written | WriteOutcome::Replaced)
    }

    /// Looks at every component below the output folder, following none.
    fn state_at(&self, name: &DocName) -> Result<PathState, Error> {
        let mut components = name.as_bytes().split(|b| *b == b'/').peekable();
        let mut path = self.folder.clone();
        while let Some(component) = components.next() {
            path.push(std::ffi::OsStr::from_bytes(component));
            let there = match fs::symlink_metadata(&path) {
                Ok(there) => there,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(PathState::Free);
                }
                Err(source) => return Err(io_at("look at", &path)(source)),
            };
            if components.peek().is_none() {
                return Ok(PathState::Taken(there));
            }
            if !there.is_dir() {
                return Ok(PathState::Blocked(blocked(&path, &there)));
            }
        }
        Ok(PathState::Free)
    }

    /// What happens to something that is there and differs.
    fn over(&self, there: &fs::Metadata, name: &DocName) -> WriteOutcome {
        let shown = shown_name(name.as_bytes());
        if there.is_dir() {
            return WriteOutcome::Kept(format!("{shown} is a folder in the output"));
        }
        if self.mode == Mode::AddOnly {
            return WriteOutcome::Kept(format!("{shown} is there with other content"));
        }
        WriteOutcome::Replaced
    }

    /// Makes the missing folders above `path`, one by one: each is new or was looked at.
    fn make_folders(&self, path: &Path) -> Result<(), Error> {
        let parent = path.parent().unwrap_or(&self.folder);
        let Ok(below) = parent.strip_prefix(&self.folder) else { return Ok(()) };
        let mut folder = self.folder.clone();
        for component in below.components() {
            folder.push(component);
            match fs::create_dir(&folder) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(io_at("make", &folder)(source)),
            }
        }
        Ok(())
    }
}

fn blocked(path: &Path, there: &fs::Metadata) -> String {
    let what = if there.is_symlink() { "a symlink" } else { "a file" };
    format!("{} is {what}, so nothing can be written below it", shown_path(path))
}

/// Compares by size first, then by digest.
fn same_file(path: &Path, document: &Outgoing<'_>) -> Result<bool, Error> {
    let mut input = files::open_input(path).map_err(io_at("read", path))?;
    if input.stat.size != document.size {
        return Ok(false);
    }
    let (digest, _) = Digest::of_all(&mut input.file).map_err(io_at("read", path))?;
    Ok(digest == document.digest)
}

fn write_file(
    path: &Path,
    mtime: Option<Timestamp>,
    replace: bool,
    content: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
) -> Result<(), Error> {
    let fail = io_at("write", path);
    // Mode 0666 is what any program asks for; the umask has the last word.
    let temporary = tempfile::Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(path.parent().unwrap_or(Path::new(".")))
        .map_err(&fail)?;
    let mut sink = BufWriter::with_capacity(64 << 10, temporary.as_file());
    content(&mut sink)?;
    sink.flush().map_err(&fail)?;
    drop(sink);
    if let Some(time) = mtime.and_then(system_time) {
        let times = FileTimes::new().set_modified(time);
        temporary.as_file().set_times(times).map_err(&fail)?;
    }
    let persisted =
        if replace { temporary.persist(path) } else { temporary.persist_noclobber(path) };
    persisted.map(drop).map_err(|error| fail(error.error))
}

fn write_link(path: &Path, target: &Path, replace: bool) -> io::Result<()> {
    if !replace {
        return symlink(target, path);
    }
    let link = tempfile::Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .make_in(path.parent().unwrap_or(Path::new(".")), |temporary| symlink(target, temporary))?;
    link.persist(path).map(drop).map_err(|error| error.error)
}

fn system_time(timestamp: Timestamp) -> Option<SystemTime> {
    let (seconds, nanoseconds) = timestamp.to_unix();
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let base = match seconds {
        0.. => UNIX_EPOCH.checked_add(whole)?,
        _ => UNIX_EPOCH.checked_sub(whole)?,
    };
    base.checked_add(Duration::from_nanos(u64::from(nanoseconds)))
}

fn shown_path(path: &Path) -> String {
    shown_name(path.as_os_str().as_bytes())
}

fn io_at(operation: &'static str, path: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let shown = path.display().to_string();
    move |source| Error::io(operation, shown.clone(), source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::files::PathStat;

    fn name(text: impl AsRef<[u8]>) -> DocName {
        DocName::new(text.as_ref()).unwrap()
    }

    fn write(files: &FileWriter, doc: impl AsRef<[u8]>, text: &str) -> Result<WriteOutcome, Error> {
        let (name, digest) = (name(doc), Digest::of(text.as_bytes()));
        let outgoing = Outgoing {
            name: &name,
            digest,
            size: text.len() as u64,
            mtime: Timestamp::parse("2026-03-01T10:00:00.5Z"),
        };
        files.write(&outgoing, |sink| {
            sink.write_all(text.as_bytes()).map_err(|e| Error::io("write", "x", e))
        })
    }

    fn output(mode: Mode) -> (tempfile::TempDir, FileWriter) {
        let folder = tempfile::tempdir().unwrap();
        let files = FileWriter::in_folder(&folder.path().join("out"), mode).unwrap();
        (folder, files)
    }

    fn kept(outcome: Result<WriteOutcome, Error>) -> String {
        match outcome.unwrap() {
            WriteOutcome::Kept(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_document_becomes_a_file_with_its_time() {
        let (folder, files) = output(Mode::AddOnly);
        let odd = "x".repeat(255);
        for doc in ["a/b/c.txt".as_bytes(), b"caf\xe9", b"two\nlines", odd.as_bytes()] {
            assert_eq!(write(&files, doc, "text").unwrap(), WriteOutcome::Written);
            let path = folder.path().join("out").join(std::ffi::OsStr::from_bytes(doc));
            assert_eq!(fs::read_to_string(&path).unwrap(), "text");
            let stat = PathStat::of(&fs::metadata(&path).unwrap());
            assert_eq!(stat.modified(), Timestamp::parse("2026-03-01T10:00:00.5Z"));
            assert_eq!(write(&files, doc, "text").unwrap(), WriteOutcome::Same);
        }
        assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 4, "no leftovers");
    }

    #[test]
    fn times_before_1970_are_times_too() {
        let timestamp = Timestamp::parse("1969-12-31T23:59:58.25Z").unwrap();
        let time = system_time(timestamp).unwrap();
        assert_eq!(UNIX_EPOCH.duration_since(time).unwrap(), Duration::from_millis(1750));
    }

    #[test]
    fn what_differs_is_kept_unless_overwriting_is_asked_for() {
        let (folder, files) = output(Mode::AddOnly);
        write(&files, "a", "old").unwrap();
        assert_eq!(kept(write(&files, "a", "new")), "a is there with other content");
        assert_eq!(fs::read_to_string(folder.path().join("out/a")).unwrap(), "old");
        let files = FileWriter::in_folder(&folder.path().join("out"), Mode::Overwrite).unwrap();
        assert_eq!(write(&files, "a", "new").unwrap(), WriteOutcome::Replaced);
        assert_eq!(fs::read_to_string(folder.path().join("out/a")).unwrap(), "new");
    }

    #[test]
    fn a_dry_run_says_the_same_and_writes_nothing() {
        let (folder, files) = output(Mode::DryRun);
        assert_eq!(write(&files, "a/b", "text").unwrap(), WriteOutcome::Written);
        assert_eq!(files.then_links().write(&name("l"), b"a").unwrap(), WriteOutcome::Written);
        assert!(!folder.path().join("out").exists());
    }

    #[test]
    fn a_content_that_breaks_off_leaves_nothing() {
        let (folder, files) = output(Mode::AddOnly);
        let name = name("a");
        let outgoing = Outgoing { name: &name, digest: Digest::of(b""), size: 9, mtime: None };
        let outcome = files.write(&outgoing, |sink| {
            sink.write_all(b"half").unwrap();
            Err(Error::damaged("pack", "cut short"))
        });
        assert!(matches!(outcome, Err(Error::Damaged { .. })));
        assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 0);
    }

    #[test]
    fn no_symlink_in_the_output_is_followed() {
        let (folder, _) = output(Mode::AddOnly);
        let (out, outside) = (folder.path().join("out"), folder.path().join("outside"));
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("victim"), "safe").unwrap();
        symlink("../outside", out.join("folder")).unwrap();
        symlink("../outside/victim", out.join("file")).unwrap();
        symlink("loop", out.join("loop")).unwrap();
        for mode in [Mode::AddOnly, Mode::Overwrite] {
            let files = FileWriter::in_folder(&out, mode).unwrap();
            assert!(kept(write(&files, "folder/victim", "evil")).contains("is a symlink"));
            assert!(kept(write(&files, "loop/x", "evil")).contains("is a symlink"));
        }
        let files = FileWriter::in_folder(&out, Mode::Overwrite).unwrap();
        assert_eq!(write(&files, "file", "evil").unwrap(), WriteOutcome::Replaced);
        assert!(!out.join("file").is_symlink());
        assert_eq!(fs::read_to_string(outside.join("victim")).unwrap(), "safe");
        assert_eq!(fs::read_dir(outside).unwrap().count(), 1);
    }

    #[test]
    fn links_are_restored_as_they_were() {
        let (folder, files) = output(Mode::AddOnly);
        let out = folder.path().join("out");
        write(&files, "taken", "text").unwrap();
        let links = files.then_links();
        for target in [&b"../../etc/passwd"[..], b"caf\xe9", b"dangling"] {
            let name =
                name([b"links/", &Digest::of(target).to_string().into_bytes()[..8]].concat());
            assert_eq!(links.write(&name, target).unwrap(), WriteOutcome::Written);
            assert_eq!(links.write(&name, target).unwrap(), WriteOutcome::Same);
            let there = fs::read_link(links.output.path_of(&name)).unwrap();
            assert_eq!(there.as_os_str().as_bytes(), target);
        }
        assert_eq!(kept(links.write(&name("taken"), b"x")), "taken is there with other content");
        let links = FileWriter::in_folder(&out, Mode::Overwrite).unwrap().then_links();
        assert_eq!(links.write(&name("taken"), b"x").unwrap(), WriteOutcome::Replaced);
        assert_eq!(fs::read_link(out.join("taken")).unwrap(), Path::new("x"));
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_are_reported_one_by_one() {
        let (_folder, files) = output(Mode::Overwrite);
        write(&files, "a", "file").unwrap();
        assert!(
            kept(write(&files, "a/b", "below")).ends_with("so nothing can be written below it")
        );
        write(&files, "c/d", "below").unwrap();
        assert_eq!(kept(write(&files, "c", "file")), "c is a folder in the output");
        assert_eq!(kept(files.then_links().write(&name("c"), b"x")), "c is a folder in the output");
    }

    #[test]
    fn a_component_too_long_for_the_file_system_is_an_error_of_that_document() {
        let (_folder, files) = output(Mode::AddOnly);
        assert!(matches!(write(&files, "x".repeat(300), "text"), Err(Error::Io { .. })));
        assert_eq!(write(&files, "a", "text").unwrap(), WriteOutcome::Written);
    }
}
