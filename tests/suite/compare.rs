//! Comparing asks the catalog first: what it can answer is answered without any content.

use std::{
    io::{self, Read},
    sync::Arc,
};

use docarchive::internals::{
    archive::{
        Archive,
        compare::{CompareOptions, Compared, Difference, Scope},
        operand::Outside,
    },
    backend::{
        Backend,
        faulty::Faulty,
        memory::{Contents, Memory},
    },
    diff::Sides,
    types::{digest::Digest, error::Error, limits},
};

use crate::common::{add, context, init, is_slow, noise};

/// One file, called `here`, that is standard input as well.
struct One(Vec<u8>);

impl Outside for One {
    fn file(&self, path: &[u8]) -> Result<Option<Box<dyn Read>>, Error> {
        Ok((path == b"here").then(|| self.standard_input()))
    }

    fn standard_input(&self) -> Box<dyn Read> {
        Box::new(io::Cursor::new(self.0.clone()))
    }
}

const LINE: &str = "so it goes on and on\n";

fn large(seed: u64) -> Vec<u8> {
    let n_bytes = if is_slow() { limits::TEXT_BYTES_MAX } else { limits::BLOB_BYTES_MAX };
    noise(seed, n_bytes + 100_000)
}

/// A large binary, a small binary and two short texts, each in two revisions; and a text too long, where
/// that may take its time.
fn grown() -> Contents {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    for n in 1..=2 {
        let n_lines = if is_slow() { limits::TEXT_BYTES_MAX / LINE.len() + 1 } else { 1 };
        let long = format!("{n}{}", LINE.repeat(n_lines));
        let (large, small) = (large(n), [b"\0\x01\x02", &noise(n, 500)[..]].concat());
        let text = format!("The harbour is closed.\n\nDay {n}.\n");
        let documents = [
            ("large.bin", &large[..]),
            ("small.bin", &small[..]),
            ("long.txt", long.as_bytes()),
            ("short.txt", text.as_bytes()),
            ("again.txt", text.as_bytes()),
        ];
        add(&mut archive, n, &documents).unwrap();
    }
    memory.contents()
}

fn asked(archive: &Archive, a: &str, b: &str, outside: &One) -> Result<Compared, Error> {
    let words = (a.as_bytes(), Some(b.as_bytes()));
    archive.compare(archive.operands(words, context(9).now, outside)?, CompareOptions::default())
}

/// Flips the bits of every pack.
fn damage(memory: &Memory) {
    for (name, bytes) in memory.contents() {
        if name.starts_with("packs/") {
            let turned: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
            memory.remove(&name).unwrap();
            memory.put(&name, &turned).unwrap();
        }
    }
}

#[test]
fn no_pack_is_read_for_what_the_catalog_knows() {
    let faulty = Faulty::none(Arc::new(Memory::of(grown())));
    let archive = Archive::open(Arc::new(faulty.clone()), None).unwrap();
    let n_reads = || faulty.calls().iter().filter(|call| call.name.starts_with("packs/")).count();
    let n_before = n_reads();
    let none = One(Vec::new());
    for (a, b, is_same) in [
        ("large.bin@1", "@2", false),
        ("small.bin@1", "@2", false),
        ("large.bin", "short.txt", false),
        ("short.txt", "small.bin", false),
        ("large.bin@2", "@2", true),
        ("short.txt@1", "again.txt@1", true),
    ] {
        let found = asked(&archive, a, b, &none).unwrap().difference;
        match is_same {
            true => assert!(matches!(found, Difference::None), "{a} {b}"),
            false => assert!(matches!(found, Difference::Binary { .. }), "{a} {b}"),
        }
    }
    if is_slow() {
        let found = asked(&archive, "long.txt@1", "@2", &none).unwrap().difference;
        assert!(matches!(found, Difference::TooLong { .. }));
    }
    let words = (&b"long.txt@2"[..], Some(&b"@2"[..]));
    let sides = archive.operands(words, context(9).now, &none).unwrap();
    let patch = archive.patch(sides, Sides { a: b"a", b: b"b" }, 3).unwrap();
    assert!(patch.is_empty());
    assert_eq!(n_reads(), n_before, "{:?}", faulty.calls());

    let found = asked(&archive, "short.txt@1", "@2", &none).unwrap();
    assert!(matches!(found.difference, Difference::Text { .. }));
    assert!(n_reads() > n_before);
}

