//! Where in a document its text stands: on which page, slide or sheet, in which cell, chapter or mail.
//!
//! The pages that documents are rendered as say so beside their elements, and the text has nothing of it: what only came to
//! stand on another page has not changed. Pages of the web are not believed.

use std::fmt;

use super::{markup::LOCATOR, roles::is_html, tree::Element};

/// Where a text has more of them, it is not known of the rest.
const MARKS_MAX: usize = 1 << 20;
/// Names of columns have so many letters.
const LETTERS_MAX: usize = 3;

/// Where in its document something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locator {
    /// In what: `page 3`, `sheet Prices`.
    pub name: String,
    /// In what it ends, if that is something else.
    pub last_name: Option<String>,
    /// The first and the last row of a sheet.
    pub rows: Option<(u32, u32)>,
    /// The cell, where it is one: `B5`.
    pub cell: Option<String>,
}

/// The locators of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locators {
    /// What there is in the document; the first is none of it.
    names: Vec<String>,
    marks: Vec<LocatorMark>,
}

/// A place in a text, of which letters may be composed otherwise later, but no line and no tab.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct TextSpot {
    /// Lines before it.
    line: u32,
    /// Tabs before it in the line.
    n_tabs: u32,
}

/// Where what begins there stands in the document; behind each tab is the next column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LocatorMark {
    spot: TextSpot,
    within: Within,
}

/// Where in a document: in which part of it, and in a sheet the row and the column, from 1; 0 is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Within {
    name: u32,
    row: u32,
    column: u32,
}

impl Locators {
    /// The one of what stands at a byte of the text.
    pub fn at(&self, text: &str, byte: usize) -> Option<Locator> {
        let before = text.get(..byte)?;
        let line = before.matches('\n').count();
        self.at_spot(spot(line, &before[before.rfind('\n').map_or(0, |at| at + 1)..]))
    }

    /// The one of what stands at a byte of a line, which is counted from 1 and begins at another byte.
    pub fn in_line(&self, text: &str, line: usize, start: usize, byte: usize) -> Option<Locator> {
        let before = text.get(start..byte)?;
        let line = line - 1 + before.matches('\n').count();
        self.at_spot(spot(line, &before[before.rfind('\n').map_or(0, |at| at + 1)..]))
    }

    /// The one of lines in a row, counted from 1, which begin and end with paragraphs.
    pub fn of_lines(&self, first: usize, last: usize) -> Option<Locator> {
        let (first, last) = (spot(first - 1, ""), spot(last, ""));
        let next = self.marks.partition_point(|mark| mark.spot <= first);
        let end = self.marks.partition_point(|mark| mark.spot < last);
        let held = next.checked_sub(1).and_then(|at| self.marks.get(at));
        // A row may begin with empty cells.
        let begins = self.marks[..end].get(next).filter(|mark| mark.spot.line == first.line);
        let begin = match held {
            Some(held) if held.spot.line == first.line => held,
            held => begins.or(held)?,
        };
        let end = end.checked_sub(1).and_then(|at| self.marks.get(at)).unwrap_or(begin);
        let (begin, end) = (begin.within, end.within);
        let locator = self.locator(begin)?;
        let name = self.names.get(end.name as usize).filter(|_| end.name != begin.name);
        let has_rows = begin.name == end.name && begin.row > 0;
        Some(Locator {
            last_name: name.filter(|name| !name.is_empty()).cloned(),
            rows: has_rows.then_some((begin.row, end.row.max(begin.row))),
            cell: None,
            ..locator
        })
    }

    fn at_spot(&self, spot: TextSpot) -> Option<Locator> {
        let last = self.marks.partition_point(|mark| mark.spot <= spot).checked_sub(1)?;
        let LocatorMark { spot: start, mut within } = *self.marks.get(last)?;
        if start.line == spot.line && within.column > 0 {
            within.column = within.column.saturating_add(spot.n_tabs - start.n_tabs);
        }
        self.locator(within)
    }

