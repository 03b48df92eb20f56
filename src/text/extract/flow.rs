//! The flow of a document's text: blocks, lists and tables as a page has them, each begun when its first text comes.

use std::rc::Rc;

use super::asides;
use super::package::Package;
use super::page::{NoText, Page, PageWriter};

/// Tables that lie deeper in one another are read as text of the cell around them.
const TABLES_MAX: usize = 16;
/// Lists have so many levels.
const LISTS_MAX: usize = 12;
/// So many empty cells in a row stand for themselves; of more there is one that spans them.
const EMPTY_CELLS_MAX: usize = 16;
/// A cell spans no more columns.
const SPAN_MAX: usize = 1000;

/// What the next text is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlowBlock {
    Paragraph,
    /// A heading of a level, from 1.
    Heading(usize),
    /// An item of a list.
    Item(FlowItem),
    /// What follows in an item that has begun; a paragraph where there is none.
    More,
    /// Text whose white space counts.
    Pre,
}

/// An item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FlowItem {
    /// From 0.
    pub level: usize,
    /// Its number, if it has one.
    pub number: Option<u32>,
    /// Items of other numbers are in other lists.
    pub list: usize,
}

/// How a stretch of text stands in its block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FlowStyle {
    /// Where it leads.
    pub link: Option<Rc<str>>,
    /// What hides it: `del` if it is no longer there for who accepts all changes, else `span`.
    pub hidden: Option<&'static str>,
    /// It stands high or low, `sup` or `sub`, or is the reading of what is before it, `rt`.
    pub position: Option<&'static str>,
}

struct OpenList {
    level: usize,
    list: usize,
    element: &'static str,
}

/// A table that is open.
struct OpenTable {
    /// Lists around it are closed, those in its present cell are here.
    lists: Vec<OpenList>,
    has_begun: bool,
    has_row: bool,
    /// Its present cell, if it has one: `td` or `th`.
    open_cell: Option<&'static str>,
    cell: CellText,
}

/// What the text of a cell ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellText {
    None,
    /// Text without an element of its own.
    Plain,
    Block,
}

/// Writes the text of a document into a page.
pub(super) struct Flow {
    /// The page, for what is no text.
    pub page: PageWriter,
    block: FlowBlock,
    /// The element that the block has begun.
    begun: Option<&'static str>,
    has_begun: bool,
    style: FlowStyle,
    lists: Vec<OpenList>,
    tables: Vec<OpenTable>,
    /// Tables that are read as text.
    n_flat: usize,
    n_texts: usize,
    kept: Option<Kept>,
    awaited: Option<Awaited>,
}

/// A cell that begins with its first text, if any comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Awaited {
    pub element: &'static str,
    /// Empty cells before it.
    pub n_empty: usize,
    pub n_columns: usize,
    /// It, or all of its row, is hidden.
    pub is_hidden: bool,
    pub is_row_hidden: bool,
    /// Which row of a sheet that is, from 0.
    pub sheet_row: Option<usize>,
}

/// Paragraphs that are kept instead of written.
#[derive(Default)]
struct Kept {
    paragraphs: Vec<String>,
    present: String,
}

impl Flow {
    /// A page of so many bytes at most.
    pub(super) fn new(n_bytes_max: usize) -> Self {
        Self {
            page: PageWriter::new(n_bytes_max),
            block: FlowBlock::Paragraph,
            begun: None,
            has_begun: false,
            style: FlowStyle::default(),
            lists: Vec::new(),
            tables: Vec::new(),
            n_flat: 0,
            n_texts: 0,
            kept: None,
            awaited: None,
        }
    }

    /// The page, if there is any text in it.
    pub(super) fn finish(mut self) -> Result<Page, NoText> {
        self.end_all();
        self.page.finish_if(self.n_texts > 0)
    }

    /// The page of a package, if there is any text in it, with what is beside its text.
    pub(super) fn finish_package(mut self, package: &mut Package) -> Result<Page, NoText> {
        self.end_all();
        asides::write(package, &mut self.page);
        self.page.lacks_of_package(package.lack());
        self.page.finish_if(self.n_texts > 0)
    }

    /// How many texts were put that are shown.
    pub(super) fn n_texts(&self) -> usize {
        self.n_texts
    }

    /// Whether lines are open whose white space counts.
    pub(super) fn is_pre(&self) -> bool {
        self.begun == Some("pre")
    }

    /// Whether nothing more fits.
    pub(super) fn is_full(&self) -> bool {
        self.page.is_full()
    }

    /// From here on paragraphs are kept instead of written.
    pub(super) fn keep(&mut self) {
        self.end_block();
        self.kept = Some(Kept::default());
    }