#[test]
fn a_file_may_stand_on_either_side() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory));
    add(&mut archive, 1, &[("short.txt", b"The harbour is closed.\n")]).unwrap();
    let outside = One(b"The harbour is open.\n".to_vec());
    let n_words = |archive: &Archive, a: &str, b: &str| match asked(archive, a, b, &outside)
        .map(|it| it.difference)
    {
        Ok(Difference::Text { comparison, .. }) => {
            Some((comparison.stat.words.added, comparison.stat.words.removed))
        }
        Ok(Difference::None) => Some((0, 0)),
        Ok(_) => panic!("{a} {b}"),
        Err(_) => None,
    };
    let empty = Archive::nowhere().unwrap();
    for (a, b, wanted) in [
        ("short.txt", "here", Some((1, 1))),
        ("here", "short.txt", Some((1, 1))),
        ("-", "short.txt", Some((1, 1))),
        ("here", "short.txt@1", Some((1, 1))),
        ("here", "-", Some((0, 0))),
        ("here", "here", Some((0, 0))),
        ("here", "@1", None),
        ("here", "there", None),
        ("there", "here", None),
        ("-", "-", None),
    ] {
        assert_eq!(n_words(&archive, a, b), wanted, "{a} {b}");
        let needs_none = !a.starts_with("short") && !b.starts_with("short");
        assert_eq!(n_words(&empty, a, b), wanted.filter(|_| needs_none), "{a} {b}, no archive");
    }
}

#[test]
fn comma_separated_values_are_compared_as_tables() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory));
    let before = "name,amount,date\nAnn,100,2026-01-02\nBob,200,2026-01-03\nCat,300,2026-01-04\n";
    let after = before.replace("200", "250").replace("Cat", "\"Cat, jr\"") + "Dan,400,2026-01-05\n";
    let same = before.replace("Ann", "\"Ann\"");
    for (n, text) in (1..).zip([before, &after, before, &same]) {
        add(&mut archive, n, &[("a.csv", text.as_bytes())]).unwrap();
    }
    let compared = |a: &str, b: &str, scope| {
        let words = (a.as_bytes(), Some(b.as_bytes()));
        let sides = archive.operands(words, context(9).now, &One(Vec::new())).unwrap();
        let options = CompareOptions { scope, ..CompareOptions::default() };
        archive.compare(sides, options).unwrap().difference
    };
    let Difference::Text { texts, comparison, .. } = compared("a.csv@1", "@2", Scope::Article)
    else {
        panic!("no text");
    };
    assert!(texts.b.starts_with("name\tamount\tdate\nAnn\t100\t"), "{}", texts.b);
    let stat = &comparison.stat;
    assert_eq!(
        (stat.paragraphs.changed, stat.paragraphs.added, stat.paragraphs.removed),
        (2, 1, 0)
    );
    assert_eq!((comparison.stat.words.added, comparison.stat.words.removed), (7, 1));
    // That a cell is in quotes is no change of the table.
    let Difference::Text { comparison, noise, .. } = compared("a.csv@3", "@4", Scope::Article)
    else {
        panic!("no text");
    };
    assert_eq!((comparison.stat.words.added, comparison.stat.words.removed), (0, 0));
    assert!(noise.is_some_and(|noise| noise.markup));
    let Difference::Text { texts, .. } = compared("a.csv@1", "@2", Scope::Source) else {
        panic!("no text");
    };
    assert_eq!(texts.a, before);
}

