//! OpenDocument, as OASIS has it: texts, spreadsheets and presentations, in packages or as one flat file.

mod cells;
mod manifest;
mod objects;
mod slides;
mod styles;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::counting::number;
use super::flow::{Flow, FlowBlock, FlowItem, FlowStyle};
use super::margin_lines::{CHANGING, margin_line};
use super::package::{Package, write_about};
use super::page::{Lack, NoText, Page};
use super::xml::{Xml, XmlPiece, XmlTag, decoded};
use cells::SpreadRow;
use styles::{ListLevel, OpenDocumentStyles};

/// What lies deeper in one another is read as a part of what is around it.
const NESTED_MAX: usize = 8;
/// Lists have so many levels.
const LEVELS_MAX: usize = 32;
/// Spaces stand together so many times.
const SPACES_MAX: usize = 100;
/// So much markup is read again for cells and rows that are repeated.
const REPEATED_BYTES_MAX: usize = 8 << 20;

/// Renders a document.
pub fn page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    if head.windows(16).any(|it| it == b"office:document ") && !bytes.starts_with(b"PK") {
        return flat_page(bytes, n_bytes_max);
    }
    let mut package = Package::open(bytes)?;
    if package.has("encrypted-package") || manifest::is_locked(&mut package) {
        return Err(NoText::Encrypted);
    }
    let content = package.main_text("content.xml")?;
    let styles = package.text("styles.xml").unwrap_or_default();
    let mut flow = Flow::new(n_bytes_max);
    if let Some(about) = package.text("meta.xml") {
        write_about(&about, &mut flow.page);
    }
    let mut reader = OpenDocumentReader::new(flow, Some(&mut package));
    reader.read_document(&content, &styles);
    reader.flow.finish_package(&mut package)
}

/// Renders a document that is one file of XML.
fn flat_page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let (text, is_whole) = decoded(bytes.to_owned());
    let mut flow = Flow::new(n_bytes_max);
    flow.page.lacks(Lack { is_broken: !is_whole, ..Lack::default() });
    let mut xml = Xml::new(&text);
    while let Some(piece) = xml.next() {
        if let XmlPiece::Start(tag) = piece
            && tag.name() == "meta"
            && tag.prefix() == "office"
        {
            write_about(xml.inner_markup(), &mut flow.page);
            break;
        }
    }
    let mut reader = OpenDocumentReader::new(flow, None);
    reader.read_document(&text, "");
    reader.flow.finish()
}

/// Reads a document.
struct OpenDocumentReader<'p, 'a> {
    package: Option<&'p mut Package<'a>>,
    flow: Flow,
    styles: OpenDocumentStyles,
    state: OpenDocumentState,
    /// The numbers that lists have come to, by style and level.
    counted: HashMap<(Rc<str>, usize), u32>,
    headings: [u32; 10],
    /// What was deleted, by the id of the change.
    deleted: HashMap<String, String>,
    /// Notes: their signs and their markup.
    notes: Vec<(String, String)>,
    is_spreadsheet: bool,
    is_note: bool,
    /// What is read stands at the margins of pages.
    is_margin: bool,
    /// What is drawn over the sheet.
    shapes: Vec<String>,
    comments: Vec<String>,
    n_slides: usize,
    /// The title of the slide has been read.
    skips_title: bool,
    n_nested: usize,
    n_repeated_left: usize,
}

/// What holds where the text is read.
#[derive(Default)]
struct OpenDocumentState {
    style: FlowStyle,
    /// So many paragraphs are open.
    n_paragraphs: usize,
    lists: Vec<OpenDocumentList>,
    row: SpreadRow,
    n_tables: usize,
    /// How the text is spoken that comes next.
    ruby: String,
}

/// A list that is open.
struct OpenDocumentList {
    style: Rc<str>,
    /// Its present item has begun with a paragraph.
    has_text: bool,
}

/// What ends with an element.
enum OpenText {
    Other,
    Paragraph,
    Span(FlowStyle),
    List,
    Frame { has_image: bool, description: String },
    Table { is_sheet: bool, row: SpreadRow, lists: Vec<OpenDocumentList>, n_paragraphs: usize },
    HeadRows,
    Row,
    Cell,
    Ruby,
    Section,
}

