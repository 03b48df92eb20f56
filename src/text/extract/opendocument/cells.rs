//! Tables: those in texts, and sheets.

use super::super::flow::Awaited;
use super::super::page::Lack;
use super::super::xml::{Xml, XmlTag};
use super::{OpenDocumentReader, OpenText};

/// A row or a cell with text is repeated so many times.
const REPEATED_MAX: usize = 10_000;
/// Sheets have so many columns.
const COLUMNS_MAX: usize = 16_384;

/// Where in a table the text is.
#[derive(Debug, Default)]
pub(super) struct SpreadRow {
    /// The row, and the one after all that the present element stands for.
    row: usize,
    next_row: usize,
    /// The next column.
    column: usize,
    /// Empty cells since the last with text.
    n_empty: usize,
    pub is_head: bool,
    is_hidden: bool,
    /// The columns before the present one that tells of itself.
    n_columns: usize,
    hidden_columns: Vec<bool>,
    /// So many columns the present cell takes.
    n_taken: usize,
    /// So many cells to come lie beneath the last one.
    n_covered: usize,
}

impl OpenDocumentReader<'_, '_> {
    /// Begins an element of a table; `None` if all of it has been read.
    pub(super) fn start_table(&mut self, tag: &XmlTag, xml: &mut Xml) -> Option<OpenText> {
        match tag.name() {
            "table" => Some(self.begin_table(tag)),
            "table-header-rows" => {
                self.state.row.is_head = true;
                Some(OpenText::HeadRows)
            }
            "table-column" => {
                self.note_column(tag);
                self.skip(xml)
            }
            "table-row" => self.begin_row(tag, xml),
            "table-cell" | "covered-table-cell" => self.begin_cell(tag, xml),
            "table-columns"
            | "table-rows"
            | "table-header-columns"
            | "table-row-group"
            | "table-column-group" => Some(OpenText::Other),
            "shapes" if self.is_spreadsheet && self.state.n_tables == 1 => {
                self.shapes.push(xml.inner_markup().to_owned());
                None
            }
            _ => self.skip(xml),
        }
    }

    fn begin_table(&mut self, tag: &XmlTag) -> OpenText {
        // Only tables that lie in nothing else are sheets.
        let is_sheet = self.is_spreadsheet && self.state.n_tables == 0;
        self.state.n_tables += 1;
        if is_sheet {
            self.flow.end_all();
            let is_hidden =
                self.styles.is_hidden("table", &tag.id("style-name").unwrap_or_default());
            let name = tag.attribute("name").unwrap_or_default();
            self.flow.page.section(&format!("sheet {name}"), is_hidden);
            self.flow.page.element("h2", &name);
        }
        self.flow.table();
        let row = std::mem::take(&mut self.state.row);
        let lists = std::mem::take(&mut self.state.lists);
        let n_paragraphs = std::mem::take(&mut self.state.n_paragraphs);
        OpenText::Table { is_sheet, row, lists, n_paragraphs }
    }

    pub(super) fn end_table(&mut self, is_sheet: bool, row: SpreadRow) {
        self.flow.end_table();
        self.state.n_tables = self.state.n_tables.saturating_sub(1);
        self.state.row = row;
        if is_sheet {
            self.flow.end_all();
            // Tables in what is drawn are no sheets.
            self.state.n_tables = 1;
            for shape in std::mem::take(&mut self.shapes) {
                self.read(&shape);
            }
            self.state.n_tables = 0;
            self.flow.end_all();
            self.flow.page.close("section");
        }
    }

    fn note_column(&mut self, tag: &XmlTag) {
        let row = &mut self.state.row;
        let first = row.n_columns;
        row.n_columns = first.saturating_add(repeated(tag, "number-columns-repeated"));
        if is_hidden(tag) && first < COLUMNS_MAX {
            row.hidden_columns.resize(first, false);
            row.hidden_columns.resize(row.n_columns.min(COLUMNS_MAX), true);
        }
    }

    fn begin_row(&mut self, tag: &XmlTag, xml: &mut Xml) -> Option<OpenText> {
        let row = &mut self.state.row;
        (row.column, row.n_empty) = (0, 0);
        row.is_hidden = is_hidden(tag);
        let n = repeated(tag, "number-rows-repeated");
        row.row = row.next_row;
        row.next_row = row.row.saturating_add(n);
        if n <= 1 || !self.may_nest() {
            return Some(OpenText::Row);
        }
        self.repeat(n, xml.inner_markup(), |reader| {
            reader.flow.end_row();
            let row = &mut reader.state.row;
            (row.column, row.n_empty, row.row) = (0, 0, row.row.saturating_add(1));
        });
        None
    }

    fn begin_cell(&mut self, tag: &XmlTag, xml: &mut Xml) -> Option<OpenText> {
        let n = repeated(tag, "number-columns-repeated");
        let spanned = repeated(tag, "number-columns-spanned");
        let row = &mut self.state.row;
        if tag.name() == "covered-table-cell" && row.n_covered > 0 {
            row.n_covered = row.n_covered.saturating_sub(n);
            row.column = row.column.saturating_add(n);
            return self.skip(xml);
        }
        if n <= 1 || !self.may_nest() {
            self.await_cell(spanned);
            return Some(OpenText::Cell);
        }
        let markup = xml.inner_markup();
        if markup.trim().is_empty() {
            self.state.row.n_empty = self.state.row.n_empty.saturating_add(n);
            self.state.row.column = self.state.row.column.saturating_add(n);
            return None;
        }
        let column = self.state.row.column;
        self.await_cell(spanned);
        self.repeat(n, markup, |reader| {
            reader.end_cell();
            reader.await_cell(spanned);
        });
        self.state.row.column = column.saturating_add(n);
        None
    }

    /// Reads markup as often as it is repeated, as far as that goes; all of it is told after each time.
    fn repeat(&mut self, n: usize, markup: &str, mut after: impl FnMut(&mut Self)) {
        for nth in 0..n {
            if nth > 0 {
                match self.n_repeated_left.checked_sub(markup.len()) {
                    Some(n_left) if nth < REPEATED_MAX => self.n_repeated_left = n_left,
                    _ => return self.flow.page.lacks(Lack::TRUNCATED),
                }
            }
            let had_text = self.flow.n_texts();
            self.read(markup);
            after(self);
            // Where there was none at first there will be none.
            if self.flow.n_texts() == had_text {
                break;
            }
        }
    }

    fn await_cell(&mut self, n_columns: usize) {
        let is_sheet = self.is_spreadsheet && self.state.n_tables == 1;
        let row = &mut self.state.row;
        let at = row.column;
        row.n_taken = n_columns;
        let is_hidden = row.hidden_columns.get(at).copied().unwrap_or_default();
        self.flow.await_cell(Awaited {
            element: if row.is_head { "th" } else { "td" },
            n_empty: row.n_empty,
            n_columns,
            is_hidden,
            is_row_hidden: row.is_hidden,
            sheet_row: is_sheet.then_some(row.row),
        });
    }

    pub(super) fn end_cell(&mut self) {
        let has_begun = self.flow.end_awaited();
        let row = &mut self.state.row;
        row.column = row.column.saturating_add(1);
        row.n_covered = 0;
        if has_begun {
            (row.n_empty, row.n_covered) = (0, row.n_taken.saturating_sub(1));
        } else {
            row.n_empty = row.n_empty.saturating_add(1);
        }
    }
}

fn repeated(tag: &XmlTag, name: &str) -> usize {
    tag.number(name).unwrap_or(1)
}

fn is_hidden(tag: &XmlTag) -> bool {
    tag.attribute("visibility").is_some_and(|it| it != "visible")
}
