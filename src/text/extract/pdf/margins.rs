//! What stands in the margins of many pages: running titles, page numbers.

use std::collections::HashMap;

use super::paragraphs::PdfParagraph;

/// So many paragraphs from the edge of a page are looked at.
const N_OUTER: usize = 3;
/// What stands as far down, to so many points, is the same.
const HEIGHT: f32 = 12.0;
/// What is longer is text.
const CHARS_MAX: usize = 200;

/// Where on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Margin {
    Top,
    Bottom,
}

/// In which margin, how far down and what.
type MarginKey = (Margin, i32, String);

/// For each paragraph of each page, in which margin it stands, if it does.
///
/// What is larger than a heading has to be must stand on most pages, or it is the title of a chapter.
pub(super) fn margins(pages: &[Vec<PdfParagraph>], heading: f32) -> Vec<Vec<Option<Margin>>> {
    let mut counts: HashMap<MarginKey, usize> = HashMap::new();
    for page in pages {
        for (_, key) in outer(page) {
            *counts.entry(key).or_default() += 1;
        }
    }
    // Chapters have titles of their own.
    let n_min = pages.len().min(3).max(pages.len() / 50);
    let is_often = |key: &MarginKey, size: f32| {
        let n_min = if size < heading { n_min } else { n_min.max(pages.len() * 2 / 5) };
        pages.len() > 1 && counts.get(key).is_some_and(|n| *n >= n_min)
    };
    pages
        .iter()
        .map(|page| {
            let mut margins = vec![None; page.len()];
            for (n, key) in outer(page) {
                let size = page.get(n).map_or(0.0, |it| it.size);
                if let Some(margin) = margins.get_mut(n).filter(|_| is_often(&key, size)) {
                    *margin = Some(key.0);
                }
            }
            margins
        })
        .collect()
}

/// The outermost paragraphs of a page, with what they have in common with those of other pages.
fn outer(page: &[PdfParagraph]) -> Vec<(usize, MarginKey)> {
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
            let down = (paragraph.v / HEIGHT).round() as i32;
            Some((n, (margin, down, common(&paragraph.text)?)))
        })
        .collect()
}

/// A text with a sign for each number; none for rows of numbers alone.
fn common(text: &str) -> Option<String> {
    let mut common = String::new();
    let mut last = ' ';
    for c in text.chars() {
        let goes_on = last.is_numeric();
        last = c;
        match c {
            c if c.is_numeric() && goes_on => {}
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
    let n_numbers = common.matches('#').count();
    let n_numbers_max = if has_words { 6 } else { 2 };
    (n_numbers <= n_numbers_max && (has_words || n_numbers > 0)).then_some(common)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: &[(f32, &str)]) -> Vec<PdfParagraph> {
        let paragraph = |(v, text): &(f32, &str)| PdfParagraph {
            text: (*text).to_owned(),
            size: 10.0,
            n_lines: 1,
            v: *v,
            ..PdfParagraph::default()
        };
        lines.iter().map(paragraph).collect()
    }

    #[test]
    fn numbers_differ_from_page_to_page() {
        assert_eq!(common("Page 12 of 30"), common("page 1 of 30"));
        assert_eq!(common("xii"), common("7"));
        assert_eq!(common("1 2 3"), None);
        assert_eq!(common("( )"), None);
    }

    #[test]
    fn what_stands_at_one_height_of_many_pages_is_marked() {
        let pages = [
            page(&[(10.0, "Title"), (100.0, "one"), (200.0, "same"), (790.0, "1")]),
            page(&[(10.0, "Title"), (100.0, "two"), (400.0, "same"), (790.0, "2")]),
            page(&[(10.0, "Title"), (100.0, "three"), (600.0, "same"), (790.0, "3")]),
        ];
        for margins in margins(&pages, 12.0) {
            assert_eq!(margins, [Some(Margin::Top), None, None, Some(Margin::Bottom)]);
        }
    }

    #[test]
    fn one_page_has_no_running_titles() {
        assert_eq!(margins(&[page(&[(10.0, "Title"), (790.0, "1")])], 12.0), [[None, None]]);
    }
}
