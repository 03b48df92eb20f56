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
        (keys.clone(), "this program's keys and configuration"),
    ] {
        for more in ["-q", "-n", "--overwrite"] {
            let words = [Path::new("export"), Path::new("-o"), &folder, Path::new(more)];
            sandbox.run(words).expect(2).says("nothing is written to ").says(what);
        }
    }
    sandbox.run(["export", "-o", "x"]).expect(2).says("x is not a folder");
    sandbox.write("y", "y");
    symlink("y", sandbox.at("link to y")).unwrap();
    let key = fs::read_dir(&keys).unwrap().map(|key| key.unwrap().path()).next().unwrap();
    let identity = sandbox.store().join("identity");
    for verb in [&["audit", "--report"][..], &["diff", "x", "y", "--html"], &["anchor", "request"]]
    {
        for (file, why) in [
            (&identity, "the archive itself"),
            (&sandbox.at("other/new"), "an archive"),
            (&key, "it is a signing key"),
            (&sandbox.at("link to y"), "it is a symlink"),
            (&sandbox.home(), "it is a folder"),
        ] {
            let words = verb.iter().map(Path::new).chain([&**file]);
            sandbox.run(words).expect(2).says("nothing is written to ").says(why);
        }
    }
    sandbox.run(["diff", "x", "y", "--html", "y"]).expect(2).says("files that are compared");
    sandbox.run(["audit", "--report", "-"]).expect(2).says("name one");
    assert_eq!(fs::read(sandbox.at("y")).unwrap(), b"y");
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

/// A mail with something attached, and two pages of which one lies below the other's address.
fn with_a_mail() -> Sandbox {
    let sandbox = Sandbox::new();
    let mail = "Subject: Plan\nFrom: a@example.org\nMIME-Version: 1.0\n\
        Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nSee below.\n\
        --x\nContent-Type: text/plain\n\
        Content-Disposition: attachment; filename=plan.txt\n\nThe plan.\n--x--\n";
    sandbox.write("desk/m.eml", mail);
    sandbox.run(["add", "-q", "desk"]).expect(0);
    for (page, day) in [("https:/ex.org", "2026-01-01"), ("https:/ex.org/rev", "2026-01-02")] {
        sandbox.write("page", page);
        sandbox.run(["add", "-q", "page", "--as", page, "--captured", day]).expect(0);
    }
    sandbox
}

fn paths(sandbox: &Sandbox, out: &str) -> Vec<String> {
    let tree = Sandbox::tree(&sandbox.at(out)).into_iter();
    tree.map(|(path, _)| path.display().to_string()).collect()
}

const WITH_A_MAIL: [&str; 4] =
    ["desk/m.eml", "desk/m.eml.parts/plan.txt", "https:/ex.org/rev", "https:/ex.org.1"];

#[test]
fn a_mail_keeps_its_name_and_what_was_attached_lies_beside() {
    let sandbox = with_a_mail();
    let ran = sandbox.run(["export", "-o", "out"]).expect(0);
    let ran =
        ran.says("desk/m.eml/plan.txt is written as desk/m.eml.parts/plan.txt: desk/m.eml has");
    ran.says("https:/ex.org is written as https:/ex.org.1: https:/ex.org/rev has the path")
        .says("4 documents written to out, 2 under another name");
    assert_eq!(paths(&sandbox, "out"), WITH_A_MAIL);
    let mail = fs::read(sandbox.at("desk/m.eml")).unwrap();
    assert_eq!(fs::read(sandbox.at("out/desk/m.eml")).unwrap(), mail);
    assert_eq!(fs::read(sandbox.at("out/https:/ex.org.1")).unwrap(), b"https:/ex.org");
    sandbox.run(["export", "-q", "-o", "quiet"]).expect(0).expect_quiet();
    // Later, and the mail has its name all the same.
    sandbox.write("more", "more");
    sandbox.run(["add", "-q", "more", "--as", "desk/m.eml/more.txt"]).expect(0);
    sandbox.run(["export", "-q", "-o", "more-out", "desk"]).expect(0);
    assert_eq!(
        paths(&sandbox, "more-out"),
        ["desk/m.eml", "desk/m.eml.parts/more.txt", "desk/m.eml.parts/plan.txt"]
    );
    sandbox.run(["export", "-q", "-o", "all", "--all-revisions", "desk"]).expect(0);
    assert_eq!(
        paths(&sandbox, "all"),
        ["desk/m.eml/more.txt@1", "desk/m.eml/plan.txt@1", "desk/m.eml@1"]
    );
}

