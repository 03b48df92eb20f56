//! Boilerplate: the lines that the pages of a site share, such as menus, notices and footers.
//!
//! On pages they are half of the text, and two pages of one site would look like copies. A line that
//! at least three texts of a site's sample share is boilerplate, provided that such lines are
//! a part of most texts there: a folder that has a few copies among many other texts has none.
//! Sketches are of whole texts and never change; boilerplate is taken away when texts are compared,
//! so what was added first does not matter.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use crate::text::Normal;

use super::{
    params::{
        BOILERPLATE_SHARE_MAX, BOILERPLATE_SHARE_MAX_OF_FEW, BOILERPLATE_SHARE_MIN,
        BOILERPLATE_TEXTS_MIN, FEW_TEXTS, OWN_WORDS_SHARE_MIN, PAGES_SHARE_MIN,
    },
    shingles::Shingles,
    words::{line_hash, words},
};

/// What texts of a site have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Boilerplate {
    /// Hashes of lines, rising.
    lines: Vec<u32>,
    /// The halves that sketches keep of the shingles in them, rising.
    shingles: Vec<u32>,
}

impl Boilerplate {
    /// Learns from texts.
    pub fn of(texts: &[String]) -> Self {
        let sampled: Vec<TextLines> = texts.iter().map(|text| TextLines::of(text)).collect();
        let mut n_texts: HashMap<u32, usize> = HashMap::new();
        for text in &sampled {
            let distinct: BTreeSet<u32> = text.lines.iter().map(|(hash, _)| *hash).collect();
            for line in distinct {
                *n_texts.entry(line).or_default() += 1;
            }
        }
        let mut lines: Vec<u32> = n_texts
            .into_iter()
            .filter(|(_, n)| *n >= BOILERPLATE_TEXTS_MIN)
            .map(|(line, _)| line)
            .collect();
        lines.sort_unstable();
        let share_max = if sampled.len() < FEW_TEXTS {
            BOILERPLATE_SHARE_MAX_OF_FEW
        } else {
            BOILERPLATE_SHARE_MAX
        };
        let is_page = |text: &&TextLines| {
            let share = text.share_of(&lines);
            (BOILERPLATE_SHARE_MIN..=share_max).contains(&share)
        };
        let n_pages = sampled.iter().filter(is_page).count();
        if (n_pages as f64) < sampled.len() as f64 * PAGES_SHARE_MIN {
            return Self::default();
        }
        let mut boilerplate = Self { lines, shingles: Vec::new() };
        let shown = boilerplate.shown_by(texts, &sampled);
        let lost: BTreeSet<u32> =
            shown.into_iter().flat_map(|text| boilerplate.shingles_lost_by(text)).collect();
        boilerplate.shingles = lost.into_iter().collect();
        boilerplate
    }

