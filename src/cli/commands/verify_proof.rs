//! `archive verify-proof`

use std::{
    ffi::OsStr,
    fs,
    io::{self, Read as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::inspect::proof::{
        claims::{Claims, NOT_SHOWN, ProofReport, Words},
        folder::{CONTENT, ProofFolder, SMALL_BYTES_MAX, SMALL_FILES, SeenContent},
        growth::{Growth, check_growth, origin_in},
    },
    cli::{
        args::help::examples,
        exit::ExitCode,
        folder::OpenFolder,
        given::{self, GivenText},
        interrupt::is_interrupted,
        print::{
            json::{HeadLine, name_b64, typed},
            terminal::{Style, count, counted, shown_name},
        },
        session::{Session, shown},
        trust_store::{KnownArchive, TrustStore},
    },
    types::{error::Error, interrupt::Interruptible},
};

const EXAMPLES: &[&str] = &[
    "archive verify-proof proof --vkey key-from-its-owner.txt",
    "archive verify-proof grown.txt --vkey key-from-its-owner.txt",
];

/// Check what prove made, without the archive
///
/// The key in the folder is the word of whoever made it. So a proof is accepted only under a key that is
/// given, or that is remembered of an archive of that origin.
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct VerifyProofArgs {
    /// The folder that prove made, or the file that prove --consistency made
    #[arg(value_name = "DIR|FILE")]
    pub proof: PathBuf,

    /// The public key that must have signed: the vkey line itself, or a file that holds it; - is
    /// standard input
    #[arg(long, value_name = "LINE|FILE")]
    pub vkey: Option<PathBuf>,
}

/// A key that is trusted, and why.
struct TrustedKey {
    vkey: String,
    /// What is remembered of the archive, where that is why.
    known: Option<KnownArchive>,
}

#[derive(Serialize)]
struct ProofLine<'a> {
    accepted: bool,
    trusted_by: Option<&'static str>,
    vkey: Option<&'a str>,
    flaws: Vec<FlawLine<'a>>,
    unchecked: &'a [String],
    claims: Option<ClaimsLine<'a>>,
    not_shown: [&'static str; 3],
}

#[derive(Serialize)]
struct FlawLine<'a> {
    file: &'static str,
    why: &'a str,
}

#[derive(Serialize)]
struct ClaimsLine<'a> {
    journal: HeadLine,
    event: u64,
    document: String,
    sha256: String,
    bytes: u64,
    content: bool,
    media_type: &'a str,
    at: String,
    words: Option<WordsLine<'a>>,
}

#[derive(Serialize)]
struct WordsLine<'a> {
    name: String,
    name_b64: Option<String>,
    name_event: u64,
    source: Option<&'a str>,
    captured: Option<String>,
    mtime: Option<String>,
    note: Option<&'a str>,
    by: Option<&'a str>,
    tool: &'a str,
}

#[derive(Serialize)]
struct ConsistencyLine {
    accepted: bool,
    trusted_by: Option<&'static str>,
    vkey: Option<String>,
    why: Option<String>,
    old: Option<HeadLine>,
    new: Option<HeadLine>,
}

/// Checks a proof and says what it shows.
pub fn run(session: &mut Session, args: &VerifyProofArgs) -> Result<ExitCode, Error> {
    let given = args.vkey.as_deref().map(given::vkey).transpose()?;
    match fs::metadata(&args.proof) {
        Ok(there) if there.is_dir() => verify_folder(session, args, given),
        Ok(_) => verify_growth(session, args, given),
        Err(error) => Err(Error::io("read", shown(&args.proof), error)),
    }
}

fn verify_folder(
    session: &mut Session,
    args: &VerifyProofArgs,
    given: Option<String>,
) -> Result<ExitCode, Error> {
    let folder = read_folder(&args.proof)?;
    if !folder.is_one() {
        let why = "holds no proof: neither event.json nor policy is there";
        return Err(Error::usage(format!("{} {why}", shown(&args.proof))));
    }
    let origin = folder.vkey().and_then(|vkey| vkey.split('+').next());
    let trusted = trusted_key(session, given, origin)?;
    let mut report = folder.check(trusted.as_ref().map(|trusted| &trusted.vkey[..]));
    if let Some(known) = trusted.as_ref().and_then(|trusted| trusted.known.as_ref()) {
        let older = known.older.iter().map(|met| (met.size, met.root));
        older.chain(known.head().ok()).for_each(|head| report.compare(head));
    }
    let code = if report.is_accepted() { ExitCode::Done } else { ExitCode::Broken };
    if session.globals.json {
        let line = ProofLine {
            accepted: report.is_accepted(),
            trusted_by: trusted.as_ref().map(TrustedKey::word),
            vkey: folder.vkey(),
            flaws: report.flaws.iter().map(|it| FlawLine { file: it.file, why: &it.why }).collect(),
            unchecked: &report.unchecked,
            claims: report.claims.as_ref().map(ClaimsLine::of),
            not_shown: NOT_SHOWN,
        };
        session.out.json(&typed("proof", line))?;
    } else if !(session.globals.quiet && report.is_accepted()) {
        print_report(session, &report, trusted.as_ref())?;
    }
    Ok(code)
}

