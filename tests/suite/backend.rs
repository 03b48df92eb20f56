//! All storage keeps the same promises: one suite, run over every backend.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use docarchive::internals::{
    backend::{
        Backend, Lock, Object, Storage,
        faulty::{Fault, Faulty},
        local::Local,
        memory::{Fate, Memory},
    },
    types::error::{Error, Refusal},
};

type Promise = (&'static str, fn(&dyn Storage));

/// Each is run over an empty backend.
const PROMISES: &[Promise] = &[
    ("what was put is read back whole", put_is_read_back),
    ("an object is written once", written_once),
    ("a swap replaces", swap_replaces),
    ("a limit is kept", limit_is_kept),
    ("a range is exact or refused", range_is_exact),
    ("a missing object has no bytes and no size", missing_is_none),
    ("a listing is deep, sorted and of that folder alone", listing),
    ("a removed object is gone, twice too", removed_is_gone),
    ("a removed object may be written anew, with other bytes", removed_may_come_anew),
    ("a range is never read from what was removed or replaced", no_stale_range),
    ("tidying and syncing take no object away", tidy_keeps_objects),
    ("one writer at a time, and the others learn who", one_writer),
    ("a name that could lead out is damaged, for every call", bad_names),
    ("threads may put and read together", threads),
];

fn put_is_read_back(b: &dyn Storage) {
    let long = vec![7; 100_000];
    for (name, bytes) in [("a", &b"one"[..]), ("deep/er/still", b""), ("deep/er/long", &long)] {
        b.put(name, bytes).unwrap();
        assert_eq!(b.read(name, 100_000).unwrap().as_deref(), Some(bytes), "{name}");
        assert_eq!(b.size(name).unwrap(), Some(bytes.len() as u64), "{name}");
    }
}

fn written_once(b: &dyn Storage) {
    b.put("packs/x", b"first").unwrap();
    b.put("packs/x", b"first").unwrap();
    for other in [&b"other"[..], b"", b"first and more", b"firs"] {
        damaged(b.put("packs/x", other));
    }
    assert_eq!(b.read("packs/x", 10).unwrap().unwrap(), b"first");
}

fn swap_replaces(b: &dyn Storage) {
    for bytes in [&b"old"[..], b"", b"newer and longer"] {
        b.swap("log/checkpoint", bytes).unwrap();
        assert_eq!(b.read("log/checkpoint", 100).unwrap().unwrap(), bytes);
    }
    assert_eq!(names(b, "log"), ["log/checkpoint"]);
}

fn limit_is_kept(b: &dyn Storage) {
    b.put("x", b"12345").unwrap();
    assert_eq!(b.read("x", 5).unwrap().unwrap(), b"12345");
    assert_eq!(b.read("x", usize::MAX).unwrap().unwrap(), b"12345");
    damaged(b.read("x", 4));
    damaged(b.read("x", 0));
}

fn range_is_exact(b: &dyn Storage) {
    b.put("x", b"0123456789").unwrap();
    for (offset, n_bytes, bytes) in
        [(0, 10, &b"0123456789"[..]), (3, 4, b"3456"), (9, 1, b"9"), (10, 0, b"")]
    {
        assert_eq!(b.read_range("x", offset, n_bytes).unwrap(), bytes, "{offset} {n_bytes}");
    }
    for (offset, n_bytes) in [(0, 11), (10, 1), (11, 0), (u64::MAX, 1), (0, usize::MAX)] {
        damaged(b.read_range("x", offset, n_bytes));
    }
    damaged(b.read_range("none", 0, 0));
}

fn missing_is_none(b: &dyn Storage) {
    for name in ["none", "no/such/folder"] {
        assert_eq!(b.read(name, 10).unwrap(), None);
        assert_eq!(b.size(name).unwrap(), None);
    }
    assert_eq!(b.list("no/such/folder").unwrap(), []);
}

fn listing(b: &dyn Storage) {
    for name in ["packs/b/2", "packs/a/1", "packs/a-b", "packs/a.x", "packs2/c", "pack"] {
        b.put(name, name.as_bytes()).unwrap();
    }
    let object = |name: &str| Object { name: name.into(), bytes: name.len() as u64 };
    let expected = ["packs/a-b", "packs/a.x", "packs/a/1", "packs/b/2"].map(object);
    assert_eq!(b.list("packs").unwrap(), expected);
    assert_eq!(names(b, "packs/a"), ["packs/a/1"]);
    assert_eq!(b.list("pack").unwrap(), [], "an object is no folder");
}

fn removed_is_gone(b: &dyn Storage) {
    b.put("packs/x", b"bytes").unwrap();
    b.put("packs/y", b"bytes").unwrap();
    b.remove("packs/x").unwrap();
    b.remove("packs/x").unwrap();
    b.remove("no/such").unwrap();
    b.sync().unwrap();
    assert_eq!(b.read("packs/x", 10).unwrap(), None);
    assert_eq!(names(b, "packs"), ["packs/y"]);
}

fn removed_may_come_anew(b: &dyn Storage) {
    b.put("x", b"damaged").unwrap();
    b.remove("x").unwrap();
    b.put("x", b"healed").unwrap();
    assert_eq!(b.read("x", 10).unwrap().unwrap(), b"healed");
}

fn no_stale_range(b: &dyn Storage) {
    b.swap("x", b"old bytes").unwrap();
    assert_eq!(b.read_range("x", 0, 3).unwrap(), b"old");
    b.swap("x", b"new bytes").unwrap();
    assert_eq!(b.read_range("x", 0, 3).unwrap(), b"new");
    b.remove("x").unwrap();
    damaged(b.read_range("x", 0, 3));
    // More objects than any backend keeps open, then the first ones again.
    for n in (0..100).chain(0..10) {
        let name = format!("packs/{n}");
        b.put(&name, &[n]).unwrap();
        assert_eq!(b.read_range(&name, 0, 1).unwrap(), [n]);
    }
}

fn tidy_keeps_objects(b: &dyn Storage) {
    b.put("packs/9f/x", b"1").unwrap();
    b.swap("identity", b"2").unwrap();
    b.tidy().unwrap();
    b.sync().unwrap();
    b.sync().unwrap();
    for (name, bytes) in [("packs/9f/x", b"1"), ("identity", b"2")] {
        assert_eq!(b.read(name, 10).unwrap().unwrap(), bytes);
    }
}

fn one_writer(b: &dyn Storage) {
    let held = b.lock("anna, pid 7").unwrap();
    assert!(matches!(b.lock("bert"), Err(Error::Busy { who }) if who == "anna, pid 7"));
    b.put("x", b"the lock hinders no call").unwrap();
    drop(held);
    let held = b.lock("bert").unwrap();
    assert!(matches!(b.lock("carl"), Err(Error::Busy { who }) if who == "bert"));
    drop(held);
}

fn bad_names(b: &dyn Storage) {
    for name in ["", "..", "../x", "/etc/passwd", "a//b", "a/", ".tmp-1", "a/.x", "a b", "a\0b"] {
        damaged(b.put(name, b""));
        damaged(b.swap(name, b""));
        damaged(b.read(name, 10));
        damaged(b.read_range(name, 0, 0));
        damaged(b.size(name));
        damaged(b.list(name));
        damaged(b.remove(name));
    }
}

fn threads(b: &dyn Storage) {
    let ours = |n: usize| format!("packs/{n}");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                for n in 0..25 {
                    b.put(&ours(n), ours(n).as_bytes()).unwrap();
                    b.sync().unwrap();
                    let whole = ours(n).into_bytes();
                    assert_eq!(b.read_range(&ours(n), 0, whole.len()).unwrap(), whole);
                }
            });
        }
    });
    assert_eq!(b.list("packs").unwrap().len(), 25);
}

