//! The stat cache: what the file system said of files when they were read, so that a file that is as it
//! was need not be read again.
//!
//! It belongs to the machine whose files they are and follows from no fact, so it is a file of its own
//! beside the catalog, with a connection of its own: neither waits for a snapshot of the other. To lose it
//! costs one reading of every file, so what goes wrong with it is no error.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tracing::debug;

use crate::types::{error::Error, name::DocName};

use super::{Latest, name_value};

/// The file beside the catalog.
const FILE: &str = "catalog-stats.sqlite";
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS stat (
      name ANY PRIMARY KEY, bytes INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
      inode INTEGER NOT NULL, device INTEGER NOT NULL, event INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;";
const QUESTION: &str =
    "SELECT bytes, mtime, ctime, inode, device FROM stat WHERE name = ?1 AND event = ?2";

/// What the file system says of a file; times in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Its size.
    pub n_bytes: u64,
    /// When its bytes last changed, as it says.
    pub mtime: i64,
    /// When anything about it last changed.
    pub ctime: i64,
    /// Its number on the device.
    pub inode: u64,
    pub device: u64,
}

/// One file that was read.
#[derive(Debug, Clone)]
pub struct StatEntry {
    /// The document that it is.
    pub name: DocName,
    /// Its stat, the same before and after it was read.
    pub file_stat: FileStat,
    /// The event of the revision that has its content.
    pub event: u64,
}

/// The stats of files that were read.
pub struct StatCache {
    db: Connection,
}

