//! Near-duplicates: copies are found in any language, other texts are not, and nothing else matters:
//! not the boilerplate around a text, not the order in which texts came, not the catalog's past.
//!
//! 2,000 identical texts and one order by default, 10,000 and four with ARCHIVE_SLOW.

mod adversaries;
mod boilerplate;
mod languages;
mod lines;
mod long;
mod news;
mod order;
mod past;
mod scans;
mod shares;
mod sources;

use std::{collections::BTreeSet, sync::Arc};

use docarchive::internals::{
    archive::{
        Archive,
        ingest::{IngestOptions, Provenance},
        similar::{
            ReadAs, Similarity, Threshold,
            groups::{DupsScope, Group},
            neighbours::{NearDocument, SimilarQuery},
        },
    },
    backend::memory::Memory,
};

use crate::common::{ingest, init, intake, noise};

const EVERYTHING: DupsScope = DupsScope { prefix: None, across_sites: false, since: None };

/// A name and a text.
type Text = (String, String);

/// An archive in memory with these texts.
fn holding(texts: &[Text]) -> Archive {
    let mut archive = init(Arc::new(Memory::default()));
    add_on(&mut archive, 1, texts, 4);
    archive
}

/// Adds texts in one transaction, on so many threads.
fn add_on(archive: &mut Archive, n: u64, texts: &[Text], n_threads: usize) {
    add_from(archive, n, texts, n_threads, None);
}

fn add_from(
    archive: &mut Archive,
    n: u64,
    texts: &[Text],
    n_threads: usize,
    source: Option<String>,
) {
    let provenance = Provenance { source, ..Provenance::default() };
    let options = IngestOptions { provenance, n_threads, near: None, ..IngestOptions::default() };
    let intakes = texts.iter().map(|(name, text)| intake(name.as_bytes(), text.as_bytes()));
    ingest(archive, n, intakes, &options).unwrap();
}

/// What a text that need not be stored is near to.
fn near_to(archive: &Archive, text: &str) -> Vec<NearDocument> {
    let query = SimilarQuery { threshold: Threshold::Copied, own: None, all_revisions: false };
    archive
        .similar((text.as_bytes(), ReadAs::page("text/plain", None)), query)
        .unwrap()
        .unwrap_or_default()
}

/// What a document is near to.
fn near_document(archive: &Archive, name: &str, all_revisions: bool) -> Vec<NearDocument> {
    let document = archive.document(name.as_bytes()).unwrap();
    let revision = archive.catalog().revisions(&document).unwrap().remove(0);
    let bytes = archive.read_whole(&document, &revision).unwrap();
    let query = SimilarQuery { threshold: Threshold::Copied, own: Some(&document), all_revisions };
    archive
        .similar((&bytes, ReadAs::page(&revision.media_type, None)), query)
        .unwrap()
        .unwrap_or_default()
}

fn names(near: &[NearDocument]) -> BTreeSet<String> {
    near.iter().map(|near| near.document.name.text().into_owned()).collect()
}

fn near_groups(archive: &Archive) -> Vec<Group> {
    let mut all = Vec::new();
    let keep = |group| {
        all.push(group);
        Ok(())
    };
    archive.near_groups(Threshold::Copied, EVERYTHING, keep).unwrap();
    all
}

fn exact_groups(archive: &Archive) -> Vec<Group> {
    let mut all = Vec::new();
    let keep = |group| {
        all.push(group);
        Ok(())
    };
    archive.exact_groups(EVERYTHING, keep).unwrap();
    all
}

fn members(group: &Group) -> BTreeSet<String> {
    group.members.iter().map(|(document, _)| document.name.text().into_owned()).collect()
}

/// The names in each near group.
fn grouped(archive: &Archive) -> BTreeSet<BTreeSet<String>> {
    near_groups(archive).iter().map(members).collect()
}

fn set(names: impl IntoIterator<Item = impl Into<String>>) -> BTreeSet<String> {
    names.into_iter().map(Into::into).collect()
}

/// How close two documents of a group are.
fn similarity_of(group: &Group, a: &str, b: &str) -> Option<Similarity> {
    let index = |name| group.members.iter().position(|(it, _)| it.name.text() == name);
    let (a, b) = (index(a)?, index(b)?);
    let is_theirs = |x: usize, y: usize| (x, y) == (a.min(b), a.max(b));
    group.pairs.iter().find(|pair| is_theirs(pair.a, pair.b)).map(|pair| pair.similarity)
}

/// Numbers that seem random and are always the same for one seed.
struct Dice(std::vec::IntoIter<u8>);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(noise(seed.wrapping_mul(0x9e37), 1 << 16).into_iter())
    }

    /// A number below `n`.
    fn roll(&mut self, n: usize) -> usize {
        let four: Vec<u8> = self.0.by_ref().take(4).collect();
        u32::from_le_bytes(four.try_into().unwrap()) as usize % n
    }
}

const SYLLABLES: &[u8; 64] = b"balodeminoturagisovepikahurowenadulifesomagotirubecanopesivadomu";

fn word(dice: &mut Dice) -> String {
    let syllable = |dice: &mut Dice| {
        let at = 2 * dice.roll(SYLLABLES.len() / 2);
        String::from_utf8_lossy(&SYLLABLES[at..at + 2]).into_owned()
    };
    (0..2 + dice.roll(2)).map(|_| syllable(dice)).collect()
}

/// Sentences of ten words that stand in no other text, one on each line.
fn sentences(seed: u64, n: usize) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let sentence = |dice: &mut Dice| {
        let words: Vec<String> = (0..10).map(|_| word(dice)).collect();
        words.join(" ") + "."
    };
    (0..n).map(|_| sentence(&mut dice)).collect()
}

/// A story that is no other text, of ten words for each of its lines.
fn story(seed: u64, n_lines: usize) -> String {
    sentences(seed, n_lines).join("\n") + "\n"
}