#[test]
fn what_is_recorded_at_once_leaves_a_document_its_name() {
    let sandbox = Sandbox::new();
    sandbox.write("text", "text");
    let lines = ["a", "a/b"].map(|name| format!("{{\"path\":\"text\",\"name\":\"{name}\"}}\n"));
    sandbox.write("list", lines.concat());
    sandbox.run(["add", "-q", "--manifest", "list"]).expect(0);
    sandbox.run(["export", "-q", "-o", "out"]).expect(0);
    assert_eq!(paths(&sandbox, "out"), ["a", "a.parts/b"]);
}

#[test]
fn bags_and_manifests_are_of_the_files_that_an_export_writes() {
    let sandbox = with_a_mail();
    let ran = sandbox.run(["export", "--bag", "bag"]).expect(0);
    ran.says("m.eml/plan.txt is written as data/desk/m.eml.parts/plan.txt").says("4 files");
    assert_eq!(paths(&sandbox, "bag/data"), WITH_A_MAIL);
    let manifest = sandbox.run(["export", "--manifest"]).expect(0).says("is written as").text();
    let mut listed: Vec<_> = manifest.lines().map(|line| &line[66..]).collect();
    listed.sort_unstable();
    let mut expected = WITH_A_MAIL;
    expected.sort_unstable();
    assert_eq!(listed, expected);
}

#[test]
fn a_part_of_a_path_that_is_too_long_is_cut_and_the_others_are_written() {
    let sandbox = Sandbox::new();
    sandbox.write("text", "text");
    let (long, other) = ("x".repeat(300), "\u{e4}".repeat(200));
    let at_the_end = "y".repeat(254);
    for name in [&format!("d/{long}.txt"), &format!("{other}/z"), &at_the_end, "plain"] {
        sandbox.run(["add", "-q", "text", "--as", name]).expect(0);
    }
    for (words, n_cut, ending) in [(&[][..], 2, ".txt"), (&["--all-revisions"][..], 3, ".txt@1")] {
        let (out, bag) = (format!("out{n_cut}"), format!("bag{n_cut}"));
        let ran = sandbox.run([&["export", "-o", &out], words].concat()).expect(0);
        ran.says(&format!("4 documents written to {out}, {n_cut} under another name"))
            .says("one part of a path has at most 255 bytes");
        let written = paths(&sandbox, &out);
        let cut = written.iter().find(|path| path.starts_with("d/x")).unwrap();
        assert!(cut.len() == 257 && cut.ends_with(ending) && cut.contains("xx~"), "{cut}");
        sandbox.run([&["export", "--bag", &bag], words].concat()).expect(0).says("4 files");
        assert_eq!(paths(&sandbox, &format!("{bag}/data")), written);
        let manifest = sandbox.run([&["export", "--manifest"], words].concat()).expect(0).text();
        assert!(manifest.contains(&format!("  {cut}\n")), "{manifest}");
    }
    // In a bag some bytes are written as three.
    sandbox.run(["add", "-q", "text", "--as", &"%".repeat(200)]).expect(0);
    sandbox.run(["export", "-q", "--bag", "odd"]).expect(0);
    assert!(paths(&sandbox, "odd/data").iter().any(|path| path.starts_with("=25=25")));
}

