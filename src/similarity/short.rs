//! Short texts: a line or two, in which a passage has no room to weigh enough.
//!
//! They are copies when they are nearly equal. A name or a number more or less makes another text of
//! the same form; a slip of the pen does not, nor does what one puts before or behind all of the other: the name of
//! an agency, *Update*, a number in a list.

use super::{
    misread::looks_like,
    params::{SHORT_EQUAL_SHARE_MIN, SHORT_REPLACED_WORDS_MIN},
};

/// A word of a short text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortWord<'a> {
    /// In normal form.
    pub word: &'a str,
    /// It is written with a capital, as names are.
    pub is_capital: bool,
}

/// The number of words that two short texts have in common, if they are nearly equal.
pub fn n_in_common(a: &[ShortWord], b: &[ShortWord]) -> Option<usize> {
    let (mut n_common, mut n_replaced) = (0, 0);
    let (mut from_a, mut from_b) = (0, 0);
    let ends = common_words(a, b).into_iter().chain([(a.len(), b.len())]);
    for (at, other) in ends {
        let (gone, come) = (&a[from_a..at], &b[from_b..other]);
        for (x, y) in gone.iter().zip(come) {
            match looks_like(x.word, y.word) {
                true => n_common += 1,
                false if is_telling(x) || is_telling(y) => return None,
                false => n_replaced += 1,
            }
        }
        let n_both = gone.len().min(come.len());
        let is_at_an_end = (from_a, from_b) == (0, 0) || at == a.len();
        let is_put_around = is_at_an_end && n_both == 0;
        if !is_put_around && gone[n_both..].iter().chain(&come[n_both..]).any(is_telling) {
            return None;
        }
        n_common += usize::from(at < a.len());
        (from_a, from_b) = (at + 1, other + 1);
    }
    let n_longer = a.len().max(b.len());
    let is_enough = n_common as f64 >= n_longer as f64 * SHORT_EQUAL_SHARE_MIN;
    let may_replace = n_replaced == 0 || n_common >= n_replaced * SHORT_REPLACED_WORDS_MIN;
    (is_enough && may_replace).then_some(n_common)
}

/// Whether a word may be what a form is filled in with.
fn is_telling(word: &ShortWord) -> bool {
    word.is_capital || word.word.chars().any(char::is_numeric)
}

/// The places of a longest common subsequence.
pub fn common_words(a: &[ShortWord], b: &[ShortWord]) -> Vec<(usize, usize)> {
    let width = b.len() + 1;
    let mut longest = vec![0_u32; (a.len() + 1) * width];
    for x in (0..a.len()).rev() {
        for y in (0..b.len()).rev() {
            longest[x * width + y] = match a[x].word == b[y].word {
                true => longest[(x + 1) * width + y + 1] + 1,
                false => longest[(x + 1) * width + y].max(longest[x * width + y + 1]),
            };
        }
    }
    let (mut x, mut y, mut places) = (0, 0, Vec::new());
    while x < a.len() && y < b.len() {
        if a[x].word == b[y].word {
            places.push((x, y));
            (x, y) = (x + 1, y + 1);
        } else if longest[(x + 1) * width + y] >= longest[x * width + y + 1] {
            x += 1;
        } else {
            y += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(a: &str, b: &str) -> Option<usize> {
        let lower = |text: &str| text.to_lowercase();
        let (low_a, low_b) = (lower(a), lower(b));
        let words = |text: &str, low: &'static str| -> Vec<ShortWord<'static>> {
            let capital = |word: &str| word.chars().next().is_some_and(char::is_uppercase);
            text.split_whitespace()
                .zip(low.split_whitespace())
                .map(|(text, word)| ShortWord { word, is_capital: capital(text) })
                .collect()
        };
        let (low_a, low_b): (&'static str, &'static str) = (low_a.leak(), low_b.leak());
        n_in_common(&words(a, low_a), &words(b, low_b))
    }

    #[test]
    fn nearly_equal_lines_are_copies_and_filled_in_forms_are_not() {
        for (a, b, expected) in [
            ("The ferry was late", "The ferry was late", Some(4)),
            ("The ferry was late today", "The ferry was lato today", Some(5)),
            (
                "the ferry to the island was late again",
                "the ferry to the island was very late again",
                Some(8),
            ),
            (
                "the ferry to the island arrived late again this morning",
                "the ferry to the island came late again this morning",
                Some(9),
            ),
            ("Your order 4711 was sent today", "Your order 4712 was sent today", None),
            ("Your order was sent today", "Your order 4712 was sent today", None),
            (
                "The master closed the north pier on Monday because of the storm",
                "UPDATE 1 The master closed the north pier on Monday because of the storm",
                Some(12),
            ),
            (
                "AP The master closed the north pier on Monday because of the storm",
                "The master closed the north pier on Monday because of the storm says Reuter",
                Some(12),
            ),
            ("Oslo the ferry was late again today", "Lima the ferry was late again today", None),
            ("the ferry was late in Oslo", "the ferry was late in Oslo on Monday 2 March", None),
            (
                "Dear Anna your book has come back to us",
                "Dear Bert your book has come back to us",
                None,
            ),
            ("The bakery opens at seven", "The ferry was late today", None),
            ("", "one", None),
        ] {
            assert_eq!(common(a, b), expected, "{a} / {b}");
            assert_eq!(common(b, a), expected, "{b} / {a}");
        }
    }
}
