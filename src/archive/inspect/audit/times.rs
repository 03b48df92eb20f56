//! The audit of times: what tokens prove, and the claims that this contradicts.

use std::ops::Range;

use crate::{
    archive::inspect::intervals::{Interval, Intervals, is_much_later},
    journal::{
        Examined, ProvedTime,
        event::{Anchor, Detail, Event},
    },
    types::{
        document::{Document, Revision},
        error::Error,
        time::Timestamp,
    },
};

use super::{Auditor, Code, Finding};

/// What is proved of when events were recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProvedTimes {
    /// Tokens that fit the journal.
    pub n_tokens: u64,
    /// The earliest of their times.
    pub first: Option<Timestamp>,
    /// The latest of their times.
    pub last: Option<Timestamp>,
    /// Events known to be earlier than some token, and not to be later than another.
    pub n_before: u64,
    /// Events known to lie between two tokens.
    pub n_between: u64,
}

/// The times that events claim, and what was proved so far.
#[derive(Default)]
pub(super) struct Times {
    /// Where other times begin, which one; none for events that cannot be read.
    claims: Vec<(u64, Option<Timestamp>)>,
    proved: Vec<ProvedTime>,
    latest: Option<Timestamp>,
    /// Events that claim to be much earlier than one before them: the first, and how many commits.
    backward: Option<(u64, u64)>,
    /// The same of events that claim to be later than now.
    ahead: Option<(u64, u64)>,
}

/// Events one after the other with the same wrong done to them.
struct FalseTimes {
    events: Range<u64>,
    is_early: bool,
    why: String,
}