    /// The paragraphs that were kept; from here on they are written again.
    pub(super) fn kept(&mut self) -> Vec<String> {
        self.end_block();
        self.kept.take().map(|it| it.paragraphs).unwrap_or_default()
    }

    /// Has what comes next begin a block.
    pub(super) fn block(&mut self, block: FlowBlock) {
        if block == FlowBlock::Pre && self.begun == Some("pre") && self.kept.is_none() {
            self.restyle(&FlowStyle::default());
            return self.page.text("\n");
        }
        self.end_block();
        self.block = block;
    }

    /// Changes what the next text is a part of, if it has no text yet.
    pub(super) fn turn_into(&mut self, block: FlowBlock) {
        if !self.has_begun {
            self.block = block;
        }
    }

    /// Ends what has begun; what follows is a paragraph.
    pub(super) fn end_block(&mut self) {
        if let Some(kept) = &mut self.kept {
            let present = std::mem::take(&mut kept.present);
            if !present.trim().is_empty() {
                kept.paragraphs.push(present.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            return;
        }
        self.restyle(&FlowStyle::default());
        if let Some(element) = self.begun.take() {
            self.page.close(element);
        }
        self.has_begun = false;
        self.block = FlowBlock::Paragraph;
    }

    /// Puts text into the block.
    pub(super) fn put(&mut self, text: &str, style: &FlowStyle) {
        if text.is_empty() {
            return;
        }
        if let Some(kept) = &mut self.kept {
            if style.hidden.is_none() {
                kept.present.push_str(text);
            }
            return;
        }
        if !self.has_begun {
            if text.trim().is_empty() && self.block != FlowBlock::Pre {
                return;
            }
            self.begin();
        }
        self.n_texts += usize::from(style.hidden.is_none() && !text.trim().is_empty());
        self.restyle(style);
        self.page.text(text);
    }

    /// Puts a break of lines into the block.
    pub(super) fn line_break(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.present.push(' ');
        } else if self.has_begun {
            match self.block {
                FlowBlock::Pre => self.page.text("\n"),
                _ => self.page.open("br"),
            }
        }
    }

    /// Puts an image of which there is a description.
    pub(super) fn image(&mut self, description: &str) {
        if self.kept.is_some() || description.trim().is_empty() {
            return;
        }
        if !self.has_begun {
            self.begin();
        }
        self.page.open_with("img", Some(("alt", description.trim())));
    }

    /// Begins a table.
    pub(super) fn table(&mut self) {
        self.end_block();
        self.begin_awaited();
        if self.kept.is_some() || self.n_flat > 0 || self.tables.len() >= TABLES_MAX {
            self.n_flat += 1;
            return;
        }
        self.close_lists(0);
        if let Some(table) = self.tables.last_mut() {
            if table.open_cell.is_none() {
                self.n_flat += 1;
                return;
            }
            table.cell = CellText::Block;
        }
        self.tables.push(OpenTable {
            lists: std::mem::take(&mut self.lists),
            has_begun: false,
            has_row: false,
            open_cell: None,
            cell: CellText::None,
        });
    }

    /// Begins a row, and the table with the first one; whether there is none yet.
    fn begin_row(&mut self) -> bool {
        let Some(table) = self.present_table() else { return false };
        let is_first = !std::mem::replace(&mut table.has_begun, true);
        let is_new = !std::mem::replace(&mut table.has_row, true);
        if is_first {
            self.page.open("table");
        }
        is_new
    }

    /// Begins a row of the table.
    pub(super) fn row(&mut self) {
        self.end_row();
        if self.begin_row() {
            self.page.open("tr");
        }
    }

    /// Begins a cell of the row.
    pub(super) fn cell(&mut self, element: &'static str, n_columns: usize) {
        self.end_cell();
        match self.present_table() {
            Some(table) if table.has_row => {
                table.open_cell = Some(element);
                table.cell = CellText::None;
            }
            _ => return,
        }
        let span = n_columns.min(SPAN_MAX).to_string();
        self.page.open_with(element, (n_columns > 1).then_some(("colspan", &span)));
    }

    /// Has the next text begin a cell, and the row if there is none.
    pub(super) fn await_cell(&mut self, cell: Awaited) {
        self.end_cell();
        self.awaited = Some(cell);
    }

    /// Ends a cell that was awaited; whether it has begun.
    pub(super) fn end_awaited(&mut self) -> bool {
        self.end_block();
        if self.awaited.take().is_some() {
            return false;
        }
        self.end_cell();
        true
    }

    fn begin_awaited(&mut self) {
        let Some(cell) = self.awaited.take() else { return };
        if self.present_table().is_none() {
            return;
        }
        if self.begin_row() {
            match cell.sheet_row {
                Some(row) => self.page.row(0, row, cell.is_row_hidden),
                None => self.page.open_with("tr", cell.is_row_hidden.then_some(("hidden", ""))),
            }
        }
        if cell.n_empty > EMPTY_CELLS_MAX {
            self.page.open_with("td", Some(("colspan", &cell.n_empty.to_string())));
            self.page.close("td");
        } else {
            (0..cell.n_empty).for_each(|_| self.page.element("td", ""));
        }
        self.page.cell(cell.element, cell.n_columns.min(SPAN_MAX), cell.is_hidden);
        if let Some(table) = self.present_table() {
            table.open_cell = Some(cell.element);
            table.cell = CellText::None;
        }
    }

    /// Ends the cell.
    pub(super) fn end_cell(&mut self) {
        self.end_block();
        self.awaited = None;
        if let Some(element) = self.present_table().and_then(|it| it.open_cell.take()) {
            self.close_lists(0);
            self.page.close(element);
        }
    }

    /// Ends the row.
    pub(super) fn end_row(&mut self) {
        self.end_cell();
        if self.present_table().is_some_and(|it| std::mem::take(&mut it.has_row)) {
            self.page.close("tr");
        }
    }

    /// Ends the table.
    pub(super) fn end_table(&mut self) {
        self.end_row();
        if self.n_flat > 0 {
            self.n_flat -= 1;
        } else if let Some(table) = self.tables.pop() {
            if table.has_begun {
                self.page.close("table");
            }
            self.lists = table.lists;
        }
    }

    /// Ends all that is open in the cell, or in no cell.
    pub(super) fn end_blocks(&mut self) {
        self.end_block();
        self.close_lists(0);
    }

    /// Ends all that is open.
    pub(super) fn end_all(&mut self) {
        self.n_flat = 0;
        while !self.tables.is_empty() {
            self.end_table();
        }
        self.end_blocks();
    }

    fn present_table(&mut self) -> Option<&mut OpenTable> {
        if self.n_flat > 0 { None } else { self.tables.last_mut() }
    }

    /// Begins the block.
    fn begin(&mut self) {
        self.begin_awaited();
        self.has_begun = true;
        let is_item = matches!(self.block, FlowBlock::Item(_));
        let is_more = self.block == FlowBlock::More && !self.lists.is_empty();
        if !is_item && !is_more {
            self.close_lists(0);
        }
        let cell = self.tables.last_mut().filter(|it| it.open_cell.is_some());
        let cell = cell.map(|it| std::mem::replace(&mut it.cell, CellText::Block));
        match self.block {
            FlowBlock::Item(item) => return self.begin_item(item),
            FlowBlock::More if is_more => return self.page.open("br"),
            FlowBlock::Heading(level) => {
                const LEVELS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];
                self.begun = LEVELS.get(level.clamp(1, 6) - 1).copied();
            }
            FlowBlock::Pre => self.begun = Some("pre"),
            FlowBlock::Paragraph | FlowBlock::More => match cell {
                Some(text) => {
                    if text == CellText::Plain {
                        self.page.open("br");
                    }
                    if let Some(table) = self.tables.last_mut() {
                        table.cell = CellText::Plain;
                    }
                }
                None => self.begun = Some("p"),
            },
        }
        if let Some(element) = self.begun {
            self.page.open(element);
        }
    }

