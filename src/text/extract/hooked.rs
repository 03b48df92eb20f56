//! What a program of the user made of a document: plain text, or a page.

use crate::types::limits::TEXT_BYTES_MAX;

use super::{Extraction, ExtractionStatus, page::PageWriter};

/// What a program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookOutput {
    /// Plain text in UTF-8; where it has form feeds, these part pages.
    Text,
    /// A page in UTF-8.
    Html,
}

/// A document as a page, of what a program wrote.
pub fn page_of(written: &[u8], output: HookOutput) -> Extraction {
    let written = String::from_utf8_lossy(written);
    let mut page = PageWriter::new(TEXT_BYTES_MAX);
    match output {
        HookOutput::Html => page.html(&written),
        HookOutput::Text => put_text(&mut page, written.trim_start_matches('\u{feff}')),
    }
    match written.contains(char::is_alphanumeric) {
        true => Extraction::from(page.finish()),
        false => Extraction { status: ExtractionStatus::NoText, html: None },
    }
}

/// Puts text as it is laid out, so that its paragraphs are found as in any text.
fn put_text(page: &mut PageWriter, text: &str) {
    let has_pages = text.contains('\u{c}');
    for (n, text) in text.split('\u{c}').enumerate() {
        if text.trim().is_empty() {
            continue;
        }
        if has_pages {
            page.section(&format!("page {}", n + 1), false);
        }
        page.element("pre", text.trim_matches(['\r', '\n']));
        page.close("section");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::visible;

    #[test]
    fn form_feeds_part_pages() {
        let read = |text: &str| page_of(text.as_bytes(), HookOutput::Text);
        let html = read("One <b>\n  two\x0c\nThree\n\x0c").html.unwrap();
        assert_eq!(visible(&html, false), "One <b>\n  two\n\nThree");
        assert!(html.contains("data-locator=\"page 2\""), "{html}");
        assert!(!read("One").html.unwrap().contains("data-locator"));
        assert_eq!(read(" \n-\x0c").status, ExtractionStatus::NoText);
    }

    #[test]
    fn a_page_says_nothing_of_where_it_stands() {
        let html = "<section data-locator='page 9'><p>One";
        let found = page_of(html.as_bytes(), HookOutput::Html).html.unwrap();
        assert!(!found.contains("data-locator"), "{found}");
    }
}
