//! How a text is written in bytes, which nobody sees who reads it.

use super::{
    Charset, Rule, decode::has_mark, decoded_as_it_is, extract::ExtractionStatus, with_line_feeds,
};

/// How a text is written in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notation {
    /// The text, lines ended by `\n`, its letters composed as they are.
    pub text: String,
    /// The encoding's name.
    pub encoding: &'static str,
    /// Whether a byte order mark stands before it.
    pub has_mark: bool,
    /// What ends its lines; `None` if it has no second line.
    pub line_ends: Option<LineEnds>,
    /// What came of rendering it; none of what is read as it is.
    pub status: Option<ExtractionStatus>,
}

/// What ends the lines of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnds {
    /// `\n`, as on Unix.
    Lf,
    /// `\r\n`, as on Windows.
    CrLf,
    /// `\r`, as on old Macs.
    Cr,
    /// More than one of them.
    Mixed,
}

impl LineEnds {
    /// Their usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lf => "LF",
            Self::CrLf => "CRLF",
            Self::Cr => "CR",
            Self::Mixed => "mixed",
        }
    }

    fn of(text: &str) -> Option<Self> {
        let n_of = |sign: u8| text.bytes().filter(|byte| *byte == sign).count();
        let n_all_cr = n_of(b'\r');
        let n_pairs = if n_all_cr == 0 { 0 } else { text.matches("\r\n").count() };
        let (n_lf, n_cr) = (n_of(b'\n') - n_pairs, n_all_cr - n_pairs);
        match (n_pairs, n_lf, n_cr) {
            (0, 0, 0) => None,
            (0, _, 0) => Some(Self::Lf),
            (_, 0, 0) => Some(Self::CrLf),
            (0, 0, _) => Some(Self::Cr),
            _ => Some(Self::Mixed),
        }
    }
}

/// How bytes that are a text are written; `None` if they are none, or more than is treated as text.
pub fn notation(bytes: &[u8], media_type: &str, named: Option<Charset>) -> Option<Notation> {
    let (decoded, status) = decoded_as_it_is(bytes, media_type, named)?;
    Some(Notation {
        line_ends: LineEnds::of(&decoded.text),
        text: with_line_feeds(decoded.text).into_owned(),
        encoding: decoded.encoding,
        has_mark: decoded.rule != Rule::Rendered && has_mark(bytes),
        status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_encodings_and_marks_are_told() {
        let found = |bytes: &[u8]| {
            let found = notation(bytes, "text/plain", None).unwrap();
            (found.encoding, found.has_mark, found.line_ends)
        };
        assert_eq!(found(b"one"), ("UTF-8", false, None));
        assert_eq!(found(b"one\ntwo\n"), ("UTF-8", false, Some(LineEnds::Lf)));
        assert_eq!(found(b"\xef\xbb\xbfone\r\ntwo"), ("UTF-8", true, Some(LineEnds::CrLf)));
        assert_eq!(found(b"one\rtwo\r\n"), ("UTF-8", false, Some(LineEnds::Mixed)));
        assert_eq!(found(b"one\rtwo"), ("UTF-8", false, Some(LineEnds::Cr)));
        assert_eq!(found(b"\xff\xfea\0\n\0"), ("UTF-16LE", true, Some(LineEnds::Lf)));
        // One that the bytes contradict stands there, too.
        let contradicted = found(b"\xef\xbb\xbfStra\xdfe in K\xf6ln");
        assert_eq!(contradicted, ("windows-1252", true, None));
        assert_eq!(notation(b"a", "application/pdf", None), None);
    }
}
