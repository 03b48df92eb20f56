//! Documents as files again, inside one folder and never outside it.
//!
//! Folders are entered by their handles (`output_folder.rs`), and files are made in them under
//! temporary names; links come last, in a pass of their own.

use std::ffi::OsStr;
use std::fs::FileTimes;
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::types::{
    digest::Digest, error::Error, interrupt::Interruptible, name::DocName, time::Timestamp,
};

use super::{
    files::{FileKind, PathStat},
    folder::OpenFolder,
    interrupt::is_interrupted,
    output_folder::{OutputFolder, Spot},
    own_files::OwnFiles,
    print::terminal::shown_name,
};

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
    mode: Mode,
}

/// The pass that restores symlinks, after every file.
#[derive(Debug)]
pub struct LinkWriter {
    output: OutputFolder,
    mode: Mode,
}

impl FileWriter {
    /// Opens the output folder, making it if need be; into what is in `own` nothing is written.
    pub fn in_folder(folder: &Path, mode: Mode, own: OwnFiles) -> Result<Self, Error> {
        let output = OutputFolder::open(folder, own, mode != Mode::DryRun)?;
        Ok(Self { output, mode })
    }

    /// Writes one document; `content` is called only when its bytes are needed.
    ///
    /// An error from `content` leaves nothing behind.
    pub fn write(
        &mut self,
        document: &Outgoing<'_>,
        content: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
    ) -> Result<WriteOutcome, Error> {
        let (name, mode) = (document.name, self.mode);
        let fail = io_at("write", self.output.path_of(name));
        let (folder, outcome) = match self.output.enter(name)? {
            Spot::Nowhere => return Ok(WriteOutcome::Written),
            Spot::Blocked(why) => return Ok(WriteOutcome::Kept(why)),
            Spot::Free(folder) => (folder, WriteOutcome::Written),
            Spot::Taken(folder, there) => match same_file(folder, &there, document) {
                Ok(true) => return Ok(WriteOutcome::Same),
                Ok(false) => (folder, over(&there, name, mode)),
                Err(error) => return Err(fail(error)),
            },
        };
        if writes(mode, &outcome) {
            let named = write_file(folder, document, &outcome, content, &fail)?;
            return named.map_or_else(
                |error| meanwhile(name, error, &fail),
                |()| {
                    self.output.note_written(name);
                    Ok(outcome)
                },
            );
        }
        Ok(outcome)
    }

    /// Ends the files and begins the links.
    pub fn then_links(self) -> LinkWriter {
        LinkWriter { output: self.output, mode: self.mode }
    }
}

impl LinkWriter {
    /// Restores one symlink with the target it had, wherever that leads.
    pub fn write(&mut self, name: &DocName, target: &[u8]) -> Result<WriteOutcome, Error> {
        let fail = io_at("write", self.output.path_of(name));
        let (tail, target) = (OsStr::from_bytes(name.tail()), OsStr::from_bytes(target));
        let (folder, outcome) = match self.output.enter(name)? {
            Spot::Nowhere => return Ok(WriteOutcome::Written),
            Spot::Blocked(why) => return Ok(WriteOutcome::Kept(why)),
            Spot::Free(folder) => (folder, WriteOutcome::Written),
            Spot::Taken(folder, there) => {
                let is_same = there.kind == FileKind::Symlink
                    && folder.link_target(tail).is_ok_and(|it| it == target.as_bytes());
                match is_same {
                    true => return Ok(WriteOutcome::Same),
                    false => (folder, over(&there, name, self.mode)),
                }
            }
        };
        if writes(self.mode, &outcome) {
            let made = match outcome {
                WriteOutcome::Replaced => folder.replace_with_link(tail, target),
                _ => folder.make_link(tail, target),
            };
            return made.map_or_else(|error| meanwhile(name, error, &fail), |()| Ok(outcome));
        }
        Ok(outcome)
    }
}

