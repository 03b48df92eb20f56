//! I13: two writers that share no lock cannot lose an acknowledged revision.
//!
//! A writer on a storage whose answers are not to be trusted is overtaken by others at the moment of its
//! commit, by seed: a request is lost, done but answered with an error, done twice, done much later, refused
//! for a name that is free. Afterwards the numbers have no gap, every commit's tree extends the one before,
//! what was acknowledged is there once, and what was reported as overtaken is not there.
//! `archives.rs` has the same for whole archives.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use docarchive::internals::{
    backend::{Backend, Guard, Lock, Object, memory::Memory},
    journal::{
        Closing, Draft, Journal, SaltSeed, Settled,
        event::{ActDetail, Audit, Detail, Event},
        merkle::{Frontier, leaf_hash},
        note::Checkpoint,
        object::{commit_name, encode_commit},
    },
    types::{digest::Digest, error::Error, time::Timestamp},
};

use crate::common::{is_slow, sandbox::Sandbox, signer};

/// What becomes of one creation of a commit.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Honest,
    /// Nothing is done, and an error comes back.
    Lost,
    /// It is done, and an error comes back.
    DoneWithError,
    /// It is done, then asked for again.
    Doubled,
    /// The name is said to be taken, and is not.
    SaidToBeTaken,
    /// An error comes back, and it is done some time later.
    Late,
}

/// How often a look is taken again that failed by chance.
const PATIENCE: usize = 200;

/// Numbers that seem random and never change.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// A memory in which creations of commits are answered by chance; a reading may fail too.
pub struct Unclear {
    memory: Memory,
    dice: Mutex<Dice>,
    /// Of so many readings of the log one fails.
    n_readings: u64,
    /// What is still on its way.
    late: Mutex<Vec<(String, Vec<u8>)>>,
    /// Where its writer dies: nothing that is put in this folder arrives, nor anything after it.
    pub dies_at: Mutex<Option<&'static str>>,
}

impl Unclear {
    pub fn new(memory: &Memory, seed: u64, n_readings: u64) -> Self {
        Self {
            memory: memory.with_own_lock(),
            dice: Mutex::new(Dice(seed)),
            n_readings,
            late: Mutex::default(),
            dies_at: Mutex::default(),
        }
    }

    /// What was on its way arrives, and is refused where another is there.
    pub fn land(&self) {
        for (name, bytes) in self.late.lock().unwrap().drain(..) {
            let _ = self.memory.put(&name, &bytes);
        }
    }

    /// Whether its writer is dead at the moment of this creation.
    fn is_dead(&self, name: &str) -> bool {
        let mut dies_at = self.dies_at.lock().unwrap();
        if dies_at.is_some_and(|folder| name.starts_with(folder)) {
            *dies_at = Some("");
        }
        *dies_at == Some("")
    }

    fn roll(&self, n: u64) -> u64 {
        self.dice.lock().unwrap().roll(n)
    }

    fn error(name: &str) -> Error {
        Error::io("write", name, io::Error::from(io::ErrorKind::TimedOut))
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let answers = [
            Answer::Honest,
            Answer::Honest,
            Answer::Lost,
            Answer::DoneWithError,
            Answer::Doubled,
            Answer::SaidToBeTaken,
            Answer::Late,
        ];
        if self.roll(2) == 0 {
            self.land();
        }
        match answers[self.roll(answers.len() as u64) as usize] {
            Answer::Honest => self.memory.put(name, bytes),
            Answer::Lost => Err(Self::error(name)),
            Answer::DoneWithError => self.memory.put(name, bytes).and(Err(Self::error(name))),
            Answer::Doubled => {
                self.memory.put(name, bytes).and_then(|()| self.memory.put(name, bytes))
            }
            Answer::SaidToBeTaken => {
                Err(Error::damaged(name, "it is there already, with other bytes"))
            }
            Answer::Late => {
                self.late.lock().unwrap().push((name.to_owned(), bytes.to_vec()));
                Err(Self::error(name))
            }
        }
    }
}

impl Backend for Unclear {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        if self.is_dead(name) {
            return Err(Self::error(name));
        }
        match name.starts_with("log/") {
            true => self.create(name, bytes),
            false => self.memory.put(name, bytes),
        }
    }

    fn sync(&self) -> Result<(), Error> {
        self.memory.sync()
    }

    fn swap(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.memory.swap(name, bytes)
    }

    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        match name.starts_with("log/") && self.roll(self.n_readings) == 0 {
            true => Err(Self::error(name)),
            false => self.memory.read(name, limit),
        }
    }

    fn read_range(&self, name: &str, offset: u64, n_bytes: usize) -> Result<Vec<u8>, Error> {
        self.memory.read_range(name, offset, n_bytes)
    }

    fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        self.memory.size(name)
    }

    fn list(&self, folder: &str) -> Result<Vec<Object>, Error> {
        self.memory.list(folder)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.memory.remove(name)
    }

    fn tidy(&self) -> Result<(), Error> {
        self.memory.tidy()
    }

    fn location(&self) -> String {
        self.memory.location()
    }
}

