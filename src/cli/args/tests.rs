use super::*;
use crate::cli::exit::ExitCode;
use crate::cli::print::failure::Failure;
use crate::cli::print::terminal::ColorChoice;
use clap::error::ErrorKind;
use std::{os::unix::ffi::OsStrExt, path::PathBuf, time::Duration};

fn read(line: &str) -> Result<Cli, clap::Error> {
    let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    Cli::read(&words)
}

fn refusal(line: &str) -> String {
    match read(line) {
        Err(error) => {
            assert_eq!(error.exit_code(), 2, "{line}");
            error.to_string()
        }
        Ok(cli) => panic!("{line}: {cli:?}"),
    }
}

fn help(verb: &str) -> String {
    let error = read(&format!("archive {verb} --help")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DisplayHelp);
    assert!(!error.use_stderr());
    error.to_string()
}

#[test]
fn the_grammar_is_sound() {
    Cli::whole_command().debug_assert();
}

#[test]
fn every_help_has_examples_then_options_then_exit_codes() {
    for verb in Cli::whole_command().get_subcommands() {
        let help = help(verb.get_name());
        let at = |word: &str| help.find(word).unwrap_or_else(|| panic!("{word} in {help}"));
        let order =
            [at("Examples:\n  archive "), at("Usage: archive "), at("Options"), at("Exit codes:")];
        assert!(order.is_sorted(), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        assert!(help.trim_end().ends_with(ExitCode::table().trim_end()), "{help}");
    }
    assert!(refusal("archive").contains("Exit codes:"));
}

// README promises examples and exit codes for each verb; `archive key show --help` had neither.
#[test]
fn every_act_of_a_verb_has_such_a_help_too() {
    let mut n_acts = 0;
    for verb in Cli::whole_command().get_subcommands() {
        for act in verb.get_subcommands() {
            let words = format!("{} {}", verb.get_name(), act.get_name());
            let help = help(&words);
            assert!(help.contains(&format!("Examples:\n  archive {words}")), "{help}");
            assert!(help.trim_end().ends_with(ExitCode::table().trim_end()), "{help}");
            n_acts += 1;
        }
    }
    assert!(n_acts >= 7, "{n_acts}");
}

#[test]
fn every_example_is_a_command_line_that_works() {
    let program = Cli::whole_command();
    let helps = program.get_subcommands().chain([&program]).map(|it| it.get_before_help().unwrap());
    let examples: Vec<String> = helps.map(ToString::to_string).collect();
    let examples = examples.iter().flat_map(|help| help.lines());
    let mut n_read = 0;
    for line in examples.map(|line| line.split('#').next().unwrap().trim()) {
        for command in line.split(" | ").filter(|command| command.starts_with("archive ")) {
            let command = command.split(['<', '>']).next().unwrap().trim();
            assert!(read(&command.replace('\'', "")).is_ok(), "{command}");
            n_read += 1;
        }
    }
    assert!(n_read > Cli::whole_command().get_subcommands().count());
}

#[test]
fn flags_for_every_verb_stand_before_or_after_it() {
    for line in [
        "archive --store /x --catalog /c --json -v --wait 10m --color never ls",
        "archive ls --store /x --catalog /c --json -v --wait 10m --color=never",
    ] {
        let globals = read(line).unwrap().globals;
        assert_eq!(globals.store, Some("/x".into()));
        assert_eq!(globals.catalog, Some("/c".into()));
        assert!(globals.json && globals.verbose && !globals.quiet);
        assert_eq!(globals.wait, Some(Duration::from_secs(600)));
        assert_eq!(globals.color, ColorChoice::Never);
    }
    assert!(refusal("archive -q -v ls").contains("cannot be used with"));
}

#[test]
fn the_last_of_two_equal_flags_counts_and_lists_grow() {
    let cli = read("archive add a b -e x -e y --max-size 1k --max-size 2k").unwrap();
    let Verb::Add(add) = cli.verb else { panic!() };
    assert_eq!((add.paths.len(), add.exclude.len(), add.max_size), (2, 2, Some(2000)));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (line, why) in [
        ("archive add", "PATH"),
        ("archive add -", "--as NAME"),
        ("archive add - a --as x", "stands alone"),
        ("archive add a b --as x", "--prefix"),
        ("archive add a --files-from list", "cannot be used with"),
        ("archive add --files-from list --as x", "cannot be used with"),
        ("archive add a -0", "--files-from"),
        ("archive add a --max-size ten", "MiB"),
        ("archive add a -e [", "gitignore"),
        ("archive add a --captured soon", "or mtime"),
        ("archive add a --as ..", "has no .. in it"),
        ("archive init x --store y", "cannot be used with"),
        ("archive init --origin a+b", "example.com/desk"),
        ("archive ls --wait 10", "30s, 10m or 2h"),
        ("archive dups --exact --near", "cannot be used with"),
        ("archive dups --exact --min 0.5", "cannot be used with"),
        ("archive similar x --min 80", "80%"),
        ("archive export", "--output"),
        ("archive export -o x --at soon", "2026-11"),
        ("archive completions tcsh", "fish"),
        ("archive lss", "similar"),
    ] {
        let refusal = refusal(line);
        assert!(refusal.contains(why), "{line}: {refusal}");
    }
}

#[test]
fn a_diff_may_name_its_context() {
    for (line, unified, context) in [
        ("archive diff a", None, None),
        ("archive diff -u a b", Some(3), None),
        ("archive diff --unified=0 a @2", Some(0), None),
        ("archive diff -u -U 5 a", Some(3), Some(5)),
        ("archive diff -U5 a", None, Some(5)),
    ] {
        let Verb::Diff(diff) = read(line).unwrap().verb else { panic!() };
        assert_eq!((diff.unified, diff.context), (unified, context), "{line}");
    }
}

#[test]
fn words_need_not_be_utf_8() {
    let odd = OsStr::from_bytes(b"caf\xe9@2").to_owned();
    let words = |verb: &str| ["archive".into(), verb.into(), odd.clone()];
    let Verb::Cat(cat) = Cli::read(&words("cat")).unwrap().verb else { panic!() };
    assert_eq!(cat.doc, odd);
    let Verb::Add(add) = Cli::read(&words("add")).unwrap().verb else { panic!() };
    assert_eq!(add.paths, [PathBuf::from(odd)]);
}

#[test]
fn flags_about_errors_are_seen_before_parsing() {
    let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
    assert!(wants_json(&words("archive nonsense --json")));
    assert!(!wants_json(&words("archive cat -- --json")));
    for (line, choice) in [
        ("archive ls", clap::ColorChoice::Auto),
        ("archive --color always ls", clap::ColorChoice::Always),
        ("archive ls --color=never", clap::ColorChoice::Never),
        ("archive ls --color", clap::ColorChoice::Auto),
        ("archive cat -- --color=never", clap::ColorChoice::Auto),
    ] {
        assert_eq!(clap_color(&words(line)), choice, "{line}");
    }
}

#[test]
fn a_usage_error_becomes_one_sentence_and_the_help_to_read() {
    for (line, message, hint) in [
        (
            "archive export",
            "the following required arguments were not provided: --output <DIR>",
            "archive export --help",
        ),
        (
            "archive ls --wait 10",
            "invalid value '10' for '--wait <DURATION>': write 30s, 10m or 2h",
            "archive --help",
        ),
        (
            "archive lss",
            "unrecognized subcommand 'lss'; a similar subcommand exists: 'ls'",
            "archive --help",
        ),
        (
            "archive restore x",
            "unrecognized subcommand 'restore'; 'archive export' writes documents back as files",
            "archive export --help",
        ),
        (
            "archive log --at 2026-03-01",
            "unexpected argument '--at' found; 'archive export --at' writes documents as they were at a \
             time, 'archive cat DOC@2026-03-01' one of them",
            "archive export --help",
        ),
        (
            "archive export -o -",
            "files go into a folder; archive cat DOC writes one to standard output",
            "archive export --help",
        ),
        ("archive add -", "standard input needs a name: --as NAME", "archive add --help"),
        ("archive", "a verb is missing", "archive --help"),
    ] {
        let failure = Failure::of_usage(&read(line).unwrap_err());
        assert_eq!(failure.code, ExitCode::Usage);
        assert_eq!((&*failure.message, failure.hint.as_deref()), (message, Some(hint)));
    }
}
