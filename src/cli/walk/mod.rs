//! Walking: the paths on a command line become candidates for intake, one at a time.
//!
//! Everything is a candidate: hidden files too. Folders below a path named are walked by their open
//! handles, and files are read from them, so that nobody who swaps one for a link leads us elsewhere.
//! Symlinks are recorded and never followed, so that
//! no loop can be walked. What is left out is reported, with the reason. Folders are read in the order
//! of their names' bytes; at most the names of the folders on the way down are held in memory.

mod names;
mod roots;
mod rules;
mod walked;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::types::name::DocName;

use super::files::{FileKind, PathStat, TEMPORARY_PREFIX, invalid};
use super::own_files::{OwnFile, OwnFiles};

pub use names::PathList;
pub use roots::{Leads, each_once, is_stream, plain, two_of_one_name};
use rules::{Above, RuleFiles};
pub use rules::{CommandRules, check_glob};
pub use walked::FileAt;
use walked::{HandleCount, WalkedFolder, must_be};

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
#[derive(Debug)]
pub struct FoundFile {
    pub path: PathBuf,
    pub name: DocName,
    /// Its stat when it was met; reading gives a newer one.
    pub stat: PathStat,
    pub what: What,
}

#[derive(Debug)]
pub enum What {
    File(FileAt),
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
    /// It belongs to this program or to an archive.
    Own(OwnFile),
    /// An interrupted export left it.
    Leftover,
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
    /// What is never a document.
    pub own: OwnFiles,
}

/// The iterator of candidates.
#[derive(Debug)]
pub struct Walk<R> {
    roots: R,
    options: Options,
    n_handles: HandleCount,
    /// The folder of the file named before, and what is around it: lists name many in one folder.
    around: Option<(PathBuf, Option<OwnFile>)>,
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
    walked: Arc<WalkedFolder>,
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
            Self::Own(own) => own.words(),
            Self::Leftover => "left by an interrupted export",
        }
    }

    /// Why something is not taken though somebody named it, if nothing that was given says so.
    const fn against_named(self) -> Option<&'static str> {
        match self {
            Self::Socket => Some("it is a socket, which is no document"),
            Self::Device => Some("it is a device, which is no document"),
            Self::Fifo => Some("it is a named pipe, which is no document"),
            Self::Leftover => Some("an interrupted export left it; rename it to add it"),
            Self::Excluded | Self::TooLarge | Self::OtherFileSystem | Self::Own(_) => None,
        }
    }
}