impl<'p, 'a> OpenDocumentReader<'p, 'a> {
    fn new(flow: Flow, package: Option<&'p mut Package<'a>>) -> Self {
        Self {
            package,
            flow,
            styles: OpenDocumentStyles::default(),
            state: OpenDocumentState::default(),
            counted: HashMap::new(),
            headings: [0; 10],
            deleted: HashMap::new(),
            notes: Vec::new(),
            is_spreadsheet: false,
            is_note: false,
            is_margin: false,
            shapes: Vec::new(),
            comments: Vec::new(),
            n_slides: 0,
            skips_title: false,
            n_nested: 0,
            n_repeated_left: REPEATED_BYTES_MAX,
        }
    }

    /// Reads the text of a document, then its notes, then what stands at the margins of pages.
    fn read_document(&mut self, content: &str, styles: &str) {
        self.styles.parse(styles);
        let of_margins = self.styles.clone();
        self.styles.parse(content);
        self.read(content);
        self.is_note = true;
        for (sign, note) in std::mem::take(&mut self.notes) {
            self.state = OpenDocumentState::default();
            self.flow.end_all();
            let style = FlowStyle { position: Some("sup"), ..FlowStyle::default() };
            self.flow.put(&sign, &style);
            self.flow.put(" ", &FlowStyle::default());
            self.state.n_paragraphs = 1;
            self.read(&note);
            self.flow.end_block();
        }
        self.styles = of_margins;
        self.read_margins(if styles.is_empty() { content } else { styles });
        self.flow.end_all();
        self.comments.iter().for_each(|it| self.flow.page.hidden(it));
    }

    /// Reads a part, or what lies in one: a text box, a slide, a row that is repeated.
    fn read(&mut self, text: &str) {
        self.n_nested += 1;
        let mut xml = Xml::new(text);
        let mut open = Vec::new();
        let mut boxes = Vec::new();
        while let Some(piece) = xml.next() {
            match piece {
                _ if self.flow.is_full() => break,
                XmlPiece::Start(tag) if self.state.n_paragraphs > 0 && is_box(&tag) => {
                    if self.may_nest() {
                        boxes.push(xml.inner_markup());
                    } else {
                        open.push(OpenText::Other);
                    }
                }
                XmlPiece::Start(tag) => {
                    if let Some(begun) = self.start(&tag, &mut xml, open.last_mut()) {
                        open.push(begun);
                    }
                }
                XmlPiece::End => {
                    if let Some(ended) = open.pop() {
                        self.end(ended);
                    }
                }
                // What is drawn has its text in paragraphs.
                XmlPiece::Text(_) if matches!(open.last(), Some(OpenText::Frame { .. })) => {}
                XmlPiece::Text(text) if self.state.n_paragraphs > 0 => self.put(&text),
                XmlPiece::Text(_) => {}
            }
            if self.state.n_paragraphs == 0 {
                self.read_boxes(&std::mem::take(&mut boxes));
            }
        }
        self.read_boxes(&boxes);
        self.flow.page.lacks(xml.lack());
        self.n_nested -= 1;
    }

    /// Whether what lies here may be read apart from what is around it.
    fn may_nest(&self) -> bool {
        self.n_nested < NESTED_MAX
    }

    /// Reads text boxes, which stand behind the paragraph that they are fixed to.
    fn read_boxes(&mut self, boxes: &[&str]) {
        for text in boxes {
            let inner =
                OpenDocumentState { n_tables: self.state.n_tables, ..OpenDocumentState::default() };
            let state = std::mem::replace(&mut self.state, inner);
            self.flow.end_block();
            self.read(text);
            self.flow.end_block();
            self.state = state;
        }
    }

    /// Begins an element; `None` if all of it has been read.
    fn start(
        &mut self,
        tag: &XmlTag,
        xml: &mut Xml,
        parent: Option<&mut OpenText>,
    ) -> Option<OpenText> {
        match tag.prefix() {
            "text" => self.start_text(tag, xml),
            "table" => self.start_table(tag, xml),
            "draw" | "presentation" => self.start_drawing(tag, xml, parent),
            "svg" if matches!(tag.name(), "title" | "desc") => {
                let text = xml.inner_text();
                if let Some(OpenText::Frame { description, .. }) = parent {
                    *description = text;
                }
                None
            }
            "office" => match tag.name() {
                "spreadsheet" => {
                    self.is_spreadsheet = true;
                    Some(OpenText::Other)
                }
                "document" | "document-content" | "body" | "text" | "presentation" | "drawing" => {
                    Some(OpenText::Other)
                }
                _ => self.skip(xml),
            },
            // Styles, forms, scripts, and formulas beside which there is a text.
            "style" | "form" | "script" | "number" | "dc" | "meta" | "chart" | "db" => {
                self.skip(xml)
            }
            _ if tag.name() == "annotation" => {
                self.comments.push(xml.inner_text());
                None
            }
            _ => Some(OpenText::Other),
        }
    }

