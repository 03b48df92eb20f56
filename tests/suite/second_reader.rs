//! The format's text suffices: a reader that was written from docs/format.md, and shares no line with the
//! program, reads what the program wrote. Its steps are those of "an archive in seven steps".

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use docarchive::Signer;
use docarchive::internals::{
    archive::{
        Archive,
        maintain::{
            compact::{CompressionLevels, Policy},
            describe::RenameRequest,
            withdraw::{ReasonCode, WithdrawalRequest},
        },
    },
    backend::memory::{Contents, Memory},
    types::{name::DocName, time::Timestamp},
};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zstd::zstd_safe::DCtx;

use crate::common::{
    add, add_one,
    authority::{Stated, answer},
    compact, context, everything, init, noise, signer,
};

pub type Hash = [u8; 32];

pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Reads numbers and stretches of bytes, one after the other.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(n);
        self.0 = rest;
        taken
    }

    fn little(&mut self, n: usize) -> u64 {
        self.take(n).iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte))
    }

    fn big(&mut self, n: usize) -> u64 {
        self.take(n).iter().fold(0, |all, byte| all << 8 | u64::from(*byte))
    }

    fn varint(&mut self) -> u64 {
        let (mut all, mut shift) = (0, 0);
        loop {
            let byte = self.little(1);
            all |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return all;
            }
            shift += 7;
        }
    }
}

/// A zstd frame of this many bytes, perhaps against a raw-content dictionary.
fn unzstd(stored: &[u8], n_bytes: usize, base: Option<&[u8]>) -> Vec<u8> {
    let mut context = DCtx::create();
    if let Some(base) = base {
        context.ref_prefix(base).unwrap();
    }
    let mut plain = Vec::with_capacity(n_bytes);
    assert_eq!(context.decompress(&mut plain, stored), Ok(n_bytes));
    plain
}

// Step 1.

/// Origin, the key's id, and the key, for checkpoints of so many events.
fn identity(facts: &Contents, size: u64) -> (String, Vec<u8>, VerifyingKey) {
    let text = std::str::from_utf8(&facts["identity"]).unwrap();
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap().split('\n').collect();
    let [version, origin, vkey, changes @ ..] = &lines[..] else { panic!() };
    assert_eq!(*version, "archive 1");
    let mut vkey = vkey.strip_prefix("vkey ").unwrap();
    assert!(vkey.starts_with(&format!("{}+", origin.strip_prefix("origin ").unwrap())));
    for change in changes {
        let (after, next) = change.strip_prefix("next ").unwrap().split_once(' ').unwrap();
        if after.parse::<u64>().unwrap() < size {
            vkey = next;
        }
    }
    let [name, id, key] = vkey.splitn(3, '+').collect::<Vec<_>>()[..] else { panic!() };
    let key = STANDARD.decode(key).unwrap();
    assert_eq!(key[0], 1);
    let id = unhex(id);
    assert_eq!(id, sha256(&[name.as_bytes(), b"\n", &key])[..4]);
    let key = VerifyingKey::from_bytes(key[1..].try_into().unwrap()).unwrap();
    (name.to_owned(), id, key)
}

// Step 2.

/// Size and root of the checkpoint that begins a commit, and what comes after the note.
pub fn checkpoint<'a>(commit: &'a [u8], facts: &Contents) -> (u64, Hash, &'a [u8]) {
    let empty_line = |bytes: &[u8]| bytes.windows(2).position(|two| two == b"\n\n").unwrap();
    let n_text = empty_line(commit) + 1;
    let (text, rest) = commit.split_at(n_text);
    let size = std::str::from_utf8(text).unwrap().split('\n').nth(1).unwrap();
    let (origin, id, key) = identity(facts, size.parse().unwrap());
    let n_lines = empty_line(&rest[1..]) + 1;
    let lines = std::str::from_utf8(&rest[1..][..n_lines]).unwrap();
    let own = format!("— {origin} ");
    let blobs = lines.lines().filter_map(|line| line.strip_prefix(&own));
    let blobs: Vec<_> = blobs.map(|blob| STANDARD.decode(blob).unwrap()).collect();
    let signatures: Vec<_> = blobs.iter().filter_map(|blob| blob.strip_prefix(&id[..])).collect();
    assert!(!signatures.is_empty());
    for signature in signatures {
        key.verify_strict(text, &Signature::from_slice(signature).unwrap()).unwrap();
    }
    let text = std::str::from_utf8(text).unwrap();
    let [first, size, root, ""] = text.split('\n').collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(first, origin);
    let root = STANDARD.decode(root).unwrap().try_into().unwrap();
    (size.parse().unwrap(), root, &rest[1 + n_lines + 1..])
}

