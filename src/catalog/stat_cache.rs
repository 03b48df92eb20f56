//! What files looked like when they were last read, so that unchanged ones need not be read again.
//!
//! This belongs to the machine whose files they are, and follows from no fact: it lies in a file of
//! its own beside the catalog, and losing it costs one reading of every file.

use std::path::Path;

use rusqlite::{OptionalExtension, params};

use crate::types::{error::Error, name::DocName};

use super::{Catalog, name_value};

/// The file beside the catalog.
const FILE: &str = "catalog-seen.sqlite";
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS seen.look (
      name ANY PRIMARY KEY, bytes INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
      inode INTEGER NOT NULL, device INTEGER NOT NULL, event INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;";

/// How a file looks from outside; times in nanoseconds since 1970.
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
    /// The device.
    pub device: u64,
}

/// One file that was read: its document's name, its look, and the revision it was found to be.
#[derive(Debug, Clone)]
pub struct SeenFile {
    /// The document.
    pub name: DocName,
    /// How the file looked.
    pub file_stat: FileStat,
    /// The event of the revision that has the file's content.
    pub event: u64,
}

impl Catalog {
    /// Attaches the memory of looks from `folder`; without a folder it lasts as long as the process.
    ///
    /// A torn one is replaced by an empty one.
    pub fn attach_seen(&self, folder: Option<&Path>) -> Result<(), Error> {
        if self.db.prepare_cached(LOOKED).is_ok() {
            return Ok(());
        }
        let path = folder.map(|folder| folder.join(FILE));
        let attach = || -> rusqlite::Result<()> {
            let name = path.as_deref().map_or(":memory:".into(), Path::to_string_lossy);
            self.db.execute("ATTACH ?1 AS seen", [name])?;
            self.db.pragma_update(Some("seen"), "journal_mode", "wal")?;
            self.db.pragma_update(Some("seen"), "synchronous", "off")?;
            self.db.execute_batch(SCHEMA)?;
            self.db.prepare(LOOKED)?;
            Ok(())
        };
        if attach().is_ok() {
            return Ok(());
        }
        let _ = self.db.execute("DETACH seen", []);
        self.db.execute("ATTACH ':memory:' AS seen", [])?;
        self.db.execute_batch(SCHEMA)?;
        Ok(())
    }

    /// Whether a file that looks like this was found to be its document's latest revision.
    pub fn is_seen(&self, name: &DocName, file_stat: &FileStat) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(LOOKED)?;
        let found = query
            .query_row([name_value(name.as_bytes())], |row| {
                Ok(FileStat {
                    n_bytes: row.get::<_, i64>(0)? as u64,
                    mtime: row.get(1)?,
                    ctime: row.get(2)?,
                    inode: row.get::<_, i64>(3)? as u64,
                    device: row.get::<_, i64>(4)? as u64,
                })
            })
            .optional()?;
        Ok(found.as_ref() == Some(file_stat))
    }

    /// Remembers how files looked.
    pub fn remember_seen(&self, seen: &[SeenFile]) -> Result<(), Error> {
        let transaction = self.db.unchecked_transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO seen.look VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for SeenFile { name, file_stat, event } in seen {
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
        }
        transaction.commit()?;
        Ok(())
    }
}

/// The look counts only while the revision it was found to be is still the latest.
const LOOKED: &str = "
    SELECT look.bytes, look.mtime, look.ctime, look.inode, look.device
    FROM seen.look
    JOIN document ON document.name = look.name AND document.latest = look.event
    WHERE look.name = ?1";
