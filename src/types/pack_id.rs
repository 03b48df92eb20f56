//! The names of packs.

use std::fmt;

use super::digest::{Digest, Hasher, Key, hex, parse_hex};

/// One upload of a pack: the SHA-256 of its bytes, and three bytes that no other upload of the same
/// bytes has.
///
/// So a pack that is removed late cannot be one that was put again since. Prints and parses as
/// `9f2c…-a1b2c3`, both in lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackId {
    /// What the pack's bytes must hash to.
    pub digest: Digest,
    /// What is this upload's own.
    pub upload: [u8; 3],
}

impl PackId {
    /// Reads both halves; any other spelling is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let (digest, upload_hex) = text.split_once('-')?;
        let mut upload = [0; 3];
        parse_hex(upload_hex, &mut upload)?;
        Some(Self { digest: Digest::parse(digest)?, upload })
    }

    /// Its 35 bytes.
    pub fn to_bytes(self) -> [u8; 35] {
        let mut bytes = [0; 35];
        bytes[..32].copy_from_slice(self.digest.as_bytes());
        bytes[32..].copy_from_slice(&self.upload);
        bytes
    }

    /// Takes exactly 35 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let (digest, upload) = bytes.split_at_checked(32)?;
        Some(Self { digest: Digest::from_slice(digest)?, upload: upload.try_into().ok()? })
    }

    /// A short key, which differs between uploads.
    pub fn key(&self) -> Key {
        let [a, b, c] = self.upload;
        Key(self.digest.key().0 ^ u64::from(u32::from_be_bytes([0, a, b, c])))
    }

    /// The name of the object that holds it.
    pub fn object_name(&self) -> String {
        let id = self.to_string();
        format!("packs/{}/{id}", &id[..2])
    }

    /// The pack whose object has this name.
    pub fn of_object(name: &str) -> Option<Self> {
        let pack = Self::parse(name.rsplit('/').next()?)?;
        (pack.object_name() == name).then_some(pack)
    }
}

impl fmt::Display for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.digest, hex(&self.upload))
    }
}

impl fmt::Debug for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackId({self})")
    }
}

/// What uploads get as their own: bytes drawn from a seed, never the same twice.
#[derive(Debug, Clone)]
pub struct UploadIds {
    seed: [u8; 32],
    n_drawn: u64,
}

impl UploadIds {
    /// Starts from a seed that no other run has.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { seed, n_drawn: 0 }
    }

    /// A pack of this digest under a name that is used once.
    pub fn next_pack(&mut self, digest: Digest) -> PackId {
        let [a, b, c, ..] = self.draw();
        PackId { digest, upload: [a, b, c] }
    }

    /// Ids that are none of these.
    pub fn split(&mut self) -> Self {
        Self::new(self.draw())
    }

    fn draw(&mut self) -> [u8; 32] {
        let mut hasher = Hasher::default();
        hasher.update(&self.seed);
        hasher.update(b"upload");
        hasher.update(&self.n_drawn.to_be_bytes());
        self.n_drawn += 1;
        *hasher.finish().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_has_one_name() {
        let mut ids = UploadIds::new([7; 32]);
        let digest = Digest::of(b"abc");
        let (one, two) = (ids.next_pack(digest), ids.next_pack(digest));
        assert_ne!(one, two);
        assert_ne!(one.key(), two.key());
        assert_eq!(PackId::parse(&one.to_string()), Some(one));
        assert_eq!(PackId::from_slice(&one.to_bytes()), Some(one));
        assert_eq!(PackId::of_object(&one.object_name()), Some(one));
        let id = one.to_string();
        for bad in
            [&id[..64], &id[1..], &format!("{id}0"), &id.to_uppercase(), &id.replace('-', "")]
        {
            assert_eq!(PackId::parse(bad), None, "{bad}");
        }
        assert_eq!(PackId::of_object(&format!("packs/00/{id}")), None);
    }
}
