//! Short texts: a line or two, in which a passage has no room to weigh enough.
//!
//! They are copies when they are nearly equal. A name or a number more or less makes another text of
//! the same form; a slip of the pen does not, nor does what one puts before or behind all of the other: the name of
//! an agency, *Update*, a number in a list. A capital shows a name where it need not stand; elsewhere a word is
//! none that others write in lower case, and where there are no capitals none is put in the place of another.

use std::ops::Range;

use crate::text::is_cut;

use super::{
    misread::{has_same_shape, is_slip, looks_like},
    params::{SCRAP_CHARACTERS_MAX, SHORT_EQUAL_SHARE_MIN, SHORT_REPLACED_WORDS_MIN},
    scripts::{is_numeral, is_spelled},
    word_lists::{are_dates_or_numbers, is_article, is_date_or_number},
    words::placed_words,
};

/// What the way in which a word is written says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lettering {
    /// In lower case, where others have capitals: no name.
    Low,
    /// With a capital that only names have.
    Name,
    /// With a capital that all would have here: at the beginning of a sentence, or among capitals.
    Capital,
    /// Where nothing has capitals.
    Caseless,
    /// One character of a script that is written without spaces.
    Cut,
}

/// A word of a short text, or a character where words are not told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortWord<'a> {
    /// In normal form.
    pub word: &'a str,
    /// How it is written.
    pub lettering: Lettering,
    /// The hash of the word.
    pub hash: u64,
}

/// How the words of a text are written, one after the other.
pub fn letterings(text: &str) -> Vec<Lettering> {
    let places = placed_words(text).1;
    let written: Vec<WrittenWord> =
        places.into_iter().map(|place| WrittenWord::of(text, place)).collect();
    let is_any = |case: Case| written.iter().any(|word| word.case == case);
    let (has_low, has_capital) = (is_any(Case::Low), is_any(Case::Capital));
    let lettering = |(at, word): (usize, &WrittenWord)| {
        let is_shouted = |at: Option<usize>| {
            at.and_then(|at| written.get(at)).is_some_and(|word| word.is_shouted)
        };
        let is_among_capitals =
            word.is_shouted && (is_shouted(at.checked_sub(1)) || is_shouted(at.checked_add(1)));
        let begins =
            at.checked_sub(1).is_none_or(|before| written[before].ends_sentence(text, word));
        match word.case {
            Case::Cut => Lettering::Cut,
            Case::Low if has_capital => Lettering::Low,
            Case::Low | Case::None => Lettering::Caseless,
            Case::Capital if begins || is_among_capitals || !has_low => Lettering::Capital,
            Case::Capital => Lettering::Name,
        }
    };
    written.iter().enumerate().map(lettering).collect()
}

/// The case of a word's first character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Low,
    Capital,
    None,
    Cut,
}

/// A word as it stands in its text.
struct WrittenWord {
    case: Case,
    /// All of several letters are capitals.
    is_shouted: bool,
    /// Where its letters and digits stand.
    letters: Range<usize>,
}

impl WrittenWord {
    fn of(text: &str, place: Range<usize>) -> Self {
        let characters = || text[place.clone()].char_indices().filter(|(_, c)| c.is_alphanumeric());
        let case = match characters().next() {
            Some((_, c)) if is_cut(c) => Case::Cut,
            Some((_, c)) if c.is_lowercase() => Case::Low,
            Some((_, c)) if c.is_uppercase() => Case::Capital,
            _ => Case::None,
        };
        let is_shouted = characters().count() > 1 && characters().all(|(_, c)| c.is_uppercase());
        let start = characters().next().map_or(0, |(at, _)| at);
        let end = characters().next_back().map_or(start, |(at, c)| at + c.len_utf8());
        Self { case, is_shouted, letters: place.start + start..place.start + end }
    }

    /// Whether a sentence or a line ends between it and the next word.
    fn ends_sentence(&self, text: &str, next: &Self) -> bool {
        let between = text.get(self.letters.end..next.letters.start).unwrap_or_default();
        between.contains(['.', '!', '?', ':', '…', '؟', '\n'])
    }
}

