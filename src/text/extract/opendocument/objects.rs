//! Objects in documents: formulas and charts.

use super::super::flow::FlowStyle;
use super::super::package::joined;
use super::super::page::Lack;
use super::super::xml::{Xml, XmlPiece, XmlTag};
use super::OpenDocumentReader;
use crate::text::mathml::{self, Stand};

/// An element of a formula that is open.
struct ObjectPart {
    name: String,
    n_parts: usize,
    /// How the text around it stands.
    position: Option<&'static str>,
}

impl OpenDocumentReader<'_, '_> {
    /// Puts the text of an object: a formula or a chart.
    pub(super) fn read_object(&mut self, tag: &XmlTag) {
        let Some(address) = tag.attribute("href") else { return };
        let name = joined("", &format!("{address}/content.xml"));
        let Some(package) = &mut self.package else { return };
        // What other programs made is one part, which is not read.
        if !package.has(&name) && !package.has(&joined("", &address)) && !address.contains(':') {
            self.flow.page.lacks(Lack::BROKEN);
        }
        let Some(text) = package.text(&name) else { return };
        let mut xml = Xml::new(&text);
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            match (tag.prefix(), tag.name()) {
                (_, "math") => self.read_formula(&mut xml),
                ("chart", "chart") => self.read_chart(&mut xml),
                _ => {}
            }
        }
    }

    fn read_formula(&mut self, xml: &mut Xml) {
        let mut style = self.state.style.clone();
        let mut open: Vec<ObjectPart> = Vec::new();
        let depth = xml.depth();
        while xml.depth() >= depth {
            match xml.next() {
                Some(XmlPiece::Start(tag)) if tag.name().starts_with("annotation") => xml.skip(),
                Some(XmlPiece::Start(tag)) => {
                    let stand = open.last_mut().map_or(Stand::Plain, |it| {
                        it.n_parts += 1;
                        mathml::stand(&it.name, it.n_parts - 1)
                    });
                    let (name, position) = (tag.name().to_owned(), style.position);
                    match stand {
                        Stand::High => style.position = Some("sup"),
                        Stand::Low => style.position = Some("sub"),
                        Stand::Under => self.flow.put("/", &style),
                        Stand::Plain => {}
                    }
                    self.flow.put(mathml::sign(&name), &style);
                    open.push(ObjectPart { name, n_parts: 0, position });
                }
                Some(XmlPiece::End) => {
                    if let Some(ended) = open.pop() {
                        style.position = ended.position;
                    }
                }
                Some(XmlPiece::Text(text)) => self.flow.put(text.trim(), &style),
                None => break,
            }
        }
    }

    /// Puts titles and the like of a chart. Its table is drawn, not written.
    fn read_chart(&mut self, xml: &mut Xml) {
        let depth = xml.depth();
        while let Some(tag) = xml.tag_within(depth) {
            match tag.name() {
                "table" => xml.skip(),
                "p" => {
                    let words = xml.inner_text();
                    self.flow.put(&format!("{words} "), &FlowStyle::default());
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::package::tests::{body, zipped};
    use super::*;

    #[test]
    fn formulas_and_charts_are_read() {
        let content = "<office:document-content><office:body><office:text><text:p>x <draw:frame>
            <draw:object xlink:href='./Object 1'/></draw:frame>; <draw:frame><draw:object
            xlink:href='./Object 2'/></draw:frame></text:p></office:text></office:body></office:document-content>";
        let formula = "<math><semantics><mrow><mfrac><mi>a</mi><mi>b</mi></mfrac><msup><mi>c</mi><mn>2</mn></msup>
            </mrow><annotation>no</annotation></semantics></math>";
        let chart =
            "<office:document-content><chart:chart><chart:title><text:p>T</text:p></chart:title>
            <table:table><text:p>no</text:p></table:table></chart:chart></office:document-content>";
        let bytes = zipped(&[
            ("content.xml", content),
            ("Object 1/content.xml", formula),
            ("Object 2/content.xml", chart),
        ]);
        let found = super::super::page(&bytes, 1000);
        assert_eq!(found.as_ref().unwrap().lack, Lack::default());
        let html = body(found);
        assert!(html.starts_with("<p>x a/bc<sup>2</sup>; T"), "{html}");
        let bytes = zipped(&[("content.xml", content), ("Object 1/content.xml", formula)]);
        assert_eq!(super::super::page(&bytes, 1000).unwrap().lack, Lack::BROKEN);
    }
}
