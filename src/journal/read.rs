//! Reading events back, bundle by bundle.

use std::{collections::BTreeSet, ops::Range, rc::Rc};

use crate::types::{digest::Digest, error::Error, limits::BUNDLE_EVENTS, pack_id::PackId};

use super::{
    Journal,
    bundle::{BundleItems, Half},
    event::{Detail, Event, Malformed},
    merkle::{Frontier, TreeHead, leaf_hash},
    note::Checkpoint,
    object::{
        CommitHead, commit_name, details_name, read_bundle, read_commit_head, read_details,
        read_details_head,
    },
};

/// So many checkpoints are known to be signed, some 5 MB: the audit goes through all commits more than
/// once, and a signature costs more than all else that a small commit takes.
const VERIFIED_MAX: usize = 1 << 16;

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
    /// The hash of its bytes as a leaf of the tree, if they are there.
    pub leaf: Option<Digest>,
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
    /// Its commit cannot be read.
    #[error("{0}")]
    EntryDamaged(String),
    /// Its bytes are not an event.
    #[error("it is malformed: {0}")]
    EventMalformed(String),
    /// The object with its detail is missing.
    #[error("its detail is missing")]
    DetailMissing,
    /// The object with its detail cannot be read.
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
    /// A damaged event is an error that names it; so is a commit that is missing or cannot be read. What
    /// is wrong with details costs the details alone.
    pub fn entries(&self, range: Range<u64>) -> impl Iterator<Item = Result<Entry, Error>> + '_ {
        self.stretches(range).flat_map(|stretch| stretch.entries())
    }

    /// The events from an index to the newest, for one who compares their root with the one that is signed:
    /// then nothing hangs on the signatures of older commits, and they are not looked at.
    pub fn entries_under_root(
        &self,
        first: u64,
    ) -> impl Iterator<Item = Result<Entry, Error>> + '_ {
        let stretches = self.stretches(first..self.size());
        let stretches = Stretches { signatures: Signatures::Newest, ..stretches };
        stretches.flat_map(|stretch| stretch.entries())
    }

    /// Like [`Journal::entries`], but goes on whatever it finds: every index of the range comes up. Those of a bundle
    /// come together; what may not be read is not said to be damaged.
    pub fn examine(
        &self,
        range: Range<u64>,
    ) -> impl Iterator<Item = Result<Vec<Examined>, Error>> + '_ {
        self.stretches(range).map(|stretch| stretch.examine())
    }

    /// An event without its detail.
    pub fn event_alone(&self, index: u64) -> Result<Option<Event>, Error> {
        let mut found = None;
        self.each_line(index..index + 1, |_, line| found = Some(Event::parse(line)))?;
        let malformed = |why: Malformed| Error::damaged(format!("event {index}"), why.to_string());
        found.transpose().map_err(malformed)
    }

    /// What the events of a range did to the set of packs.
    pub fn pack_changes(&self, range: Range<u64>) -> Result<PackChanges, Error> {
        let mut changes = PackChanges::default();
        self.each_line(range, |_, line| changes.take_line(line))?;
        Ok(changes)
    }

    /// Hands over the lines of a range with their indices, without their details.
    pub(super) fn each_line(
        &self,
        range: Range<u64>,
        mut each: impl FnMut(u64, &[u8]),
    ) -> Result<(), Error> {
        for stretch in self.stretches(range) {
            let first = stretch.events.start;
            let lines = stretch.lines_of_all()?;
            (first..).zip(lines.iter()).for_each(|(index, line)| each(index, line));
        }
        Ok(())
    }

    /// The same of all events that can be read.
    pub(super) fn each_readable_line(&self, mut each: impl FnMut(u64, &[u8])) {
        for stretch in self.stretches(0..self.size()) {
            let first = stretch.events.start;
            let lines = stretch.lines_of_all().unwrap_or_default();
            (first..).zip(lines.iter()).for_each(|(index, line)| each(index, line));
        }
    }

    /// Everything that is stored as the details of a commit.
    pub(super) fn stored_details(&self, number: u64) -> Result<Vec<Vec<u8>>, Error> {
        let at = self.commit_at(number)?;
        let events = at.commit.body.head.first..at.size;
        let mut all = Vec::new();
        for stretch in self.stretches(events) {
            let place = stretch.place.as_ref();
            let place =
                place.map_err(|why| Error::damaged(commit_name(number), why.to_string()))?;
            let missing = || Error::missing(details_name(number, &at.commit.body.head.id));
            all.extend(stretch.details(place)?.ok_or_else(missing)?.to_vecs());
        }
        Ok(all)
    }

    /// The same of all events that can be read.
    pub fn readable_pack_changes(&self) -> PackChanges {
        let mut changes = PackChanges::default();
        self.each_readable_line(|_, line| changes.take_line(line));
        changes
    }

    /// What the commits before the newest one state, in order: the object of each, and the tree at its end. Each
    /// goes on where the one before ends, the first from nothing.
    pub fn stated_heads(&self) -> impl Iterator<Item = (String, Result<TreeHead, Error>)> + '_ {
        let mut end = Some(0);
        (0..self.number).map(move |number| {
            let name = commit_name(number);
            let begins = end.take();
            let head = self.commit_at(number).and_then(|at| {
                end = Some(at.size);
                let goes_on = begins.is_none_or(|begins| begins == at.commit.body.head.first);
                match goes_on && (number > 0 || at.size == 0) {
                    true => Ok(TreeHead { size: at.size, root: at.root }),
                    false => Err(Error::damaged(&name, "it does not go on where others end")),
                }
            });
            (name, head)
        })
    }

    /// Whether a frontier is that of the signed tree.
    pub(super) fn check(&self, frontier: &Frontier) -> Result<(), Error> {
        let (found, signed) = (frontier.head(), self.head());
        if found != signed {
            let why = format!(
                "{} events have the root {}, the checkpoint states {} and {}",
                found.size, found.root, signed.size, signed.root
            );
            return Err(Error::damaged("log", why));
        }
        Ok(())
    }

    /// A range of events, cut where bundles end.
    fn stretches(&self, range: Range<u64>) -> Stretches<'_> {
        let end = range.end.min(self.size());
        let signatures = Signatures::All;
        Stretches { journal: self, signatures, next: range.start, end, at: None }
    }

    /// The head of a commit, and the index after its last event.
    pub(super) fn commit_at(&self, number: u64) -> Result<Located, Error> {
        self.located(number, Signatures::All)
    }

    fn located(&self, number: u64, signatures: Signatures) -> Result<Located, Error> {
        let head = read_commit_head(&*self.backend, number)?;
        let head = Rc::new(head.ok_or_else(|| Error::missing(commit_name(number)))?);
        let stated = match signatures {
            _ if number == self.number => Some(self.head()),
            Signatures::All => self.verified_head(number, &head.note),
            Signatures::Newest => Checkpoint::unverified(&head.note).map(|it| it.head()),
        };
        Self::ending(number, head, stated)
    }

    /// A commit that was found without its signature, if that is right.
    fn verified(&self, found: Located) -> Result<Located, Error> {
        if found.number == self.number {
            return Ok(found);
        }
        let stated = self.verified_head(found.number, &found.commit.note);
        Self::ending(found.number, found.commit, stated)
    }

    fn ending(
        number: u64,
        commit: Rc<CommitHead>,
        stated: Option<TreeHead>,
    ) -> Result<Located, Error> {
        let stated = stated.filter(|stated| stated.size >= commit.body.head.first);
        let untrusted =
            || Error::damaged(commit_name(number), "its checkpoint is not to be trusted");
        let TreeHead { size, root } = stated.ok_or_else(untrusted)?;
        Ok(Located { number, size, root, commit })
    }

    /// What a commit's checkpoint states; verifying the same signature again would cost more than
    /// all else that reading an event takes.
    fn verified_head(&self, number: u64, note: &[u8]) -> Option<TreeHead> {
        let digest = Digest::of(note);
        let mut verified = self.verified.borrow_mut();
        if let Some((known, head)) = verified.get(&number)
            && *known == digest
        {
            return Some(*head);
        }
        let head = self.head_of(note)?;
        if verified.len() == VERIFIED_MAX {
            verified.clear();
        }
        verified.insert(number, (digest, head));
        Some(head)
    }

    /// The commit that holds an event.
    ///
    /// The way there needs no signatures, only the commit that it ends at; where it ends wrongly, each is
    /// looked at.
    pub(super) fn commit_of(&self, index: u64) -> Result<Located, Error> {
        if let Ok(found) = self.commit_by(index, Signatures::Newest)
            && (found.commit.body.head.first..found.size).contains(&index)
            && let Ok(verified) = self.verified(found)
        {
            return Ok(verified);
        }
        match self.commit_by(index, Signatures::All) {
            Err(error) => self.commit_around(index).ok_or(error),
            found => found,
        }
    }

    /// The commit at which a search ends that halves what is left.
    fn commit_by(&self, index: u64, signatures: Signatures) -> Result<Located, Error> {
        let (mut low, mut high) = (0, self.number);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.located(middle, signatures)?;
            if found.size > index {
                if found.commit.body.head.first <= index {
                    return Ok(found);
                }
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        self.located(low, signatures)
    }

    /// The same where some commits cannot be read.
    fn commit_around(&self, index: u64) -> Option<Located> {
        let holds = |found: &Located| (found.commit.body.head.first..found.size).contains(&index);
        let readable = (0..=self.number).rev().filter_map(|number| self.commit_at(number).ok());
        readable.into_iter().find(holds)
    }

    /// Where events can be read again after `index`, of which the commit cannot be read.
    fn next_readable(&self, index: u64) -> u64 {
        let starts = |number| {
            let found = self.commit_at(number).ok()?;
            (found.size > index).then_some(found.commit.body.head.first.max(index + 1))
        };
        (0..=self.number).find_map(starts).unwrap_or(u64::MAX)
    }
}