#[test]
fn memory_keeps_every_promise() {
    for (claim, promise) in PROMISES {
        eprintln!("memory: {claim}");
        promise(&Memory::default());
    }
}

#[test]
fn a_folder_keeps_every_promise() {
    for (claim, promise) in PROMISES {
        eprintln!("folder: {claim}");
        let folder = tempfile::tempdir().unwrap();
        promise(&Local::create(folder.path().join("new/archive")).unwrap());
    }
}

#[test]
fn a_faulty_backend_without_a_fault_keeps_every_promise() {
    for (claim, promise) in PROMISES {
        eprintln!("faulty: {claim}");
        promise(&Faulty::none(Arc::new(Memory::default())));
    }
}

// Memory: what a power failure takes.

#[test]
fn what_was_synced_outlives_a_power_failure() {
    let store = Memory::default();
    store.put("a", b"1").unwrap();
    store.put("b", b"2").unwrap();
    store.sync().unwrap();
    store.remove("a").unwrap();
    store.sync().unwrap();
    store.put("c", b"3").unwrap();
    assert_eq!(found(&store, |_| Fate::Lost), "b=2");
}

#[test]
fn each_unsynced_change_is_lost_or_kept_by_itself() {
    let store = Memory::default();
    store.put("old", b"0").unwrap();
    store.sync().unwrap();
    store.put("a", b"1").unwrap();
    store.put("b", b"2").unwrap();
    store.remove("old").unwrap();
    assert_eq!(store.n_pending(), 3);
    let outcome =
        |mask| found(&store, |n| if mask >> n & 1 == 1 { Fate::Kept } else { Fate::Lost });
    assert_eq!((0..8).map(outcome).collect::<BTreeSet<_>>().len(), 8);
    assert_eq!(outcome(0b010), "b=2 old=0");
    assert_eq!(outcome(0b101), "a=1");
}

