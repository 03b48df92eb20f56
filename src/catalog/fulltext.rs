//! The full-text index: which words stand in which content, in a file of its own beside the catalog.
//!
//! An opinion like the catalog, made from the texts of contents, and dropped and made anew at will. Its rows are
//! numbered as the contents of the catalog are. What it keeps is SQLite's FTS5 without the texts themselves: words
//! with their places, so that phrases are found. Its state says how far it follows the journal.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::types::error::Error;

use super::{OPENED, WRITTEN, in_words, of_machine};

/// Its file.
pub const FILE: &str = "search.sqlite";
/// The version of the schema; the index of another one is made anew.
const VERSION: u32 = 4;
/// The column of the texts comes first: what stands in it need not name its column, which is a fifth of the index.
/// A match in a title counts eight times.
const SCHEMA: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE gap (content INTEGER PRIMARY KEY, why TEXT NOT NULL) STRICT;
    CREATE VIRTUAL TABLE words USING fts5 (text, title, pairs, title_pairs,
      content='', contentless_delete=1, tokenize=\"ascii tokenchars '+#_'\");
    INSERT INTO words (words, rank) VALUES
      ('rank', 'bm25(1, 8, 1, 8)'), ('hashsize', 8388608), ('automerge', 8), ('pgsz', 16340);";
/// Pages of the file, of which each holds one of FTS5's.
const PAGE_BYTES: i64 = 16384;
/// Pages that are free, of a hundred, before they are given back.
const FREE_PERCENT: i64 = 4;
/// A process that brings the index up holds it for a second or so at a time.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// The open index.
pub struct FullText {
    db: Connection,
}

/// The text of a content, folded, as its columns have it.
#[derive(Debug, Clone, Copy, Default)]
pub struct IndexedText<'a> {
    /// Its words.
    pub text: &'a str,
    /// Those of its title.
    pub title: &'a str,
    /// Its pairs of characters.
    pub pairs: &'a str,
    /// Those of its title.
    pub title_pairs: &'a str,
}

/// How far the index follows the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FullTextState {
    /// The folding and reading of texts that it was made with.
    pub folding: String,
    /// The signed checkpoint whose contents are all in it; empty in the beginning.
    pub note: String,
    /// The last content in it, of those that came in order.
    pub last_content: i64,
    /// How many withdrawals the catalog had.
    pub n_withdrawals: u64,
    /// Which programs of the user read what is in it, by media types.
    pub readers: String,
}

/// Why the text of a content, or the rest of it, is not there to be looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextGap {
    /// Its bytes could not be read.
    Unreadable,
    /// It has more bytes than are treated as text, or more text: the rest of that is missing.
    TooLong,
    /// It is of a format that is rendered, and that failed, or left something out.
    NotExtracted,
    /// That was left for later.
    NotRead,
}

impl TextGap {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Unreadable, Self::TooLong, Self::NotExtracted, Self::NotRead];

    fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::TooLong => "too long",
            Self::NotExtracted => "not extracted",
            Self::NotRead => "not read",
        }
    }
}

/// What failed at the index, which is told apart from what fails at the catalog.
#[derive(Debug)]
pub struct FullTextError(Error);

impl From<rusqlite::Error> for FullTextError {
    fn from(error: rusqlite::Error) -> Self {
        let is_wrong = || Error::FullText { why: in_words(&error) };
        Self(of_machine(&error, FILE).unwrap_or_else(is_wrong))
    }
}

impl From<Error> for FullTextError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<FullTextError> for Error {
    fn from(error: FullTextError) -> Self {
        error.0
    }
}

impl FullText {
    /// Opens the index at `path` for whoever only asks; none where that cannot be.
    pub fn open_existing(path: &Path) -> Option<Self> {
        let flags = OPENED | OpenFlags::SQLITE_OPEN_READ_ONLY;
        let index = Self::prepare(Connection::open_with_flags(path, flags).ok()?).ok()?;
        index.db.busy_timeout(PATIENCE).ok()?;
        index.expect_version().ok()?;
        Some(index)
    }

