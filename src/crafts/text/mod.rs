//! Text out of bytes: what kind they are, what they say, what people see of it, what can be compared.
//!
//! bytes → [`media_type`] → [`readable`] (decoded, pages rendered) → [`paragraphs`] or [`Normal`].

mod decode;
mod markup;
mod media;
mod normal;
mod visible;

use std::borrow::Cow;
use std::ops::Range;

pub use decode::{Decoded, decode};
pub use media::media_type;
pub use normal::{NORMAL_VERSION, Normal};
pub use visible::visible;

use crate::words::limits::TEXT_BYTES_MAX;

/// What people read and compare: decoded text, of HTML pages what is visible, lines ended by `\n`.
///
/// `None` when the bytes are no text, or more of it than is treated as text.
pub fn readable<'a>(bytes: &'a [u8], media_type: &str) -> Option<Decoded<'a>> {
    if bytes.len() > TEXT_BYTES_MAX {
        return None;
    }
    let mut decoded = decode(bytes, media_type)?;
    if decoded.text.contains('\r') {
        decoded.text = Cow::Owned(decoded.text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    if media::is_html(media_type) {
        decoded.text = Cow::Owned(visible(&decoded.text));
    }
    Some(decoded)
}

/// The places of a text's paragraphs, without the white space around them.
///
/// Blank lines separate paragraphs. Where the lines between two blank lines are no hand-wrapped
/// paragraph, each is a paragraph: in a text without any blank line, as scraped pages are, and
/// wherever a line is longer than 160 bytes.
pub fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut blocks: Vec<Vec<Range<usize>>> = vec![Vec::new()];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let shown = line.trim();
        let start = at + line.len() - line.trim_start().len();
        at += line.len();
        match blocks.last_mut() {
            Some(block) if !shown.is_empty() => block.push(start..start + shown.len()),
            Some(block) if block.is_empty() => {}
            _ => blocks.push(Vec::new()),
        }
    }
    blocks.retain(|block| !block.is_empty());
    let is_one_block = blocks.len() == 1;
    let mut paragraphs = Vec::new();
    for block in blocks {
        if is_one_block || block.iter().any(|line| line.len() > WRAPPED_BYTES_MAX) {
            paragraphs.extend(block);
        } else if let (Some(first), Some(last)) = (block.first(), block.last()) {
            paragraphs.push(first.start..last.end);
        }
    }
    paragraphs
}

/// Nobody wraps lines by hand at a greater width.
const WRAPPED_BYTES_MAX: usize = 160;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        paragraphs(text).into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn blank_lines_separate_paragraphs() {
        assert_eq!(cut("a\nb\n\n c\n \t\n\n\nd  \n"), ["a\nb", "c", "d"]);
        assert_eq!(cut("\n\n"), [""; 0]);
        assert_eq!(cut(""), [""; 0]);
    }

    #[test]
    fn lines_are_paragraphs_where_nobody_wrapped_them() {
        assert_eq!(cut("one\ntwo\nthree"), ["one", "two", "three"]);
        let long = "word ".repeat(40);
        let text = format!("title\n\n{long}\n{long}\n\nwrapped\nby hand");
        assert_eq!(cut(&text), ["title", long.trim(), long.trim(), "wrapped\nby hand"]);
    }

    #[test]
    fn readable_text_ends_its_lines_one_way() {
        let found = readable(b"a\r\nb\rc\n", "text/plain").unwrap();
        assert_eq!(found.text, "a\nb\nc\n");
        assert_eq!(
            readable(b"<p>a\r\n&amp; b<pre>\r\nx\r\ny", "text/html").unwrap().text,
            "a & b\n\nx\ny"
        );
        let page = "<meta charset=windows-1251><p>".as_bytes();
        let page = [page, b"\xcf\xf0\xe8\xe2\xe5\xf2"].concat();
        assert_eq!(readable(&page, "text/html").unwrap().text, "Привет");
        assert_eq!(readable(b"words", "application/pdf"), None);
        assert_eq!(readable(&vec![b'a'; TEXT_BYTES_MAX + 1], "text/plain"), None);
        assert!(matches!(readable(b"plain", "text/plain").unwrap().text, Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn paragraphs_are_apart_and_in_order(text in "[a-c \n\r\u{a0}é]{0,60}") {
            let mut end = 0;
            for place in paragraphs(&text) {
                prop_assert!(place.start >= end && place.end > place.start);
                end = place.end;
                prop_assert!(!text[place].trim().is_empty());
            }
        }
    }
}
