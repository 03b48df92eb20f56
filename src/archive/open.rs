//! Opening: a journal whose signature holds, and a catalog in step with it.
//!
//! A catalog that is missing, torn, older or newer than the checkpoint is brought up from the
//! facts. Readers never wait for that: while a writer holds the lock they take the catalog as it
//! stood at its last commit, and where nothing can be written they make one in memory.

use std::{path::Path, rc::Rc, sync::Arc};

use crate::{
    backend::{Backend, Guard},
    catalog::{self, Catalog, Snapshot},
    journal::{Journal, merkle::tiles::Edge, note::Signer},
    store::{Reader, Sealed},
    types::error::{Error, Refusal},
};

use super::{Archive, maintain::rebuild};

/// How often a reader looks again when a writer commits between its two looks.
const LOOKS: usize = 3;

impl Archive {
    /// Makes a new archive that `signer` signs for; its origin is the signer's name.
    pub fn init(backend: Arc<dyn Backend>, signer: &Signer) -> Result<Self, Error> {
        let _guard = backend.lock("archive init")?;
        let journal = Journal::create(Arc::clone(&backend), signer)?;
        let catalog = renew(&backend, &journal)?;
        Ok(Self::assemble(backend, journal, catalog))
    }

    /// Opens an archive for reading; a writing verb takes the lock later.
    pub fn open(backend: Arc<dyn Backend>) -> Result<Self, Error> {
        let mut journal = Journal::open(Arc::clone(&backend))?;
        let mut n_looks = 0;
        loop {
            let catalog = catalog_for_reading(&backend, &journal)?;
            let snapshot = Snapshot::of(Rc::clone(&catalog))?;
            let note = snapshot.reflects()?;
            n_looks += 1;
            if note.as_bytes() != journal.note() {
                // A writer committed between the two looks, or is about to bring the catalog up.
                journal = Journal::open(Arc::clone(&backend))?;
                match journal.as_of(note.as_bytes()) {
                    Some(earlier) => journal = earlier,
                    None if n_looks < LOOKS => continue,
                    None => {}
                }
            }
            let archive = Self::assemble(backend, journal, catalog);
            return Ok(Self { snapshot: Some(snapshot), ..archive });
        }
    }

    /// Throws the catalog away and makes it anew from the facts.
    pub fn rebuild(&mut self, who: &str) -> Result<(), Error> {
        let _guard = self.backend.lock(who)?;
        self.snapshot = None;
        self.journal = Journal::open(Arc::clone(&self.backend))?;
        let catalog = renew(&self.backend, &self.journal);
        self.take_catalog(catalog.map_err(|error| self.located(error))?);
        Ok(())
    }

    /// Makes all sketches again.
    pub fn rebuild_sketches(&mut self, who: &str) -> Result<(), Error> {
        let _guard = self.take_lock(who)?;
        rebuild::sketches(&self.backend, &self.catalog).map_err(|error| self.located(error))
    }

    /// Takes the lock, and brings everything into the state that a writer starts from.
    pub(super) fn begin(
        &mut self,
        signer: &Signer,
        who: &str,
    ) -> Result<(Box<dyn Guard>, Edge), Error> {
        let verifier = self.journal.identity().verifier();
        if signer.verifier() != verifier {
            let (origin, key) = (self.origin().to_owned(), verifier.id().to_string());
            return Err(Error::Refused(Refusal::NoKey { origin, key }));
        }
        let guard = self.take_lock(who)?;
        let edge = self.edge().or_else(|_| {
            let catalog = renew(&self.backend, &self.journal)?;
            self.take_catalog(catalog);
            self.edge()
        })?;
        Ok((guard, edge))
    }

    /// Takes the lock and sweeps what others left; the journal is left as it is signed.
    pub(super) fn take_lock(&mut self, who: &str) -> Result<Box<dyn Guard>, Error> {
        let guard = self.backend.lock(who)?;
        self.snapshot = None;
        self.backend.tidy()?;
        self.journal = Journal::open(Arc::clone(&self.backend))?;
        let catalog = catalog_under_lock(&self.backend, &self.journal);
        let catalog = catalog.map_err(|error| self.located(error))?;
        self.take_catalog(catalog);
        self.journal.sweep()?;
        self.sweep()?;
        Ok(guard)
    }

    /// The catalog knows its file's name; only here is known in which folder.
    pub(super) fn located(&self, error: Error) -> Error {
        let Some(folder) = self.backend.folder() else { return error };
        let whole = |name: &str| folder.join(name).display().to_string();
        match error {
            Error::Io { operation, path, source } if path == catalog::FILE => {
                Error::io(operation, whole(&path), source)
            }
            Error::Refused(Refusal::ReadOnly { place }) if place == catalog::FILE => {
                Error::Refused(Refusal::ReadOnly { place: whole(&place) })
            }
            error => error,
        }
    }

