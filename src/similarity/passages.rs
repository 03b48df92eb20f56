//! Passages: the stretches of words that two texts share.
//!
//! Shared pairs of words are seeds; seeds that follow each other in both texts at nearly the same
//! distance make one passage, words between them included. A scanned copy shares few runs of words, yet
//! they lie all over it and its passages cover nearly all of it; two reports that quote the same
//! paragraph share one passage.

use std::ops::Range;

use super::params::{
    PASSAGE_DRIFT_WORDS_MAX, PASSAGE_GAP_WORDS_MAX, PASSAGES_OPEN_MAX, SEED_PLACES_MAX, SEED_WORDS,
};

/// A stretch of one text that stands in the other, too. Positions count words.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// In the first text.
    pub a: Range<usize>,
    /// In the second text.
    pub b: Range<usize>,
    /// What its seeds weigh together.
    pub weight: f64,
    /// The last of its seeds.
    last: u32,
}

/// The passages of two texts, with their seeds.
#[derive(Debug, Clone, Default)]
pub struct Passages {
    /// In the order of the first text.
    pub all: Vec<Passage>,
    seeds: Vec<SharedSeed>,
}

impl Passages {
    /// Where the seeds of one of the passages stand in both texts, rising in both.
    pub fn seeds_of(&self, passage: &Passage) -> Vec<(usize, usize)> {
        let seed = |at: &u32| self.seeds.get(*at as usize);
        let before = |at: &u32| seed(at).map(|seed| seed.before);
        let mut places: Vec<(usize, usize)> = std::iter::successors(Some(passage.last), before)
            .map_while(|at| seed(&at).map(|seed| (seed.a as usize, seed.b as usize)))
            .collect();
        places.reverse();
        places
    }
}

/// Where each pair of words stands in a text: the hashes of pairs, rising, and the place of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seeds {
    hashes: Box<[u64]>,
    places: Box<[u32]>,
}

/// Room for so many seeds of a pair of texts is made at once.
const SHARED_SEEDS_EXPECTED: usize = 64;

/// A pair of words that stands in both texts.
#[derive(Debug, Clone, Copy, PartialEq)]
struct SharedSeed {
    a: u32,
    b: u32,
    weight: f64,
    /// The one before it in its passage, or [`NO_SEED`].
    before: u32,
}

/// Before the first seed of a passage there is none.
const NO_SEED: u32 = u32::MAX;

/// The hash of some neighbouring words.
pub fn pair_hash(words: &[u64]) -> u64 {
    // The multiplier of MMIX (Knuth) mixes well enough what is mixed already.
    let mix =
        |sum: u64, word: &u64| (sum.rotate_left(23) ^ word).wrapping_mul(6_364_136_223_846_793_005);
    words.iter().fold(0, mix)
}

impl Seeds {
    /// The pairs of a text, given as hashes of its words.
    pub fn of(words: &[u64]) -> Self {
        let seeds = words.windows(SEED_WORDS).map(pair_hash);
        let mut seeds: Vec<(u64, u32)> = seeds.zip(0..).collect();
        seeds.sort_unstable();
        let hashes = seeds.iter().map(|(hash, _)| *hash).collect();
        Self { hashes, places: seeds.into_iter().map(|(_, place)| place).collect() }
    }

    /// The pairs, repeated ones too.
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// Takes each pair that stands in both with its places in either.
    fn each_in_both(&self, other: &Self, mut take: impl FnMut(u64, &[u32], &[u32])) {
        let (a, b) = (&self.hashes, &other.hashes);
        let (mut at_a, mut at_b) = (0, 0);
        while let (Some(x), Some(y)) = (a.get(at_a), b.get(at_b)) {
            if x == y {
                let end = |all: &[u64], at: usize| {
                    at + all[at..].iter().take_while(|one| *one == x).count()
                };
                let (mine, its) = (at_a..end(a, at_a), at_b..end(b, at_b));
                (at_a, at_b) = (mine.end, its.end);
                take(*x, &self.places[mine], &other.places[its]);
            } else {
                // Nobody can guess which of the two is behind, so nothing branches on it.
                at_a += usize::from(x < y);
                at_b += usize::from(y < x);
            }
        }
    }

    /// The places where the same pairs stand in both, in order; none if all together weigh less than
    /// `weight_min`.
    fn shared(
        &self,
        other: &Self,
        weigh: impl Fn(u64, usize) -> f64,
        weight_min: f64,
    ) -> Vec<SharedSeed> {
        // Most texts share few pairs, and this is asked very often.
        let mut both = Vec::with_capacity(SHARED_SEEDS_EXPECTED);
        self.each_in_both(other, |hash, mine, its| {
            let weight = weigh(hash, mine.len().min(its.len()));
            let mut take =
                |a: &u32, b: &u32| both.push(SharedSeed { a: *a, b: *b, weight, before: NO_SEED });
            if mine.len() * its.len() <= SEED_PLACES_MAX {
                mine.iter().for_each(|a| its.iter().for_each(|b| take(a, b)));
            } else {
                mine.iter().zip(its).for_each(|(a, b)| take(a, b));
                mine.iter().rev().zip(its.iter().rev()).for_each(|(a, b)| take(a, b));
            }
        });
        if both.iter().map(|seed| seed.weight).sum::<f64>() < weight_min {
            return Vec::new();
        }
        both.sort_unstable_by_key(|seed| (seed.a, seed.b));
        both.dedup_by_key(|seed| (seed.a, seed.b));
        both
    }
}

