//! ZIP archives, by their directory.

use std::io::{self, BufReader, Read as _, Write as _};

use flate2::bufread::DeflateDecoder;

use super::{
    Allowance, Contained, Container, InnerDocument, Limits, MemberFacts, MemberName, beyond,
    bytes::{Body, BodyWriter, TemporaryFile},
    damaged, names,
};

const END_BYTES: u64 = 22;
/// The comment behind the end.
const COMMENT_BYTES_MAX: u64 = 65_535;
const ENTRY_BYTES: usize = 46;
const HEAD_BYTES: u64 = 30;
/// A directory is no longer.
const DIRECTORY_BYTES_MAX: u64 = 512 << 20;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// What packages that are documents have among their first files.
const PACKAGE_PARTS: [&[u8]; 4] =
    [b"[Content_Types].xml", b"mimetype", b"_rels/.rels", b"META-INF/MANIFEST.MF"];

/// Such an archive.
pub struct Zip {
    body: Body,
    directory: Vec<u8>,
    /// So far behind their stated places things lie, where something was put before the archive.
    shift: u64,
    at: usize,
    limits: Limits,
    temporary: TemporaryFile,
    n_members: u64,
    allowance: Allowance,
    /// So much may be read for it: files can lie over one another.
    n_packed_left: u64,
    is_ended: bool,
    trouble: Option<io::Error>,
}

struct ZipEntry {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    n_packed: u64,
    n_bytes: u64,
    place: u64,
    is_link: bool,
}

/// Where the directory is.
struct End {
    place: u64,
    n_bytes: u64,
    /// Where it says so, which is behind it.
    is_at: u64,
}

impl Zip {
    pub fn open(body: &Body, limits: Limits, temporary: TemporaryFile) -> Self {
        let (directory, shift, trouble) = match directory(body) {
            Ok((directory, shift)) => (directory, shift, None),
            Err(why) => (Vec::new(), 0, Some(why)),
        };
        Self {
            allowance: Allowance::of(body.n_bytes(), &limits),
            n_packed_left: body.n_bytes().saturating_add(1 << 20),
            body: body.clone(),
            directory,
            shift,
            at: 0,
            limits,
            temporary,
            n_members: 0,
            is_ended: false,
            trouble,
        }
    }

    fn member(&mut self, entry: &ZipEntry) -> io::Result<InnerDocument> {
        let inner = names::inner_name(&entry.name).map_err(damaged)?;
        if entry.is_link {
            return Err(damaged("a link in an archive is not followed"));
        }
        if entry.flags & 1 != 0 {
            return Err(damaged("it is locked by a password"));
        }
        if !matches!(entry.method, STORED | DEFLATED) {
            return Err(damaged(format!(
                "it is compressed by method {}, which is not known here",
                entry.method
            )));
        }
        let place = entry.place.saturating_add(self.shift);
        let head = self.body.part(place, HEAD_BYTES).head(HEAD_BYTES as usize)?;
        if head.len() < HEAD_BYTES as usize || !head.starts_with(b"PK\x03\x04") {
            return Err(damaged("it does not lie where the directory says"));
        }
        let start = place + HEAD_BYTES + u64::from(short(&head, 26)) + u64::from(short(&head, 28));
        let packed = self.body.part(start, entry.n_packed);
        if packed.n_bytes() < entry.n_packed {
            return Err(damaged("it breaks off"));
        }
        let left = self.n_packed_left.checked_sub(entry.n_packed);
        self.n_packed_left = left.ok_or_else(|| damaged("files in it lie over one another"))?;
        let body = self.unpacked(entry, &packed)?;
        Ok(InnerDocument {
            name: MemberName::Inner(inner),
            body,
            about: MemberFacts::default(),
            doubt: None,
        })
    }

