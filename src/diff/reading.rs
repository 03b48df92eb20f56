//! A text taken apart: paragraphs, and in them words and signs, numbered in one vocabulary for both sides.

use std::{borrow::Cow, ops::Range};

use super::{
    Sides,
    fold::folded,
    ids::Ids,
    layout::{LaidOut, ParagraphKind, TextLayout},
    lines::is_bullet,
    pieces::{self, CutPiece, PieceCutter},
    words::{Spaces, WordCutter, word_key},
};

/// So many bytes of marks of quotes and spaces before it a mark is one of them, no more.
const QUOTE_MARKS_BYTES_MAX: usize = 64;

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
    pub kind: ParagraphKind,
}

/// Every distinct word and sign of both texts.
pub struct Vocabulary {
    /// What is known of each.
    pub items: Vec<Item>,
    /// For each folded word how often it occurs in both texts together.
    pub counts: Vec<usize>,
    /// What each weighs: its information in bits, and one.
    pub weights: Vec<u8>,
    /// Words and signs of both texts together.
    pub n_items: usize,
    /// Some items are pieces of many words.
    pub has_pieces: bool,
}

/// A word or sign, or a piece of many words.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    /// How many words it has: none if it is a sign.
    pub n_words: u32,
    /// Whether it is a sign that ends a sentence.
    pub ends_sentence: bool,
    /// The number of the word without upper case and with one sort of apostrophe.
    pub folded: usize,
}

/// Takes both texts apart with one vocabulary, long ones where they can be in large pieces.
pub fn read(texts: Sides<&str>, layout: TextLayout) -> (Sides<ParsedText<'_>>, Vocabulary) {
    match pieces::are_needed(texts) {
        true => read_pieces(texts, layout),
        false => read_words(texts, layout),
    }
}

/// Takes both texts apart word by word, however long they are.
pub fn read_words(texts: Sides<&str>, layout: TextLayout) -> (Sides<ParsedText<'_>>, Vocabulary) {
    let mut reader = ParagraphReader::new(layout.spaces());
    let mut read = |text| reader.read(text, layout.paragraphs(text), ParagraphReader::words);
    let (a, b) = (read(texts.a), read(texts.b));
    let readings = Sides { a, b };
    let vocabulary = reader.vocabulary(&readings, false);
    (readings, vocabulary)
}

/// Takes both texts apart in large pieces.
pub fn read_pieces(texts: Sides<&str>, layout: TextLayout) -> (Sides<ParsedText<'_>>, Vocabulary) {
    let spaces = layout.spaces();
    let paragraphs = pieces::paragraphs(texts, layout);
    let known = pieces::in_pieces(texts, &paragraphs, spaces);
    let mut reader = ParagraphReader::new(spaces);
    let mut read = |text, paragraphs, own, other| {
        let mut pieces = PieceCutter::new(own, other, spaces);
        reader.read(text, paragraphs, |reader, text, paragraph, kind, reading| {
            reader.pieces(text, paragraph, kind, reading, &mut pieces);
        })
    };
    let Sides { a, b } = paragraphs;
    let (a, b) = (read(texts.a, a, &known.a, &known.b), read(texts.b, b, &known.b, &known.a));
    let readings = Sides { a, b };
    let vocabulary = reader.vocabulary(&readings, true);
    (readings, vocabulary)
}

struct ParagraphReader<'t> {
    cutter: WordCutter,
    items: ReadItems<'t>,
}

/// The words, signs and pieces that were read.
struct ReadItems<'t> {
    ids: Ids<Cow<'t, str>>,
    folded: Ids<Cow<'t, str>>,
    items: Vec<Item>,
}

impl<'t> ParagraphReader<'t> {
    fn new(spaces: Spaces) -> Self {
        Self {
            cutter: WordCutter::new(spaces),
            items: ReadItems { ids: Ids::new(), folded: Ids::new(), items: Vec::new() },
        }
    }

