//! The paths that a person names, looked at before anything is walked: streams, what is never a
//! document, and two files that would get one name.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::cli::files::{FileKind, PathStat};
use crate::types::name::DocName;

/// What the shell's `<(…)` and the system's names for open files begin with.
const OPEN_FILES: &[&str] = &["/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"];
const STDIN: &str = "/dev/stdin";

/// Whether a path stands for bytes that come once, such as `/dev/stdin`, `<(…)` or a named pipe.
pub fn is_stream(path: &Path) -> bool {
    let text = path.as_os_str().as_bytes();
    path.as_os_str() == STDIN
        || OPEN_FILES.iter().any(|begin| text.starts_with(begin.as_bytes()))
        || fs::symlink_metadata(path).is_ok_and(|it| PathStat::of(&it).kind == FileKind::Fifo)
}

/// What stands before the names in the paths met so far: nothing, `/`, `../`. Two paths that give one
/// name differ in it.
#[derive(Debug, Default)]
pub struct Leads(BTreeSet<PathBuf>);

impl Leads {
    /// Takes note of a path's lead.
    pub fn note(&mut self, path: &Path) {
        self.0.insert(lead(path));
    }

    /// Another file, by a path with a lead noted, that would have the same name as this one; only
    /// those count that are `wanted`.
    pub fn rival(&self, path: &Path, wanted: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let name = DocName::of_path(path.as_os_str().as_bytes()).ok()?;
        let name = Path::new(OsStr::from_bytes(name.as_bytes()));
        let identity = |path: &Path| {
            fs::symlink_metadata(path).ok().map(|metadata| PathStat::of(&metadata).identity())
        };
        let own = identity(path)?;
        let others = self.0.iter().map(|lead| lead.join(name));
        others
            .filter(|other| other != path && identity(other).is_some_and(|other| other != own))
            .find(|other| wanted(other))
    }
}

/// The first two of the paths named that would have one name, both spelled as paths.
pub fn two_of_one_name(paths: &[PathBuf]) -> Option<(PathBuf, PathBuf)> {
    let mut leads = Leads::default();
    paths.iter().for_each(|path| leads.note(path));
    let is_named = |other: &Path| paths.iter().any(|path| plain(other).starts_with(plain(path)));
    paths.iter().find_map(|path| Some((leads.rival(path, is_named)?, path.clone())))
}

/// The paths named without those that name one thing again.
pub fn each_once(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut met = BTreeSet::new();
    paths.iter().filter(|path| met.insert(plain(path))).cloned().collect()
}

/// What the name leaves out of a path.
fn lead(path: &Path) -> PathBuf {
    let (mut lead, mut n_below) = (PathBuf::new(), 0_usize);
    for component in path.components() {
        match component {
            Component::RootDir => lead.push("/"),
            Component::ParentDir if n_below == 0 && !lead.is_absolute() => lead.push(".."),
            Component::ParentDir => n_below = n_below.saturating_sub(1),
            Component::Normal(_) => n_below += 1,
            Component::CurDir | Component::Prefix(_) => {}
        }
    }
    lead
}

/// The path without `.` and what `..` takes back.
pub fn plain(path: &Path) -> PathBuf {
    let name = DocName::of_path(path.as_os_str().as_bytes());
    let name = name.map_or_else(|_| Vec::new(), |name| name.as_bytes().to_vec());
    lead(path).join(OsStr::from_bytes(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_is_what_the_name_leaves_out() {
        for (path, expected) in [
            ("a/b", ""),
            ("./a", ""),
            ("/a", "/"),
            ("../a", ".."),
            ("../../a/../b", "../.."),
            ("a/../../b", ".."),
        ] {
            assert_eq!(lead(Path::new(path)), Path::new(expected), "{path}");
        }
    }

    #[test]
    fn two_files_of_one_name_are_told_from_one_file_named_twice() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["s/x", "s/d/y", "s/z"] {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), path).unwrap();
        }
        let below = at("s").join("x").to_str().unwrap().trim_start_matches('/').to_owned();
        let twin = at("s").join(&below);
        fs::create_dir_all(twin.parent().unwrap()).unwrap();
        fs::write(&twin, "another").unwrap();
        let found = |paths: &[PathBuf]| two_of_one_name(paths).is_some();
        assert!(!found(&[at("s/x"), at("s/d/../x"), at("s/z")]));
        assert!(!found(&[at("s"), at("s/d")]));
    }
}
