//! Walking: the paths on a command line become candidates for intake, one at a time.
//!
//! Everything is a candidate: hidden files too. Symlinks are recorded and never followed, so that
//! no loop can be walked. What is left out is reported, with the reason. Folders are read in the order
//! of their names' bytes; at most the names of the folders on the way down are held in memory.

mod names;
mod rules;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::types::name::DocName;

use super::files::{PathStat, invalid};

pub use names::PathList;
use rules::{Above, RuleFiles};
pub use rules::{CommandRules, check_glob};

/// One thing met on the way.
#[derive(Debug)]
pub enum WalkItem {
    /// A file or symlink to add.
    Found(FoundFile),
    /// Something that is left out on purpose; of an excluded folder, the folder alone.
    Skipped { path: PathBuf, reason: Reason },
    /// Something that should have been added and could not be.
    Unreadable(Unreadable),
}

/// A file or symlink to add.
#[derive(Debug, PartialEq, Eq)]
pub struct FoundFile {
    pub path: PathBuf,
    pub name: DocName,
    /// Its stat when it was met; [`super::files::open_input`] gives a newer one.
    pub stat: PathStat,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    File,
    /// A symlink and its target, which need not exist.
    Symlink(Vec<u8>),
}

/// A path that the machine did not let us read.
#[derive(Debug)]
pub struct Unreadable {
    pub path: PathBuf,
    /// The system's own words, or ours about a rule or a name.
    pub error: io::Error,
}

/// Why something is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A rule says so.
    Excluded,
    /// It is larger than `--max-size`.
    TooLarge,
    Socket,
    Device,
    Fifo,
    /// `-x`, and it lies on another file system than the path named.
    OtherFileSystem,
    /// It is the archive that documents are added to.
    TheArchive,
}

/// How a path becomes a name.
#[derive(Debug, Clone, Default)]
pub struct Naming {
    /// Takes the place of the path named: of a file, or of the folder at the top.
    pub as_name: Option<DocName>,
    /// Goes before every name.
    pub prefix: Option<DocName>,
}

/// What is left out, and what things are called.
#[derive(Debug, Default)]
pub struct Options {
    /// How a path becomes a name.
    pub naming: Naming,
    /// `--exclude` and `--exclude-from`.
    pub rules: CommandRules,
    /// Follow `.gitignore` files as well as `.archiveignore`.
    pub git: bool,
    /// Leave out larger files, also those named.
    pub size_max: Option<u64>,
    /// Stay on the file system of each path named.
    pub one_file_system: bool,
    /// The archive's folder, if it exists.
    pub archive: Option<PathBuf>,
}

/// The iterator of candidates.
#[derive(Debug)]
pub struct Walk<R> {
    roots: R,
    options: Options,
    archive: Option<(u64, u64)>,
    root: Root,
    folders: Vec<Folder>,
    waiting: VecDeque<WalkItem>,
}

/// The path now being walked, as named by the user.
#[derive(Debug, Default)]
struct Root {
    path: PathBuf,
    device: u64,
    above: Above,
}

/// A folder being walked.
#[derive(Debug)]
struct Folder {
    /// Its path from the root.
    below: PathBuf,
    names: std::vec::IntoIter<OsString>,
    rules: RuleFiles,
}

impl Reason {
    /// The reason as it reads in `3 files skipped: …`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Excluded => "excluded by a rule",
            Self::TooLarge => "larger than --max-size",
            Self::Socket => "socket",
            Self::Device => "device",
            Self::Fifo => "named pipe",
            Self::OtherFileSystem => "on another file system",
            Self::TheArchive => "the archive itself",
        }
    }
}

impl Naming {
    fn name(&self, root: &Path, below: &Path) -> Result<DocName, &'static str> {
        let name = match &self.as_name {
            None => DocName::of_path(join(root, below).as_os_str().as_bytes())?,
            Some(name) if below.as_os_str().is_empty() => name.clone(),
            Some(name) => DocName::new(below.as_os_str().as_bytes())?.under(name)?,
        };
        match &self.prefix {
            Some(prefix) => name.under(prefix),
            None => Ok(name),
        }
    }
}

