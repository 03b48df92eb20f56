//! Where the catalog lies: with the archive where that serves, else in a folder of this user's.
//!
//! A catalog is made from the facts and can be made again, so each user and machine may have its own. It
//! lies with the archive unless the archive is on a file system that a database cannot rely on, or where
//! nothing can be written, or in somebody else's folder. The stat cache never lies there: it tells `add`
//! what need not be read, and whoever can write to an archive could make it tell so of a file that changed.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::{
    archive::{CATALOG_FILE, Unsuited, unsuited},
    types::{digest::Digest, error::Error},
};

use super::{
    files,
    location::{Environment, canonical},
    own_files::{OwnFile, OwnFiles, is_what},
    print::terminal::shown_name,
};

/// A catalog's place, and why it is that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogPlace {
    /// The folder; without one the catalog is made in memory each time.
    pub folder: Option<PathBuf>,
    pub reason: PlaceReason,
}

/// Why a catalog lies where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceReason {
    /// It lies with the archive, as it does unless something speaks against it.
    WithArchive,
    /// `--catalog` or `ARCHIVE_CATALOG` names the place.
    Named,
    /// Something speaks against the archive's folder.
    Cache(Unsuited),
    /// And against the cache folder, too.
    Memory(Unsuited),
}

impl CatalogPlace {
    /// The catalog's file; none where it is made in memory.
    pub fn file(&self) -> Option<PathBuf> {
        let file = canonical(self.folder.as_ref()?).join(CATALOG_FILE);
        (!matches!(self.reason, PlaceReason::Memory(_)) || file.exists()).then_some(file)
    }

    /// Chooses the place for the catalog of the archive in a folder, and makes it.
    ///
    /// `origin` tells which archive lies there; only another place than its own folder depends on that.
    pub fn choose(
        environment: &Environment,
        named: Option<&Path>,
        archive: &Path,
        origin: impl FnOnce() -> Result<String, Error>,
    ) -> Result<Self, Error> {
        if let Some(named) = named.or(environment.catalog_folder()) {
            expect_apart(environment, named, archive)?;
            let folder = named.join(key(&origin()?, archive));
            files::make_private_folder(&folder)
                .map_err(|source| Error::io("make", folder.display().to_string(), source))?;
            return Ok(Self { folder: Some(folder), reason: PlaceReason::Named });
        }
        let Some(why) = unsuited(archive) else {
            let folder = Some(archive.to_owned());
            return Ok(Self { folder, reason: PlaceReason::WithArchive });
        };
        if let Some(cache) = usable_cache(environment) {
            let folder = cache.join(key(&origin()?, archive));
            if files::make_private_folder(&folder).is_ok() {
                return Ok(Self { folder: Some(folder), reason: PlaceReason::Cache(why) });
            }
        }
        // One that lies there is read as it is.
        let folder = (why == Unsuited::ReadOnly).then(|| archive.to_owned());
        Ok(Self { folder, reason: PlaceReason::Memory(why) })
    }
}

impl PlaceReason {
    /// A stable word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::WithArchive => "archive",
            Self::Named => "named",
            Self::Cache(_) => "cache",
            Self::Memory(_) => "memory",
        }
    }

    /// The end of a sentence for people; nothing where nothing is unusual.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::WithArchive | Self::Named => None,
            Self::Cache(why) | Self::Memory(why) => Some(match why {
                Unsuited::FileSystem => "the archive is on a file system where SQLite is not safe",
                Unsuited::ReadOnly => "the archive cannot be written",
                Unsuited::OtherOwner => "the archive is somebody else's",
            }),
        }
    }
}

/// Refuses a place for catalogs in an archive or among what this program keeps: a withdrawal would not find in
/// it the words that it takes away, and a copy by other means would carry them on.
pub fn expect_apart(environment: &Environment, named: &Path, archive: &Path) -> Result<(), Error> {
    let shown = |path: &Path| shown_name(path.as_os_str().as_bytes());
    if named.exists() && !named.is_dir() {
        return Err(Error::usage(format!("{} is not a folder", shown(named))));
    }
    let why = match OwnFiles::of(environment, Some(archive)).holding(named) {
        None | Some((_, OwnFile::Cache | OwnFile::Catalog)) => {
            // An archive that is still to be made is not found by what lies there.
            let is_in_new = canonical(named).starts_with(canonical(archive));
            is_in_new.then(|| "it would lie in the archive itself".to_owned())
        }
        Some((around, what)) => Some(is_what(named, &around, what)),
    };
    match why {
        None => Ok(()),
        Some(why) => {
            let named = shown(named);
            Err(Error::usage(format!("no catalog is kept in {named}: {why}")))
        }
    }
}

