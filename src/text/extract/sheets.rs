//! Excel's workbooks, as ECMA-376 has them: SpreadsheetML in a package.

mod codes;
mod margins;
mod numbers;
mod plain;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::asides;
use super::drawing;
use super::package::{Package, Relations};
use super::page::{Lack, NoText, Page, PageWriter};
use super::xml::{Xml, XmlPiece, XmlTag};
use numbers::{Formats, NumberFormat};

/// A workbook has so many sheets.
const SHEETS_MAX: usize = 10_000;
/// Sheets have so many columns.
const COLUMNS_MAX: usize = 16_384;
/// So many empty cells in a row stand for themselves; of more there is one that spans them.
const EMPTY_CELLS_MAX: usize = 16;
/// So many merged cells and links of a sheet are kept.
const PLACES_MAX: usize = 200_000;

/// Heads and feet of printed pages.
const MARGINS: [&str; 6] =
    ["oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"];

/// Renders a workbook.
pub fn page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let mut package = Package::open(bytes)?;
    let main = package.main_part("xl/workbook.xml");
    let text = package.main_text(&main)?;
    let mut page = PageWriter::new(n_bytes_max);
    package.write_about(&mut page);
    let relations = package.relations(&main);
    let mut text_of = |kind: &str| {
        let name = relations.of_kind(kind).next()?.to_owned();
        package.named_text(&name)
    };
    let strings = Strings::parse(&text_of("sharedStrings").unwrap_or_default());
    let workbook = Workbook::parse(&text);
    let styles = text_of("styles").unwrap_or_default();
    let formats = Formats::parse(&styles, workbook.is_from_1904);
    let mut has_text = false;
    let mut margins = Vec::new();
    for sheet in &workbook.sheets {
        let Some(name) = relations.part(&sheet.relation) else {
            page.lacks(Lack::BROKEN);
            continue;
        };
        page.section(&format!("sheet {}", sheet.name), sheet.is_hidden);
        page.element("h2", &sheet.name);
        let text = package.named_text(name).unwrap_or_default();
        let relations = package.relations(name);
        let mut reader = SheetReader::new(&mut page, &strings, &formats, &relations, &text);
        reader.read(&text);
        has_text |= reader.has_text;
        margins.append(&mut reader.margins);
        has_text |= write_drawings(&mut page, &mut package, &relations);
        page.close("section");
        if page.is_full() {
            break;
        }
    }
    has_text |= !margins.is_empty();
    write_margins(&mut page, margins);
    asides::write(&mut package, &mut page);
    page.lacks_of_package(package.lack());
    page.finish_if(has_text)
}

/// Writes the heads and feet of printed sheets, each line once.
fn write_margins(page: &mut PageWriter, lines: Vec<String>) {
    let mut seen = HashSet::new();
    for line in lines {
        if !seen.contains(&line) {
            page.element("p", &line);
            seen.insert(line);
        }
    }
}

/// Writes the texts in what is drawn over a sheet; whether there are any.
fn write_drawings(page: &mut PageWriter, package: &mut Package, relations: &Relations) -> bool {
    let mut has_text = false;
    for name in relations.of_kind("drawing") {
        let mut parts = vec![name.to_owned()];
        let drawn = package.relations(name);
        for kind in ["chart", "diagramData"] {
            parts.extend(drawn.of_kind(kind).map(str::to_owned));
        }
        for part in parts {
            let Some(text) = package.named_text(&part) else { continue };
            for words in drawing::words(&text) {
                page.element("p", &words);
                has_text = true;
            }
        }
    }
    has_text
}

/// What a workbook says of its sheets.
#[derive(Default)]
struct Workbook {
    sheets: Vec<Sheet>,
    is_from_1904: bool,
}

struct Sheet {
    name: String,
    relation: String,
    is_hidden: bool,
}

impl Workbook {
    fn parse(text: &str) -> Self {
        let mut workbook = Self::default();
        let mut xml = Xml::new(text);
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            match tag.name() {
                "workbookPr" => {
                    let is_on = tag.attribute("date1904");
                    workbook.is_from_1904 = is_on.is_some_and(|it| it == "1" || it == "true");
                }
                "sheet" if workbook.sheets.len() < SHEETS_MAX => {
                    let state = tag.attribute("state").unwrap_or_default();
                    workbook.sheets.push(Sheet {
                        name: tag.attribute("name").unwrap_or_default().into_owned(),
                        relation: tag.relation("id").unwrap_or_default().into_owned(),
                        is_hidden: matches!(&*state, "hidden" | "veryHidden"),
                    });
                }
                _ => {}
            }
        }
        workbook
    }
}

