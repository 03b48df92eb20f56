//! Times from year 0001 to 9999 are kept, ordered and shown exactly; others are refused.

use std::{
    fs::{self, File, FileTimes},
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use docarchive::internals::types::time::Timestamp;

use crate::common::sandbox::{Sandbox, skip};

/// In their order, with the day or month by which each is the newest.
const TIMES: [(&str, &str); 6] = [
    ("0001-01-01T00:00:00Z", "0001-01"),
    ("1215-06-15T00:00:00Z", "1215-06"),
    ("1677-09-21T00:12:43.145224192Z", "1677-12"),
    ("1969-12-31T23:59:59.5Z", "1969-12-31"),
    ("2024-02-29T12:00:00.000000001Z", "2024-02-29"),
    ("2025-12-31T23:59:59.999999999Z", "2025-12"),
];

fn charters() -> Sandbox {
    let sandbox = Sandbox::new();
    // In another order than that of the times.
    for n in [3, 0, 5, 1, 4, 2] {
        sandbox.write("charter", format!("state {n}"));
        sandbox.run(["add", "-q", "charter", "--captured", TIMES[n].0]).expect(0);
    }
    sandbox
}

fn check_charters(sandbox: &Sandbox) {
    for (n, (time, as_of)) in TIMES.into_iter().enumerate() {
        for when in [time, as_of] {
            let selector = format!("charter@{when}");
            sandbox.run(["cat", &selector]).expect(0).answers(format!("state {n}"));
            assert_eq!(sandbox.json(["show", &selector])[0]["captured"], time);
        }
        let log = sandbox.run(["log", "charter"]).expect(0).text();
        assert!(log.contains(&time[..10]), "{time} is not in {log}");
    }
    let log = sandbox.json(["log", "charter"]);
    let captured = |time: &str| log.iter().filter(|line| line["captured"] == time).count();
    assert!(TIMES.iter().all(|(time, _)| captured(time) == 1), "{log:?}");
}

#[test]
fn times_of_capture_are_kept_shown_and_ordered() {
    let sandbox = charters();
    check_charters(&sandbox);
    sandbox.run(["cat", "charter@0001-01-01"]).expect(0).answers("state 0");
    sandbox.run(["export", "--at", "1215-06-15", "-o", "out"]).expect(0);
    assert_eq!(fs::read_to_string(sandbox.at("out/charter")).unwrap(), "state 1");
}

#[test]
fn they_are_the_same_in_a_catalog_made_anew() {
    let sandbox = charters();
    sandbox.run(["rebuild", "-q"]).expect(0);
    check_charters(&sandbox);
    sandbox.run(["audit", "-q"]).expect(0);
    // The view has whole seconds.
    let db = rusqlite::Connection::open(sandbox.store().join("catalog.sqlite")).unwrap();
    let mut query = db.prepare("SELECT captured FROM revisions ORDER BY captured").unwrap();
    let shown: Vec<String> =
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let seconds = TIMES.map(|(time, _)| format!("{}Z", &time[..19]));
    assert_eq!(shown, seconds);
}

#[test]
fn other_times_are_refused_before_anything_is_written() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "a");
    let before = Sandbox::tree(&sandbox.store());
    for time in ["0000-12-31", "10000-01-01", "-0001-01-01", "0001-01-01T00:00:00+00:01"] {
        let ran = sandbox.run(["add", "a", &format!("--captured={time}")]).expect(2);
        ran.says("in the years 0001 to 9999");
    }
    assert_eq!(Sandbox::tree(&sandbox.store()), before);
}

/// Sets a file's time; whether the file system kept it.
fn set_mtime(path: &Path, (seconds, nanoseconds): (i64, u32)) -> bool {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let second = if seconds < 0 { UNIX_EPOCH - whole } else { UNIX_EPOCH + whole };
    let times = FileTimes::new().set_modified(second + Duration::from_nanos(nanoseconds.into()));
    let set = File::options().write(true).open(path).unwrap().set_times(times);
    set.is_ok() && mtime(path) == (seconds, nanoseconds)
}

fn mtime(path: &Path) -> (i64, u32) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.mtime(), metadata.mtime_nsec() as u32)
}

