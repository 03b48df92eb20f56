//! One run of the program: where the archive is, what time it is, who asks, where answers go.

mod history;
mod trust_update;

use std::{
    collections::BTreeSet,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use tracing::debug;

use crate::{
    archive::{Archive, HistoryCheck, Local, Signer, WriteContext, origin_of},
    types::{
        error::{Error, Refusal},
        time::Timestamp,
    },
};

use super::{
    args::globals::Globals,
    catalog_place::{CatalogPlace, expect_apart, stat_cache_folder},
    files,
    keyring::{self, Keyring},
    location::{ChosenBy, Environment, Location, canonical},
    own_files::{OwnFile, OwnFiles, is_what},
    print::{
        json::typed,
        messages::Messages,
        output::Output,
        terminal::{Paint, Progress, Stream, Style, shown_json, shown_name},
    },
    trust_store::{Contact, KnownArchive, Recalled, TrustStore},
};

pub use history::two_checkpoints;
use history::{check_history, older};
use trust_update::TrustUpdate;

/// The program and version that events name.
pub const TOOL: &str = concat!("archive ", env!("CARGO_PKG_VERSION"));

#[derive(Serialize)]
struct TextLine {
    text: String,
}

#[derive(Serialize)]
struct WarningLine<'a> {
    message: &'a str,
}

/// What was warned of already: a verb that is tried again says it once.
static WARNED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// An open archive, and how it stands to what is remembered of it.
pub struct Opened {
    pub archive: Archive,
    pub history_check: HistoryCheck,
    /// What is remembered, of this archive or of the one that lay here before.
    pub known: Option<KnownArchive>,
}

/// What every verb works with.
pub struct Session {
    /// What holds for every verb.
    pub globals: Globals,
    /// The variables that matter here.
    pub environment: Environment,
    /// When the command began.
    pub now: Timestamp,
    /// Where answers go.
    pub out: Output,
    /// The colours of messages on standard error.
    pub stderr: Paint,
    verb: &'static str,
    /// Where the catalog of the opened archive lies.
    pub catalog_place: Option<CatalogPlace>,
    location: Option<Location>,
    /// How an archive that was opened for reading stands to what is remembered, where nothing may be signed for it.
    unsigned: Option<(HistoryCheck, Option<KnownArchive>)>,
}

impl Session {
    /// A session of this process, which runs a verb.
    pub fn new(globals: &Globals, verb: &'static str) -> Result<Self, Error> {
        let stdout = Stream::stdout();
        Ok(Self {
            globals: globals.clone(),
            environment: Environment::of_process(),
            now: now(),
            out: Output::new(Paint::new(globals.color, stdout), stdout.is_terminal),
            stderr: Paint::new(globals.color, Stream::stderr()),
            verb,
            catalog_place: None,
            location: None,
            unsigned: None,
        })
    }

    /// Prints a line for people on stderr, unless they asked for quiet or for JSON.
    pub fn info(&self, line: &str) {
        if !self.globals.quiet && !self.globals.json {
            self.flush_answers();
            Messages::line(line);
        }
    }

    /// Warns on stderr, programs in JSON; quiet does not silence this.
    pub fn warn(&self, line: &str) {
        self.flush_answers();
        warn(&self.globals, line);
    }

    /// Warns of what holds for the whole run of the program, once.
    pub fn warn_once(&self, line: &str) {
        self.flush_answers();
        warn_once(&self.globals, line);
    }

    /// Messages come after what was answered before them; output that fails shows at the end of the verb.
    fn flush_answers(&self) {
        let _ = self.out.flush();
    }

    /// Prints a whole text as the answer: as it is, or as one line of JSON.
    pub fn print_text(&mut self, line_type: &'static str, text: &[u8]) -> Result<(), Error> {
        if !self.globals.json {
            return self.out.bytes(text);
        }
        let text = String::from_utf8_lossy(text).into_owned();
        self.out.json(&typed(line_type, TextLine { text }))
    }

    /// A progress line for long work.
    pub fn progress(&self) -> Progress {
        Progress::new(self.globals.quiet || self.globals.json, Stream::stderr())
    }

    /// The archive's location, chosen once.
    pub fn location(&mut self) -> Result<Location, Error> {
        if self.location.is_none() {
            self.location = Some(self.environment.location(self.globals.store.as_deref())?);
        }
        self.location.clone().ok_or_else(|| Error::usage("no folder was chosen for the archive"))
    }

