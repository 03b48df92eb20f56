//! Parts of a ZIP archive without its directory, as when a download broke off: each part has a header of its own.

use std::io::Read;

use flate2::read::DeflateDecoder;

/// What a header begins with.
const MAGIC: &[u8] = b"PK\x03\x04";
/// How long a header is without the name.
const HEADER_BYTES: usize = 30;
/// No more parts are looked for.
const PARTS_MAX: usize = 10_000;

/// A part that was found.
pub(super) struct SalvagedPart {
    pub name: String,
    pub is_locked: bool,
    is_packed: bool,
    start: usize,
    end: usize,
}

/// The parts of what is left of an archive.
pub(super) fn parts(bytes: &[u8]) -> Vec<SalvagedPart> {
    let mut parts: Vec<SalvagedPart> = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|_| parts.len() < PARTS_MAX) {
        let Some(next) = rest.windows(MAGIC.len()).position(|it| it == MAGIC) else { break };
        at += next;
        match part(bytes, at) {
            Some(found) => {
                end_unknown(&mut parts, at);
                at = found.end;
                parts.push(found);
            }
            None => at += MAGIC.len(),
        }
    }
    end_unknown(&mut parts, bytes.len());
    parts
}

/// Has the last part end here, if its header does not say where.
fn end_unknown(parts: &mut [SalvagedPart], end: usize) {
    if let Some(last) = parts.last_mut().filter(|it| it.end == it.start) {
        last.end = end.max(last.start);
    }
}

fn part(bytes: &[u8], at: usize) -> Option<SalvagedPart> {
    let header = bytes.get(at..at + HEADER_BYTES)?;
    let number = |at: usize| Some(u16::from_le_bytes([*header.get(at)?, *header.get(at + 1)?]));
    let (flags, method) = (number(6)?, number(8)?);
    let n_packed = usize::from(number(18)?) | usize::from(number(20)?) << 16;
    let name_start = at + HEADER_BYTES;
    let name_end = name_start + usize::from(number(26)?);
    let start = name_end + usize::from(number(28)?);
    let name = String::from_utf8_lossy(bytes.get(name_start..name_end)?).into_owned();
    let end = start.checked_add(n_packed)?.min(bytes.len());
    let is_packed = method == 8;
    (start <= bytes.len() && (is_packed || method == 0)).then_some(SalvagedPart {
        name,
        is_locked: flags & 1 != 0,
        is_packed,
        start,
        end,
    })
}

impl SalvagedPart {
    /// How much of the archive it takes.
    pub(super) fn n_packed(&self) -> u64 {
        (self.end - self.start) as u64
    }

    /// The contents as far as they are there, and no more than so many bytes.
    pub(super) fn bytes(&self, archive: &[u8], n_bytes_max: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Of what breaks off the beginning is kept.
        let contents = archive.get(self.start..self.end).unwrap_or_default();
        let _ = match self.is_packed {
            true => DeflateDecoder::new(contents).take(n_bytes_max).read_to_end(&mut bytes),
            false => contents.take(n_bytes_max).read_to_end(&mut bytes),
        };
        bytes
    }
}
