//! `archive add`

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader},
    iter,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    archive::{
        compare::Charset,
        ingest::{
            Captured, Committed, IngestEvent, IngestItem, IngestOptions, IngestSummary, Outcome,
            Provenance,
        },
        similar::{Threshold, neighbours::NearDocument},
    },
    cli::{
        args::{
            help::examples,
            values::{self, n_threads},
        },
        exit::ExitCode,
        files::invalid,
        interrupt::is_interrupted,
        own_files::OwnFiles,
        print::{
            added::{
                AddSummary, AddedLine, CommittedLine, RESEMBLING_SHOWN_MAX, ResemblesLine, sentence,
            },
            json::typed,
            similarity::shares,
            terminal::{Progress, Style, counted, shown_name},
        },
        session::{Session, shown},
        sources,
        walk::{
            CommandRules, Leads, Naming, Options, PathList, Reason, Unreadable, Walk, WalkItem,
            is_stream, two_of_one_name,
        },
    },
    types::{
        error::{Error, in_words},
        name::DocName,
        time::Timestamp,
    },
};

const LEFT_OUT: &str = "What is left out";
const RECORDED: &str = "What is recorded";
const EXAMPLES: &[&str] = &[
    "archive add report.txt letters/        # a file and a folder",
    "archive add . -e '*.tmp' --gitignore   # without some of it",
    "archive add -n /srv/wiki               # what would happen?",
    "archive add - --as terms.html --source https://example.com/terms < page",
    "find . -name '*.md' -print0 | archive add --files-from - -0",
];

/// Add files, folders or standard input: new documents and new revisions
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct AddArgs {
    /// Files and folders; -, a named pipe and <(…) are streams and need --as
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    pub paths: Vec<PathBuf>,

    /// Leave out what matches, as a line of .archiveignore would (repeatable)
    #[arg(short, long, value_name = "GLOB", value_parser = values::glob, help_heading = LEFT_OUT)]
    pub exclude: Vec<String>,

    /// Leave out what matches a line of this file (repeatable)
    #[arg(long, value_name = "FILE", help_heading = LEFT_OUT)]
    pub exclude_from: Vec<PathBuf>,

    /// Leave out what git would: .gitignore files and .git
    #[arg(long, help_heading = LEFT_OUT)]
    pub gitignore: bool,

    /// Leave out larger files: 10M, 1GiB
    #[arg(long, value_name = "SIZE", value_parser = values::size, help_heading = LEFT_OUT)]
    pub max_size: Option<u64>,

    /// Stay on the file system of each PATH
    #[arg(short = 'x', long, help_heading = LEFT_OUT)]
    pub one_file_system: bool,

    /// Read the paths from a file, one a line; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub files_from: Option<PathBuf>,

    /// In --files-from, each path ends with a zero byte
    #[arg(short = '0', long)]
    pub null: bool,

    /// Take empty standard input for a document
    #[arg(long)]
    pub allow_empty: bool,

    /// Print what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Read also the files whose size and times are unchanged
    #[arg(long)]
    pub force: bool,

    /// How many threads read and compress [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub threads: Option<usize>,

    /// Where the documents come from, such as a URL
    #[arg(long, value_name = "URL", help_heading = RECORDED)]
    pub source: Option<String>,

    /// When they were captured: a time, or mtime for each file's own
    #[arg(long, value_name = "TIME", value_parser = values::captured, help_heading = RECORDED)]
    pub captured: Option<values::CaptureTime>,

    /// A note to keep with them
    #[arg(long, value_name = "TEXT", help_heading = RECORDED)]
    pub note: Option<String>,

    /// The encoding of texts that do not prove another: cp850, macintosh [default: as before, or found]
    #[arg(long, value_name = "NAME", value_parser = values::encoding, help_heading = RECORDED)]
    pub encoding: Option<Charset>,

    /// The document's name, or that of the folder at the top, instead of PATH
    #[arg(long = "as", value_name = "NAME", value_parser = values::doc_name(), help_heading = RECORDED)]
    #[arg(conflicts_with = "files_from")]
    pub as_name: Option<DocName>,

    /// Put a folder before every name
    #[arg(long, value_name = "NAME", value_parser = values::doc_name(), help_heading = RECORDED)]
    pub prefix: Option<DocName>,

    /// Report near-duplicates from this resemblance: 0.8, 80%
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub similar_threshold: Option<f64>,
}