impl Auditor<'_> {
    /// Takes the times of an event in, and of an anchor what it proves.
    pub(super) fn time(&mut self, times: &mut Times, examined: &Examined) -> Result<(), Error> {
        let (index, claimed) = (examined.index, examined.event.as_ref().map(Event::at));
        if times.claims.last().is_none_or(|(_, last)| *last != claimed) {
            times.claims.push((index, claimed));
            self.order(times, index, claimed);
        }
        if let (Some(Event::Anchor(anchor)), Some(detail)) = (&examined.event, &examined.detail) {
            self.anchor(times, index, anchor, detail)?;
        }
        Ok(())
    }

    fn anchor(
        &mut self,
        times: &mut Times,
        index: u64,
        anchor: &Anchor,
        detail: &Detail,
    ) -> Result<(), Error> {
        match self.archive.journal.proved_time(index, anchor, detail) {
            Ok(Ok(proved)) => {
                let covered = |earlier: &&ProvedTime| earlier.event < proved.size;
                let before = times.proved.iter().filter(covered).max_by_key(|it| it.time);
                if let Some(before) = before.filter(|it| is_much_later(it.time, proved.time)) {
                    let why = format!(
                        "its token is of {}, and covers event {} with a token of {}",
                        proved.time, before.event, before.time
                    );
                    self.find(Code::TimeOutside, format!("event {index}"), why);
                }
                times.proved.push(proved);
            }
            Ok(Err(why)) => self.find(Code::AnchorMismatch, format!("event {index}"), why),
            // That a commit cannot be read is found where its events are.
            Err(Error::Damaged { .. } | Error::Io { .. } | Error::Untrusted { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Notices times that go back, or have not come yet.
    fn order(&self, times: &mut Times, index: u64, claimed: Option<Timestamp>) {
        let Some(claimed) = claimed else { return };
        let count = |found: &mut Option<(u64, u64)>| {
            let (first, n) = found.unwrap_or((index, 0));
            *found = Some((first, n + 1));
        };
        if times.latest.is_some_and(|latest| is_much_later(latest, claimed)) {
            count(&mut times.backward);
        }
        if self.clock.is_some_and(|now| is_much_later(claimed, now)) {
            count(&mut times.ahead);
        }
        times.latest = Some(claimed);
    }

    /// Compares what is claimed with what is proved, once all events were read.
    pub(super) fn judge_times(&mut self, times: &Times, n_events: u64) -> Result<(), Error> {
        let intervals = Intervals::of(&times.proved);
        let mut borders: Vec<u64> = times.claims.iter().map(|(index, _)| *index).collect();
        borders.extend(intervals.borders().filter(|border| *border < n_events));
        borders.sort_unstable();
        borders.dedup();
        let mut found = ProvedTimes::of(&times.proved);
        let mut outside: Vec<FalseTimes> = Vec::new();
        let ends = borders.iter().skip(1).copied().chain([n_events]);
        for events in borders.iter().copied().zip(ends).map(|(start, end)| start..end) {
            let interval = intervals.of_event(events.start);
            match (interval.after, interval.before) {
                (Some(_), Some(_)) => found.n_between += events.end - events.start,
                (None, Some(_)) => found.n_before += events.end - events.start,
                (_, None) => {}
            }
            let claimed = times.claimed(events.start);
            if let Some(claimed) = claimed.filter(|claimed| interval.contradicts(*claimed)) {
                note_outside(&mut outside, events, claimed, interval);
            }
        }
        self.report.when = found;
        for FalseTimes { events, why, .. } in outside {
            let about = match events.end - events.start {
                1 => format!("event {}", events.start),
                _ => format!("events {}–{}", events.start, events.end - 1),
            };
            let revisions = self.revisions_of(&events)?;
            self.report.findings.push(Finding { code: Code::TimeOutside, about, why, revisions });
        }
        self.information(times);
        Ok(())
    }

    /// The revisions that these events recorded, in order, as findings name them.
    fn revisions_of(&self, events: &Range<u64>) -> Result<Vec<String>, Error> {
        let n = usize::try_from(events.end - events.start).unwrap_or(usize::MAX);
        let mut recorded = self.projection.revisions_before(events.end, n)?;
        recorded.retain(|(_, revision)| revision.event >= events.start);
        let named = |(document, revision): &(Document, Revision)| {
            format!("{}@{}", document.name.text(), revision.number)
        };
        Ok(recorded.iter().rev().map(named).collect())
    }

    fn information(&mut self, times: &Times) {
        let all = [
            (times.backward, "it states an earlier time than the event before it"),
            (times.ahead, "it states a time that has not come yet"),
        ];
        for (found, why) in all {
            let Some((first, n)) = found else { continue };
            let more = match n {
                1 => String::new(),
                2 => "; so does one later one".to_owned(),
                n => format!("; so do {} later ones", n - 1),
            };
            self.find(Code::TimeOrder, format!("event {first}"), format!("{why}{more}"));
        }
    }
}

impl ProvedTimes {
    fn of(proved: &[ProvedTime]) -> Self {
        Self {
            n_tokens: proved.len() as u64,
            first: proved.iter().map(|it| it.time).min(),
            last: proved.iter().map(|it| it.time).max(),
            ..Self::default()
        }
    }
}

impl Times {
    /// The time that an event states.
    fn claimed(&self, event: u64) -> Option<Timestamp> {
        let at = self.claims.partition_point(|(index, _)| *index <= event);
        self.claims[..at].last().and_then(|(_, claimed)| *claimed)
    }
}

/// Puts events that state one time to those before, if the same is wrong with them.
fn note_outside(
    outside: &mut Vec<FalseTimes>,
    events: Range<u64>,
    claimed: Timestamp,
    Interval { after, before }: Interval,
) {
    let is_early = after.is_some_and(|after| claimed < after);
    if let Some(last) = outside.last_mut()
        && (last.events.end, last.is_early) == (events.start, is_early)
    {
        last.events.end = events.end;
        return;
    }
    let proof = match (after, before) {
        (Some(after), Some(before)) => format!("between {after} and {before}"),
        (Some(after), None) => format!("after {after}"),
        (None, before) => format!("before {}", before.unwrap_or(claimed)),
    };
    let why = format!("the time stated is {claimed}; by time tokens it is {proof}");
    outside.push(FalseTimes { events, is_early, why });
}
