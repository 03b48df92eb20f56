//! `archive log`

use std::{cmp::Reverse, collections::BTreeMap, ffi::OsString, os::unix::ffi::OsStrExt as _};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive, Withdrew,
        corrections::RevisionWords,
        inspect::intervals::{Interval, Intervals},
        phrase::{Phrase, PhraseFate},
        revision_text::{WordChange, WordChanges},
    },
    cli::{
        args::{help::examples, values},
        exit::ExitCode,
        operand::whole_document,
        print::{
            document_event::{DocumentEventLine, document_event_words},
            json::{RevisionLine, typed},
            output::Output,
            revision::{document_heading, revision_row, withdrawn_mark},
            terminal::{Style, pad_left, shown_name},
        },
        session::Session,
    },
    types::{
        document::{Document, DocumentEntry, LogEntry, OtherEvent, Revision},
        error::Error,
        time::Timestamp,
    },
};

use super::log_words::{self, LogSummary, WordsQuery};

const EXAMPLES: &[&str] = &[
    "archive log report.txt                 # the revisions of one document",
    "archive log -n 20                      # the latest events of all",
    "archive log report.txt --added ferry   # the revisions in which a word came",
    "archive log --touched '\\bferr(y|ies)\\b' --regex",
];

/// Show what happened, to one document or to all
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct LogArgs {
    /// A document; without it the whole archive. With words, also a folder or a glob
    #[arg(value_name = "DOC")]
    pub doc: Option<OsString>,

    /// The revisions in which these words came, whatever their case and the white space between them
    #[arg(long, value_name = "WORDS", group = "words")]
    pub added: Option<String>,

    /// The revisions in which these words went
    #[arg(long, value_name = "WORDS", group = "words")]
    pub removed: Option<String>,

    /// The revisions in which these words came or went
    #[arg(long, value_name = "WORDS", group = "words")]
    pub touched: Option<String>,

    /// WORDS are a regular expression
    #[arg(long, requires = "words")]
    pub regex: bool,

    /// Only the latest N
    #[arg(short = 'n', long, value_name = "N", value_parser = values::count::<u64>)]
    pub limit: Option<u64>,
}

/// Events fetched from the catalog at a time.
const STRIDE: u64 = 512;
/// Events named behind a withdrawal; the rest is counted.
const EVENTS_SHOWN_MAX: usize = 10;
#[derive(Serialize)]
struct LoggedRevision {
    #[serde(flatten)]
    revision: RevisionLine,
    same_words: Option<bool>,
    #[serde(flatten)]
    proved: IntervalLine,
}

/// Between which times an event was recorded, by time tokens.
#[derive(Serialize)]
struct IntervalLine {
    proved_after: Option<String>,
    proved_before: Option<String>,
}

#[derive(Serialize)]
struct LoggedDocumentEvent {
    #[serde(flatten)]
    event: DocumentEventLine,
    #[serde(flatten)]
    proved: IntervalLine,
}

#[derive(Serialize)]
struct EventLine {
    event: u64,
    event_type: String,
    at: String,
    note: Option<String>,
    by: Option<String>,
    reason: Option<String>,
    contents: Option<Vec<u64>>,
    words: Option<Vec<u64>>,
    #[serde(flatten)]
    proved: IntervalLine,
}

/// Shows what happened, latest first.
pub fn run(session: &mut Session, args: &LogArgs) -> Result<ExitCode, Error> {
    session.out.end_with_reader();
    let limit = args.limit.unwrap_or(u64::MAX);
    if let Some((words, fate)) = args.words() {
        let phrase = if args.regex { Phrase::of_pattern(words) } else { Phrase::of_words(words) }?;
        let doc = args.doc.as_deref();
        return log_words::run(session, &WordsQuery { phrase, fate, doc, limit });
    }
    let archive = session.open()?;
    let is_json = session.globals.json;
    let events = match &args.doc {
        Some(doc) => {
            let document = whole_document(&archive, "log", doc.as_bytes(), session.now)?;
            of_document(session, &archive, &document, limit)?
        }
        None => of_all(&mut session.out, &archive, limit, is_json)?,
    };
    if is_json {
        session.out.json(&typed("summary", LogSummary::of_events(events)))?;
    } else if events == 0 && limit > 0 {
        session.info("nothing has happened yet");
    }
    Ok(ExitCode::Done)
}

impl LogArgs {
    fn words(&self) -> Option<(&str, PhraseFate)> {
        let Self { added, removed, touched, .. } = self;
        let all = [
            (added, PhraseFate::Added),
            (removed, PhraseFate::Removed),
            (touched, PhraseFate::Touched),
        ];
        all.into_iter().find_map(|(words, fate)| Some((words.as_deref()?, fate)))
    }
}

