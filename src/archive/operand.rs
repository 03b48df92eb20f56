//! What a question is asked about: a stored revision, a file, or standard input.

use std::io::{self, Read};

use crate::{
    catalog::InterpretedContent,
    diff::Sides,
    text::{
        self, Charset, Interpretation, ReadAs, Scope,
        extract::{ExtractionStatus, status_unrendered},
    },
    types::{
        digest::{Digest, Hasher},
        document::{Document, Revision},
        error::Error,
        limits,
        name::DocName,
        time::Timestamp,
    },
};

use super::{Archive, find};

/// What is not kept is read in pieces of this size.
const PIECE_BYTES: u64 = 256 << 10;

/// What lies outside of the archive; front ends open it.
pub trait Outside {
    /// The file of that path, if there is one.
    fn file(&self, path: &[u8]) -> Result<Option<Box<dyn Read>>, Error>;
    /// Standard input.
    fn standard_input(&self) -> Box<dyn Read>;
}

/// What a word means.
pub enum Operand {
    /// A revision of a document.
    Stored(Box<(Document, Revision)>),
    /// A file outside of the archive.
    File(Given),
    /// Standard input.
    StandardInput(Given),
}

/// Bytes from outside, not read yet.
pub struct Given {
    path: Vec<u8>,
    /// The name of what they are compared with, where they have none of their own.
    like: Option<DocName>,
    source: io::Take<Box<dyn Read>>,
}

/// What is known of a content before it is read as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Of a stored content from the catalog, of any other from its bytes.
    pub digest: Digest,
    /// At most [`limits::CONTENT_BYTES_MAX`]: no more is read of what is not stored.
    pub n_bytes: u64,
    /// Of a stored content as recorded, of any other by its first bytes and its path.
    pub media_type: String,
    /// Of a stored content as whoever added it named it; bytes may prove another.
    pub encoding: Option<Charset>,
}

/// What may be a text that is asked about.
pub struct Asked {
    /// Its bytes; `None` when they cannot be a text, or are too many.
    pub bytes: Option<Vec<u8>>,
    /// Its size; of what is given from outside, one byte over the limit stands for any size above.
    pub n_bytes: u64,
    /// As in [`Facts`].
    pub media_type: String,
    /// The encoding of a text that does not prove another: the one asked for, else as in [`Facts`].
    pub encoding: Option<Charset>,
}

/// The encoding that whoever added a revision named.
pub(super) fn encoding(revision: &Revision) -> Option<Charset> {
    revision.encoding.as_deref().and_then(Charset::for_label)
}

/// As what a revision is read.
pub(super) fn read_as(revision: &Revision, scope: Scope) -> ReadAs<'_> {
    ReadAs { media_type: &revision.media_type, named: encoding(revision), scope }
}

/// The content of a revision, with as what it is read.
pub(super) fn interpreted(revision: &Revision) -> InterpretedContent {
    (revision.digest, Interpretation::of(&revision.media_type, encoding(revision)))
}

/// Whether a text has more bytes than are compared; what is no text has none to compare.
pub fn is_too_long(n_bytes: u64, media_type: &str) -> bool {
    n_bytes > limits::TEXT_BYTES_MAX as u64 && text::may_be_text(media_type)
}

/// An operand with its facts.
pub(super) struct KnownOperand {
    pub facts: Facts,
    pub bytes: ContentBytes,
}

/// Where the bytes are.
pub(super) enum ContentBytes {
    Stored,
    InMemory(Vec<u8>),
    NotKept,
}

impl Operand {
    /// A revision of a document.
    pub fn revision(document: Document, revision: Revision) -> Self {
        Self::Stored(Box::new((document, revision)))
    }

    /// No bytes, as patches have it where a file is new.
    pub fn nothing() -> Self {
        Self::File(Given::new(b"/dev/null", Box::new(io::empty())))
    }

    /// The stored revision, if it is one.
    pub fn stored(&self) -> Option<&Revision> {
        match self {
            Self::Stored(found) => Some(&found.1),
            Self::File(_) | Self::StandardInput(_) => None,
        }
    }

    /// The name that says of which type a text may be, if it has one.
    fn name(&self) -> Option<DocName> {
        match self {
            Self::Stored(found) => Some(found.0.name.clone()),
            Self::File(given) => DocName::of_path(&given.path).ok(),
            Self::StandardInput(_) => None,
        }
    }

    /// The same; what has no name of its own is compared with that of another.
    fn like(self, like: Option<DocName>) -> Self {
        match self {
            Self::StandardInput(given) => Self::StandardInput(Given { like, ..given }),
            operand => operand,
        }
    }

    /// What names it in a patch: the document's name, the path, or `-`.
    pub fn path(&self) -> &[u8] {
        match self {
            Self::Stored(found) => found.0.name.as_bytes(),
            Self::File(given) | Self::StandardInput(given) => &given.path,
        }
    }
}

impl Given {
    fn new(path: &[u8], source: Box<dyn Read>) -> Self {
        Self { path: path.to_vec(), like: None, source: source.take(limits::CONTENT_BYTES_MAX) }
    }

