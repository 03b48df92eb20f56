//! Where each paragraph of a document comes from: revisions are compared one after the other, as they were
//! captured, and a table says of each paragraph of the text so far which revision brought it.
//!
//! What was moved, wrapped otherwise, split or joined with the same words stays with its revision; a paragraph
//! with other words is the revision's that changed it. Nothing is missing in a gap: what a text that is not whole lacks has not
//! gone, and what it has came with it. Up to three texts are in memory, and a table of each but the next.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
};

use crate::{
    diff::{Block, Comparison, Span},
    text::Scope,
    types::{
        document::{Document, Revision},
        error::Error,
    },
};

use super::{Archive, operand::interpreted, revision_text::RevisionText};

/// So many words in a row say that a paragraph stands within another.
const RUN_WORDS: usize = 8;

/// A revision's text, and which revision brought each paragraph.
pub struct Blame {
    /// The text, of pages what the scope says.
    pub text: String,
    /// How much of a page that is; `None` where it is no page.
    pub scope: Option<Scope>,
    /// Its paragraphs are lines each of which stands for itself.
    pub are_lines: bool,
    /// Its paragraphs in order.
    pub paragraphs: Vec<BlamedParagraph>,
    /// The revisions that brought them, the first one captured first.
    pub revisions: Vec<Revision>,
}

/// A paragraph, and the revision that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlamedParagraph {
    /// Where it stands, as bytes of the text.
    pub bytes: Range<usize>,
    /// The index of the revision that brought it, or changed it last.
    pub brought_by: usize,
}

/// A paragraph that is no longer there.
pub struct GoneParagraph<'a> {
    /// As it was last.
    pub text: &'a str,
    /// The revision that brought it, or changed it last.
    pub brought_by: &'a Revision,
    /// The first one captured without it.
    pub removed_by: &'a Revision,
}

impl Archive {
    /// Finds which revision brought each paragraph of one; `None` where the revision is no text, or too long for one.
    ///
    /// Calls `on_gone` with the paragraphs that went on the way and do not stand in that revision, in the order in
    /// which they went. Revisions in between that are no text, or were withdrawn, are passed over, and so is what is
    /// missing where a text is not whole.
    pub fn blame(
        &self,
        document: &Document,
        revision: &Revision,
        scope: Scope,
        mut on_gone: impl FnMut(GoneParagraph<'_>) -> Result<(), Error>,
    ) -> Result<Option<Blame>, Error> {
        let Some(last) = self.revision_text(document, revision, scope)? else { return Ok(None) };
        // Where its main part is not clear, no other page's is asked for.
        let scope = last.scope.unwrap_or(scope);
        let mut revisions = self.catalog.revisions(document)?;
        revisions.reverse();
        let end = revisions.iter().position(|it| it.event == revision.event);
        revisions.truncate(end.map_or(revisions.len(), |end| end + 1));
        let standing = StandingText::of(&last);
        let (mut tables, mut last_text) = (BlameTables::default(), None);
        for index in 0..revisions.len() {
            let revision = &revisions[index];
            let own = interpreted(revision);
            if revision.withdrawn.is_some() || last_text.replace(own.clone()) == Some(own) {
                continue;
            }
            let Some(text) = self.revision_text(document, &revisions[index], scope)? else {
                continue;
            };
            tables.advance(text, index, |text, brought_by| {
                if standing.has(text) {
                    return Ok(());
                }
                let (brought_by, removed_by) = (&revisions[brought_by], &revisions[index]);
                on_gone(GoneParagraph { text, brought_by, removed_by })
            })?;
        }
        let BlameTable { text: RevisionText { text, scope, .. }, are_lines, paragraphs } =
            tables.end();
        Ok(Some(Blame { text, scope, are_lines, paragraphs, revisions }))
    }
}

/// The paragraphs of a text, and each run of some words in it, by their hashes.
struct StandingText {
    paragraphs: HashSet<u64>,
    runs: HashSet<u64>,
}

impl StandingText {
    fn of(text: &RevisionText) -> Self {
        let found = RevisionText::default().compared_with(text).paragraphs.b;
        let words: Vec<&str> = text.text.split_whitespace().collect();
        let hash_of =
            |bytes: Range<usize>| hash(&text.text[bytes].split_whitespace().collect::<Vec<_>>());
        Self {
            paragraphs: found.into_iter().map(hash_of).collect(),
            runs: words.windows(RUN_WORDS).map(hash).collect(),
        }
    }

