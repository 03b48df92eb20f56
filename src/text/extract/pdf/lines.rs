//! Glyphs to words to pieces of lines: what stands on one baseline with no more than a space between.

use std::collections::{HashMap, VecDeque};

use super::device::{Drawing, Glyph};
use super::order::{Cluster, is_right, logical};

/// A gap of this many sizes is a space.
const SPACE: f32 = 0.13;
/// The same between two characters of scripts without spaces.
const SPACE_OF_SQUARES: f32 = 0.45;
/// What stands beside itself by less than so many sizes is the same.
const SHADOW: f32 = 0.15;
/// So many places of a word are remembered for that.
const SHADOW_PLACES_MAX: usize = 32;
/// Words that are drawn one after the other are one piece up to this gap.
const GAP_IN_ORDER: f32 = 1.3;
/// The same where a space is drawn between them.
const GAP_WITH_SPACE: f32 = 2.0;
/// Words that are not, up to this one.
const GAP_BESIDE: f32 = 0.6;

/// A piece of a line: u runs along its baseline, v downwards across it.
#[derive(Debug, Clone, Default)]
pub(super) struct LinePiece {
    pub u0: f32,
    pub u1: f32,
    /// Its baseline.
    pub v: f32,
    /// The size of most of its characters.
    pub size: f32,
    pub text: String,
    pub n_chars: usize,
    /// Its place in the order of drawing.
    pub order: usize,
    /// Most of it is written from right to left.
    pub is_rtl: bool,
}

/// Pieces that run in one direction.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub pieces: Vec<LinePiece>,
    pub n_chars: usize,
}

/// A glyph within a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub u0: f32,
    pub u1: f32,
    pub v: f32,
    pub size: f32,
    pub start: u32,
    pub end: u32,
}

/// Glyphs that are drawn one after the other without a space: `glyphs[start..end]`.
#[derive(Debug, Clone)]
struct Word {
    start: usize,
    end: usize,
    u0: f32,
    u1: f32,
    v: f32,
    size: f32,
    is_space_after: bool,
    order: usize,
}

/// Words on one baseline.
#[derive(Debug)]
struct Chain {
    words: Vec<Word>,
    u0: f32,
    u1: f32,
    v: f32,
    size: f32,
}

/// The pieces of a page by their directions, that of most characters first.
pub(super) fn frames(drawing: &Drawing) -> Vec<Frame> {
    let n_right = drawing.text.chars().filter(|c| is_right(*c)).count();
    let is_rtl = n_right * 2 > drawing.text.chars().filter(|c| c.is_alphabetic()).count();
    let mut frames: Vec<Frame> = directions(&drawing.glyphs)
        .iter()
        .map(|glyphs| {
            let words = without_shadows(words(glyphs, &drawing.text), glyphs, &drawing.text);
            let pieces: Vec<LinePiece> = merged(chains(words))
                .into_iter()
                .map(|chain| piece(chain, glyphs, &drawing.text, is_rtl))
                .filter(|it| !it.text.is_empty())
                .collect();
            Frame { n_chars: pieces.iter().map(|it| it.n_chars).sum(), pieces }
        })
        .collect();
    frames.sort_by_key(|it| usize::MAX - it.n_chars);
    frames
}

/// The glyphs by the direction of their baselines, to five degrees.
fn directions(glyphs: &[Glyph]) -> Vec<Vec<Placed>> {
    let mut groups: Vec<(i32, Vec<&Glyph>)> = Vec::new();
    let mut last = None;
    for glyph in glyphs {
        let has_length = glyph.dx.abs() + glyph.dy.abs() > 1e-3 * glyph.size;
        let angle = match last {
            Some(angle) if !has_length => angle,
            _ => (glyph.dy.atan2(glyph.dx).to_degrees() / 5.0).round() as i32 % 72,
        };
        last = Some(angle);
        match groups.iter_mut().find(|it| it.0 == angle) {
            Some((_, group)) => group.push(glyph),
            None => groups.push((angle, vec![glyph])),
        }
    }
    groups.into_iter().map(|(_, group)| placed(&group)).collect()
}

/// The glyphs of one direction within its frame.
fn placed(glyphs: &[&Glyph]) -> Vec<Placed> {
    let (x, y) = glyphs.iter().fold((0.0, 0.0), |(x, y), it| (x + it.dx, y + it.dy));
    let length = (x * x + y * y).sqrt();
    let (c, s) = if length > 0.0 { (x / length, y / length) } else { (1.0, 0.0) };
    let placed = |it: &&Glyph| {
        let u = it.x * c + it.y * s;
        let width = it.dx * c + it.dy * s;
        Placed {
            u0: u.min(u + width),
            u1: u.max(u + width),
            v: it.y * c - it.x * s,
            size: it.size.max(0.01),
            start: it.start,
            end: it.end,
        }
    };
    glyphs.iter().map(placed).collect()
}

/// The text of a glyph.
pub(super) fn text_of(glyph: Placed, text: &str) -> &str {
    text.get(glyph.start as usize..glyph.end as usize).unwrap_or_default()
}