    /// Up to so many of the next bytes.
    fn next_bytes(&mut self, n_bytes_max: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read = self.source.by_ref().take(n_bytes_max).read_to_end(&mut bytes);
        read.map_err(|source| Error::io("read", self.name(), source))?;
        Ok(bytes)
    }

    fn name(&self) -> String {
        match &self.path[..] {
            b"-" => "standard input".to_owned(),
            path => String::from_utf8_lossy(path).into_owned(),
        }
    }

    /// By the name only where texts go by it; packages by what lies in them, tables and mails by what they are compared
    /// with, too.
    fn media_type(&self, bytes: &[u8], named: Option<Charset>) -> String {
        let own = DocName::of_path(&self.path);
        let of_name = |name: &DocName| text::media_type(name, bytes, named);
        let by_own = own.as_ref().map_or("text/plain", of_name);
        let settled = text::settled_type(bytes, by_own);
        let by_bytes = Some(settled).filter(|it| *it != by_own);
        let like = self.like.as_ref().map(of_name).filter(|like| match *like {
            "message/rfc822" => begins_with_field(bytes),
            "text/tab-separated-values" => true,
            // A package may be locked.
            _ => !text::are_bytes_text(by_own),
        });
        by_bytes.or(like).unwrap_or(by_own).to_owned()
    }

    /// Reads all of it, and keeps the bytes if they are no more than `n_kept_max`.
    fn known(mut self, n_kept_max: u64, named: Option<Charset>) -> Result<KnownOperand, Error> {
        let mut bytes = self.next_bytes(n_kept_max.saturating_add(1))?;
        let (media_type, encoding) = (self.media_type(&bytes, named), None);
        let mut n_bytes = bytes.len() as u64;
        if n_bytes <= n_kept_max {
            let facts = Facts { digest: Digest::of(&bytes), n_bytes, media_type, encoding };
            return Ok(KnownOperand { facts, bytes: ContentBytes::InMemory(bytes) });
        }
        let mut hasher = Hasher::default();
        while !bytes.is_empty() {
            hasher.update(&bytes);
            bytes = self.next_bytes(PIECE_BYTES)?;
            n_bytes += bytes.len() as u64;
        }
        let facts = Facts { digest: hasher.finish(), n_bytes, media_type, encoding };
        Ok(KnownOperand { facts, bytes: ContentBytes::NotKept })
    }
}

impl Facts {
    pub(super) fn of(revision: &Revision) -> Self {
        Self {
            digest: revision.digest,
            n_bytes: revision.n_bytes,
            media_type: revision.media_type.clone(),
            encoding: encoding(revision),
        }
    }

    /// Whether reading it may show a text.
    pub fn may_be_text(&self) -> bool {
        may_be_compared(self.n_bytes, &self.media_type)
    }

    /// Whether both have the same bytes and are read as the same, if they are texts.
    pub(super) fn is_same(&self, other: &Self, named: Option<Charset>) -> bool {
        let read_as = |it: &Self| Interpretation::of(&it.media_type, named.or(it.encoding));
        let are_texts = self.may_be_text() && other.may_be_text();
        self.digest == other.digest && (!are_texts || read_as(self) == read_as(other))
    }

    /// What is to be said of its text before that is read.
    pub fn status_unrendered(&self) -> Option<ExtractionStatus> {
        status_unrendered(self.n_bytes, &self.media_type)
    }

    /// Whether it is of a kind that may be text, however long it is.
    pub fn is_text_of_any_size(&self) -> bool {
        text::may_be_text(&self.media_type)
    }
}

impl Archive {
    /// What a word means: `-` is standard input; else a document, else a file.
    pub fn operand(
        &self,
        words: &[u8],
        now: Timestamp,
        outside: &dyn Outside,
    ) -> Result<Operand, Error> {
        if words == b"-" {
            return Ok(Operand::StandardInput(Given::new(words, outside.standard_input())));
        }
        let error = match self.select(words, now) {
            Ok(found) => return Ok(Operand::Stored(Box::new(found))),
            Err(error) => error,
        };
        let is_unknown =
            matches!(&error, Error::NotFound { candidates, .. } if candidates.is_empty());
        let file = if is_unknown { outside.file(words)? } else { None };
        file.map(|source| Operand::File(Given::new(words, source))).ok_or(error)
    }

    /// The sides of a comparison: whatever both words mean, of which the second may be `@2` of the document that the
    /// first names; without a second, both revisions that the first names, or its one and the one before it.
    pub fn operands(
        &self,
        (first, second): (&[u8], Option<&[u8]>),
        now: Timestamp,
        outside: &dyn Outside,
    ) -> Result<Sides<Operand>, Error> {
        let stored = |found| Operand::Stored(Box::new(found));
        if let Some(Sides { a, b }) = self.select_range(first, now)? {
            return match second {
                None => Ok(Sides { a: stored(a), b: stored(b) }),
                Some(second) => Err(names_both(first, second)),
            };
        }
        let Some(second) = second else {
            let (document, revision) = self.select(first, now)?;
            let before = self.before(&document, &revision)?;
            return Ok(Sides { a: stored(before), b: stored((document, revision)) });
        };
        if (first, second) == (b"-", b"-") {
            return Err(Error::usage("standard input can be one side only"));
        }
        let a = self.operand(first, now, outside)?;
        let b = match (find::split(second, now), &a) {
            ((b"", Some(which)), Operand::Stored(found)) => stored(self.revision(&found.0, which)?),
            _ => self.operand(second, now, outside)?,
        };
        let (like_a, like_b) = (b.name(), a.name());
        Ok(Sides { a: a.like(like_a), b: b.like(like_b) })
    }

