//! Labelled digests, as WARC has them: `sha1:` and the digest in base 32 or 16.

use std::io::{self, Write};

use sha1::{Digest as _, Sha1};
use sha2::{Sha256, Sha512};

use crate::types::digest::hex;

/// A digest that was stated, and the bytes that should have it.
pub struct StatedDigest {
    value: String,
    hasher: StatedHasher,
}

enum StatedHasher {
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Sha512),
}

impl StatedDigest {
    /// What is stated; none of an algorithm that is not known here.
    pub fn of(stated: &str) -> Option<Self> {
        let (label, value) = stated.trim().split_once(':')?;
        let hasher = match &label.to_ascii_lowercase().replace('-', "")[..] {
            "sha1" => StatedHasher::Sha1(Sha1::new()),
            "sha256" => StatedHasher::Sha256(Sha256::new()),
            "sha512" => StatedHasher::Sha512(Sha512::new()),
            _ => return None,
        };
        Some(Self { value: plain(value), hasher })
    }

    /// Whether the bytes have it.
    pub fn fits(self) -> bool {
        let bytes = match self.hasher {
            StatedHasher::Sha1(hasher) => hasher.finalize().to_vec(),
            StatedHasher::Sha256(hasher) => hasher.finalize().to_vec(),
            StatedHasher::Sha512(hasher) => hasher.finalize().to_vec(),
        };
        self.value == base32(&bytes) || self.value == hex(&bytes)
    }
}

impl Write for StatedDigest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.hasher {
            StatedHasher::Sha1(hasher) => hasher.update(bytes),
            StatedHasher::Sha256(hasher) => hasher.update(bytes),
            StatedHasher::Sha512(hasher) => hasher.update(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stated digest in the spelling by which two are compared.
pub fn plain(stated: &str) -> String {
    stated.trim().trim_end_matches('=').to_ascii_lowercase()
}

/// RFC 4648, in lower case and without padding.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::new();
    for group in bytes.chunks(5) {
        let bits = (0..5).fold(0, |bits, n| bits << 8 | u64::from(*group.get(n).unwrap_or(&0)));
        for n in 0..(group.len() * 8).div_ceil(5) {
            text.push(char::from(LETTERS[(bits >> (35 - 5 * n) & 31) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_fits_in_any_spelling() {
        for (bytes, text) in
            [(&b""[..], ""), (b"f", "my"), (b"fooba", "mzxw6ytb"), (b"foobar", "mzxw6ytboi")]
        {
            assert_eq!(base32(bytes), text);
        }
        for stated in [
            "sha1:VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2N",
            "SHA-1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
            "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "sha256:FTZE3OS7WCRQ4JXIHMVMLOPCTYNRMHS4D6TUEXTTAQZWFE4LTASA====",
        ] {
            let mut digest = StatedDigest::of(stated).unwrap();
            digest.write_all(b"hello").unwrap();
            assert!(digest.fits(), "{stated}");
        }
        let mut digest = StatedDigest::of("sha1:VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2N").unwrap();
        digest.write_all(b"Hello").unwrap();
        assert!(!digest.fits());
        assert!(StatedDigest::of("md5:x").is_none() && StatedDigest::of("x").is_none());
    }
}