    /// Goes past all of an element.
    fn skip(&mut self, xml: &mut Xml) -> Option<OpenText> {
        xml.skip();
        None
    }

    fn start_text(&mut self, tag: &XmlTag, xml: &mut Xml) -> Option<OpenText> {
        match tag.name() {
            "p" | "h" => self.begin_paragraph(tag),
            "list" => self.begin_list(tag),
            "list-item" | "list-header" => {
                self.begin_item(tag);
                Some(OpenText::Other)
            }
            "span" => {
                let style = self.state.style.clone();
                self.styles
                    .restyle(&tag.id("style-name").unwrap_or_default(), &mut self.state.style);
                Some(OpenText::Span(style))
            }
            "a" => {
                let link = tag.attribute("href").map(|it| Rc::from(&*it));
                let style = self.state.style.clone();
                self.state.style.link = link;
                Some(OpenText::Span(style))
            }
            "s" => {
                let n = tag.number("c").unwrap_or(1).min(SPACES_MAX);
                self.put(&" ".repeat(n));
                self.skip(xml)
            }
            "tab" => {
                self.put("\t");
                self.skip(xml)
            }
            "line-break" => {
                self.flow.line_break();
                self.skip(xml)
            }
            // Notes to notes are read as a part of them.
            "note" if !self.is_note => self.read_citation(xml),
            "change" => self.put_deleted(tag),
            "tracked-changes" => self.read_changes(xml),
            "ruby" => Some(OpenText::Ruby),
            "ruby-text" => {
                self.state.ruby = xml.inner_text();
                None
            }
            "section" => {
                let is_hidden = tag.attribute("display").is_some_and(|it| it == "none");
                if is_hidden {
                    self.flow.end_blocks();
                    self.flow.page.open_with("section", Some(("hidden", "")));
                }
                Some(if is_hidden { OpenText::Section } else { OpenText::Other })
            }
            "page-number" | "page-count" | "sheet-name" | "date" | "time" if self.is_margin => {
                self.put(CHANGING);
                self.skip(xml)
            }
            "number" | "script" | "note-citation" => self.skip(xml),
            "hidden-text" | "hidden-paragraph" => self.skip(xml),
            name if name.ends_with("-source") || name.ends_with("-decls") => self.skip(xml),
            _ if tag.attribute("display").is_some_and(|it| it == "none") => self.skip(xml),
            _ => Some(OpenText::Other),
        }
    }

    fn end(&mut self, ended: OpenText) {
        match ended {
            OpenText::Paragraph => {
                self.state.n_paragraphs = self.state.n_paragraphs.saturating_sub(1);
                self.state.style = FlowStyle::default();
                // Lines of code stand together.
                if !self.flow.is_pre() {
                    self.flow.end_block();
                }
            }
            OpenText::Span(style) => self.state.style = style,
            OpenText::List => {
                self.state.lists.pop();
            }
            OpenText::Frame { has_image, description } if has_image => {
                self.flow.image(&description)
            }
            OpenText::Table { is_sheet, row, lists, n_paragraphs } => {
                self.end_table(is_sheet, row);
                (self.state.lists, self.state.n_paragraphs) = (lists, n_paragraphs);
            }
            OpenText::HeadRows => self.state.row.is_head = false,
            OpenText::Row => self.flow.end_row(),
            OpenText::Cell => self.end_cell(),
            OpenText::Ruby => self.put_reading(),
            OpenText::Section => {
                self.flow.end_blocks();
                self.flow.page.close("section");
            }
            OpenText::Other | OpenText::Frame { .. } => {}
        }
    }