#[test]
fn what_is_no_text_says_how_much_is_shared_where_that_is_asked_for() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory));
    let binary = |seed, n_bytes| [b"\0\x01\x02", &noise(seed, n_bytes)[..]].concat();
    let (before, inserted) = (binary(11, 30_000), noise(12, 700));
    let after = [&before[..9_000], &inserted, &before[9_000..]].concat();
    add(&mut archive, 1, &[("image.bin", &before)]).unwrap();
    add(&mut archive, 2, &[("image.bin", &after), ("large.bin", &large(1))]).unwrap();
    let shared = |a: &str, b: &str, outside: &One, counts_shared_bytes| {
        let words = (a.as_bytes(), Some(b.as_bytes()));
        let sides = archive.operands(words, context(9).now, outside).unwrap();
        let options = CompareOptions { counts_shared_bytes, ..CompareOptions::default() };
        match archive.compare(sides, options).unwrap().difference {
            Difference::Binary { n_shared_bytes } => n_shared_bytes,
            _ => panic!("no binary"),
        }
    };
    let none = One(Vec::new());
    assert_eq!(shared("image.bin@1", "@2", &none, true), Some(before.len() as u64));
    assert_eq!(shared("image.bin@1", "@2", &none, false), None);
    assert_eq!(shared("image.bin", "large.bin", &none, true), Some(0));
    let given = One([&large(1)[..], b"more"].concat());
    // What is given and too large to be kept is not counted.
    let n_bytes = (!is_slow()).then(|| large(1).len() as u64);
    assert_eq!(shared("large.bin", "-", &given, true), n_bytes);
    assert_eq!(shared("image.bin", "-", &One(b"Text.".to_vec()), true), Some(0));
}

#[test]
fn damage_matters_only_where_contents_are_read() {
    let memory = Memory::of(grown());
    let archive = Archive::open(Arc::new(memory.clone()), None).unwrap();
    damage(&memory);
    let none = One(Vec::new());
    let found = asked(&archive, "large.bin@1", "@2", &none).unwrap();
    assert!(matches!(found.difference, Difference::Binary { .. }));
    assert_eq!(found.facts.a.digest, Digest::of(&large(1)));
    assert_eq!(found.facts.b.n_bytes, large(2).len() as u64);
    let found = asked(&archive, "short.txt@1", "again.txt@1", &none).unwrap();
    assert!(matches!(found.difference, Difference::None));
    let found = asked(&archive, "short.txt@1", "@2", &none);
    assert!(matches!(found, Err(Error::Damaged { .. })));
}

#[test]
fn what_is_given_is_known_whole_however_long() {
    let archive = Archive::open(Arc::new(Memory::of(grown())), None).unwrap();
    let now = context(9).now;
    for word in ["here", "-"] {
        let given = One(large(1));
        let found = asked(&archive, "large.bin@1", word, &given).unwrap();
        assert!(matches!(found.difference, Difference::None), "{word}");
        assert_eq!(found.facts.a, found.facts.b);
        let found = asked(&archive, "large.bin@2", word, &given).unwrap();
        assert!(matches!(found.difference, Difference::Binary { .. }), "{word}");
        assert_eq!(found.facts.b.n_bytes, large(1).len() as u64);

        let text = One(b"The harbour is closed.\n\nDay 3.\n".to_vec());
        let found = asked(&archive, "short.txt", word, &text).unwrap();
        assert!(matches!(found.difference, Difference::Text { .. }), "{word}");

        if is_slow() {
            let operand = archive.operand(word.as_bytes(), now, &given).unwrap();
            let asked = archive.asked(operand, None).unwrap();
            assert_eq!((asked.bytes, asked.n_bytes), (None, limits::TEXT_BYTES_MAX as u64 + 1));
        }
    }
    let words = (&b"large.bin@1"[..], Some(&b"here"[..]));
    let sides = archive.operands(words, now, &One(large(2))).unwrap();
    let patch = archive.patch(sides, Sides { a: b"a", b: b"b" }, 3).unwrap();
    assert!(patch.starts_with(b"--- a\n+++ b\n@@ "));
}