/// What happened to one document, and where it stands among the rest.
enum DocumentRow<'a> {
    /// The revision of this place in the list.
    Revision(usize, &'a Revision),
    Other(&'a DocumentEntry),
}

impl DocumentRow<'_> {
    /// When it was so, and of several at once which was recorded later.
    fn order(&self) -> (Timestamp, u64) {
        match self {
            Self::Revision(_, revision) => (revision.captured, revision.event),
            Self::Other(entry) if entry.change == "describe" => (entry.at, entry.event),
            Self::Other(entry) => (entry.captured.unwrap_or(entry.at), entry.event),
        }
    }
}

/// Prints the rows of one document.
struct DocumentLog<'a> {
    document: &'a Document,
    revisions: &'a [Revision],
    word_changes: WordChanges<'a>,
    intervals: Intervals,
    words_before: BTreeMap<u64, RevisionWords>,
    /// A revision of which it was not looked up whether words changed.
    not_read: Option<u64>,
}

fn of_document(
    session: &mut Session,
    archive: &Archive,
    document: &Document,
    limit: u64,
) -> Result<u64, Error> {
    let revisions = archive.catalog().revisions(document)?;
    let entries = archive.catalog().document_entries(document)?;
    let numbered = revisions.iter().enumerate();
    let mut rows: Vec<DocumentRow> = numbered.map(|(n, it)| DocumentRow::Revision(n, it)).collect();
    rows.extend(entries.iter().map(DocumentRow::Other));
    rows.sort_by_key(|row| Reverse(row.order()));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let is_json = session.globals.json;
    if !is_json {
        session.out.line(&document_heading(&session.out, document))?;
    }
    let mut log = DocumentLog {
        document,
        revisions: &revisions,
        word_changes: WordChanges::new(archive, document),
        intervals: archive.intervals()?,
        words_before: archive.words_before(document, &entries)?,
        not_read: None,
    };
    for row in &rows {
        match row {
            DocumentRow::Revision(n, revision) => log.revision(session, *n, revision)?,
            DocumentRow::Other(entry) => log.entry(session, entry)?,
        }
    }
    if let Some(number) = log.not_read {
        session.info(&format!(
            "whether words changed was not looked up at @{number} and some others: too much to read"
        ));
    }
    Ok(rows.len() as u64)
}

impl DocumentLog<'_> {
    fn revision(
        &mut self,
        session: &mut Session,
        n: usize,
        revision: &Revision,
    ) -> Result<(), Error> {
        let change = match self.revisions.get(n + 1) {
            Some(before) => self.word_changes.between(before, revision)?,
            None => WordChange::NoText,
        };
        if change == WordChange::NotRead {
            self.not_read.get_or_insert(revision.number);
        }
        if session.globals.json {
            let line = LoggedRevision {
                revision: RevisionLine::of(self.document, revision),
                same_words: match change {
                    WordChange::None => Some(true),
                    WordChange::Some => Some(false),
                    WordChange::NoText | WordChange::NotRead => None,
                },
                proved: IntervalLine::of(self.intervals.of_event(revision.event)),
            };
            return session.out.json(&typed("revision", line));
        }
        let row = revision_row(&session.out, self.document, revision);
        let mark = match change {
            WordChange::None => session.out.paint(Style::Dim, "  (same words)"),
            _ => String::new(),
        };
        let proved = proved_mark(&session.out, self.intervals.of_event(revision.event));
        session.out.line(&format!("{row}{mark}{proved}"))
    }

    fn entry(&self, session: &mut Session, entry: &DocumentEntry) -> Result<(), Error> {
        let before = self.words_before.get(&entry.event);
        if session.globals.json {
            let line = LoggedDocumentEvent {
                event: DocumentEventLine::of(self.document, entry, before),
                proved: IntervalLine::of(self.intervals.of_event(entry.event)),
            };
            return session.out.json(&typed("document_event", line));
        }
        let n_columns = self.document.n_revisions.to_string().len() + 1;
        let number = pad_left(&format!("@{}", entry.number), n_columns);
        let time = match &entry.change[..] {
            "describe" => entry.at,
            _ => entry.captured.unwrap_or(entry.at),
        };
        let words = session.out.paint(Style::Dim, &document_event_words(entry, before));
        let proved = proved_mark(&session.out, self.intervals.of_event(entry.event));
        session.out.line(&format!("{number}  {}  {words}{proved}", time.minute()))
    }
}

fn of_all(out: &mut Output, archive: &Archive, limit: u64, is_json: bool) -> Result<u64, Error> {
    let intervals = archive.intervals()?;
    let n_columns = archive.n_events().to_string().len();
    let (mut before, mut n_printed) = (archive.n_events(), 0);
    while n_printed < limit {
        let stride = STRIDE.min(limit - n_printed);
        let stretch = archive.log_entries(before, stride as usize)?;
        let Some(last) = stretch.last() else { break };
        before = event_of(last);
        n_printed += stretch.len() as u64;
        for entry in stretch {
            match is_json {
                true => print_entry((out, archive), entry, &intervals)?,
                false => {
                    let row = entry_row((out, archive), &entry, n_columns)?;
                    let proved = proved_mark(out, intervals.of_event(event_of(&entry)));
                    out.line(&format!("{row}{proved}"))?;
                }
            }
        }
    }
    Ok(n_printed)
}

