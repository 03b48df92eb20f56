//! A comparison as one page for a browser: nothing is loaded, and there is no script.
//!
//! What went stands in `<del>` and what came in `<ins>`, with words beside them for those who hear the page and
//! for a printer without colours. Paragraphs that stayed are folded away.

use crate::archive::compare::Block;

use super::{
    changes::{ChangedTexts, MarkedFate, MarkedText},
    terminal::counted,
    wrap::{BREAK, LINE_BREAK},
};

/// What stands above the changes.
pub struct PageHead<'a> {
    /// Both sides: `report.txt@1 → report.txt@2`.
    pub heading: &'a str,
    /// Lines about them: when they were captured.
    pub about: &'a [String],
    /// How much changed.
    pub sentence: &'a str,
}

/// Colours have a contrast of 7 to 1 on their grounds, in the light and in the dark (WCAG 2.2, 1.4.6).
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1a1a1a;--ground:#fff;--dim:#525252;--line:#c9c9c9;--del:#7d0b14;--del-ground:#ffebec;\
--ins:#0a4a1c;--ins-ground:#e2f6e6;--moved:#3b3572;--moved-ground:#eceafb}\
@media (prefers-color-scheme:dark){:root{--ink:#ececec;--ground:#151515;--dim:#b4b4b4;--line:#4a4a4a;--del:#ffb9bd;\
--del-ground:#3d1518;--ins:#a8ecb9;--ins-ground:#12351c;--moved:#cfcbff;--moved-ground:#2a2650}}\
body{margin:0 auto;max-width:48rem;padding:1.5rem 1rem;font:1.0625rem/1.6 Georgia,serif;color:var(--ink);background:var(--ground)}\
h1{font-size:1.35rem;line-height:1.3;overflow-wrap:anywhere}h2{font:600 .9rem/1.4 system-ui,sans-serif;color:var(--dim);\
margin:2rem 0 .3rem;border-top:1px solid var(--line);padding-top:.6rem}\
p{margin:.4rem 0;overflow-wrap:anywhere;white-space:pre-line}.about,summary{font:.9rem/1.5 system-ui,sans-serif;color:var(--dim)}\
details{border-top:1px solid var(--line);margin-top:2rem;padding-top:.6rem}summary{cursor:pointer}\
del{color:var(--del);background:var(--del-ground);text-decoration:line-through}\
ins{color:var(--ins);background:var(--ins-ground);text-decoration:underline}\
.moved{color:var(--moved);background:var(--moved-ground);text-decoration:underline dotted}\
.said{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}\
@media print{body{max-width:none;color:#000;background:#fff}h2{break-after:avoid}\
.said{position:static;width:auto;height:auto;clip-path:none;font-size:.75em}}";

/// Unchanged paragraphs of more bytes than this in all are counted, not shown.
const UNCHANGED_BYTES_MAX: usize = 4 << 20;

/// The whole page.
pub fn page(head: &PageHead<'_>, changed: &ChangedTexts<'_>) -> String {
    let mut page =
        String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let heading = escaped(head.heading);
    page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    page += &format!("<title>{heading}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n");
    page += &format!("<header>\n<h1>{heading}</h1>\n");
    for line in head.about.iter().map(String::as_str).chain([head.sentence]) {
        page += &format!("<p class=\"about\">{}</p>\n", escaped(line));
    }
    page += "</header>\n<main>\n";
    let shows_unchanged = changed.texts.b.len() <= UNCHANGED_BYTES_MAX;
    for block in &changed.comparison.blocks {
        match block {
            Block::Same { b, .. } => {
                let n = counted(b.len() as u64, "paragraph", "paragraphs");
                let summary = format!("{n} unchanged");
                page += &match shows_unchanged {
                    true => {
                        let text = paragraphs(&[changed.unchanged(b)]);
                        format!("<details>\n<summary>{summary}</summary>\n{text}</details>\n")
                    }
                    false => format!("<p class=\"about\">{summary}</p>\n"),
                };
            }
            Block::Rewrapped { .. } => {}
            block => page += &change(changed, block),
        }
    }
    page + "</main>\n</body>\n</html>\n"
}

fn change(changed: &ChangedTexts<'_>, block: &Block) -> String {
    let pieces = changed.pieces(block);
    let title = escaped(&changed.title(block));
    let case = match changed.is_case_only(&pieces) {
        true => ": only upper and lower case changed",
        false => "",
    };
    format!("<section>\n<h2>{title}{case}</h2>\n{}</section>\n", paragraphs(&pieces))
}

/// Pieces as paragraphs; what became of one goes on in the next.
fn paragraphs(pieces: &[MarkedText]) -> String {
    if pieces.is_empty() {
        return String::new();
    }
    let mut html = String::from("<p dir=\"auto\">");
    for piece in pieces {
        for (n, text) in piece.text.split(BREAK).enumerate() {
            if n > 0 {
                html += "</p>\n<p dir=\"auto\">";
            }
            let text = escaped(text);
            html += &match piece.fate {
                MarkedFate::Same | MarkedFate::Passed => text,
                MarkedFate::Removed => element("del", "", "removed", &text),
                MarkedFate::Added => element("ins", "", "added", &text),
                MarkedFate::MovedAway => element("del", " class=\"moved\"", "moved away", &text),
                MarkedFate::Moved => element("ins", " class=\"moved\"", "moved here", &text),
            };
        }
    }
    html + "</p>\n"
}

fn element(name: &str, class: &str, said: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let (open, close) = (said_aside(&format!("[{said}: ")), said_aside("]"));
    format!("<{name}{class}>{open}{text}{close}</{name}>")
}

/// Words that are heard and printed, and not seen.
fn said_aside(words: &str) -> String {
    format!("<span class=\"said\">{words}</span>")
}

/// Text in which nothing is markup; what turns the direction of writing is dropped.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            '\n' | '\t' => html.push(c),
            LINE_BREAK => html.push('\n'),
            c if c.is_control() => html.push('\u{fffd}'),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::compare::{Sides, compare};

    #[test]
    fn a_page_names_what_came_and_went_and_holds_no_markup_of_texts() {
        let texts = Sides {
            a: "One <b>old</b> word.\n\nThe same.".to_owned(),
            b: "One <b>new</b> word.\n\nThe same.".to_owned(),
        };
        let comparison = compare(Sides { a: &texts.a, b: &texts.b });
        let changed = ChangedTexts::new(&texts, &comparison);
        let head = PageHead { heading: "a<b", about: &[], sentence: "1 changed" };
        let page = page(&head, &changed);
        assert!(page.contains("<title>a&lt;b</title>"), "{page}");
        assert!(page.contains(
            "One &lt;b&gt;<del><span class=\"said\">[removed: </span>old<span class=\"said\">]</span></del>\
             <ins><span class=\"said\">[added: </span>new"
        ), "{page}");
        assert!(
            page.contains(
                "<summary>1 paragraph unchanged</summary>\n<p dir=\"auto\">The same.</p>"
            )
        );
        assert!(!page.contains("<script") && !page.contains("http"), "{page}");
    }
}
