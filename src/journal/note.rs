//! Signed texts: C2SP signed-note with Ed25519 keys, and the tlog-checkpoint that is signed.
//!
//! Keys are read and written as Go's `golang.org/x/mod/sumdb/note` does, so that other tools open
//! what is signed here. Ed25519 signatures are verified strictly.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::types::{
    digest::{Digest, hex, parse_hex},
    limits::NOTE_BYTES_MAX,
};

use super::merkle::TreeHead;

/// Signature lines in one note.
const SIGNATURES_MAX: usize = 100;
/// The name of a signing key, which is also an archive's origin.
const KEY_NAME_BYTES_MAX: usize = 255;
/// Ed25519 in the algorithm byte before a key.
const ED25519: u8 = 1;
const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";

/// The first four bytes of SHA-256(name ‖ newline ‖ algorithm ‖ public key).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 4]);

/// A key that signs; it forgets its secret when dropped and never shows it by accident.
pub struct Signer {
    verifier: Verifier,
    signing_key: SigningKey,
}

/// A public key with its name; prints and parses as a vkey: `name+id+key`.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: KeyId,
    public_key: VerifyingKey,
}

/// The text form of a [`Signer`], wiped when dropped.
pub struct PrivateText(Vec<u8>);

/// A text whose signature by a known key held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    text: String,
}

/// A journal's origin, size and root: the text of a checkpoint note, without extension lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The archive's name in its log.
    pub origin: String,
    /// The number of events.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// The text is not that of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadKey(&'static str);

/// Why a note was not opened or made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not a note, or its text is not a checkpoint.
    #[error("{0}")]
    Malformed(&'static str),
    /// No signature line is by the known key.
    #[error("it is not signed by the key {0}")]
    Unsigned(KeyId),
    /// A line claims to be by the known key, and its signature does not hold.
    #[error("its signature by the key {0} does not hold")]
    Forged(KeyId),
}

/// Opens a note: every signature line by `verifier` must hold, and there must be one.
///
/// Lines by other keys are skipped, as long as they are signature lines at all.
pub fn open(note: &[u8], verifier: &Verifier) -> Result<Verified, NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::Malformed("it is larger than a note may be"));
    }
    let note = std::str::from_utf8(note).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
    let end = note.rfind("\n\n").ok_or(NoteError::Malformed("it has no signatures"))?;
    let (text, signatures) = (&note[..=end], &note[end + 2..]);
    check_text(text)?;
    let lines = signatures.strip_suffix('\n').ok_or(NoteError::Malformed("its end is missing"))?;
    let mut n_held = 0;
    for (i, line) in lines.split('\n').enumerate() {
        let line = SignatureLine::parse(line)
            .ok_or(NoteError::Malformed("a signature line is not one"))?;
        if i == SIGNATURES_MAX {
            return Err(NoteError::Malformed("it has too many signatures"));
        }
        if line.name == verifier.name && line.id == verifier.id {
            verifier.check(text, &line.signature)?;
            n_held += 1;
        }
    }
    if n_held == 0 {
        return Err(NoteError::Unsigned(verifier.id));
    }
    Ok(Verified { text: text.to_owned() })
}

impl Verified {
    /// The signed text, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Signer {
    /// The key that grows from 32 random bytes, under a name without spaces and `+`.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, BadKey> {
        let signing_key = SigningKey::from_bytes(seed);
        let verifier = Verifier::new(name, signing_key.verifying_key())?;
        Ok(Self { verifier, signing_key })
    }

    /// Reads `PRIVATE+KEY+name+id+seed`.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let rest = text
            .strip_prefix(PRIVATE_PREFIX)
            .ok_or(BadKey("a private key begins with PRIVATE+KEY+"))?;
        let (name, id, mut seed) = parse_key(rest)?;
        let signer = Self::from_seed(name, &seed);
        wipe(&mut seed);
        let signer = signer?;
        if signer.verifier.id != id {
            return Err(BadKey("the key id does not belong to this name and key"));
        }
        Ok(signer)
    }

    /// The text that [`Signer::parse`] reads.
    pub fn private_text(&self) -> PrivateText {
        let mut seed = self.signing_key.to_bytes();
        let mut tail = key_text(&seed);
        wipe(&mut seed);
        let mut text = Vec::with_capacity(PRIVATE_PREFIX.len() + self.verifier.name.len() + 80);
        for part in [PRIVATE_PREFIX, &self.verifier.name, "+", &self.verifier.id.to_string(), "+"] {
            text.extend_from_slice(part.as_bytes());
        }
        text.extend_from_slice(&tail);
        wipe(&mut tail);
        PrivateText(text)
    }

    /// The public half.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Makes a note of `text` with one signature line.
    pub fn sign(&self, text: &str) -> Result<Vec<u8>, NoteError> {
        check_text(text)?;
        let mut signature = self.verifier.id.0.to_vec();
        signature.extend_from_slice(&self.signing_key.sign(text.as_bytes()).to_bytes());
        let note = format!("{text}\n— {} {}\n", self.verifier.name, STANDARD.encode(signature));
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Malformed("it is larger than a note may be"));
        }
        Ok(note.into_bytes())
    }
}