impl IntervalLine {
    fn of(interval: Interval) -> Self {
        let Interval { after, before } = interval;
        Self {
            proved_after: after.map(|time| time.to_string()),
            proved_before: before.map(|time| time.to_string()),
        }
    }
}

/// What time tokens prove of when an event was recorded, behind its row; empty where they prove nothing.
fn proved_mark(out: &Output, interval: Interval) -> String {
    let proved = match (interval.after, interval.before) {
        (None, None) => return String::new(),
        (None, Some(before)) => format!("before {}", before.minute()),
        (Some(after), None) => format!("after {}", after.minute()),
        (Some(after), Some(before)) => {
            format!("between {} and {}", after.minute(), before.minute())
        }
    };
    out.paint(Style::Dim, &format!("  proved {proved}"))
}

fn event_of(entry: &LogEntry) -> u64 {
    match entry {
        LogEntry::Revision(pair) => pair.1.event,
        LogEntry::Document(pair) => pair.1.event,
        LogEntry::Other(other) => other.event,
    }
}

fn print_entry(
    (out, archive): (&mut Output, &Archive),
    entry: LogEntry,
    intervals: &Intervals,
) -> Result<(), Error> {
    let proved = IntervalLine::of(intervals.of_event(event_of(&entry)));
    match entry {
        LogEntry::Revision(pair) => {
            let revision = RevisionLine::of(&pair.0, &pair.1);
            out.json(&typed("revision", LoggedRevision { revision, same_words: None, proved }))
        }
        LogEntry::Document(pair) => {
            let (document, entry) = &*pair;
            let before = match &entry.change[..] {
                "describe" => archive
                    .words_before(document, &archive.catalog().document_entries(document)?)?
                    .remove(&entry.event),
                _ => None,
            };
            let event = DocumentEventLine::of(document, entry, before.as_ref());
            out.json(&typed("document_event", LoggedDocumentEvent { event, proved }))
        }
        LogEntry::Other(OtherEvent { event, event_type, at, note, author, reason }) => {
            let (contents, words) = withdrew(archive, event, &event_type)?
                .map_or((None, None), |it| (Some(it.contents), Some(it.words)));
            let (at, by) = (at.to_string(), author);
            let line =
                EventLine { event, event_type, at, note, by, reason, contents, words, proved };
            out.json(&typed("event", line))
        }
    }
}

/// What a withdrawal took; none of another event.
fn withdrew(archive: &Archive, event: u64, event_type: &str) -> Result<Option<Withdrew>, Error> {
    if event_type == "withdraw" { archive.withdrew(event) } else { Ok(None) }
}

/// The same in words.
fn withdrew_words(Withdrew { contents, words }: &Withdrew) -> String {
    let listed = |what: &str, events: &[u64]| {
        let shown = events.iter().take(EVENTS_SHOWN_MAX).map(u64::to_string);
        let n_more = events.len().saturating_sub(EVENTS_SHOWN_MAX);
        let more = (n_more > 0).then(|| format!("{n_more} more"));
        let events = shown.chain(more).collect::<Vec<_>>().join(", ");
        (!events.is_empty()).then(|| format!("{what} of event {events}"))
    };
    let parts = [listed("contents", contents), listed("words", words)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn entry_row(
    (out, archive): (&Output, &Archive),
    entry: &LogEntry,
    n_columns: usize,
) -> Result<String, Error> {
    let index = |event: u64| pad_left(&event.to_string(), n_columns);
    Ok(match entry {
        LogEntry::Revision(pair) => {
            let (document, revision) = &**pair;
            let name = shown_name(document.name.as_bytes());
            let (index, at) = (index(revision.event), revision.at.minute());
            let mark = withdrawn_mark(out, revision);
            format!("{index}  {at}  {name}@{}{mark}", revision.number)
        }
        LogEntry::Document(pair) => {
            let (document, entry) = &**pair;
            let name = shown_name(document.name.as_bytes());
            let (index, at) = (index(entry.event), entry.at.minute());
            format!("{index}  {at}  {name}@{} {}", entry.number, document_event_words(entry, None))
        }
        LogEntry::Other(other) => {
            let event_type = shown_name(other.event_type.as_bytes());
            let by = other.author.as_ref().map(|by| format!(" by {}", shown_name(by.as_bytes())));
            let note = other.note.as_ref().map(|note| format!(": {}", shown_name(note.as_bytes())));
            let why = other.reason.as_ref().map(|reason| format!(" ({reason})"));
            let took = withdrew(archive, other.event, &other.event_type)?;
            let took = took.map(|took| format!("; {}", withdrew_words(&took)));
            let (index, at) = (index(other.event), other.at.minute());
            let (why, by) = (why.unwrap_or_default(), by.unwrap_or_default());
            let (note, took) = (note.unwrap_or_default(), took.unwrap_or_default());
            out.paint(Style::Dim, &format!("{index}  {at}  {event_type}{why}{by}{note}{took}"))
        }
    })
}