/// Packs that came and stayed, and packs that were condemned.
#[derive(Debug, Clone, Default)]
pub struct PackChanges {
    /// Those that a commit brought, and none condemned.
    pub came: BTreeSet<PackId>,
    /// Those condemned, wherever they came from.
    pub went: BTreeSet<PackId>,
}

impl PackChanges {
    /// Goes on by one event.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Packs(event) => self.came.extend(&event.packs),
            Event::Condemn(event) => {
                event.packs.iter().for_each(|pack| {
                    self.came.remove(pack);
                });
                self.went.extend(&event.packs);
            }
            _ => {}
        }
    }

    fn take_line(&mut self, line: &[u8]) {
        if !line.starts_with(br#"{"t":"packs""#) && !line.starts_with(br#"{"t":"condemn""#) {
            return;
        }
        if let Ok(event) = Event::parse(line) {
            self.take(&event);
        }
    }
}

/// A commit and where it ends.
#[derive(Debug, Clone)]
pub(super) struct Located {
    pub number: u64,
    /// The number of events up to its end.
    pub size: u64,
    /// The root over these events, as its checkpoint states it.
    pub root: Digest,
    pub commit: Rc<CommitHead>,
}

/// Whose signatures are verified. That of the newest commit always was, when the journal was opened.
#[derive(Clone, Copy)]
enum Signatures {
    All,
    Newest,
}

