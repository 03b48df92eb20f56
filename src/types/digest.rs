//! Names made of bytes: SHA-256 digests, the short keys cut from them, and document ids.

use std::fmt;
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest; prints and parses as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// The first eight bytes of a digest: a hint where its bytes may lie, never a proof.
///
/// Directories and frame headers hold keys to stay small. What settles a question is always the
/// SHA-256 of the bytes found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

/// A document's random id; prints and parses as 16 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocId(pub u64);

/// SHA-256 over bytes that arrive in pieces.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of everything that can still be read, and how many bytes that is.
    pub fn of_all(mut source: impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = Hasher::default();
        let mut n_bytes = 0;
        let mut piece = vec![0; 64 << 10];
        loop {
            match source.read(&mut piece) {
                Ok(0) => return Ok((hasher.finish(), n_bytes)),
                Ok(n) => {
                    hasher.update(&piece[..n]);
                    n_bytes += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes 32 bytes that are a digest already.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Takes a slice of exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// Reads 64 lower-case hex digits; any other spelling is `None`.
    pub fn parse(hex: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        parse_hex(hex, &mut bytes)?;
        Some(Self(bytes))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The short key cut from this digest.
    pub fn key(&self) -> Key {
        let mut head = [0; 8];
        head.copy_from_slice(&self.0[..8]);
        Key(u64::from_be_bytes(head))
    }
}

impl DocId {
    /// Reads 16 lower-case hex digits; any other spelling is `None`.
    pub fn parse(hex: &str) -> Option<Self> {
        let mut bytes = [0; 8];
        parse_hex(hex, &mut bytes)?;
        Some(Self(u64::from_be_bytes(bytes)))
    }
}

impl Hasher {
    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all pieces.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocId({self})")
    }
}

/// Lower-case hex of any bytes.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(2 * bytes.len());
    push_hex(bytes, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// The same, appended to other bytes.
pub fn push_hex(bytes: &[u8], text: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    text.extend(bytes.iter().flat_map(digits));
}

/// Fills `out` from exactly `2 * out.len()` lower-case hex digits.
pub fn parse_hex(text: &str, out: &mut [u8]) -> Option<()> {
    read_hex(text.as_bytes(), out)
}

/// The same from bytes.
pub fn read_hex(text: &[u8], out: &mut [u8]) -> Option<()> {
    if text.len() != out.len() * 2 {
        return None;
    }
    let (blocks, rest) = text.as_chunks::<32>();
    let (whole, last) = out.split_at_mut(blocks.len() * 16);
    let mut all = 0;
    for (bytes, digits) in whole.as_chunks_mut::<16>().0.iter_mut().zip(blocks) {
        all |= read_block(digits, bytes);
    }
    if !rest.is_empty() {
        let (mut digits, mut bytes) = ([b'0'; 32], [0; 16]);
        digits[..rest.len()].copy_from_slice(rest);
        all |= read_block(&digits, &mut bytes);
        last.copy_from_slice(&bytes[..last.len()]);
    }
    (all < 16).then_some(())
}

/// Fills `bytes`; what is returned is 16 or more if a digit is none. Of one length, so that the compiler reads many
/// digits at once.
fn read_block(digits: &[u8; 32], bytes: &mut [u8; 16]) -> u8 {
    let mut values = [0; 32];
    for (value, digit) in values.iter_mut().zip(digits) {
        *value = value_of(*digit);
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(values.as_chunks().0) {
        *byte = high << 4 | low;
    }
    values.into_iter().fold(0, |all, value| all | value)
}

/// What a lower-case hex digit is worth; of anything else the highest bit.
fn value_of(digit: u8) -> u8 {
    let (number, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
    let letter = if letter < 6 { letter + 10 } else { 0x80 };
    if number < 10 { number } else { letter }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_digest_is_the_sha_256_of_fips_180() {
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
        let mut pieces = Hasher::default();
        pieces.update(b"a");
        pieces.update(b"bc");
        assert_eq!(pieces.finish(), Digest::of(b"abc"));
    }

    #[test]
    fn a_digest_has_one_spelling() {
        assert_eq!(Digest::parse(ABC), Some(Digest::of(b"abc")));
        assert_eq!(Digest::parse(&ABC.to_uppercase()), None);
        assert_eq!(Digest::parse(&ABC[1..]), None);
    }

    #[test]
    fn a_key_is_the_head_of_its_digest() {
        assert_eq!(Digest::of(b"abc").key().to_string(), &ABC[..16]);
    }
}