impl Verifier {
    fn new(name: &str, public_key: VerifyingKey) -> Result<Self, BadKey> {
        if !is_key_name(name) {
            return Err(BadKey(
                "a key's name has 1 to 255 bytes, no spaces, control characters or +",
            ));
        }
        if public_key.is_weak() {
            return Err(BadKey("the key is one that verifies signatures nobody made"));
        }
        if public_key.to_edwards().compress().as_bytes() != public_key.as_bytes() {
            return Err(BadKey("the key is not in the one encoding that its point has"));
        }
        let typed = [&[ED25519], &public_key.as_bytes()[..]].concat();
        let digest = Digest::of(&[name.as_bytes(), b"\n", &typed].concat());
        let [a, b, c, d, ..] = *digest.as_bytes();
        Ok(Self { name: name.to_owned(), id: KeyId([a, b, c, d]), public_key })
    }

    /// Reads a vkey: `name+id+key`.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let (name, id, key) = parse_key(text)?;
        let key = VerifyingKey::from_bytes(&key)
            .map_err(|_| BadKey("the key is no point of the curve"))?;
        let verifier = Self::new(name, key)?;
        if verifier.id != id || verifier.to_string() != text {
            return Err(BadKey("the key id does not belong to this name and key"));
        }
        Ok(verifier)
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id, as it stands in signature lines.
    pub fn id(&self) -> KeyId {
        self.id
    }

    fn check(&self, text: &str, signature: &[u8]) -> Result<(), NoteError> {
        let forged = NoteError::Forged(self.id);
        let signature = Signature::from_slice(signature).map_err(|_| forged.clone())?;
        self.public_key.verify_strict(text.as_bytes(), &signature).map_err(|_| forged)
    }
}

impl PrivateText {
    /// The text, in ASCII unless the name is not.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for PrivateText {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl Checkpoint {
    /// Opens a note and reads the checkpoint in it.
    pub fn open(note: &[u8], verifier: &Verifier) -> Result<Self, NoteError> {
        let verified = open(note, verifier)?;
        Self::parse(verified.text()).ok_or(NoteError::Malformed("its text is not a checkpoint"))
    }

    /// Reads the checkpoint in a note, whoever signed it.
    pub fn unverified(note: &[u8]) -> Option<Self> {
        let note = std::str::from_utf8(note).ok()?;
        Self::parse(&note[..=note.rfind("\n\n")?])
    }

    /// Reads the one spelling of a checkpoint's text.
    pub fn parse(text: &str) -> Option<Self> {
        let [origin, size, root, ""] = text.split('\n').collect::<Vec<_>>()[..] else {
            return None;
        };
        let root = STANDARD.decode(root).ok()?;
        let checkpoint = Self {
            origin: is_key_name(origin).then(|| origin.to_owned())?,
            size: size.parse().ok()?,
            root: Digest::from_slice(&root)?,
        };
        (checkpoint.to_string() == text).then_some(checkpoint)
    }

    /// The tree that it is about.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root }
    }

    /// Makes the signed note.
    pub fn sign(&self, signer: &Signer) -> Result<Vec<u8>, NoteError> {
        signer.sign(&self.to_string())
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root.as_bytes());
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key =
            String::from_utf8(key_text(self.public_key.as_bytes())).map_err(|_| fmt::Error)?;
        write!(f, "{}+{}+{key}", self.name, self.id)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({self})")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// One `— name base64` line, taken apart.
