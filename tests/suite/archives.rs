//! I13 for whole archives that share no lock: what they were told is what there is.
//!
//! They add what rests on packs that others condemn meanwhile, compact, lose races and answers, and die
//! between their packs and their commit, by seed. Afterwards every revision that was acknowledged is there
//! under the number that was told, and the audit finds everything whole.

use std::{
    io::{self, Read},
    sync::Arc,
};

use docarchive::internals::{
    archive::{
        Archive, WriteContext,
        ingest::{IngestEvent, IngestItem, IngestOptions, Intake, Outcome, Provenance},
        maintain::compact::{CompressionLevels, Policy},
    },
    backend::{Storage, memory::Memory},
    types::{digest::Digest, error::Error, name::DocName},
};

use crate::{
    common::{
        add, add_one, check, compact, context, everything, ingest, init, intake, is_slow, noise,
        signer,
    },
    races::{Dice, Unclear},
};

/// Every blob is compressed again.
fn all() -> Policy {
    Policy::Rewrite(CompressionLevels::all(1), 1)
}

/// An archive with this backend, however often its opening fails.
fn open(backend: &Arc<Unclear>) -> Archive {
    let backend: Arc<dyn Storage> = backend.clone();
    let opened = (0..200).find_map(|_| Archive::open(Arc::clone(&backend), None).ok());
    opened.expect("the archive can be opened")
}

/// The same archive behind a lock of its own.
fn beside(memory: &Memory) -> Archive {
    Archive::open(Arc::new(memory.with_own_lock()), None).unwrap()
}

/// One machine, and which revisions it was told of: name, number and content.
struct Site {
    backend: Arc<Unclear>,
    archive: Archive,
    told: Vec<(DocName, u64, Digest)>,
}

/// What happens is drawn from here.
struct World {
    dice: Dice,
    n_contexts: u64,
}

impl World {
    fn context(&mut self) -> WriteContext {
        self.n_contexts += 1;
        context(self.n_contexts)
    }

    fn documents(&mut self) -> Vec<Intake> {
        let mut one = || {
            let (name, text) = (self.dice.roll(3), self.dice.roll(9));
            intake(format!("{name}.txt").as_bytes(), &text_of(text))
        };
        (0..3).map(|_| one()).collect()
    }
}

/// Nine texts: the later ones of each three hold more and more of the first.
fn text_of(n: u64) -> Vec<u8> {
    (0..=n % 3).flat_map(|part| noise(40 * (n / 3) + part % 2, 2500)).collect()
}

/// One machine does something; before its commit, others do.
fn act(world: &mut World, sites: &mut Vec<Site>, depth: usize) {
    let index = world.dice.roll(sites.len() as u64) as usize;
    let mut site = sites.remove(index);
    let (kind, context, documents) = (world.dice.roll(8), world.context(), world.documents());
    let mut n_others = if depth == 0 { world.dice.roll(3) } else { 0 };
    let mut others = || {
        for _ in 0..std::mem::take(&mut n_others) {
            act(world, sites, depth + 1);
        }
    };
    let ran = match kind {
        0 | 1 => {
            let policy = if kind == 0 { all() } else { Policy::Tidy };
            let mut progress = |_| {
                others();
                Ok(())
            };
            site.archive.compact(policy, &signer(), context, "test", &mut progress).map(drop)
        }
        2 | 3 => {
            *site.backend.dies_at.lock().unwrap() =
                Some(if kind == 2 { "details/" } else { "log/" });
            let ran = record(&mut site, context, documents, &mut others);
            *site.backend.dies_at.lock().unwrap() = None;
            site.archive = open(&site.backend);
            ran
        }
        _ => record(&mut site, context, documents, &mut others),
    };
    match ran {
        Ok(()) => {}
        Err(Error::Busy { .. } | Error::Io { .. }) => {}
        // The last that was said of a number that could not be settled.
        Err(Error::Damaged { object, .. }) if object.starts_with("log/") => {}
        Err(error) => panic!("{kind}: {error}"),
    }
    sites.insert(index, site);
}

