//! Pages that documents are rendered as: plain HTML, whose visible text is the document's.

use std::borrow::Cow;

use super::mail_encodings::ENCODING_NAME;
use crate::text::{locators::row_locator, markup::LOCATOR};

/// Elements that lie deeper in one another are left out; their text is not.
const DEPTH_MAX: usize = 256;
const HIDDEN: &str = " hidden=\"\"";

/// What a document says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Its title, which stands beside its text and not in it.
    Title,
    /// The subject of a mail or the title of a book, which whoever reads it sees above its text.
    Subject,
    /// Who wrote it.
    Author,
    /// When it was made or sent.
    Created,
    /// When it was changed last.
    Modified,
    /// What it is about.
    Description,
    /// Its language.
    Language,
    /// How many pages it has.
    Pages,
    /// In which encoding its text is.
    Encoding,
}

/// Why something of a document may be missing in its page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lack {
    /// There was more than is read.
    pub is_truncated: bool,
    /// It is broken somewhere, or breaks off.
    pub is_broken: bool,
    /// It is locked, but for what is there.
    pub is_encrypted: bool,
}

impl Lack {
    /// There was more than is read.
    pub const TRUNCATED: Self = Self { is_truncated: true, is_broken: false, is_encrypted: false };
    /// It is broken somewhere, or breaks off.
    pub const BROKEN: Self = Self { is_truncated: false, is_broken: true, is_encrypted: false };

    /// Why there is no text, where nothing was found.
    fn no_text(self) -> NoText {
        match self {
            Self { is_encrypted: true, .. } => NoText::Encrypted,
            Self { is_broken: true, .. } => NoText::Malformed,
            Self { is_truncated: true, .. } => NoText::TooLarge,
            Self { .. } => NoText::Empty,
        }
    }
}

/// A document as a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The page.
    pub html: String,
    /// Why not all of the document may be in it.
    pub lack: Lack,
}

/// A page that is being written. What no longer fits is left out.
pub struct PageWriter {
    title: String,
    shows_title: bool,
    head: String,
    body: String,
    /// Elements that are open.
    open: Vec<OpenElement>,
    n_left: usize,
    is_full: bool,
    lack: Lack,
}

struct OpenElement {
    name: &'static str,
    /// It is in the page; paragraphs of cells are parted by line breaks alone.
    is_written: bool,
    has_paragraph: bool,
}

impl PageWriter {
    /// An empty page, which holds so many bytes at most.
    pub fn new(n_bytes_max: usize) -> Self {
        Self {
            title: String::new(),
            shows_title: false,
            head: String::new(),
            body: String::new(),
            open: Vec::new(),
            n_left: n_bytes_max,
            is_full: false,
            lack: Lack::default(),
        }
    }

    /// What the document says of itself; of several the first counts, but for authors.
    pub fn about(&mut self, about: About, value: &str) {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        let name = match about {
            About::Title | About::Subject => {
                if self.title.is_empty() {
                    self.title = escaped(&value).into_owned();
                    self.shows_title = about == About::Subject;
                }
                return;
            }
            About::Author => "author",
            About::Created => "date",
            About::Modified => "last-modified",
            About::Description => "description",
            About::Language => "content-language",
            // As in XMP, and as Apache Tika calls it.
            About::Pages => "xmpTPg:NPages",
            About::Encoding => ENCODING_NAME,
        };
        let value = quoted(&value);
        if !value.is_empty() && self.takes(value.len() + 40) {
            self.head.push_str(&format!("<meta name=\"{name}\" content=\"{value}\">\n"));
        }
    }

    /// Begins an element.
    pub fn open(&mut self, element: &'static str) {
        self.open_with(element, None);
    }

    /// Begins what is a page, a sheet, a slide or a chapter in the document, as in `page 3`.
    pub fn section(&mut self, locator: &str, is_hidden: bool) {
        self.open_located("section", locator, is_hidden);
    }

    /// Begins a row of a sheet, whose first cell that is written is in this column; both are counted from 0.
    pub fn row(&mut self, column: usize, row: usize, is_hidden: bool) {
        self.open_located("tr", &row_locator(column, row), is_hidden);
    }

