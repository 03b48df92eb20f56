//! What an audit says of when events were recorded.

use serde::Serialize;

use crate::{
    archive::inspect::audit::{AuditReport, ProvedTimes},
    cli::print::terminal::counted,
};

/// What time tokens prove, for programs.
#[derive(Serialize)]
pub struct WhenLine {
    tokens: u64,
    first: Option<String>,
    last: Option<String>,
    before: u64,
    between: u64,
    claimed: u64,
}

impl WhenLine {
    /// Of a report.
    pub fn of(report: &AuditReport) -> Self {
        let ProvedTimes { n_tokens, first, last, n_before, n_between } = report.when;
        Self {
            tokens: n_tokens,
            first: first.map(|time| time.to_string()),
            last: last.map(|time| time.to_string()),
            before: n_before,
            between: n_between,
            claimed: n_claimed(report),
        }
    }
}

/// Events of which no token says that they were there.
fn n_claimed(report: &AuditReport) -> u64 {
    report.n_events.saturating_sub(report.when.n_before + report.when.n_between)
}

/// What is proved, as a row of the report.
pub fn when(report: &AuditReport) -> String {
    let ProvedTimes { n_tokens, first, last, n_before, n_between } = report.when;
    let (Some(first), Some(last)) = (first, last) else {
        return "claimed; no time tokens are kept".to_owned();
    };
    let (first, last) = (first.minute(), last.minute());
    let mut proved = Vec::new();
    if n_between > 0 {
        let events = counted(n_between, "event", "events");
        proved.push(format!("between {first} and {last} for {events}"));
    }
    if n_before > 0 {
        let before = if n_between > 0 { &first } else { &last };
        proved.push(format!("before {before} for {}", counted(n_before, "event", "events")));
    }
    let proved = match proved.is_empty() {
        true => "for no event".to_owned(),
        false => proved.join(" and "),
    };
    let tokens = counted(n_tokens, "time token", "time tokens");
    let rest = match n_claimed(report) {
        0 => String::new(),
        n => format!("; claimed for the other {n}"),
    };
    format!("proved {proved} by {tokens}{rest}")
}

/// Whom one has to trust for that.
pub fn trust(report: &AuditReport) -> Option<String> {
    let words = "that the time tokens are signed by authorities you trust, which is not checked here: \
                 archive anchor show says how";
    (report.when.n_tokens > 0).then(|| words.to_owned())
}