    /// Opens the index at `path`, making an empty one if there is none.
    ///
    /// `Error::FullText` when it is torn or of another version. No link may be in the path.
    pub fn open(path: &Path) -> Result<Self, FullTextError> {
        let flags = WRITTEN | OpenFlags::SQLITE_OPEN_CREATE;
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(PATIENCE)?;
        db.pragma_update(None, "page_size", PAGE_BYTES)?;
        db.pragma_update(None, "auto_vacuum", "incremental")?;
        // Who asks opens it faster without a write-ahead log, and what is new in it need not be written twice.
        db.pragma_update(None, "journal_mode", "truncate")?;
        db.pragma_update(None, "synchronous", "normal")?;
        let index = Self::prepare(db)?;
        index.create_if_empty()?;
        index.expect_version()?;
        Ok(index)
    }

    /// An empty index that lasts as long as the process: in memory as far as that goes, and beyond in a file of the
    /// system's temporary folder, which has no name.
    pub fn temporary() -> Result<Self, FullTextError> {
        let db = Connection::open("")?;
        db.pragma_update(None, "journal_mode", "off")?;
        db.pragma_update(None, "synchronous", "off")?;
        let index = Self::prepare(db)?;
        index.create_if_empty()?;
        Ok(index)
    }

    fn prepare(db: Connection) -> Result<Self, FullTextError> {
        db.pragma_update(None, "trusted_schema", false)?;
        db.pragma_update(None, "cache_size", -32_000)?;
        db.pragma_update(None, "temp_store", "memory")?;
        db.set_prepared_statement_cache_capacity(32);
        Ok(Self { db })
    }

