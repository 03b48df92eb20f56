//! HTML cut into text and tags, in one pass and in time that grows with the length alone.
//!
//! The rules are those of the tokenizer in the HTML Living Standard, section 13.2.5; comments and
//! declarations leave nothing. Which elements hold no markup depends on where they stand, so whoever
//! builds the tree says so.

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

use super::attributes::Attributes;

/// A stretch of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text with its character references.
    Text(&'a str),
    /// Text in which `&` is nothing but a sign.
    Raw(&'a str),
    /// A document type, as far as it is known to keep tables out of paragraphs: that there is one.
    Doctype,
    /// A start tag's name as it is written; `closed` when it ends with `/>`.
    Start { name: &'a str, closed: bool },
    /// An end tag's name as it is written.
    End(&'a str),
}

/// What the content of an element is that holds no tags but its own end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RawContent {
    /// Text with character references, as in `title`.
    Text,
    /// Text without, as in `style`.
    Raw,
    /// A script, in which comments may hold its own end tag.
    Script,
    /// The rest of the page.
    Plain,
}

/// What says of an element of a page that we rendered what it is in the document: `page 3`; of a row its first cell, `B5`.
pub(super) const LOCATOR: &str = "data-locator";

/// The pieces of a page, in order.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    last_start: &'a str,
    attributes: Vec<(&'static str, &'a [u8])>,
    /// Attributes that are kept besides.
    also_kept: &'static [&'static str],
    content: Option<RawContent>,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(html: &'a str) -> Self {
        let (last_start, attributes) = ("", Vec::new());
        Self { rest: html, last_start, attributes, also_kept: &[], content: None }
    }

    /// The same with more attributes.
    pub(super) fn with(html: &'a str, also_kept: &'static [&'static str]) -> Self {
        Self { also_kept, ..Self::of(html) }
    }

    /// Those attributes of the start tag read last that are kept, each once, as they are written.
    pub(super) fn attributes(&self) -> &[(&'static str, &'a [u8])] {
        &self.attributes
    }

    /// Reads what follows the start tag read last as such a content.
    pub(super) fn set_content(&mut self, content: RawContent) {
        self.content = Some(content);
    }

    /// The next piece; `takes_cdata` where `<![CDATA[` begins text.
    pub(super) fn next(&mut self, takes_cdata: impl Fn() -> bool) -> Option<Token<'a>> {
        if let Some(content) = self.content.take() {
            let text = self.content_text(content);
            return Some(if content == RawContent::Text {
                Token::Text(text)
            } else {
                Token::Raw(text)
            });
        }
        while self.rest.starts_with('<') {
            if let Some(tag) = self.tag() {
                return Some(tag);
            }
            if self.rest.starts_with(CDATA) && takes_cdata() {
                self.take(CDATA.len());
                let end = self.rest.find("]]>");
                let text = self.take(end.unwrap_or(self.rest.len()));
                self.take(end.map_or(0, |_| 3));
                return Some(Token::Raw(text));
            }
            match hidden_end(self.rest) {
                Some(end) => {
                    let hidden = self.take(end);
                    if hidden.get(..9).is_some_and(|it| it.eq_ignore_ascii_case("<!doctype")) {
                        return Some(Token::Doctype);
                    }
                }
                // Nothing but a sign: the text goes on to the next one.
                None => break,
            }
        }
        let begins = |(at, _): &(usize, &str)| {
            let next = self.rest.as_bytes().get(at + 1);
            next.is_some_and(|byte| byte.is_ascii_alphabetic() || b"!?/".contains(byte)) && *at > 0
        };
        let n_text = self.rest.match_indices('<').find(begins).map(|(at, _)| at);
        let n_text = n_text.unwrap_or(self.rest.len());
        (n_text > 0).then(|| Token::Text(self.take(n_text)))
    }

    fn take(&mut self, n_bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(n_bytes);
        self.rest = rest;
        taken
    }

    /// A tag, when the rest begins with one; a tag that does not end takes the rest with it.
    fn tag(&mut self) -> Option<Token<'a>> {
        let is_end = self.rest.starts_with("</");
        let after = &self.rest[if is_end { 2 } else { 1 }..];
        if !after.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let n_name = after.bytes().position(is_name_end).unwrap_or(after.len());
        let (name, more) = after.split_at(n_name);
        let mut attributes = Attributes::of(more.as_bytes());
        self.attributes.clear();
        let mut end_of_value: *const u8 = more.as_ptr();
        for (name, value) in attributes.by_ref() {
            end_of_value = value.as_ptr_range().end;
            let kept = kept_name(name, self.also_kept);
            if let Some(name) = kept.filter(|_| !is_end)
                && self.attributes.iter().all(|(it, _)| *it != name)
            {
                self.attributes.push((name, value));
            }
        }
        let n_attributes = more.len() - attributes.rest().len();
        if attributes.rest().is_empty() {
            self.rest = "";
            return None;
        }
        self.rest = &more[n_attributes + 1..];
        if is_end {
            return Some(Token::End(name));
        }
        self.last_start = name;
        // A slash is the tag's own where no value ends with it.
        let attributes = &more.as_bytes()[..n_attributes];
        let closed = attributes.ends_with(b"/") && end_of_value != attributes.as_ptr_range().end;
        Some(Token::Start { name, closed })
    }

    /// The content of an element up to its end tag.
    fn content_text(&mut self, content: RawContent) -> &'a str {
        let end = match content {
            RawContent::Plain => None,
            RawContent::Script => script_end(self.rest),
            RawContent::Text | RawContent::Raw => {
                let is_end =
                    |(at, _): &(usize, &str)| ends_element(&self.rest[*at..], self.last_start);
                self.rest.match_indices("</").find(is_end).map(|(at, _)| at)
            }
        };
        self.take(end.unwrap_or(self.rest.len()))
    }
}