/// The strings that cells share, one behind the other.
#[derive(Default)]
struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    fn parse(text: &str) -> Self {
        let mut strings = Self::default();
        let mut xml = Xml::new(text);
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            if tag.name() == "si" {
                put_string(&mut xml, &mut strings.text);
                strings.ends.push(u32::try_from(strings.text.len()).unwrap_or(u32::MAX));
            }
        }
        strings
    }

    fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)? as usize;
        let start = at.checked_sub(1).and_then(|it| self.ends.get(it)).map_or(0, |it| *it as usize);
        self.text.get(start..end)
    }
}

/// Puts the text in the element that began last, without how it is spoken.
fn put_string(xml: &mut Xml, text: &mut String) {
    let depth = xml.depth();
    while let Some(tag) = xml.tag_within(depth) {
        match tag.name() {
            "t" => text.push_str(&unescaped(&xml.inner_text())),
            "rPh" | "rPr" | "phoneticPr" => xml.skip(),
            _ => {}
        }
    }
}

/// A text with its codes for characters, as in `_x000D_`, replaced.
fn unescaped(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("_x") {
        unescaped.push_str(before);
        let code = after.get(..4).filter(|_| after.as_bytes().get(4) == Some(&b'_'));
        match code.and_then(|it| u32::from_str_radix(it, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                unescaped.push(c);
                rest = &after[5..];
            }
            None => {
                unescaped.push_str("_x");
                rest = after;
            }
        }
    }
    unescaped.push_str(rest);
    unescaped
}

/// Where a cell is, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct CellPlace {
    row: usize,
    column: usize,
}

impl CellPlace {
    /// The place of a name like `BC23`, or the first of a range of them.
    fn parse(name: &str) -> Option<Self> {
        let name = name.split(':').next()?.trim_start_matches('$');
        let n_letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (letters, row) = name.split_at_checked(n_letters)?;
        if !(1..=3).contains(&n_letters) {
            return None;
        }
        let of = |sum: usize, it: u8| sum * 26 + usize::from(it.to_ascii_uppercase() - b'A') + 1;
        let column = letters.bytes().fold(0, of) - 1;
        let row = row.trim_start_matches('$').parse::<usize>().ok()?.checked_sub(1)?;
        (column < COLUMNS_MAX).then_some(Self { row, column })
    }
}

/// A cell while it is read.
struct Cell {
    place: CellPlace,
    kind: CellKind,
    style: usize,
}

/// What the value of a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellKind {
    Number,
    Shared,
    Boolean,
    Error,
    Text,
}

/// Writes one sheet.
struct SheetReader<'p> {
    page: &'p mut PageWriter,
    strings: &'p Strings,
    formats: &'p Formats,
    relations: &'p Relations,
    spans: HashMap<CellPlace, usize>,
    links: HashMap<CellPlace, Rc<str>>,
    /// Heads and feet.
    margins: Vec<String>,
    hidden_columns: Vec<bool>,
    first_column: usize,
    row: usize,
    is_row_hidden: bool,
    is_row_open: bool,
    /// Past the last cell that is written in the row.
    next_column: usize,
    has_text: bool,
}

impl<'p> SheetReader<'p> {
    fn new(
        page: &'p mut PageWriter,
        strings: &'p Strings,
        formats: &'p Formats,
        relations: &'p Relations,
        text: &str,
    ) -> Self {
        let mut reader = Self {
            page,
            strings,
            formats,
            relations,
            spans: HashMap::new(),
            links: HashMap::new(),
            margins: Vec::new(),
            hidden_columns: Vec::new(),
            first_column: 0,
            row: 0,
            is_row_hidden: false,
            is_row_open: false,
            next_column: 0,
            has_text: false,
        };
        // What is merged and linked stands behind the cells.
        // A sheet without cells may have none at all, as one of a chart alone.
        let tail = text.rsplit_once("sheetData>").or_else(|| text.rsplit_once("sheetData/>"));
        reader.read_tail(tail.map_or(text, |(_, tail)| tail));
        reader
    }

