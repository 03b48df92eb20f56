//! Usage: how blobs are stored, counted from the headers of their frames.
//!
//! Nothing is decoded. A frame that several blobs share is counted once, as a whole; what one of
//! them takes of it is its [`share`], in proportion to its bytes.

use std::collections::HashMap;

use crate::{
    backend::Backend,
    types::{digest::Key, error::Error, limits, pack_id::PackId},
};

use super::{
    compressor::LEVEL_ALONE,
    frame::{self, FrameKind, Header},
    pack,
    payload::Packer,
};

/// How a blob is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Not compressed.
    AsIs,
    /// Compressed alone.
    Alone,
    /// Compressed against a base.
    Based,
    /// Compressed together with others, in a solid frame.
    Solid,
    /// The chunk list of a large content.
    List,
}

/// What is stored in one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StorageClass {
    /// How many blobs.
    pub n_blobs: u64,
    /// Their bytes.
    pub n_raw: u64,
    /// Bytes of their frames, headers included.
    pub n_stored: u64,
}

/// What packs consist of; everything that is stored adds up to their bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StorageStats {
    /// Blobs that are not compressed.
    pub as_is: StorageClass,
    /// Blobs compressed alone.
    pub alone: StorageClass,
    /// Blobs compressed against a base.
    pub based: StorageClass,
    /// Blobs in solid frames.
    pub solid: StorageClass,
    /// Chunk lists.
    pub lists: StorageClass,
    /// How many packs were read.
    pub n_packs: u64,
    /// Bytes of their headers, directories and footers.
    pub n_directories: u64,
    /// How many packs have no directory or no headers that can be read.
    pub n_unreadable: u64,
    /// Bytes of those.
    pub n_unreadable_bytes: u64,
}

/// What a blob takes of a frame that it shares: for each solid frame, the bytes of its blobs.
///
/// Frames with one blob are not remembered, so this grows by one number for 256 KiB of small contents.
#[derive(Default)]
pub struct Shares(HashMap<(Key, u32), u64>);

/// How the blobs of a frame are stored.
pub fn how(header: &Header) -> How {
    match header {
        Header { kind: FrameKind::List, .. } => How::List,
        Header { packed: false, .. } => How::AsIs,
        Header { base: Some(_), .. } => How::Based,
        Header { lengths, .. } if lengths.len() > 1 => How::Solid,
        _ => How::Alone,
    }
}

/// What a blob of `n_blob` bytes takes of a frame whose blobs have `n_raw` bytes together.
pub fn share(n_frame: u64, n_blob: u64, n_raw: u64) -> u64 {
    (n_frame * n_blob + n_raw / 2).checked_div(n_raw).unwrap_or(n_frame)
}

/// What a blob would take if it were compressed alone, its frame's header included.
pub fn alone(bytes: &[u8]) -> u64 {
    let packed = Packer::default().pack(bytes, LEVEL_ALONE);
    let lengths = vec![bytes.len() as u32];
    let header = Header { kind: FrameKind::Single, packed: packed.is_some(), lengths, base: None };
    let mut frame = Vec::new();
    frame::encode(&header, packed.as_deref().unwrap_or(bytes), &mut frame);
    frame.len() as u64
}

impl Shares {
    /// The share of a blob of `n_blob` bytes in the frame of `n_frame` bytes at this place.
    pub fn of(&self, (pack, offset, n_frame): (Key, u32, u32), n_blob: u64) -> u64 {
        let n_frame = u64::from(n_frame);
        self.0.get(&(pack, offset)).map_or(n_frame, |n_raw| share(n_frame, n_blob, *n_raw))
    }
}

