//! What is cut out of the main part of a page: what lies in it and is no text of it.
//!
//! The rules and their numbers are those of Readability, apart from the tail, teasers, and what reads as text or is a heading.

use super::outline::{Counts, Kind, Outline, Part, PartId};

/// Buttons to share a page say less than that.
const SHARE_CHARS_MAX: u32 = 500;
/// What has so many commas is text.
const COMMAS_OF_TEXT: u32 = 10;
/// Chosen: a piece at the end with more of it in links is a link.
const TAIL_LINKS: f32 = 0.5;
/// Chosen: of a part, its tail is less than the part divided by that.
const TAIL_SHARE: u32 = 5;

/// A page without what is no text.
pub(super) struct Trimmed {
    /// What is left in each part.
    pub counts: Vec<Counts>,
    /// The parts that are cut.
    pub is_cut: Vec<bool>,
}

impl Trimmed {
    /// Cuts by kind, name and content; `uncut` is what lies in each part.
    pub(super) fn of(outline: &Outline, uncut: &[Counts], weighs_names: bool) -> Self {
        let in_table = in_data_tables(outline, uncut);
        Self::by(outline, |id, counts| {
            let part = outline.part(id);
            let weight = if weighs_names { i32::from(part.names.weight) } else { 0 };
            match part.kind {
                Kind::Heading(1 | 2) => weight < 0,
                Kind::Form | Kind::Table | Kind::List | Kind::Div => {
                    let is_kept = in_table[id] || part.n_to_code < 3;
                    let has_commas = counts.n_commas >= COMMAS_OF_TEXT;
                    let is_no_text = || {
                        counts.are_headings_left_of(&uncut[id])
                            || looks_like_no_text(outline, part, counts, weight)
                    };
                    !is_kept && (weight < 0 || !has_commas && is_no_text())
                }
                Kind::Section | Kind::Article | Kind::Block => {
                    counts.are_headings_left_of(&uncut[id])
                }
                _ => false,
            }
        })
    }

    /// Cuts only what is never text.
    pub(super) fn lightly(outline: &Outline) -> Self {
        Self::by(outline, |_, _| false)
    }

    fn by(outline: &Outline, mut is_no_text: impl FnMut(PartId, &Counts) -> bool) -> Self {
        let mut is_cut = vec![false; outline.len()];
        let counts = outline.counted(|id, counts| {
            let part = outline.part(id);
            let is_share = part.names.is_share && counts.n_chars < SHARE_CHARS_MAX;
            let is_never = matches!(
                part.kind,
                Kind::Besides | Kind::Menu | Kind::Title | Kind::Input | Kind::Button
            );
            let is_teaser = part.names.is_teaser && counts.n_link > 0;
            is_cut[id] = is_never || is_share || is_teaser || is_no_text(id, counts);
            is_cut[id]
        });
        Self { counts, is_cut }
    }

    /// Which of what lies in a part lies in something cut, or is that.
    pub(super) fn in_cut(&self, outline: &Outline, root: PartId) -> Vec<bool> {
        let mut in_cut = vec![false; outline.part(root).end - root];
        for part in root + 1..outline.part(root).end {
            in_cut[part - root] = self.is_cut[part] || in_cut[outline.part(part).parent - root];
        }
        in_cut
    }

    /// Cuts what stands behind the last text of a part: headings and links, if that is little.
    pub(super) fn cut_tail(&mut self, outline: &Outline, root: PartId) {
        let in_cut = self.in_cut(outline, root);
        let (mut found, mut n_chars) = (Vec::new(), 0);
        for id in (root + 1..outline.part(root).end).rev() {
            let (part, counts) = (outline.part(id), &self.counts[id]);
            if in_cut[id - root] || !outline.is_line(id) || counts.n_chars == 0 {
                continue;
            }
            let is_heading = matches!(part.kind, Kind::Heading(_));
            if !is_heading && counts.link_density() < TAIL_LINKS {
                break;
            }
            n_chars += counts.n_chars;
            found.push(id);
        }
        if n_chars < self.counts[root].n_chars / TAIL_SHARE {
            found.into_iter().for_each(|id| self.is_cut[id] = true);
        }
    }
}

/// Which parts are tables of data or lie in one.
fn in_data_tables(outline: &Outline, counts: &[Counts]) -> Vec<bool> {
    let mut found = vec![false; outline.len()];
    for id in 1..outline.len() {
        let part = outline.part(id);
        found[id] = found[part.parent] || part.kind == Kind::Table && is_data(&counts[id]);
    }
    found
}

/// Whether a table is one of data, not of layout.
fn is_data(counts: &Counts) -> bool {
    let &Counts { n_tables, n_rows, n_cells, n_table_heads, .. } = counts;
    n_table_heads > 0 || n_tables == 0 && (n_rows >= 10 || n_cells > 4 * n_rows || n_cells > 10)
}

/// What has few commas and more of other things than paragraphs, or is mostly links.
fn looks_like_no_text(outline: &Outline, part: &Part, counts: &Counts, weight: i32) -> bool {
    let &Counts { n_chars, n_paragraphs, n_images, n_items, n_inputs, n_embeds, .. } = counts;
    let is_most = |n: u32| n_chars > 0 && n as f32 > 0.9 * n_chars as f32;
    let is_list = part.kind == Kind::List || is_most(counts.n_list_chars);
    let is_figure = outline.part(part.parent).kind == Kind::Figure;
    let density = counts.link_density();
    let is_link = n_chars < 25 && (n_images == 0 || n_images > 2) && density > 0.0;
    !is_figure && n_images > 1 && 2 * n_paragraphs < n_images
        || !is_list && n_items > n_paragraphs + 100
        || n_inputs > n_paragraphs / 3
        || !is_list && !is_figure && !is_most(counts.n_heading_chars) && is_link
        || !is_list && weight < 25 && density > 0.2
        || weight >= 25 && density > 0.5
        || n_embeds == 1 && n_chars < 75
        || n_embeds > 1
        || n_images == 0
            && counts.n_set == 0
            && !counts.reads_as_text()
            && !is_most(counts.n_heading_chars)
}
