//! What stands in the margins of many pages: running titles, page numbers.

use std::collections::HashMap;

use super::paragraphs::Paragraph;

/// So many paragraphs from the edge of a page are looked at.
const N_OUTER: usize = 3;
/// What is longer is text.
const CHARS_MAX: usize = 200;

/// Where on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Margin {
    Top,
    Bottom,
}

/// For each paragraph of each page, in which margin it stands, if it does.
pub(super) fn margins(pages: &[Vec<Paragraph>]) -> Vec<Vec<Option<Margin>>> {
    let mut counts: HashMap<(Margin, String), usize> = HashMap::new();
    for page in pages {
        for (_, key) in outer(page) {
            *counts.entry(key).or_default() += 1;
        }
    }
    // Chapters have titles of their own.
    let n_min = pages.len().min(3).max(pages.len() / 50);
    let is_often =
        |key: &(Margin, String)| pages.len() > 1 && counts.get(key).is_some_and(|n| *n >= n_min);
    pages
        .iter()
        .map(|page| {
            let mut margins = vec![None; page.len()];
            for (n, key) in outer(page).into_iter().filter(|it| is_often(&it.1)) {
                if let Some(margin) = margins.get_mut(n) {
                    *margin = Some(key.0);
                }
            }
            margins
        })
        .collect()
}

/// The outermost paragraphs of a page, with what they have in common with those of other pages.
fn outer(page: &[Paragraph]) -> Vec<(usize, (Margin, String))> {
    let mut by_place: Vec<usize> = (0..page.len()).collect();
    let place = |n: &usize| page.get(*n).map_or(0.0, |it| it.v);
    by_place.sort_by(|a, b| place(a).total_cmp(&place(b)));
    let middle = by_place.len().div_ceil(2);
    let top = by_place.iter().take(N_OUTER.min(middle)).map(|n| (*n, Margin::Top));
    let n_bottom = N_OUTER.min(by_place.len() - middle);
    let bottom = by_place.iter().rev().take(n_bottom).map(|n| (*n, Margin::Bottom));
    top.chain(bottom)
        .filter_map(|(n, margin)| {
            let paragraph =
                page.get(n).filter(|it| it.n_lines <= 2 && it.text.len() <= CHARS_MAX)?;
            Some((n, (margin, common(&paragraph.text)?)))
        })
        .collect()
}

/// A text with a sign for each number; none for rows of numbers alone.
fn common(text: &str) -> Option<String> {
    let mut common = String::new();
    for c in text.chars() {
        match c {
            c if c.is_numeric() && common.ends_with('#') => {}
            c if c.is_numeric() => common.push('#'),
            c if c.is_whitespace() => {}
            c => common.extend(c.to_lowercase()),
        }
    }
    // Roman numbers of prefaces.
    if common.len() <= 6 && common.chars().all(|c| matches!(c, 'i' | 'v' | 'x' | 'l')) {
        return Some("#".to_owned());
    }
    let has_words = common.chars().any(char::is_alphabetic);
    (has_words || common.matches('#').count() <= 2).then_some(common)
}