/// Attributes that say what is shown, or what is not and may change all the same; and some that decide
/// on the tree.
const KEPT: [&str; 35] = [
    "href",
    "xlink:href",
    "src",
    "alt",
    "title",
    "value",
    "checked",
    "selected",
    "start",
    "reversed",
    "open",
    "type",
    "data",
    "hidden",
    "popover",
    "style",
    "display",
    "visibility",
    "placeholder",
    "name",
    "slot",
    "encoding",
    "shadowrootmode",
    "color",
    "face",
    "size",
    "aria-label",
    "srcset",
    "poster",
    "srcdoc",
    "action",
    "formaction",
    "label",
    "min",
    "max",
];

fn kept_name(name: &[u8], also_kept: &[&'static str]) -> Option<&'static str> {
    also_kept
        .iter()
        .copied()
        .chain(KEPT)
        .find(|it| it.len() == name.len() && name.eq_ignore_ascii_case(it.as_bytes()))
}

const CDATA: &str = "<![CDATA[";

fn is_name_end(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ' | b'/' | b'>')
}

/// Whether a text begins with `</` and this name.
fn ends_element(text: &str, name: &str) -> bool {
    text.starts_with("</") && starts_with_name(&text.as_bytes()[2..], name)
}

fn starts_with_name(text: &[u8], name: &str) -> bool {
    text.split_at_checked(name.len()).is_some_and(|(start, more)| {
        start.eq_ignore_ascii_case(name.as_bytes())
            && more.first().is_some_and(|byte| is_name_end(*byte))
    })
}

/// Where a script's end tag stands: in a comment of it, not before each script in that ended.
fn script_end(text: &str) -> Option<usize> {
    #[derive(PartialEq)]
    enum In {
        Code,
        Comment,
        CommentedScript,
    }
    let mut state = In::Code;
    for (at, byte) in text.bytes().enumerate() {
        let is_comment_end = |at: usize| text.as_bytes()[at..].starts_with(b"-->");
        match (byte, &state) {
            (b'<', _) => {
                let is_end = ends_element(text.get(at..)?, "script");
                let is_start = starts_with_name(&text.as_bytes()[at + 1..], "script");
                state = match state {
                    In::Code | In::Comment if is_end => return Some(at),
                    In::Code if text[at..].starts_with("<!--") => In::Comment,
                    In::Comment if is_start => In::CommentedScript,
                    In::CommentedScript if is_end => In::Comment,
                    state => state,
                };
            }
            // The hyphens that open a comment may close it, too.
            (b'-', In::Comment | In::CommentedScript) if is_comment_end(at) => state = In::Code,
            _ => {}
        }
    }
    None
}

/// Where a comment, a declaration or an instruction at the start ends, if there is one.
fn hidden_end(text: &str) -> Option<usize> {
    if let Some(comment) = text.strip_prefix("<!--") {
        let at_once = [">", "->"].into_iter().find(|end| comment.starts_with(end));
        let n_comment = match at_once {
            Some(end) => end.len(),
            None => comment_end(comment),
        };
        return Some(4 + n_comment);
    }
    let is_hidden = ["<!", "<?", "</"].into_iter().any(|start| text.starts_with(start));
    // An end tag without any name at the end of the page is text.
    (is_hidden && text != "</").then(|| text.find('>').map_or(text.len(), |at| at + 1))
}

/// Past the first `-->` or `--!>`.
fn comment_end(comment: &str) -> usize {
    for (at, _) in comment.match_indices('>') {
        let before = &comment[..at];
        if before.ends_with("--") || before.ends_with("--!") {
            return at + 1;
        }
    }
    comment.len()
}

/// Calls `put` with the text between character references and with what they stand for.
pub(super) fn each_decoded(text: &str, mut put: impl FnMut(&str)) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        put(&rest[..at]);
        rest = &rest[at..];
        let n_taken = match numeric(rest) {
            Some((c, n_taken)) => {
                put(c.encode_utf8(&mut [0; 4]));
                n_taken
            }
            None => named(rest, &mut put),
        };
        rest = &rest[n_taken..];
    }
    put(rest);
}

