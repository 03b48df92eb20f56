//! What is remembered outside of every archive: the checkpoints seen of each, kept in the user's state
//! folder.
//!
//! `origins/<key>` is about one archive, in lines: `vkey KEY`; `first TIME VERB`, when and by which verb
//! it was first seen; where its key was rotated, for each key `key SIZE KEY`, which signs checkpoints of more events than
//! that; for each older checkpoint `met SIZE ROOT TIME VERB`; `newest TIME VERB`; an empty
//! line; then the newest checkpoint as it was signed. `locations/<key>` is about one place: the origins
//! seen there, the latest first, an empty line, the path. File names are the short keys of what they are
//! about. Whoever changes one of them holds `lock`.

use std::fmt::Write as _;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::archive::{Archive, inspect::history::signed_head, maintain::keys::SigningKey};
use crate::types::{
    digest::Digest,
    error::{Error, in_words},
    limits::{IDENTITY_BYTES_MAX, NOTE_BYTES_MAX},
    time::Timestamp,
};

use super::{files, interrupt::has_signal, location::Environment};

/// Older checkpoints remembered of one archive.
const OLDER_MAX: usize = 1024;
/// Of these, so many of the newest are all kept; those before are thinned.
const RECENT: usize = 512;
/// Origins remembered at one location.
const ORIGINS_MAX: usize = 16;
const OLDER_LINE_BYTES_MAX: usize = 200;
/// How a line about a key begins.
const KEY: &str = "key ";
const FILE_BYTES_MAX: u64 =
    (NOTE_BYTES_MAX + 2 * IDENTITY_BYTES_MAX + OLDER_MAX * OLDER_LINE_BYTES_MAX) as u64;

/// Who holds the lock writes two small files.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What this user has seen of archives before.
#[derive(Debug, Clone)]
pub struct TrustStore {
    folder: Result<PathBuf, String>,
}

/// When something was seen, and by which verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The time by this machine's clock.
    pub at: Timestamp,
    /// One word: `ls`.
    pub verb: String,
}

/// A checkpoint that was the newest once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OlderCheckpoint {
    /// The number of events.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// When it was first seen.
    pub seen: Contact,
}

/// One of several keys of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// It signs checkpoints of more events than this.
    pub after: u64,
    /// As a vkey line.
    pub vkey: String,
}

/// One archive as seen until now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownArchive {
    /// The public key in signed-note form, one line.
    pub vkey: String,
    /// When anything of it was first seen.
    pub first: Contact,
    /// The keys that signed for it and led to one another, in order, where there were several.
    pub keys: Vec<KnownKey>,
    /// Earlier checkpoints, the smallest first.
    pub older: Vec<OlderCheckpoint>,
    /// When the newest checkpoint was first seen.
    pub newest: Contact,
    /// The newest checkpoint, byte for byte.
    pub checkpoint: String,
}

/// What is remembered about an archive and its location.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recalled {
    /// The archive of this origin as last seen anywhere.
    pub known: Option<KnownArchive>,
    /// The origins seen at this location, the latest first.
    pub origins_here: Vec<String>,
    /// Why nothing could be recalled, when the machine is the reason; a warning to print.
    pub warning: Option<String>,
}

impl KnownKey {
    /// The keys of an archive's origin, where there are several.
    pub fn all_of(archive: &Archive) -> Vec<Self> {
        let keys = archive.keys_of_origin().into_iter();
        let keys: Vec<Self> =
            keys.map(|SigningKey { after, vkey, .. }| Self { after, vkey }).collect();
        if keys.len() > 1 { keys } else { Vec::new() }
    }
}

impl KnownArchive {
    /// An archive seen for the first time.
    pub fn new(vkey: String, checkpoint: String, contact: Contact) -> Self {
        let (keys, older) = (Vec::new(), Vec::new());
        Self { vkey, first: contact.clone(), keys, older, newest: contact, checkpoint }
    }

    /// The same with the keys that signed for it.
    pub fn with_keys(self, keys: Vec<KnownKey>) -> Self {
        Self { keys, ..self }
    }

    /// The keys that count as the archive's, in order.
    pub fn vkeys(&self) -> impl Iterator<Item = &str> {
        let only = self.keys.is_empty().then_some(&self.vkey[..]);
        self.keys.iter().map(|key| &key.vkey[..]).chain(only)
    }

