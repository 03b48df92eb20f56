//! Large contents: cut into chunks, read as a stream, and sharing what they have in common.

use std::{
    fs,
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        ingest::{Intake, Outcome, Provenance, Reading, Source, Steady},
        inspect::audit::AuditScope,
    },
    backend::{Storage, faulty::Faulty, memory::Memory},
    store::place::Places,
    types::{
        digest::{Digest, Hasher},
        limits,
        name::DocName,
    },
};

use crate::common::{self, context, init, init_in, is_slow, open_in, signer};

/// How long the text is: several times what may be one blob.
fn n_bytes_wanted() -> u64 {
    if is_slow() { 24 << 20 } else { 9 << 20 }
}

const INSERTION: &[u8] = b"a few bytes that were not there";
const INSERTED_AT: u64 = 300_000;

/// Text without end that is made as it is read: lines of a number and eight words.
#[derive(Clone)]
struct Text {
    n_line: u64,
    line: Vec<u8>,
    at: usize,
}

impl Text {
    fn new() -> Self {
        Self { n_line: 0, line: Vec::new(), at: 0 }
    }
}

impl Read for Text {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() {
            let digest = Digest::of(&self.n_line.to_le_bytes());
            self.line = format!("{} {digest}\n", self.n_line).into_bytes();
            (self.n_line, self.at) = (self.n_line + 1, 0);
        }
        let n_bytes = out.len().min(self.line.len() - self.at);
        out[..n_bytes].copy_from_slice(&self.line[self.at..self.at + n_bytes]);
        self.at += n_bytes;
        Ok(n_bytes)
    }
}

/// The text, perhaps with the insertion; counts what was read of it.
struct Large {
    is_edited: bool,
    n_read: Arc<AtomicU64>,
}

struct Counted<R> {
    inner: R,
    n_read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.inner.read(out)?;
        self.n_read.fetch_add(n_bytes as u64, Relaxed);
        Ok(n_bytes)
    }
}

fn content(is_edited: bool) -> Box<dyn Read + Send> {
    if !is_edited {
        return Box::new(Text::new().take(n_bytes_wanted()));
    }
    let mut rest = Text::new();
    io::copy(&mut rest.by_ref().take(INSERTED_AT), &mut io::sink()).unwrap();
    let start = Text::new().take(INSERTED_AT);
    Box::new(start.chain(INSERTION).chain(rest.take(n_bytes_wanted() - INSERTED_AT)))
}

impl Source for Large {
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        let (inner, n_read) = (content(self.is_edited), Arc::clone(&self.n_read));
        Ok(Box::new(Steady(Counted { inner, n_read })))
    }
}

fn digest(mut from: impl Read) -> Digest {
    let mut hasher = Hasher::default();
    let mut piece = vec![0; 1 << 16];
    loop {
        match from.read(&mut piece).unwrap() {
            0 => return hasher.finish(),
            n_bytes => hasher.update(&piece[..n_bytes]),
        }
    }
}

/// Adds the text; returns how many bytes were packed.
fn add_large(archive: &mut Archive, n: u64, is_edited: bool) -> u64 {
    let n_read = Arc::new(AtomicU64::new(0));
    let source = Large { is_edited, n_read: Arc::clone(&n_read) };
    let signer = signer();
    let mut transaction =
        archive.transaction(&signer, context(n), Provenance::default(), "test").unwrap();
    let name = DocName::new("large.txt").unwrap();
    let intake = Intake { n_bytes: n_bytes_wanted(), ..Intake::new(name, source) };
    let outcome = transaction.add(intake).unwrap();
    assert!(matches!(outcome, Outcome::New(_) | Outcome::Revised(_)), "{outcome:?}");
    let committed = transaction.commit().unwrap().unwrap();
    let inserted = if is_edited { INSERTION.len() as u64 } else { 0 };
    assert_eq!(n_read.load(Relaxed), n_bytes_wanted() + inserted, "a source is read once");
    committed.n_packed
}

