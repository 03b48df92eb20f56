//! `archive audit`

use std::{ffi::OsString, os::unix::ffi::OsStrExt as _, path::PathBuf};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        HistoryCheck,
        inspect::audit::{AuditReport, AuditScope, Code, Finding, WorkDone},
    },
    cli::{
        args::{help::examples, values::n_threads},
        exit::ExitCode,
        files::read_small,
        print::{
            json::typed,
            terminal::{Style, count, counted, shown_name, size},
        },
        session::Session,
    },
    types::{error::Error, limits::NOTE_BYTES_MAX},
};

const EXAMPLES: &[&str] = &[
    "archive audit                          # everything; as long as reading it takes",
    "archive audit --quick --expect checkpoint-from-last-year",
    "archive audit letters/mother.txt",
];

/// Check that everything is still as it was added, and that the log only grew
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct AuditArgs {
    /// Only these documents; without them everything
    #[arg(value_name = "DOC")]
    pub docs: Vec<OsString>,

    /// Journal, structure and catalog only, without reading any content
    #[arg(long)]
    pub quick: bool,

    /// A checkpoint kept elsewhere that this archive must extend
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
}

/// Revisions named under a finding; the rest is counted.
const REVISIONS_SHOWN_MAX: usize = 10;

#[derive(Serialize)]
struct AuditLine<'a> {
    sound: bool,
    origin: &'a str,
    vkey: &'a str,
    history_check: &'static str,
    checked: CheckedCounts,
    unchecked: UncheckedCounts<'a>,
    findings: Vec<FindingLine<'a>>,
    trust: Vec<String>,
}

#[derive(Serialize)]
struct CheckedCounts {
    events: u64,
    revisions: u64,
    packs: u64,
    contents: u64,
    bytes: u64,
    tables: u64,
    rows: u64,
}

#[derive(Serialize)]
struct UncheckedCounts<'a> {
    contents: u64,
    tables: &'a [&'static str],
}

#[derive(Serialize)]
struct FindingLine<'a> {
    code: &'static str,
    about: &'a str,
    why: &'a str,
    revisions: &'a [String],
}

/// Checks the archive against itself and against what is remembered.
pub fn run(session: &mut Session, args: &AuditArgs) -> Result<ExitCode, Error> {
    let (archive, mut history_check) = match session.open_unjudged() {
        Err(Error::Untrusted { why }) => return unsigned(session, why),
        opened => opened?,
    };
    if let Some(file) = &args.expect {
        let shown = file.display().to_string();
        let note = read_small(file, NOTE_BYTES_MAX as u64)
            .map_err(|source| Error::io("read", shown.clone(), source))?
            .ok_or_else(|| Error::NotFound {
                what: format!("there is no file {shown}"),
                candidates: Vec::new(),
            })?;
        let expected =
            archive.history_check(&archive.vkey(), &note).map_err(|error| match error {
                Error::Damaged { why, .. } => {
                    Error::damaged(format!("the checkpoint {shown}"), why)
                }
                error => error,
            })?;
        if !history_check.is_bad() {
            history_check = expected;
        }
    }
    let documents = args
        .docs
        .iter()
        .map(|words| Ok(archive.document(words.as_bytes())?.id))
        .collect::<Result<Vec<_>, Error>>()?;
    let scope = AuditScope { is_quick: args.quick, documents, n_threads: n_threads(None) };
    let mut progress = session.progress();
    let report = archive.audit(&scope, history_check, &mut |done| match done {
        WorkDone::Events(n) => progress.report(n, "events"),
        WorkDone::Packs(n) => progress.report(n, "packs"),
        WorkDone::Contents(n) => progress.report(n, "contents"),
    })?;
    drop(progress);
    if session.globals.json {
        print_json(session, &report)?;
    } else {
        print_report(session, args, &report)?;
    }
    if !report.history_check.is_bad() {
        session.remember(&archive);
    }
    Ok(if report.is_sound() { ExitCode::Done } else { ExitCode::Broken })
}

/// What can be known of an archive whose checkpoint is not to be trusted.
fn unsigned(session: &mut Session, why: String) -> Result<ExitCode, Error> {
    let report = AuditReport::unsigned(why);
    if session.globals.json {
        print_json(session, &report)?;
        return Ok(ExitCode::Broken);
    }
    for finding in &report.findings {
        print_finding(session, finding)?;
    }
    session.out.line("nothing else was checked: there is no signed root to check it against")?;
    Ok(ExitCode::Broken)
}

fn print_json(session: &mut Session, report: &AuditReport) -> Result<(), Error> {
    let findings = report
        .findings
        .iter()
        .map(|one| FindingLine {
            code: one.code.as_str(),
            about: &one.about,
            why: &one.why,
            revisions: &one.revisions,
        })
        .collect();
    session.out.json(&typed(
        "audit",
        AuditLine {
            sound: report.is_sound(),
            origin: &report.origin,
            vkey: &report.vkey,
            history_check: word(&report.history_check),
            checked: CheckedCounts {
                events: report.n_events,
                revisions: report.n_revisions,
                packs: report.n_packs,
                contents: report.n_contents,
                bytes: report.n_bytes,
                tables: report.n_tables,
                rows: report.n_rows,
            },
            unchecked: UncheckedCounts { contents: report.n_unread, tables: &report.uncompared },
            findings,
            trust: trust(report),
        },
    ))
}

