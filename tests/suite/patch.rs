//! GNU `patch` turns the one side of a unified patch into the other, to the byte.

use std::fs;
use std::process::Command;

use docarchive::internals::diff::{Sides, unified};
use proptest::prelude::*;

/// Runs `patch` over `a` as people do, without options that would help it.
fn patched(a: &[u8], patch: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a"), a).unwrap();
    fs::write(path("a.patch"), patch).unwrap();
    let out = Command::new("patch")
        .current_dir(folder.path())
        .args(["--fuzz=0", "--output=b", "a", "a.patch"])
        .output()
        .expect("GNU patch is on the PATH");
    let output = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{output}{}", String::from_utf8_lossy(&out.stderr));
    assert!(!output.contains("offset") && !output.contains("fuzz"), "{output}");
    fs::read(path("b")).unwrap_or_default()
}

fn check(a: &[u8], b: &[u8], context: usize) {
    let names = Sides { a: &b"docs/a b.txt@1"[..], b: &b"docs/a\tb.txt@2"[..] };
    let patch = unified(Sides { a, b }, names, context);
    if a == b {
        assert!(patch.is_empty());
    } else {
        assert_eq!(patched(a, &patch), b, "{}", String::from_utf8_lossy(&patch));
    }
}

/// A line of any bytes but zero, or one of a few that could be parts of a patch.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> =
        vec![b"x", b"y", b"", b"x\r", b"\r", b"-- a", b"++ b", b"@@ -1 +1 @@", b"\\ No newline"];
    let known = prop::sample::select(known).prop_map(<[u8]>::to_vec);
    let any = prop::collection::vec(1u8..=255, 0..12)
        .prop_map(|bytes| bytes.into_iter().filter(|b| *b != b'\n').collect());
    prop_oneof![4 => known, 1 => any]
}

/// A file and what random edits made of it: lines, and whether the last one ends.
fn sides() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let edit = (0usize..40, 0usize..4, prop::collection::vec(line(), 0..4));
    let ends = (any::<bool>(), any::<bool>());
    (prop::collection::vec(line(), 0..40), prop::collection::vec(edit, 0..6), ends).prop_map(
        |(before, edits, ends)| {
            let mut after = before.clone();
            for (at, n_removed, lines) in edits {
                let at = at.min(after.len());
                let end = (at + n_removed).min(after.len());
                after.splice(at..end, lines);
            }
            (joined(&before, ends.0), joined(&after, ends.1))
        },
    )
}

fn joined(lines: &[Vec<u8>], ends: bool) -> Vec<u8> {
    let mut bytes = lines.join(&b'\n');
    if ends && !lines.is_empty() {
        bytes.push(b'\n');
    }
    bytes
}

#[test]
fn patch_applies_what_is_hard_to_get_right() {
    for (a, b) in [
        ("", "x\n"),
        ("", "x"),
        ("x\n", ""),
        ("x", ""),
        ("x", "x\n"),
        ("x\n", "x"),
        ("x\r\n", "x\n"),
        ("x\r\ny\r\n", "x\r\nz\r\n"),
        ("-- a\n", "++ b\n"),
        ("x\n\\ No newline at end of file\ny", "x\n\\ No newline at end of file\nz"),
        ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8"),
    ] {
        for context in [0, 1, 3, usize::MAX] {
            check(a.as_bytes(), b.as_bytes(), context);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn patch_applies_random_edits((a, b) in sides(), context in 0usize..5) {
        check(&a, &b, context);
    }

    #[test]
    fn patch_applies_between_unrelated_files((a, _) in sides(), (b, _) in sides()) {
        check(&a, &b, 3);
    }
}
