//! Mailboxes (RFC 4155): mails behind lines `From `, the bytes of each as they stand there.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};

use super::{
    Contained, Container, InnerDocument, Limits, MemberFacts, MemberName, beyond,
    bytes::{Body, BodyReader, BodyWriter, TemporaryFile},
    names,
};
use crate::types::digest::Digest;

const LINE_BYTES_MAX: u64 = 64 << 10;
/// The head of a mail that is looked through.
const HEAD_BYTES: usize = 64 << 10;

/// A mailbox.
pub struct Mailbox {
    reader: BufReader<BodyReader>,
    limits: Limits,
    temporary: TemporaryFile,
    n_mails: u64,
    /// Behind a line `From `, which is read already.
    is_inside: bool,
    is_ended: bool,
}

/// Whether a mailbox begins like this: such a line, and then the head of a mail.
pub fn is_start(start: &[u8]) -> bool {
    let mut lines = start.split(|byte| *byte == b'\n');
    let is_first = lines.next().is_some_and(|line| line.starts_with(b"From "));
    let is_field = |line: &[u8]| {
        let name: Vec<u8> = line.iter().copied().take_while(|byte| *byte != b':').collect();
        !name.is_empty()
            && name.len() < line.len()
            && name.iter().all(|byte| byte.is_ascii_graphic())
    };
    is_first && lines.next().is_some_and(|line| is_field(line) || line.starts_with(b">From "))
}

impl Mailbox {
    pub fn open(body: &Body, limits: Limits, temporary: TemporaryFile) -> Self {
        let reader = BufReader::new(body.reader());
        Self { reader, limits, temporary, n_mails: 0, is_inside: false, is_ended: false }
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        (&mut self.reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        Ok(line)
    }

    /// The next mail; none at the end.
    fn mail(&mut self) -> io::Result<Option<io::Result<Body>>> {
        while !self.is_inside {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(None);
            }
            self.is_inside = line.starts_with(b"From ");
        }
        let mut out = BodyWriter::new(self.temporary, self.limits.member_bytes);
        // An empty line, which belongs to the mail unless the next one begins behind it.
        let mut empty = Vec::new();
        let (mut is_line_start, mut written) = (true, Ok(()));
        loop {
            let line = self.line()?;
            if line.is_empty() {
                self.is_inside = false;
                break;
            }
            if is_line_start && !empty.is_empty() && line.starts_with(b"From ") {
                break;
            }
            let is_empty = is_line_start && matches!(&line[..], b"\n" | b"\r\n");
            is_line_start = line.ends_with(b"\n");
            let before = std::mem::take(&mut empty);
            if written.is_ok() {
                written = out.write_all(&before);
            }
            if is_empty {
                empty = line;
            } else if written.is_ok() {
                written = out.write_all(&line);
            }
        }
        if !self.is_inside {
            written = written.and_then(|()| out.write_all(&empty));
        }
        Ok(Some(written.map(|()| out.finish())))
    }
}

impl Container for Mailbox {
    fn next(&mut self) -> Option<Contained> {
        if self.is_ended {
            return None;
        }
        self.n_mails += 1;
        let what = format!("mail {}", self.n_mails);
        if self.n_mails > self.limits.members {
            self.is_ended = true;
            let why = beyond(format!("it has more than {} mails", self.limits.members));
            return Some(Contained::Refused { what: "the rest".to_owned(), why });
        }
        let read = self.mail().transpose()?;
        let named = read.and_then(|body| body).and_then(|body| Ok((name(&body)?, body)));
        match named {
            Ok((name, body)) => Some(Contained::InnerDocument(InnerDocument {
                name: MemberName::Inner(name.into_bytes()),
                body,
                about: MemberFacts::default(),
                doubt: None,
            })),
            Err(why) => {
                self.is_ended = why.kind() != io::ErrorKind::FileTooLarge;
                Some(Contained::Refused { what, why })
            }
        }
    }
}

/// The name of a mail: its own identifier, or else its digest.
fn name(mail: &Body) -> io::Result<String> {
    let head = mail.head(HEAD_BYTES)?;
    let id = message_id(&head);
    let name = match id {
        Some(id) => names::file_name(&format!("{}.eml", id.replace(['/', '\\'], "_")), "mail.eml"),
        None => format!("{}.eml", &Digest::of_all(mail.reader())?.0.to_string()[..16]),
    };
    Ok(name)
}

/// What stands in the field `Message-ID`, without its brackets.
fn message_id(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines().take_while(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if !name.trim().eq_ignore_ascii_case("message-id") {
            continue;
        }
        let mut value = value.trim().to_owned();
        if value.is_empty() {
            value = lines.peek().filter(|it| it.starts_with([' ', '\t']))?.trim().to_owned();
        }
        let id = value.trim_start_matches('<').split('>').next().unwrap_or_default().trim();
        return (!id.is_empty() && id.chars().any(char::is_alphanumeric)).then(|| id.to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mails(mailbox: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut mailbox =
            Mailbox::open(&Body::of_bytes(mailbox.to_vec()), Limits::default(), tempfile::tempfile);
        let mut mails = Vec::new();
        while let Some(found) = mailbox.next() {
            let Contained::InnerDocument(InnerDocument {
                name: MemberName::Inner(name), body, ..
            }) = found
            else {
                panic!()
            };
            mails.push((String::from_utf8(name).unwrap(), body.head(1000).unwrap()));
        }
        mails
    }

    #[test]
    fn a_mailbox_has_its_mails_with_their_bytes() {
        let mailbox = b"From a@b Mon Mar 2\nMessage-ID: <1/x@b>\n\nFirst.\n\n>From here.\n\n\
            From a@b Mon Mar 3\r\nSubject: Two\r\nmessage-id:\r\n <2@b>\r\n\r\nSecond.\r\n\r\nFrom c\nNone: of it\n\nThird\n\n";
        let mails = mails(mailbox);
        let names: Vec<_> = mails.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(names[..2], ["1_x@b.eml", "2@b.eml"]);
        assert_eq!(names[2].len(), 20);
        assert_eq!(mails[0].1, b"Message-ID: <1/x@b>\n\nFirst.\n\n>From here.\n");
        assert_eq!(mails[1].1, b"Subject: Two\r\nmessage-id:\r\n <2@b>\r\n\r\nSecond.\r\n");
        assert_eq!(mails[2].1, b"None: of it\n\nThird\n\n");
    }

    #[test]
    fn a_text_is_no_mailbox() {
        assert!(is_start(b"From a@b Mon Mar 2\nSubject: One\n"));
        for text in [&b"From here on words\nfollow words"[..], b"words", b"From ", b""] {
            assert!(!is_start(text));
        }
    }
}
