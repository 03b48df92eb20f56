//! Another backend with a fault in it, for tests of what a failure leaves behind.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::types::error::Error;

use super::{Backend, FileVisitor, Guard, Lock, Object, Storage, local};

/// Passes every call on and keeps a list of them, until the fault comes; a clone is another handle.
///
/// Calls are numbered from 0. `location` is no call.
#[derive(Clone)]
pub struct Faulty {
    inner: Arc<dyn Storage>,
    folder: Option<PathBuf>,
    fault: Option<(usize, Fault)>,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call does nothing and fails.
    NotDone,
    /// The call does all of its work and fails.
    Unreported,
    /// The call stops halfway and fails: `put` and `swap` leave a temporary file where a folder was
    /// named, the others do nothing.
    Half,
    /// The process dies: this call and all later ones do nothing and fail.
    Death,
    /// The disk is full: from this call on `put` and `swap` do nothing and fail.
    Full,
}

/// One call as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The method's name.
    pub verb: &'static str,
    /// The object or folder it was about; empty when there is none.
    pub name: String,
}

/// How much of a call happens.
enum Course {
    All,
    AllUnreported,
    Half,
    Nothing(ErrorKind),
}

impl Faulty {
    /// No fault: only the list of calls is kept.
    pub fn none(inner: Arc<dyn Storage>) -> Self {
        Self { inner, folder: None, fault: None, calls: Arc::default() }
    }

    /// The fault comes at the call with this number.
    pub fn at(inner: Arc<dyn Storage>, number: usize, fault: Fault) -> Self {
        Self { inner, folder: None, fault: Some((number, fault)), calls: Arc::default() }
    }

    /// Names the folder in which writes that stop halfway leave their temporary files.
    pub fn over(self, folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), ..self }
    }

    /// Every call so far, the failed ones too, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.list_of_calls().clone()
    }

    /// Whether the fault has come.
    pub fn has_struck(&self) -> bool {
        self.fault.is_some_and(|(number, _)| number < self.list_of_calls().len())
    }

    fn list_of_calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn course(&self, verb: &'static str, name: &str) -> Course {
        let mut calls = self.list_of_calls();
        let number = calls.len();
        calls.push(Call { verb, name: name.to_owned() });
        match self.fault {
            Some((at, fault)) if number >= at => fault.course(verb, number == at),
            _ => Course::All,
        }
    }

    fn run<T>(
        &self,
        verb: &'static str,
        name: &str,
        all: impl FnOnce() -> Result<T, Error>,
        half: impl FnOnce() -> Result<(), Error>,
    ) -> Result<T, Error> {
        let failed = |kind: ErrorKind| Error::io(verb, name, io::Error::from(kind));
        match self.course(verb, name) {
            Course::All => all(),
            Course::AllUnreported => all().and_then(|_| Err(failed(ErrorKind::Other))),
            Course::Half => half().and_then(|()| Err(failed(ErrorKind::Other))),
            Course::Nothing(kind) => Err(failed(kind)),
        }
    }

    /// A call that cannot stop halfway.
    fn whole<T>(
        &self,
        verb: &'static str,
        name: &str,
        all: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.run(verb, name, all, || Ok(()))
    }

    fn leave_temporary(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let Some(folder) = &self.folder else { return Ok(()) };
        local::leave_temporary(folder, name, half(bytes))
    }
}

impl Fault {
    fn course(self, verb: &str, first: bool) -> Course {
        let writes = matches!(verb, "put" | "swap");
        match self {
            Self::NotDone if first => Course::Nothing(ErrorKind::Other),
            Self::Unreported if first => Course::AllUnreported,
            Self::Half if first => Course::Half,
            Self::Death => Course::Nothing(ErrorKind::BrokenPipe),
            Self::Full if writes => Course::Nothing(ErrorKind::StorageFull),
            _ => Course::All,
        }
    }
}

fn half(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len() / 2]
}

impl Backend for Faulty {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let all = || self.inner.put(name, bytes);
        self.run("put", name, all, || self.leave_temporary(name, bytes))
    }

    fn sync(&self) -> Result<(), Error> {
        self.whole("sync", "", || self.inner.sync())
    }

    fn swap(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let all = || self.inner.swap(name, bytes);
        self.run("swap", name, all, || self.leave_temporary(name, bytes))
    }

    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        self.whole("read", name, || self.inner.read(name, limit))
    }

    fn read_range(&self, name: &str, offset: u64, n_bytes: usize) -> Result<Vec<u8>, Error> {
        self.whole("read_range", name, || self.inner.read_range(name, offset, n_bytes))
    }

    fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        self.whole("size", name, || self.inner.size(name))
    }

    fn list(&self, folder: &str) -> Result<Vec<Object>, Error> {
        self.whole("list", folder, || self.inner.list(folder))
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.whole("remove", name, || self.inner.remove(name))
    }

    fn each_file(&self, visit: &mut FileVisitor) -> Result<(), Error> {
        self.inner.each_file(visit)
    }

    fn tidy(&self) -> Result<(), Error> {
        self.whole("tidy", "", || self.inner.tidy())
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}

impl Lock for Faulty {
    fn lock(&self, who: &str) -> Result<Box<dyn Guard>, Error> {
        self.whole("lock", "", || self.inner.lock(who))
    }

    fn lies_in(&self, folder: &Path) -> bool {
        self.inner.lies_in(folder)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name[..] {
            "" => f.write_str(self.verb),
            name => write!(f, "{} {name}", self.verb),
        }
    }
}
