//! The store's own promises: bounded chains, bases wherever they are, the same packs on any number of threads.
//!
//! Chains of 300 revisions by default, of 10,000 with ARCHIVE_SLOW; of 200 and 2,000 where they grow.
//! Fewer numbers of threads and fewer rewritings by default.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use docarchive::internals::{
    archive::{
        Archive,
        ingest::{IngestOptions, Outcome},
        maintain::compact::Policy,
    },
    backend::{Backend, Storage, memory::Memory},
    store::{
        CompressionLevels, Nothing, Reader, Sealed,
        frame::{self, FrameKind, Header},
        pack,
        usage::How,
    },
    types::{digest::Digest, limits},
};
use proptest::prelude::*;

use crate::common::{
    add, check, everything, ingest, init, init_in, intake, is_slow, noise, open_in,
};

/// Prose without end, another one for each seed.
pub fn prose(seed: u64, n_bytes: usize) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "harbour",
        "storm",
        "ferry",
        "council",
        "breakwater",
        "quarry",
        "week",
        "engineers",
        "swell",
        "barges",
        "morning",
        "notice",
        "licence",
        "terms",
        "island",
        "winter",
    ];
    let numbers = noise(seed, n_bytes / 4);
    let words = numbers.iter().flat_map(|byte| {
        let word = WORDS[usize::from(byte & 15)];
        let end = if byte >> 4 == 0 { "\n" } else { " " };
        format!("{word}{}{end}", byte >> 5).into_bytes()
    });
    words.take(n_bytes).collect()
}

/// Every frame of every pack with the keys of its blobs.
fn frames(backend: &dyn Backend) -> Vec<(Header, Vec<u64>)> {
    let mut all = Vec::new();
    for object in backend.list("packs").unwrap() {
        let bytes = backend.read(&object.name, 1 << 30).unwrap().unwrap();
        let mut at = 8;
        for listed in pack::check(&bytes).unwrap() {
            let (header, _, n_bytes) = frame::parse(&bytes[at..]).unwrap();
            all.push((header, listed.keys.iter().map(|key| key.0).collect()));
            at += n_bytes;
        }
    }
    all
}

/// Depth and decoded bytes in the headers are what the bases give, and within the limits.
fn bounds_hold(backend: &dyn Backend) {
    let frames = frames(backend);
    let mut by_key: HashMap<u64, Vec<&Header>> = HashMap::new();
    for (header, keys) in &frames {
        keys.iter().for_each(|key| by_key.entry(*key).or_default().push(header));
    }
    for (header, _) in &frames {
        assert!(header.depth() <= limits::DEPTH_MAX);
        assert!(header.decoded_bytes() <= limits::DECODED_BYTES_MAX || header.base.is_none());
        if header.kind == FrameKind::Solid {
            assert!(header.n_raw() <= limits::SOLID_BYTES_MAX);
        }
        if let Some(base) = header.base {
            let fits = |below: &&Header| {
                below.depth() + 1 == base.depth
                    && below.decoded_bytes() + header.n_raw() as u64
                        == u64::from(base.decoded_bytes)
            };
            assert!(by_key[&base.key.0].iter().any(fits), "{header:?}");
        }
    }
}

/// Adds revisions of one document in transactions of a hundred, and reads every one of them.
fn chain(revisions: impl Iterator<Item = Vec<u8>>) -> (Archive, Arc<dyn Storage>) {
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut archive = init(Arc::clone(&backend));
    let mut digests = Vec::new();
    let revisions: Vec<Vec<u8>> = revisions.collect();
    for (n, batch) in revisions.chunks(100).enumerate() {
        let batch: Vec<(&str, &[u8])> = batch.iter().map(|bytes| ("doc", &bytes[..])).collect();
        add(&mut archive, n as u64 + 1, &batch).unwrap();
        digests.extend(batch.iter().map(|(_, bytes)| Digest::of(bytes)));
    }
    bounds_hold(&*backend);
    let document = archive.document(b"doc").unwrap();
    let found = archive.catalog().revisions(&document).unwrap();
    assert_eq!(found.len(), digests.len());
    for (revision, digest) in found.iter().rev().zip(&digests) {
        assert_eq!(Digest::of(&archive.read_whole(&document, revision).unwrap()), *digest);
    }
    (archive, backend)
}

