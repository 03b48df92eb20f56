//! `archive cat`

use std::{ffi::OsString, os::unix::ffi::OsStrExt as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use serde::Serialize;

use crate::{
    archive::{Archive, extract::ExtractionStatus, revision_text::Rendering, similar::Scope},
    cli::{
        args::{help::examples, values},
        exit::ExitCode,
        extractor::hooks,
        operand::label_of,
        print::{
            gaps::READS_THEM,
            json::{RevisionLine, typed},
            output::Output,
            terminal::{shown_json, shown_name, shown_text, size, too_long_words},
        },
        session::Session,
    },
    types::{
        document::{Document, Revision},
        error::Error,
        limits,
    },
};

const EXAMPLES: &[&str] = &[
    "archive cat report.txt",
    "archive cat report.txt@2 | sha256sum   # the digest that show prints",
    "archive cat --text report.docx          # what it says",
];

/// Write a revision's bytes to standard output, all of them checked before
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct CatArgs {
    /// A document, and perhaps which revision
    #[arg(value_name = "DOC[@REV]")]
    pub doc: OsString,

    /// The bytes as they are, on a terminal too
    #[arg(long)]
    pub raw: bool,

    /// The text that is compared and searched, of PDF, Word and other formats too
    #[arg(long, conflicts_with = "raw")]
    pub text: bool,

    /// How much of a page: article (its main part), page (all that is visible), source
    #[arg(long, value_name = "SCOPE", value_parser = values::scope, requires = "text")]
    pub scope: Option<Scope>,
}

#[derive(Serialize)]
struct ContentLine {
    #[serde(flatten)]
    revision: RevisionLine,
    /// Comes last: the bytes follow piece by piece.
    content_b64: &'static str,
}

/// Writes a revision's bytes, all of them verified before the first.
pub fn run(session: &mut Session, args: &CatArgs) -> Result<ExitCode, Error> {
    session.out.end_with_reader();
    let archive = session.open()?;
    let (document, revision) = archive.select(args.doc.as_bytes(), session.now)?;
    if args.text {
        return compared_text(session, &archive, (&document, &revision), args.scope);
    }
    let out = &mut session.out;
    if session.globals.json {
        print_json(out, &archive, &document, &revision)?;
    } else if out.is_terminal() && !args.raw {
        out.text(&text(&archive, &document, &revision)?)?;
    } else {
        each_piece(&archive, &document, &revision, |piece| out.bytes(piece))?;
    }
    Ok(ExitCode::Done)
}

/// Prints the text of a revision as it is compared.
fn compared_text(
    session: &mut Session,
    archive: &Archive,
    (document, revision): (&Document, &Revision),
    scope: Option<Scope>,
) -> Result<ExitCode, Error> {
    let text = archive.text(document, revision, scope.unwrap_or_default())?;
    let Some(text) = text else {
        let which = label_of(document, revision);
        let why = match archive.rendering(document, revision)? {
            Some(rendering) => rendering_words(rendering),
            None => too_long_words(revision.n_bytes, &revision.media_type).unwrap_or_else(|| {
                format!("is no text ({})", shown_name(revision.media_type.as_bytes()))
            }),
        };
        session.info(&format!("{which} {why}"));
        return Ok(ExitCode::No);
    };
    let text = if text.ends_with('\n') || text.is_empty() { text } else { text + "\n" };
    let shown = if session.out.is_terminal() { shown_text(&text) } else { text };
    session.print_text("text", shown.as_bytes())?;
    Ok(ExitCode::Done)
}

/// Why nothing came of rendering a document, as it follows its name.
pub(super) fn rendering_words(Rendering { format, status }: Rendering) -> String {
    match hooks::is_there(format) {
        true => format!("{} ({})", status_words(status), format.name()),
        false => format!("is not read: {} is not there", format.library().unwrap_or_default()),
    }
}

/// Why there is no text, as it follows a document's name.
pub(super) fn status_words(status: ExtractionStatus) -> String {
    let words = match status {
        ExtractionStatus::Ok | ExtractionStatus::Broken | ExtractionStatus::Truncated => {
            "has a text"
        }
        ExtractionStatus::Timeout => "takes too long to be read",
        ExtractionStatus::Crashed => "cannot be read: what reads it broke down",
        ExtractionStatus::TooLarge => {
            "is too large to be unpacked, or its parts lie too deep in one another"
        }
        ExtractionStatus::Encrypted => "is locked by a password",
        ExtractionStatus::NoText => "has no words in it",
        ExtractionStatus::Unsupported => "is broken, or not what it looks like",
        ExtractionStatus::NoReader => "is of a format that nothing here reads",
        ExtractionStatus::NotRead => return format!("has not been read yet: {READS_THEM}"),
    };
    words.to_owned()
}

fn each_piece(
    archive: &Archive,
    document: &Document,
    revision: &Revision,
    mut each: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut content = archive.read(document, revision)?;
    while let Some(piece) = content.next_piece()? {
        each(&piece)?;
    }
    Ok(())
}

/// A terminal gets text in which nothing acts, and no bytes.
fn text(archive: &Archive, document: &Document, revision: &Revision) -> Result<String, Error> {
    let refused = |why: &str| {
        let which = format!("{}@{}", document.name.text(), revision.number);
        Error::usage(format!("{which} {why}; --raw writes its bytes to the terminal all the same"))
    };
    if revision.n_bytes > limits::TEXT_BYTES_MAX as u64 {
        let n_bytes_max = size(limits::TEXT_BYTES_MAX as u64);
        return Err(refused(&format!("is too long to show as text (limit {n_bytes_max})")));
    }
    let text = archive.read_text(document, revision)?.ok_or_else(|| refused("is no text"))?;
    Ok(shown_text(&text))
}

/// One line of JSON, however large the content is.
fn print_json(
    out: &mut Output,
    archive: &Archive,
    document: &Document,
    revision: &Revision,
) -> Result<(), Error> {
    let line = ContentLine { revision: RevisionLine::of(document, revision), content_b64: "" };
    let line = serde_json::to_string(&typed("content", line))
        .expect("strings and numbers always serialize");
    // Nothing is written before the first bytes are known to be right.
    let mut head = line.strip_suffix("\"}").map(shown_json);
    let mut rest = Vec::new();
    each_piece(archive, document, revision, |piece| {
        out.text(&head.take().unwrap_or_default())?;
        rest.extend_from_slice(piece);
        let n_whole = rest.len() - rest.len() % 3;
        out.text(&STANDARD.encode(&rest[..n_whole]))?;
        rest.drain(..n_whole);
        Ok(())
    })?;
    out.text(&head.take().unwrap_or_default())?;
    out.line(&format!("{}\"}}", STANDARD.encode(&rest)))
}
