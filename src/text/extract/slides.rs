//! PowerPoint's presentations, as ECMA-376 has them: PresentationML in a package.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::drawing;
use super::flow::{Flow, FlowBlock, FlowItem, FlowStyle};
use super::package::{Package, Relations};
use super::page::{NoText, Page};
use super::xml::{Xml, XmlPiece, XmlTag};

/// A presentation has so many slides.
const SLIDES_MAX: usize = 10_000;
/// Lists have so many levels.
const LEVELS: usize = 9;

/// Renders a presentation.
pub fn page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let mut package = Package::open(bytes)?;
    let main = package.main_part("ppt/presentation.xml");
    let text = package.main_text(&main)?;
    let mut flow = Flow::new(n_bytes_max);
    package.write_about(&mut flow.page);
    let relations = package.relations(&main);
    let mut reader = SlidesReader {
        package: &mut package,
        flow,
        relations: Relations::default(),
        layouts: HashMap::new(),
        feet: Vec::new(),
        state: SlidesState::default(),
    };
    for (at, name) in slide_names(&text, &relations).iter().enumerate() {
        reader.read_slide(at + 1, name);
        if reader.flow.is_full() {
            break;
        }
    }
    reader.write_feet();
    let flow = reader.flow;
    flow.finish_package(&mut package)
}

/// The parts that slides are in, in order.
fn slide_names(text: &str, relations: &Relations) -> Vec<String> {
    let mut names = Vec::new();
    let mut xml = Xml::new(text);
    while let Some(piece) = xml.next() {
        let XmlPiece::Start(tag) = piece else { continue };
        if tag.name() == "sldId" && names.len() < SLIDES_MAX {
            let name = tag.relation("id").and_then(|it| relations.part(&it).map(str::to_owned));
            // Of a name that leads nowhere there is no part.
            names.push(name.unwrap_or_default());
        }
    }
    names
}

/// Levels of a text that have no bullets.
type Plain = [bool; LEVELS];

/// Reads slides.
struct SlidesReader<'p, 'a> {
    package: &'p mut Package<'a>,
    flow: Flow,
    /// Those of the part that is read.
    relations: Relations,
    /// What the texts of layouts have no bullets for, by the layout and the text's index.
    layouts: HashMap<String, Rc<HashMap<String, Plain>>>,
    /// What stands at the foot of slides.
    feet: Vec<String>,
    state: SlidesState,
}

/// What holds where the text is read.
#[derive(Default)]
struct SlidesState {
    layout: Rc<HashMap<String, Plain>>,
    shape: Shape,
    style: FlowStyle,
    level: usize,
    counted: [u32; LEVELS],
    /// The title stands above the slide already.
    skips_title: bool,
    /// Notes have no bullets.
    is_notes: bool,
}

/// What the text of a shape is.
#[derive(Default)]
struct Shape {
    place: ShapePlace,
    plain: Plain,
}

/// Which place a text has in the layout of a slide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum ShapePlace {
    /// None of them.
    #[default]
    Free,
    Title,
    /// Text that has bullets where nothing else is said.
    Body,
    /// What does not, such as a title beneath the title.
    Text,
    Foot,
    /// The date, the number of the slide, the picture of the slide above notes.
    Skipped,
}

/// What ends with an element.
enum OpenShape {
    Other,
    Shape(Shape),
    Paragraph,
    Run(FlowStyle),
    Text,
    Position(Option<&'static str>),
    Table,
    Row,
    Cell,
    Alternatives { is_taken: bool },
}

impl SlidesReader<'_, '_> {
    fn read_slide(&mut self, number: usize, name: &str) {
        let Some(text) = self.package.named_text(name) else { return };
        let relations = self.package.relations(name);
        let layout = relations.of_kind("slideLayout").next().map(|it| self.layout(it));
        let notes = relations.of_kind("notesSlide").next().map(str::to_owned);
        self.relations = relations;
        let title = title(&text);
        self.state = SlidesState {
            layout: layout.unwrap_or_default(),
            skips_title: title.is_some(),
            ..SlidesState::default()
        };
        self.flow.page.section(&format!("slide {number}"), is_hidden(&text));
        // That it is the second slide is no text of it.
        if let Some(title) = title {
            self.flow.block(FlowBlock::Heading(2));
            self.flow.put(&title, &FlowStyle::default());
        }
        self.read(&text);
        if let Some(notes) = notes
            && let Some(text) = self.package.named_text(&notes)
        {
            self.relations = self.package.relations(&notes);
            self.state = SlidesState { is_notes: true, ..SlidesState::default() };
            self.read(&text);
        }
        self.flow.page.close("section");
    }