fn n_packed(backend: &dyn Backend) -> u64 {
    backend.list("packs").unwrap().iter().map(|object| object.bytes).sum()
}

fn n_revisions() -> usize {
    if is_slow() { 2500 } else { 300 }
}

fn n_growing() -> usize {
    if is_slow() { 1000 } else { 200 }
}

#[test]
fn a_document_with_very_many_revisions_stays_within_bounds() {
    let text = prose(1, 3000);
    let revision = |n: usize| {
        let mut text = text.clone();
        let at = n * 37 % text.len();
        text.splice(at..at, format!(" [{n}] ").into_bytes());
        text
    };
    let (_, backend) = chain((0..n_revisions()).map(revision));
    let n_each = n_packed(&*backend) / n_revisions() as u64;
    assert!(n_each < 160, "{n_each} bytes for each revision");
}

#[test]
fn alternating_contents_are_stored_once() {
    let texts = [prose(1, 9000), prose(2, 9000)];
    let (archive, _) = chain((0..400).map(|n| texts[n % 2].clone()));
    assert_eq!(archive.totals().unwrap().0.n_contents, 2);
}

#[test]
fn a_growing_document_stays_within_bounds() {
    let lines = prose(3, 40 * n_growing());
    let (_, backend) = chain((1..=n_growing()).map(|n| lines[..40 * n].to_vec()));
    let n_alone = n_packed(&*backend);
    // Each revision adds forty bytes; whole copies would take half the square of that.
    assert!(n_alone < 200 * n_growing() as u64, "{n_alone} bytes");
}

#[test]
fn a_document_that_grows_at_the_front_stays_within_bounds() {
    let lines = prose(4, 40 * n_growing());
    chain((1..=n_growing()).map(|n| lines[lines.len() - 40 * n..].to_vec()));
}

#[test]
fn large_revisions_stay_within_the_bytes_decoded() {
    let text = prose(5, 3 << 20);
    let revision = |n: usize| [&text[..], format!("revision {n}").as_bytes()].concat();
    let (archive, _) = chain((0..if is_slow() { 8 } else { 4 }).map(revision));
    let document = archive.document(b"doc").unwrap();
    for revision in archive.catalog().revisions(&document).unwrap() {
        let chain = archive.chain(&revision).unwrap();
        assert!(chain.decoded_bytes <= limits::DECODED_BYTES_MAX, "{chain:?}");
    }
}

fn how(archive: &Archive, name: &str) -> How {
    let document = archive.document(name.as_bytes()).unwrap();
    let revision = archive.catalog().revisions(&document).unwrap().remove(0);
    archive.chain(&revision).unwrap().how
}

#[test]
fn a_base_is_found_across_names_folders_and_commits() {
    let binary = |seed| noise(seed, 60_000);
    for (is_one_commit, base_candidates) in
        [(true, prose(7, 30_000)), (false, prose(7, 30_000)), (false, binary(7))]
    {
        let mut edited = base_candidates.clone();
        edited.splice(9000..9100, *b"a few other words");
        let other = prose(8, 30_000);
        let mut archive = init(Arc::new(Memory::default()));
        let first: [(&str, &[u8]); 2] = [("a/first.bin", &base_candidates), ("other", &other)];
        let second: [(&str, &[u8]); 1] = [("elsewhere/other.txt", &edited)];
        if is_one_commit {
            add(&mut archive, 1, &[first[0], first[1], second[0]]).unwrap();
        } else {
            add(&mut archive, 1, &first).unwrap();
            add(&mut archive, 2, &second).unwrap();
        }
        assert_eq!(how(&archive, "other.txt"), How::Based);
        assert_ne!(how(&archive, "other"), How::Based);
    }
}

