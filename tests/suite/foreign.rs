//! Programs that are not ours check what we write: each accepts it, and refuses it altered. tests/foreign has them.
//!
//! One whose tool is not there is passed over, unless ARCHIVE_FOREIGN is 1.

use std::{
    collections::BTreeMap,
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use docarchive::internals::{
    archive::Archive,
    backend::memory::Memory,
    journal::note::{Checkpoint, Verifier},
    types::digest::Digest,
};

use crate::common::{
    add, init, is_slow,
    sandbox::{Ran, Sandbox, os, skip},
    signer,
};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign").join(name)
}

/// Says that a checker is passed over; fails where all must be there.
pub fn without(why: &str) {
    assert!(env::var_os("ARCHIVE_FOREIGN").is_none_or(|all| all != "1"), "{why}");
    skip(why);
}

fn is_there(tool: &str, arguments: &[&str]) -> bool {
    Command::new(tool).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// The checker in Go, built once for all tests.
fn go() -> Option<PathBuf> {
    static BUILT: std::sync::OnceLock<Option<PathBuf>> = std::sync::OnceLock::new();
    let build = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-go");
        fs::create_dir_all(&folder).unwrap();
        if !is_there("go", &["version"])
            || !Path::new("/usr/share/gocode/src/golang.org/x/mod/sumdb").exists()
        {
            without("there is no Go, or not its package golang.org/x/mod");
            return None;
        }
        let program = folder.join("foreign");
        let mut command = Command::new("go");
        command.args(["build", "-o"]).arg(&program).arg(".").current_dir(script("go"));
        command.envs([("GOPROXY", "off"), ("GOFLAGS", "-mod=mod"), ("GO111MODULE", "on")]);
        let ran = Ran::of(command.env("GOCACHE", folder.join("cache")));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        Some(program)
    };
    BUILT.get_or_init(build).clone()
}

/// A Python that has a package.
fn python(package: &str) -> Option<String> {
    let python = env::var("ARCHIVE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if is_there(&python, &["-c", &format!("import {package}")]) {
        return Some(python);
    }
    without(&format!("{python} has no package {package}"));
    None
}

/// Runs a checker: whether it accepts.
#[track_caller]
fn accepts(program: impl AsRef<Path>, arguments: &[&Path]) -> bool {
    let ran = Ran::of(Command::new(program.as_ref()).args(arguments));
    let is_accepted = ran.code == Some(0);
    // A checker that falls over has not refused anything.
    let said = ran.text().to_lowercase() + &ran.err;
    assert!(is_accepted || said.contains("refused") || said.contains("not accepted"), "{said}");
    is_accepted
}

fn archive() -> Archive {
    let mut archive = init(Arc::new(Memory::default()));
    let documents: Vec<(String, Vec<u8>)> =
        (0..280).map(|n| (format!("d/{n}.txt"), format!("text {n}").into_bytes())).collect();
    let first: Vec<(&str, &[u8])> = documents.iter().map(|(n, t)| (&n[..], &t[..])).collect();
    add(&mut archive, 1, &first[..20]).unwrap();
    add(&mut archive, 2, &first[20..260]).unwrap();
    add(&mut archive, 3, &first[260..]).unwrap();
    add(&mut archive, 4, &[("d/0.txt", b"another text")]).unwrap();
    archive
}

/// The published log of an archive in a folder.
fn published(archive: &Archive, folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    archive
        .each_log_file(|name, bytes| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
            Ok(())
        })
        .unwrap();
    Sandbox::tree(folder).into_iter().collect()
}

#[test]
fn go_proves_every_record_of_a_log_and_refuses_one_flipped_byte_in_any_file() {
    let Some(go) = go() else { return };
    let folder = tempfile::tempdir().unwrap();
    let files = published(&archive(), folder.path());
    assert!(files.len() > 8 && files.contains_key(Path::new("tile/0/000")), "{}", files.len());
    let vkey = signer().verifier().to_string();
    let holds = || accepts(&go, &[Path::new("tree"), folder.path(), Path::new(&vkey)]);
    assert!(holds());
    for (name, bytes) in &files {
        let path = folder.path().join(name);
        let stride = if is_slow() { bytes.len() / 40 + 1 } else { bytes.len() / 2 + 1 };
        for at in (0..bytes.len()).step_by(stride).chain([bytes.len() - 1]) {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&path, bad).unwrap();
            assert!(!holds(), "{}: byte {at}", name.display());
        }
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(!holds(), "{}: cut", name.display());
        fs::write(&path, bytes).unwrap();
    }
    assert!(holds());
}

