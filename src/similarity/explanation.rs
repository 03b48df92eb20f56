//! Why two texts are called near: the passages that both have, and what each has alone.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashSet},
    ops::Range,
};

use crate::text::Normal;

use super::{
    alignment::SameWords,
    params::{KNOWN_RUN_WORDS, SEED_WORDS},
    passages::{self, pair_hash},
    prepared::{CommonPassage, CommonPassages},
    words::{hashed_words, placed_words},
};

/// Which passages two texts share, as their lines and words stand.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// Passages that both have, longest first.
    pub shared: Vec<SharedPassage>,
    /// What only the first has, longest first, and nothing twice.
    pub only_a: Vec<String>,
    /// What only the second has.
    pub only_b: Vec<String>,
}

/// A passage that two texts share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedPassage {
    /// The words that are the same, as they stand in the first text, with `…` for those between.
    pub text: String,
    /// How many words are the same.
    pub n_same: usize,
    /// Where, in words of the first text.
    pub a: Range<usize>,
    /// Where, in words of the second text.
    pub b: Range<usize>,
}

/// Stands for words that are others in the other text.
const LEFT_OUT: &str = " … ";

/// One of two texts that are compared.
#[derive(Debug, Clone, Copy)]
pub struct ExplainedText<'a> {
    /// What of it is compared, without boilerplate.
    pub own: &'a str,
    /// All that people read of it: what stands there is not said to be missing.
    pub whole: &'a str,
}

impl Explanation {
    /// Of two texts, by their passages in the order of the first.
    pub fn of(a: ExplainedText, b: ExplainedText, found: &CommonPassages) -> Self {
        let (own_a, own_b) = (PlacedText::of(a.own), PlacedText::of(b.own));
        let mut shared: Vec<SharedPassage> =
            found.each_once().iter().filter_map(|it| own_a.shared(it)).collect();
        shared.sort_by_key(|passage| (Reverse(passage.n_same), passage.a.start));
        let found = &found.all;
        let same = |stretch: fn(&SameWords) -> Range<usize>| {
            passages::union(found.iter().flat_map(|it| it.same.iter().map(stretch)))
        };
        let only_a = own_a.alone(&same(SameWords::in_a), &KnownRuns::of(b.whole));
        let only_b = own_b.alone(&same(SameWords::in_b), &KnownRuns::of(a.whole));
        Self { shared, only_a, only_b }
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
        self.on_one_line(first.start..last.end)
    }

    /// What some words in a row have that neither the word before nor the one behind has: words of a script that
    /// is written without spaces overlap.
    fn own_excerpt(&self, words: Range<usize>) -> String {
        let (Some(first), Some(last)) =
            (self.places.get(words.start), self.places.get(words.end - 1))
        else {
            return String::new();
        };
        let before = words.start.checked_sub(1).map_or(0, |before| self.places[before].end);
        let behind = self.places.get(words.end).map_or(self.text.len(), |place| place.start);
        self.on_one_line(first.start.max(before)..last.end.min(behind))
    }

    fn on_one_line(&self, characters: Range<usize>) -> String {
        let stretch = self.text.get(characters).unwrap_or_default();
        stretch.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A passage with its words as they are written.
    fn shared(&self, passage: &CommonPassage) -> Option<SharedPassage> {
        let texts: Vec<String> = passage.same.iter().map(|one| self.excerpt(one.in_a())).collect();
        let is_empty = texts.iter().all(String::is_empty);
        (!is_empty).then(|| SharedPassage {
            text: texts.join(LEFT_OUT),
            n_same: passage.n_same(),
            a: passage.a.clone(),
            b: passage.b.clone(),
        })
    }

    /// What is written outside of these stretches and is not known from elsewhere, the longest first.
    fn alone(&self, taken: &[Range<usize>], known: &KnownRuns) -> Vec<String> {
        let starts = std::iter::once(0).chain(taken.iter().map(|it| it.end));
        let ends = taken.iter().map(|it| it.start).chain([self.places.len()]);
        let mut alone: Vec<Range<usize>> = Vec::new();
        for (start, end) in starts.zip(ends) {
            let known = passages::union(self.known_within(start..end, known));
            let mut from = start;
            for stretch in known.into_iter().chain(std::iter::once(end..end)) {
                alone.push(from..stretch.start);
                from = stretch.end;
            }
        }
        alone.retain(|it| !it.is_empty() && !known.has(&self.hashes[it.clone()]));
        alone.sort_by_key(|it| (Reverse(it.len()), it.start));
        let mut said = BTreeSet::new();
        let excerpts = alone.into_iter().map(|it| self.own_excerpt(it));
        excerpts.filter(|it| !it.is_empty() && said.insert(it.clone())).collect()
    }

    /// Of a stretch what is known: whole lines, and runs of several words.
    fn known_within(
        &self,
        stretch: Range<usize>,
        known: &KnownRuns,
    ) -> impl Iterator<Item = Range<usize>> {
        let mut lines: Vec<Range<usize>> = Vec::new();
        for at in stretch.clone() {
            match lines.last_mut() {
                Some(line) if !self.begins_line(at) => line.end = at + 1,
                _ => lines.push(at..at + 1),
            }
        }
        let words = &self.hashes[stretch.clone()];
        let runs: Vec<Range<usize>> = known.runs_in(words).collect();
        let runs = runs.into_iter().map(move |it| it.start + stretch.start..it.end + stretch.start);
        lines.retain(|line| known.has(&self.hashes[line.clone()]));
        lines.into_iter().chain(runs)
    }

    fn begins_line(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map_or(0, |before| self.places[before].end);
        let between = self.text.get(before..self.places[at].start);
        between.is_some_and(|between| between.contains('\n'))
    }
}

/// Which words stand in a text, which two of them one after the other, and which run of several.
struct KnownRuns {
    words: HashSet<u64>,
    pairs: HashSet<u64>,
    runs: HashSet<u64>,
}

impl KnownRuns {
    fn of(text: &str) -> Self {
        let words = hashed_words(&Normal::of(text));
        let runs_of = |n: usize| words.windows(n).map(pair_hash).collect();
        let (pairs, runs) = (runs_of(SEED_WORDS), runs_of(KNOWN_RUN_WORDS));
        Self { words: words.into_iter().collect(), pairs, runs }
    }

