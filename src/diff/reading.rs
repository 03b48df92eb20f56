//! A text as people see it: paragraphs, and in them words and signs.
//!
//! Paragraphs are stretches of lines between blank lines. Texts with hardly any blank lines have a
//! paragraph on each line; [`read`] decides that once, for both sides.
//!
//! A word is a run of letters and digits of any script with their marks, `don't` and `1,000.50`
//! included. Scripts written without spaces give one word per letter. Any other sign that is not
//! white space stands alone, or together with its repetitions (`---`). What people see as one sign, such
//! as a flag or a family, is never cut. In tables an empty cell is a sign, too: a tab beside another, or at
//! the end of a line.

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

/// What white space means in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spaces {
    /// Any is as good as any other.
    Equal,
    /// A tab ends a cell of a table.
    Cells,
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
pub fn read(texts: Sides<&str>, spaces: Spaces) -> (Sides<ParsedText<'_>>, Vocabulary) {
    let layouts = texts.map(layout);
    let by_line = lines_are_paragraphs(&layouts);
    let mut ids = Ids::new();
    let mut vocabulary = Vocabulary { is_word: Vec::new(), counts: Vec::new(), n_items: 0 };
    let mut take_apart = |text, layout: Layout| {
        let paragraphs = if by_line { layout.lines } else { layout.stretches };
        take_apart((text, spaces), paragraphs, &mut ids, &mut vocabulary)
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

    /// The words and signs of paragraphs in a row.
    pub fn word_range(&self, paragraphs: &Range<usize>) -> Range<usize> {
        let paragraphs = &self.paragraphs[paragraphs.clone()];
        match (paragraphs.first(), paragraphs.last()) {
            (Some(first), Some(last)) => first.words.start..last.words.end,
            _ => 0..0,
        }
    }

    /// Their ids.
    pub fn words_of(&self, paragraphs: &Range<usize>) -> &[usize] {
        &self.ids[self.word_range(paragraphs)]
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
    (text, spaces): (&'t str, Spaces),
    paragraphs: Vec<Range<usize>>,
    ids: &mut Ids<&'t str>,
    vocabulary: &mut Vocabulary,
) -> ParsedText<'t> {
    let mut reading = ParsedText { text, ids: vec![], starts: vec![], paragraphs: vec![] };
    for bytes in paragraphs {
        let first = reading.ids.len();
        let mut at = bytes.start;
        while let Some(word) = next_item(text, at..bytes.end, (bytes.start, spaces)) {
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

/// The next word, sign or empty cell in what is left of a paragraph, which starts at `start`.
fn next_item(
    text: &str,
    left: Range<usize>,
    (start, spaces): (usize, Spaces),
) -> Option<Range<usize>> {
    let word = next_word(&text[left.clone()]);
    let word = word.map(|word| left.start + word.start..left.start + word.end);
    if spaces == Spaces::Equal {
        return word;
    }
    let mut space = left.start..word.as_ref().map_or(left.end, |word| word.start);
    let is_end =
        |at: usize| at >= left.end || at < start || matches!(text.as_bytes()[at], b'\t' | b'\n');
    let is_empty_cell = |at: &usize| {
        text.as_bytes()[*at] == b'\t' && (is_end(at + 1) || at.checked_sub(1).is_none_or(is_end))
    };
    space.find(is_empty_cell).map(|at| at..at + 1).or(word)
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
        signs_len(rest)
    };
    Some(start..start + len)
}

/// How long the sign is that a text starts with, and its repetitions.
fn signs_len(text: &str) -> usize {
    let n_sign = sign_len(text);
    let mut len = n_sign;
    while text[len..].starts_with(&text[..n_sign]) && sign_len(&text[len..]) == n_sign {
        len += n_sign;
    }
    len
}

/// How long what people see as one sign is: with what modifies it, and joined to others.
fn sign_len(text: &str) -> usize {
    let is_region = |c: char| matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
    let mut chars = text.char_indices();
    let Some((_, first)) = chars.next() else { return 0 };
    let (mut last, mut is_pair) = (first, false);
    for (at, c) in chars {
        let is_second_region = is_region(first) && is_region(c) && last == first && !is_pair;
        let is_modifier = matches!(c,
            '\u{fe00}'..='\u{fe0f}' | '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}');
        if !(is_second_region || is_modifier || is_mark(c) || last == '\u{200d}') {
            return at;
        }
        is_pair |= is_second_region;
        last = c;
    }
    text.len()
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
            ("👩👩\u{200d}👧\u{200d}👦👍🏽!", &["👩", "👩\u{200d}👧\u{200d}👦", "👍🏽", "!"]),
            ("🇫🇷🇮🇹🇮🇹 ☎\u{fe0f}1\u{20e3}", &["🇫🇷", "🇮🇹🇮🇹", "☎\u{fe0f}", "1\u{20e3}"]),
        ] {
            assert_eq!(words(text), expected, "{text:?}");
        }
    }

    fn paragraphs<'t>(a: &'t str, b: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
        let (readings, _) = read(Sides { a, b }, Spaces::Equal);
        let texts = |reading: ParsedText<'t>| {
            reading.paragraphs.iter().map(|p| &reading.text[p.bytes.clone()]).collect()
        };
        (texts(readings.a), texts(readings.b))
    }

    #[test]
    fn empty_cells_are_signs_in_tables() {
        let items = |text: &str| -> Vec<String> {
            let (readings, _) = read(Sides { a: text, b: "" }, Spaces::Cells);
            let mut ends = readings.a.starts.clone();
            ends.push(text.len());
            let item = |at: &[usize]| text[at[0]..at[1]].replace('\t', ">").trim().to_owned();
            ends.windows(2).map(item).collect()
        };
        assert_eq!(items("a\tb\tc"), ["a>", "b>", "c"]);
        assert_eq!(items("a\t\tc"), ["a", ">", ">", "c"]);
        assert_eq!(items("a\tb\t\n\tb"), ["a>", "b", ">", ">", "b"]);
        assert_eq!(items("a\t"), ["a", ">"]);
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