/// The key given, else the one remembered of an archive of this origin.
fn trusted_key(
    session: &Session,
    given: Option<String>,
    origin: Option<&str>,
) -> Result<Option<TrustedKey>, Error> {
    if let Some(vkey) = given {
        return Ok(Some(TrustedKey { vkey, known: None }));
    }
    let Some(origin) = origin else { return Ok(None) };
    let recalled = TrustStore::new(&session.environment).load(origin, Path::new(""))?;
    if let Some(warning) = &recalled.warning {
        session.warn_once(warning);
    }
    let known = recalled.known.filter(|known| known.is_of(origin));
    Ok(known.map(|known| TrustedKey { vkey: known.vkey.clone(), known: Some(known) }))
}

/// Every file of the folder; what is not a regular file is named as no part of it.
fn read_folder(path: &Path) -> Result<ProofFolder, Error> {
    let fail = |name: &OsStr, error| Error::io("read", shown(&path.join(name)), error);
    let open = OpenFolder::named(path).map_err(|error| Error::io("open", shown(path), error))?;
    let mut folder = ProofFolder::default();
    let names = open.names().map_err(|error| Error::io("read", shown(path), error))?;
    for name in names {
        let known = SMALL_FILES.into_iter().find(|known| *known == name);
        if name == CONTENT {
            let file = open.file(&name).map_err(|error| fail(&name, error))?;
            let mut file = Interruptible::new(file, &is_interrupted);
            let seen = SeenContent::of(&mut file).map_err(|error| match is_interrupted() {
                true => Error::Interrupted,
                false => fail(&name, error),
            })?;
            folder.content = Some(seen);
        } else if let Some(known) = known {
            let file = open.file(&name).map_err(|error| fail(&name, error))?;
            let mut bytes = Vec::new();
            // One that is larger is not what it should be, whatever its end.
            let read: io::Result<usize> = file.take(SMALL_BYTES_MAX + 1).read_to_end(&mut bytes);
            read.map_err(|error| fail(&name, error))?;
            folder.files.insert(known.to_owned(), bytes);
        } else {
            folder.others.push(shown_name(name.as_bytes()));
        }
    }
    folder.others.sort();
    Ok(folder)
}

fn print_report(
    session: &mut Session,
    report: &ProofReport,
    trusted: Option<&TrustedKey>,
) -> Result<(), Error> {
    for flaw in &report.flaws {
        let label = session.out.paint(Style::Warning, flaw.file);
        session.out.line(&format!("{label}  {}", shown_name(flaw.why.as_bytes())))?;
    }
    let Some(claims) = &report.claims else {
        let verdict = session.out.paint(Style::Strong, "refused: nothing in it is to be relied on");
        return session.out.line(&verdict);
    };
    for (label, value) in rows(claims, trusted) {
        row(session, label, &value)?;
    }
    for unchecked in &report.unchecked {
        row(session, "not checked", unchecked)?;
    }
    for not_shown in NOT_SHOWN {
        row(session, "not shown", not_shown)?;
    }
    let verdict = match trusted {
        Some(_) => "accepted",
        None => NO_KEY,
    };
    let verdict = session.out.paint(Style::Strong, verdict);
    session.out.line(&verdict)
}

/// A file of another kind, or one that is torn.
const NO_GROWTH: &str = "it is no consistency proof; to check that of a revision, name its folder";

/// What to do where no key is trusted.
const NO_KEY: &str = "not accepted: no key is trusted; get the vkey line from the archive's owner, and not by the way on which \
                      this proof came, and give it with --vkey";

fn row(session: &mut Session, label: &str, value: &str) -> Result<(), Error> {
    let label = session.out.paint(Style::Dim, &format!("{label:<11}"));
    session.out.line(&format!("{label} {}", shown_name(value.as_bytes())))
}

/// Each claim in plain words, and by what it holds.
fn rows(claims: &Claims, trusted: Option<&TrustedKey>) -> Vec<(&'static str, String)> {
    let Claims { vkey, head, index, revise, has_content, words } = claims;
    let origin = vkey.split('+').next().unwrap_or_default();
    let size = counted(revise.size, "byte", "bytes");
    let mut rows = vec![
        (
            "content",
            match has_content {
                true => format!("intact: {size} with the SHA-256 {}", revise.sha256),
                false => format!(
                    "not here, since it was withdrawn; it had {size} with the SHA-256 {}",
                    revise.sha256
                ),
            },
        ),
        (
            "event",
            format!(
                "number {index} of {origin}: a revision of document {}, {}",
                revise.doc,
                revise.media.as_str()
            ),
        ),
        ("recorded", format!("at {}; claimed, by the clock of whoever recorded it", revise.at)),
    ];
    match words {
        None => rows.push(("words", "none: name, source and note are left out".to_owned())),
        Some(Words { own, first, first_index }) => {
            let name = first.name.text();
            rows.push((
                "name",
                format!("{name}; asserted in event {first_index}, the document's first"),
            ));
            let captured = own.captured.map(|captured| captured.to_string());
            for (label, value) in [
                ("source", &own.source),
                ("captured", &captured),
                ("note", &own.note),
                ("by", &own.by),
            ] {
                rows.extend(value.as_ref().map(|value| (label, format!("{value}; asserted"))));
            }
        }
    }
    let events = counted(head.size, "event", "events");
    rows.push(("journal", format!("the event is in it, under the root {} of {events}", head.root)));
    let by = match trusted {
        None => "signed by the key in this folder, which is the word of whoever made it".to_owned(),
        Some(TrustedKey { known: None, .. }) => "signed by the key given".to_owned(),
        Some(TrustedKey { known: Some(known), .. }) => {
            let (at, verb) = (known.first.at.minute(), &known.first.verb);
            format!("signed by the key remembered of this archive (first seen {at} by {verb})")
        }
    };
    rows.push(("who", format!("{by}: {vkey}")));
    rows
}