/// Decodes `&#38;` and `&#x26;`, with the length it has.
fn numeric(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix("&#")?;
    let (digits, radix) = match body.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (body, 10),
    };
    let n_digits = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    (n_digits > 0).then_some(())?;
    let has_end = digits[n_digits..].starts_with(';');
    let n_taken = text.len() - digits.len() + n_digits + usize::from(has_end);
    let code = u32::from_str_radix(&digits[..n_digits], radix).unwrap_or(u32::MAX);
    let c = match code {
        0 => None,
        0x80..=0x9f => C1_REPLACEMENTS[code as usize - 0x80].or(char::from_u32(code)),
        _ => char::from_u32(code),
    };
    Some((c.unwrap_or(char::REPLACEMENT_CHARACTER), n_taken))
}

/// Puts what the longest name at the start stands for, else the `&` itself; returns the length taken.
fn named(text: &str, put: &mut impl FnMut(&str)) -> usize {
    let mut best = None;
    // The table also holds the beginnings of names, with 0 for their meaning.
    for end in 2..text.len() + 1 {
        let Some(meaning) = text.get(1..end).and_then(|name| NAMED_ENTITIES.get(name)) else {
            break;
        };
        if meaning.0 != 0 {
            best = Some((meaning, end));
        }
    }
    let Some((meaning, end)) = best else {
        put("&");
        return 1;
    };
    for c in [meaning.0, meaning.1].into_iter().filter_map(char::from_u32).filter(|c| *c != '\0') {
        put(c.encode_utf8(&mut [0; 4]));
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a tree builder drives it that knows of three elements.
    fn tokens(html: &str) -> String {
        let mut tokens = Tokens::of(html);
        let mut shown = String::new();
        while let Some(token) = tokens.next(|| false) {
            shown += &match token {
                Token::Text(text) => format!("[{text}]"),
                Token::Raw(text) => format!("{{{text}}}"),
                Token::Doctype => "!".to_owned(),
                Token::Start { name, closed: true } => format!("<{name}/>"),
                Token::Start { name, .. } => {
                    match name {
                        "script" => tokens.set_content(RawContent::Script),
                        "style" => tokens.set_content(RawContent::Raw),
                        "title" => tokens.set_content(RawContent::Text),
                        _ => {}
                    }
                    format!("<{name}>")
                }
                Token::End(name) => format!("</{name}>"),
            };
        }
        shown
    }

    #[test]
    fn pages_fall_into_text_and_tags() {
        for (html, expected) in [
            ("", ""),
            ("a<b>c</b >d", "[a]<b>[c]</b>[d]"),
            ("<a href='>' title=\">\" x=>y", "<a>[y]"),
            ("<a b = '>'>y", "<a>[y]"),
            ("<a = '>'>y", "<a>['>y]"),
            ("<a/b='>'/>y<a b=c/>z<a b='/'><a b=/>", "<a/>[y]<a>[z]<a><a>"),
            ("<br/><br /><br b/><br b=''/>", "<br/><br/><br/><br/>"),
            ("1 < 2 <3 <", "[1 < 2 <3 <]"),
            ("x<!-- <p> -- > -->y<!-->z<!--->w<!--a--!>v", "[x][y][z][w][v]"),
            ("<!DOCTYPE html><?php x ?></ bogus><![CDATA[x]]>y", "![y]"),
            ("x<!-- open", "[x]"),
            ("x<a open='>", "[x]"),
            ("</", "[</]"),
            ("<title>a <b> c</title>d", "<title>[a <b> c]</title>[d]"),
            ("<style>a</styles></STYLE\n>b", "<style>{a</styles>}</STYLE>[b]"),
            ("<title>a <b> c", "<title>[a <b> c]"),
        ] {
            assert_eq!(tokens(html), expected, "{html}");
        }
    }

    #[test]
    fn scripts_end_where_browsers_end_them() {
        for (script, rest) in [
            ("if (a<b) '</scripts>'", "y"),
            ("<!-- write('<script src=a></script>') //--", ">"),
            ("<!-- write('<script src=a></script>') //-->", "y"),
            ("<!-- <scripts> ", "y"),
            ("<!--> '<script>' ", "y"),
            ("<!-- <script> --> ", "y"),
        ] {
            let html = format!("<script>{script}</script>{rest}");
            let expected = match rest {
                // Without its end the comment holds the rest.
                ">" => format!("<script>{{{script}}}</script>[>]"),
                rest => format!("<script>{{{script}}}</script>[{rest}]"),
            };
            assert_eq!(tokens(&html), expected, "{html}");
        }
        let open = "<script><!-- <script> </script>y";
        assert_eq!(tokens(open), "<script>{<!-- <script> </script>y}");
    }

    #[test]
    fn cdata_is_text_where_it_may_stand() {
        let mut tokens = Tokens::of("<![CDATA[a<b&amp;]]>c");
        assert_eq!(tokens.next(|| true), Some(Token::Raw("a<b&amp;")));
        assert_eq!(tokens.next(|| true), Some(Token::Text("c")));
    }

    #[test]
    fn references_are_decoded_as_in_browsers() {
        for (text, expected) in [
            ("a &amp; b &lt;&gt;&quot;", "a & b <>\""),
            ("&copy2 &notit; &notin; &nosuch; &", "©2 ¬it; ∉ &nosuch; &"),
            ("&#65;&#x41&#X42;&#150;&#x80;", "AAB–€"),
            ("&#0;&#xd800;&#99999999999;&#;&#x;", "\u{fffd}\u{fffd}\u{fffd}&#;&#x;"),
            ("&NotEqualTilde;&é", "≂̸&é"),
        ] {
            let mut decoded = String::new();
            each_decoded(text, |text| decoded.push_str(text));
            assert_eq!(decoded, expected, "{text}");
        }
    }
}
