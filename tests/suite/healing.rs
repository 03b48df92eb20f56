//! What is damaged heals when the same bytes are added again, whether or not their file looks changed; and
//! what was healed is said.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        ingest::{FileStat, IngestOptions, Intake, Outcome, Reading, Source},
        inspect::audit::{AuditScope, Code},
    },
    store::{
        frame::FrameKind,
        pack,
        place::{Place, Places},
    },
    types::{digest::Digest, error::Error, name::DocName},
};

use crate::common::{self, ingest, init_in, noise, open_in, sandbox::Sandbox};

/// A file that looks the same unless it says otherwise; counts its readings.
#[derive(Clone)]
struct File {
    name: &'static str,
    bytes: Arc<Vec<u8>>,
    mtime: i64,
    n_reads: Arc<AtomicUsize>,
}

struct Opened(File, usize);

impl File {
    fn new(name: &'static str, bytes: Vec<u8>) -> Self {
        Self { name, bytes: Arc::new(bytes), mtime: 1, n_reads: Arc::default() }
    }

    fn stat(&self) -> FileStat {
        let (n_bytes, mtime) = (self.bytes.len() as u64, self.mtime);
        FileStat { n_bytes, mtime, ctime: 1, inode: 1, device: 1 }
    }

    fn intake(&self) -> Intake {
        let intake = Intake::new(DocName::new(self.name).unwrap(), self.clone());
        Intake { file_stat: Some(self.stat()), ..intake }
    }
}

impl Source for File {
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        self.n_reads.fetch_add(1, Relaxed);
        Ok(Box::new(Opened(self.clone(), 0)))
    }
}

impl Read for Opened {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n_read = (&self.0.bytes[self.1..]).read(out)?;
        self.1 += n_read;
        Ok(n_read)
    }
}

impl Reading for Opened {
    fn file_stat(&self) -> io::Result<Option<FileStat>> {
        Ok(Some(self.0.stat()))
    }
}

/// An archive, opened by whoever keeps the stats of files beside it.
fn opened(path: &Path) -> Archive {
    let mut archive = open_in(path);
    archive.keep_stats_in(path.parent().unwrap());
    archive
}

/// A folder with files, and an archive that has them.
struct Example {
    _folder: tempfile::TempDir,
    path: PathBuf,
    files: Vec<File>,
    n_runs: u64,
}

impl Example {
    fn new(files: Vec<File>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        drop(init_in(&path));
        let mut example = Self { _folder: folder, path, files, n_runs: 0 };
        let n_files = example.files.len();
        assert_eq!(example.add(), vec!["new"; n_files]);
        let unread = vec!["unchanged, not read"; n_files];
        assert_eq!(example.add(), unread);
        example
    }

    /// Of three files, none of which shares a frame with another.
    fn of_three() -> Self {
        Self::new(vec![
            File::new("a", noise(1, 30_000)),
            File::new("b", noise(2, 30_000)),
            File::new("c", noise(3, 30_000)),
        ])
    }

    fn add(&mut self) -> Vec<&'static str> {
        self.add_by(&IngestOptions::default())
    }

    /// Adds all files; what became of each.
    fn add_by(&mut self, options: &IngestOptions) -> Vec<&'static str> {
        self.n_runs += 1;
        let before: Vec<usize> = self.n_reads();
        let intakes: Vec<Intake> = self.files.iter().map(File::intake).collect();
        let outcomes = ingest(&mut opened(&self.path), self.n_runs, intakes, options).unwrap();
        let word = |(outcome, is_read): (Outcome, bool)| match (outcome, is_read) {
            (Outcome::New(_), _) => "new",
            (Outcome::Revised(_), _) => "revised",
            (Outcome::Healed, _) => "healed",
            (Outcome::Unchanged, true) => "unchanged",
            (Outcome::Unchanged, false) => "unchanged, not read",
            other => panic!("{other:?}"),
        };
        let is_read = self.n_reads().into_iter().zip(before).map(|(now, before)| now > before);
        outcomes.into_iter().zip(is_read).map(word).collect()
    }

    fn n_reads(&self) -> Vec<usize> {
        self.files.iter().map(|file| file.n_reads.load(Relaxed)).collect()
    }

    fn place(&self, bytes: &[u8]) -> Place {
        opened(&self.path).catalog().places(Digest::of(bytes).key()).unwrap()[0]
    }

    fn pack(&self, place: &Place) -> PathBuf {
        self.path.join(place.pack.object_name())
    }

    fn spoil(&self, place: &Place) {
        flip(&self.pack(place), (place.offset + place.n_bytes) as usize - 9);
    }

    /// How many contents an audit finds hurt.
    fn n_hurt(&self) -> usize {
        n_hurt(&opened(&self.path))
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn n_hurt(archive: &Archive) -> usize {
    let report = archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {});
    let findings = report.unwrap().findings;
    let is_hurt = |code| matches!(code, Code::BlobDamaged | Code::BlobMissing);
    findings.iter().filter(|finding| is_hurt(finding.code)).count()
}

