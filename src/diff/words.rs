//! Words and signs as people count them.
//!
//! A word is a run of letters and digits of any script with their marks, `don't` and `1,000.50` included
//! (Unicode Standard Annex 29 but for signs, which stand together with their repetitions: `---`). Scripts written without
//! spaces are cut at the words of a dictionary. What people see as one sign, such as a flag or a family, is
//! never cut. In tables an empty cell is a sign, too: a tab beside another, or at the end of a line.
//!
//! Letters and digits that are composed otherwise, and characters that nobody sees, make no other word.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed, options::WordBreakInvariantOptions};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark, is_nfc};

/// Joins signs to one that people see.
const JOINER: char = '\u{200d}';

/// What white space means in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spaces {
    /// Any is as good as any other.
    Equal,
    /// A tab ends a cell of a table.
    Cells,
}

/// Cuts texts into words.
pub struct WordCutter {
    spaces: Spaces,
    dictionaries: WordSegmenterBorrowed<'static>,
}

impl WordCutter {
    /// Cuts where white space means this.
    pub fn new(spaces: Spaces) -> Self {
        let dictionaries = WordSegmenter::new_dictionary(WordBreakInvariantOptions::default());
        Self { spaces, dictionaries }
    }

    /// Calls `found` with each word, sign or empty cell of a paragraph, in order.
    pub fn cut(&self, text: &str, paragraph: Range<usize>, mut found: impl FnMut(Range<usize>)) {
        let mut at = paragraph.start;
        while let Some(item) = self.next_item(text, at..paragraph.end, paragraph.start) {
            let run = if text[item.clone()].starts_with(is_unspaced) {
                self.cut_unspaced(text, item.start..paragraph.end, &mut found)
            } else {
                found(item.clone());
                item.end
            };
            at = run;
        }
    }

    /// The next word, sign or empty cell in what is left of a paragraph, which starts at `start`.
    fn next_item(&self, text: &str, left: Range<usize>, start: usize) -> Option<Range<usize>> {
        let word = next_word(&text[left.clone()]);
        let word = word.map(|word| left.start + word.start..left.start + word.end);
        if self.spaces == Spaces::Equal {
            return word;
        }
        let mut space = left.start..word.as_ref().map_or(left.end, |word| word.start);
        let is_end = |at: usize| {
            at >= left.end || at < start || matches!(text.as_bytes()[at], b'\t' | b'\n')
        };
        let is_empty_cell = |at: &usize| {
            text.as_bytes()[*at] == b'\t'
                && (is_end(at + 1) || at.checked_sub(1).is_none_or(is_end))
        };
        space.find(is_empty_cell).map(|at| at..at + 1).or(word)
    }

    /// Cuts the letters without spaces that `left` starts with, as composed letters without what nobody sees;
    /// returns where they end.
    fn cut_unspaced(
        &self,
        text: &str,
        left: Range<usize>,
        found: &mut impl FnMut(Range<usize>),
    ) -> usize {
        let rest = &text[left.clone()];
        let len = rest.find(|c| !is_unspaced(c) && !is_mark(c)).unwrap_or(rest.len());
        let run = &rest[..len];
        let ends: Vec<usize> = match word_key(run) {
            Cow::Borrowed(plain) => {
                let is_letter = |at: &usize| *at == 0 || !plain[*at..].starts_with(is_mark);
                self.dictionaries.segment_str(plain).filter(is_letter).collect()
            }
            Cow::Owned(_) => self.ends_of_composed(run),
        };
        ends.windows(2).for_each(|word| found(left.start + word[0]..left.start + word[1]));
        left.start + len
    }

    /// Where words end in letters without spaces that are to be composed first, and 0.
    fn ends_of_composed(&self, run: &str) -> Vec<usize> {
        // Where in the text each letter of `plain` begins.
        let (mut plain, mut starts) = (String::new(), Vec::new());
        let mut at = 0;
        while at < run.len() {
            let letter = run[at..].chars().next().map_or(1, char::len_utf8);
            let end = at + letter + marks(&run[at + letter..]);
            starts.push((plain.len(), at));
            plain += &word_key(&run[at..end]);
            at = end;
        }
        let end_of = |at: usize| {
            let letter = starts.binary_search_by_key(&at, |start| start.0).ok();
            letter.map(|letter| starts[letter].1).or((at == plain.len()).then_some(run.len()))
        };
        self.dictionaries.segment_str(&plain).filter_map(end_of).collect()
    }
}

