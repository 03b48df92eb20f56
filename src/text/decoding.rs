//! What comes of decoding: a text, its encoding and how that was found.

use std::borrow::Cow;

use super::charset::Charset;

/// The text that bytes stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Without a byte order mark.
    pub text: Cow<'a, str>,
    /// The encoding's name, as [`Charset::name`] has it.
    pub encoding: &'static str,
    /// How the encoding was found.
    pub rule: Rule,
    /// Some bytes had no meaning in this encoding and became U+FFFD.
    pub lossy: bool,
}

/// How an encoding was found, from what proves itself to what is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A byte order mark.
    Mark,
    /// Zero bytes stand as in UTF-16 or UTF-32.
    Zeros,
    /// The bytes are valid.
    Valid,
    /// The escape sequences of ISO-2022-JP or ISO-2022-KR.
    Escapes,
    /// It is a page that was made of another format.
    Rendered,
    /// Somebody who asked named it.
    Named,
    /// UTF-8 with few mistakes.
    FewMistakes,
    /// The document declares it.
    Declared,
    /// It is UTF-16 of a script that has next to no zero bytes.
    Script,
    /// The bytes resemble text in it most.
    Guessed,
}

impl Rule {
    const ALL: [Self; 10] = [
        Self::Mark,
        Self::Zeros,
        Self::Valid,
        Self::Escapes,
        Self::Rendered,
        Self::Named,
        Self::FewMistakes,
        Self::Declared,
        Self::Script,
        Self::Guessed,
    ];

    /// The rule of a code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }

    /// The rule's code, as JSON has it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Zeros => "zeros",
            Self::Valid => "valid",
            Self::Escapes => "escapes",
            Self::Rendered => "rendered",
            Self::Named => "named",
            Self::FewMistakes => "few-mistakes",
            Self::Declared => "declared",
            Self::Script => "script",
            Self::Guessed => "guessed",
        }
    }

    /// The rule in words, as they follow the encoding's name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Mark => "by its byte order mark",
            Self::Zeros => "by where its zero bytes stand",
            Self::Valid => "valid",
            Self::Escapes => "by its escape sequences",
            Self::Rendered => "rendered",
            Self::Named => "as named",
            Self::FewMistakes => "with a few mistakes",
            Self::Declared => "as declared",
            Self::Script => "by its script",
            Self::Guessed => "guessed",
        }
    }
}

/// Decodes bytes that are in this encoding.
pub(super) fn decode_as(charset: Charset, bytes: &[u8], rule: Rule) -> Decoded<'_> {
    let (text, lossy) = charset.chars(bytes);
    Decoded { text, encoding: charset.name(), rule, lossy }
}
