//! Finding what people mean: selectors such as `report.txt@3` or `9f2c@2026-03-01`.

use crate::{
    container,
    diff::Sides,
    types::{
        digest::DocId,
        document::{Document, Revision},
        error::Error,
        name::DocName,
        time::{self, Timestamp},
    },
};

use super::{
    Archive,
    presence::{AsOf, lacks_revision},
};

/// Candidates listed when words fit several documents.
const CANDIDATES_MAX: usize = 10;

/// Which revision of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one with this number, from 1.
    Number(u64),
    /// The first one captured.
    First,
    /// The latest, or this many before it, as they were captured.
    Latest(u64),
    /// The last one captured at or before that time.
    AsOf(Timestamp),
}

/// What words mean, in this order: an exact name, a folder, the end of a name, the head of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The document of that name.
    Exactly(Document),
    /// The folder of that name, which holds documents.
    Folder(DocName),
    /// The documents whose names end so, or else whose ids begin so: one if that is unique.
    Some(Vec<Document>),
}

/// What is asked for of an archive: a revision, or all in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// One revision of a document; whether it was named, or the document alone.
    Revision(Box<(Document, Revision)>, bool),
    /// The documents below this name.
    Folder(DocName),
}

impl Which {
    /// Reads what stands after the `@`; `None` when it is no revision.
    ///
    /// `3`, `first`, `latest`, `prev`, `latest-2`, or a date in one of [`time::FORMS`].
    pub fn parse(text: &str, now: Timestamp) -> Option<Self> {
        match text {
            "first" => return Some(Self::First),
            "latest" => return Some(Self::Latest(0)),
            "prev" => return Some(Self::Latest(1)),
            _ => {}
        }
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if plain { digits.parse().ok() } else { None }
        };
        if let Some(back) = text.strip_prefix("latest-") {
            return number(back).map(Self::Latest);
        }
        number(text).map(Self::Number).or_else(|| Timestamp::read(text, now).map(Self::AsOf))
    }
}

/// Splits a selector at its last `@`, if what follows is a revision.
pub fn split(selector: &[u8], now: Timestamp) -> (&[u8], Option<Which>) {
    let Some(at) = selector.iter().rposition(|b| *b == b'@') else { return (selector, None) };
    let which = std::str::from_utf8(&selector[at + 1..]).ok().and_then(|t| Which::parse(t, now));
    match which {
        Some(which) => (&selector[..at], Some(which)),
        None => (selector, None),
    }
}

/// Splits a selector at its last `@`, if what follows are two revisions: `1..3`, or `1..` up to the latest.
pub fn split_range(selector: &[u8], now: Timestamp) -> Option<(&[u8], (Which, Which))> {
    let at = selector.iter().rposition(|b| *b == b'@')?;
    let (first, last) = std::str::from_utf8(&selector[at + 1..]).ok()?.split_once("..")?;
    let last = if last.is_empty() { "latest" } else { last };
    Some((&selector[..at], (Which::parse(first, now)?, Which::parse(last, now)?)))
}

impl Archive {
    /// The document that a name, a unique end of a name, or a unique head of an id means.
    pub fn document(&self, words: &[u8]) -> Result<Document, Error> {
        let found = match self.meaning(words, CANDIDATES_MAX)? {
            Meaning::Exactly(document) => return Ok(document),
            Meaning::Folder(folder) => return Err(self.is_folder(words, &folder)?),
            Meaning::Some(found) => found,
        };
        match <[Document; 1]>::try_from(found) {
            Ok([document]) => Ok(document),
            Err(found) if found.is_empty() => Err(self.no_document(words)?),
            Err(found) => Err(Error::NotFound {
                what: format!("{} fits several documents", shown(words)),
                candidates: names(&found),
            }),
        }
    }

    /// The document and revision that a selector means; the latest where it names none.
    pub fn select(&self, selector: &[u8], now: Timestamp) -> Result<(Document, Revision), Error> {
        let (words, which) = self.split(selector, now)?;
        let document = self.document(words)?;
        self.revision(&document, which.unwrap_or(Which::Latest(0)))
    }

    /// What a selector asks for, which may be a folder; without `@` as of a time if one is given.
    pub fn selection(
        &self,
        selector: &[u8],
        now: Timestamp,
        as_of: Option<Timestamp>,
    ) -> Result<Selection, Error> {
        let (words, which) = self.split(selector, now)?;
        match (which, self.meaning(words, 1)?) {
            (None, Meaning::Folder(folder)) => return Ok(Selection::Folder(folder)),
            (None, Meaning::Some(found)) if found.is_empty() => {
                if let Some(then) = self.selection_then(words, AsOf::from(as_of))? {
                    return Ok(then);
                }
            }
            _ => {}
        }
        let is_named = which.is_some();
        let which = match (which, as_of) {
            (Some(_), Some(_)) => {
                let shown = shown(selector);
                return Err(Error::usage(format!(
                    "{shown} names a revision, and so does the time"
                )));
            }
            (None, Some(timestamp)) => Which::AsOf(timestamp),
            (which, None) => which.unwrap_or(Which::Latest(0)),
        };
        let document = self.document(words)?;
        let found = self.revision(&document, which)?;
        match which {
            Which::AsOf(timestamp) if self.last_found(&document, timestamp)?.1 => {
                let what = format!("{} was gone by {timestamp}", document.name.text());
                Err(Error::NotFound { what, candidates: vec![document.name.text().into_owned()] })
            }
            _ => Ok(Selection::Revision(Box::new(found), is_named)),
        }
    }

