//! Rebuilding: the catalog follows from the facts, from the first event or from where it stopped.
//!
//! Both ways, and every commit, go through [`Catalog::apply`], so that all of them end in the same
//! rows.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use crate::{
    archive::{ingest::reader::Analysis, similar::sites},
    backend::Backend,
    catalog::{Batch, Catalog, Pack, Recorded},
    journal::{
        Entry, Journal,
        event::{Event, Revise},
        merkle::{leaf_hash, tiles::Edge},
    },
    similarity::words,
    store::{
        Reader, Sealed,
        features::{Features, Fingerprint},
        pack::{self, Listed},
        pack_name,
        place::{Place, Places},
    },
    types::{
        digest::{Digest, Key},
        error::Error,
        limits,
    },
};

use super::salvage;

/// Events applied in one transaction.
const STRETCH: usize = 4096;

/// Fills an empty catalog from all facts.
pub fn fill(
    backend: &Arc<dyn Backend>,
    journal: &Journal,
    catalog: &Rc<Catalog>,
) -> Result<(), Error> {
    apply_packs(backend, catalog)?;
    apply_events(backend, journal, catalog, Edge::default())?;
    forget_leftovers(backend, catalog)
}

/// Applies what came after the checkpoint that the catalog reflects.
///
/// `false` when the catalog does not reflect an earlier state of this journal.
pub fn catch_up(
    backend: &Arc<dyn Backend>,
    journal: &Journal,
    catalog: &Rc<Catalog>,
) -> Result<bool, Error> {
    let Some(head) = journal.head_of(catalog.reflects()?.as_bytes()) else { return Ok(false) };
    let edge = Edge::read(head.size, |id| catalog.tile(id))?;
    if head.size > journal.size() || edge.frontier().root() != head.root {
        return Ok(false);
    }
    apply_packs(backend, catalog)?;
    apply_events(backend, journal, catalog, edge)?;
    forget_leftovers(backend, catalog)?;
    Ok(true)
}

/// The digests of all packs that the backend holds.
pub fn packs(backend: &dyn Backend) -> Result<Vec<Digest>, Error> {
    let objects = backend.list("packs")?;
    let named = |name: &str| Digest::parse(name.rsplit('/').next()?);
    Ok(objects.iter().filter_map(|object| named(&object.name)).collect())
}

/// Packs that went while others came, which the catalog does not know: somebody compacted without it.
pub struct ExchangedPacks {
    went: Vec<Digest>,
}

impl ExchangedPacks {
    /// Compares the catalog with the packs that are there.
    ///
    /// A pack that went alone is lost, and stays in the catalog, so that the audit names it.
    pub fn find(backend: &dyn Backend, catalog: &Catalog) -> Result<Option<Self>, Error> {
        let held: HashSet<Digest> = packs(backend)?.into_iter().collect();
        let known = catalog.packs()?;
        let n_known = known.len();
        let went: Vec<Digest> = known.into_iter().filter(|pack| !held.contains(pack)).collect();
        let others_came = held.len() > n_known - went.len();
        Ok((!went.is_empty() && others_came).then_some(Self { went }))
    }

    /// Brings the catalog in step with them.
    pub fn apply(&self, backend: &Arc<dyn Backend>, catalog: &Rc<Catalog>) -> Result<(), Error> {
        apply_packs(backend, catalog)?;
        self.went.iter().try_for_each(|pack| catalog.forget_pack(pack))?;
        forget_leftovers(backend, catalog)
    }
}

