//! Where the archive is, and the folders that the user's environment sets aside for us.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::types::error::Error;

use super::{config::Config, files};

/// The environment variable that names the archive.
pub const STORE_VARIABLE: &str = "ARCHIVE_STORE";
/// The environment variable that names a place for catalogs.
const CATALOG_VARIABLE: &str = "ARCHIVE_CATALOG";

const CONFIG_BYTES_MAX: u64 = 64 << 10;

/// The environment as far as locations depend on it; a relative path counts as unset, as XDG asks.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    home: Option<PathBuf>,
    config: Option<PathBuf>,
    data: Option<PathBuf>,
    state: Option<PathBuf>,
    cache: Option<PathBuf>,
    store: Option<PathBuf>,
    catalog: Option<PathBuf>,
    key_file: Option<PathBuf>,
    user: Option<OsString>,
}

/// Where an archive is, and the rule that chose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The folder; it need not exist.
    pub folder: PathBuf,
    pub chosen_by: ChosenBy,
}

/// The rule that chose a location, strongest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChosenBy {
    /// `--store DIR`.
    Flag,
    /// `ARCHIVE_STORE`.
    Variable,
    /// The line in this configuration file.
    Config(PathBuf),
    /// Nobody named one: the data folder. Only this one is made by the first `add`.
    Default,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self::from(|name| std::env::var_os(name))
    }

    /// An environment made of the values that `variable` finds.
    pub fn from(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = |name| set(name).filter(|path: &PathBuf| path.is_absolute());
        Self {
            home: folder("HOME"),
            config: folder("XDG_CONFIG_HOME"),
            data: folder("XDG_DATA_HOME"),
            state: folder("XDG_STATE_HOME"),
            cache: folder("XDG_CACHE_HOME"),
            store: set(STORE_VARIABLE),
            catalog: set(CATALOG_VARIABLE),
            key_file: set("ARCHIVE_KEY"),
            user: set("USER").or_else(|| set("LOGNAME")).map(PathBuf::into_os_string),
        }
    }

    /// Our folder for what the user decides: the configuration and the keys.
    pub fn config_folder(&self) -> Result<PathBuf, Error> {
        self.ours(self.config.as_deref(), ".config", "XDG_CONFIG_HOME")
    }

    /// Our folder for documents.
    pub fn data_folder(&self) -> Result<PathBuf, Error> {
        self.ours(self.data.as_deref(), ".local/share", "XDG_DATA_HOME")
    }

    /// Our folder for what is remembered between commands.
    pub fn state_folder(&self) -> Result<PathBuf, Error> {
        self.ours(self.state.as_deref(), ".local/state", "XDG_STATE_HOME")
    }

    /// Our folder for what can be made again.
    pub fn cache_folder(&self) -> Result<PathBuf, Error> {
        self.ours(self.cache.as_deref(), ".cache", "XDG_CACHE_HOME")
    }

    /// The folder for catalogs that `ARCHIVE_CATALOG` names.
    pub fn catalog_folder(&self) -> Option<&Path> {
        self.catalog.as_deref()
    }

    /// The key file that `ARCHIVE_KEY` names.
    pub fn key_file(&self) -> Option<&Path> {
        self.key_file.as_deref()
    }

    /// Who works here, as `USER` or else `LOGNAME` says; a name that is not UTF-8 is no name.
    pub fn user(&self) -> Option<String> {
        self.user.clone()?.into_string().ok()
    }

    /// Finds the archive: `--store`, `ARCHIVE_STORE`, the configuration, then the data folder.
    pub fn location(&self, flag: Option<&Path>) -> Result<Location, Error> {
        if let Some(folder) = flag {
            return Ok(Location { folder: folder.to_owned(), chosen_by: ChosenBy::Flag });
        }
        if let Some(folder) = &self.store {
            return Ok(Location { folder: folder.clone(), chosen_by: ChosenBy::Variable });
        }
        if let Some(location) = self.configured()? {
            return Ok(location);
        }
        let folder = self.data_folder()?.join("default");
        Ok(Location { folder, chosen_by: ChosenBy::Default })
    }

    /// What the user's configuration says, and its file; without a home there is none.
    pub fn config(&self) -> Result<Option<(Config, PathBuf)>, Error> {
        let Ok(folder) = self.config_folder() else { return Ok(None) };
        let file = folder.join("config");
        let shown = file.display().to_string();
        let bytes = match files::read_small(&file, CONFIG_BYTES_MAX) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(source) => return Err(Error::io("read", shown, source)),
        };
        let config =
            Config::parse(&bytes).map_err(|why| Error::usage(format!("{shown}: {why}")))?;
        Ok(Some((config, file)))
    }

    fn configured(&self) -> Result<Option<Location>, Error> {
        let Some((Config { store: Some(store), .. }, file)) = self.config()? else {
            return Ok(None);
        };
        let error = |why| Error::usage(format!("{}: {why}", file.display()));
        let folder = self.expand(&store).map_err(error)?;
        Ok(Some(Location { folder, chosen_by: ChosenBy::Config(file) }))
    }

    /// A leading `~/` is the home folder; any other relative path would depend on where one stands.
    fn expand(&self, store: &Path) -> Result<PathBuf, &'static str> {
        if let Ok(below) = store.strip_prefix("~") {
            let home = self.home.as_ref().ok_or("store begins with ~, but HOME is not set")?;
            return Ok(home.join(below));
        }
        if store.is_absolute() {
            Ok(store.to_owned())
        } else {
            Err("store must be an absolute path")
        }
    }

    fn ours(&self, xdg: Option<&Path>, below_home: &str, name: &str) -> Result<PathBuf, Error> {
        let base = match (xdg, &self.home) {
            (Some(folder), _) => folder.to_owned(),
            (None, Some(home)) => home.join(below_home),
            (None, None) => {
                return Err(Error::usage(format!("neither HOME nor {name} names a folder")));
            }
        };
        Ok(base.join("archive"))
    }
}

