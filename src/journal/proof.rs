//! Proofs as texts, which whoever has neither archive nor program can check.
//!
//! An inclusion proof is a C2SP tlog-proof. A consistency proof is the old checkpoint, an empty line, and
//! what C2SP tlog-witness sends a witness: the old size, the hashes, an empty line, the new checkpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::types::{digest::Digest, limits::NOTE_BYTES_MAX};

use super::{
    merkle::TreeHead,
    note::{Checkpoint, NoteError, Verifier},
};

/// The first line of every tlog-proof.
const TLOG_PROOF: &str = "c2sp.org/tlog-proof@v1";
/// As many hashes as a tree of 2^64 leaves can ask for, twice.
const HASHES_MAX: usize = 128;
const HASH_LINE_BYTES: usize = 45;
/// The longest proof that is read.
pub const PROOF_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX + HASHES_MAX * HASH_LINE_BYTES + 256;

/// That an event is in the journal that a checkpoint speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// The event's index.
    pub index: u64,
    /// From the leaf upwards.
    pub hashes: Vec<Digest>,
    /// The checkpoint as it was signed.
    pub note: Vec<u8>,
}

/// That the journal which one checkpoint speaks for begins with all that an older one speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The older checkpoint as it was signed.
    pub old: Vec<u8>,
    /// As RFC 9162 orders them.
    pub hashes: Vec<Digest>,
    /// The newer checkpoint as it was signed.
    pub note: Vec<u8>,
}

/// Why a proof shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It is not spelled as a proof is.
    #[error("it is no proof: {0}")]
    Malformed(&'static str),
    /// A checkpoint in it is not to be trusted.
    #[error("its checkpoint is not to be trusted: {0}")]
    Note(#[from] NoteError),
    /// A checkpoint in it is another archive's.
    #[error("its checkpoint is of {0}, not of the archive that the key signs for")]
    OtherOrigin(String),
    /// Its hashes do not lead to the root that was signed.
    #[error("its hashes do not lead to the signed root")]
    NotProved,
}

impl TlogProof {
    /// The text, as [`TlogProof::parse`] reads it.
    pub fn bytes(&self) -> Vec<u8> {
        let head = format!("{TLOG_PROOF}\nindex {}\n{}\n", self.index, lines(&self.hashes));
        [head.as_bytes(), &self.note].concat()
    }

    /// Reads the one spelling of a proof; extra data, which nothing would vouch for, is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        let text = text(bytes)?;
        let rest = text.strip_prefix(TLOG_PROOF).and_then(|rest| rest.strip_prefix('\n'));
        let rest = rest.ok_or(ProofError::Malformed("its first line is another"))?;
        let (index, hashes, note) = proof_and_note(rest, "index ")?;
        let proof = Self { index, hashes, note: note.as_bytes().to_vec() };
        (proof.bytes() == bytes).then_some(proof).ok_or(SPELLING)
    }

    /// The head that the key's owner signed, once the leaf is shown to be in its tree.
    pub fn check(&self, leaf: &Digest, verifier: &Verifier) -> Result<TreeHead, ProofError> {
        let head = signed(&self.note, verifier)?;
        head.includes(self.index, leaf, &self.hashes).then_some(head).ok_or(ProofError::NotProved)
    }
}

impl ConsistencyProof {
    /// The text, as [`ConsistencyProof::parse`] reads it.
    pub fn bytes(&self) -> Vec<u8> {
        let size = Checkpoint::unverified(&self.old).map_or(0, |old| old.size);
        let middle = format!("\nold {size}\n{}\n", lines(&self.hashes));
        [&self.old, middle.as_bytes(), &self.note].concat()
    }

