//! Texts as they are compared: of a page its main part, all that is visible, or its source.

use std::borrow::Cow;

use crate::types::limits::TEXT_BYTES_MAX;

use super::{
    Charset, Locators, Metadata, composed, decoded,
    extract::{Extraction, ExtractionStatus, Format, extract},
    kinds, metadata, separated, visible, with_line_feeds,
};
use super::{PageHeading, Unseen, visible::PageText};

/// How much of a page is compared; other texts are compared as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// Its main part if there is a clear one, else all that is visible.
    #[default]
    Article,
    /// All that is visible.
    Page,
    /// Its source as a text; of comma-separated values, too, which else are compared as a table.
    Source,
}

impl Scope {
    /// The scope's code, as the command line and JSON have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Article => "article",
            Self::Page => "page",
            Self::Source => "source",
        }
    }
}

/// As what bytes are read.
#[derive(Debug, Clone, Copy)]
pub struct ReadAs<'a> {
    /// Their media type.
    pub media_type: &'a str,
    /// The encoding of those that do not prove another.
    pub named: Option<Charset>,
    /// How much of a page.
    pub scope: Scope,
}

impl<'a> ReadAs<'a> {
    /// All that is visible, in an encoding that is found or named.
    pub fn page(media_type: &'a str, named: Option<Charset>) -> Self {
        Self { media_type, named, scope: Scope::Page }
    }
}

/// A text read to be compared, its letters composed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopedText {
    /// What is compared.
    pub text: String,
    /// How much of a page that is; `None` of what is no page.
    pub scope: Option<Scope>,
    /// What else is visible: nothing unless the scope is the main part.
    pub rest: String,
    /// Of that what is clearly text, no menu, notice or teaser.
    pub rest_read: String,
    /// The headings of a page in what is compared; `None` where they are not marked as such.
    pub headings: Option<Vec<PageHeading>>,
    /// What of a page is in no text of it, in order.
    pub unseen: Vec<Unseen>,
    /// Where in a document of another format what is compared stands.
    pub locators: Locators,
}

impl ScopedText {
    /// One that has nothing but its words.
    fn plain(text: String) -> Self {
        let (rest, rest_read, unseen, locators) = Default::default();
        Self { text, scope: None, rest, rest_read, headings: None, unseen, locators }
    }
}

/// How much is compared of a media type: documents that are rendered as pages have neither a menu nor a source.
pub(super) fn of(media_type: &str, scope: Scope) -> Scope {
    match Format::of(media_type) {
        Some(_) => Scope::Page,
        None => scope,
    }
}

/// Reads bytes in an encoding that they prove, or in the one that is named.
pub fn read(bytes: &[u8], read_as: ReadAs) -> WithStatus<ScopedText> {
    let ReadAs { media_type, named, scope } = read_as;
    decoded_with_status(bytes, media_type, named).map(|text| scoped(text, media_type, scope))
}

/// Reads bytes to be searched: all that is visible of a page, and the title that it gives itself.
///
/// Words are whole there: of what is set high or low, of what is marked as inserted and of what has its reading beside it
/// nothing stands between the letters.
pub fn read_searched(
    bytes: &[u8],
    media_type: &str,
    named: Option<Charset>,
) -> WithStatus<(ScopedText, Option<String>)> {
    decoded_with_status(bytes, media_type, named).map(|text| {
        let metadata = metadata(&text, media_type, Scope::Page);
        let title = metadata.as_ref().and_then(Metadata::title).map(str::to_owned);
        (searched(text, media_type), title)
    })
}

/// The text alone that [`read_searched`] gives.
pub fn searched_text(bytes: &[u8], media_type: &str, named: Option<Charset>) -> WithStatus<String> {
    decoded_with_status(bytes, media_type, named).map(|text| searched(text, media_type).text)
}

/// What was read, if anything, and what came of rendering where that was needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithStatus<T> {
    /// None where the bytes are no text, or more of it than is treated as text.
    pub found: Option<T>,
    /// None of what is not rendered, but for bytes that go by a type of text and are none in any encoding.
    pub status: Option<ExtractionStatus>,
}

impl<T> WithStatus<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> WithStatus<U> {
        WithStatus { found: self.found.map(change), status: self.status }
    }
}

fn decoded_with_status<'a>(
    bytes: &'a [u8],
    media_type: &str,
    named: Option<Charset>,
) -> WithStatus<Cow<'a, str>> {
    match Format::of(media_type).filter(|_| bytes.len() <= TEXT_BYTES_MAX) {
        None => {
            let found = decoded(bytes, media_type, named).map(|it| it.text);
            let is_no_text = found.is_none() && may_be_decoded(bytes.len(), media_type);
            WithStatus { found, status: is_no_text.then_some(ExtractionStatus::Unsupported) }
        }
        Some(format) => {
            let Extraction { status, html } = extract(bytes, format, named);
            let found = html.map(|html| with_line_feeds(html.into()));
            WithStatus { found, status: Some(status) }
        }
    }
}

/// Whether so many bytes of a media type are text as they are, in some encoding.
fn may_be_decoded(n_bytes: usize, media_type: &str) -> bool {
    n_bytes <= TEXT_BYTES_MAX && kinds::are_bytes_text(media_type)
}

fn searched(text: Cow<'_, str>, media_type: &str) -> ScopedText {
    if !kinds::is_page(media_type) {
        return scoped(text, media_type, Scope::Page);
    }
    let (is_xhtml, is_rendered) = (kinds::is_xhtml(media_type), Format::of(media_type).is_some());
    scoped_page(visible::in_searched(&text, is_xhtml, is_rendered))
}