// Step 3.

/// The Merkle tree hash of RFC 6962.
pub fn tree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            sha256(&[&[1], &tree_hash(left), &tree_hash(right)])
        }
    }
}

/// The block of the text that every bundle has as its dictionary.
fn dictionary() -> &'static [u8] {
    let text = include_str!("../../docs/format.md");
    let (_, rest) = text.split_once("```text dictionary\n").unwrap();
    rest.split_once("```").unwrap().0.as_bytes()
}

/// The details of a details object, as they were before their salts were left to the seed.
pub fn details(object: &[u8]) -> Vec<Vec<u8>> {
    let (seed, body) = object.split_at(16);
    let mut details = bundled(body, 4).2;
    for (n, detail) in details.iter_mut().enumerate() {
        if seed != [0; 16] && !detail.is_empty() {
            let salt = hex(&sha256(&[seed, &(n as u64).to_be_bytes()])[..16]);
            detail.splice(..0, format!("{{\"salt\":\"{salt}\",").into_bytes());
        }
    }
    details
}

/// The id, the first index and the items of the bundles: of a commit behind its note, or of details.
pub fn bundled(body: &[u8], n_length: usize) -> (String, u64, Vec<Vec<u8>>) {
    let mut body = Bytes(body);
    let (id, first, n_bundles) = (hex(body.take(8)), body.little(8), body.little(4));
    let lengths: Vec<_> = (0..n_bundles).map(|_| body.little(4) as usize).collect();
    let mut items = Vec::new();
    for length in lengths {
        let stored = body.take(length);
        let n_plain = zstd::zstd_safe::get_frame_content_size(stored).unwrap().unwrap();
        let plain = unzstd(stored, n_plain as usize, Some(dictionary()));
        let mut plain = Bytes(&plain);
        while !plain.0.is_empty() {
            let n_item = plain.big(n_length) as usize;
            items.push(plain.take(n_item).to_vec());
        }
    }
    assert!(body.0.is_empty());
    (id, first, items)
}

/// Every event of the archive with its detail, in order, compared with the newest checkpoint.
pub fn events(facts: &Contents) -> Vec<(Value, Value)> {
    let number = |n: usize| format!("{:03}/{:03}/{:03}", n / 1_000_000, n / 1000 % 1000, n % 1000);
    let commits = (0..).map_while(|n| facts.get(&format!("log/{}", number(n))));
    let (mut events, mut leaves, mut newest) = (Vec::new(), Vec::new(), (0, sha256(&[])));
    for (n, commit) in commits.enumerate() {
        let (size, root, body) = checkpoint(commit, facts);
        newest = (size, root);
        let (id, first, lines) = bundled(body, 2);
        assert_eq!(first, leaves.len() as u64);
        leaves.extend(lines.iter().map(|line| sha256(&[&[0], line])));
        let details = match facts.get(&format!("details/{}-{id}", number(n))) {
            Some(object) => details(object),
            None => vec![Vec::new(); lines.len()],
        };
        assert_eq!(details.len(), lines.len());
        for (line, detail) in lines.iter().zip(details) {
            let event: Value = serde_json::from_slice(line).unwrap();
            let is_whole = event["detail"] == hex(&sha256(&[&detail]));
            let detail =
                if is_whole { serde_json::from_slice(&detail).unwrap() } else { Value::Null };
            events.push((event, detail));
        }
    }
    assert_eq!(newest, (leaves.len() as u64, tree_hash(&leaves)));
    events
}

// Step 4.

