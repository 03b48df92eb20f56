//! A text as people see it: paragraphs, and in them words and signs.
//!
//! Paragraphs are stretches of lines between blank lines. Texts with hardly any blank lines have a
//! paragraph on each line; [`read`] decides that once, for both sides.
//!
//! A word is a run of letters and digits of any script with their marks, `don't` and `1,000.50`
//! included. Scripts written without spaces give one word per letter. Any other sign that is not
//! white space stands alone, or together with its repetitions (`---`).

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use super::{Sides, align::Ids};

/// Above this many lines to a stretch between blank lines, lines are the paragraphs.
const STRETCH_LINES_MAX: usize = 16;
/// Where lines are longer than this on average, on both sides, nobody wrapped them.
const WRAPPED_BYTES_MAX: usize = 160;

/// One text, taken apart.
pub struct ParsedText<'t> {
    pub text: &'t str,
    /// For each word or sign its number in the vocabulary.
    pub ids: Vec<usize>,
    /// For each word or sign where it starts in the text; white space follows the word it is after.
    pub starts: Vec<usize>,
    pub paragraphs: Vec<Paragraph>,
}

/// One paragraph: its bytes without the last line end, and its words and signs, at least one.
pub struct Paragraph {
    pub bytes: Range<usize>,
    pub words: Range<usize>,
}

/// Every distinct word and sign of both texts.
pub struct Vocabulary {
    /// Whether the id is a word, not a sign.
    pub is_word: Vec<bool>,
    /// How often the id occurs in both texts together.
    pub counts: Vec<usize>,
    /// Words and signs of both texts together.
    pub n_items: usize,
}

/// Where lines and stretches begin and end.
#[derive(Default)]
struct Layout {
    lines: Vec<Range<usize>>,
    stretches: Vec<Range<usize>>,
}

/// Takes both texts apart with one vocabulary and one rule for paragraphs.
pub fn read(texts: Sides<&str>) -> (Sides<ParsedText<'_>>, Vocabulary) {
    let layouts = texts.map(layout);
    let by_line = lines_are_paragraphs(&layouts);
    let mut ids = Ids::new();
    let mut vocabulary = Vocabulary { is_word: Vec::new(), counts: Vec::new(), n_items: 0 };
    let mut take_apart = |text, layout: Layout| {
        let paragraphs = if by_line { layout.lines } else { layout.stretches };
        take_apart(text, paragraphs, &mut ids, &mut vocabulary)
    };
    let a = take_apart(texts.a, layouts.a);
    let b = take_apart(texts.b, layouts.b);
    (Sides { a, b }, vocabulary)
}

impl ParsedText<'_> {
    /// The ids of a paragraph's words and signs.
    pub fn words(&self, paragraph: usize) -> &[usize] {
        &self.ids[self.paragraphs[paragraph].words.clone()]
    }

    /// A paragraph's text.
    pub fn paragraph_text(&self, paragraph: usize) -> &str {
        &self.text[self.paragraphs[paragraph].bytes.clone()]
    }
}

fn layout(text: &str) -> Layout {
    let mut layout = Layout::default();
    let mut after_blank = true;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let bytes = start..start + line.trim_end_matches('\n').len();
        start += line.len();
        if line.trim().is_empty() {
            after_blank = true;
            continue;
        }
        match layout.stretches.last_mut() {
            Some(stretch) if !after_blank => stretch.end = bytes.end,
            _ => layout.stretches.push(bytes.clone()),
        }
        layout.lines.push(bytes);
        after_blank = false;
    }
    layout
}

fn lines_are_paragraphs(layouts: &Sides<Layout>) -> bool {
    let sides = [&layouts.a, &layouts.b];
    let n_lines: usize = sides.iter().map(|side| side.lines.len()).sum();
    let n_stretches: usize = sides.iter().map(|side| side.stretches.len()).sum();
    let unwrapped = |side: &Layout| {
        let bytes: usize = side.lines.iter().map(Range::len).sum();
        bytes >= side.lines.len() * WRAPPED_BYTES_MAX
    };
    n_lines > n_stretches * STRETCH_LINES_MAX || sides.into_iter().all(unwrapped)
}

fn take_apart<'t>(
    text: &'t str,
    paragraphs: Vec<Range<usize>>,
    ids: &mut Ids<&'t str>,
    vocabulary: &mut Vocabulary,
) -> ParsedText<'t> {
    let mut reading = ParsedText { text, ids: vec![], starts: vec![], paragraphs: vec![] };
    for bytes in paragraphs {
        let first = reading.ids.len();
        let mut at = bytes.start;
        while let Some(word) = next_word(&text[at..bytes.end]) {
            let word = at + word.start..at + word.end;
            let id = ids.of(&text[word.clone()]);
            vocabulary.count(id, &text[word.clone()]);
            reading.ids.push(id);
            reading.starts.push(word.start);
            at = word.end;
        }
        reading.paragraphs.push(Paragraph { bytes, words: first..reading.ids.len() });
    }
    reading
}

