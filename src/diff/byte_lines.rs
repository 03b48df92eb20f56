//! Lines of bytes, and which of them stayed.
//!
//! Of very many lines, stretches are compared first that end where the bytes before say so, and equal ones stayed
//! (content-defined chunking, as in [`super::pieces`]). Between them lines are compared one by one, up to so many; of
//! those beyond that only what both sides begin and end with is told to have stayed. So a patch may be longer than it
//! could be, never wrong.

use std::ops::Range;

use super::{
    Sides,
    align::{self, Aligner, EqualRun},
    ids::Ids,
};

/// No more lines, both sides together, are compared one by one.
const LINES_MAX: usize = 1 << 20;
/// So many stretches both sides have where there are more lines, about.
const STRETCHES: usize = 1 << 18;
/// Of so many lines, evenly spread, it is kept where they begin, about.
const MARKS: usize = 1 << 18;
/// Scatters the bytes that decide where a stretch ends.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Bytes in lines; each ends after `\n`, the last one perhaps without.
pub struct ByteLines<'b> {
    bytes: &'b [u8],
    n: usize,
    /// Where every `n_apart`-th line begins.
    marks: Vec<usize>,
    n_apart: usize,
}

impl<'b> ByteLines<'b> {
    /// Finds the lines of bytes.
    pub fn of(bytes: &'b [u8]) -> Self {
        let n = n_lines_of(bytes);
        let n_apart = n / MARKS + 1;
        let mut start = 0;
        let mut marks = Vec::with_capacity(n / n_apart + 1);
        for (i, line) in split(bytes).enumerate() {
            marks.extend((i % n_apart == 0).then_some(start));
            start += line.len();
        }
        Self { bytes, n, marks, n_apart }
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Some of the lines.
    pub fn lines(&self, lines: Range<usize>) -> impl Iterator<Item = &'b [u8]> {
        split(&self.bytes[self.start(lines.start)..]).take(lines.len())
    }

    /// Where a line begins, or all of them end.
    fn start(&self, line: usize) -> usize {
        let Some(mark) = self.marks.get(line / self.n_apart) else { return self.bytes.len() };
        let before = split(&self.bytes[*mark..]).take(line % self.n_apart);
        mark + before.map(<[u8]>::len).sum::<usize>()
    }

    /// All lines, some `n_lines` at a time: what they end with decides where that is, so equal lines are taken
    /// together alike wherever they stand.
    fn stretches(&self, n_lines: usize) -> Vec<Range<usize>> {
        let mask = (n_lines / 2).next_power_of_two() as u64 - 1;
        let (mut stretches, mut start, mut n, mut hash) = (Vec::new(), 0, 0, 0u64);
        for (at, byte) in self.bytes.iter().enumerate() {
            // The hash of Xia et al., "Ddelta", 2014: what came more than some bytes before is shifted out.
            hash = (hash << 1).wrapping_add((u64::from(*byte) + 1).wrapping_mul(FACTOR));
            if *byte == b'\n' {
                n += 1;
                if n >= n_lines / 2 && hash >> 40 & mask == 0 || n >= 4 * n_lines {
                    stretches.push(start..at + 1);
                    (start, n) = (at + 1, 0);
                }
            }
        }
        let rest = start..self.bytes.len();
        stretches.extend((!rest.is_empty()).then_some(rest));
        stretches
    }
}

fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n')
}

fn n_lines_of(bytes: &[u8]) -> usize {
    let n_ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    n_ends + usize::from(bytes.last().is_some_and(|last| *last != b'\n'))
}

/// The lines that stayed, as runs in rising order that do not touch on both sides.
pub fn stayed(lines: &Sides<ByteLines<'_>>) -> Vec<EqualRun> {
    stayed_of(lines, LINES_MAX, STRETCHES)
}

fn stayed_of(
    lines: &Sides<ByteLines<'_>>,
    n_lines_max: usize,
    n_stretches: usize,
) -> Vec<EqualRun> {
    let bytes = Sides { a: lines.a.bytes, b: lines.b.bytes };
    let n_lines = lines.a.len() + lines.b.len();
    if n_lines <= n_lines_max {
        return aligned(split(bytes.a), split(bytes.b));
    }
    let n_each = (n_lines / n_stretches).max(2);
    let stretches = Sides { a: lines.a.stretches(n_each), b: lines.b.stretches(n_each) };
    let mut runs = aligned(
        stretches.a.iter().map(|it| &bytes.a[it.clone()]),
        stretches.b.iter().map(|it| &bytes.b[it.clone()]),
    );
    runs.push(EqualRun { a: stretches.a.len(), b: stretches.b.len(), len: 0 });
    // How far both sides are told of, in bytes and in lines.
    let (mut at, mut line) = (Sides { a: 0, b: 0 }, Sides { a: 0, b: 0 });
    let (mut stayed, mut n_left) = (Vec::new(), n_lines_max);
    for run in runs {
        let start =
            |stretches: &[Range<usize>], i: usize, end| stretches.get(i).map_or(end, |it| it.start);
        let to = Sides {
            a: start(&stretches.a, run.a, bytes.a.len()),
            b: start(&stretches.b, run.b, bytes.b.len()),
        };
        let gap = Sides { a: &bytes.a[at.a..to.a], b: &bytes.b[at.b..to.b] };
        let n_gap = Sides { a: n_lines_of(gap.a), b: n_lines_of(gap.b) };
        for it in between(gap, n_gap, &mut n_left) {
            let run = EqualRun { a: line.a + it.a, b: line.b + it.b, len: it.len };
            align::push(&mut stayed, run);
        }
        line = Sides { a: line.a + n_gap.a, b: line.b + n_gap.b };
        let end = start(&stretches.a, run.a_end(), bytes.a.len());
        let len = n_lines_of(&bytes.a[to.a..end]);
        align::push(&mut stayed, EqualRun { a: line.a, b: line.b, len });
        at = Sides { a: end, b: to.b + (end - to.a) };
        line = Sides { a: line.a + len, b: line.b + len };
    }
    stayed
}

