//! The language of questions: words (all of them), `"phrase"`, `-word`, `OR`, `word*`, `title:`, and the filters
//! `source:`, `type:`, `tag:`, `name:`, `since:`, `until:`, which may have a `-` before them. Anything else
//! is looked for as it stands, so no text is an error; what looks like something else and is taken so is remarked.

use super::{
    numbers::{is_inside, spellings},
    terms::SearchTerm,
};

/// What restricts documents and revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryField {
    /// Where a capture came from.
    Source,
    /// The media type.
    Type,
    /// A tag of the document.
    Tag,
    /// The name of the document.
    Name,
    /// Captured then or later.
    Since,
    /// Captured then or earlier.
    Until,
}

const FIELDS: [(QueryField, &str); 6] = [
    (QueryField::Source, "source:"),
    (QueryField::Type, "type:"),
    (QueryField::Tag, "tag:"),
    (QueryField::Name, "name:"),
    (QueryField::Since, "since:"),
    (QueryField::Until, "until:"),
];
const TITLE: &str = "title:";
const OR: &str = "OR";
/// More terms make no question; what comes after them is left out, and that is said.
const TERMS_MAX: usize = 200;

/// A filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFilter {
    /// What it is asked of.
    pub field: QueryField,
    /// What that has to be.
    pub value: String,
    /// It must not be that.
    pub is_unwanted: bool,
    /// As it was written.
    pub written: String,
}

/// A question, understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Of each of these one has to stand in a text.
    pub wanted: Vec<Vec<SearchTerm>>,
    /// None of these may.
    pub unwanted: Vec<SearchTerm>,
    /// What restricts documents and revisions.
    pub filters: Vec<QueryFilter>,
    /// What would be a filter, but makes no sense with its value: it is looked for as it stands.
    pub refused: Vec<QueryFilter>,
    /// Signs that are looked for as they stand, since nothing stands where their words should.
    pub bare: Vec<String>,
    /// Filters beside an `OR`, as they were written: they restrict the whole question.
    pub beside_or: Vec<String>,
    /// What has nothing in it that is indexed.
    pub unsearchable: Vec<String>,
    /// Terms that were left out because there are too many.
    pub left_out: Vec<String>,
}

/// One part of a question.
struct QueryPart<'t> {
    text: &'t str,
    is_beginning: bool,
    is_unwanted: bool,
    in_title: bool,
}

impl SearchQuery {
    /// Understands a question. `accepts` says whether a filter makes sense with a value; else it is looked for as it stands.
    pub fn parse(text: &str, accepts: &dyn Fn(QueryField, &str) -> bool) -> Self {
        let mut query = Self::default();
        let mut rest = text.trim_start();
        let mut is_alternative = false;
        let mut filter_before = None;
        while !rest.is_empty() {
            if let Some((filter, after)) = filter(rest) {
                if accepts(filter.field, &filter.value) {
                    if std::mem::take(&mut is_alternative) {
                        query.beside_or.push(filter.written.clone());
                    }
                    filter_before = Some(filter.written.clone());
                    query.filters.push(filter);
                    rest = after.trim_start();
                    continue;
                }
                query.refused.push(filter);
            }
            let (word, (part, after)) = (until_space(rest).0, part(rest));
            rest = after.trim_start();
            let is_or = word == OR;
            let stands_behind_some = !query.wanted.is_empty() || filter_before.is_some();
            if is_or && stands_behind_some && !rest.is_empty() && !is_alternative {
                is_alternative = true;
                query.beside_or.extend(filter_before.take());
                continue;
            }
            if is_or || is_sign(word) {
                query.bare.push(word.to_owned());
            }
            filter_before = None;
            query.push(&part, std::mem::take(&mut is_alternative));
        }
        query
    }

    fn push(&mut self, part: &QueryPart<'_>, is_alternative: bool) {
        let spellings = match part.is_beginning {
            // Where the number ends, and so where its thousands are, nobody knows.
            true => vec![part.text.to_owned()],
            false => spellings(part.text),
        };
        let term = |text: &String| SearchTerm::of(text, part.is_beginning, part.in_title);
        let terms: Vec<SearchTerm> = spellings.iter().filter_map(term).collect();
        if terms.is_empty() {
            self.unsearchable.push(part.text.to_owned());
            return;
        }
        let n_terms = self.wanted.iter().map(Vec::len).sum::<usize>() + self.unwanted.len();
        if n_terms >= TERMS_MAX {
            self.left_out.push(part.text.to_owned());
            return;
        }
        match self.wanted.last_mut() {
            _ if part.is_unwanted => self.unwanted.extend(terms),
            Some(last) if is_alternative => last.extend(terms),
            _ => self.wanted.push(terms),
        }
    }