    /// What the texts of a layout have no bullets for.
    fn layout(&mut self, name: &str) -> Rc<HashMap<String, Plain>> {
        if let Some(layout) = self.layouts.get(name) {
            return Rc::clone(layout);
        }
        let text = self.package.text(name).unwrap_or_default();
        let layout = Rc::new(plain_texts(&text));
        self.layouts.insert(name.to_owned(), Rc::clone(&layout));
        layout
    }

    fn read(&mut self, text: &str) {
        let mut xml = Xml::new(text);
        let mut open = Vec::new();
        while let Some(piece) = xml.next() {
            match piece {
                _ if self.flow.is_full() => break,
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
                XmlPiece::Text(text) => {
                    if matches!(open.last(), Some(OpenShape::Text)) {
                        self.put(&text);
                    }
                }
            }
        }
        self.flow.page.lacks(xml.lack());
        self.flow.end_all();
    }

    /// Begins an element; `None` if all of it has been read.
    fn start(
        &mut self,
        tag: &XmlTag,
        xml: &mut Xml,
        parent: Option<&mut OpenShape>,
    ) -> Option<OpenShape> {
        match tag.name() {
            "sp" => return Some(OpenShape::Shape(std::mem::take(&mut self.state.shape))),
            "ph" => self.state.shape = self.placed(tag),
            "lstStyle" => {
                note_plain(xml, &mut self.state.shape.plain);
                return None;
            }
            "p" if tag.prefix() == "a" => {
                self.state.level = 0;
                self.begin_paragraph(None);
                return Some(OpenShape::Paragraph);
            }
            "pPr" => {
                self.read_paragraph_properties(tag, xml);
                return None;
            }
            "r" | "fld" => return Some(OpenShape::Run(self.state.style.clone())),
            "rPr" => {
                self.read_run_properties(tag, xml);
                return None;
            }
            "t" => return Some(OpenShape::Text),
            "br" => self.flow.line_break(),
            "sup" | "sub" if tag.prefix() == "m" => {
                let position = if tag.name() == "sup" { "sup" } else { "sub" };
                return Some(OpenShape::Position(self.state.style.position.replace(position)));
            }
            "den" if tag.prefix() == "m" => self.put("/"),
            "tbl" => {
                self.flow.table();
                return Some(OpenShape::Table);
            }
            "tr" => {
                self.flow.row();
                return Some(OpenShape::Row);
            }
            "tc" if tag.attribute("hMerge").is_some_and(|it| it == "1") => {
                xml.skip();
                return None;
            }
            "tc" => {
                self.flow.cell("td", tag.number("gridSpan").unwrap_or(1));
                return Some(OpenShape::Cell);
            }
            "cNvPr" => self.put_image(tag),
            "chart" | "relIds" => self.read_drawing(tag),
            "AlternateContent" => return Some(OpenShape::Alternatives { is_taken: false }),
            "Choice" | "Fallback" => {
                if let Some(OpenShape::Alternatives { is_taken }) = parent
                    && std::mem::replace(is_taken, true)
                {
                    xml.skip();
                    return None;
                }
            }
            "timing" | "transition" | "extLst" | "bodyPr" | "spPr" | "tblPr" | "endParaRPr" => {
                xml.skip();
                return None;
            }
            _ => {}
        }
        Some(OpenShape::Other)
    }

