//! The audit of the journal: every event against root, batch, detail and its document's previous event.

use std::{
    collections::{HashMap, HashSet},
    iter::Peekable,
};

use crate::{
    archive::maintain::rebuild,
    catalog::{Batch, Need, Recorded},
    journal::{
        Examined, Identity, Problem,
        event::{Commit, Event},
        keys,
        merkle::{Frontier, TreeHead, tiles::Edge},
    },
    types::{
        digest::{Digest, DocId, Key},
        error::Error,
        limits,
    },
};

use super::{Auditor, Code, WorkDone, times::Times};

/// So many events, and the rest of a bundle, enter the audit's own catalog together.
const STRETCH: usize = 4096;

/// Where the tree, the batch and the last finding stand.
#[derive(Default)]
struct JournalCourse {
    edge: Edge,
    /// The leaves since the last commit event.
    batch: Frontier,
    batch_base: u64,
    /// The keys, as events state them.
    identity: Option<Identity>,
    times: Times,
    /// The last finding about events, which the next event may share.
    run: Option<FindingRun>,
}

/// Consecutive events with the same thing wrong.
struct FindingRun {
    events: std::ops::Range<u64>,
    /// Where it goes on: behind its events, and such as can have nothing of the kind wrong.
    next: u64,
    why: String,
    /// How many findings there were with it.
    n_findings: usize,
}

