//! What changed of pages outside of their main parts.

use crate::{
    diff::{self, Block, Comparison, Sides, TextLayout},
    text::ScopedText,
};

/// How much differs that is visible and not in the main parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideChanges {
    /// Anything does, if only signs.
    pub differs: bool,
    /// Some of it is text: no menu, notice or teaser.
    pub is_read: bool,
    /// Words that came.
    pub n_added: usize,
    /// Words that went.
    pub n_removed: usize,
    /// The first paragraph that differs, of text if any of that does; `None` on the side where it is not there.
    pub first: Sides<Option<String>>,
}

/// What stands outside of a main part.
#[derive(Debug, Clone, Copy)]
pub(super) struct OutsideText<'t> {
    /// All of it.
    pub all: &'t str,
    /// What of it is text.
    pub read: &'t str,
}

impl<'t> OutsideText<'t> {
    pub(super) fn of(text: &'t ScopedText) -> Self {
        Self { all: &text.rest, read: &text.rest_read }
    }
}

impl OutsideChanges {
    pub(super) fn of(sides: Sides<OutsideText<'_>>, layout: TextLayout) -> Self {
        let compared = |texts| diff::compare_laid_out(texts, layout, Sides::default());
        let (all, read) = (sides.map(|it| it.all), sides.map(|it| it.read));
        let (of_all, of_read) = (compared(all), compared(read));
        let differs = differs(&of_all);
        let is_read = differs && !of_read.is_same();
        let first = if is_read { first(&of_read, read) } else { first(&of_all, all) };
        let words = of_all.stat.words;
        Self { differs, is_read, n_added: words.added, n_removed: words.removed, first }
    }
}

/// Whether any paragraph is another or stands elsewhere.
pub(super) fn differs(comparison: &Comparison) -> bool {
    !comparison.blocks.iter().all(|block| matches!(block, Block::Same { .. }))
}

/// The first paragraph with other words, before and after.
fn first(comparison: &Comparison, texts: Sides<&str>) -> Sides<Option<String>> {
    let before = |at: usize| texts.a.get(comparison.paragraphs.a.get(at)?.clone());
    let after = |at: usize| texts.b.get(comparison.paragraphs.b.get(at)?.clone());
    let mut blocks = comparison.blocks.iter().peekable();
    while let Some(block) = blocks.next() {
        let (a, b) = match (block, blocks.peek()) {
            (Block::Changed { a, b, .. }, _) => (before(*a), after(*b)),
            (Block::Removed { a, .. }, Some(Block::Added { b, .. })) => {
                (before(a.start), after(b.start))
            }
            (Block::Removed { a, .. }, _) => (before(a.start), None),
            (Block::Added { b, .. }, _) => (None, after(b.start)),
            _ => continue,
        };
        return Sides { a: a.map(str::to_owned), b: b.map(str::to_owned) };
    }
    Sides::default()
}
