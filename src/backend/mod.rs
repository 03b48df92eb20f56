//! Backends: where the facts are kept, as named objects that are written once, and one that is swapped.
//!
//! A backend keeps three promises. An object that can be read is whole. An object is durable once
//! [`Backend::sync`] has returned after its `put`. [`Backend::swap`] shows either the old bytes or
//! the new ones, and is durable when it returns.
//!
//! Names are `/`-separated ASCII paths relative to the archive (`packs/9f/9f2c…`), made by the store
//! and the journal: letters, digits, `-`, `_` and `.`, no component starting with a dot. Any other
//! name is `Damaged`, so that no name read from disk leads out of the archive.

pub mod faulty;
#[allow(clippy::disallowed_methods, reason = "it alone, below the command line, touches files")]
pub mod local;
pub mod memory;

use std::path::Path;

use crate::types::error::Error;

/// One stored object, as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// The full name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A file that lies where objects do.
pub trait PresentFile {
    /// Its path from the archive's top on, as it can be shown.
    fn name(&self) -> &str;

    /// Its size in bytes.
    fn n_bytes(&self) -> u64;

    /// Reads exactly `n_bytes` from `offset`.
    fn read_range(&self, offset: u64, n_bytes: usize) -> Result<Vec<u8>, Error>;
}

/// What is done with each file.
pub type FileVisitor<'a> = dyn FnMut(&dyn PresentFile) -> Result<(), Error> + 'a;

/// Held by the one writer; dropping it lets the next one in.
pub trait Guard: Send {}

/// Two locks held together.
impl Guard for (Box<dyn Guard>, Box<dyn Guard>) {}

/// Storage for facts. Every method may be called from several threads.
pub trait Backend: Send + Sync {
    /// Writes an object that must not exist yet with other bytes; writing the same again is fine.
    ///
    /// Other bytes under a taken name are `Damaged`: facts are written once.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error>;

    /// Makes every earlier `put` and `remove` durable, names included.
    ///
    /// Until then each of them may or may not outlive a power failure, in any combination.
    fn sync(&self) -> Result<(), Error>;

    /// Replaces an object at once and durably. Only the checkpoint and the identity are swapped, a
    /// damaged pack for the one that its name stands for, and details for the same without those that were
    /// withdrawn.
    fn swap(&self, name: &str, bytes: &[u8]) -> Result<(), Error>;

    /// Reads a whole object of at most `limit` bytes; `None` when there is none of that name.
    ///
    /// A larger object is `Damaged`.
    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, Error>;

    /// Reads exactly `n_bytes` from `offset`; an object that is missing or ends earlier is `Damaged`.
    fn read_range(&self, name: &str, offset: u64, n_bytes: usize) -> Result<Vec<u8>, Error>;

    /// The first bytes of an object, up to `n_max`, and its size; `None` when there is none of that name.
    fn read_first(&self, name: &str, n_max: usize) -> Result<Option<(Vec<u8>, u64)>, Error> {
        let Some(n_bytes) = self.size(name)? else { return Ok(None) };
        let n_first = n_bytes.min(n_max as u64) as usize;
        Ok(Some((self.read_range(name, 0, n_first)?, n_bytes)))
    }

    /// The last bytes of an object, up to `n_max`, and its size; `None` when there is none of that name.
    fn read_last(&self, name: &str, n_max: usize) -> Result<Option<(Vec<u8>, u64)>, Error> {
        let Some(n_bytes) = self.size(name)? else { return Ok(None) };
        let n_last = n_bytes.min(n_max as u64);
        Ok(Some((self.read_range(name, n_bytes - n_last, n_last as usize)?, n_bytes)))
    }

    /// The size of an object, `None` when there is none of that name.
    fn size(&self, name: &str) -> Result<Option<u64>, Error>;

    /// Every object whose name starts with `folder` and a `/`, at any depth, in order of name.
    ///
    /// Leftovers of interrupted writes are not listed.
    fn list(&self, folder: &str) -> Result<Vec<Object>, Error>;

    /// Visits every file that lies where the objects do, whatever its name: also what somebody else put there. Where
    /// nobody can, only objects are there, and none is visited.
    fn each_file(&self, _visit: &mut FileVisitor) -> Result<(), Error> {
        Ok(())
    }

    /// Removes an object; one that is gone already is fine.
    fn remove(&self, name: &str) -> Result<(), Error>;

    /// Removes leftovers of interrupted writes; only the writer calls this.
    fn tidy(&self) -> Result<(), Error>;

    /// Where the archive lies, in words for people: errors about it as a whole name it so.
    fn location(&self) -> String;
}

/// Lets one writer at a time at the facts.
pub trait Lock: Send + Sync {
    /// Takes the writer's lock without waiting; `who` is shown to those who find it taken.
    ///
    /// `Busy` when another holds it, `Refusal::ReadOnly` when nothing can be written here at all.
    fn lock(&self, who: &str) -> Result<Box<dyn Guard>, Error>;

    /// Whether the lock lies in this folder, so that what else lies there needs none of its own.
    fn lies_in(&self, _folder: &Path) -> bool {
        false
    }
}

/// All that an archive needs: facts, and the lock before them.
pub trait Storage: Backend + Lock {}

impl<T: Backend + Lock + ?Sized> Storage for T {}

/// Checks a name before it becomes a path.
fn check_name(name: &str) -> Result<(), Error> {
    if name.split('/').all(is_component) {
        return Ok(());
    }
    Err(Error::damaged(name, "this is no name of an object of an archive"))
}

fn is_component(part: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain)
}

/// The limit was met by `n_bytes`, or the object is refused.
fn check_limit(name: &str, n_bytes: u64, limit: usize) -> Result<(), Error> {
    if n_bytes <= limit as u64 {
        return Ok(());
    }
    Err(Error::damaged(name, format!("it has {n_bytes} bytes, at most {limit} are allowed")))
}

/// A range must lie within the object.
fn check_range(name: &str, bytes: u64, offset: u64, n_bytes: usize) -> Result<(), Error> {
    match offset.checked_add(n_bytes as u64) {
        Some(end) if end <= bytes => Ok(()),
        _ => Err(Error::damaged(
            name,
            format!("it ends at byte {bytes}, {n_bytes} bytes from {offset} were expected"),
        )),
    }
}

fn taken(name: &str) -> Error {
    Error::damaged(name, "it is there already, with other bytes")
}

fn missing(name: &str) -> Error {
    Error::missing(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_within_the_archive() {
        for good in ["identity", "log/checkpoint", "packs/9f/9f2c", "log/entries/0-1.p_2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in [
            "", "/", "/etc", "a/", "a//b", ".", "..", "a/../b", "a/.tmp-1", "a b", "a\\b", "ä",
            "a\0",
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_range_that_overflows_is_refused() {
        assert!(check_range("a", 10, 3, 7).is_ok());
        for (offset, n_bytes) in [(3, 8), (11, 0), (u64::MAX, 2), (0, usize::MAX)] {
            assert!(check_range("a", 10, offset, n_bytes).is_err(), "{offset} {n_bytes}");
        }
    }
}
