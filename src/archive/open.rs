//! Opening: a journal whose signature holds, and a catalog in step with it.
//!
//! A catalog that is missing, torn, older or newer than the checkpoint is brought up from the
//! facts. Readers never wait for that: while a writer holds the lock they take the catalog as it
//! stood at its last commit, and where nothing can be written they make one in memory.

use std::{
    cell::{Cell, OnceCell},
    fmt::Display,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
};

use tracing::{debug, warn};

use crate::{
    backend::{
        Backend, Guard, Lock, Storage,
        local::{self, DatabaseFiles, Local},
        memory::Memory,
    },
    catalog::{self, Catalog, KeyedSum, PageCache, Snapshot, StatCache, SumKey},
    journal::{self, Journal, merkle::tiles::Edge, note::Signer},
    store::{Reader, Sealed},
    types::error::{Error, Refusal},
};

use super::{
    Archive,
    lost_packs::are_lost,
    maintain::{
        keep,
        rebuild::{self, CaughtUp},
    },
    watch::{CatalogWatch, is_as_left},
};

/// What a writer holds while it writes.
pub(super) struct WriteLock {
    _guard: Box<dyn Guard>,
    /// What is stored of documents that look unchanged may be damaged.
    pub(super) has_lost_packs: bool,
}

/// How often a reader tries again when a writer commits between its reading of journal and catalog.
const TRIES: usize = 3;

/// Where an archive is kept.
pub(super) struct Home {
    pub(super) backend: Arc<dyn Backend>,
    lock: Arc<dyn Lock>,
    /// The folder of the catalog; without one the catalog is in memory.
    pub(super) catalog: Option<PathBuf>,
    /// Whether that is another folder than the facts': their lock does not guard it then.
    is_elsewhere: bool,
    /// The folder of the stat cache.
    stat_cache: Option<PathBuf>,
    /// The stat cache, once somebody reads and remembers.
    opened_stat_cache: OnceCell<Rc<StatCache>>,
}

impl Home {
    fn new(storage: Arc<dyn Storage>, catalog: Option<&Path>) -> Self {
        let backend: Arc<dyn Backend> = storage.clone();
        let is_elsewhere = catalog.is_some_and(|folder| !storage.lies_in(folder));
        let catalog = catalog.map(Path::to_owned);
        let opened_stat_cache = OnceCell::new();
        Self { backend, lock: storage, catalog, is_elsewhere, stat_cache: None, opened_stat_cache }
    }

    /// Whether the catalog in use is another one than that which may lie with the facts.
    pub(super) fn has_catalog_elsewhere(&self) -> bool {
        self.is_elsewhere || self.catalog.is_none()
    }

    pub(super) fn journal(&self) -> Result<Journal, Error> {
        Journal::open(Arc::clone(&self.backend))
    }

    /// The catalog's files, where there is a folder for them.
    pub(super) fn catalog_files(&self) -> Result<Option<DatabaseFiles>, Error> {
        let examine = |folder: &PathBuf| DatabaseFiles::examine(folder, catalog::FILE);
        self.catalog.as_ref().map(examine).transpose()
    }

    /// Locks the facts, and the catalog.
    fn lock(&self, who: &str) -> Result<Box<dyn Guard>, Error> {
        let facts = self.lock.lock(who)?;
        match &self.catalog {
            Some(_) if self.is_elsewhere => Ok(Box::new((facts, self.lock_catalog(who)?))),
            _ => Ok(facts),
        }
    }

    /// Locks the catalog; one that lies with the facts has the same lock.
    fn lock_catalog(&self, who: &str) -> Result<Box<dyn Guard>, Error> {
        match &self.catalog {
            Some(folder) if self.is_elsewhere => local::lock_in(folder, who),
            _ => self.lock.lock(who),
        }
    }