/// To seek a base for it would cost more than it saves.
#[test]
fn a_very_small_content_rests_on_its_previous_revision_alone() {
    let mut archive = init(Arc::new(Memory::default()));
    let note = prose(3, 900);
    let more = |n_bytes| [&note[..], b" so to say, ", &prose(4, n_bytes)].concat();
    add(&mut archive, 1, &[("note", &note)]).unwrap();
    let second = [("note", more(20)), ("copy", more(21)), ("large copy", more(2000))];
    add(&mut archive, 2, &second.each_ref().map(|(name, bytes)| (*name, &bytes[..]))).unwrap();
    add(&mut archive, 3, &[("note", &more(500))]).unwrap();
    let how = |name: &str| -> Vec<How> {
        let document = archive.document(name.as_bytes()).unwrap();
        let revisions = archive.catalog().revisions(&document).unwrap();
        revisions.iter().map(|revision| archive.chain(revision).unwrap().how).collect()
    };
    assert_eq!(how("note").iter().filter(|how| **how == How::Based).count(), 2);
    assert!(!how("copy").contains(&How::Based) && !how("large copy").contains(&How::Based));
}

#[test]
fn chunks_of_large_contents_find_bases() {
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut archive = init(Arc::clone(&backend));
    let large = noise(9, 9 << 20);
    add(&mut archive, 1, &[("large.tar", &large)]).unwrap();
    let before = n_packed(&*backend);
    // A change in every stretch of 100,000 bytes: no chunk is as it was.
    let mut changed = large.clone();
    (0..changed.len()).step_by(100_000).for_each(|at| changed[at] ^= 0x55);
    add(&mut archive, 2, &[("renamed.tar", &changed)]).unwrap();
    let more = n_packed(&*backend) - before;
    assert!(more < before / 50, "{more} bytes for the second version, {before} for the first");
    bounds_hold(&*backend);
    check(&archive, &backend);
}

#[test]
fn what_does_not_compress_is_stored_as_it_is() {
    let mut archive = init(Arc::new(Memory::default()));
    add(&mut archive, 1, &[("photo.jpg", &noise(1, 300_000)), ("text", &prose(1, 300_000))])
        .unwrap();
    assert_eq!(how(&archive, "photo.jpg"), How::AsIs);
    assert_eq!(how(&archive, "text"), How::Alone);
}

#[test]
fn holes_take_no_room() {
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut archive = init(Arc::clone(&backend));
    let mut sparse = vec![0; 40 << 20];
    sparse[20 << 20..][..9].copy_from_slice(b"something");
    add(&mut archive, 1, &[("disk.img", &sparse)]).unwrap();
    assert!(n_packed(&*backend) < 20_000, "{} bytes", n_packed(&*backend));
    check(&archive, &backend);
}

#[test]
fn small_contents_share_a_solid_frame() {
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut archive = init(Arc::clone(&backend));
    let stories: Vec<(String, Vec<u8>)> =
        (0..600).map(|n| (format!("wire/{n}"), prose(100 + n, 900))).collect();
    let stories: Vec<(&str, &[u8])> =
        stories.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    add(&mut archive, 1, &stories).unwrap();
    let solid = frames(&*backend).into_iter().filter(|(header, _)| header.kind == FrameKind::Solid);
    let n_blobs: usize = solid.map(|(header, _)| header.lengths.len()).sum();
    assert!(n_blobs > 550, "{n_blobs} of 600 share a frame");
    check(&archive, &backend);
}