#[test]
fn what_a_bag_cannot_hold_is_told_and_the_rest_is_in_it() {
    let sandbox = Sandbox::new();
    sandbox.write("text", "text");
    let deep = vec!["z".repeat(255); 16].join("/");
    for name in [&deep[..], "plain"] {
        sandbox.run(["add", "-q", "text", "--as", name]).expect(0);
    }
    let ran = sandbox.run(["export", "--bag", "bag"]).expect(3);
    ran.says("not written zz").says("bag of 1 file written to bag; 1 failed");
    assert_eq!(paths(&sandbox, "bag/data"), ["plain"]);
    let lines = sandbox.run(["export", "--bag", "bag2", "--json"]).expect(3).out;
    let lines = sandbox::lines_of(&lines);
    assert_eq!(lines[0]["status"], "failed");
    assert_eq!((&lines[1]["failed"], &lines[1]["files"]), (&1.into(), &1.into()));
}

#[test]
fn a_withdrawn_document_is_refused_by_every_export_that_names_it() {
    let sandbox = Sandbox::new();
    for name in ["kept", "gone"] {
        sandbox.write(format!("d/{name}"), name);
    }
    sandbox.run(["add", "-q", "d"]).expect(0);
    sandbox.run(["export", "--bag", "before"]).expect(0).says("bag of 2 files written to before\n");
    sandbox.run(["withdraw", "-q", "d/gone", "--reason", "legal"]).expect(0);
    for how in [&["-o", "out"][..], &["--manifest"], &["--bag", "bag"]] {
        let ran = sandbox.run([&["export", "d/gone"], how].concat()).expect(4);
        ran.says("d/gone@1 was withdrawn on ").answers("");
        assert!(!sandbox.at("bag").exists());
        // Who asks for everything in a folder does not ask for this one.
        let ran = sandbox.run([&["export", "d"], how].concat()).expect(0);
        assert!(
            ran.err.contains("left out: withdrawn") && !ran.err.contains("link"),
            "{}",
            ran.err
        );
        let _ = fs::remove_dir_all(sandbox.at("out"));
        let _ = fs::remove_dir_all(sandbox.at("bag"));
    }
}

// A document `x` and another `x@1/y` cannot both be written with all revisions under their names.
#[test]
fn every_revision_has_a_place_beside_what_is_called_like_it() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "one");
    sandbox.write("x@1/y", "two");
    sandbox.write("x@1.1/z", "three");
    sandbox.run(["add", "-q", "x", "x@1", "x@1.1"]).expect(0);
    let all = ["export", "--all-revisions"];
    let says = "x@1 is written as x@1.2: x@1";
    sandbox.run([&all[..], &["-n", "-o", "out"]].concat()).expect(0).says(says);
    sandbox.run([&all[..], &["-o", "out"]].concat()).expect(0).says(says);
    let expected = ["x@1/y@1", "x@1.1/z@1", "x@1.2"];
    assert_eq!(paths(&sandbox, "out"), expected);
    let manifest = sandbox.run([&all[..], &["--manifest"]].concat()).expect(0).text();
    assert!(expected.iter().all(|path| manifest.contains(&format!("  {path}\n"))), "{manifest}");
    sandbox.run([&all[..], &["--bag", "bag"]].concat()).expect(0).says("bag of 3 files");
    // Who does not ask for what is in its way gets it under its name.
    sandbox.run(["export", "--all-revisions", "x", "-o", "alone"]).expect(0);
    assert_eq!(paths(&sandbox, "alone").len(), 1);
}

#[test]
fn all_revisions_of_a_document_are_written_where_it_is_named_alone() {
    let sandbox = Sandbox::with_two_revisions();
    sandbox.run(["export", "d/a.txt", "--all-revisions", "-o", "all"]).expect(0);
    assert_eq!(paths(&sandbox, "all"), ["d/a.txt@1", "d/a.txt@2"]);
    sandbox.run(["export", "d/a.txt@2", "--all-revisions", "-o", "one"]).expect(0);
    assert_eq!(paths(&sandbox, "one"), ["d/a.txt"]);
}
