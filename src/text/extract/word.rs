//! Word's documents, as ECMA-376 has them: WordprocessingML in a package.

mod formula;
mod numbering;
mod properties;
mod signs;
mod styles;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::counting::{Counting, number};
use super::drawing;
use super::flow::{Flow, FlowBlock, FlowStyle};
use super::margin_lines::{CHANGING, is_number_field, margin_line};
use super::package::{Package, Relations};
use super::page::{NoText, Page};
use super::xml::{Xml, XmlPiece, XmlTag};
use numbering::Numbering;
use styles::WordStyles;

/// Text boxes that lie deeper in one another are read as text around them.
const BOXES_MAX: usize = 4;
/// Fields that lie deeper in one another are read as text.
const FIELDS_MAX: usize = 100;
/// So much of a field's instruction is looked at.
const INSTRUCTION_BYTES_MAX: usize = 4096;

/// Renders a document.
pub fn page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let mut package = Package::open(bytes)?;
    let main = package.main_part("word/document.xml");
    let text = package.main_text(&main)?;
    let mut flow = Flow::new(n_bytes_max);
    package.write_about(&mut flow.page);
    let relations = Rc::new(package.relations(&main));
    let mut part_of = |kind: &str| {
        let name = relations.of_kind(kind).next()?.to_owned();
        Some((package.named_text(&name)?, package.relations(&name)))
    };
    let styles = part_of("styles").unwrap_or_default().0;
    let numbering = part_of("numbering").unwrap_or_default().0;
    let footnotes = part_of("footnotes").unwrap_or_default();
    let endnotes = part_of("endnotes").unwrap_or_default();
    let mut reader = WordReader {
        package: &mut package,
        flow,
        styles: WordStyles::parse(&styles),
        numbering: Numbering::parse(&numbering),
        relations: Rc::clone(&relations),
        state: WordState::default(),
        notes: Notes::default(),
    };
    reader.read(&text, 0);
    reader.read_notes(NoteKind::Foot, footnotes);
    reader.read_notes(NoteKind::End, endnotes);
    reader.read_margins(&relations);
    reader.flow.finish_package(&mut package)
}

/// Reads the parts of a document.
struct WordReader<'p, 'a> {
    package: &'p mut Package<'a>,
    flow: Flow,
    styles: WordStyles,
    numbering: Numbering,
    /// Those of the part that is read.
    relations: Rc<Relations>,
    state: WordState,
    notes: Notes,
}

/// What holds where the text is read.
#[derive(Default)]
struct WordState {
    /// How the run stands.
    style: FlowStyle,
    /// The run is hidden.
    is_hidden: bool,
    /// So many of the open elements say that what is in them was deleted.
    n_deleted: usize,
    row: WordRow,
    /// A cell is to begin with what comes next.
    awaits_cell: bool,
    fields: Vec<Field>,
    /// What stands before the paragraph.
    sign: String,
    /// The end of the paragraph was deleted.
    joins: bool,
    /// The paragraph goes on with the next one.
    is_joined: bool,
    has_text: bool,
    /// How the text is spoken that comes next.
    ruby: String,
    /// What is read stands at the margins of pages.
    is_margin: bool,
}

/// What is said of a row of a table.
#[derive(Debug, Clone, Copy, Default)]
struct WordRow {
    is_deleted: bool,
    is_head: bool,
}

