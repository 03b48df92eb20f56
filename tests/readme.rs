//! What the README shows is what happens.
#![allow(clippy::unwrap_used)]

mod transcript;

use std::process::Command;

#[test]
fn every_console_block_shows_what_happens() {
    let differences = transcript::differences(&transcript::file("README.md"));
    assert!(differences.is_empty(), "found instead:\n{}", differences.join("\n"));
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
fn its_exit_codes_are_those_of_the_help() {
    let help = Command::new(env!("CARGO_BIN_EXE_archive")).arg("--help").output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    let readme = std::fs::read_to_string(transcript::file("README.md")).unwrap().replace('`', "");
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    assert_eq!(codes.lines().count(), 10);
    for (code, meaning) in codes.lines().map(|line| line.trim().split_once("  ").unwrap()) {
        assert!(readme.contains(&format!("| {code} | {meaning}")), "{code} {meaning}");
    }
}

#[test]
fn its_links_lead_somewhere() {
    for page in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = std::fs::read_to_string(transcript::file(page)).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap()) {
            let is_here =
                link.is_empty() || link.contains("://") || transcript::file(link).exists();
            assert!(is_here, "{page} links to {link}");
        }
    }
}
