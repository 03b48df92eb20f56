//! What several kinds of rows are made with: names, and texts that many rows share.

use rusqlite::{Connection, OptionalExtension};

use crate::types::error::Error;

use super::name_value;

/// Whether a document has this name.
pub(super) fn is_taken(transaction: &Connection, name: &[u8]) -> Result<bool, Error> {
    let mut query = transaction.prepare_cached("SELECT 1 FROM document WHERE name = ?1")?;
    Ok(query.exists([name_value(name)])?)
}

/// The last component of a name.
pub(super) fn tail(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b'/').next().unwrap_or(name)
}

/// How long the last component of a name is, in characters of what SQLite has as text, else in bytes.
pub(super) fn n_tail(name: &[u8]) -> i64 {
    let tail = tail(name);
    let n = match std::str::from_utf8(name) {
        Ok(_) => String::from_utf8_lossy(tail).chars().count(),
        Err(_) => tail.len(),
    };
    n as i64
}

/// The row of a text that many rows share.
pub(super) fn phrase(transaction: &Connection, text: Option<&str>) -> Result<Option<i64>, Error> {
    let Some(text) = text else { return Ok(None) };
    let known = transaction
        .prepare_cached("SELECT id FROM phrase WHERE text = ?1")?
        .query_row([text], |row| row.get(0))
        .optional()?;
    if known.is_some() {
        return Ok(known);
    }
    transaction.prepare_cached("INSERT INTO phrase (text) VALUES (?1)")?.execute([text])?;
    Ok(Some(transaction.last_insert_rowid()))
}
