//! `archive audit`

use std::{ffi::OsString, os::unix::ffi::OsStrExt as _, path::PathBuf};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        HistoryCheck,
        inspect::audit::{
            AuditPart, AuditReport, AuditScope, Code, Finding, FoundWithdrawal, WorkDone,
        },
    },
    cli::{
        args::{help::examples, values::n_threads},
        exit::ExitCode,
        given::{self, GivenText},
        operand::whole_document,
        output_file::{Existing, OutputFile},
        print::{
            audit_page::{AuditPage, audit_page},
            failure::checkpoint_lines,
            json::{KeyLine, WithdrawnLine, typed},
            revision::withdrawal_words,
            terminal::{Style, count, counted, shown_name, size},
        },
        session::{Opened, Session, two_checkpoints},
        trust_store::{Contact, KnownArchive},
    },
    types::{
        error::{Error, TwoCheckpoints},
        time::Timestamp,
    },
};

use super::{
    audit_parts::{AuditedRevision, PartArgs, audited, chance, keep_checked, record, unchecked},
    audit_times::{self, WhenLine},
};

const EXAMPLES: &[&str] = &[
    "archive audit                          # everything; as long as reading it takes",
    "archive audit --quick --expect mail-from-last-year.txt",
    "archive audit --vkey key-from-its-owner.txt --expect - < checkpoint",
    "archive audit letters/mother.txt       # with the event, time and source of each revision",
    "archive audit --sample 5%              # some contents, chosen anew each time",
    "archive audit --max-time 10m           # as far as that goes; the next one goes on from there",
];

/// Check that everything is still as it was added, and that the log only grew
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct AuditArgs {
    /// Only these documents; without them everything
    #[arg(value_name = "DOC", conflicts_with_all = ["sample", "since", "max_time"])]
    pub docs: Vec<OsString>,

    #[command(flatten)]
    pub part: PartArgs,

    /// Record in the log that this audit was made, how much it covered and what it found
    #[arg(long)]
    pub record: bool,

    /// Write the report as a page for a browser or a printer, too; an earlier one is replaced
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// The public key that must have signed: the vkey line itself, or a file that holds it; - is
    /// standard input
    #[arg(long, value_name = "LINE|FILE")]
    pub vkey: Option<PathBuf>,

    /// A checkpoint kept elsewhere that this archive must extend; - is standard input
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
}

impl AuditArgs {
    /// What the grammar alone cannot say.
    pub fn check(&self) -> Result<(), &'static str> {
        let are_stdin = [&self.vkey, &self.expect]
            .map(|given| given.as_ref().is_some_and(|given| given.as_os_str() == "-"));
        match are_stdin {
            _ if self.report.as_ref().is_some_and(|file| file.as_os_str() == "-") => Err(
                "standard output has the findings; --report writes a page to a file, so name one",
            ),
            [true, true] => Err("--vkey and --expect cannot both be read from standard input"),
            _ => Ok(()),
        }
    }
}

/// Revisions named under a finding; the rest is counted.
const REVISIONS_SHOWN_MAX: usize = 10;

#[derive(Serialize)]
struct AuditLine<'a> {
    sound: bool,
    origin: &'a str,
    vkey: &'a str,
    keys: Vec<KeyLine<'a>>,
    history_check: &'static str,
    key_given: bool,
    checkpoint_given: bool,
    remembered: Option<RememberedLine<'a>>,
    checkpoints: Option<&'a TwoCheckpoints>,
    when: WhenLine,
    checked: CheckedCounts,
    unchecked: UncheckedCounts<'a>,
    part: Option<&'static str>,
    chance: Option<f64>,
    revisions: &'a [AuditedRevision],
    withdrawn: Vec<WithdrawalLine<'a>>,
    findings: Vec<FindingLine<'a>>,
    trust: Vec<String>,
}

#[derive(Serialize)]
struct RememberedLine<'a> {
    events: u64,
    first_seen: String,
    first_seen_by: &'a str,
    newest_seen: String,
    newest_seen_by: &'a str,
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
    search_index: bool,
}

#[derive(Serialize)]
struct WithdrawalLine<'a> {
    #[serde(flatten)]
    by: WithdrawnLine,
    contents: &'a [String],
    words: &'a [String],
}

#[derive(Serialize)]
struct FindingLine<'a> {
    code: &'static str,
    about: &'a str,
    why: &'a str,
    revisions: &'a [String],
}

/// What the archive is compared with.
struct Evidence {
    /// What is remembered of it.
    known: Option<KnownArchive>,
    key_given: bool,
    checkpoint_given: bool,
    /// The evidence, where history is not what it was.
    checkpoints: Option<TwoCheckpoints>,
    /// Of the documents named.
    revisions: Vec<AuditedRevision>,
}

