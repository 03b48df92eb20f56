//! Comparing two contents: as texts where both are, else by digest and size.
//!
//! The catalog is asked first: contents are read only where their bytes make a difference.

use crate::{
    diff, text,
    types::{error::Error, limits},
};

pub use crate::diff::{Block, Comparison, ParagraphStat, Sides, Span, Stat, WordStat};

use super::{
    Archive,
    operand::{Facts, KnownOperand, Operand},
};

/// Two contents compared.
pub struct Compared {
    /// What is known of them.
    pub facts: Sides<Facts>,
    /// How they differ.
    pub difference: Difference,
}

/// How two contents differ.
pub enum Difference {
    /// They do not, byte for byte.
    None,
    /// Both are text: what people read, and how it differs.
    Text {
        /// The texts, decoded, of HTML the visible part.
        texts: Sides<String>,
        /// How they differ; nothing when only what is not shown differs.
        comparison: Box<Comparison>,
    },
    /// At least one is no text.
    Binary,
}

impl Archive {
    /// Compares two contents.
    pub fn compare(&self, sides: Sides<Operand>) -> Result<Compared, Error> {
        let n_kept_max = limits::TEXT_BYTES_MAX as u64;
        let (a, b) = (self.known(sides.a, n_kept_max)?, self.known(sides.b, n_kept_max)?);
        let facts = Sides { a: a.facts.clone(), b: b.facts.clone() };
        let difference = if facts.a.digest == facts.b.digest {
            Difference::None
        } else if facts.a.may_be_text() && facts.b.may_be_text() {
            self.difference_of_texts(a, b)?
        } else {
            Difference::Binary
        };
        Ok(Compared { facts, difference })
    }

    /// The unified patch that turns the one content into the other; empty if they are equal.
    pub fn patch(
        &self,
        sides: Sides<Operand>,
        names: Sides<&[u8]>,
        context: usize,
    ) -> Result<Vec<u8>, Error> {
        let n_kept_max = limits::CONTENT_BYTES_MAX;
        let (a, b) = (self.known(sides.a, n_kept_max)?, self.known(sides.b, n_kept_max)?);
        if a.facts.digest == b.facts.digest {
            return Ok(Vec::new());
        }
        let a = self.bytes_of(a)?.unwrap_or_default();
        let b = self.bytes_of(b)?.unwrap_or_default();
        Ok(diff::unified(Sides { a: &a, b: &b }, names, context))
    }

    fn difference_of_texts(&self, a: KnownOperand, b: KnownOperand) -> Result<Difference, Error> {
        let (Some(before), Some(after)) = (self.text_of(a)?, self.text_of(b)?) else {
            return Ok(Difference::Binary);
        };
        let comparison = Box::new(diff::compare(Sides { a: &before, b: &after }));
        Ok(Difference::Text { texts: Sides { a: before, b: after }, comparison })
    }

    fn text_of(&self, known: KnownOperand) -> Result<Option<String>, Error> {
        let media_type = known.facts.media_type.clone();
        let bytes = self.bytes_of(known)?;
        let read = bytes.as_deref().and_then(|bytes| text::readable(bytes, &media_type));
        Ok(read.map(|read| read.text.into_owned()))
    }
}
