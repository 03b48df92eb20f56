//! Whether paragraphs that became others show it, or only ends of lines moved.
//!
//! In a text of wrapped lines that no blank line and no indent part, where a paragraph ends is a guess from the lengths
//! of lines. There a line that ends a word earlier can look like two paragraphs.

use std::ops::Range;

use super::lines::{LineKind, RawLine};

/// An end of a line that moved by so many words is still the same one.
const MOVED_WORDS: usize = 2;

/// Whether one paragraph of wrapped lines has its lines end elsewhere, so that it is read as several: all of `parts` stand
/// in `text`.
pub fn is_wrapped_otherwise(whole: &str, text: &str, parts: &[Range<usize>]) -> bool {
    let ends = line_ends(whole);
    let lengths: Vec<usize> = parts.iter().map(|it| n_words(&text[it.clone()])).collect();
    let n_all = lengths.iter().sum::<usize>();
    let n_whole = n_words(whole);
    let mut n_before = 0;
    let moved = |pair: &[Range<usize>], n_before: usize| {
        let Some((last, next)) = bare_end(text, pair) else { return false };
        // Counted from both ends: words may have come on one side of it.
        let places = [n_before, (n_before + n_whole).saturating_sub(n_all)];
        let is_near = |end: &usize| places.iter().any(|at| at.abs_diff(*end) <= MOVED_WORDS);
        let goes_on = !super::wrapping::ends_sentence(last.text);
        last.indent == next.indent && (goes_on || ends.iter().any(is_near))
    };
    !ends.is_empty()
        && parts.windows(2).zip(&lengths).all(|(pair, n)| {
            n_before += n;
            moved(pair, n_before)
        })
}

/// After how many words lines end that are not the last.
fn line_ends(text: &str) -> Vec<usize> {
    let mut n = 0;
    let counted = text.lines().map(|line| {
        n += n_words(line);
        n
    });
    let mut ends: Vec<usize> = counted.collect();
    ends.pop();
    ends
}

fn n_words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The lines on both sides of where a paragraph ends and the next begins, if nothing else stands there and both are prose.
fn bare_end<'t>(text: &'t str, pair: &[Range<usize>]) -> Option<(RawLine<'t>, RawLine<'t>)> {
    let [before, after] = pair else { return None };
    if text.get(before.end..after.start)?.trim_matches([' ', '\t', '\r']) != "\n" {
        return None;
    }
    let line = |text: &'t str| RawLine::of(0..text.len(), text);
    let last = line(text[before.clone()].lines().next_back()?);
    let next = line(text[after.clone()].lines().next()?);
    (last.kind == LineKind::Text && next.kind == LineKind::Text).then_some((last, next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::layout;

    fn is_wrapped(whole: &str, text: &str) -> bool {
        let parts: Vec<_> = layout::paragraphs(text).into_iter().map(|it| it.0).collect();
        assert!(parts.len() > 1, "{text}");
        is_wrapped_otherwise(whole, text, &parts)
    }

    #[test]
    fn a_line_that_ends_elsewhere_is_no_new_paragraph() {
        let whole = "The company said on Monday that it will hear its auditors. The\nunion called that a scandal, \
            and asked the government and the parliament to\nstep in at once.";
        let called = "The union called that a scandal, and asked the government and the parliament to\nstep in at once.";
        let said = "The company said on Monday that it will hear its auditors.";
        for (text, expected) in [
            // The end of a line moved to the end of a sentence, and into one.
            (format!("{said}\n{called}"), true),
            (
                "The company said on Monday that\nit will hear its auditors. The union called that a scandal, and \
                 asked the government and\nthe parliament to step in at once."
                    .to_owned(),
                true,
            ),
            // A blank line and an indent are seen.
            (format!("{said}\n\n{called}"), false),
            (format!("{said}\n    {called}"), false),
        ] {
            assert_eq!(is_wrapped(whole, &text), expected, "{text}");
        }
        let far = "He came to see the sea. It was not\nthere on that day, which nobody had told him before it.";
        assert!(!is_wrapped(
            far,
            "He came to see the sea.\nIt was not there on that day, which\nnobody had told him before it."
        ));
        let line = "The board heard the pilots of both ports. It closed the gate.";
        assert!(!is_wrapped(
            line,
            "The board heard the pilots of both ports.\nIt closed the gate."
        ));
        assert!(!is_wrapped(whole, "- The company said\n- on Monday that it"));
    }
}