/// The number of words that two short texts have in common, if they are nearly equal; `is_low` says which words
/// others write in lower case.
pub fn n_in_common(
    a: &[ShortWord],
    b: &[ShortWord],
    is_low: impl Fn(&ShortWord) -> bool,
) -> Option<usize> {
    let is_low_here = |word: &ShortWord| {
        let mut low = a.iter().chain(b).filter(|one| one.lettering == Lettering::Low);
        low.any(|one| one.word == word.word)
    };
    let is_ordinary = |word: &ShortWord| is_article(word.word) || is_low_here(word) || is_low(word);
    let (mut n_common, mut n_replaced) = (0, 0);
    let (mut all_gone, mut all_come) = (Vec::new(), Vec::new());
    let (mut from_a, mut from_b) = (0, 0);
    let common = without_scraps((a, b), common_words(a, b));
    for (at, other) in common.into_iter().chain([(a.len(), b.len())]) {
        let difference = WordsApart { gone: &a[from_a..at], come: &b[from_b..other] };
        let is_at_an_end = (from_a, from_b) == (0, 0) || at == a.len();
        let (n_alike, n_others) = difference.judged(is_at_an_end, &is_ordinary)?;
        n_common += n_alike + usize::from(at < a.len());
        n_replaced += n_others;
        let n_both = difference.n_both();
        all_gone.extend(difference.gone[n_both..].iter().map(|word| word.word));
        all_come.extend(difference.come[n_both..].iter().map(|word| word.word));
        (from_a, from_b) = (at + 1, other + 1);
    }
    // What was moved says something else: who bit whom.
    n_replaced += all_gone.iter().filter(|word| all_come.contains(*word)).count();
    let n_longer = a.len().max(b.len());
    let is_enough = n_common as f64 >= n_longer as f64 * SHORT_EQUAL_SHARE_MIN;
    let may_replace = n_replaced == 0 || n_common >= n_replaced * SHORT_REPLACED_WORDS_MIN;
    (is_enough && may_replace).then_some(n_common)
}

/// What stands in the same place of two short texts, and has no word in common.
struct WordsApart<'a> {
    gone: &'a [ShortWord<'a>],
    come: &'a [ShortWord<'a>],
}

impl WordsApart<'_> {
    /// How many words stand beside another one.
    fn n_both(&self) -> usize {
        self.gone.len().min(self.come.len())
    }

    /// How many words are the same but for a slip, and how many are others; none if one of them may be
    /// what a form is filled in with.
    fn judged(
        &self,
        is_at_an_end: bool,
        is_ordinary: &impl Fn(&ShortWord) -> bool,
    ) -> Option<(usize, usize)> {
        let is_telling = |word: &ShortWord, is_put_in: bool| match word.lettering {
            Lettering::Name => true,
            Lettering::Low => is_date_or_number(word.word),
            Lettering::Capital => is_date_or_number(word.word) || !is_ordinary(word),
            Lettering::Caseless if is_put_in => is_date_or_number(word.word),
            Lettering::Caseless => is_date_or_number(word.word) || !is_ordinary(word),
            Lettering::Cut => !is_put_in || word.word.chars().any(is_numeral),
        };
        let (mut n_alike, mut n_others) = (0, 0);
        for (x, y) in self.gone.iter().zip(self.come) {
            match is_alike(x, y) || self.is_slip_of_a_letter() {
                true => n_alike += 1,
                false if is_telling(x, false) || is_telling(y, false) => return None,
                false if are_dates_or_numbers(x.word, y.word) => return None,
                false => n_others += 1,
            }
        }
        let n_both = self.n_both();
        let is_put_around = is_at_an_end && n_both == 0;
        let mut more = self.gone[n_both..].iter().chain(&self.come[n_both..]);
        let is_told = !is_put_around && more.any(|word| is_telling(word, n_both == 0));
        (!is_told).then_some((n_alike, n_others))
    }

    /// Whether it is one letter of a script that spells words out without spaces between them.
    fn is_slip_of_a_letter(&self) -> bool {
        match (self.gone, self.come) {
            ([x], [y]) => x.word.chars().chain(y.word.chars()).all(is_spelled),
            _ => false,
        }
    }
}

