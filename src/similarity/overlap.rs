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

/// Counts over two rising sequences.
pub fn merge<'a, T: Ord + 'a>(
    a: impl Iterator<Item = &'a T>,
    b: impl Iterator<Item = &'a T>,
) -> Overlap {
    let mut overlap = Overlap::default();
    let mut b = b.peekable();
    for hash in a {
        while b.next_if(|other| *other < hash).is_some() {
            overlap.only_b += 1;
        }
        match b.next_if_eq(&hash) {
            Some(_) => overlap.shared += 1,
            None => overlap.only_a += 1,
        }
    }
    overlap.only_b += b.count() as u64;
    overlap
}
