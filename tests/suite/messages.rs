//! What is said when something is wrong: sentences for people, never the inside of the program.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::common::sandbox::{Ran, Sandbox, is_slow, lines_of};

/// What only a programmer would read.
const MARKS: [&str; 15] = [
    "(os error",
    "Some(",
    "None",
    "Ok(",
    "Err(",
    "Os {",
    "Error {",
    "Custom {",
    "kind:",
    "panicked",
    "RUST_",
    "unwrap",
    "[0, ",
    "\\\"",
    "damaged: it is missing",
];

#[track_caller]
fn is_plain(ran: &Ran, case: &str) {
    let text = format!("{}{}", ran.err, String::from_utf8_lossy(&ran.out));
    for mark in MARKS {
        assert!(!text.contains(mark), "{case}: {mark} in {text}");
    }
    assert!(ran.code.is_some_and(|code| code > 0 && code != 101), "{case}: {ran:?}");
    assert!(!ran.err.is_empty() || !ran.out.is_empty(), "{case} says nothing");
}

fn example() -> Sandbox {
    let sandbox = Sandbox::new();
    for (n, text) in ["one", "two", "three"].into_iter().enumerate() {
        sandbox.write("doc", text.repeat(100 * (n + 1)));
        sandbox.run(["add", "-q", "doc"]).expect(0);
    }
    sandbox
}

fn copy(sandbox: &Sandbox, name: &str) {
    for (path, bytes) in Sandbox::tree(&sandbox.store()) {
        sandbox.write(sandbox.at(name).join(path), bytes);
    }
}

#[test]
fn no_fact_cut_damaged_or_removed_speaks_of_the_inside() {
    let sandbox = example();
    let files: Vec<_> = Sandbox::tree(&sandbox.store())
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| !path.starts_with("lock") && !path.to_string_lossy().contains("catalog"))
        .collect();
    for (n, path) in files.iter().enumerate() {
        for (h, harm) in ["cut", "flip", "remove", "folder"].into_iter().enumerate() {
            if !is_slow() && (n + h) % 2 == 1 {
                continue;
            }
            let folder = format!("{harm}-{n}");
            copy(&sandbox, &folder);
            for end in ["", "-wal", "-shm"] {
                let _ = fs::remove_file(sandbox.at(&folder).join(format!("catalog.sqlite{end}")));
            }
            let file = sandbox.at(&folder).join(path);
            let mut bytes = fs::read(&file).unwrap();
            match harm {
                "cut" => fs::write(&file, &bytes[..bytes.len() / 2]).unwrap(),
                "flip" => {
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 4;
                    fs::write(&file, bytes).unwrap();
                }
                "remove" => fs::remove_file(&file).unwrap(),
                _ => {
                    fs::remove_file(&file).unwrap();
                    fs::create_dir(&file).unwrap();
                }
            }
            for words in [&["ls"][..], &["cat", "doc"], &["audit"], &["audit", "--quick"]] {
                let ran = Ran::of(sandbox.command(words).args(["--store", &folder]));
                let case = format!("{words:?} with {} {harm}", path.display());
                if ran.code == Some(0) {
                    assert_ne!(words, ["audit"], "{case}");
                    continue;
                }
                is_plain(&ran, &case);
            }
            fs::remove_dir_all(sandbox.at(&folder)).unwrap();
        }
    }
}

