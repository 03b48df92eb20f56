//! Alignment of two sequences of numbered items: which of them stayed, in order.
//!
//! Common ends are taken off first, then what only one side has. What is left is cut at items that
//! occur once on each side (patience diff), or a few times on both, and the stretches between are
//! searched for a shortest edit script (Myers, "An O(ND) Difference Algorithm and Its Variations",
//! 1986). The search looks ahead a limited number of edits, then keeps the best path so far and
//! starts again from its end: work grows with items × edits, and where it has grown too much the search
//! looks ahead only a few. The same input always gives the same answer.

use std::ops::Range;

use super::Sides;

/// Items cut at unique anchors this many times; a text that needs more is built to need more.
const DEPTH_MAX: u32 = 16;
/// Items that occur more often than this are no anchors.
const RARE_MAX: u8 = 8;
/// Items × edits that a whole comparison may cost, about, before its searches get shorter.
const WORK_MAX: usize = 1 << 26;
/// The shortest look-ahead, for the longest inputs.
const EDITS_MIN: usize = 32;
/// The longest look-ahead: up to so many edits in one stretch the script is a shortest one.
const EDITS_MAX: usize = 1024;
/// After so many steps of all searches together they look ahead only so many edits.
const STEPS_MAX: usize = 1 << 24;
const EDITS_LATE: usize = 8;
/// In a row of the search: no path leads to this diagonal.
const NONE: i32 = -1;

/// A run of equal items, `len` from `a` on the one side and from `b` on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EqualRun {
    pub a: usize,
    pub b: usize,
    pub len: usize,
}

/// Aligns sequences of ids below one bound, each call in time that does not depend on the bound.
pub struct Aligner {
    seen: Vec<Seen>,
    edits_max: usize,
    n_steps: usize,
}

/// How often an id was met in a region; all zero between calls.
#[derive(Clone, Copy, Default)]
struct Seen {
    n_a: u8,
    n_b: u8,
}

/// A stretch of both sides that is still to be aligned.
struct Region {
    a: Range<usize>,
    b: Range<usize>,
    depth: u32,
}

impl EqualRun {
    pub fn a_end(&self) -> usize {
        self.a + self.len
    }

    pub fn b_end(&self) -> usize {
        self.b + self.len
    }
}

impl Aligner {
    /// For ids below `n_ids`, in a comparison of `n_items` items altogether.
    pub fn new(n_ids: usize, n_items: usize) -> Self {
        let edits_max = (WORK_MAX / n_items.max(1)).clamp(EDITS_MIN, EDITS_MAX);
        Self { seen: vec![Seen::default(); n_ids], edits_max, n_steps: 0 }
    }

    /// How many steps all searches so far took.
    pub fn n_steps(&self) -> usize {
        self.n_steps
    }

    /// Whether that was so many that searches look ahead only a few edits by now.
    pub fn is_late(&self) -> bool {
        self.n_steps > STEPS_MAX
    }

    /// The items that stayed, as runs in rising order that neither overlap nor touch on both sides.
    pub fn align(&mut self, items: Sides<&[usize]>) -> Vec<EqualRun> {
        let head = common_head(items);
        let tail = common_tail(items.map(|side| &side[head..]));
        let middle = items.map(|side| &side[head..side.len() - tail]);
        let shared = self.shared(middle);
        let ids = Sides {
            a: shared.a.iter().map(|i| middle.a[*i]).collect::<Vec<_>>(),
            b: shared.b.iter().map(|i| middle.b[*i]).collect(),
        };
        let mut runs = Vec::new();
        push(&mut runs, EqualRun { a: 0, b: 0, len: head });
        for run in self.align_shared(Sides { a: &ids.a, b: &ids.b }) {
            for i in 0..run.len {
                let (a, b) = (head + shared.a[run.a + i], head + shared.b[run.b + i]);
                push(&mut runs, EqualRun { a, b, len: 1 });
            }
        }
        let ends = items.map(|side| side.len() - tail);
        push(&mut runs, EqualRun { a: ends.a, b: ends.b, len: tail });
        runs
    }