/// Applies the directories of packs that the catalog does not know; of a pack whose directory cannot
/// be read, what is salvaged.
fn apply_packs(backend: &Arc<dyn Backend>, catalog: &Rc<Catalog>) -> Result<(), Error> {
    let known = catalog.packs()?;
    let mut broken = Vec::new();
    for pack in packs(&**backend)? {
        if known.contains(&pack) {
            continue;
        }
        let frames = match pack::directory(&**backend, &pack) {
            Ok(frames) => frames,
            Err(Error::Damaged { .. }) => {
                broken.push(pack);
                continue;
            }
            Err(error) => return Err(error),
        };
        apply_pack(&**backend, catalog, pack, &frames)?;
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

/// Applies one pack by what its directory lists.
pub fn apply_pack(
    backend: &dyn Backend,
    catalog: &Catalog,
    pack: Digest,
    frames: &[Listed],
) -> Result<(), Error> {
    let places: Vec<(Key, Place)> = pack::places(pack, frames).collect();
    let n_bytes = backend.size(&pack_name(&pack))?.unwrap_or(0);
    let applied = Pack { pack, n_bytes, n_frames: frames.len() as u64, places: &places };
    catalog.apply(&Batch { packs: &[applied], ..Batch::default() })
}

/// Forgets the packs of transactions that were never committed; the next writer sweeps them.
fn forget_leftovers(backend: &Arc<dyn Backend>, catalog: &Rc<Catalog>) -> Result<(), Error> {
    let mut idle: HashSet<Digest> = catalog.packs_without_contents()?.into_iter().collect();
    if idle.is_empty() {
        return Ok(());
    }
    let reader = Reader::new(Sealed::new(Arc::clone(backend), catalog.clone()));
    catalog.contents_by_place(|_, digest, n_bytes| {
        if idle.is_empty() || n_bytes <= limits::BLOB_BYTES_MAX as u64 {
            return Ok(());
        }
        match reader.chunks(&digest) {
            Ok(Some(chunks)) => {
                for chunk in chunks {
                    catalog.places(chunk.digest.key())?.iter().for_each(|place| {
                        idle.remove(&place.pack);
                    });
                }
            }
            // Where a list cannot be read, any pack may hold its chunks.
            _ => idle.clear(),
        }
        Ok(())
    })?;
    idle.iter().try_for_each(|pack| catalog.forget_pack(pack))
}

fn apply_events(
    backend: &Arc<dyn Backend>,
    journal: &Journal,
    catalog: &Rc<Catalog>,
    mut edge: Edge,
) -> Result<(), Error> {
    let reader = Reader::new(Sealed::new(Arc::clone(backend), catalog.clone()));
    let mut stretch: Vec<Entry> = Vec::new();
    for entry in journal.entries(edge.size()..journal.size()) {
        let entry = entry?;
        edge.push(leaf_hash(&entry.line));
        stretch.push(entry);
        if stretch.len() == STRETCH {
            apply_stretch(catalog, &reader, &stretch, &mut edge, None)?;
            stretch.clear();
        }
    }
    if edge.frontier().root() != journal.root() {
        return Err(Error::damaged(
            "log/entries",
            "its events do not have the root that was signed",
        ));
    }
    let note = String::from_utf8_lossy(journal.note());
    catalog.transaction(|_| {
        apply_stretch(catalog, &reader, &stretch, &mut edge, Some(&note))?;
        sites::refresh(catalog, &reader)
    })
}

/// Makes all sketches again, in the version that this program makes, and what follows from them.
pub fn sketches(backend: &Arc<dyn Backend>, catalog: &Rc<Catalog>) -> Result<(), Error> {
    let reader = Reader::new(Sealed::new(Arc::clone(backend), catalog.clone()));
    let mut all = Vec::new();
    catalog.contents_by_place(|content, digest, n_bytes| {
        if n_bytes <= limits::BLOB_BYTES_MAX as u64 {
            all.push((content, digest));
        }
        Ok(())
    })?;
    catalog.transaction(|_| {
        catalog.renew_sketches(|put| {
            for (content, digest) in all {
                let Ok(bytes) = reader.blob(&digest) else { continue };
                let Some(first) = catalog.first_with(content)? else { continue };
                if let Some(sketch) = words::sketch(&bytes, &first.media_type) {
                    put(content, &sketch.encode())?;
                }
            }
            Ok(())
        })?;
        sites::refresh(catalog, &reader)
    })
}

fn apply_stretch(
    catalog: &Catalog,
    reader: &Reader<Sealed>,
    stretch: &[Entry],
    edge: &mut Edge,
    checkpoint: Option<&str>,
) -> Result<(), Error> {
    let mut found = NewContents::default();
    for entry in stretch {
        let Event::Revise(revise) = &entry.event else { continue };
        if found.met.insert(revise.sha256) && catalog.content(&revise.sha256)?.is_none() {
            found.read(catalog, reader, revise)?;
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

/// What the catalog gets of new contents beside their events.
#[derive(Default)]
struct NewContents {
    met: HashSet<Digest>,
    chunks_met: HashSet<Digest>,
    sketches: HashMap<Digest, Vec<u8>>,
    features: HashMap<Key, Features>,
    chunks: HashMap<Digest, Vec<Key>>,
}

impl NewContents {
    /// Reads a content. One that cannot be read adds nothing; that it is damaged is for the audit to
    /// find.
    fn read(
        &mut self,
        catalog: &Catalog,
        reader: &Reader<Sealed>,
        revise: &Revise,
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
            return Ok(());
        }
        let Ok(bytes) = reader.blob(&digest) else { return Ok(()) };
        let Analysis { fingerprint, sketch } = Analysis::of(&bytes, revise.media.as_str());
        self.add_features(digest.key(), &fingerprint);
        if let Some(sketch) = sketch {
            self.sketches.insert(digest, sketch);
        }
        Ok(())
    }

    fn add_features(&mut self, key: Key, fingerprint: &Fingerprint) {
        if let Some(features) = fingerprint.features() {
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
