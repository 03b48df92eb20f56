//! The encoding that a page or XML file declares, sought where browsers seek it.
//!
//! The rules are those of the HTML Living Standard, section 13.2.3.2, "prescan a byte stream to determine
//! its encoding"; and what stands in a script or a style is no tag.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

use super::attributes::{Attributes, is_space};
use super::charset::Charset;

/// What `<meta charset=…>`, `<meta http-equiv=content-type content="…; charset=…">` or
/// `<?xml … encoding="…"?>` say.
pub(super) fn charset(bytes: &[u8]) -> Option<Charset> {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES)];
    let label = match head.strip_prefix(b"<?xml") {
        Some(rest) => xml_label(rest).or_else(|| meta_label(head)),
        None => meta_label(head),
    }?;
    let label = String::from_utf8_lossy(&label).into_owned();
    match Charset::for_label(&label)? {
        // UTF-16 cannot be declared in bytes that read as ASCII.
        Charset::Standard(it) if it == UTF_16LE || it == UTF_16BE => Some(Charset::Standard(UTF_8)),
        Charset::Standard(it) if it == X_USER_DEFINED => Some(Charset::Standard(WINDOWS_1252)),
        charset => Some(charset),
    }
}

/// The standard asks for the first 1024 bytes; browsers go on to the end of the head, and pages made by
/// hand are late with it.
const DECLARATION_BYTES: usize = 4096;

/// The value of `encoding` in an XML declaration.
fn xml_label(rest: &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'>')?;
    let mut attributes = Attributes::of(&rest[..end]);
    attributes.find(|(name, _)| *name == b"encoding").map(|(_, value)| value.to_vec())
}

/// The encoding that the first `meta` with one names.
fn meta_label(head: &[u8]) -> Option<Vec<u8>> {
    let mut rest = head;
    while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix(b"<!--") {
            // The hyphens that open it may close it, too.
            rest = after(&rest[2..], b"-->").unwrap_or(&comment[comment.len()..]);
            continue;
        }
        let is_end = rest.get(1) == Some(&b'/');
        let tag = &rest[if is_end { 2 } else { 1 }..];
        let n_name = tag.iter().position(|byte| is_space(*byte) || b"/>".contains(byte));
        let (name, more) = tag.split_at(n_name.unwrap_or(tag.len()));
        if !name.first().is_some_and(u8::is_ascii_alphabetic) {
            rest = match rest.get(1) {
                Some(b'!' | b'/' | b'?') => after(rest, b">").unwrap_or_default(),
                _ => &rest[1..],
            };
            continue;
        }
        let mut attributes = Attributes::of(more);
        if !is_end && name.eq_ignore_ascii_case(b"meta") {
            let label = label_of(&mut attributes);
            if label.as_ref().is_some_and(|it| Encoding::for_label(it).is_some()) {
                return label;
            }
        }
        attributes.by_ref().for_each(drop);
        rest = match raw_name(name).filter(|_| !is_end) {
            Some(raw) => after_raw(attributes.rest(), raw),
            None => attributes.rest(),
        };
    }
    None
}

/// Elements of the head that may hold something like a tag. Of `noscript` browsers read the tags here.
fn raw_name(name: &[u8]) -> Option<&'static [u8]> {
    let raw: [&[u8]; 3] = [b"script", b"style", b"title"];
    raw.into_iter().find(|raw| name.eq_ignore_ascii_case(raw))
}

fn after_raw<'a>(rest: &'a [u8], name: &[u8]) -> &'a [u8] {
    let is_end = |at: &usize| {
        rest[*at..].starts_with(b"</")
            && rest.get(at + 2..at + 2 + name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name))
    };
    (0..rest.len()).find(is_end).map_or(&[], |at| &rest[at..])
}

fn after<'a>(bytes: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(end.len()).position(|window| window == end)?;
    Some(&bytes[at + end.len()..])
}

fn label_of(attributes: &mut Attributes<'_>) -> Option<Vec<u8>> {
    let (mut charset, mut content, mut is_pragma) = (None, None, false);
    for (name, value) in attributes {
        match name.to_ascii_lowercase().as_slice() {
            b"charset" if charset.is_none() => charset = Some(value),
            b"content" if content.is_none() => content = Some(value),
            b"http-equiv" => is_pragma |= value.eq_ignore_ascii_case(b"content-type"),
            _ => {}
        }
    }
    charset.map(<[u8]>::to_vec).or_else(|| label_in(content.filter(|_| is_pragma)?))
}

/// The label after `charset=` in the value of a `content`.
fn label_in(content: &[u8]) -> Option<Vec<u8>> {
    let mut rest = content.to_ascii_lowercase();
    loop {
        rest = after(&rest, b"charset")?.trim_ascii_start().to_vec();
        if let Some(value) = rest.strip_prefix(b"=") {
            let value = value.trim_ascii_start();
            let quote = value.first().filter(|byte| b"\"'".contains(byte));
            let body = &value[usize::from(quote.is_some())..];
            let end = body.iter().position(|byte| match quote {
                Some(quote) => byte == quote,
                None => is_space(*byte) || *byte == b';',
            });
            // A quote that does not end names nothing.
            return match (end, quote) {
                (None, Some(_)) => None,
                (end, _) => Some(body[..end.unwrap_or(body.len())].to_vec()),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_in(head: &str) -> Option<&'static str> {
        charset(head.as_bytes()).map(Charset::name)
    }

    #[test]
    fn declarations_stand_where_the_standard_looks() {
        for (head, name) in [
            ("<meta charset=windows-1251>", "windows-1251"),
            ("<META data-x='>' CHARSET = 'KOI8-R'>", "KOI8-R"),
            ("<meta http-equiv=Content-Type content='text/html; charset=big5'>", "Big5"),
            ("<meta content='text/html; charset = \"gbk\"' http-equiv='content-type'/>", "GBK"),
            ("<?xml version='1.0' encoding='ISO-8859-5'?><a>", "ISO-8859-5"),
            ("<meta charset=utf-16le>", "UTF-8"),
            ("<meta charset=nonsense><meta charset=iso-8859-2>", "ISO-8859-2"),
            ("<script charset=big5 src=a.js></script><meta charset=iso-8859-7>", "ISO-8859-7"),
            ("<!-- <meta charset=big5> --><meta charset=iso-8859-7>", "ISO-8859-7"),
            ("<!--><meta charset=iso-8859-7>", "ISO-8859-7"),
            ("<noscript><meta charset=koi8-r></noscript><meta charset=windows-1251>", "KOI8-R"),
            ("<script>'<meta charset=big5>'</script><meta charset=iso-8859-7>", "ISO-8859-7"),
            ("<!doctype html><a title='<meta charset=big5>'><meta charset=koi8-u>", "KOI8-U"),
        ] {
            assert_eq!(name_in(head), Some(name), "{head}");
        }
        for head in [
            "",
            "charset=big5",
            "<a charset=big5>",
            "<link charset='big5' href=a.css>",
            "<meta name=description content='charset=big5'>",
            "<metadata charset=big5>",
            "<title><meta charset=big5></title>",
            "<!-- <meta charset=big5>",
            "<meta http-equiv=content-type content='text/html; charset=\"gbk'>",
            "</meta charset=big5>",
            "<meta charset",
        ] {
            assert_eq!(name_in(head), None, "{head}");
        }
    }
}
