//! `archive export`

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    io::Write,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;

use super::{
    export_bag,
    export_chosen::{Chosen, ExportItem, ExportedLine, ItemPlace},
    export_log, export_manifest,
};
use crate::{
    archive::{Archive, export::ExportPaths, find::Selection, ingest::SYMLINK, presence::AsOf},
    cli::{
        args::{
            help::examples,
            values::{self, When},
        },
        exit::ExitCode,
        export_files::{FileWriter, Mode, Outgoing, WriteOutcome},
        interrupt::is_interrupted,
        print::{
            json::typed,
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
    "archive export letters --all-revisions -o history",
    "archive export --manifest > SHA256SUMS && cd restored && sha256sum -c ../SHA256SUMS",
    "archive export --bag letters-2026 letters     # for another archive: BagIt, with proofs",
    "archive export --log public/log        # the journal, for whoever audits it",
];

/// Write documents back as files
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct ExportArgs {
    /// Only these documents, revisions or folders; without them everything
    #[arg(value_name = "DOC[@REV]|FOLDER")]
    pub docs: Vec<OsString>,

    /// The folder to write into
    #[arg(short, long, value_name = "DIR", required_unless_present_any = ["manifest", "bag", "log"])]
    pub output: Option<PathBuf>,

    /// Print SHA-256 and path of what would be written, for sha256sum -c, and write nothing
    #[arg(long, conflicts_with_all = ["output", "overwrite", "dry_run"])]
    pub manifest: bool,

    /// Every revision, each as a file of its own: report.txt@1, report.txt@2
    #[arg(long)]
    pub all_revisions: bool,

    /// Write the documents as a new BagIt bag, with the proof that each was recorded
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "overwrite", "dry_run", "manifest"])]
    pub bag: Option<PathBuf>,

    /// No documents, but the signed journal as a new folder that any web server can publish (C2SP tlog-tiles)
    #[arg(long, value_name = "DIR", conflicts_with_all = ["docs", "output", "at", "overwrite", "dry_run", "manifest", "bag", "all_revisions"])]
    pub log: Option<PathBuf>,

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

#[derive(Serialize, Default)]
struct ExportSummary {
    written: u64,
    same: u64,
    replaced: u64,
    kept: u64,
    elsewhere: u64,
    withdrawn: u64,
    failed: u64,
    dry_run: bool,
}

struct Exporter<'a> {
    session: &'a mut Session,
    chosen: &'a Chosen<'a>,
    summary: ExportSummary,
    progress: Progress,
    places: ExportPaths<'a>,
    is_damaged: bool,
}

impl ExportArgs {
    /// What the grammar cannot say.
    pub fn check(&self) -> Result<(), &'static str> {
        match self
            .output
            .iter()
            .chain(&self.log)
            .chain(&self.bag)
            .any(|folder| folder.as_os_str() == "-")
        {
            true => Err("files go into a folder; archive cat DOC writes one to standard output"),
            false => Ok(()),
        }
    }
}

/// Writes documents back as files, lists them, or writes the journal.
pub fn run(session: &mut Session, args: &ExportArgs) -> Result<ExitCode, Error> {
    if let Some(folder) = &args.log {
        return export_log::run(session, folder);
    }
    let archive = session.open()?;
    let as_of = args.at.as_ref().map(|at| at.timestamp(session.now)).transpose()?;
    let chosen = Chosen {
        archive: &archive,
        as_of: match (as_of, args.all_revisions) {
            // All revisions are those of what is gone, too.
            (None, true) => AsOf::Ever,
            (as_of, _) => AsOf::from(as_of),
        },
        selections: selections(&archive, args, session.now, as_of)?,
        all_revisions: args.all_revisions,
    };
    match (&args.output, &args.bag) {
        (Some(output), _) => write(session, &chosen, args, output),
        (None, Some(bag)) => export_bag::run(session, &chosen, bag),
        (None, None) => export_manifest::print(session, &chosen),
    }
}

fn write(
    session: &mut Session,
    chosen: &Chosen<'_>,
    args: &ExportArgs,
    output: &Path,
) -> Result<ExitCode, Error> {
    let mode = match (args.dry_run, args.overwrite) {
        (true, _) => Mode::DryRun,
        (_, true) => Mode::Overwrite,
        (_, false) => Mode::AddOnly,
    };
    let mut files = FileWriter::in_folder(output, mode, session.own_files())?;
    let progress = session.progress();
    let summary = ExportSummary { dry_run: args.dry_run, ..ExportSummary::default() };
    let places = ExportPaths::new(chosen.archive, chosen.as_of, &chosen.selections)?;
    let mut run = Exporter { session, chosen, summary, progress, places, is_damaged: false };
    run.each(false, |run, name, &ExportItem { document, revision, .. }| {
        let path = output.join(OsStr::from_bytes(name.as_bytes()));
        let archive = run.chosen.archive;
        let content = |sink: &mut dyn Write| copy(archive, (document, revision), sink, &path);
        files.write(&outgoing(name, revision), content)
    })?;
    let mut links = files.then_links();
    run.each(true, |run, name, &ExportItem { document, revision, .. }| {
        let target = run.chosen.archive.read_whole(document, revision)?;
        links.write(name, &target)
    })?;
    run.finish(&shown(output))
}