struct SignatureLine<'a> {
    name: &'a str,
    id: KeyId,
    signature: Vec<u8>,
}

impl<'a> SignatureLine<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (name, blob) = line.strip_prefix("— ")?.split_once(' ')?;
        let blob = STANDARD.decode(blob).ok()?;
        let (id, signature) = blob.split_first_chunk::<4>()?;
        let is_one = is_key_name(name) && !signature.is_empty();
        is_one.then(|| Self { name, id: KeyId(*id), signature: signature.to_vec() })
    }
}

/// A note's text ends with a newline and has no other control characters.
fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') {
        return Err(NoteError::Malformed("its text does not end with a newline"));
    }
    if text.bytes().any(|b| b < 0x20 && b != b'\n') {
        return Err(NoteError::Malformed("its text has control characters"));
    }
    Ok(())
}

fn is_key_name(name: &str) -> bool {
    let is_bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    !name.is_empty() && name.len() <= KEY_NAME_BYTES_MAX && !name.contains(is_bad)
}

/// Takes `name+id+base64(algorithm ‖ 32 bytes)` apart; the base64 may contain `+`.
fn parse_key(text: &str) -> Result<(&str, KeyId, [u8; 32]), BadKey> {
    let [name, id, tail] = text.splitn(3, '+').collect::<Vec<_>>()[..] else {
        return Err(BadKey("a key has the form name+id+key"));
    };
    let mut key_id = [0; 4];
    parse_hex(id, &mut key_id).ok_or(BadKey("a key's id has eight hex digits"))?;
    let bad = BadKey("the key is not an Ed25519 key in base64");
    let mut bytes = STANDARD.decode(tail).map_err(|_| bad)?;
    let key = match bytes[..] {
        [ED25519, ref key @ ..] => <[u8; 32]>::try_from(key).map_err(|_| bad),
        _ => Err(bad),
    };
    wipe(&mut bytes);
    Ok((name, KeyId(key_id), key?))
}

/// base64(algorithm ‖ 32 bytes).
fn key_text(key: &[u8; 32]) -> Vec<u8> {
    let mut bytes = [&[ED25519], &key[..]].concat();
    let text = STANDARD.encode(&bytes).into_bytes();
    wipe(&mut bytes);
    text
}

