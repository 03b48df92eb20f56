//! Pages that documents are rendered as: plain HTML, whose visible text is the document's.

use std::borrow::Cow;

/// Elements that lie deeper in one another are left out; their text is not.
const DEPTH_MAX: usize = 256;

/// What a document says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Its title.
    Title,
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
}

/// A document as a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The page.
    pub html: String,
    /// There was more than fits.
    pub is_truncated: bool,
}

/// A page that is being written. What no longer fits is left out.
pub struct PageWriter {
    title: String,
    head: String,
    body: String,
    /// Elements that are open.
    open: Vec<OpenElement>,
    n_left: usize,
    is_truncated: bool,
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
            head: String::new(),
            body: String::new(),
            open: Vec::new(),
            n_left: n_bytes_max,
            is_truncated: false,
        }
    }

    /// What the document says of itself; of several the first counts, but for authors.
    pub fn about(&mut self, about: About, value: &str) {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        let name = match about {
            About::Title if self.title.is_empty() => {
                return self.title = escaped(&value).into_owned();
            }
            About::Title => return,
            About::Author => "author",
            About::Created => "date",
            About::Modified => "last-modified",
            About::Description => "description",
            About::Language => "content-language",
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

    /// Puts HTML that is whole in itself, or as much as fits.
    pub fn html(&mut self, html: &str) {
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

    /// Whether nothing more fits.
    pub fn is_full(&self) -> bool {
        self.is_truncated
    }

    /// The page.
    pub fn finish(mut self) -> Page {
        while let Some(outermost) = self.open.first().map(|it| it.name) {
            self.close(outermost);
        }
        let Self { title, head, body, is_truncated, .. } = self;
        let html = format!(
            "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n{head}<body>\n{body}\n"
        );
        Page { html, is_truncated }
    }

    fn takes(&mut self, n: usize) -> bool {
        match self.n_left.checked_sub(n) {
            Some(n_left) => {
                self.n_left = n_left;
                true
            }
            None => {
                self.n_left = 0;
                self.is_truncated = true;
                false
            }
        }
    }
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
    /// It is not what it looks like, or broken where it matters.
    Malformed,
    /// It is read, and there are no words in it, as in a scan.
    Empty,
    /// More would have to be unpacked than is allowed.
    TooLarge,
}
