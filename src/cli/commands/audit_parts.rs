//! How much `archive audit` covers, and what is kept of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        inspect::audit::{AuditPart, AuditRecord, AuditReport, PacksInTurn, Sample},
    },
    cli::{
        args::values::{self, When},
        checked_packs, keyring,
        operand::selector_of,
        print::{
            json::name_b64,
            terminal::{counted, percent, shell_word, shown_name},
        },
        session::Session,
    },
    types::{
        document::{Document, Revision},
        error::Error,
        time::Timestamp,
    },
};

/// What is to be read of the contents, where it is not all of them.
#[derive(Debug, Args)]
#[group(id = "part", multiple = false)]
pub struct PartArgs {
    /// Journal, structure and catalog only, without reading any content
    #[arg(long)]
    pub quick: bool,

    /// Read only some of the contents, chosen at random
    #[arg(long, value_name = "PERCENT", value_parser = values::percentage)]
    pub sample: Option<u32>,

    /// Read only contents added at this time or later
    #[arg(long, value_name = "TIME", value_parser = values::when)]
    pub since: Option<When>,

    /// Read packs, the least recently checked first, until so much time has passed
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub max_time: Option<Duration>,
}

/// A revision of a document that was named.
#[derive(Serialize)]
pub struct AuditedRevision {
    name: String,
    name_b64: Option<String>,
    revision: u64,
    event: u64,
    at: String,
    source: Option<String>,
    sha256: String,
    #[serde(skip)]
    selector: String,
}

impl PartArgs {
    /// What the library is asked.
    pub fn part(&self, session: &Session, origin: &str) -> Result<AuditPart, Error> {
        if let Some(per_million) = self.sample {
            return Ok(AuditPart::Sample(Sample { per_million, seed: keyring::fresh_seed()? }));
        }
        if let Some(since) = &self.since {
            return Ok(AuditPart::Since(since.start(session.now)?));
        }
        let Some(max_time) = self.max_time else { return Ok(AuditPart::All) };
        let begun = Instant::now();
        let last_checked = checked_packs::load(&session.environment, origin);
        let is_over = Arc::new(move || begun.elapsed() >= max_time);
        Ok(AuditPart::InTurn(PacksInTurn { last_checked, is_over }))
    }

    /// The flag that was given, for programs.
    pub fn word(&self) -> Option<&'static str> {
        match self {
            Self { quick: true, .. } => Some("quick"),
            Self { sample: Some(_), .. } => Some("sample"),
            Self { since: Some(_), .. } => Some("since"),
            Self { max_time: Some(_), .. } => Some("max-time"),
            _ => None,
        }
    }

    /// How much was covered, and what was found, in words for the log.
    fn coverage(&self, report: &AuditReport) -> String {
        let n_all = report.n_contents + report.n_broken + report.n_unread;
        let contents = counted(report.n_contents, "content", "contents");
        let how = match (self.sample, self.word()) {
            (Some(per_million), _) => {
                format!(", a sample of {}", percent(f64::from(per_million) / 1e6))
            }
            (None, Some(word)) => format!(", with --{word}"),
            (None, None) => String::new(),
        };
        let found = match report.n_grave() {
            0 => "no findings".to_owned(),
            n => counted(n, "finding", "findings"),
        };
        format!("{contents} of {n_all} read{how}; {found}")
    }
}

/// The chance that a loss of one content in a thousand, or of one if there are fewer, would have shown.
pub fn chance(report: &AuditReport) -> f64 {
    let n_all = report.n_contents + report.n_broken + report.n_unread;
    let n_lost = n_all.div_ceil(1000);
    // That each of them is among those that were not read.
    let unseen = (0..n_lost).map(|i| report.n_unread.saturating_sub(i) as f64 / (n_all - i) as f64);
    1.0 - unseen.product::<f64>()
}

