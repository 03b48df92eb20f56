//! Salts of details that follow from a seed, so that sixteen random bytes a commit do for all of them.
//!
//! Stored, such a detail lacks its salt and what stands before it. Whoever has the seed has every salt, so
//! an object of which a detail is erased has no seed, and the details that stay have their salts again.

use crate::types::digest::{Hasher, push_hex};

use super::event::Salt;

/// Bytes of a seed, as stored before a details object; zeros stand for none.
pub const SEED_BYTES: usize = 16;

/// What every detail begins with.
const BEFORE: &[u8] = br#"{"salt":""#;
/// What follows the salt.
const AFTER: &[u8] = br#"","#;

/// Random bytes that the salts of a commit's details follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaltSeed([u8; SEED_BYTES]);

impl SaltSeed {
    /// From random bytes, which are secret as the details are.
    pub const fn new(random: [u8; SEED_BYTES]) -> Self {
        Self(random)
    }

    /// As read from an object, where zeros stand for none.
    pub(super) fn read(stored: [u8; SEED_BYTES]) -> Option<Self> {
        (stored != [0; SEED_BYTES]).then_some(Self(stored))
    }

    /// As stored.
    pub(super) fn as_bytes(&self) -> &[u8; SEED_BYTES] {
        &self.0
    }

    /// The salt of the n-th event of the commit, counted from 0: the first half of SHA-256(seed ‖ n), n as u64be.
    pub fn salt(&self, n: u64) -> Salt {
        let mut hasher = Hasher::default();
        hasher.update(&self.0);
        hasher.update(&n.to_be_bytes());
        let digest = hasher.finish();
        std::array::from_fn(|at| digest.as_bytes()[at])
    }

    /// Appends what the detail of the n-th event begins with.
    fn begin(&self, n: u64, detail: &mut Vec<u8>) {
        detail.extend_from_slice(BEFORE);
        push_hex(&self.salt(n), detail);
        detail.extend_from_slice(AFTER);
    }

    /// The details of a commit without their salts; none if one has a salt that does not follow from the seed.
    pub(super) fn without<'a>(&self, details: &[&'a [u8]]) -> Option<Vec<&'a [u8]>> {
        let mut beginning = Vec::new();
        let short = |(n, detail): (u64, &&'a [u8])| {
            beginning.clear();
            self.begin(n, &mut beginning);
            if detail.is_empty() { Some(*detail) } else { detail.strip_prefix(&beginning[..]) }
        };
        (0..).zip(details).map(short).collect()
    }
}

/// A detail of the n-th event of a commit as the event's digest has it, appended to `whole`: an object with a
/// seed has none of their beginnings. What is not as a writer stores it does not fit that digest then.
pub(super) fn complete(seed: Option<SaltSeed>, n: u64, stored: &[u8], whole: &mut Vec<u8>) {
    if let Some(seed) = seed.filter(|_| !stored.is_empty()) {
        seed.begin(n, whole);
    }
    whole.extend_from_slice(stored);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::digest::hex;

    const SEED: SaltSeed = SaltSeed([7; SEED_BYTES]);

    fn detail(salt: Salt, rest: &str) -> Vec<u8> {
        format!(r#"{{"salt":"{}",{rest}}}"#, hex(&salt)).into_bytes()
    }

    #[test]
    fn each_event_has_a_salt_of_its_own() {
        let salts: std::collections::BTreeSet<Salt> = (0..1000).map(|n| SEED.salt(n)).collect();
        assert_eq!(salts.len(), 1000);
        assert_ne!(SEED.salt(0), SaltSeed([8; SEED_BYTES]).salt(0));
    }

    #[test]
    fn details_without_salts_are_completed_to_what_they_were() {
        let details =
            [detail(SEED.salt(0), r#""note":null"#), Vec::new(), detail(SEED.salt(2), "")];
        let details: Vec<&[u8]> = details.iter().map(Vec::as_slice).collect();
        let stored = SEED.without(&details).unwrap();
        assert_eq!(stored[0], br#""note":null}"#);
        for (n, detail) in details.iter().enumerate() {
            let mut whole = Vec::new();
            complete(Some(SEED), n as u64, stored[n], &mut whole);
            assert_eq!(&whole, detail);
            whole.clear();
            complete(None, n as u64, detail, &mut whole);
            assert_eq!(&whole, detail);
        }
    }

    #[test]
    fn one_salt_of_another_origin_keeps_all() {
        let details = [detail(SEED.salt(0), ""), detail([1; 16], "")];
        let details: Vec<&[u8]> = details.iter().map(Vec::as_slice).collect();
        assert_eq!(SEED.without(&details), None);
        // The salt of another event is none of its own either.
        assert_eq!(SEED.without(&details[1..]), None);
    }

    #[test]
    fn zeros_are_no_seed() {
        assert_eq!(SaltSeed::read([0; SEED_BYTES]), None);
        assert_eq!(SaltSeed::read(*SEED.as_bytes()), Some(SEED));
    }
}