/// The folder of the stat cache for the archives of an origin; none where it would not be safe.
pub fn stat_cache_folder(environment: &Environment, origin: &str) -> Option<PathBuf> {
    Some(usable_cache(environment)?.join(Digest::of(origin.as_bytes()).key().to_string()))
}

/// Our folder in the user's cache, if a database may lie there.
pub fn usable_cache(environment: &Environment) -> Option<PathBuf> {
    let cache = environment.cache_folder().ok()?;
    let there = cache.ancestors().find(|folder| folder.exists())?;
    unsuited(there).is_none().then_some(cache)
}

/// A name for an archive at a place: two that are mounted at one place have a catalog each.
fn key(origin: &str, archive: &Path) -> String {
    let archive = canonical(archive);
    let both = [origin.as_bytes(), b"\n", archive.as_os_str().as_bytes()].concat();
    Digest::of(&both).key().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(values: &[(&str, &Path)], named: Option<&Path>, archive: &Path) -> CatalogPlace {
        let environment = Environment::from(|name| {
            values.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        });
        CatalogPlace::choose(&environment, named, archive, || Ok("example.com/a".into())).unwrap()
    }

    #[test]
    fn the_catalog_lies_with_the_archive_unless_a_place_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("desk")).unwrap();
        let place = choose(&[("HOME", &at("home"))], None, &at("desk"));
        assert_eq!(place.folder, Some(at("desk")));
        assert_eq!(place.reason, PlaceReason::WithArchive);
        let variable = [("ARCHIVE_CATALOG", &*at("variable"))];
        let by_variable = choose(&variable, None, &at("desk"));
        let by_flag = choose(&variable, Some(&at("flag")), &at("desk"));
        for (place, name) in [(by_variable, "variable"), (by_flag, "flag")] {
            let chosen = place.folder.unwrap();
            assert!(chosen.is_dir() && chosen.parent() == Some(&at(name)), "{chosen:?}");
            assert_eq!(place.reason, PlaceReason::Named);
        }
    }

    #[test]
    fn no_place_for_catalogs_is_in_an_archive_or_among_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for made in ["desk/packs", "other", ".config/archive", ".cache/archive", "plain"] {
            std::fs::create_dir_all(at(made)).unwrap();
        }
        std::fs::write(at("other/identity"), "archive 1\norigin x\n").unwrap();
        std::os::unix::fs::symlink("desk", at("link")).unwrap();
        let home = folder.path().as_os_str().to_owned();
        let environment = Environment::from(|name| (name == "HOME").then(|| home.clone()));
        for (named, is_refused) in [
            ("desk", true),
            ("desk/packs", true),
            ("desk/new/below", true),
            ("link/new", true),
            ("other/new", true),
            (".config/archive/new", true),
            (".cache/archive/new", false),
            ("desk-catalogs", false),
            ("plain", false),
        ] {
            let apart = expect_apart(&environment, &at(named), &at("desk"));
            assert_eq!(apart.is_err(), is_refused, "{named}");
        }
    }

    #[test]
    fn two_archives_never_share_a_place() {
        let (one, other) = (Path::new("/no/such/one"), Path::new("/no/such/other"));
        assert_ne!(key("a", one), key("a", other));
        assert_ne!(key("a", one), key("b", one));
        assert_eq!(key("a", one), key("a", one));
    }

    #[test]
    fn stats_of_files_need_a_folder_of_ones_own() {
        assert_eq!(stat_cache_folder(&Environment::default(), "a"), None);
        let home = tempfile::tempdir().unwrap();
        let environment =
            Environment::from(|name| (name == "HOME").then(|| home.path().as_os_str().to_owned()));
        let folder = stat_cache_folder(&environment, "a").unwrap();
        assert!(folder.starts_with(home.path().join(".cache/archive")), "{folder:?}");
    }
}
