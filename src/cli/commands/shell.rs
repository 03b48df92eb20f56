//! `archive completions` and `archive man`

use serde::Serialize;

use crate::{
    cli::{
        args::{Cli, CompletionsArgs},
        exit::ExitCode,
        lines::typed,
        session::{Session, TOOL},
    },
    types::error::Error,
};

#[derive(Serialize)]
struct Line {
    text: String,
}

/// Prints the completions for a shell.
pub fn completions(session: &mut Session, args: &CompletionsArgs) -> Result<ExitCode, Error> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::whole_command(), "archive", &mut text);
    say(session, "completions", &text)
}

/// Prints the manual pages: of the program, then of each verb.
pub fn man(session: &mut Session) -> Result<ExitCode, Error> {
    let mut program = Cli::whole_command().disable_help_subcommand(true);
    // Only a built command has told its verbs their full names and the options for every verb.
    program.build();
    let verbs: Vec<_> = program.get_subcommands().cloned().collect();
    let mut text = Vec::new();
    for page in std::iter::once(program).chain(verbs) {
        clap_mangen::Man::new(page)
            .source(TOOL)
            .render(&mut text)
            .map_err(|error| Error::io("write", "the manual page", error))?;
    }
    say(session, "man", &text)
}

fn say(session: &mut Session, kind: &'static str, text: &[u8]) -> Result<ExitCode, Error> {
    if session.globals.json {
        let text = String::from_utf8_lossy(text).into_owned();
        session.out.json(&typed(kind, Line { text }))?;
    } else {
        session.out.bytes(text)?;
    }
    Ok(ExitCode::Done)
}
