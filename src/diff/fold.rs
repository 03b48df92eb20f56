//! Words that differ only in their spelling: in upper and lower case, or in the apostrophe.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// A word without upper case, so that `Straße` is `STRASSE`, `sıcak` is `SICAK` and, of Greek, which has no accents in
/// capitals, `ακτή` is `ΑΚΤΗ`.
pub fn without_case(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return match word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(word.to_ascii_lowercase()),
            false => Cow::Borrowed(word),
        };
    }
    // Capitals first: they have fewer letters that are told apart.
    let upper = word.replace(['İ', 'ı'], "I").to_uppercase();
    Cow::Owned(match upper.contains(is_greek) {
        true => upper.nfd().filter(|c| !is_combining_mark(*c)).collect::<String>().to_lowercase(),
        false => upper.to_lowercase(),
    })
}

/// A word without upper case and with one sort of apostrophe.
pub fn folded(word: &str) -> Cow<'_, str> {
    match without_case(word) {
        folded if folded.contains(is_curved_apostrophe) => {
            Cow::Owned(folded.replace(is_curved_apostrophe, "'"))
        }
        folded => folded,
    }
}

/// Whether a letter is one of the signs that are written for an apostrophe.
pub fn is_apostrophe(c: char) -> bool {
    c == '\'' || is_curved_apostrophe(c)
}

fn is_curved_apostrophe(c: char) -> bool {
    matches!(c, '\u{2019}' | '\u{2bc}')
}

fn is_greek(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_folded_as_each_script_writes_capitals() {
        for (a, b) in [
            ("Word", "wORD"),
            ("Straße", "STRASSE"),
            ("sıcak", "SICAK"),
            ("istanbul", "İSTANBUL"),
            ("Καταιγίδα", "ΚΑΤΑΙΓΙΔΑ"),
            ("ευρωπαϊκός", "ΕΥΡΩΠΑΪΚΟΣ"),
            ("дождь", "ДОЖДЬ"),
            ("ﬁrst", "FIRST"),
        ] {
            assert_eq!(without_case(a), without_case(b), "{a} {b}");
        }
        for (a, b) in [("été", "ete"), ("й", "и"), ("l'an", "l’an"), ("Öl", "Ol")] {
            assert_ne!(without_case(a), without_case(b), "{a} {b}");
        }
        assert_eq!(folded("L’an"), folded("l'AN"));
    }
}