    fn read_tail(&mut self, text: &str) {
        let mut xml = Xml::new(text);
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            if MARGINS.contains(&tag.name()) {
                self.margins.extend(margins::lines(&xml.inner_text()));
                continue;
            }
            let name = tag.attribute("ref").unwrap_or_default();
            let Some(place) = CellPlace::parse(&name) else { continue };
            match tag.name() {
                "mergeCell" if self.spans.len() < PLACES_MAX => {
                    let last = name.split_once(':').and_then(|(_, last)| CellPlace::parse(last));
                    let n = last.map_or(0, |it| it.column.saturating_sub(place.column));
                    self.spans.insert(place, n + 1);
                }
                "hyperlink" if self.links.len() < PLACES_MAX => {
                    let address = tag.relation("id").and_then(|it| self.relations.address(&it));
                    if let Some(address) = address {
                        self.links.insert(place, address);
                    }
                }
                _ => {}
            }
        }
    }

    fn read(&mut self, text: &str) {
        let mut xml = Xml::new(text);
        let mut row = 0;
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            match tag.name() {
                _ if self.page.is_full() => break,
                "dimension" => {
                    let place = tag.attribute("ref").and_then(|it| CellPlace::parse(&it));
                    self.first_column = place.map_or(0, |it| it.column);
                }
                "col" if is_on(&tag, "hidden") => {
                    let (first, last) = (tag.number("min"), tag.number("max"));
                    self.hide_columns(first.unwrap_or(1), last.unwrap_or(0));
                }
                "row" => {
                    self.end_row();
                    row = tag.number::<usize>("r").map_or(row + 1, |it| it);
                    self.row = row.saturating_sub(1);
                    self.is_row_hidden = is_on(&tag, "hidden");
                }
                "c" => self.read_cell(&tag, &mut xml),
                _ => {}
            }
        }
        self.end_row();
        self.page.close("table");
    }

    /// Hides columns that are counted from 1.
    fn hide_columns(&mut self, first: usize, last: usize) {
        let last = last.min(COLUMNS_MAX);
        if self.hidden_columns.len() < last {
            self.hidden_columns.resize(last, false);
        }
        if let Some(columns) = self.hidden_columns.get_mut(first.saturating_sub(1)..last) {
            columns.fill(true);
        }
    }

    fn end_row(&mut self) {
        if std::mem::take(&mut self.is_row_open) {
            self.page.close("tr");
        }
        self.next_column = 0;
    }

    fn read_cell(&mut self, tag: &XmlTag, xml: &mut Xml) {
        let next = CellPlace { row: self.row, column: self.next_column };
        let place = tag.attribute("r").and_then(|it| CellPlace::parse(&it)).unwrap_or(next);
        let kind = match tag.attribute("t").as_deref() {
            None | Some("n") => CellKind::Number,
            Some("s") => CellKind::Shared,
            Some("b") => CellKind::Boolean,
            Some("e") => CellKind::Error,
            Some(_) => CellKind::Text,
        };
        let cell = Cell { place, kind, style: tag.number("s").unwrap_or(0) };
        let (mut value, mut inline) = (String::new(), String::new());
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "v" => value = xml.inner_text(),
                "is" => put_string(xml, &mut inline),
                _ => xml.skip(),
            }
        }
        if inline.is_empty() {
            self.put(&cell, &value);
        } else {
            self.put_string(&cell, &inline);
        }
    }

    /// Puts a cell's value as people see it.
    fn put(&mut self, cell: &Cell, value: &str) {
        let (strings, formats) = (self.strings, self.formats);
        match cell.kind {
            CellKind::Number if value.trim().is_empty() => {}
            CellKind::Number => {
                let format = formats.of_style(cell.style).unwrap_or(&NumberFormat::GENERAL);
                self.put_text(cell, &format.shown(value.trim(), formats.is_from_1904));
            }
            CellKind::Shared => match value.trim().parse().ok().and_then(|at| strings.get(at)) {
                Some(text) => self.put_string(cell, text),
                None if value.trim().is_empty() => {}
                None => self.page.lacks(Lack::BROKEN),
            },
            CellKind::Boolean => {
                let is_true = matches!(value.trim(), "1" | "true");
                self.put_text(cell, if is_true { "TRUE" } else { "FALSE" });
            }
            CellKind::Error => self.put_text(cell, &unescaped(value)),
            CellKind::Text => self.put_string(cell, &unescaped(value)),
        }
    }

    /// Puts words with what the format of their cell sets around them.
    fn put_string(&mut self, cell: &Cell, text: &str) {
        match self.formats.of_style(cell.style).and_then(|it| it.shown_text(text)) {
            Some(shown) => self.put_text(cell, &shown),
            None => self.put_text(cell, text),
        }
    }

    fn put_text(&mut self, cell: &Cell, text: &str) {
        let CellPlace { row, column } = cell.place;
        if text.trim().is_empty() || column < self.next_column {
            return;
        }
        self.has_text = true;
        self.begin_row();
        self.skip_columns(column);
        let n_columns = self.spans.get(&CellPlace { row, column }).copied().unwrap_or(1);
        let is_hidden = self.hidden_columns.get(column).copied().unwrap_or_default();
        self.page.cell("td", n_columns, is_hidden);
        let link = self.links.get(&cell.place);
        if let Some(link) = link {
            self.page.open_with("a", Some(("href", link)));
        }
        for (nth, line) in text.trim().lines().enumerate() {
            if nth > 0 {
                self.page.open("br");
            }
            self.page.text(line);
        }
        self.page.close("td");
        self.next_column = column + n_columns;
    }

    fn begin_row(&mut self) {
        if !self.page.is_open("table") {
            self.page.open("table");
        }
        if !std::mem::replace(&mut self.is_row_open, true) {
            self.page.row(self.first_column, self.row, self.is_row_hidden);
            self.next_column = self.first_column;
        }
    }

    /// Puts empty cells up to a column.
    fn skip_columns(&mut self, column: usize) {
        let n = column.saturating_sub(self.next_column);
        if n > EMPTY_CELLS_MAX {
            self.page.open_with("td", Some(("colspan", &n.to_string())));
            self.page.close("td");
            return;
        }
        for _ in 0..n {
            self.page.element("td", "");
        }
    }
}

