//! `archive blame`

use std::{ffi::OsString, ops::Range, os::unix::ffi::OsStrExt as _};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        blame::{Blame, GoneParagraph},
        compare::Scope,
        operand,
    },
    cli::{
        args::{help::examples, values},
        exit::ExitCode,
        operand::label_of,
        print::{
            changes::unit,
            json::{name_b64, typed},
            output::Output,
            revision::with_remarks,
            terminal::{Style, counted, pad_right, shown_text, shown_words},
        },
        session::Session,
    },
    types::{
        document::{Document, Revision},
        error::Error,
    },
};

use super::cat::rendering_words;

const EXAMPLES: &[&str] = &[
    "archive blame report.txt               # which revision brought each paragraph",
    "archive blame report.txt@3",
    "archive blame --gone report.txt        # what is no longer there",
];

/// Show which revision brought each paragraph
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct BlameArgs {
    /// A document, or one revision of it
    #[arg(value_name = "DOC")]
    pub doc: OsString,

    /// The paragraphs that are no longer there, with the revision that brought and the one that removed each
    #[arg(long)]
    pub gone: bool,

    /// Of pages read this: article, the main part; page, all that is visible; or source
    #[arg(long, value_name = "SCOPE", value_parser = values::scope, default_value = "article")]
    pub scope: Scope,
}

#[derive(Serialize)]
struct BlamedRevision {
    revision: u64,
    captured: String,
    source: Option<String>,
}

#[derive(Serialize)]
struct ParagraphLine<'a> {
    paragraph: usize,
    brought_by: BlamedRevision,
    text: &'a str,
}

#[derive(Serialize)]
struct GoneLine<'a> {
    brought_by: BlamedRevision,
    removed_by: BlamedRevision,
    text: &'a str,
}

#[derive(Serialize)]
struct BlameSummary {
    id: String,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    paragraphs: usize,
    gone: Option<u64>,
    scope: Option<&'static str>,
    reason: Option<String>,
}

/// Shows where paragraphs come from, or those that went.
pub fn run(session: &mut Session, args: &BlameArgs) -> Result<ExitCode, Error> {
    session.out.end_with_reader();
    let archive = session.open()?;
    let (document, revision) = archive.select(args.doc.as_bytes(), session.now)?;
    let mut gone = GonePrinter { document: &document, last: None, n_printed: 0 };
    let blame = archive.blame(&document, &revision, args.scope, |paragraph| match args.gone {
        true => gone.print(session, &paragraph),
        false => Ok(()),
    })?;
    let n_gone = args.gone.then_some(gone.n_printed);
    let Some(blame) = blame else {
        return no_text(session, &archive, (&document, &revision));
    };
    if !args.gone {
        print_paragraphs(session, &document, &revision, &blame)?;
    }
    let n_withdrawn = blame.revisions.iter().filter(|it| it.withdrawn.is_some()).count();
    if n_withdrawn > 0 {
        let revisions = counted(n_withdrawn as u64, "revision was", "revisions were");
        session.info(&format!("{revisions} withdrawn and passed over"));
    }
    if session.globals.json {
        let scope = blame.scope.map(Scope::code);
        let summary = BlameSummary {
            paragraphs: blame.paragraphs.len(),
            gone: n_gone,
            scope,
            ..BlameSummary::of(&document, &revision)
        };
        session.out.json(&typed("summary", summary))?;
    } else if n_gone == Some(0) {
        let label = label_of(&document, &revision);
        session.info(&format!("all paragraphs that there were are in {label}"));
    }
    Ok(if n_gone == Some(0) { ExitCode::No } else { ExitCode::Done })
}

/// Says that there is nothing to read: no error, and the answer no.
fn no_text(
    session: &mut Session,
    archive: &Archive,
    (document, revision): (&Document, &Revision),
) -> Result<ExitCode, Error> {
    let media_type = shown_text(&revision.media_type);
    let why = match archive.rendering(document, revision)? {
        Some(rendering) => rendering_words(rendering),
        None if operand::is_too_long(revision.n_bytes, &revision.media_type) => {
            format!("is too long to be read as text ({media_type})")
        }
        None => format!("is no text ({media_type})"),
    };
    let sentence = format!("{} {why}", label_of(document, revision));
    if session.globals.json {
        let summary =
            BlameSummary { reason: Some(sentence), ..BlameSummary::of(document, revision) };
        session.out.json(&typed("summary", summary))?;
    } else {
        session.info(&sentence);
    }
    Ok(ExitCode::No)
}

