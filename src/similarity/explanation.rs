//! Why two texts are called near: the passages that both have, and what each has alone.

use std::{cmp::Reverse, ops::Range};

use super::{
    passages::{self, Passage},
    words::placed_words,
};

/// Which passages two texts share, as their lines and words stand.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// Passages that both have, longest first.
    pub shared: Vec<SharedPassage>,
    /// What only the first has.
    pub only_a: Vec<String>,
    /// What only the second has.
    pub only_b: Vec<String>,
}

/// A passage that two texts share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedPassage {
    /// As it stands in the first text.
    pub text: String,
    /// Where, in words of the first text.
    pub a: Range<usize>,
    /// Where, in words of the second text.
    pub b: Range<usize>,
}

impl Explanation {
    /// Of two texts without their boilerplate, by their passages in the order of the first.
    pub fn of(a: &str, b: &str, found: &[Passage]) -> Self {
        let (a, b) = (PlacedText::of(a), PlacedText::of(b));
        // What ends no later than one that starts no later lies within that one.
        let (mut reach, mut shared) = (0, Vec::new());
        for passage in found {
            if passage.a.end > reach {
                reach = passage.a.end;
                shared.push(passage);
            }
        }
        shared.sort_by_key(|passage: &&Passage| (Reverse(passage.a.len()), passage.a.start));
        let shown = |passage: &&Passage| SharedPassage {
            text: a.excerpt(passage.a.clone()),
            a: passage.a.clone(),
            b: passage.b.clone(),
        };
        Self {
            shared: shared.iter().map(shown).collect(),
            only_a: a.without(found.iter().map(|passage| passage.a.clone())),
            only_b: b.without(found.iter().map(|passage| passage.b.clone())),
        }
    }
}

/// A text and where its words stand.
struct PlacedText<'a> {
    text: &'a str,
    places: Vec<Range<usize>>,
}

impl<'a> PlacedText<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, places: placed_words(text).1 }
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
        if from < self.places.len() {
            rest.push(self.excerpt(from..self.places.len()));
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::passages::Seeds;

    #[test]
    fn an_explanation_has_what_both_say_and_what_each_says_alone() {
        let a = "A headline.\nThe ferry to the island, delayed by a storm, arrived at noon.\nOnly here.";
        let b = "Another title\n\nThe ferry to the island (delayed by a storm) arrived at noon. And more of it.";
        let found = |a: &str, b: &str| {
            let seeds = |text| Seeds::of(&placed_words(text).0);
            passages::shared(&seeds(a), &seeds(b), |_, _| 1.0, 0.0)
        };
        let why = Explanation::of(a, b, &found(a, b));
        assert_eq!(
            why.shared[0].text,
            "The ferry to the island, delayed by a storm, arrived at noon."
        );
        assert_eq!((why.shared[0].a.clone(), why.shared[0].b.clone()), (2..14, 2..14));
        assert_eq!(why.only_a, ["A headline.", "Only here."]);
        assert_eq!(why.only_b, ["Another title", "And more of it."]);
        let nothing = Explanation::of("", b, &[]);
        assert_eq!((nothing.shared.len(), nothing.only_a.len(), nothing.only_b.len()), (0, 0, 1));
    }
}
