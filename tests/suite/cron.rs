//! docs/cron.md: its scripts do what it says, on good nights and on bad ones.

use std::{fs, os::unix::fs::symlink, path::Path};

use crate::common::sandbox::{Ran, Sandbox, program};

/// The script of this name on the page.
pub fn script(name: &str) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cron.md"));
    let page = page.unwrap();
    let (_, rest) = page.split_once(&format!("```sh {name}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// An archive with copies on two disks, and the scripts.
fn example() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["nightly", "drill"] {
        sandbox.write(name, script(name));
    }
    fs::create_dir(sandbox.at("bin")).unwrap();
    symlink(program(), sandbox.at("bin/archive")).unwrap();
    sandbox.write("desk/a", "first");
    sandbox.run(["add", "-q", "desk"]).expect(0);
    for disk in ["red", "blue"] {
        sandbox.run(["copy", "-q", &format!("{disk}/copy")]).expect(0);
    }
    sandbox
}

fn play(sandbox: &Sandbox, lines: &str) -> Ran {
    let mut shell = sandbox.other("sh");
    let path = format!("{}:{}", sandbox.at("bin").display(), std::env::var("PATH").unwrap());
    shell.env("ARCHIVE_STORE", sandbox.store()).env("PATH", path).args(["-c", lines]);
    Ran::of(&mut shell)
}

const NIGHTLY: &str = "sh nightly desk red/copy blue/copy";

#[test]
fn a_good_night_is_silent() {
    let sandbox = example();
    for n in 0..3 {
        sandbox.write(format!("desk/{n}"), format!("text {n}"));
        let night = play(&sandbox, NIGHTLY).expect(0).expect_quiet();
        assert_eq!(night.text(), "");
    }
    play(&sandbox, &format!("VERIFY=1 {NIGHTLY}")).expect(0).expect_quiet();
    for disk in ["red/copy", "blue/copy"] {
        assert_eq!(sandbox.run(["ls", "--store", disk]).expect(0).text().lines().count(), 4);
    }
    play(&sandbox, "sh drill red/copy restored").expect(0);
    assert_eq!(fs::read_to_string(sandbox.at("restored/desk/2")).unwrap(), "text 2");
}

#[test]
fn disks_take_turns_and_a_night_without_any_is_told() {
    let sandbox = example();
    sandbox.write("desk/b", "second");
    fs::rename(sandbox.at("red"), sandbox.at("drawer")).unwrap();
    fs::create_dir(sandbox.at("red")).unwrap();
    play(&sandbox, NIGHTLY).expect(0).expect_quiet();
    assert_eq!(fs::read_dir(sandbox.at("red")).unwrap().count(), 0);
    fs::rename(sandbox.at("blue"), sandbox.at("other-drawer")).unwrap();
    play(&sandbox, NIGHTLY).expect(10).says("no copy was brought up to date tonight");
    fs::remove_dir(sandbox.at("red")).unwrap();
    fs::rename(sandbox.at("drawer"), sandbox.at("red")).unwrap();
    play(&sandbox, NIGHTLY).expect(0).expect_quiet();
    sandbox.run(["cat", "desk/b", "--store", "red/copy"]).expect(0).answers("second");
}

#[test]
fn a_bad_night_has_its_exit_code() {
    let sandbox = example();
    std::os::unix::fs::symlink("loop", sandbox.at("desk/loop")).unwrap();
    play(&sandbox, NIGHTLY).expect(0);
    // A file that is not there, a folder that is not there.
    play(&sandbox, "sh nightly gone red/copy").expect(3).says("gone");
    let pack = Sandbox::tree(&sandbox.at("red/copy/packs")).pop().unwrap().0;
    sandbox.write(sandbox.at("red/copy/packs").join(pack), "not what it was");
    let night = play(&sandbox, &format!("VERIFY=1 {NIGHTLY}")).expect(6);
    night.says("was damaged or missing in the copy, and is put anew");
    play(&sandbox, &format!("VERIFY=1 {NIGHTLY}")).expect(0).expect_quiet();
    // What was removed is gone from the copies' last state, too; an empty folder is a disk that is not there.
    play(&sandbox, "mkdir aside; mv desk/* aside; sh nightly desk red/copy")
        .expect(2)
        .says("desk is empty");
    play(&sandbox, &format!("mv aside/* desk; rm desk/loop; {NIGHTLY}")).expect(0).expect_quiet();
    sandbox.run(["ls", "--store", "red/copy", "--gone"]).expect(0).answers("desk/loop\n");
    // An older folder is put back: nothing of it gets into the copies.
    play(&sandbox, "cp -a \"$ARCHIVE_STORE\" older").expect(0);
    sandbox.write("desk/c", "third");
    play(&sandbox, NIGHTLY).expect(0).expect_quiet();
    play(&sandbox, "rm -r \"$ARCHIVE_STORE\"; mv older \"$ARCHIVE_STORE\"").expect(0);
    let before = Sandbox::tree(&sandbox.at("red"));
    play(&sandbox, NIGHTLY).expect(6).says("older copy");
    assert_eq!(Sandbox::tree(&sandbox.at("red")), before);
}

#[test]
fn a_full_disk_is_told_and_the_other_one_has_all() {
    let sandbox = example();
    let lines = "mkdir small && mount -t tmpfs -o size=200k none small
         export ARCHIVE_STORE=$PWD/store
         archive init -q
         echo first > desk/first; archive add -q desk
         archive copy -q small/copy
         archive copy -q green/copy
         head -c 400000 /dev/urandom > desk/large
         PATH=$PWD/bin:$PATH sh nightly desk small/copy green/copy 2>said
         echo \"[nightly: $?]\"
         grep -o 'No space left' said || grep -o 'no space left' said
         cmp $ARCHIVE_STORE/log/checkpoint green/copy/log/checkpoint && echo equal";
    let Some(output) = sandbox.in_namespace(lines) else { return };
    assert!(output.contains("[nightly: 5]"), "{output}");
    assert!(output.to_lowercase().contains("no space left"), "{output}");
    assert!(output.ends_with("equal\n"), "{output}");
}

#[test]
fn a_drill_brings_back_mails_with_what_is_attached() {
    let sandbox = example();
    sandbox.write("mail", "Subject: x\nFrom: a@example.org\n\nWords.\n");
    for name in ["m.eml", "m.eml/plan.txt", &format!("{}.txt", "x".repeat(300))] {
        sandbox.run(["add", "-q", "mail", "--as", name]).expect(0);
    }
    sandbox.run(["copy", "-q", "red/copy"]).expect(0);
    play(&sandbox, "sh drill red/copy restored").expect(0);
    let restored = |name: &str| fs::read_to_string(sandbox.at("restored").join(name)).unwrap();
    assert!(restored("m.eml") == restored("m.eml.parts/plan.txt"));
}