/// A field: an instruction, and what came of it.
struct Field {
    instruction: String,
    is_result: bool,
    /// It is a box to be checked, and that was done.
    is_checked: bool,
    /// Where the text around it leads.
    link: Option<Rc<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum NoteKind {
    Foot,
    End,
}

/// Notes in the order in which the text names them.
#[derive(Default)]
struct Notes {
    foot: Vec<String>,
    end: Vec<String>,
}

/// What ends with an element.
enum OpenPart {
    Other,
    Paragraph,
    Run {
        style: FlowStyle,
        is_hidden: bool,
    },
    Text,
    Instruction,
    Deleted,
    Link(Option<Rc<str>>),
    Position(Option<&'static str>),
    Table,
    Row(WordRow),
    Cell,
    /// Of several forms of the same the first counts.
    Alternatives {
        is_taken: bool,
    },
    RubyBase,
    /// A formula in brackets ends with this one.
    Brackets(String),
}

impl WordReader<'_, '_> {
    /// Reads a part, or a text box in it.
    fn read(&mut self, text: &str, n_boxes: usize) {
        let mut xml = Xml::new(text);
        let mut open = Vec::new();
        let mut boxes = Vec::new();
        let mut n_paragraphs = 0_usize;
        while let Some(piece) = xml.next() {
            match piece {
                _ if self.flow.is_full() => break,
                XmlPiece::Start(tag) if tag.name() == "txbxContent" && n_boxes < BOXES_MAX => {
                    boxes.push(xml.inner_markup());
                }
                XmlPiece::Start(tag) => {
                    if let Some(begun) = self.start(&tag, &mut xml, open.last_mut()) {
                        n_paragraphs += usize::from(matches!(begun, OpenPart::Paragraph));
                        open.push(begun);
                    }
                }
                XmlPiece::End => {
                    let Some(ended) = open.pop() else { continue };
                    n_paragraphs -= usize::from(matches!(ended, OpenPart::Paragraph));
                    self.end(ended);
                }
                XmlPiece::Text(text) => match open.last() {
                    Some(OpenPart::Text) => self.put(&text),
                    Some(OpenPart::Instruction) => self.put_instruction(&text),
                    _ => {}
                },
            }
            if n_paragraphs == 0 && !boxes.is_empty() {
                self.read_boxes(&std::mem::take(&mut boxes), n_boxes + 1);
            }
        }
        self.flow.page.lacks(xml.lack());
        self.read_boxes(&boxes, n_boxes + 1);
    }

    /// Reads text boxes, which stand behind the paragraph that they are fixed to.
    fn read_boxes(&mut self, boxes: &[&str], n_boxes: usize) {
        for text in boxes {
            let WordState { n_deleted, is_margin, .. } = self.state;
            let inner = WordState { n_deleted, is_margin, ..WordState::default() };
            let state = std::mem::replace(&mut self.state, inner);
            self.flow.end_block();
            self.read(text, n_boxes);
            self.flow.end_block();
            self.state = state;
        }
    }

    /// Begins an element; `None` if all of it has been read.
    fn start(
        &mut self,
        tag: &XmlTag,
        xml: &mut Xml,
        parent: Option<&mut OpenPart>,
    ) -> Option<OpenPart> {
        if tag.prefix() == "m" {
            return self.start_formula(tag, xml, parent);
        }
        if self.state.awaits_cell && tag.name() != "tcPr" {
            self.begin_cell(1);
        }
        match tag.name() {
            "r" => return Some(self.start_run()),
            "t" | "delText" => return Some(OpenPart::Text),
            "instrText" => return Some(OpenPart::Instruction),
            "del" | "moveFrom" => {
                self.state.n_deleted += 1;
                return Some(OpenPart::Deleted);
            }
            "hyperlink" => {
                let link = self.link(tag);
                return Some(OpenPart::Link(std::mem::replace(&mut self.state.style.link, link)));
            }
            "p" => {
                self.begin_paragraph();
                return Some(OpenPart::Paragraph);
            }
            "tbl" => {
                self.flow.table();
                return Some(OpenPart::Table);
            }
            "tr" => {
                self.flow.row();
                return Some(OpenPart::Row(std::mem::take(&mut self.state.row)));
            }
            "tc" => {
                self.state.awaits_cell = true;
                return Some(OpenPart::Cell);
            }
            "rubyBase" => return Some(OpenPart::RubyBase),
            "fldSimple" if self.state.is_margin => {
                let instruction = tag.attribute("instr").unwrap_or_default();
                if is_number_field(&instruction) {
                    self.put(CHANGING);
                    xml.skip();
                    return None;
                }
            }
            "AlternateContent" => return Some(OpenPart::Alternatives { is_taken: false }),
            "Choice" | "Fallback" => {
                if let Some(OpenPart::Alternatives { is_taken }) = parent
                    && std::mem::replace(is_taken, true)
                {
                    xml.skip();
                    return None;
                }
            }
            name if name.ends_with("Pr") || matches!(name, "rt" | "tblGrid" | "binData") => {
                self.read_properties(tag, xml, matches!(parent, Some(OpenPart::Run { .. })));
                return None;
            }
            _ => self.start_sign(tag),
        }
        Some(OpenPart::Other)
    }

