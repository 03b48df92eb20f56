//! Rules about what is left out, in the syntax of gitignore(5).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::{
    cli::{
        files::{self, invalid},
        folder::OpenFolder,
    },
    types::error::Error,
};

use super::Unreadable;

const ARCHIVE_RULES: &str = ".archiveignore";
const GIT_RULES: &str = ".gitignore";
const GIT_FOLDER: &str = ".git";
const RULE_FILE_BYTES_MAX: u64 = 1 << 20;

/// The rules of the command line; they count from each path named.
#[derive(Debug)]
pub struct CommandRules(Gitignore);

/// The rule files of one folder; they count from there.
#[derive(Debug, Default)]
pub(super) struct RuleFiles {
    archive: Option<Gitignore>,
    git: Option<Gitignore>,
    follows_git: bool,
}

/// Git's rules above the path named: those of the folders up to the top of its working tree.
#[derive(Debug, Default)]
pub(super) struct Above {
    /// The deepest first, each with the way from its folder down to the path named.
    rules: Vec<(PathBuf, Gitignore)>,
}

/// Rules read from one file, and what was wrong with it.
type RulesRead = (Option<Gitignore>, Vec<Unreadable>);

/// Whether a glob is one; the error says what is wrong with it.
pub fn check_glob(glob: &str) -> Result<(), String> {
    builder().add_line(None, glob).map(drop).map_err(|error| glob_fault(&error))
}

impl CommandRules {
    /// Takes globs and files of globs; anything wrong with them is a wrong usage.
    pub fn new(globs: &[String], rule_files: &[PathBuf]) -> Result<Self, Error> {
        let mut rules = builder();
        for glob in globs {
            add(&mut rules, glob)?;
        }
        for file in rule_files {
            let shown = file.display().to_string();
            let bytes = files::read_small(file, RULE_FILE_BYTES_MAX)
                .and_then(|bytes| bytes.ok_or_else(|| io::ErrorKind::NotFound.into()))
                .map_err(|source| Error::io("read", shown.clone(), source))?;
            for (i, line) in lines(&bytes).enumerate() {
                line.and_then(|line| check_glob(line).map(|()| line))
                    .map_err(|why| Error::usage(format!("{shown}, line {}: {why}", i + 1)))
                    .and_then(|line| add(&mut rules, line))?;
            }
        }
        Ok(Self(rules.build().map_err(|error| Error::usage(error.to_string()))?))
    }

    pub(super) fn verdict(&self, below: &Path, is_folder: bool) -> Option<bool> {
        verdict(&self.0, below, is_folder)
    }
}

impl Default for CommandRules {
    fn default() -> Self {
        Self(Gitignore::empty())
    }
}

impl RuleFiles {
    /// Reads the rule files among the (sorted) names in a folder.
    pub(super) fn of(
        path: &Path,
        folder: &OpenFolder,
        names: &[OsString],
        git: bool,
    ) -> (Self, Vec<Unreadable>) {
        let has =
            |name: &str| names.binary_search_by(|n| n.as_os_str().cmp(OsStr::new(name))).is_ok();
        let mut troubles = Vec::new();
        let mut take = |wanted: bool, name| {
            let read_here = || {
                let file = folder.file(OsStr::new(name));
                let bytes = file.and_then(|file| files::read_all_of(file, RULE_FILE_BYTES_MAX));
                rules_in(&path.join(name), bytes.map(Some))
            };
            let (rules, mut trouble) =
                if wanted && has(name) { read_here() } else { RulesRead::default() };
            troubles.append(&mut trouble);
            rules
        };
        let (archive, git_rules) = (take(true, ARCHIVE_RULES), take(git, GIT_RULES));
        (Self { archive, git: git_rules, follows_git: git }, troubles)
    }

