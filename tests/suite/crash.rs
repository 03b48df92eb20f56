//! Whatever fails, and whenever: the archive is in the old state or in the new one, never a third.
//!
//! A story of several steps. In each step the n-th backend call fails, for every n and in every
//! way a call can fail; after a death the power may fail too, and take any of what was not synced.
//! Then the archive opens, reads, adds another document and passes the oracle. Calls that change the
//! store all fail in turn in the small steps; reads, the large step, compacting and the same in a
//! folder are sampled unless ARCHIVE_SLOW is set.

use std::{collections::HashSet, path::Path, sync::Arc};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        inspect::audit::{AuditScope, Code, Finding},
        maintain::compact::Policy,
    },
    backend::{
        Storage,
        faulty::{Call, Fault, Faulty},
        local::Local,
        memory::{Fate, Memory},
    },
    store::CompressionLevels,
    types::error::Error,
};

use crate::common::{add, check, everything, is_slow, noise, signer};

const FAULTS: [Fault; 5] =
    [Fault::NotDone, Fault::Unreported, Fault::Half, Fault::Death, Fault::Full];

const STORY: &str = "The harbour was closed on Monday after the storm broke two of its piers.\n\n\
    Nobody was hurt, the harbour master said, and fishing may begin again next week.\n";

/// What the archive holds: every name with its revisions; `None` where there is no archive.
type State = Option<Vec<(Vec<u8>, Vec<Vec<u8>>)>>;

/// One command of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Init,
    First,
    Next,
    Large,
    Tidy,
    Rewrite,
}

const SMALL: [Step; 3] = [Step::Init, Step::First, Step::Next];

impl Step {
    fn run(self, storage: Arc<dyn Storage>, catalog: Option<&Path>) -> Result<(), Error> {
        if self == Self::Init {
            return Archive::init(storage, catalog, &signer()).map(drop);
        }
        let mut archive = Archive::open(storage, catalog)?;
        match self {
            Self::Init => Ok(()),
            Self::First => add(
                &mut archive,
                1,
                &[("a.txt", STORY.as_bytes()), ("b/c.txt", b"other"), ("empty", b"")],
            ),
            Self::Next => {
                let longer = STORY.repeat(3);
                add(&mut archive, 2, &[("a.txt", longer.as_bytes()), ("new.txt", b"new")])
            }
            Self::Tidy | Self::Rewrite => {
                let policy = match self {
                    Self::Tidy => Policy::Tidy,
                    _ => Policy::Rewrite(CompressionLevels::all(1), 1),
                };
                crate::common::compact(&mut archive, policy).map(drop)
            }
            Self::Large => add(&mut archive, 3, &[("large", &noise(1, (4 << 20) + 70_000))]),
        }
    }

    /// The store before this step, all of it durable.
    fn before(self) -> Memory {
        let memory = Memory::default();
        let earlier = [Self::Init, Self::First, Self::Next];
        for step in earlier.iter().take_while(|step| **step != self) {
            step.run(Arc::new(memory.clone()), None).unwrap();
        }
        if matches!(self, Self::Tidy | Self::Rewrite) {
            // As many small packs as are worth tidying.
            let mut archive = Archive::open(Arc::new(memory.clone()), None).unwrap();
            for n in 10..17 {
                let text = format!("{}{STORY}", STORY.repeat(n as usize));
                add(&mut archive, n, &[("a.txt", text.as_bytes())]).unwrap();
            }
        }
        Memory::of(memory.contents())
    }
}

fn state(storage: Arc<dyn Storage>, catalog: Option<&Path>) -> State {
    match Archive::open(storage, catalog) {
        Ok(archive) => Some(everything(&archive)),
        Err(Error::NoArchive { .. }) => None,
        Err(error) => panic!("a human is needed: {error}"),
    }
}

/// The calls that a step makes when nothing fails, and the states around it.
fn outcome(step: Step) -> (Vec<Call>, State, State) {
    let memory = step.before();
    let old = state(Arc::new(memory.clone()), None);
    let faulty = Faulty::none(Arc::new(memory.clone()));
    step.run(Arc::new(faulty.clone()), None).unwrap();
    let new = state(Arc::new(memory), None);
    assert_eq!(old == new, matches!(step, Step::Tidy | Step::Rewrite));
    (faulty.calls(), old, new)
}

