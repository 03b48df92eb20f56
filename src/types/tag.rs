//! Tags: words that people put on documents to find them by.

use std::fmt;

use super::limits::TAG_BYTES_MAX;

/// A word without white space, control characters and commas; it does not begin with `+` or `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

/// A tag that is put on a document, or taken off it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TagChange {
    /// It is put on.
    Added(Tag),
    /// It is taken off.
    Removed(Tag),
}

impl Tag {
    /// Takes 1 to [`TAG_BYTES_MAX`] bytes.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        let is_apart = |c: char| c.is_whitespace() || c.is_control() || c == ',';
        match text {
            _ if text.is_empty() || text.len() > TAG_BYTES_MAX => Err("a tag has 1 to 64 bytes"),
            _ if text.contains(is_apart) => {
                Err("a tag has no white space, control characters and commas")
            }
            _ if text.starts_with(['+', '-']) => Err("a tag does not begin with + or -"),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TagChange {
    /// Takes `+tag`, `-tag`, and nothing without its sign.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_at_checked(1) {
            Some(("+", tag)) => Tag::new(tag).map(Self::Added),
            Some(("-", tag)) => Tag::new(tag).map(Self::Removed),
            _ => Err("a change of tags is +TAG or -TAG"),
        }
    }

    /// The tag.
    pub fn tag(&self) -> &Tag {
        let (Self::Added(tag) | Self::Removed(tag)) = self;
        tag
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TagChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(tag) => write!(f, "+{tag}"),
            Self::Removed(tag) => write!(f, "-{tag}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_words_and_changes_have_signs() {
        for text in ["wire", "élection-2026", "a+b", "1"] {
            assert_eq!(Tag::new(text).unwrap().as_str(), text);
            for sign in ["+", "-"] {
                let change = TagChange::parse(&format!("{sign}{text}")).unwrap();
                assert_eq!(change.to_string(), format!("{sign}{text}"));
            }
        }
        for text in ["", "a b", "a,b", "+a", "-a", "a\n", "\u{a0}", &"x".repeat(65)] {
            assert!(Tag::new(text).is_err(), "{text:?}");
        }
        for text in ["", "a", "+", "-", "++a", "ä", "+a b"] {
            assert!(TagChange::parse(text).is_err(), "{text:?}");
        }
    }
}
