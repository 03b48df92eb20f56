//! `archive completions`

use clap::Args;

use crate::{
    cli::{
        args::{Cli, help::examples},
        exit::ExitCode,
        session::Session,
    },
    types::error::Error,
};

const EXAMPLES: &[&str] = &[
    "archive completions bash > ~/.local/share/bash-completion/completions/archive",
    "archive completions zsh",
];

/// Print the completions for a shell
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Prints what the shell reads.
pub fn run(session: &mut Session, args: &CompletionsArgs) -> Result<ExitCode, Error> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::whole_command(), "archive", &mut text);
    session.print_text("completions", &text)?;
    Ok(ExitCode::Done)
}