const ONE_HEALED: [&str; 3] = ["unchanged, not read", "healed", "unchanged, not read"];
const UNREAD: [&str; 3] = ["unchanged, not read"; 3];

#[test]
fn damage_that_an_audit_found_heals_though_the_file_looks_unchanged() {
    // A file that looks unchanged was passed over by every later add, so damage to what is stored of it
    // stayed for ever, found by each audit.
    let mut example = Example::of_three();
    example.spoil(&example.place(&example.files[1].bytes));
    assert_eq!(example.add(), UNREAD, "nobody has noticed");
    assert_eq!(example.n_hurt(), 1);
    assert_eq!(example.add(), ONE_HEALED);
    assert_eq!(example.n_hurt(), 0);
    assert_eq!(example.add(), UNREAD);
}

#[test]
fn damage_that_a_reader_met_heals_though_the_file_looks_unchanged() {
    let mut example = Example::of_three();
    example.spoil(&example.place(&example.files[1].bytes));
    let archive = opened(&example.path);
    let document = archive.document(b"b").unwrap();
    let revision = archive.catalog().revisions(&document).unwrap().remove(0);
    assert!(matches!(archive.read(&document, &revision), Err(Error::Damaged { .. })));
    drop(archive);
    assert_eq!(example.add(), ONE_HEALED);
    assert_eq!(example.n_hurt(), 0);
}

#[test]
fn an_audit_of_one_document_that_finds_a_damaged_pack_has_every_file_looked_at() {
    let mut example = Example::of_three();
    example.spoil(&example.place(&example.files[1].bytes));
    let archive = opened(&example.path);
    let documents = vec![archive.document(b"a").unwrap().id];
    let scope = AuditScope { documents, ..AuditScope::default() };
    archive.audit(&scope, HistoryCheck::NotRemembered, &mut |_| {}).unwrap();
    drop(archive);
    assert_eq!(example.add(), ["unchanged", "healed", "unchanged"]);
    assert_eq!(example.n_hurt(), 0);
}

#[test]
fn a_pack_that_is_missing_or_cut_heals_though_nobody_has_noticed() {
    for cut in [true, false] {
        let mut example = Example::of_three();
        let pack = example.pack(&example.place(&example.files[1].bytes));
        match cut {
            true => fs::write(&pack, &fs::read(&pack).unwrap()[..40_000]).unwrap(),
            false => fs::remove_file(&pack).unwrap(),
        }
        let healed = example.add().into_iter().filter(|word| *word == "healed").count();
        assert!(healed > 0 && (cut || healed == 3), "{healed} healed");
        assert_eq!(example.n_hurt(), 0);
        let healed = example.add().into_iter().filter(|word| *word == "healed").count();
        assert_eq!(healed, 0);
    }
}

#[test]
fn force_heals_whatever_is_damaged() {
    let mut example = Example::of_three();
    example.spoil(&example.place(&example.files[1].bytes));
    let force = IngestOptions { verifies_unchanged: true, ..IngestOptions::default() };
    assert_eq!(example.add_by(&force), ["unchanged", "healed", "unchanged"]);
    assert_eq!(example.n_hurt(), 0);
    assert_eq!(example.add_by(&force), ["unchanged"; 3]);
}

#[test]
fn damage_that_another_user_noticed_heals_by_force() {
    let mut example = Example::of_three();
    example.spoil(&example.place(&example.files[1].bytes));
    // Who keeps no stats, or has them elsewhere, cannot have those of others forgotten.
    assert_eq!(n_hurt(&open_in(&example.path)), 1);
    assert_eq!(example.add(), UNREAD);
    let force = IngestOptions { verifies_unchanged: true, ..IngestOptions::default() };
    assert_eq!(example.add_by(&force), ["unchanged", "healed", "unchanged"]);
    assert_eq!(example.n_hurt(), 0);
}

