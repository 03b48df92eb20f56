//! The page cache: documents of other formats as the pages that they were rendered as, so that it is done once.
//!
//! As the stat cache it belongs to this machine's user, and lies in no archive, where others could put words into a
//! document's mouth. A page follows from the bytes and from the version of what rendered it; to lose it costs the
//! rendering.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tracing::debug;

use crate::{
    text::{
        Charset,
        extract::{EXTRACTION_VERSION, Extraction, ExtractionStatus, Format, WithoutText},
    },
    types::{digest::Digest, limits::PAGE_BYTES_MAX},
};

use super::{WRITTEN, cache_file::CacheFile};

/// Its file.
pub const FILE: &str = "pages.sqlite";
/// A larger file is emptied: what is asked for again is rendered again.
const FILE_BYTES_MAX: i64 = 2 << 30;
/// zstd's level.
const LEVEL: i32 = 3;
const CACHE: CacheFile = CacheFile {
    what: "rendered pages",
    version: 4,
    schema: "CREATE TABLE page (
        digest BLOB NOT NULL, format TEXT NOT NULL, version INTEGER NOT NULL,
        status TEXT NOT NULL, html BLOB, PRIMARY KEY (digest, format)
      ) STRICT;
      CREATE INDEX without_text ON page (version) WHERE html IS NULL AND status != 'no-text';",
    statements: &[QUESTION, INSERT, WITHOUT_TEXT],
};
const QUESTION: &str =
    "SELECT status, html FROM page WHERE digest = ?1 AND format = ?2 AND version = ?3";
const WITHOUT_TEXT: &str = "SELECT digest, format, status FROM page
    WHERE html IS NULL AND status != 'no-text' AND version = ?1";
const INSERT: &str = "INSERT OR REPLACE INTO page VALUES (?1, ?2, ?3, ?4, ?5)";

/// Documents as pages.
pub struct PageCache {
    db: Connection,
}

impl PageCache {
    /// Marks a file in which some have no text, though there may be words in them: without it nobody has to look for them.
    pub const HAS_SOME_WITHOUT_TEXT: u32 = 1;

    /// The cache in a file, made if there is none; none where it cannot be used.
    pub fn open(file: &Path) -> Option<Self> {
        let flags = WRITTEN | OpenFlags::SQLITE_OPEN_CREATE;
        let opened = Connection::open_with_flags(file, flags).and_then(|db| {
            let db = CACHE.made(db)?;
            // What is withdrawn has to be gone from the file.
            db.pragma_update(None, "secure_delete", true)?;
            let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            if number("page_count")? * number("page_size")? > FILE_BYTES_MAX {
                CACHE.make_anew(&db)?;
            }
            Ok(Self { db })
        });
        opened.inspect_err(|error| debug!(target: "catalog", "no rendered pages: {error}")).ok()
    }

    /// The same for whoever only asks what has no text: no file is made; none where there is none.
    pub fn open_existing(file: &Path) -> Option<Self> {
        // Opened for reading alone, SQLite would leave the files of its log behind.
        let opened = Connection::open_with_flags(file, WRITTEN).and_then(|db| CACHE.prepared(db));
        opened.map(|db| Self { db }).ok()
    }

