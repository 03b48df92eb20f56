//! The text of a revision as it is compared with that of another one, and whether both have the same words.

use crate::{
    diff::{self, Comparison, Sides, TextLayout},
    text::{
        self, Charset, Metadata, Scope, WithStatus,
        extract::{ExtractionStatus, Format, extract},
    },
    types::{
        document::{Document, Revision},
        error::Error,
    },
};

use super::{
    Archive,
    gaps::gap_of,
    operand::{Facts, encoding, interpreted, read_as},
};

/// The text of a revision.
#[derive(Default, Clone)]
pub(super) struct RevisionText {
    pub text: String,
    /// How much of a page it is; `None` of what is no page.
    pub scope: Option<Scope>,
    /// None of a text that is not there.
    pub media_type: Option<String>,
    /// Some of it is not there.
    pub has_gap: bool,
}

impl RevisionText {
    /// How the text that came after it differs.
    pub fn compared_with(&self, after: &Self) -> Comparison {
        let layout = layout([self, after].map(|it| (it.scope, it.media_type.as_deref())));
        let texts = Sides { a: &self.text[..], b: &after.text[..] };
        diff::compare_laid_out(texts, layout, Sides::default())
    }
}

/// How two texts are laid out that are compared, by the scopes they are read in and their media types; none of a text
/// that is not there. The source of a page is like prose.
pub(super) fn layout(sides: [(Option<Scope>, Option<&str>); 2]) -> TextLayout {
    let is_source = sides.iter().any(|side| side.0 == Some(Scope::Source));
    let have = |has: fn(&str) -> bool| sides.iter().any(|side| side.1.is_some_and(has));
    if !is_source && have(text::has_tables) {
        TextLayout::Tables
    } else if have(text::has_lines) && !have(|it| !text::has_lines(it)) {
        TextLayout::Lines
    } else {
        TextLayout::Prose
    }
}

/// What came of rendering a revision of another format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rendering {
    /// Its format.
    pub format: Format,
    /// What came of it.
    pub status: ExtractionStatus,
}

/// What came of rendering bytes; none of a format that is not rendered.
pub fn rendering_of(bytes: &[u8], media_type: &str, named: Option<Charset>) -> Option<Rendering> {
    let format = Format::of(media_type)?;
    Some(Rendering { format, status: extract(bytes, format, named).status })
}

impl Archive {
    /// The text of a revision as it is compared; none where its bytes are no text, or more than is treated as text.
    pub fn text(
        &self,
        document: &Document,
        revision: &Revision,
        scope: Scope,
    ) -> Result<Option<String>, Error> {
        Ok(self.revision_text(document, revision, scope)?.map(|it| it.text))
    }

    /// What came of rendering a revision; none of a format that is not rendered, or of more than is treated as text.
    pub fn rendering(
        &self,
        document: &Document,
        revision: &Revision,
    ) -> Result<Option<Rendering>, Error> {
        let is_rendered = Format::of(&revision.media_type).is_some();
        if !is_rendered || !Facts::of(revision).may_be_text() {
            return Ok(None);
        }
        let bytes = self.read_whole(document, revision)?;
        Ok(rendering_of(&bytes, &revision.media_type, encoding(revision)))
    }

    /// What a revision says of itself, as pages and documents of other formats do.
    pub fn metadata(
        &self,
        document: &Document,
        revision: &Revision,
    ) -> Result<Option<Metadata>, Error> {
        let media_type = &revision.media_type;
        let is_page = text::metadata("", media_type, Scope::Page).is_some();
        if !is_page || !Facts::of(revision).may_be_text() {
            return Ok(None);
        }
        let bytes = self.read_whole(document, revision)?;
        let read_as = read_as(revision, Scope::Page);
        let found = text::notation(&bytes, media_type, read_as.named);
        Ok(found.and_then(|it| text::metadata(&it.text, media_type, Scope::Page)))
    }

