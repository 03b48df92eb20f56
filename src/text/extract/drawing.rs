//! Charts and diagrams in packages of Office Open XML.

use std::collections::HashSet;

use super::xml::{Xml, XmlPiece};

/// What can be read in a chart or a diagram: titles, names of series and categories, texts. Each once.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut seen = HashSet::new();
    let mut put = |text: String| {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.is_empty() && seen.insert(text.clone()) {
            words.push(text);
        }
    };
    let mut xml = Xml::new(text);
    let mut paragraph = String::new();
    while let Some(piece) = xml.next() {
        let XmlPiece::Start(tag) = piece else { continue };
        match tag.name() {
            // Numbers are drawn, not written.
            "numCache" | "numLit" | "prstGeom" | "spPr" => xml.skip(),
            "v" => put(xml.inner_text()),
            "p" => put(std::mem::take(&mut paragraph)),
            "br" => paragraph.push(' '),
            "t" if tag.prefix() == "a" => paragraph.push_str(&xml.inner_text()),
            _ => {}
        }
    }
    put(paragraph);
    words
}