    /// Where in some words there are runs that stand in the text.
    fn runs_in(&self, words: &[u64]) -> impl Iterator<Item = Range<usize>> {
        let runs = words.windows(KNOWN_RUN_WORDS).enumerate();
        let known = runs.filter(|(_, run)| self.runs.contains(&pair_hash(run)));
        known.map(|(at, run)| at..at + run.len())
    }

    /// Whether some words in a row stand in the text: of a few each two of them.
    fn has(&self, words: &[u64]) -> bool {
        let all = |n: usize, known: &HashSet<u64>| {
            words.windows(n).all(|run| known.contains(&pair_hash(run)))
        };
        match words {
            [] => true,
            [word] => self.words.contains(word),
            few if few.len() < KNOWN_RUN_WORDS => all(SEED_WORDS, &self.pairs),
            _ => all(KNOWN_RUN_WORDS, &self.runs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::{boilerplate::Boilerplate, prepared::prepare};
    use crate::text::ReadAs;

    fn why(a: &str, b: &str) -> Explanation {
        why_of(ExplainedText { own: a, whole: a }, ExplainedText { own: b, whole: b })
    }

    fn why_of(a: ExplainedText, b: ExplainedText) -> Explanation {
        let ready = |text: &str| {
            let read_as = ReadAs::page("text/plain", None);
            prepare(text.as_bytes(), read_as, &Boilerplate::default())
        };
        let found = match (ready(a.own), ready(b.own)) {
            (Some(one), Some(other)) => one.passages_with(&other),
            _ => CommonPassages::default(),
        };
        Explanation::of(a, b, &found)
    }

    const STORY: &str = "The ferry to the island, delayed by a storm, arrived at noon and left again in the \
        evening with two hundred people who had been waiting in the rain since early on Monday.";

    #[test]
    fn an_explanation_has_what_both_say_and_what_each_says_alone() {
        let a = format!("A headline.\n{STORY}\nOnly here.");
        let b = format!("Another title\n\n{} And more of it.", STORY.replace(',', " -"));
        let found = why(&a, &b);
        assert_eq!(found.shared.len(), 1);
        assert_eq!(found.shared[0].text, STORY.split_whitespace().collect::<Vec<_>>().join(" "));
        assert_eq!((found.shared[0].a.clone(), found.shared[0].b.clone()), (2..35, 2..35));
        assert_eq!(found.only_a, ["A headline.", "Only here."]);
        assert_eq!(found.only_b, ["And more of it.", "Another title"], "the longest first");
        let nothing = why("", &b);
        assert_eq!((nothing.shared.len(), nothing.only_a.len(), nothing.only_b.len()), (0, 0, 1));
    }

    #[test]
    fn both_have_only_words_that_are_the_same() {
        let found = why(STORY, &STORY.replace("noon", "midnight").replace("two hundred", "many"));
        let [passage] = &found.shared[..] else { panic!("{found:?}") };
        assert_eq!(passage.text.matches('…').count(), 2, "{}", passage.text);
        assert!(passage.text.contains("storm, arrived at … and left again"), "{}", passage.text);
        assert_eq!((passage.n_same, passage.a.clone(), passage.b.clone()), (30, 0..33, 0..32));
        assert_eq!(found.only_a, ["two hundred", "noon"]);
        assert_eq!(found.only_b, ["midnight", "many"]);
        let inserted = why(STORY, &STORY.replace("two hundred", "two or three hundred"));
        assert!(inserted.shared[0].text.contains("two … hundred"), "{inserted:?}");
        assert_eq!((inserted.only_a.len(), inserted.only_b), (0, vec!["or three".to_owned()]));
    }

    #[test]
    fn a_line_that_stands_elsewhere_in_the_other_text_is_not_only_in_one() {
        let lines = |from: usize| -> String {
            let story = |n: usize| (0..12).map(|word| format!("w{n}x{word} ")).collect::<String>();
            (from..from + 6).map(|n| story(n) + "\n").collect()
        };
        let menu = "Read next\nFares\n";
        let found = why(&format!("{menu}{}", lines(0)), &format!("{}{menu}Imprint\n", lines(0)));
        assert_eq!((found.only_a.len(), found.only_b), (0, vec!["Imprint".to_owned()]));
        let (whole, own) = (format!("{menu}{}", lines(0)), lines(0));
        let (a, b) = (
            ExplainedText { own: &whole, whole: &whole },
            ExplainedText { own: &own, whole: &whole },
        );
        assert_eq!(why_of(a, b).only_a, [""; 0], "it lies outside of the main part");
        let alone = why(
            &format!("Read later\n{}", lines(0)),
            &format!("{}Read next\nAll that is later\n", lines(0)),
        );
        assert_eq!(alone.only_a, ["Read later"], "its words are there, and not together");
    }

    #[test]
    fn a_script_without_spaces_is_told_apart_by_its_characters() {
        let story = "下午港口因强风暴而关闭，大型船只在三周内不得进入。港务局长表示，防波堤出现八十三米的缺口，\
            修复工作将于下周一开始。";
        let (a, b) = (format!("昨日{story}"), format!("周一{}", story.replace("表示", "称")));
        let found = why(&a, &b);
        let [passage] = &found.shared[..] else { panic!("{found:?}") };
        assert!(passage.text.starts_with("下午港口因强风暴而关闭，大型"), "{}", passage.text);
        assert_eq!(passage.text.matches("缺口").count(), 1, "{}", passage.text);
        assert_eq!(found.only_a, ["昨日", "表示，"]);
        assert_eq!(found.only_b, ["周一", "称，"]);
    }

    #[test]
    fn what_was_moved_into_a_gap_of_another_passage_is_said() {
        let words =
            |name: &str, n: usize| -> String { (0..n).map(|at| format!("{name}{at} ")).collect() };
        let (start, end, moved) = (words("start", 9), words("end", 9), words("moved", 6));
        let other = words("other", 6);
        let found =
            why(&format!("{start}{moved}{end}"), &format!("{start}{other}{end}{other}{moved}"));
        let said: Vec<&str> = found.shared.iter().map(|it| it.text.as_str()).collect();
        assert!(said.contains(&moved.trim()), "{said:?}");
        assert_eq!(found.shared.iter().map(|it| it.n_same).sum::<usize>(), 24);
        assert_eq!((found.only_a, found.only_b.len()), (vec![], 1));
    }

    #[test]
    fn a_passage_is_said_once_however_often_it_stands_there() {
        let many = format!("{STORY}\n").repeat(20);
        for (a, b) in [(many.as_str(), STORY), (STORY, &many)] {
            let found = why(a, b);
            let [passage] = &found.shared[..] else { panic!("{found:?}") };
            assert_eq!((passage.n_same, passage.a.len(), passage.b.len()), (33, 33, 33));
            assert_eq!((found.only_a.len(), found.only_b.len()), (0, 0));
        }
        // What a longer passage leaves of another one is none by itself.
        let words =
            |name: &str, n: usize| (0..n).map(|at| format!("{name}{at} ")).collect::<String>();
        let (long, head, others) = (words("long", 12), words("head", 3), words("other", 30));
        let found = why(&format!("{long}{others}{head}{long}"), &format!("{head}{long}"));
        let [passage] = &found.shared[..] else { panic!("{found:?}") };
        assert_eq!((passage.n_same, passage.a.clone(), passage.b.clone()), (15, 42..57, 0..15));
    }

    #[test]
    fn a_word_within_others_is_cut_out() {
        let found = why(STORY, &STORY.replace("early on Monday", "early-on-Tuesday"));
        assert!(found.shared[0].text.ends_with("since early on"), "{found:?}");
        assert_eq!(
            (found.only_a, found.only_b),
            (vec!["Monday.".to_owned()], vec!["Tuesday.".to_owned()])
        );
    }
}