    /// Opens the archive for reading, after comparing its history with what is remembered.
    pub fn open(&mut self) -> Result<Archive, Error> {
        let Opened { archive, history_check, known } = self.open_unjudged()?;
        match &history_check {
            HistoryCheck::Older { .. } => {
                self.warn_once(&older(&archive, known.as_ref()));
                self.unsigned = Some((history_check.clone(), known));
            }
            _ => {
                self.judge(&archive, &history_check, known.as_ref())?;
                if let Err(lost) = archive.expect_end() {
                    self.warn_once(&lost.to_string());
                }
            }
        }
        if !history_check.is_bad() {
            self.remember(&archive);
        }
        Ok(archive)
    }

    /// Opens the archive for a verb that writes to it, which no older copy allows, nor one that lost its last commits.
    pub fn open_to_write(&mut self) -> Result<Archive, Error> {
        let Opened { mut archive, history_check, known } = self.open_unjudged()?;
        self.judge(&archive, &history_check, known.as_ref())?;
        archive.expect_end()?;
        self.unsigned = None;
        self.remember(&archive);
        let folder = self.location()?.folder;
        self.remember_commits(&mut archive, &folder);
        Ok(archive)
    }

    /// Opens the archive for a verb that writes to it, or only says what it would do, which no older copy hinders.
    pub fn open_for(&mut self, is_rehearsal: bool) -> Result<Archive, Error> {
        if !is_rehearsal {
            return self.open_to_write();
        }
        let archive = self.open()?;
        archive.expect_end()?;
        Ok(archive)
    }

    /// Opens the archive and says how it stands to what is remembered, whatever that is.
    pub fn open_unjudged(&mut self) -> Result<Opened, Error> {
        let folder = self.location()?.folder;
        let archive = self.open_at(&folder)?;
        let recalled = self.recalled(archive.origin(), &folder)?;
        let opened = self.compare(archive, recalled)?;
        let is_shorter = matches!(
            opened.history_check,
            HistoryCheck::RolledBack { .. } | HistoryCheck::Older { .. }
        );
        if !is_shorter {
            return Ok(opened);
        }
        // Another command may have added, and remembered it, since we opened. What is remembered by now
        // was committed before we open again.
        let recalled = self.recalled(opened.archive.origin(), &folder)?;
        let archive = self.open_at(&folder)?;
        self.compare(archive, recalled)
    }

    /// Compares an archive with what is recalled of it and of its location.
    fn compare(&self, archive: Archive, recalled: Recalled) -> Result<Opened, Error> {
        let Recalled { known, origins_here, .. } = recalled;
        let is_new_here = !origins_here.iter().any(|origin| origin == archive.origin());
        let before = origins_here.into_iter().next().filter(|_| is_new_here);
        match (known, before) {
            (Some(known), before) => {
                let history_check = check_history(&archive, &known)?;
                if let Some(before) = before.filter(|_| !history_check.is_bad()) {
                    let origin = archive.origin();
                    self.warn_once(&format!("{origin} lies here now; before, it was {before}"));
                }
                Ok(Opened { archive, history_check, known: Some(known) })
            }
            (None, Some(remembered)) => {
                let known = TrustStore::new(&self.environment).load(&remembered, Path::new(""))?;
                let history_check = HistoryCheck::OtherOrigin { remembered };
                Ok(Opened { archive, history_check, known: known.known })
            }
            (None, None) => {
                let history_check = HistoryCheck::NotRemembered;
                Ok(Opened { archive, history_check, known: None })
            }
        }
    }

    fn open_at(&mut self, folder: &Path) -> Result<Archive, Error> {
        let storage = Arc::new(Local::open(folder)?);
        let place = self.choose_catalog_place(folder, || origin_of(&*storage))?;
        let mut archive = Archive::open(storage.clone(), place.folder.as_deref())?;
        self.catalog_place = Some(place);
        if let Some(folder) = stat_cache_folder(&self.environment, archive.origin()) {
            archive.keep_stats_in(&folder);
        }
        Ok(archive)
    }

    /// The place for the catalog of the archive in a folder.
    pub fn choose_catalog_place(
        &self,
        archive: &Path,
        origin: impl FnOnce() -> Result<String, Error>,
    ) -> Result<CatalogPlace, Error> {
        let named = self.globals.catalog.as_deref();
        CatalogPlace::choose(&self.environment, named, archive, origin)
    }

