//! Rebuilding: the catalog follows from the facts, from the first event or from where it stopped.
//!
//! Both ways, and every commit, go through [`Catalog::apply`], so that all of them end in the same
//! rows.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use tracing::warn;

use crate::{
    archive::{
        contents::in_reading_order,
        ingest::reader::TextAnalysis,
        operand::{may_be_compared, read_as},
        similar::sites::{self, SampleCache},
    },
    backend::Backend,
    catalog::{self, Batch, Catalog, InterpretedContent, KeptContent, Pack, Recorded},
    journal::{
        Entry, Journal, PackChanges,
        event::{Detail, Event, Revise},
        merkle::{leaf_hash, tiles::Edge},
    },
    similarity::words,
    store::{
        Reader, Sealed,
        features::{Features, Fingerprint},
        pack::{self, Listed},
        place::Place,
    },
    text::Scope,
    types::{
        digest::{Digest, Key},
        error::Error,
        limits,
        pack_id::PackId,
    },
};

use super::{keep, salvage};

/// Events applied in one transaction.
const STRETCH: usize = 4096;
/// As many events are held while the packs are read; of more, the journal is read twice. A kilobyte each.
const HELD_MAX: u64 = 1 << 15;

/// Fills an empty catalog from all facts.
pub fn fill(
    backend: &Arc<dyn Backend>,
    journal: &Journal,
    catalog: &Rc<Catalog>,
) -> Result<(), Error> {
    go_on(backend, journal, catalog, Edge::default())?;
    catalog.merge_indexes()
}

/// How far a catalog got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaughtUp {
    /// It is in step.
    Yes,
    /// It does not reflect an earlier state of this journal.
    OtherHistory,
    /// Something was withdrawn since: what follows from that must not stay, so it has to be made anew.
    Withdrawn,
}

/// Applies what came after the checkpoint that the catalog reflects, within a transaction of the caller's: another
/// writer may be at the same.
pub fn catch_up(
    backend: &Arc<dyn Backend>,
    journal: &Journal,
    catalog: &Rc<Catalog>,
) -> Result<CaughtUp, Error> {
    let head = journal.head_of(catalog.reflects()?.as_bytes());
    let Some(head) = head.filter(|head| head.size <= journal.size()) else {
        return Ok(CaughtUp::OtherHistory);
    };
    let edge = Edge::read(head.size, |id| catalog.tile(id))?;
    if edge.frontier().root() != head.root {
        return Ok(CaughtUp::OtherHistory);
    }
    if !journal.withdrawals(head.size..journal.size())?.is_empty() {
        return Ok(CaughtUp::Withdrawn);
    }
    go_on(backend, journal, catalog, edge)?;
    Ok(CaughtUp::Yes)
}

/// What is not to be read any more: every revision with it is withdrawn.
#[derive(Default)]
struct GoneContents {
    contents: HashSet<Digest>,
    /// Contents of which no revision is left that is read so.
    interpreted: HashSet<InterpretedContent>,
}

/// The contents of which every revision is withdrawn.
pub fn withdrawn_contents(journal: &Journal) -> Result<HashSet<Digest>, Error> {
    Ok(gone_contents(journal)?.contents)
}

fn gone_contents(journal: &Journal) -> Result<GoneContents, Error> {
    let withdrawn = journal.withdrawals(0..journal.size())?;
    let (mut gone, mut kept) = (GoneContents::default(), GoneContents::default());
    if withdrawn.contents.is_empty() {
        return Ok(gone);
    }
    for entry in journal.entries_under_root(0) {
        let entry = entry?;
        let Event::Revise(revise) = &entry.event else { continue };
        let has_words = !withdrawn.details.contains_key(&entry.index);
        let interpreted = interpreted(revise, entry.detail.as_ref().filter(|_| has_words));
        let set = if withdrawn.contents.contains_key(&entry.index) { &mut gone } else { &mut kept };
        set.contents.insert(interpreted.0);
        set.interpreted.insert(interpreted);
    }
    gone.contents.retain(|digest| !kept.contents.contains(digest));
    gone.interpreted.retain(|interpreted| !kept.interpreted.contains(interpreted));
    Ok(gone)
}