    /// Where the items are that the other side has too; no longest common subsequence needs others.
    fn shared(&mut self, items: Sides<&[usize]>) -> Sides<Vec<usize>> {
        items.a.iter().for_each(|id| self.seen[*id].n_a = 1);
        items.b.iter().for_each(|id| self.seen[*id].n_b = 1);
        let positions = |side: &[usize]| {
            let both = |id: &usize| self.seen[*id].n_a + self.seen[*id].n_b == 2;
            (0..side.len()).filter(|i| both(&side[*i])).collect()
        };
        let shared = items.map(positions);
        self.forget(items);
        shared
    }

    fn align_shared(&mut self, items: Sides<&[usize]>) -> Vec<EqualRun> {
        let mut found = Vec::new();
        let mut regions = vec![Region { a: 0..items.a.len(), b: 0..items.b.len(), depth: 0 }];
        while let Some(region) = regions.pop() {
            let Some(region) = trim(region, items, &mut found) else { continue };
            let anchors = self.anchors(&region, items);
            if anchors.is_empty() {
                self.search_all(&region, items, &mut found);
            } else {
                cut(region, &anchors, &mut regions);
                found.extend(anchors);
            }
        }
        found.sort_unstable();
        found
    }

    /// Where to cut a region: at items that occur once on each side, or else, in a region too long
    /// to be searched whole, at items that occur a few times on both.
    fn anchors(&mut self, region: &Region, items: Sides<&[usize]>) -> Vec<EqualRun> {
        if region.depth == DEPTH_MAX {
            return Vec::new();
        }
        let sides = Sides { a: &items.a[region.a.clone()], b: &items.b[region.b.clone()] };
        for id in sides.a {
            self.seen[*id].n_a = self.seen[*id].n_a.saturating_add(1);
        }
        for id in sides.b {
            self.seen[*id].n_b = self.seen[*id].n_b.saturating_add(1);
        }
        let mut anchors = self.chain(region, items, 1);
        if anchors.is_empty() && sides.a.len() + sides.b.len() > self.edits_max {
            anchors = self.chain(region, items, RARE_MAX);
        }
        self.forget(sides);
        anchors
    }

    /// A longest rising chain of items that occur equally often on both sides, first with first.
    fn chain(&self, region: &Region, items: Sides<&[usize]>, n_max: u8) -> Vec<EqualRun> {
        let rare = |id: usize| {
            let Seen { n_a, n_b } = self.seen[id];
            n_a == n_b && n_a <= n_max
        };
        let by_id = |side: &[usize], range: &Range<usize>| {
            let mut by_id: Vec<(usize, usize)> =
                range.clone().map(|i| (side[i], i)).filter(|(id, _)| rare(*id)).collect();
            by_id.sort_unstable();
            by_id
        };
        let a = by_id(items.a, &region.a);
        let b = by_id(items.b, &region.b);
        let mut pairs: Vec<EqualRun> =
            a.iter().zip(&b).map(|(a, b)| EqualRun { a: a.1, b: b.1, len: 1 }).collect();
        pairs.sort_unstable();
        let by_id: Vec<usize> = pairs.iter().map(|run| run.b).collect();
        rising(&by_id).into_iter().map(|i| pairs[i]).collect()
    }

    /// Searches a region from its start to its end, one look-ahead after the other.
    fn search_all(&mut self, region: &Region, items: Sides<&[usize]>, found: &mut Vec<EqualRun>) {
        let (mut a, mut b) = (region.a.start, region.b.start);
        let mut rows = Vec::new();
        while a < region.a.end && b < region.b.end {
            let rest = Sides { a: &items.a[a..region.a.end], b: &items.b[b..region.b.end] };
            let edits_max = match self.is_late() {
                true => EDITS_LATE.min(self.edits_max),
                false => self.edits_max,
            };
            let reached = search(rest, edits_max, &mut rows);
            trace(rest, &rows, reached, |run| {
                push(found, EqualRun { a: a + run.a, b: b + run.b, len: run.len });
            });
            (a, b) = (a + reached.x, b + reached.y());
            self.n_steps += rows.len();
        }
    }

