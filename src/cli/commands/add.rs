//! `archive add`

use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        ingest::{
            add::{Intake, NewRevision, Outcome, Source},
            transaction::{Captured, Provenance, Transaction},
        },
        similar::{Threshold, neighbours::NearDocument},
    },
    cli::{
        args::{
            help::examples,
            values::{self, n_threads},
        },
        exit::ExitCode,
        interrupt::is_interrupted,
        print::{
            json::{SimilarityLine, b64_unless_utf8, name_b64, typed},
            terminal::{Progress, Style, counted, shown_name, size},
        },
        session::{Session, shown},
        sources::{FileAt, LinkTarget, Stdin, file_stat},
        walk::{
            CommandRules, FoundFile, Naming, Options, PathList, Reason, Unreadable, Walk, WalkItem,
            What,
        },
    },
    types::{error::Error, name::DocName},
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
    /// Files and folders; - is standard input and needs --as
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

    /// The document's name, or that of the folder at the top, instead of PATH
    #[arg(long = "as", value_name = "NAME", value_parser = values::doc_name(), help_heading = RECORDED)]
    #[arg(conflicts_with = "files_from")]
    pub as_name: Option<DocName>,

    /// Put a folder before every name
    #[arg(long, value_name = "NAME", value_parser = values::doc_name(), help_heading = RECORDED)]
    pub prefix: Option<DocName>,

    /// Report near-duplicates from this share of common text: 0.8, 80%
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

/// Near-duplicates are named one by one up to this many, and counted beyond.
const RESEMBLING_SHOWN_MAX: u64 = 20;

#[derive(Serialize)]
struct Line {
    status: &'static str,
    path: Option<String>,
    path_b64: Option<String>,
    name: Option<String>,
    name_b64: Option<String>,
    revision: Option<u64>,
    sha256: Option<String>,
    bytes: Option<u64>,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Resembles {
    name: String,
    name_b64: Option<String>,
    near: String,
    near_b64: Option<String>,
    #[serde(flatten)]
    similarity: SimilarityLine,
}

#[derive(Serialize)]
struct CommittedLine {
    events: u64,
    packed_bytes: u64,
}

#[derive(Serialize, Default)]
struct Summary {
    new: u64,
    revised: u64,
    unchanged: u64,
    skipped: BTreeMap<&'static str, u64>,
    unreadable: u64,
    resembling: u64,
    resembling_about: Option<u64>,
    bytes: u64,
    interrupted: bool,
    dry_run: bool,
}

/// Who takes documents: the archive, or in a dry run nobody.
enum Taker<'a> {
    Transaction(Box<Transaction<'a>>),
    Rehearsal(&'a Archive),
}

/// What was met on the way, in order, until it is known what became of it.
enum WalkStep {
    /// Pushed; the answer comes with the next pop.
    Underway(PathBuf, DocName),
    /// Known by its look.
    Seen(PathBuf, DocName),
    Skipped(PathBuf, Reason),
    Unreadable(Unreadable),
}

/// One run of `add`.
struct Run<'s> {
    session: &'s mut Session,
    args: &'s AddArgs,
    summary: Summary,
    progress: Progress,
    met: VecDeque<WalkStep>,
}

/// Takes documents in.
pub fn run(session: &mut Session, args: &AddArgs) -> Result<ExitCode, Error> {
    let provenance = provenance(session, args)?;
    let progress = session.progress();
    let summary = Summary { dry_run: args.dry_run, ..Summary::default() };
    let mut archive = if args.dry_run { session.open()? } else { session.open_or_make()? };
    if args.dry_run {
        let mut run = Run { session, args, summary, progress, met: VecDeque::new() };
        run.take_all(&mut Taker::Rehearsal(&archive))?;
        return run.finish();
    }
    let signer = session.signer(&archive)?;
    let (context, who) = (session.context()?, session.who("add"));
    let mut run = Run { session, args, summary, progress, met: VecDeque::new() };
    let result = {
        let transaction = archive.add(&signer, context, provenance, &who)?;
        let transaction =
            transaction.on_threads(n_threads(args.threads)).verifying_known(args.force);
        let mut taker = Taker::Transaction(Box::new(transaction));
        let outcome = run.take_all(&mut taker);
        // What came in before an error is safe all the same.
        outcome.and(run.commit(&mut taker))
    };
    run.session.remember(&archive);
    result?;
    run.finish()
}

fn provenance(session: &Session, args: &AddArgs) -> Result<Provenance, Error> {
    let captured = match &args.captured {
        None => Captured::Now,
        Some(values::CaptureTime::Mtime) => Captured::Mtime,
        Some(values::CaptureTime::At(when)) => Captured::At(when.start(session.now)?),
    };
    Ok(Provenance { source: args.source.clone(), captured, note: args.note.clone() })
}

impl Run<'_> {
    fn take_all(&mut self, taker: &mut Taker) -> Result<(), Error> {
        if let [only] = &self.args.paths[..]
            && only.as_os_str() == "-"
        {
            return self.take_stdin(taker);
        }
        let options = self.options()?;
        match &self.args.files_from {
            None => {
                let roots = self.args.paths.clone().into_iter().map(Ok);
                self.walk(taker, Walk::new(roots, options))
            }
            Some(list) if list.as_os_str() == "-" => {
                self.walk_list(taker, io::stdin().lock(), PathBuf::from("standard input"), options)
            }
            Some(list) => {
                let file = File::open(list)
                    .map_err(|source| Error::io("read", list.display().to_string(), source))?;
                self.walk_list(taker, BufReader::new(file), list.clone(), options)
            }
        }
    }

