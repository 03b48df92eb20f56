//! Scores: how close two texts are, and what makes them near-duplicates.

use super::{
    params::{COPIED_MIN, NO_COPY_SCORE_MAX, RESEMBLANCE_SURE},
    prepared::TextOverlap,
};

/// What makes two texts near-duplicates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Much of the shorter one stands in the other: [`COPIED_MIN`].
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
    /// The share of the first text's words that stands in the second.
    pub a_in_b: f64,
    /// The share of the second text's words that stands in the first.
    pub b_in_a: f64,
    /// That share of the shorter text.
    pub copied: f64,
}

impl Similarity {
    /// Of two that are the same.
    pub const SAME: Self = Self { resemblance: 1.0, a_in_b: 1.0, b_in_a: 1.0, copied: 1.0 };

    /// What two texts have in common.
    pub fn of(found: &TextOverlap) -> Self {
        Self {
            resemblance: found.overlap.resemblance(),
            a_in_b: found.a_in_b,
            b_in_a: found.b_in_a,
            copied: found.copied,
        }
    }

    /// The same, seen from the other text.
    pub fn swapped(self) -> Self {
        Self { a_in_b: self.b_in_a, b_in_a: self.a_in_b, ..self }
    }

    /// Whether the two are near-duplicates.
    pub fn reaches(&self, threshold: Threshold) -> bool {
        match threshold {
            Threshold::Copied => self.copied >= COPIED_MIN,
            Threshold::Resemblance(min) => self.resemblance >= min,
        }
    }

    /// Whether nearly all of both texts is the same.
    pub fn is_nearly_the_same(&self) -> bool {
        self.resemblance >= RESEMBLANCE_SURE
    }

    /// What pairs are grouped by: the figure that the threshold is set on.
    pub fn score(&self, threshold: Threshold) -> f64 {
        match (threshold, self.reaches(threshold)) {
            (Threshold::Copied, true) => self.copied,
            // What is no copy brings no groups together, and keeps none apart.
            (Threshold::Copied, false) => self.copied.min(NO_COPY_SCORE_MAX),
            (Threshold::Resemblance(_), _) => self.resemblance,
        }
    }
}
