//! Which paragraph of the one text became which of the other.
//!
//! Passes, each over what the ones before left alone: paragraphs of the same words in the same order of
//! paragraphs; such as were split, joined or wrapped otherwise; paragraphs of the same words elsewhere; paragraphs
//! that share words, in place or elsewhere; and between neighbours that stayed, the best pairing of what shares enough.

use std::cmp::Reverse;
use std::ops::Range;

use super::{
    Sides,
    align::{Aligner, EqualRun, rising},
    ids::Ids,
    keys,
    likeness::{Bag, Bags, Likeness, SpreadBag, candidates},
    overlap::{Comparer, SharedWords, sharing_rows},
    reading::{ParsedText, Vocabulary},
    regroup::{self, Regrouping},
    ties,
};

/// Less alike paragraphs are compared word by word only if they share a row of words.
const COMPARED_MIN: Likeness = 250;
/// From here on in order, two paragraphs between the same neighbours are one that changed.
const CHANGED_SHARE_MIN: usize = 350;
/// From here on in order and weighted, two paragraphs elsewhere are one that moved.
const MOVED_SHARE_MIN: usize = 550;
const MOVED_LIKENESS_MIN: Likeness = 400;
/// A paragraph that moved and changed shares at least so many words.
const MOVED_WORDS_MIN: usize = 3;
/// Shorter paragraphs must be unique to be recognised elsewhere as they were.
const REPEATED_WORDS_MIN: usize = 8;
/// Paragraphs between two that stayed are all compared with each other up to so many pairs.
const PAIRS_MAX: usize = 1 << 16;
/// More are compared in groups of this many.
const GROUP_MAX: usize = 32;
/// Words that are compared pair by pair; after that, likeness alone decides.
const COMPARED_WORDS_MAX: usize = 1 << 23;

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
    /// Some paragraphs were paired by what they share at a glance, or only with some of the others.
    pub is_coarse: bool,
}

