//! I11: one writer, any number of readers, and readers never wait.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::common::sandbox::{self, Ran, Sandbox, is_slow, start};

const N_DOCUMENTS: usize = 5;

/// Ends the readers however the writer ends.
struct Writing<'a>(&'a AtomicBool);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn n_rounds() -> usize {
    if is_slow() { 60 } else { 4 }
}

/// One state of the documents: they all change together, in one commit.
fn write_state(sandbox: &Sandbox, round: usize) {
    for i in 0..N_DOCUMENTS {
        sandbox.write(format!("d/{i}"), format!("document {i} in round {round}\n"));
    }
}

#[test]
fn readers_beside_a_writer_see_each_commit_whole_or_not_at_all() {
    let sandbox = Sandbox::new();
    write_state(&sandbox, 0);
    sandbox.run(["add", "-q", "d"]).expect(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut states = BTreeSet::new();
                    while !is_over.load(Ordering::SeqCst) {
                        let lines = sandbox.run(["ls", "--json"]).expect(0).expect_quiet();
                        let lines = sandbox::lines_of(&lines.out);
                        let revisions: BTreeSet<_> =
                            lines.iter().filter_map(|line| line["revision"].as_u64()).collect();
                        assert_eq!(
                            (lines.len(), revisions.len()),
                            (N_DOCUMENTS + 1, 1),
                            "{lines:?}"
                        );
                        let n = *revisions.first().unwrap();
                        let ran =
                            sandbox.run(["cat", &format!("d/3@{n}")]).expect(0).expect_quiet();
                        ran.answers(format!("document 3 in round {}\n", n - 1));
                        assert!(
                            states.last().is_none_or(|last| *last <= n),
                            "{n} after {states:?}"
                        );
                        states.insert(n);
                    }
                    states.len()
                })
            })
            .collect();
        let writing = Writing(&is_over);
        for round in 1..=n_rounds() {
            write_state(&sandbox, round);
            sandbox.run(["add", "-q", "--force", "d", "--wait", "10m"]).expect(0);
        }
        drop(writing);
        let n_states: usize = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        assert!(n_states >= 3);
    });
    sandbox.run(["audit", "-q"]).expect(0).expect_quiet();
}

/// Everything that one command prints is of one state of catalog and journal.
#[test]
fn audit_and_export_beside_a_writer_are_right() {
    let sandbox = Sandbox::new();
    for i in 0..300 {
        sandbox.write(format!("d/more/{i}"), format!("text {i}\n"));
    }
    write_state(&sandbox, 0);
    sandbox.run(["add", "-q", "d"]).expect(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers = [0, 1].map(|who| {
            let (sandbox, is_over) = (&sandbox, &is_over);
            scope.spawn(move || {
                let mut n_runs = 0;
                while !is_over.load(Ordering::SeqCst) {
                    let out = format!("out-{who}-{n_runs}");
                    match who {
                        0 => drop(sandbox.run(["audit", "-q"]).expect(0).expect_quiet()),
                        _ => drop(sandbox.run(["export", "-q", "-o", &out]).expect(0)),
                    }
                    n_runs += 1;
                }
                n_runs
            })
        });
        let writing = Writing(&is_over);
        for round in 1..=3 * n_rounds() {
            write_state(&sandbox, round);
            sandbox.run(["add", "-q", "--force", "d", "--wait", "10m"]).expect(0);
            if round % 10 == 0 {
                sandbox.run(["compact", "-q", "--wait", "10m"]).expect(0);
            }
        }
        drop(writing);
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() > 0));
    });
}

#[test]
fn writers_that_wait_all_get_the_lock() {
    let sandbox = Sandbox::new();
    for i in 0..6 {
        sandbox.write(format!("{i}"), format!("text {i}"));
    }
    let words =
        |i: usize| ["add".to_owned(), "-q".into(), i.to_string(), "--wait".into(), "10m".into()];
    let adds: Vec<_> = (0..6).map(|i| start(&mut sandbox.command(words(i)))).collect();
    for add in adds {
        Ran::at_end(add).expect(0).expect_quiet();
    }
    sandbox.run(["ls"]).expect(0).answers("0\n1\n2\n3\n4\n5\n");
    sandbox.run(["audit", "-q"]).expect(0).expect_quiet();
}

#[test]
fn two_archives_at_once_do_not_meet() {
    let sandbox = Sandbox::bare();
    for store in ["a", "b"] {
        sandbox.run(["init", "-q", store]).expect(0);
        for i in 0..200 {
            sandbox.write(format!("{store}-files/{i}"), format!("{store} {i}"));
        }
    }
    let adds = ["a", "b"].map(|store| {
        let files = format!("{store}-files");
        start(&mut sandbox.command(["--store", store, "add", "-q", &files]))
    });
    for add in adds {
        Ran::at_end(add).expect(0).expect_quiet();
    }
    for store in ["a", "b"] {
        let run = |words: &[&str]| Ran::of(sandbox.command(["--store", store]).args(words));
        assert_eq!(run(&["ls"]).expect(0).text().lines().count(), 200);
        run(&["cat", &format!("{store}-files/7")]).expect(0).answers(format!("{store} 7"));
        run(&["audit", "-q"]).expect(0).expect_quiet();
    }
}

#[test]
fn readers_read_on_while_the_catalog_is_made_anew() {
    let sandbox = Sandbox::new();
    for i in 0..300 {
        sandbox.write(format!("d/{i}"), format!("text {i}"));
    }
    sandbox.run(["add", "-q", "d"]).expect(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let ls = sandbox.run(["ls"]).expect(0).expect_quiet();
                    assert_eq!(ls.text().lines().count(), 300);
                    sandbox.run(["cat", "d/299"]).expect(0).expect_quiet().answers("text 299");
                }
            });
        }
        let _writing = Writing(&is_over);
        for _ in 0..n_rounds() {
            sandbox.run(["rebuild", "-q", "--wait", "10m"]).expect(0);
        }
    });
    sandbox.run(["audit", "-q"]).expect(0).expect_quiet();
}
