//! Documents of other formats: compared, found and counted like text, and harmless whatever is in them.

use std::{
    io::{Cursor, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
};

use docarchive::internals::text::{
    self, ReadAs,
    extract::{ExtractionStatus, Format, in_process},
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::common::{draw::mutant, is_slow, sandbox::Sandbox};

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const SLIDES: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const OPEN_TEXT: &str = "application/vnd.oasis.opendocument.text";
const SHEETS: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Mutants of each format.
fn n_mutants() -> u64 {
    if is_slow() { 500 } else { 25 }
}

pub fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The one relation of a part, which has this kind.
pub fn relations(kind: &str, target: &str) -> String {
    format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" \
         Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/></Relationships>"
    )
}

pub fn word(paragraphs: &[&str]) -> Vec<u8> {
    let paragraphs: String =
        paragraphs.iter().map(|it| format!("<w:p><w:r><w:t>{it}</w:t></w:r></w:p>")).collect();
    let document = format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:body>{paragraphs}</w:body></w:document>"
    );
    let relations = relations("officeDocument", "word/document.xml");
    package(&[("_rels/.rels", &relations), ("word/document.xml", &document)])
}

pub fn sheets(rows: &[[&str; 2]]) -> Vec<u8> {
    let cell = |text: &&str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let rows: String = rows
        .iter()
        .map(|row| format!("<row>{}</row>", row.iter().map(cell).collect::<String>()))
        .collect();
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let workbook = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">\
         <sheets><sheet name=\"Fares\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    package(&[
        ("_rels/.rels", &relations("officeDocument", "xl/workbook.xml")),
        ("xl/workbook.xml", &workbook),
        ("xl/_rels/workbook.xml.rels", &relations("worksheet", "worksheets/sheet1.xml")),
        (
            "xl/worksheets/sheet1.xml",
            &format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>"),
        ),
    ])
}

/// A file of one page.
pub fn pdf(lines: &[&str]) -> Vec<u8> {
    pdf_pages(&[lines])
}

/// A file of pages; its table of objects is right.
pub fn pdf_pages(pages: &[&[&str]]) -> Vec<u8> {
    let numbers: Vec<String> = (0..pages.len()).map(|n| format!("{} 0 R", 4 + 2 * n)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", numbers.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for (n, lines) in pages.iter().enumerate() {
        let shown: String = lines.iter().map(|line| format!("({line}) Tj 0 -32 Td ")).collect();
        let content = format!("BT /F1 10 Tf 72 720 Td {shown}ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>",
            5 + 2 * n
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let (mut file, mut offsets) = ("%PDF-1.4\n".to_owned(), Vec::new());
    for (n, object) in (1..).zip(&objects) {
        offsets.push(file.len());
        file.push_str(&format!("{n} 0 obj\n{object}\nendobj\n"));
    }
    let at = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    offsets.iter().for_each(|offset| file.push_str(&format!("{offset:010} 00000 n \n")));
    file.push_str(&format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n",
        objects.len() + 1
    ));
    file.into_bytes()
}

pub fn slides(paragraphs: &[&str]) -> Vec<u8> {
    let names = "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
        xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\" \
        xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
    let paragraphs: String =
        paragraphs.iter().map(|it| format!("<a:p><a:r><a:t>{it}</a:t></a:r></a:p>")).collect();
    package(&[
        ("_rels/.rels", &relations("officeDocument", "ppt/presentation.xml")),
        (
            "ppt/presentation.xml",
            &format!(
                "<p:presentation {names}><p:sldIdLst><p:sldId id=\"256\" r:id=\"r1\"/></p:sldIdLst></p:presentation>"
            ),
        ),
        ("ppt/_rels/presentation.xml.rels", &relations("slide", "slides/slide1.xml")),
        (
            "ppt/slides/slide1.xml",
            &format!(
                "<p:sld {names}><p:cSld><p:spTree><p:sp><p:txBody>{paragraphs}</p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
            ),
        ),
    ])
}

pub fn open_document(paragraphs: &[&str]) -> Vec<u8> {
    let paragraphs: String = paragraphs.iter().map(|it| format!("<text:p>{it}</text:p>")).collect();
    let content = format!(
        "<office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:text>{paragraphs}\
         </office:text></office:body></office:document-content>"
    );
    package(&[("mimetype", OPEN_TEXT), ("content.xml", &content)])
}

fn book(paragraphs: &[&str]) -> Vec<u8> {
    let paragraphs: String = paragraphs.iter().map(|it| format!("<p>{it}</p>")).collect();
    package(&[
        ("mimetype", "application/epub+zip"),
        (
            "META-INF/container.xml",
            "<container><rootfiles><rootfile full-path=\"book.opf\"/></rootfiles></container>",
        ),
        (
            "book.opf",
            "<package><manifest><item id=\"c\" href=\"c.xhtml\" media-type=\"application/xhtml+xml\"/></manifest>\
             <spine><itemref idref=\"c\"/></spine></package>",
        ),
        (
            "c.xhtml",
            &format!(
                "<html xmlns=\"http://www.w3.org/1999/xhtml\"><body>{paragraphs}</body></html>"
            ),
        ),
    ])
}

pub fn rtf(paragraphs: &[&str]) -> Vec<u8> {
    format!("{{\\rtf1\\ansi {}}}", paragraphs.join("\\par ")).into_bytes()
}

pub fn mail(text: &str) -> Vec<u8> {
    format!(
        "From: Harbour <harbour@example.org>\nTo: crews@example.org\nSubject: Closed\n\n{text}\n"
    )
    .into_bytes()
}

pub const STORY: [&str; 3] = [
    "The harbour was closed on Monday after the storm broke two of its piers and sank a ferry.",
    "Nobody was hurt, the harbour master said, and fishing may begin again next week if the weather holds.",
    "Repairs will take until the autumn and cost more than the town has put aside for its quays.",
];

/// One document of each format, with the story in it.
fn examples() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    vec![
        ("a.pdf", "application/pdf", pdf(&STORY)),
        ("a.docx", WORD, word(&STORY)),
        ("a.xlsx", SHEETS, sheets(&[[STORY[0], STORY[1]], [STORY[2], "1"]])),
        ("a.pptx", SLIDES, slides(&STORY)),
        ("a.odt", OPEN_TEXT, open_document(&STORY)),
        ("a.epub", "application/epub+zip", book(&STORY)),
        ("a.rtf", "application/rtf", rtf(&STORY)),
        ("a.eml", "message/rfc822", mail(&STORY.join("\n\n"))),
    ]
}

