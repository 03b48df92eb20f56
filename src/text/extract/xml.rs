//! XML as a row of balanced pieces, whatever the ends of the text look like.
//!
//! Names are local ones. Nothing that a document type defines is expanded.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::page::Lack;
use crate::text::{Rule, decode};

/// Elements that lie deeper in one another end a text.
const DEPTH_MAX: usize = 4096;
/// So far up an end without its beginning is looked for.
const ENDS_MAX: usize = 16;
/// Longer ids there are not.
const ID_BYTES_MAX: usize = 255;
/// Longer names of characters there are not.
const REFERENCE_BYTES_MAX: usize = 40;

/// A piece of XML.
pub(super) enum XmlPiece<'a> {
    /// An element begins. Each that begins ends, too.
    Start(XmlTag<'a>),
    /// The element that began last ends.
    End,
    /// Text, or a part of it.
    Text(Cow<'a, str>),
}

/// The beginning of an element.
pub(super) struct XmlTag<'a>(BytesStart<'a>);

impl XmlTag<'_> {
    /// Its name, without what stands before a colon.
    pub(super) fn name(&self) -> &str {
        local(self.0.name().0)
    }

    /// What stands before the colon in its name.
    pub(super) fn prefix(&self) -> &str {
        self.0.name().0.rsplit_once(':').map_or("", |(prefix, _)| prefix)
    }

    /// The first attribute of a local name.
    pub(super) fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        self.first(|key| local(key) == name)
    }

    /// The id of a relation, which other than the element's own id has a prefix.
    pub(super) fn relation(&self, name: &str) -> Option<Cow<'_, str>> {
        self.first(|key| key.rsplit_once(':').is_some_and(|(_, local)| local == name))
    }

    /// A name in an attribute that is no longer than names are: it may be copied as often as it is used.
    pub(super) fn id(&self, name: &str) -> Option<String> {
        Some(self.attribute(name)?.into_owned()).filter(|it| it.len() <= ID_BYTES_MAX)
    }

    /// A number in an attribute.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.attribute(name)?.trim().parse().ok()
    }

    /// Whether what its attribute `val` turns on is on, as it is without one.
    pub(super) fn is_on(&self) -> bool {
        !self.attribute("val").is_some_and(|it| matches!(&*it, "0" | "false" | "off" | "none"))
    }

    fn first(&self, is_wanted: impl Fn(&str) -> bool) -> Option<Cow<'_, str>> {
        let mut attributes = self.0.html_attributes();
        // Looking for attributes that are there twice takes the square of the time.
        attributes.with_checks(false);
        let found = attributes.flatten().find(|it| is_wanted(it.key.0))?;
        Some(unescaped(found.value))
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Reads a text piece by piece.
pub(super) struct Xml<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// Where the names of open elements are in the text.
    open: Vec<(usize, usize)>,
    /// So many elements have ended without being passed on.
    n_ends: usize,
    is_over: bool,
    lack: Lack,
    names: fn(&str) -> Option<&'static str>,
    /// Whether elements of a name end where they begin.
    is_empty: fn(&str) -> bool,
}

impl<'a> Xml<'a> {
    /// A reader of a text that knows the entities of XML itself.
    pub(super) fn new(text: &'a str) -> Self {
        Self::lenient(text, |_| None, |_| false)
    }