fn print_report(
    session: &mut Session,
    args: &AuditArgs,
    report: &AuditReport,
) -> Result<(), Error> {
    for finding in &report.findings {
        print_finding(session, finding)?;
    }
    if session.globals.quiet && report.is_sound() {
        return Ok(());
    }
    let events = counted(report.n_events, "event", "events");
    let rows = [
        ("bytes", bytes(report)),
        ("history", history(report)),
        ("who", format!("signed; {events} under {}", report.vkey)),
        ("when", "claimed; no time tokens are kept".to_owned()),
        ("catalog", catalog(report)),
        ("checked", checked(report)),
        ("not checked", unchecked(args, report)),
        ("to be trusted", trust(report).join("; ")),
    ];
    for (label, value) in rows {
        let label = session.out.paint(Style::Dim, &format!("{label:<14}"));
        session.out.line(&format!("{label} {value}"))?;
    }
    let is_all = report.n_unread == 0 && report.uncompared.is_empty();
    let verdict = match (report.is_sound(), is_all) {
        (true, true) => "all is well",
        (true, false) => "what was checked is well",
        (false, _) => "something is broken: see the findings above",
    };
    let verdict = session.out.paint(Style::Strong, verdict);
    session.out.line(&verdict)
}

fn print_finding(session: &mut Session, finding: &Finding) -> Result<(), Error> {
    let style = if finding.code.is_grave() { Style::Warning } else { Style::Dim };
    let code = session.out.paint(style, finding.code.as_str());
    let about = shown_name(finding.about.as_bytes());
    session.out.line(&format!("{code}  {about}: {}", shown_name(finding.why.as_bytes())))?;
    for revision in finding.revisions.iter().take(REVISIONS_SHOWN_MAX) {
        session.out.line(&format!("    affects {}", shown_name(revision.as_bytes())))?;
    }
    match finding.revisions.len().saturating_sub(REVISIONS_SHOWN_MAX) {
        0 => Ok(()),
        more => session.out.line(&format!("    and {} more", count(more as u64))),
    }
}

fn bytes(report: &AuditReport) -> String {
    let is_about_bytes = |finding: &&Finding| {
        matches!(finding.code, Code::BlobDamaged | Code::BlobMissing | Code::PackDamaged)
    };
    let n_findings = report.findings.iter().filter(is_about_bytes).count() as u64;
    let bytes = match (n_findings, report.n_contents) {
        (0, 0) => "not read".to_owned(),
        (0, _) => "intact".to_owned(),
        (n, _) => counted(n, "finding", "findings"),
    };
    let contents = counted(report.n_contents, "content", "contents");
    format!("{bytes}; {contents} read, {}", size(report.n_bytes))
}

fn history(report: &AuditReport) -> String {
    match &report.history_check {
        HistoryCheck::Extends { size } => format!("extends what is remembered ({size} events)"),
        HistoryCheck::RolledBack { .. } => "another or an older one".to_owned(),
        history_check => word(history_check).replace('-', " "),
    }
}

fn catalog(report: &AuditReport) -> String {
    let n = |code| report.findings.iter().filter(|finding| finding.code == code).count() as u64;
    match (n(Code::CatalogDrift), n(Code::CatalogRemade)) {
        (0, 0) => "follows from journal and packs".to_owned(),
        (0, _) => {
            "made anew from journal and packs; answers did not hang on what differed".to_owned()
        }
        (n, _) => format!(
            "{}: it is not what follows from journal and packs; archive rebuild makes it anew",
            counted(n, "finding", "findings")
        ),
    }
}

fn checked(report: &AuditReport) -> String {
    let parts = [
        counted(report.n_events, "event", "events"),
        counted(report.n_revisions, "revision", "revisions"),
        counted(report.n_packs, "pack", "packs"),
        counted(report.n_contents, "content", "contents"),
        counted(report.n_tables, "table of the catalog", "tables of the catalog"),
    ];
    parts.join(", ")
}

fn unchecked(args: &AuditArgs, report: &AuditReport) -> String {
    let contents = counted(report.n_unread, "content", "contents");
    let mut parts = match (report.n_unread, args.quick) {
        (0, _) => vec!["whether something was never recorded".to_owned()],
        (_, true) => vec![format!("the bytes of {contents}: --quick was asked for")],
        (_, false) => vec![format!("the bytes of {contents} of other documents")],
    };
    if !report.uncompared.is_empty() {
        parts.push(format!(
            "of the catalog the tables {}, for what they follow from was not read",
            report.uncompared.join(", ")
        ));
    }
    parts.join("; ")
}

/// Whom one has to trust for all this to mean something.
fn trust(report: &AuditReport) -> Vec<String> {
    let mut trust = vec![
        format!("the key {} and who holds it", report.vkey),
        "the clock of whoever added".to_owned(),
    ];
    if report.history_check == HistoryCheck::NotRemembered {
        trust.push("this folder, for nothing was remembered outside it".to_owned());
    }
    trust
}

fn word(history_check: &HistoryCheck) -> &'static str {
    match history_check {
        HistoryCheck::Extends { .. } => "extends",
        HistoryCheck::RolledBack { .. } => "rolled-back",
        HistoryCheck::Forked { .. } => "forked",
        HistoryCheck::OtherKey { .. } => "other-key",
        HistoryCheck::OtherOrigin { .. } => "other-origin",
        HistoryCheck::NotRemembered => "not-remembered",
    }
}