/// Whether one word is the other but for a slip of the pen; a name may be another one sooner.
fn is_alike(x: &ShortWord, y: &ShortWord) -> bool {
    let is_either = |lettering| x.lettering == lettering || y.lettering == lettering;
    if is_either(Lettering::Cut) {
        return false;
    }
    if has_same_shape(x.word, y.word) {
        return true;
    }
    let has_digit = || x.word.chars().chain(y.word.chars()).any(char::is_numeric);
    let is_no_name = is_either(Lettering::Low) && !is_either(Lettering::Name);
    (is_slip(x.word, y.word) || is_no_name && looks_like(x.word, y.word))
        && !has_digit()
        && !are_dates_or_numbers(x.word, y.word)
}

/// The places that two texts have in common without characters that stand alone between others, as those of two
/// names in a script without spaces do.
fn without_scraps(
    (a, b): (&[ShortWord], &[ShortWord]),
    places: Vec<(usize, usize)>,
) -> Vec<(usize, usize)> {
    let follows = |x: &(usize, usize), y: &(usize, usize)| (x.0 + 1, x.1 + 1) == *y;
    let ends = (a.len(), b.len());
    let is_scrap = |run: &[(usize, usize)]| {
        let (first, last) = (run[0], run[run.len() - 1]);
        let is_within = first.0.min(first.1) > 0 && last.0 + 1 < ends.0 && last.1 + 1 < ends.1;
        let is_cut = |(at, _): &(usize, usize)| a[*at].lettering == Lettering::Cut;
        is_within && run.len() <= SCRAP_CHARACTERS_MAX && run.iter().all(is_cut)
    };
    places.chunk_by(follows).filter(|run| !is_scrap(run)).flatten().copied().collect()
}

fn common_words(a: &[ShortWord], b: &[ShortWord]) -> Vec<(usize, usize)> {
    common_places(a, b, |x, y| x.word == y.word)
}

/// The places of words that two short texts have in common, given their hashes.
pub fn common_hashes(a: &[u64], b: &[u64]) -> Vec<(usize, usize)> {
    common_places(a, b, u64::eq)
}

