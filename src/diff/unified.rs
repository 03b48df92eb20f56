//! Unified patches of bytes, in the format that GNU `diff -u` writes and `patch` reads.
//!
//! A line ends after `\n`; whatever else it holds, `\r` included, is kept. Names are quoted as git
//! quotes them.

use std::ops::Range;

use super::{
    Sides,
    align::EqualRun,
    byte_lines::{self, ByteLines},
};

/// Changes close enough to share lines of context; the ranges count lines from 0.
struct Hunk<'r> {
    a: Range<usize>,
    b: Range<usize>,
    /// What stayed before, between and after the hunk's changes, beyond the context too.
    runs: &'r [EqualRun],
}

/// Writes the patch that turns `a` into `b`, with `context` lines around; empty if they are equal.
///
/// `names` go into the `---` and `+++` lines. What they hold is shown in C notation where `patch`
/// could read it otherwise; bytes above 0x7f are kept.
pub fn unified(bytes: Sides<&[u8]>, names: Sides<&[u8]>, context: usize) -> Vec<u8> {
    let lines = bytes.map(ByteLines::of);
    let runs = framed(&lines);
    let mut patch = Vec::new();
    for hunk in hunks(&runs, context) {
        if patch.is_empty() {
            put_name(&mut patch, b"--- ", names.a);
            put_name(&mut patch, b"+++ ", names.b);
        }
        put_hunk(&mut patch, &hunk, &lines);
    }
    patch
}

/// The lines that stayed, framed by an empty run at the start and one at the end.
fn framed(lines: &Sides<ByteLines<'_>>) -> Vec<EqualRun> {
    let mut runs = vec![EqualRun { a: 0, b: 0, len: 0 }];
    runs.extend(byte_lines::stayed(lines));
    runs.push(EqualRun { a: lines.a.len(), b: lines.b.len(), len: 0 });
    runs
}

/// Cuts where more lines stayed than two contexts hold.
fn hunks(runs: &[EqualRun], context: usize) -> Vec<Hunk<'_>> {
    // The i-th change lies before the i-th run; only the frame can touch its neighbour.
    let changed = |i: &usize| runs[i - 1].a_end() < runs[*i].a || runs[i - 1].b_end() < runs[*i].b;
    let changes: Vec<usize> = (1..runs.len()).filter(changed).collect();
    (changes.chunk_by(|i, _| runs[*i].len.saturating_sub(context) <= context))
        .map(|group| {
            let runs = &runs[group[0] - 1..=group[group.len() - 1]];
            let (before, after) = (runs[0], runs[runs.len() - 1]);
            let (n_before, n_after) = (before.len.min(context), after.len.min(context));
            Hunk {
                a: before.a_end() - n_before..after.a + n_after,
                b: before.b_end() - n_before..after.b + n_after,
                runs,
            }
        })
        .collect()
}

fn put_hunk(patch: &mut Vec<u8>, hunk: &Hunk<'_>, lines: &Sides<ByteLines<'_>>) {
    let header = format!("@@ -{} +{} @@\n", span(&hunk.a), span(&hunk.b));
    patch.extend(header.bytes());
    let mut a = hunk.a.start;
    for pair in hunk.runs.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        put_lines(patch, b' ', lines.a.lines(a..before.a_end()));
        put_lines(patch, b'-', lines.a.lines(before.a_end()..after.a));
        put_lines(patch, b'+', lines.b.lines(before.b_end()..after.b));
        a = after.a;
    }
    put_lines(patch, b' ', lines.a.lines(a..hunk.a.end));
}

/// First line and number of lines; no lines stand after the line named.
fn span(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        n => format!("{},{n}", lines.start + 1),
    }
}