impl Naming {
    /// The name of a folder that is named; none where what lies in it has no folder in its name.
    pub fn folder(&self, root: &Path) -> Result<Option<DocName>, &'static str> {
        let is_named = |part: Component| matches!(part, Component::Normal(_));
        if self.as_name.is_none() && !root.components().any(is_named) {
            return Ok(self.prefix.clone());
        }
        self.name(root, Path::new("")).map(Some)
    }

    /// The name of what is met at a path below a root.
    pub fn name_at(&self, root: &Path, path: &Path) -> Option<DocName> {
        self.name(root, path.strip_prefix(root).ok()?).ok()
    }

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
        let (folders, waiting) = (Vec::new(), VecDeque::new());
        let (root, n_handles) = (Root::default(), HandleCount::default());
        Self { roots, options, n_handles, around: None, root, folders, waiting }
    }

    /// A path named by the user is taken whatever the rules say.
    fn begin(&mut self, path: PathBuf) -> Option<WalkItem> {
        let stat = match fs::symlink_metadata(&path) {
            Ok(metadata) => PathStat::of(&metadata),
            Err(error) => return Some(unreadable(path, error)),
        };
        if let Some(own) = self.own_around(&path, &stat) {
            return Some(WalkItem::Skipped { path, reason: Reason::Own(own) });
        }
        self.root = Root { path, device: stat.device, above: Above::default() };
        if stat.kind == FileKind::Folder {
            let (above, troubles) = Above::of(&self.root.path, self.options.git);
            self.root.above = above;
            self.waiting.extend(troubles.into_iter().map(WalkItem::Unreadable));
        }
        self.meet(PathBuf::new(), &stat)
    }

    /// What a path named lies in, or is if it is a folder.
    fn own_around(&mut self, path: &Path, stat: &PathStat) -> Option<OwnFile> {
        let own = &self.options.own;
        let folder = match path.parent() {
            Some(folder) if stat.kind != FileKind::Folder => folder,
            _ => return own.around(path).map(|(_, own)| own),
        };
        if let Some((known, own)) = &self.around
            && known == folder
        {
            return *own;
        }
        let found = own.holding(folder).map(|(_, own)| own);
        self.around = Some((folder.to_owned(), found));
        found
    }

    /// Something inside a folder: first the rules, then what it is.
    fn step(&mut self, below: PathBuf) -> Option<WalkItem> {
        let name = below.file_name().unwrap_or_default();
        let look = |folder: &Folder| folder.walked.with(|folder| folder.look(name));
        let stat = match self.folders.last().map(look)? {
            Ok(stat) => stat,
            Err(error) => return Some(unreadable(join(&self.root.path, &below), error)),
        };
        if self.is_excluded(&below, stat.kind == FileKind::Folder) {
            let path = join(&self.root.path, &below);
            return Some(WalkItem::Skipped { path, reason: Reason::Excluded });
        }
        self.meet(below, &stat)
    }

    fn meet(&mut self, below: PathBuf, stat: &PathStat) -> Option<WalkItem> {
        let path = join(&self.root.path, &below);
        if let Some(reason) = self.reason_to_skip(&path, stat) {
            // Among others it is expected; of what was asked for, nobody would notice that it is not there.
            if let Some(why) = reason.against_named().filter(|_| below.as_os_str().is_empty()) {
                return Some(unreadable(path, invalid(why)));
            }
            return Some(WalkItem::Skipped { path, reason });
        }
        if stat.kind == FileKind::Folder {
            return self.descend(below, path, stat);
        }
        let name = match self.options.naming.name(&self.root.path, &below) {
            Ok(name) => name,
            Err(why) => return Some(unreadable(path, invalid(why))),
        };
        let what = match stat.kind {
            FileKind::Symlink => match self.link_target(&path, &below) {
                Ok(target) => What::Symlink(target),
                Err(error) => return Some(unreadable(path, error)),
            },
            _ => What::File(self.file_at(&path, &below)),
        };
        Some(WalkItem::Found(FoundFile { path, name, stat: *stat, what }))
    }

    fn link_target(&self, path: &Path, below: &Path) -> io::Result<Vec<u8>> {
        match self.file_at(path, below) {
            FileAt::Folder(folder, name) => folder.with(|folder| folder.link_target(&name)),
            FileAt::Path(path) => Ok(fs::read_link(path)?.into_os_string().into_encoded_bytes()),
        }
    }

    /// The folder that is walked and the name in it; of what a person named, the path.
    fn file_at(&self, path: &Path, below: &Path) -> FileAt {
        match (self.folders.last(), below.file_name()) {
            (Some(folder), Some(name)) => {
                FileAt::Folder(Arc::clone(&folder.walked), name.to_owned())
            }
            _ => FileAt::Path(path.to_owned()),
        }
    }

    fn reason_to_skip(&self, path: &Path, stat: &PathStat) -> Option<Reason> {
        if let Some(own) = self.options.own.which(stat) {
            return Some(Reason::Own(own));
        }
        let name = path.file_name().unwrap_or_default().as_bytes();
        if stat.kind != FileKind::Folder && name.starts_with(TEMPORARY_PREFIX.as_bytes()) {
            return Some(Reason::Leftover);
        }
        if self.options.one_file_system && stat.device != self.root.device {
            return Some(Reason::OtherFileSystem);
        }
        let is_file = stat.kind == FileKind::File;
        if is_file && self.options.size_max.is_some_and(|max| stat.size > max) {
            return Some(Reason::TooLarge);
        }
        special(stat.kind)
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

    fn descend(&mut self, below: PathBuf, path: PathBuf, met: &PathStat) -> Option<WalkItem> {
        let entered = match self.enter(&path, &below, met) {
            Ok(entered) => entered,
            Err(error) => return Some(unreadable(path, error)),
        };
        let Some((walked, mut names)) = entered else {
            return Some(WalkItem::Skipped { path, reason: Reason::Own(OwnFile::AnArchive) });
        };
        names.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        let git = self.options.git;
        let read = walked.with(|folder| Ok(RuleFiles::of(&path, folder, &names, git)));
        let (rules, troubles) = match read {
            Ok(read) => read,
            Err(error) => return Some(unreadable(path, error)),
        };
        self.waiting.extend(troubles.into_iter().map(WalkItem::Unreadable));
        self.folders.push(Folder { below, walked, names: names.into_iter(), rules });
        None
    }

    /// Opens the folder that was met, and reads its names; none of an archive.
    fn enter(
        &self,
        path: &Path,
        below: &Path,
        met: &PathStat,
    ) -> io::Result<Option<(Arc<WalkedFolder>, Vec<OsString>)>> {
        let walked = match self.file_at(path, below) {
            FileAt::Path(path) => WalkedFolder::named(&path, &self.n_handles)?,
            FileAt::Folder(above, name) => WalkedFolder::inside(&above, &name, &self.n_handles)?,
        };
        must_be(met, &walked)?;
        let names = walked.with(|folder| match folder.is_archive() {
            true => Ok(None),
            false => folder.names().map(Some),
        })?;
        Ok(names.map(|names| (walked, names)))
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

fn special(kind: FileKind) -> Option<Reason> {
    match kind {
        FileKind::Socket => Some(Reason::Socket),
        FileKind::Fifo => Some(Reason::Fifo),
        FileKind::Device => Some(Reason::Device),
        FileKind::File | FileKind::Folder | FileKind::Symlink => None,
    }
}

fn unreadable(path: PathBuf, error: io::Error) -> WalkItem {
    WalkItem::Unreadable(Unreadable { path, error })
}

/// Without the slash that joining an empty path would add: `link/` is not `link`.
fn join(root: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() {
        return root.to_owned();
    }
    let mut path = PathBuf::with_capacity(root.as_os_str().len() + below.as_os_str().len() + 1);
    path.push(root);
    path.push(below);
    path
}

#[cfg(test)]
mod tests;