    /// A reader of a text that knows more names of characters, and elements that need no end.
    pub(super) fn lenient(
        text: &'a str,
        names: fn(&str) -> Option<&'static str>,
        is_empty: fn(&str) -> bool,
    ) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        let (open, lack) = (Vec::new(), Lack::default());
        Self { text, reader, open, n_ends: 0, is_over: false, lack, names, is_empty }
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Option<XmlPiece<'a>> {
        loop {
            if self.n_ends > 0 {
                self.n_ends -= 1;
                self.open.pop();
                return Some(XmlPiece::End);
            }
            if self.is_over {
                return None;
            }
            if let Some(piece) = self.read() {
                return Some(piece);
            }
        }
    }

    /// Goes past the end of the element that began last.
    pub(super) fn skip(&mut self) {
        self.inner(|_| {});
    }

    /// The text in the element that began last; goes past its end.
    pub(super) fn inner_text(&mut self) -> String {
        let mut inner = String::new();
        self.inner(|text| inner.push_str(text));
        inner
    }

    /// The markup in the element that began last; goes past its end.
    pub(super) fn inner_markup(&mut self) -> &'a str {
        let start = self.position();
        let end = self.inner(|_| {});
        self.text.get(start..end).unwrap_or_default()
    }

    /// The next element in one that began at this depth; goes past the end of that when there is none.
    pub(super) fn tag_within(&mut self, depth: usize) -> Option<XmlTag<'a>> {
        while self.depth() >= depth {
            if let XmlPiece::Start(tag) = self.next()? {
                return Some(tag);
            }
        }
        None
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// What it is that ended the text before its end, if anything did so far.
    pub(super) fn lack(&self) -> Lack {
        self.lack
    }

    /// How far the text is read.
    fn position(&self) -> usize {
        (self.reader.buffer_position() as usize).min(self.text.len())
    }

    /// Reads to the end of the element that began last; where its content ends.
    fn inner(&mut self, mut put: impl FnMut(&str)) -> usize {
        let depth = self.depth();
        let mut end = self.position();
        while self.depth() >= depth.max(1) {
            match self.next() {
                Some(XmlPiece::Text(text)) => put(&text),
                Some(_) => {}
                None => break,
            }
            if self.depth() >= depth {
                end = self.position();
            }
        }
        end
    }

    fn read(&mut self) -> Option<XmlPiece<'a>> {
        let before = self.reader.buffer_position();
        match self.reader.read_event() {
            Ok(Event::Start(tag)) if !(self.is_empty)(local(tag.name().0)) => {
                self.start(tag, before)
            }
            Ok(Event::Empty(tag) | Event::Start(tag)) => {
                let piece = self.start(tag, before);
                self.n_ends = self.n_ends.max(usize::from(!self.is_over));
                piece
            }
            Ok(Event::End(tag)) => {
                self.end(tag.name().0);
                None
            }
            Ok(Event::Text(text)) => Some(XmlPiece::Text(text.into_inner())),
            Ok(Event::CData(text)) => Some(XmlPiece::Text(text.into_inner())),
            Ok(Event::GeneralRef(name)) => Some(XmlPiece::Text(self.reference(&name))),
            Ok(Event::Eof) => {
                self.lack.is_broken |= !self.open.is_empty();
                self.finish();
                None
            }
            Ok(_) => None,
            // What is wrong is passed over, unless it is all the rest.
            Err(_) => {
                if self.reader.buffer_position() <= before {
                    self.lack.is_broken = true;
                    self.finish();
                }
                None
            }
        }
    }

    fn start(&mut self, tag: BytesStart<'a>, before: u64) -> Option<XmlPiece<'a>> {
        if self.open.len() >= DEPTH_MAX {
            self.lack.is_truncated = true;
            self.finish();
            return None;
        }
        // The name follows the sign that begins the tag.
        self.open.push((before as usize + 1, tag.name().0.len()));
        Some(XmlPiece::Start(XmlTag(tag)))
    }

    /// Ends the innermost element of a name, and what is open in it; nothing where there is none.
    fn end(&mut self, name: &str) {
        let is_it = |(start, n): &(usize, usize)| self.text.get(*start..*start + *n) == Some(name);
        if let Some(n_inner) = self.open.iter().rev().take(ENDS_MAX).position(is_it) {
            self.n_ends = n_inner + 1;
        }
    }

    fn finish(&mut self) {
        self.is_over = true;
        self.n_ends = self.open.len();
    }

    fn reference(&self, name: &str) -> Cow<'a, str> {
        if let Some(c) = character(name) {
            return Cow::Owned(c.to_string());
        }
        match (self.names)(name) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(format!("&{name};")),
        }
    }
}

