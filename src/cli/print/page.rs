//! A comparison as one page for a browser: nothing is loaded, and there is no script.
//!
//! Both sides and how much changed stand on top, then the changes, each under its place. What went stands in
//! `<del>` and what came in `<ins>`, with words beside them for those who hear the page and for a printer without
//! colours. What stayed is folded away.

use crate::archive::compare::{Block, Sides};

use super::{
    about::AboutLine,
    changes::{ChangedTexts, MarkedFate, MarkedText, ShownBytes, case_note, shortened, unit},
    terminal::{counted, is_soft},
    wrap::{BREAK, LINE_BREAK},
};

/// What stands above the changes.
pub struct PageHead<'a> {
    /// The names of both sides.
    pub labels: &'a Sides<String>,
    /// When they were captured, and where they came from.
    pub about: &'a [AboutLine],
    /// What pages say otherwise of themselves.
    pub metadata: &'a [AboutLine],
    /// How much changed.
    pub sentence: &'a str,
}

/// Colours have a contrast of 7 to 1 on their grounds, in the light and in the dark (WCAG 2.2, 1.4.6).
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d1c1a;--ground:#fdfcfa;--dim:#52504b;--line:#d6d2ca;--card:#f5f2ec;--link:#1d3f72;\
--del:#7d0b14;--del-ground:#fde8e8;--ins:#0a4a1c;--ins-ground:#e1f4e4;--moved:#3b3572;--moved-ground:#eceafa}\
@media (prefers-color-scheme:dark){:root{--ink:#e9e6e1;--ground:#161513;--dim:#b8b4ac;--line:#45423d;--card:#201f1c;\
--link:#b5d0ff;--del:#ffb9bd;--del-ground:#3d1518;--ins:#a8ecb9;--ins-ground:#12351c;--moved:#cfcbff;--moved-ground:#2a2650}}\
*{box-sizing:border-box}html{font-size:106.25%;line-height:1.6}\
body{margin:0 auto;max-width:46rem;padding:2.5rem 1.25rem 4rem;font-family:Charter,'Iowan Old Style',Georgia,serif;\
color:var(--ink);background:var(--ground)}\
h1,h2,h3,dt,summary,nav,.side,.sum,.n{font-family:system-ui,sans-serif}\
h1{margin:0;font-size:1.5rem;line-height:1.25;font-weight:650}\
.sum{margin:.35rem 0 1.5rem;color:var(--dim)}\
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(16rem,100%),1fr));gap:.75rem}\
.side{padding:.75rem 1rem;background:var(--card);border-top:3px solid var(--del);font-size:.875rem;line-height:1.5;overflow-wrap:anywhere}\
.side+.side{border-color:var(--ins)}\
.side h2{margin:0;font-size:.8rem;font-weight:500;color:var(--dim)}.side p{margin:0;font-weight:600}\
dl{margin:0}.side dl{margin-top:.35rem;display:grid;grid-template-columns:auto 1fr;column-gap:.75rem}\
dt{color:var(--dim)}dd{margin:0}\
.meta{margin-top:1.25rem}.meta dt{font-size:.8rem}.meta dd{margin-bottom:.5rem}.meta p{margin:0}\
main{margin-top:1rem;padding-top:.5rem}section{margin:1.5rem 0;scroll-margin-top:1rem}\
section>h2{margin:0 0 .35rem;font-size:.8rem;font-weight:400;line-height:1.45;color:var(--dim);overflow-wrap:anywhere}\
section>h2 b{margin-right:.4em;color:var(--ink);font-weight:650}\
.text{padding-left:1rem;border-left:3px solid var(--line)}.added .text{border-color:var(--ins)}\
.removed .text{border-color:var(--del)}.moved .text{border-color:var(--moved)}\
p{margin:.5rem 0;overflow-wrap:anywhere;white-space:pre-wrap}.text>p:first-child{margin-top:0}.text>p:last-child{margin-bottom:0}\
details{margin:.5rem 0}nav{margin-top:1.25rem;border-top:1px solid var(--line)}main{border-top:1px solid var(--line)}.text details{margin:.25rem 0 0}\
summary,.n{padding:.4rem 0;font-size:.8rem;line-height:1.5;color:var(--dim)}summary{cursor:pointer}\
summary:hover,a:hover{color:var(--ink)}:focus-visible{outline:2px solid var(--link);outline-offset:2px}\
nav ol{margin:.25rem 0;padding-left:2.25rem;font-size:.875rem}nav li{padding:.2rem 0;overflow-wrap:anywhere}\
a{color:var(--link)}:target>h2{background:var(--card)}\
del,ins{padding:.05em .1em;border-radius:.15em;-webkit-box-decoration-break:clone;box-decoration-break:clone}\
del{color:var(--del);background:var(--del-ground);text-decoration:line-through 1px}\
ins{color:var(--ins);background:var(--ins-ground);text-decoration:underline 1px;text-underline-offset:.2em}\
.whole del,.whole ins{background:none;padding:0;text-decoration:none}\
del.away,ins.here{color:var(--moved);background:var(--moved-ground);text-decoration-style:dotted}\
.gap{color:var(--dim);font-style:italic}\
.sign{padding:0 .25em;border:1px solid;border-radius:.2em;font:.75em system-ui,sans-serif}\
.said{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}\
@media print{:root{--ink:#000;--ground:#fff;--dim:#404040;--line:#999;--card:#fff;--del:#600;--ins:#040;--moved:#224;\
--del-ground:#fff;--ins-ground:#fff;--moved-ground:#fff;color-scheme:light}html{font-size:11pt}\
body{max-width:none;padding:0}nav{display:none}h2{break-after:avoid}.whole del{text-decoration:line-through 1px}\
.said{position:static;width:auto;height:auto;clip-path:none;white-space:normal;font-size:.8em}}";

/// Unchanged paragraphs of more bytes than this in all are counted, not shown.
const UNCHANGED_BYTES_MAX: usize = 4 << 20;
/// From so many changes on there is a list of them; with more than so many it stands for the first.
const LISTED_MIN: usize = 4;
const LISTED_MAX: usize = 1000;

/// The whole page.
pub fn page(head: &PageHead<'_>, changed: &ChangedTexts<'_>) -> String {
    let mut page =
        String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let title = escaped(&format!("{} → {}", head.labels.a, head.labels.b));
    page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    page += &format!("<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n");
    page += &header(head);
    // What was only wrapped otherwise is named by the sentence.
    let is_shown =
        |block: &&Block| !changed.is_title(block) && !matches!(block, Block::Rewrapped { .. });
    let blocks = || changed.comparison.blocks.iter().filter(is_shown);
    let changes: Vec<&Block> = blocks().filter(|it| !matches!(it, Block::Same { .. })).collect();
    let shows_unchanged = changed.texts.b.len() <= UNCHANGED_BYTES_MAX;
    let (one, many) = unit(changed.comparison.are_lines);
    let (mut main, mut number, mut shown) = (String::new(), 0, ShownBytes::all());
    for block in blocks() {
        if let Block::Same { b, .. } = block {
            let n = counted(b.len() as u64, one, many);
            let summary = format!("{n} unchanged");
            match shows_unchanged {
                true => main += &details(&summary, &[changed.unchanged(b)]),
                false if shown.n_hidden == 0 => main += &format!("<p class=\"n\">{summary}</p>\n"),
                false => {}
            }
        } else if let Some(n_bytes_max) = shown.next() {
            number += 1;
            let pieces = changed.pieces(block, n_bytes_max);
            shown.take(&pieces);
            main += &change(changed, block, pieces, number);
        }
    }
    page += &list(changed, &changes, number);
    page += &format!("<main>\n{main}");
    if let Some(sentence) = shown.sentence() {
        page += &format!("<p class=\"n\">{sentence}</p>\n");
    }
    page + "</main>\n</body>\n</html>\n"
}

/// How much changed, both sides, and what they say otherwise of themselves.
fn header(head: &PageHead<'_>) -> String {
    let sentence = escaped(head.sentence);
    let mut html = format!("<header>\n<h1>What changed</h1>\n<p class=\"sum\">{sentence}</p>\n");
    html += "<div class=\"sides\">\n";
    html += &side("Before", &head.labels.a, head.about, |line| &line.values.a);
    html += &side("After", &head.labels.b, head.about, |line| &line.values.b);
    html += "</div>\n";
    if !head.metadata.is_empty() {
        html += "<dl class=\"meta\">\n";
        for line in head.metadata {
            html += &format!("<dt>{}</dt>\n<dd>{}</dd>\n", line.what, paragraphs(&line.pieces()));
        }
        html += "</dl>\n";
    }
    html + "</header>\n"
}

fn side(
    name: &str,
    label: &str,
    about: &[AboutLine],
    value: impl Fn(&AboutLine) -> &String,
) -> String {
    let label = escaped(label);
    let mut html = format!("<div class=\"side\">\n<h2>{name}</h2>\n<p dir=\"auto\">{label}</p>\n");
    if !about.is_empty() {
        html += "<dl>\n";
        for line in about {
            let value = escaped(value(line));
            html += &format!("<dt>{}</dt>\n<dd dir=\"auto\">{value}</dd>\n", line.what);
        }
        html += "</dl>\n";
    }
    html + "</div>\n"
}

/// Where the changes are, as links to those that are shown.
fn list(changed: &ChangedTexts<'_>, changes: &[&Block], n_shown: usize) -> String {
    if changes.len() < LISTED_MIN {
        return String::new();
    }
    let summary = counted(changes.len() as u64, "change", "changes");
    let n_listed = n_shown.min(LISTED_MAX);
    let mut html =
        format!("<nav aria-label=\"Changes\">\n<details>\n<summary>{summary}</summary>\n<ol>\n");
    for (n, block) in changes.iter().take(n_listed).enumerate() {
        let (number, title) = (n + 1, escaped(&changed.title(block)));
        let act = act(block);
        html += &format!("<li><a href=\"#change-{number}\">{act}: {title}</a></li>\n");
    }
    html += "</ol>\n";
    if changes.len() > n_listed {
        html += &format!("<p class=\"n\">and {} more</p>\n", changes.len() - n_listed);
    }
    html + "</details>\n</nav>\n"
}

fn change(
    changed: &ChangedTexts<'_>,
    block: &Block,
    pieces: Vec<MarkedText>,
    number: usize,
) -> String {
    let title = escaped(&changed.title(block));
    let case = case_note(&pieces);
    let is_whole = matches!(&pieces[..], [piece] if piece.fate != MarkedFate::Same);
    let whole = if is_whole { " whole" } else { "" };
    let (act, class) = (act(block), class(block));
    let mut html = format!(
        "<section id=\"change-{number}\" class=\"{class}{whole}\">\n<h2><b>{act}</b> {title}{case}</h2>\n"
    );
    if !pieces.is_empty() {
        let short = shortened(pieces.clone());
        html += &format!("<div class=\"text\">\n{}", paragraphs(&short));
        if short.len() != pieces.len() {
            html += &details("in full", &pieces);
        }
        html += "</div>\n";
    }
    html + "</section>\n"
}

/// What became of paragraphs, in a word.
fn act(block: &Block) -> &'static str {
    match block {
        Block::Same { .. } => "Unchanged",
        Block::Changed { .. } => "Changed",
        Block::Added { .. } => "Added",
        Block::Removed { .. } => "Removed",
        Block::Moved { .. } | Block::MovedAway { .. } => "Moved",
        Block::Rewrapped { .. } | Block::Regrouped { .. } => "Set otherwise",
    }
}