fn packs(events: &[(Value, Value)]) -> Vec<String> {
    let mut packs = Vec::new();
    for (event, _) in events {
        let named = event["packs"].as_array().into_iter().flatten().map(|id| id.as_str().unwrap());
        match event["t"].as_str().unwrap() {
            "packs" => packs.extend(named.map(|id| format!("packs/{}/{id}", &id[..2]))),
            "condemn" => packs.retain(|pack| named.clone().all(|id| !pack.ends_with(id))),
            _ => {}
        }
    }
    packs
}

// Step 5.

/// A frame as its header states it.
struct Frame<'a> {
    pack: usize,
    flags: u64,
    lengths: Vec<usize>,
    keys: Vec<u64>,
    base: Option<u64>,
    depth: u64,
    payload: &'a [u8],
}

fn frame<'a>(stored: &'a [u8], pack: usize, keys: Vec<u64>) -> Frame<'a> {
    let mut bytes = Bytes(stored);
    assert_eq!(bytes.take(2), [0xa7, 0x46]);
    assert_eq!(bytes.little(4), u64::from(crc32fast::hash(&stored[6..])));
    let flags = bytes.little(1);
    let n_payload = bytes.varint() as usize;
    let n_blobs = if flags & 4 != 0 { bytes.varint() } else { 1 };
    let lengths = (0..n_blobs).map(|_| bytes.varint() as usize).collect();
    let (mut base, mut depth) = (None, 0);
    if flags & 2 != 0 {
        (base, depth) = (Some(bytes.big(8)), bytes.little(1));
        bytes.varint();
    }
    assert_eq!(bytes.0.len(), n_payload);
    Frame { pack, flags, lengths, keys, base, depth, payload: bytes.0 }
}

/// The frames of a pack, by its directory.
fn frames(stored: &[u8], pack: usize) -> Vec<Frame<'_>> {
    let (rest, footer) = stored.split_at(stored.len() - 24);
    assert_eq!((&stored[..8], &footer[16..]), (&b"ARCPACK\x01"[..], &b"ARCPEND\x01"[..]));
    let n_directory = Bytes(footer).little(4) as usize;
    let mut directory = Bytes(&rest[rest.len() - n_directory..]);
    let sum = crc32fast::hash(&stored[rest.len() - n_directory..rest.len() + 12]);
    assert_eq!(Bytes(&footer[12..]).little(4), u64::from(sum));
    let (mut frames, mut bytes) = (Vec::new(), Bytes(&rest[8..]));
    while !directory.0.is_empty() {
        let (n_frame, n_blobs) = (directory.varint() as usize, directory.varint());
        let keys = (0..n_blobs).map(|_| directory.big(8)).collect();
        frames.push(frame(bytes.take(n_frame), pack, keys));
    }
    assert_eq!(bytes.0.len(), n_directory);
    assert_eq!(frames.len() as u64, Bytes(&footer[4..]).little(4));
    frames
}

// Step 6.

/// Names with the SHA-256 and the size of each revision that was not withdrawn.
fn documents(events: &[(Value, Value)]) -> BTreeMap<Vec<u8>, Vec<(Hash, u64)>> {
    let (mut names, mut documents) = (BTreeMap::new(), BTreeMap::new());
    let withdrawals = events.iter().filter(|(event, _)| event["t"] == "withdraw");
    let withdrawn: BTreeSet<u64> = withdrawals
        .flat_map(|(event, _)| event["contents"].as_array().unwrap())
        .map(|index| index.as_u64().unwrap())
        .collect();
    for (index, (event, detail)) in (0..).zip(events) {
        let is_revision = event["t"] == "revise";
        if !is_revision && event["t"] != "rename" {
            continue;
        }
        let id = event["doc"].as_str().unwrap();
        let stated = match (detail["name_b64"].as_str(), detail["name"].as_str()) {
            (Some(name), _) => Some(STANDARD.decode(name).unwrap()),
            (None, name) => name.map(|name| name.as_bytes().to_vec()),
        };
        if !is_revision || !names.contains_key(id) {
            names.insert(id, stated.unwrap_or_else(|| id.as_bytes().to_vec()));
        }
        if is_revision {
            let digest = unhex(event["sha256"].as_str().unwrap()).try_into().unwrap();
            let revision = (digest, event["size"].as_u64().unwrap());
            let kept: &mut Vec<_> = documents.entry(id).or_default();
            kept.extend((!withdrawn.contains(&index)).then_some(revision));
        }
    }
    documents.into_iter().map(|(id, kept)| (names[id].clone(), kept)).collect()
}