#[test]
fn what_the_stat_cache_says_is_believed_until_all_is_read() {
    let mut example = Example::of_three();
    let changed = File { mtime: 2, ..File::new("b", noise(9, 30_000)) };
    example.files[1] = changed;
    let cache = example.path.parent().unwrap().join("stats.sqlite");
    let edit = "UPDATE stat SET mtime = 2 WHERE name = 'b'";
    assert_eq!(rusqlite::Connection::open(cache).unwrap().execute(edit, []), Ok(1));
    assert_eq!(example.add(), UNREAD, "an edit of the cache hides a change");
    let archive = open_in(&example.path);
    let report = archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {});
    assert!(report.unwrap().is_sound(), "what is in the archive is what was added");
    let force = IngestOptions { verifies_unchanged: true, ..IngestOptions::default() };
    let mut found = example.add_by(&force);
    found.sort();
    assert_eq!(found, ["revised", "unchanged", "unchanged"]);
}

#[test]
fn a_large_content_heals_whichever_part_of_it_is_damaged() {
    let bytes = noise(7, 6 << 20);
    for is_list in [true, false] {
        let mut example = Example::new(vec![File::new("large", bytes.clone())]);
        let list = example.place(&bytes);
        let place = match is_list {
            true => list,
            false => first_blob(&example, &list),
        };
        example.spoil(&place);
        assert_eq!(example.n_hurt(), 1);
        assert_eq!(example.add(), ["healed"], "list: {is_list}");
        assert_eq!(example.n_hurt(), 0);
        assert_eq!(example.add(), ["unchanged, not read"]);
    }
}

/// A place of a chunk in the pack of a list.
fn first_blob(example: &Example, list: &Place) -> Place {
    let bytes = fs::read(example.pack(list)).unwrap();
    let mut found = None;
    pack::each_header(&bytes, |offset, n_bytes, header| {
        if header.kind == FrameKind::Single && found.is_none() {
            found = Some(Place { pack: list.pack, offset, n_bytes, index: 0 });
        }
    })
    .unwrap();
    found.unwrap()
}

#[test]
fn the_same_bytes_under_another_name_heal_and_say_so() {
    let mut example = Example::of_three();
    example.spoil(&example.place(&example.files[1].bytes));
    let mut archive = opened(&example.path);
    let other = common::intake(b"other", &example.files[1].bytes);
    let outcomes = ingest(&mut archive, 9, [other], &IngestOptions::default()).unwrap();
    let [Outcome::New(revision)] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(revision.is_healed && !revision.is_new_content);
    drop(archive);
    assert_eq!(example.n_hurt(), 0);
    assert_eq!(example.add(), UNREAD);
}

/// Damages all that is stored of a file's bytes.
fn spoil_file(sandbox: &Sandbox, name: &str) {
    let archive = opened(&sandbox.store());
    let bytes = fs::read(sandbox.at(name)).unwrap();
    let places = archive.catalog().places(Digest::of(&bytes).key()).unwrap();
    assert!(!places.is_empty());
    for place in places {
        let middle = (place.offset + place.n_bytes / 2) as usize;
        let pack = sandbox.store().join(place.pack.object_name());
        let mut bytes = fs::read(&pack).unwrap();
        bytes[middle..middle + 8].fill(0);
        fs::write(&pack, bytes).unwrap();
    }
}

#[test]
fn an_earlier_revision_and_a_renamed_document_heal() {
    let sandbox = Sandbox::new();
    for (n, day) in ["2020-01-01", "2021-01-01"].into_iter().enumerate() {
        sandbox.write("in/b", noise(n as u64, 30_000));
        sandbox.run(["add", "-q", "--captured", day, "in"]).expect(0);
    }
    sandbox.write("in/b", noise(0, 30_000));
    spoil_file(&sandbox, "in/b");
    let again = ["add", "--captured", "2020-01-01", "in"];
    let healed = "1 unchanged, 1 to be healed in the archive";
    sandbox.run(["add", "-n", "--captured", "2020-01-01", "in"]).expect(0).says(healed);
    sandbox.run(again).expect(0).says("1 unchanged, 1 healed in the archive");
    sandbox.run(["cat", "in/b@1"]).expect(0);
    sandbox.write("in/b", noise(1, 30_000));
    spoil_file(&sandbox, "in/b");
    fs::rename(sandbox.at("in/b"), sandbox.at("in/c")).unwrap();
    let track = ["add", "-v", "--track", "in"];
    sandbox.run(track).expect(0).answers("renamed    in/c (was in/b, healed)\n");
    sandbox.run(["cat", "in/c"]).expect(0);
}

