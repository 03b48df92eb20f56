//! Pieces of lines to columns and cells, in the order they are read.

use super::lines::LinePiece;

/// How often a region is divided again.
const DEPTH_MAX: usize = 16;
/// A page of more pieces is no page that people read: its lines are taken from the top down.
const PIECES_MAX: usize = 20_000;
/// Stripes in which a region is searched for a gutter.
const N_STRIPES: usize = 400;
/// A gutter is as wide as this many sizes at least.
const GUTTER: f32 = 0.8;
/// Parts of a page stand as far apart at least.
const BAND_GAP: f32 = 1.0;
/// So do running titles from the text.
const MARGIN_GAP: f32 = 0.6;

/// A part of a page that is still to be divided.
struct PdfRegion {
    pieces: Vec<LinePiece>,
    depth: usize,
    /// It was divided from top to bottom just now.
    is_band: bool,
}

/// The parts of a page that hold one column each, in the order they are read.
pub(super) fn leaves(pieces: Vec<LinePiece>) -> Vec<Vec<LinePiece>> {
    let mut leaves = Vec::new();
    let is_large = pieces.len() > PIECES_MAX;
    let mut stack: Vec<PdfRegion> = without_margins(pieces)
        .into_iter()
        .rev()
        .map(|pieces| PdfRegion { pieces, depth: 0, is_band: false })
        .collect();
    while let Some(mut region) = stack.pop() {
        if is_large || region.depth >= DEPTH_MAX || region.pieces.len() < 2 {
            leaves.push(region.pieces);
            continue;
        }
        region.pieces.sort_by(|a, b| a.v.total_cmp(&b.v).then(a.u0.total_cmp(&b.u0)));
        let depth = region.depth + 1;
        if let Some(gutter) = gutter(&region.pieces) {
            let parts = columns(region.pieces, gutter);
            stack.extend(parts.into_iter().rev().map(|pieces| PdfRegion {
                pieces,
                depth,
                is_band: false,
            }));
            continue;
        }
        let bands =
            if region.is_band { vec![region.pieces] } else { bands(region.pieces, BAND_GAP) };
        if bands.len() == 1 {
            leaves.extend(bands);
        } else {
            stack.extend(bands.into_iter().rev().map(|pieces| PdfRegion {
                pieces,
                depth,
                is_band: true,
            }));
        }
    }
    leaves
}

/// A page without the lines at its top and its bottom that stand apart from the rest: they are no
/// part of columns.
fn without_margins(mut pieces: Vec<LinePiece>) -> Vec<Vec<LinePiece>> {
    pieces.sort_by(|a, b| a.v.total_cmp(&b.v));
    let mut bands = bands(pieces, MARGIN_GAP);
    let is_line = |it: &Vec<LinePiece>| match (it.first(), it.last()) {
        (Some(first), Some(last)) => last.v - first.v < 0.5 * first.size.max(last.size),
        _ => false,
    };
    let n_top = bands.iter().take(2).take_while(|it| is_line(it)).count();
    let n_bottom = bands.iter().skip(n_top).rev().take(2).take_while(|it| is_line(it)).count();
    let bottom = bands.split_off(bands.len() - n_bottom);
    let middle = bands.split_off(n_top).into_iter().flatten().collect();
    bands.push(middle);
    bands.extend(bottom);
    bands
}

/// The parts of a region that wide gaps lie between, from the top down.
fn bands(pieces: Vec<LinePiece>, gap: f32) -> Vec<Vec<LinePiece>> {
    let size = median(pieces.iter().map(|it| it.size));
    let mut bands: Vec<Vec<LinePiece>> = Vec::new();
    let (mut bottom, mut last_size) = (f32::MIN, size);
    for piece in pieces {
        let top = piece.v - 0.8 * piece.size;
        // Running titles are often set smaller.
        let gap = if (piece.size - last_size).abs() > 0.1 * size { 0.4 * gap } else { gap };
        if top - bottom > gap * size || bands.is_empty() {
            bands.push(Vec::new());
        }
        bottom = bottom.max(piece.v + 0.2 * piece.size);
        last_size = piece.size;
        if let Some(band) = bands.last_mut() {
            band.push(piece);
        }
    }
    bands
}

