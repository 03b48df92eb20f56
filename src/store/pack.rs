//! Packs: many frames in one write-once object, named by its own SHA-256.
//!
//! Header · frames · directory · footer. The directory comes last so that a pack is written in one
//! pass and opened with two small reads. Without it the frames are found one by one
//! ([`salvage`]). Byte layout: docs/format.md, section 3.

use crate::{
    backend::Backend,
    types::{
        digest::{Digest, Key},
        error::Error,
        limits,
        pack_id::PackId,
    },
};

use super::{
    frame::{self, Cursor, FrameError, Header},
    place::Place,
};

/// What a pack begins with.
pub const HEADER: [u8; 8] = *b"ARCPACK\x01";
const FOOTER: [u8; 8] = *b"ARCPEND\x01";
const FOOTER_BYTES: usize = 24;
/// What is read first of a directory: all of one with some hundred blobs.
const LAST_BYTES: usize = 4 << 10;

/// One frame as a directory lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its length, header included.
    pub n_bytes: u32,
    /// The keys of its blobs, in order.
    pub keys: Vec<Key>,
}

/// A pack ready to be put: its bytes, and what lies where.
pub struct Packed {
    /// The SHA-256 of the whole object.
    pub digest: Digest,
    /// The whole object.
    pub bytes: Vec<u8>,
    /// Its frames in order.
    pub frames: Vec<Listed>,
}

/// A pack while it is being filled.
pub struct Builder {
    bytes: Vec<u8>,
    frames: Vec<Listed>,
}

impl Default for Builder {
    fn default() -> Self {
        Self { bytes: HEADER.to_vec(), frames: Vec::new() }
    }
}

impl Builder {
    /// Whether no frame was added yet.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The bytes so far.
    pub fn n_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a frame; returns where it starts and how long it is.
    pub fn add(&mut self, header: &Header, payload: &[u8], keys: Vec<Key>) -> (u32, u32) {
        let start = self.bytes.len();
        frame::encode(header, payload, &mut self.bytes);
        let n_bytes = (self.bytes.len() - start) as u32;
        self.frames.push(Listed { n_bytes, keys });
        (start as u32, n_bytes)
    }

    /// Adds a frame that is encoded already.
    pub fn add_encoded(&mut self, frame: &[u8], keys: Vec<Key>) {
        self.bytes.extend_from_slice(frame);
        self.frames.push(Listed { n_bytes: frame.len() as u32, keys });
    }

    /// The frame at a place in this unfinished pack.
    pub fn frame(&self, offset: u32, n_bytes: u32) -> Option<&[u8]> {
        self.bytes.get(offset as usize..)?.get(..n_bytes as usize)
    }

    /// Closes the pack with its directory and footer.
    pub fn seal(mut self) -> Packed {
        let directory = encode_directory(&self.frames);
        let n_blobs: usize = self.frames.iter().map(|frame| frame.keys.len()).sum();
        let mut footer = Vec::with_capacity(FOOTER_BYTES);
        for n in [directory.len(), self.frames.len(), n_blobs] {
            footer.extend_from_slice(&(n as u32).to_le_bytes());
        }
        self.bytes.extend_from_slice(&directory);
        let checksum = checksum(&directory, &footer);
        footer.extend_from_slice(&checksum.to_le_bytes());
        footer.extend_from_slice(&FOOTER);
        self.bytes.extend_from_slice(&footer);
        Packed { digest: Digest::of(&self.bytes), bytes: self.bytes, frames: self.frames }
    }
}

/// The places of all blobs of a pack, from its directory.
pub fn places(pack: PackId, frames: &[Listed]) -> impl Iterator<Item = (Key, Place)> {
    let mut offset = HEADER.len() as u32;
    frames.iter().flat_map(move |frame| {
        let start = offset;
        offset += frame.n_bytes;
        let n_bytes = frame.n_bytes;
        frame.keys.iter().enumerate().map(move |(index, key)| {
            (*key, Place { pack, offset: start, n_bytes, index: index as u16 })
        })
    })
}

/// Reads a pack's directory.
pub fn directory(backend: &dyn Backend, pack: &PackId) -> Result<Vec<Listed>, Error> {
    directory_and_size(backend, pack).map(|(frames, _)| frames)
}

