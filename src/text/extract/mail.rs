//! Mail (RFC 5322 and MIME), and mailboxes of it (RFC 4155).

use std::{borrow::Cow, ops::Range};

use mail_parser::{Address, Message, MessagePart, MimeHeaders as _, PartType};

use super::alternatives::{self, ReadAlternatives};
use super::mail_encodings::{FoundCharset, MailEncodings, as_sent};
use super::padding::{MendReach, with_parsed};
use super::page::{About, Lack, NoText, Page, PageWriter};
use super::{flowed, locked};
use crate::{
    text::{Charset, visible},
    types::{digest::Digest, mailbox::SeparatorForm},
};

/// Mails that lie in one another, and parts of each, that are read.
const DEPTH_MAX: usize = 64;
const PARTS_MAX: usize = 10_000;
/// Addresses that are shown of one line.
const ADDRESSES_MAX: usize = 200;

/// Renders a mail. An encoding is named for what declares none.
pub fn page(bytes: &[u8], n_bytes_max: usize, named: Option<Charset>) -> Result<Page, NoText> {
    let mut writer = MailWriter::new(n_bytes_max);
    let read = with_parsed(bytes, (MendReach::All, named), |mail, message, encodings| {
        writer.begin(encodings);
        writer.about(message);
        writer.mail(message);
        writer.note_end(mail, message);
    });
    read.ok_or(NoText::Malformed)?;
    writer.finish()
}

