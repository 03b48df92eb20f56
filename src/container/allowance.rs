//! How much may be unpacked of a container: one that grows without end is told by that.

use std::io::{self, Read};

use super::{Limits, beyond, damaged};

/// What may still be unpacked.
pub struct Allowance {
    n_left: u64,
    /// As people are told it.
    ratio: u64,
    is_exceeded: bool,
}

impl Allowance {
    /// For a container of so many bytes.
    pub fn of(n_packed: u64, limits: &Limits) -> Self {
        Self::of_times(n_packed, limits.ratio, limits)
    }

    /// For one of which so many times its size may be read.
    pub fn of_times(n_packed: u64, times: u64, limits: &Limits) -> Self {
        let n_left = n_packed.saturating_mul(times).saturating_add(limits.bytes_more);
        Self { n_left, ratio: limits.ratio, is_exceeded: false }
    }

    /// How many bytes are left.
    pub fn n_left(&self) -> u64 {
        self.n_left
    }

    /// Whether nothing is left, or more than that was asked for.
    pub fn is_spent(&self) -> bool {
        self.n_left == 0 || self.is_exceeded
    }

    /// Takes so much of it, or says that it is not there.
    pub fn spend(&mut self, n_bytes: u64) -> io::Result<()> {
        let Some(left) = self.n_left.checked_sub(n_bytes) else {
            self.is_exceeded = true;
            let ratio = self.ratio;
            return Err(beyond(format!("more than {ratio} times its size would be unpacked")));
        };
        self.n_left = left;
        Ok(())
    }

    /// Takes so much of it, or all that is left.
    pub fn use_up(&mut self, n_bytes: u64) {
        self.n_left = self.n_left.saturating_sub(n_bytes);
    }

    /// Hands on, piece by piece, all that comes out of compressed bytes.
    pub fn unpack(
        &mut self,
        mut reader: impl Read,
        mut each: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut piece = vec![0; 64 << 10];
        loop {
            let n =
                reader.read(&mut piece).map_err(|_| damaged("its compressed bytes are damaged"))?;
            if n == 0 {
                return Ok(());
            }
            self.spend(n as u64)?;
            each(&piece[..n])?;
        }
    }
}
