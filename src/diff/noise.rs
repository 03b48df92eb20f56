//! What differs between texts of the same words.

use super::{
    lines::bullet,
    words::{is_invisible, shortest_rule},
};

/// What differs though no word does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextNoise {
    /// White space: wrapping, indents, blank lines, where paragraphs begin, marks of quotes.
    pub white_space: bool,
    /// The bullets of lists, and how long lines of signs are.
    pub marks: bool,
    /// How letters are composed of letters and marks, or set as one.
    pub composition: bool,
    /// Characters that nobody sees: soft hyphens, joiners, direction marks.
    pub invisible: bool,
}

/// What differs between two texts of the same words and signs.
pub fn noise(a: &str, b: &str) -> TextNoise {
    // Marks of quotes stand where lines begin.
    let is_space = |c: char| c.is_whitespace() || c == '>';
    let is_letter = |c: &char| !is_space(*c) && !is_invisible(*c);
    let are_others = |a: &str, b: &str| a.chars().filter(is_letter).ne(b.chars().filter(is_letter));
    let (mut composition, mut marks) = (are_others(a, b), false);
    if composition {
        let (a, b) = (without_marks(a), without_marks(b));
        marks = a.1 != b.1;
        composition = are_others(&a.0, &b.0);
    }
    // Where letters are others, what stands between them is compared without its place.
    let differs = |matters: &dyn Fn(char) -> bool| {
        let counts = |c: &char| matters(*c) || !composition && !marks && is_letter(c);
        a.chars().filter(counts).ne(b.chars().filter(counts))
    };
    let (white_space, invisible) = (differs(&is_space), differs(&is_invisible));
    TextNoise { white_space, marks, composition, invisible }
}

/// A text with the same bullet before all items and the shortest lines of signs; and the bullets and longer lines that it
/// had, each with its length.
fn without_marks(text: &str) -> (String, Vec<(char, usize)>) {
    let (mut plain, mut marks) = (String::with_capacity(text.len()), Vec::new());
    for mut line in text.split_inclusive('\n') {
        if let Some((at, bullet)) = bullet(line) {
            marks.push((bullet, 1));
            plain += &line[..at];
            plain.push('•');
            line = &line[at + bullet.len_utf8()..];
        }
        while let Some(sign) = line.chars().next() {
            let rest = line.trim_start_matches(sign);
            let (len, kept) =
                (line.len() - rest.len(), shortest_rule(&line[..line.len() - rest.len()]));
            if kept.len() < len {
                marks.push((sign, len));
            }
            plain += kept;
            line = rest;
        }
    }
    (plain, marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sort_of_noise_is_told_from_the_others() {
        let found = |a, b| {
            let TextNoise { white_space, composition, invisible, .. } = noise(a, b);
            (white_space, composition, invisible)
        };
        assert_eq!(found("a b", "a b"), (false, false, false));
        assert_eq!(found("a b", "a\nb"), (true, false, false));
        assert_eq!(found("> a\n> b", "> a b"), (true, false, false));
        assert_eq!(found("é b", "e\u{301} b"), (false, true, false));
        assert_eq!(found("é b", "e\u{301}\n\u{ad}b"), (true, true, true));
        assert_eq!(found("ab", "a\u{ad}b"), (false, false, true));
        assert_eq!(found("a\u{ad}bc", "ab\u{ad}c"), (false, false, true));
    }

    #[test]
    fn bullets_and_the_lengths_of_rules_are_marks() {
        let marks = |a, b| {
            let found = noise(a, b);
            (found.marks, found.white_space, found.composition)
        };
        assert_eq!(marks("- a\n- b\n", "* a\n* b\n"), (true, false, false));
        assert_eq!(marks("Title\n-----\n", "Title\n--------\n"), (true, false, false));
        assert_eq!(marks("- a\n", "* a \n"), (true, true, false));
        assert_eq!(marks("- ﬁ\n", "* fi\n"), (true, false, true));
        assert_eq!(marks("ﬁ", "fi"), (false, false, true));
    }
}
