//! HTML cut into text and tags, in one pass and in time that grows with the length alone.
//!
//! The rules are those of the tokenizer in the HTML Living Standard, section 13.2.5, for what can be
//! seen: attributes are skipped, comments and declarations leave nothing.

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// A stretch of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text with its character references.
    Text(&'a str),
    /// A start tag's name as it is written; `closed` when it ends with `/>`.
    Start { name: &'a str, closed: bool },
    /// An end tag's name as it is written.
    End(&'a str),
}

/// The pieces of a page, in order.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// Inside an element whose content holds no tags but this one's end.
    raw: Option<&'a str>,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(html: &'a str) -> Self {
        Self { rest: html, raw: None }
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
        let n_name = after.find(is_name_end).unwrap_or(after.len());
        let (name, attributes) = after.split_at(n_name);
        let Some(n_attributes) = attributes_end(attributes.as_bytes()) else {
            self.rest = "";
            return None;
        };
        let closed = attributes[..n_attributes].ends_with('/');
        self.rest = &attributes[n_attributes + 1..];
        if is_end {
            return Some(Token::End(name));
        }
        self.raw = RAW.iter().any(|raw| name.eq_ignore_ascii_case(raw)).then_some(name);
        Some(Token::Start { name, closed })
    }

    /// The content of a raw element up to its end tag.
    fn raw_text(&mut self, name: &str) -> &'a str {
        let ends_at = |at: usize| {
            let after = &self.rest.as_bytes()[at + 2..];
            let (tag, more) = after.split_at_checked(name.len())?;
            let ends = more.first().is_none_or(|byte| is_name_end(char::from(*byte)));
            (ends && tag.eq_ignore_ascii_case(name.as_bytes())).then_some(at)
        };
        let end = self.rest.match_indices("</").find_map(|(at, _)| ends_at(at));
        self.take(end.unwrap_or(self.rest.len()))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(name) = self.raw.take() {
            return Some(Token::Text(self.raw_text(name)));
        }
        while self.rest.starts_with('<') {
            if let Some(tag) = self.tag() {
                return Some(tag);
            }
            match hidden_end(self.rest) {
                Some(end) => self.take(end),
                // Nothing but a sign: the text goes on to the next one.
                None => break,
            };
        }
        let from = usize::from(self.rest.starts_with('<'));
        let n_text = self.rest[from..].find('<').map_or(self.rest.len(), |at| from + at);
        (n_text > 0).then(|| Token::Text(self.take(n_text)))
    }
}

/// Elements whose content is no markup: the standard's raw text and escapable raw text elements.
const RAW: [&str; 8] =
    ["script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp"];

fn is_name_end(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ' | '/' | '>')
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

/// Where the `>` stands that ends a tag.
fn attributes_end(attributes: &[u8]) -> Option<usize> {
    #[derive(Clone, Copy)]
    enum In {
        Gap,
        Name,
        BeforeValue,
        Bare,
        Quoted(u8),
    }
    let mut state = In::Gap;
    for (at, byte) in attributes.iter().enumerate() {
        state = match (state, byte) {
            (In::Quoted(quote), byte) if quote == *byte => In::Gap,
            (In::Quoted(_), _) => state,
            (_, b'>') => return Some(at),
            (In::BeforeValue, b'"' | b'\'') => In::Quoted(*byte),
            (In::BeforeValue, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ') => state,
            (In::BeforeValue, _) => In::Bare,
            // A sign of equality after the gap belongs to the name before it.
            (In::Name, b'=') => In::BeforeValue,
            (In::Name, b'/') | (In::Gap, b'/') => In::Gap,
            (In::Name, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ') => state,
            (In::Bare | In::Gap, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ') => In::Gap,
            (In::Bare, _) => In::Bare,
            (In::Gap | In::Name, _) => In::Name,
        };
    }
    None
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

    fn tokens(html: &str) -> String {
        let shown = Tokens::of(html).map(|token| match token {
            Token::Text(text) => format!("[{text}]"),
            Token::Start { name, closed: false } => format!("<{name}>"),
            Token::Start { name, closed: true } => format!("<{name}/>"),
            Token::End(name) => format!("</{name}>"),
        });
        shown.collect()
    }

    #[test]
    fn pages_fall_into_text_and_tags() {
        for (html, expected) in [
            ("", ""),
            ("a<b>c</b >d", "[a]<b>[c]</b>[d]"),
            ("<a href='>' title=\">\" x=>y", "<a>[y]"),
            ("<a b = '>'>y", "<a>[y]"),
            ("<a = '>'>y", "<a>['>y]"),
            ("<a/b='>'/>y", "<a/>[y]"),
            ("1 < 2 <3 <", "[1 ][< 2 ][<3 ][<]"),
            ("x<!-- <p> -- > -->y<!-->z<!--->w<!--a--!>v", "[x][y][z][w][v]"),
            ("<!DOCTYPE html><?php x ?></ bogus><![CDATA[x]]>y", "[y]"),
            ("x<!-- open", "[x]"),
            ("x<a open='>", "[x]"),
            ("</", "[</]"),
            (
                "<script>if (a<b) '</scripts>'</SCRIPT >y",
                "<script>[if (a<b) '</scripts>']</SCRIPT>[y]",
            ),
            ("<title>a <b> c", "<title>[a <b> c]"),
        ] {
            assert_eq!(tokens(html), expected, "{html}");
        }
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
