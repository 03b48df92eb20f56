//! Errors as people and programs read them: a sentence, a hint, an exit code.

use std::{io, path::Path};

use clap::error::ErrorKind;
use serde::Serialize;

use crate::{
    cli::{args::other_words::Way, exit::ExitCode},
    types::error::{Error, Refusal, TwoCheckpoints},
};

use super::terminal::{Paint, Style, shell_word, shown_json, shown_name};

/// An error, ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub code: ExitCode,
    /// A stable word for programs.
    pub kind: &'static str,
    /// The sentence: lower case, the thing first, no full stop.
    pub message: String,
    /// One command to try.
    pub hint: Option<String>,
    /// What the words could have meant.
    pub candidates: Vec<String>,
    /// The evidence of another history.
    pub checkpoints: Option<TwoCheckpoints>,
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    #[serde(rename = "type")]
    line_type: &'static str,
    code: u8,
    kind: &'static str,
    message: &'a str,
    hint: Option<&'a str>,
    candidates: &'a [String],
    checkpoints: Option<&'a TwoCheckpoints>,
}

impl Failure {
    /// Puts an error of a verb into words.
    pub fn of(error: &Error, verb: &str) -> Self {
        let (code, kind) = code_and_kind(error);
        let candidates = match error {
            Error::NotFound { candidates, .. } => candidates.clone(),
            _ => Vec::new(),
        };
        let checkpoints = match error {
            Error::OtherHistory { checkpoints, .. } => Some((**checkpoints).clone()),
            _ => None,
        };
        let (message, hint) = (error.to_string(), hint(error, verb));
        Self { code, kind, message, hint, candidates, checkpoints }
    }

    /// Puts what is wrong with the words of a command line into one sentence.
    pub fn of_usage(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let message = match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a verb is missing".to_owned(),
            _ => sentence_of(&text),
        };
        Self {
            code: ExitCode::Usage,
            kind: "usage",
            message,
            hint: Some(match Way::out_of(error) {
                Some(way) => format!("archive {} --help", way.verb()),
                None => help_for(&text),
            }),
            candidates: Vec::new(),
            checkpoints: None,
        }
    }

    /// The lines for stderr, each with its line end; nothing in them acts on a terminal.
    pub fn sentences(&self, paint: Paint) -> String {
        let label = |style, text| paint.paint(style, text);
        let mut lines =
            vec![format!("{} {}", label(Style::Removed, "error:"), safe(&self.message))];
        if self.candidates.len() > 1 {
            lines.extend(self.candidates.iter().map(|one| format!("  {}", safe(one))));
        }
        lines.extend(self.checkpoints.iter().flat_map(checkpoint_lines));
        lines.extend(self.hint.iter().map(|hint| format!("{} {hint}", label(Style::Dim, "hint:"))));
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The same as one line of JSON, without a line end.
    pub fn json(&self) -> String {
        let line = ErrorLine {
            line_type: "error",
            code: self.code.number(),
            kind: self.kind,
            message: &self.message,
            hint: self.hint.as_deref(),
            candidates: &self.candidates,
            checkpoints: self.checkpoints.as_ref(),
        };
        shown_json(&serde_json::to_string(&line).expect("strings and numbers always serialize"))
    }
}

/// Two checkpoints for people, line by line.
pub fn checkpoint_lines(checkpoints: &TwoCheckpoints) -> Vec<String> {
    let TwoCheckpoints { remembered, found } = checkpoints;
    [("remembered", remembered), ("found", found)]
        .into_iter()
        .flat_map(|(which, note)| {
            let lines = note.lines().map(|line| format!("  {}", safe(line)).trim_end().to_owned());
            [format!("checkpoint {which}:")].into_iter().chain(lines)
        })
        .collect()
}

/// Whether the reader of our output went away, as `archive ls | head` does; no error to speak of.
pub fn is_closed_pipe(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
}

/// What clap says before it shows the usage, on one line.
fn sentence_of(text: &str) -> String {
    let is_over = |line: &str| line.starts_with("Usage:") || line.starts_with("For more");
    let lines = text.lines().take_while(|line| !is_over(line));
    let sentence = lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    sentence.trim_start_matches("error: ").replace(" tip: ", "; ")
}

/// The help of the verb whose usage clap shows, or of the program.
fn help_for(text: &str) -> String {
    let usage = text.lines().find_map(|line| line.strip_prefix("Usage: archive "));
    let verb = usage.and_then(|usage| usage.split(' ').next());
    match verb.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase())) {
        Some(verb) => format!("archive {verb} --help"),
        None => "archive --help".to_owned(),
    }
}