fn text_of(bytes: &[u8], media_type: &str) -> Option<String> {
    text::readable(bytes, ReadAs::page(media_type, None)).map(|it| it.text.into_owned())
}

#[test]
fn every_format_gives_its_words() {
    for (name, media_type, bytes) in examples() {
        assert!(Format::of(media_type).is_some(), "{name}");
        let text = text_of(&bytes, media_type).unwrap();
        let words: Vec<&str> = text.split_whitespace().collect();
        let words = words.join(" ");
        for sentence in STORY {
            assert!(words.contains(sentence), "{name}: {text}");
        }
    }
}

#[test]
fn what_changed_in_a_document_is_shown_in_its_words() {
    let sandbox = Sandbox::new();
    let changed = [STORY[0], &STORY[1].replace("next week", "in March"), STORY[2]];
    for (name, before, after) in [
        ("report.docx", word(&STORY), word(&changed)),
        ("notice.pdf", pdf(&STORY), pdf(&changed)),
        ("letter.rtf", rtf(&STORY), rtf(&changed)),
        ("mail.eml", mail(STORY[1]), mail(changed[1])),
    ] {
        for bytes in [before, after] {
            sandbox.write(name, bytes);
            sandbox.run(["add", "-q", name]).expect(0);
        }
        let diff = sandbox.run(["diff", name]).expect(0);
        let shown = String::from_utf8_lossy(&diff.out);
        // Lines are wrapped.
        let words: String = shown.split_whitespace().collect();
        assert!(words.contains("[-nextweek-]{+inMarch+}"), "{name}: {shown}");
        let log = sandbox.run(["log", "--added", "in March", name]).expect(0);
        assert!(String::from_utf8_lossy(&log.out).contains("@2"), "{name}");
        let text = sandbox.run(["cat", "--text", name]).expect(0);
        assert!(String::from_utf8_lossy(&text.out).contains("in March"), "{name}");
    }
    sandbox.run(["audit"]).expect(0);
}