fn class(block: &Block) -> &'static str {
    match block {
        Block::Added { .. } => "added",
        Block::Removed { .. } => "removed",
        Block::Moved { .. } | Block::MovedAway { .. } => "moved",
        _ => "changed",
    }
}

fn details(summary: &str, pieces: &[MarkedText]) -> String {
    format!("<details>\n<summary>{summary}</summary>\n{}</details>\n", paragraphs(pieces))
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
            let text = match piece.fate {
                MarkedFate::Removed | MarkedFate::Added => with_signs(text),
                _ => escaped(text),
            };
            html += &match piece.fate {
                MarkedFate::Same => text,
                MarkedFate::Passed => format!("<span class=\"gap\">{text}</span>"),
                MarkedFate::Removed => element("del", "", "removed", &text),
                MarkedFate::Added => element("ins", "", "added", &text),
                MarkedFate::MovedAway => element("del", " class=\"away\"", "moved away", &text),
                MarkedFate::Moved => element("ins", " class=\"here\"", "moved here", &text),
            };
        }
    }
    html + "</p>\n"
}

/// White space around words is no part of what happened to them.
fn element(name: &str, class: &str, said: &str, text: &str) -> String {
    let words = text.trim();
    if words.is_empty() {
        return text.to_owned();
    }
    let start = text.len() - text.trim_start().len();
    let (before, after) = (&text[..start], &text[start + words.len()..]);
    let (open, close) = (said_aside(&format!("[{said}: ")), said_aside("]"));
    format!("{before}<{name}{class}>{open}{words}{close}</{name}>{after}")
}