    fn forget(&mut self, items: Sides<&[usize]>) {
        items.a.iter().chain(items.b).for_each(|id| self.seen[*id] = Seen::default());
    }
}

/// Indices of a longest strictly rising subsequence.
pub fn rising(values: &[usize]) -> Vec<usize> {
    // ends[l] is the index of the smallest value that ends a rising chain of l + 1 values.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; values.len()];
    for (i, value) in values.iter().enumerate() {
        let l = ends.partition_point(|end| values[*end] < *value);
        before[i] = l.checked_sub(1).map(|l| ends[l]);
        if l == ends.len() {
            ends.push(i);
        } else {
            ends[l] = i;
        }
    }
    let mut chain = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        chain.push(at);
        next = before[at];
    }
    chain.reverse();
    chain
}

/// Adds a run, joined to the last one where they touch on both sides.
pub fn push(runs: &mut Vec<EqualRun>, run: EqualRun) {
    match runs.last_mut() {
        _ if run.len == 0 => {}
        Some(last) if last.a_end() == run.a && last.b_end() == run.b => last.len += run.len,
        _ => runs.push(run),
    }
}

fn common_head(items: Sides<&[usize]>) -> usize {
    items.a.iter().zip(items.b).take_while(|(x, y)| x == y).count()
}

fn common_tail(items: Sides<&[usize]>) -> usize {
    items.a.iter().rev().zip(items.b.iter().rev()).take_while(|(x, y)| x == y).count()
}

/// Takes common ends off a region; `None` when one side has nothing left.
fn trim(region: Region, items: Sides<&[usize]>, found: &mut Vec<EqualRun>) -> Option<Region> {
    let Region { mut a, mut b, depth } = region;
    let head = common_head(Sides { a: &items.a[a.clone()], b: &items.b[b.clone()] });
    push(found, EqualRun { a: a.start, b: b.start, len: head });
    (a.start, b.start) = (a.start + head, b.start + head);
    let tail = common_tail(Sides { a: &items.a[a.clone()], b: &items.b[b.clone()] });
    (a.end, b.end) = (a.end - tail, b.end - tail);
    push(found, EqualRun { a: a.end, b: b.end, len: tail });
    (!a.is_empty() && !b.is_empty()).then_some(Region { a, b, depth })
}

/// The regions before, between and after anchors.
fn cut(region: Region, anchors: &[EqualRun], regions: &mut Vec<Region>) {
    let depth = region.depth + 1;
    let (mut a, mut b) = (region.a.start, region.b.start);
    for anchor in anchors {
        regions.push(Region { a: a..anchor.a, b: b..anchor.b, depth });
        (a, b) = (anchor.a_end(), anchor.b_end());
    }
    regions.push(Region { a: a..region.a.end, b: b..region.b.end, depth });
}

/// A point of the search: `d` edits made, `x` items of `a` used.
///
/// After `d` edits a path is on one of `d + 1` diagonals; on the `i`-th, `x - y = 2 i - d`.
#[derive(Clone, Copy)]
struct Point {
    d: usize,
    i: usize,
    x: usize,
}

impl Point {
    fn y(&self) -> usize {
        self.x + self.d - 2 * self.i
    }

    /// Smaller is better: far first, then near the middle, then few items of `a`.
    fn rank(&self) -> (std::cmp::Reverse<usize>, usize, usize) {
        (std::cmp::Reverse(self.x + self.y()), self.d.abs_diff(2 * self.i), self.i)
    }
}

/// Myers' greedy search; the end if it lies within `edits_max` edits, else the furthest point.
///
/// `rows` holds for each number of edits how far each diagonal was reached, row after row.
fn search(items: Sides<&[usize]>, edits_max: usize, rows: &mut Vec<i32>) -> Point {
    rows.clear();
    let head = common_head(items);
    // There are fewer words in a text than 31 bits count.
    rows.push(head as i32);
    if head == items.a.len() && head == items.b.len() {
        return Point { d: 0, i: 0, x: head };
    }
    for d in 1..=edits_max {
        let start = rows.len();
        rows.resize(start + d + 1, NONE);
        let (before, row) = rows.split_at_mut(start);
        let (end, is_reached) = search_row(items, &before[start - d..], row);
        if let Some(end) = end {
            return end;
        }
        if !is_reached {
            return furthest(d - 1, &before[start - d..]);
        }
    }
    furthest(edits_max, &rows[rows.len() - edits_max - 1..])
}