/// Overwrites a secret; the black box keeps the compiler from seeing that nobody reads it again.
fn wipe(secret: &mut [u8]) {
    secret.fill(0);
    std::hint::black_box(secret);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of the Go package's own tests.
    const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_KEY: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn signer() -> Signer {
        Signer::from_seed("example.org/archive", &[7; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "example.org/archive".into(), size: 17, root: Digest::of(b"x") }
    }

    #[test]
    fn keys_and_notes_are_those_of_go() {
        let signer = Signer::parse(GO_KEY).unwrap();
        assert_eq!(signer.private_text().as_bytes(), GO_KEY.as_bytes());
        assert_eq!(signer.verifier().to_string(), GO_VKEY);
        assert_eq!(&Verifier::parse(GO_VKEY).unwrap(), signer.verifier());
        let text = GO_NOTE.split_inclusive("\n").take(2).collect::<String>();
        assert_eq!(signer.sign(&text).unwrap(), GO_NOTE.as_bytes());
        assert_eq!(open(GO_NOTE.as_bytes(), signer.verifier()).unwrap().text(), text);
    }

    #[test]
    fn a_key_in_another_spelling_is_refused() {
        let bad = [
            GO_VKEY.replace("c74f20a3", "c74f20a4"),
            GO_VKEY.replace("c74f20a3", "C74F20A3"),
            GO_VKEY.replace("PeterNeumann", "Peter Neumann"),
            GO_VKEY.replace("PeterNeumann", ""),
            GO_VKEY.replace("+ARpc", "+ABpc"),
            GO_VKEY.replace("10TW", "10T="),
            format!("{GO_VKEY}\n"),
            GO_KEY.to_owned(),
            String::new(),
        ];
        for text in bad {
            assert!(Verifier::parse(&text).is_err(), "{text:?}");
        }
        assert!(Signer::parse(GO_VKEY).is_err());
        assert!(Signer::parse(&GO_KEY.replace("c74f20a3", "c74f20a4")).is_err());
        assert!(Signer::from_seed("a+b", &[0; 32]).is_err());
    }

    #[test]
    fn a_key_in_an_encoding_that_rfc_8032_refuses_is_refused() {
        // The nineteen encodings of a coordinate that is not below the prime, with both signs.
        let encodings = (0xed..=0xff_u8).flat_map(|low| [0x7f, 0xff].map(|high| (low, high)));
        let mut n_points = 0;
        for (low, high) in encodings {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (low, high);
            let Ok(key) = VerifyingKey::from_bytes(&bytes) else { continue };
            n_points += usize::from(!key.is_weak());
            assert!(Verifier::new("example.org", key).is_err(), "{low:x} {high:x}");
        }
        assert!(n_points > 9, "{n_points}");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let note = checkpoint().sign(&signer()).unwrap();
        assert_eq!(Checkpoint::open(&note, signer().verifier()), Ok(checkpoint()));
        for i in 0..note.len() {
            for bit in 0..8 {
                let mut bad = note.clone();
                bad[i] ^= 1 << bit;
                assert!(open(&bad, signer().verifier()).is_err(), "byte {i}, bit {bit}");
            }
            assert!(open(&note[..i], signer().verifier()).is_err(), "cut at {i}");
        }
    }

    #[test]
    fn lines_by_others_are_skipped_and_a_false_one_of_ours_is_not() {
        let ours = checkpoint().sign(&signer()).unwrap();
        let other = Signer::from_seed("witness.example", &[8; 32]).unwrap();
        let line = |note: &[u8]| {
            String::from_utf8(note.to_vec()).unwrap().lines().last().unwrap().to_owned()
        };
        let theirs = line(&checkpoint().sign(&other).unwrap());
        let both = |last: &str| [&ours[..], last.as_bytes(), b"\n"].concat();
        assert!(open(&both(&theirs), signer().verifier()).is_ok());
        assert!(open(&both(&theirs), other.verifier()).is_ok());
        let namesake = Signer::from_seed("example.org/archive", &[9; 32]).unwrap();
        assert_eq!(
            open(&ours, namesake.verifier()),
            Err(NoteError::Unsigned(namesake.verifier().id()))
        );
        let false_line = line(&signer().sign("something else\n").unwrap());
        let forged = Err(NoteError::Forged(signer().verifier().id()));
        assert_eq!(open(&both(&false_line), signer().verifier()), forged);
        for bad in
            ["", "— x", "- x AAAAAAA=", "— x AAAAAA==", "— x+y AAAAAAA=", "— x AAAAAAB=", "x"]
        {
            assert!(open(&both(bad), signer().verifier()).is_err(), "{bad:?}");
        }
        let many = both(&vec![theirs.clone(); 99].join("\n"));
        assert!(open(&many, signer().verifier()).is_ok());
        let too_many = both(&vec![theirs; 100].join("\n"));
        assert!(matches!(open(&too_many, signer().verifier()), Err(NoteError::Malformed(_))));
    }

    #[test]
    fn a_text_that_no_note_can_hold_is_not_signed() {
        for text in ["", "x", "a\tb\n", &("x".repeat(NOTE_BYTES_MAX) + "\n")] {
            assert!(signer().sign(text).is_err(), "{:?}", text.get(..5));
        }
    }

    #[test]
    fn a_checkpoint_has_one_spelling() {
        let text = checkpoint().to_string();
        assert_eq!(Checkpoint::parse(&text), Some(checkpoint()));
        let bad = [
            text.replace("\n17\n", "\n017\n"),
            text.replace("\n17\n", "\n+17\n"),
            text.replace("\n17\n", "\n18446744073709551616\n"),
            text.replace("=\n", "\n"),
            text.replace("example.org/archive", ""),
            text.clone() + "extension\n",
            text.trim_end().to_owned(),
            text.replace('\n', "\r\n"),
        ];
        for bad in bad {
            assert_eq!(Checkpoint::parse(&bad), None, "{bad:?}");
        }
    }
}