    fn options(&mut self) -> Result<Options, Error> {
        Ok(Options {
            naming: Naming { as_name: self.args.as_name.clone(), prefix: self.args.prefix.clone() },
            rules: CommandRules::new(&self.args.exclude, &self.args.exclude_from)?,
            git: self.args.gitignore,
            size_max: self.args.max_size,
            one_file_system: self.args.one_file_system,
            archive: Some(self.session.location()?.folder),
        })
    }

    fn walk_list(
        &mut self,
        taker: &mut Taker,
        list: impl io::BufRead,
        shown_as: PathBuf,
        options: Options,
    ) -> Result<(), Error> {
        let roots = match self.args.null {
            true => PathList::of_null_terminated(list, shown_as),
            false => PathList::of_lines(list, shown_as),
        };
        self.walk(taker, Walk::new(roots, options))
    }

    fn walk<R>(&mut self, taker: &mut Taker, walk: Walk<R>) -> Result<(), Error>
    where
        R: Iterator<Item = Result<PathBuf, Unreadable>>,
    {
        // Asked once before the first document, so that from here on Ctrl-C lets the current one finish.
        is_interrupted();
        for candidate in walk {
            let met = match candidate {
                WalkItem::Found(found) => self.found(taker, found)?,
                WalkItem::Skipped { path, reason } => WalkStep::Skipped(path, reason),
                WalkItem::Unreadable(unreadable) => WalkStep::Unreadable(unreadable),
            };
            self.met.push_back(met);
            if is_interrupted() {
                self.summary.interrupted = true;
                return Ok(());
            }
            self.tell(taker, false)?;
        }
        self.tell(taker, true)
    }

    /// Says what became of what was met, in order, as far as it is known; of everything at the end.
    fn tell(&mut self, taker: &mut Taker, is_end: bool) -> Result<(), Error> {
        while let Some(met) = self.met.pop_front() {
            match (met, &mut *taker) {
                (WalkStep::Skipped(path, reason), _) => self.skipped(&path, reason)?,
                (WalkStep::Unreadable(Unreadable { path, error }), _) => {
                    self.unreadable(&path, &error)?;
                }
                (WalkStep::Seen(path, name), _) => self.told(&path, &name, &Outcome::Unchanged)?,
                (WalkStep::Underway(path, name), Taker::Transaction(transaction)) => {
                    if !is_end && !transaction.is_full() {
                        self.met.push_front(WalkStep::Underway(path, name));
                        return Ok(());
                    }
                    if let Some(outcome) = transaction.pop()? {
                        self.told(&path, &name, &outcome)?;
                    }
                    if transaction.is_due() {
                        self.commit(taker)?;
                    }
                }
                (WalkStep::Underway(..), Taker::Rehearsal(_)) => {}
            }
            if is_end && is_interrupted() {
                self.summary.interrupted = true;
                return Ok(());
            }
        }
        Ok(())
    }