    /// What came of a content before, read in an encoding that was named, if one was.
    pub fn get(
        &self,
        digest: &Digest,
        format: Format,
        named: Option<Charset>,
    ) -> Option<Extraction> {
        let get = || {
            let mut query = self.db.prepare_cached(QUESTION)?;
            let key = params![digest.as_bytes(), code(format, named), EXTRACTION_VERSION];
            let row = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?));
            query.query_row(key, row).optional()
        };
        let (status, packed): (String, Option<Vec<u8>>) = get().ok().flatten()?;
        let status = ExtractionStatus::of_code(&status)?;
        let unpack = |packed: Vec<u8>| {
            String::from_utf8(zstd::bulk::decompress(&packed, PAGE_BYTES_MAX).ok()?).ok()
        };
        let html = packed.map(unpack);
        let is_whole = status.fits(html.is_some()) && html != Some(None);
        is_whole.then(|| Extraction { status, html: html.flatten() })
    }

    /// Remembers what came of a content.
    pub fn put(
        &self,
        digest: &Digest,
        (format, named): (Format, Option<Charset>),
        extraction: &Extraction,
    ) {
        let pack = |html: &String| zstd::bulk::compress(html.as_bytes(), LEVEL).ok();
        let packed = extraction.html.as_ref().and_then(pack);
        let has_page = packed.is_some();
        if !extraction.status.fits(has_page) {
            return;
        }
        let status = extraction.status.code();
        let row =
            params![digest.as_bytes(), code(format, named), EXTRACTION_VERSION, status, packed];
        let insert = || self.db.prepare_cached(INSERT).and_then(|mut insert| insert.execute(row));
        let put = match extraction.status {
            status if has_page || status == ExtractionStatus::NoText => insert(),
            _ => self.marked(insert),
        };
        if let Err(error) = put {
            debug!(target: "catalog", "a rendered page is not remembered: {error}");
        }
    }

    /// Makes a change, and the mark what it has to be after it.
    fn marked(&self, change: impl FnOnce() -> rusqlite::Result<usize>) -> rusqlite::Result<usize> {
        let transaction = self.db.unchecked_transaction()?;
        let changed = change()?;
        let has_some = self.db.prepare_cached(WITHOUT_TEXT)?.exists([EXTRACTION_VERSION])?;
        let mark = if has_some { Self::HAS_SOME_WITHOUT_TEXT } else { 0 };
        self.db.pragma_update(None, "application_id", mark)?;
        transaction.commit()?;
        Ok(changed)
    }

    /// The contents of which no text came, but for those that have no words.
    pub fn without_text(&self) -> Vec<WithoutText> {
        let read = || {
            let mut query = self.db.prepare_cached(WITHOUT_TEXT)?;
            let row = |row: &rusqlite::Row| {
                let (digest, status) =
                    (row.get(0).map(Digest::from_bytes)?, row.get::<_, String>(2)?);
                let status = ExtractionStatus::of_code(&status);
                Ok((digest, row.get(1)?, status))
            };
            query.query_map([EXTRACTION_VERSION], row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        let found = read().unwrap_or_else(|error: rusqlite::Error| {
            debug!(target: "catalog", "what has no text is not known: {error}");
            Vec::new()
        });
        let known = |(digest, format, status): (Digest, String, Option<ExtractionStatus>)| {
            Some(WithoutText { digest, format, status: status? })
        };
        found.into_iter().filter_map(known).collect()
    }

    /// Forgets a content, and leaves no byte of it in the file.
    pub fn forget(&self, digest: &Digest) {
        let delete = self.db.execute("DELETE FROM page WHERE digest = ?1", [digest.as_bytes()]);
        self.settle(delete);
    }

    /// Forgets what has one of these states.
    pub fn forget_with(&self, statuses: &[ExtractionStatus]) {
        for status in statuses {
            let delete = || self.db.execute("DELETE FROM page WHERE status = ?1", [status.code()]);
            self.settle(self.marked(delete));
        }
    }

    fn settle(&self, deleted: rusqlite::Result<usize>) {
        let settled = deleted
            .and_then(|_| self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        if let Err(error) = settled {
            debug!(target: "catalog", "rendered pages are not forgotten: {error}");
        }
    }
}

/// What a page is known by beside its content.
fn code(format: Format, named: Option<Charset>) -> String {
    match named {
        None => format.code().to_owned(),
        Some(named) => format!("{} {}", format.code(), named.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_only_asks_what_has_no_text_makes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        assert!(PageCache::open_existing(&file).is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let left = Extraction { status: ExtractionStatus::NotRead, html: None };
        PageCache::open(&file).unwrap().put(&Digest::of(b"one"), (Format::Rtf, None), &left);
        let asked = PageCache::open_existing(&file).unwrap();
        let (digest, format) = (Digest::of(b"one"), Format::Rtf.code().to_owned());
        let status = ExtractionStatus::NotRead;
        assert_eq!(asked.without_text(), [WithoutText { digest, format, status }]);
    }

    #[test]
    fn what_was_rendered_is_known_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let format = Format::Rtf;
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let words = "words that nobody else has";
        let page = Extraction { status: ExtractionStatus::Ok, html: Some(words.to_owned()) };
        let crashed = Extraction { status: ExtractionStatus::Crashed, html: None };
        let cache = PageCache::open(&file).unwrap();
        assert_eq!(cache.get(&one, format, None), None);
        cache.put(&one, (format, None), &page);
        cache.put(&other, (format, None), &crashed);
        drop(cache);
        let cache = PageCache::open(&file).unwrap();
        assert_eq!(cache.get(&one, format, None), Some(page));
        assert_eq!(cache.get(&other, format, None), Some(crashed));
        cache.forget_with(&[ExtractionStatus::Crashed]);
        assert_eq!(cache.get(&other, format, None), None);
        let holds_words = |file: &Path| {
            let bytes = std::fs::read(file).unwrap_or_default();
            bytes.windows(words.len()).any(|it| it == words.as_bytes())
        };
        cache.forget(&one);
        assert_eq!(cache.get(&one, format, None), None);
        drop(cache);
        assert!(!holds_words(&file) && !holds_words(&folder.path().join("pages.sqlite-wal")));
        std::fs::write(&file, b"no database").unwrap();
        assert!(PageCache::open(&file).unwrap().get(&one, format, None).is_none());
    }
}
