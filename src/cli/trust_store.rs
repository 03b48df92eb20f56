//! What is remembered outside of every archive: the last checkpoint seen of each, kept in the user's
//! state folder.
//!
//! `origins/<key>` holds the public key and the signed checkpoint as they were: a line `vkey KEY`,
//! an empty line, the checkpoint. `locations/<key>` holds the origin seen at a location: a line with
//! the origin, then the path. File names are the short keys of what they are about.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::types::{
    digest::Digest,
    error::Error,
    limits::{IDENTITY_BYTES_MAX, NOTE_BYTES_MAX},
};

use super::{files, location::Environment};

const FILE_BYTES_MAX: u64 = (NOTE_BYTES_MAX + IDENTITY_BYTES_MAX) as u64;

/// What this user has seen of archives before.
#[derive(Debug, Clone)]
pub struct TrustStore {
    folder: Result<PathBuf, String>,
}

/// One archive as last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownArchive {
    /// The public key in signed-note form, one line.
    pub vkey: String,
    /// The signed checkpoint, byte for byte.
    pub checkpoint: String,
}

/// What is remembered about an archive and its location.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recalled {
    /// The archive of this origin as last seen anywhere.
    pub seen: Option<KnownArchive>,
    /// The origin last seen at this location.
    pub origin_here: Option<String>,
    /// Why nothing could be recalled, when the machine is the reason; a warning to print.
    pub warning: Option<String>,
}

impl TrustStore {
    /// The one in the user's state folder.
    pub fn new(environment: &Environment) -> Self {
        Self { folder: environment.state_folder().map_err(|error| error.to_string()) }
    }

    /// Recalls an origin and a location (the archive's canonical path).
    ///
    /// One that cannot be reached is a warning; one that makes no sense is `Damaged`.
    pub fn load(&self, origin: &str, location: &Path) -> Result<Recalled, Error> {
        let folder = match &self.folder {
            Ok(folder) => folder,
            Err(why) => return Ok(Recalled { warning: Some(nothing(why)), ..Recalled::default() }),
        };
        let mut recalled = Recalled::default();
        match read(&origin_file(folder, origin)) {
            Ok(bytes) => recalled.seen = bytes.map(parse_seen).transpose()?,
            Err(why) => recalled.warning = Some(nothing(&why)),
        }
        match read(&location_file(folder, location)) {
            Ok(bytes) => {
                recalled.origin_here = bytes.map(|b| parse_location(b, location)).transpose()?
            }
            Err(why) => recalled.warning = Some(nothing(&why)),
        }
        Ok(recalled)
    }

    /// Remembers an archive as seen at a location; returns a warning when that cannot be done.
    pub fn store(&self, origin: &str, location: &Path, seen: &KnownArchive) -> Option<String> {
        let folder = match &self.folder {
            Ok(folder) => folder,
            Err(why) => return Some(unkept(why)),
        };
        let seen = format!("vkey {}\n\n{}", seen.vkey, seen.checkpoint);
        let here = [origin.as_bytes(), b"\n", location.as_os_str().as_bytes(), b"\n"].concat();
        [(origin_file(folder, origin), seen.into_bytes()), (location_file(folder, location), here)]
            .into_iter()
            .find_map(|(file, bytes)| write(&file, &bytes).err())
            .map(|why| unkept(&why))
    }
}

/// A file of the trust store and what it holds.
struct TrustFile {
    file: PathBuf,
    text: Vec<u8>,
}

