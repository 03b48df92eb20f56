//! The user's configuration: where the archive is, and which programs read which documents.
//!
//! It lies in the user's own folder, and nothing in an archive is read for it: a command in an archive would be
//! somebody else's.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, path::PathBuf};

/// Programs that read documents, of one user.
const HOOKS_MAX: usize = 64;

/// What a configuration says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// `store = PATH`.
    pub store: Option<PathBuf>,
    /// `[extract."MEDIA TYPE"]`.
    pub hooks: Vec<HookSetting>,
}

/// A program that reads the documents of a media type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookSetting {
    /// The media type.
    pub media_type: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What it writes is a page, and not plain text.
    pub writes_html: bool,
}

impl Config {
    /// Reads one; blank lines and lines that begin with `#` mean nothing. What is wrong, and in which line.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut config = Self::default();
        for (i, line) in bytes.split(|b| *b == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line[0] == b'#' {
                continue;
            }
            config.take(line).map_err(|why| format!("line {} {why}", i + 1))?;
        }
        match config.hooks.iter().find(|hook| hook.command.is_empty()) {
            Some(hook) => Err(format!("[extract.\"{}\"] names no command", hook.media_type)),
            None => Ok(config),
        }
    }

    fn take(&mut self, line: &[u8]) -> Result<(), String> {
        if line.starts_with(b"[") {
            let hook = table(line)?;
            if self.hooks.iter().any(|it| it.media_type == hook.media_type) {
                return Err(format!("is about {} for the second time", hook.media_type));
            }
            if self.hooks.len() == HOOKS_MAX {
                return Err(format!("is one table too many: there may be {HOOKS_MAX}"));
            }
            self.hooks.push(hook);
            return Ok(());
        }
        let equals = line.iter().position(|b| *b == b'=').unwrap_or(line.len());
        let name = line[..equals].trim_ascii();
        let value = line.get(equals + 1..).unwrap_or_default().trim_ascii();
        match self.hooks.last_mut() {
            Some(hook) => hook.take(name, value),
            None if name != b"store" || value.is_empty() => {
                Err("is not of the form 'store = PATH'".to_owned())
            }
            None => match self.store.replace(PathBuf::from(OsStr::from_bytes(value))) {
                Some(_) => Err("names a second store".to_owned()),
                None => Ok(()),
            },
        }
    }
}

impl HookSetting {
    fn take(&mut self, name: &[u8], value: &[u8]) -> Result<(), String> {
        let written = String::from_utf8_lossy(value);
        match name {
            b"command" => {
                let read: Result<Vec<String>, _> = serde_json::from_slice(value);
                let command = read.ok().filter(|it| it.first().is_some_and(|it| !it.is_empty()));
                let command = command.ok_or_else(|| {
                    format!(
                        "has {written}, which is no list of words: [\"pdftotext\", \"-\", \"-\"]"
                    )
                })?;
                if command.iter().any(|word| word.contains('\0')) {
                    return Err("has a zero byte in its command".to_owned());
                }
                if !std::mem::replace(&mut self.command, command).is_empty() {
                    return Err("names a second command".to_owned());
                }
                Ok(())
            }
            b"output" => {
                self.writes_html = match value {
                    b"\"html\"" => true,
                    b"\"text\"" => false,
                    _ => return Err(format!("has {written}; output is \"text\" or \"html\"")),
                };
                Ok(())
            }
            _ => {
                Err("is not of the form 'command = [\"PROGRAM\", …]' or 'output = \"html\"'"
                    .to_owned())
            }
        }
    }
}

/// What `[extract."MEDIA TYPE"]` begins.
fn table(line: &[u8]) -> Result<HookSetting, String> {
    let line = String::from_utf8_lossy(line);
    let media_type = line.strip_prefix("[extract.\"").and_then(|it| it.strip_suffix("\"]"));
    let media_type = media_type.map(str::to_ascii_lowercase).filter(|it| is_media_type(it));
    match media_type {
        Some(media_type) => Ok(HookSetting { media_type, ..HookSetting::default() }),
        None => Err("is not of the form '[extract.\"application/pdf\"]'".to_owned()),
    }
}

fn is_media_type(text: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
    let is_part = |part: &str| !part.is_empty() && part.len() <= 127 && part.chars().all(is_sign);
    text.split_once('/').is_some_and(|(top, sub)| is_part(top) && is_part(sub))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_names_programs_by_media_type() {
        let text = "store = /a b\n# mine\n[extract.\"Application/PDF\"]\ncommand = [\"pdftotext\", \"-\", \"-\"]\n\n\
            [extract.\"image/png\"]\noutput = \"html\"\ncommand=[\"/bin/x\"]\n";
        let config = Config::parse(text.as_bytes()).unwrap();
        assert_eq!(config.store, Some(PathBuf::from("/a b")));
        let hook = |media_type: &str, command: &[&str], writes_html| HookSetting {
            media_type: media_type.to_owned(),
            command: command.iter().map(|it| (*it).to_owned()).collect(),
            writes_html,
        };
        let hooks = [
            hook("application/pdf", &["pdftotext", "-", "-"], false),
            hook("image/png", &["/bin/x"], true),
        ];
        assert_eq!(config.hooks, hooks);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let table = "[extract.\"a/b\"]\n";
        for (text, why) in [
            ("[extract.pdf]", "line 1 is not of the form '[extract.\"application/pdf\"]'"),
            ("[hooks]", "line 1 is not of the form '[extract.\"application/pdf\"]'"),
            ("[extract.\"pdf\"]", "line 1 is not of the form '[extract.\"application/pdf\"]'"),
            (table, "[extract.\"a/b\"] names no command"),
            (&format!("{table}command = \"x\""), "line 2 has \"x\", which is no list of words"),
            (&format!("{table}command = []"), "line 2 has [], which is no list of words"),
            (&format!("{table}command = [\"\"]"), "line 2 has [\"\"], which is no list of words"),
            (&format!("{table}command = [1]"), "line 2 has [1], which is no list of words"),
            (&format!("{table}output = html"), "line 2 has html; output is \"text\" or \"html\""),
            (&format!("{table}store = /x"), "line 2 is not of the form 'command"),
            (
                &format!("{table}command=[\"x\"]\n{table}command=[\"x\"]"),
                "line 3 is about a/b for the second time",
            ),
            (&format!("{table}command=[\"x\"]\ncommand=[\"x\"]"), "line 3 names a second command"),
        ] {
            let error = Config::parse(text.as_bytes()).unwrap_err();
            assert!(error.starts_with(why), "{text}: {error}");
        }
    }
}