fn writes(mode: Mode, outcome: &WriteOutcome) -> bool {
    mode != Mode::DryRun && matches!(outcome, WriteOutcome::Written | WriteOutcome::Replaced)
}

/// What happens to something that is there and differs.
fn over(there: &PathStat, name: &DocName, mode: Mode) -> WriteOutcome {
    let shown = shown_name(name.as_bytes());
    match (there.kind, mode) {
        (FileKind::Folder, _) => WriteOutcome::Kept(format!("{shown} is a folder in the output")),
        (_, Mode::AddOnly) => WriteOutcome::Kept(format!("{shown} is there with other content")),
        _ => WriteOutcome::Replaced,
    }
}

/// What was free when it was looked at need not be so any more.
fn meanwhile(
    name: &DocName,
    error: io::Error,
    fail: impl Fn(io::Error) -> Error,
) -> Result<WriteOutcome, Error> {
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let shown = shown_name(name.as_bytes());
            Ok(WriteOutcome::Kept(format!("{shown} came there meanwhile")))
        }
        _ => Err(fail(error)),
    }
}

/// Compares by size first, then by digest.
fn same_file(folder: &OpenFolder, there: &PathStat, document: &Outgoing<'_>) -> io::Result<bool> {
    if there.kind != FileKind::File || there.size != document.size {
        return Ok(false);
    }
    let mut file = folder.file(OsStr::from_bytes(document.name.tail()))?;
    let (digest, _) = Digest::of_all(Interruptible::new(&mut file, &is_interrupted))?;
    Ok(digest == document.digest)
}

