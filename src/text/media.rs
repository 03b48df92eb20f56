//! Media types: what bytes are, by their content first and by their name only among texts and
//! packages.

use crate::types::{limits::TEXT_BYTES_MAX, name::DocName};

use super::{charset::Charset, decode::decode, extract::Format, kinds::are_bytes_text};

/// The media type of a document, from its name and its bytes.
///
/// What it is shows in its first bytes; whether it is text at all, in an encoding that is found or named, in all of them. What
/// is neither known nor text is `application/octet-stream`.
pub fn media_type(name: &DocName, bytes: &[u8], named: Option<Charset>) -> &'static str {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let found = by_head(name, head, named);
    if head.len() == bytes.len() || bytes.len() > TEXT_BYTES_MAX {
        return found;
    }
    let is_text = || decode(without_cut_char(bytes), "text/plain", named).is_some();
    match found {
        // It may begin with more controls than it has elsewhere.
        UNKNOWN if std::str::from_utf8(without_cut_char(head)).is_ok() && is_text() => {
            text_by_name(name).unwrap_or("text/plain")
        }
        found if are_bytes_text(found) && Format::of(found).is_none() && !is_text() => UNKNOWN,
        found => found,
    }
}

/// A kilobyte would do; pages that begin with much white space are told apart with more.
const HEAD_BYTES: usize = 8 << 10;

const UNKNOWN: &str = "application/octet-stream";

fn by_head(name: &DocName, head: &[u8], named: Option<Charset>) -> &'static str {
    if head.is_empty() {
        return "inode/x-empty";
    }
    if is_pdf_behind(head, name) {
        return PDF;
    }
    if let Some(found) = by_magic(head) {
        return package_by_name(found, name).unwrap_or(found);
    }
    let Some(decoded) = decode(without_cut_char(head), "text/plain", named) else {
        return by_weak_magic(head).unwrap_or(UNKNOWN);
    };
    let start = without_comments(&decoded.text);
    by_markup(start)
        .or_else(|| text_by_name(name))
        .or_else(|| by_weak_markup(start, name))
        .unwrap_or("text/plain")
}

/// What documents are whose names end so, where that alone tells.
pub fn media_type_by_ending(ending: &str) -> Option<&'static str> {
    let package = || PACKAGES.iter().find(|(_, it, _)| *it == ending).map(|(_, _, found)| *found);
    match ending {
        "txt" | "text" => Some("text/plain"),
        _ => package().or_else(|| text_by_ending(ending)).or_else(|| other_by_ending(ending)),
    }
}

/// Of what is known by its bytes alone the usual endings, where they are not the second part of the media type.
fn other_by_ending(ending: &str) -> Option<&'static str> {
    Some(match ending {
        "fb2" => "application/x-fictionbook+xml",
        "jpg" | "jpe" => "image/jpeg",
        "tif" => "image/tiff",
        "ico" => "image/vnd.microsoft.icon",
        "psd" => "image/vnd.adobe.photoshop",
        "djvu" | "djv" => "image/vnd.djvu",
        "mp3" => "audio/mpeg",
        "mid" => "audio/midi",
        "mov" => "video/quicktime",
        "avi" => "video/x-msvideo",
        "ps" => "application/postscript",
        "gz" | "tgz" => "application/gzip",
        "tar" => "application/x-tar",
        "7z" => "application/x-7z-compressed",
        "rar" => "application/vnd.rar",
        _ => return None,
    })
}

/// What stands behind white space and comments, with which pages begin that were saved by a browser.
fn without_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix("<!--") {
        let Some(end) = comment.find("-->") else { break };
        rest = comment[end + 3..].trim_start();
    }
    rest
}

/// Tags that a page without a head begins with; a text with an ending of its own may do so, too.
fn by_weak_markup(start: &str, name: &DocName) -> Option<&'static str> {
    let tags =
        ["<h1", "<div", "<font", "<table", "<style", "<iframe", "<br", "<p", "<meta", "<link"];
    let is_page = ending(name).is_none() && tags.into_iter().any(|tag| begins(start, tag));
    is_page.then_some("text/html")
}

