//! What two texts have of each other, in words.

use crate::archive::similar::Similarity;

use super::terminal::percent;

/// `72 % of harbour.txt is in it; 81 % of it is from there`: to stand beside text b, with the name of a.
pub fn shares(similarity: &Similarity, a: &str) -> String {
    sentence(a, similarity.a_in_b, similarity.b_in_a)
}

/// The same to stand beside text a, with the name of b.
pub fn shares_beside_a(similarity: &Similarity, b: &str) -> String {
    sentence(b, similarity.b_in_a, similarity.a_in_b)
}

fn sentence(other: &str, other_in_it: f64, it_in_other: f64) -> String {
    let [other_in_it, it_in_other] = [other_in_it, it_in_other].map(percent);
    format!("{other_in_it} of {other} is in it; {it_in_other} of it is from there")
}