/// How many words a text has; signs are none.
pub fn n_words(text: &str) -> usize {
    let mut n = 0;
    WordCutter::new(Spaces::Equal).cut(text, 0..text.len(), |word| {
        n += usize::from(word_key(&text[word]).starts_with(char::is_alphanumeric));
    });
    n
}

/// A word as it is compared: composed, and without what nobody sees.
pub fn word_key(word: &str) -> Cow<'_, str> {
    if word.is_ascii() || word.chars().all(is_han) {
        return Cow::Borrowed(shortest_rule(word));
    }
    if word.contains(is_ligature) {
        return Cow::Owned(word.chars().filter(|c| !is_invisible(*c)).nfkc().collect());
    }
    let is_word = word.starts_with(|c| char::is_alphanumeric(c) || is_invisible(c));
    // In a sign a joiner makes one of several.
    let is_ignored = |c: char| is_invisible(c) && (is_word || c != JOINER);
    if word.contains(is_ignored) {
        return Cow::Owned(word.chars().filter(|c| !is_ignored(*c)).nfc().collect());
    }
    if is_nfc(word) { Cow::Borrowed(word) } else { Cow::Owned(word.nfc().collect()) }
}

/// A line of signs is as good as a longer one.
pub fn shortest_rule(word: &str) -> &str {
    match word.as_bytes() {
        [first @ (b'-' | b'=' | b'_' | b'*' | b'~'), _, _, rest @ ..] if !rest.is_empty() => {
            let len = if rest.iter().all(|byte| byte == first) { 3 } else { word.len() };
            &word[..len]
        }
        _ => word,
    }
}

/// Letters that are set as one: ﬁ and the like.
fn is_ligature(c: char) -> bool {
    matches!(c, '\u{fb00}'..='\u{fb06}')
}