    fn locator(&self, within: Within) -> Option<Locator> {
        let Within { name, row, column } = within;
        let name = self.names.get(name as usize).filter(|name| !name.is_empty())?.clone();
        let rows = (row > 0).then_some((row, row));
        let cell = rows.filter(|_| column > 0).map(|_| format!("{}{row}", letters(column)));
        Some(Locator { name, last_name: None, rows, cell })
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, last_name, rows, cell } = self;
        f.write_str(name)?;
        match (last_name, rows, cell) {
            (Some(last), ..) => write!(f, " – {last}"),
            (None, _, Some(cell)) => write!(f, ", {cell}"),
            (None, Some((first, last)), None) if first == last => write!(f, ", row {first}"),
            (None, Some((first, last)), None) => write!(f, ", rows {first}–{last}"),
            (None, None, None) => Ok(()),
        }
    }
}

/// Notes where in a document text stands while it is put together.
#[derive(Default)]
pub(super) struct LocatorTracker {
    locators: Locators,
    /// Where in the text what comes next begins.
    spot: TextSpot,
    within: Within,
    next_column: u32,
}

impl LocatorTracker {
    /// Goes into an element; where in the document it was before, if that changes.
    pub fn enter(&mut self, element: &Element) -> Option<Within> {
        let before = self.within;
        if is_html(element) && matches!(&*element.name.local, "td" | "th") {
            let span = element.attribute("colspan").and_then(|it| it.parse().ok()).unwrap_or(1);
            if self.within.row > 0 {
                self.within.column = self.next_column;
                self.next_column = self.next_column.saturating_add(span);
            }
        }
        let locator = element.attribute(LOCATOR)?;
        match (&*element.name.local, cell(locator)) {
            ("tr", Some((column, row))) => {
                (self.within.row, self.within.column, self.next_column) = (row, column, column);
            }
            _ => {
                let names = &mut self.locators.names;
                if names.is_empty() {
                    names.push(String::new());
                }
                let name = u32::try_from(names.len()).unwrap_or_default();
                let around = names.get(before.name as usize).filter(|it| !it.is_empty());
                let around = around.map(|it| format!("{it}, ")).unwrap_or_default();
                let own = locator.split_whitespace().collect::<Vec<_>>().join(" ");
                names.push(around + &own);
                self.within = Within { name, row: 0, column: 0 };
            }
        }
        Some(before)
    }

    /// Leaves an element that changed it.
    pub fn leave(&mut self, before: Within) {
        self.within = before;
    }

    /// Notes text that is put, behind what parts it from the text before.
    pub fn put(&mut self, gap: &str, n_tabs: usize, text: &str) {
        self.advance(gap);
        self.skip(n_tabs);
        let Self { locators, spot, within, .. } = self;
        let last = locators.marks.last().copied();
        let follows = last.is_some_and(|last| {
            let is_same_line = last.spot.line == spot.line && last.within.column > 0;
            let n_columns = if is_same_line { spot.n_tabs - last.spot.n_tabs } else { 0 };
            let column = last.within.column.saturating_add(n_columns);
            Within { column, ..last.within } == *within
        });
        if !follows && (last.is_some() || *within != Within::default()) {
            match locators.marks.len() {
                MARKS_MAX.. => {}
                n => {
                    let is_last = n == MARKS_MAX - 1;
                    let within = if is_last { Within::default() } else { *within };
                    locators.marks.push(LocatorMark { spot: *spot, within });
                }
            }
        }
        self.advance(text);
    }

    /// Notes tabs that are put.
    pub fn skip(&mut self, n_tabs: usize) {
        self.spot.n_tabs += u32::try_from(n_tabs).unwrap_or_default();
    }

    /// All that was noted.
    pub fn finish(self) -> Locators {
        self.locators
    }

    fn advance(&mut self, text: &str) {
        let after = spot(text.matches('\n').count(), text.rsplit('\n').next().unwrap_or_default());
        match after.line {
            0 => self.spot.n_tabs += after.n_tabs,
            n => self.spot = TextSpot { line: self.spot.line + n, n_tabs: after.n_tabs },
        }
    }
}

