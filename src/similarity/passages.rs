//! Passages: the stretches of words that two texts share.
//!
//! Shared pairs of words are seeds; seeds that follow each other in both texts at nearly the same
//! distance make one passage, words between them included. A scanned copy shares few runs of words, yet
//! they lie all over it and its passages cover nearly all of it; two reports that quote the same
//! paragraph share one passage.

use std::ops::Range;

use super::params::{
    PASSAGE_DRIFT_WORDS_MAX, PASSAGE_GAP_WORDS_MAX, PASSAGES_OPEN_MAX, SEED_PLACES_MAX, SEED_WORDS,
    WORD_ALIKE_SHARE_MIN,
};

/// A stretch of one text that stands in the other, too. Positions count words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// In the first text.
    pub a: Range<usize>,
    /// In the second text.
    pub b: Range<usize>,
}

/// Where each pair of words stands in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seeds(Vec<(u64, u32)>);

impl Seeds {
    /// The pairs of a text, given as hashes of its words.
    pub fn of(words: &[u64]) -> Self {
        // The multiplier of MMIX (Knuth) mixes well enough what is mixed already.
        let mix = |sum: u64, word: &u64| {
            (sum.rotate_left(23) ^ word).wrapping_mul(6_364_136_223_846_793_005)
        };
        let seeds = words.windows(SEED_WORDS).map(|seed| seed.iter().fold(0, mix));
        let mut seeds: Vec<(u64, u32)> = seeds.zip(0..).collect();
        seeds.sort_unstable();
        Self(seeds)
    }

    /// The places where the same pairs stand in both, in order.
    fn shared(&self, other: &Self) -> Vec<(usize, usize)> {
        let mut both = Vec::new();
        let mut others = other.0.chunk_by(|x, y| x.0 == y.0).peekable();
        for mine in self.0.chunk_by(|x, y| x.0 == y.0) {
            while others.next_if(|its| its[0].0 < mine[0].0).is_some() {}
            let Some(its) = others.next_if(|its| its[0].0 == mine[0].0) else { continue };
            for (_, at) in mine {
                let its = its.iter().take(SEED_PLACES_MAX);
                both.extend(its.map(|(_, other)| (*at as usize, *other as usize)));
            }
        }
        both.sort_unstable();
        both
    }
}

/// The passages that two texts share, in the order of the first one.
///
/// The work is bounded by the sum of both lengths times some constant.
pub fn shared(a: &Seeds, b: &Seeds) -> Vec<Passage> {
    let mut open: Vec<Passage> = Vec::new();
    let mut done = Vec::new();
    for (at, other) in a.shared(b) {
        close(&mut open, &mut done, |passage| at >= passage.a.end + PASSAGE_GAP_WORDS_MAX);
        let near = open.iter_mut().filter(|it| follows(it, at, other));
        match near.min_by_key(|it| (drift(it, at, other), at - it.a.end.min(at))) {
            Some(passage) => {
                passage.a.end = passage.a.end.max(at + SEED_WORDS);
                passage.b.end = passage.b.end.max(other + SEED_WORDS);
            }
            None => open.push(Passage { a: at..at + SEED_WORDS, b: other..other + SEED_WORDS }),
        }
        if open.len() > PASSAGES_OPEN_MAX {
            done.push(open.remove(0));
        }
    }
    done.append(&mut open);
    done.sort_by_key(|passage| (passage.a.start, passage.b.start, passage.a.end));
    done
}

/// A text as its words and their hashes.
#[derive(Debug, Clone, Copy)]
pub struct HashedWords<'a> {
    pub words: &'a [&'a str],
    /// A hash of each.
    pub hashes: &'a [u64],
}