    /// Opens the archive for adding; the default one is made if it does not exist yet.
    pub fn open_or_make(&mut self) -> Result<Archive, Error> {
        let location = self.location()?;
        let archive = match self.open_to_write() {
            Err(Error::NoArchive { .. }) if location.chosen_by == ChosenBy::Default => {
                let (archive, key) = self.make(&location.folder, None)?;
                self.info(&format!(
                    "made a new archive at {}; its key is {}",
                    shown(&location.folder),
                    shown(&key)
                ));
                archive
            }
            opened => opened?,
        };
        self.make_stat_cache_folder(&archive);
        Ok(archive)
    }

    /// Makes the folder of the stat cache, so that what is read from now on is remembered.
    pub fn make_stat_cache_folder(&self, archive: &Archive) {
        if let Some(folder) = stat_cache_folder(&self.environment, archive.origin())
            && let Err(error) = files::make_private_folder(&folder)
        {
            debug!(target: "catalog", "no stats of files: {error}");
        }
    }

    /// Refuses a folder for catalogs that lies in what is an archive, or becomes one.
    pub fn expect_catalogs_apart(&self, folder: &Path) -> Result<(), Error> {
        match self.catalogs_folder() {
            Some(named) => expect_apart(&self.environment, named, folder),
            None => Ok(()),
        }
    }

    /// Makes an archive with a new key; returns it and the key's file.
    pub fn make(
        &mut self,
        folder: &Path,
        origin: Option<&str>,
    ) -> Result<(Archive, PathBuf), Error> {
        self.expect_no_archive_around(folder)?;
        self.expect_catalogs_apart(folder)?;
        let seed = keyring::fresh_seed()?;
        let origin = origin.map_or_else(|| fresh_origin(folder, &seed), str::to_owned);
        self.expect_unused(&origin)?;
        let backend = Arc::new(Local::create(folder)?);
        // The key comes first: an archive whose key was lost could never be added to.
        let (signer, file) = self.new_signer(&origin)?;
        let place = self.choose_catalog_place(folder, || Ok(origin.clone()))?;
        let mut archive = Archive::init(backend, place.folder.as_deref(), &signer)?;
        self.catalog_place = Some(place);
        self.remember_at(&archive, folder);
        self.remember_commits(&mut archive, folder);
        Ok((archive, file))
    }

    /// What is never a document, and never written over.
    pub fn own_files(&mut self) -> OwnFiles {
        let archive = self.location().ok().map(|location| location.folder);
        OwnFiles::of(&self.environment, archive.as_deref()).with_catalogs_in(self.catalogs_folder())
    }

    /// The folder that was named for catalogs.
    fn catalogs_folder(&self) -> Option<&Path> {
        self.globals.catalog.as_deref().or(self.environment.catalog_folder())
    }

    /// An archive in an archive would be a folder there that belongs to nothing; and what this program keeps for
    /// itself is no place for documents, the less where it can be made again and is swept.
    pub fn expect_no_archive_around(&self, folder: &Path) -> Result<(), Error> {
        let own = OwnFiles::of(&self.environment, None).with_catalogs_in(self.catalogs_folder());
        let shown = |path: &Path| shown_name(path.as_os_str().as_bytes());
        let why = match own.holding(folder) {
            None => return Ok(()),
            Some((around, OwnFile::AnArchive)) if around == canonical(folder) => return Ok(()),
            Some((around, OwnFile::AnArchive)) => {
                format!("it would lie in the archive {}", shown(&around))
            }
            Some((around, what)) => is_what(folder, &around, what),
        };
        Err(Error::usage(format!("no archive is made at {}: {why}", shown(folder))))
    }

    /// Refuses an origin that an archive has already: two histories under one name contradict each other.
    fn expect_unused(&self, origin: &str) -> Result<(), Error> {
        let Some(how) = self.known_by(origin)? else { return Ok(()) };
        Err(Error::usage(format!(
            "{origin} is the origin of another archive ({how}); choose another name with --origin"
        )))
    }

    /// By what an origin is known here; none where it is not.
    fn known_by(&self, origin: &str) -> Result<Option<String>, Error> {
        let trust_store = TrustStore::new(&self.environment);
        let known = trust_store.load(origin, Path::new(""))?.known;
        Ok(match (known, Keyring::new(&self.environment).file_for(origin)) {
            (Some(known), _) => {
                let Contact { at, verb } = &known.first;
                Some(format!("first seen {} by {verb}", at.minute()))
            }
            (None, Some(file)) => Some(format!("its key is {}", file.display())),
            (None, None) => None,
        })
    }

