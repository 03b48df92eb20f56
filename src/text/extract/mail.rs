//! Mail (RFC 5322 and MIME), and mailboxes of it (RFC 4155).

use std::borrow::Cow;

use mail_parser::{
    Address, Encoding, Message, MessagePart, MimeHeaders as _, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

use super::alternatives::{self, ReadAlternatives};
use super::padding::with_parsed;
use super::page::{About, Lack, NoText, Page, PageWriter};
use crate::{text::visible, types::digest::Digest};

/// Mails that lie in one another, and parts of each, that are read.
const DEPTH_MAX: usize = 64;
const PARTS_MAX: usize = 10_000;
/// Addresses that are shown of one line.
const ADDRESSES_MAX: usize = 200;

/// Renders a mail.
pub fn page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let mut writer = MailWriter::new(n_bytes_max);
    let read = with_parsed(bytes, |mail, message| {
        writer.about(message);
        writer.mail(message);
        writer.note_end(mail, message);
    });
    read.ok_or(NoText::Malformed)?;
    writer.finish()
}

/// Renders a mailbox: its mails one after the other, each under its subject.
pub fn mailbox_page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let mut writer = MailWriter::new(n_bytes_max);
    for (n, mail) in mails(bytes).enumerate() {
        if writer.page.is_full() {
            break;
        }
        with_parsed(mail, |mail, message| {
            writer.page.section(&format!("mail {}", n + 1), false);
            writer.heading(message);
            writer.mail(message);
            writer.note_end(mail, message);
            writer.page.close("section");
        });
    }
    writer.finish()
}

/// Something that is attached to a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// As what it was sent, if it had a name.
    pub name: Option<String>,
    /// The second part of its media type, in lower case.
    pub subtype: String,
    /// Its bytes, out of what they were sent in.
    pub bytes: Vec<u8>,
}

/// What is attached to a mail; of a mail in it only that, and not what is attached to it in turn.
pub fn attachments(bytes: &[u8]) -> Result<Vec<Attachment>, NoText> {
    with_parsed(bytes, attached).ok_or(NoText::Malformed)
}

fn attached(bytes: &[u8], message: &Message) -> Vec<Attachment> {
    let parts = message.attachments().take(PARTS_MAX);
    let parts = parts.filter(|part| !matches!(part.body, PartType::Multipart(_)));
    let attached = parts.map(|part| {
        let content_type = part.content_type();
        let subtype = content_type.and_then(|it| it.subtype()).unwrap_or("plain");
        Attachment {
            name: part.attachment_name().map(str::to_owned),
            subtype: subtype.to_ascii_lowercase(),
            bytes: as_sent(bytes, part).into_owned(),
        }
    });
    attached.collect()
}

