//! The signing keys: small private files outside every archive, one for each key id.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::types::{
    digest,
    error::{Error, Refusal},
};

use super::{
    files::{self, PathStat},
    location::Environment,
};

const KEY_FILE_BYTES_MAX: u64 = 4 << 10;

/// The user's keys.
#[derive(Debug, Clone)]
pub struct Keyring {
    folder: Result<PathBuf, String>,
    given: Option<PathBuf>,
}

/// A private key as read from its file.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// `PRIVATE+KEY+<origin>+<key id>+<base64>`, without a line end.
    pub text: String,
    /// Where it was read.
    pub file: PathBuf,
    /// Whether others than its owner can read or write the file.
    pub is_open: bool,
}

impl Keyring {
    /// The keys below the configuration folder, or the one file that `ARCHIVE_KEY` names.
    pub fn new(environment: &Environment) -> Self {
        let folder = environment.config_folder().map(|folder| folder.join("keys"));
        Self {
            folder: folder.map_err(|error| error.to_string()),
            given: environment.key_file().map(Path::to_owned),
        }
    }

    /// Keeps a new private key and returns its file; a key that is there already is never replaced.
    pub fn keep(&self, key: &str) -> Result<PathBuf, Error> {
        let (_, id) = origin_and_id(key)
            .ok_or_else(|| Error::usage("the text to keep is not a private key"))?;
        let file = self.file_of(id)?;
        let folder = self.folder()?;
        files::make_private_folder(folder)
            .map_err(|source| Error::io("make", folder.display().to_string(), source))?;
        files::write_new(&file, format!("{key}\n").as_bytes()).map_err(|source| {
            match source.kind() {
                io::ErrorKind::AlreadyExists => {
                    Error::usage(format!("{} exists and is not replaced", file.display()))
                }
                _ => Error::io("write", file.display().to_string(), source),
            }
        })?;
        Ok(file)
    }

    /// Finds the private key with this id (eight hex digits) that signs for `origin`.
    pub fn find(&self, origin: &str, id: &str) -> Result<PrivateKey, Error> {
        let file = match &self.given {
            Some(file) => file.clone(),
            None => self.file_of(id)?,
        };
        let no_file = fs::metadata(&file).ok().filter(|metadata| !metadata.is_file());
        let key = if no_file.is_some() { None } else { read(&file)? };
        let why = match key.as_ref().map(|key| origin_and_id(&key.text)) {
            Some(Some((its, its_id))) if its_id == id && its == origin => match key {
                Some(key) if !key.is_open => return Ok(key),
                _ => {
                    let (origin, key_id) = (origin.to_owned(), id.to_owned());
                    let file = file.display().to_string();
                    return Err(Error::Refused(Refusal::OpenKey { file, origin, key_id }));
                }
            },
            Some(Some((its, its_id))) => format!("it holds the key {its_id} of {its}"),
            Some(None) => "it does not hold one private key".to_owned(),
            None => match no_file.map(|metadata| PathStat::of(&metadata).kind) {
                Some(kind) => format!("it is {}", kind.words()),
                None if self.given.is_some() => "there is no such file".to_owned(),
                None => return Err(no_key(origin, id)),
            },
        };
        let (origin, key_id) = (origin.to_owned(), id.to_owned());
        let file = match &self.given {
            Some(file) => format!("{}, which ARCHIVE_KEY names,", file.display()),
            None => file.display().to_string(),
        };
        Err(Error::Refused(Refusal::WrongKey { file, origin, key_id, why }))
    }

    /// The file of a key that signs for `origin`, if one is kept.
    pub fn file_for(&self, origin: &str) -> Option<PathBuf> {
        let files = fs::read_dir(self.folder.as_ref().ok()?).ok()?;
        let mut files: Vec<PathBuf> = files.flatten().map(|entry| entry.path()).collect();
        files.sort();
        files.into_iter().find(|file| {
            let key = read(file).ok().flatten();
            key.is_some_and(|key| origin_and_id(&key.text).is_some_and(|(its, _)| its == origin))
        })
    }

    fn file_of(&self, id: &str) -> Result<PathBuf, Error> {
        digest::parse_hex(id, &mut [0; 4])
            .ok_or_else(|| Error::usage("a key id has eight hex digits"))?;
        Ok(self.folder()?.join(format!("{id}.key")))
    }

    fn folder(&self) -> Result<&Path, Error> {
        self.folder.as_deref().map_err(Error::usage)
    }
}

/// 32 bytes for a new key, from the system's source of randomness.
pub fn fresh_seed() -> Result<[u8; 32], Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Error::io("read", "the system's randomness", io::Error::other(error)))?;
    Ok(seed)
}

fn no_key(origin: &str, id: &str) -> Error {
    Error::Refused(Refusal::NoSigningKey { origin: origin.to_owned(), key_id: id.to_owned() })
}

