//! No input makes a parser panic, and no length is trusted before it is compared with its limit.
//!
//! Every parser gets arbitrary bytes, and valid inputs with bytes changed, cut, doubled and put in.
//! 200 inputs each, or 20,000 with ARCHIVE_SLOW.

use std::sync::{Arc, OnceLock};

use docarchive::internals::{
    archive::{
        Archive, HistoryCheck,
        inspect::{
            audit::AuditScope,
            proof::folder::{POLICY, ProofFolder, SMALL_FILES, SeenContent, policy},
        },
    },
    backend::memory::{Contents, Memory},
    journal::{
        Identity, Journal,
        event::{Detail, Event},
        mail,
        merkle::tiles::TilePath,
        note::{self, Checkpoint, Signer, Verifier},
        proof::{ConsistencyProof, TlogProof},
        time_token::{TimeToken, token_in},
    },
    similarity::{shingles::PackedWords, sketch::Sketch},
    store::{
        chunk,
        frame::{self, Base, FrameError, FrameKind, Header},
        pack,
        payload::Unpacker,
    },
    text::{self, Normal},
    types::{
        digest::{Digest, Key},
        limits,
    },
};
use proptest::prelude::*;

use crate::common::{
    add,
    authority::{self, Stated},
    context, everything, init, is_slow, signer,
};

/// One change to valid bytes.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    /// Numbers at the ends of their ranges are where lengths overflow.
    Extreme(usize, usize),
}

const EXTREMES: [&[u8]; 6] = [
    &[0xff; 4],
    &[0xff; 8],
    &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f],
    &[0xff, 0xff, 0xff, 0x7f],
    &[0; 8],
    b"99999999999999999999",
];

fn change() -> impl Strategy<Value = Change> {
    let at = any::<usize>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => at().prop_map(Change::Cut),
        1 => (at(), 1..9usize).prop_map(|(at, n)| Change::Remove(at, n)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(a, b)| Change::Insert(a, b)),
        2 => (at(), 0..EXTREMES.len()).prop_map(|(at, which)| Change::Extreme(at, which)),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let n = bytes.len();
        match self {
            Self::Set(at, byte) if n > 0 => bytes[at % n] = *byte,
            Self::Cut(at) => bytes.truncate(at % (n + 1)),
            Self::Remove(at, width) if n > 0 => {
                let at = at % n;
                bytes.drain(at..(at + width).min(n));
            }
            Self::Insert(at, new) => drop(bytes.splice(at % (n + 1)..at % (n + 1), new.clone())),
            Self::Extreme(at, which) => {
                let at = at % (n + 1);
                let end = (at + EXTREMES[*which].len()).min(n);
                bytes.splice(at..end, EXTREMES[*which].iter().copied());
            }
            Self::Set(..) | Self::Remove(..) => {}
        }
    }
}

/// The facts of a small archive, of which every object is a valid input.
fn facts() -> &'static Contents {
    static FACTS: OnceLock<Contents> = OnceLock::new();
    FACTS.get_or_init(|| {
        let memory = Memory::default();
        let mut archive = init(Arc::new(memory.clone()));
        let story = "The harbour was closed on Monday.\n".repeat(9);
        add(&mut archive, 1, &[("a", story.as_bytes()), ("b", b"b"), ("c", b"")]).unwrap();
        let edited = story.replace("Monday", "Tuesday");
        add(&mut archive, 2, &[("a", edited.as_bytes())]).unwrap();
        memory.contents()
    })
}