/// How many words of each text stand in a passage and are the same in the other, or look alike.
///
/// A scanned word looks like what it was; where a template has another name or number, nothing does.
pub fn n_alike(a: HashedWords, b: HashedWords, passages: &[Passage]) -> (usize, usize) {
    let mut alike = (vec![false; a.hashes.len()], vec![false; b.hashes.len()]);
    for passage in passages {
        let (mut at, mut other) = (passage.a.start, passage.b.start);
        while at < passage.a.end && other < passage.b.end {
            let (n_a, n_b) =
                until_same(&a.hashes[at..passage.a.end], &b.hashes[other..passage.b.end]);
            for n in 0..n_a.min(n_b) {
                if looks_like(a.words[at + n], b.words[other + n]) {
                    (alike.0[at + n], alike.1[other + n]) = (true, true);
                }
            }
            (at, other) = (at + n_a, other + n_b);
            if at < passage.a.end && other < passage.b.end {
                (alike.0[at], alike.1[other]) = (true, true);
            }
            (at, other) = (at + 1, other + 1);
        }
    }
    let count = |alike: Vec<bool>| alike.into_iter().filter(|is| *is).count();
    (count(alike.0), count(alike.1))
}

/// How many words must be passed over in each of two stretches until both go on with the same word;
/// their lengths when that is not to be expected.
fn until_same(a: &[u64], b: &[u64]) -> (usize, usize) {
    for sum in 0..2 * (PASSAGE_GAP_WORDS_MAX + PASSAGE_DRIFT_WORDS_MAX) {
        for n_a in sum.saturating_sub(b.len())..=sum.min(a.len()) {
            let n_b = sum - n_a;
            if n_a.abs_diff(n_b) <= PASSAGE_DRIFT_WORDS_MAX
                && a.get(n_a).is_some_and(|word| b.get(n_b) == Some(word))
            {
                return (n_a, n_b);
            }
        }
    }
    (a.len(), b.len())
}

/// Whether at least half of two words, beginnings and ends together, is the same; numbers are either
/// the same or others.
fn looks_like(a: &str, b: &str) -> bool {
    let n_max = a.chars().count().max(b.chars().count());
    let same = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| {
        a.zip(b).take_while(|(a, b)| a == b).count()
    };
    let n_head = same(&mut a.chars(), &mut b.chars());
    let n_tail = same(&mut a.chars().rev(), &mut b.chars().rev());
    (n_head + n_tail) as f64 >= n_max as f64 * WORD_ALIKE_SHARE_MIN
        && !a.chars().chain(b.chars()).any(char::is_numeric)
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
        shared(&seeds(a), &seeds(b)).into_iter().map(|passage| (passage.a, passage.b)).collect()
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
    fn scanned_words_count_and_other_words_do_not() {
        let count = |a: &str, b: &str| {
            let (a, b): (Vec<&str>, Vec<&str>) =
                (a.split_whitespace().collect(), b.split_whitespace().collect());
            let (x, y) = (words(&a.join(" ")), words(&b.join(" ")));
            let (a, b) =
                (HashedWords { words: &a, hashes: &x }, HashedWords { words: &b, hashes: &y });
            n_alike(a, b, &shared(&Seeds::of(&x), &Seeds::of(&y)))
        };
        let story = "the old ferry to the island left harbour at noon and came back late";
        assert_eq!(count(story, story), (14, 14));
        let scanned = "the old ferry fo the islnad lcft harbour at noon aud came back late";
        assert_eq!(count(story, scanned), (14, 14));
        let template = "the old ferry to the mainland or 17 harbour at noon and went back late";
        assert_eq!(count(story, template), (12, 12));
        assert_eq!(count("net 27 mln vs 35 mln a year", "net 29 mln vs 35 mln a year"), (6, 6));
        assert_eq!(count(story, "nothing of this sort"), (0, 0));
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
        let found = shared(&many, &many);
        let covered: usize =
            union(found.iter().map(|it| it.a.clone())).iter().map(Range::len).sum();
        assert!(covered > 19_000);
    }

    proptest! {
        #[test]
        fn passages_lie_within_both_texts(
            a in proptest::collection::vec(0..6_u64, 0..200),
            b in proptest::collection::vec(0..6_u64, 0..200),
        ) {
            for passage in shared(&Seeds::of(&a), &Seeds::of(&b)) {
                prop_assert!(passage.a.len() >= SEED_WORDS && passage.a.end <= a.len());
                prop_assert!(passage.b.len() >= SEED_WORDS && passage.b.end <= b.len());
            }
        }
    }
}
