//! Formulas in a line: powers stand high, indices low, and fractions have a slash.

use super::super::xml::{Xml, XmlTag};
use super::{OpenPart, WordReader};

impl WordReader<'_, '_> {
    /// Begins an element of a formula; `None` if all of it has been read.
    pub(super) fn start_formula(
        &mut self,
        tag: &XmlTag,
        xml: &mut Xml,
        parent: Option<&mut OpenPart>,
    ) -> Option<OpenPart> {
        match tag.name() {
            "t" => return Some(OpenPart::Text),
            "r" => return Some(self.start_run()),
            "sup" => return Some(self.start_position("sup")),
            "sub" => return Some(self.start_position("sub")),
            "den" => self.put("/"),
            "rad" => self.put("√"),
            "mr" => self.put(" "),
            "d" => return Some(OpenPart::Brackets(String::new())),
            "dPr" => {
                let end = self.read_brackets(xml);
                if let Some(OpenPart::Brackets(of_parent)) = parent {
                    *of_parent = end;
                }
                return None;
            }
            "naryPr" => {
                let sign = character(xml, &["chr"]).pop().flatten();
                self.put(sign.as_deref().unwrap_or("∫"));
                return None;
            }
            name if name.ends_with("Pr") => {
                xml.skip();
                return None;
            }
            _ => {}
        }
        Some(OpenPart::Other)
    }

    /// Puts the first bracket; the other is for the end.
    fn read_brackets(&mut self, xml: &mut Xml) -> String {
        let mut signs = character(xml, &["begChr", "endChr"]).into_iter();
        let begin = signs.next().flatten();
        self.put(begin.as_deref().unwrap_or("("));
        signs.next().flatten().unwrap_or_else(|| ")".to_owned())
    }

    fn start_position(&mut self, position: &'static str) -> OpenPart {
        OpenPart::Position(self.state.style.position.replace(position))
    }
}

/// The signs that are set by elements of these names.
fn character(xml: &mut Xml, names: &[&str]) -> Vec<Option<String>> {
    let mut found = vec![None; names.len()];
    let depth = xml.depth();
    while let Some(tag) = xml.tag_within(depth) {
        if let Some(at) = names.iter().position(|it| *it == tag.name()) {
            found[at] = tag.id("val");
        }
    }
    found
}
