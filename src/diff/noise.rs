//! What differs between texts of the same words.

use super::words::is_invisible;

/// What differs though no word does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextNoise {
    /// White space: wrapping, indents, blank lines, where paragraphs begin, marks of quotes.
    pub white_space: bool,
    /// How letters are composed of letters and marks.
    pub composition: bool,
    /// Characters that nobody sees: soft hyphens, joiners, direction marks.
    pub invisible: bool,
}

/// What differs between two texts of the same words and signs.
pub fn noise(a: &str, b: &str) -> TextNoise {
    // Marks of quotes stand where lines begin.
    let is_space = |c: char| c.is_whitespace() || c == '>';
    let is_letter = |c: &char| !is_space(*c) && !is_invisible(*c);
    let composition = a.chars().filter(is_letter).ne(b.chars().filter(is_letter));
    // Where letters are others, what stands between them is compared without its place.
    let differs = |matters: &dyn Fn(char) -> bool| {
        let counts = |c: &char| matters(*c) || !composition && is_letter(c);
        a.chars().filter(counts).ne(b.chars().filter(counts))
    };
    TextNoise { white_space: differs(&is_space), composition, invisible: differs(&is_invisible) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sort_of_noise_is_told_from_the_others() {
        let found = |a, b| {
            let TextNoise { white_space, composition, invisible } = noise(a, b);
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
}