/// The places of a longest common subsequence.
fn common_places<T>(a: &[T], b: &[T], are_same: impl Fn(&T, &T) -> bool) -> Vec<(usize, usize)> {
    let width = b.len() + 1;
    let mut longest = vec![0_u32; (a.len() + 1) * width];
    for x in (0..a.len()).rev() {
        for y in (0..b.len()).rev() {
            longest[x * width + y] = match are_same(&a[x], &b[y]) {
                true => longest[(x + 1) * width + y + 1] + 1,
                false => longest[(x + 1) * width + y].max(longest[x * width + y + 1]),
            };
        }
    }
    let (mut x, mut y, mut places) = (0, 0, Vec::new());
    while x < a.len() && y < b.len() {
        if are_same(&a[x], &b[y]) {
            places.push((x, y));
            (x, y) = (x + 1, y + 1);
        } else if longest[(x + 1) * width + y] >= longest[x * width + y + 1] {
            x += 1;
        } else {
            y += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Normal;

    fn common(a: &str, b: &str) -> Option<usize> {
        common_of(a, b, &[])
    }

    fn common_of(a: &str, b: &str, low: &[&str]) -> Option<usize> {
        let (normal_a, normal_b) = (Normal::of(a), Normal::of(b));
        n_in_common(&words(a, &normal_a), &words(b, &normal_b), |word| low.contains(&word.word))
    }

    fn words<'n>(text: &str, normal: &'n Normal) -> Vec<ShortWord<'n>> {
        let word = |(word, lettering): (&'n [u8], Lettering)| ShortWord {
            word: std::str::from_utf8(word).unwrap(),
            lettering,
            hash: 0,
        };
        normal.words().zip(letterings(text)).map(word).collect()
    }

    #[test]
    fn nearly_equal_lines_are_copies_and_filled_in_forms_are_not() {
        for (a, b, expected) in [
            ("The ferry was late", "The ferry was late", Some(4)),
            ("The ferry was late today", "The ferry was lato today", Some(5)),
            (
                "The ferry to the island was late again",
                "The ferry to the island was very late again",
                Some(8),
            ),
            (
                "The ferry to the island arrived late again this morning",
                "The ferry to the island came late again this morning",
                Some(9),
            ),
            ("Your order 4711 was sent today", "Your order 4712 was sent today", None),
            ("Your order was sent today", "Your order 4712 was sent today", None),
            (
                "The master closed the north pier on Monday because of the storm",
                "UPDATE 1 The master closed the north pier on Monday because of the storm",
                Some(12),
            ),
            (
                "AP The master closed the north pier on Monday because of the storm",
                "The master closed the north pier on Monday because of the storm says Reuter",
                Some(12),
            ),
            ("Oslo the ferry was late again today", "Lima the ferry was late again today", None),
            ("the ferry was late in Oslo", "the ferry was late in Oslo on Monday 2 March", None),
            (
                "Dear Anna your book has come back to us",
                "Dear Bert your book has come back to us",
                None,
            ),
            ("The bakery opens at seven", "The ferry was late today", None),
            ("", "one", None),
        ] {
            assert_eq!(common(a, b), expected, "{a} / {b}");
            assert_eq!(common(b, a), expected, "{b} / {a}");
        }
    }

    const BRIDGE: &str =
        "The bridge over the Tamar will be closed to lorries from Monday, the council said.";

    #[test]
    fn a_capital_that_all_would_have_is_no_name() {
        for (from, to, expected) in [
            ("The bridge", "A bridge", Some(14)),
            ("The bridge", "Our bridge", Some(14)),
            ("The bridge", "Teh bridge", Some(15)),
            ("bridge", "brigde", Some(15)),
            ("Tamar", "Tarnar", Some(15)),
            ("closed", "c1osed", Some(15)),
            ("The bridge", "Tamar bridge", None),
            ("Monday", "Sunday", None),
            ("Monday", "June", None),
            ("council", "mayor", Some(14)),
            ("the council", "the Hansens", None),
        ] {
            let other = BRIDGE.replace(from, to);
            assert_eq!(common(BRIDGE, &other), expected, "{other}");
            assert_eq!(common(&other, BRIDGE), expected, "{other}");
        }
        let (one, other) =
            ("ACME SETS PAYOUT\nPay July 31, the board said on the day", "on the day");
        let other = format!("ACME SETS DIVIDEND\nPay July 31, the board said {other}");
        assert_eq!(common_of(one, &other, &["payout", "dividend"]), Some(11));
        assert_eq!(common_of(one, &other.replace("ACME", "BOLT"), &["payout", "dividend"]), None);
    }

    #[test]
    fn weekdays_and_names_differ_in_any_case() {
        let line = BRIDGE.to_lowercase();
        for (from, to, expected) in [
            ("monday", "tuesday", None),
            ("tamar", "clyde", None),
            ("lorries", "heavy lorries", Some(15)),
            ("closed", "c1osed", Some(15)),
        ] {
            let other = line.replace(from, to);
            assert_eq!(common(&line, &other), expected, "{other}");
        }
        for (one, other) in [
            ("quinta-feira a ponte fecha para camiões", "terça-feira a ponte fecha para camiões"),
            (
                "تقام جنازة أحمد يوم السبت ظهرا في مسجد النور",
                "تقام جنازة خالد يوم السبت ظهرا في مسجد النور",
            ),
            (
                "시의회는 월요일부터 다리에 트럭 통행을 금지한다고",
                "시의회는 화요일부터 다리에 트럭 통행을 금지한다고",
            ),
        ] {
            assert_eq!(common(one, other), None, "{one} {other}");
        }
    }

    #[test]
    fn what_was_moved_says_something_else() {
        let line = "Man bites dog in the park on a sunny afternoon";
        assert_eq!(common(line, "Dog bites man in the park on a sunny afternoon"), None);
    }
}
