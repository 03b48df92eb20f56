//! What an add says of new texts and earlier documents: news, each once.

use std::{cell::Cell, collections::BTreeSet, sync::Arc};

use docarchive::internals::{
    archive::{
        Archive,
        ingest::{IngestEvent, IngestItem, IngestOptions, IngestSummary},
    },
    backend::memory::Memory,
    similarity::params::{NEW_TEXTS_COMPARED_MAX, NEW_TEXTS_SAMPLE},
};

use super::{Text, add_on, holding, sentences, story};
use crate::common::{context, init, intake, sandbox::Sandbox, signer};

/// What was said: of near-duplicates the two names, of duplicates with `=` before the earlier one.
type Said = Vec<(String, String)>;

/// What adding these texts says of each and earlier documents, and what is counted.
fn heard_of(archive: &mut Archive, n: u64, texts: &[(&str, String)]) -> (Said, IngestSummary) {
    let items = texts
        .iter()
        .map(|(name, text)| IngestItem::Document(intake(name.as_bytes(), text.as_bytes()), ()));
    let mut said = Vec::new();
    let report = |event: IngestEvent<()>| {
        match event {
            IngestEvent::Near { name, near, .. } => {
                let other = |it: &super::NearDocument| it.document.name.text().into_owned();
                said.extend(near.iter().map(|it| (name.text().into_owned(), other(it))));
            }
            IngestEvent::Duplicates(all) => said.extend(all.iter().map(|one| {
                (one.name.text().into_owned(), format!("={}", one.document.name.text()))
            })),
            _ => {}
        }
        Ok(())
    };
    let options = IngestOptions::default();
    let summary = archive.ingest(&signer(), context(n), "test", items, &options, report).unwrap();
    (said, summary)
}

