//! Requests for time tokens that wait for their answers, kept in the user's state folder.
//!
//! A line for each: when it was made, its nonce and the SHA-256 of the checkpoint that it is about. What is lost here
//! costs one check of an answer, which must fit the archive all the same.

use std::{fmt::Write as _, path::PathBuf};

use crate::types::{
    digest::{Digest, hex, parse_hex},
    error::Error,
    time::Timestamp,
};

use super::{files, location::Environment};

/// So many of the newest are kept.
const REQUESTS_MAX: usize = 64;
const FILE_BYTES_MAX: u64 = 64 << 10;

/// A request that has no answer yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRequest {
    /// When it was made.
    pub at: Timestamp,
    /// What its answer must repeat.
    pub nonce: u64,
    /// The SHA-256 of the checkpoint.
    pub imprint: Digest,
}

impl PendingRequest {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (at, mut nonce) = (Timestamp::parse(words.next()?)?, [0; 8]);
        parse_hex(words.next()?, &mut nonce)?;
        let imprint = Digest::parse(words.next()?)?;
        Some(Self { at, nonce: u64::from_be_bytes(nonce), imprint })
    }
}

fn file(environment: &Environment, origin: &str) -> Result<PathBuf, Error> {
    let name = Digest::of(origin.as_bytes()).key().to_string();
    Ok(environment.state_folder()?.join("requests").join(name))
}

/// The requests about an archive, the oldest first.
pub fn load(environment: &Environment, origin: &str) -> Vec<PendingRequest> {
    let read = |file: PathBuf| files::read_own(&file, FILE_BYTES_MAX).ok().flatten();
    let bytes = file(environment, origin).ok().and_then(read).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().filter_map(PendingRequest::parse).collect()
}

/// Remembers these requests and no others.
pub fn keep(
    environment: &Environment,
    origin: &str,
    requests: &[PendingRequest],
) -> Result<(), Error> {
    let mut text = String::new();
    for PendingRequest { at, nonce, imprint } in
        &requests[requests.len().saturating_sub(REQUESTS_MAX)..]
    {
        let _ = writeln!(text, "{at} {} {imprint}", hex(&nonce.to_be_bytes()));
    }
    let file = file(environment, origin)?;
    let made = file.parent().map_or(Ok(()), files::make_private_folder);
    made.and_then(|()| files::replace(&file, text.as_bytes()))
        .map_err(|error| Error::io("write", file.display().to_string(), error))
}
