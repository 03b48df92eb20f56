//! Files of this machine's user that only save work: what goes wrong with one is no error, and a torn one is made anew.

use rusqlite::{Connection, ErrorCode, config::DbConfig};
use tracing::debug;

/// What such a file holds.
pub(super) struct CacheFile {
    /// In words, for whoever debugs.
    pub what: &'static str,
    /// The version of the schema; another one found on disk means that the file is made anew.
    pub version: i64,
    pub schema: &'static str,
    /// Statements that have to make sense.
    pub statements: &'static [&'static str],
}

impl CacheFile {
    /// A connection that can be asked; what is torn is made anew.
    pub fn made(&self, db: Connection) -> rusqlite::Result<Connection> {
        db.busy_timeout(std::time::Duration::from_secs(10))?;
        match self.set_up(&db) {
            Err(error) if is_torn(&error) => {
                debug!(target: "catalog", "{} made anew: {error}", self.what);
                self.make_anew(&db)?;
            }
            set_up => set_up?,
        }
        Ok(db)
    }

    /// A connection that can be asked, if its file is as it should be.
    pub fn prepared(&self, db: Connection) -> rusqlite::Result<Connection> {
        db.busy_timeout(std::time::Duration::from_secs(10))?;
        self.set_up(&db)?;
        Ok(db)
    }

    fn set_up(&self, db: &Connection) -> rusqlite::Result<()> {
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version != self.version {
            return Err(rusqlite::Error::InvalidQuery);
        }
        tune(db)?;
        self.statements.iter().try_for_each(|sql| db.prepare_cached(sql).map(drop))
    }

    /// Empties the file, whatever it holds; others who have it open see so.
    pub fn make_anew(&self, db: &Connection) -> rusqlite::Result<()> {
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, true)?;
        let emptied = db.execute_batch("VACUUM");
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, false)?;
        emptied?;
        tune(db)?;
        db.execute_batch(self.schema)?;
        db.pragma_update(None, "user_version", self.version)
    }
}

fn tune(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "off")
}

/// Whether an error is about what the file holds, and not about reaching it.
pub(super) fn is_torn(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(code) => matches!(
            code,
            ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::Unknown
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
        ),
        None => true,
    }
}
