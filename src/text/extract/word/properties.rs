//! What paragraphs, runs, rows and cells are said to be.

use super::super::flow::{FlowBlock, FlowItem};
use super::super::xml::Xml;
use super::WordReader;
use super::numbering::Sign;

impl WordReader<'_, '_> {
    pub(super) fn read_paragraph_properties(&mut self, xml: &mut Xml) {
        let (mut style, mut outline) = (None, None);
        let (mut list, mut level) = (None, None);
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "pStyle" => style = tag.id("val"),
                "outlineLvl" => outline = tag.number("val"),
                "numId" => list = tag.id("val"),
                "ilvl" => level = tag.number("val"),
                "rPr" => self.state.joins = is_mark_deleted(xml),
                "pPrChange" | "sectPr" => xml.skip(),
                _ => {}
            }
        }
        let meaning = style.map(|it| self.styles.meaning(&it)).unwrap_or_default();
        let outline = outline.or(meaning.outline).filter(|it: &usize| *it < 9);
        let level = level.or(meaning.numbering.level).unwrap_or(0);
        let list = list.or(meaning.numbering.list).filter(|it| it != "0");
        let Self { styles, numbering, .. } = self;
        let of_style = |id: &str| styles.meaning(id).numbering.list;
        let sign = list.as_ref().and_then(|it| numbering.next(it, level, of_style));
        self.begin_numbered(outline, sign, level, list.as_deref().unwrap_or_default());
    }

    fn begin_numbered(
        &mut self,
        outline: Option<usize>,
        sign: Option<Sign>,
        level: usize,
        list: &str,
    ) {
        let list = list.parse().unwrap_or_default();
        self.state.sign.clear();
        let block = match (outline, sign) {
            (Some(outline), sign) => {
                if let Some(Sign::Number { text, .. }) = sign {
                    self.state.sign = text;
                }
                FlowBlock::Heading(outline + 1)
            }
            (None, Some(Sign::Bullet)) => FlowBlock::Item(FlowItem { level, number: None, list }),
            (None, Some(Sign::Blank)) => FlowBlock::More,
            (None, Some(Sign::Number { number, is_plain: true, .. })) => {
                FlowBlock::Item(FlowItem { level, number: Some(number), list })
            }
            (None, Some(Sign::Number { text, .. })) => {
                self.state.sign = text;
                FlowBlock::Paragraph
            }
            (None, None) => return,
        };
        self.flow.turn_into(block);
    }

    pub(super) fn read_run_properties(&mut self, xml: &mut Xml, is_of_run: bool) {
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                _ if !is_of_run => {}
                "vanish" => self.state.is_hidden = tag.is_on(),
                "rStyle" => {
                    let meaning = tag.id("val").map(|it| self.styles.meaning(&it));
                    self.state.is_hidden = meaning.is_some_and(|it| it.is_hidden);
                }
                "vertAlign" => {
                    self.state.style.position = match tag.attribute("val").as_deref() {
                        Some("superscript") => Some("sup"),
                        Some("subscript") => Some("sub"),
                        _ => None,
                    };
                }
                "rPrChange" => xml.skip(),
                _ => {}
            }
        }
    }

    pub(super) fn read_row_properties(&mut self, xml: &mut Xml) {
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "del" => self.state.row.is_deleted = true,
                "tblHeader" => self.state.row.is_head = tag.is_on(),
                "gridBefore" => {
                    self.flow.cell("td", tag.number("val").unwrap_or(1));
                    self.flow.end_cell();
                }
                "trPrChange" => xml.skip(),
                _ => {}
            }
        }
    }

    /// Begins a cell with its properties.
    pub(super) fn read_cell_properties(&mut self, xml: &mut Xml) {
        let mut n_columns = 1;
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "gridSpan" => n_columns = tag.number("val").unwrap_or(1),
                "tcPrChange" => xml.skip(),
                _ => {}
            }
        }
        self.begin_cell(n_columns);
    }
}

/// Whether the end of a paragraph with these properties was deleted.
fn is_mark_deleted(xml: &mut Xml) -> bool {
    let mut is_deleted = false;
    let depth = xml.depth();
    while let Some(tag) = xml.tag_within(depth) {
        is_deleted |= matches!(tag.name(), "del" | "moveFrom");
    }
    is_deleted
}