    /// Begins a cell that spans columns.
    pub fn cell(&mut self, element: &'static str, n_columns: usize, is_hidden: bool) {
        let span = n_columns.to_string();
        self.open_hidden(element, (n_columns > 1).then_some(("colspan", &span)), is_hidden);
    }

    fn open_located(&mut self, element: &'static str, locator: &str, is_hidden: bool) {
        self.open_hidden(element, Some((LOCATOR, locator)), is_hidden);
    }

    /// Begins an element that may be hidden.
    fn open_hidden(
        &mut self,
        element: &'static str,
        attribute: Option<(&str, &str)>,
        is_hidden: bool,
    ) {
        let n_open = self.open.len();
        self.open_with(element, attribute);
        if is_hidden && self.open.len() > n_open && self.takes(HIDDEN.len()) {
            self.body.insert_str(self.body.len() - 1, HIDDEN);
        }
    }

    /// Begins an element with an attribute: where a link leads, what an image shows, how many columns a cell spans.
    pub fn open_with(&mut self, element: &'static str, attribute: Option<(&str, &str)>) {
        let attribute = attribute.map(|(name, value)| format!(" {name}=\"{}\"", quoted(value)));
        let attribute = attribute.unwrap_or_default();
        if self.open.len() >= DEPTH_MAX || !self.takes(2 * element.len() + 5 + attribute.len()) {
            return;
        }
        let is_written = element != "p" || !self.is_part_of_cell();
        if is_written {
            self.body.push('<');
            self.body.push_str(element);
            self.body.push_str(&attribute);
            self.body.push('>');
        }
        if !matches!(element, "br" | "img") {
            self.open.push(OpenElement { name: element, is_written, has_paragraph: false });
        }
    }

    /// Whether a paragraph would stand in a cell itself; the one before it is ended by a line break.
    fn is_part_of_cell(&mut self) -> bool {
        match self.open.last_mut() {
            Some(cell) if matches!(cell.name, "td" | "th") => {
                if cell.has_paragraph {
                    self.body.push_str("<br>");
                }
                cell.has_paragraph = true;
                true
            }
            _ => false,
        }
    }

    /// Ends the innermost element of this name, and what is open in it; nothing where there is none.
    pub fn close(&mut self, element: &str) {
        if !self.is_open(element) {
            return;
        }
        while let Some(last) = self.open.pop() {
            if last.is_written {
                self.body.push_str("</");
                self.body.push_str(last.name);
                self.body.push('>');
            }
            if last.name == element {
                break;
            }
        }
    }

    /// Whether an element of this name is open.
    pub fn is_open(&self, element: &str) -> bool {
        self.open.iter().any(|it| it.name == element)
    }

    /// Puts text.
    pub fn text(&mut self, text: &str) {
        let text = escaped(text);
        if self.takes(text.len()) {
            self.body.push_str(&text);
        }
    }

    /// Puts HTML that is whole in itself, or as much as fits; what it says of where it stands is not believed.
    pub fn html(&mut self, html: &str) {
        let html = &without_locators(html);
        let end = html.floor_char_boundary(self.n_left);
        self.takes(html.len());
        self.body.push_str(&html[..end]);
    }

    /// A whole element that holds text alone.
    pub fn element(&mut self, element: &'static str, text: &str) {
        self.open(element);
        self.text(text);
        self.close(element);
    }

    /// Puts text that is not shown, and counts where it changed.
    pub fn hidden(&mut self, text: &str) {
        self.open_hidden("span", None, true);
        self.text(text);
        self.close("span");
    }

    /// Puts a mark of an image, or of another thing whose words are not read: it is another one where that is.
    pub fn thing(&mut self, is_image: bool, mark: &str) {
        let (element, attribute) = if is_image { ("img", "src") } else { ("object", "data") };
        self.open_with(element, Some((attribute, mark)));
        self.close(element);
    }

    /// Whether nothing more fits.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Notes that something of the document may be missing.
    pub fn lacks(&mut self, lack: Lack) {
        self.lack.is_truncated |= lack.is_truncated;
        self.lack.is_broken |= lack.is_broken;
        self.lack.is_encrypted |= lack.is_encrypted;
    }