/// Standard input has no ending: packages are known by what lies in them, and texts are what they are compared with.
#[test]
fn documents_on_standard_input_are_read_like_files() {
    let sandbox = Sandbox::new();
    for (name, _, bytes) in examples() {
        sandbox.write(name, &bytes);
        sandbox.run(["add", "-q", name]).expect(0);
        sandbox.feed(["diff", name, "-"], &bytes).expect(0).says("are the same");
        sandbox.feed(["similar", "-"], &bytes).expect(0);
    }
    let changed = [STORY[0], &STORY[1].replace("next week", "in March"), STORY[2]];
    for (name, bytes) in [
        ("a.docx", word(&changed)),
        ("a.docx", open_document(&changed)),
        ("a.odt", word(&changed)),
        ("a.pdf", word(&changed)),
        ("a.eml", mail(&changed.join("\n\n"))),
    ] {
        let diff = sandbox.feed(["diff", name, "-"], &bytes).expect(0);
        let words: String = diff.text().split_whitespace().collect();
        assert!(words.contains("[-nextweek-]{+inMarch+}"), "{name}: {}", diff.text());
        // The same of a file whose ending tells nothing.
        sandbox.write("saved.tmp", &bytes);
        if name != "a.eml" {
            let diff = sandbox.run(["diff", name, "saved.tmp"]).expect(0);
            assert!(diff.text().contains("{+in March+}"), "{name}: {}", diff.text());
        }
    }
    sandbox.feed(["add", "-q", "-", "--as", "given.docx"], &word(&STORY)).expect(0);
    let text = sandbox.run(["cat", "--text", "given.docx"]).expect(0);
    assert!(text.text().contains(STORY[1]), "{}", text.text());
}