fn print_paragraphs(
    session: &mut Session,
    document: &Document,
    revision: &Revision,
    blame: &Blame,
) -> Result<(), Error> {
    let out = &mut session.out;
    let Blame { text, are_lines, paragraphs, revisions, .. } = blame;
    if session.globals.json {
        for (index, paragraph) in paragraphs.iter().enumerate() {
            out.json(&typed(
                "paragraph",
                ParagraphLine {
                    paragraph: index + 1,
                    brought_by: BlamedRevision::of(&revisions[paragraph.brought_by]),
                    text: &text[paragraph.bytes.clone()],
                },
            ))?;
        }
        return Ok(());
    }
    let heading = out.paint(Style::Heading, &label_of(document, revision));
    out.line(&heading)?;
    let mut counts = vec![0; revisions.len()];
    let mut end = None;
    for paragraph in paragraphs {
        let Range { start, .. } = paragraph.bytes;
        // As in the text, but for the heading.
        if end.is_none_or(|end: usize| text[end..start].matches('\n').count() > 1) {
            out.line("")?;
        }
        end = Some(paragraph.bytes.end);
        counts[paragraph.brought_by] += 1;
        let brought_by = &revisions[paragraph.brought_by];
        print_paragraph(out, document, brought_by, &text[paragraph.bytes.clone()])?;
    }
    out.line("")?;
    let (one, many) = unit(*are_lines);
    for (revision, n) in revisions.iter().zip(counts).rev().filter(|(_, n)| *n > 0) {
        let n = counted(n, one, many);
        let row = format!("{}  {n}", mark(document, revision, revision.captured.minute()));
        out.line(&with_remarks(row, revision))?;
    }
    Ok(())
}

/// A paragraph behind the revision that it comes from.
fn print_paragraph(
    out: &mut Output,
    document: &Document,
    brought_by: &Revision,
    text: &str,
) -> Result<(), Error> {
    let date = brought_by.captured.minute().chars().take(10).collect();
    let mark = mark(document, brought_by, date);
    let margin = " ".repeat(mark.chars().count() + 2);
    let mark = out.paint(Style::Dim, &mark);
    let text = shown_words(text.trim_end_matches('\n')).replace('\n', &format!("\n{margin}"));
    out.line(&format!("{mark}  {text}"))
}

/// `@3  2026-03-04`, in columns.
fn mark(document: &Document, revision: &Revision, time: String) -> String {
    let n_columns = document.n_revisions.to_string().len() + 1;
    format!("{}  {time}", pad_right(&format!("@{}", revision.number), n_columns))
}

/// Prints what went, below a line for each revision that removed something.
struct GonePrinter<'a> {
    document: &'a Document,
    /// The number of the revision that removed the last one.
    last: Option<u64>,
    n_printed: u64,
}

impl GonePrinter<'_> {
    fn print(&mut self, session: &mut Session, gone: &GoneParagraph<'_>) -> Result<(), Error> {
        let GoneParagraph { text, brought_by, removed_by } = gone;
        self.n_printed += 1;
        let out = &mut session.out;
        if session.globals.json {
            let (brought_by, removed_by) =
                (BlamedRevision::of(brought_by), BlamedRevision::of(removed_by));
            return out.json(&typed("gone", GoneLine { brought_by, removed_by, text }));
        }
        if self.last != Some(removed_by.number) {
            if self.last.is_some() {
                out.line("")?;
            }
            let label = out.paint(Style::Heading, &label_of(self.document, removed_by));
            let row = format!("gone in {label}  {}", removed_by.captured.minute());
            out.line(&with_remarks(row, removed_by))?;
            self.last = Some(removed_by.number);
        }
        out.line("")?;
        print_paragraph(out, self.document, brought_by, text)
    }
}

impl BlamedRevision {
    fn of(revision: &Revision) -> Self {
        Self {
            revision: revision.number,
            captured: revision.captured.to_string(),
            source: revision.source.clone(),
        }
    }
}

impl BlameSummary {
    fn of(document: &Document, revision: &Revision) -> Self {
        Self {
            id: document.id.to_string(),
            name: document.name.text().into_owned(),
            name_b64: name_b64(&document.name),
            revision: revision.number,
            paragraphs: 0,
            gone: None,
            scope: None,
            reason: None,
        }
    }
}
