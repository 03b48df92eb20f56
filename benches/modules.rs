//! How fast the modules are that only compute, on text made for the purpose: digests, features, frames,
//! normal form, sketches, comparison. `cargo bench --bench modules`
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use docarchive::internals::{
    diff::{self, Sides},
    similarity::{shingles::PackedWords, sketch::Sketch},
    store::{
        features::Fingerprint,
        payload::{Packer, Unpacker},
    },
    text::{self, Normal},
    types::digest::Digest,
};

fn main() {
    divan::main();
}

/// English-looking prose of about `n_bytes`, always the same.
fn prose(n_bytes: usize) -> String {
    const WORDS: [&str; 24] = [
        "the",
        "harbour",
        "of",
        "storm",
        "and",
        "ferry",
        "to",
        "breakwater",
        "a",
        "council",
        "in",
        "said",
        "on",
        "quarry",
        "that",
        "week",
        "for",
        "engineers",
        "was",
        "swell",
        "with",
        "barges",
        "from",
        "morning",
    ];
    let mut state = 7_u64;
    let mut text = String::new();
    while text.len() < n_bytes {
        // The multiplier and increment of MMIX (Knuth).
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[(state >> 33) as usize % WORDS.len()]);
        text.push(if state >> 60 == 0 { '\n' } else { ' ' });
    }
    text
}

/// The text with every hundredth line replaced.
fn edited(text: &str) -> String {
    let line = |(n, line): (usize, &str)| match n % 100 {
        50 => format!("another line, number {n}"),
        _ => line.to_owned(),
    };
    text.lines().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

#[divan::bench]
fn digest_1_mib(bencher: Bencher) {
    let text = prose(1 << 20);
    bencher.counter(BytesCount::of_str(&text)).bench(|| Digest::of(text.as_bytes()));
}

#[divan::bench]
fn features_1_mib(bencher: Bencher) {
    let text = prose(1 << 20);
    bencher.counter(BytesCount::of_str(&text)).bench(|| Fingerprint::of(text.as_bytes()));
}

#[divan::bench]
fn features_800_bytes(bencher: Bencher) {
    let text = prose(800);
    bencher.counter(BytesCount::of_str(&text)).bench(|| Fingerprint::of(text.as_bytes()));
}

#[divan::bench(args = [3, 9])]
fn compress_alone_64_kib(bencher: Bencher, level: i32) {
    let text = prose(64 << 10);
    let counter = BytesCount::of_str(&text);
    let mut packer = Packer::default();
    bencher.counter(counter).bench_local(|| packer.pack(text.as_bytes(), level));
}

#[divan::bench(args = [None, Some(3), Some(9)])]
fn compress_against_base_64_kib(bencher: Bencher, level: Option<i32>) {
    let (base, text) = (prose(64 << 10), edited(&prose(64 << 10)));
    let mut packer = Packer::default();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| packer.pack_against(text.as_bytes(), base.as_bytes(), level));
}

#[divan::bench]
fn decompress_against_base_64_kib(bencher: Bencher) {
    let (base, text) = (prose(64 << 10), edited(&prose(64 << 10)));
    let packed = Packer::default().pack_against(text.as_bytes(), base.as_bytes(), None).unwrap();
    let mut unpacker = Unpacker::default();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| unpacker.unpack(&packed, Some(base.as_bytes()), text.len()).unwrap());
}

#[divan::bench]
fn normal_form_64_kib(bencher: Bencher) {
    let text = prose(64 << 10);
    bencher.counter(BytesCount::of_str(&text)).bench(|| Normal::of(&text));
}

#[divan::bench]
fn sketch_64_kib(bencher: Bencher) {
    let text = prose(64 << 10);
    let normal = Normal::of(&text);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| Sketch::of(PackedWords { bytes: normal.bytes(), ends: normal.ends() }));
}

#[divan::bench]
fn normal_form_and_sketch_1_mib(bencher: Bencher) {
    let text = prose(1 << 20);
    bencher.counter(BytesCount::of_str(&text)).bench(|| sketch(&text));
}

/// The files below the folder `WIRE_STORIES`, or made-up ones of about the size of wire stories.
#[divan::bench(sample_count = 20)]
fn normal_form_and_sketch_of_stories(bencher: Bencher) {
    let stories: Vec<String> = match std::env::var_os("WIRE_STORIES") {
        Some(folder) => files_below(Path::new(&folder))
            .map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned())
            .collect(),
        None => prose(800_000)
            .as_bytes()
            .chunks(800)
            .map(|s| str::from_utf8(s).unwrap().into())
            .collect(),
    };
    bencher
        .counter(ItemsCount::new(stories.len()))
        .counter(BytesCount::new(stories.iter().map(String::len).sum::<usize>()))
        .bench(|| stories.iter().for_each(|story| drop(divan::black_box(sketch(story)))));
}

fn files_below(folder: &Path) -> Box<dyn Iterator<Item = PathBuf>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    Box::new(entries.flat_map(|path| match path.is_dir() {
        true => files_below(&path),
        false => Box::new(std::iter::once(path)),
    }))
}

fn sketch(text: &str) -> Sketch {
    let normal = Normal::of(text);
    Sketch::of(PackedWords { bytes: normal.bytes(), ends: normal.ends() })
}

#[divan::bench]
fn compare_64_kib(bencher: Bencher) {
    let (a, b) = (prose(64 << 10), edited(&prose(64 << 10)));
    bencher.counter(BytesCount::of_str(&a)).bench(|| diff::compare(Sides { a: &a[..], b: &b[..] }));
}

#[divan::bench]
fn read_plain_text(bencher: Bencher) {
    let text = prose(256 << 10).into_bytes();
    bencher
        .counter(BytesCount::of_slice(&text))
        .bench(|| text::readable(&text, text::ReadAs::page("text/plain", None)));
}

#[divan::bench]
fn read_a_page(bencher: Bencher) {
    let story = "<div class=story><h2><a href=/1>Wool</a></h2><p>Prices of <b>wool</b> fell to \
        10&nbsp;crowns.<ul><li>one<li>two</ul></div>\n";
    let page = format!("<!doctype html><title>News</title>{}", story.repeat(2000)).into_bytes();
    bencher
        .counter(BytesCount::of_slice(&page))
        .bench(|| text::readable(&page, text::ReadAs::page("text/html", None)));
}

#[divan::bench(args = [text::Scope::Article, text::Scope::Page])]
fn read_a_page_to_compare(bencher: Bencher, scope: text::Scope) {
    let paragraph = "<div><p>Prices of <b>wool</b> fell to 10&nbsp;crowns, the traders said, and they \
        may fall on.</p></div>\n";
    let menu = "<li class=menu-item><a href=/1>Wool</a>".repeat(400);
    let page =
        format!("<nav>{menu}</nav><article>{}</article>", paragraph.repeat(1000)).into_bytes();
    let bencher = bencher.counter(BytesCount::of_slice(&page));
    bencher.bench(|| {
        text::read(&page, text::ReadAs { scope, ..text::ReadAs::page("text/html", None) }).found
    });
}