    /// Whether a paragraph stands in it, by itself or, if it is no short one, within another.
    fn has(&self, paragraph: &str) -> bool {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        let mut runs = words.windows(RUN_WORDS).map(hash);
        self.paragraphs.contains(&hash(&words))
            || words.len() >= RUN_WORDS && runs.all(|run| self.runs.contains(&run))
    }
}

fn hash(words: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// Of the last text that is whole, and of one after it that is not.
#[derive(Default)]
struct BlameTables {
    whole: BlameTable,
    with_gap: Option<BlameTable>,
}

impl BlameTables {
    /// Goes on to the text of the next revision.
    fn advance(
        &mut self,
        text: RevisionText,
        index: usize,
        on_gone: impl FnMut(&str, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let stays = |_: &str, _| Ok(());
        if text.has_gap {
            let mut table = self.whole.clone();
            table.advance(text.clone(), index, stays)?;
            if let Some(mut before) = self.with_gap.take() {
                before.advance(text, index, stays)?;
                table.take_older(&before);
            }
            self.with_gap = Some(table);
            return Ok(());
        }
        let before = self.with_gap.take().map(|mut before| {
            before.advance(text.clone(), index, stays)?;
            Ok::<_, Error>(before)
        });
        self.whole.advance(text, index, on_gone)?;
        if let Some(before) = before.transpose()? {
            self.whole.take_older(&before);
        }
        Ok(())
    }

    /// The table of the last text.
    fn end(self) -> BlameTable {
        self.with_gap.unwrap_or(self.whole)
    }
}

/// The text so far, and which revision brought each paragraph, by its index.
#[derive(Default, Clone)]
struct BlameTable {
    text: RevisionText,
    are_lines: bool,
    paragraphs: Vec<BlamedParagraph>,
}

impl BlameTable {
    /// Goes on to the text of the next revision.
    fn advance(
        &mut self,
        text: RevisionText,
        index: usize,
        mut on_gone: impl FnMut(&str, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let comparison = self.text.compared_with(&text);
        let before = self.brought_by(&comparison.paragraphs.a);
        // What is outside of the main part has not gone where that alone is compared from here on.
        let is_narrower =
            (self.text.scope, text.scope) == (Some(Scope::Page), Some(Scope::Article));
        let mut brought_by = vec![index; comparison.paragraphs.b.len()];
        for block in &comparison.blocks {
            match block {
                Block::Removed { a, .. } if !is_narrower => {
                    for paragraph in a.clone() {
                        let bytes = comparison.paragraphs.a[paragraph].clone();
                        on_gone(&self.text.text[bytes], before[paragraph])?;
                    }
                }
                Block::Same { a, b } | Block::Rewrapped { a, b } => {
                    brought_by[b.clone()].copy_from_slice(&before[a.clone()]);
                }
                Block::Moved { a, b, words } => {
                    for (from, to) in a.clone().zip(b.clone()) {
                        if !is_touched(to, &comparison, words, &text.text) {
                            brought_by[to] = before[from];
                        }
                    }
                }
                Block::Regrouped { a, b, words } => {
                    let newest = before[a.clone()].iter().copied().max().unwrap_or(index);
                    for paragraph in b.clone() {
                        if !is_touched(paragraph, &comparison, words, &text.text) {
                            brought_by[paragraph] = newest;
                        }
                    }
                }
                _ => {}
            }
        }
        let paragraphs = comparison.paragraphs.b.into_iter().zip(brought_by);
        self.paragraphs =
            paragraphs.map(|(bytes, brought_by)| BlamedParagraph { bytes, brought_by }).collect();
        (self.text, self.are_lines) = (text, comparison.are_lines);
        Ok(())
    }

    /// Takes from another table of the same text what is older there.
    fn take_older(&mut self, other: &Self) {
        let bytes: Vec<Range<usize>> = self.paragraphs.iter().map(|it| it.bytes.clone()).collect();
        for (paragraph, brought_by) in self.paragraphs.iter_mut().zip(other.brought_by(&bytes)) {
            paragraph.brought_by = paragraph.brought_by.min(brought_by);
        }
    }

    /// The same of the paragraphs that a comparison found in the text: the newest of what lies in each, since where
    /// paragraphs begin depends on the other side, too.
    fn brought_by(&self, paragraphs: &[Range<usize>]) -> Vec<usize> {
        let mut next = 0;
        let brought_by = |paragraph: &Range<usize>| {
            while self.paragraphs.get(next).is_some_and(|it| it.bytes.end <= paragraph.start) {
                next += 1;
            }
            let inside = self.paragraphs[next..].iter();
            let inside = inside.take_while(|it| it.bytes.start < paragraph.end);
            inside.map(|it| it.brought_by).max().unwrap_or(0)
        };
        paragraphs.iter().map(brought_by).collect()
    }
}

/// Whether words came into a paragraph, or went from it or from where it touches the next one.
fn is_touched(paragraph: usize, comparison: &Comparison, words: &[Span], text: &str) -> bool {
    let paragraph = &comparison.paragraphs.b[paragraph];
    let mut end = None;
    words.iter().any(|span| match span {
        Span::Same { b, .. } => {
            end = Some(b.end);
            false
        }
        Span::Added { b } | Span::Moved { b, .. } => {
            end = Some(b.end);
            b.start < paragraph.end && paragraph.start < b.end
        }
        Span::Removed { .. } | Span::MovedAway { .. } => match end {
            Some(end) if end > paragraph.end => text[paragraph.end..end].trim().is_empty(),
            Some(end) => end >= paragraph.start,
            None => comparison.paragraphs.b.first() == Some(paragraph),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For each paragraph of the last text what brought it, and what went: where from, where to, its first word.
    fn blamed(texts: &[&str]) -> (Vec<usize>, Vec<(usize, usize, String)>) {
        blamed_with_gaps(texts, &[])
    }

    /// The same of texts of which those at these indexes are not whole.
    fn blamed_with_gaps(
        texts: &[&str],
        gaps: &[usize],
    ) -> (Vec<usize>, Vec<(usize, usize, String)>) {
        let (mut tables, mut gone) = (BlameTables::default(), Vec::new());
        for (index, text) in texts.iter().enumerate() {
            let has_gap = gaps.contains(&index);
            let text =
                RevisionText { text: (*text).to_owned(), has_gap, ..RevisionText::default() };
            let on_gone = |text: &str, brought_by| {
                let word = text.split_whitespace().next().unwrap_or_default();
                gone.push((brought_by, index, word.to_owned()));
                Ok(())
            };
            tables.advance(text, index, on_gone).unwrap();
        }
        (tables.end().paragraphs.iter().map(|it| it.brought_by).collect(), gone)
    }

    #[test]
    fn what_came_back_or_stands_in_another_paragraph_is_not_gone() {
        let read = |text: &str| RevisionText { text: text.to_owned(), ..RevisionText::default() };
        let standing = StandingText::of(&read(&format!("{FERRY} {BOARD}\n\nTides")));
        for (paragraph, expected) in [
            (FERRY, true),
            (&BOARD.replace(" and", "\nand"), true),
            (&BOARD.replace("pilots", "owners"), false),
            ("Tides", true),
            ("The ferry", false),
            (WOOL, false),
        ] {
            assert_eq!(standing.has(paragraph), expected, "{paragraph}");
        }
    }

    const FERRY: &str = "The ferry to the islands sails from Port Essery at six each morning.";
    const BOARD: &str =
        "A board of pilots met on Monday, and will meet again before the end of March.";
    const WOOL: &str =
        "Prices of wool rose at the spring market, by as much as a tenth for fine lots.";

    fn text(paragraphs: &[&str]) -> String {
        paragraphs.join("\n\n")
    }

    #[test]
    fn what_is_moved_or_wrapped_otherwise_stays_with_its_revision() {
        let first = text(&[FERRY, BOARD]);
        let second = text(&[FERRY, BOARD, WOOL]);
        let third = text(&[WOOL, FERRY, &BOARD.replace(" and", "\nand")]);
        assert_eq!(blamed(&[&first, &second, &third]), (vec![1, 0, 0], vec![]));
    }

    #[test]
    fn a_change_names_the_revision_that_made_it_last() {
        let first = text(&[FERRY, BOARD]);
        let second = text(&[&FERRY.replace("six", "seven"), BOARD]);
        let third = text(&[&FERRY.replace("six", "eight"), BOARD]);
        assert_eq!(blamed(&[&first, &second]).0, [1, 0]);
        assert_eq!(blamed(&[&first, &second, &third]).0, [2, 0]);
        assert_eq!(blamed(&[&first, &second, &first]).0, [2, 0]);
        assert_eq!(blamed(&[&first, &second, &second]).0, [1, 0]);
    }

    #[test]
    fn what_went_says_what_brought_and_what_removed_it() {
        let (first, second) = (text(&[FERRY, BOARD]), text(&[FERRY, WOOL, BOARD]));
        let (third, fourth) = (text(&[FERRY, WOOL]), text(&[FERRY]));
        let gone = vec![(0, 2, "A".to_owned()), (1, 3, "Prices".to_owned())];
        assert_eq!(blamed(&[&first, &second, &third, &fourth]), (vec![0], gone));
        let (brought_by, gone) = blamed(&[&first, "", &first]);
        assert_eq!((brought_by, gone.len()), (vec![2, 2], 2));
    }

    #[test]
    fn nothing_is_missing_in_a_gap() {
        let (first, cut) = (text(&[FERRY, BOARD]), text(&[FERRY]));
        assert_eq!(blamed_with_gaps(&[&first, &cut, &first], &[1]), (vec![0, 0], vec![]));
        assert_eq!(blamed_with_gaps(&[&first, &cut], &[1]), (vec![0], vec![]));
        // What it has came with it, and what is missing in the next one that is whole has gone.
        let (cut, third) = (text(&[FERRY, WOOL]), text(&[FERRY, WOOL, "Tides"]));
        let gone = vec![(0, 3, "A".to_owned())];
        let texts = [&first[..], &cut, &cut, &third];
        assert_eq!(blamed_with_gaps(&texts[..2], &[1]), (vec![0, 1], vec![]));
        assert_eq!(blamed_with_gaps(&texts, &[1, 2]), (vec![0, 1, 3], gone));
    }

    #[test]
    fn a_split_paragraph_stays_with_its_revision_where_its_words_are_the_same() {
        let joined = format!("{FERRY} {BOARD}");
        let split = text(&[FERRY, BOARD]);
        assert_eq!(blamed(&[&joined, &split]).0, [0, 0]);
        assert_eq!(blamed(&[&split, &joined]).0, [0]);
        let changed = text(&[FERRY, &BOARD.replace("March", "April")]);
        assert_eq!(blamed(&[&joined, &changed]).0, [0, 1]);
        let changed = text(&[&FERRY.replace("ferry", "boat"), BOARD]);
        assert_eq!(blamed(&[&joined, &changed]).0, [1, 0]);
    }
}
