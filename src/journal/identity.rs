//! The identity file: which format, which archive, whose signatures.

use std::fmt;

use crate::types::{
    error::{Error, Refusal},
    limits::FORMAT_VERSION,
};

use super::note::Verifier;

/// Where the identity is kept.
pub const NAME: &str = "identity";

/// The file's content: the signing key's public half, whose name is the archive's origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    verifier: Verifier,
}

impl Identity {
    /// The identity of an archive that this key signs for.
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier }
    }

    /// Reads the three lines of the file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |why: &str| Error::damaged(NAME, why);
        let text = std::str::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8"))?;
        let (first, rest) = text.split_once('\n').ok_or_else(|| damaged("it is cut short"))?;
        let version = first.strip_prefix("archive ").and_then(|version| version.parse().ok());
        match version {
            Some(FORMAT_VERSION) => {}
            Some(found) if found > FORMAT_VERSION => {
                let what = NAME.to_owned();
                return Err(Error::Refused(Refusal::NewerFormat {
                    what,
                    found,
                    known: FORMAT_VERSION,
                }));
            }
            _ => return Err(damaged("it does not begin with archive and a version")),
        }
        let vkey = rest.lines().nth(1).and_then(|line| line.strip_prefix("vkey "));
        let vkey = vkey.ok_or_else(|| damaged("its third line is not a vkey"))?;
        let identity = Self::new(Verifier::parse(vkey).map_err(|e| damaged(&e.to_string()))?);
        if identity.to_string() != text {
            return Err(damaged("its lines are not archive, origin and the vkey of that name"));
        }
        Ok(identity)
    }

    /// The archive's name in its log.
    pub fn origin(&self) -> &str {
        self.verifier.name()
    }

    /// The key that signs for the archive.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "archive {FORMAT_VERSION}\norigin {}\nvkey {}\n", self.origin(), self.verifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::note::Signer;

    fn identity() -> Identity {
        Identity::new(Signer::from_seed("example.org/a", &[1; 32]).unwrap().verifier().clone())
    }

    #[test]
    fn an_identity_has_one_spelling() {
        let text = identity().to_string();
        assert!(text.starts_with("archive 1\norigin example.org/a\nvkey example.org/a+"));
        assert_eq!(Identity::parse(text.as_bytes()).unwrap(), identity());
        let bad = [
            text.replace("archive 1", "archive 01"),
            text.replace("archive 1", "archive 0"),
            text.replace("archive 1", "archive"),
            text.replace("origin example", "origin examples"),
            text.replace("origin", "name"),
            text.replace('\n', "\r\n"),
            text.clone() + "\n",
            text.clone() + "more\n",
        ];
        for bad in bad {
            assert!(
                matches!(Identity::parse(bad.as_bytes()), Err(Error::Damaged { .. })),
                "{bad:?}"
            );
        }
        for end in 0..text.len() {
            assert!(Identity::parse(&text.as_bytes()[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_newer_format_is_refused_whatever_follows() {
        let refused = Identity::parse(b"archive 2\nsomething else");
        assert!(matches!(
            refused,
            Err(Error::Refused(Refusal::NewerFormat { found: 2, known: 1, .. }))
        ));
    }
}
