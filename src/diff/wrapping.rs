//! Whether a line ends where it was wrapped, or where its paragraph ends.
//!
//! A line that was wrapped has no room for the first word of the next one. That is measured against the lines
//! next to it, so that no line further off matters.

use std::ops::Range;

use super::lines::RawLine;

/// Longer lines were not wrapped: each is a paragraph.
const WRAPPED_WIDTH_MAX: usize = 130;
/// Shorter lines are not taken for a measure of how wide a text was wrapped.
const WRAPPED_WIDTH_MIN: usize = 40;
/// So many lines on each side of an end are its measure.
const MEASURE_LINES: usize = 2;
/// So many ends of lines on each side show whether lines are wrapped here.
const WITNESS_LINES: usize = 8;

/// For the end of each line but the last whether a paragraph ends there, too.
pub fn breaks(lines: &[RawLine<'_>]) -> Vec<bool> {
    let witnesses: Vec<bool> = lines.windows(2).map(|pair| goes_on(&pair[0], &pair[1])).collect();
    (1..lines.len()).map(|next| is_break(lines, next, &witnesses)).collect()
}

fn is_break(lines: &[RawLine<'_>], next: usize, witnesses: &[bool]) -> bool {
    let (line, after) = (&lines[next - 1], &lines[next]);
    if line.width.max(after.width) > WRAPPED_WIDTH_MAX {
        return true;
    }
    let around =
        &lines[(next - 1).saturating_sub(MEASURE_LINES)..lines.len().min(next + MEASURE_LINES)];
    let measure = around.iter().map(|line| line.width).max().unwrap_or(0).max(WRAPPED_WIDTH_MIN);
    let needed = needed_width(line, after);
    let is_end = ends_sentence(line.text);
    if needed * 10 <= measure * 6 || is_end && needed * 10 <= measure * 9 {
        return true;
    }
    if is_end && tight_width(lines, next, witnesses).is_some_and(|width| needed <= width) {
        return true;
    }
    if needed > measure && !is_end {
        return false;
    }
    let ends = ends_around(next, witnesses.len());
    let n_going_on = witnesses[ends.clone()].iter().filter(|goes_on| **goes_on).count();
    n_going_on * 3 < ends.len()
}

/// The ends of lines that bear witness to the one before `next`.
fn ends_around(next: usize, n_ends: usize) -> Range<usize> {
    (next - 1).saturating_sub(WITNESS_LINES)..n_ends.min(next + WITNESS_LINES)
}

/// How wide the lines here are wrapped, if each that goes on has no room for the first word of the next one.
fn tight_width(lines: &[RawLine<'_>], next: usize, witnesses: &[bool]) -> Option<usize> {
    let ends = ends_around(next, witnesses.len());
    let width = lines[ends.start..=ends.end].iter().map(|line| line.width).max()?;
    let mut going_on = ends.filter(|end| witnesses[*end]).peekable();
    going_on.peek()?;
    let is_tight = |end: usize| needed_width(&lines[end], &lines[end + 1]) > width;
    going_on.all(is_tight).then_some(width)
}

/// Whether a sentence goes on over the end of a line.
pub fn goes_on(line: &RawLine<'_>, next: &RawLine<'_>) -> bool {
    if ends_sentence(line.text) || first_word(line) == first_word(next) {
        return false;
    }
    let is_lower = next.text.chars().next().is_some_and(char::is_lowercase);
    let is_long = needed_width(line, next) * 4 >= WRAPPED_WIDTH_MIN * 3;
    is_lower && is_long || is_full(line, next, line.width.max(next.width))
}

/// Whether a line of a text of this width has no room for the first word of the next.
fn is_full(line: &RawLine<'_>, next: &RawLine<'_>, width: usize) -> bool {
    needed_width(line, next) > width.max(WRAPPED_WIDTH_MIN)
}

/// How wide a line would be with the first word of the next.
fn needed_width(line: &RawLine<'_>, next: &RawLine<'_>) -> usize {
    line.width + 1 + first_word_width(next)
}

fn first_word<'t>(line: &RawLine<'t>) -> Option<&'t str> {
    line.text.split_whitespace().next()
}

fn first_word_width(line: &RawLine<'_>) -> usize {
    first_word(line).map_or(0, |word| word.chars().count())
}

/// Whether a line ends with the end of a sentence, quotes and brackets after it aside.
pub fn ends_sentence(line: &str) -> bool {
    let line = line.trim_end_matches(['"', '\'', ')', ']', '”', '’', '»', '」', '』']);
    line.ends_with(['.', '!', '?', ':', '…', '。', '！', '？', '։', '؟', '।'])
}