/// Fills a row from the one before it: the end of both sides if that is on it, and whether any path goes on.
fn search_row(items: Sides<&[usize]>, before: &[i32], row: &mut [i32]) -> (Option<Point>, bool) {
    let Sides { a, b } = items;
    let d = before.len();
    let (mut is_reached, mut removed) = (false, NONE);
    for (i, reached) in row.iter_mut().enumerate() {
        let added = before.get(i).copied().unwrap_or(NONE);
        let start = usize::try_from(step(items, removed, added, 2 * i as i32 - d as i32));
        removed = added;
        let Ok(start) = start else { continue };
        let rest = a[start..].iter().zip(&b[start + d - 2 * i..]);
        let x = start + rest.take_while(|(x, y)| x == y).count();
        *reached = x as i32;
        is_reached = true;
        if x == a.len() && x + d - 2 * i == b.len() {
            return (Some(Point { d, i, x }), true);
        }
    }
    (None, is_reached)
}

/// How many items of `a` are used where a diagonal starts, one edit after the row before; `NONE` if no path leads there.
///
/// One more of `a` was removed after what the diagonal below reached, or one more of `b` added after what this one did.
fn step(items: Sides<&[usize]>, removed: i32, added: i32, diagonal: i32) -> i32 {
    let removed = if removed >= 0 && removed < items.a.len() as i32 { removed + 1 } else { NONE };
    let is_inside = added - diagonal <= items.b.len() as i32;
    removed.max(if is_inside { added } else { NONE })
}

/// The best point of a row that has one.
fn furthest(d: usize, row: &[i32]) -> Point {
    let points = row.iter().enumerate();
    let points = points.filter_map(|(i, x)| Some(Point { d, i, x: usize::try_from(*x).ok()? }));
    points.min_by_key(Point::rank).unwrap_or(Point { d: 0, i: 0, x: 0 })
}

