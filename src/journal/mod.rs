//! The journal: every event in order, and the signed checkpoint that states how far it goes.
//!
//! It owns `identity` and everything under `log/`. Bundles beyond the checkpoint do not exist for a
//! reader; swapping the checkpoint is the commit. Byte layout: docs/format.md.

mod bundle;
pub mod event;
mod identity;
pub mod merkle;
pub mod note;
mod read;
mod write;

use std::sync::Arc;

pub use self::{
    identity::Identity,
    read::{Entry, Examined, Problem},
    write::{Closing, Draft, Staged},
};
use crate::{
    backend::{Backend, Object},
    types::{
        digest::Digest,
        error::{Error, Refusal},
        limits,
    },
};

use self::{
    merkle::{Frontier, TreeHead},
    note::{Checkpoint, NoteError, Signer},
};

const CHECKPOINT: &str = "log/checkpoint";

/// An archive's journal as its checkpoint stood when it was opened or last committed.
pub struct Journal {
    backend: Arc<dyn Backend>,
    identity: Identity,
    checkpoint: Checkpoint,
    note: Vec<u8>,
}

/// The origin of an archive, as its identity states it.
pub fn origin_of(backend: &dyn Backend) -> Result<String, Error> {
    Ok(read_identity(backend)?.origin().to_owned())
}

fn read_identity(backend: &dyn Backend) -> Result<Identity, Error> {
    match backend.read(identity::NAME, limits::IDENTITY_BYTES_MAX)? {
        Some(identity) => Identity::parse(&identity),
        None => Err(Error::NoArchive { location: backend.location() }),
    }
}

impl Journal {
    /// The head that a signed checkpoint of this archive states; none where it is not signed by its key.
    pub fn head_of(&self, note: &[u8]) -> Option<TreeHead> {
        let checkpoint = Checkpoint::open(note, self.identity().verifier()).ok()?;
        Some(TreeHead { size: checkpoint.size, root: checkpoint.root })
    }

    /// The same journal as it was at an earlier checkpoint; none where that is not one of its own.
    pub fn as_of(&self, note: &[u8]) -> Option<Self> {
        let checkpoint = open_checkpoint(note, &self.identity).ok()?;
        let (backend, identity) = (Arc::clone(&self.backend), self.identity.clone());
        let note = note.to_vec();
        (checkpoint.size <= self.size()).then_some(Self { backend, identity, checkpoint, note })
    }

    /// Makes an empty journal that `signer` signs for.
    ///
    /// The identity comes last: without it there is no archive. Refused where there is one, or a log
    /// that holds more than an unfinished `create` leaves.
    pub fn create(backend: Arc<dyn Backend>, signer: &Signer) -> Result<Self, Error> {
        let identity = Identity::new(signer.verifier().clone());
        let has_identity = backend.size(identity::NAME)?.is_some();
        let is_leftover = |object: &Object| object.name == CHECKPOINT;
        if has_identity || !backend.list("log")?.iter().all(is_leftover) {
            return Err(Error::usage(format!(
                "there is an archive at {} already",
                backend.location()
            )));
        }
        let (checkpoint, note) = sign(&identity, &Frontier::default().head(), signer)?;
        backend.swap(CHECKPOINT, &note)?;
        backend.swap(identity::NAME, identity.to_string().as_bytes())?;
        Ok(Self { backend, identity, checkpoint, note })
    }

    /// Opens a journal: its checkpoint must be signed by the key in its identity.
    pub fn open(backend: Arc<dyn Backend>) -> Result<Self, Error> {
        let identity = read_identity(&*backend)?;
        let note = backend.read(CHECKPOINT, limits::NOTE_BYTES_MAX)?;
        let note = note.ok_or_else(|| Error::damaged(CHECKPOINT, "it is missing"))?;
        let checkpoint = open_checkpoint(&note, &identity)?;
        Ok(Self { backend, identity, checkpoint, note })
    }

    /// Which archive this is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The number of events.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The Merkle root over all events.
    pub fn root(&self) -> Digest {
        self.checkpoint.root
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size(), root: self.root() }
    }

    /// The signed checkpoint, as it is stored.
    pub fn note(&self) -> &[u8] {
        &self.note
    }
}

/// Reads a signed checkpoint of this archive.
fn open_checkpoint(note: &[u8], identity: &Identity) -> Result<Checkpoint, Error> {
    let checkpoint = Checkpoint::open(note, identity.verifier()).map_err(|e| match e {
        NoteError::Malformed(why) => Error::damaged(CHECKPOINT, why),
        e => Error::Untrusted { why: format!("{CHECKPOINT} is not to be trusted: {e}") },
    })?;
    if checkpoint.origin != identity.origin() {
        let why = format!("{CHECKPOINT} is of {}, not of {}", checkpoint.origin, identity.origin());
        return Err(Error::Untrusted { why });
    }
    Ok(checkpoint)
}