/// Reads a pack's directory from its end, of a small one at once; and how long the whole pack is.
pub fn directory_and_size(
    backend: &dyn Backend,
    pack: &PackId,
) -> Result<(Vec<Listed>, u64), Error> {
    let name = pack.object_name();
    let read_last = |n_max| backend.read_last(&name, n_max)?.ok_or_else(|| Error::missing(&*name));
    let short = || Error::damaged(&*name, "it is too short for a pack");
    let (mut last, mut n_pack) = read_last(LAST_BYTES)?;
    let footer_at = last.len().checked_sub(FOOTER_BYTES).ok_or_else(short)?;
    let footer = &last[footer_at..];
    let n_directory = u32::from_le_bytes([footer[0], footer[1], footer[2], footer[3]]) as usize;
    if n_directory > limits::DIRECTORY_BYTES_MAX {
        return Err(Error::damaged(&*name, "its footer states too long a directory"));
    }
    if n_directory + FOOTER_BYTES > last.len() {
        (last, n_pack) = read_last(n_directory + FOOTER_BYTES)?;
    }
    let start = last.len().checked_sub(n_directory + FOOTER_BYTES).ok_or_else(short)?;
    let (directory, footer) = last[start..].split_at(n_directory);
    let directory_at = n_pack - (n_directory + FOOTER_BYTES) as u64;
    let frames = parse_directory(directory, footer, directory_at)
        .map_err(|why| Error::damaged(&*name, format!("its directory cannot be read: {why}")))?;
    Ok((frames, n_pack))
}

/// Reads a whole pack, comparing header, directory and every frame's checksum.
pub fn check(bytes: &[u8]) -> Result<Vec<Listed>, FrameError> {
    let (frames, directory_at) = listing(bytes)?;
    let mut at = HEADER.len();
    for listed in &frames {
        let (header, _, n_bytes) = frame::parse(&bytes[at..directory_at])?;
        if n_bytes != listed.n_bytes as usize || header.lengths.len() != listed.keys.len() {
            return Err(FrameError::Field("directory entry"));
        }
        at += n_bytes;
    }
    Ok(frames)
}

/// Calls `each` with offset, length and header of every frame of a whole pack, in order.
///
/// Payloads are passed over; the headers must be those that the directory lists.
pub fn each_header(bytes: &[u8], mut each: impl FnMut(u32, u32, Header)) -> Result<(), FrameError> {
    let (frames, directory_at) = listing(bytes)?;
    let mut at = HEADER.len();
    for listed in &frames {
        let (header, n_bytes) = frame::peek(&bytes[at..directory_at])?;
        if n_bytes != listed.n_bytes as usize || header.lengths.len() != listed.keys.len() {
            return Err(FrameError::Field("directory entry"));
        }
        each(at as u32, listed.n_bytes, header);
        at += n_bytes;
    }
    Ok(())
}

/// Reads header and directory of a whole pack: its frames, and where the directory starts.
fn listing(bytes: &[u8]) -> Result<(Vec<Listed>, usize), FrameError> {
    let footer_at = bytes.len().checked_sub(FOOTER_BYTES).ok_or(FrameError::Short)?;
    let (rest, footer) = bytes.split_at(footer_at);
    let n_directory = Cursor::new(footer).array().map(u32::from_le_bytes)? as usize;
    let directory_at = rest.len().checked_sub(n_directory).ok_or(FrameError::Short)?;
    let frames = parse_directory(&rest[directory_at..], footer, directory_at as u64)?;
    if rest.get(..HEADER.len()) != Some(&HEADER) {
        return Err(FrameError::Magic);
    }
    Ok((frames, directory_at))
}

/// Finds the frames of a pack whose directory is lost: offset and length of each.
///
/// What stands between whole frames, or after the last, and begins like a frame may be a damaged one.
pub fn salvage(bytes: &[u8]) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    let mut from = HEADER.len();
    loop {
        let whole = frame::find(bytes, from);
        let end = whole.unwrap_or(bytes.len());
        while let Some(n_bytes) = damaged(bytes.get(from..end).unwrap_or_default()) {
            found.push((from as u32, n_bytes as u32));
            from += n_bytes;
        }
        let Some(at) = whole else { return found };
        let Ok((_, _, n_bytes)) = frame::parse(&bytes[at..]) else { return found };
        found.push((at as u32, n_bytes as u32));
        from = at + n_bytes;
    }
}

/// The length of what begins like a frame: what its header states, or all there is.
fn damaged(stretch: &[u8]) -> Option<usize> {
    if !stretch.starts_with(&frame::MAGIC) {
        return None;
    }
    let stated = frame::peek(stretch).ok().map(|(_, n_bytes)| n_bytes);
    Some(stated.filter(|n_bytes| *n_bytes <= stretch.len()).unwrap_or(stretch.len()))
}

fn encode_directory(frames: &[Listed]) -> Vec<u8> {
    let mut directory = Vec::new();
    for listed in frames {
        frame::put_varint(&mut directory, u64::from(listed.n_bytes));
        frame::put_varint(&mut directory, listed.keys.len() as u64);
        for key in &listed.keys {
            directory.extend_from_slice(&key.0.to_be_bytes());
        }
    }
    directory
}