    /// Reads paragraphs, of each of which `read` takes the words.
    fn read(
        &mut self,
        text: &'t str,
        paragraphs: Vec<LaidOut>,
        mut read: impl FnMut(&mut Self, &'t str, &Range<usize>, ParagraphKind, &mut ParsedText<'t>),
    ) -> ParsedText<'t> {
        let mut reading = ParsedText { text, ids: vec![], starts: vec![], paragraphs: vec![] };
        for (bytes, kind) in paragraphs {
            let first = reading.ids.len();
            read(self, text, &bytes, kind, &mut reading);
            let words = first..reading.ids.len();
            if !words.is_empty() {
                reading.paragraphs.push(Paragraph { bytes, words, kind });
            }
        }
        reading
    }

    fn words(
        &mut self,
        text: &'t str,
        stretch: &Range<usize>,
        kind: ParagraphKind,
        reading: &mut ParsedText<'t>,
    ) {
        let first = reading.ids.len();
        // The marks of a quote stand where its lines begin, wherever that is.
        let is_quote_mark = |word: &Range<usize>, reading: &ParsedText<'_>| {
            let before = || text.as_bytes()[..word.start].iter().rev().take(QUOTE_MARKS_BYTES_MAX);
            kind == ParagraphKind::Quote
                && reading.ids.len() > first
                && text[word.clone()].starts_with('>')
                && before().find(|byte| !matches!(byte, b' ' | b'\t' | b'>')) == Some(&b'\n')
        };
        // One bullet is as good as another.
        let is_bullet = |word: &str, reading: &ParsedText<'_>| {
            let is_first = kind == ParagraphKind::Item && reading.ids.len() == first;
            is_first && word.starts_with(is_bullet) && word.chars().count() == 1
        };
        let Self { cutter, items } = self;
        cutter.cut(text, stretch.clone(), |word| {
            let (start, text) = (word.start, &text[word.clone()]);
            if is_bullet(text, reading) {
                items.add(Cow::Borrowed("•"), start, reading, item);
            } else if !is_quote_mark(&word, reading) {
                items.add(word_key(text), start, reading, item);
            }
        });
    }

    fn pieces(
        &mut self,
        text: &'t str,
        paragraph: &Range<usize>,
        kind: ParagraphKind,
        reading: &mut ParsedText<'t>,
        pieces: &mut PieceCutter<'_>,
    ) {
        pieces.of(text, paragraph, |piece| {
            let first = reading.ids.len();
            match piece {
                CutPiece::Words(stretch) => self.words(text, &stretch, kind, reading),
                CutPiece::Whole(start, key) => self.items.add(key, start, reading, piece_item),
                CutPiece::Unknown(stretch) => self.items.add_unknown(text, &stretch, reading),
            }
            reading.ids.len() - first
        });
    }

    fn vocabulary(self, readings: &Sides<ParsedText<'_>>, has_pieces: bool) -> Vocabulary {
        let ReadItems { items, folded, .. } = self.items;
        let n_items = readings.a.ids.len() + readings.b.ids.len();
        let (mut n_each, mut counts) = (vec![0; items.len()], vec![0; folded.len()]);
        readings.a.ids.iter().chain(&readings.b.ids).for_each(|id| n_each[*id] += 1);
        items.iter().zip(n_each).for_each(|(item, n)| counts[item.folded] += n);
        let weight =
            |count: &usize| 1 + (n_items / (*count).max(1)).checked_ilog2().unwrap_or(0) as u8;
        let weights = counts.iter().map(weight).collect();
        Vocabulary { items, counts, weights, n_items, has_pieces }
    }
}

impl<'t> ReadItems<'t> {
    /// Puts the next item of a text into its reading; `item` makes one of a key that is new.
    fn add(
        &mut self,
        key: Cow<'t, str>,
        start: usize,
        reading: &mut ParsedText<'t>,
        item: fn(Cow<'t, str>, &mut Ids<Cow<'t, str>>) -> Item,
    ) {
        let id = self.ids.of(key.clone());
        if id == self.items.len() {
            self.items.push(item(key, &mut self.folded));
        }
        reading.ids.push(id);
        reading.starts.push(start);
    }

    /// Puts a piece into its reading that is like no other one.
    fn add_unknown(&mut self, text: &str, piece: &Range<usize>, reading: &mut ParsedText<'t>) {
        let id = self.ids.unnamed(Cow::Borrowed(""));
        self.items.push(piece_item(Cow::Borrowed(&text[piece.clone()]), &mut self.folded));
        reading.ids.push(id);
        reading.starts.push(piece.start);
    }
}

