//! `archive ls`

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        extract::ExtractionStatus,
        filter::{DigestHead, DocumentFilter},
        pattern::{self, Pattern, media_type_fits, text_fits},
        presence::AsOf,
    },
    cli::{
        args::{
            help::examples,
            values::{self, TextStatuses, When},
        },
        exit::ExitCode,
        operand::label_of,
        print::{
            about::said,
            json::{RevisionLine, typed},
            output::Output,
            revision::{gone_mark, withdrawal_words, withdrawn_mark},
            terminal::{Style, pad_left, pad_right, shown_name, shown_words, size},
        },
        session::Session,
    },
    types::{
        document::{Document, Revision},
        error::Error,
        tag::Tag,
        time::Timestamp,
    },
};

const EXAMPLES: &[&str] = &[
    "archive ls                             # all names",
    "archive ls -l 'letters/*.txt'          # with revisions, sizes and times",
    "archive ls letters --at 2026-03-04     # what was there on that day",
    "archive ls --gone                      # what is there no longer",
    "archive ls --metadata reports          # with titles, authors, dates, numbers of pages",
    "archive ls --tag wire --type text/html --captured 2026-01-01..2026-03-31",
    "archive ls --hash ba7816bf            # who has this content, or had it?",
    "archive ls --status missing            # whose text could not be read, or not all of it",
];
const FILTERS: &str = "Only those";