impl AddArgs {
    /// What the grammar alone cannot say.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.null && self.files_from.is_none() {
            return Err("--null is about the list that --files-from names");
        }
        let from_stdin = self.paths.iter().any(|path| path.as_os_str() == "-");
        match (&self.as_name, self.paths.len()) {
            (None, _) if from_stdin => Err("standard input needs a name: --as NAME"),
            (_, 2..) if from_stdin => Err("- stands alone; add the other paths separately"),
            (Some(_), 2..) => {
                Err("--as names one PATH; for several, put --prefix before their names")
            }
            _ => Ok(()),
        }
    }
}

/// What is added, in the order of the walk.
type Items = Box<dyn Iterator<Item = IngestItem<Tag>>>;

/// What the walk found at a path.
enum Tag {
    Document(PathBuf),
    Skipped(PathBuf, Reason),
    Unreadable(Unreadable),
}

impl Tag {
    fn path(&self) -> &Path {
        match self {
            Self::Document(path) | Self::Skipped(path, _) => path,
            Self::Unreadable(unreadable) => &unreadable.path,
        }
    }
}

/// Adds documents.
pub fn run(session: &mut Session, args: &AddArgs) -> Result<ExitCode, Error> {
    check_paths(session, args)?;
    let options = options(session, args)?;
    let mut archive = if args.dry_run { session.open()? } else { session.open_or_make()? };
    if args.dry_run {
        let items = items(session, args)?;
        let mut report = AddReport::new(session);
        let summary = archive.rehearse(items, &options, |event| report.event(event))?;
        return report.finish(&summary, true);
    }
    let signer = session.signer(&archive)?;
    let (context, who, items) = (session.context()?, session.who("add"), items(session, args)?);
    let mut report = AddReport::new(session);
    let summary =
        archive.ingest(&signer, context, &who, items, &options, |event| report.event(event));
    report.session.remember(&archive);
    report.finish(&summary?, false)
}

fn options(session: &Session, args: &AddArgs) -> Result<IngestOptions<'static>, Error> {
    let captured = match &args.captured {
        None => Captured::Now,
        Some(values::CaptureTime::Mtime) => Captured::Mtime,
        Some(values::CaptureTime::At(when)) => {
            Captured::At(past(when.start(session.now)?, session)?)
        }
    };
    // Who asks for quiet does not ask which texts are near to others.
    let is_heard = session.globals.json || !session.globals.quiet;
    let threshold = args.similar_threshold.map_or(Threshold::Copied, Threshold::Resemblance);
    Ok(IngestOptions {
        provenance: Provenance {
            source: args.source.clone(),
            captured,
            note: args.note.clone(),
            encoding: args.encoding,
        },
        n_threads: n_threads(args.threads),
        verifies_unchanged: args.force,
        near: is_heard.then_some(threshold),
        // Once this was asked, a signal lets what was added be committed; waiting for standard input, it ends
        // the program.
        is_interrupted: if stream(args).is_some() { &|| false } else { &is_interrupted },
    })
}

/// Nothing can be captured before it is there; a time ahead would hide what comes until then.
fn past(captured: Timestamp, session: &Session) -> Result<Timestamp, Error> {
    match captured > session.now {
        true => {
            Err(Error::usage(format!("--captured {captured} lies ahead; it is {}", session.now)))
        }
        false => Ok(captured),
    }
}

/// The stream among the paths, which then stands alone.
fn stream(args: &AddArgs) -> Option<&Path> {
    let is_one = |path: &&PathBuf| path.as_os_str() == "-" || is_stream(path);
    args.paths.iter().find(is_one).map(PathBuf::as_path)
}

/// What is wrong with the paths named, before anything is opened.
fn check_paths(session: &mut Session, args: &AddArgs) -> Result<(), Error> {
    if let Some(stream) = stream(args) {
        return match (args.paths.len(), &args.as_name) {
            (1, Some(_)) => Ok(()),
            (1, None) => Err(Error::usage(format!(
                "{} is a stream and needs a name: --as NAME",
                shown(stream)
            ))),
            _ => Err(Error::usage(format!(
                "{} is a stream and stands alone; add the other paths separately",
                shown(stream)
            ))),
        };
    }
    let own = own_files(session)?;
    for path in &args.paths {
        if let Some((around, what)) = own.around(path) {
            let (path, around, what) = (shown(path), shown(&around), what.words());
            return Err(Error::usage(format!("{path} is not added: {around} is {what}")));
        }
    }
    match two_of_one_name(&args.paths) {
        None => Ok(()),
        Some((a, b)) => Err(Error::usage(format!(
            "{} and {} are not the same and would be one document; add one of them with --as or --prefix",
            shown(&a),
            shown(&b)
        ))),
    }
}

fn own_files(session: &mut Session) -> Result<OwnFiles, Error> {
    let archive = session.location()?.folder;
    Ok(OwnFiles::of(&session.environment, Some(&archive)))
}