/// The bytes of a part in the encoding that its text was sent in.
fn as_sent<'a>(mail: &'a [u8], part: &'a MessagePart) -> Cow<'a, [u8]> {
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

/// The mails of a mailbox: each begins behind a line `From `, with which the mailbox begins or before which a line is
/// empty.
fn mails(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes.starts_with(b"From ").then_some(bytes);
    std::iter::from_fn(move || {
        let mailbox = rest?;
        let start = mailbox.iter().position(|b| *b == b'\n').map_or(mailbox.len(), |n| n + 1);
        let mail = &mailbox[start..];
        let is_next = |window: &[u8]| window == b"\n\nFrom " || window == b"\r\nFrom ";
        let end = mail.windows(7).position(is_next);
        rest = end.map(|end| &mail[end + 2..]);
        Some(&mail[..end.map_or(mail.len(), |end| end + 1)])
    })
}

/// Writes what mails have, wherever they were kept.
pub(super) struct MailWriter {
    pub page: PageWriter,
    pub has_text: bool,
}

impl MailWriter {
    /// A page of so many bytes at most.
    pub fn new(n_bytes_max: usize) -> Self {
        Self { page: PageWriter::new(n_bytes_max), has_text: false }
    }

    /// The page, if there is any text in it.
    pub fn finish(self) -> Result<Page, NoText> {
        self.page.finish_if(self.has_text)
    }

    /// Notes whether the parts of a mail end as its head says.
    fn note_end(&mut self, mail: &[u8], message: &Message) {
        let parts =
            message.content_type().filter(|it| it.ctype().eq_ignore_ascii_case("multipart"));
        let Some(boundary) = parts.and_then(|it| it.attribute("boundary")) else { return };
        let end = format!("--{boundary}--").into_bytes();
        let has_end = mail.windows(end.len()).rposition(|it| it == end).is_some();
        self.page.lacks(Lack { is_broken: !has_end, ..Lack::default() });
    }

    fn about(&mut self, message: &Message) {
        self.page.about(About::Subject, message.subject().unwrap_or_default());
        self.page.about(About::Author, &addresses(message.from()));
        if let Some(date) = message.date() {
            self.page.about(About::Created, &date.to_rfc3339());
        }
    }

    fn heading(&mut self, message: &Message) {
        if let Some(subject) = message.subject() {
            self.page.element("h2", subject);
        }
    }

    /// A mail, and those that lie in it behind it.
    fn mail(&mut self, message: &Message) {
        let mut open = vec![(message, 0)];
        let mut n_enclosed = 0;
        while let Some((message, depth)) = open.pop() {
            if depth > 0 {
                n_enclosed += 1;
                self.page.section(&format!("enclosed mail {n_enclosed}"), false);
                self.heading(message);
            }
            self.head([
                ("From", addresses(message.from())),
                ("To", addresses(message.to())),
                ("Cc", addresses(message.cc())),
                ("Date", message.date().map(|date| date.to_rfc3339()).unwrap_or_default()),
            ]);
            self.body(message);
            let inner = message.attachments().take(PARTS_MAX).filter_map(|part| match &part.body {
                PartType::Message(inner) if depth < DEPTH_MAX => Some((inner, depth + 1)),
                _ => None,
            });
            let n_before = open.len();
            open.extend(inner);
            open[n_before..].reverse();
            if depth > 0 {
                self.page.close("section");
            }
        }
    }

    /// Lines at the head of a mail, each behind what it is; empty ones are left out.
    pub fn head(&mut self, lines: [(&str, String); 4]) {
        self.page.open("p");
        for (n, (label, value)) in lines.iter().filter(|(_, it)| !it.is_empty()).enumerate() {
            self.has_text = true;
            if n > 0 {
                self.page.open("br");
            }
            self.page.text(&format!("{label}: {value}"));
        }
        self.page.close("p");
    }

    fn body(&mut self, message: &Message) {
        for text in bodies(message) {
            self.plain(&text);
        }
        for part in message.attachments().take(PARTS_MAX) {
            self.attachment(part);
        }
        let counts = [&message.text_body, &message.html_body, &message.attachments];
        let is_truncated = counts.iter().any(|it| it.len() > PARTS_MAX);
        self.page.lacks(Lack { is_truncated, ..Lack::default() });
    }

    /// Lines as they are: what is wrapped is told from what is a list where texts are compared.
    pub fn plain(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.has_text = true;
            self.page.element("pre", text.trim_matches(['\r', '\n']));
        }
    }

    /// The name of what is attached.
    pub fn attached(&mut self, name: &str) {
        self.has_text = true;
        self.page.element("p", &format!("Attachment: {name}"));
    }

    /// Texts that are enclosed are read; of other things the names are, and a mark tells them from others.
    fn attachment(&mut self, part: &MessagePart) {
        if matches!(part.body, PartType::Message(_) | PartType::Multipart(_)) {
            return;
        }
        let name = part.attachment_name();
        if let Some(name) = name {
            self.attached(name);
            self.page.section(&format!("attachment {name}"), false);
        }
        match text_of(part) {
            Some(text) => self.plain(&text),
            None => {
                let is_image = is_of_type(part, "image");
                self.page.thing(is_image, &Digest::of(part.contents()).to_string());
            }
        }
        if name.is_some() {
            self.page.close("section");
        }
    }
}

