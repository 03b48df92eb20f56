//! Help: examples first, then options, then exit codes.

use clap::Command;

use crate::cli::exit::ExitCode;

const TEMPLATE: &str = "\
{about-with-newline}
{before-help}{usage-heading} {usage}

{all-args}{after-help}";

/// Gives the program and each of its verbs examples, and the table of exit codes.
pub(super) fn add_to(command: Command) -> Command {
    let command = dress(command, TOP);
    command.mut_subcommands(|verb| {
        let examples = EXAMPLES.iter().find(|(word, _)| *word == verb.get_name());
        let examples = examples.map_or("", |(_, examples)| examples);
        dress(verb, examples)
    })
}

fn dress(command: Command, examples: &'static str) -> Command {
    command
        .help_template(TEMPLATE)
        .before_help(format!("Examples:\n{examples}"))
        .after_help(ExitCode::table())
}

const TOP: &str = "  \
  archive add ~/letters                  # every file below, every version from now on
  archive log letters/mother.txt         # its revisions
  archive diff letters/mother.txt        # what the last one changed
  archive similar letters/mother.txt     # who shares text with it
  archive audit                          # is everything as it was taken in?";

/// The examples of each verb; a test reads every one of them as a command line.
pub(super) const EXAMPLES: [(&str, &str); 17] = [
    (
        "init",
        "  \
  archive init                           # where --store or the configuration says
  archive init /srv/desk.archive --origin example.com/desk",
    ),
    (
        "add",
        "  \
  archive add report.txt letters/        # a file and a folder
  archive add . -e '*.tmp' --gitignore   # without some of it
  archive add -n /srv/wiki               # what would happen?
  archive add - --as terms.html --source https://example.com/terms < page
  find . -name '*.md' -print0 | archive add --files-from - -0",
    ),
    (
        "ls",
        "  \
  archive ls                             # all names
  archive ls letters                     # what lies below that folder
  archive ls -l 'letters/*.txt'          # with revisions, sizes and times",
    ),
    (
        "log",
        "  \
  archive log report.txt                 # the revisions of one document
  archive log -n 20                      # the latest events of all",
    ),
    (
        "show",
        "  \
  archive show report.txt                # the latest revision
  archive show report.txt@2026-03-01     # as it was on that day",
    ),
    (
        "cat",
        "  \
  archive cat report.txt
  archive cat report.txt@2 | sha256sum   # the digest that show prints",
    ),
    (
        "diff",
        "  \
  archive diff report.txt                # the latest against the one before
  archive diff report.txt@1 @3
  archive diff -u report.txt@1 @2 | patch report.txt
  archive diff --exit-code draft.txt final.txt",
    ),
    (
        "similar",
        "  \
  archive similar report.txt
  archive similar --min 50% ~/Downloads/unknown.html
  pbpaste | archive similar -",
    ),
    (
        "dups",
        "  \
  archive dups                           # exact and near, in the whole archive
  archive dups stories/2026 --near --min 0.9",
    ),
    (
        "audit",
        "  \
  archive audit                          # everything; as long as reading it takes
  archive audit --quick --expect checkpoint-from-last-year
  archive audit letters/mother.txt",
    ),
    (
        "export",
        "  \
  archive export --output restored       # the latest revision of everything
  archive export letters -o restored --at 2026-03-01
  archive export -n --overwrite -o .",
    ),
    (
        "compact",
        "  \
  archive compact                        # put small packs together, once there are many
  archive compact -n                     # how many would that be?
  archive compact --all                  # compress everything again: smaller, but slow
  archive compact --level 19             # as small as can be, and slowest",
    ),
    (
        "rebuild",
        "  \
  archive rebuild                        # after the catalog was lost or is in doubt",
    ),
    (
        "stats",
        "  \
  archive stats                          # the whole archive; reads the headers of all packs
  archive stats report.txt               # how each of its revisions is kept
  archive stats report.txt@3             # one of them, and every base below it",
    ),
    (
        "demo",
        "  \
  archive demo                           # nothing of yours is touched",
    ),
    (
        "completions",
        "  \
  archive completions bash > ~/.local/share/bash-completion/completions/archive
  archive completions zsh",
    ),
    (
        "man",
        "  \
  archive man | man -l -",
    ),
];
