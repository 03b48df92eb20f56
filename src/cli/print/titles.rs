//! The titles of pages: told above a comparison where they changed, and so neither shown nor counted in it again.

use crate::archive::compare::{Block, Sides, Span, Stat, n_words, without_case};

use super::changes::ChangedTexts;

impl ChangedTexts<'_> {
    /// Whether a block is nothing but the other title of a page.
    pub fn is_title(&self, block: &Block) -> bool {
        let is = |paragraph: &str, title: &Option<String>| {
            title.as_ref().is_some_and(|it| it.split_whitespace().eq(paragraph.split_whitespace()))
        };
        let is_a = || is(&self.texts.a[self.bytes_before(&(0..1))], &self.titles.a);
        let is_b = || is(&self.texts.b[self.bytes_after(&(0..1))], &self.titles.b);
        match block {
            Block::Changed { a: 0, b: 0, .. } => is_a() && is_b(),
            Block::Removed { a, words } => *a == (0..1) && words.is_empty() && is_a(),
            Block::Added { b, words } => *b == (0..1) && words.is_empty() && is_b(),
            _ => false,
        }
    }

    /// How much changed but for titles.
    pub fn stat(&self) -> Stat {
        let mut stat = self.comparison.stat;
        for block in self.comparison.blocks.iter().filter(|block| self.is_title(block)) {
            let Stat { paragraphs, words } = &mut stat;
            let n = match block {
                Block::Changed { .. } => &mut paragraphs.changed,
                Block::Removed { .. } => &mut paragraphs.removed,
                _ => &mut paragraphs.added,
            };
            *n -= 1;
            let edited = self.edited_words(block);
            words.recased = words.recased.saturating_sub(edited.recased);
            words.removed = words.removed.saturating_sub(edited.removed);
            words.added = words.added.saturating_sub(edited.added);
        }
        stat
    }

    /// The words of a block that came and went.
    fn edited_words(&self, block: &Block) -> EditedWords {
        let text = |bytes: Sides<_>| Sides { a: &self.texts.a[bytes.a], b: &self.texts.b[bytes.b] };
        let mut edited = EditedWords::default();
        let mut spans = &self.spans(block)[..];
        while let Some((span, rest)) = spans.split_first() {
            spans = rest;
            match (span, rest) {
                (Span::Removed { a }, [Span::Added { b }, rest @ ..]) => {
                    let Sides { a, b } = text(Sides { a: a.clone(), b: b.clone() });
                    spans = rest;
                    if without_case(a.trim()) == without_case(b.trim()) {
                        edited.recased += n_words(b);
                    } else {
                        edited.removed += n_words(a);
                        edited.added += n_words(b);
                    }
                }
                (Span::Removed { a }, _) => edited.removed += n_words(&self.texts.a[a.clone()]),
                (Span::Added { b }, _) => edited.added += n_words(&self.texts.b[b.clone()]),
                _ => {}
            }
        }
        edited
    }
}

/// Words by what became of them.
#[derive(Default)]
struct EditedWords {
    recased: usize,
    removed: usize,
    added: usize,
}