    /// Puts how the text before it is spoken.
    fn put_reading(&mut self) {
        let ruby = std::mem::take(&mut self.state.ruby);
        if !ruby.trim().is_empty() {
            let position = self.state.style.position.replace("rt");
            self.put(&format!("({ruby})"));
            self.state.style.position = position;
        }
    }

    fn put(&mut self, text: &str) {
        self.flow.put(text, &self.state.style);
    }

    fn begin_paragraph(&mut self, tag: &XmlTag) -> Option<OpenText> {
        self.state.n_paragraphs += 1;
        if self.state.n_paragraphs > 1 {
            return Some(OpenText::Paragraph);
        }
        let style = tag.id("style-name").unwrap_or_default();
        let mut sign = String::new();
        let level = self.state.lists.len().saturating_sub(1);
        let block = if tag.name() == "h" {
            let outline = tag.number("outline-level").unwrap_or(1_usize);
            sign = self.number_of_heading(tag, outline);
            FlowBlock::Heading(outline)
        } else if self.styles.is_based_on(&style, "Title") {
            FlowBlock::Heading(1)
        } else if self.styles.is_based_on(&style, "Preformatted_20_Text") {
            FlowBlock::Pre
        } else {
            match self.state.lists.last_mut() {
                Some(list) => match std::mem::replace(&mut list.has_text, true) {
                    true => FlowBlock::More,
                    false => {
                        let style = Rc::clone(&list.style);
                        self.item(&style, level)
                    }
                },
                None => FlowBlock::Paragraph,
            }
        };
        self.flow.block(block);
        if !sign.is_empty() {
            self.flow.put(&format!("{sign} "), &FlowStyle::default());
        }
        self.styles.restyle(&style, &mut self.state.style);
        self.state.style.position = None;
        Some(OpenText::Paragraph)
    }

    fn begin_list(&mut self, tag: &XmlTag) -> Option<OpenText> {
        if self.state.lists.len() >= LEVELS_MAX {
            return Some(OpenText::Other);
        }
        let outer = self.state.lists.last().map(|it| Rc::clone(&it.style));
        let own = tag.id("style-name").map(Rc::from);
        let style: Rc<str> = own.or(outer).unwrap_or_default();
        let goes_on = tag.attribute("continue-numbering").is_some_and(|it| it == "true")
            || tag.attribute("continue-list").is_some();
        if !goes_on {
            self.counted.remove(&(Rc::clone(&style), self.state.lists.len()));
        }
        self.state.lists.push(OpenDocumentList { style, has_text: false });
        Some(OpenText::List)
    }

    fn begin_item(&mut self, tag: &XmlTag) {
        let level = self.state.lists.len().saturating_sub(1);
        let Some(list) = self.state.lists.last_mut() else { return };
        list.has_text = tag.name() == "list-header";
        if let Some(start) = tag.number::<u32>("start-value") {
            self.counted.insert((Rc::clone(&list.style), level), start.saturating_sub(1));
        }
    }

    /// The next item of a list.
    fn item(&mut self, style: &Rc<str>, level: usize) -> FlowBlock {
        let number = match self.styles.list_level(style, level) {
            Some(ListLevel { counting: Some(_), start, .. }) => {
                let last = self.counted.entry((Rc::clone(style), level)).or_insert(start - 1);
                *last = last.saturating_add(1);
                Some(*last)
            }
            _ => None,
        };
        FlowBlock::Item(FlowItem { level, number, list: style.as_ptr() as usize })
    }

    /// The number that stands before a heading, if headings of its level have one.
    fn number_of_heading(&mut self, tag: &XmlTag, outline: usize) -> String {
        let at = outline.clamp(1, self.headings.len()) - 1;
        if tag.attribute("is-list-header").is_some_and(|it| it == "true") {
            return String::new();
        }
        let Some(level) = self.styles.outline(at) else { return String::new() };
        let Some(counting) = level.counting else { return String::new() };
        let first = at + 1 - level.n_shown.clamp(1, at + 1);
        let shown = level.clone();
        self.headings[at] = self.headings[at].saturating_add(1);
        self.headings[at + 1..].fill(0);
        let of = |at: usize| {
            let own = self.styles.outline(at).and_then(|it| it.counting);
            number(self.headings[at].max(1), own.unwrap_or(counting))
        };
        let numbers: Vec<_> = (first..=at).map(of).collect();
        format!("{}{}{}", shown.prefix, numbers.join("."), shown.suffix)
    }

