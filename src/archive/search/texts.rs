//! The text of a content as it is searched: all that is visible of a page, with its title.

use std::ops::Range;

use crate::{
    archive::{
        Archive,
        compare::known_headings,
        gaps::{TextGap, gap_of, gap_unrendered},
        operand::{encoding, is_too_long, may_be_compared},
        revision_text::layout,
    },
    catalog::IndexedContent,
    diff::{self, Comparison, KnownHeading, TextLayout},
    search::{fold::FOLDING_VERSION, terms::FoldedText},
    store::{Reader, Sealed},
    text::{self, Locator, Locators, NORMAL_VERSION, WithStatus, extract::EXTRACTION_VERSION},
    types::{digest::Digest, document::Revision, error::Error},
};

/// Of a longer text it is not told under which headings something stands.
const OUTLINED_BYTES_MAX: usize = 1 << 20;

/// A text, and the title that a page gives itself.
#[derive(Debug, Clone, Default)]
pub(super) struct SearchText {
    pub text: String,
    pub title: String,
    headings: Option<Vec<KnownHeading>>,
    layout: TextLayout,
    locators: Locators,
}

/// Where something stands in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextPosition {
    /// The paragraph, from 1; none where a text is too long to be taken apart, or has lines in place of paragraphs.
    pub paragraph: Option<usize>,
    /// The line, from 1.
    pub line: usize,
    /// Where that is in a document of another format.
    pub locator: Option<Locator>,
    /// The headings above it, the highest first.
    pub headings: Vec<String>,
}

/// The same folded, as it is indexed.
#[derive(Debug, Clone, Default)]
pub(super) struct FoldedContent {
    pub text: FoldedText,
    pub title: FoldedText,
}

/// What texts are made of: an index of another folding is made anew.
pub(super) fn folding() -> String {
    format!("{FOLDING_VERSION}.{NORMAL_VERSION}.{EXTRACTION_VERSION}")
}

impl SearchText {
    /// Reads the bytes of a content; none where they are no text. And what of it is not there.
    pub fn of(bytes: &[u8], content: &IndexedContent) -> (Option<Self>, Option<TextGap>) {
        let WithStatus { found, status } =
            text::read_searched(bytes, &content.media_type, content.encoding);
        let text = found.map(|(read, title)| {
            let title = title.unwrap_or_default();
            let headings = known_headings(&read);
            let layout = layout([(read.scope, Some(&content.media_type)); 2]);
            Self { text: read.text, title, headings, layout, locators: read.locators }
        });
        (text, status.and_then(gap_of))
    }

    /// Folds it.
    pub fn folded(&self) -> FoldedContent {
        FoldedContent { text: FoldedText::of(&self.text), title: FoldedText::of(&self.title) }
    }

    /// Where a byte of the text stands.
    pub fn position(&self, at: usize) -> TextPosition {
        let line = 1 + self.text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        let locator = self.locators.at(&self.text, at);
        if self.layout == TextLayout::Lines || self.text.len() > OUTLINED_BYTES_MAX {
            return TextPosition { paragraph: None, line, locator, headings: Vec::new() };
        }
        // What comes later decides nothing but whether the line before it is a heading.
        let later = self.text[at..].match_indices("\n\n").nth(2).map(|(n_bytes, _)| at + n_bytes);
        let text = &self.text[..later.unwrap_or(self.text.len())];
        let (paragraphs, headings) = diff::outline(text, self.layout, self.headings.as_deref());
        let n =
            paragraphs.partition_point(|it| it.end <= at).min(paragraphs.len().saturating_sub(1));
        let above = Comparison::headings_above(&headings, n).into_iter().filter(|it| *it != n);
        let heading = |bytes: &Range<usize>| {
            let line = self.text[bytes.clone()].trim().lines().next().unwrap_or_default();
            line.trim_start_matches(['#', ' ']).trim_end_matches(':').to_owned()
        };
        let headings = above.filter_map(|it| paragraphs.get(it)).map(heading).collect();
        TextPosition { paragraph: Some(n + 1), line, locator, headings }
    }
}

impl Archive {
    /// The text of a content that is kept; none where it has none. And what of it is not there.
    pub(super) fn search_text(
        &self,
        content: i64,
    ) -> Result<(Option<SearchText>, Option<TextGap>), Error> {
        let Some(known) = self.catalog.indexed_content(content)? else { return Ok((None, None)) };
        self.search_text_by(&known, |reader, digest, n| reader.content_bytes(digest, n))
    }

    /// The text of a revision with that content, among others that are not read.
    pub(super) fn lone_search_text(
        &self,
        content: i64,
        revision: &Revision,
    ) -> Result<Option<SearchText>, Error> {
        let known = IndexedContent {
            content,
            digest: revision.digest,
            n_bytes: revision.n_bytes,
            media_type: revision.media_type.clone(),
            encoding: encoding(revision),
        };
        let read =
            |reader: &Reader<Sealed>, digest: &Digest, n| reader.lone_content_bytes(digest, n);
        Ok(self.search_text_by(&known, read)?.0)
    }

    fn search_text_by(
        &self,
        known: &IndexedContent,
        read: impl Fn(&Reader<Sealed>, &Digest, u64) -> Result<Vec<u8>, Error>,
    ) -> Result<(Option<SearchText>, Option<TextGap>), Error> {
        if is_too_long(known.n_bytes, &known.media_type) {
            return Ok((None, Some(TextGap::TooLong)));
        }
        if !may_be_compared(known.n_bytes, &known.media_type) {
            return Ok((None, gap_unrendered(known.n_bytes, &known.media_type)));
        }
        let bytes = read(&self.reader, &known.digest, known.n_bytes)?;
        Ok(SearchText::of(&bytes, known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_paragraph_line_and_headings() {
        let text =
            "# Harbour\n\nThe first paragraph stands here.\n\n## Ferries\n\nNo ferry sails.\n";
        let search_text = SearchText { text: text.into(), ..SearchText::default() };
        let found = search_text.position(text.find("sails").unwrap());
        let expected = TextPosition {
            paragraph: Some(4),
            line: 7,
            locator: None,
            headings: vec!["Harbour".to_owned(), "Ferries".to_owned()],
        };
        assert_eq!(found, expected);
    }
}