/// Left and right of a gutter, part by part where something crosses it.
fn columns(pieces: Vec<LinePiece>, gutter: f32) -> Vec<Vec<LinePiece>> {
    let n_rtl = pieces.iter().filter(|it| it.is_rtl).count();
    let is_rtl = n_rtl * 2 > pieces.len();
    let mut parts: Vec<Vec<LinePiece>> = Vec::new();
    let (mut left, mut right, mut across) = (Vec::new(), Vec::new(), Vec::new());
    let flush =
        |left: &mut Vec<LinePiece>, right: &mut Vec<LinePiece>, parts: &mut Vec<Vec<LinePiece>>| {
            let (first, second) = if is_rtl { (right, left) } else { (left, right) };
            parts.push(std::mem::take(first));
            parts.push(std::mem::take(second));
        };
    for piece in pieces {
        if piece.u0 < gutter && piece.u1 > gutter {
            flush(&mut left, &mut right, &mut parts);
            across.push(piece);
            continue;
        }
        parts.push(std::mem::take(&mut across));
        if piece.u1 <= gutter { left.push(piece) } else { right.push(piece) }
    }
    parts.push(across);
    flush(&mut left, &mut right, &mut parts);
    parts.retain(|it| !it.is_empty());
    parts
}

/// Where the best gutter of a region is, if it has columns.
fn gutter(pieces: &[LinePiece]) -> Option<f32> {
    let size = median(pieces.iter().map(|it| it.size));
    let from = pieces.iter().map(|it| it.u0).fold(f32::MAX, f32::min);
    let to = pieces.iter().map(|it| it.u1).fold(f32::MIN, f32::max);
    let step = (to - from) / N_STRIPES as f32;
    if step.is_nan() || step <= 0.0 {
        return None;
    }
    let counts = coverage(pieces, from, step);
    let most = counts.iter().copied().max().unwrap_or(0);
    for n_across in [0, most / 10, most / 4] {
        let best = gaps(&counts, n_across)
            .into_iter()
            .filter(|(begin, end)| (end - begin) as f32 * step >= GUTTER * size)
            .map(|(begin, end)| from + (begin + end) as f32 / 2.0 * step)
            .filter_map(|at| Some((columns_at(pieces, at, size)?, at)))
            .max_by_key(|it| it.0);
        if let Some((_, at)) = best {
            return Some(at);
        }
    }
    None
}

/// How many pieces there are in each stripe of a region.
fn coverage(pieces: &[LinePiece], from: f32, step: f32) -> Vec<i32> {
    let mut changes = vec![0; N_STRIPES + 1];
    let stripe = |u: f32| (((u - from) / step) as usize).min(N_STRIPES);
    for piece in pieces {
        if let Some(change) = changes.get_mut(stripe(piece.u0)) {
            *change += 1;
        }
        if let Some(change) = changes.get_mut((stripe(piece.u1) + 1).min(N_STRIPES)) {
            *change -= 1;
        }
    }
    let mut n = 0;
    changes
        .iter()
        .take(N_STRIPES)
        .map(|change| {
            n += change;
            n
        })
        .collect()
}

/// The runs of stripes with so many pieces at most, but at the edges.
fn gaps(counts: &[i32], n_max: i32) -> Vec<(usize, usize)> {
    let mut gaps = Vec::new();
    let mut begin = None;
    for (n, count) in counts.iter().enumerate() {
        match (begin, *count <= n_max) {
            (None, true) => begin = Some(n),
            (Some(from), false) => {
                begin = None;
                if from > 0 {
                    gaps.push((from, n));
                }
            }
            _ => {}
        }
    }
    gaps
}

