//! Between which times an event was recorded, as time tokens prove it.
//!
//! A token shows that the journal's first events were there at its time. The event that holds the token cannot be
//! older than that time, nor can any event after it: the tree that a later checkpoint signs holds the token's hash.

use crate::{
    journal::ProvedTime,
    types::{limits::CLOCK_SECONDS_MAX, time::Timestamp},
};

/// What is proved of one event's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    /// It was recorded later than this.
    pub after: Option<Timestamp>,
    /// It was recorded earlier than this.
    pub before: Option<Timestamp>,
}

/// What all tokens of an archive prove together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Intervals {
    /// Indices of events, in order, with the latest time that is proved from there on.
    after: Vec<(u64, Timestamp)>,
    /// Sizes, in order, with the earliest time before which all events below were there.
    before: Vec<(u64, Timestamp)>,
}

impl Intervals {
    /// Puts together what tokens prove, in any order.
    pub fn of(proved: &[ProvedTime]) -> Self {
        let mut after: Vec<_> = proved.iter().map(|it| (it.event, it.time)).collect();
        after.sort_unstable();
        let mut latest = None;
        for (_, time) in &mut after {
            latest = latest.max(Some(*time));
            *time = latest.unwrap_or(*time);
        }
        let mut before: Vec<_> = proved.iter().map(|it| (it.size, it.time)).collect();
        before.sort_unstable();
        let mut earliest: Option<Timestamp> = None;
        for (_, time) in before.iter_mut().rev() {
            let least = earliest.map_or(*time, |known| known.min(*time));
            (*time, earliest) = (least, Some(least));
        }
        Self { after, before }
    }

    /// What is proved of an event.
    pub fn of_event(&self, event: u64) -> Interval {
        let n_before_it = self.after.partition_point(|(index, _)| *index <= event);
        let after = n_before_it.checked_sub(1).map(|last| self.after[last].1);
        let n_without_it = self.before.partition_point(|(size, _)| *size <= event);
        Interval { after, before: self.before.get(n_without_it).map(|(_, time)| *time) }
    }

    /// Where the interval may be another than for the event before, in order.
    pub fn borders(&self) -> impl Iterator<Item = u64> + '_ {
        self.after.iter().chain(&self.before).map(|(border, _)| *border)
    }
}

impl Interval {
    /// Whether a claimed time lies outside, by more than clocks may differ.
    pub fn contradicts(&self, claimed: Timestamp) -> bool {
        self.after.is_some_and(|after| is_much_later(after, claimed))
            || self.before.is_some_and(|before| is_much_later(claimed, before))
    }
}

/// Whether a time is later than another by more than clocks may differ.
pub fn is_much_later(later: Timestamp, than: Timestamp) -> bool {
    let (later, than) = (later.to_unix(), than.to_unix());
    later.0 - than.0 > CLOCK_SECONDS_MAX
        || (later.0 - than.0 == CLOCK_SECONDS_MAX && later.1 > than.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix(second, 0)
    }

    #[test]
    fn an_event_lies_between_the_token_before_it_and_the_first_that_covers_it() {
        let token = |event, size, time| ProvedTime { event, size, time: at(time) };
        let proved = [token(20, 18, 2000), token(10, 8, 1000), token(30, 8, 900)];
        let intervals = Intervals::of(&proved);
        let expected = |after: Option<i64>, before: Option<i64>| Interval {
            after: after.map(at),
            before: before.map(at),
        };
        for (event, after, before) in [
            (0, None, Some(900)),
            (7, None, Some(900)),
            (8, None, Some(2000)),
            (9, None, Some(2000)),
            (10, Some(1000), Some(2000)),
            (17, Some(1000), Some(2000)),
            (18, Some(1000), None),
            (20, Some(2000), None),
            (40, Some(2000), None),
        ] {
            assert_eq!(intervals.of_event(event), expected(after, before), "event {event}");
        }
        assert_eq!(Intervals::default().of_event(3), Interval::default());
    }

    #[test]
    fn clocks_may_differ_by_some_minutes() {
        let interval = Interval { after: Some(at(1000)), before: Some(at(2000)) };
        for (claimed, is_outside) in
            [(699, true), (700, false), (1500, false), (2300, false), (2301, true)]
        {
            assert_eq!(interval.contradicts(at(claimed)), is_outside, "{claimed}");
        }
        assert!(is_much_later(Timestamp::from_unix(300, 1), at(0)));
    }
}
