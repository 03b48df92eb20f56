//! Candidates: which texts are worth reading, as far as their sketches say.

use super::{
    params::{
        CONTAINED_ESTIMATED_MIN, ESTIMATE_SLACK, HASHES_SHARED_MIN, HASHES_SHARED_OF_RESEMBLANCE,
    },
    score::Threshold,
    sketch::{self, Sketch},
};

/// How many of `n_hashes` indexed hashes two texts must share to be looked at.
pub fn n_shared_min(n_hashes: usize, threshold: Threshold) -> usize {
    let share = match threshold {
        Threshold::Copied => 0.0,
        Threshold::Resemblance(min) => {
            (min - ESTIMATE_SLACK).max(0.0) * HASHES_SHARED_OF_RESEMBLANCE
        }
    };
    ((n_hashes as f64 * share) as usize).max(HASHES_SHARED_MIN.min(n_hashes))
}

/// Whether two sketches leave it possible that the texts are near-duplicates.
pub fn may_be_near(a: &Sketch, b: &Sketch, threshold: Threshold) -> bool {
    let overlap = sketch::estimate(a, b);
    match threshold {
        Threshold::Resemblance(min) => overlap.resemblance() >= min - ESTIMATE_SLACK,
        Threshold::Copied => {
            let contained = overlap.containment_of_a().max(overlap.containment_of_b());
            contained >= CONTAINED_ESTIMATED_MIN
        }
    }
}
