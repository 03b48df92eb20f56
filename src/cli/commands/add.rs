//! `archive add`

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader},
    iter,
    path::{Path, PathBuf},
    rc::Rc,
};

use crate::{
    archive::{
        Archive,
        extract::ExtractionStatus,
        ingest::{
            Captured, Committed, IngestEvent, IngestItem, IngestOptions, IngestSummary,
            NewRevision, Outcome, Provenance, RenderingTime,
        },
        similar::{Threshold, neighbours::NearDocument, new_texts::NewDuplicate},
    },
    cli::{
        args::values::{self, n_threads},
        exit::ExitCode,
        files::invalid,
        interrupt::is_interrupted,
        operand::label_of,
        own_files::{OwnFile, is_what},
        print::{
            added::{
                AddSummary, AddedLine, AlreadyThereLine, CommittedLine, ResemblesLine, ToldInLines,
                UnpackedLine, sentence,
            },
            json::typed,
            revision::gone_mark,
            terminal::{Progress, Style, counted, shown_name},
        },
        session::{Session, shown},
        sources,
        unpack::ContainerUnpacker,
        walk::{
            Leads, Options, PathList, Reason, Unreadable, Walk, each_once, is_stream,
            two_of_one_name,
        },
    },
    types::{
        document::{Document, Revision},
        error::{Error, in_words},
        name::DocName,
        time::Timestamp,
    },
};

pub use super::add_args::AddArgs;
use super::{
    add_items::{ItemTag, Items, items_of, past, unpacker, walk_options},
    add_manifest, add_tracked,
};

/// Adds documents.
pub fn run(session: &mut Session, args: &AddArgs) -> Result<ExitCode, Error> {
    check_paths(session, args)?;
    let mut options = options(session, args)?;
    let mut archive =
        if args.dry_run { session.open_for(true)? } else { session.open_or_make()? };
    let items = match (args.track, &args.manifest) {
        (_, Some(manifest)) => add_manifest::items(session, args, manifest, &options.provenance)?,
        (true, None) => {
            let (items, tracking) =
                add_tracked::items(session, args, &archive, &options.provenance)?;
            options.tracking = Some(tracking);
            items
        }
        (false, None) => items(session, args, &options.provenance)?,
    };
    if args.dry_run {
        let now = session.now;
        let mut report = AddReport::new(session, true);
        let summary = archive.rehearse(items, &options, now, |event| {
            let known = already_there(&archive, &event)?;
            report.event(event)?;
            known.map_or(Ok(()), |known| report.already_there(&known))
        })?;
        return report.finish(&summary);
    }
    let signer = session.signer(&archive)?;
    let (context, who) = (session.context()?, session.who("add"));
    let mut report = AddReport::new(session, false);
    let summary =
        archive.ingest(&signer, context, &who, items, &options, |event| report.event(event));
    report.finish(&summary?)
}

/// Where the bytes of what would be added are already, in another document.
fn already_there(
    archive: &Archive,
    event: &IngestEvent<ItemTag>,
) -> Result<Option<AlreadyThere>, Error> {
    let IngestEvent::Document {
        name,
        outcome: Outcome::New(revision) | Outcome::Revised(revision),
        ..
    } = event
    else {
        return Ok(None);
    };
    if revision.is_new_content || revision.n_bytes == 0 {
        return Ok(None);
    }
    let all = archive.revisions_of_content(revision.digest.into())?.into_iter();
    let others = all.filter(|(document, it)| it.withdrawn.is_none() && document.name != *name);
    let found = others.min_by_key(|(document, _)| document.gone.is_some());
    let Some((document, revision)) = found else { return Ok(None) };
    let gone = archive.catalog().gone_since(&document)?;
    Ok(Some(AlreadyThere { name: name.clone(), document, revision, gone }))
}