/// The lines that stayed between two stretches that did, one by one if no more lines than `n_left`.
fn between(gap: Sides<&[u8]>, n_lines: Sides<usize>, n_left: &mut usize) -> Vec<EqualRun> {
    if gap.a.is_empty() || gap.b.is_empty() {
        return Vec::new();
    }
    if let Some(rest) = n_left.checked_sub(n_lines.a + n_lines.b) {
        *n_left = rest;
        return aligned(split(gap.a), split(gap.b));
    }
    let n_least = n_lines.a.min(n_lines.b);
    let head = split(gap.a).zip(split(gap.b)).take_while(|(a, b)| a == b).count();
    let from_end = |bytes| <[u8]>::rsplit(bytes, |byte: &u8| *byte == b'\n');
    let tail = from_end(gap.a).zip(from_end(gap.b)).take_while(|(a, b)| a == b).count();
    let tail = tail.saturating_sub(1).min(n_least - head);
    vec![
        EqualRun { a: 0, b: 0, len: head },
        EqualRun { a: n_lines.a - tail, b: n_lines.b - tail, len: tail },
    ]
}

/// What stayed of lines, or of longer stretches.
fn aligned<'b>(
    a: impl Iterator<Item = &'b [u8]>,
    b: impl Iterator<Item = &'b [u8]>,
) -> Vec<EqualRun> {
    let mut ids = Ids::new();
    let a: Vec<usize> = a.map(|line| ids.of(line)).collect();
    let b: Vec<usize> = b.map(|line| ids.of(line)).collect();
    Aligner::new(ids.len(), a.len() + b.len()).align(Sides { a: &a, b: &b })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(a: &[u8], b: &[u8], n_lines_max: usize) -> usize {
        let lines = Sides { a: ByteLines::of(a), b: ByteLines::of(b) };
        let (mut x, mut y, mut n) = (0, 0, 0);
        for run in stayed_of(&lines, n_lines_max, 500) {
            assert!(run.a >= x && run.b >= y && (run.a, run.b) != (x, y) || n == 0);
            (x, y, n) = (run.a_end(), run.b_end(), n + run.len);
            assert!(lines.a.lines(run.a..x).eq(lines.b.lines(run.b..y)));
        }
        n
    }

    fn text(n: usize, seed: usize) -> Vec<u8> {
        (0..n).flat_map(|i| format!("{}\n", i * i % 10_007 * seed).into_bytes()).collect()
    }

    #[test]
    fn lines_are_found_by_their_number() {
        let text = text(1000, 1);
        let mut lines = ByteLines::of(&text);
        let all: Vec<&[u8]> = split(&text).collect();
        for n_apart in [1, 64] {
            lines.marks = lines.marks.into_iter().step_by(n_apart).collect();
            lines.n_apart = n_apart;
            for range in [0..0, 0..1, 63..64, 64..200, 130..130, 999..1000, 1000..1000] {
                assert_eq!(lines.lines(range.clone()).collect::<Vec<_>>(), all[range]);
            }
        }
        assert_eq!(
            (lines.len(), ByteLines::of(b"").len(), ByteLines::of(b"a\nb").len()),
            (1000, 0, 2)
        );
    }

    #[test]
    fn of_very_many_lines_nearly_all_are_found_that_stayed() {
        let a = text(5000, 1);
        let lines: Vec<&[u8]> = split(&a).collect();
        let mut b: Vec<&[u8]> = lines.clone();
        (0..5000).step_by(100).for_each(|i| [b[i], b[i + 2]] = [b"other\n"; 2]);
        b.splice(2550..2550, [&b"one\n"[..], b"two\n"]);
        let b = b.concat();
        assert_eq!(check(&a, &b, 20_000), 4900);
        // With stretches, and with lines between only a part of them.
        assert_eq!(check(&a, &b, 10_000), 4900);
        assert!((4000..4900).contains(&check(&a, &b, 100)));
        assert_eq!(check(&a, &text(5000, 3), 100), 1);
    }

    #[test]
    fn what_both_begin_and_end_with_stayed_without_a_look_between() {
        let lines = |middle: &[u8]| [&b"x\ny\n"[..], middle, b"\nz\n"].concat();
        let (a, b) = (lines(&text(50, 1)), lines(&text(60, 3)));
        let n_lines = Sides { a: n_lines_of(&a), b: n_lines_of(&b) };
        let runs = between(Sides { a: &a, b: &b }, n_lines, &mut 0);
        let n_same: usize = runs.iter().map(|run| run.len).sum();
        // The first line of both texts in the middle is 0, and a blank line ends them.
        assert_eq!(n_same, 5);
    }

    proptest! {
        #[test]
        fn what_stayed_is_the_same_on_both_sides(
            a in prop::collection::vec(prop::sample::select(b"ab\n\n".to_vec()), 0..300),
            b in prop::collection::vec(prop::sample::select(b"ab\n\n".to_vec()), 0..300),
            n_lines_max in 0usize..100,
        ) {
            check(&a, &b, n_lines_max);
        }
    }
}
