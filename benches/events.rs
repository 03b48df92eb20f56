//! What `archive audit --quick` takes of the processor at a million events.
//!
//! `cargo bench --bench events`; `EVENTS=100000` for fewer. Ten revisions of each document, each of a content
//! of its own, in commits of some ten thousand events, with names, times and an author as `add` records
//! them; the contents are a few words, so that it is made in a minute. With `EVENTS_IN=FOLDER` the archive
//! is made in that folder and kept, and used again if it is there.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, clippy::unwrap_used)]
#[path = "../tests/suite/common/mod.rs"]
mod common;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use common::{context, init_in, intake, open_in, signer};
use docarchive::internals::{
    archive::{
        HistoryCheck,
        ingest::{Intake, Provenance},
        inspect::audit::AuditScope,
    },
    types::time::Timestamp,
};

/// Revisions of each document.
const N_REVISIONS: u64 = 10;
/// Revisions in each commit.
const N_TOGETHER: u64 = 10_000;

fn main() {
    let n: u64 = std::env::var("EVENTS").map_or(1_000_000, |n| n.parse().unwrap());
    let kept = std::env::var_os("EVENTS_IN").map(PathBuf::from);
    let _removed;
    let folder = match kept {
        Some(folder) => folder,
        None => {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().to_owned();
            _removed = folder;
            path
        }
    };
    if !folder.join("identity").exists() {
        timed(&format!("{n} revisions added"), || make(&folder, n));
    }
    let archive = open_in(&folder);
    let scope = AuditScope { is_quick: true, ..AuditScope::default() };
    for _ in 0..3 {
        timed(&format!("{} events audited, quick", archive.n_events()), || {
            let report = archive.audit(&scope, HistoryCheck::NotRemembered, &mut |_| ()).unwrap();
            assert!(report.findings.is_empty(), "{:?}", report.findings);
            assert_eq!(report.n_events, archive.n_events());
        });
    }
}

fn make(folder: &Path, n: u64) {
    let mut archive = init_in(folder);
    let signer = signer();
    let n_documents = n.div_ceil(N_REVISIONS);
    for (number, first) in (0..n).step_by(N_TOGETHER as usize).enumerate() {
        let provenance = Provenance::default();
        let context = context(1 + number as u64);
        let mut transaction = archive.transaction(&signer, context, provenance, "bench").unwrap();
        for n in first..n.min(first + N_TOGETHER) {
            let (document, revision) = (n % n_documents, n / n_documents);
            let name = format!("notes/{:03}/{document}.txt", document / 1000);
            let text = format!("note {document}, as it was the time {revision}\n");
            let mtime = Some(Timestamp::from_unix(1_600_000_000 + n as i64, 0));
            transaction.add(Intake { mtime, ..intake(name.as_bytes(), text.as_bytes()) }).unwrap();
        }
        transaction.commit().unwrap();
    }
}

fn timed(what: &str, run: impl FnOnce()) {
    let start = (Instant::now(), cpu());
    run();
    println!("{what}: {:.2?} of CPU, took {:.2?}", cpu() - start.1, start.0.elapsed());
}

/// Processor time of this process, from /proc.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}
