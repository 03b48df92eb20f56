//! What is not known of texts that are looked through: whoever does so says how much that is, and takes nothing for
//! missing in them.

use crate::{
    text::extract::{ExtractionStatus, Format, status_unrendered, without_text},
    types::{
        document::{Document, Revision},
        error::Error,
    },
};

pub use crate::catalog::TextGap;

use super::Archive;

/// So many of what has no text are named.
const NAMED_MAX: usize = 3;

/// How many contents could not be looked through, or not to their end.
#[derive(Debug, Clone, Default)]
pub struct TextGaps {
    /// Those that have more bytes than are treated as text, or more text.
    pub n_too_long: u64,
    /// Those whose bytes could not be read.
    pub n_unreadable: u64,
    /// Those of formats that are rendered where that failed, or left something out.
    pub n_not_extracted: u64,
    /// Revisions with the first of these.
    pub not_extracted: Vec<(Document, Revision)>,
    /// Those that were left for later.
    pub n_not_read: u64,
    /// Revisions passed over because they were withdrawn.
    pub n_withdrawn: u64,
}

impl TextGaps {
    /// Counts one, of which this is a revision.
    pub fn count(&mut self, gap: TextGap, of: Option<(Document, Revision)>) {
        if gap == TextGap::NotExtracted && self.not_extracted.len() < NAMED_MAX {
            self.not_extracted.extend(of);
        }
        *match gap {
            TextGap::TooLong => &mut self.n_too_long,
            TextGap::Unreadable => &mut self.n_unreadable,
            TextGap::NotExtracted => &mut self.n_not_extracted,
            TextGap::NotRead => &mut self.n_not_read,
        } += 1;
    }
}

/// What of a text is not known after it was rendered. In one without words nothing is missing.
pub(super) fn gap_of(status: ExtractionStatus) -> Option<TextGap> {
    match status {
        ExtractionStatus::Ok | ExtractionStatus::NoText => None,
        ExtractionStatus::NotRead => Some(TextGap::NotRead),
        ExtractionStatus::Truncated => Some(TextGap::TooLong),
        _ => Some(TextGap::NotExtracted),
    }
}

/// What is not known of a content that may not be compared as text: all of it, where nothing here reads such a format.
pub(super) fn gap_unrendered(n_bytes: u64, media_type: &str) -> Option<TextGap> {
    status_unrendered(n_bytes, media_type).and_then(gap_of)
}

/// Whether the text of a content of which this came is missing, or not whole.
pub fn is_missing(status: ExtractionStatus) -> bool {
    gap_of(status).is_some()
}

impl Archive {
    /// What came of reading the text of a revision, as `show` tells it; none of what is read as it stands, and of what is not
    /// there.
    pub fn text_status(
        &self,
        document: &Document,
        revision: &Revision,
    ) -> Result<Option<ExtractionStatus>, Error> {
        if revision.withdrawn.is_some() {
            return Ok(None);
        }
        let rendering = self.rendering(document, revision)?.map(|it| it.status);
        Ok(rendering.or_else(|| status_unrendered(revision.n_bytes, &revision.media_type)))
    }

    /// The contents without a text, for whoever goes by what was made of texts before: as far as it is remembered what came
    /// of rendering them.
    pub fn contents_without_text(&self) -> Result<TextGaps, Error> {
        let mut gaps = TextGaps::default();
        for known in without_text() {
            let Some(gap) = gap_of(known.status) else { continue };
            for row in self.catalog.contents(&known.digest)? {
                let Some(content) = self.catalog.indexed_content(row)? else { continue };
                // What read it then may not be what reads it now.
                if Format::of(&content.media_type).is_some_and(|it| it.code() == known.format) {
                    let of = self.catalog.revisions_with(row)?.pop();
                    gaps.count(gap, of);
                    break;
                }
            }
        }
        Ok(gaps)
    }
}