    /// The right edge of the journal's tree, as the catalog's tiles have it.
    fn edge(&self) -> Result<Edge, Error> {
        let edge = Edge::read(self.journal.size(), |id| self.catalog.tile(id))?;
        if edge.frontier().root() != self.journal.root() {
            return Err(Error::Catalog { why: "its tree is not the journal's".into() });
        }
        Ok(edge)
    }

    fn assemble(backend: Arc<dyn Backend>, journal: Journal, catalog: Rc<Catalog>) -> Self {
        let reader = Reader::new(Sealed::new(Arc::clone(&backend), catalog.clone()));
        Self { backend, journal, catalog, reader, snapshot: None }
    }

    fn take_catalog(&mut self, catalog: Rc<Catalog>) {
        self.snapshot = None;
        self.catalog = catalog;
        self.reader = Reader::new(Sealed::new(Arc::clone(&self.backend), self.catalog.clone()));
    }
}

fn catalog_for_reading(
    backend: &Arc<dyn Backend>,
    journal: &Journal,
) -> Result<Rc<Catalog>, Error> {
    let Some(folder) = backend.folder() else { return in_memory(backend, journal) };
    let path = folder.join(catalog::FILE);
    let opened = match Catalog::open(&path) {
        Err(Error::Refused(_) | Error::Io { .. }) => Catalog::open_read_only(&path),
        opened => opened,
    }
    .map(Rc::new);
    let is_current = |catalog: &Rc<Catalog>| {
        let in_step = catalog.reflects().is_ok_and(|note| note.as_bytes() == journal.note());
        in_step && catalog.has_current_sketches().is_ok_and(|has| has)
    };
    if opened.as_ref().is_ok_and(is_current) {
        return opened;
    }
    match backend.lock("an archive command that brings the catalog up to date") {
        // Somebody else may have done it while we took the lock.
        Ok(_guard) => match catalog_under_lock(backend, &Journal::open(Arc::clone(backend))?) {
            // On a full disk too the facts can be read.
            Err(Error::Io { .. } | Error::Refused(_)) => in_memory(backend, journal),
            caught_up => caught_up,
        },
        Err(Error::Busy { .. }) if is_older(&opened, journal) => opened,
        Err(Error::Busy { .. } | Error::Refused(_)) => in_memory(backend, journal),
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
fn catalog_under_lock(backend: &Arc<dyn Backend>, journal: &Journal) -> Result<Rc<Catalog>, Error> {
    let Some(folder) = backend.folder() else { return in_memory(backend, journal) };
    let path = folder.join(catalog::FILE);
    let in_step = Catalog::open(&path).and_then(|catalog| {
        let catalog = Rc::new(catalog);
        let is_in_step = catalog.reflects()?.as_bytes() == journal.note()
            || rebuild::catch_up(backend, journal, &catalog)?;
        if is_in_step && !catalog.has_current_sketches()? {
            rebuild::sketches(backend, &catalog)?;
        }
        Ok(is_in_step.then_some(catalog))
    });
    match in_step {
        Ok(Some(catalog)) => Ok(catalog),
        Ok(None) | Err(Error::Catalog { .. } | Error::Damaged { .. }) => renew(backend, journal),
        Err(error) => Err(error),
    }
}

/// Makes the catalog anew where it is kept.
fn renew(backend: &Arc<dyn Backend>, journal: &Journal) -> Result<Rc<Catalog>, Error> {
    let Some(folder) = backend.folder().map(Path::to_owned) else {
        return in_memory(backend, journal);
    };
    let path = folder.join(catalog::FILE);
    match Catalog::open(&path).and_then(|catalog| anew(backend, journal, catalog)) {
        // A file that is torn itself is worth nothing to readers either.
        Err(Error::Catalog { .. }) => {}
        renewed => return renewed,
    }
    for end in ["", "-wal", "-shm", "-journal"] {
        backend.remove(&format!("{}{end}", catalog::FILE))?;
    }
    anew(backend, journal, Catalog::open(&path)?)
}

/// Makes the catalog anew in one transaction, so that readers have the old one until it is done.
fn anew(
    backend: &Arc<dyn Backend>,
    journal: &Journal,
    catalog: Catalog,
) -> Result<Rc<Catalog>, Error> {
    let catalog = Rc::new(catalog);
    catalog.transaction(|_| {
        catalog.empty()?;
        rebuild::fill(backend, journal, &catalog)
    })?;
    Ok(catalog)
}

fn in_memory(backend: &Arc<dyn Backend>, journal: &Journal) -> Result<Rc<Catalog>, Error> {
    let catalog = Rc::new(Catalog::in_memory()?);
    rebuild::fill(backend, journal, &catalog)?;
    Ok(catalog)
}
