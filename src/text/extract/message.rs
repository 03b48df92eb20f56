//! Messages of Outlook: properties in the streams of a compound file, as [MS-OXMSG] has them.

use std::io::{Cursor, Read};

use cfb::CompoundFile;
use mail_parser::MessageParser;

use super::alternatives::{self, ReadAlternatives};
use super::compound;
use super::mail::MailWriter;
use super::page::{About, Lack, NoText, Page};
use super::rtf::{self, code_page};
use crate::text::{Charset, visible};
use crate::types::{digest::Digest, time::Timestamp};

/// Bytes of a property that are read.
const PROPERTY_BYTES_MAX: u64 = 64 << 20;
/// Attachments of which the names are shown.
const ATTACHMENTS_MAX: usize = 10_000;
/// Recipients that are shown.
const RECIPIENTS_MAX: usize = 200;
/// Seconds from 1601, where Windows begins to count, to 1970.
const SECONDS_TO_1970: i64 = 11_644_473_600;

/// Numbers of properties, [MS-OXPROPS].
mod tag {
    pub const SUBJECT: u16 = 0x0037;
    pub const SUBMITTED: u16 = 0x0039;
    pub const SENDER_NAME: u16 = 0x0c1a;
    pub const SENDER_ADDRESS: u16 = 0x0c1f;
    pub const SENDER_SMTP: u16 = 0x5d01;
    pub const HEADERS: u16 = 0x007d;
    pub const CC: u16 = 0x0e03;
    pub const TO: u16 = 0x0e04;
    pub const DELIVERED: u16 = 0x0e06;
    pub const BODY: u16 = 0x1000;
    pub const RTF: u16 = 0x1009;
    pub const HTML: u16 = 0x1013;
    pub const ATTACHED: u16 = 0x3701;
    pub const ATTACHED_NAME: u16 = 0x3704;
    pub const ATTACHED_LONG_NAME: u16 = 0x3707;
    pub const INTERNET_CODE_PAGE: u16 = 0x3fde;
    pub const CODE_PAGE: u16 = 0x3ffd;
    pub const NAME: u16 = 0x3001;
    pub const ADDRESS: u16 = 0x3003;
    pub const SMTP: u16 = 0x39fe;
    pub const RECIPIENT_KIND: u16 = 0x0c15;
}

/// Renders a message.
pub fn page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let file = CompoundFile::open(Cursor::new(bytes)).map_err(|_| NoText::Malformed)?;
    let mut reader = MessageReader { file, charset: code_page(1252), fixed: Vec::new() };
    reader.read_fixed();
    let mut writer = MailWriter::new(n_bytes_max);
    let subject = reader.text("", tag::SUBJECT).unwrap_or_default();
    let sender = reader.sender();
    writer.page.about(About::Subject, &subject);
    writer.page.about(About::Author, &sender);
    let time = reader.time(tag::SUBMITTED).or_else(|| reader.time(tag::DELIVERED));
    let time = time.map(|time| time.to_string()).unwrap_or_default();
    writer.page.about(About::Created, &time);
    writer.has_text = !subject.is_empty();
    let (to, cc) = reader.recipients();
    let to = to.or_else(|| reader.text("", tag::TO)).unwrap_or_default();
    let cc = cc.or_else(|| reader.text("", tag::CC)).unwrap_or_default();
    writer.head([("From", sender), ("To", to), ("Cc", cc), ("Date", time)]);
    writer.plain(&reader.body().unwrap_or_default());
    for (name, mark) in reader.attachments() {
        writer.attached(&name);
        mark.iter().for_each(|it| writer.page.thing(false, it));
    }
    writer.page.lacks(Lack { is_broken: compound::breaks_off(bytes), ..Lack::default() });
    writer.finish()
}

struct MessageReader<'a> {
    file: CompoundFile<Cursor<&'a [u8]>>,
    /// Of strings that are not in Unicode.
    charset: Charset,
    /// Properties of a fixed size, and their eight bytes.
    fixed: Vec<(u16, [u8; 8])>,
}

