//! What the README and the tour show is what happens.

use std::process::Command;

use crate::transcript;

/// The pages whose links lead somewhere.
const LINKING: [&str; 6] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/tour.md",
    "docs/glossary.md",
];
const README_LINES_MAX: usize = 120;

/// Plays the console blocks of a page, in a sandbox of its own.
#[track_caller]
fn shows_what_happens(page: &str) {
    let differences = transcript::differences(&transcript::file(page));
    assert!(differences.is_empty(), "found instead:\n{}", differences.join("\n"));
}

#[test]
fn every_console_block_of_the_readme_shows_what_happens() {
    shows_what_happens("README.md");
}

#[test]
fn every_console_block_of_the_tour_shows_what_happens() {
    shows_what_happens("docs/tour.md");
}

#[test]
fn the_readme_is_short() {
    let n_lines = std::fs::read_to_string(transcript::file("README.md")).unwrap().lines().count();
    assert!(n_lines <= README_LINES_MAX, "{n_lines} lines");
}

#[test]
fn two_commands_do_all_the_set_up() {
    let blocks = transcript::blocks(&transcript::file("README.md"));
    let mut others = blocks.iter().filter(|block| block.language != "console");
    let set_up = others.next().unwrap();
    assert_eq!(set_up.language, "sh");
    let commands = set_up.lines.iter().map(|line| line.split('#').next().unwrap().trim());
    assert_eq!(commands.collect::<Vec<_>>(), ["cargo run --release -- demo", "./check"]);
    assert!(transcript::file("check").exists());
    assert!(others.all(|block| block.language == "text"), "a block that no test plays");
    let tour = transcript::blocks(&transcript::file("docs/tour.md"));
    let is_played = |block: &transcript::Block| ["console", "text"].contains(&&block.language[..]);
    assert!(tour.iter().all(is_played), "a block that no test plays");
}

#[test]
fn the_demo_runs_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_archive"))
        .arg("demo")
        .env_clear()
        .env("HOME", folder.path())
        .env("TMPDIR", folder.path())
        .current_dir(&folder)
        .output()
        .unwrap();
    let screen = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{screen}");
    assert!(screen.contains("all is well") && screen.contains("gone now"), "{screen}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn the_exit_codes_of_the_tour_are_those_of_the_help() {
    let help = Command::new(env!("CARGO_BIN_EXE_archive")).arg("--help").output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    let tour = std::fs::read_to_string(transcript::file("docs/tour.md")).unwrap().replace('`', "");
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    assert_eq!(codes.lines().count(), 10);
    for (code, meaning) in codes.lines().map(|line| line.trim().split_once("  ").unwrap()) {
        assert!(tour.contains(&format!("| {code} | {meaning}")), "{code} {meaning}");
    }
}

#[test]
fn links_lead_somewhere() {
    for page in LINKING {
        let page = transcript::file(page);
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap()) {
            let there = page.parent().unwrap().join(link);
            let is_here = link.is_empty() || link.contains("://") || there.exists();
            assert!(is_here, "{} links to {link}", page.display());
        }
    }
}