fn verify_growth(
    session: &mut Session,
    args: &VerifyProofArgs,
    given: Option<String>,
) -> Result<ExitCode, Error> {
    let GivenText { bytes, shown } = GivenText::read(&args.proof)?;
    let origin = origin_in(&bytes);
    let trusted = trusted_key(session, given, origin.as_deref())?;
    let checked = match (&origin, &trusted) {
        (None, _) => Some(Err(NO_GROWTH.to_owned())),
        (_, trusted) => trusted.as_ref().map(|trusted| check_growth(&bytes, &trusted.vkey)),
    };
    let growth = checked.as_ref().and_then(|checked| checked.as_ref().ok());
    if session.globals.json {
        let line = ConsistencyLine {
            accepted: growth.is_some(),
            trusted_by: trusted.as_ref().map(TrustedKey::word),
            vkey: trusted.as_ref().map(|trusted| trusted.vkey.clone()),
            why: checked.as_ref().and_then(|checked| checked.clone().err()),
            old: growth.map(|growth| HeadLine::of(&growth.old)),
            new: growth.map(|growth| HeadLine::of(&growth.new)),
        };
        session.out.json(&typed("consistency", line))?;
    } else {
        print_growth(session, &shown, trusted.as_ref(), checked.as_ref())?;
    }
    Ok(if growth.is_some() { ExitCode::Done } else { ExitCode::Broken })
}

fn print_growth(
    session: &mut Session,
    file: &str,
    trusted: Option<&TrustedKey>,
    checked: Option<&Result<Growth, String>>,
) -> Result<(), Error> {
    let verdict = match (trusted, checked) {
        (Some(trusted), Some(Ok(Growth { old, new }))) => {
            if session.globals.quiet {
                return Ok(());
            }
            let by = match trusted.known {
                Some(_) => "remembered of this archive",
                None => "given",
            };
            row(
                session,
                "before",
                &format!("{} under the root {}", counted(old.size, "event", "events"), old.root),
            )?;
            row(
                session,
                "after",
                &format!("{} under the root {}", counted(new.size, "event", "events"), new.root),
            )?;
            let same = count(old.size);
            row(
                session,
                "journal",
                &format!(
                    "its first {same} events are the same in both: nothing was changed or taken out"
                ),
            )?;
            row(session, "who", &format!("both signed by the key {by}: {}", trusted.vkey))?;
            row(
                session,
                "not shown",
                "that the older checkpoint is the one you kept: compare its three lines",
            )?;
            "accepted".to_owned()
        }
        (_, Some(Err(why))) => {
            session.out.line(&format!("{file}  {}", shown_name(why.as_bytes())))?;
            "refused: nothing in it is to be relied on".to_owned()
        }
        _ => NO_KEY.to_owned(),
    };
    let verdict = session.out.paint(Style::Strong, &verdict);
    session.out.line(&verdict)
}

impl TrustedKey {
    fn word(&self) -> &'static str {
        match self.known {
            Some(_) => "remembered",
            None => "given",
        }
    }
}

impl<'a> ClaimsLine<'a> {
    fn of(claims: &'a Claims) -> Self {
        let Claims { head, index, revise, has_content, words, .. } = claims;
        Self {
            journal: HeadLine::of(head),
            event: *index,
            document: revise.doc.to_string(),
            sha256: revise.sha256.to_string(),
            bytes: revise.size,
            content: *has_content,
            media_type: revise.media.as_str(),
            at: revise.at.to_string(),
            words: words.as_ref().map(WordsLine::of),
        }
    }
}

impl<'a> WordsLine<'a> {
    fn of(words: &'a Words) -> Self {
        let Words { own, first, first_index } = words;
        Self {
            name: first.name.text().into_owned(),
            name_b64: name_b64(&first.name),
            name_event: *first_index,
            source: own.source.as_deref(),
            captured: own.captured.map(|captured| captured.to_string()),
            mtime: own.mtime.map(|mtime| mtime.to_string()),
            note: own.note.as_deref(),
            by: own.by.as_deref(),
            tool: &own.tool,
        }
    }
}