    fn end(&mut self, ended: OpenShape) {
        match ended {
            OpenShape::Shape(outer) => {
                self.flow.end_blocks();
                self.state.shape = outer;
                self.state.counted = [0; LEVELS];
            }
            OpenShape::Paragraph => self.end_paragraph(),
            OpenShape::Run(style) => self.state.style = style,
            OpenShape::Position(position) => self.state.style.position = position,
            OpenShape::Table => self.flow.end_table(),
            OpenShape::Row => self.flow.end_row(),
            OpenShape::Cell => self.flow.end_cell(),
            OpenShape::Other | OpenShape::Text | OpenShape::Alternatives { .. } => {}
        }
    }

    fn put(&mut self, text: &str) {
        let is_title = self.state.shape.place == ShapePlace::Title && self.state.skips_title;
        if !is_title && self.state.shape.place != ShapePlace::Skipped {
            self.flow.put(text, &self.state.style);
        }
    }

    fn placed(&self, tag: &XmlTag) -> Shape {
        let index = tag.id("idx").unwrap_or_default();
        let place = match tag.attribute("type").as_deref() {
            Some("title" | "ctrTitle") => ShapePlace::Title,
            None | Some("body" | "obj") if !self.state.is_notes => ShapePlace::Body,
            Some("dt" | "sldNum" | "sldImg") => ShapePlace::Skipped,
            Some("ftr" | "hdr") => ShapePlace::Foot,
            _ => ShapePlace::Text,
        };
        let plain = self.state.layout.get(&index).copied();
        Shape { place, plain: plain.unwrap_or_default() }
    }

    fn begin_paragraph(&mut self, bullet: Option<Bullet>) {
        let level = self.state.level;
        let is_body = self.state.shape.place == ShapePlace::Body;
        let is_plain = self.state.shape.plain.get(level).copied().unwrap_or_default();
        let bullet = bullet.unwrap_or(match is_body && !is_plain {
            true => Bullet::Sign,
            false => Bullet::None,
        });
        let number = match bullet {
            Bullet::Number(start) => Some(self.count(level, start)),
            _ => None,
        };
        let block = match bullet {
            Bullet::None => FlowBlock::Paragraph,
            _ => FlowBlock::Item(FlowItem { level, number, list: 0 }),
        };
        if self.state.shape.place == ShapePlace::Foot {
            self.flow.keep();
        }
        self.flow.block(block);
    }

    fn end_paragraph(&mut self) {
        if self.state.shape.place == ShapePlace::Foot {
            self.feet.extend(self.flow.kept());
        }
        self.flow.end_block();
    }

    fn count(&mut self, level: usize, start: u32) -> u32 {
        let counted = &mut self.state.counted;
        counted[level] = counted[level].saturating_add(1);
        counted[level + 1..].fill(0);
        counted[level].saturating_add(start.saturating_sub(1))
    }

    fn read_paragraph_properties(&mut self, tag: &XmlTag, xml: &mut Xml) {
        self.state.level = tag.number("lvl").unwrap_or(0).min(LEVELS - 1);
        let mut bullet = None;
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            bullet = match tag.name() {
                "buNone" => Some(Bullet::None),
                "buChar" | "buBlip" => Some(Bullet::Sign),
                "buAutoNum" => Some(Bullet::Number(tag.number("startAt").unwrap_or(1))),
                _ => bullet,
            };
        }
        // What stands beneath without a number begins the count anew.
        if !matches!(bullet, Some(Bullet::Number(_))) {
            self.state.counted[self.state.level..].fill(0);
        }
        self.begin_paragraph(bullet);
    }

    fn read_run_properties(&mut self, tag: &XmlTag, xml: &mut Xml) {
        match tag.number::<i32>("baseline") {
            Some(1..) => self.state.style.position = Some("sup"),
            Some(..=-1) => self.state.style.position = Some("sub"),
            _ => {}
        }
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            if tag.name() == "hlinkClick" {
                let address = tag.relation("id").and_then(|it| self.relations.address(&it));
                self.state.style.link = address;
            }
        }
    }

    fn put_image(&mut self, tag: &XmlTag) {
        let description = tag.attribute("descr").unwrap_or_default();
        self.flow.end_block();
        self.flow.image(&description);
        self.flow.end_block();
    }

    /// Puts the text of a chart or a diagram.
    fn read_drawing(&mut self, tag: &XmlTag) {
        let id = tag.relation(if tag.name() == "chart" { "id" } else { "dm" });
        let Some(name) = id.and_then(|it| self.relations.part(&it)) else { return };
        let Some(text) = self.package.named_text(name) else { return };
        for words in drawing::words(&text) {
            self.flow.block(FlowBlock::Paragraph);
            self.flow.put(&words, &FlowStyle::default());
        }
        self.flow.end_block();
    }

    /// Writes what stands at the foot of slides, each line once.
    fn write_feet(&mut self) {
        let mut seen = HashSet::new();
        for line in std::mem::take(&mut self.feet) {
            if !seen.contains(&line) {
                self.flow.block(FlowBlock::Paragraph);
                self.flow.put(&line, &FlowStyle::default());
                seen.insert(line);
            }
        }
        self.flow.end_block();
    }
}

