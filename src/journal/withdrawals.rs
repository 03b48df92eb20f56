//! Withdrawals: of which events the bytes or the details are not to be had any more, and by which event.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use crate::types::error::Error;

use super::{
    Draft, Journal,
    event::{Event, Withdraw},
    object::{commit_name, encode_details},
};

const BEGINNING: &[u8] = br#"{"t":"withdraw""#;

/// What `withdraw` events took, by the events that it was taken from; of several the first one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withdrawals {
    /// Of `revise` events whose contents went: the event that says so.
    pub contents: BTreeMap<u64, u64>,
    /// Of events whose details went.
    pub details: BTreeMap<u64, u64>,
}

impl Withdrawals {
    /// Whether nothing was withdrawn.
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty() && self.details.is_empty()
    }

    /// The last event that withdrew something.
    pub fn last(&self) -> Option<u64> {
        self.contents.values().chain(self.details.values()).copied().max()
    }

    /// Goes on by one event.
    pub fn take(&mut self, index: u64, event: &Event) {
        let Event::Withdraw(Withdraw { contents, details, .. }) = event else { return };
        for (all, named) in [(&mut self.contents, contents), (&mut self.details, details)] {
            // What is to come cannot be withdrawn yet.
            for event in named.iter().filter(|event| **event < index) {
                all.entry(*event).or_insert(index);
            }
        }
    }

    fn take_line(&mut self, index: u64, line: &[u8]) {
        if line.starts_with(BEGINNING)
            && let Ok(event) = Event::parse(line)
        {
            self.take(index, &event);
        }
    }
}

impl Draft {
    /// Whether it withdraws something.
    pub fn is_withdrawal(&self) -> bool {
        self.line().starts_with(BEGINNING)
    }
}

impl Journal {
    /// What the events of a range withdrew.
    pub fn withdrawals(&self, range: Range<u64>) -> Result<Withdrawals, Error> {
        let mut withdrawals = Withdrawals::default();
        self.each_line(range, |index, line| withdrawals.take_line(index, line))?;
        Ok(withdrawals)
    }

    /// The same of all events that can be read.
    pub fn readable_withdrawals(&self) -> Withdrawals {
        let mut withdrawals = Withdrawals::default();
        self.each_readable_line(|index, line| withdrawals.take_line(index, line));
        withdrawals
    }

    /// The event that withdrew the content of a `revise` event, as the journal has it, among those from `by` on.
    pub fn withdraws_content(&self, of: u64, by: u64) -> Result<bool, Error> {
        let entry = self.entries(by..by + 1).next().transpose()?;
        Ok(matches!(
            entry.map(|entry| entry.event),
            Some(Event::Withdraw(event)) if event.contents.binary_search(&of).is_ok()
        ))
    }

    /// Whether the event `by` withdrew the details of an event.
    pub fn withdraws_details(&self, of: u64, by: u64) -> Result<bool, Error> {
        let entry = self.entries(by..by + 1).next().transpose()?;
        Ok(matches!(
            entry.map(|entry| entry.event),
            Some(Event::Withdraw(event)) if event.details.binary_search(&of).is_ok()
        ))
    }

