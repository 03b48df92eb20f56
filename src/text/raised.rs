//! How what is set high or low stands in a text that is searched: in one word with what is before it, as in `21st`,
//! `H2O` and `m2`, or as a word of its own, as the numbers of notes do.

/// The sign of what is set high.
pub const HIGH: &str = "^";
/// The sign of what is set low.
pub const LOW: &str = "~";

/// Units and the names of variables have so many letters.
const SHORT_LETTERS: usize = 2;
/// What explains a variable below it, as in `Vmax`, has so many.
const INDEX_LETTERS: usize = 4;
/// Of a longer word no more is looked at.
const WORD_LETTERS_MAX: usize = 64;
/// What ordinals in small letters of Rome end in.
const ROMAN_ENDS: [&str; 8] = ["e", "es", "er", "re", "me", "eme", "ème", "nd"];

/// Whether what is set high or low is of one word with the text before it.
///
/// Low: numbers after a letter, and letters where either is short. High: letters after numbers, after what is short and
/// after Roman numbers, since these are ordinals and titles; numbers after what is short, since these are powers, and
/// elsewhere those of notes.
pub fn joins(sign: &str, before: &str, own: &str) -> bool {
    let word = last_word(before);
    let (n_before, n_own) = (word.chars().count(), own.chars().count());
    let is_word = own.chars().all(char::is_alphanumeric);
    let begins_with_digit = own.starts_with(|c: char| c.is_ascii_digit());
    match sign {
        _ if word.is_empty() || own.is_empty() => false,
        LOW if begins_with_digit => is_word && word.ends_with(char::is_alphabetic),
        LOW => is_word && (n_before <= SHORT_LETTERS || n_own <= INDEX_LETTERS),
        _ if begins_with_digit => is_letters(word) && is_power(n_before, own),
        _ => is_word && is_letters(own) && takes_letters(before, word, own),
    }
}

/// Whether what is set high and stands at the beginning of a word is of one word with what follows, as in `14C`.
pub(super) fn joins_next(before: &str, next: &str) -> bool {
    let n_letters = next.chars().take_while(|c| c.is_alphabetic()).count();
    // A line that begins so is a note.
    before.ends_with([' ', '\u{a0}', '\t', '(', '[', '-', '–', '/'])
        && (1..=SHORT_LETTERS).contains(&n_letters)
        && next.starts_with(char::is_uppercase)
}

/// Parts what is set high or low, and stands from there on, from what is before it; whether it had to be.
pub(super) fn part(text: &mut String, start: usize, sign: &str) -> bool {
    let (before, own) = text.split_at(start);
    let is_digit = |c: char| c.is_ascii_digit();
    let number = own.trim_start_matches(['+', '-', '−', '–']);
    let is_power = sign == HIGH && before.ends_with(is_digit) && number.starts_with(is_digit);
    let touches = before.ends_with(char::is_alphanumeric) && own.starts_with(char::is_alphanumeric);
    let parts = is_power || touches && !joins(sign, before, own);
    if parts {
        // A power is read as one, and its sign separates words as a space does.
        text.insert(start, if is_power { '^' } else { ' ' });
    }
    parts
}

/// The word that a text ends in; of a longer one, its last letters.
fn last_word(text: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’');
    let letters = text.char_indices().rev().take(WORD_LETTERS_MAX);
    let first = letters.take_while(|(_, c)| is_part(*c)).last();
    first.map_or("", |(at, _)| text[at..].trim_start_matches(['\'', '’']))
}

fn is_letters(word: &str) -> bool {
    word.chars().all(char::is_alphabetic)
}

/// Whether a number is a power or a charge after so many letters. Notes to words of two letters mostly have other numbers.
fn is_power(n_letters: usize, own: &str) -> bool {
    let is_sign = |c: char| matches!(c, '+' | '-' | '−' | '–');
    let is_number = own.chars().all(|c| c.is_alphanumeric() || is_sign(c));
    let is_usual = matches!(own, "2" | "3") || own.contains(is_sign);
    is_number && (n_letters == 1 || n_letters == SHORT_LETTERS && is_usual)
}

/// Whether letters that are set high end a word, and are not the sign of a note to it.
fn takes_letters(before: &str, word: &str, own: &str) -> bool {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        // No decimal fraction is an ordinal.
        let head = &before[..before.len() - word.len()];
        let is_fraction = head.strip_suffix(['.', ',']).is_some_and(ends_with_digit);
        return !is_fraction || own.chars().count() > 1;
    }
    let is_small = word.chars().all(|c| matches!(c, 'i' | 'v' | 'x' | 'l'));
    is_letters(word) && word.chars().count() <= SHORT_LETTERS
        || is_roman(word)
        || is_small && ROMAN_ENDS.contains(&own) && is_roman(&word.to_ascii_uppercase())
}

/// Whether a word is a Roman number.
fn is_roman(word: &str) -> bool {
    let mut rest = word.trim_start_matches('M');
    for (nine, four, five, one) in
        [("CM", "CD", 'D', 'C'), ("XC", "XL", 'L', 'X'), ("IX", "IV", 'V', 'I')]
    {
        rest = match rest.strip_prefix(nine).or_else(|| rest.strip_prefix(four)) {
            Some(after) => after,
            None => {
                let ones = rest.strip_prefix(five).unwrap_or(rest);
                let after = ones.trim_start_matches(one);
                if ones.len() - after.len() > 3 {
                    return false;
                }
                after
            }
        };
    }
    rest.is_empty()
}

fn ends_with_digit(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_below_and_short_words_join_and_notes_do_not() {
        for (before, sign, own, expected) in [
            ("H", LOW, "2", true),
            ("C6H", LOW, "12", true),
            ("vitamin", LOW, "12", true),
            ("V", LOW, "critical", true),
            ("kWh", LOW, "el", true),
            ("price", LOW, "estimated", false),
            ("title", LOW, "by us", false),
            ("1010", LOW, "2", false),
            ("21", HIGH, "st", true),
            ("the 1,000", HIGH, "th", true),
            ("1", HIGH, "a", true),
            ("12.5", HIGH, "a", false),
            ("XIX", HIGH, "e", true),
            ("xix", HIGH, "e", true),
            ("XVIII", HIGH, "ème", true),
            ("CD", HIGH, "e", true),
            ("LLM", HIGH, "b", false),
            ("vivid", HIGH, "e", false),
            ("ill", HIGH, "e", false),
            ("M", HIGH, "lle", true),
            ("Brand", HIGH, "TM", false),
            ("word", HIGH, "a", false),
            ("to", HIGH, "a,b", false),
            ("m", HIGH, "2", true),
            ("W/m", HIGH, "2", true),
            ("U", HIGH, "235", true),
            ("Ca", HIGH, "2+", true),
            ("km", HIGH, "2", true),
            ("EU", HIGH, "1", false),
            ("word", HIGH, "1", false),
            ("don't", HIGH, "1", false),
            ("10", HIGH, "6", false),
            ("SO4", HIGH, "2−", false),
            ("", HIGH, "14", false),
            ("word ", HIGH, "14", false),
        ] {
            assert_eq!(joins(sign, before, own), expected, "{before} {sign} {own}");
        }
    }

    #[test]
    fn isotopes_begin_with_their_number_and_notes_with_theirs() {
        for (before, next, expected) in [
            ("the ", "C", true),
            ("(", "Cs-137", true),
            ("a ", "Note", false),
            ("a ", "in", false),
            ("", "In", false),
            ("line\n", "We", false),
            ("end.", "In", false),
        ] {
            assert_eq!(joins_next(before, next), expected, "{before:?} {next}");
        }
    }
}
