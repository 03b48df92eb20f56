//! What mails lack before mail-parser reads all of them: `=` at the ends of their base64, without which it leaves the last
//! bytes out; and heads in UTF-8, as which it reads all that is not of ASCII.

use mail_parser::{Encoding, Message, MessageParser, MessagePart, PartType};

use super::mail_encodings::MailEncodings;
use crate::text::Charset;

/// How far into a mail is mended what it lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MendReach {
    /// Mails that lie in it keep their bytes.
    Outer,
    /// All that lies in it.
    All,
}

/// Does something with a mail, where an encoding is named for what declares none; `None` where it is none.
pub(super) fn with_parsed<T>(
    mail: &[u8],
    (reach, named): (MendReach, Option<Charset>),
    then: impl FnOnce(&[u8], &Message, &MailEncodings) -> T,
) -> Option<T> {
    let message = MessageParser::default().parse(mail)?;
    let encodings = MailEncodings::of(&message, named);
    let with_heads = encodings.with_heads_in_utf8(mail, parts(&message, reach).into_iter());
    let Some(mail) = with_heads else {
        return padded_then(mail, message, reach, |mail, it| then(mail, it, &encodings));
    };
    let message = MessageParser::default().parse(&mail)?;
    padded_then(&mail, message, reach, |mail, it| then(mail, it, &encodings))
}

fn padded_then<T>(
    mail: &[u8],
    message: Message,
    reach: MendReach,
    then: impl FnOnce(&[u8], &Message) -> T,
) -> Option<T> {
    let ends = unpadded_ends(mail, &parts(&message, reach));
    if ends.is_empty() {
        return Some(then(mail, &message));
    }
    let padded = padded(mail, &ends);
    MessageParser::default().parse(&padded).map(|message| then(&padded, &message))
}

/// The parts that have places in a mail's bytes.
fn parts<'m>(message: &'m Message<'m>, reach: MendReach) -> Vec<&'m MessagePart<'m>> {
    let (mut found, mut open) = (Vec::new(), vec![message]);
    while let Some(message) = open.pop() {
        for part in &message.parts {
            found.push(part);
            match &part.body {
                // What lies in base64 itself has places of its own.
                PartType::Message(inner)
                    if reach == MendReach::All && part.encoding == Encoding::None =>
                {
                    open.push(inner);
                }
                _ => {}
            }
        }
    }
    found
}

/// A mail with `=` in these places, which are in order.
fn padded(mail: &[u8], ends: &[usize]) -> Vec<u8> {
    let mut padded = Vec::with_capacity(mail.len() + ends.len());
    let mut from = 0;
    for end in ends {
        padded.extend_from_slice(&mail[from..*end]);
        padded.push(b'=');
        from = *end;
    }
    padded.extend_from_slice(&mail[from..]);
    padded
}

/// Where base64 ends in the middle of a group, in order: in the heads of parts, and the parts themselves.
fn unpadded_ends(mail: &[u8], parts: &[&MessagePart]) -> Vec<usize> {
    let mut ends = Vec::new();
    for part in parts {
        let (head, start) = (part.offset_header as usize, part.offset_body as usize);
        let in_head = unpadded_words(mail.get(head..start).unwrap_or_default());
        ends.extend(in_head.into_iter().map(|end| head + end));
        let end = part.offset_end as usize;
        let is_base64 = part.encoding == Encoding::Base64;
        if is_base64 && mail.get(start..end).is_some_and(is_unpadded) {
            ends.push(end);
        }
    }
    ends.sort_unstable();
    ends.dedup();
    ends
}

/// The same of words that are encoded in a head: RFC 2047.
fn unpadded_words(head: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut rest = 0;
    let is_mark = |it: &[u8]| it.eq_ignore_ascii_case(b"?B?");
    while let Some(at) = head[rest..].windows(3).position(is_mark) {
        let before = head[rest..rest + at].rsplit(u8::is_ascii_whitespace).next();
        let is_word = before.is_some_and(|it| it.windows(2).any(|it| it == b"=?"));
        let start = rest + at + 3;
        let n_bytes = head[start..].iter().position(|it| *it == b'?').unwrap_or_default();
        rest = start + n_bytes;
        let is_closed = head[rest..].starts_with(b"?=");
        if is_word && is_closed && is_unpadded(&head[start..rest]) {
            ends.push(rest);
        }
    }
    ends
}

fn is_unpadded(base64: &[u8]) -> bool {
    let n_groups_in = |bytes: &[u8]| {
        bytes.iter().filter(|it| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/')).count()
    };
    // What stands behind the last sign is a text of its own, where several were put together.
    let rest = base64.iter().rposition(|it| *it == b'=').map_or(base64, |at| &base64[at + 1..]);
    n_groups_in(rest) % 4 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed<T>(mail: &[u8], then: impl FnOnce(&[u8], &Message) -> T) -> Option<T> {
        with_parsed(mail, (MendReach::All, None), |mail, message, _| then(mail, message))
    }

    #[test]
    fn words_of_a_head_are_read_to_their_ends() {
        for (subject, text) in [
            ("=?utf-8?B?aGVsbG8gd29ybGQgYWdhaW4?=", "hello world again"),
            ("=?utf-8?b?aGVsbG8gd29ybGQgYWdhaQ?= =?utf-8?B?bg==?=", "hello world again"),
            ("Re: =?utf-8?B?YWdhaW4=?=", "Re: again"),
            ("What ?B?aQ?= is", "What ?B?aQ?= is"),
            ("?B?", "?B?"),
        ] {
            let mail = format!("Subject: {subject}\nFrom: a@b\n\n=?utf-8?B?aQ?=\n");
            let read = parsed(mail.as_bytes(), |_, it| {
                (it.subject().map(String::from), it.body_text(0).map(String::from))
            });
            let (found, body) = read.unwrap();
            assert_eq!(found.as_deref(), Some(text), "{subject}");
            assert_eq!(body.as_deref(), Some("=?utf-8?B?aQ?=\n"));
        }
    }

    #[test]
    fn base64_without_its_last_signs_is_read_to_its_end() {
        let part = |base64: &str| {
            format!("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n{base64}\n")
        };
        let first_text = |mail: &str| {
            parsed(mail.as_bytes(), |_, it| it.body_text(0).map(String::from)).unwrap()
        };
        let several = |base64: &str| {
            let (part, head) = (part(base64), "Content-Type: multipart/mixed; boundary=x");
            format!("From: a@b\nMIME-Version: 1.0\n{head}\n\n--x\n{part}--x\n{part}--x--\n")
        };
        for (base64, text) in [
            ("aGVsbG8gd29ybGQgYWdhaW4", "hello world again"),
            ("aGVsbG8gd29ybGQgYWdhaW4=", "hello world again"),
            ("aGVsbG8gd29y\nbGQgYWdhaQ", "hello world agai"),
            ("aGVsbG8g", "hello "),
        ] {
            let alone = format!("From: a@b\nMIME-Version: 1.0\n{}", part(base64));
            for mail in [alone.as_str(), alone.trim_end(), &several(base64)] {
                assert_eq!(first_text(mail).as_deref(), Some(text), "{mail}");
            }
            let second =
                parsed(several(base64).as_bytes(), |_, it| it.body_text(1).map(String::from));
            assert_eq!(second.flatten().as_deref(), Some(text), "{base64}");
        }
    }
}
