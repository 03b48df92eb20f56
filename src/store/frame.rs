//! Frames: one zstd frame each, holding one or more blobs, perhaps against a base.
//!
//! A frame stands for itself: magic, checksum and lengths come first, so that it can be found again
//! in a pack whose directory is lost. The layout is docs/format.md, section 4. Compression against a
//! base is zstd's raw prefix (RFC 8878 calls it a raw-content dictionary), which
//! `zstd -d --patch-from=BASE` reads as well.

use crate::types::{digest::Key, limits};

/// The first two bytes of every frame.
pub const MAGIC: [u8; 2] = [0xa7, 0x46];

const PACKED: u8 = 1;
const BASED: u8 = 2;
const SOLID: u8 = 4;
const LIST: u8 = 8;
const SKIP: u8 = 16;

/// What the blobs of a frame are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// One blob.
    Single,
    /// Several small blobs, compressed together.
    Solid,
    /// The chunk list of a large content, under that content's key.
    List,
}

/// What a frame's header states about its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    /// Of the blob that this frame was compressed against.
    pub key: Key,
    /// How many bases lie under this frame: 1 to [`limits::DEPTH_MAX`].
    pub depth: u8,
    /// Bytes decoded to read a blob of this frame, all bases and the frame itself included.
    pub decoded_bytes: u32,
    /// The base is an ancestor of the one that was chosen, because the chain under that had reached a
    /// limit.
    pub skip: bool,
}

/// What stands before a frame's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// What the blobs are.
    pub kind: FrameKind,
    /// The payload is a zstd frame; otherwise it is the raw bytes.
    pub packed: bool,
    /// The length of each blob, in order; never empty.
    pub lengths: Vec<u32>,
    /// The base, if there is one.
    pub base: Option<Base>,
}

/// Why bytes are no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The bytes end before the frame does.
    #[error("the frame is cut short")]
    Short,
    /// No magic where the frame should start.
    #[error("no frame starts here")]
    Magic,
    /// The checksum does not fit.
    #[error("checksum is {found:08x}, header states {stated:08x}")]
    Checksum {
        /// Stated in the header.
        stated: u32,
        /// Computed from the bytes.
        found: u32,
    },
    /// A field has a value that no writer gives it.
    #[error("bad {0} in the frame header")]
    Field(&'static str),
    /// The payload does not decompress to the length stated.
    #[error("payload does not decompress: {0}")]
    Payload(String),
}

impl Header {
    /// The bytes of all blobs together.
    pub fn n_raw(&self) -> usize {
        self.lengths.iter().map(|n| *n as usize).sum()
    }

    /// Bytes decoded to read a blob of this frame.
    pub fn decoded_bytes(&self) -> u64 {
        self.base.map_or(self.n_raw() as u64, |base| u64::from(base.decoded_bytes))
    }

    /// Whether its first bytes can be decoded without the others: it is packed, and has no base.
    pub fn is_beginning_readable(&self) -> bool {
        self.packed && self.base.is_none()
    }

    /// How many bases lie under this frame.
    pub fn depth(&self) -> u8 {
        self.base.map_or(0, |base| base.depth)
    }

    /// The stretch of the decoded frame that is the blob with this index.
    pub fn stretch(&self, index: u16) -> Option<std::ops::Range<usize>> {
        let n_bytes = *self.lengths.get(usize::from(index))? as usize;
        let start = self.lengths[..usize::from(index)].iter().map(|n| *n as usize).sum();
        Some(start..start + n_bytes)
    }
}

/// Appends the frame of `header` and `payload` to `out`.
pub fn encode(header: &Header, payload: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[0; 4]);
    out.push(flags(header));
    put_varint(out, payload.len() as u64);
    if header.kind == FrameKind::Solid {
        put_varint(out, header.lengths.len() as u64);
    }
    for n_bytes in &header.lengths {
        put_varint(out, u64::from(*n_bytes));
    }
    if let Some(base) = header.base {
        out.extend_from_slice(&base.key.0.to_be_bytes());
        out.push(base.depth);
        put_varint(out, u64::from(base.decoded_bytes));
    }
    out.extend_from_slice(payload);
    let checksum = crc32fast::hash(&out[start + 6..]);
    out[start + 2..start + 6].copy_from_slice(&checksum.to_le_bytes());
}

