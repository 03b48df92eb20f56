//! Text out of bytes: their media type, the decoded text, what people see of it, what can be compared.
//!
//! bytes → [`media_type`] → [`readable`] (decoded, pages rendered) → [`Normal`]; what is compared is
//! [`read`] with a [`Scope`].

mod article;
mod attributes;
mod charset;
mod declared;
mod decode;
mod guess;
mod kinds;
mod markup;
mod media;
mod names;
mod normal;
mod notation;
mod outline;
mod roles;
mod scope;
mod tree;
mod trim;
mod visible;

use std::borrow::Cow;

pub use charset::Charset;
pub use decode::{Decoded, Rule, decode};
pub use kinds::{has_tables, may_be_text};
pub use media::media_type;
pub use normal::{NORMAL_VERSION, Normal};
pub use notation::{LineEnds, Notation, notation};
pub use scope::{Scope, ScopedText, read};
pub use visible::{Unseen, UnseenKind, visible};

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::types::limits::TEXT_BYTES_MAX;

/// What people read and compare: decoded text, of HTML pages what is visible, lines ended by `\n`.
///
/// `None` when the bytes are no text, or more of it than is treated as text.
pub fn readable<'a>(bytes: &'a [u8], media_type: &str) -> Option<Decoded<'a>> {
    let mut decoded = decoded(bytes, media_type, None)?;
    if kinds::is_html(media_type) {
        decoded.text = Cow::Owned(visible(&decoded.text, kinds::is_xhtml(media_type)));
    }
    Some(decoded)
}

/// A text with its letters and the marks on them composed (Unicode form NFC), as they look the same.
pub fn composed(text: Cow<'_, str>) -> String {
    match text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        true => text.into_owned(),
        false => text.nfc().collect(),
    }
}

/// Decoded text, lines ended by `\n`; `None` when it is none, or too much.
fn decoded<'a>(bytes: &'a [u8], media_type: &str, named: Option<Charset>) -> Option<Decoded<'a>> {
    if bytes.len() > TEXT_BYTES_MAX {
        return None;
    }
    let mut decoded = decode(bytes, media_type, named)?;
    if decoded.text.contains('\r') {
        decoded.text = Cow::Owned(decoded.text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
