//! Bundles: up to 256 consecutive events of one commit, or their details, as one zstd frame.
//!
//! Unpacked, a bundle of entries is a tlog-tiles entry bundle: each line after its length in two
//! bytes, big-endian. Details have lengths of four bytes; an erased one has length 0.

use std::{cell::RefCell, ops::Range};

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, find_frame_compressed_size, get_frame_content_size};

use crate::types::{error::Error, limits};

/// Bundles are mostly digests in hex, where a longer search finds only short matches that cost more
/// than they save: level 9 is larger by a tenth; level 19 is smaller by a fiftieth and takes 200
/// times as long.
const LEVEL: i32 = 1;

/// What bundles are compressed against: the words that begin each of them, which a small commit has once.
/// It is part of the format (docs/format.md, section 7).
pub const DICTIONARY: &[u8] = include_bytes!("dictionary.txt");

/// Which half of the events a bundle holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// The events' lines.
    Entries,
    /// What people wrote about them.
    Details,
}

impl Half {
    /// A bundle as stored can hardly be larger than unpacked.
    pub fn stored_bytes_max(self) -> usize {
        self.bundle_bytes_max() + (self.bundle_bytes_max() >> 8) + 1024
    }

    fn bundle_bytes_max(self) -> usize {
        match self {
            Self::Entries => limits::ENTRIES_BYTES_MAX,
            Self::Details => limits::DETAILS_BYTES_MAX,
        }
    }

    fn item_bytes_max(self) -> usize {
        match self {
            Self::Entries => limits::EVENT_BYTES_MAX,
            Self::Details => limits::DETAIL_BYTES_MAX,
        }
    }

    fn length_bytes(self) -> usize {
        match self {
            Self::Entries => 2,
            Self::Details => 4,
        }
    }
}

/// Packs items, each within its limit, into the bytes of a bundle.
pub fn encode(half: Half, items: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let mut plain = Vec::new();
    for item in items {
        let length = u32::try_from(item.len()).ok().filter(|_| item.len() <= half.item_bytes_max());
        let length = length.ok_or_else(|| Error::usage("an event or detail is too long"))?;
        plain.extend_from_slice(&length.to_be_bytes()[4 - half.length_bytes()..]);
        plain.extend_from_slice(item);
    }
    let pack = || {
        let mut compressor = Compressor::with_dictionary(LEVEL, DICTIONARY)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        compressor.compress(&plain)
    };
    pack().map_err(|e| Error::io("compress", "a bundle", e))
}

/// What a bundle holds, in one piece.
#[derive(Debug, Clone, Default)]
pub struct BundleItems {
    plain: Vec<u8>,
    /// Where each lies in it.
    places: Vec<Range<usize>>,
}

impl BundleItems {
    /// The n-th.
    pub fn get(&self, n: usize) -> Option<&[u8]> {
        self.places.get(n).map(|place| &self.plain[place.clone()])
    }

    /// Each in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| &self.plain[place.clone()])
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// These alone, counted from 0.
    pub fn cut(mut self, wanted: Range<usize>) -> Self {
        self.places.truncate(wanted.end);
        self.places.drain(..wanted.start.min(self.places.len()));
        self
    }

    /// Each as `rewrite` puts it, which has its number and appends.
    pub fn rewritten(&self, mut rewrite: impl FnMut(usize, &[u8], &mut Vec<u8>)) -> Self {
        let mut all = Self { plain: Vec::new(), places: Vec::with_capacity(self.len()) };
        for (n, item) in self.iter().enumerate() {
            let start = all.plain.len();
            rewrite(n, item, &mut all.plain);
            all.places.push(start..all.plain.len());
        }
        all
    }

    /// A copy of each.
    pub fn to_vecs(&self) -> Vec<Vec<u8>> {
        self.iter().map(<[u8]>::to_vec).collect()
    }
}

/// Unpacks a bundle of exactly `width` items; the error names what is wrong with it.
pub fn decode(half: Half, stored: &[u8], width: u64) -> Result<BundleItems, String> {
    let plain = unpack(half, stored)?;
    let (mut start, mut places) = (0, Vec::new());
    while start < plain.len() {
        let rest = &plain[start..];
        let (length, tail) =
            rest.split_at_checked(half.length_bytes()).ok_or("a length is cut short")?;
        let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        if length > half.item_bytes_max() {
            return Err(format!("item {} states {length} bytes", places.len()));
        }
        if tail.len() < length {
            return Err("an item is cut short".into());
        }
        start += half.length_bytes() + length;
        places.push(start - length..start);
    }
    if places.len() as u64 != width {
        return Err(format!("it holds {} items, not {width}", places.len()));
    }
    Ok(BundleItems { plain, places })
}

thread_local! {
    /// To make its tables costs more than to unpack the bundle of a small commit.
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Takes exactly one frame that states its size, so that nothing is allocated beyond the limit.
fn unpack(half: Half, stored: &[u8]) -> Result<Vec<u8>, String> {
    let n_stored = find_frame_compressed_size(stored).map_err(|_| "it is not one zstd frame")?;
    if n_stored != stored.len() {
        return Err("there is more than one zstd frame".into());
    }
    let n_plain =
        get_frame_content_size(stored).ok().flatten().and_then(|n| usize::try_from(n).ok());
    let n_plain = n_plain.ok_or("its frame does not state its size")?;
    if n_plain > half.bundle_bytes_max() {
        return Err(format!("its frame states {n_plain} bytes"));
    }
    let unpacked = UNPACKER.with_borrow_mut(|zstd| match zstd {
        Some(zstd) => zstd.decompress(stored, n_plain),
        None => zstd.insert(Decompressor::with_dictionary(DICTIONARY)?).decompress(stored, n_plain),
    });
    unpacked.map_err(|e| format!("it cannot be unpacked: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_go_round() {
        for half in [Half::Entries, Half::Details] {
            let items: [&[u8]; 3] = [b"{\"t\":1}", b"", &[b'x'; 4096]];
            let stored = encode(half, &items).unwrap();
            assert_eq!(decode(half, &stored, 3).unwrap().to_vecs(), items);
            assert!(decode(half, &stored, 2).is_err());
            assert!(decode(half, &stored, 4).is_err());
        }
    }

    #[test]
    fn a_bundle_cut_or_changed_anywhere_is_refused() {
        let stored = encode(Half::Entries, &[b"one", b"two", b"three"]).unwrap();
        for i in 0..stored.len() {
            assert!(decode(Half::Entries, &stored[..i], 3).is_err(), "cut at {i}");
            let mut bad = stored.clone();
            bad[i] ^= 1;
            let whole = decode(Half::Entries, &bad, 3)
                .is_ok_and(|items| items.to_vecs() != [&b"one"[..], b"two", b"three"]);
            assert!(!whole, "byte {i}");
        }
        assert!(decode(Half::Entries, &stored.repeat(2), 6).is_err());
    }

    #[test]
    fn no_length_is_trusted() {
        assert!(encode(Half::Entries, &[&[0; 4097]]).is_err());
        let bomb = zstd::bulk::compress(&vec![0; limits::ENTRIES_BYTES_MAX + 1], 3).unwrap();
        assert!(decode(Half::Entries, &bomb, 256).unwrap_err().contains("states"));
        let long = zstd::bulk::compress(&[0xff; 70_000], 3).unwrap();
        assert!(decode(Half::Entries, &long, 1).unwrap_err().contains("states"));
        let cut = zstd::bulk::compress(&[0, 9, 1], 3).unwrap();
        assert!(decode(Half::Entries, &cut, 1).is_err());
    }
}
