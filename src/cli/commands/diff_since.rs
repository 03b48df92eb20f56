//! `archive diff --since`: what changed in the archive, document by document.

use std::ffi::OsStr;

use serde::Serialize;

use crate::{
    archive::{
        Archive,
        changes::DocumentChange,
        compare::Sides,
        operand::Operand,
        pattern::{self, Pattern},
    },
    cli::{
        operand::label_of,
        print::{
            json::{RevisionSummary, typed},
            output::Output,
            terminal::{Style, counted, shown_name, size},
        },
        session::Session,
    },
    types::{
        document::{Document, Revision},
        error::Error,
        time::Timestamp,
    },
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
    revision: Option<RevisionSummary>,
    before: Option<u64>,
    captured: Option<String>,
    source: Option<String>,
}

#[derive(Serialize, Default)]
struct SinceSummary {
    since: String,
    changed: u64,
    new: u64,
    gone: u64,
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
    archive.changes_since(query.since, &pattern, |change| {
        let is_first = summary.changed + summary.new + summary.gone + summary.undone == 0;
        match status(&change) {
            "new" => summary.new += 1,
            "gone" => summary.gone += 1,
            "undone" => summary.undone += 1,
            _ => summary.changed += 1,
        }
        if query.form == ChangesForm::Compared && !is_first && !session.globals.json {
            session.out.line("")?;
        }
        differs |= print_change(session, archive, query.form, change, &compare)?;
        Ok(())
    })?;
    let n_found = summary.changed + summary.new + summary.gone + summary.undone;
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
            let is_withdrawn = |it: &Revision| it.withdrawn.is_some();
            let how = match change.before.as_ref().is_some_and(is_withdrawn) {
                true => "withdrawn, and added again as it was",
                false => "changed, and as it was again",
            };
            session.out.line(&format!("{}: {how}", heading(&change)))?;
        }
        return Ok(false);
    }
    if form == ChangesForm::Names && !session.globals.json {
        session.out.line(&shown_name(change.document.name.as_bytes()))?;
    }
    let mut sides = change.before.iter().chain(&change.latest);
    if let Some(revision) = sides.find(|it| it.withdrawn.is_some()) {
        if form != ChangesForm::Names {
            let label = label_of(&change.document, revision);
            session.info(&format!("{label} was withdrawn, and is not compared"));
        }
        return Ok(true);
    }
    let is_patch = form == ChangesForm::Patch;
    let is_told = form != ChangesForm::Names && !session.globals.json;
    let DocumentChange { document, before, latest } = change;
    let side = |revision| Operand::revision(document.clone(), revision);
    match (before, latest) {
        (Some(before), Some(latest)) => {
            compare(session, archive, Sides { a: side(before), b: side(latest) })
        }
        (None, Some(latest)) if is_patch => {
            compare(session, archive, Sides { a: Operand::nothing(), b: side(latest) })
        }
        (Some(before), None) if is_patch => {
            compare(session, archive, Sides { a: side(before), b: Operand::nothing() })
        }
        (None, Some(latest)) => {
            if is_told {
                print_new(&mut session.out, &document, latest)?;
            }
            Ok(true)
        }
        (before, None) => {
            if let Some(before) = before.filter(|_| is_told) {
                let label = session.out.paint(Style::Heading, &label_of(&document, &before));
                session.out.line(&format!("{label} is gone"))?;
            }
            Ok(true)
        }
    }
}

fn print_new(out: &mut Output, document: &Document, latest: Revision) -> Result<(), Error> {
    let label = out.paint(Style::Heading, &label_of(document, &latest));
    let (n_bytes, captured) = (size(latest.n_bytes), latest.captured.minute());
    let source = latest.source.map(|it| format!(", {}", shown_name(it.as_bytes())));
    let source = source.unwrap_or_default();
    let media_type = shown_name(latest.media_type.as_bytes());
    let what = format!("{media_type}, {n_bytes}, captured {captured}{source}");
    out.line(&format!("{label} is new: {what}"))
}

/// What became of a document, in a word.
fn status(change: &DocumentChange) -> &'static str {
    match (&change.before, &change.latest) {
        (None, _) => "new",
        (_, None) => "gone",
        _ if change.is_undone() => "undone",
        _ => "changed",
    }
}

fn heading(change: &DocumentChange) -> String {
    let sides = change.before.iter().chain(&change.latest);
    let labels: Vec<String> = sides.map(|it| label_of(&change.document, it)).collect();
    labels.join(" → ")
}

fn print_end(
    session: &mut Session,
    query: &SinceQuery<'_>,
    summary: SinceSummary,
) -> Result<(), Error> {
    if session.globals.json {
        return session.out.json(&typed("summary", summary));
    }
    let SinceSummary { changed, new, gone, undone, .. } = summary;
    let since = query.since.minute();
    if changed + new + gone + undone == 0 {
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
    let gone = if gone > 0 { format!(", {gone} gone") } else { String::new() };
    let changed = counted(changed, "document", "documents");
    session.out.line(&format!("since {since}: {changed} changed, {new} new{gone}{undone}"))
}

impl ChangeLine {
    fn of(change: &DocumentChange) -> Self {
        let revision = change.latest.as_ref().or(change.before.as_ref());
        Self {
            status: status(change),
            revision: revision.map(|it| RevisionSummary::of(&change.document, it)),
            before: change.before.as_ref().map(|before| before.number),
            captured: revision.map(|it| it.captured.to_string()),
            source: revision.and_then(|it| it.source.clone()),
        }
    }
}