impl Lock for Unclear {
    fn lock(&self, who: &str) -> Result<Box<dyn Guard>, Error> {
        self.memory.lock(who)
    }
}

/// One writer of a race, and what it was told.
struct Racer {
    backend: Arc<Unclear>,
    journal: Journal,
    acknowledged: Vec<u64>,
    overtaken: Vec<u64>,
}

/// How a commit is settled: as the library does it, or wrong in one way.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    Library,
    /// Believes that the name is taken when it is told so, and the error when there is one.
    BelievesErrors,
    /// After an unclear answer it goes on with the next number.
    GoesOn,
    /// Looks whether the name is free, and writes over what is there.
    Overwrites,
    /// After an unclear answer it looks once, and says that what is not there will never be.
    GivesUp,
}

impl Racer {
    fn new(memory: &Memory, seed: u64) -> Self {
        let backend = Arc::new(Unclear::new(memory, seed, 6));
        let journal = open_patiently(&backend);
        Self { backend, journal, acknowledged: Vec::new(), overtaken: Vec::new() }
    }

    fn frontier(&self) -> Frontier {
        let mut frontier = Frontier::default();
        let clear = Journal::open(Arc::new(self.backend.memory.clone())).unwrap();
        let clear = clear.as_of(self.journal.note()).unwrap();
        for entry in clear.entries(0..u64::MAX) {
            frontier.push(leaf_hash(&entry.unwrap().line));
        }
        frontier
    }

    /// Tries to commit one event that has `id` in it; `others` run between its last look and its creation.
    fn commit(&mut self, id: u64, manner: Manner, others: &mut dyn FnMut()) {
        assert!((0..PATIENCE).any(|_| self.journal.refresh().is_ok()), "the log can be read");
        let staged = self.journal.stage(&self.frontier(), &[draft(id)], closing(id)).unwrap();
        others();
        let settled = match manner {
            Manner::Library => self.journal.commit(staged, &signer()),
            _ => {
                let number = self.journal.number() + 1;
                let head = staged.frontier().head();
                let origin = self.journal.identity().origin().to_owned();
                let checkpoint = Checkpoint { origin, size: head.size, root: head.root };
                let note = checkpoint.sign(&signer()).unwrap();
                let lines: Vec<&[u8]> = staged.lines().iter().map(Vec::as_slice).collect();
                let stored = encode_commit(&note, staged.id(), staged.first(), &lines).unwrap();
                let name = commit_name(number);
                match manner {
                    Manner::BelievesErrors => match self.backend.put(&name, &stored) {
                        Ok(()) => Ok(Settled::Committed(Frontier::default())),
                        Err(_) => Ok(Settled::Overtaken),
                    },
                    Manner::GoesOn => match self.backend.put(&name, &stored) {
                        Ok(()) => Ok(Settled::Committed(Frontier::default())),
                        Err(_) => self
                            .backend
                            .memory
                            .put(&commit_name(number + 1), &stored)
                            .map(|()| Settled::Committed(Frontier::default())),
                    },
                    Manner::GivesUp => match self.backend.put(&name, &stored) {
                        Ok(()) => Ok(Settled::Committed(Frontier::default())),
                        Err(_) => match self.backend.memory.read(&name, 1 << 20).unwrap() {
                            Some(found) if found == stored => {
                                Ok(Settled::Committed(Frontier::default()))
                            }
                            _ => Ok(Settled::Overtaken),
                        },
                    },
                    _ => self
                        .backend
                        .swap(&name, &stored)
                        .map(|()| Settled::Committed(Frontier::default())),
                }
            }
        };
        match settled {
            Ok(Settled::Committed(_)) => self.acknowledged.push(id),
            Ok(Settled::Overtaken) => self.overtaken.push(id),
            // Nothing was promised.
            Err(_) => {}
        }
        if manner != Manner::Library {
            self.journal = open_patiently(&self.backend);
        }
    }
}

fn open_patiently(backend: &Arc<Unclear>) -> Journal {
    let opened = (0..PATIENCE).find_map(|_| Journal::open(backend.clone()).ok());
    opened.expect("the log can be opened")
}

fn draft(id: u64) -> Draft {
    let at = Timestamp::from_unix(1_764_000_000, 0);
    let detail = Detail::Act(ActDetail { salt: [7; 16], by: None, note: None, tool: "t".into() });
    let audit =
        |detail| Event::Audit(Audit { at, n_findings: 0, n_blobs: id, n_events: 0, detail });
    Draft::new(&detail, audit).unwrap()
}