/// What the arguments name.
fn items(session: &mut Session, args: &AddArgs) -> Result<Items, Error> {
    if let Some(path) = stream(args) {
        return Ok(Box::new(iter::once(stream_item(args, path)?)));
    }
    let options = walk_options(session, args)?;
    let Some(list) = &args.files_from else {
        return Ok(walked(args.paths.clone().into_iter().map(Ok), options));
    };
    let (list, shown_as): (Box<dyn BufRead>, _) = match list.as_os_str() == "-" {
        true => (Box::new(io::stdin().lock()), PathBuf::from("standard input")),
        false => {
            let file = File::open(list)
                .map_err(|source| Error::io("read", list.display().to_string(), source))?;
            (Box::new(BufReader::new(file)), list.clone())
        }
    };
    Ok(match args.null {
        true => walked(apart(PathList::of_null_terminated(list, shown_as)), options),
        false => walked(apart(PathList::of_lines(list, shown_as)), options),
    })
}

/// A list without the paths that would give a second file the name of one that may stand in it, and
/// without streams, which have no names.
fn apart(
    list: impl Iterator<Item = Result<PathBuf, Unreadable>>,
) -> impl Iterator<Item = Result<PathBuf, Unreadable>> {
    let mut leads = Leads::default();
    list.map(move |path| {
        let path = path?;
        leads.note(&path);
        let why = match leads.rival(&path, |_| true) {
            Some(rival) => format!("it would be one document with {}", shown(&rival)),
            None if is_stream(&path) => "a stream needs a name; add it alone, with --as".to_owned(),
            None => return Ok(path),
        };
        Err(Unreadable { path, error: invalid(why) })
    })
}

fn stream_item(args: &AddArgs, path: &Path) -> Result<IngestItem<Tag>, Error> {
    let named = args.as_name.clone();
    let name = named.ok_or_else(|| Error::usage("a stream needs a name: --as NAME"))?;
    let name = match &args.prefix {
        Some(prefix) => name.under(prefix).map_err(Error::usage)?,
        None => name,
    };
    let intake = sources::stream(name, path, args.allow_empty);
    Ok(IngestItem::Document(intake, Tag::Document(path.to_owned())))
}

fn walk_options(session: &mut Session, args: &AddArgs) -> Result<Options, Error> {
    Ok(Options {
        naming: Naming { as_name: args.as_name.clone(), prefix: args.prefix.clone() },
        rules: CommandRules::new(&args.exclude, &args.exclude_from)?,
        git: args.gitignore,
        size_max: args.max_size,
        one_file_system: args.one_file_system,
        own: own_files(session)?,
    })
}

fn walked<R>(roots: R, options: Options) -> Items
where
    R: Iterator<Item = Result<PathBuf, Unreadable>> + 'static,
{
    Box::new(Walk::new(roots, options).map(|item| match item {
        WalkItem::Found(found) => {
            let tag = Tag::Document(found.path.clone());
            IngestItem::Document(sources::intake(found), tag)
        }
        WalkItem::Skipped { path, reason } => IngestItem::Other(Tag::Skipped(path, reason)),
        WalkItem::Unreadable(unreadable) => IngestItem::Other(Tag::Unreadable(unreadable)),
    }))
}

/// Prints what happens, and counts what only the walk knows.
struct AddReport<'s> {
    session: &'s mut Session,
    progress: Progress,
    skipped: BTreeMap<&'static str, u64>,
    n_unreadable: u64,
    n_near: u64,
}

impl<'s> AddReport<'s> {
    fn new(session: &'s mut Session) -> Self {
        let progress = session.progress();
        Self { session, progress, skipped: BTreeMap::new(), n_unreadable: 0, n_near: 0 }
    }

    fn event(&mut self, event: IngestEvent<Tag>) -> Result<(), Error> {
        match event {
            IngestEvent::Next { tag, n_done } => {
                self.progress.report(n_done, &shown(tag.path()));
                Ok(())
            }
            IngestEvent::Document { tag, name, outcome } => {
                self.document(tag.path(), &name, &outcome)
            }
            IngestEvent::Other(Tag::Skipped(path, reason)) => self.skipped(&path, reason),
            IngestEvent::Other(Tag::Unreadable(Unreadable { path, error })) => {
                self.n_unreadable += 1;
                self.unreadable(&path, &error)
            }
            IngestEvent::Other(Tag::Document(_)) => Ok(()),
            IngestEvent::Committed(committed) => self.committed(committed),
            IngestEvent::Near { name, near, n_more } => self.near(name, near, n_more),
        }
    }