#[test]
fn an_unsynced_put_is_whole_or_not_there() {
    let store = Memory::default();
    store.put("a", b"1234").unwrap();
    assert_eq!(found(&store, |_| Fate::Lost), "");
    assert_eq!(found(&store, |_| Fate::Kept), "a=1234");
}

#[test]
fn a_swap_is_durable_at_once_and_nothing_earlier_undoes_it() {
    let store = Memory::default();
    store.put("checkpoint", b"old").unwrap();
    store.put("a", b"1").unwrap();
    store.swap("checkpoint", b"new").unwrap();
    assert_eq!(found(&store, |_| Fate::Lost), "checkpoint=new");
    assert_eq!(found(&store, |_| Fate::Kept), "a=1 checkpoint=new");
}

#[test]
fn a_power_failure_leaves_the_old_store_alone_and_the_new_one_unlocked() {
    let store = Memory::default();
    let _held = store.lock("the one that died").unwrap();
    store.put("a", b"1").unwrap();
    let after = store.after_power_loss(|_| Fate::Lost);
    let _next = after.lock("the next one").unwrap();
    after.put("a", b"other").unwrap();
    assert_eq!(store.read("a", 10).unwrap().unwrap(), b"1");
    assert_eq!(store.n_pending(), 1);
}

// A folder: what lies in it.

#[test]
fn leftovers_are_never_listed_and_tidied_away() {
    let (folder, archive) = example();
    for leftover in [".tmp-1-0", ".tmp-packs-9f-y-2-3"] {
        let path = folder.path().join(leftover);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "half").unwrap();
    }
    // Nobody writes one here, but a copy by other means may have.
    fs::write(folder.path().join("packs/9f/.tmp-x"), "half").unwrap();
    assert_eq!(names(&archive, "packs"), ["packs/9f/x"]);
    archive.tidy().unwrap();
    assert_eq!(files(folder.path()), ["identity", "packs/9f/.tmp-x", "packs/9f/x"]);
}

#[test]
fn a_write_leaves_only_its_object() {
    let (folder, archive) = example();
    archive.put("packs/9f/x", b"pack").unwrap();
    damaged(archive.put("packs/9f/x", b"kcap"));
    archive.swap("identity", b"me again").unwrap();
    assert_eq!(files(folder.path()), ["identity", "packs/9f/x"]);
}

#[test]
fn what_is_no_plain_file_is_damaged() {
    let (_folder, archive) = example();
    damaged(archive.read("packs", 10));
    damaged(archive.read_range("packs/9f", 0, 0));
    damaged(archive.size("packs"));
    damaged(archive.put("packs", b""));
}

#[test]
fn what_a_person_drops_into_the_folder_is_no_object() {
    let (folder, archive) = example();
    fs::write(folder.path().join("packs/.DS_Store"), "").unwrap();
    fs::write(folder.path().join("packs/holiday photo.jpg"), "").unwrap();
    fs::create_dir(folder.path().join("packs/old packs")).unwrap();
    fs::write(folder.path().join("packs/old packs/y"), "").unwrap();
    assert_eq!(names(&archive, "packs"), ["packs/9f/x"]);
}

#[test]
fn a_listing_passes_over_no_link() {
    for target in ["/nowhere", "/etc", "9f", "9f/x"] {
        let (folder, archive) = example();
        let link = folder.path().join("packs/a0");
        std::os::unix::fs::symlink(target, &link).unwrap();
        damaged(archive.list("packs"));
        damaged(archive.read("packs/a0", 10));
        damaged(archive.read("packs/a0/x", 10));
        damaged(archive.size("packs/a0/x"));
        damaged(archive.put("packs/a0/x", b""));
        damaged(archive.swap("packs/a0/x", b""));
        damaged(archive.remove("packs/a0/x"));
        // A link is removed as what it is.
        archive.remove("packs/a0").unwrap();
        assert!(fs::symlink_metadata(&link).is_err());
        assert_eq!(files(folder.path()), ["identity", "packs/9f/x"]);
    }
}

