//! Reading that somebody can stop.

use std::io::{self, Read};

/// Reads until somebody asked to stop; from then on reading fails.
pub struct Interruptible<'a, R> {
    source: R,
    is_interrupted: &'a dyn Fn() -> bool,
}

impl<'a, R: Read> Interruptible<'a, R> {
    /// Asks before each reading.
    pub fn new(source: R, is_interrupted: &'a dyn Fn() -> bool) -> Self {
        Self { source, is_interrupted }
    }
}

impl<R: Read> Read for Interruptible<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // `ErrorKind::Interrupted` would mean: try again.
        if (self.is_interrupted)() {
            return Err(io::Error::other("interrupted"));
        }
        self.source.read(out)
    }
}