#[test]
fn the_program_says_what_it_healed() {
    let sandbox = Sandbox::new();
    for (n, name) in ["a", "b"].into_iter().enumerate() {
        sandbox.write(name, noise(n as u64, 30_000));
    }
    sandbox.run(["add", "-q", "a", "b"]).expect(0);
    let spoil = || spoil_file(&sandbox, "b");
    spoil();
    sandbox.run(["cat", "b"]).expect(6).answers("");
    sandbox
        .run(["add", "-n", "-v", "a", "b"])
        .expect(0)
        .answers("unchanged  a\nhealed     b\n")
        .says("2 unchanged, 1 to be healed in the archive");
    sandbox
        .run(["add", "-v", "a", "b"])
        .expect(0)
        .answers("unchanged  a\nhealed     b\n")
        .says("0 new documents, 0 new revisions, 2 unchanged, 1 healed in the archive (0 B)");
    sandbox.run(["cat", "b"]).expect(0);
    spoil();
    sandbox
        .run(["add", "-v", "b", "--as", "c"])
        .expect(0)
        .answers("new        c@1 (healed)\n")
        .says("1 healed in the archive");
    spoil();
    sandbox.run(["add", "-n", "a", "b"]).expect(0).says("to be healed: b\n");
    sandbox.run(["add", "a", "b"]).expect(0).says("healed: b\n");
    spoil();
    let lines = sandbox.json(["add", "--force", "a", "b"]);
    let healed: Vec<_> = lines.iter().filter(|line| line["type"] == "added").collect();
    assert_eq!(healed.len(), 1, "{lines:?}");
    assert_eq!((&healed[0]["status"], &healed[0]["healed"]), (&"healed".into(), &true.into()));
    assert_eq!(healed[0]["name"], "b");
    assert_eq!(lines.last().unwrap()["healed"], 1);
    assert_eq!(sandbox.run(["cat", "b"]).expect(0).out, fs::read(sandbox.at("b")).unwrap());
}

/// The packs of an archive, each lost in some way.
fn lose_packs(sandbox: &Sandbox, is_cut: bool) {
    for (pack, bytes) in Sandbox::tree(&sandbox.store().join("packs")) {
        let pack = sandbox.store().join("packs").join(pack);
        match is_cut {
            true => fs::write(pack, &bytes[..20]).unwrap(),
            false => fs::remove_file(pack).unwrap(),
        }
    }
}

/// Else nothing could be withdrawn or copied for ever where there is no copy of it.
#[test]
fn a_lost_pack_counts_no_more_once_all_that_it_held_is_there_again() {
    for is_cut in [false, true] {
        let sandbox = Sandbox::new();
        for name in ["f", "g"] {
            sandbox.write(name, format!("the words of {name}\n"));
        }
        sandbox.run(["add", "-q", "f", "g"]).expect(0);
        lose_packs(&sandbox, is_cut);
        sandbox.run(["add", "f"]).expect(0).says("healed: f");
        // One of its contents is still to come.
        sandbox.run(["compact", "--all"]).expect(6);
        sandbox.run(["copy", "copy"]).expect(6);
        sandbox.run(["add", "g"]).expect(0).says("healed: g");
        sandbox.write("z", "what is to go\n");
        sandbox.run(["add", "-q", "z"]).expect(0);
        sandbox.run(["compact", "-n"]).says("1 pack lost, which would count no more");
        sandbox.run(["withdraw", "z", "--reason", "legal"]).expect(0).says("nothing of it is left");
        sandbox.run(["copy", "-q", "copy"]).expect(0);
        for store in ["copy", sandbox.store().to_str().unwrap()] {
            sandbox.run(["audit", "-q", "--store", store]).expect(0);
            sandbox.run(["cat", "g", "--store", store]).expect(0).answers("the words of g\n");
        }
    }
}
