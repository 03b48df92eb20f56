//! The folder that documents are written to: its folders are entered one in another by their handles,
//! and none that is a link, an archive, or called otherwise than the documents' names say.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::types::{error::Error, name::DocName};

use super::{
    files::{FileKind, PathStat},
    folder::OpenFolder,
    own_files::{OwnFile, OwnFiles},
    print::terminal::shown_name,
};

/// What makes a folder look like an archive.
const IDENTITY: &[u8] = b"identity";

/// A folder to write documents into.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
    own: OwnFiles,
    /// Whether folders are made.
    makes: bool,
    /// The folders on the way down to the document before, the output itself first; empty where there
    /// is no output yet.
    entered: Vec<Entered>,
    /// Folders that look like archives since we wrote a document there.
    with_our_identity: HashSet<(u64, u64)>,
}

#[derive(Debug)]
struct Entered {
    name: OsString,
    folder: OpenFolder,
    /// The names that were there before us.
    names: HashSet<OsString>,
}

/// What stands where a document should go.
pub enum Spot<'a> {
    /// Nothing, and not even its folder, which is not to be made.
    Nowhere,
    /// Nothing.
    Free(&'a OpenFolder),
    /// Something of exactly that name.
    Taken(&'a OpenFolder, PathStat),
    /// What makes it impossible.
    Blocked(String),
}

/// Why a folder is not entered.
enum Stop {
    Missing,
    Blocked(String),
    Error(io::Error),
}

impl OutputFolder {
    /// Opens the folder; made, with those above it, if it is to be.
    pub fn open(path: &Path, own: OwnFiles, makes: bool) -> Result<Self, Error> {
        let shown = shown_name(path.as_os_str().as_bytes());
        own.refuse_output(path)?;
        if fs::metadata(path).is_ok_and(|there| !there.is_dir()) {
            return Err(Error::usage(format!("{shown} is not a folder")));
        }
        if makes {
            fs::create_dir_all(path).map_err(|error| Error::io("make", shown.clone(), error))?;
        }
        let mut output = Self {
            path: path.to_owned(),
            own,
            makes,
            entered: Vec::new(),
            with_our_identity: HashSet::new(),
        };
        match OpenFolder::named(path).and_then(|folder| output.listed(OsString::new(), folder)) {
            Ok(top) => output.entered.push(top),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !makes => {}
            Err(error) => return Err(Error::io("open", shown, error)),
        }
        Ok(output)
    }

    /// The path of a document, as it is shown.
    pub fn path_of(&self, name: &DocName) -> String {
        let path = self.path.join(OsStr::from_bytes(name.as_bytes()));
        path.display().to_string()
    }

    /// Goes into the document's folder, and looks at its name there.
    pub fn enter(&mut self, name: &DocName) -> Result<Spot<'_>, Error> {
        let stopped = self.go_to_folder_of(name).and_then(|()| self.there(name));
        match stopped {
            Err(Stop::Missing) => Ok(Spot::Nowhere),
            Err(Stop::Blocked(why)) => Ok(Spot::Blocked(why)),
            Err(Stop::Error(error)) => Err(Error::io("write", self.path_of(name), error)),
            Ok(there) => match (self.entered.last(), there) {
                (None, _) => Ok(Spot::Nowhere),
                (Some(last), None) => Ok(Spot::Free(&last.folder)),
                (Some(last), Some(there)) => Ok(Spot::Taken(&last.folder, there)),
            },
        }
    }

    /// Takes note of a document that was written.
    pub fn note_written(&mut self, name: &DocName) {
        let identity = self.entered.last().and_then(|last| last.folder.stat().ok());
        if let Some(stat) = identity.filter(|_| name.tail() == IDENTITY) {
            self.with_our_identity.insert(stat.identity());
        }
    }

    /// Leaves the folders that the document is not in, and enters those that it is in.
    fn go_to_folder_of(&mut self, name: &DocName) -> Result<(), Stop> {
        let mut parts: Vec<&[u8]> = name.as_bytes().split(|b| *b == b'/').collect();
        parts.pop();
        let entered = self.entered.iter().skip(1);
        let is_on_the_way =
            |(entered, part): &(&Entered, &&[u8])| entered.name.as_bytes() == **part;
        let n_shared = entered.zip(&parts).take_while(is_on_the_way).count();
        self.entered.truncate(n_shared + 1);
        for (n, part) in parts.iter().enumerate().skip(n_shared) {
            let path = self.path.join(OsStr::from_bytes(&parts[..=n].join(&b'/')));
            let shown = || shown_name(path.as_os_str().as_bytes());
            let next = self.next(OsStr::from_bytes(part), shown)?;
            self.entered.push(next);
        }
        Ok(())
    }

    /// The folder of this name in the last one entered.
    fn next(&self, name: &OsStr, shown: impl Fn() -> String) -> Result<Entered, Stop> {
        let above = self.entered.last().ok_or(Stop::Missing)?;
        let Some(there) = above.look(name).map_err(Stop::Error)? else {
            if !self.makes {
                return Err(Stop::Missing);
            }
            above.folder.make_folder(name).map_err(Stop::Error)?;
            let folder = above.folder.folder(name).map_err(Stop::Error)?;
            return Ok(Entered { name: name.to_owned(), folder, names: HashSet::new() });
        };
        above.must_be_spelled_so(name, &there, &shown)?;
        match there.kind {
            FileKind::Folder => {}
            FileKind::Symlink => return Err(blocked(&shown(), "a symlink")),
            _ => return Err(blocked(&shown(), "a file")),
        }
        let folder = above.folder.folder(name).map_err(Stop::Error)?;
        let stat = folder.stat().map_err(Stop::Error)?;
        let is_archive =
            || folder.is_archive() && !self.with_our_identity.contains(&stat.identity());
        let own = self.own.which(&stat).or_else(|| is_archive().then_some(OwnFile::AnArchive));
        match own {
            Some(own) => Err(blocked(&shown(), own.words())),
            None => self.listed(name.to_owned(), folder).map_err(Stop::Error),
        }
    }

    /// A folder with the names in it, without what an interrupted export left there.
    fn listed(&self, name: OsString, folder: OpenFolder) -> io::Result<Entered> {
        let names = folder.names()?;
        if self.makes {
            folder.sweep(&names);
        }
        Ok(Entered { name, folder, names: names.into_iter().collect() })
    }

    /// What has the document's name in the folder entered last.
    fn there(&self, name: &DocName) -> Result<Option<PathStat>, Stop> {
        let Some(last) = self.entered.last() else { return Ok(None) };
        let tail = OsStr::from_bytes(name.tail());
        let there = last.look(tail).map_err(Stop::Error)?;
        if let Some(there) = &there {
            last.must_be_spelled_so(tail, there, || shown_name(name.as_bytes()))?;
        }
        Ok(there)
    }
}