    /// The number of events from which on another key signs; none where that does not follow this one.
    pub fn turn_ends(&self, vkey: &str) -> Option<u64> {
        let at = self.keys.iter().position(|key| key.vkey == vkey)?;
        self.keys.get(at + 1).map(|next| next.after)
    }

    /// Whether a key's turn has come with so many events.
    pub fn is_in_turn(&self, vkey: &str, size: u64) -> bool {
        let begun = self.keys.iter().find(|key| key.vkey == vkey).is_none_or(|it| it.after < size);
        begun && self.turn_ends(vkey).is_none_or(|end| size <= end)
    }

    /// The same archive with a newer checkpoint, and the key that signed it.
    pub fn grown(mut self, vkey: String, checkpoint: String, contact: Contact) -> Self {
        if let Ok((size, root)) = self.head() {
            self.older.push(OlderCheckpoint { size, root, seen: self.newest });
            thin(&mut self.older);
        }
        Self { vkey, newest: contact, checkpoint, ..self }
    }

    /// Whether it is the archive of this origin.
    pub fn is_of(&self, origin: &str) -> bool {
        self.checkpoint.lines().next() == Some(origin)
    }

    /// Size and root of the newest checkpoint.
    pub fn head(&self) -> Result<(u64, Digest), String> {
        signed_head(&self.vkey, self.checkpoint.as_bytes())
    }

    fn text(&self) -> String {
        let Self { vkey, first, keys, older, newest, checkpoint } = self;
        let mut text = format!("vkey {vkey}\nfirst {} {}\n", first.at, first.verb);
        for KnownKey { after, vkey } in keys {
            let _ = writeln!(text, "key {after} {vkey}");
        }
        for OlderCheckpoint { size, root, seen } in older {
            let _ = writeln!(text, "met {size} {root} {} {}", seen.at, seen.verb);
        }
        let _ = write!(text, "newest {} {}\n\n{checkpoint}", newest.at, newest.verb);
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        let vkey = lines.next()?.strip_prefix("vkey ")?.to_owned();
        let first = contact(lines.next()?.strip_prefix("first ")?)?;
        let lines: Vec<&str> = lines.collect();
        let (newest, older) = lines.split_last()?;
        let n_keys = older.iter().take_while(|line| line.starts_with(KEY)).count();
        let (keys, older) = older.split_at(n_keys);
        let keys = keys.iter().map(|line| known_key(line)).collect::<Option<Vec<_>>>()?;
        let older = older.iter().map(|line| older_checkpoint(line)).collect::<Option<Vec<_>>>()?;
        let newest = contact(newest.strip_prefix("newest ")?)?;
        let checkpoint = checkpoint.to_owned();
        let known = Self { vkey, first, keys, older, newest, checkpoint };
        (known.head().is_ok() && known.text() == text).then_some(known)
    }
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
            Ok(bytes) => recalled.known = bytes.map(parse_known).transpose()?,
            Err(why) => recalled.warning = Some(nothing(&why)),
        }
        match read(&location_file(folder, location)) {
            Ok(Some(bytes)) => recalled.origins_here = parse_location(bytes, location)?,
            Ok(None) => {}
            Err(why) => recalled.warning = Some(nothing(&why)),
        }
        Ok(recalled)
    }

    /// Remembers what `grow` makes of what is known of an origin by now, as seen at a location.
    ///
    /// `grow` answers with nothing where nothing is to change. What two commands do at the same time is
    /// done one after the other. Returns a warning when it cannot be done.
    pub fn update(
        &self,
        origin: &str,
        location: &Path,
        grow: impl FnOnce(Option<KnownArchive>) -> Option<KnownArchive>,
    ) -> Option<String> {
        let folder = match &self.folder {
            Ok(folder) => folder,
            Err(why) => return Some(unkept(why)),
        };
        let update = || -> Result<(), String> {
            let _lock = lock(folder)?;
            let recalled = self.load(origin, location).map_err(|error| error.to_string())?;
            if let Some(known) = grow(recalled.known) {
                write(&origin_file(folder, origin), known.text().as_bytes())?;
                let origins = recalled.origins_here.iter().filter(|other| *other != origin);
                let here: Vec<&str> =
                    [origin].into_iter().chain(origins.map(|it| &it[..])).collect();
                write(&location_file(folder, location), &location_text(&here, location))?;
            }
            Ok(())
        };
        update().err().map(|why| unkept(&why))
    }

    /// The file that remembers an origin, for messages that name it.
    pub fn file_of(&self, origin: &str) -> Option<PathBuf> {
        self.folder.as_ref().ok().map(|folder| origin_file(folder, origin))
    }
}