/// What stands before a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bullet {
    None,
    Sign,
    /// A number, counted from this one on.
    Number(u32),
}

/// Whether a slide is not shown.
fn is_hidden(text: &str) -> bool {
    let mut xml = Xml::new(text);
    while let Some(piece) = xml.next() {
        if let XmlPiece::Start(tag) = piece {
            return tag.attribute("show").is_some_and(|it| it == "0" || it == "false");
        }
    }
    false
}

/// The title of a slide, in one line.
fn title(text: &str) -> Option<String> {
    let mut xml = Xml::new(text);
    while let Some(piece) = xml.next() {
        let XmlPiece::Start(tag) = piece else { continue };
        if tag.name() != "sp" {
            continue;
        }
        let mut title = String::new();
        let mut is_title = false;
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "ph" => {
                    let kind = tag.attribute("type");
                    is_title = matches!(kind.as_deref(), Some("title" | "ctrTitle"));
                }
                "t" if is_title => title.push_str(&xml.inner_text()),
                "p" | "br" => title.push(' '),
                _ => {}
            }
        }
        let title = title.replace("_x000B_", " ").replace('\u{b}', " ");
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if !title.is_empty() {
            return Some(title);
        }
    }
    None
}

/// Which levels of the texts of a layout have no bullets, by the index of the text.
fn plain_texts(text: &str) -> HashMap<String, Plain> {
    let mut texts = HashMap::new();
    let mut index = None;
    let mut xml = Xml::new(text);
    while let Some(piece) = xml.next() {
        let XmlPiece::Start(tag) = piece else { continue };
        match tag.name() {
            "sp" => index = None,
            "ph" => index = tag.id("idx"),
            "lstStyle" => {
                let mut plain = Plain::default();
                note_plain(&mut xml, &mut plain);
                if let Some(index) = index.take() {
                    texts.insert(index, plain);
                }
            }
            _ => {}
        }
    }
    texts
}

