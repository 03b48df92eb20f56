//! The numbers of paragraphs, which the text does not have in itself.

use std::collections::{HashMap, HashSet};

use super::super::counting::{Counting, number};
use super::super::xml::{Xml, XmlPiece};

/// Lists have so many levels.
const LEVELS: usize = 9;

/// The lists of a document, and how far each is counted.
#[derive(Default)]
pub(super) struct Numbering {
    lists: HashMap<String, NumberedList>,
    kinds: HashMap<String, NumberingKind>,
    counted: HashMap<String, [Option<u32>; LEVELS]>,
    begun: HashSet<String>,
}

#[derive(Default)]
struct NumberedList {
    kind: String,
    starts: HashMap<usize, u32>,
    levels: HashMap<usize, Level>,
}

/// What lists have in common.
#[derive(Default)]
struct NumberingKind {
    levels: HashMap<usize, Level>,
    /// The style that has the levels instead.
    style: Option<String>,
}

#[derive(Clone)]
struct Level {
    counting: Option<Counting>,
    /// The number with what stands around it: `%1.` is that of the highest level with a dot.
    text: String,
    start: u32,
}

/// What stands before a paragraph.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Bullet,
    /// It goes on with the item before.
    Blank,
    Number {
        number: u32,
        text: String,
        /// It is that number and a dot or a bracket.
        is_plain: bool,
    },
}

impl Numbering {
    /// Reads the part of a document that has its lists.
    pub(super) fn parse(text: &str) -> Self {
        let mut numbering = Self::default();
        let mut xml = Xml::new(text);
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            match tag.name() {
                "abstractNum" => {
                    let id = tag.id("abstractNumId").unwrap_or_default();
                    numbering.kinds.insert(id, NumberingKind::parse(&mut xml));
                }
                "num" => {
                    let id = tag.id("numId").unwrap_or_default();
                    numbering.lists.insert(id, NumberedList::parse(&mut xml));
                }
                _ => {}
            }
        }
        numbering
    }

    /// Counts a paragraph; what stands before it, if it is in a list. A style may stand for a list.
    pub(super) fn next(
        &mut self,
        list: &str,
        level: usize,
        list_of_style: impl Fn(&str) -> Option<String>,
    ) -> Option<Sign> {
        let level = level.min(LEVELS - 1);
        let linked = self.kind_of(list)?.style.as_deref().and_then(list_of_style);
        let list = linked.as_deref().filter(|it| self.kind_of(it).is_some()).unwrap_or(list);
        let shown = self.level(list, level)?.clone();
        let counting = match shown.counting {
            Some(Counting::Bullet) => {
                let is_blank = shown.text.trim().is_empty();
                return Some(if is_blank { Sign::Blank } else { Sign::Bullet });
            }
            Some(counting) => counting,
            None => return None,
        };
        let counted = self.count(list, level)?;
        if shown.text.is_empty() {
            return None;
        }
        let own = format!("%{}", level + 1);
        let around = shown.text.trim().split_once(own.as_str());
        let is_plain = matches!(around, Some(("" | "(", "" | "." | ")" | ".)" | "-")))
            && !matches!(counting, Counting::None);
        let text = self.filled(list, &shown.text, &counted);
        let number = counted[level].unwrap_or(1);
        Some(Sign::Number { number, text, is_plain })
    }

    /// Goes on by one on a level; what all of them stand at then.
    fn count(&mut self, list: &str, level: usize) -> Option<[Option<u32>; LEVELS]> {
        let starts: [u32; LEVELS] = std::array::from_fn(|at| {
            let own = self.lists.get(list).and_then(|it| it.starts.get(&at).copied());
            own.or_else(|| self.level(list, at).map(|it| it.start)).unwrap_or(1)
        });
        let entry = self.lists.get(list)?;
        let is_new = self.begun.insert(list.to_owned());
        let counted = self.counted.entry(entry.kind.clone()).or_default();
        if is_new {
            entry.starts.keys().filter(|it| **it < LEVELS).for_each(|at| counted[*at] = None);
        }
        for at in 0..level {
            counted[at].get_or_insert(starts[at]);
        }
        counted[level] = Some(match counted[level] {
            Some(number) => number.saturating_add(1),
            None => starts[level],
        });
        counted[level + 1..].fill(None);
        Some(*counted)
    }

    /// The text of a level with the numbers in it.
    fn filled(&self, list: &str, text: &str, counted: &[Option<u32>; LEVELS]) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            filled.push_str(before);
            rest = after;
            let digit = after.chars().next().and_then(|it| it.to_digit(10));
            let Some(at) = digit.and_then(|it| (it as usize).checked_sub(1)) else { continue };
            rest = after.get(1..).unwrap_or_default();
            let counting = self.level(list, at).and_then(|it| it.counting);
            if let Some(Some(value)) = counted.get(at) {
                filled.push_str(&number(*value, counting.unwrap_or(Counting::Decimal)));
            }
        }
        filled.push_str(rest);
        filled.trim().to_owned()
    }

    fn kind_of(&self, list: &str) -> Option<&NumberingKind> {
        self.kinds.get(&self.lists.get(list)?.kind)
    }

    fn level(&self, list: &str, level: usize) -> Option<&Level> {
        let own = self.lists.get(list)?.levels.get(&level);
        own.or_else(|| self.kind_of(list)?.levels.get(&level))
    }
}

impl NumberingKind {
    fn parse(xml: &mut Xml) -> Self {
        let mut kind = Self::default();
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "lvl" => {
                    let at = tag.number("ilvl").unwrap_or(0);
                    kind.levels.insert(at, Level::parse(xml));
                }
                "numStyleLink" => kind.style = tag.id("val"),
                _ => {}
            }
        }
        kind
    }
}

impl NumberedList {
    fn parse(xml: &mut Xml) -> Self {
        let mut list = Self::default();
        let mut at = 0;
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "abstractNumId" => {
                    list.kind = tag.id("val").unwrap_or_default();
                }
                "lvlOverride" => at = tag.number("ilvl").unwrap_or(0),
                "startOverride" => {
                    list.starts.insert(at, tag.number("val").unwrap_or(1));
                }
                "lvl" => {
                    let at = tag.number("ilvl").unwrap_or(at);
                    list.levels.insert(at, Level::parse(xml));
                }
                _ => {}
            }
        }
        list
    }
}

impl Level {
    fn parse(xml: &mut Xml) -> Self {
        let mut level = Self { counting: Some(Counting::Decimal), text: String::new(), start: 1 };
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "start" => level.start = tag.number("val").unwrap_or(1),
                "numFmt" => level.counting = tag.id("val").and_then(|it| counting(&it)),
                "lvlText" => level.text = tag.id("val").unwrap_or_default(),
                "pPr" | "rPr" => xml.skip(),
                _ => {}
            }
        }
        level
    }
}

/// How a level counts, if it shows anything.
fn counting(format: &str) -> Option<Counting> {
    Some(match format {
        "none" => Counting::None,
        "bullet" => Counting::Bullet,
        "upperRoman" => Counting::UpperRoman,
        "lowerRoman" => Counting::LowerRoman,
        "upperLetter" => Counting::UpperLetter,
        "lowerLetter" => Counting::LowerLetter,
        _ => Counting::Decimal,
    })
}