impl Auditor<'_> {
    /// Checks every event, and puts what can be read into the audit's own catalog.
    pub(super) fn events(&mut self) -> Result<(), Error> {
        let journal = &self.archive.journal;
        let first = Identity::new(journal.identity().first_verifier().clone());
        let mut course = JournalCourse { identity: Some(first), ..JournalCourse::default() };
        let mut stretch = Vec::new();
        let mut heads = journal.stated_heads().peekable();
        self.stated_heads(&mut heads, &course.edge, 0);
        for bundle in journal.examine(0..journal.size()) {
            let mut bundle = bundle?;
            for examined in &mut bundle {
                self.time(&mut course.times, examined)?;
                self.event(&mut course, examined);
                self.stated_heads(&mut heads, &course.edge, examined.index + 1);
            }
            stretch.append(&mut bundle);
            if stretch.len() >= STRETCH {
                self.apply(&stretch, &mut course.edge, None)?;
                if self.has_given_up() {
                    return Ok(());
                }
                (self.progress)(WorkDone::Events(self.report.n_events));
                stretch.clear();
            }
        }
        let note = String::from_utf8_lossy(journal.note());
        self.apply(&stretch, &mut course.edge, Some(&note))?;
        // Rows that agree have each document by the name that its first event states, no two by the same.
        if self.rows.is_none() {
            self.names()?;
        }
        self.judge_times(&course.times, self.report.n_events)?;
        if course.identity.as_ref().is_some_and(|stated| stated != journal.identity()) {
            let why = "its keys are not those that events state";
            self.find(Code::KeyChange, "identity", why);
        }
        let (found, signed) = (course.edge.frontier().root(), journal.root());
        if found != signed {
            let why = format!("its events have the root {found}, the checkpoint states {signed}");
            self.find(Code::LogEntry, "the journal", why);
            self.unreadable.add(Need::Events);
        }
        Ok(())
    }

    /// Checks what commits state of the first `size` events.
    fn stated_heads(
        &mut self,
        heads: &mut Peekable<impl Iterator<Item = (String, Result<TreeHead, Error>)>>,
        edge: &Edge,
        size: u64,
    ) {
        let is_due =
            |head: &Result<TreeHead, Error>| head.as_ref().map_or(true, |head| head.size <= size);
        while let Some((commit, head)) = heads.next_if(|(_, head)| is_due(head)) {
            let why = match head {
                // Where its events were looked for, that was said.
                Err(error) => Some(error.to_string())
                    .filter(|why| !self.report.findings.iter().any(|finding| finding.why == *why)),
                // Events that cannot be read are no tree to compare with.
                Ok(_) if edge.size() != size => None,
                Ok(head) => {
                    let found = edge.frontier().head();
                    (head != found).then(|| {
                        format!(
                            "it states {} events with the root {}; {} have the root {}",
                            head.size, head.root, found.size, found.root
                        )
                    })
                }
            };
            if let Some(why) = why {
                self.find(Code::LogEntry, commit, why);
            }
        }
    }

    fn event(&mut self, course: &mut JournalCourse, examined: &mut Examined) {
        let index = examined.index;
        self.take_withdrawn(examined);
        self.problem(course, examined);
        self.key_change(course, examined);
        if let Some(leaf) = examined.leaf {
            course.edge.push(leaf);
            match &examined.event {
                Some(Event::Commit(commit)) => self.close_batch(course, index, commit),
                _ => course.batch.push(leaf),
            }
        }
        if examined.event.is_none() {
            self.unreadable.add_event(index);
        }
        self.report.n_revisions += u64::from(matches!(&examined.event, Some(Event::Revise(_))));
        self.report.n_events += 1;
    }

    /// Takes a change of keys in, which is the first of two events in its commit.
    fn key_change(&mut self, course: &mut JournalCourse, examined: &Examined) {
        let index = examined.index;
        let Some(event) = &examined.event else {
            // What cannot be read may have been one.
            course.identity = None;
            return;
        };
        let goes_on = match event {
            Event::Keys(_) => true,
            Event::Adopt(adopt) => {
                let before = course.edge.frontier().head();
                TreeHead { size: adopt.size, root: adopt.root } == before
            }
            _ => return,
        };
        let Some(identity) = course.identity.take() else { return };
        let change = keys::change_in(&identity, event, index);
        let is_first = course.batch_base == index;
        match change.filter(|_| goes_on && is_first).and_then(|change| identity.with(change)) {
            Some(changed) => course.identity = Some(changed),
            None => {
                let why = "it is no change of keys that goes on from those before it";
                self.find(Code::KeyChange, format!("event {index}"), why);
            }
        }
    }

    fn problem(&mut self, course: &mut JournalCourse, examined: &Examined) {
        let Some(problem) = &examined.problem else {
            if let (Some(run), Some(event)) = (&mut course.run, &examined.event) {
                run.next += u64::from(run.next == examined.index && event.detail().is_none());
            }
            return;
        };
        let code = match problem {
            Problem::EntryDamaged(_) => Code::LogEntry,
            Problem::EventMalformed(_) => Code::EventMalformed,
            Problem::DetailMissing
            | Problem::DetailErased
            | Problem::DetailDamaged(_)
            | Problem::DetailMismatch
            | Problem::DetailMalformed(_) => Code::DetailMissing,
        };
        if code == Code::DetailMissing {
            self.unreadable.add(Need::Details);
        }
        let (index, why) = (examined.index, problem.to_string());
        let n_findings = self.report.findings.len();
        // What is wrong with a whole bundle is one finding.
        let goes_on =
            |run: &FindingRun| run.next == index && run.why == why && run.n_findings == n_findings;
        let start = match course.run.take().filter(goes_on) {
            Some(run) => {
                self.report.findings.pop();
                run.events.start
            }
            None => index,
        };
        let about = match start == index {
            true => format!("event {index}"),
            false => format!("events {start}–{index}"),
        };
        self.find(code, about, why.clone());
        let n_findings = self.report.findings.len();
        course.run =
            Some(FindingRun { events: start..index + 1, next: index + 1, why, n_findings });
    }

    fn close_batch(&mut self, course: &mut JournalCourse, index: u64, commit: &Commit) {
        let (base, root) = (course.batch_base, course.batch.root());
        let n_events = index - base;
        if commit.base != base || commit.n_events != n_events || commit.root != root {
            let why = format!(
                "it closes {} events from {} with root {}; before it lie {n_events} from {base} with \
                 root {root}",
                commit.n_events, commit.base, commit.root,
            );
            self.find(Code::CommitBatch, format!("event {index}"), why);
        }
        course.batch = Frontier::default();
        course.batch_base = index + 1;
    }

    /// Puts a stretch of events into the audit's own catalog.
    fn apply(
        &mut self,
        stretch: &[Examined],
        edge: &mut Edge,
        checkpoint: Option<&str>,
    ) -> Result<(), Error> {
        // Rows that agree say which revision comes before which.
        if self.rows.is_none() {
            self.links(stretch)?;
        }
        let chunks = self.chunks(stretch)?;
        let recorded = |examined| {
            let Examined { index, event, detail, .. }: &Examined = examined;
            Some(Recorded { index: *index, event: event.as_ref()?, detail: detail.as_ref() })
        };
        let events: Vec<Recorded> = stretch.iter().filter_map(recorded).collect();
        let tiles = edge.take();
        let chunks = Some(&chunks);
        let batch =
            Batch { events: &events, chunks, tiles: &tiles, checkpoint, ..Batch::default() };
        if let Some(rows) = &mut self.rows {
            return rows.take(stretch, &batch);
        }
        self.projection.apply(&batch)?;
        self.check_withdrawals(stretch)
    }

    /// Compares the previous event that each names with the last one of its document.
    fn links(&mut self, stretch: &[Examined]) -> Result<(), Error> {
        let mut latest: HashMap<DocId, u64> = HashMap::new();
        for examined in stretch {
            let (doc, prev) = match &examined.event {
                Some(Event::Revise(revise)) => (revise.doc, revise.prev),
                Some(Event::Document(event)) => (event.doc, Some(event.prev)),
                _ => continue,
            };
            let before = match latest.insert(doc, examined.index) {
                Some(before) => Some(before),
                None => self.projection.last_event(doc)?,
            };
            let is_lost = prev.is_some_and(|prev| self.unreadable.has_event(prev));
            if before != prev && !is_lost {
                let named = |event: Option<u64>| match event {
                    Some(event) => format!("event {event}"),
                    None => "none".to_owned(),
                };
                let (stated, found) = (named(prev), named(before));
                let why =
                    format!("as its document's previous event it names {stated}; that is {found}");
                self.find(Code::EventPrev, format!("event {}", examined.index), why);
            }
        }
        Ok(())
    }

    /// Whether a content that is stored in chunks came up before.
    fn has_large(&self, digest: &Digest) -> Result<bool, Error> {
        match &self.rows {
            Some(rows) => Ok(rows.agreement.has_large(digest)),
            None => self.projection.has_content(digest),
        }
    }

    /// Whether the content that an event records was withdrawn, with every other one that does.
    fn is_withdrawn(&mut self, event: u64, digest: &Digest) -> Result<bool, Error> {
        if !self.withdrawals.contents.contains_key(&event) {
            return Ok(false);
        }
        let withdrawn = match &self.withdrawn_contents {
            Some(known) => known,
            None => {
                let found = match rebuild::withdrawn_contents(&self.archive.journal) {
                    // Events that cannot be read may record it once more.
                    Err(Error::Damaged { .. }) => HashSet::new(),
                    found => found?,
                };
                self.withdrawn_contents.insert(found)
            }
        };
        Ok(withdrawn.contains(digest))
    }

    /// The chunks of large contents that appear in a stretch for the first time.
    fn chunks(&mut self, stretch: &[Examined]) -> Result<HashMap<Digest, Vec<Key>>, Error> {
        let mut met = HashSet::new();
        let mut chunks = HashMap::new();
        for examined in stretch {
            let Some(Event::Revise(revise)) = &examined.event else { continue };
            let digest = revise.sha256;
            if revise.size <= limits::BLOB_BYTES_MAX as u64
                || !met.insert(digest)
                || self.has_large(&digest)?
                // Its list may still lie there, where the withdrawal is not finished.
                || self.is_withdrawn(examined.index, &digest)?
            {
                continue;
            }
            match self.reader.chunks(&digest) {
                Ok(Some(list)) => {
                    chunks.insert(digest, list.iter().map(|chunk| chunk.digest.key()).collect());
                }
                Ok(None) | Err(Error::Damaged { .. }) => {
                    // That it is damaged shows when the content is read.
                    self.unreadable.add(Need::Lists);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(chunks)
    }
}
