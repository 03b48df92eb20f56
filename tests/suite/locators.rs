//! Where in a document a text stands is told, is no part of the text, and is believed of nobody but ourselves.

use crate::common::sandbox::Sandbox;
use crate::formats::{STORY, mail, open_document, package, pdf_pages, rtf, sheets, slides, word};

const PIERS: &str =
    "The two piers that the storm broke are to be closed for the whole of the year.";
const QUAYS: &str =
    "Of the quays to the east of the harbour nothing is said in the report of the town.";

/// A workbook of OpenDocument with rows that stand for several.
fn open_sheets(words: &str) -> Vec<u8> {
    let cell = |text: &str| format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>");
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name='Costs'>\
         <table:table-row table:number-rows-repeated='3'><table:table-cell/></table:table-row>\
         <table:table-row><table:table-cell table:number-columns-repeated='2'/>{}{}</table:table-row>\
         </table:table></office:spreadsheet></office:body></office:document-content>",
        cell("piers"),
        cell(words)
    );
    package(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", &content),
    ])
}

fn book(chapters: [&str; 2]) -> Vec<u8> {
    let page = |text: &str| format!("<html><body><p>{text}</p></body></html>");
    package(&[
        ("mimetype", "application/epub+zip"),
        (
            "META-INF/container.xml",
            "<container><rootfiles><rootfile full-path='b.opf'/></rootfiles></container>",
        ),
        (
            "b.opf",
            "<package><manifest><item id='a' href='a.xhtml' media-type='application/xhtml+xml'/>\
             <item id='b' href='b.xhtml' media-type='application/xhtml+xml'/></manifest>\
             <spine><itemref idref='a'/><itemref idref='b'/></spine></package>",
        ),
        ("a.xhtml", &page(chapters[0])),
        ("b.xhtml", &page(chapters[1])),
    ])
}

fn mailbox(second: &str) -> Vec<u8> {
    format!(
        "From a@b Mon Mar  2 10:00:00 2026\nSubject: One\nFrom: a@b\n\n{}\n\nFrom a@b Tue Mar  3 10:00:00 2026\nSubject: Two\nFrom: c@d\n\n{second}\n",
        STORY[0]
    )
    .into_bytes()
}

fn with_attachment(text: &str) -> Vec<u8> {
    format!(
        "From: a@b\nSubject: Plans\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\
         Content-Type: text/plain\n\n{}\n--x\nContent-Type: text/plain\n\
         Content-Disposition: attachment; filename=plan.txt\n\n{text}\n--x--\n",
        STORY[0]
    )
    .into_bytes()
}

/// Its name, where its words change, and both states.
type Example = (&'static str, Option<&'static str>, [Vec<u8>; 2]);

/// A document of each format in two states: in the second, `closed` is `opened` in the place that is told.
fn examples() -> Vec<Example> {
    let both =
        |make: &dyn Fn(&str) -> Vec<u8>| [make(PIERS), make(&PIERS.replace("closed", "opened"))];
    vec![
        ("a.pdf", Some("page 2"), both(&|it| pdf_pages(&[&STORY, &[it]]))),
        ("a.xlsx", Some("sheet Fares, B2"), both(&|it| sheets(&[["from", "to"], ["here", it]]))),
        ("a.ods", Some("sheet Costs, D4"), both(&open_sheets)),
        ("a.pptx", Some("slide 1"), both(&|it| slides(&[STORY[0], it]))),
        ("a.epub", Some("chapter 2"), both(&|it| book([STORY[0], it]))),
        ("a.mbox", Some("mail 2"), both(&mailbox)),
        ("a.eml", Some("attachment plan.txt"), both(&with_attachment)),
        ("b.eml", None, both(&mail)),
        ("a.docx", None, both(&|it| word(&[STORY[0], it]))),
        ("a.odt", None, both(&|it| open_document(&[STORY[0], it]))),
        ("a.rtf", None, both(&|it| rtf(&[STORY[0], it]))),
    ]
}