    /// Texts that show each of the lines as often as it takes to be boilerplate; the same in any order.
    fn shown_by<'t>(&self, texts: &'t [String], sampled: &[TextLines]) -> Vec<&'t str> {
        let mut in_order: Vec<(&str, &TextLines)> =
            texts.iter().map(String::as_str).zip(sampled).collect();
        in_order.sort_unstable_by_key(|(text, _)| *text);
        let mut n_shown = vec![0; self.lines.len()];
        in_order.retain(|(_, text)| {
            let found = text.lines.iter().map(|(hash, _)| self.lines.binary_search(hash));
            let found: BTreeSet<usize> = found.flatten().collect();
            let shows_more = found.iter().any(|at| n_shown[*at] < BOILERPLATE_TEXTS_MIN);
            if shows_more {
                found.into_iter().for_each(|at| n_shown[at] += 1);
            }
            shows_more
        });
        in_order.into_iter().map(|(text, _)| text).collect()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether a line with this hash is boilerplate.
    pub fn has_line(&self, hash: Option<u32>) -> bool {
        hash.is_some_and(|hash| self.lines.binary_search(&hash).is_ok())
    }

    /// What sketches keep of its shingles, rising.
    pub fn shingles(&self) -> &[u32] {
        &self.shingles
    }

    /// The boilerplate of all of them.
    pub fn union(all: &[Rc<Self>]) -> Self {
        let joined = |numbers: fn(&Self) -> &[u32]| {
            let mut joined: Vec<u32> = all.iter().flat_map(|one| numbers(one)).copied().collect();
            joined.sort_unstable();
            joined.dedup();
            joined
        };
        Self { lines: joined(|one| &one.lines), shingles: joined(|one| &one.shingles) }
    }

    /// About the bytes it takes.
    pub fn n_bytes(&self) -> usize {
        4 * (self.lines.len() + self.shingles.len()) + 128
    }

    /// What sketches keep of the shingles that a text loses with its boilerplate.
    fn shingles_lost_by(&self, text: &str) -> Vec<u32> {
        let own = Normal::of(&self.own_text(text.into()));
        let own = Shingles::of(words(&own));
        let whole = Normal::of(text);
        let whole = Shingles::of(words(&whole));
        whole.kept_without(&own).collect()
    }

    /// A text without its boilerplate; all of it where next to nothing would be left.
    pub fn own_text<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        if self.is_empty() {
            return text;
        }
        let is_own = |line: &&str| !self.has_line(line_hash(&Normal::of(line)));
        let own = text.lines().filter(is_own).collect::<Vec<_>>().join("\n");
        let n_min = Normal::of(&text).ends().len() as f64 * OWN_WORDS_SHARE_MIN;
        if Normal::of(&own).ends().len() as f64 >= n_min { Cow::Owned(own) } else { text }
    }

    /// Four bytes count of lines, the lines, the shingles; little-endian.
    pub fn encode(&self) -> Vec<u8> {
        let count = self.lines.len() as u32;
        let numbers = std::iter::once(&count).chain(&self.lines).chain(&self.shingles);
        numbers.flat_map(|number| number.to_le_bytes()).collect()
    }

    /// Reads what [`Boilerplate::encode`] wrote; `None` for anything else.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let number = |four: &[u8]| u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        let (head, body) = bytes.split_at_checked(4)?;
        let n_bytes = usize::try_from(number(head)).ok()?.checked_mul(4)?;
        let (lines, shingles) = body.split_at_checked(n_bytes)?;
        let numbers = |bytes: &[u8]| -> Option<Vec<u32>> {
            let numbers: Vec<u32> = bytes.chunks_exact(4).map(number).collect();
            (bytes.len().is_multiple_of(4) && numbers.is_sorted_by(|a, b| a < b)).then_some(numbers)
        };
        Some(Self { lines: numbers(lines)?, shingles: numbers(shingles)? })
    }
}

/// The lines of a text, and how many words each has.
struct TextLines {
    lines: Vec<(u32, usize)>,
}

impl TextLines {
    fn of(text: &str) -> Self {
        let line = |line: &str| {
            let normal = Normal::of(line);
            Some((line_hash(&normal)?, normal.ends().len()))
        };
        Self { lines: text.lines().filter_map(line).collect() }
    }

    /// The share of the words that lie in these lines.
    fn share_of(&self, lines: &[u32]) -> f64 {
        let n_words =
            |it: &mut dyn Iterator<Item = &(u32, usize)>| -> usize { it.map(|(_, n)| n).sum() };
        let all = n_words(&mut self.lines.iter());
        let shared = self.lines.iter().filter(|(hash, _)| lines.binary_search(hash).is_ok());
        n_words(&mut { shared }) as f64 / all.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of its own words, a menu, and one of several teasers.
    fn page(n: usize) -> String {
        let own: String = (0..40).map(|k| format!("own{n}x{k} ")).collect();
        let teaser: String = (0..8).map(|k| format!("teaser{}x{k} ", n % 5)).collect();
        format!("home news sport weather\n{own}\n{teaser}\n")
    }

    #[test]
    fn what_is_learnt_is_the_same_in_any_order_and_has_every_line() {
        let mut pages: Vec<String> = (0..30).map(page).collect();
        let learnt = Boilerplate::of(&pages);
        pages.reverse();
        assert_eq!(Boilerplate::of(&pages), learnt);
        assert_eq!(learnt.lines.len(), 6);
        let sampled: Vec<TextLines> = pages.iter().map(|text| TextLines::of(text)).collect();
        let shown = learnt.shown_by(&pages, &sampled);
        assert_eq!(shown.len(), 15);
        let lost: BTreeSet<u32> = shown.iter().flat_map(|it| learnt.shingles_lost_by(it)).collect();
        assert!(lost.iter().eq(learnt.shingles()) && !lost.is_empty());
        for page in pages.iter().map(|it| Cow::from(&**it)) {
            assert!(learnt.own_text(page).starts_with("own"));
        }
    }
}
