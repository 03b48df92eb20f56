//! Which documents are listed: by source, tag, media type, content and when they were captured.

use std::collections::HashSet;

use crate::types::{
    digest::{Digest, DocId},
    document::{Document, Revision},
    error::Error,
    tag::Tag,
    time::Timestamp,
};

pub use crate::text::media_type_by_ending;

use super::Archive;

/// What is asked of texts: whether one fits.
pub type Fits = Box<dyn Fn(&str) -> bool>;

/// What documents must have to be listed; what is none holds of all.
#[derive(Default)]
pub struct DocumentFilter {
    /// Some revision came from a source that fits, or was seen there.
    pub source: Option<Fits>,
    /// The document has all these tags.
    pub tags: Vec<Tag>,
    /// The media type of the revision that is listed fits.
    pub media_type: Option<Fits>,
    /// The revision that is listed was captured then or later.
    pub since: Option<Timestamp>,
    /// Some revision was captured, or seen, between these times.
    pub captured: Option<(Timestamp, Timestamp)>,
    /// Some revision has a content whose SHA-256 begins so.
    pub hash: Option<DigestHead>,
}

/// The beginning of a SHA-256: those from the first to the last have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestHead {
    first: Digest,
    last: Digest,
}

/// A filter that was put to an archive.
pub struct AppliedFilter<'a> {
    filter: &'a DocumentFilter,
    /// The documents of which the archive says so.
    ids: Option<HashSet<DocId>>,
}

impl DigestHead {
    /// Takes 8 to 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (8..=64).contains(&text.len());
        let text = text.to_ascii_lowercase();
        let filled =
            |digit: &str| Digest::parse(&format!("{text}{}", digit.repeat(64 - text.len())));
        if !fits {
            return None;
        }
        Some(Self { first: filled("0")?, last: filled("f")? })
    }
}

impl From<Digest> for DigestHead {
    fn from(digest: Digest) -> Self {
        Self { first: digest, last: digest }
    }
}

impl DocumentFilter {
    /// Whether it holds of all documents.
    pub fn is_empty(&self) -> bool {
        let Self { source, tags, media_type, since, captured, hash } = self;
        source.is_none()
            && tags.is_empty()
            && media_type.is_none()
            && since.is_none()
            && captured.is_none()
            && hash.is_none()
    }
}

impl Archive {
    /// Puts a filter to the archive.
    pub fn filtered<'a>(&self, filter: &'a DocumentFilter) -> Result<AppliedFilter<'a>, Error> {
        let catalog = &self.catalog;
        let mut sets = Vec::new();
        if let Some(fits) = &filter.source {
            sets.push(catalog.documents_from(fits)?);
        }
        for tag in &filter.tags {
            sets.push(catalog.documents_tagged(tag)?);
        }
        if let Some((first, last)) = filter.captured {
            sets.push(catalog.documents_captured(first, last)?);
        }
        if let Some(DigestHead { first, last }) = &filter.hash {
            sets.push(catalog.documents_with_digests(first, last)?);
        }
        let ids = sets.into_iter().reduce(|a, b| &a & &b);
        Ok(AppliedFilter { filter, ids })
    }
}

impl Archive {
    /// The revisions whose content has a SHA-256 that begins so, in the order in which they were recorded.
    pub fn revisions_of_content(
        &self,
        head: DigestHead,
    ) -> Result<Vec<(Document, Revision)>, Error> {
        let DigestHead { first, last } = head;
        let mut found = Vec::new();
        for id in self.catalog.documents_with_digests(&first, &last)? {
            for document in self.catalog.documents_between(id, id, 1)? {
                let revisions = self.catalog.revisions(&document)?.into_iter();
                let has_it = |it: &Revision| (first..=last).contains(&it.digest);
                found.extend(revisions.filter(has_it).map(|it| (document.clone(), it)));
            }
        }
        found.sort_by_key(|(_, revision)| revision.event);
        Ok(found)
    }
}

impl AppliedFilter<'_> {
    /// The documents that alone can fit, where the archive was asked for some.
    pub fn ids(&self) -> Option<&HashSet<DocId>> {
        self.ids.as_ref()
    }

    /// Whether a document is listed with a revision.
    pub fn holds(&self, document: &Document, revision: &Revision) -> bool {
        let DocumentFilter { media_type, since, .. } = self.filter;
        self.ids.as_ref().is_none_or(|ids| ids.contains(&document.id))
            && media_type.as_ref().is_none_or(|fits| fits(&revision.media_type))
            && since.is_none_or(|since| revision.captured >= since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_digest_is_a_range() {
        let digest = Digest::of(b"abc");
        let text = digest.to_string();
        assert_eq!(DigestHead::parse(&text), Some(DigestHead { first: digest, last: digest }));
        let head = DigestHead::parse(&text[..8].to_uppercase()).unwrap();
        assert!((head.first..=head.last).contains(&digest));
        assert!(!(head.first..=head.last).contains(&Digest::of(b"abd")));
        for text in ["", "ba7816b", "ba7816bg", &"a".repeat(65)] {
            assert_eq!(DigestHead::parse(text), None, "{text}");
        }
    }
}