fn parse_directory(
    directory: &[u8],
    footer: &[u8],
    directory_at: u64,
) -> Result<Vec<Listed>, FrameError> {
    let mut fields = Cursor::new(footer);
    let [_, n_frames, n_blobs, stated] =
        [fields.array()?, fields.array()?, fields.array()?, fields.array()?]
            .map(u32::from_le_bytes);
    if fields.take(8)? != FOOTER {
        return Err(FrameError::Magic);
    }
    let found = checksum(directory, &footer[..12]);
    if stated != found {
        return Err(FrameError::Checksum { stated, found });
    }
    let mut cursor = Cursor::new(directory);
    let mut frames = Vec::new();
    while !cursor.is_done() {
        frames.push(parse_listed(&mut cursor)?);
    }
    let n_keys: usize = frames.iter().map(|frame| frame.keys.len()).sum();
    let end: u64 = frames.iter().map(|frame| u64::from(frame.n_bytes)).sum();
    if frames.len() != n_frames as usize || n_keys != n_blobs as usize {
        return Err(FrameError::Field("directory count"));
    }
    if end + HEADER.len() as u64 != directory_at {
        return Err(FrameError::Field("directory length"));
    }
    Ok(frames)
}

fn parse_listed(cursor: &mut Cursor) -> Result<Listed, FrameError> {
    let n_bytes = cursor.varint()?;
    let n_keys = cursor.varint()?;
    let n_bytes_max = limits::PAYLOAD_BYTES_MAX + 8 * limits::FRAME_BLOBS_MAX;
    if n_bytes > n_bytes_max as u64 || n_keys == 0 || n_keys > limits::FRAME_BLOBS_MAX as u64 {
        return Err(FrameError::Field("directory entry"));
    }
    let keys = (0..n_keys)
        .map(|_| Ok(Key(u64::from_be_bytes(cursor.array()?))))
        .collect::<Result<_, FrameError>>()?;
    Ok(Listed { n_bytes: n_bytes as u32, keys })
}

fn checksum(directory: &[u8], counts: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(directory);
    hasher.update(counts);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::frame::FrameKind;

    fn example_pack() -> Packed {
        let mut builder = Builder::default();
        let single =
            Header { kind: FrameKind::Single, packed: false, lengths: vec![3], base: None };
        let solid =
            Header { kind: FrameKind::Solid, packed: false, lengths: vec![1, 2], base: None };
        builder.add(&single, b"abc", vec![Key(1)]);
        builder.add(&solid, b"xyz", vec![Key(2), Key(3)]);
        builder.seal()
    }

    #[test]
    fn a_pack_lists_what_was_put_into_it() {
        let packed = example_pack();
        assert_eq!(check(&packed.bytes), Ok(packed.frames.clone()));
        let places: Vec<_> =
            places(PackId { digest: packed.digest, upload: [0; 3] }, &packed.frames).collect();
        assert_eq!(places.len(), 3);
        let (key, place) = places[2];
        assert_eq!((key, place.index), (Key(3), 1));
        let frame = &packed.bytes[place.offset as usize..][..place.n_bytes as usize];
        assert_eq!(frame::parse(frame).unwrap().1, b"xyz");
    }

    #[test]
    fn headers_are_those_of_the_frames_in_order() {
        let packed = example_pack();
        let mut found = Vec::new();
        let met = |at, n_bytes, header: Header| found.push((at, n_bytes, header.lengths));
        each_header(&packed.bytes, met).unwrap();
        let [first, second] = [0, 1].map(|n| packed.frames[n].n_bytes);
        assert_eq!(found, [(8, first, vec![3]), (8 + first, second, vec![1, 2])]);
        let mut flipped = packed.bytes;
        flipped[8] ^= 1;
        assert!(each_header(&flipped, |_, _, _| ()).is_err());
    }

    #[test]
    fn a_pack_cut_short_or_flipped_anywhere_is_no_pack() {
        let packed = example_pack();
        for end in 0..packed.bytes.len() {
            assert!(check(&packed.bytes[..end]).is_err(), "cut at {end}");
        }
        for at in 0..packed.bytes.len() {
            let mut flipped = packed.bytes.clone();
            flipped[at] ^= 1;
            assert!(check(&flipped).is_err(), "flipped at {at}");
        }
    }

    #[test]
    fn frames_are_salvaged_from_a_pack_without_directory() {
        let packed = example_pack();
        let first = packed.frames[0].n_bytes;
        let second = packed.frames[1].n_bytes;
        let end = packed.bytes.len() - 30;
        let both = [(8, first), (8 + first, second)];
        assert_eq!(salvage(&packed.bytes[..end]), both);
        // A damaged one counts, with the length that its header states; noise does not.
        for at in [8 + first - 1, 8 + first + second - 1] {
            let mut flipped = packed.bytes[..end].to_vec();
            flipped[at as usize] ^= 1;
            assert_eq!(salvage(&flipped), both, "flipped at {at}");
        }
        assert_eq!(salvage(&[7; 100]), []);
        assert_eq!(salvage(&packed.bytes[..5]), []);
    }
}
