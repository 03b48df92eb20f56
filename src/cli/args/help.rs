//! The shape of help: examples first, then options, then exit codes.

use clap::Command;

use crate::cli::exit::ExitCode;

const TEMPLATE: &str = "\
{about-with-newline}
{before-help}{usage-heading} {usage}

{all-args}{after-help}";

const PROGRAM_EXAMPLES: &[&str] = &[
    "archive add ~/letters                  # every file below, every version from now on",
    "archive log letters/mother.txt         # its revisions",
    "archive diff letters/mother.txt        # what the last one changed",
    "archive similar letters/mother.txt     # who shares text with it",
    "archive audit                          # is everything as it was added?",
];

/// What stands before the usage; a test reads each line as a command line.
pub fn examples(lines: &[&str]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("  {line}")).collect();
    format!("Examples:\n{}", lines.join("\n"))
}

/// Brings the help of the program and of each of its verbs into shape.
pub fn complete(program: Command) -> Command {
    shaped(program.before_help(examples(PROGRAM_EXAMPLES)))
        .mut_subcommands(|verb| with_acts(shaped(verb)))
}

/// The same of what a verb can do, with those of its examples that are about it.
fn with_acts(verb: Command) -> Command {
    let lines = verb.get_before_help().map(ToString::to_string).unwrap_or_default();
    let name = verb.get_name().to_owned();
    verb.mut_subcommands(|act| {
        let begin = format!("archive {name} {}", act.get_name());
        let own = lines.lines().map(str::trim).filter(|line| line.starts_with(&begin));
        let own = examples(&own.collect::<Vec<_>>());
        shaped(act).before_help(own)
    })
}

fn shaped(command: Command) -> Command {
    command.help_template(TEMPLATE).after_help(ExitCode::table())
}