impl<R> Walk<R>
where
    R: Iterator<Item = Result<PathBuf, Unreadable>>,
{
    /// Walks each root in turn; a root that is itself unreadable is passed on as such.
    pub fn new(roots: R, options: Options) -> Self {
        let archive = options.archive.as_ref().and_then(|path| fs::metadata(path).ok());
        let archive = archive.map(|metadata| PathStat::of(&metadata).identity());
        let (folders, waiting) = (Vec::new(), VecDeque::new());
        Self { roots, options, archive, root: Root::default(), folders, waiting }
    }

    /// A path named by the user is taken whatever the rules say.
    fn begin(&mut self, path: PathBuf) -> Option<WalkItem> {
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => return Some(unreadable(path, error)),
        };
        let device = PathStat::of(&metadata).device;
        self.root = Root { path, device, above: Above::default() };
        if metadata.is_dir() {
            let (above, troubles) = Above::of(&self.root.path, self.options.git);
            self.root.above = above;
            self.waiting.extend(troubles.into_iter().map(WalkItem::Unreadable));
        }
        self.meet(PathBuf::new(), &metadata)
    }

    /// Something inside a folder: first the rules, then what it is.
    fn step(&mut self, below: PathBuf) -> Option<WalkItem> {
        let path = join(&self.root.path, &below);
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => return Some(unreadable(path, error)),
        };
        if self.is_excluded(&below, metadata.is_dir()) {
            return Some(WalkItem::Skipped { path, reason: Reason::Excluded });
        }
        self.meet(below, &metadata)
    }

    fn meet(&mut self, below: PathBuf, metadata: &Metadata) -> Option<WalkItem> {
        let path = join(&self.root.path, &below);
        if let Some(reason) = self.reason_to_skip(metadata) {
            return Some(WalkItem::Skipped { path, reason });
        }
        if metadata.is_dir() {
            return self.descend(below, path);
        }
        let name = match self.options.naming.name(&self.root.path, &below) {
            Ok(name) => name,
            Err(why) => return Some(unreadable(path, invalid(why))),
        };
        let what = match metadata.is_symlink().then(|| fs::read_link(&path)) {
            None => What::File,
            Some(Ok(target)) => What::Symlink(target.into_os_string().into_encoded_bytes()),
            Some(Err(error)) => return Some(unreadable(path, error)),
        };
        Some(WalkItem::Found(FoundFile { path, name, stat: PathStat::of(metadata), what }))
    }

    fn reason_to_skip(&self, metadata: &Metadata) -> Option<Reason> {
        let stat = PathStat::of(metadata);
        if metadata.is_dir() && self.archive == Some(stat.identity()) {
            return Some(Reason::TheArchive);
        }
        if self.options.one_file_system && stat.device != self.root.device {
            return Some(Reason::OtherFileSystem);
        }
        if metadata.is_file() && self.options.size_max.is_some_and(|max| stat.size > max) {
            return Some(Reason::TooLarge);
        }
        special(metadata.file_type())
    }

    /// The command line decides first, then the rule files, the deepest first.
    fn is_excluded(&self, below: &Path, is_folder: bool) -> bool {
        let by_files = || {
            let files = || self.folders.iter().rev().map(|f| (&f.rules, f.below.as_path()));
            RuleFiles::verdict(files(), below, is_folder)
                .or_else(|| RuleFiles::git_verdict(files(), below, is_folder))
                .or_else(|| self.root.above.verdict(below, is_folder))
        };
        self.options.rules.verdict(below, is_folder).or_else(by_files).unwrap_or(false)
    }

    fn descend(&mut self, below: PathBuf, path: PathBuf) -> Option<WalkItem> {
        let mut names = Vec::new();
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) => return Some(unreadable(path, error)),
        };
        for entry in entries {
            match entry {
                Ok(entry) => names.push(entry.file_name()),
                Err(error) => {
                    self.waiting.push_back(unreadable(path.clone(), error));
                    break;
                }
            }
        }
        names.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        let (rules, troubles) = RuleFiles::of(&path, &names, self.options.git);
        self.waiting.extend(troubles.into_iter().map(WalkItem::Unreadable));
        self.folders.push(Folder { below, names: names.into_iter(), rules });
        None
    }
}

impl<R> Iterator for Walk<R>
where
    R: Iterator<Item = Result<PathBuf, Unreadable>>,
{
    type Item = WalkItem;

    fn next(&mut self) -> Option<WalkItem> {
        loop {
            if let Some(candidate) = self.waiting.pop_front() {
                return Some(candidate);
            }
            let met = match self.folders.last_mut() {
                Some(folder) => match folder.names.next() {
                    Some(name) => {
                        let below = folder.below.join(name);
                        self.step(below)
                    }
                    None => {
                        self.folders.pop();
                        None
                    }
                },
                None => match self.roots.next()? {
                    Ok(path) => self.begin(path),
                    Err(trouble) => Some(WalkItem::Unreadable(trouble)),
                },
            };
            if met.is_some() {
                return met;
            }
        }
    }
}

fn special(file_type: FileType) -> Option<Reason> {
    if file_type.is_socket() {
        Some(Reason::Socket)
    } else if file_type.is_fifo() {
        Some(Reason::Fifo)
    } else if file_type.is_block_device() || file_type.is_char_device() {
        Some(Reason::Device)
    } else {
        None
    }
}

fn unreadable(path: PathBuf, error: io::Error) -> WalkItem {
    WalkItem::Unreadable(Unreadable { path, error })
}

/// Without the slash that joining an empty path would add: `link/` is not `link`.
fn join(root: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() { root.to_owned() } else { root.join(below) }
}

#[cfg(test)]
mod tests;