/// Characters that take no room: soft hyphens, joiners, direction marks, byte order marks. An override of the
/// direction is none of them: it shows letters in another order.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202c}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The next word or sign of a text; of letters without spaces only the first.
fn next_word(text: &str) -> Option<Range<usize>> {
    let is_space = |c: char| c.is_whitespace() || is_invisible(c);
    let start = text.len() - text.trim_start_matches(is_space).len();
    let rest = &text[start..];
    let first = rest.chars().next()?;
    let len = if is_unspaced(first) {
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
    let mut len = sign_len(text);
    let sign = word_key(&text[..len]);
    loop {
        let next = sign_len(&text[len..]);
        if next == 0 || word_key(&text[len..len + next]) != sign {
            return len;
        }
        len += next;
    }
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
        if !(is_second_region || is_modifier || is_mark(c) || last == JOINER) {
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
    for (at, c) in text.char_indices() {
        let next = || text[at..].chars().skip(1).find(|c| !is_invisible(*c));
        if !(continues_word(c) || next().is_some_and(|next| joins(last, c, next))) {
            return at;
        }
        last = if is_invisible(c) { last } else { c };
    }
    text.len()
}

fn continues_word(c: char) -> bool {
    c.is_alphanumeric() && !is_unspaced(c) || is_mark(c)
}

/// An apostrophe between letters, a point or comma between digits.
fn joins(last: char, c: char, next: char) -> bool {
    match c {
        '\'' | '\u{2019}' => last.is_alphabetic() && next.is_alphabetic() && !is_unspaced(next),
        '.' | ',' => last.is_ascii_digit() && next.is_ascii_digit(),
        _ => false,
    }
}

/// Bytes of combining marks at the start.
fn marks(text: &str) -> usize {
    text.len() - text.trim_start_matches(is_mark).len()
}

/// A combining mark, or a character that takes no room.
pub fn is_mark(c: char) -> bool {
    c > '\u{a0}' && !is_han(c) && (is_combining_mark(c) || is_invisible(c))
}

/// Letters of which each is composed as it is, and none a mark: most of Chinese, told without a table.
fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// Letters of scripts that put no space between words: Thai to Burmese, Khmer, kana, Han.
pub fn is_unspaced(c: char) -> bool {
    match c {
        ..'\u{0e00}' => false,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' => {
            let at = u32::from(c) - u32::from(LETTERS_START);
            LETTERS[at as usize / 64] >> (at % 64) & 1 == 1
        }
        c if is_han(c) => true,
        '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}' => c.is_alphanumeric(),
        _ => false,
    }
}

/// The first letter of those scripts that are asked for most, and with marks between them.
const LETTERS_START: char = '\u{0e00}';
/// Which are letters or digits from there to Khmer: tables of all characters are slow to ask.
static LETTERS: LazyLock<[u64; 40]> = LazyLock::new(|| {
    let mut letters = [0; 40];
    for (at, c) in (LETTERS_START..'\u{1800}').enumerate() {
        letters[at / 64] |= u64::from(c.is_alphanumeric()) << (at % 64);
    }
    letters
});

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let mut words = Vec::new();
        WordCutter::new(Spaces::Equal).cut(text, 0..text.len(), |word| words.push(&text[word]));
        words
    }

    #[test]
    fn an_override_of_the_direction_is_seen() {
        assert_eq!(word_key("us\u{ad}er"), "user");
        assert_ne!(word_key("\u{202e}user"), "user");
        assert_eq!(words("access \u{202e}user").concat(), "access\u{202e}user");
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
            ("文書を2冊", &["文書", "を", "2", "冊"]),
            ("北京市政府星期一宣布", &["北京市", "政府", "星期一", "宣布"]),
            ("ที่นี่มีหนังสือ", &["ที่", "นี่", "มี", "หนังสือ"]),
            ("हिन्दी भाषा", &["हिन्दी", "भाषा"]),
            ("한국어 문서", &["한국어", "문서"]),
            ("a\u{feff}b \u{200b} c", &["a\u{feff}b", "c"]),
            ("👩👩\u{200d}👧\u{200d}👦👍🏽!", &["👩", "👩\u{200d}👧\u{200d}👦", "👍🏽", "!"]),
            ("🇫🇷🇮🇹🇮🇹 ☎\u{fe0f}1\u{20e3}", &["🇫🇷", "🇮🇹🇮🇹", "☎\u{fe0f}", "1\u{20e3}"]),
        ] {
            assert_eq!(words(text), expected, "{text:?}");
        }
    }

    #[test]
    fn letters_of_scripts_without_spaces_are_letters() {
        let ranges = [('\u{0e00}', '\u{0eff}'), ('\u{1000}', '\u{109f}'), ('\u{1780}', '\u{17ff}')];
        for c in ranges.into_iter().flat_map(|(from, to)| from..=to) {
            assert_eq!(is_unspaced(c), c.is_alphanumeric(), "{c}");
        }
        for (c, expected) in [
            ('a', false),
            ('ß', false),
            ('ༀ', false),
            ('ア', true),
            ('゠', false),
            ('\u{3007}', true),
            ('䷀', false),
            ('㐀', true),
        ] {
            assert_eq!(is_unspaced(c), expected, "{c}");
        }
    }

    #[test]
    fn han_needs_no_tables() {
        for c in ('\u{4e00}'..='\u{9fff}').filter(|c| is_han(*c)) {
            assert!(c.is_alphanumeric() && !is_combining_mark(c) && is_nfc(&c.to_string()), "{c}");
        }
    }

    #[test]
    fn composition_and_what_nobody_sees_make_no_other_words() {
        let keys = |text| words(text).into_iter().map(|it| word_key(it).into_owned()).collect();
        let same = |a, b| {
            let (a, b): (Vec<String>, Vec<String>) = (keys(a), keys(b));
            assert_eq!(a, b);
        };
        same("Café données", "Cafe\u{301} donne\u{301}es");
        same("International", "Inter\u{ad}natio\u{200b}nal");
        same("420,000 isn't", "420\u{200b},\u{ad}000 isn\u{200b}'\u{ad}t");
        same("a/b --- (א).", "a/\u{200b}b --\u{200b}- (א)\u{200f}.\u{200e}");
        same("ガイドを読む", "カ\u{3099}イト\u{3099}を読む");
        same("หนังสือมากมาย", "หนังสือ\u{200b}มากมาย");
        let (family, women): (Vec<String>, Vec<String>) = (keys("👩\u{200d}👧"), keys("👩👧"));
        assert_ne!(family, women);
        assert_eq!(words("ガイドを読む"), ["ガイド", "を", "読む"]);
    }
}