fn is_on(tag: &XmlTag, name: &str) -> bool {
    tag.attribute(name).is_some_and(|it| it == "1" || it == "true")
}

#[cfg(test)]
mod tests {
    use super::super::package::tests::{body, zipped};
    use super::*;

    fn workbook(sheet: &str, other: &[(&str, &str)]) -> Vec<u8> {
        let relation = |id: &str, kind: &str, target: &str| {
            format!("<Relationship Id='{id}' Type='x/{kind}' Target='{target}'/>")
        };
        let relations = [
            relation("a", "worksheet", "a.xml"),
            relation("b", "worksheet", "b.xml"),
            relation("c", "sharedStrings", "strings.xml"),
            relation("d", "styles", "styles.xml"),
        ];
        let relations = format!("<R>{}</R>", relations.concat());
        let main =
            "<workbook><sheets><sheet name='B' state='hidden' r:id='b'/><sheet name='A' r:id='a'/>
            </sheets></workbook>";
        let mut parts = vec![
            ("xl/workbook.xml", main),
            ("xl/_rels/workbook.xml.rels", relations.as_str()),
            ("xl/a.xml", sheet),
            (
                "xl/b.xml",
                "<worksheet><sheetData><row><c t='str'><v>b</v></c></row></sheetData></worksheet>",
            ),
        ];
        parts.extend(other);
        zipped(&parts)
    }

