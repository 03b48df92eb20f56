//! `archive diff --since`: what changed in the archive, document by document.

use std::ffi::OsStr;

use serde::Serialize;

use crate::{
    archive::{Archive, changes::DocumentChange, compare::Sides, operand::Operand},
    cli::{
        operand::label_of,
        pattern::{self, Pattern},
        print::{
            json::{RevisionSummary, typed},
            terminal::{Style, counted, shown_name, size},
        },
        session::Session,
    },
    types::{error::Error, time::Timestamp},
};

/// What is asked.
pub struct SinceQuery<'a> {
    pub since: Timestamp,
    /// As `ls` takes it; without it all documents.
    pub pattern: Option<&'a OsStr>,
    pub form: ChangesForm,
}

/// How it is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ChangesForm {
    /// Each document compared with what it was.
    Compared,
    /// The same, with one line of each.
    Counted,
    /// As patches.
    Patch,
    /// Only names.
    Names,
}

#[derive(Serialize)]
struct ChangeLine {
    status: &'static str,
    #[serde(flatten)]
    revision: RevisionSummary,
    before: Option<u64>,
    captured: String,
    source: Option<String>,
}

#[derive(Serialize, Default)]
struct SinceSummary {
    since: String,
    changed: u64,
    new: u64,
    undone: u64,
}

/// Shows what changed, and says whether anything did; `compare` prints two sides and says whether they differ.
pub fn run(
    session: &mut Session,
    archive: &Archive,
    query: &SinceQuery<'_>,
    compare: impl Fn(&mut Session, &Archive, Sides<Operand>) -> Result<bool, Error>,
) -> Result<bool, Error> {
    let pattern = Pattern::of(query.pattern, archive)?;
    let mut summary = SinceSummary { since: query.since.to_string(), ..SinceSummary::default() };
    let mut differs = false;
    archive.changes_since(
        query.since,
        |document| pattern.fits(document),
        |change| {
            let is_first = summary.changed + summary.new + summary.undone == 0;
            match (&change.before, change.is_undone()) {
                (None, _) => summary.new += 1,
                (_, true) => summary.undone += 1,
                (_, false) => summary.changed += 1,
            }
            if query.form == ChangesForm::Compared && !is_first && !session.globals.json {
                session.out.line("")?;
            }
            differs |= print_change(session, archive, query.form, change, &compare)?;
            Ok(())
        },
    )?;
    let n_found = summary.changed + summary.new + summary.undone;
    if let (0, Some(words)) = (n_found, query.pattern)
        && !pattern.fits_any(archive)?
    {
        return Err(pattern::no_document(words));
    }
    print_end(session, query, summary)?;
    Ok(differs)
}

/// Prints one change, and says whether it is one of the content.
fn print_change(
    session: &mut Session,
    archive: &Archive,
    form: ChangesForm,
    change: DocumentChange,
    compare: &impl Fn(&mut Session, &Archive, Sides<Operand>) -> Result<bool, Error>,
) -> Result<bool, Error> {
    if session.globals.json {
        session.out.json(&typed("change", ChangeLine::of(&change)))?;
    }
    if change.is_undone() {
        if matches!(form, ChangesForm::Compared | ChangesForm::Counted) && !session.globals.json {
            let line = format!("{}: changed, and as it was again", heading(&change));
            session.out.line(&line)?;
        }
        return Ok(false);
    }
    if form == ChangesForm::Names {
        if !session.globals.json {
            session.out.line(&shown_name(change.document.name.as_bytes()))?;
        }
        return Ok(true);
    }
    let withdrawn = change.before.iter().chain([&change.latest]).find(|it| it.withdrawn.is_some());
    if let Some(revision) = withdrawn {
        let label = label_of(&change.document, revision);
        session.info(&format!("{label} was withdrawn, and is not compared"));
        return Ok(true);
    }
    let DocumentChange { document, before, latest } = change;
    match before {
        Some(before) => {
            let a = Operand::revision(document.clone(), before);
            compare(session, archive, Sides { a, b: Operand::revision(document, latest) })
        }
        None if form == ChangesForm::Patch && !session.globals.json => {
            let b = Operand::revision(document, latest);
            compare(session, archive, Sides { a: Operand::nothing(), b })
        }
        None => {
            if !session.globals.json {
                let label = session.out.paint(Style::Heading, &label_of(&document, &latest));
                let (n_bytes, captured) = (size(latest.n_bytes), latest.captured.minute());
                let source = latest.source.map(|it| format!(", {}", shown_name(it.as_bytes())));
                let source = source.unwrap_or_default();
                let media_type = shown_name(latest.media_type.as_bytes());
                let what = format!("{media_type}, {n_bytes}, captured {captured}{source}");
                session.out.line(&format!("{label} is new: {what}"))?;
            }
            Ok(true)
        }
    }
}

fn heading(change: &DocumentChange) -> String {
    let latest = label_of(&change.document, &change.latest);
    match &change.before {
        Some(before) => format!("{} → {latest}", label_of(&change.document, before)),
        None => latest,
    }
}

fn print_end(
    session: &mut Session,
    query: &SinceQuery<'_>,
    summary: SinceSummary,
) -> Result<(), Error> {
    if session.globals.json {
        return session.out.json(&typed("summary", summary));
    }
    let SinceSummary { changed, new, undone, .. } = summary;
    let since = query.since.minute();
    if changed + new + undone == 0 {
        session.info(&format!("nothing changed since {since}"));
        return Ok(());
    }
    if matches!(query.form, ChangesForm::Patch | ChangesForm::Names) {
        return Ok(());
    }
    if query.form == ChangesForm::Compared {
        session.out.line("")?;
    }
    let undone = if undone > 0 { format!(", {undone} as before") } else { String::new() };
    let changed = counted(changed, "document", "documents");
    session.out.line(&format!("since {since}: {changed} changed, {new} new{undone}"))
}

impl ChangeLine {
    fn of(change: &DocumentChange) -> Self {
        let status = match (&change.before, change.is_undone()) {
            (None, _) => "new",
            (_, true) => "undone",
            (_, false) => "changed",
        };
        Self {
            status,
            revision: RevisionSummary::of(&change.document, &change.latest),
            before: change.before.as_ref().map(|before| before.number),
            captured: change.latest.captured.to_string(),
            source: change.latest.source.clone(),
        }
    }
}
