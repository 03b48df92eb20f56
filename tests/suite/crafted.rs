//! Chunk lists that lie: no byte of what they make up is handed out, and nothing is written down for them.
//!
//! The journal is an honest one; the list of its one large content is put in place of the right one.

use std::{fs, sync::Arc};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        inspect::audit::{AuditScope, Code},
    },
    backend::memory::{Contents, Memory},
    store::{
        chunk::{self, Chunk},
        frame::{FrameKind, Header},
        pack,
    },
    types::{
        digest::{Digest, Key},
        document::{Document, Revision},
        error::Error,
    },
};

use crate::common::{add, init, noise, sandbox::Sandbox};

/// So much is kept in memory until it is verified; what is larger is decoded twice.
const KEPT: usize = 32 << 20;

/// The facts of an archive with one document, and its chunks.
fn example(content: &[u8]) -> (Contents, Vec<Chunk>) {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    add(&mut archive, 1, &[("large", content)]).unwrap();
    let pieces = chunk::cut(content).map(Result::unwrap);
    let chunks = pieces.map(|it| Chunk { digest: Digest::of(&it), n_bytes: it.len() as u32 });
    (memory.contents(), chunks.collect())
}

/// The same facts with another list under the key of the content.
fn with_list(contents: &Contents, key: Key, chunks: &[Chunk]) -> Contents {
    with_lists(contents, key, chunks, false)
}

/// The same, perhaps with the right list behind it.
fn with_lists(contents: &Contents, key: Key, chunks: &[Chunk], keeps_own: bool) -> Contents {
    let mut crafted = contents.clone();
    for (name, bytes) in contents.iter().filter(|(name, _)| name.starts_with("packs/")) {
        let listed = pack::check(bytes).unwrap();
        let mut frames = listed.iter();
        let mut builder = pack::Builder::default();
        pack::each_header(bytes, |offset, n_bytes, header| {
            let keys = frames.next().unwrap().keys.clone();
            if header.kind != FrameKind::List {
                let frame = &bytes[offset as usize..][..n_bytes as usize];
                return builder.add_encoded(frame, keys);
            }
            assert_eq!(keys, [key]);
            let list = chunk::encode_list(chunks);
            let lengths = vec![list.len() as u32];
            let header = Header { kind: FrameKind::List, packed: false, lengths, base: None };
            builder.add(&header, &list, keys.clone());
            if keeps_own {
                builder.add_encoded(&bytes[offset as usize..][..n_bytes as usize], keys);
            }
        })
        .unwrap();
        crafted.insert(name.clone(), builder.seal().bytes.into());
    }
    crafted
}

fn opened(contents: Contents) -> (Archive, Document, Revision) {
    let archive = Archive::open(Arc::new(Memory::of(contents)), None).unwrap();
    let document = archive.document(b"large").unwrap();
    let revision = archive.catalog().revisions(&document).unwrap().remove(0);
    (archive, document, revision)
}

/// How many bytes come of a content in one pass, and why no more.
fn in_one_pass(contents: Contents) -> (usize, String) {
    let (archive, document, revision) = opened(contents);
    let mut n_bytes = 0;
    let ended = archive.each_piece(&document, &revision, &|| false, |piece| {
        n_bytes += piece.len();
        Ok(())
    });
    (n_bytes, ended.unwrap_err().to_string())
}

fn refusal(contents: Contents) -> String {
    let (archive, document, revision) = opened(contents);
    match archive.read(&document, &revision) {
        Err(error @ Error::Damaged { .. }) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was handed out"),
    }
}

#[test]
fn i4_of_a_large_content_no_byte_leaves_before_all_are_verified() {
    for n_bytes in [5 << 20, KEPT + (1 << 20)] {
        let content = noise(5, n_bytes);
        let (contents, chunks) = example(&content);
        let (archive, document, revision) = opened(contents.clone());
        assert!(archive.read_whole(&document, &revision).unwrap() == content);
        let key = Digest::of(&content).key();
        let mut swapped = chunks.clone();
        let last = swapped.len() - 1;
        swapped.swap(last - 1, last);
        let crafted = with_list(&contents, key, &swapped);
        let why = "its chunks are intact but do not make up this content";
        assert!(refusal(crafted.clone()).ends_with(why));
        // Whoever can take back what was written reads once, and learns at the end.
        let (n_given, ended) = in_one_pass(crafted);
        assert_eq!(n_given, n_bytes);
        assert!(ended.ends_with(why), "{ended}");
    }
}

