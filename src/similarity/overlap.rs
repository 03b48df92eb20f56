//! Overlaps: how many shingles two texts share, and the shares that follow from it.

/// How many shingles two texts share, and how many each has alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overlap {
    /// In both.
    pub shared: u64,
    /// In the first text only.
    pub only_a: u64,
    /// In the second text only.
    pub only_b: u64,
}

impl Overlap {
    /// Shared shingles over all; 0 when there are none.
    pub fn resemblance(&self) -> f64 {
        ratio(self.shared, self.shared + self.only_a + self.only_b)
    }

    /// The part of the first text that the second has; 0 when there is nothing to have.
    pub fn containment_of_a(&self) -> f64 {
        ratio(self.shared, self.shared + self.only_a)
    }

    /// The part of the second text that the first has; 0 when there is nothing to have.
    pub fn containment_of_b(&self) -> f64 {
        ratio(self.shared, self.shared + self.only_b)
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Counts over two strictly rising sequences those that `counts` lets through.
///
/// Which of the two is behind cannot be guessed, so nothing in here branches on it.
pub fn merge<T: Ord + Copy>(a: &[T], b: &[T], counts: impl Fn(T) -> bool) -> Overlap {
    let (mut at_a, mut at_b, mut shared) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(at_a), b.get(at_b)) {
        shared += u64::from(x == y && counts(*x));
        at_a += usize::from(x <= y);
        at_b += usize::from(y <= x);
    }
    let n_all = |all: &[T]| all.iter().filter(|one| counts(**one)).count() as u64;
    Overlap { shared, only_a: n_all(a) - shared, only_b: n_all(b) - shared }
}
