//! Mailboxes (RFC 4155): mails behind lines `From `, the bytes of each as they stand there, also where a line was quoted
//! as `>From `.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};

use super::{
    Contained, Container, InnerDocument, Limits, MemberFacts, MemberName, beyond,
    bytes::{Body, BodyReader, BodyWriter, TemporaryFile},
    names,
};
use crate::types::{
    digest::Digest,
    mailbox::{MARK, SeparatorForm, begins_mail},
};

const LINE_BYTES_MAX: u64 = 64 << 10;
/// The head of a mail that is looked through.
const HEAD_BYTES: usize = 64 << 10;

/// A mailbox.
pub struct Mailbox {
    reader: BufReader<BodyReader>,
    /// A line that was looked at and not taken.
    ahead: Option<Vec<u8>>,
    form: SeparatorForm,
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
    let is_first = lines.next().is_some_and(|line| SeparatorForm::of(line).is_some());
    is_first && lines.next().is_some_and(begins_mail)
}

impl Mailbox {
    pub fn open(body: &Body, limits: Limits, temporary: TemporaryFile) -> Self {
        // What cannot be read is told where it is read next.
        let head = body.head(HEAD_BYTES).unwrap_or_default();
        let first = head.split(|byte| *byte == b'\n').next().and_then(SeparatorForm::of);
        Self {
            reader: BufReader::new(body.reader()),
            ahead: None,
            form: first.unwrap_or(SeparatorForm::Dated),
            limits,
            temporary,
            n_mails: 0,
            is_inside: false,
            is_ended: false,
        }
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        if let Some(line) = self.ahead.take() {
            return Ok(line);
        }
        let mut line = Vec::new();
        (&mut self.reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        Ok(line)
    }

    /// Whether a mail begins behind a line, before which one is empty.
    fn is_separator(&mut self, line: &[u8]) -> io::Result<bool> {
        if !line.starts_with(MARK) {
            return Ok(false);
        }
        let next = self.line()?;
        let is_separator = self.form.parts(line, &next);
        self.ahead = Some(next);
        Ok(is_separator)
    }

    /// The next mail; none at the end.
    fn mail(&mut self) -> io::Result<Option<io::Result<Body>>> {
        // The first line of all.
        if !self.is_inside && self.line()?.is_empty() {
            return Ok(None);
        }
        self.is_inside = true;
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
            if is_line_start && !empty.is_empty() && self.is_separator(&line)? {
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
        let found = read.and_then(|body| body).and_then(|body| found(&what, body));
        match found {
            Ok(found) => Some(Contained::InnerDocument(found)),
            Err(why) => {
                self.is_ended = why.kind() != io::ErrorKind::FileTooLarge;
                Some(Contained::Refused { what, why })
            }
        }
    }
}

fn found(what: &str, body: Body) -> io::Result<InnerDocument> {
    let head = body.head(HEAD_BYTES)?;
    let doubt = match head.split(|byte| *byte == b'\n').next() {
        _ if head.trim_ascii().is_empty() => Some("nothing stands behind its line"),
        Some(line) if !begins_mail(line) => Some("it does not begin as a mail does"),
        _ => None,
    };
    Ok(InnerDocument {
        name: MemberName::Inner(name(&head, &body)?.into_bytes()),
        body,
        about: MemberFacts::default(),
        doubt: doubt.map(|doubt| format!("{what}: {doubt}")),
    })
}

/// The name of a mail: its own identifier, or else its digest.
fn name(head: &[u8], mail: &Body) -> io::Result<String> {
    let id = message_id(head);
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

    const DATE: &str = "Mon Mar  2 10:00:00 2026";

    #[test]
    fn a_mailbox_has_its_mails_with_their_bytes() {
        let mailbox = format!(
            "From a@b {DATE}\nMessage-ID: <1/x@b>\n\nFirst.\n\n>From here.\n\n\
             From a@b {DATE}\r\nSubject: Two\r\nmessage-id:\r\n <2@b>\r\n\r\nSecond.\r\n\r\nFrom c {DATE}\nNone: of it\n\nThird\n\n"
        );
        let mails = mails(mailbox.as_bytes());
        let names: Vec<_> = mails.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(names[..2], ["1_x@b.eml", "2@b.eml"]);
        assert_eq!(names[2].len(), 20);
        assert_eq!(mails[0].1, b"Message-ID: <1/x@b>\n\nFirst.\n\n>From here.\n");
        assert_eq!(mails[1].1, b"Subject: Two\r\nmessage-id:\r\n <2@b>\r\n\r\nSecond.\r\n");
        assert_eq!(mails[2].1, b"None: of it\n\nThird\n\n");
    }

    /// A sentence that began with `From` behind an empty line ended a mail, and was in none.
    #[test]
    fn no_line_of_a_mail_is_lost() {
        let mail = format!(
            "Subject: lease\n\nDear Ann,\n\nFrom October the rent is 900.\n\nFrom Bo\nTel: 12\n\n\
             >From x {DATE}\n\nFrom it {DATE}\nwas quoted\n\nFrom a@b\nTo: Ann\n"
        );
        let mailbox = format!("From a@b {DATE}\n{mail}\nFrom a@b {DATE}\nSubject: 2\n\nTwo\n");
        let mails = mails(mailbox.as_bytes());
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].1, mail.as_bytes());
        assert_eq!(mails[1].1, b"Subject: 2\n\nTwo\n");
    }

    #[test]
    fn what_is_hardly_a_mail_is_told() {
        let mailbox =
            format!("From a@b {DATE}\nTo: a\n\nOne\n\nFrom b {DATE}\n\nFrom c {DATE}\n\nThree\n");
        let body = Body::of_bytes(mailbox.into_bytes());
        let mut mailbox = Mailbox::open(&body, Limits::default(), tempfile::tempfile);
        let doubts = std::iter::from_fn(|| mailbox.next()).map(|found| match found {
            Contained::InnerDocument(InnerDocument { doubt, .. }) => doubt.unwrap_or_default(),
            _ => panic!(),
        });
        let expected = [
            "",
            "mail 2: nothing stands behind its line",
            "mail 3: it does not begin as a mail does",
        ];
        assert_eq!(doubts.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_text_is_no_mailbox() {
        assert!(is_start(format!("From a@b {DATE}\nSubject: One\n").as_bytes()));
        assert!(is_start(b"From a@b\r\nSubject: One\n"));
        for text in [
            &b"From here on words\nfollow words"[..],
            b"From October the rent is 900\nNote: it is due",
            b"words",
            b"From ",
            b"",
        ] {
            assert!(!is_start(text));
        }
    }
}
