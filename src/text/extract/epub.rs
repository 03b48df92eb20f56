//! Books, as EPUB has them: chapters of XHTML in a package.

mod chapter;
mod names;

use std::collections::{HashMap, HashSet};

use super::asides;
use super::package::{NAME_BYTES_MAX, Package, joined};
use super::page::{About, Lack, NoText, Page, PageWriter};
use super::xml::{Xml, XmlPiece};

/// A book has so many chapters.
const CHAPTERS_MAX: usize = 10_000;

/// Renders a book.
pub fn page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let mut package = Package::open(bytes)?;
    let locked = locked_parts(&package.text("META-INF/encryption.xml").unwrap_or_default());
    let book = Book::open(&mut package);
    let mut page = PageWriter::new(n_bytes_max);
    book.write_about(&mut page);
    page.lacks(Lack { is_broken: book.lacks_chapters, ..Lack::default() });
    let (mut has_text, mut is_locked) = (false, false);
    for (n, name) in book.chapters.iter().enumerate() {
        if locked.contains(name) {
            is_locked = true;
            page.lacks(Lack::BROKEN);
            continue;
        }
        let Some(text) = package.text(name) else { continue };
        page.section(&format!("chapter {}", n + 1), false);
        has_text |= chapter::write(&text, &mut page);
        page.close("section");
        if page.is_full() {
            break;
        }
    }
    asides::write(&mut package, &mut page);
    page.lacks_of_package(package.lack());
    match () {
        () if has_text => Ok(page.finish()),
        () if is_locked || package.has_locked() => Err(NoText::Encrypted),
        () if book.chapters.is_empty() => Err(NoText::Malformed),
        () => page.finish_if(false),
    }
}

/// The parts that are encrypted, each by itself. Most often those are fonts.
fn locked_parts(text: &str) -> HashSet<String> {
    let mut parts = HashSet::new();
    let mut xml = Xml::new(text);
    while let Some(piece) = xml.next() {
        if let XmlPiece::Start(tag) = piece
            && tag.name() == "CipherReference"
            && let Some(address) = tag.attribute("URI")
        {
            parts.insert(part_of_address("", &address));
        }
    }
    parts
}

/// The name of the part at an address relative to a folder.
fn part_of_address(folder: &str, address: &str) -> String {
    let address = address.split(['#', '?']).next().unwrap_or_default();
    joined(folder, &without_percents(address))
}

