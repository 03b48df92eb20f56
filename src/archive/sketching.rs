//! From bytes to what near-duplicates are found by: sketches, shingles, words.

use std::borrow::Cow;

use crate::{
    crafts::{
        passages::{self, Seeds, Wording},
        sketch::{self, Overlap, Shingles, Sketch, Words},
    },
    text::{self, Normal},
};

use super::furniture::Furniture;

/// Of a text so much must be left without furniture, else nothing is taken away: it is rather one of
/// several copies on its own site.
const OWN_SHARE_MIN: f64 = 0.1;

/// A text made ready to be compared with others.
pub struct Prepared {
    /// The words, without furniture, one after the other, and where each of them ends.
    text: String,
    ends: Vec<usize>,
    /// A hash of each.
    hashes: Vec<u64>,
    seeds: Seeds,
    /// The full set of shingles, for exact numbers.
    shingles: Shingles,
    /// The sketch, without furniture.
    pub sketch: Sketch,
}

/// What two texts have in common.
#[derive(Debug, Clone)]
pub struct Common {
    /// Shingles in both and in each alone.
    pub overlap: Overlap,
    /// The share of the words that lie in passages shared, of that text in which it is greater.
    pub covered: f64,
}

/// The sketch of a content that is text; none for anything else, or when it has no words.
pub fn sketch(bytes: &[u8], media_type: &str) -> Option<Sketch> {
    let text = text_of(bytes, media_type)?;
    let normal = Normal::of(&text);
    (!normal.ends().is_empty()).then(|| Sketch::of(words(&normal)))
}

/// Makes a text ready; none when the content is no text, or has no words.
pub fn prepare(bytes: &[u8], media_type: &str, furniture: &Furniture) -> Option<Prepared> {
    let text = text_of(bytes, media_type)?;
    // What is indexed of stored texts is indexed of whole texts.
    let whole = Normal::of(&text);
    let sketch = Sketch::of(words(&whole)).without(furniture.shingles());
    let normal = match furniture.is_empty() {
        true => whole,
        false => Normal::of(&own_text(text, furniture)),
    };
    let words = words(&normal);
    if words.ends.is_empty() {
        return None;
    }
    let (hashes, shingles) = (sketch::word_hashes(words), Shingles::of(words));
    let text = String::from_utf8_lossy(words.bytes).into_owned();
    let ends = words.ends.to_vec();
    let seeds = Seeds::of(&hashes);
    Some(Prepared { text, ends, hashes, seeds, shingles, sketch })
}

impl Prepared {
    /// Compares two texts; passages are looked for if one of them has this share of the other's
    /// shingles.
    pub fn common(&self, other: &Self, contained_min: f64) -> Common {
        let overlap = self.shingles.overlap(&other.shingles);
        // Texts too short for passages may share pairs of words.
        let contained = overlap.containment_of_a().max(overlap.containment_of_b());
        let is_worth = overlap.shared > 0 && contained >= contained_min;
        let covered = if is_worth { self.covered(other) } else { 0.0 };
        Common { overlap, covered: covered.max(contained) }
    }

    /// The share of the words that stand in passages of both, of that text in which it is greater.
    fn covered(&self, other: &Self) -> f64 {
        let passages = passages::shared(&self.seeds, &other.seeds);
        let (a, b) = (self.spelt(), other.spelt());
        let (a, b) = (
            Wording { words: &a, hashes: &self.hashes },
            Wording { words: &b, hashes: &other.hashes },
        );
        let (n_a, n_b) = passages::n_alike(a, b, &passages);
        let share = |n: usize, hashes: &[u64]| n as f64 / hashes.len().max(1) as f64;
        share(n_a, &self.hashes).max(share(n_b, &other.hashes))
    }

    fn spelt(&self) -> Vec<&str> {
        let mut start = 0;
        let word = |end: &usize| &self.text[std::mem::replace(&mut start, *end)..*end];
        self.ends.iter().map(word).collect()
    }

    /// About the bytes it takes.
    pub fn n_bytes(&self) -> usize {
        self.text.len() + 8 * (5 * self.ends.len() + self.shingles.hashes().len()) + 1024
    }
}

/// A text but for its furniture.
pub fn own_text<'a>(text: Cow<'a, str>, furniture: &Furniture) -> Cow<'a, str> {
    if furniture.is_empty() {
        return text;
    }
    let is_own = |line: &&str| !furniture.has_line(line_hash(&Normal::of(line)));
    let own = text.lines().filter(is_own).collect::<Vec<_>>().join("\n");
    let n_min = Normal::of(&text).ends().len() as f64 * OWN_SHARE_MIN;
    if Normal::of(&own).ends().len() as f64 >= n_min { Cow::Owned(own) } else { text }
}

/// A hash of the words of a line; none of a line without words.
pub fn line_hash(line: &Normal) -> Option<u32> {
    sketch::sequence_hash(words(line))
}

/// The words of a text in normal form as sketches take them.
pub fn words(normal: &Normal) -> Words<'_> {
    Words { bytes: normal.bytes(), ends: normal.ends() }
}

/// What people read of a content; none when it is no text.
pub fn text_of<'a>(bytes: &'a [u8], media_type: &str) -> Option<Cow<'a, str>> {
    Some(text::readable(bytes, media_type)?.text)
}

/// A hash of each word of a text, and where the characters stand that it comes from.
///
/// White space ends every word, so each stretch between is normalised by itself.
pub fn placed_words(text: &str) -> (Vec<u64>, Vec<std::ops::Range<usize>>) {
    let (mut hashes, mut places) = (Vec::new(), Vec::new());
    for token in text.split_ascii_whitespace() {
        let start = token.as_ptr() as usize - text.as_ptr() as usize;
        let normal = Normal::of(token);
        let found = sketch::word_hashes(words(&normal));
        places.extend(found.iter().map(|_| start..start + token.len()));
        hashes.extend(found);
    }
    (hashes, places)
}