/// Notes which levels have no bullets in the styles of a text.
fn note_plain(xml: &mut Xml, plain: &mut Plain) {
    let mut level = None;
    let depth = xml.depth();
    while let Some(tag) = xml.tag_within(depth) {
        let name = tag.name();
        if let Some(number) = name.strip_prefix("lvl").and_then(|it| it.strip_suffix("pPr")) {
            level = number.parse::<usize>().ok().and_then(|it| it.checked_sub(1));
        }
        let is_plain = match name {
            "buNone" => true,
            "buChar" | "buAutoNum" | "buBlip" => false,
            _ => continue,
        };
        if let Some(entry) = level.and_then(|it| plain.get_mut(it)) {
            *entry = is_plain;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::package::tests::{body, zipped};
    use super::*;

    /// A shape with these properties and paragraphs.
    fn shape(place: &str, text: &str) -> String {
        format!(
            "<p:sp><p:nvSpPr><p:nvPr>{place}</p:nvPr></p:nvSpPr><p:txBody>{text}</p:txBody></p:sp>"
        )
    }

    fn run(text: &str) -> String {
        format!("<a:p><a:r><a:t>{text}</a:t></a:r></a:p>")
    }

    fn presentation(slides: [&str; 2], notes: &str) -> Vec<u8> {
        let main =
            "<p:presentation><p:sldIdLst><p:sldId id='256' r:id='b'/><p:sldId id='257' r:id='a'/>
            </p:sldIdLst></p:presentation>";
        let relations = "<R><Relationship Id='a' Type='x/slide' Target='slides/a.xml'/>
            <Relationship Id='b' Type='x/slide' Target='slides/b.xml'/></R>";
        let of_slide = "<R><Relationship Id='n' Type='x/notesSlide' Target='../n.xml'/>
            <Relationship Id='h' Type='x/hyperlink' TargetMode='External' Target='http://a/'/></R>";
        zipped(&[
            ("ppt/presentation.xml", main),
            ("ppt/_rels/presentation.xml.rels", relations),
            ("ppt/slides/b.xml", slides[0]),
            ("ppt/slides/a.xml", slides[1]),
            ("ppt/slides/_rels/b.xml.rels", of_slide),
            ("ppt/n.xml", notes),
        ])
    }

    fn read(slide: &str) -> String {
        let slide = format!("<p:sld><p:spTree>{slide}</p:spTree></p:sld>");
        body(page(&presentation([&slide, ""], ""), 100_000))
    }

    #[test]
    fn slides_come_in_their_order_with_notes_behind() {
        let first = format!(
            "<p:sld>{}{}</p:sld>",
            shape("<p:ph idx='1'/>", &run("b")),
            shape("<p:ph type='title'/>", &run("T"))
        );
        let second = format!("<p:sld show='0'>{}</p:sld>", shape("", &run("c")));
        let notes = [
            shape("<p:ph type='sldNum'/>", &run("1")),
            shape("<p:ph type='body' idx='1'/>", &run("note")),
        ];
        let html = "<section data-locator=\"slide 1\"><h2>T</h2><ul><li>b</li></ul><p>note</p></section>\
            <section data-locator=\"slide 2\" hidden=\"\"><p>c</p></section>";
        assert_eq!(body(page(&presentation([&first, &second], &notes.concat()), 10_000)), html);
    }

    #[test]
    fn texts_have_levels_and_numbers() {
        let item = |level: usize, sign: &str, text: &str| {
            format!("<a:p><a:pPr lvl='{level}'>{sign}</a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>")
        };
        let text = [
            item(0, "", "a"),
            item(1, "", "b"),
            item(0, "<a:buNone/>", "c"),
            item(0, "<a:buAutoNum/>", "d"),
            item(0, "<a:buAutoNum/>", "e"),
        ];
        assert_eq!(
            read(&shape("<p:ph type='body'/>", &text.concat())),
            "<section data-locator=\"slide 1\"><ul><li>a<ul><li>b</li></ul></li></ul><p>c</p><ol><li>d</li><li>e</li></ol></section>\
             <section data-locator=\"slide 2\"></section>"
        );
    }

    #[test]
    fn groups_tables_links_and_feet_are_read() {
        let cell = |text: &str| format!("<a:tc><a:txBody>{}</a:txBody></a:tc>", run(text));
        let table = format!(
            "<p:graphicFrame><a:tbl><a:tr><a:tc gridSpan='2'>{}</a:tc><a:tc hMerge='1'/></a:tr><a:tr>{}{}</a:tr>
            </a:tbl></p:graphicFrame>",
            run("a"),
            cell("b"),
            cell("c")
        );
        let link = "<a:p><a:r><a:rPr baseline='30000'><a:hlinkClick r:id='h'/></a:rPr><a:t>d</a:t></a:r></a:p>";
        let foot = shape("<p:ph type='ftr'/>", &run("foot"));
        let group = format!("<p:grpSp>{}{foot}{foot}</p:grpSp>", shape("", link));
        assert_eq!(
            read(&format!("{table}{group}")),
            "<section data-locator=\"slide 1\"><table><tr><td colspan=\"2\">a</td></tr><tr><td>b</td><td>c</td></tr></table>\
            <p><a href=\"http://a/\"><sup>d</sup></a></p></section>\
             <section data-locator=\"slide 2\"></section><p>foot</p>"
        );
    }

    #[test]
    fn a_presentation_without_words_has_no_text() {
        assert_eq!(page(&presentation(["", ""], ""), 1000), Err(NoText::Empty));
        assert_eq!(page(&zipped(&[]), 1000), Err(NoText::Malformed));
    }
}