/// Signs a head with the archive's own key.
fn sign(
    identity: &Identity,
    head: &TreeHead,
    signer: &Signer,
) -> Result<(Checkpoint, Vec<u8>), Error> {
    let origin = identity.origin().to_owned();
    if signer.verifier() != identity.verifier() {
        let key_id = identity.verifier().id().to_string();
        return Err(Error::Refused(Refusal::NoSigningKey { origin, key_id }));
    }
    let checkpoint = Checkpoint { origin, size: head.size, root: head.root };
    let note = checkpoint.sign(signer).map_err(|e| Error::damaged(CHECKPOINT, e.to_string()))?;
    Ok((checkpoint, note))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::sync::{Mutex, MutexGuard};

    use super::{bundle::Half, *};
    use crate::{
        journal::{
            event::{ActDetail, Detail, Event, MediaType, Revise, ReviseDetail},
            merkle::leaf_hash,
        },
        types::{digest::DocId, name::DocName, time::Timestamp},
    };

    /// A backend that is a map, and can be made to store other entries than it is given.
    #[derive(Default)]
    struct ReadOnceBackend {
        objects: Mutex<BTreeMap<String, Vec<u8>>>,
        swaps_entries: AtomicBool,
    }

    impl ReadOnceBackend {
        fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
            self.objects.lock().unwrap()
        }

        fn names(&self, folder: &str) -> Vec<String> {
            self.objects().keys().filter(|name| name.starts_with(folder)).cloned().collect()
        }
    }

    impl Backend for ReadOnceBackend {
        fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
            if self.swaps_entries.load(Relaxed) && name.starts_with("log/entries") {
                let others = bundle::encode(Half::Entries, &[draft(99).line(); 6]).unwrap();
                return self.swap(name, &others);
            }
            match self.objects().insert(name.to_owned(), bytes.to_vec()) {
                Some(old) if old != bytes => Err(Error::damaged(name, "it is taken")),
                _ => Ok(()),
            }
        }

        fn sync(&self) -> Result<(), Error> {
            Ok(())
        }

        fn swap(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
            self.objects().insert(name.to_owned(), bytes.to_vec());
            Ok(())
        }

        fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
            let found = self.objects().get(name).cloned();
            assert!(found.as_ref().is_none_or(|bytes| bytes.len() <= limit));
            Ok(found)
        }

        fn read_range(&self, _: &str, _: u64, _: usize) -> Result<Vec<u8>, Error> {
            unreachable!("a journal reads whole objects")
        }

        fn size(&self, name: &str) -> Result<Option<u64>, Error> {
            Ok(self.objects().get(name).map(|bytes| bytes.len() as u64))
        }

        fn list(&self, folder: &str) -> Result<Vec<Object>, Error> {
            let object = |(name, bytes): (&String, &Vec<u8>)| Object {
                name: name.clone(),
                bytes: bytes.len() as u64,
            };
            let folder = format!("{folder}/");
            let objects = self.objects();
            Ok(objects.iter().filter(|(name, _)| name.starts_with(&folder)).map(object).collect())
        }

        fn remove(&self, name: &str) -> Result<(), Error> {
            self.objects().remove(name);
            Ok(())
        }

        fn tidy(&self) -> Result<(), Error> {
            Ok(())
        }

        fn location(&self) -> String {
            "memory".to_owned()
        }
    }

    fn signer() -> Signer {
        Signer::from_seed("example.org/archive", &[7; 32]).unwrap()
    }

    fn new_journal() -> (Arc<ReadOnceBackend>, Journal) {
        let backend = Arc::new(ReadOnceBackend::default());
        (backend.clone(), Journal::create(backend, &signer()).unwrap())
    }

    /// A revision as a wire story has it; everything in it follows from `i`.
    fn draft(i: u64) -> Draft {
        let sha256 = Digest::of(&i.to_be_bytes());
        let at = Timestamp::from_unix(1_764_000_000 + i as i64 / 300, 0);
        let detail = Detail::Revise(ReviseDetail {
            salt: Digest::of(sha256.as_bytes()).as_bytes()[..16].try_into().unwrap(),
            name: DocName::new(format!("docs/1987/04/{:02}/reut-{i:05}.txt", 1 + i / 700)).unwrap(),
            source: None,
            captured: None,
            mtime: Some(Timestamp::from_unix(
                1_700_000_000 + i as i64,
                (i * 7_919_353 % 1_000_000_000) as u32,
            )),
            note: None,
            by: Some("desk".into()),
            tool: "archive 0.1.0".into(),
        });
        let revise = |detail| {
            let doc = DocId(sha256.key().0.rotate_left(11).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let media = MediaType::new("text/plain").unwrap();
            let size = 400 + u64::from(sha256.as_bytes()[9]) * 3;
            Event::Revise(Revise { at, doc, prev: None, sha256, size, media, detail })
        };
        Draft::new(&detail, revise).unwrap()
    }

    fn closing() -> Closing {
        let tool = "archive 0.1.0".to_owned();
        let detail = ActDetail { salt: [1; 16], by: Some("desk".into()), note: None, tool };
        Closing { at: Timestamp::from_unix(1_764_000_000, 0), detail }
    }

    /// Stages and commits `n` drafts; with the commit event the journal grows by `n + 1`.
    fn append(journal: &mut Journal, frontier: &Frontier, n: u64) -> Frontier {
        let drafts: Vec<Draft> = (0..n).map(|i| draft(journal.size() + i)).collect();
        let staged = journal.stage(frontier, &drafts, closing()).unwrap();
        journal.commit(staged, &signer()).unwrap()
    }

    /// A journal of batches with the given numbers of drafts.
    fn journal_of(batches: &[u64]) -> (Arc<ReadOnceBackend>, Journal, Frontier) {
        let (backend, mut journal) = new_journal();
        let mut frontier = Frontier::default();
        for n in batches {
            frontier = append(&mut journal, &frontier, *n);
        }
        (backend, journal, frontier)
    }

    #[test]
    fn a_new_journal_is_empty_and_is_not_made_twice() {
        let (backend, journal) = new_journal();
        assert_eq!((journal.size(), journal.root()), (0, Digest::of(b"")));
        let again = Journal::create(backend.clone(), &signer());
        assert!(matches!(again, Err(Error::Refused(_))));
        assert_eq!(Journal::open(backend).unwrap().note(), journal.note());
        assert!(matches!(
            Journal::open(Arc::new(ReadOnceBackend::default())),
            Err(Error::NoArchive { .. })
        ));
    }

    #[test]
    fn a_create_cut_short_can_be_done_again_and_a_lost_identity_is_not_replaced() {
        let (backend, _) = new_journal();
        backend.remove(identity::NAME).unwrap();
        assert!(matches!(Journal::open(backend.clone()), Err(Error::NoArchive { .. })));
        let mut journal = Journal::create(backend.clone(), &signer()).unwrap();
        append(&mut journal, &Frontier::default(), 1);
        backend.remove(identity::NAME).unwrap();
        assert!(matches!(Journal::create(backend, &signer()), Err(Error::Refused(_))));
    }

    #[test]
    fn batches_of_odd_sizes_read_back_across_bundles() {
        let (backend, written, frontier) = journal_of(&[1, 7, 100, 300, 0, 101, 255, 3]);
        let journal = Journal::open(backend.clone()).unwrap();
        assert_eq!((journal.size(), journal.head()), (775, frontier.head()));
        assert_eq!(journal.note(), written.note());
        let entries: Vec<Entry> = journal.entries(0..u64::MAX).map(Result::unwrap).collect();
        assert_eq!(entries.len(), 775);
        let mut tree = Frontier::default();
        let mut batch = Frontier::default();
        for (i, entry) in entries.iter().enumerate() {
            assert_eq!(entry.index, i as u64);
            assert_eq!(entry.detail.as_ref().unwrap().digest().ok(), entry.event.detail());
            let leaf = leaf_hash(&entry.line);
            match &entry.event {
                Event::Commit(commit) => {
                    assert_eq!(commit.base + commit.n_events, entry.index);
                    assert_eq!(TreeHead { size: commit.n_events, root: commit.root }, batch.head());
                    batch = Frontier::default();
                }
                _ => batch.push(leaf),
            }
            tree.push(leaf);
        }
        assert_eq!(tree, frontier);
        let some: Vec<u64> = journal.entries(250..520).map(|entry| entry.unwrap().index).collect();
        assert_eq!(some, (250..520).collect::<Vec<u64>>());
        assert_eq!(journal.entries(775..900).count(), 0);
        assert_eq!(journal.entries(9..9).count(), 0);
    }

    #[test]
    fn what_was_staged_and_not_committed_does_not_exist_and_is_swept() {
        let (backend, journal, frontier) = journal_of(&[10]);
        let before = backend.objects().clone();
        let drafts: Vec<Draft> = (500..900).map(draft).collect();
        let staged = journal.stage(&frontier, &drafts, closing()).unwrap();
        assert_eq!((staged.first(), staged.leaves().len()), (11, 401));
        assert_eq!(staged.frontier().size(), 412);
        drop(staged);
        let mut journal = Journal::open(backend.clone()).unwrap();
        assert_eq!(journal.entries(0..99).filter(|entry| entry.is_ok()).count(), 11);
        journal.sweep().unwrap();
        assert_eq!(*backend.objects(), before);
        append(&mut journal, &frontier, 400);
        assert_eq!(Journal::open(backend).unwrap().size(), 412);
    }

    #[test]
    fn unfilled_bundles_go_once_a_longer_one_took_their_place() {
        let (backend, mut journal, frontier) = journal_of(&[10, 5]);
        assert_eq!(backend.names("log/entries"), ["log/entries/000.p/11", "log/entries/000.p/17"]);
        journal.sweep().unwrap();
        assert_eq!(backend.names("log/entries"), ["log/entries/000.p/17"]);
        append(&mut journal, &frontier, 250);
        journal.sweep().unwrap();
        let names = ["log/entries/000", "log/entries/001.p/12"];
        assert_eq!(backend.names("log/entries"), names);
        assert_eq!(
            backend.names("log/details"),
            names.map(|name| name.replace("entries", "details"))
        );
        assert_eq!(journal.entries(0..268).filter(|entry| entry.is_ok()).count(), 268);
    }

    #[test]
    fn a_copy_made_during_a_commit_reads_appends_and_keeps_what_it_needs() {
        for more in [5, 245, 300] {
            let (backend, mut journal, frontier) = journal_of(&[10]);
            let old = journal.note().to_vec();
            append(&mut journal, &frontier, more);
            journal.sweep().unwrap();
            backend.swap(CHECKPOINT, &old).unwrap();
            let mut copy = Journal::open(backend.clone()).unwrap();
            assert_eq!(copy.entries(0..99).filter(|entry| entry.is_ok()).count(), 11);
            copy.sweep().unwrap();
            assert_eq!(backend.names("log/entries"), ["log/entries/000.p/11"]);
            append(&mut copy, &frontier, 3);
            assert_eq!(copy.entries(0..99).filter(|entry| entry.is_ok()).count(), 15);
        }
    }

    #[test]
    fn a_checkpoint_that_is_not_ours_is_not_trusted() {
        let (backend, journal, _) = journal_of(&[3]);
        let note = String::from_utf8(journal.note().to_vec()).unwrap();
        let other = Signer::from_seed("example.org/archive", &[8; 32]).unwrap();
        let checkpoint = Checkpoint::parse(&note[..=note.find("\n\n").unwrap()]).unwrap();
        let elsewhere = Checkpoint { origin: "example.org/b".into(), ..checkpoint.clone() };
        for false_note in [
            note.replace("\n4\n", "\n3\n").into_bytes(),
            checkpoint.sign(&other).unwrap(),
            elsewhere.sign(&signer()).unwrap(),
        ] {
            backend.swap(CHECKPOINT, &false_note).unwrap();
            assert!(matches!(Journal::open(backend.clone()), Err(Error::Untrusted { .. })));
        }
        for torn in [&b""[..], b"x", &note.as_bytes()[..note.len() - 1]] {
            backend.swap(CHECKPOINT, torn).unwrap();
            assert!(matches!(Journal::open(backend.clone()), Err(Error::Damaged { .. })));
        }
        backend.remove(CHECKPOINT).unwrap();
        assert!(matches!(Journal::open(backend), Err(Error::Damaged { .. })));
    }

    #[test]
    fn another_key_does_not_sign() {
        let (_, mut journal, frontier) = journal_of(&[3]);
        let other = Signer::from_seed("example.org/archive", &[8; 32]).unwrap();
        let staged = journal.stage(&frontier, &[draft(0)], closing()).unwrap();
        let refused = journal.commit(staged, &other);
        assert!(matches!(refused, Err(Error::Refused(Refusal::NoSigningKey { .. }))));
        assert_eq!(journal.size(), 4);
    }

    #[test]
    fn nothing_is_staged_on_what_was_not_signed() {
        let (backend, journal, frontier) = journal_of(&[3]);
        let stage = |frontier: &Frontier| journal.stage(frontier, &[draft(0)], closing());
        assert!(matches!(stage(&Frontier::default()), Err(Error::Damaged { .. })));
        let bad = bundle::encode(Half::Entries, &[draft(9).line(); 4]).unwrap();
        backend.swap("log/entries/000.p/4", &bad).unwrap();
        assert!(matches!(stage(&frontier), Err(Error::Damaged { .. })));
        backend.remove("log/entries/000.p/4").unwrap();
        assert!(matches!(stage(&frontier), Err(Error::Damaged { .. })));
    }

    #[test]
    fn a_bundle_cut_anywhere_is_damaged_and_is_named() {
        let (backend, journal, _) = journal_of(&[2]);
        for name in ["log/entries/000.p/3", "log/details/000.p/3"] {
            let whole = backend.objects()[name].clone();
            for end in 0..whole.len() {
                backend.swap(name, &whole[..end]).unwrap();
                let found = journal.entries(0..3).next().unwrap();
                let Err(Error::Damaged { object, .. }) = found else { panic!("cut at {end}") };
                assert_eq!(object, name);
            }
            backend.swap(name, &whole).unwrap();
        }
        assert_eq!(journal.entries(0..3).filter(|entry| entry.is_ok()).count(), 3);
    }

    #[test]
    fn an_examination_reports_each_problem_where_it_is() {
        let (backend, journal, _) = journal_of(&[300]);
        backend.remove("log/entries/000").unwrap();
        let mut lines: Vec<Vec<u8>> = (256..300).map(|i| draft(i).line().to_vec()).collect();
        let mut details: Vec<Vec<u8>> = (256..300).map(|i| draft(i).detail().to_vec()).collect();
        lines[2] = b"{}".to_vec();
        details[3] = details[4].clone();
        details[5] = Vec::new();
        let other = br#"{"t":"tag","v":1,"at":"2026-01-01T00:00:00Z","list":[]}"#;
        lines[6] = other.to_vec();
        details[6] = Vec::new();
        for (half, items) in [(Half::Entries, &mut lines), (Half::Details, &mut details)] {
            items.push(Vec::new());
            let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
            let name = format!("{}/001.p/45", half.folder());
            backend.swap(&name, &bundle::encode(half, &items).unwrap()).unwrap();
        }
        let examined: Vec<Examined> = journal.examine(250..301).collect();
        assert_eq!(
            examined.iter().map(|one| one.index).collect::<Vec<u64>>(),
            (250..301).collect::<Vec<u64>>()
        );
        for one in examined {
            let problem = one.problem.clone();
            match one.index {
                250..256 => assert_eq!((problem, one.line), (Some(Problem::EntryMissing), None)),
                258 | 300 => {
                    assert!(matches!(problem, Some(Problem::EventMalformed(_))));
                    assert!(one.line.is_some() && one.event.is_none());
                }
                259 => assert_eq!(problem, Some(Problem::DetailMismatch)),
                261 => assert!(problem.is_none() && one.event.is_some() && one.detail.is_none()),
                262 => assert!(matches!(one.event, Some(Event::Other(_))) && problem.is_none()),
                _ => assert!(problem.is_none() && one.detail.is_some()),
            }
        }
        let named = journal.entries(258..259).next().unwrap().unwrap_err().to_string();
        assert!(named.starts_with("event 258 is damaged"), "{named}");

        backend.swap("log/details/001.p/45", b"torn").unwrap();
        let one = journal.examine(256..257).next().unwrap();
        assert!(matches!(one.problem, Some(Problem::DetailDamaged(_))));
        backend.remove("log/details/001.p/45").unwrap();
        let one = journal.examine(256..257).next().unwrap();
        assert_eq!(one.problem, Some(Problem::DetailMissing));
        assert_eq!(journal.entries(256..257).next().unwrap().unwrap().detail, None);
    }

    #[test]
    fn a_write_that_does_not_read_back_is_not_staged() {
        let (backend, journal, frontier) = journal_of(&[3]);
        backend.swaps_entries.store(true, Relaxed);
        let Err(Error::Damaged { object, why }) = journal.stage(&frontier, &[draft(0)], closing())
        else {
            panic!("staged");
        };
        assert_eq!(object, "log/entries/000.p/6");
        assert!(why.contains("read back"), "{why}");
    }

    #[test]
    fn a_revision_of_a_short_story_costs_at_most_160_bytes_of_journal() {
        let n = 8191;
        let (backend, _, _) = journal_of(&[n]);
        let in_folder = |folder| backend.list(folder).unwrap().iter().map(|o| o.bytes).sum::<u64>();
        let (entries, details) =
            (in_folder(Half::Entries.folder()), in_folder(Half::Details.folder()));
        println!(
            "entries {:.1}, details {:.1} bytes",
            entries as f64 / n as f64,
            details as f64 / n as f64
        );
        assert!(entries + details <= 160 * n, "{entries} + {details}");
    }
}