/// Applies all that comes after `edge`. What the packs bring is known first, because a content may lie in one
/// that came long after its event.
fn go_on(
    backend: &Arc<dyn Backend>,
    journal: &Journal,
    catalog: &Rc<Catalog>,
    edge: Edge,
) -> Result<(), Error> {
    let range = edge.size()..journal.size();
    let gone = match range.start {
        0 => gone_contents(journal)?,
        _ => GoneContents::default(),
    };
    if range.end.saturating_sub(range.start) > HELD_MAX {
        apply_packs(backend, catalog, &journal.pack_changes(range.clone())?.came)?;
        return apply_events(
            backend,
            journal,
            catalog,
            (edge, gone),
            journal.entries_under_root(range.start),
        );
    }
    let entries = journal.entries_under_root(range.start).collect::<Result<Vec<_>, _>>()?;
    let mut changes = PackChanges::default();
    entries.iter().for_each(|entry| changes.take(&entry.event));
    apply_packs(backend, catalog, &changes.came)?;
    apply_events(backend, journal, catalog, (edge, gone), entries.into_iter().map(Ok))
}

/// Applies the directories of packs; of one whose directory cannot be read, what is salvaged.
pub fn apply_packs(
    backend: &Arc<dyn Backend>,
    catalog: &Rc<Catalog>,
    came: &BTreeSet<PackId>,
) -> Result<(), Error> {
    let mut broken = Vec::new();
    for pack in came.iter().copied() {
        let (frames, n_bytes) = match pack::directory_and_size(&**backend, &pack) {
            Ok(directory) => directory,
            Err(Error::Damaged { .. }) => {
                broken.push(pack);
                continue;
            }
            Err(error) => return Err(error),
        };
        apply_pack(catalog, (pack, n_bytes), &frames)?;
    }
    // Last, because their frames may have bases in whole packs; and again while more is found, because
    // they may have bases in each other.
    let mut n_found = 0;
    loop {
        let mut n_now = 0;
        for pack in &broken {
            n_now += salvage::salvage(backend, catalog, *pack)?;
        }
        if n_now == n_found {
            return Ok(());
        }
        n_found = n_now;
    }
}

/// Applies one pack and its size by what its directory lists.
pub fn apply_pack(
    catalog: &Catalog,
    (pack, n_bytes): (PackId, u64),
    frames: &[Listed],
) -> Result<(), Error> {
    let places: Vec<(Key, Place)> = pack::places(pack, frames).collect();
    let applied = Pack { pack, n_bytes, n_frames: frames.len() as u64, places: &places };
    catalog.apply(&Batch { packs: &[applied], ..Batch::default() })
}

fn apply_events(
    backend: &Arc<dyn Backend>,
    journal: &Journal,
    catalog: &Rc<Catalog>,
    (mut edge, gone): (Edge, GoneContents),
    entries: impl Iterator<Item = Result<Entry, Error>>,
) -> Result<(), Error> {
    let reader = Reader::new(Sealed::for_reading(Arc::clone(backend), catalog.clone()));
    let mut stretch: Vec<Entry> = Vec::new();
    let withdrawn = journal.withdrawals(0..journal.size())?.details;
    let mut n_lost = 0_u64;
    for entry in entries {
        let mut entry = entry?;
        if withdrawn.contains_key(&entry.index) {
            entry.detail = None;
        }
        n_lost += u64::from(keep::is_lost(&entry, &withdrawn));
        edge.push(leaf_hash(&entry.line));
        stretch.push(entry);
        if stretch.len() == STRETCH {
            apply_stretch(catalog, &reader, (&stretch, &gone), &mut edge, None)?;
            stretch.clear();
        }
    }
    if edge.frontier().root() != journal.root() {
        return Err(Error::damaged("log", "its events do not have the root that was signed"));
    }
    if n_lost > 0 {
        warn!(
            target: "catalog",
            "the details of {n_lost} events are damaged or missing: documents whose names are lost go \
             by their ids; archive audit has more"
        );
    }
    let note = String::from_utf8_lossy(journal.note());
    catalog.transaction(|_| {
        apply_stretch(catalog, &reader, (&stretch, &gone), &mut edge, Some(&note))?;
        sites::refresh(catalog, &reader, &SampleCache::default())
    })
}

/// Makes all sketches again, in the version that this program makes, and what follows from them.
pub fn sketches(backend: &Arc<dyn Backend>, catalog: &Rc<Catalog>) -> Result<(), Error> {
    let reader = Reader::new(Sealed::for_reading(Arc::clone(backend), catalog.clone()));
    let mut all = catalog.kept_contents()?;
    all.retain(|content| content.n_bytes <= limits::TEXT_BYTES_MAX as u64);
    let all = in_reading_order(&reader, all);
    catalog.transaction(|_| {
        catalog.renew_sketches(|put| {
            for KeptContent { row: content, digest, n_bytes, .. } in all {
                let Some(revision) = catalog.first_with(content)? else { continue };
                if !may_be_compared(n_bytes, &revision.media_type) {
                    continue;
                }
                let Ok(bytes) = reader.content_bytes(&digest, n_bytes) else { continue };
                if let Some(sketch) = words::sketch(&bytes, read_as(&revision, Scope::Page)) {
                    put(content, &sketch.encode())?;
                }
            }
            Ok(())
        })?;
        sites::refresh(catalog, &reader, &SampleCache::default())
    })
}

