//! What an anchor proves: that its token is about the journal as it was.

use crate::types::{digest::Digest, error::Error, time::Timestamp};

use super::{
    Journal,
    event::{Anchor, Detail},
    merkle::TreeHead,
    time_token::TimeToken,
};

/// When the journal was as it is stated to have been, by an authority's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedTime {
    /// The event that holds the token: it and all after it were recorded later than the token's time.
    pub event: u64,
    /// What the token is about: all events before that many were recorded earlier than its time.
    pub size: u64,
    /// The time in the token.
    pub time: Timestamp,
}

impl Journal {
    /// The signed checkpoint of the commit that ends after so many events; none where no commit does.
    pub fn note_at(&self, size: u64) -> Result<Option<Vec<u8>>, Error> {
        let at = match size.checked_sub(1) {
            None => self.commit_at(0)?,
            Some(last) if size <= self.size() => self.commit_of(last)?,
            Some(_) => return Ok(None),
        };
        Ok((at.size == size).then(|| at.commit.note.clone()))
    }

    /// Hands over the signed checkpoint of each commit.
    pub fn each_note(&self, mut each: impl FnMut(&[u8])) -> Result<(), Error> {
        for number in 0..=self.number {
            each(&self.commit_at(number)?.commit.note);
        }
        Ok(())
    }

    /// The tree whose signed checkpoint has this SHA-256; the latest are looked at first.
    pub fn head_with_note(&self, digest: &Digest) -> Result<Option<TreeHead>, Error> {
        for number in (0..=self.number).rev() {
            let at = self.commit_at(number)?;
            if Digest::of(&at.commit.note) == *digest {
                return Ok(Some(TreeHead { size: at.size, root: at.root }));
            }
        }
        Ok(None)
    }

    /// What an anchor and its token prove, or why they prove nothing.
    pub fn proved_time(
        &self,
        index: u64,
        anchor: &Anchor,
        detail: &Detail,
    ) -> Result<Result<ProvedTime, String>, Error> {
        let Detail::Anchor(detail) = detail else {
            return Ok(Err("its detail holds no token".to_owned()));
        };
        if Digest::of(&detail.token) != anchor.token {
            return Ok(Err("its token is not the one whose SHA-256 it states".to_owned()));
        }
        let token = match TimeToken::parse(&detail.token) {
            Ok(token) => token,
            Err(why) => return Ok(Err(format!("its token cannot be read: {why}"))),
        };
        let note = if anchor.size <= index { self.note_at(anchor.size)? } else { None };
        let head = note.as_deref().and_then(|note| self.head_of(note));
        let flaw = match note {
            None => "no commit before it ends where it says".to_owned(),
            Some(_) if head.is_none_or(|head| head.root != anchor.root) => {
                format!("the tree of {} events has another root", anchor.size)
            }
            Some(note) if Digest::of(&note) != token.imprint => {
                format!("its token is not about the checkpoint of {} events", anchor.size)
            }
            Some(_) if token.time != anchor.time => {
                format!("its token is of {}, not of {}", token.time, anchor.time)
            }
            Some(_) => {
                let Anchor { size, time, .. } = *anchor;
                return Ok(Ok(ProvedTime { event: index, size, time }));
            }
        };
        Ok(Err(flaw))
    }
}
