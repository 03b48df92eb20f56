//! Rows by name, read ahead: whoever asks for names in their order, as a walk meets them, has most of them
//! answered by a question that was put before.

use std::collections::VecDeque;

use rusqlite::types::ValueRef;

use crate::types::{error::Error, name::DocName};

/// So many rows are read at a time at most.
const ROWS_MAX: usize = 256;
/// As long as most of what was read is asked for, so many times more are read the next time.
const GROWTH: usize = 4;

/// A name in the order of its column: texts come before what is not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortedName {
    is_blob: bool,
    bytes: Vec<u8>,
}

impl SortedName {
    /// The name in a column; none where that is none.
    pub(super) fn in_column(value: ValueRef) -> Option<Self> {
        match value {
            ValueRef::Text(bytes) => Some(Self { is_blob: false, bytes: bytes.to_owned() }),
            ValueRef::Blob(bytes) => Some(Self { is_blob: true, bytes: bytes.to_owned() }),
            _ => None,
        }
    }
}

impl From<&DocName> for SortedName {
    fn from(name: &DocName) -> Self {
        Self { is_blob: name.utf8().is_none(), bytes: name.as_bytes().to_owned() }
    }
}

/// Rows, each with its name.
pub type NamedRows<T> = Vec<(SortedName, T)>;

/// Rows that were read ahead, each with its name. They are those of one snapshot, and of no use after it.
pub struct LookAhead<T> {
    /// Rising, and all that there are behind the name that was asked for last.
    rows: VecDeque<(SortedName, T)>,
    last_asked: Option<SortedName>,
    /// No row comes after these.
    has_end: bool,
    n_read: usize,
    n_used: usize,
}

impl<T> Default for LookAhead<T> {
    fn default() -> Self {
        let (rows, last_asked) = (VecDeque::new(), None);
        Self { rows, last_asked, has_end: false, n_read: 0, n_used: 0 }
    }
}

impl<T> LookAhead<T> {
    /// The row of a name. `read` gives so many rows, the first of those that are not before a name.
    pub fn get(
        &mut self,
        name: &DocName,
        read: impl FnOnce(&DocName, usize) -> Result<NamedRows<T>, Error>,
    ) -> Result<Option<T>, Error> {
        let wanted = SortedName::from(name);
        let goes_on = self.last_asked.as_ref().is_some_and(|last| *last < wanted);
        let is_read = self.has_end || self.rows.back().is_some_and(|last| last.0 >= wanted);
        if !(goes_on && is_read) {
            let is_of_use = goes_on && self.n_used * 2 >= self.n_read;
            let n = if is_of_use { (self.n_read * GROWTH).clamp(1, ROWS_MAX) } else { 1 };
            *self = Self::default();
            self.rows = read(name, n)?.into();
            (self.has_end, self.n_read) = (self.rows.len() < n, n);
        }
        while self.rows.front().is_some_and(|first| first.0 < wanted) {
            self.rows.pop_front();
        }
        let found = self.rows.pop_front_if(|first| first.0 == wanted);
        self.n_used += usize::from(found.is_some());
        self.last_asked = Some(wanted);
        Ok(found.map(|row| row.1))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn name(text: impl Into<Vec<u8>>) -> DocName {
        DocName::new(text.into()).unwrap()
    }

    /// Asks for names one after the other; what was found of each, and how many rows each question read.
    fn asked(there: &[DocName], wanted: &[DocName]) -> (Vec<bool>, Vec<usize>) {
        let mut sorted: Vec<SortedName> = there.iter().map(SortedName::from).collect();
        sorted.sort_unstable();
        let questions = RefCell::new(Vec::new());
        let read = |from: &DocName, n: usize| {
            questions.borrow_mut().push(n);
            let from = SortedName::from(from);
            let rows = sorted.iter().filter(|it| **it >= from).take(n);
            Ok(rows.map(|it| (it.clone(), it.clone())).collect())
        };
        let mut ahead = LookAhead::default();
        let found = wanted.iter().map(|name| {
            let found = ahead.get(name, read).unwrap();
            assert!(found.as_ref().is_none_or(|it| *it == SortedName::from(name)));
            found.is_some()
        });
        (found.collect(), questions.into_inner())
    }

    #[test]
    fn names_in_their_order_are_answered_by_few_questions() {
        let names: Vec<DocName> = (0..1000).map(|n| name(format!("d/{n:04}"))).collect();
        let (found, questions) = asked(&names, &names);
        assert!(found.iter().all(|it| *it));
        assert_eq!(questions, [1, 4, 16, 64, 256, 256, 256, 256]);
        // What is not there needs no question where what comes after it is known.
        let (found, questions) = asked(&names[..1], &names);
        assert_eq!((found.iter().filter(|it| **it).count(), questions.len()), (1, 2));
    }

    #[test]
    fn names_in_no_order_are_found_one_by_one() {
        let names: Vec<DocName> = (0..500).map(|n| name(format!("{:03}", n * 7 % 500))).collect();
        let (found, questions) = asked(&names, &names);
        assert!(found.iter().all(|it| *it));
        assert!(questions.iter().sum::<usize>() < 3 * names.len());
        let (found, _) = asked(&names[..250], &names);
        assert_eq!(found.iter().filter(|it| **it).count(), 250);
        // Each time but a few are wanted of many.
        let sparse: Vec<DocName> = (0..50).map(|n| name(format!("{:03}", n * 10))).collect();
        let (found, questions) = asked(&names, &sparse);
        assert!(found.iter().all(|it| *it));
        assert!(questions.iter().sum::<usize>() < 5 * sparse.len(), "{questions:?}");
    }

    #[test]
    fn names_that_are_no_text_come_last() {
        let names = [name("a"), name("z"), name(&b"\xff"[..]), name(&b"b\xff"[..])];
        let wanted = [name("a"), name(&b"b\xff"[..]), name("m"), name("z"), name(&b"\xff"[..])];
        let (found, _) = asked(&names, &wanted);
        assert_eq!(found, [true, true, false, true, true]);
        let (found, _) = asked(&names, &[name("z"), name("z"), name("a"), name("z")]);
        assert_eq!(found, [true; 4]);
    }
}