#[test]
fn the_same_story_in_another_format_is_a_copy() {
    let sandbox = Sandbox::new();
    sandbox.write("story.docx", word(&STORY));
    sandbox.run(["add", "-q", "story.docx"]).expect(0);
    for (name, _, bytes) in examples().into_iter().filter(|it| it.0 != "a.docx") {
        sandbox.write(name, bytes);
        let near = sandbox.run(["similar", name]).expect(0);
        assert!(String::from_utf8_lossy(&near.out).contains("story.docx"), "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_counted_and_kept() {
    let sandbox = Sandbox::new();
    sandbox.write("in/broken.docx", b"PK\x03\x04 and nothing else");
    sandbox.write("in/empty.pdf", pdf(&[]));
    sandbox.write("in/fine.docx", word(&STORY));
    let lines = sandbox.json(["add", "in"]);
    let summary = lines.last().unwrap();
    assert_eq!(summary["new"], 3);
    assert_eq!(summary["without_text"].to_string(), "{\"no-text\":1,\"unsupported\":1}");
    let shown = sandbox.json(["show", "in/broken.docx"]);
    assert_eq!((&shown[0]["format"], &shown[0]["text"]), (&"docx".into(), &"unsupported".into()));
    let shown = sandbox.json(["show", "in/fine.docx"]);
    assert_eq!((&shown[0]["format"], &shown[0]["text"]), (&"docx".into(), &"ok".into()));
    sandbox.run(["cat", "--text", "in/empty.pdf"]).expect(1).says("has no words in it");
    assert_eq!(
        sandbox.run(["cat", "in/broken.docx"]).expect(0).out,
        b"PK\x03\x04 and nothing else"
    );
    sandbox.run(["rebuild", "--text", "--status", "unsupported,no-text"]).expect(0);
    sandbox.run(["rebuild", "--text", "--status", "perhaps"]).expect(2);
    sandbox.run(["audit"]).expect(0);
}

/// Of two documents with the same bytes only the first was counted.
#[test]
fn the_same_content_once_more_is_without_its_text_again() {
    let sandbox = Sandbox::new();
    for name in ["1.docx", "2.docx", "3.docx"] {
        sandbox.write(name, b"PK\x03\x04 and nothing else");
    }
    let summary = |names: &[&str]| {
        sandbox.json([&["add"], names].concat()).last().unwrap()["without_text"].to_string()
    };
    assert_eq!(summary(&["1.docx", "2.docx"]), "{\"unsupported\":2}");
    assert_eq!(summary(&["3.docx"]), "{\"unsupported\":1}");
}

/// What `show` said of the encoding was not what the words had been read in, and `--encoding` changed nothing.
#[test]
fn the_encoding_of_a_mail_is_the_one_that_its_words_are_read_in() {
    let sandbox = Sandbox::new();
    let mail = b"From: a@x\r\nSubject: Gr\xfc\xdfe\r\n\r\nGr\xfc\xdfe aus M\xfcnchen, n\xe4chste Woche.\r\n";
    sandbox.write("l.eml", mail);
    let line = b"From a@x Tue Mar  3 10:00:00 2026\n";
    sandbox.write("l.mbox", [line, &mail[..]].concat());
    sandbox.run(["add", "-q", "l.eml"]).expect(0);
    sandbox.run(["add", "-q", "--unpack", "none", "l.mbox"]).expect(0);
    for name in ["l.eml", "l.mbox"] {
        let shown = &sandbox.json(["show", name])[0];
        let found = (&shown["encoding"], &shown["encoding_rule"]);
        assert_eq!(found, (&"windows-1252".into(), &"guessed".into()), "{name}");
        let text = sandbox.run(["cat", "--text", name]).expect(0).text();
        assert!(text.contains("Grüße aus München"), "{text}");
    }
    let found = sandbox.run(["search", "münchen"]).expect(0).text();
    assert!(found.contains("l.eml@1") && found.contains("l.mbox@1"), "{found}");
    for name in ["l.eml", "l.mbox"] {
        let words = ["add", "-q", "--unpack", "none", "--encoding", "koi8-r", name];
        sandbox.run(words).expect(0);
        let shown = &sandbox.json(["show", name])[0];
        let found = (&shown["encoding"], &shown["encoding_rule"]);
        assert_eq!(found, (&"KOI8-R".into(), &"named".into()), "{name}");
        let text = sandbox.run(["cat", "--text", name]).expect(0).text();
        assert!(text.contains("aus MЭnchen"), "{text}");
    }
    sandbox.run(["search", "mэnchen"]).expect(0);
    sandbox.run(["audit", "-q"]).expect(0);
}

/// A docx whose text had been damaged in the middle counted as read, and `diff` showed the damage as an edit. A file cut
/// in half was `ok` as well.
#[test]
fn a_document_that_is_not_whole_is_not_taken_for_read() {
    let sandbox = Sandbox::new();
    let words: Vec<String> = (0..3000).map(|n| format!("word{} of {n}", n * 7919 % 3001)).collect();
    let words: Vec<&str> = words.iter().map(|it| &it[..]).collect();
    let whole = word(&words);
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 30].fill(b'#');
    sandbox.write("in/whole.docx", &whole);
    sandbox.write("in/damaged.docx", &damaged);
    sandbox.write("in/cut.docx", &whole[..middle]);
    let pdf = pdf(&STORY);
    sandbox.write("in/cut.pdf", &pdf[..pdf.len() - 20]);
    sandbox.write("in/cut.rtf", &rtf(&STORY)[..100]);
    let mail = "Subject: x\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nFirst words";
    sandbox.write("in/cut.eml", mail);
    let lines = sandbox.json(["add", "in"]);
    assert_eq!(lines.last().unwrap()["without_text"].to_string(), "{\"broken\":5}");
    for name in ["damaged.docx", "cut.docx", "cut.pdf", "cut.rtf", "cut.eml"] {
        assert_eq!(sandbox.json(["show", name])[0]["text"], "broken", "{name}");
        assert!(!sandbox.run(["cat", "--text", name]).expect(0).out.is_empty(), "{name}");
    }
    assert_eq!(sandbox.json(["show", "whole.docx"])[0]["text"], "ok");
    let diff = sandbox.run(["diff", "--stat", "in/whole.docx", "in/damaged.docx"]).expect(0);
    assert!(diff.text().contains("ok → broken: parts may be missing"), "{}", diff.text());
    let diff = &sandbox.json(["diff", "--stat", "in/whole.docx", "in/damaged.docx"])[0];
    assert_eq!((&diff["a"]["text"], &diff["b"]["text"]), (&"ok".into(), &"broken".into()));
    // Nothing is left of the text of this one, and of this one's tree of pages.
    let at = whole.windows(17).position(|it| it == b"word/document.xml").unwrap() + 17;
    let mut lost = whole.clone();
    lost[at..middle].fill(b'#');
    sandbox.write("lost.docx", &lost);
    let treeless = String::from_utf8(pdf).unwrap().replace("/Kids [4 0 R]", "/Kids [2 0 R]");
    sandbox.write("lost.pdf", treeless);
    for name in ["lost.docx", "lost.pdf"] {
        sandbox.run(["add", "-q", name]).expect(0);
        assert_eq!(sandbox.json(["show", name])[0]["text"], "unsupported", "{name}");
    }
}

/// What came without the ending of its name, as from an address in a crawl, was kept as a package without a text.
#[test]
fn packages_are_known_by_what_lies_in_them() {
    let sandbox = Sandbox::new();
    sandbox.write("in/dl_id=5", word(&STORY));
    sandbox.write("in/named.docx", open_document(&STORY));
    sandbox.run(["add", "-q", "in"]).expect(0);
    assert_eq!(sandbox.json(["search", "--count", "autumn"])[0]["hits"], 2);
    assert_eq!(sandbox.json(["show", "in/dl_id=5"])[0]["media_type"], WORD);
    assert_eq!(sandbox.json(["show", "in/named.docx"])[0]["media_type"], OPEN_TEXT);
}

/// What nothing here reads went by without a word.
#[test]
fn formats_without_a_reader_are_counted() {
    let sandbox = Sandbox::new();
    let header = b"ITSF\x03\0\0\0\x60\0\0\0\x01\0\0\0\x10\xfd\x01\x7c\xaa\x7b\xd0\x11\x9e\x0c\0\xa0\xc9\x22\xe6\xec";
    sandbox.write("in/c.chm", header);
    sandbox.write("in/a.png", b"\x89PNG\r\n\x1a\n and what follows");
    let lines = sandbox.json(["add", "in"]);
    assert_eq!(lines.last().unwrap()["without_text"].to_string(), "{\"no-reader\":1}");
    assert_eq!(sandbox.json(["show", "in/c.chm"])[0]["text"], "no-reader");
    let card = sandbox.run(["show", "in/c.chm"]).expect(0);
    assert!(card.text().contains("nothing here reads such a format"), "{}", card.text());
    assert_eq!(sandbox.json(["show", "in/a.png"])[0]["text"], serde_json::Value::Null);
    let told = "1 content could not be looked through";
    sandbox.run(["search", "zebra"]).expect(1).says(told);
    sandbox.run(["search", "--regex", "zebra"]).expect(1).says(told);
    assert_eq!(sandbox.json(["search", "zebra"])[0]["not_extracted"], 1);
    sandbox.run(["log", "--added", "zebra"]).expect(1).says(told);
    let why = "it is of a format that nothing here reads";
    sandbox.run(["similar", "in/c.chm"]).expect(1).says(why);
    let diff = sandbox.run(["diff", "in/c.chm", "in/a.png"]).expect(0).text();
    assert!(diff.contains("(text: no-reader), 32 B"), "{diff}");
    assert!(diff.contains("+ binary, image/png, "), "{diff}");
}

/// A rent in the plain part was neither found nor compared where the page had another one in its place.
#[test]
fn what_only_the_plain_part_of_a_mail_says_is_read() {
    let sandbox = Sandbox::new();
    let mail = |plain: &str, page: &str| {
        format!(
            "From: a@ex.org\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\n\
             The rent is {plain} pounds a month from May on.\n--x\nContent-Type: text/html\n\n\
             <p>The rent is {page} pounds a month from May on.\n--x--\n"
        )
    };
    sandbox.write("a.eml", mail("900", "950"));
    sandbox.write("b.eml", mail("700", "950"));
    sandbox.run(["add", "-q", "a.eml", "b.eml"]).expect(0);
    sandbox.run(["diff", "--exit-code", "a.eml", "b.eml"]).expect(1);
    for (words, n) in [("900", 1), ("\"700 pounds\"", 1), ("950", 2)] {
        assert_eq!(sandbox.json(["search", "--count", words])[0]["hits"], n, "{words}");
    }
}

/// The last letters were left out without a word.
#[test]
fn a_mail_in_base64_without_its_last_signs_is_read() {
    let sandbox = Sandbox::new();
    let head = "From: a@ex.org\nMIME-Version: 1.0\nContent-Type: text/plain";
    let mail = format!("{head}\nContent-Transfer-Encoding: base64\n\naGVsbG8gd29ybGQgYWdhaW4\n");
    sandbox.write("a.eml", mail);
    sandbox.run(["add", "-q", "a.eml"]).expect(0);
    assert_eq!(sandbox.json(["search", "--count", "again"])[0]["hits"], 1);
}

/// A mail with another contract attached had "the text that people read" unchanged, and so had one whose page was
/// another one beside the same plain sentence.
#[test]
fn what_changed_beside_a_text_is_counted() {
    let sandbox = Sandbox::new();
    let attached = |bytes: &str| {
        format!(
            "Subject: Contract\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nSee below.\n--x\n\
             Content-Type: application/pdf; name=c.pdf\nContent-Disposition: attachment\n\n{bytes}\n--x--\n"
        )
    };
    let image = |bytes: &str, comment: &str| {
        let comment =
            format!("<w:comments><w:comment><w:t>{comment}</w:t></w:comment></w:comments>");
        let document =
            "<w:document><w:body><w:p><w:r><w:t>Words.</w:t></w:r></w:p></w:body></w:document>";
        package(&[
            ("word/document.xml", document),
            ("word/media/image1.png", bytes),
            ("word/comments.xml", &comment),
        ])
    };
    for (name, before, after, kind, words) in [
        (
            "a.eml",
            attached("1").into_bytes(),
            attached("2").into_bytes(),
            "embedded",
            "1 embedded thing",
        ),
        ("a.docx", image("1", "a"), image("2", "a"), "images", "1 image"),
        ("b.docx", image("1", "a"), image("1", "b"), "hidden_texts", "1 hidden text"),
    ] {
        for bytes in [before, after] {
            sandbox.write(name, bytes);
            sandbox.run(["add", "-q", "--unpack", "none", name]).expect(0);
        }
        let diff = sandbox.run(["diff", name]).expect(0);
        assert!(diff.text().contains(&format!("same words; {words} changed")), "{}", diff.text());
        assert_eq!(sandbox.json(["diff", name])[0]["unseen"][kind], 1, "{name}");
    }
}

/// Nothing is read when it is added, and everything is as if it had been once that was made up for.
#[test]
fn what_is_left_for_later_is_read_when_that_is_asked() {
    let sandbox = Sandbox::new();
    sandbox.write("in/story.docx", word(&STORY));
    sandbox.write("in/story.txt", STORY.join("\n\n"));
    sandbox.run(["add", "-q", "in/story.txt"]).expect(0);
    let added = sandbox.json(["add", "--no-text", "in"]);
    assert_eq!(added.last().unwrap()["without_text"].to_string(), "{\"not-read\":1}");
    assert_eq!(sandbox.json(["show", "in/story.docx"])[0]["text"], "not-read");
    let told = "1 content has not been read yet: archive rebuild --text --status not-read";
    sandbox.run(["search", "autumn"]).expect(0).says(told);
    sandbox.run(["dups"]).expect(1).says(told);
    sandbox.run(["similar", "in/story.txt"]).expect(1).says(told);
    sandbox.run(["cat", "--text", "in/story.docx"]).expect(1).says("has not been read yet");
    assert_eq!(sandbox.json(["search", "--count", "autumn"])[0]["hits"], 1);
    let is_well = || {
        let audit = sandbox.run(["audit"]).expect(0);
        String::from_utf8_lossy(&audit.out).contains("all is well")
    };
    assert!(is_well());
    // A catalog made anew reads it no more than the one before.
    sandbox.run(["rebuild"]).expect(0);
    assert_eq!(sandbox.json(["search", "--count", "autumn"])[0]["not_read"], 1);
    sandbox.run(["rebuild", "--text", "--status", "not-read"]).expect(0);
    let found = &sandbox.json(["search", "--count", "autumn"])[0];
    assert_eq!((&found["hits"], &found["not_read"]), (&2.into(), &0.into()));
    let near = sandbox.run(["similar", "in/story.txt"]).expect(0);
    assert!(String::from_utf8_lossy(&near.out).contains("story.docx"));
    assert!(is_well());
    // What was read before needs no reading.
    let again = sandbox.json(["add", "--no-text", "in/story.docx", "--as", "again.docx"]);
    assert_eq!(again.last().unwrap()["without_text"].to_string(), "{}");
}

#[test]
fn a_package_that_inflates_without_end_is_too_large() {
    let blank = " ".repeat(1 << 20);
    let parts: Vec<(String, &str)> =
        (0..80).map(|n| (format!("word/p{n}.xml"), &blank[..])).collect();
    let mut all: Vec<(&str, &str)> = parts.iter().map(|(name, text)| (&name[..], *text)).collect();
    let document = format!(
        "<w:document><w:body><w:p><w:r><w:t>{}</w:t></w:r></w:p>",
        "words ".repeat(12 << 20)
    );
    all.push(("word/document.xml", &document));
    let bomb = package(&all);
    assert!(bomb.len() < 1 << 20);
    let extraction = in_process(&bomb, Format::of(WORD).unwrap(), None);
    assert!(
        matches!(
            extraction.status,
            ExtractionStatus::TooLarge
                | ExtractionStatus::Truncated
                | ExtractionStatus::Unsupported
        ),
        "{:?}",
        extraction.status
    );
}

/// The cache of rendered pages.
fn page_cache(sandbox: &Sandbox) -> rusqlite::Connection {
    let found = sandbox.home().join(".cache/archive/pages.sqlite");
    assert!(found.exists(), "{}", found.display());
    rusqlite::Connection::open(found).unwrap()
}

#[test]
fn what_the_page_cache_says_is_believed_until_all_is_read_again() {
    let sandbox = Sandbox::new();
    sandbox.write("story.docx", word(&STORY));
    sandbox.run(["add", "-q", "story.docx"]).expect(0);
    let edited = "UPDATE page SET status = 'crashed', html = NULL";
    assert_eq!(page_cache(&sandbox).execute(edited, []), Ok(1));
    sandbox.run(["cat", "--text", "story.docx"]).expect(1);
    sandbox.run(["rebuild", "--text"]).expect(0);
    let text = sandbox.run(["cat", "--text", "story.docx"]).expect(0);
    assert!(String::from_utf8_lossy(&text.out).contains(STORY[0]));
}

#[test]
fn what_is_withdrawn_leaves_the_page_cache() {
    let sandbox = Sandbox::new();
    for (name, story) in [("story.docx", STORY[0]), ("other.docx", STORY[1])] {
        sandbox.write(name, word(&[story]));
        sandbox.run(["add", "-q", name]).expect(0);
    }
    let n_pages = || -> i64 {
        let db = page_cache(&sandbox);
        db.query_row("SELECT count(*) FROM page", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(n_pages(), 2);
    sandbox.run(["withdraw", "story.docx", "--reason", "error"]).expect(0);
    assert_eq!(n_pages(), 1);
    sandbox.run(["cat", "--text", "story.docx"]).expect(4);
}

#[test]
fn what_reads_documents_is_confined() {
    let sandbox = Sandbox::new();
    let lines = sandbox.json(["formats"]);
    let summary = lines.last().unwrap();
    assert_eq!(summary["limits"], true, "{summary}");
    let kernel = kernel_version();
    if kernel >= (5, 13) {
        assert_eq!(
            (&summary["few_calls"], lines.len() as u64),
            (&true.into(), summary["formats"].as_u64().unwrap() + 1)
        );
    }
}

/// The kernel's version.
fn kernel_version() -> (u32, u32) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split('.').map(|it| it.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[test]
fn no_mutant_makes_what_is_ours_panic() {
    for (name, media_type, bytes) in examples() {
        let format = Format::of(media_type).unwrap();
        for seed in 0..n_mutants() {
            let mutant = mutant(&bytes, seed, b'<');
            let read = catch_unwind(AssertUnwindSafe(|| in_process(&mutant, format, None)));
            // What a library does is confined; what is read here must not need that.
            assert!(read.is_ok() || format.library().is_some(), "{name}, mutant {seed}");
        }
    }
}

#[test]
fn the_program_survives_mutants() {
    let sandbox = Sandbox::new();
    let n_each = n_mutants().min(50);
    for (name, _, bytes) in examples() {
        for seed in 0..n_each {
            let (stem, ending) = name.split_once('.').unwrap();
            sandbox.write(format!("in/{stem}{seed}.{ending}"), mutant(&bytes, 1000 + seed, b'<'));
        }
    }
    sandbox.run(["add", "-q", "in"]).expect(0);
    sandbox.run(["dups", "--near"]).expect(0);
    sandbox.run(["audit"]).expect(0);
}
