//! Scores: how close two texts are, and what makes them near-duplicates.

use super::{
    frequency::Frequencies,
    params::{ALL_BUT_A_WORD, COPIED_MIN, NO_COPY_SCORE_MAX, RESEMBLANCE_SURE},
    prepared::{Containment, Prepared, TextOverlap},
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
    /// The share of the shorter text's words that counts: what decides.
    pub counted: f64,
    /// What of each stands in the other; of texts that are not near, nothing where nobody asked for it.
    pub containment: Containment,
}

impl Similarity {
    /// Of two that are the same.
    pub const SAME: Self = Self {
        resemblance: 1.0,
        counted: 1.0,
        containment: Containment { a_in_b: 1.0, b_in_a: 1.0, of_shorter: 1.0 },
    };

    /// Of two texts.
    pub fn of(one: &Prepared, other: &Prepared, frequencies: &Frequencies) -> Self {
        Self::without_containment(one, other, frequencies).with(one.containment(other))
    }

    /// Of two texts, of which it matters what they have of each other only if they are near.
    pub fn of_near(
        one: &Prepared,
        other: &Prepared,
        frequencies: &Frequencies,
        threshold: Threshold,
    ) -> Self {
        let similarity = Self::without_containment(one, other, frequencies);
        match similarity.reaches(threshold) {
            true => similarity.with(one.containment(other)),
            false => similarity,
        }
    }

    fn without_containment(one: &Prepared, other: &Prepared, frequencies: &Frequencies) -> Self {
        let TextOverlap { overlap, counted } = one.compared_to(other, frequencies);
        let containment = Containment::default();
        Self { resemblance: overlap.resemblance(), counted, containment }
    }

    /// The same with what each text has of the other: all is not the same where a word is not, however it was
    /// misread.
    fn with(self, containment: Containment) -> Self {
        let counted_max = containment.of_shorter.max(ALL_BUT_A_WORD);
        Self { counted: self.counted.min(counted_max), containment, ..self }
    }

    /// The same, seen from the other text.
    pub fn swapped(self) -> Self {
        let Containment { a_in_b, b_in_a, of_shorter } = self.containment;
        Self { containment: Containment { a_in_b: b_in_a, b_in_a: a_in_b, of_shorter }, ..self }
    }

    /// Whether the two are near-duplicates.
    pub fn reaches(&self, threshold: Threshold) -> bool {
        match threshold {
            Threshold::Copied => self.counted >= COPIED_MIN,
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
            (Threshold::Copied, true) => self.counted,
            // What is no copy brings no groups together, and keeps none apart.
            (Threshold::Copied, false) => self.counted.min(NO_COPY_SCORE_MAX),
            (Threshold::Resemblance(_), _) => self.resemblance,
        }
    }
}