    /// What is stored of details that are withdrawn and still there, by their events.
    ///
    /// Details that are missing or damaged are not there.
    pub fn details_left<'e>(
        &self,
        events: impl IntoIterator<Item = &'e u64>,
    ) -> Result<BTreeMap<u64, Vec<u8>>, Error> {
        let mut left = BTreeMap::new();
        // Of a commit all details are read together.
        let mut read: Option<(Range<u64>, Vec<Vec<u8>>)> = None;
        for event in events.into_iter().filter(|event| **event < self.size()) {
            let (range, details) = match read.take().filter(|(range, _)| range.contains(event)) {
                Some(known) => known,
                None => self.details_around(*event)?,
            };
            let detail = details.get((event - range.start) as usize);
            if let Some(bytes) = detail.filter(|bytes| !bytes.is_empty()) {
                left.insert(*event, bytes.clone());
            }
            read = Some((range, details));
        }
        Ok(left)
    }

    /// The events of the commit that holds one, and what is stored as their details; nothing of damaged ones.
    fn details_around(&self, event: u64) -> Result<(Range<u64>, Vec<Vec<u8>>), Error> {
        let commit = match self.commit_of(event) {
            Err(Error::Damaged { .. }) => return Ok((event..event + 1, Vec::new())),
            commit => commit?,
        };
        let details = match self.stored_details(commit.number) {
            Err(Error::Damaged { .. }) => Vec::new(),
            details => details?,
        };
        Ok((commit.commit.body.head.first..commit.size, details))
    }

    /// The object with the detail of an event.
    pub fn details_object_of(&self, event: u64) -> Result<String, Error> {
        let commit = self.commit_of(event)?;
        Ok(super::details_name(commit.number, &commit.commit.body.head.id))
    }

    /// Hands over everything that is stored as the detail of an event, with the object that it lies in.
    ///
    /// `Damaged` where an object cannot be read; one that is not there holds nothing.
    pub fn each_stored_detail(&self, mut each: impl FnMut(u64, &str, &[u8])) -> Result<(), Error> {
        for number in 1..=self.number {
            let head = self.commit_at(number)?.commit.body.head.clone();
            let name = super::details_name(number, &head.id);
            if self.backend.size(&name)?.is_none() {
                continue;
            }
            let details = self.stored_details(number)?;
            (head.first..).zip(&details).for_each(|(index, bytes)| each(index, &name, bytes));
        }
        Ok(())
    }

    /// The object with the details of a commit, without those of these events. It has no seed, which would give
    /// away their salts.
    pub fn without_details(&self, number: u64, events: &[u64]) -> Result<Vec<u8>, Error> {
        let head = self.commit_at(number)?.commit.body.head.clone();
        let mut details = self.stored_details(number)?;
        for event in events {
            let index = event.checked_sub(head.first).and_then(|at| usize::try_from(at).ok());
            let detail = index.and_then(|index| details.get_mut(index));
            let why = "it holds fewer events than are signed";
            detail.ok_or_else(|| Error::damaged(commit_name(number), why))?.clear();
        }
        let items: Vec<&[u8]> = details.iter().map(Vec::as_slice).collect();
        encode_details(head.id, head.first, None, &items)
    }

    /// Puts nothing in the place of these details, durably: their objects are swapped. Returns the names of those.
    ///
    /// `Damaged` when an object cannot be read; those before it are swapped.
    pub fn erase_details(&self, events: &BTreeSet<u64>) -> Result<Vec<String>, Error> {
        let mut erased = Vec::new();
        let mut rest: Vec<u64> = events.iter().copied().collect();
        while let Some(first) = rest.first() {
            let commit = self.commit_of(*first)?;
            let (here, later) = rest.split_at(rest.partition_point(|event| *event < commit.size));
            let stored = self.without_details(commit.number, here)?;
            let head = &commit.commit.body.head;
            let name = super::details_name(commit.number, &head.id);
            self.backend.swap(&name, &stored)?;
            if self.backend.read(&name, stored.len())?.as_deref() != Some(&stored) {
                return Err(Error::damaged(name, "it does not read back as it was written"));
            }
            erased.push(name);
            rest = later.to_vec();
        }
        Ok(erased)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::event::ReasonCode,
        types::{digest::Digest, time::Timestamp},
    };

    #[test]
    fn the_first_withdrawal_of_an_event_counts() {
        let mut withdrawals = Withdrawals::default();
        let event = |contents: &[u64], details: &[u64]| {
            Event::Withdraw(Withdraw {
                at: Timestamp::from_unix(0, 0),
                reason: ReasonCode::new("legal").unwrap(),
                contents: contents.to_vec(),
                details: details.to_vec(),
                detail: Digest::of(b""),
            })
        };
        assert!(withdrawals.is_empty());
        withdrawals.take(5, &event(&[1, 2], &[]));
        withdrawals.take_line(9, &event(&[2, 3], &[2]).line().unwrap());
        assert_eq!(withdrawals.contents, BTreeMap::from([(1, 5), (2, 5), (3, 9)]));
        assert_eq!(withdrawals.details, BTreeMap::from([(2, 9)]));
    }
}
