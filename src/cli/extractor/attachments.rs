//! What is attached to a mail. A child process takes it out, as it takes out the text: mails are made by strangers.

use std::io::{self, Read as _, Write};

use crate::archive::extract::{self, Attachment, Attachments, ExtractionStatus};

/// What a child is asked that takes out attachments.
const ASKED: &str = "attachments";
/// Words without which a mail has nothing attached to it, and what may follow on them all the same: most mails are one text,
/// plain and as a page.
const SIGNS: [(&[u8], &[&[u8]]); 8] = [
    (b"multipart/", &[b"alternative"]),
    (b"text/", &[b"plain", b"html"]),
    (b"message/", &[]),
    (b"content-disposition", &[]),
    (b"application/", &[]),
    (b"image/", &[]),
    (b"audio/", &[]),
    (b"video/", &[]),
];
/// A number in an answer has so many digits at most.
const NUMBER_BYTES_MAX: u64 = 20;

/// Takes out what is attached to a mail.
pub fn of_mail(mail: &[u8]) -> Result<Attachments, ExtractionStatus> {
    if !may_have(mail) {
        return Ok(Attachments::default());
    }
    let answer = super::asked(ASKED, mail)?;
    parsed(&answer).ok_or(ExtractionStatus::Crashed)
}

/// Whether a process is worth it.
fn may_have(mail: &[u8]) -> bool {
    let is_sign = |at: usize| {
        SIGNS.iter().any(|(sign, unless)| {
            begins_with(&mail[at..], sign)
                && !unless.iter().any(|word| begins_with(&mail[at + sign.len()..], word))
        })
    };
    (0..mail.len()).any(is_sign)
}

fn begins_with(bytes: &[u8], word: &[u8]) -> bool {
    bytes.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word))
}

/// Whether a child is asked for attachments.
pub fn is_asked(what: &str) -> bool {
    what == ASKED
}

/// The child's side: how much more there is, and what is attached, each behind the lengths of its name, its type and itself.
pub fn answer(mail: &[u8], out: &mut impl Write) -> io::Result<()> {
    let attached = match extract::attachments(mail) {
        Ok(attached) => attached,
        Err(why) => return writeln!(out, "{}", ExtractionStatus::from(why).code()),
    };
    writeln!(out, "{}\n{}", ExtractionStatus::Ok.code(), attached.n_more)?;
    for Attachment { name, subtype, bytes } in attached.found {
        let name = name.unwrap_or_default();
        writeln!(out, "{}\n{}\n{}", name.len(), subtype.len(), bytes.len())?;
        out.write_all(name.as_bytes())?;
        out.write_all(subtype.as_bytes())?;
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// What a child's answer says; none if it makes no sense.
fn parsed(mut answer: &[u8]) -> Option<Attachments> {
    let n_more = number(&mut answer)?;
    let mut found = Vec::new();
    while !answer.is_empty() {
        let lengths = [number(&mut answer)?, number(&mut answer)?, number(&mut answer)?];
        let mut parts = lengths.map(|n| {
            let (part, rest) = answer.split_at_checked(n)?;
            answer = rest;
            Some(part.to_vec())
        });
        let text = |part: Option<Vec<u8>>| String::from_utf8(part?).ok();
        let (name, subtype) = (text(parts[0].take())?, text(parts[1].take())?);
        let name = Some(name).filter(|name| !name.is_empty());
        found.push(Attachment { name, subtype, bytes: parts[2].take()? });
    }
    Some(Attachments { found, n_more })
}

fn number(answer: &mut &[u8]) -> Option<usize> {
    let mut line = Vec::new();
    io::BufRead::read_until(&mut answer.take(NUMBER_BYTES_MAX + 1), b'\n', &mut line).ok()?;
    std::str::from_utf8(&line).ok()?.strip_suffix('\n')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_round_and_nonsense_is_none() {
        let mail = b"Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\n\
            Words.\n--x\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\na\nb\n--x--\n";
        let mut said = Vec::new();
        answer(mail, &mut said).unwrap();
        let said = said.strip_prefix(b"ok\n").unwrap();
        let Attachments { found, n_more } = parsed(said).unwrap();
        let first = (found[0].name.as_deref(), &found[0].bytes[..]);
        assert_eq!((first, n_more), ((Some("a.txt"), &b"a\nb"[..]), 0));
        assert!(may_have(mail) && !may_have(b"Subject: x\n\nWords.\n"));
        for end in 3..said.len() {
            assert_eq!(parsed(&said[..end]), None, "cut at {end}");
        }
        assert_eq!(parsed(b"0\n18446744073709551615\n0\n0\n"), None);
        assert_eq!(parsed(b"0\n-1\n0\n0\n"), None);
    }

    #[test]
    fn a_text_that_is_also_a_page_needs_no_process() {
        let mail = |kind: &str, part: &str| {
            format!(
                "Subject: x\nMIME-Version: 1.0\nContent-Type: Multipart/{kind}; boundary=x\n\n--x\n\
                 Content-Type: text/plain\n\nWords.\n--x\nContent-Type: {part}\n\n<meta name=a>\n--x--\n"
            )
        };
        for (kind, part, n) in [
            ("alternative", "Text/HTML", 0),
            ("alternative", "text/calendar", 1),
            ("mixed", "text/csv", 1),
            ("alternative", "image/png; name=a", 1),
        ] {
            let mail = mail(kind, part);
            let attached = extract::attachments(mail.as_bytes()).unwrap();
            assert_eq!(
                (attached.found.len(), may_have(mail.as_bytes())),
                (n, n > 0),
                "{kind} {part}"
            );
        }
    }
}
