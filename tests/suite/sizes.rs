//! What stats says is what is read, and what it counts adds up to the byte.

use std::sync::Arc;

use docarchive::internals::{
    archive::{Archive, DeltaLink, inspect::sizes::Sizes, presence::AsOf},
    backend::{Backend, memory::Memory},
    store::{
        frame::{self, Header},
        payload,
        usage::How,
    },
    types::{
        digest::Digest,
        document::{Document, Revision},
    },
};

use crate::common::{add, init, noise};

const STORY: &str = "The harbour was closed on Monday after the storm broke two of its piers.\n\n\
    Nobody was hurt, the harbour master said, and fishing may begin again next week.\n";

const NOTICE: &str =
    "Parents are asked to bring back all library books before the end of the term.\n";

/// Revisions in every way of being stored, and contents and chunks that were there already.
fn grown(mut archive: Archive) -> Archive {
    let long = STORY.repeat(400);
    let longer = format!("{long}{}", STORY.replace("Monday", "Tuesday"));
    let longest = longer.replacen("two", "three", 1);
    let large: Vec<u8> = noise(1, 6 << 20);
    let larger = [&large[..], b"and more"].concat();
    let text = |text: &str| text.as_bytes().to_vec();
    let batches: [&[(&str, Vec<u8>)]; 4] = [
        &[
            ("story", text(&long)),
            ("a", text(NOTICE)),
            ("b/c", text("some other text")),
            ("empty", Vec::new()),
            ("noise", noise(2, 20_000)),
        ],
        &[("story", text(&longer)), ("copy", text(&long)), ("large", large)],
        // What was there comes back, and something else rests on it.
        &[("story", text(&long)), ("large", larger)],
        &[("story", text(&longest)), ("copy", text(&longer)), ("a", text(&NOTICE.repeat(2)))],
    ];
    for (n, batch) in batches.iter().enumerate() {
        let batch: Vec<(&str, &[u8])> =
            batch.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
        add(&mut archive, n as u64 + 1, &batch).unwrap();
    }
    archive
}

/// Every document with its revisions, the latest first.
fn documents(archive: &Archive) -> Vec<(Document, Vec<Revision>)> {
    let mut all = Vec::new();
    archive
        .each_document(AsOf::Now, |document, _| {
            all.push((document.clone(), archive.catalog().revisions(document)?));
            Ok(())
        })
        .unwrap();
    all
}

fn sizes(archive: &Archive) -> Sizes {
    archive.sizes(&mut |_| {}).unwrap()
}

/// The whole frame that a link names, and its payload.
fn frame_at(memory: &Memory, link: &DeltaLink) -> (Header, Vec<u8>) {
    let place = &link.place;
    let n_bytes = place.n_bytes as usize;
    let bytes =
        memory.read_range(&place.pack.object_name(), u64::from(place.offset), n_bytes).unwrap();
    let (header, payload, n_frame) = frame::parse(&bytes).unwrap();
    assert_eq!(n_frame, n_bytes);
    (header, payload.to_vec())
}

#[test]
fn every_chain_shown_is_the_one_that_is_read() {
    let memory = Memory::default();
    let archive = grown(init(Arc::new(memory.clone())));
    let mut deepest = 0;
    for (document, revisions) in documents(&archive) {
        for revision in &revisions {
            let explained = archive.explain(&document, revision).unwrap();
            let chain = explained.chain;
            assert_eq!(chain, archive.chain(revision).unwrap());
            if chain.n_chunks > 0 {
                continue;
            }
            assert_eq!(explained.links.len() as u64, chain.depth + 1);
            let (mut base, mut key, mut n_decoded) = (None, None, 0);
            for (depth, link) in explained.links.iter().rev().enumerate() {
                let (header, payload) = frame_at(&memory, link);
                assert_eq!((link.depth, header.base.map(|base| base.key)), (depth as u64, key));
                let raw = match header.packed {
                    true => payload::Unpacker::default()
                        .unpack(&payload, base.as_deref(), header.n_raw())
                        .unwrap(),
                    false => payload,
                };
                n_decoded += raw.len() as u64;
                let blob = raw[header.stretch(link.place.index).unwrap()].to_vec();
                let (_, holder) = link.holder.as_ref().unwrap();
                assert_eq!(Digest::of(&blob), holder.digest);
                assert_eq!(link.n_bytes, blob.len() as u64);
                (base, key) = (Some(blob), Some(link.key));
            }
            assert_eq!(base.unwrap(), archive.read_whole(&document, revision).unwrap());
            assert_eq!(
                chain.decoded_bytes,
                n_decoded,
                "{}@{}",
                document.name.text(),
                revision.number
            );
            assert_eq!(chain.n_stored, explained.links[0].n_stored);
            assert_eq!(chain.base, explained.links.get(1).map(|link| link.key));
            deepest = deepest.max(chain.depth);
        }
    }
    assert!(deepest > 0, "nothing has a base");
}