/// A mixture of documents: texts and similar ones, noise, empty ones, one that is cut into chunks.
fn mixture() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let n_texts = if is_slow() { 120 } else { 30 };
    for n in 0..n_texts {
        let n_bytes = [300, 900, 5000, 20_000, 70_000, 300_000][n as usize % 6];
        let mut bytes = prose(n % 17, n_bytes);
        bytes.splice(n_bytes / 3..n_bytes / 3, format!("[{n}]").into_bytes());
        all.push((format!("text/{n}"), bytes));
        if n % 10 == 0 {
            all.push((format!("noise/{n}"), noise(n, 10_000 * n as usize)));
            all.push((format!("text/{n}"), prose(n, 7000)));
        }
    }
    all.push(("empty".into(), Vec::new()));
    all.push(("large".into(), [noise(3, 5 << 20), vec![0; 6 << 20]].concat()));
    all.push(("larger".into(), [noise(3, 5 << 20), prose(1, 2 << 20)].concat()));
    all
}

/// Adds everything on so many threads; every object there is afterwards.
fn added_on(n_threads: usize) -> BTreeMap<String, Vec<u8>> {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let options = IngestOptions { n_threads, near: None, ..IngestOptions::default() };
    for (n, documents) in mixture().chunks(30).enumerate() {
        let intakes = documents.iter().map(|(name, bytes)| intake(name.as_bytes(), bytes));
        ingest(&mut archive, n as u64 + 1, intakes, &options).unwrap();
    }
    memory.contents().into_iter().map(|(name, bytes)| (name, bytes.to_vec())).collect()
}

#[test]
fn i8_the_archive_is_the_same_on_any_number_of_threads() {
    let on_one = added_on(1);
    assert!(on_one.keys().any(|name| name.starts_with("packs/")));
    for n_threads in if is_slow() { vec![2, 8] } else { vec![3] } {
        assert!(added_on(n_threads) == on_one, "{n_threads} threads make another archive");
    }
}

/// Short texts, which share frames, and in a second transaction a copy of each, and a copy of every third copy.
fn copies_added_on(n_threads: usize) -> (Archive, Memory) {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let options = IngestOptions { n_threads, near: None, ..IngestOptions::default() };
    let edited = |bytes: &[u8], at: usize| [&bytes[..at], b" so to say ", &bytes[at..]].concat();
    let (mut firsts, mut copies) = (Vec::new(), Vec::new());
    // In an order of their own, as frames lie elsewhere than what is compressed against them.
    for n in (0..240_u64).map(|n| n * 77 % 240) {
        let text = prose(n, 1200);
        let copy = edited(&text, 300);
        copies.extend((n % 3 == 0).then(|| (format!("third/{n}"), edited(&copy, 900))));
        copies.push((format!("copy/{n}"), copy));
        firsts.push((format!("first/{n}"), text));
    }
    for (n, documents) in [firsts, copies].iter().enumerate() {
        let intakes = documents.iter().map(|(name, bytes)| intake(name.as_bytes(), bytes));
        ingest(&mut archive, n as u64 + 1, intakes, &options).unwrap();
    }
    (archive, memory)
}

#[test]
fn copies_of_blobs_that_share_frames_rest_on_these() {
    let (archive, memory) = copies_added_on(1);
    let backend: Arc<dyn Storage> = Arc::new(memory.clone());
    let all = frames(&*backend);
    let n_depths =
        [0, 1, 2].map(|depth| all.iter().filter(|(header, _)| header.depth() == depth).count());
    assert!(
        n_depths[0] <= 3 && n_depths[1] + n_depths[2] == 320 && n_depths[2] > 0,
        "{n_depths:?}"
    );
    bounds_hold(&*backend);
    check(&archive, &backend);
    for n_threads in if is_slow() { vec![2, 8] } else { vec![3] } {
        let (_, others) = copies_added_on(n_threads);
        assert!(others.contents() == memory.contents(), "{n_threads} threads make another archive");
    }
}

#[test]
fn documents_come_out_of_the_pipeline_in_their_order() {
    let mut archive = init(Arc::new(Memory::default()));
    // Four states of one document, all of them read before the first is added.
    let states = [prose(1, 500), prose(2, 500), prose(1, 500), prose(1, 500)];
    let intakes = states.iter().map(|bytes| intake(b"doc", bytes));
    let options = IngestOptions { n_threads: 4, ..IngestOptions::default() };
    let outcomes = ingest(&mut archive, 1, intakes, &options).unwrap();
    assert_eq!(words_of(&outcomes), ["New", "Revised", "Revised", "Unchanged"]);
    assert_eq!(everything(&archive)[0].1, states[..3]);
}

