//! What is not known of texts that are looked through: whoever does so says how much that is, and takes nothing for
//! missing in them.

use crate::{
    text::extract::{ExtractionStatus, Format, status_unrendered, without_text},
    types::error::Error,
};

pub use crate::catalog::TextGap;

use super::Archive;

/// How many contents could not be looked through, or not to their end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextGaps {
    /// Those that have more bytes than are treated as text, or more text.
    pub n_too_long: u64,
    /// Those whose bytes could not be read.
    pub n_unreadable: u64,
    /// Those of formats that are rendered where that failed, or left something out.
    pub n_not_extracted: u64,
    /// Those that were left for later.
    pub n_not_read: u64,
    /// Revisions passed over because they were withdrawn.
    pub n_withdrawn: u64,
}

impl TextGaps {
    /// Counts one.
    pub fn count(&mut self, gap: TextGap) {
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

impl Archive {
    /// The contents without a text, for whoever goes by what was made of texts before: as far as it is remembered what came
    /// of rendering them.
    pub fn contents_without_text(&self) -> Result<TextGaps, Error> {
        let mut gaps = TextGaps::default();
        for known in without_text() {
            let Some(gap) = gap_of(known.status) else { continue };
            for content in self.catalog.contents(&known.digest)? {
                let Some(content) = self.catalog.indexed_content(content)? else { continue };
                // What read it then may not be what reads it now.
                if Format::of(&content.media_type).is_some_and(|it| it.code() == known.format) {
                    gaps.count(gap);
                    break;
                }
            }
        }
        Ok(gaps)
    }
}