fn apply_stretch(
    catalog: &Catalog,
    reader: &Reader<Sealed>,
    (stretch, gone): (&[Entry], &GoneContents),
    edge: &mut Edge,
    checkpoint: Option<&str>,
) -> Result<(), Error> {
    let mut found = NewContents::default();
    for entry in stretch {
        let Event::Revise(revise) = &entry.event else { continue };
        if gone.contents.contains(&revise.sha256) {
            continue;
        }
        let is_new = found.met.insert(revise.sha256) && !catalog.has_content(&revise.sha256)?;
        let interpreted = interpreted(revise, entry.detail.as_ref());
        let is_read = !gone.interpreted.contains(&interpreted)
            && found.interpreted.insert(interpreted.clone())
            && catalog.content_as(&interpreted)?.is_none();
        if is_new || is_read {
            found.read(catalog, reader, (revise, is_read.then_some(interpreted)))?;
        }
    }
    let events = recorded(stretch);
    let tiles = edge.take();
    catalog.apply(&Batch {
        events: &events,
        packs: &[],
        sketches: Some(&found.sketches),
        features: Some(&found.features),
        chunks: Some(&found.chunks),
        tiles: &tiles,
        checkpoint,
    })
}

/// The content of an event, with as what it is read.
fn interpreted(revise: &Revise, detail: Option<&Detail>) -> InterpretedContent {
    (revise.sha256, catalog::interpretation(detail, revise))
}

/// What the catalog gets of new contents beside their events.
#[derive(Default)]
struct NewContents {
    met: HashSet<Digest>,
    interpreted: HashSet<InterpretedContent>,
    chunks_met: HashSet<Digest>,
    sketches: HashMap<InterpretedContent, Vec<u8>>,
    features: HashMap<Key, Features>,
    chunks: HashMap<Digest, Vec<Key>>,
}

impl NewContents {
    /// Reads a content, and as text if it is to be read so. One that cannot be read adds nothing; that it is damaged is for
    /// the audit to find.
    fn read(
        &mut self,
        catalog: &Catalog,
        reader: &Reader<Sealed>,
        (revise, read_as): (&Revise, Option<InterpretedContent>),
    ) -> Result<(), Error> {
        let digest = revise.sha256;
        if revise.size > limits::BLOB_BYTES_MAX as u64 {
            let Ok(Some(chunks)) = reader.chunks(&digest) else { return Ok(()) };
            for chunk in &chunks {
                let key = chunk.digest.key();
                if self.chunks_met.insert(chunk.digest)
                    && !catalog.has_chunk(key)?
                    && let Ok(bytes) = reader.blob(&chunk.digest)
                {
                    self.add_features(key, &Fingerprint::of(&bytes));
                }
            }
            let keys = chunks.iter().map(|chunk| chunk.digest.key()).collect();
            self.chunks.insert(digest, keys);
            if read_as.is_some()
                && may_be_compared(revise.size, revise.media.as_str())
                && let Ok(bytes) = reader.content_bytes(&digest, revise.size)
            {
                self.add_sketch(&bytes, (revise, read_as));
            }
            return Ok(());
        }
        let Ok(bytes) = reader.blob(&digest) else { return Ok(()) };
        self.add_features(digest.key(), &Fingerprint::of(&bytes));
        self.add_sketch(&bytes, (revise, read_as));
        Ok(())
    }

    fn add_sketch(
        &mut self,
        bytes: &[u8],
        (revise, read_as): (&Revise, Option<InterpretedContent>),
    ) {
        let Some(interpreted) = read_as else { return };
        let text = TextAnalysis::of(bytes, revise.media.as_str(), interpreted.1.named());
        self.sketches.extend(text.sketch.map(|sketch| (interpreted, sketch)));
    }

    fn add_features(&mut self, key: Key, fingerprint: &Fingerprint) {
        if let Some(features) = fingerprint.sought() {
            self.features.insert(key, *features);
        }
    }
}

/// Entries of the journal as the catalog takes them.
pub fn recorded(entries: &[Entry]) -> Vec<Recorded<'_>> {
    entries
        .iter()
        .map(|entry| Recorded {
            index: entry.index,
            event: &entry.event,
            detail: entry.detail.as_ref(),
        })
        .collect()
}
