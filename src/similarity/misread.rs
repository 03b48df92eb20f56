//! Words that a scanner read wrongly: they look like what they were.
//!
//! Letters become others, melt together or fall apart, and words with them. Where a report from the same
//! form has another name, hardly a letter stands in its place; numbers are either the same or others.

use unicode_normalization::UnicodeNormalization;

use super::params::{
    MISREAD_CHARS_MAX, MISREAD_WORD_EDITS_MAX, SLIP_LETTERS_MIN, STEM_LETTERS_MIN,
    WORD_ALIKE_SHARE_MIN,
};

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

/// Whether two words differ in their endings alone.
pub fn is_ending(a: &str, b: &str) -> bool {
    let n_same = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let n_shorter = a.chars().count().min(b.chars().count());
    n_same >= STEM_LETTERS_MIN && n_same + 1 >= n_shorter
}

/// Whether two words, neither a number, are drawn alike: `rn` is read for `m`, and `1` for `l`.
pub fn has_same_shape(a: &str, b: &str) -> bool {
    let drawn = |word: &str| {
        let letters = word.replace(['1', 'i'], "l").replace('0', "o");
        letters.replace("rn", "m").replace("cl", "d").replace("vv", "w")
    };
    // Most words have neither end in common, and need not be drawn.
    let begins_or_ends_alike =
        || a.chars().next() == b.chars().next() || a.chars().next_back() == b.chars().next_back();
    a == b || begins_or_ends_alike() && !is_number(a) && !is_number(b) && drawn(a) == drawn(b)
}

/// Whether two words differ by a slip of the pen: two letters beside each other were swapped, or of a longer word
/// one that is not its first is another, lost or added. Syllables of Hangul count as their letters.
pub fn is_slip(a: &str, b: &str) -> bool {
    let letters = |word: &str| word.nfd().collect::<Vec<char>>();
    if a.nfd().next() != b.nfd().next() {
        return false;
    }
    let (a, b) = (letters(a), letters(b));
    let n_same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let is_swapped = a.len() == b.len()
        && n_same + 2 <= a.len()
        && (a[n_same], a[n_same + 1]) == (b[n_same + 1], b[n_same])
        && a[n_same + 2..] == b[n_same + 2..];
    let n_max = a.len().max(b.len());
    let n_more = n_max - a.len().min(b.len());
    let n_tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let is_one =
        n_same > 0 && n_max >= SLIP_LETTERS_MIN && n_more <= 1 && n_same + n_tail + 1 >= n_max;
    n_same > 0 && is_swapped || is_one
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
    fn endings_are_told_from_what_scanners_do() {
        for (a, b) in [("barrow", "barrows"), ("crop", "crops"), ("japan", "japanese")] {
            assert!(is_ending(a, b) && is_ending(b, a), "{a} {b}");
        }
        for (a, b) in [("government", "govcrnmeut"), ("record", "reord"), ("the", "tbe")] {
            assert!(!is_ending(a, b) && !is_ending(b, a), "{a} {b}");
        }
    }

    #[test]
    fn slips_of_the_pen_are_told_from_other_names() {
        for (a, b) in
            [("the", "teh"), ("bridge", "brigde"), ("council", "counsil"), ("lorries", "lories")]
        {
            assert!(is_slip(a, b) && is_slip(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("anna", "anne"),
            ("monday", "sunday"),
            ("hansen", "jansen"),
            ("월요일부터", "화요일부터"),
            ("toy", "shoe"),
            ("", "a"),
        ] {
            assert!(!is_slip(a, b) && !is_slip(b, a), "{a} {b}");
        }
        assert!(has_same_shape("tamar", "tarnar") && has_same_shape("c1osed", "closed"));
        assert!(!has_same_shape("10", "l0") && !has_same_shape("oslo", "lima"));
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