/// Reads the frame that starts `bytes`: its header, its payload, and how long it is in all.
///
/// The checksum has been compared when this returns.
pub fn parse(bytes: &[u8]) -> Result<(Header, &[u8], usize), FrameError> {
    let mut cursor = Cursor { bytes, at: 0 };
    if cursor.take(2)? != MAGIC {
        return Err(FrameError::Magic);
    }
    let stated = u32::from_le_bytes(cursor.array()?);
    let (header, n_payload) = parse_fields(&mut cursor)?;
    let payload = cursor.take(n_payload)?;
    let found = crc32fast::hash(&bytes[6..cursor.at]);
    if stated != found {
        return Err(FrameError::Checksum { stated, found });
    }
    Ok((header, payload, cursor.at))
}

/// Reads a frame that something happened to: its header, and all that follows as its payload.
///
/// `bytes` are those of the frame alone. Magic, checksum and the stated length of the payload are passed
/// over, so whatever comes of it is worth nothing until its SHA-256 has been compared.
pub fn parse_damaged(bytes: &[u8]) -> Result<(Header, &[u8]), FrameError> {
    let mut cursor = Cursor { bytes, at: MAGIC.len() + 4 };
    let (header, _) = parse_fields(&mut cursor)?;
    Ok((header, &bytes[cursor.at..]))
}

/// Reads the header of the frame that starts `bytes`, and how long the frame is in all.
///
/// The payload need not be there and nothing is compared with the checksum: good for counting,
/// never for reading.
pub fn peek(bytes: &[u8]) -> Result<(Header, usize), FrameError> {
    let mut cursor = Cursor::new(bytes);
    if cursor.take(2)? != MAGIC {
        return Err(FrameError::Magic);
    }
    cursor.take(4)?;
    let (header, n_payload) = parse_fields(&mut cursor)?;
    Ok((header, cursor.at + n_payload))
}

/// Finds the next whole frame at or after `from`, for packs whose directory is lost.
pub fn find(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at < bytes.len() {
        at += bytes[at..].windows(2).position(|pair| pair == MAGIC)?;
        if parse(&bytes[at..]).is_ok() {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn flags(header: &Header) -> u8 {
    let kind = match header.kind {
        FrameKind::Single => 0,
        FrameKind::Solid => SOLID,
        FrameKind::List => LIST,
    };
    let base = header.base.map_or(0, |b| BASED | if b.skip { SKIP } else { 0 });
    kind | base | if header.packed { PACKED } else { 0 }
}

fn parse_fields(cursor: &mut Cursor) -> Result<(Header, usize), FrameError> {
    let flags = cursor.take(1)?[0];
    let kind = match flags & (SOLID | LIST) {
        0 => FrameKind::Single,
        SOLID => FrameKind::Solid,
        LIST => FrameKind::List,
        _ => return Err(FrameError::Field("kind")),
    };
    let based = flags & BASED != 0;
    if flags >= 32 || (flags & SKIP != 0 && !based) {
        return Err(FrameError::Field("flags"));
    }
    let packed = flags & PACKED != 0;
    let n_payload = cursor.varint()?;
    if n_payload > limits::PAYLOAD_BYTES_MAX as u64 {
        return Err(FrameError::Field("payload length"));
    }
    let lengths = parse_lengths(cursor, kind)?;
    let n_raw: u64 = lengths.iter().map(|n| u64::from(*n)).sum();
    if !packed && (n_payload != n_raw || based) {
        return Err(FrameError::Field("payload length"));
    }
    let base = if based { Some(parse_base(cursor, flags, n_raw)?) } else { None };
    Ok((Header { kind, packed, lengths, base }, n_payload as usize))
}

fn parse_lengths(cursor: &mut Cursor, kind: FrameKind) -> Result<Vec<u32>, FrameError> {
    let (n_blobs, n_raw_max) = match kind {
        FrameKind::Single => (1, limits::BLOB_BYTES_MAX),
        FrameKind::List => (1, limits::LIST_BYTES_MAX),
        FrameKind::Solid => (cursor.varint()?, limits::SOLID_BYTES_MAX),
    };
    if n_blobs == 0 || n_blobs > limits::FRAME_BLOBS_MAX as u64 {
        return Err(FrameError::Field("blob count"));
    }
    let mut lengths = Vec::new();
    let mut n_raw = 0;
    for _ in 0..n_blobs {
        let n_bytes = cursor.varint()?;
        n_raw += n_bytes.min(u64::from(u32::MAX));
        if n_raw > n_raw_max as u64 {
            return Err(FrameError::Field("blob length"));
        }
        lengths.push(n_bytes as u32);
    }
    Ok(lengths)
}

fn parse_base(cursor: &mut Cursor, flags: u8, n_raw: u64) -> Result<Base, FrameError> {
    let key = Key(u64::from_be_bytes(cursor.array()?));
    let depth = cursor.take(1)?[0];
    let decoded_bytes = cursor.varint()?;
    if depth == 0 || depth > limits::DEPTH_MAX {
        return Err(FrameError::Field("depth"));
    }
    if decoded_bytes < n_raw || decoded_bytes > limits::DECODED_BYTES_MAX {
        return Err(FrameError::Field("decoded bytes"));
    }
    Ok(Base { key, depth, decoded_bytes: decoded_bytes as u32, skip: flags & SKIP != 0 })
}

/// Reads forward through bytes that may end too early.
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the first of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Whether everything was read.
    pub fn is_done(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], FrameError> {
        let end = self.at.checked_add(n).ok_or(FrameError::Short)?;
        let taken = self.bytes.get(self.at..end).ok_or(FrameError::Short)?;
        self.at = end;
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        self.take(N)?.try_into().map_err(|_| FrameError::Short)
    }

    /// The next LEB128 number, in its shortest spelling only.
    pub fn varint(&mut self) -> Result<u64, FrameError> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let shortest = byte != 0 || shift == 0;
                return if shortest { Ok(value) } else { Err(FrameError::Field("number")) };
            }
        }
        Err(FrameError::Field("number"))
    }
}