    fn unpacked(&mut self, entry: &ZipEntry, packed: &Body) -> io::Result<Body> {
        let mut out = BodyWriter::new(self.temporary, self.limits.member_bytes);
        let reader = BufReader::new(packed.reader());
        let reader: Box<dyn io::Read> = match entry.method {
            STORED => Box::new(reader),
            _ => Box::new(DeflateDecoder::new(reader)),
        };
        let (mut hasher, mut n_bytes) = (crc32fast::Hasher::new(), 0);
        self.allowance.unpack(reader, |piece| {
            n_bytes += piece.len() as u64;
            hasher.update(piece);
            out.write_all(piece)
        })?;
        match n_bytes == entry.n_bytes && hasher.finalize() == entry.crc {
            true => Ok(out.finish()),
            false => Err(damaged("its checksum is wrong")),
        }
    }

    /// Reads no more: of the files that are left it is said that they were not read.
    fn end_early(&mut self, why: &io::Error) {
        match self.entry() {
            Ok(None) => self.is_ended = true,
            _ => self.trouble = Some(io::Error::new(why.kind(), why.to_string())),
        }
    }

    /// The next entry that is a file; none at the end.
    fn entry(&mut self) -> io::Result<Option<ZipEntry>> {
        loop {
            let rest = &self.directory[self.at..];
            if rest.len() < ENTRY_BYTES || !rest.starts_with(b"PK\x01\x02") {
                return if rest.is_empty() {
                    Ok(None)
                } else {
                    Err(damaged("its directory is damaged"))
                };
            }
            let lengths = [28, 30, 32].map(|at| usize::from(short(rest, at)));
            let end = ENTRY_BYTES + lengths.iter().sum::<usize>();
            if rest.len() < end {
                return Err(damaged("its directory is damaged"));
            }
            let entry = ZipEntry::of(rest, lengths);
            self.at += end;
            if !entry.name.ends_with(b"/") {
                return Ok(Some(entry));
            }
        }
    }
}

/// Whether this is the directory of a document that only happens to be such an archive.
pub fn is_package(body: &Body) -> bool {
    let mut zip = Zip::open(body, Limits::default(), || Err(io::ErrorKind::Unsupported.into()));
    let mut first = std::iter::from_fn(|| zip.entry().ok().flatten()).take(64);
    first.any(|entry| PACKAGE_PARTS.contains(&&entry.name[..]))
}

impl Container for Zip {
    fn next(&mut self) -> Option<Contained> {
        if self.is_ended {
            return None;
        }
        let entry = match self.trouble.take() {
            Some(why) => Err(why),
            None if self.n_members >= self.limits.members => {
                Err(beyond(format!("it has more than {} files", self.limits.members)))
            }
            None => self.entry(),
        };
        let entry = match entry {
            Ok(Some(entry)) => entry,
            ended => {
                self.is_ended = true;
                let why = ended.err()?;
                return Some(Contained::Refused { what: "the rest".to_owned(), why });
            }
        };
        self.n_members += 1;
        Some(match self.member(&entry) {
            Ok(member) => Contained::InnerDocument(member),
            Err(why) => {
                if self.allowance.is_spent() {
                    self.end_early(&why);
                }
                Contained::Refused { what: String::from_utf8_lossy(&entry.name).into_owned(), why }
            }
        })
    }
}

impl ZipEntry {
    /// The entry that begins a part of the directory which is long enough.
    fn of(bytes: &[u8], [n_name, n_extra, _]: [usize; 3]) -> Self {
        let name = bytes[ENTRY_BYTES..ENTRY_BYTES + n_name].to_vec();
        let extra = &bytes[ENTRY_BYTES + n_name..ENTRY_BYTES + n_name + n_extra];
        let mut large = large_numbers(extra);
        let mut or_large = |n: u32| {
            if n == u32::MAX { large.next().unwrap_or(u64::from(n)) } else { u64::from(n) }
        };
        let n_bytes = or_large(long(bytes, 24));
        let n_packed = or_large(long(bytes, 20));
        let place = or_large(long(bytes, 42));
        let is_of_unix = bytes[5] == 3;
        Self {
            name,
            flags: short(bytes, 8),
            method: short(bytes, 10),
            crc: long(bytes, 16),
            n_packed,
            n_bytes,
            place,
            is_link: is_of_unix && long(bytes, 38) >> 28 == 0o12,
        }
    }
}

