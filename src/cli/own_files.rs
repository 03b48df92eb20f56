//! What belongs to this program, such as the signing keys, and what belongs to an archive: neither is
//! ever a document, and no document is written over it.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::{
    archive::CATALOG_FILE,
    types::{digest, error::Error},
};

use super::{
    files::{self, FileKind, PathStat},
    folder::OpenFolder,
    location::Environment,
    print::terminal::shown_name,
};

/// How a signing key begins, perhaps after blank lines, in any Unicode encoding that editors save;
const KEY_BEGINS: &str = "PRIVATE+KEY+";
/// it is looked for in so many bytes;
pub const KEY_HEAD_BYTES: usize = 256;
/// and one is no longer than this.
const KEY_BYTES_MAX: u64 = 4 << 10;

/// What something is that belongs to this program or to an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnFile {
    /// The archive that documents are added to, or come from.
    TheArchive,
    /// Some other archive.
    AnArchive,
    /// The folder of keys and configuration.
    Keys,
    /// A signing key.
    Key,
    /// The folder of what is remembered between commands.
    State,
    /// The folder of what can be made again.
    Cache,
    /// A catalog in a folder that `--catalog` names.
    Catalog,
}

/// The files and folders of this program on this machine.
#[derive(Debug, Default)]
pub struct OwnFiles {
    /// By device and inode.
    known: Vec<((u64, u64), OwnFile)>,
}

impl OwnFile {
    /// What it is, as it reads in `skipped: …`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TheArchive => "the archive itself",
            Self::AnArchive => "an archive",
            Self::Keys => "this program's keys and configuration",
            Self::Key => "a signing key",
            Self::State => "what this program remembers",
            Self::Cache => "this program's cache",
            Self::Catalog => "a catalog of an archive",
        }
    }
}

impl OwnFiles {
    /// Looks for them where the environment says; what is not there needs no care.
    pub fn of(environment: &Environment, archive: Option<&Path>) -> Self {
        let folders = [
            (environment.config_folder().ok(), OwnFile::Keys),
            (environment.state_folder().ok(), OwnFile::State),
            (environment.cache_folder().ok(), OwnFile::Cache),
            (archive.map(Path::to_owned), OwnFile::TheArchive),
        ];
        let identity = |(path, what): (Option<PathBuf>, OwnFile)| {
            let metadata = fs::metadata(path?).ok()?;
            Some((PathStat::of(&metadata).identity(), what))
        };
        let mut own = Self { known: folders.into_iter().filter_map(identity).collect() };
        let key = environment.key_file().and_then(|file| fs::metadata(file).ok());
        let key = key.filter(Metadata::is_file).map(|metadata| PathStat::of(&metadata).identity());
        own.known.extend(key.map(|identity| (identity, OwnFile::Key)));
        own
    }

    /// The same, with the catalogs that lie in a folder.
    pub fn with_catalogs_in(mut self, folder: Option<&Path>) -> Self {
        let places = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
        for place in places.flatten().map(|entry| entry.path()) {
            let is_of_an_archive = place.file_name().is_some_and(is_catalog_place);
            if is_of_an_archive && place.join(CATALOG_FILE).is_file() {
                let stat = fs::metadata(&place).map(|metadata| PathStat::of(&metadata));
                self.known.extend(stat.ok().map(|stat| (stat.identity(), OwnFile::Catalog)));
            }
        }
        self
    }

    /// Nothing is written to a path that is any of this, or lies in it.
    pub fn refuse_output(&self, path: &Path) -> Result<(), Error> {
        let Some((around, what)) = self.holding(path) else { return Ok(()) };
        let around = is_what(path, &around, what);
        Err(Error::usage(format!("nothing is written to {}: {around}", shown(path))))
    }

    /// Whether this stat is one of them.
    pub fn which(&self, stat: &PathStat) -> Option<OwnFile> {
        let of_this = |known: &&((u64, u64), OwnFile)| known.0 == stat.identity();
        self.known.iter().find(of_this).map(|(_, what)| *what)
    }

    /// What a path is, or the nearest folder around it that is any of this; the path of that.
    ///
    /// A symlink at its end stands for itself.
    pub fn around(&self, path: &Path) -> Option<(PathBuf, OwnFile)> {
        let whole = without_last_link(path).ok()?;
        whole.ancestors().find_map(|path| Some((path.to_owned(), self.at(path)?)))
    }

