//! Commit objects and details objects, as bytes and as names. Layout: docs/format.md, section 7.
//!
//! A commit object begins with the signed checkpoint, so that any program for notes can read it. Behind an
//! empty line come its head and its events in bundles. A details object has the same head and bundles, behind
//! the seed of their salts.

use crate::{
    backend::Backend,
    types::{digest::hex, error::Error, limits},
};

use super::{
    bundle::{self, BundleItems, Half},
    salts::{self, SEED_BYTES, SaltSeed},
};

/// What makes a commit, and the object with its details, unlike any other: 8 random bytes.
pub type CommitId = [u8; 8];

/// Bytes of a head before its table.
const HEAD_BYTES: usize = 20;
/// What is read first of an object: notes and tables are rarely longer.
const FIRST_BYTES: usize = 4 << 10;

/// The part of an object that says where its bundles lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which commit.
    pub id: CommitId,
    /// The index of its first event.
    pub first: u64,
    /// The lengths of the bundles, in order.
    pub bundles: Vec<u32>,
}

/// The head of an object, with what was read of the object to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadHead {
    /// The head itself.
    pub head: Head,
    /// Where the first bundle begins.
    start: u64,
    /// The object's first bytes: of a small one all, so that its bundles need not be read again.
    opening: Vec<u8>,
}

/// What a commit object begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitHead {
    /// The signed checkpoint.
    pub note: Vec<u8>,
    /// Where its events lie.
    pub body: ReadHead,
}

/// What an object of details begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailsHead {
    /// What the salts follow from; none where each detail has its own.
    seed: Option<SaltSeed>,
    /// Where the details lie.
    pub body: ReadHead,
}

/// The name of a commit: its number in three groups of three digits.
pub fn commit_name(number: u64) -> String {
    format!("log/{}", grouped(number))
}

/// The number of a commit whose object has this name.
pub fn commit_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("log/")?.replace('/', "");
    let number = digits.parse().ok()?;
    (commit_name(number) == name).then_some(number)
}

/// The number of the commit whose object, or whose details, have this name.
pub fn number_of(name: &str) -> Option<u64> {
    let details = || {
        let (grouped, _) = name.strip_prefix("details/")?.rsplit_once('-')?;
        commit_number(&format!("log/{grouped}"))
    };
    commit_number(name).or_else(details)
}

/// The name of the object with the details of a commit.
pub fn details_name(number: u64, id: &CommitId) -> String {
    format!("details/{}-{}", grouped(number), hex(id))
}

/// So many commits lie in one folder.
pub const FOLDER_COMMITS: u64 = 1000;

fn grouped(number: u64) -> String {
    let folders = number / FOLDER_COMMITS;
    let [millions, thousands, units] = [folders / 1000, folders % 1000, number % FOLDER_COMMITS];
    format!("{millions:03}/{thousands:03}/{units:03}")
}

/// The bytes of a commit object.
pub fn encode_commit(
    note: &[u8],
    id: CommitId,
    first: u64,
    lines: &[&[u8]],
) -> Result<Vec<u8>, Error> {
    let mut bytes = note.to_vec();
    bytes.push(b'\n');
    encode_body(Half::Entries, id, first, lines, &mut bytes)?;
    Ok(bytes)
}

/// The bytes of a details object. Where all salts follow from the seed, it stands for them.
pub fn encode_details(
    id: CommitId,
    first: u64,
    seed: Option<SaltSeed>,
    details: &[&[u8]],
) -> Result<Vec<u8>, Error> {
    let short = seed.and_then(|seed| Some((seed, seed.without(details)?)));
    let (seed, items) = match &short {
        Some((seed, short)) => (*seed.as_bytes(), &short[..]),
        None => ([0; SEED_BYTES], details),
    };
    let mut bytes = seed.to_vec();
    encode_body(Half::Details, id, first, items, &mut bytes)?;
    Ok(bytes)
}

fn encode_body(
    half: Half,
    id: CommitId,
    first: u64,
    items: &[&[u8]],
    bytes: &mut Vec<u8>,
) -> Result<(), Error> {
    let bundles = items.chunks(limits::BUNDLE_EVENTS as usize);
    let bundles =
        bundles.map(|items| bundle::encode(half, items)).collect::<Result<Vec<_>, _>>()?;
    if bundles.len() > limits::COMMIT_BUNDLES_MAX {
        return Err(Error::usage("a commit holds at most 65,536 events"));
    }
    bytes.extend_from_slice(&id);
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.extend_from_slice(&(bundles.len() as u32).to_le_bytes());
    for bundle in &bundles {
        bytes.extend_from_slice(&(bundle.len() as u32).to_le_bytes());
    }
    bundles.iter().for_each(|bundle| bytes.extend_from_slice(bundle));
    Ok(())
}