/// Cuts a range into stretches.
struct Stretches<'a> {
    journal: &'a Journal,
    signatures: Signatures,
    next: u64,
    end: u64,
    at: Option<Located>,
}

impl<'a> Iterator for Stretches<'a> {
    type Item = Stretch<'a>;

    fn next(&mut self) -> Option<Stretch<'a>> {
        let index = self.next;
        if index >= self.end {
            return None;
        }
        let journal = self.journal;
        let located = match self.at.take() {
            Some(at) if index < at.size => Ok(at),
            Some(at) => journal.located(at.number + 1, self.signatures),
            None => journal.commit_of(index),
        };
        let located =
            located.and_then(|at| match (at.commit.body.head.first..at.size).contains(&index) {
                true => Ok(at),
                false => Err(Error::damaged(
                    commit_name(at.number),
                    "it does not go on where others end",
                )),
            });
        let at = match located {
            Ok(at) => at,
            Err(why) => {
                self.next = journal.next_readable(index).min(self.end);
                return Some(Stretch { journal, events: index..self.next, place: Err(why) });
            }
        };
        let first = at.commit.body.head.first;
        let bundle = (index - first) / BUNDLE_EVENTS;
        let start = first + bundle * BUNDLE_EVENTS;
        let width = (at.size - start).min(BUNDLE_EVENTS);
        self.next = (start + width).min(self.end);
        self.at = Some(at.clone());
        let place = Ok(BundlePlace { at, bundle: bundle as usize, start, width });
        Some(Stretch { journal, events: index..self.next, place })
    }
}

/// Which bundle of which commit.
struct BundlePlace {
    at: Located,
    bundle: usize,
    /// The index of its first event.
    start: u64,
    width: u64,
}

/// Consecutive events in one bundle, or such as lie in none that can be read.
struct Stretch<'a> {
    journal: &'a Journal,
    events: Range<u64>,
    place: Result<BundlePlace, Error>,
}