    /// What had a name then that nothing has now.
    fn selection_then(&self, words: &[u8], as_of: AsOf) -> Result<Option<Selection>, Error> {
        let Ok(name) = DocName::of_path(words) else { return Ok(None) };
        if as_of == AsOf::Now {
            return Ok(None);
        }
        if let Some(document) = self.document_then(&name, &self.names_then(as_of)?)?
            && let Some(revision) = self.revision_then(&document, as_of)?
        {
            return Ok(Some(Selection::Revision(Box::new((document, revision)), false)));
        }
        let is_folder = self.has_document_in(Some(&name), as_of)?;
        Ok(is_folder.then_some(Selection::Folder(name)))
    }

    /// Splits a selector, unless it is a name itself, which may end in something like `@3`.
    pub fn split<'a>(
        &self,
        selector: &'a [u8],
        now: Timestamp,
    ) -> Result<(&'a [u8], Option<Which>), Error> {
        let (words, which) = split(selector, now);
        if which.is_none() || words.is_empty() {
            return Ok((words, which));
        }
        let is_name = self.is_name(selector, words)?;
        Ok(if is_name { (selector, None) } else { (words, which) })
    }

    /// Two revisions of one document, where a selector names both and is no name itself: `report.txt@1..3`.
    pub fn select_range(
        &self,
        selector: &[u8],
        now: Timestamp,
    ) -> Result<Option<Sides<(Document, Revision)>>, Error> {
        let Some((words, (first, last))) = split_range(selector, now) else { return Ok(None) };
        if !words.is_empty() && self.is_name(selector, words)? {
            return Ok(None);
        }
        let document = self.document(words)?;
        let (a, b) = (self.revision(&document, first)?, self.revision(&document, last)?);
        Ok(Some(Sides { a, b }))
    }

    /// Whether a selector is a name as a whole, rather than these words before its `@`.
    fn is_name(&self, selector: &[u8], words: &[u8]) -> Result<bool, Error> {
        let is_nothing = |meaning: &Meaning| matches!(meaning, Meaning::Some(it) if it.is_empty());
        Ok(match self.meaning(selector, 1)? {
            Meaning::Exactly(_) => true,
            whole => !is_nothing(&whole) && is_nothing(&self.meaning(words, 1)?),
        })
    }

    /// What words mean. Words that end in `/` mean a folder only; of documents that share an end of a
    /// name or the head of an id up to `limit` are found.
    pub fn meaning(&self, words: &[u8], limit: usize) -> Result<Meaning, Error> {
        if let Some(name) = name_of_url(words)
            && let Some(document) = self.catalog.document_named(&name)?
        {
            return Ok(Meaning::Exactly(document));
        }
        let is_folder = words.ends_with(b"/");
        if let Ok(name) = DocName::of_path(words) {
            if !is_folder && let Some(document) = self.catalog.document_named(&name)? {
                return Ok(Meaning::Exactly(document));
            }
            if !self.catalog.documents_under(&name, None, 1)?.is_empty() {
                return Ok(Meaning::Folder(name));
            }
            if !is_folder {
                let found = self.catalog.documents_ending(&name, limit)?;
                if !found.is_empty() {
                    return Ok(Meaning::Some(found));
                }
            }
        }
        Ok(Meaning::Some(match ids_starting(words) {
            Some((first, last)) => self.catalog.documents_between(first, last, limit)?,
            None => Vec::new(),
        }))
    }

    /// Nothing is named so; what was once named so is told.
    fn no_document(&self, words: &[u8]) -> Result<Error, Error> {
        let renamed = match DocName::of_path(words) {
            Ok(name) => self.catalog.formerly_named(&name)?,
            Err(_) => Vec::new(),
        };
        Ok(match renamed.is_empty() {
            true => no_document(words),
            false => Error::NotFound {
                what: format!("there is no document {} any more; it was renamed", shown(words)),
                candidates: names(&renamed),
            },
        })
    }

    fn is_folder(&self, words: &[u8], folder: &DocName) -> Result<Error, Error> {
        let documents = self.catalog.documents_under(folder, None, CANDIDATES_MAX)?;
        let what = format!("{} is a folder; name a document in it", shown(words));
        Ok(Error::NotFound { what, candidates: names(&documents) })
    }

    /// The revision of a document, which must exist.
    pub fn revision(
        &self,
        document: &Document,
        which: Which,
    ) -> Result<(Document, Revision), Error> {
        let n = document.n_revisions;
        let found = match which {
            Which::Number(number) => self.catalog.revision(document.id, number)?,
            Which::First => self.catalog.revision_back(document.id, n.saturating_sub(1))?,
            Which::Latest(back) => self.catalog.revision_back(document.id, back)?,
            Which::AsOf(timestamp) => self.last_found(document, timestamp)?.0,
        };
        let name = document.name.text();
        let is_missing = match (which, &found) {
            (Which::Latest(0), Some(latest)) => latest.event != document.latest,
            (_, Some(_)) | (Which::AsOf(_), None) => false,
            (Which::Number(number), None) => (1..=n).contains(&number),
            (Which::Latest(back), None) => back < n,
            (Which::First, None) => true,
        };
        if is_missing {
            return Err(lacks_revision(document));
        }
        let what = match which {
            Which::Number(number) => format!("{name}@{number} does not exist"),
            Which::First => format!("{name}@first does not exist"),
            Which::Latest(back) => format!("{name}@latest-{back} does not exist"),
            Which::AsOf(timestamp) => {
                format!("{name} has no revision captured by {}", timestamp.minute())
            }
        };
        let has = if n == 1 { "revision 1".into() } else { format!("revisions 1–{n}") };
        let missing = || Error::NotFound {
            what: format!("{what}; it has {has}"),
            candidates: vec![name.to_string()],
        };
        Ok((document.clone(), found.ok_or_else(missing)?))
    }
}

