//! How fast a whole archive is, in memory, without the file system. `cargo bench --bench archive`
#![allow(clippy::unwrap_used)]

#[allow(dead_code, clippy::unwrap_used)]
#[path = "../tests/suite/common/mod.rs"]
mod common;

use std::sync::Arc;

use common::{add, ingest, init, intake};
use divan::{Bencher, counter::BytesCount};
use docarchive::internals::{
    archive::{Archive, find::Which, ingest::IngestOptions},
    backend::{Storage, memory::Memory},
    store::{candidates::BaseCandidates as _, features::Fingerprint},
};

fn main() {
    divan::main();
}

/// A document of 45 kB with one line that names its revision.
fn revision(n: usize) -> String {
    let line = |k: usize| format!("paragraph {k} of the terms, as in the {}th year\n", k * k % 97);
    let mut text: String = (0..1000).map(line).collect();
    text.insert_str(20_000 + n % 977, &format!("\nrevision {n} changed this line\n"));
    text
}

fn grown(n_revisions: usize) -> Archive {
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut archive = init(backend);
    for n in 0..n_revisions {
        add(&mut archive, n as u64, &[("terms.md", revision(n).as_bytes())]).unwrap();
    }
    archive
}

#[divan::bench(sample_count = 10)]
fn add_500_small_documents(bencher: Bencher) {
    let text = |n: usize| revision(n)[19_800 - n..20_600 - n].to_owned();
    let texts: Vec<(String, String)> =
        (0..500).map(|n| (format!("wire/{n}.txt"), text(n))).collect();
    let documents: Vec<(&str, &[u8])> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    bencher.counter(BytesCount::new(500 * 800_usize)).bench_local(|| {
        let backend: Arc<dyn Storage> = Arc::new(Memory::default());
        let mut archive = init(backend);
        add(&mut archive, 1, &documents).unwrap();
        archive
    });
}

/// Documents of 45 kB under names of their own: each finds its base among all before it.
fn base_candidates(n_documents: usize) -> Vec<(String, String)> {
    (0..n_documents).map(|n| (format!("capture/{n}.md"), revision(n * 7 % n_documents))).collect()
}

#[divan::bench(sample_count = 10, args = [1, 2])]
fn add_200_kin_in_one_go(bencher: Bencher, n_threads: usize) {
    let texts = base_candidates(200);
    let n_bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    let options = IngestOptions { n_threads, near: None, ..IngestOptions::default() };
    bencher.counter(BytesCount::new(n_bytes)).bench_local(|| {
        let backend: Arc<dyn Storage> = Arc::new(Memory::default());
        let mut archive = init(backend);
        let intakes = texts.iter().map(|(name, text)| intake(name.as_bytes(), text.as_bytes()));
        ingest(&mut archive, 1, intakes, &options).unwrap();
        archive
    });
}

/// The stored base candidates of one document among 500 others.
#[divan::bench]
fn candidates_among_500(bencher: Bencher) {
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut archive = init(backend);
    let texts = base_candidates(500);
    let documents: Vec<(&str, &[u8])> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    add(&mut archive, 1, &documents).unwrap();
    let fingerprint = Fingerprint::of(revision(1234).as_bytes());
    let features = *fingerprint.features().unwrap();
    bencher.bench_local(|| archive.catalog().base_candidates(&features, None).unwrap());
}

#[divan::bench(args = [1, 33, 64, 100])]
fn read_revision_of_100(bencher: Bencher, number: u64) {
    let archive = grown(100);
    let document = archive.document(b"terms.md").unwrap();
    let (_, revision) = archive.revision(&document, Which::Number(number)).unwrap();
    bencher
        .counter(BytesCount::new(revision.n_bytes as usize))
        .bench_local(|| archive.read_whole(&document, &revision).unwrap());
}