    /// What the `.archiveignore` files say, given deepest first with their folders.
    pub(super) fn verdict<'a>(
        mut files: impl Iterator<Item = (&'a Self, &'a Path)>,
        below: &Path,
        is_folder: bool,
    ) -> Option<bool> {
        files.find_map(|(file, folder)| {
            verdict(file.archive.as_ref()?, below.strip_prefix(folder).ok()?, is_folder)
        })
    }

    /// What the `.gitignore` files say; git's own folder is never part of what it keeps.
    pub(super) fn git_verdict<'a>(
        mut files: impl Iterator<Item = (&'a Self, &'a Path)>,
        below: &Path,
        is_folder: bool,
    ) -> Option<bool> {
        files.find_map(|(file, folder)| {
            if file.follows_git && below.file_name() == Some(OsStr::new(GIT_FOLDER)) {
                return Some(true);
            }
            verdict(file.git.as_ref()?, below.strip_prefix(folder).ok()?, is_folder)
        })
    }
}

impl Above {
    /// Looks upward from the path named; without a working tree around it there is nothing above.
    pub(super) fn of(root: &Path, git: bool) -> (Self, Vec<Unreadable>) {
        let Some(root) = git.then(|| fs::canonicalize(root).ok()).flatten() else {
            return Default::default();
        };
        let Some(top) = root.ancestors().find(|folder| folder.join(GIT_FOLDER).exists()) else {
            return Default::default();
        };
        let (mut above, mut troubles) = (Self::default(), Vec::new());
        let inside = |folder: &&Path| folder.starts_with(top);
        let files = root.ancestors().skip(1).take_while(inside).map(|f| (f, f.join(GIT_RULES)));
        for (folder, file) in files.chain([(top, top.join(".git/info/exclude"))]) {
            let Ok(down) = root.strip_prefix(folder) else { continue };
            let (rules, mut trouble) = read(&file);
            above.rules.extend(rules.map(|rules| (down.to_owned(), rules)));
            troubles.append(&mut trouble);
        }
        (above, troubles)
    }

    pub(super) fn verdict(&self, below: &Path, is_folder: bool) -> Option<bool> {
        self.rules.iter().find_map(|(down, rules)| verdict(rules, &down.join(below), is_folder))
    }
}

/// `Some(true)` leaves out, `Some(false)` lets in against a weaker rule.
fn verdict(rules: &Gitignore, path: &Path, is_folder: bool) -> Option<bool> {
    match rules.matched(path, is_folder) {
        Match::None => None,
        Match::Ignore(_) => Some(true),
        Match::Whitelist(_) => Some(false),
    }
}

/// Reads a rule file; a bad line is reported and the others hold. No file is no rules.
fn read(file: &Path) -> RulesRead {
    rules_in(file, files::read_small(file, RULE_FILE_BYTES_MAX))
}

fn rules_in(file: &Path, bytes: io::Result<Option<Vec<u8>>>) -> RulesRead {
    let trouble = |error| Unreadable { path: file.to_owned(), error };
    let bytes = match bytes {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return RulesRead::default(),
        // In a linked working tree or a submodule, .git is a file.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return RulesRead::default(),
        Err(error) => return (None, vec![trouble(error)]),
    };
    let (mut rules, mut troubles) = (builder(), Vec::new());
    for (i, line) in lines(&bytes).enumerate() {
        let added = line.and_then(|line| {
            rules.add_line(None, line).map(drop).map_err(|error| error.to_string())
        });
        if let Err(why) = added {
            troubles.push(trouble(invalid(format!("line {}: {why}", i + 1))));
        }
    }
    match rules.build() {
        Ok(rules) => (Some(rules), troubles),
        Err(error) => (None, vec![trouble(invalid(error.to_string()))]),
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = Result<&str, String>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.split(|b| *b == b'\n').map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())
    })
}

fn add(rules: &mut GitignoreBuilder, glob: &str) -> Result<(), Error> {
    rules.add_line(None, glob).map(drop).map_err(|error| Error::usage(glob_fault(&error)))
}

fn glob_fault(error: &ignore::Error) -> String {
    match error {
        ignore::Error::Glob { glob: Some(glob), err } => format!("{glob} is no glob: {err}"),
        other => other.to_string(),
    }
}

fn builder() -> GitignoreBuilder {
    let mut builder = GitignoreBuilder::new("");
    builder.allow_unclosed_class(false);
    builder
}