fn record(
    site: &mut Site,
    context: WriteContext,
    documents: Vec<Intake>,
    others: &mut dyn FnMut(),
) -> Result<(), Error> {
    let items = documents.into_iter().map(|intake| IngestItem::Document(intake, ()));
    let items = items.chain(std::iter::from_fn(|| {
        others();
        None
    }));
    let options = IngestOptions { near: None, ..IngestOptions::default() };
    let told = &mut site.told;
    let ran = site.archive.ingest(&signer(), context, "test", items, &options, |event| {
        if let IngestEvent::Document { name, outcome, .. } = event
            && let Outcome::New(revision) | Outcome::Revised(revision) = outcome
        {
            told.push((name, revision.number, revision.digest));
        }
        Ok(())
    });
    ran.map(drop)
}

/// Two to four machines at work; how many revisions were acknowledged.
fn work(seed: u64) -> usize {
    let memory = Memory::default();
    drop(init(Arc::new(memory.clone())));
    let mut world = World { dice: Dice(seed), n_contexts: 0 };
    let n_sites = 2 + world.dice.roll(3);
    let mut sites: Vec<Site> = (0..n_sites)
        .map(|n| {
            let backend = Arc::new(Unclear::new(&memory, seed.wrapping_mul(37) + n, 60));
            Site { archive: open(&backend), backend, told: Vec::new() }
        })
        .collect();
    for _ in 0..6 {
        act(&mut world, &mut sites, 0);
    }
    sites.iter().for_each(|site| site.backend.land());
    let backend: Arc<dyn Storage> = Arc::new(memory);
    let now = Archive::open(Arc::clone(&backend), None).unwrap();
    check(&now, &backend);
    for (name, number, digest) in sites.iter().flat_map(|site| &site.told) {
        let document = now.document(name.as_bytes()).unwrap();
        let revision = now.catalog().revision(document.id, *number).unwrap();
        assert_eq!(revision.map(|revision| revision.digest), Some(*digest), "{name:?}@{number}");
    }
    sites.iter().map(|site| site.told.len()).sum()
}

#[test]
fn i13_what_archives_without_a_common_lock_are_told_is_there() {
    let n_seeds = if is_slow() { 150 } else { 8 };
    let mut n_told = 0;
    for seed in 0..n_seeds {
        let ran = std::panic::catch_unwind(|| work(seed));
        n_told += ran.unwrap_or_else(|_| panic!("seed {seed}"));
    }
    assert!(n_told > 2 * n_seeds as usize, "only {n_told} revisions were acknowledged");
}

#[test]
fn i13_an_archive_that_is_overtaken_puts_its_revisions_behind_the_others() {
    let memory = Memory::default();
    let backend: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut one = init(Arc::clone(&backend));
    add(&mut one, 1, &[("a", b"first"), ("b", b"b")]).unwrap();
    let signer = signer();
    let mut left = beside(&memory);
    let mut late = left.transaction(&signer, context(9), Provenance::default(), "test").unwrap();
    for (name, text) in [("a", "left"), ("new", "same"), ("b", "b"), ("own", "own")] {
        add_one(&mut late, name.as_bytes(), text.as_bytes()).unwrap();
    }
    let mut right = beside(&memory);
    add(&mut right, 3, &[("a", b"right"), ("new", b"same")]).unwrap();
    compact(&mut right, all()).unwrap();
    let committed = late.commit().unwrap().unwrap();
    assert_eq!(committed.events.count(), 2, "the others were there already");
    drop(late);
    let now = Archive::open(Arc::clone(&backend), None).unwrap();
    let texts =
        |name: &[u8]| everything(&now).into_iter().find(|(found, _)| found == name).unwrap().1;
    let expected: Vec<Vec<u8>> =
        ["first", "right", "left"].map(|text| text.as_bytes().to_vec()).to_vec();
    assert_eq!(texts(b"a"), expected);
    assert_eq!(texts(b"own"), [b"own".to_vec()]);
    check(&now, &backend);
    assert_eq!(everything(&left), everything(&now));
}