    fn create_if_empty(&self) -> Result<(), FullTextError> {
        let is_empty = || {
            let sql = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)";
            self.db.query_row(sql, [], |row| row.get::<_, bool>(0))
        };
        if !is_empty()? {
            return Ok(());
        }
        self.transaction(|| -> Result<(), FullTextError> {
            // Somebody else may have made it meanwhile.
            if is_empty()? {
                self.db.execute_batch(SCHEMA)?;
                self.set_meta("version", &VERSION.to_string())?;
            }
            Ok(())
        })
    }

    fn expect_version(&self) -> Result<(), FullTextError> {
        match self.meta("version")? {
            Some(version) if version == VERSION.to_string() => Ok(()),
            _ => Err(Error::FullText { why: format!("{FILE} is of another version") }.into()),
        }
    }

    /// Makes several changes, all of them or none, while nobody else makes any.
    pub fn transaction<T, E: Into<FullTextError>>(
        &self,
        change: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, FullTextError> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        let changed = change().map_err(E::into).and_then(|changed| {
            self.db.execute_batch("COMMIT")?;
            Ok(changed)
        });
        if changed.is_err() && !self.db.is_autocommit() {
            // What failed is what is told; the connection is closed after it.
            let _ = self.db.execute_batch("ROLLBACK");
        }
        changed
    }

    /// How far it follows the journal.
    pub fn state(&self) -> Result<FullTextState, FullTextError> {
        let number = |name| -> Result<i64, FullTextError> {
            Ok(self.meta(name)?.and_then(|value| value.parse().ok()).unwrap_or(0))
        };
        Ok(FullTextState {
            folding: self.meta("folding")?.unwrap_or_default(),
            note: self.meta("checkpoint")?.unwrap_or_default(),
            last_content: number("content")?,
            n_withdrawals: u64::try_from(number("withdrawals")?).unwrap_or(0),
            readers: self.meta("readers")?.unwrap_or_default(),
        })
    }

    /// Says how far it follows the journal from now on.
    pub fn set_state(&self, state: &FullTextState) -> Result<(), FullTextError> {
        self.set_meta("folding", &state.folding)?;
        self.set_meta("checkpoint", &state.note)?;
        self.set_meta("content", &state.last_content.to_string())?;
        self.set_meta("readers", &state.readers)?;
        self.set_meta("withdrawals", &state.n_withdrawals.to_string())
    }

    fn meta(&self, name: &str) -> Result<Option<String>, FullTextError> {
        let mut query = self.db.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
        Ok(query.query_row([name], |row| row.get(0)).optional()?)
    }

    fn set_meta(&self, name: &str, value: &str) -> Result<(), FullTextError> {
        let mut insert = self.db.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?;
        insert.execute([name, value])?;
        Ok(())
    }

    /// Whether the text of a content is in it.
    pub fn has(&self, content: i64) -> Result<bool, FullTextError> {
        let mut query = self.db.prepare_cached("SELECT 1 FROM words_docsize WHERE id = ?1")?;
        Ok(query.exists([content])?)
    }

    /// Takes the text of a content in, in place of the one that it has, if it has one.
    pub fn replace(&self, content: i64, text: IndexedText<'_>) -> Result<(), FullTextError> {
        self.remove(content)?;
        self.put(content, text)
    }

    /// Whether any text in it has a title.
    pub fn has_titles(&self) -> Result<bool, FullTextError> {
        Ok(self.meta("titles")?.is_some())
    }

    /// Takes the text of a content in that it does not have.
    pub fn put(&self, content: i64, text: IndexedText<'_>) -> Result<(), FullTextError> {
        let mut insert = self.db.prepare_cached(
            "INSERT INTO words (rowid, text, title, pairs, title_pairs) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let IndexedText { text, title, pairs, title_pairs } = text;
        let has_title = !title.is_empty() || !title_pairs.is_empty();
        if has_title && !self.has_titles()? {
            self.set_meta("titles", "some")?;
        }
        insert.execute(params![content, text, title, pairs, title_pairs])?;
        Ok(())
    }

    /// Remembers why the text of a content, or the rest of it, is not in it.
    pub fn set_gap(&self, content: i64, gap: TextGap) -> Result<(), FullTextError> {
        let sql = "INSERT OR REPLACE INTO gap VALUES (?1, ?2)";
        self.db.prepare_cached(sql)?.execute(params![content, gap.word()])?;
        Ok(())
    }

    /// Whether the text of a content, or the rest of it, is not in it.
    pub fn has_gap(&self, content: i64) -> Result<bool, FullTextError> {
        Ok(self.db.prepare_cached("SELECT 1 FROM gap WHERE content = ?1")?.exists([content])?)
    }

    /// Takes a content out.
    pub fn remove(&self, content: i64) -> Result<(), FullTextError> {
        if self.has(content)? {
            self.db.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([content])?;
        }
        self.db.prepare_cached("DELETE FROM gap WHERE content = ?1")?.execute([content])?;
        Ok(())
    }

    /// The contents that are not in it, or not whole, and why.
    pub fn gaps(&self) -> Result<Vec<(i64, TextGap)>, FullTextError> {
        let mut query = self.db.prepare_cached("SELECT content, why FROM gap ORDER BY content")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        let mut gaps = Vec::new();
        for row in rows {
            let (content, word) = row?;
            let gap = TextGap::ALL.into_iter().find(|gap| gap.word() == word);
            gaps.extend(gap.map(|gap| (content, gap)));
        }
        Ok(gaps)
    }

    /// The contents that could not be read.
    pub fn unreadable(&self) -> Result<Vec<i64>, FullTextError> {
        let sql = "SELECT content FROM gap WHERE why = ?1 ORDER BY content";
        let mut query = self.db.prepare_cached(sql)?;
        let rows = query.query_map([TextGap::Unreadable.word()], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Brings all that was taken in into one order, so that questions are answered from one place.
    pub fn optimize(&self) -> Result<(), FullTextError> {
        self.db.execute_batch("INSERT INTO words (words) VALUES ('optimize')")?;
        Ok(())
    }

    /// Gives pages back that are not used, if they are many.
    pub fn shrink(&self) -> Result<(), FullTextError> {
        let pages = |what| self.db.pragma_query_value(None, what, |row| row.get::<_, i64>(0));
        if pages("freelist_count")? * 100 > pages("page_count")? * FREE_PERCENT {
            let mut vacuum = self.db.prepare("PRAGMA incremental_vacuum")?;
            let mut rows = vacuum.query([])?;
            while rows.next()?.is_some() {}
        }
        Ok(())
    }

    /// How many contents fit.
    pub fn count(&self, expression: &str) -> Result<u64, FullTextError> {
        let sql = "SELECT count(*) FROM words WHERE words MATCH ?1";
        let mut query = self.db.prepare_cached(sql)?;
        Ok(query.query_row([expression], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Whether a content fits.
    pub fn fits(&self, expression: &str, content: i64) -> Result<bool, FullTextError> {
        let sql = "SELECT 1 FROM words WHERE words MATCH ?1 AND rowid = ?2";
        Ok(self.db.prepare_cached(sql)?.exists(params![expression, content])?)
    }

    /// The contents that fit, in order.
    pub fn all(&self, expression: &str) -> Result<Vec<i64>, FullTextError> {
        let sql = "SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY rowid";
        let mut query = self.db.prepare_cached(sql)?;
        let rows = query.query_map([expression], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Of the contents that fit the `n`-th from the end, counted from 0.
    pub fn nth_last(&self, expression: &str, n: u64) -> Result<Option<i64>, FullTextError> {
        let sql =
            "SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2";
        let mut query = self.db.prepare_cached(sql)?;
        Ok(query.query_row(params![expression, n as i64], |row| row.get(0)).optional()?)
    }

    /// Calls `each` with the contents from `first` on that fit, best first, for as long as it says so.
    pub fn best_first(
        &self,
        expression: &str,
        first: i64,
        each: &mut dyn FnMut(i64) -> Result<bool, Error>,
    ) -> Result<bool, FullTextError> {
        let sql = "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid >= ?2 ORDER BY rank";
        self.each_row(sql, expression, first, each)
    }

    /// Calls `each` with the contents before `end` that fit, last first, for as long as it says so.
    pub fn last_first(
        &self,
        expression: &str,
        end: i64,
        each: &mut dyn FnMut(i64) -> Result<bool, Error>,
    ) -> Result<bool, FullTextError> {
        let sql = "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC";
        self.each_row(sql, expression, end, each)
    }

    /// Whether `each` said so to the end.
    fn each_row(
        &self,
        sql: &str,
        expression: &str,
        bound: i64,
        each: &mut dyn FnMut(i64) -> Result<bool, Error>,
    ) -> Result<bool, FullTextError> {
        let mut query = self.db.prepare_cached(sql)?;
        let mut rows = query.query(params![expression, bound])?;
        while let Some(row) = rows.next()? {
            if !each(row.get(0)?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(index: &FullText, expression: &str) -> Vec<i64> {
        let mut found = Vec::new();
        index
            .best_first(expression, 0, &mut |row| {
                found.push(row);
                Ok(true)
            })
            .unwrap();
        found
    }

    fn text(text: &str) -> IndexedText<'_> {
        IndexedText { text, ..IndexedText::default() }
    }

    #[test]
    fn titles_come_first_and_what_is_replaced_is_gone() {
        let index = FullText::temporary().unwrap();
        index.put(1, text("the ferry and the ferry of the ferry c ++")).unwrap();
        index.put(2, IndexedText { title: "ferry", text: "a b", ..text("") }).unwrap();
        index.put(3, text("the harbour")).unwrap();
        assert!(index.has_titles().unwrap());
        assert_eq!(best(&index, r#"("ferry")"#), [2, 1]);
        assert_eq!(best(&index, r#"{title title_pairs} : ("ferr" *)"#), [2]);
        assert_eq!(best(&index, r#"("c ++")"#), [1]);
        assert_eq!(index.count(r#"("the")"#).unwrap(), 2);
        assert_eq!(index.nth_last(r#"("the")"#, 1).unwrap(), Some(1));
        index.replace(1, text("nothing")).unwrap();
        assert!(
            !index.fits(r#"("ferry")"#, 1).unwrap() && index.fits(r#"("nothing")"#, 1).unwrap()
        );
        index.remove(1).unwrap();
        index.set_gap(1, TextGap::Unreadable).unwrap();
        assert!(index.has_gap(1).unwrap() && !index.has_gap(3).unwrap());
        assert_eq!(
            (index.count(r#"("nothing")"#).unwrap(), index.unreadable().unwrap()),
            (0, vec![1])
        );
    }

    #[test]
    fn it_is_kept_in_its_file_with_its_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join(FILE);
        let state = FullTextState { note: "a note".into(), last_content: 7, ..Default::default() };
        let index = FullText::open(&path).unwrap();
        index
            .transaction(|| index.put(7, text("ferry")).and_then(|()| index.set_state(&state)))
            .unwrap();
        let failed = index.transaction(|| {
            index.put(8, text("harbour"))?;
            Err::<(), _>(Error::Interrupted)
        });
        assert!(failed.is_err());
        drop(index);
        let index = FullText::open(&path).unwrap();
        assert_eq!(
            (index.state().unwrap(), index.has(7).unwrap(), index.has(8).unwrap()),
            (state, true, false)
        );
        index.optimize().unwrap();
        index.shrink().unwrap();
        drop(index);
        assert!(FullText::open_existing(&path).unwrap().fits("\"ferry\"", 7).unwrap());
        std::fs::write(&path, b"no database, though long enough to be looked at as one, and more")
            .unwrap();
        assert!(matches!(FullText::open(&path).map_err(Error::from), Err(Error::FullText { .. })));
    }
}