// Step 7.

/// All that the directories name.
struct Store<'a>(Vec<Frame<'a>>);

impl Store<'_> {
    /// The bytes with this SHA-256, wherever they lie.
    fn content(&self, digest: &Hash, size: u64) -> Vec<u8> {
        if size <= 4 << 20 {
            return self.blob(digest);
        }
        let key = Bytes(digest).big(8);
        let lists = self.0.iter().filter(|frame| frame.flags & 8 != 0 && frame.keys == [key]);
        let contents = lists.map(|frame| self.joined(&self.decoded(frame)));
        contents.into_iter().find(|bytes| sha256(&[bytes]) == *digest).unwrap()
    }

    fn joined(&self, list: &[u8]) -> Vec<u8> {
        let mut list = Bytes(list);
        assert_eq!(list.take(1), [1]);
        let mut all = Vec::new();
        while !list.0.is_empty() {
            let n_chunk = list.big(4) as usize;
            let chunk = self.blob(list.take(32).try_into().unwrap());
            assert_eq!(chunk.len(), n_chunk);
            all.extend(chunk);
        }
        all
    }

    fn blob(&self, digest: &Hash) -> Vec<u8> {
        let key = Bytes(digest).big(8);
        let frames =
            self.0.iter().filter(|frame| frame.flags & 8 == 0 && frame.keys.contains(&key));
        frames.map(|frame| self.one(frame, key)).find(|blob| sha256(&[blob]) == *digest).unwrap()
    }

    /// The blob of a frame with this key.
    fn one(&self, frame: &Frame, key: u64) -> Vec<u8> {
        let n = frame.keys.iter().position(|it| *it == key).unwrap();
        let start: usize = frame.lengths[..n].iter().sum();
        self.decoded(frame)[start..start + frame.lengths[n]].to_vec()
    }

    /// All blobs of a frame, one after the other.
    fn decoded(&self, frame: &Frame) -> Vec<u8> {
        let n_bytes = frame.lengths.iter().sum();
        let base = frame.base.map(|key| {
            let places = self.0.iter().filter(|it| {
                it.depth < frame.depth && it.flags & 8 == frame.flags & 8 && it.keys.contains(&key)
            });
            let place = places.min_by_key(|place| place.pack != frame.pack).unwrap();
            self.one(place, key)
        });
        match frame.flags & 1 {
            1 => unzstd(frame.payload, n_bytes, base.as_deref()),
            _ => frame.payload.to_vec(),
        }
    }
}

/// All seven steps.
fn read(facts: &Contents) -> BTreeMap<Vec<u8>, Vec<Vec<u8>>> {
    let events = events(facts);
    let packs = packs(&events);
    let stored = packs.iter().enumerate();
    let store = Store(stored.flat_map(|(n, name)| frames(&facts[name], n)).collect());
    let contents = |revisions: Vec<(Hash, u64)>| {
        revisions.into_iter().map(|(digest, size)| store.content(&digest, size)).collect()
    };
    let documents = documents(&events).into_iter();
    documents.map(|(name, revisions)| (name, contents(revisions))).collect()
}

/// Eight commits: small contents, several bundles of events, chains, large contents, an odd name.
fn written() -> (Archive, Memory) {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let small: Vec<_> =
        (0..300u32).map(|n| (format!("small/{n}"), format!("story {n}, {}", n * n))).collect();
    let small: Vec<_> = small.iter().map(|(name, text)| (&name[..], text.as_bytes())).collect();
    add(&mut archive, 1, &small).unwrap();
    let mut large = noise(1, 5 << 20);
    let mut page = String::new();
    for n in 2..8 {
        (0..200).for_each(|line| page += &format!("line {line} of part {n}\n"));
        large[n as usize * 500_000] ^= 1;
        let documents = [("page", page.as_bytes()), ("large", &large)];
        add(&mut archive, n, &documents[..if n < 4 { 2 } else { 1 }]).unwrap();
    }
    let signer = signer();
    let provenance = Default::default();
    let mut transaction = archive.transaction(&signer, context(8), provenance, "test").unwrap();
    add_one(&mut transaction, b"caf\xe9", b"").unwrap();
    add_one(&mut transaction, b"page", &noise(2, 40_000)).unwrap();
    transaction.commit().unwrap();
    drop(transaction);
    let name = |name: &str| DocName::new(name).unwrap();
    let story = archive.catalog().document_named(&name("small/8")).unwrap().unwrap();
    let names = vec![(story, name("small/eight"))];
    let request = RenameRequest { names, ..RenameRequest::default() };
    archive.rename(&request, (&signer, &context(9)), "test").unwrap();
    (archive, memory)
}

