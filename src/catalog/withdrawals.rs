//! What was withdrawn, as the catalog has it: on its word nothing is refused and nothing goes.

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    journal::event::Withdraw,
    types::{
        digest::{Digest, Key},
        document::{Document, Revision},
        error::Error,
    },
};

use super::{
    Catalog, digest,
    find::{self, REVISION},
};

impl Catalog {
    /// Whether anything was withdrawn.
    pub fn has_withdrawals(&self) -> Result<bool, Error> {
        Ok(self.db.prepare_cached("SELECT 1 FROM withdrawal")?.exists([])?)
    }

    /// Of the last event that withdrew words, the last event that it names.
    pub fn last_words_withdrawn(&self) -> Result<Option<u64>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT event FROM withdrawal WHERE part = 1 ORDER BY withdrawn_by DESC, event DESC LIMIT 1",
        )?;
        let event: Option<i64> = query.query_row([], |row| row.get(0)).optional()?;
        Ok(event.map(|event| event as u64))
    }

    /// The contents of which every revision is withdrawn, with their sizes.
    pub fn withdrawn_contents(&self) -> Result<Vec<(Digest, u64)>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT DISTINCT c.digest, c.bytes FROM withdrawal w
             JOIN revision r ON r.event = w.event JOIN content c ON c.id = r.content
             WHERE w.part = 0 AND c.withdrawn = 1 AND NOT EXISTS (
               SELECT 1 FROM content o
               WHERE o.key = c.key AND o.digest = c.digest AND o.withdrawn = 0)
             ORDER BY c.id",
        )?;
        let rows = query.query_map([], |row| {
            Ok((digest(row.get_ref(0)?.as_blob()?), row.get::<_, i64>(1)? as u64))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether there is a withdrawn content with this key.
    pub fn is_withdrawn(&self, key: Key) -> Result<bool, Error> {
        let mut query =
            self.db.prepare_cached("SELECT 1 FROM content WHERE key = ?1 AND withdrawn = 1")?;
        Ok(query.exists([key.0 as i64])?)
    }

    /// The revisions whose contents or words were withdrawn, in the order of the events that did so.
    pub fn withdrawn_revisions(&self) -> Result<Vec<(Document, Revision)>, Error> {
        let mut query = self.db.prepare_cached(&format!(
            "{REVISION} WHERE r.event IN (SELECT event FROM withdrawal)
             ORDER BY ifnull(w.withdrawn_by, x.withdrawn_by), r.event"
        ))?;
        let rows = query.query_map([], find::revision_of_document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Hands over what the file has of no detail: its tables as they were made, and media types.
    pub fn each_own_text(&self, mut each: impl FnMut(&[u8])) -> Result<(), Error> {
        let mut query = self.db.prepare_cached(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL
             UNION ALL SELECT text FROM phrase WHERE id IN (SELECT type FROM revision)",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            each(row.get_ref(0)?.as_bytes().map_err(rusqlite::Error::from)?);
        }
        Ok(())
    }

    /// Rewrites the file, so that nothing is left in it of rows that went, and empties its log.
    ///
    /// `Busy` while another process reads it.
    pub fn purge(&self) -> Result<(), Error> {
        self.db.pragma_update(None, "secure_delete", true)?;
        self.db.execute_batch("VACUUM")?;
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy: i64 = self.db.query_row(sql, [], |row| row.get(0))?;
        match is_busy {
            0 => Ok(()),
            _ => Err(Error::Busy { who: "a command that reads the catalog; what goes is recorded, and the next withdrawal goes on".to_owned() }),
        }
    }
}

/// Puts in what an event withdraws, and marks the contents that no other revision has that is read so.
pub(super) fn insert(
    transaction: &Connection,
    index: u64,
    withdraw: &Withdraw,
    reason: Option<i64>,
) -> Result<(), Error> {
    let mut insert =
        transaction.prepare_cached("INSERT OR IGNORE INTO withdrawal VALUES (?1, ?2, ?3, ?4)")?;
    let parts = [(0, &withdraw.contents), (1, &withdraw.details)];
    let named = parts.into_iter().flat_map(|(part, all)| all.iter().map(move |it| (part, it)));
    for (part, event) in named.filter(|(_, event)| **event < index) {
        insert.execute(params![*event as i64, part, index as i64, reason])?;
    }
    let mut update = transaction.prepare_cached(
        "UPDATE content SET withdrawn = 1
         WHERE id = (SELECT content FROM revision WHERE event = ?1) AND NOT EXISTS (
           SELECT 1 FROM revision r WHERE r.content = content.id AND NOT EXISTS (
             SELECT 1 FROM withdrawal w WHERE w.event = r.event AND w.part = 0))",
    )?;
    for event in &withdraw.contents {
        update.execute([*event as i64])?;
    }
    Ok(())
}
