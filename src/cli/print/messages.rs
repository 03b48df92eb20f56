//! Standard error: talk, of which nothing depends.
//!
//! It may lead to a full disk, a closed pipe or a terminal that is gone. Then nobody hears what is said, and
//! the work and its exit code stay what they are. `eprintln!` would panic.

use std::io::{self, Write};

/// Where messages go. Writing to it never fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct Messages;

impl Messages {
    /// Writes lines, each with its line end, made harmless before.
    pub fn text(text: &str) {
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Writes one line, made harmless before.
    pub fn line(line: &str) {
        Self::text(&format!("{line}\n"));
    }
}

impl Write for Messages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