/// What a reference without its signs stands for, if XML itself knows it.
fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(number) => u32::from_str_radix(number, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32).filter(|it| *it != '\0');
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// A value with its references replaced.
fn unescaped(value: Cow<'_, str>) -> Cow<'_, str> {
    if !value.contains('&') {
        return value;
    }
    let mut text = String::with_capacity(value.len());
    let mut rest = &*value;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let end = after.bytes().take(REFERENCE_BYTES_MAX).position(|byte| byte == b';');
        let name = end.and_then(|end| after.split_at_checked(end));
        rest = match name.and_then(|(name, rest)| Some((character(name)?, rest.get(1..)?))) {
            Some((c, rest)) => {
                text.push(c);
                rest
            }
            None => {
                text.push('&');
                after
            }
        };
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The text of a part, and whether all of its bytes stand for characters: UTF-8, UTF-16 by its mark or its first sign, or
/// what it declares or resembles.
pub(super) fn decoded(bytes: Vec<u8>) -> (String, bool) {
    let text = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [b'<', 0, ..] => utf_16(&bytes, u16::from_le_bytes),
        [0, b'<', ..] => utf_16(&bytes, u16::from_be_bytes),
        // Escapes are for what has seven bits and is not ASCII.
        _ => match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\u{1b}') => (text, true),
            Ok(text) => otherwise(text.as_bytes()),
            Err(error) => otherwise(error.as_bytes()),
        },
    };
    match text.0.strip_prefix('\u{feff}') {
        Some(rest) => (rest.to_owned(), text.1),
        None => text,
    }
}

