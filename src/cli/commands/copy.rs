//! `archive copy`

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive, CATALOG_FILE, Local,
        maintain::{
            copy::{Copied, CopyOptions},
            withdraw::Remnant,
        },
    },
    cli::{
        args::help::examples,
        exit::ExitCode,
        location::canonical,
        print::{
            json::{RemnantLine, typed},
            terminal::{counted, shown_name, size},
        },
        session::{Session, shown},
    },
    types::error::{Error, TwoCheckpoints},
};

const EXAMPLES: &[&str] = &[
    "archive copy /mnt/disk/desk.archive            # make a copy, or bring it up to date",
    "archive copy --verify /mnt/disk/desk.archive   # and read all of it again",
    "archive copy --check-withdrawn /mnt/disk/desk.archive   # does it still hold what went?",
];

/// Make a second archive, or bring one up to date; refuses to put a damaged or rolled-back one over it
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct CopyArgs {
    /// The folder of the copy
    #[arg(value_name = "DEST")]
    pub dest: PathBuf,

    /// Read all of the copy again afterwards, and put anew what is damaged there, or its catalog if it was edited
    #[arg(long)]
    pub verify: bool,

    /// Say whether the copy still holds what was withdrawn here, and write nothing; the exit code is 1 if it does
    #[arg(long, conflicts_with_all = ["verify", "new"])]
    pub check_withdrawn: bool,

    /// Make a copy where one was before and is no longer, such as on a new disk at the same place
    #[arg(long)]
    pub new: bool,
}

#[derive(Serialize)]
struct CopiedLine<'a> {
    dest: String,
    new: bool,
    commits: u64,
    events: u64,
    packs: u64,
    bytes: u64,
    packs_removed: u64,
    bytes_verified: Option<u64>,
    details_erased: u64,
    healed: &'a [String],
}

#[derive(Serialize)]
struct CheckedLine {
    dest: String,
    left: Vec<RemnantLine>,
}

/// How often a copy begins again because another command took away what it was copying.
const TRIES: usize = 3;

/// Copies the archive.
pub fn run(session: &mut Session, args: &CopyArgs) -> Result<ExitCode, Error> {
    session.expect_catalogs_apart(&args.dest)?;
    if args.check_withdrawn {
        return check_withdrawn(session, args);
    }
    let mut n_tries = 1;
    let copied = loop {
        let archive = session.open()?;
        match copy(session, &archive, args) {
            Err(Error::Busy { .. }) if n_tries < TRIES && archive.is_outdated()? => n_tries += 1,
            Err(Error::OtherHistory { why, checkpoints }) => {
                let report = report(session, &archive, &args.dest, &why, &checkpoints)?;
                let why = format!("{why}; nothing was written (report: {})", shown(&report));
                return Err(Error::OtherHistory { why, checkpoints });
            }
            copied => break copied?,
        }
    };
    print(session, args, &copied)?;
    Ok(if copied.healed.is_empty() { ExitCode::Done } else { ExitCode::Broken })
}

/// Says whether a copy still holds what was withdrawn.
fn check_withdrawn(session: &mut Session, args: &CopyArgs) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    expect_apart(session, &args.dest)?;
    let place = session.choose_catalog_place(&args.dest, || Ok(archive.origin().to_owned()))?;
    let to = Arc::new(Local::open(&args.dest)?);
    let left = archive.withdrawn_in_copy(to, place.folder.as_deref())?;
    let dest = shown(&args.dest);
    if session.globals.json {
        let dest = args.dest.display().to_string();
        let line = CheckedLine { dest, left: left.iter().map(RemnantLine::of).collect() };
        session.out.json(&typed("checked", line))?;
    } else {
        for remnant in &left {
            let place = shown_name(remnant.place.as_bytes());
            let what = shown_name(remnant.what.as_bytes());
            session.out.line(&format!("still there: {place} holds {what}"))?;
        }
        session.info(&match left.is_empty() {
            true => format!("{dest} holds nothing of what was withdrawn"),
            false => {
                let ways_out = ways_out(&archive, &left)?;
                format!("{dest} holds some of what was withdrawn; {ways_out}")
            }
        });
    }
    Ok(if left.is_empty() { ExitCode::Done } else { ExitCode::No })
}

/// What takes away what was found in a copy.
fn ways_out(archive: &Archive, left: &[Remnant]) -> Result<String, Error> {
    let first = match archive.withdrawal_left()? {
        Some(_) => "archive withdraw --resume, and then ",
        None => "",
    };
    let by_copy = format!("{first}archive copy takes it away");
    let by_hand = "what is no part of an archive is yours to remove";
    Ok(match (left.iter().any(Remnant::is_foreign), left.iter().all(Remnant::is_foreign)) {
        (false, _) => by_copy,
        (true, true) => by_hand.to_owned(),
        (true, false) => format!("{by_copy}; {by_hand}"),
    })
}

