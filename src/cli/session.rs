//! One run of the program: where the archive is, what time it is, who asks, where answers go.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use tracing::debug;

use crate::{
    archive::{Archive, HistoryCheck, Local, Signer, WriteContext, origin_of},
    types::{error::Error, time::Timestamp},
};

use super::{
    args::globals::Globals,
    catalog_place::{CatalogPlace, stat_cache_folder},
    files,
    keyring::{self, Keyring},
    location::{ChosenBy, Environment, Location, canonical},
    print::{
        json::typed,
        output::Output,
        terminal::{Paint, Progress, Stream, Style, shown_name},
    },
    trust_store::{KnownArchive, Recalled, TrustStore},
};

/// The program and version that events name.
pub const TOOL: &str = concat!("archive ", env!("CARGO_PKG_VERSION"));

#[derive(Serialize)]
struct TextLine {
    text: String,
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
    /// Where the catalog of the opened archive lies.
    pub catalog_place: Option<CatalogPlace>,
    location: Option<Location>,
}

impl Session {
    /// A session of this process.
    pub fn new(globals: &Globals) -> Result<Self, Error> {
        let stdout = Stream::stdout();
        Ok(Self {
            globals: globals.clone(),
            environment: Environment::of_process(),
            now: now(),
            out: Output::new(Paint::new(globals.color, stdout), stdout.is_terminal),
            stderr: Paint::new(globals.color, Stream::stderr()),
            catalog_place: None,
            location: None,
        })
    }

    /// Prints a line for people on stderr, unless they asked for quiet or for JSON.
    pub fn info(&self, line: &str) {
        if !self.globals.quiet && !self.globals.json {
            self.flush_answers();
            eprintln!("{line}");
        }
    }

    /// Warns people on stderr; quiet does not silence this.
    pub fn warn(&self, line: &str) {
        if !self.globals.json {
            self.flush_answers();
            let label = self.stderr.paint(Style::Warning, "warning:");
            eprintln!("{label} {line}");
        }
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
        let (archive, history_check) = self.open_unjudged()?;
        judge(&history_check)?;
        self.remember(&archive);
        Ok(archive)
    }

    /// Opens the archive and says how it stands to what is remembered, whatever that is.
    pub fn open_unjudged(&mut self) -> Result<(Archive, HistoryCheck), Error> {
        let folder = self.location()?.folder;
        let archive = self.open_at(&folder)?;
        let known = self.known(archive.origin(), &folder)?;
        let history_check = check_history(&archive, known)?;
        if !matches!(history_check, HistoryCheck::RolledBack { .. }) {
            return Ok((archive, history_check));
        }
        // Another command may have added, and remembered it, since we opened. What is remembered by now
        // was committed before we open again.
        let known = self.known(archive.origin(), &folder)?;
        let archive = self.open_at(&folder)?;
        let history_check = check_history(&archive, known)?;
        Ok((archive, history_check))
    }

    fn open_at(&mut self, folder: &Path) -> Result<Archive, Error> {
        let storage = Arc::new(Local::open(folder)?);
        let place = self.choose_catalog_place(folder, || origin_of(&*storage))?;
        let archive = Archive::open(storage.clone(), place.folder.as_deref())?;
        self.catalog_place = Some(place);
        Ok(archive)
    }