/// The numbers in the field that has those which are too large for their own places.
fn large_numbers(mut extra: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let mut found: &[u8] = &[];
    while extra.len() >= 4 {
        let (id, n) = (short(extra, 0), usize::from(short(extra, 2)));
        let Some(field) = extra.get(4..4 + n) else { break };
        if id == 1 {
            found = field;
        }
        extra = &extra[4 + n..];
    }
    found.chunks_exact(8).map(|bytes| quad(bytes, 0))
}

/// The directory, and how far behind their stated places things lie.
fn directory(body: &Body) -> io::Result<(Vec<u8>, u64)> {
    let End { place, n_bytes, is_at } = end(body)?;
    if n_bytes > DIRECTORY_BYTES_MAX || n_bytes > body.n_bytes() {
        return Err(damaged("its directory is damaged"));
    }
    let is_there = body.part(place, 4).head(4)? == b"PK\x01\x02";
    let shift = match is_there {
        true => 0,
        false => is_at.checked_sub(n_bytes).and_then(|it| it.checked_sub(place)).unwrap_or(0),
    };
    let mut bytes = Vec::new();
    body.part(place.saturating_add(shift), n_bytes).reader().read_to_end(&mut bytes)?;
    match bytes.len() as u64 == n_bytes {
        true => Ok((bytes, shift)),
        false => Err(damaged("its directory is damaged")),
    }
}

fn end(body: &Body) -> io::Result<End> {
    let start = body.n_bytes().saturating_sub(END_BYTES + COMMENT_BYTES_MAX);
    let mut tail = Vec::new();
    body.part(start, u64::MAX).reader().read_to_end(&mut tail)?;
    let is_end = |at: &usize| tail[*at..].starts_with(b"PK\x05\x06");
    let last = tail.len().checked_sub(END_BYTES as usize);
    let at = last.and_then(|last| (0..=last).rev().find(is_end));
    let at =
        at.ok_or_else(|| damaged("it has no directory: it breaks off, or is no ZIP archive"))?;
    let record = &tail[at..];
    if short(record, 4) != 0 && short(record, 4) != u16::MAX {
        return Err(damaged("it is one of several disks"));
    }
    let (n_bytes, place) = (long(record, 12), long(record, 16));
    if n_bytes != u32::MAX && place != u32::MAX {
        let is_at = start + at as u64;
        return Ok(End { place: place.into(), n_bytes: n_bytes.into(), is_at });
    }
    let locator = (start + at as u64).checked_sub(20).map(|at| body.part(at, 20).head(20));
    let locator = locator.transpose()?.unwrap_or_default();
    if !locator.starts_with(b"PK\x06\x07") || locator.len() < 20 {
        return Err(damaged("its directory is damaged"));
    }
    let record = body.part(quad(&locator, 8), 56).head(56)?;
    if !record.starts_with(b"PK\x06\x06") || record.len() < 56 {
        return Err(damaged("its directory is damaged"));
    }
    Ok(End { place: quad(&record, 48), n_bytes: quad(&record, 40), is_at: quad(&locator, 8) })
}

fn number(bytes: &[u8], at: usize, n: usize) -> u64 {
    let field = bytes.get(at..at + n).unwrap_or_default();
    field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    number(bytes, at, 2) as u16
}

fn long(bytes: &[u8], at: usize) -> u32 {
    number(bytes, at, 4) as u32
}

fn quad(bytes: &[u8], at: usize) -> u64 {
    number(bytes, at, 8)
}
