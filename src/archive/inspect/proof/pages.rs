//! What people read of a proof: README, and the page for a browser that checks it.
//!
//! Both follow from the other files to the byte, so that whoever checks a folder can compare them. A page of
//! another number was made by another version of the program.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use crate::types::digest::Digest;

use super::folder::{PAGE, ProofFolder, README};

/// How both name their version; a number follows, and a full stop.
const NUMBERED: &str = "Page ";
const NUMBER: u64 = 1;

const README_TEXT: &str = include_str!("README.txt");
const TEMPLATE: &str = include_str!("verify.html");
const STYLE: &str = include_str!("verify.css");
const SCRIPT: &str = include_str!("verify.js");

/// What README says otherwise where there is no content.
const WITHOUT_CONTENT: [(&str, &str); 4] = [
    (
        "The bytes in `content` were recorded in the journal of an archive, by the event in `event.json`. Whoever made\n\
         this folder can have made neither of them up,",
        "Bytes with the SHA-256 in `event.json` were recorded in the journal of an archive, by that event. They are not\n\
         here: whoever made this folder says that they were withdrawn from it. They cannot have made the event up,",
    ),
    ("| `content` | the bytes of the revision |\n", ""),
    ("## 1. The bytes and the words are those recorded", "## 1. The words are those recorded"),
    ("echo \"$(field event.json sha256)  content\" | sha256sum -c || exit 1\n", ""),
];

/// What the page is about.
#[derive(Serialize)]
struct PageData<'a> {
    files: BTreeMap<&'a str, String>,
    content: Option<String>,
    has_content: bool,
}

/// README and the page, of a folder that has everything else.
pub fn pages(folder: &ProofFolder) -> [(&'static str, Vec<u8>); 2] {
    [(README, readme(folder).into_bytes()), (PAGE, page(folder).into_bytes())]
}

fn readme(folder: &ProofFolder) -> String {
    if folder.content.is_some() {
        return README_TEXT.to_owned();
    }
    let mut text = README_TEXT.to_owned();
    for (with, without) in WITHOUT_CONTENT {
        text = text.replacen(with, without, 1);
    }
    text
}

/// The number of another version that made this text; none where it is of this one, or says nothing.
pub fn other_number(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    // The first is the program's: what people wrote comes later.
    let (_, rest) = text.split_once(NUMBERED)?;
    rest.split_once('.')?.0.parse().ok().filter(|number| *number != NUMBER)
}

fn page(folder: &ProofFolder) -> String {
    let shown = folder.files.iter().filter(|(name, _)| ![README, PAGE].contains(&&name[..]));
    let files = shown.map(|(name, bytes)| (&name[..], String::from_utf8_lossy(bytes).into_owned()));
    let content = folder.content.as_ref().and_then(|content| content.embedded.as_ref());
    let content = content.map(|it| STANDARD.encode(it));
    let has_content = folder.content.is_some();
    let data = PageData { files: files.collect(), content, has_content };
    let data = serde_json::to_string(&data).expect("strings always serialize");
    let (script, style) = (SCRIPT.trim_end(), STYLE.replace('\n', ""));
    // The data come last: nothing in them is looked at again.
    TEMPLATE
        .replace("{{script hash}}", &source_hash(script))
        .replace("{{style hash}}", &source_hash(&style))
        .replace("{{style}}", &style)
        .replace("{{script}}", script)
        .replace("{{data}}", &inert(&data))
}

/// What a Content-Security-Policy knows a script or style by.
fn source_hash(source: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Digest::of(source.as_bytes()).as_bytes()))
}

/// JSON in which no markup begins or ends, in ASCII.
fn inert(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{7f}'.. => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    text += &format!("\\u{unit:04x}");
                }
            }
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_data_is_markup_and_they_are_read_back() {
        let odd = "</script><script>alert(1)</script>{{data}} & ü 𝄞 \u{7f}";
        let mut folder = ProofFolder::default();
        folder.files.insert("detail.json".to_owned(), odd.into());
        let page = page(&folder);
        assert!(page.is_ascii() && !page.contains("alert(1)</script>"), "{page}");
        let (_, data) = page.split_once("id=\"proof\">").unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["files"]["detail.json"], odd);
    }

    #[test]
    fn a_folder_without_content_says_so() {
        let text = readme(&ProofFolder::default());
        assert!(text.contains("says that they were withdrawn from it"), "{text}");
        assert!(WITHOUT_CONTENT.iter().all(|(with, _)| README_TEXT.contains(with)));
        assert!(!text.contains("`content`"), "{text}");
    }

    #[test]
    fn both_say_their_number() {
        for (name, text) in pages(&ProofFolder::default()) {
            assert_eq!(other_number(&text), None, "{name}");
            let text = String::from_utf8(text).unwrap();
            assert_eq!(text.matches("Page 1.").count(), 1, "{name}");
            assert_eq!(other_number(text.replace("Page 1.", "Page 2.").as_bytes()), Some(2));
        }
    }

    #[test]
    fn the_page_holds_nothing_that_is_loaded_and_no_second_script() {
        let page = page(&ProofFolder::default());
        assert_eq!(page.matches("<script").count(), 2);
        for bad in ["http", "src=", "url(", "@import", "fetch(", "innerHTML", "{{"] {
            assert!(!page.replace("http-equiv", "").contains(bad), "{bad}");
        }
        assert!(page.contains(&source_hash(SCRIPT.trim_end())));
    }
}