/// Words that are heard and printed, and not seen.
fn said_aside(words: &str) -> String {
    format!("<span class=\"said\">{words}</span>")
}

/// Escaped text that went or came, with the names of what acts in it unseen: it may be all that changed.
fn with_signs(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    // Letters that are no letters spell the region of a flag.
    let mut is_flag = false;
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        is_flag = c == '\u{1f3f4}' || is_flag && is_tag(c);
        if let Some(name) = sign_name(c).filter(|_| !is_flag) {
            html += &escaped(&text[plain..at]);
            html += &format!("<span class=\"sign\">{}</span>", escaped(&name));
            plain = at + c.len_utf8();
        }
    }
    html + &escaped(&text[plain..])
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0001}'..='\u{e007f}')
}

/// The name of a character that nobody sees and that makes words others: not of those that only join or part letters.
fn sign_name(c: char) -> Option<String> {
    Some(match c {
        '\u{202d}' => "left-to-right override".to_owned(),
        '\u{202e}' => "right-to-left override".to_owned(),
        '\u{3164}' | '\u{ffa0}' => "Hangul filler".to_owned(),
        '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' => format!("U+{:04X}", u32::from(c)),
        c if is_tag(c) => format!("U+{:04X}", u32::from(c)),
        _ => return None,
    })
}

