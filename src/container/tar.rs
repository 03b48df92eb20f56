//! TAR archives: ustar, with the longer names of POSIX (pax) and GNU.

use std::io::{self, Read as _, Write as _};

use crate::types::time::Timestamp;

use super::{
    Contained, Container, InnerDocument, Limits, MemberFacts, MemberName, beyond,
    bytes::{Body, BodyWriter, TemporaryFile},
    damaged,
    input::RawPieces,
    names,
};

const BLOCK_BYTES: usize = 512;
/// What is said about a member takes no more.
const ABOUT_BYTES_MAX: u64 = 1 << 20;

/// Such an archive.
pub struct Tar {
    input: RawPieces,
    limits: Limits,
    temporary: TemporaryFile,
    n_members: u64,
    is_ended: bool,
}

/// What is said of the next member in blocks before it.
#[derive(Default)]
struct Ahead {
    name: Option<Vec<u8>>,
    n_bytes: Option<u64>,
    mtime: Option<Timestamp>,
}

/// Whether an archive begins with this block: its checksum is right.
pub fn is_start(start: &[u8]) -> bool {
    start.len() >= BLOCK_BYTES && start[0] != 0 && checksum_fits(&start[..BLOCK_BYTES])
}

fn checksum_fits(block: &[u8]) -> bool {
    let stated = octal(&block[148..156]);
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    let field: u64 = block[148..156].iter().map(|byte| u64::from(*byte)).sum();
    stated == Some(sum - field + 8 * 32)
}

impl Tar {
    pub fn open(body: &Body, is_gzip: bool, limits: Limits, temporary: TemporaryFile) -> Self {
        let input = RawPieces::new(body.clone(), is_gzip, limits);
        Self { input, limits, temporary, n_members: 0, is_ended: false }
    }

    fn member(&mut self) -> io::Result<Option<Contained>> {
        let mut ahead = Ahead::default();
        loop {
            let mut block = [0; BLOCK_BYTES];
            if !self.fills(&mut block)? || block.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            if !checksum_fits(&block) {
                return Err(damaged("the head of a file is damaged"));
            }
            let n_bytes = number(&block[124..136]).ok_or_else(|| damaged("a length is damaged"))?;
            match block[156] {
                b'x' => ahead.read_pax(&self.small(n_bytes)?),
                b'L' => {
                    let name = self.small(n_bytes)?;
                    ahead.name =
                        Some(name.split(|byte| *byte == 0).next().unwrap_or_default().to_vec());
                }
                b'g' | b'K' | b'V' => drop(self.small(n_bytes)?),
                kind => {
                    let n_bytes = ahead.n_bytes.unwrap_or(n_bytes);
                    let name = ahead.name.take().unwrap_or_else(|| plain_name(&block));
                    let mtime = ahead.mtime.or_else(|| mtime(&block));
                    if kind == b'5' || (matches!(kind, 0 | b'0') && name.ends_with(b"/")) {
                        self.pass(n_bytes)?;
                        ahead = Ahead::default();
                        continue;
                    }
                    self.n_members += 1;
                    return self.found(kind, &name, n_bytes, mtime).map(Some);
                }
            }
        }
    }

    fn found(
        &mut self,
        kind: u8,
        name: &[u8],
        n_bytes: u64,
        mtime: Option<Timestamp>,
    ) -> io::Result<Contained> {
        let what = String::from_utf8_lossy(name).into_owned();
        let refused = |why: io::Error| Contained::Refused { what: what.clone(), why };
        if !matches!(kind, 0 | b'0' | b'7') {
            // Of links the length says nothing of bytes that follow.
            self.pass(if matches!(kind, b'1' | b'2') { 0 } else { n_bytes })?;
            let why = match kind {
                b'1' | b'2' => "a link in an archive is not followed",
                b'3' | b'4' | b'6' => "it is a device or a pipe",
                _ => "it is of a kind that is not known here",
            };
            return Ok(refused(damaged(why)));
        }
        let inner = names::inner_name(name).map_err(damaged);
        let is_small = n_bytes <= self.limits.member_bytes;
        let inner = match inner {
            Ok(inner) if is_small => inner,
            Ok(_) => {
                self.pass(n_bytes)?;
                return Ok(refused(self.limits.too_large()));
            }
            Err(why) => {
                self.pass(n_bytes)?;
                return Ok(refused(why));
            }
        };
        let mut out = BodyWriter::new(self.temporary, self.limits.member_bytes);
        let n_copied = io::copy(&mut (&mut self.input).take(n_bytes), &mut out)?;
        out.flush()?;
        if n_copied < n_bytes {
            return Err(damaged(format!("it breaks off in {what}")));
        }
        self.input.skip(padding(n_bytes))?;
        let about = MemberFacts { mtime, ..MemberFacts::default() };
        let body = out.finish();
        Ok(Contained::InnerDocument(InnerDocument {
            name: MemberName::Inner(inner),
            body,
            about,
            doubt: None,
        }))
    }