/// What would be added under a name, and where its bytes are already.
struct AlreadyThere {
    name: DocName,
    document: Document,
    revision: Revision,
    gone: Option<Timestamp>,
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
            tags: args.tag.clone(),
            records_unchanged: args.record_unchanged,
        },
        n_threads: n_threads(args.threads),
        verifies_unchanged: args.force,
        rendering_time: if args.no_text { RenderingTime::Later } else { RenderingTime::Now },
        near: is_heard.then_some(threshold),
        tracking: None,
        // Once this was asked, a signal lets what was added be committed; waiting for standard input, it ends
        // the program.
        is_interrupted: if stream(args).is_some() { &|| false } else { &is_interrupted },
    })
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
    let own = session.own_files();
    for path in &args.paths {
        if let Some((around, what)) = own.around(path) {
            let why = is_what(path, &around, what);
            return Err(Error::usage(format!("{} is not added: {why}", shown(path))));
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

/// What the arguments name.
fn items(session: &mut Session, args: &AddArgs, common: &Provenance) -> Result<Items, Error> {
    if let Some(path) = stream(args) {
        return Ok(Box::new(iter::once(stream_item(args, path)?)));
    }
    let options = walk_options(session, args)?;
    let unpacker = unpacker(session, args, common);
    let Some(list) = &args.files_from else {
        return Ok(walked(each_once(&args.paths).into_iter().map(Ok), options, unpacker));
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
        true => walked(apart(PathList::of_null_terminated(list, shown_as)), options, unpacker),
        false => walked(apart(PathList::of_lines(list, shown_as)), options, unpacker),
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

fn stream_item(args: &AddArgs, path: &Path) -> Result<IngestItem<ItemTag>, Error> {
    let named = args.as_name.clone();
    let name = named.ok_or_else(|| Error::usage("a stream needs a name: --as NAME"))?;
    let name = match &args.prefix {
        Some(prefix) => name.under(prefix).map_err(Error::usage)?,
        None => name,
    };
    let intake = sources::stream(name, path, args.allow_empty);
    let tag = ItemTag::Document { path: path.to_owned(), ahead: None };
    Ok(IngestItem::Document(intake, tag))
}

fn walked<R>(roots: R, options: Options, unpacker: Rc<ContainerUnpacker>) -> Items
where
    R: Iterator<Item = Result<PathBuf, Unreadable>> + 'static,
{
    Box::new(Walk::new(roots, options).flat_map(move |met| items_of(met, &unpacker, None)))
}

/// Prints what happens, and counts what only the walk knows.
struct AddReport<'s> {
    session: &'s mut Session,
    progress: Progress,
    skipped: BTreeMap<&'static str, u64>,
    n_unreadable: u64,
    /// Counted among those skipped.
    n_keys: u64,
    told: ToldInLines,
    n_doubtful: u64,
    /// Nothing is done.
    is_rehearsal: bool,
}

impl<'s> AddReport<'s> {
    fn new(session: &'s mut Session, is_rehearsal: bool) -> Self {
        let progress = session.progress();
        Self {
            session,
            progress,
            skipped: BTreeMap::new(),
            n_unreadable: 0,
            n_keys: 0,
            told: ToldInLines::default(),
            n_doubtful: 0,
            is_rehearsal,
        }
    }

    fn event(&mut self, event: IngestEvent<ItemTag>) -> Result<(), Error> {
        match event {
            IngestEvent::Next { tag, n_done } => {
                if self.progress.is_shown() {
                    self.progress.report(n_done, &shown(tag.path()));
                }
                Ok(())
            }
            IngestEvent::Document { tag, name, outcome } => {
                self.ahead(&tag, &outcome)?;
                self.document(&tag, &name, &outcome)
            }
            IngestEvent::Other(ItemTag::Skipped(path, reason)) => self.skipped(&path, reason),
            IngestEvent::Other(ItemTag::Unreadable(Unreadable { path, error })) => {
                self.n_unreadable += 1;
                self.unreadable(&path, &error)
            }
            IngestEvent::Other(ItemTag::Doubtful(path, why)) => self.doubtful(&path, why),
            IngestEvent::Other(ItemTag::Unpacked { path, n_documents, n_without }) => {
                self.unpacked(&path, n_documents, n_without)
            }
            IngestEvent::Other(ItemTag::Document { .. } | ItemTag::Member(_)) => Ok(()),
            IngestEvent::Gone(name) => self.gone(&name),
            IngestEvent::Committed(committed) => self.committed(committed),
            IngestEvent::Duplicates(duplicates) => self.duplicates(duplicates),
            IngestEvent::Near { name, near, n_more } => self.near(name, near, n_more),
        }
    }

    fn already_there(&mut self, known: &AlreadyThere) -> Result<(), Error> {
        let AlreadyThere { name, document, revision, gone } = known;
        if self.session.globals.json {
            let line = AlreadyThereLine::of(name, (document, revision), *gone);
            return self.session.out.json(&typed("already_there", line));
        }
        let name = shown_name(name.as_bytes());
        let there = label_of(document, revision);
        let mark = gone_mark(&self.session.out, *gone);
        self.session.info(&format!("{name} is already there as {there}{mark}"));
        Ok(())
    }

    /// Prints what became of a document, to those who want to know.
    fn document(&mut self, tag: &ItemTag, name: &DocName, outcome: &Outcome) -> Result<(), Error> {
        let path = tag.path();
        let (status, revision) = match outcome {
            Outcome::New(revision) => ("new", Some(*revision)),
            Outcome::Revised(revision) => ("revised", Some(*revision)),
            Outcome::Unchanged => ("unchanged", None),
            Outcome::Seen(_) => ("seen", None),
            Outcome::Renamed(_) => ("renamed", None),
            Outcome::Healed => ("healed", None),
            Outcome::Unreadable(error) if sources::is_signing_key(error) => {
                return self.signing_key(path);
            }
            Outcome::Unreadable(error) if matches!(tag, ItemTag::Member(_)) => {
                let error = io::Error::new(error.kind(), format!("{}: {error}", name.text()));
                return self.unreadable(path, &error);
            }
            Outcome::Unreadable(error) => return self.unreadable(path, error),
        };
        if revision.is_some_and(|revision| revision.is_unsettled) {
            let shown = shown(path);
            self.session.warn(&format!(
                "{shown} changed while it was read; its bytes may not belong together"
            ));
        }
        if self.session.globals.json {
            if status != "unchanged" || self.session.globals.verbose {
                let line = AddedLine::of(status, path, Some(name), revision, None);
                let line = AddedLine { healed: outcome.is_healed(), ..line }.renamed(outcome);
                return self.session.out.json(&typed("added", line));
            }
        } else if self.session.globals.verbose {
            let number = revision.map(|it| format!("@{}", it.number)).unwrap_or_default();
            let status = format!("{status:<10}");
            let status = self.session.out.paint(Style::Dim, &status);
            let remark = match outcome {
                Outcome::Renamed(from) => {
                    let healed = if from.is_healed { ", healed" } else { "" };
                    format!(" (was {}{healed})", shown_name(from.name.as_bytes()))
                }
                Outcome::Seen(seen) if seen.was_gone => " (was gone)".to_owned(),
                Outcome::Healed => String::new(),
                outcome if outcome.is_healed() => " (healed)".to_owned(),
                _ => text_remark(revision),
            };
            let line = format!("{status} {}{number}{remark}", shown_name(name.as_bytes()));
            return self.session.out.line(&line);
        } else if outcome.is_healed() {
            // Whoever runs it by the clock has to learn what was damaged.
            let label = if self.is_rehearsal { "to be healed" } else { "healed" };
            self.session.info(&format!("{label}: {}", shown_name(name.as_bytes())));
        }
        Ok(())
    }

    fn gone(&mut self, name: &DocName) -> Result<(), Error> {
        if self.session.globals.json {
            return self.session.out.json(&typed("added", AddedLine::gone(name)));
        }
        if self.session.globals.verbose {
            let status = self.session.out.paint(Style::Dim, "gone      ");
            return self.session.out.line(&format!("{status} {}", shown_name(name.as_bytes())));
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

    /// What turned out to be a signing key when it was read; a stream stands alone and is all that was asked for.
    fn signing_key(&mut self, path: &Path) -> Result<(), Error> {
        let own = OwnFile::Key;
        if path.as_os_str() == "-" || is_stream(path) {
            let path = if path.as_os_str() == "-" { "standard input".into() } else { shown(path) };
            return Err(Error::usage(format!("{path} is not added: it is {}", own.words())));
        }
        self.n_keys += 1;
        self.skipped(path, Reason::Own(own))
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

    /// A time ahead is not taken for the one of the capture, where one is recorded.
    fn ahead(&mut self, tag: &ItemTag, outcome: &Outcome) -> Result<(), Error> {
        let is_recorded =
            matches!(outcome, Outcome::New(_) | Outcome::Revised(_) | Outcome::Seen(_));
        match tag {
            ItemTag::Document { path, ahead: Some(mtime) } if is_recorded => {
                let why = format!("it was changed {}, which lies ahead", mtime.minute());
                self.doubtful(path, format!("{why}; that it is captured now is recorded"))
            }
            _ => Ok(()),
        }
    }

    /// Something is not as it should be.
    fn doubtful(&mut self, path: &Path, why: String) -> Result<(), Error> {
        self.n_doubtful += 1;
        if self.session.globals.json {
            let line = AddedLine::of("doubtful", path, None, None, Some(why));
            return self.session.out.json(&typed("added", line));
        }
        let label = self.session.stderr.paint(Style::Warning, "doubtful");
        self.progress.print(&format!("{label} {}: {}", shown(path), shown_name(why.as_bytes())));
        Ok(())
    }

    fn unpacked(&mut self, path: &Path, n_documents: u64, n_without: u64) -> Result<(), Error> {
        if self.session.globals.json {
            let line = UnpackedLine::of(path, n_documents, n_without);
            return self.session.out.json(&typed("unpacked", line));
        }
        let documents = counted(n_documents, "document", "documents");
        let without = match n_without {
            0 => String::new(),
            n => {
                format!(
                    ", {}",
                    counted(n, "record without a document", "records without a document")
                )
            }
        };
        self.session.info(&format!("{}: {documents}{without}", shown(path)));
        Ok(())
    }

    fn committed(&mut self, committed: &Committed) -> Result<(), Error> {
        if !self.session.globals.json {
            return Ok(());
        }
        let events = committed.events.end - committed.events.start;
        let line = CommittedLine { events, packed_bytes: committed.n_packed };
        self.session.out.json(&typed("committed", line))
    }

    fn duplicates(&mut self, duplicates: &[NewDuplicate]) -> Result<(), Error> {
        if !self.session.globals.json {
            let line = self.told.same_bytes(&self.session.out, duplicates);
            line.iter().for_each(|line| self.session.info(line));
            return Ok(());
        }
        duplicates.iter().try_for_each(|duplicate| {
            let line = ResemblesLine::of_duplicate(duplicate);
            self.session.out.json(&typed("resembles", line))
        })
    }

    fn near(&mut self, name: &DocName, near: &[NearDocument], n_more: u64) -> Result<(), Error> {
        if !self.session.globals.json {
            let lines = self.told.near(&self.session.out, name, (near, n_more));
            lines.iter().for_each(|line| self.session.info(line));
            return Ok(());
        }
        near.iter().enumerate().try_for_each(|(index, one)| {
            let more = if index + 1 == near.len() { n_more } else { 0 };
            self.session.out.json(&typed("resembles", ResemblesLine::of(name, one, more)))
        })
    }

    fn finish(self, summary: &IngestSummary) -> Result<ExitCode, Error> {
        let Self { session, skipped, progress, n_unreadable, n_keys, n_doubtful, told, .. } = self;
        let dry_run = self.is_rehearsal;
        drop(progress);
        let without_text = summary.n_without_text.iter().map(|(status, n)| (status.code(), *n));
        let summary = AddSummary {
            new: summary.n_new,
            revised: summary.n_revised,
            unchanged: summary.n_unchanged,
            seen: summary.n_seen,
            renamed: summary.n_renamed,
            gone: summary.n_gone,
            healed: summary.n_healed,
            skipped,
            without_text: without_text.collect(),
            unreadable: n_unreadable + summary.n_unreadable + summary.n_unsettled - n_keys,
            doubtful: n_doubtful,
            resembling: summary.n_near,
            resembling_about: summary.n_near_about.map(|about| about + summary.n_near_texts),
            same: summary.n_same,
            not_compared: summary.n_not_compared,
            bytes: summary.n_bytes,
            interrupted: summary.is_interrupted,
            dry_run,
        };
        if session.globals.json {
            session.out.json(&typed("summary", &summary))?;
        } else {
            session.info(&sentence(&summary, &told));
        }
        Ok(match (summary.interrupted, summary.unreadable + summary.doubtful) {
            (true, _) => ExitCode::Interrupted,
            (false, 0) => ExitCode::Done,
            (false, _) => ExitCode::Partial,
        })
    }
}

/// What came of rendering a new revision, where that is not its whole text.
fn text_remark(revision: Option<NewRevision>) -> String {
    match revision.and_then(|revision| revision.rendered) {
        Some(status) if status != ExtractionStatus::Ok => format!(" (text: {})", status.code()),
        _ => String::new(),
    }
}