impl Vocabulary {
    fn count(&mut self, id: usize, word: &str) {
        if id == self.counts.len() {
            self.counts.push(0);
            self.is_word.push(word.starts_with(char::is_alphanumeric));
        }
        self.counts[id] += 1;
        self.n_items += 1;
    }
}

/// The next word or sign of a text.
fn next_word(text: &str) -> Option<Range<usize>> {
    let start = text.len() - text.trim_start().len();
    let rest = &text[start..];
    let first = rest.chars().next()?;
    let len = if stands_alone(first) {
        first.len_utf8() + marks(&rest[first.len_utf8()..])
    } else if first.is_alphanumeric() {
        word_len(rest)
    } else {
        rest.len() - rest.trim_start_matches(first).len()
    };
    Some(start..start + len)
}

/// How long the word is that a text starts with.
fn word_len(text: &str) -> usize {
    let mut last = '\0';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        if !(continues_word(c) || next.is_some_and(|next| joins(last, c, next))) {
            return at;
        }
        last = c;
    }
    text.len()
}

fn continues_word(c: char) -> bool {
    c.is_alphanumeric() && !stands_alone(c) || is_mark(c)
}

/// An apostrophe between letters, a point or comma between digits.
fn joins(last: char, c: char, next: char) -> bool {
    match c {
        '\'' | '\u{2019}' => last.is_alphabetic() && next.is_alphabetic() && !stands_alone(next),
        '.' | ',' => last.is_ascii_digit() && next.is_ascii_digit(),
        _ => false,
    }
}

/// Bytes of combining marks at the start.
fn marks(text: &str) -> usize {
    text.len() - text.trim_start_matches(is_mark).len()
}

/// A combining mark, or one of the signs that join or part letters inside a word.
fn is_mark(c: char) -> bool {
    c > '\u{a0}' && is_combining_mark(c) || matches!(c, '\u{ad}' | '\u{200c}' | '\u{200d}')
}

/// Letters of scripts that put no space between words: Thai to Burmese, Khmer, kana, Han.
fn stands_alone(c: char) -> bool {
    c >= '\u{0e00}'
        && c.is_alphanumeric()
        && matches!(c,
            '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
            | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
            | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let mut words = Vec::new();
        let mut at = 0;
        while let Some(word) = next_word(&text[at..]) {
            words.push(&text[at + word.start..at + word.end]);
            at += word.end;
        }
        words
    }

    #[test]
    fn words_and_signs_of_many_scripts() {
        for (text, expected) in [
            ("", &[][..]),
            ("  two words ", &["two", "words"]),
            ("don't 'quote' it’s", &["don't", "'", "quote", "'", "it’s"]),
            ("1,000.50 a.b 3.", &["1,000.50", "a", ".", "b", "3", "."]),
            ("--- ==> x", &["---", "==", ">", "x"]),
            ("Grüße, мир!", &["Grüße", ",", "мир", "!"]),
            ("cafe\u{301}s", &["cafe\u{301}s"]),
            ("文書を2冊", &["文", "書", "を", "2", "冊"]),
            ("ที่นี่", &["ที่", "นี่"]),
            ("हिन्दी भाषा", &["हिन्दी", "भाषा"]),
            ("한국어 문서", &["한국어", "문서"]),
            ("a\u{feff}b", &["a", "\u{feff}", "b"]),
        ] {
            assert_eq!(words(text), expected, "{text:?}");
        }
    }

    fn paragraphs<'t>(a: &'t str, b: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
        let (readings, _) = read(Sides { a, b });
        let texts = |reading: ParsedText<'t>| {
            reading.paragraphs.iter().map(|p| &reading.text[p.bytes.clone()]).collect()
        };
        (texts(readings.a), texts(readings.b))
    }

    #[test]
    fn blank_lines_part_paragraphs() {
        let (a, b) = paragraphs("\n \none\n two \n\t\n\nthree\n", "four");
        assert_eq!(a, ["one\n two ", "three"]);
        assert_eq!(b, ["four"]);
        assert_eq!(paragraphs("", "\n \n"), (vec![], vec![]));
    }

    #[test]
    fn lines_are_paragraphs_where_blank_lines_are_rare() {
        let many = "line\n".repeat(40);
        assert_eq!(paragraphs(&many, "a\nb\n").1, ["a", "b"]);
        let few = "line\n".repeat(10);
        assert_eq!(paragraphs(&few, "a\nb\n").1, ["a\nb"]);
    }

    #[test]
    fn lines_are_paragraphs_where_nobody_wrapped_them() {
        let long = "word ".repeat(60) + "\n";
        assert_eq!(paragraphs(&long.repeat(3), &long.repeat(2)).0.len(), 3);
        assert_eq!(paragraphs(&long.repeat(3), "").0.len(), 3);
        assert_eq!(paragraphs(&long.repeat(3), "word\nword\n").0.len(), 1);
    }
}
