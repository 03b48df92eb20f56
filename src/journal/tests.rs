use std::sync::Arc;

use super::{object::details_name, *};
use crate::{
    backend::memory::Memory,
    journal::{
        event::{ActDetail, Detail, Event, MediaType, Revise, ReviseDetail, Salt},
        merkle::leaf_hash,
    },
    types::{digest::DocId, name::DocName, pack_id::UploadIds, time::Timestamp},
};

fn signer() -> Signer {
    Signer::from_seed("example.org/archive", &[7; 32]).unwrap()
}

fn new_journal() -> (Arc<Memory>, Journal) {
    let backend = Arc::new(Memory::default());
    (backend.clone(), Journal::create(backend, &signer()).unwrap())
}

fn names(backend: &Memory, folder: &str) -> Vec<String> {
    backend.list(folder).unwrap().into_iter().map(|object| object.name).collect()
}

const SEED: SaltSeed = SaltSeed::new([7; 16]);

/// A revision as a wire story has it; everything in it follows from `i`.
fn draft(i: u64) -> Draft {
    salted_draft(i, [2; 16])
}

fn salted_draft(i: u64, salt: Salt) -> Draft {
    let sha256 = Digest::of(&i.to_be_bytes());
    let at = Timestamp::from_unix(1_764_000_000 + i as i64 / 300, 0);
    let detail = Detail::Revise(ReviseDetail {
        salt,
        name: DocName::new(format!("docs/1987/04/{:02}/reut-{i:05}.txt", 1 + i / 700)).unwrap(),
        source: None,
        captured: None,
        mtime: Some(Timestamp::from_unix(
            1_700_000_000 + i as i64,
            (i * 7_919_353 % 1_000_000_000) as u32,
        )),
        note: None,
        encoding: None,
        by: Some("desk".into()),
        tool: "archive 0.1.0".into(),
    });
    let revise = |detail| {
        let doc = DocId(sha256.key().0.rotate_left(11).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let media = MediaType::new("text/plain").unwrap();
        let size = 400 + u64::from(sha256.as_bytes()[9]) * 3;
        Event::Revise(Revise { at, doc, prev: None, sha256, size, media, detail })
    };
    Draft::new(&detail, revise).unwrap()
}

fn closing() -> Closing {
    let tool = "archive 0.1.0".to_owned();
    let detail = ActDetail { salt: [1; 16], by: Some("desk".into()), note: None, tool };
    Closing { at: Timestamp::from_unix(1_764_000_000, 0), id: [9; 8], salts: SEED, detail }
}

/// Stages and commits `n` drafts; with the commit event the journal grows by `n + 1`.
fn append(journal: &mut Journal, frontier: &Frontier, n: u64) -> Frontier {
    let draft = |i| salted_draft(journal.size() + i, SEED.salt(i));
    let drafts: Vec<Draft> = (0..n).map(draft).collect();
    let closing = closing();
    let detail = ActDetail { salt: SEED.salt(n), ..closing.detail };
    let staged = journal.stage(frontier, &drafts, Closing { detail, ..closing }).unwrap();
    match journal.commit(staged, &signer()).unwrap() {
        Settled::Committed(frontier) => frontier,
        Settled::Overtaken => panic!("there is no other writer"),
    }
}

/// A journal of batches with the given numbers of drafts.
fn journal_of(batches: &[u64]) -> (Arc<Memory>, Journal, Frontier) {
    let (backend, mut journal) = new_journal();
    let mut frontier = Frontier::default();
    for n in batches {
        frontier = append(&mut journal, &frontier, *n);
    }
    (backend, journal, frontier)
}

#[test]
fn a_new_journal_is_empty_and_is_not_made_twice() {
    let (backend, journal) = new_journal();
    assert_eq!((journal.size(), journal.root()), (0, Digest::of(b"")));
    let again = Journal::create(backend.clone(), &signer());
    assert!(matches!(again, Err(Error::Refused(_))));
    assert_eq!(Journal::open(backend).unwrap().note(), journal.note());
    assert!(matches!(Journal::open(Arc::new(Memory::default())), Err(Error::NoArchive { .. })));
}

#[test]
fn a_create_cut_short_can_be_done_again_and_a_lost_identity_is_not_replaced() {
    let (backend, _) = new_journal();
    backend.remove(identity::NAME).unwrap();
    assert!(matches!(Journal::open(backend.clone()), Err(Error::NoArchive { .. })));
    let mut journal = Journal::create(backend.clone(), &signer()).unwrap();
    append(&mut journal, &Frontier::default(), 1);
    backend.remove(identity::NAME).unwrap();
    assert!(matches!(Journal::create(backend, &signer()), Err(Error::Refused(_))));
}

#[test]
fn batches_of_odd_sizes_read_back_across_bundles() {
    let (backend, written, frontier) = journal_of(&[1, 7, 100, 300, 0, 101, 255, 3]);
    let journal = Journal::open(backend.clone()).unwrap();
    assert_eq!((journal.size(), journal.head()), (775, frontier.head()));
    assert_eq!(journal.note(), written.note());
    let entries: Vec<Entry> = journal.entries(0..u64::MAX).map(Result::unwrap).collect();
    assert_eq!(entries.len(), 775);
    let mut tree = Frontier::default();
    let mut batch = Frontier::default();
    for (i, entry) in entries.iter().enumerate() {
        assert_eq!(entry.index, i as u64);
        assert_eq!(entry.detail.as_ref().unwrap().digest().ok(), entry.event.detail());
        let leaf = leaf_hash(&entry.line);
        match &entry.event {
            Event::Commit(commit) => {
                assert_eq!(commit.base + commit.n_events, entry.index);
                assert_eq!(TreeHead { size: commit.n_events, root: commit.root }, batch.head());
                batch = Frontier::default();
            }
            _ => batch.push(leaf),
        }
        tree.push(leaf);
    }
    assert_eq!(tree, frontier);
    let some: Vec<u64> = journal.entries(250..520).map(|entry| entry.unwrap().index).collect();
    assert_eq!(some, (250..520).collect::<Vec<u64>>());
    assert_eq!(journal.entries(775..900).count(), 0);
    assert_eq!(journal.entries(9..9).count(), 0);
}

#[test]
fn under_the_signed_root_no_older_signature_counts() {
    let (backend, _, _) = journal_of(&[3, 4, 5]);
    let name = commit_name(2);
    let mut stored = backend.read(&name, 1 << 20).unwrap().unwrap();
    let end = stored.windows(3).position(|three| three == b"=\n\n").unwrap();
    let line_end = stored[end + 3..].iter().position(|byte| *byte == b'\n').unwrap() + end + 3;
    let digit = &mut stored[line_end - 20];
    *digit = if *digit == b'A' { b'B' } else { b'A' };
    backend.swap(&name, &stored).unwrap();
    let journal = Journal::open(backend).unwrap();
    assert!(journal.entries(0..u64::MAX).any(|entry| entry.is_err()));
    let mut tree = Frontier::default();
    for entry in journal.entries_under_root(0) {
        tree.push(leaf_hash(&entry.unwrap().line));
    }
    assert_eq!(tree.head(), journal.head());
    journal.check(&tree).unwrap();
}

#[test]
fn what_was_staged_and_not_committed_does_not_exist() {
    let (backend, journal, frontier) = journal_of(&[10]);
    let drafts: Vec<Draft> = (500..900).map(draft).collect();
    let other = Closing { id: [8; 8], ..closing() };
    let staged = journal.stage(&frontier, &drafts, other).unwrap();
    assert_eq!((staged.first(), staged.leaves().len()), (11, 401));
    assert_eq!(staged.frontier().size(), 412);
    drop(staged);
    let mut journal = Journal::open(backend.clone()).unwrap();
    assert_eq!(journal.entries(0..99).filter(|entry| entry.is_ok()).count(), 11);
    append(&mut journal, &frontier, 400);
    assert_eq!(Journal::open(backend).unwrap().size(), 412);
}

#[test]
fn commits_are_numbered_objects_with_their_details_beside_them() {
    let (backend, journal, _) = journal_of(&[1, 300]);
    let logs = ["log/000/000/000", "log/000/000/001", "log/000/000/002", "log/checkpoint"];
    assert_eq!(names(&backend, "log"), logs);
    let details = [1, 2].map(|number| details_name(number, &[9; 8]));
    assert_eq!(names(&backend, "details"), details);
    assert_eq!(backend.read(CHECKPOINT, 9999).unwrap().unwrap(), journal.note());
    let stored = backend.read("log/000/000/002", 1 << 20).unwrap().unwrap();
    assert!(stored.starts_with(journal.note()), "any program for notes can read it");
}

#[test]
fn the_newest_is_found_among_any_number_and_a_gap_is_named() {
    let (backend, mut journal) = new_journal();
    let mut frontier = Frontier::default();
    for number in 1..=1100 {
        frontier = append(&mut journal, &frontier, 0);
        if [1, 2, 3, 4, 7, 8, 9, 63, 64, 65, 999, 1000, 1001, 1100].contains(&number) {
            assert_eq!(Journal::open(backend.clone()).unwrap().number(), number);
        }
    }
    for missing in [1, 40, 512, 999, 1000, 1099] {
        let name = commit_name(missing);
        let stored = backend.read(&name, 1 << 20).unwrap().unwrap();
        backend.remove(&name).unwrap();
        match Journal::open(backend.clone()) {
            Ok(found) => {
                assert_eq!(found.number(), 1100);
                assert!(found.entries(0..1100).any(|entry| entry.is_err()), "{missing}");
                assert!(
                    found.examine(0..1100).flatten().flatten().any(|one| one.problem.is_some()),
                    "{missing}"
                );
            }
            Err(Error::Damaged { object, .. }) => assert_eq!(object, name),
            Err(error) => panic!("{missing}: {error}"),
        }
        backend.put(&name, &stored).unwrap();
    }
}

#[test]
fn a_commit_that_lies_behind_a_gap_is_not_the_newest() {
    let (backend, journal, _) = journal_of(&[1; 12]);
    for older in [3, 12] {
        let older = backend.read(&commit_name(older), 1 << 20).unwrap().unwrap();
        for number in [14, 15, 16, 20, 32, 999, 1000, 1024] {
            let name = commit_name(number);
            backend.put(&name, &older).unwrap();
            match Journal::open(backend.clone()) {
                Err(Error::Damaged { .. }) => {}
                Err(error) => panic!("{number}: {error}"),
                Ok(found) => panic!("{number}: {} of {}", found.number(), journal.number()),
            }
            backend.remove(&name).unwrap();
        }
    }
    assert_eq!(Journal::open(backend.clone()).unwrap().number(), 12);
    // Who reads goes past a commit that is lost, who writes does not.
    backend.remove(&commit_name(7)).unwrap();
    let journal = Journal::open(backend).unwrap();
    assert_eq!(journal.number(), 12);
    assert!(matches!(journal.expect_no_gap(), Err(Error::Damaged { .. })));
}

#[test]
fn the_journal_of_an_earlier_checkpoint_ends_there() {
    let (_, mut journal, frontier) = journal_of(&[2, 0, 300]);
    let note = journal.note().to_vec();
    append(&mut journal, &frontier, 5);
    let earlier = journal.as_of(&note).unwrap();
    assert_eq!((earlier.size(), earlier.number(), earlier.note()), (305, 3, &note[..]));
    assert_eq!(earlier.entries(0..u64::MAX).filter(|entry| entry.is_ok()).count(), 305);
    let elsewhere = journal_of(&[2, 1]).1;
    assert!(journal.as_of(elsewhere.note()).is_none());
}

#[test]
fn packs_come_and_go_by_events() {
    let (backend, mut journal) = new_journal();
    let mut ids = UploadIds::new([3; 32]);
    let packs: Vec<_> = (0..120u32).map(|n| ids.next_pack(Digest::of(&n.to_le_bytes()))).collect();
    let at = Timestamp::from_unix(1_764_000_000, 0);
    let came = Draft::packs(at, &packs).unwrap();
    assert_eq!(came.len(), 3);
    let commit = |journal: &mut Journal, frontier: &Frontier, drafts: &[Draft]| {
        let staged = journal.stage(frontier, drafts, closing()).unwrap();
        match journal.commit(staged, &signer()).unwrap() {
            Settled::Committed(frontier) => frontier,
            Settled::Overtaken => panic!("there is no other writer"),
        }
    };
    let frontier = commit(&mut journal, &Frontier::default(), &came);
    let size = journal.size();
    commit(&mut journal, &frontier, &Draft::condemn(at, &packs[..70]).unwrap());
    let journal = Journal::open(backend).unwrap();
    let changes = journal.pack_changes(0..u64::MAX).unwrap();
    assert_eq!(changes.came, packs[70..].iter().copied().collect());
    assert_eq!(changes.went, packs[..70].iter().copied().collect());
    let later = journal.pack_changes(size..u64::MAX).unwrap();
    assert_eq!((later.came.len(), later.went.len()), (0, 70));
}

#[test]
fn a_checkpoint_that_is_not_ours_is_not_trusted() {
    let (backend, journal, _) = journal_of(&[3]);
    let name = commit_name(1);
    let rest = backend.read(&name, 1 << 20).unwrap().unwrap()[journal.note().len()..].to_vec();
    let note = String::from_utf8(journal.note().to_vec()).unwrap();
    let other = Signer::from_seed("example.org/archive", &[8; 32]).unwrap();
    let checkpoint = Checkpoint::parse(&note[..=note.find("\n\n").unwrap()]).unwrap();
    let elsewhere = Checkpoint { origin: "example.org/b".into(), ..checkpoint.clone() };
    for false_note in [
        note.replace("\n4\n", "\n3\n").into_bytes(),
        checkpoint.sign(&other).unwrap(),
        elsewhere.sign(&signer()).unwrap(),
    ] {
        backend.swap(&name, &[&false_note[..], &rest].concat()).unwrap();
        assert!(matches!(Journal::open(backend.clone()), Err(Error::Untrusted { .. })));
    }
    for torn in [&b""[..], b"x", &note.as_bytes()[..note.len() - 1], note.as_bytes()] {
        backend.swap(&name, torn).unwrap();
        assert!(matches!(Journal::open(backend.clone()), Err(Error::Damaged { .. })));
    }
    // Nobody reads the copy.
    backend.swap(&name, &[note.as_bytes(), &rest].concat()).unwrap();
    backend.swap(CHECKPOINT, b"x").unwrap();
    assert_eq!(Journal::open(backend.clone()).unwrap().size(), 4);
    backend.remove(&commit_name(0)).unwrap();
    backend.remove(&name).unwrap();
    assert!(matches!(Journal::open(backend), Err(Error::Damaged { .. })));
}

#[test]
fn another_key_does_not_sign() {
    let (_, mut journal, frontier) = journal_of(&[3]);
    let other = Signer::from_seed("example.org/archive", &[8; 32]).unwrap();
    let staged = journal.stage(&frontier, &[draft(0)], closing()).unwrap();
    let refused = journal.commit(staged, &other);
    assert!(matches!(refused, Err(Error::Refused(Refusal::NoSigningKey { .. }))));
    assert_eq!(journal.size(), 4);
}

#[test]
fn nothing_is_staged_on_what_was_not_signed() {
    let (_, journal, _) = journal_of(&[3]);
    let stage = |frontier: &Frontier| journal.stage(frontier, &[draft(0)], closing());
    assert!(matches!(stage(&Frontier::default()), Err(Error::Damaged { .. })));
}

#[test]
fn a_commit_cut_anywhere_is_damaged_and_is_named() {
    let (backend, mut journal, frontier) = journal_of(&[2]);
    append(&mut journal, &frontier, 0);
    let name = commit_name(1);
    let whole = backend.read(&name, 1 << 20).unwrap().unwrap();
    for end in 0..whole.len() {
        backend.swap(&name, &whole[..end]).unwrap();
        let found = journal.entries(0..3).next().unwrap();
        let Err(Error::Damaged { object, .. }) = found else { panic!("cut at {end}") };
        assert_eq!(object, name);
        assert!(
            journal.examine(0..3).flatten().flatten().all(|one| one.problem.is_some()),
            "cut at {end}"
        );
    }
}

#[test]
fn details_cut_anywhere_leave_the_events() {
    let (backend, journal, _) = journal_of(&[2]);
    let name = details_name(1, &[9; 8]);
    let whole = backend.read(&name, 1 << 20).unwrap().unwrap();
    for end in 0..whole.len() {
        backend.swap(&name, &whole[..end]).unwrap();
        let entry = journal.entries(0..3).next().unwrap().unwrap();
        assert_eq!(entry.detail, None);
        let found = journal.examine(0..1).flatten().flatten().next().unwrap();
        assert!(matches!(found.problem, Some(Problem::DetailDamaged(_))), "cut at {end}");
    }
    backend.swap(&name, &whole).unwrap();
    assert!(journal.entries(0..2).all(|entry| entry.unwrap().detail.is_some()));
}

#[test]
fn an_examination_reports_each_problem_where_it_is() {
    let (backend, mut journal, frontier) = journal_of(&[9]);
    append(&mut journal, &frontier, 9);
    let mut lines: Vec<Vec<u8>> = (0..9).map(|i| draft(10 + i).line().to_vec()).collect();
    let mut details: Vec<Vec<u8>> = (0..9).map(|i| draft(10 + i).detail().to_vec()).collect();
    lines[2] = b"{}".to_vec();
    details[3] = details[4].clone();
    details[5] = Vec::new();
    let other = br#"{"t":"tag","v":1,"at":"2026-01-01T00:00:00Z","list":[]}"#;
    lines[6] = other.to_vec();
    details[6] = Vec::new();
    lines.push(Vec::new());
    details.push(Vec::new());
    let name = details_name(2, &[9; 8]);
    let slices = |items: &[Vec<u8>]| -> Vec<Vec<u8>> { items.to_vec() };
    let (lines, details) = (slices(&lines), slices(&details));
    let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    let details: Vec<&[u8]> = details.iter().map(Vec::as_slice).collect();
    let commit = object::encode_commit(journal.note(), [9; 8], 10, &lines).unwrap();
    backend.swap(&commit_name(2), &commit).unwrap();
    backend.swap(&name, &object::encode_details([9; 8], 10, None, &details).unwrap()).unwrap();
    assert_eq!(journal.examine(0..20).flatten().flatten().count(), 20);
    backend.remove(&commit_name(1)).unwrap();
    let examined: Vec<Examined> = journal.examine(5..20).flatten().flatten().collect();
    assert_eq!(
        examined.iter().map(|one| one.index).collect::<Vec<u64>>(),
        (5..20).collect::<Vec<u64>>()
    );
    for one in examined {
        let problem = one.problem.clone();
        match one.index {
            5..10 => assert!(matches!(problem, Some(Problem::EntryDamaged(_))), "{problem:?}"),
            12 | 19 => {
                assert!(matches!(problem, Some(Problem::EventMalformed(_))));
                assert!(one.leaf.is_some() && one.event.is_none());
            }
            13 => assert_eq!(problem, Some(Problem::DetailMismatch)),
            15 => {
                assert_eq!(problem, Some(Problem::DetailErased));
                assert!(one.event.is_some() && one.detail.is_none());
            }
            16 => assert!(matches!(one.event, Some(Event::Other(_))) && problem.is_none()),
            n => assert!(problem.is_none() && one.detail.is_some(), "{n} {problem:?}"),
        }
    }
    let named = journal.entries(12..13).next().unwrap().unwrap_err().to_string();
    assert!(named.starts_with("event 12 is damaged"), "{named}");

    backend.remove(&name).unwrap();
    let one = journal.examine(11..12).flatten().flatten().next().unwrap();
    assert_eq!(one.problem, Some(Problem::DetailMissing));
    assert_eq!(journal.entries(11..12).next().unwrap().unwrap().detail, None);
}

#[test]
fn whoever_is_overtaken_goes_on_behind_the_other() {
    let (backend, mut one, frontier) = journal_of(&[2]);
    let mut two = Journal::open(backend.clone()).unwrap();
    let ids = [[1; 8], [2; 8]];
    let stage = |journal: &Journal, frontier: &Frontier, n: usize| {
        let closing = Closing { id: ids[n], ..closing() };
        journal.stage(frontier, &[draft(100 + n as u64)], closing).unwrap()
    };
    let (first, second) = (stage(&one, &frontier, 0), stage(&two, &frontier, 1));
    let Settled::Committed(frontier) = one.commit(first, &signer()).unwrap() else { panic!() };
    assert!(matches!(two.commit(second, &signer()).unwrap(), Settled::Overtaken));
    assert_eq!(two.size(), 3);
    two.refresh().unwrap();
    assert_eq!(two.head(), one.head());
    let again = stage(&two, &frontier, 1);
    assert!(matches!(two.commit(again, &signer()).unwrap(), Settled::Committed(_)));
    assert_eq!(Journal::open(backend).unwrap().size(), 7);
}

#[test]
fn a_revision_of_a_short_story_costs_at_most_120_bytes_of_journal() {
    for (n_commits, n_drafts) in [(1, 8191), (30, 32)] {
        let (backend, _, _) = journal_of(&vec![n_drafts; n_commits]);
        let in_folder = |folder| backend.list(folder).unwrap().iter().map(|o| o.bytes).sum::<u64>();
        let (entries, details) = (in_folder("log"), in_folder("details"));
        let n = n_commits as u64 * n_drafts;
        println!("entries {}, details {} bytes of {n} revisions", entries / n, details / n);
        assert!(entries + details <= 120 * n, "{entries} + {details}");
    }
}

#[test]
fn salts_are_left_to_the_seed_and_come_back_with_an_erased_detail() {
    let (backend, journal, _) = journal_of(&[300]);
    let name = details_name(1, &[9; 8]);
    let stored = || backend.contents()[&name].to_vec();
    let examined =
        |journal: &Journal| journal.examine(0..301).flatten().flatten().collect::<Vec<_>>();
    let before = examined(&journal);
    assert!(before.iter().all(|event| event.problem.is_none()));
    let n_before = stored().len();
    assert_eq!(stored()[..16], [7; 16]);

    let erased = journal.without_details(1, &[260]).unwrap();
    backend.swap(&name, &erased).unwrap();
    assert_eq!(stored()[..16], [0; 16], "whoever has the seed could try what was erased");
    assert!(stored().len() > n_before + 299 * 16, "each other salt stands there");
    for (old, new) in before.iter().zip(examined(&journal)) {
        match new.index {
            260 => assert_eq!(new.problem, Some(Problem::DetailErased)),
            _ => assert_eq!((&new.detail, new.problem), (&old.detail, None)),
        }
    }
}

#[test]
fn a_seed_that_is_not_the_writers_is_found() {
    let (backend, journal, _) = journal_of(&[3]);
    let name = details_name(1, &[9; 8]);
    let whole = backend.contents()[&name].to_vec();
    let without_seed = journal.without_details(1, &[]).unwrap();
    for (stored, at) in [(&whole, 0), (&whole, 15), (&without_seed, 3)] {
        let mut stored = stored.clone();
        stored[at] ^= 1;
        backend.swap(&name, &stored).unwrap();
        assert!(
            journal
                .examine(0..4)
                .flatten()
                .flatten()
                .all(|it| it.problem == Some(Problem::DetailMismatch))
        );
    }
    backend.swap(&name, &without_seed).unwrap();
    assert!(journal.examine(0..4).flatten().flatten().all(|it| it.problem.is_none()));
}
