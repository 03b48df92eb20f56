//! Candidates: which texts are worth reading, as far as their sketches say.

use super::{
    params::{
        CONTAINED_ESTIMATED_MIN, COPIED_MIN, ESTIMATE_SLACK, HASHES_SHARED_MIN,
        HASHES_SHARED_OF_RESEMBLANCE, RESEMBLANCE_SURE,
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
    ((n_hashes as f64 * share) as usize).max(HASHES_SHARED_MIN)
}

/// The share of the indexed hashes that two sketches have in common that is rare; `rare` are the hashes
/// that few contents have.
///
/// A hash that is boilerplate on one side counts for neither: it must not matter which one is asked
/// about.
pub fn rarity(rare: &[u32], a: &Sketch, b: &Sketch) -> f64 {
    let has = |sketch: &Sketch, hash: &u32| sketch.index_hashes().binary_search(hash).is_ok();
    let n_rare = rare.iter().filter(|hash| has(a, hash) && has(b, hash)).count();
    match a.n_shared(b) {
        0 => 0.0,
        n_shared => n_rare as f64 / n_shared as f64,
    }
}

/// Whether two sketches leave it possible that the texts are near-duplicates.
pub fn may_be_near(a: &Sketch, b: &Sketch, rarity: f64, threshold: Threshold) -> bool {
    let overlap = sketch::estimate(a, b);
    let resemblance = overlap.resemblance();
    match threshold {
        Threshold::Resemblance(min) => resemblance >= min - ESTIMATE_SLACK,
        Threshold::Copied => {
            let contained = overlap.containment_of_a().max(overlap.containment_of_b());
            // What is copied is at most the rarity, as all of one text can be copied at most.
            let may_be_copied = rarity >= COPIED_MIN && contained >= CONTAINED_ESTIMATED_MIN;
            may_be_copied || resemblance >= RESEMBLANCE_SURE - ESTIMATE_SLACK
        }
    }
}
