//! Why two texts are called near: the passages that both have, and what each has alone.

use std::{cmp::Reverse, ops::Range};

use super::{
    params::EXPLAINED_PASSAGE_WORDS_MIN,
    passages::{self, Passage, Seeds},
    words::placed_words,
};

/// Which passages two texts share, as their lines and words stand.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// Passages that both have, longest first.
    pub shared: Vec<String>,
    /// What only the first has.
    pub only_a: Vec<String>,
    /// What only the second has.
    pub only_b: Vec<String>,
}

impl Explanation {
    /// Of two texts without their boilerplate.
    pub fn of(a: &str, b: &str) -> Self {
        let (a, b) = (PlacedText::of(a), PlacedText::of(b));
        let mut found = passages::shared(&Seeds::of(&a.hashes), &Seeds::of(&b.hashes));
        found.retain(|passage| passage.a.len() >= EXPLAINED_PASSAGE_WORDS_MIN);
        found.sort_by_key(|passage| (passage.a.start, Reverse(passage.a.end)));
        // What ends no later than one that starts no later lies within that one.
        let (mut reach, mut shared) = (0, Vec::new());
        for passage in &found {
            if passage.a.end > reach {
                reach = passage.a.end;
                shared.push(passage);
            }
        }
        shared.sort_by_key(|passage: &&Passage| (Reverse(passage.a.len()), passage.a.start));
        Self {
            shared: shared.iter().map(|passage| a.excerpt(passage.a.clone())).collect(),
            only_a: a.without(found.iter().map(|passage| passage.a.clone())),
            only_b: b.without(found.iter().map(|passage| passage.b.clone())),
        }
    }
}

/// A text and where its words stand.
struct PlacedText<'a> {
    text: &'a str,
    hashes: Vec<u64>,
    places: Vec<Range<usize>>,
}

impl<'a> PlacedText<'a> {
    fn of(text: &'a str) -> Self {
        let (hashes, places) = placed_words(text);
        Self { text, hashes, places }
    }

    /// What is written from one word to another, on one line.
    fn excerpt(&self, words: Range<usize>) -> String {
        let (Some(first), Some(last)) =
            (self.places.get(words.start), self.places.get(words.end - 1))
        else {
            return String::new();
        };
        let stretch = self.text.get(first.start..last.end).unwrap_or_default();
        stretch.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What is written outside of these stretches.
    fn without(&self, taken: impl Iterator<Item = Range<usize>>) -> Vec<String> {
        let mut from = 0;
        let mut rest = Vec::new();
        for stretch in passages::union(taken) {
            if from < stretch.start {
                rest.push(self.excerpt(from..stretch.start));
            }
            from = stretch.end;
        }
        if from < self.hashes.len() {
            rest.push(self.excerpt(from..self.hashes.len()));
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_has_what_both_say_and_what_each_says_alone() {
        let a = "A headline.\nThe ferry to the island, delayed by a storm, arrived at noon.\nOnly here.";
        let b = "Another title\n\nThe ferry to the island (delayed by a storm) arrived at noon. And more of it.";
        let why = Explanation::of(a, b);
        assert_eq!(why.shared, ["The ferry to the island, delayed by a storm, arrived at noon."]);
        assert_eq!(why.only_a, ["A headline.", "Only here."]);
        assert_eq!(why.only_b, ["Another title", "And more of it."]);
        let nothing = Explanation::of("", b);
        assert_eq!((nothing.shared.len(), nothing.only_a.len(), nothing.only_b.len()), (0, 0, 1));
    }
}
