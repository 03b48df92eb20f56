//! Words that a scanner read wrongly: they look like what they were.
//!
//! Letters become others, melt together or fall apart, and words with them. Where a report from the same
//! form has another name, hardly a letter stands in its place; numbers are either the same or others.

use super::params::{MISREAD_CHARS_MAX, MISREAD_WORD_EDITS_MAX, WORD_ALIKE_SHARE_MIN};

/// Whether at least half of two words, beginnings and ends together, is the same; numbers are either
/// the same or others.
pub fn looks_like(a: &str, b: &str) -> bool {
    let n_max = a.chars().count().max(b.chars().count());
    let same = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| {
        a.zip(b).take_while(|(a, b)| a == b).count()
    };
    let n_head = same(&mut a.chars(), &mut b.chars());
    let n_tail = same(&mut a.chars().rev(), &mut b.chars().rev());
    (n_head + n_tail) as f64 >= n_max as f64 * WORD_ALIKE_SHARE_MIN
        && !a.chars().chain(b.chars()).any(char::is_numeric)
}

/// Whether one of two words may have been read for the other.
pub fn is_misread(a: &str, b: &str) -> bool {
    !is_number(a) && !is_number(b) && is_within_edits(a, b, MISREAD_WORD_EDITS_MAX)
}

/// Whether a word is a number: digits for the most part. A letter is easily read for one.
pub fn is_number(word: &str) -> bool {
    let n_digits = word.chars().filter(|c| c.is_numeric()).count();
    n_digits > 0 && n_digits * 2 >= word.chars().count()
}

/// Whether one text becomes the other by changing, adding or dropping no more than this share of the
/// longer one's characters; not where there are too many to be compared.
pub fn is_within_edits(a: &str, b: &str, share_max: f64) -> bool {
    let (mut x, mut y) = (['\0'; MISREAD_CHARS_MAX], ['\0'; MISREAD_CHARS_MAX]);
    let (Some(n), Some(m)) = (filled(&mut x, a), filled(&mut y, b)) else { return false };
    let n_edits_max = (n.max(m) as f64 * share_max) as usize;
    if n.abs_diff(m) > n_edits_max {
        return false;
    }
    // edits[j] is what it takes from the first characters of `a` so far to the first `j` of `b`.
    let mut edits = [0_u8; MISREAD_CHARS_MAX + 1];
    edits.iter_mut().zip(0..).for_each(|(edits, j)| *edits = j);
    for (i, c) in x[..n].iter().enumerate() {
        let (mut corner, mut least) = (edits[0], u8::MAX);
        edits[0] += 1;
        for (j, d) in y[..m].iter().enumerate() {
            let changed = corner + u8::from(c != d);
            corner = edits[j + 1];
            edits[j + 1] = changed.min(corner + 1).min(edits[j] + 1);
            least = least.min(edits[j + 1]);
        }
        if usize::from(least.min(edits[0])) > n_edits_max && i + 1 < n {
            return false;
        }
    }
    usize::from(edits[m]) <= n_edits_max
}

/// Fills in a text's characters, and says how many they are; none if they do not fit.
fn filled(characters: &mut [char; MISREAD_CHARS_MAX], text: &str) -> Option<usize> {
    let mut n = 0;
    for c in text.chars() {
        *characters.get_mut(n)? = c;
        n += 1;
    }
    Some(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misread_words_are_told_from_others() {
        for (a, b) in [
            ("government", "govcrnmeut"),
            ("said", "5aid"),
            ("the", "tbe"),
            ("morning", "rnorning"),
        ] {
            assert!(is_misread(a, b) && is_misread(b, a), "{a} {b}");
        }
        for (a, b) in
            [("copper", "wheat"), ("1987", "1988"), ("12", "l2"), ("oslo", "lima"), ("", "a")]
        {
            assert!(!is_misread(a, b) && !is_misread(b, a), "{a} {b}");
        }
    }

    #[test]
    fn edits_are_counted_in_shares_of_the_longer() {
        assert!(is_within_edits("", "", 0.0));
        assert!(is_within_edits("abcd", "abce", 0.25) && !is_within_edits("abcd", "abce", 0.24));
        assert!(is_within_edits("abcd", "bcd", 0.25) && !is_within_edits("abcd", "dcba", 0.5));
        let long = "x".repeat(MISREAD_CHARS_MAX);
        assert!(
            is_within_edits(&long, &long[1..], 0.1)
                && !is_within_edits(&(long.clone() + "x"), &long, 0.1)
        );
    }
}
