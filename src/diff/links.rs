//! Which paragraph of the one text became which of the other.
//!
//! Five passes, each over what the ones before left alone: paragraphs of the same words in the same
//! order of paragraphs; such as were split, joined or wrapped otherwise; paragraphs of the same words elsewhere; paragraphs much alike, in place or
//! elsewhere; and between neighbours that stayed, the best pairing of what is alike enough.

use std::cmp::Reverse;
use std::ops::Range;

use super::{
    Sides,
    align::{Aligner, EqualRun, Ids, rising},
    likeness::{Bag, LikelyPair, Likeness, candidates},
    reading::{ParsedText, Vocabulary},
    regroup::{self, Regrouping},
};

/// From here on, two paragraphs between the same neighbours are one that changed.
const CHANGED_MIN: Likeness = 400;
/// From here on, two paragraphs elsewhere are one that moved.
const MOVED_MIN: Likeness = 700;
/// Shorter paragraphs must be unique and unchanged to be recognised elsewhere.
const MOVED_WORDS_MIN: usize = 8;
/// Paragraphs between two that stayed are paired in groups of this many.
const GROUP_MAX: usize = 32;

/// What became of a paragraph, or where it came from; the number is the other side's paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Alone,
    InPlace(usize),
    Moved(usize),
    /// The first of paragraphs that became others, of the group of this number.
    Group(usize),
    /// Another paragraph of the group that began before.
    InGroup,
}

/// The links of both sides, which always agree: in-place links never cross.
pub struct Links {
    sides: Sides<Vec<Link>>,
    groups: Vec<Regrouping>,
}

/// Links the paragraphs of two texts.
pub fn link(readings: &Sides<ParsedText<'_>>, vocabulary: &Vocabulary) -> Links {
    let mut ids = Ids::new();
    let paragraphs = Sides { a: number(&readings.a, &mut ids), b: number(&readings.b, &mut ids) };
    let sizes = Sides { a: paragraphs.a.len(), b: paragraphs.b.len() };
    let sides = sizes.map(|n| vec![Link::Alone; n]);
    let mut runs = Aligner::new(ids.len(), sizes.a + sizes.b)
        .align(Sides { a: &paragraphs.a, b: &paragraphs.b });
    let groups = regroup::groups(readings, vocabulary, &runs);
    let mut links = Links { sides, groups };
    for run in &runs {
        (0..run.len).for_each(|i| links.in_place(run.a + i, run.b + i));
    }
    // Nothing stays in place across a group either.
    runs.extend(links.regrouped());
    runs.sort_unstable();
    links.moves(&paragraphs, ids.len(), readings, vocabulary);
    let bags = links.bags(readings, vocabulary);
    links.alike(&bags, &runs, vocabulary);
    links.neighbours(&bags, vocabulary);
    links
}

/// Numbers paragraphs by their words, white space aside.
fn number<'r>(reading: &'r ParsedText<'_>, ids: &mut Ids<&'r [usize]>) -> Vec<usize> {
    (0..reading.paragraphs.len()).map(|i| ids.of(reading.words(i))).collect()
}

impl Links {
    /// What became of a paragraph of the first text.
    pub fn a(&self, a: usize) -> Option<Link> {
        self.sides.a.get(a).copied()
    }

    /// Where a paragraph of the second text came from.
    pub fn b(&self, b: usize) -> Option<Link> {
        self.sides.b.get(b).copied()
    }

    /// The paragraphs of a group.
    pub fn group(&self, number: usize) -> &Regrouping {
        &self.groups[number]
    }

    /// Links the paragraphs of all groups; where each begins.
    fn regrouped(&mut self) -> Vec<EqualRun> {
        let mark = |links: &mut [Link], number: usize, group: &Range<usize>| {
            links[group.clone()].fill(Link::InGroup);
            links[group.start] = Link::Group(number);
        };
        for (number, group) in self.groups.iter().enumerate() {
            mark(&mut self.sides.a, number, &group.a);
            mark(&mut self.sides.b, number, &group.b);
        }
        self.groups.iter().map(|it| EqualRun { a: it.a.start, b: it.b.start, len: 0 }).collect()
    }

