//! `archive add`

use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    archive::{
        Archive,
        ingest::{
            add::{Intake, NewRevision, Outcome, Reading, Source},
            transaction::{Captured, Provenance, Transaction},
        },
        similar::{Threshold, neighbours::NearDocument},
    },
    catalog::FileStat,
    cli::{
        args::{self, AddArgs, n_threads},
        exit::ExitCode,
        files::{Stat, open_input},
        interrupt::is_interrupted,
        lines::{SimilarityLine, b64_unless_utf8, name_b64, typed},
        session::{Session, shown},
        terminal::{Progress, Style, counted, shown_name, size},
        walk::{
            CommandRules, Found, Naming, Options, PathList, Reason, Unreadable, Walk, WalkItem,
            What,
        },
    },
    types::{error::Error, name::DocName},
};

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

/// A file that is read when its turn comes.
struct FileAt(PathBuf);
/// The target of a symbolic link.
struct Target(Vec<u8>);
/// Standard input, which can be read once.
struct Stdin;

impl Source for FileAt {
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        Ok(Box::new(OpenFile(open_input(&self.0)?.file)))
    }
}

/// A file being read. A look at it is a look at the bytes that are read, whatever has its name by now.
struct OpenFile(File);

impl Read for OpenFile {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Reading for OpenFile {
    fn file_stat(&self) -> io::Result<Option<FileStat>> {
        Ok(Some(file_stat(&Stat::of(&self.0.metadata()?))))
    }
}

/// Bytes that cannot change while they are read.
struct Steady<R>(R);

impl<R: Read> Read for Steady<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl<R: Read + Send> Reading for Steady<R> {
    fn file_stat(&self) -> io::Result<Option<FileStat>> {
        Ok(None)
    }
}

impl Source for Target {
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        Ok(Box::new(Steady(io::Cursor::new(self.0.clone()))))
    }
}

impl Source for Stdin {
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        Ok(Box::new(Steady(io::stdin())))
    }
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
        Some(args::Captured::Mtime) => Captured::Mtime,
        Some(args::Captured::At(when)) => Captured::At(when.start(session.now)?),
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
            archive: Some(self.session.place()?.folder),
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

    fn found(&mut self, taker: &mut Taker, found: Found) -> Result<WalkStep, Error> {
        let n_done = self.summary.new + self.summary.revised + self.summary.unchanged;
        self.progress.tell(n_done, &shown(&found.path));
        let Found { path, name, stat, what } = found;
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
            What::Symlink(target) => Box::new(Target(target)),
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
        let label = self.session.talk.paint(Style::Warning, "cannot read");
        self.progress.say(&format!("{label} {}: {error}", shown(path)));
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
            self.session.say(&format!(
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
            session.say(&sentence(&summary));
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

fn file_stat(stat: &Stat) -> FileStat {
    let (seconds, nanoseconds) = stat.mtime.to_unix();
    FileStat {
        n_bytes: stat.size,
        mtime: seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(nanoseconds)),
        ctime: stat.ctime,
        inode: stat.inode,
        device: stat.device,
    }
}
