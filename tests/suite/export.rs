//! What `export` writes, and where it never writes.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use crate::common::sandbox::{self, Sandbox, is_slow};

/// So long a folder is one, and so long a link.
const STATE: Duration = Duration::from_micros(200);

#[test]
fn i14_an_export_follows_no_link_that_is_swapped_in() {
    let sandbox = Sandbox::new();
    for n in 0..30 {
        sandbox.write(format!("d/sub/{n}"), "ours");
    }
    sandbox.run(["add", "-q", "d"]).expect(0);
    fs::create_dir(sandbox.at("outside")).unwrap();
    fs::create_dir_all(sandbox.at("out/d/sub")).unwrap();
    let (sub, aside) = (sandbox.at("out/d/sub"), sandbox.at("out/d/aside"));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Relaxed) {
                fs::rename(&sub, &aside).unwrap();
                // The export may make the folder anew in between.
                let is_link = symlink("../../outside", &sub).is_ok();
                std::thread::sleep(STATE);
                let _ = if is_link { fs::remove_file(&sub) } else { fs::remove_dir_all(&sub) };
                while fs::rename(&aside, &sub).is_err() {
                    let _ = fs::remove_dir_all(&sub);
                }
                std::thread::sleep(STATE);
            }
        });
        for _ in 0..if is_slow() { 200 } else { 20 } {
            let ran = sandbox.run(["export", "-q", "--overwrite", "-o", "out"]);
            assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
            assert_eq!(fs::read_dir(sandbox.at("outside")).unwrap().count(), 0);
        }
        is_over.store(true, Relaxed);
    });
}

#[test]
fn i14_nothing_is_exported_into_an_archive_or_over_this_programs_own_files() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "x");
    sandbox.run(["add", "-q", "x"]).expect(0);
    sandbox.run(["add", "-q", "x", "--as", "other/x"]).expect(0);
    sandbox.run(["init", "-q", "other"]).expect(0);
    let before = (Sandbox::tree(&sandbox.store()), Sandbox::tree(&sandbox.at("other")));
    let keys = sandbox.home().join(".config/archive/keys");
    symlink(sandbox.store(), sandbox.at("link")).unwrap();
    for (folder, what) in [
        (sandbox.store(), "the archive itself"),
        (sandbox.store().join("packs/new"), "the archive itself"),
        (sandbox.at("link"), "the archive itself"),
        (sandbox.at("other"), "an archive"),
        (sandbox.at("other/log"), "an archive"),
        (keys, "this program's keys and configuration"),
    ] {
        for more in ["-q", "-n", "--overwrite"] {
            let words = [Path::new("export"), Path::new("-o"), &folder, Path::new(more)];
            sandbox.run(words).expect(2).says("nothing is exported to ").says(what);
        }
    }
    sandbox.run(["export", "-o", "x"]).expect(2).says("x is not a folder");
    let ran = sandbox.run(["export", "-o", ".", "--overwrite"]).expect(3);
    ran.says("other is an archive, so nothing can be written below it");
    let after = (Sandbox::tree(&sandbox.store()), Sandbox::tree(&sandbox.at("other")));
    assert!(before == after);
}

#[test]
fn what_an_interrupted_export_left_is_no_document_and_goes() {
    let sandbox = Sandbox::new();
    sandbox.write("d/x", "x");
    sandbox.run(["add", "-q", "d"]).expect(0);
    sandbox.write("out/d/.archive-export-7-0", "half of ");
    let ran = sandbox.run(["add", "-n", "out"]).expect(0);
    ran.says("0 new documents").says("1 skipped: left by an interrupted export");
    sandbox.run(["export", "-q", "-o", "out"]).expect(0);
    assert_eq!(Sandbox::tree(&sandbox.at("out")), [("d/x".into(), b"x".to_vec())]);
}

#[test]
fn names_that_differ_in_case_or_accents_are_files_of_their_own_here() {
    let sandbox = Sandbox::new();
    let names = ["A/x", "a/x", "a/X", "caf\u{e9}", "cafe\u{301}"];
    for name in names {
        sandbox.write(Path::new("d").join(name), name);
    }
    sandbox.run(["add", "-q", "d"]).expect(0);
    for status in ["5 documents written", "5 there already"] {
        sandbox.run(["export", "-o", "out"]).expect(0).says(status);
    }
    assert_eq!(Sandbox::tree(&sandbox.at("out/d")), Sandbox::tree(&sandbox.at("d")));
}

#[test]
fn a_manifest_is_what_sha256sum_checks() {
    let sandbox = Sandbox::new();
    for (n, name) in
        [&b"plain"[..], b"two  words", b"back\\slash", b"new\nline", b"caf\xe9", b"in/a/folder"]
            .into_iter()
            .enumerate()
    {
        sandbox.write(sandbox.at("in").join(sandbox::os(name)), format!("text {n}"));
    }
    std::os::unix::fs::symlink("nowhere", sandbox.at("in/link")).unwrap();
    sandbox.run(["add", "-q", "in"]).expect(0);
    sandbox.write("in/plain", "another text");
    sandbox.run(["add", "-q", "in"]).expect(0);
    for (words, n_files) in [(&[][..], 6), (&["--all-revisions"][..], 7)] {
        let out = format!("out-{n_files}");
        sandbox.run([&["export", "-q", "-o", &out], words].concat()).expect(0);
        let manifest = sandbox.run([&["export", "--manifest"], words].concat()).expect(0);
        let manifest = manifest.says("1 link is left out").out;
        assert_eq!(manifest.iter().filter(|byte| **byte == b'\n').count(), n_files);
        sandbox.write("sums", &manifest);
        let check = || {
            let mut command = sandbox.other("sha256sum");
            command.args(["-c", "--quiet", "--strict", "../sums"]).current_dir(sandbox.at(&out));
            command.output().unwrap()
        };
        let checked = check();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        let plain = if n_files == 6 { "in/plain" } else { "in/plain@1" };
        sandbox.write(sandbox.at(&out).join(plain), "edited");
        assert!(!check().status.success());
    }
    let early = sandbox.run(["export", "--manifest", "--at", "2001-01-01"]).expect(4);
    assert!(early.out.is_empty());
    sandbox.run(["export", "--manifest", "-o", "x"]).expect(2);
    sandbox.run(["export"]).expect(2);
}