/// Renders a mailbox: its mails one after the other, each under its subject.
pub fn mailbox_page(
    bytes: &[u8],
    n_bytes_max: usize,
    named: Option<Charset>,
) -> Result<Page, NoText> {
    let mut writer = MailWriter::new(n_bytes_max);
    for (n, mail) in mails(bytes).enumerate() {
        if writer.page.is_full() {
            break;
        }
        with_parsed(mail, (MendReach::All, named), |mail, message, encodings| {
            writer.begin(encodings);
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

/// What is attached to a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachments {
    /// The first of it.
    pub found: Vec<Attachment>,
    /// How many more there are.
    pub n_more: usize,
}

/// What is attached to a mail; of a mail in it only that, and not what is attached to it in turn.
pub fn attachments(bytes: &[u8]) -> Result<Attachments, NoText> {
    let attached = |mail: &[u8], message: &Message, _: &MailEncodings| attached(mail, message);
    with_parsed(bytes, (MendReach::Outer, None), attached).ok_or(NoText::Malformed)
}

fn attached(bytes: &[u8], message: &Message) -> Attachments {
    let is_attached = |part: &&MessagePart| !matches!(part.body, PartType::Multipart(_));
    let parts = || message.attachments().filter(is_attached);
    let found = parts().take(PARTS_MAX).map(|part| {
        let content_type = part.content_type();
        let subtype = content_type.and_then(|it| it.subtype()).unwrap_or("plain");
        Attachment {
            name: part.attachment_name().map(str::to_owned),
            subtype: subtype.to_ascii_lowercase(),
            bytes: as_sent(bytes, part).into_owned(),
        }
    });
    Attachments { found: found.collect(), n_more: parts().count().saturating_sub(PARTS_MAX) }
}

/// The mails of a mailbox, without the lines before them. What does not begin with such a line is one mail.
fn mails(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let first = bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    let form = SeparatorForm::of(first);
    let mut rest = Some(if form.is_some() { &bytes[first.len()..] } else { bytes });
    std::iter::from_fn(move || {
        let mail = rest?;
        let end = form.and_then(|form| separator(mail, form));
        rest = end.as_ref().map(|it| &mail[it.end..]);
        Some(&mail[..end.map_or(mail.len(), |it| it.start)])
    })
}

/// Where the line is behind which the next mail begins; it begins with the empty line before it.
fn separator(mail: &[u8], form: SeparatorForm) -> Option<Range<usize>> {
    let mut lines = mail.split_inclusive(|byte| *byte == b'\n').peekable();
    let (mut at, mut before) = (0, &b"-"[..]);
    while let Some(line) = lines.next() {
        let is_behind_empty = matches!(before, b"\n" | b"\r\n");
        if is_behind_empty && form.parts(line, lines.peek().copied().unwrap_or_default()) {
            return Some(at - before.len()..at + line.len());
        }
        (at, before) = (at + line.len(), line);
    }
    None
}

/// Writes what mails have, wherever they were kept.
pub(super) struct MailWriter {
    pub page: PageWriter,
    pub has_text: bool,
    /// Of the mail that is written.
    encodings: MailEncodings,
    /// Of the first one that says more than ASCII does.
    found: Option<FoundCharset>,
}

impl MailWriter {
    /// A page of so many bytes at most.
    pub fn new(n_bytes_max: usize) -> Self {
        let page = PageWriter::new(n_bytes_max);
        Self { page, has_text: false, encodings: MailEncodings::default(), found: None }
    }

    /// Begins a mail.
    fn begin(&mut self, encodings: &MailEncodings) {
        self.encodings = *encodings;
        self.found = self.found.or(encodings.found);
    }

    /// The page, if there is any text in it.
    pub fn finish(mut self) -> Result<Page, NoText> {
        if let Some((name, rule)) = self.found {
            self.page.about(About::Encoding, &format!("{name} {}", rule.code()));
        }
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
            self.has_text |= !subject.trim().is_empty();
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
            let n_before = open.len();
            open.extend(message.attachments().take(PARTS_MAX).filter_map(
                |part| match &part.body {
                    PartType::Message(inner) => Some((inner, depth + 1)),
                    _ => None,
                },
            ));
            open[n_before..].reverse();
            let is_too_deep = depth == DEPTH_MAX && open.len() > n_before;
            if is_too_deep {
                open.truncate(n_before);
                self.page.lacks(Lack::TRUNCATED);
            }
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
        let texts = self.bodies(message);
        let is_locked = locked::has_locked_part(message)
            || texts.iter().any(|text| locked::is_locked_text(text));
        for text in texts {
            self.plain(&text);
        }
        for part in message.attachments().take(PARTS_MAX) {
            self.attachment(message, part);
        }
        let counts = [&message.text_body, &message.html_body, &message.attachments];
        let is_truncated = counts.iter().any(|it| it.len() > PARTS_MAX);
        self.page.lacks(Lack { is_truncated, is_encrypted: is_locked, ..Lack::default() });
    }

    /// The texts of a mail's body: of two forms of it what people read.
    fn bodies<'m>(&self, message: &'m Message) -> Vec<Cow<'m, str>> {
        let texts = |ids: &[u32]| -> Vec<Cow<'m, str>> {
            let parts = ids.iter().take(PARTS_MAX).filter_map(|id| message.part(*id));
            parts.filter_map(|part| self.text_of(message, part)).collect()
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
    fn text_of<'m>(&self, message: &'m Message, part: &'m MessagePart) -> Option<Cow<'m, str>> {
        if part.content_type().is_some() && !is_of_type(part, "text") {
            return None;
        }
        let (text, is_page) = match &part.body {
            PartType::Text(text) => (text, false),
            PartType::Html(html) => (html, true),
            _ => return None,
        };
        let text = match self.encodings.text(message, part) {
            Some(text) => Cow::Owned(text),
            None => Cow::Borrowed(&**text),
        };
        Some(match is_page {
            true => Cow::Owned(visible(&text, false)),
            false if has_broken_words(part) => Cow::Owned(flowed::joined(&text)),
            false => text,
        })
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
    fn attachment(&mut self, message: &Message, part: &MessagePart) {
        if matches!(part.body, PartType::Message(_) | PartType::Multipart(_)) {
            return;
        }
        let name = part.attachment_name();
        if let Some(name) = name {
            self.attached(name);
            self.page.section(&format!("attachment {name}"), false);
        }
        match self.text_of(message, part) {
            Some(text) => self.plain(&text),
            None => {
                // One that lies too deep in others, each in base64, was not parsed.
                let is_truncated = is_of_type(part, "message") && part.is_encoding_problem;
                self.page.lacks(Lack { is_truncated, ..Lack::default() });
                let is_image = is_of_type(part, "image");
                self.page.thing(is_image, &Digest::of(part.contents()).to_string());
            }
        }
        if name.is_some() {
            self.page.close("section");
        }
    }
}

/// Whether lines of a part are wrapped in the middle of words.
fn has_broken_words(part: &MessagePart) -> bool {
    let is = |name, value: &str| {
        let found = part.content_type().and_then(|it| it.attribute(name));
        found.is_some_and(|it| it.eq_ignore_ascii_case(value))
    };
    is("format", "flowed") && is("delsp", "yes")
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
    use base64::{Engine as _, engine::general_purpose::STANDARD};

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
        let page = page(MAIL.as_bytes(), 10_000, None).unwrap();
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
            let page = page(in_two_forms(plain, page_part).as_bytes(), 10_000, None).unwrap();
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
        assert_eq!(page(whole.as_bytes(), 10_000, None).unwrap().lack, Lack::default());
        let cut = whole.strip_suffix("--x--\n").unwrap();
        assert_eq!(page(cut.as_bytes(), 10_000, None).unwrap().lack, Lack::BROKEN);
        let part = "--x\nContent-Type: text/plain\n\nw\n";
        let head = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n";
        let many = format!("{head}{}--x--\n", part.repeat(PARTS_MAX + 1));
        assert_eq!(page(many.as_bytes(), 1 << 20, None).unwrap().lack, Lack::TRUNCATED);
    }

    #[test]
    fn what_is_attached_has_a_mark() {
        let page_of =
            |bytes: &str| page(MAIL.replace("%PDF", bytes).as_bytes(), 10_000, None).unwrap().html;
        let (first, second) = (page_of("%PDF-1.4"), page_of("%PDF-1.5"));
        assert_ne!(first, second);
        assert_eq!(visible(&first, false), visible(&second, false));
    }

    #[test]
    fn an_image_is_no_text_however_it_is_encoded() {
        let mail = "From: a@b\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\
            Content-Type: text/plain\n\nWords.\n--x\nContent-Type: image/jpeg; name=i.jpeg\n\
            Content-Disposition: inline; filename=i.jpeg\nContent-Transfer-Encoding: base64\n\n/9j=4AAQ*\n--x--\n";
        let page = page(mail.as_bytes(), 10_000, None).unwrap();
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
        let found: Vec<_> =
            found.found.iter().map(|it| (it.name.as_deref(), &it.bytes[..])).collect();
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
    fn the_bytes_of_a_mail_that_is_attached_stay_and_what_is_too_much_is_counted() {
        let inner = b"Subject: Sch\xf6n =?utf-8?B?aGVsbG8gd29ybGQgYWdhaW4?=\n\nInner.";
        let head = "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n";
        let message = "--x\nContent-Type: message/rfc822\n\n";
        let mail = [head.as_bytes(), message.as_bytes(), inner, b"\n--x--\n"].concat();
        let Attachments { found, n_more } = attachments(&mail).unwrap();
        assert_eq!((&found[0].bytes[..], n_more), (&inner[..], 0));
        let part = "--x\nContent-Type: text/csv\n\nw\n".repeat(PARTS_MAX + 2);
        let Attachments { found, n_more } =
            attachments(format!("{head}{part}--x--\n").as_bytes()).unwrap();
        assert_eq!((found.len(), n_more), (PARTS_MAX, 2));
    }

    fn text_and_encoding(mail: &[u8], named: &str) -> (String, Option<FoundCharset>) {
        let html = page(mail, 10_000, Charset::for_label(named)).unwrap().html;
        let encoding = crate::text::extract::encoding_of_page(&html);
        (visible(&html, false), encoding)
    }

    #[test]
    fn words_in_an_encoding_that_is_not_declared_or_a_false_one_are_read() {
        use crate::text::Rule::{Declared, Guessed, Named, Valid};
        let german = "Grüße aus München, nächste Woche.";
        let russian = "Все счастливые семьи похожи друг на друга.";
        let (latin, cyrillic) = (encoding_rs::WINDOWS_1252, encoding_rs::WINDOWS_1251);
        let plain = |charset: &str| format!("Content-Type: text/plain; charset={charset}");
        for (text, encoding, field, found) in [
            (german, latin, "X: y", ("windows-1252", Guessed)),
            (german, latin, &plain("us-ascii")[..], ("windows-1252", Guessed)),
            (german, latin, &plain("utf-8"), ("windows-1252", Guessed)),
            (german, latin, &plain("unknown-8bit"), ("windows-1252", Guessed)),
            (german, latin, &plain("iso-8859-1"), ("windows-1252", Declared)),
            (german, encoding_rs::UTF_8, &plain("us-ascii"), ("UTF-8", Valid)),
            (german, encoding_rs::UTF_8, &plain("iso-8859-1"), ("UTF-8", Valid)),
            (german, encoding_rs::UTF_8, "X: y", ("UTF-8", Valid)),
            (russian, encoding_rs::KOI8_U, "X: y", ("KOI8-U", Guessed)),
            (russian, cyrillic, &plain("windows-1251"), ("windows-1251", Declared)),
            (
                "吾輩は猫である。名前はまだ無い。",
                encoding_rs::SHIFT_JIS,
                "X: y",
                ("Shift_JIS", Guessed),
            ),
        ] {
            let (body, ..) = encoding.encode(text);
            let mail = [b"From: a@b\n", field.as_bytes(), b"\n\n", &body].concat();
            let expected = (format!("From: a@b\n\n{text}"), Some(found));
            assert_eq!(text_and_encoding(&mail, ""), expected, "{field}");
        }
        let page = b"From: a@b\nContent-Type: text/html\n\n<meta charset=koi8-r><p>\xf0\xd2\xc9\xd7\xc5\xd4";
        let found = ("From: a@b\n\nПривет".to_owned(), Some(("KOI8-R", Declared)));
        assert_eq!(text_and_encoding(page, "windows-1252"), found);
        let mail = b"From: a@b\n\n\x8a\x9a";
        let found = ("From: a@b\n\nŠš".to_owned(), Some(("windows-1252", Named)));
        assert_eq!(text_and_encoding(mail, "windows-1252"), found);
        let ascii = text_and_encoding(b"From: a@b\n\nwords", "windows-1252");
        assert_eq!(ascii, ("From: a@b\n\nwords".to_owned(), None));
    }

    #[test]
    fn heads_and_what_is_attached_are_guessed_with_the_body() {
        let text = "Content-Disposition: attachment; filename=n.txt\nContent-Transfer-Encoding";
        let mail = format!(
            "From: J\u{f8}rn <a@b>\nSubject: Sch\u{f6}ne Gr\u{fc}\u{df}e\nMIME-Version: 1.0\n\
             Content-Type: multipart/mixed; boundary=x\n\n--x\n\nF\u{fc}r M\u{fc}nchen.\n\
             --x\n{text}: quoted-printable\n\nn=E4chste Woche\n--x\n{text}: base64\n\nR3L832UgYXVz\n--x--\n"
        );
        let (mail, ..) = encoding_rs::WINDOWS_1252.encode(&mail);
        let (text, _) = text_and_encoding(&mail, "");
        assert_eq!(
            text,
            "Schöne Grüße\n\nFrom: Jørn <a@b>\n\nFür München.\n\nAttachment: n.txt\n\nnächste Woche\n\n\
             Attachment: n.txt\n\nGrüße aus"
        );
    }

    #[test]
    fn mails_that_lie_too_deep_in_one_another_are_not_whole() {
        let nested = |depth: usize| {
            let outer = "Subject: outer\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n";
            format!("{}Subject: innermost\n\nWords.\n", outer.repeat(depth))
        };
        for (depth, lack) in [(DEPTH_MAX, Lack::default()), (DEPTH_MAX + 1, Lack::TRUNCATED)] {
            let page = page(nested(depth).as_bytes(), 1 << 20, None).unwrap();
            assert_eq!(
                (page.lack, page.html.contains("innermost")),
                (lack, lack == Lack::default())
            );
        }
        let in_base64 = |inner: &String| {
            let head = "Subject: outer\nMIME-Version: 1.0\nContent-Type: message/rfc822";
            let inner = STANDARD.encode(inner);
            Some(format!("{head}\nContent-Transfer-Encoding: base64\n\n{inner}\n"))
        };
        let innermost = "Subject: innermost\n\nWords.\n".to_owned();
        for (n, mail) in std::iter::successors(Some(innermost), in_base64).take(6).enumerate() {
            let page = page(mail.as_bytes(), 1 << 20, None).unwrap();
            let lack = if n < 4 { Lack::default() } else { Lack::TRUNCATED };
            assert_eq!((page.lack, page.html.contains("innermost")), (lack, n < 4), "{n}");
        }
    }

    #[test]
    fn what_only_its_readers_can_unlock_is_told_and_its_head_is_read() {
        let smime = |kind: &str, base64: &str| {
            format!(
                "Content-Type: application/pkcs7-mime; {kind}\nContent-Transfer-Encoding: base64\n\n{base64}\n"
            )
        };
        let (enveloped, signed) =
            ("MIAGCSqGSIb3DQEHA6CAMIACAQAxggEG", "MIAGCSqGSIb3DQEHAqCAMIACAQAxggEG");
        let armour = "-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n";
        let pgp = format!(
            "Content-Type: multipart/encrypted; boundary=x\n\n--x\nContent-Type: application/pgp-encrypted\n\n\
             Version: 1\n--x\nContent-Type: application/octet-stream\n\n{armour}\n--x--\n"
        );
        for (body, is_encrypted) in [
            (smime("smime-type=enveloped-data", enveloped), true),
            (smime("name=smime.p7m", enveloped), true),
            (smime("smime-type=signed-data", signed), false),
            (smime("name=smime.p7m", signed), false),
            (pgp, true),
            (format!("\n{armour}"), true),
            (format!("\n> {armour}"), false),
        ] {
            let mail = format!("From: a@b\nSubject: Plans\nMIME-Version: 1.0\n{body}");
            let page = page(mail.as_bytes(), 10_000, None).unwrap();
            assert_eq!(page.lack.is_encrypted, is_encrypted, "{body}");
            assert!(visible(&page.html, false).starts_with("Plans\n\nFrom: a@b"));
        }
    }

    #[test]
    fn words_that_were_broken_for_the_way_are_whole() {
        let mail = |delsp: &str| {
            let mail = format!(
                "From: a@b\nContent-Type: text/plain; format=flowed; delsp={delsp}\n\nThe li \nne.\n"
            );
            visible(&page(mail.as_bytes(), 10_000, None).unwrap().html, false)
        };
        assert_eq!(mail("yes"), "From: a@b\n\nThe line.");
        assert_eq!(mail("no"), "From: a@b\n\nThe li \nne.");
    }

    #[test]
    fn a_mailbox_is_its_mails() {
        let mailbox = "From a@b Mon Mar  2 10:00:00 2026\nSubject: One\nFrom: a@b\n\nFirst.\n>From here.\n\nFrom there.\n\n\
            From a@b Mon Mar  2 10:00:00 2026\nSubject: Two\n\nSecond.\n";
        let expected = "One\n\nFrom: a@b\n\nFirst.\n>From here.\n\nFrom there.\n\nTwo\n\nSecond.";
        for mailbox in [mailbox.to_owned(), mailbox.replace('\n', "\r\n")] {
            let page = mailbox_page(mailbox.as_bytes(), 10_000, None).unwrap();
            assert_eq!(visible(&page.html, false), expected);
        }
        let without_line = mailbox_page(b"Subject: One\n\nWords.", 1000, None).unwrap();
        assert_eq!(visible(&without_line.html, false), "One\n\nWords.");
        assert_eq!(mailbox_page(b"", 1000, None), Err(NoText::Empty));
    }
}