/// Keeps the newest, and of those before them the ones that lie farthest apart for their age: a copy
/// from long ago is told from a fork by one that it still extends.
fn thin(older: &mut Vec<OlderCheckpoint>) {
    while older.len() > OLDER_MAX {
        let newest = older.last().map_or(0, |last| last.size);
        let gap = |i: &usize| {
            let (gap, age) = (older[i + 1].size - older[i - 1].size, newest - older[*i].size + 1);
            u128::from(gap) * u128::from(u64::MAX) / u128::from(age)
        };
        let Some(closest) = (1..older.len() - RECENT).min_by_key(gap) else { return };
        older.remove(closest);
    }
}

/// A file of the trust store and what it holds.
struct TrustFile {
    file: PathBuf,
    text: Vec<u8>,
}

fn read(file: &Path) -> Result<Option<TrustFile>, String> {
    match files::read_own(file, FILE_BYTES_MAX) {
        Ok(text) => Ok(text.map(|text| TrustFile { file: file.to_owned(), text })),
        Err(error) => Err(explained(file, &error)),
    }
}

fn explained(file: &Path, error: &io::Error) -> String {
    format!("{}: {}", file.display(), in_words(error))
}

/// Waits for others that change the trust store; the file system may know no locks.
fn lock(folder: &Path) -> Result<File, String> {
    let file = folder.join("lock");
    let open = || files::make_private_folder(folder).and_then(|()| files::open_private(&file));
    let opened = open().map_err(|error| explained(&file, &error))?;
    let begun = Instant::now();
    loop {
        match opened.try_lock() {
            // Nobody could end a program that waits for the kernel to let it in, once it has asked for signals.
            Err(TryLockError::WouldBlock) if has_signal() => return Err("interrupted".to_owned()),
            Err(TryLockError::WouldBlock) if begun.elapsed() > LOCK_WAIT_MAX => {
                return Err(format!("{}: another process holds it", file.display()));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(LOOK_AGAIN),
            Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
                return Err(explained(&file, &error));
            }
            _ => return Ok(opened),
        }
    }
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), String> {
    let explain = |error: io::Error| explained(file, &error);
    // Most commands see what was seen before; they need not wait for a disk.
    if files::read_own(file, FILE_BYTES_MAX).is_ok_and(|old| old.as_deref() == Some(bytes)) {
        return Ok(());
    }
    file.parent().map_or(Ok(()), files::make_private_folder).map_err(explain)?;
    files::replace(file, bytes).map_err(explain)
}

fn contact(text: &str) -> Option<Contact> {
    let (at, verb) = text.split_once(' ')?;
    let is_word = !verb.is_empty() && verb.bytes().all(|b| b.is_ascii_lowercase());
    Some(Contact { at: Timestamp::parse(at)?, verb: is_word.then(|| verb.to_owned())? })
}

fn older_checkpoint(line: &str) -> Option<OlderCheckpoint> {
    let mut parts = line.strip_prefix("met ")?.splitn(3, ' ');
    let (size, root) = (parts.next()?.parse().ok()?, Digest::parse(parts.next()?)?);
    Some(OlderCheckpoint { size, root, seen: contact(parts.next()?)? })
}

fn known_key(line: &str) -> Option<KnownKey> {
    let (after, vkey) = line.strip_prefix(KEY)?.split_once(' ')?;
    Some(KnownKey { after: after.parse().ok()?, vkey: vkey.to_owned() })
}

fn parse_known(kept: TrustFile) -> Result<KnownArchive, Error> {
    let known = std::str::from_utf8(&kept.text).ok().and_then(KnownArchive::parse);
    known.ok_or_else(|| {
        malformed(&kept.file, "it does not hold a public key and a checkpoint signed by it")
    })
}

