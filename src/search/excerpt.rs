//! Where in a text the words of a question stand, and the excerpt that answers it best.

use std::{cmp::Reverse, ops::Range};

use super::{
    fold::{self, RunLetter, TokenSink},
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
/// Of one term no more is kept to choose a stretch by.
const FOUND_MAX: usize = 5_000;

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
    let in_text = which_stand(text, &all);
    let (mut of_text, mut others) = (Vec::new(), Vec::new());
    for (term, is_in) in all.iter().copied().zip(in_text) {
        if is_in && !term.in_title { of_text.push(term) } else { others.push(term) }
    }
    let has_title = which_stand(title, &others).contains(&true);
    let in_title = has_title.then(|| excerpt(title, &all));
    let in_text = match has_title && of_text.is_empty() {
        true => MarkedExcerpt::default(),
        false => excerpt(text, &of_text),
    };
    (in_title, in_text)
}

/// The stretch in which most of what was asked stands together, of several the first, and others with what it lacks. All
/// that was asked and is shown is marked.
fn excerpt(text: &str, terms: &[&SearchTerm]) -> MarkedExcerpt {
    let mut all = found(text, terms, FOUND_MAX);
    all.sort_by_key(|it| (it.bytes.start, it.bytes.end));
    let mut left = all.clone();
    let mut stretches = Vec::new();
    while stretches.len() < STRETCHES_MAX && !left.is_empty() {
        let stretch = chosen(text, &left, terms);
        left.retain(|it| !stretch.terms[it.term]);
        stretches.push(stretch.bytes);
    }
    let n_letters = EXCERPT_LETTERS / stretches.len().max(1);
    stretches.sort_by_key(|stretch| stretch.start);
    if stretches.is_empty() {
        stretches.push(0..0);
    }
    let mut shown: Vec<ShownText> = Vec::new();
    for stretch in stretches {
        let floor = shown.last().map_or(0, |last| last.bytes.end);
        let next = ShownText::around(text, stretch, floor, n_letters);
        match shown.last_mut() {
            Some(last) if next.bytes.start <= floor => last.go_on(next),
            _ => shown.push(next),
        }
    }
    let mut n_found = vec![0; terms.len()];
    all.iter().for_each(|it| n_found[it.term] += 1);
    if n_found.contains(&FOUND_MAX) {
        all = found(text, terms, usize::MAX);
    }
    marked(text, &shown, &together(all))
}

/// The excerpt around some bytes of a text.
pub fn excerpt_at(text: &str, bytes: Range<usize>) -> MarkedExcerpt {
    let shown = ShownText::around(text, bytes.clone(), 0, EXCERPT_LETTERS);
    marked(text, &[shown], &[bytes])
}

/// Whether a text with this title answers a question: its words and pairs stand to each other as is asked.
pub fn answers(title: &str, text: &str, query: &SearchQuery) -> bool {
    let has = |term: &&SearchTerm| {
        let is_in = |text: &str| !found(text, &[term], 1).is_empty();
        is_in(title) || (!term.in_title && is_in(text))
    };
    query.wanted.iter().all(|terms| terms.iter().any(|term| has(&term)))
        && !query.unwanted.iter().any(|term| has(&term))
}

/// Whether each term stands there.
fn which_stand(text: &str, terms: &[&SearchTerm]) -> Vec<bool> {
    let mut stand = vec![false; terms.len()];
    found(text, terms, 1).iter().for_each(|it| stand[it.term] = true);
    stand
}

/// Where each term stands, up to so many times.
fn found(text: &str, terms: &[&SearchTerm], n_max: usize) -> Vec<FoundTerm> {
    let open = vec![Vec::new(); terms.len()];
    let n_found = vec![0; terms.len()];
    let mut finder = TermFinder { terms, open, n_found, n_max, found: Vec::new() };
    fold::tokens(text, &mut finder);
    finder.found
}

/// Follows terms through the tokens of a text.
struct TermFinder<'q> {
    terms: &'q [&'q SearchTerm],
    /// Of each term how many of its tokens were met in a row, and where the first stands.
    open: Vec<Vec<(usize, usize)>>,
    /// How often each was found, up to so many times.
    n_found: Vec<usize>,
    n_max: usize,
    found: Vec<FoundTerm>,
}

