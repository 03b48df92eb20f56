//! `archive formats`

use clap::Args;
use serde::Serialize;

use crate::{
    archive::extract::Format,
    cli::{
        args::help::examples,
        exit::ExitCode,
        extractor::{self, Confinement},
        print::{
            json::typed,
            terminal::{Style, pad_right},
        },
        session::Session,
    },
    types::error::Error,
};

const EXAMPLES: &[&str] = &["archive formats"];

/// List the formats whose text is read, and by what
///
/// Text, HTML and what else is text are read as they are. The formats listed here are rendered by a process of its own.
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct FormatsArgs {}

#[derive(Serialize)]
struct FormatLine {
    format: &'static str,
    name: &'static str,
    media_types: Vec<&'static str>,
    library: Option<&'static str>,
    is_there: bool,
}

#[derive(Serialize)]
struct FormatsSummary {
    formats: usize,
    limits: bool,
    no_files: bool,
    few_calls: bool,
}

/// Lists formats, and how what reads them is confined.
pub fn run(session: &mut Session, _: &FormatsArgs) -> Result<ExitCode, Error> {
    let width =
        Format::all().chain(Format::hooked()).map(|format| format.name().len()).max().unwrap_or(0);
    for format in Format::all().chain(Format::hooked()) {
        let (name, library) = (format.name(), format.library());
        if session.globals.json {
            let is_there = extractor::hooks::is_there(format);
            let media_types = format.read_media_types().collect();
            let line = FormatLine { format: format.code(), name, media_types, library, is_there };
            session.out.json(&typed("format", line))?;
            continue;
        }
        let name = pad_right(name, width);
        let by = session.out.paint(Style::Dim, library.unwrap_or("archive"));
        let note = match format.hook() {
            None => String::new(),
            Some(_) if extractor::hooks::is_there(format) => {
                let (_, version) = format.code().rsplit_once(':').unwrap_or_default();
                format!("  {}", session.out.paint(Style::Dim, version))
            }
            Some(_) => format!("  {}", session.out.paint(Style::Warning, "not there")),
        };
        session.out.line(&format!("{name}  {by}{note}"))?;
    }
    let confinement = extractor::confinement();
    if session.globals.json {
        let none = Confinement { has_limits: false, has_no_files: false, has_few_calls: false };
        let Confinement { has_limits, has_no_files, has_few_calls } = confinement.unwrap_or(none);
        let line = FormatsSummary {
            formats: Format::all().chain(Format::hooked()).count(),
            limits: has_limits,
            no_files: has_no_files,
            few_calls: has_few_calls,
        };
        session.out.json(&typed("summary", line))?;
    } else {
        session.out.line("")?;
        session.out.line(&sentence(confinement))?;
    }
    Ok(ExitCode::Done)
}

/// How what reads documents is confined, in words.
fn sentence(confinement: Option<Confinement>) -> String {
    let Some(confinement) = confinement else {
        return "no process can be started to read them, so they have no text".to_owned();
    };
    let holds = [
        (confinement.has_limits, "memory and time are bounded", "memory and time are not bounded"),
        (
            confinement.has_no_files,
            "no file can be opened",
            "files are not closed off (no landlock)",
        ),
        (
            confinement.has_few_calls,
            "few system calls are allowed",
            "all system calls are allowed (no seccomp)",
        ),
    ];
    let words = holds.map(|(holds, yes, no)| if holds { yes } else { no });
    format!("each document is read by a process of its own: {}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_hold_is_said() {
        let all = Confinement { has_limits: true, has_no_files: true, has_few_calls: true };
        let none = Confinement { has_no_files: false, ..all };
        assert!(
            sentence(Some(all))
                .ends_with("bounded, no file can be opened, few system calls are allowed")
        );
        assert!(sentence(Some(none)).contains("not closed off"));
        assert!(sentence(None).contains("no text"));
    }
}