fn words(glyphs: &[Placed], text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut is_new = true;
    let mut last_char = ' ';
    for (n, glyph) in glyphs.iter().enumerate() {
        let glyph_text = text_of(*glyph, text);
        if !glyph_text.is_empty() && glyph_text.trim().is_empty() {
            if let Some(word) = words.last_mut().filter(|it| is_beside(it, glyph)) {
                word.is_space_after = true;
            }
            is_new = true;
            continue;
        }
        let first_char = glyph_text.chars().next().unwrap_or(last_char);
        let space = space_between(last_char, first_char);
        match words.last_mut().filter(|it| !is_new && continues(it, glyph, space)) {
            Some(word) => {
                word.end = n + 1;
                word.u0 = word.u0.min(glyph.u0);
                word.u1 = word.u1.max(glyph.u1);
            }
            None => words.push(Word {
                start: n,
                end: n + 1,
                u0: glyph.u0,
                u1: glyph.u1,
                v: glyph.v,
                size: glyph.size,
                is_space_after: false,
                order: n,
            }),
        }
        last_char = glyph_text.chars().next_back().unwrap_or(last_char);
        is_new = false;
    }
    words
}

/// Words but those that are there a second time, a little beside: so bold is feigned.
fn without_shadows(words: Vec<Word>, glyphs: &[Placed], text: &str) -> Vec<Word> {
    let mut seen: HashMap<&str, VecDeque<(f32, f32)>> = HashMap::new();
    let text_of_word = |word: &Word| {
        let (first, last) = (glyphs.get(word.start)?, glyphs.get(word.end.checked_sub(1)?)?);
        text.get(first.start as usize..last.end as usize).filter(|it| !it.is_empty())
    };
    let mut is_first = |word: &Word| {
        let Some(text) = text_of_word(word) else { return true };
        let places = seen.entry(text).or_default();
        let near = SHADOW * word.size;
        let is_near = |(u, v): &(f32, f32)| (u - word.u0).abs() < near && (v - word.v).abs() < near;
        if places.iter().any(is_near) {
            return false;
        }
        if places.len() >= SHADOW_PLACES_MAX {
            places.pop_front();
        }
        places.push_back((word.u0, word.v));
        true
    };
    words.into_iter().filter(|it| is_first(it)).collect()
}

/// The gap, in sizes, that is a space between two characters.
fn space_between(a: char, b: char) -> f32 {
    if is_square(a) && is_square(b) { SPACE_OF_SQUARES } else { SPACE }
}

