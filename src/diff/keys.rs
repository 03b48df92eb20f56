//! Lines of code and data that give the same thing another value: `"gates": 2` and `"gates": "four, of oak"`.

use std::collections::HashMap;

use super::{Sides, align::rising, layout::ParagraphKind, reading::ParsedText};

/// What is given a value has no more bytes than this.
const KEY_BYTES_MAX: usize = 80;

/// Of lines between two that stayed those that give the same thing a value, which no other one of them does; the pairs
/// rise on both sides.
pub fn pairs(readings: &Sides<ParsedText<'_>>, lines: Sides<&[usize]>) -> Vec<(usize, usize)> {
    if lines.a.is_empty() || lines.b.is_empty() {
        return Vec::new();
    }
    let after = by_key(&readings.b, lines.b);
    let before = by_key(&readings.a, lines.a).into_iter();
    let mut pairs: Vec<(usize, usize)> =
        before.filter_map(|(key, a)| Some((a?, (*after.get(key)?)?))).collect();
    pairs.sort_unstable();
    let targets: Vec<usize> = pairs.iter().map(|(_, b)| *b).collect();
    rising(&targets).into_iter().map(|i| pairs[i]).collect()
}

/// The line that gives each thing a value; none where several do.
fn by_key<'r>(reading: &'r ParsedText<'_>, lines: &[usize]) -> HashMap<&'r str, Option<usize>> {
    let mut found = HashMap::new();
    for line in lines.iter().filter(|i| reading.paragraphs[**i].kind == ParagraphKind::Code) {
        if let Some(key) = key(reading.paragraph_text(*line)) {
            found.entry(key).and_modify(|it| *it = None).or_insert(Some(*line));
        }
    }
    found
}

/// What a line gives a value: what stands before `=`, or before `:` that ends a word or a quote.
fn key(line: &str) -> Option<&str> {
    let at = line.find([':', '='])?;
    let (key, rest) = (line[..at].trim(), &line[at + 1..]);
    let ends = line[at..].starts_with('=')
        || key.ends_with(['"', '\''])
        || rest.chars().next().is_none_or(char::is_whitespace);
    let is_key = ends && key.len() <= KEY_BYTES_MAX && key.contains(char::is_alphabetic);
    is_key.then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_a_value_is_told_from_other_words() {
        for (line, expected) in [
            ("  \"gates\": 2,", Some("\"gates\"")),
            ("{\"gates\":2}", Some("{\"gates\"")),
            ("let gates = 2;", Some("let gates")),
            ("gates=2", Some("gates")),
            ("gates:", Some("gates")),
            ("12:30 the north gate was closed", None),
            ("see https://harbour.example/", None),
            ("== 2", None),
            ("close(gates)", None),
        ] {
            assert_eq!(key(line), expected, "{line}");
        }
    }
}