/// Valid inputs for all parsers.
fn valid() -> &'static [Vec<u8>] {
    static VALID: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    VALID.get_or_init(|| {
        let mut valid: Vec<Vec<u8>> = facts().values().map(|bytes| bytes.to_vec()).collect();
        for (name, bytes) in facts() {
            if name.starts_with("packs/") {
                let frames = pack::salvage(bytes);
                let frame = |(at, n): &(u32, u32)| bytes[*at as usize..][..*n as usize].to_vec();
                valid.extend(frames.iter().map(frame));
            }
        }
        let journal = Journal::open(Arc::new(Memory::of(facts().clone()))).unwrap();
        for entry in journal.entries(0..u64::MAX).map(Result::unwrap) {
            valid.push(entry.line);
            valid.extend(entry.detail.map(|detail| detail.bytes().unwrap()));
        }
        let chunk = chunk::Chunk { digest: Digest::of(b"a"), n_bytes: 1 };
        valid.push(chunk::encode_list(&[chunk, chunk]));
        valid.push(Sketch::of(PackedWords { bytes: b"abcde", ends: &[1, 2, 3, 4, 5] }).encode());
        let (note, hashes) = (journal.note().to_vec(), vec![Digest::of(b"a"); 2]);
        let growth =
            ConsistencyProof { old: note.clone(), hashes: hashes.clone(), note: note.clone() };
        valid.push(growth.bytes());
        valid.push(TlogProof { index: 3, hashes, note }.bytes());
        let stated = Stated::at(context(1).now);
        valid.push(authority::answer(b"a", &stated));
        valid.push(authority::token(&Digest::of(b"a"), &stated));
        valid.push(signer().verifier().to_string().into_bytes());
        valid.push(signer().private_text().as_bytes().to_vec());
        valid.push(b"<p>caf&eacute; &#x41; <b>bold</b><script>x</script>".to_vec());
        valid.push(b"\xff\xfea\0b\0".to_vec());
        valid
    })
}

/// Some event of each type, for the details.
fn events() -> Vec<Event> {
    valid().iter().filter_map(|line| Event::parse(line).ok()).collect()
}

fn read_frames(bytes: &[u8]) {
    if let Ok((header, payload, n_bytes)) = frame::parse(bytes) {
        assert!(n_bytes <= bytes.len() && payload.len() <= limits::PAYLOAD_BYTES_MAX);
        assert!(header.n_raw() <= limits::LIST_BYTES_MAX);
        assert!(header.lengths.len() <= limits::FRAME_BLOBS_MAX);
        assert!(header.base.is_none() || header.decoded_bytes() <= limits::DECODED_BYTES_MAX);
        let raw = Unpacker::default().unpack(payload, Some(b"a base"), header.n_raw());
        assert!(raw.is_err() || raw.unwrap().len() == header.n_raw());
        let mut again = Vec::new();
        frame::encode(&header, payload, &mut again);
        assert_eq!(again, bytes[..n_bytes], "a frame has one spelling");
    }
    frame::find(bytes, 0);
    pack::salvage(bytes);
    let _ = pack::check(bytes);
    let name = crate::common::pack_of(bytes);
    let memory = Memory::of([(name.object_name(), bytes.into())].into());
    if let Ok(frames) = pack::directory(&memory, &name) {
        assert!(frames.iter().map(|frame| frame.n_bytes as usize).sum::<usize>() <= bytes.len());
    }
}

/// Each file of a proof folder, whatever it holds.
fn read_proof_folders(bytes: &[u8]) {
    let vkey = signer().verifier().to_string();
    let mut folder = ProofFolder { content: SeenContent::of(bytes).ok(), ..ProofFolder::default() };
    folder.files.insert(POLICY.to_owned(), policy(&vkey).into_bytes());
    for name in SMALL_FILES {
        let mut folder = folder.clone();
        folder.files.insert(name.to_owned(), bytes.to_vec());
        assert!(!folder.check(Some(&vkey)).is_accepted());
    }
}

