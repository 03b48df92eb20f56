//! FictionBook 2: books in one XML file, by the schema that its makers publish.

use super::page::{About, Lack, NoText, Page, PageWriter};
use super::xml::{Xml, XmlPiece, XmlTag};
use crate::text::{Decoded, decode};

/// Titles of sections in one another.
const LEVELS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// Elements that a page has, too.
const SHOWN: [&str; 6] = ["table", "tr", "td", "th", "sup", "sub"];

/// Renders a book.
pub fn page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let Decoded { text, lossy, .. } =
        decode(bytes, "application/xml", None).ok_or(NoText::Malformed)?;
    let mut page = PageWriter::new(n_bytes_max);
    page.lacks(Lack { is_broken: lossy, ..Lack::default() });
    let mut writer =
        BookWriter { page, open: Vec::new(), n_sections: 0, about: None, has_text: false };
    let mut xml = Xml::new(&text);
    let mut is_book = false;
    while let Some(piece) = xml.next() {
        match piece {
            _ if writer.page.is_full() => break,
            XmlPiece::Start(tag) => {
                is_book |= tag.name() == "FictionBook";
                if !writer.start(&tag) {
                    xml.skip();
                }
            }
            XmlPiece::End => writer.end(),
            XmlPiece::Text(text) => writer.put(&text),
        }
    }
    writer.page.lacks(xml.lack());
    if is_book { writer.page.finish_if(writer.has_text) } else { Err(NoText::Malformed) }
}

/// What an open element is.
#[derive(Clone, Copy)]
enum BookElement {
    Other,
    Section,
    /// A title of a section that lies so deep: its paragraphs are headings.
    Title(usize),
    /// An element of the page.
    Shown(&'static str),
    /// A line of a verse.
    Line,
    /// What the book says of itself; an author has several names.
    About(About),
    Author,
    Description,
}

struct BookWriter {
    page: PageWriter,
    open: Vec<BookElement>,
    n_sections: usize,
    /// What is said of the book, until that ends.
    about: Option<String>,
    has_text: bool,
}

impl BookWriter {
    /// Begins an element; whether what is in it counts.
    fn start(&mut self, tag: &XmlTag) -> bool {
        let is_about = self.open.iter().any(|it| matches!(it, BookElement::Description));
        let element = match tag.name() {
            "binary" | "stylesheet" | "publish-info" | "custom-info" | "src-title-info" => {
                return false;
            }
            "description" => BookElement::Description,
            _ if is_about => match self.start_about(tag) {
                Some(element) => element,
                None => return false,
            },
            "section" | "body" => {
                self.n_sections += 1;
                BookElement::Section
            }
            "title" => BookElement::Title(self.n_sections.saturating_sub(1)),
            "subtitle" => self.shown(LEVELS[self.n_sections.min(5)]),
            "p" => match self.title() {
                Some(level) => self.shown(LEVELS[level.min(5)]),
                None => self.shown("p"),
            },
            "stanza" | "text-author" | "date" => self.shown("p"),
            "v" => BookElement::Line,
            "image" => {
                let text = tag.attribute("alt").or_else(|| tag.attribute("title"));
                if let Some(text) = text.filter(|it| !it.trim().is_empty()) {
                    self.page.open_with("img", Some(("alt", text.trim())));
                }
                BookElement::Other
            }
            "a" => {
                let target = tag.attribute("href").unwrap_or_default();
                self.page.open_with("a", Some(("href", &target)));
                BookElement::Shown("a")
            }
            name => match SHOWN.iter().find(|it| **it == name) {
                Some(element) => self.shown(element),
                None => BookElement::Other,
            },
        };
        self.open.push(element);
        true
    }

    /// What a description says; none of what is left out.
    fn start_about(&mut self, tag: &XmlTag) -> Option<BookElement> {
        let about = match tag.name() {
            "title-info" | "first-name" | "middle-name" | "last-name" | "nickname" => {
                return Some(BookElement::Other);
            }
            "author" => {
                self.about = Some(String::new());
                return Some(BookElement::Author);
            }
            "book-title" => About::Subject,
            "lang" => About::Language,
            "date" => About::Created,
            "annotation" => About::Description,
            "p" => return Some(BookElement::Other),
            _ => return None,
        };
        self.about = Some(String::new());
        Some(BookElement::About(about))
    }

    fn shown(&mut self, element: &'static str) -> BookElement {
        self.page.open(element);
        BookElement::Shown(element)
    }

    /// The level of the title around.
    fn title(&self) -> Option<usize> {
        self.open.iter().rev().find_map(|it| match it {
            BookElement::Title(level) => Some(*level),
            _ => None,
        })
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(BookElement::Section) => self.n_sections -= 1,
            Some(BookElement::Shown(element)) => self.page.close(element),
            Some(BookElement::Line) => self.page.open("br"),
            Some(BookElement::About(about)) => {
                let value = self.about.take().unwrap_or_default();
                self.page.about(about, &value);
            }
            Some(BookElement::Author) => {
                let value = self.about.take().unwrap_or_default();
                self.page.about(About::Author, &value);
            }
            _ => {}
        }
    }

    fn put(&mut self, text: &str) {
        if let Some(about) = &mut self.about {
            about.push(' ');
            about.push_str(text);
        } else if self.n_sections > 0 {
            self.has_text |= !text.trim().is_empty();
            self.page.text(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::visible;

    #[test]
    fn a_book_is_read_with_its_titles_verses_and_notes() {
        let book = "<?xml version='1.0' encoding='windows-1251'?><FictionBook><description><title-info>\
            <genre>sea</genre><author><first-name>N.</first-name><last-name>N.</last-name></author>\
            <book-title>\u{41f}</book-title><lang>ru</lang></title-info><document-info><author><nickname>x</nickname></author>\
            </document-info></description><body><title><p>One</p></title><section><title><p>Two</p></title><p>Text<a href='#n'>1</a>.</p>\
            <poem><stanza><v>line</v><v>other</v></stanza></poem></section></body><body name='notes'><section><p>A note.</p></section>\
            </body><binary>AAAA</binary></FictionBook>";
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(book);
        let page = page(&bytes, 10_000).unwrap();
        assert_eq!(
            visible(&page.html, false),
            "\u{41f}\n\nOne\n\nTwo\n\nText1.\n\nline\nother\n\nA note."
        );
        for part in ["<h1>One</h1>", "<h2>Two</h2>", "content=\"N. N.\"", "content=\"ru\""] {
            assert!(page.html.contains(part), "{part}: {}", page.html);
        }
    }

    #[test]
    fn what_is_no_book_has_no_text() {
        assert_eq!(page(b"<a>words</a>", 1000), Err(NoText::Malformed));
        assert_eq!(page(b"<FictionBook><body/></FictionBook>", 1000), Err(NoText::Empty));
    }
}
