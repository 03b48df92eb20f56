//! Scripts that are written without spaces: how much their pairs of characters say, in words of others.

use crate::text::is_cut;

use super::params::{WORDS_PER_PAIR_OF_LETTERS, WORDS_PER_PAIR_OF_SIGNS};

/// Whether a character is a letter of a script that spells words out without spaces between them: Thai, Lao,
/// Khmer and Myanmar.
pub fn is_spelled(c: char) -> bool {
    is_cut(c) && c < '\u{3000}' || ('\u{a9e0}'..='\u{aa7f}').contains(&c)
}

/// Whether a character is a digit, or a number of Han.
pub fn is_numeral(c: char) -> bool {
    c.is_numeric() || "一二三四五六七八九十百千万萬亿億两兩零".contains(c)
}

/// How many words of a script with spaces each word in normal form amounts to on average: less than one where
/// they are overlapping pairs of characters.
pub fn words_per_unit(text: &str, ends: &[usize]) -> f64 {
    if text.is_ascii() || ends.is_empty() {
        return 1.0;
    }
    let starts = std::iter::once(&0).chain(ends);
    let first = |(start, end): (&usize, &usize)| text.get(*start..*end)?.chars().next();
    let words = starts.zip(ends).map(|it| match first(it) {
        Some(c) if is_spelled(c) => WORDS_PER_PAIR_OF_LETTERS,
        Some(c) if is_cut(c) => WORDS_PER_PAIR_OF_SIGNS,
        _ => 1.0,
    });
    words.sum::<f64>() / ends.len() as f64
}

/// What a pair of words in normal form weighs that amounts to so much of a word, of what it would weigh otherwise. Pairs of
/// which more go into a word are more common, too, and a large sample shows that by itself; so it is less than their number.
pub fn weight_share(words_per_unit: f64) -> f64 {
    words_per_unit.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Normal;

    #[test]
    fn pairs_of_characters_amount_to_less_than_words() {
        let amount = |text: &str| {
            let normal = Normal::of(text);
            words_per_unit(&String::from_utf8_lossy(normal.bytes()), normal.ends())
        };
        for (text, expected) in [
            ("", 1.0),
            ("the ferry is late", 1.0),
            ("паром опоздал", 1.0),
            ("下午港口关闭", WORDS_PER_PAIR_OF_SIGNS),
            ("ท่าเรือปิดแล้ว", WORDS_PER_PAIR_OF_LETTERS),
        ] {
            assert!((amount(text) - expected).abs() < 1e-9, "{text}");
        }
        assert!(amount("ferry 下午港口关闭") > WORDS_PER_PAIR_OF_SIGNS);
    }
}