fn read_texts(bytes: &[u8]) {
    if let Ok(event) = Event::parse(bytes) {
        assert_eq!(event.line().unwrap(), bytes, "an event has one spelling");
    }
    for event in events() {
        if let Ok(detail) = Detail::parse(&event, bytes) {
            assert_eq!(detail.bytes().unwrap(), bytes, "a detail has one spelling");
        }
    }
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(proof.bytes(), bytes, "a proof has one spelling");
    }
    if let Ok(proof) = ConsistencyProof::parse(bytes) {
        assert_eq!(proof.bytes(), bytes, "a proof has one spelling");
    }
    let _ = (TimeToken::parse(bytes), token_in(bytes).map(TimeToken::parse));
    read_proof_folders(bytes);
    let key = signer();
    for found in mail::checkpoints(bytes) {
        assert_eq!(mail::checkpoints(&found.note), std::slice::from_ref(&found));
    }
    if let Some(vkey) = mail::vkey(bytes) {
        assert!(Verifier::parse(&vkey).is_ok());
    }
    if let Ok(verified) = note::open(bytes, key.verifier()) {
        assert!(valid().iter().any(|known| known.starts_with(verified.text().as_bytes())));
    }
    let _ = Checkpoint::open(bytes, key.verifier());
    if let Ok(identity) = Identity::parse(bytes) {
        assert_eq!(identity.to_string().as_bytes(), bytes, "an identity has one spelling");
    }
    if let Ok(line) = std::str::from_utf8(bytes) {
        let _ = (Checkpoint::parse(line), Verifier::parse(line), TilePath::parse(line));
        let _ = Signer::parse(line);
        let _ = (Digest::parse(line), docarchive::internals::types::time::Timestamp::parse(line));
    }
    for media_type in ["text/plain", "text/html", "application/octet-stream"] {
        if let Some(readable) = text::readable(bytes, text::ReadAs::page(media_type, None)) {
            let normal = Normal::of(&readable.text);
            Sketch::of(PackedWords { bytes: normal.bytes(), ends: normal.ends() });
        }
    }
}

fn read_rest(bytes: &[u8]) {
    if let Some(chunks) = chunk::parse_list(bytes) {
        assert_eq!(chunk::encode_list(&chunks), bytes, "a list has one spelling");
    }
    if let Ok(sketch) = Sketch::parse(bytes) {
        assert_eq!(sketch.encode(), bytes, "a sketch has one spelling");
    }
}

fn cases(n_fast: u32) -> ProptestConfig {
    let cases = if is_slow() { 40 * n_fast } else { n_fast };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn i10_arbitrary_bytes_panic_nowhere(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read_frames(&bytes);
        read_texts(&bytes);
        read_rest(&bytes);
    }

    #[test]
    fn i10_changed_inputs_panic_nowhere(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..5),
    ) {
        let mut bytes = which.get(valid()).clone();
        changes.iter().for_each(|change| change.apply(&mut bytes));
        read_frames(&bytes);
        read_texts(&bytes);
        read_rest(&bytes);
    }

    #[test]
    fn i10_frames_with_right_checksums_panic_nowhere(
        fields in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        // A checksum that fits leads deeper than chance would.
        let checksum = crc32fast::hash(&fields).to_le_bytes();
        read_frames(&[&frame::MAGIC[..], &checksum, &fields].concat());
    }

    #[test]
    fn i10_text_panics_nowhere(line in "\\PC{0,80}|[{}\\[\\]\":,0-9a-z ]{0,80}|<[a-z/!&;# =\"-]{0,60}>") {
        read_texts(line.as_bytes());
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn i10_an_archive_with_a_changed_object_panics_nowhere(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let (name, bytes) = which.get(&facts().iter().collect::<Vec<_>>()[..]).to_owned();
        let mut bytes = bytes.to_vec();
        changes.iter().for_each(|change| change.apply(&mut bytes));
        let mut contents = facts().clone();
        contents.insert(name.clone(), bytes.into());
        if let Ok(archive) = Archive::open(Arc::new(Memory::of(contents)), None) {
            let _ = archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {});
        }
    }

    #[test]
    fn i10_a_bundle_of_anything_panics_nowhere(
        items in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8),
        is_details in any::<bool>(),
    ) {
        let mut plain = Vec::new();
        for item in &items {
            let length = (item.len() as u32).to_be_bytes();
            plain.extend_from_slice(if is_details { &length } else { &length[2..] });
            plain.extend_from_slice(item);
        }
        let mut contents = facts().clone();
        let bundle = zstd::bulk::compress(&plain, 1).unwrap();
        replace_bundle(&mut contents, is_details, &bundle);
        if let Ok(archive) = Archive::open(Arc::new(Memory::of(contents)), None) {
            let report = archive.audit(&AuditScope::default(), HistoryCheck::NotRemembered, &mut |_| {});
            prop_assert!(report.is_err() || !report.unwrap().is_sound());
        }
    }
}