fn said_of(archive: &mut Archive, n: u64, texts: &[(&str, String)]) -> Said {
    heard_of(archive, n, texts).0
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[test]
fn an_add_says_what_is_near_once_and_the_same_bytes_too() {
    let mut archive = holding(&[("wire".into(), story(1, 12))]);
    let said = said_of(&mut archive, 2, &[("copy", story(1, 10))]);
    assert_eq!(said, [pair("copy", "wire")]);
    let corrected = story(1, 10) + "This was corrected.\n";
    assert_eq!(said_of(&mut archive, 3, &[("copy", corrected.clone())]), []);
    assert_eq!(said_of(&mut archive, 4, &[("copy", corrected)]), []);
    // What was something else meanwhile is news again.
    assert_eq!(said_of(&mut archive, 5, &[("copy", story(2, 12))]), []);
    assert_eq!(said_of(&mut archive, 6, &[("copy", story(1, 11))]), [pair("copy", "wire")]);
    let moved = said_of(&mut archive, 7, &[("moved", story(1, 12)), ("empty", String::new())]);
    assert_eq!(moved, [pair("moved", "=wire"), pair("moved", "copy")]);
    assert_eq!(said_of(&mut archive, 8, &[("empty too", String::new())]), []);
}

/// A page with a story that comes and goes was said to be a copy at each return. What was said of its bytes
/// is no news as long as the other document has those that it had then.
#[test]
fn a_page_that_alternates_is_told_once() {
    let mut archive = holding(&[("wire".into(), story(1, 12))]);
    let (copy, other) = (story(1, 10), story(2, 12));
    assert_eq!(said_of(&mut archive, 2, &[("page", copy.clone())]), [pair("page", "wire")]);
    for n in [3, 5] {
        assert_eq!(said_of(&mut archive, n, &[("page", other.clone())]), []);
        assert_eq!(said_of(&mut archive, n + 1, &[("page", copy.clone())]), []);
    }
    // The same bytes alternate likewise.
    assert_eq!(said_of(&mut archive, 7, &[("page", story(1, 12))]), [pair("page", "=wire")]);
    assert_eq!(said_of(&mut archive, 8, &[("page", other.clone())]), []);
    assert_eq!(said_of(&mut archive, 9, &[("page", story(1, 12))]), []);
    // Both change, and are again what they were: they were so together.
    let both = |one: &str, other: &str| [("wire", one.to_owned()), ("page", other.to_owned())];
    assert_eq!(said_of(&mut archive, 10, &both(&story(5, 12), &other)), []);
    assert_eq!(said_of(&mut archive, 11, &both(&story(1, 12), &copy)), []);
    // These two never were.
    let said = said_of(&mut archive, 12, &[("wire", story(5, 12)), ("third", story(5, 10))]);
    assert_eq!(said, [pair("third", "wire")]);
    assert_eq!(said_of(&mut archive, 13, &[("wire", story(1, 11))]), [pair("wire", "page")]);
}

#[test]
fn a_near_duplicate_that_becomes_a_duplicate_is_told() {
    let mut archive = holding(&[("wire".into(), story(1, 12)), ("copy".into(), story(1, 10))]);
    assert_eq!(said_of(&mut archive, 2, &[("copy", story(1, 12))]), [pair("copy", "=wire")]);
}

#[test]
fn a_text_that_had_been_here_is_near_like_a_new_one() {
    let mut archive = holding(&[("a".into(), story(1, 12))]);
    add_on(&mut archive, 2, &[("a".into(), story(3, 12))], 1);
    add_on(&mut archive, 3, &[("b".into(), story(1, 11))], 1);
    let again = [("c", story(1, 12)), ("d", story(1, 12)), ("e", story(1, 10))];
    let said: BTreeSet<_> = said_of(&mut archive, 4, &again).into_iter().collect();
    let expected = [("c", "b"), ("d", "=c"), ("d", "b"), ("e", "b"), ("e", "c"), ("e", "d")];
    assert_eq!(said, expected.map(|(one, other)| pair(one, other)).into());
}

#[test]
fn neighbours_are_not_hidden_behind_the_same_bytes() {
    let texts = (0..6).map(|n| (format!("copy-{n}"), format!("{}\n{n}", story(7, 12))));
    let mut archive = holding(&texts.collect::<Vec<_>>());
    let same = format!("{}\n0", story(7, 12));
    let (said, summary) = heard_of(&mut archive, 2, &[("new", same)]);
    assert_eq!((said[0].clone(), said.len()), (pair("new", "=copy-0"), 4));
    assert_eq!((summary.n_same, summary.n_near, summary.n_near_texts), (1, 5, 1));
}

#[test]
fn documents_without_words_are_no_near_duplicates() {
    let mut archive = holding(&[("stars".into(), "* * *\n".into())]);
    let (said, summary) =
        heard_of(&mut archive, 2, &[("more", "* * *\n".into()), ("other", "* *\n".into())]);
    assert_eq!(said, [pair("more", "=stars")]);
    assert_eq!((summary.n_same, summary.n_near), (1, 0));
}

#[test]
fn what_is_cut_is_said() {
    let mut archive = init(Arc::new(Memory::default()));
    let copies: Vec<Text> =
        (0..5).map(|n| (format!("copy-{n}"), format!("{}\n{n}", story(7, 12)))).collect();
    add_on(&mut archive, 1, &copies, 1);
    let mut more = Vec::new();
    let new = intake(b"new", story(7, 12).as_bytes());
    let items = [IngestItem::Document(new, ())];
    let options = IngestOptions::default();
    let report = |event: IngestEvent<()>| {
        if let IngestEvent::Near { near, n_more, .. } = event {
            more.push((near.len(), n_more));
        }
        Ok(())
    };
    let summary = archive.ingest(&signer(), context(2), "test", items, &options, report).unwrap();
    assert_eq!((more, summary.n_near), (vec![(3, 2)], 5), "those that are not named count, too");
    // The same contents under many names are counted, and not named.
    let n_documents = NEW_TEXTS_COMPARED_MAX + 2;
    let items = (0..n_documents)
        .map(|n| IngestItem::Document(intake(format!("{n}").as_bytes(), b"the same"), ()));
    let quiet = |event: IngestEvent<()>| match event {
        IngestEvent::Near { .. } | IngestEvent::Duplicates(_) => panic!("they are a bulk"),
        _ => Ok(()),
    };
    let summary = archive.ingest(&signer(), context(3), "test", items, &options, quiet).unwrap();
    assert_eq!((summary.n_same, summary.n_near), (n_documents as u64 - 1, 0));
}

/// All near pairs of a bulk went unnamed, and 737 files of three newlines were 271,216 near-duplicates.
#[test]
fn a_bulk_names_what_is_near_and_counts_each_duplicate_once() {
    let mut archive = init(Arc::new(Memory::default()));
    let n_stories = NEW_TEXTS_COMPARED_MAX / 2 + 1;
    let texts: Vec<(String, String)> = (0..n_stories as u64)
        .flat_map(|n| {
            let lines = sentences(n, 6);
            [(format!("{n}"), lines.join("\n")), (format!("{n} again"), lines[1..].join("\n"))]
        })
        .chain((0..30).map(|n| (format!("blank {n}"), "\n\n\n".to_owned())))
        .collect();
    let texts: Vec<(&str, String)> =
        texts.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    let (said, summary) = heard_of(&mut archive, 1, &texts);
    let (same, near): (Said, Said) = said.into_iter().partition(|(_, it)| it.starts_with('='));
    assert!(same.iter().all(|(_, earlier)| earlier == "=blank 0"), "{same:?}");
    assert_eq!((same.len(), summary.n_same), (29, 29));
    assert!(near.iter().all(|(new, old)| *new == format!("{old} again")), "{near:?}");
    let about = summary.n_near_about.unwrap();
    assert!(near.len() <= NEW_TEXTS_SAMPLE && near.len() as u64 == summary.n_near);
    assert!(about > 0 && about <= 2 * n_stories as u64, "{about}");
}

/// Whoever interrupted an add while it compared what it had committed was told that nothing was near.
#[test]
fn what_an_interruption_left_out_is_said() {
    let texts: Vec<Text> = (0..9).map(|n| (format!("copy-{n}"), story(1, 10 + n))).collect();
    for stops_at in ["last", "committed", "near", "never"] {
        let mut archive = holding(&[("wire".into(), story(1, 9))]);
        let items = texts.iter().map(|(name, text)| {
            IngestItem::Document(intake(name.as_bytes(), text.as_bytes()), name.clone())
        });
        let is_stopped = Cell::new(false);
        let is_interrupted = || is_stopped.get();
        let options = IngestOptions { is_interrupted: &is_interrupted, ..IngestOptions::default() };
        let report = |event: IngestEvent<String>| {
            let at = match event {
                IngestEvent::Next { tag, .. } if *tag == "copy-8" => "last",
                IngestEvent::Committed(_) => "committed",
                IngestEvent::Near { .. } => "near",
                _ => "",
            };
            is_stopped.set(is_stopped.get() || at == stops_at);
            Ok(())
        };
        let summary =
            archive.ingest(&signer(), context(2), "test", items, &options, report).unwrap();
        let n_left = summary.n_not_compared;
        let expected = match stops_at {
            "last" => summary.n_new,
            "committed" => 9,
            "near" => 8,
            _ => 0,
        };
        assert_eq!((n_left, summary.is_interrupted), (expected, stops_at != "never"), "{stops_at}");
    }
}

#[test]
fn documents_that_are_gone_are_marked() {
    let sandbox = Sandbox::new();
    let (text, copy) = (story(1, 12), story(1, 10));
    sandbox.write("d/gone.txt", &text);
    sandbox.write("d/here.txt", story(2, 12));
    sandbox.run(["add", "-q", "--track", "d"]).expect(0);
    std::fs::remove_file(sandbox.at("d/gone.txt")).unwrap();
    sandbox.run(["add", "-q", "--track", "d"]).expect(0);
    sandbox.write("copy.txt", &copy);
    sandbox.write("same.txt", &text);
    let is_marked = |said: &str| {
        said.lines().any(|line| line.contains("d/gone.txt") && line.contains("  gone 20"))
    };
    assert!(is_marked(&sandbox.run(["add", "-n", "same.txt"]).expect(0).err));
    let ran = sandbox.run(["add", "copy.txt"]).expect(0);
    assert!(is_marked(&ran.err), "{ran:?}");
    let lines = sandbox.json(["add", "same.txt"]);
    let near: Vec<_> = lines.iter().filter(|line| line["type"] == "resembles").collect();
    assert_eq!((&near[0]["near"], &near[0]["same"]), (&"d/gone.txt".into(), &true.into()));
    assert!(near[0]["near_gone"].is_string() && near[1]["near_gone"].is_null(), "{near:?}");
    for words in [&["similar", "copy.txt"][..], &["similar", "copy.txt", "d/gone.txt"], &["dups"]] {
        let ran = sandbox.run(words).expect(0);
        assert!(is_marked(&ran.text()), "{ran:?}");
    }
    let lines = sandbox.json(["similar", "copy.txt"]);
    let gone = |name: &str| lines.iter().find(|line| line["name"] == name).unwrap()["gone"].clone();
    assert!(gone("d/gone.txt").is_string() && gone("same.txt").is_null());
    let members = sandbox.json(["dups", "--exact"])[0]["members"].clone();
    assert!(members[0]["gone"].is_string() && members[1]["gone"].is_null(), "{members}");
}

/// A document in several groups counted in each: 20 files were 38 documents.
#[test]
fn documents_of_groups_count_once() {
    let sandbox = Sandbox::new();
    let (one, other) = (story(1, 12), story(2, 12));
    sandbox.write("one.txt", &one);
    sandbox.write("other.txt", &other);
    sandbox.write("both.txt", &(one + &other));
    sandbox.run(["add", "-q", "."]).expect(0);
    sandbox.run(["dups"]).expect(0).says("2 groups of 3 documents");
}

/// `add` sent its reader to `similar`, which denied it.
#[test]
fn the_same_bytes_without_words_are_told_by_similar_too() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.write(name, "* * *\n");
    }
    sandbox.write("d", "* *\n");
    sandbox
        .run(["add", "a", "b", "c", "d"])
        .expect(0)
        .says("b and 1 more have the same bytes as a\n");
    let ran = sandbox.run(["similar", "a"]).expect(1);
    ran.says("a@1 has no text to compare; b@1 and 1 more have the same bytes\n");
    let ran = sandbox.run(["similar", "a", "b"]).expect(1);
    ran.says("a@1 has no text to compare; b@1 has the same bytes\n");
    assert_eq!(sandbox.run(["similar", "a", "d"]).expect(1).err, "a@1 has no text to compare\n");
    assert_eq!(sandbox.run(["similar", "d"]).expect(1).err, "d@1 has no text to compare\n");
}
