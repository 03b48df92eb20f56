//! A file that a verb writes where somebody says: never in an archive or among what belongs to this program,
//! and never in the place of what is no regular file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::types::error::Error;

use super::{
    files::{self, FileKind, PathStat},
    own_files::OwnFiles,
    session::shown,
};

/// What becomes of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is somebody's; another name has to be found.
    Kept,
    /// It is most likely what the verb wrote there before.
    Replaced,
}

/// A path that something may be written to.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    existing: Existing,
}

impl OutputFile {
    /// Looks at what is there, before anything is worked out that is to be written.
    pub fn begin(path: &Path, existing: Existing, own: &OwnFiles) -> Result<Self, Error> {
        own.refuse_output(path)?;
        let there = fs::symlink_metadata(path).ok().map(|it| PathStat::of(&it).kind);
        match (there, existing) {
            (None, _) | (Some(FileKind::File), Existing::Replaced) => {}
            (Some(FileKind::File), Existing::Kept) => return Err(is_there(path)),
            (Some(kind), _) => {
                let (path, kind) = (shown(path), kind.words());
                return Err(Error::usage(format!(
                    "nothing is written to {path}: it is {kind}; name a file"
                )));
            }
        }
        Ok(Self { path: path.to_owned(), existing })
    }

    /// Whether another path leads to the file that is there.
    pub fn is_at(&self, path: &Path) -> bool {
        let identity = |path: &Path| fs::metadata(path).ok().map(|it| PathStat::of(&it).identity());
        identity(&self.path).is_some_and(|its| identity(path) == Some(its))
    }

    /// Its path, for people.
    pub fn shown(&self) -> String {
        shown(&self.path)
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let written = match self.existing {
            Existing::Kept => files::write_new_public(&self.path, bytes),
            Existing::Replaced => files::replace_public(&self.path, bytes),
        };
        written.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => is_there(&self.path),
            _ => Error::io("write", shown(&self.path), error),
        })
    }
}

fn is_there(path: &Path) -> Error {
    Error::usage(format!("{} is there already; name a new file", shown(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::location::Environment;
    use std::os::unix::{fs::symlink, net::UnixListener};

    // `audit --report FILE` replaced whatever FILE was: the archive's identity, the signing key, as root a device.
    #[test]
    fn nothing_is_written_over_what_is_ours_or_is_no_regular_file() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        for folder in [".config/archive/keys", ".local/state/archive", ".cache/archive", "a/packs"]
        {
            fs::create_dir_all(at(folder)).unwrap();
        }
        fs::write(at("a/identity"), "archive 1\norigin x\n").unwrap();
        fs::write(at("copied key"), "PRIVATE+KEY+x+00000000+AAAA").unwrap();
        fs::write(at("mine"), "mine").unwrap();
        symlink("a", at("link to a")).unwrap();
        symlink("mine", at("link")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        let environment = Environment::from(|name| (name == "HOME").then(|| home.path().into()));
        let own = OwnFiles::of(&environment, None);
        for (path, why) in [
            ("a/identity", "is an archive"),
            ("a/new", "is an archive"),
            ("a/packs/new/er", "is an archive"),
            ("link to a/new", "is an archive"),
            (".config/archive/keys/0.key", "is this program's keys"),
            (".local/state/archive/lock", "is what this program remembers"),
            (".cache/archive/x", "is this program's cache"),
            ("copied key", "it is a signing key"),
            ("link", "it is a symlink"),
            ("dangling", "it is a symlink"),
            ("socket", "it is a socket"),
            ("a/..", "it is a folder"),
        ] {
            for existing in [Existing::Kept, Existing::Replaced] {
                let error = OutputFile::begin(&at(path), existing, &own).unwrap_err();
                assert!(error.to_string().contains(why), "{path}: {error}");
            }
        }
        assert_eq!(fs::read(at("mine")).unwrap(), b"mine");
    }

    #[test]
    fn a_file_that_is_there_is_kept_or_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (path, own) = (folder.path().join("page"), OwnFiles::default());
        OutputFile::begin(&path, Existing::Kept, &own).unwrap().write(b"one").unwrap();
        let kept = OutputFile::begin(&path, Existing::Kept, &own).unwrap_err();
        assert!(kept.to_string().ends_with("page is there already; name a new file"), "{kept}");
        OutputFile::begin(&path, Existing::Replaced, &own).unwrap().write(b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no leftovers");
    }

    #[test]
    fn an_error_names_the_path_that_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/such/page");
        for existing in [Existing::Kept, Existing::Replaced] {
            let file = OutputFile::begin(&path, existing, &OwnFiles::default()).unwrap();
            let error = file.write(b"text").unwrap_err().to_string();
            let expected = format!("cannot write {}: no such file or directory", path.display());
            assert_eq!(error, expected);
        }
    }
}