#[test]
fn times_of_files_come_back_with_them() {
    let sandbox = Sandbox::new();
    let times = [
        (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
        (-1, 250_000_000, "1969-12-31T23:59:59.25Z"),
        (0, 1, "1970-01-01T00:00:00.000000001Z"),
        (13_574_563_200, 0, "2400-02-29T00:00:00Z"),
        (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
    ];
    for (n, (seconds, fraction, shown)) in times.into_iter().enumerate() {
        let name = format!("file-{n}");
        sandbox.write(&name, &name);
        if !set_mtime(&sandbox.at(&name), (seconds, fraction)) {
            skip(&format!("no file can be of {shown} here"));
            continue;
        }
        // A time ahead is one of a wrong clock: nothing was captured then.
        let is_past = shown < "2026";
        let ran = sandbox.run(["add", "-q", &name, "--captured", "mtime"]);
        ran.expect(if is_past { 0 } else { 3 });
        let line = &sandbox.json(["show", &name])[0];
        assert_eq!((&line["mtime"], line["captured"] == shown), (&shown.into(), is_past));
        sandbox.run(["export", &name, "-o", "out"]).expect(0);
        assert_eq!(mtime(&sandbox.at("out").join(&name)), (seconds, fraction), "{shown}");
    }
}

#[test]
fn a_file_of_a_time_beyond_comes_in_without_it() {
    let sandbox = Sandbox::new();
    sandbox.write("late", "late");
    for seconds in [253_402_300_800, -62_135_596_801] {
        if !set_mtime(&sandbox.at("late"), (seconds, 0)) {
            skip("no file can be of such a time here");
            return;
        }
        sandbox.run(["add", "-q", "late"]).expect(0);
        let line = &sandbox.json(["show", "late"])[0];
        assert!(line["mtime"].is_null(), "{line}");
    }
}

// `ls NAME --at` a day before the document was there said "there is no such document".
#[test]
fn a_day_before_a_document_was_there_is_named_by_ls() {
    let sandbox = Sandbox::new();
    sandbox.write("late", "late");
    sandbox.run(["add", "-q", "late"]).expect(0);
    let ran = sandbox.run(["ls", "late", "--at", "2020-01-01"]).expect(4);
    ran.says("no document that late fits was there at 2020-01-01 23:59");
    sandbox.run(["ls", "--at", "2020-01-01"]).expect(4).says("no document was there at 2020-");
    sandbox.run(["ls", "lake", "--at", "2020-01-01"]).expect(4);
}

// A file's time in the future was passed over without a word.
#[test]
fn a_file_time_that_lies_ahead_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    let file = std::fs::File::options().write(true).open(sandbox.at("x")).unwrap();
    let ahead = std::time::UNIX_EPOCH + std::time::Duration::from_secs(13_569_465_600);
    file.set_modified(ahead).unwrap();
    let ran = sandbox.run(["add", "-q", "x", "--captured", "mtime"]).expect(3);
    ran.says("it was changed 2400-01-01 00:00, which lies ahead");
    sandbox.run(["add", "-q", "x"]).expect(0);
    // Where nothing is recorded nothing is to be doubted, and a rehearsal says the same.
    for words in
        [&["add", "x", "--captured", "mtime"][..], &["add", "-n", "x", "--captured", "mtime"]]
    {
        sandbox.run(words).expect(0).says("1 unchanged");
    }
}

// The clock of a command was taken to the second, and a file that had just been written lay ahead of it.
#[test]
fn a_file_that_was_just_written_does_not_lie_ahead() {
    let sandbox = Sandbox::new();
    for n in 0..3 {
        sandbox.write("x", format!("{n}"));
        sandbox.run(["add", "-q", "x", "--captured", "mtime"]).expect(0).expect_quiet();
    }
    sandbox.run(["cat", "x"]).expect(0).answers("2");
    // So was a time with a fraction, which the clock had shown just before.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp::from_unix(since.as_secs() as i64, since.subsec_nanos()).to_string();
    sandbox.run(["add", "-q", "x", "--as", "y", "--captured", &now]).expect(0);
}
