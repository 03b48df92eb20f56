//! `archive man`

use clap::Args;

use crate::{
    cli::{
        args::{Cli, help::examples},
        exit::ExitCode,
        session::{Session, TOOL},
    },
    types::error::Error,
};

const EXAMPLES: &[&str] = &["archive man | man -l -"];

/// Print the manual pages
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct ManArgs {}

/// Prints the manual pages: of the program, then of each verb.
pub fn run(session: &mut Session, _: &ManArgs) -> Result<ExitCode, Error> {
    let mut program = Cli::whole_command().disable_help_subcommand(true);
    // Only in a built command do the verbs have their full names and the options for every verb.
    program.build();
    let verbs: Vec<_> = program.get_subcommands().cloned().collect();
    let mut text = Vec::new();
    for page in std::iter::once(program).chain(verbs) {
        clap_mangen::Man::new(page)
            .source(TOOL)
            .render(&mut text)
            .map_err(|error| Error::io("write", "the manual page", error))?;
    }
    session.print_text("man", &text)?;
    Ok(ExitCode::Done)
}
