//! What two texts have of each other, in words.

use crate::archive::similar::{Similarity, Threshold};

use super::terminal::percent;

/// The figure that decides: `78 %` of the shorter text, or a resemblance of `0.66`.
pub fn decisive(similarity: &Similarity, threshold: Threshold) -> String {
    match threshold {
        Threshold::Copied => percent(similarity.copied),
        Threshold::Resemblance(_) => format!("{:.2}", similarity.resemblance),
    }
}

/// `81 % of harbour.txt stands in bells.txt, 72 % the other way; resemblance 0.66`: the share of the
/// shorter text first, as it decides.
pub fn shares(similarity: &Similarity, a: &str, b: &str) -> String {
    let Similarity { a_in_b, b_in_a, resemblance, .. } = *similarity;
    let ((part, whole), (first, second)) = match similarity.copied == a_in_b {
        true => ((a, b), (a_in_b, b_in_a)),
        false => ((b, a), (b_in_a, a_in_b)),
    };
    let [first, second] = [first, second].map(percent);
    format!(
        "{first} of {part} stands in {whole}, {second} the other way; resemblance {resemblance:.2}"
    )
}