#[test]
fn pymerkle_finds_the_signed_root_and_no_other() {
    let Some(python) = python("pymerkle") else { return };
    let folder = tempfile::tempdir().unwrap();
    let files = published(&archive(), folder.path());
    let merkle = script("merkle.py");
    let holds = || accepts(&python, &[&merkle, folder.path()]);
    assert!(holds());
    let name = Path::new("tile/entries/000");
    let mut bad = files[name].clone();
    *bad.last_mut().unwrap() ^= 1;
    fs::write(folder.path().join(name), bad).unwrap();
    assert!(!holds());
}

/// A proof folder of the program, and the vkey line that it holds by.
fn proof(sandbox: &Sandbox) -> (PathBuf, String) {
    sandbox.run(["prove", "d/a.txt", "-o", "proof"]).expect(0);
    let policy = fs::read_to_string(sandbox.at("proof/policy")).unwrap();
    let vkey = policy.lines().next().unwrap().strip_prefix("log ").unwrap();
    (sandbox.at("proof"), vkey.to_owned())
}

#[test]
fn every_checker_refuses_what_was_altered() {
    let sandbox = Sandbox::with_two_revisions();
    let (folder, vkey) = proof(&sandbox);
    let file = |name: &str| folder.join(name);
    let by_go = go();
    let node = is_there("node", &["--version"]);
    if !node {
        without("there is no Node");
    }
    let vkey = Path::new(&vkey);
    let holds_for_go = |part: &str| {
        let (leaf, way) = (format!("{part}event.json"), format!("{part}event.tlog-proof"));
        let arguments = [Path::new("proof"), &file(&leaf), &file(&way), vkey];
        by_go.as_ref().map(|go| accepts(go, &arguments))
    };
    let holds_for_node = || node.then(|| accepts("node", &[&script("page.js"), &folder, vkey]));
    for part in ["", "first-"] {
        assert_ne!(holds_for_go(part), Some(false));
        for name in [format!("{part}event.json"), format!("{part}event.tlog-proof")] {
            let good = fs::read(file(&name)).unwrap();
            for at in [30, good.len() / 2, good.len() - 5] {
                let mut bad = good.clone();
                bad[at] ^= 1;
                fs::write(file(&name), bad).unwrap();
                assert_ne!(holds_for_go(part), Some(true), "{name}: byte {at}");
            }
            fs::write(file(&name), good).unwrap();
        }
    }
    assert_ne!(holds_for_node(), Some(false));
    // The page holds the proof in its data; the content lies beside it.
    let page = fs::read_to_string(file("verify.html")).unwrap();
    for (from, to) in [
        (r#"\"t\":\"revise\""#, r#"\"t\":\"Revise\""#),
        (r#"\"size\":"#, r#"\"size\":1"#),
        (r#"\"prev\":null"#, r#"\"prev\":0"#),
        (r"index ", r"index 1"),
        (r#"\"note\":null"#, r#"\"note\":\"x\""#),
        ("quorum none", "quorum some"),
        (r"\n\n\u2014 ", r"\n\n- "),
    ] {
        assert!(page.contains(from), "{from}");
        fs::write(file("verify.html"), page.replacen(from, to, 1)).unwrap();
        assert_ne!(holds_for_node(), Some(true), "{from}");
    }
    fs::write(file("verify.html"), &page).unwrap();
    fs::write(file("content"), "another content").unwrap();
    assert_ne!(holds_for_node(), Some(true));
    let other = signer().verifier().to_string();
    let by_another = [&script("page.js"), &folder, Path::new(&other)];
    assert!(!node || !accepts("node", &by_another));
}

/// The cases of signatures.jsonl: what each is, its line, its vkey line and its note.
fn signatures() -> Vec<(String, String, String, String)> {
    let lines = fs::read_to_string(script("signatures.jsonl")).unwrap();
    let case = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| value[name].as_str().unwrap().to_owned();
        (field("what"), line.to_owned(), field("vkey"), field("note"))
    };
    lines.lines().map(case).collect()
}

/// What a checker that reads lines says of each.
fn answers(command: &mut Command, lines: &str) -> Vec<bool> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let ran = Ran::at_end(child);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    ran.text().lines().map(|line| line == "true").collect()
}

/// As README of a proof folder calls it: the first line of that name, whatever its id.
fn holds_for_openssl(folder: &Path, vkey: &str, note: &str) -> bool {
    let mut parts = vkey.splitn(3, '+');
    let (name, key) = (parts.next().unwrap(), STANDARD.decode(parts.nth(1).unwrap()).unwrap());
    let (text, signatures) = note.split_once("\n\n").unwrap();
    let start = format!("— {name} ");
    let Some(blob) = signatures.lines().find_map(|line| line.strip_prefix(&start)) else {
        return false;
    };
    let der = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", &key[1..]].concat();
    fs::write(folder.join("key"), der).unwrap();
    fs::write(folder.join("text"), format!("{text}\n")).unwrap();
    fs::write(folder.join("signature"), &STANDARD.decode(blob).unwrap()[4..]).unwrap();
    let words = "pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in text -sigfile signature";
    let mut command = Command::new("openssl");
    command.args(words.split(' ')).current_dir(folder);
    command.output().unwrap().status.success()
}

#[test]
fn verifiers_agree_on_signatures_as_the_page_on_threats_says() {
    let cases = signatures();
    let lines: String = cases.iter().map(|(_, line, ..)| format!("{line}\n")).collect();
    let ours = cases.iter().map(|(_, _, vkey, note)| {
        Verifier::parse(vkey).is_ok_and(|key| {
            Checkpoint::open(note.as_bytes(), &key).is_ok_and(|it| it.origin == key.name())
        })
    });
    let mut found = vec![("archive", ours.collect::<Vec<_>>())];
    if let Some(go) = go() {
        found.push(("Go", answers(Command::new(go).arg("notes"), &lines)));
    }
    match is_there("openssl", &["version"]) {
        true => {
            let folder = tempfile::tempdir().unwrap();
            let holds = |case: &(String, String, String, String)| {
                holds_for_openssl(folder.path(), &case.2, &case.3)
            };
            found.push(("OpenSSL", cases.iter().map(holds).collect()));
        }
        false => without("there is no OpenSSL"),
    }
    match is_there("node", &["--version"]) {
        true => {
            let sandbox = Sandbox::with_two_revisions();
            let page = proof(&sandbox).0.join("verify.html");
            let mut node = Command::new("node");
            let command = node.arg(script("page.js")).arg("notes").arg(page);
            found.push(("WebCrypto", answers(command, &lines)));
        }
        false => without("there is no Node"),
    }
    let documented = documented_signatures();
    let cell = |holds: bool| if holds { "accepts" } else { "refuses" };
    for (n, (what, ..)) in cases.iter().enumerate() {
        let row = documented.get(what).unwrap_or_else(|| panic!("no row for: {what}"));
        for (who, answers) in &found {
            assert_eq!(row[*who], cell(answers[n]), "{who}: {what}");
        }
        // Nothing that we believe is refused by others.
        assert!(row["archive"] == "refuses" || row.values().all(|it| it == "accepts"), "{what}");
    }
    assert_eq!(documented.len(), cases.len());
}

/// The table of docs/threats.md: of each case, who accepts it.
fn documented_signatures() -> BTreeMap<String, BTreeMap<String, String>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/threats.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, table) = page.split_once("## Where verifiers differ").unwrap();
    let mut rows = table.lines().filter(|line| line.starts_with("| ")).map(|line| {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    });
    let head = rows.next().unwrap();
    let rows = rows.skip(1).take_while(|row| row.len() == head.len());
    let row = |cells: Vec<String>| {
        let named = head.iter().skip(1).cloned().zip(cells[1..].iter().cloned());
        (cells[0].clone(), named.collect())
    };
    rows.map(row).collect()
}

