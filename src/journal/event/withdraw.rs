//! `withdraw`: from here on bytes or details of earlier events are not to be had, and why.

use serde::Deserialize;

use crate::types::{digest::Digest, time::Timestamp};

use super::{Malformed, VERSION, json};

/// As many events as one withdrawal has room for.
pub const WITHDRAWN_MAX: usize = 200;
const REASON_BYTES_MAX: usize = 32;

/// What goes of earlier events; at least one thing, at most [`WITHDRAWN_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Withdraw {
    /// By the writer's clock.
    #[serde(deserialize_with = "json::spelled")]
    pub at: Timestamp,
    /// Why, as a code that is no secret.
    #[serde(deserialize_with = "json::spelled")]
    pub reason: ReasonCode,
    /// The `revise` events whose contents go, rising.
    pub contents: Vec<u64>,
    /// The events whose details go, rising.
    pub details: Vec<u64>,
    /// The digest of the detail's bytes.
    #[serde(deserialize_with = "json::spelled")]
    pub detail: Digest,
}

/// Why something is withdrawn: `legal`, `personal`, `licence`, `error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonCode(String);

impl ReasonCode {
    /// Takes 1 to 32 lower-case letters, digits and `-`.
    pub fn new(text: &str) -> Option<Self> {
        let is_plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let fits = (1..=REASON_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_plain);
        fits.then(|| Self(text.to_owned()))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl json::Spelled for ReasonCode {
    fn read(text: &str) -> Option<Self> {
        Self::new(text)
    }
}

impl Withdraw {
    pub(super) fn check(&self) -> Result<(), Malformed> {
        let n = self.contents.len() + self.details.len();
        if !(1..=WITHDRAWN_MAX).contains(&n) {
            return Err(Malformed::new("a withdrawal names 1 to 200 contents and details"));
        }
        if ![&self.contents, &self.details].into_iter().all(|list| list.is_sorted_by(|a, b| a < b))
        {
            return Err(Malformed::new("what a withdrawal names is not in rising order"));
        }
        Ok(())
    }

    /// The largest index, for the check of numbers.
    pub(super) fn largest(&self) -> u64 {
        self.contents.iter().chain(&self.details).copied().max().unwrap_or(0)
    }

    pub(super) fn spell(&self) -> String {
        let Self { at, reason, contents, details, detail } = self;
        let (reason, contents, details) = (reason.as_str(), list(contents), list(details));
        format!(
            r#"{{"t":"withdraw","v":{VERSION},"at":"{at}","reason":"{reason}","contents":[{contents}],"details":[{details}],"detail":"{detail}"}}"#
        )
    }
}

fn list(indices: &[u64]) -> String {
    indices.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::event::{Event, NUMBER_MAX};

    const WITHDRAW: &str = concat!(
        r#"{"t":"withdraw","v":1,"at":"2026-11-23T08:06:55Z","reason":"legal","contents":[0,7],"details":[7],"#,
        r#""detail":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#
    );

    #[test]
    fn a_withdrawal_goes_round() {
        let event = Event::parse(WITHDRAW.as_bytes()).unwrap();
        assert_eq!(event.line().unwrap(), WITHDRAW.as_bytes());
        assert_eq!(event.event_type(), "withdraw");
        let Event::Withdraw(withdraw) = event else { panic!() };
        assert_eq!((withdraw.reason.as_str(), &withdraw.contents[..]), ("legal", &[0, 7][..]));
        let full = Withdraw {
            contents: (NUMBER_MAX + 1 - WITHDRAWN_MAX as u64..=NUMBER_MAX).collect(),
            details: Vec::new(),
            reason: ReasonCode::new(&"r".repeat(32)).unwrap(),
            ..withdraw
        };
        let line = Event::Withdraw(full).line().unwrap();
        assert!(Event::parse(&line).is_ok());
    }

    #[test]
    fn a_second_spelling_is_malformed() {
        for (from, to) in [
            ("legal", "Legal"),
            ("legal", ""),
            ("legal", "a b"),
            ("legal", "a-code-of-more-than-thirty-two-letters"),
            ("[0,7]", "[7,0]"),
            ("[0,7]", "[7,7]"),
            ("[0,7]", "[0, 7]"),
            ("[0,7],\"details\":[7]", "[],\"details\":[]"),
            ("[7]", "[9007199254740992]"),
            ("[7]", "null"),
        ] {
            let line = WITHDRAW.replacen(from, to, 1);
            assert_ne!(line, WITHDRAW);
            assert!(Event::parse(line.as_bytes()).is_err(), "{line}");
        }
    }
}
