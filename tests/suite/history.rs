//! Asking the past of documents: where words came and went, and which revisions have the words of the one before.

use std::sync::Arc;

use docarchive::internals::{
    archive::{
        Archive,
        pattern::Pattern,
        phrase::{Among, Phrase, PhraseChange, PhraseFate},
        revision_text::{WordChange, WordChanges},
    },
    backend::{
        Backend,
        faulty::Faulty,
        memory::{Contents, Memory},
    },
    types::error::Error,
};

use crate::common::{add, init};

const HARBOUR: [&str; 4] = [
    "The harbour is closed to ships of more than 20 metres until further notice, the board said.\n",
    "The harbour is closed to ships of more\nthan 20 metres until further notice, the board said.\n",
    "The harbour is closed to ships of more than 30 metres until further notice, the board said.\n",
    "The ferry sails from Port Essery at 6. It sails from Port\nEssery at 9, too.\n",
];

/// A document with these states, and one that only has the last.
fn grown() -> Contents {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    for (n, text) in HARBOUR.iter().enumerate() {
        add(&mut archive, n as u64, &[("harbour.txt", text.as_bytes())]).unwrap();
    }
    add(&mut archive, 8, &[("ferry.txt", HARBOUR[3].as_bytes())]).unwrap();
    add(&mut archive, 9, &[("ferry.txt", b"The ferry sails from Port Essery at 6.\n")]).unwrap();
    memory.contents()
}

/// `name@revision before→after` of what is found.
fn found(archive: &Archive, words: &str, fate: PhraseFate, among: Among) -> Vec<String> {
    let mut found = Vec::new();
    let phrase = Phrase::of_words(words).unwrap();
    let unsearched = archive.phrase_changes(&phrase, fate, among, usize::MAX, |change| {
        let name = change.document.name.text().into_owned();
        let (number, before, after) = (change.revision.number, change.n_before, change.n_after);
        found.push(format!("{name}@{number} {before}→{after}"));
        Ok(())
    });
    assert!(unsearched.unwrap().error.is_none());
    found
}

#[test]
fn words_are_found_where_their_number_changed() {
    let archive = Archive::open(Arc::new(Memory::of(grown())), None).unwrap();
    let harbour = archive.document(b"harbour.txt").unwrap();
    use PhraseFate::{Added, Removed, Touched};
    for (words, fate, expected) in [
        ("port essery", Added, &["ferry.txt@1 0→2", "harbour.txt@4 0→2"][..]),
        ("port essery", Removed, &["ferry.txt@2 2→1"]),
        ("port essery", Touched, &["ferry.txt@2 2→1", "ferry.txt@1 0→2", "harbour.txt@4 0→2"]),
        ("more than 20", Touched, &["harbour.txt@3 1→0", "harbour.txt@1 0→1"]),
        ("no such words", Touched, &[]),
    ] {
        assert_eq!(found(&archive, words, fate, Among::All), expected, "{words}");
    }
    let one = found(&archive, "port essery", Touched, Among::One(&harbour));
    assert_eq!(one, ["harbour.txt@4 0→2"]);
    for (words, expected) in [
        ("f*.txt", &["ferry.txt@1 0→2"][..]),
        ("ferry.txt", &["ferry.txt@1 0→2"]),
        ("*.txt", &["ferry.txt@1 0→2", "harbour.txt@4 0→2"]),
        ("*.md", &[]),
    ] {
        let pattern = Pattern::of(Some(words.as_ref()), &archive).unwrap();
        let fitting = found(&archive, "port essery", Added, Among::Fitting(&pattern));
        assert_eq!(fitting, expected, "{words}");
    }
}

#[test]
fn the_limit_keeps_those_captured_last() {
    let archive = Archive::open(Arc::new(Memory::of(grown())), None).unwrap();
    let phrase = Phrase::of_words("port essery").unwrap();
    let mut found = Vec::new();
    let each = |change: PhraseChange| {
        found.push((change.revision.number, change.excerpt.found));
        Ok(())
    };
    archive.phrase_changes(&phrase, PhraseFate::Touched, Among::All, 1, each).unwrap();
    assert_eq!(found, [(2, "Port Essery".to_owned())]);
}

/// A phrase that cannot be counted was taken for none: it went with a damaged revision and came with the next.
#[test]
fn what_cannot_be_read_is_told_and_has_lost_nothing() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    for n in 0..3 {
        let text = format!("The ferry sails from Port Essery at {n}.\n");
        add(&mut archive, n, &[("ferry.txt", text.as_bytes())]).unwrap();
    }
    let contents = memory.contents();
    let packs: Vec<_> = contents.iter().filter(|(name, _)| name.starts_with("packs/")).collect();
    assert_eq!(packs.len(), 3);
    let ferry = Phrase::of_words("ferry").unwrap();
    for (name, bytes) in packs {
        let memory = Memory::of(contents.clone());
        memory.remove(name).unwrap();
        memory.put(name, &vec![0; bytes.len()]).unwrap();
        let archive = Archive::open(Arc::new(memory), None).unwrap();
        let mut found = Vec::new();
        let among = Among::All;
        let unsearched = archive.phrase_changes(&ferry, PhraseFate::Touched, among, 99, |change| {
            found.push((change.n_before, change.n_after));
            Ok(())
        });
        let unsearched = unsearched.unwrap();
        assert!(unsearched.gaps.n_unreadable > 0, "{unsearched:?}");
        assert!(matches!(unsearched.error, Some(Error::Damaged { .. })));
        // A base that is lost takes those with it that rest on it.
        let expected = if unsearched.gaps.n_unreadable < 3 { &[(0, 1)][..] } else { &[] };
        assert_eq!(found, expected);
    }
}

#[test]
fn only_what_may_have_the_same_words_is_read() {
    let faulty = Faulty::none(Arc::new(Memory::of(grown())));
    let archive = Archive::open(Arc::new(faulty.clone()), None).unwrap();
    let n_reads = || faulty.calls().iter().filter(|call| call.name.starts_with("packs/")).count();
    let harbour = archive.document(b"harbour.txt").unwrap();
    let revisions = archive.catalog().revisions(&harbour).unwrap();
    let mut changes = WordChanges::new(&archive, &harbour);
    let mut between = |after: usize| changes.between(&revisions[after + 1], &revisions[after]);
    let n_before = n_reads();
    assert_eq!(between(0).unwrap(), WordChange::Some);
    assert_eq!(between(1).unwrap(), WordChange::Some);
    assert_eq!(n_reads(), n_before);
    assert_eq!(between(2).unwrap(), WordChange::None);
    assert!(n_reads() > n_before);
}
