//! Documents of Office before 2007, and workbooks in Excel's binary form: read by `office_oxide`, which renders them as
//! HTML.

use std::io::Cursor;

use office_oxide::{
    Document, DocumentFormat, DocumentIR, OfficeError,
    ir::{Element, Section},
};

use super::compound;
use super::package::{is_broken_package, is_locked_package};
use super::page::{About, Lack, NoText, Page, PageWriter};

/// The title of the section in which the texts of masters are, behind the slides.
const MASTERS: &str = office_oxide::pptx::layout::MASTER_TEXT_SECTION_TITLE;

/// Renders a document of Word.
pub fn word_page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    page(bytes, DocumentFormat::Doc, n_bytes_max)
}

/// Renders a workbook of Excel.
pub fn sheets_page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let is_package = bytes.starts_with(b"PK");
    let format = if is_package { DocumentFormat::Xlsx } else { DocumentFormat::Xls };
    page(bytes, format, n_bytes_max)
}

/// Renders a presentation of PowerPoint.
pub fn slides_page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    page(bytes, DocumentFormat::Ppt, n_bytes_max)
}

fn page(bytes: &[u8], format: DocumentFormat, n_bytes_max: usize) -> Result<Page, NoText> {
    if is_locked_package(bytes) {
        return Err(NoText::Encrypted);
    }
    let document = Document::from_reader(Cursor::new(bytes.to_vec()), format).map_err(no_text)?;
    let DocumentIR { metadata: about, sections, .. } = document.to_ir();
    let located = |(n, section): (usize, Section)| {
        (locator(&section, format, n + 1), html_of(section, format, n + 1))
    };
    let sections: Vec<_> = sections.into_iter().enumerate().map(located).collect();
    let mut html = sections.iter().map(|(_, html)| html);
    let has_text = html.clone().any(|it| has_words(it));
    let mut page = PageWriter::new(n_bytes_max);
    // Without a title of its own it gets its first words for one.
    let title = about.title.filter(|title| !html.any(|it| it.contains(title.as_str())));
    let said = [
        (About::Title, title),
        (About::Author, about.author),
        (About::Created, about.created),
        (About::Modified, about.modified),
        (About::Description, about.subject.or(about.description)),
        (About::Language, about.language),
    ];
    for (what, value) in said {
        page.about(what, &value.unwrap_or_default());
    }
    for (locator, html) in &sections {
        if let Some(locator) = locator {
            page.section(locator, false);
        }
        page.html(html);
        if locator.is_some() {
            page.close("section");
        }
    }
    let is_package = format == DocumentFormat::Xlsx;
    let is_broken = if is_package { is_broken_package(bytes) } else { compound::breaks_off(bytes) };
    page.lacks(Lack { is_broken, ..Lack::default() });
    page.finish_if(has_text)
}

/// Where the text of a section stands: sections are sheets or slides, and behind them some that are none.
fn locator(section: &Section, format: DocumentFormat, number: usize) -> Option<String> {
    let title = section.title.as_deref().unwrap_or_default();
    match format {
        DocumentFormat::Ppt if title != MASTERS => Some(format!("slide {number}")),
        DocumentFormat::Xls | DocumentFormat::Xlsx if section.sheet_kind.is_some() => {
            Some(format!("sheet {title}"))
        }
        _ => None,
    }
}

/// Leaves out what is written about a page and is not on it: comments, and the names of notes and of what
/// is embedded.
fn keep_the_page(elements: &mut Vec<Element>) {
    elements.retain_mut(|element| match element {
        Element::Endnote(note) if note.marker.as_deref() == Some("comment") => false,
        Element::Endnote(note) | Element::Footnote(note) => {
            note.marker = None;
            true
        }
        Element::Image(image) => image.data.is_some(),
        _ => true,
    });
}

fn html_of(mut section: Section, format: DocumentFormat, number: usize) -> String {
    if format == DocumentFormat::Doc {
        keep_the_page(&mut section.elements);
    }
    // That it is the second slide is no text of it.
    let is_numbered = section.title.as_deref() == Some(&format!("Slide {number}"));
    if format == DocumentFormat::Ppt && is_numbered {
        section.title = None;
    }
    let ir = DocumentIR { sections: vec![section], ..DocumentIR::default() };
    with_plain_cells(&ir.to_html())
}

fn has_words(html: &str) -> bool {
    let mut is_tag = false;
    html.chars().any(|c| {
        is_tag = (is_tag || c == '<') && c != '>';
        !is_tag && c.is_alphanumeric()
    })
}

/// The same where cells of one paragraph have none in them.
fn with_plain_cells(html: &str) -> String {
    let mut html = html.to_owned();
    for (tag, plain) in
        [("<td><p>", "<td>"), ("</p></td>", "</td>"), ("<th><p>", "<th>"), ("</p></th>", "</th>")]
    {
        html = html.replace(tag, plain);
    }
    html
}

fn no_text(error: OfficeError) -> NoText {
    // Each of its readers has an error of its own for it; the words are the same.
    let words = error.to_string().to_lowercase();
    match ["encrypt", "password"].iter().any(|word| words.contains(word)) {
        true => NoText::Encrypted,
        false => NoText::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use office_oxide::ir::{Image, InlineContent, Note, Paragraph, TextSpan};

    use super::*;

    #[test]
    fn what_is_no_document_has_no_text() {
        for page in [word_page, sheets_page, slides_page] {
            assert_eq!(page(b"words", 1000), Err(NoText::Malformed));
            assert_eq!(page(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 1000), Err(NoText::Malformed));
            assert_eq!(page(b"PK\x03\x04", 1000), Err(NoText::Malformed));
            let name = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes);
            let locked: Vec<u8> =
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".iter().copied().chain(name).collect();
            assert_eq!(page(&locked, 1000), Err(NoText::Encrypted));
        }
    }

    #[test]
    fn what_is_written_about_a_page_is_not_on_it() {
        let note = |marker: &str, text: &str| Note {
            marker: Some(marker.to_owned()),
            content: vec![Element::Paragraph(Paragraph {
                content: vec![InlineContent::Text(TextSpan::plain(text))],
                ..Paragraph::default()
            })],
            ..Note::default()
        };
        let section = |title: &str| Section {
            title: Some(title.to_owned()),
            elements: vec![
                Element::Endnote(note("comment", "hear hear")),
                Element::Endnote(note("endnote", "so he said")),
                Element::Footnote(note("footnote", "in the gap")),
                Element::Image(Image { alt_text: Some("Embedded".into()), ..Image::default() }),
            ],
            ..Section::default()
        };
        let html = html_of(section(""), DocumentFormat::Doc, 1);
        assert!(html.contains("so he said") && html.contains("in the gap"), "{html}");
        for left_out in ["hear", "comment", "endnote", "footnote:", "Embedded"] {
            assert!(!crate::text::visible(&html, false).contains(left_out), "{left_out}: {html}");
        }
        assert!(!html_of(section("Slide 3"), DocumentFormat::Ppt, 3).contains("Slide 3"));
        assert!(html_of(section("Slide 4"), DocumentFormat::Ppt, 3).contains("Slide 4"));
    }

    #[test]
    fn a_cell_of_one_paragraph_is_plain() {
        assert_eq!(with_plain_cells("<td><p>a</p></td><th><p>b</p></th>"), "<td>a</td><th>b</th>");
    }
}