#[test]
fn the_signatures_are_what_their_script_writes() {
    if !is_there("python3", &["--version"]) {
        return without("there is no Python");
    }
    let ran = Ran::of(Command::new("python3").arg(script("signatures.py")));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(ran.text(), fs::read_to_string(script("signatures.jsonl")).unwrap());
}

#[test]
fn a_reader_of_150_lines_lists_every_revision_and_extracts_every_content() {
    let reader = script("reader.py");
    assert!(fs::read_to_string(&reader).unwrap().lines().count() <= 150);
    let Some(python) = python("zstandard") else { return };
    let sandbox = Sandbox::with_two_revisions();
    sandbox.write("d/large", crate::common::noise(1, 5 << 20));
    sandbox.write("d/large-too", [crate::common::noise(1, 5 << 20), b"more".to_vec()].concat());
    sandbox.write("d/empty", "");
    sandbox.write(Path::new("d").join(crate::common::sandbox::os(b"caf\xe9")), "odd");
    for n in 0..40 {
        sandbox.write(format!("many/{n}"), format!("A text of many, number {n}. ").repeat(n + 1));
    }
    sandbox.run(["add", "-q", "d", "many"]).expect(0);
    sandbox.run(["compact", "-q", "--all"]).expect(0);
    fs::create_dir(sandbox.at("out")).unwrap();
    let mut command = Command::new(python);
    let ran = Ran::of(command.arg(&reader).arg(sandbox.store()).arg(sandbox.at("out")));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let mut found: Vec<Vec<u8>> = ran.out.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    let mut listed = vec![Vec::new()];
    for line in sandbox.json(["log"]).iter().filter(|line| line["type"] == "revision") {
        let name = match line["name_b64"].as_str() {
            Some(name) => STANDARD.decode(name).unwrap(),
            None => line["name"].as_str().unwrap().into(),
        };
        let digest = line["sha256"].as_str().unwrap();
        let rest = format!("\t{}\t{digest}", line["revision"]);
        listed.push([&name[..], rest.as_bytes()].concat());
        let extracted = fs::read(sandbox.at("out").join(digest)).unwrap();
        assert_eq!(Digest::of(&extracted).to_string(), digest);
    }
    found.sort();
    listed.sort();
    assert!(listed.len() > 45 && found == listed, "{}", ran.text());
    // It checks what it reads.
    for (pack, bytes) in Sandbox::tree(&sandbox.store().join("packs")) {
        fs::write(sandbox.store().join("packs").join(pack), vec![0; bytes.len()]).unwrap();
    }
    let ran = Ran::of(command.args([""; 0]));
    assert!(ran.code == Some(1) && ran.err.starts_with("damaged"), "{}", ran.err);
}