    fn in_place(&mut self, a: usize, b: usize) {
        (self.sides.a[a], self.sides.b[b]) = (Link::InPlace(b), Link::InPlace(a));
    }

    fn moved(&mut self, a: usize, b: usize) {
        (self.sides.a[a], self.sides.b[b]) = (Link::Moved(b), Link::Moved(a));
    }

    fn both_alone(&self, a: usize, b: usize) -> bool {
        self.sides.a[a] == Link::Alone && self.sides.b[b] == Link::Alone
    }

    /// Links paragraphs of the same words elsewhere, in order of their number, first to first.
    fn moves(
        &mut self,
        paragraphs: &Sides<Vec<usize>>,
        n_ids: usize,
        readings: &Sides<ParsedText<'_>>,
        vocabulary: &Vocabulary,
    ) {
        let mut times = vec![Sides { a: 0u32, b: 0u32 }; n_ids];
        paragraphs.a.iter().for_each(|id| times[*id].a += 1);
        paragraphs.b.iter().for_each(|id| times[*id].b += 1);
        let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); n_ids];
        for a in (0..paragraphs.a.len()).rev().filter(|a| self.sides.a[*a] == Link::Alone) {
            waiting[paragraphs.a[a]].push(a);
        }
        for (b, id) in paragraphs.b.iter().enumerate() {
            if self.sides.b[b] != Link::Alone || waiting[*id].is_empty() {
                continue;
            }
            let n_words =
                readings.b.words(b).iter().filter(|word| vocabulary.is_word[**word]).count();
            let unique = times[*id].a == 1 && times[*id].b == 1;
            if n_words >= MOVED_WORDS_MIN || unique && n_words > 0 {
                waiting[*id].pop().into_iter().for_each(|a| self.moved(a, b));
            }
        }
    }

    /// The bags of paragraphs that are alone; those of the others are empty.
    fn bags(&self, readings: &Sides<ParsedText<'_>>, vocabulary: &Vocabulary) -> Sides<Vec<Bag>> {
        let bags = |links: &[Link], reading: &ParsedText<'_>| -> Vec<Bag> {
            let bag = |(i, link): (usize, &Link)| match link {
                Link::Alone => Bag::of(reading.words(i), vocabulary),
                _ => Bag::default(),
            };
            links.iter().enumerate().map(bag).collect()
        };
        Sides { a: bags(&self.sides.a, &readings.a), b: bags(&self.sides.b, &readings.b) }
    }

    /// Links paragraphs that share rare words, the best pairs first.
    fn alike(&mut self, bags: &Sides<Vec<Bag>>, runs: &[EqualRun], vocabulary: &Vocabulary) {
        let far_enough = |pair: &LikelyPair| {
            pair.likeness >= MOVED_MIN
                && bags.a[pair.a].n_words.min(bags.b[pair.b].n_words) >= MOVED_WORDS_MIN
        };
        let near = |pair: &LikelyPair| {
            runs.partition_point(|run| run.a <= pair.a)
                == runs.partition_point(|run| run.b <= pair.b)
        };
        let all = Sides { a: &bags.a[..], b: &bags.b[..] };
        let mut pairs = candidates(all, vocabulary, CHANGED_MIN);
        pairs.retain(|pair| near(pair) || far_enough(pair));
        // Much alike in place, then much alike elsewhere, then somewhat alike in place.
        pairs.sort_by_key(|pair| {
            let rank = (pair.likeness < MOVED_MIN, !near(pair));
            (rank, Reverse(pair.likeness), pair.a, pair.b)
        });
        let mut in_place = Vec::new();
        for pair in pairs {
            if self.both_alone(pair.a, pair.b) {
                self.moved(pair.a, pair.b);
                if near(&pair) {
                    in_place.push(pair);
                }
            }
        }
        self.settle(in_place, far_enough);
    }

    /// Of pairs between the same neighbours, those that do not cross stay in place.
    fn settle(&mut self, mut pairs: Vec<LikelyPair>, far_enough: impl Fn(&LikelyPair) -> bool) {
        pairs.sort_by_key(|pair| pair.a);
        let targets: Vec<usize> = pairs.iter().map(|pair| pair.b).collect();
        let mut uncrossed = rising(&targets).into_iter().peekable();
        for (i, pair) in pairs.iter().enumerate() {
            if uncrossed.next_if_eq(&i).is_some() {
                self.in_place(pair.a, pair.b);
            } else if !far_enough(pair) {
                (self.sides.a[pair.a], self.sides.b[pair.b]) = (Link::Alone, Link::Alone);
            }
        }
    }

    /// Pairs what is alone between two paragraphs that stayed.
    fn neighbours(&mut self, bags: &Sides<Vec<Bag>>, vocabulary: &Vocabulary) {
        let (mut a, mut b) = (0, 0);
        while a < self.sides.a.len() && b < self.sides.b.len() {
            let alone = Sides {
                a: until_in_place(&self.sides.a, &mut a),
                b: until_in_place(&self.sides.b, &mut b),
            };
            for group in groups(&alone) {
                for (i, j) in best_pairs(group, bags, vocabulary) {
                    self.in_place(group.a[i], group.b[j]);
                }
            }
        }
    }
}