impl StorageStats {
    /// Counts what a pack consists of, from the headers of its frames.
    ///
    /// The pack is read as a whole; one that cannot be made out is counted as that.
    pub fn count(
        &mut self,
        backend: &dyn Backend,
        pack: &PackId,
        shares: &mut Shares,
    ) -> Result<(), Error> {
        let name = pack.object_name();
        let bytes = match backend.read(&name, limits::PACK_BYTES_MAX as usize) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(Error::Damaged { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut stats = self.clone();
        let mut n_frames = 0;
        let counted = pack::each_header(&bytes, |offset, n_bytes, header| {
            n_frames += u64::from(n_bytes);
            if header.lengths.len() > 1 {
                shares.0.insert((pack.key(), offset), header.n_raw() as u64);
            }
            let class = stats.class(how(&header));
            class.n_blobs += header.lengths.len() as u64;
            class.n_raw += header.n_raw() as u64;
            class.n_stored += u64::from(n_bytes);
        });
        if counted.is_ok() {
            stats.n_packs += 1;
            stats.n_directories += bytes.len() as u64 - n_frames;
            *self = stats;
        } else {
            self.n_unreadable += 1;
            self.n_unreadable_bytes += backend.size(&name)?.unwrap_or(0);
        }
        Ok(())
    }

    fn class(&mut self, how: How) -> &mut StorageClass {
        match how {
            How::AsIs => &mut self.as_is,
            How::Alone => &mut self.alone,
            How::Based => &mut self.based,
            How::Solid => &mut self.solid,
            How::List => &mut self.lists,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::memory::Memory, store::frame::Base};

    fn header(kind: FrameKind, packed: bool, lengths: &[u32], base: Option<Base>) -> Header {
        Header { kind, packed, lengths: lengths.to_vec(), base }
    }

    fn example() -> (Memory, pack::Packed) {
        let base = Some(Base { key: Key(1), depth: 1, decoded_bytes: 90, skip: false });
        let mut builder = pack::Builder::default();
        for (header, payload) in [
            (header(FrameKind::Single, false, &[3], None), "abc"),
            (header(FrameKind::Single, true, &[30], None), "alone"),
            (header(FrameKind::Single, true, &[40], base), "based"),
            (header(FrameKind::Solid, true, &[10, 20], None), "solid"),
            (header(FrameKind::List, true, &[73], None), "list"),
        ] {
            let keys = (0..header.lengths.len() as u64).map(Key).collect();
            builder.add(&header, payload.as_bytes(), keys);
        }
        let packed = builder.seal();
        let memory = Memory::default();
        memory.put(&id(&packed).object_name(), &packed.bytes).unwrap();
        (memory, packed)
    }

    fn id(packed: &pack::Packed) -> PackId {
        PackId { digest: packed.digest, upload: [0; 3] }
    }

    #[test]
    fn storage_classes_add_up_to_the_pack() {
        let (memory, packed) = example();
        let (mut stats, mut shares) = (StorageStats::default(), Shares::default());
        stats.count(&memory, &id(&packed), &mut shares).unwrap();
        let all = [stats.as_is, stats.alone, stats.based, stats.solid, stats.lists];
        assert_eq!(all.map(|class| class.n_blobs), [1, 1, 1, 2, 1]);
        assert_eq!(all.map(|class| class.n_raw), [3, 30, 40, 30, 73]);
        let n_stored: u64 = all.iter().map(|class| class.n_stored).sum();
        assert_eq!(n_stored + stats.n_directories, packed.bytes.len() as u64);
        assert_eq!((stats.n_packs, stats.n_unreadable), (1, 0));
    }

    #[test]
    fn a_pack_that_cannot_be_made_out_is_counted_as_that() {
        let (memory, packed) = example();
        let name = id(&packed).object_name();
        let mut contents = memory.contents();
        contents.insert(name, packed.bytes[..40].to_vec().into());
        let (mut stats, mut shares) = (StorageStats::default(), Shares::default());
        stats.count(&Memory::of(contents), &id(&packed), &mut shares).unwrap();
        stats.count(&Memory::default(), &id(&packed), &mut shares).unwrap();
        let wanted =
            StorageStats { n_unreadable: 2, n_unreadable_bytes: 40, ..StorageStats::default() };
        assert_eq!(stats, wanted);
    }

    #[test]
    fn a_share_is_in_proportion() {
        for (n_frame, n_blob, n_raw, wanted) in
            [(100, 1, 4, 25), (100, 2, 3, 67), (100, 0, 3, 0), (100, 3, 3, 100), (9, 0, 0, 9)]
        {
            assert_eq!(share(n_frame, n_blob, n_raw), wanted, "{n_blob} of {n_raw}");
        }
        let (memory, packed) = example();
        let mut shares = Shares::default();
        StorageStats::default().count(&memory, &id(&packed), &mut shares).unwrap();
        let at: Vec<_> = pack::places(id(&packed), &packed.frames)
            .map(|(_, place)| (id(&packed).key(), place.offset, place.n_bytes))
            .collect();
        assert_eq!(shares.of(at[1], 30), u64::from(at[1].2), "it has the frame for itself");
        assert_eq!(shares.of(at[3], 10), share(u64::from(at[3].2), 10, 30));
    }

    #[test]
    fn alone_counts_the_header_too() {
        assert_eq!(alone(b"abc"), 3 + 9);
        assert!(alone(&[b'x'; 1000]) < 40);
    }
}