    fn small(&mut self, n_bytes: u64) -> io::Result<Vec<u8>> {
        if n_bytes > ABOUT_BYTES_MAX {
            return Err(damaged("what is said of a file is too long"));
        }
        let mut bytes = Vec::new();
        (&mut self.input).take(n_bytes).read_to_end(&mut bytes)?;
        self.input.skip(padding(n_bytes))?;
        Ok(bytes)
    }

    fn pass(&mut self, n_bytes: u64) -> io::Result<()> {
        self.input.skip(n_bytes)?;
        self.input.skip(padding(n_bytes))
    }

    /// Fills a block; not at the end.
    fn fills(&mut self, block: &mut [u8]) -> io::Result<bool> {
        let mut n = 0;
        while n < block.len() {
            match self.input.read(&mut block[n..])? {
                0 if n == 0 => return Ok(false),
                0 => return Err(damaged("it breaks off")),
                n_read => n += n_read,
            }
        }
        Ok(true)
    }
}

impl Container for Tar {
    fn next(&mut self) -> Option<Contained> {
        if self.is_ended {
            return None;
        }
        let found = match self.n_members >= self.limits.members {
            true => Err(beyond(format!("it has more than {} files", self.limits.members))),
            false => self.member(),
        };
        match found {
            Ok(found) => {
                self.is_ended = found.is_none();
                found
            }
            Err(why) => {
                self.is_ended = true;
                let why = match why.kind() {
                    io::ErrorKind::UnexpectedEof => damaged("it breaks off"),
                    _ => why,
                };
                Some(Contained::Refused { what: "the rest".to_owned(), why })
            }
        }
    }
}

impl Ahead {
    /// Lines of `length name=value`.
    fn read_pax(&mut self, mut lines: &[u8]) {
        while let Some(space) = lines.iter().position(|byte| *byte == b' ') {
            let length = std::str::from_utf8(&lines[..space]).ok().and_then(|it| it.parse().ok());
            let Some(length) = length.filter(|it: &usize| *it > space && *it <= lines.len()) else {
                return;
            };
            let (line, rest) = lines.split_at(length);
            lines = rest;
            let line = line[space + 1..].strip_suffix(b"\n").unwrap_or(&line[space + 1..]);
            let Some(equals) = line.iter().position(|byte| *byte == b'=') else { return };
            let (name, value) = (&line[..equals], &line[equals + 1..]);
            let text = std::str::from_utf8(value).unwrap_or_default();
            match name {
                b"path" => self.name = Some(value.to_vec()),
                b"size" => self.n_bytes = text.parse().ok(),
                b"mtime" => {
                    let seconds = text.split('.').next().and_then(|it| it.parse().ok());
                    self.mtime = seconds.and_then(|it| Timestamp::of_unix(it, 0));
                }
                _ => {}
            }
        }
    }
}

fn plain_name(block: &[u8]) -> Vec<u8> {
    let until_zero =
        |field: &[u8]| field.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
    let name = until_zero(&block[..100]);
    // GNU has other things where POSIX has the first part of a name.
    let prefix =
        if &block[257..263] == b"ustar\0" { until_zero(&block[345..500]) } else { Vec::new() };
    if prefix.is_empty() { name } else { [prefix, name].join(&b'/') }
}

fn mtime(block: &[u8]) -> Option<Timestamp> {
    Timestamp::of_unix(i64::try_from(number(&block[136..148])?).ok()?, 0)
}

fn padding(n_bytes: u64) -> u64 {
    n_bytes.wrapping_neg() % BLOCK_BYTES as u64
}

/// Octal digits, or as GNU has it the number itself behind a first bit.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] != 0x80 {
        return octal(field);
    }
    let (high, low) = field.split_at(field.len() - 8);
    let is_small = high[1..].iter().all(|byte| *byte == 0);
    is_small.then(|| low.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    let digits = text.split(['\0', ' ']).next()?;
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}
