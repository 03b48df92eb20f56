//! The usual event and its usual detail, read without a JSON parser.
//!
//! Nearly all events are `revise`. Each value has one spelling and each field its place, so such a line is
//! read from the left, and what is read here is in that spelling. Anything that is not of the usual form, with an
//! escaped character in a text, or wrong is `None`: then [`Event::parse`](super::Event::parse) and
//! [`Detail::parse`](super::Detail::parse) read it as JSON, and say what is wrong with it.

use crate::types::{
    digest::{Digest, DocId, read_hex},
    name::DocName,
    time::Timestamp,
};

use super::{MediaType, NUMBER_MAX, Revise, ReviseDetail};

/// What is left of a line.
struct Rest<'a>(&'a [u8]);

/// The line of a first version of `revise`.
pub fn revise(line: &[u8]) -> Option<Revise> {
    let mut rest = Rest(line);
    rest.skip(br#"{"t":"revise","v":1,"at":"#)?;
    let at = rest.time()?;
    rest.skip(br#","doc":"#)?;
    let mut doc = [0; 8];
    read_hex(rest.fixed::<16>()?, &mut doc)?;
    rest.skip(br#","prev":"#)?;
    let prev = if rest.skip(b"null").is_some() { None } else { Some(rest.number()?) };
    rest.skip(br#","sha256":"#)?;
    let sha256 = rest.digest()?;
    rest.skip(br#","size":"#)?;
    let size = rest.number()?;
    rest.skip(br#","type":"#)?;
    let media = MediaType::new(rest.text()?).ok()?;
    rest.skip(br#","detail":"#)?;
    let detail = rest.digest()?;
    rest.ends(b"}")?;
    let doc = DocId(u64::from_be_bytes(doc));
    Some(Revise { at, doc, prev, sha256, size, media, detail })
}

/// The detail of a revision, whose name is text.
pub fn revise_detail(bytes: &[u8]) -> Option<ReviseDetail> {
    let mut rest = Rest(bytes);
    rest.skip(br#"{"salt":"#)?;
    let mut salt = [0; 16];
    read_hex(rest.fixed::<32>()?, &mut salt)?;
    rest.skip(br#","name":"#)?;
    let name = DocName::new(rest.text()?).ok()?;
    rest.skip(br#","name_b64":null,"source":"#)?;
    let source = rest.text_or_null()?;
    rest.skip(br#","captured":"#)?;
    let captured = rest.time_or_null()?;
    rest.skip(br#","mtime":"#)?;
    let mtime = rest.time_or_null()?;
    rest.skip(br#","note":"#)?;
    let note = rest.text_or_null()?;
    rest.skip(br#","encoding":"#)?;
    let encoding = rest.text_or_null()?;
    rest.skip(br#","by":"#)?;
    let by = rest.text_or_null()?;
    rest.skip(br#","tool":"#)?;
    let tool = rest.text()?.to_owned();
    rest.ends(b"}")?;
    Some(ReviseDetail { salt, name, source, captured, mtime, note, encoding, by, tool })
}

impl<'a> Rest<'a> {
    fn skip(&mut self, expected: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    fn ends(&self, expected: &[u8]) -> Option<()> {
        (self.0 == expected).then_some(())
    }

    /// A string in which nothing is escaped, and nothing that has to be.
    fn text(&mut self) -> Option<&'a str> {
        let inside = self.0.strip_prefix(b"\"")?;
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let end = inside.iter().position(is_special).filter(|end| inside[*end] == b'"')?;
        self.0 = &inside[end + 1..];
        std::str::from_utf8(&inside[..end]).ok()
    }

    fn text_or_null(&mut self) -> Option<Option<String>> {
        match self.skip(b"null") {
            Some(()) => Some(None),
            None => Some(Some(self.text()?.to_owned())),
        }
    }

    /// So many bytes of a string that has exactly these.
    fn fixed<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (inside, rest) = self.0.strip_prefix(b"\"")?.split_first_chunk::<N>()?;
        self.0 = rest.strip_prefix(b"\"")?;
        Some(inside)
    }

    fn time(&mut self) -> Option<Timestamp> {
        let before = self.0;
        if let Some(time) = self.fixed::<20>().and_then(Timestamp::of_whole_second) {
            return Some(time);
        }
        self.0 = before;
        Timestamp::parse(self.text()?)
    }

    fn time_or_null(&mut self) -> Option<Option<Timestamp>> {
        match self.skip(b"null") {
            Some(()) => Some(None),
            None => Some(Some(self.time()?)),
        }
    }

    fn digest(&mut self) -> Option<Digest> {
        let mut bytes = [0; 32];
        read_hex(self.fixed::<64>()?, &mut bytes)?;
        Some(Digest::from_bytes(bytes))
    }

    fn number(&mut self) -> Option<u64> {
        let n_digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(n_digits);
        let is_plain = matches!(digits, [b'0'] | [b'1'..=b'9', ..]) && n_digits <= 16;
        self.0 = rest;
        let value =
            |digits: &[u8]| digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0'));
        is_plain.then(|| value(digits)).filter(|number| *number <= NUMBER_MAX)
    }
}
