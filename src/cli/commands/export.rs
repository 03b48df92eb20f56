//! `archive export`

use std::{ffi::OsString, io::Write, os::unix::ffi::OsStrExt as _, path::PathBuf};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{Archive, ingest::SYMLINK},
    cli::{
        args::{
            help::examples,
            values::{self, When},
        },
        exit::ExitCode,
        export_files::{FileWriter, Mode, Outgoing, WriteOutcome},
        interrupt::is_interrupted,
        print::{
            json::{name_b64, typed},
            terminal::{Progress, Style, counted, shown_name},
        },
        session::{Session, shown},
    },
    types::{
        document::{Document, Revision},
        error::Error,
        name::DocName,
        time::Timestamp,
    },
};

const EXAMPLES: &[&str] = &[
    "archive export --output restored       # the latest revision of everything",
    "archive export letters -o restored --at 2026-03-01",
    "archive export -n --overwrite -o .",
];

/// Write documents back as files
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct ExportArgs {
    /// Only these documents; without them everything
    #[arg(value_name = "DOC")]
    pub docs: Vec<OsString>,

    /// The folder to write into
    #[arg(short, long, value_name = "DIR", required = true)]
    pub output: PathBuf,

    /// As they were at this time; without it the latest revisions
    #[arg(long, value_name = "TIME", value_parser = values::when)]
    pub at: Option<When>,

    /// Replace files that are there with other content
    #[arg(long)]
    pub overwrite: bool,

    /// Print what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Serialize)]
struct ExportedLine {
    status: &'static str,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    reason: Option<String>,
}

#[derive(Serialize, Default)]
struct ExportSummary {
    written: u64,
    same: u64,
    replaced: u64,
    kept: u64,
    failed: u64,
    dry_run: bool,
}

struct Exporter<'a> {
    session: &'a mut Session,
    archive: &'a Archive,
    summary: ExportSummary,
    progress: Progress,
    as_of: Option<Timestamp>,
    only: Vec<DocName>,
    is_damaged: bool,
}

/// Writes documents back as files.
pub fn run(session: &mut Session, args: &ExportArgs) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let as_of = args.at.as_ref().map(|at| at.timestamp(session.now)).transpose()?;
    let only = only(&archive, args)?;
    let mode = match (args.dry_run, args.overwrite) {
        (true, _) => Mode::DryRun,
        (_, true) => Mode::Overwrite,
        (_, false) => Mode::AddOnly,
    };
    let files = FileWriter::in_folder(&args.output, mode)?;
    let progress = session.progress();
    let summary = ExportSummary { dry_run: args.dry_run, ..ExportSummary::default() };
    let mut run =
        Exporter { session, archive: &archive, summary, progress, as_of, only, is_damaged: false };
    run.each(false, |run, document, revision| {
        let content = |sink: &mut dyn Write| copy(run.archive, document, revision, sink);
        files.write(&outgoing(document, revision), content)
    })?;
    let links = files.then_links();
    run.each(true, |run, document, revision| {
        let target = run.archive.read_whole(document, revision)?;
        links.write(&document.name, &target)
    })?;
    run.finish(&shown(&args.output))
}

/// The documents asked for: each a document, or a folder of them.
fn only(archive: &Archive, args: &ExportArgs) -> Result<Vec<DocName>, Error> {
    args.docs
        .iter()
        .map(|words| match archive.document(words.as_bytes()) {
            Ok(document) => Ok(document.name),
            Err(error @ Error::NotFound { .. }) => {
                let Ok(folder) = DocName::of_path(words.as_bytes()) else { return Err(error) };
                let mut is_folder = false;
                archive.each_document(None, |document, _| {
                    is_folder |= document.name.is_under(&folder);
                    Ok(())
                })?;
                if is_folder { Ok(folder) } else { Err(error) }
            }
            Err(error) => Err(error),
        })
        .collect()
}

fn outgoing<'a>(document: &'a Document, revision: &Revision) -> Outgoing<'a> {
    Outgoing {
        name: &document.name,
        digest: revision.digest,
        size: revision.n_bytes,
        mtime: revision.mtime,
    }
}

