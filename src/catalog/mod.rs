//! The catalog keeps what can be asked quickly: a projection of the facts in SQLite.
//!
//! `schema.sql` has for each table which fact it follows from. Rows change in one way only,
//! [`Catalog::apply`], which takes a stretch of the journal and the packs that came with it; making
//! the catalog anew is the same function called from the first event on. Every question is a
//! function with a name.

mod agreement;
mod apply;
mod cache_file;
mod document_events;
mod drift;
mod dump;
mod filter;
mod find;
mod fulltext;
mod index;
mod indexed;
mod interpreted;
mod keyed_sum;
mod list;
mod look_ahead;
mod page_cache;
mod rows;
mod sites;
mod sizes;
mod snapshot;
mod stat_cache;
mod tables;
mod withdrawals;

use std::{
    cell::{Cell, RefCell},
    path::Path,
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, backup::Backup, config::DbConfig,
    types::Value,
};

use crate::{
    similarity::sketch::SKETCH_VERSION,
    store::place::Place,
    text::{NORMAL_VERSION, extract::EXTRACTION_VERSION},
    types::{
        digest::{Digest, Key},
        error::{Error, Refusal},
        name::DocName,
        pack_id::PackId,
    },
};

pub use crate::types::file_stat::FileStat;

pub use agreement::{Agreed, Agreement};
pub use apply::{Batch, Pack, Recorded, interpretation};
pub use document_events::{Observation, Rename};
pub use drift::{Drift, DriftScope};
pub use find::{Latest, LatestAhead};
pub use fulltext::{
    FILE as FULL_TEXT_FILE, FullText, FullTextError, FullTextState, IndexedText, TextGap,
};
pub use index::{BlobNumber, CandidateHit, NeighbourQuery};
pub use indexed::IndexedContent;
pub use interpreted::{InterpretedContent, InterpretedRow};
pub use keyed_sum::{KeyedSum, SumKey};
pub use list::{KeptContent, PackUsage, Totals};
pub use page_cache::{FILE as PAGE_CACHE_FILE, PageCache};
pub use sites::EVERYWHERE;
pub use sizes::RevisionContent;
pub use snapshot::Snapshot;
pub use stat_cache::{FILE as STAT_CACHE_FILE, StatCache, StatEntry};
pub use tables::{Need, Serves, TABLES, Table};

use index::HashFilter;
use keyed_sum::Followed;
use snapshot::Newest;

/// The version of `schema.sql`; another one found on disk means that the catalog is made anew.
const SCHEMA_VERSION: &str = "14";
const SCHEMA: &str = include_str!("../../schema.sql");

/// Views first, then the tables with their indexes.
const DROPS: &str = "
    SELECT format('DROP %s %s;', type, name) FROM main.sqlite_schema
    WHERE type IN ('view', 'table') AND (name NOT LIKE 'sqlite%' OR name LIKE 'sqlite_stat_')
    ORDER BY type DESC";
/// Names are sorted by their bytes, which other encodings have in another order.
const ENCODING: &str = "UTF-8";

/// So large does the write-ahead log become, and what one transaction writes above that, before its pages are
/// written to their places: those that several transactions changed are written there once. Whoever closes the
/// catalog last does it, too, and removes the log.
const LOG_PAGES: i64 = 32_768;
const PAGE_BYTES: i64 = 4096;

/// The file beside the facts.
pub const FILE: &str = "catalog.sqlite";
/// A file is opened under its path alone, and a link in that is refused.
const OPENED: OpenFlags = OpenFlags::SQLITE_OPEN_NOFOLLOW.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
const WRITTEN: OpenFlags = OPENED.union(OpenFlags::SQLITE_OPEN_READ_WRITE);

/// An open catalog.
pub struct Catalog {
    db: Connection,
    is_writing: Cell<bool>,
    newest: Newest,
    followed: Followed,
    renewal: RefCell<Option<String>>,
    feature_filter: HashFilter,
}

