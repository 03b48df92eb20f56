//! A folder that is made whole or not at all: it is filled aside, and gets its name at the end.

use std::{
    ffi::OsString,
    fs::{self, File, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::types::error::Error;

use super::{
    files::{self, TEMPORARY_PREFIX},
    interrupt::is_interrupted,
    own_files::OwnFiles,
    session::shown,
};

/// A folder on its way to its name; without one it goes again.
pub struct NewFolder {
    path: PathBuf,
    /// Beside the folder, or in it where it is there already.
    aside: TempDir,
    is_there: bool,
}

impl NewFolder {
    /// Begins a folder, which must not exist or be empty; those above it are made.
    ///
    /// Refused in an archive, and in what belongs to this program.
    pub fn begin(path: &Path, own: &OwnFiles) -> Result<Self, Error> {
        own.refuse_output(path)?;
        let is_there = match fs::read_dir(path) {
            Ok(mut entries) => match entries.next() {
                None => true,
                Some(_) => {
                    let why = "is not empty; name a folder that is empty or not there yet";
                    return Err(Error::usage(format!("{} {why}", shown(path))));
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory && path.is_file() => {
                return Err(Error::usage(format!("{} is not a folder", shown(path))));
            }
            Err(error) => return Err(Error::io("open", shown(path), error)),
        };
        let beside = match path.parent() {
            _ if is_there => path,
            Some(above) if !above.as_os_str().is_empty() => above,
            _ => Path::new("."),
        };
        // From here on a signal must not end the program where it is.
        is_interrupted();
        let made = fs::create_dir_all(beside).and_then(|()| {
            let permissions = Permissions::from_mode(0o777);
            let mut builder = tempfile::Builder::new();
            builder
                .prefix(TEMPORARY_PREFIX)
                .permissions(permissions)
                .tempdir_in(beside)
                .map_err(files::unnamed)
        });
        let aside = made.map_err(|error| Error::io("make", shown(path), error))?;
        Ok(Self { path: path.to_owned(), aside, is_there })
    }

    /// Writes a file of it, and the folders that are in its name.
    pub fn write(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let fail = |error| Error::io("write", shown(&self.path.join(name)), error);
        let path = self.aside.path().join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(fail)?;
        let mut sink = BufWriter::with_capacity(64 << 10, File::create_new(path).map_err(fail)?);
        write(&mut sink)?;
        sink.flush().map_err(fail)
    }

    /// Gives it its name.
    pub fn finish(self) -> Result<(), Error> {
        let named = match self.is_there {
            true => self.move_into(),
            false => fs::rename(self.aside.path(), &self.path),
        };
        named.map_err(|error| Error::io("make", shown(&self.path), error))
    }

    /// Moves what is in it into the empty folder; back again where that does not work out.
    fn move_into(&self) -> io::Result<()> {
        let mut moved: Vec<OsString> = Vec::new();
        for entry in fs::read_dir(self.aside.path())? {
            let name = entry?.file_name();
            let to = self.path.join(&name);
            let renamed = match fs::symlink_metadata(&to) {
                Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => fs::rename(self.aside.path().join(&name), to),
            };
            if let Err(error) = renamed {
                for name in moved {
                    let _ = fs::rename(self.path.join(&name), self.aside.path().join(&name));
                }
                return Err(error);
            }
            moved.push(name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(path: &Path) -> Result<NewFolder, Error> {
        NewFolder::begin(path, &OwnFiles::default())
    }

    fn put(folder: &NewFolder, name: &str) {
        let write = |sink: &mut dyn Write| {
            sink.write_all(b"text").map_err(|error| Error::io("write", "a test", error))
        };
        folder.write(name, write).unwrap();
    }

    #[test]
    fn a_folder_is_there_when_it_is_finished_and_not_before() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        fs::create_dir(at("empty")).unwrap();
        for name in ["new", "above/new", "empty"] {
            let folder = begin(&at(name)).unwrap();
            put(&folder, "a");
            put(&folder, "b/c");
            assert!(!at(name).join("a").exists());
            folder.finish().unwrap();
            assert_eq!(fs::read(at(name).join("b/c")).unwrap(), b"text");
            assert_eq!(fs::read_dir(at(name)).unwrap().count(), 2);
        }
        put(&begin(&at("dropped")).unwrap(), "a");
        assert!(!at("dropped").exists());
        assert_eq!(fs::read_dir(top.path()).unwrap().count(), 3, "leftovers");
    }

    #[test]
    fn what_is_there_stays_and_nothing_is_written_to_an_archive() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        fs::create_dir_all(at("full/x")).unwrap();
        fs::write(at("file"), "mine").unwrap();
        fs::create_dir(at("desk")).unwrap();
        fs::write(at("desk/identity"), "archive 1\n").unwrap();
        let why = |name: &str| begin(&at(name)).err().unwrap().to_string();
        assert!(why("full").contains("is not empty"));
        assert!(why("file").contains("file is not a folder"));
        assert!(why("desk/proof").contains("desk is an archive"));
        assert_eq!(fs::read_dir(at("desk")).unwrap().count(), 1);
        // What comes meanwhile stays, too.
        fs::create_dir(at("empty")).unwrap();
        let folder = begin(&at("empty")).unwrap();
        put(&folder, "a");
        fs::write(at("empty/a"), "mine").unwrap();
        assert!(folder.finish().is_err());
        assert_eq!(fs::read(at("empty/a")).unwrap(), b"mine");
        assert_eq!(fs::read_dir(at("empty")).unwrap().count(), 1);
    }
}