/// Links the paragraphs of two texts.
pub fn link(readings: &Sides<ParsedText<'_>>, vocabulary: &Vocabulary) -> Links {
    let mut ids = Ids::new();
    let paragraphs = Sides { a: number(&readings.a, &mut ids), b: number(&readings.b, &mut ids) };
    let sizes = Sides { a: paragraphs.a.len(), b: paragraphs.b.len() };
    let sides = sizes.map(|n| vec![Link::Alone; n]);
    let mut aligner = Aligner::new(ids.len(), sizes.a + sizes.b);
    let mut runs = aligner.align(Sides { a: &paragraphs.a, b: &paragraphs.b });
    ties::slide(&mut runs, &paragraphs);
    ties::settle(&mut runs, &paragraphs, readings);
    let (groups, is_late) = regroup::groups(readings, vocabulary, &runs);
    let mut links = Links { sides, groups, is_coarse: is_late || aligner.is_late() };
    for run in &runs {
        (0..run.len).for_each(|i| links.in_place(run.a + i, run.b + i));
    }
    // Nothing stays in place across a group either.
    runs.extend(links.regrouped());
    runs.sort_unstable();
    links.moves(&paragraphs, ids.len(), readings, vocabulary);
    let judge = Judge {
        bags: links.bags(readings, vocabulary),
        spread: SpreadBag::new(vocabulary),
        comparer: Comparer::new(readings, vocabulary, COMPARED_WORDS_MAX),
        known: KnownPairs::default(),
        readings,
        vocabulary,
    };
    links.alike(judge, &runs)
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
            let n_words: usize =
                readings.b.words(b).iter().map(|word| vocabulary.n_words(*word)).sum();
            let unique = times[*id].a == 1 && times[*id].b == 1;
            if n_words >= REPEATED_WORDS_MIN || unique && n_words > 0 {
                waiting[*id].pop().into_iter().for_each(|a| self.moved(a, b));
            }
        }
        self.moves_beside(paragraphs);
    }

    /// What stands beside a paragraph that moved, on both sides the same, moved with it, however short it is.
    fn moves_beside(&mut self, paragraphs: &Sides<Vec<usize>>) {
        let n = self.sides.b.len();
        for (b, beside) in (1..n).map(|b| (b - 1, b)).chain((1..n).rev().map(|b| (b, b - 1))) {
            let Link::Moved(a) = self.sides.b[b] else { continue };
            let Some(other) = (a + beside).checked_sub(b) else { continue };
            let is_same = paragraphs.a.get(other) == Some(&paragraphs.b[beside]);
            if is_same && self.both_alone(other, beside) {
                self.moved(other, beside);
            }
        }
    }

    /// The bags of paragraphs that are alone.
    fn bags(&self, readings: &Sides<ParsedText<'_>>, vocabulary: &Vocabulary) -> Sides<Bags> {
        let bags = |links: &[Link], reading| {
            let alone = (0..links.len()).filter(|i| links[*i] == Link::Alone).collect();
            Bags::of(alone, reading, vocabulary)
        };
        Sides { a: bags(&self.sides.a, &readings.a), b: bags(&self.sides.b, &readings.b) }
    }

    /// Links paragraphs that share words, the best pairs first.
    fn alike(mut self, mut judge: Judge<'_, '_>, runs: &[EqualRun]) -> Self {
        let near = |a: usize, b: usize| {
            runs.partition_point(|run| run.a <= a) == runs.partition_point(|run| run.b <= b)
        };
        let pairs = judge.candidates().into_iter();
        let mut pairs: Vec<JudgedPair> =
            pairs.filter_map(|(a, b)| judge.judge(a, b, near(a, b))).collect();
        judge.known.begin_each(self.sides.a.len());
        pairs.sort_by_key(|pair| (pair.rank, Reverse(pair.merit), pair.a, pair.b));
        let mut in_place = Vec::new();
        for pair in pairs {
            if self.both_alone(pair.a, pair.b) {
                self.moved(pair.a, pair.b);
                if pair.is_near {
                    in_place.push(pair);
                }
            }
        }
        self.settle(in_place);
        self.neighbours(&mut judge);
        self.evident(&judge);
        self.is_coarse |= judge.comparer.is_exhausted();
        self
    }

    /// Of pairs between the same neighbours, those that do not cross stay in place.
    fn settle(&mut self, mut pairs: Vec<JudgedPair>) {
        pairs.sort_by_key(|pair| pair.a);
        let targets: Vec<usize> = pairs.iter().map(|pair| pair.b).collect();
        let mut uncrossed = rising(&targets).into_iter().peekable();
        for (i, pair) in pairs.iter().enumerate() {
            if uncrossed.next_if_eq(&i).is_some() {
                self.in_place(pair.a, pair.b);
            } else if !pair.may_move {
                (self.sides.a[pair.a], self.sides.b[pair.b]) = (Link::Alone, Link::Alone);
            }
        }
    }

    /// Pairs what is alone between two paragraphs that stayed.
    fn neighbours(&mut self, judge: &mut Judge<'_, '_>) {
        let mut at = Sides::default();
        while let Some(alone) = self.next_alone(&mut at) {
            self.is_coarse |= alone.a.len() * alone.b.len() > PAIRS_MAX;
            for group in groups(&alone) {
                for (i, j) in best_pairs(group, judge) {
                    self.in_place(group.a[i], group.b[j]);
                }
            }
        }
    }

    /// Pairs what is alone between two that stayed and is one by its place: lines of code and data that give the same
    /// thing a value, and one of signs on each side, such as the rule of a table that got a column.
    fn evident(&mut self, judge: &Judge<'_, '_>) {
        let readings = judge.readings;
        let mut at = Sides::default();
        while let Some(alone) = self.next_alone(&mut at) {
            let alone = Sides { a: &alone.a[..], b: &alone.b[..] };
            keys::pairs(readings, alone).into_iter().for_each(|(a, b)| self.in_place(a, b));
            if let ([a], [b]) = (alone.a, alone.b)
                && self.both_alone(*a, *b)
                && readings.a.paragraphs[*a].kind == readings.b.paragraphs[*b].kind
                && !judge.has_words(readings.a.words(*a))
                && !judge.has_words(readings.b.words(*b))
            {
                self.in_place(*a, *b);
            }
        }
    }

    /// What is alone from `at` up to the next two that stayed, behind which `at` moves.
    fn next_alone(&self, at: &mut Sides<usize>) -> Option<Sides<Vec<usize>>> {
        let Sides { a, b } = &self.sides;
        (at.a < a.len() && at.b < b.len())
            .then(|| Sides { a: until_in_place(a, &mut at.a), b: until_in_place(b, &mut at.b) })
    }
}

/// Two paragraphs that may be one before and after a change.
struct JudgedPair {
    a: usize,
    b: usize,
    /// Between the same paragraphs that stayed.
    is_near: bool,
    /// Alike enough to be recognised elsewhere.
    may_move: bool,
    /// The first are much alike in place, then come those much alike elsewhere, then somewhat alike in place.
    rank: u8,
    merit: usize,
}

/// Tells how alike paragraphs are.
struct Judge<'r, 't> {
    bags: Sides<Bags>,
    spread: SpreadBag,
    comparer: Comparer<'r, 't>,
    known: KnownPairs,
    readings: &'r Sides<ParsedText<'t>>,
    vocabulary: &'r Vocabulary,
}

/// What candidates share, which are looked at again as neighbours.
#[derive(Default)]
struct KnownPairs {
    /// In rising order.
    pairs: Vec<(usize, usize, SharedWords)>,
    /// Where those of each paragraph of the first text begin, and where all end; empty until all are known.
    starts: Vec<usize>,
}

impl KnownPairs {
    /// Takes a pair, unless all are known.
    fn push(&mut self, a: usize, b: usize, shared: SharedWords) {
        if self.starts.is_empty() {
            self.pairs.push((a, b, shared));
        }
    }