impl Catalog {
    /// Opens the catalog at `path` for reading and writing, making an empty one if there is none.
    ///
    /// `Error::Catalog` when it is torn or of another version. No link may be in the path.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let flags = WRITTEN | OpenFlags::SQLITE_OPEN_CREATE;
        let db = Connection::open_with_flags(path, flags)?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "normal")?;
        db.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        db.pragma_update(None, "journal_size_limit", LOG_PAGES * PAGE_BYTES)?;
        let catalog = Self::prepare(db)?;
        if catalog.is_empty()? {
            catalog.create()?;
        }
        catalog.expect_schema()?;
        Ok(catalog)
    }

    /// Opens the catalog at `path` where nothing can be written; `has_log`: there is a write-ahead log
    /// beside it.
    pub fn open_read_only(path: &Path, has_log: bool) -> Result<Self, Error> {
        // A catalog that was closed cleanly has no log; only then is it complete alone.
        let immutable = if has_log { "" } else { "?immutable=1" };
        let uri = format!("file:{}{immutable}", percent_encoded(path));
        let flags = OPENED | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let catalog = Self::prepare(Connection::open_with_flags(uri, flags)?)?;
        catalog.expect_schema()?;
        Ok(catalog)
    }

    /// An empty catalog that lives as long as the process.
    pub fn in_memory() -> Result<Self, Error> {
        let catalog = Self::prepare(Connection::open_in_memory()?)?;
        catalog.create()?;
        Ok(catalog)
    }

    /// An empty catalog that lies in memory as far as that goes, and beyond in a file of the system's
    /// temporary folder, which has no name. It is given up when anything fails: nothing is taken back.
    pub fn temporary() -> Result<Self, Error> {
        let db = Connection::open("")?;
        db.pragma_update(None, "journal_mode", "off")?;
        db.pragma_update(None, "synchronous", "off")?;
        let catalog = Self::prepare(db)?;
        catalog.db.pragma_update(None, "cache_size", -64_000)?;
        catalog.create()?;
        Ok(catalog)
    }

    /// Why it was made anew, or a part of it, when it was opened; none if it was found in order, or was not
    /// there.
    pub fn renewal(&self) -> Option<String> {
        self.renewal.borrow().clone()
    }

    /// Remembers why it was made anew, for as long as it is open.
    pub fn set_renewal(&self, why: String) {
        self.renewal.replace(Some(why));
    }

    /// Whether it holds nothing, as one that was just made.
    pub fn is_blank(&self) -> Result<bool, Error> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM revision) AND NOT EXISTS (SELECT 1 FROM event)";
        Ok(self.db.query_row(sql, [], |row| row.get(0))?)
    }

    /// The signed checkpoint whose state the rows reflect; empty before the first `apply`.
    pub fn reflects(&self) -> Result<String, Error> {
        self.meta("checkpoint").map(Option::unwrap_or_default)
    }

    /// Empties the catalog to be made anew, in the transaction that fills it again.
    ///
    /// Its file stays: SQLite hands wrong rows to whoever reads while another file takes its name.
    pub fn empty(&self) -> Result<(), Error> {
        let state: String = self.db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if state != "ok" {
            return Err(Error::Catalog { why: state });
        }
        let encoding: String = self.db.pragma_query_value(None, "encoding", |row| row.get(0))?;
        if encoding != ENCODING {
            return Err(Error::Catalog { why: format!("its texts are in {encoding}") });
        }
        let drops: Vec<String> = self
            .db
            .prepare(DROPS)?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        self.lose_sum();
        self.db.execute_batch(&drops.concat())?;
        self.fill_schema()
    }

    /// Writes a copy, in one file, as of now; the file must not be there yet.
    pub fn copy_to(&self, path: &Path) -> Result<(), Error> {
        let mut copy = Connection::open_with_flags(path, WRITTEN | OpenFlags::SQLITE_OPEN_CREATE)?;
        copy.pragma_update(None, "synchronous", "normal")?;
        Backup::new(&self.db, &mut copy)?.step(-1)?;
        // Without a write-ahead log it is one file, also for those who only look into it.
        copy.pragma_update(None, "journal_mode", "delete")?;
        Ok(())
    }

    /// Puts a copy in the place of another catalog, in a transaction of that one, and leaves nothing of it.
    ///
    /// `Busy` while another process writes or reads it.
    pub fn copy_over(&self, path: &Path) -> Result<(), Error> {
        let mut copy = Connection::open_with_flags(path, WRITTEN)?;
        Backup::new(&self.db, &mut copy)?.step(-1)?;
        Self::prepare(copy)?.purge()
    }

    fn prepare(db: Connection) -> Result<Self, Error> {
        db.busy_timeout(std::time::Duration::from_secs(10))?;
        // Plans must not depend on values: a statement would be compiled anew for each of them.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        db.pragma_update(None, "trusted_schema", false)?;
        // An index of a million contents is larger than this, but what is asked for often is not; and a large
        // commit changes more pages than three times this would hold, most of them in order. To map the file
        // would be faster still, but a page that cannot be read would end the program.
        db.pragma_update(None, "cache_size", -24_000)?;
        db.pragma_update(None, "temp_store", "memory")?;
        db.set_prepared_statement_cache_capacity(64);
        Ok(Self {
            db,
            is_writing: Cell::new(false),
            newest: Newest::default(),
            followed: Followed::default(),
            renewal: RefCell::default(),
            feature_filter: HashFilter::default(),
        })
    }

    fn is_empty(&self) -> Result<bool, Error> {
        let n: i64 =
            self.db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok(n == 0)
    }

    fn create(&self) -> Result<(), Error> {
        self.transaction(|_| self.fill_schema())
    }

    fn fill_schema(&self) -> Result<(), Error> {
        self.db.execute_batch(SCHEMA)?;
        let mut insert = self.db.prepare("INSERT INTO meta VALUES (?1, ?2)")?;
        insert.execute(["schema", SCHEMA_VERSION])?;
        insert.execute(["sketches", &sketches_version()])?;
        Ok(())
    }

    fn expect_schema(&self) -> Result<(), Error> {
        match self.meta("schema")?.as_deref() {
            Some(SCHEMA_VERSION) => Ok(()),
            Some(other) => Err(Error::Catalog {
                why: match other.parse::<u16>() {
                    Ok(version) => format!("its schema is {version}"),
                    Err(_) => "what it names as its schema is no version".to_owned(),
                },
            }),
            None => Err(Error::Catalog { why: "it does not name its schema".into() }),
        }
    }

    /// Whether the catalog of now, whatever snapshot this one is of, has a pack.
    pub fn has_pack_now(&self, pack: &PackId) -> Result<bool, Error> {
        let db = self.newest.open(&self.db).unwrap_or(&self.db);
        let mut query = db.prepare_cached("SELECT 1 FROM pack WHERE name = ?1")?;
        Ok(query.exists([&pack.to_bytes()[..]])?)
    }

    /// Whether the sketches are of the version that this program makes.
    pub fn has_current_sketches(&self) -> Result<bool, Error> {
        Ok(self.meta("sketches")?.is_some_and(|version| version == sketches_version()))
    }

    fn meta(&self, name: &str) -> Result<Option<String>, Error> {
        let mut query = self.db.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
        Ok(query.query_row([name], |row| row.get(0)).optional()?)
    }
}

