//! Where in a text the words of its normal form stand.

use std::ops::Range;

use unicode_normalization::{
    IsNormalized,
    char::{canonical_combining_class, decompose_compatible},
    is_nfkc_quick,
};

use super::normal::{Cutter, Normal, composed, is_invisible};

/// The normal form of a text, and where the characters stand that each of its words comes from.
///
/// Signs go with the word before them, and at the beginning of a token with the one behind. Words overlap where a
/// run is cut into pairs.
pub fn placed(text: &str) -> (Normal, Vec<Range<usize>>) {
    let mut normal = Normal::default();
    let mut cutter = Cutter::of(&mut normal);
    let mut places = WordPlaces::default();
    for cluster in clusters(text) {
        for c in composed(&text[cluster.clone()]) {
            places.step(&mut cutter, &cluster, |cutter| cutter.put(c));
        }
    }
    places.step(&mut cutter, &(text.len()..text.len()), |cutter| cutter.end_all());
    (normal, with_signs(text, places.found))
}

/// The places of the words so far.
#[derive(Default)]
struct WordPlaces {
    found: Vec<Range<usize>>,
    /// Where the word stands that is open.
    open: Range<usize>,
    /// Where the last character stands of a run that is cut.
    last: Range<usize>,
}

impl WordPlaces {
    /// Lets a cutter take a character that stands there, and sees which word ends by it.
    fn step(&mut self, cutter: &mut Cutter, there: &Range<usize>, put: impl FnOnce(&mut Cutter)) {
        let (n_words, was_in_word) = (cutter.n_words(), cutter.is_in_word());
        let was_in_run = cutter.is_in_run();
        put(cutter);
        let has_ended = cutter.n_words() > n_words;
        if has_ended {
            self.found.push(match (was_in_run, cutter.is_in_run()) {
                (true, true) => self.last.start..there.end,
                (true, false) => self.last.clone(),
                (false, _) => self.open.clone(),
            });
        }
        if cutter.is_in_word() {
            let start = if was_in_word && !has_ended { self.open.start } else { there.start };
            self.open = start..there.end;
        }
        // A mark ends no word, and leaves the run as it is.
        if cutter.is_in_run() && (has_ended || !was_in_run) {
            self.last = there.clone();
        }
    }
}

/// The stretches of a text that are composed independently of each other.
fn clusters(text: &str) -> impl Iterator<Item = Range<usize>> {
    let begins = |(at, c): &(usize, char)| *at == 0 || begins_cluster(*c);
    let mut starts = text.char_indices().filter(begins).map(|(at, _)| at).peekable();
    std::iter::from_fn(move || {
        let start = starts.next()?;
        Some(start..starts.peek().copied().unwrap_or(text.len()))
    })
}

/// Whether a character composes with none before it.
fn begins_cluster(c: char) -> bool {
    if c.is_ascii() {
        return true;
    }
    let mut first = None;
    decompose_compatible(c, |part| first = first.or(Some(part)));
    let is_stable = |c: char| {
        canonical_combining_class(c) == 0 && is_nfkc_quick(std::iter::once(c)) == IsNormalized::Yes
    };
    !is_invisible(c) && first.is_none_or(is_stable)
}

/// The places with the signs beside them, up to white space.
fn with_signs(text: &str, mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    for next in 0..=places.len() {
        let from = next.checked_sub(1).map_or(0, |before| places[before].end);
        let to = places.get(next).map_or(text.len(), |place| place.start);
        let Some(between) = text.get(from..to) else { continue };
        let before_space = between.find(char::is_whitespace);
        if let Some(before) = next.checked_sub(1) {
            places[before].end = before_space.map_or(to, |at| from + at);
        }
        let behind_space = |at: usize| at + between[at..].chars().next().map_or(0, char::len_utf8);
        let start = between.rfind(char::is_whitespace).map(behind_space);
        if let Some(place) = places.get_mut(next) {
            let start = start.or((next == 0).then_some(0));
            place.start = start.map_or(place.start, |at| from + at);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<&str> {
        placed(text).1.into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn words_stand_where_they_are_written() {
        for (text, expected) in [
            ("", vec![]),
            (" -- !", vec![]),
            ("“Yes”—he\u{3000}(said).\n", vec!["“Yes”—", "he", "(said)."]),
            ("early-on Monday", vec!["early-", "on", "Monday"]),
            ("昨日下午，港口", vec!["昨日", "日下", "下午，", "港口"]),
            ("第3章 と", vec!["第", "3", "章", "と"]),
            ("cafe\u{301} co\u{ad}op ﬁne", vec!["cafe\u{301}", "co\u{ad}op", "ﬁne"]),
            ("ﾊﾞｽ", vec!["ﾊﾞｽ"]),
            ("نعـــم، لا", vec!["نعـــم،", "لا"]),
        ] {
            assert_eq!(words(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_words_are_those_of_the_normal_form(
            text in any::<String>(),
            other in "[a-z \n'äßéЖΣ’“…，العیک٣ـ\u{64e}中国のガ゙ァｶﾞ한ᄀ\u{1161}\u{301}\u{338}\u{ad}ﬁ1]{0,24}"
        ) {
            for text in [text, other] {
                let (normal, places) = placed(&text);
                prop_assert_eq!(&normal, &Normal::of(&text));
                prop_assert_eq!(normal.ends().len(), places.len());
                prop_assert!(places.iter().all(|place| !text[place.clone()].is_empty()));
                prop_assert!(places.is_sorted_by_key(|place| place.start));
            }
        }
    }
}
