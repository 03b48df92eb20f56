//! A backend in memory that knows what a power failure could take from it: for tests, and for an archive that is kept
//! nowhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::types::error::Error;

use super::{Backend, Guard, Lock, Object, check_limit, check_name, check_range, missing, taken};

/// Every object of a backend by name; cheap to clone.
pub type Contents = BTreeMap<String, Arc<[u8]>>;

/// A backend in memory; a clone is another handle on the same one.
#[derive(Clone, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
    holder: Arc<Mutex<Option<String>>>,
}

/// What a power failure makes of one change that was not durable yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It never happened.
    Lost,
    /// It happened.
    Kept,
}

#[derive(Default)]
struct State {
    now: Contents,
    /// What is sure to outlive a power failure.
    durable: Contents,
    /// What was done since, in order.
    pending: Vec<Change>,
}

enum Change {
    Put(String, Arc<[u8]>),
    Remove(String),
}

struct LockGuard(Arc<Mutex<Option<String>>>);

impl Memory {
    /// The same objects behind a lock of its own, as another machine sees them.
    pub fn with_own_lock(&self) -> Self {
        Self { state: Arc::clone(&self.state), holder: Arc::default() }
    }

    /// One that holds these objects, all of them durable.
    pub fn of(contents: Contents) -> Self {
        let state = State { now: contents.clone(), durable: contents, pending: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)), holder: Arc::default() }
    }

    /// All objects as they can be read now.
    pub fn contents(&self) -> Contents {
        self.state().now.clone()
    }

    /// How many changes are not durable yet.
    pub fn n_pending(&self) -> usize {
        self.state().pending.len()
    }

    /// The backend as it could be found after a power failure now.
    ///
    /// `fate` is asked about each pending change by its index, oldest first. This one stays as it is.
    pub fn after_power_loss(&self, fate: impl Fn(usize) -> Fate) -> Memory {
        let state = self.state();
        let mut left = state.durable.clone();
        for (index, change) in state.pending.iter().enumerate() {
            match fate(index) {
                Fate::Kept => change.apply(&mut left),
                Fate::Lost => {}
            }
        }
        Memory::of(left)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.pending.push(change);
    }
}

impl Change {
    fn apply(&self, contents: &mut Contents) {
        match self {
            Self::Put(name, bytes) => drop(contents.insert(name.clone(), bytes.clone())),
            Self::Remove(name) => drop(contents.remove(name)),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Put(name, _) | Self::Remove(name) => name,
        }
    }
}

impl Backend for Memory {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        check_name(name)?;
        let mut state = self.state();
        match state.now.get(name) {
            Some(there) if **there == *bytes => {}
            Some(_) => return Err(taken(name)),
            None => state.change(Change::Put(name.to_owned(), bytes.into())),
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), Error> {
        let mut guard = self.state();
        let state = &mut *guard;
        for change in state.pending.drain(..) {
            change.apply(&mut state.durable);
        }
        Ok(())
    }

    fn swap(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        check_name(name)?;
        let mut state = self.state();
        let bytes: Arc<[u8]> = bytes.into();
        state.pending.retain(|earlier| earlier.name() != name);
        state.durable.insert(name.to_owned(), bytes.clone());
        state.now.insert(name.to_owned(), bytes);
        Ok(())
    }

    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        check_name(name)?;
        let Some(bytes) = self.state().now.get(name).cloned() else { return Ok(None) };
        check_limit(name, bytes.len() as u64, limit)?;
        Ok(Some(bytes.to_vec()))
    }

    fn read_range(&self, name: &str, offset: u64, n_bytes: usize) -> Result<Vec<u8>, Error> {
        check_name(name)?;
        let bytes = self.state().now.get(name).cloned().ok_or_else(|| missing(name))?;
        check_range(name, bytes.len() as u64, offset, n_bytes)?;
        let offset = usize::try_from(offset).expect("an offset within a slice is a usize");
        Ok(bytes[offset..offset + n_bytes].to_vec())
    }

    fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        check_name(name)?;
        Ok(self.state().now.get(name).map(|bytes| bytes.len() as u64))
    }

    fn list(&self, folder: &str) -> Result<Vec<Object>, Error> {
        check_name(folder)?;
        let prefix = format!("{folder}/");
        let state = self.state();
        let below = state.now.iter().filter(|(name, _)| name.starts_with(&prefix));
        Ok(below
            .map(|(name, bytes)| Object { name: name.clone(), bytes: bytes.len() as u64 })
            .collect())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        check_name(name)?;
        let mut state = self.state();
        if state.now.contains_key(name) {
            state.change(Change::Remove(name.to_owned()));
        }
        Ok(())
    }

    fn tidy(&self) -> Result<(), Error> {
        Ok(())
    }

    fn location(&self) -> String {
        "this location".to_owned()
    }
}

impl Lock for Memory {
    fn lock(&self, who: &str) -> Result<Box<dyn Guard>, Error> {
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = &*holder {
            return Err(Error::Busy { who: other.clone() });
        }
        *holder = Some(who.to_owned());
        Ok(Box::new(LockGuard(self.holder.clone())))
    }
}

impl Guard for LockGuard {}

impl Drop for LockGuard {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