#[test]
fn bagit_finds_bags_valid_and_altered_ones_not() {
    let sandbox = Sandbox::new();
    for name in [&b"plain"[..], b"two  words ", b"new\nline", b"100%", b"caf\xe9", b"in/=0A/x"] {
        sandbox.write(sandbox.at("in").join(os(name)), name);
    }
    std::os::unix::fs::symlink("nowhere", sandbox.at("in/link")).unwrap();
    sandbox.run(["add", "-q", "in", "--source", "desk"]).expect(0);
    sandbox.write("in/plain", "another text");
    sandbox.run(["add", "-q", "in"]).expect(0);
    for (bag, words, n_files) in [("bag", &[][..], 6), ("all", &["--all-revisions"][..], 7)] {
        let said = sandbox.run([&["export", "--bag", bag], words].concat()).expect(0);
        said.says(&format!("bag of {n_files} files written to {bag}")).says("1 link left out");
        let listed =
            fs::read_to_string(sandbox.at(bag).join("provenance/revisions.jsonl")).unwrap();
        assert_eq!(listed.lines().count(), n_files);
    }
    sandbox.run(["export", "--bag", "bag"]).expect(2).says("is not empty");
    // The files of a proof and the payload file make the proof.
    let line = fs::read_to_string(sandbox.at("bag/provenance/revisions.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line.lines().last().unwrap()).unwrap();
    let proof = sandbox.at(format!("bag/provenance/{}", line["event"]));
    assert!(proof.join("event.tlog-proof").exists() && proof.join("detail.json").exists());
    let Some(python) = python("bagit") else { return };
    let validate = |bag: &str| {
        let mut command = sandbox.other(&python);
        command.args(["-m", "bagit", "--validate", bag]).output().unwrap().status.success()
    };
    assert!(validate("bag") && validate("all"));
    for file in ["data/in/plain", "provenance/checkpoint", "bag-info.txt", "manifest-sha256.txt"] {
        let path = sandbox.at("bag").join(file);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], b" "].concat()).unwrap();
        assert!(!validate("bag"), "{file}");
        fs::write(&path, whole).unwrap();
    }
    assert!(validate("bag"));
}