    /// The same for a folder to be written to: every link is followed, and what is missing yet is
    /// judged by the folder that it will be made in.
    pub fn holding(&self, folder: &Path) -> Option<(PathBuf, OwnFile)> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let there = folder.ancestors().find_map(|folder| match folder.as_os_str().is_empty() {
            true => fs::canonicalize(".").ok(),
            false => fs::canonicalize(folder).ok(),
        })?;
        self.around(&there)
    }

    fn at(&self, path: &Path) -> Option<OwnFile> {
        let stat = PathStat::of(&fs::symlink_metadata(path).ok()?);
        let is_archive = || {
            stat.kind == FileKind::Folder
                && OpenFolder::at(path).is_ok_and(|folder| folder.is_archive())
        };
        self.which(&stat).or_else(|| is_archive().then_some(OwnFile::AnArchive)).or_else(|| {
            let is_key = may_be_key(&stat) && files::open_input(path).is_ok_and(begins_as_key);
            is_key.then_some(OwnFile::Key)
        })
    }
}

/// Whether something is a signing key, wherever it lies and whatever it is called.
pub fn begins_as_key(bytes: impl Read) -> bool {
    let mut head = Vec::new();
    let is_read = bytes.take(KEY_HEAD_BYTES as u64).read_to_end(&mut head).is_ok();
    // Keys are ASCII, so what UTF-16 has beside them are zeros.
    let is_beside = |byte: &u8| matches!(byte, 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    let text =
        head.iter().filter(|byte| !is_beside(byte)).skip_while(|it| it.is_ascii_whitespace());
    is_read && text.take(KEY_BEGINS.len()).eq(KEY_BEGINS.as_bytes())
}

/// Whether a file need not even be opened to be no signing key.
fn may_be_key(stat: &PathStat) -> bool {
    stat.kind == FileKind::File && stat.size <= KEY_BYTES_MAX
}

/// What something is, in a sentence that has named `path` already.
pub fn is_what(path: &Path, around: &Path, what: OwnFile) -> String {
    match without_last_link(path).is_ok_and(|whole| whole == around) {
        true => format!("it is {}", what.words()),
        false => format!("{} is {}", shown(around), what.words()),
    }
}

fn shown(path: &Path) -> String {
    shown_name(path.as_os_str().as_bytes())
}

/// Whether a folder has a name as `CatalogPlace` gives.
fn is_catalog_place(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| digest::parse_hex(name, &mut [0; 8]).is_some())
}

/// The path from the root on, every link in it followed but one at its end.
fn without_last_link(path: &Path) -> io::Result<PathBuf> {
    if !fs::symlink_metadata(path)?.is_symlink() {
        return fs::canonicalize(path);
    }
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if folder.as_os_str().is_empty() => {
            Ok(fs::canonicalize(".")?.join(name))
        }
        (Some(folder), Some(name)) => Ok(fs::canonicalize(folder)?.join(name)),
        _ => fs::canonicalize(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_key_is_known_however_an_editor_saved_it() {
        let wide = |unit: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> {
            text.encode_utf16().flat_map(unit).collect()
        };
        let key = "PRIVATE+KEY+x+00000000+AAAA";
        for (bytes, is_key) in [
            (key.into(), true),
            (format!("\n \r\n{key}").into_bytes(), true),
            (format!("\u{feff}{key}").into_bytes(), true),
            (wide(u16::to_le_bytes, &format!("\u{feff}\n{key}")), true),
            (wide(u16::to_be_bytes, &format!("\u{feff}{key}")), true),
            (format!("my {key}").into_bytes(), false),
            (b"PRIVATE+KEY".to_vec(), false),
            (Vec::new(), false),
        ] {
            assert_eq!(begins_as_key(&bytes[..]), is_key, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_ours_is_known_wherever_a_path_leads_into_it() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        for folder in [".config/archive/keys", ".local/state/archive", "a.archive/packs", "plain"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        fs::write(at("a.archive/identity"), "archive 1\norigin x\n").unwrap();
        fs::write(at("copy.key"), "PRIVATE+KEY+x+00000000+AAAA").unwrap();
        fs::write(at("other.key"), "a song").unwrap();
        symlink(".config", at("linked")).unwrap();
        symlink("a.archive", at("link")).unwrap();
        let environment = Environment::from(|name| (name == "HOME").then(|| home.path().into()));
        let own = OwnFiles::of(&environment, None);
        for (path, what) in [
            (".config/archive", Some(OwnFile::Keys)),
            ("linked/archive/keys", Some(OwnFile::Keys)),
            (".local/state/archive", Some(OwnFile::State)),
            ("a.archive/packs", Some(OwnFile::AnArchive)),
            ("copy.key", Some(OwnFile::Key)),
            ("other.key", None),
            ("plain", None),
            ("link", None),
            (".config", None),
        ] {
            assert_eq!(own.around(&at(path)).map(|(_, what)| what), what, "{path}");
        }
    }
}