/// What was left out, in words.
pub fn unchecked(part: &PartArgs, report: &AuditReport) -> String {
    let contents = counted(report.n_unread, "content", "contents");
    let why = match part.word() {
        Some("quick") => ": --quick was asked for".to_owned(),
        Some("sample") => format!(
            ": a sample was asked for, which shows a loss of one content in a thousand with a chance of {}",
            percent(chance(report))
        ),
        Some("since") => " that were added before".to_owned(),
        Some(_) => {
            ": the time was up; what was not read for the longest time comes first next time"
                .to_owned()
        }
        None => " of other documents".to_owned(),
    };
    let mut parts = match report.n_unread {
        0 => vec!["whether something was never recorded".to_owned()],
        _ => vec![format!("the bytes of {contents}{why}")],
    };
    if !report.uncompared.is_empty() {
        parts.push(format!(
            "of the catalog the tables {}, for what they follow from was not read",
            report.uncompared.join(", ")
        ));
    }
    if report.has_search_index {
        parts.push("the full-text index, which archive rebuild makes anew".to_owned());
    }
    parts.join("; ")
}

/// Remembers which packs were read.
pub fn keep_checked(
    session: &Session,
    archive: &Archive,
    report: &AuditReport,
    turn: &PacksInTurn,
) {
    let mut checked = turn.last_checked.clone();
    checked.extend(report.packs_read.iter().map(|pack| (*pack, session.now)));
    if let Some(warning) = checked_packs::keep(&session.environment, archive.origin(), &checked) {
        session.warn(&warning);
    }
}

/// Commits that the audit was made.
pub fn record(session: &mut Session, args: &PartArgs, report: &AuditReport) -> Result<(), Error> {
    let mut archive = session.open_to_write()?;
    let record = AuditRecord::of(report, args.coverage(report));
    let (signer, context) = (session.signer(&archive)?, session.context()?);
    archive.record_audit(&record, &signer, &context, &session.who("audit"))?;
    Ok(())
}

/// The revisions of a document, for those who want to check each.
pub fn audited(
    archive: &Archive,
    document: &Document,
    now: Timestamp,
) -> Result<Vec<AuditedRevision>, Error> {
    let mut revisions = archive.revisions(document)?;
    revisions.sort_by_key(|revision| revision.number);
    let each = revisions.iter().map(|revision| {
        let selector = selector_of(archive, document, revision, now)?;
        Ok(AuditedRevision::of(document, revision, &selector))
    });
    each.collect()
}

impl AuditedRevision {
    fn of(document: &Document, revision: &Revision, selector: &[u8]) -> Self {
        Self {
            name: document.name.text().into_owned(),
            name_b64: name_b64(&document.name),
            revision: revision.number,
            event: revision.event,
            at: revision.at.to_string(),
            source: revision.source.clone(),
            sha256: revision.digest.to_string(),
            selector: shell_word(selector),
        }
    }

    /// Which event it is, and two commands to check it with.
    pub fn lines(&self) -> [String; 3] {
        let Self { revision, event, at, sha256, selector, .. } = self;
        let name = shown_name(self.name.as_bytes());
        let source =
            self.source.as_ref().map(|source| format!(" from {}", shown_name(source.as_bytes())));
        let source = source.unwrap_or_default();
        [
            format!("{name}@{revision}  event {event}, {at}{source}"),
            format!("    archive cat {selector} | sha256sum    # {sha256}"),
            format!("    archive prove {selector} -o proof-{event}"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_to_see_a_loss_grows_with_the_sample() {
        let report = |n_contents, n_unread| {
            let mut report = AuditReport::unsigned(String::new());
            (report.n_contents, report.n_unread) = (n_contents, n_unread);
            report
        };
        for (read, unread, expected) in [
            (0, 100, 0.0),
            (5, 95, 0.05),
            (100, 0, 1.0),
            (50, 950, 0.05),
            (500, 9500, 0.4013),
            (0, 0, 0.0),
        ] {
            let found = chance(&report(read, unread));
            assert!((found - expected).abs() < 0.001, "{read} {unread}: {found}");
        }
    }
}
