//! `archive log --added`, `--removed` and `--touched`: the revisions in which words came or went.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

use serde::Serialize;

use crate::{
    archive::{
        Archive,
        pattern::{self, Pattern},
        phrase::{Among, Excerpt, Phrase, PhraseChange, PhraseFate, Unsearched},
    },
    cli::{
        exit::ExitCode,
        operand::{label_of, whole_document},
        print::{
            gaps,
            json::{RevisionLine, typed},
            output::Output,
            revision::{document_heading, revision_row, with_remarks},
            terminal::{Style, shown_words},
        },
        session::Session,
    },
    types::{document::Document, error::Error},
};

/// What is asked.
pub struct WordsQuery<'a> {
    pub phrase: Phrase,
    pub fate: PhraseFate,
    /// A document, or any number of them as `ls` takes them; without it all.
    pub doc: Option<&'a OsStr>,
    pub limit: u64,
}

#[derive(Serialize)]
struct FoundLine {
    #[serde(flatten)]
    revision: RevisionLine,
    change: &'static str,
    before: usize,
    after: usize,
    excerpt: ExcerptLine,
}

#[derive(Serialize)]
struct ExcerptLine {
    before: String,
    found: String,
    after: String,
}

/// The end of a log: how many lines there were, and what could not be looked through for words.
#[derive(Serialize)]
pub struct LogSummary {
    pub events: u64,
    pub too_long: Option<u64>,
    pub unreadable: Option<u64>,
    pub not_extracted: Option<u64>,
    pub not_read: Option<u64>,
    pub withdrawn: Option<u64>,
}

impl LogSummary {
    /// Of a log in which no words were looked for.
    pub fn of_events(events: u64) -> Self {
        let (too_long, unreadable, not_extracted) = (None, None, None);
        let (not_read, withdrawn) = (None, None);
        Self { events, too_long, unreadable, not_extracted, not_read, withdrawn }
    }
}

/// Which documents are meant.
enum Documents {
    All,
    One(Document),
    Fitting(Pattern),
}

/// Shows the revisions, those captured last first; none found is the answer no.
pub fn run(session: &mut Session, query: &WordsQuery<'_>) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let documents = Documents::of(session, &archive, query.doc)?;
    let is_json = session.globals.json;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let out = &mut session.out;
    let mut n_found = 0;
    let print = |change: PhraseChange| {
        n_found += 1;
        match (&documents, is_json) {
            (_, true) => return out.json(&typed("found", FoundLine::of(&change))),
            (Documents::One(document), false) => {
                if n_found == 1 {
                    out.line(&document_heading(out, document))?;
                }
                out.line(&revision_row(out, document, &change.revision))?;
            }
            _ => {
                let name = label_of(&change.document, &change.revision);
                let name = out.paint(Style::Heading, &name);
                let row = format!("{}  {name}", change.revision.captured.minute());
                out.line(&with_remarks(row, &change.revision))?;
            }
        }
        out.line(&excerpt_row(out, &change))
    };
    let among = match &documents {
        Documents::All => Among::All,
        Documents::One(document) => Among::One(document),
        Documents::Fitting(pattern) => Among::Fitting(pattern),
    };
    let unsearched = archive.phrase_changes(&query.phrase, query.fate, among, limit, print)?;
    print_end(session, query, n_found, unsearched)
}

fn print_end(
    session: &mut Session,
    query: &WordsQuery<'_>,
    n_found: u64,
    unsearched: Unsearched,
) -> Result<ExitCode, Error> {
    let Unsearched { gaps, error } = unsearched;
    // Who asks for none is not told that there is none.
    let is_none = n_found == 0 && query.limit > 0;
    if session.globals.json {
        let summary = LogSummary {
            events: n_found,
            too_long: Some(gaps.n_too_long),
            unreadable: Some(gaps.n_unreadable),
            not_extracted: Some(gaps.n_not_extracted),
            not_read: Some(gaps.n_not_read),
            withdrawn: Some(gaps.n_withdrawn),
        };
        session.out.json(&typed("summary", summary))?;
    } else if is_none {
        session.info("no revision found");
    }
    gaps::tell(session, &gaps);
    match error {
        Some(error) => Err(error),
        None => Ok(if is_none { ExitCode::No } else { ExitCode::Done }),
    }
}

/// The words with what stands around them, behind the sign of what became of them.
fn excerpt_row(out: &Output, change: &PhraseChange) -> String {
    let PhraseChange { n_before, n_after, excerpt, .. } = change;
    let (sign, style) =
        if n_after > n_before { ("+", Style::Added) } else { ("-", Style::Removed) };
    let counts = match n_before.min(n_after) {
        0 => String::new(),
        _ => format!("({n_before} → {n_after}) "),
    };
    let Excerpt { before, found, after } = excerpt;
    let found = out.paint(style, &shown_words(found));
    format!("    {sign} {counts}{}{found}{}", shown_words(before), shown_words(after))
}

impl Documents {
    fn of(session: &Session, archive: &Archive, words: Option<&OsStr>) -> Result<Self, Error> {
        let Some(words) = words else { return Ok(Self::All) };
        match whole_document(archive, "log", words.as_bytes(), session.now) {
            Ok(document) => return Ok(Self::One(document)),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let pattern = Pattern::of(Some(words), archive)?;
        match pattern.fits_any(archive)? {
            true => Ok(Self::Fitting(pattern)),
            false => Err(pattern::no_document(words)),
        }
    }
}

impl FoundLine {
    fn of(change: &PhraseChange) -> Self {
        let PhraseChange { document, revision, n_before, n_after, excerpt } = change;
        let Excerpt { before, found, after } = excerpt.clone();
        let excerpt = ExcerptLine { before, found, after };
        Self {
            revision: RevisionLine::of(document, revision),
            change: if n_after > n_before { "added" } else { "removed" },
            before: *n_before,
            after: *n_after,
            excerpt,
        }
    }
}
