//! How alike two paragraphs are: the share of their words, rare words counting more.
//!
//! A word weighs its information in bits, so that two paragraphs are not alike for `the` and `of`.
//! Order does not matter and signs are not counted.

use super::{
    Sides,
    reading::{ParsedText, Vocabulary},
};

/// A word in more paragraphs than this shows little of where its paragraph went, when there are many words to look at.
const RARE_PARAGRAPHS_MIN: usize = 8;
/// When there are few, it is one in more than this,
const RARE_PARAGRAPHS_MAX: usize = 256;
/// and as many between as this many votes allow.
const VOTES_MAX: usize = 1 << 21;
/// Of the paragraphs that share rare words, so many are weighed word by word.
const CANDIDATES_MAX: usize = 8;

/// The words of one paragraph without their order.
#[derive(Default)]
pub struct Bag {
    /// Distinct words in rising order, and how often each occurs.
    words: Box<[(u32, u32)]>,
    /// A bit for each word: two without a bit in common have no word in common.
    bits: u64,
    weight: usize,
    /// How many words there are, repetitions included.
    pub n_words: usize,
}

/// The bags of some paragraphs of a text.
pub struct Bags {
    /// Rising.
    paragraphs: Vec<usize>,
    bags: Vec<Bag>,
    /// For each paragraph of the text the number of its bag.
    numbers: Vec<u32>,
    none: Bag,
}

/// The number of a paragraph that has no bag.
const NO_BAG: u32 = u32::MAX;

impl Bags {
    /// The bags of these paragraphs, whose numbers rise.
    pub fn of(paragraphs: Vec<usize>, reading: &ParsedText<'_>, vocabulary: &Vocabulary) -> Self {
        let bags = paragraphs.iter().map(|i| Bag::of(reading.words(*i), vocabulary)).collect();
        let mut numbers = vec![NO_BAG; reading.paragraphs.len()];
        (0..).zip(&paragraphs).for_each(|(number, i)| numbers[*i] = number);
        Self { paragraphs, bags, numbers, none: Bag::default() }
    }

    /// The paragraphs.
    pub fn paragraphs(&self) -> &[usize] {
        &self.paragraphs
    }

    /// The bag of one of them; an empty one of any other paragraph.
    pub fn get(&self, paragraph: usize) -> &Bag {
        match self.numbers[paragraph] {
            NO_BAG => &self.none,
            number => &self.bags[number as usize],
        }
    }

    fn each(&self) -> impl Iterator<Item = (usize, &Bag)> {
        self.paragraphs.iter().copied().zip(&self.bags)
    }
}

/// How alike two paragraphs are, in thousandths.
pub type Likeness = usize;

impl Bag {
    /// The bag of a paragraph's words.
    pub fn of(ids: &[usize], vocabulary: &Vocabulary) -> Self {
        let words = ids.iter().filter(|id| vocabulary.is_word(**id));
        // There are fewer words in a text than 32 bits count.
        let mut sorted: Vec<u32> = words.map(|id| vocabulary.items[*id].folded as u32).collect();
        sorted.sort_unstable();
        let mut words: Vec<(u32, u32)> = Vec::new();
        for id in &sorted {
            match words.last_mut() {
                Some((last, n)) if last == id => *n += 1,
                _ => words.push((*id, 1)),
            }
        }
        let weight = words.iter().map(|(id, n)| *n as usize * weight(*id, vocabulary)).sum();
        let bits = words.iter().fold(0, |bits, (id, _)| bits | bit(*id));
        Self { words: words.into(), bits, weight, n_words: sorted.len() }
    }

    /// The weight of the shared words over the mean weight of both sides (Dice).
    ///
    /// Returns 0 without comparing words where the weights alone keep it below `least`.
    pub fn likeness(&self, other: &Bag, vocabulary: &Vocabulary, least: Likeness) -> Likeness {
        if self.likeness_max(other) < least.max(1) {
            return 0;
        }
        let (mut shared, mut i, mut j) = (0, 0, 0);
        while let (Some((x, n)), Some((y, m))) = (self.words.get(i), other.words.get(j)) {
            if x == y {
                shared += *n.min(m) as usize * weight(*x, vocabulary);
            }
            i += usize::from(x <= y);
            j += usize::from(y <= x);
        }
        2000 * shared / (self.weight + other.weight)
    }

    /// What the weights and bits alone allow.
    fn likeness_max(&self, other: &Bag) -> Likeness {
        match self.bits & other.bits {
            0 => 0,
            _ => 2000 * self.weight.min(other.weight) / (self.weight + other.weight),
        }
    }
}

/// The words of one bag, spread out to be met by those of many.
pub struct SpreadBag {
    /// How often each word of the vocabulary occurs; all zero between calls.
    counts: Vec<u32>,
}

impl SpreadBag {
    /// For bags of this vocabulary.
    pub fn new(vocabulary: &Vocabulary) -> Self {
        Self { counts: vec![0; vocabulary.counts.len()] }
    }

    /// Which of `others` are at least `least` alike to a bag, as numbers among them; `least` is not 0.
    pub fn alike(
        &mut self,
        bag: &Bag,
        others: &[&Bag],
        vocabulary: &Vocabulary,
        least: Likeness,
    ) -> Vec<usize> {
        let may_be = |i: &usize| bag.likeness_max(others[*i]) >= least;
        let mut alike: Vec<usize> = (0..others.len()).filter(may_be).collect();
        if alike.is_empty() {
            return alike;
        }
        bag.words.iter().for_each(|(id, n)| self.counts[*id as usize] = *n);
        alike.retain(|i| {
            let shared = |(id, n): &(u32, u32)| {
                self.counts[*id as usize].min(*n) as usize * weight(*id, vocabulary)
            };
            let shared: usize = others[*i].words.iter().map(shared).sum();
            2000 * shared / (bag.weight + others[*i].weight) >= least
        });
        bag.words.iter().for_each(|(id, _)| self.counts[*id as usize] = 0);
        alike
    }
}

