//! I13 with real mounts: two machines that see one folder, each through a mount of its own.
//!
//! A lock that is taken through one mount is not seen through the other. Both add in a loop, files of their
//! own and one that both have.

use std::{collections::BTreeSet, process::Command};

use crate::common::sandbox::{Sandbox, is_slow, lines_of, program, skip};

/// Mounts the store at `$1`.
const BINDFS: &str = "mount_at() { bindfs \"$ARCHIVE_STORE\" $1; }";
/// The same folder with a lock that only this mount has.
const BIND: &str = "mount_at() { mount --bind \"$ARCHIVE_STORE\" $1 && cp $1/lock $1.lock \
                    && mount --bind $1.lock $1/lock; }";

/// Each machine has a home of its own, with the same key in it.
const MACHINES: &str = r#"
machine() {
  cp -a "$HOME" home$1
  mkdir files$1
  cd files$1
  export HOME=$(cd ../home$1 && pwd) ARCHIVE_STORE=$(cd ../mount$1 && pwd)
  round=0
  while [ $round -lt $N_ROUNDS ] || [ $(date +%s) -lt $UNTIL ]; do
    round=$((round + 1))
    echo "machine $1 in round $round" | tee own$1-$round.txt > both.txt
    "$PROGRAM" add -q --json both.txt own$1-$round.txt >> ../told$1 2>> ../errors$1
    echo $? >> ../codes$1
  done
}
for n in 1 2; do
  mkdir mount$n
  mount_at mount$n
done
UNTIL=$(($(date +%s) + N_SECONDS))
machine 1 & machine 2 &
wait
umount mount1/lock mount2/lock 2>/dev/null
umount mount1 mount2
"#;

#[test]
fn i13_two_mounts_of_one_folder_lose_nothing() {
    let has_bindfs = Command::new("bindfs").arg("--version").output().is_ok();
    let has_fuse = std::fs::File::options().read(true).write(true).open("/dev/fuse").is_ok();
    let mount_at = if has_bindfs && has_fuse { BINDFS } else { BIND };
    if mount_at == BIND {
        skip("bindfs or /dev/fuse is not here: bind mounts serve instead");
    }
    let (n_rounds, n_seconds) = if is_slow() { (20, 60) } else { (5, 0) };
    let sandbox = Sandbox::new();
    let set = format!("PROGRAM={:?} N_ROUNDS={n_rounds} N_SECONDS={n_seconds}", program());
    if sandbox.in_namespace(&format!("{mount_at}\n{set}\n{MACHINES}")).is_none() {
        return;
    }
    let read = |name: &str| std::fs::read_to_string(sandbox.at(name)).unwrap();
    let revisions = |lines: Vec<serde_json::Value>| -> BTreeSet<(String, u64, String)> {
        let text = |line: &serde_json::Value, key: &str| line[key].as_str().map(str::to_owned);
        let of = |line: &serde_json::Value| {
            Some((text(line, "name")?, line["revision"].as_u64()?, text(line, "sha256")?))
        };
        lines.iter().filter_map(of).collect()
    };
    let there = revisions(sandbox.json(["log"]));
    for n in [1, 2] {
        let (codes, errors) = (read(&format!("codes{n}")), read(&format!("errors{n}")));
        assert!(codes.lines().all(|code| code == "0"), "{codes}\n{errors}");
        let told = revisions(lines_of(read(&format!("told{n}")).as_bytes()));
        assert_eq!(told.len(), 2 * codes.lines().count(), "{told:?}");
        assert!(told.is_subset(&there), "{:?}", told.difference(&there).collect::<Vec<_>>());
    }
    sandbox.run(["audit", "-q"]).expect(0);
}