impl Head {
    /// Reads a head from the start of `bytes`, and how long it is; none where they end too early.
    fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, String> {
        let Some((fixed, rest)) = bytes.split_at_checked(HEAD_BYTES) else { return Ok(None) };
        let n_bundles = u32::from_le_bytes([fixed[16], fixed[17], fixed[18], fixed[19]]) as usize;
        if n_bundles > limits::COMMIT_BUNDLES_MAX {
            return Err(format!("its head states {n_bundles} bundles"));
        }
        let Some(table) = rest.get(..n_bundles * 4) else { return Ok(None) };
        let number = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let bundles = table.chunks_exact(4).map(number).collect();
        let mut first = [0; 8];
        first.copy_from_slice(&fixed[8..16]);
        let mut id = [0; 8];
        id.copy_from_slice(&fixed[..8]);
        let head = Self { id, first: u64::from_le_bytes(first), bundles };
        Ok(Some((head, HEAD_BYTES + n_bundles * 4)))
    }

    /// Where a bundle lies, counted from the end of the head.
    fn range(&self, bundle: usize) -> Option<(u64, usize)> {
        let n_bytes = *self.bundles.get(bundle)? as usize;
        Some((self.bundles[..bundle].iter().map(|n| u64::from(*n)).sum(), n_bytes))
    }

    fn n_bytes(&self) -> u64 {
        self.bundles.iter().map(|n| u64::from(*n)).sum()
    }
}

/// Splits a note from what follows its empty line; none where the bytes end before that.
fn split_note(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end_of_part = |from: usize| {
        let found = bytes.get(from..)?.windows(2).position(|two| two == b"\n\n")?;
        Some(from + found + 2)
    };
    let end = end_of_part(end_of_part(0)?)?;
    Some((&bytes[..end - 1], &bytes[end..]))
}

/// Reads the head of a commit; none where there is no such object.
pub fn read_commit_head(backend: &dyn Backend, number: u64) -> Result<Option<CommitHead>, Error> {
    let name = commit_name(number);
    let read = read_start(backend, &name, limits::NOTE_BYTES_MAX, |bytes| {
        let Some((note, rest)) = split_note(bytes) else { return Ok(None) };
        let Some((head, n_bytes)) = Head::parse(rest)? else { return Ok(None) };
        Ok(Some((note.to_vec(), head, bytes.len() - rest.len() + n_bytes)))
    })?;
    Ok(read.map(|(note, body)| CommitHead { note, body }))
}

/// Reads the head of a details object; none where there is no such object.
pub fn read_details_head(backend: &dyn Backend, name: &str) -> Result<Option<DetailsHead>, Error> {
    let read = read_start(backend, name, SEED_BYTES, |bytes| {
        let Some((seed, rest)) = bytes.split_first_chunk() else { return Ok(None) };
        let Some((head, n_bytes)) = Head::parse(rest)? else { return Ok(None) };
        Ok(Some((SaltSeed::read(*seed), head, SEED_BYTES + n_bytes)))
    })?;
    Ok(read.map(|(seed, body)| DetailsHead { seed, body }))
}

/// Reads as much of an object as `parse` needs, which gives what stands before the head, the head, and
/// where it ends.
fn read_start<T>(
    backend: &dyn Backend,
    name: &str,
    before_max: usize,
    parse: impl Fn(&[u8]) -> Result<Option<(T, Head, usize)>, String>,
) -> Result<Option<(T, ReadHead)>, Error> {
    let needed_max = before_max + 1 + HEAD_BYTES + limits::COMMIT_BUNDLES_MAX * 4;
    for n_wanted in [FIRST_BYTES, needed_max] {
        let Some((opening, n_bytes)) = backend.read_first(name, n_wanted)? else {
            return Ok(None);
        };
        let parsed = parse(&opening).map_err(|why| Error::damaged(name, why))?;
        let Some((before, head, start)) = parsed else { continue };
        let start = start as u64;
        let end = start + head.n_bytes();
        if end != n_bytes {
            let why = format!("it has {n_bytes} bytes, its head states {end}");
            return Err(Error::damaged(name, why));
        }
        return Ok(Some((before, ReadHead { head, start, opening })));
    }
    Err(Error::damaged(name, "its head is cut short"))
}

