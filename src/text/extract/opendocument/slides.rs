//! What is drawn: the pages of presentations, and the frames in all documents.

use super::super::flow::{FlowBlock, FlowStyle};
use super::super::xml::{Xml, XmlPiece, XmlTag};
use super::{OpenDocumentReader, OpenText};

impl OpenDocumentReader<'_, '_> {
    pub(super) fn start_drawing(
        &mut self,
        tag: &XmlTag,
        xml: &mut Xml,
        parent: Option<&mut OpenText>,
    ) -> Option<OpenText> {
        let class = tag.attribute("class").unwrap_or_default();
        if class == "title" && std::mem::take(&mut self.skips_title) {
            return self.skip(xml);
        }
        // These stand on all slides, or ask for a text.
        let is_repeated = matches!(&*class, "header" | "footer" | "date-time" | "page-number");
        if is_repeated || tag.attribute("placeholder").is_some_and(|it| it == "true") {
            return self.skip(xml);
        }
        match (tag.prefix(), tag.name()) {
            ("draw", "page") if self.n_nested == 1 => {
                self.read_page(tag, xml.inner_markup());
                None
            }
            ("draw", "frame") => {
                Some(OpenText::Frame { has_image: false, description: String::new() })
            }
            ("draw", "image") => {
                if let Some(OpenText::Frame { has_image, .. }) = parent {
                    *has_image = true;
                }
                Some(OpenText::Other)
            }
            ("draw", "object") if tag.attribute("href").is_some() => {
                self.read_object(tag);
                self.skip(xml)
            }
            ("draw", "control" | "object-ole" | "plugin" | "applet" | "layer-set") => {
                self.skip(xml)
            }
            ("presentation", name) if name.ends_with("-decl") || name == "animations" => {
                self.skip(xml)
            }
            _ => Some(OpenText::Other),
        }
    }

    fn read_page(&mut self, tag: &XmlTag, markup: &str) {
        self.n_slides += 1;
        self.flow.end_all();
        let is_hidden =
            self.styles.is_hidden("drawing-page", &tag.id("style-name").unwrap_or_default());
        self.flow.page.section(&format!("slide {}", self.n_slides), is_hidden);
        let title = title(markup);
        self.skips_title = title.is_some();
        let name = tag.attribute("name").filter(|it| is_name(it)).map(|it| it.into_owned());
        match (title, name) {
            (Some(title), _) => {
                self.flow.block(FlowBlock::Heading(2));
                self.flow.put(title.trim(), &FlowStyle::default());
            }
            (None, Some(name)) => self.flow.page.element("h2", &name),
            // That it is the second slide is no text of it.
            (None, None) => {}
        }
        self.read(markup);
        self.flow.end_all();
        self.skips_title = false;
        self.flow.page.close("section");
    }
}

/// The title of a slide, as it stands on it.
fn title(markup: &str) -> Option<String> {
    let mut xml = Xml::new(markup);
    while let Some(piece) = xml.next() {
        let XmlPiece::Start(tag) = piece else { continue };
        if tag.attribute("class").is_none_or(|it| it != "title") || tag.prefix() != "draw" {
            continue;
        }
        if tag.attribute("placeholder").is_some_and(|it| it == "true") {
            return None;
        }
        let mut title = String::new();
        let depth = xml.depth();
        while xml.depth() >= depth {
            match xml.next() {
                Some(XmlPiece::Text(text)) => title.push_str(&text),
                // What stands in lines of its own is no part of a word.
                Some(XmlPiece::Start(tag)) if matches!(tag.name(), "p" | "line-break" | "s") => {
                    title.push(' ');
                }
                Some(_) => {}
                None => break,
            }
        }
        return Some(title).filter(|it| !it.trim().is_empty());
    }
    None
}

/// Whether a slide has been given its name by somebody.
fn is_name(name: &str) -> bool {
    let without_number = name.trim_end_matches(|it: char| it.is_ascii_digit()).trim_end();
    !without_number.is_empty()
        && !["page", "slide"].iter().any(|it| without_number.eq_ignore_ascii_case(it))
}
