//! Reading events back, bundle by bundle.

use std::ops::Range;

use crate::types::{digest::Digest, error::Error, limits::BUNDLE_EVENTS};

use super::{
    Journal,
    bundle::{self, Half},
    event::{Detail, Event},
    merkle::{Frontier, tiles::TilePath},
};

/// How often a bundle is sought while a writer may be replacing it by a longer one.
const TRIES_MAX: usize = 3;

/// An event as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the journal, from 0.
    pub index: u64,
    /// The bytes that were hashed.
    pub line: Vec<u8>,
    /// What these bytes are.
    pub event: Event,
    /// What people wrote about it; none where it is erased, damaged or missing, which the event itself
    /// survives.
    pub detail: Option<Detail>,
}

/// An entry as an auditor finds it: all that can still be read, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Its place in the journal, from 0.
    pub index: u64,
    /// The bytes that were hashed, if they are there.
    pub line: Option<Vec<u8>>,
    /// What these bytes are, if they are an event.
    pub event: Option<Event>,
    /// Its detail, if it is there and the one that the event means.
    pub detail: Option<Detail>,
    /// What is wrong.
    pub problem: Option<Problem>,
}

/// What can be wrong with one entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No bundle holds it.
    #[error("its bundle is missing")]
    EntryMissing,
    /// Its bundle cannot be read.
    #[error("{0}")]
    EntryDamaged(String),
    /// Its bytes are not an event.
    #[error("it is malformed: {0}")]
    EventMalformed(String),
    /// No bundle holds its detail.
    #[error("the bundle of its detail is missing")]
    DetailMissing,
    /// The bundle of its detail cannot be read.
    #[error("{0}")]
    DetailDamaged(String),
    /// Nothing stands where its detail belongs, and no event says that it was withdrawn.
    #[error("its detail is empty, and nothing states that it was withdrawn")]
    DetailErased,
    /// Another detail stands where its own belongs.
    #[error("its detail is not the one it was recorded with")]
    DetailMismatch,
    /// Its detail is the one meant, and is not one.
    #[error("its detail is malformed: {0}")]
    DetailMalformed(String),
}

impl Journal {
    /// The events of a range, clipped to the journal's size; holds one bundle at a time.
    ///
    /// A damaged event is an error that names it; so is a bundle of events that is missing or cannot be
    /// read. What is wrong with details costs the details alone.
    pub fn entries(&self, range: Range<u64>) -> impl Iterator<Item = Result<Entry, Error>> + '_ {
        self.stretches(range).flat_map(|stretch| stretch.entries())
    }

    /// Like [`Journal::entries`], but goes on whatever it finds: every index of the range comes up.
    pub fn examine(&self, range: Range<u64>) -> impl Iterator<Item = Examined> + '_ {
        self.stretches(range).flat_map(|stretch| stretch.examine())
    }

    /// Whether a frontier is that of the signed tree.
    pub(super) fn check(&self, frontier: &Frontier) -> Result<(), Error> {
        let (found, signed) = (frontier.head(), self.head());
        if found != signed {
            let why = format!(
                "{} events have the root {}, the checkpoint states {} and {}",
                found.size, found.root, signed.size, signed.root
            );
            return Err(Error::damaged(Half::Entries.folder(), why));
        }
        Ok(())
    }

    /// How many of this journal's events bundle `index` holds.
    pub(super) fn width(&self, index: u64) -> u64 {
        self.size().saturating_sub(index.saturating_mul(BUNDLE_EVENTS)).min(BUNDLE_EVENTS)
    }

    /// The items of a bundle, as many as the journal has, from the shortest file that holds them.
    ///
    /// `None` when there is no such file.
    pub(super) fn load(&self, half: Half, index: u64) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let Some(exact) = TilePath::new(index, self.width(index)) else {
            return Ok(Some(Vec::new()));
        };
        if let Some(items) = self.load_file(half, exact)? {
            return Ok(Some(items));
        }
        for _ in 0..TRIES_MAX {
            for path in self.longer(half, exact)? {
                if let Some(mut items) = self.load_file(half, path)? {
                    items.truncate(exact.width() as usize);
                    return Ok(Some(items));
                }
            }
        }
        Ok(None)
    }

    /// All items of one file, `None` when there is none.
    pub(super) fn load_file(
        &self,
        half: Half,
        path: TilePath,
    ) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let name = half.name(path);
        let Some(stored) = self.backend.read(&name, half.stored_bytes_max())? else {
            return Ok(None);
        };
        let items = bundle::decode(half, &stored, path.width());
        items.map(Some).map_err(|why| Error::damaged(name, why))
    }

    /// Files of the same bundle that hold more, the shortest first.
    fn longer(&self, half: Half, exact: TilePath) -> Result<Vec<TilePath>, Error> {
        let full = TilePath::full(exact.index());
        let listed = self.backend.list(&format!("{}.p", half.name(full)))?;
        let paths = listed.iter().filter_map(|object| half.path(&object.name));
        let mut paths: Vec<TilePath> = paths.chain([full]).filter(|path| *path > exact).collect();
        paths.sort_unstable();
        Ok(paths)
    }

    /// A range of events, cut where bundles end.
    fn stretches(&self, range: Range<u64>) -> impl Iterator<Item = Stretch<'_>> {
        let end = range.end.min(self.size());
        let starts = std::iter::successors(Some(range.start), |start| {
            (start / BUNDLE_EVENTS).checked_add(1)?.checked_mul(BUNDLE_EVENTS)
        });
        starts.take_while(move |start| *start < end).map(move |start| {
            let bundle = start / BUNDLE_EVENTS;
            let skip = (start % BUNDLE_EVENTS) as usize;
            let n = (end - start).min(BUNDLE_EVENTS - start % BUNDLE_EVENTS) as usize;
            Stretch { journal: self, bundle, positions: skip..skip + n }
        })
    }
}