#[test]
fn a_large_content_reads_back_and_its_next_version_shares_its_chunks() {
    let memory = Memory::default();
    let calls = Faulty::none(Arc::new(memory.clone()));
    let mut archive = init(Arc::new(calls.clone()));
    let n_first = add_large(&mut archive, 1, false);
    let n_next = add_large(&mut archive, 2, true);
    assert!(n_next * 8 < n_first, "{n_next} bytes for an insertion, {n_first} for the whole");

    let document = archive.document(b"large.txt").unwrap();
    let revisions = archive.catalog().revisions(&document).unwrap();
    for (revision, is_edited) in revisions.iter().zip([true, false]) {
        let wanted = digest(content(is_edited));
        assert_eq!(revision.digest, wanted);
        assert_eq!(digest(archive.read(&document, revision).unwrap()), wanted);
        let chain = archive.chain(revision).unwrap();
        let n_expected = n_bytes_wanted() / limits::CHUNK_BYTES_AVG as u64;
        assert!((n_expected / 4..n_expected * 4).contains(&chain.n_chunks), "{chain:?}");
    }
    let report =
        archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
    assert_eq!(report.findings, []);
}

#[test]
fn i12_a_large_content_is_read_chunk_by_chunk() {
    let backend: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut archive = init(Arc::clone(&backend));
    add_large(&mut archive, 1, false);
    let document = archive.document(b"large.txt").unwrap();
    let revision = &archive.catalog().revisions(&document).unwrap()[0];
    // A fresh handle, so that nothing is cached; the calls are counted piece by piece.
    let calls = Faulty::none(backend);
    let archive = Archive::open(Arc::new(calls.clone()), None).unwrap();
    let mut stream = archive.read(&document, revision).unwrap();
    let (mut n_calls, mut n_pieces, mut n_bytes) = (calls.calls().len(), 0, 0);
    while let Some(piece) = stream.next_piece().unwrap() {
        assert!(piece.len() <= 4 * limits::CHUNK_BYTES_AVG);
        let n_now = calls.calls().len();
        assert!(n_now - n_calls <= 1, "one piece took {} reads", n_now - n_calls);
        (n_calls, n_pieces, n_bytes) = (n_now, n_pieces + 1, n_bytes + piece.len() as u64);
    }
    assert_eq!(n_bytes, n_bytes_wanted());
    assert!(n_pieces > 8, "{n_pieces} pieces");
}

#[test]
fn i12_packs_are_written_as_they_fill() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let signer = signer();
    let mut transaction =
        archive.transaction(&signer, context(1), Provenance::default(), "test").unwrap();
    // Noise does not compress: the bytes that wait for the commit are those of one open pack.
    for n in 0..24 {
        let bytes = common::noise(n, 3 << 20);
        common::add_one(&mut transaction, format!("noise-{n}").as_bytes(), &bytes).unwrap();
        let n_taken = (n + 1) * (3 << 20);
        let packs = memory.contents();
        let n_put: u64 = packs
            .iter()
            .filter(|(name, _)| name.starts_with("packs/"))
            .map(|(_, bytes)| bytes.len() as u64)
            .sum();
        let n_waiting_max = (limits::PACK_BYTES_TARGET + limits::BLOB_BYTES_MAX) as u64;
        assert!(n_taken <= n_put + n_waiting_max, "{n_taken} taken, {n_put} put");
    }
    transaction.commit().unwrap();
}

#[test]
fn a_pack_of_chunks_is_not_swept_while_their_list_cannot_be_read() {
    // The catalog had lost its packs, and the pack with the chunk list was damaged. The next add found
    // the other pack, saw no content in it, and removed it: 32 MiB of chunks were gone for good.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let content = common::noise(3, 36 << 20);
    let mut archive = init_in(&path);
    common::add(&mut archive, 1, &[("large", &content)]).unwrap();
    let document = archive.document(b"large").unwrap();
    let revision = archive.catalog().revisions(&document).unwrap().remove(0);
    let list = archive.catalog().places(revision.digest.key()).unwrap()[0].pack;
    drop(archive);

    let list = path.join(list.object_name());
    let good = fs::read(&list).unwrap();
    fs::write(&list, &good[..good.len() - 9]).unwrap();
    let db = rusqlite::Connection::open(path.join("catalog.sqlite")).unwrap();
    db.execute_batch("DELETE FROM pack; DELETE FROM place;").unwrap();
    db.close().unwrap();
    let mut archive = open_in(&path);
    common::add(&mut archive, 2, &[("small", b"small")]).unwrap();

    fs::write(&list, &good).unwrap();
    archive.rebuild("test").unwrap();
    assert!(archive.read_whole(&document, &revision).unwrap() == content);
}
