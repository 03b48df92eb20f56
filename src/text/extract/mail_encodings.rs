//! In which encodings the words of a mail are. A part says what it is in, or should: where it does not, or it is something
//! else, it is guessed as of any other text, for all such parts and heads of a mail together.

use std::{borrow::Cow, ops::Range};

use mail_parser::{
    Encoding, Message, MessagePart, MimeHeaders as _, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

use crate::text::{Charset, Rule, decode};

/// What stands before an encoding of a mail among what its page says of it.
pub(super) const ENCODING_NAME: &str = "x-encoding";

/// An encoding, and how it was found.
pub type FoundCharset = (&'static str, Rule);

/// The encodings of a mail.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct MailEncodings {
    /// Of heads and parts which neither declare nor prove theirs.
    undeclared: Option<Charset>,
    /// What is to be said of the whole mail.
    pub found: Option<FoundCharset>,
}

/// What a part's bytes are.
enum PartText<'m> {
    /// As it was parsed: ASCII, or an encoding of seven bits.
    Parsed,
    /// In an encoding that it declares or proves.
    Known(String, FoundCharset),
    /// In one that is not known.
    Undeclared(Cow<'m, [u8]>),
}

impl MailEncodings {
    /// Those of a mail and all that lie in it, where an encoding is named for what declares none.
    pub fn of(message: &Message, named: Option<Charset>) -> Self {
        let (mut known, mut undeclared) = (None, Vec::new());
        let mut open = vec![message];
        while let Some(message) = open.pop() {
            for part in &message.parts {
                if let PartType::Message(inner) = &part.body {
                    open.push(inner);
                }
                let head = message.raw_message().get(place_of_head(part)).unwrap_or_default();
                undeclared.extend((!is_utf8(head)).then_some(Cow::Borrowed(head)));
                match part_text(message, part) {
                    PartText::Parsed => {}
                    PartText::Known(_, found) => known = known.or(Some(found)),
                    PartText::Undeclared(bytes) => undeclared.push(bytes),
                }
            }
        }
        if undeclared.is_empty() {
            return Self { undeclared: None, found: known };
        }
        let joined = undeclared.join(&b"\n"[..]);
        let found = decode(&joined, "text/plain", named).map(|it| (it.encoding, it.rule));
        let charset = found.and_then(|(name, _)| Charset::for_label(name));
        Self { undeclared: charset, found: charset.and(found).or(known) }
    }

    /// The text of a part that is one, where it is not as it was parsed.
    pub fn text(&self, message: &Message, part: &MessagePart) -> Option<String> {
        match part_text(message, part) {
            PartText::Parsed => None,
            PartText::Known(text, _) => Some(text),
            PartText::Undeclared(bytes) => {
                self.undeclared.map(|charset| charset.chars(&bytes).0.into_owned())
            }
        }
    }

    /// A mail with the heads of these parts in UTF-8, if some are in another encoding, which they cannot declare.
    pub fn with_heads_in_utf8<'p>(
        &self,
        mail: &[u8],
        parts: impl Iterator<Item = &'p MessagePart<'p>>,
    ) -> Option<Vec<u8>> {
        let charset = self.undeclared?;
        let (mut out, mut at) = (Vec::with_capacity(mail.len()), 0);
        let mut heads: Vec<Range<usize>> = parts.map(place_of_head).collect();
        heads.sort_unstable_by_key(|it| it.start);
        for place in heads {
            let head = mail.get(place.clone()).filter(|it| place.start >= at && !is_utf8(it));
            let Some(head) = head else { continue };
            out.extend_from_slice(&mail[at..place.start]);
            out.extend_from_slice(charset.chars(head).0.as_bytes());
            at = place.end;
        }
        (at > 0).then(|| [&out, &mail[at..]].concat())
    }
}

/// What the page of a mail says of its encodings.
pub fn encoding_of_page(html: &str) -> Option<FoundCharset> {
    let (head, _) = html.split_once("<body>")?;
    let mark = format!("<meta name=\"{ENCODING_NAME}\" content=\"");
    let (_, rest) = head.split_once(&mark)?;
    let (name, code) = rest.split_once('"')?.0.split_once(' ')?;
    Some((Charset::for_label(name)?.name(), Rule::of_code(code)?))
}

fn is_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok()
}

fn place_of_head(part: &MessagePart) -> Range<usize> {
    part.offset_header as usize..part.offset_body as usize
}

fn part_text<'m>(message: &'m Message, part: &'m MessagePart) -> PartText<'m> {
    let media_type = match part.body {
        PartType::Text(_) => "text/plain",
        PartType::Html(_) => "text/html",
        _ => return PartText::Parsed,
    };
    let bytes = as_sent(message.raw_message(), part);
    if bytes.is_ascii() && !bytes.contains(&0x1b) {
        return PartText::Parsed;
    }
    let named = declared(part);
    let decoded = match named.filter(|charset| fits(*charset, &bytes)) {
        // Of what was named the bytes may prove another.
        Some(charset) => decode(&bytes, "text/plain", Some(charset)),
        None => decode(&bytes, media_type, None),
    };
    match decoded {
        None => PartText::Parsed,
        Some(it) if matches!(it.rule, Rule::Guessed | Rule::Script) => PartText::Undeclared(bytes),
        Some(it) => {
            let rule = if it.rule == Rule::Named { Rule::Declared } else { it.rule };
            PartText::Known(it.text.into_owned(), (it.encoding, rule))
        }
    }
}

/// The encoding that a part declares. ASCII is none of what has other bytes.
fn declared(part: &MessagePart) -> Option<Charset> {
    let label = part.content_type()?.attribute("charset")?.trim();
    let is_ascii = ["us-ascii", "ascii", "ansi_x3.4-1968"];
    Charset::for_label(label).filter(|_| !is_ascii.iter().any(|it| label.eq_ignore_ascii_case(it)))
}

fn fits(charset: Charset, bytes: &[u8]) -> bool {
    let (_, is_lossy) = charset.chars(bytes);
    !is_lossy
}

/// The bytes of a part in the encoding that its text was sent in.
pub(super) fn as_sent<'a>(mail: &'a [u8], part: &'a MessagePart) -> Cow<'a, [u8]> {
    let raw = mail.get(part.offset_body as usize..part.offset_end as usize);
    let is_text = matches!(part.body, PartType::Text(_) | PartType::Html(_));
    let found = match (part.encoding, raw) {
        (Encoding::Base64, Some(raw)) if is_text => base64_decode(raw).map(Cow::Owned),
        (Encoding::QuotedPrintable, Some(raw)) if is_text => {
            quoted_printable_decode(raw).map(Cow::Owned)
        }
        (Encoding::None, Some(raw)) if !raw.is_empty() => Some(Cow::Borrowed(raw)),
        _ => None,
    };
    found.unwrap_or_else(|| Cow::Borrowed(part.contents()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_in_which_encoding_its_mail_was_read() {
        let page = |content: &str| {
            format!(
                "<title>t</title>\n<meta name=\"{ENCODING_NAME}\" content=\"{content}\">\n<body>\n"
            )
        };
        let found = encoding_of_page(&page("KOI8-R guessed"));
        assert_eq!(found, Some(("KOI8-R", Rule::Guessed)));
        for other in [&page("klingon guessed"), &page("KOI8-R"), "<body>words"] {
            assert_eq!(encoding_of_page(other), None, "{other}");
        }
    }
}