/// Consecutive events in one bundle.
struct Stretch<'a> {
    journal: &'a Journal,
    bundle: u64,
    /// Which of the bundle's events.
    positions: Range<usize>,
}

impl Stretch<'_> {
    /// The lines of these events.
    fn lines(&self) -> Result<Vec<Vec<u8>>, Error> {
        let missing = || Error::missing(self.name());
        self.load(Half::Entries)?.ok_or_else(missing)
    }

    fn entries(&self) -> Vec<Result<Entry, Error>> {
        let details = || match self.load(Half::Details) {
            Err(Error::Damaged { .. }) => Ok(None),
            details => details,
        };
        let halves = self.lines().and_then(|lines| Ok((lines, details()?)));
        match halves {
            Ok((lines, details)) => {
                let examined = self.examine_each(lines, details.as_deref());
                examined.into_iter().map(Entry::of).collect()
            }
            Err(e) => vec![Err(e)],
        }
    }

    fn examine(&self) -> Vec<Examined> {
        let lines = match self.load(Half::Entries) {
            Ok(Some(lines)) => lines,
            Ok(None) => return self.lost(&Problem::EntryMissing),
            Err(e) => return self.lost(&Problem::EntryDamaged(e.to_string())),
        };
        let details = self.load(Half::Details);
        let whole = details.as_ref().ok().and_then(|details| details.as_deref());
        let mut examined = self.examine_each(lines, whole);
        if let Err(e) = &details {
            let missing = |one: &&mut Examined| one.problem == Some(Problem::DetailMissing);
            let damaged = Problem::DetailDamaged(e.to_string());
            examined.iter_mut().filter(missing).for_each(|one| one.problem = Some(damaged.clone()));
        }
        examined
    }

    fn examine_each(&self, lines: Vec<Vec<u8>>, details: Option<&[Vec<u8>]>) -> Vec<Examined> {
        let first = self.first();
        let detail = |i: usize| details.and_then(|details| Some(&details.get(i)?[..]));
        let numbered = lines.into_iter().enumerate();
        numbered.map(|(i, line)| Examined::of(first + i as u64, line, detail(i))).collect()
    }

    fn lost(&self, problem: &Problem) -> Vec<Examined> {
        let indices = (0..self.positions.len()).map(|i| self.first() + i as u64);
        let lost = |index| Examined {
            index,
            line: None,
            event: None,
            detail: None,
            problem: Some(problem.clone()),
        };
        indices.map(lost).collect()
    }

    fn load(&self, half: Half) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let items = self.journal.load(half, self.bundle)?;
        Ok(items.map(|mut items| items.drain(self.positions.clone()).collect()))
    }

    fn first(&self) -> u64 {
        self.bundle * BUNDLE_EVENTS + self.positions.start as u64
    }

    fn name(&self) -> String {
        let width = self.journal.width(self.bundle);
        Half::Entries.name(TilePath::new(self.bundle, width).unwrap_or(TilePath::full(self.bundle)))
    }
}

impl Entry {
    /// What an examination found, unless the event itself is damaged.
    fn of(examined: Examined) -> Result<Self, Error> {
        let Examined { index, line, event, detail, problem } = examined;
        match (line, event, problem) {
            (Some(line), Some(event), _) => Ok(Self { index, line, event, detail }),
            (_, _, problem) => {
                let why = problem.unwrap_or(Problem::EntryMissing).to_string();
                Err(Error::damaged(format!("event {index}"), why))
            }
        }
    }
}

impl Examined {
    /// Judges one event and its detail; `None` for the detail means that its bundle is not there.
    fn of(index: u64, line: Vec<u8>, detail: Option<&[u8]>) -> Self {
        let (event, detail, problem) = match Event::parse(&line) {
            Ok(event) => match judge(&event, detail) {
                Ok(detail) => (Some(event), detail, None),
                Err(problem) => (Some(event), None, Some(problem)),
            },
            Err(e) => (None, None, Some(Problem::EventMalformed(e.to_string()))),
        };
        Self { index, line: Some(line), event, detail, problem }
    }
}

fn judge(event: &Event, detail: Option<&[u8]>) -> Result<Option<Detail>, Problem> {
    match (event.detail(), detail) {
        (None, None | Some([])) => Ok(None),
        (Some(_), Some([])) => Err(Problem::DetailErased),
        (Some(_), None) => Err(Problem::DetailMissing),
        (Some(digest), Some(bytes)) if digest == Digest::of(bytes) => {
            let detail = Detail::parse(event, bytes);
            detail.map(Some).map_err(|e| Problem::DetailMalformed(e.to_string()))
        }
        (_, Some(_)) => Err(Problem::DetailMismatch),
    }
}