impl TermFinder<'_> {
    /// Takes a token that begins there; `fits` says where that ends as the token of a term.
    fn token(&mut self, start: usize, fits: impl Fn(&FoldedToken, bool) -> Option<usize>) {
        for (n, term) in self.terms.iter().enumerate() {
            let last = term.tokens.len() - 1;
            let open = std::mem::take(&mut self.open[n]).into_iter();
            for (n_met, start) in open.chain([(0, start)]) {
                let Some(end) = fits(&term.tokens[n_met], term.is_open && n_met == last) else {
                    continue;
                };
                if n_met < last {
                    self.open[n].push((n_met + 1, start));
                } else if self.n_found[n] < self.n_max {
                    self.n_found[n] += 1;
                    self.found.push(FoundTerm { term: n, bytes: start..end });
                }
            }
        }
    }
}

impl TokenSink for TermFinder<'_> {
    fn word(&mut self, word: &str, bytes: Range<usize>) {
        self.token(bytes.start, |token, is_open| {
            let fits = match token {
                FoldedToken::Word(wanted) if is_open => word.starts_with(&**wanted),
                FoldedToken::Word(wanted) => word == wanted,
                FoldedToken::Pair(..) => false,
            };
            fits.then_some(bytes.end)
        });
    }

    fn pair(&mut self, first: &RunLetter, second: Option<&RunLetter>) {
        let letters = (first.letter, second.map(|it| it.letter));
        self.token(first.bytes.start, |token, is_open| match token {
            // Of a pair that was asked as one character, that one is marked.
            FoldedToken::Pair(wanted, None) if is_open => {
                (*wanted == first.letter).then_some(first.bytes.end)
            }
            FoldedToken::Pair(wanted, other) => {
                ((*wanted, *other) == letters).then_some(second.unwrap_or(first).bytes.end)
            }
            FoldedToken::Word(_) => None,
        });
    }
}

/// What was found and is shown together.
struct TextStretch {
    bytes: Range<usize>,
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
        // The same word may take more bytes in another spelling.
        let spread = Reverse(text[bytes].chars().count() + n_breaks * EXCERPT_LETTERS);
        if (weight, spread) > (best.0, best.1) {
            best = (weight, spread, n..n + n_within);
        }
    }
    let within = &found[best.2];
    let mut bytes = within.first().map_or(0..0, |first| first.bytes.clone());
    let mut met = vec![false; terms.len()];
    for it in within {
        // Another paragraph is shown for what the first one does not have.
        let is_new = !std::mem::replace(&mut met[it.term], true);
        if is_new || !text[bytes.start..it.bytes.start].contains("\n\n") {
            bytes.end = bytes.end.max(it.bytes.end);
        }
    }
    TextStretch { bytes, terms: met }
}

/// What is shown of a text in one piece.
struct ShownText {
    bytes: Range<usize>,
    /// Its paragraph begins before it.
    is_cut_before: bool,
    /// Its paragraph goes on behind it.
    is_cut_after: bool,
}

impl ShownText {
    /// What stands around some bytes of a text, from `floor` on; without any its beginning.
    fn around(
        text: &str,
        Range { start, end }: Range<usize>,
        floor: usize,
        n_letters: usize,
    ) -> Self {
        let first = text[..start].rfind("\n\n").map_or(0, |at| at + 2).max(floor.min(start));
        let lead = text[first..start].char_indices().rev().take(LEAD_LETTERS).last();
        let lead = lead.map_or(start, |(at, _)| first + at);
        let from = if lead > first { word_after(text, lead, start) } else { first };
        let n_shown = text[from..end].chars().count();
        let n_left = n_letters.saturating_sub(n_shown).max(LEAD_LETTERS / 2);
        let after = &text[end..];
        let last = if start == end { None } else { after.find("\n\n") };
        let last = last.unwrap_or(after.trim_end().len());
        let to = match after[..last].char_indices().nth(n_left) {
            Some((at, _)) => end + after[..at].rfind(char::is_whitespace).unwrap_or(at),
            None => end + last,
        };
        Self { bytes: from..to, is_cut_before: from > first, is_cut_after: to < end + last }
    }