    fn choose_catalog_place(
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
        let mut archive = match self.open() {
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
        if let Some(folder) = stat_cache_folder(&self.environment, archive.origin()) {
            match files::make_private_folder(&folder) {
                Ok(()) => archive.keep_stats_in(&folder),
                Err(error) => debug!(target: "catalog", "no stats of files: {error}"),
            }
        }
        Ok(archive)
    }

    /// Opens the archive to see what adding would do; nothing is made.
    pub fn open_to_rehearse(&mut self) -> Result<Archive, Error> {
        let mut archive = self.open()?;
        if let Some(folder) = stat_cache_folder(&self.environment, archive.origin()) {
            archive.keep_stats_in(&folder);
        }
        Ok(archive)
    }

    /// Makes an archive with a new key; returns it and the key's file.
    pub fn make(
        &mut self,
        folder: &Path,
        origin: Option<&str>,
    ) -> Result<(Archive, PathBuf), Error> {
        let backend = Arc::new(Local::create(folder)?);
        let seed = keyring::fresh_seed()?;
        let origin = origin.map_or_else(|| fresh_origin(folder, &seed), str::to_owned);
        let secret = keyring::fresh_seed()?;
        let signer = Signer::from_seed(&origin, &secret)
            .map_err(|why| Error::usage(format!("{origin} cannot be an origin: {why}")))?;
        let text = signer.private_text();
        let text = String::from_utf8_lossy(text.as_bytes()).into_owned();
        // The key comes first: an archive whose key was lost could never be added to.
        let file = Keyring::new(&self.environment).keep(text.trim_end())?;
        let place = self.choose_catalog_place(folder, || Ok(origin.clone()))?;
        let archive = Archive::init(backend, place.folder.as_deref(), &signer)?;
        self.catalog_place = Some(place);
        self.remember_at(&archive, folder);
        Ok((archive, file))
    }

    /// The key that signs for an archive.
    pub fn signer(&self, archive: &Archive) -> Result<Signer, Error> {
        let found = Keyring::new(&self.environment).find(archive.origin(), &archive.key_id())?;
        if let Some(warning) = &found.warning {
            self.warn(warning);
        }
        Signer::parse(&found.text)
            .map_err(|why| Error::damaged(found.file.display().to_string(), why.to_string()))
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

    fn remember_at(&self, archive: &Archive, folder: &Path) {
        let checkpoint = String::from_utf8_lossy(archive.checkpoint()).into_owned();
        let seen = KnownArchive { vkey: archive.vkey(), checkpoint };
        let trust_store = TrustStore::new(&self.environment);
        let location = canonical(folder);
        // Looked at once more: another command may have seen a longer journal in the meantime, and
        // what is remembered never goes back.
        let Ok(known) = trust_store.load(archive.origin(), &location) else { return };
        let goes_on = |known: &KnownArchive| {
            let history_check = archive.history_check(&known.vkey, known.checkpoint.as_bytes());
            matches!(history_check, Ok(HistoryCheck::Extends { .. }))
        };
        let is_here = known.origin_here.as_deref() == Some(archive.origin());
        let is_kept = known.seen.as_ref() == Some(&seen) && is_here;
        if !is_kept
            && known.seen.as_ref().is_none_or(goes_on)
            && let Some(warning) = trust_store.store(archive.origin(), &location, &seen)
            && self.globals.verbose
        {
            self.warn(&warning);
        }
    }

    /// What is remembered of an origin and a location.
    fn known(&self, origin: &str, folder: &Path) -> Result<Recalled, Error> {
        let recalled = TrustStore::new(&self.environment).load(origin, &canonical(folder))?;
        if let Some(warning) = recalled.warning.as_ref().filter(|_| self.globals.verbose) {
            self.warn(warning);
        }
        Ok(recalled)
    }
}

fn check_history(archive: &Archive, known: Recalled) -> Result<HistoryCheck, Error> {
    match (known.seen, known.origin_here) {
        // Even an archive that is known from elsewhere may have been put in its place.
        (_, Some(origin)) if origin != archive.origin() => {
            Ok(HistoryCheck::OtherOrigin { remembered: origin })
        }
        (Some(seen), _) => archive.history_check(&seen.vkey, seen.checkpoint.as_bytes()),
        (None, _) => Ok(HistoryCheck::NotRemembered),
    }
}

/// Refuses a history that is not the one remembered.
fn judge(history_check: &HistoryCheck) -> Result<(), Error> {
    let why = match history_check {
        HistoryCheck::Extends { .. } | HistoryCheck::NotRemembered => return Ok(()),
        HistoryCheck::RolledBack { remembered, size } => {
            format!("the journal is rolled back: it has {size} events, {remembered} are remembered")
        }
        HistoryCheck::Forked { size } => {
            format!("the journal is forked: its first {size} events are not those remembered")
        }
        HistoryCheck::OtherKey { remembered } => {
            format!("the journal is signed by another key than the remembered {remembered}")
        }
        HistoryCheck::OtherOrigin { remembered } => {
            format!("another archive lies here than the remembered {remembered}")
        }
    };
    Err(Error::Untrusted { why })
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

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