    /// The revision captured before one, which must not be the first.
    fn before(
        &self,
        document: &Document,
        revision: &Revision,
    ) -> Result<(Document, Revision), Error> {
        let before = self.catalog.revision_before(revision)?;
        let first = || {
            let (name, number) = (document.name.text(), revision.number);
            Error::NotFound {
                what: format!(
                    "{name}@{number} is the first revision; there is none before it to compare with"
                ),
                candidates: vec![name.to_string()],
            }
        };
        Ok((document.clone(), before.ok_or_else(first)?))
    }

    /// The bytes of an operand if they may be a text; nothing beyond the limit is read.
    pub fn asked(&self, operand: Operand, named: Option<Charset>) -> Result<Asked, Error> {
        match operand {
            Operand::Stored(found) => {
                let (document, revision) = &*found;
                self.expect_kept(document, revision)?;
                let media_type = self.media_type_as_named((document, revision), named)?;
                let Facts { n_bytes, encoding, .. } = Facts::of(revision);
                let read = || self.read_whole(document, revision);
                let bytes = may_be_compared(n_bytes, &media_type).then(read).transpose()?;
                Ok(Asked { bytes, n_bytes, media_type, encoding: named.or(encoding) })
            }
            Operand::File(mut given) | Operand::StandardInput(mut given) => {
                let bytes = given.next_bytes(limits::TEXT_BYTES_MAX as u64 + 1)?;
                let (n_bytes, media_type) = (bytes.len() as u64, given.media_type(&bytes, named));
                let bytes = may_be_compared(n_bytes, &media_type).then_some(bytes);
                Ok(Asked { bytes, n_bytes, media_type, encoding: named })
            }
        }
    }

    /// What the catalog has of a stored content, confirmed by its event, or what reading shows of
    /// another, which is kept in memory if it has no more than `n_kept_max` bytes.
    pub(super) fn known(
        &self,
        operand: Operand,
        n_kept_max: u64,
        named: Option<Charset>,
    ) -> Result<KnownOperand, Error> {
        match operand {
            Operand::Stored(found) => {
                let (document, revision) = &*found;
                self.confirm(document, revision)?;
                let media_type = self.media_type_as_named((document, revision), named)?;
                let facts = Facts { media_type, ..Facts::of(revision) };
                Ok(KnownOperand { facts, bytes: ContentBytes::Stored })
            }
            Operand::File(given) | Operand::StandardInput(given) => given.known(n_kept_max, named),
        }
    }

    /// The media type of a revision; of one that is recorded as no text that which it has in the encoding that is named.
    pub(super) fn media_type_as_named(
        &self,
        (document, revision): (&Document, &Revision),
        named: Option<Charset>,
    ) -> Result<String, Error> {
        let recorded = &revision.media_type;
        let is_readable = revision.n_bytes <= limits::TEXT_BYTES_MAX as u64;
        if named.is_none() || !is_readable || text::may_be_text(recorded) {
            return Ok(recorded.clone());
        }
        let bytes = self.read_whole(document, revision)?;
        let found = text::media_type(&document.name, &bytes, named);
        Ok(if text::are_bytes_text(found) { found.to_owned() } else { recorded.clone() })
    }

    /// The bytes; `None` when they came from outside and were not kept.
    pub(super) fn bytes_of(&self, known: KnownOperand) -> Result<Option<Vec<u8>>, Error> {
        match known.bytes {
            ContentBytes::Stored => {
                self.reader.content_bytes(&known.facts.digest, known.facts.n_bytes).map(Some)
            }
            ContentBytes::InMemory(bytes) => Ok(Some(bytes)),
            ContentBytes::NotKept => Ok(None),
        }
    }
}

/// Whether bytes begin as a mail does: a name, a colon.
fn begins_with_field(head: &[u8]) -> bool {
    let end = head.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'-'));
    end.is_some_and(|end| end > 0 && head[end] == b':')
}

fn names_both(first: &[u8], second: &[u8]) -> Error {
    let (first, second) = (String::from_utf8_lossy(first), String::from_utf8_lossy(second));
    Error::usage(format!("{first} names both revisions already; leave out {second}"))
}

/// Whether a content may be a text that is compared.
pub(super) fn may_be_compared(n_bytes: u64, media_type: &str) -> bool {
    n_bytes <= limits::TEXT_BYTES_MAX as u64 && text::may_be_text(media_type)
}