/// For each bag of `b` the few bags of `a` that share most of its rare words, if `least` alike.
pub fn candidates(
    bags: &Sides<Bags>,
    vocabulary: &Vocabulary,
    least: Likeness,
) -> Vec<(usize, usize)> {
    let homes = Homes::new(&bags.a, vocabulary.counts.len());
    let mut votes = Votes { sums: vec![0; bags.a.bags.len()], homes: Vec::new() };
    let mut candidates = Vec::new();
    for (b, bag) in bags.b.each() {
        for a in votes.best_homes(bag, &homes, &bags.a.bags, vocabulary) {
            let likeness = bags.a.bags[a].likeness(bag, vocabulary, least);
            if likeness >= least {
                candidates.push((bags.a.paragraphs[a], b));
            }
        }
    }
    candidates
}

fn weight(id: u32, vocabulary: &Vocabulary) -> usize {
    usize::from(vocabulary.weights[id as usize])
}

/// One of 64 bits, as good as chosen by chance.
fn bit(id: u32) -> u64 {
    1 << (id.wrapping_mul(0x9e37_79b9) >> 26)
}

/// For each word that is rare among bags those it occurs in, by their numbers among them.
struct Homes {
    /// Where the bags of each word end; they start where those of the word before end.
    ends: Vec<usize>,
    bags: Vec<usize>,
}

impl Homes {
    fn new(bags: &Bags, n_ids: usize) -> Self {
        let words =
            || bags.bags.iter().flat_map(|bag| bag.words.iter().map(|word| word.0 as usize));
        let mut counts = vec![0; n_ids];
        words().for_each(|id| counts[id] += 1);
        let rare_max = VOTES_MAX / words().count().max(1);
        let rare_max = rare_max.clamp(RARE_PARAGRAPHS_MIN, RARE_PARAGRAPHS_MAX);
        let mut sum = 0;
        let mut ends = Vec::with_capacity(n_ids);
        for n in &mut counts {
            // Filled from the start, up to the end.
            ends.push(sum);
            *n = if *n > rare_max { 0 } else { *n };
            sum += *n;
        }
        let mut homes = vec![0; sum];
        for (number, bag) in bags.bags.iter().enumerate() {
            for (id, _) in bag.words.iter().filter(|word| counts[word.0 as usize] > 0) {
                let end = &mut ends[*id as usize];
                homes[*end] = number;
                *end += 1;
            }
        }
        Self { ends, bags: homes }
    }

    fn of(&self, id: usize) -> &[usize] {
        let start = id.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bags[start..self.ends[id]]
    }
}

/// What the rare words of one bag say of others.
struct Votes {
    /// For each of the others what the words weigh that both have; all zero between calls.
    sums: Vec<usize>,
    /// Those that have some.
    homes: Vec<usize>,
}

impl Votes {
    /// Those of others of which a bag's rare words are most, as numbers among them, the best first.
    fn best_homes(
        &mut self,
        bag: &Bag,
        homes: &Homes,
        others: &[Bag],
        vocabulary: &Vocabulary,
    ) -> Vec<usize> {
        self.homes.clear();
        for (id, _) in &bag.words {
            for home in homes.of(*id as usize) {
                if self.sums[*home] == 0 {
                    self.homes.push(*home);
                }
                self.sums[*home] += weight(*id, vocabulary);
            }
        }
        let Self { sums, homes } = self;
        let share = |home: usize| 2000 * sums[home] / (bag.weight + others[home].weight);
        let rank = |home: &usize| (std::cmp::Reverse(share(*home)), *home);
        if homes.len() > CANDIDATES_MAX {
            homes.select_nth_unstable_by_key(CANDIDATES_MAX, rank);
        }
        let n = homes.len().min(CANDIDATES_MAX);
        let mut best = homes[..n].to_vec();
        best.sort_unstable_by_key(rank);
        homes.iter().for_each(|home| sums[*home] = 0);
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{TextLayout, reading};

    fn likeness(a: &str, b: &str) -> Likeness {
        let (readings, vocabulary) = reading::read(Sides { a, b }, TextLayout::Prose);
        let bags = readings.map(|side| Bag::of(&side.ids, &vocabulary));
        bags.a.likeness(&bags.b, &vocabulary, 0)
    }

    #[test]
    fn likeness_is_the_share_of_words() {
        assert_eq!(likeness("one two three", "three one, two!"), 1000);
        assert_eq!(likeness("one two", "three four"), 0);
        assert_eq!(likeness("---", "---"), 0);
        assert_eq!(likeness("", ""), 0);
        assert!(likeness("The price is 10 euros.", "The price is 12 euros.") > 700);
    }

    #[test]
    fn common_words_count_less_than_rare_ones() {
        let rest = "\n\nthe of the of the of the of the of the of the of the of";
        let common = likeness(&format!("the of seal{rest}"), "the of whale");
        let rare = likeness(&format!("seal whale the{rest}"), "seal whale of");
        assert!(common < rare, "{common} {rare}");
    }
}