    /// Puts the sign of a note, and keeps the note.
    fn read_citation(&mut self, xml: &mut Xml) -> Option<OpenText> {
        let depth = xml.depth();
        let mut sign = String::new();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "note-citation" => sign = xml.inner_text(),
                "note-body" => self.notes.push((sign.clone(), xml.inner_markup().to_owned())),
                _ => {}
            }
        }
        let style = FlowStyle { position: Some("sup"), ..self.state.style.clone() };
        self.flow.put(&sign, &style);
        None
    }

    /// Keeps what was deleted.
    fn read_changes(&mut self, xml: &mut Xml) -> Option<OpenText> {
        let mut id = String::new();
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "changed-region" => id = tag.id("id").unwrap_or_default(),
                "change-info" => xml.skip(),
                "p" | "h" => {
                    let deleted = self.deleted.entry(id.clone()).or_default();
                    if !deleted.is_empty() {
                        deleted.push(' ');
                    }
                    deleted.push_str(&xml.inner_text());
                }
                _ => {}
            }
        }
        None
    }

    /// Puts what was deleted here.
    fn put_deleted(&mut self, tag: &XmlTag) -> Option<OpenText> {
        let id = tag.id("change-id").unwrap_or_default();
        if let Some(text) = self.deleted.remove(&id) {
            let style = FlowStyle { hidden: Some("del"), ..self.state.style.clone() };
            self.flow.put(&text, &style);
        }
        Some(OpenText::Other)
    }

    /// Reads the heads and feet of pages, each line once.
    fn read_margins(&mut self, text: &str) {
        let mut seen = HashSet::new();
        let mut xml = Xml::new(text);
        self.state = OpenDocumentState::default();
        self.flow.end_all();
        self.is_margin = true;
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            let is_margin = tag.name().starts_with("header") || tag.name().starts_with("footer");
            if !is_margin || tag.prefix() != "style" || tag.name().ends_with("style") {
                continue;
            }
            let is_shown = tag.attribute("display").is_none_or(|it| it != "false");
            let markup = xml.inner_markup();
            if !is_shown {
                continue;
            }
            self.flow.keep();
            self.read(markup);
            for line in self.flow.kept().iter().filter_map(|it| margin_line(it)) {
                if !seen.contains(&line) {
                    self.flow.block(FlowBlock::Paragraph);
                    self.flow.put(&line, &FlowStyle::default());
                    seen.insert(line);
                }
            }
        }
        self.is_margin = false;
        self.flow.end_block();
    }
}

/// Whether it is drawn, with text of its own.
fn is_box(tag: &XmlTag) -> bool {
    tag.prefix() == "draw"
        && matches!(
            tag.name(),
            "text-box"
                | "custom-shape"
                | "rect"
                | "ellipse"
                | "circle"
                | "line"
                | "connector"
                | "polygon"
                | "polyline"
                | "path"
                | "caption"
                | "measure"
                | "g"
        )
}

#[cfg(test)]
mod tests {
    use super::super::package::tests::{body, zipped};
    use super::*;