    /// Ends the taking of pairs.
    fn begin_each(&mut self, n_paragraphs: usize) {
        self.starts = vec![0; n_paragraphs + 1];
        self.pairs.iter().for_each(|(a, ..)| self.starts[a + 1] += 1);
        (0..n_paragraphs).for_each(|a| self.starts[a + 1] += self.starts[a]);
    }

    fn get(&self, a: usize, b: usize) -> Option<SharedWords> {
        let pairs = self.starts.get(a..a + 2)?;
        let pairs = &self.pairs[pairs[0]..pairs[1]];
        pairs.iter().find(|pair| pair.1 == b).map(|pair| pair.2)
    }
}

impl Judge<'_, '_> {
    /// Pairs of paragraphs that are alone and share rare words, or a row of words.
    fn candidates(&self) -> Vec<(usize, usize)> {
        let alone = Sides { a: self.bags.a.paragraphs(), b: self.bags.b.paragraphs() };
        let mut pairs = candidates(&self.bags, self.vocabulary, COMPARED_MIN);
        pairs.extend(sharing_rows(alone, self.readings, self.vocabulary));
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    fn has_words(&self, ids: &[usize]) -> bool {
        ids.iter().any(|id| self.vocabulary.is_word(*id))
    }

    /// Pairs of a group, as numbers in it, that share enough words to be compared.
    fn likely_pairs(&mut self, group: Sides<&[usize]>) -> Vec<(usize, usize)> {
        let a: Vec<&Bag> = group.a.iter().map(|i| self.bags.a.get(*i)).collect();
        let b: Vec<&Bag> = group.b.iter().map(|i| self.bags.b.get(*i)).collect();
        let mut likely = Vec::new();
        for (i, bag) in a.iter().enumerate() {
            let others = self.spread.alike(bag, &b, self.vocabulary, COMPARED_MIN);
            likely.extend(others.into_iter().map(|j| (i, j)));
        }
        likely
    }

    /// What two paragraphs are to each other; `None` if nothing.
    fn judge(&mut self, a: usize, b: usize, is_near: bool) -> Option<JudgedPair> {
        let least = if is_near { 0 } else { MOVED_LIKENESS_MIN };
        let likeness = self.bags.a.get(a).likeness(self.bags.b.get(b), self.vocabulary, least);
        if likeness < least {
            return None;
        }
        // Without a look at the words in order, these are like any that share as much.
        let guess =
            SharedWords { share: likeness * 4 / 5, n_words: MOVED_WORDS_MIN, has_row: false };
        let compared = self.known.get(a, b).or_else(|| self.comparer.overlap(a, b));
        if let Some(overlap) = compared {
            self.known.push(a, b, overlap);
        }
        let overlap = compared.unwrap_or(guess);
        let may_move = overlap.share >= MOVED_SHARE_MIN
            && likeness >= MOVED_LIKENESS_MIN
            && overlap.n_words >= MOVED_WORDS_MIN;
        let changed =
            overlap.has_row || overlap.share >= CHANGED_SHARE_MIN && likeness >= COMPARED_MIN;
        // Nearly all of one is in the other: words moved, or came, or went.
        let n_words = self.bags.a.get(a).n_words.min(self.bags.b.get(b).n_words);
        let is_held = overlap.has_row && overlap.n_words * 5 >= n_words * 4;
        let rank = match (is_near, may_move) {
            (true, may_move) if may_move || is_held => 0,
            (_, may_move) => 2 - u8::from(may_move),
        };
        let merit = (likeness + overlap.share) / 2 + 1;
        let pair = JudgedPair { a, b, is_near, may_move, rank, merit };
        (may_move || is_near && changed).then_some(pair)
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

/// Both lists as one group, or cut into the same number of parts of no more than [`GROUP_MAX`].
fn groups(alone: &Sides<Vec<usize>>) -> impl Iterator<Item = Sides<&[usize]>> {
    let longest = alone.a.len().max(alone.b.len());
    let n_groups = match alone.a.len() * alone.b.len() {
        0 => 0,
        1..=PAIRS_MAX => 1,
        _ => longest.div_ceil(GROUP_MAX),
    };
    let part = move |n: usize, group: usize| -> Range<usize> {
        n * group / n_groups..n * (group + 1) / n_groups
    };
    (0..n_groups).map(move |group| Sides {
        a: &alone.a[part(alone.a.len(), group)],
        b: &alone.b[part(alone.b.len(), group)],
    })
}

/// The pairing in order with the greatest sum of what is shared.
fn best_pairs(group: Sides<&[usize]>, judge: &mut Judge<'_, '_>) -> Vec<(usize, usize)> {
    let likely = judge.likely_pairs(group);
    if likely.is_empty() {
        return Vec::new();
    }
    let (n, m) = (group.a.len(), group.b.len());
    let mut alike = vec![vec![0; m]; n];
    for (i, j) in likely {
        let judged = judge.judge(group.a[i], group.b[j], true);
        alike[i][j] = judged.map_or(0, |pair| pair.merit);
    }
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
