//! Styles of paragraphs and characters, as far as they say what a paragraph is.

use std::collections::HashMap;

use super::super::xml::{Xml, XmlPiece};

/// So many styles are gone through from one to that which it is based on.
const STEPS_MAX: usize = 16;

/// The styles of a document.
#[derive(Default)]
pub(super) struct WordStyles {
    by_id: HashMap<String, StyleEntry>,
}

#[derive(Default)]
struct StyleEntry {
    based_on: Option<String>,
    /// From 0; 9 is text.
    outline: Option<usize>,
    /// It is the style of the document's title, which styles based on it are not.
    is_title: bool,
    numbering: NumberedAs,
    is_hidden: Option<bool>,
}

/// Which list a paragraph is in, and how deep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NumberedAs {
    pub list: Option<String>,
    pub level: Option<usize>,
}

/// What a style says, with all that it is based on.
#[derive(Default)]
pub(super) struct StyleMeaning {
    /// From 0; 9 is text.
    pub outline: Option<usize>,
    pub numbering: NumberedAs,
    pub is_hidden: bool,
}

impl WordStyles {
    /// Reads the part of a document that has its styles.
    pub(super) fn parse(text: &str) -> Self {
        let mut styles = Self::default();
        let mut xml = Xml::new(text);
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            if tag.name() == "style" {
                let id = tag.id("styleId").unwrap_or_default();
                let entry = StyleEntry::parse(&mut xml);
                styles.by_id.entry(id).or_insert(entry);
            }
        }
        styles
    }

    /// What a style says.
    pub(super) fn meaning(&self, id: &str) -> StyleMeaning {
        let mut meaning = StyleMeaning::default();
        let mut is_hidden = None;
        let mut next = Some(id);
        if self.by_id.get(id).is_some_and(|it| it.is_title) {
            meaning.outline = Some(0);
        }
        for _ in 0..STEPS_MAX {
            let Some(entry) = next.and_then(|id| self.by_id.get(id)) else { break };
            meaning.outline = meaning.outline.or(entry.outline);
            let numbering = &mut meaning.numbering;
            if numbering.list.is_none() {
                numbering.list.clone_from(&entry.numbering.list);
            }
            numbering.level = numbering.level.or(entry.numbering.level);
            is_hidden = is_hidden.or(entry.is_hidden);
            next = entry.based_on.as_deref();
        }
        meaning.is_hidden = is_hidden.unwrap_or_default();
        meaning
    }
}

impl StyleEntry {
    fn parse(xml: &mut Xml) -> Self {
        let mut entry = Self::default();
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "name" => {
                    let name = tag.id("val").unwrap_or_default().trim().to_ascii_lowercase();
                    entry.outline = entry.outline.or_else(|| level_of_name(&name));
                    entry.is_title = name == "title";
                }
                "basedOn" => entry.based_on = tag.id("val"),
                "outlineLvl" => entry.outline = tag.number("val").or(entry.outline),
                "numId" => entry.numbering.list = tag.id("val"),
                "ilvl" => entry.numbering.level = tag.number("val"),
                "vanish" => entry.is_hidden = Some(tag.is_on()),
                // What holds for parts of tables only, and what held before.
                "tblStylePr" | "pPrChange" | "rPrChange" => xml.skip(),
                _ => {}
            }
        }
        entry
    }
}

/// The level of headings that a style has by its name, which is the same in all languages.
fn level_of_name(name: &str) -> Option<usize> {
    let number = name.strip_prefix("heading")?;
    number.trim().parse::<usize>().ok()?.checked_sub(1).filter(|it| *it < 9)
}