/// Text in which nothing is markup; what turns the direction of writing is dropped, and what only says where a word
/// may be parted.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if is_soft(c) => {}
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
    use crate::{
        archive::compare::{Sides, compare},
        cli::print::changes::SHOWN_BYTES_MAX,
    };

    fn pieces(a: &str, b: &str) -> String {
        let texts = Sides { a: a.to_owned(), b: b.to_owned() };
        let comparison = compare(Sides { a, b });
        let changed = ChangedTexts::new(&texts, &comparison);
        let shown = |(n, block)| change(&changed, block, changed.pieces(block, SHOWN_BYTES_MAX), n);
        comparison.blocks.iter().enumerate().map(shown).collect()
    }

    #[test]
    fn what_nobody_sees_cuts_no_word_and_is_named_where_it_is_the_change() {
        let html = pieces(
            "# Donau\u{ad}dampf\n\nThe Schiff\u{ad}fahrt of the zero\u{200b}width and \u{2067}old\u{2069} port.",
            "# Donau\u{ad}dampf\n\nThe Schiff\u{ad}fahrt of the zero\u{200b}width and \u{2067}new\u{2069} port.",
        );
        assert!(html.contains("· Donaudampf</h2>"), "{html}");
        assert!(html.contains("The Schifffahrt of the zerowidth and <del>"), "{html}");
        assert!(!html.contains("u{"), "{html}");
        let html = pieces("Ask the user of it all.", "Ask the \u{202e}user of it all.");
        let sign = "<span class=\"sign\">right-to-left override</span>";
        assert_eq!(html.matches(sign).count(), 1, "{html}");
        let html = pieces("Both \u{202e}are here now.", "Both \u{202e}are here then.");
        assert!(!html.contains("sign"), "{html}");
        let flag = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
        assert_eq!(with_signs(flag), flag);
        assert_eq!(with_signs("a\u{e0041}"), "a<span class=\"sign\">U+E0041</span>");
    }

    #[test]
    fn a_page_names_what_came_and_went_and_holds_no_markup_of_texts() {
        let texts = Sides {
            a: "One <b>old</b> word.\n\nThe same.".to_owned(),
            b: "One <b>new</b> word.\n\nThe same.".to_owned(),
        };
        let comparison = compare(Sides { a: &texts.a, b: &texts.b });
        let changed = ChangedTexts::new(&texts, &comparison);
        let labels = Sides { a: "a<b".to_owned(), b: "c".to_owned() };
        let line = |what, a: &str, b: &str| AboutLine {
            what,
            values: Sides { a: a.to_owned(), b: b.to_owned() },
            is_text: true,
        };
        let about = [line("captured", "2026-03-01", "2026-03-02")];
        let metadata = [line("title", "Harbour closed", "Harbour open")];
        let head =
            PageHead { labels: &labels, about: &about, metadata: &metadata, sentence: "1 changed" };
        let page = page(&head, &changed);
        assert!(page.contains("<title>a&lt;b → c</title>"), "{page}");
        assert!(page.contains(
            "One &lt;b&gt;<del><span class=\"said\">[removed: </span>old<span class=\"said\">]</span></del>\
             <ins><span class=\"said\">[added: </span>new"
        ), "{page}");
        assert!(
            page.contains(
                "<summary>1 paragraph unchanged</summary>\n<p dir=\"auto\">The same.</p>"
            )
        );
        assert!(page.contains("<dt>captured</dt>\n<dd dir=\"auto\">2026-03-02</dd>"), "{page}");
        assert!(
            page.contains("Harbour <del><span class=\"said\">[removed: </span>closed"),
            "{page}"
        );
        assert!(!page.contains("<script") && !page.contains("http"), "{page}");
    }
}