#[test]
fn i9_a_list_whose_sizes_do_not_add_up_is_refused_at_once() {
    // A list of 5.5 MB named one chunk so often that an export wrote 23 GB before it compared anything.
    let content = noise(6, 5 << 20);
    let (contents, chunks) = example(&content);
    let key = Digest::of(&content).key();
    for crafted in [vec![chunks[0]; 200_000], chunks[1..].to_vec()] {
        let crafted = with_list(&contents, key, &crafted);
        let (n_given, ended) = in_one_pass(crafted.clone());
        assert_eq!(n_given, 0, "{ended}");
        assert!(ended.contains("bytes, the content has 5242880"), "{ended}");
        assert!(refusal(crafted).contains("bytes, the content has 5242880"));
    }
}

#[test]
fn i9_a_chunk_of_another_size_than_its_list_states_is_refused() {
    let content = noise(6, 5 << 20);
    let (contents, mut chunks) = example(&content);
    (chunks[0].n_bytes, chunks[1].n_bytes) = (chunks[0].n_bytes - 9, chunks[1].n_bytes + 9);
    let crafted = with_list(&contents, Digest::of(&content).key(), &chunks);
    let (n_given, ended) = in_one_pass(crafted.clone());
    assert_eq!(n_given, 0, "{ended}");
    assert!(ended.contains("its chunk list states"), "{ended}");
    assert!(refusal(crafted).contains("its chunk list states"));
}

#[test]
fn i9_a_list_that_names_few_chunks_very_often_is_verified_before_it_is_written_down() {
    let content = noise(6, 5 << 20);
    let (contents, chunks) = example(&content);
    let n_bytes = chunks[0].n_bytes as usize;
    let mut crafted = vec![chunks[0]; content.len() / n_bytes];
    crafted.push(Chunk { n_bytes: (content.len() % n_bytes) as u32, ..chunks[0] });
    let crafted = with_list(&contents, Digest::of(&content).key(), &crafted);
    let (n_given, ended) = in_one_pass(crafted);
    assert_eq!(n_given, 0, "{ended}");
}

#[test]
fn a_second_list_that_is_right_is_found_behind_a_wrong_one() {
    let content = noise(6, 5 << 20);
    let (contents, chunks) = example(&content);
    let mut swapped = chunks.clone();
    swapped.swap(0, 1);
    let both = with_lists(&contents, Digest::of(&content).key(), &swapped, true);
    let (archive, document, revision) = opened(both);
    let mut stream = archive.read(&document, &revision).unwrap();
    let mut read = Vec::new();
    while let Some(piece) = stream.next_piece().unwrap() {
        read.extend_from_slice(&piece);
    }
    assert!(read == content);
    // So it is for whoever audits, and none of the lists alone is enough.
    let (scope, history_check) = (AuditScope::default(), HistoryCheck::NotRemembered);
    let n_damaged = |contents: Contents| {
        let (archive, ..) = opened(contents);
        let report = archive.audit(&scope, history_check.clone(), &mut |_| {}).unwrap();
        report.findings.iter().filter(|finding| finding.code == Code::BlobDamaged).count()
    };
    assert_eq!(n_damaged(with_lists(&contents, Digest::of(&content).key(), &swapped, true)), 0);
    assert_eq!(n_damaged(with_list(&contents, Digest::of(&content).key(), &swapped)), 1);
}

#[test]
fn the_program_writes_nothing_of_a_list_that_lies() {
    let sandbox = Sandbox::new();
    let content = noise(6, 5 << 20);
    sandbox.write("large", &content);
    sandbox.run(["add", "-q", "large"]).expect(0);
    let honest: Contents = Sandbox::tree(&sandbox.store().join("packs"))
        .into_iter()
        .map(|(path, bytes)| (format!("packs/{}", path.display()), bytes.into()))
        .collect();
    let (_, chunks) = example(&content);
    let mut swapped = chunks.clone();
    swapped.swap(0, 1);
    for list in [vec![chunks[0]; 100_000], swapped] {
        let crafted = with_list(&honest, Digest::of(&content).key(), &list);
        fs::remove_dir_all(sandbox.store().join("packs")).unwrap();
        for (name, bytes) in crafted {
            let path = sandbox.store().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        fs::remove_file(sandbox.store().join("catalog.sqlite")).unwrap();
        sandbox.run(["cat", "large"]).expect(6).answers("").says("is damaged");
        sandbox.run(["cat", "large", "--json"]).expect(6).answers("");
        sandbox.run(["export", "-q", "-o", "out"]).expect(6).says("not written");
        assert_eq!(Sandbox::tree(&sandbox.at("out")), []);
        sandbox.run(["audit", "-q"]).expect(6);
    }
}