#[test]
fn a_new_archive_needs_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    Local::create(folder.path()).unwrap();
    fs::write(folder.path().join("lock"), "someone").unwrap();
    fs::write(folder.path().join(".tmp-1-1"), "half").unwrap();
    Local::create(folder.path()).unwrap();
    fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    for path in [folder.path().to_owned(), folder.path().join("letter.txt")] {
        let error = Local::create(&path).err().unwrap();
        assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
        assert!(matches!(error, Error::Refused(Refusal::Usage(_))), "{error}");
    }
}

#[test]
fn an_archive_without_identity_is_none() {
    let (folder, _) = example();
    Local::open(folder.path()).unwrap();
    fs::remove_file(folder.path().join("identity")).unwrap();
    for path in [folder.path().to_owned(), folder.path().join("nowhere")] {
        let error = Local::open(&path).err().unwrap();
        assert!(
            matches!(error, Error::NoArchive { location } if *location == *path.to_string_lossy())
        );
    }
}

#[test]
fn a_lock_left_by_a_dead_writer_is_no_lock() {
    let (folder, archive) = example();
    fs::write(folder.path().join("lock"), "a writer that died, since long ago").unwrap();
    let _held = archive.lock("anna").unwrap();
    let other = Local::open(folder.path()).unwrap();
    assert!(matches!(other.lock("bert"), Err(Error::Busy { who }) if who == "anna"));
    assert_eq!(fs::read_to_string(folder.path().join("lock")).unwrap(), "anna");
}

/// A child shares the parent's open files from its birth until it is another program.
#[test]
fn a_lock_given_back_is_free_while_children_are_being_started() {
    let (_folder, archive) = example();
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| {
            for _ in 0..300 {
                assert!(std::process::Command::new("true").status().unwrap().success());
            }
        });
        while !starting.is_finished() {
            archive.lock("anna").map(drop).unwrap();
        }
    });
}

#[test]
fn a_folder_without_permission_to_write_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, archive) = example();
    let allow = |mode| fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode)).unwrap();
    allow(0o555);
    let result = archive.lock("anna").map(drop);
    // The superuser, as in many containers, is not hindered by permissions.
    let is_superuser = fs::write(folder.path().join("probe"), "").is_ok();
    allow(0o755);
    let read_only = matches!(result, Err(Error::Refused(Refusal::ReadOnly { .. })));
    assert_eq!(read_only, !is_superuser, "{result:?}");
    assert_eq!(archive.read("packs/9f/x", 10).unwrap().unwrap(), b"pack");
}

#[test]
fn a_put_that_meets_damage_on_disk_says_so_and_leaves_it() {
    let (folder, archive) = example();
    fs::write(folder.path().join("packs/9f/x"), "pacK").unwrap();
    damaged(archive.put("packs/9f/x", b"pack"));
    assert_eq!(fs::read(folder.path().join("packs/9f/x")).unwrap(), b"pacK");
}

// Faults.

/// Every sort of write, up to the first that fails.
fn writes(b: &dyn Backend) -> Result<(), Error> {
    b.put("packs/x", b"pack")?;
    b.sync()?;
    b.swap("checkpoint", b"new")?;
    b.remove("old")
}

#[test]
fn the_list_of_calls_shows_the_order() {
    let faulty = Faulty::none(store_with_old());
    writes(&faulty).unwrap();
    let calls: Vec<_> = faulty.calls().iter().map(ToString::to_string).collect();
    assert_eq!(calls, ["put packs/x", "sync", "swap checkpoint", "remove old"]);
    assert!(!faulty.has_struck());
}

#[test]
fn a_fault_strikes_once_where_it_is_set() {
    for fault in [Fault::NotDone, Fault::Unreported, Fault::Half] {
        for number in 0..4 {
            let faulty = Faulty::at(store_with_old(), number, fault);
            assert!(matches!(writes(&faulty), Err(Error::Io { .. })), "{fault:?} at {number}");
            assert_eq!(faulty.calls().len(), number + 1);
            assert!(faulty.has_struck());
            writes(&faulty).unwrap();
        }
        let faulty = Faulty::at(store_with_old(), 4, fault);
        writes(&faulty).unwrap();
        assert!(!faulty.has_struck());
    }
}

