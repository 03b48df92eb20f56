//! The words of the command line: every verb, every flag, every help text.

mod help;
mod values;
mod verbs;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Command, CommandFactory, FromArgMatches, Parser};

use super::terminal::ColorChoice;
pub use values::{Captured, When, n_threads};
pub use verbs::{
    AddArgs, AuditArgs, CatArgs, CompactArgs, CompletionsArgs, DiffArgs, DupsArgs, ExportArgs,
    InitArgs, LogArgs, LsArgs, RebuildArgs, ShowArgs, SimilarArgs, StatsArgs, Verb,
};

/// Keeps documents: every version, small, findable, comparable and provably unaltered.
#[derive(Debug, Parser)]
#[command(name = "archive", bin_name = "archive", version, args_override_self = true)]
pub struct Cli {
    /// What holds for every verb.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What holds for every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options for every verb")]
pub struct Globals {
    /// The archive's folder [env: ARCHIVE_STORE]
    #[arg(long, value_name = "DIR", global = true)]
    pub store: Option<PathBuf>,

    /// Answers, and errors, as lines of JSON
    #[arg(long, global = true)]
    pub json: bool,

    /// Say nothing when all is well
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say what happens to each document
    #[arg(short, long, global = true)]
    pub verbose: bool,

    /// When to colour: auto (which respects NO_COLOR), always or never
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", global = true)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub color: ColorChoice,

    /// Wait that long for another writer to finish: 30s, 10m, 2h
    #[arg(long, value_name = "DURATION", global = true, value_parser = values::duration)]
    pub wait: Option<Duration>,
}

impl Cli {
    /// Reads a command line, program name included.
    ///
    /// Asking for help or the version is an `Err` too, as clap has it: `use_stderr` tells them apart.
    pub fn read(words: &[OsString]) -> Result<Self, clap::Error> {
        let mut command = Self::whole_command().color(clap_color(words));
        let mut matches = command.try_get_matches_from_mut(words)?;
        let cli = Self::from_arg_matches_mut(&mut matches).map_err(|e| e.format(&mut command))?;
        cli.verb.check().map_err(|why| refuse(command, cli.verb.word(), why))?;
        Ok(cli)
    }

    /// The command with all its help texts, for parsing, completions and the manual.
    pub fn whole_command() -> Command {
        help::add_to(Self::command())
    }
}

/// Whether errors about the words themselves should be JSON: they come before any parsed flag.
pub fn wants_json(words: &[OsString]) -> bool {
    flags(words).any(|word| word == "--json")
}

/// An error that shows the usage of the verb it is about.
fn refuse(command: Command, verb: &str, why: &str) -> clap::Error {
    let mut about = command.find_subcommand(verb).cloned().unwrap_or(command);
    about.error(clap::error::ErrorKind::ArgumentConflict, why)
}

fn clap_color(words: &[OsString]) -> clap::ColorChoice {
    let choice =
        flags(words).zip(flags(words).skip(1).map(Some).chain([None])).find_map(|(word, next)| {
            match word.to_str()?.strip_prefix("--color")? {
                "" => next?.to_str(),
                value => value.strip_prefix('='),
            }
        });
    match choice {
        Some("always") => clap::ColorChoice::Always,
        Some("never") => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    }
}

fn flags(words: &[OsString]) -> impl Iterator<Item = &OsStr> {
    words.iter().map(OsString::as_os_str).take_while(|word| *word != "--")
}

#[cfg(test)]
mod tests;