/// Goes on after a failure, as if nothing had been.
fn go_on(storage: &Arc<dyn Storage>, catalog: Option<&Path>, found: &State, case: &str) {
    let mut archive = match found {
        None => Archive::init(Arc::clone(storage), catalog, &signer()),
        Some(_) => Archive::open(Arc::clone(storage), catalog),
    }
    .unwrap_or_else(|error| panic!("{case}: {error}"));
    add(&mut archive, 9, &[("a.txt", b"after the storm"), ("later.txt", b"later")])
        .unwrap_or_else(|error| panic!("{case}: a human is needed: {error}"));
    check(&archive, storage);
    let quick = AuditScope { is_quick: true, ..AuditScope::default() };
    let report = archive.audit(&quick, HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
    // What an interrupted writer left costs space until the next compaction; compactions have clocks of their own.
    let is_left = |it: &Finding| matches!(it.code, Code::BlobUnreferenced | Code::TimeOrder);
    assert!(report.findings.iter().all(is_left), "{case}: {:?}", report.findings);
    crate::common::compact(&mut archive, Policy::Tidy).unwrap();
    let report = archive.audit(&quick, HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
    let is_about_time = |it: &Finding| it.code == Code::TimeOrder;
    assert!(report.findings.iter().all(is_about_time), "{case}: not all was swept");
}

fn judge(
    storage: Arc<dyn Storage>,
    catalog: Option<&Path>,
    done: &Result<(), Error>,
    step: Step,
    case: &str,
) {
    let (_, old, new) = outcome_of(step);
    let found = state(Arc::clone(&storage), catalog);
    if done.is_ok() {
        assert!(found == *new, "{case}: it was reported as done");
    } else {
        assert!(found == *old || found == *new, "{case}: a third state");
    }
    go_on(&storage, catalog, &found, case);
}

/// [`outcome`], computed once for each step.
fn outcome_of(step: Step) -> &'static (Vec<Call>, State, State) {
    use std::sync::OnceLock;
    static OUTCOMES: [OnceLock<(Vec<Call>, State, State)>; 6] = [const { OnceLock::new() }; 6];
    OUTCOMES[step as usize].get_or_init(|| outcome(step))
}

/// Of how many calls one fails: of those that change the store, and of those that read.
#[derive(Clone, Copy)]
struct Sample {
    writes: usize,
    reads: usize,
}

impl Sample {
    fn of(self) -> Self {
        if is_slow() { Self { writes: 1, reads: self.reads.div_ceil(16) } } else { self }
    }

    fn takes(self, n: usize, call: &Call) -> bool {
        let is_read =
            matches!(call.verb, "read" | "read_range" | "size" | "list" | "tidy" | "lock");
        n.is_multiple_of(if is_read { self.reads } else { self.writes })
    }
}

/// Lets the step fail call by call.
fn storm(step: Step, sample: Sample) {
    let before = step.before().contents();
    for (f, fault) in FAULTS.into_iter().enumerate() {
        for n in 0..outcome_of(step).0.len() {
            if !sample.takes(n + f, &outcome_of(step).0[n]) {
                continue;
            }
            let memory = Memory::of(before.clone());
            let faulty = Faulty::at(Arc::new(memory.clone()), n, fault);
            let done = step.run(Arc::new(faulty.clone()), None);
            assert!(faulty.has_struck());
            let call = &outcome_of(step).0[n];
            let case = format!("{step:?}, {fault:?} at call {n}: {call}");
            if fault != Fault::Death {
                judge(Arc::new(memory), None, &done, step, &case);
                continue;
            }
            let fates: [fn(usize) -> Fate; 4] = [
                |_| Fate::Kept,
                |_| Fate::Lost,
                |n| if n % 2 == 0 { Fate::Kept } else { Fate::Lost },
                |n| if n % 2 == 0 { Fate::Lost } else { Fate::Kept },
            ];
            for (p, fate) in fates.into_iter().enumerate() {
                let left = memory.after_power_loss(fate);
                judge(Arc::new(left), None, &done, step, &format!("{case}, power loss {p}"));
            }
        }
    }
}

#[test]
fn a_failed_init_or_add_leaves_the_old_state_or_the_new() {
    for step in SMALL {
        storm(step, Sample { writes: 9, reads: 59 }.of());
    }
}

#[test]
fn a_failed_add_of_a_large_content_leaves_the_old_state_or_the_new() {
    storm(Step::Large, Sample { writes: 41, reads: 251 }.of());
}

#[test]
fn a_failed_compaction_loses_nothing() {
    for step in [Step::Tidy, Step::Rewrite] {
        storm(step, Sample { writes: 29, reads: 251 }.of());
    }
}

#[test]
fn in_a_folder_with_a_catalog_it_is_the_same() {
    let steps = [SMALL[0], SMALL[1], SMALL[2], Step::Tidy, Step::Rewrite];
    for (s, step) in steps.into_iter().enumerate() {
        let before = step.before().contents();
        for (f, fault) in FAULTS.into_iter().enumerate() {
            if !is_slow() && (s + f) % 2 == 1 {
                continue;
            }
            let mut n = f;
            loop {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("archive");
                let local: Arc<dyn Storage> = Arc::new(Local::create(&path).unwrap());
                for (name, bytes) in &before {
                    local.swap(name, bytes).unwrap();
                }
                // The catalog stands as the last command left it.
                state(Arc::clone(&local), Some(&path));
                let faulty = Faulty::at(Arc::clone(&local), n, fault).over(&path);
                let done = step.run(Arc::new(faulty.clone()), Some(&path));
                if !faulty.has_struck() {
                    break;
                }
                let call = faulty.calls()[n].to_string();
                judge(
                    local,
                    Some(&path),
                    &done,
                    step,
                    &format!("{step:?}, {fault:?} at call {n}: {call}"),
                );
                n += if is_slow() { 17 } else { 397 };
            }
        }
    }
}

#[test]
fn i2_what_is_done_outlives_a_power_failure_at_once() {
    for step in [Step::Init, Step::First, Step::Next, Step::Large] {
        let memory = step.before();
        step.run(Arc::new(memory.clone()), None).unwrap();
        let left: Arc<dyn Storage> = Arc::new(memory.after_power_loss(|_| Fate::Lost));
        assert!(state(Arc::clone(&left), None) == outcome_of(step).2, "{step:?}");
        check(&Archive::open(Arc::clone(&left), None).unwrap(), &left);
    }
}

#[test]
fn i1_facts_are_written_once() {
    for step in [Step::First, Step::Next, Step::Large] {
        let memory = step.before();
        let before = memory.contents();
        let faulty = Faulty::none(Arc::new(memory.clone()));
        step.run(Arc::new(faulty.clone()), None).unwrap();
        let mut put = HashSet::new();
        for call in faulty.calls() {
            match call.verb {
                "put" => assert!(put.insert(call.name.clone()), "{call} twice"),
                "swap" => assert_eq!(call.name, "log/checkpoint"),
                "remove" => assert!(call.name.contains(".p/"), "{call}: not an unfilled bundle"),
                _ => {}
            }
        }
        for (name, bytes) in memory.contents() {
            let is_fact = name != "log/checkpoint";
            if let Some(old) = before.get(&name).filter(|_| is_fact) {
                assert_eq!(*old, bytes, "{name}");
            }
        }
    }
}

#[test]
fn i3_packs_then_journal_then_checkpoint_with_a_sync_between() {
    for step in [Step::First, Step::Next, Step::Large] {
        let calls = &outcome_of(step).0;
        let at = |wanted: &dyn Fn(&Call) -> bool| -> Vec<usize> {
            calls.iter().enumerate().filter(|(_, c)| wanted(c)).map(|(n, _)| n).collect()
        };
        let put = |folder: &'static str| {
            at(&move |call| call.verb == "put" && call.name.starts_with(folder))
        };
        let (packs, log) = (put("packs/"), put("log/"));
        let swap = at(&|call| call.verb == "swap");
        let syncs = at(&|call| call.verb == "sync");
        let synced = |from: &[usize], to: &[usize]| {
            let (from, to) = (*from.last().unwrap(), *to.first().unwrap());
            from < to && syncs.iter().any(|sync| (from..to).contains(sync))
        };
        assert_eq!(swap.len(), 1);
        assert!(synced(&packs, &log), "{step:?}: the journal before its packs: {calls:?}");
        assert!(synced(&log, &swap), "{step:?}: the checkpoint before its journal: {calls:?}");
        assert_eq!(at(&|call| call.verb == "put").last(), log.last());
    }
}
