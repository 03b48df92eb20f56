//! Where in a text the words of a question stand, and the excerpt that answers it best.

use std::{cmp::Reverse, ops::Range};

use super::{
    fold::{self, TokenSink},
    query::SearchQuery,
    terms::{FoldedToken, SearchTerm},
};

/// An excerpt has about so many letters.
const EXCERPT_LETTERS: usize = 240;
/// So many of them stand before the first word that is marked, if there are as many.
const LEAD_LETTERS: usize = 60;
/// Words may stand so many bytes apart to be shown in one excerpt.
const WINDOW_BYTES: usize = 200;
/// An excerpt is made of so many stretches of a text.
const STRETCHES_MAX: usize = 3;
/// More terms found in one text are not kept.
const FOUND_MAX: usize = 20_000;

/// A piece of an excerpt, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcerptPiece {
    /// As it stands in the text, each run of white space as one space.
    pub text: String,
    /// Whether it was looked for.
    pub is_marked: bool,
}

/// The excerpt of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkedExcerpt {
    /// Its pieces in order.
    pub pieces: Vec<ExcerptPiece>,
    /// Where the first that is marked begins in the text; none where nothing is.
    pub at: Option<usize>,
}

/// Where a term stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FoundTerm {
    term: usize,
    bytes: Range<usize>,
}

/// The excerpts of a title and of a text. Of the title where some of what was asked stands only there, and of the text
/// none where all of it does.
pub fn excerpts(
    title: &str,
    text: &str,
    query: &SearchQuery,
) -> (Option<MarkedExcerpt>, MarkedExcerpt) {
    let all: Vec<&SearchTerm> = query.terms().collect();
    let is_in = |text: &str, term: &SearchTerm| !found(text, &[term]).is_empty();
    let (of_text, others): (Vec<&SearchTerm>, Vec<&SearchTerm>) =
        all.iter().copied().partition(|term| !term.in_title && is_in(text, term));
    let has_title = others.iter().any(|term| is_in(title, term));
    let in_title = has_title.then(|| excerpt(title, &all));
    let in_text = match has_title && of_text.is_empty() {
        true => MarkedExcerpt::default(),
        false => excerpt(text, &of_text),
    };
    (in_title, in_text)
}

/// The stretch in which most of what was asked stands together, of several the first, and others with what it lacks.
fn excerpt(text: &str, terms: &[&SearchTerm]) -> MarkedExcerpt {
    let mut found = found(text, terms);
    found.sort_by_key(|it| (it.bytes.start, it.bytes.end));
    let mut stretches = Vec::new();
    while stretches.len() < STRETCHES_MAX && !found.is_empty() {
        let stretch = chosen(text, &found, terms);
        found.retain(|it| !stretch.terms[it.term]);
        stretches.push(stretch.bytes);
    }
    let n_letters = EXCERPT_LETTERS / stretches.len().max(1);
    let start = |stretch: &Vec<Range<usize>>| stretch.first().map(|bytes| bytes.start);
    stretches.sort_by_key(start);
    let at = stretches.first().and_then(start);
    if stretches.is_empty() {
        stretches.push(Vec::new());
    }
    let mut pieces = Vec::new();
    let mut floor = 0;
    for stretch in &stretches {
        floor = around(text, stretch, (floor, n_letters), &mut pieces);
    }
    MarkedExcerpt { pieces, at }
}

/// The excerpt around some bytes of a text.
pub fn excerpt_at(text: &str, bytes: Range<usize>) -> MarkedExcerpt {
    let (mut pieces, at) = (Vec::new(), Some(bytes.start));
    around(text, &[bytes], (0, EXCERPT_LETTERS), &mut pieces);
    MarkedExcerpt { pieces, at }
}

/// Whether a text with this title answers a question: its words and pairs stand to each other as is asked.
pub fn answers(title: &str, text: &str, query: &SearchQuery) -> bool {
    let has = |term: &&SearchTerm| {
        let is_in = |text: &str| !found(text, &[term]).is_empty();
        is_in(title) || (!term.in_title && is_in(text))
    };
    query.wanted.iter().all(|terms| terms.iter().any(|term| has(&term)))
        && !query.unwanted.iter().any(|term| has(&term))
}

/// Where each term stands.
fn found(text: &str, terms: &[&SearchTerm]) -> Vec<FoundTerm> {
    let open = vec![Vec::new(); terms.len()];
    let mut finder = TermFinder { terms, open, found: Vec::new() };
    fold::tokens(text, &mut finder);
    finder.found
}

/// Follows terms through the tokens of a text.
struct TermFinder<'q> {
    terms: &'q [&'q SearchTerm],
    /// Of each term how many of its tokens were met in a row, and where the first stands.
    open: Vec<Vec<(usize, usize)>>,
    found: Vec<FoundTerm>,
}