fn location_text(origins: &[&str], location: &Path) -> Vec<u8> {
    let origins = origins.iter().take(ORIGINS_MAX).map(|origin| format!("{origin}\n"));
    let origins: String = origins.collect();
    [origins.as_bytes(), b"\n", location.as_os_str().as_bytes(), b"\n"].concat()
}

fn parse_location(kept: TrustFile, location: &Path) -> Result<Vec<String>, Error> {
    let rest = [b"\n", location.as_os_str().as_bytes(), b"\n"].concat();
    let origins = kept.text.strip_suffix(&rest[..]).and_then(|b| std::str::from_utf8(b).ok());
    let origins: Vec<String> = origins.unwrap_or_default().lines().map(str::to_owned).collect();
    let again: Vec<&str> = origins.iter().map(|origin| &origin[..]).collect();
    if origins.iter().any(String::is_empty)
        || origins.is_empty()
        || location_text(&again, location) != kept.text
    {
        return Err(malformed(&kept.file, "it does not hold origins and this archive's path"));
    }
    Ok(origins)
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
    use crate::archive::Signer;
    use std::ffi::OsStr;
    use std::fs;

    const ORIGIN: &str = "example.com/a";

    fn trust_store(state: &Path) -> TrustStore {
        TrustStore::new(&Environment::from(|name| {
            (name == "XDG_STATE_HOME").then(|| state.as_os_str().to_owned())
        }))
    }

    fn contact(second: u64) -> Contact {
        Contact { at: Timestamp::from_unix(second as i64, 0), verb: "ls".into() }
    }

    fn signer() -> Signer {
        Signer::from_seed(ORIGIN, &[7; 32]).unwrap()
    }

    fn note(size: u64) -> String {
        let root = "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=";
        String::from_utf8(signer().sign(&format!("{ORIGIN}\n{size}\n{root}\n")).unwrap()).unwrap()
    }

    fn known(size: u64) -> KnownArchive {
        KnownArchive::new(signer().verifier().to_string(), note(size), contact(size))
    }

    /// What every command does that sees the journal grow.
    fn grow(known: Option<KnownArchive>, size: u64) -> Option<KnownArchive> {
        Some(match known {
            None => self::known(size),
            Some(known) => known.grown(signer().verifier().to_string(), note(size), contact(size)),
        })
    }

    #[test]
    fn what_was_seen_is_recalled_with_what_was_before() {
        let state = tempfile::tempdir().unwrap();
        let trust_store = trust_store(&state.path().join("made on the way"));
        let location = Path::new(OsStr::from_bytes(b"/srv/caf\xe9\n\n.archive"));
        assert_eq!(trust_store.load(ORIGIN, location).unwrap(), Recalled::default());
        for size in 1..=3 {
            assert_eq!(trust_store.update(ORIGIN, location, |known| grow(known, size)), None);
        }
        assert_eq!(trust_store.update(ORIGIN, location, |_| None), None);
        let recalled = trust_store.load(ORIGIN, location).unwrap();
        let known = recalled.known.unwrap();
        assert_eq!((&known.first, &known.newest), (&contact(1), &contact(3)));
        assert_eq!(known.checkpoint, note(3));
        let older: Vec<_> = known.older.iter().map(|it| (it.size, it.seen.clone())).collect();
        assert_eq!(older, [(1, contact(1)), (2, contact(2))]);
        assert_eq!(recalled.origins_here, [ORIGIN]);
        let elsewhere = trust_store.load(ORIGIN, Path::new("/copy")).unwrap();
        assert_eq!((elsewhere.known, elsewhere.origins_here), (Some(known), vec![]));
        let unknown = trust_store.load("example.com/b", location).unwrap();
        assert_eq!((unknown.known, unknown.origins_here), (None, vec![ORIGIN.to_owned()]));
    }

    #[test]
    fn archives_may_take_turns_at_one_location() {
        let state = tempfile::tempdir().unwrap();
        let (trust_store, mount) = (trust_store(state.path()), Path::new("/mnt"));
        for origin in ["example.com/b", ORIGIN, "example.com/b", ORIGIN] {
            assert_eq!(trust_store.update(origin, mount, |known| grow(known, 1)), None);
            let here = trust_store.load(ORIGIN, mount).unwrap().origins_here;
            assert_eq!(here[0], origin);
            assert!(here.len() <= 2);
        }
    }

    #[test]
    fn what_is_remembered_does_not_grow_for_ever() {
        let mut archive = known(1);
        for size in 2..4000 {
            let root = Digest::of(b"");
            let older = OlderCheckpoint { size: size - 1, root, seen: contact(size) };
            archive.older.push(older);
            thin(&mut archive.older);
        }
        let sizes: Vec<u64> = archive.older.iter().map(|older| older.size).collect();
        assert_eq!(sizes.len(), OLDER_MAX);
        assert!(sizes.is_sorted());
        assert_eq!(sizes[0], 1);
        assert_eq!(sizes[OLDER_MAX - RECENT..], ((3999 - RECENT as u64)..3999).collect::<Vec<_>>());
        let widest = sizes.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(widest < 64, "{widest}");
        assert!(archive.text().len() < FILE_BYTES_MAX as usize);
        assert_eq!(KnownArchive::parse(&archive.text()), Some(archive));
    }

    #[test]
    fn commands_at_the_same_time_lose_nothing() {
        let state = tempfile::tempdir().unwrap();
        let (trust_store, location) = (trust_store(state.path()), Path::new("/a"));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let next = |known: Option<KnownArchive>| {
                            let size = known.as_ref().map_or(0, |known| known.head().unwrap().0);
                            grow(known, size + 1)
                        };
                        assert_eq!(trust_store.update(ORIGIN, location, next), None);
                    }
                });
            }
        });
        let known = trust_store.load(ORIGIN, location).unwrap().known.unwrap();
        let sizes = known.older.iter().map(|older| older.size);
        assert!(sizes.eq(1..100) && known.checkpoint == note(100));
    }

    #[test]
    fn a_trust_store_out_of_reach_is_a_warning() {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("file");
        fs::write(&file, "").unwrap();
        for trust_store in [trust_store(&file), TrustStore::new(&Environment::default())] {
            let recalled = trust_store.load(ORIGIN, Path::new("/a")).unwrap();
            assert!(recalled.known.is_none() && recalled.warning.is_some());
            assert!(trust_store.update(ORIGIN, Path::new("/a"), |it| grow(it, 1)).is_some());
        }
    }

    #[test]
    fn a_lock_that_is_no_regular_file_is_a_warning_and_nothing_is_waited_for() {
        let state = tempfile::tempdir().unwrap();
        let (trust_store, folder) = (trust_store(state.path()), state.path().join("archive"));
        fs::create_dir(&folder).unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.join("lock")).status();
        assert!(made.unwrap().success());
        let warning = trust_store.update(ORIGIN, Path::new("/a"), |it| grow(it, 1)).unwrap();
        assert!(warning.ends_with("archive/lock: it is not a regular file"), "{warning}");
    }

    #[test]
    fn a_trust_store_that_makes_no_sense_is_damaged_and_says_what_to_do() {
        let state = tempfile::tempdir().unwrap();
        let trust_store = trust_store(state.path());
        let (location, folder) = (Path::new("/a"), state.path().join("archive"));
        for size in 1..=2 {
            assert_eq!(trust_store.update(ORIGIN, location, |known| grow(known, size)), None);
        }
        for file in [origin_file(&folder, ORIGIN), location_file(&folder, location)] {
            let good = fs::read(&file).unwrap();
            for end in 0..good.len() {
                fs::write(&file, &good[..end]).unwrap();
                assert!(trust_store.load(ORIGIN, location).is_err(), "cut at {end}");
            }
            let other = known(3).text().replace(&note(3), &note(4).replace("\n4\n", "\n5\n"));
            for bad in [&b"\xff"[..], b"vkey \n\nx\n", b"vkey k", b"\n\n\n", other.as_bytes()] {
                fs::write(&file, bad).unwrap();
                let error = trust_store.load(ORIGIN, location).unwrap_err();
                assert!(matches!(error, Error::Damaged { .. }), "{bad:?}");
                assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
                assert!(error.to_string().ends_with("then remove it"), "{error}");
                let warning = trust_store.update(ORIGIN, location, |it| grow(it, 9)).unwrap();
                assert!(warning.contains("then remove it"), "{warning}");
                assert_eq!(fs::read(&file).unwrap(), bad, "it was overwritten");
            }
            fs::write(&file, good).unwrap();
        }
        assert!(trust_store.load(ORIGIN, location).is_ok());
    }
}
