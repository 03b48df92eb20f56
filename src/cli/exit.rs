//! Exit codes: a contract that scripts branch on, printed at the end of every `--help`.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// Everything asked for was done, or the answer is yes.
    Done = 0,
    /// The command ran fine and the answer is no.
    No = 1,
    /// The words on the command line do not make sense.
    Usage = 2,
    /// Some inputs could not be read; the rest is safe.
    Partial = 3,
    /// No such document or revision, or the words fit several.
    NotFound = 4,
    /// Disk, permission, key or format: the machine did not let it happen.
    Failed = 5,
    /// Bytes, log or signatures are not what they must be.
    Broken = 6,
    /// The folder named holds no archive.
    NoArchive = 10,
    /// Another command is writing.
    Busy = 11,
    /// Stopped by a signal.
    Interrupted = 130,
}

impl ExitCode {
    /// Every code with its meaning, in the order in which they are printed.
    pub const ALL: [(Self, &str); 10] = [
        (Self::Done, "done, or yes"),
        (Self::No, "ran fine, the answer is no"),
        (Self::Usage, "wrong usage"),
        (Self::Partial, "partial: some inputs could not be read, the rest is safe"),
        (Self::NotFound, "no such document or revision, ambiguous, or withdrawn"),
        (Self::Failed, "failed: disk, permission, missing or wrong key, newer format"),
        (Self::Broken, "fixity or signature broken"),
        (Self::NoArchive, "no archive there"),
        (Self::Busy, "busy: another command is writing (--wait 10m retries)"),
        (Self::Interrupted, "interrupted"),
    ];

    /// The number that the calling process sees.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The table of codes as help text.
    pub fn table() -> String {
        let rows = Self::ALL.map(|(code, meaning)| format!("  {:>3}  {meaning}\n", code.number()));
        format!("Exit codes:\n{}", rows.concat().trim_end())
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_contract() {
        let numbers = ExitCode::ALL.map(|(code, _)| code.number());
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 10, 11, 130]);
    }

    #[test]
    fn the_table_has_one_line_for_each_code() {
        let table = ExitCode::table();
        assert_eq!(table.lines().count(), 1 + ExitCode::ALL.len());
        assert!(table.contains("\n   11  busy"), "{table}");
    }
}
