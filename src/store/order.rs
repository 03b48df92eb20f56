//! In which order blobs are read so that each frame is decoded once.
//!
//! Reading a blob decodes all bases under it. In the order in which frames lie in packs most bases have left
//! the cache again when a later revision asks for them: packs go by their digests, which say nothing of time.
//! So blobs are read from the end of each chain upward: after a frame come those that rest on it.

use std::{cmp::Reverse, collections::HashMap};

use crate::types::digest::Key;

use super::{frame::Header, place::Place};

/// A frame of which blobs are wanted, and what rests on it.
struct WantedFrame<'b> {
    /// Its blobs, as numbers of what is wanted.
    blobs: &'b [usize],
    base: Option<Key>,
    depth: u8,
    /// Bytes decoded to read it and all that rests on it.
    n_bytes: u64,
    above: Vec<usize>,
}

/// The numbers of blobs, given as keys and places, in the order in which they are best read.
///
/// Frames with no base that is wanted as well come in the order in which they lie in packs. Of several frames on one
/// base the one with least above it comes first, so that the base is still at hand for the others. `header` is
/// asked once for each frame; where it has none the frame counts as one without a base.
pub fn reading_order(
    blobs: &[(Key, Place)],
    mut header: impl FnMut(&Place) -> Option<Header>,
) -> Vec<usize> {
    let mut by_place: Vec<usize> = (0..blobs.len()).collect();
    by_place.sort_unstable_by_key(|blob| blobs[*blob].1);
    let frame_at = |blob: usize| (blobs[blob].1.pack, blobs[blob].1.offset);
    let (mut frames, mut frame_of) = (Vec::new(), HashMap::new());
    for blobs_there in by_place.chunk_by(|x, y| frame_at(*x) == frame_at(*y)) {
        let header = header(&blobs[blobs_there[0]].1);
        for blob in blobs_there {
            frame_of.entry(blobs[*blob].0).or_insert(frames.len());
        }
        frames.push(WantedFrame {
            blobs: blobs_there,
            base: header.as_ref().and_then(|header| Some(header.base?.key)),
            depth: header.as_ref().map_or(0, Header::depth),
            n_bytes: header.as_ref().map_or(0, |header| header.n_raw() as u64),
            above: Vec::new(),
        });
    }
    // A base lies less deep than what rests on it, so that no chain leads in a circle.
    let base_of = |frame: &WantedFrame| {
        let base = *frame_of.get(&frame.base?)?;
        (frames[base].depth < frame.depth).then_some(base)
    };
    let base_of: Vec<Option<usize>> = frames.iter().map(base_of).collect();
    let ordered = from_bases_up(&mut frames, &base_of).into_iter();
    ordered.flat_map(|frame| frames[frame].blobs).copied().collect()
}

/// The frames, each after its base.
fn from_bases_up(frames: &mut [WantedFrame], base_of: &[Option<usize>]) -> Vec<usize> {
    let mut deepest_first: Vec<usize> = (0..frames.len()).collect();
    deepest_first.sort_by_key(|frame| Reverse(frames[*frame].depth));
    for frame in deepest_first {
        if let Some(base) = base_of[frame] {
            frames[base].n_bytes += frames[frame].n_bytes;
            frames[base].above.push(frame);
        }
    }
    let mut ordered = Vec::with_capacity(frames.len());
    let mut next: Vec<usize> =
        (0..frames.len()).rev().filter(|frame| base_of[*frame].is_none()).collect();
    while let Some(frame) = next.pop() {
        ordered.push(frame);
        let mut above = std::mem::take(&mut frames[frame].above);
        above.sort_by_key(|frame| Reverse(frames[*frame].n_bytes));
        next.extend(above);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::frame::{Base, FrameKind},
        types::{digest::Digest, pack_id::PackId},
    };

    fn place(offset: u32, index: u16) -> Place {
        let digest = Digest::of(&(offset % 3).to_be_bytes());
        let pack = PackId::from_slice(&[digest.as_bytes().as_slice(), &[0; 3]].concat()).unwrap();
        Place { pack, offset, n_bytes: 9, index }
    }

    /// A frame at `offset` with a blob whose key is that, on the one with the key `base`.
    fn header(n_bytes: u32, base: Option<(u64, u8)>) -> Header {
        let base =
            base.map(|(key, depth)| Base { key: Key(key), depth, decoded_bytes: 1, skip: false });
        Header { kind: FrameKind::Single, packed: true, lengths: vec![n_bytes], base }
    }

    fn order(frames: &[(u32, Header)]) -> Vec<u32> {
        let blobs: Vec<_> =
            frames.iter().map(|(at, _)| (Key(u64::from(*at)), place(*at, 0))).collect();
        let by_place: HashMap<Place, Header> =
            frames.iter().map(|(at, header)| (place(*at, 0), header.clone())).collect();
        let order = reading_order(&blobs, |place| by_place.get(place).cloned());
        order.into_iter().map(|n| frames[n].0).collect()
    }

    #[test]
    fn a_frame_comes_after_its_base_and_what_has_least_above_it_first() {
        let frames = [
            (1, header(10, Some((2, 1)))),
            (2, header(10, None)),
            (3, header(10, Some((1, 2)))),
            (4, header(15, Some((2, 1)))),
            (5, header(10, None)),
            (6, header(10, Some((3, 3)))),
        ];
        let order = order(&frames);
        let chain: Vec<u32> = order.iter().copied().filter(|frame| *frame != 5).collect();
        assert_eq!(chain, [2, 4, 1, 3, 6]);
        assert_eq!(order.len(), 6);
    }

    #[test]
    fn frames_that_claim_each_other_are_read_all_the_same() {
        let circle = [(1, header(1, Some((2, 1)))), (2, header(1, Some((1, 1))))];
        assert_eq!(order(&circle).len(), 2);
        let itself = [(1, header(1, Some((1, 1))))];
        assert_eq!(order(&itself), [1]);
    }

    #[test]
    fn blobs_of_one_frame_stay_together_and_unknown_headers_are_no_bases() {
        let blobs = [(1, 0), (4, 0), (1, 1), (4, 1), (1, 2)];
        let blobs: Vec<_> =
            (0..).zip(blobs).map(|(key, (at, index))| (Key(key), place(at, index))).collect();
        let mut n_asked = 0;
        let order = reading_order(&blobs, |_| {
            n_asked += 1;
            None
        });
        assert_eq!(n_asked, 2);
        assert!(order == [0, 2, 4, 1, 3] || order == [1, 3, 0, 2, 4], "{order:?}");
    }
}
