//! The report of an audit as one page for a browser or a printer: nothing is loaded, and there is no script.

use crate::archive::inspect::audit::Finding;

use super::page::escaped;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d1c1a;--ground:#fdfcfa;--dim:#52504b;--line:#d6d2ca;--bad:#7d0b14}\
@media (prefers-color-scheme:dark){:root{--ink:#e9e6e1;--ground:#161513;--dim:#b8b4ac;--line:#45423d;--bad:#ffb9bd}}\
body{margin:0 auto;max-width:46rem;padding:2.5rem 1.25rem;font:1.0625rem/1.6 system-ui,sans-serif;color:var(--ink);\
background:var(--ground)}\
h1{margin:0;font-size:1.5rem}h2{margin:2rem 0 .5rem;font-size:1.1rem}p{margin:.35rem 0}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.5rem 1.25rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}\
li{margin:.5rem 0;overflow-wrap:anywhere}strong{color:var(--bad)}\
@media print{:root{--ink:#000;--ground:#fff;--dim:#333;--bad:#000}body{max-width:none;padding:0}}";

/// The page: which archive and when, the verdict, what is wrong, and what was checked, line by line.
pub fn audit_page(
    findings: &[Finding],
    rows: &[(&str, String)],
    verdict: &str,
    about: &str,
) -> String {
    let mut list = String::new();
    for finding in findings {
        let affects: String = finding
            .revisions
            .iter()
            .map(|one| format!("<li>affects {}</li>", escaped(one)))
            .collect();
        let affects = if affects.is_empty() { affects } else { format!("<ul>{affects}</ul>") };
        list += &format!(
            "<li><strong>{}</strong> {}: {}{affects}</li>",
            finding.code.as_str(),
            escaped(&finding.about),
            escaped(&finding.why)
        );
    }
    let findings = match list.is_empty() {
        true => String::new(),
        false => format!("<h2>Findings</h2><ul>{list}</ul>"),
    };
    let rows: String = rows
        .iter()
        .map(|(label, value)| format!("<dt>{label}</dt><dd>{}</dd>", escaped(value)))
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Audit of {about}</title><style>{STYLE}</style></head><body><main>\
         <h1>Audit of {about}</h1><p>{verdict}</p>{findings}<h2>What was checked</h2><dl>{rows}</dl></main></body></html>\n",
        about = escaped(about)
    )
}