/// A folder's path without links in it; of a folder that is not there, without links in the part that is.
pub fn canonical(folder: &Path) -> PathBuf {
    if let (Some(above), Some(name)) = (folder.parent(), folder.file_name())
        && std::fs::symlink_metadata(folder).is_err()
    {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        return canonical(above).join(name);
    }
    std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;

    fn environment(values: &[(&str, &str)]) -> Environment {
        Environment::from(|name| {
            values.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        })
    }

    fn with_config(text: &[u8]) -> (tempfile::TempDir, Environment) {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".config/archive")).unwrap();
        fs::write(home.path().join(".config/archive/config"), text).unwrap();
        let environment = environment(&[("HOME", home.path().to_str().unwrap())]);
        (home, environment)
    }

    #[test]
    fn the_stronger_rule_chooses_the_place() {
        let (home, mut environment) = with_config(b"# mine\n\nstore = /from config\n");
        let config = home.path().join(".config/archive/config");
        let location = environment.location(None).unwrap();
        assert_eq!(location.folder, Path::new("/from config"));
        assert_eq!(location.chosen_by, ChosenBy::Config(config));
        environment.store = Some("from/variable".into());
        let location = environment.location(None).unwrap();
        assert_eq!(
            (location.folder, location.chosen_by),
            ("from/variable".into(), ChosenBy::Variable)
        );
        let location = environment.location(Some(Path::new("flag"))).unwrap();
        assert_eq!((location.folder, location.chosen_by), ("flag".into(), ChosenBy::Flag));
    }

    #[test]
    fn the_default_place_is_in_the_data_folder() {
        for (values, folder) in [
            (&[("HOME", "/h")][..], "/h/.local/share/archive/default"),
            (&[("HOME", "/h"), ("XDG_DATA_HOME", "/d")], "/d/archive/default"),
            (&[("HOME", "/h"), ("XDG_DATA_HOME", "relative")], "/h/.local/share/archive/default"),
            (&[("HOME", "/h"), (STORE_VARIABLE, "")], "/h/.local/share/archive/default"),
        ] {
            let location = environment(values).location(None).unwrap();
            assert_eq!(location.folder, Path::new(folder));
            assert_eq!(location.chosen_by, ChosenBy::Default);
        }
    }

    #[test]
    fn a_missing_home_matters_only_when_it_is_needed() {
        let nothing = environment(&[]);
        assert!(nothing.location(Some(Path::new("x"))).is_ok());
        let error = nothing.location(None).unwrap_err().to_string();
        assert_eq!(error, "neither HOME nor XDG_DATA_HOME names a folder");
        let state = environment(&[("XDG_STATE_HOME", "/s")]).state_folder().unwrap();
        assert_eq!(state, Path::new("/s/archive"));
    }

    #[test]
    fn the_user_is_named_by_user_else_by_logname() {
        for (values, user) in [
            (&[("USER", "ann"), ("LOGNAME", "bob")][..], Some("ann")),
            (&[("USER", ""), ("LOGNAME", "bob")], Some("bob")),
            (&[], None),
        ] {
            assert_eq!(environment(values).user().as_deref(), user);
        }
    }

    #[test]
    fn a_configuration_says_one_thing() {
        let (home, environment) = with_config(b"store = ~/docs.archive");
        assert_eq!(environment.location(None).unwrap().folder, home.path().join("docs.archive"));
        for (text, why) in [
            ("store = a/b", "store must be an absolute path"),
            ("store =", "line 1 is not of the form 'store = PATH'"),
            ("\ncolor = never", "line 2 is not of the form 'store = PATH'"),
            ("store /x", "line 1 is not of the form 'store = PATH'"),
            ("store = /x\nstore = /y", "line 2 names a second store"),
        ] {
            let error = with_config(text.as_bytes()).1.location(None).unwrap_err().to_string();
            assert!(error.ends_with(why), "{error}");
        }
        let (_home, environment) = with_config(b"store = /caf\xe9\n");
        assert_eq!(environment.location(None).unwrap().folder.as_os_str().as_bytes(), b"/caf\xe9");
    }
}
