//! Snapshots: the catalog as of one time, as a value; and transactions: changes that come all or none.

use std::{
    cell::{Cell, OnceCell},
    ops::Deref,
    path::Path,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::types::error::Error;

use super::{Catalog, OPENED};

/// The catalog as of one time: whoever asks through it sees no later change. Dropping it ends it.
///
/// Within another snapshot or a transaction it is of the same time, and ends nothing.
pub struct Snapshot<C: Deref<Target = Catalog>> {
    catalog: C,
    is_outermost: bool,
}

impl<C: Deref<Target = Catalog>> Snapshot<C> {
    /// The catalog as it is now.
    pub fn of(catalog: C) -> Result<Self, Error> {
        let is_outermost = catalog.db.is_autocommit();
        if is_outermost {
            catalog.db.prepare_cached("BEGIN")?.execute([])?;
            // SQLite begins at the first question, which may come late.
            catalog.db.prepare_cached("SELECT 1 FROM meta")?.exists([])?;
        }
        Ok(Self { catalog, is_outermost })
    }
}

impl<C: Deref<Target = Catalog>> Deref for Snapshot<C> {
    type Target = Catalog;

    fn deref(&self) -> &Catalog {
        &self.catalog
    }
}

impl<C: Deref<Target = Catalog>> Drop for Snapshot<C> {
    fn drop(&mut self) {
        if self.is_outermost && !self.catalog.db.is_autocommit() {
            // Nothing was changed; a connection that cannot end its reading is closed by its owner.
            let ended = self.catalog.db.prepare_cached("COMMIT").and_then(|mut it| it.execute([]));
            drop(ended);
        }
    }
}

impl Catalog {
    /// The catalog as it is now, to ask several things of it; each question alone would lock and unlock
    /// it.
    pub fn snapshot(&self) -> Result<Snapshot<&Self>, Error> {
        Snapshot::of(self)
    }

    /// Makes several changes, all of them or none: what returns an error, or does not return, leaves
    /// the catalog as it was. Within another transaction the changes are a part of that one.
    pub fn transaction<T>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if !self.db.is_autocommit() {
            return change(&self.db);
        }
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        let _writing = Writing::begin(&self.is_writing);
        let changed =
            change(&transaction).and_then(|changed| Ok((changed, transaction.commit()?).0));
        if changed.is_err() {
            self.lose_sum();
        }
        changed
    }
}

/// Marks a transaction as open, until it is dropped.
struct Writing<'a>(&'a Cell<bool>);

impl<'a> Writing<'a> {
    fn begin(is_writing: &'a Cell<bool>) -> Self {
        is_writing.set(true);
        Self(is_writing)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// A second reading of the catalog's file, always of now, for whoever holds a snapshot.
#[derive(Default)]
pub(super) struct Newest(OnceCell<Option<Connection>>);

impl Newest {
    /// Whether it was asked for.
    pub(super) fn get(&self) -> Option<&Connection> {
        self.0.get()?.as_ref()
    }

    /// Opens it, if the catalog is a file and that can be opened.
    pub(super) fn open(&self, db: &Connection) -> Option<&Connection> {
        let open = || {
            let path = db.path().filter(|path| !path.is_empty())?;
            let flags = OPENED | OpenFlags::SQLITE_OPEN_READ_ONLY;
            let opened = Connection::open_with_flags(Path::new(path), flags).ok()?;
            opened.busy_timeout(std::time::Duration::from_secs(10)).ok()?;
            Some(opened)
        };
        self.0.get_or_init(open).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(catalog: &Catalog, text: &str) -> Result<(), Error> {
        catalog.db.execute("INSERT INTO phrase (text) VALUES (?1)", [text])?;
        Ok(())
    }

    fn n_phrases(catalog: &Catalog) -> i64 {
        catalog.db.query_row("SELECT count(*) FROM phrase", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_unfinished_transaction_leaves_nothing_half_done() {
        let catalog = Catalog::in_memory().unwrap();
        let failed = catalog.transaction(|_| {
            put(&catalog, "a")?;
            catalog.transaction(|_| put(&catalog, "b"))?;
            Err::<(), _>(Error::Interrupted)
        });
        assert!(matches!(failed, Err(Error::Interrupted)));
        assert_eq!(n_phrases(&catalog), 0);
        let panics = std::panic::AssertUnwindSafe(|| {
            catalog.transaction(|_| -> Result<(), Error> {
                put(&catalog, "a")?;
                panic!("in the middle")
            })
        });
        assert!(std::panic::catch_unwind(panics).is_err());
        assert_eq!((n_phrases(&catalog), catalog.db.is_autocommit()), (0, true));
        catalog.transaction(|_| put(&catalog, "a")).unwrap();
        assert_eq!(n_phrases(&catalog), 1);
    }

    #[test]
    fn a_snapshot_sees_no_later_change_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.sqlite");
        let (reader, writer) = (Catalog::open(&path).unwrap(), Catalog::open(&path).unwrap());
        let snapshot = reader.snapshot().unwrap();
        put(&writer, "a").unwrap();
        drop(reader.snapshot().unwrap());
        assert_eq!(n_phrases(&snapshot), 0);
        drop(snapshot);
        assert_eq!(n_phrases(&reader), 1);
    }
}