fn spot(line: usize, in_line: &str) -> TextSpot {
    let n_tabs = in_line.bytes().filter(|byte| *byte == b'\t').count();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    TextSpot { line: number(line), n_tabs: number(n_tabs) }
}

/// The name of the row whose first cell is in a column, both from 0.
pub(super) fn row_locator(column: usize, row: usize) -> String {
    let column = u32::try_from(column + 1).unwrap_or(1);
    format!("{}{}", letters(column), row + 1)
}

/// The name of a column.
fn letters(mut column: u32) -> String {
    let mut letters = Vec::new();
    while column > 0 {
        letters.push(b'A' + ((column - 1) % 26) as u8);
        column = (column - 1) / 26;
    }
    letters.iter().rev().map(|byte| char::from(*byte)).collect()
}

/// The column and the row of a cell's name.
fn cell(name: &str) -> Option<(u32, u32)> {
    let n_letters = name.bytes().take_while(u8::is_ascii_uppercase).count();
    let (letters, row) = name.split_at(n_letters);
    let is_column = (1..=LETTERS_MAX).contains(&n_letters);
    let column = letters.bytes().fold(0, |sum, byte| sum * 26 + u32::from(byte - b'A') + 1);
    let row = row.parse().ok().filter(|row| *row > 0)?;
    is_column.then_some((column, row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{visible::in_rendered, visible::in_whole};

    const PAGE: &str = "<title>T</title><section data-locator='page 1'><p>One</p><p>goes on</p></section>\
        <section data-locator='sheet A'><h2>A</h2><table><tr data-locator='B2'><td></td><td>c2</td><td hidden>d2\
        </td><td>e2</td></tr><tr data-locator='AA5'><td colspan=3>x<br>y</td><td>z</td></tr></table></section><p>End";

    fn located(html: &str) -> (String, Locators) {
        let page = in_rendered(html);
        (page.rest, page.locators)
    }

    #[test]
    fn every_word_knows_where_it_stands() {
        let (text, locators) = located(PAGE);
        assert_eq!(text, "T\n\nOne\n\ngoes on\n\nA\n\n\tc2\te2\nx\ny\tz\n\nEnd");
        let shown = |word: &str| {
            let found = locators.at(&text, text.find(word).unwrap());
            found.map(|it| it.to_string()).unwrap_or_default()
        };
        for (word, expected) in [
            ("T", ""),
            ("One", "page 1"),
            ("on", "page 1"),
            ("A", "sheet A"),
            ("c2", "sheet A, C2"),
            ("e2", "sheet A, E2"),
            ("x", "sheet A, AA5"),
            ("y", "sheet A, AA5"),
            ("z", "sheet A, AD5"),
            ("End", ""),
        ] {
            assert_eq!(shown(word), expected, "{word}");
        }
        let lines = |first, last| {
            locators.of_lines(first, last).map(|it| it.to_string()).unwrap_or_default()
        };
        assert_eq!(lines(3, 3), "page 1");
        assert_eq!(lines(3, 7), "page 1 – sheet A");
        assert_eq!(lines(9, 9), "sheet A, row 2");
        assert_eq!(lines(9, 11), "sheet A, rows 2–5");
        assert_eq!((lines(1, 1), lines(13, 13)), (String::new(), String::new()));
    }

    #[test]
    fn nobody_else_is_believed() {
        let page = in_whole(PAGE, false);
        assert_eq!(page.rest, located(PAGE).0);
        assert_eq!(page.locators, Locators::default());
    }

    #[test]
    fn columns_are_named_as_in_sheets() {
        for (column, name) in [(0, "A1"), (25, "Z1"), (26, "AA1"), (701, "ZZ1"), (702, "AAA1")] {
            assert_eq!(row_locator(column, 0), name);
            assert_eq!(cell(name), Some((u32::try_from(column).unwrap() + 1, 1)));
        }
        for wrong in ["", "5", "A", "A0", "ABCD1", "a1", "A1 ", "page 3"] {
            assert_eq!(cell(wrong), None, "{wrong}");
        }
    }
}