/// An address with its codes for bytes, as in `%20`, replaced.
fn without_percents(address: &str) -> String {
    let mut bytes = Vec::with_capacity(address.len());
    let mut rest = address.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let code = code.filter(|_| *first == b'%').and_then(|it| u8::from_str_radix(it, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a book says of itself, and its chapters in order.
#[derive(Default)]
struct Book {
    about: Vec<(About, String)>,
    chapters: Vec<String>,
    /// Some that it names are not there.
    lacks_chapters: bool,
}

impl Book {
    fn open(package: &mut Package) -> Self {
        let mut book = Self::default();
        let container = package.text("META-INF/container.xml").unwrap_or_default();
        let names = package.names();
        let found = root_file(&container).filter(|it| package.has(it));
        let found = found.or_else(|| names.iter().find(|it| it.ends_with(".opf")).cloned());
        if let Some(name) = found {
            let text = package.text(&name).unwrap_or_default();
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            book.read(&text, folder);
        }
        let n_named = book.chapters.len();
        book.chapters.retain(|it| package.has(it));
        book.lacks_chapters |= book.chapters.len() < n_named;
        if book.chapters.is_empty() {
            let is_chapter = |it: &&String| {
                [".xhtml", ".html", ".htm"].iter().any(|ending| it.ends_with(ending))
            };
            book.chapters = names.iter().filter(is_chapter).cloned().collect();
        }
        book
    }

    /// Reads what is in the package, and in which order.
    fn read(&mut self, text: &str, folder: &str) {
        let mut items = HashMap::new();
        let mut seen = HashSet::new();
        let mut xml = Xml::new(text);
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            match (tag.prefix(), tag.name()) {
                (_, "item") => {
                    let (Some(id), Some(address)) = (tag.id("id"), tag.attribute("href")) else {
                        continue;
                    };
                    let kind = tag.attribute("media-type").unwrap_or_default();
                    let is_chapter = kind.is_empty() || kind.contains("ml");
                    if address.len() <= NAME_BYTES_MAX {
                        items.insert(id, is_chapter.then(|| part_of_address(folder, &address)));
                    }
                }
                (_, "itemref") => {
                    let item = tag.id("idref").and_then(|it| items.get(&it));
                    self.lacks_chapters |= item.is_none();
                    if let Some(Some(name)) = item
                        && self.chapters.len() < CHAPTERS_MAX
                        && seen.insert(name.clone())
                    {
                        self.chapters.push(name.clone());
                    }
                }
                (_, "meta") => {
                    if tag.attribute("property").is_some_and(|it| it == "dcterms:modified") {
                        self.about.push((About::Modified, xml.inner_text()));
                    }
                }
                (_, name) => {
                    if let Some(about) = about_of(name) {
                        self.about.push((about, xml.inner_text()));
                    }
                }
            }
        }
    }

    fn write_about(&self, page: &mut PageWriter) {
        for (about, value) in &self.about {
            page.about(*about, value);
        }
    }
}

fn about_of(name: &str) -> Option<About> {
    Some(match name {
        "title" => About::Title,
        "creator" => About::Author,
        "date" => About::Created,
        "description" => About::Description,
        "language" => About::Language,
        _ => return None,
    })
}

/// The part that says what is in the book.
fn root_file(text: &str) -> Option<String> {
    let mut xml = Xml::new(text);
    while let Some(piece) = xml.next() {
        if let XmlPiece::Start(tag) = piece
            && tag.name() == "rootfile"
        {
            return tag.attribute("full-path").map(|it| without_percents(&it));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::package::tests::{body, zipped};
    use super::*;

    const CONTAINER: &str =
        "<container><rootfiles><rootfile full-path='c/b.opf'/></rootfiles></container>";
    const PACKAGE: &str = "<package><metadata><dc:title>T</dc:title></metadata><manifest>
        <item id='a' href='a%20a.xhtml' media-type='application/xhtml+xml'/>
        <item id='b' href='../b.xhtml' media-type='application/xhtml+xml'/>
        <item id='c' href='c.css' media-type='text/css'/></manifest>
        <spine><itemref idref='b'/><itemref idref='c'/><itemref idref='a'/></spine></package>";

    fn book(first: &str, second: &str, encryption: &str) -> Vec<u8> {
        zipped(&[
            ("META-INF/container.xml", CONTAINER),
            ("META-INF/encryption.xml", encryption),
            ("c/b.opf", PACKAGE),
            ("b.xhtml", first),
            ("c/a a.xhtml", second),
            ("c/c.css", "no"),
        ])
    }

    #[test]
    fn chapters_come_in_the_order_of_the_spine() {
        let found = page(&book("<p>b</p>", "<p>a</p>", ""), 10_000);
        assert!(found.as_ref().unwrap().html.contains("<title hidden=\"\">T</title>"));
        let chapters = "<section data-locator=\"chapter 1\"><p>b</p></section>\
            <section data-locator=\"chapter 2\"><p>a</p></section>";
        assert_eq!(body(found), chapters);
    }

    #[test]
    fn a_locked_book_has_no_text() {
        let locked =
            "<e><CipherReference URI='b.xhtml'/><CipherReference URI='c/a%20a.xhtml'/></e>";
        assert_eq!(page(&book("x", "y", locked), 1000), Err(NoText::Encrypted));
        let fonts = "<e><CipherReference URI='c/font.otf'/></e>";
        assert!(page(&book("x", "y", fonts), 1000).is_ok());
    }

    #[test]
    fn a_book_that_lacks_a_chapter_is_broken() {
        let locked = "<e><CipherReference URI='b.xhtml'/></e>";
        let page_of = |bytes: &[u8]| page(bytes, 1000).unwrap();
        assert_eq!(page_of(&book("x", "y", "")).lack, Lack::default());
        let some = page_of(&book("x", "y", locked));
        assert!(some.lack == Lack::BROKEN && some.html.contains('y'), "{some:?}");
        let parts = [("META-INF/container.xml", CONTAINER), ("c/b.opf", PACKAGE), ("b.xhtml", "b")];
        assert_eq!(page_of(&zipped(&parts)).lack, Lack::BROKEN);
        let other = PACKAGE.replace("idref='a'", "idref='z'");
        let parts = [parts[0], ("c/b.opf", other.as_str()), parts[2]];
        assert_eq!(page_of(&zipped(&parts)).lack, Lack::BROKEN);
    }

    #[test]
    fn without_a_spine_all_chapters_are_read() {
        let bytes = zipped(&[("b.html", "<p>b</p>"), ("a.xhtml", "<p>a</p>"), ("c.png", "x")]);
        let html = "<section data-locator=\"chapter 1\"><p>a</p></section>\
            <section data-locator=\"chapter 2\"><p>b</p></section><img src=\"crc32:8cdc1683,1\">";
        assert_eq!(body(page(&bytes, 1000)), html);
        assert_eq!(page(&zipped(&[("a", "b")]), 1000), Err(NoText::Malformed));
        assert_eq!(page(&zipped(&[("a.html", " ")]), 1000), Err(NoText::Empty));
    }
}