    /// Reads the one spelling of a proof.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        let text = text(bytes)?;
        let middle = text.find("\n\nold ");
        let middle = middle.ok_or(ProofError::Malformed("it does not state an old size"))?;
        let (old, rest) = (&text[..=middle], &text[middle + 2..]);
        let (_, hashes, note) = proof_and_note(rest, "old ")?;
        let (old, note) = (old.as_bytes().to_vec(), note.as_bytes().to_vec());
        let proof = Self { old, hashes, note };
        (proof.bytes() == bytes).then_some(proof).ok_or(SPELLING)
    }

    /// The heads that the key's owner signed, old and new, once the new one is shown to go on from the old.
    pub fn check(&self, verifier: &Verifier) -> Result<(TreeHead, TreeHead), ProofError> {
        let (old, new) = (signed(&self.old, verifier)?, signed(&self.note, verifier)?);
        new.extends(&old, &self.hashes).then_some((old, new)).ok_or(ProofError::NotProved)
    }
}

const SPELLING: ProofError = ProofError::Malformed("it is spelled otherwise than a proof is");

/// The head in a checkpoint of the archive that the key signs for.
fn signed(note: &[u8], verifier: &Verifier) -> Result<TreeHead, ProofError> {
    let checkpoint = Checkpoint::open(note, verifier)?;
    if checkpoint.origin != verifier.name() {
        return Err(ProofError::OtherOrigin(checkpoint.origin));
    }
    Ok(checkpoint.head())
}

fn text(bytes: &[u8]) -> Result<&str, ProofError> {
    if bytes.len() > PROOF_BYTES_MAX {
        return Err(ProofError::Malformed("it is larger than a proof can be"));
    }
    std::str::from_utf8(bytes).map_err(|_| ProofError::Malformed("it is not UTF-8"))
}

/// A number under its word, hashes each on a line, an empty line, and the rest.
fn proof_and_note<'a>(
    text: &'a str,
    word: &str,
) -> Result<(u64, Vec<Digest>, &'a str), ProofError> {
    let (number, mut rest) = text.split_once('\n').ok_or(ProofError::Malformed("it is cut"))?;
    let number = number.strip_prefix(word).and_then(|digits| digits.parse().ok());
    let number = number.ok_or(ProofError::Malformed("a number is missing"))?;
    let mut hashes = Vec::new();
    loop {
        let (line, after) = rest.split_once('\n').ok_or(ProofError::Malformed("it is cut"))?;
        rest = after;
        if line.is_empty() {
            return Ok((number, hashes, rest));
        }
        let hash = STANDARD.decode(line).ok().and_then(|hash| Digest::from_slice(&hash));
        let hash = hash.filter(|_| hashes.len() < HASHES_MAX);
        hashes.push(hash.ok_or(ProofError::Malformed("a line of it is no hash"))?);
    }
}