    fn found(&mut self, taker: &mut Taker, found: FoundFile) -> Result<WalkStep, Error> {
        let n_done = self.summary.new + self.summary.revised + self.summary.unchanged;
        self.progress.report(n_done, &shown(&found.path));
        let FoundFile { path, name, stat, what } = found;
        let file_stat = file_stat(&stat);
        let is_seen = !self.args.force
            && match taker {
                Taker::Transaction(transaction) => transaction.is_seen(&name, &file_stat)?,
                Taker::Rehearsal(archive) => archive.is_seen(&name, &file_stat)?,
            };
        if is_seen {
            return Ok(WalkStep::Seen(path, name));
        }
        let is_link = matches!(what, What::Symlink(_));
        let source: Box<dyn Source> = match what {
            What::File => Box::new(FileAt(path.clone())),
            What::Symlink(target) => Box::new(LinkTarget(target)),
        };
        let (mtime, n_bytes) = (Some(stat.mtime), stat.size);
        let intake = Intake { name: name.clone(), mtime, is_link, n_bytes, source };
        match taker {
            Taker::Transaction(transaction) => transaction.push(intake)?,
            Taker::Rehearsal(archive) => {
                let outcome = archive.rehearse(&intake)?;
                self.told(&path, &name, &outcome)?;
            }
        }
        Ok(WalkStep::Underway(path, name))
    }

    fn take_stdin(&mut self, taker: &mut Taker) -> Result<(), Error> {
        let named = self.args.as_name.clone();
        let name = named.ok_or_else(|| Error::usage("standard input needs a name: --as NAME"))?;
        let name = match &self.args.prefix {
            Some(prefix) => name.under(prefix).map_err(Error::usage)?,
            None => name,
        };
        let source = Box::new(Stdin);
        let intake = Intake { name: name.clone(), mtime: None, is_link: false, n_bytes: 0, source };
        let outcome = match taker {
            Taker::Transaction(transaction) => transaction.take(intake)?,
            Taker::Rehearsal(archive) => archive.rehearse(&intake)?,
        };
        self.told(Path::new("-"), &name, &outcome)
    }

    /// Counts what became of a document, and says it to those who want to know.
    fn told(&mut self, path: &Path, name: &DocName, outcome: &Outcome) -> Result<(), Error> {
        let (status, kept) = match outcome {
            Outcome::New(kept) => {
                self.summary.new += 1;
                ("new", Some(*kept))
            }
            Outcome::Revised(kept) => {
                self.summary.revised += 1;
                ("revised", Some(*kept))
            }
            Outcome::Unchanged => {
                self.summary.unchanged += 1;
                ("unchanged", None)
            }
            Outcome::Unread(error) => return self.unreadable(path, error),
        };
        self.summary.bytes += kept.map_or(0, |kept| kept.n_bytes);
        if kept.is_some_and(|kept| kept.is_unsettled) {
            self.summary.unreadable += 1;
            let shown = shown(path);
            self.session.warn(&format!(
                "{shown} changed while it was read; its bytes may not belong together"
            ));
        }
        if self.session.globals.json {
            if kept.is_some() || self.session.globals.verbose {
                let line = self.line(status, Some(path), Some(name), kept, None);
                return self.session.out.json(&typed("added", line));
            }
        } else if self.session.globals.verbose {
            let revision = kept.map(|kept| format!("@{}", kept.number)).unwrap_or_default();
            let status = format!("{status:<10}");
            let status = self.session.out.paint(Style::Dim, &status);
            let line = format!("{status} {}{revision}", shown_name(name.as_bytes()));
            return self.session.out.line(&line);
        }
        Ok(())
    }

    fn skipped(&mut self, path: &Path, reason: Reason) -> Result<(), Error> {
        *self.summary.skipped.entry(reason.words()).or_default() += 1;
        if self.session.globals.json {
            let line = self.line("skipped", Some(path), None, None, Some(reason.words().into()));
            return self.session.out.json(&typed("added", line));
        }
        if self.session.globals.verbose {
            let line = format!("skipped    {} ({})", shown(path), reason.words());
            return self.session.out.line(&line);
        }
        Ok(())
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) -> Result<(), Error> {
        self.summary.unreadable += 1;
        if self.session.globals.json {
            let line = self.line("unreadable", Some(path), None, None, Some(error.to_string()));
            return self.session.out.json(&typed("added", line));
        }
        let label = self.session.stderr.paint(Style::Warning, "cannot read");
        self.progress.print(&format!("{label} {}: {error}", shown(path)));
        Ok(())
    }