    /// Reads all of an element whose text is none of the document's.
    fn read_properties(&mut self, tag: &XmlTag, xml: &mut Xml, is_in_run: bool) {
        match tag.name() {
            "pPr" => self.read_paragraph_properties(xml),
            "rPr" => self.read_run_properties(xml, is_in_run),
            "trPr" => self.read_row_properties(xml),
            "tcPr" => self.read_cell_properties(xml),
            "rt" => self.state.ruby = xml.inner_text(),
            // Here it is a name only.
            "docPr" => {
                if !self.is_instruction() {
                    self.flow.image(&tag.attribute("descr").unwrap_or_default());
                }
                xml.skip();
            }
            _ => xml.skip(),
        }
    }

    fn start_run(&self) -> OpenPart {
        OpenPart::Run { style: self.state.style.clone(), is_hidden: self.state.is_hidden }
    }

    fn begin_cell(&mut self, n_columns: usize) {
        self.state.awaits_cell = false;
        self.flow.cell(if self.state.row.is_head { "th" } else { "td" }, n_columns);
    }

    /// Puts what stands for itself.
    fn start_sign(&mut self, tag: &XmlTag) {
        match tag.name() {
            "tab" | "ptab" => self.put("\t"),
            "br" | "cr" if !self.is_instruction() => self.flow.line_break(),
            "noBreakHyphen" => self.put("\u{2011}"),
            "sym" => {
                let code = tag.attribute("char").and_then(|it| u32::from_str_radix(&it, 16).ok());
                let font = tag.attribute("font").unwrap_or_default();
                if let Some(sign) = code.and_then(|code| signs::sign(&font, code)) {
                    self.put(sign.encode_utf8(&mut [0; 4]));
                }
            }
            "fldChar" => match tag.attribute("fldCharType").as_deref() {
                Some("begin") => self.begin_field(),
                Some("separate") => self.begin_result(),
                Some("end") => self.end_field(),
                _ => {}
            },
            "checked" | "default" => {
                if let Some(field) = self.state.fields.last_mut().filter(|it| !it.is_result) {
                    field.is_checked = tag.is_on();
                }
            }
            "footnoteReference" => self.refer(tag, NoteKind::Foot),
            "endnoteReference" => self.refer(tag, NoteKind::End),
            "shape" | "rect" if !self.is_instruction() => {
                self.flow.image(&tag.attribute("alt").unwrap_or_default());
            }
            "textpath" => {
                let text = tag.attribute("string").unwrap_or_default();
                self.put(&text);
            }
            "chart" | "relIds" => self.read_drawing(tag),
            _ => {}
        }
    }