fn safe(text: &str) -> String {
    shown_name(text.as_bytes())
}

/// A newer format or a missing key is not the fault of the words, so they are not `Usage`.
fn code_and_kind(error: &Error) -> (ExitCode, &'static str) {
    match error {
        Error::Refused(Refusal::Usage(_)) => (ExitCode::Usage, "usage"),
        Error::Refused(Refusal::NewerFormat { .. }) => (ExitCode::Failed, "newer-format"),
        Error::Refused(Refusal::NoSigningKey { .. }) => (ExitCode::Failed, "no-key"),
        Error::Refused(Refusal::WrongKey { .. } | Refusal::OpenKey { .. }) => {
            (ExitCode::Failed, "wrong-key")
        }
        Error::Refused(Refusal::ReadOnly { .. }) => (ExitCode::Failed, "read-only"),
        Error::NotFound { .. } => (ExitCode::NotFound, "not-found"),
        Error::Withdrawn { .. } => (ExitCode::NotFound, "withdrawn"),
        Error::NoArchive { .. } | Error::NoCopy { .. } => (ExitCode::NoArchive, "no-archive"),
        Error::Unfinished { cause: None, .. } => (ExitCode::Broken, "unfinished"),
        Error::Unfinished { cause: Some(cause), .. } => (code_and_kind(cause).0, "unfinished"),
        Error::Damaged { .. } => (ExitCode::Broken, "damaged"),
        Error::Untrusted { .. } => (ExitCode::Broken, "untrusted"),
        Error::OtherHistory { .. } => (ExitCode::Broken, "other-history"),
        Error::Catalog { .. } => (ExitCode::Failed, "catalog"),
        Error::FullText { .. } => (ExitCode::Failed, "full-text"),
        Error::Io { .. } => (ExitCode::Failed, "io"),
        Error::Busy { .. } => (ExitCode::Busy, "busy"),
        Error::Interrupted => (ExitCode::Interrupted, "interrupted"),
    }
}

fn hint(error: &Error, verb: &str) -> Option<String> {
    match error {
        Error::Refused(Refusal::Usage(_)) => Some(format!("archive {verb} --help")),
        Error::Refused(Refusal::NewerFormat { .. }) => Some("archive --version".to_owned()),
        Error::Refused(Refusal::NoSigningKey { key_id, .. } | Refusal::WrongKey { key_id, .. }) => {
            Some(format!("ARCHIVE_KEY=path/to/{key_id}.key archive {verb} …"))
        }
        Error::Refused(Refusal::OpenKey { file, .. }) => Some(format!("chmod 600 {}", word(file))),
        Error::Refused(Refusal::ReadOnly { location }) => {
            Some(format!("ls -ld {}", word(location)))
        }
        Error::NotFound { candidates, what } => Some(match &candidates[..] {
            // Events are listed elsewhere than documents.
            [] if what.starts_with("there is no event") => "archive log".to_owned(),
            [] => "archive ls".to_owned(),
            // One document is meant; it lacks the revision.
            [only] => format!("archive log {}", word(only)),
            [first, ..] => format!("archive show {}", word(first)),
        }),
        Error::Withdrawn { what, .. } => Some(format!("archive show {}", word(what))),
        Error::NoArchive { location } => Some(match may_become_an_archive(Path::new(location)) {
            true => format!("archive init {}", word(location)),
            false => format!("archive --store path/to/the/archive {verb} …"),
        }),
        Error::NoCopy { location } => Some(format!("archive copy --new {}", word(location))),
        Error::Unfinished { .. } => Some("archive withdraw --resume".to_owned()),
        // No part of the archive's content, which is named from its folder on.
        Error::Damaged { object, .. } if object.starts_with('/') => {
            Some(format!("ls -ld {}", word(object)))
        }
        // An audit that cannot even begin; the parts that it needs are in every copy.
        Error::Damaged { object, .. } if verb == "audit" && is_needed_to_open(object) => {
            Some("archive audit --store path/to/a/copy".to_owned())
        }
        Error::Damaged { .. } | Error::Untrusted { .. } | Error::OtherHistory { .. } => {
            (verb != "audit").then(|| "archive audit".to_owned())
        }
        Error::Catalog { .. } | Error::FullText { .. } => Some("archive rebuild".to_owned()),
        Error::Io { path, source, .. } => hint_for_io(path, source.kind()),
        Error::Busy { .. } => Some(format!("archive {verb} --wait 10m …")),
        Error::Interrupted => None,
    }
}

