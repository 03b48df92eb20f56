//! What two texts have of each other, in words.

use crate::archive::similar::Similarity;

use super::terminal::percent;

/// `72 % of harbour.txt is in it; 81 % of it is from there`: to stand beside text b, with the name of a.
pub fn shares(similarity: &Similarity, a: &str) -> String {
    let [a_in_b, b_in_a] = [similarity.a_in_b, similarity.b_in_a].map(percent);
    format!("{a_in_b} of {a} is in it; {b_in_a} of it is from there")
}
