//! Text out of bytes: their media type, the decoded text, what people see of it, what can be compared.
//!
//! bytes → [`media_type`] → [`readable`] (decoded or rendered by [`extract`], what is visible of pages) → [`Normal`]; what is compared is
//! [`read`] with a [`Scope`].

mod alphabets;
mod article;
mod attributes;
mod charset;
mod code_pages;
mod declared;
mod decode;
mod decoding;
pub mod extract;
mod formulas;
mod guess;
mod holes;
mod interpretation;
mod kinds;
mod likely;
mod linked_data;
mod little_endian;
mod locators;
mod markup;
mod mathml;
mod media;
mod metadata;
mod names;
mod normal;
mod notation;
mod odd;
mod outline;
mod packages;
pub mod raised;
mod readings;
mod roles;
mod scope;
mod scripts;
mod separated;
mod signs;
pub mod spellings;
mod style;
mod tree;
mod trim;
mod unseen;
mod visible;
mod wide;
mod word_places;

use std::borrow::Cow;

pub use charset::Charset;
pub use decode::decode;
pub use decoding::{Decoded, Rule};
pub use interpretation::Interpretation;
pub use kinds::{are_bytes_text, can_be_hooked, has_lines, has_tables, is_separated, may_be_text};
pub use locators::{Locator, Locators};
pub use media::{media_type, media_type_by_ending, without_cut_char};
pub use metadata::{Metadata, MetadataField};
pub use normal::{NORMAL_VERSION, Normal, is_cut};
pub use notation::{LineEnds, Notation, notation};
pub use packages::settled_type;
pub use scope::{
    ReadAs, Scope, ScopedText, WithStatus, read, read_searched, scoped, searched_text,
};
pub use unseen::{Unseen, UnseenKind};
pub use visible::{PageHeading, visible};
pub use word_places::placed;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::types::limits::TEXT_BYTES_MAX;

use extract::{Extraction, ExtractionStatus, Format};

/// What people read and compare: decoded text, of pages what the scope says, lines ended by `\n`.
///
/// `None` when the bytes are no text, or more of it than is treated as text.
pub fn readable<'a>(bytes: &'a [u8], read_as: ReadAs) -> Option<Decoded<'a>> {
    let mut decoded = decoded(bytes, read_as.media_type, read_as.named)?;
    if kinds::is_page(read_as.media_type) {
        let is_xhtml = kinds::is_xhtml(read_as.media_type);
        match scope::of(read_as.media_type, read_as.scope) {
            Scope::Source => {}
            Scope::Page => decoded.text = Cow::Owned(visible(&decoded.text, is_xhtml)),
            Scope::Article => {
                decoded.text = Cow::Owned(visible::main_or_whole(&decoded.text, is_xhtml));
            }
        }
    }
    Some(decoded)
}

/// What a page says of itself, from its source; `None` of what is no page, or is compared as a source.
pub fn metadata(source: &str, media_type: &str, scope: Scope) -> Option<Metadata> {
    let is_page = kinds::is_page(media_type) && scope::of(media_type, scope) != Scope::Source;
    is_page.then(|| Metadata::of(source, kinds::is_xhtml(media_type)))
}

/// Whether bytes are text in the encoding that is named and do not prove another; ASCII proves itself.
pub fn is_text_as_named(bytes: &[u8], media_type: &str, named: Charset) -> bool {
    decode(bytes, media_type, Some(named))
        .is_some_and(|it| it.rule == Rule::Named && it.text.as_bytes() != bytes)
}

/// Whether a text is compared as it is: no page, no comma-separated values, and composed.
pub fn is_compared_as_it_is(text: &str, media_type: &str) -> bool {
    !kinds::is_page(media_type) && !kinds::is_separated(media_type) && is_composed(text)
}

fn is_composed(text: &str) -> bool {
    text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes
}

/// A text with its letters and the marks on them composed (Unicode form NFC), as they look the same.
pub fn composed(text: Cow<'_, str>) -> String {
    match is_composed(&text) {
        true => text.into_owned(),
        false => text.nfc().collect(),
    }
}

/// Decoded text, lines ended by `\n`; `None` when it is none, or too much.
fn decoded<'a>(bytes: &'a [u8], media_type: &str, named: Option<Charset>) -> Option<Decoded<'a>> {
    let (mut decoded, _) = decoded_as_it_is(bytes, media_type, named)?;
    decoded.text = with_line_feeds(decoded.text);
    Some(decoded)
}

/// Decoded text, or the page that another format is rendered as with what came of that; `None` when there is none, or too
/// much.
fn decoded_as_it_is<'a>(
    bytes: &'a [u8],
    media_type: &str,
    named: Option<Charset>,
) -> Option<(Decoded<'a>, Option<ExtractionStatus>)> {
    if bytes.len() > TEXT_BYTES_MAX {
        return None;
    }
    let Some(format) = Format::of(media_type) else {
        return decode(bytes, media_type, named).map(|it| (it, None));
    };
    let Extraction { status, html } = extract::extract(bytes, format, named);
    let decoded =
        Decoded { text: Cow::Owned(html?), encoding: "UTF-8", rule: Rule::Rendered, lossy: false };
    Some((decoded, Some(status)))
}

/// What comes of rendering a document; none of what is read as it is. Whoever renders remembers it.
pub fn status(bytes: &[u8], media_type: &str, named: Option<Charset>) -> Option<ExtractionStatus> {
    Format::of(media_type).map(|format| extract::extract(bytes, format, named).status)
}

/// The encoding of bytes that are text, and of a mail the one that its words were read in, so far as they are not all of
/// ASCII.
pub fn encoding(
    bytes: &[u8],
    media_type: &str,
    named: Option<Charset>,
) -> Option<(&'static str, Rule)> {
    let format = Format::of(media_type).filter(|it| it.has_encodings());
    let of_page = |format| {
        let page = extract::extract(bytes, format, named).html?;
        extract::encoding_of_page(&page)
    };
    let plain = || decode(bytes, media_type, named).map(|it| (it.encoding, it.rule));
    format.and_then(of_page).or_else(plain)
}

/// A text with lines ended by `\n`.
fn with_line_feeds(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.contains('\r') {
        true => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readable_page<'a>(bytes: &'a [u8], media_type: &str) -> Option<Decoded<'a>> {
        readable(bytes, ReadAs::page(media_type, None))
    }

    #[test]
    fn readable_text_ends_its_lines_one_way() {
        let found = readable_page(b"a\r\nb\rc\n", "text/plain").unwrap();
        assert_eq!(found.text, "a\nb\nc\n");
        assert_eq!(
            readable_page(b"<p>a\r\n&amp; b<pre>\r\nx\r\ny", "text/html").unwrap().text,
            "a & b\n\nx\ny"
        );
        let page = "<meta charset=windows-1251><p>".as_bytes();
        let page = [page, b"\xcf\xf0\xe8\xe2\xe5\xf2"].concat();
        assert_eq!(readable_page(&page, "text/html").unwrap().text, "Привет");
        assert_eq!(readable_page(b"words", "application/pdf"), None);
        assert_eq!(readable_page(&vec![b'a'; TEXT_BYTES_MAX + 1], "text/plain"), None);
        assert!(matches!(readable_page(b"plain", "text/plain").unwrap().text, Cow::Borrowed(_)));
    }
}
