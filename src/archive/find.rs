//! Finding what people mean: selectors such as `report.txt@3` or `9f2c@2026-03-01`.

use crate::types::{
    digest::DocId,
    document::{Document, Revision},
    error::Error,
    name::DocName,
    time::{self, Timestamp},
};

use super::Archive;

/// Candidates listed when words fit several documents.
const CANDIDATES_MAX: usize = 10;

/// Which revision of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one with this number, from 1.
    Number(u64),
    /// The latest, or this many before it.
    Latest(u64),
    /// The last one captured at or before that time.
    AsOf(Timestamp),
}

impl Which {
    /// Reads what stands after the `@`; `None` when it is no revision.
    ///
    /// `3`, `first`, `latest`, `prev`, `latest-2`, or a date in one of [`time::FORMS`].
    pub fn parse(text: &str, now: Timestamp) -> Option<Self> {
        match text {
            "first" => return Some(Self::Number(1)),
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

impl Archive {
    /// The document that a name, a unique end of a name, or a unique head of an id means.
    ///
    /// An exact name wins over everything else.
    pub fn document(&self, words: &[u8]) -> Result<Document, Error> {
        let found = self.documents_meant(words)?;
        match <[Document; 1]>::try_from(found) {
            Ok([document]) => Ok(document),
            Err(found) if found.is_empty() => Err(no_document(words)),
            Err(found) => Err(Error::NotFound {
                what: format!("{} fits several documents", shown(words)),
                candidates: found.iter().map(|d| d.name.text().into_owned()).collect(),
            }),
        }
    }

    /// The document and revision that a selector means; the latest where it names none.
    pub fn select(&self, selector: &[u8], now: Timestamp) -> Result<(Document, Revision), Error> {
        let (words, which) = split(selector, now);
        if which.is_some() && self.documents_meant(words)?.is_empty() {
            // The name itself may end in something like `@3`.
            if let [document] = &self.documents_meant(selector)?[..] {
                return self.revision(document, Which::Latest(0));
            }
        }
        let document = self.document(words)?;
        self.revision(&document, which.unwrap_or(Which::Latest(0)))
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
            Which::Latest(back) => match n.checked_sub(back) {
                Some(number) => self.catalog.revision(document.id, number)?,
                None => None,
            },
            Which::AsOf(timestamp) => self.catalog.revision_as_of(document, timestamp)?,
        };
        let name = document.name.text();
        let what = match which {
            Which::Number(number) => format!("{name}@{number} does not exist"),
            Which::Latest(back) => format!("{name}@latest-{back} does not exist"),
            Which::AsOf(timestamp) => format!("{name} has no revision captured by {timestamp}"),
        };
        let has = if n == 1 { "revision 1".into() } else { format!("revisions 1–{n}") };
        let missing = || Error::NotFound {
            what: format!("{what}; it has {has}"),
            candidates: vec![name.to_string()],
        };
        Ok((document.clone(), found.ok_or_else(missing)?))
    }

    fn documents_meant(&self, words: &[u8]) -> Result<Vec<Document>, Error> {
        let mut found = Vec::new();
        if let Ok(name) = DocName::of_path(words) {
            if let Some(document) = self.catalog.document_named(&name)? {
                return Ok(vec![document]);
            }
            found = self.catalog.documents_ending(&name, CANDIDATES_MAX)?;
        }
        if let Some((first, last)) = ids_starting(words) {
            for document in self.catalog.documents_between(first, last, CANDIDATES_MAX)? {
                if found.iter().all(|known| known.id != document.id) {
                    found.push(document);
                }
            }
        }
        Ok(found)
    }
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
            ("a.txt@first", "a.txt", Some(Which::Number(1))),
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
        let (words, which) = split(b"a@2026-03-01", now);
        assert_eq!(words, b"a");
        assert_eq!(which, Timestamp::read("2026-03-01", now).map(Which::AsOf));
    }
}