fn closing(id: u64) -> Closing {
    let detail = ActDetail { salt: [8; 16], by: None, note: None, tool: "t".into() };
    let digest = Digest::of(&id.to_le_bytes());
    let mut own = [0; 8];
    own.copy_from_slice(&digest.as_bytes()[..8]);
    Closing {
        at: Timestamp::from_unix(1_764_000_000, 0),
        id: own,
        salts: SaltSeed::new([6; 16]),
        detail,
    }
}

/// A race of two to four writers; what is wrong with what is left.
fn race(seed: u64, manner: Manner) -> Result<usize, String> {
    let memory = Memory::default();
    Journal::create(Arc::new(memory.clone()), &signer()).unwrap();
    let mut dice = Dice(seed);
    let n_writers = 2 + dice.roll(3) as usize;
    let mut racers: Vec<Racer> =
        (0..n_writers).map(|n| Racer::new(&memory, seed.wrapping_mul(31) + n as u64)).collect();
    let mut ids = 1..;
    for _ in 0..6 {
        let first = dice.roll(n_writers as u64) as usize;
        let mut racer = racers.remove(first);
        let others = &mut racers;
        let own = ids.next().unwrap();
        let n_between = dice.roll(3);
        racer.commit(own, manner, &mut || {
            for _ in 0..n_between {
                let id = ids.next().unwrap();
                let n = dice.roll(others.len() as u64) as usize;
                others[n].commit(id, Manner::Library, &mut || {});
            }
        });
        racers.insert(first, racer);
    }
    racers.iter().for_each(|racer| racer.backend.land());
    judge(&memory, &racers)
}

fn judge(memory: &Memory, racers: &[Racer]) -> Result<usize, String> {
    let journal = Journal::open(Arc::new(memory.clone())).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    let mut tree = Frontier::default();
    for entry in journal.entries(0..u64::MAX) {
        let entry = entry.map_err(|error| error.to_string())?;
        match &entry.event {
            Event::Audit(audit) => found.push(audit.n_blobs),
            Event::Commit(commit) => {
                let mut before = Frontier::default();
                for entry in journal.entries(0..commit.base) {
                    before.push(leaf_hash(&entry.unwrap().line));
                }
                if before.root() != commit.before {
                    return Err(format!("commit {} does not extend", commit.number));
                }
            }
            _ => return Err("an event of another type".into()),
        }
        tree.push(leaf_hash(&entry.line));
    }
    if tree.root() != journal.root() {
        return Err("the events do not have the root that was signed".into());
    }
    for racer in racers {
        for id in &racer.acknowledged {
            if found.iter().filter(|found| *found == id).count() != 1 {
                return Err(format!("{id} was acknowledged and is not there once"));
            }
        }
        if let Some(id) = racer.overtaken.iter().find(|id| found.contains(id)) {
            return Err(format!("{id} was reported as overtaken and is there"));
        }
    }
    Ok(racers.iter().map(|racer| racer.overtaken.len()).sum())
}

#[test]
fn i13_no_race_of_writers_loses_or_doubles_a_commit() {
    let n_seeds = if is_slow() { 2000 } else { 50 };
    let mut n_overtaken = 0;
    for seed in 0..n_seeds {
        n_overtaken +=
            race(seed, Manner::Library).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
    assert!(n_overtaken > 10, "{n_overtaken}: there were no races");
}

#[test]
fn i13_writers_that_believe_what_they_are_told_are_caught() {
    for manner in [Manner::BelievesErrors, Manner::GoesOn, Manner::Overwrites, Manner::GivesUp] {
        // A log that such a writer broke may stop the others in the middle of the race.
        let is_caught = |seed: &u64| {
            let run = std::panic::catch_unwind(|| race(*seed, manner));
            run.is_err() || run.is_ok_and(|judged| judged.is_err())
        };
        assert!((0..60).any(|seed| is_caught(&seed)), "{manner:?}");
    }
}

/// The lock file is removed again and again while programs add in loops: the lock is politeness only.
#[test]
fn i13_programs_whose_lock_is_taken_away_lose_nothing() {
    let sandbox = Sandbox::new();
    let is_over = AtomicBool::new(false);
    let n_rounds = if is_slow() { 60 } else { 8 };
    let lock = sandbox.store().join("lock");
    let acknowledged = Mutex::new(Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let _ = std::fs::remove_file(&lock);
                thread::yield_now();
            }
        });
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let (sandbox, acknowledged) = (&sandbox, &acknowledged);
                scope.spawn(move || {
                    for round in 0..n_rounds {
                        let name = format!("w{writer}/{round}");
                        sandbox.write(&name, format!("{writer} in round {round}\n"));
                        let ran = sandbox.run(["add", "-q", &name]);
                        if ran.code == Some(0) {
                            acknowledged.lock().unwrap().push(name);
                        }
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        is_over.store(true, Ordering::SeqCst);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= n_rounds, "{} were acknowledged", acknowledged.len());
    for name in &acknowledged {
        sandbox.run(["cat", name]).expect(0);
    }
    sandbox.run(["audit", "-q"]).expect(0);
}