/// Whether a text begins with this tag, in any case.
fn begins(start: &str, tag: &str) -> bool {
    start.get(..tag.len()).is_some_and(|it| it.eq_ignore_ascii_case(tag))
        && !start[tag.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
}

/// UTF-8 without the beginning of a character at its end; anything else as it is.
pub fn without_cut_char(head: &[u8]) -> &[u8] {
    match std::str::from_utf8(head) {
        Err(cut) if cut.error_len().is_none() && cut.valid_up_to() > 0 => {
            &head[..cut.valid_up_to()]
        }
        _ => head,
    }
}

fn by_magic(head: &[u8]) -> Option<&'static str> {
    // What readers know behind a mark of UTF-8 or lines without anything as well.
    let start = without_start(head);
    let late = LATE_MAGIC.iter().find(|magic| start.starts_with(magic));
    let head = if late.is_some() { start } else { head };
    let found = MAGIC.iter().find(|(at, magic, _)| has_at(head, *at, magic));
    found.map(|(_, _, media_type)| *media_type)
}

/// What stands behind a mark of UTF-8, white space and zeros.
pub(super) fn without_start(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let n =
        bytes.iter().take(LATE_BYTES_MAX).take_while(|it| **it == 0 || it.is_ascii_whitespace());
    &bytes[n.count()..]
}

/// Whether a PDF file begins behind something else, as readers let it: its name says so, or no name says that it is a text
/// and an object follows.
fn is_pdf_behind(head: &[u8], name: &DocName) -> bool {
    let magic = LATE_MAGIC[0];
    let at = head.windows(magic.len()).take(LATE_BYTES_MAX).position(|it| it == magic);
    let Some(rest) = at.filter(|at| *at > 0).map(|at| &head[at..]) else { return false };
    match ending(name).as_deref() {
        Some("pdf") => true,
        Some(ending) if text_by_ending(ending).is_some() || ending == "txt" => false,
        _ => {
            let mut lines = rest.split(|it| b"\r\n".contains(it)).skip(1);
            let object = lines.find(|it| !it.is_empty() && it[0] != b'%').unwrap_or_default();
            object.first().is_some_and(u8::is_ascii_digit)
                && object.windows(4).any(|it| it == b" obj")
        }
    }
}

/// Magic that texts can begin with, too.
fn by_weak_magic(head: &[u8]) -> Option<&'static str> {
    let found = WEAK_MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
    found.map(|(_, media_type)| *media_type)
}

fn has_at(head: &[u8], at: usize, magic: &[u8]) -> bool {
    head.get(at..).is_some_and(|rest| rest.starts_with(magic))
}

/// The first tags that the WHATWG MIME Sniffing Standard takes for HTML, those apart that Markdown
/// begins with.
fn by_markup(start: &str) -> Option<&'static str> {
    let begins = |tag: &str| begins(start, tag);
    if begins("<?xml") {
        return Some(match () {
            () if start.contains("<html") => "application/xhtml+xml",
            () if start.contains("<svg") => "image/svg+xml",
            () if start.contains("<FictionBook") => "application/x-fictionbook+xml",
            () => flat_type(start).unwrap_or("application/xml"),
        });
    }
    if ["<!doctype html", "<html", "<head", "<title", "<body", "<script"].into_iter().any(begins) {
        return Some("text/html");
    }
    begins("<svg").then_some("image/svg+xml")
}

/// What a document of OpenDocument is that is one file of XML.
fn flat_type(start: &str) -> Option<&'static str> {
    let (_, root) = start.split_once("<office:document ")?;
    let root = root.split('>').next()?;
    let (_, stated) = root.split_once("office:mimetype=")?;
    let stated = stated.get(1..)?.split(['"', '\'']).next()?;
    PACKAGES.iter().map(|(_, _, found)| *found).find(|it| *it == stated)
}

/// What follows the last dot of a name, in lower case.
fn ending(name: &DocName) -> Option<String> {
    let tail = name.tail();
    let dot = tail.iter().rposition(|byte| *byte == b'.')?;
    Some(std::str::from_utf8(&tail[dot + 1..]).ok()?.to_ascii_lowercase())
}

