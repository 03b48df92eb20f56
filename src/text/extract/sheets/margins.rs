//! Heads and feet of printed sheets, with their codes, as in `&L&"Arial,Bold"Report&RPage &P`.

use super::super::margin_lines::{CHANGING, margin_line};

/// The lines of a head or foot that say more than which page it is.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (shown, n) = code(after);
        plain.push_str(shown);
        rest = after.get(n..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain.lines().filter_map(margin_line).collect()
}

/// What the code that a text begins with shows, and its length.
fn code(text: &str) -> (&'static str, usize) {
    let Some(c) = text.chars().next() else { return ("", 0) };
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match c {
        '&' => ("&", 1),
        // Left, in the middle, right.
        'L' | 'C' | 'R' => ("\n", 1),
        // The number may be said to be higher or lower, as in `&P+1`.
        'P' => (CHANGING, 1 + n_more(&text[1..])),
        'N' | 'D' | 'T' | 'A' | 'F' | 'Z' => (CHANGING, 1),
        '"' => ("", text.get(1..).and_then(|it| it.find('"')).map_or(text.len(), |it| it + 2)),
        'K' => ("", 7),
        '0'..='9' => ("", n_digits),
        _ => ("", c.len_utf8()),
    }
}

/// How long what is added to a number is.
fn n_more(text: &str) -> usize {
    let n_digits = text.bytes().skip(1).take_while(u8::is_ascii_digit).count();
    if text.starts_with(['+', '-']) && n_digits > 0 { 1 + n_digits } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_not_shown() {
        let cases: [(&str, &[&str]); 11] = [
            ("&L&\"Arial,Bold\"&12My report&RPage &P of &N", &["My report"]),
            ("&CR&&D", &["R&D"]),
            ("&K00FF00Colour", &["Colour"]),
            ("&A", &[]),
            ("&\"", &[]),
            ("&RConfidential &D", &["Confidential"]),
            ("&LACME Ltd &P&CSection 12", &["ACME Ltd", "Section 12"]),
            ("&LKontrakt 17, Seite &P", &["Kontrakt 17, Seite"]),
            ("&F secret &A", &["secret"]),
            ("&C2026-03 &P+12", &["2026-03"]),
            ("&CPage &P of &N", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(lines(text), expected, "{text}");
        }
    }
}