    /// Takes in what follows without a gap, or lies within.
    fn go_on(&mut self, next: Self) {
        if next.bytes.end > self.bytes.end {
            self.bytes.end = next.bytes.end;
            self.is_cut_after = next.is_cut_after;
        }
    }
}

/// What was found, in order and apart from each other.
fn together(mut found: Vec<FoundTerm>) -> Vec<Range<usize>> {
    found.sort_by_key(|it| it.bytes.start);
    let mut all: Vec<Range<usize>> = Vec::new();
    for FoundTerm { bytes, .. } in found {
        match all.last_mut() {
            Some(last) if bytes.start <= last.end => last.end = last.end.max(bytes.end),
            _ => all.push(bytes),
        }
    }
    all
}

/// What is shown of a text, with all that was found in it.
fn marked(text: &str, shown: &[ShownText], found: &[Range<usize>]) -> MarkedExcerpt {
    let (mut pieces, mut first) = (Vec::new(), None);
    for ShownText { bytes, is_cut_before, is_cut_after } in shown {
        match pieces.last() {
            Some(ExcerptPiece { text, .. }) if text.ends_with('…') => {
                push(&mut pieces, " ", false)
            }
            Some(_) => push(&mut pieces, " … ", false),
            None if *is_cut_before => push(&mut pieces, "…", false),
            None => {}
        }
        let mut at = bytes.start;
        for it in found.iter().filter(|it| it.start < bytes.end && it.end > bytes.start) {
            let (start, end) = (it.start.max(bytes.start), it.end.min(bytes.end));
            first.get_or_insert(start);
            push(&mut pieces, &text[at..start], false);
            push(&mut pieces, &text[start..end], true);
            at = end;
        }
        push(&mut pieces, text[at..bytes.end].trim_end(), false);
        if *is_cut_after {
            push(&mut pieces, " …", false);
        }
    }
    MarkedExcerpt { pieces, at: first }
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
            ("a 1,200km, 1200 b", "1'200", "a [1,200]km, [1200] b"),
            ("ip 192.168.0.1", "168.0", "ip 192.[168.0].1"),
            ("A股市", "A股", "[A股]市"),
            ("A股市，股", "股", "A[股]市，[股]"),
            ("ｱﾙﾊﾞｲﾄ、タベ", "バイ", "ｱﾙ[ﾊﾞｲ]ﾄ、タベ"),
            ("ﾀﾍﾞﾀﾍﾞｱ", "べ", "ﾀﾍﾞﾀﾍﾞｱ"),
            ("ﾀﾍﾞﾀﾍﾞｱ", "ベ", "ﾀ[ﾍﾞ]ﾀ[ﾍﾞ]ｱ"),
            ("ışık then isik then ISIK", "isik", "[ışık] then [isik] then [ISIK]"),
        ] {
            assert_eq!(shown(text, words), expected, "{words}");
        }
    }

    /// Only those of the stretch by which an excerpt was chosen were marked, and not what stands around it.
    #[test]
    fn all_that_is_shown_and_was_asked_is_marked() {
        for (text, words, expected) in [
            (
                "fig fig fig then date fig and Date fig",
                "fig date",
                "[fig] [fig] [fig] then [date] [fig] and [Date] [fig]",
            ),
            (
                "fig and fig date, then fig.",
                "\"fig date\" fig",
                "[fig] and [fig date], then [fig].",
            ),
        ] {
            assert_eq!(shown(text, words), expected, "{words}");
        }
        // Stretches that touch are one, and many words before them change nothing.
        let filler = "some words between them that nobody asked for and that take room. ".repeat(3);
        let text = format!("{}\n\nfig {filler} date fig", "fig. ".repeat(FOUND_MAX));
        let found = shown(&text, "fig date");
        assert!(found.ends_with("[date] [fig]"), "{found}");
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
