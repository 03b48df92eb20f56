//! A database whose files have other names, too: `cp -al` makes such, and whoever wants something outside
//! overwritten. SQLite writes in place, so each such name gets a file of its own before.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use rustix::fs::{self as handles, Access, AtFlags, OFlags, Stat};
use rustix::io::Errno;

use crate::types::error::Error;

use super::{TEMPORARY, folder::ArchiveFolder};

/// So often files are copied again that changed meanwhile.
const TRIES: usize = 8;

/// The files that are copied; the memory that users share is made anew from the others.
const COPIED: [&str; 3] = ["", "-wal", "-journal"];
const SHARED_MEMORY: &str = "-shm";

/// Gives the files of a database to its own folder alone, where they have other names elsewhere.
///
/// Another process that has them open goes on with those elsewhere: it has no file in common with who opens the
/// database from now on, and what it writes there is written into this one again when that is opened.
pub(super) fn part(folder: &ArchiveFolder, name: &str) -> Result<(), Error> {
    for _ in 0..TRIES {
        let Some(shared) = first_shared(folder, name)? else { return Ok(()) };
        match parted(folder, name) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(Error::Io { source, .. }) if is_refused(&source) => {
                // What cannot be written needs no care.
                return match is_writable(folder, name) {
                    true => Err(has_other_names(folder, &shared)),
                    false => Ok(()),
                };
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::Busy { who: format!("another process writes {name}") })
}

/// The first of the files that has another name.
fn first_shared(folder: &ArchiveFolder, name: &str) -> Result<Option<String>, Error> {
    for end in COPIED.iter().chain(&[SHARED_MEMORY]) {
        let name = format!("{name}{end}");
        if folder.stat(&name)?.is_some_and(|stat| stat.st_nlink > 1) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Puts a copy in the place of each file; `false`, and nothing done, if they changed meanwhile.
fn parted(folder: &ArchiveFolder, name: &str) -> Result<bool, Error> {
    let before = stats(folder, name)?;
    let mut copies = Vec::new();
    let copied = COPIED.iter().try_for_each(|end| {
        copies.extend(copy(folder, &format!("{name}{end}"))?);
        Ok(())
    });
    let is_same = copied.and_then(|()| Ok(stats(folder, name)? == before));
    if !matches!(is_same, Ok(true)) {
        for (temporary, _) in &copies {
            folder.remove(temporary)?;
        }
        return is_same;
    }
    folder.remove(&format!("{name}{SHARED_MEMORY}"))?;
    for (temporary, own) in &copies {
        handles::renameat(folder.top(), &**temporary, folder.top(), &**own)
            .map_err(|errno| folder.io("replace", own, errno))?;
    }
    Ok(true)
}

/// Size, time of change in two parts, and number of a file.
type FileState = (u64, i64, i64, u64);

/// What tells whether the files changed.
fn stats(folder: &ArchiveFolder, name: &str) -> Result<Vec<Option<FileState>>, Error> {
    let of = |stat: Stat| {
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        (size, stat.st_mtime, stat.st_mtime_nsec as i64, stat.st_ino)
    };
    COPIED.iter().map(|end| Ok(folder.stat(&format!("{name}{end}"))?.map(of))).collect()
}

/// Copies a file, if there is one, with its permissions; the names of the copy and of the file.
fn copy(folder: &ArchiveFolder, name: &str) -> Result<Option<(String, String)>, Error> {
    let Some((mut file, _)) = folder.open_file(name)? else { return Ok(None) };
    let temporary = format!("{TEMPORARY}{name}-{}", std::process::id());
    folder.remove(&temporary)?;
    let made = folder.create(&folder.top(), &temporary, OFlags::WRONLY);
    let made = made.map_err(|errno| folder.io("make", &temporary, errno))?;
    let written = fill(&mut file, made);
    if written.is_err() {
        folder.remove(&temporary)?;
    }
    written.map_err(|source| {
        let path = folder.path().join(name).display().to_string();
        Error::io("copy", path, source)
    })?;
    Ok(Some((temporary, name.to_owned())))
}

fn fill(file: &mut File, mut copy: File) -> std::io::Result<()> {
    let mode = file.metadata()?.permissions().mode() & 0o777;
    copy.set_permissions(Permissions::from_mode(mode))?;
    std::io::copy(file, &mut copy).map(drop)
}

fn is_refused(source: &std::io::Error) -> bool {
    let refusals = [Errno::ACCESS, Errno::PERM, Errno::ROFS].map(Errno::raw_os_error);
    source.raw_os_error().is_some_and(|errno| refusals.contains(&errno))
}

fn is_writable(folder: &ArchiveFolder, name: &str) -> bool {
    COPIED.iter().chain(&[SHARED_MEMORY]).any(|end| {
        let name = format!("{name}{end}");
        handles::accessat(folder.top(), name, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
    })
}

fn has_other_names(folder: &ArchiveFolder, name: &str) -> Error {
    let why = "it is a hard link, and what is written to it shows under its other names, too; remove it, and it is \
               made anew";
    Error::damaged(folder.path().join(name).display().to_string(), why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_has_other_names_is_copied_before_it_is_written() {
        for end in ["", "-wal", "-journal", "-shm"] {
            let top = tempfile::tempdir().unwrap();
            let at = |name: &str| top.path().join(name);
            fs::create_dir(at("a")).unwrap();
            for other in ["a/db", "a/db-wal", "mine"] {
                fs::write(at(other), other).unwrap();
            }
            fs::set_permissions(at("mine"), Permissions::from_mode(0o640)).unwrap();
            let linked = at(&format!("a/db{end}"));
            let _ = fs::remove_file(&linked);
            fs::hard_link(at("mine"), &linked).unwrap();
            let folder = ArchiveFolder::open(&at("a")).unwrap().unwrap();
            part(&folder, "db").unwrap();
            assert_eq!(first_shared(&folder, "db").unwrap(), None, "{end}");
            if end == SHARED_MEMORY {
                assert!(!linked.exists());
            } else {
                assert_eq!(fs::read(&linked).unwrap(), b"mine");
                assert_eq!(fs::metadata(&linked).unwrap().permissions().mode() & 0o777, 0o640);
            }
            assert_eq!(fs::read(at("mine")).unwrap(), b"mine");
            let names = fs::read_dir(at("a")).unwrap().map(|entry| entry.unwrap().file_name());
            assert!(names.into_iter().all(|name| name.to_str().unwrap().starts_with("db")));
        }
    }
}