#[test]
fn i13_what_is_told_after_a_lost_race_is_what_was_recorded() {
    let memory = Memory::default();
    let backend: Arc<dyn Storage> = Arc::new(memory.clone());
    add(&mut init(Arc::clone(&backend)), 1, &[("a", b"first"), ("b", b"b"), ("c", b"c")]).unwrap();
    let mut left = beside(&memory);
    let documents = [
        ("a", "left"),
        ("new", "same"),
        ("b", "b"),
        ("c", "of both"),
        ("own", "own"),
        ("new", "same and more"),
        ("a", "left again"),
    ];
    let items = documents.map(|(name, text)| intake(name.as_bytes(), text.as_bytes()));
    let items = items.into_iter().map(|intake| IngestItem::Document(intake, ()));
    let others = std::iter::from_fn(|| {
        let mut right = beside(&memory);
        add(&mut right, 3, &[("a", b"right"), ("new", b"same")]).unwrap();
        add(&mut right, 4, &[("a", b"right again"), ("d", b"of both")]).unwrap();
        None
    });
    let (mut told, mut n_committed) = (Vec::new(), Vec::new());
    let options = IngestOptions::default();
    let summary =
        left.ingest(&signer(), context(9), "test", items.chain(others), &options, |event| {
            match event {
                IngestEvent::Document { name, outcome, .. } => {
                    let what = match outcome {
                        Outcome::New(new) => format!("new @{} {}", new.number, new.is_new_content),
                        Outcome::Revised(new) => format!("@{} {}", new.number, new.is_new_content),
                        other => format!("{other:?}"),
                    };
                    told.push(format!("{} {what}", String::from_utf8_lossy(name.as_bytes())));
                }
                IngestEvent::Committed(committed) => {
                    n_committed.push((committed.events.clone().count(), committed.new_texts.len()));
                }
                _ => {}
            }
            Ok(())
        });
    assert_eq!(
        told,
        [
            "b Unchanged",
            "a @4 true",
            "new Unchanged",
            "c @2 false",
            "own new @1 true",
            "new @2 true",
            "a @5 true"
        ]
    );
    let summary = summary.unwrap();
    assert_eq!((summary.n_new, summary.n_revised, summary.n_unchanged), (1, 4, 2));
    assert_eq!(n_committed, [(5, 4)]);
    check(&Archive::open(Arc::clone(&backend), None).unwrap(), &backend);
}

/// A rewriting turns a chain around: what was its root comes to lie deeper than a frame of another writer
/// says that its base lies.
#[test]
fn i13_what_rests_on_a_base_that_was_moved_is_put_again() {
    // The base of a small blob is read at the end: where it has gone by then, the blob rests on none.
    for (n_bytes, waits) in [(20_000, false), (9000, true)] {
        what_rests_on_a_base_that_was_moved(n_bytes, waits);
    }
}

fn what_rests_on_a_base_that_was_moved(n_bytes: usize, waits: bool) {
    let memory = Memory::default();
    let backend: Arc<dyn Storage> = Arc::new(memory.clone());
    let (one, other) = (noise(1, n_bytes), noise(2, n_bytes));
    add(&mut init(Arc::clone(&backend)), 1, &[("a", &one)]).unwrap();
    let signer = signer();
    let mut left = beside(&memory);
    let edited = [&one[..], b"and one line more"].concat();
    let mut late = left.transaction(&signer, context(9), Provenance::default(), "test").unwrap();
    add_one(&mut late, b"copy", &edited).unwrap();
    let mut right = beside(&memory);
    add(&mut right, 3, &[("a", &other)]).unwrap();
    add(&mut right, 4, &[("a", &[&one[..], &other].concat())]).unwrap();
    compact(&mut right, all()).unwrap();
    let document = right.document(b"a").unwrap();
    let first = right.catalog().revision(document.id, 1).unwrap().unwrap();
    assert_eq!(right.chain(&first).unwrap().depth, 1, "it was the root");
    match late.commit() {
        Ok(_) => assert!(waits),
        Err(error) => assert!(!waits && matches!(error, Error::Busy { .. })),
    }
    drop(late);
    check(&Archive::open(Arc::clone(&backend), None).unwrap(), &backend);
    add(&mut left, 10, &[("copy", &edited)]).unwrap();
    compact(&mut right, Policy::Tidy).unwrap();
    let now = Archive::open(Arc::clone(&backend), None).unwrap();
    check(&now, &backend);
    assert_eq!(everything(&now).len(), 2);
}