/// A piece of many words. Pieces that differ in case alone are others.
fn piece_item(key: Cow<'_, str>, folded: &mut Ids<Cow<'_, str>>) -> Item {
    let n_words = pieces::n_words(&key) as u32;
    Item { n_words, ends_sentence: false, folded: folded.unnamed(Cow::Borrowed("")) }
}

fn item<'t>(key: Cow<'t, str>, spellings: &mut Ids<Cow<'t, str>>) -> Item {
    let (is_word, ends_sentence) = (
        key.starts_with(char::is_alphanumeric),
        key.starts_with(['.', '!', '?', '…', '。', '！', '？', '։', '؟', '।']),
    );
    let folded = match key {
        Cow::Borrowed(key) => folded(key),
        Cow::Owned(key) => Cow::Owned(folded(&key).into_owned()),
    };
    Item { n_words: u32::from(is_word), ends_sentence, folded: spellings.of(folded) }
}

impl Vocabulary {
    /// Whether an id is a word, not a sign.
    pub fn is_word(&self, id: usize) -> bool {
        self.items[id].n_words > 0
    }

    /// How many words an id is.
    pub fn n_words(&self, id: usize) -> usize {
        self.items[id].n_words as usize
    }
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

    /// The words and signs that start in these bytes.
    pub fn words_in(&self, bytes: &Range<usize>) -> Range<usize> {
        let word = |byte: usize| self.starts.partition_point(|start| *start < byte);
        word(bytes.start)..word(bytes.end)
    }

    /// The paragraph that holds a word.
    pub fn paragraph_of(&self, word: usize) -> usize {
        self.paragraphs.partition_point(|paragraph| paragraph.words.end <= word)
    }

    /// Words in a row, cut where paragraphs end.
    pub fn by_paragraph(&self, words: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let first = self.paragraph_of(words.start);
        let paragraphs = self.paragraphs[first..].iter().map(|paragraph| &paragraph.words);
        paragraphs
            .take_while(move |it| it.start < words.end)
            .map(move |it| it.start.max(words.start)..it.end.min(words.end))
    }

    /// The bytes of words and of the white space after them, and of what `within` has around the outer ones.
    pub fn bytes_of(&self, words: &Range<usize>, within: &Range<usize>) -> Range<usize> {
        let all = self.words_in(within);
        let start = if words.start <= all.start { within.start } else { self.starts[words.start] };
        let end = if words.end >= all.end { within.end } else { self.starts[words.end] };
        start..end
    }

    /// The bytes of words of one paragraph.
    pub fn bytes_in_paragraph(&self, words: &Range<usize>) -> Range<usize> {
        let Paragraph { bytes, words: all, .. } = &self.paragraphs[self.paragraph_of(words.start)];
        let start = if words.start <= all.start { bytes.start } else { self.starts[words.start] };
        let end = if words.end >= all.end { bytes.end } else { self.starts[words.end] };
        start..end
    }

    /// A paragraph's text.
    pub fn paragraph_text(&self, paragraph: usize) -> &str {
        &self.text[self.paragraphs[paragraph].bytes.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_cells_are_signs_in_tables() {
        let items = |text: &str| -> Vec<String> {
            let (readings, _) = read(Sides { a: text, b: "" }, TextLayout::Tables);
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
    fn marks_of_quotes_stand_near_where_their_line_begins() {
        let n_items = |n_marks: usize| {
            let text = format!("\n{}b", "> ".repeat(n_marks));
            read_words(Sides { a: &text, b: "" }, TextLayout::Prose).0.a.ids.len()
        };
        assert_eq!(n_items(1), 2);
        assert_eq!(n_items(QUOTE_MARKS_BYTES_MAX / 2), 2);
        assert_eq!(n_items(1000), 2 + 1000 - QUOTE_MARKS_BYTES_MAX / 2);
    }

    #[test]
    fn marks_of_quotes_count_once_wherever_lines_begin() {
        let (readings, _) = read(
            Sides {
                a: "> one two three four five six seven eight\n> nine and so on to ten and more",
                b: "> one two three four five six seven\n> eight nine and so on to ten and more",
            },
            TextLayout::Prose,
        );
        assert_eq!(readings.a.ids, readings.b.ids);
    }
}
