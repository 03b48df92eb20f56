//! What a page says of itself: title, byline, dates, description, site, address, language and number of pages.
//!
//! Pages say the same in several places: an element, `<meta>` under any of its names, JSON-LD. What is said in
//! one place is compared with what is said there on the other side, so that a page that says it in one place
//! more has not changed.

use std::collections::BTreeMap;

use crate::types::time::Timestamp;

use super::{
    composed,
    linked_data::LinkedData,
    markup::{RawContent, Token, Tokens, each_decoded},
};

/// Of authors that are named in one place, those are left out that come after so many bytes of names.
const NAMES_BYTES_MAX: usize = 2000;
/// A longer text is no name.
const NAME_BYTES_MAX: usize = 400;

/// What a page says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetadataField {
    /// Its title.
    Title,
    /// Who wrote it.
    Byline,
    /// When it was published.
    Published,
    /// When it was changed last.
    Modified,
    /// What it is about, as search engines show it.
    Description,
    /// The name of the site that it belongs to.
    Site,
    /// The address that it calls its own.
    Address,
    /// Its language.
    Language,
    /// How many pages it has.
    Pages,
}

/// Where a page says it: the first counts most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SaidIn {
    Element,
    /// By its name's number in [`META`].
    Meta(usize),
    LinkedData,
}

/// What a page says of itself, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    said: BTreeMap<(MetadataField, SaidIn), String>,
}

/// A value before and after; `None` where the page says nothing.
type BothValues<'a> = (Option<&'a str>, Option<&'a str>);

impl Metadata {
    /// Reads a page.
    pub(super) fn of(html: &str, is_xhtml: bool) -> Self {
        let mut reader = MetadataReader {
            tokens: Tokens::with(html, &ATTRIBUTES),
            metadata: Self::default(),
            linked_data: LinkedData::default(),
            is_xhtml,
        };
        reader.read();
        let MetadataReader { mut metadata, linked_data, .. } = reader;
        for (property, field) in LINKED_DATA {
            for value in linked_data.values(property) {
                metadata.put(field, SaidIn::LinkedData, value);
            }
        }
        metadata
    }

    /// Its title, where that counts most.
    pub fn title(&self) -> Option<&str> {
        self.values(MetadataField::Title).first().map(|(_, title)| *title)
    }

    /// What it says of each field, where that counts most.
    pub fn fields(&self) -> Vec<(MetadataField, &str)> {
        let said = self.said.iter().map(|((field, _), value)| (*field, value.as_str()));
        let mut fields: Vec<_> = said.collect();
        fields.dedup_by_key(|(field, _)| *field);
        fields
    }

