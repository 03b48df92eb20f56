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
        claims::{Claims, EventWords, NOT_SHOWN, ProofReport, Words},
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
        trust_store::{KnownArchive, Recalled, TrustStore},
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
    why: TrustedBecause,
}

/// Why a key is trusted.
enum TrustedBecause {
    /// It was given.
    Given,
    /// It is remembered of the archive as the one that signed last.
    Remembered(KnownArchive),
    /// It is remembered of the archive as an earlier or a later key than the one that was given, or signed last.
    Rotation(KnownArchive),
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
    name: Option<String>,
    name_b64: Option<String>,
    name_event: u64,
    name_withdrawn_by: Option<u64>,
    source: Option<&'a str>,
    captured: Option<String>,
    mtime: Option<String>,
    note: Option<&'a str>,
    by: Option<&'a str>,
    tool: Option<&'a str>,
    withdrawn_by: Option<u64>,
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
    let trusted = trusted_key(session, given, origin, |known| {
        known.vkeys().find(|vkey| folder.vkey() == Some(vkey))
    })?;
    let mut report = folder.check(trusted.as_ref().map(|trusted| &trusted.vkey[..]));
    if let Some(known) = trusted.as_ref().and_then(TrustedKey::known) {
        let claims = report.claims.as_ref();
        let head = claims.map(|claims| (claims.vkey.clone(), claims.head.size));
        if let Some((vkey, size)) = head.filter(|(vkey, size)| !known.is_in_turn(vkey, *size)) {
            report.refuse_key(out_of_turn(&vkey, size));
        }
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

/// The key given, else the one remembered of an archive of this origin; or, where the rotation between them is
/// remembered, that of its keys by which `signer` says that the proof is signed.
fn trusted_key(
    session: &Session,
    given: Option<String>,
    origin: Option<&str>,
    signer: impl Fn(&KnownArchive) -> Option<&str>,
) -> Result<Option<TrustedKey>, Error> {
    let recalled = match origin {
        Some(origin) => TrustStore::new(&session.environment).load(origin, Path::new(""))?,
        None => Recalled::default(),
    };
    if let Some(warning) = recalled.warning.as_ref().filter(|_| given.is_none()) {
        session.warn_once(warning);
    }
    let known = recalled.known.filter(|known| origin.is_some_and(|origin| known.is_of(origin)));
    let Some(known) = known else {
        return Ok(given.map(|vkey| TrustedKey { vkey, why: TrustedBecause::Given }));
    };
    let is_known = given.as_ref().is_none_or(|given| known.vkeys().any(|vkey| vkey == given));
    let signer = signer(&known).filter(|_| is_known).map(str::to_owned);
    let is_given = given.is_some();
    let vkey = given.unwrap_or_else(|| known.vkey.clone());
    Ok(Some(match signer.filter(|signer| *signer != vkey) {
        Some(vkey) => TrustedKey { vkey, why: TrustedBecause::Rotation(known) },
        None if is_given => TrustedKey { vkey, why: TrustedBecause::Given },
        None => TrustedKey { vkey, why: TrustedBecause::Remembered(known) },
    }))
}

/// What is wrong with a signature by a key after which, or before which, another one signed.
fn out_of_turn(vkey: &str, size: u64) -> String {
    let events = counted(size, "event", "events");
    format!(
        "signed by the key {vkey} out of its turn: as is remembered, another one signs for {events}"
    )
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
                    "not in this folder; the prover says that it was withdrawn; it had {size} with the SHA-256 {}",
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
            let withdrawn = |by: &u64| {
                format!(
                    "not in this folder; the prover says that event {by} withdrew what was written"
                )
            };
            rows.push((
                "name",
                match first {
                    EventWords::Withdrawn(by) => withdrawn(by),
                    EventWords::Shown(first) => {
                        let name = first.name.text();
                        format!("{name}; asserted in event {first_index}, the document's first")
                    }
                },
            ));
            match own {
                EventWords::Withdrawn(by) => rows.push(("words", withdrawn(by))),
                EventWords::Shown(own) => {
                    let captured = own.captured.map(|captured| captured.to_string());
                    let stated = [
                        ("source", own.source.clone()),
                        ("captured", captured),
                        ("note", own.note.clone()),
                        ("by", own.by.clone()),
                    ];
                    let stated =
                        stated.into_iter().filter_map(|(label, value)| Some((label, value?)));
                    rows.extend(stated.map(|(label, value)| (label, format!("{value}; asserted"))));
                }
            }
        }
    }
    let events = counted(head.size, "event", "events");
    rows.push(("journal", format!("the event is in it, under the root {} of {events}", head.root)));
    let by = match trusted {
        None => "signed by the key in this folder, which is the word of whoever made it".to_owned(),
        Some(trusted) => format!("signed by {}", trusted.words()),
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
    let trusted = trusted_key(session, given, origin.as_deref(), |known| {
        known.vkeys().find(|vkey| check_growth(&bytes, vkey).is_ok())
    })?;
    let checked = match (&origin, &trusted) {
        (None, _) => Some(Err(NO_GROWTH.to_owned())),
        (_, trusted) => trusted.as_ref().map(|trusted| checked_growth(&bytes, trusted)),
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

/// Checks a consistency proof by a key that is trusted, and whether it was that one's turn.
fn checked_growth(proof: &[u8], trusted: &TrustedKey) -> Result<Growth, String> {
    let vkey = &trusted.vkey;
    let growth = check_growth(proof, vkey)?;
    match trusted.known().is_none_or(|known| known.is_in_turn(vkey, growth.new.size)) {
        true => Ok(growth),
        false => Err(out_of_turn(vkey, growth.new.size)),
    }
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
            row(session, "who", &format!("both signed by {}: {}", trusted.words(), trusted.vkey))?;
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
        match self.why {
            TrustedBecause::Given => "given",
            TrustedBecause::Remembered(_) => "remembered",
            TrustedBecause::Rotation(_) => "rotation",
        }
    }

    fn words(&self) -> String {
        let seen = |known: &KnownArchive| {
            format!("first seen {} by {}", known.first.at.minute(), known.first.verb)
        };
        match &self.why {
            TrustedBecause::Given => "the key given".to_owned(),
            TrustedBecause::Remembered(known) => {
                format!("the key remembered of this archive ({})", seen(known))
            }
            TrustedBecause::Rotation(known) => match known.turn_ends(&self.vkey) {
                Some(end) => format!(
                    "an earlier key of this archive, which signed its first {} and then that another one does, as is \
                     remembered ({})",
                    counted(end, "event", "events"),
                    seen(known)
                ),
                None => format!(
                    "a later key of this archive, which the key given led to, as is remembered ({})",
                    seen(known)
                ),
            },
        }
    }

    /// What is remembered of the archive, where that is why the key is trusted.
    fn known(&self) -> Option<&KnownArchive> {
        match &self.why {
            TrustedBecause::Given => None,
            TrustedBecause::Remembered(known) | TrustedBecause::Rotation(known) => Some(known),
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
        let (own, own_withdrawn_by) = own.parts();
        let (first, name_withdrawn_by) = first.parts();
        Self {
            name: first.map(|first| first.name.text().into_owned()),
            name_b64: first.and_then(|first| name_b64(&first.name)),
            name_event: *first_index,
            name_withdrawn_by,
            source: own.and_then(|own| own.source.as_deref()),
            captured: own.and_then(|own| own.captured).map(|captured| captured.to_string()),
            mtime: own.and_then(|own| own.mtime).map(|mtime| mtime.to_string()),
            note: own.and_then(|own| own.note.as_deref()),
            by: own.and_then(|own| own.by.as_deref()),
            tool: own.map(|own| &own.tool[..]),
            withdrawn_by: own_withdrawn_by,
        }
    }
}
