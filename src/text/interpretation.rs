//! Interpretations: what decides as what bytes are read, under whatever names they stand.

use super::{Charset, extract::Format, kinds};

/// As what bytes are read: which kind of text they are, and in which encoding, if one is named. The same bytes have one
/// text in each interpretation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Interpretation {
    kind: TextKind,
    named: Option<Charset>,
}

/// A kind of media types whose bytes are read alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum TextKind {
    Plain,
    Separated,
    Html,
    Xhtml,
    /// What is rendered, perhaps by a program of the user, or is no text.
    Other(String),
}

impl Interpretation {
    /// That of a media type, and of the encoding that is named. The catalog numbers contents by it: where it parts media
    /// types otherwise, the schema has another version.
    pub fn of(media_type: &str, named: Option<Charset>) -> Self {
        let kind = match media_type {
            it if !kinds::are_bytes_text(it) || Format::is_built_in(it) => {
                let named = named.filter(|_| Format::of(it).is_some_and(Format::has_encodings));
                return Self { kind: TextKind::Other(it.to_owned()), named };
            }
            it if kinds::is_separated(it) => TextKind::Separated,
            it if kinds::is_xhtml(it) => TextKind::Xhtml,
            it if kinds::is_html(it) => TextKind::Html,
            _ => TextKind::Plain,
        };
        Self { kind, named }
    }

    /// The encoding that is named.
    pub fn named(&self) -> Option<Charset> {
        self.named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_that_are_read_alike_have_one_interpretation() {
        let of = |media_type| Interpretation::of(media_type, None);
        assert_eq!(of("text/plain"), of("text/x-rust"));
        assert_eq!(of("text/plain"), of("application/json"));
        let apart = [
            "text/plain",
            "text/csv",
            "text/html",
            "application/xhtml+xml",
            "message/rfc822",
            "image/png",
        ];
        for (n, one) in apart.iter().enumerate() {
            assert!(apart[n + 1..].iter().all(|other| of(one) != of(other)), "{one}");
        }
    }

    #[test]
    fn an_encoding_that_is_named_counts_where_bytes_are_text() {
        let of = |media_type, label| Interpretation::of(media_type, Charset::for_label(label));
        assert_ne!(of("text/plain", "cp437"), of("text/plain", "none"));
        assert_ne!(of("text/plain", "cp437"), of("text/plain", "latin1"));
        assert_eq!(of("text/html", "latin1"), of("text/html", "windows-1252"));
        assert_eq!(of("application/pdf", "latin1"), of("application/pdf", "none"));
        assert_ne!(of("message/rfc822", "latin1"), of("message/rfc822", "none"));
    }
}