    /// The origin under which an archive goes on as an epoch of its own: one that no other copy has taken, as far as
    /// is known here.
    pub fn free_origin(&self, archive: &Archive) -> Result<String, Error> {
        for origin in archive.next_origins() {
            if self.known_by(&origin)?.is_none() {
                return Ok(origin);
            }
        }
        Err(Error::usage(format!("no origin is left after {}", archive.origin())))
    }

    /// The key that signs for an archive; for an older copy, which was opened to be read, nothing does.
    pub fn signer(&self, archive: &Archive) -> Result<Signer, Error> {
        if let Some((history_check, known)) = &self.unsigned {
            self.judge(archive, history_check, known.as_ref())?;
        }
        let (origin, key_id) = (archive.origin().to_owned(), archive.key_id());
        let found = Keyring::new(&self.environment).find(&origin, &key_id)?;
        Signer::parse(&found.text).map_err(|why| {
            let (file, why) = (found.file.display().to_string(), why.to_string());
            Error::Refused(Refusal::WrongKey { file, origin, key_id, why })
        })
    }

    /// A new key for an origin, kept in its file.
    pub fn new_signer(&self, origin: &str) -> Result<(Signer, PathBuf), Error> {
        let signer = Signer::from_seed(origin, &keyring::fresh_seed()?)
            .map_err(|why| Error::usage(format!("{origin} cannot be an origin: {why}")))?;
        let text = signer.private_text();
        let text = String::from_utf8_lossy(text.as_bytes()).into_owned();
        let file = Keyring::new(&self.environment).keep(text.trim_end())?;
        Ok((signer, file))
    }

    /// Says that another key signed the newest checkpoint than the one that signs now, between a rotation and the next
    /// commit.
    pub fn say_key_to_come(&self, archive: &Archive) {
        let (signed, vkey) = (archive.checkpoint_vkey(), archive.vkey());
        if signed != vkey {
            self.info(&format!(
                "{vkey} signs from the next commit on; until then checkpoint and proofs are signed by the key before:\n  \
                 {signed}"
            ));
        }
    }

    /// The file with a key's private half, as far as there is one.
    pub fn key_file(&self, archive: &Archive) -> Result<PathBuf, Error> {
        let found = Keyring::new(&self.environment).find(archive.origin(), &archive.key_id())?;
        Ok(found.file)
    }

    /// This moment, with randomness of its own.
    pub fn context(&self) -> Result<WriteContext, Error> {
        let fresh = WriteContext::new(since_1970(), keyring::fresh_seed()?, TOOL);
        Ok(WriteContext { now: self.now, by: self.environment.user(), ..fresh })
    }

    /// What others read who find the lock taken.
    pub fn who(&self, verb: &str) -> String {
        let user = self.environment.user().unwrap_or_else(|| "somebody".into());
        format!("archive {verb} of {user}, process {}, since {}", std::process::id(), self.now)
    }

    /// Remembers the archive's checkpoint outside the archive.
    pub fn remember(&mut self, archive: &Archive) {
        if let Ok(location) = self.location() {
            self.remember_at(archive, &location.folder);
        }
    }

    /// Whether this archive was seen at a place before, be it in an earlier epoch.
    pub fn was_seen_at(&self, archive: &Archive, folder: &Path) -> Result<bool, Error> {
        let recalled = self.recalled(archive.origin(), folder)?;
        let is_it = |origin: &String| origin == archive.origin() || archive.goes_on_from(origin);
        Ok(recalled.origins_here.iter().any(is_it))
    }

    /// Keeps a text about what went wrong in the user's state folder; where.
    pub fn keep_report(&self, about: &str, text: &str) -> Result<PathBuf, Error> {
        let time: String =
            self.now.to_string().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let folder = self.environment.state_folder()?.join("reports");
        let file = folder.join(format!("{about}-{time}-{}.txt", std::process::id()));
        let write = files::make_private_folder(&folder)
            .and_then(|()| files::replace(&file, text.as_bytes()));
        write.map_err(|source| Error::io("write", file.display().to_string(), source))?;
        Ok(file)
    }

    /// Remembers what an archive's checkpoint is, and that it lies in a folder.
    pub fn remember_at(&self, archive: &Archive, folder: &Path) {
        self.trust_update(folder).remember(archive);
    }

    /// Has each commit of an archive remembered as soon as it is in.
    fn remember_commits(&self, archive: &mut Archive, folder: &Path) {
        let update = self.trust_update(folder);
        archive.on_commit(move |archive| update.remember(archive));
    }