    fn end(&mut self, ended: OpenPart) {
        let state = &mut self.state;
        match ended {
            OpenPart::Paragraph => self.end_paragraph(),
            OpenPart::Run { style, is_hidden } => {
                (state.style, state.is_hidden) = (style, is_hidden)
            }
            OpenPart::Deleted => state.n_deleted = state.n_deleted.saturating_sub(1),
            OpenPart::Link(link) => state.style.link = link,
            OpenPart::Position(position) => state.style.position = position,
            OpenPart::Table => self.flow.end_table(),
            OpenPart::Row(row) => {
                state.row = row;
                self.flow.end_row();
            }
            OpenPart::Cell => {
                if std::mem::take(&mut state.awaits_cell) {
                    self.begin_cell(1);
                }
                self.flow.end_cell();
            }
            OpenPart::RubyBase => self.put_reading(),
            OpenPart::Brackets(end) => self.put(&end),
            OpenPart::Other
            | OpenPart::Text
            | OpenPart::Instruction
            | OpenPart::Alternatives { .. } => {}
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

    /// Puts text as it stands here.
    fn put(&mut self, text: &str) {
        if self.is_instruction() {
            return;
        }
        let state = &mut self.state;
        let style = FlowStyle {
            hidden: match () {
                () if state.n_deleted > 0 || state.row.is_deleted => Some("del"),
                () if state.is_hidden => Some("span"),
                () => None,
            },
            ..state.style.clone()
        };
        if !text.trim().is_empty() && style.hidden.is_none() {
            state.has_text = true;
            let sign = std::mem::take(&mut state.sign);
            if !sign.is_empty() {
                self.flow.put(&sign, &FlowStyle::default());
                self.flow.put(" ", &FlowStyle::default());
            }
        }
        self.flow.put(text, &style);
    }

    fn is_instruction(&self) -> bool {
        self.state.fields.iter().any(|it| !it.is_result)
    }

    fn begin_paragraph(&mut self) {
        if !std::mem::take(&mut self.state.is_joined) {
            self.flow.block(FlowBlock::Paragraph);
            self.state.sign.clear();
            self.state.has_text = false;
        }
    }

    fn end_paragraph(&mut self) {
        // An instruction that does not end where it began would hide all the rest.
        while self.state.fields.pop_if(|it| !it.is_result).is_some() {}
        self.state.is_joined = std::mem::take(&mut self.state.joins) && self.state.has_text;
        if !self.state.is_joined {
            self.flow.end_block();
        }
    }

    /// Where a link leads.
    fn link(&self, tag: &XmlTag) -> Option<Rc<str>> {
        let address = tag.relation("id").and_then(|it| self.relations.address(&it));
        let anchor = tag.attribute("anchor").filter(|it| !it.is_empty());
        match (address, anchor) {
            (Some(address), Some(anchor)) => Some(format!("{address}#{anchor}").into()),
            (Some(address), None) => Some(address),
            (None, Some(anchor)) => Some(format!("#{anchor}").into()),
            (None, None) => self.state.style.link.clone(),
        }
    }

    fn begin_field(&mut self) {
        if self.state.fields.len() < FIELDS_MAX {
            let link = self.state.style.link.clone();
            let instruction = String::new();
            self.state.fields.push(Field {
                instruction,
                is_result: false,
                is_checked: false,
                link,
            });
        }
    }

    fn put_instruction(&mut self, text: &str) {
        if let Some(field) = self.state.fields.last_mut().filter(|it| !it.is_result)
            && field.instruction.len() + text.len() <= INSTRUCTION_BYTES_MAX
        {
            field.instruction.push_str(text);
        }
    }

    fn begin_result(&mut self) {
        if let Some(field) = self.state.fields.last_mut() {
            if self.state.is_margin && is_number_field(&field.instruction) {
                return self.flow.put(CHANGING, &FlowStyle::default());
            }
            field.is_result = true;
            if let Some(link) = link_of_instruction(&field.instruction) {
                self.state.style.link = Some(link.into());
            }
        }
    }

    fn end_field(&mut self) {
        if let Some(field) = self.state.fields.pop() {
            if field.instruction.trim().starts_with("FORMCHECKBOX") {
                self.put(if field.is_checked { "☒" } else { "☐" });
            }
            self.state.style.link = field.link;
        }
    }

    /// Puts the number of a note.
    fn refer(&mut self, tag: &XmlTag, kind: NoteKind) {
        let Some(id) = tag.id("id") else { return };
        if self.is_instruction() || tag.attribute("customMarkFollows").is_some_and(|it| it != "0") {
            return;
        }
        let notes = self.notes.of(kind);
        notes.push(id);
        let number = note_number(kind, notes.len());
        let position = self.state.style.position.replace("sup");
        self.put(&number);
        self.state.style.position = position;
    }

    /// Puts the text of a chart or a diagram.
    fn read_drawing(&mut self, tag: &XmlTag) {
        let id = tag.relation(if tag.name() == "chart" { "id" } else { "dm" });
        let Some(name) = id.and_then(|it| self.relations.part(&it)) else { return };
        let Some(text) = self.package.named_text(name) else { return };
        for words in drawing::words(&text) {
            self.put(&words);
            self.flow.line_break();
        }
    }

    /// Reads the notes that the text names, in its order.
    fn read_notes(&mut self, kind: NoteKind, (text, relations): (String, Relations)) {
        let mut notes = notes_by_id(&text);
        self.relations = Rc::new(relations);
        self.flow.end_all();
        for (at, id) in std::mem::take(self.notes.of(kind)).iter().enumerate() {
            let Some(note) = notes.remove(id.as_str()) else { continue };
            self.flow.block(FlowBlock::Paragraph);
            let style = FlowStyle { position: Some("sup"), ..FlowStyle::default() };
            self.flow.put(&note_number(kind, at + 1), &style);
            self.flow.put(" ", &FlowStyle::default());
            // The first paragraph stands beside the number.
            self.state = WordState { is_joined: true, ..WordState::default() };
            self.read(note, 0);
        }
    }

    /// Reads the heads and feet of pages, each line once. Numbers of pages alone say nothing.
    fn read_margins(&mut self, relations: &Relations) {
        self.flow.end_all();
        let mut seen = HashSet::new();
        for name in relations.of_kind("header").chain(relations.of_kind("footer")) {
            let Some(text) = self.package.named_text(name) else { continue };
            self.relations = Rc::new(self.package.relations(name));
            self.state = WordState { is_margin: true, ..WordState::default() };
            self.flow.keep();
            self.read(&text, 0);
            for line in self.flow.kept().iter().filter_map(|it| margin_line(it)) {
                if !seen.contains(&line) {
                    self.flow.block(FlowBlock::Paragraph);
                    self.flow.put(&line, &FlowStyle::default());
                    seen.insert(line);
                }
            }
        }
        self.flow.end_block();
    }
}

impl Notes {
    fn of(&mut self, kind: NoteKind) -> &mut Vec<String> {
        match kind {
            NoteKind::Foot => &mut self.foot,
            NoteKind::End => &mut self.end,
        }
    }
}

/// The markup of notes; that of lines between text and notes is left out.
fn notes_by_id(text: &str) -> HashMap<String, &str> {
    let mut notes = HashMap::new();
    let mut xml = Xml::new(text);
    while let Some(piece) = xml.next() {
        let XmlPiece::Start(tag) = piece else { continue };
        if matches!(tag.name(), "footnote" | "endnote")
            && let Some(id) = tag.id("id")
        {
            notes.entry(id).or_insert(xml.inner_markup());
        }
    }
    notes
}

/// The number that a note has where nothing else is set.
fn note_number(kind: NoteKind, nth: usize) -> String {
    let counting = match kind {
        NoteKind::Foot => Counting::Decimal,
        NoteKind::End => Counting::LowerRoman,
    };
    number(u32::try_from(nth).unwrap_or(u32::MAX), counting)
}

/// Where a field leads: `HYPERLINK "https://example.org" \l "place"`.
fn link_of_instruction(instruction: &str) -> Option<String> {
    let rest = instruction.trim_start().strip_prefix("HYPERLINK")?;
    let mut address = String::new();
    let mut is_place = false;
    for (at, part) in rest.split('"').enumerate() {
        if at % 2 == 0 {
            is_place = part.contains("\\l");
            continue;
        }
        if is_place {
            address.push('#');
        } else if !address.is_empty() {
            continue;
        }
        address.push_str(part);
    }
    (!address.is_empty()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::super::package::tests::{body, zipped};
    use super::*;

    /// A document with this body and these other parts of the folder `word`, related by their names.
    fn document(text: &str, parts: &[(&str, &str)]) -> Vec<u8> {
        let main = format!("<w:document><w:body>{text}</w:body></w:document>");
        let mut relations = r#"<R><Relationship Id="l" Type="x/hyperlink" TargetMode="External"
            Target="http://example.org/"/>"#
            .to_owned();
        for (name, _) in parts {
            let kind = name.trim_end_matches(char::is_numeric);
            relations.push_str(&format!(
                "<Relationship Id='{name}' Type='x/{kind}' Target='{name}.xml'/>"
            ));
        }
        relations.push_str("</R>");
        let named: Vec<_> =
            parts.iter().map(|(name, text)| (format!("word/{name}.xml"), *text)).collect();
        let mut all = vec![
            ("word/document.xml", main.as_str()),
            ("word/_rels/document.xml.rels", relations.as_str()),
        ];
        all.extend(named.iter().map(|(name, text)| (name.as_str(), *text)));
        zipped(&all)
    }

    fn read(text: &str, parts: &[(&str, &str)]) -> String {
        body(page(&document(text, parts), 100_000))
    }

    fn all_read(cases: &[(&str, &str)]) {
        for (text, html) in cases {
            assert_eq!(read(text, &[]), *html, "{text}");
        }
    }

    #[test]
    fn runs_read_as_people_see_them() {
        all_read(&[
            ("<w:p><w:r><w:t>a</w:t></w:r><w:r><w:t> b</w:t></w:r></w:p>", "<p>a b</p>"),
            (
                "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>",
                "<p>a\tb<br>c</p>",
            ),
            (
                "<w:p><w:r><w:t>a</w:t><w:noBreakHyphen/><w:softHyphen/><w:t>b</w:t></w:r></w:p>",
                "<p>a\u{2011}b</p>",
            ),
            (
                "<w:p><w:r><w:sym w:font='Symbol' w:char='F061'/><w:sym w:font='Wingdings' w:char='F0FC'/></w:r></w:p>",
                "<p>α✓</p>",
            ),
            (
                "<w:p><w:r><w:t>m</w:t></w:r><w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>2</w:t></w:r></w:p>",
                "<p>m<sup>2</sup></p>",
            ),
            (
                "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>a</w:t></w:r><w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>b</w:t></w:r></w:p>",
                "<p><span hidden=\"\">a</span>b</p>",
            ),
            (
                "<w:p><w:r><w:ruby><w:rt><w:r><w:t>b</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>a</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>",
                "<p>a<rt>(b)</rt></p>",
            ),
            (
                "<w:p><w:r><w:drawing><wp:docPr descr='a'/></w:drawing></w:r><w:r><w:t>b</w:t></w:r></w:p>",
                "<p><img alt=\"a\">b</p>",
            ),
        ]);
    }

    #[test]
    fn links_and_fields_lead_where_they_say() {
        let link = "<a href=\"http://example.org/\">a</a>";
        let field = |instruction: &str| {
            format!("<w:p><w:r><w:fldChar w:fldCharType='begin'/><w:instrText>{instruction}</w:instrText>
                <w:fldChar w:fldCharType='separate'/><w:t>a</w:t><w:fldChar w:fldCharType='end'/>
                <w:t>b</w:t></w:r></w:p>")
        };
        all_read(&[
            (
                "<w:p><w:hyperlink r:id='l'><w:r><w:t>a</w:t></w:r></w:hyperlink></w:p>",
                &format!("<p>{link}</p>"),
            ),
            (&field("HYPERLINK \"http://example.org/\""), &format!("<p>{link}b</p>")),
            (
                &field("HYPERLINK \"http://example.org/\" \\l \"c\""),
                "<p><a href=\"http://example.org/#c\">a</a>b</p>",
            ),
            (&field("DATE"), "<p>ab</p>"),
            (
                "<w:p><w:r><w:fldChar w:fldCharType='begin'/><w:t>no</w:t></w:r></w:p><w:p><w:r><w:t>a</w:t></w:r></w:p>",
                "<p>a</p>",
            ),
        ]);
    }

    #[test]
    fn changes_read_as_accepted() {
        all_read(&[
            (
                "<w:p><w:ins><w:r><w:t>a</w:t></w:r></w:ins><w:del><w:r><w:delText>b</w:delText></w:r></w:del></w:p>",
                "<p>a<del hidden=\"\">b</del></p>",
            ),
            (
                "<w:p><w:moveTo><w:r><w:t>a</w:t></w:r></w:moveTo><w:moveFrom><w:r><w:t>b</w:t></w:r></w:moveFrom></w:p>",
                "<p>a<del hidden=\"\">b</del></p>",
            ),
            (
                "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>a</w:t></w:r></w:p><w:p><w:r><w:t>b</w:t></w:r></w:p>",
                "<p>ab</p>",
            ),
        ]);
    }

    #[test]
    fn headings_are_known_by_their_styles() {
        let styles = "<w:styles><w:style w:styleId='a'><w:name w:val='heading 2'/></w:style>
            <w:style w:styleId='b'><w:basedOn w:val='a'/></w:style>
            <w:style w:styleId='c'><w:basedOn w:val='a'/><w:pPr><w:outlineLvl w:val='9'/></w:pPr></w:style>
            <w:style w:styleId='d'><w:basedOn w:val='d'/></w:style></w:styles>";
        let text = ["a", "b", "c", "d"].map(|it| {
            format!("<w:p><w:pPr><w:pStyle w:val='{it}'/></w:pPr><w:r><w:t>{it}</w:t></w:r></w:p>")
        });
        let html = "<h2>a</h2><h2>b</h2><p>c</p><p>d</p>";
        assert_eq!(read(&text.concat(), &[("styles", styles)]), html);
        all_read(&[(
            "<w:p><w:pPr><w:outlineLvl w:val='0'/></w:pPr><w:r><w:t>a</w:t></w:r></w:p>",
            "<h1>a</h1>",
        )]);
    }

    #[test]
    fn paragraphs_are_numbered_as_they_show() {
        let numbering = "<w:numbering><w:abstractNum w:abstractNumId='0'>
            <w:lvl w:ilvl='0'><w:numFmt w:val='decimal'/><w:lvlText w:val='%1.'/></w:lvl>
            <w:lvl w:ilvl='1'><w:numFmt w:val='lowerLetter'/><w:lvlText w:val='%1.%2'/></w:lvl>
            </w:abstractNum><w:abstractNum w:abstractNumId='1'>
            <w:lvl w:ilvl='0'><w:numFmt w:val='bullet'/><w:lvlText w:val='-'/></w:lvl></w:abstractNum>
            <w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num>
            <w:num w:numId='2'><w:abstractNumId w:val='1'/></w:num>
            <w:num w:numId='3'><w:abstractNumId w:val='0'/>
            <w:lvlOverride w:ilvl='0'><w:startOverride w:val='7'/></w:lvlOverride></w:num></w:numbering>";
        let text = [(1, 0), (1, 0), (2, 0), (1, 0), (1, 1), (3, 0), (9, 0)].map(|(list, level)| {
            format!("<w:p><w:pPr><w:numPr><w:ilvl w:val='{level}'/><w:numId w:val='{list}'/></w:numPr></w:pPr>
                <w:r><w:t>x</w:t></w:r></w:p>")
        });
        let html = "<ol><li>x</li><li>x</li></ol><ul><li>x</li></ul><ol start=\"3\"><li>x</li></ol>\
            <p>3.a x</p><ol start=\"7\"><li>x</li></ol><p>x</p>";
        assert_eq!(read(&text.concat(), &[("numbering", numbering)]), html);
    }

    #[test]
    fn tables_have_rows_and_cells_that_span() {
        all_read(&[(
            "<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr>
            <w:p><w:r><w:t>a</w:t></w:r></w:p><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc>
            <w:p/></w:tc><w:tc><w:tbl><w:tr><w:tc><w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
            </w:tc></w:tr></w:tbl>",
            "<table><tr><th colspan=\"2\">a<br>b</th></tr><tr><td></td><td><table><tr><td>c</td></tr></table>\
            </td></tr></table>",
        )]);
    }

    #[test]
    fn boxes_follow_their_paragraph_and_are_read_once() {
        all_read(&[(
            "<w:p><w:r><w:t>a</w:t><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>b</w:t>
            </w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent><w:p><w:r><w:t>b</w:t></w:r>
            </w:p></w:txbxContent></mc:Fallback></mc:AlternateContent><w:t>c</w:t></w:r></w:p>",
            "<p>ac</p><p>b</p>",
        )]);
    }

    #[test]
    fn formulas_are_lines() {
        all_read(&[(
            "<w:p><m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r></m:den>
            </m:f><m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>
            <m:d><m:dPr><m:begChr m:val='['/></m:dPr><m:e><m:r><m:t>d</m:t></m:r></m:e></m:d></m:oMath></w:p>",
            "<p>a/bc<sup>2</sup>[d)</p>",
        )]);
    }

    #[test]
    fn notes_and_margins_follow_the_text() {
        let footnotes = "<w:footnotes><w:footnote w:id='0'><w:p><w:r><w:t>no</w:t></w:r></w:p></w:footnote>
            <w:footnote w:id='5'><w:p><w:r><w:footnoteRef/><w:t>Note.</w:t></w:r></w:p></w:footnote></w:footnotes>";
        let header =
            "<w:hdr><w:p><w:r><w:t>My letter</w:t></w:r></w:p><w:p><w:r><w:t>Page </w:t></w:r>
            <w:fldSimple w:instr=' PAGE '><w:r><w:t>1</w:t></w:r></w:fldSimple></w:p></w:hdr>";
        let text = "<w:p><w:r><w:t>a</w:t><w:footnoteReference w:id='5'/></w:r></w:p>";
        let parts = [("footnotes", footnotes), ("header1", header), ("header2", header)];
        let html = "<p>a<sup>1</sup></p><p><sup>1</sup> Note.</p><p>My letter</p>";
        assert_eq!(read(text, &parts), html);
    }

    #[test]
    fn what_is_no_document_has_no_text() {
        assert_eq!(page(b"PK", 1000), Err(NoText::Malformed));
        assert_eq!(page(&zipped(&[("a", "b")]), 1000), Err(NoText::Malformed));
        assert_eq!(page(&document("<w:p/>", &[]), 1000), Err(NoText::Empty));
        let long = document(&"<w:p><w:r><w:t>word</w:t></w:r></w:p>".repeat(100), &[]);
        assert!(page(&long, 100).unwrap().lack.is_truncated);
    }
}