fn lines(hashes: &[Digest]) -> String {
    hashes.iter().map(|hash| STANDARD.encode(hash.as_bytes()) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{
        merkle::{
            Frontier, leaf_hash,
            tiles::{consistency_proof, inclusion_proof},
        },
        note::Signer,
    };

    const ORIGIN: &str = "example.org/archive";

    fn signer(seed: u8) -> Signer {
        Signer::from_seed(ORIGIN, &[seed; 32]).unwrap()
    }

    fn leaves(n: u64) -> Vec<Digest> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    fn note(size: u64, origin: &str) -> Vec<u8> {
        let root = Frontier::of(&leaves(size)).root();
        Checkpoint { origin: origin.into(), size, root }.sign(&signer(7)).unwrap()
    }

    fn tlog_proof(index: u64, size: u64) -> TlogProof {
        let hashes = inclusion_proof(index, size, |_| Ok::<_, ()>(leaves(size))).unwrap();
        TlogProof { index, hashes, note: note(size, ORIGIN) }
    }

    fn growth(old: u64, size: u64) -> ConsistencyProof {
        let hashes = consistency_proof(old, size, |_| Ok::<_, ()>(leaves(size))).unwrap();
        ConsistencyProof { old: note(old, ORIGIN), hashes, note: note(size, ORIGIN) }
    }

    #[test]
    fn a_tlog_proof_is_spelled_as_the_specification_shows() {
        let text = String::from_utf8(tlog_proof(2, 3).bytes()).unwrap();
        let (head, note) = text.split_once("\n\n").unwrap();
        let lines: Vec<&str> = head.lines().collect();
        assert_eq!(lines[..2], ["c2sp.org/tlog-proof@v1", "index 2"]);
        assert_eq!((lines.len(), lines[2].len()), (3, HASH_LINE_BYTES - 1));
        assert!(note.starts_with("example.org/archive\n3\n"), "{note}");
    }

    #[test]
    fn proofs_hold_for_what_they_are_about_and_nothing_else() {
        let verifier = signer(7).verifier().clone();
        for size in 1..20 {
            for index in 0..size {
                let proof = tlog_proof(index, size);
                assert_eq!(TlogProof::parse(&proof.bytes()), Ok(proof.clone()));
                let leaf = leaves(size)[index as usize];
                assert_eq!(proof.check(&leaf, &verifier).unwrap().size, size);
                let other = proof.check(&leaf_hash(b"other"), &verifier);
                assert_eq!(other, Err(ProofError::NotProved));
                let other = proof.check(&leaf, signer(8).verifier());
                assert!(matches!(other, Err(ProofError::Note(NoteError::Unsigned(_)))));
            }
            for old in 0..=size {
                let proof = growth(old, size);
                assert_eq!(ConsistencyProof::parse(&proof.bytes()), Ok(proof.clone()));
                let (before, after) = proof.check(&verifier).unwrap();
                assert_eq!((before.size, after.size), (old, size));
                assert!(proof.check(signer(8).verifier()).is_err());
            }
        }
        let backwards = ConsistencyProof { old: note(5, ORIGIN), ..growth(3, 3) };
        assert_eq!(backwards.check(&verifier), Err(ProofError::NotProved));
    }

    #[test]
    fn a_checkpoint_of_another_name_under_the_same_key_is_another_archives() {
        let proof = TlogProof { note: note(3, "example.org/other"), ..tlog_proof(1, 3) };
        let found = proof.check(&leaves(3)[1], signer(7).verifier());
        assert_eq!(found, Err(ProofError::OtherOrigin("example.org/other".into())));
    }

    #[test]
    fn every_changed_byte_of_a_proof_is_noticed() {
        let verifier = signer(7).verifier().clone();
        let leaf = leaves(5)[3];
        let included = |bytes: &[u8]| {
            TlogProof::parse(bytes).is_ok_and(|it| it.check(&leaf, &verifier).is_ok())
        };
        let grown = |bytes: &[u8]| {
            ConsistencyProof::parse(bytes).is_ok_and(|it| it.check(&verifier).is_ok())
        };
        notices_all(&tlog_proof(3, 5).bytes(), included);
        notices_all(&growth(3, 5).bytes(), grown);
    }

    #[track_caller]
    fn notices_all(good: &[u8], holds: impl Fn(&[u8]) -> bool) {
        assert!(holds(good));
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.to_vec();
                bad[at] ^= 1 << bit;
                assert!(!holds(&bad), "byte {at}, bit {bit}");
            }
            assert!(!holds(&good[..at]), "cut at {at}");
        }
        assert!(!holds(&[good, b"\n"].concat()));
    }

    #[test]
    fn a_second_spelling_and_endless_hashes_are_refused() {
        let text = String::from_utf8(tlog_proof(3, 5).bytes()).unwrap();
        let hash = text.lines().nth(2).unwrap();
        for bad in [
            text.replace("index 3", "index 03"),
            text.replace("index 3", "index +3"),
            text.replace("index", "extra AAAA\nindex"),
            text.replace("@v1", "@v2"),
            text.replace('\n', "\r\n"),
            text.replacen(hash, &format!("{hash}\n").repeat(HASHES_MAX + 1), 1),
            text.replacen(hash, hash.trim_end_matches('='), 1),
            String::new(),
        ] {
            assert!(TlogProof::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let text = String::from_utf8(growth(3, 5).bytes()).unwrap();
        for bad in [text.replace("old 3", "old 4"), text.replace("\nold 3", "old 3")] {
            assert!(ConsistencyProof::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