    /// Notes what a package lacks. Where not all of it was unpacked, it says nothing that a part breaks off.
    pub fn lacks_of_package(&mut self, lack: Lack) {
        self.lack.is_broken &= !lack.is_truncated;
        self.lacks(lack);
    }

    /// The page, if any text was put into it.
    pub fn finish_if(self, has_text: bool) -> Result<Page, NoText> {
        if has_text { Ok(self.finish()) } else { Err(self.lack.no_text()) }
    }

    /// The page.
    pub fn finish(mut self) -> Page {
        while let Some(outermost) = self.open.first().map(|it| it.name) {
            self.close(outermost);
        }
        let Self { title, shows_title, head, body, is_full, lack, .. } = self;
        let hidden = if shows_title { "" } else { HIDDEN };
        let html = format!(
            "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title{hidden}>{title}</title>\n{head}<body>\n{body}\n"
        );
        Page { html, lack: Lack { is_truncated: is_full || lack.is_truncated, ..lack } }
    }

    fn takes(&mut self, n: usize) -> bool {
        match self.n_left.checked_sub(n) {
            Some(n_left) => {
                self.n_left = n_left;
                true
            }
            None => {
                self.n_left = 0;
                self.is_full = true;
                false
            }
        }
    }
}

/// HTML with the same text and no attribute that locates it: in names nothing stands for a sign, in texts and values it does.
fn without_locators(html: &str) -> Cow<'_, str> {
    let lower = html.to_ascii_lowercase();
    if !lower.contains(LOCATOR) {
        return Cow::Borrowed(html);
    }
    let (mut without, mut at) = (String::with_capacity(html.len() + 64), 0);
    for (start, found) in lower.match_indices(LOCATOR) {
        let hyphen = start + found.find('-').unwrap_or_default();
        without.push_str(&html[at..hyphen]);
        without.push_str("&#45;");
        at = hyphen + 1;
    }
    without.push_str(&html[at..]);
    Cow::Owned(without)
}

/// What stands for a text between quotes.
fn quoted(text: &str) -> String {
    escaped(text).replace('"', "&quot;")
}

fn escaped(text: &str) -> Cow<'_, str> {
    let is_special = |c| matches!(c, '&' | '<' | '>') || (c < ' ' && c != '\n' && c != '\t');
    if !text.contains(is_special) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' | '\t' => escaped.push(c),
            c if c < ' ' => {}
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// Why a document has no text here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoText {
    /// It is locked by a password.
    Encrypted,
    /// It is not what it looks like, or broken so that nothing is found.
    Malformed,
    /// It is read, and there are no words in it, as in a scan.
    Empty,
    /// More would have to be unpacked than is allowed, or it lies too deep.
    TooLarge,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::visible;

    #[test]
    fn what_others_say_of_where_they_stand_is_no_attribute() {
        let html = "<p DATA-Locator='page 9' title='data-locator'>data-locator</p>";
        let mut page = PageWriter::new(1000);
        page.section("page 1", true);
        page.html(html);
        let html = page.finish().html;
        assert!(
            html.contains("<section data-locator=\"page 1\" hidden=\"\"><p DATA&#45;Locator"),
            "{html}"
        );
        let shown = html.replace(" hidden=\"\"", "");
        assert_eq!(visible(&shown, false), "data-locator");
    }

    #[test]
    fn a_subject_is_read_above_the_text_and_a_title_is_not() {
        for (about, expected) in [(About::Title, "words"), (About::Subject, "T\n\nwords")] {
            let mut page = PageWriter::new(1000);
            page.about(about, "T");
            page.about(About::Title, "another");
            page.element("p", "words");
            let page = page.finish();
            assert_eq!(visible(&page.html, false), expected);
            let bytes = page.html.as_bytes();
            let read = crate::text::read_searched(bytes, "text/html", None).found.unwrap();
            assert_eq!((read.1.as_deref(), &read.0.text[..]), (Some("T"), expected));
        }
    }
}