/// How many lines there are beside each other at a gutter, if they are columns: if they are not
/// drawn row by row, as a table is, or if both sides are full of words.
fn columns_at(pieces: &[LinePiece], at: f32, size: f32) -> Option<usize> {
    let left: Vec<&LinePiece> = pieces.iter().filter(|it| it.u1 <= at).collect();
    let right: Vec<&LinePiece> = pieces.iter().filter(|it| it.u0 >= at).collect();
    let n = left.len().min(right.len());
    let beside = beside(&left, &right);
    if n < 3 || beside < 2.0 * size {
        return None;
    }
    let n_back = returns(pieces, at);
    let is_table = n_back * 12 > n;
    (!is_table || (n_back * 10 > n * 4 && is_prose(&left) && is_prose(&right))).then_some(n)
}

/// How often the order of drawing goes on down on the other side of a gutter to which it came from
/// there, as it does from row to row of a table.
fn returns(pieces: &[LinePiece], at: f32) -> usize {
    let mut in_order: Vec<&LinePiece> = pieces.iter().collect();
    in_order.sort_unstable_by_key(|it| it.order);
    let is_return = |pair: &&[&LinePiece]| match pair {
        [a, b] => {
            let is_across = (a.u0 >= at && b.u1 <= at) || (a.is_rtl && a.u1 <= at && b.u0 >= at);
            is_across && b.v > a.v - 0.5 * a.size
        }
        _ => false,
    };
    in_order.windows(2).filter(is_return).count()
}

/// How far two sides stand beside each other.
fn beside(left: &[&LinePiece], right: &[&LinePiece]) -> f32 {
    let span = |side: &[&LinePiece]| {
        let top = side.iter().map(|it| it.v - it.size).fold(f32::MAX, f32::min);
        (top, side.iter().map(|it| it.v).fold(f32::MIN, f32::max))
    };
    let (a, b) = (span(left), span(right));
    a.1.min(b.1) - a.0.max(b.0)
}

/// Whether most lines of a column are full.
fn is_prose(column: &[&LinePiece]) -> bool {
    let from = column.iter().map(|it| it.u0).fold(f32::MAX, f32::min);
    let to = column.iter().map(|it| it.u1).fold(f32::MIN, f32::max);
    let is_full = |it: &&&LinePiece| it.u1 - it.u0 > 0.7 * (to - from) && it.n_chars >= 20;
    column.len() >= 4 && column.iter().filter(is_full).count() * 10 >= column.len() * 6
}

/// Groups of pieces that are drawn one below the other, from the top down and from left to right:
/// so a cell of several lines is read before the one beside it.
pub(super) fn cells(mut pieces: Vec<LinePiece>) -> Vec<Vec<LinePiece>> {
    pieces.sort_by_key(|it| it.order);
    let mut cells: Vec<Vec<LinePiece>> = Vec::new();
    for piece in pieces {
        match cells.last_mut().filter(|it| it.last().is_some_and(|last| is_below(last, &piece))) {
            Some(cell) => cell.push(piece),
            None => cells.push(vec![piece]),
        }
    }
    in_rows(cells)
}

fn is_below(above: &LinePiece, below: &LinePiece) -> bool {
    let size = above.size.max(below.size);
    let down = below.v - above.v;
    let overlap = above.u1.min(below.u1) - above.u0.max(below.u0);
    down > 0.3 * size && down < 2.5 * size && overlap > 0.0
}

/// Where a cell begins and ends from top to bottom.
fn extent(cell: &[LinePiece]) -> (f32, f32) {
    let top = cell.first().map_or(0.0, |it| it.v - 0.7 * it.size);
    (top, cell.last().map_or(0.0, |it| it.v))
}

