//! Console blocks of a Markdown file, played in a shell and compared with what they show.
//!
//! A line `$ …` is a command, `? 4` below it the exit code if it is not 0, the rest what a terminal
//! shows: answers and messages in their order. `[..]` stands for anything within a line, `...` alone on
//! a line for any lines. One shell plays all blocks of a file, in a folder with the seeds.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use docarchive::internals::types::time::Timestamp;

/// The day on which everything was added, in the texts.
const DAY_SHOWN: &str = "2026-11-23";
/// Where the home folder is, in the texts.
const HOME_SHOWN: &str = "/home/you";
/// Ends what each command printed.
const MARK: char = '\x1e';
const SEEDS: [&str; 4] = ["wire", "sites", "harbour", "letters"];

/// A fenced block: its first line in the file, its language, its lines.
pub struct Block {
    pub at: usize,
    pub language: String,
    pub lines: Vec<String>,
}

/// A command, and what the text says comes of it.
struct Step {
    at: usize,
    command: String,
    code: i32,
    shown: Vec<String>,
}

/// The fenced blocks of a Markdown file.
pub fn blocks(path: &Path) -> Vec<Block> {
    let text = fs::read_to_string(path).unwrap();
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_inside = false;
    for (n, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), is_inside) {
            (Some(language), false) => {
                blocks.push(Block { at: n + 1, language: language.into(), lines: Vec::new() });
                is_inside = true;
            }
            (Some(_), true) => is_inside = false,
            (None, true) => blocks.last_mut().unwrap().lines.push(line.to_owned()),
            (None, false) => {}
        }
    }
    blocks
}

/// Plays the console blocks of a file in order; returns where they say something else.
pub fn differences(path: &Path) -> Vec<String> {
    let steps: Vec<Step> = blocks(path)
        .iter()
        .filter(|block| block.language == "console")
        .flat_map(|block| steps(block, path))
        .collect();
    assert!(!steps.is_empty(), "{} shows no commands", path.display());
    let played = play(&steps);
    let name = path.file_name().unwrap().to_string_lossy();
    let differ = |(step, (code, found)): (&Step, &(i32, String))| {
        let shown: Vec<String> = step.shown.iter().map(|line| masked(line)).collect();
        let lines: Vec<String> = found.lines().map(masked).collect();
        let is_same = *code == step.code && fit(&shown, &lines);
        let (at, command) = (step.at, &step.command);
        (!is_same).then(|| format!("{name}:{at}: $ {command}\n? {code}\n{found}"))
    };
    steps.iter().zip(&played).filter_map(differ).collect()
}

fn steps(block: &Block, path: &Path) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (n, line) in block.lines.iter().enumerate() {
        let at = block.at + n + 1;
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { at, command: command.into(), code: 0, shown: Vec::new() });
            continue;
        }
        let step = steps.last_mut();
        let step = step.unwrap_or_else(|| panic!("{}:{at} follows no command", path.display()));
        match line.strip_prefix("? ") {
            Some(code) if step.shown.is_empty() => step.code = code.parse().unwrap(),
            _ => {
                let is_today = line.contains(&day_before(0)) && day_before(0) != DAY_SHOWN;
                assert!(!is_today, "{}:{at}: today is written {DAY_SHOWN}", path.display());
                step.shown.push(line.clone());
            }
        }
    }
    steps
}

/// Exit code and screen of each command.
fn play(steps: &[Step]) -> Vec<(i32, String)> {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().canonicalize().unwrap();
    let desk = home.join("desk");
    for name in SEEDS {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name), &desk.join(name));
    }
    let play = |step: &Step| format!("{}\nprintf '\\036%s\\036' $?\n", step.command);
    let script: String = steps.iter().map(play).collect();
    fs::write(home.join("script"), format!("exec 2>&1 </dev/null\n{script}")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_archive")).parent().unwrap();
    let others = env::var_os("PATH").unwrap();
    let path = env::join_paths([program.to_owned()].into_iter().chain(env::split_paths(&others)));
    let output = Command::new("bash")
        .arg(home.join("script"))
        .current_dir(&desk)
        .env_clear()
        .envs([("TZ", "UTC"), ("LC_ALL", "C.UTF-8"), ("USER", "you")])
        .env("PATH", path.unwrap())
        .env("HOME", &home)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let screen =
        String::from_utf8_lossy(&output.stdout).replace(home.to_str().unwrap(), HOME_SHOWN);
    let mut parts = screen.split(MARK);
    let mut played = Vec::new();
    while let (Some(text), Some(code)) = (parts.next(), parts.next()) {
        played.push((code.parse().unwrap(), text.to_owned()));
    }
    assert_eq!(played.len(), steps.len(), "{screen}");
    played
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        fs::copy(&from, to.join(from.file_name().unwrap())).unwrap();
    }
}

/// The line with a sign for what no two runs have in common.
///
/// Ids of 8 and 16 hex digits, the key of a vkey, and the time after today's date. Digests stay.
fn masked(line: &str) -> String {
    let mut line = line.to_owned();
    for day in [DAY_SHOWN.to_owned(), day_before(0), day_before(1)] {
        while let Some(at) = line.find(&day) {
            let rest = &line[at + day.len()..];
            let is_time = |c: char| c.is_ascii_digit() || "T:. ".contains(c);
            let time = rest.len() - rest.trim_start_matches(is_time).len();
            let time = rest[..time].trim_end().len();
            let end = at + day.len() + time;
            line.replace_range(at..end, "<time>");
        }
    }
    let mut masked = String::new();
    let mut rest = &line[..];
    while let Some(first) = rest.chars().next() {
        if masked.ends_with("+<id>+") {
            masked.push_str("<key>");
            rest =
                rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+/=".contains(c));
            continue;
        }
        let n_word = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(n_word.max(first.len_utf8()));
        let is_hex = word.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        masked.push_str(if is_hex && [8, 16].contains(&word.len()) { "<id>" } else { word });
        rest = after;
    }
    masked
}

fn day_before(n_days: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    Timestamp::from_unix(now - 86_400 * n_days, 0).to_string()[..10].to_owned()
}

/// Whether what is shown stands for what was found.
fn fit(shown: &[String], found: &[String]) -> bool {
    match (shown.split_first(), found.split_first()) {
        (None, None) => true,
        (Some((line, shown)), _) if line == "..." => {
            (0..=found.len()).any(|n| fit(shown, &found[n..]))
        }
        (Some((line, shown)), Some((other, found))) => line_fits(line, other) && fit(shown, found),
        _ => false,
    }
}

fn line_fits(shown: &str, found: &str) -> bool {
    let Some((head, rest)) = shown.split_once("[..]") else { return shown == found };
    let Some(found) = found.strip_prefix(head) else { return false };
    (0..=found.len()).filter(|n| found.is_char_boundary(*n)).any(|n| line_fits(rest, &found[n..]))
}

/// A file of this project.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
