//! What people see of an HTML page.

use super::markup::{Token, Tokens, each_decoded};

/// The visible text of a page: its title, a blank line, its paragraphs with blank lines between.
///
/// White space collapses as in browsers, `pre` apart. List items and table rows are lines, table
/// cells are separated by tabs. Scripts, styles, templates, comments and what stands in for missing
/// abilities are left out. The text is never much longer than the page.
pub fn visible(html: &str) -> String {
    let mut page = Page::default();
    for token in Tokens::of(html) {
        if page.is_hidden(&token) {
            continue;
        }
        match token {
            Token::Text(text) => each_decoded(text, |text| page.put(text)),
            Token::Start { name, .. } => page.tag(name, 1),
            Token::End(name) => page.tag(name, -1),
        }
    }
    page.text
}

/// What must stand between the last text and the next; the greater wins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Cell,
    Line,
    Paragraph,
}

#[derive(Default)]
struct Page {
    text: String,
    gap: Gap,
    /// Open `pre` elements.
    n_pre: usize,
    /// A line feed right after `<pre>` is not shown.
    is_pre_start: bool,
    /// The hidden element that is open, and how many of its name are.
    hidden: Option<(String, usize)>,
}

/// Elements whose content is not shown.
const HIDDEN: &[&str] = &[
    "script", "style", "template", "noscript", "iframe", "noembed", "noframes", "svg", "canvas",
    "audio", "video", "object", "datalist",
];

/// Elements that begin and end a paragraph.
const PARAGRAPHS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "search",
    "section",
    "select",
    "summary",
    "table",
    "textarea",
    "title",
    "ul",
    "xmp",
];

/// Elements that begin and end a line.
const LINES: &[&str] = &["dd", "dt", "legend", "li", "optgroup", "option", "tr"];

impl Page {
    /// Keeps account of hidden elements; whether the piece is in one.
    fn is_hidden(&mut self, token: &Token) -> bool {
        match (&mut self.hidden, token) {
            (None, Token::Start { name, closed }) => {
                let is_hidden = HIDDEN.iter().any(|it| name.eq_ignore_ascii_case(it));
                // Only in foreign content does a slash close an element.
                if is_hidden && !(*closed && name.eq_ignore_ascii_case("svg")) {
                    self.hidden = Some((name.to_ascii_lowercase(), 1));
                }
                is_hidden
            }
            (None, _) => false,
            (Some((open, n_open)), Token::Start { name, closed }) => {
                *n_open += usize::from(!closed && name.eq_ignore_ascii_case(open));
                true
            }
            (Some((open, n_open)), Token::End(name)) => {
                *n_open -= usize::from(name.eq_ignore_ascii_case(open));
                if *n_open == 0 {
                    self.hidden = None;
                }
                true
            }
            (Some(_), Token::Text(_)) => true,
        }
    }

    /// What a tag does to the text around it; `depth` is 1 for a start tag and -1 for an end tag.
    fn tag(&mut self, name: &str, depth: isize) {
        let name = name.to_ascii_lowercase();
        let name = name.as_str();
        if matches!(name, "pre" | "xmp" | "textarea") {
            self.n_pre = self.n_pre.saturating_add_signed(depth);
            self.is_pre_start = depth > 0;
        }
        let gap = match name {
            "br" if self.gap == Gap::Line => Gap::Paragraph,
            "br" => Gap::Line,
            "td" | "th" => Gap::Cell,
            _ if LINES.contains(&name) => Gap::Line,
            _ if PARAGRAPHS.contains(&name) => Gap::Paragraph,
            _ => Gap::None,
        };
        self.gap = self.gap.max(gap);
    }

    fn put(&mut self, text: &str) {
        if self.n_pre > 0 {
            return self.put_as_it_is(text);
        }
        for (n, word) in text.split(['\t', '\n', '\x0c', '\r', ' ']).enumerate() {
            if n > 0 {
                self.gap = self.gap.max(Gap::Space);
            }
            self.put_shown(word);
        }
    }

    fn put_as_it_is(&mut self, text: &str) {
        let text = match text.strip_prefix('\n') {
            Some(rest) if std::mem::take(&mut self.is_pre_start) => rest,
            _ => text,
        };
        self.is_pre_start &= text.is_empty();
        self.put_shown(text);
    }

    /// Browsers drop zero bytes.
    fn put_shown(&mut self, text: &str) {
        for text in text.split('\0').filter(|text| !text.is_empty()) {
            let gap = std::mem::take(&mut self.gap);
            if !self.text.is_empty() {
                self.text.push_str(match gap {
                    Gap::None => "",
                    Gap::Space => " ",
                    Gap::Cell => "\t",
                    Gap::Line => "\n",
                    Gap::Paragraph => "\n\n",
                });
            }
            self.text.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_reads_as_people_see_it() {
        let page = "<!doctype html><html><head><meta charset=utf-8><title>The &amp; title</title>
            <style>p { color: red }</style><script>if (a < b) alert('<p>no</p>')</script></head>
            <body><!-- unseen --><nav><ul><li>One<li>Two</li></ul></nav>
            <h1>Head<b>line</b></h1><p>First   paragraph,\n two&nbsp;lines<br>and a break.
            <p>Second.<noscript><p>no</p></noscript>
            <table><tr><th>Name<th>Count</tr><tr><td>a</td> <td> 1 </td></tr></table>
            <svg><title>no</title><text>no</text></svg><pre>\n  kept\n as is</pre>end</body></html>";
        let text = "The & title\n\nOne\nTwo\n\nHeadline\n\nFirst paragraph, two\u{a0}lines\nand a \
            break.\n\nSecond.\n\nName\tCount\na\t1\n\n  kept\n as is\n\nend";
        assert_eq!(visible(page), text);
    }

    #[test]
    fn ends_that_are_missing_or_wrong_do_little_harm() {
        for (html, text) in [
            ("", ""),
            ("  plain  text ", "plain text"),
            ("a</p></div></pre></script>b", "a\n\nb"),
            ("a<br>b<br><br>c<br/>d", "a\nb\n\nc\nd"),
            ("a<script>x", "a"),
            ("a<template><template>x</template>y</template>b", "ab"),
            ("a<svg/>b<svg class=x />c", "abc"),
            ("<p hidden>1 < 2 &lt; 3", "1 < 2 < 3"),
            ("a\0b", "ab"),
            ("<DIV>A</DIV>B", "A\n\nB"),
            ("<textarea> a\n b</textarea>c  d", " a\n b\n\nc d"),
            ("<i>a</i> <i>b</i><i>c</i>", "a bc"),
        ] {
            assert_eq!(visible(html), text, "{html}");
        }
    }

    #[test]
    fn time_grows_with_the_length_alone() {
        for unit in
            ["<div>", "<a ", "<", "<!", "<!-", "&", "&a", "</", "<pre>\n", "<title>", "\0", "a=b "]
        {
            let _ = visible(&format!("<x {}", unit.repeat(100_000)));
            let _ = visible(&unit.repeat(100_000));
        }
    }

    proptest! {
        #[test]
        fn no_page_makes_it_panic_or_blow_up(
            parts in prop::collection::vec(prop::sample::select(vec![
                "<", ">", "</", "/>", "<!--", "-->", "p", "pre", "script", "title", "svg", "br", "td",
                " ", "\n", "é", "\0", "'", "\"", "=", "&", "&amp;", "&nGt;", "#", "x", "1", ";",
            ]), 0..60),
        ) {
            let html = parts.concat();
            prop_assert!(visible(&html).len() <= 2 * html.len());
        }
    }
}