/// The passages that two texts share, in the order of the first one, that weigh at least `weight_min`;
/// `weigh` says what a pair of words weighs that stands so often in both.
///
/// The work is bounded by the sum of both lengths times some constant.
pub fn shared(
    a: &Seeds,
    b: &Seeds,
    weigh: impl Fn(u64, usize) -> f64,
    weight_min: f64,
) -> Passages {
    let mut open: Vec<Passage> = Vec::new();
    let mut done = Vec::new();
    let mut seeds = a.shared(b, weigh, weight_min);
    for (last, seed) in (0..).zip(&mut seeds) {
        let (at, other) = (seed.a as usize, seed.b as usize);
        close(&mut open, &mut done, |passage| at >= passage.a.end + PASSAGE_GAP_WORDS_MAX);
        let near = open.iter_mut().filter(|it| follows(it, at, other));
        match near.min_by_key(|it| (drift(it, at, other), at - it.a.end.min(at))) {
            Some(passage) => {
                passage.a.end = passage.a.end.max(at + SEED_WORDS);
                passage.b.end = passage.b.end.max(other + SEED_WORDS);
                passage.weight += seed.weight;
                seed.before = std::mem::replace(&mut passage.last, last);
            }
            None => open.push(Passage {
                a: at..at + SEED_WORDS,
                b: other..other + SEED_WORDS,
                weight: seed.weight,
                last,
            }),
        }
        if open.len() > PASSAGES_OPEN_MAX {
            done.push(open.remove(0));
        }
    }
    done.append(&mut open);
    done.retain(|passage| passage.weight >= weight_min);
    done.sort_by_key(|passage| (passage.a.start, passage.b.start, passage.a.end));
    Passages { all: done, seeds }
}

/// The stretches put together where they meet, rising.
pub fn union(stretches: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut sorted: Vec<Range<usize>> = stretches.collect();
    sorted.sort_unstable_by_key(|stretch| (stretch.start, stretch.end));
    let mut all: Vec<Range<usize>> = Vec::new();
    for stretch in sorted {
        match all.last_mut() {
            Some(last) if stretch.start <= last.end => last.end = last.end.max(stretch.end),
            _ => all.push(stretch),
        }
    }
    all
}

/// Whether a seed goes on where a passage stopped.
fn follows(passage: &Passage, at: usize, other: usize) -> bool {
    let reach = passage.b.end + PASSAGE_GAP_WORDS_MAX + PASSAGE_DRIFT_WORDS_MAX;
    at + SEED_WORDS > passage.a.end
        && other + SEED_WORDS > passage.b.end
        && other < reach
        && drift(passage, at, other) <= PASSAGE_DRIFT_WORDS_MAX
}

/// By how much the distances to the end of a passage differ in the two texts.
fn drift(passage: &Passage, at: usize, other: usize) -> usize {
    (at + passage.b.end).abs_diff(other + passage.a.end)
}

/// Moves passages that nothing can follow any more.
fn close(open: &mut Vec<Passage>, done: &mut Vec<Passage>, reaches: impl Fn(&Passage) -> bool) {
    let mut at = 0;
    while at < open.len() {
        match reaches(&open[at]) {
            true => done.push(open.remove(at)),
            false => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<u64> {
        let number = |word: &str| word.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte));
        text.split_whitespace().map(number).collect()
    }

    fn seeds(text: &str) -> Seeds {
        Seeds::of(&words(text))
    }

    fn between(a: &str, b: &str) -> Vec<(Range<usize>, Range<usize>)> {
        shared(&seeds(a), &seeds(b), |_, _| 1.0, 0.0)
            .all
            .into_iter()
            .map(|passage| (passage.a, passage.b))
            .collect()
    }

    #[test]
    fn words_between_seeds_belong_to_the_passage() {
        let a = "one two three four FIVE six seven eight nine";
        assert_eq!(between(a, a), [(0..9, 0..9)]);
        assert_eq!(between(a, "x one two three four five six seven eight"), [(0..8, 1..9)]);
        assert_eq!(between(a, "one two x six seven"), [(0..7, 0..5)]);
        assert_eq!(between(a, "one three five seven"), []);
        assert_eq!(between("", a), []);
        assert_eq!(between("one", "one"), []);
    }

    #[test]
    fn what_was_moved_is_two_passages() {
        let (one, two) = ("a b c d e f g", "1 2 3 4 5 6 7");
        let found = between(&format!("{one} {two}"), &format!("{two} {one}"));
        assert_eq!(found, [(0..7, 7..14), (7..14, 0..7)]);
    }

    #[test]
    fn a_quoted_paragraph_covers_itself_alone() {
        let filler = |seed: u32| -> String { (0..50).map(|n| format!("w{seed}x{n} ")).collect() };
        let quote = "to be or not to be that is the question";
        let (a, b) =
            (format!("{}{quote} {}", filler(1), filler(2)), format!("{quote} {}", filler(3)));
        assert_eq!(between(&a, &b)[0], (50..60, 0..10));
    }

    #[test]
    fn a_text_of_one_word_does_not_take_for_ever() {
        let many = Seeds::of(&vec![5; 20_000]);
        let found = shared(&many, &many, |_, _| 1.0, 0.0);
        let covered: usize =
            union(found.all.iter().map(|it| it.a.clone())).iter().map(Range::len).sum();
        assert!(covered > 19_000);
    }

    proptest! {
        #[test]
        fn passages_lie_within_both_texts(
            a in proptest::collection::vec(0..6_u64, 0..200),
            b in proptest::collection::vec(0..6_u64, 0..200),
        ) {
            for passage in shared(&Seeds::of(&a), &Seeds::of(&b), |_, _| 1.0, 0.0).all {
                prop_assert!(passage.a.len() >= SEED_WORDS && passage.a.end <= a.len());
                prop_assert!(passage.b.len() >= SEED_WORDS && passage.b.end <= b.len());
            }
        }
    }
}