fn copy(session: &mut Session, archive: &Archive, args: &CopyArgs) -> Result<Copied, Error> {
    let dest = &args.dest;
    expect_apart(session, dest)?;
    let is_there = dest.join("identity").exists() || Local::has_log(dest)?;
    if !args.new && !is_there && session.was_seen_at(archive, dest)? {
        return Err(Error::NoCopy { location: dest.display().to_string() });
    }
    session.expect_no_archive_around(dest)?;
    let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let new_folders: Vec<&Path> = dest.ancestors().take_while(is_new).collect();
    let to = Local::for_copy(dest)?;
    copy_to(session, archive, args, to).inspect_err(|_| {
        // What was refused leaves nothing; what cannot be taken away does no harm.
        let is_swept = Local::sweep(dest).is_ok();
        let is_gone = |folder: &&Path| fs::remove_dir(folder).is_ok();
        new_folders.iter().take_while(|folder| is_swept && is_gone(folder)).for_each(drop);
    })
}

fn copy_to(
    session: &mut Session,
    archive: &Archive,
    args: &CopyArgs,
    to: Local,
) -> Result<Copied, Error> {
    let (dest, to) = (&args.dest, Arc::new(to));
    let place = session.choose_catalog_place(dest, || Ok(archive.origin().to_owned()))?;
    let (who, mut progress) = (session.who("copy"), session.progress());
    let crosses_epochs = session.key_file(archive).is_ok();
    let options = CopyOptions { is_verified: args.verify, crosses_epochs };
    let copied = archive.copy_to(to, place.folder.as_deref(), options, &who, &mut |n_bytes| {
        progress.report(n_bytes / 1_000_000, "MB");
        Ok(())
    })?;
    session.remember_at(archive, dest);
    Ok(copied)
}

/// A copy lies elsewhere than what is copied.
fn expect_apart(session: &mut Session, dest: &Path) -> Result<(), Error> {
    let (here, there) = (canonical(&session.location()?.folder), canonical(dest));
    let why = match () {
        () if here == there => "that is the archive itself",
        () if there.starts_with(&here) => "that would lie in the archive itself",
        () if here.starts_with(&there) => "the archive lies in it",
        () => return Ok(()),
    };
    Err(Error::usage(format!("no copy is made at {}: {why}", shown(dest))))
}

/// Writes down what contradicts what, for whoever has to find out why; where.
fn report(
    session: &Session,
    archive: &Archive,
    dest: &Path,
    why: &str,
    checkpoints: &TwoCheckpoints,
) -> Result<PathBuf, Error> {
    let mut text = format!("{}: {why}\n\n", session.now);
    let of = [("of the copy", &checkpoints.remembered), ("of this archive", &checkpoints.found)];
    for (which, note) in of {
        let _ = writeln!(text, "The checkpoint {which}:\n\n{note}");
    }
    text += &archive.contradiction(&checkpoints.remembered)?;
    let _ = writeln!(text, "\nArchive {}\nCopy    {}", archive.origin(), dest.display());
    session.keep_report("copy", &text)
}

fn print(session: &mut Session, args: &CopyArgs, copied: &Copied) -> Result<(), Error> {
    if session.globals.json {
        let line = CopiedLine {
            dest: args.dest.display().to_string(),
            new: copied.is_new,
            commits: copied.n_commits,
            events: copied.n_events,
            packs: copied.n_packs,
            bytes: copied.n_bytes,
            packs_removed: copied.n_packs_removed,
            bytes_verified: copied.n_bytes_verified,
            details_erased: copied.n_erased,
            healed: &copied.healed,
        };
        return session.out.json(&typed("copied", line));
    }
    for name in &copied.healed {
        session.warn(&match name == CATALOG_FILE {
            true => format!("{name} of the copy did not follow from its facts, and is made anew"),
            false => format!("{name} was damaged or missing in the copy, and is put anew"),
        });
    }
    session.info(&sentence(copied, &shown(&args.dest)));
    Ok(())
}

fn sentence(copied: &Copied, dest: &str) -> String {
    let verified = match copied.n_bytes_verified {
        Some(n_bytes) => format!("; {} read again", size(n_bytes)),
        None => String::new(),
    };
    if copied.n_commits == 0 && copied.n_packs == 0 && copied.healed.is_empty() {
        return format!("{dest} is up to date{verified}");
    }
    if copied.n_commits == 0 && copied.n_packs == 0 {
        let objects = counted(copied.healed.len() as u64, "object", "objects");
        return format!("{dest}: {objects} put anew{verified}");
    }
    let what = match copied.is_new {
        true => "made a copy at",
        false => "brought up to date:",
    };
    let events = counted(copied.n_events, "event", "events");
    let packs = counted(copied.n_packs, "pack", "packs");
    format!("{what} {dest}, {events}, {packs}, {}{verified}", size(copied.n_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_copied_is_one_sentence() {
        let made = Copied {
            is_new: true,
            n_commits: 2,
            n_events: 5,
            n_packs: 1,
            n_bytes: 4200,
            ..Copied::default()
        };
        let grown = Copied { is_new: false, n_bytes_verified: Some(9000), ..made.clone() };
        let healed = vec!["identity".to_owned()];
        let mended = Copied { healed, n_bytes_verified: Some(9000), ..Copied::default() };
        let same = Copied { n_bytes_verified: Some(9000), ..Copied::default() };
        for (copied, words) in [
            (made, "made a copy at /d, 5 events, 1 pack, 4.2 kB"),
            (grown, "brought up to date: /d, 5 events, 1 pack, 4.2 kB; 9.0 kB read again"),
            (mended, "/d: 1 object put anew; 9.0 kB read again"),
            (same, "/d is up to date; 9.0 kB read again"),
        ] {
            assert_eq!(sentence(&copied, "/d"), words);
        }
    }
}
