//! `archive demo`: the main job on a small archive made for the purpose, gone afterwards.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
    process::{Command, Stdio},
};

use clap::Args;
use serde::Serialize;

use crate::{
    cli::{
        args::help::examples,
        exit::ExitCode,
        interrupt::is_interrupted,
        print::{json::typed, terminal::Style},
        session::Session,
    },
    types::error::Error,
};

const EXAMPLES: &[&str] = &["archive demo                           # nothing of yours is touched"];

/// Try everything out on a small archive made for the purpose
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct DemoArgs {}

/// The documents of the demonstration, as they lie in `seeds/`.
const SEEDS: [(&str, &[u8]); 10] = [
    ("wire/harbour-1.txt", include_bytes!("../../../seeds/wire/harbour-1.txt")),
    ("wire/harbour-2.txt", include_bytes!("../../../seeds/wire/harbour-2.txt")),
    ("wire/harbour-3.txt", include_bytes!("../../../seeds/wire/harbour-3.txt")),
    ("wire/bells.txt", include_bytes!("../../../seeds/wire/bells.txt")),
    ("wire/wool.txt", include_bytes!("../../../seeds/wire/wool.txt")),
    ("sites/morning-brief.txt", include_bytes!("../../../seeds/sites/morning-brief.txt")),
    ("sites/skerl-courier.txt", include_bytes!("../../../seeds/sites/skerl-courier.txt")),
    ("harbour/notice-7.html", include_bytes!("../../../seeds/harbour/notice-7.html")),
    ("letters/divers-report.de.txt", include_bytes!("../../../seeds/letters/divers-report.de.txt")),
    ("letters/sister.ru.txt", include_bytes!("../../../seeds/letters/sister.ru.txt")),
];

/// What is shown, and in which words it is announced.
const STEPS: [(&str, &[&str]); 11] = [
    ("A new archive. Its key lies outside it.", &["init"]),
    (
        "A wire story, as a news site showed it.",
        &[
            "add",
            "wire/harbour-1.txt",
            "--as",
            "wire/harbour.txt",
            "--source",
            "https://wire.example/4711",
        ],
    ),
    (
        "The same page an hour later: a next revision of the same document.",
        &[
            "add",
            "wire/harbour-2.txt",
            "--as",
            "wire/harbour.txt",
            "--source",
            "https://wire.example/4711",
        ],
    ),
    (
        "And once more in the evening.",
        &[
            "add",
            "wire/harbour-3.txt",
            "--as",
            "wire/harbour.txt",
            "--source",
            "https://wire.example/4711",
        ],
    ),
    (
        "What other sites made of it, and some documents that have nothing to do with it.",
        &["add", "wire/bells.txt", "wire/wool.txt", "sites", "harbour", "letters"],
    ),
    ("Everything, with the number of revisions.", &["ls", "--long"]),
    ("The history of the story.", &["log", "harbour.txt"]),
    ("What the agency changed in the evening.", &["diff", "harbour.txt"]),
    ("Who printed the story.", &["similar", "harbour.txt"]),
    ("Whether every byte and every signature is what it was.", &["audit"]),
    ("What it costs to keep all that.", &["stats"]),
];

#[derive(Serialize)]
struct DemoLine {
    steps: Vec<DemoStep>,
}

#[derive(Serialize)]
struct DemoStep {
    command: String,
    output: String,
}

/// Shows the main job; leaves nothing behind.
pub fn run(session: &mut Session, _: &DemoArgs) -> Result<ExitCode, Error> {
    let folder = tempfile::tempdir().map_err(|e| Error::io("make", "a temporary folder", e))?;
    lay_out(folder.path())?;
    let mut steps = Vec::new();
    for (caption, words) in STEPS {
        // The folder goes with this function.
        if is_interrupted() {
            return Err(Error::Interrupted);
        }
        let (is_done, text) = run_step(session, folder.path(), words)?;
        let command = format!("archive {}", words.join(" "));
        if !is_done {
            return Err(Error::damaged(command, text));
        }
        if session.globals.json {
            steps.push(DemoStep { command, output: text });
        } else {
            print_step(session, caption, &command, &text)?;
        }
    }
    if session.globals.json {
        session.out.json(&typed("demo", DemoLine { steps }))?;
    } else {
        session.out.line("That was the main job, on a temporary archive that is gone now.")?;
        session.out.line("Begin your own with: archive init my.archive")?;
    }
    Ok(ExitCode::Done)
}

fn lay_out(folder: &Path) -> Result<(), Error> {
    for (name, bytes) in SEEDS {
        let path = folder.join("documents").join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, bytes))
            .map_err(|source| Error::io("write", path.display().to_string(), source))?;
    }
    Ok(())
}

/// Runs one command: whether it was done, and messages and answers in the order a terminal shows them.
fn run_step(session: &Session, folder: &Path, words: &[&str]) -> Result<(bool, String), Error> {
    let failed = |source| Error::io("run", "this program", source);
    let mut command = command(session, folder, words).map_err(failed)?;
    let (mut shown, screen) = io::pipe().map_err(failed)?;
    command.stdin(Stdio::null()).stdout(screen.try_clone().map_err(failed)?).stderr(screen);
    let mut child = command.spawn().map_err(failed)?;
    // The command holds the writing ends; with it they close, and reading comes to an end.
    drop(command);
    let mut text = Vec::new();
    shown.read_to_end(&mut text).map_err(failed)?;
    let status = child.wait().map_err(failed)?;
    Ok((status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// This program with everything it remembers inside the temporary folder.
fn command(session: &Session, folder: &Path, words: &[&str]) -> io::Result<Command> {
    let program = std::env::current_exe()?;
    let color = if session.out.paint(Style::Strong, "x") == "x" { "never" } else { "always" };
    let mut command = Command::new(program);
    command
        .args(words)
        .arg("--color")
        .arg(color)
        .current_dir(folder.join("documents"))
        .env_remove("ARCHIVE_KEY")
        .env("ARCHIVE_STORE", folder.join("my.archive"))
        .env("HOME", folder.join("home"))
        .env("XDG_CONFIG_HOME", folder.join("home/config"))
        .env("XDG_STATE_HOME", folder.join("home/state"));
    Ok(command)
}

fn print_step(
    session: &mut Session,
    caption: &str,
    command: &str,
    text: &str,
) -> Result<(), Error> {
    let caption = session.out.paint(Style::Strong, caption);
    let prompt = session.out.paint(Style::Dim, "$");
    session.out.line(&format!("{caption}\n{prompt} {command}"))?;
    session.out.text(text)?;
    session.out.line("")
}