#[test]
fn the_copy_of_the_checkpoint_is_audited_and_a_rebuild_mends_it() {
    let sandbox = example();
    let file = sandbox.store().join("log/checkpoint");
    let whole = fs::read(&file).unwrap();
    for stored in [None, Some(&whole[..whole.len() / 2]), Some(&b"Dear Ann"[..])] {
        match stored {
            Some(stored) => fs::write(&file, stored).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        sandbox.run(["cat", "doc"]).expect(0).expect_quiet();
        let text = sandbox.run(["audit"]).expect(6).text();
        assert!(text.contains("CP-SIGNATURE  log/checkpoint: "), "{text}");
        assert!(text.contains("archive rebuild writes this copy anew"), "{text}");
        sandbox.run(["rebuild", "-q"]).expect(0);
        assert_eq!(fs::read(&file).unwrap(), whole);
        sandbox.run(["audit", "-q"]).expect(0);
    }
}

#[test]
fn every_kind_of_error_is_a_sentence_with_its_code() {
    let sandbox = example();
    sandbox.write("no-key", "nothing");
    sandbox.write("new", "new");
    fs::create_dir(sandbox.at("folder")).unwrap();
    copy(&sandbox, "newer");
    let identity = sandbox.at("newer/identity");
    let text = fs::read_to_string(&identity).unwrap();
    fs::write(&identity, text.replacen('1', "9", 1)).unwrap();
    copy(&sandbox, "forged");
    let commit = sandbox.at("forged/log/000/000/003");
    let mut forged = fs::read(&commit).unwrap();
    let size = forged.windows(3).position(|bytes| bytes == b"\n9\n").unwrap();
    forged[size + 1] = b'8';
    fs::write(&commit, forged).unwrap();
    copy(&sandbox, "older");
    sandbox.run(["add", "-q", "new"]).expect(0);
    for (words, key, code, kind) in [
        (&["frobnicate"][..], None, 2, "usage"),
        (&["ls", "--at", "soon"], None, 2, "usage"),
        (&["audit", "--expect", "new"], None, 2, "usage"),
        (&["audit", "--vkey", "new"], None, 2, "usage"),
        (&["init", "newer"], None, 2, "usage"),
        (&["cat", "nothing"], None, 4, "not-found"),
        (&["cat", "doc@9"], None, 4, "not-found"),
        (&["cat", "doc@1215"], None, 4, "not-found"),
        (&["audit", "--expect", "gone"], None, 5, "io"),
        (&["ls", "--store", "newer"], None, 5, "newer-format"),
        (&["add", "new", "--as", "x"], Some("no-key"), 5, "wrong-key"),
        (&["add", "new", "--as", "x"], Some("gone"), 5, "wrong-key"),
        (&["add", "new", "--as", "x"], Some("folder"), 5, "wrong-key"),
        (&["add", "--files-from", "gone"], None, 5, "io"),
        (&["audit", "--expect", "folder"], None, 5, "io"),
        (&["ls", "--store", "forged"], None, 6, "untrusted"),
        (&["add", "new", "--store", "older"], None, 6, "other-history"),
        (&["ls", "--store", "gone"], None, 10, "no-archive"),
        (&["ls", "--store", "folder"], None, 10, "no-archive"),
    ] {
        let command = |json: bool| {
            let mut command = sandbox.command(words);
            if let Some(key) = key {
                command.env("ARCHIVE_KEY", key);
            }
            if json {
                command.arg("--json");
            }
            Ran::of(&mut command).expect(code)
        };
        is_plain(&command(false), &format!("{words:?}"));
        let line = &lines_of(command(true).err.as_bytes())[0];
        assert_eq!((&line["kind"], &line["code"]), (&kind.into(), &code.into()), "{words:?}");
        let message = line["message"].as_str().unwrap();
        assert!(!message.ends_with('.') && !message.contains('\n'), "{message}");
    }
}

#[test]
fn the_machines_own_refusals_are_sentences() {
    let sandbox = example();
    sandbox.open_to_all();
    sandbox.write("secret", "secret");
    for path in [sandbox.at("secret"), sandbox.store().join("identity")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    }
    for words in [&["ls"][..], &["audit", "--expect", "secret"], &["audit", "--vkey", "secret"]] {
        let Some(mut command) = sandbox.as_nobody(words) else { return };
        is_plain(&Ran::of(&mut command).expect(5), &format!("{words:?}"));
    }
}

// Whoever could not open a pack was told that a blob was damaged.
#[test]
fn what_may_not_be_read_is_not_called_damaged() {
    let sandbox = example();
    sandbox.open_to_all();
    let home = sandbox.at("home-of-nobody");
    fs::create_dir(&home).unwrap();
    // Whose home it is keeps a catalog there; who is not root is at home anyway.
    let _ = std::os::unix::fs::chown(&home, Some(65534), Some(65534));
    let may = |folder: &str, mode| {
        fs::set_permissions(sandbox.store().join(folder), fs::Permissions::from_mode(mode))
            .unwrap();
    };
    let as_nobody = |words: &[&str]| {
        let mut command = sandbox.as_nobody(words)?;
        Some(Ran::of(command.env("HOME", &home)))
    };
    let Some(ran) = as_nobody(&["ls"]) else { return };
    ran.expect(0).answers("doc\n");
    // No content depends on what people wrote about it.
    for (words, code_without_details) in [
        (&["cat", "doc"][..], 0),
        (&["show", "doc"], 0),
        (&["search", "one"], 1),
        (&["similar", "doc"], 1),
        (&["search", "--regex", "one"], 0),
        (&["log", "--touched", "one"], 0),
        (&["export", "-o", "home-of-nobody/out"], 0),
        (&["export", "--bag", "home-of-nobody/bag"], 5),
        (&["audit"], 5),
        (&["audit", "--quick"], 5),
    ] {
        for (folder, code) in [("packs", 5), ("details", code_without_details)] {
            may(folder, 0o000);
            let ran = as_nobody(words).unwrap();
            may(folder, 0o755);
            assert_eq!(ran.code, Some(code), "{words:?} without {folder}: {ran:?}");
            assert!(code != 5 || ran.err.contains(": permission denied\n"), "{ran:?}");
        }
    }
}

/// What strangers type, and one word of the way out.
#[test]
fn what_is_typed_wrongly_is_answered_with_the_thing_and_the_way_out() {
    let sandbox = example();
    sandbox.write("file", "text");
    sandbox.write("folder/file", "text");
    sandbox.write("empty.bin", "");
    sandbox.write("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    sandbox.write("notes [2024]/one.txt", "one");
    sandbox.run(["add", "-q", "folder", "empty.bin", "picture.png", "notes [2024]"]).expect(0);
    sandbox.run(["ls", "notes [2024]"]).expect(0).answers("notes [2024]/one.txt\n");
    sandbox.run(["init", "-q", "other"]).expect(0);
    for (words, code, says) in [
        (&["add", "gone"][..], 3, "cannot read gone: no such file or directory"),
        (&["init", "other"], 2, "there is an archive at other already"),
        (
            &["init", "other/log/x"],
            2,
            "no archive is made at other/log/x: it would lie in the archive",
        ),
        (&["anchor", "request", "gone/x"], 5, "cannot write gone/x: no such file or directory\n"),
        (&["audit", "--report", "gone/x"], 5, "cannot write gone/x: no such file or directory\n"),
        (&["diff", "doc", "--html", "gone/x"], 5, "gone/x: no such file or directory\n"),
        (&["log", "-n", "x"], 2, "write a number, such as 20"),
        (&["diff", "-U", "x", "doc"], 2, "write a number, such as 20"),
        (&["init", "folder"], 2, "folder is not empty"),
        (&["init", "file"], 2, "file is not a folder"),
        (&["ls", "--store", "gone"], 10, "hint: archive init gone"),
        (&["ls", "--store", "folder"], 10, "hint: archive --store path/to/the/archive ls …"),
        (&["ls", "--store", "file"], 10, "there is no archive at file"),
        (&["ls", "--catalog", "file"], 2, "file is not a folder"),
        (&["ls", "--catalog", "/proc/none"], 5, "no such file or directory"),
        (&["ls", "folder/["], 2, "folder/[ is no glob: unclosed character class"),
        (&["add", "folder", "--exclude", "["], 2, "[ is no glob: unclosed character class"),
        (&["cat", "folder"], 4, "folder is a folder; name a document in it"),
        (&["diff", "doc@1"], 4, "doc@1 is the first revision"),
        (&["similar", "picture.png"], 1, "picture.png@1 has no text to compare"),
        (&["similar", "empty.bin"], 1, "empty.bin@1 has no text to compare"),
        (&["dups", "gone"], 4, "no document is below gone"),
        (&["audit", "doc@1"], 2, "audit is about all revisions: archive audit doc"),
        (&["log", "doc@1"], 2, "log is about all revisions: archive log doc"),
        (&["export", "-o", "file"], 2, "file is not a folder"),
        (&["export", "-o", "file/below"], 5, "cannot make file/below: not a directory"),
        (&["export", "-o", "other"], 2, "nothing is written to other: "),
        (&["export", "-o", "new", "--at", "1999-01-01"], 4, "was captured by 1999-01-01 23:59"),
    ] {
        let ran = sandbox.run(words).expect(code);
        is_plain(&ran, &format!("{words:?}"));
        let said = format!("{}{}", ran.err, ran.text());
        assert!(said.contains(says), "{words:?}: no {says:?} in {said}");
    }
}
