//! A flipped bit in a solid frame costs the blobs that it touches, and none before them.
//!
//! Bytes of one solid frame are flipped, a sample of them or all with ARCHIVE_SLOW.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        inspect::audit::{AuditScope, Code},
    },
    backend::{
        Backend, Storage,
        memory::{Contents, Memory},
    },
    store::{
        Reader, Sealed, frame,
        payload::Unpacker,
        place::{Place, Places},
    },
    types::{
        digest::{Digest, Key},
        error::Error,
        pack_id::PackId,
    },
};

use crate::common::{add, init, is_slow};
use crate::store::prose;

/// Where the blobs of the frame lie.
struct Known(BTreeMap<Key, Place>);

impl Places for Known {
    fn places(&self, key: Key) -> Result<Vec<Place>, Error> {
        Ok(self.0.get(&key).copied().into_iter().collect())
    }
}

/// A document's name, its bytes, and where they lie.
type Stored = (String, Vec<u8>, Place);

/// An archive, and of its largest solid frame what is needed to damage it.
struct Example {
    contents: Contents,
    /// Of each blob of the frame: the document's name, the blob, its place, and where it ends among all.
    blobs: Vec<(String, Vec<u8>, Place, usize)>,
    frame: Vec<u8>,
    /// Where the payload begins.
    payload_at: usize,
    /// Where each zstd block begins in the frame, and in what is decoded.
    blocks: Vec<(usize, usize)>,
}

fn example() -> Example {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let texts: Vec<(String, Vec<u8>)> =
        (0..140).map(|n| (format!("wire/{n}"), prose(n, 900 + 9 * n as usize))).collect();
    let documents: Vec<(&str, &[u8])> =
        texts.iter().map(|(name, text)| (name.as_str(), &text[..])).collect();
    add(&mut archive, 1, &documents).unwrap();
    let mut by_frame: BTreeMap<(PackId, u32), Vec<Stored>> = BTreeMap::new();
    for (name, text) in texts {
        let place = archive.catalog().places(Digest::of(&text).key()).unwrap()[0];
        by_frame.entry((place.pack, place.offset)).or_default().push((name, text, place));
    }
    let mut members = by_frame.into_values().max_by_key(Vec::len).unwrap();
    members.sort_by_key(|(_, _, place)| place.index);
    let place = members[0].2;
    let contents = memory.contents();
    let pack = &contents[&place.pack.object_name()];
    let frame = pack[place.offset as usize..][..place.n_bytes as usize].to_vec();
    let (header, payload, _) = frame::parse(&frame).unwrap();
    assert_eq!(header.lengths.len(), members.len());
    let payload_at = frame.len() - payload.len();
    let blocks = blocks(payload, header.n_raw())
        .into_iter()
        .map(|(at, n_before)| (payload_at + at, n_before))
        .collect();
    let mut end = 0;
    let blobs = members.into_iter().map(|(name, text, place)| {
        end += text.len();
        (name, text, place, end)
    });
    Example { blobs: blobs.collect(), contents, frame, payload_at, blocks }
}

/// The blocks of a zstd frame (RFC 8878, section 3.1.1), and how much is decoded before each.
fn blocks(payload: &[u8], n_raw: usize) -> Vec<(usize, usize)> {
    let descriptor = payload[4];
    let is_single = descriptor & 0x20 != 0;
    let n_size = [usize::from(is_single), 2, 4, 8][usize::from(descriptor >> 6)];
    let mut at = 5 + usize::from(!is_single) + n_size;
    let mut found = Vec::new();
    loop {
        let before = Unpacker::default().unpack_leading(&payload[..at], None, n_raw).len();
        found.push((at, before));
        let head = u32::from_le_bytes([payload[at], payload[at + 1], payload[at + 2], 0]);
        at += 3 + if (head >> 1) & 3 == 1 { 1 } else { (head >> 3) as usize };
        if head & 1 == 1 {
            assert_eq!(at, payload.len());
            return found;
        }
    }
}

impl Example {
    /// The facts with a byte of the frame flipped.
    fn flipped(&self, at: usize, flip: u8) -> Contents {
        let place = self.blobs[0].2;
        let mut contents = self.contents.clone();
        let mut pack = contents[&place.pack.object_name()].to_vec();
        pack[place.offset as usize + at] ^= flip;
        contents.insert(place.pack.object_name(), pack.into());
        contents
    }

