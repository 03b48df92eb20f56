//! The text of a content as it is searched: all that is visible of a page, with its title.

use std::ops::Range;

use crate::{
    archive::{
        Archive,
        compare::known_headings,
        operand::{may_be_compared, read_as},
    },
    diff::{self, Comparison, KnownHeading},
    search::terms::FoldedText,
    text::{self, NORMAL_VERSION, Scope},
    types::{document::Revision, error::Error, name::DocName},
};

/// Of a longer text it is not told under which headings something stands.
const OUTLINED_BYTES_MAX: usize = 1 << 20;
/// An ending of a name has at most so many letters; what a document is called has none.
const ENDING_BYTES_MAX: usize = 5;

/// A text, and what it is called.
#[derive(Debug, Clone, Default)]
pub(super) struct SearchText {
    pub text: String,
    pub title: String,
    headings: Option<Vec<KnownHeading>>,
}

/// Where something stands in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextPosition {
    /// The paragraph, from 1; none where a text is too long to be taken apart.
    pub paragraph: Option<usize>,
    /// The line, from 1.
    pub line: usize,
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
    format!("{}.{NORMAL_VERSION}", crate::search::fold::FOLDING_VERSION)
}

impl SearchText {
    /// Reads the bytes of a revision; none where they are no text.
    pub fn of(bytes: &[u8], revision: &Revision, name: Option<&DocName>) -> Option<Self> {
        let (read, title) = text::read_titled(bytes, read_as(revision, Scope::Page))?;
        let title = title.unwrap_or_else(|| name.map_or_else(String::new, title_of));
        let headings = known_headings(&read);
        Some(Self { text: read.text, title, headings })
    }

    /// Folds it.
    pub fn folded(&self) -> FoldedContent {
        FoldedContent { text: FoldedText::of(&self.text), title: FoldedText::of(&self.title) }
    }

    /// Where a byte of the text stands.
    pub fn position(&self, at: usize) -> TextPosition {
        let line = 1 + self.text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        if self.text.len() > OUTLINED_BYTES_MAX {
            return TextPosition { paragraph: None, line, headings: Vec::new() };
        }
        let (paragraphs, headings) = diff::outline(&self.text, self.headings.as_deref());
        let n =
            paragraphs.partition_point(|it| it.end <= at).min(paragraphs.len().saturating_sub(1));
        let above = Comparison::headings_above(&headings, n).into_iter().filter(|it| *it != n);
        let heading = |bytes: &Range<usize>| {
            let line = self.text[bytes.clone()].trim().lines().next().unwrap_or_default();
            line.trim_start_matches(['#', ' ']).trim_end_matches(':').to_owned()
        };
        let headings = above.filter_map(|it| paragraphs.get(it)).map(heading).collect();
        TextPosition { paragraph: Some(n + 1), line, headings }
    }
}

/// The last part of a name, without an ending such as `.txt`.
fn title_of(name: &DocName) -> String {
    let tail = String::from_utf8_lossy(name.tail()).into_owned();
    let stem = tail.rsplit_once('.').filter(|(stem, ending)| {
        !stem.is_empty()
            && ending.len() <= ENDING_BYTES_MAX
            && ending.starts_with(|c: char| c.is_ascii_alphabetic())
    });
    stem.map_or(tail.clone(), |(stem, _)| stem.to_owned())
}

impl Archive {
    /// The text of a content that is kept, by the revision that says how it is read; none where it has none.
    pub(super) fn search_text(
        &self,
        content: i64,
        revision: &Revision,
    ) -> Result<Option<SearchText>, Error> {
        if !may_be_compared(revision.n_bytes, &revision.media_type) {
            return Ok(None);
        }
        let bytes = self.reader.content_bytes(&revision.digest, revision.n_bytes)?;
        Ok(SearchText::of(&bytes, revision, self.catalog.first_name(content)?.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_title_without_its_ending() {
        for (name, title) in [
            ("wire/harbour-2.txt", "harbour-2"),
            ("a/.profile", ".profile"),
            ("a/v1.25", "v1.25"),
            ("a/report.final version", "report.final version"),
        ] {
            assert_eq!(title_of(&DocName::new(name).unwrap()), title, "{name}");
        }
    }

    #[test]
    fn a_place_has_paragraph_line_and_headings() {
        let text =
            "# Harbour\n\nThe first paragraph stands here.\n\n## Ferries\n\nNo ferry sails.\n";
        let search_text = SearchText { text: text.into(), ..SearchText::default() };
        let found = search_text.position(text.find("sails").unwrap());
        let expected = TextPosition {
            paragraph: Some(4),
            line: 7,
            headings: vec!["Harbour".to_owned(), "Ferries".to_owned()],
        };
        assert_eq!(found, expected);
    }
}
