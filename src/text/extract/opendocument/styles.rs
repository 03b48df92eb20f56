//! Styles, as far as they say what a text is and whether it is seen.

use std::collections::HashMap;

use super::super::counting::Counting;
use super::super::flow::FlowStyle;
use super::super::xml::{Xml, XmlPiece, XmlTag};

/// So many styles are gone through from one to that which it is based on.
const STEPS_MAX: usize = 16;
/// More shapes of numbers before and after them are none.
const AFFIX_BYTES_MAX: usize = 40;

/// The styles of a document.
#[derive(Clone, Default)]
pub(super) struct OpenDocumentStyles {
    by_name: HashMap<String, StyleRow>,
    lists: HashMap<String, HashMap<usize, ListLevel>>,
    outline: HashMap<usize, ListLevel>,
}

#[derive(Clone, Default)]
struct StyleRow {
    parent: Option<String>,
    is_hidden: Option<bool>,
    position: Option<Option<&'static str>>,
}

/// How a level of a list counts.
#[derive(Debug, Clone)]
pub(super) struct ListLevel {
    pub counting: Option<Counting>,
    pub start: u32,
    pub prefix: String,
    pub suffix: String,
    /// The numbers of so many levels stand there.
    pub n_shown: usize,
}

impl OpenDocumentStyles {
    /// Adds the styles of a part.
    pub(super) fn parse(&mut self, text: &str) {
        let mut xml = Xml::new(text);
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            match tag.name() {
                "style" if tag.prefix() == "style" => {
                    let name = tag.id("name").unwrap_or_default();
                    let family = tag.id("family").unwrap_or_default();
                    let parent = tag.id("parent-style-name").map(|it| key(&family, &it));
                    let entry = StyleRow { parent, ..StyleRow::parse(&mut xml) };
                    self.by_name.insert(key(&family, &name), entry);
                }
                "list-style" => {
                    let name = tag.id("name").unwrap_or_default();
                    self.lists.insert(name, levels(&mut xml));
                }
                "outline-style" => self.outline = levels(&mut xml),
                // Where the text begins there are no more styles.
                "body" if tag.prefix() == "office" => break,
                _ => {}
            }
        }
    }

    /// Has text stand as a style of text says.
    pub(super) fn restyle(&self, name: &str, style: &mut FlowStyle) {
        if self.is_hidden("text", name) {
            style.hidden = Some("span");
        }
        let position = self.find(&key("text", name), |it| it.position);
        if let Some(position) = position {
            style.position = position;
        }
    }

    /// Whether what has a style is not shown.
    pub(super) fn is_hidden(&self, family: &str, name: &str) -> bool {
        self.find(&key(family, name), |it| it.is_hidden).unwrap_or_default()
    }

    /// Whether a style of paragraphs is another one, or based on it.
    pub(super) fn is_based_on(&self, name: &str, other: &str) -> bool {
        let other = key("paragraph", other);
        let mut next = Some(key("paragraph", name));
        for _ in 0..STEPS_MAX {
            let Some(name) = next else { return false };
            if name == other {
                return true;
            }
            next = self.by_name.get(&name).and_then(|it| it.parent.clone());
        }
        false
    }

    /// How a level of a list counts, from 0.
    pub(super) fn list_level(&self, style: &str, level: usize) -> Option<&ListLevel> {
        self.lists.get(style)?.get(&level)
    }

    /// How headings of a level are counted, from 0.
    pub(super) fn outline(&self, level: usize) -> Option<&ListLevel> {
        self.outline.get(&level)
    }

    fn find<T>(&self, name: &str, of: impl Fn(&StyleRow) -> Option<T>) -> Option<T> {
        let mut next = Some(name);
        for _ in 0..STEPS_MAX {
            let entry = self.by_name.get(next?)?;
            if let Some(found) = of(entry) {
                return Some(found);
            }
            next = entry.parent.as_deref();
        }
        None
    }
}

impl StyleRow {
    fn parse(xml: &mut Xml) -> Self {
        let mut entry = Self::default();
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "text-properties" => {
                    let display = tag.attribute("display");
                    entry.is_hidden = display.map(|it| it == "none").or(entry.is_hidden);
                    let position = tag.attribute("text-position");
                    entry.position = position.map(|it| position_of(&it)).or(entry.position);
                }
                "table-properties" => {
                    let display = tag.attribute("display");
                    entry.is_hidden = display.map(|it| it == "false").or(entry.is_hidden);
                }
                "drawing-page-properties" => {
                    let shown = tag.attribute("visibility");
                    entry.is_hidden = shown.map(|it| it == "hidden").or(entry.is_hidden);
                }
                _ => {}
            }
        }
        entry
    }
}

/// The name of a style with what it is for: each kind has names of its own.
fn key(family: &str, name: &str) -> String {
    format!("{family}:{name}")
}

/// Where text stands by a value like `super 58%` or `-33% 58%`.
fn position_of(value: &str) -> Option<&'static str> {
    match value.split_whitespace().next()? {
        "super" => Some("sup"),
        "sub" => Some("sub"),
        height => {
            let height = height.trim_end_matches('%').parse::<f32>().ok()?;
            match height {
                height if height > 0.0 => Some("sup"),
                height if height < 0.0 => Some("sub"),
                _ => None,
            }
        }
    }
}

/// The levels of a list.
fn levels(xml: &mut Xml) -> HashMap<usize, ListLevel> {
    let mut levels = HashMap::new();
    let depth = xml.depth();
    while let Some(tag) = xml.tag_within(depth) {
        let is_level = tag.name().contains("-level-style");
        let at = tag.number::<usize>("level").and_then(|it| it.checked_sub(1));
        if let Some(at) = at.filter(|_| is_level) {
            levels.insert(at, ListLevel::parse(&tag));
        }
    }
    levels
}

impl ListLevel {
    fn parse(tag: &XmlTag) -> Self {
        let affix = |name: &str| {
            let affix = tag.id(name).unwrap_or_default();
            if affix.len() <= AFFIX_BYTES_MAX { affix } else { String::new() }
        };
        let counting = tag.id("num-format").and_then(|format| match format.as_str() {
            "" => None,
            "A" => Some(Counting::UpperLetter),
            "a" => Some(Counting::LowerLetter),
            "I" => Some(Counting::UpperRoman),
            "i" => Some(Counting::LowerRoman),
            _ => Some(Counting::Decimal),
        });
        Self {
            counting: counting.filter(|_| !tag.name().ends_with("bullet")),
            start: tag.number("start-value").unwrap_or(1_u32).max(1),
            prefix: affix("num-prefix"),
            suffix: affix("num-suffix"),
            n_shown: tag.number("display-levels").unwrap_or(1),
        }
    }
}