fn read(file: &Path) -> Result<Option<TrustFile>, String> {
    match files::read_small(file, FILE_BYTES_MAX) {
        Ok(text) => Ok(text.map(|text| TrustFile { file: file.to_owned(), text })),
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), String> {
    let explain = |error: io::Error| format!("{}: {error}", file.display());
    // Most commands see what was seen before; they need not wait for a disk.
    if files::read_small(file, FILE_BYTES_MAX).is_ok_and(|old| old.as_deref() == Some(bytes)) {
        return Ok(());
    }
    file.parent().map_or(Ok(()), files::make_private_folder).map_err(explain)?;
    files::replace(file, bytes).map_err(explain)
}

fn parse_seen(kept: TrustFile) -> Result<KnownArchive, Error> {
    let seen = || {
        let text = std::str::from_utf8(&kept.text).ok()?;
        let (vkey, checkpoint) = text.strip_prefix("vkey ")?.split_once("\n\n")?;
        let is_whole = !vkey.is_empty() && !vkey.contains('\n') && checkpoint.ends_with('\n');
        is_whole.then(|| KnownArchive { vkey: vkey.to_owned(), checkpoint: checkpoint.to_owned() })
    };
    seen().ok_or_else(|| malformed(&kept.file, "it does not hold a public key and a checkpoint"))
}

fn parse_location(kept: TrustFile, location: &Path) -> Result<String, Error> {
    let rest = [b"\n", location.as_os_str().as_bytes(), b"\n"].concat();
    let origin = kept.text.strip_suffix(&rest[..]).and_then(|b| std::str::from_utf8(b).ok());
    match origin {
        Some(origin) if !origin.is_empty() && !origin.contains('\n') => Ok(origin.to_owned()),
        _ => Err(malformed(&kept.file, "it does not hold an origin and this archive's path")),
    }
}

fn malformed(file: &Path, why: &str) -> Error {
    let way_out = "compare it with a copy of the checkpoint kept elsewhere, then remove it";
    Error::damaged(file.display().to_string(), format!("{why}; {way_out}"))
}

fn nothing(why: &str) -> String {
    format!("nothing is remembered about this archive: {why}")
}

fn unkept(why: &str) -> String {
    format!("this archive's checkpoint could not be remembered: {why}")
}

fn origin_file(folder: &Path, origin: &str) -> PathBuf {
    folder.join("origins").join(Digest::of(origin.as_bytes()).key().to_string())
}

fn location_file(folder: &Path, location: &Path) -> PathBuf {
    folder.join("locations").join(Digest::of(location.as_os_str().as_bytes()).key().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::fs;

    const ORIGIN: &str = "example.com/a";

    fn trust_store(state: &Path) -> TrustStore {
        TrustStore::new(&Environment::from(|name| {
            (name == "XDG_STATE_HOME").then(|| state.as_os_str().to_owned())
        }))
    }

    fn seen(size: u64) -> KnownArchive {
        KnownArchive {
            vkey: "example.com/a+c74f20a3+AYEK".into(),
            checkpoint: format!("{ORIGIN}\n{size}\ncm9vdA==\n\n— {ORIGIN} c2ln\n"),
        }
    }

    #[test]
    fn what_was_stored_is_recalled() {
        let state = tempfile::tempdir().unwrap();
        let trust_store = trust_store(&state.path().join("made on the way"));
        let location = Path::new(OsStr::from_bytes(b"/srv/caf\xe9\n.archive"));
        assert_eq!(trust_store.load(ORIGIN, location).unwrap(), Recalled::default());
        for size in [1, 2] {
            assert_eq!(trust_store.store(ORIGIN, location, &seen(size)), None);
            let recalled = trust_store.load(ORIGIN, location).unwrap();
            assert_eq!(recalled.seen, Some(seen(size)));
            assert_eq!(recalled.origin_here.as_deref(), Some(ORIGIN));
        }
        let elsewhere = trust_store.load(ORIGIN, Path::new("/copy")).unwrap();
        assert_eq!((elsewhere.seen, elsewhere.origin_here), (Some(seen(2)), None));
        let replaced = trust_store.load("example.com/b", location).unwrap();
        assert_eq!((replaced.seen, replaced.origin_here.as_deref()), (None, Some(ORIGIN)));
    }

    #[test]
    fn a_trust_store_out_of_reach_is_a_warning() {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("file");
        fs::write(&file, "").unwrap();
        for trust_store in [trust_store(&file), TrustStore::new(&Environment::default())] {
            let recalled = trust_store.load(ORIGIN, Path::new("/a")).unwrap();
            assert!(recalled.seen.is_none() && recalled.warning.is_some());
            assert!(trust_store.store(ORIGIN, Path::new("/a"), &seen(1)).is_some());
        }
    }

    #[test]
    fn a_trust_store_that_makes_no_sense_is_damaged_and_says_what_to_do() {
        let state = tempfile::tempdir().unwrap();
        let trust_store = trust_store(state.path());
        let (location, folder) = (Path::new("/a"), state.path().join("archive"));
        assert_eq!(trust_store.store(ORIGIN, location, &seen(1)), None);
        for file in [origin_file(&folder, ORIGIN), location_file(&folder, location)] {
            let good = fs::read(&file).unwrap();
            let torn = &good[..good.len() - 1];
            for bad in [&b""[..], b"\xff", b"vkey \n\nx\n", b"vkey k", torn] {
                fs::write(&file, bad).unwrap();
                let error = trust_store.load(ORIGIN, location).unwrap_err();
                assert!(matches!(error, Error::Damaged { .. }), "{bad:?}");
                assert!(error.to_string().ends_with("then remove it"), "{error}");
            }
            fs::write(&file, good).unwrap();
        }
        assert!(trust_store.load(ORIGIN, location).is_ok());
    }
}