/// Where the blobs with this key may lie, in a fixed order.
impl crate::store::place::Places for Catalog {
    fn places(&self, key: Key) -> Result<Vec<Place>, Error> {
        let newest = self.newest.get().filter(|_| !self.is_writing.get());
        let mut query = newest.unwrap_or(&self.db).prepare_cached(
            "SELECT pack.name, place.offset, place.bytes, place.blob
             FROM place JOIN pack ON pack.key = place.pack WHERE place.key = ?1",
        )?;
        let rows = query.query_map([key.0 as i64], |row| {
            Ok(Place {
                pack: pack_id(row.get_ref(0)?.as_blob()?),
                offset: row.get(1)?,
                n_bytes: row.get(2)?,
                index: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn refresh(&self) {
        if !self.db.is_autocommit() && !self.is_writing.get() {
            self.newest.open(&self.db);
        }
    }
}

/// Sketches depend on the normal form and on how they are made of it.
fn sketches_version() -> String {
    format!("{NORMAL_VERSION}.{SKETCH_VERSION}.{EXTRACTION_VERSION}")
}

/// A digest column; one of the wrong length becomes a digest that fits nothing.
fn digest(bytes: &[u8]) -> Digest {
    Digest::from_slice(bytes).unwrap_or(Digest::from_bytes([0; 32]))
}

/// The name of a pack; one of the wrong length becomes a name that no pack has.
fn pack_id(bytes: &[u8]) -> PackId {
    let none = PackId { digest: Digest::from_bytes([0; 32]), upload: [0; 3] };
    PackId::from_slice(bytes).unwrap_or(none)
}

/// A name as a column: text, or bytes when it is not UTF-8.
fn name_value(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Blob(bytes.to_owned()),
    }
}

/// A name column; one that is no name is a torn catalog.
fn name_of(value: Value) -> rusqlite::Result<DocName> {
    let bytes = match value {
        Value::Text(text) => text.into_bytes(),
        Value::Blob(bytes) => bytes,
        _ => Vec::new(),
    };
    DocName::new(bytes).map_err(|why| rusqlite::Error::InvalidParameterName(why.into()))
}

fn percent_encoded(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-".contains(&b);
    path.as_os_str()
        .as_bytes()
        .iter()
        .map(|b| if plain(*b) { char::from(*b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// What is wrong with the catalog, as SQLite says it; what a Rust library says of it is said otherwise.
fn in_words(error: &rusqlite::Error) -> String {
    use rusqlite::Error as E;
    match error {
        E::InvalidColumnType(_, column, _) => {
            format!("its column {column} has a value of another type")
        }
        E::FromSqlConversionFailure(..) | E::IntegralValueOutOfRange(..) => {
            "a value in it is not one that belongs there".to_owned()
        }
        E::InvalidParameterName(why) => why.clone(),
        E::QueryReturnedNoRows => "a row that belongs there is missing".to_owned(),
        E::SqlInputError { msg, .. } => msg.clone(),
        error => error.to_string(),
    }
}

fn is_too_short(error: &rusqlite::Error) -> bool {
    error.sqlite_extended_error_code() == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        of_machine(&error, FILE).unwrap_or_else(|| Error::Catalog { why: in_words(&error) })
    }
}

/// What the machine or another process refused SQLite for this file; none where the fault lies with what is in it.
fn of_machine(error: &rusqlite::Error, file: &str) -> Option<Error> {
    use std::io::{Error as IoError, ErrorKind};
    let full = || Error::io("write", file, IoError::from(ErrorKind::StorageFull));
    Some(match error.sqlite_error_code()? {
        ErrorCode::DiskFull => full(),
        // What lies beside it while it is used could not be made as long as it has to be.
        ErrorCode::SystemIoFailure if is_too_short(error) => full(),
        ErrorCode::SystemIoFailure | ErrorCode::PermissionDenied => {
            Error::io("use", file, IoError::other(error.to_string()))
        }
        ErrorCode::ReadOnly => Error::Refused(Refusal::ReadOnly { location: file.into() }),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            Error::Busy { who: format!("another process holds {file}") }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::types::Type;

    // A person read "Invalid column type Null at index: 20, name: at".
    #[test]
    fn what_is_wrong_with_a_catalog_is_said_in_words() {
        let wrong_type = || rusqlite::Error::InvalidColumnType(20, "at".into(), Type::Null);
        for (error, words) in [
            (wrong_type(), "its column at has a value of another type"),
            (rusqlite::Error::QueryReturnedNoRows, "a row that belongs there is missing"),
            (rusqlite::Error::InvalidParameterName("it is empty".into()), "it is empty"),
        ] {
            assert!(matches!(Error::from(error), Error::Catalog { why } if why == words));
        }
    }

    // A full disk was "disk I/O error".
    #[test]
    fn a_disk_that_is_full_is_called_full() {
        for code in [rusqlite::ffi::SQLITE_FULL, rusqlite::ffi::SQLITE_IOERR_SHMSIZE] {
            let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            let Error::Io { source, .. } = Error::from(error) else { panic!("{code}") };
            assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
        }
    }

    #[test]
    fn what_stands_in_the_place_of_the_schemas_version_is_not_printed() {
        let catalog = Catalog::in_memory().unwrap();
        catalog.db.execute("UPDATE meta SET value = 'a note' WHERE name = 'schema'", []).unwrap();
        let why = catalog.expect_schema().unwrap_err().to_string();
        assert!(why.ends_with("what it names as its schema is no version"), "{why}");
    }
}