/// What a document says of itself, with the word for each.
type Said = Vec<(&'static str, String)>;

/// List documents
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct LsArgs {
    /// A name, a folder, the end of a name, or a glob; without it everything
    #[arg(value_name = "PATTERN")]
    pub pattern: Option<OsString>,

    /// Also revisions, sizes and times
    #[arg(short, long)]
    pub long: bool,

    /// Also what each document says of itself: title, byline, dates, language, pages; its content is read
    #[arg(long)]
    pub metadata: bool,

    /// Those that were there at a time, as they were
    #[arg(long, value_name = "TIME", value_parser = values::when, conflicts_with = "gone")]
    pub at: Option<When>,

    /// Those that are there no longer
    #[arg(long)]
    pub gone: bool,

    /// That came from such a source, or were seen there: https://example.com/*
    #[arg(long, value_name = "GLOB", value_parser = values::text_glob, help_heading = FILTERS)]
    pub source: Option<String>,

    /// That have a tag (repeatable: all of them)
    #[arg(long, value_name = "TAG", value_parser = values::tag, help_heading = FILTERS)]
    pub tag: Vec<Tag>,

    /// That are of a media type, or of that which names with an ending have: text/html, text/*, pdf, docx, jpg
    #[arg(long = "type", value_name = "TYPE", value_parser = values::text_glob, help_heading = FILTERS)]
    pub media_type: Option<String>,

    /// Whose latest revision was captured then or later
    #[arg(long, value_name = "TIME", value_parser = values::when, help_heading = FILTERS)]
    pub since: Option<When>,

    /// Of which a revision was captured between these times: 2026-01-01..2026-03-31, 2026-03..
    #[arg(long, value_name = "A..B", value_parser = values::when_range, help_heading = FILTERS)]
    pub captured: Option<(Option<When>, Option<When>)>,

    /// Of which any revision has this content, gone or not; 8 digits are enough
    #[arg(long, value_name = "SHA256", value_parser = values::hash, help_heading = FILTERS)]
    pub hash: Option<DigestHead>,

    /// Whose text came out so: missing (not or not all), encrypted, no-text, several with commas; contents are read
    #[arg(long, value_name = "STATUS", value_parser = values::text_statuses, help_heading = FILTERS)]
    pub status: Option<TextStatuses>,
}

#[derive(Serialize)]
struct ListedLine {
    #[serde(flatten)]
    revision: RevisionLine,
    gone: Option<String>,
    tags: Vec<String>,
    metadata: Option<BTreeMap<&'static str, String>>,
}

#[derive(Serialize, Default)]
struct LsSummary {
    documents: u64,
    revisions: u64,
    bytes: u64,
}

/// Lists documents in order of name.
pub fn run(session: &mut Session, args: &LsArgs) -> Result<ExitCode, Error> {
    session.out.end_with_reader();
    let archive = session.open()?;
    let pattern = Pattern::of(args.pattern.as_deref(), &archive)?;
    let as_of = match (&args.at, args.gone || args.hash.is_some()) {
        (Some(at), _) => AsOf::At(at.timestamp(session.now)?),
        (None, true) => AsOf::Ever,
        (None, false) => AsOf::Now,
    };
    let filter = filter(args, session.now)?;
    let filtered = archive.filtered(&filter)?;
    let gone = args.gone.then(|| archive.catalog().documents_gone()).transpose()?;
    let listed = pattern.among(gone.as_ref().or(filtered.ids()), &archive)?;
    let is_json = session.globals.json;
    let out = &mut session.out;
    let mut sums = LsSummary::default();
    listed.each(&archive, as_of, |document, revision| {
        let is_asked = !args.gone || document.gone.is_some();
        if !is_asked || !filtered.holds(document, revision) {
            return Ok(());
        }
        if let Some(TextStatuses(asked)) = &args.status
            && !has_status(&archive, document, revision, asked)?
        {
            return Ok(());
        }
        sums.documents += 1;
        sums.revisions += document.n_revisions;
        sums.bytes += revision.n_bytes;
        // Of a day that is past it is not told what became of its documents.
        let gone = match as_of {
            AsOf::Ever => archive.catalog().gone_since(document)?,
            AsOf::Now | AsOf::At(_) => None,
        };
        let metadata = match args.metadata {
            true => metadata(&archive, document, revision)?,
            false => None,
        };
        match (is_json, args.long) {
            (true, _) => out.json(&typed(
                "document",
                ListedLine {
                    revision: RevisionLine::of(document, revision),
                    gone: gone.map(|time| time.to_string()),
                    tags: archive.catalog().tags(document)?,
                    metadata: metadata.as_ref().map(|it| it.iter().cloned().collect()),
                },
            )),
            (false, true) => print_long(out, document, revision, gone),
            (false, false) => out.line(&shown_name(document.name.as_bytes())),
        }?;
        match &metadata {
            Some(said) if !is_json => print_metadata(out, said),
            _ => Ok(()),
        }
    })?;
    finish(session, &archive, args, &sums, (&filter, &pattern, as_of))
}

/// Whether one of these came of the text of a revision; of what is damaged others tell.
fn has_status(
    archive: &Archive,
    document: &Document,
    revision: &Revision,
    asked: &[ExtractionStatus],
) -> Result<bool, Error> {
    match archive.text_status(document, revision) {
        Ok(status) => Ok(status.is_some_and(|it| asked.contains(&it))),
        Err(Error::Damaged { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a document says of itself; none where its content is gone or damaged, which others tell.
fn metadata(
    archive: &Archive,
    document: &Document,
    revision: &Revision,
) -> Result<Option<Said>, Error> {
    if revision.withdrawn.is_some() {
        return Ok(None);
    }
    match archive.metadata(document, revision) {
        Ok(metadata) => Ok(metadata.map(|it| said(&it))),
        Err(Error::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn filter(args: &LsArgs, now: Timestamp) -> Result<DocumentFilter, Error> {
    let since = args.since.as_ref().map(|when| when.start(now)).transpose()?;
    let captured = match &args.captured {
        None => None,
        Some((first, last)) => Some((
            first.as_ref().map_or(Ok(Timestamp::FIRST), |when| when.start(now))?,
            last.as_ref().map_or(Ok(Timestamp::LAST), |when| when.timestamp(now))?,
        )),
    };
    if captured.is_some_and(|(first, last)| last < first) {
        return Err(Error::usage("of the two times of --captured the second is before the first"));
    }
    Ok(DocumentFilter {
        source: args.source.as_deref().map(text_fits).transpose()?,
        tags: args.tag.clone(),
        media_type: args.media_type.as_deref().map(media_type_fits).transpose()?,
        since,
        captured,
        hash: args.hash,
    })
}

/// Whether there was anything, and what is said where there was not.
fn finish(
    session: &mut Session,
    archive: &Archive,
    args: &LsArgs,
    sums: &LsSummary,
    (filter, pattern, as_of): (&DocumentFilter, &Pattern, AsOf),
) -> Result<ExitCode, Error> {
    if let (0, Some(words)) = (sums.documents, &args.pattern)
        && !pattern.fits_any(archive)?
    {
        return Err(pattern::no_document(words));
    }
    let has_filters = !filter.is_empty() || args.status.is_some();
    if let (0, AsOf::At(timestamp), false) = (sums.documents, as_of, has_filters) {
        let fits_ever = args.pattern.is_some() || archive.has_document_in(None, AsOf::Ever)?;
        if fits_ever {
            return Err(none_by(args.pattern.as_deref(), timestamp));
        }
    }
    if session.globals.json {
        session.out.json(&typed("summary", sums))?;
    }
    if sums.documents > 0 {
        if let Some(head) = args.hash {
            tell_withdrawn(session, archive, head)?;
        }
        return Ok(ExitCode::Done);
    }
    let is_asked = args.pattern.is_some() || has_filters || args.at.is_some();
    if !session.globals.json {
        session.info(match (args.gone, is_asked) {
            (true, false) => "no document is gone",
            (_, true) => "no document fits",
            _ => "there are no documents yet",
        });
    }
    Ok(if is_asked { ExitCode::No } else { ExitCode::Done })
}

/// Says of a content that was asked for that it was withdrawn.
fn tell_withdrawn(session: &Session, archive: &Archive, head: DigestHead) -> Result<(), Error> {
    for (document, revision) in archive.revisions_of_content(head)? {
        if let Some(withdrawn) = &revision.withdrawn {
            let label = label_of(&document, &revision);
            session.info(&format!("{label} was withdrawn: {}", withdrawal_words(withdrawn)));
        }
    }
    Ok(())
}

/// What is there now was not yet.
fn none_by(pattern: Option<&OsStr>, timestamp: Timestamp) -> Error {
    let which = pattern
        .map_or_else(String::new, |words| format!(" that {} fits", shown_name(words.as_bytes())));
    let what = format!("no document{which} was there at {}", timestamp.minute());
    Error::NotFound { what, candidates: Vec::new() }
}

fn print_metadata(out: &mut Output, said: &Said) -> Result<(), Error> {
    said.iter().try_for_each(|(field, value)| {
        let field = out.paint(Style::Dim, &pad_right(field, 11));
        out.line(&format!("    {field}  {}", shown_words(value)))
    })
}

/// The columns are as wide as they ever get, so that nothing has to be read twice.
fn print_long(
    out: &mut Output,
    document: &Document,
    revision: &Revision,
    gone: Option<Timestamp>,
) -> Result<(), Error> {
    let id = out.paint(Style::Dim, &document.id.to_string()[..8]);
    let revisions = pad_left(&format!("@{}", revision.number), 5);
    let size = pad_left(&size(revision.n_bytes), 6);
    let captured = revision.captured.minute();
    let name = shown_name(document.name.as_bytes());
    let mark = withdrawn_mark(out, revision);
    let gone = gone_mark(out, gone);
    out.line(&format!("{id}  {revisions}  {size}  {captured}  {name}{gone}{mark}"))
}
