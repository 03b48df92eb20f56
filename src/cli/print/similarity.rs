//! What two texts have of each other, in words.

use crate::archive::similar::{Containment, Similarity, Threshold};

use super::terminal::{fraction, percent};

/// The figure that decides: `78 %` of the shorter text, or a resemblance of `0.66`; a dash where nothing of
/// what both have counts.
pub fn decisive(similarity: &Similarity, threshold: Threshold) -> String {
    match threshold {
        Threshold::Copied if counts_nothing(similarity) => "–".to_owned(),
        Threshold::Copied => percent(similarity.counted),
        Threshold::Resemblance(_) => fraction(similarity.resemblance),
    }
}

/// `84 % of harbour.txt stands in bells.txt, 72 % the other way; 81 % counts; resemblance 0.66`: the share
/// of the shorter text first, and how much of it counts, where that is another figure.
pub fn shares(similarity: &Similarity, a: &str, b: &str) -> String {
    let Containment { a_in_b, b_in_a, of_shorter } = similarity.containment;
    let ((part, whole), (first, second)) = match of_shorter == a_in_b {
        true => ((a, b), (a_in_b, b_in_a)),
        false => ((b, a), (b_in_a, a_in_b)),
    };
    let [first, second] = [first, second].map(percent);
    let counted = percent(similarity.counted);
    let counts = match similarity.counted > of_shorter {
        _ if counted == first => String::new(),
        _ if counts_nothing(similarity) => "; none of it counts".to_owned(),
        true => format!("; {counted} counts, with the words between"),
        false => format!("; {counted} counts"),
    };
    let resemblance = fraction(similarity.resemblance);
    format!(
        "{first} of {part} stands in {whole}, {second} the other way{counts}; resemblance {resemblance}"
    )
}

fn counts_nothing(similarity: &Similarity) -> bool {
    similarity.counted == 0.0 && similarity.containment.of_shorter > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(counted: f64, a_in_b: f64, b_in_a: f64, resemblance: f64) -> Similarity {
        let containment = Containment { a_in_b, b_in_a, of_shorter: a_in_b };
        Similarity { resemblance, counted, containment }
    }

    #[test]
    fn what_decides_is_shown_and_named_where_it_is_another_figure() {
        let shown = |it: &Similarity| {
            format!("{}  {}", decisive(it, Threshold::Copied), shares(it, "a", "b"))
        };
        for (counted, a_in_b, b_in_a, resemblance, words) in [
            (
                1.0,
                1.0,
                1.0,
                1.0,
                "100 %  100 % of a stands in b, 100 % the other way; resemblance 1.00",
            ),
            (
                0.9996,
                0.9996,
                0.9996,
                0.9988,
                "99 %  99 % of a stands in b, 99 % the other way; resemblance 0.99",
            ),
            (
                0.8,
                0.84,
                0.7,
                0.6,
                "80 %  84 % of a stands in b, 70 % the other way; 80 % counts; resemblance 0.60",
            ),
            (
                0.99,
                0.6,
                0.5,
                0.001,
                "99 %  60 % of a stands in b, 50 % the other way; 99 % counts, with the words between; resemblance 0.01",
            ),
            (
                0.0,
                0.6,
                0.5,
                0.4,
                "–  60 % of a stands in b, 50 % the other way; none of it counts; resemblance 0.40",
            ),
            (0.0, 0.0, 0.0, 0.0, "0 %  0 % of a stands in b, 0 % the other way; resemblance 0.00"),
        ] {
            assert_eq!(shown(&similarity(counted, a_in_b, b_in_a, resemblance)), words);
        }
        let near = similarity(0.2, 0.3, 0.3, 0.996);
        assert_eq!(decisive(&near, Threshold::Resemblance(0.5)), "0.99");
    }
}
