//! Rows of words that both texts have.
//!
//! A row has a number by which it is looked up: a polynomial of its words, which rolls along a paragraph (Karp and
//! Rabin, "Efficient randomized pattern-matching algorithms", 1987). Rows that differ hardly ever have the same
//! one, and whoever finds a row compares its words.

/// The polynomial's odd base.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
/// Bits of a filter for each row that it is made for, about.
const BITS_PER_ROW: usize = 8;

/// A row's number.
pub fn row_key(ids: &[usize]) -> u64 {
    ids.iter().fold(0, |key, id| push(key, *id))
}

/// The numbers of all rows of `n` words, from the first to the last.
pub fn row_keys(ids: &[usize], n: usize) -> impl Iterator<Item = u64> + '_ {
    let highest = (0..n).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let first = ids.get(..n).map(row_key);
    let rest = ids.windows(n + 1).scan(first.unwrap_or(0), move |key, row| {
        *key = push(*key, row[n]).wrapping_sub(spread(row[0]).wrapping_mul(highest));
        Some(*key)
    });
    first.into_iter().chain(rest)
}

/// A number for a text, the same in every run.
pub fn text_key(text: &str) -> u64 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let numbers = words.iter().chain([&last]).map(|word| u64::from_le_bytes(*word));
    numbers.fold(text.len() as u64, |key, number| {
        let product = u128::from(key ^ number ^ BASE) * u128::from(BASE);
        product as u64 ^ (product >> 64) as u64
    })
}

fn push(key: u64, id: usize) -> u64 {
    key.wrapping_mul(BASE).wrapping_add(spread(id))
}

/// Neighbouring numbers far apart, in all bits.
fn spread(id: usize) -> u64 {
    let id = (id as u64 + 1).wrapping_mul(0xff51_afd7_ed55_8ccd);
    id ^ (id >> 32)
}

/// Where rows of one text stand that the other has, too.
pub struct RowIndex<T> {
    /// By key, then by place.
    rows: Vec<(u64, T)>,
    /// For all keys with the same highest bits where the first of their rows is; where all end, at last.
    starts: Vec<usize>,
    /// The bits of a key below the highest.
    shift: u32,
}

impl<T: Copy + Ord> RowIndex<T> {
    /// Takes those `rows` of the one text that may be among the `keys` of the other; of equal ones the first `n_max`.
    pub fn new(
        rows: impl Iterator<Item = (u64, T)>,
        keys: impl Iterator<Item = u64>,
        n_keys: usize,
        n_max: usize,
    ) -> Self {
        let mut others = Filter::new(n_keys);
        keys.for_each(|key| others.insert(key));
        let mut rows: Vec<(u64, T)> = rows.filter(|(key, _)| others.may_hold(*key)).collect();
        rows.sort_unstable();
        rows.dedup();
        let (mut last, mut n_same) = (0, 0);
        rows.retain(|(key, _)| {
            n_same = if *key == last { n_same + 1 } else { 1 };
            last = *key;
            n_same <= n_max
        });
        let n_starts = rows.len().next_power_of_two().max(2);
        let shift = u64::BITS - n_starts.ilog2();
        let mut starts = vec![0; n_starts + 1];
        rows.iter().for_each(|(key, _)| starts[(key >> shift) as usize + 1] += 1);
        (0..n_starts).for_each(|i| starts[i + 1] += starts[i]);
        Self { rows, starts, shift }
    }

    /// Where a row may stand.
    pub fn places(&self, key: u64) -> impl ExactSizeIterator<Item = T> + '_ {
        let highest = (key >> self.shift) as usize;
        let rows = &self.rows[self.starts[highest]..self.starts[highest + 1]];
        let from = rows.partition_point(|row| row.0 < key);
        let n = rows[from..].partition_point(|row| row.0 == key);
        rows[from..from + n].iter().map(|row| row.1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// A set that may hold more than was put in (Bloom, "Space/time trade-offs in hash coding", 1970).
pub struct Filter {
    bits: Vec<u64>,
}

impl Filter {
    /// For so many keys, about.
    pub fn new(n: usize) -> Self {
        Self { bits: vec![0; (n * BITS_PER_ROW).next_power_of_two().div_ceil(64)] }
    }

    /// Puts a key in.
    pub fn insert(&mut self, key: u64) {
        let (word, bit) = self.at(key);
        self.bits[word] |= bit;
    }

    /// Whether a key may have been put in.
    pub fn may_hold(&self, key: u64) -> bool {
        let (word, bit) = self.at(key);
        self.bits[word] & bit != 0
    }

    fn at(&self, key: u64) -> (usize, u64) {
        let place = (key ^ (key >> 29)).wrapping_mul(BASE) >> 20;
        // There are as many words of bits as a power of two says.
        ((place as usize / 64) & (self.bits.len() - 1), 1 << (place % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_roll_along_a_text() {
        let ids = [3, 1, 4, 1, 5, 9, 2, 6, 3, 1, 4];
        let keys: Vec<u64> = row_keys(&ids, 3).collect();
        let expected: Vec<u64> = ids.windows(3).map(row_key).collect();
        assert_eq!(keys, expected);
        assert_eq!(keys[0], keys[8]);
        assert_eq!(row_keys(&ids[..2], 3).count(), 0);
    }

    #[test]
    fn an_index_holds_what_both_have() {
        let rows = [(7, 'a'), (9, 'b'), (7, 'c')];
        let index = |n_max| RowIndex::new(rows.into_iter(), [7, 8].into_iter(), 2, n_max);
        assert_eq!(index(2).places(7).collect::<String>(), "ac");
        assert_eq!(index(2).places(8).len(), 0);
        assert_eq!(index(1).places(7).collect::<String>(), "a");
        assert!(RowIndex::new(rows.into_iter(), std::iter::empty(), 0, 2).is_empty());
    }
}