/// Writes the file aside, and gives it its name; how that went is the inner result.
fn write_file(
    folder: &OpenFolder,
    document: &Outgoing<'_>,
    outcome: &WriteOutcome,
    content: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
    fail: impl Fn(io::Error) -> Error,
) -> Result<io::Result<()>, Error> {
    let temporary = folder.temporary().map_err(&fail)?;
    let mut sink = BufWriter::with_capacity(64 << 10, temporary.file());
    content(&mut sink)?;
    sink.flush().map_err(&fail)?;
    drop(sink);
    if let Some(time) = document.mtime.and_then(system_time) {
        let times = FileTimes::new().set_modified(time);
        temporary.file().set_times(times).map_err(&fail)?;
    }
    let tail = OsStr::from_bytes(document.name.tail());
    Ok(match outcome {
        WriteOutcome::Replaced => temporary.replace(tail),
        _ => temporary.give_new_name(tail),
    })
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

fn io_at(operation: &'static str, path: String) -> impl Fn(io::Error) -> Error {
    move |source| Error::io(operation, path.clone(), source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn name(text: impl AsRef<[u8]>) -> DocName {
        DocName::new(text.as_ref()).unwrap()
    }

    fn write(
        files: &mut FileWriter,
        doc: impl AsRef<[u8]>,
        text: &str,
    ) -> Result<WriteOutcome, Error> {
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

    fn opened(folder: &Path, mode: Mode) -> FileWriter {
        FileWriter::in_folder(folder, mode, OwnFiles::default()).unwrap()
    }

    fn output(mode: Mode) -> (tempfile::TempDir, FileWriter) {
        let folder = tempfile::tempdir().unwrap();
        let files = opened(&folder.path().join("out"), mode);
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
        let (folder, mut files) = output(Mode::AddOnly);
        let odd = "x".repeat(255);
        for doc in ["a/b/c.txt".as_bytes(), b"caf\xe9", b"two\nlines", odd.as_bytes()] {
            assert_eq!(write(&mut files, doc, "text").unwrap(), WriteOutcome::Written);
            let path = folder.path().join("out").join(std::ffi::OsStr::from_bytes(doc));
            assert_eq!(fs::read_to_string(&path).unwrap(), "text");
            let stat = PathStat::of(&fs::metadata(&path).unwrap());
            assert_eq!(stat.modified(), Timestamp::parse("2026-03-01T10:00:00.5Z"));
            assert_eq!(write(&mut files, doc, "text").unwrap(), WriteOutcome::Same);
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
        let (folder, mut files) = output(Mode::AddOnly);
        write(&mut files, "a", "old").unwrap();
        assert_eq!(kept(write(&mut files, "a", "new")), "a is there with other content");
        assert_eq!(fs::read_to_string(folder.path().join("out/a")).unwrap(), "old");
        let mut files = opened(&folder.path().join("out"), Mode::Overwrite);
        assert_eq!(write(&mut files, "a", "new").unwrap(), WriteOutcome::Replaced);
        assert_eq!(fs::read_to_string(folder.path().join("out/a")).unwrap(), "new");
    }

    #[test]
    fn a_dry_run_says_the_same_and_writes_nothing() {
        let (folder, mut files) = output(Mode::DryRun);
        assert_eq!(write(&mut files, "a/b", "text").unwrap(), WriteOutcome::Written);
        assert_eq!(files.then_links().write(&name("l"), b"a").unwrap(), WriteOutcome::Written);
        assert!(!folder.path().join("out").exists());
    }

    #[test]
    fn a_content_that_breaks_off_leaves_nothing() {
        let (folder, mut files) = output(Mode::AddOnly);
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
            let mut files = opened(&out, mode);
            assert!(kept(write(&mut files, "folder/victim", "evil")).contains("is a symlink"));
            assert!(kept(write(&mut files, "loop/x", "evil")).contains("is a symlink"));
        }
        let mut files = opened(&out, Mode::Overwrite);
        assert_eq!(write(&mut files, "file", "evil").unwrap(), WriteOutcome::Replaced);
        assert!(!out.join("file").is_symlink());
        assert_eq!(fs::read_to_string(outside.join("victim")).unwrap(), "safe");
        assert_eq!(fs::read_dir(outside).unwrap().count(), 1);
    }

    #[test]
    fn links_are_restored_as_they_were() {
        let (folder, mut files) = output(Mode::AddOnly);
        let out = folder.path().join("out");
        write(&mut files, "taken", "text").unwrap();
        let mut links = files.then_links();
        for target in [&b"../../etc/passwd"[..], b"caf\xe9", b"dangling"] {
            let name =
                name([b"links/", &Digest::of(target).to_string().into_bytes()[..8]].concat());
            assert_eq!(links.write(&name, target).unwrap(), WriteOutcome::Written);
            assert_eq!(links.write(&name, target).unwrap(), WriteOutcome::Same);
            let there = fs::read_link(out.join(OsStr::from_bytes(name.as_bytes()))).unwrap();
            assert_eq!(there.as_os_str().as_bytes(), target);
        }
        assert_eq!(kept(links.write(&name("taken"), b"x")), "taken is there with other content");
        let mut links = opened(&out, Mode::Overwrite).then_links();
        assert_eq!(links.write(&name("taken"), b"x").unwrap(), WriteOutcome::Replaced);
        assert_eq!(fs::read_link(out.join("taken")).unwrap(), Path::new("x"));
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_are_reported_one_by_one() {
        let (_folder, mut files) = output(Mode::Overwrite);
        write(&mut files, "a", "file").unwrap();
        assert!(
            kept(write(&mut files, "a/b", "below")).ends_with("so nothing can be written below it")
        );
        write(&mut files, "c/d", "below").unwrap();
        assert_eq!(kept(write(&mut files, "c", "file")), "c is a folder in the output");
        assert_eq!(kept(files.then_links().write(&name("c"), b"x")), "c is a folder in the output");
    }

    #[test]
    fn a_component_too_long_for_the_file_system_is_an_error_of_that_document() {
        let (_folder, mut files) = output(Mode::AddOnly);
        assert!(matches!(write(&mut files, "x".repeat(300), "text"), Err(Error::Io { .. })));
        assert_eq!(write(&mut files, "a", "text").unwrap(), WriteOutcome::Written);
    }
}