    fn content(kind: &str, styles: &str, text: &str) -> String {
        format!("<office:document-content><office:automatic-styles>{styles}</office:automatic-styles>
            <office:body><office:{kind}>{text}</office:{kind}></office:body></office:document-content>")
    }

    fn read(kind: &str, styles: &str, text: &str) -> String {
        body(page(&zipped(&[("content.xml", &content(kind, styles, text))]), 100_000))
    }

    fn all_read(kind: &str, cases: &[(&str, &str)]) {
        for (text, html) in cases {
            assert_eq!(read(kind, "", text), *html, "{text}");
        }
    }

    #[test]
    fn texts_read_as_people_see_them() {
        all_read(
            "text",
            &[
                (
                    "<text:h text:outline-level='2'>a</text:h><text:p>b<text:s text:c='2'/>c<text:tab/>d</text:p>",
                    "<h2>a</h2><p>b  c\td</p>",
                ),
                (
                    "<text:p>a<text:line-break/><text:a xlink:href='b'>c</text:a></text:p>",
                    "<p>a<br><a href=\"b\">c</a></p>",
                ),
                (
                    "<text:p>a<office:annotation><text:p>no</text:p></office:annotation></text:p>",
                    "<p>a</p>",
                ),
                (
                    "<text:p>a<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>n</text:p></text:note-body></text:note></text:p><text:p>b</text:p>",
                    "<p>a<sup>1</sup></p><p>b</p><p><sup>1</sup> n</p>",
                ),
                (
                    "<text:p>a<draw:frame><draw:text-box><text:p>b</text:p></draw:text-box></draw:frame>c</text:p>",
                    "<p>ac</p><p>b</p>",
                ),
                (
                    "<text:p>a<draw:frame><draw:image/><svg:desc>b</svg:desc></draw:frame></text:p>",
                    "<p>a<img alt=\"b\"></p>",
                ),
                (
                    "<text:tracked-changes><text:changed-region text:id='c'><text:deletion><office:change-info><dc:creator>no</dc:creator></office:change-info><text:p>b</text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>a<text:change text:change-id='c'/></text:p>",
                    "<p>a<del hidden=\"\">b</del></p>",
                ),
                (
                    "<text:section text:display='none'><text:p>a</text:p></text:section><text:p>b</text:p>",
                    "<section hidden=\"\"><p>a</p></section><p>b</p>",
                ),
            ],
        );
    }

    #[test]
    fn styles_say_what_a_text_is() {
        let styles = "<style:style style:name='a' style:family='text'><style:text-properties style:text-position='super 58%'/></style:style>
            <style:style style:name='b' style:family='text'><style:text-properties text:display='none'/></style:style>
            <style:style style:name='c' style:family='paragraph' style:parent-style-name='Preformatted_20_Text'/>";
        let text = "<text:p>x<text:span text:style-name='a'>2</text:span><text:span text:style-name='b'>y</text:span></text:p>
            <text:p text:style-name='c'>p</text:p><text:p text:style-name='c'>q</text:p>";
        let html = "<p>x<sup>2</sup><span hidden=\"\">y</span></p><pre>p\nq</pre>";
        assert_eq!(read("text", styles, text), html);
    }

    #[test]
    fn lists_are_numbered_as_their_styles_say() {
        let styles = "<text:list-style style:name='n'><text:list-level-style-number text:level='1' style:num-format='1'/>
            <text:list-level-style-bullet text:level='2'/></text:list-style>";
        let item = |text: &str| format!("<text:list-item><text:p>{text}</text:p></text:list-item>");
        let text = format!(
            "<text:list text:style-name='n'>{}<text:list-item><text:p>b</text:p><text:p>c</text:p><text:list>{}
            </text:list></text:list-item></text:list><text:p>e</text:p>
            <text:list text:style-name='n' text:continue-numbering='true'>{}</text:list>",
            item("a"), item("d"), item("f")
        );
        let html = "<ol><li>a</li><li>b<br>c<ul><li>d</li></ul></li></ol><p>e</p><ol start=\"3\"><li>f</li></ol>";
        assert_eq!(read("text", styles, &text), html);
    }

    #[test]
    fn sheets_repeat_cells_and_rows_within_limits() {
        let cell = |attributes: &str, text: &str| {
            format!("<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>")
        };
        let text = format!(
            "<table:table table:name='A'><table:table-row>{}<table:table-cell table:number-columns-repeated='2'/>{}{}
            <table:table-cell table:number-columns-repeated='16000'/></table:table-row>
            <table:table-row table:number-rows-repeated='1048576'><table:table-cell/></table:table-row>
            <table:table-row table:number-rows-repeated='2'>{}<table:covered-table-cell/>{}</table:table-row></table:table>",
            cell("", "a"), cell("table:number-columns-repeated='2'", "b"), cell("", "c"),
            cell("table:number-columns-spanned='2'", "d"), cell("", "e")
        );
        let first = "<tr data-locator=\"A1\"><td>a</td><td></td><td></td><td>b</td><td>b</td><td>c</td></tr>";
        let later =
            |row| format!("<tr data-locator=\"A{row}\"><td colspan=\"2\">d</td><td>e</td></tr>");
        let (second, third) = (later(1_048_578), later(1_048_579));
        let section = "<section data-locator=\"sheet A\"><h2>A</h2>";
        let html = format!("{section}<table>{first}{second}{third}</table></section>");
        assert_eq!(read("spreadsheet", "", &text), html);
        let far = "<table:table-row table:number-rows-repeated='999999999'><table:table-cell \
            table:number-columns-repeated='999999999'><text:p>x</text:p></table:table-cell></table:table-row>";
        let bytes = zipped(&[(
            "content.xml",
            &content("spreadsheet", "", &format!("<table:table>{far}</table:table>")),
        )]);
        let found = page(&bytes, 64 << 20).unwrap();
        assert!(found.html.len() < 8 << 20 && found.lack == Lack::TRUNCATED);
        for (n_rows, lack) in [(10_000, Lack::default()), (10_001, Lack::TRUNCATED)] {
            let row = format!(
                "<table:table-row table:number-rows-repeated='{n_rows}'>{}</table:table-row>",
                cell("", "x")
            );
            let text = content("spreadsheet", "", &format!("<table:table>{row}</table:table>"));
            let found = page(&zipped(&[("content.xml", &text)]), 64 << 20);
            assert_eq!(found.unwrap().lack, lack, "{n_rows}");
        }
    }

    #[test]
    fn hidden_sheets_columns_and_rows_are_hidden() {
        let styles = "<style:style style:name='h' style:family='table'><style:table-properties table:display='false'/></style:style>";
        let row = "<table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row>";
        let text = format!("<table:table table:name='A' table:style-name='h'>{row}</table:table><table:table table:name='B'>
            <table:table-column/><table:table-column table:visibility='collapse'/>{row}</table:table>");
        let html = "<section data-locator=\"sheet A\" hidden=\"\"><h2>A</h2><table><tr data-locator=\"A1\"><td>a</td><td>b</td></tr></table></section>\
            <section data-locator=\"sheet B\"><h2>B</h2><table><tr data-locator=\"A1\"><td>a</td><td hidden=\"\">b</td></tr></table></section>";
        assert_eq!(read("spreadsheet", styles, &text), html);
    }

    #[test]
    fn slides_have_their_titles() {
        let frame = |class: &str, text: &str| {
            format!(
                "<draw:frame presentation:class='{class}'><draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame>"
            )
        };
        let text = format!(
            "<draw:page draw:name='page1'>{}{}<presentation:notes>{}</presentation:notes></draw:page>
            <draw:page draw:name='page2'>{}</draw:page><draw:page draw:name='Mine'/>",
            frame("outline", "a"), frame("title", "T"), frame("notes", "n"), frame("footer", "no")
        );
        let slide =
            |n: u32, html: &str| format!("<section data-locator=\"slide {n}\">{html}</section>");
        let first = slide(1, "<h2>T</h2><p>a</p><p>n</p>");
        let html = first + &slide(2, "") + &slide(3, "<h2>Mine</h2>");
        assert_eq!(read("presentation", "", &text), html);
    }

    #[test]
    fn margins_of_pages_are_read_once() {
        let styles = "<office:document-styles><office:master-styles><style:master-page><style:header><text:p>My letter</text:p>
            </style:header><style:header-left><text:p>My letter</text:p></style:header-left><style:footer><text:p>Page
            <text:page-number>1</text:page-number></text:p></style:footer></style:master-page></office:master-styles></office:document-styles>";
        let main = content("text", "", "<text:p>a</text:p>");
        let bytes = zipped(&[("content.xml", &main), ("styles.xml", styles)]);
        assert_eq!(body(page(&bytes, 1000)), "<p>a</p><p>My letter</p>");
    }

    #[test]
    fn flat_files_are_read_and_locked_ones_are_not() {
        let flat = "<?xml version='1.0'?><office:document xmlns='x'><office:meta><dc:title>T</dc:title></office:meta>
            <office:body><office:text><text:p>a</text:p></office:text></office:body></office:document>";
        let found = page(flat.as_bytes(), 1000);
        assert!(found.as_ref().unwrap().html.contains("<title hidden=\"\">T</title>"));
        assert_eq!(body(found), "<p>a</p>");
        let manifest = "<m><file-entry full-path='content.xml'><encryption-data/></file-entry></m>";
        let locked = zipped(&[("content.xml", "?"), ("META-INF/manifest.xml", manifest)]);
        assert_eq!(page(&locked, 1000), Err(NoText::Encrypted));
        assert_eq!(page(b"words", 1000), Err(NoText::Malformed));
        assert_eq!(page(&zipped(&[("content.xml", "")]), 1000), Err(NoText::Empty));
    }
}