/// Hands out the equal runs on the path to a point, from the start.
fn trace(items: Sides<&[usize]>, rows: &[i32], to: Point, mut take: impl FnMut(EqualRun)) {
    let mut runs = Vec::new();
    let mut at = to;
    while at.d > 0 {
        let before = &rows[at.d * (at.d - 1) / 2..][..at.d];
        let removed = at.i.checked_sub(1).map_or(NONE, |i| before[i]);
        let added = before.get(at.i).copied().unwrap_or(NONE);
        let x = step(items, removed, added, 2 * at.i as i32 - at.d as i32);
        let Ok(x) = usize::try_from(x) else { break };
        let start = Point { x, ..at };
        runs.push(EqualRun { a: x, b: start.y(), len: at.x - x });
        let from_removal = removed != NONE && removed as usize + 1 == x;
        let i = if from_removal { at.i - 1 } else { at.i };
        at = Point { d: at.d - 1, i, x: before[i] as usize };
    }
    runs.push(EqualRun { a: 0, b: 0, len: at.x });
    runs.into_iter().rev().for_each(&mut take);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn align(a: &[usize], b: &[usize], edits_max: usize) -> Vec<EqualRun> {
        let n_ids = a.iter().chain(b).max().map_or(0, |id| id + 1);
        let mut aligner = Aligner::new(n_ids, 0);
        aligner.edits_max = edits_max;
        aligner.align(Sides { a, b })
    }

    fn n_same(runs: &[EqualRun]) -> usize {
        runs.iter().map(|run| run.len).sum()
    }

    /// The length of a longest common subsequence, the slow and certain way.
    fn lcs(a: &[usize], b: &[usize]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut corner = 0;
            for (j, y) in b.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = if x == y { corner + 1 } else { above.max(row[j]) };
                corner = above;
            }
        }
        row[b.len()]
    }

    fn check(a: &[usize], b: &[usize], runs: &[EqualRun]) {
        let (mut x, mut y) = (0, 0);
        for run in runs {
            assert!(run.len > 0 && run.a >= x && run.b >= y, "{runs:?}");
            assert_eq!(a[run.a..run.a_end()], b[run.b..run.b_end()]);
            (x, y) = (run.a_end(), run.b_end());
        }
    }

    #[test]
    fn small_alignments_are_the_ones_a_reader_expects() {
        for (a, b, runs) in [
            (&[][..], &[][..], &[][..]),
            (&[0, 1, 2], &[], &[]),
            (&[0, 1, 2], &[0, 1, 2], &[(0, 0, 3)]),
            (&[0, 1, 2], &[0, 9, 2], &[(0, 0, 1), (2, 2, 1)]),
            (&[0, 1, 2, 3], &[2, 3, 0, 1, 4], &[(0, 2, 2)]),
            (&[0, 0, 1], &[0, 1, 1], &[(0, 0, 1), (2, 2, 1)]),
            (&[0, 1, 0, 1], &[1, 0, 1, 0], &[(1, 0, 3)]),
        ] {
            let runs: Vec<EqualRun> =
                runs.iter().map(|&(a, b, len)| EqualRun { a, b, len }).collect();
            assert_eq!(align(a, b, 100).len(), runs.len(), "{a:?} {b:?}");
            assert_eq!(n_same(&align(a, b, 100)), n_same(&runs), "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_occurs_twice_anchors_insertions_longer_than_a_search() {
        let twice = |skip: usize| (0..2000).chain(0..2000).skip(skip).collect::<Vec<usize>>();
        let mut b = twice(0);
        b.splice(1000..1000, (5000..5100).chain(5000..5100));
        b.splice(3000..3000, (5000..5100).chain(5000..5100));
        assert_eq!(n_same(&align(&twice(100), &b, EDITS_MIN)), 3900);
    }

    #[test]
    fn a_rising_chain_is_a_longest_one() {
        assert_eq!(rising(&[]), [0usize; 0]);
        assert_eq!(rising(&[3, 1, 2, 5, 4]).len(), 3);
        assert_eq!(rising(&[4, 3, 2]).len(), 1);
    }

    #[test]
    fn after_many_steps_searches_look_ahead_only_a_few_edits() {
        // The same few items in another order: nothing to cut at.
        let items = |step: usize| (0..20_000).map(|n| n * n * step % 7 % 3).collect::<Vec<_>>();
        let (a, b) = (items(1), items(3));
        let n_steps = |n_before: usize| {
            let mut aligner = Aligner::new(3, 0);
            aligner.n_steps = n_before;
            let runs = aligner.align(Sides { a: &a, b: &b });
            check(&a, &b, &runs);
            aligner.n_steps - n_before
        };
        let (early, late) = (n_steps(0), n_steps(STEPS_MAX + 1));
        assert!(late < 40_000 * EDITS_LATE && 10 * late < early, "{early} {late}");
    }

    proptest! {
        #[test]
        fn runs_are_equal_items_in_order_however_short_the_look_ahead(
            a in prop::collection::vec(0usize..6, 0..80),
            b in prop::collection::vec(0usize..6, 0..80),
            edits_max in 1usize..200,
        ) {
            check(&a, &b, &align(&a, &b, edits_max));
        }

        #[test]
        fn without_anchors_a_search_finds_a_shortest_script(
            a in prop::collection::vec(0usize..4, 0..60),
            b in prop::collection::vec(0usize..4, 0..60),
        ) {
            let mut found = Vec::new();
            let region = Region { a: 0..a.len(), b: 0..b.len(), depth: 0 };
            let mut aligner = Aligner::new(0, 0);
            aligner.search_all(&region, Sides { a: &a, b: &b }, &mut found);
            check(&a, &b, &found);
            prop_assert_eq!(n_same(&found), lcs(&a, &b));
        }
    }
}