#[test]
fn every_format_tells_where_its_words_stand() {
    let sandbox = Sandbox::new();
    for (name, locator, states) in examples() {
        for bytes in states {
            sandbox.write(name, bytes);
            sandbox.run(["add", "-q", "--unpack", "none", name]).expect(0);
        }
        let diff = sandbox.run(["diff", name]).expect(0);
        let diff = String::from_utf8_lossy(&diff.out).into_owned();
        let place = diff.lines().find(|it| it.starts_with("@@")).unwrap_or_default().to_owned();
        let beginning = match locator {
            Some(locator) => format!("@@ {locator}, paragraph "),
            None => "@@ paragraph ".to_owned(),
        };
        assert!(place.starts_with(&beginning), "{name}: {diff}");
        let page = sandbox.run(["diff", "--html", "-", name]).expect(0);
        let heading = format!("<b>Changed</b> {}", &beginning[3..]);
        assert!(String::from_utf8_lossy(&page.out).contains(&heading), "{name}");
        let line = sandbox.json(["diff", name]).remove(0);
        let blocks = line["blocks"].as_array().unwrap();
        let changed = blocks.iter().find(|it| it["change"] == "changed").unwrap();
        let hits = sandbox.json(["search", "opened", &format!("name:{name}")]);
        for found in [&changed["locator"], &hits[0]["locator"]] {
            let (within, cell) = (found["name"].as_str(), found["cell"].as_str());
            let shown = within
                .map(|it| format!("{it}{}", cell.map(|it| format!(", {it}")).unwrap_or_default()));
            assert_eq!(shown.as_deref(), locator, "{name}: {found}");
        }
        let hit = sandbox.run(["search", "opened", &format!("name:{name}")]).expect(0);
        let hit = String::from_utf8_lossy(&hit.out).into_owned();
        assert_eq!(hit.contains(locator.unwrap_or("page")), locator.is_some(), "{name}: {hit}");
        let text = sandbox.run(["cat", "--text", name]).expect(0);
        assert!(
            !String::from_utf8_lossy(&text.out).contains(locator.unwrap_or("page 1")),
            "{name}"
        );
    }
}

#[test]
fn what_came_to_stand_on_another_page_has_not_changed() {
    let sandbox = Sandbox::new();
    let long = [PIERS, QUAYS];
    for bytes in [pdf_pages(&[&STORY, &long]), pdf_pages(&[&[QUAYS], &STORY, &[PIERS], &[QUAYS]])] {
        sandbox.write("a.pdf", bytes);
        sandbox.run(["add", "-q", "a.pdf"]).expect(0);
    }
    let line = sandbox.json(["diff", "a.pdf"]).remove(0);
    assert_eq!(line["words"]["removed"], 0, "{line}");
    assert_eq!(line["paragraphs"]["changed"], 0, "{line}");
    let added =
        line["blocks"].as_array().unwrap().iter().find(|it| it["change"] == "added").unwrap();
    assert_eq!(added["locator"]["name"], "page 1");
    // Nothing but the page is another one.
    for bytes in [pdf_pages(&[&[PIERS, QUAYS]]), pdf_pages(&[&[PIERS], &[QUAYS]])] {
        sandbox.write("b.pdf", bytes);
        sandbox.run(["add", "-q", "b.pdf"]).expect(0);
    }
    sandbox.run(["diff", "--exit-code", "b.pdf"]).expect(0);
}

#[test]
fn a_page_of_the_web_is_not_believed() {
    let sandbox = Sandbox::new();
    for word in ["closed", "opened"] {
        sandbox.write(
            "a.html",
            format!(
                "<section data-locator='page 9'><p>{}</section>",
                PIERS.replace("closed", word)
            ),
        );
        sandbox.run(["add", "-q", "a.html"]).expect(0);
    }
    let diff = sandbox.json(["diff", "a.html"]).remove(0);
    assert!(diff["blocks"].as_array().unwrap().iter().all(|it| it["locator"].is_null()), "{diff}");
    assert!(sandbox.json(["search", "opened"])[0]["locator"].is_null());
    // Neither is one in a mail.
    sandbox.write("a.eml", format!("From: a@b\nContent-Type: text/html\n\n<section data-locator='page 9'><p>{QUAYS}</section>"));
    sandbox.run(["add", "-q", "a.eml"]).expect(0);
    assert!(sandbox.json(["search", "quays"])[0]["locator"].is_null());
}