    /// What differs from one page to another, in order.
    pub fn changes<'a>(&'a self, after: &'a Self) -> Vec<(MetadataField, BothValues<'a>)> {
        let said = self.said.keys().chain(after.said.keys());
        let mut fields: Vec<MetadataField> = said.map(|(field, _)| *field).collect();
        fields.sort_unstable();
        fields.dedup();
        let change = |field| self.change(after, field).map(|both| (field, both));
        fields.into_iter().filter_map(change).collect()
    }

    fn change<'a>(&'a self, after: &'a Self, field: MetadataField) -> Option<BothValues<'a>> {
        let (a, b) = (self.values(field), after.values(field));
        let differ = |a: &str, b: &str| key(field, a) != key(field, b);
        let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
        let mut in_both = pairs.clone().filter(|((a, _), (b, _))| a == b).peekable();
        if in_both.peek().is_some() {
            let other = in_both.find(|((_, a), (_, b))| differ(a, b));
            return other.map(|((_, a), (_, b))| (Some(*a), Some(*b)));
        }
        let is_same = pairs.clone().any(|((_, a), (_, b))| !differ(a, b));
        let first = |values: &[(SaidIn, &'a str)]| values.first().map(|(_, value)| *value);
        (!is_same).then(|| (first(&a), first(&b)))
    }

    fn values(&self, field: MetadataField) -> Vec<(SaidIn, &str)> {
        let of_field = (field, SaidIn::Element)..=(field, SaidIn::LinkedData);
        self.said.range(of_field).map(|((_, place), value)| (*place, &**value)).collect()
    }

    /// Keeps what is said first in a place; of authors all.
    fn put(&mut self, field: MetadataField, place: SaidIn, value: &str) {
        let mut decoded = String::with_capacity(value.len());
        each_decoded(value, |text| decoded.push_str(text));
        let words: Vec<&str> = decoded.split_whitespace().collect();
        if words.is_empty() {
            return;
        }
        let value = composed(words.join(" ").into());
        match self.said.get_mut(&(field, place)) {
            None => drop(self.said.insert((field, place), value)),
            Some(names) if field == MetadataField::Byline && place != SaidIn::Element => {
                let is_new = || names.split(", ").all(|name| name != value);
                if names.len() < NAMES_BYTES_MAX && value.len() <= NAME_BYTES_MAX && is_new() {
                    names.push_str(", ");
                    names.push_str(&value);
                }
            }
            Some(_) => {}
        }
    }
}

/// What is equal for values that say the same.
fn key(field: MetadataField, value: &str) -> String {
    match field {
        MetadataField::Published | MetadataField::Modified => {
            let time = Timestamp::read(value, Timestamp::from_unix(0, 0));
            time.map_or_else(|| value.to_owned(), |time| time.to_string())
        }
        MetadataField::Language => value.replace('_', "-").to_lowercase(),
        _ => value.to_owned(),
    }
}

/// Attributes that say something of a page, beside those that are kept of any.
const ATTRIBUTES: [&str; 8] =
    ["property", "content", "itemprop", "rel", "datetime", "lang", "http-equiv", "pubdate"];

/// Names that `<meta>` has for it, the first to be believed first.
const META: [(&str, MetadataField); 44] = {
    use MetadataField::{Address, Pages};
    use MetadataField::{Byline, Description, Language, Modified, Published, Site, Title};
    [
        ("og:title", Title),
        ("headline", Title),
        ("author", Byline),
        ("article:author", Byline),
        ("og:article:author", Byline),
        ("byl", Byline),
        ("dc.creator", Byline),
        ("dc:creator", Byline),
        ("dcterms.creator", Byline),
        ("citation_author", Byline),
        ("parsely-author", Byline),
        ("sailthru.author", Byline),
        ("article:published_time", Published),
        ("og:article:published_time", Published),
        ("og:published_time", Published),
        ("datepublished", Published),
        ("date", Published),
        ("pubdate", Published),
        ("publishdate", Published),
        ("publish-date", Published),
        ("dc.date", Published),
        ("dc.date.issued", Published),
        ("dcterms.issued", Published),
        ("prism.publicationdate", Published),
        ("citation_publication_date", Published),
        ("parsely-pub-date", Published),
        ("sailthru.date", Published),
        ("article:modified_time", Modified),
        ("og:updated_time", Modified),
        ("datemodified", Modified),
        ("last-modified", Modified),
        ("lastmod", Modified),
        ("dc.date.modified", Modified),
        ("dcterms.modified", Modified),
        ("description", Description),
        ("og:description", Description),
        ("dc.description", Description),
        ("dc:description", Description),
        ("og:site_name", Site),
        ("application-name", Site),
        ("og:url", Address),
        ("content-language", Language),
        ("og:locale", Language),
        ("xmptpg:npages", Pages),
    ]
};

/// Properties that JSON-LD has for it.
const LINKED_DATA: [(&str, MetadataField); 7] = [
    ("headline", MetadataField::Title),
    ("author", MetadataField::Byline),
    ("datePublished", MetadataField::Published),
    ("dateModified", MetadataField::Modified),
    ("description", MetadataField::Description),
    ("publisher", MetadataField::Site),
    ("inLanguage", MetadataField::Language),
];

/// Reads a page tag by tag.
struct MetadataReader<'a> {
    tokens: Tokens<'a>,
    metadata: Metadata,
    linked_data: LinkedData,
    is_xhtml: bool,
}

