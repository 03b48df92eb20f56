//! The report of an audit as one page for a browser or a printer: nothing is loaded, and there is no script.

use crate::{archive::inspect::audit::Finding, types::error::TwoCheckpoints};

use super::{failure::checkpoint_lines, page::escaped};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d1c1a;--ground:#fdfcfa;--dim:#52504b;--line:#d6d2ca;--bad:#7d0b14}\
@media (prefers-color-scheme:dark){:root{--ink:#e9e6e1;--ground:#161513;--dim:#b8b4ac;--line:#45423d;--bad:#ffb9bd}}\
body{margin:0 auto;max-width:46rem;padding:2.5rem 1.25rem;font:1.0625rem/1.6 system-ui,sans-serif;color:var(--ink);\
background:var(--ground)}\
h1{margin:0;font-size:1.5rem}h2{margin:2rem 0 .5rem;font-size:1.1rem}p{margin:.35rem 0}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.5rem 1.25rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}\
li{margin:.5rem 0;overflow-wrap:anywhere}strong{color:var(--bad)}\
pre{margin:.25rem 0;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.875rem}\
@media print{:root{--ink:#000;--ground:#fff;--dim:#333;--bad:#000}body{max-width:none;padding:0}}";

/// What the page says.
pub struct AuditPage<'a> {
    /// What is wrong.
    pub findings: &'a [Finding],
    /// Where history is not what it was: what shows it.
    pub checkpoints: Option<&'a TwoCheckpoints>,
    /// What was checked, and what events withdrew.
    pub rows: &'a [(&'static str, String)],
    /// Of the revisions of documents that were named: which event each is, and the commands that check it.
    pub revisions: &'a [[String; 3]],
    /// All of it in one sentence.
    pub verdict: &'a str,
    /// Which archive, and when.
    pub about: &'a str,
}

/// The page: which archive and when, the verdict, what is wrong, and what was checked, line by line.
pub fn audit_page(page: &AuditPage) -> String {
    let AuditPage { findings, checkpoints, rows, revisions, verdict, about } = page;
    let findings = match findings {
        [] => String::new(),
        findings => {
            let list: String = findings.iter().map(finding).collect();
            format!("<h2>Findings</h2><ul>{list}</ul>")
        }
    };
    let checkpoints = checkpoints.map_or(String::new(), |both| {
        let lines = checkpoint_lines(both).join("\n");
        format!("<h2>Checkpoints</h2><pre>{}</pre>", escaped(&lines))
    });
    let rows: String = rows
        .iter()
        .map(|(label, value)| format!("<dt>{label}</dt><dd>{}</dd>", escaped(value)))
        .collect();
    let revisions = match revisions {
        [] => String::new(),
        revisions => {
            let list: String = revisions.iter().map(revision).collect();
            format!("<h2>Revisions, and how to check each</h2><ul>{list}</ul>")
        }
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Audit of {about}</title><style>{STYLE}</style></head><body><main>\
         <h1>Audit of {about}</h1><p>{verdict}</p>{findings}{checkpoints}<h2>What was checked</h2><dl>{rows}</dl>\
         {revisions}</main></body></html>\n",
        about = escaped(about)
    )
}

fn finding(finding: &Finding) -> String {
    let affects = finding.revisions.iter();
    let affects: String = affects.map(|one| format!("<li>affects {}</li>", escaped(one))).collect();
    let affects = if affects.is_empty() { affects } else { format!("<ul>{affects}</ul>") };
    format!(
        "<li><strong>{}</strong> {}: {}{affects}</li>",
        finding.code.as_str(),
        escaped(&finding.about),
        escaped(&finding.why)
    )
}

fn revision([what, cat, prove]: &[String; 3]) -> String {
    let commands = format!("{}\n{}", cat.trim_start(), prove.trim_start());
    format!("<li>{}<pre>{}</pre></li>", escaped(what), escaped(&commands))
}