/// Bytes that end in an error.
struct Torn(io::Cursor<Vec<u8>>);

impl Read for Torn {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::Error::other("it ends here")),
            n_bytes => Ok(n_bytes),
        }
    }
}

fn torn(name: &str, bytes: &[u8]) -> Intake {
    let (n_bytes, bytes) = (bytes.len() as u64, bytes.to_vec());
    let source = move || Ok(Torn(io::Cursor::new(bytes.clone())));
    Intake { n_bytes, ..Intake::new(DocName::new(name.as_bytes()).unwrap(), source) }
}

/// An archive with the chunks of files that could not be read to their end, each an edit of the one before.
/// Of several, the last edit could be read, and something unlike them could not.
fn with_torn_files(memory: &Memory, n_torn: usize) -> (Archive, Vec<Vec<u8>>) {
    let mut bytes = noise(5, 4_400_000);
    let mut all = vec![bytes.clone()];
    for n in 0..n_torn {
        bytes.chunks_exact_mut(50_000).for_each(|stretch| stretch[25_000 + n] ^= 1);
        all.push(bytes.clone());
    }
    let mut intakes: Vec<Intake> = all.iter().take(n_torn).map(|it| torn("torn", it)).collect();
    match n_torn {
        1 => intakes.push(intake(b"small", b"small")),
        _ => {
            intakes.push(torn("unlike", &noise(6, 4_400_000)));
            intakes.push(intake(b"whole", &bytes));
        }
    }
    let mut archive = init(Arc::new(memory.clone()));
    ingest(&mut archive, 1, intakes, &IngestOptions::default()).unwrap();
    (archive, all)
}

#[test]
fn what_no_content_has_stays_while_others_rest_on_it() {
    let memory = Memory::default();
    let (mut archive, all) = with_torn_files(&memory, 2);
    let backend: Arc<dyn Storage> = Arc::new(memory.clone());
    let done = compact(&mut archive, Policy::Tidy).unwrap();
    assert_eq!(done.n_rewritten, 1, "{done:?}");
    assert!(done.n_bytes_after * 3 < done.n_bytes_before * 2, "{done:?}");
    let now = Archive::open(Arc::clone(&backend), None).unwrap();
    assert_eq!(everything(&now), [(b"whole".to_vec(), vec![all[2].clone()])]);
}

#[test]
fn i13_chunks_that_were_taken_away_before_they_were_of_use_are_put_again() {
    let memory = Memory::default();
    let (mut right, all) = with_torn_files(&memory, 1);
    let backend: Arc<dyn Storage> = Arc::new(memory.clone());
    let signer = signer();
    let mut left = beside(&memory);
    let mut late = left.transaction(&signer, context(9), Provenance::default(), "test").unwrap();
    add_one(&mut late, b"whole", &all[0]).unwrap();
    let done = compact(&mut right, Policy::Tidy).unwrap();
    assert_eq!(done.n_rewritten, 1, "{done:?}");
    assert!(matches!(late.commit(), Err(Error::Busy { .. })));
    drop(late);
    add(&mut left, 10, &[("whole", &all[0])]).unwrap();
    let now = Archive::open(Arc::clone(&backend), None).unwrap();
    let whole = everything(&now).into_iter().find(|(name, _)| name == b"whole").unwrap();
    assert_eq!(whole.1, [all[0].clone()]);
}