/// Checks the archive against itself and against what is remembered.
pub fn run(session: &mut Session, args: &AuditArgs) -> Result<ExitCode, Error> {
    // What is given is read first: a typing error need not wait.
    let vkey = args.vkey.as_deref().map(given::vkey).transpose()?;
    let expected = args.expect.as_deref().map(GivenText::read).transpose()?;
    let begin = |file: &PathBuf| OutputFile::begin(file, Existing::Replaced, &session.own_files());
    let page_file = args.report.as_ref().map(begin).transpose()?;
    let opened = match session.open_unjudged() {
        Err(Error::Untrusted { why }) => return unsigned(session, args, why),
        opened => opened?,
    };
    let history_check = compared(&opened, vkey.as_deref(), expected.as_ref())?;
    let Opened { archive, known, .. } = opened;
    let is_other = !matches!(history_check, HistoryCheck::OtherCheckpoint { .. });
    let evidence = Evidence {
        checkpoints: two_checkpoints(&archive, known.as_ref())
            .filter(|_| history_check.is_bad() && is_other),
        known: known.filter(|known| known.is_of(archive.origin())),
        key_given: vkey.is_some(),
        checkpoint_given: expected.is_some(),
        revisions: Vec::new(),
    };
    let documents = args
        .docs
        .iter()
        .map(|words| whole_document(&archive, "audit", words.as_bytes(), session.now))
        .collect::<Result<Vec<_>, Error>>()?;
    let revisions = documents.iter().map(|document| audited(&archive, document, session.now));
    let revisions = revisions.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect();
    let evidence = Evidence { revisions, ..evidence };
    let part = args.part.part(session, archive.origin())?;
    let documents = documents.iter().map(|document| document.id).collect();
    let (now, n_threads) = (Some(session.now), n_threads(None));
    let scope = AuditScope { is_quick: args.part.quick, documents, part, now, n_threads };
    if !args.part.quick {
        session.make_stat_cache_folder(&archive);
    }
    let mut progress = session.progress();
    let report = archive.audit(&scope, history_check, &mut |done| match done {
        WorkDone::Events(n) => progress.report(n, "events"),
        WorkDone::Packs(n) => progress.report(n, "packs"),
        WorkDone::Contents(n) => progress.report(n, "contents"),
    })?;
    drop(progress);
    if session.globals.json {
        print_json(session, args, &report, &evidence)?;
    } else {
        print_report(session, args, &report, &evidence)?;
    }
    if let Some(file) = &page_file {
        let rows = rows(args, &report, &evidence);
        let page = AuditPage {
            findings: &report.findings,
            checkpoints: evidence.checkpoints.as_ref(),
            rows: &rows,
            revisions: &evidence.revisions.iter().map(AuditedRevision::lines).collect::<Vec<_>>(),
            verdict: verdict(&report),
            about: &archive_line(&report, session.now),
        };
        let page = audit_page(&page);
        file.write(page.as_bytes())?;
    }
    if !report.history_check.is_bad() {
        session.remember(&archive);
    }
    if let AuditPart::InTurn(turn) = &scope.part {
        keep_checked(session, &archive, &report, turn);
    }
    drop(archive);
    if args.record {
        record(session, &args.part, &report)?;
    }
    Ok(if report.is_sound() { ExitCode::Done } else { ExitCode::Broken })
}

/// How the archive stands to what is remembered, and to what is given.
///
/// A key that is given makes known an archive of which nothing is remembered where another one lay.
fn compared(
    opened: &Opened,
    vkey: Option<&str>,
    expected: Option<&GivenText>,
) -> Result<HistoryCheck, Error> {
    let Opened { archive, history_check, .. } = opened;
    if let Some(vkey) = vkey
        && !archive.is_endorsed(vkey)?
    {
        return Ok(HistoryCheck::OtherKey { remembered: vkey.to_owned() });
    }
    let history_check = match (history_check, vkey) {
        (HistoryCheck::OtherOrigin { .. }, Some(_)) => &HistoryCheck::NotRemembered,
        (history_check, _) => history_check,
    };
    match expected {
        Some(text) if !history_check.is_bad() => {
            let expected = archive.history_check_of_text(&text.bytes, &text.shown)?;
            let is_more = expected.is_bad() || *history_check == HistoryCheck::NotRemembered;
            Ok(if is_more { expected } else { history_check.clone() })
        }
        _ => Ok(history_check.clone()),
    }
}

