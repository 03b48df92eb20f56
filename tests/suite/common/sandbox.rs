//! The program itself, in a home of its own: nothing comes in from the tester's environment.
#![allow(clippy::wrong_self_convention)]

use std::{
    ffi::OsStr,
    fs,
    io::{self, Write},
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Far longer than anything takes; only a test that fails gets there.
const PATIENCE: Duration = Duration::from_secs(300);

/// A folder with a home, a place to work in, and an archive once something is added.
pub struct Sandbox {
    folder: tempfile::TempDir,
}

/// What came of a command.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: String,
}

impl Sandbox {
    /// A home and an empty folder to work in, but no archive.
    pub fn bare() -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["home", "work"] {
            fs::create_dir(sandbox.folder.path().join(folder)).unwrap();
        }
        sandbox
    }

    /// The same with an empty archive that every command finds.
    pub fn new() -> Self {
        let sandbox = Self::bare();
        sandbox.run(["init", "-q"]).expect(0);
        sandbox
    }

    /// The same with two files of one text in it, one of them changed since.
    pub fn with_two_revisions() -> Self {
        let sandbox = Self::new();
        let text = "The quick brown fox jumps over the lazy dog again and again.\n".repeat(9);
        sandbox.write("d/a.txt", &text);
        sandbox.write("d/b.txt", &text);
        sandbox.run(["add", "-q", "d"]).expect(0);
        sandbox.write("d/a.txt", text + "One more line.\n");
        sandbox.run(["add", "-q", "d"]).expect(0);
        sandbox
    }

    /// A path in the folder that commands work in.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join("work").join(path)
    }

    /// The folder of the archive.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// The home of whoever runs the commands.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// A command of ours that has not started.
    pub fn command<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Command {
        let mut command = self.other(program());
        command.args(words);
        command
    }

    /// Some other command in the same surroundings.
    pub fn other(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("USER", "tester")
            .env("ARCHIVE_STORE", self.store())
            .current_dir(self.at(""))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command of ours to its end.
    pub fn run<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Ran {
        Ran::of(&mut self.command(words))
    }

    /// The same with these bytes on standard input.
    pub fn feed<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>, bytes: &[u8]) -> Ran {
        let mut child = start(self.command(words).stdin(Stdio::piped()));
        let mut stdin = child.stdin.take().unwrap();
        // Who does not want to read it all is free to stop.
        let _ = stdin.write_all(bytes);
        drop(stdin);
        Ran::at_end(child)
    }

    /// Runs lines of shell as the owner of a mount namespace; `None`, and a line of output, where nobody
    /// may.
    ///
    /// In them `archive` runs the program and then prints its verb, its exit code and its messages.
    pub fn in_namespace(&self, lines: &str) -> Option<String> {
        let Some(flags) = ["-m", "-rm"].into_iter().find(|flags| may_mount(flags)) else {
            skip("nobody here may mount a file system");
            return None;
        };
        let script = format!(
            "set -u\narchive() {{\n  {:?} \"$@\" 2>{:?}\n  echo \"[$1: $?]\"\n  cat {1:?}\n}}\n{lines}",
            program(),
            self.home().join("messages"),
        );
        let ran = Ran::of(self.other("unshare").args([flags, "sh", "-c", &script]));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(ran.err, "", "{ran:?}");
        Some(ran.text())
    }

    /// Lets somebody else in, who then gets a home and a place to work in; for tests run by root.
    pub fn open_to_all(&self) {
        for folder in [self.folder.path().to_owned(), self.home(), self.at("")] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
        }
    }

    /// A command of ours run by somebody who is not root; `None`, and a line of output, where that is
    /// not possible.
    pub fn as_nobody<W: AsRef<OsStr>>(
        &self,
        words: impl IntoIterator<Item = W>,
    ) -> Option<Command> {
        if !is_root() {
            return Some(self.command(words));
        }
        let drop = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        let may = self.other("setpriv").args(drop).arg(program()).arg("--version").output();
        if !may.is_ok_and(|output| output.status.success()) {
            skip("root reads everything, and cannot become somebody else here");
            return None;
        }
        let mut command = self.other("setpriv");
        command.args(drop).arg(program()).args(words);
        Some(command)
    }

    /// The lines of JSON that a command answers with.
    pub fn json<W: AsRef<OsStr>>(
        &self,
        words: impl IntoIterator<Item = W>,
    ) -> Vec<serde_json::Value> {
        let mut command = self.command(words);
        lines_of(&Ran::of(command.arg("--json")).out)
    }

    /// Everything below a folder: each path with its bytes, of a link its target.
    pub fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut all = Vec::new();
        gather(folder, Path::new(""), &mut all);
        all.sort();
        all
    }
}

impl Ran {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        command.output().unwrap().into()
    }

    /// Waits for a command that was started.
    pub fn at_end(child: Child) -> Self {
        child.wait_with_output().unwrap().into()
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }

    /// The exit code must be this one.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.err, String::from_utf8_lossy(&self.out));
        self
    }

    /// Standard error must contain this.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words), "no {words:?} in:\n{}", self.err);
        self
    }

    /// There must be no messages at all.
    #[track_caller]
    pub fn expect_quiet(self) -> Self {
        assert_eq!(self.err, "");
        self
    }

    /// Standard output must be this.
    #[track_caller]
    pub fn answers(self, bytes: impl AsRef<[u8]>) -> Self {
        let (out, bytes) = (String::from_utf8_lossy(&self.out), bytes.as_ref());
        assert_eq!(out, String::from_utf8_lossy(bytes), "{}", self.err);
        assert_eq!(self.out, bytes);
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        Self { code: output.status.code(), out: output.stdout, err }
    }
}

/// The program under test; there is none for a benchmark, which shares this file.
pub fn program() -> &'static str {
    option_env!("CARGO_BIN_EXE_archive").unwrap_or("archive")
}

/// Starts a command whose output is ours to read.
pub fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Lines of JSON.
pub fn lines_of(bytes: &[u8]) -> Vec<serde_json::Value> {
    let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// Tries again and again until something holds.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}

/// Says that a test was passed over; the test harness does not hold this back.
pub fn skip(why: &str) {
    let _ = writeln!(io::stderr(), "skipped: {why}");
}

/// Sends a signal to a process of ours.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Whether the long form of a test is asked for.
pub fn is_slow() -> bool {
    std::env::var_os("ARCHIVE_SLOW").is_some()
}

/// Bytes as a word of a command line or a path.
pub fn os(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout == b"0\n")
}

fn may_mount(flags: &str) -> bool {
    let mount = "d=$(mktemp -d) && mount -t tmpfs none $d && umount $d && rmdir $d";
    let output = Command::new("unshare").args([flags, "sh", "-c", mount]).output();
    output.is_ok_and(|output| output.status.success())
}

fn gather(folder: &Path, below: &Path, all: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder.join(below)).unwrap() {
        let entry = entry.unwrap();
        let below = below.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            gather(folder, &below, all);
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path()).unwrap();
            all.push((below, target.as_os_str().as_bytes().to_vec()));
        } else {
            all.push((below, fs::read(entry.path()).unwrap()));
        }
    }
}