/// The paragraphs alone before the next in-place link or group; goes on after that.
fn until_in_place(links: &[Link], at: &mut usize) -> Vec<usize> {
    let rest = &links[*at..];
    let is_fixed = |link: &Link| matches!(link, Link::InPlace(_) | Link::Group(_));
    let n = rest.iter().position(is_fixed).unwrap_or(rest.len());
    let start = std::mem::replace(at, *at + n + 1);
    (start..start + n).filter(|i| links[*i] == Link::Alone).collect()
}

/// Both lists cut into the same number of parts, none of more than [`GROUP_MAX`].
fn groups(alone: &Sides<Vec<usize>>) -> impl Iterator<Item = Sides<&[usize]>> {
    let longest = alone.a.len().max(alone.b.len());
    let n_groups = if alone.a.is_empty() || alone.b.is_empty() { 0 } else { longest };
    let n_groups = n_groups.div_ceil(GROUP_MAX);
    let part = move |n: usize, group: usize| -> Range<usize> {
        n * group / n_groups..n * (group + 1) / n_groups
    };
    (0..n_groups).map(move |group| Sides {
        a: &alone.a[part(alone.a.len(), group)],
        b: &alone.b[part(alone.b.len(), group)],
    })
}

/// The pairing in order with the greatest sum of likeness.
fn best_pairs(
    group: Sides<&[usize]>,
    bags: &Sides<Vec<Bag>>,
    vocabulary: &Vocabulary,
) -> Vec<(usize, usize)> {
    let (n, m) = (group.a.len(), group.b.len());
    let alike: Vec<Vec<Likeness>> = (group.a.iter())
        .map(|a| {
            let likeness = |b: &usize| bags.a[*a].likeness(&bags.b[*b], vocabulary, CHANGED_MIN);
            group.b.iter().map(likeness).map(|l| if l < CHANGED_MIN { 0 } else { l }).collect()
        })
        .collect();
    // sums[i][j] is the best sum for what follows the first i and j paragraphs.
    let mut sums = vec![vec![0; m + 1]; n + 1];
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            let paired = if alike[i][j] > 0 { alike[i][j] + sums[i + 1][j + 1] } else { 0 };
            sums[i][j] = paired.max(sums[i + 1][j]).max(sums[i][j + 1]);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < n && j < m {
        if alike[i][j] > 0 && sums[i][j] == alike[i][j] + sums[i + 1][j + 1] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if sums[i][j] == sums[i + 1][j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}