    /// The names of those documents whose blob cannot be read; what can be is right.
    fn lost(&self, contents: Contents) -> Vec<&str> {
        let places = self.blobs.iter().map(|(_, text, place, _)| (Digest::of(text).key(), *place));
        let backend: Arc<dyn Backend> = Arc::new(Memory::of(contents));
        let reader = Reader::new(Sealed::new(backend, Rc::new(Known(places.collect()))));
        let is_lost = |text: &Vec<u8>| match reader.blob(&Digest::of(text)) {
            Ok(found) => {
                assert!(found == *text);
                false
            }
            Err(error) => {
                assert!(matches!(error, Error::Damaged { .. }), "{error}");
                true
            }
        };
        let lost = self.blobs.iter().filter(|(_, text, ..)| is_lost(text));
        lost.map(|(name, ..)| name.as_str()).collect()
    }

    /// How many blobs end before the block that a byte of the frame belongs to.
    fn n_before(&self, at: usize) -> usize {
        let block = self.blocks.iter().take_while(|(start, _)| *start <= at).last();
        let n_raw = block.map_or(0, |(_, n_before)| *n_before);
        self.blobs.iter().take_while(|(_, _, _, end)| *end <= n_raw).count()
    }
}

#[test]
fn i4_a_flipped_bit_in_a_solid_frame_costs_no_blob_before_it() {
    let example = example();
    assert!(example.blocks.len() > 3, "{} blocks", example.blocks.len());
    let stride = if is_slow() { 11 } else { example.frame.len() / 150 };
    let (mut n_flips, mut n_lost, mut n_lost_most) = (0, 0, 0);
    for at in (0..example.frame.len()).step_by(stride) {
        let lost = example.lost(example.flipped(at, 1 << (at % 8)));
        let n_before = example.n_before(at);
        let readable = example.blobs.iter().take(n_before).map(|(name, ..)| name.as_str());
        for name in readable {
            assert!(!lost.contains(&name), "byte {at}: {name} lies before it");
        }
        (n_flips, n_lost) = (n_flips + 1, n_lost + lost.len());
        n_lost_most = n_lost_most.max(lost.len());
    }
    assert!(n_lost_most > 0, "no flip did harm");
    let n_all = n_flips * example.blobs.len();
    assert!(n_lost * 3 < n_all * 2, "{n_lost} of {n_all} blobs were lost");
}

#[test]
fn what_stands_before_the_header_of_a_frame_costs_nothing() {
    let example = example();
    for at in 0..6 {
        assert_eq!(example.lost(example.flipped(at, 0x10)), Vec::<&str>::new(), "byte {at}");
    }
}

#[test]
fn i15_an_audit_names_exactly_the_revisions_that_are_hurt() {
    let example = example();
    let third = example.blocks[2].0 + 200;
    for at in [3, third, example.frame.len() - 20] {
        let contents = example.flipped(at, 4);
        let mut lost: Vec<String> =
            example.lost(contents.clone()).into_iter().map(|name| format!("{name}@1")).collect();
        let archive = Archive::open(Arc::new(Memory::of(contents)), None).unwrap();
        let report =
            archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {});
        let findings = report.unwrap().findings;
        assert!(findings.iter().any(|finding| finding.code == Code::PackDamaged));
        let blobs = findings.iter().filter(|finding| finding.code == Code::BlobDamaged);
        let mut named: Vec<String> = blobs.flat_map(|it| it.revisions.clone()).collect();
        lost.sort_unstable();
        named.sort_unstable();
        assert_eq!(named, lost, "byte {at}");
        assert_eq!(lost.is_empty(), at < example.payload_at);
    }
}

#[test]
fn a_pack_without_its_directory_gives_back_what_is_whole_of_a_damaged_frame() {
    let example = example();
    let at = example.blocks[2].0 + 200;
    let mut contents = example.flipped(at, 4);
    let name = example.blobs[0].2.pack.object_name();
    let pack = contents[&name].to_vec();
    contents.insert(name, pack[..pack.len() - 9].into());
    let storage: Arc<dyn Storage> = Arc::new(Memory::of(contents));
    let archive = Archive::open(storage, None).unwrap();
    let n_before = example.n_before(at);
    assert!(n_before > 10, "{n_before} blobs");
    for (name, text, ..) in &example.blobs[..n_before] {
        let document = archive.document(name.as_bytes()).unwrap();
        let revision = archive.catalog().revisions(&document).unwrap().remove(0);
        assert!(archive.read_whole(&document, &revision).unwrap() == *text, "{name}");
    }
}