#[test]
fn a_base_is_called_by_the_nearest_earlier_revision_of_the_same_document() {
    let archive = grown(init(Arc::new(Memory::default())));
    let bases = |name: &str| -> Vec<Option<String>> {
        let document = archive.document(name.as_bytes()).unwrap();
        let revisions = archive.catalog().revisions(&document).unwrap();
        let name_of = |revision: &Revision| {
            let base = archive.chain(revision).unwrap().base?;
            let (holder, held) = archive.holder(base, revision).unwrap().unwrap();
            Some(format!("{}@{}", holder.name.text(), held.number))
        };
        revisions.iter().rev().map(name_of).collect()
    };
    let base = |name: &str| Some(name.to_owned());
    // The third revision is the first again: its content has no base, and is that of the fourth.
    assert_eq!(bases("story"), [None, base("story@1"), None, base("story@3")]);
    // What the second holds was stored for another document.
    assert_eq!(bases("copy"), [None, base("copy@1")]);
}

#[test]
fn layers_add_up_to_packs_journal_and_revisions() {
    let memory = Memory::default();
    let archive = grown(init(Arc::new(memory.clone())));
    let Sizes { totals, again, storage_stats, chunks_again, journal, .. } = sizes(&archive);
    let blobs =
        [storage_stats.as_is, storage_stats.alone, storage_stats.based, storage_stats.solid];
    assert!(blobs.iter().all(|layer| layer.n_blobs > 0), "{storage_stats:?}");
    assert!(storage_stats.lists.n_blobs == 2 && again.n_blobs > 0 && chunks_again.n_blobs > 0);

    let n_frames: u64 =
        blobs.iter().chain([&storage_stats.lists]).map(|layer| layer.n_stored).sum();
    let on_disk = |folder: &str| -> u64 {
        memory.list(folder).unwrap().iter().map(|object| object.bytes).sum()
    };
    assert_eq!(n_frames + storage_stats.n_directories, on_disk("packs"));
    assert_eq!((storage_stats.n_packs, on_disk("packs")), (totals.n_packs, totals.n_packed));
    let parts = journal.n_entries + journal.n_details + journal.n_checkpoint;
    assert_eq!(parts, on_disk("log") + on_disk("details"));
    assert_eq!(parts, archive.totals().unwrap().1);

    let n_raw: u64 = blobs.iter().chain([&again, &chunks_again]).map(|layer| layer.n_raw).sum();
    assert_eq!(n_raw, totals.n_raw);
}

#[test]
fn sizes_of_revisions_add_up_to_those_of_documents() {
    let archive = grown(init(Arc::new(Memory::default())));
    let savers = sizes(&archive).savers;
    assert!(savers.is_sorted_by_key(|saver| std::cmp::Reverse(saver.n_saved())));
    let names: Vec<_> = savers.iter().map(|saver| saver.document.name.text()).collect();
    assert_eq!(names, ["large", "story", "copy", "a"]);
    for saver in &savers {
        let revisions = archive.catalog().revisions(&saver.document).unwrap();
        let n_raw: u64 = revisions.iter().map(|revision| revision.n_bytes).sum();
        assert_eq!(saver.n_raw, n_raw);
        let mut distinct = revisions.clone();
        distinct.sort_by_key(|revision| revision.digest);
        distinct.dedup_by_key(|revision| revision.digest);
        let chains: Vec<_> = distinct.iter().map(|r| archive.chain(r).unwrap()).collect();
        let n_stored: u64 = chains.iter().map(|chain| chain.n_stored).sum();
        match chains[0].how {
            // Chunks that two revisions have are stored once.
            How::List => assert!(saver.n_stored < n_stored && saver.n_stored > n_stored / 2),
            _ => assert_eq!(saver.n_stored, n_stored, "{}", saver.document.name.text()),
        }
    }
}

#[test]
fn shares_of_a_frame_add_up_to_it() {
    let archive = grown(init(Arc::new(Memory::default())));
    let mut shares = Vec::new();
    for name in ["a", "b/c", "empty"] {
        let document = archive.document(name.as_bytes()).unwrap();
        let first = archive.catalog().revision(document.id, 1).unwrap().unwrap();
        shares.push(archive.chain(&first).unwrap());
    }
    assert!(shares.iter().all(|chain| chain.how == How::Solid && chain.n_in_frame == 3));
    let n_stored: u64 = shares.iter().map(|chain| chain.n_stored).sum();
    assert_eq!(n_stored, shares[0].n_frame);
    assert_eq!(shares[2].n_stored, 0, "nothing takes nothing");
}

#[test]
fn a_pack_that_is_damaged_does_not_keep_stats_from_the_others() {
    let memory = Memory::default();
    grown(init(Arc::new(memory.clone())));
    let mut contents = memory.contents();
    let name = contents.keys().find(|name| name.starts_with("packs/")).unwrap().clone();
    let n_bytes = contents[&name].len() as u64;
    let whole = sizes(&Archive::open(Arc::new(memory), None).unwrap()).storage_stats;
    let mut bad = contents[&name].to_vec();
    *bad.last_mut().unwrap() ^= 1;
    contents.insert(name, bad.into());
    let archive = Archive::open(Arc::new(Memory::of(contents)), None).unwrap();
    let storage_stats = sizes(&archive).storage_stats;
    assert_eq!((storage_stats.n_packs + 1, storage_stats.n_unreadable), (whole.n_packs, 1));
    assert_eq!(storage_stats.n_unreadable_bytes, n_bytes);
}