#[test]
fn the_valid_inputs_are_valid() {
    assert_eq!(
        everything(&Archive::open(Arc::new(Memory::of(facts().clone())), None).unwrap()).len(),
        3
    );
    let n_parsed = |parses: &dyn Fn(&[u8]) -> bool| valid().iter().filter(|v| parses(v)).count();
    assert_eq!(events().len(), 8);
    assert!(n_parsed(&|bytes| frame::parse(bytes).is_ok()) >= 2);
    assert_eq!(n_parsed(&|bytes| pack::check(bytes).is_ok()), 2);
    assert_eq!(n_parsed(&|bytes| Identity::parse(bytes).is_ok()), 1);
    assert_eq!(n_parsed(&|bytes| chunk::parse_list(bytes).is_some()), 1);
    assert_eq!(n_parsed(&|bytes| Sketch::parse(bytes).is_ok()), 1);
}

/// Replaces the one bundle of the first commit that has one, or of its details; the object's name.
fn replace_bundle(contents: &mut Contents, is_details: bool, bundle: &[u8]) -> String {
    let folder = if is_details { "details/000/000/001-" } else { "log/000/000/001" };
    let name = contents.keys().find(|name| name.starts_with(folder)).unwrap().clone();
    let old = &contents[&name];
    let note_end = match is_details {
        true => 0,
        false => {
            old.windows(2).enumerate().filter(|(_, two)| *two == b"\n\n").nth(1).unwrap().0 + 2
        }
    };
    let mut new = old[..note_end + 20].to_vec();
    new.extend_from_slice(&(bundle.len() as u32).to_le_bytes());
    new.extend_from_slice(bundle);
    contents.insert(name.clone(), new.into());
    name
}

// I9: each length at its limit and one above it.

/// A frame with these fields, and a checksum that fits.
fn framed(flags: u8, numbers: &[u64], payload: &[u8]) -> Vec<u8> {
    let mut fields = vec![flags];
    numbers.iter().for_each(|n| frame::put_varint(&mut fields, *n));
    fields.extend_from_slice(payload);
    [&frame::MAGIC[..], &crc32fast::hash(&fields).to_le_bytes(), &fields].concat()
}

#[test]
fn i9_no_length_in_a_frame_exceeds_its_limit() {
    let (blob, list, solid) =
        (limits::BLOB_BYTES_MAX, limits::LIST_BYTES_MAX, limits::SOLID_BYTES_MAX);
    let n_payload_max = limits::PAYLOAD_BYTES_MAX as u64;
    // (flags, fields, whether they are within limits): packed, so that lengths are only claims.
    let claims: [(u8, Vec<u64>, bool); 12] = [
        (1, vec![3, blob as u64], true),
        (1, vec![3, blob as u64 + 1], false),
        (1, vec![3, u64::from(u32::MAX) + 1], false),
        (1, vec![3, (1 << 63) - 1], false),
        (1 | 8, vec![3, list as u64], true),
        (1 | 8, vec![3, list as u64 + 1], false),
        (1 | 4, vec![3, 2, solid as u64 - 1, 1], true),
        (1 | 4, vec![3, 2, solid as u64 - 1, 2], false),
        (1 | 4, vec![3, 0], false),
        (1 | 4, vec![3, limits::FRAME_BLOBS_MAX as u64 + 1], false),
        (1, vec![n_payload_max + 1, 1], false),
        (1, vec![u64::MAX >> 1, 1], false),
    ];
    for (flags, numbers, is_within) in claims {
        let bytes = framed(flags, &numbers, b"xyz");
        assert_eq!(frame::parse(&bytes).is_ok(), is_within, "{flags} {numbers:?}");
    }
}