/// Whether it is of a script that is written without spaces.
pub(super) fn is_square(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
        || matches!(c, '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

fn is_beside(word: &Word, glyph: &Placed) -> bool {
    (word.v - glyph.v).abs() < 0.5 * word.size.max(glyph.size)
}

fn continues(word: &Word, glyph: &Placed, space: f32) -> bool {
    let size = word.size.max(glyph.size);
    let is_same_size = (word.size - glyph.size).abs() < 0.05 * size;
    let gap = (glyph.u0 - word.u1).max(word.u0 - glyph.u1);
    is_same_size && (word.v - glyph.v).abs() < 0.1 * size && gap < space * size && gap > -0.5 * size
}

/// Words that follow each other on one baseline in the order of drawing.
fn chains(words: Vec<Word>) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    for word in words {
        match chains.last_mut().filter(|it| it.takes(&word)) {
            Some(chain) => chain.push(word),
            None => chains.push(Chain {
                u0: word.u0,
                u1: word.u1,
                v: word.v,
                size: word.size,
                words: vec![word],
            }),
        }
    }
    chains
}

impl Chain {
    fn takes(&self, word: &Word) -> bool {
        let has_space = self.words.last().is_some_and(|it| it.is_space_after);
        let gap_max = if has_space { GAP_WITH_SPACE } else { GAP_IN_ORDER };
        let size = self.size.max(word.size);
        let gap = (word.u0 - self.u1).max(self.u0 - word.u1);
        let dv = (self.v - word.v).abs();
        let is_raised = (self.size - word.size).abs() > 0.15 * size && dv < 0.6 * size;
        let is_shifted = dv >= 0.2 * size;
        let gap_max = if is_shifted { 0.3 } else { gap_max };
        (dv < 0.4 * size || is_raised) && gap < gap_max * size && gap > -0.4 * size
    }

    fn push(&mut self, word: Word) {
        self.u0 = self.u0.min(word.u0);
        self.u1 = self.u1.max(word.u1);
        if word.size > 1.1 * self.size {
            self.v = word.v;
            self.size = word.size;
        }
        self.words.push(word);
    }

    fn takes_chain(&self, other: &Self) -> bool {
        let size = self.size.max(other.size);
        let gap = (other.u0 - self.u1).max(self.u0 - other.u1);
        (self.v - other.v).abs() < 0.2 * size && gap < GAP_BESIDE * size && gap > -0.3 * size
    }
}

/// Chains whose ends meet are one, even if they are drawn apart.
fn merged(mut chains: Vec<Chain>) -> Vec<Chain> {
    chains.sort_by(|a, b| a.v.total_cmp(&b.v));
    let mut rows: Vec<Vec<Chain>> = Vec::new();
    for chain in chains {
        let is_same = |row: &Vec<Chain>| {
            row.last().is_some_and(|it| (it.v - chain.v).abs() < 0.1 * it.size.max(chain.size))
        };
        match rows.last_mut().filter(|it| is_same(it)) {
            Some(row) => row.push(chain),
            None => rows.push(vec![chain]),
        }
    }
    let mut merged: Vec<Chain> = Vec::new();
    for mut row in rows {
        row.sort_by(|a, b| a.u0.total_cmp(&b.u0));
        let begin = merged.len();
        for chain in row {
            match merged.get_mut(begin..).and_then(<[Chain]>::last_mut) {
                Some(last) if last.takes_chain(&chain) => {
                    chain.words.into_iter().for_each(|it| last.push(it));
                }
                _ => merged.push(chain),
            }
        }
    }
    merged
}

/// A chain as text.
fn piece(mut chain: Chain, glyphs: &[Placed], text: &str, is_rtl: bool) -> LinePiece {
    let order = chain.words.iter().map(|it| it.order).min().unwrap_or(0);
    chain.words.sort_by(|a, b| (a.u0 + a.u1).total_cmp(&(b.u0 + b.u1)));
    let first_char =
        |it: &Word| glyphs.get(it.start).and_then(|it| text_of(*it, text).chars().next());
    let spread = spread(&chain.words, first_char);
    let mut clusters: Vec<Cluster<'_>> = Vec::new();
    let mut last: Option<&Word> = None;
    for (n, word) in chain.words.iter().enumerate() {
        let of_word = glyphs.get(word.start..word.end).unwrap_or_default();
        if let Some(before) = last {
            let is_space = match spread {
                Some(space) => word.u0 - before.u1 >= space * before.size.max(word.size),
                None => is_space(before, word, n == 1, glyphs, text),
            };
            if is_space {
                clusters.push(Cluster { text: " ", middle: word.u0 });
            }
        }
        clusters.extend(
            of_word
                .iter()
                .map(|it| Cluster { text: text_of(*it, text), middle: (it.u0 + it.u1) / 2.0 }),
        );
        last = Some(word);
    }
    let (text, is_rtl) = logical(clusters, is_rtl);
    LinePiece {
        u0: chain.u0,
        u1: chain.u1,
        v: chain.v,
        size: chain.size,
        n_chars: text.chars().count(),
        text,
        order,
        is_rtl,
    }
}

fn is_space(before: &Word, word: &Word, is_first: bool, glyphs: &[Placed], text: &str) -> bool {
    let is_next = before.order < word.order && before.end + 2 >= word.start;
    if before.is_space_after && is_next {
        return true;
    }
    let edge = |n: Option<usize>| n.and_then(|n| glyphs.get(n)).map_or("", |it| text_of(*it, text));
    let a = edge(before.end.checked_sub(1)).chars().next_back().unwrap_or(' ');
    let b = edge(Some(word.start)).chars().next().unwrap_or(' ');
    let size = before.size.max(word.size);
    // The mark of a footnote before it.
    let is_mark = before.size < 0.8 * word.size && before.v < word.v - 0.15 * size;
    if is_mark && is_first && a.is_ascii_digit() && b.is_alphabetic() {
        return true;
    }
    word.u0 - before.u1 >= space_between(a, b) * size
}

/// The least gap that is a space among these words if letters are spread out: then each stands
/// alone, and only wider gaps than most are spaces.
fn spread(words: &[Word], first_char: impl Fn(&Word) -> Option<char>) -> Option<f32> {
    let is_letter =
        |it: &&Word| it.end - it.start == 1 && first_char(it).is_some_and(char::is_alphabetic);
    let n_alone = words.iter().filter(is_letter).count();
    if words.len() < 3 || n_alone * 10 < words.len() * 8 {
        return None;
    }
    let gap = |pair: &[Word]| match pair {
        [a, b] => (b.u0 - a.u1) / a.size,
        _ => 0.0,
    };
    let mut gaps: Vec<f32> = words.windows(2).map(gap).collect();
    gaps.sort_by(f32::total_cmp);
    let (least, most) = (*gaps.first()?, *gaps.last()?);
    let is_even = most <= 1.3 * least;
    let has_spaces = words.iter().filter(|it| it.is_space_after).count() * 2 > words.len();
    let is_capital = |it: &Word| first_char(it).is_some_and(char::is_uppercase);
    let is_spread = match has_spaces {
        // Capitals with a space after each are a title, not names of several things.
        true => words.len() > 3 && is_even && most < 0.7 && words.iter().all(is_capital),
        false => words.len() > 4 || is_even,
    };
    let median = gaps.get(gaps.len() / 2).copied()?;
    is_spread.then_some((1.5 * median).max(SPACE))
}