    /// Looks for it in SQLite's language; none without a word that has to stand there.
    pub fn expression(&self) -> Option<String> {
        let any = |terms: &[SearchTerm]| {
            let all: Vec<String> = terms.iter().map(SearchTerm::expression).collect();
            format!("({})", all.join(" OR "))
        };
        let wanted: Vec<String> = self.wanted.iter().map(|terms| any(terms)).collect();
        let wanted = (!wanted.is_empty()).then(|| wanted.join(" AND "))?;
        Some(match self.unwanted.is_empty() {
            true => wanted,
            false => format!("({wanted}) NOT {}", any(&self.unwanted)),
        })
    }

    /// The same question without what must not stand there; none where nothing must not.
    pub fn without_unwanted(&self) -> Option<Self> {
        (!self.unwanted.is_empty()).then(|| Self { unwanted: Vec::new(), ..self.clone() })
    }

    /// The same in titles alone.
    pub fn expression_in_title(&self) -> Option<String> {
        self.expression().map(|all| format!("{{title title_pairs}} : ({all})"))
    }

    /// All terms that have to stand there, or may.
    pub fn terms(&self) -> impl Iterator<Item = &SearchTerm> {
        self.wanted.iter().flatten()
    }

    /// Whether of some word only the beginning is known.
    pub fn is_open(&self) -> bool {
        self.terms().chain(&self.unwanted).any(|term| term.is_open)
    }

    /// Whether an index alone cannot answer it.
    pub fn is_mixed(&self) -> bool {
        self.terms().chain(&self.unwanted).any(SearchTerm::is_mixed)
    }
}

/// Whether a word is the name of a filter, or that of titles, and no more.
fn is_sign(word: &str) -> bool {
    let word = word.strip_prefix('-').unwrap_or(word);
    let mut names = FIELDS.iter().map(|(_, name)| *name).chain([TITLE]);
    names.any(|name| name.eq_ignore_ascii_case(word))
}

/// A filter at the beginning, and what is behind it.
fn filter(text: &str) -> Option<(QueryFilter, &str)> {
    let unwanted = text.strip_prefix('-');
    let named = unwanted.unwrap_or(text);
    let (field, word) = FIELDS.iter().find(|(_, word)| begins_with(named, word))?;
    let behind = &named[word.len()..];
    let (value, after) = quoted(behind).unwrap_or_else(|| until_space(behind));
    let filter = QueryFilter {
        field: *field,
        value: value.to_owned(),
        is_unwanted: unwanted.is_some(),
        written: text[..text.len() - after.len()].to_owned(),
    };
    (!value.trim().is_empty()).then_some((filter, after))
}

/// A word or phrase at the beginning, and what is behind it.
fn part(text: &str) -> (QueryPart<'_>, &str) {
    let mut at = text;
    let has_more = |text: &str| text.chars().next().is_some_and(|c| !c.is_whitespace() && c != '-');
    let is_unwanted = at.strip_prefix('-').is_some_and(has_more);
    at = if is_unwanted { &at[1..] } else { at };
    let in_title = begins_with(at, TITLE) && has_more(&at[TITLE.len()..]);
    at = if in_title { &at[TITLE.len()..] } else { at };
    if let Some((phrase, after)) = quoted(at) {
        let open = after.strip_prefix('*');
        let (is_beginning, after) = (open.is_some(), open.unwrap_or(after));
        return (QueryPart { text: phrase, is_beginning, is_unwanted, in_title }, after);
    }
    let (word, after) = until_space(at);
    let stem = word.strip_suffix('*').filter(|stem| stem.ends_with(char::is_alphanumeric));
    let is_beginning = stem.is_some();
    (QueryPart { text: stem.unwrap_or(word), is_beginning, is_unwanted, in_title }, after)
}

fn begins_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// What stands between quotes at the beginning, and what is behind them; a quote that nothing ends is none.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix(['"', '“', '„'])?;
    let (phrase, after) = inner.split_once(['"', '”', '“'])?;
    (!phrase.trim().is_empty()).then_some((phrase, after))
}