/// The same of a text that is decoded, with lines ended by `\n`.
pub fn scoped(text: Cow<'_, str>, media_type: &str, scope: Scope) -> ScopedText {
    let (is_page, scope) = (kinds::is_page(media_type), of(media_type, scope));
    if !is_page || scope == Scope::Source {
        let text = match kinds::is_separated(media_type) && scope != Scope::Source {
            true => separated::table(&text).into(),
            false => text,
        };
        let scope = is_page.then_some(scope);
        return ScopedText { scope, ..ScopedText::plain(composed(text)) };
    }
    let is_xhtml = kinds::is_xhtml(media_type);
    scoped_page(match scope {
        _ if Format::of(media_type).is_some() => visible::in_rendered(&text),
        Scope::Article => visible::in_parts(&text, is_xhtml),
        _ => visible::in_whole(&text, is_xhtml),
    })
}

fn scoped_page(page: PageText) -> ScopedText {
    let PageText { main, rest, rest_read, headings, unseen, locators } = page;
    let (text, scope, rest) = match main {
        Some(main) => (main, Scope::Article, rest),
        None => (rest, Scope::Page, String::new()),
    };
    let [text, rest, rest_read] = [text, rest, rest_read].map(|it| composed(it.into()));
    let (scope, headings) = (Some(scope), Some(headings));
    ScopedText { text, scope, rest, rest_read, headings, unseen, locators }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_in_the_scope_asked_for() {
        let sentence =
            "The harbour is closed, the board said, to all ships of more than 20 metres.";
        let page = format!(
            "<title>Harbour</title><nav><a href=/>Home</a></nav><article><p>{}</p></article>",
            sentence.repeat(5)
        );
        let text = sentence.repeat(5);
        let read_as = |media_type, scope| ReadAs { media_type, named: None, scope };
        let found = |scope| read(page.as_bytes(), read_as("text/html", scope)).found.unwrap();
        let article = found(Scope::Article);
        assert_eq!(article.text, format!("Harbour\n\n{text}"));
        assert_eq!((article.scope, &article.rest[..]), (Some(Scope::Article), "Home"));
        let whole = found(Scope::Page);
        assert_eq!(whole.text, format!("Harbour\n\nHome\n\n{text}"));
        assert_eq!((whole.scope, &whole.rest[..]), (Some(Scope::Page), ""));
        assert_eq!((whole.unseen.len(), &whole.unseen), (1, &article.unseen));
        let source = found(Scope::Source);
        assert_eq!((&source.text, source.scope), (&page, Some(Scope::Source)));
        let short =
            read(b"<nav>Home</nav><p>Short.", read_as("text/html", Scope::Article)).found.unwrap();
        assert_eq!((&short.text[..], short.scope), ("Home\n\nShort.", Some(Scope::Page)));
        let plain = read(page.as_bytes(), read_as("text/plain", Scope::Article)).found.unwrap();
        assert_eq!((plain.text, plain.scope), (page.clone(), None));
    }

    #[test]
    fn what_is_searched_has_whole_words() {
        let found =
            |html: &str| read_searched(html.as_bytes(), "text/html", None).found.unwrap().0.text;
        for (html, text) in [
            ("the 21<sup>st</sup> day", "the 21st day"),
            ("H<sub>2</sub>O, <b>CO</b><sub><i>2</i></sub>", "H2O, CO2"),
            ("5 m<sup>2</sup> and km<sup>2</sup>/h", "5 m2 and km2/h"),
            ("C<sub>6</sub>H<sub>12</sub>O<sub>6</sub>", "C6H12O6"),
            ("SO<sub>4</sub><sup>2−</sup>", "SO4^2−"),
            ("10<sup>6</sup>m, 10<sup>−6</sup>", "10^6 m, 10^−6"),
            ("le XIX<sup>e</sup> siècle, M<sup>me</sup> X", "le XIXe siècle, Mme X"),
            (
                "a note<sup>1</sup>, and<sup>[2]</sup> more<sup>3</sup>words",
                "a note 1, and[2] more 3 words",
            ),
            ("<p><sup>1</sup>We say<p>of <sup>14</sup>C", "1 We say\n\nof 14C"),
            ("colo<ins>u</ins>r at <del>100</del> <ins>200</ins> now", "colour at ~~100~~ 200 now"),
            ("<h2>A word<sup>1</sup></h2><p>é<sup>1<br>two</sup>", "A word 1\n\né 1\ntwo"),
            ("<table><td>x<sup>a</sup><td>12.5<sup>a</sup></table>", "xa\t12.5 a"),
        ] {
            assert_eq!(found(html), text, "{html}");
        }
    }

    #[test]
    fn a_word_is_searched_without_its_reading_which_stands_behind_the_line() {
        let found =
            |html: &str| read_searched(html.as_bytes(), "text/html", None).found.unwrap().0.text;
        for (html, text) in [
            (
                "<p><ruby>東<rp>(</rp><rt>とう</rt><rp>)</rp>京<rt>きょう</rt></ruby>へ<ruby>行<rt>い</rt></ruby>く<p>。",
                "東京へ行く (とう きょう, い)\n\n。",
            ),
            ("<ruby>字<rtc><rt>ji</rt></rtc></ruby>", "字 (ji)"),
            ("a<rt>(b)</rt> c<rt> <br> </rt>", "a c (b)"),
            ("<table><tr><td><ruby>日<rt>ひ</rt></ruby><td>x</table>", "日 (ひ)\tx"),
        ] {
            assert_eq!(found(html), text, "{html}");
        }
    }
}