/// What can be known of an archive whose checkpoint is not to be trusted.
fn unsigned(session: &mut Session, args: &AuditArgs, why: String) -> Result<ExitCode, Error> {
    let report = AuditReport::unsigned(why);
    if session.globals.json {
        let evidence = Evidence {
            known: None,
            key_given: false,
            checkpoint_given: false,
            checkpoints: None,
            revisions: Vec::new(),
        };
        print_json(session, args, &report, &evidence)?;
        return Ok(ExitCode::Broken);
    }
    for finding in &report.findings {
        print_finding(session, finding)?;
    }
    session.out.line("nothing else was checked: there is no signed root to check it against")?;
    Ok(ExitCode::Broken)
}

fn print_json(
    session: &mut Session,
    args: &AuditArgs,
    report: &AuditReport,
    evidence: &Evidence,
) -> Result<(), Error> {
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
            keys: report.keys.iter().map(KeyLine::of).collect(),
            history_check: word(&report.history_check),
            key_given: evidence.key_given,
            checkpoint_given: evidence.checkpoint_given,
            remembered: evidence.known.as_ref().map(RememberedLine::of),
            checkpoints: evidence.checkpoints.as_ref(),
            when: WhenLine::of(report),
            checked: CheckedCounts {
                events: report.n_events,
                revisions: report.n_revisions,
                packs: report.n_packs,
                contents: report.n_contents,
                bytes: report.n_bytes,
                tables: report.n_tables,
                rows: report.n_rows,
            },
            unchecked: UncheckedCounts {
                contents: report.n_unread + report.n_broken,
                tables: &report.uncompared,
                search_index: report.has_search_index,
            },
            part: args.part.word(),
            chance: args.part.sample.map(|_| chance(report)),
            revisions: &evidence.revisions,
            withdrawn: report.withdrawals.iter().map(WithdrawalLine::of).collect(),
            findings,
            trust: trust(report, evidence),
        },
    ))
}

fn print_report(
    session: &mut Session,
    args: &AuditArgs,
    report: &AuditReport,
    evidence: &Evidence,
) -> Result<(), Error> {
    for finding in &report.findings {
        print_finding(session, finding)?;
    }
    for line in evidence.checkpoints.iter().flat_map(checkpoint_lines) {
        session.out.line(&line)?;
    }
    if session.globals.quiet && report.is_sound() {
        return Ok(());
    }
    for (label, value) in rows(args, report, evidence) {
        let label = session.out.paint(Style::Dim, &format!("{label:<14}"));
        session.out.line(&format!("{label} {value}"))?;
    }
    for line in evidence.revisions.iter().flat_map(AuditedRevision::lines) {
        session.out.line(&line)?;
    }
    let verdict = session.out.paint(Style::Strong, verdict(report));
    session.out.line(&verdict)
}

/// What is said of an archive, line by line.
fn rows(
    args: &AuditArgs,
    report: &AuditReport,
    evidence: &Evidence,
) -> Vec<(&'static str, String)> {
    let is_given = evidence.key_given && report.history_check.is_of_this_key();
    let signed = if is_given { "signed by the key given" } else { "signed" };
    let mut rows = vec![
        ("bytes", bytes(report)),
        ("history", history(report, evidence)),
        ("who", format!("{signed}; {}", under(report))),
        ("when", audit_times::when(report)),
        ("catalog", catalog(report)),
        ("checked", checked(report)),
        ("not checked", unchecked(&args.part, report)),
        ("to be trusted", trust(report, evidence).join("; ")),
    ];
    rows.extend(report.withdrawals.iter().map(|found| ("withdrawn", withdrawn(found))));
    rows
}

/// Which archive was checked, and when.
fn archive_line(report: &AuditReport, now: Timestamp) -> String {
    format!("{}, {}", report.origin, now.minute())
}

fn verdict(report: &AuditReport) -> &'static str {
    let is_all = report.n_unread == 0 && report.uncompared.is_empty();
    match (report.is_sound(), is_all) {
        (true, true) => "all is well",
        (true, false) => "what was checked is well",
        (false, _) => "something is broken: see the findings above",
    }
}

/// What is not there because an event took it away.
fn withdrawn(FoundWithdrawal { by, contents, words }: &FoundWithdrawal) -> String {
    let (contents, words) = (listed(contents), words.iter().map(|it| format!("words of {it}")));
    let words = listed(&words.collect::<Vec<_>>());
    let what = [contents, words].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>();
    format!("{}: {}", withdrawal_words(by), what.join(", "))
}

