//! Heads and feet of printed sheets, with their codes, as in `&L&"Arial,Bold"Report&RPage &P`.

use super::super::flow::{CHANGING, margin_line};

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
    let lines = plain.lines().filter_map(margin_line);
    let lines = lines.map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|it| !it.is_empty()).collect()
}

/// What the code that a text begins with shows, and its length.
fn code(text: &str) -> (&'static str, usize) {
    let Some(c) = text.chars().next() else { return ("", 0) };
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match c {
        '&' => ("&", 1),
        // Left, in the middle, right.
        'L' | 'C' | 'R' => ("\n", 1),
        'P' | 'N' | 'D' | 'T' | 'A' | 'F' | 'Z' => (CHANGING, 1),
        '"' => ("", text.get(1..).and_then(|it| it.find('"')).map_or(text.len(), |it| it + 2)),
        'K' => ("", 7),
        '0'..='9' => ("", n_digits),
        _ => ("", c.len_utf8()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_not_shown() {
        let cases: [(&str, &[&str]); 5] = [
            ("&L&\"Arial,Bold\"&12My report&RPage &P of &N", &["My report"]),
            ("&CR&&D", &["R&D"]),
            ("&K00FF00Colour", &["Colour"]),
            ("&A", &[]),
            ("&\"", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(lines(text), expected, "{text}");
        }
    }
}