fn words_of(outcomes: &[Outcome]) -> Vec<&'static str> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::New(_) => "New",
        Outcome::Revised(_) => "Revised",
        Outcome::Unchanged => "Unchanged",
        Outcome::Healed => "Healed",
        Outcome::Seen(_) => "Seen",
        Outcome::Renamed(_) => "Renamed",
        Outcome::Unreadable(_) => "Unreadable",
    };
    outcomes.iter().map(word).collect()
}

const REWRITE: Policy =
    Policy::Rewrite(CompressionLevels { alone: 3, based: Some(3), solid: 3 }, 2);

#[test]
fn compacting_keeps_every_revision_and_every_bound() {
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut archive = init(Arc::clone(&backend));
    for (n, documents) in mixture().chunks(4).enumerate() {
        let documents: Vec<(&str, &[u8])> =
            documents.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
        add(&mut archive, n as u64 + 1, &documents).unwrap();
    }
    let before = everything(&archive);
    let n_packs = backend.list("packs").unwrap().len();
    let tidied = crate::common::compact(&mut archive, Policy::Tidy).unwrap();
    assert!(tidied.n_packs_after < n_packs as u64 / 2, "{tidied:?}");
    let policies = [REWRITE, Policy::Tidy, REWRITE];
    let n_policies = if is_slow() { 3 } else { 1 };
    for policy in policies.into_iter().take(n_policies) {
        bounds_hold(&*backend);
        assert!(everything(&archive) == before);
        check(&archive, &backend);
        let done = crate::common::compact(&mut archive, policy).unwrap();
        assert_eq!(done.n_bytes_after, n_packed(&*backend));
        assert_eq!(done.n_packs_after, backend.list("packs").unwrap().len() as u64);
    }
    bounds_hold(&*backend);
    assert!(everything(&archive) == before);
    check(&archive, &backend);
}

#[test]
fn a_blob_that_lies_twice_is_moved_once() {
    let memory = Memory::default();
    let backend: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut archive = init(Arc::clone(&backend));
    let text = prose(1, 50_000);
    add(&mut archive, 1, &[("a", &text), ("b", &prose(2, 30_000))]).unwrap();
    crate::common::compact(&mut archive, REWRITE).unwrap();
    let once = memory.contents();
    add(&mut archive, 2, &[("c", &prose(3, 30_000))]).unwrap();
    // The packs of two states side by side, as after a copy that took too much.
    let other = Memory::default();
    let mut second = init(Arc::new(other.clone()));
    add(&mut second, 1, &[("a", &text)]).unwrap();
    let mut both = memory.contents();
    both.extend(other.contents().into_iter().filter(|(name, _)| name.starts_with("packs/")));
    assert!(both.len() > once.len());
    let backend: Arc<dyn Storage> = Arc::new(Memory::of(both));
    let mut archive = Archive::open(Arc::clone(&backend), None).unwrap();
    let before = everything(&archive);
    let n_before = n_packed(&*backend);
    crate::common::compact(&mut archive, Policy::Tidy).unwrap();
    assert!(n_packed(&*backend) < n_before, "the second copy is still there");
    assert!(everything(&archive) == before);
    check(&archive, &backend);
}

#[test]
fn tidying_leaves_the_damaged_copy_of_what_was_healed_behind() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let texts: Vec<Vec<u8>> = (0..9).map(|n| prose(n, 9000)).collect();
    add(&mut archive, 1, &[("a", &texts[0]), ("b", &texts[1])]).unwrap();
    let mut spoilt = memory.contents();
    let (_, pack) = spoilt.iter_mut().find(|(name, _)| name.starts_with("packs/")).unwrap();
    let mut bad = pack.to_vec();
    bad[99] ^= 1;
    *pack = bad.into();
    let backend: Arc<dyn Storage> = Arc::new(Memory::of(spoilt));
    let mut archive = Archive::open(Arc::clone(&backend), None).unwrap();
    for (n, text) in texts.iter().enumerate() {
        add(&mut archive, n as u64 + 2, &[(&format!("again/{n}"), &text[..])]).unwrap();
    }
    let before = everything(&archive);
    let done = crate::common::compact(&mut archive, Policy::Tidy).unwrap();
    assert_eq!(done.n_packs_after, 1);
    assert!(everything(&archive) == before);
    check(&archive, &backend);
}