fn text_by_name(name: &DocName) -> Option<&'static str> {
    text_by_ending(&ending(name)?)
}

fn text_by_ending(ending: &str) -> Option<&'static str> {
    let found = TEXTS.iter().find(|(endings, _)| endings.split(' ').any(|it| it == ending));
    found.map(|(_, media_type)| *media_type)
}

fn package_by_name(container: &str, name: &DocName) -> Option<&'static str> {
    let ending = ending(name)?;
    let found = PACKAGES.iter().find(|(of, it, _)| *of == container && *it == ending);
    found.map(|(_, _, media_type)| *media_type)
}

pub(super) const ZIP: &str = "application/zip";
pub(super) const OLE: &str = "application/x-ole-storage";
/// What an OLE file begins with.
pub(super) const OLE_HEAD: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

const PDF: &str = "application/pdf";

/// Magic that may stand behind something within so many bytes.
const LATE_MAGIC: [&[u8]; 2] = [b"%PDF-", b"{\\rtf"];
const LATE_BYTES_MAX: usize = 1024;

/// Where the magic stands, what it is, what it means. The longer come before their beginnings.
const MAGIC: &[(usize, &[u8], &str)] = &[
    (0, b"%PDF-", PDF),
    (0, b"%!PS", "application/postscript"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (8, b"WEBPVP8", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (8, b"WAVEfmt", "audio/wav"),
    (8, b"AVI LIST", "video/x-msvideo"),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska"),
    (0, b"ID3\x02", "audio/mpeg"),
    (0, b"ID3\x03", "audio/mpeg"),
    (0, b"ID3\x04", "audio/mpeg"),
    (0, b"OggS\0", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"AT&TFORM", "image/vnd.djvu"),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\0asm", "application/wasm"),
    (0, OLE_HEAD, OLE),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO\0", "font/otf"),
    (0, b"ttcf\0", "font/collection"),
    (0, b"icns\0", "image/icns"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"\xff\x4f\xff\x51\0", "image/j2c"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (0, b"8BPS\0", "image/vnd.adobe.photoshop"),
    (0, b"\xd7\xcd\xc6\x9a\0\0", "image/wmf"),
    (40, b" EMF\0\0\x01\0", "image/emf"),
    (0, b"MThd\0\0\0\x06", "audio/midi"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\0\0\x01\xba", "video/mpeg"),
];

const WEAK_MAGIC: &[(&[u8], &str)] = &[
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"BM", "image/bmp"),
    // UTF-32 begins so with some letters.
    (b"\0\0\x01\0", "image/vnd.microsoft.icon"),
    (b"\0\x01\0\0\0", "font/ttf"),
    (b"true\0", "font/ttf"),
    // A metafile without a head of its own: its type, and how many words its first record has.
    (b"\x01\0\x09\0\0\x03", "image/wmf"),
    (b"BZh", "application/x-bzip2"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
];

/// Packages by container and ending.
pub(super) const PACKAGES: &[(&str, &str, &str)] = &[
    (ZIP, "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (ZIP, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (ZIP, "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (ZIP, "docm", "application/vnd.ms-word.document.macroenabled.12"),
    (ZIP, "xlsm", "application/vnd.ms-excel.sheet.macroenabled.12"),
    (ZIP, "xlsb", "application/vnd.ms-excel.sheet.binary.macroenabled.12"),
    (ZIP, "pptm", "application/vnd.ms-powerpoint.presentation.macroenabled.12"),
    (ZIP, "odt", "application/vnd.oasis.opendocument.text"),
    (ZIP, "ods", "application/vnd.oasis.opendocument.spreadsheet"),
    (ZIP, "odp", "application/vnd.oasis.opendocument.presentation"),
    (ZIP, "epub", "application/epub+zip"),
    (ZIP, "jar", "application/java-archive"),
    // Packages lie in such a container where they are locked by a password.
    (OLE, "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (OLE, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (OLE, "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (OLE, "xlsb", "application/vnd.ms-excel.sheet.binary.macroenabled.12"),
    (OLE, "doc", "application/msword"),
    (OLE, "xls", "application/vnd.ms-excel"),
    (OLE, "ppt", "application/vnd.ms-powerpoint"),
    (OLE, "msg", "application/vnd.ms-outlook"),
];

/// Texts by ending.
const TEXTS: &[(&str, &str)] = &[
    ("html htm xhtml", "text/html"),
    ("md markdown mkd", "text/markdown"),
    ("csv", "text/csv"),
    ("tsv tab", "text/tab-separated-values"),
    ("json geojson jsonl ndjson", "application/json"),
    ("xml rss atom", "application/xml"),
    ("svg", "image/svg+xml"),
    ("eml", "message/rfc822"),
    ("mbox", "application/mbox"),
    ("ics", "text/calendar"),
    ("vcf", "text/vcard"),
    ("vtt", "text/vtt"),
    ("css", "text/css"),
    ("js mjs cjs", "text/javascript"),
    ("tex latex bib", "text/x-tex"),
    ("rst", "text/x-rst"),
    ("org", "text/org"),
    ("adoc asciidoc", "text/asciidoc"),
    ("diff patch", "text/x-diff"),
    ("yaml yml", "text/x-yaml"),
    ("toml", "text/x-toml"),
    ("ini cfg conf", "text/x-ini"),
    ("sh bash", "text/x-shellscript"),
    ("py", "text/x-python"),
    ("rs", "text/x-rust"),
    ("c h", "text/x-c"),
    ("cc cpp cxx hpp", "text/x-c++"),
    ("go", "text/x-go"),
    ("java", "text/x-java"),
    ("ts tsx", "text/x-typescript"),
    ("rb", "text/x-ruby"),
    ("pl pm", "text/x-perl"),
    ("php", "text/x-php"),
    ("sql", "text/x-sql"),
    ("kt kts", "text/x-kotlin"),
    ("swift", "text/x-swift"),
    ("cs", "text/x-csharp"),
    ("lua", "text/x-lua"),
    ("r", "text/x-r"),
    ("log", "text/x-log"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(name: &str, head: &[u8]) -> &'static str {
        media_type(&DocName::new(name).unwrap(), head, None)
    }

    #[test]
    fn content_decides_over_the_name() {
        for (name, head, expected) in [
            ("a.txt", &b"%PDF-1.7\n"[..], "application/pdf"),
            ("a.html", b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
            ("photo", b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            ("x.doc", b"PK\x03\x04\x14\0", "application/zip"),
            ("x.epub", b"PK\x03\x04\x14\0", "application/epub+zip"),
            ("x.DOC", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
            ("letter", b"{\\rtf1\\ansi", "application/rtf"),
            ("clip", b"\0\0\0\x18ftypmp42", "video/mp4"),
            ("tone", b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
            ("song", b"\xff\xfb\x90\x64\0\0\0\0", "audio/mpeg"),
            ("a.ico", b"\0\0\x01\0\x02\0\x10\x10\0\0\x01\0\x20\0", "image/vnd.microsoft.icon"),
            ("a.icns", b"icns\0\x01\x2f\x3dic08", "image/icns"),
            ("a.otf", b"OTTO\0\x0b\0\x80\0\x03", "font/otf"),
            ("a.ttf", b"\0\x01\0\0\0\x12\x01\0\0\x04\0\x20GDEF", "font/ttf"),
            ("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", "image/jp2"),
            ("a.psd", b"8BPS\0\x01\0\0\0\0\0\0\0\x03", "image/vnd.adobe.photoshop"),
            ("a.mid", b"MThd\0\0\0\x06\0\x01\0\x02", "audio/midi"),
            ("a.wmf", b"\xd7\xcd\xc6\x9a\0\0\0\0\0\0", "image/wmf"),
            ("a.md", b"<!DOCTYPE html><p>", "text/html"),
            ("a.txt", b" \n<HTML lang=de>", "text/html"),
            ("a", b"<?xml version='1.0'?><rss>", "application/xml"),
            ("a", b"<?xml version='1.0'?><html xmlns=''>", "application/xhtml+xml"),
            (
                "a.fodt",
                b"<?xml version='1.0'?>\n<office:document xmlns:a='b' office:mimetype=\"application/vnd.oasis.opendocument.text\">",
                "application/vnd.oasis.opendocument.text",
            ),
            (
                "a",
                b"<!-- saved from url=(0020)https://x.example/ -->\n<!DOCTYPE html>",
                "text/html",
            ),
            ("a.md", b"<!-- lint off --> <!-- toc -->\n# Words", "text/markdown"),
            ("a", b"<p class=a>Fare", "text/html"),
            ("a.md", b"<p align=center>", "text/markdown"),
            ("a", b"<pre-war> words", "text/plain"),
            ("a.html", b"", "inode/x-empty"),
            ("a.txt", b"\0\x01\x02\x03", UNKNOWN),
        ] {
            assert_eq!(of(name, head), expected, "{name}");
        }
        let wide: Vec<u8> = "<html><p>wide".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(of("a.txt", &wide), "text/html");
    }

    #[test]
    fn some_formats_may_begin_late() {
        for (name, head, expected) in [
            ("a.txt", &b"\n%PDF-1.7\n"[..], "application/pdf"),
            ("a", b"\xef\xbb\xbf%PDF-1.7\n", "application/pdf"),
            ("a", b"\0\0\r\n{\\rtf1\\ansi", "application/rtf"),
            ("a.pdf", b"HTTP/1.1 200 OK\r\n\r\n%PDF-1.7\n", "application/pdf"),
            ("a", b"Type: x\r\n\r\n%PDF-1.7\r\n%\xe2\xe3\r\n1 0 obj\r\n", "application/pdf"),
            ("a", b"A file begins with %PDF-1.7\nand so on", "text/plain"),
            ("a.txt", b"As here:\n%PDF-1.7\n1 0 obj\n", "text/plain"),
        ] {
            assert_eq!(of(name, head), expected, "{name}");
        }
        let far = [&[b' '; LATE_BYTES_MAX + 1], &b"%PDF-1.7\n"[..]].concat();
        assert_eq!(of("a", &far), "text/plain");
    }

    #[test]
    fn among_texts_the_name_decides() {
        for (name, head, expected) in [
            ("README", &b"words"[..], "text/plain"),
            ("b/x.MD", b"# words", "text/markdown"),
            ("x.md", b"<h1 align=center>", "text/markdown"),
            ("x.md", b"<htmlish> words", "text/markdown"),
            ("x.csv", b"a;b", "text/csv"),
            ("x.json", b"{}", "application/json"),
            ("x.rs", b"fn main() {}", "text/x-rust"),
            ("x.tar.py", b"import this", "text/x-python"),
            ("x.log", b"BMW and MZ made motorcycles", "text/x-log"),
            ("x.txt", b"caf\xe9 au lait, s'il vous pla\xeet", "text/plain"),
            ("cut.txt", "сло".as_bytes().split_last().unwrap().1, "text/plain"),
        ] {
            assert_eq!(of(name, head), expected, "{name}");
        }
    }

    #[test]
    fn all_of_a_text_decides_whether_it_is_one() {
        let lines = "Ships were late on Monday, the board said.\n".repeat(400);
        let archive: Vec<u8> = (0..60_000_u32).map(|n| (n * n / 7 % 251) as u8).collect();
        let script = [b"#!/bin/sh\n", lines.as_bytes(), &archive].concat();
        assert_eq!(of("setup.sh", &script), "application/octet-stream");
        let records = ["\x1e\x1f\x1d".repeat(3000), lines.repeat(2)].concat();
        assert_eq!(of("records.txt", records.as_bytes()), "text/plain");
        assert_eq!(of("records.csv", records.as_bytes()), "text/csv");
        assert_eq!(of("a.txt", lines.as_bytes()), "text/plain");
        let mail = [b"From: a@b.example\n\n", lines.as_bytes(), &archive].concat();
        assert_eq!(of("a.eml", &mail), "message/rfc822");
    }

    proptest! {
        #[test]
        fn every_head_has_a_media_type(head in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(of("x.txt", &head).contains('/'));
        }
    }
}