    fn begin_item(&mut self, item: FlowItem) {
        let level = item.level.min(LISTS_MAX);
        let element = if item.number.is_some() { "ol" } else { "ul" };
        let n_outer = self.lists.iter().take_while(|it| it.level < level).count();
        let goes_on = self.lists.get(n_outer).is_some_and(|it| {
            it.level == level && it.element == element && (element == "ul" || it.list == item.list)
        });
        self.close_lists(n_outer + usize::from(goes_on));
        if goes_on {
            self.page.close("li");
        } else {
            let start = item.number.unwrap_or(1).to_string();
            self.page.open_with(element, (start != "1").then_some(("start", &start)));
            self.lists.push(OpenList { level, list: item.list, element });
        }
        self.page.open("li");
    }

    /// Closes all lists but so many.
    fn close_lists(&mut self, n_kept: usize) {
        while self.lists.len() > n_kept {
            if let Some(list) = self.lists.pop() {
                self.page.close(list.element);
            }
        }
    }

    /// Has what follows stand in another way.
    fn restyle(&mut self, style: &FlowStyle) {
        if self.style == *style {
            return;
        }
        let old = std::mem::replace(&mut self.style, style.clone());
        let keeps_link = old.link == style.link;
        old.position.into_iter().for_each(|it| self.page.close(it));
        old.hidden.into_iter().for_each(|it| self.page.close(it));
        if old.link.is_some() && !keeps_link {
            self.page.close("a");
        }
        if let Some(link) = style.link.as_ref().filter(|_| !keeps_link) {
            self.page.open_with("a", Some(("href", link)));
        }
        if let Some(element) = style.hidden {
            self.page.open_with(element, Some(("hidden", "")));
        }
        style.position.into_iter().for_each(|it| self.page.open(it));
    }
}