fn names(documents: &[Document]) -> Vec<String> {
    documents.iter().map(|document| document.name.text().into_owned()).collect()
}

/// What was captured from this address is called so.
fn name_of_url(words: &[u8]) -> Option<DocName> {
    let url = std::str::from_utf8(words).ok().filter(|words| words.contains("://"))?;
    container::url_name(url)
}

/// The ids that start with 4 to 16 hex digits.
fn ids_starting(words: &[u8]) -> Option<(DocId, DocId)> {
    let head = std::str::from_utf8(words).ok()?;
    if !(4..=16).contains(&head.len()) || !head.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let head = head.to_ascii_lowercase();
    Some((DocId::parse(&format!("{head:0<16}"))?, DocId::parse(&format!("{head:f<16}"))?))
}

fn no_document(words: &[u8]) -> Error {
    if words.is_empty() {
        return Error::usage("a selector begins with a document, as in report.txt@3");
    }
    let mut what = format!("there is no document {}", shown(words));
    if words.contains(&b'@') {
        what.push_str(&format!(
            "; after an @ may stand a number, first, latest, prev, latest-2, or a date: {}",
            time::FORMS
        ));
    }
    Error::NotFound { what, candidates: Vec::new() }
}

fn shown(words: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_revision_after_the_last_at_is_split_off() {
        let now = Timestamp::parse("2026-11-23T00:00:00Z").unwrap();
        for (selector, words, which) in [
            ("a.txt", "a.txt", None),
            ("a.txt@3", "a.txt", Some(Which::Number(3))),
            ("a.txt@first", "a.txt", Some(Which::First)),
            ("a.txt@latest", "a.txt", Some(Which::Latest(0))),
            ("a.txt@prev", "a.txt", Some(Which::Latest(1))),
            ("a.txt@latest-2", "a.txt", Some(Which::Latest(2))),
            ("mail@example.org", "mail@example.org", None),
            ("mail@example.org@2", "mail@example.org", Some(Which::Number(2))),
            ("a@+3", "a@+3", None),
            ("a@latest-", "a@latest-", None),
            ("@2", "", Some(Which::Number(2))),
        ] {
            assert_eq!(split(selector.as_bytes(), now), (words.as_bytes(), which), "{selector}");
        }
        for (selector, ends) in [
            ("a@1..3", Some((Which::Number(1), Which::Number(3)))),
            ("a@prev..", Some((Which::Latest(1), Which::Latest(0)))),
            ("a@first..latest-2", Some((Which::First, Which::Latest(2)))),
            ("a@..3", None),
            ("a@1..x", None),
            ("a@1.3", None),
            ("a@1...3", None),
            ("a1..3", None),
        ] {
            let expected = ends.map(|ends| (&b"a"[..], ends));
            assert_eq!(split_range(selector.as_bytes(), now), expected, "{selector}");
        }
        let (words, which) = split(b"a@2026-03-01", now);
        assert_eq!(words, b"a");
        assert_eq!(which, Timestamp::read("2026-03-01", now).map(Which::AsOf));
    }
}