fn withdraw(archive: &mut Archive, selectors: &[&str]) {
    let now = Timestamp::from_unix(1_900_000_000, 0);
    let select = |selector: &&str| archive.select(selector.as_bytes(), now).unwrap();
    let request = WithdrawalRequest {
        contents: selectors.iter().map(select).collect(),
        words: BTreeSet::new(),
        reason: ReasonCode::new("legal").unwrap(),
        note: None,
        everywhere: false,
    };
    archive.withdraw(&request, (&signer(), &context(99)), "test", &mut |_| Ok(())).unwrap();
}

#[test]
fn a_reader_written_from_the_text_reads_every_revision() {
    let (mut archive, memory) = written();
    let truth: BTreeMap<_, _> = everything(&archive).into_iter().collect();
    assert_eq!(truth[&b"caf\xe9"[..]], [b""]);
    assert_eq!((truth.len(), truth[&b"page"[..]].len()), (303, 7));
    assert!(read(&memory.contents()) == truth);
    let before = packs(&events(&memory.contents()));
    compact(&mut archive, Policy::Rewrite(CompressionLevels::all(1), 1)).unwrap();
    let after = packs(&events(&memory.contents()));
    assert!(before.iter().any(|pack| !after.contains(pack)), "packs are condemned");
    assert!(read(&memory.contents()) == truth);
    // What there was to understand.
    let facts = memory.contents();
    let all: Vec<_> = after.iter().flat_map(|name| frames(&facts[name], 0)).collect();
    let is_there = |holds: &dyn Fn(&Frame) -> bool| all.iter().any(holds);
    assert!(is_there(&|frame| frame.flags & 4 != 0 && frame.keys.len() > 9), "solid frames");
    assert!(is_there(&|frame| frame.flags & 10 == 2 && frame.depth > 1), "chains");
    assert!(is_there(&|frame| frame.flags & 10 == 10), "lists with a base");
    assert!(is_there(&|frame| frame.flags & 1 == 0), "blobs as they are");
    withdraw(&mut archive, &["page@2", "page@4", "large@1", "small/7", "small/200"]);
    let truth: BTreeMap<_, _> = everything(&archive).into_iter().collect();
    assert_eq!((truth.len(), truth[&b"page"[..]].len()), (303, 5));
    assert!(read(&memory.contents()) == truth, "after a withdrawal");
}

#[test]
fn a_reader_written_from_the_text_knows_which_key_signed_what() {
    let (mut archive, memory) = written();
    let given = answer(archive.checkpoint(), &Stated::at(context(19).now));
    let given = archive.read_answer(&given, "it").unwrap();
    archive.add_anchor(&given, None, &signer(), &context(19), "test").unwrap();
    let next = Signer::from_seed(archive.origin(), &[8; 32]).unwrap();
    archive.rotate_key(&signer(), &next, None, &context(20), "test").unwrap();
    let own = Signer::from_seed(&archive.next_origins().next().unwrap(), &[9; 32]).unwrap();
    archive.adopt(&own, "split off", &context(21), "test").unwrap();
    let provenance = Default::default();
    let mut transaction = archive.transaction(&own, context(22), provenance, "test").unwrap();
    add_one(&mut transaction, b"last", b"of all").unwrap();
    transaction.commit().unwrap();
    drop(transaction);
    let truth: BTreeMap<_, _> = everything(&archive).into_iter().collect();
    assert_eq!(truth[&b"last"[..]], [b"of all"]);
    assert!(read(&memory.contents()) == truth);
}