fn in_rows(mut cells: Vec<Vec<LinePiece>>) -> Vec<Vec<LinePiece>> {
    cells.sort_by(|a, b| extent(a).0.total_cmp(&extent(b).0));
    let mut rows: Vec<Vec<Vec<LinePiece>>> = Vec::new();
    let mut of_row = (0.0, 0.0);
    for cell in cells {
        let (top, bottom) = extent(&cell);
        let common = f32::min(of_row.1, bottom) - f32::max(of_row.0, top);
        let height = f32::min(of_row.1 - of_row.0, bottom - top);
        match rows.last_mut().filter(|_| common > 0.5 * height) {
            Some(row) => row.push(cell),
            None => {
                rows.push(vec![cell]);
                of_row = (top, bottom);
            }
        }
    }
    for row in &mut rows {
        let n_rtl = row.iter().filter(|it| it.iter().any(|it| it.is_rtl)).count();
        let begin = |it: &Vec<LinePiece>| it.first().map_or(0.0, |it| it.u0);
        row.sort_by(|a, b| begin(a).total_cmp(&begin(b)));
        if n_rtl * 2 > row.len() {
            row.reverse();
        }
    }
    rows.into_iter().flatten().collect()
}

pub(super) fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(order: usize, u0: f32, v: f32, text: &str) -> LinePiece {
        let (size, n_chars) = (10.0, text.len());
        LinePiece {
            u0,
            u1: u0 + 100.0,
            v,
            size,
            text: text.to_owned(),
            n_chars,
            order,
            is_rtl: false,
        }
    }

    fn texts(parts: Vec<Vec<LinePiece>>) -> String {
        let texts: Vec<String> = parts.into_iter().flatten().map(|it| it.text).collect();
        texts.join(" ")
    }

    #[test]
    fn what_crosses_a_gutter_divides_the_columns() {
        let mut pieces = Vec::new();
        for (n, (u0, v, text)) in
            [(0.0, 100.0, "a"), (200.0, 100.0, "b"), (0.0, 300.0, "c"), (200.0, 300.0, "d")]
                .iter()
                .enumerate()
        {
            pieces.extend(
                (0..4).map(|k| piece(10 * n + k, *u0, v + 12.0 * k as f32, &format!("{text}{k}"))),
            );
        }
        pieces.push(LinePiece { u1: 300.0, ..piece(15, 0.0, 200.0, "across") });
        assert_eq!(texts(leaves(pieces)), "a0 a1 a2 a3 b0 b1 b2 b3 across c0 c1 c2 c3 d0 d1 d2 d3");
    }

    #[test]
    fn columns_of_text_from_right_to_left_begin_at_the_right() {
        let column = |at: usize, u0: f32, text: &'static str| {
            (0..4).map(move |k| LinePiece {
                is_rtl: true,
                ..piece(at + k, u0, 12.0 * k as f32, text)
            })
        };
        let pieces = column(0, 200.0, "first").chain(column(4, 0.0, "second")).collect();
        assert!(texts(leaves(pieces)).starts_with("first first first first second"));
    }

    #[test]
    fn a_cell_of_several_lines_is_read_before_the_one_beside_it() {
        let mut pieces = Vec::new();
        for row in 0..3 {
            for (n, u0) in [0.0, 150.0].iter().enumerate() {
                for k in 0..2 {
                    let v = 40.0 * row as f32 + 12.0 * k as f32;
                    pieces.push(piece(pieces.len(), *u0, v, &format!("{row}{n}{k}")));
                }
            }
        }
        let parts = leaves(pieces).into_iter().flat_map(cells).collect();
        assert_eq!(texts(parts), "000 001 010 011 100 101 110 111 200 201 210 211");
    }

    #[test]
    fn columns_drawn_row_by_row_are_told_by_their_full_lines() {
        let mut pieces = Vec::new();
        for k in 0..6 {
            for (u0, text) in [(0.0, "left of many words here"), (120.0, "right of many words too")]
            {
                pieces.push(piece(pieces.len(), u0, 12.0 * k as f32, text));
            }
        }
        assert_eq!(leaves(pieces).len(), 2);
    }
}
