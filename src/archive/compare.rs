//! Comparing two contents: as texts where both are, else by digest and size.

use crate::{
    diff::{self, Sides},
    text,
    types::digest::Digest,
};

/// One side of a comparison.
pub struct Side {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub media_type: String,
}

/// How two contents differ.
pub enum Compared {
    /// They do not, byte for byte.
    Same,
    /// Both are text: what people read, and how it differs.
    Text {
        /// The texts, decoded, of HTML the visible part.
        texts: Sides<String>,
        /// How they differ; nothing when only what is not shown differs.
        comparison: Box<diff::Comparison>,
    },
    /// At least one is no text.
    Binary {
        /// Sizes.
        n_bytes: Sides<u64>,
        /// Digests.
        digests: Sides<Digest>,
    },
}

/// Compares what two contents say.
pub fn compare(a: &Side, b: &Side) -> Compared {
    if a.bytes == b.bytes {
        return Compared::Same;
    }
    let readable = |side: &Side| {
        text::readable(&side.bytes, &side.media_type).map(|read| read.text.to_string())
    };
    if let (Some(before), Some(after)) = (readable(a), readable(b)) {
        let comparison = diff::compare(Sides { a: &before, b: &after });
        let texts = Sides { a: before, b: after };
        return Compared::Text { texts, comparison: Box::new(comparison) };
    }
    Compared::Binary {
        n_bytes: Sides { a: a.bytes.len() as u64, b: b.bytes.len() as u64 },
        digests: Sides { a: Digest::of(&a.bytes), b: Digest::of(&b.bytes) },
    }
}