impl TermFinder<'_> {
    fn token(&mut self, fits: impl Fn(&FoldedToken, bool) -> bool, bytes: &Range<usize>) {
        for (n, term) in self.terms.iter().enumerate() {
            let last = term.tokens.len() - 1;
            let open = std::mem::take(&mut self.open[n]).into_iter();
            for (n_met, start) in open.chain([(0, bytes.start)]) {
                if !fits(&term.tokens[n_met], term.is_open && n_met == last) {
                    continue;
                }
                if n_met < last {
                    self.open[n].push((n_met + 1, start));
                } else if self.found.len() < FOUND_MAX {
                    self.found.push(FoundTerm { term: n, bytes: start..bytes.end });
                }
            }
        }
    }
}

impl TokenSink for TermFinder<'_> {
    fn word(&mut self, word: &str, bytes: Range<usize>) {
        let fits = |token: &FoldedToken, is_open: bool| match token {
            FoldedToken::Word(wanted) if is_open => word.starts_with(&**wanted),
            FoldedToken::Word(wanted) => word == wanted,
            FoldedToken::Pair(..) => false,
        };
        self.token(fits, &bytes);
    }

    fn pair(&mut self, first: char, second: Option<char>, bytes: Range<usize>) {
        let fits = |token: &FoldedToken, is_open: bool| match token {
            FoldedToken::Pair(wanted, None) if is_open => *wanted == first,
            FoldedToken::Pair(wanted, other) => (*wanted, *other) == (first, second),
            FoldedToken::Word(_) => false,
        };
        // Of a pair that was asked as one character, that one is marked.
        let asked = first.len_utf8();
        let is_one =
            self.terms.iter().all(|term| matches!(term.tokens[..], [FoldedToken::Pair(_, None)]));
        let bytes = match second {
            Some(_) if is_one => bytes.start..bytes.start + asked,
            _ => bytes,
        };
        self.token(fits, &bytes);
    }
}

/// What was found and is shown together.
struct TextStretch {
    /// Where it stands, in order and apart from each other.
    bytes: Vec<Range<usize>>,
    /// The terms that it has.
    terms: Vec<bool>,
}

fn chosen(text: &str, found: &[FoundTerm], terms: &[&SearchTerm]) -> TextStretch {
    let mut best = (0, Reverse(0), 0..0);
    for (n, first) in found.iter().enumerate() {
        let last_start = first.bytes.start + WINDOW_BYTES;
        let within = found[n..].iter().take_while(|it| it.bytes.start <= last_start);
        let (mut met, mut weight, mut end, mut n_within) = (vec![false; terms.len()], 0, 0, 0);
        for it in within {
            n_within += 1;
            if !std::mem::replace(&mut met[it.term], true) {
                weight += terms[it.term].tokens.len();
                end = end.max(it.bytes.end);
            }
        }
        let bytes = first.bytes.start..end;
        let n_breaks = text[bytes.clone()].matches("\n\n").count();
        let spread = Reverse(bytes.len() + n_breaks * EXCERPT_LETTERS);
        if (weight, spread) > (best.0, best.1) {
            best = (weight, spread, n..n + n_within);
        }
    }
    let mut chosen: Vec<Range<usize>> = Vec::new();
    let mut met = vec![false; terms.len()];
    for it in &found[best.2] {
        // Another paragraph is shown for what the first one does not have.
        let is_new = !std::mem::replace(&mut met[it.term], true);
        let start = chosen.first().map_or(it.bytes.start, |first| first.start);
        if !is_new && text[start..it.bytes.start].contains("\n\n") {
            continue;
        }
        match chosen.last_mut() {
            Some(last) if it.bytes.start <= last.end => last.end = last.end.max(it.bytes.end),
            _ => chosen.push(it.bytes.clone()),
        }
    }
    TextStretch { bytes: chosen, terms: met }
}

/// Adds what stands around some bytes of a text, from `floor` on; without any its beginning. Returns where that ends.
fn around(
    text: &str,
    found: &[Range<usize>],
    (floor, n_letters): (usize, usize),
    pieces: &mut Vec<ExcerptPiece>,
) -> usize {
    let start = found.first().map_or(0, |it| it.start);
    let end = found.last().map_or(0, |it| it.end);
    let first = text[..start].rfind("\n\n").map_or(0, |at| at + 2).max(floor.min(start));
    let lead = text[first..start].char_indices().rev().take(LEAD_LETTERS).last();
    let lead = lead.map_or(start, |(at, _)| first + at);
    let from = if lead > first { word_after(text, lead, start) } else { first };
    let n_left = n_letters.saturating_sub(text[from..end].chars().count()).max(LEAD_LETTERS / 2);
    let after = &text[end..];
    let last = if found.is_empty() { None } else { after.find("\n\n") };
    let last = last.unwrap_or(after.trim_end().len());
    let to = match after[..last].char_indices().nth(n_left) {
        Some((at, _)) => end + after[..at].rfind(char::is_whitespace).unwrap_or(at),
        None => end + last,
    };
    match pieces.last() {
        Some(last) if last.text.ends_with('…') => push(pieces, " ", false),
        Some(_) => push(pieces, " … ", false),
        None if from > first => push(pieces, "…", false),
        None => {}
    }
    let mut at = from;
    for it in found {
        push(pieces, &text[at..it.start], false);
        push(pieces, &text[it.clone()], true);
        at = it.end;
    }
    push(pieces, text[at..to].trim_end(), false);
    if to < end + last {
        push(pieces, " …", false);
    }
    to
}