impl Entered {
    fn look(&self, name: &OsStr) -> io::Result<Option<PathStat>> {
        match self.folder.look(name) {
            Ok(stat) => Ok(Some(stat)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What answers to a name must be listed under it: where letters of both cases, or two spellings of
    /// an accent, are one, it may be another document's.
    fn must_be_spelled_so(
        &self,
        name: &OsStr,
        there: &PathStat,
        shown: impl Fn() -> String,
    ) -> Result<(), Stop> {
        if self.names.contains(name) {
            return Ok(());
        }
        let names = self.folder.names().map_err(Stop::Error)?;
        if names.iter().any(|listed| listed == name) {
            return Ok(());
        }
        let is_it = |listed: &&OsString| {
            self.folder.look(listed).is_ok_and(|stat| stat.identity() == there.identity())
        };
        let other = names
            .iter()
            .find(is_it)
            .map_or_else(String::new, |other| format!(" as {}", shown_name(other.as_bytes())));
        Err(Stop::Blocked(format!(
            "{} is there{other}, which is the same name to this file system",
            shown()
        )))
    }
}

fn blocked(shown: &str, what: &str) -> Stop {
    Stop::Blocked(format!("{shown} is {what}, so nothing can be written below it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DocName {
        DocName::new(text).unwrap()
    }

    fn open(folder: &Path) -> OutputFolder {
        OutputFolder::open(folder, OwnFiles::default(), true).unwrap()
    }

    fn why(entry: Result<Spot<'_>, Error>) -> String {
        match entry.unwrap() {
            Spot::Blocked(why) => why,
            _ => panic!("it was entered"),
        }
    }

    #[test]
    fn a_name_that_answers_and_is_not_listed_is_another_documents() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("A"), "of another document").unwrap();
        let output = open(folder.path());
        let top = &output.entered[0];
        // Where case is folded, looking at `a` gives the stat of `A`.
        let there = top.folder.look(OsStr::new("A")).unwrap();
        let spelled =
            |name: &str| top.must_be_spelled_so(OsStr::new(name), &there, || name.to_owned());
        assert!(spelled("A").is_ok());
        let Err(Stop::Blocked(why)) = spelled("a") else { panic!() };
        assert_eq!(why, "a is there as A, which is the same name to this file system");
        // What another program makes meanwhile is no such thing.
        fs::write(folder.path().join("a"), "").unwrap();
        assert!(spelled("a").is_ok());
    }

    #[test]
    fn i14_no_archive_is_entered_but_what_a_document_makes_look_like_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["old", "new"] {
            fs::create_dir_all(at(path)).unwrap();
        }
        fs::write(at("old/identity"), "archive 1\n").unwrap();
        let mut output = open(folder.path());
        let said = why(output.enter(&name("old/log/x")));
        assert_eq!(
            said,
            format!("{} is an archive, so nothing can be written below it", at("old").display())
        );
        assert!(!at("old/log").exists());
        assert!(matches!(output.enter(&name("new/identity")), Ok(Spot::Free(_))));
        fs::write(at("new/identity"), "archive 1\n").unwrap();
        output.note_written(&name("new/identity"));
        assert!(matches!(output.enter(&name("x")), Ok(Spot::Free(_))));
        assert!(matches!(output.enter(&name("new/log/x")), Ok(Spot::Free(_))));
        let refused = OutputFolder::open(&at("old/packs"), OwnFiles::default(), true);
        assert!(refused.unwrap_err().to_string().contains("old is an archive"));
        assert!(!at("old/packs").exists());
    }

    #[test]
    fn leftovers_go_and_what_another_export_is_writing_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("d")).unwrap();
        fs::write(folder.path().join("d/.archive-export-1-0"), "left").unwrap();
        fs::write(folder.path().join(".archive-export-1-0"), "left").unwrap();
        let other = OpenFolder::named(folder.path()).unwrap();
        let under_way = other.temporary().unwrap();
        let mut output = open(folder.path());
        output.enter(&name("d/x")).unwrap();
        assert!(!folder.path().join("d/.archive-export-1-0").exists());
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        under_way.give_new_name(OsStr::new("x")).unwrap();
    }

    #[test]
    fn a_folder_swapped_for_a_link_is_written_to_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("out/d")).unwrap();
        fs::create_dir_all(at("outside")).unwrap();
        let mut output = open(&at("out"));
        let Ok(Spot::Free(d)) = output.enter(&name("d/x")) else { panic!() };
        // Between looking and writing.
        fs::rename(at("out/d"), at("moved")).unwrap();
        std::os::unix::fs::symlink("../outside", at("out/d")).unwrap();
        d.temporary().unwrap().give_new_name(OsStr::new("x")).unwrap();
        assert!(at("moved/x").exists());
        assert_eq!(fs::read_dir(at("outside")).unwrap().count(), 0);
        assert!(why(open(&at("out")).enter(&name("d/y"))).contains("out/d is a symlink"));
        assert_eq!(fs::read_dir(at("outside")).unwrap().count(), 0);
    }
}