fn put_lines<'b>(patch: &mut Vec<u8>, sign: u8, lines: impl Iterator<Item = &'b [u8]>) {
    for line in lines {
        patch.push(sign);
        patch.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            patch.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

fn put_name(patch: &mut Vec<u8>, head: &[u8], name: &[u8]) {
    patch.extend_from_slice(head);
    let plain = |b: &u8| !matches!(b, ..b' ' | b'"' | b'\\' | 0x7f);
    if name.iter().all(plain) {
        patch.extend_from_slice(name);
        // A tab ends the name, so that one with a space in it is read whole.
        patch.extend(name.contains(&b' ').then_some(b'\t'));
    } else {
        patch.push(b'"');
        name.iter().for_each(|b| put_quoted(patch, *b));
        patch.push(b'"');
    }
    patch.push(b'\n');
}

fn put_quoted(patch: &mut Vec<u8>, byte: u8) {
    let letter = match byte {
        0x07 => b'a',
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0b => b'v',
        0x0c => b'f',
        b'\r' => b'r',
        b'"' | b'\\' => byte,
        ..b' ' | 0x7f => {
            patch.extend(format!("\\{byte:03o}").bytes());
            return;
        }
        _ => {
            patch.push(byte);
            return;
        }
    };
    patch.extend([b'\\', letter]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn patch(a: &str, b: &str, context: usize) -> String {
        let names = Sides { a: &b"a"[..], b: &b"b"[..] };
        let bytes = Sides { a: a.as_bytes(), b: b.as_bytes() };
        String::from_utf8(unified(bytes, names, context)).unwrap()
    }

    /// Applies a patch as its format demands, and insists on every line and number.
    fn apply(a: &[u8], patch: &[u8]) -> Vec<u8> {
        let old: Vec<&[u8]> = a.split_inclusive(|b| *b == b'\n').collect();
        let mut lines = patch.split_inclusive(|b| *b == b'\n').skip(2).peekable();
        let (mut done, mut b) = (0, Vec::new());
        let mut n_new = 0;
        while let Some(header) = lines.next() {
            let [old_span, new_span] = parse_header(header);
            for line in &old[done..old_span.start] {
                b.extend_from_slice(line);
                n_new += 1;
            }
            done = old_span.start;
            assert_eq!(n_new, new_span.start);
            while done < old_span.end || n_new < new_span.end {
                let line = lines.next().unwrap();
                let bare = lines.next_if(|next| next.starts_with(b"\\ No newline")).is_some();
                let text = &line[1..line.len() - usize::from(bare)];
                if line[0] != b'+' {
                    assert_eq!(old[done], text);
                    done += 1;
                }
                if line[0] != b'-' {
                    b.extend_from_slice(text);
                    n_new += 1;
                }
            }
            assert_eq!((done, n_new), (old_span.end, new_span.end));
        }
        old[done..].iter().for_each(|line| b.extend_from_slice(line));
        b
    }

    fn parse_header(header: &[u8]) -> [Range<usize>; 2] {
        let header = std::str::from_utf8(header).unwrap();
        let spans = header.strip_prefix("@@ -").unwrap().strip_suffix(" @@\n").unwrap();
        let (old, new) = spans.split_once(" +").unwrap();
        [old, new].map(|span| {
            let (start, n) = span.split_once(',').unwrap_or((span, "1"));
            let (start, n): (usize, usize) = (start.parse().unwrap(), n.parse().unwrap());
            let start = if n == 0 { start } else { start - 1 };
            start..start + n
        })
    }

    #[test]
    fn patches_are_like_those_of_gnu_diff() {
        for (a, b, context, expected) in [
            ("x\n", "x\n", 3, ""),
            ("", "x\ny\n", 3, "@@ -0,0 +1,2 @@\n+x\n+y\n"),
            ("x\ny\n", "", 3, "@@ -1,2 +0,0 @@\n-x\n-y\n"),
            ("x\n", "y\n", 3, "@@ -1 +1 @@\n-x\n+y\n"),
            ("x", "x\n", 3, "@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n"),
            ("1\n2\n3\n", "1\n3\n", 0, "@@ -2 +1,0 @@\n-2\n"),
            ("1\n3\n", "1\n2\n3\n", 0, "@@ -1,0 +2 @@\n+2\n"),
            (
                "1\r\n2\n",
                "1\r\n3",
                1,
                "@@ -1,2 +1,2 @@\n 1\r\n-2\n+3\n\\ No newline at end of file\n",
            ),
            (
                "1\n2\n3\n4\n5\n",
                "0\n2\n3\n4\n6\n",
                1,
                "@@ -1,2 +1,2 @@\n-1\n+0\n 2\n@@ -4,2 +4,2 @@\n 4\n-5\n+6\n",
            ),
            ("1\n2\n3\n5\n", "0\n2\n3\n6\n", 1, "@@ -1,4 +1,4 @@\n-1\n+0\n 2\n 3\n-5\n+6\n"),
        ] {
            let names = if expected.is_empty() { "" } else { "--- a\n+++ b\n" };
            assert_eq!(patch(a, b, context), format!("{names}{expected}"), "{a:?} {b:?}");
        }
    }

    #[test]
    fn names_that_patch_could_misread_are_quoted_as_git_does() {
        for (name, line) in [
            ("a/b.txt", "a/b.txt\n"),
            ("two words", "two words\t\n"),
            ("grün", "grün\n"),
            ("a\tb c", "\"a\\tb c\"\n"),
            ("\"q\"\\\n", "\"\\\"q\\\"\\\\\\n\"\n"),
            ("\u{1}\u{7f}\u{1b}[", "\"\\001\\177\\033[\"\n"),
        ] {
            let mut bytes = Vec::new();
            put_name(&mut bytes, b"", name.as_bytes());
            assert_eq!(String::from_utf8(bytes).unwrap(), line);
        }
    }

    #[test]
    fn a_huge_context_is_the_whole_file() {
        assert_eq!(patch("1\n2\n", "1\n3\n", usize::MAX).lines().nth(3), Some(" 1"));
    }

    fn lines() -> impl Strategy<Value = Vec<u8>> {
        let line = prop::sample::select(vec!["x\n", "y\n", "\n", "x\r\n", "-- y\n", "\\ z\n", "q"]);
        prop::collection::vec(line, 0..30).prop_map(|lines| lines.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn a_patch_applied_gives_the_other_side(a in lines(), b in lines(), context in 0usize..5) {
            let names = Sides { a: &b"a"[..], b: &b"b"[..] };
            let patch = unified(Sides { a: &a, b: &b }, names, context);
            prop_assert_eq!(apply(&a, &patch), b);
        }

        #[test]
        fn any_bytes_go_round(
            a in prop::collection::vec(any::<u8>(), 0..60),
            b in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let names = Sides { a: &b"a"[..], b: &b"b"[..] };
            prop_assert_eq!(apply(&a, &unified(Sides { a: &a, b: &b }, names, 3)), b);
        }
    }
}