    /// The stat cache, for whoever reads and remembers.
    pub(super) fn stat_cache(&self) -> Result<Rc<StatCache>, Error> {
        if let Some(opened) = self.opened_stat_cache.get() {
            return Ok(Rc::clone(opened));
        }
        let files = self.stat_cache_files();
        let opened = Rc::new(StatCache::open(files.as_ref().map(DatabaseFiles::path))?);
        Ok(Rc::clone(self.opened_stat_cache.get_or_init(|| opened)))
    }

    /// The stat cache for whoever only asks.
    pub(super) fn existing_stat_cache(&self) -> Result<StatCache, Error> {
        let files = self.stat_cache_files();
        StatCache::open_existing(files.as_ref().map(DatabaseFiles::path))
    }

    /// Remembers the keyed sum of a catalog that was just made or compared. To have none costs the next audit time,
    /// and nothing else.
    pub(super) fn sum_anew(&self, catalog: &Catalog) {
        let summed = self.stat_cache_if_kept().and_then(|stat_cache| {
            let Some(stat_cache) = stat_cache else { return Ok(()) };
            let (sum, _) = catalog.keyed_sum(key_of(stat_cache.sum()))?;
            stat_cache.remember_sum(&sum);
            Ok(())
        });
        if let Err(error) = summed {
            debug!(target: "catalog", "not summed: {error}");
        }
    }

    /// Keeps up the sum that was remembered of a catalog; one that is blank has the sum of nothing.
    pub(super) fn follow_sum(&self, catalog: &Catalog) -> Result<(), Error> {
        if catalog.is_summed() {
            return Ok(());
        }
        let Some(stat_cache) = self.stat_cache_if_kept()? else { return Ok(()) };
        let known = stat_cache.sum();
        let known = match catalog.is_blank()? {
            true => Some(catalog.keyed_sum(key_of(known))?.0),
            false => known,
        };
        known.map_or(Ok(()), |known| catalog.follow_sum(&known))
    }

    /// Remembers the sum that was kept up.
    pub(super) fn remember_sum(&self, catalog: &Catalog) -> Result<(), Error> {
        if let (Some(sum), Some(stat_cache)) = (catalog.followed_sum()?, self.stat_cache_if_kept()?)
        {
            stat_cache.remember_sum(&sum);
        }
        Ok(())
    }

    /// The sum that is remembered.
    pub(super) fn remembered_sum(&self) -> Result<Option<KeyedSum>, Error> {
        Ok(self.stat_cache_if_kept()?.and_then(|stat_cache| stat_cache.sum()))
    }

    /// The stat cache, where it is kept and can speak of a catalog that is.
    fn stat_cache_if_kept(&self) -> Result<Option<Rc<StatCache>>, Error> {
        let is_kept = self.stat_cache.is_some() && self.catalog.is_some();
        is_kept.then(|| self.stat_cache()).transpose()
    }

    /// What cannot be used is not missed.
    fn stat_cache_files(&self) -> Option<DatabaseFiles> {
        DatabaseFiles::examine(self.stat_cache.as_ref()?, catalog::STAT_CACHE_FILE).ok()
    }
}

/// The key of the sum that is remembered, or a new one.
fn key_of(known: Option<KeyedSum>) -> SumKey {
    known.map_or_else(SumKey::random, |sum| sum.key)
}

/// The page cache in a folder of this machine's user; none where it cannot be used.
pub fn page_cache(folder: &Path) -> Option<PageCache> {
    PageCache::open(DatabaseFiles::examine(folder, catalog::PAGE_CACHE_FILE).ok()?.path())
}

/// The page cache for whoever only asks what has no text; none where it is known that nothing lacks one.
pub fn existing_page_cache(folder: &Path) -> Option<PageCache> {
    let files = DatabaseFiles::examine(folder, catalog::PAGE_CACHE_FILE).ok()?;
    let may_have_some = files.exists()
        && files.application_id().is_none_or(|it| it == PageCache::HAS_SOME_WITHOUT_TEXT);
    may_have_some.then(|| PageCache::open_existing(files.path()))?
}

/// The origin of the archive in a storage, as its identity states it.
pub fn origin_of(storage: &dyn Storage) -> Result<String, Error> {
    journal::origin_of(storage)
}

