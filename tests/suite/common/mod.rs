//! What the tests of whole archives share: a fixed clock, a fixed key, and one oracle.

pub mod authority;
pub mod draw;
pub mod sandbox;

use std::{io, path::Path, sync::Arc};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck, WriteContext,
        ingest::{
            IngestEvent, IngestItem, IngestOptions, Intake, Outcome, Provenance, Transaction,
        },
        inspect::audit::AuditScope,
        maintain::compact::{Compacted, Policy},
        presence::AsOf,
    },
    backend::{Backend, Storage, local::Local},
    journal::note::Signer,
    types::{digest::Digest, error::Error, name::DocName, pack_id::PackId, time::Timestamp},
};

/// The key of every test archive.
pub fn signer() -> Signer {
    Signer::from_seed("example.org/test", &[7; 32]).unwrap()
}

/// The n-th write context: a minute later than the one before, with its own randomness.
pub fn context(n: u64) -> WriteContext {
    WriteContext {
        now: Timestamp::from_unix(1_764_000_000 + 60 * n as i64, 0),
        began: (1_764_000_000 + 60 * n as i64) * 1_000_000_000,
        seed: *Digest::of(&n.to_be_bytes()).as_bytes(),
        by: Some("tester".into()),
        tool: "archive 0.1.0".into(),
    }
}

/// Compacts, in a write context that no other write of a test has.
pub fn compact(archive: &mut Archive, policy: Policy) -> Result<Compacted, Error> {
    let context = context(100_000 + archive.n_events());
    archive.compact(policy, &signer(), context, "test", &mut |_| Ok(()))
}

/// The id of a pack with these bytes, put by nobody.
pub fn pack_of(bytes: &[u8]) -> PackId {
    PackId { digest: Digest::of(bytes), upload: [0; 3] }
}

/// A document of these bytes.
pub fn intake(name: &[u8], bytes: &[u8]) -> Intake {
    let (n_bytes, bytes) = (bytes.len() as u64, bytes.to_vec());
    let source = move || Ok(io::Cursor::new(bytes.clone()));
    Intake { n_bytes, ..Intake::new(DocName::new(name).unwrap(), source) }
}

/// Adds one document to a transaction.
pub fn add_one(transaction: &mut Transaction, name: &[u8], bytes: &[u8]) -> Result<Outcome, Error> {
    transaction.add(intake(name, bytes))
}

/// Adds documents in one transaction.
pub fn add(archive: &mut Archive, n: u64, documents: &[(&str, &[u8])]) -> Result<(), Error> {
    let signer = signer();
    let mut transaction =
        archive.transaction(&signer, context(n), Provenance::default(), "test")?;
    for (name, bytes) in documents {
        add_one(&mut transaction, name.as_bytes(), bytes)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Adds documents as a front end does; what became of each.
pub fn ingest(
    archive: &mut Archive,
    n: u64,
    intakes: impl IntoIterator<Item = Intake>,
    options: &IngestOptions,
) -> Result<Vec<Outcome>, Error> {
    let mut outcomes = Vec::new();
    let items = intakes.into_iter().map(|intake| IngestItem::Document(intake, ()));
    archive.ingest(&signer(), context(n), "test", items, options, |event| {
        if let IngestEvent::Document { outcome, .. } = event {
            outcomes.push(outcome);
        }
        Ok(())
    })?;
    Ok(outcomes)
}

/// A new archive on a backend, its catalog in memory.
pub fn init(backend: Arc<dyn Storage>) -> Archive {
    Archive::init(backend, None, &signer()).unwrap()
}

/// A new archive in a folder, its catalog in the same folder.
pub fn init_in(folder: &Path) -> Archive {
    let local = Arc::new(Local::create(folder).unwrap());
    Archive::init(local, Some(folder), &signer()).unwrap()
}

/// The archive in a folder, its catalog in the same folder.
pub fn open_in(folder: &Path) -> Archive {
    Archive::open(Arc::new(Local::open(folder).unwrap()), Some(folder)).unwrap()
}

/// Every document's name with the bytes of all its revisions that were not withdrawn, the first first.
pub fn everything(archive: &Archive) -> Vec<(Vec<u8>, Vec<Vec<u8>>)> {
    let mut all = Vec::new();
    archive
        .each_document(AsOf::Now, |document, _| {
            let mut revisions = archive.catalog().revisions(document)?;
            revisions.reverse();
            revisions.retain(|revision| revision.withdrawn.is_none());
            let read = |revision| archive.read_whole(document, revision);
            let bytes = revisions.iter().map(read).collect::<Result<_, _>>()?;
            all.push((document.name.as_bytes().to_vec(), bytes));
            Ok(())
        })
        .unwrap();
    all
}

/// The oracle: everything reads, the audit is sound, and a rebuilt catalog is the same.
pub fn check(archive: &Archive, backend: &Arc<dyn Storage>) {
    everything(archive);
    let report =
        archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
    assert!(report.is_sound(), "{:#?}", report.findings);
    let memory: Arc<dyn Storage> = Arc::new(copy(&**backend));
    let fresh = Archive::open(memory, None).unwrap();
    assert_eq!(fresh.catalog().dump().unwrap(), archive.catalog().dump().unwrap());
}

/// The facts of a backend in a memory of their own.
pub fn copy(backend: &dyn Backend) -> docarchive::internals::backend::memory::Memory {
    let mut contents = docarchive::internals::backend::memory::Contents::new();
    let mut names = vec!["identity".to_owned()];
    for folder in ["log", "details", "packs"] {
        names.extend(backend.list(folder).unwrap().into_iter().map(|object| object.name));
    }
    for name in names {
        if let Some(bytes) = backend.read(&name, 1 << 30).unwrap() {
            contents.insert(name, bytes.into());
        }
    }
    docarchive::internals::backend::memory::Memory::of(contents)
}

/// Whether the long form of a test is asked for: all cases instead of a sample.
pub fn is_slow() -> bool {
    std::env::var_os("ARCHIVE_SLOW").is_some()
}

/// Bytes that seem random and are always the same for one seed.
pub fn noise(seed: u64, n_bytes: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        // SplitMix64 (Steele, Lea and Flood, 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let mut bytes = vec![0; n_bytes];
    for piece in bytes.chunks_mut(8) {
        let number: [u8; 8] = next().to_le_bytes();
        piece.copy_from_slice(&number[..piece.len()]);
    }
    bytes
}