    /// The table of the sheet that is shown.
    fn table(rows: &str, other: &[(&str, &str)]) -> String {
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        let html = body(page(&workbook(&sheet, other), 100_000));
        let hidden = r#"<section data-locator="sheet B" hidden=""><h2>B</h2><table><tr data-locator="A1"><td>b</td></tr></table></section>"#;
        let shown = html.strip_prefix(hidden).unwrap();
        let table = shown.strip_prefix(r#"<section data-locator="sheet A"><h2>A</h2>"#).unwrap();
        table.strip_suffix("</section>").unwrap().to_owned()
    }

    #[test]
    fn cells_show_their_values() {
        let strings = "<sst><si><t>a</t></si><si><r><t>b</t></r><r><t>_x000A_c</t></r><rPh><t>no</t></rPh></si></sst>";
        let rows = "<row><c t='s'><v>1</v></c><c t='s'><v>9</v></c><c t='b'><v>1</v></c><c t='e'><v>#N/A</v></c></row>
            <row><c t='inlineStr'><is><t>d &amp; e</t></is></c><c><f>A1</f><v>1.5</v></c></row><row/>";
        assert_eq!(
            table(rows, &[("xl/strings.xml", strings)]),
            "<table><tr data-locator=\"A1\"><td>b<br>c</td><td>TRUE</td><td>#N/A</td></tr>\
             <tr data-locator=\"A2\"><td>d &amp; e</td><td>1.5</td></tr></table>"
        );
    }

    #[test]
    fn cells_stand_in_their_columns() {
        let rows = "<row r='2'><c r='B2'><v>1</v></c><c r='XFD2'><v>2</v></c></row>
            <row r='1000000' hidden='1'><c r='A1000000'><v>3</v></c></row>";
        assert_eq!(
            table(rows, &[]),
            "<table><tr data-locator=\"A2\"><td></td><td>1</td><td colspan=\"16381\"></td><td>2</td></tr>\
            <tr data-locator=\"A1000000\" hidden=\"\"><td>3</td></tr></table>"
        );
    }

    #[test]
    fn merged_cells_span_and_links_lead() {
        let sheet = "<worksheet><dimension ref='B1:D1'/><cols><col min='4' max='4' hidden='1'/></cols><sheetData>
            <row><c r='B1'><v>1</v></c><c r='C1'><v>2</v></c><c r='D1'><v>3</v></c></row></sheetData><mergeCells>
            <mergeCell ref='B1:C2'/></mergeCells><hyperlinks><hyperlink ref='B1' r:id='l'/></hyperlinks></worksheet>";
        let relations = "<R><Relationship Id='l' Type='x/hyperlink' TargetMode='External' Target='http://a/'/></R>";
        let html = body(page(&workbook(sheet, &[("xl/_rels/a.xml.rels", relations)]), 10_000));
        let row = "<td colspan=\"2\"><a href=\"http://a/\">1</a></td><td hidden=\"\">3</td>";
        let table = format!("<table><tr data-locator=\"B1\">{row}</tr></table></section>");
        assert!(html.ends_with(&table), "{html}");
    }

    #[test]
    fn numbers_show_as_their_styles_say() {
        let styles = "<styleSheet><numFmts><numFmt numFmtId='170' formatCode='0.0&quot; m&quot;'/></numFmts>
            <cellStyleXfs><xf numFmtId='9'/></cellStyleXfs><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/>
            <xf numFmtId='170'/><xf numFmtId='10'/></cellXfs></styleSheet>";
        let rows = "<row><c s='0'><v>0.30000000000000004</v></c><c s='1'><v>43831</v></c>
            <c s='2'><v>2.25</v></c><c s='3'><v>0.5</v></c><c s='99'><v>1E+2</v></c></row>";
        assert_eq!(
            table(rows, &[("xl/styles.xml", styles)]),
            "<table><tr data-locator=\"A1\"><td>0.3</td><td>2020-01-01</td><td>2.3 m</td><td>50.00%</td><td>100</td></tr></table>"
        );
    }

    #[test]
    fn a_workbook_without_cells_has_no_text() {
        let main = "<workbook><sheets/></workbook>";
        assert_eq!(page(&zipped(&[("xl/workbook.xml", main)]), 1000), Err(NoText::Empty));
        assert_eq!(page(&zipped(&[("a", main)]), 1000), Err(NoText::Malformed));
    }

    #[test]
    fn what_is_not_there_is_missing() {
        let sheet = |cells: &str| {
            format!("<worksheet><sheetData><row>{cells}</row></sheetData></worksheet>")
        };
        let strings = [("xl/strings.xml", "<sst><si><t>a</t></si></sst>")];
        let styles = ("xl/styles.xml", "<styleSheet/>");
        let lack = |cells: &str, other: &[(&str, &str)]| {
            page(&workbook(&sheet(cells), other), 10_000).unwrap().lack
        };
        let first = "<c t='s'><v>0</v></c><c><v>1</v></c>";
        assert_eq!(lack(first, &[strings[0], styles]), Lack::default());
        assert_eq!(lack(first, &[styles]), Lack::BROKEN);
        assert_eq!(lack("<c t='s'><v>1</v></c>", &[strings[0], styles]), Lack::BROKEN);
        let main = "<workbook><sheets><sheet name='A' r:id='a'/></sheets></workbook>";
        assert_eq!(page(&zipped(&[("xl/workbook.xml", main)]), 1000), Err(NoText::Malformed));
    }

    #[test]
    fn heads_and_feet_are_read_of_sheets_without_cells_as_well() {
        let sheet = "<worksheet><sheetData/><headerFooter differentOddEven='1'><oddHeader>&amp;LACME &amp;D</oddHeader>
            <evenFooter>&amp;CSecret &amp;P</evenFooter></headerFooter></worksheet>";
        let html = body(page(&workbook(sheet, &[]), 10_000));
        assert!(html.ends_with("<p>ACME</p><p>Secret</p>"), "{html}");
    }

    #[test]
    fn places_have_names() {
        let place = |row, column| Some(CellPlace { row, column });
        assert_eq!(CellPlace::parse("A1"), place(0, 0));
        assert_eq!(CellPlace::parse("$AB$12:C3"), place(11, 27));
        assert_eq!(CellPlace::parse("xfd7"), place(6, 16_383));
        for name in ["", "1", "A", "A0", "XFE1", "AAAA1", "Ä1"] {
            assert_eq!(CellPlace::parse(name), None, "{name}");
        }
    }
}
