//! The stat cache: what the file system said of files when they were read, so that a file that is as it
//! was need not be read again.
//!
//! It belongs to the machine whose files they are and follows from no fact, so it lies with this machine's
//! user, and never in an archive that others can write. It says which content a file with this stat had, and
//! nothing of an archive: whatever becomes of the archive, it stays true. To lose it costs one reading of
//! every file, so what goes wrong with it is no error, and a torn one is made anew.
//!
//! Beside the stats of documents lie that of the catalog's file as this user's last writer left it, and the keyed sum
//! of the catalog that this user wrote or audited last.

use std::{cell::RefCell, path::Path};

use rusqlite::{Connection, OpenFlags, Params, Row, params};
use tracing::debug;

use crate::types::{digest::Digest, error::Error, file_stat::FileStat, name::DocName};

use super::{
    KeyedSum, Latest, SumKey, WRITTEN,
    cache_file::{CacheFile, is_torn},
    digest,
    look_ahead::{LookAhead, NamedRows, SortedName},
    name_value,
};

/// Its file.
pub const FILE: &str = "stats.sqlite";
/// The version of the schema; another one found on disk means that the cache is made anew.
const VERSION: i64 = 3;
const CACHE: CacheFile = CacheFile {
    what: "stats of files",
    version: VERSION,
    schema: SCHEMA,
    statements: &[QUESTION, INSERT, SUM, LEFT],
};
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS stat (
      name ANY PRIMARY KEY, bytes INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
      inode INTEGER NOT NULL, device INTEGER NOT NULL, digest BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS keyed_sum (
      id INTEGER PRIMARY KEY, key BLOB NOT NULL, state BLOB NOT NULL, sum BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS catalog (
      id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
      inode INTEGER NOT NULL, device INTEGER NOT NULL
    ) STRICT;";
const QUESTION: &str = "SELECT bytes, mtime, ctime, inode, device, digest, name FROM stat
    WHERE name >= ?1 ORDER BY name LIMIT ?2";
const INSERT: &str = "INSERT OR REPLACE INTO stat VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const LEFT: &str = "SELECT bytes, mtime, ctime, inode, device FROM catalog WHERE id = 1";
const SUM: &str = "SELECT key, state, sum FROM keyed_sum WHERE id = 1";

/// One file that was read.
#[derive(Debug, Clone)]
pub struct StatEntry {
    /// The document that it is.
    pub name: DocName,
    /// Its stat, the same before and after it was read.
    pub file_stat: FileStat,
    /// The content that it had.
    pub digest: Digest,
}

/// The stats of files that were read.
pub struct StatCache {
    db: Connection,
    ahead: RefCell<LookAhead<(FileStat, Digest)>>,
}

impl StatCache {
    /// The cache in a file, made if there is none, and made anew if it is torn.
    ///
    /// Without a file, and where it cannot be used, an empty one that lasts as long as the process.
    pub fn open(file: Option<&Path>) -> Result<Self, Error> {
        let flags = WRITTEN | OpenFlags::SQLITE_OPEN_CREATE;
        Self::open_with(file, |file| CACHE.made(Connection::open_with_flags(file, flags)?))
    }

    /// The same for whoever only asks: no file is made, nor changed.
    pub fn open_existing(file: Option<&Path>) -> Result<Self, Error> {
        // Opened for reading alone, SQLite would leave the files of its log behind.
        Self::open_with(file, |file| CACHE.prepared(Connection::open_with_flags(file, WRITTEN)?))
    }

    fn open_with(
        file: Option<&Path>,
        open: impl Fn(&Path) -> rusqlite::Result<Connection>,
    ) -> Result<Self, Error> {
        match file.map(open) {
            Some(Ok(db)) => return Ok(Self { db, ahead: RefCell::default() }),
            Some(Err(error)) => debug!(target: "catalog", "no stats of files: {error}"),
            None => {}
        }
        let db = CACHE.made(Connection::open_in_memory()?)?;
        Ok(Self { db, ahead: RefCell::default() })
    }

    /// Whether a file has the stat with which its content was found to be that of this revision.
    pub fn is_unchanged(&self, name: &DocName, file_stat: &FileStat, latest: &Latest) -> bool {
        let entry = self.ahead.borrow_mut().get(name, |from, n| self.entries_from(from, n));
        // What was withdrawn is recorded again.
        !latest.is_withdrawn && entry.is_ok_and(|known| known == Some((*file_stat, latest.digest)))
    }

    /// So many entries, the first of those whose names are not before one.
    fn entries_from(
        &self,
        name: &DocName,
        n: usize,
    ) -> Result<NamedRows<(FileStat, Digest)>, Error> {
        self.begin()?;
        let mut query = self.db.prepare_cached(QUESTION)?;
        let mut rows = query.query(params![name_value(name.as_bytes()), n as i64])?;
        let mut found = Vec::with_capacity(n);
        while let Some(row) = rows.next()? {
            let digest = row.get_ref(5)?.as_blob().map_or(Digest::from_bytes([0; 32]), digest);
            let name = SortedName::in_column(row.get_ref(6)?);
            found.extend(name.zip(Some((stat_in(row)?, digest))));
        }
        Ok(found)
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
        let inserted = match self.insert(entries) {
            Err(error) if is_torn(&error) => {
                debug!(target: "catalog", "stats of files made anew: {error}");
                self.begin_anew().and_then(|()| self.insert(entries))
            }
            inserted => inserted,
        };
        if let Err(error) = inserted {
            debug!(target: "catalog", "stats of files not remembered: {error}");
        }
    }

    /// Forgets the stats of the files of these names, so that they are read again.
    pub fn forget(&self, names: &[DocName]) {
        let forget = |name: &DocName| {
            let mut delete = self.db.prepare_cached("DELETE FROM stat WHERE name = ?1")?;
            delete.execute([name_value(name.as_bytes())]).map(drop)
        };
        if let Err(error) = self.end_reading().and_then(|()| names.iter().try_for_each(forget)) {
            debug!(target: "catalog", "stats of files not forgotten: {error}");
        }
    }

    /// Forgets the stats of all files.
    pub fn forget_all(&self) {
        let forget = || self.db.execute("DELETE FROM stat", []);
        if let Err(error) = self.end_reading().and_then(|()| forget()) {
            debug!(target: "catalog", "stats of files not forgotten: {error}");
        }
    }

    /// The keyed sum that was remembered last.
    pub fn sum(&self) -> Option<KeyedSum> {
        let sum = self.db.prepare_cached(SUM).and_then(|mut query| {
            query.query_row([], |row| {
                let (key, state) = (SumKey(row.get(0)?), Digest::from_bytes(row.get(1)?));
                Ok(KeyedSum { key, state, sum: u128::from_be_bytes(row.get(2)?) })
            })
        });
        sum.ok()
    }

    /// Remembers a keyed sum, instead of the one before.
    pub fn remember_sum(&self, sum: &KeyedSum) {
        let insert = "INSERT OR REPLACE INTO keyed_sum VALUES (1, ?1, ?2, ?3)";
        self.replace(insert, (sum.key.0, sum.state.as_bytes(), sum.sum.to_be_bytes()));
    }

    /// The stat of the catalog's file that was remembered last.
    pub fn left(&self) -> Option<FileStat> {
        let left = self.db.prepare_cached(LEFT);
        left.and_then(|mut query| query.query_row([], stat_in)).ok()
    }

    /// Remembers the stat of the catalog's file, instead of the one before.
    pub fn remember_left(&self, stat: &FileStat) {
        let FileStat { n_bytes, mtime, ctime, inode, device } = *stat;
        let insert = "INSERT OR REPLACE INTO catalog VALUES (1, ?1, ?2, ?3, ?4, ?5)";
        self.replace(insert, (n_bytes as i64, mtime, ctime, inode as i64, device as i64));
    }

    fn replace(&self, sql: &str, row: impl Params) {
        let replaced = self
            .end_reading()
            .and_then(|()| self.db.prepare_cached(sql))
            .and_then(|mut replace| replace.execute(row));
        if let Err(error) = replaced {
            debug!(target: "catalog", "nothing remembered of the catalog: {error}");
        }
    }

    fn begin_anew(&self) -> rusqlite::Result<()> {
        self.ahead.take();
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK")?;
        }
        self.db.flush_prepared_statement_cache();
        CACHE.make_anew(&self.db)
    }

    /// Before it writes: what was read may be older than what another process has written since.
    fn end_reading(&self) -> rusqlite::Result<()> {
        self.ahead.take();
        match self.db.is_autocommit() {
            true => Ok(()),
            false => self.db.prepare_cached("COMMIT")?.execute([]).map(drop),
        }
    }

    fn insert(&self, entries: &[StatEntry]) -> rusqlite::Result<()> {
        self.end_reading()?;
        let transaction = self.db.unchecked_transaction()?;
        let mut insert = transaction.prepare_cached(INSERT)?;
        for StatEntry { name, file_stat, digest } in entries {
            insert.execute(params![
                name_value(name.as_bytes()),
                file_stat.n_bytes as i64,
                file_stat.mtime,
                file_stat.ctime,
                file_stat.inode as i64,
                file_stat.device as i64,
                digest.as_bytes(),
            ])?;
        }
        drop(insert);
        transaction.commit()
    }
}

fn stat_in(row: &Row) -> rusqlite::Result<FileStat> {
    Ok(FileStat {
        n_bytes: row.get::<_, i64>(0)? as u64,
        mtime: row.get(1)?,
        ctime: row.get(2)?,
        inode: row.get::<_, i64>(3)? as u64,
        device: row.get::<_, i64>(4)? as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{digest::DocId, time::Timestamp};
    use std::path::PathBuf;

    const STAT: FileStat = FileStat { n_bytes: 4, mtime: 1, ctime: 2, inode: 3, device: 4 };

    fn latest(content: &[u8]) -> Latest {
        Latest {
            doc: DocId(1),
            event: 7,
            last: 7,
            captured: Timestamp::FIRST,
            is_gone: false,
            number: 1,
            n_revisions: 1,
            digest: Digest::of(content),
            encoding: None,
            is_withdrawn: false,
        }
    }

    fn entry(name: &DocName, content: &[u8]) -> StatEntry {
        StatEntry { name: name.clone(), file_stat: STAT, digest: Digest::of(content) }
    }

    fn a_place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().canonicalize().unwrap().join(FILE);
        (folder, file)
    }

    #[test]
    fn a_file_is_unchanged_while_its_stat_and_its_content_are() {
        let (_folder, file) = a_place();
        let name = DocName::new(&b"\xff"[..]).unwrap();
        let cache = StatCache::open(Some(&file)).unwrap();
        assert!(!cache.is_unchanged(&name, &STAT, &latest(b"x")));
        cache.remember(&[entry(&name, b"x")]);
        // Another process that only asks sees it at once.
        for cache in [cache, StatCache::open_existing(Some(&file)).unwrap()] {
            assert!(cache.is_unchanged(&name, &STAT, &latest(b"x")));
            assert!(!cache.is_unchanged(&name, &STAT, &latest(b"y")));
            assert!(!cache.is_unchanged(&name, &FileStat { ctime: 9, ..STAT }, &latest(b"x")));
            assert!(!cache.is_unchanged(&DocName::new("y").unwrap(), &STAT, &latest(b"x")));
        }
    }

    #[test]
    fn a_file_whose_stat_was_forgotten_is_read_again() {
        let (_folder, file) = a_place();
        let names = ["x", "y", "z"].map(|name| DocName::new(name).unwrap());
        let writer = StatCache::open(Some(&file)).unwrap();
        writer.remember(&names.iter().map(|name| entry(name, b"x")).collect::<Vec<_>>());
        let known = || {
            let cache = StatCache::open_existing(Some(&file)).unwrap();
            names.each_ref().map(|name| cache.is_unchanged(name, &STAT, &latest(b"x")))
        };
        let reader = StatCache::open_existing(Some(&file)).unwrap();
        reader.forget(&names[1..2]);
        assert_eq!(known(), [true, false, true]);
        reader.forget_all();
        assert_eq!(known(), [false; 3]);
    }

    #[test]
    fn whoever_only_asks_makes_no_file_and_changes_none() {
        let (folder, file) = a_place();
        let name = DocName::new("x").unwrap();
        let asked = || {
            let cache = StatCache::open_existing(Some(&file)).unwrap();
            assert!(!cache.is_unchanged(&name, &STAT, &latest(b"x")));
        };
        asked();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        std::fs::write(&file, "nonsense").unwrap();
        asked();
        assert_eq!(std::fs::read(&file).unwrap(), b"nonsense");
    }

    #[test]
    fn a_torn_cache_is_made_anew_and_passes_over_nothing() {
        let (_folder, file) = a_place();
        let name = DocName::new("x").unwrap();
        let many: Vec<StatEntry> =
            (0..2000).map(|n| entry(&DocName::new(format!("file {n}")).unwrap(), b"x")).collect();
        let cache = StatCache::open(Some(&file)).unwrap();
        cache.remember(&many);
        drop(cache);
        let whole = std::fs::read(&file).unwrap();
        let other_schema = || {
            std::fs::remove_file(&file).unwrap();
            let db = Connection::open(&file).unwrap();
            db.execute_batch("CREATE TABLE stat (name, event); PRAGMA user_version = 3").unwrap();
        };
        let zeroed = |from: usize, to: usize| {
            let mut torn = whole.clone();
            torn[from..to].fill(0);
            std::fs::write(&file, torn).unwrap();
        };
        let tears: [(&str, &dyn Fn()); 8] = [
            ("empty", &|| std::fs::write(&file, "").unwrap()),
            ("nonsense", &|| std::fs::write(&file, "nonsense, and more".repeat(99)).unwrap()),
            ("cut short", &|| std::fs::write(&file, &whole[..whole.len() / 2]).unwrap()),
            ("cut in the header", &|| std::fs::write(&file, &whole[..50]).unwrap()),
            ("without its schema", &|| zeroed(100, 4096)),
            ("without its root", &|| zeroed(4096, 8192)),
            ("without all its rows", &|| zeroed(4096, whole.len())),
            ("of another schema", &other_schema),
        ];
        for (how, tear) in tears {
            tear();
            let cache = StatCache::open(Some(&file)).unwrap();
            assert!(!cache.is_unchanged(&name, &STAT, &latest(b"y")), "{how}");
            cache.remember(&many);
            cache.remember(&[entry(&name, b"x")]);
            drop(cache);
            let cache = StatCache::open_existing(Some(&file)).unwrap();
            assert!(cache.is_unchanged(&name, &STAT, &latest(b"x")), "{how}: it is remembered");
            let checked: String =
                cache.db.query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
            assert_eq!(checked, "ok", "{how}");
        }
    }
}
