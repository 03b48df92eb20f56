//! The identity file: which format, which archive, whose signatures.

use std::fmt;

use crate::types::{
    error::{Error, Refusal},
    limits::FORMAT_VERSION,
};

use super::note::Verifier;

/// Where the identity is kept.
pub const NAME: &str = "identity";

/// Between an archive's first origin and the number of its epoch.
const EPOCH_MARK: char = '~';

/// The file's content: the public halves of the keys that signed, and sign. The name of each is the origin that it
/// signs for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    first: Verifier,
    changes: Vec<KeyChange>,
}

/// Another key from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// Checkpoints of more events than this are signed by it.
    pub after: u64,
    /// The key.
    pub verifier: Verifier,
}

impl Identity {
    /// The identity of an archive that this key signs for.
    pub fn new(verifier: Verifier) -> Self {
        Self { first: verifier, changes: Vec::new() }
    }

    /// Reads the file: three lines, and one for each change.
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
        let identity = Self::parse_keys(rest)?;
        if identity.to_string() != text {
            return Err(damaged("its lines are not archive, origin and the vkey of that name"));
        }
        Ok(identity)
    }

    /// The keys in the lines after the first; whether all else is as it should be is seen when they are written again.
    fn parse_keys(lines: &str) -> Result<Self, Error> {
        let damaged = |why: &str| Error::damaged(NAME, why);
        let key = |vkey: &str| Verifier::parse(vkey).map_err(|e| damaged(&e.to_string()));
        let vkey = lines.lines().nth(1).and_then(|line| line.strip_prefix("vkey "));
        let vkey = vkey.ok_or_else(|| damaged("its third line is not a vkey"))?;
        let mut identity = Self::new(key(vkey)?);
        for line in lines.lines().skip(2) {
            let change = line.strip_prefix("next ").and_then(|line| line.split_once(' '));
            let change = change.and_then(|(after, vkey)| Some((after.parse().ok()?, vkey)));
            let (after, vkey) = change.ok_or_else(|| damaged("a line is no change of keys"))?;
            let changed = identity.with(KeyChange { after, verifier: key(vkey)? });
            identity = changed.ok_or_else(|| damaged("a key does not follow the one before"))?;
        }
        Ok(identity)
    }

    /// The same with one more change; none where it does not go on from the last one: later, and under the same origin
    /// or that of a later epoch.
    pub fn with(&self, change: KeyChange) -> Option<Self> {
        let is_later =
            self.changes.last().is_none_or(|last| last.after <= change.after && *last != change);
        let name = change.verifier.name();
        let goes_on = name == self.origin() || self.epoch_of(name) > Some(self.epoch());
        let mut changed = self.clone();
        changed.changes.push(change);
        (is_later && goes_on).then_some(changed)
    }

    /// The archive's name in its log.
    pub fn origin(&self) -> &str {
        self.verifier().name()
    }

    /// The origin of an epoch, from 1.
    pub fn origin_of(&self, epoch: u64) -> String {
        match epoch {
            ..=1 => self.first.name().to_owned(),
            _ => format!("{}{EPOCH_MARK}{epoch}", self.first.name()),
        }
    }

    /// The number of the epoch, from 1. Numbers may be left out: another copy that went on from here may have them.
    pub fn epoch(&self) -> u64 {
        self.epoch_of(self.origin()).unwrap_or(1)
    }

    /// The number of the epoch that an origin is of; none where it is no origin of this archive.
    pub fn epoch_of(&self, origin: &str) -> Option<u64> {
        let rest = origin.strip_prefix(self.first.name())?;
        let epoch = match rest.strip_prefix(EPOCH_MARK) {
            Some(number) => number.parse().ok().filter(|epoch| *epoch > 1)?,
            None => 1,
        };
        (self.origin_of(epoch) == origin).then_some(epoch)
    }

    /// The keys that signed, in order, and the one that signs now as the last.
    pub fn verifiers(&self) -> impl Iterator<Item = &Verifier> {
        [&self.first].into_iter().chain(self.changes.iter().map(|change| &change.verifier))
    }

    /// The origins that the archive had before the present one, in order.
    pub fn earlier_origins(&self) -> impl Iterator<Item = &str> {
        self.verifiers().map(Verifier::name).filter(|name| *name != self.origin())
    }

    /// The key that signs now.
    pub fn verifier(&self) -> &Verifier {
        self.changes.last().map_or(&self.first, |change| &change.verifier)
    }

    /// The key that signs checkpoints of so many events.
    pub fn verifier_for(&self, size: u64) -> &Verifier {
        let change = self.changes.iter().rfind(|change| change.after < size);
        change.map_or(&self.first, |change| &change.verifier)
    }

    /// The first key.
    pub fn first_verifier(&self) -> &Verifier {
        &self.first
    }

    /// The changes after the first key, in order.
    pub fn changes(&self) -> &[KeyChange] {
        &self.changes
    }

    /// Whether this is the other one, or what became of it.
    pub fn goes_on_from(&self, other: &Self) -> bool {
        self.first == other.first && self.changes.starts_with(&other.changes)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, changes } = self;
        write!(f, "archive {FORMAT_VERSION}\norigin {}\nvkey {first}\n", first.name())?;
        let line = |KeyChange { after, verifier }: &KeyChange| format!("next {after} {verifier}\n");
        changes.iter().try_for_each(|change| f.write_str(&line(change)))
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
            text.clone() + "next 3\n",
            text.clone() + "next 03 " + &text[text.find("example.org/a+").unwrap()..],
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
    fn keys_change_under_one_origin_or_the_next_epoch() {
        let key = |name: &str, n| Signer::from_seed(name, &[n; 32]).unwrap().verifier().clone();
        let change = |after, name: &str, n| KeyChange { after, verifier: key(name, n) };
        let changed = identity().with(change(5, "example.org/a", 2)).unwrap();
        let changed = changed.with(change(9, "example.org/a~2", 3)).unwrap();
        assert_eq!(Identity::parse(changed.to_string().as_bytes()).unwrap(), changed);
        for (size, n) in [(0, 1), (5, 1), (6, 2), (9, 2)] {
            assert_eq!(*changed.verifier_for(size), key("example.org/a", n), "{size}");
        }
        assert_eq!(*changed.verifier_for(10), key("example.org/a~2", 3));
        assert_eq!((changed.origin(), changed.epoch()), ("example.org/a~2", 2));
        let gap = changed.with(change(12, "example.org/a~5", 4)).unwrap();
        assert_eq!(Identity::parse(gap.to_string().as_bytes()).unwrap(), gap);
        assert_eq!(gap.epoch(), 5);
        let earlier: Vec<_> = gap.earlier_origins().collect();
        assert_eq!(earlier, ["example.org/a", "example.org/a", "example.org/a~2"]);
        for bad in ["example.org/a", "example.org/a~1", "example.org/a~02", "example.org/a~3x"] {
            assert_eq!(changed.with(change(12, bad, 4)), None, "{bad}");
        }
        assert!(changed.goes_on_from(&identity()) && !identity().goes_on_from(&changed));
        for bad in [change(8, "example.org/a~2", 4), change(12, "example.org/a", 4)] {
            assert_eq!(changed.with(bad), None);
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
