//! The words of the command line. Each verb's own are in its file in `commands`; here is what holds for
//! all: reading them, flags for every verb, values that flags have, the shape of help.

pub mod globals;
pub mod help;
pub mod other_words;
pub mod values;

use std::ffi::{OsStr, OsString};

use clap::{Command, CommandFactory, FromArgMatches, Parser};

use super::{commands::Verb, print::terminal::Stream};
use globals::Globals;
use other_words::show_way;

/// Keeps documents: every version, small, findable, comparable and provably unaltered.
#[derive(Debug, Parser)]
#[command(name = "archive", bin_name = "archive", version, args_override_self = true)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub verb: Verb,
}

impl Cli {
    /// Reads a command line, program name included.
    ///
    /// Asking for help or the version is an `Err` too, as clap has it: `use_stderr` tells them apart.
    pub fn read(words: &[OsString]) -> Result<Self, clap::Error> {
        let mut command = Self::whole_command().color(clap_color(words));
        let words = with_hyphens(&command, words);
        let mut matches = command.try_get_matches_from_mut(words).map_err(show_way)?;
        let cli = Self::from_arg_matches_mut(&mut matches).map_err(|e| e.format(&mut command))?;
        cli.verb.check().map_err(|why| refuse(command, cli.verb.word(), why))?;
        Ok(cli)
    }

    /// The command with all its help texts, for parsing, completions and the manual.
    pub fn whole_command() -> Command {
        help::complete(Self::command())
    }
}

/// The words with `-draft` after the verbs that take such words spelled as clap can read them: it takes them for flags.
fn with_hyphens(command: &Command, words: &[OsString]) -> Vec<OsString> {
    let takes_them = |word: &OsString| word == "note" || word == "search";
    let is_note = words.iter().find(|word| takes_them(word)).is_some_and(|word| word == "note");
    // `note` has no flags of one letter but those of all verbs, so another one takes off a tag.
    let is_tag = |text: &str| {
        let mut letters = text.strip_prefix('-').unwrap_or_default().chars();
        let (letter, more) = (letters.next(), letters.next());
        let is_flag = |letter: char| {
            let flags = command.get_arguments().filter_map(clap::Arg::get_short);
            letter == '-' || flags.chain(['h', 'V']).any(|flag| flag == letter)
        };
        is_note && more.is_none() && letter.is_some_and(|letter| !is_flag(letter))
    };
    let Some(verb) = words.iter().position(takes_them) else { return words.to_vec() };
    let is_verb = words[..verb].iter().skip(1).all(|word| command.find_subcommand(word).is_none());
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let spelled = words.iter().enumerate().map(|(n, word)| match word.to_str() {
        Some(text) if is_verb && (verb..end).contains(&n) && (is_without(text) || is_tag(text)) => {
            OsString::from(format!("--without={text}"))
        }
        _ => word.clone(),
    });
    spelled.collect()
}

/// Whether a word takes something away: it has one hyphen, and more letters than a flag. A number behind a flag is none.
fn is_without(word: &str) -> bool {
    let is_limit = |rest: &str| rest.strip_prefix('n').is_some_and(|n| n.parse::<u64>().is_ok());
    word.strip_prefix('-')
        .is_some_and(|rest| !rest.starts_with('-') && rest.chars().count() > 1 && !is_limit(rest))
}

/// Whether errors about the words themselves should be JSON: they come before any parsed flag.
pub fn wants_json(words: &[OsString]) -> bool {
    flags(words).any(|word| word == "--json")
}

/// Whether help and errors about the words themselves are coloured on a stream.
pub fn is_coloured(words: &[OsString], stream: Stream) -> bool {
    match clap_color(words) {
        clap::ColorChoice::Always => true,
        clap::ColorChoice::Never => false,
        clap::ColorChoice::Auto => stream.is_terminal && !stream.plain,
    }
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