    fn trust_update(&self, folder: &Path) -> TrustUpdate {
        TrustUpdate {
            globals: self.globals.clone(),
            environment: self.environment.clone(),
            contact: Contact { at: self.now, verb: self.verb.to_owned() },
            location: canonical(folder),
        }
    }

    /// Refuses a history that is not the one remembered.
    fn judge(
        &self,
        archive: &Archive,
        history_check: &HistoryCheck,
        known: Option<&KnownArchive>,
    ) -> Result<(), Error> {
        let why = match history_check {
            HistoryCheck::Extends { .. }
            | HistoryCheck::NotRemembered
            | HistoryCheck::OtherCheckpoint { .. } => return Ok(()),
            HistoryCheck::Older { .. } => format!(
                "{}; it can be read and not written: put the newer one here, or name it with --store; or go on from it with archive adopt",
                older(archive, known)
            ),
            HistoryCheck::RolledBack { remembered, size } => format!(
                "this is another or an older history: it has {size} events, {remembered} are \
                 remembered{}",
                self.kept_in(archive.origin())
            ),
            HistoryCheck::Forked { size } => format!(
                "the journal is forked: its first {size} events are not those remembered{}",
                self.kept_in(archive.origin())
            ),
            HistoryCheck::OtherKey { remembered } => format!(
                "the journal is signed by another key than {remembered}, which is remembered{}",
                self.kept_in(archive.origin())
            ),
            HistoryCheck::OtherOrigin { remembered } if archive.goes_on_from(remembered) => {
                format!(
                    "this archive goes on from {remembered} as an epoch of its own, of which nothing is known; get its \
                 vkey line from its owner: archive audit --vkey makes it known"
                )
            }
            HistoryCheck::OtherOrigin { remembered } => format!(
                "another archive lies here than the remembered {remembered}, and nothing is known of \
                 it; give it a place of its own, or get its vkey line from its owner: archive audit \
                 --vkey makes it known"
            ),
        };
        Err(match two_checkpoints(archive, known) {
            Some(checkpoints) => Error::OtherHistory { why, checkpoints: Box::new(checkpoints) },
            None => Error::Untrusted { why },
        })
    }

    /// Where to look at what is remembered.
    fn kept_in(&self, origin: &str) -> String {
        let file = TrustStore::new(&self.environment).file_of(origin);
        file.map(|file| format!(" (in {})", file.display())).unwrap_or_default()
    }

    /// What is remembered of an origin and a location.
    fn recalled(&self, origin: &str, folder: &Path) -> Result<Recalled, Error> {
        let recalled = TrustStore::new(&self.environment).load(origin, &canonical(folder))?;
        if let Some(warning) = &recalled.warning {
            self.warn_once(warning);
        }
        Ok(recalled)
    }
}

/// Warns of what holds for the whole run of the program, once.
pub fn warn_once(globals: &Globals, line: &str) {
    let is_new = WARNED.lock().unwrap_or_else(PoisonError::into_inner).insert(line.to_owned());
    if is_new {
        warn(globals, line);
    }
}

fn warn(globals: &Globals, line: &str) {
    let text = match globals.json {
        true => serde_json::to_string(&typed("warning", WarningLine { message: line }))
            .map_or_else(|_| line.to_owned(), |json| shown_json(&json)),
        false => {
            let paint = Paint::new(globals.color, Stream::stderr());
            let label = paint.paint(Style::Warning, "warning:");
            format!("{label} {}", shown_name(line.as_bytes()))
        }
    };
    Messages::line(&text);
}

/// A path as it can be shown.
pub fn shown(path: &Path) -> String {
    shown_name(path.as_os_str().as_encoded_bytes())
}

/// A name nobody else has: the folder's, and random digits.
fn fresh_origin(folder: &Path, seed: &[u8; 32]) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name = canonical(folder);
    let name = name.file_name().map_or("archive".into(), |name| name.to_string_lossy());
    let name: String = name.chars().map(plain).take(40).collect();
    format!("archive.local/{name}-{}", crate::types::digest::hex(&seed[..4]))
}

fn now() -> Timestamp {
    Timestamp::from_unix(i64::try_from(since_1970().as_secs()).unwrap_or(0), 0)
}

/// What the clock shows at this very moment, as exactly as file systems tell when a file was changed.
pub fn clock() -> Timestamp {
    let since = since_1970();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(0);
    Timestamp::from_unix(seconds, since.subsec_nanos())
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