/// What is not simply UTF-8. What says nothing else and has some UTF-8 in it is that, and damaged.
fn otherwise(bytes: &[u8]) -> (String, bool) {
    let has_utf_8 = || bytes.utf8_chunks().any(|it| !it.valid().is_ascii());
    match decode(bytes, "application/xml", None).filter(|it| !it.lossy) {
        Some(it) if !matches!(it.rule, Rule::Guessed | Rule::Script) => (it.text.into(), true),
        Some(it) if !has_utf_8() => (it.text.into(), false),
        _ => repaired(bytes),
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (String, bool) {
    let (pairs, half) = bytes.as_chunks::<2>();
    let mut is_whole = half.is_empty();
    let chars = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
    let text = chars.map(|it| {
        is_whole &= it.is_ok();
        it.unwrap_or(char::REPLACEMENT_CHARACTER)
    });
    (text.collect(), is_whole)
}

/// Text with a sign for what is none. One for all that stands together: the text gets no longer.
fn repaired(bytes: &[u8]) -> (String, bool) {
    let (mut text, mut is_whole) = (String::with_capacity(bytes.len()), true);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        is_whole &= chunk.invalid().is_empty();
        if !chunk.invalid().is_empty() && !text.ends_with(char::REPLACEMENT_CHARACTER) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    (text, is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces in a row: `<name`, text, `>`.
    fn pieces(text: &str) -> String {
        let mut xml = Xml::new(text);
        let mut row = String::new();
        while let Some(piece) = xml.next() {
            match piece {
                XmlPiece::Start(tag) => row.push_str(&format!("<{} ", tag.name())),
                XmlPiece::End => row.push('>'),
                XmlPiece::Text(text) => row.push_str(&text),
            }
        }
        row
    }

    #[test]
    fn all_that_begins_ends() {
        let cases = [
            ("<a><b/>c</a>", "<a <b >c>"),
            ("<x:a><y:b>c</y:b></x:a>", "<a <b c>>"),
            ("<a><b>c", "<a <b c>>"),
            ("<a><b>c</a>d", "<a <b c>>d"),
            ("<a>b</c></a>", "<a b>"),
            ("</a>b", "b"),
            ("<a>b<", "<a b>"),
            ("<a>b<c d='", "<a b>"),
            ("<a b=1 c>d</a >", "<a d>"),
            ("<?xml version='1.0'?><!-- a --><!DOCTYPE b><a><![CDATA[<c>]]></a>", "<a <c>>"),
            ("", ""),
        ];
        for (text, row) in cases {
            assert_eq!(pieces(text), row, "{text}");
        }
    }

    #[test]
    fn only_the_references_of_xml_are_replaced() {
        assert_eq!(pieces("a &amp; &lt;&#65;&#x42; &c; & d"), "a & <AB &c; & d");
        assert_eq!(pieces("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), "<a &b;>");
        assert_eq!(pieces("&#0;&#xd800;&#99999999999;"), "&#0;&#xd800;&#99999999999;");
        let mut xml = Xml::new("<a b='1 &lt; 2 &amp;&c; &#x41;&' c:id='3' id='4'/>");
        let Some(XmlPiece::Start(tag)) = xml.next() else { panic!("no tag") };
        assert_eq!(tag.attribute("b").as_deref(), Some("1 < 2 &&c; A&"));
        assert_eq!(tag.relation("id").as_deref(), Some("3"));
        assert_eq!(tag.attribute("d"), None);
    }

    #[test]
    fn an_element_is_read_as_a_whole() {
        let mut xml = Xml::new("<a><b>1<c>2</c>3</b><d/>4<e>5");
        xml.next();
        xml.next();
        assert_eq!(xml.inner_markup(), "1<c>2</c>3");
        xml.next();
        assert_eq!(xml.inner_markup(), "");
        assert!(matches!(xml.next(), Some(XmlPiece::Text(text)) if text == "4"));
        xml.next();
        assert_eq!(xml.inner_text(), "5");
        assert!(matches!(xml.next(), Some(XmlPiece::End)));
        assert!(xml.next().is_none());
    }

    #[test]
    fn what_lies_too_deep_ends_a_text() {
        let text = format!("{}b", "<a>".repeat(DEPTH_MAX + 1));
        let mut xml = Xml::new(&text);
        let mut depth = 0_usize;
        while let Some(piece) = xml.next() {
            match piece {
                XmlPiece::Start(_) => depth += 1,
                XmlPiece::End => depth -= 1,
                XmlPiece::Text(_) => panic!("text at depth {depth}"),
            }
        }
        assert_eq!(depth, 0);
    }

    #[test]
    fn texts_are_decoded_by_their_marks() {
        let units: Vec<_> = "<é>".encode_utf16().collect();
        let little: Vec<_> = units.iter().flat_map(|it| it.to_le_bytes()).collect();
        let big: Vec<_> = units.iter().flat_map(|it| it.to_be_bytes()).collect();
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>Sch\xf6n</a>";
        let cyrillic =
            b"<html><meta charset='windows-1251'/><p>\xcf\xf0\xe8\xe2\xe5\xf2</p></html>";
        for (bytes, text, is_whole) in [
            (little.clone(), "<é>", true),
            ([&[0xff, 0xfe], &little[..]].concat(), "<é>", true),
            ([&[0xff, 0xfe], &little[..], b"<"].concat(), "<é>", false),
            ([&[0xfe, 0xff], &big[..]].concat(), "<é>", true),
            (big, "<é>", true),
            ("\u{feff}<é>".into(), "<é>", true),
            (b"<a>Sch\xf6n</a>".to_vec(), "<a>Schön</a>", false),
            (b"<a>b\xff\xffb\xc3\xa4</a>".to_vec(), "<a>b\u{fffd}bä</a>", false),
            (latin.to_vec(), "<?xml version='1.0' encoding='ISO-8859-1'?><a>Schön</a>", true),
            (cyrillic.to_vec(), "<html><meta charset='windows-1251'/><p>Привет</p></html>", true),
        ] {
            assert_eq!(decoded(bytes), (text.to_owned(), is_whole));
        }
    }
}