#[cfg(test)]
mod tests {
    use super::super::package::tests::body;
    use super::super::page::Lack;
    use super::*;

    fn written(write: impl FnOnce(&mut Flow)) -> String {
        let mut flow = Flow::new(10_000);
        write(&mut flow);
        body(flow.finish())
    }

    fn block(flow: &mut Flow, block: FlowBlock, text: &str) {
        flow.block(block);
        flow.put(text, &FlowStyle::default());
    }

    fn item(level: usize, number: Option<u32>) -> FlowBlock {
        FlowBlock::Item(FlowItem { level, number, list: 0 })
    }

    #[test]
    fn blocks_begin_with_their_text() {
        let html = written(|flow| {
            block(flow, FlowBlock::Heading(9), "a");
            block(flow, FlowBlock::Paragraph, " ");
            block(flow, FlowBlock::Paragraph, "b");
            flow.line_break();
            flow.put("c", &FlowStyle { position: Some("sup"), ..FlowStyle::default() });
            flow.put(
                "d",
                &FlowStyle { hidden: Some("del"), link: Some("e".into()), position: None },
            );
            block(flow, FlowBlock::Pre, " f");
            block(flow, FlowBlock::Pre, "g");
        });
        let paragraph = r#"<p>b<br><sup>c</sup><a href="e"><del hidden="">d</del></a></p>"#;
        assert_eq!(html, format!("<h6>a</h6>{paragraph}<pre> f\ng</pre>"));
    }

    #[test]
    fn lists_lie_in_one_another() {
        let html = written(|flow| {
            block(flow, item(0, None), "a");
            block(flow, item(2, Some(3)), "b");
            block(flow, FlowBlock::More, "c");
            block(flow, item(0, None), "d");
            block(flow, FlowBlock::More, "e");
            block(flow, FlowBlock::Paragraph, "f");
        });
        let inner = r#"<ol start="3"><li>b<br>c</li></ol>"#;
        assert_eq!(html, format!("<ul><li>a{inner}</li><li>d<br>e</li></ul><p>f</p>"));
    }

    #[test]
    fn tables_hold_blocks_and_tables() {
        let html = written(|flow| {
            flow.table();
            flow.row();
            flow.cell("th", 2);
            block(flow, FlowBlock::Paragraph, "a");
            block(flow, FlowBlock::Paragraph, "b");
            flow.cell("td", 1);
            block(flow, item(0, None), "c");
            flow.table();
            flow.row();
            flow.cell("td", 1);
            block(flow, FlowBlock::Paragraph, "d");
            flow.end_table();
            block(flow, FlowBlock::Paragraph, "e");
            flow.end_table();
            block(flow, FlowBlock::Paragraph, "f");
        });
        let inner = "<table><tr><td>d</td></tr></table>";
        let cells = format!(r#"<th colspan="2">a<br>b</th><td><ul><li>c</li></ul>{inner}e</td>"#);
        assert_eq!(html, format!("<table><tr>{cells}</tr></table><p>f</p>"));
    }

    #[test]
    fn tables_too_deep_are_text() {
        let html = written(|flow| {
            for _ in 0..TABLES_MAX + 2 {
                flow.table();
                flow.row();
                flow.cell("td", 1);
            }
            block(flow, FlowBlock::Paragraph, "a");
        });
        assert_eq!(html.matches("<table>").count(), TABLES_MAX);
        assert!(html.contains("<td>a</td>"));
    }

    #[test]
    fn without_text_there_is_no_page() {
        assert_eq!(Flow::new(100).finish(), Err(NoText::Empty));
        for (lack, why) in [(Lack::TRUNCATED, NoText::TooLarge), (Lack::BROKEN, NoText::Malformed)]
        {
            let mut flow = Flow::new(100);
            flow.page.lacks(lack);
            assert_eq!(flow.finish(), Err(why));
        }
        let mut flow = Flow::new(100);
        flow.put("a", &FlowStyle { hidden: Some("span"), ..FlowStyle::default() });
        assert_eq!(flow.finish(), Err(NoText::Empty));
    }
}