fn until_space(text: &str) -> (&str, &str) {
    let mut spaces = text.match_indices(char::is_whitespace).map(|(at, _)| at);
    text.split_at(spaces.find(|at| !is_inside(text, *at)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> SearchQuery {
        SearchQuery::parse(text, &|field, value| {
            field != QueryField::Since || value.starts_with("20")
        })
    }

    fn expression(text: &str) -> String {
        parse(text).expression().unwrap_or_default()
    }

    #[test]
    fn words_phrases_and_signs_mean_what_they_say() {
        for (text, expected) in [
            ("Ferry harbour", r#"(("ferry")) AND (("harbour"))"#),
            (r#""Port Essery" ferry"#, r#"(("port essery")) AND (("ferry"))"#),
            ("“Port Essery”", r#"(("port essery"))"#),
            ("ferry -bus", r#"((("ferry"))) NOT (("bus"))"#),
            (r#"ferry -"free bus" -stop"#, r#"((("ferry"))) NOT (("free bus") OR ("stop"))"#),
            ("ferry OR boat harbour", r#"(("ferry") OR ("boat")) AND (("harbour"))"#),
            ("ferr* title:harb*", r#"(("ferr" *)) AND ({title title_pairs} : ("harb" *))"#),
            (r#""free bu"*"#, r#"(("free bu" *))"#),
            // Signs that mean nothing where they stand.
            ("C++ what's", r#"(("c ++")) AND (("what s"))"#),
            ("2026-11-23", r#"(("2026 11 23"))"#),
            // A number with signs between thousands and without.
            ("1,200", r#"(("1 200") OR ("1200"))"#),
            ("-1200 m", r#"((("m"))) NOT (("1200") OR ("1 200"))"#),
            ("a OR 1'200", r#"(("a") OR ("1 200") OR ("1200"))"#),
            ("10\u{a0}000\u{a0}francs", r#"(("10 000") OR ("10000")) AND (("francs"))"#),
            ("1,200*", r#"(("1 200" *))"#),
            ("192.168.0.1", r#"(("192 168 0 1"))"#),
            (r#"one "quote"#, r#"(("one")) AND (("quote"))"#),
            (r#"5" pipe"#, r#"(("5")) AND (("pipe"))"#),
            ("OR ferry OR", r#"(("or")) AND (("ferry")) AND (("or"))"#),
            ("and NOT near(a, b)", r#"(("and")) AND (("not")) AND (("near a")) AND (("b"))"#),
            ("a - b --c", r#"(("a")) AND (("b")) AND (("c"))"#),
            ("title: since:never", r#"(("title")) AND (("since never"))"#),
            ("http://a.example/b?c=d", r#"(("http a example b c d"))"#),
            ("* ^a {b}", r#"(("a")) AND (("b"))"#),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn filters_have_values() {
        let query = parse(r#"Tag:wire ferry since:2026-03-04 -name:"a b" -since:2027 source:"#);
        let filters = [
            (QueryField::Tag, "wire", false),
            (QueryField::Since, "2026-03-04", false),
            (QueryField::Name, "a b", true),
            (QueryField::Since, "2027", true),
        ];
        let found = query.filters.iter().map(|it| (it.field, &it.value[..], it.is_unwanted));
        assert_eq!(found.collect::<Vec<_>>(), filters);
        assert_eq!(query.filters[2].written, r#"-name:"a b""#);
        assert_eq!(query.expression().unwrap(), r#"(("ferry")) AND (("source"))"#);
    }

    #[test]
    fn what_is_taken_otherwise_than_it_looks_is_told() {
        let written = |all: &[QueryFilter]| -> Vec<String> {
            all.iter().map(|it| it.written.clone()).collect()
        };
        assert_eq!(
            written(&parse("ferry since:foo -since:bar -since:2026").refused),
            ["since:foo", "-since:bar"]
        );
        for (text, bare) in [
            ("fish OR", &["OR"][..]),
            ("OR fish", &["OR"]),
            ("fish OR OR boat", &["OR"]),
            ("fish Type:", &["Type:"]),
            ("fish -title: until:", &["-title:", "until:"]),
            (r#"fish "OR" boat"#, &[]),
            ("fish OR boat title:x or types:", &[]),
        ] {
            assert_eq!(parse(text).bare, bare, "{text}");
        }
        assert_eq!(expression(r#"fish "OR" boat"#), r#"(("fish")) AND (("or")) AND (("boat"))"#);
        for (text, beside, asked) in [
            ("fish OR type:txt", &["type:txt"][..], r#"(("fish"))"#),
            ("type:txt OR fish", &["type:txt"], r#"(("fish"))"#),
            ("a tag:x OR b", &["tag:x"], r#"(("a") OR ("b"))"#),
            ("a OR b tag:x", &[], r#"(("a") OR ("b"))"#),
        ] {
            let query = parse(text);
            assert_eq!(query.beside_or, beside, "{text}");
            assert_eq!(query.expression().unwrap(), asked, "{text}");
        }
    }

    #[test]
    fn what_no_index_has_is_told() {
        let query = parse("% ferry -");
        assert_eq!(query.unsearchable, ["%", "-"]);
        assert_eq!(parse("-ferry").expression(), None);
        assert_eq!(parse("").expression(), None);
        assert_eq!(parse(&format!("{}b c", "a ".repeat(TERMS_MAX))).left_out, ["b", "c"]);
    }

    proptest! {
        #[test]
        fn every_text_is_a_question(text in r#"([a-zA-Z中ß "“”*:+(){}^'-]|OR|title:|since:|-"|tag:|\PC){0,30}"#) {
            let query = parse(&text);
            let expression = query.expression().unwrap_or_default();
            // Only quotes of ours, in pairs.
            prop_assert!(expression.matches('"').count().is_multiple_of(2));
        }
    }
}