/// Appends a number below 2^63 in LEB128, shortest spelling.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> Vec<Header> {
        let base = Base { key: Key(7), depth: 3, decoded_bytes: 900, skip: true };
        vec![
            Header { kind: FrameKind::Single, packed: true, lengths: vec![300], base: None },
            Header { kind: FrameKind::Single, packed: true, lengths: vec![300], base: Some(base) },
            Header { kind: FrameKind::Solid, packed: true, lengths: vec![1, 0, 200], base: None },
            Header { kind: FrameKind::List, packed: false, lengths: vec![5], base: None },
        ]
    }

    #[test]
    fn a_frame_goes_round() {
        for header in headers() {
            let mut bytes = vec![9; 3];
            encode(&header, b"12345", &mut bytes);
            let (read, payload, n_bytes) = parse(&bytes[3..]).unwrap();
            assert_eq!((read, payload, n_bytes), (header, &b"12345"[..], bytes.len() - 3));
        }
    }

    #[test]
    fn a_header_is_read_without_its_payload() {
        for header in headers() {
            let mut bytes = Vec::new();
            encode(&header, b"12345", &mut bytes);
            let start = bytes.len() - 5;
            assert_eq!(peek(&bytes[..start]), Ok((header, bytes.len())));
            for end in 0..start {
                assert_eq!(peek(&bytes[..end]), Err(FrameError::Short), "cut at {end}");
            }
        }
        assert_eq!(peek(b"no frame"), Err(FrameError::Magic));
    }

    #[test]
    fn a_frame_cut_short_or_flipped_anywhere_is_no_frame() {
        for header in headers() {
            let mut bytes = Vec::new();
            encode(&header, b"12345", &mut bytes);
            for end in 0..bytes.len() {
                assert!(parse(&bytes[..end]).is_err(), "cut at {end}");
            }
            for at in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[at] ^= 0x10;
                assert!(parse(&flipped).is_err(), "flipped at {at}");
            }
        }
    }

    #[test]
    fn a_frame_is_found_again_in_rubble() {
        let mut bytes = b"rubble \xa7\x46 more".to_vec();
        let first = bytes.len();
        encode(&headers()[0], b"x", &mut bytes);
        let second = bytes.len();
        encode(&headers()[2], b"y", &mut bytes);
        assert_eq!(find(&bytes, 0), Some(first));
        assert_eq!(find(&bytes, first + 1), Some(second));
        assert_eq!(find(&bytes, second + 1), None);
    }

    #[test]
    fn a_number_has_one_spelling() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), (1 << 63) - 1] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert_eq!(Cursor::new(&bytes).varint(), Ok(value));
        }
        assert!(Cursor::new(&[0x80, 0x00]).varint().is_err());
        assert!(Cursor::new(&[0xff; 10]).varint().is_err());
    }
}