/// The key's name and its hash, from `PRIVATE+KEY+<name>+<hash>+<base64>`; the secret is not read.
fn origin_and_id(key: &str) -> Option<(&str, &str)> {
    let mut parts = key.strip_prefix("PRIVATE+KEY+")?.splitn(3, '+');
    let (origin, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    digest::parse_hex(id, &mut [0; 4])?;
    let is_whole = !origin.is_empty() && !secret.is_empty() && !key.contains(char::is_whitespace);
    is_whole.then_some((origin, id))
}

fn read(file: &Path) -> Result<Option<PrivateKey>, Error> {
    let shown = file.display().to_string();
    let bytes = files::read_small(file, KEY_FILE_BYTES_MAX)
        .map_err(|source| Error::io("read", shown.clone(), source))?;
    let Some(bytes) = bytes else { return Ok(None) };
    // What is not UTF-8 is no key either.
    let text = String::from_utf8(bytes).unwrap_or_default();
    let mode = fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode());
    let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
    Ok(Some(PrivateKey { text, file: file.to_owned(), is_open: mode & 0o077 != 0 }))
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({})", self.file.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "PRIVATE+KEY+example.com/a+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr";

    fn keyring(home: &Path, given: Option<PathBuf>) -> Keyring {
        Keyring::new(&Environment::from(|name| match name {
            "HOME" => Some(home.into()),
            "ARCHIVE_KEY" => given.clone().map(Into::into),
            _ => None,
        }))
    }

    #[test]
    fn a_kept_key_is_found_by_its_id() {
        let home = tempfile::tempdir().unwrap();
        let keyring = keyring(home.path(), None);
        let file = keyring.keep(KEY).unwrap();
        assert_eq!(file, home.path().join(".config/archive/keys/c74f20a3.key"));
        let key = keyring.find("example.com/a", "c74f20a3").unwrap();
        assert_eq!((key.text.as_str(), key.file, key.is_open), (KEY, file.clone(), false));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(file.parent().unwrap()), 0o700);
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("{KEY}\n"));
    }

    #[test]
    fn a_key_is_never_replaced() {
        let home = tempfile::tempdir().unwrap();
        let keyring = keyring(home.path(), None);
        let file = keyring.keep(KEY).unwrap();
        let other = KEY.replace("AYEK", "AAAA");
        assert!(keyring.keep(&other).unwrap_err().to_string().ends_with("is not replaced"));
        assert_eq!(fs::read_to_string(file).unwrap(), format!("{KEY}\n"));
    }

    #[test]
    fn what_is_no_key_is_neither_kept_nor_taken() {
        let home = tempfile::tempdir().unwrap();
        let keyring = keyring(home.path(), None);
        for bad in [
            "",
            "example.com+c74f20a3+AYEK",
            "PRIVATE+KEY+a+C74F20A3+AYEK",
            "PRIVATE+KEY+a+../../x+AYEK",
            "PRIVATE+KEY++c74f20a3+AYEK",
            "PRIVATE+KEY+a+c74f20a3+",
            "PRIVATE+KEY+a+c74f20a3+AY\nEK",
        ] {
            assert!(keyring.keep(bad).is_err(), "{bad:?}");
        }
        assert!(keyring.find("a", "../../x").is_err());
        let missing = keyring.find("a", "00000000").unwrap_err();
        assert!(matches!(missing, Error::Refused(Refusal::NoSigningKey { .. })), "{missing}");
        let file = keyring.keep(KEY).unwrap();
        fs::write(&file, "nonsense").unwrap();
        let torn = keyring.find("example.com/a", "c74f20a3").unwrap_err();
        assert!(matches!(torn, Error::Refused(Refusal::WrongKey { .. })), "{torn}");
    }

    #[test]
    fn a_named_key_file_is_used_alone_and_must_fit() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("my key");
        fs::write(&file, KEY).unwrap();
        let keyring = keyring(home.path(), Some(file.clone()));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let open = keyring.find("example.com/a", "c74f20a3").unwrap_err().to_string();
        assert!(
            open.starts_with("the key c74f20a3 that signs for example.com/a is open"),
            "{open}"
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        keyring.find("example.com/a", "c74f20a3").unwrap();
        let error = keyring.find("example.com/b", "c74f20a3").unwrap_err().to_string();
        assert!(error.ends_with("it holds the key c74f20a3 of example.com/a"), "{error}");
    }

    #[test]
    fn a_named_key_file_that_is_none_is_called_what_it_is() {
        let home = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("nowhere", home.path().join("dangling")).unwrap();
        for (name, why) in [
            ("", "it is a folder"),
            ("missing", "there is no such file"),
            ("dangling", "there is no such file"),
        ] {
            let keyring = keyring(home.path(), Some(home.path().join(name)));
            let error = keyring.find("example.com/a", "c74f20a3").unwrap_err();
            assert!(matches!(error, Error::Refused(Refusal::WrongKey { .. })), "{error}");
            let error = error.to_string();
            assert!(error.contains("which ARCHIVE_KEY names,") && error.ends_with(why), "{error}");
        }
    }

    #[test]
    fn a_key_is_not_printed_by_accident() {
        let key = PrivateKey { text: KEY.into(), file: "x".into(), is_open: false };
        assert!(!format!("{key:?}").contains("AYEK"));
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(fresh_seed().unwrap(), fresh_seed().unwrap());
    }
}