/// What is asked for, each of which must exist; nothing named is everything.
fn selections(
    archive: &Archive,
    args: &ExportArgs,
    now: Timestamp,
    as_of: Option<Timestamp>,
) -> Result<Vec<Selection>, Error> {
    let select = |words: &OsString| archive.selection(words.as_bytes(), now, as_of);
    let selections = args.docs.iter().map(select).collect::<Result<Vec<_>, _>>()?;
    let mut revisions = HashMap::new();
    for selection in &selections {
        let Selection::Revision(found, _) = selection else { continue };
        let (document, number) = (&found.0, found.1.number);
        let other = revisions.insert(document.id, number).filter(|other| *other != number);
        if let Some(other) = other {
            let name = shown_name(document.name.as_bytes());
            return Err(Error::usage(format!("{name}@{other} and @{number} would be one file")));
        }
    }
    let Some(timestamp) = as_of else { return Ok(selections) };
    let mut scopes: Vec<Option<&DocName>> = match selections.is_empty() {
        true => vec![None],
        false => Vec::new(),
    };
    scopes.extend(selections.iter().filter_map(|selection| match selection {
        Selection::Folder(folder) => Some(Some(folder)),
        Selection::Revision(..) => None,
    }));
    scopes.iter().try_for_each(|scope| must_hold_something(archive, *scope, timestamp))?;
    Ok(selections)
}

/// A day before anything was captured has nothing to export; an empty archive has nothing anyway.
fn must_hold_something(
    archive: &Archive,
    scope: Option<&DocName>,
    timestamp: Timestamp,
) -> Result<(), Error> {
    if !archive.has_document_in(scope, AsOf::Ever)?
        || archive.has_document_in(scope, AsOf::At(timestamp))?
    {
        return Ok(());
    }
    let below = scope.map_or_else(String::new, |it| format!(" in {}", shown_name(it.as_bytes())));
    let what = format!("no document{below} was captured by {}", timestamp.minute());
    Err(Error::NotFound { what, candidates: Vec::new() })
}

fn is_full(error: &Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let Error::Io { source, .. } = error else { return false };
    matches!(source.kind(), QuotaExceeded | ReadOnlyFilesystem | StorageFull)
}

fn outgoing<'a>(name: &'a DocName, revision: &Revision) -> Outgoing<'a> {
    Outgoing { name, digest: revision.digest, size: revision.n_bytes, mtime: revision.mtime }
}

fn copy(
    archive: &Archive,
    (document, revision): (&Document, &Revision),
    sink: &mut dyn Write,
    path: &Path,
) -> Result<(), Error> {
    archive.each_piece(document, revision, &is_interrupted, |piece| {
        sink.write_all(piece).map_err(|source| Error::io("write", shown(path), source))
    })
}

impl Exporter<'_> {
    /// Does something with everything chosen that is a link, or with all the rest.
    fn each(
        &mut self,
        links: bool,
        mut write: impl FnMut(&Self, &DocName, &ExportItem<'_>) -> Result<WriteOutcome, Error>,
    ) -> Result<(), Error> {
        self.chosen.each(|item| self.one(&item, links, &mut write))
    }

    fn one(
        &mut self,
        item: &ExportItem<'_>,
        links: bool,
        write: &mut impl FnMut(&Self, &DocName, &ExportItem<'_>) -> Result<WriteOutcome, Error>,
    ) -> Result<(), Error> {
        let &ExportItem { document, revision, .. } = item;
        if (revision.media_type == SYMLINK) != links {
            return Ok(());
        }
        if is_interrupted() {
            return Err(Error::Interrupted);
        }
        self.progress.report(self.summary.written, &shown_name(document.name.as_bytes()));
        // Who asks for everything in a folder does not ask for this one.
        if item.is_withdrawn(self.chosen.archive)? {
            self.summary.withdrawn += 1;
            return Ok(());
        }
        let ItemPlace { path, why } = item.place(&mut self.places)?;
        if let Some(why) = why {
            self.summary.elsewhere += 1;
            item.say_elsewhere(self.session, Some(&self.progress), (path.as_bytes(), &why))?;
        }
        match write(self, &path, item) {
            Ok(outcome) => self.written(document, revision, &outcome),
            // Nothing that comes later would fare better.
            Err(error) if is_full(&error) || self.is_denied(&error)? => Err(error),
            Err(error @ Error::Io { .. }) => self.failed(document, revision, &error),
            Err(error @ Error::Damaged { .. }) => {
                self.is_damaged = true;
                self.failed(document, revision, &error)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the archive itself may not be read.
    fn is_denied(&mut self, error: &Error) -> Result<bool, Error> {
        let archive = self.session.location()?.folder;
        let is_in_it = |path: &str| Path::new(path).starts_with(&archive);
        Ok(matches!(error.denial(), Some(Error::Io { path, .. }) if is_in_it(&path)))
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
            let line = ExportedLine::of(document, revision, (status, reason));
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
            (summary.withdrawn, "left out: withdrawn"),
            (summary.failed, "failed"),
            (summary.elsewhere, "under another name"),
        ] {
            if n > 0 {
                sentence.push_str(&format!(", {n} {what}"));
            }
        }
        session.info(&sentence);
        Ok(code)
    }
}