impl Stretch<'_> {
    fn entries(self) -> Vec<Result<Entry, Error>> {
        let place = match &self.place {
            Ok(place) => place,
            Err(_) => return self.place.err().into_iter().map(Err).collect(),
        };
        let lines = match self.lines(place) {
            Ok(lines) => lines,
            Err(error) => return vec![Err(error)],
        };
        let details = match self.details(place) {
            Ok(details) => details,
            // What people wrote may be lost; what happened is not.
            Err(Error::Damaged { .. }) => None,
            Err(error) => return vec![Err(error)],
        };
        let numbered = (self.events.start..).zip(lines.iter().enumerate());
        let read = |(index, (i, line)): (u64, (usize, &[u8]))| {
            Entry::of(index, line, ReadEvent::of(line, detail(details.as_ref(), i)))
        };
        numbered.map(read).collect()
    }

    fn examine(self) -> Result<Vec<Examined>, Error> {
        let place = match &self.place {
            Ok(place) => place,
            Err(error) => return self.lost(error),
        };
        let lines = match self.lines(place) {
            Ok(lines) => lines,
            Err(error) => return self.lost(&error),
        };
        let details = self.details(place);
        if let Some(denial) = details.as_ref().err().and_then(Error::denial) {
            return Err(denial);
        }
        let whole = details.as_ref().ok().and_then(|details| details.as_ref());
        let examine = |(i, line)| {
            let index = self.events.start + i as u64;
            let ReadEvent { event, detail, problem } = ReadEvent::of(line, detail(whole, i));
            Examined { index, leaf: Some(leaf_hash(line)), event, detail, problem }
        };
        let mut examined: Vec<Examined> = lines.iter().enumerate().map(examine).collect();
        if let Err(e) = &details {
            let missing = |one: &&mut Examined| one.problem == Some(Problem::DetailMissing);
            let damaged = Problem::DetailDamaged(e.to_string());
            examined.iter_mut().filter(missing).for_each(|one| one.problem = Some(damaged.clone()));
        }
        Ok(examined)
    }

    fn lost(&self, why: &Error) -> Result<Vec<Examined>, Error> {
        let problem = Problem::EntryDamaged(why.to_string());
        let lost = |index| Examined {
            index,
            leaf: None,
            event: None,
            detail: None,
            problem: Some(problem.clone()),
        };
        why.denial().map_or_else(|| Ok(self.events.clone().map(lost).collect()), Err)
    }

    /// The lines of these events, without their details.
    fn lines_of_all(self) -> Result<BundleItems, Error> {
        match &self.place {
            Ok(place) => self.lines(place),
            Err(_) => self.place.map(|_| BundleItems::default()),
        }
    }

    /// The lines of these events.
    fn lines(&self, place: &BundlePlace) -> Result<BundleItems, Error> {
        let (commit, name) = (&place.at.commit, commit_name(place.at.number));
        let backend = &*self.journal.backend;
        let items =
            read_bundle(backend, Half::Entries, &name, &commit.body, (place.bundle, place.width))?;
        Ok(items.cut(self.wanted(place)))
    }

    /// Their details; none when the object that holds them is not there.
    fn details(&self, place: &BundlePlace) -> Result<Option<BundleItems>, Error> {
        let name = details_name(place.at.number, &place.at.commit.body.head.id);
        let backend = &*self.journal.backend;
        let Some(details) = read_details_head(backend, &name)? else { return Ok(None) };
        let (head, commit) = (&details.body.head, &place.at.commit.body.head);
        if (head.id, head.first) != (commit.id, commit.first) {
            return Err(Error::damaged(name, "it belongs to another commit"));
        }
        let which = (place.bundle, place.width);
        let items = read_details(backend, &name, &details, which)?;
        Ok(Some(items.cut(self.wanted(place))))
    }

    /// Which items of the bundle.
    fn wanted(&self, place: &BundlePlace) -> Range<usize> {
        let position = |index: u64| (index - place.start) as usize;
        position(self.events.start)..position(self.events.end)
    }
}

impl Problem {
    /// Whether the event itself is whole, and only what people wrote about it is not.
    pub fn is_of_detail(&self) -> bool {
        match self {
            Self::EntryDamaged(_) | Self::EventMalformed(_) => false,
            Self::DetailMissing
            | Self::DetailErased
            | Self::DetailDamaged(_)
            | Self::DetailMismatch
            | Self::DetailMalformed(_) => true,
        }
    }
}

impl Entry {
    /// What was read, unless the event itself is damaged.
    fn of(index: u64, line: &[u8], read: ReadEvent) -> Result<Self, Error> {
        match (read.event, read.problem) {
            (Some(event), problem) if problem.as_ref().is_none_or(Problem::is_of_detail) => {
                Ok(Self { index, line: line.to_vec(), event, detail: read.detail })
            }
            (_, problem) => {
                let why = problem.map_or_else(String::new, |problem| problem.to_string());
                Err(Error::damaged(format!("event {index}"), why))
            }
        }
    }
}

/// What a line and its detail are.
struct ReadEvent {
    event: Option<Event>,
    detail: Option<Detail>,
    problem: Option<Problem>,
}

impl ReadEvent {
    /// Judges one event and its detail; `None` for the detail means that its bundle is not there.
    fn of(line: &[u8], detail: Option<&[u8]>) -> Self {
        let (event, detail, problem) = match Event::parse(line) {
            Ok(event) => match judge(&event, detail) {
                Ok(detail) => (Some(event), detail, None),
                Err(problem) => (Some(event), None, Some(problem)),
            },
            Err(e) => (None, None, Some(Problem::EventMalformed(e.to_string()))),
        };
        Self { event, detail, problem }
    }
}

fn detail(details: Option<&BundleItems>, i: usize) -> Option<&[u8]> {
    details.and_then(|details| details.get(i))
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