    /// The text of a revision in a scope; none where its bytes are no text, or more than is treated as text.
    pub(super) fn revision_text(
        &self,
        document: &Document,
        revision: &Revision,
        scope: Scope,
    ) -> Result<Option<RevisionText>, Error> {
        self.expect_kept(document, revision)?;
        if !Facts::of(revision).may_be_text() {
            return Ok(None);
        }
        let bytes = self.read_whole(document, revision)?;
        let WithStatus { found, status } = text::read(&bytes, read_as(revision, scope));
        let has_gap = status.and_then(gap_of).is_some();
        let media_type = Some(revision.media_type.clone());
        Ok(found.map(|it| RevisionText { text: it.text, scope: it.scope, media_type, has_gap }))
    }
}

/// Contents read to find out which revisions have the words of the one before: no more bytes than this.
const READ_BYTES_MAX: u64 = 32 << 20;

/// Which revisions of a document have the same words as the one before, asked from the latest on.
///
/// Words differ where sketches do, so that only what may be the same is read.
pub struct WordChanges<'a> {
    archive: &'a Archive,
    document: &'a Document,
    /// The text read last: most likely it is asked for next.
    last: Option<(u64, Option<RevisionText>)>,
    n_bytes_left: u64,
}

/// What became of the words of a document in a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordChange {
    /// Only bytes changed, such as those of white space, line ends, the encoding or markup.
    None,
    /// There are other words, or another order of them.
    Some,
    /// One of both is no text, is too long for one, was withdrawn, or cannot be read.
    NoText,
    /// Too much was read already.
    NotRead,
}

impl<'a> WordChanges<'a> {
    /// Of one document.
    pub fn new(archive: &'a Archive, document: &'a Document) -> Self {
        Self { archive, document, last: None, n_bytes_left: READ_BYTES_MAX }
    }

    /// What became of the words.
    pub fn between(&mut self, before: &Revision, after: &Revision) -> Result<WordChange, Error> {
        if interpreted(before) == interpreted(after) {
            return Ok(WordChange::None);
        }
        let is_readable = |it: &Revision| it.withdrawn.is_none() && Facts::of(it).may_be_text();
        if ![before, after].into_iter().all(is_readable) {
            return Ok(WordChange::NoText);
        }
        if self.sketches_differ(before, after)? {
            return Ok(WordChange::Some);
        }
        let is_last = self.last.as_ref().is_some_and(|(event, _)| *event == after.event);
        let n_bytes = before.n_bytes + if is_last { 0 } else { after.n_bytes };
        let Some(n_left) = self.n_bytes_left.checked_sub(n_bytes) else {
            return Ok(WordChange::NotRead);
        };
        self.n_bytes_left = n_left;
        let last = self.last.take().filter(|_| is_last);
        let b = match last {
            Some((_, text)) => text,
            None => self.read(after)?,
        };
        let a = self.read(before)?;
        let change = match (&a, &b) {
            (Some(a), Some(b)) if a.compared_with(b).is_same() => WordChange::None,
            (Some(_), Some(_)) => WordChange::Some,
            _ => WordChange::NoText,
        };
        self.last = Some((before.event, a));
        Ok(change)
    }

    /// Whether both have sketches, of the texts that they are read as here, and these differ.
    fn sketches_differ(&self, before: &Revision, after: &Revision) -> Result<bool, Error> {
        let catalog = &self.archive.catalog;
        let sketch = |revision: &Revision| catalog.sketch(catalog.content_of(revision)?);
        let (before, after) = (sketch(before)?, sketch(after)?);
        Ok(before.is_some() && after.is_some() && before != after)
    }

    /// What is damaged has no text here: that is for whoever reads it.
    fn read(&self, revision: &Revision) -> Result<Option<RevisionText>, Error> {
        match self.archive.revision_text(self.document, revision, Scope::Page) {
            Err(Error::Damaged { .. }) => Ok(None),
            found => found,
        }
    }
}