impl Archive {
    /// Makes a new archive that `signer` signs for; its origin is the signer's name.
    ///
    /// Its catalog is kept in the folder `catalog`, without one in memory.
    pub fn init(
        storage: Arc<dyn Storage>,
        catalog: Option<&Path>,
        signer: &Signer,
    ) -> Result<Self, Error> {
        let home = Home::new(storage, catalog);
        let _guard = home.lock("archive init")?;
        let journal = Journal::create(Arc::clone(&home.backend), signer)?;
        let catalog = first_catalog(&home, &journal)?;
        Ok(Self::assemble(home, journal, catalog))
    }

    /// An empty archive that is kept nowhere: for what is asked of files alone.
    pub fn nowhere() -> Result<Self, Error> {
        let signer = Signer::from_seed("nowhere", &[0; 32]);
        let signer = signer.map_err(|why| Error::usage(why.to_string()))?;
        Self::init(Arc::new(Memory::default()), None, &signer)
    }

    /// Opens an archive for reading; a writing verb takes the lock later.
    ///
    /// Its catalog is kept in the folder `catalog`, without one in memory.
    pub fn open(storage: Arc<dyn Storage>, catalog: Option<&Path>) -> Result<Self, Error> {
        let home = Home::new(storage, catalog);
        let mut journal = home.journal()?;
        let mut n_tries = 0;
        loop {
            let catalog = catalog_for_reading(&home, &journal)?;
            let snapshot = Snapshot::of(Rc::clone(&catalog))?;
            let note = snapshot.reflects()?;
            n_tries += 1;
            if note.as_bytes() != journal.note() {
                // A writer committed between the two readings, or is about to bring the catalog up.
                journal = home.journal()?;
                match journal.as_of(note.as_bytes()) {
                    Some(earlier) => journal = earlier,
                    None if n_tries < TRIES => continue,
                    None => {}
                }
            }
            let archive = Self::assemble(home, journal, catalog);
            return Ok(Self { snapshot: Cell::new(Some(snapshot)), ..archive });
        }
    }