#[test]
fn a_fault_leaves_what_its_variant_states() {
    for (number, fault, left) in [
        (0, Fault::NotDone, "old=0"),
        (0, Fault::Half, "old=0"),
        (0, Fault::Unreported, "old=0 packs/x=pack"),
        (2, Fault::NotDone, "old=0 packs/x=pack"),
        (2, Fault::Half, "old=0 packs/x=pack"),
        (2, Fault::Unreported, "checkpoint=new old=0 packs/x=pack"),
        (3, Fault::NotDone, "checkpoint=new old=0 packs/x=pack"),
        (3, Fault::Unreported, "checkpoint=new packs/x=pack"),
    ] {
        let store = store_with_old();
        writes(&Faulty::at(store.clone(), number, fault)).unwrap_err();
        assert_eq!(text(&store), left, "{fault:?} at {number}");
    }
}

#[test]
fn a_half_written_object_in_a_folder_is_a_leftover_only() {
    for number in [0, 1] {
        let (folder, archive) = example();
        let faulty = Faulty::at(Arc::new(archive), number, Fault::Half).over(folder.path());
        faulty
            .put("packs/a0/y", b"1234")
            .and_then(|()| faulty.swap("identity", b"you"))
            .unwrap_err();
        let n_leftovers =
            || files(folder.path()).iter().filter(|name| name.contains(".tmp-")).count();
        assert_eq!(n_leftovers(), 1);
        assert_eq!(faulty.read("identity", 10).unwrap().unwrap(), b"me");
        faulty.tidy().unwrap();
        assert_eq!(n_leftovers(), 0);
    }
}

#[test]
fn nothing_happens_after_death() {
    let store = store_with_old();
    let faulty = Faulty::at(store.clone(), 1, Fault::Death);
    assert!(writes(&faulty).is_err());
    assert!(faulty.swap("checkpoint", b"new").is_err());
    assert!(faulty.read("old", 10).is_err());
    assert!(faulty.remove("old").is_err());
    assert!(faulty.lock("ghost").is_err());
    assert_eq!(text(&store), "old=0 packs/x=pack");
}

#[test]
fn a_full_disk_takes_no_more_and_gives_what_it_has() {
    let store = store_with_old();
    let faulty = Faulty::at(store.clone(), 1, Fault::Full);
    faulty.put("a", b"1").unwrap();
    for result in [faulty.put("b", b"2"), faulty.swap("c", b"3")] {
        let Err(Error::Io { source, .. }) = result else { panic!("{result:?}") };
        assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
    }
    faulty.sync().unwrap();
    faulty.remove("old").unwrap();
    assert_eq!(faulty.read("a", 10).unwrap().unwrap(), b"1");
    assert_eq!(text(&store), "a=1");
}

fn example() -> (tempfile::TempDir, Local) {
    let folder = tempfile::tempdir().unwrap();
    let archive = Local::create(folder.path()).unwrap();
    archive.put("packs/9f/x", b"pack").unwrap();
    archive.swap("identity", b"me").unwrap();
    (folder, archive)
}

fn store_with_old() -> Arc<Memory> {
    Arc::new(Memory::of(BTreeMap::from([("old".to_owned(), b"0"[..].into())])))
}

#[track_caller]
fn damaged<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::Damaged { .. })), "{result:?}");
}

fn names(b: &dyn Backend, folder: &str) -> Vec<String> {
    b.list(folder).unwrap().into_iter().map(|object| object.name).collect()
}

/// Names and bytes on one line, for comparing.
fn text(store: &Memory) -> String {
    let shown =
        |(name, bytes): (&String, &Arc<[u8]>)| format!("{name}={}", String::from_utf8_lossy(bytes));
    store.contents().iter().map(shown).collect::<Vec<_>>().join(" ")
}

fn found(store: &Memory, fate: impl Fn(usize) -> Fate) -> String {
    text(&store.after_power_loss(fate))
}

/// Every file below a folder, leftovers too.
fn files(top: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(top).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn what_another_writer_takes_for_a_leftover_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let own = Local::create(folder.path()).unwrap();
    own.put("identity", b"x").unwrap();
    let other = Local::open(folder.path()).unwrap();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
                other.tidy().unwrap();
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        });
        let put = |n| own.put(&format!("packs/00/{n}"), format!("{n}").as_bytes());
        let all: Result<Vec<()>, _> = (0..50).map(put).collect();
        let swapped = own.swap("log/checkpoint", b"x");
        is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        all.unwrap();
        swapped.unwrap();
    });
    assert_eq!(own.list("packs").unwrap().len(), 50);
}