#[test]
fn i9_a_payload_gives_what_its_header_says_and_no_more() {
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 19).unwrap();
    assert!(bomb.len() < 16 << 10);
    let header = Header { kind: FrameKind::Single, packed: true, lengths: vec![10], base: None };
    let mut bytes = Vec::new();
    frame::encode(&header, &bomb, &mut bytes);
    let (header, payload, _) = frame::parse(&bytes).unwrap();
    let raw = Unpacker::default().unpack(payload, None, header.n_raw());
    assert!(matches!(raw, Err(FrameError::Payload(_))));
}

#[test]
fn i9_depth_and_decoded_bytes_have_limits() {
    let claims = [
        (1, 1, true),
        (limits::DEPTH_MAX, limits::DECODED_BYTES_MAX as u32, true),
        (0, 1, false),
        (limits::DEPTH_MAX + 1, 1, false),
        (1, limits::DECODED_BYTES_MAX as u32 + 1, false),
        (1, 0, false),
    ];
    for (depth, decoded_bytes, is_within) in claims {
        let base = Some(Base { key: Key(1), depth, decoded_bytes, skip: false });
        let header = Header { kind: FrameKind::Single, packed: true, lengths: vec![1], base };
        let mut bytes = Vec::new();
        frame::encode(&header, b"x", &mut bytes);
        assert_eq!(frame::parse(&bytes).is_ok(), is_within, "{depth} {decoded_bytes}");
    }
}

#[test]
fn i9_a_pack_that_claims_a_long_directory_is_refused_unread() {
    for n_directory in [u32::MAX, limits::DIRECTORY_BYTES_MAX as u32 + 1, 1 << 20] {
        let mut bytes = b"ARCPACK\x01".to_vec();
        bytes.extend_from_slice(&n_directory.to_le_bytes());
        bytes.extend_from_slice(&[0xff; 12]);
        bytes.extend_from_slice(b"ARCPEND\x01");
        assert!(pack::check(&bytes).is_err());
        let name = crate::common::pack_of(&bytes);
        let memory = Memory::of([(name.object_name(), bytes.into())].into());
        assert!(pack::directory(&memory, &name).is_err());
    }
}

#[test]
fn i9_a_bundle_that_would_unpack_beyond_its_limit_is_refused() {
    for (is_details, n_bytes) in
        [(false, limits::ENTRIES_BYTES_MAX), (true, limits::DETAILS_BYTES_MAX)]
    {
        let mut contents = facts().clone();
        let bomb = zstd::bulk::compress(&vec![0; n_bytes + 1], 3).unwrap();
        let name = replace_bundle(&mut contents, is_details, &bomb);
        let journal = Journal::open(Arc::new(Memory::of(contents))).unwrap();
        let problem =
            journal.examine(0..1).flatten().flatten().next().unwrap().problem.unwrap().to_string();
        assert!(problem.contains(&name) && problem.contains("states"), "{problem}");
    }
}

#[test]
fn i9_notes_identities_and_events_have_limits() {
    let key = signer();
    assert!(note::open(&vec![b'\n'; limits::NOTE_BYTES_MAX + 1], key.verifier()).is_err());
    assert!(key.sign(&("x".repeat(limits::NOTE_BYTES_MAX) + "\n")).is_err());
    assert!(Event::parse(&vec![b' '; limits::EVENT_BYTES_MAX + 1]).is_err());
    let detail = vec![b' '; limits::DETAIL_BYTES_MAX + 1];
    assert!(events().iter().all(|event| Detail::parse(event, &detail).is_err()));
    for (name, n_bytes, says) in [
        ("identity", limits::IDENTITY_BYTES_MAX, "at most"),
        ("log/000/000/002", 2 * limits::NOTE_BYTES_MAX, "its head is cut short"),
    ] {
        let mut contents = facts().clone();
        contents.insert(name.into(), vec![b'a'; n_bytes + 1].into());
        let opened = Archive::open(Arc::new(Memory::of(contents)), None);
        let error = opened.map(drop).unwrap_err().to_string();
        assert!(error.contains(says), "{name}: {error}");
    }
}