    fn line(
        &self,
        status: &'static str,
        path: Option<&Path>,
        name: Option<&DocName>,
        kept: Option<NewRevision>,
        reason: Option<String>,
    ) -> Line {
        let path = path.map(|path| path.as_os_str().as_encoded_bytes());
        Line {
            status,
            path: path.map(|path| String::from_utf8_lossy(path).into_owned()),
            path_b64: path.and_then(b64_unless_utf8),
            name: name.map(|name| name.text().into_owned()),
            name_b64: name.and_then(name_b64),
            revision: kept.map(|kept| kept.number),
            sha256: kept.map(|kept| kept.digest.to_string()),
            bytes: kept.map(|kept| kept.n_bytes),
            reason,
        }
    }

    fn commit(&mut self, taker: &mut Taker) -> Result<(), Error> {
        let Taker::Transaction(transaction) = taker else { return Ok(()) };
        let Some(committed) = transaction.commit()? else { return Ok(()) };
        if self.session.globals.json {
            let events = committed.revisions.end - committed.revisions.start;
            let line = CommittedLine { events, packed_bytes: committed.n_packed };
            self.session.out.json(&typed("committed", line))?;
        }
        if self.session.globals.quiet && !self.session.globals.json {
            return Ok(());
        }
        let threshold =
            self.args.similar_threshold.map_or(Threshold::Copied, Threshold::Resemblance);
        let archive = transaction.archive();
        let about =
            archive.resembling(&committed, threshold, |name, near| self.resembling(name, near))?;
        if let Some(n_near) = about {
            *self.summary.resembling_about.get_or_insert(0) += n_near;
        }
        Ok(())
    }

    fn resembling(&mut self, name: &DocName, near: &NearDocument) -> Result<(), Error> {
        self.summary.resembling += 1;
        let similarity = near.similarity;
        if self.session.globals.json {
            let line = Resembles {
                name: name.text().into_owned(),
                name_b64: name_b64(name),
                near: near.document.name.text().into_owned(),
                near_b64: name_b64(&near.document.name),
                similarity: SimilarityLine::of(&similarity),
            };
            return self.session.out.json(&typed("resembles", line));
        }
        if self.summary.resembling <= RESEMBLING_SHOWN_MAX {
            self.session.info(&format!(
                "{} resembles {} ({:.2}; contains {:.2} of it)",
                shown_name(name.as_bytes()),
                shown_name(near.document.name.as_bytes()),
                similarity.resemblance,
                similarity.b_in_a,
            ));
        }
        Ok(())
    }

    fn finish(self) -> Result<ExitCode, Error> {
        let Self { session, summary, progress, .. } = self;
        drop(progress);
        let code = match (summary.interrupted, summary.unreadable) {
            (true, _) => ExitCode::Interrupted,
            (false, 0) => ExitCode::Done,
            (false, _) => ExitCode::Partial,
        };
        if session.globals.json {
            session.out.json(&typed("summary", &summary))?;
        } else {
            session.info(&sentence(&summary));
        }
        Ok(code)
    }
}

fn sentence(summary: &Summary) -> String {
    let mut parts = vec![
        counted(summary.new, "new document", "new documents"),
        counted(summary.revised, "new revision", "new revisions"),
        format!("{} unchanged", summary.unchanged),
    ];
    if summary.resembling > RESEMBLING_SHOWN_MAX {
        parts.push(format!("{} near-duplicates", summary.resembling));
    }
    if let Some(about) = summary.resembling_about {
        let texts = counted(about, "near-duplicate", "near-duplicates");
        parts.push(format!("about {texts} of earlier texts (archive dups --near)"));
    }
    parts.extend(summary.skipped.iter().map(|(reason, n)| format!("{n} skipped: {reason}")));
    if summary.unreadable > 0 {
        parts.push(format!("{} not read", summary.unreadable));
    }
    let lead = match (summary.interrupted, summary.dry_run) {
        (true, _) => "interrupted; what was taken in is safe: ",
        (_, true) => "nothing was done; this would be: ",
        _ => "",
    };
    format!("{lead}{} ({})", parts.join(", "), size(summary.bytes))
}