fn copy(
    archive: &Archive,
    document: &Document,
    revision: &Revision,
    sink: &mut dyn Write,
) -> Result<(), Error> {
    let name = || shown_name(document.name.as_bytes());
    archive.each_piece(document, revision, &is_interrupted, |piece| {
        sink.write_all(piece).map_err(|source| Error::io("write", name(), source))
    })
}

impl Exporter<'_> {
    /// Does something with every document asked for that is a link, or with every other.
    fn each(
        &mut self,
        links: bool,
        write: impl Fn(&Self, &Document, &Revision) -> Result<WriteOutcome, Error>,
    ) -> Result<(), Error> {
        let archive = self.archive;
        archive.each_document(self.as_of, |document, revision| {
            if is_interrupted() {
                return Err(Error::Interrupted);
            }
            let is_wanted = self.only.is_empty()
                || self.only.iter().any(|folder| document.name.is_under(folder));
            if !is_wanted || (revision.media_type == SYMLINK) != links {
                return Ok(());
            }
            self.progress.report(self.summary.written, &shown_name(document.name.as_bytes()));
            match write(self, document, revision) {
                Ok(outcome) => self.written(document, revision, &outcome),
                Err(error @ Error::Io { .. }) => self.failed(document, revision, &error),
                Err(error @ Error::Damaged { .. }) => {
                    self.is_damaged = true;
                    self.failed(document, revision, &error)
                }
                Err(error) => Err(error),
            }
        })
    }

    fn written(
        &mut self,
        document: &Document,
        revision: &Revision,
        outcome: &WriteOutcome,
    ) -> Result<(), Error> {
        let (status, count, reason) = match outcome {
            WriteOutcome::Written => ("written", &mut self.summary.written, None),
            WriteOutcome::Same => ("same", &mut self.summary.same, None),
            WriteOutcome::Replaced => ("replaced", &mut self.summary.replaced, None),
            WriteOutcome::Kept(why) => ("kept", &mut self.summary.kept, Some(why.clone())),
        };
        *count += 1;
        self.print(status, document, revision, reason)
    }

    fn failed(
        &mut self,
        document: &Document,
        revision: &Revision,
        error: &Error,
    ) -> Result<(), Error> {
        self.summary.failed += 1;
        self.print("failed", document, revision, Some(error.to_string()))
    }

    fn print(
        &mut self,
        status: &'static str,
        document: &Document,
        revision: &Revision,
        reason: Option<String>,
    ) -> Result<(), Error> {
        if self.session.globals.json {
            let line = ExportedLine {
                status,
                name: document.name.text().into_owned(),
                name_b64: name_b64(&document.name),
                revision: revision.number,
                reason,
            };
            return self.session.out.json(&typed("exported", line));
        }
        let name = shown_name(document.name.as_bytes());
        if let Some(reason) = reason {
            let label = self.session.stderr.paint(Style::Warning, "not written");
            self.progress.print(&format!("{label} {name}: {}", shown_name(reason.as_bytes())));
        } else if self.session.globals.verbose {
            self.session.out.line(&format!("{status:<9} {name}@{}", revision.number))?;
        }
        Ok(())
    }

    fn finish(self, folder: &str) -> Result<ExitCode, Error> {
        let Self { session, summary, progress, is_damaged, .. } = self;
        drop(progress);
        let code = match (is_damaged, summary.kept + summary.failed) {
            (true, _) => ExitCode::Broken,
            (false, 0) => ExitCode::Done,
            (false, _) => ExitCode::Partial,
        };
        if session.globals.json {
            session.out.json(&typed("summary", &summary))?;
            return Ok(code);
        }
        let n_done = summary.written + summary.replaced;
        let verb = if summary.dry_run { "would be written" } else { "written" };
        let mut sentence =
            format!("{} {verb} to {folder}", counted(n_done, "document", "documents"));
        for (n, what) in [
            (summary.same, "there already"),
            (summary.kept, "kept from overwriting (--overwrite replaces)"),
            (summary.failed, "failed"),
        ] {
            if n > 0 {
                sentence.push_str(&format!(", {n} {what}"));
            }
        }
        session.info(&sentence);
        Ok(code)
    }
}
