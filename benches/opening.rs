//! How long it takes to open an archive of many small commits, with a catalog and without, and to audit it.
//!
//! `cargo bench --bench opening` for 10,000 commits; `OPENING_COMMITS=1000` for fewer. The archive is kept
//! with `OPENING_KEEP=1`.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, clippy::unwrap_used)]
#[path = "../tests/suite/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{add, init_in, open_in};
use docarchive::internals::{
    archive::{HistoryCheck, inspect::audit::AuditScope},
    catalog,
};

const N_OPENINGS: u32 = 100;

fn main() {
    let n: u64 = std::env::var("OPENING_COMMITS").map_or(10_000, |n| n.parse().unwrap());
    // Memory where there is such a folder: to sync ten thousand commits is not what is measured.
    let memory = std::path::Path::new("/dev/shm");
    let folder = match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    };
    let mut archive = init_in(folder.path());
    timed(&format!("{n} commits of one small document each"), || {
        for n in 0..n {
            let (name, text) =
                (format!("notes/{n}.txt"), format!("note {n}, written for itself\n"));
            add(&mut archive, n, &[(&name, text.as_bytes())]).unwrap();
        }
    });
    drop(archive);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("{}{suffix}", catalog::FILE)));
    }
    timed("opened without a catalog", || drop(open_in(folder.path())));
    timed(&format!("opened with one, {N_OPENINGS} times"), || {
        (0..N_OPENINGS).for_each(|_| drop(open_in(folder.path())));
    });
    if std::env::var("OPENING_KEEP").is_ok() {
        println!("it is in {}", folder.keep().display());
        return;
    }
    let archive = open_in(folder.path());
    for (what, is_quick) in [("audited, quick", true), ("audited", false)] {
        let scope = AuditScope { is_quick, ..AuditScope::default() };
        timed(what, || {
            let report = archive.audit(&scope, HistoryCheck::NotRemembered, &mut |_| ()).unwrap();
            assert!(report.findings.is_empty(), "{:?}", report.findings);
        });
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
