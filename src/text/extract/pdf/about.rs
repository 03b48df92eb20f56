//! What a file says of itself.

use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{DateTime, Dict, Stream, String as PdfString};

use super::super::page::{About, PageWriter};

/// Writes what a file says of itself: in its list, then in its packet of metadata.
pub(super) fn write(pdf: &Pdf, page: &mut PageWriter) {
    let metadata = pdf.metadata();
    let root = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id());
    let packet = root.as_ref().and_then(packet).unwrap_or_default();
    let texts = [
        (About::Title, &metadata.title, "dc:title"),
        (About::Author, &metadata.author, "dc:creator"),
        (About::Description, &metadata.subject, "dc:description"),
    ];
    for (about, bytes, name) in texts {
        let text = bytes.as_ref().map(|it| text_string(it)).filter(|it| !it.trim().is_empty());
        if let Some(text) = text.or_else(|| property(&packet, name)) {
            page.about(about, &text);
        }
    }
    let dates = [
        (About::Created, metadata.creation_date, "xmp:CreateDate"),
        (About::Modified, metadata.modification_date, "xmp:ModifyDate"),
    ];
    for (about, date, name) in dates {
        if let Some(date) = date.map(|it| iso(&it)).or_else(|| property(&packet, name)) {
            page.about(about, &date);
        }
    }
    let language = root.and_then(|it| it.get::<PdfString<'_>>(b"Lang"));
    if let Some(language) = language {
        page.about(About::Language, &text_string(language.as_bytes()));
    }
    page.about(About::Pages, &pdf.pages().len().to_string());
}

/// So many bytes of metadata are looked at.
const PACKET_BYTES_MAX: usize = 1 << 20;

fn packet(root: &Dict<'_>) -> Option<String> {
    let bytes = root.get::<Stream<'_>>(b"Metadata")?.decoded_data().ok()?;
    let bytes = bytes.get(..PACKET_BYTES_MAX).unwrap_or(&bytes);
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// The text of a property in a packet: an element of this name, or an attribute.
fn property(packet: &str, name: &str) -> Option<String> {
    if let Some((_, rest)) = packet.split_once(&format!("{name}=\"")) {
        return rest.split_once('"').map(|it| unescaped(it.0));
    }
    let (_, rest) = packet.split_once(&format!("<{name}>"))?;
    let (inside, _) = rest.split_once(&format!("</{name}>"))?;
    let mut texts = Vec::new();
    for part in inside.split('<') {
        let text = part.split_once('>').map_or(part, |it| it.1).trim();
        if !text.is_empty() {
            texts.push(unescaped(text));
        }
    }
    Some(texts.join(", ")).filter(|it| !it.is_empty())
}

fn unescaped(text: &str) -> String {
    let names = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    names.iter().fold(text.to_owned(), |text, (name, sign)| text.replace(name, sign))
}

/// A date as ISO 8601 has it.
fn iso(date: &DateTime) -> String {
    let DateTime { year, month, day, hour, minute, second, .. } = *date;
    let (h, m) = (date.utc_offset_hour, date.utc_offset_minute);
    let zone = match (h, m) {
        (0, 0) => "Z".to_owned(),
        _ => format!("{}{:02}:{m:02}", if h < 0 { '-' } else { '+' }, h.unsigned_abs()),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
}

/// The characters that stand at 0x80 to 0x9f, and at 0xa0, in the encoding of PDF's own.
const DOC_ENCODING: &str = "•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\u{fffd}€";

/// The text of a string outside of the pages: UTF-16 or UTF-8 with a mark, or PDF's own encoding.
pub(super) fn text_string(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            // Many programs write it without a mark.
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| doc_char(*byte)).collect(),
        },
    }
}

fn doc_char(byte: u8) -> char {
    match byte {
        0x80..=0xa0 => DOC_ENCODING.chars().nth(usize::from(byte - 0x80)).unwrap_or('\u{fffd}'),
        _ => char::from(byte),
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|it| match it {
        [a, b] => unit([*a, *b]),
        _ => 0,
    });
    let mut text = String::new();
    let mut is_language = false;
    for c in char::decode_utf16(units).map(|it| it.unwrap_or('\u{fffd}')) {
        match c {
            // Between two of these stands a language.
            '\u{1b}' => is_language = !is_language,
            c if !is_language => text.push(c),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_in_all_their_encodings() {
        assert_eq!(text_string(b"plain"), "plain");
        assert_eq!(text_string(b"\x80\xe9\xa0"), "•é€");
        assert_eq!(text_string(b"\xfe\xff\0A\x01\x41"), "AŁ");
        assert_eq!(text_string(b"\xff\xfeA\0"), "A");
        assert_eq!(text_string("\u{feff}é".as_bytes()), "é");
        assert_eq!(text_string("é".as_bytes()), "é");
        assert_eq!(text_string(b"\xfe\xff\0\x1b\0e\0n\0\x1b\0A"), "A");
    }

    #[test]
    fn properties_are_elements_or_attributes() {
        let packet = "<rdf:Description xmp:CreateDate=\"2020-01-02\"><dc:title><rdf:Alt>\n\
            <rdf:li xml:lang=\"x-default\">A &amp; B</rdf:li></rdf:Alt></dc:title>\
            <dc:creator><rdf:Seq><rdf:li>Ada</rdf:li><rdf:li>Bo</rdf:li></rdf:Seq></dc:creator>";
        assert_eq!(property(packet, "dc:title").as_deref(), Some("A & B"));
        assert_eq!(property(packet, "dc:creator").as_deref(), Some("Ada, Bo"));
        assert_eq!(property(packet, "xmp:CreateDate").as_deref(), Some("2020-01-02"));
        assert_eq!(property(packet, "dc:description"), None);
    }
}
