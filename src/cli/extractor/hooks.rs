//! Programs of the user that read documents: the document is their standard input, its text their standard output.
//!
//! Such a program is begun by a child of ours, which first gives up what the program can do without.

use std::{
    env, fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{LazyLock, OnceLock},
};

use tracing::{debug, warn};

use crate::{
    archive::{
        can_be_hooked,
        extract::{Extraction, ExtractionStatus, Format, Hook, HookOutput, install_hooks, page_of},
    },
    cli::{config::HookSetting, location::Environment},
    types::{
        digest::{Digest, hex},
        error::Error,
    },
};

use super::{PROGRAM, child, failed, written_by};

/// A program is told from another one by so many bytes of its digest.
const VERSION_BYTES: usize = 8;
/// Where programs are looked for if nothing says so.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A program as it is run.
#[derive(Debug)]
struct InstalledHook {
    /// Where it lies; none where it is not there.
    program: Option<PathBuf>,
    setting: HookSetting,
}

static INSTALLED: OnceLock<Vec<InstalledHook>> = OnceLock::new();

/// Has documents read by the programs that the user's configuration names.
pub fn install(environment: &Environment) -> Result<(), Error> {
    let config = match environment.config() {
        // Who works in the surroundings of somebody else has no configuration.
        Err(Error::Io { .. }) => return Ok(()),
        config => config?,
    };
    let Some((config, file)) = config else { return Ok(()) };
    if let Some(hook) = config.hooks.iter().find(|it| !can_be_hooked(&it.media_type)) {
        let why = "is text, which is read as it is";
        return Err(Error::usage(format!("{}: {} {why}", file.display(), hook.media_type)));
    }
    let found =
        |setting: HookSetting| InstalledHook { program: found(&setting.command[0]), setting };
    let installed: Vec<InstalledHook> = config.hooks.into_iter().map(found).collect();
    install_hooks(installed.iter().map(InstalledHook::known).collect());
    let _ = INSTALLED.set(installed);
    Ok(())
}

/// Whether the program for a format is there.
pub fn is_there(format: Format) -> bool {
    installed(format).is_none_or(|hook| hook.program.is_some())
}

/// What came of it, and whether that stays so as long as the program does; `None` of a format that no such program reads.
pub fn extract(bytes: &[u8], format: Format) -> Option<(Extraction, bool)> {
    let InstalledHook { program, setting } = installed(format)?;
    let Some(program) = program else {
        let name = &setting.command[0];
        warn!(target: "extract", "{name}, which is to read {}, is not there", setting.media_type);
        return Some((failed(ExtractionStatus::NoReader), false));
    };
    let child = match start(program, &setting.command[1..]) {
        Ok(child) => child,
        Err(error) => {
            debug!(target: "extract", "no child process: {error}");
            return Some((failed(ExtractionStatus::Crashed), false));
        }
    };
    let output = if setting.writes_html { HookOutput::Html } else { HookOutput::Text };
    let extraction = match written_by(child, bytes) {
        Ok(written) => page_of(&written, output),
        Err(status) => failed(status),
    };
    Some((extraction, true))
}

fn installed(format: Format) -> Option<&'static InstalledHook> {
    match format {
        Format::Hooked(n) => INSTALLED.get()?.get(usize::from(n)),
        _ => None,
    }
}

fn start(program: &Path, arguments: &[String]) -> std::io::Result<Child> {
    let mut command = Command::new(PROGRAM);
    command.arg(child::HOOK_WORD).arg(program).args(arguments);
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_else(|| PATH.into()));
    command.env("LC_ALL", "C.UTF-8").current_dir("/").stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0).spawn()
}

/// Where a program lies: its path, or where `PATH` leads.
fn found(name: &str) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        // One that is not absolute would depend on where one stands.
        return Some(PathBuf::from(name)).filter(|it| it.is_absolute() && is_program(it));
    }
    let path = env::var_os("PATH").unwrap_or_else(|| PATH.into());
    let folders = env::split_paths(&path).filter(|it| it.is_absolute());
    folders.map(|folder| folder.join(name)).find(is_program)
}

impl InstalledHook {
    /// What is known of it elsewhere: its version is that of its words and of its bytes, which are read when it is
    /// asked.
    fn known(&self) -> Hook {
        let HookSetting { media_type, command, .. } = &self.setting;
        let name = Path::new(&command[0]).file_name().unwrap_or_default().to_string_lossy();
        let name = format!("hook:{name}");
        let (setting, program, code) = (self.setting.clone(), self.program.clone(), name.clone());
        let code = move || format!("{code}:{}", version(&setting, program.as_deref()));
        Hook { media_type: media_type.clone(), code: LazyLock::new(Box::new(code)), name }
    }
}

fn version(setting: &HookSetting, program: Option<&Path>) -> String {
    let HookSetting { command, writes_html, .. } = setting;
    let file = program.and_then(|it| fs::read(it).ok()).unwrap_or_default();
    let words = format!("{command:?} {writes_html} {}", Digest::of(&file));
    hex(&Digest::of(words.as_bytes()).as_bytes()[..VERSION_BYTES])
}