/// The texts of a mail's body: of two forms of it what people read.
fn bodies<'m>(message: &'m Message) -> Vec<Cow<'m, str>> {
    let texts = |ids: &[u32]| -> Vec<Cow<'m, str>> {
        let parts = ids.iter().take(PARTS_MAX).filter_map(|id| message.part(*id));
        parts.filter_map(text_of).collect()
    };
    let plain = texts(&message.text_body);
    if message.text_body == message.html_body {
        return plain;
    }
    let page = texts(&message.html_body);
    match alternatives::read(&plain.join("\n\n"), &page.join("\n\n")) {
        ReadAlternatives::Plain => plain,
        ReadAlternatives::Page { more } => [page, vec![more.into()]].concat(),
    }
}

/// The text of a part, if it has any. One that is not encoded as it says comes as it stands there, also where it is an
/// image.
fn text_of<'m>(part: &'m MessagePart) -> Option<Cow<'m, str>> {
    if part.content_type().is_some() && !is_of_type(part, "text") {
        return None;
    }
    match &part.body {
        PartType::Text(text) => Some(Cow::Borrowed(text)),
        PartType::Html(html) => Some(Cow::Owned(visible(html, false))),
        _ => None,
    }
}

/// Whether the first part of the media type of a part is this one.
fn is_of_type(part: &MessagePart, word: &str) -> bool {
    part.content_type().is_some_and(|it| it.ctype().eq_ignore_ascii_case(word))
}

