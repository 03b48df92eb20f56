//! A text made ready to be compared with others: its own words, their hashes and shingles.

use crate::text::Normal;

use super::{
    boilerplate::Boilerplate,
    overlap::Overlap,
    passages::{self, HashedWords, Seeds},
    shingles::{self, Shingles},
    sketch::Sketch,
    words::{text_of, words},
};

/// A text made ready to be compared with others.
pub struct Prepared {
    /// The words, without boilerplate, one after the other, and where each of them ends.
    text: String,
    ends: Vec<usize>,
    /// A hash of each.
    hashes: Vec<u64>,
    seeds: Seeds,
    /// The full set of shingles, for exact numbers.
    shingles: Shingles,
    /// The sketch, without boilerplate.
    pub sketch: Sketch,
}

/// What two texts have in common, each without its boilerplate.
#[derive(Debug, Clone)]
pub struct TextOverlap {
    /// Shingles in both and in each alone.
    pub overlap: Overlap,
    /// The share of the words that lie in passages shared, of that text in which it is greater.
    pub covered: f64,
}

/// Makes a text ready; none when the content is no text, or has no words.
pub fn prepare(bytes: &[u8], media_type: &str, boilerplate: &Boilerplate) -> Option<Prepared> {
    let text = text_of(bytes, media_type)?;
    // What is indexed of stored texts is indexed of whole texts.
    let whole = Normal::of(&text);
    let sketch = Sketch::of(words(&whole)).without(boilerplate.shingles());
    let normal = match boilerplate.is_empty() {
        true => whole,
        false => Normal::of(&boilerplate.own_text(text)),
    };
    let words = words(&normal);
    if words.ends.is_empty() {
        return None;
    }
    let (hashes, shingles) = (shingles::word_hashes(words), Shingles::of(words));
    let text = String::from_utf8_lossy(words.bytes).into_owned();
    let ends = words.ends.to_vec();
    let seeds = Seeds::of(&hashes);
    Some(Prepared { text, ends, hashes, seeds, shingles, sketch })
}

impl Prepared {
    /// Compares two texts; passages are looked for if one of them has this share of the other's
    /// shingles.
    pub fn compared_to(&self, other: &Self, contained_min: f64) -> TextOverlap {
        let overlap = self.shingles.overlap(&other.shingles);
        // Texts too short for passages may share pairs of words.
        let contained = overlap.containment_of_a().max(overlap.containment_of_b());
        let is_worth = overlap.shared > 0 && contained >= contained_min;
        let covered = if is_worth { self.covered(other) } else { 0.0 };
        TextOverlap { overlap, covered: covered.max(contained) }
    }

    /// The share of the words that stand in passages of both, of that text in which it is greater.
    fn covered(&self, other: &Self) -> f64 {
        let passages = passages::shared(&self.seeds, &other.seeds);
        let (a, b) = (self.words(), other.words());
        let (a, b) = (
            HashedWords { words: &a, hashes: &self.hashes },
            HashedWords { words: &b, hashes: &other.hashes },
        );
        let (n_a, n_b) = passages::n_alike(a, b, &passages);
        let share = |n: usize, hashes: &[u64]| n as f64 / hashes.len().max(1) as f64;
        share(n_a, &self.hashes).max(share(n_b, &other.hashes))
    }

    fn words(&self) -> Vec<&str> {
        let mut start = 0;
        let word = |end: &usize| &self.text[std::mem::replace(&mut start, *end)..*end];
        self.ends.iter().map(word).collect()
    }

    /// About the bytes it takes.
    pub fn n_bytes(&self) -> usize {
        self.text.len() + 8 * (5 * self.ends.len() + self.shingles.hashes().len()) + 1024
    }
}