impl<'a> MetadataReader<'a> {
    fn read(&mut self) {
        let mut n_drawn = 0_usize;
        while let Some(token) = self.next() {
            match token {
                // Drawings have titles, too.
                Token::Start { name, closed: false } if name.eq_ignore_ascii_case("svg") => {
                    n_drawn += 1;
                }
                Token::End(name) if name.eq_ignore_ascii_case("svg") => {
                    n_drawn = n_drawn.saturating_sub(1);
                }
                Token::Start { name, closed } if n_drawn == 0 => {
                    let ends = closed && self.is_xhtml;
                    self.element(&name.to_ascii_lowercase(), ends);
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let is_xhtml = self.is_xhtml;
        self.tokens.next(|| is_xhtml)
    }

    fn attribute(&self, name: &str) -> Option<String> {
        let found = self.tokens.attributes().iter().find(|(it, _)| *it == name);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    fn has(&self, attribute: &str, word: &str) -> bool {
        let value = self.attribute(attribute).unwrap_or_default();
        value.split_ascii_whitespace().any(|it| it.eq_ignore_ascii_case(word))
    }

    fn element(&mut self, name: &str, has_ended: bool) {
        match name {
            "meta" => self.meta(),
            "html" => {
                let language = self.attribute("lang");
                self.put(MetadataField::Language, language);
            }
            "link" if self.has("rel", "canonical") => {
                let address = self.attribute("href");
                self.put(MetadataField::Address, address);
            }
            "time" => self.time(),
            _ if has_ended => {}
            "a" if self.has("rel", "author") => self.author(),
            "title" => {
                let title = self.content(RawContent::Text);
                self.put(MetadataField::Title, title);
            }
            "script" => {
                let is_data = self.has("type", "application/ld+json");
                if let Some(text) = self.content(RawContent::Script).filter(|_| is_data) {
                    self.linked_data.read(&text);
                }
            }
            "style" | "iframe" | "noembed" | "noframes" | "xmp" => {
                self.tokens.set_content(RawContent::Raw);
            }
            "textarea" => self.tokens.set_content(RawContent::Text),
            "plaintext" => self.tokens.set_content(RawContent::Plain),
            _ => {}
        }
    }

    fn put(&mut self, field: MetadataField, value: Option<String>) {
        self.metadata.put(field, SaidIn::Element, &value.unwrap_or_default());
    }

    /// What stands up to the end of an element that holds no markup.
    fn content(&mut self, content: RawContent) -> Option<String> {
        self.tokens.set_content(content);
        match self.next()? {
            Token::Text(text) | Token::Raw(text) => Some(text.to_owned()),
            _ => None,
        }
    }

    fn meta(&mut self) {
        let Some(content) = self.attribute("content") else { return };
        for attribute in ["name", "property", "itemprop", "http-equiv"] {
            let mut name = String::new();
            let value = self.attribute(attribute).unwrap_or_default();
            each_decoded(&value, |text| name.push_str(&text.to_ascii_lowercase()));
            let found = META.iter().enumerate().find(|(_, (it, _))| *it == name.trim());
            if let Some((number, (_, field))) = found {
                return self.metadata.put(*field, SaidIn::Meta(number), &content);
            }
        }
    }

    /// A time that says which it is.
    fn time(&mut self) {
        let is = |word| self.has("itemprop", word);
        let is_published = is("datePublished") || self.attribute("pubdate").is_some();
        let field = match (is_published, is("dateModified")) {
            (true, _) => MetadataField::Published,
            (_, true) => MetadataField::Modified,
            _ => return,
        };
        let time = self.attribute("datetime");
        self.put(field, time);
    }

    /// The text of a link to the author.
    fn author(&mut self) {
        let mut name = String::new();
        while let Some(token) = self.next() {
            match token {
                Token::Text(text) if name.len() + text.len() <= NAME_BYTES_MAX => name += text,
                // A mark inside of the name is no end of it.
                Token::Start { name: element, .. } | Token::End(element)
                    if ["span", "b", "strong", "i", "em"]
                        .iter()
                        .any(|it| element.eq_ignore_ascii_case(it)) => {}
                Token::End(element) if element.eq_ignore_ascii_case("a") => {
                    return self.put(MetadataField::Byline, Some(name));
                }
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(html: &str) -> String {
        let metadata = Metadata::of(html, false);
        let lines = metadata.said.iter().map(|((field, place), value)| {
            let place = match place {
                SaidIn::Element => "element",
                SaidIn::Meta(number) => META[*number].0,
                SaidIn::LinkedData => "data",
            };
            format!("{field:?} {place}: {value}")
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_page_says_what_it_is_in_many_places() {
        let page = r#"<!doctype html><HTML lang=en-GB><head><title>The
              harbour &amp; the gap</title><meta property="og:title" content="Harbour shut">
            <meta name=Author content="A. Holm"><meta name=author content="B. Skerl">
            <meta name=author content="A. Holm"><meta property=article&#x3a;published_time content=2026-03-01>
            <meta name=description content="  "><meta http-equiv=Content-Language content=en>
            <link rel="canonical" href="/harbour?a=1&amp;b=2"><meta name=viewport content=x></head>
            <svg><title>A map</title></svg><textarea><title>no</title></textarea>
            <a href=/holm rel="author nofollow"><b>Anna</b> Holm</a><a rel=author>Other</a>
            <time datetime=2026-03-02 itemprop=dateModified>today</time><time datetime=2026-04-01>x</time>
            <script>var a = "<title>no</title>"</script>"#;
        let expected = "Title element: The harbour & the gap\nTitle og:title: Harbour shut\n\
            Byline element: Anna Holm\nByline author: A. Holm, B. Skerl\n\
            Published article:published_time: 2026-03-01\nModified element: 2026-03-02\n\
            Address element: /harbour?a=1&b=2\nLanguage element: en-GB\n\
            Language content-language: en";
        assert_eq!(said(page), expected);
    }

    #[test]
    fn linked_data_is_read_too() {
        let page = r#"<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Gap &amp; rock",
            "author": [{"@type": "Person", "name": "A. Holm"}, "B. Skerl"], "datePublished": "2026-03-01"}</script>
            <script type="application/ld+json">not { data</script>"#;
        assert_eq!(
            said(page),
            "Title data: Gap & rock\nByline data: A. Holm, B. Skerl\nPublished data: 2026-03-01"
        );
    }

    fn changes(a: &str, b: &str) -> String {
        let (a, b) = (Metadata::of(a, false), Metadata::of(b, false));
        let changes = a.changes(&b);
        let shown = changes.into_iter().map(|(field, (a, b))| {
            format!("{field:?} {} > {}", a.unwrap_or("-"), b.unwrap_or("-"))
        });
        shown.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_is_said_in_one_place_is_compared_with_what_is_said_there() {
        let meta = |name: &str, value: &str| format!("<meta name={name} content='{value}'>");
        let (author, byl) = (meta("author", "A"), meta("byl", "A"));
        assert_eq!(changes(&author, &author), "");
        assert_eq!(changes(&author, &format!("{author}{}", meta("byl", "B"))), "");
        assert_eq!(changes(&author, &byl), "");
        assert_eq!(changes(&author, &meta("byl", "B")), "Byline A > B");
        assert_eq!(
            changes(&format!("{author}{byl}"), &format!("{author}{}", meta("byl", "B"))),
            "Byline A > B"
        );
        assert_eq!(changes(&author, "<title>T</title>"), "Title - > T; Byline A > -");
        let date = |value| meta("date", value);
        assert_eq!(changes(&date("2026-03-01T10:00:00Z"), &date("2026-03-01T11:00:00+01:00")), "");
        assert_eq!(changes("<html lang=en-gb>", "<html lang=en_GB>"), "");
    }

    #[test]
    fn time_grows_with_the_length_alone() {
        for unit in [
            "<meta name=author content=a>",
            "<a rel=author>",
            "<title>",
            "<svg>",
            "<script>",
            "<meta ",
            "&",
        ] {
            let _ = Metadata::of(&unit.repeat(20_000), false);
        }
        let author = |n: usize| format!("<meta name=author content='{n}'>");
        let page: String = (0..20_000).map(author).collect();
        let metadata = Metadata::of(&page, false);
        let names = metadata.values(MetadataField::Byline)[0].1;
        assert!((NAMES_BYTES_MAX..NAMES_BYTES_MAX + NAME_BYTES_MAX).contains(&names.len()));
    }

    #[test]
    fn broken_pages_say_what_they_can() {
        for html in [
            "<title>a",
            "<a rel=author>b",
            "<meta name=author",
            "<script type=application/ld+json>",
        ] {
            let _ = Metadata::of(html, true);
        }
        assert_eq!(said("<title>a"), "Title element: a");
        assert_eq!(said("<a rel=author><p>A long text</a>"), "");
    }
}