fn is_needed_to_open(object: &str) -> bool {
    matches!(object.split('/').next(), Some("identity" | "log"))
}

fn hint_for_io(path: &str, kind: io::ErrorKind) -> Option<String> {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            // What could not be written is not there, so its folder or the one above is asked about.
            Some(format!("df -h {}", nearest_there(Path::new(path).ancestors().skip(1))))
        }
        io::ErrorKind::PermissionDenied => {
            Some(format!("ls -ld {}", nearest_there(Path::new(path).ancestors())))
        }
        _ => None,
    }
}

/// The first of these that is there, as a word for the shell.
fn nearest_there<'a>(mut paths: impl Iterator<Item = &'a Path>) -> String {
    let there = paths.find(|path| path.symlink_metadata().is_ok());
    shell_word(there.unwrap_or(Path::new(".")).as_os_str().as_encoded_bytes())
}

/// Whether `archive init` makes one there: nothing is there, or an empty folder.
fn may_become_an_archive(location: &Path) -> bool {
    match std::fs::read_dir(location) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn word(text: &str) -> String {
    shell_word(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn refused(refusal: Refusal) -> Error {
        Error::Refused(refusal)
    }

    fn not_found(candidates: &[&str]) -> Error {
        let candidates = candidates.iter().map(|one| (*one).to_owned()).collect();
        Error::NotFound { what: "report.txt does not exist".into(), candidates }
    }

    fn io_error(kind: io::ErrorKind) -> Error {
        Error::io("write", "/a b", kind.into())
    }

    fn other_history() -> Error {
        let checkpoints =
            TwoCheckpoints { remembered: "o\n2\nr\n\n— o s\n".into(), found: "o\n1\n".into() };
        Error::OtherHistory { why: "x".into(), checkpoints: Box::new(checkpoints) }
    }

    #[test]
    fn two_checkpoints_are_printed_with_what_they_contradict() {
        let failure = Failure::of(&other_history(), "ls");
        assert_eq!(
            failure.sentences(Paint::plain()),
            "error: x\ncheckpoint remembered:\n  o\n  2\n  r\n\n  — o s\ncheckpoint found:\n  o\n  1\n\
             hint: archive audit\n"
        );
        let json = failure.json();
        assert!(
            json.ends_with(
                r#""checkpoints":{"remembered":"o\n2\nr\n\n— o s\n","found":"o\n1\n"}}"#
            )
        );
    }

    /// Those about keys.
    fn of_keys() -> Vec<(Error, u8, &'static str, Option<&'static str>)> {
        let key = || Refusal::NoSigningKey { origin: "o".into(), key_id: "c74f20a3".into() };
        vec![
            (refused(key()), 5, "no-key", Some("ARCHIVE_KEY=path/to/c74f20a3.key archive cat …")),
            (
                refused(Refusal::WrongKey {
                    file: "f".into(),
                    origin: "o".into(),
                    key_id: "c74f20a3".into(),
                    why: "x".into(),
                }),
                5,
                "wrong-key",
                Some("ARCHIVE_KEY=path/to/c74f20a3.key archive cat …"),
            ),
            (
                refused(Refusal::OpenKey {
                    file: "/a b".into(),
                    origin: "o".into(),
                    key_id: "c74f20a3".into(),
                }),
                5,
                "wrong-key",
                Some("chmod 600 '/a b'"),
            ),
        ]
    }

    /// One error of each kind, and more where hints differ, with code, kind and hint.
    fn every_kind() -> Vec<(Error, u8, &'static str, Option<&'static str>)> {
        let (what, location) = ("log".to_owned(), "/x y".to_owned());
        let mut every = of_keys();
        every.extend([
            (Error::usage("x"), 2, "usage", Some("archive cat --help")),
            (
                refused(Refusal::NewerFormat { what, found: 2, known: 1 }),
                5,
                "newer-format",
                Some("archive --version"),
            ),
            (
                refused(Refusal::ReadOnly { location: location.clone() }),
                5,
                "read-only",
                Some("ls -ld '/x y'"),
            ),
            (not_found(&[]), 4, "not-found", Some("archive ls")),
            (
                Error::NotFound { what: "there is no event 9".into(), candidates: Vec::new() },
                4,
                "not-found",
                Some("archive log"),
            ),
            (not_found(&["a/r"]), 4, "not-found", Some("archive log a/r")),
            (not_found(&["a/r", "b/r"]), 4, "not-found", Some("archive show a/r")),
            (
                Error::NoCopy { location: "/x y".into() },
                10,
                "no-archive",
                Some("archive copy --new '/x y'"),
            ),
            (
                Error::Withdrawn {
                    what: "a@1".into(),
                    event: 3,
                    at: "x".into(),
                    reason: "legal".into(),
                },
                4,
                "withdrawn",
                Some("archive show a@1"),
            ),
            (
                Error::Unfinished { what: "x".into(), cause: None },
                6,
                "unfinished",
                Some("archive withdraw --resume"),
            ),
            (Error::NoArchive { location }, 10, "no-archive", Some("archive init '/x y'")),
            (Error::damaged("pack", "x"), 6, "damaged", Some("archive audit")),
            (Error::damaged("/a b/lock", "x"), 6, "damaged", Some("ls -ld '/a b/lock'")),
            (Error::Untrusted { why: "x".into() }, 6, "untrusted", Some("archive audit")),
            (other_history(), 6, "other-history", Some("archive audit")),
            (Error::Catalog { why: "x".into() }, 5, "catalog", Some("archive rebuild")),
            (Error::FullText { why: "x".into() }, 5, "full-text", Some("archive rebuild")),
            (io_error(io::ErrorKind::Other), 5, "io", None),
            (io_error(io::ErrorKind::StorageFull), 5, "io", Some("df -h /")),
            (io_error(io::ErrorKind::PermissionDenied), 5, "io", Some("ls -ld /")),
            (Error::Busy { who: "x".into() }, 11, "busy", Some("archive cat --wait 10m …")),
            (Error::Interrupted, 130, "interrupted", None),
        ]);
        every
    }

    #[test]
    fn every_error_has_its_code_kind_and_hint() {
        for (error, code, kind, hint) in every_kind() {
            let failure = Failure::of(&error, "cat");
            assert_eq!((failure.code.number(), failure.kind), (code, kind), "{error}");
            assert_eq!(failure.hint.as_deref(), hint, "{error}");
        }
    }

    #[test]
    fn what_ended_a_withdrawal_gives_the_code() {
        let full = Box::new(io_error(io::ErrorKind::StorageFull));
        let what = "the withdrawal is recorded by event 7, and not finished".to_owned();
        let failure = Failure::of(&Error::Unfinished { what, cause: Some(full) }, "withdraw");
        assert_eq!((failure.code.number(), failure.kind), (5, "unfinished"));
        let said = failure.sentences(Paint::plain());
        assert!(said.contains("event 7, and not finished: cannot write /a b: "), "{said}");
        assert!(said.ends_with("hint: archive withdraw --resume\n"), "{said}");
    }

    #[test]
    fn the_page_names_every_kind_with_its_code() {
        let page = include_str!("../../../docs/json.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
        let named: BTreeMap<&str, u8> = rows
            .filter_map(|(kind, rest)| Some((kind, rest.split(' ').next()?.parse().ok()?)))
            .collect();
        let met = every_kind().into_iter().map(|(error, ..)| {
            let failure = Failure::of(&error, "cat");
            (failure.kind, failure.code.number())
        });
        assert_eq!(met.collect::<BTreeMap<_, _>>(), named);
    }

    #[test]
    fn a_failure_is_a_sentence_its_candidates_and_a_hint() {
        let failure = Failure::of(&not_found(&["a/report.txt", "b/\u{202e}\x1b"]), "cat");
        assert_eq!(
            failure.sentences(Paint::plain()),
            "error: report.txt does not exist\n  a/report.txt\n  b/\\u{202e}\\x1b\n\
             hint: archive show a/report.txt\n"
        );
    }

    #[test]
    fn a_failure_in_json_is_one_object_with_every_field() {
        let json = Failure::of(&Error::damaged("x\u{9b}", "y\nz"), "audit").json();
        assert_eq!(
            json,
            r#"{"type":"error","code":6,"kind":"damaged","#.to_owned()
                + r#""message":"x\u009b is damaged: y\nz","hint":null,"candidates":[],"checkpoints":null}"#
        );
    }

    #[test]
    fn a_closed_pipe_is_told_from_other_trouble() {
        assert!(is_closed_pipe(&io_error(io::ErrorKind::BrokenPipe)));
        assert!(!is_closed_pipe(&io_error(io::ErrorKind::StorageFull)));
    }
}
