//! A chapter of a book: XHTML, of which a page keeps simple elements.

use crate::text::style::InlineStyle;

use super::super::page::{Lack, PageWriter};
use super::super::xml::{Xml, XmlPiece, XmlTag};
use super::names::named;
use crate::text::mathml::{self, Stand};

/// Elements that lie deeper in one another are not kept.
const KEPT_MAX: usize = 64;

/// Writes a chapter; whether there is any text in it.
pub(super) fn write(text: &str, page: &mut PageWriter) -> bool {
    let mut writer =
        ChapterWriter { page, open: Vec::new(), kept: Vec::new(), n_hidden: 0, has_text: false };
    let mut xml = Xml::lenient(text, named, is_empty);
    while let Some(piece) = xml.next() {
        match piece {
            _ if writer.page.is_full() => break,
            XmlPiece::Start(tag) => {
                if !writer.start(&tag) {
                    xml.skip();
                }
            }
            XmlPiece::End => writer.end(),
            XmlPiece::Text(text) => writer.put(&text),
        }
    }
    // Chapters that are no XML in the end are read, too.
    writer.page.lacks(Lack { is_broken: false, ..xml.lack() });
    writer.has_text
}

struct ChapterWriter<'p> {
    page: &'p mut PageWriter,
    open: Vec<OpenTag>,
    /// Where among those are the ones that are kept.
    kept: Vec<usize>,
    n_hidden: usize,
    has_text: bool,
}

/// An open element: what it is on the page, and what stands at its end.
#[derive(Default)]
struct OpenTag {
    kept: Option<&'static str>,
    is_hidden: bool,
    end: &'static str,
    /// Of several forms of the same the first counts.
    is_taken: bool,
    /// Its name, if it is a part of a formula, and how many parts of its own have begun.
    formula: Option<String>,
    n_parts: usize,
}

impl ChapterWriter<'_> {
    /// Begins an element; whether what is in it counts.
    fn start(&mut self, tag: &XmlTag) -> bool {
        let name = tag.name().to_ascii_lowercase();
        match name.as_str() {
            "head" | "script" | "style" | "template" | "noscript" | "iframe" | "audio"
            | "video" | "canvas" | "rp" | "metadata" | "defs" | "annotation" | "annotation-xml" => {
                return false;
            }
            "title" | "desc" => return false,
            "br" => self.page.open("br"),
            "img" => {
                let description = tag.attribute("alt").unwrap_or_default();
                if !description.trim().is_empty() {
                    self.page.open_with("img", Some(("alt", description.trim())));
                }
            }
            "case" | "default" => {
                if let Some(parent) = self.open.last_mut()
                    && std::mem::replace(&mut parent.is_taken, true)
                {
                    return false;
                }
            }
            _ => {}
        }
        let stand = self.stand();
        let kept = match stand {
            Some(Stand::High) => Some("sup"),
            Some(Stand::Low) => Some("sub"),
            Some(_) => None,
            // Without a table around it, it is a block of its own.
            None if name == "caption" && !self.page.is_open("table") => Some("div"),
            None => kept(&name),
        };
        let kept = kept.filter(|_| self.kept.len() < KEPT_MAX);
        kept.into_iter().for_each(|it| self.end_implied(it));
        let style = tag.attribute("style").map(|it| InlineStyle::of(&it)).unwrap_or_default();
        let is_hidden = tag.attribute("hidden").is_some() || style.is_displayed == Some(false);
        let mut open = OpenTag { kept, is_hidden, ..OpenTag::default() };
        let is_reading = name == "rt";
        if name == "q" {
            (open.end, _) = ("”", self.page.text("“"));
        }
        if stand.is_some() || name == "math" {
            self.page.text(if stand == Some(Stand::Under) { "/" } else { "" });
            self.page.text(mathml::sign(&name));
            open.formula = Some(name);
        }
        let seen = match style.is_visible {
            _ if is_hidden => Some(("hidden", "")),
            Some(true) => Some(("style", "visibility:visible")),
            Some(false) => Some(("style", "visibility:hidden")),
            None => None,
        };
        if seen.is_some() && kept.is_none() && self.kept.len() < KEPT_MAX {
            open.kept = Some("span");
        }
        if let Some(element) = open.kept {
            self.kept.push(self.open.len());
            self.n_hidden += usize::from(is_hidden);
            self.open_kept(element, seen, tag);
        }
        if is_reading {
            (open.end, _) = (")", self.page.text("("));
        }
        self.open.push(open);
        true
    }

    /// How what begins here stands in the formula around it, if there is one.
    fn stand(&mut self) -> Option<Stand> {
        let whole = self.open.last_mut()?;
        whole.n_parts += 1;
        Some(mathml::stand(whole.formula.as_deref()?, whole.n_parts - 1))
    }

    /// Opens an element, with what says whether it is seen or with an attribute of its own.
    fn open_kept(&mut self, element: &'static str, seen: Option<(&str, &str)>, tag: &XmlTag) {
        let name = match element {
            _ if seen.is_some() => return self.page.open_with(element, seen),
            "a" => "href",
            "td" | "th" => "colspan",
            "ol" => "start",
            _ => return self.page.open(element),
        };
        let value = tag.attribute(name);
        self.page.open_with(element, value.as_deref().map(|it| (name, it)));
    }

    /// Ends what ends where an element begins, as in pages without all their ends.
    fn end_implied(&mut self, element: &str) {
        while let Some(open) = self.kept.last().and_then(|at| self.open.get_mut(*at)) {
            let Some(before) = open.kept.filter(|it| ends_at(it, element)) else { return };
            open.kept = None;
            self.n_hidden -= usize::from(std::mem::take(&mut open.is_hidden));
            self.kept.pop();
            self.page.close(before);
        }
    }

    fn end(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if !open.end.is_empty() {
            self.page.text(open.end);
        }
        if let Some(element) = open.kept {
            self.kept.pop();
            self.n_hidden -= usize::from(open.is_hidden);
            self.page.close(element);
        }
    }

    fn put(&mut self, text: &str) {
        self.has_text |= self.n_hidden == 0 && !text.trim().is_empty();
        self.page.text(text);
    }
}