/// Some revisions by name, and how many more there are.
fn listed(revisions: &[String]) -> String {
    let shown = revisions.iter().take(REVISIONS_SHOWN_MAX);
    let mut listed: Vec<String> = shown.map(|it| shown_name(it.as_bytes())).collect();
    let n_more = revisions.len().saturating_sub(REVISIONS_SHOWN_MAX);
    listed.extend((n_more > 0).then(|| format!("{} more", count(n_more as u64))));
    listed.join(", ")
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
        matches!(
            finding.code,
            Code::BlobDamaged | Code::BlobMissing | Code::BlobResurrected | Code::PackDamaged
        )
    };
    let n_findings = report.findings.iter().filter(is_about_bytes).count() as u64;
    let broken = match report.n_broken {
        0 => String::new(),
        n => format!("; {} missing or damaged", counted(n, "is", "are")),
    };
    let bytes = match (n_findings, report.n_contents) {
        (0, 0) => "not read".to_owned(),
        (0, _) => "intact".to_owned(),
        (n, _) => counted(n, "finding", "findings"),
    };
    let contents = counted(report.n_contents, "content", "contents");
    format!("{bytes}; {contents} read, {}{broken}", size(report.n_bytes))
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

/// Which keys signed for how many events.
fn under(report: &AuditReport) -> String {
    let ends = report.keys.iter().skip(1).map(|key| key.after).chain([report.n_events]);
    let each = report.keys.iter().zip(ends).map(|(key, end)| {
        let events = counted(end.saturating_sub(key.after), "event", "events");
        let how = if key.is_adopted { ", which began an epoch of its own" } else { "" };
        format!("{events} under {}{how}", key.vkey)
    });
    each.collect::<Vec<_>>().join(", then ")
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

/// How the history stands to what is remembered, since when, and to what was given.
fn history(report: &AuditReport, evidence: &Evidence) -> String {
    let since = evidence.known.as_ref().map(|known| {
        let size = known.head().map_or(0, |head| head.0);
        let Contact { at, verb } = &known.first;
        let events = counted(size, "event", "events");
        format!("{events}; first seen {} by {verb}", at.minute())
    });
    match (&report.history_check, since) {
        (HistoryCheck::Extends { .. }, Some(since)) => {
            let given = if evidence.checkpoint_given { "the checkpoint given and " } else { "" };
            format!("extends {given}what is remembered ({since})")
        }
        (HistoryCheck::Extends { size }, None) => {
            let events = counted(*size, "event", "events");
            format!("extends the checkpoint given ({events}); nothing is remembered")
        }
        (history_check, Some(since)) => format!("{}; remembered: {since}", shown(history_check)),
        (history_check, None) => shown(history_check),
    }
}

fn shown(history_check: &HistoryCheck) -> String {
    match history_check {
        HistoryCheck::RolledBack { .. } => "another or an older one".to_owned(),
        history_check => word(history_check).replace('-', " "),
    }
}

/// Whom one has to trust for all this to mean something.
fn trust(report: &AuditReport, evidence: &Evidence) -> Vec<String> {
    let mut trust = vec![
        format!("the key {} and who holds it", report.vkey),
        "the clock of whoever added".to_owned(),
    ];
    trust.extend(audit_times::trust(report));
    match (&report.history_check, &evidence.known) {
        (HistoryCheck::NotRemembered, _) => {
            trust.push("this folder, for nothing was remembered outside it".to_owned());
        }
        // Who made the archive here saw it from the beginning.
        (HistoryCheck::Extends { .. }, Some(KnownArchive { first: Contact { at, verb }, .. }))
            if verb != "init" && !evidence.key_given && !evidence.checkpoint_given =>
        {
            trust.push(format!(
                "this folder as it was on {}, when {verb} first saw it",
                at.minute()
            ));
        }
        _ => {}
    }
    trust
}

impl<'a> WithdrawalLine<'a> {
    fn of(found: &'a FoundWithdrawal) -> Self {
        let FoundWithdrawal { by, contents, words } = found;
        Self { by: WithdrawnLine::of(by), contents, words }
    }
}

impl<'a> RememberedLine<'a> {
    fn of(known: &'a KnownArchive) -> Self {
        Self {
            events: known.head().map_or(0, |head| head.0),
            first_seen: known.first.at.to_string(),
            first_seen_by: &known.first.verb,
            newest_seen: known.newest.at.to_string(),
            newest_seen_by: &known.newest.verb,
        }
    }
}

fn word(history_check: &HistoryCheck) -> &'static str {
    match history_check {
        HistoryCheck::Extends { .. } => "extends",
        HistoryCheck::Older { .. } => "older",
        HistoryCheck::RolledBack { .. } => "rolled-back",
        HistoryCheck::Forked { .. } => "forked",
        HistoryCheck::OtherKey { .. } => "other-key",
        HistoryCheck::OtherOrigin { .. } => "other-origin",
        HistoryCheck::OtherCheckpoint { .. } => "other-checkpoint",
        HistoryCheck::NotRemembered => "not-remembered",
    }
}