    /// Prints what became of a document, to those who want to know.
    fn document(&mut self, path: &Path, name: &DocName, outcome: &Outcome) -> Result<(), Error> {
        let (status, revision) = match outcome {
            Outcome::New(revision) => ("new", Some(*revision)),
            Outcome::Revised(revision) => ("revised", Some(*revision)),
            Outcome::Unchanged => ("unchanged", None),
            Outcome::Healed => ("healed", None),
            Outcome::Unreadable(error) => return self.unreadable(path, error),
        };
        if revision.is_some_and(|revision| revision.is_unsettled) {
            let shown = shown(path);
            self.session.warn(&format!(
                "{shown} changed while it was read; its bytes may not belong together"
            ));
        }
        if self.session.globals.json {
            if revision.is_some() || outcome.is_healed() || self.session.globals.verbose {
                let line = AddedLine::of(status, path, Some(name), revision, None);
                let line = AddedLine { healed: outcome.is_healed(), ..line };
                return self.session.out.json(&typed("added", line));
            }
        } else if self.session.globals.verbose {
            let number = revision.map(|it| format!("@{}", it.number)).unwrap_or_default();
            let status = format!("{status:<10}");
            let status = self.session.out.paint(Style::Dim, &status);
            let heals = match revision {
                Some(revision) if revision.is_healed => " (healed)",
                _ => "",
            };
            let line = format!("{status} {}{number}{heals}", shown_name(name.as_bytes()));
            return self.session.out.line(&line);
        }
        Ok(())
    }

    fn skipped(&mut self, path: &Path, reason: Reason) -> Result<(), Error> {
        *self.skipped.entry(reason.words()).or_default() += 1;
        if self.session.globals.json {
            let line = AddedLine::of("skipped", path, None, None, Some(reason.words().into()));
            return self.session.out.json(&typed("added", line));
        }
        if self.session.globals.verbose {
            let line = format!("skipped    {} ({})", shown(path), reason.words());
            return self.session.out.line(&line);
        }
        // Whoever names a folder with such a thing in it may not know that it is there.
        if let Reason::Own(own) = reason {
            self.session.info(&format!("not added: {} ({})", shown(path), own.words()));
        }
        Ok(())
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) -> Result<(), Error> {
        if self.session.globals.json {
            let line = AddedLine::of("unreadable", path, None, None, Some(in_words(error)));
            return self.session.out.json(&typed("added", line));
        }
        let label = self.session.stderr.paint(Style::Warning, "cannot read");
        self.progress.print(&format!("{label} {}: {}", shown(path), in_words(error)));
        Ok(())
    }

    fn committed(&mut self, committed: &Committed) -> Result<(), Error> {
        if !self.session.globals.json {
            return Ok(());
        }
        let events = committed.revisions.end - committed.revisions.start;
        let line = CommittedLine { events, packed_bytes: committed.n_packed };
        self.session.out.json(&typed("committed", line))
    }

    fn near(&mut self, name: &DocName, near: &NearDocument, n_more: u64) -> Result<(), Error> {
        self.n_near += 1;
        let earlier = &near.document.name;
        if self.session.globals.json {
            let line = ResemblesLine::of((name, earlier), &near.similarity, n_more);
            return self.session.out.json(&typed("resembles", line));
        }
        if self.n_near <= RESEMBLING_SHOWN_MAX {
            let (name, earlier) = (shown_name(name.as_bytes()), shown_name(earlier.as_bytes()));
            self.session.info(&shares(&near.similarity, &name, &earlier));
            if n_more > 0 {
                let others = counted(n_more, "more document is", "more documents are");
                self.session.info(&format!("{others} near to {name} (archive similar)"));
            }
        }
        Ok(())
    }

    fn finish(self, summary: &IngestSummary, dry_run: bool) -> Result<ExitCode, Error> {
        let Self { session, skipped, progress, n_unreadable, .. } = self;
        drop(progress);
        let summary = AddSummary {
            new: summary.n_new,
            revised: summary.n_revised,
            unchanged: summary.n_unchanged,
            healed: summary.n_healed,
            skipped,
            unreadable: n_unreadable + summary.n_unreadable + summary.n_unsettled,
            resembling: summary.n_near,
            resembling_about: summary.n_near_about,
            same: summary.n_same,
            bytes: summary.n_bytes,
            interrupted: summary.is_interrupted,
            dry_run,
        };
        if session.globals.json {
            session.out.json(&typed("summary", &summary))?;
        } else {
            session.info(&sentence(&summary));
        }
        Ok(match (summary.interrupted, summary.unreadable) {
            (true, _) => ExitCode::Interrupted,
            (false, 0) => ExitCode::Done,
            (false, _) => ExitCode::Partial,
        })
    }
}