/// Whether an element ends where the other begins.
fn ends_at(element: &str, next: &str) -> bool {
    match element {
        "p" => !matches!(next, "a" | "sup" | "sub" | "del" | "ins" | "s" | "ruby" | "rt"),
        "li" => next == "li",
        "td" | "th" => matches!(next, "td" | "th" | "tr"),
        "tr" => next == "tr",
        _ => false,
    }
}

/// What an element is on the page, if it is kept.
fn kept(name: &str) -> Option<&'static str> {
    const SAME: [&str; 30] = [
        "a",
        "blockquote",
        "caption",
        "dd",
        "del",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ins",
        "li",
        "ol",
        "p",
        "pre",
        "rt",
        "ruby",
        "s",
        "sub",
        "sup",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    ];
    const BLOCKS: [&str; 19] = [
        "address", "article", "aside", "body", "center", "details", "div", "fieldset", "footer",
        "form", "header", "hgroup", "hr", "main", "nav", "section", "summary", "text", "dir",
    ];
    match name {
        "list" => Some("ul"),
        _ if BLOCKS.contains(&name) => Some("div"),
        _ => SAME.iter().find(|it| **it == name).copied(),
    }
}

/// Elements that have nothing in them.
fn is_empty(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_written(cases: &[(&str, &str)]) {
        for (text, body) in cases {
            let mut page = PageWriter::new(10_000);
            write(text, &mut page);
            let html = page.finish().html;
            let written = html.split_once("<body>\n").unwrap().1.trim_end();
            assert_eq!(written, *body, "{text}");
        }
    }

    #[test]
    fn simple_elements_are_kept() {
        all_written(&[
            (
                "<html><head><title>no</title></head><body><h1>a</h1><p>b <i>c</i><br/>&nbsp;&eacute;</p></body></html>",
                "<div><h1>a</h1><p>b c<br>\u{a0}é</p></div>",
            ),
            ("<ol start='3'><li>a</li></ol>", "<ol start=\"3\"><li>a</li></ol>"),
            (
                "<a href='b.xhtml' class='c'>d</a><img alt='e' src='f'/>",
                "<a href=\"b.xhtml\">d</a><img alt=\"e\">",
            ),
            (
                "<table><tr><td colspan='2'>a</td></tr></table>",
                "<table><tr><td colspan=\"2\">a</td></tr></table>",
            ),
            ("<ruby>a<rp>(</rp><rt>b</rt></ruby><q>c</q>", "<ruby>a<rt>(b)</rt></ruby>“c”"),
            (
                "<script>no</script><p hidden='hidden'>a</p><b style='display: none'>b</b>",
                "<p hidden=\"\">a</p><span hidden=\"\">b</span>",
            ),
            (
                "<p style='visibility: hidden'>a<b style='visibility:visible'>b</b></p>",
                "<p style=\"visibility:hidden\">a<span style=\"visibility:visible\">b</span></p>",
            ),
            (
                "<epub:switch><epub:case>a</epub:case><epub:default>b</epub:default></epub:switch>",
                "a",
            ),
        ]);
    }

    #[test]
    fn ends_may_be_missing() {
        all_written(&[
            ("<p>a<p>b<br>c<hr>d", "<p>a</p><p>b<br>c</p><div></div>d"),
            ("<ul><li>a<li>b</ul>c", "<ul><li>a</li><li>b</li></ul>c"),
            (
                "<table><tr><td>a<td>b<tr><td>c</table>",
                "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
            ),
        ]);
        let deep = format!("{}a", "<div>".repeat(1000));
        let html = format!("{}a{}", "<div>".repeat(KEPT_MAX), "</div>".repeat(KEPT_MAX));
        all_written(&[(&deep, &html)]);
    }
}
