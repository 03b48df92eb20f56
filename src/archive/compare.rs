//! Comparing two contents: as texts where both are, else by digest and size.
//!
//! The catalog is asked first: contents are read only where their bytes make a difference.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use crate::{
    diff,
    text::{self, Unseen},
    types::{
        document::{Document, Revision},
        error::Error,
        limits,
    },
};

pub use crate::diff::{Block, Comparison, ParagraphStat, Sides, Span, Stat, WordStat};

pub use crate::text::{Charset, Rule, UnseenKind};

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
        /// What differs of pages that is not in their texts, and how often.
        unseen: Vec<UnseenChanges>,
    },
    /// At least one is no text.
    Binary,
    /// At least one has more bytes than are compared as text.
    TooLong,
}

/// How much differs of one sort of things that are not in the text of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnseenChanges {
    /// Which sort.
    pub kind: UnseenKind,
    /// How many came, went or are others.
    pub n_changed: usize,
}

/// The encoding that a text is read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundEncoding {
    /// Its name.
    pub name: &'static str,
    /// How it was found.
    pub rule: Rule,
}

impl fmt::Display for FoundEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.name, self.rule.words())
    }
}

impl Archive {
    /// The encoding of a revision; none where its bytes are no text, or more than is treated as text.
    pub fn encoding(
        &self,
        document: &Document,
        revision: &Revision,
        named: Option<Charset>,
    ) -> Result<Option<FoundEncoding>, Error> {
        if !Facts::of(revision).may_be_text() {
            return Ok(None);
        }
        let bytes = self.read_whole(document, revision)?;
        let decoded = text::decode(&bytes, &revision.media_type, named);
        Ok(decoded.map(|it| FoundEncoding { name: it.encoding, rule: it.rule }))
    }

    /// Compares two contents; those that do not prove their encoding are read in the one that is named.
    pub fn compare(
        &self,
        sides: Sides<Operand>,
        named: Option<Charset>,
    ) -> Result<Compared, Error> {
        let n_kept_max = limits::TEXT_BYTES_MAX as u64;
        let (a, b) = (self.known(sides.a, n_kept_max)?, self.known(sides.b, n_kept_max)?);
        let facts = Sides { a: a.facts.clone(), b: b.facts.clone() };
        let difference = if facts.a.digest == facts.b.digest {
            Difference::None
        } else if facts.a.may_be_text() && facts.b.may_be_text() {
            self.difference_of_texts(a, b, named)?
        } else if [&facts.a, &facts.b].into_iter().all(Facts::is_text_of_any_size) {
            Difference::TooLong
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

    fn difference_of_texts(
        &self,
        a: KnownOperand,
        b: KnownOperand,
        named: Option<Charset>,
    ) -> Result<Difference, Error> {
        let has_tables = [&a, &b].into_iter().any(|it| text::has_tables(&it.facts.media_type));
        let (Some(a), Some(b)) = (self.text_of(a, named)?, self.text_of(b, named)?) else {
            return Ok(Difference::Binary);
        };
        let texts = Sides { a: &a.0[..], b: &b.0[..] };
        let comparison = match has_tables {
            true => diff::compare_tables(texts),
            false => diff::compare(texts),
        };
        let comparison = Box::new(comparison);
        let unseen = unseen_changes(&a.1, &b.1);
        Ok(Difference::Text { texts: Sides { a: a.0, b: b.0 }, comparison, unseen })
    }

    /// The text of a side, and what of it is not in that.
    fn text_of(
        &self,
        known: KnownOperand,
        named: Option<Charset>,
    ) -> Result<Option<(String, Vec<Unseen>)>, Error> {
        let media_type = known.facts.media_type.clone();
        let Some(bytes) = self.bytes_of(known)? else { return Ok(None) };
        let read = text::readable_in(&bytes, &media_type, named);
        Ok(read.map(|it| (text::composed(it.text), text::unseen(&bytes, &media_type, named))))
    }
}

/// Counts sort by sort what differs.
fn unseen_changes(a: &[Unseen], b: &[Unseen]) -> Vec<UnseenChanges> {
    let of_kind = |all: &[Unseen]| {
        let mut by_kind: BTreeMap<UnseenKind, Vec<String>> = BTreeMap::new();
        for it in all {
            by_kind.entry(it.kind).or_default().push(it.value.clone());
        }
        by_kind
    };
    let (mut a, mut b) = (of_kind(a), of_kind(b));
    let kinds: BTreeSet<UnseenKind> = a.keys().chain(b.keys()).copied().collect();
    let changes = kinds.into_iter().map(|kind| {
        let (a, b) = (a.remove(&kind).unwrap_or_default(), b.remove(&kind).unwrap_or_default());
        UnseenChanges { kind, n_changed: n_changed(&a, &b) }
    });
    changes.filter(|it| it.n_changed > 0).collect()
}

/// How many values came, went or are others; of those that only changed places, how many did.
fn n_changed(a: &[String], b: &[String]) -> usize {
    let mut counts: HashMap<&str, isize> = HashMap::new();
    a.iter().for_each(|value| *counts.entry(value).or_default() += 1);
    b.iter().for_each(|value| *counts.entry(value).or_default() -= 1);
    let n_gone: isize = counts.values().filter(|n| **n > 0).sum();
    let n_come: isize = -counts.values().filter(|n| **n < 0).sum::<isize>();
    match n_gone.max(n_come).unsigned_abs() {
        0 => a.iter().zip(b).filter(|(a, b)| a != b).count(),
        n => n,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_counted_sort_by_sort() {
        let unseen = |all: &[(UnseenKind, &str)]| -> Vec<Unseen> {
            let one = |(kind, value): &(UnseenKind, &str)| Unseen {
                kind: *kind,
                value: (*value).to_owned(),
            };
            all.iter().map(one).collect()
        };
        let counted =
            |a: &[(UnseenKind, &str)], b: &[(UnseenKind, &str)]| -> Vec<(UnseenKind, usize)> {
                let changes = unseen_changes(&unseen(a), &unseen(b));
                changes.iter().map(|it| (it.kind, it.n_changed)).collect()
            };
        use UnseenKind::{ImageText, LinkTarget};
        let (x, y, z) = ((LinkTarget, "x"), (LinkTarget, "y"), (LinkTarget, "z"));
        assert_eq!(counted(&[x, y], &[x, y]), []);
        assert_eq!(counted(&[x, y], &[x, z]), [(LinkTarget, 1)]);
        assert_eq!(counted(&[x, y], &[y, x]), [(LinkTarget, 2)]);
        assert_eq!(counted(&[x], &[x, y, z, (ImageText, "x")]), [(LinkTarget, 2), (ImageText, 1)]);
        assert_eq!(counted(&[x, x, y], &[]), [(LinkTarget, 3)]);
    }
}