impl MessageReader<'_> {
    /// Reads the properties of a fixed size, behind a header of 32 bytes.
    fn read_fixed(&mut self) {
        let bytes = self.stream("/__properties_version1.0").unwrap_or_default();
        let entries = bytes.get(32..).unwrap_or_default().chunks_exact(16);
        for entry in entries {
            if let (Some(tag), Some(value)) = (entry.get(2..4), entry.get(8..16)) {
                let tag = u16::from_le_bytes([tag[0], tag[1]]);
                self.fixed.push((tag, std::array::from_fn(|n| value[n])));
            }
        }
        let page = self.number(tag::CODE_PAGE).or_else(|| self.number(tag::INTERNET_CODE_PAGE));
        self.charset = code_page(page.unwrap_or(1252));
    }

    fn number(&self, tag: u16) -> Option<i32> {
        let (_, [a, b, c, d, ..]) = self.fixed.iter().find(|(it, _)| *it == tag)?;
        Some(i32::from_le_bytes([*a, *b, *c, *d]))
    }

    fn time(&self, tag: u16) -> Option<Timestamp> {
        let (_, value) = self.fixed.iter().find(|(it, _)| *it == tag)?;
        let seconds = i64::from_le_bytes(*value) / 10_000_000 - SECONDS_TO_1970;
        (seconds > 0).then(|| Timestamp::from_unix(seconds, 0))
    }

    fn stream(&mut self, path: &str) -> Option<Vec<u8>> {
        let stream = self.file.open_stream(path).ok()?;
        let mut bytes = Vec::new();
        stream.take(PROPERTY_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// A property of a storage that is a string.
    fn text(&mut self, storage: &str, tag: u16) -> Option<String> {
        if let Some(bytes) = self.stream(&format!("{storage}/__substg1.0_{tag:04X}001F")) {
            // A byte that is left over is none of a character.
            let whole = &bytes[..bytes.len() & !1];
            return Some(string(Charset::Standard(encoding_rs::UTF_16LE), whole));
        }
        let bytes = self.stream(&format!("{storage}/__substg1.0_{tag:04X}001E"))?;
        Some(string(self.charset, &bytes))
    }

    fn sender(&mut self) -> String {
        let name = self.text("", tag::SENDER_NAME);
        let address = self.text("", tag::SENDER_SMTP).or_else(|| {
            // Inside of an organisation an address is a path in its directory.
            self.text("", tag::SENDER_ADDRESS).filter(|it| it.contains('@'))
        });
        let address = address.or_else(|| self.sender_of_headers(name.as_deref()));
        named(name, address)
    }

    /// The address in the lines with which the message came, if they are of whoever is named.
    fn sender_of_headers(&mut self, name: Option<&str>) -> Option<String> {
        let headers = self.text("", tag::HEADERS)?;
        let parsed = MessageParser::default().parse_headers(headers.as_bytes())?;
        let sender = parsed.from()?.first()?;
        let is_named = name.is_none() || sender.name().is_none() || sender.name() == name;
        sender.address().filter(|_| is_named).map(str::to_owned)
    }

    /// To whom it goes, and who gets a copy; none where nobody is listed.
    fn recipients(&mut self) -> (Option<String>, Option<String>) {
        let (mut to, mut cc) = (Vec::new(), Vec::new());
        for storage in self.storages("__recip_version1.0_", RECIPIENTS_MAX) {
            let address = self
                .text(&storage, tag::SMTP)
                .or_else(|| self.text(&storage, tag::ADDRESS).filter(|it| it.contains('@')));
            let shown = named(self.text(&storage, tag::NAME), address);
            match self.recipient_kind(&storage) {
                Some(1) => to.push(shown),
                Some(2) => cc.push(shown),
                _ => {}
            }
        }
        let joined = |all: Vec<String>| (!all.is_empty()).then(|| all.join(", "));
        (joined(to), joined(cc))
    }

    /// What sort of recipient one is, by its properties of a fixed size, behind a header of eight bytes.
    fn recipient_kind(&mut self, storage: &str) -> Option<u8> {
        let bytes = self.stream(&format!("{storage}/__properties_version1.0"))?;
        let number = tag::RECIPIENT_KIND.to_le_bytes();
        let mut entries = bytes.get(8..)?.chunks_exact(16);
        let entry = entries.find(|entry| entry.get(2..4) == Some(&number[..]))?;
        entry.get(8).copied()
    }

    /// The storages whose names begin so, in order.
    fn storages(&self, prefix: &str, n_max: usize) -> Vec<String> {
        let root = self.file.read_root_storage().filter(|it| it.is_storage());
        let named = root.map(|it| it.name().to_owned()).filter(|name| name.starts_with(prefix));
        named.take(n_max).map(|name| format!("/{name}")).collect()
    }

    /// The body in the first form that there is; the plain one alone only where it says what the page does.
    fn body(&mut self) -> Option<String> {
        let plain = self.text("", tag::BODY).map(|it| it.replace("\r\n", "\n"));
        let page = self.stream(&format!("/__substg1.0_{:04X}0102", tag::HTML)).map(|html| {
            let page = self.number(tag::INTERNET_CODE_PAGE).unwrap_or(1252);
            visible(&code_page(page).chars(&html).0, false)
        });
        if let Some((plain, page)) = plain.as_ref().zip(page.as_ref()) {
            return Some(match alternatives::read(plain, page) {
                ReadAlternatives::Plain => plain.clone(),
                ReadAlternatives::Page { more } => format!("{page}\n\n{more}"),
            });
        }
        if let Some(text) = plain.or(page) {
            return Some(text);
        }
        let packed = self.stream(&format!("/__substg1.0_{:04X}0102", tag::RTF))?;
        let page = rtf::page(&unpacked(&packed)?, PROPERTY_BYTES_MAX as usize).ok()?;
        Some(visible(&page.html, false))
    }

    /// The names of what is attached, and what tells the bytes of each from others.
    fn attachments(&mut self) -> Vec<(String, Option<String>)> {
        let storages = self.storages("__attach_version1.0_", ATTACHMENTS_MAX);
        let attached = |storage: String| {
            let long = self.text(&storage, tag::ATTACHED_LONG_NAME);
            let name = long.or_else(|| self.text(&storage, tag::ATTACHED_NAME));
            let bytes = self.stream(&format!("{storage}/__substg1.0_{:04X}0102", tag::ATTACHED));
            Some((name.filter(|it| !it.is_empty())?, bytes.map(|it| Digest::of(&it).to_string())))
        };
        storages.into_iter().filter_map(attached).collect()
    }
}

/// A name and an address as people write them.
fn named(name: Option<String>, address: Option<String>) -> String {
    let name = name.unwrap_or_default();
    match address.filter(|it| !it.is_empty()) {
        Some(address) if name.is_empty() || name == address => address,
        Some(address) => format!("{name} <{address}>"),
        None => name,
    }
}

/// A string, which may end with zeros.
fn string(charset: Charset, bytes: &[u8]) -> String {
    charset.chars(bytes).0.trim_end_matches('\0').to_owned()
}

/// What a window holds before the first byte, [MS-OXRTFCP] 2.1.3.1.
const WINDOW: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
    \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const WINDOW_BYTES: usize = 4096;

/// Rich text as it was before it was compressed, [MS-OXRTFCP] 2.2; none where it is not that.
fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let (head, rest) = packed.split_at_checked(16)?;
    match head.get(8..12)? {
        b"MELA" => return Some(rest.to_vec()),
        b"LZFu" => {}
        _ => return None,
    }
    let mut window = WINDOW.to_vec();
    window.resize(WINDOW_BYTES, b' ');
    let (mut at, mut unpacked, mut rest) = (WINDOW.len(), Vec::new(), rest.iter().copied());
    loop {
        let Some(control) = rest.next() else { return Some(unpacked) };
        for bit in 0..8 {
            let Some(first) = rest.next() else { return Some(unpacked) };
            if control >> bit & 1 == 0 {
                window[at] = first;
                at = (at + 1) % WINDOW_BYTES;
                unpacked.push(first);
                continue;
            }
            let Some(second) = rest.next() else { return Some(unpacked) };
            let from = usize::from(first) << 4 | usize::from(second >> 4);
            if from == at {
                return Some(unpacked);
            }
            for n in 0..usize::from(second & 15) + 2 {
                let byte = window[(from + n) % WINDOW_BYTES];
                window[at] = byte;
                at = (at + 1) % WINDOW_BYTES;
                unpacked.push(byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn message(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        for (path, bytes) in streams {
            if let Some((storage, _)) = path[1..].split_once('/')
                && !file.exists(format!("/{storage}"))
            {
                file.create_storage(format!("/{storage}")).unwrap();
            }
            file.create_stream(path).unwrap().write_all(bytes).unwrap();
        }
        file.into_inner().into_inner()
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn a_message_is_read_with_the_names_of_what_is_attached() {
        let mut fixed = vec![0; 32];
        let submitted: i64 = (1_772_442_672 + SECONDS_TO_1970) * 10_000_000;
        fixed.extend([0x40, 0, 0x39, 0, 6, 0, 0, 0]);
        fixed.extend(submitted.to_le_bytes());
        let bytes = message(&[
            ("/__properties_version1.0", &fixed),
            ("/__substg1.0_0037001F", &wide("Harbour")),
            ("/__substg1.0_0C1A001F", &wide("Jørn")),
            ("/__substg1.0_5D01001F", &wide("jorn@example.org")),
            ("/__substg1.0_0E04001E", b"crews\x00"),
            ("/__substg1.0_1000001F", &wide("The pier is closed.\r\n\r\nYours")),
            ("/__attach_version1.0_#00000000/__substg1.0_3707001F", &wide("plan.pdf")),
        ]);
        let page = page(&bytes, 10_000).unwrap();
        assert_eq!(
            visible(&page.html, false),
            "Harbour\n\nFrom: Jørn <jorn@example.org>\nTo: crews\nDate: 2026-03-02T09:11:12Z\n\n\
             The pier is closed.\n\nYours\n\nAttachment: plan.pdf"
        );
    }

    #[test]
    fn recipients_have_names_and_addresses() {
        let kind = |kind: u8| {
            let mut fixed = vec![0; 8];
            fixed.extend([3, 0, 0x15, 0x0c, 6, 0, 0, 0, kind, 0, 0, 0, 0, 0, 0, 0]);
            fixed
        };
        let (first, second) = ("/__recip_version1.0_#00000000", "/__recip_version1.0_#00000001");
        let bytes = message(&[
            ("/__substg1.0_0E04001F", &wide("Ann; Bob")),
            (&format!("{first}/__properties_version1.0"), &kind(1)),
            (&format!("{first}/__substg1.0_3001001F"), &wide("Ann")),
            (&format!("{first}/__substg1.0_39FE001F"), &wide("ann@example.org")),
            (&format!("{second}/__properties_version1.0"), &kind(2)),
            (&format!("{second}/__substg1.0_3001001F"), &wide("Bob")),
            (&format!("{second}/__substg1.0_3003001F"), &wide("/o=Harbour/cn=Bob")),
        ]);
        let page = page(&bytes, 10_000).unwrap();
        assert_eq!(visible(&page.html, false), "To: Ann <ann@example.org>\nCc: Bob");
    }

    #[test]
    fn a_sender_has_the_address_with_which_the_message_came() {
        let headers =
            "Received: by mail\r\nFrom: Ann <ann@example.org>\r\nTo: b@example.org\r\n\r\n";
        for (name, expected) in [("Ann", "From: Ann <ann@example.org>"), ("Bob", "From: Bob")] {
            let bytes = message(&[
                ("/__substg1.0_0C1A001F", &wide(name)),
                ("/__substg1.0_0C1F001F", &wide("/o=Harbour/cn=Ann")),
                ("/__substg1.0_007D001F", &wide(headers)),
            ]);
            let page = page(&bytes, 10_000).unwrap();
            assert_eq!(visible(&page.html, false), expected);
        }
    }

    #[test]
    fn rich_text_is_unpacked() {
        // The examples of [MS-OXRTFCP] 4.1 and 4.2.
        let packed: Vec<u8> = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 3, 0,
            0x0a, 0, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68,
            0x65, 0x6c, 0x09, 0, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f,
            0xa0,
        ]
        .into();
        let text = unpacked(&packed).unwrap();
        assert_eq!(text, b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let bytes = message(&[("/__substg1.0_10090102", &packed)]);
        assert!(page(&bytes, 10_000).unwrap().html.contains("hello world"));
        assert_eq!(unpacked(b"short"), None);
    }

    #[test]
    fn what_is_no_message_has_no_text() {
        assert_eq!(page(b"words", 1000), Err(NoText::Malformed));
        assert_eq!(page(&message(&[]), 1000), Err(NoText::Empty));
    }
}