/// The beginning of the next word from there on, unless it lies behind `end`.
fn word_after(text: &str, from: usize, end: usize) -> usize {
    let space = text[from..end].find(char::is_whitespace);
    space.map_or(from, |at| {
        let behind = from + at;
        end.min(behind + (text[behind..].len() - text[behind..].trim_start().len()))
    })
}

/// Adds a piece with each run of white space as one space.
fn push(pieces: &mut Vec<ExcerptPiece>, text: &str, is_marked: bool) {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_whitespace() {
            true if shown.ends_with(' ') => {}
            true => shown.push(' '),
            false => shown.push(c),
        }
    }
    match pieces.last_mut() {
        _ if shown.is_empty() => {}
        None if !is_marked => {
            let text = shown.trim_start().to_owned();
            if !text.is_empty() {
                pieces.push(ExcerptPiece { text, is_marked });
            }
        }
        Some(last) if last.is_marked == is_marked => last.text.push_str(&shown),
        _ => pieces.push(ExcerptPiece { text: shown, is_marked }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, words: &str) -> String {
        let query = SearchQuery::parse(words, &|_, _| false);
        let shown = |piece: ExcerptPiece| match piece.is_marked {
            true => format!("[{}]", piece.text),
            false => piece.text,
        };
        excerpts("", text, &query).1.pieces.into_iter().map(shown).collect()
    }

    #[test]
    fn words_are_marked_where_most_of_them_stand() {
        let text =
            "The ferry is late.\n\nThe harbour\nboard closed the ferry of Port Essery.\n\nEnd.";
        for (words, expected) in [
            ("ferry", "The [ferry] is late."),
            ("ferry harbour", "The [harbour] board closed the [ferry] of Port Essery."),
            ("\"port essery\" boar*", "The harbour [board] closed the ferry of [Port Essery]."),
            (
                "missing",
                "The ferry is late. The harbour board closed the ferry of Port Essery. End.",
            ),
        ] {
            assert_eq!(shown(text, words), expected, "{words}");
        }
    }

    #[test]
    fn words_that_stand_only_in_the_title_are_marked_there() {
        let marked = |excerpt: &MarkedExcerpt| -> Vec<String> {
            excerpt.pieces.iter().filter(|it| it.is_marked).map(|it| it.text.clone()).collect()
        };
        let (title, text) = ("Ferry news", "The harbour. The ferry.");
        for (words, in_title, in_text) in [
            ("harbour", None, &["harbour"][..]),
            ("ferry", None, &["ferry"]),
            ("news", Some(&["news"][..]), &[]),
            ("news harbour", Some(&["news"]), &["harbour"]),
            ("title:ferry", Some(&["Ferry"]), &[]),
        ] {
            let query = SearchQuery::parse(words, &|_, _| false);
            let (found_title, found_text) = excerpts(title, text, &query);
            assert_eq!(
                found_title.map(|it| marked(&it)).as_deref(),
                in_title.map(strings).as_deref()
            );
            assert_eq!(marked(&found_text), in_text, "{words}");
        }
    }

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn spellings_and_scripts_are_marked_as_they_stand() {
        for (text, words, expected) in [
            ("Die STRASSE, die Straße.", "straße", "Die [STRASSE], die [Straße]."),
            ("قال الرَّئيسُ نعم", "الرئيس", "قال [الرَّئيسُ] نعم"),
            ("新华社北京，中华人民", "华人", "新华社北京，中[华人]民"),
            ("新华社北京", "京", "新华社北[京]"),
            ("新华社北京", "华", "新[华]社北京"),
            ("第3章abc", "第3章", "[第3章]abc"),
            ("Use C++ or C.", "c++", "Use [C++] or C."),
            ("a 1,234 b", "1234", "a [1,234] b"),
        ] {
            assert_eq!(shown(text, words), expected, "{words}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        let words = "one two three four five six seven ".repeat(20);
        let found = shown(&format!("{words}HERE {words}"), "here");
        assert!(found.starts_with("…") && found.ends_with(" …"), "{found}");
        assert!(found.contains("seven [HERE] one"), "{found}");
        assert!(found.chars().count() <= EXCERPT_LETTERS + 5, "{found}");
    }

    #[test]
    fn what_stands_apart_is_no_phrase() {
        let query = SearchQuery::parse("\"hello 世界\"", &|_, _| false);
        assert!(query.is_mixed());
        for (text, expected) in
            [("Hello, 世界!", true), ("hello 美国 世界", false), ("世界 hello", false)]
        {
            assert_eq!(answers("", text, &query), expected, "{text}");
        }
    }
}