#[test]
fn readers_go_on_while_packs_are_compacted_under_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let mut archive = init_in(&path);
    for n in 0..10 {
        add(&mut archive, n + 1, &[(&format!("doc/{n}"), &prose(n, 20_000)[..])]).unwrap();
    }
    let reader = open_in(&path);
    let before = everything(&archive);
    for policy in [Policy::Tidy, REWRITE] {
        crate::common::compact(&mut archive, policy).unwrap();
        assert!(everything(&reader) == before);
    }
}

#[test]
fn what_cannot_be_read_is_not_compacted_away() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("a", &prose(1, 30_000)), ("b", &prose(2, 30_000))]).unwrap();
    let mut spoilt = memory.contents();
    let (_, pack) = spoilt.iter_mut().find(|(name, _)| name.starts_with("packs/")).unwrap();
    let mut bad = pack.to_vec();
    bad[99] ^= 1;
    *pack = bad.into();
    let backend: Arc<dyn Storage> = Arc::new(Memory::of(spoilt.clone()));
    let mut archive = Archive::open(Arc::clone(&backend), None).unwrap();
    assert!(crate::common::compact(&mut archive, REWRITE).is_err());
    for (name, bytes) in spoilt.iter().filter(|(name, _)| name.starts_with("packs/")) {
        assert_eq!(backend.read(name, 1 << 30).unwrap().as_deref(), Some(&bytes[..]));
    }
    let name = crate::common::pack_of(&[]).object_name();
    assert!(!spoilt.contains_key(&name));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if is_slow() { 120 } else { 12 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_history_stays_within_bounds(
        steps in prop::collection::vec((0..6_u64, 0..5_usize, any::<u16>(), 1..60_000_usize), 1..40)
    ) {
        let backend: Arc<dyn Storage> = Arc::new(Memory::default());
        let mut archive = init(Arc::clone(&backend));
        let mut latest: HashMap<u64, Vec<u8>> = HashMap::new();
        for (n, batch) in steps.chunks(7).enumerate() {
            let mut documents = Vec::new();
            for (about, act, at, n_bytes) in batch {
                let bytes = latest.entry(*about).or_default();
                let at = usize::from(*at) % (bytes.len() + 1);
                match act {
                    0 => *bytes = prose(*about, *n_bytes),
                    1 => *bytes = noise(*about, *n_bytes),
                    2 => drop(bytes.splice(at..at, prose(*about + 9, n_bytes / 20))),
                    3 => bytes.truncate(at),
                    _ => bytes.rotate_left(at),
                }
                documents.push((format!("doc/{about}"), bytes.clone()));
            }
            let documents: Vec<(&str, &[u8])> =
                documents.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
            add(&mut archive, n as u64 + 1, &documents).unwrap();
        }
        bounds_hold(&*backend);
        let before = everything(&archive);
        crate::common::compact(&mut archive, REWRITE).unwrap();
        bounds_hold(&*backend);
        prop_assert!(everything(&archive) == before);
        check(&archive, &backend);
    }
}

#[test]
fn a_content_whose_chunk_list_lies_nowhere_is_missing_and_not_damaged() {
    let reader = Reader::new(Sealed::for_reading(Arc::new(Memory::default()), Rc::new(Nothing)));
    let why = reader.content(&Digest::of(b"x"), 5 << 20).err().unwrap().to_string();
    assert!(why.ends_with(" is missing: its chunk list is in no pack"), "{why}");
}