/// Names and addresses as people write them.
pub(super) fn addresses(address: Option<&Address>) -> String {
    let shown = address.into_iter().flat_map(Address::iter).take(ADDRESSES_MAX).filter_map(|it| {
        match (it.name(), it.address()) {
            (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
            (name, address) => name.or(address).map(str::to_owned),
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: =?utf-8?q?J=C3=B8rn?= <jorn@example.org>\nTo: a@example.org, B <b@example.org>\n\
        Date: Mon, 2 Mar 2026 10:11:12 +0100\nSubject: Harbour\nMIME-Version: 1.0\n\
        Content-Type: multipart/mixed; boundary=x\n\n--x\n\
        Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n\
        <p>The p=EEer is <b>closed</b>.<script>no</script>\n--x\n\
        Content-Type: application/pdf\nContent-Disposition: attachment; filename=plan.pdf\n\n%PDF\n--x\n\
        Content-Type: message/rfc822\n\nSubject: Inner\nFrom: c@example.org\n\nInner words.\n--x--\n";

    #[test]
    fn a_mail_is_read_with_what_lies_in_it() {
        let page = page(MAIL.as_bytes(), 10_000).unwrap();
        let text = visible(&page.html, false);
        assert_eq!(
            text,
            "Harbour\n\nFrom: Jørn <jorn@example.org>\nTo: a@example.org, B <b@example.org>\n\
             Date: 2026-03-02T10:11:12+01:00\n\nThe pîer is closed.\n\nAttachment: plan.pdf\n\nInner\n\n\
             From: c@example.org\n\nInner words."
        );
        assert!(page.html.contains("content=\"2026-03-02T10:11:12+01:00\""), "{}", page.html);
    }

    /// A mail of a plain part and a page that stands beside it.
    fn in_two_forms(plain: &str, page: &str) -> String {
        format!(
            "From: a@b\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\
             Content-Type: text/plain\n\n{plain}\n--x\nContent-Type: text/html\n\n{page}\n--x--\n"
        )
    }

    #[test]
    fn a_plain_part_that_says_less_does_not_hide_the_page() {
        let read = |plain, page_part| {
            let page = page(in_two_forms(plain, page_part).as_bytes(), 10_000).unwrap();
            visible(&page.html, false)
        };
        let sale = "<h1>Sale</h1><p>Velvet armchairs at half price.";
        let hint = "This mail needs another program.";
        let both = "From: a@b\n\nSale\n\nVelvet armchairs at half price.\n\nThis mail needs another program.";
        assert_eq!(read(hint, sale), both);
        let longer = "From: a@b\n\nSale\n\nVelvet armchairs at half price.";
        assert_eq!(read("Sale:\n\narmchairs", sale), longer);
        let plain = "From: a@b\n\nSALE\nVelvet armchairs\nat half price.";
        assert_eq!(read("SALE\nVelvet armchairs\nat half price.", sale), plain);
    }

    #[test]
    fn a_mail_that_breaks_off_or_has_too_many_parts_is_not_whole() {
        let whole = in_two_forms("Words.", "<p>Words.");
        assert_eq!(page(whole.as_bytes(), 10_000).unwrap().lack, Lack::default());
        let cut = whole.strip_suffix("--x--\n").unwrap();
        assert_eq!(page(cut.as_bytes(), 10_000).unwrap().lack, Lack::BROKEN);
        let part = "--x\nContent-Type: text/plain\n\nw\n";
        let head = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n";
        let many = format!("{head}{}--x--\n", part.repeat(PARTS_MAX + 1));
        assert_eq!(page(many.as_bytes(), 1 << 20).unwrap().lack, Lack::TRUNCATED);
    }

    #[test]
    fn what_is_attached_has_a_mark() {
        let page_of =
            |bytes: &str| page(MAIL.replace("%PDF", bytes).as_bytes(), 10_000).unwrap().html;
        let (first, second) = (page_of("%PDF-1.4"), page_of("%PDF-1.5"));
        assert_ne!(first, second);
        assert_eq!(visible(&first, false), visible(&second, false));
    }

    #[test]
    fn an_image_is_no_text_however_it_is_encoded() {
        let mail = "From: a@b\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\
            Content-Type: text/plain\n\nWords.\n--x\nContent-Type: image/jpeg; name=i.jpeg\n\
            Content-Disposition: inline; filename=i.jpeg\nContent-Transfer-Encoding: base64\n\n/9j=4AAQ*\n--x--\n";
        let page = page(mail.as_bytes(), 10_000).unwrap();
        assert_eq!(visible(&page.html, false), "From: a@b\n\nWords.\n\nAttachment: i.jpeg");
    }

    #[test]
    fn attachments_keep_their_bytes() {
        let mail = "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\
            Content-Type: text/plain\n\nBody.\n--x\n\
            Content-Type: text/csv; charset=iso-8859-1; name=\"a.csv\"\nContent-Disposition: attachment\n\
            Content-Transfer-Encoding: base64\n\nY2Fm6Q==\n--x\n\
            Content-Type: text/plain; charset=iso-8859-1\nContent-Disposition: attachment; filename=b.txt\n\
            Content-Transfer-Encoding: quoted-printable\n\ncaf=E9=\n!\n--x\n\
            Content-Type: message/rfc822\n\nSubject: Inner\n\nInner words.\n--x--\n";
        let found = attachments(mail.as_bytes()).unwrap();
        let found: Vec<_> = found.iter().map(|it| (it.name.as_deref(), &it.bytes[..])).collect();
        assert_eq!(
            found,
            [
                (Some("a.csv"), &b"caf\xe9"[..]),
                (Some("b.txt"), b"caf\xe9!"),
                (None, b"Subject: Inner\n\nInner words."),
            ]
        );
    }

    #[test]
    fn a_mailbox_is_its_mails() {
        let mailbox = "From a@b Mon Mar 2\nSubject: One\nFrom: a@b\n\nFirst.\n>From here.\n\n\
            From a@b Mon Mar 3\nSubject: Two\n\nSecond.\n";
        let page = mailbox_page(mailbox.as_bytes(), 10_000).unwrap();
        let text = visible(&page.html, false);
        assert_eq!(text, "One\n\nFrom: a@b\n\nFirst.\n>From here.\n\nTwo\n\nSecond.");
        assert_eq!(mailbox_page(b"words", 1000), Err(NoText::Empty));
    }
}