/// Reads one bundle of `width` items of the object with this head.
pub fn read_bundle(
    backend: &dyn Backend,
    half: Half,
    name: &str,
    body: &ReadHead,
    (bundle, width): (usize, u64),
) -> Result<BundleItems, Error> {
    let absent = || Error::damaged(name, "it holds fewer events than are signed");
    let (offset, n_bytes) = body.head.range(bundle).ok_or_else(absent)?;
    if n_bytes > half.stored_bytes_max() {
        return Err(Error::damaged(name, format!("its head states a bundle of {n_bytes} bytes")));
    }
    let start = body.start + offset;
    let read = body.opening.get(start as usize..).and_then(|rest| rest.get(..n_bytes));
    let decode = |stored: &[u8]| bundle::decode(half, stored, width);
    let decoded = match read {
        Some(stored) => decode(stored),
        None => decode(&backend.read_range(name, start, n_bytes)?),
    };
    decoded.map_err(|why| Error::damaged(name, why))
}

/// Reads one bundle of `width` details, each as its event's digest has it.
pub fn read_details(
    backend: &dyn Backend,
    name: &str,
    head: &DetailsHead,
    (bundle, width): (usize, u64),
) -> Result<BundleItems, Error> {
    let items = read_bundle(backend, Half::Details, name, &head.body, (bundle, width))?;
    if head.seed.is_none() {
        return Ok(items);
    }
    let first = bundle as u64 * limits::BUNDLE_EVENTS;
    Ok(items.rewritten(|n, stored, whole| {
        salts::complete(head.seed, first + n as u64, stored, whole);
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::memory::Memory;

    const NOTE: &[u8] = b"example.org/a\n3\nroot=\n\n\xe2\x80\x94 example.org/a sig=\n";

    #[test]
    fn names_go_round() {
        for (number, name) in [(0, "log/000/000/000"), (1_234_567, "log/001/234/567")] {
            assert_eq!(commit_name(number), name);
            assert_eq!(commit_number(name), Some(number));
        }
        for other in ["log/checkpoint", "log/0/0/0", "log/000/000/00a", "log/000000000"] {
            assert_eq!(commit_number(other), None, "{other}");
        }
        let details = details_name(12, &[0xab; 8]);
        assert_eq!(details, "details/000/000/012-abababababababab");
        assert_eq!((number_of(&details), number_of("log/000/000/012")), (Some(12), Some(12)));
        assert_eq!((number_of("details/012-ab"), number_of("packs/000/000/012-ab")), (None, None));
    }

    #[test]
    fn heads_and_bundles_are_read_alone() {
        let lines: Vec<Vec<u8>> = (0..600).map(|n| format!("line {n}").into_bytes()).collect();
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let backend = Memory::default();
        let stored = encode_commit(NOTE, [7; 8], 40, &lines).unwrap();
        backend.put(&commit_name(5), &stored).unwrap();
        let commit = read_commit_head(&backend, 5).unwrap().unwrap();
        let (head, name) = (&commit.body.head, commit_name(5));
        assert_eq!((&commit.note[..], head.first, head.id), (NOTE, 40, [7; 8]));
        let read = |bundle, width| {
            read_bundle(&backend, Half::Entries, &name, &commit.body, (bundle, width)).unwrap()
        };
        assert_eq!(read(2, 88).get(87), Some(&b"line 599"[..]));
        assert_eq!(read(0, 256).get(3), Some(&b"line 3"[..]));
        assert!(read_commit_head(&backend, 6).unwrap().is_none());
    }

    #[test]
    fn an_object_cut_or_lengthened_is_refused() {
        let stored = encode_commit(NOTE, [7; 8], 0, &[b"one", b"two"]).unwrap();
        let lengths = (0..stored.len()).chain([stored.len() + 1]);
        for n in lengths {
            let backend = Memory::default();
            let mut bytes = stored.clone();
            bytes.resize(n, 0);
            backend.put(&commit_name(0), &bytes).unwrap();
            assert!(read_commit_head(&backend, 0).is_err(), "{n} bytes");
        }
    }
}