impl StatCache {
    /// The cache in `folder`, made if there is none.
    ///
    /// Without a folder, and where the file cannot be used, an empty one that lasts as long as the
    /// process.
    pub fn open(folder: Option<&Path>) -> Result<Self, Error> {
        Self::open_with(folder, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// The same for whoever only asks: no file is made.
    pub fn open_existing(folder: Option<&Path>) -> Result<Self, Error> {
        // Opened for reading alone, SQLite would leave the files of its log behind.
        Self::open_with(folder, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    fn open_with(folder: Option<&Path>, flags: OpenFlags) -> Result<Self, Error> {
        match folder.map(|folder| prepared(Connection::open_with_flags(folder.join(FILE), flags))) {
            Some(Ok(db)) => return Ok(Self { db }),
            Some(Err(error)) => debug!(target: "catalog", "no stats of files: {error}"),
            None => {}
        }
        Ok(Self { db: prepared(Connection::open_in_memory())? })
    }

    /// Whether a file has the stat with which its content was found to be this revision of it.
    pub fn is_unchanged(&self, name: &DocName, file_stat: &FileStat, latest: &Latest) -> bool {
        let entry =
            self.begin().and_then(|()| self.db.prepare_cached(QUESTION)).and_then(|mut query| {
                let key = params![name_value(name.as_bytes()), latest.event as i64];
                let stat = query.query_row(key, |row| {
                    Ok(FileStat {
                        n_bytes: row.get::<_, i64>(0)? as u64,
                        mtime: row.get(1)?,
                        ctime: row.get(2)?,
                        inode: row.get::<_, i64>(3)? as u64,
                        device: row.get::<_, i64>(4)? as u64,
                    })
                });
                stat.optional()
            });
        entry.is_ok_and(|known| known.as_ref() == Some(file_stat))
    }

    /// Begins to read, unless that was done: each question alone would lock and unlock the file.
    fn begin(&self) -> rusqlite::Result<()> {
        match self.db.is_autocommit() {
            true => self.db.prepare_cached("BEGIN")?.execute([]).map(drop),
            false => Ok(()),
        }
    }

    /// Remembers the stats of files that were read.
    pub fn remember(&self, entries: &[StatEntry]) {
        if let Err(error) = self.insert(entries) {
            debug!(target: "catalog", "stats of files not remembered: {error}");
        }
    }

    /// Forgets the stats of the files of these names, so that they are read again.
    pub fn forget(&self, names: &[DocName]) {
        let forget = |name: &DocName| {
            let mut delete = self.db.prepare_cached("DELETE FROM stat WHERE name = ?1")?;
            delete.execute([name_value(name.as_bytes())]).map(drop)
        };
        if let Err(error) = names.iter().try_for_each(forget) {
            debug!(target: "catalog", "stats of files not forgotten: {error}");
        }
    }

    /// Forgets the stats of all files.
    pub fn forget_all(&self) {
        if let Err(error) = self.db.execute("DELETE FROM stat", []) {
            debug!(target: "catalog", "stats of files not forgotten: {error}");
        }
    }

    fn insert(&self, entries: &[StatEntry]) -> rusqlite::Result<()> {
        // What was read may be older than what another process has written since.
        if !self.db.is_autocommit() {
            self.db.prepare_cached("COMMIT")?.execute([])?;
        }
        let transaction = self.db.unchecked_transaction()?;
        let mut insert = transaction
            .prepare_cached("INSERT OR REPLACE INTO stat VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        for StatEntry { name, file_stat, event } in entries {
            insert.execute(params![
                name_value(name.as_bytes()),
                file_stat.n_bytes as i64,
                file_stat.mtime,
                file_stat.ctime,
                file_stat.inode as i64,
                file_stat.device as i64,
                *event as i64,
            ])?;
        }
        drop(insert);
        transaction.commit()
    }
}

fn prepared(db: rusqlite::Result<Connection>) -> rusqlite::Result<Connection> {
    let db = db?;
    db.busy_timeout(std::time::Duration::from_secs(10))?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "off")?;
    db.execute_batch(SCHEMA)?;
    db.prepare_cached(QUESTION)?;
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::digest::{Digest, DocId};

    const STAT: FileStat = FileStat { n_bytes: 4, mtime: 1, ctime: 2, inode: 3, device: 4 };

    fn latest(event: u64) -> Latest {
        Latest { doc: DocId(1), event, number: 1, digest: Digest::of(b"x") }
    }

    #[test]
    fn a_file_is_unchanged_while_its_stat_and_its_revision_are() {
        let folder = tempfile::tempdir().unwrap();
        let name = DocName::new(&b"\xff"[..]).unwrap();
        let cache = StatCache::open(Some(folder.path())).unwrap();
        assert!(!cache.is_unchanged(&name, &STAT, &latest(7)));
        cache.remember(&[StatEntry { name: name.clone(), file_stat: STAT, event: 7 }]);
        // Another process that only asks sees it at once.
        for cache in [cache, StatCache::open_existing(Some(folder.path())).unwrap()] {
            assert!(cache.is_unchanged(&name, &STAT, &latest(7)));
            assert!(!cache.is_unchanged(&name, &STAT, &latest(8)));
            assert!(!cache.is_unchanged(&name, &FileStat { ctime: 9, ..STAT }, &latest(7)));
            assert!(!cache.is_unchanged(&DocName::new("y").unwrap(), &STAT, &latest(7)));
        }
    }

    #[test]
    fn a_file_whose_stat_was_forgotten_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["x", "y", "z"].map(|name| DocName::new(name).unwrap());
        let writer = StatCache::open(Some(folder.path())).unwrap();
        let entry = |name: &DocName| StatEntry { name: name.clone(), file_stat: STAT, event: 7 };
        writer.remember(&names.iter().map(entry).collect::<Vec<_>>());
        let known = || {
            let cache = StatCache::open_existing(Some(folder.path())).unwrap();
            names.each_ref().map(|name| cache.is_unchanged(name, &STAT, &latest(7)))
        };
        let reader = StatCache::open_existing(Some(folder.path())).unwrap();
        reader.forget(&names[1..2]);
        assert_eq!(known(), [true, false, true]);
        reader.forget_all();
        assert_eq!(known(), [false; 3]);
    }

    #[test]
    fn whoever_only_asks_makes_no_file_and_a_torn_one_is_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let name = DocName::new("x").unwrap();
        let cache = StatCache::open_existing(Some(folder.path())).unwrap();
        assert!(!cache.is_unchanged(&name, &STAT, &latest(7)));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        std::fs::write(folder.path().join(FILE), "nonsense, and more than a header has".repeat(9))
            .unwrap();
        let cache = StatCache::open(Some(folder.path())).unwrap();
        cache.remember(&[StatEntry { name: name.clone(), file_stat: STAT, event: 7 }]);
        assert!(cache.is_unchanged(&name, &STAT, &latest(7)));
    }
}