    /// Opens the archive in a folder of this machine, its catalog in the same folder; if there is none
    /// it is made, and `signer` signs for it.
    pub fn in_folder(folder: &Path, signer: &Signer) -> Result<Self, Error> {
        match Local::open(folder) {
            Ok(local) => Self::open(Arc::new(local), Some(folder)),
            Err(Error::NoArchive { .. }) => {
                Self::init(Arc::new(Local::create(folder)?), Some(folder), signer)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps the stats of files that are read in this folder, which belongs to this machine. Without one
    /// they are forgotten, and every file is read each time.
    pub fn keep_stats_in(&mut self, folder: &Path) {
        self.home.stat_cache = Some(folder.to_owned());
        self.home.opened_stat_cache = OnceCell::new();
    }

    /// Throws the catalog away and makes it anew from the facts; so is the copy of the checkpoint, unless it shows that
    /// commits are gone. The full-text index goes, too, until somebody searches.
    pub fn rebuild(&mut self, who: &str) -> Result<(), Error> {
        let _guard = self.home.lock(who)?;
        self.snapshot.take();
        self.journal = self.home.journal()?;
        if self.journal.longer_checkpoint()?.is_none() {
            self.journal.publish();
        }
        self.remove_search_index()?;
        let catalog = renew(&self.home, &self.journal);
        self.take_catalog(catalog.map_err(|error| self.located(error))?);
        Ok(())
    }

    /// Makes the catalog anew where it is kept. This reading goes on in that one: while it held the old one, nothing of
    /// it could be taken out of the file.
    pub(super) fn renew_catalog(&self, who: &str) -> Result<(), Error> {
        let _guard = self.home.lock(who)?;
        self.snapshot.take();
        renew(&self.home, &self.home.journal()?).map(drop)
    }

    /// Makes all sketches again.
    pub fn rebuild_sketches(&mut self, who: &str) -> Result<(), Error> {
        let _lock = self.take_lock(who)?;
        rebuild::sketches(&self.home.backend, &self.catalog)
            .map_err(|error| self.located(error))?;
        self.home.sum_anew(&self.catalog);
        Ok(())
    }

    /// The same after documents of other formats were forgotten; the full-text index is made anew by whoever asks it next.
    pub fn rebuild_texts(&mut self, who: &str) -> Result<(), Error> {
        self.rebuild_sketches(who)?;
        self.remove_search_index()
    }

    /// Takes the lock, and brings everything into the state that a writer starts from.
    pub(super) fn begin(&mut self, signer: &Signer, who: &str) -> Result<(WriteLock, Edge), Error> {
        let verifier = self.journal.identity().verifier();
        if signer.verifier() != verifier {
            let (origin, key_id) = (self.origin().to_owned(), verifier.id().to_string());
            return Err(Error::Refused(Refusal::NoSigningKey { origin, key_id }));
        }
        let lock = self.take_lock(who)?;
        self.journal.expect_no_gap()?;
        self.journal.expect_end()?;
        self.journal.complete_identity()?;
        let edge = self.edge().or_else(|error| self.renew_misled(&error))?;
        Ok((lock, edge))
    }

    /// Takes the lock, and brings journal and catalog up to the newest commit.
    pub(super) fn take_lock(&mut self, who: &str) -> Result<WriteLock, Error> {
        let guard = self.home.lock(who)?;
        self.snapshot.take();
        let watched = self.watched()?;
        let is_as_left = watched.as_ref().is_some_and(|(files, left)| is_as_left(files, left));
        self.home.backend.tidy()?;
        self.journal = self.home.journal()?;
        let catalog = catalog_under_lock(&self.home, &mut self.journal);
        let catalog = catalog.map_err(|error| self.located(error))?;
        self.take_catalog(catalog);
        let stored = self.stored_packs()?;
        let mut known = self.catalog.packs()?;
        let follows = match &watched {
            _ if self.counts_other_packs(&known, &stored)? => false,
            _ if is_as_left => true,
            Some(_) => self.catalog_drift()?.is_none(),
            None => !self.catalog.has_gaps()?,
        };
        if !follows {
            debug!(target: "catalog", "made anew: it does not follow from the facts");
            self.renew()?;
            known = self.catalog.packs()?;
        }
        self.watch = CatalogWatch::of(watched);
        Ok(WriteLock { _guard: guard, has_lost_packs: are_lost(&known, &stored) })
    }

    /// The files of the catalog, and what this user remembers of them; none where there are no such.
    fn watched(&self) -> Result<Option<(DatabaseFiles, Rc<StatCache>)>, Error> {
        let (files, stat_cache) = (self.home.catalog_files()?, self.home.stat_cache_if_kept()?);
        Ok(files.zip(stat_cache))
    }

    /// Makes the catalog anew, for whoever holds the lock.
    pub(super) fn renew(&mut self) -> Result<(), Error> {
        let catalog = renew(&self.home, &self.journal)?;
        self.take_catalog(catalog);
        Ok(())
    }

    /// The same where it turned out wrong, which is said; the edge that goes with it.
    pub(super) fn renew_misled(&mut self, why: &dyn Display) -> Result<Edge, Error> {
        warn!(target: "catalog", "the catalog is made anew: {why}");
        self.renew()?;
        self.edge()
    }

    /// Brings journal and catalog up to the newest commit, for whoever holds the lock.
    pub(super) fn bring_up(&mut self) -> Result<(), Error> {
        match catch_up(&self.home, &mut self.journal, &self.catalog)? {
            CaughtUp::Yes => Ok(()),
            CaughtUp::OtherHistory | CaughtUp::Withdrawn => self.renew(),
        }
    }

    /// The catalog knows its file's name; only here is known in which folder.
    pub(super) fn located(&self, error: Error) -> Error {
        let Some(folder) = &self.home.catalog else { return error };
        let whole = |name: &str| folder.join(name).display().to_string();
        match error {
            Error::Io { operation, path, source } if path == catalog::FILE => {
                Error::io(operation, whole(&path), source)
            }
            Error::Refused(Refusal::ReadOnly { location }) if location == catalog::FILE => {
                Error::Refused(Refusal::ReadOnly { location: whole(&location) })
            }
            error => error,
        }
    }

    /// The right edge of the journal's tree, as the catalog's tiles have it.
    pub(super) fn edge(&self) -> Result<Edge, Error> {
        let edge = Edge::read(self.journal.size(), |id| self.catalog.tile(id))?;
        if edge.frontier().root() != self.journal.root() {
            return Err(Error::Catalog { why: "its tree is not the journal's".into() });
        }
        Ok(edge)
    }

    fn assemble(home: Home, journal: Journal, catalog: Rc<Catalog>) -> Self {
        let reader = Reader::new(Sealed::for_reading(Arc::clone(&home.backend), catalog.clone()));
        let (snapshot, samples, on_commit, watch) = Default::default();
        Self { home, journal, catalog, reader, snapshot, samples, on_commit, watch }
    }

    fn take_catalog(&mut self, catalog: Rc<Catalog>) {
        self.snapshot.take();
        self.catalog = catalog;
        // A writer relies on no pack that does not count.
        self.reader =
            Reader::new(Sealed::new(Arc::clone(&self.home.backend), self.catalog.clone()));
    }
}

fn catalog_for_reading(home: &Home, journal: &Journal) -> Result<Rc<Catalog>, Error> {
    let Some(files) = home.catalog_files()? else { return in_memory(home, journal) };
    let opened = match Catalog::open(files.path()) {
        Err(Error::Refused(_) | Error::Io { .. }) => {
            Catalog::open_read_only(files.path(), files.has_log())
        }
        opened => opened,
    }
    .map(Rc::new);
    let is_current = |catalog: &Rc<Catalog>| {
        let is_current = catalog.reflects().is_ok_and(|note| note.as_bytes() == journal.note());
        is_current && catalog.has_current_sketches().is_ok_and(|has| has)
    };
    if opened.as_ref().is_ok_and(is_current) {
        return opened;
    }
    match home.lock_catalog("an archive command that brings the catalog up to date") {
        // Somebody else may have done it while we took the lock.
        Ok(_guard) => match catalog_under_lock(home, &mut home.journal()?) {
            // On a full disk too the facts can be read.
            Err(Error::Io { .. } | Error::Refused(_)) => in_memory(home, journal),
            caught_up => caught_up,
        },
        Err(Error::Busy { .. }) if is_older(&opened, journal) => {
            debug!(target: "catalog", "read as it was before the commit that a writer is making");
            opened
        }
        Err(Error::Busy { .. } | Error::Refused(_)) => in_memory(home, journal),
        Err(error) => Err(error),
    }
}

/// Whether a catalog reflects some earlier checkpoint.
fn is_older(opened: &Result<Rc<Catalog>, Error>, journal: &Journal) -> bool {
    let reflects = |catalog: &Rc<Catalog>| catalog.reflects().ok();
    let note = opened.as_ref().ok().and_then(reflects).unwrap_or_default();
    journal.head_of(note.as_bytes()).is_some()
}

/// A catalog in step with the journal, for whoever holds the lock.
fn catalog_under_lock(home: &Home, journal: &mut Journal) -> Result<Rc<Catalog>, Error> {
    let Some(files) = home.catalog_files()? else { return in_memory(home, journal) };
    let (mut was_blank, mut was_withdrawn) = (false, false);
    let is_current = Catalog::open(files.path()).and_then(|catalog| {
        let catalog = Rc::new(catalog);
        was_blank = catalog.is_blank()?;
        let mut is_current = catalog.reflects()?.as_bytes() == journal.note();
        if !is_current {
            debug!(target: "catalog", n_events = journal.size(), "not that of the checkpoint");
            let caught_up = catch_up(home, journal, &catalog)?;
            is_current = caught_up == CaughtUp::Yes;
            was_withdrawn = caught_up == CaughtUp::Withdrawn;
        }
        if is_current && !catalog.has_current_sketches()? {
            debug!(target: "catalog", "its sketches are of another version: made anew");
            rebuild::sketches(&home.backend, &catalog)?;
            catalog.set_renewal("its sketches were of another version".to_owned());
        }
        Ok(is_current.then_some(catalog))
    });
    let why = match is_current {
        Ok(Some(catalog)) => return Ok(catalog),
        Ok(None) => "it reflected no earlier checkpoint of this journal".to_owned(),
        Err(Error::Catalog { why }) => why,
        Err(error @ Error::Damaged { .. }) => error.to_string(),
        Err(error) => return Err(error),
    };
    if was_blank || was_withdrawn {
        debug!(target: "catalog", "made: there was none, or something was withdrawn since");
        return renew(home, journal);
    }
    warn!(target: "catalog", "the catalog is made anew: {why}");
    let renewed = renew(home, journal)?;
    renewed.set_renewal(why);
    Ok(renewed)
}

/// Brings a catalog up to the newest commit, which is read in the same transaction: whoever writes to it without this
/// lock had committed before.
fn catch_up(home: &Home, journal: &mut Journal, catalog: &Rc<Catalog>) -> Result<CaughtUp, Error> {
    catalog.transaction(|_| {
        journal.refresh()?;
        rebuild::catch_up(&home.backend, journal, catalog)
    })
}

/// Makes the catalog anew where it is kept.
fn renew(home: &Home, journal: &Journal) -> Result<Rc<Catalog>, Error> {
    let Some(files) = home.catalog_files()? else { return in_memory(home, journal) };
    keep::old_catalog(&*home.backend, journal, &files)?;
    match Catalog::open(files.path()).and_then(|catalog| anew(home, journal, catalog)) {
        // A file that is torn itself is worth nothing to readers either.
        Err(Error::Catalog { why }) => debug!(target: "catalog", "its file is removed: {why}"),
        renewed => return renewed.and_then(purged).inspect(|catalog| home.sum_anew(catalog)),
    }
    files.remove()?;
    anew(home, journal, Catalog::open(files.path())?).inspect(|catalog| home.sum_anew(catalog))
}

/// The catalog of an archive that was just made, which is there whether that can be kept or not: whoever opens it next
/// tries again.
fn first_catalog(home: &Home, journal: &Journal) -> Result<Rc<Catalog>, Error> {
    match renew(home, journal) {
        Err(error @ (Error::Io { .. } | Error::Refused(_))) => {
            warn!(target: "catalog", "the archive is made, and its catalog cannot be written yet: {error}");
            in_memory(home, journal)
        }
        made => made,
    }
}

/// Leaves nothing of withdrawn words in the file. Where another process reads it, whoever finishes the
/// withdrawal does that.
fn purged(catalog: Rc<Catalog>) -> Result<Rc<Catalog>, Error> {
    if catalog.has_withdrawals()? {
        match catalog.purge() {
            Err(Error::Busy { who }) => debug!(target: "catalog", "not purged: {who}"),
            purged => purged?,
        }
    }
    Ok(catalog)
}

/// Makes the catalog anew in one transaction, so that readers have the old one until it is done.
fn anew(home: &Home, journal: &Journal, catalog: Catalog) -> Result<Rc<Catalog>, Error> {
    let catalog = Rc::new(catalog);
    catalog.transaction(|_| {
        catalog.empty()?;
        rebuild::fill(&home.backend, journal, &catalog)
    })?;
    Ok(catalog)
}

fn in_memory(home: &Home, journal: &Journal) -> Result<Rc<Catalog>, Error> {
    debug!(target: "catalog", "made in memory: its file cannot be used");
    let catalog = Rc::new(Catalog::in_memory()?);
    rebuild::fill(&home.backend, journal, &catalog)?;
    Ok(catalog)
}
