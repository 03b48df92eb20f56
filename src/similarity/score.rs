//! Scores: how close two texts are, and what makes them near-duplicates.

use super::{
    params::{CONTAINED_MIN, COPIED_MIN, NO_COPY_SCORE_MAX, RARE_SHINGLES_MIN, RESEMBLANCE_SURE},
    prepared::TextOverlap,
};

/// What makes two texts near-duplicates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Much of one of them was copied, or nearly all of both is the same: [`COPIED_MIN`],
    /// [`RESEMBLANCE_SURE`].
    Copied,
    /// A resemblance from 0 to 1, and nothing else.
    Resemblance(f64),
}

impl Threshold {
    /// The least score of two near-duplicates.
    pub fn score_min(self) -> f64 {
        match self {
            Self::Copied => COPIED_MIN,
            Self::Resemblance(min) => min,
        }
    }
}

/// How close two texts are.
#[derive(Debug, Clone, Copy)]
pub struct Similarity {
    /// Shared shingles over all.
    pub resemblance: f64,
    /// The share of the first text's shingles that the second has.
    pub a_in_b: f64,
    /// The share of the second text's shingles that the first has.
    pub b_in_a: f64,
    /// The share of one text's words that was copied, of that text in which it is greater.
    pub copied: f64,
    /// About how many of the shingles in both are rare.
    n_rare: f64,
}

impl Similarity {
    /// What two texts have in common, in proportion to the rarity of the hashes that are shared.
    pub fn of(found: &TextOverlap, rarity: f64) -> Self {
        Self {
            resemblance: found.overlap.resemblance(),
            a_in_b: found.overlap.containment_of_a(),
            b_in_a: found.overlap.containment_of_b(),
            copied: found.covered * rarity,
            n_rare: found.overlap.shared as f64 * rarity,
        }
    }

    /// The same, seen from the other text.
    pub fn swapped(self) -> Self {
        Self { a_in_b: self.b_in_a, b_in_a: self.a_in_b, ..self }
    }

    /// Whether the two are near-duplicates.
    pub fn reaches(&self, threshold: Threshold) -> bool {
        match threshold {
            Threshold::Copied => {
                let is_copied = self.has_evidence() && self.copied >= COPIED_MIN;
                is_copied || self.resemblance >= RESEMBLANCE_SURE
            }
            Threshold::Resemblance(min) => self.resemblance >= min,
        }
    }

    /// What pairs are grouped by: the figure that the threshold is set on.
    pub fn score(&self, threshold: Threshold) -> f64 {
        match (threshold, self.reaches(threshold)) {
            (Threshold::Copied, true) => self.copied.max(self.resemblance),
            // What is no copy brings no groups together, and keeps none apart.
            (Threshold::Copied, false) => self.resemblance.min(NO_COPY_SCORE_MAX),
            (Threshold::Resemblance(_), _) => self.resemblance,
        }
    }

    /// Whether enough is shared to speak of a copy.
    fn has_evidence(&self) -> bool {
        self.a_in_b.max(self.b_in_a) >= CONTAINED_MIN && self.n_rare >= RARE_SHINGLES_MIN
    }
}
